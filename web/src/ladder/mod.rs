//! The ladder: one client's exchanges with the server, from top to bottom.
//!
//! Time is not to scale. A true scale could not show both a flight of 10 ms and a wait of 1.6 s. So each
//! moment gets the room that its words need, long silences get a little more, and each row shows its
//! time.

mod draw;
mod lines;
mod servers;
mod slots;

pub(crate) use draw::draw;
pub(crate) use lines::{Line, lines};

use crate::charts::Exchange;
use crate::paint::{Point, length_of};
use crate::run::PageRun;
use crate::stage::{Pick, end_of};
use crate::timeline::{Ending, Id, Packet, Side, Subject, Timeline};
use retrylab_core::trace::{Direction, HostId, What};
use servers::Stay;
use slots::Slots;

/// The height of a line of text.
const LINE: f64 = 16.0;

/// Length of the line of a frame that does not leave its host's cable.
const STUB: f64 = 34.0;

/// Room between the header's lower edge and the first row.
const LEAD: f64 = 22.0;

/// The height of the header, which stays visible.
pub(crate) const HEADER: f64 = 28.0;

/// Distances of the playhead from the edges of a ladder at which that is scrolled.
const ABOVE: f64 = 60.0;
const BELOW: f64 = 70.0;

/// What is visible of a ladder.
pub(crate) struct View<'a> {
    pub(crate) run: &'a PageRun,
    pub(crate) timeline: &'a Timeline,
    pub(crate) ladder: &'a Ladder,
    pub(crate) columns: Columns,
    pub(crate) h: f64,
    /// Scroll position.
    pub(crate) top: f64,
    /// The playhead; `u64::MAX` in a picture of the whole run, which has none.
    pub(crate) at: u64,
    /// The latest time that the reader has seen: what comes after it stays hidden.
    pub(crate) seen: u64,
    /// Decimals of the times.
    pub(crate) places: u32,
    pub(crate) selected: Option<Pick>,
    /// What is under the pointer, here or elsewhere.
    pub(crate) hovered: Option<Pick>,
    /// The exchange of what is selected: the others are ghosts.
    pub(crate) own: Option<Exchange>,
}

/// One moment of the client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) at: u64,
    /// Its middle, in CSS pixels from the top of the whole ladder.
    pub(crate) y: f64,
    /// Its records: a range of [`Ladder::records`].
    from: u32,
    to: u32,
}

/// The layout of one client's ladder.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    pub(crate) flow: u32,
    pub(crate) rows: Vec<Row>,
    /// The times of `rows`.
    moments: Vec<u64>,
    /// The client's records in the order in which they are shown.
    records: Vec<Id>,
    /// The client's packets by time of sending, and those of no client.
    packets: Vec<Id>,
    /// Where those lines begin and end that share a moment with others.
    slots: Slots,
    /// The client's waits by time.
    waits: Vec<Id>,
    /// The client's requests at the servers, by arrival.
    stays: Vec<Stay>,
    /// Maximum time of a packet on its way.
    longest: u64,
    pub(crate) height: f64,
}

impl Ladder {
    pub(crate) fn new(run: &PageRun, timeline: &Timeline, flow: u32) -> Self {
        let trace = run.records();
        let own = |packet: &Packet| packet.is_drawn() && [0, flow].contains(&packet.flow);
        let packets = ids(timeline.packets(), own);
        let mut ladder = Self {
            flow,
            rows: Vec::new(),
            moments: Vec::new(),
            records: Vec::new(),
            slots: Slots::new(timeline, &packets),
            packets,
            waits: ids(timeline.waits(), |wait| wait.flow == flow),
            stays: servers::stays(timeline, flow),
            longest: 0,
            height: 0.0,
        };
        for (at, id) in timeline.shown() {
            // What concerns no client in particular is shown for each, such as a server that goes down.
            if trace[*id as usize].flow.is_none_or(|own| own.get() == flow) {
                if ladder.moments.last() != Some(at) {
                    let from = ladder.records.len() as u32;
                    ladder.moments.push(*at);
                    ladder.rows.push(Row { at: *at, y: 0.0, from, to: from });
                }
                ladder.records.push(*id);
                if let Some(row) = ladder.rows.last_mut() {
                    row.to += 1;
                }
            }
        }
        for id in &ladder.packets {
            let packet = &timeline.packets()[*id as usize];
            ladder.longest = ladder.longest.max(end_of(packet, timeline) - packet.sent);
        }
        ladder.place(run, timeline);
        ladder
    }

    /// Gives every row its height.
    fn place(&mut self, run: &PageRun, timeline: &Timeline) {
        let mut y = 0.0;
        let (mut before, mut half) = (None, 0.0);
        for i in 0..self.rows.len() {
            let count = lines(run, timeline, self.records_of(&self.rows[i])).height();
            let count = count.max(self.slots.at(self.rows[i].at));
            let this = count.max(1) as f64 * LINE / 2.0;
            match before {
                None => y = HEADER + LEAD.max(this + 6.0),
                Some(before) => {
                    let gap = self.rows[i].at - before;
                    y += half + this + 6.0 + stretch(gap);
                }
            }
            self.rows[i].y = y;
            (before, half) = (Some(self.rows[i].at), this);
        }
        self.height = y + half + 24.0;
    }

    /// Returns the records of a row, as indices into the trace.
    pub(crate) fn records_of(&self, row: &Row) -> &[Id] {
        &self.records[row.from as usize..row.to as usize]
    }

    /// Returns the row with the record at `place` of [`records`](Self::records).
    pub(crate) fn row_of(&self, place: usize) -> Option<&Row> {
        self.rows.get(self.rows.partition_point(|row| row.to as usize <= place))
    }

    /// The client's records in the order in which they are shown.
    pub(crate) fn records(&self) -> &[Id] {
        &self.records
    }

    /// The times of the rows.
    pub(crate) fn moments(&self) -> &[u64] {
        &self.moments
    }

    /// Returns the position below everything that is shown up to `at`.
    pub(crate) fn y_after(&self, run: &PageRun, timeline: &Timeline, at: u64) -> f64 {
        let y = self.y(at);
        self.band(run, timeline, at).map_or(y, |(_, bottom)| y.max(bottom))
    }

    /// Returns the upper and the lower edge of the row of the latest moment.
    pub(crate) fn band(&self, run: &PageRun, timeline: &Timeline, at: u64) -> Option<(f64, f64)> {
        let count = self.moments.partition_point(|moment| *moment <= at);
        let row = count.checked_sub(1).and_then(|i| self.rows.get(i))?;
        let height = lines(run, timeline, self.records_of(row)).height().max(1) as f64;
        let half = height * LINE / 2.0 + 3.0;
        Some((row.y - half, row.y + half))
    }

    /// Returns how far it must be scrolled from `top`, if its visible part is `h` high: the time `at` is clearly visible, and with
    /// it, if there is room, all of the row of the latest moment.
    pub(crate) fn scrolled(
        &self,
        (run, timeline): (&PageRun, &Timeline),
        at: u64,
        (top, h): (f64, f64),
    ) -> f64 {
        let now = self.y(at);
        let (row, bottom) = self.band(run, timeline, at).unwrap_or((HEADER, 0.0));
        let row = row - HEADER;
        let most = (self.height - h).max(0.0);
        let top = top.min(most);
        if row >= top && now >= top + ABOVE && now <= top + h - BELOW {
            return top;
        }
        let to = (now - 0.45 * h).min(row).max(now.max(bottom) + 12.0 - h);
        to.min(most).max(0.0).round()
    }

    /// Returns the vertical position of the time `at`, interpolated between rows.
    pub(crate) fn y(&self, at: u64) -> f64 {
        let after = self.moments.partition_point(|moment| *moment <= at);
        match (after.checked_sub(1).map(|i| self.rows[i]), self.rows.get(after)) {
            (None, None) => HEADER + LEAD,
            (None, Some(first)) => first.y,
            (Some(last), None) => last.y,
            (Some(before), Some(next)) => {
                let share = (at - before.at) as f64 / (next.at - before.at) as f64;
                before.y + share * (next.y - before.y)
            }
        }
    }

    /// Returns the rows from `top` to `bottom`, and a few more.
    fn visible(&self, top: f64, bottom: f64) -> &[Row] {
        let from = self.rows.partition_point(|row| row.y < top - 60.0);
        let to = self.rows.partition_point(|row| row.y < bottom + 60.0);
        &self.rows[from..to]
    }

    /// Returns the packets on their way between two times.
    fn packets_between<'a>(
        &'a self,
        timeline: &'a Timeline,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = (Id, &'a Packet)> {
        let packets = timeline.packets();
        let sent = |id: &Id| packets[*id as usize].sent;
        let early = from.saturating_sub(self.longest);
        let first = self.packets.partition_point(|id| sent(id) < early);
        let last = self.packets.partition_point(|id| sent(id) <= to);
        self.packets[first..last].iter().map(move |id| (*id, &packets[*id as usize]))
    }

    /// Returns where a packet's line begins and ends.
    fn segment(
        &self,
        columns: &Columns,
        timeline: &Timeline,
        (id, packet): (Id, &Packet),
    ) -> (Point, Point) {
        let (near, far) = (columns.client + 5.0, columns.server - 3.0);
        let [begin, end] = self.slots.of(id);
        let y = |at, slot: f64| self.y(at) + slot * LINE;
        if let Some(side) = packet.local {
            // Only to the router, which is not drawn, and back.
            let (host, router) = match side {
                Side::Client => (near, near + STUB),
                Side::Server => (far, far - STUB),
            };
            let (from, to) = if packet.from() == side { (host, router) } else { (router, host) };
            let y = y(packet.sent, begin);
            return ((from, y), (to, y));
        }
        let middle = f64::midpoint(near, far);
        let lost = matches!(packet.ending, Ending::Lost(_) | Ending::Unknown);
        let (from, to) = match packet.direction {
            Direction::Request => (near, if lost { middle } else { far }),
            Direction::Reply => (far, if lost { middle } else { near }),
        };
        ((from, y(packet.sent, begin)), (to, y(end_of(packet, timeline), end)))
    }

    /// Returns what is at `x` and, from the top of the whole ladder, `y`.
    pub(crate) fn pick(
        &self,
        run: &PageRun,
        timeline: &Timeline,
        columns: &Columns,
        (x, y): Point,
    ) -> Option<Pick> {
        let rows = self.visible(y, y);
        let row = rows.iter().min_by(|a, b| (a.y - y).abs().total_cmp(&(b.y - y).abs()))?;
        let (from, to) = (rows.first()?.at, rows.last()?.at);
        let on_wire = (columns.client..columns.server).contains(&x);
        let near = self.packets_between(timeline, from, to).map(|(id, packet)| {
            let (a, b) = self.segment(columns, timeline, (id, packet));
            (distance((x, y), a, b), id)
        });
        let near = near.filter(|(away, _)| on_wire && *away <= 9.0);
        if let Some((_, id)) = near.min_by(|a, b| a.0.total_cmp(&b.0)) {
            return Some(Pick::Packet(id));
        }
        if (row.y - y).abs() > 18.0 {
            return None;
        }
        let here = if x > columns.server - 10.0 { HostId::SERVER } else { HostId::Client };
        self.pick_row(run, timeline, row, here)
    }

    /// Returns the subject of a row on one side: what arrived or left there, or else the wait that ended.
    fn pick_row(
        &self,
        run: &PageRun,
        timeline: &Timeline,
        row: &Row,
        side: HostId,
    ) -> Option<Pick> {
        // The less informative a record is, the larger its key.
        let key = |id: &Id| {
            let record = &run.records()[*id as usize];
            let dull = matches!(record.what, What::TimerArmed { .. } | What::TimerFired { .. });
            (record.host != side, dull)
        };
        let id = self.records_of(row).iter().copied().min_by_key(key)?;
        match timeline.subject(id) {
            Subject::Packet(id) => Some(Pick::Packet(id)),
            Subject::Wait(id) => Some(Pick::Wait(id)),
            Subject::Nothing => None,
        }
    }
}

/// Horizontal positions of a ladder's columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Columns {
    pub(crate) w: f64,
    /// The right edge of the times.
    pub(crate) time: f64,
    pub(crate) client: f64,
    pub(crate) server: f64,
    /// There is little room for words.
    pub(crate) narrow: bool,
}

impl Columns {
    /// Creates the columns of a ladder of width `w` whose latest time has `digits` characters. With several servers, words on
    /// their side begin with a name.
    pub(crate) fn new(w: f64, digits: usize, several: bool) -> Self {
        let narrow = w < 600.0;
        let of_times = digits as f64 * if narrow { 6.1 } else { 7.0 };
        let time = if narrow { 54f64 } else { 78.0 }.max((of_times + 16.0).min(w * 0.3));
        let [of_client, of_server] = if narrow {
            let name = if several { (w - 344.0).clamp(0.0, 26.0) } else { 0.0 };
            [(w * 0.25).clamp(92.0, 150.0), (w * 0.2 - 12.0).clamp(62.0, 110.0) + name]
        } else {
            [(w * 0.325).clamp(190.0, 260.0), (w * 0.25).clamp(150.0, 210.0)]
        };
        let (client, server) = (time + of_client, w - of_server);
        Self { w, time, client: client.round(), server: server.round(), narrow }
    }
}

/// Returns the additional room for a silence: it grows with the root of its length, up to a bound.
fn stretch(gap: u64) -> f64 {
    ((gap as f64 / 1e6).sqrt() * 2.6).min(56.0)
}

fn ids<T>(all: &[T], test: impl Fn(&T) -> bool) -> Vec<Id> {
    (0..all.len()).filter(|i| test(&all[*i])).map(|i| i as Id).collect()
}

/// Returns the distance of `p` from the line between `a` and `b`.
fn distance(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = (dx * dx + dy * dy).max(1e-9);
    let share = (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0);
    length_of(p.0 - a.0 - share * dx, p.1 - a.1 - share * dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;
    use std::num::NonZeroU32;

    const MS: u64 = 1_000_000;

    fn ladder(fragment: &str, flow: u32) -> (PageRun, Timeline, Ladder) {
        let (scenario, _) = Scenario::from_fragment(fragment);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let ladder = Ladder::new(&run, &timeline, flow);
        (run, timeline, ladder)
    }

    #[test]
    fn rows_go_down_with_time_and_leave_room_for_their_words() {
        let (run, timeline, ladder) = ladder("seed=7&exchanges=5&server.drop=0.5", 1);
        for pair in ladder.rows.windows(2) {
            assert!(pair[0].at < pair[1].at);
            let room = |row| lines(&run, &timeline, ladder.records_of(row)).height() as f64 * LINE;
            assert!(pair[1].y - pair[0].y >= (room(&pair[0]) + room(&pair[1])) / 2.0);
        }
        assert!(ladder.height > ladder.rows.last().unwrap().y);
        assert_eq!(ladder.y(0), ladder.rows[0].y);
        assert_eq!(ladder.y(u64::MAX), ladder.rows.last().unwrap().y);
    }

    #[test]
    fn the_playhead_moves_evenly_between_rows() {
        let (_, _, ladder) = ladder("", 1);
        let (a, b) = (ladder.rows[0].y, ladder.rows[1].y);
        assert!((ladder.y(5 * MS) - f64::midpoint(a, b)).abs() < 1e-9);
        assert_eq!(ladder.y(10 * MS), b);
    }

    #[test]
    fn a_ladder_is_scrolled_so_that_the_latest_row_is_whole_and_the_playhead_in_sight() {
        let (run, timeline, ladder) = ladder("exchanges=9&server.drop=0.5&seed=7", 1);
        for h in [170.0, 300.0, 600.0] {
            let mut top = 0.0;
            // Forward, and back from the end.
            let times = (0..=200).chain((0..200).rev()).map(|part| timeline.end() / 200 * part);
            for at in times {
                top = ladder.scrolled((&run, &timeline), at, (top, h));
                assert!(top >= 0.0 && top <= ladder.height - h, "{h}: {top}");
                let (now, (row, _)) = (ladder.y(at), ladder.band(&run, &timeline, at).unwrap());
                assert!(row >= top + HEADER - 1.0, "{h}: {row} after {top}");
                assert!(now <= top + h - 11.0, "{h}: {now} after {top}");
                assert_eq!(ladder.scrolled((&run, &timeline), at, (top, h)), top, "it stays");
            }
        }
        assert_eq!(ladder.scrolled((&run, &timeline), timeline.end(), (0.0, 1e6)), 0.0);
        // The visible part has become higher.
        let top = ladder.height - 170.0;
        assert!(
            ladder.scrolled((&run, &timeline), timeline.end(), (top, 400.0))
                <= ladder.height - 400.0
        );
    }

    #[test]
    fn a_ladder_has_its_own_clients_records_only() {
        let (run, timeline, ladder) = ladder("clients=7&link.loss=0.3&seed=2", 4);
        assert!(
            ladder
                .records()
                .iter()
                .all(|id| run.records()[*id as usize].flow == NonZeroU32::new(4))
        );
        let all = run.records().iter().filter(|record| record.flow == NonZeroU32::new(4)).count();
        assert_eq!(ladder.records().len(), all);
        let everything = ladder.packets_between(&timeline, 0, u64::MAX).count();
        assert_eq!(everything, ladder.packets.len());
    }

    #[test]
    fn arrows_and_rows_can_be_clicked() {
        let (run, timeline, ladder) = ladder(crate::lessons::OPENING.fragment, 1);
        let columns = Columns::new(700.0, 5, false);
        let pick = |x, y| ladder.pick(&run, &timeline, &columns, (x, y));
        for (id, packet) in timeline.packets().iter().enumerate() {
            let ((x, y), (to_x, to_y)) = ladder.segment(&columns, &timeline, (id as Id, packet));
            let middle = (f64::midpoint(x, to_x), f64::midpoint(y, to_y));
            assert_eq!(pick(middle.0, middle.1), Some(Pick::Packet(id as Id)));
        }
        let resend = ladder.rows.iter().find(|row| row.at == 100 * MS).unwrap();
        assert_eq!(pick(100.0, resend.y), Some(Pick::Packet(2)), "the second send");
        assert_eq!(pick(100.0, ladder.height + 500.0), None);
        let (run, timeline, ladder) = self::ladder("server.drop=1", 1);
        let last = ladder.rows.last().unwrap();
        let gave_up = ladder.pick(&run, &timeline, &columns, (100.0, last.y));
        assert_eq!(gave_up, Some(Pick::Wait(4)));
    }

    #[test]
    fn columns_are_in_order_at_every_width() {
        for w in [300.0, 358.0, 500.0, 720.0, 1_600.0] {
            for digits in [5, 9, 15] {
                for several in [false, true] {
                    let c = Columns::new(w, digits, several);
                    assert!(c.time < c.client && c.client + 50.0 < c.server, "{c:?}");
                    assert!(c.server < w && c.time >= 6.0 * digits.min(9) as f64, "{c:?}");
                }
            }
        }
    }
}
