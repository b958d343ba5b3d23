//! What servers do.

use super::{Told, Words, span};
use crate::time::{Instant, nanos};
use alloc::format;
use alloc::string::{String, ToString};

pub(in super::super) fn served(told: &Told<'_>, arrived: Instant, begun: Instant) -> Words {
    let which = told.which().unwrap_or_else(|| "a request".to_string());
    let waited = begun.saturating_since(arrived);
    let worked = told.record.at.saturating_since(begun);
    let work = format!("{} of work", span(nanos(worked)));
    let queue = match nanos(waited) {
        0 => String::new(),
        waited => format!(" and {} in the queue", span(waited)),
    };
    Words::new(told.host(), format!("finishes {which}{} after {work}{queue}", told.whose()))
        .noted(
            format!("finishes {}", told.send().map_or("it".to_string(), |n| format!("send {n}"))),
            "finishes",
        )
        .summed(format!("{work}{queue}"))
}

pub(in super::super) fn down(told: &Told<'_>, keeps_queue: bool) -> Words {
    let queue = if keeps_queue { "keeps" } else { "loses" };
    Words::new(told.host(), format!("goes down and {queue} its queue"))
        .noted("goes down", "goes down")
        .summed(format!("{queue} its queue"))
}

pub(in super::super) fn up(told: &Told<'_>) -> Words {
    Words::new(told.host(), "comes back")
}

pub(in super::super) fn written(told: &Told<'_>) -> Words {
    Words::new(told.host(), "accepts the write").noted("row written", "written")
}
