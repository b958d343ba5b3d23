//! Rust source without its tests.

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, ImplItem, Item, Meta, Stmt, Token};

/// Removes everything that only a test build contains: items, methods and statements marked
/// `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`.
pub(crate) fn remove_tests(file: &mut syn::File) {
    RemoveTests.visit_file_mut(file);
}

struct RemoveTests;

impl VisitMut for RemoveTests {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        file.items.retain(|item| !is_test(item_attributes(item)));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    items.retain(|item| !is_test(item_attributes(item)));
                }
            }
            Item::Impl(block) => block.items.retain(|item| !is_test(impl_item_attributes(item))),
            _ => {}
        }
        visit_mut::visit_item_mut(self, item);
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        block.stmts.retain(|statement| match statement {
            Stmt::Item(item) => !is_test(item_attributes(item)),
            Stmt::Local(local) => !is_test(&local.attrs),
            Stmt::Macro(call) => !is_test(&call.attrs),
            Stmt::Expr(..) => true,
        });
        visit_mut::visit_block_mut(self, block);
    }
}

fn item_attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn impl_item_attributes(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Fn(item) => &item.attrs,
        ImplItem::Macro(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
    })
}

/// `test` or `all(…, test, …)`; `any(test, …)` also holds in other builds.
fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|conditions| conditions.iter().any(needs_test)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    #[test]
    fn what_only_a_test_build_contains_is_removed() {
        let mut file = syn::parse_file(
            "#[cfg(test)] mod gone1; #[cfg(all(unix, test))] use gone2::X; #[test] fn gone3() {}\n\
             #[cfg(any(test, feature = \"std\"))] use kept1::Y;\n\
             impl Z { #[cfg(test)] fn gone4() {} fn kept2() { #[cfg(test)] let gone5 = 1; } }\n\
             mod kept3 { #[cfg(test)] fn gone6() {} }",
        )
        .unwrap();
        remove_tests(&mut file);
        let text = file.to_token_stream().to_string();
        assert!(!text.contains("gone"), "{text}");
        for kept in ["kept1", "kept2", "kept3"] {
            assert!(text.contains(kept), "{text}");
        }
    }
}
