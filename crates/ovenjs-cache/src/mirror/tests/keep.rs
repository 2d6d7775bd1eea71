//! What is kept of what comes: which fields, how many, how long.

use std::time::Duration;

use super::*;
use crate::packed::shapes::{MEMBER, MESSAGE, PRESENCE};

#[test]
fn a_field_that_is_left_out_is_in_nothing_that_is_read() {
    let bare = Field::ALL
        .iter()
        .fold(everything(), |keep, field| keep.without(*field));
    let (whole, bare) = (Mirror::new(everything()), Mirror::new(bare));
    let dice = &mut Dice(7);
    let mut member = dice.object(&MEMBER);
    member["user"] =
        json!({"id": "80", "username": "ann", "avatar": "a", "primary_guild": {"tag": "RYE"}});
    member["avatar"] = json!("b");
    let mut message = dice.object(&MESSAGE);
    message["author"] = member["user"].clone();
    (message["id"], message["channel_id"]) = (json!("60"), json!("11"));
    message["content"] = json!("bread");
    message["embeds"] = json!([{"title": "t"}]);
    let mut presence = dice.object(&PRESENCE);
    presence["user"] = json!({"id": "80"});
    (presence["status"], presence["activities"]) =
        (json!("idle"), json!([{"name": "n", "type": 0}]));
    for mirror in [&whole, &bare] {
        let mut town = town();
        town["members"] = json!([member]);
        town["presences"] = json!([presence]);
        town["channels"][0]["topic"] = json!("rye");
        feed(mirror, "GUILD_CREATE", &town);
        message["guild_id"] = json!("1");
        feed(mirror, "MESSAGE_CREATE", &message);
    }
    let guild = Id::new(1);
    let read = |mirror: &Mirror| {
        let channel = mirror.channel(Id::new(11)).unwrap();
        (
            mirror.member(guild, Id::new(80)).unwrap(),
            mirror
                .message(Some(guild), Id::new(11), Id::new(60))
                .unwrap(),
            mirror.presence(guild, Id::new(80)).unwrap(),
            channel.topic,
        )
    };
    let (member, message, presence, topic) = read(&whole);
    assert!(member.avatar.is_some() && member.user.as_ref().unwrap().avatar.is_some());
    assert_eq!(
        (message.content.as_str(), message.embeds.len()),
        ("bread", 1)
    );
    assert_eq!(
        (presence.activities.len(), topic.as_deref()),
        (1, Some("rye"))
    );

    let (member, message, presence, topic) = read(&bare);
    let user = member.user.unwrap();
    assert_eq!(
        (member.avatar, user.avatar, user.primary_guild),
        (None, None, None)
    );
    assert_eq!((message.content.as_str(), message.embeds.len()), ("", 0));
    assert_eq!((message.mentions.len(), message.poll), (0, None));
    assert_eq!((presence.activities.len(), topic), (0, None));
    assert_eq!(user.username, "ann", "all else is there");

    // And the next process forgets what it does not keep.
    let next = Mirror::from_bytes(
        bare.keep().clone(),
        &whole.to_bytes(),
        &[ShardId::default()],
    );
    let next = next.unwrap();
    assert_eq!(read(&next), read(&bare));
    assert_eq!(
        next.stats().bytes(),
        Mirror::from_bytes(bare.keep().clone(), &bare.to_bytes(), &[ShardId::default()])
            .unwrap()
            .stats()
            .bytes()
    );
}

#[test]
fn messages_go_when_they_are_old() {
    let mirror = Mirror::new(everything().messages_for(Duration::from_secs(60)));
    feed(&mirror, "GUILD_CREATE", &town());
    for (channel, second) in [(11, 0), (11, 50), (12, 20)] {
        feed(&mirror, "MESSAGE_CREATE", &message(channel, at(second)));
    }
    let known = |channel: u64, second: u64| {
        let id = Id::new(at(second));
        mirror
            .message(Some(Id::new(1)), Id::new(channel), id)
            .is_some()
    };
    feed(&mirror, "MESSAGE_CREATE", &message(11, at(60)));
    assert!(known(11, 0), "it is a minute old, and not more");
    feed(&mirror, "MESSAGE_CREATE", &message(11, at(61)));
    assert!(!known(11, 0) && known(11, 50) && known(12, 20));

    let now = |second: i64| Timestamp::from_unix_millis(1_420_070_400_000 + second * 1_000);
    mirror.expire(now(80));
    assert!(known(12, 20));
    mirror.expire(now(81));
    assert!(!known(12, 20) && known(11, 50));
    mirror.expire(now(9_999));
    assert_eq!(mirror.stats().messages.count, 0);
    assert!(
        mirror.user(Id::new(81)).is_none(),
        "nobody knows the author any more"
    );

    // A clock that is wrong, and ages without end.
    mirror.expire(Timestamp::UNIX_EPOCH);
    let mirror = Mirror::new(everything().messages_for(Duration::MAX));
    feed(&mirror, "MESSAGE_CREATE", &message(0, at(1)));
    mirror.expire(now(9_999));
}

#[test]
fn of_all_messages_there_are_no_more_than_asked_for() {
    let mirror = Mirror::new(everything().messages_in_all(4));
    feed(&mirror, "GUILD_CREATE", &town());
    for (channel, id) in [(11, 60), (12, 61), (11, 62), (13, 63)] {
        feed(&mirror, "MESSAGE_CREATE", &message(channel, id));
    }
    assert_eq!(mirror.stats().messages.count, 4);
    feed(&mirror, "MESSAGE_CREATE", &message(13, 64));
    let known = |channel, id| {
        mirror
            .message(Some(Id::new(1)), Id::new(channel), Id::new(id))
            .is_some()
    };
    assert!(!known(12, 61), "nothing was written there for longest");
    assert!(known(11, 60) && known(11, 62) && known(13, 63) && known(13, 64));
    assert_eq!(mirror.stats().evicted.messages, 1);
}

#[test]
fn of_a_large_guild_no_more_members_are_kept_than_asked_for_and_it_says_so() {
    let mirror = Mirror::new(everything().members_per_guild(2));
    feed(
        &mirror,
        "READY",
        &json!({"user": {"id": "9", "username": "oven"}, "guilds": []}),
    );
    let member =
        |user: u64| json!({"user": {"id": user.to_string(), "username": "x"}, "guild_id": "1"});
    let members = [member(80), member(81), member(82), member(9)];
    feed(
        &mirror,
        "GUILD_CREATE",
        &json!({"id": "1", "member_count": 4, "members": members}),
    );
    let known = |user| mirror.member(Id::new(1), Id::new(user)).is_some();
    let has_all = || mirror.state(Id::new(1)).unwrap().has_all_members;
    assert!(known(80) && known(81) && !known(82) && known(9) && !has_all());
    assert!(mirror.user(Id::new(82)).is_none());
    feed(&mirror, "GUILD_MEMBER_UPDATE", &member(82));
    assert!(!known(82));
    for gone in [80, 9] {
        feed(&mirror, "GUILD_MEMBER_REMOVE", &member(gone));
    }
    assert!(!has_all());
    feed(&mirror, "GUILD_MEMBER_UPDATE", &member(82));
    assert!(known(82) && has_all());
    feed(&mirror, "GUILD_MEMBER_ADD", &member(83));
    assert!(!known(83) && !has_all());
    assert_eq!(mirror.guild(Id::new(1)).unwrap().member_count, Some(3));
}

/// The id of something that was written so many seconds after ids begin.
fn at(second: u64) -> u64 {
    (second * 1_000) << 22 | 1
}
