//! What a person does to single packets, as a scenario writes it.

use super::list;
use crate::dist::MAX_TIME;
use crate::link::{Act, ActKind};
use crate::random::Direction;
use crate::text::words;
use crate::time::{WithUnit, parse_duration};
use crate::trace::PacketId;
use crate::value::{Grammar, Value as _, phrase};
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

/// Maximum number of acts in a scenario.
const MAX_ACTS: usize = 1_000;

/// Acts by hand, in the order of their packets; at most one for each packet.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Acts(Vec<Act>);

impl Acts {
    /// Returns all acts.
    #[must_use]
    pub fn as_slice(&self) -> &[Act] {
        &self.0
    }

    /// Returns the acts on other packets than these.
    pub fn without(&self, packets: &[PacketId]) -> impl Iterator<Item = &Act> {
        self.0.iter().filter(|act| !packets.contains(&act.packet))
    }
}

/// Acts such as `drop client 3 request 2`, separated by `; `, or `none`.
impl fmt::Display for Acts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list::write(f, &self.0)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PacketId { flow, direction, number } = self.packet;
        let verb = match self.kind {
            ActKind::Drop => "drop",
            ActKind::Delay(_) => "delay",
            ActKind::Duplicate => "duplicate",
        };
        let way = match direction {
            Direction::Request => "request",
            Direction::Reply => "reply",
        };
        write!(f, "{verb} client {flow} {way} {number}")?;
        match self.kind {
            ActKind::Delay(by) => write!(f, " by {}", WithUnit(by)),
            ActKind::Drop | ActKind::Duplicate => Ok(()),
        }
    }
}

phrase!(
    Acts,
    Phrase,
    Grammar::new(
        "a list of acts separated by `;`, each on a packet: its client, request or reply, and its number, from 1",
        &[
            ("none", ""),
            ("drop client 1 request 2", "the second request of client 1"),
            ("delay client 1 reply 1 by 50ms", "later by that time"),
            ("duplicate client 1 request 1", "it arrives twice"),
        ],
    )
    .limits("at most 1000; each packet once")
    .items("", "; ")
);

impl Acts {
    fn read(text: &str) -> Option<Self> {
        let acts = list::read(text, MAX_ACTS, Act::read, |act| act.packet)?;
        let twice = acts.windows(2).any(|pair| pair[0].packet == pair[1].packet);
        (!twice).then_some(Self(acts))
    }
}

impl Act {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let words: Vec<&str> = words(&text).collect();
        let [verb, "client", flow, way, number, rest @ ..] = words.as_slice() else { return None };
        let kind = match (*verb, rest) {
            ("drop", []) => ActKind::Drop,
            ("delay", ["by", by]) => {
                let by = parse_duration(by).filter(|by| !by.is_zero() && *by <= MAX_TIME)?;
                ActKind::Delay(by)
            }
            ("duplicate", []) => ActKind::Duplicate,
            _ => return None,
        };
        let direction = match *way {
            "request" => Direction::Request,
            "reply" => Direction::Reply,
            _ => return None,
        };
        let [flow, number] = [flow, number].map(|text| NonZeroU32::new(u32::parse(text)?));
        let packet = PacketId { flow: flow?, direction, number: number? };
        Some(Self { packet, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueError;
    use alloc::format;
    use alloc::string::{String, ToString};

    #[test]
    fn acts_are_read_and_shown() {
        for text in [
            "none",
            "drop client 3 request 2",
            "drop client 1 request 1; drop client 1 reply 1; duplicate client 2 request 1",
            "delay client 4294967295 reply 4294967295 by 50ms",
        ] {
            assert_eq!(text.parse::<Acts>().unwrap().to_string(), text);
        }
        let sorted: Acts =
            " Duplicate client 2 REPLY 1;delay client  1 request 9 by 1000 ms ".parse().unwrap();
        assert_eq!(
            sorted.to_string(),
            "delay client 1 request 9 by 1s; duplicate client 2 reply 1"
        );
        for bad in [
            "",
            "drop",
            "drop client 3",
            "drop client 3 request",
            "drop client 0 request 1",
            "drop client 1 request 0",
            "drop client 4294967296 request 1",
            "drop client 1 request 1.5",
            "drop client 1 packet 1",
            "drop 1 request 1",
            "drop client 1 request 1 by 50ms",
            "duplicate client 1 request 1 by 50ms",
            "delay client 1 request 1",
            "delay client 1 request 1 50ms",
            "delay client 1 request 1 by 0s",
            "delay client 1 request 1 by 2h",
            "delay client 1 request 1 by 5",
            "burn client 1 request 1",
            "drop client 1 request 1;",
            "drop client 1 request 1; delay client 1 request 1 by 5ms",
        ] {
            assert_eq!(bad.parse::<Acts>(), Err(ValueError::of::<Acts>()), "{bad}");
        }
        let many = |count: u32| {
            let one = |number| format!("drop client 1 request {number}");
            (1..=count).map(one).collect::<Vec<String>>().join(";")
        };
        assert_eq!(many(1_000).parse::<Acts>().unwrap().as_slice().len(), 1_000);
        assert!(many(1_001).parse::<Acts>().is_err());
    }

    #[test]
    fn what_did_nothing_is_what_no_packet_met() {
        let acts: Acts = "drop client 1 request 2; drop client 1 reply 2".parse().unwrap();
        let met = acts.as_slice()[0].packet;
        let left: Vec<String> = acts.without(&[met]).map(ToString::to_string).collect();
        assert_eq!(left, ["drop client 1 reply 2"]);
        assert_eq!(acts.without(&[]).count(), 2);
    }
}
