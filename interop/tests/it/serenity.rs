//! The bot on serenity.
//!
//! It is written with the library's builders and event handler, and keeps the library's cache and rate
//! limiter. A payload that serenity cannot read ends in its log alone, so the log is judged too.
//!
//! What serenity 0.12 gets wrong by itself, and what is made of it here:
//!
//! - **No components v2.** It has no builder for a container and skips it where one comes. It is sent as
//!   JSON, and read as JSON.
//! - **No labels in modals.** A text input is put into an action row, which Discord still takes.
//! - **No `resume_gateway_url`.** It resumes where it connected first, which Discord still takes.
//! - **A shard that was restarted is not shut down.** The manager mistakes the end of the old runner for
//!   that of the new one. So the bot leaves after a story in which no session was begun anew.
//!
//! What it writes otherwise than Discord's schema has it, is in `exemption.rs`.

mod work;

pub(crate) use work::work;

use crate::{front_door::FrontDoor, log::Log};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use ovenjs_interop::exemption;
use ovenjs_mock::Discord;
use serenity::{all::*, async_trait, gateway::ChunkGuildFilter};
use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;

/// How many different operations the bot drives at least.
const OPERATIONS: usize = 37;

/// What serenity logs for each payload that it cannot read.
pub(crate) const UNREADABLE: &[&str] = &["Err deserializing", "Unhandled error"];

#[tokio::test]
async fn a_bot_on_serenity_lives_through_the_story() -> Result<()> {
    let told = |step: &str| println!("{step}");
    let discord = ovenjs_interop::discord().await?;
    let story = async {
        // Its packets are compressed one by one, which is a matter of identify and not of the line.
        ovenjs_interop::play(&discord, "none", told).await?;
        ovenjs_interop::works(&discord, told).await?;
        ovenjs_interop::counts(&discord, told).await
    };
    with_bot(&discord, story).await?;
    ovenjs_interop::leaves(&discord, told).await?;
    println!(
        "{} different operations",
        ovenjs_interop::operations(&discord).len()
    );
    ovenjs_interop::keeps_to_the_rules(&discord, OPERATIONS, exemption::SERENITY)
}

#[tokio::test]
async fn a_bot_on_serenity_endures_what_goes_wrong() -> Result<()> {
    let told = |step: &str| println!("{step}");
    let discord = ovenjs_interop::discord().await?;
    let story = async {
        discord.wait_for_ready(1).await?;
        ovenjs_interop::endures(&discord, told).await
    };
    with_bot(&discord, story).await
}

/// Runs the bot for as long as the story lasts, and asks it to leave.
async fn with_bot(discord: &Discord, story: impl Future<Output = Result<()>>) -> Result<()> {
    let log = Log::read();
    let door = FrontDoor::open(discord).await?;
    let http = HttpBuilder::new(discord.token())
        .client(door.client()?)
        .build();
    let (bot, mut failures) = Bot::new();
    let mut client = ClientBuilder::new_with_http(http, INTENTS)
        .event_handler(bot)
        .await?;
    let shards = Arc::clone(&client.shard_manager);
    let mut running = pin!(client.start());
    tokio::select! {
        failure = failures.recv() => return Err(failure.context("the bot is there")?),
        outcome = story => outcome.with_context(|| format!("serenity logged {log}"))?,
        ended = &mut running => bail!("the bot ended early: {ended:?}"),
    }
    let ((), ended) = tokio::join!(shards.shutdown_all(), running);
    ended?;
    ensure!(failures.is_empty(), "{:#?}", failures.recv().await);
    let unread = log.lines_with(UNREADABLE);
    ensure!(unread.is_empty(), "serenity could not read {unread:#?}");
    Ok(())
}

/// Everything that needs no permission of Discord's, and what the story is about.
pub(crate) const INTENTS: GatewayIntents = GatewayIntents::non_privileged()
    .union(GatewayIntents::GUILD_MEMBERS)
    .union(GatewayIntents::MESSAGE_CONTENT);

/// What the bot remembers between two events, and where it complains.
struct Bot {
    who: Mutex<Option<Message>>,
    failures: mpsc::Sender<anyhow::Error>,
}

impl Bot {
    fn new() -> (Self, mpsc::Receiver<anyhow::Error>) {
        // The first failure ends the test.
        let (failures, failed) = mpsc::channel(1);
        let who = Mutex::new(None);
        (Self { who, failures }, failed)
    }

    fn note(&self, event: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            // Where it is full, another failure was first.
            let _ = self
                .failures
                .try_send(anyhow!("{event}: {error:#} {error:?}"));
        }
    }
}

#[async_trait]
impl EventHandler for Bot {
    async fn ready(&self, ctx: Context, _: Ready) {
        ctx.set_activity(Some(ActivityData::playing("the oven")));
        self.note("registering", register(&ctx).await);
    }

    async fn interaction_create(&self, ctx: Context, interaction: Interaction) {
        self.note("an interaction", interact(&ctx, interaction).await);
    }

    async fn message(&self, ctx: Context, message: Message) {
        let outcome = match message.content.as_str() {
            "!bake" => bake(&ctx, &message).await,
            "!menu" => upload(&ctx, &message).await,
            "!who" => self.ask(&ctx, message),
            "!count" => count(&ctx, &message).await,
            content => match content.strip_prefix("!work ") {
                Some(members) => be_told_to_work(&ctx, &message, members).await,
                None => Ok(()),
            },
        };
        self.note("a message", outcome);
    }

    async fn guild_create(&self, ctx: Context, guild: Guild, _: Option<bool>) {
        ask_for_all(&ctx, &guild);
    }

    async fn guild_members_chunk(&self, ctx: Context, found: GuildMembersChunkEvent) {
        let who = self
            .who
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (Some(who), Some("who")) = (who, found.nonce.as_deref()) else {
            return;
        };
        let names: Vec<_> = found
            .members
            .values()
            .map(|member| member.user.name.as_str())
            .collect();
        let replied = who.reply(&ctx, names.join(", ")).await;
        self.note("a reply", replied.map(drop).map_err(Into::into));
    }
}

impl Bot {
    /// The library hands the answer over as an event and leaves it to the bot to know it again.
    fn ask(&self, ctx: &Context, message: Message) -> Result<()> {
        let guild = message.guild_id.context("the question came from a guild")?;
        let query = ChunkGuildFilter::Query("an".to_owned());
        *self.who.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
        ctx.shard
            .chunk_guild(guild, Some(5), false, query, Some("who".to_owned()));
        Ok(())
    }
}

async fn register(ctx: &Context) -> Result<()> {
    let text = CreateCommandOption::new(CommandOptionType::String, "text", "What to say")
        .required(true)
        .set_autocomplete(true);
    let commands = vec![
        CreateCommand::new("echo")
            .description("Says it back")
            .add_option(text),
        CreateCommand::new("later").description("Answers in its own time"),
        CreateCommand::new("order").description("Asks for an order"),
    ];
    Command::set_global_commands(ctx, commands).await?;
    Ok(())
}

async fn interact(ctx: &Context, interaction: Interaction) -> Result<()> {
    let message = CreateInteractionResponseMessage::new();
    match interaction {
        Interaction::Autocomplete(command) => {
            let typed = command.data.autocomplete().context("something is typed")?;
            let response = CreateAutocompleteResponse::new().set_choices(choices(typed.value));
            let response = CreateInteractionResponse::Autocomplete(response);
            command.create_response(ctx, response).await?;
        }
        Interaction::Command(command) => answer(ctx, &command).await?,
        Interaction::Component(pressed) => press(ctx, &pressed).await?,
        Interaction::Modal(form) => {
            let row = form.data.components.first();
            let Some(ActionRowComponent::InputText(bread)) =
                row.and_then(|row| row.components.first())
            else {
                bail!("the modal came back with {:?}", form.data.components);
            };
            let bread = bread.value.as_deref().unwrap_or_default();
            let message = message.content(format!("one {bread}")).ephemeral(true);
            let response = CreateInteractionResponse::Message(message);
            form.create_response(ctx, response).await?;
        }
        other => bail!("an interaction came with {other:?}"),
    }
    Ok(())
}

pub(crate) fn choices(typed: &str) -> Vec<AutocompleteChoice> {
    let known = ["warm bread", "cold bread"].into_iter();
    known
        .filter(|choice| choice.starts_with(typed))
        .map(AutocompleteChoice::from)
        .collect()
}

async fn answer(ctx: &Context, command: &CommandInteraction) -> Result<()> {
    let options = command.data.options();
    match (command.data.name.as_str(), options.as_slice()) {
        (
            "echo",
            [
                ResolvedOption {
                    value: ResolvedValue::String(text),
                    ..
                },
            ],
        ) => {
            let message = CreateInteractionResponseMessage::new()
                .content(*text)
                .button(CreateButton::new("again").label("Again"));
            let response = CreateInteractionResponse::Message(message);
            command.create_response(ctx, response).await?;
        }
        ("later", []) => {
            command.defer(ctx).await?;
            let done = EditInteractionResponse::new().content("done");
            command.edit_response(ctx, done).await?;
            let follow_up = CreateInteractionResponseFollowup::new().content("and dusted");
            command.create_followup(ctx, follow_up).await?;
        }
        ("order", []) => {
            let bread = CreateInputText::new(InputTextStyle::Short, "Which bread?", "bread");
            let form = CreateModal::new("order", "Order")
                .components(vec![CreateActionRow::InputText(bread)]);
            let response = CreateInteractionResponse::Modal(form);
            command.create_response(ctx, response).await?;
            command.channel_id.broadcast_typing(ctx).await?;
        }
        (name, options) => bail!("/{name} came with {options:?}"),
    }
    Ok(())
}

pub(crate) async fn bake(ctx: &Context, message: &Message) -> Result<()> {
    let mut bread = message.channel_id.say(ctx, "dough").await?;
    bread.edit(ctx, EditMessage::new().content("bread")).await?;
    bread.react(ctx, '🍞').await?;
    Ok(())
}

async fn upload(ctx: &Context, message: &Message) -> Result<()> {
    let menu = CreateAttachment::bytes("rye, 4 €\n", "menu.txt");
    let today = CreateEmbed::new().title("Today").description("Rye");
    let sending = CreateMessage::new().add_file(menu).embed(today);
    message.channel_id.send_message(ctx, sending).await?;
    Ok(())
}

pub(crate) async fn press(ctx: &Context, pressed: &ComponentInteraction) -> Result<()> {
    let message = CreateInteractionResponseMessage::new()
        .content(format!("{} again", pressed.message.content))
        .components(Vec::new());
    let response = CreateInteractionResponse::UpdateMessage(message);
    pressed.create_response(ctx, response).await?;
    Ok(())
}

/// Asks for the members of a guild that has too many to be sent unasked.
pub(crate) fn ask_for_all(ctx: &Context, guild: &Guild) {
    if guild.large {
        let all = ChunkGuildFilter::None;
        ctx.shard.chunk_guild(guild.id, None, false, all, None);
    }
}

/// The members are the cache's: of all that came, and of all chunks.
pub(crate) async fn count(ctx: &Context, message: &Message) -> Result<()> {
    let members = message.guild(&ctx.cache).map(|guild| guild.members.len());
    let members = members.context("the guild is cached")?;
    message.channel_id.say(ctx, members.to_string()).await?;
    Ok(())
}

async fn be_told_to_work(ctx: &Context, message: &Message, members: &str) -> Result<()> {
    let (ben, mel) = members.split_once(' ').context("two are named")?;
    let guild = message.guild_id.context("work is done in a guild")?;
    let (ben, mel) = (UserId::new(ben.parse()?), UserId::new(mel.parse()?));
    work(ctx, guild, message.channel_id, ben, mel).await?;
    message.channel_id.say(ctx, "done").await?;
    Ok(())
}
