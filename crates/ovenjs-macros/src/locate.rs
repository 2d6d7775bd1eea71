//! Where the generated code finds `ovenjs-commands`: by the user's `Cargo.toml`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Ident, Path as RustPath};
use toml::{Table, Value};

/// The path of `ovenjs-commands` in the code of the crate being compiled; `told` overrides the
/// search.
pub(crate) fn commands(told: Option<&RustPath>) -> syn::Result<TokenStream> {
    if let Some(path) = told {
        return Ok(quote!(#path));
    }
    if variable("CARGO_PKG_NAME").as_deref() == Some(COMMANDS) {
        return Ok(quote!(::ovenjs_commands));
    }
    let found = variable("CARGO_MANIFEST_DIR").and_then(|folder| search(Path::new(&folder)));
    match found {
        Some(Found::Commands(name)) => {
            let name = Ident::new(&name, Span::call_site());
            Ok(quote!(::#name))
        }
        Some(Found::Core(name)) => {
            let name = Ident::new(&name, Span::call_site());
            Ok(quote!(::#name::commands))
        }
        None => Err(syn::Error::new(
            Span::call_site(),
            "neither ovenjs-core nor ovenjs-commands is among the dependencies in Cargo.toml: \
             add ovenjs-core, or say where it is by `crate = path::to::commands`",
        )),
    }
}

/// The crate that has the handlers, under the name it has in the code.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Commands(String),
    Core(String),
}

const COMMANDS: &str = "ovenjs-commands";
const CORE: &str = "ovenjs-core";

fn search(folder: &Path) -> Option<Found> {
    let manifest = read(&folder.join("Cargo.toml"))?;
    find(&manifest, || {
        let inherited = manifest
            .get("workspace")
            .is_some()
            .then(|| manifest.clone());
        inherited.or_else(|| workspace_above(folder))
    })
}

/// Looks through the manifest of a package. `workspace` is asked for when a dependency takes its
/// particulars from there.
fn find(manifest: &Table, workspace: impl Fn() -> Option<Table>) -> Option<Found> {
    // What tests alone depend on is not there for the code which they test.
    let first = |list| find_in(manifest, list, &workspace);
    first("dependencies").or_else(|| first("dev-dependencies"))
}

/// Looks through the dependencies of one kind.
fn find_in(manifest: &Table, list: &str, workspace: impl Fn() -> Option<Table>) -> Option<Found> {
    let mut core = None;
    for (key, value) in tables(manifest, list).into_iter().flatten() {
        let package = if inherits(value) {
            let workspace = workspace();
            let shared = workspace
                .as_ref()
                .and_then(|workspace| workspace.get("workspace")?.get("dependencies")?.get(key));
            shared
                .map_or(key.as_str(), |shared| package_of(key, shared))
                .to_owned()
        } else {
            package_of(key, value).to_owned()
        };
        let name = key.replace('-', "_");
        if package == COMMANDS {
            return Some(Found::Commands(name));
        }
        if package == CORE {
            core = Some(Found::Core(name));
        }
    }
    core
}

/// Every list of that name in a manifest, those of single platforms included.
fn tables<'a>(manifest: &'a Table, list: &str) -> Vec<&'a Table> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets
        .into_iter()
        .flatten()
        .filter_map(|(_, target)| target.as_table());
    std::iter::once(manifest)
        .chain(targets)
        .filter_map(|table| table.get(list)?.as_table())
        .collect()
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn package_of<'a>(key: &'a str, value: &'a Value) -> &'a str {
    value.get("package").and_then(Value::as_str).unwrap_or(key)
}

/// The manifest of the workspace to which the package in `folder` belongs.
fn workspace_above(folder: &Path) -> Option<Table> {
    folder
        .ancestors()
        .skip(1)
        .map(|above| above.join("Cargo.toml"))
        .filter_map(|manifest: PathBuf| read(&manifest))
        .find(|manifest| manifest.contains_key("workspace"))
}

fn read(manifest: &Path) -> Option<Table> {
    fs::read_to_string(manifest).ok()?.parse().ok()
}

fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is how cargo tells a macro for which package it works"
    )]
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_dependency_is_found_under_its_name() {
        let found = |text: &str| find(&text.parse().unwrap(), || None);
        let commands = |name: &str| Some(Found::Commands(name.to_owned()));
        let core = |name: &str| Some(Found::Core(name.to_owned()));

        assert_eq!(
            found("[dependencies]\novenjs-core = \"1\""),
            core("ovenjs_core")
        );
        assert_eq!(
            found("[dependencies]\nmy-oven = { package = \"ovenjs-core\", version = \"1\" }"),
            core("my_oven")
        );
        assert_eq!(
            found("[dev-dependencies]\nkitchen = { package = \"ovenjs-commands\", path = \"x\" }"),
            commands("kitchen")
        );
        assert_eq!(
            found("[target.'cfg(unix)'.dependencies]\novenjs-core = \"1\""),
            core("ovenjs_core")
        );
        assert_eq!(found("[dependencies]\nserde = \"1\""), None);
    }

    #[test]
    fn the_nearer_crate_wins() {
        let manifest = "[dependencies]\novenjs-core = \"1\"\novenjs-commands = \"1\"";
        let found = find(&manifest.parse().unwrap(), || None);
        assert_eq!(found, Some(Found::Commands("ovenjs_commands".to_owned())));
    }

    #[test]
    fn what_tests_alone_have_is_not_for_the_code() {
        let manifest =
            "[dependencies]\novenjs-core = \"1\"\n[dev-dependencies]\novenjs-commands = \"1\"";
        let found = find(&manifest.parse().unwrap(), || None);
        assert_eq!(found, Some(Found::Core("ovenjs_core".to_owned())));
    }

    #[test]
    fn a_name_given_in_the_workspace_is_found() {
        let manifest = "[dependencies]\noven = { workspace = true }";
        let workspace =
            "[workspace.dependencies]\noven = { package = \"ovenjs-core\", version = \"1\" }";
        let found = find(&manifest.parse().unwrap(), || workspace.parse().ok());
        assert_eq!(found, Some(Found::Core("oven".to_owned())));
    }
}
