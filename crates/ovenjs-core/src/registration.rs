//! Carrying out the plan of which commands are to be registered.

use ovenjs_commands::{Plan, Prune, Update, plan};
use ovenjs_rest::Client;
use ovenjs_types::{
    CommandDraft, Id,
    marker::{ApplicationMarker, GuildMarker},
};

use crate::{CommandsConfig, Error, ErrorKind, Register};

/// Makes Discord's list of commands what the bot has, with as few requests as there are changes.
pub(crate) async fn register(
    client: &Client,
    application: Id<ApplicationMarker>,
    config: &CommandsConfig,
    wanted: &[CommandDraft],
) -> Result<(), Error> {
    let scope = match config.register {
        Register::Off => return Ok(()),
        Register::Global => Scope {
            client,
            application,
            guild: None,
        },
        Register::Guild(guild) => Scope {
            client,
            application,
            guild: Some(guild),
        },
    };
    scope.register(config.prune, wanted).await.map_err(|error| {
        Error::below(
            ErrorKind::Rest,
            "the bot's commands could not be registered",
            error,
        )
    })
}

struct Scope<'a> {
    client: &'a Client,
    application: Id<ApplicationMarker>,
    guild: Option<Id<GuildMarker>>,
}

impl Scope<'_> {
    async fn register(
        &self,
        prune: bool,
        wanted: &[CommandDraft],
    ) -> Result<(), ovenjs_rest::Error> {
        let (client, application) = (self.client, self.application);
        let registered = match self.guild {
            None => {
                client
                    .global_commands(application)
                    .with_localizations(true)
                    .await?
            }
            Some(guild) => {
                client
                    .guild_commands(application, guild)
                    .with_localizations(true)
                    .await?
            }
        };
        let prune = if prune { Prune::Yes } else { Prune::No };
        let plan = plan(&registered, wanted, prune);
        tracing::info!("commands:\n{plan}");
        if registered.is_empty() && !plan.create.is_empty() {
            return self.set_all(wanted).await;
        }
        self.carry_out(plan).await
    }

    /// The first registration: one request instead of one for each command.
    async fn set_all(&self, wanted: &[CommandDraft]) -> Result<(), ovenjs_rest::Error> {
        let (client, application, all) = (self.client, self.application, wanted.to_vec());
        match self.guild {
            None => {
                client
                    .bulk_set_global_commands(application)
                    .body(all)
                    .await?
            }
            Some(guild) => {
                client
                    .bulk_set_guild_commands(application, guild)
                    .body(all)
                    .await?
            }
        };
        Ok(())
    }

    async fn carry_out(&self, plan: Plan) -> Result<(), ovenjs_rest::Error> {
        let (client, application) = (self.client, self.application);
        for known in plan.delete {
            match self.guild {
                None => client.delete_global_command(application, known.id).await?,
                Some(guild) => {
                    client
                        .delete_guild_command(application, guild, known.id)
                        .await?
                }
            }
        }
        for Update { id, draft, .. } in plan.update {
            match self.guild {
                None => {
                    client
                        .edit_global_command(application, id)
                        .body(draft)
                        .await?
                }
                Some(guild) => {
                    client
                        .edit_guild_command(application, guild, id)
                        .body(draft)
                        .await?
                }
            };
        }
        for draft in plan.create {
            match self.guild {
                None => {
                    client
                        .create_global_command(application)
                        .body(draft)
                        .await?
                }
                Some(guild) => {
                    client
                        .create_guild_command(application, guild)
                        .body(draft)
                        .await?
                }
            };
        }
        Ok(())
    }
}
