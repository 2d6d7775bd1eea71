//! Templates: guilds to be made again.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    AfkTimeout, ChannelFlags, ChannelType, DefaultMessageNotificationLevel, DefaultReaction,
    ExplicitContentFilterLevel, ForumLayout, Id, Locale, OverwriteType, Permissions, RoleColors,
    SystemChannelFlags, Text, ThreadAutoArchiveDuration, ThreadSearchTagSetting, ThreadSortOrder,
    Timestamp, User, VerificationLevel,
    marker::{EmojiMarker, GuildMarker, UserMarker},
    null,
};

/// A guild to be made again, found by its code.
///
/// Source: Discord, "Guild Template Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildTemplate {
    /// The code, which is the template's id.
    pub code: Text,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Its description.
    #[serde(default)]
    pub description: Option<Text>,
    /// How often it was used.
    #[serde(default)]
    pub usage_count: u64,
    /// Who made it.
    pub creator_id: Id<UserMarker>,
    /// The user who made it.
    #[serde(default)]
    pub creator: Option<Box<User>>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it last took the guild's form.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// The guild it was made of.
    pub source_guild_id: Id<GuildMarker>,
    /// The guild's form.
    #[serde(default)]
    pub serialized_source_guild: TemplateGuild,
    /// Whether the guild has changed since.
    #[serde(default)]
    pub is_dirty: Option<bool>,
}

/// The form of a guild.
///
/// Nothing in it exists yet, so its ids are places counted from 0 and no [`Id`]s. Older templates
/// write the ids that point elsewhere as numbers and newer ones as texts; both are read, and texts
/// are written.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateGuild {
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Its description.
    #[serde(default)]
    pub description: Option<Text>,
    /// The hash of its icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_hash: Option<Text>,
    /// The voice region it was bound to. Discord no longer uses it.
    #[serde(default)]
    pub region: Option<Text>,
    /// What members need before they may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_level: Option<VerificationLevel>,
    /// What members hear of, if they do not choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_message_notifications: Option<DefaultMessageNotificationLevel>,
    /// Whose media are scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit_content_filter: Option<ExplicitContentFilterLevel>,
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_locale: Option<Locale>,
    /// After how long somebody counts as away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afk_timeout: Option<AfkTimeout>,
    /// Its roles; 0 is `@everyone`.
    #[serde(default)]
    pub roles: Vec<TemplateRole>,
    /// Its channels.
    #[serde(default)]
    pub channels: Vec<TemplateChannel>,
    /// Where those go who are away.
    #[serde(default)]
    pub afk_channel_id: Option<Place>,
    /// Where Discord announces joins and boosts.
    #[serde(default)]
    pub system_channel_id: Option<Place>,
    /// What is left out of these announcements.
    #[serde(default)]
    pub system_channel_flags: SystemChannelFlags,
}

/// A role of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateRole {
    /// Its place; 0 is `@everyone`.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// What it allows.
    #[serde(default)]
    pub permissions: Permissions,
    /// Its colour, as `0xRRGGBB`; 0 for none.
    #[serde(default)]
    pub color: u32,
    /// Its colours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colors: Option<RoleColors>,
    /// Whether its members are listed apart.
    #[serde(default)]
    pub hoist: bool,
    /// Whether everyone may mention it.
    #[serde(default)]
    pub mentionable: bool,
    /// The hash of its icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
    /// The emoji that stands for an icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unicode_emoji: Option<Text>,
}

/// A channel of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateChannel {
    /// Its place.
    #[serde(default)]
    pub id: Option<u64>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ChannelType,
    /// Its name.
    #[serde(default)]
    pub name: Option<Text>,
    /// Its place in the list.
    #[serde(default)]
    pub position: Option<i64>,
    /// Its topic.
    #[serde(default)]
    pub topic: Option<Text>,
    /// Bits a second of its voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u32>,
    /// How many may be in its voice at once; 0 for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_limit: Option<u32>,
    /// Whether it is age-restricted.
    #[serde(default)]
    pub nsfw: bool,
    /// Seconds a member waits between two messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_user: Option<u32>,
    /// Its category.
    #[serde(default)]
    pub parent_id: Option<Place>,
    /// Who may do what there, as exceptions to the roles.
    #[serde(default)]
    pub permission_overwrites: Vec<TemplateOverwrite>,
    /// After how long without a message its new threads are hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_auto_archive_duration: Option<ThreadAutoArchiveDuration>,
    /// Seconds a member waits between two messages in its new threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_thread_rate_limit_per_user: Option<u32>,
    /// The tags of a forum.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub available_tags: Vec<TemplateTag>,
    /// The emoji that posts of a forum offer first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_reaction_emoji: Option<DefaultReaction>,
    /// How the posts of a forum are sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_sort_order: Option<ThreadSortOrder>,
    /// How the posts of a forum are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_forum_layout: Option<ForumLayout>,
    /// How a search for several tags of a forum is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_tag_setting: Option<ThreadSearchTagSetting>,
    /// The name of the ready-made form it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Text>,
    /// Its colour, as `0xRRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme_color: Option<u32>,
    /// The channel's flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<ChannelFlags>,
}

/// An exception to what roles allow, for one role in one channel of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateOverwrite {
    /// The role's place.
    pub id: Place,
    /// For whom it is; members are not part of templates.
    #[serde(rename = "type")]
    pub kind: OverwriteType,
    /// What is allowed beyond the roles.
    #[serde(default)]
    pub allow: Permissions,
    /// What is denied in spite of the roles.
    #[serde(default)]
    pub deny: Permissions,
}

/// A tag of a forum of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateTag {
    /// Its place.
    #[serde(default)]
    pub id: Option<u64>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Its custom emoji.
    #[serde(default)]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// Its Unicode emoji.
    #[serde(default)]
    pub emoji_name: Option<Text>,
    /// Whether only members with `MANAGE_THREADS` may apply it.
    #[serde(default)]
    pub moderated: Option<bool>,
}

/// Points to the role or channel of a template with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(pub u64);

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl de::Visitor<'_> for Reader {
            type Value = Place;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place as a number or a decimal text")
            }

            fn visit_u64<E: de::Error>(self, place: u64) -> Result<Place, E> {
                Ok(Place(place))
            }

            fn visit_i64<E: de::Error>(self, place: i64) -> Result<Place, E> {
                u64::try_from(place)
                    .map(Place)
                    .map_err(|_| E::custom("a place is never negative"))
            }

            fn visit_str<E: de::Error>(self, place: &str) -> Result<Place, E> {
                place
                    .parse()
                    .map(Place)
                    .map_err(|_| E::custom("a place is a decimal number"))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn the_place_0_is_everyone_and_no_error() {
        let raw = br#"{"name":"x","roles":[{"id":0,"name":"@everyone","permissions":104324689}],
            "channels":[{"id":1,"type":4,"name":"c"},{"id":2,"type":0,"parent_id":1,
            "permission_overwrites":[{"id":0,"type":0,"allow":"0","deny":"1024"}]}],"system_channel_id":"2"}"#;
        let guild: TemplateGuild = json::decode(raw, &mut Scratch::new()).unwrap();
        assert_eq!(guild.roles[0].id, 0);
        assert_eq!(guild.channels[1].parent_id, Some(Place(1)));
        assert_eq!(guild.channels[1].permission_overwrites[0].id, Place(0));
        assert_eq!(guild.system_channel_id, Some(Place(2)));
        assert!(json::decode::<Place>(b"-1", &mut Scratch::new()).is_err());
    }
}
