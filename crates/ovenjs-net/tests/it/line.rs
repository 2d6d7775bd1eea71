//! The connection of a link to a server that is slow, silent or gone, with callers who have little time.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use ovenjs_net::{
    Clock as _, Config, Connector, Dialer, ErrorKind, RedisAddress, RedisConfig, RedisFault,
    RedisLink, SystemClock,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream},
    task::JoinSet,
    time::timeout,
};

#[tokio::test(start_paused = true)]
async fn a_connection_is_made_though_each_caller_has_less_time_than_it_takes() {
    let server = Scripted::default();
    server.set_login(Duration::from_millis(220));
    let link = server.link();
    let mut late = 0;
    while timeout(PATIENCE, link.ping()).await.is_err() {
        late += 1;
    }
    assert_eq!(late, 4, "the fifth is there when it comes about");
    assert_eq!((link.stats().connects, server.dialed()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_falls_silent_is_made_anew_though_each_caller_goes_early() {
    let server = Scripted::default();
    let link = server.link();
    link.ping().await.unwrap();
    server.silence();
    let begun = SystemClock.now();
    let mut late = 0;
    while timeout(PATIENCE, link.ping()).await.is_err() {
        late += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let waited = SystemClock.now() - begun;
    assert_eq!((late, waited), (8, Duration::from_secs(2)));
    assert_eq!((link.stats().connects, server.dialed()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_for_nobody_are_a_sign_of_life() {
    let server = Scripted::default();
    let link = server.link();
    link.ping().await.unwrap();
    server.set_answer(PATIENCE * 2);
    for _ in 0..100 {
        assert!(timeout(PATIENCE, link.ping()).await.is_err());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!((link.stats().connects, server.dialed()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_one_attempt_are_told_how_it_failed() {
    let server = Scripted::default();
    server.set_refuse(true);
    let link = server.link();
    // What is not repeated by itself.
    let all = (0..50).map(|_| link.publish("c", b"hi"));
    for told in futures_util::future::join_all(all).await {
        let error = told.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redis(RedisFault::Lost));
    }
    assert_eq!((link.stats().failures, server.dialed()), (1, 1));
    let next = link.ping().await.unwrap_err();
    assert_eq!(next.kind(), ErrorKind::Redis(RedisFault::Down));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_with_its_link() {
    let server = Scripted::default();
    server.set_login(Duration::from_secs(1));
    let link = server.link();
    assert!(timeout(PATIENCE, link.ping()).await.is_err());
    assert_eq!(server.open(), 1);
    drop(link);
    tokio::time::sleep(PATIENCE).await;
    assert_eq!(server.open(), 0);
}

/// A Redis that knows a login and a ping, at the other end of a pipe.
#[derive(Clone, Default)]
struct Scripted(Arc<Script>);

#[derive(Default)]
struct Script {
    login_ms: AtomicU64,
    answer_ms: AtomicU64,
    /// The first so many connections answer no ping any more.
    silent: AtomicU64,
    refuses: AtomicBool,
    dialed: AtomicU64,
    open: AtomicU64,
    serving: Mutex<JoinSet<()>>,
}

impl Scripted {
    fn link(&self) -> RedisLink {
        let script = Arc::clone(&self.0);
        let dialer = Dialer::new(move |_| {
            let (near, far) = tokio::io::duplex(4_096);
            let number = script.dialed.fetch_add(1, Ordering::SeqCst);
            if !script.refuses.load(Ordering::SeqCst) {
                let serves = serve(Arc::clone(&script), number, far);
                script.serving.lock().unwrap().spawn(serves);
            }
            near
        });
        let address = RedisAddress::parse("redis://:sesame@127.0.0.1:6379/0").unwrap();
        let connector = Connector::build(Config::new().dialer(dialer)).unwrap();
        RedisLink::build(RedisConfig::new(address), connector)
    }

    /// A login takes so long.
    fn set_login(&self, time: Duration) {
        self.0.login_ms.store(millis(time), Ordering::SeqCst);
    }

    /// A ping takes so long.
    fn set_answer(&self, time: Duration) {
        self.0.answer_ms.store(millis(time), Ordering::SeqCst);
    }

    /// The connections that there are answer nothing any more.
    fn silence(&self) {
        self.0.silent.store(self.dialed(), Ordering::SeqCst);
    }

    /// Connections end as soon as they are made.
    fn set_refuse(&self, refuses: bool) {
        self.0.refuses.store(refuses, Ordering::SeqCst);
    }

    fn dialed(&self) -> u64 {
        self.0.dialed.load(Ordering::SeqCst)
    }

    fn open(&self) -> u64 {
        self.0.open.load(Ordering::SeqCst)
    }
}

async fn serve(script: Arc<Script>, number: u64, stream: DuplexStream) {
    script.open.fetch_add(1, Ordering::SeqCst);
    let mut stream = BufReader::new(stream);
    while let Some(words) = command(&mut stream).await {
        let is_login = words.first().is_some_and(|word| word == "AUTH");
        let time = if is_login {
            &script.login_ms
        } else {
            &script.answer_ms
        };
        let wait = Duration::from_millis(time.load(Ordering::SeqCst));
        let mut room = [0; 1];
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // Nothing more is asked before it is answered, so that this is the end.
            _ = stream.read(&mut room), if is_login => break,
        }
        if number < script.silent.load(Ordering::SeqCst) {
            continue;
        }
        let answer: &[u8] = if is_login { b"+OK\r\n" } else { b"+PONG\r\n" };
        if stream.write_all(answer).await.is_err() {
            break;
        }
    }
    script.open.fetch_sub(1, Ordering::SeqCst);
}

/// The words of one command.
async fn command(stream: &mut BufReader<DuplexStream>) -> Option<Vec<String>> {
    let count: usize = line(stream).await?.strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    for _ in 0..count {
        line(stream).await?;
        words.push(line(stream).await?);
    }
    Some(words)
}

async fn line(stream: &mut BufReader<DuplexStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap()
}

/// As long as a tier lets a caller wait for its second store.
const PATIENCE: Duration = Duration::from_millis(50);
