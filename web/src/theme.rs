//! Colours and fonts. The page's CSS defines them; this module only receives their values.

/// The colour of a stroke, a shape or a text. The discriminant is the index in [`NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Text, and important lines.
    Text,
    /// Secondary text.
    Muted,
    /// Hairlines and tracks.
    Line,
    /// Lines that must be seen, such as the ways of packets.
    Edge,
    /// Boxes on the background.
    Surface,
    /// The background.
    Ground,
    /// The first send of a request.
    Request,
    /// A later send.
    Retry,
    /// What is thin, hollow or very small of a later send: darker than its shape on light ground.
    RetryLine,
    /// A reply.
    Reply,
    /// A loss, and giving up.
    Lost,
    /// A running wait.
    Wait,
    /// A wait's bar in the ladder.
    WaitSoft,
    /// Text on a request's, a retry's or a reply's shape.
    OnRequest,
    /// As above.
    OnRetry,
    /// As above.
    OnReply,
    /// What is selected.
    Select,
}

/// The style sheet's custom properties, in the order of [`Ink`]; the last two are font families.
pub(crate) const NAMES: [&str; 19] = [
    "--text",
    "--muted",
    "--line",
    "--edge",
    "--surface",
    "--ground",
    "--request",
    "--retry",
    "--retry-line",
    "--reply",
    "--lost",
    "--wait",
    "--wait-soft",
    "--on-request",
    "--on-retry",
    "--on-reply",
    "--select",
    "--sans",
    "--mono",
];

/// The values of [`NAMES`].
#[derive(Clone, Debug)]
pub(crate) struct Theme {
    values: Vec<String>,
}

impl Default for Theme {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Theme {
    /// Creates the theme with these values; a missing one is black, or a plain font.
    pub(crate) fn new(mut values: Vec<String>) -> Self {
        while values.len() < NAMES.len() {
            let font = values.len() >= NAMES.len() - 2;
            values.push(if font { "sans-serif" } else { "#000" }.to_string());
        }
        Self { values }
    }

    pub(crate) fn ink(&self, ink: Ink) -> &str {
        &self.values[ink as usize]
    }

    pub(crate) fn sans(&self) -> &str {
        &self.values[NAMES.len() - 2]
    }

    pub(crate) fn mono(&self) -> &str {
        &self.values[NAMES.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_its_name() {
        assert_eq!(NAMES[Ink::Text as usize], "--text");
        assert_eq!(NAMES[Ink::OnRequest as usize], "--on-request");
        assert_eq!(NAMES[Ink::Select as usize], "--select");
        assert_eq!(Ink::Select as usize, NAMES.len() - 3);
    }

    #[test]
    fn a_short_list_is_no_panic() {
        let theme = Theme::new(vec!["#111".to_string()]);
        assert_eq!((theme.ink(Ink::Text), theme.ink(Ink::Lost)), ("#111", "#000"));
        assert_eq!(theme.mono(), "sans-serif");
    }
}
