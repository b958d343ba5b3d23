//! What people read in a file: prose, and the names of the code around it.
//!
//! In Markdown, HTML, style sheets and TOML that is the whole file. In Rust and JavaScript it is comments
//! and string literals, found by a scanner that knows only the quotes of both languages.

use super::super::tree::File;

/// The text of a file; both parts have the lines of the file.
pub(crate) struct Text {
    /// The prose, with a [`BREAK`] between passages that do not belong together.
    pub(crate) prose: String,
    /// The code, with blanks where its comments and string literals are.
    pub(crate) code: String,
}

/// Separator that no phrase matches across: it is neither a blank nor part of a word.
const BREAK: char = '\0';

/// Returns the line, from 1, of a place in a text.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

/// Reads the text of a file.
pub(crate) fn of(file: &File) -> Text {
    let language = match file.extension() {
        "rs" => Language::Rust,
        "js" | "mjs" => Language::JavaScript,
        "toml" => return Text { prose: without_marks(&file.text, &['#']), code: String::new() },
        _ => return Text { prose: file.text.clone(), code: String::new() },
    };
    let spans = Scanner { text: &file.text, language, spans: Vec::new() }.scan();
    Text { prose: prose(&file.text, &spans), code: code(&file.text, &spans) }
}

/// Removes the marks at the start of each line.
fn without_marks(text: &str, marks: &[char]) -> String {
    let inner = |line: &'_ str| line.trim_start().trim_start_matches(marks).to_owned();
    text.split('\n').map(inner).collect::<Vec<String>>().join("\n")
}

fn prose(text: &str, spans: &[Span]) -> String {
    let mut out = String::new();
    let (mut at, mut before) = (0, None);
    for span in spans {
        let gap = &text[at..span.start];
        // Comments on consecutive lines count as one.
        let continues = before == Some(Kind::Comment) && span.kind == Kind::Comment;
        if !continues || gap.matches('\n').count() != 1 || !gap.trim().is_empty() {
            out.push(BREAK);
        }
        out.extend(gap.chars().filter(|c| *c == '\n'));
        let inner = &text[span.start..span.end];
        out += &match span.kind {
            Kind::Comment => without_marks(inner, &['/', '!', '*']),
            // For the reader an escaped line end is a blank, and an escape is not part of a word.
            Kind::Literal => inner.replace("\\\n", " \n").replace("\\n", "  "),
        };
        (at, before) = (span.end, Some(span.kind));
    }
    out
}

fn code(text: &str, spans: &[Span]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for span in spans {
        out += &text[at..span.start];
        out.extend(text[span.start..span.end].chars().map(|c| if c == '\n' { c } else { ' ' }));
        at = span.end;
    }
    out + &text[at..]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Rust,
    JavaScript,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Comment,
    Literal,
}

/// A comment, its marks included, or the inside of a string literal.
struct Span {
    kind: Kind,
    start: usize,
    end: usize,
}

struct Scanner<'t> {
    text: &'t str,
    language: Language,
    spans: Vec<Span>,
}

impl Scanner<'_> {
    fn scan(mut self) -> Vec<Span> {
        let mut at = 0;
        while at < self.text.len() {
            at = self.step(at);
        }
        self.spans
    }

    /// Handles what begins at `at` and returns where the next thing does.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let after_word = self.text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if rest.starts_with("//") {
            let end = rest.find('\n').map_or(self.text.len(), |n| at + n);
            return self.span(Kind::Comment, at, end, end);
        }
        if rest.starts_with("/*") {
            let end = self.block_comment(at);
            return self.span(Kind::Comment, at, end, end);
        }
        match (self.language, rest.as_bytes()[0]) {
            (_, b'"') => self.quoted(at, '"'),
            (Language::JavaScript, b'\'') => self.quoted(at, '\''),
            // A template inside a template's `${}` counts as code, and the code around it as text.
            (Language::JavaScript, b'`') => self.quoted(at, '`'),
            (Language::JavaScript, b'/') if self.begins_regex(at) => self.regex(at),
            (Language::Rust, b'r') if !after_word || self.text[..at].ends_with(['b', 'c']) => {
                self.raw(at).unwrap_or(at + 1)
            }
            (Language::Rust, b'\'') => at + char_literal(rest),
            _ => at + rest.chars().next().map_or(1, char::len_utf8),
        }
    }

    fn span(&mut self, kind: Kind, start: usize, end: usize, next: usize) -> usize {
        self.spans.push(Span { kind, start, end });
        next
    }

    /// Rust's block comments nest, JavaScript's end at the first end.
    fn block_comment(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        let mut place = at;
        while place < self.text.len() {
            let rest = &self.text[place..];
            if rest.starts_with("/*") && (depth == 0 || self.language == Language::Rust) {
                depth += 1;
                place += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                place += 2;
                if depth == 0 {
                    break;
                }
            } else {
                place += rest.chars().next().map_or(1, char::len_utf8);
            }
        }
        place
    }

    fn quoted(&mut self, at: usize, quote: char) -> usize {
        let start = at + 1;
        let mut escaped = false;
        for (offset, c) in self.text[start..].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    return self.span(Kind::Literal, start, start + offset, start + offset + 1);
                }
                _ => {}
            }
        }
        self.span(Kind::Literal, start, self.text.len(), self.text.len())
    }

    /// `r"…"`, `r#"…"#` and so on.
    fn raw(&mut self, at: usize) -> Option<usize> {
        let hashes = self.text[at + 1..].bytes().take_while(|byte| *byte == b'#').count();
        let start = at + 1 + hashes + 1;
        self.text[at + 1 + hashes..].starts_with('"').then_some(())?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = start + self.text[start..].find(&close)?;
        Some(self.span(Kind::Literal, start, end, end + close.len()))
    }

    /// Where a value may begin, a slash begins a regular expression.
    fn begins_regex(&self, at: usize) -> bool {
        let before = self.text[..at].trim_end();
        before.ends_with(|c: char| "(,=:[!&|?{};+".contains(c)) || before.ends_with("return")
    }

    fn regex(&self, at: usize) -> usize {
        let (mut escaped, mut class) = (false, false);
        for (offset, c) in self.text[at + 1..].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => class = true,
                ']' => class = false,
                '/' if !class => return at + 1 + offset + 1,
                '\n' => break,
                _ => {}
            }
        }
        at + 1
    }
}

/// Returns the length of the character literal that `rest` begins with; 1 for a lifetime's quote.
fn char_literal(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((after, escaped))) => {
            let from = after + escaped.len_utf8();
            rest[from..].find('\'').map_or(1, |n| from + n + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Text {
        of(&File::new(path.into(), text.into()))
    }

    /// The pieces of prose, each with its line.
    fn prose(path: &str, text: &str) -> Vec<(usize, String)> {
        let prose = read(path, text).prose;
        let mut pieces = Vec::new();
        let mut at = 0;
        for piece in prose.split(BREAK) {
            let inner = piece.trim_start();
            if !inner.is_empty() {
                let start = at + piece.len() - inner.len();
                pieces.push((line(&prose, start), inner.trim_end().to_owned()));
            }
            at += piece.len() + 1;
        }
        pieces
    }

    #[test]
    fn comments_and_literals_of_rust_are_found() {
        let code = "/// Sends\n/// again.\nfn f<'a>(c: char) { // why\n  if c == '\"' || c == '\\'' {}\n  \
                    g(\"two \\\n lines\", r#\"raw \"x\"\"#); /* a /* b */ c */ }\n\n// apart";
        let found = prose("a.rs", code);
        let expected = [
            (1, "Sends\n again."),
            (3, "why"),
            (5, "two  \n lines"),
            (6, "raw \"x\""),
            (6, "a /* b */ c */"),
            (8, "apart"),
        ];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn comments_and_literals_of_javascript_are_found() {
        let code =
            "const a = /[/\"]'/g; // one\nf('two', `three ${x}`, \"four\"); let b = c / d / e;";
        let found = prose("a.js", code);
        let found: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(found, ["one", "two", "three ${x}", "four"]);
    }

    #[test]
    fn code_is_what_is_left_and_keeps_its_lines() {
        let code = read("a.rs", "// frob\nconst FROB: &str = \"frob\";").code;
        assert_eq!(code.trim(), "const FROB: &str = \"    \";");
        assert_eq!(line(&code, code.find("FROB").unwrap()), 2);
    }

    #[test]
    fn other_files_are_one_passage() {
        assert_eq!(prose("a.toml", "# one\n#  two\nx = 1"), [(1, "one\n  two\nx = 1".into())]);
        assert_eq!(prose("a.md", "# one"), [(1, "# one".into())]);
    }
}
