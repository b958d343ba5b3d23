//! The paths that Rust code mentions: in `use` items, in expressions and types, and inside macros.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::UseTree;

/// A path such as `crate::link::Link` or `super::chain::Chain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) segments: Vec<String>,
    /// The path ends in `::*`.
    pub(crate) glob: bool,
    pub(crate) line: usize,
}

/// A name that a `use` item brings into a module.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// The name in the module; for a glob, `*`.
    pub(crate) name: String,
    pub(crate) path: Use,
    /// The item has a visibility, so that the name can be used from elsewhere.
    pub(crate) reexport: bool,
}

/// What some code mentions.
#[derive(Default)]
pub(crate) struct Mentions {
    /// Paths of two segments or more.
    pub(crate) paths: Vec<Use>,
    /// Single names, each with the line of its first mention.
    pub(crate) names: BTreeMap<String, usize>,
    /// The single names that are called as functions.
    pub(crate) calls: BTreeMap<String, usize>,
}

/// Adds the names that `tree` imports.
pub(crate) fn imports(tree: &UseTree, reexport: bool, out: &mut Vec<Import>) {
    flatten(tree, &mut Vec::new(), &mut |name, path| out.push(Import { name, path, reexport }));
}

fn flatten(tree: &UseTree, prefix: &mut Vec<String>, found: &mut impl FnMut(String, Use)) {
    let mut leaf = |name: &Ident, renamed: &Ident, prefix: &[String]| {
        let line = name.span().start().line;
        let mut segments = prefix.to_vec();
        let mut renamed = renamed.to_string();
        if name == "self" && !segments.is_empty() {
            if renamed == "self" {
                renamed = segments.last().cloned().unwrap_or_default();
            }
        } else {
            segments.push(name.to_string());
        }
        found(renamed, Use { segments, glob: false, line });
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => leaf(&name.ident, &name.ident, prefix),
        UseTree::Rename(rename) => leaf(&rename.ident, &rename.rename, prefix),
        UseTree::Glob(glob) => {
            let line = glob.star_token.spans[0].start().line;
            found("*".into(), Use { segments: prefix.clone(), glob: true, line });
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, found);
            }
        }
    }
}

impl Mentions {
    /// Adds what `tokens` mention, macro calls and `use` items inside functions included. Field and
    /// method names are not paths, and what follows a type in angle brackets (`<T>::new`) is not either.
    pub(crate) fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(first) if !continues(&tokens, at) => {
                    at = self.path(first, &tokens, at);
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads the path that begins with `first` and returns the place of its last token.
    fn path(&mut self, first: &Ident, tokens: &[TokenTree], mut at: usize) -> usize {
        let line = first.span().start().line;
        let mut segments = vec![first.to_string()];
        while is_separator(tokens, at + 1) {
            match tokens.get(at + 3) {
                Some(TokenTree::Ident(next)) => segments.push(next.to_string()),
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    self.paths.push(Use { segments, glob: true, line });
                    return at + 3;
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let tree = syn::parse2::<UseTree>(TokenTree::Group(group.clone()).into());
                    if let Ok(tree) = tree {
                        flatten(&tree, &mut segments, &mut |_, path| self.paths.push(path));
                    }
                    return at + 3;
                }
                _ => break,
            }
            at += 3;
        }
        if segments.len() > 1 {
            self.paths.push(Use { segments, glob: false, line });
        } else {
            let name = segments.remove(0);
            let declared =
                at >= 1 && matches!(&tokens[at - 1], TokenTree::Ident(word) if word == "fn");
            let arguments = matches!(tokens.get(at + 1), Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Parenthesis);
            if arguments && !declared {
                self.calls.entry(name.clone()).or_insert(line);
            }
            self.names.entry(name).or_insert(line);
        }
        at
    }
}

/// Returns true if there are two colons at `at`.
fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(tokens.get(at)) && colon(tokens.get(at + 1))
}

/// Returns true if the name at `at` continues a path or is a field.
fn continues(tokens: &[TokenTree], at: usize) -> bool {
    let dot = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == '.');
    let field = at >= 1 && dot(&tokens[at - 1]) && !(at >= 2 && dot(&tokens[at - 2]));
    field || at >= 2 && is_separator(tokens, at - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(code: &str) -> (Vec<String>, Vec<String>) {
        let mut mentions = Mentions::default();
        mentions.scan(code.parse().unwrap());
        let path = |path: &Use| path.segments.join("::") + if path.glob { "::*" } else { "" };
        (mentions.paths.iter().map(path).collect(), mentions.names.into_keys().collect())
    }

    #[test]
    fn paths_are_found_in_expressions_types_macros_and_inner_uses() {
        let (paths, names) = scan(
            "fn f(a: crate::a::A) -> Vec<super::B> { use crate::c::{C, d::{self, E as F}, g::*}; \
             println!(\"{}\", crate::h::i(x.y)); $crate::j::k!(); <T>::new(); x.collect::<L>() }",
        );
        assert_eq!(
            paths,
            [
                "crate::a::A",
                "super::B",
                "crate::c::C",
                "crate::c::d",
                "crate::c::d::E",
                "crate::c::g::*",
                "crate::h::i",
                "crate::j::k"
            ]
        );
        assert!(names.contains(&"Vec".into()) && names.contains(&"x".into()), "{names:?}");
        assert!(!names.contains(&"y".into()) && !names.contains(&"new".into()), "{names:?}");
    }

    #[test]
    fn only_calls_of_functions_count_as_calls() {
        let mut mentions = Mentions::default();
        mentions.scan("fn a(b: u8) { let c = b; d(c); e.f() }".parse().unwrap());
        assert_eq!(mentions.calls.keys().collect::<Vec<_>>(), ["d"]);
    }

    #[test]
    fn imports_have_the_names_of_the_module() {
        let tree: UseTree = syn::parse_str("a::{self, b as c, d::*}").unwrap();
        let mut found = Vec::new();
        imports(&tree, true, &mut found);
        let found: Vec<_> =
            found.iter().map(|import| (&*import.name, import.path.segments.join("::"))).collect();
        let wanted = [("a", "a"), ("c", "a::b"), ("*", "a::d")];
        assert_eq!(found, wanted.map(|(name, path)| (name, path.to_string())));
    }
}
