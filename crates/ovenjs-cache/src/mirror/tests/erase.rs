//! Users who are forgotten.

use ovenjs_types::marker::{GuildMarker, UserMarker};

use super::*;

#[test]
fn of_a_user_who_is_forgotten_nothing_is_left_that_they_wrote_or_are_named_in() {
    let mirror = Mirror::new(everything().invites(true));
    let joins = |user: u64, name: &str| {
        let user = json!({"id": user.to_string(), "username": name});
        let member = json!({"guild_id": "1", "user": user, "roles": []});
        feed(&mirror, "GUILD_MEMBER_ADD", &member);
    };
    feed(
        &mirror,
        "GUILD_CREATE",
        &json!({"id": "1", "member_count": 0,
        "channels": [{"id": "11", "type": 0}, {"id": "12", "type": 2}]}),
    );
    joins(80, "ann");
    joins(81, "bob");
    joins(8, "al");
    for (id, author, mentions, content) in [
        (1, 80, json!([]), "rye"),
        (2, 81, json!([{"id": "80", "username": "ann"}]), "rye?"),
        (3, 81, json!([]), "that <@80> has"),
        (4, 81, json!([]), "180 loaves, 8 left"),
    ] {
        feed(
            &mirror,
            "MESSAGE_CREATE",
            &json!({"id": id.to_string(), "channel_id": "11", "guild_id": "1",
            "author": {"id": author.to_string(), "username": "?"}, "mentions": mentions, "content": content}),
        );
    }
    feed(
        &mirror,
        "MESSAGE_CREATE",
        &json!({"id": "5", "channel_id": "11", "guild_id": "1",
        "author": {"id": "81", "username": "bob"}, "content": "",
        "interaction_metadata": {"id": "9", "user": {"id": "80", "username": "ann"}}}),
    );
    for (code, inviter) in [("rye", "80"), ("oat", "81")] {
        feed(
            &mirror,
            "INVITE_CREATE",
            &json!({"guild_id": "1", "channel_id": "11", "code": code,
            "inviter": {"id": inviter, "username": "?"}}),
        );
    }
    let presence = json!({"guild_id": "1", "user": {"id": "80"}, "status": "online"});
    feed(&mirror, "PRESENCE_UPDATE", &presence);
    let private =
        json!({"id": "500", "channel_id": "90", "author": {"id": "80", "username": "ann"}});
    feed(&mirror, "MESSAGE_CREATE", &private);

    assert_eq!(mirror.forget_user(ANN), 2);
    let texts = [1, 2, 3, 4, 5].map(|id| {
        let message = mirror.message(Some(GUILD), Id::new(11), Id::new(id));
        message.is_some()
    });
    assert_eq!(texts, [false, false, false, true, false]);
    assert!(mirror.message(None, Id::new(90), Id::new(500)).is_none());
    assert!(mirror.user(ANN).is_none() && mirror.member(GUILD, ANN).is_none());
    assert!(mirror.presence(GUILD, ANN).is_none());
    assert!(mirror.invite(GUILD, "rye").is_none() && mirror.invite(GUILD, "oat").is_some());
    assert!(
        mirror.member(GUILD, Id::new(81)).is_some() && mirror.member(GUILD, Id::new(8)).is_some()
    );
    let state = mirror.state(GUILD).unwrap();
    assert!(!state.has_all_members && !state.is_stale);
    assert_eq!(
        mirror.stats().bytes(),
        mirror.bytes(),
        "it is counted as it changes"
    );
    assert_eq!(mirror.forget_user(ANN), 0);

    // Who is in a voice channel leaves a guild that says it is not all it should be.
    joins(80, "ann");
    feed(
        &mirror,
        "VOICE_STATE_UPDATE",
        &json!({"guild_id": "1", "channel_id": "12", "user_id": "80"}),
    );
    assert_eq!(mirror.forget_user(ANN), 1);
    assert!(mirror.state(GUILD).unwrap().is_stale);
    assert!(mirror.voice_state(GUILD, ANN).is_none());
}

#[test]
fn a_guild_that_leaves_while_a_user_is_forgotten_stays_and_the_bot_is_not_forgotten() {
    let mirror = bakery();
    let packed = mirror.pack(GUILD).unwrap();
    assert_eq!(mirror.forget_user(ANN), 1);
    assert!(!mirror.let_go(&packed), "they are in what was packed");
    assert!(mirror.pack(GUILD).is_some(), "and it is not leaving still");

    let mirror = Mirror::new(Keep::new());
    feed(
        &mirror,
        "READY",
        &json!({"user": {"id": "80", "username": "oven"}, "guilds": [{"id": "1"}]}),
    );
    feed(
        &mirror,
        "GUILD_CREATE",
        &json!({"id": "1",
        "members": [{"user": {"id": "80", "username": "oven"}, "roles": []}]}),
    );
    assert_eq!(mirror.forget_user(ANN), 0);
    assert!(mirror.member(GUILD, ANN).is_some());
}

const GUILD: Id<GuildMarker> = Id::new(1);
const ANN: Id<UserMarker> = Id::new(80);
