//! What the mirror knows, and Discord where it does not.

use ovenjs_cache::mirror::Mirror;
use ovenjs_rest::{Client, Error};
use ovenjs_types::{
    Channel, Guild, Id, Member, Message, Role, User,
    marker::{ChannelMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
};

use crate::tiers::Tiers;

/// Looks things up: in the mirror, and where that does not know them, or knows them from before a
/// [lost session](ovenjs_cache::mirror::GuildState::is_stale), at Discord.
///
/// A handler takes it as an argument; [`Running::lookup`](crate::Running::lookup) gives it to others. A
/// plain read of the [`Mirror`] never causes a request; each method here may cause one. Those who look up
/// the same thing at the same time share it. The answer is not put into the mirror, where it might stand
/// over what the gateway tells meanwhile: whoever asks for the same again and again lets the client
/// [keep answers](crate::rest::Config::cache_max), or has the mirror [keep](crate::Keep) the kind.
///
/// Who looks for a guild that is [away](crate::TiersConfig::away_after), for a role or a member of it, brings it back.
/// Of a channel it is not known whose it is then, and Discord is asked.
///
/// ```no_run
/// # use ovenjs_core::{Failure, Lookup, On, event, rest::Client, types::MessageReactionAdd};
/// #[event]
/// async fn thank(reaction: On<MessageReactionAdd>, lookup: Lookup, client: Client) -> Result<(), Failure> {
///     let user = lookup.user(reaction.user_id).await?;
///     let thanks = format!("Thank you, {}!", user.username);
///     client.create_message(reaction.channel_id).content(thanks).await?;
///     Ok(())
/// }
/// ```
///
/// # Errors
///
/// Of all methods: those of the request. What does not exist, or what the bot must not see, is refused by
/// Discord with a 404 or a 403.
#[derive(Clone, Debug)]
pub struct Lookup {
    mirror: Mirror,
    client: Client,
    tiers: Tiers,
}

#[expect(clippy::missing_errors_doc, reason = "said of all methods at the type")]
impl Lookup {
    pub(crate) fn new(mirror: &Mirror, client: &Client, tiers: &Tiers) -> Self {
        Self {
            mirror: mirror.clone(),
            client: client.clone(),
            tiers: tiers.clone(),
        }
    }

    /// A guild with its roles.
    pub async fn guild(&self, id: Id<GuildMarker>) -> Result<Guild, Error> {
        self.tiers.wake(Some(id)).await;
        match self.mirror.guild(id).filter(|_| self.is_up_to_date(id)) {
            Some(guild) => Ok(guild),
            None => self.client.guild(id).await,
        }
    }

    /// A channel or thread.
    pub async fn channel(&self, id: Id<ChannelMarker>) -> Result<Channel, Error> {
        let known = self.mirror.channel(id);
        let is_good = |channel: &Channel| channel.guild_id.is_none_or(|id| self.is_up_to_date(id));
        match known.filter(is_good) {
            Some(channel) => Ok(channel),
            None => self.client.channel(id).await,
        }
    }

    /// A role.
    pub async fn role(&self, guild: Id<GuildMarker>, id: Id<RoleMarker>) -> Result<Role, Error> {
        self.tiers.wake(Some(guild)).await;
        let known = self.mirror.role(guild, id);
        match known.filter(|_| self.is_up_to_date(guild)) {
            Some(role) => Ok(role),
            None => self.client.role(guild, id).await,
        }
    }

    /// A member, with their user.
    pub async fn member(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> Result<Member, Error> {
        self.tiers.wake(Some(guild)).await;
        let known = self.mirror.member(guild, user);
        match known.filter(|_| self.is_up_to_date(guild)) {
            Some(member) => Ok(member),
            None => {
                let mut member = self.client.member(guild, user).await?;
                // Discord's answer does not repeat what was asked for.
                member.guild_id = Some(guild);
                Ok(member)
            }
        }
    }

    /// A user, as some guild or kept message knows them.
    pub async fn user(&self, id: Id<UserMarker>) -> Result<User, Error> {
        match self.mirror.user(id) {
            Some(user) => Ok(user),
            None => self.client.user(id).await,
        }
    }

    /// A message.
    pub async fn message(
        &self,
        channel: Id<ChannelMarker>,
        id: Id<MessageMarker>,
    ) -> Result<Message, Error> {
        let guild = self
            .mirror
            .channel(channel)
            .and_then(|channel| channel.guild_id);
        let known = self.mirror.message(guild, channel, id);
        let is_good = |_: &Message| self.mirror.is_message_stale(guild, channel, id) == Some(false);
        match known.filter(is_good) {
            Some(message) => Ok(message),
            None => self.client.message(channel, id).await,
        }
    }

    /// In an outage what is known is as good as what Discord could tell.
    fn is_up_to_date(&self, guild: Id<GuildMarker>) -> bool {
        let state = self.mirror.state(guild);
        state.is_some_and(|state| !state.is_stale)
    }
}
