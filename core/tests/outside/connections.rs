//! The table of a connection's states: every pair, the documentation made from it, and the endpoints that follow
//! it.

use retrylab_core::client::Config;
use retrylab_core::protocol::echo::Reply;
use retrylab_core::server::echo;
use retrylab_core::stream::http::Http;
use retrylab_core::stream::{
    Action, Client, ConnectionId, EchoService, Endpoint, Input, Limits, READ_AHEAD, Row, Server,
    Signal, State, TABLE, markdown, mermaid,
};
use retrylab_core::time::Instant;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

/// Returns the state after `signal` and who acts, derived from what the states mean and not from the table.
fn expected(state: State, signal: Signal) -> Option<(State, Action)> {
    use State::{
        Aborted, Closing, Connecting, HalfClosedLocal, HalfClosedRemote, New, Open, Refused,
        Released, Reset,
    };
    let sends = matches!(state, Open | HalfClosedRemote);
    let receives = matches!(state, Open | HalfClosedLocal);
    let is_up = sends || receives || state == Closing;
    let to = match signal {
        Signal::Connect => (state == New).then_some(Connecting),
        Signal::Accepted => (state == New).then_some(Open),
        Signal::Confirmed => (state == Connecting).then_some(Open),
        Signal::Refused => (state == Connecting).then_some(Refused),
        Signal::Send => sends.then_some(state),
        Signal::Finish => sends.then_some(if receives { HalfClosedLocal } else { Closing }),
        Signal::Bytes => receives.then_some(state),
        Signal::Finished => receives.then_some(if sends { HalfClosedRemote } else { Closing }),
        Signal::Written => is_up.then_some(state),
        Signal::Reset => is_up.then_some(Reset),
        Signal::Released => (state == Closing).then_some(Released),
        Signal::Abort => (is_up || state == Connecting).then_some(Aborted),
    };
    let action = if signal.is_command() { Action::Command } else { Action::Handle };
    match to {
        Some(to) => Some((to, action)),
        // The driver may not have carried out the abort yet.
        None if state == Aborted && !signal.is_command() && signal != Signal::Accepted => {
            Some((Aborted, Action::Ignore))
        }
        None => None,
    }
}

#[test]
fn every_pair_is_as_its_state_means() {
    let (mut legal, mut illegal) = (0, 0);
    for &state in State::ALL {
        for &signal in Signal::ALL {
            let mut after = state;
            let action = after.follow(signal);
            match expected(state, signal) {
                Some((to, who)) => {
                    assert_eq!((after, action), (to, Ok(who)), "{state}, {signal}");
                    legal += 1;
                }
                None => {
                    let refusal = action.unwrap_err();
                    assert_eq!((refusal.state, refusal.signal), (state, signal));
                    assert_eq!(after, state, "an illegal signal changes nothing");
                    illegal += 1;
                }
            }
        }
    }
    assert_eq!((legal, legal + illegal), (TABLE.len(), State::ALL.len() * Signal::ALL.len()));
}

#[test]
fn the_table_has_no_pair_twice_and_every_state_is_reachable_and_ends() {
    let pairs: BTreeSet<_> = TABLE.iter().map(|Row { from, signal, .. }| (from, signal)).collect();
    assert_eq!(pairs.len(), TABLE.len());
    let grow = |mut set: BTreeSet<State>, forward: bool| {
        for _ in State::ALL {
            for Row { from, to, .. } in TABLE {
                let (from, to) = if forward { (from, to) } else { (to, from) };
                if set.contains(from) {
                    set.insert(*to);
                }
            }
        }
        set
    };
    let all: BTreeSet<State> = State::ALL.iter().copied().collect();
    assert_eq!(grow([State::New].into(), true), all);
    let over = all.iter().copied().filter(|state| state.is_over()).collect();
    assert_eq!(grow(over, false), all);
    for state in State::ALL.iter().filter(|state| state.is_over()) {
        let leaves = TABLE.iter().any(|row| row.from == *state && row.to != *state);
        assert!(!leaves, "{state} is the end");
    }
}

/// `UPDATE_STATES=1 cargo test -p retrylab-core --test outside connections` writes the file.
#[test]
fn the_documentation_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stream/states.md");
    let text = format!("{}\n```mermaid\n{}```\n", markdown(), mermaid());
    if std::env::var_os("UPDATE_STATES").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "run it with UPDATE_STATES=1");
}

const ID: ConnectionId = ConnectionId(1);

/// Gives an endpoint `inputs` and drains it; returns the state of its connection as a driver knows it.
fn bring<E: Endpoint>(endpoint: &mut E, inputs: &[Input<'_>]) -> State {
    let (mut state, mut buf) = (State::New, Vec::new());
    endpoint.handle_start(Instant::ZERO);
    let mut drain = |endpoint: &mut E, state: &mut State| {
        while let Some((_, command)) = endpoint.poll_command(Instant::ZERO, &mut buf) {
            state.follow(command.into()).expect("a legal command");
            buf.clear();
        }
        while endpoint.poll_event().is_some() {}
    };
    drain(endpoint, &mut state);
    for input in inputs {
        state.follow((*input).into()).expect("a legal input");
        endpoint.handle_input(Instant::ZERO, ID, *input);
        drain(endpoint, &mut state);
    }
    state
}

/// Checks that an endpoint in `state` ignores every input that the table does not have for it, and returns how
/// many those are.
fn ignores_what_is_illegal<E: Endpoint + Clone + Debug>(endpoint: &E, state: State) -> usize {
    let peer = "192.0.2.7:9".parse().unwrap();
    let inputs = [
        Input::Accepted { peer },
        Input::Confirmed,
        Input::Refused,
        Input::Bytes(b"GET / HTTP/1.1\r\n\r\n"),
        Input::Written(5),
        Input::Finished,
        Input::Released,
        Input::Reset,
    ];
    let before = format!("{endpoint:?}");
    let mut count = 0;
    for input in inputs {
        let handled = matches!(state.after(input.into()), Ok((_, Action::Handle)));
        // An endpoint forgets a connection that is over; its number is never accepted again.
        let again = state.is_over() && matches!(input, Input::Accepted { .. });
        if handled || again {
            continue;
        }
        let mut endpoint = endpoint.clone();
        endpoint.handle_input(Instant::from_millis(1), ID, input);
        assert_eq!(format!("{endpoint:?}"), before, "{state}, {input:?}");
        count += 1;
    }
    count
}

#[test]
fn a_client_ignores_what_is_impossible_in_each_state() {
    let response = Input::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let cases: [(&[Input<'_>], State); 8] = [
        (&[], State::Connecting),
        (&[Input::Refused], State::Refused),
        (&[Input::Confirmed], State::Open),
        (&[Input::Confirmed, Input::Reset], State::Reset),
        (&[Input::Confirmed, Input::Bytes(b"not HTTP\r\n")], State::Aborted),
        (&[Input::Confirmed, response], State::HalfClosedLocal),
        (&[Input::Confirmed, response, Input::Finished], State::Closing),
        (&[Input::Confirmed, response, Input::Finished, Input::Released], State::Released),
    ];
    for (inputs, expected) in cases {
        let http = Http::new("GET", "x", "/").unwrap();
        let mut client = Client::new(Config::new("192.0.2.1:80".parse().unwrap(), http));
        assert_eq!(bring(&mut client, inputs), expected);
        assert!(ignores_what_is_illegal(&client, expected) >= 4);
    }
}

#[test]
fn a_server_ignores_what_is_impossible_in_each_state() {
    let accepted = Input::Accepted { peer: "192.0.2.7:9".parse().unwrap() };
    let full = vec![7; READ_AHEAD];
    let cases: [(&[Input<'_>], State); 7] = [
        (&[], State::New),
        (&[accepted], State::Open),
        (&[accepted, Input::Reset], State::Reset),
        // All answers have to be sent first.
        (&[accepted, Input::Bytes(&full), Input::Finished], State::HalfClosedRemote),
        (&[accepted, Input::Finished], State::Closing),
        (&[accepted, Input::Finished, Input::Released], State::Released),
        (&[accepted, Input::Bytes(&full), Input::Bytes(b"x")], State::Aborted),
    ];
    for (inputs, expected) in cases {
        let mirror = echo::Config::default().with_reply(Reply::Mirror);
        let limits = Limits::default().with_bytes(READ_AHEAD as u64);
        let mut server = Server::new(EchoService::new(mirror, 1), limits);
        assert_eq!(bring(&mut server, inputs), expected);
        assert!(ignores_what_is_illegal(&server, expected) >= 4);
    }
}
