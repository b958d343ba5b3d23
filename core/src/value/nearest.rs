//! Suggestions for misspelt words.

use alloc::vec::Vec;

/// Returns the one of `known` that was probably meant by `word`; `None` if none is similar.
///
/// ```
/// use retrylab_core::value::nearest;
///
/// assert_eq!(nearest("server.dorp", ["seed", "server.drop"]), Some("server.drop"));
/// assert_eq!(nearest("banana", ["seed", "server.drop"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, meant) = known.into_iter().map(|known| (distance(word, known), known)).min()?;
    (distance <= meant.len() / 3).then_some(meant)
}

/// Returns the Levenshtein distance of two words, bounded by their lengths.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
