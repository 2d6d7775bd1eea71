//! A visit by two users to what only a framework has.

use anyhow::{Context as _, Result, ensure};
use ovenjs_mock::{Answer, Discord, Message};

pub(super) async fn visit(discord: &Discord, mut told: impl FnMut(&str)) -> Result<()> {
    let (ann, ben) = (discord.user("ann"), discord.user("ben"));
    discord.user("otto");

    let added = ann
        .attempt()
        .slash("/stock add kind:Rye bread count:3 by:ben place:bakery")
        .await?;
    says(&added, "3 Rye by Baker Ben to bakery")?;
    let listed = ann.attempt().slash("/stock list role:head baker").await?;
    ensure!(listed.content().starts_with("3 Rye for <@&"), "{listed:?}");
    told("takes subcommands with choices, numbers, members, channels and roles");

    let praised = ann.attempt().uses_on_user("Praise", ben.id()).await?;
    says(&praised, "well done, ben")?;
    let said = ben.attempt().says("flour is cheap").await?;
    let quoted = ann.attempt().uses_on_message("Quote", &said).await?;
    says(&quoted, "> flour is cheap")?;
    ensure!(quoted.ephemeral(), "everybody sees the quote");
    told("answers in the menus of a user and of a message");

    says(&ann.attempt().slash("/close").await?, "only the head baker")?;
    says(&ben.attempt().slash("/close").await?, "closed")?;
    says(&ann.attempt().slash("/ring").await?, "ding")?;
    says(&ann.attempt().slash("/ring").await?, "not so fast")?;
    says(&ben.attempt().slash("/ring").await?, "ding")?;
    let refused = ann.attempt().slash("/sack member:otto").await?;
    ensure!(refused.content().starts_with("you lack"), "{refused:?}");
    told("checks, cools down, and asks for permissions");

    let form = ann.attempt().slash("/rate").await?;
    // The framework begins to wait for the form once it knows that it is open. By the time that it has
    // answered something else, it does.
    ann.attempt().completes("/echo text:wa").await?;
    let rated = form.attempt().fill("stars", "*****").await?;
    says(&rated, "*****, for no reason")?;
    told("opens a modal inside a command and goes on with what was entered");

    let dough = ann.attempt().slash("/proof").await?;
    let edit = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
    discord.wait_for_request("DELETE", edit).await?;
    discord
        .wait_for_request("PATCH", &edit.replace("{message_id}", "@original"))
        .await?;
    says(&dough.again(), "risen dough")?;
    told("edits its answer and takes another back");

    let page = ann.attempt().slash("/book").await?;
    ensure!(shows(&page, "1 rye"), "{page:?}");
    let message = page.message().context("the page is a message")?;
    let next = message.json().text("/components/0/components/0/custom_id");
    let turned = page.attempt().click(next.context("there is a button")?);
    let turned = turned.await?;
    ensure!(shows(&turned, "2 wheat"), "{turned:?}");
    told("turns pages");

    let asked = ann.attempt().says("!repeat rye").await?;
    let repeated = answer_to(discord, "rye").await?;
    ann.attempt().edits(&asked, "!repeat wheat")?;
    let route = "/channels/{channel_id}/messages/{message_id}";
    let edits = || {
        let requests = discord.requests().into_iter();
        requests
            .filter(|request| request.method == "PATCH" && request.route == route)
            .count()
    };
    discord
        .wait_for_requests(edits() + 1, "PATCH", route)
        .await?;
    let now = discord.messages(discord.channel_id());
    let now = now.iter().find(|message| message.id() == repeated.id());
    ensure!(
        now.is_some_and(|message| message.content() == "wheat"),
        "the answer is {now:?}"
    );
    ann.attempt().says("!weigh much").await?;
    answer_to(discord, "what? invalid digit found in string").await?;
    told("follows the edit of a command, and answers one that it cannot read");
    Ok(())
}

fn says(answer: &Answer, text: &str) -> Result<()> {
    let content = answer.content();
    ensure!(content == text, "the answer is {content:?}, not {text:?}");
    Ok(())
}

fn shows(answer: &Answer, text: &str) -> bool {
    let embeds = answer.embeds();
    let embed = embeds.first().and_then(|embed| embed.text("/description"));
    embed == Some(text)
}

/// Waits for the message of the bot that says this.
async fn answer_to(discord: &Discord, text: &str) -> Result<Message> {
    loop {
        let message = discord.next_bot_message().await?;
        if message.content() == text {
            return Ok(message);
        }
    }
}
