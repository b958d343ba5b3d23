//! Lists in a scenario: items separated by `;`, or `none`.

use crate::value::is_word;
use alloc::vec::Vec;
use core::fmt;

/// Writes a list.
pub(super) fn write(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("none");
    }
    items
        .iter()
        .enumerate()
        .try_for_each(|(i, item)| write!(f, "{}{item}", if i == 0 { "" } else { "; " }))
}

/// Reads a list and sorts it by `key`; items with the same key stay in the order of the text.
///
/// Returns `None` if an item cannot be read, or if there are more than `most`.
pub(super) fn read<T, K: Ord>(
    text: &str,
    most: usize,
    read: impl Fn(&str) -> Option<T>,
    key: impl Fn(&T) -> K,
) -> Option<Vec<T>> {
    let mut items = Vec::new();
    if is_word(text, "none") {
        return Some(items);
    }
    for item in text.split(';') {
        if items.len() == most {
            return None;
        }
        let item = read(item)?;
        items.insert(items.partition_point(|other| key(other) <= key(&item)), item);
    }
    Some(items)
}
