//! What goes wrong in a scenario, and what a person does to its packets, in words.

use crate::numbers::{period, span};
use crate::rest::{fill, text};
use crate::timeline::{Site, Trouble};
use retrylab_core::link::ActKind;
use retrylab_core::random::Direction;
use retrylab_core::scenario::Scenario;
use retrylab_core::time::{Instant, nanos};

/// Number of faults or acts that are named.
const NAMED: usize = 4;

/// Returns what goes wrong, and when, as a sentence; empty if nothing does.
pub(super) fn faults(scenario: &Scenario) -> String {
    let several = scenario.servers.is_several();
    let all = Trouble::all(scenario).map(|trouble| {
        let whose = match (trouble.site(), several) {
            (Site::Servers, false) => text!("server "),
            (Site::Servers, true) if trouble.of_all_servers() => text!("all servers "),
            _ => "",
        };
        let until = (trouble.until < u64::MAX).then(|| Instant::from_nanos(trouble.until));
        let when = period(Instant::from_nanos(trouble.from), until);
        fill("## #", &[whose, &trouble.words(scenario), &when])
    });
    named(text!(" Faults: "), all.collect())
}

/// Returns what is done to packets by hand, as a sentence; empty if nothing is.
pub(super) fn acts(scenario: &Scenario) -> String {
    let all = scenario.acts.as_slice().iter().map(|act| {
        let (packet, what) = (
            act.packet,
            match act.kind {
                ActKind::Drop => text!("dropped").to_string(),
                ActKind::Delay(more) => fill(text!("delayed by #"), &[&span(nanos(more))]),
                ActKind::Duplicate => text!("duplicated").to_string(),
            },
        );
        let whose = match scenario.clients {
            1 => String::new(),
            _ => fill(text!(" of client #"), &[&packet.flow.to_string()]),
        };
        // Over connections, packets are segments of TCP.
        let connected = scenario.protocol.has_connections();
        let (direction, way) = match (connected, packet.direction) {
            (false, Direction::Request) => ("request", ""),
            (false, Direction::Reply) => ("reply", ""),
            (true, Direction::Request) => ("packet", text!(" to the server")),
            (true, Direction::Reply) => ("packet", text!(" from the server")),
        };
        fill("# ### #", &[direction, &packet.number.to_string(), way, &whose, &what])
    });
    named(text!(" By hand: "), all.collect())
}

/// Returns a sentence that begins with `head` and names the first of `all`.
fn named(head: &str, mut all: Vec<String>) -> String {
    let left = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let more =
        if left > 0 { fill(text!("; and # more"), &[&left.to_string()]) } else { String::new() };
    if all.is_empty() { String::new() } else { head.to_string() + &all.join("; ") + &more + "." }
}

#[cfg(test)]
mod tests {
    use super::super::headline;
    use super::*;

    #[test]
    fn faults_and_acts_are_named() {
        for (fragment, words) in [
            (
                "faults=1s+1s+server-down;3s+1s+slow+2.5;5s+1s+partition+reply;7s+forever+loss+0.3",
                " Faults: server down from 1 s to 2 s; server slow ×2.5 from 3 s to 4 s; replies cut from 5 s to 6 s; extra \
                 loss 0.3 from 7 s on.",
            ),
            (
                "servers=a%3D192.0.2.1:1060,b%3D192.0.2.2:1060&faults=0s+1s+slow+3+at+b;2s+1s+server-down",
                " Faults: b slow ×3 from 0 s to 1 s; all servers down from 2 s to 3 s.",
            ),
            (
                "acts=drop+client+1+request+1;delay+client+1+reply+2+by+50ms",
                " By hand: request 1 dropped; reply 2 delayed by 50 ms.",
            ),
            (
                "clients=2&acts=duplicate+client+2+request+1",
                " By hand: request 1 of client 2 duplicated.",
            ),
            (
                "faults=1s+1s+loss+1;3s+1s+loss+1;5s+1s+loss+1;7s+1s+loss+1;9s+1s+loss+1",
                "; and 1 more.",
            ),
        ] {
            let (scenario, errors) = Scenario::from_fragment(fragment);
            assert_eq!(errors, [], "{fragment}");
            let (_, sentence) = headline(&scenario);
            assert!(sentence.ends_with(words), "{fragment}: {sentence}");
        }
    }
}
