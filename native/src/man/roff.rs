//! The language of manual pages, as far as it is needed: the macros of man(7).

/// Maximum length of a line of text in a page, in bytes.
const MAX_LINE: usize = 80;

/// A page while it is written.
pub(super) struct Roff {
    page: String,
    /// Whether a heading came last: the first paragraph below it has no macro of its own.
    is_first: bool,
}

impl Roff {
    pub(super) fn new(name: &str, date: &str) -> Self {
        let title = escaped(&name.to_uppercase());
        let version = env!("CARGO_PKG_VERSION");
        let page = format!(".TH {title} 1 {date} \"retrylab {version}\" \"retrylab\"\n");
        Self { page, is_first: true }
    }

    pub(super) fn section(&mut self, title: &str) {
        self.heading("SH", title);
    }

    pub(super) fn subsection(&mut self, title: &str) {
        self.heading("SS", title);
    }

    fn heading(&mut self, kind: &str, title: &str) {
        self.page += &format!(".{kind} \"{}\"\n", escaped(title));
        self.is_first = true;
    }

    /// Writes a paragraph.
    pub(super) fn text(&mut self, text: &str) {
        if !std::mem::take(&mut self.is_first) {
            self.page += ".PP\n";
        }
        self.words(text);
    }

    /// Writes a line in bold.
    pub(super) fn bold(&mut self, text: &str) {
        self.page += &format!(".B \"{}\"\n", escaped(text));
        self.is_first = false;
    }

    /// Writes a term with its meaning.
    pub(super) fn item(&mut self, term: &str, text: &str) {
        self.page += &format!(".TP\n.B \"{}\"\n", escaped(term));
        self.words(text);
        self.is_first = false;
    }

    /// Writes a paragraph whose indented lines stay as they are.
    pub(super) fn block(&mut self, block: &str) {
        let mut paragraph: Vec<&str> = Vec::new();
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            if !line.starts_with(' ') {
                paragraph.push(line);
                continue;
            }
            if !paragraph.is_empty() {
                self.text(&std::mem::take(&mut paragraph).join(" "));
            }
            let macros = if std::mem::take(&mut self.is_first) { ".nf\n" } else { ".PP\n.nf\n" };
            self.page += macros;
            self.line(line);
            while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
                self.line(line);
            }
            self.page += ".fi\n";
        }
        if !paragraph.is_empty() {
            self.text(&paragraph.join(" "));
        }
    }

    pub(super) fn finish(self) -> String {
        self.page
    }

    /// Writes words on lines that are short enough.
    fn words(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && escaped(&line).len() + escaped(word).len() >= MAX_LINE {
                self.line(&std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += word;
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        let line = escaped(line);
        // A macro begins with a dot or a quote.
        if line.starts_with(['.', '\'']) {
            self.page += "\\&";
        }
        self.page += &line;
        self.page.push('\n');
    }
}

/// Returns a text without characters that mean something else in roff.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped += "\\e",
            '-' => escaped += "\\-",
            '"' => escaped += "\\(dq",
            '\'' => escaped += "\\(aq",
            '`' => escaped += "\\(ga",
            '^' => escaped += "\\(ha",
            '~' => escaped += "\\(ti",
            c if c.is_ascii() => escaped.push(c),
            c => escaped += &format!("\\[u{:04X}]", u32::from(c)),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_examples_become_macros() {
        let mut roff = Roff::new("a-b", "2026-01-31");
        roff.section("TWO WORDS");
        roff.block("One\nparagraph:\n  retrylab x 'y'\n  .z\nThe end…");
        roff.item("--flag \"V\"", ".hidden");
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!(
            ".TH A\\-B 1 2026-01-31 \"retrylab {version}\" \"retrylab\"\n\
             .SH \"TWO WORDS\"\nOne paragraph:\n.PP\n.nf\n  retrylab x \\(aqy\\(aq\n  .z\n.fi\n.PP\n\
             The end\\[u2026]\n.TP\n.B \"\\-\\-flag \\(dqV\\(dq\"\n\\&.hidden\n"
        );
        assert_eq!(roff.finish(), expected);
    }
}
