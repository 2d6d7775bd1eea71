//! The operations, against the Discord in a box and its oracle.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use ovenjs_mock::{Config, Discord, Guild};
use ovenjs_rest::{Client, Credentials, ErrorKind, Grant};
use ovenjs_types::{
    CommandDraft, Fault, Hook, HookCall, Id, MessageDraft, Permissions, ReactionEmoji, Upload,
};

#[tokio::test]
async fn a_message_is_posted_changed_pinned_reacted_to_and_deleted() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let channel = discord.channel_id();
    client.trigger_typing(channel).await.unwrap();
    let message = client.create_message(channel).content("hi").await.unwrap();
    assert_eq!(message.content, "hi");
    let reply = client
        .create_message(channel)
        .content("re")
        .reply_to(message.id)
        .await
        .unwrap();
    let referenced = reply
        .message_reference
        .and_then(|reference| reference.message_id);
    assert_eq!(referenced, Some(message.id));

    let edited = client
        .edit_message(channel, message.id)
        .content("ho")
        .await
        .unwrap();
    assert_eq!(edited.content, "ho");
    assert_eq!(
        client.message(channel, message.id).await.unwrap().content,
        "ho"
    );
    let bread = || ReactionEmoji::unicode("🍞");
    client
        .add_reaction(channel, message.id, bread())
        .await
        .unwrap();
    client
        .remove_own_reaction(channel, message.id, bread())
        .await
        .unwrap();
    client
        .pin_message(channel, message.id)
        .reason("good")
        .await
        .unwrap();
    let pins = client.pins(channel).await.unwrap();
    assert_eq!(pins.items[0].message.id, message.id);
    client.unpin_message(channel, message.id).await.unwrap();

    client.delete_message(channel, message.id).await.unwrap();
    let error = client.message(channel, message.id).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.discord_code()),
        (ErrorKind::NotFound, Some(10_008))
    );
    let left = client.messages(channel).limit(50).await.unwrap();
    assert!(left.iter().any(|one| one.id == reply.id));
    assert!(left.iter().all(|one| one.id != message.id));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_list_comes_page_by_page_to_its_end() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let channel = discord.channel_id();
    for number in 1..=5 {
        let text = number.to_string();
        client.create_message(channel).content(text).await.unwrap();
    }
    let asked = |discord: &Discord| {
        let list = |request: &&ovenjs_mock::Request| request.method == "GET";
        discord.requests().iter().filter(list).count()
    };
    let texts: Vec<_> = client
        .messages(channel)
        .limit(2)
        .pages()
        .map(|message| message.unwrap().content.to_string())
        .collect()
        .await;
    assert_eq!(texts, ["5", "4", "3", "2", "1"]);
    assert_eq!(asked(&discord), 3);

    // Nothing is asked for that nobody takes.
    let mut pages = client.messages(channel).limit(2).pages();
    assert_eq!(pages.next().await.unwrap().unwrap().content, "5");
    assert_eq!(pages.next().await.unwrap().unwrap().content, "4");
    assert_eq!(asked(&discord), 4);

    // After an error it ends.
    let mut lost = client.messages(Id::new(1)).pages();
    assert!(lost.next().await.unwrap().is_err());
    assert!(lost.next().await.is_none());
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn who_asks_is_shown() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let ann = discord.user("ann");
    // The bot's own call, made for a user.
    let user = client.current_user().as_user(ann.access_token()).await;
    assert_eq!(user.unwrap().id, ann.id());
    // What only users ask for.
    let connections = client.connections(ann.access_token()).await.unwrap();
    assert!(connections.is_empty());
    // What the application asks for, by its secret.
    let credentials = || Credentials::new(discord.application_id(), discord.client_secret());
    let code = ann.authorizes(&["identify"]).into();
    let redirect_uri = "https://oven.example".into();
    let grant = Grant::Code { code, redirect_uri };
    let token = client.exchange_token(credentials(), grant).await.unwrap();
    let shown = client.authorization(token.access_token.clone()).await;
    assert_eq!(shown.unwrap().user.unwrap().id, ann.id());
    client
        .revoke_token(credentials(), token.access_token.clone())
        .await
        .unwrap();
    let error = client.authorization(token.access_token).await.unwrap_err();
    assert!(error.is_auth(), "{error}");
    // The bot's own token is as good as before.
    assert_eq!(client.current_user().await.unwrap().id, discord.bot_id());
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn files_arrive() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let file = Upload::new("bread.txt", &b"crumbs"[..]);
    let client = client(&discord);
    let sent = client
        .create_message(discord.channel_id())
        .content("hi")
        .file(file);
    let message = sent.await.unwrap();
    assert_eq!(message.attachments[0].filename, "bread.txt");
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn the_bot_its_application_and_its_gateway() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    assert_eq!(client.current_user().await.unwrap().id, discord.bot_id());
    assert_eq!(
        client.current_application().await.unwrap().id,
        discord.application_id()
    );
    assert!(client.bot_gateway().await.unwrap().url.starts_with("ws"));
    let channel = client.channel(discord.channel_id()).await.unwrap();
    assert_eq!(channel.id, discord.channel_id());
    let guild = discord.guild_id();
    assert_eq!(client.guild(guild).await.unwrap().id, guild);
    let channels = client.guild_channels(guild).await.unwrap();
    assert!(
        channels
            .iter()
            .any(|channel| channel.id == discord.channel_id())
    );
    let ann = discord.user("ann").id();
    assert_eq!(
        client.member(guild, ann).await.unwrap().user.unwrap().id,
        ann
    );
    let dm = client.create_dm(ann).await.unwrap();
    client.create_message(dm.id).content("psst").await.unwrap();
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn commands_are_registered_changed_and_deleted() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let application = discord.application_id();
    let ping = || CommandDraft::slash("ping", "Answers");
    let set = client
        .bulk_set_global_commands(application)
        .body(vec![ping()])
        .await
        .unwrap();
    assert_eq!(set[0].name, "ping");
    assert_eq!(client.global_commands(application).await.unwrap().len(), 1);
    let guild = discord.guild_id();
    let made = client
        .create_guild_command(application, guild)
        .body(ping())
        .await
        .unwrap();
    assert_eq!(
        client.guild_commands(application, guild).await.unwrap()[0].id,
        made.id
    );
    client
        .delete_guild_command(application, guild, made.id)
        .await
        .unwrap();
    client
        .delete_global_command(application, set[0].id)
        .await
        .unwrap();
    assert!(
        client
            .global_commands(application)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_token_names_the_repair_and_stops_all_calls() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = Client::builder("wr0ng")
        .base_url(discord.base_url())
        .build()
        .unwrap();
    let error = client.current_user().await.unwrap_err();
    assert!(error.is_auth(), "{error}");
    assert!(error.to_string().contains("DISCORD_TOKEN"), "{error}");
    let sent = discord.requests().len();
    let error = client
        .create_message(discord.channel_id())
        .content("hi")
        .await
        .unwrap_err();
    assert!(error.is_auth(), "{error}");
    assert_eq!(discord.requests().len(), sent);

    client.replace_token(&discord.token().into()).unwrap();
    client.current_user().await.unwrap();
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let read_only = Permissions::VIEW_CHANNEL.bits();
    let guild = Guild::named("bakery").bot_permissions(read_only);
    let discord = Discord::start(Config::default().guilds([guild]))
        .await
        .unwrap();
    let error = client(&discord)
        .create_message(discord.channel_id())
        .content("hi")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(
        error.missing_permission(),
        Some(Permissions::SEND_MESSAGES),
        "{error}"
    );
    assert!(error.to_string().contains("lacks SEND_MESSAGES"), "{error}");
}

#[tokio::test]
async fn an_unknown_channel_and_a_form_error_are_told_apart() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let error = client
        .create_message(Id::new(1))
        .content("hi")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.discord_code()),
        (ErrorKind::NotFound, Some(10_003))
    );
    let error = client
        .create_message(discord.channel_id())
        .content("x".repeat(2_001))
        .unchecked()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.discord_code()),
        (ErrorKind::Invalid, Some(50_035))
    );
    assert!(error.fields()[0].starts_with("content: "), "{error}");
}

#[tokio::test]
async fn hooks_are_told_of_requests_and_answers() {
    #[derive(Debug, Default)]
    struct Notes(Mutex<Vec<String>>);
    impl Hook for Notes {
        fn call(&self, call: &HookCall<'_>) {
            let note = match call {
                HookCall::RequestSent { route, .. } => format!("sent {route}"),
                HookCall::RequestAnswered { route, status, .. } => format!("{status} {route}"),
                HookCall::CallEnded { route, outcome, .. } => format!("{outcome} {route}"),
                other => format!("{other:?}"),
            };
            self.0.lock().unwrap().push(note);
        }
    }
    let discord = Discord::start(Config::default()).await.unwrap();
    let notes = Arc::new(Notes::default());
    let builder = Client::builder(discord.token())
        .base_url(discord.base_url())
        .hook(notes.clone());
    let client = builder.build().unwrap();
    client
        .create_message(discord.channel_id())
        .body(MessageDraft::from("hi"))
        .await
        .unwrap();
    assert_eq!(
        *notes.0.lock().unwrap(),
        [
            "sent POST /channels/{channel_id}/messages",
            "200 POST /channels/{channel_id}/messages",
            "answered POST /channels/{channel_id}/messages"
        ]
    );
    let stats = client.stats();
    assert_eq!(
        (stats.sent, stats.answered, stats.failed, stats.in_flight),
        (1, 1, 0, 0)
    );
}

pub(crate) fn client(discord: &Discord) -> Client {
    Client::builder(discord.token())
        .base_url(discord.base_url())
        .build()
        .unwrap()
}
