//! Polls.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Embed, EmbedType, Id, ReactionEmoji, Report, Text, Timestamp, User, Validate, limits,
    marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
};

/// A question to which people vote, on a message.
///
/// Source: Discord, "Poll Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Poll {
    /// The question; text only.
    #[serde(default)]
    pub question: PollMedia,
    /// What can be voted for.
    #[serde(default)]
    pub answers: Vec<PollAnswer>,
    /// When it ends; today every poll does.
    #[serde(default)]
    pub expiry: Option<Timestamp>,
    /// Whether one may vote for several answers.
    #[serde(default)]
    pub allow_multiselect: bool,
    /// How it is laid out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout_type: Option<PollLayoutType>,
    /// The votes. Absent means that Discord did not look them up, not that there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<PollResults>,
}

impl Poll {
    /// How many votes an answer has; nothing where the results are not known.
    ///
    /// An answer that the results leave out has none.
    #[must_use]
    pub fn votes(&self, answer_id: u32) -> Option<u64> {
        let counts = &self.results.as_ref()?.answer_counts;
        let count = counts.iter().find(|count| count.id == answer_id);
        Some(count.map_or(0, |count| count.count))
    }
}

/// The text and emoji of a question or an answer.
///
/// ```
/// use ovenjs_types::{PollMedia, json};
/// let rye = PollMedia::from("Rye").emoji("🍞");
/// assert_eq!(rye.text.as_deref(), Some("Rye"));
/// ```
///
/// Source: Discord, "Poll Media Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollMedia {
    /// The text; at most 300 characters for a question, 55 for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// The emoji of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
}

impl PollMedia {
    /// Sets the emoji before the text of an answer.
    #[must_use]
    pub fn emoji(mut self, emoji: impl Into<ReactionEmoji>) -> Self {
        self.emoji = Some(emoji.into());
        self
    }
}

impl From<&str> for PollMedia {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for PollMedia {
    fn from(text: String) -> Self {
        Self {
            text: Some(text.into()),
            emoji: None,
        }
    }
}

/// What can be voted for.
///
/// Source: Discord, "Poll Answer Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PollAnswer {
    /// The number of the answer within its poll; counted from 1 today.
    #[serde(default)]
    pub answer_id: u32,
    /// Its text and emoji.
    #[serde(default)]
    pub poll_media: PollMedia,
}

open_int! {
    /// How a poll is laid out.
    pub enum PollLayoutType: u32 {
        Default = 1,
    }
}

/// The votes of a poll.
///
/// Source: Discord, "Poll Results Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PollResults {
    /// Whether the votes were counted exactly, which is done when the poll has ended.
    #[serde(default)]
    pub is_finalized: bool,
    /// The votes of each answer that has any.
    #[serde(default)]
    pub answer_counts: Vec<PollAnswerCount>,
}

/// The votes of an answer.
///
/// Source: Discord, "Poll Answer Count Object".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PollAnswerCount {
    /// The answer's number.
    pub id: u32,
    /// How many voted for it.
    #[serde(default)]
    pub count: u64,
    /// Whether the bot did; bots cannot today.
    #[serde(default)]
    pub me_voted: bool,
}

/// A poll to be made. The struct is its own builder.
///
/// Source: Discord, "Poll Create Request Object".
///
/// ```
/// use ovenjs_types::{PollDraft, PollMedia, json};
/// let poll = PollDraft::new("Which bread?")
///     .answer("Rye")
///     .answer(PollMedia::from("None").emoji("🚫"))
///     .hours(48)
///     .allow_multiselect();
/// let text = String::from_utf8(json::encode(&poll)).unwrap();
/// assert!(text.starts_with(r#"{"question":{"text":"Which bread?"},"answers":[{"poll_media":{"text":"Rye"}},"#));
/// assert!(text.ends_with(r#""duration":48,"allow_multiselect":true}"#));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PollDraft {
    /// The question: text only, at most 300 characters.
    pub question: PollMedia,
    /// What can be voted for: 1 to 10, each at most 55 characters.
    #[serde(serialize_with = "write_answers", deserialize_with = "read_answers")]
    pub answers: Vec<PollMedia>,
    /// How many hours it is open: 1 to 768, which is 32 days; 24 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u16>,
    /// Whether one may vote for several answers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_multiselect: bool,
    /// How it is laid out; Discord knows one way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout_type: Option<PollLayoutType>,
}

impl PollDraft {
    /// A poll without answers, which Discord would refuse until it has one.
    pub fn new(question: impl Into<PollMedia>) -> Self {
        Self {
            question: question.into(),
            ..Self::default()
        }
    }

    /// Adds an answer.
    #[must_use]
    pub fn answer(mut self, answer: impl Into<PollMedia>) -> Self {
        self.answers.push(answer.into());
        self
    }

    /// Sets for how many hours it is open.
    #[must_use]
    pub const fn hours(mut self, hours: u16) -> Self {
        self.duration = Some(hours);
        self
    }

    /// Lets people vote for several answers.
    #[must_use]
    pub const fn allow_multiselect(mut self) -> Self {
        self.allow_multiselect = true;
        self
    }
}

impl Validate for PollDraft {
    fn check(&self, report: &mut Report) {
        report.field("question", |report| {
            let text = self.question.text.as_deref().unwrap_or_default();
            report.length(
                "text",
                text,
                limits::POLL_QUESTION_MIN..=limits::POLL_QUESTION,
            );
            if self.question.emoji.is_some() {
                report.note("emoji", "stands on a question: put it on an answer");
            }
        });
        report.amount(
            "answers",
            self.answers.len(),
            1..=limits::POLL_ANSWERS,
            "answers",
        );
        report.each("answers", &self.answers, |report, answer| {
            let text = answer.text.as_deref().unwrap_or_default();
            report.length("poll_media.text", text, 1..=POLL_ANSWER_TEXT_MAX);
        });
        report.number_of("duration", self.duration, HOURS);
    }
}

/// The most characters of an answer. Discord's page says so in words: "Poll Media Object".
pub const POLL_ANSWER_TEXT_MAX: usize = 55;

/// For how long a poll may be open: 32 days.
const HOURS: std::ops::RangeInclusive<u64> = 1..=32 * 24;

/// An answer as it is sent: without the number that Discord gives it.
#[derive(Serialize, Deserialize)]
struct NewAnswer<M> {
    poll_media: M,
}

fn write_answers<S: Serializer>(answers: &[PollMedia], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(answers.iter().map(|poll_media| NewAnswer { poll_media }))
}

fn read_answers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PollMedia>, D::Error> {
    let answers = Vec::<NewAnswer<PollMedia>>::deserialize(deserializer)?;
    Ok(answers
        .into_iter()
        .map(|answer| answer.poll_media)
        .collect())
}

/// Who voted for an answer, as far as one page goes.
///
/// Source: Discord, "Get Answer Voters".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PollVoters {
    /// The voters, by rising id: ask again with `after` set to the last.
    #[serde(default)]
    pub users: Vec<User>,
}

/// A vote that was given or taken back.
///
/// Source: Discord, "Message Poll Vote Add".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PollVote {
    /// Who voted.
    pub user_id: Id<UserMarker>,
    /// The channel of the poll.
    pub channel_id: Id<ChannelMarker>,
    /// The message with the poll.
    pub message_id: Id<MessageMarker>,
    /// The guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The number of the answer.
    pub answer_id: u32,
}

/// How a poll ended, as Discord's own message tells: one of type
/// [`PollResult`](crate::MessageType::PollResult), with one embed.
///
/// Source: Discord, "Poll Result Embed Fields".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollOutcome {
    /// The question.
    pub question: Text,
    /// All votes.
    pub total_votes: u64,
    /// The votes of the answer with the most; of each of them, when several have as many.
    pub victor_votes: u64,
    /// The answer with the most votes; none where several have as many, or nobody voted.
    pub victor_answer_id: Option<u32>,
    /// Its text.
    pub victor_text: Option<Text>,
    /// Its emoji.
    pub victor_emoji: Option<ReactionEmoji>,
}

impl PollOutcome {
    /// Reads the outcome out of an embed; nothing where the embed tells of something else.
    #[must_use]
    pub fn from_embed(embed: &Embed) -> Option<Self> {
        if embed.kind != Some(EmbedType::PollResult) {
            return None;
        }
        let field = |name: &str| {
            let field = embed.fields.iter().find(|field| field.name == name);
            field.map(|field| field.value.as_str())
        };
        let number = |name: &str| field(name).and_then(|text| text.parse().ok());
        let emoji = ReactionEmoji {
            id: field("victor_answer_emoji_id").and_then(|id| id.parse().ok()),
            name: field("victor_answer_emoji_name").map(Text::from),
            animated: field("victor_answer_emoji_animated") == Some("true"),
            details: None,
        };
        Some(Self {
            question: field("poll_question_text").unwrap_or_default().into(),
            total_votes: number("total_votes").unwrap_or_default(),
            victor_votes: number("victor_answer_votes").unwrap_or_default(),
            victor_answer_id: field("victor_answer_id").and_then(|id| id.parse().ok()),
            victor_text: field("victor_answer_text").map(Text::from),
            victor_emoji: (emoji.id.is_some() || emoji.name.is_some()).then_some(emoji),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn votes_that_were_not_looked_up_are_not_zero_votes() {
        let mut poll = decode(
            r#"{"question":{"text":"?"},"answers":[{"answer_id":1,"poll_media":{"text":"a"}}],
                "expiry":null,"allow_multiselect":false,"layout_type":9}"#,
        );
        assert_eq!(poll.layout_type, Some(PollLayoutType::Unknown(9)));
        assert_eq!(poll.votes(1), None);

        let results =
            r#"{"is_finalized":true,"answer_counts":[{"id":2,"count":5,"me_voted":false}]}"#;
        poll.results = Some(json::decode(results.as_bytes(), &mut Scratch::new()).unwrap());
        assert_eq!(poll.votes(1), Some(0));
        assert_eq!(poll.votes(2), Some(5));
    }

    #[test]
    fn the_result_message_tells_who_won() {
        let text = r#"{"type":"poll_result","fields":[
            {"name":"poll_question_text","value":"Which bread?","inline":false},
            {"name":"victor_answer_votes","value":"3","inline":false},
            {"name":"total_votes","value":"4","inline":false},
            {"name":"victor_answer_id","value":"1","inline":false},
            {"name":"victor_answer_text","value":"Rye","inline":false},
            {"name":"victor_answer_emoji_name","value":"🍞","inline":false}]}"#;
        let embed: Embed = json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        let outcome = PollOutcome::from_embed(&embed).unwrap();
        assert_eq!(outcome.question, "Which bread?");
        assert_eq!((outcome.victor_votes, outcome.total_votes), (3, 4));
        assert_eq!(outcome.victor_answer_id, Some(1));
        assert_eq!(outcome.victor_emoji, Some("🍞".into()));

        // A draw has no victor, and another embed no outcome.
        let draw = Embed {
            fields: embed.fields[..3].to_vec(),
            ..embed
        };
        let outcome = PollOutcome::from_embed(&draw).unwrap();
        assert_eq!(
            (outcome.victor_answer_id, outcome.victor_emoji),
            (None, None)
        );
        assert_eq!(
            PollOutcome::from_embed(&Embed::new().field("total_votes", "4", false)),
            None
        );
    }

    #[test]
    fn what_is_sent_can_be_read_again() {
        let poll = PollDraft::new("Which bread?")
            .answer("Rye")
            .answer(PollMedia::default().emoji("🍞"));
        let text = json::encode(&poll);
        assert_eq!(
            json::decode::<PollDraft>(&text, &mut Scratch::new()).unwrap(),
            poll
        );
    }

    #[test]
    fn a_poll_that_discord_would_refuse_says_where() {
        let told = PollDraft::new("")
            .answer("x".repeat(56))
            .hours(769)
            .validate()
            .unwrap_err();
        let paths: Vec<&str> = told.violations().iter().map(|v| &*v.path).collect();
        assert_eq!(
            paths,
            ["question.text", "answers[0].poll_media.text", "duration"]
        );
        assert_eq!(told.violations()[2].measure.unwrap().most, 768);

        let none = PollDraft::new(PollMedia::from("?").emoji("🍞"))
            .validate()
            .unwrap_err();
        let paths: Vec<&str> = none.violations().iter().map(|v| &*v.path).collect();
        assert_eq!(paths, ["question.emoji", "answers"]);
        assert!(
            PollDraft::new("?")
                .answer("x".repeat(55))
                .hours(768)
                .validate()
                .is_ok()
        );
    }

    #[test]
    fn the_limits_are_those_of_the_tables() {
        assert_eq!(
            usize::try_from(*HOURS.end()),
            Ok(limits::POLL_DURATION_HOURS)
        );
        assert_eq!(
            usize::try_from(*HOURS.start()),
            Ok(limits::POLL_DURATION_HOURS_MIN)
        );
    }

    fn decode(text: &str) -> Poll {
        json::decode(text.as_bytes(), &mut Scratch::new()).unwrap()
    }
}
