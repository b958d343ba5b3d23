//! Names and addresses: IPv4 addresses as numbers.

pub mod ipv4;
