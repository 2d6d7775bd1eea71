//! A bot that can be asked how it is: `/live` is for the probe that restarts it, `/ready` for the one
//! that waits until it works. Both answer 200 or 503, with a sentence.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use ovenjs_core::{Answer, Bot, Cx, Failure, Result, command, gateway::Fleet, routes};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// Ping
#[command]
async fn ping(cx: Cx) -> Answer {
    cx.reply("Pong!").await
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let place = std::env::args().nth(1);
    let listener = TcpListener::bind(place.as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let fleet = Arc::default();
    tokio::select! {
        ended = run(&fleet) => ended,
        never = answer_probes(&listener, &fleet) => match never {},
    }
}

async fn run(fleet: &OnceLock<Fleet>) -> Result<(), Failure> {
    let bot = Bot::new().routes(routes![ping]).start().await?;
    fleet.get_or_init(|| bot.fleet().clone());
    Ok(bot.until_signal().await?)
}

/// Goes on whatever a probe does, and while the bot starts: who asks restarts what does not answer.
async fn answer_probes(listener: &TcpListener, fleet: &Arc<OnceLock<Fleet>>) -> Infallible {
    let mut probes = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((probe, _)) => {
                let answer = answer(probe, Arc::clone(fleet));
                probes.spawn(timeout(PATIENCE, answer));
            }
            Err(error) => {
                // A connection that broke, or no descriptor that is free; more may be in a moment.
                tracing::warn!(%error, "a probe could not be accepted");
                sleep(PATIENCE).await;
            }
        }
        while probes.len() >= PROBES_MAX {
            probes.join_next().await;
        }
        // A probe that goes before its answer is no reason to end.
        while probes.try_join_next().is_some() {}
    }
}

async fn answer(mut probe: TcpStream, fleet: Arc<OnceLock<Fleet>>) -> io::Result<()> {
    let mut lines = BufReader::new((&mut probe).take(HEAD_MAX)).lines();
    let asked = lines.next_line().await?.unwrap_or_default();
    while lines
        .next_line()
        .await?
        .is_some_and(|line| !line.is_empty())
    {}
    let asks_for_life = asked.split(' ').nth(1) == Some("/live");
    let (is_well, text) = match fleet.get().map(Fleet::health) {
        Some(health) if asks_for_life => (health.is_alive(), health.to_string()),
        Some(health) => (health.is_ready(), health.to_string()),
        None => (asks_for_life, "the bot starts".to_owned()),
    };
    let status = if is_well {
        "200 OK"
    } else {
        "503 Service Unavailable"
    };
    let length = text.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    probe.write_all((head + &text).as_bytes()).await
}

/// Some more than the supervisors of one bot.
const PROBES_MAX: usize = 16;

/// Half of what a supervisor waits for an answer, a second as a rule: silent peers that take all places
/// hold the next probe up for no longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many bytes of a request are read; those of probes are some hundred.
const HEAD_MAX: u64 = 4096;
