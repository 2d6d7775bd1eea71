//! What a library has to bear and to do without its bot's help.

use anyhow::{Context as _, Result, ensure};
use ovenjs_mock::{Discord, Faults};

use crate::{LIMITED_FOR, SEND, agrees, bakes, hears, limited};

/// Says `!count` and looks whether the bot knows all members, of which the guild told it few at first.
///
/// # Errors
///
/// When it does not.
pub async fn counts(discord: &Discord, mut told: impl FnMut(&str)) -> Result<()> {
    let counted = hears(discord, "!count").await.context("counting")?;
    let members = discord.members(discord.guild_id()).len();
    ensure!(
        counted.content() == members.to_string(),
        "it counts {} members of {members}",
        counted.content()
    );
    told("knows all members of a large guild");
    Ok(())
}

/// Lets go wrong what goes wrong in every week of a bot, and looks whether it bakes on: Discord asks
/// for another connection (op 7), declares the session invalid and resumable, invalid and over (both
/// op 9), refuses a resume, closes with 4000, and limits the whole bot or a shared resource.
///
/// # Errors
///
/// At the first of them after which the bot is not itself again.
pub async fn endures(discord: &Discord, mut told: impl FnMut(&str)) -> Result<()> {
    let faults = discord.faults();
    resumes(discord, |faults| faults.ask_to_reconnect())
        .await
        .context("being asked to reconnect")?;
    told("resumes when it is asked to reconnect");
    resumes(discord, |faults| faults.invalidate_sessions(true))
        .await
        .context("a session that is invalid for now")?;
    told("resumes a session that was invalid for a while");
    resumes(discord, |faults| faults.close_connections(UNKNOWN_ERROR))
        .await
        .context("a close with 4000")?;
    told("resumes after a close for no known reason");
    begins_anew(discord, |faults| faults.invalidate_sessions(false))
        .await
        .context("a session that is over")?;
    told("begins a new session when the old one is over");
    begins_anew(discord, |faults| {
        faults.refuse_resumes(1).drop_connections()
    })
    .await
    .context("a resume that is refused")?;
    told("begins a new session when it may not resume");

    let route = format!("POST {SEND}");
    let before = limited(discord);
    faults.limit_globally_once(&route, LIMITED_FOR);
    bakes(discord).await.context("a global limit")?;
    faults.limit_shared_once(&route, LIMITED_FOR);
    bakes(discord).await.context("a shared limit")?;
    let limited = limited(discord) - before;
    ensure!(limited == 2, "{limited} requests were limited instead of 2");
    told("waits out a global and a shared limit");
    agrees(discord)
}

async fn resumes(
    discord: &Discord,
    goes_wrong: impl for<'a> FnOnce(Faults<'a>) -> Faults<'a>,
) -> Result<()> {
    let (begun, resumed) = (discord.identifies(), discord.resumes());
    goes_wrong(discord.faults());
    discord.wait_for_resumes(resumed + 1).await?;
    bakes(discord).await?;
    let again = discord.identifies() - begun;
    ensure!(again == 0, "{again} new sessions were begun");
    Ok(())
}

async fn begins_anew(
    discord: &Discord,
    goes_wrong: impl for<'a> FnOnce(Faults<'a>) -> Faults<'a>,
) -> Result<()> {
    let begun = discord.identifies();
    goes_wrong(discord.faults());
    discord.wait_for_identifies(begun + 1).await?;
    bakes(discord).await
}

/// The close code after which a client may come back, whatever it was.
const UNKNOWN_ERROR: u16 = 4000;
