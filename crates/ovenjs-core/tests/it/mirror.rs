//! What a bot knew goes on in the next process: a resumed session brings no guild anew.

use std::{pin::pin, sync::Arc, time::Duration};

use ovenjs_core::{
    Answer, Bot, Config, CustomId, Cx, Failure, Mirror, On, Register, Running, State, command,
    component, event,
    gateway::{FleetState, ReshardStage},
    routes,
    types::{ChannelCreate, GuildCreate, Intents, MessageCreate, MessageDraft, ShardId},
};
use ovenjs_mock::{Discord, Guild};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::replaced::{Folder, config, heard};

type Told = Arc<mpsc::Sender<String>>;

#[event]
async fn arrived(_: On<GuildCreate>, State(told): State<Told>) -> Result<(), Failure> {
    told.send("guild".to_owned()).await?;
    Ok(())
}

#[event]
async fn opened(channel: On<ChannelCreate>, State(told): State<Told>) -> Result<(), Failure> {
    let name = channel.name.clone().unwrap_or_default();
    told.send(format!("channel {name}")).await?;
    Ok(())
}

#[event]
async fn said(message: On<MessageCreate>, State(told): State<Told>) -> Result<(), Failure> {
    if !message.content.is_empty() && !message.author.bot {
        told.send(message.content.to_string()).await?;
    }
    Ok(())
}

/// What belongs to an open button stands in its id.
#[derive(CustomId)]
struct Tray {
    number: u32,
}

/// Bakes
#[command]
async fn bake(cx: Cx) -> Answer {
    let button = Tray { number: 7 }.button("Take out");
    cx.reply(MessageDraft::from("baking").component(button))
        .await
}

#[component]
async fn take_out(cx: Cx, tray: Tray) -> Answer {
    cx.reply(format!("tray {} is done", tray.number)).await
}

async fn start(config: Config, told: &mpsc::Sender<String>) -> Running {
    let routes = routes![arrived, opened, said, bake, take_out];
    let bot = Bot::with_state(Arc::new(told.clone())).routes(routes);
    let bot = bot.intents(Intents::MESSAGE_CONTENT);
    bot.config(config.register(Register::Global))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_next_process_knows_the_guilds_and_answers_the_buttons() {
    let folder = Folder::new("mirror");
    let socket = folder.0.join("bot.socket");
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let guild = discord.guild_id();
    let (told, mut hears) = mpsc::channel(100);
    let first = start(config(&discord).hand_over(&socket), &told).await;
    assert_eq!(heard(&mut hears).await, "guild");
    opens(&discord, "1001", "bread");
    assert_eq!(heard(&mut hears).await, "channel bread");
    let knew = first.mirror().clone();
    let answer = discord.user("ann").slash("/bake").await;
    answer.says("baking");

    let heir = async { start(config(&discord).hand_over(&socket), &told).await };
    let (replaced, second) = tokio::join!(first.until_replaced(), heir);
    replaced.unwrap();

    let names = |mirror: &Mirror| {
        let channels = mirror.channels(guild);
        let names = channels.iter().filter_map(|channel| channel.name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(second.mirror().guild(guild), knew.guild(guild));
    assert!(second.mirror().guild(guild).is_some());
    assert_eq!(names(second.mirror()), names(&knew));
    assert!(names(second.mirror()).contains(&"bread".into()));
    assert_eq!(second.mirror().current_user(), knew.current_user());

    answer.click("Take out").await.says("tray 7 is done");
    opens(&discord, "1002", "rolls");
    assert_eq!(heard(&mut hears).await, "channel rolls", "and no guild");
    assert_eq!(names(second.mirror()).len(), names(&knew).len() + 1);
    assert_eq!(discord.identifies(), 1);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_mirror_that_cannot_be_read_costs_no_session() {
    let folder = Folder::new("spoilt");
    let file = folder.0.join("bot.state");
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (told, mut hears) = mpsc::channel(100);
    let bot = start(config(&discord).state(&file), &told).await;
    assert_eq!(heard(&mut hears).await, "guild");
    bot.stop().await.unwrap();
    let mut state = FleetState::from_bytes(&std::fs::read(&file).unwrap()).unwrap();
    let part = state.part("mirror").expect("it is there").clone();
    for spoilt in [&b"no mirror"[..], &part[..part.len() - 1]] {
        state.put("mirror", spoilt.to_vec());
        std::fs::write(&file, state.to_bytes()).unwrap();
        let bot = start(config(&discord).state(&file), &told).await;
        discord.user("ann").says("hello").await;
        assert_eq!(heard(&mut hears).await, "hello");
        assert!(bot.mirror().guild(discord.guild_id()).is_none());
        bot.stop().await.unwrap();
        state = FleetState::from_bytes(&std::fs::read(&file).unwrap()).unwrap();
    }
    assert_eq!(discord.identifies(), 1);
}

/// Discord tells of a new channel.
pub(crate) fn opens(discord: &Discord, id: &str, name: &str) {
    #[derive(Serialize)]
    struct Opened<'a> {
        id: &'a str,
        guild_id: String,
        name: &'a str,
        r#type: u8,
    }
    let opened = Opened {
        id,
        guild_id: discord.guild_id().to_string(),
        name,
        r#type: 0,
    };
    discord.emit("CHANNEL_CREATE", &opened).unwrap();
}

/// The new shards have brought the guilds, and do not bring them again.
#[tokio::test(start_paused = true)]
async fn guilds_that_have_gone_over_stay_known_when_a_session_of_an_old_shard_is_lost() {
    let guilds = (0..4).map(|nth| Guild::named(format!("Kitchen {nth}")));
    let discord = Discord::in_process(ovenjs_mock::Config::default().guilds(guilds));
    let config = Config::in_process(discord.token(), discord.door());
    let bot = Bot::new().routes(routes![bake]).config(config);
    let bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;
    let knows = || {
        let guilds = discord.guild_ids().into_iter();
        guilds
            .filter_map(|guild| bot.mirror().state(guild))
            .filter(|state| !state.is_stale)
            .count()
    };
    let fleet = bot.fleet().clone();
    let mut going = pin!(fleet.reshard(2));
    let settles = async {
        let stage = || fleet.resharding().map(|now| now.stage);
        while stage() != Some(ReshardStage::Settling) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        outcome = &mut going => panic!("too soon: {outcome:?}"),
        () = settles => {}
    }
    assert_eq!(knows(), 4);
    discord.faults().refuse_resumes(1);
    fleet.restart(ShardId::default()).unwrap();
    going.await.unwrap();
    assert_eq!(discord.identifies(), 1 + 2 + 1, "it was lost");
    assert_eq!(knows(), 4);
    bot.stop().await.unwrap();
}
