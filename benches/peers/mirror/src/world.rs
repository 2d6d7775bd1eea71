//! A world that is told as Discord tells it. Everything follows from numbers; names, texts and proportions are
//! our own.
//!
//! Guilds differ in size by some thirty times. Of the users 60 in a hundred have a global name, 70 an
//! avatar, 5 what surrounds it, 3 a guild's tag; of the members 15 have a nickname, and their roles are
//! mostly one of forty sets of their guild. Of those who are online 45 in a hundred do nothing that is told,
//! 40 play one of 300 games, 15 have a custom status.

use std::{collections::HashSet, fmt::Write as _};

use bytes::Bytes;

/// An event as both are told of it.
pub struct Event {
    pub name: &'static str,
    pub text: String,
    pub raw: Bytes,
}

impl Event {
    fn new(name: &'static str, text: String) -> Self {
        let raw = Bytes::from(text.clone());
        Self { name, text, raw }
    }
}

/// A guild of so many members, as chunks: the first event creates it.
pub fn large_guild(members: u64, tell: &mut dyn FnMut(&'static str, String)) {
    let mut text = format!(
        r#"{{"id":"{}","name":"Large","owner_id":"5","member_count":{members},"roles":["#,
        guild_id(LARGE)
    );
    for role in 0..ROLES {
        let id = if role == 0 {
            guild_id(LARGE)
        } else {
            role_id(LARGE, role)
        };
        let comma = if role == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"id":"{id}","name":"r","permissions":"{}"}}"#,
            1_u64 << role
        );
    }
    text.push_str("]}");
    tell("GUILD_CREATE", text);
    let mut text = String::new();
    for begin in (0..members).step_by(CHUNK) {
        text.clear();
        text.push_str(r#"{"members":["#);
        for number in begin..members.min(begin + CHUNK as u64) {
            text.push_str(if number == begin { "" } else { "," });
            member(&mut text, LARGE, number);
        }
        let _ = write!(text, r#"],"guild_id":"{}"}}"#, guild_id(LARGE));
        tell("GUILD_MEMBERS_CHUNK", std::mem::take(&mut text));
    }
}

/// The large guild and its members, in no order.
pub fn large_members(members: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..members).map(move |number| (guild_id(LARGE), user_id(number * 600_011 % members)))
}

/// No guild of the world.
const LARGE: u64 = GUILDS + 1;

pub struct World {
    /// The users in each guild, in the order in which they are told.
    members: Vec<Vec<u64>>,
}

const GUILDS: u64 = 100;
const MEMBERS: u64 = 250_000;
const USERS: u64 = 200_000;
const PRESENCES: usize = 50_000;
const CHANNELS: u64 = 10;
const ROLES: u64 = 40;
const MESSAGES: u64 = 100;
const CHUNK: usize = 1_000;

impl World {
    pub fn new() -> Self {
        let weight = |guild: u64| 1.0 / (guild as f64 + 3.0);
        let all: f64 = (0..GUILDS).map(weight).sum();
        let mut members = Vec::new();
        let mut next = 0_u64;
        for guild in 0..GUILDS {
            let end = if guild == GUILDS - 1 {
                MEMBERS
            } else {
                next + (MEMBERS as f64 * weight(guild) / all) as u64
            };
            let mut known = HashSet::new();
            let users = (next..end).map(|place| {
                // Spread over the guilds, and the last fifty thousand places are users met before.
                let place = (place * 79_193 + 13) % MEMBERS;
                let mut user = if place < USERS {
                    place
                } else {
                    (place - USERS) * 4
                };
                // Whoever is there already is not there twice: then a neighbour.
                while !known.insert(user) {
                    user = (user / 4 * 4 + 4) % USERS;
                }
                user
            });
            members.push(users.collect());
            next = end;
        }
        Self { members }
    }

    /// One guild of a thousand members, for whoever counts instructions.
    pub fn small() -> Self {
        let members = vec![(0..1_000).collect()];
        Self { members }
    }

    pub fn guilds(&self) -> usize {
        self.members.len()
    }

    pub fn members(&self) -> usize {
        self.members.iter().map(Vec::len).sum()
    }

    pub fn users(&self) -> usize {
        self.members.iter().flatten().collect::<HashSet<_>>().len()
    }

    pub fn presences(&self) -> usize {
        PRESENCES
    }

    pub fn messages(&self) -> usize {
        (GUILDS * CHANNELS * MESSAGES) as usize
    }

    pub fn tell_guilds(&self, tell: &mut dyn FnMut(&'static str, String)) {
        for guild in 0..self.guilds() as u64 {
            let id = guild_id(guild);
            let count = self.members[guild as usize].len();
            let mut text = format!(
                r#"{{"id":"{id}","name":"Guild of {} and {}","icon":"{}","owner_id":"{}","afk_timeout":300,"afk_channel_id":null,"verification_level":1,"default_message_notifications":1,"explicit_content_filter":2,"mfa_level":0,"application_id":null,"system_channel_id":null,"system_channel_flags":0,"rules_channel_id":null,"max_members":500000,"vanity_url_code":null,"description":null,"banner":null,"premium_tier":1,"premium_subscription_count":3,"preferred_locale":"en-US","public_updates_channel_id":null,"nsfw_level":0,"nsfw":false,"premium_progress_bar_enabled":false,"safety_alerts_channel_id":null,"features":["COMMUNITY","NEWS"],"splash":null,"discovery_splash":null,"joined_at":"2022-03-04T05:06:07.000000+00:00","large":true,"unavailable":false,"member_count":{count},"emojis":[],"stickers":[],"voice_states":[],"members":[],"threads":[],"presences":[],"stage_instances":[],"guild_scheduled_events":[],"soundboard_sounds":[],"roles":["#,
                word(guild),
                word(guild + 7),
                hash(guild),
                user_id(self.members[guild as usize][0])
            );
            for role in 0..ROLES {
                let comma = if role == 0 { "" } else { "," };
                let id = if role == 0 { id } else { role_id(guild, role) };
                let _ = write!(
                    text,
                    r#"{comma}{{"id":"{id}","name":"{}","color":{},"colors":{{"primary_color":{},"secondary_color":null,"tertiary_color":null}},"hoist":false,"icon":null,"unicode_emoji":null,"position":{role},"permissions":"104324673","managed":false,"mentionable":false,"flags":0}}"#,
                    word(role),
                    role * 999,
                    role * 999
                );
            }
            text.push_str(r#"],"channels":["#);
            for channel in 0..CHANNELS {
                let comma = if channel == 0 { "" } else { "," };
                let _ = write!(
                    text,
                    r#"{comma}{{"id":"{}","type":0,"name":"{}","position":{channel},"topic":null,"nsfw":false,"last_message_id":null,"parent_id":null,"rate_limit_per_user":0,"flags":0,"permission_overwrites":[{{"id":"{id}","type":0,"allow":"0","deny":"2048"}},{{"id":"{}","type":0,"allow":"2048","deny":"0"}}]}}"#,
                    channel_id(guild, channel),
                    word(channel + 3),
                    role_id(guild, 1 + channel)
                );
            }
            text.push_str("]}");
            tell("GUILD_CREATE", text);
        }
    }

    pub fn tell_members(&self, tell: &mut dyn FnMut(&'static str, String)) {
        for (guild, users) in (0..).zip(&self.members) {
            let chunks = users.len().div_ceil(CHUNK);
            for (number, users) in users.chunks(CHUNK).enumerate() {
                let mut text = String::from(r#"{"members":["#);
                for (place, user) in users.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { "," });
                    member(&mut text, guild, *user);
                }
                let _ = write!(
                    text,
                    r#"],"guild_id":"{}","chunk_index":{number},"chunk_count":{chunks}}}"#,
                    guild_id(guild)
                );
                tell("GUILD_MEMBERS_CHUNK", text);
            }
        }
    }

    pub fn tell_presences(&self, tell: &mut dyn FnMut(&'static str, String)) {
        let members = (0..)
            .zip(&self.members)
            .flat_map(|(guild, users)| users.iter().step_by(5).map(move |user| (guild, *user)));
        let more = (0..).zip(&self.members).flat_map(|(guild, users)| {
            users
                .iter()
                .skip(1)
                .step_by(5)
                .map(move |user| (guild, *user))
        });
        for (guild, user) in members.chain(more).take(PRESENCES) {
            tell("PRESENCE_UPDATE", presence(guild, user));
        }
    }

    pub fn tell_messages(&self, tell: &mut dyn FnMut(&'static str, String)) {
        for count in 0..MESSAGES {
            for guild in 0..GUILDS {
                for channel in 0..CHANNELS {
                    let of = mixed(count << 32 | guild << 16 | channel);
                    let users = &self.members[guild as usize];
                    let author = users[of as usize % users.len()];
                    let number = (count * GUILDS + guild) * CHANNELS + channel;
                    tell(
                        "MESSAGE_CREATE",
                        message(guild, channel, author, number, of),
                    );
                }
            }
        }
    }

    /// A guild and a user in it, as often as wanted: no two that follow each other lie side by side.
    pub fn some_members(&self) -> impl Iterator<Item = (u64, u64)> {
        let all = 0..self.members() as u64;
        all.map(|place| {
            let (guild, user) = self.at(place);
            (guild_id(guild), user_id(user))
        })
    }

    /// A channel of the guild of each of them.
    pub fn some_channels(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let places = (0..MEMBERS).map(|number| number * 97_561 % MEMBERS);
        places.map(|place| {
            let (guild, user) = self.at(place);
            (
                guild_id(guild),
                channel_id(guild, place % CHANNELS),
                user_id(user),
            )
        })
    }

    /// A member of some guild; those of neighbouring places are far from each other.
    fn at(&self, place: u64) -> (u64, u64) {
        let mut left = (place * 97_561 % self.members() as u64) as usize;
        for (guild, users) in (0..).zip(&self.members) {
            if let Some(user) = users.get(left) {
                return (guild, *user);
            }
            left -= users.len();
        }
        unreachable!("a place is below the number of members")
    }

    /// An update of the member at this place; of another `turn` they have another name, roles and date.
    pub fn member_update(&self, place: u64, turn: u64) -> Event {
        let (guild, number) = self.at(place);
        let mut text = String::new();
        member_as(
            &mut text,
            guild,
            number,
            mixed(guild << 32 ^ number ^ turn << 50),
        );
        text.pop();
        let _ = write!(text, r#","guild_id":"{}"}}"#, guild_id(guild));
        Event::new("GUILD_MEMBER_UPDATE", text)
    }

    pub fn presence_update(&self, place: u64, turn: u64) -> Event {
        let (guild, number) = self.at(place);
        let of = mixed(number ^ 0x77 << 40 ^ turn << 50);
        Event::new("PRESENCE_UPDATE", presence_as(guild, number, of))
    }

    pub fn message_create(&self, number: u64) -> Event {
        let of = mixed(number ^ 0x33 << 40);
        let guild = of % self.guilds() as u64;
        let users = &self.members[guild as usize];
        let author = users[(of >> 20) as usize % users.len()];
        let text = message(
            guild,
            of >> 8 & 7,
            author,
            number + MESSAGES * GUILDS * CHANNELS,
            of,
        );
        Event::new("MESSAGE_CREATE", text)
    }

    pub fn typing_start(&self, place: u64) -> Event {
        let (guild, number) = self.at(place);
        let mut text = String::from(r#"{"member":"#);
        member(&mut text, guild, number);
        let _ = write!(
            text,
            r#","user_id":"{}","timestamp":1790000000,"channel_id":"{}","guild_id":"{}"}}"#,
            user_id(number),
            channel_id(guild, place % CHANNELS),
            guild_id(guild)
        );
        Event::new("TYPING_START", text)
    }
}

fn user(text: &mut String, number: u64) {
    let of = mixed(number ^ 0x55);
    let _ = write!(
        text,
        r#"{{"id":"{}","username":"{}{}","discriminator":"0","global_name":{},"avatar":{},"bot":false,"public_flags":{},"avatar_decoration_data":{},"collectibles":null,"primary_guild":{},"clan":null,"display_name_styles":null}}"#,
        user_id(number),
        word(of),
        of % 10_000,
        optional(of >> 8, 60, || format!(
            "{} {}",
            word(of >> 3),
            word(of >> 13)
        )),
        optional(of >> 16, 70, || if of % 8 == 0 {
            format!("a_{}", hash(of))
        } else {
            hash(of)
        }),
        if of % 3 == 0 { 64 << (of % 3) } else { 0 },
        if of >> 24 & 0xff < 13 {
            format!(
                r#"{{"asset":"a_{}","sku_id":"{}","expires_at":null}}"#,
                hash(of),
                snowflake(9, of % 50)
            )
        } else {
            "null".to_owned()
        },
        if of >> 32 & 0xff < 8 {
            format!(
                r#"{{"identity_guild_id":"{}","identity_enabled":true,"tag":"OVEN","badge":"{}"}}"#,
                guild_id(of % 50),
                hash(of % 50)
            )
        } else {
            "null".to_owned()
        },
    );
}

fn member(text: &mut String, guild: u64, number: u64) {
    member_as(text, guild, number, mixed(guild << 32 ^ number));
}

fn member_as(text: &mut String, guild: u64, number: u64, of: u64) {
    text.push_str(r#"{"user":"#);
    user(text, number);
    let _ = write!(
        text,
        r#","nick":{},"avatar":null,"banner":null,"joined_at":"{}","premium_since":null,"deaf":false,"mute":false,"flags":{},"pending":false,"communication_disabled_until":null,"unusual_dm_activity_until":null,"avatar_decoration_data":null,"roles":["#,
        optional(of, 15, || format!(
            "{} the {}",
            word(of >> 5),
            word(of >> 15)
        )),
        time(of),
        if of % 4 == 0 { 2 } else { 0 },
    );
    // Mostly one of forty sets, and now and then one of its own.
    let set = if of >> 40 & 0xff < 10 {
        of
    } else {
        of % 40 * (of >> 20 & 1)
    };
    let mut comma = "";
    for place in 0..mixed(set) % 5 {
        let role = 1 + mixed(set ^ place << 40) % (ROLES - 1);
        let _ = write!(text, r#"{comma}"{}""#, role_id(guild, role));
        comma = ",";
    }
    text.push_str("]}");
}

fn presence(guild: u64, number: u64) -> String {
    presence_as(guild, number, mixed(number ^ 0x77 << 40))
}

fn presence_as(guild: u64, number: u64, of: u64) -> String {
    let status = ["online", "idle", "dnd"][of as usize % 3];
    let device = ["desktop", "mobile", "web"][(of >> 4) as usize % 3];
    let begun = 1_790_000_000_000 + of % 40_000_000;
    let activities = match of >> 8 & 0xff {
        ..115 => String::new(),
        115..218 => {
            let game = of >> 20 & 0xffff;
            let game = game * game % 300;
            format!(
                r#"{{"type":0,"name":"{} {}","id":"{:x}","created_at":{begun},"timestamps":{{"start":{begun}}},"application_id":"{}"}}"#,
                word(game),
                word(game + 11),
                mixed(of),
                snowflake(8, game)
            )
        }
        _ => format!(
            r#"{{"type":4,"name":"Custom Status","id":"custom","state":"{} {} {}","created_at":{begun}}}"#,
            word(of),
            word(of >> 7),
            word(of >> 17)
        ),
    };
    format!(
        r#"{{"user":{{"id":"{}"}},"guild_id":"{}","status":"{status}","client_status":{{"{device}":"{status}"}},"activities":[{activities}]}}"#,
        user_id(number),
        guild_id(guild)
    )
}

fn message(guild: u64, channel: u64, author: u64, number: u64, of: u64) -> String {
    let mut content = String::new();
    let mut place = of;
    while content.len() < 70 {
        content.push_str(word(place));
        content.push(' ');
        place = mixed(place);
    }
    content.truncate(70);
    let mut text = String::from(r#"{"type":0,"tts":false,"timestamp":""#);
    let _ = write!(
        text,
        r#"2026-11-22T{:02}:{:02}:{:02}.{:03}000+00:00","pinned":false,"nonce":"{}","mentions":[],"mention_roles":[],"mention_everyone":false,"id":"{}","flags":0,"embeds":[],"edited_timestamp":null,"content":"{content}","components":[],"channel_id":"{}","channel_type":0,"guild_id":"{}","attachments":[],"author":"#,
        number / 3_600_000 % 24,
        number / 60_000 % 60,
        number / 1_000 % 60,
        number % 1_000,
        snowflake(7, number),
        (375_000_000_000 + number * 3) << 22 | number & 0xfff,
        channel_id(guild, channel),
        guild_id(guild)
    );
    user(&mut text, author);
    text.push_str(r#","member":"#);
    let begin = text.len();
    member(&mut text, guild, author);
    // A message's member has no user in it: that is the author.
    let user_begin = text[begin..]
        .find(r#""user":"#)
        .map_or(begin, |at| begin + at);
    let user_end = text[begin..]
        .find(r#""nick""#)
        .map_or(begin, |at| begin + at);
    text.replace_range(user_begin..user_end, "");
    text.push('}');
    text
}

fn guild_id(number: u64) -> u64 {
    snowflake(1, number)
}

fn channel_id(guild: u64, number: u64) -> u64 {
    snowflake(2, guild * 1_000 + number)
}

fn role_id(guild: u64, number: u64) -> u64 {
    snowflake(3, guild * 1_000 + number)
}

fn user_id(number: u64) -> u64 {
    snowflake(4, number)
}

/// Of some moment in the years 2018 to 2026; two numbers have two ids.
fn snowflake(kind: u64, number: u64) -> u64 {
    let moment = 95_000_000_000 + mixed(kind << 56 ^ number) % 260_000_000_000;
    moment << 22 | (kind << 18) | number & 0x3_ffff
}

fn time(of: u64) -> String {
    format!(
        "202{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}000+00:00",
        of % 7,
        1 + of / 7 % 12,
        1 + of / 84 % 28,
        of / 3_000 % 24,
        of / 80_000 % 60,
        of / 5_000_000 % 60,
        of / 300_000_000 % 1_000
    )
}

/// A text in that many of a hundred cases.
fn optional(of: u64, percent: u64, text: impl Fn() -> String) -> String {
    if of % 100 < percent {
        format!("\"{}\"", text())
    } else {
        "null".to_owned()
    }
}

fn hash(of: u64) -> String {
    format!("{:016x}{:016x}", mixed(of), mixed(of ^ 0xabcd))
}

fn word(of: u64) -> &'static str {
    const WORDS: [&str; 32] = [
        "rye",
        "oven",
        "crumb",
        "baker",
        "flour",
        "dawn",
        "yeast",
        "crust",
        "ember",
        "wheat",
        "mill",
        "stone",
        "salt",
        "honey",
        "spelt",
        "barley",
        "basket",
        "river",
        "golden",
        "warm",
        "slow",
        "morning",
        "kneading",
        "sourdough",
        "pretzel",
        "market",
        "window",
        "night",
        "copper",
        "apron",
        "butter",
        "sugar",
    ];
    WORDS[(mixed(of) % 32) as usize]
}

/// Splits what is near.
fn mixed(of: u64) -> u64 {
    let of = (of ^ of >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let of = (of ^ of >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    of ^ of >> 31
}
