//! What a handler can ask for: its arguments.

use std::{any::Any, fmt, future::Future, marker::PhantomData, ops::Deref, sync::Arc};

use ovenjs_types::{
    CommandData, ComponentData, DataOption, DataValue, Event, EventKind, Interaction,
    InteractionData, Message, ModalData, Payload, Resolved, Text, User,
};

use crate::{
    Cx, Error, Failure,
    answer::{Fresh, Pending},
    argument::{Argument, Given},
    exchange::Exchange,
};

/// A type that a handler may take as argument: made from the call and the application's state `S`.
///
/// ```
/// use ovenjs_commands::{Call, Extract, Failure};
/// use ovenjs_types::{Id, marker::GuildMarker};
///
/// /// The guild of the interaction; refuses elsewhere.
/// struct InGuild(Id<GuildMarker>);
///
/// impl<S: Send + Sync> Extract<S> for InGuild {
///     async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
///         let guild = call.interaction().and_then(|interaction| interaction.guild_id);
///         guild.map(InGuild).ok_or_else(|| Failure::refuse("This works in servers only."))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a handler can take",
    label = "neither an extractor nor a described option",
    note = "an option of a command has a doc comment above it, which is its description: `/// What it is`",
    note = "an extractor implements `Extract<S>`: `Cx`, `ModalCx`, `State<T>`, `On<MessageCreate>`, types with `#[derive(CustomId)]` or `#[derive(Modal)]`, …"
)]
pub trait Extract<S>: Sized {
    /// By what this argument routes: an event, a custom id or a modal. None for most.
    const KEY: Option<Key> = None;

    /// Whether a handler with this argument must not be deferred, as [`ModalCx`](crate::ModalCx).
    const UNDEFERRED: bool = false;

    /// Whether this argument is made of what comes [beside](Call::beside) an event, so that whoever routes has to
    /// give it: see [`Router::asks_beside`](crate::Router::asks_beside).
    const BESIDE: bool = false;

    /// Makes the argument.
    fn extract(call: &mut Call<S>) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Whether `state` has what the argument needs, asked once before the bot starts.
    ///
    /// # Errors
    ///
    /// [`Error`] that says what is missing and where to give it.
    fn check(state: &S) -> Result<(), Error> {
        let _ = state;
        Ok(())
    }
}

/// By what a handler is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Key {
    /// An event of this kind.
    Event(EventKind),
    /// A component whose custom id has this name.
    Component(&'static str),
    /// A modal with this name.
    Form(&'static str),
}

/// What whoever routes gives along with an event, as the value that it replaced. Cheap to clone.
#[derive(Clone)]
pub struct Beside(Arc<dyn Any + Send + Sync>);

impl Beside {
    /// Something that handlers find by its type: see [`Call::beside`].
    pub fn new(value: impl Send + Sync + 'static) -> Self {
        Self(Arc::new(value))
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}

/// One call of a handler, from which its arguments are made.
pub struct Call<S> {
    state: Arc<S>,
    event: Arc<Event>,
    beside: Option<Beside>,
    exchange: Option<Arc<Exchange>>,
    /// Whether the context was given out: there is one answer, so there is one context.
    context_taken: bool,
}

impl<S> Call<S> {
    /// The application's state.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The event that called.
    #[must_use]
    pub const fn event(&self) -> &Arc<Event> {
        &self.event
    }

    /// What was given along with the event, if it is a `C`: see
    /// [`Router::handle_beside`](crate::Router::handle_beside).
    #[must_use]
    pub fn beside<C: 'static>(&self) -> Option<&C> {
        self.beside.as_ref()?.0.downcast_ref()
    }

    /// The interaction that called; none for other events.
    #[must_use]
    pub fn interaction(&self) -> Option<&Interaction> {
        match &*self.event {
            Event::InteractionCreate(interaction) => Some(interaction),
            _ => None,
        }
    }

    /// The command that was run or is being typed.
    #[must_use]
    pub fn command(&self) -> Option<&CommandData> {
        match self.interaction()?.data.as_ref()? {
            InteractionData::Command(data) => Some(data),
            _ => None,
        }
    }

    /// The component that was pressed.
    #[must_use]
    pub fn component(&self) -> Option<&ComponentData> {
        match self.interaction()?.data.as_ref()? {
            InteractionData::Component(data) => Some(data),
            _ => None,
        }
    }

    /// The modal that came back.
    #[must_use]
    pub fn modal(&self) -> Option<&ModalData> {
        match self.interaction()?.data.as_ref()? {
            InteractionData::Modal(data) => Some(data),
            _ => None,
        }
    }

    /// The custom id of the component, or the one which the modal carries.
    #[must_use]
    pub fn custom_id(&self) -> Option<&str> {
        match self.interaction()?.data.as_ref()? {
            InteractionData::Component(data) => Some(&data.custom_id),
            InteractionData::Modal(data) => Some(data.custom_id.split_once(':')?.1),
            _ => None,
        }
    }

    /// The option in which the user types, while values are proposed.
    #[must_use]
    pub fn typed(&self) -> Option<&DataOption> {
        let options = leaf(&self.command()?.options);
        options.iter().find(|option| option.focused)
    }

    /// The option `name` of the command that was run.
    ///
    /// # Errors
    ///
    /// A refusal that names the option, when it is missing or not what `T` allows.
    pub fn option<T: Argument>(&self, name: &str) -> Result<T, Failure> {
        let nothing = Resolved::default();
        let data = self.command();
        let options = data.map(|data| leaf(&data.options)).unwrap_or_default();
        let given = Given::new(
            options.iter().find(|option| option.name == name),
            data.map_or(&nothing, |data| &data.resolved),
        );
        T::read(given).map_err(|reason| Failure::refuse(format!("Option `{name}`: {reason}.")))
    }

    /// Refuses a call with options that are not among `known`: it was made with another version of
    /// the command than this one.
    ///
    /// # Errors
    ///
    /// A refusal that names the option.
    pub fn expect_options(&self, known: &[&str]) -> Result<(), Failure> {
        let options = self.command().map(|data| leaf(&data.options));
        let unknown = options
            .unwrap_or_default()
            .iter()
            .find(|option| !known.contains(&option.name.as_str()));
        match unknown {
            None => Ok(()),
            Some(option) => Err(Failure::refuse(format!(
                "Option `{}`: not known here. The command has changed; reload Discord and try again.",
                option.name
            ))),
        }
    }

    pub(crate) const fn new(
        state: Arc<S>,
        event: Arc<Event>,
        exchange: Option<Arc<Exchange>>,
    ) -> Self {
        Self {
            state,
            event,
            beside: None,
            exchange,
            context_taken: false,
        }
    }

    pub(crate) fn with(mut self, beside: Option<Beside>) -> Self {
        self.beside = beside;
        self
    }

    fn context<P>(&mut self) -> Result<Cx<P>, Failure> {
        let Some(exchange) = &self.exchange else {
            let text = "there is nothing to answer here: `Cx` is for commands, components and submitted modals";
            return Err(Error::absent(text).into());
        };
        if std::mem::replace(&mut self.context_taken, true) {
            let text = "an interaction is answered once: take one `Cx` or `ModalCx`, not two";
            return Err(Error::absent(text).into());
        }
        Ok(Cx::new(Arc::clone(exchange)))
    }
}

impl<S> fmt::Debug for Call<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("event", &self.event.kind())
            .finish_non_exhaustive()
    }
}

/// The options of the subcommand that was run, or of the command itself.
pub(crate) fn leaf(options: &[DataOption]) -> &[DataOption] {
    use ovenjs_types::CommandOptionType::{SubCommand, SubCommandGroup};
    let mut level = options;
    while let [only] = level {
        if !matches!(only.kind, SubCommand | SubCommandGroup) {
            break;
        }
        level = &only.options;
    }
    level
}

impl<S: Send + Sync> Extract<S> for Cx<Pending> {
    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        call.context()
    }
}

impl<S: Send + Sync> Extract<S> for Cx<Fresh> {
    const UNDEFERRED: bool = true;

    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        call.context()
    }
}

/// A piece of the application's state.
///
/// ```
/// use ovenjs_commands::{Provide, State};
///
/// #[derive(Clone)]
/// struct Pool;
/// struct App { pool: Pool }
///
/// impl Provide<Pool> for App {
///     fn provide(&self) -> Option<Pool> {
///         Some(self.pool.clone())
///     }
/// }
///
/// # use ovenjs_commands::{Result, event, On};
/// # use ovenjs_types::MessageCreate;
/// #[event]
/// async fn store(message: On<MessageCreate>, State(pool): State<Pool>) -> Result {
///     // …
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A state that has a `T` for [`State<T>`].
#[diagnostic::on_unimplemented(
    message = "the application's state `{Self}` has no `{T}`",
    label = "`State<{T}>` is asked for, but `{Self}` does not implement `Provide<{T}>`"
)]
pub trait Provide<T> {
    /// The `T`, usually a cheap clone; none where the bot was built without it, which
    /// [`Router::check`](crate::Router::check) finds before the start.
    fn provide(&self) -> Option<T>;
}

impl<S: Provide<T> + Send + Sync, T: Send> Extract<S> for State<T> {
    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        let piece = call.state().provide();
        Ok(Self(piece.ok_or_else(missing::<T>)?))
    }

    fn check(state: &S) -> Result<(), Error> {
        state.provide().map(drop).ok_or_else(missing::<T>)
    }
}

fn missing<T>() -> Error {
    let name = std::any::type_name::<T>();
    Error::declaration(format!(
        "wants State<{name}>, but the bot was built without a {name}"
    ))
}

/// The payload of an event, shared with whoever else handles it.
///
/// ```
/// use ovenjs_commands::{On, Result, event};
/// use ovenjs_types::GuildMemberAdd;
///
/// #[event]
/// async fn welcome(member: On<GuildMemberAdd>) -> Result {
///     println!("{:?} came", member.nick);
///     Ok(())
/// }
/// ```
pub struct On<E> {
    event: Arc<Event>,
    payload: PhantomData<fn() -> E>,
}

impl<E: Payload> On<E> {
    /// The payload as a value of one's own.
    #[must_use]
    pub fn into_owned(self) -> E {
        self.deref().clone()
    }
}

impl<E: Payload> Deref for On<E> {
    type Target = E;

    fn deref(&self) -> &E {
        E::from_event(&self.event).expect("an `On` is made of an event of its kind only")
    }
}

impl<E> Clone for On<E> {
    fn clone(&self) -> Self {
        Self {
            event: Arc::clone(&self.event),
            payload: PhantomData,
        }
    }
}

impl<E: Payload + fmt::Debug> fmt::Debug for On<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("On").field(&**self).finish()
    }
}

impl<S: Send + Sync, E: Payload> Extract<S> for On<E> {
    const KEY: Option<Key> = Some(Key::Event(E::KIND));

    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        if E::from_event(&call.event).is_none() {
            let text = format!("the event is no {}", E::KIND.name());
            return Err(Error::absent(text).into());
        }
        Ok(Self {
            event: Arc::clone(&call.event),
            payload: PhantomData,
        })
    }
}

/// The event whole, whatever it is.
impl<S: Send + Sync> Extract<S> for Arc<Event> {
    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        Ok(Self::clone(&call.event))
    }
}

/// What was chosen in a select: texts for a string select, ids for the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub Vec<Text>);

impl<S: Send + Sync> Extract<S> for Values {
    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        let data = call.component();
        let data = data.ok_or_else(|| Error::absent("`Values` are those of a select"))?;
        Ok(Self(data.values.clone()))
    }
}

/// The user or message on which a user or message command was run.
///
/// ```
/// use ovenjs_commands::{Answer, Cx, Target, command};
/// use ovenjs_types::Message;
///
/// #[command(message, name = "Count words")]
/// async fn count_words(cx: Cx, Target(message): Target<Message>) -> Answer {
///     cx.reply(message.content.split_whitespace().count().to_string()).await
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Target<T>(pub T);

impl<T> Deref for Target<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S: Send + Sync> Extract<S> for Target<User> {
    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        let user = call.command().and_then(|data| {
            let id = data.target_id?.cast();
            data.resolved.users.get(&id).cloned()
        });
        let user = user.ok_or_else(|| Error::absent("`Target<User>` is for `#[command(user)]`"))?;
        Ok(Self(user))
    }
}

impl<S: Send + Sync> Extract<S> for Target<Message> {
    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        let message = call.command().and_then(|data| {
            let id = data.target_id?.cast();
            data.resolved.messages.get(&id).cloned()
        });
        let text = "`Target<Message>` is for `#[command(message)]`";
        Ok(Self(message.ok_or_else(|| Error::absent(text))?))
    }
}

/// What the user has typed so far into the option for which values are proposed. Numbers are text
/// too while they are being typed.
///
/// ```
/// use ovenjs_commands::{Answer, Cx, Result, Typed, autocomplete, command};
/// use ovenjs_types::Choice;
///
/// #[autocomplete]
/// async fn fruits(typed: Typed) -> Result<Vec<Choice>> {
///     let fruits = ["apple", "apricot", "pear"].into_iter();
///     Ok(fruits.filter(|fruit| fruit.starts_with(&*typed)).map(|f| Choice::new(f, f)).collect())
/// }
///
/// /// Eat
/// #[command]
/// async fn eat(
///     cx: Cx,
///     /// Which fruit
///     #[option(autocomplete = fruits)]
///     fruit: String,
/// ) -> Answer {
///     cx.reply(format!("A good {fruit}")).await
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed(pub String);

impl Deref for Typed {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> Extract<S> for Typed {
    async fn extract(call: &mut Call<S>) -> Result<Self, Failure> {
        let option = call.typed();
        let option = option.ok_or_else(|| Error::absent("`Typed` is for `#[autocomplete]`"))?;
        Ok(Self(match &option.value {
            Some(DataValue::String(text)) => text.to_string(),
            Some(DataValue::Integer(number)) => number.to_string(),
            Some(DataValue::Number(number)) => number.to_string(),
            Some(DataValue::Boolean(yes)) => yes.to_string(),
            None => String::new(),
        }))
    }
}
