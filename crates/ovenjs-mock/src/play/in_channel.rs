//! What users do in a channel beside talking: they type, pin, open threads and show files.

use bytes::Bytes;
use ovenjs_types::{Id, marker::ChannelMarker};
use serde_json::json;

use crate::{
    error::Error,
    failure::Failure,
    json::{Fields as _, Object, object},
    scenario::{FileContent, ScenarioStep},
    world::{Opening, World, permission},
};

use super::{Attempt, Discord, Message, User, acts, told::Told};

impl Discord {
    /// Puts a file at hand: users name it where a command has an option for a file
    /// (`/upload file:menu.txt`), where a modal has a field for one
    /// ([`Filled::pick`](crate::Filled::pick)), and with
    /// [`Saying::with_file`](crate::Saying::with_file).
    ///
    /// # Panics
    ///
    /// When it is larger than Discord lets users upload.
    #[track_caller]
    pub fn put_file(&self, name: &str, bytes: impl Into<Bytes>) {
        if let Err(error) = self.try_put_file(name, bytes.into()) {
            panic!("{name} cannot be put at hand: {error}");
        }
    }

    pub(crate) fn try_put_file(&self, name: &str, bytes: Bytes) -> Result<(), Error> {
        let step = |_: Told<'_>| ScenarioStep::PutFile {
            name: name.to_owned(),
            content: FileContent::of(&bytes),
        };
        let put = |world: &mut World| world.put_at_hand(name, bytes.clone());
        acts::act(&self.shared, NOBODY, step, put)
    }
}

impl User {
    /// Begins to type.
    ///
    /// # Panics
    ///
    /// When the user may not write there.
    #[track_caller]
    pub fn types(&self) {
        self.scene().hold(self.attempt().types());
    }

    /// Pins a message.
    ///
    /// # Panics
    ///
    /// When it is gone, the user may not pin, or there are too many pins.
    #[track_caller]
    pub fn pins(&self, message: &Message) {
        self.scene().hold(self.attempt().pins(message));
    }

    /// Takes the pin from a message.
    ///
    /// # Panics
    ///
    /// When it is gone, or the user may not.
    #[track_caller]
    pub fn unpins(&self, message: &Message) {
        self.scene().hold(self.attempt().unpins(message));
    }

    /// Opens a public thread in the user's channel; [`in_channel`](Self::in_channel) goes there.
    ///
    /// # Panics
    ///
    /// When the user may not, or the channel has no threads.
    #[track_caller]
    pub fn opens_thread(&self, name: &str) -> Id<ChannelMarker> {
        self.scene().hold(self.attempt().opens_thread(name))
    }

    /// Opens a thread on a message.
    ///
    /// # Panics
    ///
    /// As [`opens_thread`](Self::opens_thread), and when the message has one.
    #[track_caller]
    pub fn opens_thread_on(&self, message: &Message, name: &str) -> Id<ChannelMarker> {
        let opened = self.attempt().opens_thread_on(message, name);
        self.scene().hold(opened)
    }

    /// Opens a post with its first message in the user's channel, which is a forum.
    ///
    /// # Panics
    ///
    /// When it is none, or the user may not write there.
    #[track_caller]
    pub fn posts(&self, title: &str, content: &str) -> Id<ChannelMarker> {
        self.scene().hold(self.attempt().posts(title, content))
    }
}

impl Attempt<&User> {
    /// [`User::types`].
    ///
    /// # Errors
    ///
    /// When the user may not write there.
    pub fn types(self) -> Result<(), Error> {
        let (user, channel) = (self.0.id, self.0.channel);
        let step = |told: Told<'_>| ScenarioStep::Type {
            user: told.user(),
            channel: told.channel(),
        };
        self.does(step, |world| {
            world.may_say(user, channel, &Object::new(), false)?;
            world.type_in(channel, user);
            Ok(())
        })
    }

    /// [`User::pins`].
    ///
    /// # Errors
    ///
    /// When the message is gone, the user may not pin, or there are too many pins.
    pub fn pins(self, message: &Message) -> Result<(), Error> {
        self.sets_pin(message, true)
    }

    /// [`User::unpins`].
    ///
    /// # Errors
    ///
    /// When the message is gone, or the user may not.
    pub fn unpins(self, message: &Message) -> Result<(), Error> {
        self.sets_pin(message, false)
    }

    /// [`User::opens_thread`].
    ///
    /// # Errors
    ///
    /// When the user may not, or the channel has no threads.
    pub fn opens_thread(self, name: &str) -> Result<Id<ChannelMarker>, Error> {
        let body = object(json!({ "name": name, "type": PUBLIC_THREAD }));
        self.opens(None, body)
    }

    /// [`User::opens_thread_on`].
    ///
    /// # Errors
    ///
    /// When the user may not, or the message has a thread.
    pub fn opens_thread_on(
        self,
        message: &Message,
        name: &str,
    ) -> Result<Id<ChannelMarker>, Error> {
        let body = object(json!({ "name": name }));
        let there = self.0.in_channel(Id::new(message.channel));
        there.attempt().opens(Some(message.id), body)
    }

    /// [`User::posts`].
    ///
    /// # Errors
    ///
    /// When the channel is no forum, or the user may not write there.
    ///
    /// # Panics
    ///
    /// Never: threads have ids.
    pub fn posts(self, title: &str, content: &str) -> Result<Id<ChannelMarker>, Error> {
        let (owner, parent) = (self.0.id, self.0.channel);
        let step = |told: Told<'_>| ScenarioStep::Post {
            user: told.user(),
            title: title.to_owned(),
            text: content.to_owned(),
            channel: told.channel().unwrap_or_default(),
        };
        let opened = self.does(step, |world| {
            if !world.channel(parent)?.is_forum() {
                let text = "Cannot execute action on this channel type";
                return Err(Failure::new(400, 50024, text));
            }
            may(world, owner, parent, permission::SEND_MESSAGES)?;
            let opening = Opening {
                parent,
                owner,
                message: None,
                body: object(json!({ "name": title })),
            };
            let first = object(json!({ "content": content }));
            world.open_post(&opening, first, Vec::new(), Object::new())
        });
        opened.map(Id::new)
    }

    fn sets_pin(self, message: &Message, pinned: bool) -> Result<(), Error> {
        let (user, channel, id) = (self.0.id, message.channel, message.id);
        let step = |told: Told<'_>| ScenarioStep::Pin {
            user: told.user(),
            taken_back: !pinned,
            channel: told.channel(),
            message: told.message(id),
        };
        acts::act(&self.0.shared, (user, channel), step, |world| {
            if world.channel_guild(channel).is_some() {
                may(world, user, channel, permission::PIN_MESSAGES)?;
            }
            world.set_pinned(channel, id, user, pinned).map(drop)
        })
    }

    fn opens(self, message: Option<u64>, body: Object) -> Result<Id<ChannelMarker>, Error> {
        let (owner, parent) = (self.0.id, self.0.channel);
        let name = body.text("name").unwrap_or_default().to_owned();
        let step = |told: Told<'_>| ScenarioStep::OpenThread {
            user: told.user(),
            name,
            channel: told.channel(),
            message: message.and_then(|message| told.message(message)),
        };
        let opened = self.does(step, |world| {
            may(world, owner, parent, permission::CREATE_PUBLIC_THREADS)?;
            world.open_thread(&Opening {
                parent,
                owner,
                message,
                body,
            })
        });
        opened.map(Id::new)
    }

    fn does<T>(
        self,
        step: impl FnOnce(Told<'_>) -> ScenarioStep,
        deed: impl FnOnce(&mut World) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let User {
            shared,
            id,
            channel,
        } = self.0;
        acts::act(shared, (*id, *channel), step, deed)
    }
}

fn may(world: &World, user: u64, channel: u64, bits: u64) -> Result<(), Failure> {
    let has = world.channel_permissions(channel, user);
    if has & permission::VIEW_CHANNEL == 0 {
        return Err(Failure::missing_access());
    }
    if has & bits != bits {
        return Err(Failure::missing_permissions());
    }
    Ok(())
}

const PUBLIC_THREAD: u64 = 11;

/// A deed of no user, in no channel.
const NOBODY: (u64, u64) = (0, 0);
