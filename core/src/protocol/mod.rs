//! What requests and replies look like as bytes.

mod failure;
pub mod row;
mod token;

pub(crate) use failure::emit as emit_failure;
pub use failure::{FAILURE, parse_failure};
pub use token::Token;
