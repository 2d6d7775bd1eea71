//! The attribute macros of OvenJS: `#[command]`, `#[component]` and friends.
//!
//! They are used through `ovenjs-commands`, which re-exports them; the types they speak of are
//! there. What they write begins with the path of that crate, which they look up in the user's
//! `Cargo.toml`: `ovenjs-commands` itself, or `commands` within `ovenjs-core`, whatever either is
//! renamed to. `crate = path` says it instead where neither is a direct dependency.

use proc_macro::TokenStream;

mod attribute;
mod derive;
mod function;
mod handler;
mod locate;
mod text;

/// Makes a command of an `async fn` that returns an `Answer`.
///
/// The function's name is the command's; its doc comment, up to the first empty line, the
/// description. An argument with a doc comment is an option, of a type that is an `Argument`; any
/// other argument has to be one that can `Extract` itself from the call.
///
/// | word | effect |
/// |---|---|
/// | `name = "…"`, `description = "…"` | instead of the function's name and doc comment |
/// | `user`, `message` | a command on a user or message: see `Target` |
/// | `group = "admin"`, `group = "admin roles"` | a subcommand: see `Routes::describe` |
/// | `ephemeral` | the user alone sees replies, and "thinking" |
/// | `cooldown = "1/10s"` | uses per time for each user; units are s, min, h, d |
/// | `default_member_permissions = BAN_MEMBERS \| KICK_MEMBERS` | who sees it, unless a guild says otherwise |
/// | `contexts(Guild, BotDm, PrivateChannel)` | where it can be used |
/// | `installs(GuildInstall, UserInstall)` | how the application has to be installed |
/// | `nsfw` | age-restricted |
/// | `crate = path` | where `ovenjs-commands` is, if `Cargo.toml` does not tell |
///
/// On an option, `#[option(name = "…")]` gives it another name than the argument's,
/// `#[option(autocomplete = function)]` lets a function propose values, and
/// `#[option(channel_types(GuildText))]` narrows a channel option.
///
/// ```
/// # use kitchen as ovenjs_commands;
/// use ovenjs_commands::types::{Id, Permissions, marker::UserMarker};
/// use ovenjs_commands::{Answer, Cx, Int, Router, command, routes};
///
/// /// Removes a user for a while
/// #[command(default_member_permissions = MODERATE_MEMBERS, contexts(Guild), ephemeral)]
/// async fn timeout(
///     cx: Cx,
///     /// Whom
///     user: Id<UserMarker>,
///     /// How long
///     #[option(name = "minutes")]
///     time: Int<1, 60>,
/// ) -> Answer {
///     cx.reply(format!("<@{user}> is away for {time} minutes")).await
/// }
///
/// let router: Router<()> = Router::new(routes![timeout]);
/// let command = &router.commands()[0];
/// assert_eq!(command.default_member_permissions, Some(Permissions::MODERATE_MEMBERS));
/// assert_eq!(command.options[1].name, "minutes");
/// ```
#[proc_macro_attribute]
pub fn command(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::command(attribute.into(), item.into()).into()
}

/// Makes an `async fn` that returns an `Answer` the handler of a component.
///
/// It is found by the `CustomId` type among its arguments, or by `id = "…"` for a custom id in
/// plain words. `ephemeral` lets the user alone see replies. What a select chose is in `Values`.
///
/// ```
/// # use kitchen as ovenjs_commands;
/// use ovenjs_commands::{Answer, CustomId, Cx, Router, component, routes};
///
/// #[derive(CustomId)]
/// struct Turn { page: u16 }
///
/// #[component]
/// async fn turn(cx: Cx, Turn { page }: Turn) -> Answer {
///     cx.update(format!("Page {page}")).await
/// }
///
/// let router: Router<()> = Router::new(routes![turn]);
/// assert!(router.validate().is_ok());
/// ```
#[proc_macro_attribute]
pub fn component(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::component(attribute.into(), item.into()).into()
}

/// Makes an `async fn` that returns an `Answer` the handler of a modal that comes back: see `Form`.
///
/// It is found by the type with `#[derive(Modal)]` among its arguments. A custom id that the modal
/// carries is a further argument. `ephemeral` lets the user alone see replies.
#[proc_macro_attribute]
pub fn submit(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::submit(attribute.into(), item.into()).into()
}

/// Makes an `async fn` the handler of an event.
///
/// Which event, says the `On<…>` among its arguments; `#[event(every)]` is for all there are, with
/// `Arc<Event>` as argument. It returns `Result` or nothing.
///
/// ```
/// # use kitchen as ovenjs_commands;
/// use ovenjs_commands::types::{Intents, MessageCreate};
/// use ovenjs_commands::{On, Router, event, routes};
///
/// #[event]
/// async fn count(message: On<MessageCreate>) {
///     let _letters = message.content.chars().count();
/// }
///
/// let router: Router<()> = Router::new(routes![count]);
/// assert!(router.interest().intents().contains(Intents::GUILD_MESSAGES));
/// ```
#[proc_macro_attribute]
pub fn event(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::event(attribute.into(), item.into()).into()
}

/// Makes an `async fn` propose values for an option while the user types: see `Typed`.
///
/// It returns `Result<Vec<Choice>>`; Discord shows the first 25. It is not listed in `routes!`: the
/// option names it, by `#[option(autocomplete = …)]`.
#[proc_macro_attribute]
pub fn autocomplete(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::autocomplete(attribute.into(), item.into()).into()
}

/// Makes a custom id of a struct: see the trait `CustomId`.
#[proc_macro_derive(CustomId, attributes(custom_id))]
pub fn custom_id(item: TokenStream) -> TokenStream {
    derive::custom_id(item.into()).into()
}

/// Makes a modal of a struct: see the trait `Form`.
#[proc_macro_derive(Modal, attributes(modal, input))]
pub fn modal(item: TokenStream) -> TokenStream {
    derive::modal(item.into()).into()
}

/// Makes the choices of an option of an enum.
///
/// The doc comment of a variant, or `#[choice(name = "…")]`, is what users see, up to 100
/// characters; without either it is the variant's name. What Discord sends back is the variant in
/// snake case or `#[choice(value = "…")]`. Such an enum can be a field of a `CustomId` too.
///
/// ```
/// # use kitchen as ovenjs_commands;
/// use ovenjs_commands::{Answer, Choices, Cx, Router, command, routes};
///
/// #[derive(Choices, Debug, PartialEq)]
/// enum Size {
///     Small,
///     /// As big as it gets
///     Large,
/// }
///
/// /// Orders a pizza
/// #[command]
/// async fn pizza(
///     cx: Cx,
///     /// How big
///     size: Size,
/// ) -> Answer {
///     cx.reply(if size == Size::Large { "Really?" } else { "At once." }).await
/// }
///
/// let router: Router<()> = Router::new(routes![pizza]);
/// let choices = &router.commands()[0].options[0].choices;
/// assert_eq!(choices[0].name, "Small");
/// assert_eq!(choices[1].name, "As big as it gets");
/// ```
#[proc_macro_derive(Choices, attributes(choices, choice))]
pub fn choices(item: TokenStream) -> TokenStream {
    derive::choices(item.into()).into()
}
