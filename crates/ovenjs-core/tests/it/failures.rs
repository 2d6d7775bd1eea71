//! What goes wrong while a bot runs, and who is told.

use std::sync::{Arc, Mutex};

use ovenjs_core::{
    Answer, Bot, Cx, ErrorKind, Failure, On, Register, State, Text, command, event,
    rest::Client,
    routes,
    types::{Fault, Hook, HookCall, MessageCreate, Permissions},
};

use ovenjs_mock::Overwrite;
use tokio::sync::mpsc::{Sender, channel};

use crate::bot::{config, mock};

#[tokio::test]
async fn two_handlers_of_one_name_do_not_start() {
    mod other {
        use super::{Answer, Cx, command};
        /// The same name again
        #[command]
        pub(super) async fn ping(cx: Cx) -> Answer {
            cx.reply("two").await
        }
    }
    let discord = mock().await;
    let bot = Bot::new()
        .routes(routes![ping, other::ping])
        .config(config(&discord));

    let error = bot.start().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Routes);
    assert!(error.to_string().contains("ping"), "{error}");
    assert!(
        discord.requests().is_empty(),
        "it is found before anything is sent"
    );
}

#[tokio::test]
async fn a_forbidden_request_names_the_permission() {
    type Errors = Arc<Mutex<Vec<(String, Option<Permissions>)>>>;
    #[event]
    async fn echo(
        message: On<MessageCreate>,
        client: Client,
        State(errors): State<Errors>,
    ) -> Result<(), Failure> {
        let sent = client
            .create_message(message.channel_id)
            .content("hi")
            .await;
        let error = sent.unwrap_err();
        errors
            .lock()
            .unwrap()
            .push((error.to_string(), error.missing_permission()));
        Ok(())
    }
    let discord = mock().await;
    let errors = Errors::default();
    let bot = Bot::with_state(Arc::clone(&errors))
        .routes(routes![echo])
        .config(config(&discord));
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    let deny = Overwrite::member(discord.bot_id()).deny(Permissions::SEND_MESSAGES.bits());
    discord.overwrite(discord.channel_id(), [deny]);

    discord.user("ann").says("anyone?").await;
    discord
        .wait_for_request("POST", "/channels/{channel_id}/messages")
        .await
        .unwrap();
    running.stop().await.unwrap();

    let errors = errors.lock().unwrap();
    let [(text, permission)] = errors.as_slice() else {
        panic!("{errors:?}")
    };
    assert_eq!(*permission, Some(Permissions::SEND_MESSAGES));
    assert!(
        text.contains("SEND_MESSAGES") && text.contains("/channels/{channel_id}/messages"),
        "{text}"
    );
}

#[tokio::test]
async fn what_was_forbidden_is_asked_again_once_the_bot_itself_has_changed() {
    #[event]
    async fn echo(
        message: On<MessageCreate>,
        client: Client,
        State(errors): State<Sender<String>>,
    ) -> Result<(), Failure> {
        let channel = message.channel_id;
        let error = client
            .create_message(channel)
            .content("hi")
            .await
            .unwrap_err();
        errors.send(error.to_string()).await.unwrap();
        Ok(())
    }
    let discord = mock().await;
    let (sender, mut errors) = channel(8);
    let bot = Bot::with_state(sender)
        .routes(routes![echo])
        .config(config(&discord));
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    let deny = Overwrite::member(discord.bot_id()).deny(Permissions::SEND_MESSAGES.bits());
    discord.overwrite(discord.channel_id(), [deny]);
    let ann = discord.user("ann");
    let posts = || {
        let requests = discord.requests();
        let posts = requests.iter().filter(|request| request.method == "POST");
        posts
            .filter(|request| request.path.ends_with("/messages"))
            .count()
    };

    for (asked, is_sent) in [(1, true), (1, false)] {
        ann.says("anyone?").await;
        let error = errors.recv().await.unwrap();
        assert_eq!(
            (posts(), !error.contains("not sent")),
            (asked, is_sent),
            "{error}"
        );
    }
    // Somebody else's hand, so that the bot has it from the gateway alone.
    let hand = Client::builder(discord.token()).base_url(discord.base_url());
    let hand = hand.build().unwrap();
    hand.edit_own_member(discord.guild_id())
        .nick("baker")
        .await
        .unwrap();
    ann.says("and now?").await;
    let error = errors.recv().await.unwrap();
    assert!(posts() == 2 && !error.contains("not sent"), "{error}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn an_option_of_an_older_version_is_named_to_the_user() {
    mod older {
        use super::{Answer, Cx, Text, command};
        /// Orders bread
        #[command]
        pub(super) async fn order(
            cx: Cx,
            /// Which bread
            bread: Text<1, 50>,
        ) -> Answer {
            cx.reply(bread.to_string()).await
        }
    }
    /// Orders bread
    #[command]
    async fn order(
        cx: Cx,
        /// How many loaves
        loaves: Option<i64>,
    ) -> Answer {
        cx.reply(format!("{loaves:?}")).await
    }
    let discord = mock().await;
    let before = Bot::new()
        .routes(routes![older::order])
        .config(config(&discord));
    before.start().await.unwrap().stop().await.unwrap();
    let now = Bot::new()
        .routes(routes![order])
        .config(config(&discord).register(Register::Off));
    let running = now.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();

    let answer = discord.user("ann").slash("/order bread:rye").await;

    assert!(
        answer.ephemeral() && answer.content().contains("`bread`"),
        "{}",
        answer.content()
    );
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_failing_handler_apologises_and_the_hook_is_told() {
    /// Fails
    #[command]
    async fn fail(_cx: Cx) -> Answer {
        Err(Failure::because("the oven is cold"))
    }
    /// Panics
    #[command]
    async fn panics(cx: Cx) -> Answer {
        assert!(cx.guild_id().is_none(), "the oven is on fire");
        cx.reply("never").await
    }
    #[derive(Debug, Default)]
    struct Failures(Mutex<Vec<String>>);
    impl Hook for Failures {
        fn call(&self, call: &HookCall<'_>) {
            if let HookCall::HandlerFailed { handler, error } = call {
                self.0.lock().unwrap().push(format!("{handler}: {error}"));
            }
        }
    }
    let discord = mock().await;
    let hook = Arc::new(Failures::default());
    let bot = Bot::new()
        .routes(routes![fail, panics, ping])
        .config(config(&discord))
        .hook(hook.clone());
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    let ann = discord.user("ann");

    for command in ["/fail", "/panics"] {
        let answer = ann.slash(command).await;
        assert!(
            answer.ephemeral() && answer.content().contains("went wrong"),
            "{}",
            answer.content()
        );
    }

    assert_eq!(ann.slash("/ping").await.content(), "one", "the bot goes on");
    running.stop().await.unwrap();
    let failures = hook.0.lock().unwrap();
    assert!(
        failures[0].contains("the oven is cold") && failures[1].contains("on fire"),
        "{failures:?}"
    );
}

/// Ping
#[command]
async fn ping(cx: Cx) -> Answer {
    cx.reply("one").await
}
