//! A datagram's own name in its own bytes, so that a mirrored reply names the send that it answers.

use crate::machine::Label;
use alloc::format;
use alloc::vec::Vec;

/// `#exchange.send ` at the head of a datagram, in decimal: `#12.3 hello`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub Label);

impl Token {
    /// Maximum length of a token in bytes: two numbers of ten digits, `#`, `.` and the blank.
    pub const MAX_LEN: usize = 23;

    /// Appends the token to `buf`.
    pub fn emit(self, buf: &mut Vec<u8>) {
        let Label { exchange, send } = self.0;
        buf.extend_from_slice(format!("#{exchange}.{send} ").as_bytes());
    }

    /// Returns the token at the head of `bytes`; `None` if there is none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (exchange, rest) = number(bytes.strip_prefix(b"#")?)?;
        let (send, rest) = number(rest.strip_prefix(b".")?)?;
        rest.strip_prefix(b" ")?;
        Label::new(exchange, send).map(Self)
    }
}

/// Returns the decimal number at the head of `bytes`, and what follows it.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(digits);
    Some((core::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_token_survives_its_bytes(exchange in 1u32.., send in 1u32.., rest: Vec<u8>) {
            let token = Token(Label::new(exchange, send).unwrap());
            let mut bytes = Vec::new();
            token.emit(&mut bytes);
            proptest::prop_assert!(bytes.len() <= Token::MAX_LEN);
            bytes.extend(rest);
            proptest::prop_assert_eq!(Token::parse(&bytes), Some(token));
        }

        #[test]
        fn arbitrary_bytes_are_no_panic(bytes: Vec<u8>) {
            let _ = Token::parse(&bytes);
        }
    }

    #[test]
    fn what_is_not_a_token_is_none() {
        for bytes in
            ["", "#", "#1", "#1.", "#1.2", "#0.1 ", "#1.0 ", "#1.4294967296 ", "1.2 ", "#1.2x"]
        {
            assert_eq!(Token::parse(bytes.as_bytes()), None, "{bytes}");
        }
    }
}
