//! The command line of bash, as text up to the cursor.

/// The words of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Without quotes and backslashes; the last one is the one at the cursor.
    pub(super) words: Vec<String>,
    /// The last word as it is written.
    raw: &'a str,
    /// The quote that is open at the cursor.
    quote: Option<char>,
}

impl<'a> Line<'a> {
    /// Divides a line into words by the quoting rules of the shell.
    pub(super) fn read(line: &'a str) -> Self {
        let (mut words, mut word) = (Vec::new(), String::new());
        let (mut begin, mut quote) = (0, None);
        let mut chars = line.char_indices();
        while let Some((at, c)) = chars.next() {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), _) if c == open => quote = None,
                (None | Some('"'), '\\') => word.extend(chars.next().map(|(_, c)| c)),
                (None, _) if c.is_whitespace() => {
                    if at > begin {
                        words.push(std::mem::take(&mut word));
                    }
                    begin = at + c.len_utf8();
                }
                _ => word.push(c),
            }
        }
        words.push(word);
        Self { words, raw: &line[begin..], quote }
    }

    /// Returns what bash has to insert for `text` in place of `replaced`, the end of the last word: bash divides words at
    /// `=` and `:`, too.
    pub(super) fn rest(&self, replaced: &str, text: &str) -> String {
        let before = self.raw.strip_suffix(replaced).unwrap_or_default();
        let kept = Self::read(before).words.concat();
        let rest = text.strip_prefix(&*kept).unwrap_or(text);
        if self.quote.is_some() {
            return rest.to_string();
        }
        let mut escaped = String::new();
        for c in rest.chars() {
            if !c.is_alphanumeric() && !"-_./=,:+@%".contains(c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_divided_as_by_the_shell() {
        for (line, words) in [
            ("retrylab", &["retrylab"][..]),
            ("retrylab ", &["retrylab", ""]),
            ("retrylab  sim 'a b' --x=\"c d\"", &["retrylab", "sim", "a b", "--x=c d"]),
            ("r a\\ b 'open wo", &["r", "a b", "open wo"]),
            ("r '' \\", &["r", "", ""]),
        ] {
            assert_eq!(Line::read(line).words, words, "{line}");
        }
    }

    #[test]
    fn only_what_bash_replaces_is_inserted() {
        for (line, replaced, text, inserted) in [
            ("r --set policy.ji", "policy.ji", "policy.jitter=", "policy.jitter="),
            ("r --set policy.jitter=f", "f", "policy.jitter=full", "full"),
            ("r --set policy.jitter=", "", "policy.jitter=full", "full"),
            (
                "r --set 'policy.jitter=f",
                "policy.jitter=f",
                "policy.jitter=full",
                "policy.jitter=full",
            ),
            ("r --set a=", "", "a=uniform 5ms", "uniform\\ 5ms"),
            ("r --set a=uniform\\ 5", "uniform\\ 5", "a=uniform 5ms", "uniform\\ 5ms"),
            ("r --set \"a=uniform 5", "a=uniform 5", "a=uniform 5ms", "a=uniform 5ms"),
        ] {
            assert_eq!(Line::read(line).rest(replaced, text), inserted, "{line}");
        }
    }
}
