//! What the bot can be told.

use super::{Context, Data, bare, serenity};
use anyhow::{Context as _, Error, Result};
use futures_util::StreamExt as _;
use poise::{CreateReply, Modal as _};
use std::{
    future::{Ready, ready},
    pin::pin,
};

/// The commands for everybody, for the one guild, and those that are messages.
pub(super) fn all() -> [Vec<poise::Command<Data, Error>>; 3] {
    [
        vec![echo(), later(), order()],
        vec![
            stock(),
            praise(),
            quote(),
            close(),
            ring(),
            sack(),
            rate(),
            proof(),
            book(),
        ],
        vec![bake(), menu(), who(), count(), work(), repeat(), weigh()],
    ]
}

/// Says it back
#[poise::command(slash_command)]
async fn echo(
    ctx: Context<'_>,
    #[description = "What to say"]
    #[autocomplete = "complete"]
    text: String,
) -> Result<()> {
    let again = serenity::CreateButton::new("again").label("Again");
    let again = serenity::CreateActionRow::Buttons(vec![again]);
    let reply = CreateReply::default().content(text).components(vec![again]);
    ctx.send(reply).await?;
    Ok(())
}

fn complete(_: Context<'_>, typed: &str) -> Ready<serenity::CreateAutocompleteResponse> {
    let choices = bare::choices(typed);
    ready(serenity::CreateAutocompleteResponse::new().set_choices(choices))
}

/// Answers in its own time
#[poise::command(slash_command)]
async fn later(ctx: Context<'_>) -> Result<()> {
    ctx.defer().await?;
    // The first message after it takes the place of the waiting one.
    ctx.say("done").await?;
    ctx.say("and dusted").await?;
    Ok(())
}

/// Asks for an order
#[poise::command(slash_command)]
async fn order(ctx: poise::ApplicationContext<'_, Data, Error>) -> Result<()> {
    let forms = serenity::ModalInteractionCollector::new(ctx.serenity_context())
        .filter(|form| form.data.custom_id == "order");
    let mut forms = pin!(forms.stream());
    let form = Order::create(None, "order".to_owned());
    ctx.interaction.create_response(ctx, form).await?;
    ctx.interaction.channel_id.broadcast_typing(ctx).await?;
    let form = forms.next().await.context("the order came")?;
    let order = Order::parse(form.data.clone()).map_err(Error::msg)?;
    let message = serenity::CreateInteractionResponseMessage::new()
        .content(format!("one {}", order.bread))
        .ephemeral(true);
    let response = serenity::CreateInteractionResponse::Message(message);
    form.create_response(ctx, response).await?;
    Ok(())
}

#[derive(Debug, poise::Modal)]
struct Order {
    #[name = "Which bread?"]
    bread: String,
}

/// What is in stock
#[poise::command(slash_command, subcommands("add", "list"), subcommand_required)]
async fn stock(ctx: Context<'_>) -> Result<()> {
    ctx.say("of what?").await?;
    Ok(())
}

/// Adds to the stock
#[poise::command(slash_command)]
async fn add(
    ctx: Context<'_>,
    #[description = "Which bread"] kind: Bread,
    #[description = "How many"]
    #[min = 1]
    #[max = 20]
    count: u8,
    #[description = "Who brings it"] by: Option<serenity::Member>,
    #[description = "Where to"] place: Option<serenity::GuildChannel>,
) -> Result<()> {
    let mut said = format!("{count} {kind:?}");
    if let Some(by) = by {
        said = format!("{said} by {}", by.display_name());
    }
    if let Some(place) = place {
        said = format!("{said} to {}", place.name);
    }
    ctx.say(said).await?;
    Ok(())
}

/// Lists the stock
#[poise::command(slash_command)]
async fn list(ctx: Context<'_>, #[description = "For whom"] role: serenity::Role) -> Result<()> {
    let mentions = serenity::CreateAllowedMentions::new().roles(vec![role.id]);
    let reply = CreateReply::default()
        .content(format!("3 Rye for {role}"))
        .allowed_mentions(mentions);
    ctx.send(reply).await?;
    Ok(())
}

#[derive(Debug, poise::ChoiceParameter)]
enum Bread {
    #[name = "Rye bread"]
    Rye,
    #[name = "Wheat bread"]
    Wheat,
}

#[poise::command(context_menu_command = "Praise")]
async fn praise(ctx: Context<'_>, user: serenity::User) -> Result<()> {
    ctx.say(format!("well done, {}", user.name)).await?;
    Ok(())
}

#[poise::command(context_menu_command = "Quote", ephemeral)]
async fn quote(ctx: Context<'_>, message: serenity::Message) -> Result<()> {
    ctx.say(format!("> {}", message.content)).await?;
    Ok(())
}

/// Closes the bakery
#[poise::command(slash_command, check = "is_head_baker")]
async fn close(ctx: Context<'_>) -> Result<()> {
    ctx.say("closed").await?;
    Ok(())
}

async fn is_head_baker(ctx: Context<'_>) -> Result<bool> {
    let member = ctx.author_member().await.context("it is in a guild")?;
    Ok(member.nick.as_deref() == Some("Baker Ben"))
}

/// Rings the bell
#[poise::command(slash_command, user_cooldown = 600)]
async fn ring(ctx: Context<'_>) -> Result<()> {
    ctx.say("ding").await?;
    Ok(())
}

/// Sends somebody away
#[poise::command(
    slash_command,
    required_permissions = "KICK_MEMBERS",
    required_bot_permissions = "KICK_MEMBERS"
)]
async fn sack(
    ctx: Context<'_>,
    #[description = "Who goes"] member: serenity::Member,
) -> Result<()> {
    let guild = ctx.guild_id().context("it is in a guild")?;
    guild.kick_with_reason(ctx, member.user.id, "late").await?;
    ctx.say(format!("goodbye, {}", member.user.name)).await?;
    Ok(())
}

/// Asks for a judgement
#[poise::command(slash_command)]
async fn rate(ctx: poise::ApplicationContext<'_, Data, Error>) -> Result<()> {
    let rating = Rating::execute(ctx).await?.context("nothing was said")?;
    let stars = rating.stars;
    let why = rating.why.unwrap_or_else(|| "no reason".to_owned());
    ctx.say(format!("{stars}, for {why}")).await?;
    Ok(())
}

#[derive(Debug, poise::Modal)]
#[name = "How was it?"]
struct Rating {
    #[max_length = 5]
    stars: String,
    #[paragraph]
    why: Option<String>,
}

/// Lets dough rise
#[poise::command(slash_command)]
async fn proof(ctx: Context<'_>) -> Result<()> {
    let dough = ctx.say("dough").await?;
    let crumb = ctx.send(CreateReply::default().content("crumb")).await?;
    crumb.delete(ctx).await?;
    let risen = CreateReply::default().content("risen dough");
    dough.edit(ctx, risen).await?;
    Ok(())
}

/// Opens the recipes
#[poise::command(slash_command)]
async fn book(ctx: Context<'_>) -> Result<()> {
    let next = "next-page".to_owned();
    let presses = serenity::ComponentInteractionCollector::new(ctx.serenity_context())
        .author_id(ctx.author().id)
        .custom_ids(vec![next.clone()]);
    let mut presses = pin!(presses.stream());
    let button =
        serenity::CreateActionRow::Buttons(vec![serenity::CreateButton::new(next).emoji('▶')]);
    let page = |text| serenity::CreateEmbed::new().description(text);
    let reply = CreateReply::default().embed(page("1 rye"));
    ctx.send(reply.components(vec![button])).await?;
    let press = presses.next().await.context("somebody read on")?;
    let message = serenity::CreateInteractionResponseMessage::new().embed(page("2 wheat"));
    let response = serenity::CreateInteractionResponse::UpdateMessage(message);
    press.create_response(ctx, response).await?;
    Ok(())
}

#[poise::command(prefix_command)]
async fn bake(ctx: poise::PrefixContext<'_, Data, Error>) -> Result<()> {
    bare::bake(ctx.serenity_context(), ctx.msg).await
}

#[poise::command(prefix_command)]
async fn menu(ctx: Context<'_>) -> Result<()> {
    let menu = serenity::CreateAttachment::bytes("rye, 4 €\n", "menu.txt");
    let today = serenity::CreateEmbed::new()
        .title("Today")
        .description("Rye");
    let reply = CreateReply::default().attachment(menu).embed(today);
    ctx.send(reply).await?;
    Ok(())
}

#[poise::command(prefix_command)]
async fn who(ctx: Context<'_>) -> Result<()> {
    let guild = ctx.guild_id().context("it is in a guild")?;
    let shard = &ctx.serenity_context().shard;
    let found = serenity::collect(shard, |event| match event {
        serenity::Event::GuildMembersChunk(found) if found.nonce.as_deref() == Some("who") => {
            let names = found.members.values().map(|member| &member.user.name);
            Some(names.cloned().collect::<Vec<_>>().join(", "))
        }
        _ => None,
    });
    let query = serenity::ChunkGuildFilter::Query("an".to_owned());
    shard.chunk_guild(guild, Some(5), false, query, Some("who".to_owned()));
    let names = pin!(found).next().await.context("the gateway answered")?;
    ctx.reply(names).await?;
    Ok(())
}

#[poise::command(prefix_command)]
async fn count(ctx: poise::PrefixContext<'_, Data, Error>) -> Result<()> {
    bare::count(ctx.serenity_context(), ctx.msg).await
}

#[poise::command(prefix_command)]
async fn work(ctx: Context<'_>, ben: serenity::Member, mel: serenity::Member) -> Result<()> {
    let (guild, here) = (ben.guild_id, ctx.channel_id());
    bare::work(
        ctx.serenity_context(),
        guild,
        here,
        ben.user.id,
        mel.user.id,
    )
    .await?;
    ctx.say("done").await?;
    Ok(())
}

#[poise::command(prefix_command, track_edits)]
async fn repeat(ctx: Context<'_>, #[rest] text: String) -> Result<()> {
    ctx.say(text).await?;
    Ok(())
}

#[poise::command(prefix_command)]
async fn weigh(ctx: Context<'_>, grams: u32) -> Result<()> {
    ctx.say(format!("{grams} g")).await?;
    Ok(())
}
