//! What servers do.

use super::{Wording, Words, span};
use crate::time::{Instant, nanos};
use alloc::format;
use alloc::string::{String, ToString};

pub(in super::super) fn served(wording: &Wording<'_>, arrived: Instant, begun: Instant) -> Words {
    let which = wording.which().unwrap_or_else(|| "a request".to_string());
    let waited = begun.saturating_since(arrived);
    let worked = wording.record.at.saturating_since(begun);
    let work = format!("{} of work", span(nanos(worked)));
    let queue = match nanos(waited) {
        0 => String::new(),
        waited => format!(" and {} in the queue", span(waited)),
    };
    Words::new(wording.host(), format!("finishes {which}{} after {work}{queue}", wording.whose()))
        .noted(
            format!(
                "finishes {}",
                wording.send().map_or("it".to_string(), |n| format!("send {n}"))
            ),
            "finishes",
        )
        .summed(format!("{work}{queue}"))
}

pub(in super::super) fn down(wording: &Wording<'_>, keeps_queue: bool) -> Words {
    let queue = if keeps_queue { "keeps" } else { "loses" };
    let what = if wording.setting.connections { "connections" } else { "queue" };
    Words::new(wording.host(), format!("goes down and {queue} its {what}"))
        .noted("goes down", "goes down")
        .summed(format!("{queue} its {what}"))
}

pub(in super::super) fn up(wording: &Wording<'_>) -> Words {
    Words::new(wording.host(), "comes back")
}

pub(in super::super) fn written(wording: &Wording<'_>) -> Words {
    Words::new(wording.host(), "accepts the write").noted("row written", "written")
}
