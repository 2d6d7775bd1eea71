//! A day's deeds in a guild, judged by what the guild holds in the evening.

use anyhow::{Context as _, Result, bail, ensure};
use ovenjs_mock::{Discord, Json, Request};

use crate::SEND;

/// Says `!work BEN MEL`, with the ids of two members, and judges what the bot has done until it says
/// `done`:
///
/// - a role `baker`, made with the reason `hired`, then called `head baker` and given to Ben, whose
///   nickname is now `Baker Ben`;
/// - a channel `bakery`, made with the reason `more room`, with the topic `warm` and one overwrite,
///   which allows the role MANAGE_MESSAGES; a channel `old-oven` made and deleted for being `cold`;
/// - in the bakery `rye, 4 €`, pinned, with the thread `prices` on it, in which Ben is and
///   `too high?` is said; no crumbs; and `# Open` in a container of components;
/// - a webhook `Till`, made with the reason `sales`, whose message `sold` is edited to `sold out`;
/// - a ban of Mel with the reason `burnt the bread`.
///
/// # Errors
///
/// At the first deed that is missing; the message says which.
pub async fn works(discord: &Discord, mut told: impl FnMut(&str)) -> Result<()> {
    let (ben, mel) = (discord.user("ben").id(), discord.user("mel").id());
    let said = format!("!work {ben} {mel}");
    says(discord, &said, "done").await.context("working")?;

    let guild = discord.guild_id();
    let roles = discord.roles(guild);
    let role = named(roles.iter(), "head baker")?;
    ensure!(
        role.number("/color") == Some(0xC6_8642),
        "the role is {role}"
    );
    let role = role.text("/id").context("roles have ids")?;
    let members = discord.members(guild);
    let member = members.get(&ben).context("Ben is gone")?;
    ensure!(
        member.text("/nick") == Some("Baker Ben") && member.text("/roles/0") == Some(role),
        "Ben is {member}"
    );

    let channels = discord.channels(guild);
    let bakery = named(channels.values(), "bakery")?;
    ensure!(
        bakery.text("/topic") == Some("warm"),
        "the bakery is {bakery}"
    );
    ensure!(
        bakery.len("/permission_overwrites") == 1
            && bakery.text("/permission_overwrites/0/id") == Some(role)
            && bakery.text("/permission_overwrites/0/allow") == Some(MANAGE_MESSAGES),
        "the bakery is {bakery}"
    );
    ensure!(
        named(channels.values(), "old-oven").is_err(),
        "the old oven stands"
    );
    let talk = named(channels.values(), "prices")?;
    ensure!(
        talk.text("/parent_id") == bakery.text("/id"),
        "the thread is {talk}"
    );
    let talk = talk.id("/id").context("threads have ids")?;
    let talked = discord.messages(talk);
    ensure!(
        talked
            .iter()
            .any(|message| message.content() == "too high?"),
        "nothing was said in the thread"
    );

    let bakery = bakery.id("/id").context("channels have ids")?;
    let pins = discord.pins(bakery);
    let pins: Vec<_> = pins.iter().map(|pin| pin.content()).collect();
    ensure!(pins == ["rye, 4 €"], "the pins are {pins:?}");
    let messages = discord.messages(bakery);
    ensure!(
        messages.iter().all(|message| message.content() != "crumb"),
        "there are crumbs"
    );
    let is_open = |message: &Json| {
        message.number("/components/0/type") == Some(CONTAINER)
            && message.text("/components/0/components/0/content") == Some("# Open")
    };
    ensure!(
        messages.iter().any(|message| is_open(message.json())),
        "the bakery does not say that it is open"
    );
    let mut sales = messages
        .iter()
        .filter(|message| message.json().has("/webhook_id"));
    let sale = sales.next().context("the webhook said nothing")?;
    ensure!(
        sale.content() == "sold out" && sale.author() == "Till",
        "the webhook's message is {}",
        sale.json()
    );

    let bans = discord.bans(guild);
    let reason = bans.get(&mel).context("Mel is not banned")?;
    ensure!(
        reason.as_deref() == Some("burnt the bread"),
        "Mel is banned for {reason:?}"
    );
    logged(discord)?;
    told("works: roles, channels, overwrites, pins, threads, webhooks, a ban, with their reasons");
    Ok(())
}

/// Waits for the bot's first message from now on that begins with `word`, which ends its errand.
pub(crate) async fn says(discord: &Discord, errand: &str, word: &str) -> Result<String> {
    let sent = |request: &&Request| request.method == "POST" && request.route == SEND;
    let mut count = discord.requests().iter().filter(sent).count();
    discord.user("ann").attempt().says(errand).await?;
    loop {
        count += 1;
        let sent = discord.wait_for_requests(count, "POST", SEND).await?;
        let last = sent
            .last()
            .and_then(|request| request.body.text("/content"));
        if let Some(said) = last.filter(|said| said.starts_with(word)) {
            return Ok(said.to_owned());
        }
    }
}

fn named<'a>(mut all: impl Iterator<Item = &'a Json>, name: &str) -> Result<&'a Json> {
    all.find(|one| one.text("/name") == Some(name))
        .with_context(|| format!("{name} is missing"))
}

/// The audit log gives the reasons that the bot gave.
fn logged(discord: &Discord) -> Result<()> {
    let log = discord.audit_log(discord.guild_id());
    for (deed, action, reason) in REASONS {
        let found = log.iter().any(|entry| {
            entry.number("/action_type") == Some(*action) && entry.text("/reason") == Some(reason)
        });
        if !found {
            bail!("the audit log has no {deed} for being {reason:?}: {log:?}");
        }
    }
    Ok(())
}

/// The deeds that had a reason, with their numbers in the audit log.
const REASONS: &[(&str, i64, &str)] = &[
    ("CHANNEL_CREATE", 10, "more room"),
    ("CHANNEL_DELETE", 12, "cold"),
    ("MEMBER_BAN_ADD", 22, "burnt the bread"),
    ("ROLE_CREATE", 30, "hired"),
    ("WEBHOOK_CREATE", 50, "sales"),
];

const MANAGE_MESSAGES: &str = "8192";

/// The type of a component that holds others in a frame.
const CONTAINER: i64 = 17;
