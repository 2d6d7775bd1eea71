//! Handlers as data: what each is called for, and how.

use std::{fmt, sync::Arc, time::Duration};

use ovenjs_types::{Choice, CommandDraft};

use crate::{BoxFuture, Call, Error, Extract, Failure, Key};

/// What `#[command]`, `#[component]`, `#[submit]` and `#[event]` make of a function.
///
/// The function stays as it is; beside it stands a type of the same name with this trait, which
/// [`routes!`](crate::routes) finds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler for this application",
    label = "not a handler here",
    note = "a handler is an `async fn` under `#[command]`, `#[component]`, `#[submit]` or `#[event]`, each of whose arguments can be extracted from the application's state"
)]
pub trait Handler<S> {
    /// What it is called for, and how.
    fn route() -> Route<S>;
}

/// Lists handlers: `routes![ping, music::play]`.
///
/// ```
/// use ovenjs_commands::{Answer, Cx, Routes, command, routes};
///
/// /// Ping
/// #[command]
/// async fn ping(cx: Cx) -> Answer {
///     cx.reply("Pong!").await
/// }
///
/// let routes: Routes<()> = routes![ping];
/// assert_eq!(routes.iter().next().unwrap().handler(), "ping");
/// ```
#[macro_export]
macro_rules! routes {
    ($($handler:ty),* $(,)?) => {
        $crate::Routes::from_iter([$(<$handler as $crate::Handler<_>>::route()),*])
    };
}

/// Handlers, in the order in which they were listed.
pub struct Routes<S> {
    pub(crate) list: Vec<Route<S>>,
    /// Group, as path, and its description.
    pub(crate) descriptions: Vec<(String, String)>,
}

impl<S> Routes<S> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            list: Vec::new(),
            descriptions: Vec::new(),
        }
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.list.extend(more.list);
        self.descriptions.extend(more.descriptions);
        self
    }

    /// Describes a group of commands, or a group within one, e.g. `admin roles`. Without it a
    /// group is described by its name.
    ///
    /// ```
    /// use ovenjs_commands::{Answer, Cx, Router, command, routes};
    ///
    /// /// Says how it is
    /// #[command(group = "admin")]
    /// async fn status(cx: Cx) -> Answer {
    ///     cx.reply("fine").await
    /// }
    ///
    /// let routes = routes![status].describe("admin", "For those who look after the bot");
    /// let router: Router<()> = Router::new(routes);
    /// assert_eq!(router.commands()[0].description, "For those who look after the bot");
    /// ```
    #[must_use]
    pub fn describe(mut self, group: impl Into<String>, description: impl Into<String>) -> Self {
        self.descriptions.push((group.into(), description.into()));
        self
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Route<S>> {
        self.list.iter()
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> FromIterator<Route<S>> for Routes<S> {
    fn from_iter<I: IntoIterator<Item = Route<S>>>(routes: I) -> Self {
        Self {
            list: routes.into_iter().collect(),
            ..Self::new()
        }
    }
}

impl<S> IntoIterator for Routes<S> {
    type Item = Route<S>;
    type IntoIter = std::vec::IntoIter<Route<S>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

/// One handler: what it is called for, and how.
///
/// The attribute macros make these; a plugin host or a test may make its own.
pub struct Route<S> {
    pub(crate) handler: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) undeferred: bool,
    pub(crate) beside: bool,
    pub(crate) ephemeral: bool,
    pub(crate) cooldown: Option<Cooldown>,
    pub(crate) checks: Vec<Check<S>>,
    pub(crate) proposers: Vec<(&'static str, Proposer<S>)>,
    pub(crate) run: Run<S>,
}

/// Whether the state has what an argument needs.
pub(crate) type Check<S> = fn(&S) -> Result<(), Error>;

/// A handler as the router calls it.
pub(crate) type Run<S> =
    Arc<dyn Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// What proposes values for an option while the user types.
pub type Proposer<S> =
    Arc<dyn Fn(Call<S>) -> BoxFuture<'static, Result<Vec<Choice>, Failure>> + Send + Sync>;

/// What `#[autocomplete]` makes of a function, for `#[option(autocomplete = …)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` proposes nothing",
    label = "not an `async fn` under `#[autocomplete]`"
)]
pub trait Proposes<S> {
    /// The function as the router calls it.
    fn proposer() -> Proposer<S>;
}

/// What a handler is called for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    Command {
        /// The names of the command and group above it; empty for a command of its own.
        group: Vec<&'static str>,
        draft: Box<CommandDraft>,
    },
    /// By the name of a typed custom id, which an argument gives.
    Component(Option<&'static str>),
    /// By a custom id in plain words.
    PlainComponent(&'static str),
    /// By the name of a modal, which an argument gives.
    Submit(Option<&'static str>),
    /// By the kind of event, which an argument gives.
    Event(Option<ovenjs_types::EventKind>),
    EveryEvent,
}

/// So many uses per span of time, for each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cooldown {
    pub(crate) limit: u32,
    pub(crate) per: Duration,
}

impl<S> Route<S> {
    /// The handler's name, as its function is called.
    #[must_use]
    pub const fn handler(&self) -> &'static str {
        self.handler
    }

    /// A command. The draft's options are those of the handler.
    pub fn command<F>(handler: &'static str, draft: CommandDraft, run: F) -> Self
    where
        F: Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        let group = Vec::new();
        let draft = Box::new(draft);
        Self::new(handler, Purpose::Command { group, draft }, run)
    }

    /// A component, routed by the custom id among its arguments.
    pub fn component<F>(handler: &'static str, run: F) -> Self
    where
        F: Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        Self::new(handler, Purpose::Component(None), run)
    }

    /// A component, routed by a custom id in plain words.
    pub fn plain_component<F>(handler: &'static str, custom_id: &'static str, run: F) -> Self
    where
        F: Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        Self::new(handler, Purpose::PlainComponent(custom_id), run)
    }

    /// A modal that comes back, routed by the form among its arguments.
    pub fn submit<F>(handler: &'static str, run: F) -> Self
    where
        F: Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        Self::new(handler, Purpose::Submit(None), run)
    }

    /// An event, routed by the payload among its arguments.
    pub fn event<F>(handler: &'static str, run: F) -> Self
    where
        F: Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        Self::new(handler, Purpose::Event(None), run)
    }

    /// Every event there is, which costs all intents; for recorders.
    pub fn every_event<F>(handler: &'static str, run: F) -> Self
    where
        F: Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        Self::new(handler, Purpose::EveryEvent, run)
    }

    /// Notes that an argument is of type `A`: what it routes by, needs and forbids.
    #[must_use]
    pub fn taking<A: Extract<S>>(mut self) -> Self {
        self.undeferred |= A::UNDEFERRED;
        self.beside |= A::BESIDE;
        self.checks.push(A::check);
        match (&mut self.purpose, A::KEY) {
            (Purpose::Component(name @ None), Some(Key::Component(found)))
            | (Purpose::Submit(name @ None), Some(Key::Form(found))) => *name = Some(found),
            (Purpose::Event(kind @ None), Some(Key::Event(found))) => *kind = Some(found),
            _ => {}
        }
        self
    }

    /// Puts a command into a group: the name of the command and, where there is one, of the
    /// subcommand group.
    #[must_use]
    pub fn in_group(mut self, names: &[&'static str]) -> Self {
        if let Purpose::Command { group, .. } = &mut self.purpose {
            *group = names.to_vec();
        }
        self
    }

    /// Lets the user alone see replies and deferrals.
    #[must_use]
    pub const fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        self
    }

    /// Allows each user `limit` uses per span.
    #[must_use]
    pub const fn cooldown(mut self, limit: u32, per: Duration) -> Self {
        self.cooldown = Some(Cooldown { limit, per });
        self
    }

    /// Lets `P` propose values for the option while the user types.
    #[must_use]
    pub fn proposing<P: Proposes<S>>(mut self, option: &'static str) -> Self {
        self.proposers.push((option, P::proposer()));
        if let Purpose::Command { draft, .. } = &mut self.purpose {
            let described = draft
                .options
                .iter_mut()
                .filter(|known| known.name == option);
            described.for_each(|known| known.autocomplete = true);
        }
        self
    }

    fn new<F>(handler: &'static str, purpose: Purpose, run: F) -> Self
    where
        F: Fn(Call<S>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        Self {
            handler,
            purpose,
            undeferred: false,
            beside: false,
            ephemeral: false,
            cooldown: None,
            checks: Vec::new(),
            proposers: Vec::new(),
            run: Arc::new(run),
        }
    }
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("handler", &self.handler)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}
