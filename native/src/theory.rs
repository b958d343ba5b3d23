//! `retrylab theory`: evaluates closed forms by name.

use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use retrylab_core::theory::{Evaluation, MODELS, Model, Output, TheoryError};
use retrylab_core::value::Printable;
use serde_json::{Map, Value, json};

const EXAMPLES: &str = "\
Examples:
  retrylab theory                                  list the models and their inputs
  retrylab theory bernoulli drop=0.5 loss=0.1      failures and sends of the policy `textbook`
  retrylab theory mm1k load=1.2 k=10 --json
  retrylab theory metastable load=50               does the server recover from a spike?

Exit codes: 0 evaluated, 1 stdout cannot be written, 2 usage error or values without a result.";

/// Evaluate a closed form: losses, queues, bursts, herds, collapse
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Model to evaluate; if omitted, all models are listed
    #[arg(value_name = "MODEL")]
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(MODELS.iter().map(|m| m.name)))]
    model: Option<String>,
    /// Inputs of the model; each has a default
    #[arg(value_name = "KEY=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) =
        text.split_once('=').ok_or("it is not of the form KEY=VALUE, such as drop=0.5")?;
    Ok((key.to_string(), value.to_string()))
}

/// Lists the models, or evaluates one.
pub(crate) fn run(args: &Args) -> Result<Exit, TheoryError> {
    let mut out = Stdout::default();
    match args.model.as_deref().and_then(Model::find) {
        None if args.json => out.json(&json!({
            "schema": SCHEMA,
            "models": MODELS.iter().map(describe).collect::<Vec<_>>(),
        })),
        None => MODELS.iter().for_each(|model| list(model, &mut out)),
        Some(model) => evaluate(model, args, &mut out)?,
    }
    Ok(out.finish(Exit::Success))
}

fn describe(model: &Model) -> Value {
    let input = |input: &retrylab_core::theory::Input| {
        let takes = input.allowed().to_string();
        json!({ "key": input.key, "default": input.default, "takes": takes, "help": input.help })
    };
    json!({
        "model": model.name,
        "about": model.about,
        "conditions": model.conditions,
        "inputs": model.inputs.iter().map(input).collect::<Vec<_>>(),
    })
}

fn list(model: &Model, out: &mut Stdout) {
    out.line(model);
    out.line(format_args!("  if: {}", model.conditions));
    for input in model.inputs {
        let (value, help) = (input.default, input.help);
        out.line(format_args!(
            "  {:<24}{help}: {}",
            format!("{}={value}", input.key),
            input.allowed()
        ));
    }
}

fn evaluate(model: &Model, args: &Args, out: &mut Stdout) -> Result<(), TheoryError> {
    let pairs: Vec<(&str, &str)> = args.inputs.iter().map(|(k, v)| (&**k, &**v)).collect();
    let Evaluation { inputs, outputs } = model.evaluate(&pairs)?;
    if args.json {
        let results: Map<String, Value> =
            outputs.iter().map(|output| (output.key.to_string(), value(output))).collect();
        let inputs: Map<String, Value> =
            inputs.into_iter().map(|(key, value)| (key.to_string(), value.into())).collect();
        out.json(&json!({
            "schema": SCHEMA,
            "model": model.name,
            "conditions": model.conditions,
            "inputs": inputs,
            "results": results,
        }));
        return Ok(());
    }
    let inputs: Vec<String> = inputs
        .iter()
        .map(|(key, value)| format!("{key}={}", Printable::short(&value.to_string())))
        .collect();
    out.line(format_args!("{}: {}", model.name, inputs.join(" ")));
    for output in &outputs {
        let value = match output.word {
            Some(word) => word.to_string(),
            None if output.value.is_finite() => format!("{:.8}", output.value),
            None => "none".to_string(),
        };
        out.line(format_args!("  {:<20}{value:>16}  {}", output.key, output.help));
    }
    out.line(format_args!("  if: {}", model.conditions));
    Ok(())
}

/// Returns a word, a number, or null if there is no value.
fn value(output: &Output) -> Value {
    output.word.map_or_else(|| output.value.into(), Value::from)
}
