//! Connections: how many, for whom, and which way out.

use std::{
    future::{Future, IntoFuture, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures_util::future::join_all;
use ovenjs_net::{Clock as _, Resolve, Resolving, SeededEntropy, SystemClock};
use ovenjs_rest::{Client, Config, Connections, ErrorKind, Live, OutletStats, Priority};
use ovenjs_types::Id;
use tokio::sync::Semaphore;

use crate::server::{Server, Step, TOKEN, json};

const USER: &str = r#"{"id":"2","username":"oven"}"#;

fn client(server: &Server, connections: Connections) -> Client {
    let config = Config::new()
        .base_url(&server.base_url)
        .connections(connections);
    let builder = Client::builder(TOKEN).config(config);
    builder.net(server.net()).build().unwrap()
}

fn open(client: &Client) -> OutletStats {
    client.stats().outlets.remove(0)
}

#[tokio::test]
async fn one_connection_serves_calls_one_after_another() {
    let server = Server::start([json(200, USER)]).await;
    let client = client(&server, Connections::new());
    for _ in 0..50 {
        client.current_user().await.unwrap();
    }
    let outlet = open(&client);
    assert_eq!(
        (outlet.opened, outlet.broken, outlet.idle, outlet.busy),
        (1, 0, 1, 0)
    );
    assert!(outlet.latency.is_some() && server.base_url.contains(&outlet.address));
}

#[tokio::test]
async fn there_are_never_more_connections_than_allowed_and_all_calls_are_answered() {
    let server = Server::start([json(200, USER)]).await;
    let client = client(&server, Connections::new().most(3));
    let calls = (0..40).map(|_| client.current_user().fresh().into_future());
    for user in join_all(calls).await {
        user.unwrap();
    }
    let outlet = open(&client);
    assert_eq!((outlet.opened, outlet.broken, outlet.idle), (3, 0, 3));
    assert_eq!((outlet.busy, outlet.waiting, outlet.in_flight), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_connection_is_served_by_priority_or_told_when_it_takes_too_long() {
    // The first request keeps the only connection for good.
    let server = Server::piped([Step::Silence]);
    let rules = Connections::new().most(1).acquire(Duration::from_secs(2));
    let client = client(&server, rules);
    client.apply(Live::new().retries(0));
    let mut first = pin!(client.user(Id::new(1)).into_future());
    poll_once(&mut first).await;
    // It has the connection as soon as that is open.
    while open(&client).busy == 0 {
        poll_once(&mut first).await;
        tokio::task::yield_now().await;
    }
    while server.seen().is_empty() {
        poll_once(&mut first).await;
        tokio::task::yield_now().await;
    }
    // Another route, so that it waits for the connection and not for its turn.
    let late = client
        .channel(Id::new(2))
        .priority(Priority::Interactive)
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Deadline);
    assert!(late.to_string().contains("connections.most"), "{late}");
    assert_eq!((open(&client).waiting, open(&client).busy), (0, 1));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_callers_time_holds_for_the_opening_of_a_connection() {
    let (client, _) = behind_a_slow_name("127.0.0.1:9");
    let began = SystemClock.now();
    let call = client.current_user().deadline(Duration::from_millis(700));
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(error.to_string().contains("before a connection"), "{error}");
    assert_eq!(SystemClock.now() - began, Duration::from_millis(700));
    assert!(!error.may_have_arrived());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_its_time() {
    let server = Server::piped([Step::Silence]);
    let client = client(&server, Connections::new());
    let post = client.create_message(Id::new(1)).content("hi");
    let mut post = post.deadline(Duration::from_secs(1)).into_future();
    assert!(!poll_once(&mut post).await);
    // Its connection is there at once, but nobody looks until it is too late.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let error = post.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(!error.may_have_arrived(), "{error}");
    assert_eq!((server.seen().len(), open(&client).idle), (0, 1));
}

#[tokio::test]
async fn who_opens_the_first_connection_and_is_not_polled_holds_nobody_up() {
    let server = Server::start([json(200, USER)]).await;
    let address = server.base_url.split('/').nth(2).unwrap();
    let (client, go) = behind_a_slow_name(address);
    let mut lazy = client.current_user().fresh().into_future();
    assert!(!poll_once(&mut lazy).await);
    let mut other = client.user(Id::new(5)).into_future();
    assert!(!poll_once(&mut other).await);
    go.close();
    other.await.unwrap();
    lazy.await.unwrap();
    assert_eq!(client.stats().failed, 0);
}

#[tokio::test]
async fn a_connection_whose_caller_has_gone_is_the_next_ones() {
    let server = Server::start([json(200, USER)]).await;
    let address = server.base_url.split('/').nth(2).unwrap();
    let (client, go) = behind_a_slow_name(address);
    let mut gone = client.current_user().into_future();
    assert!(!poll_once(&mut gone).await);
    drop(gone);
    go.close();
    client.current_user().await.unwrap();
    let outlet = open(&client);
    // It was not begun anew.
    assert_eq!((outlet.opened, outlet.broken, outlet.busy), (1, 0, 0));
}

/// A client for whom the name of this server is found when it is told so.
fn behind_a_slow_name(address: &str) -> (Client, Arc<Semaphore>) {
    let go = Arc::new(Semaphore::new(0));
    let port = address.rsplit(':').next().unwrap();
    let net = ovenjs_net::Config::new()
        .resolver(Arc::new(Slow(Arc::clone(&go))))
        .allow_plain(true);
    let client = Client::builder(TOKEN)
        .base_url(format!("http://discord.example:{port}/api"))
        .net(net)
        .build()
        .unwrap();
    (client, go)
}

/// Finds this machine, in a while.
#[derive(Debug)]
struct Slow(Arc<Semaphore>);

impl Resolve for Slow {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> Resolving<'a> {
        let told = Arc::clone(&self.0);
        Box::pin(async move {
            drop(told.acquire().await);
            Ok(vec![(std::net::Ipv4Addr::LOCALHOST, port).into()])
        })
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_no_call_and_no_repetition() {
    // Each connection answers once and is closed, without saying so.
    let server = Server::start([Step::Last(USER.to_owned())]).await;
    let client = client(&server, Connections::new());
    client.apply(Live::new().retries(0));
    for n in 1..20 {
        client.user(Id::new(n)).await.unwrap();
        // The end arrives.
        while !server.has_closed(usize::try_from(n).unwrap()) {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
    }
    let stats = client.stats();
    assert_eq!((stats.sent, stats.retried, stats.failed), (19, 0, 0));
    assert_eq!(open(&client).opened, 19);
}

#[tokio::test]
async fn connections_are_opened_in_advance_where_that_is_wanted() {
    let server = Server::start([json(200, USER)]).await;
    let client = client(&server, Connections::new().warm(3));
    client.warm().await.unwrap();
    assert_eq!((open(&client).idle, open(&client).opened), (3, 3));
    client.warm().await.unwrap();
    client.current_user().await.unwrap();
    assert_eq!((open(&client).idle, open(&client).opened), (3, 3));

    let nobody = Config::new()
        .base_url("http://127.0.0.1:9/api")
        .connections(Connections::new().warm(1));
    let client = Client::builder(TOKEN).config(nobody).build().unwrap();
    let error = client.warm().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert_eq!(open(&client).opening, 0);
}

#[tokio::test(start_paused = true)]
async fn the_phases_of_an_answer_have_their_times() {
    let server = Server::piped([Step::Silence, Step::Half(USER.to_owned()), json(200, USER)]);
    let client = client(&server, Connections::new());
    let began = SystemClock.now();
    client.current_user().await.unwrap();
    // 15 s for the first byte, 5 s in the body, and pauses below a second.
    let took = SystemClock.now() - began;
    assert!(
        took >= Duration::from_secs(20) && took < Duration::from_secs(21),
        "{took:?}"
    );

    let server = Server::piped([Step::Half(USER.to_owned())]);
    let client = self::client(&server, Connections::new());
    client.apply(Live::new().retries(0));
    let error = client.current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(error.to_string().contains("halfway"), "{error}");
}

#[tokio::test]
async fn a_way_out_that_fails_is_left_to_the_others() {
    let server = Server::start([json(200, USER)]).await;
    // Nobody listens at the first address.
    let config = Config::new()
        .base_url("http://127.0.0.1:9/api")
        .mirror(&server.base_url);
    let client = Client::builder(TOKEN)
        .config(config)
        .entropy(Arc::new(SeededEntropy::new(1)))
        .build()
        .unwrap();
    for _ in 0..30 {
        client.current_user().fresh().await.unwrap();
    }
    let [dead, alive] = &client.stats().outlets[..] else {
        panic!()
    };
    assert_eq!((dead.opened, alive.opened), (0, 1));
    assert!(alive.latency.is_some() && !alive.is_ejected);
    assert_eq!(client.stats().failed, 0);
    assert_eq!(server.seen().len(), 30);
}

#[tokio::test(start_paused = true)]
async fn callers_in_a_hurry_and_refusals_of_one_request_leave_a_way_open() {
    let forbidden = Step::Answer(403, "", "<html>".to_owned());
    let script = [forbidden.clone(), json(200, USER), forbidden, Step::Silence];
    let server = Server::piped(script);
    let client = Client::builder(TOKEN)
        .base_url(&server.base_url)
        .net(server.net())
        .egress(server.net())
        .entropy(Arc::new(SeededEntropy::new(1)))
        .build()
        .unwrap();
    client.apply(Live::new().retries(0));
    for _ in 0..40 {
        let call = client.current_user().fresh();
        drop(call.deadline(Duration::from_millis(300)).await);
    }
    assert!(server.seen().len() > 12, "{}", server.seen().len());
    let outlets = client.stats().outlets;
    assert!(
        outlets.iter().all(|outlet| !outlet.is_ejected),
        "{outlets:?}"
    );
    assert_eq!(outlets.iter().map(|outlet| outlet.failed).sum::<u64>(), 2);
}

#[tokio::test]
async fn how_each_connection_fares_is_told() {
    let server = Server::start([json(200, USER), json(200, USER), Step::Close]).await;
    let client = client(&server, Connections::new().most(1));
    client.apply(Live::new().retries(0));
    client.current_user().await.unwrap();
    client.current_user().await.unwrap();
    let outlet = open(&client);
    let [connection] = &outlet.connections[..] else {
        panic!("{outlet:?}")
    };
    assert!(!connection.is_shared && connection.latency.is_some());
    let told = (connection.answered, connection.failed, connection.in_flight);
    assert_eq!(told, (2, 0, 0));
    assert_eq!((outlet.answered, outlet.failed), (2, 0));

    client.current_user().await.unwrap_err();
    let outlet = open(&client);
    assert_eq!((outlet.answered, outlet.failed, outlet.broken), (2, 1, 1));
    // What is over is not told of.
    assert!(outlet.connections.is_empty());
}

/// Only Linux has all of 127.0.0.0/8 without asking.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn requests_leave_from_the_addresses_of_their_ways() {
    let server = Server::start([json(200, USER)]).await;
    let from = |last| ovenjs_net::Config::new().bind(std::net::Ipv4Addr::new(127, 0, 0, last));
    let client = Client::builder(TOKEN)
        .base_url(&server.base_url)
        .net(from(2))
        .egress(from(3))
        .build()
        .unwrap();
    for _ in 0..3 {
        // What is untried comes first.
        client.current_user().fresh().await.unwrap();
    }
    assert!(
        client
            .stats()
            .outlets
            .iter()
            .all(|outlet| outlet.opened == 1)
    );
    let nobodys = Client::builder(TOKEN).base_url(&server.base_url);
    let nobodys =
        nobodys.net(ovenjs_net::Config::new().bind(std::net::Ipv4Addr::new(192, 0, 2, 7)));
    let error = nobodys.build().unwrap().current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let mut peers = server.peers();
    peers.sort_unstable();
    assert_eq!(peers, ["127.0.0.2", "127.0.0.3"]);
}

#[tokio::test]
async fn each_egress_is_a_way_of_its_own() {
    let server = Server::start([json(200, USER)]).await;
    let port = server
        .base_url
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches("/api")
        .to_owned();
    let here = |works| {
        ovenjs_net::Config::new()
            .resolver(Arc::new(Here(works)))
            .allow_plain(true)
    };
    let client = Client::builder(TOKEN)
        .base_url(format!("http://discord.example:{port}/api"))
        .net(here(false))
        .egress(here(true))
        .build()
        .unwrap();
    for _ in 0..20 {
        client.current_user().fresh().await.unwrap();
    }
    let outlets = client.stats().outlets;
    assert_eq!(
        outlets
            .iter()
            .map(|outlet| outlet.egress)
            .collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!((outlets[0].opened, outlets[1].opened), (0, 1));
}

/// Finds this machine, or nothing.
#[derive(Debug)]
struct Here(bool);

impl Resolve for Here {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move {
            let found = self.0.then(|| (std::net::Ipv4Addr::LOCALHOST, port).into());
            Ok(found.into_iter().collect())
        })
    }
}

/// Polled n times and dropped, for every n: with others beside it on one connection, so that whatever
/// it leaves behind would be in their way.
#[tokio::test]
async fn whatever_is_dropped_the_others_get_their_connection() {
    let server = Server::start([json(200, USER)]).await;
    let client = client(&server, Connections::new().most(1));
    for polls in 1..400 {
        let mut swept = Box::pin(client.current_user().fresh().into_future());
        let mut others = pin!(join_all(
            (0..3).map(|_| client.current_user().fresh().into_future())
        ));
        let (mut is_done, mut are_done) = (false, false);
        for _ in 0..polls {
            is_done = is_done || poll_once(&mut swept).await;
            are_done = are_done || poll_once(&mut others).await;
            if is_done && are_done {
                return;
            }
            tokio::task::yield_now().await;
        }
        drop(swept);
        if !are_done {
            for user in others.await {
                user.unwrap();
            }
        }
        let outlet = open(&client);
        assert_eq!(
            (
                outlet.busy,
                outlet.opening,
                outlet.waiting,
                outlet.in_flight
            ),
            (0, 0, 0, 0)
        );
        assert_eq!(
            (client.stats().limits.permits, client.stats().in_flight),
            (0, 0)
        );
    }
    panic!("no call was ever done");
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_ready())).await
}

#[tokio::test]
async fn the_warm_up_may_be_dropped_at_any_moment() {
    for polls in 1..10 {
        let server = Server::start([json(200, USER)]).await;
        let client = client(&server, Connections::new().warm(2));
        let mut warm = Box::pin(client.warm());
        for _ in 0..polls {
            if poll_once(&mut warm).await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(warm);
        assert_eq!(open(&client).busy, 0);
        client.current_user().await.unwrap();
        // What was begun is of use to others.
        for looks in 0.. {
            if open(&client).opening == 0 {
                break;
            }
            assert!(looks < 1_000_000, "an opening is lost after {polls} polls");
            tokio::task::yield_now().await;
        }
        assert_eq!((open(&client).broken, open(&client).busy), (0, 0));
    }
}
