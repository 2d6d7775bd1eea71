//! Questions about one guild, as sentences.

use std::{collections::BTreeMap, time::Duration};

use ovenjs_types::{
    ChannelInfoChannel, ChannelInfoField, Event, Id, Member, RequestChannelInfo,
    RequestGuildMembers, RequestSoundboardSounds, SoundboardSound, Text,
    json::Scratch,
    limits::GATEWAY_REQUEST_MEMBERS_QUERY_MAX,
    marker::{GuildMarker, UserMarker},
};

use super::{Fleet, Replies, Reply, fleet::MEMBERS_WITHIN, port::Waiting};
use crate::{Error, Request};

/// A guild that Discord is asked about through its shard: see [`Fleet::guild`].
///
/// Each question is one answer, however many events Discord needs for it. Its limits are kept and its
/// refusals waited out, as [`Fleet::request`] says. In a bot of `ovenjs-core` a handler takes it as an
/// argument, and it is the guild in which the handler was called.
///
/// ```no_run
/// # async fn run(fleet: ovenjs_gateway::Fleet) -> Result<(), ovenjs_gateway::Error> {
/// use ovenjs_types::{ChannelInfoField, Id};
///
/// let guild = fleet.guild(Id::new(5));
/// let bakers = guild.members().named("ba").limit(10).await?;
/// let ann = guild.member(Id::new(80)).await?;
/// let sounds = guild.soundboard_sounds().await?;
/// let talks = guild.channel_info([ChannelInfoField::VoiceStartTime]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AskGuild {
    fleet: Fleet,
    id: Id<GuildMarker>,
}

impl AskGuild {
    pub(super) const fn new(fleet: Fleet, id: Id<GuildMarker>) -> Self {
        Self { fleet, id }
    }

    /// Which guild.
    #[must_use]
    pub const fn id(&self) -> Id<GuildMarker> {
        self.id
    }

    /// Its members: all of them, where nothing narrows it down. All want the intent `GUILD_MEMBERS`,
    /// and Discord gives them once in 30 s at most.
    #[must_use = "nothing is asked until it is awaited"]
    pub fn members(&self) -> AskMembers {
        AskMembers {
            fleet: self.fleet.clone(),
            request: RequestGuildMembers::all(self.id),
            within: MEMBERS_WITHIN,
        }
    }

    /// One member; nothing where the user is none.
    ///
    /// # Errors
    ///
    /// As [`Fleet::request`] and [`Replies::next`].
    pub async fn member(&self, user: Id<UserMarker>) -> Result<Option<Member>, Error> {
        let found = self.members().users([user]).await?;
        let is_asked = |member: &Member| member.user.as_ref().is_some_and(|of| of.id == user);
        Ok(found.into_iter().find(is_asked))
    }

    /// Its soundboard sounds, Discord's own not among them.
    ///
    /// # Errors
    ///
    /// As [`Fleet::request`] and [`Replies::next`].
    pub async fn soundboard_sounds(&self) -> Result<Vec<SoundboardSound>, Error> {
        let mut sounds = self.fleet.soundboard_sounds([self.id]).await?;
        Ok(sounds.remove(&self.id).unwrap_or_default())
    }

    /// What changes often in its channels, of those of which there is something to tell.
    ///
    /// # Errors
    ///
    /// As [`Fleet::request`] and [`Replies::next`]; no field at all is
    /// [`ErrorKind::Command`](crate::ErrorKind::Command).
    pub async fn channel_info(
        &self,
        fields: impl IntoIterator<Item = ChannelInfoField>,
    ) -> Result<Vec<ChannelInfoChannel>, Error> {
        let mut channels = Vec::new();
        let ask = RequestChannelInfo::new(self.id, fields);
        let shard = self.fleet.shard_of(self.id);
        let replies = self.fleet.request(shard, ask, ANSWER_WITHIN)?;
        each(replies, |event| match event {
            Some(Event::ChannelInfo(info)) => channels.extend(info.channels),
            Some(_) => {}
            None => channels.clear(),
        })
        .await?;
        Ok(channels)
    }
}

/// A question for members of a guild, asked when it is awaited: see [`AskGuild::members`].
#[derive(Clone, Debug)]
#[must_use = "nothing is asked until it is awaited"]
pub struct AskMembers {
    fleet: Fleet,
    request: RequestGuildMembers,
    within: Duration,
}

impl AskMembers {
    /// Those whose name begins so, 100 at most: see [`limit`](Self::limit). No privileged intent is
    /// needed.
    pub fn named(mut self, prefix: impl Into<Text>) -> Self {
        self.request.query = Some(prefix.into());
        self.request.user_ids.clear();
        if self.request.limit == 0 {
            let most = GATEWAY_REQUEST_MEMBERS_QUERY_MAX;
            self.request.limit = u32::try_from(most).unwrap_or(u32::MAX);
        }
        self
    }

    /// Those of these users who are members, up to [`REQUEST_IDS_MAX`](crate::REQUEST_IDS_MAX).
    pub fn users(mut self, users: impl IntoIterator<Item = Id<UserMarker>>) -> Self {
        self.request.query = None;
        self.request.limit = 0;
        self.request.user_ids = users.into_iter().collect();
        self
    }

    /// So many at most: 1 to 100 beside a [name](Self::named).
    pub const fn limit(mut self, limit: u32) -> Self {
        self.request.limit = limit;
        self
    }

    /// With their presences, in the chunks of [`stream`](Self::stream). Needs the intent
    /// `GUILD_PRESENCES`.
    pub const fn presences(mut self) -> Self {
        self.request.presences = true;
        self
    }

    /// How long the whole answer may take. Default: two minutes, in which a guild of a million members
    /// comes.
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// Asks, and gives the answer as it comes: for guilds whose members are too many to hold.
    ///
    /// # Errors
    ///
    /// As [`Fleet::request`].
    pub fn stream(self) -> Result<Replies, Error> {
        let shard = self.fleet.shard_of(self.request.guild_id);
        self.fleet
            .request(shard, Request::Members(self.request), self.within)
    }
}

impl IntoFuture for AskMembers {
    /// As [`Fleet::request`] and [`Replies::next`].
    type Output = Result<Vec<Member>, Error>;
    type IntoFuture = Waiting<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.stream()?.members().await })
    }
}

impl Fleet {
    /// A guild to be asked about.
    #[must_use]
    pub fn guild(&self, id: Id<GuildMarker>) -> AskGuild {
        AskGuild::new(self.clone(), id)
    }

    /// The soundboard sounds of guilds, each through its shard, one shard after the other.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request) and [`Replies::next`], of the first shard that fails.
    pub async fn soundboard_sounds(
        &self,
        guilds: impl IntoIterator<Item = Id<GuildMarker>>,
    ) -> Result<BTreeMap<Id<GuildMarker>, Vec<SoundboardSound>>, Error> {
        let mut by_shard: BTreeMap<u32, Vec<Id<GuildMarker>>> = BTreeMap::new();
        for guild in guilds {
            let number = self.shard_of(guild).number;
            by_shard.entry(number).or_default().push(guild);
        }
        let mut sounds = BTreeMap::new();
        for guilds in by_shard.into_values() {
            let Some(shard) = guilds.first().map(|guild| self.shard_of(*guild)) else {
                continue;
            };
            let ask = RequestSoundboardSounds::new(guilds);
            let replies = self.request(shard, ask, ANSWER_WITHIN)?;
            // What comes again replaces what came.
            each(replies, |event| {
                if let Some(Event::SoundboardSounds(of)) = event {
                    sounds.insert(of.guild_id, of.soundboard_sounds);
                }
            })
            .await?;
        }
        Ok(sounds)
    }
}

/// Passes on the events of an answer, and nothing where it begins anew.
async fn each(mut replies: Replies, mut take: impl FnMut(Option<Event>)) -> Result<(), Error> {
    let mut scratch = Scratch::new();
    while let Some(reply) = replies.next().await {
        take(match reply? {
            Reply::Again => None,
            Reply::Chunk(dispatch) => Some(dispatch.decode(&mut scratch)),
        });
    }
    Ok(())
}

/// What is not members comes in a few events, and is sent again where it stays away.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
