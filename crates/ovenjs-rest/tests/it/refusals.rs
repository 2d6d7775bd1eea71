//! What Discord refuses again and again: asked once, told often.

use std::{
    future::{IntoFuture, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use futures_util::future::join_all;
use ovenjs_mock::{Config, Discord, Guild, Limits, Overwrite, Rate, Sublimit, When};
use ovenjs_rest::{Client, ErrorKind, Live};
use ovenjs_types::{DataUri, Fault, Id, Permissions, Secret, WebhookDraft, marker::WebhookMarker};

use crate::{
    discord::client,
    server::{Server, Step, TOKEN},
};

const EDIT: &str = "PATCH /channels/{channel_id}";

#[tokio::test]
async fn a_hidden_limit_costs_one_429_and_holds_up_nothing_else() {
    let hidden = Sublimit::of([EDIT], Rate::fixed(2, Duration::from_secs(600)));
    let limits = Limits::default().sublimit(hidden.when(When::BodyHas("name".to_owned())));
    let guild = Guild::named("bakery").channels(["bread", "cake"]);
    let discord = Discord::start(Config::default().limits(limits).guilds([guild]))
        .await
        .unwrap();
    let (client, bread) = (client(&discord), discord.channel_named("bread").unwrap());
    let cake = discord.channel_named("cake").unwrap();
    for name in ["rye", "oat"] {
        client.edit_channel(bread).name(name).await.unwrap();
    }
    let error = client.edit_channel(bread).name("bun").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limited, "{error}");
    assert!(
        error.retry_after().unwrap() > Duration::from_secs(500),
        "{error}"
    );
    assert_eq!(discord.invalid_requests(), 1);

    // Names stand still, and nobody asks; all else goes on while they wait.
    let asked = discord.requests().len();
    let patient = Live::new().deadline(Duration::from_secs(3_600));
    client.apply(patient);
    let mut renaming = Box::pin(client.edit_channel(bread).name("bun").into_future());
    assert!(poll_once(renaming.as_mut()).await.is_pending());
    let others = (0..100).map(|number| {
        let client = &client;
        async move {
            let topic = format!("Loaf {number}");
            client.edit_channel(bread).topic(topic).await.map(drop)?;
            client
                .create_message(bread)
                .content("fresh")
                .await
                .map(drop)
        }
    });
    for done in join_all(others).await {
        done.unwrap();
    }
    assert!(poll_once(renaming.as_mut()).await.is_pending());
    drop(renaming);
    assert_eq!(discord.requests().len(), asked + 200);

    // What was learned in one channel holds in the other.
    for name in ["pie", "tart"] {
        client.edit_channel(cake).name(name).await.unwrap();
    }
    let hurried = client.edit_channel(cake).name("muffin");
    let error = hurried.deadline(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limited, "{error}");
    assert_eq!(discord.invalid_requests(), 1);
    assert_eq!(client.stats().limits.limited_hidden, 1);
    assert_eq!(client.stats().limits.permits, 0);
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_asked_once() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let (gone, token) = webhook(&client, &discord).await;
    let (other, others) = webhook(&client, &discord).await;
    client
        .execute_webhook(gone, token.clone())
        .content("one")
        .await
        .unwrap();
    // That a message is not there says nothing of the webhook.
    let error = client
        .webhook_message(gone, token.clone(), Id::new(1))
        .await
        .unwrap_err();
    assert_eq!(error.discord_code(), Some(10_008));
    client
        .execute_webhook(gone, token.clone())
        .content("two")
        .await
        .unwrap();

    client.delete_webhook(gone).await.unwrap();
    let call = || client.execute_webhook(gone, token.clone()).content("three");
    let error = call().await.unwrap_err();
    assert_eq!(
        (error.status(), error.discord_code()),
        (Some(404), Some(10_015))
    );
    let asked = discord.requests().len();
    for error in [
        call().await.unwrap_err(),
        client
            .webhook_by_token(gone, token.clone())
            .await
            .unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, None));
        assert_eq!(error.discord_code(), Some(10_015));
        let text = error.to_string();
        assert!(text.contains("forget it and create another"), "{text}");
        assert!(text.contains("was not sent"), "{text}");
        assert!(!text.contains(token.expose()), "{text}");
    }
    assert_eq!(discord.requests().len(), asked);
    client
        .execute_webhook(other, others)
        .content("four")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_wrong_token_of_a_webhook_is_shown_once() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let (id, token) = webhook(&client, &discord).await;
    let wrong = Secret::from("0ld.t0ken");
    let call = |text| client.execute_webhook(id, wrong.clone()).content(text);
    assert_eq!(call("one").await.unwrap_err().status(), Some(401));
    let asked = discord.requests().len();
    let error = call("two").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Unauthorized, None)
    );
    let text = error.to_string();
    assert!(
        text.contains("use a newer one") && !text.contains("DISCORD_TOKEN"),
        "{text}"
    );
    assert_eq!(
        (discord.requests().len(), discord.invalid_requests()),
        (asked, 1)
    );
    client
        .execute_webhook(id, token)
        .content("three")
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_permission_is_missing_for_is_asked_again_when_permissions_change() {
    let read_only = Permissions::VIEW_CHANNEL.bits();
    let guild = Guild::named("bakery").bot_permissions(read_only);
    let discord = Discord::start(Config::default().guilds([guild]))
        .await
        .unwrap();
    let (client, channel) = (client(&discord), discord.channel_id());
    let post = |text| client.create_message(channel).content(text);
    let first = post("one").await.unwrap_err();
    assert_eq!(first.status(), Some(403));
    let asked = discord.requests().len();
    let again = post("two").await.unwrap_err();
    assert_eq!((again.kind(), again.status()), (ErrorKind::Forbidden, None));
    assert_eq!(again.missing_permission(), Some(Permissions::SEND_MESSAGES));
    let text = again.to_string();
    assert!(
        text.contains("lacks SEND_MESSAGES") && text.contains("was not sent"),
        "{text}"
    );
    assert!(again.retry_after().is_some(), "{text}");
    assert_eq!(discord.requests().len(), asked);

    // Another body of a change is another deed, the same one is not; and whoever insists, asks.
    for (name, asks) in [("rye", 1), ("rye", 0), ("oat", 1)] {
        let asked = discord.requests().len();
        client.edit_channel(channel).name(name).await.unwrap_err();
        assert_eq!(discord.requests().len() - asked, asks, "{name}");
    }
    assert_eq!(post("three").fresh().await.unwrap_err().status(), Some(403));

    let sends = Overwrite::member(discord.bot_id()).allow(Permissions::SEND_MESSAGES.bits());
    discord.overwrite(channel, [sends]);
    assert_eq!(post("four").await.unwrap_err().status(), None);
    client.permissions_changed();
    post("five").await.unwrap();
}

#[tokio::test]
async fn what_one_process_learned_the_next_one_need_not_try() {
    const HEADERS: &str = "content-type: application/json\r\nx-ratelimit-limit: 5\r\n\
                           x-ratelimit-remaining: 4\r\nx-ratelimit-reset-after: 5.000\r\n";
    let body = r#"{"id":"1","channel_id":"2","author":{"id":"3","username":"b"}}"#.to_owned();
    let step = Step::Answer(200, HEADERS, body.clone());
    let server = Server::start([step]).await;
    let before = server.client();
    before
        .create_message(Id::new(1))
        .content("one")
        .await
        .unwrap();
    let written = ovenjs_types::json::encode(&before.limits());

    // This one answers nobody before all have asked.
    let server = Server::start([Step::Gathered(5, HEADERS, body)]).await;
    let after = Client::builder(TOKEN)
        .base_url(&server.base_url)
        .build()
        .unwrap();
    let scratch = &mut ovenjs_types::json::Scratch::new();
    after.restore_limits(ovenjs_types::json::decode(&written, scratch).unwrap());
    let calls = (0..5).map(|_| after.create_message(Id::new(2)).content("hi").into_future());
    for sent in join_all(calls).await {
        sent.unwrap();
    }
    assert_eq!(server.seen().len(), 5);
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

async fn webhook(client: &Client, discord: &Discord) -> (Id<WebhookMarker>, Secret) {
    let draft = WebhookDraft::new("oven").avatar(DataUri::new("image/png", PNG));
    let made = client
        .create_webhook(discord.channel_id(), draft)
        .await
        .unwrap();
    (made.id, made.token.unwrap())
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
