//! The policy's schedule: when requests are sent, and when the client gives up, if no reply ever comes.
//!
//! Time runs to the right, one row per send: a mark at the time of the send, a bar for the wait after it.
//! With jitter, a band reaches from the earliest to the latest moment.

use crate::json::Json;
use crate::numbers::{capital, count, exact, grouped, ratio, span, spread, unit};
use crate::paint::{Align, Font, Paint, Shape};
use crate::theme::Ink;
use retrylab_core::policy::{Adaptive, Draw, Policy};
use retrylab_core::time::nanos;

/// Maximum number of rows; of a longer schedule the picture shows the first sends.
const MAX_ROWS: usize = 10;

/// Maximum length of the list of sends, in bytes; a longer list is shortened.
const LONG: usize = 58;

/// Number of sends that a shortened list names.
const SHORT: usize = 6;

/// Maximum number of sends computed to find the end, so that billions of them do not block the page.
const STEPS: u64 = 5_000;

/// When something happens, in nanoseconds from the first send: with the shortest waits that jitter
/// may draw, without jitter, and with the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct When {
    least: u64,
    nominal: u64,
    most: u64,
}

/// One send and the wait after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    at: When,
    /// Where the wait ends, without jitter.
    until: u64,
    /// The shortest and the longest wait.
    wait: (u64, u64),
    /// Whether it goes out whatever jitter draws.
    sure: bool,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Never,
    At(When),
    /// Later than the sends that are computed; after this many sends, if known.
    Far(Option<u32>),
}

/// What the picture shows.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    rows: Vec<Row>,
    /// `Some` if more sends follow the rows, with their number if known.
    more: Option<Option<u64>>,
    end: End,
    /// Remarks, as sentences.
    notes: String,
}

/// One walk through the schedule.
struct Walk {
    sends: Vec<u64>,
    count: u64,
    end: Option<u64>,
}

impl Walk {
    fn new(policy: &Policy, draw: Draw) -> Self {
        let mut sends = policy.sends_drawn(draw);
        let mut walk = Self { sends: Vec::new(), count: 0, end: None };
        let steps = if policy.never_gives_up() { MAX_ROWS as u64 + 1 } else { STEPS };
        while walk.count < steps {
            let Some(at) = sends.next() else {
                walk.end = Some(nanos(sends.elapsed()));
                break;
            };
            walk.count += 1;
            if walk.sends.len() <= MAX_ROWS {
                walk.sends.push(nanos(at));
            }
        }
        walk
    }

    /// Returns when send `place` (from 0) goes out, or the end of a shorter walk.
    fn at(&self, place: usize) -> u64 {
        let last = || self.end.or(self.sends.last().copied()).unwrap_or(0);
        self.sends.get(place).copied().unwrap_or_else(last)
    }

    fn wait(&self, place: usize) -> u64 {
        self.at(place + 1).saturating_sub(self.at(place))
    }
}

impl Schedule {
    pub(crate) fn new(policy: &Policy) -> Self {
        let [least, nominal, most] =
            [Draw::Least, Draw::Nominal, Draw::Most].map(|draw| Walk::new(policy, draw));
        let walks = [&least, &nominal, &most];
        let counts = walks.map(|walk| walk.count);
        // The shortest waits may be zero, which allows any number of sends: show at most one more than
        // without jitter.
        let longest = counts.into_iter().max().unwrap_or(1).min(nominal.count + 1);
        let cut = longest > MAX_ROWS as u64;
        let shown = if cut { MAX_ROWS - 1 } else { longest as usize };
        let of = |pick: &dyn Fn(&Walk) -> u64| {
            let [a, nominal, b] = walks.map(pick);
            When { least: a.min(nominal), nominal, most: b.max(nominal) }
        };
        let row = |place: usize| {
            // Walks that are over have no wait.
            let waits = walks.into_iter().filter(|walk| walk.sends.len() > place);
            let waits: Vec<u64> = waits.map(|walk| walk.wait(place)).collect();
            Row {
                at: of(&|walk| walk.at(place)),
                until: nominal.at(place + 1),
                wait: (
                    waits.iter().copied().min().unwrap_or(0),
                    waits.iter().copied().max().unwrap_or(0),
                ),
                sure: waits.len() == walks.len(),
            }
        };
        let end = match nominal.end {
            _ if policy.never_gives_up() => End::Never,
            Some(end) => End::At(of(&|walk| walk.end.unwrap_or(end))),
            None => End::Far(policy.max_sends()),
        };
        let left = nominal.end.map(|_| nominal.count.saturating_sub(shown as u64));
        Self {
            rows: (0..shown).map(row).collect(),
            more: cut.then_some(left),
            end,
            notes: notes(policy),
        }
    }

    /// Returns the time at the right edge.
    fn reach(&self) -> u64 {
        let rows = self.rows.iter().map(|row| row.until.max(row.at.most));
        let end = match self.end {
            End::At(end) if self.more.is_none() => end.most,
            _ => 0,
        };
        rows.max().unwrap_or(0).max(end).max(1)
    }

    /// Returns the schedule in words: an object of `end`, `sends` and `notes` for the page, and `label`, the
    /// whole of it for anyone who does not see the picture.
    pub(crate) fn words(&self) -> String {
        let (end, notes) = (capital(&self.end_words("–")), &self.notes);
        let space = if notes.is_empty() { "" } else { " " };
        let label = format!(
            "The schedule when no reply comes. Sends at {}. {}.{space}{notes}",
            self.sends(" to ", MAX_ROWS),
            capital(&self.ending()),
        );
        let whole = self.sends("–", MAX_ROWS);
        let sends = if whole.len() > LONG { self.sends("–", SHORT) } else { whole };
        Json::object(|json| {
            json.text("end", &end);
            json.text("sends", &sends);
            json.text("notes", notes);
            json.text("label", &label);
        })
    }

    /// Returns how it ends, for the middle of a sentence: "gives up at 3.1 s".
    pub(crate) fn ending(&self) -> String {
        self.end_words(" to ")
    }

    fn end_words(&self, to: &str) -> String {
        match self.end {
            End::Never => "never gives up".to_string(),
            End::At(end) => {
                let (size, name) = shared_unit([end.least, end.most]);
                let text = format!("{} {name}", moment(end, size, to));
                let long = end.least == end.most && text.len() > 9;
                format!("gives up at {}", if long { span(end.nominal) } else { text })
            }
            End::Far(Some(sends)) => {
                format!("gives up after {}", count(sends.into(), "send"))
            }
            End::Far(None) => format!("gives up after more than {}", count(STEPS, "send")),
        }
    }

    /// Returns the first `most` sends, exact or, with jitter, rounded: `0, 0.1, 0.3, 0.7, 1.5 s`.
    fn sends(&self, to: &str, most: usize) -> String {
        let rows = &self.rows[..self.rows.len().min(most)];
        let ends = rows.iter().flat_map(|row| [row.at.least, row.at.most]);
        let (size, name) = shared_unit(ends);
        let mut out = String::new();
        for row in rows {
            out += if out.is_empty() { "" } else { ", " };
            out += if row.sure { "" } else { "perhaps " };
            out += &moment(row.at, size, to);
        }
        out += " ";
        out += name;
        let hidden = (self.rows.len() - rows.len()) as u64;
        match self.more {
            None if hidden == 0 => {}
            None => out += &format!(" and {hidden} more"),
            Some(Some(more)) => {
                out += &format!(" and {} more", grouped(more + hidden));
            }
            Some(None) => out += " and so on",
        }
        out
    }
}

/// Returns a moment in a unit: exact or, with jitter, rounded from the earliest to the latest.
fn moment(at: When, size: u64, to: &str) -> String {
    if at.least == at.most {
        return exact(at.nominal, size);
    }
    // Commas between thousands would look like those of a list.
    format!("{}{to}{}", ratio(at.least, size), ratio(at.most, size)).replace(',', "")
}

/// Returns the unit in which the longest time reads well and all are exact: long ones stay in seconds
/// unless they are whole minutes or hours.
fn shared_unit(times: impl IntoIterator<Item = u64>) -> (u64, &'static str) {
    let times: Vec<u64> = times.into_iter().collect();
    let longest = times.iter().copied().max().unwrap_or(0);
    for (size, name) in [(3_600_000_000_000, "h"), (60_000_000_000, "min")] {
        if longest >= 10 * size && times.iter().all(|time| time.is_multiple_of(size)) {
            return (size, name);
        }
    }
    unit(longest.min(1_000_000_000))
}

/// Returns remarks on what the picture does not show.
fn notes(policy: &Policy) -> String {
    let mut notes = Vec::new();
    if let Some(delay) = policy.first_delay() {
        let delay = spread(nanos(delay.least), nanos(delay.most), " to ");
        notes.push(format!("The first send is delayed by {delay}."));
    }
    if policy.adaptive() != Adaptive::None {
        notes.push("Measured round trips move the first wait.".to_string());
    }
    let limits = match (policy.budget(), policy.breaker()) {
        (Some(_), Some(_)) => "Budget and breaker",
        (Some(_), None) => "The budget",
        (None, Some(_)) => "The breaker",
        (None, None) => "",
    };
    if !limits.is_empty() {
        notes.push(format!("{limits} may end it sooner."));
    }
    notes.join(" ")
}

/// Positions in a picture of a given size.
#[derive(Clone, Copy, Debug)]
struct Places {
    /// The right edge of the sends' numbers.
    number: f64,
    /// The right edge of the waits.
    label: f64,
    /// The start and the end of the time axis.
    left: f64,
    right: f64,
    /// The height of a row.
    step: f64,
    reach: u64,
}

/// The height of the head.
const HEAD: f64 = 15.0;

impl Places {
    fn new(schedule: &Schedule, w: f64, h: f64) -> Self {
        let longest = schedule.rows.iter().map(|row| label(row).chars().count()).max();
        // Only a few widths, or the picture would flicker while a slider moves.
        let label = match longest.unwrap_or(0) {
            0..8 => 70.0,
            8..11 => 92.0,
            _ => 108.0,
        };
        let last = usize::from(schedule.end != End::Never);
        let rows = schedule.rows.len() + usize::from(schedule.more.is_some()) + last;
        Self {
            number: 17.0,
            label,
            left: label + 12.0,
            right: (w - 7.0).max(label + 20.0),
            step: ((h - HEAD) / rows.max(1) as f64).min(22.0),
            reach: schedule.reach(),
        }
    }

    fn x(&self, at: u64) -> f64 {
        self.left + (self.right - self.left) * (at as f64 / self.reach as f64)
    }

    fn y(&self, row: usize) -> f64 {
        HEAD + (row as f64 + 0.5) * self.step
    }
}

/// Returns the wait of a row.
fn label(row: &Row) -> String {
    spread(row.wait.0, row.wait.1, "–")
}

/// Draws it on a canvas of `w` by `h` CSS pixels.
pub(crate) fn draw(paint: &Paint<'_>, schedule: &Schedule, w: f64, h: f64) {
    let places = Places::new(schedule, w, h);
    let small = Font::sans(11.0);
    let text = |ink, align, x: f64, y: f64, text: &str| paint.text(ink, small, align, (x, y), text);
    text(Ink::Muted, Align::Left, 0.0, 6.0, "send");
    text(Ink::Muted, Align::Right, places.label, 6.0, "waits");
    text(Ink::Muted, Align::Center, places.left, 6.0, "0");
    let reach = spread(places.reach, places.reach, "");
    text(Ink::Muted, Align::Right, w, 6.0, &reach);

    let rows = schedule.rows.len();
    let ends =
        if let (End::At(end), None) = (schedule.end, schedule.more) { Some(end) } else { None };
    let bands = schedule.rows.iter().map(|row| row.at).chain(ends).enumerate();
    band(paint, &places, bands);
    stairs(paint, &places, schedule);
    for (i, row) in schedule.rows.iter().enumerate() {
        let y = places.y(i);
        let ink = if row.sure { Ink::Text } else { Ink::Muted };
        text(ink, Align::Right, places.number, y, &(i + 1).to_string());
        text(ink, Align::Right, places.label, y, &label(row));
    }
    let radius = (places.step * 0.27).clamp(3.0, 4.5);
    let marks = schedule.rows.iter().enumerate().filter(|(_, row)| row.sure);
    let mut marks = marks.map(|(i, row)| (places.x(row.at.nominal), places.y(i)));
    let first: Vec<_> = marks.by_ref().take(1).collect();
    paint.packets(Shape::Request, radius, &first);
    paint.packets(Shape::Retry, radius, &marks.collect::<Vec<_>>());

    let mut y = places.y(rows);
    let bold = Font::sans(11.0).bold();
    let arrow = |ink, y: f64| {
        paint.stroke(ink, 1.5, |path| {
            let (from, to) = ((places.right - 16.0, y), (places.right, y));
            path.line(from, to);
            path.head(from, to, 5.0);
        });
    };
    if let Some(more) = schedule.more {
        let more = match more {
            Some(n) => format!("… and {} more", grouped(n)),
            None => "… and so on".to_string(),
        };
        text(Ink::Text, Align::Left, 5.0, y, &more);
        arrow(Ink::Wait, y);
        y += places.step;
    }
    if schedule.end == End::Never {
        return;
    }
    paint.text(Ink::Lost, bold, Align::Right, (places.label, y), "gives up");
    if let Some(end) = ends {
        let x = places.x(end.nominal);
        paint.stroke(Ink::Lost, 2.5, |path| path.cross((x, y), radius));
    } else {
        if let End::At(end) = schedule.end {
            let at = spread(end.least, end.most, "–");
            paint.text(Ink::Lost, bold, Align::Right, (places.right - 22.0, y), &at);
        }
        arrow(Ink::Lost, y);
    }
}

/// Draws the range of each send: a band with an edge at either end.
fn band(paint: &Paint<'_>, places: &Places, rows: impl Iterator<Item = (usize, When)>) {
    let rows: Vec<_> = rows.filter(|(_, at)| at.least < at.most).collect();
    let high = places.step * 0.66;
    let box_of = |(i, at): &(usize, When)| {
        let (from, to) = (places.x(at.least), places.x(at.most.min(places.reach)));
        (from, to, places.y(*i) - high / 2.0)
    };
    paint.fill(Ink::Line, |path| {
        for (from, to, top) in rows.iter().map(box_of) {
            path.rect((from, top), to - from, high);
        }
    });
    paint.stroke(Ink::Muted, 1.5, |path| {
        for (from, to, top) in rows.iter().map(box_of) {
            path.line((from, top), (from, top + high));
            path.line((to, top), (to, top + high));
        }
    });
}

/// Draws the waits, and a hairline from the end of each down to the next send.
fn stairs(paint: &Paint<'_>, places: &Places, schedule: &Schedule) {
    let sure = || schedule.rows.iter().enumerate().filter(|(_, row)| row.sure);
    paint.stroke(Ink::Muted, 1.0, |path| {
        for (i, row) in sure() {
            let x = places.x(row.until);
            path.line((x, places.y(i)), (x, places.y(i + 1)));
        }
    });
    let high = (places.step * 0.3).clamp(3.5, 6.0);
    paint.fill(Ink::Wait, |path| {
        for (i, row) in sure() {
            let (from, to) = (places.x(row.at.nominal), places.x(row.until));
            path.rect((from, places.y(i) - high / 2.0), to - from, high);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::policy::Preset;
    use retrylab_core::scenario::Scenario;

    fn of(fragment: &str) -> Schedule {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, [], "{fragment}");
        Schedule::new(&scenario.policy)
    }

    fn said(fragment: &str) -> String {
        let schedule = of(fragment);
        format!("{}. {}. {}", schedule.sends("–", 99), schedule.end_words("–"), schedule.notes)
    }

    #[test]
    fn sends_and_ends_are_said_exactly() {
        for (fragment, text) in [
            ("", "0, 0.1, 0.3, 0.7, 1.5 s. gives up at 3.1 s. "),
            ("policy.preset=coap", "0, 2–3, 6–9, 14–21, 30–45 s. gives up at 62–93 s. "),
            ("policy.preset=stun", "0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s. gives up at 39.5 s. "),
            ("policy.max_sends=1", "0 s. gives up at 100 ms. "),
            (
                "policy.preset=kubernetes-crashloop",
                "0, 0, 10, 30, 70, 150, 310, 610, 910 s and so on. never gives up. ",
            ),
        ] {
            assert_eq!(said(fragment), text, "{fragment}");
        }
    }

    #[test]
    fn odd_policies_are_described_without_a_long_walk() {
        for (fragment, text) in [
            (
                "policy.jitter=full&policy.deadline=3s&policy.give_up_above=none",
                "0, 0–0.1, 0–0.3, 0–0.7, 0–1.5, perhaps 0–3 s. gives up at 3 s. ",
            ),
            (
                "policy.multiplier=1&policy.max_sends=4000000000",
                "0, 100, 200, 300, 400, 500, 600, 700, 800 ms and so on. gives up after \
                 4,000,000,000 sends. ",
            ),
            (
                "policy.multiplier=1.000001",
                "0, 100, 200.0001, 300.0003, 400.0006, 500.001, 600.0015, 700.0021, 800.0028 ms \
                 and so on. gives up after more than 5,000 sends. ",
            ),
        ] {
            assert_eq!(said(fragment), text, "{fragment}");
        }
        let steep = said("policy.multiplier=1.1");
        assert!(steep.ends_with(" and 23 more. gives up at 20.1 s. "), "{steep}");
    }

    #[test]
    fn every_preset_has_a_picture() {
        for preset in Preset::ALL {
            let schedule = Schedule::new(&preset.policy());
            assert!((1..=MAX_ROWS).contains(&schedule.rows.len()), "{preset}");
            let places = Places::new(&schedule, 218.0, 150.0);
            let mut x = 0.0;
            for (i, row) in schedule.rows.iter().enumerate() {
                let here = places.x(row.at.nominal);
                assert!(here >= x && here <= places.right, "{preset}: send {i} at {here}");
                assert!(row.at.least <= row.at.nominal && row.at.nominal <= row.at.most);
                x = here;
            }
            assert!(places.y(schedule.rows.len() - 1) + places.step / 2.0 <= 150.0, "{preset}");
        }
    }
}
