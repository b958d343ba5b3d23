//! Checks the keys of a scenario over connections.

use super::error::FieldError;
use super::faults::FaultKind;
use super::model::Scenario;
use super::network::NetworkKind;
use super::protocol::Protocol;
use crate::protocol::template;
use crate::time::WithUnit;
use crate::value::Printable;
use alloc::format;

/// Keys that only datagrams can change, each with the reason.
pub(super) const OF_DATAGRAMS: &[(&str, &str)] = &[
    ("connected", "a connection has one peer"),
    ("token", "a reply belongs to the connection on which it arrives"),
    ("workload.rate", "each client has one exchange at a time over connections"),
    ("workload.arrivals", "each client has one exchange at a time over connections"),
    ("workload.duration", "it ends arrivals"),
    ("workload.task", "only clients over datagrams write a row"),
    ("workload.interval", "only heartbeats use it"),
    ("workload.dead_after", "only heartbeats use it"),
    ("server.service", "the server answers connections at once"),
    ("server.rising", "the server answers connections at once"),
    ("server.workers", "the server answers connections at once"),
    ("server.queue", "the server answers connections at once"),
    ("server.order", "the server answers connections at once"),
    ("server.expire", "the server answers connections at once"),
    ("server.overflow", "the server answers connections at once"),
];

/// Maximum length in bytes of a request's path: with it, the head stays below what the server allows.
const MAX_PATH: usize = 8_000;

impl Scenario {
    /// Checks the keys that connections need, and those that they cannot have.
    #[inline(never)]
    pub(super) fn check_connections(&self) -> Result<(), FieldError> {
        let protocol = self.protocol;
        if self.network != NetworkKind::Packets {
            let sentence = format!(
                "protocol is \"{protocol}\"; with network={} it must be udp, because connections need the TCP/IP \
                 stacks of network=packets",
                self.network
            );
            return FieldError::contradiction("protocol", sentence);
        }
        self.must_be_default(&format!("with protocol={protocol}"), OF_DATAGRAMS.iter().copied())?;
        let slow = |kind| matches!(kind, FaultKind::Slow(_));
        if self.faults.as_slice().iter().any(|fault| slow(fault.kind)) {
            let sentence = format!(
                "faults has a fault `slow`, which multiplies the service time; with protocol={protocol} there \
                 must be none, because the server answers connections at once"
            );
            return FieldError::contradiction("faults", sentence);
        }
        if protocol == Protocol::Http {
            self.check_http()?;
        }
        Ok(())
    }

    #[inline(never)]
    fn check_http(&self) -> Result<(), FieldError> {
        let message = self.message.as_bytes();
        if template::has_placeholders(message) {
            return self
                .refuse_message("it must not contain {seq} or {time}, because it is a path");
        }
        if !message.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') {
            return self.refuse_message(
                "it must consist of visible ASCII characters without `#`, because it is a path; others can be \
                 percent-encoded, such as %20",
            );
        }
        if message.len() > MAX_PATH {
            let sentence = format!(
                "message is {} bytes long; with protocol=http it must be at most {MAX_PATH}, because it is a path",
                message.len()
            );
            return FieldError::contradiction("message", sentence);
        }
        match self.server.hint {
            Some(hint) if hint.subsec_nanos() > 0 => {
                let sentence = format!(
                    "server.hint is {}; with protocol=http it must be in whole seconds, because Retry-After counts seconds",
                    WithUnit(hint)
                );
                FieldError::contradiction("server.hint", sentence)
            }
            _ => Ok(()),
        }
    }

    fn refuse_message(&self, why: &str) -> Result<(), FieldError> {
        let (message, protocol) = (Printable::short(&self.message), self.protocol);
        let sentence = format!("message is \"{message}\"; with protocol={protocol} {why}");
        FieldError::contradiction("message", sentence)
    }
}
