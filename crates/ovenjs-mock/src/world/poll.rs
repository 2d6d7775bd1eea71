//! Polls: asked, voted on, closed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time,
};

use super::{World, due::Due};

impl World {
    /// The poll of a message as it is kept, from what the request asks for; it closes by itself.
    pub(super) fn open_poll(&mut self, channel: u64, message: u64, asked: &Object) -> Value {
        let hours = asked.int("duration").unwrap_or(24);
        let expiry = self.now_ms + hours * 3_600_000;
        let answers: Vec<Value> = asked
            .list("answers")
            .iter()
            .zip(1_u64..)
            .map(|(answer, id)| {
                json!({ "answer_id": id, "poll_media": media(answer.get("poll_media")) })
            })
            .collect();
        self.schedule(expiry, Due::Poll { channel, message });
        json!({
            "question": media(asked.get("question")),
            "answers": answers,
            "expiry": time::iso8601(expiry),
            "allow_multiselect": asked.flag("allow_multiselect").unwrap_or(false),
            "layout_type": asked.int("layout_type").unwrap_or(1),
            "results": { "is_finalized": false, "answer_counts": [] },
        })
    }

    /// A user votes for an answer; where only one may be chosen, instead of the one before.
    pub(crate) fn vote(
        &mut self,
        channel: u64,
        message: u64,
        user: u64,
        answer: u64,
    ) -> Result<(), Failure> {
        let poll = self.running_poll(channel, message)?;
        let known = poll.list("answers").iter();
        let known = known.filter_map(|one| one.get("answer_id")?.as_u64());
        if !known.into_iter().any(|id| id == answer) {
            return Err(Failure::form(
                &["answer_ids"],
                "POLL_INVALID_ANSWER",
                "The poll has no such answer",
            ));
        }
        let many = poll.flag("allow_multiselect") == Some(true);
        let kept = self.kept(channel, message)?;
        let others: Vec<u64> = kept
            .votes
            .iter()
            .filter(|(id, users)| **id != answer && users.contains(&user))
            .map(|(id, _)| *id)
            .collect();
        for other in others.into_iter().filter(|_| !many) {
            self.unvote(channel, message, user, other)?;
        }
        let new = self
            .kept_mut(channel, message)
            .is_some_and(|kept| kept.votes.entry(answer).or_default().insert(user));
        if new {
            self.tell_vote("MESSAGE_POLL_VOTE_ADD", (channel, message), user, answer);
        }
        Ok(())
    }

    /// A user takes a vote back.
    pub(crate) fn unvote(
        &mut self,
        channel: u64,
        message: u64,
        user: u64,
        answer: u64,
    ) -> Result<(), Failure> {
        self.running_poll(channel, message)?;
        let gone = self
            .kept_mut(channel, message)
            .and_then(|kept| kept.votes.get_mut(&answer))
            .is_some_and(|users| users.remove(&user));
        if gone {
            self.tell_vote("MESSAGE_POLL_VOTE_REMOVE", (channel, message), user, answer);
        }
        Ok(())
    }

    /// The poll of a message; closing is refused with the code for what is none.
    pub(crate) fn running_poll(&self, channel: u64, message: u64) -> Result<&Object, Failure> {
        let kept = self.kept(channel, message)?;
        let poll = kept.object.get("poll").and_then(Value::as_object);
        let poll =
            poll.ok_or_else(|| Failure::new(400, 520_006, "Cannot expire a non-poll message"))?;
        if is_finalized(poll) {
            return Err(Failure::new(400, 520_001, "Poll expired"));
        }
        Ok(poll)
    }

    /// Counts the votes for good, and says so in the channel.
    pub(crate) fn close_poll(&mut self, channel: u64, message: u64) {
        if self.running_poll(channel, message).is_err() {
            return;
        }
        let now = self.timestamp();
        let now_ms = self.now_ms;
        let Some(kept) = self.kept_mut(channel, message) else {
            return;
        };
        let author = kept.author().unwrap_or_default();
        let votes = kept.votes.clone();
        let public = kept.only_for.is_none();
        let Some(Value::Object(poll)) = kept.object.get_mut("poll") else {
            return;
        };
        poll.set(
            "results",
            json!({ "is_finalized": true, "answer_counts": [] }),
        );
        if poll
            .text("expiry")
            .and_then(time::unix_ms_of)
            .is_some_and(|at| at > now_ms)
        {
            poll.set("expiry", now);
        }
        let embed = outcome(poll, &votes);
        if !public {
            return;
        }
        self.tell("MESSAGE_UPDATE", channel, message);
        let mut reference = object(json!({
            "type": 0,
            "channel_id": channel.to_string(),
            "message_id": message.to_string(),
        }));
        if let Some(guild) = self.channel_guild(channel) {
            reference.set("guild_id", guild.to_string());
        }
        let fields = json!({ "message_reference": reference, "embeds": [embed] });
        self.note(channel, author, POLL_RESULT, object(fields));
    }

    fn tell_vote(&mut self, event: &str, place: (u64, u64), user: u64, answer: u64) {
        let (channel, message) = place;
        let guild = self.channel_guild(channel);
        let mut data = object(json!({
            "user_id": user.to_string(),
            "channel_id": channel.to_string(),
            "message_id": message.to_string(),
            "answer_id": answer,
        }));
        if let Some(guild) = guild {
            data.set("guild_id", guild.to_string());
        }
        self.emit(event, guild, Value::Object(data));
    }
}

/// The counts as `viewer` sees them; answers without a vote are left out.
pub(super) fn results(poll: &Object, votes: &BTreeMap<u64, BTreeSet<u64>>, viewer: u64) -> Value {
    let counts: Vec<Value> = votes
        .iter()
        .filter(|(_, users)| !users.is_empty())
        .map(|(id, users)| {
            json!({ "id": id, "count": users.len(), "me_voted": users.contains(&viewer) })
        })
        .collect();
    json!({ "is_finalized": is_finalized(poll), "answer_counts": counts })
}

fn is_finalized(poll: &Object) -> bool {
    let results = poll.get("results").and_then(Value::as_object);
    results.is_some_and(|results| results.flag("is_finalized") == Some(true))
}

/// The embed of the message about a poll's end.
fn outcome(poll: &Object, votes: &BTreeMap<u64, BTreeSet<u64>>) -> Value {
    let total: usize = votes.values().map(BTreeSet::len).sum();
    let most = votes.values().map(BTreeSet::len).max().unwrap_or(0);
    let winners: Vec<u64> = votes
        .iter()
        .filter(|(_, users)| most > 0 && users.len() == most)
        .map(|(id, _)| *id)
        .collect();
    let question = poll
        .get("question")
        .and_then(|question| question.get("text")?.as_str())
        .unwrap_or_default();
    let mut fields = vec![
        ("poll_question_text".to_owned(), question.to_owned()),
        ("victor_answer_votes".to_owned(), most.to_string()),
        ("total_votes".to_owned(), total.to_string()),
    ];
    // A draw has no victor.
    if let [winner] = winners.as_slice() {
        fields.push(("victor_answer_id".to_owned(), winner.to_string()));
        let answer = poll
            .list("answers")
            .iter()
            .find(|one| one.get("answer_id").and_then(Value::as_u64) == Some(*winner));
        let media = answer.and_then(|answer| answer.get("poll_media"));
        let text = media.and_then(|media| media.get("text")?.as_str());
        if let Some(text) = text {
            fields.push(("victor_answer_text".to_owned(), text.to_owned()));
        }
    }
    let fields: Vec<Value> = fields
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value, "inline": false }))
        .collect();
    json!({ "type": "poll_result", "fields": fields })
}

/// Text and emoji of a question or an answer.
fn media(asked: Option<&Value>) -> Value {
    let mut media = Object::new();
    let asked = asked
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if let Some(text) = asked.text("text") {
        media.set("text", text);
    }
    if let Some(emoji) = asked.get("emoji").and_then(Value::as_object) {
        let id = emoji.key("id").map(|id| id.to_string());
        media.set("emoji", json!({ "id": id, "name": emoji.text("name") }));
    }
    Value::Object(media)
}

/// The type of the message about a poll's end.
const POLL_RESULT: u64 = 46;
