//! What a bot asks of the gateway. Discord calls these events "send events".

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
    ser::SerializeStruct,
};

use crate::{
    Activity, GatewayOpcode, Id, Intents, JsonValue, Report, Secret, Status, Text, Validate, json,
    limits,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// A frame from a bot to the gateway. It is written with its opcode.
///
/// Source: Discord, "Send Events".
///
/// ```
/// use ovenjs_types::{GatewayCommand, Id, RequestGuildMembers, Validate, json};
/// let everyone = GatewayCommand::RequestGuildMembers(RequestGuildMembers::all(Id::new(5)));
/// assert_eq!(
///     json::encode(&everyone),
///     br#"{"op":8,"d":{"guild_id":"5","query":"","limit":0}}"#
/// );
/// assert!(everyone.validate().is_ok());
///
/// let many = RequestGuildMembers::users(Id::new(5), (1..=101).map(Id::new));
/// assert!(GatewayCommand::RequestGuildMembers(many).validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GatewayCommand {
    /// A sign of life.
    Heartbeat(Heartbeat),
    /// Begins a session.
    Identify(Box<Identify>),
    /// Changes what is shown beside the bot's name.
    UpdatePresence(UpdatePresence),
    /// Joins, moves between or leaves voice channels.
    UpdateVoiceState(UpdateVoiceState),
    /// Goes on with a session.
    Resume(Resume),
    /// Asks for members of a guild, who come as `GUILD_MEMBERS_CHUNK`.
    RequestGuildMembers(RequestGuildMembers),
    /// Asks for the sounds of guilds, which come as `SOUNDBOARD_SOUNDS`.
    RequestSoundboardSounds(RequestSoundboardSounds),
    /// Asks for details of a guild's channels, which come as `CHANNEL_INFO`.
    RequestChannelInfo(RequestChannelInfo),
    /// A frame with an opcode that this version does not know; only met when frames are read.
    Other(GatewayOpcode, JsonValue),
}

impl GatewayCommand {
    /// The number that says what it is.
    #[must_use]
    pub const fn opcode(&self) -> GatewayOpcode {
        match self {
            Self::Heartbeat(_) => GatewayOpcode::Heartbeat,
            Self::Identify(_) => GatewayOpcode::Identify,
            Self::UpdatePresence(_) => GatewayOpcode::PresenceUpdate,
            Self::UpdateVoiceState(_) => GatewayOpcode::VoiceStateUpdate,
            Self::Resume(_) => GatewayOpcode::Resume,
            Self::RequestGuildMembers(_) => GatewayOpcode::RequestGuildMembers,
            Self::RequestSoundboardSounds(_) => GatewayOpcode::RequestSoundboardSounds,
            Self::RequestChannelInfo(_) => GatewayOpcode::RequestChannelInfo,
            Self::Other(opcode, _) => *opcode,
        }
    }
}

impl Validate for GatewayCommand {
    /// After a frame that is too large Discord closes the connection.
    fn check(&self, report: &mut Report) {
        match self {
            Self::Identify(identify) => identify.check(report),
            Self::RequestGuildMembers(request) => request.check(report),
            Self::RequestSoundboardSounds(request) => request.check(report),
            Self::RequestChannelInfo(request) => request.check(report),
            Self::Heartbeat(_)
            | Self::UpdatePresence(_)
            | Self::UpdateVoiceState(_)
            | Self::Resume(_)
            | Self::Other(..) => {}
        }
        let most = limits::GATEWAY_PAYLOAD_MAX_BYTES;
        report.amount("", json::encode(self).len(), 0..=most, "bytes");
    }
}

/// A sign of life (op 1), with the number of the newest event; none before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Heartbeat(pub Option<u64>);

/// Begins a session (op 2).
///
/// ```
/// use ovenjs_types::{Identify, Intents, Status, UpdatePresence, Validate};
/// let identify = Identify::new("token", Intents::GUILDS)
///     .shard(3, 16)
///     .presence(UpdatePresence::new(Status::Idle));
/// assert!(identify.clone().validate().is_ok());
/// assert!(identify.clone().shard(16, 16).validate().is_err());
/// assert!(identify.large_threshold(251).validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identify {
    /// The bot's token.
    #[serde(serialize_with = "crate::secret::write")]
    pub token: Secret,
    /// What the connection says of its program.
    pub properties: IdentifyProperties,
    /// Whether single payloads may come compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compress: Option<bool>,
    /// With more members than this a guild comes without its offline ones: 50 to 250; Discord
    /// takes 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_threshold: Option<u16>,
    /// The number of the shard and how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<[u32; 2]>,
    /// What is shown beside the bot's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<UpdatePresence>,
    /// Which events are wanted.
    pub intents: Intents,
}

impl Identify {
    /// For a bot with one shard.
    pub fn new(token: impl Into<Secret>, intents: Intents) -> Self {
        Self {
            token: token.into(),
            properties: IdentifyProperties::default(),
            compress: None,
            large_threshold: None,
            shard: None,
            presence: None,
            intents,
        }
    }

    /// For one shard of so many.
    #[must_use]
    pub const fn shard(mut self, number: u32, total: u32) -> Self {
        self.shard = Some([number, total]);
        self
    }

    /// With a presence from the start.
    #[must_use]
    pub fn presence(mut self, presence: UpdatePresence) -> Self {
        self.presence = Some(presence);
        self
    }

    /// With another border between small and large guilds.
    #[must_use]
    pub const fn large_threshold(mut self, members: u16) -> Self {
        self.large_threshold = Some(members);
        self
    }
}

impl Validate for Identify {
    fn check(&self, report: &mut Report) {
        let (least, most) = (
            limits::GATEWAY_LARGE_THRESHOLD_MIN,
            limits::GATEWAY_LARGE_THRESHOLD,
        );
        if let Some(members) = self.large_threshold {
            report.amount("large_threshold", members.into(), least..=most, "members");
        }
        if self.shard.is_some_and(|[number, total]| number >= total) {
            report.note(
                "shard",
                "is not below the total: count from 0, and give the total second",
            );
        }
    }
}

/// What a connection says of its program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdentifyProperties {
    /// The operating system.
    pub os: Text,
    /// The library.
    pub browser: Text,
    /// The library again.
    pub device: Text,
}

impl Default for IdentifyProperties {
    fn default() -> Self {
        Self {
            os: std::env::consts::OS.into(),
            browser: "ovenjs".into(),
            device: "ovenjs".into(),
        }
    }
}

/// Goes on with a session (op 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The bot's token.
    #[serde(serialize_with = "crate::secret::write")]
    pub token: Secret,
    /// The session, as `READY` named it.
    pub session_id: Text,
    /// The number of the newest event that arrived.
    pub seq: u64,
}

/// Changes what is shown beside the bot's name (op 3). Discord takes five changes in 20 seconds.
///
/// ```
/// use ovenjs_types::{Activity, Status, UpdatePresence, json};
/// let away = UpdatePresence::new(Status::Dnd).activity(Activity::custom("away"));
/// assert_eq!(
///     json::encode(&away),
///     br#"{"since":null,"activities":[{"name":"Custom Status","type":4,"state":"away"}],"status":"dnd","afk":false}"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatePresence {
    /// Unix time in milliseconds since which the bot is idle, for [`Status::Idle`].
    #[serde(default)]
    pub since: Option<u64>,
    /// What the bot is doing.
    #[serde(default)]
    pub activities: Vec<Activity>,
    /// The coloured dot.
    pub status: Status,
    /// Whether the bot is away.
    #[serde(default)]
    pub afk: bool,
}

impl UpdatePresence {
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

/// Joins, moves between or leaves voice channels of one guild (op 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateVoiceState {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The channel to be in; none leaves.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Whether the bot is mute.
    #[serde(default)]
    pub self_mute: bool,
    /// Whether the bot is deaf.
    #[serde(default)]
    pub self_deaf: bool,
}

/// Asks for members of one guild (op 8).
///
/// Discord answers a request for all members of a guild once per 30 seconds; one that is too early
/// is answered by `RATE_LIMITED`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestGuildMembers {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// How their names begin; an empty text asks for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Text>,
    /// How many at most; 0 for all, 1 to 100 with a text.
    #[serde(default)]
    pub limit: u32,
    /// Whether their presences are wanted. Needs the intent `GUILD_PRESENCES`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub presences: bool,
    /// These users, 100 at most, instead of a text.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_more"
    )]
    pub user_ids: Vec<Id<UserMarker>>,
    /// A mark of at most 32 bytes by which the answer is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Text>,
}

impl RequestGuildMembers {
    /// All members. Needs the intent `GUILD_MEMBERS`.
    #[must_use]
    pub const fn all(guild: Id<GuildMarker>) -> Self {
        Self {
            guild_id: guild,
            query: Some(Text::new()),
            limit: 0,
            presences: false,
            user_ids: Vec::new(),
            nonce: None,
        }
    }

    /// At most `limit` members (100 at most) whose name begins with `prefix`.
    #[must_use]
    pub fn named(guild: Id<GuildMarker>, prefix: impl Into<Text>, limit: u32) -> Self {
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

    /// Marks the request, so that its answer is recognised.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<Text>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }
}

impl Validate for RequestGuildMembers {
    fn check(&self, report: &mut Report) {
        if self.query.is_none() && self.user_ids.is_empty() {
            report.note("", "names nobody: give users, or ask for all");
        }
        let users = limits::GATEWAY_REQUEST_MEMBERS_USER_IDS_MAX;
        report.amount("user_ids", self.user_ids.len(), 0..=users, "users");
        if self.query.as_ref().is_some_and(|query| !query.is_empty()) {
            let most = limits::GATEWAY_REQUEST_MEMBERS_QUERY_MAX;
            let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
            report.amount("limit", limit, 1..=most, "members");
        }
        // Discord ignores a longer nonce, and then the answer would not be recognised.
        let nonce = self.nonce.as_ref().map_or(0, Text::len);
        let most = limits::GATEWAY_REQUEST_MEMBERS_NONCE_BYTES;
        report.amount("nonce", nonce, 0..=most, "bytes");
    }
}

/// Asks for the soundboard sounds of guilds (op 31).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSoundboardSounds {
    /// The guilds.
    pub guild_ids: Vec<Id<GuildMarker>>,
}

impl RequestSoundboardSounds {
    /// For these guilds.
    pub fn new(guilds: impl IntoIterator<Item = Id<GuildMarker>>) -> Self {
        Self {
            guild_ids: guilds.into_iter().collect(),
        }
    }
}

impl Validate for RequestSoundboardSounds {
    fn check(&self, report: &mut Report) {
        report.amount("guild_ids", self.guild_ids.len(), 1..=usize::MAX, "guilds");
    }
}

/// Asks for details of a guild's channels (op 43).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestChannelInfo {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Which details.
    pub fields: Vec<ChannelInfoField>,
}

impl RequestChannelInfo {
    /// For these details of the channels of a guild.
    pub fn new(guild: Id<GuildMarker>, fields: impl IntoIterator<Item = ChannelInfoField>) -> Self {
        Self {
            guild_id: guild,
            fields: fields.into_iter().collect(),
        }
    }
}

impl Validate for RequestChannelInfo {
    fn check(&self, report: &mut Report) {
        report.amount("fields", self.fields.len(), 1..=usize::MAX, "fields");
    }
}

open_str! {
    /// A detail of a channel that comes on request only.
    pub enum ChannelInfoField {
        /// The text under a voice channel.
        Status = "status",
        /// When people began to talk.
        VoiceStartTime = "voice_start_time",
    }
}

impl Serialize for GatewayCommand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut frame = serializer.serialize_struct("GatewayCommand", 2)?;
        frame.serialize_field("op", &self.opcode())?;
        match self {
            Self::Heartbeat(d) => frame.serialize_field("d", d)?,
            Self::Identify(d) => frame.serialize_field("d", d)?,
            Self::UpdatePresence(d) => frame.serialize_field("d", d)?,
            Self::UpdateVoiceState(d) => frame.serialize_field("d", d)?,
            Self::Resume(d) => frame.serialize_field("d", d)?,
            Self::RequestGuildMembers(d) => frame.serialize_field("d", d)?,
            Self::RequestSoundboardSounds(d) => frame.serialize_field("d", d)?,
            Self::RequestChannelInfo(d) => frame.serialize_field("d", d)?,
            Self::Other(_, d) => frame.serialize_field("d", d)?,
        }
        frame.end()
    }
}

impl<'de> Deserialize<'de> for GatewayCommand {
    /// Reads what a bot sends, for those who stand on the other side.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn typed<T: serde::de::DeserializeOwned, E: Error>(d: &JsonValue) -> Result<T, E> {
            T::deserialize(d.value()).map_err(E::custom)
        }
        let mut frame = BTreeMap::<Text, JsonValue>::deserialize(deserializer)?;
        let opcode = frame.get("op").and_then(JsonValue::decode::<GatewayOpcode>);
        let opcode = opcode.ok_or_else(|| D::Error::missing_field("op"))?;
        let d = frame.remove("d").unwrap_or_default();
        Ok(match opcode {
            GatewayOpcode::Heartbeat => Self::Heartbeat(typed(&d)?),
            GatewayOpcode::Identify => Self::Identify(typed(&d)?),
            GatewayOpcode::PresenceUpdate => Self::UpdatePresence(typed(&d)?),
            GatewayOpcode::VoiceStateUpdate => Self::UpdateVoiceState(typed(&d)?),
            GatewayOpcode::Resume => Self::Resume(typed(&d)?),
            GatewayOpcode::RequestGuildMembers => Self::RequestGuildMembers(typed(&d)?),
            GatewayOpcode::RequestSoundboardSounds => Self::RequestSoundboardSounds(typed(&d)?),
            GatewayOpcode::RequestChannelInfo => Self::RequestChannelInfo(typed(&d)?),
            other => Self::Other(other, d),
        })
    }
}

/// Reads one id or a list of them, as Discord does.
fn one_or_more<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Id<UserMarker>>, D::Error> {
    struct OneOrMore;
    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Vec<Id<UserMarker>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id or a list of them")
        }

        fn visit_str<E: Error>(self, id: &str) -> Result<Self::Value, E> {
            id.parse().map(|id| vec![id]).map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(id) = ids.next_element()? {
                all.push(id);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(OneOrMore)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    fn read(text: &str) -> GatewayCommand {
        json::decode(text.as_bytes(), &mut Scratch::new()).unwrap()
    }

    #[test]
    fn every_command_is_read_as_it_was_written() {
        for (opcode, text) in [
            (1, r#"{"op":1,"d":251}"#),
            (1, r#"{"op":1,"d":null}"#),
            (
                2,
                r#"{"op":2,"d":{"token":"t","properties":{"os":"linux","browser":"disco","device":"disco"},"compress":true,"large_threshold":250,"shard":[0,1],"presence":{"since":91879201,"activities":[{"name":"Cards","type":0}],"status":"dnd","afk":false},"intents":5}}"#,
            ),
            (
                4,
                r#"{"op":4,"d":{"guild_id":"5","channel_id":null,"self_mute":false,"self_deaf":true}}"#,
            ),
            (
                6,
                r#"{"op":6,"d":{"token":"t","session_id":"s","seq":1337}}"#,
            ),
            (
                8,
                r#"{"op":8,"d":{"guild_id":"5","limit":0,"presences":true,"user_ids":["1","2"],"nonce":"n"}}"#,
            ),
            (31, r#"{"op":31,"d":{"guild_ids":["5"]}}"#),
            (
                43,
                r#"{"op":43,"d":{"guild_id":"5","fields":["status","weather"]}}"#,
            ),
            (99, r#"{"op":99,"d":{"loaves":3}}"#),
        ] {
            let command = read(text);
            assert_eq!(command.opcode().value(), opcode);
            assert_eq!(String::from_utf8(json::encode(&command)).unwrap(), text);
        }
    }

    #[test]
    fn one_user_stands_for_a_list_of_one() {
        let GatewayCommand::RequestGuildMembers(request) =
            read(r#"{"op":8,"d":{"guild_id":"5","limit":0,"user_ids":"7"}}"#)
        else {
            panic!()
        };
        assert_eq!(request.user_ids, [Id::new(7)]);
    }

    #[test]
    fn a_token_does_not_print() {
        let identify = Identify::new("canary", Intents::GUILDS);
        assert!(!format!("{identify:?}").contains("canary"));
    }

    #[test]
    fn what_discord_would_refuse_is_refused_before_it_is_sent() {
        let guild = Id::new(5);
        for request in [
            RequestGuildMembers::users(guild, (1..=101).map(Id::new)),
            RequestGuildMembers::users(guild, []),
            RequestGuildMembers::named(guild, "a", 0),
            RequestGuildMembers::named(guild, "a", 101),
            RequestGuildMembers::all(guild).nonce("x".repeat(33)),
        ] {
            assert!(request.clone().validate().is_err(), "{request:?}");
        }
        assert!(RequestSoundboardSounds::new([]).validate().is_err());
        assert!(RequestChannelInfo::new(guild, []).validate().is_err());

        let long =
            UpdatePresence::new(Status::Online).activity(Activity::playing("x".repeat(4096)));
        let told = GatewayCommand::UpdatePresence(long).validate().unwrap_err();
        assert!(told.to_string().contains("at most 4096"), "{told}");
    }
}
