//! What changes on messages that are kept.

use std::collections::BTreeMap;

use super::{
    model::{Place, author, id, number, without},
    *,
};

impl Place {
    /// What an event of messages makes of them.
    pub(super) fn change_messages(
        &mut self,
        name: &str,
        payload: &Value,
        users: &mut BTreeMap<u64, Value>,
        bot: Option<u64>,
    ) {
        let own = number(&payload["id"]);
        match name {
            "MESSAGE_UPDATE" if payload["author"].is_null() => {
                let ring = self
                    .messages
                    .entry(number(&payload["channel_id"]))
                    .or_default();
                let parts = payload.as_object().unwrap().iter();
                let parts = parts
                    .filter(|(field, _)| !["id", "channel_id", "guild_id"].contains(&&***field));
                if let Some(message) = ring.get_mut(&own) {
                    parts.for_each(|(field, value)| message[field] = value.clone());
                }
            }
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" => {
                let channel = number(&payload["channel_id"]);
                if name == "MESSAGE_CREATE" {
                    self.count_messages(channel, &payload["type"], 1);
                    if author(payload).is_some() && payload["member"].is_object() {
                        let mut event = json!({"member": payload["member"]});
                        event["member"]["user"] = payload["author"].clone();
                        let user = number(&payload["author"]["id"]);
                        for field in ["avatar_decoration_data", "collectibles"] {
                            if let Some(former) = self.members.get(&user)
                                && event["member"][field].is_null()
                            {
                                event["member"][field] = former[field].clone();
                            }
                        }
                        self.see(&event, users, bot);
                    }
                }
                let payload = &without(payload.clone(), "member");
                let ring = self.messages.entry(channel).or_default();
                if name == "MESSAGE_CREATE" || ring.contains_key(&own) {
                    if let Some(author) = author(payload) {
                        users.insert(author, payload["author"].clone());
                    }
                    let mut message = payload.clone();
                    if let Some(former) = ring.get(&own).filter(|_| name == "MESSAGE_UPDATE") {
                        let is_none = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
                        if is_none(&message["reactions"]) {
                            message["reactions"] =
                                json!(former["reactions"].as_array().unwrap_or(&Vec::new()));
                        }
                        let (poll, known) = (&message["poll"], &former["poll"]);
                        if poll.is_object() && known.is_object() && poll["results"].is_null() {
                            message["poll"] = known.clone();
                        }
                    }
                    ring.insert(own, message);
                    if ring.len() > self.keep.messages_of_channel() {
                        ring.pop_first();
                    }
                }
            }
            "MESSAGE_REACTION_ADD"
            | "MESSAGE_REACTION_REMOVE"
            | "MESSAGE_REACTION_REMOVE_ALL"
            | "MESSAGE_REACTION_REMOVE_EMOJI"
            | "MESSAGE_POLL_VOTE_ADD"
            | "MESSAGE_POLL_VOTE_REMOVE" => {
                if name == "MESSAGE_REACTION_ADD" {
                    self.see(payload, users, bot);
                }
                let ring = self
                    .messages
                    .entry(number(&payload["channel_id"]))
                    .or_default();
                let is_bot = bot == Some(number(&payload["user_id"]));
                let is_asked = match name.contains("POLL") {
                    true => self.keep.poll_votes,
                    false => self.keep.reactions,
                };
                if let Some(message) = ring
                    .get_mut(&number(&payload["message_id"]))
                    .filter(|_| is_asked)
                {
                    feed_back(name, message, payload, is_bot);
                }
            }
            "MESSAGE_DELETE" => {
                let channel = number(&payload["channel_id"]);
                self.forget_counted(channel, own);
                if let Some(ring) = self.messages.get_mut(&number(&payload["channel_id"])) {
                    ring.remove(&own);
                }
            }
            "MESSAGE_DELETE_BULK" => {
                let gone: Vec<u64> = payload["ids"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(number)
                    .collect();
                for id in &gone {
                    let channel = number(&payload["channel_id"]);
                    self.forget_counted(channel, *id);
                    let ring = self.messages.entry(channel).or_default();
                    ring.remove(id);
                }
                if let Some(ring) = self.messages.get_mut(&number(&payload["channel_id"])) {
                    ring.retain(|id, _| !gone.contains(id));
                }
            }
            other => panic!("{other}"),
        }
    }

    /// The last message of a channel is no earlier than the newest that is kept.
    pub(super) fn note_last_messages(&mut self) {
        for (channel, value) in self.channels.iter_mut().chain(&mut self.threads) {
            let ring = self.messages.get(channel);
            let newest = ring.and_then(|ring| ring.keys().max()).copied();
            if newest > Some(number(&value["last_message_id"])) {
                value["last_message_id"] = id(newest.unwrap());
            }
        }
    }

    fn forget_counted(&mut self, channel: u64, message: u64) {
        let known = self
            .messages
            .get(&channel)
            .and_then(|ring| ring.get(&message));
        let kind = known.map_or(Value::Null, |message| message["type"].clone());
        self.count_messages(channel, &kind, -1);
    }

    /// What people write in a thread is counted there.
    fn count_messages(&mut self, channel: u64, kind: &Value, more: i64) {
        let is_written = kind.is_null() || [0, 19, 20, 23].contains(&kind.as_u64().unwrap());
        if let Some(thread) = self.threads.get_mut(&channel).filter(|_| is_written) {
            for (field, more) in [("message_count", more), ("total_message_sent", more.max(0))] {
                if let Some(count) = thread[field].as_u64() {
                    thread[field] = json!(count.saturating_add_signed(more));
                }
            }
        }
    }
}

/// What an event of reactions or votes makes of a message.
fn feed_back(name: &str, message: &mut Value, event: &Value, is_bot: bool) {
    let comes = name.ends_with("ADD");
    let bump = |count: &mut Value, me: &mut Value| {
        let is_told_twice = is_bot && me.as_bool().unwrap_or_default() == comes;
        if !is_told_twice {
            let counted = count.as_u64().unwrap_or_default();
            *count = json!(if comes {
                counted + 1
            } else {
                counted.saturating_sub(1)
            });
        }
        if is_bot {
            *me = json!(comes);
        }
    };
    if name.contains("POLL") {
        if !message["poll"].is_object() {
            return;
        }
        let results = &mut message["poll"]["results"];
        if !results.is_object() {
            *results = json!({});
        }
        let counts = &mut results["answer_counts"];
        let mut known = counts.as_array().cloned().unwrap_or_default();
        let answer = &event["answer_id"];
        if comes && !known.iter().any(|votes| votes["id"] == *answer) {
            known.push(json!({"id": answer, "count": 0}));
        }
        if let Some(votes) = known.iter_mut().find(|votes| votes["id"] == *answer) {
            let (mut count, mut me) = (votes["count"].take(), votes["me_voted"].take());
            bump(&mut count, &mut me);
            *votes =
                json!({"id": answer, "count": count, "me_voted": me.as_bool().unwrap_or_default()});
        }
        known.retain(|votes| votes["count"].as_u64() > Some(0));
        *counts = json!(known);
        return;
    }
    let mut reactions = message["reactions"].as_array().cloned().unwrap_or_default();
    let emoji = &event["emoji"];
    let is_it = |reaction: &Value| {
        let known = &reaction["emoji"];
        known["id"] == emoji["id"] && (!emoji["id"].is_null() || known["name"] == emoji["name"])
    };
    match name {
        "MESSAGE_REACTION_REMOVE_ALL" => reactions.clear(),
        "MESSAGE_REACTION_REMOVE_EMOJI" => reactions.retain(|reaction| !is_it(reaction)),
        _ => {
            if comes && !reactions.iter().any(is_it) {
                let details = json!({"burst": 0, "normal": 0});
                reactions.push(json!({"emoji": emoji, "count_details": details, "me": false, "me_burst": false}));
            }
            if let Some(reaction) = reactions.iter_mut().find(|reaction| is_it(reaction)) {
                let is_burst = event["burst"] == true;
                let (kind, me) = if is_burst {
                    ("burst", "me_burst")
                } else {
                    ("normal", "me")
                };
                let was_me = reaction[me].clone();
                let (mut count, mut is_me) =
                    (reaction["count_details"][kind].take(), reaction[me].take());
                bump(&mut count, &mut is_me);
                (reaction["count_details"][kind], reaction[me]) = (count, is_me);
                let is_told_twice = is_bot && was_me == json!(comes);
                if comes && !is_told_twice {
                    reaction["burst_colors"] = event["burst_colors"].clone();
                }
                let of = |kind: &str| reaction["count_details"][kind].as_u64().unwrap();
                reaction["count"] = json!(of("burst") + of("normal"));
            }
            reactions.retain(|reaction| reaction["count"].as_u64() > Some(0));
        }
    }
    message["reactions"] = json!(reactions);
}

#[test]
fn reactions_are_counted_and_the_bots_own_told_apart() {
    let mirror = bakery();
    let bot = json!({"user": {"id": "9", "username": "oven"}, "guilds": [{"id": "1"}]});
    feed(&mirror, "READY", &bot);
    feed(&mirror, "MESSAGE_CREATE", &message(11, 60));
    let react = |name: &str, user: &str, burst: bool, emoji: Value| {
        let event = json!({"guild_id": "1", "channel_id": "11", "message_id": "60", "user_id": user,
            "emoji": emoji, "burst": burst, "type": u8::from(burst)});
        feed(&mirror, name, &event);
    };
    let (fire, rye) = (
        || json!({"id": null, "name": "🔥"}),
        || json!({"id": "95", "name": "rye"}),
    );
    react("MESSAGE_REACTION_ADD", "80", false, fire());
    react("MESSAGE_REACTION_ADD", "9", false, fire());
    react("MESSAGE_REACTION_ADD", "9", false, fire());
    react("MESSAGE_REACTION_ADD", "81", true, rye());
    let read = || {
        mirror
            .message(Some(Id::new(1)), Id::new(11), Id::new(60))
            .unwrap()
            .reactions
    };
    let told: Vec<_> = read()
        .iter()
        .map(|reaction| (reaction.count, reaction.me, reaction.count_details.burst))
        .collect();
    assert_eq!(told, [(2, true, 0), (1, false, 1)]);

    // What the author writes anew leaves them there.
    feed(&mirror, "MESSAGE_UPDATE", &message(11, 60));
    assert_eq!(read().len(), 2);
    react(
        "MESSAGE_REACTION_REMOVE",
        "81",
        true,
        json!({"id": "95", "name": null}),
    );
    react("MESSAGE_REACTION_REMOVE", "9", false, fire());
    assert_eq!((read().len(), read()[0].count, read()[0].me), (1, 1, false));
    react("MESSAGE_REACTION_REMOVE_EMOJI", "9", false, rye());
    assert_eq!(read().len(), 1);
    react("MESSAGE_REACTION_REMOVE_ALL", "9", false, Value::Null);
    assert_eq!(read().len(), 0);

    // No more than stand under a message.
    for emoji in 0..30 {
        react(
            "MESSAGE_REACTION_ADD",
            "80",
            false,
            json!({"id": (100 + emoji).to_string()}),
        );
    }
    assert_eq!(read().len(), 20);
    let bare = Mirror::new(Keep::new().messages(3));
    let interest = bare.interest();
    assert!(
        !interest.wants(EventKind::MessageReactionAdd)
            && !interest.wants(EventKind::MessagePollVoteAdd)
    );
}

#[test]
fn votes_are_counted() {
    let mirror = bakery();
    let mut asked = message(11, 60);
    asked["poll"] = json!({"question": {"text": "Rye?"}, "answers": [{"answer_id": 1}, {"answer_id": 2}], "expiry": null});
    feed(&mirror, "MESSAGE_CREATE", &asked);
    let vote = |name: &str, user: &str, answer: u8| {
        feed(
            &mirror,
            name,
            &json!({"guild_id": "1", "channel_id": "11", "message_id": "60", "user_id": user, "answer_id": answer}),
        );
    };
    let poll = || {
        mirror
            .message(Some(Id::new(1)), Id::new(11), Id::new(60))
            .unwrap()
            .poll
            .unwrap()
    };
    assert_eq!(poll().votes(1), None, "Discord has not said");
    vote("MESSAGE_POLL_VOTE_ADD", "80", 1);
    vote("MESSAGE_POLL_VOTE_ADD", "81", 1);
    vote("MESSAGE_POLL_VOTE_ADD", "81", 2);
    vote("MESSAGE_POLL_VOTE_REMOVE", "80", 1);
    vote("MESSAGE_POLL_VOTE_REMOVE", "80", 3);
    assert_eq!(
        [1, 2, 3].map(|answer| poll().votes(answer)),
        [Some(1), Some(1), Some(0)]
    );
    assert_eq!(poll().answers.len(), 2);
    // An update that does not say how the votes are leaves them.
    feed(&mirror, "MESSAGE_UPDATE", &asked);
    assert_eq!(poll().votes(2), Some(1));
    asked["poll"]["results"] =
        json!({"is_finalized": true, "answer_counts": [{"id": 2, "count": 7}]});
    feed(&mirror, "MESSAGE_UPDATE", &asked);
    assert_eq!(poll().votes(2), Some(7));
    vote("MESSAGE_POLL_VOTE_ADD", "80", 2);
    assert!(poll().results.unwrap().is_finalized);
}

#[test]
fn a_part_of_a_message_changes_what_it_names() {
    let mirror = bakery();
    let mut written = message(11, 60);
    (written["pinned"], written["embeds"]) = (json!(true), json!([{"title": "t"}]));
    feed(&mirror, "MESSAGE_CREATE", &written);
    let read = || {
        mirror
            .message(Some(Id::new(1)), Id::new(11), Id::new(60))
            .unwrap()
    };
    // A fraction is for the slower reader.
    let part = json!({"id": "60", "channel_id": "11", "guild_id": "1", "embeds": [{"title": "u", "of_tomorrow": 1.5}]});
    feed(&mirror, "MESSAGE_UPDATE", &part);
    assert_eq!(read().embeds[0].title.as_deref(), Some("u"));
    assert_eq!(
        (read().author.username.as_str(), read().pinned),
        ("bob", true)
    );
    let part =
        json!({"id": "60", "channel_id": "11", "guild_id": "1", "embeds": [], "pinned": false});
    feed(&mirror, "MESSAGE_UPDATE", &part);
    assert_eq!(
        (read().embeds.len(), read().pinned, read().content.as_str()),
        (0, false, "hi")
    );
    let unknown = json!({"id": "61", "channel_id": "11", "guild_id": "1", "pinned": true});
    feed(&mirror, "MESSAGE_UPDATE", &unknown);
    assert_eq!(
        (mirror.stats().messages.count, mirror.stats().unread),
        (1, 0)
    );
    feed(
        &mirror,
        "MESSAGE_DELETE",
        &json!({"id": "60", "channel_id": "11", "guild_id": "1"}),
    );
    assert!(
        mirror.user(Id::new(81)).is_none(),
        "the author was held once"
    );
}

#[test]
fn a_channel_knows_its_last_message_though_that_is_gone() {
    let mirror = bakery();
    let last = |channel| {
        mirror
            .channel(Id::new(channel))
            .unwrap()
            .last_message_id
            .map(Id::get)
    };
    assert_eq!(last(11), None);
    for id in 60..65 {
        feed(&mirror, "MESSAGE_CREATE", &message(11, id));
    }
    assert_eq!(last(11), Some(64));
    feed(
        &mirror,
        "MESSAGE_DELETE",
        &json!({"id": "64", "channel_id": "11", "guild_id": "1"}),
    );
    assert_eq!(last(11), Some(64), "as Discord has it");
    feed(&mirror, "MESSAGE_CREATE", &message(11, 70));
    mirror.expire(Timestamp::UNIX_EPOCH);
    let next = Mirror::from_bytes(Keep::new(), &mirror.to_bytes(), &[ShardId::default()]).unwrap();
    assert_eq!(next.stats().messages.count, 0);
    assert_eq!(
        next.channel(Id::new(11)).unwrap().last_message_id,
        Some(Id::new(70))
    );

    // In a forum it is the newest post.
    feed(
        &mirror,
        "CHANNEL_CREATE",
        &json!({"id": "12", "type": 15, "guild_id": "1"}),
    );
    for (thread, parent) in [("90", "12"), ("91", "11")] {
        feed(
            &mirror,
            "THREAD_CREATE",
            &json!({"id": thread, "type": 11, "guild_id": "1", "parent_id": parent}),
        );
    }
    assert_eq!((last(12), last(11)), (Some(90), Some(70)));
}

#[test]
fn a_thread_counts_what_people_write_in_it() {
    let mirror = bakery();
    let thread = json!({"id": "40", "type": 11, "guild_id": "1", "parent_id": "11", "message_count": 0, "total_message_sent": 0});
    feed(&mirror, "THREAD_CREATE", &thread);
    let mut began = message(40, 40);
    feed(&mirror, "MESSAGE_CREATE", &began);
    began["id"] = json!("61");
    began["type"] = json!(4);
    feed(&mirror, "MESSAGE_CREATE", &began);
    for id in 62..67 {
        feed(&mirror, "MESSAGE_CREATE", &message(40, id));
    }
    let counts = || {
        let thread = mirror.channel(Id::new(40)).unwrap();
        (thread.message_count, thread.total_message_sent)
    };
    assert_eq!(counts(), (Some(5), Some(5)));
    let gone = json!({"channel_id": "40", "guild_id": "1", "ids": ["66", "62"]});
    feed(&mirror, "MESSAGE_DELETE_BULK", &gone);
    assert_eq!(counts(), (Some(3), Some(5)), "one of them had fallen out");
}

#[test]
fn private_messages_from_before_a_gap_say_so() {
    let mirror = bakery();
    let private = |id: u64| {
        let mut message = message(500, id);
        message.as_object_mut().unwrap().remove("guild_id");
        message
    };
    feed(&mirror, "MESSAGE_CREATE", &private(60));
    feed(&mirror, "MESSAGE_CREATE", &message(11, 60));
    let stale = |mirror: &Mirror, guild: Option<u64>, channel, id| {
        mirror.is_message_stale(guild.map(Id::new), Id::new(channel), Id::new(id))
    };
    assert_eq!(stale(&mirror, None, 500, 60), Some(false));
    mirror.outdate_shard(ShardId::new(1, 2).unwrap());
    assert_eq!(
        stale(&mirror, None, 500, 60),
        Some(false),
        "they come by the first shard"
    );
    mirror.outdate_shard(ShardId::new(0, 2).unwrap());
    feed(&mirror, "MESSAGE_CREATE", &private(61));
    let next = Mirror::from_bytes(everything(), &mirror.to_bytes(), &[ShardId::default()]).unwrap();
    for mirror in [&mirror, &next] {
        assert_eq!(stale(mirror, None, 500, 60), Some(true));
        assert_eq!(stale(mirror, None, 500, 61), Some(false));
        assert_eq!(stale(mirror, None, 500, 62), None);
        assert_eq!(stale(mirror, Some(1), 11, 60), Some(true));
    }
}
