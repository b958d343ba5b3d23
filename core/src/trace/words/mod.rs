//! Records in words: every sentence that a reader gets to see about a record is written here, once.
//!
//! The text ladder, the server's log and all parts of the page show what these functions return; none of
//! them has words of its own for a record.
//!
//! A record alone does not contain everything that a correct sentence needs. The caller knows the kind of
//! run, the [`Setting`]. How long a wait was, or whether a reply is a failure, follows from earlier
//! records, which a [`Narrator`] reads in order. Nothing is guessed: what is unknown is left out.
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
//! | `packets` | datagrams: sent, delivered, lost, duplicated, damaged, changed by hand |
//! | `frames` | frames of a network of packets |
//! | `timers` | waits: begun, over |
//! | `ends` | how exchanges go and end |
//! | `connections` | connections: asked for, open, over |
//! | `servers` | what servers do |
//! | `heartbeats` | what heartbeats show |
//! | `names` | what name servers say |
//! | `causes` | why a datagram was lost, why an exchange ended |
//! | `story` | sentences joined; many records counted |
//! | `narrator` | what earlier records reveal about a record |
//! | `numbers` | numbers and lengths of time as people read them |

mod causes;
mod connections;
mod ends;
mod frames;
mod heartbeats;
mod names;
mod narrator;
mod numbers;
mod packets;
mod servers;
mod story;
mod timers;

pub use causes::reason;
pub(super) use connections::{
    accepted, broken, confirmed, connecting, limited, not_released, rejected, released, replied,
};
pub(super) use ends::{answered, failed, gave_up, late_reply, note, refused, stale, stranger};
pub(super) use frames::frame;
pub(super) use heartbeats::{alive, dead, missing, reordered, repeated};
pub(super) use names::{name_answered, name_resolved};
pub use narrator::{Known, Narrator};
pub use numbers::{capital, count, grouped, ratio, span, spread, unit};
pub(super) use packets::{
    damaged, delayed_by_hand, delivered, dropped, duplicated, duplicated_by_hand, sent,
};
pub(super) use servers::{down, served, up, written};
pub use story::{crowd, story};
pub use timers::{countdown, is_unsent, length};
pub(super) use timers::{timer_armed, timer_fired};

use super::{HostId, Record, What};
use crate::machine::Label;
use crate::value::{ServerName, ServerNames};
use alloc::format;
use alloc::string::{String, ToString};

/// The kind of run that a record belongs to. It decides what a sentence has to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Setting {
    /// There is more than one client: sentences say which.
    pub clients: bool,
    /// A client has more than one exchange: sentences say which.
    pub exchanges: bool,
    /// What clients do.
    pub pattern: Pattern,
    /// Exchanges run over connections: each send is one.
    pub connections: bool,
    /// The names of the servers, if there is more than one: sentences say which.
    pub servers: ServerNames,
    /// The work on a request takes time: what a server decides when it arrives happens later.
    pub works: bool,
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
    /// Each looks up a name.
    Lookup,
    /// Each sends heartbeats, which nobody answers.
    Heartbeat,
}

impl Setting {
    /// Returns the server that made a record, its client and its exchange, for the start of a line:
    /// `second: client 3 #2 `, or nothing if there is only one of each.
    #[must_use]
    pub fn tag(&self, record: &Record) -> String {
        let mut tag = self.server_tag(record);
        if let Some(flow) = record.flow.filter(|_| self.clients) {
            tag += &format!("client {flow} ");
        }
        tag += &self.exchange_tag(record);
        tag
    }

    /// Returns the server that made a record: `second: `, or nothing if there is only one.
    #[must_use]
    pub fn server_tag(&self, record: &Record) -> String {
        let server = record.host.server().and_then(|number| self.servers.get(number));
        server.map_or_else(String::new, |name| format!("{name}: "))
    }

    /// Returns the exchange of a record: `#2 `, or nothing if there is only one.
    #[must_use]
    pub fn exchange_tag(&self, record: &Record) -> String {
        let label = record.label.filter(|_| self.exchanges);
        label.map_or_else(String::new, |label| format!("#{} ", label.exchange))
    }
}

/// The words for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Who or what does it, in the middle of a sentence; empty if the predicate says everything.
    subject: String,
    predicate: String,
    /// The predicate in the past tense, if it differs: for a run that is over.
    past: Option<String>,
    role: Role,
    /// The same as a note in the column of the host that made the record: `send 2`.
    pub note: String,
    /// A shorter note, for narrow columns.
    pub brief: String,
    /// Figures that follow the note in wide columns; may be empty.
    pub detail: String,
    /// The sentence has these figures already.
    is_detailed: bool,
    /// It continues the sentence about the arrival of what a server deals with.
    is_prompt: bool,
}

/// How a sentence relates to the others of its moment.
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
            past: None,
            role: Role::Plain,
            brief: note.clone(),
            note,
            detail: String::new(),
            is_detailed: false,
            is_prompt: false,
        }
    }

    fn past(mut self, predicate: impl Into<String>) -> Self {
        self.past = Some(predicate.into());
        self
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

    /// Returns a whole sentence: "The client sends its request again (send 2)."
    #[must_use]
    pub fn sentence(&self) -> String {
        capital(&(self.clause() + "."))
    }

    /// Returns the sentence in the past tense, for a run that is over: "The client gave up after 3.1 s."
    #[must_use]
    pub fn past_sentence(&self) -> String {
        let predicate = self.past.as_ref().unwrap_or(&self.predicate).clone();
        Self { predicate, ..self.clone() }.sentence()
    }

    /// Returns the sentence with the figures: "The client sends its request, 5 bytes."
    #[must_use]
    pub fn whole(&self) -> String {
        if self.detail.is_empty() || self.is_detailed {
            return self.sentence();
        }
        capital(&format!("{}, {}.", self.clause(), self.detail))
    }

    /// Returns the note with the figures: "send 2, 5 bytes".
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

    /// Returns the sentence as a part of another one.
    fn clause(&self) -> String {
        let blank = if self.subject.is_empty() { "" } else { " " };
        format!("{}{blank}{}", self.subject, self.predicate)
    }
}

/// A record with what is known about it: the input of this module's functions.
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

/// Returns the send of a record, as the cell of a table: `#2 send 1`, or nothing if unknown. Records
/// before an exchange's first send have only the exchange.
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
        Some(label) if setting.pattern == Pattern::Heartbeat => {
            format!("heartbeat {}", label.exchange)
        }
        Some(label) => format!("{exchange}{name} {}", label.send),
        None => exchange.trim_end().to_string(),
    }
}

/// Returns a server's name as part of a sentence: names such as `first` would otherwise be read as its words.
#[must_use]
pub fn quoted(name: ServerName) -> String {
    format!("“{name}”")
}

impl Wording<'_> {
    /// Returns the host that made the record.
    fn host(&self) -> String {
        match self.record.host {
            HostId::Client => self.client(),
            HostId::Link => "the link".to_string(),
            HostId::Server(number) => match self.setting.servers.get(number.get()) {
                Some(name) => format!("server {}", quoted(name)),
                None if number.get() > 1 => format!("server {number}"),
                None => "the server".to_string(),
            },
        }
    }

    /// Returns the name of the server that the record concerns, if there are several.
    fn server_name(&self) -> Option<ServerName> {
        self.setting.servers.get(self.record.server()?)
    }

    /// The same in quotation marks, for a sentence.
    fn server(&self) -> Option<String> {
        self.server_name().map(quoted)
    }

    /// Returns the name of the server after these words, such as ` to server “second”`, if there are several.
    fn with_server(&self, before: &str) -> String {
        self.server().map_or_else(String::new, |name| format!(" {before} {name}"))
    }

    /// Returns the name of the server for a note, such as ` to second`, if there are several.
    fn note_server(&self, before: &str) -> String {
        self.server_name().map_or_else(String::new, |name| format!(" {before} {name}"))
    }

    fn client(&self) -> String {
        match self.record.flow.filter(|_| self.setting.clients) {
            Some(flow) => format!("client {flow}"),
            None => "the client".to_string(),
        }
    }

    /// Returns ` of client 3`, if there are several.
    fn whose(&self) -> String {
        let flow = self.record.flow.filter(|_| self.setting.clients);
        flow.map_or_else(String::new, |flow| format!(" of client {flow}"))
    }

    /// Returns `send 2`, with its exchange if there are several; `attempt 2` for a writer.
    fn which(&self) -> Option<String> {
        let Label { exchange, send } = self.record.label?;
        Some(match self.setting.pattern {
            Pattern::Write => format!("attempt {send}"),
            Pattern::Heartbeat => format!("heartbeat {exchange}"),
            _ if self.setting.exchanges => format!("send {send} of exchange {exchange}"),
            _ => format!("send {send}"),
        })
    }

    /// Returns the number of the send, if known.
    fn send(&self) -> Option<u32> {
        self.record.label.map(|label| label.send.get())
    }

    /// Returns the exchange, if several have to be told apart.
    fn exchange(&self) -> Option<u32> {
        let label = self.record.label.filter(|_| self.setting.exchanges);
        label.map(|label| label.exchange.get())
    }

    /// Returns ` exchange 3`, to follow a verb, if exchanges overlap.
    fn overlapping(&self) -> Option<u32> {
        self.exchange().filter(|_| self.setting.pattern == Pattern::Open)
    }

    /// Returns what a server deals with: `it` if that has just arrived, otherwise its name.
    fn it(&self) -> String {
        if self.known.prompt {
            return "it".to_string();
        }
        let name = self.which().unwrap_or_else(|| "a request".to_string());
        name + &self.whose()
    }
}
