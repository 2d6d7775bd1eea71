//! How long a bot author's test takes: box, bot, command, button, form.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "x"
)]

#[expect(dead_code, reason = "the program's entry is not used here")]
#[path = "../../examples/feedback.rs"]
mod feedback;

use ovenjs_core::Config;
use ovenjs_mock::Discord;
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

async fn story(sockets: bool) {
    let (discord, config) = if sockets {
        let discord = Discord::start(ovenjs_mock::Config::default())
            .await
            .unwrap();
        let config = Config::new()
            .token(discord.token())
            .base_url(discord.base_url());
        (discord, config)
    } else {
        let discord = Discord::in_process(ovenjs_mock::Config::default());
        let config = Config::in_process(discord.token(), discord.door());
        (discord, config)
    };
    let bot = feedback::bot().config(config).start().await.unwrap();
    discord.expect_ready(1).await;
    let ann = discord.user("ann");
    let answer = ann.slash("/feedback topic:docs score:5").await;
    answer.says("docs").says("5").shows_button("Give feedback");
    let form = answer.click("Give feedback").await;
    let thanks = form.fill("text", "more examples").await;
    thanks.says("more examples").mentions(ann.id());
    discord.expect_no_violations();
    drop(bot);
}

fn main() {
    let count: usize = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    let sockets = std::env::args().nth(2).is_some();
    let left = Mutex::new(count);
    let times = Mutex::new(Vec::new());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    {
                        let mut left = left.lock().unwrap();
                        if *left == 0 {
                            break;
                        }
                        *left -= 1;
                    }
                    let begun = Instant::now();
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .start_paused(!sockets)
                        .build()
                        .unwrap();
                    runtime.block_on(story(sockets));
                    drop(runtime);
                    times.lock().unwrap().push(begun.elapsed());
                }
            });
        }
    });
    let wall = begun.elapsed();
    let mut times = times.into_inner().unwrap();
    times.sort();
    let cpu = ovenjs_box_benches::cpu_time(std::process::id()).unwrap();
    println!(
        "{count} stories: wall {wall:?} cpu {cpu:?} median {:?} worst {:?} rss {} MB",
        times[times.len() / 2],
        times.last().unwrap(),
        ovenjs_box_benches::peak_memory(std::process::id()).unwrap() / 1_000_000
    );
    let _ = Duration::ZERO;
}
