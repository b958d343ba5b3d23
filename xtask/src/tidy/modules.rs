//! The modules of a crate: what each defines, imports and uses, and which file a path leads to.
//!
//! The tree follows the `mod` declarations from the crate's root, so that files of tests are left out
//! as soon as their declaration is.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, ItemMod, Visibility};

use super::finding::Finding;
use super::source;
use super::tree::Tree;
use super::uses::{self, Import, Mentions, Use};

/// The modules of one crate, the root first and each parent before its children.
pub(crate) struct Crate {
    pub(crate) modules: Vec<Module>,
}

/// A module: a file, or a part of one.
pub(crate) struct Module {
    /// The path from the root, which has none.
    pub(crate) path: Vec<String>,
    pub(crate) file: String,
    /// Where the module is declared; 1 for the root.
    pub(crate) line: usize,
    parent: usize,
    children: BTreeMap<String, usize>,
    /// What is defined here, and whether it is a type, a trait or a constant: no code.
    items: BTreeMap<String, bool>,
    pub(crate) imports: Vec<Import>,
    /// What is mentioned outside of `use` items.
    pub(crate) mentions: Mentions,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Module(usize),
    /// Something that `module` defines; `inert` for a type, a trait or a constant.
    Item {
        module: usize,
        inert: bool,
    },
}

/// Meaning of a name that a module and an item share.
#[derive(Clone, Copy)]
enum Meant {
    Module,
    Item,
}

impl Meant {
    /// A part of a path before others is a module.
    fn before(self, rest: &[String]) -> Self {
        if rest.is_empty() { self } else { Self::Module }
    }
}

/// Maximum number of re-exports to follow, because they may form a cycle.
const MAX_STEPS: usize = 16;

impl Crate {
    /// Reads the crate whose root is the file `root`, such as `core/src/lib.rs`.
    pub(crate) fn read(tree: &Tree, root: &str) -> Result<Self, Finding> {
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut reader = Reader { tree, modules: Vec::new() };
        reader.file(root, folder, Place { path: Vec::new(), line: 1, parent: 0 })?;
        Ok(Self { modules: reader.modules })
    }

    /// Returns true if the module `above` is in the chain of parents of `module`.
    pub(crate) fn is_ancestor(&self, above: usize, module: usize) -> bool {
        above != module && self.modules[module].path.starts_with(&self.modules[above].path)
    }

    /// Returns true if the path, mentioned in `module`, leads to a module. It may lead to an item as well.
    pub(crate) fn is_module(&self, module: usize, path: &[String]) -> bool {
        let Some((last, parents)) = path.split_last() else { return false };
        match self.resolve(module, parents) {
            Some(Target::Module(at)) => self.modules[at].children.contains_key(last),
            _ => parents.is_empty() && self.modules[module].children.contains_key(last),
        }
    }

    /// Returns what a path leads to when it is mentioned in `module`, through re-exports; `None` outside
    /// of this crate.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Option<Target> {
        self.resolve_within(module, path, Meant::Item, MAX_STEPS)
    }

    /// Resolves the keywords that a path begins with: returns the module that they lead to and the
    /// rest of the path. `None` for a path that begins with a name.
    pub(crate) fn anchor<'p>(
        &self,
        module: usize,
        path: &'p [String],
    ) -> Option<(usize, &'p [String])> {
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (0, &path[1..]),
            "self" => (module, &path[1..]),
            "super" => (module, path),
            _ => return None,
        };
        while rest.first().is_some_and(|first| first == "super") {
            at = self.modules[at].parent;
            rest = &rest[1..];
        }
        Some((at, rest))
    }

    fn resolve_within(
        &self,
        module: usize,
        path: &[String],
        meant: Meant,
        steps: usize,
    ) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        if let Some((at, rest)) = self.anchor(module, path) {
            return Some(self.descend(at, rest, meant, steps));
        }
        let (first, rest) = path.split_first()?;
        let here = &self.modules[module];
        let start = match here.children.get(first) {
            Some(child) => Target::Module(*child),
            None => self.imported(module, first, meant.before(rest), steps)?,
        };
        match start {
            Target::Module(at) => Some(self.descend(at, rest, meant, steps)),
            item @ Target::Item { .. } => Some(item),
        }
    }

    /// Follows `path` down from `at`. What is not found, such as a name that a macro makes, counts as
    /// code of the module where it was looked for.
    fn descend(&self, at: usize, path: &[String], meant: Meant, steps: usize) -> Target {
        let Some((name, rest)) = path.split_first() else { return Target::Module(at) };
        let here = &self.modules[at];
        let meant_here = meant.before(rest);
        let child = here.children.get(name).map(|child| Target::Module(*child));
        let item = || here.items.get(name).map(|inert| Target::Item { module: at, inert: *inert });
        let found = match meant_here {
            Meant::Item => item().or(child),
            Meant::Module => child.or_else(item),
        };
        match found.or_else(|| self.imported(at, name, meant_here, steps)) {
            Some(Target::Module(next)) => self.descend(next, rest, meant, steps),
            Some(item) => item,
            None => Target::Item { module: at, inert: false },
        }
    }

    /// Returns what `module` imports as `name`, by name or by a glob.
    fn imported(&self, module: usize, name: &str, meant: Meant, steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let imports = &self.modules[module].imports;
        let by_name = imports
            .iter()
            .filter(|import| import.name == name)
            .find_map(|import| self.resolve_within(module, &import.path.segments, meant, steps));
        by_name.or_else(|| {
            imports.iter().filter(|import| import.path.glob).find_map(|import| {
                let path = &import.path.segments;
                let from = self.resolve_within(module, path, Meant::Module, steps)?;
                let Target::Module(from) = from else { return None };
                let there = &self.modules[from];
                match there.items.get(name) {
                    Some(inert) => Some(Target::Item { module: from, inert: *inert }),
                    None => self.imported(from, name, meant, steps),
                }
            })
        })
    }
}

struct Place {
    path: Vec<String>,
    line: usize,
    parent: usize,
}

struct Reader<'t> {
    tree: &'t Tree,
    modules: Vec<Module>,
}

impl Reader<'_> {
    /// Reads the module that is the file `path`; the files of its children are in `folder`.
    fn file(&mut self, path: &str, folder: &str, place: Place) -> Result<usize, Finding> {
        let Some(file) = self.tree.get(path) else {
            return Err(Finding::new(path, 1, "this file is missing"));
        };
        let mut syntax = file.syntax()?.clone();
        source::remove_tests(&mut syntax);
        self.module(path, folder, place, syntax.items)
    }

    fn module(
        &mut self,
        file: &str,
        folder: &str,
        place: Place,
        items: Vec<Item>,
    ) -> Result<usize, Finding> {
        let index = self.modules.len();
        self.modules.push(Module {
            path: place.path,
            file: file.to_owned(),
            line: place.line,
            parent: place.parent,
            children: BTreeMap::new(),
            items: BTreeMap::new(),
            imports: Vec::new(),
            mentions: Mentions::default(),
        });
        for item in items {
            match item {
                Item::Mod(child) => self.child(index, folder, child)?,
                item => self.modules[index].add(item),
            }
        }
        Ok(index)
    }

    fn child(&mut self, parent: usize, folder: &str, item: ItemMod) -> Result<(), Finding> {
        let name = item.ident.to_string();
        let mut path = self.modules[parent].path.clone();
        path.push(name.clone());
        let place = Place { path, line: item.ident.span().start().line, parent };
        let inner = format!("{folder}/{name}");
        let child = match item.content {
            Some((_, items)) => {
                let file = self.modules[parent].file.clone();
                self.module(&file, &inner, place, items)?
            }
            None => {
                let own = format!("{inner}.rs");
                let file =
                    if self.tree.get(&own).is_some() { own } else { format!("{inner}/mod.rs") };
                self.file(&file, &inner, place)?
            }
        };
        self.modules[parent].children.insert(name, child);
        Ok(())
    }
}

impl Module {
    fn add(&mut self, item: Item) {
        let defined = match &item {
            Item::Use(item) => {
                let reexport = !matches!(item.vis, Visibility::Inherited);
                return uses::imports(&item.tree, reexport, &mut self.imports);
            }
            Item::Const(item) => Some((&item.ident, true)),
            Item::Enum(item) => Some((&item.ident, true)),
            Item::Fn(item) => Some((&item.sig.ident, false)),
            Item::Static(item) => Some((&item.ident, true)),
            Item::Struct(item) => Some((&item.ident, true)),
            Item::Trait(item) => Some((&item.ident, true)),
            Item::Type(item) => Some((&item.ident, true)),
            Item::Union(item) => Some((&item.ident, true)),
            Item::Macro(item) => {
                if item.ident.is_none() {
                    self.add_generated(item.mac.tokens.clone());
                }
                self.add_declared(item.mac.tokens.clone());
                item.ident.as_ref().map(|ident| (ident, false))
            }
            _ => None,
        };
        if let Some((name, inert)) = defined {
            self.items.insert(name.to_string(), inert);
        }
        self.mentions.scan(item.to_token_stream());
    }

    /// Adds the types that a macro call declares: capitalized names before braces, such as
    /// `words! { Order { … } }` or `bitflags! { struct Flags: u8 { … } }`.
    fn add_generated(&mut self, tokens: TokenStream) {
        let mut name = None;
        for token in tokens {
            match token {
                TokenTree::Ident(word) if word.to_string().starts_with(char::is_uppercase) => {
                    name.get_or_insert(word.to_string());
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    if let Some(name) = name.take() {
                        self.items.insert(name, true);
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds the types that are declared inside a macro call or a macro's definition.
    fn add_declared(&mut self, tokens: TokenStream) {
        const KEYWORDS: [&str; 5] = ["enum", "struct", "trait", "type", "union"];
        let mut declares = false;
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.add_declared(group.stream()),
                TokenTree::Ident(word) if declares => {
                    self.items.insert(word.to_string(), true);
                    declares = false;
                }
                TokenTree::Ident(word) => {
                    declares = KEYWORDS.iter().any(|keyword| word == keyword);
                }
                _ => declares = false,
            }
        }
    }

    /// Returns the paths that the module imports, re-exports or mentions elsewhere.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Use> {
        self.imports.iter().map(|import| &import.path).chain(&self.mentions.paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Crate {
        let tree = Tree::of(&[
            (
                "c/src/lib.rs",
                "pub mod a; mod b; mod same; fn same() {} pub use a::Inner as Outer; #[cfg(test)] mod tests;",
            ),
            (
                "c/src/a/mod.rs",
                "mod inner; pub use inner::*; words! { Made { A } } macro_rules! m { () => { pub struct Hidden; } }",
            ),
            ("c/src/a/inner.rs", "pub struct Inner; pub fn run() {} fn f() { super::Made::A; }"),
            ("c/src/b.rs", "use crate::{a, same}; mod nested { pub(crate) const N: u8 = 1; }"),
            ("c/src/same.rs", "pub fn same() {}"),
        ]);
        Crate::read(&tree, "c/src/lib.rs").unwrap()
    }

    fn file_of(sample: &Crate, module: usize, path: &str) -> Option<(String, bool)> {
        let segments: Vec<String> = path.split("::").map(String::from).collect();
        match sample.resolve(module, &segments)? {
            Target::Module(module) => Some((format!("mod {}", sample.modules[module].file), true)),
            Target::Item { module, inert } => Some((sample.modules[module].file.clone(), inert)),
        }
    }

    #[test]
    fn paths_lead_through_reexports_to_the_file_that_defines() {
        let sample = sample();
        let b = sample.modules.iter().position(|module| module.path == ["b"]).unwrap();
        for (path, file, inert) in [
            ("crate::a::Inner", "c/src/a/inner.rs", true),
            ("crate::Outer", "c/src/a/inner.rs", true),
            ("super::a::run", "c/src/a/inner.rs", false),
            ("a::Inner::new", "c/src/a/inner.rs", true),
            ("crate::a::Made::A", "c/src/a/mod.rs", true),
            ("crate::a::Hidden", "c/src/a/mod.rs", true),
            ("same::same", "c/src/same.rs", false),
            ("crate::same", "c/src/lib.rs", false),
            ("nested::N", "c/src/b.rs", true),
            ("crate::a", "mod c/src/a/mod.rs", true),
            ("crate::a::unknown", "c/src/a/mod.rs", false),
        ] {
            assert_eq!(file_of(&sample, b, path), Some((file.into(), inert)), "{path}");
        }
        assert_eq!(file_of(&sample, b, "core::fmt::Debug"), None);
    }

    #[test]
    fn a_reexport_that_goes_in_circles_ends() {
        let tree = Tree::of(&[
            ("lib.rs", "mod a; mod b;"),
            ("/a.rs", "pub use crate::b::X;"),
            ("/b.rs", "pub use crate::a::X;"),
        ]);
        let circle = Crate::read(&tree, "lib.rs").unwrap();
        assert!(file_of(&circle, 0, "crate::a::X").is_some());
    }

    #[test]
    fn a_missing_file_is_a_finding() {
        let tree = Tree::of(&[("c/src/lib.rs", "mod gone;")]);
        let finding = Crate::read(&tree, "c/src/lib.rs").err().unwrap();
        assert_eq!(finding.path, "c/src/gone/mod.rs");
    }
}
