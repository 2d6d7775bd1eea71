//! Who and what the events are about: users, guilds, channels and roles, each told by its number.
//!
//! Everything follows from the number and the seed, so nothing is kept. Shapes and names of fields are
//! those of the tables in `specs/`; names, texts and proportions are our own.

use std::fmt::Write as _;

use crate::chance::{Chance, mixed};

/// How many there are.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub guilds: u64,
    /// Members that come with a guild.
    pub members: u64,
    pub channels: u64,
    pub roles: u64,
}

impl World {
    pub fn guild(self, number: u64) -> u64 {
        snowflake(1, number)
    }

    pub fn channel(self, guild: u64, number: u64) -> u64 {
        snowflake(2, guild * 1000 + number)
    }

    /// The number of a text channel that is near this number.
    pub fn text(number: u64) -> u64 {
        number / 5 * 5 + number % 3
    }

    pub fn role(self, guild: u64, number: u64) -> u64 {
        // The role of everyone has the guild's own id.
        if number == 0 {
            self.guild(guild)
        } else {
            snowflake(3, guild * 1000 + number)
        }
    }

    /// The member at this place of the guild: some are in many guilds.
    pub fn user_of(self, guild: u64, place: u64) -> u64 {
        if place % 10 == 0 {
            mixed(guild ^ place) % 1000
        } else {
            1000 + guild * 100_000 + place
        }
    }
}

pub fn user_id(number: u64) -> u64 {
    snowflake(4, number)
}

/// Of some moment in the years 2018 to 2026, with the kind in the bits that Discord gives its workers.
pub fn snowflake(kind: u64, number: u64) -> u64 {
    let moment = 95_000_000_000 + mixed(kind << 56 ^ number) % 260_000_000_000;
    (moment << 22) | (kind << 12) | (number & 0xFFF)
}

/// A snowflake of the present, growing with `count`.
pub fn fresh(count: u64) -> u64 {
    ((370_000_000_000 + count * 3) << 22) | (count & 0xFFF)
}

pub fn hash(out: &mut String, of: u64) {
    let _ = write!(out, "{:016x}{:016x}", mixed(of), mixed(of ^ 0xABCD));
}

/// `"hash"` or `null`.
pub fn image(out: &mut String, of: u64, percent: u64) {
    if mixed(of ^ 0x1111) % 100 < percent {
        out.push('"');
        if mixed(of) % 7 == 0 {
            out.push_str("a_");
        }
        hash(out, of);
        out.push('"');
    } else {
        out.push_str("null");
    }
}

pub fn time(out: &mut String, of: u64) {
    let rest = mixed(of ^ 0x7157);
    let _ = write!(
        out,
        "\"20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}000+00:00\"",
        19 + rest % 8,
        1 + rest / 8 % 12,
        1 + rest / 96 % 28,
        rest / 4096 % 24,
        rest / 131_072 % 60,
        rest / 8_388_608 % 60,
        rest >> 40 & 0x1FF,
    );
}

pub fn word(of: u64) -> &'static str {
    WORDS[usize::try_from(mixed(of) % WORDS.len() as u64).expect("a short list")]
}

/// So many words, with now and then a mark, a quote, an emoji or a line break.
pub fn text(out: &mut String, chance: &mut Chance, words: u64) {
    for place in 0..words {
        if place > 0 {
            out.push(' ');
        }
        out.push_str(word(chance.next()));
        match chance.below(40) {
            0 => out.push_str(" \u{1F35E}"),
            1 => out.push_str("\\n"),
            2 => out.push_str(" \\\"so\\\""),
            3..=6 => out.push(','),
            7 => out.push_str("é"),
            _ => {}
        }
    }
}

pub fn user(out: &mut String, number: u64) {
    let (one, two) = (mixed(number ^ 0x55), mixed(number ^ 0xAA));
    let id = user_id(number);
    let _ = write!(
        out,
        r#"{{"username":"{}{}_{}","public_flags":{},"#,
        word(one),
        word(two),
        one % 10_000,
        [0, 0, 0, 64, 128, 256, 4_194_304][usize::try_from(two % 7).expect("below 7")],
    );
    if two % 12 == 0 {
        let _ = write!(
            out,
            r#""primary_guild":{{"tag":"{}","identity_guild_id":"{}","identity_enabled":true,"badge":""#,
            &word(one).to_uppercase().get(..3).unwrap_or("OVN"),
            snowflake(1, one % 5000),
        );
        hash(out, one);
        out.push_str("\"},");
    } else {
        out.push_str(r#""primary_guild":null,"#);
    }
    let _ = write!(out, r#""id":"{id}","global_name":"#);
    if one % 5 == 0 {
        out.push_str("null");
    } else {
        let _ = write!(out, "\"{} {}\"", word(two), word(one));
    }
    out.push_str(r#","discriminator":"0","collectibles":"#);
    if one % 15 == 0 {
        let _ = write!(
            out,
            r#"{{"nameplate":{{"sku_id":"{}","palette":"forest","label":"","asset":"nameplates/nameplates/{}/"}}}}"#,
            snowflake(9, one % 50),
            word(one)
        );
    } else {
        out.push_str("null");
    }
    if number % 50 == 0 {
        out.push_str(r#","bot":true"#);
    }
    out.push_str(r#","avatar_decoration_data":"#);
    if two % 9 == 0 {
        let _ = write!(
            out,
            r#"{{"sku_id":"{}","expires_at":null,"asset":"a_"#,
            snowflake(9, two % 90)
        );
        hash(out, two % 90);
        out.push_str("\"}");
    } else {
        out.push_str("null");
    }
    out.push_str(r#","avatar":"#);
    image(out, number, 80);
    out.push('}');
}

/// The fields of a member behind the brace that opens.
pub fn member_fields(out: &mut String, world: World, guild: u64, number: u64) {
    let of = mixed(number ^ guild << 40);
    out.push_str(r#""roles":["#);
    for place in 0..of % 6 {
        if place > 0 {
            out.push(',');
        }
        let role = 1 + mixed(of ^ place) % (world.roles - 1);
        let _ = write!(out, "\"{}\"", world.role(guild, role));
    }
    out.push_str(r#"],"premium_since":"#);
    if of % 20 == 0 {
        time(out, of);
    } else {
        out.push_str("null");
    }
    out.push_str(r#","pending":false,"nick":"#);
    if of % 3 == 0 {
        let _ = write!(out, "\"{} of {}\"", word(of), word(of ^ 1));
    } else {
        out.push_str("null");
    }
    out.push_str(r#","mute":false,"joined_at":"#);
    time(out, of ^ 2);
    let _ = write!(
        out,
        r#","flags":{},"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":"#,
        [0, 0, 2, 10][usize::try_from(of >> 8 & 3).expect("below 4")]
    );
    image(out, of, 5);
}

/// A member with its user.
pub fn member(out: &mut String, world: World, guild: u64, number: u64) {
    out.push_str("{\"user\":");
    user(out, number);
    out.push(',');
    member_fields(out, world, guild, number);
    out.push('}');
}

/// What a guild's own event tells of it.
pub fn guild(out: &mut String, world: World, number: u64) {
    let id = world.guild(number);
    let of = mixed(id);
    let _ = write!(
        out,
        r#"{{"id":"{id}","name":"{} and {} {}","icon":"#,
        word(of),
        word(of ^ 1),
        number
    );
    image(out, of, 90);
    let _ = write!(
        out,
        r#","splash":null,"discovery_splash":null,"owner_id":"{}","region":"deprecated","afk_channel_id":null,"afk_timeout":300,"widget_enabled":false,"widget_channel_id":null,"verification_level":{},"default_message_notifications":1,"explicit_content_filter":2,"features":["NEWS","COMMUNITY","ANIMATED_ICON","AUTO_MODERATION"],"mfa_level":0,"application_id":null,"system_channel_id":"{}","system_channel_flags":0,"rules_channel_id":"{}","max_presences":null,"max_members":500000,"vanity_url_code":null,"description":null,"banner":null,"premium_tier":{},"premium_subscription_count":{},"preferred_locale":"en-US","public_updates_channel_id":"{}","max_video_channel_users":25,"max_stage_video_channel_users":50,"nsfw_level":0,"nsfw":false,"premium_progress_bar_enabled":false,"safety_alerts_channel_id":null,"incidents_data":null,"home_header":null,"hub_type":null,"inventory_settings":null,"latest_onboarding_question_id":null,"owner_configured_content_level":5,"version":{},"lazy":true,"joined_at":"#,
        user_id(world.user_of(number, 1)),
        of % 5,
        world.channel(number, 1),
        world.channel(number, 2),
        of % 4,
        of % 30,
        world.channel(number, 3),
        1_700_000_000_000_u64 + of % 1_000_000,
    );
    time(out, of);
    let _ = write!(
        out,
        r#","large":true,"member_count":{},"roles":["#,
        world.members * 9
    );
    list(out, world.roles, |out, place| {
        let role = world.role(number, place);
        let of = mixed(role);
        let _ = write!(
            out,
            r#"{{"id":"{role}","name":"{}","description":null,"permissions":"{}","position":{place},"color":{},"colors":{{"primary_color":{},"secondary_color":null,"tertiary_color":null}},"hoist":{},"managed":false,"mentionable":{},"icon":null,"unicode_emoji":null,"flags":0,"version":{},"tags":{{}}}}"#,
            if place == 0 { "@everyone" } else { word(of) },
            of % (1 << 45),
            of % 0xFF_FFFF,
            of % 0xFF_FFFF,
            of % 4 == 0,
            of % 5 == 0,
            1_700_000_000_000_u64 + of % 1_000_000,
        );
    });
    out.push_str(r#"],"emojis":["#);
    list(out, 12, |out, place| {
        let _ = write!(
            out,
            r#"{{"id":"{}","name":"{}_{place}","roles":[],"require_colons":true,"managed":false,"animated":{},"available":true}}"#,
            snowflake(5, number * 1000 + place),
            word(of ^ place),
            place % 3 == 0
        );
    });
    out.push_str(r#"],"stickers":[],"voice_states":["#);
    list(out, 3, |out, place| {
        let user = world.user_of(number, place);
        voice_state(out, world, number, user, place, false);
    });
    out.push_str(r#"],"members":["#);
    list(out, world.members, |out, place| {
        member(out, world, number, world.user_of(number, place));
    });
    out.push_str(r#"],"channels":["#);
    list(out, world.channels, |out, place| {
        channel(out, world, number, place, false);
    });
    out.push_str(r#"],"threads":[],"presences":["#);
    list(out, world.members.min(20), |out, place| {
        let user = world.user_of(number, place);
        let _ = write!(
            out,
            r#"{{"user":{{"id":"{}"}},"status":"online","client_status":{{"desktop":"online"}},"activities":[]}}"#,
            user_id(user)
        );
    });
    out.push_str(
        r#"],"stage_instances":[],"guild_scheduled_events":[],"soundboard_sounds":[],"application_command_counts":{},"embedded_activities":[],"unavailable":false}"#,
    );
}

pub fn channel(out: &mut String, world: World, guild: u64, place: u64, with_guild: bool) {
    let id = world.channel(guild, place);
    let of = mixed(id);
    let kind = [0, 0, 0, 2, 4][usize::try_from(place % 5).expect("below 5")];
    let _ = write!(out, r#"{{"id":"{id}","type":{kind},"#);
    if with_guild {
        let _ = write!(out, r#""guild_id":"{}","#, world.guild(guild));
    }
    let _ = write!(
        out,
        r#""name":"{}-{}","position":{place},"flags":0,"parent_id":null,"permission_overwrites":["#,
        word(of),
        word(of ^ 1),
    );
    list(out, of % 4, |out, place| {
        let _ = write!(
            out,
            r#"{{"id":"{}","type":0,"allow":"{}","deny":"{}"}}"#,
            world.role(guild, mixed(of ^ place) % world.roles),
            of % (1 << 40),
            (of >> 8) % (1 << 40),
        );
    });
    out.push(']');
    match kind {
        0 => {
            let _ = write!(
                out,
                r#","topic":"{} the {} with {}","nsfw":false,"last_message_id":"{}","rate_limit_per_user":0,"icon_emoji":{{"name":"👋","id":null}},"theme_color":null,"version":1"#,
                word(of >> 3),
                word(of >> 4),
                word(of >> 5),
                snowflake(7, of),
            );
        }
        2 => out.push_str(
            r#","nsfw":false,"bitrate":64000,"user_limit":0,"rtc_region":null,"rate_limit_per_user":0,"last_message_id":null,"version":1"#,
        ),
        _ => out.push_str(r#","version":1"#),
    }
    out.push('}');
}

pub fn voice_state(
    out: &mut String,
    world: World,
    guild: u64,
    user: u64,
    of: u64,
    with_member: bool,
) {
    out.push('{');
    if with_member {
        out.push_str("\"member\":");
        member(out, world, guild, user);
        let _ = write!(out, r#","guild_id":"{}","#, world.guild(guild));
    }
    let _ = write!(out, r#""user_id":"{}","channel_id":"#, user_id(user));
    if mixed(of) % 4 == 0 {
        out.push_str("null");
    } else {
        let _ = write!(out, "\"{}\"", world.channel(guild, 3));
    }
    out.push_str(r#","session_id":""#);
    hash(out, mixed(of ^ user));
    let _ = write!(
        out,
        r#"","suppress":false,"self_video":{},"self_mute":{},"self_deaf":false,"request_to_speak_timestamp":null,"mute":false,"deaf":false}}"#,
        mixed(of ^ 3) % 5 == 0,
        mixed(of ^ 4) % 2 == 0,
    );
}

/// So many of them with commas between.
pub fn list(out: &mut String, count: u64, mut one: impl FnMut(&mut String, u64)) {
    for place in 0..count {
        if place > 0 {
            out.push(',');
        }
        one(out, place);
    }
}

const WORDS: &[&str] = &[
    "oven", "dough", "crust", "crumb", "flour", "yeast", "salt", "water", "honey", "butter",
    "sugar", "rye", "wheat", "barley", "bread", "bun", "roll", "cake", "tart", "pie", "warm",
    "cold", "slow", "quick", "early", "late", "again", "never", "always", "maybe", "today",
    "tomorrow", "morning", "evening", "fire", "smoke", "stone", "brick", "wood", "coal", "table",
    "knife", "bowl", "spoon", "basket", "window", "street", "market", "river", "garden", "apple",
    "plum", "cherry", "walnut", "almond", "poppy", "sesame", "cinnamon", "ginger", "lemon", "we",
    "you", "they", "it", "who", "and", "or", "but", "not", "with", "without", "over", "under",
    "into", "from", "to", "is", "was", "will", "can", "should", "bake", "knead", "fold", "rise",
    "rest", "slice", "taste", "share", "carry", "wait", "look", "think", "say", "the", "a", "one",
    "two", "three", "many", "few",
];
