//! The verbs of users for those who want an error where a test wants to fail.

use std::{
    future::{Future, IntoFuture, Ready, ready},
    pin::Pin,
};

use ovenjs_types::{
    Id,
    marker::{
        ChannelMarker, GenericMarker, GuildMarker, ScheduledEventMarker, StickerMarker, UserMarker,
    },
};

use crate::{
    error::Error,
    json::{Fields, Json},
    scenario::ScenarioStep,
    world::{World, guild_channel::kind, interaction::Response, slash::Target},
};

use super::{Answer, Filled, Message, Saying, User, acts, told::Told};

/// A user or an answer whose verbs give an [`Error`] instead of a panic, from
/// [`User::attempt`] and [`Answer::attempt`].
///
/// ```
/// # use ovenjs_mock::{Config, Discord};
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let discord = Discord::start(Config::default()).await?;
///
/// let typed = discord.user("ann").attempt().slash("/ping").await;
///
/// assert!(typed.unwrap_err().to_string().contains("the bot has registered none"));
/// # Ok::<(), ovenjs_mock::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is attempted until a verb follows"]
pub struct Attempt<T>(pub(super) T);

impl<'a> Attempt<&'a User> {
    /// [`User::in_private`].
    ///
    /// # Errors
    ///
    /// When the user is gone.
    pub fn in_private(self) -> Result<User, Error> {
        let user = self.0;
        let channel = user
            .shared
            .with(|backend, now| backend.play(now, |world| world.direct_channel(user.id)))
            .map_err(|failure| Error::refused(failure.to_string()))?;
        Ok(User {
            channel,
            ..user.clone()
        })
    }

    /// [`User::says`]; awaiting it fails when the user may not speak there or there is nothing to
    /// say.
    pub fn says(self, content: &str) -> Attempt<Saying<'a>> {
        Attempt(Saying::new(self.0, content))
    }

    /// [`User::reacts`].
    ///
    /// # Errors
    ///
    /// When the message is gone or the text is no emoji.
    pub fn reacts(self, message: &Message, emoji: &str) -> Result<(), Error> {
        let User { shared, id, .. } = self.0;
        acts::react(shared, *id, message.channel, message.id, emoji, false)
    }

    /// [`User::super_reacts`].
    ///
    /// # Errors
    ///
    /// As [`reacts`](Self::reacts).
    pub fn super_reacts(self, message: &Message, emoji: &str) -> Result<(), Error> {
        let User { shared, id, .. } = self.0;
        acts::react(shared, *id, message.channel, message.id, emoji, true)
    }

    /// [`User::unreacts`].
    ///
    /// # Errors
    ///
    /// When the message is gone or the text is no emoji.
    pub fn unreacts(self, message: &Message, emoji: &str) -> Result<(), Error> {
        let User { shared, id, .. } = self.0;
        acts::unreact(shared, *id, message.channel, message.id, emoji)
    }

    /// [`User::edits`].
    ///
    /// # Errors
    ///
    /// When the message is gone, is another's, or would be empty.
    pub fn edits(self, message: &Message, content: &str) -> Result<Message, Error> {
        let User { shared, id, .. } = self.0;
        acts::edit(shared, *id, message.channel, message.id, content)?;
        Ok(shared.look(|backend| Message::of(&backend.world, message.channel, message.id)))
    }

    /// [`User::deletes`].
    ///
    /// # Errors
    ///
    /// When it is gone already, or is another's and this user does not manage messages.
    pub fn deletes(self, message: &Message) -> Result<(), Error> {
        acts::delete(&self.0.shared, self.0.id, message.channel, message.id)
    }

    /// [`User::votes`].
    ///
    /// # Errors
    ///
    /// When the message holds no such answer, or its poll is over.
    pub fn votes(self, poll: &Message, answer: u64) -> Result<(), Error> {
        let place = (poll.channel, poll.id);
        acts::vote(&self.0.shared, self.0.id, place, answer, false)
    }

    /// [`User::unvotes`].
    ///
    /// # Errors
    ///
    /// When the message holds no poll, or its poll is over.
    pub fn unvotes(self, poll: &Message, answer: u64) -> Result<(), Error> {
        let place = (poll.channel, poll.id);
        acts::vote(&self.0.shared, self.0.id, place, answer, true)
    }

    /// [`User::makes_webhook`].
    ///
    /// # Errors
    ///
    /// When the channel takes no more webhooks, or none of this name.
    pub fn makes_webhook(self, name: &str) -> Result<Json, Error> {
        let User {
            shared,
            id,
            channel,
        } = self.0;
        shared
            .with(|backend, now| {
                backend.play(now, |world| {
                    let id = world.make_webhook(*channel, *id, name, None)?;
                    world.webhook(id, false)
                })
            })
            .map(Json)
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// [`User::asks_to_join`].
    ///
    /// # Errors
    ///
    /// When the user is a member, or banned.
    ///
    /// # Panics
    ///
    /// Never: requests have ids.
    pub fn asks_to_join(self, guild: Id<GuildMarker>) -> Result<Id<GenericMarker>, Error> {
        let User { shared, id, .. } = self.0;
        shared
            .with(|backend, now| backend.play(now, |world| world.apply_to_join(guild.get(), *id)))
            .map(Id::new)
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// [`User::accepts_invite`].
    ///
    /// # Errors
    ///
    /// When there is no such invite (any more), or the user is banned.
    pub fn accepts_invite(self, code: &str) -> Result<(), Error> {
        let User { shared, id, .. } = self.0;
        shared
            .with(|backend, now| backend.play(now, |world| world.accept_invite(*id, code)))
            .map(drop)
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// [`User::goes_by`].
    ///
    /// # Errors
    ///
    /// When the channel is in no guild of the user's, or the user may not change its nickname.
    pub fn goes_by(self, nick: Option<&str>) -> Result<(), Error> {
        let User {
            shared,
            id,
            channel,
        } = self.0;
        let step = |told: Told<'_>| ScenarioStep::GoBy {
            user: told.user(),
            nick: nick.map(str::to_owned),
            channel: told.channel(),
        };
        acts::act(shared, (*id, *channel), step, |world| {
            let guild = world.channel_guild(*channel).unwrap_or_default();
            world.rename_self(guild, *id, nick)
        })
    }

    /// [`User::enters_voice`].
    ///
    /// # Errors
    ///
    /// When it is no voice channel of a guild in which the user is.
    pub fn enters_voice(self, channel: Id<ChannelMarker>) -> Result<(), Error> {
        let User { shared, id, .. } = self.0;
        let step = |told: Told<'_>| ScenarioStep::EnterVoice {
            user: told.user(),
            channel: told.channel().unwrap_or_default(),
        };
        let enter = |world: &mut World| {
            let room = world.channels.get(&channel.get());
            let guild = room.and_then(|room| room.guild);
            let voice = room.map(|room| room.object.int("type"));
            let lawful = matches!(voice, Some(Some(kind::VOICE | kind::STAGE)));
            let guild = guild.filter(|guild| lawful && world.member(*guild, *id).is_some());
            let guild = guild.ok_or("the user can enter no such voice channel")?;
            world.enter_voice(guild, *id, channel.get(), &format!("voice-{id}"));
            Ok::<(), &str>(())
        };
        acts::act(shared, (*id, channel.get()), step, enter)
    }

    /// [`User::subscribes_to`].
    ///
    /// # Errors
    ///
    /// When there is no such event or exception in a guild of the user's, or the event is over.
    pub fn subscribes_to(
        self,
        event: Id<ScheduledEventMarker>,
        exception: Option<Id<GenericMarker>>,
    ) -> Result<(), Error> {
        self.subscribe(event, exception, true)
    }

    /// [`User::unsubscribes_from`].
    ///
    /// # Errors
    ///
    /// As [`subscribes_to`](Self::subscribes_to), and when the user did not want to come.
    pub fn unsubscribes_from(
        self,
        event: Id<ScheduledEventMarker>,
        exception: Option<Id<GenericMarker>>,
    ) -> Result<(), Error> {
        self.subscribe(event, exception, false)
    }

    fn subscribe(
        self,
        event: Id<ScheduledEventMarker>,
        exception: Option<Id<GenericMarker>>,
        comes: bool,
    ) -> Result<(), Error> {
        let User { shared, id, .. } = self.0;
        let exception = exception.map(Id::get);
        shared
            .with(|backend, now| {
                backend.play(now, |world| {
                    world.subscribe_to_event(*id, event.get(), exception, comes)
                })
            })
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// [`User::plays_sound`].
    ///
    /// # Errors
    ///
    /// When the user is in no voice channel, or is deaf or mute there; when there is no such sound;
    /// and without the permission to use soundboards.
    pub fn plays_sound(
        self,
        sound: Id<GenericMarker>,
        source: Option<Id<GuildMarker>>,
    ) -> Result<(), Error> {
        let User { shared, id, .. } = self.0;
        let source = source.map(Id::get);
        let played = shared.with(|backend, now| {
            backend.play(now, |world| {
                let place = world.voice_place(*id)?;
                Some(world.send_sound(*id, place, sound.get(), source))
            })
        });
        played
            .ok_or_else(|| Error::refused("the user is in no voice channel"))?
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// [`User::slash`].
    ///
    /// # Errors
    ///
    /// When the command does not fit what is registered, which the error explains, or when the bot
    /// does not answer in time.
    pub async fn slash(self, text: &str) -> Result<Answer, Error> {
        let User {
            shared,
            id,
            channel,
        } = self.0;
        let (id, outcome) = acts::slash(shared, *id, *channel, text).await?;
        Ok(Answer::of(self.0, id, outcome))
    }

    /// [`User::completes`].
    ///
    /// # Errors
    ///
    /// As [`slash`](Self::slash).
    pub async fn completes(self, text: &str) -> Result<Vec<Json>, Error> {
        let User {
            shared,
            id,
            channel,
        } = self.0;
        let (id, _) = acts::complete(shared, *id, *channel, text).await?;
        Ok(shared.look(|backend| {
            let known = backend.world.interactions.get(&id);
            match known.and_then(|known| known.response.as_ref()) {
                Some(Response::Choices(choices)) => choices.iter().cloned().map(Json).collect(),
                _ => Vec::new(),
            }
        }))
    }

    /// [`User::uses_on_message`].
    ///
    /// # Errors
    ///
    /// When there is no such command, or when the bot does not answer in time.
    pub async fn uses_on_message(self, name: &str, message: &Message) -> Result<Answer, Error> {
        self.aims(name, Target::Message(message.channel, message.id))
            .await
    }

    /// [`User::uses_on_user`].
    ///
    /// # Errors
    ///
    /// When there is no such command, or when the bot does not answer in time.
    pub async fn uses_on_user(self, name: &str, target: Id<UserMarker>) -> Result<Answer, Error> {
        self.aims(name, Target::User(target.get())).await
    }

    /// [`User::clicks`].
    ///
    /// # Errors
    ///
    /// When there is no such button, or when the bot does not answer in time.
    pub async fn clicks(self, message: &Message, button: &str) -> Result<Answer, Error> {
        self.chooses(message, button, &[]).await
    }

    /// [`User::chooses`].
    ///
    /// # Errors
    ///
    /// When there is no such select or value, or when the bot does not answer in time.
    pub async fn chooses(
        self,
        message: &Message,
        select: &str,
        values: &[&str],
    ) -> Result<Answer, Error> {
        let custom_id = message.custom_id(select).ok_or_else(|| {
            let there = message.pressable();
            let kind = if values.is_empty() {
                "button"
            } else {
                "select"
            };
            Error::refused(if there.is_empty() {
                format!("the message has no {kind} {select}, and no other either")
            } else {
                let there = there.join(", ");
                format!("the message has no {kind} {select}: there is {there}")
            })
        })?;
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let (channel, id) = (message.channel, message.id);
        let User {
            shared, id: user, ..
        } = self.0;
        let (id, outcome) = acts::press(shared, *user, channel, id, &custom_id, &values).await?;
        Ok(Answer::of(self.0, id, outcome))
    }

    async fn aims(self, name: &str, target: Target) -> Result<Answer, Error> {
        let User {
            shared,
            id,
            channel,
        } = self.0;
        let (id, outcome) = acts::aim(shared, *id, *channel, name, target).await?;
        Ok(Answer::of(self.0, id, outcome))
    }
}

impl Attempt<Saying<'_>> {
    /// [`Saying::replying_to`].
    pub fn replying_to(self, message: &Message) -> Self {
        Self(self.0.replying_to(message))
    }

    /// [`Saying::with_file`].
    pub fn with_file(self, name: &str) -> Self {
        Self(self.0.with_file(name))
    }

    /// [`Saying::with_sticker`].
    pub fn with_sticker(self, sticker: Id<StickerMarker>) -> Self {
        Self(self.0.with_sticker(sticker))
    }
}

impl IntoFuture for Attempt<Saying<'_>> {
    type Output = Result<Message, Error>;
    type IntoFuture = Ready<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        ready(self.0.said())
    }
}

impl<'a> Attempt<&'a Answer> {
    /// [`Answer::follow_up`].
    ///
    /// # Errors
    ///
    /// When it does not come in time.
    pub async fn follow_up(self, count: usize) -> Result<Message, Error> {
        let (shared, interaction) = (&self.0.user.shared, self.0.interaction);
        let what = format!("follow-up {count} of an interaction");
        shared
            .until(&what, shared.patience, |backend| {
                let known = backend.world.interactions.get(&interaction)?;
                let id = known.followups.get(count.checked_sub(1)?)?;
                Some(Message::of(&backend.world, known.channel, *id))
            })
            .await
    }

    /// [`Answer::click`].
    ///
    /// # Errors
    ///
    /// When there is no such button, or when the bot does not answer in time.
    pub async fn click(self, button: &str) -> Result<Answer, Error> {
        let message = self.shown()?;
        self.0.user.attempt().clicks(message, button).await
    }

    /// [`Answer::choose`].
    ///
    /// # Errors
    ///
    /// When there is no such select or value, or when the bot does not answer in time.
    pub async fn choose(self, select: &str, values: &[&str]) -> Result<Answer, Error> {
        let message = self.shown()?;
        self.0.user.attempt().chooses(message, select, values).await
    }

    /// [`Answer::fill`]; awaiting it fails when the modal has no such field, when a field does not
    /// take its text, or when the bot does not answer in time.
    pub fn fill(self, field: &str, text: &str) -> Attempt<Filled<'a>> {
        Attempt(Filled::new(self.0)).fill(field, text)
    }

    /// [`Answer::pick`]; awaiting it fails as it does after [`fill`](Self::fill).
    pub fn pick(self, field: &str, values: &[&str]) -> Attempt<Filled<'a>> {
        Attempt(Filled::new(self.0)).pick(field, values)
    }

    /// [`Answer::tick`]; awaiting it fails as it does after [`fill`](Self::fill).
    pub fn tick(self, field: &str) -> Attempt<Filled<'a>> {
        Attempt(Filled::new(self.0)).tick(field)
    }

    fn shown(self) -> Result<&'a Message, Error> {
        self.0
            .message()
            .ok_or_else(|| Error::refused("the bot opened a modal: fill it instead of clicking"))
    }
}

impl Attempt<Filled<'_>> {
    /// [`Filled::fill`].
    pub fn fill(self, field: &str, text: &str) -> Self {
        Self(self.0.fill(field, text))
    }

    /// [`Filled::pick`].
    pub fn pick(self, field: &str, values: &[&str]) -> Self {
        Self(self.0.pick(field, values))
    }

    /// [`Filled::tick`].
    pub fn tick(self, field: &str) -> Self {
        Self(self.0.tick(field))
    }

    /// [`Filled::untick`].
    pub fn untick(self, field: &str) -> Self {
        Self(self.0.untick(field))
    }
}

impl<'a> IntoFuture for Attempt<Filled<'a>> {
    type Output = Result<Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.submitted())
    }
}
