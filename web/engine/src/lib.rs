//! The simulated network as the page runs it.
//!
//! It is a crate of its own because cargo optimizes whole crates: here the loop of the simulated network is compiled, which
//! has to be fast, and in `retrylab-web` everything that has to be small.
//!
//! | module | what it is |
//! |---|---|
//! | [`run`] | steps the simulated network within a bound, keeps its first records |
//! | [`part`] | some of very many independent clients, simulated in a web worker |
//! | [`report`] | what workers report, added up |
//! | [`frames`] | the bytes of the first frames of a network of packets |

pub mod frames;
pub mod part;
pub mod report;
pub mod run;
