//! One story that every bot of this folder has to live through.
//!
//! The bots are written with libraries that others wrote, so the mock cannot pass by agreeing with
//! our own mistakes. A user types, presses and speaks through the mock's hand; what is judged is the
//! mock's world afterwards, and that the mock itself kept to Discord's documents all the while.
//!
//! What each bot does:
//!
//! - registers `/echo text`, `/later` and `/order` globally, and plays `the oven`;
//! - completes the text of `/echo` to `warm bread` or `cold bread`;
//! - answers `/echo` with the text and a button `Again`, and a press of it by changing the message to
//!   the text followed by ` again`, without the button;
//! - defers `/later`, then makes the answer `done`, then follows up with `and dusted`;
//! - opens a modal for `/order` that asks `Which bread?`, then shows that it is typing, and tells `one`
//!   and what was entered to the user alone;
//! - hears `!bake`, sends `dough`, edits it to `bread` and reacts to it with 🍞;
//! - hears `!menu` and sends a file and an embed;
//! - hears `!who`, asks the gateway for members whose names begin with `an`, and replies with them.
//!
//! They also hear `!work BEN MEL`, do a day's deeds in the guild and say `done`; see [`works`].
//!
//! The bots outside of this process also hear `!feast BEN CAS DOT`; see [`feasts`].
//!
//! All of them know all members of the guild, which is a large one, and say to `!count` how many they
//! are; see [`counts`]. For [`endures`] they need nothing but what their library does by itself.

pub mod exemption;
mod feast;
mod trouble;
mod work;

pub use exemption::{Exemption, keeps_to_the_rules};
pub use feast::feasts;
pub use trouble::{counts, endures};
pub use work::works;

use anyhow::{Context as _, Result, bail, ensure};
use ovenjs_mock::{Config, Discord, Guild, Message, Modal, Request};
use std::{collections::BTreeSet, time::Duration};

/// How long the story waits for any one thing. A foreign runtime on a busy machine takes seconds to
/// start; a bot that needs longer than this is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// The opcode by which a bot sets its presence.
const PRESENCE_UPDATE: u64 = 3;

/// All permissions there are, with ADMINISTRATOR, which a bot needs to make a guild a community.
const EVERYTHING: u64 = (1 << 53) - 1;

/// More members than fit into one chunk of them, some of them offline, so that the guild is a large
/// one whose GUILD_CREATE leaves them out.
const MEMBERS: usize = 1_100;
const OFFLINE: usize = 1_000;

/// The wait that the mock asks for when it limits a request.
const LIMITED_FOR: Duration = Duration::from_millis(250);

const REGISTER: &str = "/applications/{application_id}/commands";
const SEND: &str = "/channels/{channel_id}/messages";
const TYPE: &str = "/channels/{channel_id}/typing";
const REACT: &str = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me";

/// The mock, furnished for the story.
///
/// # Errors
///
/// When no loopback port can be had.
pub async fn discord() -> Result<Discord> {
    let bakery = Guild::named("The Bakery");
    let bakery = bakery.members(MEMBERS).offline(OFFLINE);
    let bakery = bakery.bot_permissions(EVERYTHING);
    // Discord waits 3 s for the answer to an interaction, which a busy machine does not always keep.
    let config = Config::default().interaction_deadline(PATIENCE);
    let config = config.guilds([bakery]).patience(PATIENCE);
    let discord = Discord::start(config).await;
    discord.context("the mock did not start")
}

/// Plays the user to a bot that has just been started and tells each step once it has succeeded.
/// `compression` is what the bot's connection is to show: `none`, `zlib-stream` or `zstd-stream`.
///
/// # Errors
///
/// At the first step that did not come out as it should; the message says which.
pub async fn play(discord: &Discord, compression: &str, mut told: impl FnMut(&str)) -> Result<()> {
    connects(discord, compression).await.context("connecting")?;
    told(&format!(
        "connects ({compression}), gets READY and its guild"
    ));
    registers(discord).await.context("registering commands")?;
    told("registers its slash commands and sets its presence");
    completes(discord).await.context("completing an option")?;
    told("completes an option");
    answers(discord)
        .await
        .context("answering a command and a button")?;
    told("answers a command, and a button by changing the message");
    defers(discord).await.context("deferring")?;
    told("defers, edits the answer, follows up");
    orders(discord).await.context("a modal")?;
    told("opens a modal and answers it to its user alone");
    bakes(discord).await.context("sending, editing, reacting")?;
    told("hears a message; sends, edits, reacts");
    uploads(discord).await.context("uploading")?;
    told("sends a file and an embed");
    asks_for_members(discord)
        .await
        .context("asking for members")?;
    told("asks the gateway for members and replies");
    waits(discord).await.context("waiting out a rate limit")?;
    told("waits out a rate limit and sends again");
    resumes(discord).await.context("resuming")?;
    told("resumes after a broken connection and misses nothing");
    agrees(discord)?;
    told("agrees with the mock on every request and answer");
    Ok(())
}

/// Discord's names of the operations that the bot has driven with success.
#[must_use]
pub fn operations(discord: &Discord) -> BTreeSet<String> {
    let requests = discord.requests().into_iter();
    requests
        .filter(|request| request.status < 300)
        .map(|request| request.operation)
        .collect()
}

/// Waits until the bot has left, which it does when it is asked to.
///
/// # Errors
///
/// When it stays connected.
pub async fn leaves(discord: &Discord, mut told: impl FnMut(&str)) -> Result<()> {
    discord.wait_for_silence().await.context("leaving")?;
    agrees(discord)?;
    told("closes its connection and leaves");
    Ok(())
}

async fn connects(discord: &Discord, compression: &str) -> Result<()> {
    discord.wait_for_ready(1).await?;
    let connections = discord.connections();
    let [connection] = connections.as_slice() else {
        bail!("there are {} connections", connections.len());
    };
    ensure!(
        connection.compression == compression,
        "the connection's compression is {}",
        connection.compression
    );
    // READY is the first event and the guild the second.
    ensure!(connection.sequence >= 2, "the guild was not sent");
    Ok(())
}

async fn registers(discord: &Discord) -> Result<()> {
    discord.wait_for_request("PUT", REGISTER).await?;
    let commands = discord.commands(None);
    let mut names: Vec<_> = commands
        .iter()
        .filter_map(|command| command.text("/name"))
        .collect();
    names.sort_unstable();
    ensure!(
        names == ["echo", "later", "order"],
        "the registered commands are {names:?}"
    );
    let presence = discord.wait_for_payload(PRESENCE_UPDATE).await?;
    let activities = presence.data.text("/activities/0/name");
    // hikari writes the field that Discord had before.
    let activity = activities.or_else(|| presence.data.text("/game/name"));
    ensure!(
        activity == Some("the oven"),
        "the presence is {}",
        presence.data
    );
    Ok(())
}

async fn completes(discord: &Discord) -> Result<()> {
    let offered = discord
        .user("ann")
        .attempt()
        .completes("/echo text:wa")
        .await?;
    let offered: Vec<_> = offered
        .iter()
        .filter_map(|choice| choice.text("/value"))
        .collect();
    ensure!(offered == ["warm bread"], "the choices are {offered:?}");
    Ok(())
}

async fn answers(discord: &Discord) -> Result<()> {
    let ann = discord.user("ann");
    let answer = ann.attempt().slash("/echo text:warm bread").await?;
    ensure!(
        answer.content() == "warm bread",
        "the answer is {:?}",
        answer.content()
    );
    ensure!(
        answer.buttons() == ["Again"],
        "the buttons are {:?}",
        answer.buttons()
    );
    let changed = answer.attempt().click("Again").await?;
    ensure!(
        changed.content() == "warm bread again",
        "the press made it {:?}",
        changed.content()
    );
    ensure!(
        changed.buttons().is_empty(),
        "the buttons are {:?}",
        changed.buttons()
    );
    let same = answer.message().map(Message::id) == changed.message().map(Message::id);
    ensure!(same, "the press was answered by another message");
    Ok(())
}

async fn defers(discord: &Discord) -> Result<()> {
    let answer = discord.user("ben").attempt().slash("/later").await?;
    ensure!(
        answer.content() == "done",
        "the answer is {:?}",
        answer.content()
    );
    let follow_up = answer.attempt().follow_up(1).await?;
    ensure!(
        follow_up.content() == "and dusted",
        "the follow-up is {:?}",
        follow_up.content()
    );
    Ok(())
}

async fn orders(discord: &Discord) -> Result<()> {
    let typed = |request: &&Request| request.method == "POST" && request.route == TYPE;
    let typings = discord.requests().iter().filter(typed).count();
    let form = discord.user("ann").attempt().slash("/order").await?;
    let title = form.modal().map(Modal::title);
    ensure!(title == Some("Order"), "the modal is {:?}", form.modal());
    // discord.py discards a modal of which Discord has not yet told it that it is open. No person is
    // that quick; this user is, and a bot that types knows.
    discord.wait_for_requests(typings + 1, "POST", TYPE).await?;
    let answer = form.attempt().fill("Which bread?", "rye").await?;
    ensure!(
        answer.content() == "one rye",
        "the answer is {:?}",
        answer.content()
    );
    ensure!(answer.ephemeral(), "everybody sees the answer");
    Ok(())
}

/// One bread more: asked for by the user, heard by the bot, and baked.
async fn bakes(discord: &Discord) -> Result<()> {
    let reacted = |request: &&Request| request.method == "PUT" && request.route == REACT;
    let reactions = discord.requests().iter().filter(reacted).count();
    let breads = breads(discord);
    discord.user("ann").attempt().says("!bake").await?;
    discord
        .wait_for_requests(reactions + 1, "PUT", REACT)
        .await?;
    let now = self::breads(discord);
    ensure!(
        now == breads + 1,
        "there were {breads} breads and are {now}"
    );
    Ok(())
}

fn breads(discord: &Discord) -> usize {
    let messages = discord.messages(discord.channel_id());
    messages.iter().filter(|message| is_baked(message)).count()
}

async fn uploads(discord: &Discord) -> Result<()> {
    let menu = hears(discord, "!menu").await?;
    let files = menu.attachments();
    let [file] = files.as_slice() else {
        bail!("the message has {} attachments", files.len());
    };
    ensure!(
        file.text("/filename") == Some("menu.txt"),
        "the attachment is {file}"
    );
    let size = i64::try_from("rye, 4 €\n".len())?;
    ensure!(
        file.number("/size") == Some(size),
        "the attachment is {file}"
    );
    let embeds = menu.embeds();
    let title = embeds.first().and_then(|embed| embed.text("/title"));
    ensure!(title == Some("Today"), "the embeds are {embeds:?}");
    Ok(())
}

async fn asks_for_members(discord: &Discord) -> Result<()> {
    // Two who are found, if the first has not been seen before, and one who is not.
    for name in ["andy", "ben"] {
        discord.user(name);
    }
    let reply = hears(discord, "!who").await?;
    let mut names: Vec<_> = reply.content().split(", ").collect();
    names.sort_unstable();
    ensure!(names == ["andy", "ann"], "the members are {names:?}");
    let asked = reply.json().text("/referenced_message/content");
    ensure!(asked == Some("!who"), "it is no reply to the question");
    Ok(())
}

/// Says something and gives the one message that the bot sends for it.
async fn hears(discord: &Discord, content: &str) -> Result<Message> {
    let sent = |request: &&Request| request.method == "POST" && request.route == SEND;
    let before = discord.requests().iter().filter(sent).count();
    discord.user("ann").attempt().says(content).await?;
    let requests = discord.wait_for_requests(before + 1, "POST", SEND).await?;
    let id = requests.last().and_then(|request| request.answer.id("/id"));
    let id = id.context("the message was refused")?;
    let mut messages = discord.messages(discord.channel_id()).into_iter();
    messages
        .find(|message| message.id() == id)
        .context("the message is gone")
}

fn is_baked(message: &Message) -> bool {
    message.content() == "bread"
        && message.json().has("/edited_timestamp")
        && message.reactions().iter().any(|reaction| {
            reaction.text("/emoji/name") == Some("🍞") && reaction.flag("/me") == Some(true)
        })
}

async fn waits(discord: &Discord) -> Result<()> {
    discord
        .faults()
        .limit_once(&format!("POST {SEND}"), LIMITED_FOR);
    bakes(discord).await?;
    let limited = limited(discord);
    ensure!(limited == 1, "{limited} requests were limited instead of 1");
    Ok(())
}

/// How many requests were answered with 429.
fn limited(discord: &Discord) -> usize {
    let requests = discord.requests();
    requests
        .iter()
        .filter(|request| request.status == 429)
        .count()
}

/// The user speaks while the bot is away, so the message reaches it only by the replay.
async fn resumes(discord: &Discord) -> Result<()> {
    let begun = discord.identifies();
    discord.faults().drop_connections();
    bakes(discord).await?;
    ensure!(discord.resumes() >= 1, "the session was not resumed");
    ensure!(discord.identifies() == begun, "a new session was begun");
    Ok(())
}

/// Nothing was wrong on either side but the one request that the story itself had limited.
fn agrees(discord: &Discord) -> Result<()> {
    let violations = discord.violations();
    ensure!(
        violations.is_empty(),
        "the mock broke Discord's rules:\n  {}",
        violations.join("\n  ")
    );
    let refused: Vec<_> = discord
        .requests()
        .iter()
        .filter(|request| request.status >= 400 && request.status != 429)
        .map(|request| {
            format!(
                "{} {} -> {} {}\n    for {}",
                request.method, request.path, request.status, request.answer, request.body
            )
        })
        .collect();
    ensure!(
        refused.is_empty(),
        "the mock refused:\n  {}",
        refused.join("\n  ")
    );
    Ok(())
}
