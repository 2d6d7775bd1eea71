//! Processes that share Discord's limits: clients with a store between them, in the test's own time.

use std::{
    collections::BTreeMap,
    future::IntoFuture as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use ovenjs_mock::{Config, Discord, Guild, Limits};
use ovenjs_net::{Clock as _, Dialer, SystemClock};
use ovenjs_rest::{
    CarryingOut, Client, ErrorKind, LEASE, LeaseDeed, LeaseNews, LeaseStats, LeaseStore,
};

const POST: &str = "POST /channels/{channel_id}/messages";

#[tokio::test(start_paused = true)]
async fn no_limit_is_broken_by_processes_whose_store_dies() {
    let (discord, store) = (discord(), Store::default());
    let clients = [(); 3].map(|()| client(&discord, store.clone()));
    post(&clients, &discord, 20).await;
    let members = |client: &Client| lease(client).members;
    assert_eq!(clients.each_ref().map(members), [3, 3, 3]);
    // For longer than a lease, and then without its data.
    store.set_away(true);
    discord.pass(LEASE).await;
    post(&clients, &discord, 20).await;
    let is_leased = |client: &Client| lease(client).is_leased;
    assert_eq!(clients.each_ref().map(is_leased), [false; 3]);
    store.forget();
    store.set_away(false);
    post(&clients, &discord, 20).await;
    assert_eq!(clients.each_ref().map(is_leased), [true; 3]);
    assert_eq!(discord.invalid_requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn clients_that_share_nothing_break_limits() {
    let discord = discord();
    let clients = [(); 3].map(|()| client(&discord, Store::default()));
    post(&clients, &discord, 20).await;
    assert!(
        discord.invalid_requests() > 0,
        "then the others show nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_is_not_waited_for() {
    let (discord, store) = (discord(), Store::default());
    let clients = [(); 2].map(|()| client(&discord, store.clone()));
    post(&clients, &discord, 10).await;
    let [stays, leaves] = clients;
    let began = SystemClock.now();
    leaves.leave().await;
    assert_eq!(SystemClock.now(), began, "the store has heard of it");
    // What the other one sent last may be on its way for a while, which is less than a lease.
    discord.pass(LEASE / 2).await;
    let LeaseStats {
        members, places, ..
    } = lease(&stays);
    assert_eq!((members, places), (1, 50));
    let waits = leaves.current_user().deadline(Duration::from_secs(1)).await;
    assert_eq!(waits.unwrap_err().kind(), ErrorKind::Deadline);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_does_not_wait_for_a_store_that_is_away() {
    let (discord, store) = (discord(), Store::default());
    let client = client(&discord, store.clone());
    client.current_user().await.unwrap();
    store.set_away(true);
    let began = SystemClock.now();
    client.leave().await;
    assert!(SystemClock.now() - began <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_a_store_that_is_away_at_the_start() {
    let (discord, store) = (discord(), Store::default());
    store.set_away(true);
    let client = client(&discord, store.clone());
    let waits = client.current_user().deadline(Duration::from_secs(5)).await;
    assert_eq!(waits.unwrap_err().kind(), ErrorKind::Deadline);
    let comes = async {
        discord.pass(Duration::from_secs(5)).await;
        store.set_away(false);
    };
    let (user, ()) = join(client.current_user().into_future(), comes).await;
    user.unwrap();
    assert_eq!(discord.invalid_requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_client() {
    let (discord, store) = (discord(), Store::default());
    let client = client(&discord, store.clone());
    client.current_user().await.unwrap();
    assert!(Arc::strong_count(&store.0) > 1);
    drop(client);
    discord.pass(Duration::from_millis(1)).await;
    assert_eq!(Arc::strong_count(&store.0), 1);
}

#[test]
fn shared_limits_want_a_runtime() {
    let built = Client::builder("token").lease(Store::default()).build();
    let error = built.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("runtime"), "{error}");
}

/// Channels, enough of them for each to write in some of its own.
const CHANNELS: usize = 10;

/// A Discord with limits that count.
pub(crate) fn limited() -> Config {
    let mut limits = Limits::default().route(POST, 5, Duration::from_secs(1));
    limits.global_per_second = Some(50);
    let names = (0..CHANNELS).map(|number| format!("channel-{number}"));
    let guild = Guild::named("The Bakery").channels(names);
    Config::default().limits(limits).guilds([guild])
}

fn discord() -> Discord {
    Discord::in_process(limited())
}

/// Each of them posts so many messages, in three channels that all write in.
pub(crate) async fn post(clients: &[Client], discord: &Discord, messages: usize) {
    post_in(clients, discord, messages, |_, message| message % 3).await;
}

/// Each in a channel of its own.
pub(crate) async fn post_apart(clients: &[Client], discord: &Discord, messages: usize) {
    post_in(clients, discord, messages, |client, _| 3 + client).await;
}

async fn post_in(
    clients: &[Client],
    discord: &Discord,
    messages: usize,
    channel: impl Fn(usize, usize) -> usize,
) {
    let mut calls = Vec::new();
    for (number, client) in clients.iter().enumerate() {
        for message in 0..messages {
            let name = format!("channel-{}", channel(number, message));
            let channel = discord.channel_named(&name).unwrap();
            let call = client.create_message(channel).content("bread");
            calls.push(call.into_future());
        }
    }
    for sent in join_all(calls).await {
        sent.unwrap();
    }
}

pub(crate) fn lease(client: &Client) -> LeaseStats {
    client.stats().lease.unwrap()
}

fn client(discord: &Discord, store: Store) -> Client {
    let door = discord.door();
    let net = ovenjs_net::Config::new().dialer(Dialer::new(move |_| door()));
    Client::builder(discord.token())
        .base_url(discord.base_url())
        .net(net)
        .lease(store)
        .build()
        .unwrap()
}

/// A store in the test's own memory.
#[derive(Clone, Debug)]
pub(crate) struct Store(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    values: BTreeMap<Option<u64>, Vec<u8>>,
    born: Instant,
    is_away: bool,
}

impl Default for Store {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Kept {
            values: BTreeMap::new(),
            born: SystemClock.now(),
            is_away: false,
        })))
    }
}

impl Store {
    fn set_away(&self, is_away: bool) {
        self.0.lock().unwrap().is_away = is_away;
    }

    fn forget(&self) {
        self.0.lock().unwrap().values.clear();
    }
}

impl Kept {
    fn carry_out(&mut self, deed: LeaseDeed) -> LeaseNews {
        match deed {
            LeaseDeed::Read(cells) => {
                let since = SystemClock.now() - self.born;
                LeaseNews::Read {
                    now_ms: 1_700_000_000_000 + u64::try_from(since.as_millis()).unwrap(),
                    board: self.values.get(&None).cloned(),
                    cells: (cells.iter())
                        .map(|cell| self.values.get(&Some(*cell)).cloned())
                        .collect(),
                }
            }
            LeaseDeed::Write(writes) => {
                let mut all = writes.iter();
                let same = all.all(|write| self.values.get(&write.cell) == write.from.as_ref());
                if same {
                    let writes = writes.into_iter().map(|write| (write.cell, write.to));
                    self.values.extend(writes);
                }
                LeaseNews::Written(same)
            }
        }
    }
}

impl LeaseStore for Store {
    fn carry_out(&self, deed: LeaseDeed) -> CarryingOut<'_> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut kept = self.0.lock().unwrap();
            if kept.is_away {
                return Err("the store is away".into());
            }
            Ok(kept.carry_out(deed))
        })
    }
}
