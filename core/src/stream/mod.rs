//! The same roles over a connection: connect, confirm, exchange, release.
//!
//! A machine for datagrams ([`machine::Machine`](crate::machine::Machine)) gets each message whole, or not at
//! all. A machine for connections is an [`Endpoint`]: it opens or accepts connections and gets a stream of
//! bytes, in order and without losses, but in pieces of any size. The network below does the
//! retransmission: the kernel's TCP on a real socket, smoltcp's in the simulated network. What is left to a retry policy is
//! the connection as a whole: it cannot be opened, it breaks, or nothing comes back in time.
//!
//! # The life of a connection
//!
//! ```text
//!   client                                        server
//!   Connect  ────────────────────────────────▶    Accepted { peer }      it continues to listen
//!   Confirmed  ◀──────────────────────────────
//!   Send  ───────────────────────────────────▶    Bytes(..)              pieces of any size
//!   Bytes(..)  ◀──────────────────────────────    Send
//!   Finish  ─────────────────────────────────▶    Finished               no more bytes this way
//!   Finished  ◀───────────────────────────────    Finish
//!   Released                                      Released               both directions are closed
//! ```
//!
//! [`State::after`] follows the one [table](TABLE) of states and signals. It is printed at the end of this
//! page.
//!
//! # How to drive an endpoint
//!
//! **One input, then drain events and commands to `None`, then read the deadline.** Events are drained before
//! each command and after the last one: a command may raise events. The first input is
//! [`handle_start`](Endpoint::handle_start). A driver keeps, for each connection, a socket and the
//! bytes that the socket has not yet taken:
//!
//! - [`Command::Connect`]: open a socket. Report `Confirmed`, or `Refused`.
//! - [`Command::Send`]: append the buffer to the bytes to send. Report `Written(n)` each time the socket takes `n`.
//! - [`Command::Finish`]: when the bytes to send are gone, close the sending direction (`shutdown`).
//! - [`Command::Abort`]: drop both, the bytes to send included, and close the socket with a reset.
//! - A listening socket accepts a connection: give it a new number and report `Accepted`.
//! - The socket has bytes: read at most [`window`](Endpoint::window) of them and report `Bytes`. Read
//!   nothing while it is 0; look at the window again after each input of the endpoint.
//! - The peer closes its direction (a read returns 0): report `Finished`, once, after all bytes.
//! - Both directions are closed and all bytes are gone: report `Released`, and forget the connection.
//! - Any error of the socket: report `Reset` (`Refused` if it was not yet confirmed), and forget it.
//!
//! After `Released`, `Refused`, `Reset` or `Abort`, an endpoint ignores its connection's number.
//!
//! # Example
//!
//! Client and server in one process, without a socket: what one end sends arrives at the other at once.
//!
//! ```
//! use retrylab_core::client::Config;
//! use retrylab_core::server::echo;
//! use retrylab_core::stream::{
//!     Client, Command, ConnectionId, EchoService, Endpoint, Input, Limits, Server,
//! };
//! use retrylab_core::time::Instant;
//!
//! /// Drains `from` into `to`: its commands become inputs. Returns the number of commands.
//! fn carry<A: Endpoint, B: Endpoint>(now: Instant, from: &mut A, to: &mut B) -> usize {
//!     let (mut buf, mut commands) = (Vec::new(), 0);
//!     loop {
//!         while from.poll_event().is_some() {}
//!         let Some((id, command)) = from.poll_command(now, &mut buf) else { return commands };
//!         commands += 1;
//!         match command {
//!             Command::Connect { to: server } => {
//!                 to.handle_input(now, id, Input::Accepted { peer: server });
//!                 from.handle_input(now, id, Input::Confirmed);
//!             }
//!             Command::Send => {
//!                 // A real driver respects the window of the receiver.
//!                 assert!(buf.len() <= to.window(id));
//!                 to.handle_input(now, id, Input::Bytes(&buf));
//!                 from.handle_input(now, id, Input::Written(buf.len()));
//!             }
//!             Command::Finish => to.handle_input(now, id, Input::Finished),
//!             Command::Abort => to.handle_input(now, id, Input::Reset),
//!         }
//!         buf.clear();
//!     }
//! }
//!
//! let address = "192.0.2.1:1060".parse().unwrap();
//! let mut client = Client::new(Config::textbook(address, b"hello"));
//! let service = EchoService::new(echo::Config::default(), 1);
//! let mut server = Server::new(service, Limits::default());
//! let now = Instant::ZERO;
//! client.handle_start(now);
//! server.handle_start(now);
//! while carry(now, &mut client, &mut server) + carry(now, &mut server, &mut client) > 0 {}
//! assert_eq!(client.reply().unwrap().reply(), b"Your data was 5 bytes");
//!
//! // Both ends have finished, so the connection is released.
//! client.handle_input(now, ConnectionId(1), Input::Released);
//! server.handle_input(now, ConnectionId(1), Input::Released);
//! assert!(client.is_finished());
//! assert_eq!(server.connections(), 0);
//! ```
//!
//! # The table
//!
//! An empty cell is an illegal pair; brackets mark an input that is ignored.
#![doc = include_str!("states.md")]

mod attempt;
mod client;
mod codec;
mod echo;
mod endpoint;
mod event;
pub mod http;
mod limits;
mod peer;
mod server;
mod service;
mod table;
mod verdict;

pub use crate::trace::{Failure, Limit};
pub use attempt::MAX_CONNECTIONS;
pub use client::Client;
pub use codec::{Codec, Reading};
pub use echo::{EchoEvent, EchoReader, EchoService, EchoSession};
pub use endpoint::{Command, ConnectionId, Endpoint, Input, Subject};
pub use event::Event;
pub use limits::Limits;
pub use server::{Server, ServerEvent};
pub use service::{Reaction, Service};
pub use table::{Action, Illegal, Row, Signal, State, TABLE, markdown, mermaid};

use crate::machine::Timer;
use crate::time::Duration;

/// Maximum number of bytes that an endpoint keeps of what has arrived and of what is not yet sent.
pub const READ_AHEAD: usize = 64 << 10;

/// Time that a client gives its server to close a connection whose reply is complete, and the default of a
/// server for its clients.
pub const RELEASE: Duration = Duration::from_secs(1);

/// The timer of [`RELEASE`].
const RELEASE_TIMER: Timer = Timer::Other(&"release");

/// Maximum number of events that an endpoint keeps for a driver that does not drain them; older ones are lost. One input
/// causes fewer: [`READ_AHEAD`] bytes of the shortest DNS queries, 14 bytes each, are 4,682 events.
const MAX_EVENTS: usize = 8_192;
