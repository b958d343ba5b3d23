//! Just enough JSON for the page's inspector, form and tables: a writer, no reader.

/// Writes one object or array, with its commas.
#[derive(Default)]
pub(crate) struct Json {
    out: String,
}

impl Json {
    /// Returns an object whose members `fill` writes.
    pub(crate) fn object(fill: impl FnOnce(&mut Self)) -> String {
        let mut json = Self::default();
        json.nest('{', '}', fill);
        json.out
    }

    /// Returns an array whose elements `fill` writes.
    pub(crate) fn array(fill: impl FnOnce(&mut Self)) -> String {
        let mut json = Self::default();
        json.nest('[', ']', fill);
        json.out
    }

    /// Writes the member `key: "value"`.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.quote(value);
    }

    /// Writes the member `key: value`; exact up to 2^53 in JavaScript.
    pub(crate) fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        self.out += &value.to_string();
    }

    /// Writes the member `key: true` or `key: false`.
    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out += if value { "true" } else { "false" };
    }

    /// Writes the member `key: ["value", …]`.
    pub(crate) fn texts(&mut self, key: &str, values: impl IntoIterator<Item = impl AsRef<str>>) {
        self.list(key, |json| {
            for value in values {
                json.separate();
                json.quote(value.as_ref());
            }
        });
    }

    /// Writes the member `key: [ … ]`.
    pub(crate) fn list(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.nest('[', ']', fill);
    }

    /// Writes an object as an element of the current array.
    pub(crate) fn element(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.nest('{', '}', fill);
    }

    fn nest(&mut self, open: char, close: char, fill: impl FnOnce(&mut Self)) {
        self.out.push(open);
        fill(self);
        self.out.push(close);
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.quote(key);
        self.out.push(':');
    }

    fn separate(&mut self) {
        if !self.out.ends_with(['{', '[']) {
            self.out.push(',');
        }
    }

    /// Writes a string, escaped as in RFC 8259 section 7.
    fn quote(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out += "\\\"",
                '\\' => self.out += "\\\\",
                c if c < ' ' => self.out += &format!("\\u{:04x}", c as u32),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_quotes_stand_where_they_must() {
        let text = Json::object(|json| {
            json.text("a", "say \"hi\"\\\n");
            json.number("b", 7);
            json.list("c", |json| {
                json.element(|json| json.flag("d", true));
                json.element(|json| json.texts("e", ["x[", "y{"]));
            });
            json.texts("f", [""; 0]);
        });
        assert_eq!(
            text,
            r#"{"a":"say \"hi\"\\\u000a","b":7,"c":[{"d":true},{"e":["x[","y{"]}],"f":[]}"#
        );
    }

    #[test]
    fn an_array_may_be_empty() {
        assert_eq!(Json::array(|_| ()), "[]");
    }
}
