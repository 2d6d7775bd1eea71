//! What a bot may ask of the gateway.

use std::fmt;

use bytes::Bytes;
use ovenjs_types::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};
use serde::Serialize;

use crate::{Error, ErrorKind};

/// A message from the bot to the gateway. Identify, resume and heartbeat are the session's own.
///
/// ```
/// use ovenjs_gateway::{Command, RequestMembers};
/// use ovenjs_types::Id;
///
/// let everyone = Command::RequestMembers(RequestMembers::all(Id::new(5)));
/// assert!(everyone.seal().is_ok());
///
/// let too_many = RequestMembers::users(Id::new(5), (1..=101).map(Id::new));
/// assert!(Command::RequestMembers(too_many).seal().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Changes what is shown beside the bot's name. Also used by later sessions.
    UpdatePresence(Presence),
    /// Asks for members of a guild, who come as `GUILD_MEMBERS_CHUNK` events.
    RequestMembers(RequestMembers),
    /// Joins, moves between, or leaves voice channels.
    UpdateVoiceState(UpdateVoiceState),
    /// Asks for the soundboard sounds of guilds, which come as `SOUNDBOARD_SOUNDS` events.
    RequestSoundboardSounds(Vec<Id<GuildMarker>>),
    /// Asks for details of a guild's channels, which come as a `CHANNEL_INFO` event.
    RequestChannelInfo(RequestChannelInfo),
}

impl Command {
    /// Checks the command against Discord's rules and writes it down.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Command`] with the broken rule: more than 100 users, a nonce above 32 bytes,
    /// more than [`PAYLOAD_BYTES_MAX`] in all.
    pub fn seal(&self) -> Result<Sealed, Error> {
        let (bytes, presence) = match self {
            Self::UpdatePresence(presence) => (frame(3, presence), Some(presence.clone())),
            Self::RequestMembers(request) => {
                request.check()?;
                (frame(8, request), None)
            }
            Self::UpdateVoiceState(state) => (frame(4, state), None),
            Self::RequestSoundboardSounds(guilds) => {
                (frame(31, &SoundboardSounds { guild_ids: guilds }), None)
            }
            Self::RequestChannelInfo(request) => (frame(43, request), None),
        };
        let bytes = bytes?;
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::Command,
                format!(
                    "command has {} bytes, Discord takes {PAYLOAD_BYTES_MAX}: split it or shorten it",
                    bytes.len()
                ),
            ));
        }
        Ok(Sealed { bytes, presence })
    }
}

/// A command that has been checked and written down, ready for a session.
#[derive(Clone, PartialEq)]
pub struct Sealed {
    pub(crate) bytes: Bytes,
    pub(crate) presence: Option<Presence>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.bytes.len())
    }
}

/// What is shown beside the bot's name.
///
/// ```
/// use ovenjs_gateway::{Activity, Presence, Status};
///
/// let presence = Presence::new(Status::Online).activity(Activity::playing("with fire"));
/// assert_eq!(presence.activities.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Unix time in milliseconds since which the bot is idle, for [`Status::Idle`].
    pub since: Option<u64>,
    /// What the bot is doing.
    pub activities: Vec<Activity>,
    /// The coloured dot.
    pub status: Status,
    /// Whether the bot is away.
    pub afk: bool,
}

impl Presence {
    /// A presence without activities.
    #[must_use]
    pub const fn new(status: Status) -> Self {
        Self {
            since: None,
            activities: Vec::new(),
            status,
            afk: false,
        }
    }

    /// Adds an activity.
    #[must_use]
    pub fn activity(mut self, activity: Activity) -> Self {
        self.activities.push(activity);
        self
    }
}

/// The coloured dot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// Green.
    #[default]
    Online,
    /// Red: do not disturb.
    Dnd,
    /// Yellow.
    Idle,
    /// Shown as offline.
    Invisible,
    /// Grey.
    Offline,
}

/// What the bot is doing. Bots may send these fields only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Its name, e.g. that of a game; for a custom status it is not shown but must be there.
    pub name: String,
    /// Discord's number of the kind: 0 playing, 1 streaming, 2 listening, 3 watching, 4 custom,
    /// 5 competing.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The text of a custom status, or a second line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The stream, for streaming.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Activity {
    /// "Playing …".
    pub fn playing(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: 0,
            state: None,
            url: None,
        }
    }

    /// "Streaming …", with the address of the stream.
    pub fn streaming(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            kind: 1,
            ..Self::playing(name)
        }
    }

    /// "Listening to …".
    pub fn listening(name: impl Into<String>) -> Self {
        Self {
            kind: 2,
            ..Self::playing(name)
        }
    }

    /// "Watching …".
    pub fn watching(name: impl Into<String>) -> Self {
        Self {
            kind: 3,
            ..Self::playing(name)
        }
    }

    /// A text of one's own.
    pub fn custom(state: impl Into<String>) -> Self {
        Self {
            kind: 4,
            state: Some(state.into()),
            ..Self::playing("Custom Status")
        }
    }

    /// "Competing in …".
    pub fn competing(name: impl Into<String>) -> Self {
        Self {
            kind: 5,
            ..Self::playing(name)
        }
    }
}

/// Asks for members of one guild.
///
/// Discord answers a request for all members of a guild once per 30 seconds; one that is too early
/// is answered by a `RATE_LIMITED` event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestMembers {
    guild_id: Id<GuildMarker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    limit: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    presences: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    user_ids: Vec<Id<UserMarker>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl RequestMembers {
    /// All members. Needs the intent `GUILD_MEMBERS`.
    #[must_use]
    pub const fn all(guild: Id<GuildMarker>) -> Self {
        Self {
            guild_id: guild,
            query: Some(String::new()),
            limit: 0,
            presences: false,
            user_ids: Vec::new(),
            nonce: None,
        }
    }

    /// At most `limit` members (100 at most) whose name begins with `prefix`.
    #[must_use]
    pub fn named(guild: Id<GuildMarker>, prefix: impl Into<String>, limit: u16) -> Self {
        Self {
            query: Some(prefix.into()),
            limit,
            ..Self::all(guild)
        }
    }

    /// Those of these users who are members; 100 users at most.
    #[must_use]
    pub fn users(guild: Id<GuildMarker>, users: impl IntoIterator<Item = Id<UserMarker>>) -> Self {
        Self {
            query: None,
            user_ids: users.into_iter().collect(),
            ..Self::all(guild)
        }
    }

    /// Asks for their presences as well. Needs the intent `GUILD_PRESENCES`.
    #[must_use]
    pub const fn presences(mut self) -> Self {
        self.presences = true;
        self
    }

    /// A mark of at most 32 bytes by which the answer is recognised.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    fn check(&self) -> Result<(), Error> {
        let rule = |text: &'static str| Err(Error::new(ErrorKind::Command, text));
        if self.user_ids.len() > REQUEST_USERS_MAX {
            return rule("a request for members names more than 100 users: split it");
        }
        if self.query.is_none() && self.user_ids.is_empty() {
            return rule("a request for members names nobody: give users, or ask for all");
        }
        if self.query.as_ref().is_some_and(|query| !query.is_empty())
            && (self.limit == 0 || self.limit > REQUEST_LIMIT_MAX)
        {
            return rule("a request for members by name takes a limit from 1 to 100");
        }
        if self
            .nonce
            .as_ref()
            .is_some_and(|nonce| nonce.len() > NONCE_BYTES_MAX)
        {
            return rule("the nonce of a request for members has more than 32 bytes");
        }
        Ok(())
    }
}

/// Joins, moves between, or leaves voice channels of one guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateVoiceState {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The channel to be in; none leaves.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Whether the bot is mute.
    pub self_mute: bool,
    /// Whether the bot is deaf.
    pub self_deaf: bool,
}

/// Asks for details of a guild's channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestChannelInfo {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Which details, under Discord's names, e.g. `status`.
    pub fields: Vec<String>,
}

#[derive(Serialize)]
struct SoundboardSounds<'a> {
    guild_ids: &'a [Id<GuildMarker>],
}

/// The largest payload that Discord takes; above it Discord closes with 4002.
pub const PAYLOAD_BYTES_MAX: usize = 4096;

/// Discord's limit on the users of one request for members.
const REQUEST_USERS_MAX: usize = 100;

/// Discord's limit on the members of one request by name.
const REQUEST_LIMIT_MAX: u16 = 100;

/// Discord ignores longer ones, and then the answer would not be recognised.
const NONCE_BYTES_MAX: usize = 32;

/// Writes `{"op":…,"d":…}`.
pub(crate) fn frame<T: Serialize>(op: u8, data: &T) -> Result<Bytes, Error> {
    #[derive(Serialize)]
    struct Frame<'a, T> {
        op: u8,
        d: &'a T,
    }
    serde_json::to_vec(&Frame { op, d: data })
        .map(Bytes::from)
        .map_err(|error| {
            Error::new(
                ErrorKind::Command,
                format!("command cannot be written: {error}"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(command: &Command) -> String {
        String::from_utf8(command.seal().unwrap().bytes.to_vec()).unwrap()
    }

    #[test]
    fn commands_are_written_as_discord_reads_them() {
        let everyone = Command::RequestMembers(RequestMembers::all(Id::new(5)));
        assert_eq!(
            text(&everyone),
            r#"{"op":8,"d":{"guild_id":"5","query":"","limit":0}}"#
        );
        let two = RequestMembers::users(Id::new(5), [Id::new(1), Id::new(2)])
            .presences()
            .nonce("n");
        assert_eq!(
            text(&Command::RequestMembers(two)),
            r#"{"op":8,"d":{"guild_id":"5","limit":0,"presences":true,"user_ids":["1","2"],"nonce":"n"}}"#
        );
        let leave = UpdateVoiceState {
            guild_id: Id::new(5),
            channel_id: None,
            self_mute: false,
            self_deaf: true,
        };
        assert_eq!(
            text(&Command::UpdateVoiceState(leave)),
            r#"{"op":4,"d":{"guild_id":"5","channel_id":null,"self_mute":false,"self_deaf":true}}"#
        );
        let presence = Presence::new(Status::Dnd).activity(Activity::custom("away"));
        assert_eq!(
            text(&Command::UpdatePresence(presence)),
            r#"{"op":3,"d":{"since":null,"activities":[{"name":"Custom Status","type":4,"state":"away"}],"status":"dnd","afk":false}}"#
        );
        assert_eq!(
            text(&Command::RequestSoundboardSounds(vec![Id::new(5)])),
            r#"{"op":31,"d":{"guild_ids":["5"]}}"#
        );
    }

    #[test]
    fn what_discord_would_refuse_is_refused_before_it_is_sent() {
        let refused = |request: RequestMembers| {
            let error = Command::RequestMembers(request).seal().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Command);
        };
        refused(RequestMembers::users(Id::new(5), (1..=101).map(Id::new)));
        refused(RequestMembers::users(Id::new(5), []));
        refused(RequestMembers::named(Id::new(5), "a", 0));
        refused(RequestMembers::all(Id::new(5)).nonce("x".repeat(33)));
        let long = Presence::new(Status::Online).activity(Activity::playing("x".repeat(4096)));
        let error = Command::UpdatePresence(long).seal().unwrap_err();
        assert!(error.to_string().contains("4096"), "{error}");
    }
}
