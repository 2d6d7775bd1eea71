//! Public interfaces of library crates carry types, not their absence.
//!
//! Refused in what others can name: `serde_json::Value`, `dyn Any`, and an id that is a bare
//! number or string. A new one is either typed or listed here with its reason.

use super::Report;
use super::tree::{File, Tree, attributes, is_for_tests};
use syn::visit::{self, Visit};

/// Ids that are not Discord's snowflakes: `(crate, file or *, name or *, reason)`.
const PLAIN_IDS: &[(&str, &str, &str)] = &[
    (
        "*",
        "custom_id",
        "a component's id is the bot's own text of up to 100 characters",
    ),
    (
        "*",
        "session_id",
        "Discord's gateway and voice sessions are opaque text",
    ),
    (
        "ovenjs-mock",
        "*",
        "the mock's world is JSON, so that it cannot share our mistakes",
    ),
    (
        "crates/ovenjs-types/src/activity_instance.rs",
        "*",
        "an activity's instance, launch and place are opaque text",
    ),
    (
        "crates/ovenjs-types/src/interaction/callback.rs",
        "*",
        "an activity's instance is opaque text",
    ),
    (
        "crates/ovenjs-types/src/message/notice.rs",
        "party_id",
        "a party's id is the application's own text",
    ),
    (
        "crates/ovenjs-types/src/presence.rs",
        "id",
        "a party's id is the application's own text",
    ),
    (
        "crates/ovenjs-types/src/connection.rs",
        "id",
        "an account's id is in the words of its service",
    ),
    (
        "crates/ovenjs-types/src/integration.rs",
        "id",
        "an account's id is in the words of its service",
    ),
    (
        "crates/ovenjs-types/src/template.rs",
        "id",
        "a template numbers its parts from 0, which no snowflake can be",
    ),
    (
        "crates/ovenjs-types/src/voice.rs",
        "id",
        "a voice region's id is a word",
    ),
    (
        "crates/ovenjs-types/src/widget.rs",
        "id",
        "a member of a widget is known by its place there",
    ),
];

/// Places where JSON without a type is the point: `(crate or *, reason)`.
const PLAIN_JSON: &[(&str, &str)] = &[(
    "ovenjs-mock",
    "the mock's world is JSON, so that it cannot share our mistakes",
)];

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut items = 0;
    for (name, folder) in tree.libraries() {
        for file in tree
            .rust_below(&format!("{folder}/src"))
            .filter(|file| !file.is_test())
        {
            let Some(syntax) = &file.syntax else { continue };
            let mut seen = Public {
                room: name,
                file,
                value_imported: file.text.contains("serde_json::Value")
                    || file.text.contains("serde_json::{"),
                items: 0,
                found: Vec::new(),
            };
            seen.visit_file(syntax);
            items += seen.items;
            report.findings.append(&mut seen.found);
        }
    }
    let exceptions = PLAIN_IDS.len() + PLAIN_JSON.len();
    report.looked_at = format!("{items} public items, {exceptions} listed exceptions");
    report
}

struct Public<'tree> {
    room: &'tree str,
    file: &'tree File,
    /// Whether a bare `Value` in this file is serde_json's.
    value_imported: bool,
    items: usize,
    found: Vec<String>,
}

impl Public<'_> {
    fn named(&mut self, name: &syn::Ident, declared: &syn::Type) {
        self.untyped(declared);
        let text = name.to_string();
        let is_id = text == "id" || text.ends_with("_id");
        let excepted = PLAIN_IDS.iter().any(|(room, id, _)| {
            (*room == "*" || *room == self.room || *room == self.file.path)
                && (*id == "*" || *id == text)
        });
        if is_id && !excepted && is_plain(declared) {
            self.report(
                name.span().start().line,
                &format!("the id `{text}` is a bare number or string; give it its type"),
            );
        }
    }

    fn untyped(&mut self, declared: &syn::Type) {
        let mut escapes = Escapes {
            value_imported: self.value_imported,
            found: Vec::new(),
        };
        escapes.visit_type(declared);
        let json_excepted = PLAIN_JSON.iter().any(|(room, _)| *room == self.room);
        for (line, what) in escapes.found {
            if !(json_excepted && what == JSON_VALUE) {
                self.report(line, &format!("{what} in a public interface"));
            }
        }
    }

    fn signature(&mut self, signature: &syn::Signature) {
        self.items += 1;
        for input in &signature.inputs {
            if let syn::FnArg::Typed(argument) = input {
                match &*argument.pat {
                    syn::Pat::Ident(name) => self.named(&name.ident, &argument.ty),
                    _ => self.untyped(&argument.ty),
                }
            }
        }
        if let syn::ReturnType::Type(_, returned) = &signature.output {
            self.untyped(returned);
            // `fn id(&self) -> u64` is a field seen from outside.
            let takes_self_only = signature.inputs.len() == 1
                && matches!(signature.inputs.first(), Some(syn::FnArg::Receiver(_)));
            if takes_self_only {
                self.named(&signature.ident, returned);
            }
        }
    }

    fn fields(&mut self, fields: &syn::Fields, all_public: bool) {
        for field in fields
            .iter()
            .filter(|field| all_public || is_public(&field.vis))
        {
            match &field.ident {
                Some(name) => self.named(name, &field.ty),
                None => self.untyped(&field.ty),
            }
        }
    }

    fn report(&mut self, line: usize, what: &str) {
        self.found
            .push(format!("{}:{line}: {what}", self.file.path));
    }
}

impl<'ast> Visit<'ast> for Public<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if is_public(&item.vis) {
            self.items += 1;
            self.fields(&item.fields, false);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if is_public(&item.vis) {
            self.items += 1;
            for variant in &item.variants {
                self.fields(&variant.fields, true);
            }
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_public(&item.vis) {
            self.signature(&item.sig);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if is_public(&item.vis) {
            for item in &item.items {
                if let syn::TraitItem::Fn(function) = item {
                    self.signature(&function.sig);
                }
            }
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        // What a foreign trait wants is not ours to choose; our own traits are judged themselves.
        if item.trait_.is_some() {
            return;
        }
        for item in &item.items {
            if let syn::ImplItem::Fn(function) = item
                && is_public(&function.vis)
            {
                self.signature(&function.sig);
            }
        }
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if is_public(&item.vis) {
            self.items += 1;
            self.untyped(&item.ty);
        }
    }
}

const JSON_VALUE: &str = "serde_json::Value";
const DYN_ANY: &str = "dyn Any";

struct Escapes {
    value_imported: bool,
    found: Vec<(usize, &'static str)>,
}

impl<'ast> Visit<'ast> for Escapes {
    fn visit_type_path(&mut self, declared: &'ast syn::TypePath) {
        let parts: Vec<_> = declared
            .path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let line = declared
            .path
            .segments
            .first()
            .map_or(0, |first| first.ident.span().start().line);
        match parts
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["serde_json", "Value"] => self.found.push((line, JSON_VALUE)),
            ["Value"] if self.value_imported => self.found.push((line, JSON_VALUE)),
            _ => {}
        }
        visit::visit_type_path(self, declared);
    }

    fn visit_type_trait_object(&mut self, declared: &'ast syn::TypeTraitObject) {
        for bound in &declared.bounds {
            if let syn::TypeParamBound::Trait(bound) = bound
                && let Some(last) = bound.path.segments.last()
                && last.ident == "Any"
            {
                self.found.push((last.ident.span().start().line, DYN_ANY));
            }
        }
        visit::visit_type_trait_object(self, declared);
    }
}

/// A number or a text, also borrowed, optional or many.
fn is_plain(declared: &syn::Type) -> bool {
    match declared {
        syn::Type::Reference(reference) => is_plain(&reference.elem),
        syn::Type::Slice(slice) => is_plain(&slice.elem),
        syn::Type::Path(declared) => declared.path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            match &last.arguments {
                syn::PathArguments::AngleBracketed(inner)
                    if ["Option", "Vec", "Box", "Arc"].contains(&name.as_str()) =>
                {
                    inner.args.iter().any(|argument| {
                        matches!(argument, syn::GenericArgument::Type(inner) if is_plain(inner))
                    })
                }
                syn::PathArguments::None => {
                    ["u64", "i64", "u128", "String", "str", "Text"].contains(&name.as_str())
                }
                _ => false,
            }
        }),
        _ => false,
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    fn found(text: &str) -> usize {
        check(&sample::tree(&[("crates/ovenjs-x/src/lib.rs", text)]))
            .findings
            .len()
    }

    #[test]
    fn bare_ids_are_seen_wherever_they_are_public() {
        for bad in [
            "pub struct S { pub id: u64 }",
            "pub struct S { pub guild_id: Option<String> }",
            "pub enum E { A { channel_id: u64 } }",
            "pub fn f(user_id: &str) {}",
            "pub trait T { fn f(&self, role_id: u64); }",
            "pub struct S; impl S { pub fn id(&self) -> u64 { 1 } }",
            "pub struct S { pub role_id: Vec<u64> }",
        ] {
            assert_eq!(found(bad), 1, "{bad}");
        }
    }

    #[test]
    fn untyped_values_are_seen() {
        for bad in [
            "pub fn f(value: serde_json::Value) {}",
            "use serde_json::Value; pub struct S { pub extra: Option<Value> }",
            "pub fn f() -> Box<dyn std::any::Any + Send> { x() }",
            "pub type Json = serde_json::Value;",
        ] {
            assert_eq!(found(bad), 1, "{bad}");
        }
    }

    #[test]
    fn typed_private_and_listed_ones_are_fine() {
        for good in [
            "pub struct S { pub id: Id<UserMarker>, raw_id: u64 }",
            "pub(crate) fn f(user_id: u64) {}",
            "struct S { pub id: u64 }",
            "pub struct Button { pub custom_id: String }",
            "pub enum Value { A } pub fn f(value: Value) {}",
            "#[cfg(test)] mod tests { pub fn f(id: u64) {} }",
        ] {
            assert_eq!(found(good), 0, "{good}");
        }
    }
}
