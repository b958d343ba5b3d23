//! Manual pages from the texts of `--help`, one for the program and one for each subcommand; `cargo xtask man` writes them.

mod roff;

use crate::help;
use crate::output::OutputError;
use clap::{Arg, Command};
use roff::Roff;
use std::path::Path;

/// Width of indented lines: what `man` shows on a terminal of 80 columns.
const WIDTH: usize = 72;

/// Exit codes of commands that do not list their own.
const EXIT_CODES: &str = "0 done, 1 stdout cannot be written, 2 usage error.";

const ENVIRONMENT: [(&str, &str); 3] = [
    ("NO_COLOR", "Turns colours off if it is not empty."),
    ("RETRYLAB_CONFIG", "The configuration file; empty for none."),
    ("XDG_CONFIG_HOME", "The folder of the configuration, if it is not ~/.config."),
];

const FILES: [(&str, &str); 1] = [(
    "~/.config/retrylab/config.toml",
    "Defaults for flags; see retrylab-config(1). --no-config ignores it.",
)];

/// Reads a date.
pub(crate) fn date(text: &str) -> Result<String, String> {
    let is_date =
        |(at, c): (usize, char)| if [4, 7].contains(&at) { c == '-' } else { c.is_ascii_digit() };
    if text.len() == 10 && text.chars().enumerate().all(is_date) {
        return Ok(text.to_string());
    }
    Err("it is not a date; try 2026-01-31".to_string())
}

/// Writes all pages to `folder`. `date` is that of the texts.
pub(crate) fn write(mut root: Command, date: &str, folder: &Path) -> Result<(), OutputError> {
    root.build();
    let failed = |path: &Path| {
        let name = path.to_string_lossy().into_owned();
        move |error| OutputError { name, error }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    for command in std::iter::once(&root).chain(shown(&root)) {
        let path = folder.join(format!("{}.1", name(&root, command)));
        std::fs::write(&path, page(&root, command, date)).map_err(failed(&path))?;
    }
    Ok(())
}

/// Returns the subcommands that have a page.
fn shown(root: &Command) -> impl Iterator<Item = &Command> {
    root.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

/// Returns the name of a page: `retrylab-sim`.
fn name(root: &Command, command: &Command) -> String {
    let own = command.get_name();
    if own == root.get_name() { own.to_string() } else { format!("{}-{own}", root.get_name()) }
}

/// Returns the page of a command, which may be the program itself.
fn page(root: &Command, command: &Command, date: &str) -> String {
    let name = name(root, command);
    let mut roff = Roff::new(&name, date);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    roff.section("NAME");
    roff.text(&format!("{name} - {about}"));
    roff.section("SYNOPSIS");
    let usage = command.clone().render_usage().to_string();
    roff.bold(usage.trim_start_matches("Usage: "));

    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let help = help::finish(&help::fill(&help, WIDTH));
    let (mut examples, mut exit_codes, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for block in help.split("\n\n") {
        match block.split_once("Exit codes: ") {
            Some(("", codes)) => exit_codes.push(codes),
            _ if block.starts_with("Examples:") || block.starts_with("Start here:") => {
                examples.push(block.split_once('\n').map_or("", |(_, lines)| lines));
            }
            _ => others.push(block),
        }
    }
    roff.section("DESCRIPTION");
    // The long text begins with the short one.
    let long = command.get_long_about().map(ToString::to_string);
    let long = long.as_deref().map_or(&*about, |long| long.trim_start_matches(&*about));
    let blocks = long.split("\n\n").chain(others).filter(|block| !block.is_empty());
    blocks.for_each(|block| roff.block(block));
    options(&mut roff, command);
    if command.has_subcommands() {
        roff.section("COMMANDS");
        for command in shown(root) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            roff.item(&format!("{}(1)", self::name(root, command)), &about);
        }
    }
    for (title, blocks) in [("EXAMPLES", examples), ("EXIT STATUS", exit_codes)] {
        roff.section(title);
        blocks.iter().for_each(|block| roff.block(block));
        if blocks.is_empty() {
            roff.text(EXIT_CODES);
        }
    }
    roff.section("ENVIRONMENT");
    ENVIRONMENT.iter().for_each(|(name, text)| roff.item(name, text));
    roff.section("FILES");
    FILES.iter().for_each(|(name, text)| roff.item(name, text));
    roff.section("SEE ALSO");
    let others =
        std::iter::once(root).chain(shown(root)).filter(|c| c.get_name() != command.get_name());
    let others: Vec<String> =
        others.map(|other| format!("{}(1)", self::name(root, other))).collect();
    roff.text(&others.join(", "));
    roff.finish()
}

/// Writes the arguments, those with a heading in a section of their own.
fn options(roff: &mut Roff, command: &Command) {
    let shown: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_hide_set()).collect();
    let mut headings = vec![None];
    for arg in &shown {
        let heading = arg.get_help_heading();
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    roff.section("OPTIONS");
    for heading in headings {
        heading.iter().for_each(|heading| roff.subsection(heading));
        for arg in shown.iter().filter(|arg| arg.get_help_heading() == heading) {
            roff.item(&arg_name(arg), &arg_help(arg));
        }
    }
}

/// Returns the flag with its value, or the name of a positional argument.
fn arg_name(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    match arg.get_long() {
        // clap writes the long flag with its value.
        Some(_) => format!("{short}{}", arg.to_string().replace(['<', '>'], "")),
        None => arg.to_string().replace(['<', '>'], ""),
    }
}

/// Returns the help with the default and the possible values, as in `--help`.
fn arg_help(arg: &Arg) -> String {
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
    let takes_value = arg.get_action().takes_values();
    if takes_value && !defaults.is_empty() {
        help += &format!(" [default: {}]", defaults.join(" "));
    }
    let values = arg.get_value_parser().possible_values().filter(|_| takes_value);
    let values: Vec<String> =
        values.into_iter().flatten().map(|value| value.get_name().to_string()).collect();
    if !values.is_empty() {
        help += &format!(" [possible values: {}]", values.join(", "));
    }
    help
}
