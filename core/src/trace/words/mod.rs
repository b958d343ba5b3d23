//! Records in words: every sentence that a reader gets to see about a record is written here, once.
//!
//! The text ladder, the page's ladder, its table, its story of a moment, its inspector and the server's
//! log all show what these functions return; none of them has words of its own for a record.
//!
//! A record alone does not say everything that a true sentence needs. What kind of run it belongs to is
//! the [`Setting`], which the caller knows; how long a wait was, or whether a reply is a failure, follows
//! from the records before it, which a [`Narrator`] reads in order. Nothing is guessed: what is not known
//! is left out of the sentence.
//!
//! ```
//! use retrylab_core::scenario::Scenario;
//! use retrylab_core::sim::run;
//! use retrylab_core::trace::{Record, words};
//!
//! let mut scenario = Scenario::default();
//! scenario.apply([("server.drop_first", "1")])?;
//! let mut narrator = words::Narrator::new(scenario.setting());
//! let wording: Vec<String> = run(&scenario, Vec::<Record>::new())
//!     .sink
//!     .iter()
//!     .map(|record| narrator.describe(record).sentence())
//!     .collect();
//! assert_eq!(wording[..5], [
//!     "The client sends its request.",
//!     "The client waits 100 ms for a reply.",
//!     "The request arrives (send 1).",
//!     "The server drops it: it drops the first requests of its life.",
//!     "No reply for 100 ms.",
//! ]);
//! # Ok::<(), retrylab_core::scenario::FieldError>(())
//! ```
//!
//! | file | what it says |
//! |---|---|
//! | `packets` | datagrams: sent, delivered, lost, duplicated, damaged |
//! | `timers` | waits: begun, over |
//! | `ends` | how exchanges go and end |
//! | `servers` | what servers do |
//! | `causes` | why a datagram was lost, why an exchange ended |
//! | `story` | sentences joined; many records counted |
//! | `narrator` | what earlier records reveal about a record |
//! | `numbers` | numbers and lengths of time as people read them |

mod causes;
mod ends;
mod narrator;
mod numbers;
mod packets;
mod servers;
mod story;
mod timers;

pub use causes::reason;
pub(super) use ends::{answered, failed, gave_up, late_reply, note, refused, stale, stranger};
pub use narrator::{Known, Narrator};
pub use numbers::{capital, count, grouped, ratio, span, spread, unit};
pub(super) use packets::{damaged, delivered, dropped, duplicated, sent};
pub(super) use servers::{down, served, up, written};
pub use story::{crowd, story};
pub use timers::{countdown, is_unsent};
pub(super) use timers::{timer_armed, timer_fired};

use super::{HostId, Record, What};
use crate::machine::Label;
use alloc::format;
use alloc::string::{String, ToString};

/// What kind of run a record belongs to: it decides what a sentence has to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Setting {
    /// There is more than one client: sentences say which.
    pub clients: bool,
    /// A client has more than one exchange: sentences say which.
    pub exchanges: bool,
    /// What clients do.
    pub pattern: Pattern,
}

/// What the clients of a run do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pattern {
    /// One exchange after another.
    #[default]
    Closed,
    /// Exchanges arrive whether or not earlier ones are over.
    Open,
    /// Each writes one row: a read and a write are an attempt.
    Write,
}

impl Setting {
    /// Which client and exchange a record belongs to, for the head of a line: `client 3 #2 `, or
    /// nothing where there is only one of them.
    #[must_use]
    pub fn tag(&self, record: &Record) -> String {
        let client = record.flow.filter(|_| self.clients);
        let mut tag = client.map_or_else(String::new, |flow| format!("client {flow} "));
        tag += &self.exchange_tag(record);
        tag
    }

    /// Which exchange a record belongs to: `#2 `, or nothing where there is only one.
    #[must_use]
    pub fn exchange_tag(&self, record: &Record) -> String {
        let label = record.label.filter(|_| self.exchanges);
        label.map_or_else(String::new, |label| format!("#{} ", label.exchange))
    }
}

/// What is said of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Who or what does it, in the middle of a sentence; empty where the predicate is all.
    subject: String,
    predicate: String,
    role: Role,
    /// The same as a note in the column of the host that made the record: `send 2`.
    pub note: String,
    /// The note where there is little room.
    pub brief: String,
    /// Figures that follow the note where there is much room; may be empty.
    pub detail: String,
    /// The sentence has these figures already.
    is_detailed: bool,
    /// It continues the sentence about the arrival of what a server deals with.
    is_prompt: bool,
}

/// How a sentence stands among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// By itself.
    Plain,
    /// It leads to the next one: "No reply for 100 ms: …".
    Lead,
    /// It is left out where another one describes the same moment.
    Dull,
}

impl Words {
    fn new(subject: impl Into<String>, predicate: impl Into<String>) -> Self {
        let (subject, predicate) = (subject.into(), predicate.into());
        let note = predicate.clone();
        Self {
            subject,
            predicate,
            role: Role::Plain,
            brief: note.clone(),
            note,
            detail: String::new(),
            is_detailed: false,
            is_prompt: false,
        }
    }

    fn noted(mut self, note: impl Into<String>, brief: impl Into<String>) -> Self {
        (self.note, self.brief) = (note.into(), brief.into());
        self
    }

    fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Figures that the sentence has already.
    fn summed(mut self, detail: impl Into<String>) -> Self {
        (self.detail, self.is_detailed) = (detail.into(), true);
        self
    }

    const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// A whole sentence: "The client sends its request again (send 2)."
    #[must_use]
    pub fn sentence(&self) -> String {
        capital(&(self.clause() + "."))
    }

    /// The sentence with the figures: "The client sends its request, 5 bytes."
    #[must_use]
    pub fn whole(&self) -> String {
        if self.detail.is_empty() || self.is_detailed {
            return self.sentence();
        }
        capital(&format!("{}, {}.", self.clause(), self.detail))
    }

    /// The note with the figures: "send 2, 5 bytes".
    #[must_use]
    pub fn line(&self) -> String {
        let comma = if self.detail.is_empty() { "" } else { ", " };
        format!("{}{comma}{}", self.note, self.detail)
    }

    /// Returns true if it is left out where another sentence describes the same moment.
    #[must_use]
    pub fn is_dull(&self) -> bool {
        self.role == Role::Dull
    }

    /// The sentence as a part of another one.
    fn clause(&self) -> String {
        let blank = if self.subject.is_empty() { "" } else { " " };
        format!("{}{blank}{}", self.subject, self.predicate)
    }
}

/// A record with what is known about it, as the functions of this module are given it.
#[derive(Debug)]
pub(super) struct Wording<'a> {
    record: &'a Record,
    setting: Setting,
    known: Known,
}

/// Puts a record into words.
#[must_use]
pub fn describe(record: &Record, setting: Setting, known: Known) -> Words {
    let words = record.what.say(&Wording { record, setting, known });
    Words { is_prompt: known.prompt, ..words }
}

/// Which send a record belongs to, as the cell of a table: `#2 send 1`, or nothing where that is not
/// known. What is before an exchange's first send belongs to the exchange alone.
#[must_use]
pub fn belongs(record: &Record, setting: Setting) -> String {
    let exchange = setting.exchange_tag(record);
    let unsent = match record.what {
        What::TimerArmed { timer, .. } | What::TimerFired { timer } => is_unsent(timer),
        What::GaveUp { sends, .. } => sends == 0,
        _ => false,
    };
    let name = if setting.pattern == Pattern::Write { "attempt" } else { "send" };
    match record.label.filter(|_| !unsent) {
        Some(label) => format!("{exchange}{name} {}", label.send),
        None => exchange.trim_end().to_string(),
    }
}

impl Wording<'_> {
    /// The host that made the record.
    fn host(&self) -> String {
        match self.record.host {
            HostId::Client => self.client(),
            HostId::Link => "the link".to_string(),
            HostId::Server(number) if number.get() > 1 => format!("server {number}"),
            HostId::Server(_) => "the server".to_string(),
        }
    }

    fn client(&self) -> String {
        match self.record.flow.filter(|_| self.setting.clients) {
            Some(flow) => format!("client {flow}"),
            None => "the client".to_string(),
        }
    }

    /// ` of client 3`, where there are several.
    fn whose(&self) -> String {
        let flow = self.record.flow.filter(|_| self.setting.clients);
        flow.map_or_else(String::new, |flow| format!(" of client {flow}"))
    }

    /// `send 2`, and of which exchange where there are several; of a writer `attempt 2`.
    fn which(&self) -> Option<String> {
        let Label { exchange, send } = self.record.label?;
        Some(match self.setting.pattern {
            Pattern::Write => format!("attempt {send}"),
            _ if self.setting.exchanges => format!("send {send} of exchange {exchange}"),
            _ => format!("send {send}"),
        })
    }

    /// The number of the send, where it is known.
    fn send(&self) -> Option<u32> {
        self.record.label.map(|label| label.send.get())
    }

    /// The exchange, where several have to be told apart.
    fn exchange(&self) -> Option<u32> {
        let label = self.record.label.filter(|_| self.setting.exchanges);
        label.map(|label| label.exchange.get())
    }

    /// ` exchange 3` behind a verb, where exchanges overlap.
    fn overlapping(&self) -> Option<u32> {
        self.exchange().filter(|_| self.setting.pattern == Pattern::Open)
    }

    /// What a server deals with: `it`, when that has just arrived, else its name.
    fn it(&self) -> String {
        if self.known.prompt {
            return "it".to_string();
        }
        let name = self.which().unwrap_or_else(|| "a request".to_string());
        name + &self.whose()
    }
}
