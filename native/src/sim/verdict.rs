//! The flags of assertions, and their results: on stderr, as JUnit's XML and as annotations of GitHub.

use super::Error;
use super::assertion::{self, Assertion, Check};
use super::many::Seeds;
use super::measure::Measured;
use super::run::EndedBy;
use super::setup::Setup;
use crate::exit::Exit;
use crate::lab;
use crate::output::{BAD, GOOD, OutputError, narrate};
use retrylab_core::scenario::Scenario;
use retrylab_core::value::Printable;
use std::fmt::Write as _;

/// The flags.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Assertions")]
pub(super) struct Asserts {
    /// Exit with code 5 unless this holds, for example `amplification <= 1.3`; can be repeated
    #[arg(long, value_name = "ASSERTION", value_parser = assertion::parse)]
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
    /// Returns whether there are any.
    pub(super) const fn are_wanted(&self) -> bool {
        !self.assert.is_empty()
    }

    /// Checks that the number of seeds allows a conclusion.
    pub(super) fn check_seeds(&self, seeds: Seeds) -> Result<(), Error> {
        let enough = |one: &Assertion| one.check_seeds(seeds.count);
        self.assert.iter().try_for_each(enough).map_err(Error::Assertion)
    }

    /// Checks a single run. An interrupted run has no results.
    pub(super) fn check_run(
        &self,
        setup: &Setup,
        scenario: &Scenario,
        measured: &Measured,
    ) -> Vec<Check> {
        if measured.ended_by == EndedBy::Interrupted {
            return Vec::new();
        }
        let check = |one: &Assertion| {
            let check = one.check_run(scenario.seed, measured, self.allow_cut);
            check.with_repeat(self.command(setup, scenario, None, one), lab::address(scenario))
        };
        self.assert.iter().map(check).collect()
    }

    /// Checks the runs of several seeds.
    pub(super) fn check_runs(
        &self,
        setup: &Setup,
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
                    self.command(setup, &scenario, None, &one.of_one_run())
                }
                None => self.command(setup, &scenario, Some(runs.len()), one),
            };
            check.with_repeat(repeat, lab::address(&scenario))
        };
        self.assert.iter().map(check).collect()
    }

    /// Returns the command that runs `scenario` and checks `assertion`.
    fn command(
        &self,
        setup: &Setup,
        scenario: &Scenario,
        seeds: Option<usize>,
        assertion: &Assertion,
    ) -> String {
        let scenario = quoted(&lab::fragment(scenario));
        let mut line = format!("retrylab sim --address {scenario}{setup}");
        if self.allow_cut {
            line += " --allow-cut";
        }
        if let Some(seeds) = seeds {
            let _ = write!(line, " --seeds {seeds}");
        }
        line + " --assert " + &quoted(&assertion.to_string())
    }

    /// Reports the results of assertions, and returns the exit code: that of a failed assertion, unless something else has
    /// failed.
    pub(super) fn report(
        &self,
        scenario: &Scenario,
        checks: &[Check],
        exit: Exit,
    ) -> Result<Exit, OutputError> {
        for check in checks {
            let (title, Check { found, repeat, address, .. }) = (check.title(), check);
            let (assertion, found) = (Printable::new(&title), Printable::new(found));
            match repeat.as_ref().zip(address.as_ref()) {
                None => narrate!("{GOOD}holds{GOOD:#}: {assertion} ({found})"),
                Some((repeat, address)) => {
                    narrate!("{BAD}does not hold{BAD:#}: {assertion}: {found}");
                    narrate!("  repeat: {}", Printable::new(repeat));
                    narrate!("  address: {}", Printable::new(address));
                    if self.github {
                        let text =
                            format!("{assertion}: {found}\nrepeat: {repeat}\naddress: {address}");
                        narrate!("::error title=retrylab::{}", annotation(&text));
                    }
                }
            }
        }
        if let Some(path) = &self.junit {
            let written = std::fs::write(path, junit(scenario, checks));
            written.map_err(|error| OutputError { name: path.clone(), error })?;
        }
        let failed = checks.iter().any(|check| !check.holds);
        Ok(if failed && exit == Exit::Success { Exit::NotAsserted } else { exit })
    }
}

/// Quotes a word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
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
