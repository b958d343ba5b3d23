//! What a visitor downloads: printed with its goals, and checked against its limits.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::sections::Contents;
use super::{MODULES, Module, pack};
use crate::dist::Files;
use crate::paths::Paths;

/// The part of the page's code below which a crate is not listed on its own, in bytes.
const SMALL: usize = 4000;

/// Goal and limit of HTML, CSS and JavaScript together, in bytes of Brotli.
const TEXT: Limit = Limit { goal: 70_000, limit: 100_000 };

/// A size in bytes of Brotli to aim at, and one that is an error.
pub(super) struct Limit {
    pub(super) goal: usize,
    pub(super) limit: usize,
}

/// Prints the size of each module with its contents, and of all text. One that is above its limit is an error.
pub(super) fn check(paths: &Paths, files: &Files, contents: &[Contents]) -> Result<()> {
    let mut failed = Vec::new();
    let of_file = |file: String| Size::of(paths, files, |path| path == Path::new(&file));
    for (Module { name, is_divided, limit, .. }, contents) in MODULES.iter().zip(contents) {
        let size = of_file(format!("wasm/{name}_bg.wasm"))?;
        println!("{}", size.line(name, limit.as_ref()));
        println!("{}", by_crate(contents));
        failed.extend(limit.as_ref().and_then(|limit| size.excess(name, limit)));
        if *is_divided {
            let rest = of_file(format!("wasm/{name}_rest.wasm"))?;
            println!("{}", rest.line(&format!("{name}, the rest"), None));
        }
    }
    let text = Size::of(paths, files, |path| {
        pack::is_loaded(path) && path.extension().is_some_and(|kind| kind != "wasm")
    })?;
    println!("{}", text.line("html + css + js", Some(&TEXT)));
    failed.extend(text.excess("html + css + js", &TEXT));
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(())
}

/// Bytes of some files, as they are and compressed for transfer.
#[derive(Default)]
struct Size {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Size {
    fn of(paths: &Paths, files: &Files, is_part: impl Fn(&Path) -> bool) -> Result<Self> {
        let mut size = Self::default();
        for (path, content) in files.iter().filter(|(path, _)| is_part(path)) {
            let packed = |ending| {
                let path = paths.packed().join(format!("{}{ending}", path.display()));
                let size = fs::metadata(&path).map(|metadata| metadata.len() as usize);
                size.with_context(|| format!("cannot read {}", path.display()))
            };
            size.raw += content.len();
            size.gzip += packed(".gz")?;
            size.brotli += packed(".br")?;
        }
        Ok(size)
    }

    fn line(&self, name: &str, limit: Option<&Limit>) -> String {
        let [raw, gzip, brotli] = [self.raw, self.gzip, self.brotli].map(kilobytes);
        let limit = limit.map_or_else(String::new, |Limit { goal, limit }| {
            format!("; goal {}, limit {}", kilobytes(*goal), kilobytes(*limit))
        });
        format!("{name}: {brotli} brotli, {gzip} gzip, {raw} raw{limit}")
    }

    fn excess(&self, name: &str, limit: &Limit) -> Option<String> {
        let (size, most) = (kilobytes(self.brotli), kilobytes(limit.limit));
        (self.brotli > limit.limit)
            .then(|| format!("{name} has {size} in Brotli; the limit is {most}"))
    }
}

/// Returns the contents of a module in one line, the largest first.
fn by_crate(contents: &Contents) -> String {
    let mut parts: Vec<(&str, usize)> = Vec::new();
    let mut rest = 0;
    for (name, bytes) in contents {
        if *bytes < SMALL {
            rest += bytes;
        } else {
            parts.push((name, *bytes));
        }
    }
    parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    parts.push(("rest", rest));
    let parts: Vec<_> =
        parts.into_iter().map(|(name, bytes)| format!("{name} {}", kilobytes(bytes))).collect();
    format!("  {}", parts.join(", "))
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_part_comes_first_and_small_ones_are_added_up() {
        let contents = [("a", 5000), ("b", 300), ("c", 12_345), ("d", 400)];
        let contents = contents.map(|(name, bytes)| (name.to_string(), bytes)).into();
        assert_eq!(by_crate(&contents), "  c 12.3 kB, a 5.0 kB, rest 0.7 kB");
    }

    #[test]
    fn a_size_above_its_limit_is_reported() {
        let size = Size { raw: 9000, gzip: 4000, brotli: 3000 };
        let limit = Limit { goal: 2000, limit: 2999 };
        assert_eq!(
            size.line("m", Some(&limit)),
            "m: 3.0 kB brotli, 4.0 kB gzip, 9.0 kB raw; goal 2.0 kB, limit 2.9 kB"
        );
        let excess = size.excess("m", &limit).unwrap();
        assert_eq!(excess, "m has 3.0 kB in Brotli; the limit is 2.9 kB");
        assert!(size.excess("m", &Limit { goal: 2000, limit: 3000 }).is_none());
    }
}
