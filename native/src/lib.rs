//! The machines of [`retrylab_core`] on real sockets.
//!
//! [`udp::drive`] runs any state machine that implements [`retrylab_core::machine`] over a UDP socket, and
//! writes the same trace as the simulated network. The program `retrylab` uses this library, and so can
//! your own program or test.
//!
//! The library is not made for servers on the open Internet, and it does not batch system calls.
//!
//! ```
//! use retrylab::clock::Clock;
//! use retrylab::udp::{self, Ended, Socket};
//! use retrylab_core::trace::{Record, What};
//! use retrylab_core::{client, server::echo};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let mut server = echo::Server::new(echo::Config::default(), 1);
//! let server_socket = Socket::serving("127.0.0.1:0".parse().unwrap()).await?;
//! let peer = server_socket.local_addr()?;
//!
//! let mut client = client::Client::new(client::Config::textbook(peer, b"hello"));
//! let client_socket = Socket::connected(peer).await?;
//! let mut records: Vec<Record> = Vec::new();
//!
//! let clock = Clock::start();
//! let ended = tokio::select! {
//!     ended = udp::drive(&mut client, &client_socket, clock, &mut records, ()) => ended?,
//!     ended = udp::drive(&mut server, &server_socket, clock, (), ()) => ended?,
//! };
//! assert_eq!(ended, Ended::Finished);
//! assert!(matches!(records.last().unwrap().what, What::Answered { sends: 1, .. }));
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap();
//! ```

pub mod clock;
pub mod tcp;
pub mod udp;

/// Runs the code of the guide as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/library.md")]
struct Guide;
