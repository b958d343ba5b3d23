//! Instructions per exchange by module of the core: where the time goes, without a clock.
//!
//! callgrind counts the instructions of two runs of different length. Their difference contains neither the start of the
//! process nor its report. addr2line returns which functions each address was inlined from, and the count goes to the innermost
//! one of the core: what a module makes of the standard library belongs to the module.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::callgrind::Counts;
use super::figure::{Figure, Target};
use super::programs::{self, Size};
use crate::paths::Paths;
use crate::run::{Cmd, find_program};

const FEW: Size = Size::new(1_000, 10);
const MANY: Size = Size::new(1_000, 40);

/// Modules with fewer instructions per exchange are one line together.
const LEAST: f64 = 2.0;

/// Names of folders of the core whose files are counted one by one.
const SPLIT: [&str; 2] = ["sim", "trace"];

const UNIT: &str = "instructions/exchange";

pub(super) fn measure(paths: &Paths) -> Result<Vec<Figure>> {
    for (tool, package) in [("valgrind", "valgrind"), ("addr2line", "binutils")] {
        ensure!(find_program(tool).is_some(), "{tool} is not installed; see the package {package}");
    }
    let program = programs::build_with_symbols(paths)?;
    let (few, many) = (count(paths, &program, FEW)?, count(paths, &program, MANY)?);
    let each = many.beyond(&few, MANY.total() - FEW.total());
    let mut modules = by_module(&each, &sources(paths, &program, &each)?);
    ensure!(
        modules.keys().any(|module| module.starts_with("sim/")),
        "{} has no symbols of the core's files",
        program.display()
    );
    modules.retain(|_, count| *count > 0.0);
    Ok(figures(&modules))
}

/// Returns the modules as figures, those with the most instructions first.
fn figures(modules: &BTreeMap<String, f64>) -> Vec<Figure> {
    let mut sorted: Vec<(&String, f64)> = modules.iter().map(|(name, n)| (name, *n)).collect();
    sorted.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let (shown, rest): (Vec<_>, Vec<_>) = sorted.iter().partition(|(_, count)| *count >= LEAST);
    let sum = |of: &[(&String, f64)]| of.iter().map(|(_, count)| count).sum::<f64>();
    let total = Figure::new("with metrics, 1,000 clients", UNIT, &[sum(&sorted)]);
    let each = shown.iter().map(|(name, count)| Figure::new(format!("  {name}"), UNIT, &[*count]));
    let rest = Figure::new("  all other modules", UNIT, &[sum(&rest)]);
    [total.target(Target::AtMost(2_300.0))].into_iter().chain(each).chain([rest]).collect()
}

/// Runs the workload under callgrind.
fn count(paths: &Paths, program: &Path, size: Size) -> Result<Counts> {
    let file = paths.target.join("callgrind.out");
    eprintln!("counting {} exchanges", size.total());
    let out = format!("--callgrind-out-file={}", file.display());
    Cmd::new("valgrind", &paths.root)
        .words("--tool=callgrind --quiet --dump-instr=yes")
        .arg(out)
        .arg(program)
        .args(size.words())
        .output()?;
    let text = fs::read_to_string(&file)
        .with_context(|| format!("callgrind wrote no {}", file.display()))?;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    Ok(Counts::read(&text, &format!("/{name}")))
}

/// Returns the module of the core that each address belongs to, where there is one.
fn sources(paths: &Paths, program: &Path, counts: &Counts) -> Result<BTreeMap<u64, String>> {
    let addresses = counts.program.keys().map(|address| format!("{address:#x}"));
    let lines = Cmd::new("addr2line", &paths.root)
        .words("--inlines --addresses --exe")
        .arg(program)
        .args(addresses)
        .output()?;
    Ok(modules_of(&lines, &paths.root.join("core/src")))
}

/// Reads the output of addr2line: each address, then the places that it was inlined from, the innermost one first.
fn modules_of(lines: &str, sources: &Path) -> BTreeMap<u64, String> {
    let (mut modules, mut address) = (BTreeMap::new(), None);
    for line in lines.lines() {
        if let Some(hexadecimal) = line.strip_prefix("0x") {
            address = u64::from_str_radix(hexadecimal, 16).ok();
        } else if let (Some(at), Some(module)) = (address, module_of(line, sources)) {
            modules.entry(at).or_insert(module);
        }
    }
    modules
}

/// Returns the module of a place such as `/checkout/core/src/sim/queue.rs:12`.
fn module_of(place: &str, sources: &Path) -> Option<String> {
    let (file, _) = place.rsplit_once(':')?;
    let file = Path::new(file).strip_prefix(sources).ok()?.with_extension("");
    let depth = if SPLIT.iter().any(|folder| file.starts_with(folder)) { 2 } else { 1 };
    let parts: Vec<_> = file.iter().take(depth).map(|part| part.to_string_lossy()).collect();
    Some(parts.join("/"))
}

/// Sums counts by module; what belongs to none has the name of its function or is the program's own.
fn by_module(counts: &Counts, modules: &BTreeMap<u64, String>) -> BTreeMap<String, f64> {
    let mut sums = counts.libraries.clone();
    for (address, count) in &counts.program {
        let module = modules.get(address).map_or("the program", String::as_str);
        *sums.entry(module.to_owned()).or_default() += count;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_belongs_to_the_innermost_module_of_the_core() {
        let lines = "\
0x0000000000000100
/rustc/library/core/src/option.rs:745
/checkout/core/src/sim/queue.rs:120 (discriminator 2)
/checkout/core/src/sim/network.rs:9
0x0000000000000104
/rustc/library/core/src/cmp.rs:1
0x0000000000000108
/checkout/core/src/policy/schedule.rs:7
";
        let modules = modules_of(lines, Path::new("/checkout/core/src"));
        assert_eq!(modules.get(&0x100).map(String::as_str), Some("sim/queue"));
        assert_eq!(modules.get(&0x108).map(String::as_str), Some("policy"));
        let counts = Counts {
            program: BTreeMap::from([(0x100, 3.0), (0x104, 1.0), (0x108, 2.0)]),
            libraries: BTreeMap::from([("memcpy".to_owned(), 4.0)]),
        };
        let sums = by_module(&counts, &modules);
        let names: Vec<(&str, f64)> = sums.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        let expected = [("memcpy", 4.0), ("policy", 2.0), ("sim/queue", 3.0), ("the program", 1.0)];
        assert_eq!(names, expected);
    }

    #[test]
    fn modules_are_sorted_by_their_instructions() {
        let modules = [("a", 1.0), ("b", 40.0), ("c", 300.0)];
        let modules = modules.map(|(name, count)| (name.to_owned(), count)).into();
        let table = super::super::figure::table(&figures(&modules));
        let names: Vec<&str> = table.lines().skip(2).filter_map(|line| line.get(..29)).collect();
        assert_eq!(
            names.iter().map(|name| name.trim()).collect::<Vec<_>>(),
            ["with metrics, 1,000 clients", "c", "b", "all other modules"]
        );
    }
}
