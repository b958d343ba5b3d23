//! The stage: clients, server, packets between them and timers that run, at one moment.

mod density;
mod draw;
mod layout;
mod server;

pub(crate) use draw::draw;
pub(crate) use layout::Layout;

use crate::charts::{Exchange, Pointed};
use crate::paint::length_of;
use crate::timeline::{Ending, Id, Packet, Timeline};
use layout::Spot;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;

/// What the stage shows.
pub(crate) struct Scene<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) timeline: &'a Timeline,
    pub(crate) scenario: &'a Scenario,
    pub(crate) at: u64,
    /// Counts up to now.
    pub(crate) summary: Summary,
    pub(crate) selected: Option<Pick>,
    /// What is under the pointer, here or elsewhere.
    pub(crate) hovered: Option<Pick>,
    /// What the cursor of a chart points at.
    pub(crate) pointed: &'a Pointed,
    /// The client whose ladder is shown.
    pub(crate) client: u32,
}

/// What a click on the stage, or on the ladder, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    Packet(Id),
    Wait(Id),
    Client(u32),
}

impl Pick {
    /// Returns the exchange that it belongs to, if there is one.
    pub(crate) fn exchange(self, timeline: &Timeline) -> Option<Exchange> {
        match self {
            Self::Packet(id) => timeline.packet(id)?.owner(),
            Self::Wait(id) => timeline.wait(id)?.owner(),
            Self::Client(_) => None,
        }
    }
}

/// Returns when a packet has gone its way: if its end is unknown, it has gone half of it at the last moment shown.
pub(crate) fn end_of(packet: &Packet, timeline: &Timeline) -> u64 {
    if packet.ending == Ending::Unknown { timeline.end().max(packet.sent) } else { packet.end }
}

/// How a packet looks at a given time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sight {
    /// On its way, after this share of it.
    Flying(f64),
    /// Lost on the way or dropped at its end; `1.0` is fresh, less is fading.
    Gone(f64),
}

/// A packet to draw, with its position.
type Seen<'a> = (Id, &'a Packet, Sight, layout::Point);

/// Returns how `packet` looks at `at`. A loss stays visible as long as a client waits for the lost packet,
/// in a crowd only briefly.
fn sight(layout: &Layout, timeline: &Timeline, packet: &Packet, at: u64) -> Option<Sight> {
    if at < packet.sent || !packet.is_drawn() {
        return None;
    }
    if packet.local.is_some() {
        // It travels in no time, and stays in sight as long as a loss that nobody waits for. A crowd has no room for it.
        let seen = at < packet.sent.saturating_add(layout.linger()) && !layout.is_crowd();
        return seen.then_some(Sight::Flying(0.0));
    }
    let gone = matches!(packet.ending_at(at), Ending::Lost(_) | Ending::Dropped(_));
    if at < packet.end || at == packet.end && !gone {
        // A packet is still visible at the moment of its arrival.
        let span = (end_of(packet, timeline) - packet.sent).max(1);
        // A compared run can end later.
        let share = ((at - packet.sent) as f64 / span as f64).min(1.0);
        let half = matches!(packet.ending, Ending::Lost(_) | Ending::Unknown);
        return Some(Sight::Flying(if half { share / 2.0 } else { share }));
    }
    if !gone {
        return None;
    }
    let until = match (layout.is_crowd(), packet.wait.and_then(|id| timeline.wait(id))) {
        (false, Some(wait)) if wait.ended > packet.settled => wait.ended,
        _ => packet.settled.saturating_add(layout.linger()),
    };
    let left = until.saturating_sub(at) as f64 / (until - packet.settled).max(1) as f64;
    (left > 0.0).then_some(Sight::Gone(left))
}

/// Returns where a packet is drawn.
fn place(layout: &Layout, packet: &Packet, sight: Sight) -> layout::Point {
    let share = match sight {
        Sight::Flying(share) => share,
        Sight::Gone(_) if matches!(packet.ending, Ending::Lost(_)) => 0.5,
        Sight::Gone(_) => 1.0,
    };
    if let Some(side) = packet.local {
        return layout.at_router(packet.flow, side, (packet.direction, packet.behind));
    }
    let (x, y) = layout.on_way(packet.server, packet.flow, packet.direction, share);
    // Packets that travel together are drawn next to each other; a crowd has no room for that.
    let behind = if layout.is_crowd() { 0.0 } else { f64::from(packet.behind.min(MAX_BEHIND)) };
    let aside = 0.7 * layout.packet() * behind;
    (x - aside, y + if packet.frame.is_none() { aside } else { 0.0 })
}

/// Maximum number of places that a packet is drawn behind those that travel with it.
const MAX_BEHIND: u16 = 12;

/// Returns what is at `(x, y)`: the nearest packet within a finger's reach, or else the client there.
pub(crate) fn pick(layout: &Layout, timeline: &Timeline, at: u64, x: f64, y: f64) -> Option<Pick> {
    let reach = layout.reach();
    let mut nearest: Option<(f64, Id)> = None;
    for (id, packet) in timeline.around(at, layout.horizon(timeline)) {
        let Some(sight) = sight(layout, timeline, packet, at) else { continue };
        let (px, py) = place(layout, packet, sight);
        let distance = length_of(px - x, py - y);
        if distance <= reach && nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, id));
        }
    }
    match (nearest, layout.spot(x, y)) {
        (Some((_, id)), _) => Some(Pick::Packet(id)),
        (None, Some(Spot::Client(flow))) => Some(Pick::Client(flow)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PageRun;

    const MS: u64 = 1_000_000;

    fn scene(fragment: &str) -> (Layout, Timeline) {
        let (scenario, _) = Scenario::from_fragment(fragment);
        let layout = Layout::new(700.0, 240.0, &scenario, scenario.clients);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        (layout, Timeline::new(&run))
    }

    #[test]
    fn a_lost_reply_travels_half_of_its_way_and_stays_until_the_wait_is_over() {
        let (layout, timeline) = scene(crate::lessons::OPENING.fragment);
        let lost = &timeline.packets()[1];
        let seen = |ms: u64| sight(&layout, &timeline, lost, ms * MS);
        assert_eq!(seen(9), None);
        assert_eq!(seen(10), Some(Sight::Flying(0.0)));
        assert_eq!(seen(15), Some(Sight::Gone(1.0)));
        assert!(matches!(seen(99), Some(Sight::Gone(left)) if left < 0.02));
        assert_eq!(seen(100), None, "the next send is out");
        let (x, _) = place(&layout, lost, Sight::Gone(1.0));
        let (start, _) = layout.on_way(0, 1, lost.direction, 0.0);
        let (end, _) = layout.on_way(0, 1, lost.direction, 1.0);
        assert!((x - (start + end) / 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_request_that_waits_in_vain_is_dropped_when_the_server_drops_it() {
        let (layout, timeline) =
            scene("clients=2&server.service=300ms&server.expire=200ms&policy.initial_timeout=1s");
        let dropped = timeline.packets().iter().find(|packet| packet.flow == 2).unwrap();
        assert_eq!((dropped.end / MS, dropped.settled / MS), (10, 310));
        let seen = |ms: u64| sight(&layout, &timeline, dropped, ms * MS);
        assert_eq!(seen(10), Some(Sight::Flying(1.0)), "it arrives");
        assert_eq!([seen(50), seen(309)], [None; 2], "it waits at the server");
        assert_eq!(seen(310), Some(Sight::Gone(1.0)));
        assert!(matches!(seen(999), Some(Sight::Gone(_))), "its client still waits");
        // A crowd keeps it in sight only briefly.
        let kept = timeline.around(310 * MS, 0).any(|(_, packet)| packet == dropped);
        assert!(kept, "it left long before");
    }

    #[test]
    fn what_has_just_left_when_the_records_end_is_at_its_start() {
        let (scenario, _) = Scenario::from_fragment("server.drop=1");
        let layout = Layout::new(700.0, 240.0, &scenario, 1);
        let mut whole = PageRun::new(scenario.clone());
        while !whole.advance(1_000) {}
        let again = whole.records().iter().rposition(|record| record.at.as_nanos() == 100 * MS);
        let mut run = PageRun::beginning(again.unwrap(), scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let last = timeline.packets().last().unwrap();
        assert_eq!((last.send(), last.ending), (2, Ending::Unknown));
        assert_eq!(timeline.end(), last.sent);
        assert_eq!(sight(&layout, &timeline, last, last.sent), Some(Sight::Flying(0.0)));
        // If more is shown, it has gone half of its way at the end.
        let first = Packet { ending: Ending::Unknown, ..timeline.packets()[0] };
        let seen = |ms: u64| sight(&layout, &timeline, &Packet { end: u64::MAX, ..first }, ms * MS);
        assert_eq!(seen(0), Some(Sight::Flying(0.0)));
        assert_eq!(seen(100), Some(Sight::Flying(0.5)));
        assert_eq!(seen(300), Some(Sight::Flying(0.5)), "in a comparison with a longer run");
    }

    #[test]
    fn a_click_finds_the_packet_under_it_or_the_client() {
        let (layout, timeline) = scene(crate::lessons::OPENING.fragment);
        let request = &timeline.packets()[0];
        let (x, y) = place(&layout, request, Sight::Flying(0.5));
        let click = |x, y| pick(&layout, &timeline, 5 * MS, x, y);
        assert_eq!(click(x + 3.0, y - 3.0), Some(Pick::Packet(0)));
        let (x, y, _) = layout.client(1);
        assert_eq!(click(x, y), Some(Pick::Client(1)));
        assert_eq!(click(350.0, 2.0), None);
    }

    #[test]
    fn in_a_crowd_every_client_can_be_clicked() {
        let (layout, timeline) = scene("clients=1000");
        for flow in [1, 2, 500, 999, 1000] {
            let (x, y, _) = layout.client(flow);
            // No packet is on its way that could hide them.
            let end = timeline.end() + 1_000 * MS;
            assert_eq!(pick(&layout, &timeline, end, x, y), Some(Pick::Client(flow)));
        }
    }
}
