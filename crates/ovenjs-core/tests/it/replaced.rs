//! One process after the other: what the first had begun, the next goes on with.

use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ovenjs_core::{
    Bot, Config, Failure, On, Register, Running, State, event, routes,
    types::{Intents, MessageCreate},
};
use ovenjs_mock::Discord;
use tokio::sync::mpsc;

type Seen = Arc<mpsc::Sender<String>>;

#[event]
async fn note(message: On<MessageCreate>, State(seen): State<Seen>) -> Result<(), Failure> {
    seen.send(message.content.to_string()).await.unwrap();
    Ok(())
}

/// A folder of its own for a test, gone with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ovenjs-{name}-{}-{nth}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn config(discord: &Discord) -> Config {
    let quick = Duration::from_millis(1);
    Config::new()
        .token(discord.token())
        .base_url(discord.base_url())
        .register(Register::Off)
        .backoff(quick, quick * 2)
}

pub(crate) async fn start(config: Config, seen: &mpsc::Sender<String>) -> Running {
    let bot = Bot::with_state(Arc::new(seen.clone())).routes(routes![note]);
    let bot = bot.intents(Intents::MESSAGE_CONTENT);
    bot.config(config).start().await.unwrap()
}

pub(crate) async fn heard(hears: &mut mpsc::Receiver<String>) -> String {
    let heard = tokio::time::timeout(Duration::from_secs(20), hears.recv()).await;
    heard.expect("it is heard in time").unwrap()
}

#[tokio::test]
async fn a_bot_that_is_started_again_resumes_from_its_file() {
    let folder = Folder::new("state");
    let file = folder.0.join("bot.state");
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (seen, mut hears) = mpsc::channel(100);
    for n in 0..4 {
        let bot = start(config(&discord).state(&file), &seen).await;
        if n == 0 {
            discord.wait_for_ready(1).await.unwrap();
        }
        discord.user("ann").says(&format!("during {n}")).await;
        assert_eq!(heard(&mut hears).await, format!("during {n}"));
        bot.stop().await.unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        discord.user("ann").says(&format!("after {n}")).await;
        let bot = start(config(&discord).state(&file), &seen).await;
        assert_eq!(heard(&mut hears).await, format!("after {n}"));
        bot.stop().await.unwrap();
    }
    assert_eq!(discord.identifies(), 1);
    assert!(hears.try_recv().is_err(), "nothing comes twice");
}

#[tokio::test]
async fn a_file_that_is_damaged_costs_the_sessions_and_not_the_bot() {
    let folder = Folder::new("damaged");
    let file = folder.0.join("bot.state");
    std::fs::write(&file, "no state").unwrap();
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (seen, _hears) = mpsc::channel(100);
    let bot = start(config(&discord).state(&file), &seen).await;
    discord.wait_for_ready(1).await.unwrap();
    bot.stop().await.unwrap();
    let kept = std::fs::read(&file).unwrap();
    assert!(ovenjs_core::gateway::FleetState::from_bytes(&kept).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_state_of_another_version_is_not_written_over() {
    let folder = Folder::new("version");
    let file = folder.0.join("bot.state");
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = Config::in_process(discord.token(), discord.door())
        .register(Register::Off)
        .state(&file);
    let bot = Bot::new().config(config.clone()).start().await.unwrap();
    discord.expect_ready(1).await;
    bot.stop().await.unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    // The last byte of the version.
    let version = b"ovenjs fleet state\n".len() + 3;
    bytes[version] += 1;
    std::fs::write(&file, &bytes).unwrap();

    let error = Bot::new().config(config).start().await.unwrap_err();

    assert!(
        format!("{error:?}").contains("another version"),
        "{error:?}"
    );
    assert!(error.to_string().contains("bot.state"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    assert_eq!(discord.identifies(), 1);
}

#[tokio::test(start_paused = true)]
async fn sessions_that_cannot_be_read_are_not_written_over() {
    let folder = Folder::new("unread");
    // Nobody can read a folder as a file, whatever they may do.
    let file = folder.0.join("bot.state");
    std::fs::create_dir(&file).unwrap();
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = Config::in_process(discord.token(), discord.door()).state(&file);
    let bot = Bot::new().config(config);
    let error = bot.start().await.unwrap_err();
    assert!(error.to_string().contains("written over"), "{error}");
    assert!(error.to_string().contains("bot.state"), "{error}");
    assert_eq!(discord.identifies(), 0);
}

#[tokio::test]
async fn three_processes_replace_one_another_at_a_socket_and_lose_nothing() {
    let folder = Folder::new("socket");
    let socket = folder.0.join("bot.socket");
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (seen, mut hears) = mpsc::channel(1000);
    let mut processes = tokio::task::JoinSet::new();
    let bot = start(config(&discord).hand_over(&socket), &seen).await;
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    discord.wait_for_ready(1).await.unwrap();
    processes.spawn(bot.until_replaced());
    let mut said = 0;
    for _ in 0..3 {
        for _ in 0..20 {
            said += 1;
            discord.user("ann").says(&said.to_string()).await;
        }
        let next = start(config(&discord).hand_over(&socket), &seen).await;
        processes.join_next().await.unwrap().unwrap().unwrap();
        processes.spawn(next.until_replaced());
    }
    for n in 1..=said {
        assert_eq!(heard(&mut hears).await, n.to_string());
    }
    assert!(hears.try_recv().is_err(), "nothing comes twice");
    assert_eq!(discord.identifies(), 1);
}

#[tokio::test]
async fn a_signal_ends_a_bot_whose_handlers_finish_and_the_next_resumes() {
    /// Takes a while over everything it hears.
    #[event]
    async fn slow(message: On<MessageCreate>, State(seen): State<Seen>) -> Result<(), Failure> {
        seen.send(format!("begun {}", message.content)).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        seen.send(format!("done {}", message.content)).await?;
        Ok(())
    }
    let folder = Folder::new("signal");
    let file = folder.0.join("bot.state");
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (seen, mut hears) = mpsc::channel(100);
    // Whoever listens for a signal does not die of it: before the bot listens, this test does.
    let terminate = tokio::signal::unix::SignalKind::terminate();
    let _alive = tokio::signal::unix::signal(terminate).unwrap();
    let config = config(&discord).state(&file);
    let bot = Bot::with_state(Arc::new(seen.clone())).routes(routes![slow]);
    let bot = bot.intents(Intents::MESSAGE_CONTENT).config(config.clone());
    let run = tokio::task::spawn_blocking(move || bot.run());
    discord.wait_for_ready(1).await.unwrap();
    discord.user("ann").says("bread").await;
    assert_eq!(heard(&mut hears).await, "begun bread");
    while !run.is_finished() {
        let ourselves = std::process::id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-TERM", &ourselves])
            .status();
        assert!(kill.unwrap().success());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    run.await.unwrap().unwrap();
    assert_eq!(heard(&mut hears).await, "done bread");

    discord.user("ann").says("rolls").await;
    let next = start(config, &seen).await;
    assert_eq!(heard(&mut hears).await, "rolls");
    next.stop().await.unwrap();
    assert_eq!(discord.identifies(), 1);
}
