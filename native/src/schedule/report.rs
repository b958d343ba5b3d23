//! Prints a schedule as JSON or as a table.

use super::picture::Picture;
use super::times::{Band, End, Times};
use crate::output::{Count, SCHEMA, column_widths, seconds};
use retrylab_core::policy::{DeadlineRule, Stop};
use retrylab_core::scenario::Scenario;
use retrylab_core::time::{Duration, WithUnit};
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// A schedule as JSON. Every key is always present; a value that does not apply is null.
#[derive(Debug, Serialize)]
pub(super) struct ScheduleReport {
    schema: u32,
    /// The preset that the policy started from.
    preset: &'static str,
    /// The source of the preset's numbers.
    source: &'static str,
    use_when: &'static str,
    /// The keys that differ from the preset.
    changes: BTreeMap<&'static str, String>,
    /// Times of the sends without jitter; of a long schedule, those of the first sends.
    sends_s: Vec<f64>,
    waits_s: Vec<f64>,
    /// Bounds and mean of each time with jitter. Without jitter all three are equal.
    bands_s: Vec<BandReport>,
    /// Total number of sends; null if the schedule never ends.
    sends: Option<usize>,
    /// Null if the policy never gives up.
    gives_up_s: Option<f64>,
    gives_up_band_s: Option<BandReport>,
    /// The reason for giving up.
    why: Option<&'static str>,
    first_delay_s: Option<[f64; 2]>,
}

#[derive(Debug, Serialize)]
struct BandReport {
    least: f64,
    mean: f64,
    most: f64,
}

impl From<Band> for BandReport {
    fn from(band: Band) -> Self {
        let Band { least, mean, most } = band;
        Self { least: seconds(least), mean: seconds(mean), most: seconds(most) }
    }
}

impl ScheduleReport {
    pub(super) fn new(scenario: &Scenario, times: &Times) -> Self {
        let (sends, at, band, why) = match times.end {
            End::Never | End::Far | End::Beyond => (None, None, None, None),
            End::At { at, band, sends, why } => (Some(sends), Some(at), Some(band), Some(why)),
        };
        let delay = scenario.policy.first_delay();
        Self {
            schema: SCHEMA,
            preset: scenario.preset.name(),
            source: scenario.preset.source(),
            use_when: scenario.preset.use_when(),
            changes: changes(scenario).collect(),
            sends_s: times.sends.iter().map(|send| seconds(send.at)).collect(),
            waits_s: times.sends.iter().map(|send| seconds(send.wait)).collect(),
            bands_s: times.sends.iter().map(|send| send.band.into()).collect(),
            sends,
            gives_up_s: at.map(seconds),
            gives_up_band_s: band.map(BandReport::from),
            why: why.map(Stop::name),
            first_delay_s: delay.map(|delay| [seconds(delay.least), seconds(delay.most)]),
        }
    }
}

/// Returns the policy's keys that differ from its preset.
fn changes(scenario: &Scenario) -> impl Iterator<Item = (&'static str, String)> {
    let policy = |key: &str| key.starts_with("policy.") && key != "policy.preset";
    scenario.changes().filter(move |(key, _)| policy(key))
}

/// Prints the schedule as a table with a drawing.
pub(super) fn show(scenario: &Scenario, times: &Times, mut line: impl FnMut(&dyn fmt::Display)) {
    let mut say = |text: String| line(&text.trim_end());
    let preset = scenario.preset;
    say(format!("{preset}: use it when {}", preset.use_when()));
    say(format!("source: {}", preset.source()));
    let changes: Vec<String> = changes(scenario).map(|(k, v)| format!("{k}={v}")).collect();
    if !changes.is_empty() {
        say(format!("changed: {}", changes.join(", ")));
    }
    say(String::new());
    rows(times).into_iter().for_each(&mut say);
    say(String::new());
    say(ending(times));
    notes(scenario, times).into_iter().for_each(say);
}

/// Returns the lines of the table: a head, and one line per send with its drawing.
fn rows(times: &Times) -> Vec<String> {
    let picture = Picture::new(times);
    let head = if times.random {
        vec!["send", "at", "earliest", "mean", "latest", "wait"]
    } else {
        vec!["send", "at", "wait"]
    };
    let mut cells = vec![head.into_iter().map(String::from).collect::<Vec<_>>()];
    for (place, send) in times.sends.iter().enumerate() {
        let mut row = vec![(place + 1).to_string(), text(send.at)];
        if times.random {
            let Band { least, mean, most } = send.band;
            row.extend([least, mean, most].map(rounded));
        }
        row.push(text(send.wait));
        cells.push(row);
    }
    // Columns are as wide as their widest cell, and most tables look alike.
    let usual: &[usize] = if times.random { &[4, 9, 11, 11, 11, 9] } else { &[4, 9, 9] };
    let widths: Vec<usize> = column_widths(&cells)
        .into_iter()
        .zip(usual)
        .map(|(width, usual)| width.max(*usual))
        .collect();
    let drawn = (0..times.sends.len()).map(|place| picture.line(times, place));
    let drawings = [format!("0s to {}", WithUnit(picture.end()))].into_iter().chain(drawn);
    let line = |(row, drawing): (&Vec<String>, String)| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        let cells: Vec<String> = cells.collect();
        format!("{}  {}  {drawing}", cells[0], cells[1..].join(" "))
    };
    cells.iter().zip(drawings).map(line).collect()
}

/// Returns when and why the schedule ends.
fn ending(times: &Times) -> String {
    match &times.end {
        End::Never => "never gives up; the first sends are shown".to_string(),
        End::Far => "gives up after more than a million sends".to_string(),
        End::Beyond => {
            format!("gives up after more than 584 years; the first {} are shown", times.sends.len())
        }
        End::At { at, band, sends, why } => {
            let count = Count(*sends as u64, "send");
            let mut out = format!("gives up at {} after {count}: {why}", text(*at));
            if band.least != band.most {
                let [least, mean, most] = [band.least, band.mean, band.most].map(rounded);
                out += &format!("; with jitter from {least} to {most}, mean {mean}");
            }
            if *sends > times.sends.len() {
                out += &format!("; the first {} are shown", times.sends.len());
            } else if times.perhaps_more {
                out += "; shorter waits lead to more sends";
            }
            out
        }
    }
}

/// Returns remarks on the deadline, the first delay, and parts of the policy that are not drawn.
fn notes(scenario: &Scenario, times: &Times) -> Vec<String> {
    let policy = &scenario.policy;
    let mut notes = Vec::new();
    if let Some(deadline) = policy.deadline() {
        notes.extend(fits(scenario, times, deadline));
    }
    if let Some(delay) = policy.first_delay() {
        let (least, most) = (text(delay.least), text(delay.most));
        notes.push(format!(
            "the first send is delayed by {least} to {most}; times are counted from the first send"
        ));
    }
    let others = ["adaptive", "hedging", "budget", "breaker"];
    for key in others.map(|name| format!("policy.{name}")) {
        let value = scenario.value(&key).unwrap_or_default();
        if value != "none" && value != "false" {
            notes.push(format!("not shown: {key} {value}"));
        }
    }
    notes
}

/// Which sends the deadline lets through, and what it does to the last wait.
fn fits(scenario: &Scenario, times: &Times, deadline: Duration) -> Vec<String> {
    let policy = &scenario.policy;
    let Ok(free) = policy.to_builder().deadline(None).build() else { return Vec::new() };
    let Some(last) = times.sends.last() else { return Vec::new() };
    let End::At { sends, .. } = times.end else { return Vec::new() };
    if sends > times.sends.len() {
        return Vec::new();
    }
    // Walks the schedule without the deadline, to find the full last wait and the next send.
    let mut unlimited = free.sends();
    unlimited.by_ref().take(sends).for_each(drop);
    let wait = unlimited.elapsed().saturating_sub(last.at);
    let mut out =
        format!("the deadline is {}: {} fit", text(deadline), Count(sends as u64, "send"));
    if let Some(next) = unlimited.next() {
        let (number, at) = (sends + 1, text(next));
        out += &match next.cmp(&deadline) {
            Ordering::Less => format!("; send {number} at {at} would wait beyond it"),
            Ordering::Equal => format!("; send {number} would be exactly at it"),
            Ordering::Greater => format!("; send {number} at {at} would be too late"),
        };
    }
    if policy.attempt_timeout() == Some(last.wait) {
        out += "; nothing follows the last attempt";
    } else if policy.deadline_rule() == DeadlineRule::At && wait > last.wait {
        out += &format!("; the last wait, {}, is cut to {}", text(wait), text(last.wait));
    }
    vec![out]
}

/// Formats an exact time with the most readable unit.
fn text(duration: Duration) -> String {
    WithUnit(duration).to_string()
}

/// Formats a sampled time, rounded to its significant digits.
fn rounded(duration: Duration) -> String {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let step = match nanos {
        0..1_000_000 => 10,
        1_000_000..1_000_000_000 => 10_000,
        _ => 1_000_000,
    };
    text(Duration::from_nanos((nanos + step / 2) / step * step))
}
