//! Members who show themselves in events about something else, invites, and what the bot loses sight of.

use super::*;

#[test]
fn who_shows_themselves_is_known_as_they_are_now() {
    let mirror = large(everything().seen_members(true));
    let nick = |user: u64| {
        let member = mirror.member(Id::new(1), Id::new(user))?;
        Some(member.nick.unwrap_or_default())
    };
    feed(&mirror, "INTERACTION_CREATE", &shown("80", "Ann"));
    assert_eq!(nick(80).as_deref(), Some("Ann"));
    assert_eq!(mirror.user(Id::new(80)).unwrap().username, "x");
    feed(&mirror, "TYPING_START", &shown("82", "Cid"));
    let mut state = shown("83", "Dan");
    state["channel_id"] = json!("11");
    feed(&mirror, "VOICE_STATE_UPDATE", &state);
    let mut written = message(11, 60);
    written["member"] =
        json!({"nick": "Bob", "roles": ["51"], "joined_at": "2026-01-01T00:00:00Z"});
    feed(&mirror, "MESSAGE_CREATE", &written);
    let nicks = [81, 82, 83].map(|user| nick(user).unwrap());
    assert_eq!(nicks, ["Bob", "Cid", "Dan"]);
    let roles = mirror.member_roles(Id::new(1), Id::new(81)).unwrap();
    assert_eq!(*roles, [Id::new(51)]);
    let count = mirror.guild(Id::new(1)).unwrap().member_count;
    assert_eq!(count, Some(9), "they were there before");
    let kept = mirror.message(Some(Id::new(1)), Id::new(11), Id::new(60));
    assert!(kept.unwrap().member.is_none());
    let kept = mirror.voice_state(Id::new(1), Id::new(83));
    assert!(kept.unwrap().member.is_none());

    // Whoever leaves voice with the guild does not come back.
    let gone = json!({"guild_id": "1", "user": {"id": "83"}});
    feed(&mirror, "GUILD_MEMBER_REMOVE", &gone);
    state["channel_id"] = Value::Null;
    feed(&mirror, "VOICE_STATE_UPDATE", &state);
    assert_eq!(nick(83), None);
    // Nor does a webhook become a member.
    written["webhook_id"] = json!("7");
    (written["id"], written["author"]["id"]) = (json!("61"), json!("84"));
    feed(&mirror, "MESSAGE_CREATE", &written);
    assert_eq!((nick(84), mirror.stats().members.count), (None, 3));
}

#[test]
fn where_all_members_are_known_a_stranger_is_none() {
    let mirror = Mirror::new(everything().seen_members(true));
    feed(&mirror, "GUILD_CREATE", &town());
    feed(&mirror, "TYPING_START", &shown("82", "Cid"));
    assert_eq!(mirror.stats().members.count, 1);
}

#[test]
fn nobody_is_seen_where_that_was_not_asked_for() {
    for keep in [everything(), Keep::new().messages(3).seen_members(true)] {
        let mirror = large(keep);
        let before = mirror.stats().members.count;
        assert!(!mirror.interest().wants(EventKind::InteractionCreate));
        let mut written = message(11, 60);
        written["member"] = json!({"nick": "Bob", "roles": ["51"]});
        feed(&mirror, "MESSAGE_CREATE", &written);
        feed(&mirror, "TYPING_START", &shown("82", "Cid"));
        assert_eq!(mirror.stats().members.count, before);
    }
}

#[test]
fn of_reactions_that_nobody_asked_for_comes_who_reacts_and_no_more() {
    let mirror = large(everything().reactions(false).seen_members(true));
    feed(&mirror, "MESSAGE_CREATE", &message(11, 60));
    let mut reaction = shown("82", "Cid");
    reaction["message_id"] = json!("60");
    reaction["emoji"] = json!({"id": null, "name": "x"});
    feed(&mirror, "MESSAGE_REACTION_ADD", &reaction);
    assert!(mirror.member(Id::new(1), Id::new(82)).is_some());
    let kept = mirror.message(Some(Id::new(1)), Id::new(11), Id::new(60));
    assert!(kept.unwrap().reactions.is_empty());
}

#[test]
fn invites_are_known_until_they_end() {
    let mirror = Mirror::new(Keep::new().invites(true));
    let intents = mirror.interest().intents();
    assert_eq!(intents, Intents::GUILDS | Intents::GUILD_INVITES);
    feed(&mirror, "GUILD_CREATE", &town());
    let codes = || {
        let invites = mirror.invites(Id::new(1)).into_iter();
        invites
            .map(|invite| invite.code.to_string())
            .collect::<Vec<_>>()
    };
    let end = "2026-01-02T00:00:00Z";
    let made = "2026-01-01T00:00:00Z";
    for (code, channel, end) in [
        ("spelt", "11", json!(null)),
        ("rye", "12", json!(end)),
        ("oat", "11", json!(end)),
    ] {
        let invite = json!({"guild_id": "1", "channel_id": channel, "code": code, "created_at": made, "max_age": 86_400,
            "expires_at": end, "inviter": {"id": "80", "username": "ann"}, "target_application": {"id": "7"}});
        feed(&mirror, "INVITE_CREATE", &invite);
        feed(&mirror, "INVITE_CREATE", &invite);
    }
    assert_eq!(codes(), ["oat", "rye", "spelt"]);
    let oat = mirror.invite(Id::new(1), "oat").unwrap();
    assert_eq!(oat.inviter.unwrap().username, "ann");
    let read_back = |keep| {
        let read = Mirror::from_bytes(keep, &mirror.to_bytes(), &[ShardId::default()]);
        read.unwrap().invites(Id::new(1))
    };
    assert_eq!(
        read_back(Keep::new().invites(true)),
        mirror.invites(Id::new(1))
    );
    assert_eq!(read_back(Keep::new()), []);

    let gone = json!({"guild_id": "1", "channel_id": "11", "code": "oat"});
    feed(&mirror, "INVITE_DELETE", &gone);
    let end: Timestamp = end.parse().unwrap();
    mirror.expire(Timestamp::from_unix_micros(end.unix_micros() - 1));
    assert_eq!(codes(), ["rye", "spelt"]);
    mirror.expire(end);
    assert_eq!(codes(), ["spelt"]);
    let gone = json!({"id": "11", "type": 0, "guild_id": "1"});
    feed(&mirror, "CHANNEL_DELETE", &gone);
    assert_eq!((codes().len(), mirror.stats().invites.count), (0, 0));

    // No more than a guild may have: deletions may have gone unheard.
    for number in 0..1_100 {
        let made = Timestamp::from_unix_seconds(number).to_string();
        let invite = json!({"guild_id": "1", "channel_id": "11", "code": number.to_string(), "created_at": made});
        feed(&mirror, "INVITE_CREATE", &invite);
    }
    let is_known = |code| mirror.invite(Id::new(1), code).is_some();
    assert_eq!(codes().len(), 1_000);
    assert!(!is_known("99") && is_known("100"));
}

#[test]
fn threads_and_messages_of_a_channel_out_of_sight_are_forgotten() {
    let hidden = json!([{"id": "1", "type": 0, "allow": "0", "deny": "1024"}]);
    let channel = |overwrites: &Value| json!({"id": "11", "type": 0, "guild_id": "1", "permission_overwrites": overwrites});
    let role = json!({"guild_id": "1", "role": {"id": "1", "permissions": "0"}});
    let bot = |roles: Value| json!({"guild_id": "1", "user": {"id": "9", "username": "oven"}, "roles": roles});
    for (name, event) in [
        ("CHANNEL_UPDATE", channel(&hidden)),
        ("GUILD_ROLE_UPDATE", role),
        (
            "GUILD_ROLE_DELETE",
            json!({"guild_id": "1", "role_id": "1"}),
        ),
    ] {
        let mirror = Mirror::new(everything());
        let ready = json!({"user": {"id": "9", "username": "oven"}, "guilds": [{"id": "1"}]});
        feed(&mirror, "READY", &ready);
        let mut town = town();
        town["owner_id"] = json!("80");
        town["roles"] = json!([{"id": "1", "permissions": "1024"}, {"id": "50"}]);
        town["members"] = json!([bot(json!([]))]);
        town["threads"] = json!([{"id": "40", "type": 11, "guild_id": "1", "parent_id": "11"}]);
        feed(&mirror, "GUILD_CREATE", &town);
        for place in [11, 40] {
            feed(&mirror, "MESSAGE_CREATE", &message(place, 60 + place));
        }
        feed(&mirror, "CHANNEL_UPDATE", &channel(&json!([])));
        feed(&mirror, "GUILD_MEMBER_UPDATE", &bot(json!(["50"])));
        assert!(mirror.channel(Id::new(40)).is_some(), "nothing hides it");
        assert_eq!(mirror.stats().messages.count, 2);
        feed(&mirror, name, &event);
        assert!(mirror.channel(Id::new(40)).is_none(), "{name}");
        let stats = mirror.stats();
        assert_eq!((stats.messages.count, stats.users.count), (0, 1), "{name}");
        let channel = mirror.channel(Id::new(11)).unwrap();
        let last = channel.last_message_id;
        assert_eq!(last, Some(Id::new(71)), "the channel itself is told of");
    }
}

/// A mirror of a guild of which some members are not known.
fn large(keep: Keep) -> Mirror {
    let mirror = Mirror::new(keep);
    let mut town = town();
    town["member_count"] = json!(9);
    feed(&mirror, "GUILD_CREATE", &town);
    mirror
}

/// An event that shows a member.
fn shown(user: &str, nick: &str) -> Value {
    let member = json!({"user": {"id": user, "username": "x"}, "nick": nick, "roles": ["50"], "permissions": "8"});
    json!({"id": "5", "guild_id": "1", "channel_id": "11", "user_id": user, "session_id": "s", "member": member})
}
