//! The simulated network as web workers run it.
//!
//! It is a crate of its own because cargo optimizes whole crates: here the loop of the simulated network is compiled for very
//! many clients, which has to be fast, and in `retrylab-web` everything that has to be small, with another such loop for what
//! the page draws.
//!
//! | module | what it is |
//! |---|---|
//! | [`part`] | some of very many independent clients, simulated in a web worker |
//! | [`report`] | what workers report, added up |

pub mod part;
pub mod report;
