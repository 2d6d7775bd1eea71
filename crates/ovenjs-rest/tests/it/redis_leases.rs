//! Processes that share Discord's limits through a real Redis: one that works, and one that is killed,
//! frozen and emptied.

use std::time::Duration;

use ovenjs_mock::Discord;
use ovenjs_net::{
    Clock as _, Connector, RedisAddress, RedisConfig, RedisLink, RedisReply, RedisScript,
    SystemClock,
};
use ovenjs_rest::{
    Client, LeaseDeed, LeaseNews, LeaseStats, LeaseStore as _, LeaseWrite, RedisLeases,
};

use crate::{
    leases::{lease, limited, post, post_apart},
    service::Server,
};

#[tokio::test]
async fn needs_redis_what_is_written_is_what_was_reckoned_from() {
    let server = Server::redis(&[]);
    let store = RedisLeases::new(&link(&server).await, "bot");
    assert_eq!(read(&store, &[7]).await, (None, vec![None]));
    let both = vec![write(None, None, b"one"), write(Some(7), None, b"a\0b")];
    assert!(written(&store, both.clone()).await);
    assert!(!written(&store, both).await, "there is something by now");
    let found = (Some(b"one".to_vec()), vec![Some(b"a\0b".to_vec()), None]);
    assert_eq!(read(&store, &[7, 8]).await, found);
    let stale = vec![
        write(Some(7), Some(b"a\0b"), b"c"),
        write(None, Some(b"two"), b"three"),
    ];
    assert!(!written(&store, stale).await);
    assert_eq!(read(&store, &[7, 8]).await, found, "all of them or none");
    let next = vec![
        write(None, Some(b"one"), b"two"),
        write(Some(8), None, b"d"),
    ];
    assert!(written(&store, next).await);
    let found = (
        Some(b"two".to_vec()),
        vec![Some(b"a\0b".to_vec()), Some(b"d".to_vec())],
    );
    assert_eq!(read(&store, &[7, 8]).await, found);
    // Another bot's are others.
    let other = RedisLeases::new(&link(&server).await, "other");
    assert_eq!(read(&other, &[7]).await, (None, vec![None]));
}

#[tokio::test]
async fn needs_redis_what_nobody_writes_any_more_is_forgotten() {
    let server = Server::redis(&[]);
    let link = link(&server).await;
    let store = RedisLeases::new(&link, "bot");
    // Those of a process that died long ago.
    static PLANT: RedisScript = RedisScript::once(
        "for n = 1, 500 do redis.call('HSET', KEYS[1], n, '0000000000001x') end return 1",
    );
    let key = ["ovenjs:limits:bot"];
    link.run(&PLANT, &key, &[]).await.unwrap();
    let mut board = None;
    for turn in 0..100_u8 {
        let to = [1, turn];
        assert!(written(&store, vec![write(None, board.as_deref(), &to)]).await);
        board = Some(to.to_vec());
    }
    static LOOK: RedisScript = RedisScript::repeatable(
        "return {redis.call('HLEN', KEYS[1]), redis.call('PTTL', KEYS[1])}",
    );
    let look = link.run(&LOOK, &key, &[]).await.unwrap().list();
    assert_eq!(
        look[0],
        RedisReply::Int(2),
        "the board, and where it looked last"
    );
    let left = look[1].int().unwrap();
    assert!((800_000..=900_000).contains(&left), "{left}");
}

#[tokio::test]
async fn needs_redis_no_limit_is_broken_whatever_becomes_of_it() {
    let mut server = Server::redis(&[]);
    let discord = Discord::start(limited()).await.unwrap();
    let clients = processes(&server, &discord).await;
    post(&clients, &discord, EACH).await;
    post_apart(&clients, &discord, EACH).await;
    assert!(clients.iter().all(|client| lease(client).members == 4));
    server.kill();
    post_apart(&clients, &discord, EACH).await;
    server.restart();
    post(&clients, &discord, EACH).await;
    server.freeze();
    post_apart(&clients, &discord, EACH).await;
    server.thaw();
    post(&clients, &discord, EACH).await;
    static EMPTY: RedisScript = RedisScript::once("return redis.call('FLUSHALL')");
    link(&server).await.run(&EMPTY, &[], &[]).await.unwrap();
    post(&clients, &discord, EACH).await;
    assert_eq!(discord.invalid_requests(), 0);
    for client in &clients {
        let stats = lease(client);
        assert!(stats.failures > 0 && stats.boards == 2, "{stats:?}");
    }
}

/// It is away for longer than a lease, and comes back with its data.
#[tokio::test]
async fn needs_redis_leases_that_ended_run_again_and_no_limit_is_broken() {
    let mut server = Server::redis(&[]);
    let discord = Discord::start(limited()).await.unwrap();
    let clients = processes(&server, &discord).await;
    post(&clients, &discord, EACH).await;
    post_apart(&clients, &discord, EACH).await;
    server.kill();
    until(&clients, &discord, |lease| !lease.is_leased).await;
    // While all of them want the same.
    let posting = post(&clients, &discord, EACH);
    let returning = async {
        server.restart();
        let back = SystemClock.now();
        until(&clients, &discord, |lease| lease.is_leased).await;
        println!(
            "all leases ran {:?} after the restart",
            SystemClock.now() - back
        );
        until(&clients, &discord, |lease| lease.places > 3).await;
        println!("and all had shares after {:?}", SystemClock.now() - back);
    };
    tokio::join!(posting, returning);
    post(&clients, &discord, EACH).await;
    assert_eq!(discord.invalid_requests(), 0);
}

/// Clients, each with a connection of its own to the Redis, as processes have.
async fn processes(server: &Server, discord: &Discord) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..4 {
        let store = RedisLeases::new(&link(server).await, "bot");
        let builder = Client::builder(discord.token()).base_url(discord.base_url());
        clients.push(builder.lease(store).build().unwrap());
    }
    clients
}

/// They go on posting, each in its own channel, until it is so of all of them.
async fn until(clients: &[Client], discord: &Discord, is_so: fn(LeaseStats) -> bool) {
    while !clients.iter().all(|client| is_so(lease(client))) {
        post_apart(clients, discord, 1).await;
    }
}

/// Messages of each in each act.
const EACH: usize = 9;

async fn link(server: &Server) -> RedisLink {
    let address = format!("redis://127.0.0.1:{}", server.port);
    let config = RedisConfig::new(RedisAddress::parse(&address).unwrap());
    let link = RedisLink::build(config, Connector::build(ovenjs_net::Config::new()).unwrap());
    let ready = tokio::time::timeout(Duration::from_secs(20), link.ready());
    ready.await.expect("the redis answers in time").unwrap();
    link
}

type Values = (Option<Vec<u8>>, Vec<Option<Vec<u8>>>);

async fn read(store: &RedisLeases, cells: &[u64]) -> Values {
    match store
        .carry_out(LeaseDeed::Read(cells.to_vec()))
        .await
        .unwrap()
    {
        LeaseNews::Read {
            now_ms,
            board,
            cells,
        } => {
            assert!(now_ms > 1_700_000_000_000, "milliseconds since 1970");
            (board, cells)
        }
        news => panic!("{news:?}"),
    }
}

async fn written(store: &RedisLeases, writes: Vec<LeaseWrite>) -> bool {
    match store.carry_out(LeaseDeed::Write(writes)).await.unwrap() {
        LeaseNews::Written(done) => done,
        news => panic!("{news:?}"),
    }
}

fn write(cell: Option<u64>, from: Option<&[u8]>, to: &[u8]) -> LeaseWrite {
    LeaseWrite {
        cell,
        from: from.map(<[u8]>::to_vec),
        to: to.to_vec(),
    }
}
