//! The states of an exchange, and when it was in which.

use crate::json::Json;
use crate::run::PageRun;
use crate::timeline::{Id, Timeline};
use retrylab_core::exchange::State;
use retrylab_core::trace::words::Pattern;
use retrylab_core::trace::{HostId, Record};

/// Writes `writes` (whether the client is a writer), `states` (their names), `transitions` (`from`, `to`), and `steps`: each with
/// its time `at` in nanoseconds, the `state` from then on, `record`, and `event`, which is a sentence. States are places in their
/// list; the first one is the state before all steps.
pub(crate) fn states(json: &mut Json, run: &PageRun, timeline: &Timeline, of: (u32, u32)) {
    json.flag("writes", timeline.setting().pattern == Pattern::Write);
    json.texts("states", State::ALL.map(State::name));
    json.list("transitions", |json| {
        for (from, to) in State::TRANSITIONS {
            json.element(|json| {
                json.number("from", *from as u64);
                json.number("to", *to as u64);
            });
        }
    });
    json.list("steps", |json| {
        for (id, state) in steps(run.records(), of) {
            json.element(|json| {
                json.number("at", run.records()[id as usize].at.as_nanos());
                json.number("state", state as u64);
                json.number("record", id.into());
                json.text("event", &timeline.words(run.records(), id).sentence());
            });
        }
    });
}

/// Returns the records that change the state of exchange `exchange` of client `flow`, and the state after each.
pub(super) fn steps(records: &[Record], (flow, exchange): (u32, u32)) -> Vec<(Id, State)> {
    let mut state = State::Idle;
    let mut steps: Vec<(Id, State)> = Vec::new();
    for (id, record) in records.iter().enumerate() {
        let own = record.host == HostId::Client
            && record.flow.is_some_and(|own| own.get() == flow)
            && record.label.is_some_and(|label| label.exchange.get() == exchange);
        let next = State::of(&record.what).filter(|next| own && *next != state && !state.is_over());
        if let Some(next) = next {
            state = next;
            steps.push((id as Id, state));
        }
    }
    steps
}
