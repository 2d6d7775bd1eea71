//! How a guild receives new members: questions, a welcome, and a form to be let in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    Id, ReactionEmoji, Report, Text, Timestamp, User, Validate,
    marker::{
        ChannelMarker, EmojiMarker, GenericMarker, GuildMarker, OnboardingPromptMarker,
        OnboardingPromptOptionMarker, RoleMarker, UserMarker,
    },
    null,
};

/// The questions which new members are asked, to find their roles and channels.
///
/// Source: Discord, "Guild Onboarding Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildOnboarding {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The questions.
    #[serde(default)]
    pub prompts: Vec<OnboardingPrompt>,
    /// The channels that everyone sees.
    #[serde(default)]
    pub default_channel_ids: Vec<Id<ChannelMarker>>,
    /// Whether new members are asked.
    #[serde(default)]
    pub enabled: bool,
    /// What counts towards the channels that there must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<OnboardingMode>,
}

/// A question.
///
/// Source: Discord, "Onboarding Prompt Structure".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OnboardingPrompt {
    /// The question's id.
    pub id: Id<OnboardingPromptMarker>,
    /// How it is asked.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OnboardingPromptType>,
    /// The answers.
    #[serde(default)]
    pub options: Vec<OnboardingPromptOption>,
    /// The question itself.
    #[serde(default)]
    pub title: Text,
    /// Whether only one answer may be chosen.
    #[serde(default)]
    pub single_select: bool,
    /// Whether it must be answered.
    #[serde(default)]
    pub required: bool,
    /// Whether new members are asked; else it stands under "channels and roles" only.
    #[serde(default)]
    pub in_onboarding: bool,
}

/// An answer, with what it brings.
///
/// Source: Discord, "Prompt Option Structure".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OnboardingPromptOption {
    /// The answer's id.
    pub id: Id<OnboardingPromptOptionMarker>,
    /// The channels it opens.
    #[serde(default)]
    pub channel_ids: Vec<Id<ChannelMarker>>,
    /// The roles it gives.
    #[serde(default)]
    pub role_ids: Vec<Id<RoleMarker>>,
    /// Its emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
    /// Its custom emoji, where it is sent to Discord.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// Its Unicode emoji, where it is sent to Discord.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji_name: Option<Text>,
    /// Whether its emoji moves, where it is sent to Discord.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji_animated: Option<bool>,
    /// The answer itself.
    #[serde(default)]
    pub title: Text,
    /// What stands below it.
    #[serde(default)]
    pub description: Option<Text>,
}

/// What new members of a community see before they look around.
///
/// Source: Discord, "Welcome Screen Object".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WelcomeScreen {
    /// The guild's description.
    #[serde(default)]
    pub description: Option<Text>,
    /// The channels to begin with, at most five.
    #[serde(default)]
    pub welcome_channels: Vec<WelcomeScreenChannel>,
}

/// A channel to begin with.
///
/// Source: Discord, "Welcome Screen Channel Structure".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WelcomeScreenChannel {
    /// The channel.
    pub channel_id: Id<ChannelMarker>,
    /// What it is for.
    #[serde(default)]
    pub description: Text,
    /// Its custom emoji.
    #[serde(default)]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// Its Unicode emoji, or the name of the custom one.
    #[serde(default)]
    pub emoji_name: Option<Text>,
}

impl Validate for WelcomeScreenChannel {
    fn check(&self, report: &mut Report) {
        report.length("description", &self.description, 1..=WELCOME_DESCRIPTION);
    }
}

/// The longest words for a channel of the welcome screen, from `GuildWelcomeChannel`.
const WELCOME_DESCRIPTION: usize = 50;

impl WelcomeScreenChannel {
    /// A channel and what it is for; 1 to 50 characters.
    pub fn new(channel_id: Id<ChannelMarker>, description: impl Into<Text>) -> Self {
        Self {
            channel_id,
            description: description.into(),
            emoji_id: None,
            emoji_name: None,
        }
    }
}

/// The guide which new members find after they have joined.
///
/// Source: Discord, "New Member Welcome".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildHomeSettings {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Whether there is one.
    #[serde(default)]
    pub enabled: bool,
    /// What is said to new members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome_message: Option<WelcomeMessage>,
    /// What they are asked to do.
    #[serde(default)]
    pub new_member_actions: Vec<NewMemberAction>,
    /// What they may want to read.
    #[serde(default)]
    pub resource_channels: Vec<ResourceChannel>,
}

/// What is said to new members.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WelcomeMessage {
    /// Who says it.
    #[serde(default)]
    pub author_ids: Vec<Id<UserMarker>>,
    /// The words.
    #[serde(default)]
    pub message: Text,
}

/// Something that new members are asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewMemberAction {
    /// Where.
    pub channel_id: Id<ChannelMarker>,
    /// What.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_type: Option<NewMemberActionType>,
    /// The title.
    #[serde(default)]
    pub title: Text,
    /// What it is about.
    #[serde(default)]
    pub description: Text,
    /// Its emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
    /// The hash of its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
}

/// A channel that new members may want to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceChannel {
    /// The channel.
    pub channel_id: Id<ChannelMarker>,
    /// The title.
    #[serde(default)]
    pub title: Text,
    /// What it is about.
    #[serde(default)]
    pub description: Text,
    /// Its emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
    /// The hash of its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
}

/// Somebody's wish to be let into a guild.
///
/// Source: Discord, "Guild Join Request".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildJoinRequest {
    /// The request's id.
    pub id: Id<GenericMarker>,
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who wants to be let in.
    pub user_id: Id<UserMarker>,
    /// The user who wants to be let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// How far it is.
    #[serde(default)]
    pub application_status: Option<JoinRequestStatus>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// The form with the answers.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub form_responses: Vec<MembershipFormField>,
    /// Why it was refused.
    #[serde(default)]
    pub rejection_reason: Option<Text>,
    /// When somebody decided.
    #[serde(default)]
    pub reviewed_at: Option<Timestamp>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actioned_by_user: Option<Box<User>>,
}

/// Some join requests of a guild.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildJoinRequests {
    /// The requests.
    #[serde(default)]
    pub guild_join_requests: Vec<GuildJoinRequest>,
    /// How many there are in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// A field of the form which those fill in who want to be let in, with the answer where one was
/// given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembershipFormField {
    /// What is asked for.
    pub field_type: MembershipFormFieldType,
    /// The question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// What stands below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Whether it must be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// What stands in the empty field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
    /// The answers to choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Text>,
    /// The rules to agree to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Text>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<FormResponse>,
}

/// An answer on a form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormResponse {
    /// Words, for a text.
    Text(Text),
    /// The place of the choice, counted from 0.
    Choice(u64),
    /// Whether the rules are agreed to.
    Agreed(bool),
}

impl Serialize for FormResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Choice(place) => serializer.serialize_u64(*place),
            Self::Agreed(agreed) => serializer.serialize_bool(*agreed),
        }
    }
}

impl<'de> Deserialize<'de> for FormResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl de::Visitor<'_> for Reader {
            type Value = FormResponse;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, the place of a choice, or a boolean")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FormResponse, E> {
                Ok(FormResponse::Text(text.into()))
            }

            fn visit_u64<E: de::Error>(self, place: u64) -> Result<FormResponse, E> {
                Ok(FormResponse::Choice(place))
            }

            fn visit_i64<E: de::Error>(self, place: i64) -> Result<FormResponse, E> {
                u64::try_from(place)
                    .map(FormResponse::Choice)
                    .map_err(|_| E::custom("the place of a choice is never negative"))
            }

            fn visit_bool<E: de::Error>(self, agreed: bool) -> Result<FormResponse, E> {
                Ok(FormResponse::Agreed(agreed))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

open_int! {
    /// What counts towards the channels that an onboarding must have.
    pub enum OnboardingMode: u32 {
        /// The channels that everyone sees.
        OnboardingDefault = 0,
        /// These, and those which answers open.
        OnboardingAdvanced = 1,
    }
}

open_int! {
    /// How a question is asked.
    pub enum OnboardingPromptType: u32 {
        MultipleChoice = 0,
        Dropdown = 1,
    }
}

open_int! {
    /// What new members are asked to do.
    pub enum NewMemberActionType: u32 {
        View = 0,
        Talk = 1,
    }
}

open_str! {
    /// How far a join request is.
    pub enum JoinRequestStatus {
        Approved = "APPROVED",
        Rejected = "REJECTED",
        Started = "STARTED",
        Submitted = "SUBMITTED",
    }
}

open_str! {
    /// What a field of the form asks for.
    pub enum MembershipFormFieldType {
        MultipleChoice = "MULTIPLE_CHOICE",
        Paragraph = "PARAGRAPH",
        Terms = "TERMS",
        TextInput = "TEXT_INPUT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn an_answer_is_words_a_place_or_an_agreement() {
        for (raw, response) in [
            (r#""for bread""#, FormResponse::Text("for bread".into())),
            ("2", FormResponse::Choice(2)),
            ("true", FormResponse::Agreed(true)),
        ] {
            let decoded: FormResponse = json::decode(raw.as_bytes(), &mut Scratch::new()).unwrap();
            assert_eq!(decoded, response);
            assert_eq!(json::encode(&decoded), raw.as_bytes());
        }
        assert!(json::decode::<FormResponse>(b"-1", &mut Scratch::new()).is_err());
    }
}
