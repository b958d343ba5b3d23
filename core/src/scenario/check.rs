//! Checks that the keys of a scenario do not contradict each other.

use super::error::FieldError;
use super::faults::FaultKind;
use super::field::Field;
use super::keys::FIELDS;
use super::model::Scenario;
use super::workload::Workload;
use super::{network, servers};
use crate::client::{Arrivals, MAX_MESSAGE_IPV4};
use crate::protocol::{FAILURE, Token};
use crate::value::Printable;
use alloc::format;

/// Maximum number of message bytes that one client may send at the same moment.
const MAX_BURST: usize = 1 << 28;

/// Keys that writers may set; every other key of these groups must have its default.
const OF_WRITERS: [&str; 5] =
    ["workload.task", "link.preset", "link.latency", "link.rtt", "link.correlation"];

impl Scenario {
    /// Checks keys whose values are each valid by themselves.
    pub(super) fn check(&self) -> Result<(), FieldError> {
        self.check_message()?;
        let kind = (self.network, self.family, self.protocol);
        network::check(kind, self.listening, &self.link)?;
        self.check_protocol()?;
        self.check_dns()?;
        servers::check(&self.servers, self.network, &self.workload, &self.faults)?;
        match &self.workload {
            Workload::Open { arrivals, .. } => return self.check_open(arrivals),
            Workload::Write => self.check_writers()?,
            Workload::Heartbeat { .. } => self.check_heartbeats()?,
            Workload::Closed { .. } => {}
        }
        let load = |kind| matches!(kind, FaultKind::Load(_));
        if self.faults.as_slice().iter().any(|fault| load(fault.kind)) {
            let sentence = "faults has a fault `load`, which multiplies arrivals; without workload.arrivals \
                            there must be none";
            return FieldError::contradiction("faults", sentence);
        }
        Ok(())
    }

    fn check_message(&self) -> Result<(), FieldError> {
        let token = if self.token { Token::MAX_LEN } else { 0 };
        let (length, longest) = (self.max_message_len(), MAX_MESSAGE_IPV4 - token);
        if length > longest {
            let with = if self.token { "with token=true it" } else { "with its placeholders it" };
            let sentence =
                format!("message is {length} bytes long; {with} must be at most {longest}");
            return FieldError::contradiction("message", sentence);
        }
        if self.message.as_bytes().starts_with(FAILURE) {
            let sentence = "message begins like a server's failure; it must begin differently";
            return FieldError::contradiction("message", sentence);
        }
        Ok(())
    }

    fn check_open(&self, arrivals: &Arrivals) -> Result<(), FieldError> {
        if !(self.token && self.server.reply.has_request()) {
            let sentence = "workload.arrivals lets exchanges overlap, so each reply has to name the \
                            one it answers: token must be true and server.reply must be mirror or upper";
            return FieldError::contradiction("workload.arrivals", sentence);
        }
        // One event handles them all, so the bound on memory could not stop it in time.
        let (burst, length) = (arrivals.burst(), self.max_message_len());
        if burst.saturating_mul(length) > MAX_BURST {
            let sentence = format!(
                "workload.arrivals begins {burst} exchanges at the same moment, each with a message \
                 of {length} bytes; together they must be at most {MAX_BURST} bytes"
            );
            return FieldError::contradiction("workload.arrivals", sentence);
        }
        Ok(())
    }

    /// Nobody answers heartbeats, and they are not sent again.
    fn check_heartbeats(&self) -> Result<(), FieldError> {
        let is_fixed = |field: &&Field| {
            matches!(field.group(), "policy" | "server") && field.key != "server.listening"
                || ["message", "token", "protocol"].contains(&field.key)
        };
        let why = "a heartbeat has a text of its own, is not answered and is not sent again";
        FIELDS.iter().filter(is_fixed).try_for_each(|field| {
            self.must_be_default(field.key, "with workload.task=heartbeat", why)
        })?;
        if let Some(fault) = self.faults.as_slice().iter().find(|fault| fault.on_link().is_none()) {
            let sentence = format!(
                "faults has a fault \"{fault}\"; with workload.task=heartbeat there must be faults of the link only, \
                 because the server does not work and heartbeats do not arrive at random"
            );
            return FieldError::contradiction("faults", sentence);
        }
        Ok(())
    }

    /// Writers do not send again when no reply comes: a lost datagram would block them forever.
    fn check_writers(&self) -> Result<(), FieldError> {
        let default = Self::default();
        let groups = ["workload", "server", "link"];
        let fixed = FIELDS.iter().filter(|field| {
            let in_group = groups.contains(&field.group());
            (in_group || ["exchanges", "faults"].contains(&field.key))
                && !OF_WRITERS.contains(&field.key)
        });
        for field in fixed {
            let (value, allowed) = (field.value(self), field.value(&default));
            if value != allowed {
                let sentence = format!(
                    "{key} is \"{value}\"; with workload.task=write it must be {allowed}, because \
                     each client writes once, over a link that loses nothing, to a server that takes \
                     no time",
                    key = field.key,
                    value = Printable::short(&value),
                );
                return FieldError::contradiction(field.key, sentence);
            }
        }
        Ok(())
    }
}
