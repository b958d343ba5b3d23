//! The table of a connection's states: every pair, the documentation made from it, and the endpoints that follow
//! it.

use retrylab_core::stream::{Action, Row, Signal, State, TABLE, markdown, mermaid};
use std::collections::BTreeSet;
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
