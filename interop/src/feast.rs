//! What a bot seldom asks of Discord, judged by the bot itself and by what it leaves behind.

use anyhow::{Result, ensure};
use ovenjs_mock::Discord;

use crate::{agrees, work::says};

/// Says `!feast BEN CAS DOT`, with the ids of three members, upon which the bot goes through all that
/// its library can do beyond [`works`](crate::works), asserts what its library made of the answers,
/// and says `done` and the names of the courses that were spoilt.
///
/// # Errors
///
/// When one was.
pub async fn feasts(discord: &Discord, mut told: impl FnMut(&str)) -> Result<()> {
    let [ben, cas, dot] = ["ben", "cas", "dot"].map(|name| discord.user(name).id());
    let said = format!("!feast {ben} {cas} {dot}");
    let done = says(discord, &said, "done").await?;
    ensure!(done == "done", "spoilt: {done}");
    told("feasts: whatever else its library can do");
    agrees(discord)
}
