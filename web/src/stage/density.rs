//! Draws very many packets: how many are where on their way, for each lane.

use super::layout::Layout;
use super::{Seen, Sight};
use crate::numbers::grouped;
use crate::paint::{Align, Font, Paint, Shape};
use crate::theme::Ink;
use retrylab_core::trace::Direction;

/// Maximum number of packets on their way that are drawn one by one.
pub(super) const MANY: usize = 5_000;

/// Number of parts of a way.
const PARTS: usize = 40;

/// Number of packets in each part of each lane's way, by shape.
type Parts = Vec<[[u32; PARTS]; Shape::ALL.len()]>;

/// Counts the packets on their way in each part, and those just lost.
fn parts(lanes: u32, seen: &[Seen<'_>]) -> (Parts, u64) {
    let mut parts: Parts = vec![[[0; PARTS]; Shape::ALL.len()]; lanes as usize];
    let mut lost = 0;
    for (_, packet, sight, _) in seen {
        let Sight::Flying(share) = *sight else {
            lost += 1;
            continue;
        };
        let along = if packet.direction == Direction::Request { share } else { 1.0 - share };
        let lane = packet.flow.clamp(1, lanes) as usize - 1;
        let part = ((along * PARTS as f64) as usize).min(PARTS - 1);
        parts[lane][Shape::of(packet) as usize][part] += 1;
    }
    (parts, lost)
}

/// Draws the density of packets, requests above the middle of their lane and replies below; a crowd has one lane.
#[inline(never)]
pub(super) fn draw(paint: &Paint<'_>, layout: &Layout, seen: &[Seen<'_>], in_flight: usize) {
    let lanes = if layout.is_crowd() { 1 } else { layout.clients };
    let (parts, lost) = parts(lanes, seen);
    let most = parts.iter().flatten().flatten().copied().max().unwrap_or(1).max(1);
    for (lane, of_lane) in (1..).zip(&parts) {
        let (from, to, middle, half) = layout.lane(lane);
        let step = (to - from) / PARTS as f64;
        paint.fill(Ink::Line, |path| {
            for y in [middle, middle - half / 2.0] {
                path.rect((from, y - 0.5), to - from, 1.0);
            }
        });
        // Retries are on top of first sends, which have half of the room above.
        for (shape, base, room) in [
            (Shape::Request, middle, half / 2.0),
            (Shape::Retry, middle - half / 2.0, half / 2.0),
            (Shape::Reply, middle, half / 2.0),
        ] {
            paint.fill(shape.ink(), |path| {
                for (part, count) in of_lane[shape as usize].iter().enumerate() {
                    let high = f64::from(*count) / f64::from(most) * (room - 2.0);
                    let top = if shape == Shape::Reply { base + 1.0 } else { base - high };
                    path.rect((from + part as f64 * step, top), step - 1.0, high);
                }
            });
        }
    }
    let mut note = grouped(in_flight as u64) + " packets on their way";
    if lost > 0 {
        note += &format!(", {} just lost", grouped(lost));
    }
    let (from, to, ..) = layout.lane(1);
    let at = (f64::midpoint(from, to), 10.0);
    paint.text_within(to - from, (Ink::Text, Font::sans(12.0), Align::Center), at, &note);
}

#[cfg(test)]
mod tests {
    use super::super::{place, sight};
    use super::*;
    use crate::run::PageRun;
    use crate::timeline::Timeline;
    use retrylab_core::scenario::Scenario;

    #[test]
    fn every_packet_on_its_way_is_in_a_part() {
        for (clients, lanes) in [(300, 1), (5, 5)] {
            let link = format!("clients={clients}&link.latency=uniform+40ms+90ms&link.loss=0.2");
            let (scenario, errors) = Scenario::from_fragment(&link);
            assert_eq!(errors, []);
            let layout = Layout::new(700.0, 240.0, &scenario, scenario.clients);
            let mut run = PageRun::new(scenario);
            while !run.advance(10_000) {}
            let timeline = Timeline::new(&run);
            let at = 60_000_000;
            let seen: Vec<Seen<'_>> = timeline
                .around(at, 0)
                .filter_map(|(id, packet)| {
                    let sight = sight(&layout, &timeline, packet, at)?;
                    Some((id, packet, sight, place(&layout, packet, sight)))
                })
                .collect();
            let (parts, lost) = parts(lanes, &seen);
            let flying: u32 = parts.iter().flatten().flatten().sum();
            assert!(flying >= clients / 2, "{link}");
            assert_eq!((flying as usize, parts.len()), (timeline.in_flight(at), lanes as usize));
            assert_eq!(lost as usize + flying as usize, seen.len());
        }
    }
}
