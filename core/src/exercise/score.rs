//! The code of a result: short enough to read aloud, long enough that a mistake or a code of another exercise is noticed.
//!
//! Nine symbols of Crockford's base 32, which has no letter that looks like a digit: the result, seven symbols of a hash of the
//! exercise, its right answer and the result, and a check symbol. It is a checksum and no signature: this file says how to
//! make one.

use super::Exercise;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The symbols, by value.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Number of symbols of a code.
const LENGTH: usize = 9;

/// Number of symbols before the dash.
const FIRST: usize = 5;

/// What someone made of an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Whether the last answer was right; if not, the solution was shown without one.
    pub solved: bool,
    /// Number of answers, the right one included; a code counts up to 15.
    pub attempts: u8,
}

impl Score {
    /// Maximum number of attempts that a code counts.
    pub const MAX_ATTEMPTS: u8 = 15;

    /// Returns the code of this result, such as `H7WQ2-9MXD`.
    #[must_use]
    pub fn code(self, exercise: &Exercise) -> String {
        let mut code = String::new();
        for (place, value) in self.values(exercise).into_iter().enumerate() {
            if place == FIRST {
                code.push('-');
            }
            code.push(char::from(SYMBOLS[usize::from(value)]));
        }
        code
    }

    /// Reads a code of an exercise. Dashes and blanks do not count, nor do lower case, `O` for `0`, and `I` or `L` for `1`.
    ///
    /// # Errors
    /// If it is not a code, or not one of this exercise.
    pub fn read(code: &str, exercise: &Exercise) -> Result<Self, CodeError> {
        let symbols = code.chars().filter(|c| *c != '-' && !c.is_whitespace());
        let values = symbols.map(value).collect::<Result<Vec<u8>, _>>()?;
        let [data, .., last] = values[..] else { return Err(CodeError::Length(values.len())) };
        if values.len() != LENGTH {
            return Err(CodeError::Length(values.len()));
        }
        if last != check(&values[..LENGTH - 1]) {
            return Err(CodeError::Mistyped);
        }
        let score = Self { solved: data >> 4 == 1, attempts: data & Self::MAX_ATTEMPTS };
        if score.values(exercise)[..] == values[..] { Ok(score) } else { Err(CodeError::Other) }
    }

    fn values(self, exercise: &Exercise) -> [u8; LENGTH] {
        let data = u8::from(self.solved) << 4 | self.attempts.min(Self::MAX_ATTEMPTS);
        let answer = exercise.answer.words();
        let parts =
            [exercise.kind.name().as_bytes(), &exercise.number.to_be_bytes(), answer.as_bytes()];
        let hash = hash(parts.into_iter().flatten().chain(&[data]));
        let mut values = [data; LENGTH];
        for (place, value) in values.iter_mut().enumerate().take(LENGTH - 1).skip(1) {
            *value = (hash >> (5 * place) & 31) as u8;
        }
        values[LENGTH - 1] = check(&values[..LENGTH - 1]);
        values
    }
}

/// Returns a hash (FNV-1a, 64 bits), its halves folded together.
fn hash<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^ hash >> 24
}

/// Returns the check symbol's value. The weights are odd, so every change of one symbol changes it.
fn check(values: &[u8]) -> u8 {
    let weighted = (0..).zip(values).map(|(place, value)| (2 * place + 1) * u32::from(*value));
    (weighted.sum::<u32>() % 32) as u8
}

fn value(symbol: char) -> Result<u8, CodeError> {
    let upper = match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = SYMBOLS.iter().position(|known| char::from(*known) == upper);
    place.map(|place| place as u8).ok_or(CodeError::Symbol(symbol))
}

/// Why a code does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// It has this many symbols.
    Length(usize),
    /// This is not a symbol of codes.
    Symbol(char),
    /// The check symbol does not fit.
    Mistyped,
    /// It belongs to another exercise.
    Other,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(count) => {
                write!(f, "a code has {LENGTH} letters and digits, this one has {count}")
            }
            Self::Symbol(symbol) => write!(f, "a code has no {symbol:?}"),
            Self::Mistyped => f.write_str("a letter or digit of the code is wrong"),
            Self::Other => f.write_str(
                "the code belongs to another exercise, or to another version of this program",
            ),
        }
    }
}

impl core::error::Error for CodeError {}
