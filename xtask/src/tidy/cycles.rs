//! Rule `cycles`: within core, native and web no files use each other in a cycle.
//!
//! Every file is a module, a `mod.rs` too; a module inside a file belongs to the file. A file uses
//! another if one of its paths leads to something that the other defines. Re-exports are resolved,
//! because they can hide cycles: `super::Loss` in `link/chain.rs` is a use of
//! `link/loss.rs`, where `Loss` is defined, and not of `link/mod.rs`, which re-exports it.
//!
//! What is not a use:
//! - a declaration `mod x;`,
//! - a re-export (`pub use`, `pub(crate) use`), unless the file also mentions the name elsewhere,
//! - an import of a module (`use crate::link;`): what is mentioned through it counts by itself,
//! - a type, a trait or a constant that a parent module defines, in its children: a folder's
//!   `mod.rs` often holds the types that its files share. Functions and macros of a parent count, and
//!   so does `use super::*`.
//! - tests.
//!
//! Calls of methods are not detected: they contain no path.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::finding::Finding;
use super::modules::{Crate, Target};
use super::tree::Tree;
use super::uses::{Import, Use};

/// The crates, by their roots.
const ROOTS: [&str; 5] = [
    "core/src/lib.rs",
    "native/src/lib.rs",
    "native/src/main.rs",
    "web/src/lib.rs",
    "web/engine/src/lib.rs",
];

/// A use that closes a cycle and that is accepted for now.
struct Accepted {
    from: &'static str,
    to: &'static str,
}

/// The list may only get shorter: an entry whose cycle is gone is a finding.
const ACCEPTED: &[Accepted] = &[
    // The table of records names the function that puts each one into words, and those functions look at
    // the record: each half would be incomplete without the other.
    Accepted { from: "core/src/trace/table.rs", to: "core/src/trace/words/mod.rs" },
    // The narrator puts one record into words with what it knows of the earlier ones.
    Accepted { from: "core/src/trace/words/mod.rs", to: "core/src/trace/words/narrator.rs" },
];

/// Reports cycles, and accepted uses that are no longer part of one.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut graph = Graph::default();
    for root in ROOTS {
        match Crate::read(tree, root) {
            Ok(modules) => graph.add(&modules),
            Err(finding) => findings.push(finding),
        }
    }
    findings.extend(cycles(graph, ACCEPTED));
    findings
}

/// First place where a file uses another.
#[derive(Clone)]
struct Place {
    line: usize,
    name: String,
}

/// The uses between files.
#[derive(Default)]
struct Graph(BTreeMap<String, BTreeMap<String, Place>>);

impl Graph {
    fn add(&mut self, modules: &Crate) {
        for (index, module) in modules.modules.iter().enumerate() {
            for path in &module.mentions.paths {
                self.add_use(modules, index, path, path.line);
            }
            for Import { name, path, reexport } in &module.imports {
                let mentions = &module.mentions;
                if *reexport {
                    let line = mentions.names.get(name);
                    line.inspect(|line| self.add_use(modules, index, path, **line));
                } else if !path.glob && modules.is_module(index, &path.segments) {
                    // A function can have the name of a module, and `use` then imports both.
                    let line = mentions.calls.get(name);
                    line.inspect(|line| self.add_use(modules, index, path, **line));
                } else {
                    self.add_use(modules, index, path, path.line);
                }
            }
        }
    }

    fn add_use(&mut self, modules: &Crate, from: usize, path: &Use, line: usize) {
        let (to, inert) = match modules.resolve(from, &path.segments) {
            Some(Target::Item { module, inert }) => (module, inert),
            Some(Target::Module(module)) if path.glob => (module, false),
            _ => return,
        };
        let (user, used) = (&modules.modules[from], &modules.modules[to]);
        if user.file == used.file || inert && modules.is_ancestor(to, from) {
            return;
        }
        let place = Place { line, name: path.segments.join("::") };
        let uses = self.0.entry(user.file.clone()).or_default();
        uses.entry(used.file.clone()).or_insert(place);
    }

    /// Returns the shortest way from one file to another, both included.
    fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            if at == to {
                let mut way = vec![at.to_owned()];
                while way.last().is_some_and(|last| last != from) {
                    way.push(before[way[way.len() - 1].as_str()].to_owned());
                }
                way.reverse();
                return Some(way);
            }
            for next in self.0.get(at).into_iter().flat_map(BTreeMap::keys) {
                if next != from && !before.contains_key(next.as_str()) {
                    before.insert(next, at);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    fn uses(&self, from: &str, to: &str) -> Option<&Place> {
        self.0.get(from)?.get(to)
    }
}

fn cycles(mut graph: Graph, accepted: &[Accepted]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Accepted { from, to, .. } in accepted {
        if graph.uses(from, to).is_none() || graph.way(to, from).is_none() {
            let text = format!("no cycle uses {to} from here any more: delete the accepted entry");
            findings.push(Finding::new(from, 1, text));
        }
    }
    for Accepted { from, to, .. } in accepted {
        if let Some(uses) = graph.0.get_mut(*from) {
            uses.remove(*to);
        }
    }
    findings.extend(shortest(&graph).iter().map(|cycle| describe(&graph, cycle)));
    findings
}

/// Returns the shortest cycles, each as the files on it, the first one again at its end. Of cycles that
/// share a use only one is returned: without that use the others are gone too.
fn shortest(graph: &Graph) -> Vec<Vec<String>> {
    let mut cycles = Vec::new();
    for (from, uses) in &graph.0 {
        for to in uses.keys() {
            if let Some(way) = graph.way(to, from) {
                cycles.push(std::iter::once(from.clone()).chain(way).collect::<Vec<String>>());
            }
        }
    }
    cycles.sort_by_key(Vec::len);
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    cycles.retain(|cycle| {
        let uses = || cycle.windows(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        let apart = uses().all(|pair| !seen.contains(&pair));
        if apart {
            seen.extend(uses());
        }
        apart
    });
    cycles
}

fn describe(graph: &Graph, cycle: &[String]) -> Finding {
    let mut text = String::from("these files use each other in a cycle:");
    for pair in cycle.windows(2) {
        if let Some(Place { line, name }) = graph.uses(&pair[0], &pair[1]) {
            text += &format!("\n    {}:{line} uses {} ({name})", pair[0], pair[1]);
        }
    }
    let line = graph.uses(&cycle[0], &cycle[1]).map_or(1, |place| place.line);
    Finding::new(&cycle[0], line, text)
}

#[cfg(test)]
mod tests {
    use super::super::finding::lines;
    use super::*;

    /// Returns the cycles of a crate of these files, with these accepted uses.
    fn found(files: &[(&str, &str)], accepted: &[Accepted]) -> Vec<String> {
        let modules = Crate::read(&Tree::of(files), "c/lib.rs").unwrap();
        let mut graph = Graph::default();
        graph.add(&modules);
        lines(&cycles(graph, accepted))
    }

    const HIDDEN: [(&str, &str); 4] = [
        ("c/lib.rs", "mod link;"),
        (
            "c/link/mod.rs",
            "mod chain; mod channel; pub use chain::Chain; pub use channel::Channel;",
        ),
        ("c/link/chain.rs", "pub struct Chain;\nfn f(c: super::Channel) {}"),
        ("c/link/channel.rs", "use super::Chain; pub struct Channel(Chain);"),
    ];

    #[test]
    fn a_cycle_behind_reexports_is_reported() {
        assert_eq!(
            found(&HIDDEN, &[]),
            ["c/link/chain.rs:2: these files use each other in a cycle:\n    \
              c/link/chain.rs:2 uses c/link/channel.rs (super::Channel)\n    \
              c/link/channel.rs:1 uses c/link/chain.rs (super::Chain)"]
        );
    }

    #[test]
    fn one_use_that_closes_many_cycles_is_reported_once() {
        let files = [
            ("c/lib.rs", "mod a; mod b; mod c;"),
            ("c/a.rs", "pub struct A; fn f() { crate::c::f() }"),
            ("c/b.rs", "pub struct B(crate::a::A);"),
            ("c/c.rs", "pub fn f() { crate::a::A; crate::b::B }"),
        ];
        let found = found(&files, &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("c/a.rs:1 uses c/c.rs (crate::c::f)"), "{found:?}");
    }

    #[test]
    fn an_accepted_cycle_passes_until_it_is_gone() {
        let accepted = |from, to| [Accepted { from, to }];
        assert_eq!(found(&HIDDEN, &accepted("c/link/chain.rs", "c/link/channel.rs")), [""; 0]);
        let gone = [HIDDEN[0], HIDDEN[1], ("c/link/chain.rs", "pub struct Chain;"), HIDDEN[3]];
        assert_eq!(
            found(&gone, &accepted("c/link/channel.rs", "c/link/chain.rs")),
            ["c/link/channel.rs:1: no cycle uses c/link/chain.rs from here any more: delete the \
              accepted entry"]
        );
    }

    #[test]
    fn types_of_a_parent_may_be_used_by_its_children_and_functions_may_not() {
        let parent = "mod child; pub struct Shared; pub fn help() {} fn f() { child::run() }";
        let with_child = |child| found(&[("c/lib.rs", parent), ("c/child.rs", child)], &[]);
        assert_eq!(with_child("pub fn run() { let _: crate::Shared; }"), [""; 0]);
        assert_eq!(with_child("pub fn run() { super::help() }").len(), 1);
        assert_eq!(with_child("use super::*; pub fn run() {}").len(), 1);
    }

    #[test]
    fn a_reexport_is_a_use_only_where_its_name_is_mentioned() {
        let child = ("c/child.rs", "pub struct Own; fn f() { super::help() }");
        let parent = "mod child; pub use child::Own; pub fn help() {}";
        assert_eq!(found(&[("c/lib.rs", parent), child], &[]), [""; 0]);
        let parent = format!("{parent} fn g(own: Own) {{}}");
        assert_eq!(found(&[("c/lib.rs", &parent), child], &[]).len(), 1);
    }

    #[test]
    fn tests_and_imports_of_modules_are_no_uses() {
        let files = [
            ("c/lib.rs", "mod a; mod b;"),
            ("c/a.rs", "use crate::b; #[cfg(test)] mod tests { use crate::b::B; }"),
            ("c/b.rs", "pub struct B; fn f() { crate::a::g() }"),
        ];
        assert_eq!(found(&files, &[]), [""; 0]);
        let through = ("c/a.rs", "use crate::b; fn g() -> b::B {}");
        assert_eq!(found(&[files[0], through, files[2]], &[]).len(), 1);
    }
}
