//! Rule `lengths`: files and functions that are short enough to read at once.
//!
//! A Rust function is measured from its signature to its closing brace, without its documentation and
//! attributes; functions inside it are measured too. Functions of JavaScript are not measured, as
//! there is no parser for them here: the limit on its files has to do.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use super::finding::Finding;
use super::tree::{File, Tree};

const MAX_FUNCTION_LINES: usize = 60;

/// Returns the maximum number of lines of a file of this kind.
fn max_file_lines(extension: &str) -> Option<usize> {
    match extension {
        "rs" | "js" | "mjs" => Some(500),
        "css" | "html" => Some(600),
        _ => None,
    }
}

/// A file or a function that is longer and accepted for now.
struct Accepted {
    path: &'static str,
    /// The function's name; empty for the file.
    function: &'static str,
    lines: usize,
}

/// The list may only become shorter, and what it accepts must not grow: an entry that is no longer needed
/// is a finding.
const ACCEPTED: &[Accepted] = &[];

/// Reports files and functions that are too long, and accepted ones that no longer are.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut lengths = Vec::new();
    for file in tree.files() {
        if let Err(finding) = measure(file, &mut lengths) {
            findings.push(finding);
        }
    }
    findings.extend(judge(&lengths, ACCEPTED));
    findings
}

/// A length and its limit.
struct Length {
    path: String,
    function: String,
    line: usize,
    lines: usize,
    max: usize,
}

fn measure(file: &File, lengths: &mut Vec<Length>) -> Result<(), Finding> {
    let Some(max) = max_file_lines(file.extension()) else { return Ok(()) };
    let path = file.path.clone();
    let lines = file.text.lines().count();
    lengths.push(Length { path, function: String::new(), line: 1, lines, max });
    if file.extension() == "rs" {
        Functions { path: &file.path, lengths }.visit_file(file.syntax()?);
    }
    Ok(())
}

struct Functions<'a> {
    path: &'a str,
    lengths: &'a mut Vec<Length>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let line = signature.span().start().line;
        self.lengths.push(Length {
            path: self.path.to_owned(),
            function: signature.ident.to_string(),
            line,
            lines: body.brace_token.span.close().end().line + 1 - line,
            max: MAX_FUNCTION_LINES,
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn judge(lengths: &[Length], accepted: &[Accepted]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for length in lengths.iter().filter(|length| length.lines > length.max) {
        let Length { path, function, line, lines, max } = length;
        let limit = accepted
            .iter()
            .find(|entry| entry.path == path && entry.function == function)
            .map_or(*max, |entry| entry.lines.max(*max));
        if *lines > limit {
            let what =
                if function.is_empty() { "the file".into() } else { format!("`fn {function}`") };
            let text = format!("{what} has {lines} lines; the limit is {limit}");
            findings.push(Finding::new(path, *line, text));
        }
    }
    for Accepted { path, function, .. } in accepted {
        let same = |length: &&Length| length.path == *path && length.function == *function;
        if !lengths.iter().filter(same).any(|length| length.lines > length.max) {
            let what = if function.is_empty() { "the file" } else { function };
            let text = format!("{what} is no longer too long: delete the accepted entry");
            findings.push(Finding::new(path, 1, text));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::lines;
    use super::*;

    fn judged(path: &str, text: &str, accepted: &[Accepted]) -> Vec<String> {
        let mut lengths = Vec::new();
        measure(&File::new(path.into(), text.into()), &mut lengths).unwrap();
        lines(&judge(&lengths, accepted))
    }

    /// A method of `lines` lines, documented.
    fn method(lines: usize) -> String {
        format!("impl A {{\n/// Doc.\n#[inline]\nfn long() {{{}}}\n}}", "\n".repeat(lines - 1))
    }

    #[test]
    fn functions_are_measured_without_their_documentation() {
        assert_eq!(judged("a.rs", &method(60), &[]), [""; 0]);
        assert_eq!(
            judged("a.rs", &method(61), &[]),
            ["a.rs:4: `fn long` has 61 lines; the limit is 60"]
        );
        let inner = format!("fn f() {{ fn g() {{{}}} }}", "\n".repeat(60));
        assert_eq!(judged("a.rs", &inner, &[]).len(), 2);
    }

    #[test]
    fn files_have_the_limit_of_their_kind() {
        let text = "\n".repeat(501);
        for path in ["a.rs", "a.js"] {
            let finding = format!("{path}:1: the file has 501 lines; the limit is 500");
            assert_eq!(judged(path, &text, &[]), [finding]);
        }
        assert_eq!(judged("a.css", &text, &[]), [""; 0]);
        assert_eq!(judged("a.md", &"\n".repeat(5_000), &[]), [""; 0]);
    }

    #[test]
    fn what_is_accepted_may_not_grow_and_must_be_needed() {
        let accepted = |lines| [Accepted { path: "a.rs", function: "long", lines }];
        assert_eq!(judged("a.rs", &method(61), &accepted(61)), [""; 0]);
        assert_eq!(judged("a.rs", &method(63), &accepted(62)).len(), 1);
        assert_eq!(
            judged("a.rs", &method(60), &accepted(61)),
            ["a.rs:1: long is no longer too long: delete the accepted entry"]
        );
    }
}
