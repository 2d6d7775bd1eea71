//! Deletions that are gathered.

use std::{
    future::{IntoFuture, poll_fn},
    task::Poll,
    time::Duration,
};

use futures_util::future::join_all;
use ovenjs_mock::{Config, Discord, Guild};
use ovenjs_net::Dialer;
use ovenjs_rest::{Client, ErrorKind, Live};
use ovenjs_types::{Fault, Id, Permissions, marker::MessageMarker};

const BULK: &str = "/messages/bulk-delete";

#[tokio::test(start_paused = true)]
async fn deletions_that_come_together_go_together() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = gathering(&discord);
    let channel = discord.channel_id();
    let messages = posts(&discord, 130).await;
    let asked = discord.requests().len();
    let deletions = messages
        .iter()
        .map(|id| client.delete_message(channel, *id).into_future());
    for done in join_all(deletions).await {
        done.unwrap();
    }
    assert!(discord.messages(channel).is_empty());
    assert_eq!(told(&discord, asked), ["POST", "POST"]);
    assert_eq!(client.stats().gathered, 130);

    // One that comes alone goes alone, and so does one that is too old, with a result of its own.
    let asked = discord.requests().len();
    let last = posts(&discord, 1).await;
    client.delete_message(channel, last[0]).await.unwrap();
    let old: Id<MessageMarker> = Id::new(1 << 22);
    let new = posts(&discord, 2).await;
    let (refused, first, second) = tokio::join!(
        client.delete_message(channel, old).into_future(),
        client.delete_message(channel, new[0]).into_future(),
        client.delete_message(channel, new[1]).into_future(),
    );
    assert_eq!(refused.unwrap_err().discord_code(), Some(10_008));
    first.unwrap();
    second.unwrap();
    let mut told = told(&discord, asked);
    told.sort();
    assert_eq!(told, ["DELETE", "DELETE", "POST"]);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn reasons_stay_with_what_they_are_given_for_and_nothing_is_gathered_unasked() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = gathering(&discord);
    let channel = discord.channel_id();
    let messages = posts(&discord, 4).await;
    let asked = discord.requests().len();
    let deletions = messages.iter().zip(["spam", "spam", "rude", "rude"]);
    let deletions = deletions.map(|(id, reason)| {
        client
            .delete_message(channel, *id)
            .reason(reason)
            .into_future()
    });
    for done in join_all(deletions).await {
        done.unwrap();
    }
    assert_eq!(told(&discord, asked), ["POST", "POST"]);

    client.apply(Live::new());
    let messages = posts(&discord, 2).await;
    let asked = discord.requests().len();
    let deletions = messages
        .iter()
        .map(|id| client.delete_message(channel, *id).into_future());
    for done in join_all(deletions).await {
        done.unwrap();
    }
    assert_eq!(told(&discord, asked), ["DELETE", "DELETE"]);
}

#[tokio::test(start_paused = true)]
async fn where_many_may_not_be_deleted_at_once_each_call_gets_a_result_of_its_own() {
    let few = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES;
    let guild = Guild::named("bakery").bot_permissions(few.bits());
    let discord = Discord::start(Config::default().guilds([guild]))
        .await
        .unwrap();
    let client = gathering(&discord);
    let channel = discord.channel_id();
    let own = client
        .create_message(channel)
        .content("mine")
        .await
        .unwrap()
        .id;
    let theirs = posts(&discord, 1).await[0];
    let asked = discord.requests().len();
    let (mine, refused) = tokio::join!(
        client.delete_message(channel, own).into_future(),
        client.delete_message(channel, theirs).into_future(),
    );
    mine.unwrap();
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(
        error.missing_permission(),
        Some(Permissions::MANAGE_MESSAGES)
    );
    let mut sent = told(&discord, asked);
    sent.sort();
    assert_eq!(sent, ["DELETE", "DELETE", "POST"]);

    // It is not tried again for a while.
    let own = client
        .create_message(channel)
        .content("mine")
        .await
        .unwrap()
        .id;
    let other = client
        .create_message(channel)
        .content("too")
        .await
        .unwrap()
        .id;
    let asked = discord.requests().len();
    let (one, two) = tokio::join!(
        client.delete_message(channel, own).into_future(),
        client.delete_message(channel, other).into_future(),
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(told(&discord, asked), ["DELETE", "DELETE"]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_takes_their_message_along_and_the_others_go_on() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = gathering(&discord);
    let channel = discord.channel_id();
    // The first keeps the time, wherever it is when it leaves.
    for polls in 1..60 {
        let messages = posts(&discord, 3).await;
        let calls = messages
            .iter()
            .map(|id| client.delete_message(channel, *id).into_future());
        let mut calls: Vec<_> = calls.collect();
        let mut leader = calls.remove(0);
        let mut left = polls;
        let mut others = Box::pin(join_all(calls));
        let is_done = poll_fn(|cx| {
            left -= 1;
            if leader.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            assert!(
                others.as_mut().poll(cx).is_pending(),
                "the first one keeps the time"
            );
            if left == 0 {
                Poll::Ready(false)
            } else {
                Poll::Pending
            }
        })
        .await;
        drop(leader);
        for done in others.await {
            done.unwrap();
        }
        let there = discord.messages(channel);
        assert!(there.iter().all(|one| one.id() == messages[0]));
        for message in there {
            client.delete_message(channel, message.id()).await.unwrap();
        }
        if is_done {
            assert!(polls > 1);
            assert_eq!(
                (client.stats().in_flight, client.stats().limits.permits),
                (0, 0)
            );
            return;
        }
    }
    panic!("a deletion is never done");
}

#[tokio::test(start_paused = true)]
async fn who_comes_first_and_is_not_polled_holds_nobody_up() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = gathering(&discord);
    let channel = discord.channel_id();
    let messages = posts(&discord, 2).await;
    let asked = discord.requests().len();
    let mut lazy = client.delete_message(channel, messages[0]).into_future();
    let polled = poll_fn(|cx| Poll::Ready(lazy.as_mut().poll(cx).is_pending()));
    assert!(polled.await);
    client.delete_message(channel, messages[1]).await.unwrap();
    lazy.await.unwrap();
    assert_eq!(told(&discord, asked), ["POST"]);
}

fn gathering(discord: &Discord) -> Client {
    let client = client(discord);
    client.apply(Live::new().gather_deletes(Duration::from_millis(20)));
    client
}

/// No socket: the time of a bunch is over when all wait for it, however slow the machine is.
fn client(discord: &Discord) -> Client {
    let door = discord.door();
    let net = ovenjs_net::Config::new().dialer(Dialer::new(move |_| door()));
    let builder = Client::builder(discord.token()).base_url(discord.base_url());
    builder.net(net).build().unwrap()
}

/// Messages of a user's.
async fn posts(discord: &Discord, count: usize) -> Vec<Id<MessageMarker>> {
    let (user, mut messages) = (discord.user("ada"), Vec::new());
    for number in 0..count {
        messages.push(user.says(&number.to_string()).await.id());
    }
    messages
}

/// The methods of deletions from this request on.
fn told(discord: &Discord, from: usize) -> Vec<String> {
    let requests = discord.requests();
    let requests = requests.iter().skip(from);
    requests
        .filter(|request| request.method == "DELETE" || request.path.ends_with(BULK))
        .map(|request| request.method.clone())
        .collect()
}
