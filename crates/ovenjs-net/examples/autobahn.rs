//! A websocket client that sends back what it gets, for Autobahn's test suite to judge.
//!
//! `cargo xtask autobahn` starts the suite and gives this program the port of its server.

#![expect(
    clippy::print_stdout,
    reason = "a program that tells how far it has come"
)]

use std::error::Error;

use ovenjs_net::{
    Config, Connector, Entropy, SystemEntropy, Target,
    websocket::{Incoming, Socket},
};

/// The suite's largest message has 16 MiB.
const MESSAGE_BYTES_MAX: usize = 32 << 20;

const AGENT: &str = "ovenjs";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args()
        .nth(1)
        .ok_or("give the port of the suite's server")?;
    let suite = Suite {
        connector: Connector::build(Config::new())?,
        target: Target::new("127.0.0.1", port.parse()?, false),
    };
    let mut counting = suite.open("/getCaseCount").await?;
    let count: usize = match counting.next().await? {
        Incoming::Text(text) => std::str::from_utf8(text)?.parse()?,
        other => return Err(format!("{other:?} instead of the number of cases").into()),
    };
    counting.finish().await;
    for case in 1..=count {
        let socket = suite
            .open(&format!("/runCase?case={case}&agent={AGENT}"))
            .await?;
        // How a case ends is the suite's to judge.
        echo(socket).await;
    }
    println!("{count} cases");
    let reporting = suite.open(&format!("/updateReports?agent={AGENT}")).await?;
    echo(reporting).await;
    Ok(())
}

struct Suite {
    connector: Connector,
    target: Target,
}

impl Suite {
    async fn open(&self, path: &str) -> Result<Socket, ovenjs_net::Error> {
        let key = u128::from(SystemEntropy.u64()) << 64 | u128::from(SystemEntropy.u64());
        Socket::open(
            &self.connector,
            &self.target,
            path,
            key.to_be_bytes(),
            MESSAGE_BYTES_MAX,
        )
        .await
    }
}

/// Sends each message back until either side has enough.
async fn echo(mut socket: Socket) {
    let mut answer = Vec::new();
    loop {
        answer.clear();
        let text = match socket.next().await {
            Ok(Incoming::Text(text)) => {
                answer.extend_from_slice(text);
                true
            }
            Ok(Incoming::Binary(bytes)) => {
                answer.extend_from_slice(bytes);
                false
            }
            Ok(Incoming::Ping(_) | Incoming::Pong(_)) => continue,
            Ok(Incoming::Close { .. }) | Err(_) => break,
        };
        let sent = match text {
            true => socket.send_text(&answer),
            false => socket.send_binary(&answer),
        };
        if sent.is_err() {
            break;
        }
    }
    socket.finish().await;
}
