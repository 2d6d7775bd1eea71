//! The attribute macros of OvenJS: `#[command]`, `#[component]` and friends.
//!
//! They are documented where they are used: in `ovenjs-commands`, which re-exports them. What they
//! write begins with the path of that crate, which they look up in the user's `Cargo.toml`:
//! `ovenjs-commands` itself, or `commands` within `ovenjs-core`, whatever either is renamed to.
//! `crate = path` says it instead where neither is a direct dependency.

use proc_macro::TokenStream;

mod attribute;
mod derive;
mod function;
mod handler;
mod locate;
mod text;

/// Makes a command of an `async fn`.
#[proc_macro_attribute]
pub fn command(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::command(attribute.into(), item.into()).into()
}

/// Makes an `async fn` the handler of a component.
#[proc_macro_attribute]
pub fn component(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::component(attribute.into(), item.into()).into()
}

/// Makes an `async fn` the handler of a modal that comes back.
#[proc_macro_attribute]
pub fn submit(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::submit(attribute.into(), item.into()).into()
}

/// Makes an `async fn` the handler of an event.
#[proc_macro_attribute]
pub fn event(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::event(attribute.into(), item.into()).into()
}

/// Makes an `async fn` propose values for an option while the user types.
#[proc_macro_attribute]
pub fn autocomplete(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::autocomplete(attribute.into(), item.into()).into()
}

/// Makes a custom id of a struct.
#[proc_macro_derive(CustomId, attributes(custom_id))]
pub fn custom_id(item: TokenStream) -> TokenStream {
    derive::custom_id(item.into()).into()
}

/// Makes a modal of a struct.
#[proc_macro_derive(Modal, attributes(modal, input))]
pub fn modal(item: TokenStream) -> TokenStream {
    derive::modal(item.into()).into()
}

/// Makes the choices of an option of an enum.
#[proc_macro_derive(Choices, attributes(choices, choice))]
pub fn choices(item: TokenStream) -> TokenStream {
    derive::choices(item.into()).into()
}
