//! `retrylab presets`: lists the policies that have a name.

use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout, seconds};
use retrylab_core::policy::Preset;
use retrylab_core::time::{Duration, WithUnit};
use serde_json::{Value, json};

/// Number of sends to show; `retrylab schedule` shows all.
const SHOWN: usize = 6;

/// Prints every preset with its first sends, its end, its use and its source.
pub(crate) fn run(as_json: bool) -> Exit {
    let mut out = Stdout::default();
    if as_json {
        let presets: Vec<Value> = Preset::ALL.iter().map(|preset| describe(*preset)).collect();
        out.json(&json!({ "schema": SCHEMA, "presets": presets }));
        return out.finish(Exit::Success);
    }
    out.line(format_args!("{:<21}{:<12}sends at, in seconds", "preset", "gives up"));
    for preset in Preset::ALL {
        let policy = preset.policy();
        let end = policy.gives_up_after();
        let end = end.map_or_else(|| "never".to_string(), |end| WithUnit(end).to_string());
        let sends: Vec<Duration> = policy.sends().take(SHOWN + 1).collect();
        let mut text: Vec<String> =
            sends.iter().take(SHOWN).map(|at| seconds(*at).to_string()).collect();
        if sends.len() > SHOWN {
            text.push("…".to_string());
        }
        out.line(format_args!("{:<21}{end:<12}{}", preset.name(), text.join(" ")));
        out.line(format_args!("  use it when: {}", preset.use_when()));
        out.line(format_args!("  source: {}", preset.source()));
    }
    out.finish(Exit::Success)
}

fn describe(preset: Preset) -> Value {
    let policy = preset.policy();
    let sends: Vec<f64> = policy.sends().take(16).map(seconds).collect();
    json!({
        "preset": preset.name(),
        "use_when": preset.use_when(),
        "source": preset.source(),
        "sends_s": sends,
        "gives_up_s": policy.gives_up_after().map(seconds),
    })
}
