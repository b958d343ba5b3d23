//! `--print-netem`: prints the scenario's link as `tc` commands for Linux, with the differences as comments.

use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use retrylab_core::link::Netem;
use retrylab_core::random::Direction;
use retrylab_core::scenario::{FaultKind, Scenario};
use serde::Serialize;

/// Default network interface.
pub(super) const DEVICE: &str = "eth0";

/// Maximum length of an interface name: the kernel's `IFNAMSIZ` minus the final zero byte.
const MAX_DEVICE_LENGTH: usize = 15;

/// Parses the name of an interface. The kernel allows more characters, but a shell would interpret them.
pub(super) fn device(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    let named = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain);
    if named && text.len() <= MAX_DEVICE_LENGTH {
        return Ok(text.to_string());
    }
    Err(format!(
        "expected an interface name such as `{DEVICE}`: a letter or digit, then letters, digits, `.`, \
         `_`, `-` or `:`, at most {MAX_DEVICE_LENGTH} characters in all"
    ))
}

/// Both directions, as JSON.
#[derive(Serialize)]
struct NetemReport {
    schema: u32,
    request: Way,
    reply: Way,
}

/// The command for one direction.
#[derive(Serialize)]
struct Way {
    command: String,
    /// Differences between the command and the simulated link.
    notes: Vec<String>,
}

impl Way {
    fn new(scenario: &Scenario, direction: Direction, device: &str) -> Self {
        let netem: Netem = scenario.link.netem(direction);
        let mut notes = netem.notes().to_vec();
        notes.extend(faults(scenario, direction));
        notes.extend(acts(scenario, direction));
        notes.extend(changes(scenario));
        Self { command: netem.command(device), notes }
    }

    /// Prints the lines of the script.
    fn show(&self, head: &str, out: &mut Stdout) {
        out.line(format_args!("# {head}"));
        self.notes.iter().for_each(|note| out.line(format_args!("# {note}")));
        out.line(&self.command);
    }
}

/// Returns a note on the faults that affect this direction. Netem supports none of them.
fn faults(scenario: &Scenario, direction: Direction) -> Option<String> {
    let other = |kind| matches!(kind, FaultKind::Partition(Some(way)) if way != direction);
    let all = scenario.faults.as_slice().iter().filter(|fault| !other(fault.kind));
    no_equivalent("faults", all)
}

/// Returns a note on the acts on packets in this direction. Netem supports none of them.
fn acts(scenario: &Scenario, direction: Direction) -> Option<String> {
    let all = scenario.acts.as_slice().iter();
    no_equivalent("acts", all.filter(|act| act.packet.direction == direction))
}

/// Returns a note on the changes of the link. Netem supports none of them.
fn changes(scenario: &Scenario) -> Option<String> {
    let all = scenario.changes.as_slice().iter();
    no_equivalent("changes", all.filter(|change| change.key.starts_with("link.")))
}

fn no_equivalent<T: ToString>(noun: &str, all: impl Iterator<Item = T>) -> Option<String> {
    let words: Vec<String> = all.map(|one| one.to_string()).collect();
    (!words.is_empty()).then(|| {
        let words = words.join("; ");
        format!("The {noun} `{words}` have no equivalent in netem.")
    })
}

/// Prints the commands as a shell script or as one JSON object.
pub(super) fn print(scenario: &Scenario, device: &str, as_json: bool) -> Exit {
    let [request, reply] =
        [Direction::Request, Direction::Reply].map(|way| Way::new(scenario, way, device));
    let mut out = Stdout::default();
    if as_json {
        out.json(&NetemReport { schema: SCHEMA, request, reply });
    } else {
        request.show("Requests: on the client's host.", &mut out);
        reply.show("Replies: on the server's host.", &mut out);
    }
    out.finish(Exit::Success)
}
