//! Guilds that leave the mirror for the tiers, and processes that begin with what they find there.

use std::{sync::atomic::Ordering, time::Duration};

use ovenjs_core::{
    Answer, Bot, Cx, Mirror, Running,
    cache::tiers::{Tiered, TieredConfig},
    command,
    gateway::FleetState,
    routes,
    types::{Id, marker::GuildMarker},
};
use ovenjs_mock::{Discord, Guild};

use super::{Fickle, NEVER, config};
use crate::{mirror::opens, replaced::Folder};

/// The names of the channels
#[command]
async fn channels(cx: Cx, mirror: Mirror) -> Answer {
    let guild = cx.guild_id().unwrap();
    let text = format!("{:?}", names(&mirror, guild));
    cx.reply(text).await
}

#[tokio::test(start_paused = true)]
async fn a_guild_that_nobody_reads_leaves_and_returns_with_what_came_for_it() {
    let (store, discord) = (Fickle::new(), two_guilds());
    let bot = start(&discord, &store, None).await;
    let [bakery, annex] = ids(&discord);
    discord.pass(IDLE * 2).await;
    assert_eq!(away(&bot, &discord), [true, true]);

    opens(&discord, "1001", "bread");
    discord.pass(SOON).await;
    assert_eq!(names(bot.mirror(), bakery), [""; 0]);
    assert!(away(&bot, &discord)[0], "an event brings nobody back");
    let answer = discord.user("ann").slash("/channels").await;
    answer.says("general").says("bread");
    assert_eq!(away(&bot, &discord), [false, true]);

    // Who looks something up has it from there, and Discord is not asked.
    let found = bot.lookup().guild(annex).await.unwrap();
    assert_eq!(found.name, "Annex");
    assert_eq!(asked(&discord), 0);
    assert_eq!(away(&bot, &discord), [false, false]);
    let stats = bot.guild_blocks().unwrap().stats();
    assert_eq!((stats.put_away, stats.brought_back), (2, 2));
    bot.stop().await.unwrap();
    discord.expect_no_violations();
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_handlers_run_and_discord_is_asked() {
    let (store, discord) = (Fickle::new(), two_guilds());
    let bot = start(&discord, &store, None).await;
    let [_, annex] = ids(&discord);
    discord.pass(IDLE * 2).await;
    store.delay_ms.store(NEVER, Ordering::Relaxed);
    let answer = discord.user("ann").slash("/channels").await;
    answer.says("[]");
    let found = bot.lookup().guild(annex).await.unwrap();
    assert_eq!((found.name.as_str(), asked(&discord)), ("Annex", 1));
    assert_eq!(away(&bot, &discord), [true, true]);

    store.answers_after(Duration::ZERO);
    discord.pass(Duration::from_secs(30)).await;
    discord.user("ann").slash("/channels").await.says("general");
    bot.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_process_that_begins_knows_the_guilds_as_stale_until_discord_tells_of_them() {
    let (store, discord) = (Fickle::new(), two_guilds());
    let [bakery, _] = ids(&discord);
    let mut known = vec!["general".to_owned()];
    for nth in 0..4 {
        let bot = begin(&discord, &store, None).await;
        if nth > 0 {
            // The last process of them all has written it, though its session was the first of its own.
            assert_eq!(names(bot.mirror(), bakery), known);
            assert!(bot.mirror().state(bakery).unwrap().is_stale);
        }
        discord.expect_ready(1).await;
        discord.pass(SOON).await;
        assert!(!bot.mirror().state(bakery).unwrap().is_stale);
        // The box's own guild does not know of it.
        known = vec!["general".to_owned(), format!("oven {nth}")];
        opens(&discord, &(2_000 + nth).to_string(), &format!("oven {nth}"));
        discord.pass(SOON).await;
        bot.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_goes_on_makes_fresh_what_was_saved_to_its_last_event() {
    let folder = Folder::new("guilds");
    let file = folder.0.join("bot.state");
    let (store, discord) = (Fickle::new(), two_guilds());
    let [bakery, _] = ids(&discord);
    let bot = start(&discord, &store, Some(&folder)).await;
    opens(&discord, "1001", "bread");
    discord.pass(SOON).await;
    bot.stop().await.unwrap();
    // As where the mirror was too large for the file.
    let spoil = || {
        let mut state = FleetState::from_bytes(&std::fs::read(&file).unwrap()).unwrap();
        state.put("mirror", b"too large".to_vec());
        std::fs::write(&file, state.to_bytes()).unwrap();
    };
    spoil();

    let bot = begin(&discord, &store, Some(&folder)).await;
    assert_eq!(names(bot.mirror(), bakery), ["general", "bread"]);
    assert!(bot.mirror().state(bakery).unwrap().is_stale);
    discord.pass(SOON).await;
    assert_eq!((discord.identifies(), discord.resumes()), (1, 1));
    assert!(!bot.mirror().state(bakery).unwrap().is_stale);

    // A process that is killed leaves what the disk has, and guilds as they were when they left its memory.
    opens(&discord, "1002", "rolls");
    discord.pass(IDLE * 2).await;
    opens(&discord, "1003", "buns");
    discord.pass(Duration::from_secs(60)).await;
    let disk = std::fs::read(&file).unwrap();
    drop(bot);
    discord.pass(SOON).await;
    std::fs::write(&file, disk).unwrap();
    spoil();
    let bot = begin(&discord, &store, Some(&folder)).await;
    discord.pass(SOON).await;
    assert_eq!((discord.identifies(), discord.resumes()), (1, 2));
    assert_eq!(names(bot.mirror(), bakery), ["general", "bread", "rolls"]);
    assert!(bot.mirror().state(bakery).unwrap().is_stale);
    bot.stop().await.unwrap();
}

fn two_guilds() -> Discord {
    let guilds = ["Bakery", "Annex"].map(Guild::named);
    Discord::in_process(ovenjs_mock::Config::default().guilds(guilds))
}

fn ids(discord: &Discord) -> [Id<GuildMarker>; 2] {
    discord.guild_ids().try_into().unwrap()
}

/// A bot that is about to connect.
async fn begin(discord: &Discord, store: &Fickle, folder: Option<&Folder>) -> Running {
    let mut config = config(discord).away_after(IDLE);
    if let Some(folder) = folder {
        config = config.state(folder.0.join("bot.state"));
    }
    let tiers = Tiered::build(TieredConfig::new().third(store.port()));
    let bot = Bot::new().routes(routes![channels]).config(config);
    bot.tiers(tiers).start().await.unwrap()
}

async fn start(discord: &Discord, store: &Fickle, folder: Option<&Folder>) -> Running {
    let bot = begin(discord, store, folder).await;
    discord.expect_ready(1).await;
    discord.pass(SOON).await;
    bot
}

fn away(bot: &Running, discord: &Discord) -> [bool; 2] {
    ids(discord).map(|guild| bot.mirror().state(guild).unwrap().is_away)
}

fn names(mirror: &Mirror, guild: Id<GuildMarker>) -> Vec<String> {
    let channels = mirror.channels(guild).into_iter();
    let mut channels: Vec<_> = channels
        .filter_map(|channel| Some((channel.id, channel.name?.to_string())))
        .collect();
    // The box's own come first.
    channels.sort_by_key(|(id, name)| (name != "general", *id));
    channels.into_iter().map(|(_, name)| name).collect()
}

/// How often Discord was asked for a guild.
fn asked(discord: &Discord) -> usize {
    let requests = discord.requests();
    let of_route = requests.iter().filter(|r| r.route == "/guilds/{guild_id}");
    of_route.count()
}

/// After what time without a read a guild leaves.
const IDLE: Duration = Duration::from_secs(80);

/// All that is to happen at once has happened.
const SOON: Duration = Duration::from_secs(2);
