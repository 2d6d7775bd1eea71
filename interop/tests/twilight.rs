//! The story with a bot on twilight, in this process.
//!
//! The bot asks twilight to parse every event, so a payload of the mock that twilight's model refuses
//! ends the bot, and with it the test.

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use tokio::task::JoinSet;
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _,
    error::ReceiveMessageErrorType,
};
use twilight_http::{Client, request::channel::reaction::RequestReactionType};
use twilight_model::{
    application::{
        command::Command,
        interaction::{Interaction, InteractionData, application_command::CommandOptionValue},
    },
    channel::{
        Message,
        message::component::{ActionRow, Button, ButtonStyle, Component},
    },
    http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
};

#[tokio::test]
async fn a_bot_on_twilight_lives_through_the_story() -> Result<()> {
    let discord = ovenjs_interop::discord().await?;
    let http = Client::builder()
        .token(discord.token())
        .proxy(discord.address().to_string(), true)
        .build();
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = ConfigBuilder::new(discord.token(), intents)
        .proxy_url(discord.gateway_url())
        .build();
    let shard = Shard::with_config(ShardId::ONE, config);
    let sender = shard.sender();
    let mut bot = JoinSet::new();
    bot.spawn(run(shard, http));

    let told = |step: &str| println!("{step}");
    tokio::select! {
        outcome = ovenjs_interop::play(&discord, "zlib-stream", told) => outcome?,
        ended = bot.join_next() => bail!("the bot ended early: {ended:?}"),
    }
    sender.close(CloseFrame::NORMAL)?;
    ovenjs_interop::leaves(&discord, told).await?;
    bot.join_next().await.context("the bot is there")??
}

async fn run(mut shard: Shard, http: Client) -> Result<()> {
    register(&http).await?;
    while let Some(event) = shard.next_event(EventTypeFlags::all()).await {
        match event {
            Ok(Event::InteractionCreate(interaction)) => interact(&http, &interaction).await?,
            Ok(Event::MessageCreate(message)) if message.content == "!bake" => {
                bake(&http, &message).await?;
            }
            // The normal code comes back as the echo of our own; a broken connection has another.
            Ok(Event::GatewayClose(Some(frame))) if frame.code == CloseFrame::NORMAL.code => break,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ReceiveMessageErrorType::Deserializing { .. }) => {
                return Err(error.into());
            }
            // Of a connection that could not be made, twilight tries another.
            Err(_) => {}
        }
    }
    Ok(())
}

async fn register(http: &Client) -> Result<()> {
    let application = http.current_user_application().await?.model().await?.id;
    let commands: Vec<Command> = serde_json::from_value(json!([
        {
            "name": "echo", "description": "Says it back", "type": 1, "version": "1",
            "options": [
                { "name": "text", "description": "What to say", "type": 3, "required": true },
            ],
        },
        { "name": "later", "description": "Answers in its own time", "type": 1, "version": "1" },
    ]))?;
    http.interaction(application)
        .set_global_commands(&commands)
        .await?
        .models()
        .await?;
    Ok(())
}

async fn interact(http: &Client, interaction: &Interaction) -> Result<()> {
    let client = &http.interaction(interaction.application_id);
    let respond = |kind, content: Option<String>, components: Option<Vec<Component>>| {
        let data = InteractionResponseData {
            content,
            components,
            ..Default::default()
        };
        let response = InteractionResponse {
            kind,
            data: Some(data),
        };
        async move {
            client
                .create_response(interaction.id, &interaction.token, &response)
                .await
        }
    };
    match &interaction.data {
        Some(InteractionData::ApplicationCommand(command)) if command.name == "echo" => {
            let text = command.options.iter().find(|option| option.name == "text");
            let Some(CommandOptionValue::String(text)) = text.map(|option| &option.value) else {
                bail!("/echo came without its text");
            };
            let shown = InteractionResponseType::ChannelMessageWithSource;
            respond(shown, Some(text.clone()), Some(again())).await?;
        }
        Some(InteractionData::ApplicationCommand(_)) => {
            let deferred = InteractionResponseType::DeferredChannelMessageWithSource;
            respond(deferred, None, None).await?;
            client
                .update_response(&interaction.token)
                .content(Some("done"))
                .await?
                .model()
                .await?;
            client
                .create_followup(&interaction.token)
                .content("and dusted")
                .await?
                .model()
                .await?;
        }
        Some(InteractionData::MessageComponent(_)) => {
            let pressed = interaction
                .message
                .as_ref()
                .context("a press has its message")?;
            let text = format!("{} again", pressed.content);
            let changed = InteractionResponseType::UpdateMessage;
            respond(changed, Some(text), Some(Vec::new())).await?;
        }
        other => bail!("an interaction came with {other:?}"),
    }
    Ok(())
}

fn again() -> Vec<Component> {
    let button = Button {
        custom_id: Some("again".to_owned()),
        disabled: false,
        emoji: None,
        id: None,
        label: Some("Again".to_owned()),
        sku_id: None,
        style: ButtonStyle::Primary,
        url: None,
    };
    let row = ActionRow {
        components: vec![Component::Button(button)],
        id: None,
    };
    vec![Component::ActionRow(row)]
}

async fn bake(http: &Client, message: &Message) -> Result<()> {
    let channel = message.channel_id;
    let bread = http
        .create_message(channel)
        .content("dough")
        .await?
        .model()
        .await?
        .id;
    http.update_message(channel, bread)
        .content(Some("bread"))
        .await?
        .model()
        .await?;
    http.create_reaction(channel, bread, &RequestReactionType::Unicode { name: "🍞" })
        .await?;
    Ok(())
}
