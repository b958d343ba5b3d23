//! Checks that the keys of a scenario do not contradict each other.

use super::error::FieldError;
use super::faults::FaultKind;
use super::field::Field;
use super::keys::FIELDS;
use super::model::Scenario;
use super::network::{Family, NetworkKind};
use super::servers::Servers;
use super::workload::Workload;
use crate::client::{Arrivals, MAX_MESSAGE_IPV4};
use crate::protocol::{FAILURE, Token};
use crate::value::Printable;
use alloc::format;

/// Maximum number of message bytes that one client may send at the same moment.
const MAX_BURST: usize = 1 << 28;

/// Bytes of the headers of IPv4 and UDP, which `link.overhead` includes and a packet has by itself.
const HEADERS: i64 = 28;

/// Keys that writers may set; every other key of these groups must have its default.
const OF_WRITERS: [&str; 5] =
    ["workload.task", "link.preset", "link.latency", "link.rtt", "link.correlation"];

impl Scenario {
    /// Checks keys whose values are each valid by themselves.
    pub(super) fn check(&self) -> Result<(), FieldError> {
        self.check_message()?;
        self.check_network()?;
        if self.protocol.has_connections() {
            self.check_connections()?;
        }
        self.check_dns()?;
        self.check_servers()?;
        match &self.workload {
            Workload::Open { arrivals, .. } => {
                self.check_end(arrivals)?;
                return self.check_open(arrivals);
            }
            Workload::Write => self.check_writers()?,
            Workload::Heartbeat { .. } => self.check_heartbeats()?,
            Workload::Closed { .. } => {}
        }
        if self.exchanges.is_none() {
            let sentence = "exchanges is none; without workload.rate or workload.arrivals it must be a number, because \
                            nothing else ends the run";
            return FieldError::contradiction("exchanges", sentence);
        }
        let load = |kind| matches!(kind, FaultKind::Load(_));
        if self.faults.as_slice().iter().any(|fault| load(fault.kind)) {
            let sentence = "faults has a fault `load`, which multiplies arrivals; without workload.rate or \
                            workload.arrivals there must be none";
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

    /// Checks the keys that need stacks, and those that stacks limit.
    fn check_network(&self) -> Result<(), FieldError> {
        let family = self.family;
        if self.network == NetworkKind::Datagrams {
            if family != Family::Ipv4 {
                let sentence = "family is \"ipv6\"; without network=packets it must be ipv4, because hosts without stacks \
                                exchange datagrams that have no IP header";
                return FieldError::contradiction("family", sentence);
            }
            if !self.listening {
                let sentence = "server.listening is false; without network=packets it must be true, because hosts \
                                without stacks do not answer that nobody listens";
                return FieldError::contradiction("server.listening", sentence);
            }
            return Ok(());
        }
        self.check_stacks()
    }

    /// Checks what hosts with stacks need of their link.
    #[inline(never)]
    fn check_stacks(&self) -> Result<(), FieldError> {
        let family = self.family;
        if family == Family::Ipv6 && !self.link.checksum {
            let sentence = "link.checksum is false; with family=ipv6 it must be true, because UDP over IPv6 requires \
                            checksums (RFC 8200, section 8.1)";
            return FieldError::contradiction("link.checksum", sentence);
        }
        // A host that does not listen answers a segment of TCP with a reset, which is small.
        let listening = self.listening || self.protocol.has_connections();
        let (overhead, min_mtu) =
            (i64::from(self.link.overhead), i64::from(family.min_mtu(listening)));
        let least = (min_mtu + overhead - HEADERS).max(1);
        match self.link.mtu {
            Some(mtu) if i64::from(mtu) < least => {
                let (with, why) = if listening {
                    ("", "every link must carry packets of")
                } else {
                    (
                        ", server.listening=false",
                        "the error of a host that does not listen is a packet of up to",
                    )
                };
                let sentence = format!(
                    "link.mtu is {mtu}; with network=packets, family={family}{with} and link.overhead={overhead} it must be \
                     at least {least}, because {why} {min_mtu} bytes"
                );
                FieldError::contradiction("link.mtu", sentence)
            }
            _ => Ok(()),
        }
    }

    /// Checks what several servers do not do, and that faults name servers that there are.
    #[inline(never)]
    fn check_servers(&self) -> Result<(), FieldError> {
        let servers = &self.servers;
        let unknown = self.faults.as_slice().iter().filter_map(|fault| fault.at_server);
        if let Some(name) = unknown.into_iter().find(|name| !servers.has(*name)) {
            let sentence = format!(
                "faults has a fault at the server \"{name}\"; servers is \"{servers}\" and must name it"
            );
            return FieldError::contradiction("faults", sentence);
        }
        if self.network == NetworkKind::Packets && *servers != Servers::default() {
            let sentence = format!(
                "servers is \"{servers}\"; with network=packets it must be {}, because hosts with TCP/IP stacks reach a \
                 single server",
                Servers::default()
            );
            return FieldError::contradiction("servers", sentence);
        }
        let who = match self.workload {
            Workload::Closed { .. } => return Ok(()),
            Workload::Open { shared: true, .. } => "with workload.rate",
            Workload::Open { .. } => "with workload.arrivals",
            Workload::Write => "with workload.task=write",
            Workload::Heartbeat { .. } => "with workload.task=heartbeat",
        };
        if servers.is_several() {
            let sentence = format!(
                "servers is \"{servers}\"; {who} it must be one server, because these clients ask a single one"
            );
            return FieldError::contradiction("servers", sentence);
        }
        Ok(())
    }

    /// Checks that arrivals end.
    #[inline(never)]
    fn check_end(&self, arrivals: &Arrivals) -> Result<(), FieldError> {
        let ends = matches!(arrivals, Arrivals::Times(_));
        if ends || self.exchanges.is_some() || self.workload.duration().is_some() {
            return Ok(());
        }
        let sentence = "workload.duration is none; it must say how long exchanges arrive, such as 60s, because exchanges is \
                        none";
        FieldError::contradiction("workload.duration", sentence)
    }

    #[inline(never)]
    fn check_open(&self, arrivals: &Arrivals) -> Result<(), FieldError> {
        if !(self.token && self.server.reply.has_request()) {
            let shared = self.workload.rate().is_some();
            let key = if shared { "workload.rate" } else { "workload.arrivals" };
            let sentence = format!(
                "{key} lets exchanges overlap, so each reply has to name the one it answers: token must be true and \
                 server.reply must be mirror or upper"
            );
            return FieldError::contradiction(key, sentence);
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
    #[inline(never)]
    fn check_heartbeats(&self) -> Result<(), FieldError> {
        let is_fixed = |field: &&Field| {
            matches!(field.group(), "policy" | "server") && field.key != "server.listening"
                || ["message", "token", "protocol"].contains(&field.key)
        };
        let why = "a heartbeat has a text of its own, is not answered and is not sent again";
        let fixed = FIELDS.iter().filter(is_fixed).map(|field| (field.key, why));
        self.must_be_default("with workload.task=heartbeat", fixed)?;
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
    #[inline(never)]
    fn check_writers(&self) -> Result<(), FieldError> {
        let groups = ["workload", "server", "link"];
        let is_fixed = |field: &&Field| {
            let in_group = groups.contains(&field.group());
            (in_group || ["exchanges", "faults", "acts", "changes"].contains(&field.key))
                && !OF_WRITERS.contains(&field.key)
        };
        let why = "each client writes once, over a link that loses nothing, to a server that takes no time";
        let fixed = FIELDS.iter().filter(is_fixed).map(|field| (field.key, why));
        self.must_be_default("with workload.task=write", fixed)
    }

    /// Refuses the first of these keys whose value is not its default. Each has the reason with it.
    pub(super) fn must_be_default<'a>(
        &self,
        with: &str,
        fixed: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), FieldError> {
        let default = Self::default();
        for (key, why) in fixed {
            let field = Field::find(key)?;
            let (value, allowed) = (field.value(self), field.value(&default));
            if value != allowed {
                let value = Printable::short(&value);
                let sentence =
                    format!("{key} is \"{value}\"; {with} it must be {allowed}, because {why}");
                return FieldError::contradiction(key, sentence);
            }
        }
        Ok(())
    }
}
