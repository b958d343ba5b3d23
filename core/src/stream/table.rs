//! The states of a connection: one table, which the endpoints follow and from which the documentation is
//! made.

use super::{Command, Input};
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write as _};

/// State of one connection, as its endpoint sees it. The names of the half-closed states are those of
/// RFC 9113 section 5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Neither asked for nor accepted yet.
    New,
    /// Asked for, and not yet confirmed.
    Connecting,
    /// Both ends may send.
    Open,
    /// This end has finished; the peer may still send.
    HalfClosedLocal,
    /// The peer has finished; this end may still send.
    HalfClosedRemote,
    /// Both ends have finished; the last bytes are on their way.
    Closing,
    /// Over: everything was delivered in both directions.
    Released,
    /// Over: it was never confirmed.
    Refused,
    /// Over: the peer or the network broke it.
    Reset,
    /// Over: this end gave it up.
    Aborted,
}

/// What can happen to a connection: the endpoint's commands and its driver's inputs, without what they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// [`Command::Connect`].
    Connect,
    /// [`Command::Send`].
    Send,
    /// [`Command::Finish`].
    Finish,
    /// [`Command::Abort`].
    Abort,
    /// [`Input::Accepted`].
    Accepted,
    /// [`Input::Confirmed`].
    Confirmed,
    /// [`Input::Refused`].
    Refused,
    /// [`Input::Bytes`].
    Bytes,
    /// [`Input::Written`].
    Written,
    /// [`Input::Finished`].
    Finished,
    /// [`Input::Released`].
    Released,
    /// [`Input::Reset`].
    Reset,
}

/// Who acts when a row of the table applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The driver carries the command out.
    Command,
    /// The endpoint handles the input.
    Handle,
    /// Nobody: the input was on its way when the endpoint gave the connection up.
    Ignore,
}

/// Row of the table: in this state, this signal leads to that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The state before.
    pub from: State,
    /// What happens.
    pub signal: Signal,
    /// The state after.
    pub to: State,
    /// Who acts.
    pub action: Action,
}

const fn row(from: State, signal: Signal, to: State, action: Action) -> Row {
    Row { from, signal, to, action }
}

/// Every legal pair of a state and a signal. A pair that is not here is illegal: an endpoint that gives such a
/// command, or a driver that reports such an input, has a bug.
pub const TABLE: &[Row] = {
    use Action::{Command, Handle, Ignore};
    use Signal as On;
    use State::{
        Aborted, Closing, Connecting, HalfClosedLocal, HalfClosedRemote, New, Open, Refused,
        Released, Reset,
    };
    &[
        row(New, On::Connect, Connecting, Command),
        row(New, On::Accepted, Open, Handle),
        row(Connecting, On::Abort, Aborted, Command),
        row(Connecting, On::Confirmed, Open, Handle),
        row(Connecting, On::Refused, Refused, Handle),
        row(Open, On::Send, Open, Command),
        row(Open, On::Finish, HalfClosedLocal, Command),
        row(Open, On::Abort, Aborted, Command),
        row(Open, On::Bytes, Open, Handle),
        row(Open, On::Written, Open, Handle),
        row(Open, On::Finished, HalfClosedRemote, Handle),
        row(Open, On::Reset, Reset, Handle),
        row(HalfClosedLocal, On::Abort, Aborted, Command),
        row(HalfClosedLocal, On::Bytes, HalfClosedLocal, Handle),
        row(HalfClosedLocal, On::Written, HalfClosedLocal, Handle),
        row(HalfClosedLocal, On::Finished, Closing, Handle),
        row(HalfClosedLocal, On::Reset, Reset, Handle),
        row(HalfClosedRemote, On::Send, HalfClosedRemote, Command),
        row(HalfClosedRemote, On::Finish, Closing, Command),
        row(HalfClosedRemote, On::Abort, Aborted, Command),
        row(HalfClosedRemote, On::Written, HalfClosedRemote, Handle),
        row(HalfClosedRemote, On::Reset, Reset, Handle),
        row(Closing, On::Abort, Aborted, Command),
        row(Closing, On::Written, Closing, Handle),
        row(Closing, On::Released, Released, Handle),
        row(Closing, On::Reset, Reset, Handle),
        row(Aborted, On::Confirmed, Aborted, Ignore),
        row(Aborted, On::Refused, Aborted, Ignore),
        row(Aborted, On::Bytes, Aborted, Ignore),
        row(Aborted, On::Written, Aborted, Ignore),
        row(Aborted, On::Finished, Aborted, Ignore),
        row(Aborted, On::Released, Aborted, Ignore),
        row(Aborted, On::Reset, Aborted, Ignore),
    ]
};

/// A signal that is impossible in a connection's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Illegal {
    /// The state, which does not change.
    pub state: State,
    /// What cannot happen in it.
    pub signal: Signal,
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, signal } = self;
        write!(f, "a connection in the state \"{state}\" has no \"{signal}\"")
    }
}

impl core::error::Error for Illegal {}

impl State {
    /// Every state, in the order of the table.
    pub const ALL: &[Self] = &[
        Self::New,
        Self::Connecting,
        Self::Open,
        Self::HalfClosedLocal,
        Self::HalfClosedRemote,
        Self::Closing,
        Self::Released,
        Self::Refused,
        Self::Reset,
        Self::Aborted,
    ];

    /// Returns the state's name in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::HalfClosedLocal => "half-closed (local)",
            Self::HalfClosedRemote => "half-closed (remote)",
            Self::Closing => "closing",
            Self::Released => "released",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Aborted => "aborted",
        }
    }

    /// Returns true if the connection is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Released | Self::Refused | Self::Reset | Self::Aborted)
    }

    /// Returns true if this end may send.
    #[must_use]
    pub const fn can_send(self) -> bool {
        matches!(self, Self::Open | Self::HalfClosedRemote)
    }

    /// Returns the state after `signal`, and who acts.
    ///
    /// # Errors
    /// [`Illegal`] if the [table](TABLE) does not have this pair.
    ///
    /// ```
    /// use retrylab_core::stream::{Action, Signal, State};
    ///
    /// assert_eq!(State::New.after(Signal::Connect), Ok((State::Connecting, Action::Command)));
    /// let illegal = State::Connecting.after(Signal::Send).unwrap_err();
    /// assert_eq!(illegal.to_string(), "a connection in the state \"connecting\" has no \"send\"");
    /// ```
    pub fn after(self, signal: Signal) -> Result<(Self, Action), Illegal> {
        let row = TABLE.iter().find(|row| row.from == self && row.signal == signal);
        row.map(|row| (row.to, row.action)).ok_or(Illegal { state: self, signal })
    }

    /// Follows the table: changes the state and returns who acts.
    ///
    /// # Errors
    /// [`Illegal`] if the [table](TABLE) does not have this pair. The state does not change.
    pub fn follow(&mut self, signal: Signal) -> Result<Action, Illegal> {
        let (to, action) = self.after(signal)?;
        *self = to;
        Ok(action)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Signal {
    /// Every signal, in the order of the table: the commands, then the inputs.
    pub const ALL: &[Self] = &[
        Self::Connect,
        Self::Send,
        Self::Finish,
        Self::Abort,
        Self::Accepted,
        Self::Confirmed,
        Self::Refused,
        Self::Bytes,
        Self::Written,
        Self::Finished,
        Self::Released,
        Self::Reset,
    ];

    /// Returns the signal's name in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Finish => "finish",
            Self::Abort => "abort",
            Self::Accepted => "accepted",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Bytes => "bytes",
            Self::Written => "written",
            Self::Finished => "peer finished",
            Self::Released => "released",
            Self::Reset => "reset",
        }
    }

    /// Returns true if it is a command of the endpoint, and not an input from the driver.
    #[must_use]
    pub const fn is_command(self) -> bool {
        matches!(self, Self::Connect | Self::Send | Self::Finish | Self::Abort)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Command> for Signal {
    fn from(command: Command) -> Self {
        match command {
            Command::Connect { .. } => Self::Connect,
            Command::Send => Self::Send,
            Command::Finish => Self::Finish,
            Command::Abort => Self::Abort,
        }
    }
}

impl From<Input<'_>> for Signal {
    fn from(input: Input<'_>) -> Self {
        match input {
            Input::Accepted { .. } => Self::Accepted,
            Input::Confirmed => Self::Confirmed,
            Input::Refused => Self::Refused,
            Input::Bytes(_) => Self::Bytes,
            Input::Written(_) => Self::Written,
            Input::Finished => Self::Finished,
            Input::Released => Self::Released,
            Input::Reset => Self::Reset,
        }
    }
}

/// Returns the table in Markdown: one row per state, one column per signal, and the state after it in each
/// cell. An empty cell is an illegal pair; brackets mark an input that is ignored.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from("| state |");
    Signal::ALL.iter().for_each(|signal| out.push_str(&format!(" {signal} |")));
    out.push_str("\n|---|");
    Signal::ALL.iter().for_each(|_| out.push_str("---|"));
    out.push('\n');
    for state in State::ALL {
        out.push_str(&format!("| **{state}** |"));
        for signal in Signal::ALL {
            out.push_str(&match state.after(*signal) {
                Ok((to, Action::Ignore)) => format!(" ({to}) |"),
                Ok((to, _)) => format!(" {to} |"),
                Err(_) => String::from(" |"),
            });
        }
        out.push('\n');
    }
    out
}

/// Returns the changes of state as a state diagram in Mermaid's language. Commands of the endpoint end in
/// `!`, and signals that change nothing are left out.
#[must_use]
pub fn mermaid() -> String {
    let mut out = String::from("stateDiagram-v2\n    [*] --> New\n");
    for state in State::ALL {
        out.push_str(&format!("    {state:?}: {state}\n"));
    }
    for Row { from, signal, to, .. } in TABLE.iter().filter(|row| row.from != row.to) {
        let mark = if signal.is_command() { "!" } else { "" };
        let _ = writeln!(out, "    {from:?} --> {to:?}: {signal}{mark}");
    }
    for state in State::ALL.iter().filter(|state| state.is_over()) {
        out.push_str(&format!("    {state:?} --> [*]\n"));
    }
    out
}
