//! How many phrases each folder may still have, until it has none.
//!
//! `xtask/phrases-budget.txt` has a line `folder count` for each folder that is not clean yet; `.` is
//! the checkout's root. Counts may only fall. When the last line is gone, this file can go too.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// The count of each folder.
pub(crate) type Counts = BTreeMap<String, usize>;

/// Reads the budget. An error names the line.
pub(crate) fn parse(text: &str) -> Result<Counts> {
    let line = |(index, line): (usize, &str)| {
        let place = || format!("line {}: expected `folder count`", index + 1);
        let (folder, count) = line.split_once(' ').with_context(place)?;
        Ok((folder.to_owned(), count.trim().parse().with_context(place)?))
    };
    let lines = text.lines().enumerate();
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(line).collect()
}

/// Returns the budget's text with counts that have fallen; what has risen stays.
pub(crate) fn lowered(text: &str, found: &Counts) -> Result<String> {
    let mut out: String =
        text.lines().filter(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    for (folder, count) in parse(text)? {
        let count = count.min(found.get(&folder).copied().unwrap_or(0));
        if count > 0 {
            out += &format!("{folder} {count}\n");
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_fall_and_never_rise() {
        let found = Counts::from([("core".into(), 3), ("web".into(), 9), ("new".into(), 1)]);
        let text = "# why\ncore 5\nweb 7\nwww 2\n";
        assert_eq!(lowered(text, &found).unwrap(), "# why\ncore 3\nweb 7\n");
    }

    #[test]
    fn an_error_names_the_line() {
        assert!(parse("core 5\nweb").unwrap_err().to_string().starts_with("line 2"));
        assert!(parse("core five").unwrap_err().to_string().starts_with("line 1"));
    }
}
