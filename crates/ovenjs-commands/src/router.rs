//! From an event to the handlers that want it.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
};

use futures_util::{
    FutureExt,
    future::{Either, join, join_all, select},
};
use ovenjs_types::{
    CommandData, CommandDraft, CommandOptionType, CommandType, DataOption, Event, EventKind, Hook,
    HookCall, Interaction, InteractionData, InteractionResponse, InteractionType, Interest,
};
use tracing::Instrument;

use crate::{
    Answers, Beside, Call, Config, Counters, DEFER_AFTER_MAX, Error, Failure, Live, LocalCounters,
    Route, Routes, Taken, Timer,
    exchange::Exchange,
    registration,
    route::{Cooldown, Purpose},
};

/// Calls the handlers that an event is for.
///
/// One router serves all shards at once. It spawns nothing: [`handle`](Self::handle) is done when
/// the handlers are, and whoever calls it decides how many run at a time.
///
/// ```
/// use ovenjs_commands::{Answer, Cx, Result, On, Router, command, event, routes};
/// use ovenjs_types::{EventKind, MessageCreate};
///
/// /// Ping
/// #[command]
/// async fn ping(cx: Cx) -> Answer {
///     cx.reply("Pong!").await
/// }
///
/// #[event]
/// async fn greet(message: On<MessageCreate>) -> Result {
///     Ok(())
/// }
///
/// let router: Router<()> = Router::new(routes![ping, greet]);
/// router.validate()?;
/// assert!(router.interest().wants(EventKind::MessageCreate));
/// assert_eq!(router.commands()[0].description, "Ping");
/// # Ok::<(), ovenjs_commands::Error>(())
/// ```
pub struct Router<S> {
    routes: Routes<S>,
    table: Table,
    live: RwLock<Arc<Live>>,
    timer: Option<Arc<dyn Timer>>,
    counters: Arc<dyn Counters>,
    hook: Arc<dyn Hook>,
}

impl<S: Send + Sync + 'static> Router<S> {
    /// A router over `routes` with the default [`Config`].
    #[must_use]
    pub fn new(routes: Routes<S>) -> Self {
        Self {
            table: Table::new(&routes.list),
            routes,
            live: RwLock::default(),
            timer: None,
            counters: Arc::new(LocalCounters::new()),
            hook: Arc::new(()),
        }
    }

    /// Sets the configuration.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self {
            live: RwLock::new(Arc::new(config.live)),
            ..self
        }
    }

    /// Gives the router time. Without it no slow handler is deferred, and cooldowns do not hold,
    /// which is right only where nothing is going to be handled.
    #[must_use]
    pub fn timer(self, timer: Arc<dyn Timer>) -> Self {
        Self {
            timer: Some(timer),
            ..self
        }
    }

    /// Sets where cooldowns are counted; in this process by default.
    #[must_use]
    pub fn counters(self, counters: Arc<dyn Counters>) -> Self {
        Self { counters, ..self }
    }

    /// Sets whom failing handlers are reported to.
    #[must_use]
    pub fn hook(self, hook: Arc<dyn Hook>) -> Self {
        Self { hook, ..self }
    }

    /// Changes the configuration while the bot runs; answers with the one that was.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Declaration`](crate::ErrorKind::Declaration) when the values cannot work; then
    /// nothing is changed.
    pub fn apply(&self, live: Live) -> Result<Live, Error> {
        check_live(&live)?;
        let mut place = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *place, Arc::new(live));
        Ok(Arc::unwrap_or_clone(before))
    }

    /// The kinds of events for which there are handlers.
    #[must_use]
    pub fn interest(&self) -> Interest {
        self.routes
            .iter()
            .fold(Interest::none(), |sum, route| match route.purpose {
                Purpose::Event(kind) => kind.map_or(sum, |kind| sum.with(kind)),
                Purpose::EveryEvent => Interest::all(),
                Purpose::Command { .. }
                | Purpose::Component(_)
                | Purpose::PlainComponent(_)
                | Purpose::Submit(_) => sum.with(EventKind::InteractionCreate),
            })
    }

    /// Of these, the kinds for which some handler asks for what comes [beside](Call::beside) the event.
    #[must_use]
    pub fn asks_beside(&self) -> Interest {
        let asking = self.routes.iter().filter(|route| route.beside);
        asking.fold(Interest::none(), |sum, route| match route.purpose {
            Purpose::Event(kind) => kind.map_or(sum, |kind| sum.with(kind)),
            Purpose::EveryEvent => Interest::all(),
            _ => sum,
        })
    }

    /// The commands as Discord is to know them, groups put together, in the order listed.
    #[must_use]
    pub fn commands(&self) -> Vec<CommandDraft> {
        registration::drafts(&self.routes)
    }

    /// Whether the handlers can work together and with Discord: names, order of options, limits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Declaration`](crate::ErrorKind::Declaration) with every fault found, one a
    /// line, each with the name of its handler.
    pub fn validate(&self) -> Result<(), Error> {
        check_live(&self.read_live())?;
        registration::validate(&self.routes)
    }

    /// Whether `state` has what the handlers take from it. To be asked before the start.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Declaration`](crate::ErrorKind::Declaration) with every piece that is missing,
    /// one a line, each with the name of its handler.
    pub fn check(&self, state: &S) -> Result<(), Error> {
        let checks = self.routes.iter().flat_map(|route| {
            let failed = route.checks.iter().filter_map(|check| check(state).err());
            failed.map(|error| format!("handler `{}` {error}", route.handler))
        });
        let missing: Vec<String> = checks.collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Error::declaration(missing.join("\n")))
        }
    }

    /// Calls every handler of the event's kind and, for an interaction, the one it is for. Done
    /// when they are. Handlers run side by side; what fails in one is told to the hook and, where
    /// an answer is owed, to the user.
    ///
    /// Dropping the future stops the handlers where they stand.
    pub async fn handle(&self, state: &Arc<S>, event: &Arc<Event>, answers: &Arc<dyn Answers>) {
        self.handle_beside(state, event, None, answers).await;
    }

    /// The same with something that handlers of events may take [beside](Call::beside) it.
    pub async fn handle_beside(
        &self,
        state: &Arc<S>,
        event: &Arc<Event>,
        beside: Option<Beside>,
        answers: &Arc<dyn Answers>,
    ) {
        let kind = event.kind();
        let handlers = self.table.events.get(&kind).into_iter().flatten();
        let every = &self.table.every_event;
        let watchers = handlers
            .chain(every)
            .filter_map(|place| self.routes.list.get(*place))
            .map(|route| self.watch(route, state, event, beside.clone()));
        let interaction = async {
            if let Event::InteractionCreate(interaction) = &**event {
                self.interact(interaction, state, event, answers).await;
            }
        };
        join(join_all(watchers), interaction).await;
    }

    async fn watch(
        &self,
        route: &Route<S>,
        state: &Arc<S>,
        event: &Arc<Event>,
        beside: Option<Beside>,
    ) {
        // What no type fits has no payload to hand out; a recorder takes the event whole.
        if matches!(**event, Event::Malformed(_)) && route.purpose != Purpose::EveryEvent {
            return;
        }
        let call = Call::new(Arc::clone(state), Arc::clone(event), None).with(beside);
        if let Err(failure) = run(route, call).await {
            self.report(route.handler, &failure);
        }
    }

    async fn interact(
        &self,
        interaction: &Interaction,
        state: &Arc<S>,
        event: &Arc<Event>,
        answers: &Arc<dyn Answers>,
    ) {
        if interaction.kind == InteractionType::Ping {
            let (id, token) = (interaction.id, &interaction.token);
            let pong = answers.callback(id, token, InteractionResponse::Pong).await;
            if let Err(error) = pong {
                tracing::warn!(%error, "a ping was not answered");
            }
            return;
        }
        let route = self.table.find(interaction);
        let route = route.and_then(|place| self.routes.list.get(place));
        let ephemeral = route.is_some_and(|route| route.ephemeral);
        let exchange = Exchange::begin(Arc::clone(event), Arc::clone(answers), ephemeral);
        let exchange = match exchange {
            Ok(exchange) => Arc::new(exchange),
            Err(error) => {
                tracing::warn!(%error, interaction = %interaction.id, "an interaction is not usable");
                return;
            }
        };
        let Some(route) = route else {
            self.turn_away(interaction, &exchange).await;
            return;
        };
        if interaction.kind == InteractionType::ApplicationCommandAutocomplete {
            self.propose(
                route,
                Call::new(Arc::clone(state), Arc::clone(event), None),
                &exchange,
            )
            .await;
            return;
        }
        let handed = Some(Arc::clone(&exchange));
        let call = Call::new(Arc::clone(state), Arc::clone(event), handed);
        // Counting a cooldown may take its time too, so it stands under the same patience.
        let handler = pin!(async {
            self.admit(route, &exchange).await?;
            run(route, call).await
        });
        let patience = pin!(self.defer_if_slow(route, &exchange));
        let outcome = match select(handler, patience).await {
            Either::Left((outcome, patience)) => {
                // A deferral on its way is seen home, so that what follows knows where it stands.
                if outcome.is_err() && exchange.is_answering() {
                    patience.await;
                }
                outcome
            }
            Either::Right(((), handler)) => handler.await,
        };
        if let Err(failure) = outcome {
            self.settle(route, &exchange, &failure).await;
        }
    }

    /// Proposes values for the option being typed. A proposer's failure leaves the list empty.
    async fn propose(&self, route: &Route<S>, call: Call<S>, exchange: &Exchange) {
        let typed = call.typed().map(|option| option.name.as_str());
        let proposer = route
            .proposers
            .iter()
            .find(|(name, _)| Some(*name) == typed);
        let mut choices = Vec::new();
        if let Some((_, proposer)) = proposer {
            match caught(async { proposer(call).await }).await {
                Ok(proposed) => choices = proposed,
                Err(failure) => self.report(route.handler, &failure),
            }
        }
        choices.truncate(CHOICES_MAX);
        let response = InteractionResponse::Autocomplete(choices);
        if let Err(error) = exchange.callback(response).await {
            tracing::warn!(%error, handler = route.handler, "proposals did not arrive");
        }
    }

    /// Lets the user through, or says how long to wait.
    async fn admit(&self, route: &Route<S>, exchange: &Exchange) -> Result<(), Failure> {
        let (Some(Cooldown { limit, per }), Some(timer)) = (route.cooldown, &self.timer) else {
            return Ok(());
        };
        // Functions of one name may stand in two modules, so what is run tells them apart.
        let what = match &route.purpose {
            Purpose::Command { group, draft } => command_path(group, &draft.name),
            _ => String::new(),
        };
        let user = exchange.author().id;
        let key = format!("cooldown:{}:{what}:{user}", route.handler);
        let taken = self.counters.take(&key, limit, per, timer.now()).await;
        match taken {
            Ok(Taken::Allowed) => Ok(()),
            Ok(Taken::Spent { retry_after }) => {
                let seconds = retry_after.as_secs_f64().ceil();
                Err(Failure::refuse(format!(
                    "Too fast. Try again in {seconds} s."
                )))
            }
            // Better one use too many than a bot that is down with its counters.
            Err(error) => {
                tracing::warn!(%error, handler = route.handler, "a cooldown could not be counted");
                Ok(())
            }
        }
    }

    /// Waits and defers; does nothing for a handler that must not be deferred.
    async fn defer_if_slow(&self, route: &Route<S>, exchange: &Exchange) {
        let Some(timer) = self.timer.as_ref().filter(|_| !route.undeferred) else {
            return;
        };
        let delay = self.read_live().defer_after;
        timer.after(delay).await;
        if let Err(error) = exchange.defer().await {
            tracing::warn!(%error, handler = route.handler, "a slow handler could not be deferred");
        }
    }

    /// After a failure: tells those who should know, and the user what is for the user.
    async fn settle(&self, route: &Route<S>, exchange: &Exchange, failure: &Failure) {
        let live = self.read_live();
        let text = match failure.refusal() {
            Some(text) => {
                tracing::debug!(handler = route.handler, text, "refused");
                text
            }
            None => {
                self.report(route.handler, failure);
                &live.apology
            }
        };
        if let Err(error) = exchange.tell(text).await {
            tracing::warn!(%error, handler = route.handler, "the user could not be told");
        }
    }

    fn report(&self, handler: &'static str, failure: &Failure) {
        let error = failure.chain();
        tracing::error!(handler, error, "a handler failed");
        self.hook.call(&HookCall::HandlerFailed {
            handler,
            error: &error,
        });
    }

    async fn turn_away(&self, interaction: &Interaction, exchange: &Exchange) {
        let name = match &interaction.data {
            Some(InteractionData::Command(data)) => data.name.as_str(),
            Some(InteractionData::Component(data)) => &data.custom_id,
            Some(InteractionData::Modal(data)) => &data.custom_id,
            _ => "",
        };
        tracing::warn!(kind = ?interaction.kind, name, "an interaction is for no handler");
        let live = self.read_live();
        let Some(text) = &live.gone else { return };
        if interaction.kind == InteractionType::ApplicationCommandAutocomplete {
            return;
        }
        if let Err(error) = exchange.tell(text).await {
            tracing::warn!(%error, name, "the user could not be told");
        }
    }

    fn read_live(&self) -> Arc<Live> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&live)
    }
}

impl<S> fmt::Debug for Router<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// Where each handler stands in the list. Of two for the same thing the first counts; validation
/// reports the second.
#[derive(Default)]
struct Table {
    commands: HashMap<(CommandType, String), usize>,
    components: HashMap<&'static str, usize>,
    plain_components: HashMap<&'static str, usize>,
    submits: HashMap<&'static str, usize>,
    events: HashMap<EventKind, Vec<usize>>,
    every_event: Vec<usize>,
}

impl Table {
    fn new<S>(routes: &[Route<S>]) -> Self {
        let mut table = Self::default();
        for (place, route) in routes.iter().enumerate() {
            match &route.purpose {
                Purpose::Command { group, draft } => {
                    let path = command_path(group, &draft.name);
                    table.commands.entry((draft.kind, path)).or_insert(place);
                }
                Purpose::Component(Some(name)) => {
                    table.components.entry(name).or_insert(place);
                }
                Purpose::PlainComponent(id) => {
                    table.plain_components.entry(id).or_insert(place);
                }
                Purpose::Submit(Some(name)) => {
                    table.submits.entry(name).or_insert(place);
                }
                Purpose::Event(Some(kind)) => table.events.entry(*kind).or_default().push(place),
                Purpose::EveryEvent => table.every_event.push(place),
                Purpose::Component(None) | Purpose::Submit(None) | Purpose::Event(None) => {}
            }
        }
        table
    }

    fn find(&self, interaction: &Interaction) -> Option<usize> {
        use InteractionType::{
            ApplicationCommand, ApplicationCommandAutocomplete, MessageComponent, ModalSubmit,
        };
        // A kind that Discord adds may carry data of a known form, and is still none of these.
        match (interaction.kind, interaction.data.as_ref()?) {
            (
                ApplicationCommand | ApplicationCommandAutocomplete,
                InteractionData::Command(data),
            ) => self.commands.get(&(data.kind, given_path(data))).copied(),
            (MessageComponent, InteractionData::Component(data)) => {
                let id = data.custom_id.as_str();
                let typed = || self.components.get(id.split('.').next()?);
                self.plain_components.get(id).or_else(typed).copied()
            }
            (ModalSubmit, InteractionData::Modal(data)) => {
                let name = data.custom_id.split(':').next()?;
                self.submits.get(name).copied()
            }
            _ => None,
        }
    }
}

/// The name of a command with those above it, joined by spaces, as users see it.
pub(crate) fn command_path(group: &[&str], name: &str) -> String {
    let mut path = group.join(" ");
    if !path.is_empty() {
        path.push(' ');
    }
    path.push_str(name);
    path
}

fn given_path(data: &CommandData) -> String {
    let mut path = data.name.as_str().to_owned();
    let mut level: &[DataOption] = &data.options;
    while let [only] = level {
        let deeper = matches!(
            only.kind,
            CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup
        );
        if !deeper {
            break;
        }
        path.push(' ');
        path.push_str(&only.name);
        level = &only.options;
    }
    path
}

/// Runs a handler; a panic in it is a failure like others.
async fn run<S>(route: &Route<S>, call: Call<S>) -> Result<(), Failure> {
    let span = tracing::info_span!("handler", name = route.handler);
    caught(async { (route.run)(call).await })
        .instrument(span)
        .await
}

async fn caught<T>(handler: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // The handler owns what it works on, so nothing half-done is seen after a panic but what it
    // shares itself, which is its own to guard.
    let outcome = AssertUnwindSafe(handler).catch_unwind().await;
    outcome.unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        Err(Failure::because(format!("panicked: {text}")))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
}

fn check_live(live: &Live) -> Result<(), Error> {
    if live.defer_after > DEFER_AFTER_MAX {
        return Err(Error::declaration(format!(
            "defer_after is {:?}, but Discord forgets an interaction after three seconds: set at most {DEFER_AFTER_MAX:?}",
            live.defer_after
        )));
    }
    for (knob, text) in [
        ("apology", Some(&live.apology)),
        ("gone", live.gone.as_ref()),
    ] {
        let length = text.map_or(1, |text| text.chars().count());
        if !(1..=CONTENT_MAX).contains(&length) {
            return Err(Error::declaration(format!(
                "{knob} has {length} characters, but Discord takes 1 to {CONTENT_MAX}"
            )));
        }
    }
    Ok(())
}

/// The longest text of a message.
const CONTENT_MAX: usize = 2000;

/// Discord shows no more proposals than this.
const CHOICES_MAX: usize = 25;
