//! Groups and orders what a timeline holds.

use super::{Id, Packet, Phase};
use retrylab_core::trace::{Direction, Record};
use std::collections::HashMap;
use std::num::NonZeroU32;

/// Returns the client that a record concerns, from 1; 0 for none.
pub(super) fn flow_of(record: &Record) -> u32 {
    record.flow.map_or(0, NonZeroU32::get)
}

/// Numbers the packets that a host sends to another one at one moment.
pub(super) fn queue(packets: &mut [Packet]) {
    for moment in packets.chunk_by_mut(|a, b| a.sent == b.sent) {
        if moment.len() == 1 {
            continue;
        }
        let mut sent: HashMap<(u32, Direction, bool), u16> = HashMap::new();
        for packet in moment.iter_mut().filter(|packet| packet.is_drawn()) {
            let before = sent.entry((packet.flow, packet.direction, packet.local.is_some()));
            let before = before.or_default();
            packet.behind = *before;
            *before = before.saturating_add(1);
        }
    }
}

/// Groups phases, which are in order of time, by client: a counting sort.
pub(super) fn by_flow(phases: Vec<Phase>, flows: usize) -> Vec<Phase> {
    let mut places = vec![0; flows + 1];
    for phase in &phases {
        places[phase.flow as usize + 1] += 1;
    }
    for flow in 1..places.len() {
        places[flow] += places[flow - 1];
    }
    let mut grouped = phases.clone();
    for phase in phases {
        let place = &mut places[phase.flow as usize];
        grouped[*place] = phase;
        *place += 1;
    }
    grouped
}

/// Merges two ordered lists; at equal times the record that was made first comes first.
pub(super) fn merge(a: Vec<(u64, Id)>, b: Vec<(u64, Id)>) -> Vec<(u64, Id)> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        merged.extend(if x <= y { a.next() } else { b.next() });
    }
    merged.extend(a);
    merged.extend(b);
    merged
}
