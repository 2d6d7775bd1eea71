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
//! - **`since` of a presence is an object.** It is what serde makes of a `SystemTime`. Discord passes over
//!   it, and so does the mock, with a warning.

mod work;

pub(crate) use work::work;

use crate::{front_door::FrontDoor, log::Log};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serenity::{all::*, async_trait, gateway::ChunkGuildFilter};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// How many different operations the bot drives at least.
const OPERATIONS: usize = 37;

/// What serenity logs for each payload that it cannot read.
const UNREADABLE: &[&str] = &["Err deserializing", "Unhandled error"];

#[tokio::test]
async fn a_bot_on_serenity_lives_through_the_story() -> Result<()> {
    let log = Log::read();
    let discord = ovenjs_interop::discord().await?;
    let door = FrontDoor::open(&discord).await?;
    let http = HttpBuilder::new(discord.token())
        .client(door.client()?)
        .build();
    let (bot, mut failures) = Bot::new();
    let mut client = ClientBuilder::new_with_http(http, INTENTS)
        .event_handler(bot)
        .await?;
    let shards = Arc::clone(&client.shard_manager);

    let told = |step: &str| println!("{step}");
    let story = async {
        // Its packets are compressed one by one, which is a matter of identify and not of the line.
        ovenjs_interop::play(&discord, "none", told).await?;
        ovenjs_interop::works(&discord, told).await?;
        let driven = ovenjs_interop::operations(&discord).len();
        println!("{driven} different operations");
        ensure!(
            driven >= OPERATIONS,
            "it drove {driven} different operations"
        );
        shards.shutdown_all().await;
        ovenjs_interop::leaves(&discord, told).await
    };
    tokio::select! {
        biased;
        failure = failures.recv() => return Err(failure.context("the bot is there")?),
        outcome = story => outcome.with_context(|| format!("serenity logged {log}"))?,
        ended = client.start() => bail!("the bot ended early: {ended:?}"),
    }
    let unread = log.lines_with(UNREADABLE);
    ensure!(unread.is_empty(), "serenity could not read {unread:#?}");
    Ok(())
}

/// Everything that needs no permission of Discord's, and the contents that the story is about.
const INTENTS: GatewayIntents =
    GatewayIntents::non_privileged().union(GatewayIntents::MESSAGE_CONTENT);

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
            content => match content.strip_prefix("!work ") {
                Some(members) => be_told_to_work(&ctx, &message, members).await,
                None => Ok(()),
            },
        };
        self.note("a message", outcome);
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
        Interaction::Component(press) => {
            let message = message
                .content(format!("{} again", press.message.content))
                .components(Vec::new());
            let response = CreateInteractionResponse::UpdateMessage(message);
            press.create_response(ctx, response).await?;
        }
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

pub(crate) async fn upload(ctx: &Context, message: &Message) -> Result<()> {
    let menu = CreateAttachment::bytes("rye, 4 €\n", "menu.txt");
    let today = CreateEmbed::new().title("Today").description("Rye");
    let sending = CreateMessage::new().add_file(menu).embed(today);
    message.channel_id.send_message(ctx, sending).await?;
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
