//! A day of a bot that reads much: how much of it the cache, shared requests and marks save.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::IntoFuture as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use fastrand::Rng;
use futures_util::future::join_all;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use ovenjs_net::{Clock, SystemClock};
use ovenjs_rest::{Client, Config, GetChannel, GetMember, GetUser};
use ovenjs_types::Id;
use tokio::{net::TcpListener, task::JoinSet};

use crate::server::TOKEN;

const DAY_S: f64 = 24.0 * 60.0 * 60.0;
const COMMANDS: usize = 2_000;
const GUILDS: u64 = 30;
const CHANNELS: u64 = 20;
const MEMBERS: u64 = 100;

/// How old an answer may be without Discord being asked.
const TTL: Duration = Duration::from_secs(30);

/// A made day, the same at each run: two thousand commands in thirty guilds, most of them in the evening,
/// some guilds, channels and people much busier than others. Each command reads where it was used and by
/// whom; a fifth come as a crowd at once. Meanwhile names change at Discord, some by the bot itself.
#[tokio::test]
async fn over_a_day_nine_of_ten_repeated_reads_are_saved() {
    let time = Arc::new(Time::default());
    let names = Arc::new(Names::default());
    let (address, _server) = serve(Arc::clone(&names)).await;
    let config = Config::new()
        .base_url(format!("http://{address}"))
        .cache_max(16 << 20)
        .ttl::<GetChannel>(TTL)
        .ttl::<GetMember>(TTL)
        .ttl::<GetUser>(TTL);
    let client = Client::builder(TOKEN)
        .config(config)
        .clock(time.clone())
        .build()
        .unwrap();
    let mut rng = Rng::with_seed(7);
    let mut moments: Vec<f64> = (0..COMMANDS).map(|_| moment(&mut rng)).collect();
    moments.sort_by(f64::total_cmp);
    let mut reads = 0;
    for moment in moments {
        time.set(Duration::from_secs_f64(moment));
        let guild = 1 + busy(&mut rng, GUILDS);
        let channel = guild * 1_000 + busy(&mut rng, CHANNELS);
        let user = guild * 1_000 + busy(&mut rng, MEMBERS);
        let places = [
            format!("/channels/{channel}"),
            format!("/guilds/{guild}/members/{user}"),
            format!("/users/{user}"),
        ];
        for place in &places {
            if rng.u32(0..100) < 4 {
                names.change(place, moment);
            }
        }
        if rng.u32(0..100) < 3 {
            let edit = client.edit_channel(Id::new(channel)).name("bread");
            edit.await.unwrap();
            names.change(&places[0], moment);
        }
        let crowd = if rng.u32(0..5) == 0 { rng.u32(2..9) } else { 1 };
        let asked = (0..crowd).map(|_| async {
            let channel = client.channel(Id::new(channel)).into_future();
            let member = client.member(Id::new(guild), Id::new(user)).into_future();
            let user = client.user(Id::new(user)).into_future();
            let (channel, member, user) = tokio::join!(channel, member, user);
            let nick = member.unwrap().nick.unwrap();
            [channel.unwrap().name.unwrap(), nick, user.unwrap().username]
        });
        for read in join_all(asked).await {
            for (place, name) in places.iter().zip(read) {
                reads += 1;
                names.judge(place, &name, moment);
            }
        }
    }
    let told = names.told.lock().unwrap();
    let (stats, repeated) = (client.stats(), reads - told.news);
    println!(
        "{reads} reads, {repeated} of what had been told before: {} from the cache, {} shared with \
         another call, {} confirmed by their mark, {} told again",
        stats.cache.hits, stats.joined, told.unchanged, told.again
    );
    let saved = stats.cache.hits + stats.joined + told.unchanged;
    assert_eq!(saved + told.again + told.news, reads);
    assert!(stats.cache.hits > 0 && stats.joined > 0 && told.unchanged > 0);
    assert!(
        saved * 10 >= repeated * 9,
        "{saved} of {repeated} were saved"
    );
}

/// A moment of the day in seconds: three of four in the six hours of the evening.
fn moment(rng: &mut Rng) -> f64 {
    if rng.u32(0..4) == 0 {
        rng.f64() * DAY_S
    } else {
        DAY_S * (0.7 + 0.25 * rng.f64())
    }
}

/// One of so many, the first ones much more often than the last.
fn busy(rng: &mut Rng, many: u64) -> u64 {
    let (one, other) = (rng.u64(1..=many), rng.u64(1..=many));
    rng.u64(0..one.min(other))
}

/// The time of the day.
#[derive(Debug)]
struct Time {
    began: (Instant, SystemTime),
    passed: Mutex<Duration>,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            began: (SystemClock.now(), SystemClock.wall()),
            passed: Mutex::default(),
        }
    }
}

impl Time {
    fn set(&self, passed: Duration) {
        *self.passed.lock().unwrap() = passed;
    }
}

impl Clock for Time {
    fn now(&self) -> Instant {
        self.began.0 + *self.passed.lock().unwrap()
    }

    fn wall(&self) -> SystemTime {
        self.began.1 + *self.passed.lock().unwrap()
    }
}

/// The names that Discord has, by path: how often each has changed, when last, and what was told.
#[derive(Debug, Default)]
struct Names {
    changes: Mutex<HashMap<String, Vec<f64>>>,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    last: HashMap<String, usize>,
    /// Bodies with a name that had not been told before.
    news: u64,
    /// Bodies that said the same once more.
    again: u64,
    /// Answers without a body: it has not changed.
    unchanged: u64,
}

impl Names {
    fn change(&self, place: &str, moment: f64) {
        let mut changes = self.changes.lock().unwrap();
        changes.entry(place.to_owned()).or_default().push(moment);
    }

    fn version(&self, place: &str) -> usize {
        self.changes.lock().unwrap().get(place).map_or(0, Vec::len)
    }

    /// What was read is the name of now, or one that held until a moment ago.
    fn judge(&self, place: &str, name: &str, now: f64) {
        let version: usize = name.parse().unwrap();
        let changes = self.changes.lock().unwrap();
        let ended = changes.get(place).and_then(|changes| changes.get(version));
        if let Some(ended) = ended {
            assert!(
                now - ended <= TTL.as_secs_f64(),
                "{place} was read as {name} at {now}, but had changed at {ended}"
            );
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let place = request.uri().path().trim_start_matches("/v10").to_owned();
        let version = self.version(&place);
        let mark = format!("W/\"{version}\"");
        let known = request.headers().get(header::IF_NONE_MATCH);
        let answer = Response::builder().header(header::ETAG, &mark);
        if known.is_some_and(|known| *known == *mark) {
            self.told.lock().unwrap().unchanged += 1;
            let answer = answer.status(StatusCode::NOT_MODIFIED);
            return answer.body(Full::default()).unwrap();
        }
        if request.method() == http::Method::GET {
            let mut told = self.told.lock().unwrap();
            match told.last.insert(place.clone(), version) {
                Some(last) if last == version => told.again += 1,
                _ => told.news += 1,
            }
        }
        let body = if place.starts_with("/channels") {
            format!(r#"{{"id":"1","type":0,"name":"{version}"}}"#)
        } else if place.starts_with("/guilds") {
            format!(r#"{{"nick":"{version}","roles":[],"user":{{"id":"2","username":"ann"}}}}"#)
        } else {
            format!(r#"{{"id":"2","username":"{version}"}}"#)
        };
        answer.body(Full::from(body)).unwrap()
    }
}

async fn serve(names: Arc<Names>) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let names = Arc::clone(&names);
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = names.answer(&request);
                async { Ok::<_, Infallible>(answer) }
            });
            connections.spawn(async move {
                let server = hyper::server::conn::http1::Builder::new();
                // How a connection ends is no concern of this story.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, tasks)
}
