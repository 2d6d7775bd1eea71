//! The bot on poise, the framework over serenity.
//!
//! It lives through the same story, told in poise's own words: slash commands, prefix commands and
//! collectors. What only a framework has comes after: subcommands, choices, context menus, modals that
//! are functions, checks, cooldowns, permissions, edits that are followed, and errors that are answered.
//!
//! What poise 0.7 gets wrong by itself: it writes as serenity does (see there), and it closes a modal that
//! a command opened as if there were a message to change, which Discord takes.

mod commands;
mod shop;

use crate::{front_door::FrontDoor, log::Log, serenity as bare};
use ::serenity::all as serenity;
use anyhow::{Context as _, Error, Result, bail, ensure};
use ovenjs_interop::exemption;
use poise::{Framework, FrameworkError, FrameworkOptions, PrefixFrameworkOptions};
use std::{pin::pin, sync::Arc};
use tokio::sync::mpsc;

/// How many different operations the bot drives at least.
const OPERATIONS: usize = 40;

#[tokio::test]
async fn a_bot_on_poise_lives_through_the_story() -> Result<()> {
    let log = Log::read();
    let discord = ovenjs_interop::discord().await?;
    let door = FrontDoor::open(&discord).await?;
    let http = serenity::HttpBuilder::new(discord.token())
        .client(door.client()?)
        .build();
    // The first failure ends the test.
    let (failures, mut failed) = mpsc::channel(1);
    let framework = framework(failures);
    let mut client = serenity::ClientBuilder::new_with_http(http, bare::INTENTS)
        .framework(framework)
        .await?;
    let shards = Arc::clone(&client.shard_manager);

    let told = |step: &str| println!("{step}");
    let story = async {
        ovenjs_interop::play(&discord, "none", told).await?;
        ovenjs_interop::works(&discord, told).await?;
        ovenjs_interop::counts(&discord, told).await?;
        shop::visit(&discord, told).await
    };
    let mut running = pin!(client.start());
    tokio::select! {
        failure = failed.recv() => return Err(failure.context("the bot is there")?),
        outcome = story => outcome.with_context(|| format!("poise logged {log}"))?,
        ended = &mut running => bail!("the bot ended early: {ended:?}"),
    }
    let ((), ended) = tokio::join!(shards.shutdown_all(), running);
    ended?;
    ovenjs_interop::leaves(&discord, told).await?;
    ensure!(failed.is_empty(), "{:#?}", failed.recv().await);
    let unread = log.lines_with(bare::UNREADABLE);
    ensure!(unread.is_empty(), "serenity could not read {unread:#?}");
    let unexpected = log.lines_with(&["unexpected: "]);
    ensure!(unexpected.is_empty(), "{unexpected:#?}");
    println!(
        "{} different operations",
        ovenjs_interop::operations(&discord).len()
    );
    ovenjs_interop::keeps_to_the_rules(&discord, OPERATIONS, exemption::POISE)
}

/// Where the bot complains.
#[derive(Debug)]
struct Data {
    failures: mpsc::Sender<Error>,
}

type Context<'a> = poise::Context<'a, Data, Error>;

fn framework(failures: mpsc::Sender<Error>) -> Framework<Data, Error> {
    let [global, in_guild, by_prefix] = commands::all();
    let (for_all, for_guild) = (
        poise::builtins::create_application_commands(&global),
        poise::builtins::create_application_commands(&in_guild),
    );
    let options = FrameworkOptions {
        commands: [global, in_guild, by_prefix]
            .into_iter()
            .flatten()
            .collect(),
        prefix_options: PrefixFrameworkOptions {
            prefix: Some("!".into()),
            edit_tracker: Some(Arc::new(poise::EditTracker::for_timespan(FOLLOWED))),
            ..Default::default()
        },
        on_error: |error| Box::pin(complain(error)),
        event_handler: |framework, event| Box::pin(hear(framework.serenity_context, event)),
        ..Default::default()
    };
    Framework::builder()
        .options(options)
        .setup(move |ctx, ready, _| {
            Box::pin(async move {
                ctx.set_activity(Some(serenity::ActivityData::playing("the oven")));
                let guild = ready.guilds.first().context("the bot is in a guild")?.id;
                guild.set_commands(ctx, for_guild).await?;
                serenity::Command::set_global_commands(ctx, for_all).await?;
                Ok(Data { failures })
            })
        })
        .build()
}

/// How long the edits of a message are followed: the story is shorter.
const FOLLOWED: std::time::Duration = std::time::Duration::from_secs(300);

/// What belongs to no command: the button of `/echo`, and the members of a large guild.
async fn hear(ctx: &serenity::Context, event: &serenity::FullEvent) -> Result<()> {
    match event {
        serenity::FullEvent::InteractionCreate {
            interaction: serenity::Interaction::Component(press),
        } if press.data.custom_id == "again" => bare::press(ctx, press).await,
        serenity::FullEvent::GuildCreate { guild, .. } => {
            bare::ask_for_all(ctx, guild);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Tells the user what a command refuses by its declaration, and the test everything else.
async fn complain(error: FrameworkError<'_, Data, Error>) {
    let outcome = match error {
        FrameworkError::CommandCheckFailed {
            error: None, ctx, ..
        } => refuse(ctx, "only the head baker").await,
        FrameworkError::CooldownHit { ctx, .. } => refuse(ctx, "not so fast").await,
        FrameworkError::MissingUserPermissions {
            missing_permissions: Some(missing),
            ctx,
            ..
        } => refuse(ctx, &format!("you lack {missing}")).await,
        FrameworkError::ArgumentParse { error, ctx, .. } => {
            refuse(ctx, &format!("what? {error}")).await
        }
        FrameworkError::Command { error, ctx, .. } => {
            let name = &ctx.command().qualified_name;
            let failure = error.context(format!("the command {name}"));
            let _ = ctx.data().failures.try_send(failure);
            Ok(())
        }
        FrameworkError::EventHandler {
            error,
            event,
            framework,
            ..
        } => {
            let failure = error.context(event.snake_case_name());
            let _ = framework.user_data.failures.try_send(failure);
            Ok(())
        }
        other => {
            // Some of them come before there is anything to complain to.
            tracing::error!("unexpected: {other}");
            Ok(())
        }
    };
    if let Err(error) = outcome {
        tracing::error!("unexpected: {error:?}");
    }
}

async fn refuse(ctx: Context<'_>, why: &str) -> Result<()> {
    let reply = poise::CreateReply::default().content(why).ephemeral(true);
    ctx.send(reply).await?;
    Ok(())
}
