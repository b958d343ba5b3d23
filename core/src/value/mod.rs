//! Values that people write: whole words, lists of numbers, factors.

mod factor;
mod list;
mod words;

pub use factor::{Factor, Share};
pub use list::{NumberList, NumberListError};
pub(crate) use words::words;
