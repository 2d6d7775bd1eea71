//! What a bot does from start to stop.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ovenjs_core::{
    Answer, Bot, Config, Cx, Failure, Int, Mirror, On, Register, Running, State, command, event,
    rest::Client,
    routes,
    types::{
        ChannelType, Drift, Hook, HookCall, JsonValue, MessageCreate, MessageReactionAdd,
        TypingStart, json,
    },
};
use ovenjs_mock::Discord;
use tokio::sync::{Notify, Semaphore};

/// Roll a die
#[command]
async fn roll(
    cx: Cx,
    /// How many sides
    sides: Int<2, 100>,
) -> Answer {
    cx.reply(format!("a die of {sides}")).await
}

#[tokio::test]
async fn commands_are_registered_once_and_kept() {
    let discord = mock().await;
    let first = Bot::new()
        .routes(routes![roll])
        .config(config(&discord))
        .start()
        .await
        .unwrap();
    first.stop().await.unwrap();
    let writes = |discord: &Discord| {
        discord
            .requests()
            .iter()
            .filter(|r| r.path.contains("/commands") && r.method != "GET")
            .count()
    };
    assert_eq!(writes(&discord), 1);

    let second = Bot::new()
        .routes(routes![roll])
        .config(config(&discord))
        .start()
        .await
        .unwrap();

    assert_eq!(
        writes(&discord),
        1,
        "nothing has changed, so nothing is written"
    );
    discord.wait_for_ready(1).await.unwrap();
    let answer = discord.user("ann").slash("/roll sides:6").await;
    assert_eq!(answer.content(), "a die of 6");
    second.stop().await.unwrap();
    assert!(
        discord.violations().is_empty(),
        "{:?}",
        discord.violations()
    );
}

#[tokio::test]
async fn an_option_that_is_gone_is_gone_at_discord() {
    mod later {
        use super::{Answer, Cx, command};
        /// Roll a die
        #[command]
        pub(super) async fn roll(cx: Cx) -> Answer {
            cx.reply("always six sides").await
        }
    }
    let discord = mock().await;
    let before = Bot::new().routes(routes![roll]).config(config(&discord));
    before.start().await.unwrap().stop().await.unwrap();

    let after = Bot::new()
        .routes(routes![later::roll])
        .config(config(&discord));
    let running = after.start().await.unwrap();

    discord.wait_for_ready(1).await.unwrap();
    let answer = discord.user("ann").slash("/roll").await;
    assert_eq!(answer.content(), "always six sides");
    running.stop().await.unwrap();
    assert!(
        discord.violations().is_empty(),
        "{:?}",
        discord.violations()
    );
}

#[tokio::test]
async fn a_handler_can_use_client_mirror_and_state() {
    #[event]
    async fn thank(
        reaction: On<MessageReactionAdd>,
        client: Client,
        mirror: Mirror,
        State(word): State<&'static str>,
    ) -> Result<(), Failure> {
        let channel = mirror
            .channel(reaction.channel_id)
            .ok_or_else(|| Failure::because("no channel"))?;
        assert_eq!(channel.kind, ChannelType::GuildText);
        client
            .create_message(reaction.channel_id)
            .content(word)
            .reply_to(reaction.message_id)
            .await?;
        Ok(())
    }
    let discord = mock().await;
    let bot = Bot::with_state("thanks")
        .routes(routes![thank])
        .config(config(&discord));
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    let ann = discord.user("ann");
    let message = ann.says("bread is ready").await;

    ann.reacts(&message, "👍");

    assert_eq!(
        discord.next_bot_message().await.unwrap().content(),
        "thanks"
    );
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_bot_can_tell_how_discord_has_changed() {
    #[event]
    async fn heard(typing: On<TypingStart>, client: Client, drift: Drift) -> Result<(), Failure> {
        let places = drift.to_string();
        client
            .create_message(typing.channel_id)
            .content(places)
            .await?;
        Ok(())
    }
    let discord = mock().await;
    let bot = Bot::new().routes(routes![heard]).config(config(&discord));
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    let typing = format!(
        r#"{{"channel_id":"{}","guild_id":"{}","user_id":"5","timestamp":1,"member":"of another type"}}"#,
        discord.channel_id(),
        discord.guild_id()
    );
    let typing: JsonValue = json::decode(typing.as_bytes(), &mut json::Scratch::new()).unwrap();
    discord.emit("TYPING_START", &typing).unwrap();

    let told = discord.next_bot_message().await.unwrap();
    let line = "1 TYPING_START member: wrong type";
    assert!(told.content().contains(line), "{}", told.content());
    assert!(running.drift().to_string().contains(line));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_slow_handler_is_deferred_and_its_answer_still_arrives() {
    /// Waits for the baker
    #[command]
    async fn bake(cx: Cx, State(done): State<Arc<Notify>>) -> Answer {
        done.notified().await;
        cx.reply("baked").await
    }
    let discord = mock().await;
    let done = Arc::new(Notify::new());
    let mut config = config(&discord);
    config.live.commands.defer_after = Duration::from_millis(1);
    let bot = Bot::with_state(Arc::clone(&done))
        .routes(routes![bake])
        .config(config);
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();

    let ann = discord.user("ann");
    let (answer, ()) = tokio::join!(ann.slash("/bake"), async {
        discord
            .wait_for_request(
                "POST",
                "/interactions/{interaction_id}/{interaction_token}/callback",
            )
            .await
            .unwrap();
        done.notify_one();
    });

    assert_eq!(answer.content(), "baked");
    running.stop().await.unwrap();
    assert!(
        discord.violations().is_empty(),
        "{:?}",
        discord.violations()
    );
}

#[tokio::test]
async fn a_stop_waits_for_handlers_and_keeps_the_session() {
    #[event]
    async fn slow(
        _message: On<MessageCreate>,
        State(stages): State<Arc<Stages>>,
    ) -> Result<(), Failure> {
        stages.begun.notify_one();
        stages.go_on.notified().await;
        *stages.finished.lock().unwrap() = true;
        Ok(())
    }
    #[derive(Default)]
    struct Stages {
        begun: Notify,
        go_on: Notify,
        finished: Mutex<bool>,
    }
    let discord = mock().await;
    let stages = Arc::new(Stages::default());
    let bot = Bot::with_state(Arc::clone(&stages))
        .routes(routes![slow])
        .config(config(&discord));
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    discord.user("ann").says("hi").await;
    stages.begun.notified().await;

    let (stopped, ()) = tokio::join!(running.stop(), async { stages.go_on.notify_one() });

    stopped.unwrap();
    assert!(*stages.finished.lock().unwrap());
}

#[tokio::test]
async fn a_hook_is_told_of_requests() {
    #[derive(Debug, Default)]
    struct Routes(Mutex<Vec<String>>);
    impl Hook for Routes {
        fn call(&self, call: &HookCall<'_>) {
            if let HookCall::RequestAnswered { route, status, .. } = call {
                self.0.lock().unwrap().push(format!("{route} {status}"));
            }
        }
    }
    let discord = mock().await;
    let hook = Arc::new(Routes::default());
    let bot = Bot::new()
        .config(config(&discord).register(Register::Off))
        .hook(hook.clone());
    let running: Running = bot.start().await.unwrap();
    running.stop().await.unwrap();
    let routes = hook.0.lock().unwrap().clone();
    assert_eq!(
        routes,
        ["GET /gateway/bot 200", "GET /applications/@me 200"]
    );
}

#[tokio::test]
async fn a_hook_that_panics_harms_nobody() {
    #[derive(Debug)]
    struct Panics;
    impl Hook for Panics {
        fn call(&self, call: &HookCall<'_>) {
            panic!("told of {:?}", call.point());
        }
    }
    let discord = mock().await;
    let bot = Bot::new()
        .routes(routes![roll])
        .config(config(&discord))
        .hook(Arc::new(Panics));
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    let answer = discord.user("ann").slash("/roll sides:6").await;
    assert_eq!(answer.content(), "a die of 6");
    running.stop().await.unwrap();
}

/// All places are taken, and events more wait for one.
#[tokio::test]
async fn a_stop_does_not_wait_for_handlers_that_never_end() {
    #[event]
    async fn stuck(_message: On<MessageCreate>, State(begun): State<Arc<Semaphore>>) {
        begun.add_permits(1);
        std::future::pending().await
    }
    let discord = mock().await;
    let mut config = config(&discord);
    config.live.bot.stop_after = Duration::from_millis(1);
    let begun = Arc::new(Semaphore::new(0));
    let bot = Bot::with_state(Arc::clone(&begun)).routes(routes![stuck]);
    let running = bot.config(config).start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    let places: u32 = 1024;
    for _ in 0..places + 50 {
        discord.user("ann").says("hi").await;
    }
    begun.acquire_many(places).await.unwrap().forget();

    let stopped = tokio::time::timeout(Duration::from_secs(20), running.stop());
    stopped.await.unwrap().unwrap();
    assert_eq!(begun.available_permits(), 0, "no further handler began");
}

pub(crate) async fn mock() -> Discord {
    Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap()
}

pub(crate) fn config(discord: &Discord) -> Config {
    Config::new()
        .token(discord.token())
        .base_url(discord.base_url())
}
