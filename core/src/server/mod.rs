//! Servers: [`echo`] answers at once and loses requests on purpose, [`service`] takes time to answer,
//! [`row`] keeps one row that many clients write, [`heartbeat`] watches which clients are alive.

mod clients;
pub mod echo;
mod flows;
pub mod heartbeat;
pub mod row;
pub mod service;

pub use clients::Clients;
pub use flows::ClientAddresses;
pub(crate) use flows::Flows;
