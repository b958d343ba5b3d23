//! `--dry-run`: lists the points.

use super::plan::Plan;
use crate::output::{Stdout, column_widths};
use crate::shard::Shard;
use crate::table::Cell;
use retrylab_core::value::Printable;

/// Number of points to show at each end.
const SHOWN: u64 = 3;

/// Prints the number of points, and the first and last ones.
pub(super) fn show(plan: &Plan, shard: Shard, out: &mut Stdout) {
    out.line(plan.words(shard));
    let count = shard.len(plan.points());
    if count == 0 {
        return;
    }
    let gap = count > 2 * SHOWN + 1;
    let slots: Vec<u64> =
        (0..count).filter(|n| !gap || *n < SHOWN || *n + SHOWN >= count).collect();
    let names = plan.columns().into_iter().map(|column| column.name).collect();
    let shown = |cell: &Cell| Printable::short(&cell.text()).to_string();
    let cells = |slot: &u64| plan.cells(shard.point(*slot)).iter().map(shown).collect();
    let mut rows: Vec<Vec<String>> = vec![names];
    rows.extend(slots.iter().map(cells));
    if gap {
        rows.insert(1 + SHOWN as usize, vec!["…".to_string()]);
    }
    let widths = column_widths(&rows);
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let line: String = cells.map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        out.line(line.trim_end());
    }
}
