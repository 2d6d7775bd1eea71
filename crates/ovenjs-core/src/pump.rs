//! From the gateway's deliveries to handlers: drop what nobody wants, fold into the mirror what it
//! keeps, decode what handlers take, route.

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, PoisonError},
    task::Poll,
    time::Duration,
};

use ovenjs_cache::Change;
use ovenjs_commands::{Answers, Beside, Router};
use ovenjs_gateway::{Delivery, Events, Receipt};
use ovenjs_types::{
    Dispatch, Event, EventKind, Hook, HookCall, Id, Interest, Origin, Pressure,
    json::{Deviation, Scratch},
    marker::UserMarker,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{App, Error, ErrorKind};

/// How many events' handlers run at a time. Some kilobytes each, so a few megabytes in all; when
/// all places are taken the pump waits, and the gateway's bounded queue fills behind it.
const HANDLERS_MAX: usize = 1024;

/// Of so many events one is looked through for all that no type knows, the first among them: that
/// costs several times what decoding costs, so a hundredth of the work or less.
const SAMPLED: u64 = 1_000;

/// Whom an event is for: while the shards change their number, some are for handlers or the mirror alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    All,
    Handlers,
    Mirror,
}

pub(crate) struct Pump<T> {
    pub(crate) app: Arc<App<T>>,
    pub(crate) router: Arc<Router<App<T>>>,
    answers: Arc<dyn Answers>,
    pub(crate) interest: Interest,
    /// What handlers take of that: only this is decoded.
    handled: Interest,
    /// Of which they ask for what was there before: only this is unpacked.
    told: Interest,
    /// The bot's own id, as it stands in payloads.
    own_id: String,
    hook: Arc<dyn Hook>,
    scratch: Scratch,
    /// How many events were decoded.
    decoded: u64,
    /// One for each event whose handlers run; closed once a stop has waited long enough.
    pub(crate) places: Arc<Semaphore>,
    handlers: JoinSet<()>,
}

impl<T: Send + Sync + 'static> Pump<T> {
    pub(crate) fn new(
        app: Arc<App<T>>,
        router: Router<App<T>>,
        answers: Arc<dyn Answers>,
        interest: Interest,
        own_id: Id<UserMarker>,
        hook: Arc<dyn Hook>,
    ) -> Self {
        Self {
            app,
            handled: router.interest(),
            told: router.asks_beside(),
            router: Arc::new(router),
            answers,
            interest,
            own_id: format!("\"{own_id}\""),
            hook,
            scratch: Scratch::new(),
            decoded: 0,
            places: Arc::new(Semaphore::new(HANDLERS_MAX)),
            handlers: JoinSet::new(),
        }
    }

    /// Pumps until the events end, then waits for handlers that still run, for `grace` at most, or until
    /// that becomes zero: whoever stops the bot has then waited as long.
    ///
    /// The first shard that gives up ends all of them. What then waits goes to the next process where the
    /// state `is_kept`, and is handled within the same time where it is not.
    pub(crate) async fn run(
        mut self,
        mut events: Events,
        is_kept: bool,
        mut grace: watch::Receiver<Duration>,
        mut pressure: watch::Receiver<Pressure>,
    ) -> Result<(), Error> {
        let outcome = self.pump(&mut events, &mut pressure).await;
        let over = tokio::time::sleep(*grace.borrow());
        let fleet = self.app.fleet.clone();
        match outcome.is_err() && is_kept {
            true => drop(fleet.hand_over().await),
            false => drop(fleet.stop().await),
        }
        let finished = async {
            // Others may have given up as well; the first has been told.
            while self.pump(&mut events, &mut pressure).await.is_err() {}
            while self.handlers.join_next().await.is_some() {}
        };
        let is_told = async {
            if grace.wait_for(Duration::is_zero).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let in_time = tokio::select! {
            biased;
            () = finished => true,
            () = over => false,
            () = is_told => false,
        };
        if !in_time {
            tracing::warn!(
                handlers = self.handlers.len(),
                "handlers were still running and are dropped"
            );
            self.handlers.shutdown().await;
        }
        let late = fleet.stats().queue_deliveries;
        if late > 0 {
            tracing::warn!(events = late, "events came too late to be handled");
        }
        outcome
    }

    /// Pumps until the events end or a shard gives up, or no handler is to begin any more.
    async fn pump(
        &mut self,
        events: &mut Events,
        pressure: &mut watch::Receiver<Pressure>,
    ) -> Result<(), Error> {
        // The place comes first: an event that was taken and waited for one would, at a stop, be in
        // nobody's hands.
        while let Ok(place) = Arc::clone(&self.places).acquire_owned().await
            && let Some(delivery) = events.next().await
        {
            // Handlers that are done are taken out, so that the set holds running ones only.
            while self.handlers.try_join_next().is_some() {}
            if pressure.has_changed().unwrap_or(false)
                && *pressure.borrow_and_update() > Pressure::Low
            {
                self.scratch.release();
            }
            match delivery {
                Delivery::Dispatch(dispatch) => self.take(dispatch, Readers::All, place).await,
                Delivery::Late(dispatch) => self.take(dispatch, Readers::Handlers, place).await,
                Delivery::Fresh(dispatch) => self.take(dispatch, Readers::Mirror, place).await,
                Delivery::Gap(gap) => {
                    tracing::warn!(shard = %gap.shard, last_seq = gap.last_seq, "a session was lost; events may be missing");
                    self.app.mirror.outdate(|guild| gap.concerns(guild));
                    // Private messages come by the first shard.
                    if gap.shard.number == 0 {
                        self.app.mirror.outdate_private();
                    }
                }
                Delivery::Stopped {
                    shard,
                    error: Some(error),
                } => {
                    // One shard that cannot go on means a bot that is deaf in a part of its guilds.
                    tracing::error!(%shard, "the bot ends, since a shard cannot go on");
                    let text = "the gateway gave up";
                    return Err(Error::below(ErrorKind::Gateway, text, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn take(&mut self, dispatch: Dispatch, readers: Readers, place: OwnedSemaphorePermit) {
        let receipt = self.app.fleet.receipt(&dispatch);
        if may_permit(&dispatch, &self.own_id) {
            self.app.client.permissions_changed();
        }
        if let (EventKind::Resumed, Origin::Gateway(shard)) = (dispatch.kind, dispatch.origin) {
            self.app.mirror.resumed(shard);
        }
        if !self.interest.wants(dispatch.kind) {
            self.hook.call(&HookCall::EventDropped {
                kind: dispatch.kind,
            });
            if readers != Readers::Mirror {
                receipt.handled();
            }
            return;
        }
        let mut change = None;
        if readers != Readers::Handlers {
            if readers == Readers::All && self.told.wants(dispatch.kind) {
                change = Some(self.app.mirror.apply_and_tell(&dispatch, &mut self.scratch));
            } else {
                self.app.mirror.apply(&dispatch, &mut self.scratch);
            }
        }
        if readers == Readers::Mirror {
            return;
        }
        if !self.handled.wants(dispatch.kind) {
            receipt.handled();
            return;
        }
        let event = self.decode(&dispatch);
        self.route(Arc::new(event), change, receipt, place).await;
    }

    /// The event as handlers take it; what deviates in it is told and counted.
    fn decode(&mut self, dispatch: &Dispatch) -> Event {
        let event = dispatch.decode(&mut self.scratch);
        let left_out = self.scratch.take_drift();
        self.count(dispatch, &left_out, &event);
        for deviation in left_out {
            tracing::warn!(
                event = dispatch.name(),
                path = deviation.path,
                reason = deviation.reason,
                "a part of an event did not fit and was left out"
            );
        }
        if let Event::Malformed(malformed) = &event {
            let (name, path) = (malformed.event.name(), malformed.error.path());
            tracing::warn!(event = name, error = %malformed.error, "an event did not fit");
            self.hook.call(&HookCall::EventMalformed { name, path });
        }
        event
    }

    /// Adds to the report what deviates in an event: what was left out, and for a sample all that no
    /// type knows.
    fn count(&mut self, dispatch: &Dispatch, left_out: &[Deviation], event: &Event) {
        let is_sample = self.decoded.is_multiple_of(SAMPLED);
        self.decoded = self.decoded.wrapping_add(1);
        if !is_sample && left_out.is_empty() && !matches!(event, Event::Malformed(_)) {
            return;
        }
        let mut drift = self
            .app
            .drift
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if is_sample {
            drift.inspect(dispatch.name(), &dispatch.raw);
            return;
        }
        drift.add(dispatch.name(), left_out);
        if let Event::Malformed(malformed) = event {
            let first = std::slice::from_ref(malformed.error.deviation());
            drift.add(dispatch.name(), first);
        }
    }

    /// An event is handled when its handlers have ended: one whose handlers are dropped is not.
    ///
    /// Starts them in this task, so that handlers start in the order of events, and
    /// lets them go on in a task of their own if they do not finish at once.
    async fn route(
        &mut self,
        event: Arc<Event>,
        change: Option<Change>,
        receipt: Receipt,
        place: OwnedSemaphorePermit,
    ) {
        let (router, app, answers) = (
            Arc::clone(&self.router),
            Arc::clone(&self.app),
            Arc::clone(&self.answers),
        );
        let beside = change.map(Beside::new);
        let mut handling = Box::pin(async move {
            router.handle_beside(&app, &event, beside, &answers).await;
        });
        let started = poll_fn(|cx| Poll::Ready(handling.as_mut().poll(cx))).await;
        if started.is_pending() {
            self.handlers.spawn(async move {
                handling.await;
                receipt.handled();
                drop(place);
            });
        } else {
            receipt.handled();
        }
    }
}

/// What the gateway has to bring where so much is wanted: also what may change the bot's permissions, as
/// far as its intents let that come. The mirror takes the bot's own membership from it.
pub(crate) fn heard(interest: Interest) -> Interest {
    PERMITTING.into_iter().fold(interest, Interest::with)
}

/// Whether an event may mean that the bot has other permissions. Of members it is only the bot itself that
/// matters, of whom Discord tells without any intent; a list of ids in which it stands is no harm.
fn may_permit(dispatch: &Dispatch, own_id: &str) -> bool {
    let names_itself = || {
        let mut parts = dispatch.raw.windows(own_id.len());
        parts.any(|part| part == own_id.as_bytes())
    };
    PERMITTING.contains(&dispatch.kind)
        && (dispatch.kind != EventKind::GuildMemberUpdate || names_itself())
}

const PERMITTING: [EventKind; 7] = [
    EventKind::GuildCreate,
    EventKind::GuildMemberUpdate,
    EventKind::GuildRoleCreate,
    EventKind::GuildRoleUpdate,
    EventKind::GuildRoleDelete,
    EventKind::ChannelCreate,
    EventKind::ChannelUpdate,
];

impl<T> fmt::Debug for Pump<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump")
            .field("running", &self.handlers.len())
            .finish_non_exhaustive()
    }
}
