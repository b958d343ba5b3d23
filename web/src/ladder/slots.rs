//! Several packets may leave or arrive at one moment: their lines are drawn one below the other.

use crate::timeline::{Ending, Id, Packet, Side, Timeline};

/// Maximum number of lines of one moment that are drawn one below the other; further ones share the last place.
const MAX_SLOTS: usize = 24;

/// Where a line begins or ends: at a time on the lane of a side, or on the way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: u64,
    side: Option<Side>,
    is_start: bool,
}

/// Distances from the middle of their rows, in lines of text.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// Those of the packets that share a moment with others, in the order of packets; whether it is that of the beginning.
    of: Vec<(Id, bool, f64)>,
    /// The number of lines that begin or end at a moment, if they are several, in the order of moments.
    at: Vec<(u64, usize)>,
}

impl Slots {
    /// Arranges the lines of `packets`, which are in the order of their sending.
    pub(super) fn new(timeline: &Timeline, packets: &[Id]) -> Self {
        let packet = |id: &Id| &timeline.packets()[*id as usize];
        // The lines to and from a router are between what arrives and what leaves there.
        let local = packets.iter().map(packet).filter(|packet| packet.local.is_some());
        let mut local: Vec<_> = local.map(|packet| (packet.sent, packet.local)).collect();
        local.sort_unstable();
        let mut ends = Vec::new();
        for id in packets {
            for (place, order) in places(packet(id)).into_iter().flatten() {
                let is_shared = local.binary_search(&(place.at, place.side)).is_ok();
                let group = Place { is_start: place.is_start || is_shared, ..place };
                ends.push(((group, is_shared), order, *id, place.is_start));
            }
        }
        ends.sort_unstable();
        let mut slots = Self::default();
        for lines in ends.chunk_by(|a, b| a.0 == b.0).filter(|lines| lines.len() > 1) {
            let count = lines.len().min(MAX_SLOTS);
            slots.at.push((lines[0].0.0.at, count));
            for (i, (_, _, id, is_start)) in lines.iter().enumerate() {
                let slot = i.min(count - 1) as f64 - (count as f64 - 1.0) / 2.0;
                slots.of.push((*id, *is_start, slot));
            }
        }
        slots.of.sort_unstable_by_key(|(id, is_start, _)| (*id, *is_start));
        slots
    }

    /// Returns the distances of a packet's beginning and end from the middle of their rows.
    pub(super) fn of(&self, packet: Id) -> [f64; 2] {
        [true, false].map(|is_start| {
            let end = (packet, is_start);
            let found = self.of.binary_search_by_key(&end, |(id, is_start, _)| (*id, *is_start));
            found.map_or(0.0, |place| self.of[place].2)
        })
    }

    /// Returns the number of lines that need room at a moment; 0 if there is no need.
    pub(super) fn at(&self, moment: u64) -> usize {
        let from = self.at.partition_point(|(at, _)| *at < moment);
        let here = self.at[from..].iter().take_while(|(at, _)| *at == moment);
        here.map(|(_, count)| *count).max().unwrap_or(0)
    }
}

/// Returns where the line of a packet begins and ends, each with the record that says so.
fn places(packet: &Packet) -> [Option<(Place, Id)>; 2] {
    let from = packet.from();
    let to = if from == Side::Client { Side::Server } else { Side::Client };
    let start = Place { at: packet.sent, side: Some(packet.local.unwrap_or(from)), is_start: true };
    let side = if matches!(packet.ending, Ending::Lost(_)) { None } else { Some(to) };
    let has_end = packet.local.is_none() && packet.ending != Ending::Unknown;
    let end = Place { at: packet.end, side, is_start: false };
    let received = packet.frames[1].unwrap_or(packet.order);
    [Some((start, packet.order)), has_end.then_some((end, received))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PageRun;
    use retrylab_core::scenario::Scenario;

    fn slots(fragment: &str) -> (Timeline, Slots) {
        let mut run = PageRun::new(Scenario::from_fragment(fragment).0);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let all: Vec<Id> = (0..timeline.packets().len() as Id).collect();
        let slots = Slots::new(&timeline, &all);
        (timeline, slots)
    }

    #[test]
    fn a_lone_line_is_in_the_middle_of_its_row() {
        let (timeline, slots) = slots(crate::lessons::OPENING.fragment);
        for id in 0..timeline.packets().len() as Id {
            assert_eq!(slots.of(id), [0.0; 2]);
        }
    }

    #[cfg(feature = "packets")]
    #[test]
    fn what_arrives_is_between_the_lines_to_the_router_and_the_reply() {
        let (timeline, slots) = slots("network=packets");
        let at_server: Vec<f64> = (0..timeline.packets().len() as Id)
            .filter_map(|id| {
                let packet = timeline.packet(id)?;
                let [start, end] = slots.of(id);
                let at = 10_000_000;
                if packet.sent == at { Some(start) } else { (packet.end == at).then_some(end) }
            })
            .collect();
        // In the order of their sending: the request, the router's question, its answer, the reply.
        assert_eq!(at_server, [0.5, -1.5, -0.5, 1.5]);
    }

    #[test]
    fn duplicates_are_one_below_the_other_and_very_many_lines_have_bounded_room() {
        let (_, two) = slots("link.duplicate=1");
        assert_eq!((two.of(0), two.of(1)), ([-0.5, -0.5], [0.5, 0.5]));
        assert_eq!((two.at(0), two.at(10_000_000)), (2, 4), "each of two requests has two replies");
        let (_, many) = slots("exchanges=5000&link.latency=0s");
        assert_eq!(many.at(0), MAX_SLOTS);
    }
}
