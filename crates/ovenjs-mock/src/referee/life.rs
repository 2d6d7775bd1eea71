//! Guilds that live: what happens in them by itself, by a number instead of people.

use std::time::Instant;

use ovenjs_types::{Id, marker::GuildMarker};
use serde_json::{Value, json};

use super::Referee;
use crate::{
    failure::Failure,
    json::{Fields, Json, Object, object},
    time::iso8601,
    world::{GuildView, Opening, Voice, World, guild_channel::kind, permission, role},
};

impl Referee {
    /// Lets something happen in a guild, and says what: somebody comes or goes, takes a name, a role, a seat in
    /// voice; a role, a channel, a thread, an emoji, a sound, a stage, a scheduled event begins, changes or ends.
    ///
    /// What it is follows from `whim` and from what there is in the guild. Where that cannot be, nothing happens.
    ///
    /// ```
    /// # #[expect(clippy::disallowed_methods)]
    /// # let now = std::time::Instant::now();
    /// use std::collections::BTreeSet;
    ///
    /// use ovenjs_mock::{Config, Referee};
    ///
    /// let mut discord = Referee::new(Config::default(), now);
    /// let guild = discord.guild_id();
    /// let whims = (0..500_u64).map(|number| number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20);
    /// let deeds: BTreeSet<&str> = whims.map(|whim| discord.stir(now, guild, whim)).collect();
    /// assert!(deeds.len() > 10);
    /// assert!(discord.guild_create(guild).unwrap().len("/channels") > 0);
    /// assert_eq!(discord.violations(), [""; 0]);
    /// ```
    pub fn stir(&mut self, now: Instant, guild: Id<GuildMarker>, whim: u64) -> &'static str {
        self.0.play(now, |world| {
            if !world.guilds.contains_key(&guild.get()) {
                return "there is no such guild";
            }
            let mut stir = Stir {
                world,
                guild: guild.get(),
                whim,
            };
            stir.happen().unwrap_or("nothing")
        })
    }

    /// What `GUILD_CREATE` tells of a guild now, to a session with all intents.
    #[must_use]
    pub fn guild_create(&self, guild: Id<GuildMarker>) -> Option<Json> {
        let view = GuildView {
            presences: true,
            voice_states: true,
            large_threshold: LARGE_THRESHOLD,
        };
        self.0.world.guild_create(guild.get(), view).map(Json)
    }
}

/// The largest that a session may ask for.
const LARGE_THRESHOLD: u64 = 250;

/// One thing that happens.
struct Stir<'w> {
    world: &'w mut World,
    guild: u64,
    whim: u64,
}

impl Stir<'_> {
    fn happen(&mut self) -> Result<&'static str, Failure> {
        match self.below(18) {
            0 => self.comes(),
            1 => self.goes(),
            2 => self.takes_a_name(),
            3 | 4 => self.takes_a_role(),
            5 => self.is_timed_out(),
            6 => self.changes_the_guild(),
            7 => self.changes_roles(),
            8 => self.changes_channels(),
            9 => self.changes_overwrites(),
            10 => self.changes_threads(),
            11 | 12 => self.moves_in_voice(),
            13 | 14 => self.appears(),
            15 => self.changes_expressions(),
            16 => self.changes_stages(),
            _ => self.changes_events(),
        }
    }

    fn comes(&mut self) -> Result<&'static str, Failure> {
        let name = format!("guest-{}", self.below(GUESTS));
        let known = self.world.users.iter();
        let mut known = known.filter(|(_, user)| user.text("username") == Some(name.as_str()));
        let known = known.next().map(|(id, _)| *id);
        let user = known.unwrap_or_else(|| self.world.add_user(&name, false));
        self.world.join(self.guild, user);
        // Whoever is online is so for those, too, who have not known them.
        self.world.appear(user, "online", Vec::new());
        Ok("somebody comes")
    }

    fn goes(&mut self) -> Result<&'static str, Failure> {
        let user = self.member()?;
        if user != self.world.bot && user != self.world.owner {
            self.world.leave(self.guild, user);
        }
        Ok("somebody goes")
    }

    fn takes_a_name(&mut self) -> Result<&'static str, Failure> {
        let user = self.member()?;
        let nick = match self.below(4) {
            0 => Value::Null,
            number => format!("nick {number}").into(),
        };
        let change = |member: &mut Object| member.set("nick", nick);
        self.world.change_member(self.guild, user, change)?;
        Ok("somebody takes a name")
    }

    fn takes_a_role(&mut self) -> Result<&'static str, Failure> {
        let (user, role) = (self.member()?, self.role()?);
        let held = self.below(3) > 0;
        self.world.set_role(self.guild, user, role, held)?;
        Ok("somebody takes a role, or loses one")
    }

    fn is_timed_out(&mut self) -> Result<&'static str, Failure> {
        let user = self.member()?;
        let until = match self.below(2) {
            0 => Value::Null,
            _ => iso8601(self.world.now_ms + 60_000).into(),
        };
        let change = |member: &mut Object| member.set("communication_disabled_until", until);
        self.world.change_member(self.guild, user, change)?;
        Ok("somebody is timed out, or no longer")
    }

    fn changes_the_guild(&mut self) -> Result<&'static str, Failure> {
        let room = self.world.guilds.get(&self.guild);
        let mut after = room.ok_or_else(|| Failure::unknown(10_004))?.object.clone();
        match self.below(4) {
            0 => after.set("name", format!("Kitchen {}", self.below(10))),
            1 => after.set("verification_level", self.below(5)),
            2 => after.set("features", json!(["COMMUNITY"])),
            _ => after.set("description", format!("number {}", self.below(10))),
        }
        self.world.change_guild(self.guild, after);
        Ok("the guild changes")
    }

    fn changes_roles(&mut self) -> Result<&'static str, Failure> {
        let most = self.world.roles(self.guild).len() >= ROLES;
        match self.below(3) {
            0 if !most => {
                let blank = role::blank(0, "cook", permission::EVERYONE, 1);
                self.world.add_role(self.guild, blank);
                Ok("a role is made")
            }
            1 => {
                let role = self.role()?;
                self.world.remove_role(self.guild, role);
                Ok("a role goes")
            }
            _ => {
                let id = self.role()?;
                let mut after = self.world.role(self.guild, id)?.clone();
                match self.below(2) {
                    0 => after.set("name", format!("cook {}", self.below(10))),
                    _ => {
                        let bits = permission::EVERYONE >> self.below(8);
                        let bits = bits | permission::VIEW_CHANNEL;
                        after.set("permissions", bits.to_string());
                    }
                }
                self.world.change_role(self.guild, id, after);
                Ok("a role changes")
            }
        }
    }

    fn changes_channels(&mut self) -> Result<&'static str, Failure> {
        let channels = self.world.guild_channels(self.guild);
        match self.below(4) {
            0 if channels.len() < CHANNELS => {
                let kinds = [kind::TEXT, kind::VOICE, kind::STAGE, kind::CATEGORY];
                let place = self.below(4);
                let kind = usize::try_from(place).ok().and_then(|at| kinds.get(at));
                let channel = blank(
                    kind.copied().unwrap_or_default(),
                    self.guild,
                    channels.len(),
                );
                self.world.open_channel(self.guild, channel);
                Ok("a channel is made")
            }
            1 if channels.len() > 1 => {
                let channel = self.channel(None)?;
                self.world.close_channel(channel);
                Ok("a channel goes")
            }
            _ => {
                let channel = self.channel(None)?;
                let mut after = self.world.channel(channel)?.object.clone();
                after.set("name", format!("room {}", self.below(10)));
                self.world.change_channel(channel, after);
                Ok("a channel changes")
            }
        }
    }

    fn changes_overwrites(&mut self) -> Result<&'static str, Failure> {
        let channel = self.channel(None)?;
        let (id, kind) = match self.below(2) {
            0 => (self.role()?, 0),
            _ => (self.member()?, 1),
        };
        if self.below(3) == 0 {
            self.world.take_overwrite(channel, id)?;
            return Ok("an overwrite goes");
        }
        let bits = permission::EVERYONE >> self.below(8);
        let overwrite = json!({
            "id": id.to_string(),
            "type": kind,
            "allow": bits.to_string(),
            // Of what a bot loses sight of it is told nothing, and no more of its threads.
            "deny": (permission::EVERYONE & !bits & !permission::VIEW_CHANNEL).to_string(),
        });
        self.world.put_overwrite(channel, object(overwrite))?;
        Ok("an overwrite is put")
    }

    fn changes_threads(&mut self) -> Result<&'static str, Failure> {
        let threads = self.world.channels.of_guild(self.guild);
        let threads = threads.filter(|(_, room)| room.thread_parent().is_some());
        let threads: Vec<u64> = threads.map(|(id, _)| id).collect();
        match (self.below(4), self.one_of(&threads)) {
            (0, Some(thread)) => {
                self.world.delete_thread(thread);
                Ok("a thread goes")
            }
            (1, Some(thread)) => {
                let archived = !self.world.is_archived(thread);
                let metadata = object(json!({ "archived": archived }));
                self.world.change_thread(thread, Object::new(), metadata);
                Ok("a thread is archived, or no longer")
            }
            (2, Some(thread)) => {
                let fields = object(json!({ "name": format!("thread {}", self.below(10)) }));
                self.world.change_thread(thread, fields, Object::new());
                Ok("a thread changes")
            }
            _ if threads.len() < THREADS => {
                let opening = Opening {
                    parent: self.channel(Some(kind::TEXT))?,
                    owner: self.member()?,
                    message: None,
                    body: object(json!({ "name": "thread", "type": 11 })),
                };
                self.world.open_thread(&opening)?;
                Ok("a thread is opened")
            }
            _ => Ok("nothing"),
        }
    }

    fn moves_in_voice(&mut self) -> Result<&'static str, Failure> {
        let user = self.member()?;
        let channel = match self.below(3) {
            0 => None,
            _ => Some(self.channel(Some(kind::VOICE))?),
        };
        let voice = Voice {
            channel,
            self_mute: self.below(2) == 0,
            self_deaf: self.below(2) == 0,
            session: "phone",
        };
        self.world.set_voice(self.guild, user, voice);
        Ok("somebody moves in voice")
    }

    fn appears(&mut self) -> Result<&'static str, Failure> {
        let user = self.member()?;
        let (status, activities) = match self.below(4) {
            0 => ("offline", Vec::new()),
            1 => ("idle", Vec::new()),
            2 => ("dnd", Vec::new()),
            _ => {
                let bakes = json!({ "name": "baking", "type": 0, "created_at": self.world.now_ms });
                ("online", vec![bakes])
            }
        };
        if user != self.world.bot {
            self.world.appear(user, status, activities);
        }
        Ok("somebody appears")
    }

    fn changes_expressions(&mut self) -> Result<&'static str, Failure> {
        let sounds = self.world.soundboard_sounds(self.guild);
        let sounds: Vec<u64> = sounds
            .iter()
            .filter_map(|sound| sound.as_object()?.key("sound_id"))
            .collect();
        let mut emojis = self.world.emojis(self.guild);
        match (self.below(4), self.one_of(&sounds)) {
            (0, _) if emojis.len() < EXPRESSIONS => {
                let id = self.world.next_id();
                emojis.push(object(json!({
                    "id": id.to_string(), "name": format!("bread_{}", self.below(10)), "roles": [],
                    "user": self.world.user(self.world.owner), "require_colons": true, "managed": false,
                    "animated": false, "available": true,
                })));
                self.world.set_emojis(self.guild, emojis);
                Ok("an emoji is made")
            }
            (1, _) if !emojis.is_empty() => {
                emojis.remove(0);
                self.world.set_emojis(self.guild, emojis);
                Ok("an emoji goes")
            }
            (2, Some(sound)) => {
                self.world.remove_sound(self.guild, sound);
                Ok("a sound goes")
            }
            _ if sounds.len() < EXPRESSIONS => {
                let id = self.world.next_id();
                let sound = object(json!({
                    "sound_id": id.to_string(), "name": format!("ding {}", self.below(10)), "volume": 0.5,
                    "emoji_id": null, "emoji_name": null, "guild_id": self.guild.to_string(),
                    "available": true, "user": self.world.user(self.world.owner),
                }));
                self.world.add_sound(self.guild, id, sound);
                Ok("a sound is made")
            }
            _ => Ok("nothing"),
        }
    }

    fn changes_stages(&mut self) -> Result<&'static str, Failure> {
        let channel = self.channel(Some(kind::STAGE))?;
        if self.world.end_stage(self.guild, channel).is_some() {
            return Ok("a stage ends");
        }
        let id = self.world.next_id();
        let stage = json!({
            "id": id.to_string(),
            "guild_id": self.guild.to_string(),
            "channel_id": channel.to_string(),
            "topic": "bread",
            "privacy_level": 2,
            "discoverable_disabled": true,
            "guild_scheduled_event_id": null,
        });
        self.world.open_stage(self.guild, channel, object(stage));
        Ok("a stage begins")
    }

    fn changes_events(&mut self) -> Result<&'static str, Failure> {
        let events: Vec<u64> = self.world.events(self.guild).map(|(id, _)| id).collect();
        match (self.below(4), self.one_of(&events)) {
            (0, Some(event)) => {
                self.world.remove_event(self.guild, event);
                Ok("a scheduled event is taken away")
            }
            (1, Some(event)) => {
                let mut after = self.world.event(self.guild, event)?.object.clone();
                after.set("name", format!("feast {}", self.below(10)));
                self.world.change_event(self.guild, event, after);
                Ok("a scheduled event changes")
            }
            (2, Some(event)) => {
                self.world.cancel_event(self.guild, event);
                Ok("a scheduled event is called off")
            }
            _ if events.len() < EVENTS => {
                let id = self.world.next_id();
                // Some begin and end by themselves before long.
                let begins = self.world.now_ms + 1_000 * (1 + self.below(200));
                let event = json!({
                    "id": id.to_string(),
                    "guild_id": self.guild.to_string(),
                    "channel_id": null,
                    "creator_id": self.world.owner.to_string(),
                    "name": "feast",
                    "description": null,
                    "image": null,
                    "scheduled_start_time": iso8601(begins),
                    "scheduled_end_time": iso8601(begins + 60_000),
                    "privacy_level": 2,
                    "status": 1,
                    "entity_type": 3,
                    "entity_id": null,
                    "entity_metadata": { "location": "the kitchen" },
                    "recurrence_rule": null,
                });
                self.world.plan_event(self.guild, id, object(event));
                Ok("an event is planned")
            }
            _ => Ok("nothing"),
        }
    }

    /// A member.
    fn member(&mut self) -> Result<u64, Failure> {
        let room = self.world.guilds.get(&self.guild).into_iter();
        let members: Vec<u64> = room.flat_map(|room| room.members.keys().copied()).collect();
        self.one_of(&members)
            .ok_or_else(|| Failure::unknown(10_007))
    }

    /// A role that can be given and taken: neither `@everyone` nor one that belongs to an application.
    fn role(&mut self) -> Result<u64, Failure> {
        let room = self.world.guilds.get(&self.guild).into_iter();
        let roles = room.flat_map(|room| &room.roles);
        let roles =
            roles.filter(|(id, role)| **id != self.guild && role.flag("managed") != Some(true));
        let roles: Vec<u64> = roles.map(|(id, _)| *id).collect();
        self.one_of(&roles).ok_or_else(|| Failure::unknown(10_011))
    }

    /// A channel of some type that is no thread.
    fn channel(&mut self, kind: Option<u64>) -> Result<u64, Failure> {
        let channels = self.world.channels.of_guild(self.guild);
        let channels = channels.filter(|(_, room)| {
            room.thread_parent().is_none()
                && kind.is_none_or(|kind| room.object.int("type") == Some(kind))
        });
        let channels: Vec<u64> = channels.map(|(id, _)| id).collect();
        self.one_of(&channels)
            .ok_or_else(|| Failure::unknown(10_003))
    }

    fn one_of(&mut self, ids: &[u64]) -> Option<u64> {
        let count = u64::try_from(ids.len()).ok()?;
        let place = self.below(count.max(1));
        ids.get(usize::try_from(place).ok()?).copied()
    }

    /// A number below `bound`, off the whim.
    fn below(&mut self, bound: u64) -> u64 {
        let number = self.whim % bound;
        self.whim /= bound;
        number
    }
}

/// A channel of this type, as Discord makes it.
fn blank(kind: u64, guild: u64, position: usize) -> Object {
    let mut channel = object(json!({
        "type": kind,
        "guild_id": guild.to_string(),
        "name": "room",
        "position": position,
        "parent_id": null,
        "flags": 0,
        "permission_overwrites": [],
    }));
    match kind {
        kind::TEXT => {
            channel.set("topic", Value::Null);
            channel.set("last_message_id", Value::Null);
            channel.set("nsfw", false);
            channel.set("rate_limit_per_user", 0);
        }
        kind::VOICE | kind::STAGE => {
            channel.set("bitrate", 64_000);
            channel.set("user_limit", 0);
            channel.set("rtc_region", Value::Null);
            channel.set("last_message_id", Value::Null);
            channel.set("nsfw", false);
            channel.set("rate_limit_per_user", 0);
        }
        _ => {}
    }
    channel
}

/// How much of each there may be, so that a guild that lives for long does not grow for ever.
const GUESTS: u64 = 12;
const ROLES: usize = 8;
const CHANNELS: usize = 8;
const THREADS: usize = 6;
const EXPRESSIONS: usize = 5;
const EVENTS: usize = 6;
