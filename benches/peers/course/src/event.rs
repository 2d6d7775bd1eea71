//! The events themselves, in the proportions of a bot that has every intent.

use std::fmt::Write as _;

use crate::{
    chance::{Chance, mixed},
    world::{
        World, channel, fresh, hash, list, member, member_fields, snowflake, text, user, user_id,
        voice_state, word,
    },
};

/// Writes the payload of one event and tells its name.
pub fn event(out: &mut String, world: World, chance: &mut Chance, count: u64) -> &'static str {
    let guild = chance.skewed(world.guilds);
    let place = chance.skewed(world.members * 9);
    let who = world.user_of(guild, place);
    let place = world.channel(guild, World::text(chance.skewed(world.channels)));
    let guild_id = world.guild(guild);
    let who_id = user_id(who);
    match chance.below(1000) {
        ..450 => {
            presence(out, guild_id, who_id, chance, count);
            "PRESENCE_UPDATE"
        }
        450..700 => {
            message(out, world, guild, place, who, chance, count, false);
            "MESSAGE_CREATE"
        }
        700..720 => {
            message(out, world, guild, place, who, chance, count, true);
            "MESSAGE_UPDATE"
        }
        720..735 => {
            let id = fresh(count.saturating_sub(chance.below(5000)));
            let _ = write!(
                out,
                r#"{{"id":"{id}","channel_id":"{place}","guild_id":"{guild_id}"}}"#
            );
            "MESSAGE_DELETE"
        }
        735..825 => {
            out.push_str("{\"user_id\":\"");
            let _ = write!(
                out,
                r#"{who_id}","timestamp":{},"member":"#,
                1_790_000_000 + count / 100
            );
            member(out, world, guild, who);
            let _ = write!(out, r#","channel_id":"{place}","guild_id":"{guild_id}"}}"#);
            "TYPING_START"
        }
        825..875 => {
            voice_state(out, world, guild, who, count, true);
            "VOICE_STATE_UPDATE"
        }
        875..905 => {
            let id = fresh(count.saturating_sub(chance.below(5000)));
            let _ = write!(
                out,
                r#"{{"user_id":"{who_id}","type":0,"message_id":"{id}","message_author_id":"{}","member":"#,
                user_id(world.user_of(guild, 3))
            );
            member(out, world, guild, who);
            out.push_str(r#","emoji":"#);
            emoji(out, chance.next());
            let _ = write!(
                out,
                r#","channel_id":"{place}","burst":false,"guild_id":"{guild_id}"}}"#
            );
            "MESSAGE_REACTION_ADD"
        }
        905..915 => {
            let id = fresh(count.saturating_sub(chance.below(5000)));
            let _ = write!(
                out,
                r#"{{"user_id":"{who_id}","type":0,"message_id":"{id}","emoji":"#
            );
            emoji(out, chance.next());
            let _ = write!(
                out,
                r#","channel_id":"{place}","burst":false,"guild_id":"{guild_id}"}}"#
            );
            "MESSAGE_REACTION_REMOVE"
        }
        915..945 => {
            out.push_str("{\"user\":");
            user(out, who);
            out.push(',');
            member_fields(out, world, guild, who);
            let _ = write!(out, r#","guild_id":"{guild_id}"}}"#);
            "GUILD_MEMBER_UPDATE"
        }
        945..955 => {
            out.push_str("{\"user\":");
            user(out, who);
            out.push(',');
            member_fields(out, world, guild, who);
            let _ = write!(
                out,
                r#","unusual_dm_activity_until":null,"guild_id":"{guild_id}"}}"#
            );
            "GUILD_MEMBER_ADD"
        }
        955..962 => {
            out.push_str("{\"user\":");
            user(out, who);
            let _ = write!(out, r#","guild_id":"{guild_id}"}}"#);
            "GUILD_MEMBER_REMOVE"
        }
        962..967 => {
            channel(out, world, guild, chance.below(world.channels), true);
            "CHANNEL_UPDATE"
        }
        967..970 => {
            let role = world.role(guild, 1 + chance.below(world.roles - 1));
            let of = chance.next();
            let _ = write!(
                out,
                r#"{{"role":{{"version":{},"unicode_emoji":null,"tags":{{}},"position":3,"permissions":"{}","name":"{}","mentionable":false,"managed":false,"id":"{role}","icon":null,"hoist":false,"flags":0,"description":null,"colors":{{"tertiary_color":null,"secondary_color":null,"primary_color":{}}},"color":{}}},"guild_id":"{guild_id}"}}"#,
                1_700_000_000_000_u64 + of % 1_000_000,
                of % (1 << 45),
                word(of),
                of % 0xFF_FFFF,
                of % 0xFF_FFFF,
            );
            "GUILD_ROLE_UPDATE"
        }
        970..975 => {
            thread(out, guild_id, place, who_id, chance, count);
            "THREAD_CREATE"
        }
        975..980 => {
            let _ = write!(
                out,
                r#"{{"last_pin_timestamp":"2026-11-20T12:00:00+00:00","guild_id":"{guild_id}","channel_id":"{place}"}}"#
            );
            "CHANNEL_PINS_UPDATE"
        }
        _ => {
            interaction(out, world, guild, who, fresh(count), chance, count);
            "INTERACTION_CREATE"
        }
    }
}

fn emoji(out: &mut String, of: u64) {
    if of % 2 == 0 {
        out.push_str(r#"{"name":"🍞","id":null}"#);
    } else {
        let _ = write!(
            out,
            r#"{{"name":"{}","id":"{}","animated":{}}}"#,
            word(of),
            snowflake(5, of % 9000),
            of % 3 == 0
        );
    }
}

/// What somebody does stays the same for a while: most changes are of the status, and of one line.
fn presence(out: &mut String, guild: u64, who: u64, chance: &mut Chance, count: u64) {
    let mut doing = Chance::new(mixed(who ^ count / 20_000));
    let status = chance.one_of(&["online", "online", "idle", "dnd", "offline"]);
    let _ = write!(out, r#"{{"user":{{"id":"{who}"}},"status":"{status}","#);
    let _ = write!(
        out,
        r#""processed_at_timestamp":{},"#,
        1_790_000_000_000_u64 + chance.below(1 << 30)
    );
    out.push_str(r#""guild_id":""#);
    let _ = write!(out, r#"{guild}","client_status":{{"#);
    if status != "offline" {
        let _ = write!(out, r#""desktop":"{status}""#);
        if chance.percent(30) {
            let _ = write!(out, r#","mobile":"{status}""#);
        }
    }
    out.push_str(r#"},"activities":["#);
    let count = if status == "offline" {
        0
    } else {
        doing.between(0, 3)
    };
    list(out, count, |out, place| match (place, doing.below(3)) {
        (0, 0) => custom(out, &mut doing),
        (_, 1) => song(out, &mut doing),
        _ => game(out, &mut doing, chance),
    });
    out.push_str("]}");
}

fn custom(out: &mut String, chance: &mut Chance) {
    out.push_str(r#"{"type":4,"state":""#);
    let words = chance.between(1, 9);
    text(out, chance, words);
    out.push_str(r#"","name":"Custom Status","id":"custom""#);
    if chance.percent(40) {
        out.push_str(r#","emoji":"#);
        emoji(out, chance.next());
    }
    let _ = write!(
        out,
        r#","created_at":{}}}"#,
        1_790_000_000_000_u64 + chance.below(1 << 30)
    );
}

fn song(out: &mut String, chance: &mut Chance) {
    let start = 1_790_000_000_000_u64 + chance.below(1 << 30);
    let _ = write!(
        out,
        r#"{{"type":2,"timestamps":{{"start":{start},"end":{}}},"sync_id":"{:016x}{:06x}","state":"{}; {}","session_id":"#,
        start + chance.between(100_000, 300_000),
        chance.next(),
        chance.below(1 << 24),
        word(chance.next()),
        word(chance.next()),
    );
    out.push('"');
    hash(out, chance.next());
    let _ = write!(
        out,
        r#"","party":{{"id":"spotify:{}"}},"name":"Spotify","id":"spotify:1","flags":48,"details":""#,
        snowflake(4, chance.below(9000))
    );
    let words = chance.between(1, 6);
    text(out, chance, words);
    let _ = write!(
        out,
        r#"","created_at":{start},"assets":{{"large_text":"{} {}","large_image":"spotify:ab67616d0000b273{:016x}{:08x}"}}}}"#,
        word(chance.next()),
        word(chance.next()),
        chance.next(),
        chance.below(1 << 32),
    );
}

fn game(out: &mut String, chance: &mut Chance, now: &mut Chance) {
    let start = 1_790_000_000_000_u64 + chance.below(1 << 30);
    let of = chance.skewed(900);
    let _ = write!(
        out,
        r#"{{"type":0,"timestamps":{{"start":{start}}},"state":""#
    );
    let words = now.between(1, 5);
    text(out, now, words);
    let _ = write!(
        out,
        r#"","name":"{} {}","id":"{:016x}","#,
        word(of),
        word(of ^ 7),
        chance.next()
    );
    if chance.percent(30) {
        let _ = write!(
            out,
            r#""party":{{"size":[{},5],"id":"{:016x}"}},"#,
            chance.between(1, 5),
            chance.next()
        );
    }
    if chance.percent(20) {
        out.push_str(r#""buttons":["Join in"],"#);
    }
    out.push_str(r#""details":""#);
    let words = chance.between(1, 8);
    text(out, chance, words);
    let _ = write!(out, r#"","created_at":{start},"#);
    if chance.percent(70) {
        let _ = write!(
            out,
            r#""assets":{{"small_text":"Rank {}","small_image":"{}","large_text":"{} {}","large_image":"mp:external/{:016x}/https/oven.example/{}.png"}},"#,
            chance.below(100),
            snowflake(8, of),
            word(of ^ 1),
            word(of ^ 2),
            mixed(of),
            word(of ^ 3),
        );
    }
    let _ = write!(out, r#""application_id":"{}"}}"#, snowflake(8, of ^ 0xFFFF));
}

#[expect(
    clippy::too_many_arguments,
    reason = "a message is told by all of these"
)]
fn message(
    out: &mut String,
    world: World,
    guild: u64,
    place: u64,
    who: u64,
    chance: &mut Chance,
    count: u64,
    edited: bool,
) {
    let id = if edited {
        fresh(count.saturating_sub(400))
    } else {
        fresh(count)
    };
    let reply = !edited && chance.percent(15);
    let _ = write!(
        out,
        r#"{{"type":{},"tts":false,"timestamp":"2026-11-21T{:02}:{:02}:{:02}.{:03}000+00:00","pinned":false,"#,
        if reply { 19 } else { 0 },
        count / 3_600_000 % 24,
        count / 60_000 % 60,
        count / 1000 % 60,
        count % 1000,
    );
    if !edited {
        let _ = write!(out, r#""nonce":"{}","#, id + 77);
    }
    out.push_str(r#""mentions":["#);
    let mentions = if chance.percent(25) {
        chance.between(1, 2)
    } else {
        0
    };
    list(out, mentions, |out, _| {
        let other = world.user_of(guild, chance.below(world.members));
        let mut one = String::new();
        user(&mut one, other);
        one.pop();
        out.push_str(&one);
        out.push_str(r#","member":{"#);
        member_fields(out, world, guild, other);
        out.push_str("}}");
    });
    out.push_str(r#"],"mention_roles":["#);
    if chance.percent(3) {
        let _ = write!(out, "\"{}\"", world.role(guild, 2));
    }
    out.push_str(r#"],"mention_everyone":false,"member":{"#);
    member_fields(out, world, guild, who);
    out.push_str("},");
    if reply {
        let of = fresh(count.saturating_sub(chance.between(1, 300)));
        let _ = write!(
            out,
            r#""message_reference":{{"type":0,"message_id":"{of}","guild_id":"{}","channel_id":"{place}"}},"referenced_message":{{"type":0,"tts":false,"timestamp":"2026-11-21T01:00:00.000000+00:00","pinned":false,"mentions":[],"mention_roles":[],"mention_everyone":false,"id":"{of}","flags":0,"embeds":[],"edited_timestamp":null,"content":""#,
            world.guild(guild)
        );
        let words = chance.between(2, 20);
        text(out, chance, words);
        let _ = write!(out, r#"","components":[],"channel_id":"{place}","author":"#);
        user(out, world.user_of(guild, 4));
        out.push_str(r#","attachments":[]},"#);
    }
    let _ = write!(out, r#""id":"{id}","flags":0,"embeds":["#);
    let embeds = u64::from(chance.percent(12));
    list(out, embeds, |out, _| embed(out, chance));
    out.push_str(r#"],"edited_timestamp":"#);
    if edited {
        out.push_str("\"2026-11-21T12:00:00.000000+00:00\"");
    } else {
        out.push_str("null");
    }
    out.push_str(r#","content":""#);
    let words = if chance.percent(5) {
        chance.between(20, 120)
    } else {
        chance.between(1, 12)
    };
    text(out, chance, words);
    out.push_str(r#"","components":["#);
    if chance.percent(6) {
        row(out, chance);
    }
    let _ = write!(
        out,
        r#"],"channel_type":0,"channel_id":"{place}","author":"#
    );
    user(out, who);
    out.push_str(r#","attachments":["#);
    let files = u64::from(chance.percent(8));
    list(out, files, |out, _| attachment(out, place, chance));
    let _ = write!(out, r#"],"guild_id":"{}"}}"#, world.guild(guild));
}

fn embed(out: &mut String, chance: &mut Chance) {
    let _ = write!(
        out,
        r#"{{"type":"rich","title":"{} {}","description":""#,
        word(chance.next()),
        word(chance.next())
    );
    let words = chance.between(5, 50);
    text(out, chance, words);
    let _ = write!(out, r#"","color":{},"fields":["#, chance.below(0xFF_FFFF));
    let fields = chance.between(0, 5);
    list(out, fields, |out, _| {
        let _ = write!(out, r#"{{"name":"{}","value":""#, word(chance.next()));
        let words = chance.between(1, 8);
        text(out, chance, words);
        out.push_str(r#"","inline":true}"#);
    });
    let _ = write!(
        out,
        r#"],"thumbnail":{{"width":256,"url":"https://oven.example/{}.png","proxy_url":"https://images.oven.example/{:016x}/{}.png","placeholder_version":1,"placeholder":"{:012x}","height":256,"flags":0,"content_type":"image/png"}},"footer":{{"text":"{}"}},"content_scan_version":4}}"#,
        word(chance.next()),
        chance.next(),
        word(chance.next()),
        chance.below(1 << 48),
        word(chance.next()),
    );
}

fn row(out: &mut String, chance: &mut Chance) {
    out.push_str(r#"{"type":1,"id":1,"components":["#);
    let buttons = chance.between(1, 4);
    list(out, buttons, |out, place| {
        let _ = write!(
            out,
            r#"{{"type":2,"style":1,"label":"{}","id":{},"custom_id":"{}:{}"}}"#,
            word(chance.next()),
            place + 2,
            word(chance.next()),
            chance.below(1 << 40),
        );
    });
    out.push_str("]}");
}

fn attachment(out: &mut String, place: u64, chance: &mut Chance) {
    let id = snowflake(6, chance.next() >> 20);
    let name = word(chance.next());
    let _ = write!(
        out,
        r#"{{"width":1170,"url":"https://cdn.oven.example/attachments/{place}/{id}/{name}.png?ex=6{:07x}&is=6{:07x}&hm={:016x}{:016x}&","size":{},"proxy_url":"https://media.oven.example/attachments/{place}/{id}/{name}.png?ex=6{:07x}","placeholder_version":1,"placeholder":"{:012x}","original_content_type":"image/png","id":"{id}","height":840,"filename":"{name}.png","content_type":"image/png","content_scan_version":4}}"#,
        chance.below(1 << 28),
        chance.below(1 << 28),
        chance.next(),
        chance.next(),
        chance.below(4_000_000),
        chance.below(1 << 28),
        chance.below(1 << 48),
    );
}

fn thread(out: &mut String, guild: u64, parent: u64, who: u64, chance: &mut Chance, count: u64) {
    let _ = write!(
        out,
        r#"{{"type":11,"total_message_sent":0,"thread_metadata":{{"locked":false,"create_timestamp":"2026-11-21T12:00:00.000000+00:00","auto_archive_duration":4320,"archived":false,"archive_timestamp":"2026-11-21T12:00:00.000000+00:00"}},"rate_limit_per_user":0,"parent_id":"{parent}","owner_id":"{who}","newly_created":true,"name":""#,
    );
    text(out, chance, 3);
    let _ = write!(
        out,
        r#"","message_count":0,"member_count":1,"last_message_id":null,"id":"{}","guild_id":"{guild}","flags":0}}"#,
        fresh(count)
    );
}

/// A command, a button or the completion of a word; `id` tells the ones that mark the stream.
pub fn interaction(
    out: &mut String,
    world: World,
    guild: u64,
    who: u64,
    id: u64,
    chance: &mut Chance,
    count: u64,
) {
    let place = World::text(chance.skewed(world.channels));
    let channel_id = world.channel(guild, place);
    let kind = chance.below(3);
    out.push_str(r#"{"version":1,"type":"#);
    out.push_str(["2", "3", "2"][usize::try_from(kind).expect("below 3")]);
    out.push_str(r#","token":""#);
    for place in 0..12 {
        let _ = write!(out, "{:016x}", mixed(count ^ place << 40));
    }
    out.push('"');
    if kind == 1 {
        out.push_str(r#","message":"#);
        let mut one = String::new();
        message(
            &mut one,
            world,
            guild,
            channel_id,
            world.user_of(guild, 0),
            chance,
            count,
            true,
        );
        out.push_str(&one);
    }
    out.push_str(r#","member":{"user":"#);
    user(out, who);
    out.push(',');
    member_fields(out, world, guild, who);
    let guild_id = world.guild(guild);
    let _ = write!(
        out,
        r#","permissions":"{}","unusual_dm_activity_until":null}},"locale":"en-US","id":"{id}","guild_locale":"en-US","guild_id":"{guild_id}","guild":{{"locale":"en-US","id":"{guild_id}","features":["NEWS","COMMUNITY"]}},"entitlements":[],"data":"#,
        mixed(who) % (1 << 50),
    );
    if kind == 1 {
        let _ = write!(
            out,
            r#"{{"id":3,"custom_id":"{}:{}","component_type":2}}"#,
            word(chance.next()),
            chance.below(1 << 40)
        );
    } else {
        let _ = write!(
            out,
            r#"{{"type":1,"options":[{{"value":"{}","type":3,"name":"topic"}},{{"value":{},"type":4,"name":"count"}},{{"value":"{}","type":6,"name":"whom"}}],"resolved":{{"users":{{"{}":"#,
            word(chance.next()),
            chance.below(100),
            user_id(world.user_of(guild, 7)),
            user_id(world.user_of(guild, 7)),
        );
        user(out, world.user_of(guild, 7));
        let _ = write!(
            out,
            r#"}},"members":{{"{}":{{"permissions":"{}","#,
            user_id(world.user_of(guild, 7)),
            mixed(who) % (1 << 50)
        );
        member_fields(out, world, guild, world.user_of(guild, 7));
        let _ = write!(
            out,
            r#"}}}}}},"name":"{}","id":"{}"}}"#,
            word(chance.next()),
            snowflake(10, chance.below(40))
        );
    }
    let _ = write!(
        out,
        r#","context":0,"channel_id":"{channel_id}","channel":{{"type":0,"topic":null,"theme_color":null,"rate_limit_per_user":0,"position":{place},"permissions":"{}","parent_id":null,"nsfw":false,"name":"{}","last_message_id":"{}","id":"{channel_id}","icon_emoji":null,"guild_id":"{guild_id}","flags":0}},"authorizing_integration_owners":{{"0":"{guild_id}"}},"attachment_size_limit":26214400,"application_id":"{APPLICATION}","app_permissions":"{}"}}"#,
        mixed(who) % (1 << 50),
        word(channel_id),
        fresh(count),
        mixed(guild) % (1 << 50),
    );
}

/// The first event of a session.
pub fn ready(out: &mut String, world: World) {
    let _ = write!(
        out,
        r#"{{"v":10,"user_settings":{{}},"user":{{"verified":true,"username":"baker","primary_guild":null,"mfa_enabled":false,"id":"{APPLICATION}","global_name":null,"flags":0,"email":null,"discriminator":"1234","clan":null,"bot":true,"avatar":null}},"session_type":"normal","session_id":"0123456789abcdef0123456789abcdef","resume_gateway_url":"ws://127.0.0.1","relationships":[],"private_channels":[],"presences":[],"guilds":["#,
    );
    list(out, world.guilds, |out, number| {
        let _ = write!(
            out,
            r#"{{"unavailable":true,"id":"{}"}}"#,
            world.guild(number)
        );
    });
    let _ = write!(
        out,
        r#"],"guild_join_requests":[],"geo_ordered_rtc_regions":[],"game_relationships":[],"auth":{{}},"application":{{"id":"{APPLICATION}","flags":565248}},"_trace":["oven"],"shard":[0,1]}}"#
    );
}

/// The bot.
pub const APPLICATION: u64 = 80_351_110_224_678_912;
