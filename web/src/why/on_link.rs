//! Why the link lost a packet, or did not: the link's own checks, made again.

use crate::numbers::{count, grouped, period};
use crate::rest::{fill, text};
use crate::run::{MAX_FLOWS, PageRun};
use crate::timeline::Packet;
use retrylab_core::link::{Check, Fault, LossState};
use retrylab_core::random::{Direction, Name, Probability, Trial};
use retrylab_core::time::Instant;
use retrylab_core::trace::{Cause, FrameStep, HostId, Record, What};
use std::num::NonZeroU32;

/// Bytes of a frame that the link does not count as payload: headers of Ethernet, IPv4 and UDP.
const HEADERS: usize = 42;

/// Returns what happened to a lost packet, and why: "lost on the link: it drew 0.12, below the loss rate of 0.3".
pub(super) fn loss(run: &PageRun, packet: &Packet, cause: Cause) -> String {
    let checks = checks(run, packet);
    let by = checks.last().filter(|check| check.drops() == Some(cause));
    by.map_or_else(|| cause.to_string(), |check| dropped_by(run, packet, check))
}

/// Returns why a packet was not lost; `None` if nothing could have lost it.
pub(super) fn delivery(run: &PageRun, packet: &Packet) -> Option<String> {
    let checks = checks(run, packet);
    if checks.iter().any(|check| check.drops().is_some()) {
        // A duplicate got through.
        return None;
    }
    let passed: Vec<String> = checks.iter().filter_map(passed).collect();
    (!passed.is_empty()).then(|| passed.join("; "))
}

/// Returns the checks that the link made of a packet; empty if they are unknown.
pub(super) fn checks(run: &PageRun, packet: &Packet) -> Vec<Check> {
    let scenario = run.scenario();
    let shared = scenario.link.shared;
    if packet.duplicate || packet.local.is_some() || shared && scenario.clients > MAX_FLOWS {
        return Vec::new();
    }
    let mut pipe = scenario.pipe();
    // A datagram travels in one frame or in fragments, which leave one after another.
    let mut last = (None, 0);
    for (id, record) in run.records().iter().enumerate() {
        let flow = record.flow.map_or(0, NonZeroU32::get);
        let Some((direction, payload)) = on_wire(record, scenario.needs_packets()) else {
            continue;
        };
        if !shared && flow != packet.flow {
            continue;
        }
        let Some(number) = record.packet else {
            // Answers of a stack have names that are not in the trace.
            if scenario.link.rate.is_some() || !scenario.changes.is_empty() {
                return Vec::new();
            }
            continue;
        };
        let own = Some((flow, direction, number));
        last = if last.0 == own { (own, last.1 + 1) } else { (own, 0) };
        let index = u64::from(number.get() - 1);
        let name = Name { seed: scenario.seed, flow, direction, index }.fragment(last.1);
        if id == packet.order as usize {
            return pipe.checks(record.at, name, payload);
        }
        let _ = pipe.send(record.at, name, payload);
    }
    Vec::new()
}

/// Returns the direction of a packet that a host puts on the link, and the bytes that count.
fn on_wire(record: &Record, packets: bool) -> Option<(Direction, usize)> {
    match record.what {
        _ if record.host == HostId::Link => None,
        What::Sent { direction, bytes } if !packets && record.packet.is_some() => {
            Some((direction, bytes as usize))
        }
        What::Frame { step: FrameStep::Sent, direction, carried, bytes } if !carried.is_local() => {
            Some((direction, (bytes as usize).saturating_sub(HEADERS)))
        }
        _ => None,
    }
}

fn dropped_by(run: &PageRun, packet: &Packet, check: &Check) -> String {
    match *check {
        Check::Cut(fault) => {
            format!("lost: a fault cut the link {}", period(fault.from, end_of(fault)))
        }
        Check::Lossy(fault, trial) => format!(
            "{}{}, and {}",
            text!("lost: a fault made the link lossy "),
            period(fault.from, end_of(fault)),
            drew(trial, "the fault's loss rate"),
        ),
        Check::Size { size, mtu } => format!(
            "dropped: with headers it has {}, more than the link's MTU of {}",
            count(size, "byte"),
            grouped(mtu.into()),
        ),
        Check::Loss(check) => {
            let why = match (check.state, check.trial) {
                (LossState::Number(number), _) => {
                    let scenario = run.scenario().at(Instant::from_nanos(packet.sent));
                    let one = scenario.clients == 1 || scenario.link.shared;
                    let whose = if one { "" } else { text!(" client and") };
                    let rule = scenario.link.loss_of(packet.direction).to_string();
                    fill(
                        text!(
                            "it was number # of its# direction, and the link loses by number (#)"
                        ),
                        &[&number.to_string(), whose, &rule],
                    )
                }
                (LossState::Four(state), _) => {
                    let [was, loses] =
                        [text!("the loss model was in state "), text!(", which loses packets")];
                    format!("{was}{state}{loses}")
                }
                (state, Some(trial)) => drew_in(state, trial),
                (state, None) => in_state(state).to_string(),
            };
            format!("lost on the link: {why}")
        }
        Check::Queue(check) => match check.early.filter(|(_, trial)| trial.happens()) {
            Some((average, trial)) => format!(
                "{}{}, and {}",
                text!("dropped early by the link's queue: its average length was "),
                tenths(average),
                drew(trial, "the drop probability"),
            ),
            None => {
                let depth = count(check.depth.into(), "packet");
                text!("dropped by the link's queue: it was full, with ").to_string() + &depth
            }
        },
        Check::Damage(trial) => {
            let what = text!("damaged on the link and dropped by the checksum: ");
            what.to_string() + &drew(trial, "the corruption rate")
        }
    }
}

/// Returns how a packet passed a check; `None` if it could not fail.
fn passed(check: &Check) -> Option<String> {
    let (trial, rate) = match *check {
        Check::Cut(_) | Check::Size { .. } | Check::Queue(_) => return None,
        Check::Lossy(_, trial) => (trial, "the fault's loss rate"),
        Check::Loss(check) => {
            return check.trial.filter(can_happen).map(|trial| drew_in(check.state, trial));
        }
        Check::Damage(trial) => (trial, "the corruption rate"),
    };
    Some(trial).filter(can_happen).map(|trial| format!("it drew {}", compared(trial, rate)))
}

fn can_happen(trial: &Trial) -> bool {
    trial.probability > Probability::NEVER
}

fn drew_in(state: LossState, trial: Trial) -> String {
    let rate = match state {
        LossState::Good | LossState::Bad => "that state's loss rate",
        LossState::None | LossState::Four(_) | LossState::Number(_) => "the loss rate",
    };
    in_state(state).to_string() + &drew(trial, rate)
}

/// Returns how a draw compares with its rate as a clause, or only the rate if nothing depends on the draw.
pub(super) fn drew(trial: Trial, rate: &str) -> String {
    if trial.probability == Probability::ALWAYS {
        return format!("{rate} was 1");
    }
    format!("it drew {}", compared(trial, rate))
}

/// Returns the state of the loss model as the beginning of a clause.
const fn in_state(state: LossState) -> &'static str {
    match state {
        LossState::Good => text!("the link was in its good state, and "),
        LossState::Bad => text!("the link was in its bad state, and "),
        LossState::None | LossState::Four(_) | LossState::Number(_) => "",
    }
}

/// Returns `0.12, below the loss rate of 0.3`, with enough digits of the draw to show that.
fn compared(trial: Trial, what: &str) -> String {
    let limit = trial.probability.parts_per_billion();
    let cut = |places: u32| trial.drawn / 10u32.pow(9 - places) * 10u32.pow(9 - places);
    let shows = |places: &u32| {
        let cut = cut(*places);
        (cut < limit) == trial.happens() && (cut > 0 || trial.drawn == 0)
    };
    let places = (2..9).find(shows).unwrap_or(9);
    let digits = trial.drawn / 10u32.pow(9 - places);
    let relation = if trial.happens() { "below" } else { "not below" };
    let probability = trial.probability;
    format!("0.{digits:0width$}, {relation} {what} of {probability}", width = places as usize)
}

/// Returns the end of a fault; `None` if it lasts forever.
fn end_of(fault: Fault) -> Option<Instant> {
    Some(fault.until).filter(|until| *until < Instant::MAX)
}

fn tenths(value: f64) -> String {
    let tenths = (value * 10.0) as u64;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_has_the_digits_that_show_how_it_compares() {
        for (drawn, limit, text) in [
            (120_000_000, "0.3", "0.12, below p of 0.3"),
            (299_999_999, "0.3", "0.29, below p of 0.3"),
            (300_000_000, "0.3", "0.30, not below p of 0.3"),
            (305_000_000, "0.305", "0.305, not below p of 0.305"),
            (1_234_567, "0.5", "0.001, below p of 0.5"),
            (0, "0.5", "0.00, below p of 0.5"),
            (7, "0.000000008", "0.000000007, below p of 0.000000008"),
        ] {
            let probability = Probability::parse(limit).unwrap();
            assert_eq!(compared(Trial { drawn, probability }, "p"), text);
        }
    }
}
