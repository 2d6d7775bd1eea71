//! Presences: who is online, and what they are doing.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};

use crate::{
    Id, ReactionEmoji, Text, User,
    marker::{ApplicationMarker, GuildMarker},
};

/// Whether a user of a guild is online, where, and what they are doing.
///
/// The user carries the fields that changed; often the id alone.
///
/// Source: Discord, "Presence Update".
///
/// ```
/// use ovenjs_types::{ActivityType, Presence, Status, json};
/// let text = br#"{"user":{"id":"80"},"guild_id":"5","status":"idle","client_status":{"web":"idle"},
///     "activities":[{"name":"Rocket League","type":0},{"name":"hum","type":77}]}"#;
/// let presence: Presence = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(presence.status, Some(Status::Idle));
/// assert_eq!(presence.client_status.desktop, None);
/// assert_eq!(presence.activities[1].kind, ActivityType::Unknown(77));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Presence {
    /// Whose presence it is.
    pub user: User,
    /// The guild; left out in `GUILD_CREATE`, where it is the guild's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The coloured dot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What the user is doing.
    #[serde(default)]
    pub activities: Vec<Activity>,
    /// The dot on each kind of device.
    #[serde(default)]
    pub client_status: ClientStatus,
}

/// The dot on each kind of device; absent where the user is offline or invisible there.
///
/// Source: Discord, "Client Status Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientStatus {
    /// In the desktop application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desktop: Option<Status>,
    /// On a phone or tablet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Status>,
    /// In a browser; bots are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<Status>,
    /// In a headset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vr: Option<Status>,
}

open_str! {
    /// The coloured dot.
    pub enum Status {
        /// Green.
        Online = "online",
        /// Red: do not disturb.
        Dnd = "dnd",
        /// Yellow.
        Idle = "idle",
        /// Shown as offline; only sent, never received.
        Invisible = "invisible",
        /// Grey.
        Offline = "offline",
    }
}

/// What a user or a bot is doing.
///
/// Of a bot Discord takes name, kind, state and url only.
///
/// Source: Discord, "Activity Object".
///
/// ```
/// use ovenjs_types::{Activity, json};
/// assert_eq!(
///     json::encode(&Activity::custom("away")),
///     br#"{"name":"Custom Status","type":4,"state":"away"}"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Activity {
    /// Its name, e.g. that of a game; for a custom status it is not shown but must be there.
    #[serde(default)]
    pub name: Text,
    /// Of what kind it is.
    #[serde(rename = "type")]
    pub kind: ActivityType,
    /// The stream, for streaming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
    /// When it was added to the user's session, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<u64>,
    /// From when to when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<ActivityTimestamps>,
    /// The game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// Which text is shown in the member list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_display_type: Option<StatusDisplayType>,
    /// What the player is doing now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Text>,
    /// Where a click on the details leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details_url: Option<Text>,
    /// The text of a custom status, or how the party does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Text>,
    /// Where a click on the state leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_url: Option<Text>,
    /// The emoji of a custom status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
    /// With whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<ActivityParty>,
    /// Its images and what they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<Box<ActivityAssets>>,
    /// With which others join or watch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Box<ActivitySecrets>>,
    /// Whether it is a game session of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<bool>,
    /// What others may do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<ActivityFlags>,
    /// Its buttons; at most 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ActivityButton>,
}

impl Activity {
    /// An activity with a name and a kind.
    pub fn new(kind: ActivityType, name: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            kind,
            url: None,
            created_at: None,
            timestamps: None,
            application_id: None,
            status_display_type: None,
            details: None,
            details_url: None,
            state: None,
            state_url: None,
            emoji: None,
            party: None,
            assets: None,
            secrets: None,
            instance: None,
            flags: None,
            buttons: Vec::new(),
        }
    }

    /// "Playing …".
    pub fn playing(name: impl Into<Text>) -> Self {
        Self::new(ActivityType::Playing, name)
    }

    /// "Streaming …", with the address of the stream, which is on Twitch or YouTube.
    pub fn streaming(name: impl Into<Text>, url: impl Into<Text>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::new(ActivityType::Streaming, name)
        }
    }

    /// "Listening to …".
    pub fn listening(name: impl Into<Text>) -> Self {
        Self::new(ActivityType::Listening, name)
    }

    /// "Watching …".
    pub fn watching(name: impl Into<Text>) -> Self {
        Self::new(ActivityType::Watching, name)
    }

    /// A text of one's own.
    pub fn custom(state: impl Into<Text>) -> Self {
        Self::new(ActivityType::Custom, "Custom Status").state(state)
    }

    /// "Competing in …".
    pub fn competing(name: impl Into<Text>) -> Self {
        Self::new(ActivityType::Competing, name)
    }

    /// Adds a second line.
    #[must_use]
    pub fn state(mut self, state: impl Into<Text>) -> Self {
        self.state = Some(state.into());
        self
    }
}

open_int! {
    /// What kind of activity it is.
    pub enum ActivityType: u32 {
        Playing = 0,
        Streaming = 1,
        Listening = 2,
        Watching = 3,
        Custom = 4,
        Competing = 5,
    }
}

open_int! {
    /// Which text of an activity is shown in the member list.
    pub enum StatusDisplayType: u32 {
        Name = 0,
        State = 1,
        Details = 2,
    }
}

flags! {
    /// What an activity contains and allows.
    pub struct ActivityFlags as number {
        INSTANCE = 0,
        JOIN = 1,
        SPECTATE = 2,
        JOIN_REQUEST = 3,
        SYNC = 4,
        PLAY = 5,
        PARTY_PRIVACY_FRIENDS = 6,
        PARTY_PRIVACY_VOICE_CHANNEL = 7,
        EMBEDDED = 8,
    }
}

/// From when to when, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivityTimestamps {
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
}

/// With whom the user plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivityParty {
    /// The party, in the game's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text>,
    /// How many are in it, and how many may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[i64; 2]>,
}

/// The images of an activity: ids of assets, or `mp:` and the path of an external one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivityAssets {
    /// The large image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_image: Option<Text>,
    /// What is said when the pointer is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_text: Option<Text>,
    /// Where a click on it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_url: Option<Text>,
    /// The small image in its corner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small_image: Option<Text>,
    /// What is said when the pointer is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small_text: Option<Text>,
    /// Where a click on it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small_url: Option<Text>,
    /// The background of a game invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_cover_image: Option<Text>,
}

/// With which others join or watch. A game's own; everyone who sees the presence sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivitySecrets {
    /// For joining the party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Text>,
    /// For watching.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectate: Option<Text>,
    /// For one match.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub of_match: Option<Text>,
}

/// A button of an activity. The gateway shows bots the label alone, as a bare text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActivityButton {
    /// What it says; 1 to 32 characters.
    pub label: Text,
    /// Where it leads; 1 to 512 characters.
    pub url: Option<Text>,
}

impl Serialize for ActivityButton {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a> {
            label: &'a str,
            url: &'a str,
        }
        let label = &self.label;
        match &self.url {
            Some(url) => Whole { label, url }.serialize(serializer),
            None => label.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ActivityButton {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ActivityButton;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a label, or a label and a url")
            }

            fn visit_str<E: Error>(self, label: &str) -> Result<ActivityButton, E> {
                Ok(ActivityButton {
                    label: label.into(),
                    url: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ActivityButton, A::Error> {
                #[derive(Deserialize)]
                struct Whole {
                    label: Text,
                    #[serde(default)]
                    url: Option<Text>,
                }
                let map = serde::de::value::MapAccessDeserializer::new(map);
                let Whole { label, url } = Whole::deserialize(map)?;
                Ok(ActivityButton { label, url })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn a_presence_of_tomorrow_comes_back_as_it_came() {
        let text = r#"{"user":{"id":"80"},"status":"floating","activities":[{"name":"x","type":77,
            "flags":1048577,"status_display_type":9,"party":{"size":[1,5]},
            "buttons":["Join",{"label":"Watch","url":"https://e.test"}]}],
            "client_status":{"mobile":"floating"}}"#;
        let presence: Presence = json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        assert_eq!(presence.status, Some(Status::Unknown("floating".into())));
        let back: serde_json::Value = serde_json::from_slice(&json::encode(&presence)).unwrap();
        let came: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(back["activities"], came["activities"]);
        assert_eq!(back["client_status"], came["client_status"]);
        assert_eq!(back["status"], came["status"]);
        assert_eq!(back["user"]["id"], "80");
    }

    #[test]
    fn an_activity_without_a_kind_costs_that_activity() {
        let text = r#"{"user":{"id":"80"},"activities":[{"name":"x"},{"name":"y","type":2}]}"#;
        let mut scratch = Scratch::new();
        let presence: Presence = json::decode_tolerant(text.as_bytes(), &mut scratch).unwrap();
        assert_eq!(presence.activities, [Activity::listening("y")]);
        assert_eq!(scratch.take_drift().len(), 1);
    }
}
