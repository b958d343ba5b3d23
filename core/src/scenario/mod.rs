//! A scenario: everything that a run depends on, as keys and values.
//!
//! [`Scenario`] is the struct that programs use, [`FIELDS`] the table of its keys: every text form of a
//! scenario is made from that table.
//!
//! ```
//! use retrylab_core::scenario::Scenario;
//!
//! let mut scenario = Scenario::default();
//! scenario.apply([("server.drop", "30%"), ("policy.initial_timeout", "50 ms")])?;
//! assert_eq!(scenario.to_fragment(), "policy.initial_timeout=50ms&server.drop=0.3");
//!
//! let error = scenario.apply([("server.drop", "2")]).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "server.drop: \"2\" is not a probability from 0 to 1; try 0.3 or 30%"
//! );
//! # Ok::<(), retrylab_core::scenario::FieldError>(())
//! ```

mod acts;
mod adapt;
mod apply;
mod changes;
mod check;
mod connections;
mod dns;
mod eras;
mod error;
mod faults;
mod field;
mod fragment;
mod keys;
mod latency;
mod link;
mod list;
mod load;
mod lookups;
mod model;
mod network;
mod protocol;
#[cfg(feature = "serde")]
mod serde;
mod servers;
mod shipped;
#[cfg(test)]
mod tests;
mod workload;

pub use acts::Acts;
pub use changes::{Change, Changes};
pub use dns::{Asking, Records};
pub use error::FieldError;
pub use faults::{Fault, FaultKind, Faults};
pub use field::Field;
pub use fragment::Link;
pub use keys::FIELDS;
pub use model::Scenario;
pub use network::{Family, NetworkKind};
pub use protocol::Protocol;
#[cfg(feature = "sim")]
pub(crate) use servers::{CLIENTS, SERVER};
pub use servers::{NamedServer, Servers};
pub use shipped::{SHIPPED, Shipped};
#[cfg(test)]
pub(crate) use tests::LINK_KEYS;
pub use workload::{Task, Workload};
