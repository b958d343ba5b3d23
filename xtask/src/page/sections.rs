//! What is in a module of WebAssembly: the bytes of its sections, and of its code by crate.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// Bytes by crate and, within the project's own crates, by module, such as `retrylab_core::sim`. What is not code has
/// the name of its section, such as `(data)`.
pub(super) type Contents = BTreeMap<String, usize>;

/// Returns what is in `module`, which has its names; of its functions, what is in those with an index that `is_part`.
pub(super) fn of(module: &[u8], is_part: impl Fn(u32) -> bool) -> Result<Contents> {
    let mut contents = Contents::new();
    let (mut imported, mut sizes, mut names) = (0, Vec::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => sizes.push(body.range().len()),
            Payload::DataSection(section) => {
                contents.insert("(data)".into(), section.range().len());
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for part in section {
                        if let Name::Function(functions) = part? {
                            for function in functions {
                                let function = function?;
                                names.insert(function.index, function.name);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (index, size) in (imported..).zip(sizes).filter(|(index, _)| is_part(*index)) {
        let origin =
            names.get(&index).map_or_else(|| "(without a name)".into(), |name| origin(name));
        *contents.entry(origin).or_default() += size;
    }
    Ok(contents)
}

/// Returns the crate in the name of a function and, if the crate is the project's own, the module.
fn origin(name: &str) -> String {
    let mut path = name;
    // The name of an implementation begins with a type.
    for before in ["<", "&", "[", "(", "*", "mut ", "const ", "dyn "] {
        path = path.trim_start_matches(before);
    }
    let mut parts =
        path.split("::").map(|part| part.split(['<', '>', ' ', '[']).next().unwrap_or(part));
    match (parts.next(), parts.next()) {
        (Some(own), Some(module)) if own.starts_with("retrylab") => format!("{own}::{module}"),
        (Some(other), Some(_)) => other.into(),
        // The name of an export, without a path.
        _ => "(exports)".into(),
    }
}

/// Returns `module` without the names of its functions: they help only in a debugger, and every visitor would download
/// them.
pub(super) fn without_names(module: &[u8]) -> Result<Vec<u8>> {
    let mut rest = Vec::with_capacity(module.len());
    let mut from = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let Some((_, range)) = payload.as_section() else { continue };
        let is_names =
            matches!(&payload, Payload::CustomSection(section) if section.name() == "name");
        if !is_names {
            // With what is before its content, its number and length.
            rest.extend_from_slice(&module[from.min(range.start)..range.end]);
        }
        from = range.end;
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_crate_that_defines_it() {
        for (name, expected) in [
            ("retrylab_core::sim::network::Network<C,S,K>::step", "retrylab_core::sim"),
            (
                "<retrylab_core::dist::Distribution as core::fmt::Display>::fmt",
                "retrylab_core::dist",
            ),
            ("<&mut dyn core::fmt::Write as core::fmt::Write>::write_str", "core"),
            ("alloc::vec::Vec<T,A>::push", "alloc"),
            ("core[c5930c85a12de822]::str::pattern::StrSearcher::new", "core"),
            ("lab_drawStage", "(exports)"),
        ] {
            assert_eq!(origin(name), expected, "{name}");
        }
    }

    /// A module with a function `core::f` of two bytes and its name.
    const MODULE: &[u8] = b"\0asm\x01\0\0\0\
        \x01\x04\x01\x60\0\0\
        \x03\x02\x01\0\
        \x0a\x04\x01\x02\0\x0b\
        \0\x12\x04name\x01\x0b\x01\0\x08core::f1";

    #[test]
    fn names_say_whose_code_it_is_and_are_not_downloaded() {
        assert_eq!(of(MODULE, |_| true).unwrap(), Contents::from([("core".to_string(), 2)]));
        let rest = without_names(MODULE).unwrap();
        assert_eq!(rest, MODULE[..MODULE.len() - 20]);
        assert_eq!(
            of(&rest, |_| true).unwrap(),
            Contents::from([("(without a name)".to_string(), 2)])
        );
    }
}
