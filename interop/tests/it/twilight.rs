//! The bot on twilight.
//!
//! It asks twilight to parse every event, so a payload of the mock that twilight's model refuses ends
//! the bot, and with it the test.

mod work;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use twilight_gateway::{
    Event, EventTypeFlags, Shard, StreamExt as _, error::ReceiveMessageErrorType,
};
use twilight_http::{Client, request::channel::reaction::RequestReactionType};
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice, CommandOptionChoiceValue},
        interaction::{
            Interaction, InteractionData,
            application_command::{CommandData, CommandOptionValue},
            modal::ModalInteractionComponent,
        },
    },
    channel::{
        Message,
        message::{
            Embed, MessageFlags,
            component::{
                ActionRow, Button, ButtonStyle, Component, Label, TextInput, TextInputStyle,
            },
        },
    },
    gateway::{
        payload::outgoing::{RequestGuildMembers, UpdatePresence},
        presence::{ActivityType, MinimalActivity, Status},
    },
    http::{
        attachment::Attachment,
        interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
    },
};

/// Lives until it has been told to leave and its connection is closed.
pub(crate) async fn run(mut shard: Shard, http: Client, leaving: Arc<AtomicBool>) -> Result<()> {
    register(&http).await?;
    let (mut who, mut count) = (None, None);
    while let Some(event) = shard.next_event(EventTypeFlags::all()).await {
        match event {
            Ok(Event::Ready(_)) => shard.command(&presence()?),
            Ok(Event::InteractionCreate(interaction)) => interact(&http, &interaction).await?,
            Ok(Event::MessageCreate(message)) => match message.content.as_str() {
                "!bake" => bake(&http, &message).await?,
                "!menu" => upload(&http, &message).await?,
                "!who" => {
                    let guild = message.guild_id.context("the question came from a guild")?;
                    let request = RequestGuildMembers::builder(guild).nonce("who");
                    shard.command(&request.query("an", Some(5)));
                    who = Some(message);
                }
                "!count" => {
                    let guild = message.guild_id.context("the question came from a guild")?;
                    let request = RequestGuildMembers::builder(guild).nonce("count");
                    shard.command(&request.query("", None));
                    count = Some((message, 0));
                }
                order if order.starts_with("!work ") => work::work(&http, &message).await?,
                _ => {}
            },
            Ok(Event::MemberChunk(found)) if found.nonce.as_deref() == Some("who") => {
                let who = who.take().context("somebody asked")?;
                let names: Vec<_> = found
                    .members
                    .iter()
                    .map(|one| one.user.name.as_str())
                    .collect();
                let reply = http.create_message(who.channel_id).reply(who.id);
                reply.content(&names.join(", ")).await?.model().await?;
            }
            Ok(Event::MemberChunk(found)) if found.nonce.as_deref() == Some("count") => {
                let (asked, members) = count.as_mut().context("somebody asked")?;
                *members += found.members.len();
                if found.chunk_index + 1 == found.chunk_count {
                    let answer = http.create_message(asked.channel_id);
                    answer.content(&members.to_string()).await?.model().await?;
                }
            }
            Ok(Event::GatewayClose(_)) if leaving.load(Ordering::SeqCst) => break,
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

fn presence() -> Result<UpdatePresence> {
    let oven = MinimalActivity {
        kind: ActivityType::Playing,
        name: "the oven".to_owned(),
        url: None,
    };
    Ok(UpdatePresence::new(
        [oven.into()],
        false,
        None,
        Status::Online,
    )?)
}

async fn register(http: &Client) -> Result<()> {
    let application = http.current_user_application().await?.model().await?.id;
    let commands: Vec<Command> = serde_json::from_value(json!([
        {
            "name": "echo", "description": "Says it back", "type": 1, "version": "1",
            "options": [{
                "name": "text", "description": "What to say", "type": 3,
                "required": true, "autocomplete": true,
            }],
        },
        { "name": "later", "description": "Answers in its own time", "type": 1, "version": "1" },
        { "name": "order", "description": "Asks for an order", "type": 1, "version": "1" },
    ]))?;
    let client = http.interaction(application);
    client
        .set_global_commands(&commands)
        .await?
        .models()
        .await?;
    Ok(())
}

async fn interact(http: &Client, interaction: &Interaction) -> Result<()> {
    let client = &http.interaction(interaction.application_id);
    let response = match &interaction.data {
        Some(InteractionData::ApplicationCommand(command)) => answer(command)?,
        Some(InteractionData::MessageComponent(_)) => {
            let pressed = interaction
                .message
                .as_ref()
                .context("a press has its message")?;
            InteractionResponse {
                kind: InteractionResponseType::UpdateMessage,
                data: Some(InteractionResponseData {
                    content: Some(format!("{} again", pressed.content)),
                    components: Some(Vec::new()),
                    ..Default::default()
                }),
            }
        }
        Some(InteractionData::ModalSubmit(form)) => {
            let [ModalInteractionComponent::Label(label)] = form.components.as_slice() else {
                bail!("the modal came back with {:?}", form.components);
            };
            let ModalInteractionComponent::TextInput(bread) = label.component.as_ref() else {
                bail!("the label came back with {:?}", label.component);
            };
            InteractionResponse {
                kind: InteractionResponseType::ChannelMessageWithSource,
                data: Some(InteractionResponseData {
                    content: Some(format!("one {}", bread.value)),
                    flags: Some(MessageFlags::EPHEMERAL),
                    ..Default::default()
                }),
            }
        }
        other => bail!("an interaction came with {other:?}"),
    };
    let token = &interaction.token;
    client
        .create_response(interaction.id, token, &response)
        .await?;
    if response.kind == InteractionResponseType::Modal {
        let channel = interaction
            .channel
            .as_ref()
            .context("it was typed somewhere")?;
        http.create_typing_trigger(channel.id).await?;
    }
    if response.kind == InteractionResponseType::DeferredChannelMessageWithSource {
        client
            .update_response(token)
            .content(Some("done"))
            .await?
            .model()
            .await?;
        client
            .create_followup(token)
            .content("and dusted")
            .await?
            .model()
            .await?;
    }
    Ok(())
}

fn answer(command: &CommandData) -> Result<InteractionResponse> {
    let data = InteractionResponseData::default();
    let (kind, data) = match (command.name.as_str(), command.options.as_slice()) {
        ("echo", [text]) => match &text.value {
            CommandOptionValue::Focused(typed, _) => {
                let choices = Some(choices(typed));
                let kind = InteractionResponseType::ApplicationCommandAutocompleteResult;
                (kind, InteractionResponseData { choices, ..data })
            }
            CommandOptionValue::String(text) => {
                let (content, components) = (Some(text.clone()), Some(again()));
                let kind = InteractionResponseType::ChannelMessageWithSource;
                (
                    kind,
                    InteractionResponseData {
                        content,
                        components,
                        ..data
                    },
                )
            }
            other => bail!("the text of /echo came as {other:?}"),
        },
        ("later", []) => (
            InteractionResponseType::DeferredChannelMessageWithSource,
            data,
        ),
        ("order", []) => {
            let (title, custom_id) = (Some("Order".to_owned()), Some("order".to_owned()));
            let components = Some(form());
            let kind = InteractionResponseType::Modal;
            (
                kind,
                InteractionResponseData {
                    title,
                    custom_id,
                    components,
                    ..data
                },
            )
        }
        (name, options) => bail!("/{name} came with {options:?}"),
    };
    Ok(InteractionResponse {
        kind,
        data: Some(data),
    })
}

fn choices(typed: &str) -> Vec<CommandOptionChoice> {
    let known = ["warm bread", "cold bread"].into_iter();
    known
        .filter(|choice| choice.starts_with(typed))
        .map(|choice| CommandOptionChoice {
            name: choice.to_owned(),
            name_localizations: None,
            value: CommandOptionChoiceValue::String(choice.to_owned()),
        })
        .collect()
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
    let components = vec![Component::Button(button)];
    vec![Component::ActionRow(ActionRow {
        components,
        id: None,
    })]
}

#[expect(
    deprecated,
    reason = "the struct has no default, so its old field has to be named"
)]
fn form() -> Vec<Component> {
    let bread = TextInput {
        custom_id: "bread".to_owned(),
        id: None,
        label: None,
        max_length: None,
        min_length: None,
        placeholder: None,
        required: None,
        style: TextInputStyle::Short,
        value: None,
    };
    vec![Component::Label(Label {
        component: Box::new(Component::TextInput(bread)),
        description: None,
        id: None,
        label: "Which bread?".to_owned(),
    })]
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
    let bread_now = http
        .update_message(channel, bread)
        .content(Some("bread"))
        .await?;
    bread_now.model().await?;
    let emoji = RequestReactionType::Unicode { name: "🍞" };
    http.create_reaction(channel, bread, &emoji).await?;
    Ok(())
}

async fn upload(http: &Client, message: &Message) -> Result<()> {
    let menu = Attachment::from_bytes("menu.txt".to_owned(), "rye, 4 €\n".into(), 0);
    let today: Embed = serde_json::from_value(json!({
        "title": "Today", "description": "Rye", "type": "rich", "fields": [],
    }))?;
    let sending = http.create_message(message.channel_id);
    sending
        .attachments(&[menu])
        .embeds(&[today])
        .await?
        .model()
        .await?;
    Ok(())
}
