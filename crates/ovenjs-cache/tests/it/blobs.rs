//! Blobs, and the stores under them, against servers on this machine.

mod bucket;
mod own;
mod server;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use ovenjs_cache::{
    blobs::{
        Asset, Blob, BlobErrorKind, BlobStore, Blobs, BlobsConfig, Folder, MemoryBlobs,
        OriginConfig, Refresh, Refreshing, S3, S3Config,
    },
    tiers::{StoreFault, Tiered, TieredConfig},
};
use ovenjs_net::{Config, Connector};
use ovenjs_types::{Fault as _, Secret};
use tokio::task::JoinSet;

use self::{
    bucket::Bucket,
    server::{Answer, Server},
};

#[tokio::test]
async fn memory_keeps_files() {
    keeps_files(&MemoryBlobs::new()).await;
}

#[tokio::test]
async fn a_folder_keeps_files() {
    let folder = tempfile::tempdir().unwrap();
    keeps_files(&Folder::new(folder.path())).await;
}

#[tokio::test]
async fn a_bucket_keeps_files_and_every_request_is_signed() {
    let bucket = Bucket::start("sourdough").await;
    keeps_files(&bucket.store("sourdough")).await;
    // Another bot in the same bucket sees its own.
    let other = S3Config::new(
        bucket.endpoint(),
        "loaves",
        Bucket::KEY_ID,
        "sourdough".into(),
    );
    let other = S3::build(other.prefix("other/"), connector()).unwrap();
    other.write("rye", "bread".into()).await.unwrap();
    assert_eq!(other.names("").await.unwrap(), [("rye".to_owned(), 5)]);
    assert!(bucket.requests() > 20);
    assert_eq!(bucket.refused(), 0, "each was signed");
    assert_eq!(bucket.connections(), 2, "connections are kept");
}

/// What every store of files does.
async fn keeps_files(store: &dyn BlobStore) {
    assert_eq!(store.names("").await.unwrap(), []);
    assert_eq!(store.read("a/rye", 0, 9).await.unwrap(), None);
    store.write("a/rye", "bread".into()).await.unwrap();
    store.write("a/rye", "loaf of rye".into()).await.unwrap();
    store.write("a/none", Bytes::new()).await.unwrap();
    for (from, limit, expected) in [
        (0, 99, "loaf of rye"),
        (0, 4, "loaf"),
        (8, 3, "rye"),
        (8, 99, "rye"),
        (11, 5, ""),
        (99, 5, ""),
        (0, 0, ""),
    ] {
        let read = store.read("a/rye", from, limit).await.unwrap();
        assert_eq!(read.unwrap(), expected, "{from} {limit}");
    }
    assert_eq!(store.read("a/none", 0, 9).await.unwrap().unwrap(), "");
    for number in 0..5 {
        let name = format!("b/spelt-{number}.v_1");
        store.write(&name, vec![7; number].into()).await.unwrap();
    }
    let names = |prefix: &'static str| async move {
        let mut names = store.names(prefix).await.unwrap();
        names.sort();
        names
    };
    let spelt: Vec<_> = (0..5)
        .map(|number| (format!("b/spelt-{number}.v_1"), number))
        .collect();
    assert_eq!(names("b/").await, spelt);
    assert_eq!(names("").await.len(), 7);
    assert_eq!(names("c/").await, []);
    store.remove("a/rye").await.unwrap();
    store.remove("a/rye").await.unwrap();
    assert_eq!(store.read("a/rye", 0, 9).await.unwrap(), None);
    assert_eq!(names("a/").await, [("a/none".to_owned(), 0)]);
}

#[tokio::test]
async fn a_bucket_that_refuses_or_is_not_there_says_what_to_do() {
    let bucket = Bucket::start("sourdough").await;
    let error = bucket.store("spelt").names("").await.unwrap_err();
    assert_eq!(error.fault(), StoreFault::Auth, "{error:?}");
    assert!(error.is_auth());
    let elsewhere = S3Config::new(
        bucket.endpoint(),
        "bricks",
        Bucket::KEY_ID,
        "sourdough".into(),
    );
    let elsewhere = S3::build(elsewhere, connector()).unwrap();
    let error = elsewhere.read("rye", 0, 1).await.unwrap_err();
    assert_eq!(
        error.fault(),
        StoreFault::Refused,
        "no bucket is not no file: {error:?}"
    );
    let store = bucket.store("sourdough");
    bucket.break_down(true);
    let error = store.write("rye", "bread".into()).await.unwrap_err();
    assert!(error.is_away() && error.is_retryable());
    bucket.break_down(false);
    store.write("rye", "bread".into()).await.unwrap();
    for name in ["../rye", "/rye", "a//b", "Rye", "a b", "", ".hidden"] {
        let error = store.write(name, Bytes::new()).await.unwrap_err();
        assert_eq!(error.fault(), StoreFault::Refused, "{name}");
    }
    for endpoint in [
        "s3.example",
        "https://s3.example/path",
        "http://s3.example",
        "https://ann:b@s3.example",
    ] {
        let config = S3Config::new(endpoint, "loaves", "id", Secret::new("sourdough"));
        let error = S3::build(config, connector()).unwrap_err();
        assert_eq!(error.fault(), StoreFault::Refused, "{endpoint}");
        assert!(!format!("{error:?}").contains("sourdough"));
    }
    for prefix in ["blobs", "/", "Blobs/", "a//b/", "../"] {
        let config = S3Config::new(bucket.endpoint(), "loaves", "id", "sourdough".into());
        let error = S3::build(config.prefix(prefix), connector()).unwrap_err();
        assert_eq!(error.fault(), StoreFault::Refused, "{prefix}");
    }
    let said = format!("{store:?} {error:?}");
    assert!(!said.contains("sourdough"), "{said}");
}

#[tokio::test]
async fn one_fetches_however_many_ask_and_it_is_kept() {
    let cdn = Server::start(|request| Answer::new(200, format!("of {}", request.path))).await;
    let blobs = Room::new().blobs(&cdn);
    let asset = Asset::at(&cdn.at("/rye.png")).unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        let (blobs, asset) = (blobs.clone(), asset.clone());
        asking.spawn(async move { blobs.get(&asset).await.unwrap().unwrap() });
    }
    assert!(
        asking
            .join_all()
            .await
            .iter()
            .all(|bytes| *bytes == "of /rye.png")
    );
    assert_eq!(cdn.requests(), 1);
    let about = blobs.about(&asset).await.unwrap().unwrap();
    assert_eq!(
        (about.bytes, about.kind.as_deref()),
        (11, Some("text/plain"))
    );
    let stats = blobs.stats();
    assert_eq!((stats.reads, stats.fetched, stats.blobs), (50, 1, 1));
}

#[tokio::test]
async fn the_same_bytes_lie_there_once_and_are_found_by_the_next_process() {
    let cdn = Server::start(|_| Answer::new(200, "bread")).await;
    let room = Room::new();
    let blobs = room.blobs(&cdn);
    for path in ["/a", "/b?size=64"] {
        let asset = Asset::at(&cdn.at(path)).unwrap();
        assert_eq!(blobs.get(&asset).await.unwrap().unwrap(), "bread");
    }
    let own = Asset::named("own");
    blobs.put(&own, "bread".into(), None).await.unwrap();
    let names = room.store.names("").await.unwrap();
    assert_eq!(names.len(), 2, "the bot's own lies apart: {names:?}");
    assert_eq!(cdn.requests(), 2);
    // To forget one name leaves the others what they have.
    blobs.remove(&own).await.unwrap();
    assert_eq!(blobs.get(&own).await.unwrap(), None);
    assert_eq!(room.store.names("").await.unwrap().len(), 1);
    let asset = Asset::at(&cdn.at("/a?hm=1")).unwrap();
    assert_eq!(
        room.blobs(&cdn).get(&asset).await.unwrap().unwrap(),
        "bread"
    );
    assert_eq!(cdn.requests(), 2);
    assert!(blobs.erase(&asset).await.unwrap());
    assert_eq!(room.store.names("").await.unwrap(), []);
    assert!(!blobs.erase(&asset).await.unwrap(), "there was none");
}

#[tokio::test]
async fn an_address_that_has_ended_is_refreshed_before_it_is_asked() {
    let cdn = Server::start(|request| match request.query("ex") {
        // As Discord's does with one that has ended.
        Some(ends) if ends == "1" => Answer::new(404, "This content is no longer available."),
        Some(_) => Answer::new(200, "bread"),
        None => Answer::new(403, ""),
    })
    .await;
    let discord = Arc::new(Refresher::default());
    let room = Room::new();
    let blobs = room.with(&cdn, |config| config.refresh(discord.clone()));
    let ended = Asset::at(&cdn.at("/rye.png?ex=1&is=0&hm=a&")).unwrap();
    assert_eq!(blobs.get(&ended).await.unwrap().unwrap(), "bread");
    assert_eq!(discord.asked(), [1]);
    assert_eq!(cdn.requests(), 1, "the old address was not asked");
    // One that holds is asked as it is.
    let holds = Asset::at(&cdn.at("/spelt.png?ex=ffffffff&is=0&hm=a&")).unwrap();
    assert_eq!(blobs.get(&holds).await.unwrap().unwrap(), "bread");
    assert_eq!(discord.asked(), [1]);
    // Many together, fifty at most in one request; those that are there already are asked for nothing.
    let many: Vec<_> = (0..120)
        .map(|number| Asset::at(&cdn.at(&format!("/loaf{number}?ex=1"))).unwrap())
        .chain([ended.clone()])
        .collect();
    assert_eq!(blobs.warm(&many).await.unwrap(), 121);
    assert_eq!(discord.asked(), [1, 50, 50, 20]);
    let fresh = blobs
        .fresh(&[ended.clone(), Asset::at(&cdn.at("/gone?ex=1")).unwrap()])
        .await
        .unwrap();
    assert_eq!(fresh[0], Some(ended));
    assert!(fresh[0].as_ref().unwrap().ends_ms() > Some(1_000));
    assert_eq!(fresh[1], None, "what Discord has no more");
    assert_eq!(blobs.stats().refreshed, 123);
}

#[tokio::test]
async fn an_address_that_nobody_refreshes_is_told_and_another_things_is_not_believed() {
    let cdn = Server::start(|_| Answer::new(200, "bread")).await;
    let asset = Asset::at(&cdn.at("/rye.png?ex=1")).unwrap();
    let error = Room::new()
        .blobs(&cdn)
        .fresh(std::slice::from_ref(&asset))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), BlobErrorKind::Ended);
    let liar = Arc::new(Refresher::default());
    *liar.instead.lock().unwrap() = Some(cdn.at("/other?ex=ffffffff"));
    let blobs = Room::new().with(&cdn, |config| config.refresh(liar.clone()));
    let error = blobs.get(&asset).await.unwrap_err();
    assert_eq!(error.kind(), BlobErrorKind::Ended);
    assert_eq!(cdn.requests(), 0);
}

#[tokio::test]
async fn only_allowed_hosts_are_asked_and_led_to_and_not_for_ever() {
    let cdn = Server::start(|request| match &*request.path {
        "/near" => Answer::new(302, "").header("location", "/there"),
        "/there" => Answer::new(200, "bread"),
        "/far" => Answer::new(301, "").header("location", "https://intranet.example/salaries"),
        "/plain" => Answer::new(301, "").header("location", "http://cdn.discordapp.com/a"),
        "/round" => Answer::new(307, "").header("location", "/round"),
        "/nowhere" => Answer::new(302, ""),
        "/gone" => Answer::new(404, "no"),
        "/busy" => Answer::new(503, "").header("retry-after", "7"),
        _ => Answer::new(403, "no"),
    })
    .await;
    let blobs = Room::new().blobs(&cdn);
    let get = |path: &'static str| {
        let (blobs, asset) = (blobs.clone(), Asset::at(&cdn.at(path)).unwrap());
        async move { blobs.get(&asset).await }
    };
    assert_eq!(get("/near").await.unwrap().unwrap(), "bread");
    assert_eq!(get("/gone").await.unwrap(), None);
    for (path, kind) in [
        ("/far", BlobErrorKind::Address),
        ("/plain", BlobErrorKind::Address),
        ("/round", BlobErrorKind::Refused),
        ("/nowhere", BlobErrorKind::Refused),
        ("/forbidden", BlobErrorKind::Refused),
        ("/busy", BlobErrorKind::Away),
    ] {
        let error = get(path).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{path}: {error:?}");
        assert!(!format!("{error:?}").contains("salaries"));
    }
    assert_eq!(
        get("/busy").await.unwrap_err().retry_after(),
        Some(Duration::from_secs(7))
    );
    let asked = cdn.requests();
    let elsewhere = Asset::at("http://localhost:1/a").unwrap();
    assert_eq!(
        blobs.get(&elsewhere).await.unwrap_err().kind(),
        BlobErrorKind::Address
    );
    assert_eq!(cdn.requests(), asked);
}

#[tokio::test]
async fn what_is_larger_than_it_may_be_is_refused_whatever_its_server_says_of_it() {
    let cdn = Server::start(|request| match &*request.path {
        "/fits" => Answer::new(200, vec![7; 1_000]),
        "/told" => Answer::new(200, vec![7; 1_001]),
        _ => Answer::new(200, vec![7; 1_001]).in_pieces(),
    })
    .await;
    let blobs = Room::new().with(&cdn, |config| {
        let origin = config.origin.clone().bytes(1_000);
        config.origin(origin)
    });
    let fits = Asset::at(&cdn.at("/fits")).unwrap();
    assert_eq!(blobs.get(&fits).await.unwrap().unwrap().len(), 1_000);
    for path in ["/told", "/untold"] {
        let error = blobs
            .get(&Asset::at(&cdn.at(path)).unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), BlobErrorKind::TooLarge, "{path}");
        assert!(!error.is_retryable());
    }
    let error = blobs
        .put(&Asset::named("a"), vec![0; 1_001].into(), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), BlobErrorKind::TooLarge);
}

#[tokio::test]
async fn what_is_damaged_or_lost_is_fetched_anew_by_one() {
    let cdn = Server::start(|_| Answer::new(200, "bread")).await;
    let room = Room::new();
    let blobs = room.blobs(&cdn);
    let asset = Asset::at(&cdn.at("/rye")).unwrap();
    blobs.get(&asset).await.unwrap();
    let (name, _) = room.store.names("").await.unwrap().remove(0);
    for spoilt in ["braed", "bre", "bread and butter"] {
        room.store.write(&name, spoilt.into()).await.unwrap();
        let before = cdn.requests();
        let mut asking = JoinSet::new();
        for _ in 0..10 {
            let (blobs, asset) = (blobs.clone(), asset.clone());
            asking.spawn(async move { blobs.get(&asset).await.unwrap().unwrap() });
        }
        assert!(
            asking
                .join_all()
                .await
                .iter()
                .all(|bytes| *bytes == "bread")
        );
        assert_eq!(cdn.requests(), before + 1, "{spoilt}");
    }
    assert!(blobs.stats().damaged >= 3);
    room.store.remove(&name).await.unwrap();
    assert_eq!(blobs.get(&asset).await.unwrap().unwrap(), "bread");
    assert_eq!(blobs.stats().lost, 1);
    // What has no origin is told.
    let own = Asset::named("own");
    blobs.put(&own, "cake".into(), None).await.unwrap();
    for (name, _) in room.store.names("").await.unwrap() {
        room.store.write(&name, "mould".into()).await.unwrap();
    }
    let error = blobs.get(&own).await.unwrap_err();
    assert_eq!(error.kind(), BlobErrorKind::Damaged);
    assert!(error.to_string().contains("put it again"), "{error}");
    blobs.put(&own, "cake".into(), None).await.unwrap();
    assert_eq!(blobs.get(&own).await.unwrap().unwrap(), "cake");
}

#[tokio::test]
async fn a_fetch_that_outlasts_the_index_says_how_to_set_it_up() {
    let cdn = Server::start(|_| Answer::never()).await;
    let room = Room::new();
    let index = BlobsConfig::index("blobs").load_deadline(Duration::from_millis(100));
    let index = room.tiers.keyspace::<Asset, Blob>(index).unwrap();
    let blobs = room.with(&cdn, |mut config| {
        config.index = index;
        config
    });
    let asset = Asset::at(&cdn.at("/rye")).unwrap();
    let error = blobs.get(&asset).await.unwrap_err();
    assert_eq!(error.kind(), BlobErrorKind::Away);
    assert!(error.is_retryable());
    assert!(error.to_string().contains("BlobsConfig::index"), "{error}");
}

#[tokio::test]
async fn what_was_read_longest_ago_goes_and_comes_again() {
    let cdn = Server::start(|request| Answer::new(200, request.path.repeat(5_000))).await;
    let room = Room::new();
    let bounded = || room.with(&cdn, |config| config.bytes(20_000));
    let blobs = bounded();
    let asset = |path: &str| Asset::at(&cdn.at(path)).unwrap();
    for path in ["/a", "/b", "/a", "/c"] {
        blobs.get(&asset(path)).await.unwrap();
    }
    assert_eq!(blobs.stats().evicted, 1);
    assert_eq!(cdn.requests(), 3);
    blobs.get(&asset("/a")).await.unwrap();
    assert_eq!(cdn.requests(), 3, "it was read meanwhile");
    assert_eq!(
        blobs.get(&asset("/b")).await.unwrap().unwrap().len(),
        10_000
    );
    assert_eq!(cdn.requests(), 4, "it had to go");
    let left: u64 = room
        .store
        .names("")
        .await
        .unwrap()
        .iter()
        .map(|(_, bytes)| bytes)
        .sum();
    assert_eq!(left, 20_000);
    // The next process counts what it finds.
    let next = bounded();
    next.get(&asset("/d")).await.unwrap();
    let left: u64 = room
        .store
        .names("")
        .await
        .unwrap()
        .iter()
        .map(|(_, bytes)| bytes)
        .sum();
    assert_eq!(left, 20_000);
}

#[tokio::test]
async fn a_large_one_is_read_in_pieces_and_held_against_its_hash() {
    let bytes: Vec<u8> = (0..700_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let served = bytes.clone();
    let cdn = Server::start(move |_| Answer::new(200, served.clone())).await;
    let room = Room::new();
    let blobs = room.blobs(&cdn);
    let asset = Asset::at(&cdn.at("/large")).unwrap();
    let mut reader = blobs.open(&asset).await.unwrap().unwrap();
    let mut read = Vec::new();
    while let Some(piece) = reader.next().await.unwrap() {
        assert!(piece.len() <= 256 << 10);
        read.extend_from_slice(&piece);
    }
    assert_eq!(read, bytes);
    let (name, _) = room.store.names("").await.unwrap().remove(0);
    let mut spoilt = bytes.clone();
    spoilt[600_000] ^= 1;
    room.store.write(&name, spoilt.into()).await.unwrap();
    let mut reader = blobs.open(&asset).await.unwrap().unwrap();
    reader.next().await.unwrap();
    reader.next().await.unwrap();
    let error = reader.next().await.unwrap_err();
    assert_eq!(error.kind(), BlobErrorKind::Damaged);
    assert_eq!(blobs.stats().damaged, 1);
    let mut reader = blobs.open(&asset).await.unwrap().unwrap();
    while reader.next().await.unwrap().is_some() {}
    assert_eq!(cdn.requests(), 2);
    // One that is shorter than it was is seen before a piece is given.
    room.store
        .write(&name, bytes[..9].to_vec().into())
        .await
        .unwrap();
    let reader = blobs.open(&asset).await.unwrap().unwrap();
    assert_eq!((reader.blob().bytes, cdn.requests()), (700_000, 2 + 1));
}

#[tokio::test]
async fn a_connection_that_the_other_end_closed_is_made_anew_and_one_that_is_silent_is_left() {
    let cdn = Server::start(|request| match &*request.path {
        "/silent" => Answer::never(),
        path => Answer::new(200, path.to_owned()).then_closes(),
    })
    .await;
    let blobs = Room::new().with(&cdn, |config| {
        let origin = config.origin.clone().deadline(Duration::from_millis(300));
        config.origin(origin)
    });
    for path in ["/a", "/b", "/c"] {
        let asset = Asset::at(&cdn.at(path)).unwrap();
        assert_eq!(blobs.get(&asset).await.unwrap().unwrap(), path);
    }
    let error = blobs
        .get(&Asset::at(&cdn.at("/silent")).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), BlobErrorKind::Away);
    assert!(error.is_retryable());
}

/// A store and an index that outlive processes.
struct Room {
    store: Arc<MemoryBlobs>,
    tiers: Tiered,
}

impl Room {
    fn new() -> Self {
        let second = ovenjs_cache::tiers::Memory::new(10_000);
        Self {
            store: Arc::new(MemoryBlobs::new()),
            tiers: Tiered::build(TieredConfig::new().second(Arc::new(second))),
        }
    }

    /// A process that may ask this server.
    fn blobs(&self, cdn: &Server) -> Blobs {
        self.with(cdn, |config| config)
    }

    fn with(&self, _: &Server, set: impl FnOnce(BlobsConfig) -> BlobsConfig) -> Blobs {
        let index = BlobsConfig::index("blobs");
        let index = self.tiers.keyspace::<Asset, Blob>(index).unwrap();
        let config = BlobsConfig::new(self.store.clone(), index);
        let config = config.origin(OriginConfig::new().hosts(["127.0.0.1"]));
        Blobs::build(set(config), connector())
    }
}

/// Discord, where it gives addresses anew.
#[derive(Debug, Default)]
struct Refresher {
    asked: Mutex<Vec<usize>>,
    instead: Mutex<Option<String>>,
}

impl Refresher {
    /// How many addresses each request had.
    fn asked(&self) -> Vec<usize> {
        self.asked.lock().unwrap().clone()
    }
}

impl Refresh for Refresher {
    fn refresh<'a>(&'a self, addresses: &'a [String]) -> Refreshing<'a> {
        self.asked.lock().unwrap().push(addresses.len());
        let different: HashSet<_> = addresses.iter().collect();
        assert_eq!(different.len(), addresses.len());
        let instead = self.instead.lock().unwrap().clone();
        let fresh = addresses.iter().map(|address| {
            let (plain, _) = address.split_once('?').unwrap();
            let anew = instead
                .clone()
                .unwrap_or_else(|| format!("{plain}?ex=ffffffff&is=1&hm=b&"));
            (!plain.ends_with("/gone")).then_some(anew)
        });
        let fresh: Vec<_> = fresh.collect();
        Box::pin(async move { Ok(fresh) })
    }
}

fn connector() -> Connector {
    Connector::build(Config::new()).unwrap()
}
