//! Texts that a build for download can load later.
//!
//! With the feature `small`, each is between marks, by which the page's build finds it: what divides the module moves it to the
//! part that a first visit does not load. Only functions of that part may refer to it.

/// Returns a text that a first visit to the page does not need.
#[cfg(feature = "small")]
#[doc(hidden)]
#[macro_export]
macro_rules! rest_text {
    ($($text:literal),* $(,)?) => {
        // The arms of a `match` could otherwise become a table, which would be in the first part.
        core::hint::black_box(const {
            const BEGIN: &str = "\u{2}rest\n";
            let marked = concat!("\u{2}rest\n", $($text,)* "\u{3}");
            marked.split_at(marked.len() - 1).0.split_at(BEGIN.len()).1
        })
    };
}

/// Returns a text that a first visit to the page does not need.
#[cfg(not(feature = "small"))]
#[doc(hidden)]
#[macro_export]
macro_rules! rest_text {
    ($($text:literal),* $(,)?) => {
        concat!($($text),*)
    };
}

pub(crate) use rest_text as text;
