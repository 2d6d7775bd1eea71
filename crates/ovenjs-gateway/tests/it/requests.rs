//! Questions whose answers are events: sounds and channels; members are in `consumers`.

use std::collections::BTreeSet;

use ovenjs_gateway::{ErrorKind, Replies, Reply};
use ovenjs_mock::Guild;
use ovenjs_net::{Clock, SystemClock};
use ovenjs_types::{
    ChannelInfoField, Id, RequestChannelInfo, RequestGuildMembers, RequestSoundboardSounds,
    marker::GuildMarker,
};
use serde::Deserialize;

use super::*;

const WITHIN: Duration = Duration::from_secs(300);

/// The names and guilds of an answer's events.
async fn answer(mut replies: Replies) -> BTreeSet<(String, Id<GuildMarker>)> {
    #[derive(Deserialize)]
    struct Of {
        guild_id: Id<GuildMarker>,
    }
    let mut all = BTreeSet::new();
    while let Some(reply) = replies.next().await {
        let Reply::Chunk(dispatch) = reply.expect("discord answers") else {
            panic!("nothing was lost")
        };
        let of: Of = serde_json::from_slice(&dispatch.raw).expect("an event of a guild");
        let is_new = all.insert((dispatch.name().to_owned(), of.guild_id));
        assert!(is_new, "each guild answers once");
    }
    all
}

#[tokio::test]
async fn sounds_and_channel_info_of_guilds_are_one_answer_each() {
    let two = ["Kitchen", "Cellar"].map(Guild::named);
    let discord = Discord::start(ovenjs_mock::Config::default().guilds(two))
        .await
        .unwrap();
    let (fleet, mut events) = start(config(&discord));
    next_named(&mut events, "READY").await;
    let shard = fleet.shards().next().unwrap();
    let guilds = discord.guild_ids();

    let ask = RequestSoundboardSounds::new(guilds.clone());
    let sounds = fleet.request(shard, ask, WITHIN).unwrap();
    let fields = [ChannelInfoField::Status, ChannelInfoField::VoiceStartTime];
    let info = |guild| {
        let ask = RequestChannelInfo::new(guild, fields.clone());
        fleet.request(shard, ask, WITHIN).unwrap()
    };
    let (first, second) = (info(guilds[0]), info(guilds[1]));

    let of = |name: &str, guilds: &[Id<GuildMarker>]| {
        let named = guilds.iter().map(|guild| (name.to_owned(), *guild));
        named.collect::<BTreeSet<_>>()
    };
    assert_eq!(answer(sounds).await, of("SOUNDBOARD_SOUNDS", &guilds));
    assert_eq!(answer(first).await, of("CHANNEL_INFO", &guilds[..1]));
    assert_eq!(answer(second).await, of("CHANNEL_INFO", &guilds[1..]));
    assert_eq!(discord.warnings(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn sounds_of_a_guild_that_is_not_there_are_asked_for_three_times() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    next_named(&mut events, "READY").await;
    let shard = fleet.shards().next().unwrap();
    let before = SystemClock.now();
    let ask = RequestSoundboardSounds::new([Id::new(4_194_304)]);
    let mut replies = fleet.request(shard, ask, WITHIN).unwrap();
    let error = replies.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unanswered);
    assert!(
        error.to_string().contains("is the bot in that guild"),
        "{error}"
    );
    assert!(replies.next().await.is_none());
    let waited = (SystemClock.now() - before).as_secs_f64();
    assert!((60.0..61.0).contains(&waited), "{waited} s");
}

/// The box counts Discord's 30 s for each guild, and a new process does not know of the old one's.
#[tokio::test(start_paused = true)]
async fn members_that_another_process_has_asked_for_come_once_discord_lets_them() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let intents = Intents::GUILDS | Intents::GUILD_MEMBERS;
    let config = || Config::new(discord.token(), intents);
    let all = || RequestGuildMembers::all(discord.guild_id());
    let (fleet, mut events) = start_here(&discord, config(), |wiring| wiring);
    next_named(&mut events, "READY").await;
    let before = SystemClock.now();
    let first = fleet.members(all()).unwrap().members().await.unwrap();
    let state = fleet.hand_over().await;

    let next = config().resume_from(&state).unwrap();
    let (fleet, mut events) = start_here(&discord, next, |wiring| wiring);
    next_named(&mut events, "RESUMED").await;
    let second = fleet.members(all()).unwrap().members().await.unwrap();
    assert_eq!(second, first);
    let waited = (SystemClock.now() - before).as_secs_f64();
    assert!((29.0..35.0).contains(&waited), "{waited} s");
    // It was told to wait, and did not ask in between.
    next_named(&mut events, "RATE_LIMITED").await;
    next_named(&mut events, "GUILD_MEMBERS_CHUNK").await;
    let more = tokio::time::timeout(Duration::from_secs(60), events.next()).await;
    assert!(more.is_err(), "{more:?}");
}
