//! Flags generated from the core's table of scenario keys, so that the command line reads, refuses and
//! explains a value exactly as scenario files, links and the page do.

use crate::data_file;
use crate::sim::run::PROGRAM_MIB;
use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgMatches, Command};
use retrylab_core::random::Probability;
use retrylab_core::scenario::{FIELDS, Field};
use retrylab_core::stream::READ_AHEAD;
use retrylab_core::time::{Duration, parse_duration};
use retrylab_core::value::{Form, Shape, Value as _};
use std::marker::PhantomData;
use std::path::Path;

/// Some keys of the scenario that share a prefix.
pub(crate) trait Group {
    /// The prefix of their names, including the dot.
    const PREFIX: &'static str;
    /// The heading above their flags in `--help`.
    const HEADING: &'static str;
    /// Keys of the group without a flag.
    const WITHOUT: &'static [&'static str] = &[];
    /// Whether `--help` shows the defaults: those of a scenario.
    const DEFAULTS: bool = true;
}

/// `policy.*`: when to send again, and when to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy;

impl Group for Policy {
    const PREFIX: &'static str = "policy.";
    const HEADING: &'static str = "Policy (when to retry; see `retrylab keys policy`)";
}

/// The same flags where the policy is another one by default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OtherPolicy;

impl Group for OtherPolicy {
    const PREFIX: &'static str = Policy::PREFIX;
    const HEADING: &'static str = "Policy (default below; see `retrylab keys policy`)";
    const DEFAULTS: bool = false;
}

/// `server.*`: what the server answers and drops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server;

impl Group for Server {
    const PREFIX: &'static str = "server.";
    const HEADING: &'static str = "Server (what it answers and drops)";
    /// A server without a socket is not one.
    const WITHOUT: &'static [&'static str] = &["server.listening"];
}

/// The flags of a group as they were given, each checked by itself: pairs for [`Scenario::apply`].
#[derive(Clone, Debug)]
pub(crate) struct Flags<G> {
    /// Keys and values.
    pub(crate) pairs: Vec<(&'static str, String)>,
    group: PhantomData<G>,
}

impl<G: Group> Flags<G> {
    fn fields() -> impl Iterator<Item = &'static Field> {
        let is_flag = |key: &str| key.starts_with(G::PREFIX) && !G::WITHOUT.contains(&key);
        FIELDS.iter().filter(move |field| is_flag(field.key))
    }

    fn args() -> impl Iterator<Item = Arg> {
        Self::fields().map(|field| {
            let default = field.default_value();
            let default =
                if G::DEFAULTS { format!(" [default: {default}]") } else { String::new() };
            Arg::new(field.key)
                .long(name(field.key))
                .help(format!("{}{default}", sentence(&with_flags::<G>(field.help()))))
                .help_heading(G::HEADING)
                .value_name(value_name(&field.shape))
                // So that `--drop -1` is refused as a value, not as an unknown flag `-1`.
                .allow_negative_numbers(true)
                .ignore_case(matches!(field.shape.form, Form::Choice(_)))
                .value_parser(parser(field.key))
        })
    }

    fn read(matches: &ArgMatches) -> Self {
        let pairs = Self::fields()
            .filter_map(|field| Some((field.key, matches.get_one::<String>(field.key)?.clone())));
        Self { pairs: pairs.collect(), group: PhantomData }
    }
}

impl<G: Group> clap::Args for Flags<G> {
    fn augment_args(command: Command) -> Command {
        command.args(Self::args())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<G: Group> clap::FromArgMatches for Flags<G> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self::read(matches))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::read(matches);
        Ok(())
    }
}

/// Reads the value of `key` as text, if it is valid in a scenario.
pub(crate) fn parser(key: &'static str) -> ValueParser {
    match FIELDS.iter().find(|field| field.key == key) {
        // Completions list the words.
        Some(Field { shape: Shape { form: Form::Choice(words), .. }, .. }) => {
            PossibleValuesParser::new(*words).into()
        }
        _ => ValueParser::new(move |text: &str| check(key, text)),
    }
}

/// Returns true for a key of the link, which `serve` can have between the socket and the server.
pub(crate) fn is_link(key: &str) -> bool {
    key.starts_with("link.") || ["faults", "acts"].contains(&key)
}

/// Returns the keys that `--set` of a subcommand accepts: `serve` has flags for its server and a link of its own.
pub(crate) fn settable(command: &str) -> impl Iterator<Item = &'static Field> {
    let only_link = command == "serve";
    FIELDS.iter().filter(move |field| !only_link || is_link(field.key))
}

/// Reads a whole number that is not a key of a scenario.
pub(crate) fn whole_number<T: TryFrom<u64> + Bounded>(text: &str) -> Result<T, String> {
    let number = u64::parse(text).and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("it is not a whole number from 0 to {}", T::MAX))
}

/// Reads a share from 0 to 1.
pub(crate) fn share(text: &str) -> Result<Probability, String> {
    Probability::parse(text)
        .ok_or_else(|| "it is not a share from 0 to 1; try 5%, 0.05 or 1/20".to_string())
}

/// Reads a time with its unit.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "it is not a duration; try 100ms or 1m30s".to_string())
}

/// Reads a limit of memory in mebibytes.
pub(crate) fn memory(text: &str) -> Result<u32, String> {
    between(text, PROGRAM_MIB + 1, u32::MAX)
}

/// Reads the length of an interval.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("an interval must be longer than 0s; try 100ms".to_string()),
        interval => Ok(interval),
    }
}

/// Reads a number of exchanges.
pub(crate) fn exchanges(text: &str) -> Result<u32, String> {
    between(text, 1, u32::MAX)
}

/// Reads the number of seeds per combination.
pub(crate) fn seeds(text: &str) -> Result<u32, String> {
    between(text, 1, 10_000_000)
}

/// Reads the number of seeds to run and keep in memory.
pub(crate) fn runs(text: &str) -> Result<u32, String> {
    between(text, 1, 100_000)
}

/// Reads the number of exchanges to find and keep in memory.
pub(crate) fn failed(text: &str) -> Result<usize, String> {
    between(text, 1, 1_000_000).map(|n| n as usize)
}

/// Reads the number of threads.
pub(crate) fn threads(text: &str) -> Result<u32, String> {
    between(text, 1, 1_024)
}

/// Reads the maximum number of connections of a server.
pub(crate) fn connections(text: &str) -> Result<usize, String> {
    between(text, 1, 1_000_000).map(|n| n as usize)
}

/// Reads the maximum length of the head of an HTTP message, in bytes.
pub(crate) fn head(text: &str) -> Result<usize, String> {
    between(text, 64, READ_AHEAD as u32 / 2).map(|n| n as usize)
}

/// Reads the number of samples to draw.
pub(crate) fn samples(text: &str) -> Result<u32, String> {
    between(text, 1, 1_000_000)
}

/// Reads the number of lines to show.
pub(crate) fn shown(text: &str) -> Result<usize, String> {
    between(text, 1, MAX_SHOWN as u32).map(|n| n as usize)
}

/// Maximum number of lines to show.
pub(crate) const MAX_SHOWN: usize = 1_000;

fn between(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = u32::parse(text).filter(|n| (least..=most).contains(n));
    number.ok_or_else(|| format!("it is not a whole number from {least} to {most}"))
}

/// Parser for whole numbers from 0 to a maximum.
pub(crate) trait Bounded {
    /// The maximum.
    const MAX: u64;
}

impl Bounded for u16 {
    const MAX: u64 = Self::MAX as u64;
}

impl Bounded for u32 {
    const MAX: u64 = Self::MAX as u64;
}

impl Bounded for u64 {
    const MAX: u64 = Self::MAX;
}

/// Refuses a value that is not one of `key`. Contradictions with other flags are found later, when all
/// are known.
fn check(key: &'static str, text: &str) -> Result<String, String> {
    let text = data_file::expand(key, text, Path::new("")).map_err(|error| error.to_string())?;
    let field = Field::find(key).map_err(|error| error.to_string())?;
    match field.canonical(&text) {
        Ok(_) => Ok(text.into_owned()),
        Err(_) => Err(format!("it {}", data_file::refusal(field))),
    }
}

/// Returns the name of the value in `--help`: the noun of its grammar, such as `DURATION`.
fn value_name(shape: &Shape) -> String {
    match shape.form {
        Form::Bool => "BOOL".to_string(),
        Form::Choice(_) => "NAME".to_string(),
        Form::Integer { .. } => "N".to_string(),
        Form::Text { .. } => "TEXT".to_string(),
        _ => {
            let noun = shape.grammar().map_or("a value", |grammar| grammar.noun);
            let words = noun.split(' ').filter(|word| !["a", "an"].contains(word));
            let name: Vec<&str> =
                words.take_while(|word| !["from", "of", "and"].contains(word)).collect();
            name.join("_").to_uppercase()
        }
    }
}

/// Replaces keys of the group by their flags: `policy.max_sends` by `--max-sends`.
fn with_flags<G: Group>(help: &str) -> String {
    let word = |word: &str| match word.strip_prefix(G::PREFIX) {
        Some(_) => format!("--{}", name(word)),
        None => word.to_string(),
    };
    help.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Returns the name of the flag that sets a key: `give-up-above` for `policy.give_up_above`.
pub(crate) fn name(key: &str) -> String {
    key.split_once('.').map_or(key, |(_, name)| name).replace('_', "-")
}

/// Capitalizes the first letter, as in clap's own help, unless the text begins with a value.
fn sentence(help: &str) -> String {
    if help.split(' ').next().is_some_and(|word| word.ends_with(':')) {
        return help.to_string();
    }
    let mut chars = help.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<G: Group>() -> Vec<String> {
        Flags::<G>::args().filter_map(|arg| arg.get_long().map(str::to_string)).collect()
    }

    #[test]
    fn every_key_of_a_group_is_a_flag() {
        let policy = names::<Policy>();
        for name in [
            "preset",
            "initial-timeout",
            "multiplier",
            "max-timeout",
            "give-up-above",
            "max-sends",
            "deadline",
        ] {
            assert!(policy.contains(&name.to_string()), "--{name} is not in {policy:?}");
        }
        for name in ["drop", "drop-first", "drop-list", "reply"] {
            assert!(names::<Server>().contains(&name.to_string()), "--{name}");
        }
    }

    #[test]
    fn a_value_is_called_by_its_noun() {
        let name = |key| value_name(&Field::find(key).unwrap().shape);
        assert_eq!(name("server.drop"), "PROBABILITY");
        assert_eq!(name("policy.deadline"), "DURATION");
        assert_eq!(name("policy.jitter"), "JITTER_MODE");
        assert_eq!(name("policy.timeouts"), "LIST");
        assert_eq!(name("server.workers"), "N");
    }

    #[test]
    fn whole_numbers_are_those_of_scenarios() {
        assert_eq!(whole_number::<u64>("1e9"), Ok(1_000_000_000));
        assert_eq!(whole_number::<u16>("0x10"), Ok(16));
        assert_eq!(seeds(" 1e3 "), Ok(1_000));
        assert!(whole_number::<u16>("65536").is_err() && seeds("1.5").is_err());
    }

    #[test]
    fn values_are_refused_in_the_cores_words() {
        assert_eq!(check("server.drop", "0.5"), Ok("0.5".to_string()));
        assert_eq!(
            check("server.drop", "2"),
            Err("it is not a probability from 0 to 1; try 0.3 or 30%".to_string())
        );
        // Above the textbook's give_up_above, which another flag may raise.
        assert_eq!(check("policy.initial_timeout", "5s"), Ok("5s".to_string()));
    }
}
