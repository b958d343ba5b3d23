//! Rule `layers`: a module of core uses only modules above it in the table of core's crate doc.
//!
//! A module here is one of the crate's top level, with everything inside it. What counts as a use is
//! every path that begins with `crate`, `super` or `self` and leaves the module, in `use` items,
//! re-exports, code and macro calls. Tests may use everything.

use super::finding::Finding;
use super::modules::Crate;
use super::tree::Tree;

const ROOT: &str = "core/src/lib.rs";

/// Reports uses that go upwards, and modules that the table lacks or only the table has.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.get(ROOT) else {
        return vec![Finding::new(ROOT, 1, "this file is missing")];
    };
    match Crate::read(tree, ROOT) {
        Ok(core) => compare(&core, &table(&root.text)),
        Err(finding) => vec![finding],
    }
}

/// A row: the module's name and its line.
type Row = (String, usize);

/// Reads the rows ``//! | [`name`] | what it is |``, in order.
fn table(text: &str) -> Vec<Row> {
    let row = |(line, text): (usize, &str)| {
        let cell = text.strip_prefix("//! | ")?.split(" |").next()?;
        let name = cell.trim_matches(['[', ']']).strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), line + 1))
    };
    text.lines().enumerate().filter_map(row).collect()
}

fn compare(core: &Crate, table: &[Row]) -> Vec<Finding> {
    let place = |name: &str| table.iter().position(|(row, _)| row == name);
    let mut findings = Vec::new();
    for (name, line) in table {
        if !core.modules.iter().any(|module| module.path == [name.as_str()]) {
            let text = format!("the table of layers has `{name}`, which is not a module");
            findings.push(Finding::new(ROOT, *line, text));
        }
    }
    for (index, module) in core.modules.iter().enumerate() {
        let Some(own) = module.path.first() else { continue };
        if module.path.len() == 1 && place(own).is_none() {
            let text = format!("the module `{own}` is not in the table of layers");
            findings.push(Finding::new(ROOT, module.line, text));
        }
        for path in module.paths() {
            let Some(used) = top_level(core, index, &path.segments) else { continue };
            if used == own {
                continue;
            }
            if let (Some(own_place), Some(used_place)) = (place(own), place(used))
                && used_place > own_place
            {
                let text = format!(
                    "`{own}` uses `{used}` ({}), which is not above it in the table of layers",
                    path.segments.join("::")
                );
                findings.push(Finding::new(&module.file, path.line, text));
            }
        }
    }
    findings
}

/// Returns the module of the crate's top level that a path leads into.
fn top_level<'a>(core: &'a Crate, module: usize, path: &'a [String]) -> Option<&'a String> {
    let (at, rest) = core.anchor(module, path)?;
    let name = core.modules[at].path.first().or(rest.first())?;
    let exists = core.modules.iter().any(|module| module.path == [name.as_str()]);
    exists.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::finding::lines;
    use super::*;

    const TABLE: &str =
        "//! | module | what it is |\n//! |---|---|\n//! | `time` | t |\n//! | [`link`] | l |\n\n";

    fn check_code(modules: &str, time: &str, link: &str) -> Vec<String> {
        let root = format!("{TABLE}{modules}");
        lines(&check(&Tree::of(&[
            (ROOT, &root),
            ("core/src/link/mod.rs", link),
            ("core/src/link/loss.rs", "use super::super::time::Instant;"),
            ("core/src/time.rs", time),
            ("core/src/extra.rs", ""),
        ])))
    }

    #[test]
    fn uses_of_modules_above_pass() {
        let time = "#[cfg(test)] mod tests { use crate::link::Link; }";
        let link = "mod loss; use crate::time::Instant; use self::loss::Loss;";
        assert_eq!(check_code("pub mod link; pub mod time;", time, link), [""; 0]);
    }

    #[test]
    fn a_use_of_a_module_below_is_reported() {
        let time = "use core::fmt;\nuse crate::link::Link;\nfn f() { g!(super::link::burst()) }";
        assert_eq!(
            check_code("pub mod link; pub mod time;", time, "mod loss;"),
            [
                "core/src/time.rs:2: `time` uses `link` (crate::link::Link), which is not above it in \
                 the table of layers",
                "core/src/time.rs:3: `time` uses `link` (super::link::burst), which is not above it \
                 in the table of layers",
            ]
        );
    }

    #[test]
    fn table_and_modules_have_to_agree() {
        assert_eq!(
            check_code("pub mod time;\nmod extra;", "", ""),
            [
                "core/src/lib.rs:4: the table of layers has `link`, which is not a module",
                "core/src/lib.rs:7: the module `extra` is not in the table of layers",
            ]
        );
    }
}
