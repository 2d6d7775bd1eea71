//! Every event the gateway dispatches, one line each.

use std::ops::Deref;

use bytes::Bytes;

use crate::{
    AuditLogEntry, AutoModerationRule, Channel, Entitlement, Guild, GuildCommandPermissions,
    GuildScheduledEvent, Integration, Intents, Interaction, JsonValue, Member, Message, PollVote,
    Presence, Ready, SoundboardSound, StageInstance, Subscription, ThreadMember, UnavailableGuild,
    User, VoiceState,
    json::{self, DecodeError, Scratch},
};

mod payload;

pub use payload::*;

/// A line reads: variant, Discord's name, intents, payload. `(Object)` makes a type of the
/// variant's name around that object; `{}` says that a struct of the variant's name stands in
/// `payload.rs`; `raw` leaves the payload as [`RawEvent`], whose bytes a bot can decode itself.
macro_rules! events {
    ($( $variant:ident $name:literal [$($intent:ident)|*] $form:tt )+) => {
        /// The kind of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum EventKind {
            $( #[doc = concat!("`", $name, "`")] $variant, )+
            /// An event whose name this version does not know.
            Unknown,
        }

        impl EventKind {
            /// Every kind in the order of Discord's page, without [`Unknown`](Self::Unknown).
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Discord's name, e.g. `MESSAGE_CREATE`; `UNKNOWN` for [`Unknown`](Self::Unknown).
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ Self::Unknown => "UNKNOWN" }
            }

            /// The kind that Discord calls `name`.
            #[must_use]
            pub fn from_name(name: &str) -> Self {
                match name { $($name => Self::$variant,)+ _ => Self::Unknown }
            }

            /// The intents of which each brings this event; empty where none is needed.
            #[must_use]
            pub const fn intents(self) -> Intents {
                match self {
                    $(Self::$variant => Intents::empty()$(.union(Intents::$intent))*,)+
                    Self::Unknown => Intents::empty(),
                }
            }
        }

        /// An event with its payload typed.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Event {
            $( #[doc = concat!("`", $name, "`")] $variant(events!(@field $variant $form)), )+
            /// An event whose name this version does not know.
            Unknown(RawEvent),
            /// An event that no type fits, with its bytes and the place of the first error.
            Malformed(Box<Malformed>),
        }

        impl Event {
            /// Types the payload `raw` of the event `name`, whose kind is `kind`.
            ///
            /// Never fails: what no type fits is [`Malformed`](Self::Malformed).
            pub fn decode(kind: EventKind, name: &str, raw: &Bytes, scratch: &mut Scratch) -> Self {
                let event = match kind {
                    $( EventKind::$variant => events!(@decode $variant $form, name, raw, scratch), )+
                    EventKind::Unknown => Ok(Self::Unknown(RawEvent::new(name, raw.clone()))),
                };
                event.unwrap_or_else(|error| {
                    Self::Malformed(Box::new(Malformed { event: RawEvent::new(name, raw.clone()), error }))
                })
            }

            /// The kind of the event; for a malformed one, the kind it should have been.
            #[must_use]
            pub fn kind(&self) -> EventKind {
                match self {
                    $( Self::$variant(_) => EventKind::$variant, )+
                    Self::Unknown(_) => EventKind::Unknown,
                    Self::Malformed(malformed) => EventKind::from_name(malformed.event.name()),
                }
            }
        }

        /// Writes the payload, which is what [`Event::decode`] reads.
        impl serde::Serialize for Event {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(payload) => payload.serialize(serializer), )+
                    Self::Unknown(raw) => raw.serialize(serializer),
                    Self::Malformed(malformed) => malformed.event.serialize(serializer),
                }
            }
        }

        $( events!(@type $variant $name $form); )+
    };

    (@field $variant:ident raw) => { RawEvent };
    (@field $variant:ident $form:tt) => { Box<$variant> };

    (@decode $variant:ident raw, $name:ident, $raw:ident, $scratch:ident) => {
        Ok(Self::$variant(RawEvent::new($name, $raw.clone())))
    };
    (@decode $variant:ident $form:tt, $name:ident, $raw:ident, $scratch:ident) => {
        json::decode_tolerant($raw, $scratch).map(|payload| Self::$variant(Box::new(payload)))
    };

    (@type $variant:ident $name:literal raw) => {};
    (@type $variant:ident $name:literal {}) => { events!(@payload $variant); };
    (@type $variant:ident $name:literal ($object:ty)) => {
        #[doc = concat!("The payload of `", $name, "`.")]
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $variant(pub $object);

        impl Deref for $variant {
            type Target = $object;
            fn deref(&self) -> &$object {
                &self.0
            }
        }

        events!(@payload $variant);
    };
    (@payload $variant:ident) => {
        impl Payload for $variant {
            const KIND: EventKind = EventKind::$variant;

            fn from_event(event: &Event) -> Option<&Self> {
                if let Event::$variant(payload) = event { Some(payload) } else { None }
            }
        }
    };
}

events! {
    Ready "READY" [] {}
    Resumed "RESUMED" [] (JsonValue)
    RateLimited "RATE_LIMITED" [] {}
    ApplicationCommandPermissionsUpdate "APPLICATION_COMMAND_PERMISSIONS_UPDATE" [] (GuildCommandPermissions)
    AutoModerationRuleCreate "AUTO_MODERATION_RULE_CREATE" [AUTO_MODERATION_CONFIGURATION] (AutoModerationRule)
    AutoModerationRuleUpdate "AUTO_MODERATION_RULE_UPDATE" [AUTO_MODERATION_CONFIGURATION] (AutoModerationRule)
    AutoModerationRuleDelete "AUTO_MODERATION_RULE_DELETE" [AUTO_MODERATION_CONFIGURATION] (AutoModerationRule)
    AutoModerationActionExecution "AUTO_MODERATION_ACTION_EXECUTION" [AUTO_MODERATION_EXECUTION] {}
    ChannelCreate "CHANNEL_CREATE" [GUILDS] (Channel)
    ChannelUpdate "CHANNEL_UPDATE" [GUILDS] (Channel)
    ChannelDelete "CHANNEL_DELETE" [GUILDS] (Channel)
    ChannelInfo "CHANNEL_INFO" [] {}
    ChannelPinsUpdate "CHANNEL_PINS_UPDATE" [GUILDS | DIRECT_MESSAGES] {}
    ThreadCreate "THREAD_CREATE" [GUILDS] (Channel)
    ThreadUpdate "THREAD_UPDATE" [GUILDS] (Channel)
    ThreadDelete "THREAD_DELETE" [GUILDS] {}
    ThreadListSync "THREAD_LIST_SYNC" [GUILDS] {}
    ThreadMemberUpdate "THREAD_MEMBER_UPDATE" [GUILDS] (ThreadMember)
    ThreadMembersUpdate "THREAD_MEMBERS_UPDATE" [GUILDS | GUILD_MEMBERS] {}
    EntitlementCreate "ENTITLEMENT_CREATE" [] (Entitlement)
    EntitlementUpdate "ENTITLEMENT_UPDATE" [] (Entitlement)
    EntitlementDelete "ENTITLEMENT_DELETE" [] (Entitlement)
    GuildCreate "GUILD_CREATE" [GUILDS] (Guild)
    GuildUpdate "GUILD_UPDATE" [GUILDS] (Guild)
    GuildDelete "GUILD_DELETE" [GUILDS] (UnavailableGuild)
    GuildAuditLogEntryCreate "GUILD_AUDIT_LOG_ENTRY_CREATE" [GUILD_MODERATION] (AuditLogEntry)
    GuildBanAdd "GUILD_BAN_ADD" [GUILD_MODERATION] {}
    GuildBanRemove "GUILD_BAN_REMOVE" [GUILD_MODERATION] {}
    GuildEmojisUpdate "GUILD_EMOJIS_UPDATE" [GUILD_EXPRESSIONS] {}
    GuildStickersUpdate "GUILD_STICKERS_UPDATE" [GUILD_EXPRESSIONS] {}
    GuildIntegrationsUpdate "GUILD_INTEGRATIONS_UPDATE" [GUILD_INTEGRATIONS] {}
    GuildMemberAdd "GUILD_MEMBER_ADD" [GUILD_MEMBERS] (Member)
    GuildMemberRemove "GUILD_MEMBER_REMOVE" [GUILD_MEMBERS] {}
    GuildMemberUpdate "GUILD_MEMBER_UPDATE" [GUILD_MEMBERS] (Member)
    GuildMembersChunk "GUILD_MEMBERS_CHUNK" [] {}
    GuildRoleCreate "GUILD_ROLE_CREATE" [GUILDS] {}
    GuildRoleUpdate "GUILD_ROLE_UPDATE" [GUILDS] {}
    GuildRoleDelete "GUILD_ROLE_DELETE" [GUILDS] {}
    GuildScheduledEventCreate "GUILD_SCHEDULED_EVENT_CREATE" [GUILD_SCHEDULED_EVENTS] (GuildScheduledEvent)
    GuildScheduledEventUpdate "GUILD_SCHEDULED_EVENT_UPDATE" [GUILD_SCHEDULED_EVENTS] (GuildScheduledEvent)
    GuildScheduledEventDelete "GUILD_SCHEDULED_EVENT_DELETE" [GUILD_SCHEDULED_EVENTS] (GuildScheduledEvent)
    GuildScheduledEventUserAdd "GUILD_SCHEDULED_EVENT_USER_ADD" [GUILD_SCHEDULED_EVENTS] {}
    GuildScheduledEventUserRemove "GUILD_SCHEDULED_EVENT_USER_REMOVE" [GUILD_SCHEDULED_EVENTS] {}
    GuildSoundboardSoundCreate "GUILD_SOUNDBOARD_SOUND_CREATE" [GUILD_EXPRESSIONS] (SoundboardSound)
    GuildSoundboardSoundUpdate "GUILD_SOUNDBOARD_SOUND_UPDATE" [GUILD_EXPRESSIONS] (SoundboardSound)
    GuildSoundboardSoundDelete "GUILD_SOUNDBOARD_SOUND_DELETE" [GUILD_EXPRESSIONS] {}
    GuildSoundboardSoundsUpdate "GUILD_SOUNDBOARD_SOUNDS_UPDATE" [GUILD_EXPRESSIONS] {}
    SoundboardSounds "SOUNDBOARD_SOUNDS" [] {}
    IntegrationCreate "INTEGRATION_CREATE" [GUILD_INTEGRATIONS] (Integration)
    IntegrationUpdate "INTEGRATION_UPDATE" [GUILD_INTEGRATIONS] (Integration)
    IntegrationDelete "INTEGRATION_DELETE" [GUILD_INTEGRATIONS] {}
    InteractionCreate "INTERACTION_CREATE" [] (Interaction)
    InviteCreate "INVITE_CREATE" [GUILD_INVITES] {}
    InviteDelete "INVITE_DELETE" [GUILD_INVITES] {}
    MessageCreate "MESSAGE_CREATE" [GUILD_MESSAGES | DIRECT_MESSAGES] (Message)
    MessageUpdate "MESSAGE_UPDATE" [GUILD_MESSAGES | DIRECT_MESSAGES] (Message)
    MessageDelete "MESSAGE_DELETE" [GUILD_MESSAGES | DIRECT_MESSAGES] {}
    MessageDeleteBulk "MESSAGE_DELETE_BULK" [GUILD_MESSAGES] {}
    MessageReactionAdd "MESSAGE_REACTION_ADD" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS] {}
    MessageReactionRemove "MESSAGE_REACTION_REMOVE" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS] {}
    MessageReactionRemoveAll "MESSAGE_REACTION_REMOVE_ALL" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS] {}
    MessageReactionRemoveEmoji "MESSAGE_REACTION_REMOVE_EMOJI" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS] {}
    PresenceUpdate "PRESENCE_UPDATE" [GUILD_PRESENCES] (Presence)
    StageInstanceCreate "STAGE_INSTANCE_CREATE" [GUILDS] (StageInstance)
    StageInstanceUpdate "STAGE_INSTANCE_UPDATE" [GUILDS] (StageInstance)
    StageInstanceDelete "STAGE_INSTANCE_DELETE" [GUILDS] (StageInstance)
    SubscriptionCreate "SUBSCRIPTION_CREATE" [] (Subscription)
    SubscriptionUpdate "SUBSCRIPTION_UPDATE" [] (Subscription)
    SubscriptionDelete "SUBSCRIPTION_DELETE" [] (Subscription)
    TypingStart "TYPING_START" [GUILD_MESSAGE_TYPING | DIRECT_MESSAGE_TYPING] {}
    UserUpdate "USER_UPDATE" [] (User)
    VoiceChannelEffectSend "VOICE_CHANNEL_EFFECT_SEND" [GUILD_VOICE_STATES] {}
    VoiceChannelStartTimeUpdate "VOICE_CHANNEL_START_TIME_UPDATE" [GUILDS] {}
    VoiceChannelStatusUpdate "VOICE_CHANNEL_STATUS_UPDATE" [GUILDS] {}
    VoiceStateUpdate "VOICE_STATE_UPDATE" [GUILD_VOICE_STATES] (VoiceState)
    VoiceServerUpdate "VOICE_SERVER_UPDATE" [] {}
    WebhooksUpdate "WEBHOOKS_UPDATE" [GUILD_WEBHOOKS] {}
    MessagePollVoteAdd "MESSAGE_POLL_VOTE_ADD" [GUILD_MESSAGE_POLLS | DIRECT_MESSAGE_POLLS] (PollVote)
    MessagePollVoteRemove "MESSAGE_POLL_VOTE_REMOVE" [GUILD_MESSAGE_POLLS | DIRECT_MESSAGE_POLLS] (PollVote)
}

impl EventKind {
    /// A small number for each kind, for tables and bit sets; below 128.
    #[must_use]
    #[expect(
        clippy::as_conversions,
        reason = "the discriminant of a fieldless enum, counted from 0"
    )]
    pub const fn index(self) -> u8 {
        self as u8
    }
}

/// The payload of one kind of event, as handlers ask for it by type.
pub trait Payload: Clone + Send + Sync + Sized + 'static {
    /// The kind that carries this payload.
    const KIND: EventKind;

    /// The payload of `event`, where it is of this kind.
    fn from_event(event: &Event) -> Option<&Self>;
}

/// An event whose payload is left as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    name: crate::Text,
    raw: Bytes,
}

/// Writes the payload; `null` for bytes that are no JSON.
impl serde::Serialize for RawEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let payload: serde_json::Value = serde_json::from_slice(&self.raw).unwrap_or_default();
        payload.serialize(serializer)
    }
}

impl RawEvent {
    /// The event `name` with the JSON text of its payload.
    #[must_use]
    pub fn new(name: &str, raw: Bytes) -> Self {
        Self {
            name: name.into(),
            raw,
        }
    }

    /// Discord's name of the event.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The JSON text of the payload.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.raw
    }

    /// Decodes the payload as a type of one's own.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] with the path of the first error.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, DecodeError> {
        json::decode(&self.raw, &mut Scratch::new())
    }
}

/// An event that no type fits: nothing of it is lost, and the order goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Name and bytes.
    pub event: RawEvent,
    /// Where the first error is.
    pub error: DecodeError,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_place_in_a_bit_set() {
        for (place, kind) in EventKind::ALL.iter().enumerate() {
            assert_eq!(usize::from(kind.index()), place);
            assert_eq!(EventKind::from_name(kind.name()), *kind);
        }
        assert!(EventKind::Unknown.index() < 128);
    }

    #[test]
    fn what_no_type_fits_is_delivered_with_its_bytes() {
        let raw = Bytes::from_static(b"[1,2]");
        let event = Event::decode(
            EventKind::MessageCreate,
            "MESSAGE_CREATE",
            &raw,
            &mut Scratch::new(),
        );
        assert_eq!(event.kind(), EventKind::MessageCreate);
        let Event::Malformed(malformed) = event else {
            panic!("{event:?}")
        };
        assert_eq!(malformed.event.bytes(), &raw);
        assert_eq!(malformed.event.name(), "MESSAGE_CREATE");
    }

    #[test]
    fn an_event_without_a_type_keeps_its_bytes_for_a_type_of_the_bots_own() {
        let raw = Bytes::from_static(br#"{"guild_id":"1"}"#);
        let Event::Unknown(event) =
            Event::decode(EventKind::Unknown, "MOON_RISE", &raw, &mut Scratch::new())
        else {
            panic!()
        };
        let fields: std::collections::BTreeMap<String, String> = event.decode().unwrap();
        assert_eq!(fields["guild_id"], "1");
    }
}
