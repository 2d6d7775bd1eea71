//! The switches of [`Faults`] as values, for files and for the control interface.

use std::time::Duration;

use ovenjs_types::{Id, marker::GuildMarker};
use serde::{Deserialize, Serialize};

use crate::{error::Error, scenario::ScenarioStep, spelled};

use super::Faults;

/// Something that goes wrong at once: a switch of [`Faults`] by its name, in the field `act`.
///
/// ```
/// use ovenjs_mock::Trouble;
///
/// let trouble: Trouble = serde_json::from_str(r#"{ "act": "close_connections", "code": 4000 }"#)?;
///
/// assert_eq!(trouble.name(), "close_connections");
/// assert!(serde_json::from_str::<Trouble>(r#"{ "act": "close_connections" }"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Trouble {
    /// [`Faults::calm`].
    Calm {},
    /// [`Faults::drop_connections`].
    DropConnections {},
    /// [`Faults::close_connections`].
    CloseConnections {
        /// The close code.
        code: u16,
    },
    /// [`Faults::freeze_connections`].
    FreezeConnections {},
    /// [`Faults::drop_after_frames`], or [`Faults::close_after_frames`] where there is a code.
    DropAfterFrames {
        /// After how many.
        events: u64,
        /// The close code. Default none: without a word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
    },
    /// [`Faults::drop_after_bytes`].
    DropAfterBytes {
        /// After how many.
        bytes: u64,
    },
    /// [`Faults::keep_connections`].
    KeepConnections {},
    /// [`Faults::ask_for_heartbeats`].
    AskForHeartbeats {},
    /// [`Faults::ask_to_reconnect`].
    AskToReconnect {},
    /// [`Faults::invalidate_sessions`].
    InvalidateSessions {
        /// Whether they can be resumed. Default false.
        #[serde(default)]
        resumable: bool,
    },
    /// [`Faults::refuse_resumes`].
    RefuseResumes {
        /// How many.
        count: u32,
    },
    /// [`Faults::refuse_identifies`].
    RefuseIdentifies {
        /// How many.
        count: u32,
    },
    /// [`Faults::delay_searches`].
    DelaySearches {
        /// How many.
        count: u32,
    },
    /// [`Faults::withhold_heartbeat_acks`].
    WithholdHeartbeatAcks {
        /// Whether they are. Default true.
        #[serde(default = "yes")]
        withhold: bool,
    },
    /// [`Faults::burst`].
    Burst {
        /// How many.
        events: usize,
    },
    /// [`Faults::take_down`].
    TakeDown {
        /// The guild's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guild_id: Option<Id<GuildMarker>>,
        /// Or its name. Default the first guild.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guild: Option<String>,
    },
    /// [`Faults::bring_back`].
    BringBack {
        /// The guild's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guild_id: Option<Id<GuildMarker>>,
        /// Or its name. Default the first guild.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guild: Option<String>,
    },
    /// [`Faults::limit_once`].
    LimitOnce {
        /// `METHOD /route/{template}`.
        route: String,
        /// For how long, `"2s"`.
        #[serde(with = "spelled")]
        retry_after: Duration,
    },
    /// [`Faults::limit_globally_once`].
    LimitGloballyOnce {
        /// `METHOD /route/{template}`.
        route: String,
        /// For how long, `"2s"`.
        #[serde(with = "spelled")]
        retry_after: Duration,
    },
    /// [`Faults::limit_shared_once`].
    LimitSharedOnce {
        /// `METHOD /route/{template}`.
        route: String,
        /// For how long, `"2s"`.
        #[serde(with = "spelled")]
        retry_after: Duration,
    },
    /// [`Faults::forge_signature`].
    ForgeSignature {},
    /// [`Faults::break_once`].
    BreakOnce {
        /// `METHOD /route/{template}`.
        route: String,
        /// The status, such as 502.
        status: u16,
    },
}

const fn yes() -> bool {
    true
}

impl Trouble {
    /// Its name, as in the field `act`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Calm {} => "calm",
            Self::DropConnections {} => "drop_connections",
            Self::CloseConnections { .. } => "close_connections",
            Self::FreezeConnections {} => "freeze_connections",
            Self::DropAfterFrames { .. } => "drop_after_frames",
            Self::DropAfterBytes { .. } => "drop_after_bytes",
            Self::KeepConnections {} => "keep_connections",
            Self::AskForHeartbeats {} => "ask_for_heartbeats",
            Self::AskToReconnect {} => "ask_to_reconnect",
            Self::InvalidateSessions { .. } => "invalidate_sessions",
            Self::RefuseResumes { .. } => "refuse_resumes",
            Self::RefuseIdentifies { .. } => "refuse_identifies",
            Self::DelaySearches { .. } => "delay_searches",
            Self::WithholdHeartbeatAcks { .. } => "withhold_heartbeat_acks",
            Self::Burst { .. } => "burst",
            Self::TakeDown { .. } => "take_down",
            Self::BringBack { .. } => "bring_back",
            Self::LimitOnce { .. } => "limit_once",
            Self::LimitGloballyOnce { .. } => "limit_globally_once",
            Self::LimitSharedOnce { .. } => "limit_shared_once",
            Self::ForgeSignature {} => "forge_signature",
            Self::BreakOnce { .. } => "break_once",
        }
    }
}

impl Faults<'_> {
    /// Lets this go wrong at once.
    ///
    /// # Errors
    ///
    /// When it is about a guild that does not exist.
    pub fn cause(self, trouble: &Trouble) -> Result<Self, Error> {
        self.note(ScenarioStep::Fault(trouble.clone()));
        Ok(match trouble {
            Trouble::Calm {} => self.calm(),
            Trouble::DropConnections {} => self.drop_connections(),
            Trouble::CloseConnections { code } => self.close_connections(*code),
            Trouble::FreezeConnections {} => self.freeze_connections(),
            Trouble::DropAfterFrames { events, code: None } => self.drop_after_frames(*events),
            Trouble::DropAfterFrames {
                events,
                code: Some(code),
            } => self.close_after_frames(*events, *code),
            Trouble::DropAfterBytes { bytes } => self.drop_after_bytes(*bytes),
            Trouble::KeepConnections {} => self.keep_connections(),
            Trouble::AskForHeartbeats {} => self.ask_for_heartbeats(),
            Trouble::AskToReconnect {} => self.ask_to_reconnect(),
            Trouble::InvalidateSessions { resumable } => self.invalidate_sessions(*resumable),
            Trouble::RefuseResumes { count } => self.refuse_resumes(*count),
            Trouble::RefuseIdentifies { count } => self.refuse_identifies(*count),
            Trouble::DelaySearches { count } => self.delay_searches(*count),
            Trouble::WithholdHeartbeatAcks { withhold } => self.withhold_heartbeat_acks(*withhold),
            Trouble::Burst { events } => self.burst((*events).min(MAX_BURST)),
            Trouble::TakeDown { guild_id, guild } => {
                self.take_down(self.guild(*guild_id, guild.as_deref())?)
            }
            Trouble::BringBack { guild_id, guild } => {
                self.bring_back(self.guild(*guild_id, guild.as_deref())?)
            }
            Trouble::LimitOnce { route, retry_after } => self.limit_once(route, *retry_after),
            Trouble::LimitGloballyOnce { route, retry_after } => {
                self.limit_globally_once(route, *retry_after)
            }
            Trouble::LimitSharedOnce { route, retry_after } => {
                self.limit_shared_once(route, *retry_after)
            }
            Trouble::ForgeSignature {} => self.forge_signature(),
            Trouble::BreakOnce { route, status } => self.break_once(route, *status),
        })
    }

    fn guild(
        self,
        id: Option<Id<GuildMarker>>,
        name: Option<&str>,
    ) -> Result<Id<GuildMarker>, Error> {
        let found = self.shared.look(|backend| {
            let world = &backend.world;
            match (id, name) {
                (Some(id), _) => world.guilds.contains_key(&id.get()).then_some(id.get()),
                (None, Some(name)) => world.guild_named(name),
                (None, None) => Some(world.default_guild),
            }
        });
        found
            .and_then(Id::new_checked)
            .ok_or_else(|| Error::refused("there is no such guild"))
    }
}

/// Events of one burst from a file or over the wire, so that a slip of the pen does not fill the
/// memory.
const MAX_BURST: usize = 100_000;
