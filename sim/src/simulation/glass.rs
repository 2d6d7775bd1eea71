//! What the bot remembers of its guilds, and the oracle of that: where everything has arrived, the mirror is
//! what Discord's world is.
//!
//! The world tells of a guild in the words of `GUILD_CREATE`, and a mirror that was told nothing else is held
//! against the one that went through all the trouble. That a mirror gives out what it was told so is for the
//! tests of the mirror.

use std::{collections::BTreeSet, fmt::Debug, time::Duration};

use ovenjs_cache::mirror::{Keep, Mirror};
use ovenjs_gateway::{Resume, SessionGap};
use ovenjs_types::{
    Channel, Dispatch, Id, Origin, ShardId, Version, json::Scratch, marker::GuildMarker,
};

use super::{Simulation, bot::Shard};

/// The mirror of the process.
#[derive(Debug)]
pub(super) struct Glass {
    mirror: Mirror,
    scratch: Scratch,
    /// The numbers of shards whose sessions go on, though what came by them before was lost with a process that
    /// was killed. Their guilds are not known until Discord sends them.
    blind: BTreeSet<u32>,
}

impl Default for Glass {
    fn default() -> Self {
        Self {
            mirror: Mirror::new(keep()),
            scratch: Scratch::new(),
            blind: BTreeSet::new(),
        }
    }
}

impl Glass {
    fn reflect(&mut self, dispatch: &Dispatch) {
        if dispatch.name() == "READY"
            && let Origin::Gateway(shard) = dispatch.origin
        {
            self.blind.remove(&shard.number);
        }
        self.mirror.apply(dispatch, &mut self.scratch);
    }
}

impl Simulation<'_> {
    /// Things happen in the guilds.
    pub(super) fn live(&mut self) {
        if self.glass.is_none() {
            return;
        }
        for guild in self.guilds.clone() {
            if self.whims.rolls(self.plan.life) {
                let whim = self.whims.next();
                self.tally.happenings += 1;
                let what = self.discord.stir(self.now, Id::new(guild), whim);
                self.note(|| format!("guild {guild}: {what}"));
            }
        }
    }

    /// An event comes to what keeps state.
    pub(super) fn mirror(&mut self, dispatch: &Dispatch) {
        if let Some(glass) = &mut self.glass {
            glass.reflect(dispatch);
        }
    }

    /// The session of a shard is lost: which of its guilds may have changed unheard. Between two generations
    /// some are brought by the other one, which the rule of the seam knows.
    pub(super) fn outdate(&mut self, place: usize, gap: &SessionGap) {
        let Some(glass) = &mut self.glass else {
            return;
        };
        let spared = match &mut self.seam {
            Some(seam) if seam.old.contains(&place) => Some(seam.rule.gone_over(gap.shard)),
            Some(seam) if seam.new.contains(&place) => seam.rule.lose_new(gap.shard),
            _ => Some(BTreeSet::new()),
        };
        if let Some(spared) = spared {
            let is_outdated = |guild| gap.concerns(guild) && !spared.contains(&guild);
            glass.mirror.outdate(is_outdated);
        }
    }

    /// What the next process remembers: all of it where the former one left it, and else nothing.
    pub(super) fn replace_glass(&mut self, in_order: bool) -> Result<(), String> {
        let Some(glass) = &mut self.glass else {
            return Ok(());
        };
        let shards = self.shards.iter().filter(|shard| !shard.is_gone);
        let kept: Vec<ShardId> = shards
            .filter_map(|shard| shard.kept.as_ref().and_then(Resume::shard))
            .collect();
        if in_order {
            let bytes = glass.mirror.to_bytes();
            let read = Mirror::from_bytes(keep(), &bytes, &kept);
            glass.mirror = read.map_err(|error| format!("the mirror is not read back: {error}"))?;
        } else {
            *glass = Glass::default();
            glass.blind.extend(kept.iter().map(|shard| shard.number));
        }
        Ok(())
    }

    /// The mirror becomes what the world is, as soon as what happens by itself has arrived, too.
    pub(super) fn look_into_glass(&mut self) -> Result<(), String> {
        let mut found = self.compare();
        for _ in 0..GLANCES {
            if found.is_ok() {
                break;
            }
            self.play_until(self.now + BETWEEN_GLANCES, |_| false)?;
            found = self.compare();
        }
        match found {
            Ok(alike) => self.tally.mirrored += alike,
            Err(what) => return Err(what),
        }
        Ok(())
    }

    /// How many guilds are in the mirror as they are at Discord; an error where one is not.
    fn compare(&self) -> Result<u64, String> {
        let mut alike = 0;
        let Some(glass) = &self.glass else {
            return Ok(alike);
        };
        let known = glass.mirror.guild_ids();
        if let Some(ghost) = known.iter().find(|id| !self.guilds.contains(&id.get())) {
            return Err(format!("guild {ghost} is remembered and is not there"));
        }
        for guild in self.discord.guild_ids() {
            let shard = self.shards.get(self.place_of(guild.get()));
            let is_blind = |shard: &Shard| glass.blind.contains(&shard.number);
            if !known.contains(&guild) && shard.is_some_and(is_blind) {
                continue;
            }
            let told = self.discord.guild_create(guild).unwrap_or_default();
            let fresh = Mirror::new(keep());
            let raw = told.to_string();
            let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", raw);
            fresh.apply(&create, &mut Scratch::new());
            compare(&glass.mirror, &fresh, guild)
                .map_err(|what| format!("guild {guild} is not as the mirror has it: {what}"))?;
            alike += 1;
        }
        Ok(alike)
    }
}

/// Holds what a mirror knows of a guild against what one knows that was told all of it just now.
fn compare(mirror: &Mirror, fresh: &Mirror, guild: Id<GuildMarker>) -> Result<(), String> {
    let both = [mirror, fresh];
    let members = |mirror: &Mirror| mirror.members(guild, None, usize::MAX);
    same(both.map(|mirror| mirror.state(guild)))?;
    same(both.map(|mirror| mirror.guild(guild)))?;
    same(both.map(|mirror| channels(mirror, guild)))?;
    same(both.map(members))?;
    same(both.map(|mirror| {
        let users = members(fresh).into_iter().filter_map(|member| member.user);
        users
            .filter_map(|user| mirror.presence(guild, user.id))
            .collect::<Vec<_>>()
    }))?;
    same(both.map(|mirror| mirror.voice_states(guild)))?;
    same(both.map(|mirror| mirror.emojis(guild)))?;
    same(both.map(|mirror| mirror.sounds(guild)))?;
    same(both.map(|mirror| mirror.stages(guild)))?;
    same(both.map(|mirror| mirror.scheduled_events(guild)))
}

/// Channels and threads, but for what only messages tell of, and for whose membership of a thread it is: the
/// bot's, which `GUILD_CREATE` leaves out.
fn channels(mirror: &Mirror, guild: Id<GuildMarker>) -> Vec<Channel> {
    let mut channels = mirror.channels(guild);
    for channel in &mut channels {
        channel.last_message_id = None;
        if let Some(member) = &mut channel.member {
            (member.id, member.user_id) = (None, None);
        }
    }
    channels
}

fn same<T: PartialEq + Debug>(read: [impl IntoIterator<Item = T>; 2]) -> Result<(), String> {
    let [known, told] = read.map(|all| all.into_iter().collect::<Vec<T>>());
    let mut others = known.iter().filter(|one| !told.contains(one));
    let mut missing = told.iter().filter(|one| !known.contains(one));
    match (others.next(), missing.next()) {
        (None, None) if known.len() == told.len() => Ok(()),
        (other, missing) => {
            let (other, missing) = (format!("{other:?}"), format!("{missing:?}"));
            let alike = other.bytes().zip(missing.bytes());
            let alike = alike.take_while(|(one, two)| one == two).count();
            let part = |text: &str| {
                let beginning = alike.saturating_sub(SHOWN_BEFORE);
                let part = text.chars().skip(beginning).take(SHOWN);
                part.collect::<String>()
            };
            Err(format!("{}… instead of {}…", part(&other), part(&missing)))
        }
    }
}

/// All but messages, of which `GUILD_CREATE` tells nothing.
fn keep() -> Keep {
    Keep::new()
        .members(true)
        .presences(true)
        .voice_states(true)
        .expressions(true)
        .scheduled_events(true)
}

/// How much is shown of what is another than it should be, and of that how much before they part.
const SHOWN: usize = 300;
const SHOWN_BEFORE: usize = 150;

/// How often it is looked whether what happened by itself has arrived, and how long between.
const GLANCES: u32 = 30;
const BETWEEN_GLANCES: Duration = Duration::from_secs(10);
