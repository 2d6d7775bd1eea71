//! From a bot's request to Discord's answer.

use std::{
    cmp::Reverse,
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use ovenjs_core::{
    net::{self, Clock as _, SystemClock},
    rest::{BreakerState, Client, Config, Error, Live},
    types::Secret,
};
use serde_json::{Value, json};

use super::{
    answer::{self, Answer, Refusal},
    asked::{Asked, Shows},
    bodies::Bodies,
    bygone::Bygone,
    metrics::{Gauges, Metrics},
    tenants::Tenants,
    visitors::Visitors,
};

/// All that requests share.
pub(crate) struct Relay {
    rules: Rules,
    tenants: Mutex<Tenants<Client>>,
    /// The invalid requests of tokens that had to make room.
    bygone: Mutex<Bygone>,
    visitors: Visitors,
    bodies: Bodies,
    metrics: Arc<Metrics>,
    under_way: AtomicUsize,
    pub(crate) connections: AtomicUsize,
    pub(crate) is_stopping: AtomicBool,
}

/// How requests are sent.
pub(crate) struct Rules {
    /// The header that is shown for those who show none.
    pub(crate) token: Option<Secret>,
    /// The names by which the proxy is reached, beside those that nobody else can have.
    pub(crate) hosts: Vec<String>,
    pub(crate) base_url: String,
    pub(crate) net: net::Config,
    pub(crate) deadline: Duration,
    pub(crate) global_per_second: u32,
    pub(crate) keeps_limits: bool,
    pub(crate) requests_max: usize,
    pub(crate) body_max: usize,
    pub(crate) bodies_max: usize,
    pub(crate) tokens_max: usize,
}

/// Which doors an address has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doors {
    All,
    /// Discord's API.
    Api,
    /// Metrics and health.
    Watch,
}

impl Relay {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            tenants: Mutex::new(Tenants::new(rules.tokens_max)),
            bygone: Mutex::default(),
            // Without a token of its own a page can do here what it can do anywhere.
            visitors: match rules.token {
                Some(_) => Visitors::known_by(rules.hosts.clone()),
                None => Visitors::all(),
            },
            bodies: Bodies::new(rules.body_max, rules.bodies_max),
            metrics: Arc::default(),
            under_way: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            is_stopping: AtomicBool::new(false),
            rules,
        }
    }

    /// Answers one request, whatever becomes of it. Dropping it takes the request back.
    pub(crate) async fn answer(
        &self,
        doors: Doors,
        request: Request<Incoming>,
    ) -> Result<Answer, Infallible> {
        let page = match (request.method(), request.uri().path(), doors) {
            (&Method::GET, path, Doors::All | Doors::Watch) => self.page(path),
            _ => None,
        };
        let answer = match page {
            Some(page) => page,
            None if doors == Doors::Watch => {
                let text = "here are /metrics, /health and /why; Discord's API is at the proxy's other address";
                Refusal::new(StatusCode::NOT_FOUND, "request", text).answer()
            }
            None => {
                let mut told = Told::new(&self.metrics);
                let answer = match Box::pin(self.relay(request, &mut told)).await {
                    Ok(answer) => answer,
                    Err(refusal) => {
                        self.metrics.refused(refusal.why);
                        tracing::debug!(route = told.route, why = refusal.why, "refused");
                        refusal.answer()
                    }
                };
                told.status = Some(answer.status().as_u16());
                answer
            }
        };
        Ok(answer)
    }

    async fn relay(
        &self,
        request: Request<Incoming>,
        told: &mut Told<'_>,
    ) -> Result<Answer, Refusal> {
        let _under_way = Counted::new(&self.under_way);
        if self.under_way.load(Ordering::Relaxed) > self.rules.requests_max {
            return Err(Refusal::busy(
                "too many requests are under way; send less at once",
            ));
        }
        let (head, body) = request.into_parts();
        self.visitors.admit(&head)?;
        let token = self.rules.token.as_ref().map(Secret::expose);
        let asked = Asked::read(&head, token)?;
        told.route = asked.raw.route();
        // It counts as held until the answer is there.
        let held = self.bodies.read(body).await?;
        let visit = self.enter(asked.shows)?;
        let raw = asked.raw.body(held.body.clone());
        let is_repeatable = raw.is_idempotent();
        let sent = visit.client.send_raw(raw, asked.terms).await;
        let reply = sent.map_err(|error| Refusal::of(&error, is_repeatable))?;
        Ok(answer::of_discord(&reply, self.rules.keeps_limits))
    }

    fn enter(&self, shows: Shows) -> Result<Visit<'_>, Refusal> {
        let shown = match shows {
            Shows::Token(shown) => shown,
            Shows::Nothing => Secret::new(""),
        };
        let now = SystemClock.now();
        let (entered, gone) = {
            let mut tenants = self.tenants();
            let entered = tenants.enter(now, &shown, || self.client(&shown));
            (entered, tenants.take_gone())
        };
        let invalid: u32 = gone.iter().map(invalid).sum();
        self.bygone().add(now, invalid);
        let client = entered
            .map_err(|error| Refusal::of(&error, true))?
            .ok_or_else(|| {
                Refusal::busy(
                    "more tokens are in use than the proxy keeps limits for; raise --tokens",
                )
            })?;
        Ok(Visit {
            relay: self,
            shown,
            client,
        })
    }

    /// A client for what is shown, with limits of its own.
    fn client(&self, shown: &Secret) -> Result<Client, Error> {
        let Rules {
            base_url,
            net,
            deadline,
            global_per_second,
            requests_max,
            ..
        } = &self.rules;
        let live = Live::new().deadline(*deadline).waiters_max(*requests_max);
        let limits = live.limits.global_per_second(*global_per_second);
        let builder = if shown.is_empty() {
            Client::without_token()
        } else {
            Client::builder(shown.clone())
        };
        builder
            .config(Config::new().base_url(base_url).live(live.limits(limits)))
            .net(net.clone())
            .hook(Arc::<Metrics>::clone(&self.metrics))
            .build()
    }

    /// Whether a client can be built at all.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let nothing = Secret::new("");
        let shown = self.rules.token.as_ref().unwrap_or(&nothing);
        self.client(shown).map(drop)
    }

    /// Drops the clients of tokens that are not in use any more, and shares out among the others what Discord
    /// bears of invalid requests: it bans the address for them, whoever's they are.
    pub(crate) fn tidy(&self) {
        let mut tenants = self.tenants();
        let dropped = tenants.sweep(SystemClock.now());
        if dropped > 0 {
            tracing::debug!(dropped, "idle tokens forgotten");
        }
        let of_gone = self.bygone().count(SystemClock.now());
        let all = tenants.clients().map(invalid).sum::<u32>() + of_gone;
        for client in tenants.clients() {
            let of_others = all.saturating_sub(invalid(client));
            let most = Live::new().limits.invalid_max.saturating_sub(of_others);
            let live = client.live();
            if live.limits.invalid_max != most {
                client.apply(live.limits(live.limits.invalid_max(most)));
            }
        }
    }

    /// Lets tokens be shown again that Discord has refused. It has refused good ones in its bad hours, and a
    /// bot goes on with the one it has.
    pub(crate) fn forgive(&self) {
        for (shown, client) in self.tenants().each().filter(|(shown, _)| !shown.is_empty()) {
            // It was a token when the client was built with it.
            drop(client.replace_token(shown));
        }
    }

    fn page(&self, path: &str) -> Option<Answer> {
        match path {
            "/metrics" => {
                let kind = "text/plain; version=0.0.4; charset=utf-8";
                Some(answer::text(
                    StatusCode::OK,
                    kind,
                    self.metrics.text(&self.gauges()),
                ))
            }
            "/health" => Some(self.health()),
            "/why" => Some(self.why()),
            _ => None,
        }
    }

    fn gauges(&self) -> Gauges {
        let tenants = self.tenants();
        let mut gauges = Gauges {
            connections: self.connections.load(Ordering::Relaxed),
            under_way: self.under_way.load(Ordering::Relaxed),
            body_bytes: self.bodies.held(),
            tokens: tenants.len(),
            invalid: self.bygone().count(SystemClock.now()),
            ..Gauges::default()
        };
        for stats in tenants.clients().map(Client::stats) {
            gauges.waiting += stats.waiting;
            gauges.buckets += stats.limits.buckets;
            gauges.invalid += stats.limits.invalid;
            gauges.breakers_open += stats.breakers.open;
            gauges.breakers_open += usize::from(stats.breakers.host != BreakerState::Closed);
        }
        gauges
    }

    /// How it is: 200 while it takes requests, whatever Discord does; 503 once it stops.
    fn health(&self) -> Answer {
        let is_stopping = self.is_stopping.load(Ordering::Relaxed);
        let gauges = self.gauges();
        let status = if is_stopping {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        };
        let body = json!({
            "status": if is_stopping { "stopping" } else { "ok" },
            "discord": if gauges.breakers_open == 0 { "ok" } else { "failing" },
            "breakers_open": gauges.breakers_open,
            "limits_known": gauges.buckets > 0,
            "requests": gauges.under_way,
            "waiting": gauges.waiting,
            "tokens": gauges.tokens,
            "invalid_requests": gauges.invalid,
        });
        answer::text(status, "application/json", body.to_string())
    }

    /// What the requests wait for that have waited longest.
    fn why(&self) -> Answer {
        let mut whys: Vec<_> = {
            let tenants = self.tenants();
            tenants
                .clients()
                .flat_map(|client| client.why(WHYS))
                .collect()
        };
        whys.sort_by_key(|why| Reverse(why.waited));
        let now = SystemClock.now();
        let until = |then: Option<Instant>| {
            then.map(|then| then.saturating_duration_since(now).as_secs_f64())
        };
        let lines = whys.iter().take(WHYS).map(|why| {
            json!({
                "route": why.key.route,
                "priority": format!("{:?}", why.priority).to_lowercase(),
                "waited": why.waited.as_secs_f64(),
                "ahead": why.ahead,
                "on": why.on.map(|obstacle| format!("{obstacle:?}").to_lowercase()),
                "turn_in": until(why.eta.or(why.until)),
            })
        });
        let body = Value::Array(lines.collect());
        answer::text(StatusCode::OK, "application/json", body.to_string())
    }

    fn bygone(&self) -> MutexGuard<'_, Bygone> {
        self.bygone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A panic elsewhere leaves at worst a count too high.
    fn tenants(&self) -> MutexGuard<'_, Tenants<Client>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn invalid(client: &Client) -> u32 {
    client.stats().limits.invalid
}

/// The most requests that are told what they wait for: enough to see what is in the way.
const WHYS: usize = 100;

/// A request with its token's client, told of when it ends.
struct Visit<'a> {
    relay: &'a Relay,
    shown: Secret,
    client: Client,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.relay.tenants().leave(SystemClock.now(), &self.shown);
    }
}

/// One more, until it is dropped.
pub(crate) struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    pub(crate) fn new(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a request ended, told of also when it was dropped.
struct Told<'a> {
    metrics: &'a Metrics,
    route: &'static str,
    status: Option<u16>,
}

impl<'a> Told<'a> {
    fn new(metrics: &'a Metrics) -> Self {
        Self {
            metrics,
            route: "{}",
            status: None,
        }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        match self.status {
            Some(status) => self.metrics.answered(self.route, status),
            None => self.metrics.left(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ovenjs_core::rest::{ErrorKind, Raw, Reply, Terms};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        net::TcpListener,
        sync::mpsc,
        task::JoinSet,
    };

    use super::*;

    #[tokio::test]
    async fn a_refused_token_is_shown_again_once_it_is_forgiven() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/api", listener.local_addr().unwrap());
        let relay = Relay::new(Rules {
            base_url,
            ..rules()
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = b"HTTP/1.1 401 X\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer).await.unwrap();
            }
        });
        assert_eq!(ask(&relay).await.unwrap().status(), 401);
        assert_eq!(
            ask(&relay).await.unwrap_err().kind(),
            ErrorKind::Unauthorized
        );
        relay.forgive();
        assert_eq!(ask(&relay).await.unwrap().status(), 401);
    }

    #[tokio::test(start_paused = true)]
    async fn invalid_requests_of_a_token_that_made_room_count_on() {
        let (sender, mut calls) = mpsc::channel::<DuplexStream>(9);
        let net = net::Config::new().dialer(net::Dialer::new(move |_| {
            let (near, far) = duplex(4_096);
            sender.try_send(far).unwrap();
            near
        }));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Some(mut stream) = calls.recv().await {
                stream.read_u8().await.unwrap();
                let answer = b"HTTP/1.1 401 X\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer).await.unwrap();
                drop(stream.read_to_end(&mut Vec::new()).await);
            }
        });
        let relay = Relay::new(Rules {
            net,
            tokens_max: 1,
            ..rules()
        });
        assert_eq!(ask(&relay).await.unwrap().status(), 401);
        assert_eq!(relay.gauges().invalid, 1);
        tokio::time::sleep(Duration::from_secs(61)).await;
        let other = relay.enter(Shows::Token("Bot other".into())).unwrap();
        assert_eq!((relay.gauges().tokens, relay.gauges().invalid), (1, 1));
        // The other one has that much less.
        relay.tidy();
        let most = other.client.live().limits.invalid_max;
        assert_eq!(most, Live::new().limits.invalid_max - 1);
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(relay.gauges().invalid, 0);
    }

    fn rules() -> Rules {
        Rules {
            token: None,
            hosts: Vec::new(),
            base_url: "http://127.0.0.1:9/api".to_owned(),
            net: net::Config::new(),
            deadline: Duration::from_secs(60),
            global_per_second: 50,
            keeps_limits: false,
            requests_max: 9,
            body_max: 9,
            bodies_max: 9,
            tokens_max: 9,
        }
    }

    async fn ask(relay: &Relay) -> Result<Reply, Error> {
        let visit = relay.enter(Shows::Token("Bot good".into())).unwrap();
        let raw = Raw::new(Method::GET, "/users/@me").unwrap();
        visit.client.send_raw(raw, Terms::default()).await
    }
}
