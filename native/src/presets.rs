//! `retrylab presets`: lists the policies that have a name.

use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout, complain, seconds};
use retrylab_core::policy::Preset;
use retrylab_core::time::{Duration, WithUnit};
use retrylab_core::value::nearest;
use serde_json::{Value, json};

/// Number of sends to show; `retrylab schedule` shows all.
const SHOWN: usize = 6;

const EXAMPLES: &str = "\
Examples:
  retrylab presets                   every preset with its first sends, its use and its source
  retrylab presets grpc              those whose names contain `grpc`
  retrylab schedule --preset coap    every send, wait and bound of one of them
  retrylab sim --preset coap         simulate it

Exit codes: 0 listed, 1 stdout cannot be written, 2 usage error or no such preset.";

/// List the policies of standards and well-known clients
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of a preset, or a part of names [default: all presets]
    #[arg(value_name = "PRESET")]
    name: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints presets with their first sends, their end, their use and their source: all, or those whose names contain the
/// argument, in any case of letters.
pub(crate) fn run(args: &Args) -> Exit {
    let wanted = args.name.as_deref().unwrap_or_default();
    let contains = |preset: &&Preset| preset.name().contains(&wanted.to_lowercase());
    let presets: Vec<&Preset> = Preset::ALL.iter().filter(contains).collect();
    if presets.is_empty() {
        let meant = nearest(wanted, Preset::ALL.iter().map(|preset| preset.name()));
        let hint = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        complain(format_args!("no preset contains {wanted:?}{hint}"));
        return Exit::Usage;
    }
    let mut out = Stdout::default();
    if args.json {
        let presets: Vec<Value> = presets.into_iter().map(|preset| describe(*preset)).collect();
        out.json(&json!({ "schema": SCHEMA, "presets": presets }));
        return out.finish(Exit::Success);
    }
    out.line(format_args!("{:<21}{:<12}sends at, in seconds", "preset", "gives up"));
    for preset in &presets {
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
        out.line(format_args!("  use it when {}", preset.use_when()));
        out.line(format_args!("  source: {}", preset.source()));
    }
    if let [preset] = presets[..] {
        out.line(format_args!("  every send: retrylab schedule --preset {}", preset.name()));
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
