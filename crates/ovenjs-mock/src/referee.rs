//! The box without wires and without a clock, for deterministic simulations.

mod life;

use std::time::{Duration, Instant};

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
};
use serde::Serialize;

use crate::{
    backend::Backend,
    config::Config,
    error::Error,
    faults::FaultMenu,
    json::{Json, object},
    protocol::{Admission, Frame, Input, Output, Written},
    rest::{self, Body, Scope},
    world::Draft,
};

/// The same Discord that [`Discord`](crate::Discord) serves, as a pure machine: the caller carries
/// the bytes and says what time it is. The same configuration and the same calls give the same
/// bytes.
///
/// ```
/// use std::time::{Duration, Instant};
/// use ovenjs_mock::{Config, Referee, Step};
///
/// # #[expect(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let mut discord = Referee::new(Config::default(), now);
/// let connection = discord.open(now, "v=10&encoding=json");
///
/// let Some(Step::Text(hello)) = discord.poll(now, connection) else { panic!("Hello comes first") };
/// assert!(hello.starts_with(br#"{"d":{"_trace""#));
///
/// // Who says something wrong is told so; who says nothing at all, a little later.
/// let deadline = discord.deadline().expect("a heartbeat is awaited");
/// assert_eq!(deadline - now, Duration::from_millis(61_250));
/// discord.expire(deadline);
/// assert_eq!(discord.poll(deadline, connection), Some(Step::Close(4009)));
/// ```
#[derive(Debug)]
pub struct Referee(pub(crate) Backend);

/// What a socket is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send a text frame.
    Text(Vec<u8>),
    /// Send a binary frame.
    Binary(Vec<u8>),
    /// Send a close frame and end.
    Close(u16),
    /// End without a word.
    Abort,
}

/// A REST request on its way to a [`Referee`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Call<'a> {
    /// The method, `POST`.
    pub method: &'a str,
    /// The path with its prefix and without a query: `/api/v10/users/@me`.
    pub path: &'a str,
    /// The query.
    pub query: &'a str,
    /// The `Authorization` header, if there is one.
    pub authorization: Option<&'a str>,
    /// The `Content-Type` header, if there is one.
    pub content_type: Option<&'a str>,
    /// The `X-Audit-Log-Reason` header as it is sent, if there is one.
    pub reason: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// The answer of a [`Referee`].
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers which carry meaning: limits and their scopes.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Referee {
    /// A Discord that begins at `now`, which it calls the first second of 2027.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self(Backend::new(config, now, BEGINNING_UNIX_MS))
    }

    /// Whether the next websocket handshake is answered; what goes wrong by chance may say no.
    pub fn admit(&mut self, now: Instant) -> Admission {
        self.0.admit(now)
    }

    /// A client connects with the query of its URL; the number of its connection.
    pub fn open(&mut self, now: Instant, query: &str) -> u64 {
        self.0.open(now, "/", query)
    }

    /// A client connects with the path and the query of its URL: that of `resume_gateway_url` may
    /// be another than the one of identifies.
    pub fn open_at(&mut self, now: Instant, path: &str, query: &str) -> u64 {
        self.0.open(now, path, query)
    }

    /// A client's text or binary message has arrived.
    pub fn receive(&mut self, now: Instant, connection: u64, message: &[u8]) {
        self.0.handle(now, connection, Input::Message(message));
    }

    /// A client is gone, with the code of its close frame if it sent one.
    pub fn close(&mut self, now: Instant, connection: u64, code: Option<u16>) {
        self.0.handle(now, connection, Input::Closed(code));
    }

    /// The next thing that a connection's socket is to do. Pongs are left to the caller's wire, and
    /// a frame of which only a part would leave is the end of the connection.
    pub fn poll(&mut self, now: Instant, connection: u64) -> Option<Step> {
        loop {
            return Some(match self.0.poll(now, connection)? {
                Output::Send(frame) | Output::Split(frame, ..) => match frame {
                    Frame::Text(text) => Step::Text(text),
                    Frame::Binary(bytes) => Step::Binary(bytes),
                },
                Output::Pong(_) => continue,
                Output::Close(code, _) => Step::Close(code),
                Output::Abort | Output::Reset | Output::Half(..) => Step::Abort,
            });
        }
    }

    /// When [`expire`](Self::expire) is due next, once every connection was polled until it had
    /// nothing more to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    /// Cuts off silent clients and forgets sessions that nobody resumed.
    pub fn expire(&mut self, now: Instant) {
        self.0.expire(now);
    }

    /// Answers a REST request.
    pub fn request(&mut self, now: Instant, call: Call<'_>) -> Reply {
        let reply = self.0.request(
            now,
            rest::Request {
                method: call.method.to_owned(),
                path: call.path.to_owned(),
                query: call.query.to_owned(),
                authorization: call.authorization.map(str::to_owned),
                user_agent: Some("DiscordBot (simulation, 0)".to_owned()),
                reason: call.reason.map(str::to_owned),
                form: rest::Form::read(
                    call.content_type,
                    &bytes::Bytes::copy_from_slice(call.body),
                ),
            },
        );
        let body = match reply.body {
            Body::Empty => Vec::new(),
            Body::Json(value) => value.to_string().into_bytes(),
            Body::Html(text) | Body::Csv(text) => text.into_bytes(),
            Body::Png(bytes) => bytes.to_vec(),
        };
        Reply {
            status: reply.status,
            headers: reply.headers,
            body,
        }
    }

    /// Sends an event of any name and content to the sessions that may hear of it.
    ///
    /// # Errors
    ///
    /// When `data` cannot be written as JSON.
    pub fn emit(&mut self, now: Instant, name: &str, data: &impl Serialize) -> Result<(), Error> {
        let data = serde_json::to_string(data).map_err(|source| Error::shape(&source))?;
        self.0.emit(now, &[Written::new(name, data)]);
        Ok(())
    }

    /// Lets the user of this name say something.
    ///
    /// # Errors
    ///
    /// When Discord would refuse the message.
    ///
    /// # Panics
    ///
    /// Never: messages have ids.
    pub fn say(
        &mut self,
        now: Instant,
        user: &str,
        channel: Id<ChannelMarker>,
        content: &str,
    ) -> Result<Id<MessageMarker>, Error> {
        let body = object(serde_json::json!({ "content": content }));
        let posted = self.0.play(now, |world| {
            let author = world.user_named(user);
            world.may_say(author, channel.get(), &body, false)?;
            world.post(Draft {
                author,
                channel: channel.get(),
                body,
                ..Draft::default()
            })
        });
        posted
            .map(Id::new)
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// The bot token that is accepted.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.0.world.token
    }

    /// The bot's user.
    ///
    /// # Panics
    ///
    /// Never: the bot exists from the start.
    #[must_use]
    pub fn bot_id(&self) -> Id<UserMarker> {
        Id::new(self.0.world.bot)
    }

    /// The first guild of the configuration.
    ///
    /// # Panics
    ///
    /// When the configuration has no guild.
    #[must_use]
    pub fn guild_id(&self) -> Id<GuildMarker> {
        Id::new(self.0.world.default_guild)
    }

    /// All guilds, the first one first.
    #[must_use]
    pub fn guild_ids(&self) -> Vec<Id<GuildMarker>> {
        let guilds = self.0.world.guilds.keys();
        guilds.filter_map(|id| Id::new_checked(*id)).collect()
    }

    /// The first channel of the first guild.
    ///
    /// # Panics
    ///
    /// When the configuration has no guild with a channel.
    #[must_use]
    pub fn channel_id(&self) -> Id<ChannelMarker> {
        Id::new(self.0.world.default_channel)
    }

    /// The messages of a channel, oldest first.
    #[must_use]
    pub fn messages(&self, channel: Id<ChannelMarker>) -> Vec<Json> {
        let world = &self.0.world;
        let room = world.channels.get(&channel.get());
        let ids = room.into_iter().flat_map(|room| room.messages.keys());
        ids.filter_map(|id| world.message(channel.get(), *id).ok())
            .map(Json)
            .collect()
    }

    /// Where the box itself does not keep to Discord's documents.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.0.journal.violations
    }

    /// Lets this go wrong by chance. It replaces what went wrong by chance before.
    pub fn serve(&mut self, menu: FaultMenu) {
        self.0.serve(menu);
    }

    /// Ends what goes wrong, by chance and by switch.
    pub fn calm(&mut self, now: Instant) {
        self.0.trouble(now, |gateway, _| gateway.calm());
        self.0.serve(FaultMenu::default());
    }

    /// Breaks each connection after every so many events: without a word, or with a close code.
    /// `None` ends it.
    pub fn drop_after(&mut self, events: Option<u64>, code: Option<u16>) {
        self.0.gateway.mishaps.drop_after = events.map(|events| (events.max(1), code));
    }

    /// Breaks all connections now: without a word, or with a close code.
    pub fn drop_connections(&mut self, now: Instant, code: Option<u16>) {
        self.0.trouble(now, |gateway, _| gateway.break_all(code));
    }

    /// Lets all connections go dead: nothing is heard on them or sent to them any more.
    pub fn freeze_connections(&mut self, now: Instant) {
        self.0.trouble(now, |gateway, _| gateway.freeze_all());
    }

    /// Answers the next so many resumes with Invalid Session.
    pub fn refuse_resumes(&mut self, count: u32) {
        self.0.gateway.mishaps.refuse_resumes = count;
    }

    /// Answers the next so many identifies with Invalid Session.
    pub fn refuse_identifies(&mut self, count: u32) {
        self.0.gateway.mishaps.refuse_identifies = count;
    }

    /// Sends or withholds heartbeat acknowledgements.
    pub fn withhold_heartbeat_acks(&mut self, withhold: bool) {
        self.0.gateway.mishaps.withhold_acks = withhold;
    }

    /// Asks every client for a heartbeat at once.
    pub fn ask_for_heartbeats(&mut self, now: Instant) {
        self.0
            .trouble(now, |gateway, _| gateway.ask_for_heartbeats());
    }

    /// Asks every client to reconnect.
    pub fn ask_to_reconnect(&mut self, now: Instant) {
        self.0.trouble(now, |gateway, _| gateway.ask_to_reconnect());
    }

    /// Tells every client that its session is invalid.
    pub fn invalidate_sessions(&mut self, now: Instant, resumable: bool) {
        self.0
            .trouble(now, |gateway, _| gateway.invalidate(resumable));
    }

    /// Takes a guild down: its bot hears that it is unavailable, and nothing more of it.
    pub fn take_down(&mut self, now: Instant, guild: Id<GuildMarker>) {
        self.0
            .trouble(now, |gateway, world| gateway.take_down(guild.get(), world));
    }

    /// Brings a guild back.
    pub fn bring_back(&mut self, now: Instant, guild: Id<GuildMarker>) {
        self.0
            .trouble(now, |gateway, world| gateway.bring_back(guild.get(), world));
    }

    /// What clients did in vain, or against what Discord asks of them.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.0.journal.warnings
    }

    /// With which codes and words connections were closed for what their clients said: each once.
    /// Closes that go wrong by chance are none of them.
    #[must_use]
    pub fn refusals(&self) -> &[String] {
        &self.0.journal.refusals
    }

    /// Listens in from now on, so that [`overheard`](Self::overheard) tells what is sent, and
    /// [`take_begun`](Self::take_begun) which sessions begin.
    pub fn listen_in(&mut self) {
        self.0.gateway.overheard = Some(Vec::new());
    }

    /// The message inside of the frame that [`poll`](Self::poll) gave last, before compression.
    /// Empty where nobody listens in, and where the frame was spoilt on purpose.
    #[must_use]
    pub fn overheard(&self) -> &[u8] {
        self.0.gateway.overheard.as_deref().unwrap_or_default()
    }

    /// The sessions that began since this was asked last, each with the number of its shard, also
    /// those that have ended since. Empty where nobody listens in.
    pub fn take_begun(&mut self) -> Vec<(String, u32)> {
        std::mem::take(&mut self.0.gateway.begun)
    }

    /// Answers the next request to `METHOD /route/{template}` with 429, of the bucket or of the
    /// global limit.
    pub fn limit_once(&mut self, route: &str, retry_after: Duration, global: bool) {
        let scope = if global { Scope::Global } else { Scope::User };
        self.0.faults.limit_once(route, retry_after, scope);
    }

    /// Answers the next request to `METHOD /route/{template}` with the 429 of a resource that others
    /// use too.
    pub fn limit_shared_once(&mut self, route: &str, retry_after: Duration) {
        self.0.faults.limit_once(route, retry_after, Scope::Shared);
    }

    /// How many requests were answered with 401, 403 or with 429 of a limit that is not shared,
    /// which is what Discord counts before it shuts an address out.
    #[must_use]
    pub fn invalid_requests(&self) -> u64 {
        self.0.journal.invalid_requests
    }

    /// How long the client's address stays shut out, if it is.
    #[must_use]
    pub fn shut_out(&self, now: Instant) -> Option<Duration> {
        self.0.limiter.shut_out(now)
    }

    /// Answers the next request to `METHOD /route/{template}` with an HTML page of this status.
    pub fn break_once(&mut self, route: &str, status: u16) {
        self.0.faults.break_once(route, status);
    }
}

/// 2027-01-01T00:00:00Z.
const BEGINNING_UNIX_MS: u64 = 1_798_761_600_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[expect(
        clippy::disallowed_methods,
        reason = "the script starts at any instant"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_request_is_answered_without_a_wire() {
        let now = start();
        let mut discord = Referee::new(Config::default(), now);
        let path = format!("/api/v10/channels/{}/messages", discord.channel_id());
        let token = format!("Bot {}", discord.token());
        let call = Call {
            method: "POST",
            path: &path,
            query: "",
            authorization: Some(&token),
            content_type: Some("application/json"),
            reason: None,
            body: br#"{"content":"bread"}"#,
        };
        assert_eq!(discord.request(now, call).status, 200);
        discord.break_once("POST /channels/{channel_id}/messages", 502);
        assert_eq!(discord.request(now, call).status, 502);
        let written = discord.messages(discord.channel_id());
        assert_eq!(written.len(), 1);
        assert_eq!(
            written[0].text("/timestamp"),
            Some("2027-01-01T00:00:00.000000+00:00")
        );
        assert_eq!(discord.violations(), [""; 0]);
    }

    #[test]
    fn the_global_limit_says_so_in_its_headers() {
        let now = start();
        let limits = Limits::default().global_per_second(1);
        let mut discord = Referee::new(Config::default().limits(limits), now);
        let token = format!("Bot {}", discord.token());
        let call = Call {
            method: "GET",
            path: "/api/users/@me",
            query: "",
            authorization: Some(&token),
            content_type: None,
            reason: None,
            body: b"",
        };
        assert_eq!(discord.request(now, call).status, 200);
        let later = now + Duration::from_millis(250);
        let refused = discord.request(later, call);
        assert_eq!(refused.status, 429);
        assert!(
            refused
                .headers
                .contains(&("X-RateLimit-Scope", "global".to_owned()))
        );
        assert!(
            refused
                .headers
                .contains(&("X-RateLimit-Global", "true".to_owned()))
        );
        let body: serde_json::Value = serde_json::from_slice(&refused.body).expect("JSON");
        assert_eq!(body.get("retry_after"), Some(&serde_json::json!(0.75)));
        assert_eq!(body.get("global"), Some(&serde_json::json!(true)));
        assert_eq!(
            discord.request(now + Duration::from_secs(1), call).status,
            200
        );
    }
}
