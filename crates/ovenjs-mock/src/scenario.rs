//! A story as a file: how the box is furnished, what its users do, and what the bot has to show.
//!
//! The same steps are what a recording holds, so that what happened once can be played again.

mod in_words;
mod performance;

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    config::Config,
    error::Error,
    faults::FaultMenu,
    play::{Answer, Message, Trouble},
    spelled,
};

pub use performance::Performance;

/// A box and what is to happen in it.
///
/// It is read from any format that serde reads; `oven mock --scenario` takes TOML. Unknown keys are
/// errors.
///
/// ```
/// use ovenjs_mock::{Discord, Scenario};
///
/// let story: Scenario = serde_json::from_str(r#"{
///     "box": { "seed": 7, "guilds": [{ "name": "The Bakery", "channels": ["general", "orders"] }] },
///     "step": [
///         { "say": { "user": "ann", "text": "hello", "channel": "orders" } },
///         { "react": { "user": "ben", "emoji": "🍞", "channel": "orders", "message": "hello" } }
///     ]
/// }"#)?;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let discord = Discord::start(story.config()).await?;
/// let mut performance = discord.performance();
/// for step in &story.step {
///     performance.perform(step).await?;
/// }
///
/// let orders = discord.channel_named("orders").expect("the scenario has it");
/// assert_eq!(discord.messages(orders)[0].reactions().len(), 1);
/// # Ok::<(), ovenjs_mock::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Scenario {
    /// How the box is furnished. Default as [`Config::default`].
    #[serde(rename = "box")]
    pub furniture: Config,
    /// Whether the box is as strict as Discord ([`Config::like_discord`]). Default false.
    pub like_discord: bool,
    /// What happens, in order. Default nothing.
    pub step: Vec<ScenarioStep>,
}

impl Scenario {
    /// The box of the scenario.
    #[must_use]
    pub fn config(&self) -> Config {
        let config = self.furniture.clone();
        if self.like_discord {
            config.like_discord()
        } else {
            config
        }
    }
}

/// One thing that a user does, that goes wrong, or that the bot has to show.
///
/// A `channel` is a channel's name, `"Guild/name"` for one outside of the first guild, or `"@me"`
/// for the direct messages between user and bot; without one it is the default channel. A user is
/// there as soon as it is named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ScenarioStep {
    /// Says something, or replies to a message.
    #[non_exhaustive]
    Say {
        /// Who.
        user: String,
        /// What.
        text: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// To which message it is a reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Pick>,
        /// With which stickers of the guild or of a pack, by name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stickers: Vec<String>,
        /// With which files that were put at hand, by name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
    },
    /// Begins to type.
    #[non_exhaustive]
    Type {
        /// Who.
        user: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
    },
    /// Changes the text of a message of the user's own.
    #[non_exhaustive]
    Edit {
        /// Who.
        user: String,
        /// The new text.
        text: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Which message. Default the user's newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
    },
    /// Deletes a message.
    #[non_exhaustive]
    Delete {
        /// Who.
        user: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Which message. Default the user's newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
    },
    /// Puts an emoji under a message.
    #[non_exhaustive]
    React {
        /// Who.
        user: String,
        /// `🍞`, or `name:id`.
        emoji: String,
        /// Whether it is a super reaction. Default false.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        burst: bool,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Which message. Default the bot's newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
    },
    /// Takes the user's emoji away from a message.
    #[non_exhaustive]
    Unreact {
        /// Who.
        user: String,
        /// `🍞`, or `name:id`.
        emoji: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Which message. Default the bot's newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
    },
    /// Votes in a poll, or takes the vote back.
    #[non_exhaustive]
    Vote {
        /// Who.
        user: String,
        /// The number of the answer, from 1 on.
        answer: u64,
        /// Whether the vote is taken back. Default false.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        taken_back: bool,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Which message. Default the bot's newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
    },
    /// Pins a message, or takes the pin from it.
    #[non_exhaustive]
    Pin {
        /// Who.
        user: String,
        /// Whether the pin is taken away. Default false.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        taken_back: bool,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Which message. Default the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
    },
    /// Opens a thread, on a message where one is named; its name is a channel's from then on.
    #[non_exhaustive]
    OpenThread {
        /// Who.
        user: String,
        /// The thread's name.
        name: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// On which message. Default on none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
    },
    /// Opens a post in a forum.
    #[non_exhaustive]
    Post {
        /// Who.
        user: String,
        /// Its title, which is the name of a channel from then on.
        title: String,
        /// Its first message.
        text: String,
        /// Which forum.
        channel: String,
    },
    /// Types a command, `/feedback topic:docs`. A bot that has not registered it yet is waited for.
    #[non_exhaustive]
    Slash {
        /// Who.
        user: String,
        /// The command as typed.
        text: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// What the bot has to show.
        #[serde(default, skip_serializing_if = "Expected::is_anything")]
        expect: Expected,
    },
    /// Types a command as far as to ask for completion of its last option.
    #[non_exhaustive]
    Complete {
        /// Who.
        user: String,
        /// The command as far as it is typed.
        text: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Names which have to be among the choices.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        choices: Vec<String>,
    },
    /// Uses a command of the context menu, on a message or, where one is named, on a user.
    #[non_exhaustive]
    Menu {
        /// Who.
        user: String,
        /// The command's name.
        command: String,
        /// On which user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_user: Option<String>,
        /// On which message. Default the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// What the bot has to show.
        #[serde(default, skip_serializing_if = "Expected::is_anything")]
        expect: Expected,
    },
    /// Presses a button.
    #[non_exhaustive]
    Click {
        /// Who.
        user: String,
        /// Its label or custom id.
        button: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Of which message. Default the newest that has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
        /// What the bot has to show.
        #[serde(default, skip_serializing_if = "Expected::is_anything")]
        expect: Expected,
    },
    /// Chooses in a select.
    #[non_exhaustive]
    Choose {
        /// Who.
        user: String,
        /// Its placeholder or custom id.
        select: String,
        /// The values.
        values: Vec<String>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Of which message. Default the newest that has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Pick>,
        /// What the bot has to show.
        #[serde(default, skip_serializing_if = "Expected::is_anything")]
        expect: Expected,
    },
    /// Fills the modal that the bot opened for this user last, and submits it.
    #[non_exhaustive]
    Fill {
        /// Who.
        user: String,
        /// What is entered, by label or custom id.
        fields: BTreeMap<String, String>,
        /// What the bot has to show.
        #[serde(default, skip_serializing_if = "Expected::is_anything")]
        expect: Expected,
    },
    /// Joins a guild.
    #[non_exhaustive]
    Join {
        /// Who.
        user: String,
        /// The guild's name. Default the first guild.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guild: Option<String>,
    },
    /// Leaves a guild.
    #[non_exhaustive]
    Leave {
        /// Who.
        user: String,
        /// The guild's name. Default the first guild.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guild: Option<String>,
    },
    /// Goes by another name in a guild, or by its own again.
    #[non_exhaustive]
    GoBy {
        /// Who.
        user: String,
        /// The nickname. Default none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nick: Option<String>,
        /// A channel of the guild.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
    },
    /// Buys what the application sells, for itself or for the guild of the channel.
    #[non_exhaustive]
    Buy {
        /// Who.
        user: String,
        /// What it is called.
        sku: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
    },
    /// Cancels a subscription.
    #[non_exhaustive]
    Cancel {
        /// Who.
        user: String,
        /// What it is called.
        sku: String,
    },
    /// Gets its money back for what it bought last.
    #[non_exhaustive]
    Refund {
        /// Who.
        user: String,
        /// What it is called.
        sku: String,
    },
    /// Puts a file at hand, for users to name it ([`Discord::put_file`](crate::Discord::put_file)).
    #[non_exhaustive]
    PutFile {
        /// Its name.
        name: String,
        /// What is in it.
        #[serde(flatten)]
        content: FileContent,
    },
    /// Connects to a voice channel.
    #[non_exhaustive]
    EnterVoice {
        /// Who.
        user: String,
        /// Which.
        channel: String,
    },
    /// Hangs up.
    #[non_exhaustive]
    LeaveVoice {
        /// Who.
        user: String,
    },
    /// Sends an event of any name and content ([`Discord::emit`](crate::Discord::emit)).
    #[non_exhaustive]
    Emit {
        /// Its name, `TYPING_START`.
        event: String,
        /// Its payload.
        data: serde_json::Value,
    },
    /// Lets something go wrong at once, `{ act = "drop_connections" }`, or `{ act = "calm" }`.
    Fault(Trouble),
    /// Lets this go wrong by chance from now on.
    Faults(FaultMenu),
    /// The bot has to say this in a message, an answer that all see among them. Messages before the
    /// one that such a step has found are not looked at again.
    BotSays(String),
    /// This many requests, counted from the start, have to have come.
    #[non_exhaustive]
    Requested {
        /// Discord's name of the operation, `create_message`.
        operation: String,
        /// How many. Default 1.
        #[serde(default = "once")]
        times: usize,
    },
    /// This many connections have to have a session.
    Ready(usize),
    /// Nothing happens for so long.
    Wait(#[serde(with = "spelled")] Duration),
}

/// What is in a file: `text`, or `base64` for what is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileContent {
    /// The text itself.
    Text(String),
    /// Bytes in base64.
    Base64(String),
}

impl FileContent {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(BASE64_STANDARD.encode(bytes)),
        }
    }

    fn bytes(&self) -> Result<Bytes, Error> {
        match self {
            Self::Text(text) => Ok(text.clone().into()),
            Self::Base64(text) => BASE64_STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|fault| {
                    Error::refused(format!("the content of a file is no base64: {fault}"))
                }),
        }
    }
}

/// Which message of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pick {
    /// The so-many-th of those that stand there, from 1 on.
    Number(usize),
    /// The newest that says this.
    Text(String),
}

/// What the bot has to show in answer. Nothing is expected by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Expected {
    /// A text somewhere in content, embeds or text displays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// A text that is nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conceals: Option<String>,
    /// The label or custom id of a button or select.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows_button: Option<String>,
    /// The title of an embed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows_embed: Option<String>,
    /// The title of a modal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// Whether the user alone sees the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral: Option<bool>,
}

impl Expected {
    fn is_anything(&self) -> bool {
        *self == Self::default()
    }

    /// What is not as it should be, if something is not.
    pub(crate) fn unmet(&self, answer: &Answer) -> Option<String> {
        let message = answer.message();
        let tells = |text: &str| message.is_some_and(|message| message.tells(text));
        let unmet = [
            self.says
                .as_deref()
                .filter(|text| !tells(text))
                .map(|text| format!("the answer should say {text:?}")),
            self.conceals
                .as_deref()
                .filter(|text| tells(text))
                .map(|text| format!("the answer should not say {text:?}")),
            self.shows_button
                .as_deref()
                .filter(|button| !message.is_some_and(|message| message.has_button(button)))
                .map(|button| format!("the answer should show the button {button:?}")),
            self.shows_embed
                .as_deref()
                .filter(|title| {
                    !answer
                        .embeds()
                        .iter()
                        .any(|e| e.text("/title") == Some(title))
                })
                .map(|title| format!("the answer should show the embed {title:?}")),
            self.opens
                .as_deref()
                .filter(|title| answer.modal().is_none_or(|modal| modal.title() != *title))
                .map(|title| format!("the answer should open the modal {title:?}")),
            self.ephemeral
                .filter(|only| message.map(Message::ephemeral) != Some(*only))
                .map(|only| {
                    let whom = if only {
                        "for this user alone"
                    } else {
                        "a message for everybody"
                    };
                    format!("the answer should be {whom}")
                }),
        ];
        unmet.into_iter().flatten().next()
    }
}

const fn once() -> usize {
    1
}
