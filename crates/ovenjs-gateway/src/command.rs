//! What a bot may ask of the gateway.

use std::fmt;

use bytes::Bytes;
use ovenjs_types::{
    Report, RequestChannelInfo, RequestGuildMembers, RequestSoundboardSounds, UpdatePresence,
    UpdateVoiceState, Validate, limits::GATEWAY_PAYLOAD_MAX_BYTES,
};
use serde::Serialize;

use crate::{Error, ErrorKind};

/// A message from the bot to the gateway. Identify, resume and heartbeat are the session's own.
///
/// ```
/// use ovenjs_gateway::Command;
/// use ovenjs_types::{Id, RequestGuildMembers};
///
/// let everyone = Command::RequestMembers(RequestGuildMembers::all(Id::new(5)));
/// assert!(everyone.seal().is_ok());
///
/// let too_many = RequestGuildMembers::users(Id::new(5), (1..=101).map(Id::new));
/// assert!(Command::RequestMembers(too_many).seal().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Changes what is shown beside the bot's name. Also used by later sessions.
    UpdatePresence(UpdatePresence),
    /// Asks for members of a guild, who come as `GUILD_MEMBERS_CHUNK` events.
    RequestMembers(RequestGuildMembers),
    /// Joins, moves between, or leaves voice channels.
    UpdateVoiceState(UpdateVoiceState),
    /// Asks for the soundboard sounds of guilds, which come as `SOUNDBOARD_SOUNDS` events.
    RequestSoundboardSounds(RequestSoundboardSounds),
    /// Asks for details of a guild's channels, which come as a `CHANNEL_INFO` event.
    RequestChannelInfo(RequestChannelInfo),
}

impl Command {
    /// Checks the command against Discord's rules and writes it down.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Command`] with the broken rule: more than 100 users, a nonce above 32 bytes,
    /// more than [`GATEWAY_PAYLOAD_MAX_BYTES`] in all.
    pub fn seal(&self) -> Result<Sealed, Error> {
        let (bytes, presence) = match self {
            Self::UpdatePresence(presence) => (frame(3, presence), Some(presence.clone())),
            Self::RequestMembers(request) => {
                valid(request)?;
                (frame(8, request), None)
            }
            Self::UpdateVoiceState(state) => (frame(4, state), None),
            Self::RequestSoundboardSounds(request) => {
                valid(request)?;
                (frame(31, request), None)
            }
            Self::RequestChannelInfo(request) => {
                valid(request)?;
                (frame(43, request), None)
            }
        };
        let bytes = bytes?;
        if bytes.len() > GATEWAY_PAYLOAD_MAX_BYTES {
            return Err(Error::new(
                ErrorKind::Command,
                format!(
                    "command has {} bytes, Discord takes {GATEWAY_PAYLOAD_MAX_BYTES}: split it or shorten it",
                    bytes.len()
                ),
            ));
        }
        Ok(Sealed {
            bytes,
            presence,
            question: None,
        })
    }
}

fn valid<T: Validate>(command: &T) -> Result<(), Error> {
    let mut report = Report::new();
    command.check(&mut report);
    let told = report.into_result();
    told.map_err(|invalid| Error::new(ErrorKind::Command, invalid.to_string()))
}

/// A command that has been checked and written down, ready for a session.
#[derive(Clone, PartialEq)]
pub struct Sealed {
    pub(crate) bytes: Bytes,
    pub(crate) presence: Option<UpdatePresence>,
    /// Which question of [`Requests`](crate::Requests) it puts.
    pub(crate) question: Option<u64>,
}

impl Sealed {
    /// Which question of [`Requests`](crate::Requests) it puts, as
    /// [`Payload::question`](crate::session::Payload::question) says of it once it leaves.
    #[must_use]
    pub const fn question(&self) -> Option<u64> {
        self.question
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.bytes.len())
    }
}

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
    use ovenjs_types::{Activity, Id, Status};

    use super::*;

    fn text(command: &Command) -> String {
        String::from_utf8(command.seal().unwrap().bytes.to_vec()).unwrap()
    }

    #[test]
    fn commands_are_written_as_discord_reads_them() {
        let everyone = Command::RequestMembers(RequestGuildMembers::all(Id::new(5)));
        assert_eq!(
            text(&everyone),
            r#"{"op":8,"d":{"guild_id":"5","query":"","limit":0}}"#
        );
        let two = RequestGuildMembers::users(Id::new(5), [Id::new(1), Id::new(2)])
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
        let presence = UpdatePresence::new(Status::Dnd).activity(Activity::custom("away"));
        assert_eq!(
            text(&Command::UpdatePresence(presence)),
            r#"{"op":3,"d":{"since":null,"activities":[{"name":"Custom Status","type":4,"state":"away"}],"status":"dnd","afk":false}}"#
        );
        assert_eq!(
            text(&Command::RequestSoundboardSounds(
                RequestSoundboardSounds::new([Id::new(5)])
            )),
            r#"{"op":31,"d":{"guild_ids":["5"]}}"#
        );
    }

    #[test]
    fn what_discord_would_refuse_is_refused_before_it_is_sent() {
        let refused = |request: RequestGuildMembers| {
            let error = Command::RequestMembers(request).seal().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Command);
        };
        refused(RequestGuildMembers::users(
            Id::new(5),
            (1..=101).map(Id::new),
        ));
        refused(RequestGuildMembers::users(Id::new(5), []));
        refused(RequestGuildMembers::named(Id::new(5), "a", 0));
        refused(RequestGuildMembers::all(Id::new(5)).nonce("x".repeat(33)));
        let long =
            UpdatePresence::new(Status::Online).activity(Activity::playing("x".repeat(4096)));
        let error = Command::UpdatePresence(long).seal().unwrap_err();
        assert!(error.to_string().contains("4096"), "{error}");
    }
}
