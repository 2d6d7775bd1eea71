//! The `oven` command: a bot and a Discord to talk to it, on one machine; and a proxy in front of
//! Discord, for bots in any language.
//!
//! What it is not: a part of a bot. A bot is an ordinary program against `ovenjs-core`; `oven` only
//! tells it, through the environment, where its Discord is.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a terminal is its job"
)]

mod dev;
mod furniture;
mod mock;
mod proxy;

use std::process::ExitCode;

use clap::Parser;

/// Bots with a Discord in a box, and in front of Discord a proxy that keeps its limits.
#[derive(Debug, Parser)]
#[command(name = "oven", version)]
enum Oven {
    /// Starts a Discord in a box and a bot, with a page to talk to it.
    Dev(dev::Dev),
    /// Starts a Discord in a box alone, for a bot in any language.
    Mock(mock::Mock),
    /// Keeps Discord's limits for bots in any language: a proxy in front of its REST API.
    #[command(long_about = proxy::ABOUT)]
    Proxy(proxy::Proxy),
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime could not be started: {error}")),
    };
    let outcome = runtime.block_on(async {
        match Oven::parse() {
            Oven::Dev(dev) => dev.run().await,
            Oven::Mock(mock) => mock.run().await,
            Oven::Proxy(proxy) => proxy.run().await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => failed(&text),
    }
}

fn failed(text: &str) -> ExitCode {
    eprintln!("oven: {text}");
    ExitCode::FAILURE
}
