//! Bad input gives one clear error that names the repair, and never the token.

use std::path::PathBuf;

use ovenjs_mock::{Config, Discord};

use crate::program::{self, Program};

#[tokio::test]
async fn a_wrong_token() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let mut command = program::ping(&discord);
    command.env("DISCORD_TOKEN", "canary.of.somebody-else");

    let ended = Program::start(command).ended().await;

    let error = ended.error(&discord);
    assert!(
        error.contains("token was refused") && error.contains("DISCORD_TOKEN"),
        "{error}"
    );
    assert!(!ended.output.contains("canary"), "{}", ended.output);
}

#[tokio::test]
async fn no_token() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let mut command = program::ping(&discord);
    command.env_remove("DISCORD_TOKEN");

    let ended = Program::start(command).ended().await;

    let error = ended.error(&discord);
    assert!(
        error.contains("no token") && error.contains("DISCORD_TOKEN"),
        "{error}"
    );
}

#[tokio::test]
async fn an_intent_that_is_not_switched_on() {
    const MESSAGE_CONTENT: u64 = 1 << 15;
    let discord = Discord::start(Config::default().disallow_intents(MESSAGE_CONTENT))
        .await
        .unwrap();
    let file = File::new("intent", "[gateway]\nintents = [\"MESSAGE_CONTENT\"]\n");
    let mut command = program::ping(&discord);
    command.env("OVENJS_CONFIG", &file.0);

    let ended = Program::start(command).ended().await;

    let error = ended.error(&discord);
    assert!(
        error.contains("MESSAGE_CONTENT") && error.contains("portal"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unreachable_host() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = program::ping(&discord);
    command.env("OVENJS_BASE_URL", format!("http://{free}/api"));

    let ended = Program::start(command).ended().await;

    let error = ended.error(&discord);
    assert!(error.contains(&free.to_string()), "{error}");
    assert_eq!(error.matches("cannot reach").count(), 1, "{error}");
}

#[tokio::test]
async fn a_base_url_that_is_not_one() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let address = discord.address();
    for url in [
        format!("http://{address}"),
        format!("http://{address}/api/v10"),
        format!("{address}/api"),
        "http://127.0.0.1:99999/api".to_owned(),
        format!("http://ann:canary@{address}/api"),
    ] {
        let mut command = program::ping(&discord);
        command.env("OVENJS_BASE_URL", &url);

        let ended = Program::start(command).ended().await;

        let error = ended.error(&discord);
        assert!(error.contains("OVENJS_BASE_URL"), "{url}: {error}");
        assert!(!ended.output.contains("canary"), "{}", ended.output);
    }
}

#[tokio::test]
async fn plain_http_to_another_machine() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let mut command = program::ping(&discord);
    command.env("OVENJS_BASE_URL", "http://discord.example/api");

    let ended = Program::start(command).ended().await;

    let error = ended.error(&discord);
    assert!(error.contains("https"), "{error}");
}

#[tokio::test]
async fn a_malformed_file() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let file = File::new("malformed", "[gateway]\nshards = \"many\"\n");
    let mut command = program::ping(&discord);
    command.env("OVENJS_CONFIG", &file.0);

    let ended = Program::start(command).ended().await;

    let error = ended.error(&discord);
    assert!(error.contains("line 2") && error.contains("u32"), "{error}");
}

/// A configuration file that goes with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // Nothing depends on it: the folder belongs to the build.
        drop(std::fs::remove_file(&self.0));
    }
}
