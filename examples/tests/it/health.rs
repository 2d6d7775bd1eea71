//! A bot that is asked how it is.

use std::time::Duration;

use ovenjs_mock::{Config, Discord};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::program::{self, Program};

#[tokio::test]
async fn a_probe_is_told_whether_the_bot_is_alive_and_ready() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = free.local_addr().unwrap().to_string();
    drop(free);
    let folder = tempfile::tempdir().unwrap();
    let mut command = program::in_folder(env!("CARGO_BIN_EXE_health"), &discord, folder.path());
    command.arg(&place);
    let bot = Program::start(command);
    discord.expect_ready(1).await;

    let ready = timeout(Duration::from_secs(20), until_well(&place, "/ready")).await;
    assert!(ready.unwrap().ends_with("healthy (1 of 1 healthy)"));
    // One that connects and says nothing is in nobody's way.
    let silent = TcpStream::connect(&place).await.unwrap();
    let live = timeout(Duration::from_secs(20), probe(&place, "/live")).await;
    assert!(live.unwrap().unwrap().starts_with("HTTP/1.1 200 OK"));
    drop(silent);
    assert!(bot.stop().await.status.success());
}

/// Asks until the answer is 200: the box knows of a session before the bot does.
async fn until_well(place: &str, path: &str) -> String {
    loop {
        match probe(place, path).await {
            Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => return answer,
            _ => tokio::task::yield_now().await,
        }
    }
}

async fn probe(place: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(place).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: bot\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
