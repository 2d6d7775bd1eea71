//! Questions whose answers are events: sounds and channels; members are in `consumers`.

use std::{collections::BTreeSet, sync::Mutex};

use ovenjs_gateway::{ErrorKind, REQUESTS_MAX, Replies, Reply};
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

#[tokio::test(start_paused = true)]
async fn a_request_ends_in_its_time_where_no_session_begins() {
    let held = Mutex::new(Vec::new());
    let mut net = ovenjs_net::Config::new();
    // Somebody takes the connection and says nothing.
    net.dialer = Some(Dialer::new(move |_| {
        let (here, there) = tokio::io::duplex(4_096);
        held.lock().expect("nobody panics").push(there);
        here
    }));
    let wiring = Wiring::new(Connector::build(net).expect("the connector is built"));
    let config = Config::new("token", Intents::GUILDS).gateway_url("ws://localhost");
    let (fleet, _events) = Fleet::start_with(config, wiring.own_thread(false)).unwrap();
    let shard = fleet.shards().next().unwrap();
    let ask = || RequestSoundboardSounds::new([Id::new(4_194_304)]);
    let begun = SystemClock.now();
    let mut replies = fleet.request(shard, ask(), Duration::from_secs(1)).unwrap();
    let error = replies.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unanswered);
    assert!(error.to_string().contains("not connected"), "{error}");
    let waited = (SystemClock.now() - begun).as_secs_f64();
    assert!((1.0..1.1).contains(&waited), "{waited} s");

    // Those that nobody waits for any more take nobody's place.
    for _ in 0..REQUESTS_MAX {
        drop(fleet.request(shard, ask(), WITHIN).unwrap());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut replies = fleet.request(shard, ask(), Duration::from_secs(1)).unwrap();
    let error = replies.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unanswered, "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_shard_was_asked_is_answered_after_it_has_begun_anew() {
    let config_of_box = ovenjs_mock::Config::default().guilds([Guild::named("Kitchen")]);
    let discord = Discord::in_process(config_of_box);
    let intents = Intents::GUILDS | Intents::GUILD_MEMBERS;
    let config = Config::new(discord.token(), intents);
    let (fleet, mut events) = start_here(&discord, config, |wiring| wiring);
    next_named(&mut events, "READY").await;
    let shard = fleet.shards().next().unwrap();
    let all = || RequestGuildMembers::all(discord.guild_id());
    let first = fleet.members(all()).unwrap().members().await.unwrap();
    // It waits for half a minute, in which the shard begins anew.
    let again = fleet.members(all()).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    fleet.restart(shard).unwrap();
    assert_eq!(again.members().await.unwrap(), first);
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
