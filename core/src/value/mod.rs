//! Values that people write: how each type is read, shown and explained.
//!
//! The type of each scenario value implements [`Value`] in its own module. Reading is lenient where the
//! meaning is clear (`30%`, `10 ms`, `1m30s`, `1e-05`, `0.30000000000000004`), and never guesses: `100` is
//! not a duration. A number is rounded to the steps of its type; one between zero and the first step is
//! refused. Writing is canonical, and what is written is read back as the same value.
//!
//! ```
//! use retrylab_core::time::Duration;
//! use retrylab_core::value::{Value, canonical};
//!
//! assert_eq!(Option::<Duration>::parse("1m 30s"), Some(Some(Duration::from_secs(90))));
//! assert_eq!(canonical::<Option<Duration>>("1m 30s").as_deref(), Ok("90s"));
//!
//! let error = canonical::<Option<Duration>>("100").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "not a duration of at most 2400h; try 100ms or 1m30s, or none"
//! );
//! ```

mod basic;
mod factor;
mod list;
mod nearest;
mod printable;
mod server_name;
mod shape;
mod text;
#[cfg(feature = "serde")]
pub(crate) mod wide;
mod words;

pub use crate::text::parse_decimal;
pub use basic::Same;
pub(crate) use basic::{MAX_DURATION, is_word};
pub use factor::{Factor, Share};
pub use list::NumberList;
pub use nearest::nearest;
pub use printable::{Printable, printable_json};
pub use server_name::{ServerName, ServerNames};
pub use shape::{Form, Grammar, Items, Refusal, Shape, TimeList};
pub use text::{Value, ValueError, Written, canonical};
pub(crate) use words::{from_text, named, phrase, setters, words};
