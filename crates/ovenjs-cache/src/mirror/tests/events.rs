//! Events about few things, so that they meet again.

use std::ops::Range;

use serde_json::{Value, json};

use super::model::{id, without};
use crate::packed::{Shape, shapes::*, tests::Dice};

/// An event about few things, so that they meet again.
pub(super) fn event(dice: &mut Dice) -> (&'static str, Value) {
    let guild = dice.among(GUILDS);
    let of_guild = |mut payload: Value| {
        payload["guild_id"] = id(guild);
        payload
    };
    match dice.below(56) {
        0..=3 => ("GUILD_CREATE", dice.guild(guild)),
        4 => {
            let mut update = dice.guild(guild);
            for only_with_create in ["joined_at", "large", "member_count", "unavailable"] {
                update.as_object_mut().unwrap().remove(only_with_create);
            }
            ("GUILD_UPDATE", update)
        }
        5 => (
            "GUILD_DELETE",
            json!({"id": id(guild), "unavailable": dice.below(2) == 0}),
        ),
        6..=8 => {
            let name = ["CHANNEL_CREATE", "CHANNEL_UPDATE"][dice.small(2)];
            let channel = dice.channel();
            (
                name,
                if dice.below(6) == 0 {
                    without(channel, "guild_id")
                } else {
                    of_guild(channel)
                },
            )
        }
        9 => {
            let gone = json!({"id": id(dice.among(CHANNELS)), "type": 0});
            (
                "CHANNEL_DELETE",
                if dice.below(3) == 0 {
                    gone
                } else {
                    of_guild(gone)
                },
            )
        }
        10..=12 => (
            ["THREAD_CREATE", "THREAD_UPDATE"][dice.small(2)],
            of_guild(dice.thread()),
        ),
        13 => (
            "THREAD_DELETE",
            of_guild(json!({"id": id(dice.among(THREADS)), "type": 11})),
        ),
        14 => {
            let mut sync = json!({"threads": dice.list(2, Dice::thread)});
            let member = json!({"id": id(dice.among(THREADS)), "user_id": id(BOT), "flags": 3, "join_timestamp": "2026-01-01T00:00:00Z"});
            sync["members"] = json!([member]);
            if dice.below(2) == 0 {
                sync["channel_ids"] = json!([id(dice.among(CHANNELS))]);
            }
            ("THREAD_LIST_SYNC", of_guild(sync))
        }
        15 => (
            "THREAD_MEMBER_UPDATE",
            of_guild(
                json!({"id": id(dice.among(THREADS)), "user_id": id(BOT), "flags": dice.below(9)}),
            ),
        ),
        16 => {
            let removed = [BOT, 80][dice.small(2)];
            (
                "THREAD_MEMBERS_UPDATE",
                of_guild(
                    json!({"id": id(dice.among(THREADS)), "member_count": dice.below(50), "removed_member_ids": [id(removed)]}),
                ),
            )
        }
        17 => {
            let pinned = [json!("2026-01-01T00:00:00Z"), Value::Null][dice.small(2)].clone();
            let channel = if dice.below(2) == 0 {
                dice.among(CHANNELS)
            } else {
                dice.among(THREADS)
            };
            (
                "CHANNEL_PINS_UPDATE",
                of_guild(json!({"channel_id": id(channel), "last_pin_timestamp": pinned})),
            )
        }
        18 | 19 => (
            ["GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE"][dice.small(2)],
            of_guild(json!({"role": dice.role()})),
        ),
        20 => (
            "GUILD_ROLE_DELETE",
            of_guild(json!({"role_id": id(dice.among(ROLES))})),
        ),
        21..=23 => (
            ["GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE"][dice.small(2)],
            of_guild(dice.member()),
        ),
        24 => (
            "GUILD_MEMBER_REMOVE",
            of_guild(json!({"user": {"id": id(dice.among(USERS)), "username": "x"}})),
        ),
        25 => (
            "GUILD_MEMBERS_CHUNK",
            of_guild(
                json!({"members": dice.list(3, Dice::member), "presences": dice.list(2, Dice::presence)}),
            ),
        ),
        26 | 27 => ("PRESENCE_UPDATE", of_guild(dice.presence())),
        28 | 29 => ("VOICE_STATE_UPDATE", of_guild(dice.voice_state())),
        30 => (
            "GUILD_EMOJIS_UPDATE",
            of_guild(json!({"emojis": dice.list(3, |dice| dice.other(&EMOJI, "id"))})),
        ),
        31 => (
            "GUILD_STICKERS_UPDATE",
            of_guild(json!({"stickers": dice.list(3, |dice| dice.other(&STICKER, "id"))})),
        ),
        32 => {
            let name = ["SOUNDBOARD_SOUNDS", "GUILD_SOUNDBOARD_SOUNDS_UPDATE"][dice.small(2)];
            (
                name,
                of_guild(
                    json!({"soundboard_sounds": dice.list(3, |dice| dice.other(&SOUND, "sound_id"))}),
                ),
            )
        }
        33 => (
            [
                "GUILD_SOUNDBOARD_SOUND_CREATE",
                "GUILD_SOUNDBOARD_SOUND_UPDATE",
            ][dice.small(2)],
            of_guild(dice.other(&SOUND, "sound_id")),
        ),
        34 => (
            "GUILD_SOUNDBOARD_SOUND_DELETE",
            of_guild(json!({"sound_id": id(dice.among(OTHERS))})),
        ),
        35 => (
            [
                "STAGE_INSTANCE_CREATE",
                "STAGE_INSTANCE_UPDATE",
                "STAGE_INSTANCE_DELETE",
            ][dice.small(3)],
            of_guild(dice.other(&STAGE, "id")),
        ),
        36 => {
            let names = [
                "GUILD_SCHEDULED_EVENT_CREATE",
                "GUILD_SCHEDULED_EVENT_UPDATE",
                "GUILD_SCHEDULED_EVENT_DELETE",
            ];
            (names[dice.small(3)], of_guild(dice.scheduled_event()))
        }
        37..=39 => (
            ["MESSAGE_CREATE", "MESSAGE_UPDATE"][dice.small(2)],
            dice.message(guild),
        ),
        40 => (
            "MESSAGE_DELETE",
            of_guild(
                json!({"id": id(dice.among(MESSAGES)), "channel_id": id(dice.among(CHANNELS))}),
            ),
        ),
        41 => {
            let ids: Vec<_> = (0..3).map(|_| id(dice.among(MESSAGES))).collect();
            (
                "MESSAGE_DELETE_BULK",
                of_guild(json!({"ids": ids, "channel_id": id(dice.among(CHANNELS))})),
            )
        }
        42 => {
            let guilds: Vec<_> = GUILDS
                .filter(|_| dice.below(3) > 0)
                .map(|guild| json!({"id": id(guild)}))
                .collect();
            (
                "READY",
                json!({"user": dice.user_of(BOT), "guilds": guilds}),
            )
        }
        43 => ("USER_UPDATE", dice.user_of(BOT)),
        44 => ("MESSAGE_UPDATE", of_guild(dice.part_of_message())),
        45..=47 => (
            ["MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"][dice.small(3) / 2],
            of_guild(dice.feedback()),
        ),
        48 => (
            "MESSAGE_REACTION_REMOVE_ALL",
            of_guild(without(without(dice.feedback(), "emoji"), "member")),
        ),
        49 => ("MESSAGE_REACTION_REMOVE_EMOJI", of_guild(dice.feedback())),
        50 => {
            let member = dice.member();
            let name = ["TYPING_START", "INTERACTION_CREATE"][dice.small(2)];
            (
                name,
                of_guild(json!({"user_id": member["user"]["id"], "member": member})),
            )
        }
        51..=53 => {
            let invite = dice.invite();
            (
                ["INVITE_CREATE", "INVITE_DELETE"][dice.small(3) / 2],
                of_guild(invite),
            )
        }
        _ => (
            ["MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE"][dice.small(3) / 2],
            of_guild(dice.feedback()),
        ),
    }
}

impl Dice {
    fn small(&mut self, below: u64) -> usize {
        usize::try_from(self.below(below)).unwrap()
    }

    pub(super) fn among(&mut self, ids: Range<u64>) -> u64 {
        ids.start + self.below(ids.end - ids.start)
    }

    fn list(&mut self, most: u64, one: impl Fn(&mut Self) -> Value) -> Value {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }

    fn guild(&mut self, guild: u64) -> Value {
        let mut value = self.object(&GUILD);
        let of_guild = |mut value: Value| {
            value["guild_id"] = id(guild);
            value
        };
        value["id"] = id(guild);
        value["unavailable"] = json!(self.below(6) == 0);
        value["roles"] = self.list(3, Self::role);
        value["emojis"] = self.list(2, |dice| dice.other(&EMOJI, "id"));
        value["stickers"] = self.list(2, |dice| dice.other(&STICKER, "id"));
        value["soundboard_sounds"] = self.list(2, |dice| dice.other(&SOUND, "sound_id"));
        value["members"] = self.list(4, Self::member);
        value["channels"] = self.list(3, Self::channel);
        value["threads"] = self.list(3, Self::thread);
        value["presences"] = self.list(2, Self::presence);
        value["voice_states"] = self.list(2, |dice| without(dice.voice_state(), "member"));
        value["stage_instances"] = self.list(2, |dice| of_guild(dice.other(&STAGE, "id")));
        value["guild_scheduled_events"] = self.list(2, |dice| of_guild(dice.scheduled_event()));
        value
    }

    fn other(&mut self, shape: &Shape, key: &str) -> Value {
        let mut value = self.object(shape);
        value[key] = id(self.among(OTHERS));
        value
    }

    fn scheduled_event(&mut self) -> Value {
        let mut value = self.other(&SCHEDULED_EVENT, "id");
        value["status"] = json!(self.below(5));
        value
    }

    fn role(&mut self) -> Value {
        let mut value = self.object(&ROLE);
        value["id"] = id(self.among(ROLES));
        value
    }

    fn channel(&mut self) -> Value {
        let mut value = self.object(&CHANNEL);
        value["id"] = id(self.among(CHANNELS));
        value["type"] = json!([0, 2, 4, 15][self.small(4)]);
        value
    }

    fn thread(&mut self) -> Value {
        let mut value = self.channel();
        value["id"] = id(self.among(THREADS));
        value["type"] = json!(11);
        value["parent_id"] = id(self.among(CHANNELS));
        value
    }

    fn user_of(&mut self, user: u64) -> Value {
        let mut value = self.object(&USER);
        value["id"] = id(user);
        value
    }

    fn member(&mut self) -> Value {
        let mut value = self.object(&MEMBER);
        let user = self.among(USERS);
        value["user"] = self.user_of(user);
        value["roles"] = self.list(4, |dice| id(dice.among(ROLES)));
        value
    }

    fn presence(&mut self) -> Value {
        let mut value = self.object(&PRESENCE);
        value["user"] = json!({"id": id(self.among(USERS))});
        value
    }

    fn voice_state(&mut self) -> Value {
        let mut value = self.object(&VOICE_STATE);
        value["user_id"] = id(self.among(USERS));
        value["member"] = self.member();
        value["member"]["user"]["id"] = value["user_id"].clone();
        value
    }

    fn invite(&mut self) -> Value {
        let mut value = self.object(&INVITE);
        value["code"] = json!(["rye", "oat", "spelt"][self.small(3)]);
        value["channel_id"] = id(self.among(CHANNELS));
        value
    }

    fn message(&mut self, guild: u64) -> Value {
        let mut value = self.object(&MESSAGE);
        value["id"] = id(self.among(MESSAGES));
        value["channel_id"] = id(if self.below(3) == 0 {
            self.among(THREADS)
        } else {
            self.among(CHANNELS)
        });
        let author = self.among(USERS);
        value["author"] = self.user_of(author);
        value["member"] = without(self.member(), "user");
        if self.below(3) > 0 {
            value = without(value, "webhook_id");
        }
        value["guild_id"] = id(guild);
        if self.below(4) == 0 {
            value = without(value, "guild_id");
        }
        value["type"] = json!([0, 7, 19][self.small(3)]);
        value
    }

    /// Some fields of a message, as Discord sends them where it only adds what an address shows.
    fn part_of_message(&mut self) -> Value {
        let mut part =
            json!({"id": id(self.among(MESSAGES)), "channel_id": id(self.among(CHANNELS))});
        for (field, values) in [
            ("embeds", [json!([]), json!([{"title": "t"}])]),
            ("pinned", [json!(true), json!(false)]),
            (
                "edited_timestamp",
                [json!("2026-01-01T00:00:00Z"), Value::Null],
            ),
            ("content", [json!("rye"), json!("")]),
            ("of_tomorrow", [json!(1), json!([2])]),
        ] {
            if self.below(2) == 0 {
                part[field] = values[self.small(2)].clone();
            }
        }
        part
    }

    /// What an event of reactions or votes says, and more than one of them does.
    fn feedback(&mut self) -> Value {
        let emoji = [
            json!({"id": null, "name": "🔥"}),
            json!({"id": "95", "name": "rye"}),
        ];
        json!({
            "message_id": id(self.among(MESSAGES)),
            "channel_id": id(self.among(CHANNELS)),
            "user_id": id([BOT, 80, 81][self.small(3)]),
            "emoji": emoji[self.small(2)],
            "burst": self.below(3) == 0,
            "burst_colors": ["#00ff00"],
            "answer_id": self.below(3),
            "member": self.member(),
        })
    }
}

pub(super) const GUILDS: Range<u64> = 10..12;
pub(super) const USERS: Range<u64> = 80..85;
pub(super) const CHANNELS: Range<u64> = 30..34;
pub(super) const THREADS: Range<u64> = 40..43;
pub(super) const ROLES: Range<u64> = 50..53;
pub(super) const MESSAGES: Range<u64> = 60..70;
pub(super) const OTHERS: Range<u64> = 90..93;
pub(super) const BOT: u64 = 9;
