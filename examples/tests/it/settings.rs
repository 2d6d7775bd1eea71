//! A bot whose settings are there whatever becomes of its process.

use ovenjs_mock::{Config, Discord};

use crate::program::{self, Program};

#[tokio::test]
async fn what_a_server_set_is_there_after_a_kill_and_after_a_stop() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let path = env!("CARGO_BIN_EXE_settings");
        Program::start(program::in_folder(path, &discord, folder.path()))
    };
    // Not by connections, of which that of a killed process may still be known.
    let begun = async |sessions| discord.wait_for_identifies(sessions).await.unwrap();
    let ann = discord.user("ann");

    let bot = start();
    begun(1).await;
    let answer = ann.slash("/greeting text:Moin").await;
    answer.says("So it shall be.");
    bot.kill().await;

    let bot = start();
    begun(2).await;
    ann.slash("/greet").await.says("Moin");
    let answer = ann.slash("/greeting text:Servus").await;
    answer.says("So it shall be.");
    let ended = bot.stop().await;
    assert!(ended.status.success(), "{}", ended.output);
    ended.holds_no_secret(&discord);

    let bot = start();
    begun(3).await;
    ann.slash("/greet").await.says("Servus");
    bot.stop().await;
}
