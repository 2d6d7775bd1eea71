//! Letting things go wrong.

use std::time::Duration;

use ovenjs_types::{Id, marker::GuildMarker};

use crate::{
    faults::FaultMenu,
    protocol::{Gateway, Mishaps},
    recording::Line,
    rest::Scope,
    scenario::ScenarioStep,
    shared::Shared,
    world::World,
};

/// The switches for what goes wrong, from [`Discord::faults`](crate::Discord::faults).
///
/// They act at once and stay until they are used up or switched off. What happens by chance follows
/// from a seed, so that a run that failed can be repeated: print the seed.
#[derive(Clone, Copy, Debug)]
pub struct Faults<'a> {
    pub(super) shared: &'a Shared,
}

impl<'a> Faults<'a> {
    pub(crate) const fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// Lets go wrong by chance what [`FaultMenu::from_seed`] finds for this seed.
    pub fn menu(self, seed: u64) -> Self {
        self.serve(FaultMenu::from_seed(seed))
    }

    /// Lets this go wrong by chance. It replaces what went wrong by chance before.
    pub fn serve(self, menu: FaultMenu) -> Self {
        self.note(ScenarioStep::Faults(menu));
        self.shared.with(|backend, _| backend.serve(menu));
        self
    }

    /// Ends what goes wrong, by chance and by switch; lines that are dead end abruptly. Requests
    /// that are to fail once still do.
    pub fn calm(self) -> Self {
        self.shared
            .with(|backend, _| backend.serve(FaultMenu::default()));
        self.trouble(|gateway, _| gateway.calm())
    }

    /// Drops each connection, without a close frame, after every `events`-th event sent on it.
    ///
    /// RESUMED is not counted: a client that is dropped after one event each time would otherwise
    /// never see the second one.
    pub fn drop_after_frames(self, events: u64) -> Self {
        self.mishap(|mishaps| mishaps.drop_after = Some((events.max(1), None)))
    }

    /// Closes each connection with `code` after every `events`-th event sent on it.
    pub fn close_after_frames(self, events: u64, code: u16) -> Self {
        self.mishap(|mishaps| mishaps.drop_after = Some((events.max(1), Some(code))))
    }

    /// Drops each connection in the middle of a frame, once this many bytes of payloads, as they
    /// are sent, have left on it.
    pub fn drop_after_bytes(self, bytes: u64) -> Self {
        self.mishap(|mishaps| mishaps.drop_after_bytes = Some(bytes))
    }

    /// Connections live again.
    pub fn keep_connections(self) -> Self {
        self.mishap(|mishaps| {
            mishaps.drop_after = None;
            mishaps.drop_after_bytes = None;
        })
    }

    /// Answers the next `count` resumes with Invalid Session, not resumable.
    pub fn refuse_resumes(self, count: u32) -> Self {
        self.mishap(|mishaps| mishaps.refuse_resumes = count)
    }

    /// Answers the next `count` identifies with Invalid Session.
    pub fn refuse_identifies(self, count: u32) -> Self {
        self.mishap(|mishaps| mishaps.refuse_identifies = count)
    }

    /// Answers the next `count` searches with 202, the index not being ready yet.
    pub fn delay_searches(self, count: u32) -> Self {
        self.shared
            .with(|backend, _| backend.world.searches_too_early = count);
        self
    }

    /// Sends or withholds heartbeat acknowledgements.
    pub fn withhold_heartbeat_acks(self, withhold: bool) -> Self {
        self.mishap(|mishaps| mishaps.withhold_acks = withhold)
    }

    /// Asks every client for a heartbeat at once (op 1).
    pub fn ask_for_heartbeats(self) -> Self {
        self.trouble(|gateway, _| gateway.ask_for_heartbeats())
    }

    /// Asks every client to reconnect (op 7).
    pub fn ask_to_reconnect(self) -> Self {
        self.trouble(|gateway, _| gateway.ask_to_reconnect())
    }

    /// Tells every client that its session is invalid (op 9).
    pub fn invalidate_sessions(self, resumable: bool) -> Self {
        self.trouble(|gateway, _| gateway.invalidate(resumable))
    }

    /// Drops every connection at once, without a close frame.
    pub fn drop_connections(self) -> Self {
        self.trouble(|gateway, _| gateway.break_all(None))
    }

    /// Closes every connection with `code`.
    pub fn close_connections(self, code: u16) -> Self {
        self.trouble(|gateway, _| gateway.break_all(Some(code)))
    }

    /// Lets every connection go dead: it stays open, and nothing is heard on it or sent to it any
    /// more.
    pub fn freeze_connections(self) -> Self {
        self.trouble(|gateway, _| gateway.freeze_all())
    }

    /// Sends this many TYPING_STARTs of the first guild at once.
    pub fn burst(self, events: usize) -> Self {
        self.trouble(|gateway, world| gateway.burst(events, world))
    }

    /// Takes a guild down: its bot hears GUILD_DELETE with `unavailable`, and nothing more of it.
    /// Requests about the guild or its channels are answered with 503.
    pub fn take_down(self, guild: Id<GuildMarker>) -> Self {
        self.trouble(|gateway, world| gateway.take_down(guild.get(), world))
    }

    /// Brings a guild back, with a GUILD_CREATE.
    pub fn bring_back(self, guild: Id<GuildMarker>) -> Self {
        self.trouble(|gateway, world| gateway.bring_back(guild.get(), world))
    }

    /// Answers the next request to `METHOD /route/{template}` with 429.
    pub fn limit_once(self, route: &str, retry_after: Duration) -> Self {
        self.shared
            .with(|backend, _| backend.faults.limit_once(route, retry_after, Scope::User));
        self
    }

    /// Answers the next request to `METHOD /route/{template}` with the 429 of the global limit.
    pub fn limit_globally_once(self, route: &str, retry_after: Duration) -> Self {
        self.shared
            .with(|backend, _| backend.faults.limit_once(route, retry_after, Scope::Global));
        self
    }

    /// Answers the next request to `METHOD /route/{template}` with the 429 of a resource that others
    /// use too: `retry_after` has nothing to do with the headers of the bucket.
    pub fn limit_shared_once(self, route: &str, retry_after: Duration) -> Self {
        self.shared
            .with(|backend, _| backend.faults.limit_once(route, retry_after, Scope::Shared));
        self
    }

    /// Answers the next request to `METHOD /route/{template}` with an HTML page of this status, as a
    /// proxy in front of Discord does.
    pub fn break_once(self, route: &str, status: u16) -> Self {
        self.shared
            .with(|backend, _| backend.faults.break_once(route, status));
        self
    }

    /// Posts a request with a wrong signature to each endpoint of the application at once; it must
    /// be answered with 401. An endpoint that does not is a violation, and is the application's no
    /// more.
    pub fn forge_signature(self) -> Self {
        self.shared.with(|backend, now| {
            backend.play(now, |_| ());
            backend.courier.probe(&backend.world);
        });
        self
    }

    /// Takes a switch down, for a recorder.
    pub(super) fn note(self, step: ScenarioStep) {
        self.shared
            .with(|backend, _| backend.journal.note(Line::Step(step)));
    }

    fn mishap(self, change: impl FnOnce(&mut Mishaps)) -> Self {
        self.shared
            .with(|backend, _| change(&mut backend.gateway.mishaps));
        self
    }

    fn trouble(self, deed: impl FnOnce(&mut Gateway, &World)) -> Self {
        self.shared.with(|backend, now| backend.trouble(now, deed));
        self
    }
}
