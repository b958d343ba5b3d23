//! Frames of a network of packets.

use super::super::{Carried, Direction, FrameStep};
use super::{Role, Wording, Words, count};
use alloc::format;

pub(in super::super) fn frame(
    wording: &Wording<'_>,
    step: FrameStep,
    _: Direction,
    carried: Carried,
    bytes: u32,
) -> Words {
    let (phrase, short) = (carried.phrase(), carried.noun());
    let words = match step {
        FrameStep::Sent => {
            Words::new(wording.host(), format!("sends {phrase} in a frame")).noted(short, short)
        }
        FrameStep::Received => Words::new(wording.host(), format!("receives {phrase} in a frame"))
            .noted(format!("{short} arrives"), short),
        FrameStep::Lost(cause) => {
            let (what, why) = cause.of_packet();
            let colon = if why.is_empty() { "" } else { ": " };
            Words::new(phrase, format!("is {what}{colon}{why}"))
                .noted(format!("{short} {what}{colon}{why}"), "lost")
        }
        FrameStep::Duplicated => Words::new(wording.host(), format!("duplicates {phrase}"))
            .noted(format!("{short} duplicated"), "duplicated"),
        FrameStep::Damaged => Words::new(wording.host(), format!("damages {phrase}"))
            .noted(format!("{short} damaged"), "damaged"),
    };
    let words = words.detailed(count(bytes.into(), "byte"));
    // The records of the datagram say the same.
    if carried == Carried::Udp { words.role(Role::Dull) } else { words }
}
