//! IPv4 addresses as text and as unsigned 32-bit numbers.

use crate::value::Printable;
use alloc::string::{String, ToString};
use core::fmt;
use core::net::Ipv4Addr;

/// Returns the address as a number: its four bytes in network order, the first one most significant.
///
/// ```
/// use retrylab_core::name::ipv4;
///
/// assert_eq!(ipv4::to_number([192, 0, 2, 1].into()), 3_221_225_985);
/// assert_eq!(ipv4::from_number(3_221_225_985).to_string(), "192.0.2.1");
/// ```
#[must_use]
pub const fn to_number(address: Ipv4Addr) -> u32 {
    address.to_bits()
}

/// Returns the address with this number.
#[must_use]
pub const fn from_number(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(number)
}

/// Parses an address: four decimal numbers from 0 to 255 with dots between them, or one decimal number from 0 to
/// 4294967295.
///
/// The C library's `inet_aton` accepts more: fewer than four numbers, and octal and hexadecimal numbers. Programs
/// disagree on what these mean (`010.0.0.1` is 8.0.0.1 or 10.0.0.1), so this function refuses them.
///
/// # Errors
/// What is wrong with the text, and where.
///
/// ```
/// use retrylab_core::name::ipv4;
///
/// let address = ipv4::parse("192.0.2.1").unwrap();
/// assert_eq!(ipv4::parse("3221225985"), Ok(address));
/// let error = ipv4::parse("192.0.2.256").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`192.0.2.256` is not an IPv4 address: its fourth number is 256; use 0 to 255"
/// );
/// ```
pub fn parse(text: &str) -> Result<Ipv4Addr, AddressError> {
    let error = |wrong| AddressError { text: Printable::short(text).to_string(), wrong };
    if text.is_empty() {
        return Err(error(Wrong::Empty));
    }
    if !text.contains('.') {
        return number(text, Place::Whole, u32::MAX).map(from_number).map_err(error);
    }
    let mut octets = [0; 4];
    let count = text.split('.').count();
    if count != octets.len() {
        return Err(error(Wrong::Count(count)));
    }
    for ((octet, part), place) in octets.iter_mut().zip(text.split('.')).zip(Place::PARTS) {
        // At most 255, so it fits.
        *octet = number(part, place, 255).map_err(error)? as u8;
    }
    Ok(octets.into())
}

/// Returns whether `text` consists of digits only, or of digits and dots: it is meant as an address, not as a
/// name. (No top-level domain consists of digits, RFC 3696 section 2.)
#[must_use]
pub fn looks_like(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn number(text: &str, place: Place, max: u32) -> Result<u32, Wrong> {
    if text.is_empty() {
        return Err(Wrong::Missing(place));
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::NotDecimal(place, Printable::short(text).to_string()));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(Wrong::LeadingZero(place, Printable::short(text).to_string()));
    }
    let parsed = text.parse().ok().filter(|number| *number <= max);
    parsed.ok_or_else(|| Wrong::TooLarge(place, Printable::short(text).to_string(), max))
}

/// Error for a text that is not an IPv4 address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    text: String,
    wrong: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    Empty,
    Count(usize),
    Missing(Place),
    NotDecimal(Place, String),
    LeadingZero(Place, String),
    TooLarge(Place, String, u32),
}

/// Which number of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Second,
    Third,
    Fourth,
    /// The address is one number.
    Whole,
}

impl Place {
    const PARTS: [Self; 4] = [Self::First, Self::Second, Self::Third, Self::Fourth];
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "its first number",
            Self::Second => "its second number",
            Self::Third => "its third number",
            Self::Fourth => "its fourth number",
            Self::Whole => "the number",
        })
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wrong == Wrong::Empty {
            return f.write_str("the address is empty; try 192.0.2.1");
        }
        write!(f, "`{}` is not an IPv4 address: ", self.text)?;
        match &self.wrong {
            Wrong::Empty => Ok(()),
            Wrong::Count(1) => f.write_str("it has one number; use four, as in 192.0.2.1"),
            Wrong::Count(count) => {
                write!(f, "it has {count} numbers; use four, as in 192.0.2.1")
            }
            Wrong::Missing(place) => write!(f, "{place} is missing; use 0 to 255"),
            Wrong::NotDecimal(Place::Whole, _) => {
                f.write_str("it is neither dotted, as in 192.0.2.1, nor a decimal number")
            }
            Wrong::NotDecimal(place, part) => {
                write!(f, "{place} is `{part}`; use decimal digits only")
            }
            Wrong::LeadingZero(place, part) => write!(
                f,
                "{place} is {part}; remove the leading zero, which means octal to some programs"
            ),
            Wrong::TooLarge(place, part, max) => write!(f, "{place} is {part}; use 0 to {max}"),
        }
    }
}

impl core::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_addresses_have_known_numbers() {
        for (text, number) in [
            ("0.0.0.0", 0),
            ("0.0.0.1", 1),
            ("0.0.4.36", 1_060),
            ("127.0.0.1", 2_130_706_433),
            ("192.0.2.9", 3_221_225_993),
            ("255.255.255.255", u32::MAX),
        ] {
            let address = parse(text).unwrap();
            assert_eq!(to_number(address), number);
            assert_eq!(from_number(number), address);
            assert_eq!(parse(&number.to_string()), Ok(address));
        }
    }

    #[test]
    fn an_error_says_what_is_wrong_and_where() {
        for (text, sentence) in [
            ("", "the address is empty; try 192.0.2.1"),
            (
                "1.2.3",
                "`1.2.3` is not an IPv4 address: it has 3 numbers; use four, as in 192.0.2.1",
            ),
            ("1.2.3.4.5", "it has 5 numbers"),
            ("1..3.4", "its second number is missing"),
            (".1.2.3", "its first number is missing"),
            ("1.2.3.", "its fourth number is missing"),
            ("1.2.3.x", "its fourth number is `x`; use decimal digits only"),
            ("1.2.+3.4", "its third number is `+3`"),
            ("1.2.3. 4", "its fourth number is ` 4`"),
            ("0x7f.0.0.1", "its first number is `0x7f`"),
            ("1.2.3.04", "its fourth number is 04; remove the leading zero"),
            ("010.0.0.1", "its first number is 010; remove the leading zero"),
            ("1.2.3.256", "its fourth number is 256; use 0 to 255"),
            ("1.2.3.99999999999999999999", "use 0 to 255"),
            ("4294967296", "the number is 4294967296; use 0 to 4294967295"),
            ("007", "remove the leading zero"),
            ("-1", "neither dotted, as in 192.0.2.1, nor a decimal number"),
            ("0x7f000001", "nor a decimal number"),
            ("a.example", "it has 2 numbers"),
            ("\u{661}.2.3.4", "use decimal digits only"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(sentence), "{text}: {error}");
        }
    }

    #[test]
    fn digits_and_dots_are_meant_as_an_address() {
        for text in ["7", "1.2.3", "256.1.1.1", "1.2.3.4", "1..2"] {
            assert!(looks_like(text), "{text}");
        }
        for text in ["", ".", "a", "1.2.3.x", "1a", "-1", "0x7f000001"] {
            assert!(!looks_like(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_survives_both_forms(number: u32) {
            let address = from_number(number);
            prop_assert_eq!(to_number(address), number);
            prop_assert_eq!(parse(&address.to_string()), Ok(address));
            prop_assert_eq!(parse(&number.to_string()), Ok(address));
        }

        /// The standard library's parser is as strict about the dotted form.
        #[test]
        fn the_dotted_form_is_that_of_the_standard_library(text in "[0-9x. ]{0,16}") {
            if text.contains('.') {
                prop_assert_eq!(parse(&text).ok(), text.parse().ok(), "{}", text);
            }
        }

        #[test]
        fn any_text_is_an_address_or_refused_with_a_sentence(text: String) {
            if let Err(error) = parse(&text) {
                prop_assert!(!error.to_string().chars().any(char::is_control));
            }
        }
    }
}
