//! What can be asked for, and how it is cut into commands that Discord takes.

use std::collections::BTreeSet;

use ovenjs_types::{
    Id, RequestChannelInfo, RequestGuildMembers, RequestSoundboardSounds,
    limits::GATEWAY_REQUEST_MEMBERS_USER_IDS_MAX,
    marker::{GuildMarker, UserMarker},
};

use crate::{Command, Error, ErrorKind, Sealed};

/// Something to ask for. What is more than Discord takes at once is asked for in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Members of one guild; any number of users up to [`REQUEST_IDS_MAX`].
    Members(RequestGuildMembers),
    /// The soundboard sounds of guilds.
    SoundboardSounds(RequestSoundboardSounds),
    /// What changes often in a guild's channels.
    ChannelInfo(RequestChannelInfo),
}

impl Request {
    pub(super) fn seal(&self, nonce: &str) -> Result<Sealed, Error> {
        let command = match self.clone() {
            Self::Members(ask) => Command::RequestMembers(ask.nonce(nonce)),
            Self::SoundboardSounds(ask) => Command::RequestSoundboardSounds(ask),
            Self::ChannelInfo(ask) => Command::RequestChannelInfo(ask),
        };
        command.seal()
    }

    pub(super) const fn opcode(&self) -> u32 {
        match self {
            Self::Members(_) => 8,
            Self::SoundboardSounds(_) => 31,
            Self::ChannelInfo(_) => 43,
        }
    }

    /// How many guilds answer to it, each with one event.
    pub(super) fn guilds(&self) -> usize {
        match self {
            Self::Members(_) | Self::ChannelInfo(_) => 1,
            Self::SoundboardSounds(ask) => ask.guild_ids.iter().collect::<BTreeSet<_>>().len(),
        }
    }

    /// What these guilds have answered need not be asked for again.
    pub(super) fn leave_out(&mut self, answered: &BTreeSet<Id<GuildMarker>>) {
        if let Self::SoundboardSounds(ask) = self {
            ask.guild_ids.retain(|guild| !answered.contains(guild));
        }
    }
}

/// Cuts a request into commands that Discord takes.
pub(super) fn parts(request: Request) -> Result<Vec<Request>, Error> {
    let too_many = |count: usize| {
        let text = format!("request names {count}, at most {REQUEST_IDS_MAX} fit: ask in turns");
        Err(Error::new(ErrorKind::Command, text))
    };
    let users_max = GATEWAY_REQUEST_MEMBERS_USER_IDS_MAX;
    match request {
        Request::Members(ask) if ask.user_ids.len() > REQUEST_IDS_MAX => {
            too_many(ask.user_ids.len())
        }
        Request::Members(ask) if ask.user_ids.len() > users_max => {
            let users = ask.user_ids.chunks(users_max);
            let part = |user_ids: &[Id<UserMarker>]| {
                Request::Members(RequestGuildMembers {
                    user_ids: user_ids.to_vec(),
                    ..ask.clone()
                })
            };
            Ok(users.map(part).collect())
        }
        Request::SoundboardSounds(ask) if ask.guild_ids.len() > REQUEST_IDS_MAX => {
            too_many(ask.guild_ids.len())
        }
        Request::SoundboardSounds(ask) if ask.guild_ids.len() > GUILDS_AT_ONCE => {
            let guilds = ask.guild_ids.chunks(GUILDS_AT_ONCE);
            let part = |guilds: &[Id<GuildMarker>]| {
                Request::SoundboardSounds(RequestSoundboardSounds::new(guilds.iter().copied()))
            };
            Ok(guilds.map(part).collect())
        }
        one => Ok(vec![one]),
    }
}

impl From<RequestGuildMembers> for Request {
    fn from(ask: RequestGuildMembers) -> Self {
        Self::Members(ask)
    }
}

impl From<RequestSoundboardSounds> for Request {
    fn from(ask: RequestSoundboardSounds) -> Self {
        Self::SoundboardSounds(ask)
    }
}

impl From<RequestChannelInfo> for Request {
    fn from(ask: RequestChannelInfo) -> Self {
        Self::ChannelInfo(ask)
    }
}

/// How many users or guilds one request can name: a hundred commands, a minute's budget.
pub const REQUEST_IDS_MAX: usize = 10_000;

/// A command with this many ids stays well below 4096 bytes.
const GUILDS_AT_ONCE: usize = 100;
