//! `--print-netem`: the scenario's link as commands for Linux, and what they cannot say.

use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use retrylab_core::link::Netem;
use retrylab_core::random::Direction;
use retrylab_core::scenario::{FaultKind, Scenario};
use serde::Serialize;

/// The interface of a command that is told none.
pub(super) const DEVICE: &str = "eth0";

/// The longest name of an interface: the kernel's `IFNAMSIZ` less the final zero.
const LONGEST_DEVICE: usize = 15;

/// Reads the name of an interface. The kernel takes more; what a shell would take apart is left out.
pub(super) fn device(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    let named = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain);
    if named && text.len() <= LONGEST_DEVICE {
        return Ok(text.to_string());
    }
    Err(format!(
        "it takes the name of an interface such as `{DEVICE}`: 1 to {LONGEST_DEVICE} letters, digits \
         and `.`, `_`, `-`, `:`, the first one a letter or a digit"
    ))
}

/// Both directions, as JSON.
#[derive(Serialize)]
struct Report {
    schema: u32,
    request: Way,
    reply: Way,
}

/// What makes Linux do the same in one direction.
#[derive(Serialize)]
struct Way {
    command: String,
    /// What the command does not do, or does otherwise.
    notes: Vec<String>,
}

impl Way {
    fn new(scenario: &Scenario, direction: Direction, device: &str) -> Self {
        let netem: Netem = scenario.link.netem(direction);
        let mut notes = netem.notes().to_vec();
        notes.extend(faults(scenario, direction));
        Self { command: netem.command(device), notes }
    }

    /// The lines of a script.
    fn show(&self, head: &str, out: &mut Stdout) {
        out.line(format_args!("# {head}"));
        self.notes.iter().for_each(|note| out.line(format_args!("# {note}")));
        out.line(&self.command);
    }
}

/// The faults that concern this direction. None of them has an equal.
fn faults(scenario: &Scenario, direction: Direction) -> Option<String> {
    let other = |kind| matches!(kind, FaultKind::Partition(Some(way)) if way != direction);
    let all = scenario.faults.as_slice().iter().filter(|fault| !other(fault.kind));
    let words: Vec<String> = all.map(ToString::to_string).collect();
    (!words.is_empty()).then(|| {
        let words = words.join("; ");
        format!("faults has no equal: `{words}`; a qdisc knows no times, no server and no load.")
    })
}

/// Prints the commands: a shell script, or one JSON object.
pub(super) fn print(scenario: &Scenario, device: &str, as_json: bool) -> Exit {
    let [request, reply] =
        [Direction::Request, Direction::Reply].map(|way| Way::new(scenario, way, device));
    let mut out = Stdout::default();
    if as_json {
        out.json(&Report { schema: SCHEMA, request, reply });
    } else {
        request.show("Requests: on the client's host.", &mut out);
        reply.show("Replies: on the server's host.", &mut out);
    }
    out.finish(Exit::Success)
}
