//! Limits, faults and dropped calls, against the Discord in a box.

use std::{
    future::{Future, IntoFuture},
    pin::pin,
    task::Poll,
    time::Duration,
};

use futures_util::future::join_all;
use ovenjs_mock::{Config, Discord, Limits};
use ovenjs_rest::{ErrorKind, Live, Obstacle, Priority};
use ovenjs_types::Fault;

use crate::discord::client;

const POST: &str = "POST /channels/{channel_id}/messages";

#[tokio::test]
async fn thirty_messages_at_once_meet_no_429() {
    let limits = Limits::default().route(POST, 5, Duration::from_millis(250));
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let client = client(&discord);
    let calls = (0..30).map(|n| {
        client
            .create_message(discord.channel_id())
            .content(n.to_string())
            .into_future()
    });
    for sent in join_all(calls).await {
        sent.unwrap();
    }
    assert_eq!(discord.invalid_requests(), 0);
    let stats = client.stats();
    assert_eq!(
        (
            stats.limits.limited_user,
            stats.limits.permits,
            stats.waiting
        ),
        (0, 0, 0)
    );
    assert_eq!(discord.messages(discord.channel_id()).len(), 30);
}

#[tokio::test]
async fn calls_that_wait_say_what_for() {
    let limits = Limits::default().route(POST, 1, Duration::from_secs(30));
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let client = client(&discord);
    let post = || client.create_message(discord.channel_id()).content("hi");
    post().await.unwrap();
    assert_eq!(client.why(9), []);
    let patient = || post().deadline(Duration::from_secs(600));
    let bulk = || patient().priority(Priority::Bulk).into_future();
    let mut waiting = [bulk(), bulk()];
    std::future::poll_fn(|cx| {
        for call in &mut waiting {
            assert!(call.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    let whys = client.why(9);
    let ahead: Vec<_> = whys.iter().map(|why| why.ahead).collect();
    assert_eq!((ahead, client.why(1).len()), (vec![0, 1], 1));
    for why in &whys {
        assert_eq!((why.key.route, why.priority), (POST, Priority::Bulk));
        assert_eq!(why.on, Some(Obstacle::Bucket));
        assert!(why.eta.is_some());
    }
}

#[tokio::test]
async fn the_global_limit_is_kept_over_many_routes() {
    let mut limits = Limits::default();
    limits.global_per_second = Some(20);
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let client = client(&discord);
    client.apply(Live::new().limits(ovenjs_ratelimit::Live::new().global_per_second(20)));
    let calls = (0..50).map(|n| {
        let (client, discord) = (&client, &discord);
        async move {
            match n % 3 {
                0 => client.current_user().await.map(drop),
                1 => client.channel(discord.channel_id()).await.map(drop),
                _ => client.guild(discord.guild_id()).await.map(drop),
            }
        }
    });
    for done in join_all(calls).await {
        done.unwrap();
    }
    assert_eq!(discord.invalid_requests(), 0);
}

#[tokio::test]
async fn a_429_is_waited_out_within_the_same_call() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    let wait = Duration::from_millis(60);
    discord.faults().limit_once(POST, wait);
    client
        .create_message(discord.channel_id())
        .content("bucket")
        .await
        .unwrap();
    discord.faults().limit_globally_once(POST, wait);
    client
        .create_message(discord.channel_id())
        .content("global")
        .await
        .unwrap();
    let stats = client.stats();
    assert_eq!(
        (stats.limits.limited_user, stats.limits.limited_global),
        (1, 1)
    );
    assert_eq!((stats.sent, stats.retried, stats.failed), (4, 2, 0));
}

#[tokio::test]
async fn a_server_error_is_repeated_only_where_it_does_no_harm() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = client(&discord);
    discord.faults().break_once("GET /users/@me", 502);
    client.current_user().await.unwrap();
    discord.faults().break_once(POST, 500);
    let error = client
        .create_message(discord.channel_id())
        .content("once")
        .at_most_once()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.is_retryable());
    assert!(discord.messages(discord.channel_id()).is_empty());
}

/// A call is polled n times and dropped, for every n until it completes. Whatever the moment, no
/// place in the queue, no permit and no connection is lost.
#[tokio::test]
async fn a_call_may_be_dropped_at_any_moment() {
    let limits = Limits::default().route(POST, 100, Duration::from_millis(200));
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let client = client(&discord);
    let channel = discord.channel_id();
    client
        .create_message(channel)
        .content("first")
        .await
        .unwrap();
    let mut dropped = 0;
    for polls in 1..200 {
        let mut call = pin!(
            client
                .create_message(channel)
                .content("swept")
                .into_future()
        );
        let mut left = polls;
        let finished = std::future::poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(false);
            }
            left -= 1;
            let polled = call.as_mut().poll(cx);
            if let Poll::Ready(sent) = polled {
                sent.unwrap();
                return Poll::Ready(true);
            }
            if left == 0 {
                return Poll::Ready(false);
            }
            Poll::Pending
        });
        if finished.await {
            break;
        }
        dropped += 1;
    }
    assert!(dropped > 0, "nothing was dropped");
    let stats = client.stats();
    assert_eq!(
        (stats.limits.permits, stats.waiting, stats.in_flight),
        (0, 0, 0)
    );
    client
        .create_message(channel)
        .content("last")
        .await
        .unwrap();
    let last = discord
        .messages(channel)
        .last()
        .unwrap()
        .content()
        .to_owned();
    assert_eq!(last, "last");
}

/// The same while others stand in the same line.
#[tokio::test]
async fn waiting_calls_may_be_dropped_and_the_others_move_up() {
    // One at a time, so that the order of arrival is the order of the line.
    let limits = Limits::default().route(POST, 1, Duration::from_millis(60));
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let client = client(&discord);
    let channel = discord.channel_id();
    let kept = (0..6).map(|n| {
        client
            .create_message(channel)
            .content(n.to_string())
            .into_future()
    });
    let mut kept: Vec<_> = kept.collect();
    let mut swept: Vec<_> = (0..6)
        .map(|_| {
            client
                .create_message(channel)
                .content("swept")
                .into_future()
        })
        .collect();
    // All stand in line, kept and swept by turns; then the swept leave.
    std::future::poll_fn(|cx| {
        for (kept, swept) in kept.iter_mut().zip(&mut swept) {
            assert!(kept.as_mut().poll(cx).is_pending());
            assert!(swept.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    drop(swept);
    for sent in join_all(kept).await {
        sent.unwrap();
    }
    let texts: Vec<_> = discord
        .messages(channel)
        .iter()
        .map(|message| message.content().to_owned())
        .collect();
    assert_eq!(texts, ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(discord.invalid_requests(), 0);
    assert_eq!(client.stats().limits.permits, 0);
}

#[tokio::test]
async fn a_full_line_refuses_and_a_late_turn_fails_at_its_deadline() {
    let limits = Limits::default().route(POST, 1, Duration::from_secs(30));
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let client = client(&discord);
    let channel = discord.channel_id();
    client
        .create_message(channel)
        .content("first")
        .await
        .unwrap();
    // Known to come too late: refused at once.
    let late = client
        .create_message(channel)
        .content("late")
        .deadline(Duration::from_secs(5));
    let error = late.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limited);
    assert!(
        error
            .retry_after()
            .is_some_and(|wait| wait > Duration::from_secs(20)),
        "{error}"
    );

    // The second of those who wait goes a window later than the first, and has the time.
    let live = Live::new().deadline(Duration::from_secs(200));
    client.apply(live.waiters_max(2));
    let mut line: Vec<_> = (0..2)
        .map(|_| {
            client
                .create_message(channel)
                .content("waits")
                .into_future()
        })
        .collect();
    std::future::poll_fn(|cx| {
        line.iter_mut()
            .for_each(|call| assert!(call.as_mut().poll(cx).is_pending()));
        Poll::Ready(())
    })
    .await;
    let error = client
        .create_message(channel)
        .content("third")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    drop(line);
    assert_eq!(client.stats().waiting, 0);
}
