//! A bot that can be asked how it is: `/live` is for the probe that restarts it, `/ready` for the one
//! that waits until it works. Both answer 200 or 503, with a sentence.

use std::io;

use ovenjs_core::{Answer, Bot, Cx, Failure, Result, command, gateway::Fleet, routes};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Ping
#[command]
async fn ping(cx: Cx) -> Answer {
    cx.reply("Pong!").await
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let place = std::env::args().nth(1);
    let listener = TcpListener::bind(place.as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let bot = Bot::new().routes(routes![ping]).start().await?;
    let fleet = bot.fleet().clone();
    tokio::select! {
        ended = bot.until_signal() => Ok(ended?),
        failed = answer_probes(&listener, &fleet) => Ok(failed?),
    }
}

async fn answer_probes(listener: &TcpListener, fleet: &Fleet) -> io::Result<()> {
    loop {
        let (probe, _) = listener.accept().await?;
        // A probe that goes before its answer is no reason to end.
        let _ = answer(probe, fleet).await;
    }
}

async fn answer(mut probe: TcpStream, fleet: &Fleet) -> io::Result<()> {
    let mut lines = BufReader::new(&mut probe).lines();
    let asked = lines.next_line().await?.unwrap_or_default();
    while lines
        .next_line()
        .await?
        .is_some_and(|line| !line.is_empty())
    {}
    let health = fleet.health();
    let is_well = match asked.split(' ').nth(1) {
        Some("/live") => health.is_alive(),
        _ => health.is_ready(),
    };
    let status = if is_well {
        "200 OK"
    } else {
        "503 Service Unavailable"
    };
    let text = health.to_string();
    let length = text.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    probe.write_all((head + &text).as_bytes()).await
}
