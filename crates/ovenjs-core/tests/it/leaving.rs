//! What a bot leaves behind, whichever way it ends: all that no handler has begun with comes in the
//! next process.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use ovenjs_core::{
    Bot, Config, ErrorKind, Failure, On, Register, Running, State, event,
    gateway::FleetState,
    routes,
    types::{Id, TypingStart, marker::GuildMarker},
};
use ovenjs_mock::{Discord, Guild};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::replaced::Folder;

#[tokio::test(start_paused = true)]
async fn what_no_handler_had_begun_with_comes_in_the_next_process() {
    let folder = Folder::new("begun");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let mut config = config(&discord).state(folder.0.join("bot.state"));
    config.live.bot.stop_after = Duration::from_millis(1);
    let first = Stage::default();
    let bot = first.start(config.clone()).await;
    discord.expect_ready(1).await;
    types(&discord, discord.guild_id(), PLACES + 50);
    discord.pass(SOON).await;
    assert_eq!(first.begun(), numbers(1..=PLACES), "all places are taken");

    bot.stop().await.unwrap();

    assert_eq!(
        first.begun(),
        numbers(1..=PLACES),
        "no further handler began"
    );
    let next = Stage::open();
    let bot = next.start(config).await;
    discord.pass(SOON).await;
    assert_eq!(next.begun(), numbers(PLACES + 1..=PLACES + 50));
    bot.stop().await.unwrap();
    assert_eq!(discord.identifies(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_a_shard_gives_up_the_bot_ends_and_the_next_goes_on_where_the_others_were() {
    let folder = Folder::new("given-up");
    let file = folder.0.join("bot.state");
    let (discord, begun) = a_shard_gives_up(|config| config.state(&file)).await;

    let next = Stage::open();
    let bot = next.start(config(&discord).shards(2).state(&file)).await;
    discord.pass(SOON).await;

    let all = [begun, next.begun()].concat();
    assert_eq!(all, numbers(1..=PLACES + 100), "each came once, in order");
    assert!(!next.begun().is_empty());
    bot.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn where_a_shard_gives_up_and_nothing_is_kept_what_waits_is_handled() {
    let (_, begun) = a_shard_gives_up(|config| config).await;
    assert_eq!(begun, numbers(1..=PLACES + 100));
    let folder = Folder::new("nobody-asks");
    let (_, begun) = a_shard_gives_up(|config| config.hand_over(folder.0.join("socket"))).await;
    assert_eq!(begun, numbers(1..=PLACES + 100), "nobody asked for them");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_takes_over_and_nothing_is_kept_a_stop_handles_what_waits() {
    let folder = Folder::new("nobody-there");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let stage = Stage::default();
    let config = config(&discord).hand_over(folder.0.join("bot.socket"));
    let bot = stage.start(config).await;
    discord.expect_ready(1).await;
    types(&discord, discord.guild_id(), PLACES + 50);
    discord.pass(SOON).await;
    assert_eq!(stage.begun(), numbers(1..=PLACES));

    let (stopped, ()) = tokio::join!(bot.stop(), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stage.gate.close();
    });

    stopped.unwrap();
    assert_eq!(stage.ended().len(), numbers(1..=PLACES + 50).len());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_freed_late_does_not_lengthen_a_stop() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let mut config = config(&discord);
    config.live.bot.stop_after = Duration::from_secs(10);
    let stage = Stage::default();
    let bot = stage.start(config).await;
    discord.expect_ready(1).await;
    types(&discord, discord.guild_id(), PLACES);
    discord.pass(SOON).await;
    assert_eq!(stage.begun(), numbers(1..=PLACES), "all places are taken");

    let stop = tokio::time::timeout(Duration::from_secs(12), bot.stop());
    let (stopped, ()) = tokio::join!(stop, async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        stage.gate.add_permits(1);
    });

    stopped.expect("it ends within `stop_after`").unwrap();
    assert_eq!(stage.ended(), [1]);
}

/// All places are taken; events wait, one shard gives up, and more events of the other come before the
/// bot hears of that. What its handlers began with until it ended.
async fn a_shard_gives_up(keeps: impl FnOnce(Config) -> Config) -> (Discord, Vec<u64>) {
    let guilds = ["one", "two", "three", "four", "five", "six"].map(Guild::named);
    let discord = Discord::in_process(ovenjs_mock::Config::default().guilds(guilds));
    let [other, gives_up] = [0, 1].map(|shard| {
        let ids = discord.guild_ids();
        let of = ids.into_iter().find(|id| (id.get() >> 22) % 2 == shard);
        of.unwrap()
    });
    let stage = Stage::default();
    let mut bot = stage.start(keeps(config(&discord).shards(2))).await;
    discord.expect_ready(2).await;
    types(&discord, other, PLACES + 50);
    discord.pass(SOON).await;
    assert_eq!(stage.begun(), numbers(1..=PLACES));

    discord.faults().close_after_frames(4_000, 4014);
    let strange = vec![
        Of {
            guild_id: gives_up.to_string()
        };
        4_000
    ];
    let strange = strange.iter().map(|event| ("NOBODY_KNOWS", event));
    discord.emit_many(strange).unwrap();
    discord.pass(SOON).await;
    discord.faults().keep_connections();
    types_from(&discord, other, PLACES + 51, 50);
    discord.pass(SOON).await;
    stage.gate.close();

    let error = bot.wait().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Gateway);
    assert!(format!("{error:?}").contains("intents"), "{error:?}");
    (discord, stage.begun())
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_had_not_ended_when_the_process_died_is_called_again() {
    let folder = Folder::new("died");
    let file = folder.0.join("bot.state");
    let mut strict = ovenjs_mock::Config::default().trim_replay(true);
    strict.heartbeat_interval = Duration::from_secs(10);
    let discord = Discord::in_process(strict);
    let config = config(&discord).state(&file).at_least_once(true);
    let first = Stage::default();
    first.gate.add_permits(20);
    let bot = first.start(config.clone()).await;
    discord.expect_ready(1).await;
    types(&discord, discord.guild_id(), 30);
    // Saved several times, and told to Discord, which forgets what it is told.
    discord.pass(Duration::from_secs(60)).await;
    assert_eq!(first.ended(), numbers(1..=20));
    assert_eq!(first.begun(), numbers(1..=30));

    // What a process that is killed leaves is what the disk has.
    let disk = std::fs::read(&file).unwrap();
    drop(bot);
    discord.pass(SOON).await;
    std::fs::write(&file, &disk).unwrap();

    let next = Stage::open();
    let bot = next.start(config.clone()).await;
    discord.pass(Duration::from_secs(60)).await;
    assert_eq!(
        next.ended(),
        numbers(21..=30),
        "and what had ended does not come again"
    );
    let disk = std::fs::read(&file).unwrap();
    drop(bot);
    discord.pass(SOON).await;
    std::fs::write(&file, &disk).unwrap();

    let last = Stage::open();
    let bot = last.start(config).await;
    discord.pass(SOON).await;
    assert!(last.begun().is_empty());
    bot.stop().await.unwrap();
    assert_eq!(discord.identifies(), 1);
}

#[tokio::test(start_paused = true)]
async fn handlers_may_take_minutes_while_another_process_takes_over() {
    let folder = Folder::new("minutes");
    let window = Duration::from_secs(10 * 60);
    let patient = ovenjs_mock::Config::default().resume_window(window);
    let discord = Discord::in_process(patient);
    let mut config = config(&discord).hand_over(folder.0.join("bot.socket"));
    config.live.bot.stop_after = Duration::from_secs(5 * 60);
    let first = Stage::default();
    let bot = first.start(config.clone()).await;
    discord.expect_ready(1).await;
    types(&discord, discord.guild_id(), 1);
    discord.pass(SOON).await;

    let next = Stage::open();
    let heir = async {
        let (heir, ()) = tokio::join!(next.start(config), async {
            // Longer than the next process waits for all but the handlers.
            tokio::time::sleep(Duration::from_secs(4 * 60)).await;
            first.gate.close();
        });
        heir
    };
    let (replaced, heir) = tokio::join!(bot.until_replaced(), heir);

    replaced.unwrap();
    assert_eq!(first.ended(), [1]);
    types_from(&discord, discord.guild_id(), 2, 1);
    discord.pass(SOON).await;
    assert_eq!(next.begun(), [2]);
    assert_eq!(discord.identifies(), 1);
    heir.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_the_other_stops_takes_over() {
    let folder = Folder::new("meanwhile");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let mut config = config(&discord).hand_over(folder.0.join("bot.socket"));
    config.live.bot.stop_after = Duration::from_secs(5 * 60);
    let first = Stage::default();
    let bot = first.start(config.clone()).await;
    discord.expect_ready(1).await;
    types(&discord, discord.guild_id(), 1);
    discord.pass(SOON).await;

    let next = Stage::open();
    let (stopped, heir, ()) = tokio::join!(bot.stop(), next.start(config), async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(discord.identifies(), 1, "no two run at a time");
        first.gate.close();
    });

    stopped.unwrap();
    assert_eq!(first.ended(), [1]);
    types_from(&discord, discord.guild_id(), 2, 1);
    discord.pass(SOON).await;
    assert_eq!(next.begun(), [2]);
    assert_eq!(discord.identifies(), 1);
    heir.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn where_the_next_process_dies_before_it_goes_on_the_end_is_an_error() {
    let folder = Folder::new("dies");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = config(&discord).hand_over(folder.0.join("bot.socket"));
    let first = Stage::default();
    let bot = first.start(config.clone()).await;
    discord.expect_ready(1).await;
    types(&discord, discord.guild_id(), 1);
    discord.pass(SOON).await;

    let next = Stage::open();
    let heir = async {
        let started = tokio::time::timeout(SOON, next.start(config)).await;
        assert!(started.is_err(), "it waits for the handler of the first");
        first.gate.close();
    };
    let (ended, ()) = tokio::join!(bot.until_replaced(), heir);

    let error = ended.unwrap_err();
    assert!(error.to_string().contains("start"), "{error}");
    assert_eq!(first.ended(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_lives_and_does_not_hand_over_is_not_run_beside() {
    for answers in [true, false] {
        let folder = Folder::new("unwilling");
        let socket = folder.0.join("bot.socket");
        let discord = Discord::in_process(ovenjs_mock::Config::default());
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let mut other = tokio::task::JoinSet::new();
        other.spawn(async move {
            let mut silent = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                if !answers {
                    silent.push(stream);
                }
            }
        });

        let bot = Bot::new().config(config(&discord).hand_over(&socket));
        let error = bot.start().await.unwrap_err();

        assert!(error.to_string().contains("bot.socket"), "{error}");
        assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
        assert_eq!(discord.identifies(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn once_another_process_has_taken_over_nothing_is_written_over_its_state() {
    let folder = Folder::new("two-writers");
    let file = folder.0.join("bot.state");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = config(&discord)
        .hand_over(folder.0.join("bot.socket"))
        .state(&file);
    let bot = Stage::open().start(config.clone()).await;
    discord.expect_ready(1).await;
    discord.pass(SOON).await;
    let next = Stage::open();
    let (replaced, heir) = tokio::join!(bot.until_replaced(), next.start(config));
    replaced.unwrap();
    discord.pass(SOON).await;
    let state = state(&file);
    assert_eq!(state.sessions().len(), 1);
    // The mirror is written when a process ends that nobody has replaced.
    assert_eq!(state.part("mirror"), None);
    assert!(heir.mirror().guild(discord.guild_id()).is_some());
    heir.stop().await.unwrap();
    assert!(self::state(&file).part("mirror").is_some());
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_about_limits_goes_on() {
    let folder = Folder::new("limits");
    let file = folder.0.join("bot.state");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = config(&discord).state(&file);
    let bot = Stage::open().start(config.clone()).await;
    discord.expect_ready(1).await;
    let post = bot.client().create_message(discord.channel_id());
    post.content("fresh").await.unwrap();
    bot.stop().await.unwrap();
    let learned = String::from_utf8(state(&file).part("limits").unwrap().to_vec()).unwrap();
    assert!(
        learned.contains("POST /channels/{channel_id}/messages"),
        "{learned}"
    );

    let bot = Stage::open().start(config.clone()).await;
    discord.pass(SOON).await;
    bot.stop().await.unwrap();
    // It posted nothing, and leaves what it was left.
    let left = String::from_utf8(state(&file).part("limits").unwrap().to_vec()).unwrap();
    assert!(
        left.contains("POST /channels/{channel_id}/messages"),
        "{left}"
    );

    // What cannot be read is left out, and the sessions go on.
    let mut damaged = state(&file);
    damaged.put("limits", &b"{"[..]);
    std::fs::write(&file, damaged.to_bytes()).unwrap();
    let bot = Stage::open().start(config).await;
    discord.pass(SOON).await;
    bot.stop().await.unwrap();
    assert_eq!(discord.identifies(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_the_sessions_say_how_many_shards_the_mirror_of_all_goes_on() {
    let folder = Folder::new("more-shards");
    let file = folder.0.join("bot.state");
    let guilds = ["one", "two", "three", "four", "five", "six"].map(Guild::named);
    let discord = Discord::in_process(ovenjs_mock::Config::default().guilds(guilds));
    let stage = Stage::open();
    let bot = stage.start(config(&discord).state(&file).shards(4)).await;
    // One identifies every five seconds.
    discord.pass(Duration::from_secs(30)).await;
    discord.expect_ready(4).await;
    bot.stop().await.unwrap();

    // Discord recommends one.
    let bot = stage.start(config(&discord).state(&file)).await;

    assert_eq!(bot.fleet().shards().count(), 4);
    let ids = discord.guild_ids();
    let unknown = ids.iter().filter(|id| bot.mirror().guild(**id).is_none());
    assert_eq!(unknown.count(), 0);
    bot.stop().await.unwrap();
    assert_eq!(discord.identifies(), 4);
}

#[tokio::test(start_paused = true)]
async fn sessions_of_another_number_of_shards_than_is_set_are_told_of() {
    let folder = Folder::new("other-shards");
    let file = folder.0.join("bot.state");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let stage = Stage::open();
    let bot = stage.start(config(&discord).state(&file).shards(2)).await;
    discord.pass(Duration::from_secs(10)).await;
    bot.stop().await.unwrap();

    let lines = Lines::default();
    let listening = lines.listen();
    let bot = stage.start(config(&discord).state(&file).shards(1)).await;
    drop(listening);

    let told = lines.told();
    assert!(told.contains("new sessions begin"), "{told}");
    assert!(told.contains("set it to 2"), "{told}");
    bot.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_least_once_without_a_place_for_the_sessions_is_refused() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let bot = Bot::new().config(config(&discord).at_least_once(true));
    let error = bot.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("set state"), "{error}");
    assert!(discord.requests().is_empty());
}

fn config(discord: &Discord) -> Config {
    Config::in_process(discord.token(), discord.door()).register(Register::Off)
}

fn state(file: &Path) -> FleetState {
    FleetState::from_bytes(&std::fs::read(file).unwrap()).unwrap()
}

/// What is logged.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Takes down what is logged on this thread, until the guard is dropped.
    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = tracing_subscriber::fmt().with_ansi(false);
        let log = log.with_writer(self.clone()).finish();
        tracing::subscriber::set_default(log)
    }

    pub(crate) fn told(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What handlers have done in one process.
#[derive(Clone)]
struct Stage {
    begun: Arc<Mutex<Vec<u64>>>,
    ended: Arc<Mutex<Vec<u64>>>,
    /// Each handler wants a permit before it ends; once it is closed, none.
    gate: Arc<Semaphore>,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            begun: Arc::default(),
            ended: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        }
    }
}

#[event]
async fn works(typing: On<TypingStart>, State(stage): State<Stage>) -> Result<(), Failure> {
    let number = typing.user_id.get();
    stage.begun.lock().unwrap().push(number);
    if let Ok(permit) = stage.gate.acquire().await {
        permit.forget();
    }
    stage.ended.lock().unwrap().push(number);
    Ok(())
}

impl Stage {
    /// On which handlers end at once.
    fn open() -> Self {
        let stage = Self::default();
        stage.gate.close();
        stage
    }

    async fn start(&self, config: Config) -> Running {
        let bot = Bot::with_state(self.clone()).routes(routes![works]);
        bot.config(config).start().await.unwrap()
    }

    fn begun(&self) -> Vec<u64> {
        self.begun.lock().unwrap().clone()
    }

    fn ended(&self) -> Vec<u64> {
        self.ended.lock().unwrap().clone()
    }
}

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

/// So many users type, numbered from 1.
fn types(discord: &Discord, guild: Id<GuildMarker>, count: u64) {
    types_from(discord, guild, 1, count);
}

fn types_from(discord: &Discord, guild: Id<GuildMarker>, first: u64, count: u64) {
    #[derive(Serialize)]
    struct Typing {
        channel_id: String,
        guild_id: String,
        user_id: String,
        timestamp: u64,
    }
    let typing = (first..first + count).map(|number| Typing {
        channel_id: discord.channel_id().to_string(),
        guild_id: guild.to_string(),
        user_id: number.to_string(),
        timestamp: 1,
    });
    let events = typing.map(|typing| ("TYPING_START", typing));
    discord.emit_many(events).unwrap();
}

#[derive(Clone, Serialize)]
struct Of {
    guild_id: String,
}

/// How many handlers run at a time.
const PLACES: u64 = 1024;

/// All that is to happen at once has happened.
const SOON: Duration = Duration::from_secs(2);
