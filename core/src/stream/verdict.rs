//! What a server does on purpose: it drops and fails requests, as its configuration says.

use crate::protocol::echo::Reply;
use crate::random::{Direction, Name, Purpose};
use crate::server::echo::Config;
use crate::time::Duration;
use crate::trace::Cause;

/// How a request is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Answer,
    Drop(Cause),
    Fail,
}

/// Decides about one request after another, in the order in which they arrive.
#[derive(Clone, Debug)]
pub(super) struct Verdicts {
    config: Config,
    seed: u64,
    requests: u64,
}

impl Verdicts {
    pub(super) const fn new(config: Config, seed: u64) -> Self {
        Self { config, seed, requests: 0 }
    }

    /// What the server answers.
    pub(super) const fn reply(&self) -> Reply {
        self.config.reply
    }

    /// When a failure says to come back.
    pub(super) const fn hint(&self) -> Option<Duration> {
        self.config.hint
    }

    /// Returns the verdict about the next request, and its number, from 1 over the server's life.
    pub(super) fn next(&mut self) -> (u64, Verdict) {
        let Config { drop, fail, drop_first, ref drop_list, .. } = self.config;
        let index = self.requests;
        self.requests = self.requests.saturating_add(1);
        let name = Name { seed: self.seed, flow: 0, direction: Direction::Request, index };
        let verdict = if index < drop_first {
            Verdict::Drop(Cause::DropFirst)
        } else if drop_list.contains(self.requests) {
            Verdict::Drop(Cause::DropList)
        } else if name.stream(Purpose::ServerDrop).chance(drop) {
            Verdict::Drop(Cause::ServerDrop)
        } else if name.stream(Purpose::ServerFail).chance(fail) {
            Verdict::Fail
        } else {
            Verdict::Answer
        };
        (self.requests, verdict)
    }
}
