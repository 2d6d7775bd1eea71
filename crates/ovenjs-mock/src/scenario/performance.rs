//! A scenario being played in a box.

use std::collections::BTreeMap;

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, GuildMarker, StickerMarker, UserMarker},
};

use crate::{
    error::Error,
    json::Fields as _,
    play::{Answer, Discord, Message, User, unheard::unheard},
};

use super::{Expected, Pick, ScenarioStep};

/// Plays the steps of a [`Scenario`](super::Scenario), from [`Discord::performance`].
///
/// It remembers what the bot showed to each user, so that a later step can press what an earlier
/// one brought.
#[derive(Debug)]
pub struct Performance<'a> {
    discord: &'a Discord,
    /// What each user got last.
    answers: BTreeMap<String, Answer>,
    /// How many of the bot's messages have been passed by waiting for one.
    heard: usize,
}

impl Discord {
    /// Begins to play a scenario in this box.
    #[must_use]
    pub const fn performance(&self) -> Performance<'_> {
        Performance {
            discord: self,
            answers: BTreeMap::new(),
            heard: 0,
        }
    }
}

impl Performance<'_> {
    /// Plays one step and waits for what it has to bring.
    ///
    /// # Errors
    ///
    /// When the step cannot be done, when the bot does not answer in time
    /// ([`Config::patience`](crate::Config::patience)), or when it shows something else than
    /// expected.
    pub async fn perform(&mut self, step: &ScenarioStep) -> Result<(), Error> {
        match step {
            ScenarioStep::Say {
                user,
                text,
                channel,
                reply_to,
                stickers,
                files,
            } => {
                let user = self.user(user, channel.as_deref())?;
                let mut said = user.attempt().says(text);
                if let Some(pick) = reply_to {
                    said = said.replying_to(&self.picked(&user, pick)?);
                }
                for name in stickers {
                    said = said.with_sticker(self.sticker(&user, name)?);
                }
                for name in files {
                    said = said.with_file(name);
                }
                said.await?;
            }
            ScenarioStep::Type { user, channel } => {
                self.user(user, channel.as_deref())?.attempt().types()?;
            }
            ScenarioStep::Edit {
                user,
                text,
                channel,
                message,
            } => {
                let user = self.user(user, channel.as_deref())?;
                let message = self.chosen(&user, message.as_ref(), Author::User)?;
                user.attempt().edits(&message, text)?;
            }
            ScenarioStep::Delete {
                user,
                channel,
                message,
            } => {
                let user = self.user(user, channel.as_deref())?;
                let message = self.chosen(&user, message.as_ref(), Author::User)?;
                user.attempt().deletes(&message)?;
            }
            ScenarioStep::React {
                user,
                emoji,
                burst,
                channel,
                message,
            } => {
                let user = self.user(user, channel.as_deref())?;
                let message = self.chosen(&user, message.as_ref(), Author::Bot)?;
                if *burst {
                    user.attempt().super_reacts(&message, emoji)?;
                } else {
                    user.attempt().reacts(&message, emoji)?;
                }
            }
            ScenarioStep::Unreact {
                user,
                emoji,
                channel,
                message,
            } => {
                let user = self.user(user, channel.as_deref())?;
                let message = self.chosen(&user, message.as_ref(), Author::Bot)?;
                user.attempt().unreacts(&message, emoji)?;
            }
            ScenarioStep::Vote {
                user,
                answer,
                taken_back,
                channel,
                message,
            } => {
                let user = self.user(user, channel.as_deref())?;
                let message = self.chosen(&user, message.as_ref(), Author::Bot)?;
                if *taken_back {
                    user.attempt().unvotes(&message, *answer)?;
                } else {
                    user.attempt().votes(&message, *answer)?;
                }
            }
            ScenarioStep::Pin {
                user,
                taken_back,
                channel,
                message,
            } => {
                let user = self.user(user, channel.as_deref())?;
                let message = self.chosen(&user, message.as_ref(), Author::Anybody)?;
                if *taken_back {
                    user.attempt().unpins(&message)?;
                } else {
                    user.attempt().pins(&message)?;
                }
            }
            ScenarioStep::OpenThread {
                user,
                name,
                channel,
                message,
            } => {
                let user = self.user(user, channel.as_deref())?;
                match message {
                    None => user.attempt().opens_thread(name)?,
                    Some(pick) => {
                        let message = self.picked(&user, pick)?;
                        user.attempt().opens_thread_on(&message, name)?
                    }
                };
            }
            ScenarioStep::Post {
                user,
                title,
                text,
                channel,
            } => {
                let user = self.user(user, Some(channel))?;
                user.attempt().posts(title, text)?;
            }
            ScenarioStep::Slash {
                user,
                text,
                channel,
                expect,
            } => {
                let player = self.user(user, channel.as_deref())?;
                self.registered(&player, text).await;
                let answer = player.attempt().slash(text).await?;
                self.got(user, answer, expect)?;
            }
            ScenarioStep::Complete {
                user,
                text,
                channel,
                choices,
            } => {
                let user = self.user(user, channel.as_deref())?;
                self.registered(&user, text).await;
                let offered = user.attempt().completes(text).await?;
                let offered: Vec<&str> = offered
                    .iter()
                    .filter_map(|choice| choice.text("/name"))
                    .collect();
                if let Some(missing) = choices
                    .iter()
                    .find(|name| !offered.contains(&name.as_str()))
                {
                    let offered = offered.join(", ");
                    return Err(Error::unmet(format!(
                        "the choice {missing:?} should be offered; there is {offered}"
                    )));
                }
            }
            ScenarioStep::Menu {
                user,
                command,
                on_user,
                message,
                channel,
                expect,
            } => {
                let player = self.user(user, channel.as_deref())?;
                let answer = match on_user {
                    Some(target) => {
                        let target = self.discord.user(target).id();
                        player.attempt().uses_on_user(command, target).await?
                    }
                    None => {
                        let message = self.chosen(&player, message.as_ref(), Author::Anybody)?;
                        player.attempt().uses_on_message(command, &message).await?
                    }
                };
                self.got(user, answer, expect)?;
            }
            ScenarioStep::Click {
                user,
                button,
                channel,
                message,
                expect,
            } => {
                let player = self.user(user, channel.as_deref())?;
                let message = self.bearing(&player, message.as_ref(), button)?;
                let answer = player.attempt().clicks(&message, button).await?;
                self.got(user, answer, expect)?;
            }
            ScenarioStep::Choose {
                user,
                select,
                values,
                channel,
                message,
                expect,
            } => {
                let player = self.user(user, channel.as_deref())?;
                let message = self.bearing(&player, message.as_ref(), select)?;
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                let answer = player.attempt().chooses(&message, select, &values).await?;
                self.got(user, answer, expect)?;
            }
            ScenarioStep::Fill {
                user,
                fields,
                expect,
            } => {
                let open = self
                    .answers
                    .get(user)
                    .filter(|answer| answer.modal().is_some());
                let open = open.ok_or_else(|| {
                    Error::refused(format!("the bot has opened no modal for {user} to fill"))
                })?;
                let mut fields = fields.iter();
                let (label, text) = fields
                    .next()
                    .ok_or_else(|| Error::refused("fill names no field of the modal"))?;
                let first = open.attempt().fill(label, text);
                let answer = fields
                    .fold(first, |filled, (label, text)| filled.fill(label, text))
                    .await?;
                self.got(user, answer, expect)?;
            }
            ScenarioStep::Join { user, guild } => {
                let guild = self.guild(guild.as_deref())?;
                self.discord.user(user).joins(guild);
            }
            ScenarioStep::Leave { user, guild } => {
                let guild = self.guild(guild.as_deref())?;
                self.discord.user(user).leaves(guild);
            }
            ScenarioStep::GoBy {
                user,
                nick,
                channel,
            } => {
                let user = self.user(user, channel.as_deref())?;
                user.attempt().goes_by(nick.as_deref())?;
            }
            ScenarioStep::Buy { user, sku, channel } => {
                self.user(user, channel.as_deref())?.attempt().buys(sku)?;
            }
            ScenarioStep::Cancel { user, sku } => {
                self.discord.user(user).attempt().cancels(sku)?;
            }
            ScenarioStep::Refund { user, sku } => {
                self.discord.user(user).attempt().is_refunded(sku)?;
            }
            ScenarioStep::PutFile { name, content } => {
                self.discord.try_put_file(name, content.bytes()?)?;
            }
            ScenarioStep::EnterVoice { user, channel } => {
                let channel = self.channel(channel)?;
                self.discord.user(user).attempt().enters_voice(channel)?;
            }
            ScenarioStep::LeaveVoice { user } => self.discord.user(user).leaves_voice(),
            ScenarioStep::Emit { event, data } => self.discord.emit(event, data)?,
            ScenarioStep::Fault(trouble) => {
                let _caused = self.discord.faults().cause(trouble)?;
            }
            ScenarioStep::Faults(menu) => {
                let _served = self.discord.faults().serve(*menu);
            }
            ScenarioStep::BotSays(text) => self.heard(text).await?,
            ScenarioStep::Requested { operation, times } => {
                self.discord.wait_for_operations(*times, operation).await?;
            }
            ScenarioStep::Ready(connections) => self.discord.wait_for_ready(*connections).await?,
            ScenarioStep::Wait(span) => tokio::time::sleep(*span).await,
        }
        Ok(())
    }

    /// Waits for the command that is typed to be registered, which a bot does some time after it is
    /// there. If it never is, typing it says so.
    async fn registered(&self, user: &User, text: &str) {
        let wanted = text.trim().trim_start_matches('/');
        let wanted = wanted.split_whitespace().next().unwrap_or_default();
        let shared = &self.discord.shared;
        let what = format!("the command /{wanted}");
        let _ = shared
            .until(&what, shared.patience, |backend| {
                let world = &backend.world;
                let guild = world.channel_guild(user.channel);
                let of_guild = world.commands_of(guild).filter(|_| guild.is_some());
                let mut known = of_guild.chain(world.commands_of(None));
                known.any(|command| command.name() == wanted).then_some(())
            })
            .await;
    }

    /// Waits for a message of the bot that says this, after those that were waited for before.
    async fn heard(&mut self, text: &str) -> Result<(), Error> {
        let shared = &self.discord.shared;
        let (from, mut last) = (self.heard, None);
        let what = format!("the bot to say {text:?}");
        let found = shared
            .until(&what, shared.patience, |backend| {
                let (world, journal) = (&backend.world, &backend.journal);
                let from = from.max(journal.bot_messages_forgotten);
                let said = (from..).map_while(|place| journal.bot_message(place));
                let said = said.map(|(channel, id)| Message::of(world, channel, id));
                let mut said = (from..).zip(said);
                said.find_map(|(place, message)| {
                    let says = message.tells(text);
                    last = Some(message);
                    says.then_some(place)
                })
            })
            .await;
        self.heard = match (found, last) {
            (Ok(place), _) => place + 1,
            (Err(_), Some(last)) => {
                let last = last.in_words();
                return Err(Error::unmet(format!(
                    "the bot should say {text:?}, and its last message is {last}"
                )));
            }
            (Err(error), None) => return Err(error.because(shared.look(unheard))),
        };
        Ok(())
    }

    /// Keeps what a user got and looks whether it is what it should be.
    fn got(&mut self, user: &str, answer: Answer, expect: &Expected) -> Result<(), Error> {
        let unmet = expect
            .unmet(&answer)
            .map(|what| Error::unmet(format!("{what}, and is {}", answer.in_words())));
        self.answers.insert(user.to_owned(), answer);
        unmet.map_or(Ok(()), Err)
    }

    fn user(&self, name: &str, channel: Option<&str>) -> Result<User, Error> {
        let user = self.discord.user(name);
        Ok(match channel {
            None => user,
            Some("@me") => user.attempt().in_private()?,
            Some(name) => user.in_channel(self.channel(name)?),
        })
    }

    fn guild(&self, name: Option<&str>) -> Result<Id<GuildMarker>, Error> {
        let Some(name) = name else {
            return Ok(self.discord.guild_id());
        };
        let shared = &self.discord.shared;
        shared
            .look(|backend| backend.world.guild_named(name))
            .and_then(Id::new_checked)
            .ok_or_else(|| Error::refused(format!("there is no guild {name:?}")))
    }

    /// The channel called `name`, in the first guild, or `Guild/name`.
    fn channel(&self, name: &str) -> Result<Id<ChannelMarker>, Error> {
        let (guild, name) = match name.rsplit_once('/') {
            Some((guild, name)) => (Some(guild), name),
            None => (None, name),
        };
        let guild = self.guild(guild)?.get();
        self.discord.shared.look(|backend| {
            let mut channels = backend.world.channels.iter();
            let found = channels.find(|(_, room)| {
                room.guild == Some(guild) && room.object.text("name") == Some(name)
            });
            found
                .and_then(|(id, _)| Id::new_checked(*id))
                .ok_or_else(|| Error::refused(format!("there is no channel {name:?} in its guild")))
        })
    }

    /// The sticker called `name`, of the guild where the user is or of a pack.
    fn sticker(&self, user: &User, name: &str) -> Result<Id<StickerMarker>, Error> {
        let found = self.discord.shared.look(|backend| {
            let guild = backend.world.channel_guild(user.channel);
            backend.world.sticker_named(guild, name)
        });
        found
            .and_then(Id::new_checked)
            .ok_or_else(|| Error::refused(format!("there is no sticker {name:?}")))
    }

    fn picked(&self, user: &User, pick: &Pick) -> Result<Message, Error> {
        let mut messages = self.discord.messages(Id::new(user.channel));
        let found = match pick {
            Pick::Number(number) => {
                let place = number
                    .checked_sub(1)
                    .filter(|place| *place < messages.len());
                place.map(|place| messages.swap_remove(place))
            }
            Pick::Text(text) => messages
                .into_iter()
                .rev()
                .find(|message| message.tells(text)),
        };
        found.ok_or_else(|| {
            Error::refused(match pick {
                Pick::Number(number) => {
                    format!("there is no message number {number} in the channel")
                }
                Pick::Text(text) => format!("no message in the channel says {text:?}"),
            })
        })
    }

    /// The message that is picked, or else the newest of who is meant.
    fn chosen(&self, user: &User, pick: Option<&Pick>, by: Author) -> Result<Message, Error> {
        if let Some(pick) = pick {
            return self.picked(user, pick);
        }
        let bot = self.discord.bot_id().get();
        let meant = |message: &Message| {
            let author = message.json().id::<UserMarker>("/author/id");
            match by {
                Author::Anybody => true,
                Author::Bot => author.is_some_and(|id| id.get() == bot),
                Author::User => author == Some(user.id()),
            }
        };
        let mut messages = self.discord.messages(Id::new(user.channel));
        messages.retain(meant);
        messages.pop().ok_or_else(|| {
            Error::refused(match by {
                Author::Anybody => "there is no message in the channel",
                Author::Bot => "there is no message of the bot in the channel",
                Author::User => "there is no message of the user in the channel",
            })
        })
    }

    /// The message that is picked, or else the newest with this button or select.
    fn bearing(&self, user: &User, pick: Option<&Pick>, button: &str) -> Result<Message, Error> {
        if let Some(pick) = pick {
            return self.picked(user, pick);
        }
        let messages = self.discord.messages(Id::new(user.channel));
        let mut newest = messages.into_iter().rev();
        newest
            .find(|message| message.has_button(button))
            .ok_or_else(|| {
                Error::refused(format!(
                    "no message in the channel has the button or select {button:?}"
                ))
            })
    }
}

/// Whose message is meant where none is picked.
#[derive(Clone, Copy)]
enum Author {
    Anybody,
    Bot,
    User,
}
