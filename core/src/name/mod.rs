//! Names and addresses: IPv4 addresses as numbers, and the Domain Name System (DNS, RFC 1034 and 1035).
//!
//! [`Resolver`] is the machine of a stub resolver: it asks name servers for the addresses of one name, with the
//! retry policies of this crate. [`NameServer`] is the machine of a small authoritative server. Both speak DNS over UDP;
//! for what UDP cannot carry, a driver exchanges [frames](frame) over TCP.
//!
//! What they do not do: they remember nothing from one query to the next, do not follow referrals from the root of the
//! DNS, do not validate or sign (DNSSEC), and do not encrypt.
//!
//! | file | what it is |
//! |---|---|
//! | [`ipv4`] | addresses as text and as 32-bit numbers |
//! | `domain` | names as people write them: [`DomainName`] |
//! | `message` | queries and replies as bytes |
//! | `framing` | messages over TCP: [`frame`], [`split_frame`] |
//! | `options` | the rule of resolv.conf(5): [`Options`] |
//! | `resolver` | the stub resolver: [`Resolver`] |
//! | `zone` | the names of a server: [`Zone`] |
//! | `server` | the name server over datagrams: [`NameServer`] |
//! | `service` | the same over connections: [`NameService`] |

#[cfg(feature = "dns")]
mod domain;
#[cfg(feature = "dns")]
mod framing;
pub mod ipv4;
#[cfg(feature = "dns")]
mod message;
mod options;
#[cfg(feature = "dns")]
mod resolver;
#[cfg(feature = "dns")]
mod server;
#[cfg(feature = "dns")]
mod service;
#[cfg(feature = "dns")]
mod zone;

pub use options::{MAX_ATTEMPTS, MAX_SERVERS, MAX_TIMEOUT, Options, OptionsError};
#[cfg(feature = "dns")]
pub use {
    domain::{DomainName, DomainNameError},
    framing::{frame, split_frame},
    message::{Answer, Failure, Kind, code_name, describe},
    resolver::{Config, Event, Mismatch, Resolver, Retry, Truncated, Verdict},
    server::{NameServer, ServerEvent},
    service::{NameService, NameSession, QueryEvent},
    zone::{Handled, MAX_ADDRESSES, TooManyAddresses, Transport, Zone},
};
