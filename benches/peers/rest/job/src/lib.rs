//! What each contestant is told to do, and how it tells that it is done.
//!
//! So many messages over so many channels, so many of them under way at once.

use std::{env, fs, future::Future, sync::Arc, time::Instant};

/// What the course tells.
pub struct Job {
    /// The address of the box, e.g. `http://127.0.0.1:4000`.
    pub address: String,
    pub token: String,
    /// Whether the client is to keep the limit of 50 requests a second.
    pub is_limited: bool,
    /// The second word of the command: which way to post.
    pub way: String,
    channels: Vec<u64>,
    posts: usize,
    at_once: usize,
}

impl Job {
    pub fn read() -> Self {
        let channels = fs::read_to_string(told("COURSE_CHANNELS")).expect("the list is there");
        Self {
            address: told("COURSE_HTTP"),
            token: told("COURSE_TOKEN"),
            is_limited: told("COURSE_LIMITS") == "on",
            way: env::args().nth(1).unwrap_or_default(),
            channels: channels.lines().map(number).collect(),
            posts: number(&told("COURSE_POSTS")),
            at_once: number(&told("COURSE_AT_ONCE")),
        }
    }

    /// Posts all of them with `post`, which takes a channel and a text and says whether Discord has
    /// answered with the message, and tells the course how it went.
    pub async fn run<F>(self, post: impl Fn(u64, String) -> F + Send + Sync + 'static)
    where
        F: Future<Output = bool> + Send + 'static,
    {
        let begun = Instant::now();
        let (post, channels) = (Arc::new(post), Arc::new(self.channels));
        let workers: Vec<_> = (0..self.at_once)
            .map(|first| {
                let (post, channels) = (Arc::clone(&post), Arc::clone(&channels));
                tokio::spawn(async move {
                    let mut answered = 0_u64;
                    for number in (first..self.posts).step_by(self.at_once) {
                        let channel = channels[number % channels.len()];
                        answered += u64::from(post(channel, format!("bread no. {number}")).await);
                    }
                    answered
                })
            })
            .collect();
        let mut answered = 0;
        for worker in workers {
            answered += worker.await.expect("no worker panics");
        }
        println!("{answered} {}", begun.elapsed().as_secs_f64());
        // Ending is not part of the work: a bot does it once.
        std::process::exit(0);
    }
}

fn told(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("the course tells {name}"))
}

fn number<N: std::str::FromStr>(text: &str) -> N {
    let Ok(number) = text.parse() else {
        panic!("the course tells a number, not {text}")
    };
    number
}
