//! Bots of several processes, and of processes that follow one another.

use ovenjs_mock::{Config, Discord};

use crate::program::{self, Program};

#[tokio::test]
async fn the_next_process_takes_a_bot_over_at_its_socket() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let next = || {
        let path = env!("CARGO_BIN_EXE_replaced");
        Program::start(program::in_folder(path, &discord, folder.path()))
    };
    let ann = discord.user("ann");
    let mut bot = next();
    discord.expect_ready(1).await;
    for n in 0..3 {
        ann.says(&format!("before {n}")).await;
        let answer = discord.next_bot_message().await.unwrap();
        assert_eq!(answer.content(), format!("before {n}!"));
        let heir = next();
        // While one hands over to the other.
        ann.says(&format!("between {n}")).await;
        let ended = bot.ended().await;
        assert!(ended.status.success(), "{}", ended.output);
        let answer = discord.next_bot_message().await.unwrap();
        assert_eq!(answer.content(), format!("between {n}!"));
        bot = heir;
    }
    // And from the file, after a kill and after a stop.
    bot.kill().await;
    ann.says("after a kill").await;
    let bot = next();
    let mut answer = discord.next_bot_message().await.unwrap();
    // What it had answered and not saved comes again.
    while answer.content() == "between 2!" {
        answer = discord.next_bot_message().await.unwrap();
    }
    assert_eq!(answer.content(), "after a kill!");
    assert!(bot.stop().await.status.success());
    assert_eq!(discord.identifies(), 1);
    discord.expect_no_violations();
}

#[cfg(feature = "redis")]
mod with_redis {
    use std::{path::Path, time::Duration};

    use super::*;

    #[tokio::test]
    async fn needs_redis_the_two_configurations_make_one_bot() {
        let world = Config::default().shards(2).max_concurrency(1);
        let discord = Discord::start(world.identify_interval(Duration::from_secs(5)));
        let discord = discord.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let process = |number: u32| {
            let file = format!("two_processes/{number}.toml");
            let path = env!("CARGO_BIN_EXE_two_processes");
            let mut command = program::in_folder(path, &discord, folder.path());
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            command
                .env("OVENJS_CONFIG", file)
                .env("OVENJS_REDIS", redis());
            Program::start(command)
        };
        let processes = [process(0), process(1)];
        // One lane: the second waits five seconds for it.
        discord.wait_for_ready(1).await.unwrap();
        discord.wait_for_ready(2).await.unwrap();
        let answer = discord.user("ann").slash("/whereabouts").await;
        assert!(
            answer.content().starts_with("A process with "),
            "{}",
            answer.content()
        );
        for process in processes {
            let ended = process.stop().await;
            assert!(ended.status.success(), "{}", ended.output);
        }
        assert_eq!(discord.identifies(), 2);
        discord.expect_no_violations();
    }

    #[tokio::test]
    async fn needs_redis_a_worker_answers_what_a_publisher_heard_before_it_was_killed() {
        let discord = Discord::start(Config::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let process = |words: &[&str]| {
            let path = env!("CARGO_BIN_EXE_bridge");
            let mut command = program::in_folder(path, &discord, folder.path());
            command.env("OVENJS_REDIS", redis()).args(words);
            Program::start(command)
        };
        let publisher = process(&["publish"]);
        discord.expect_ready(1).await;
        let worker = process(&["work", "one"]);
        discord.user("ann").says("!ping").await;
        assert_eq!(discord.next_bot_message().await.unwrap().content(), "Pong!");
        publisher.kill().await;
        discord.user("ann").says("!ping").await;
        let publisher = process(&["publish"]);
        assert_eq!(discord.next_bot_message().await.unwrap().content(), "Pong!");
        publisher.kill().await;
        worker.kill().await;
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told by a variable where their server is"
    )]
    fn redis() -> String {
        std::env::var("OVENJS_TEST_REDIS_URL")
            .expect("OVENJS_TEST_REDIS_URL is set: `cargo xtask test` starts the server")
    }
}
