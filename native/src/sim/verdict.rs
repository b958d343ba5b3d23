//! The flags of assertions, and their results: on stderr, as JUnit's XML and as annotations of GitHub.

use super::assertion::{self, Assertion, Check};
use super::cells::Wanted;
use super::many::Seeds;
use super::measure::Measured;
use super::run::EndedBy;
use super::{Args, Error};
use crate::exit::Exit;
use crate::lab;
use crate::output::{BAD, GOOD, OutputError, narrate};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Bounds;
use retrylab_core::time::WithUnit;
use retrylab_core::value::Printable;
use std::fmt::Write as _;

/// The flags.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Assertions")]
pub(super) struct Asserts {
    /// Exit with code 5 unless this holds, for example `amplification <= 1.3`; can be repeated
    #[arg(long, value_name = "ASSERTION", value_parser = assertion::parse)]
    #[arg(conflicts_with_all = ["keys", "print_netem"])]
    assert: Vec<Assertion>,
    /// Accept runs that a --max-… limit has ended
    #[arg(long, requires = "assert")]
    allow_cut: bool,
    /// Write the results of the assertions to FILE in the format of JUnit
    #[arg(long, value_name = "FILE.xml", requires = "assert")]
    junit: Option<String>,
    /// Print failed assertions on stderr as annotations of GitHub Actions as well
    #[arg(long, requires = "assert")]
    github: bool,
}

impl Asserts {
    /// Checks that the number of seeds allows a conclusion.
    pub(super) fn check_seeds(&self, seeds: Seeds) -> Result<(), Error> {
        let enough = |one: &Assertion| one.check_seeds(seeds.count);
        self.assert.iter().try_for_each(enough).map_err(Error::Assertion)
    }

    /// Checks a single run. An interrupted run has no results.
    pub(super) fn check_run(
        &self,
        args: &Args,
        scenario: &Scenario,
        measured: &Measured,
    ) -> Vec<Check> {
        if measured.ended_by == EndedBy::Interrupted {
            return Vec::new();
        }
        let check = |one: &Assertion| {
            let check = one.check_run(scenario.seed, measured, self.allow_cut);
            check.with_repeat(
                command(args, scenario, None, one),
                lab::address(&scenario.to_fragment()),
            )
        };
        self.assert.iter().map(check).collect()
    }

    /// Checks the runs of several seeds.
    pub(super) fn check_runs(
        &self,
        args: &Args,
        scenario: &Scenario,
        runs: &[(u64, &Measured)],
    ) -> Vec<Check> {
        if runs.is_empty() {
            return Vec::new();
        }
        let check = |one: &Assertion| {
            let check = one.check_runs(runs, self.allow_cut);
            let mut scenario = scenario.clone();
            let repeat = match check.seed {
                // The run of one seed is quicker to look at than all of them.
                Some(seed) => {
                    scenario.seed = seed;
                    command(args, &scenario, None, &one.of_one_run())
                }
                None => command(args, &scenario, Some(runs.len()), one),
            };
            check.with_repeat(repeat, lab::address(&scenario.to_fragment()))
        };
        self.assert.iter().map(check).collect()
    }
}

/// Returns the command that runs `scenario` and checks `assertion`.
fn command(
    args: &Args,
    scenario: &Scenario,
    seeds: Option<usize>,
    assertion: &Assertion,
) -> String {
    let mut line = format!("retrylab sim --address {}", quoted(&scenario.to_fragment()));
    let default = Bounds::default();
    if args.max_events != default.events {
        let _ = write!(line, " --max-events {}", args.max_events);
    }
    if args.max_time != default.time {
        let _ = write!(line, " --max-time {}", WithUnit(args.max_time));
    }
    if u64::from(args.max_memory) != default.memory >> 20 {
        let _ = write!(line, " --max-memory {}", args.max_memory);
    }
    if args.cells == Wanted::One {
        line += " --cells one";
    }
    if args.asserts.allow_cut {
        line += " --allow-cut";
    }
    if let Some(seeds) = seeds {
        let _ = write!(line, " --seeds {seeds}");
    }
    line + " --assert " + &quoted(&assertion.to_string())
}

/// Quotes a word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Reports the results of assertions, and returns the exit code: that of a failed assertion, unless something else has
/// failed.
pub(super) fn report(
    args: &Args,
    scenario: &Scenario,
    checks: &[Check],
    exit: Exit,
) -> Result<Exit, Error> {
    for check in checks {
        let (title, Check { found, repeat, address, .. }) = (check.title(), check);
        let (assertion, found) = (Printable::new(&title), Printable::new(found));
        match repeat.as_ref().zip(address.as_ref()) {
            None => narrate!("{GOOD}holds{GOOD:#}: {assertion} ({found})"),
            Some((repeat, address)) => {
                narrate!("{BAD}does not hold{BAD:#}: {assertion}: {found}");
                narrate!("  repeat: {}", Printable::new(repeat));
                narrate!("  address: {}", Printable::new(address));
                if args.asserts.github {
                    let text =
                        format!("{assertion}: {found}\nrepeat: {repeat}\naddress: {address}");
                    narrate!("::error title=retrylab::{}", annotation(&text));
                }
            }
        }
    }
    if let Some(path) = &args.asserts.junit {
        let written = std::fs::write(path, junit(scenario, checks));
        written.map_err(|error| OutputError { name: path.clone(), error })?;
    }
    let failed = checks.iter().any(|check| !check.holds);
    Ok(if failed && exit == Exit::Success { Exit::NotAsserted } else { exit })
}

/// Escapes the message of an annotation.
fn annotation(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns the results as JUnit's XML.
fn junit(scenario: &Scenario, checks: &[Check]) -> String {
    let failures = checks.iter().filter(|check| !check.holds).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuite name=\"retrylab sim\" tests=\"{}\" failures=\"{failures}\">\n",
        checks.len()
    );
    let class = xml(&scenario.to_fragment());
    for check in checks {
        let Check { found, repeat, address, .. } = check;
        let _ = write!(out, "  <testcase classname=\"{class}\" name=\"{}\"", xml(&check.title()));
        let _ = match repeat.as_ref().zip(address.as_ref()) {
            None => writeln!(out, "/>"),
            Some((repeat, address)) => writeln!(
                out,
                ">\n    <failure message=\"{}\">repeat: {}\naddress: {}</failure>\n  </testcase>",
                xml(found),
                xml(repeat),
                xml(address)
            ),
        };
    }
    out += "</testsuite>\n";
    out
}

/// Escapes a text of XML, which cannot contain control characters.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        assert_eq!(xml("a < b & \"c\" > d\u{1b}"), "a &lt; b &amp; &quot;c&quot; &gt; d\u{fffd}");
        assert_eq!(annotation("50 %\nrepeat"), "50 %25%0Arepeat");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
