//! Auto-moderation: the rules of a guild, whom they look at, and what follows.
//!
//! Discord's own word lists and its idea of spam are secret. In their place stand words of the box's
//! own ([`PRESETS`]), and the rule that who writes the same for the fifth time within a minute
//! writes spam. `mention_raid_protection_enabled` is kept and watches for nothing.

mod text;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    time,
};

use super::{
    Draft, World,
    audit::{Entry, action as logged},
    message::named,
    permission,
    thread::Opening,
};

use text::Text;
pub(crate) use text::is_pattern;

/// Who writes what a rule may look at, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer {
    author: u64,
    channel: u64,
    /// A webhook has an id in the place of its author, and no member behind it.
    is_webhook: bool,
}

/// A rule that was broken.
#[derive(Debug)]
pub(super) struct Offence {
    rule: Object,
    guild: u64,
    user: u64,
    channel: Option<u64>,
    content: String,
    found: Found,
}

/// What broke a rule.
#[derive(Debug, Default)]
struct Found {
    keyword: Option<String>,
    matched: Option<String>,
}

impl Writer {
    pub(super) fn of(author: u64, channel: u64, message: &Object) -> Self {
        Self {
            author,
            channel,
            is_webhook: message.contains_key("webhook_id"),
        }
    }
}

impl World {
    /// The rules of a guild, oldest first.
    pub(crate) fn rules(&self, guild: u64) -> impl Iterator<Item = &Object> {
        let room = self.guilds.get(&guild).into_iter();
        room.flat_map(|room| room.rules.values())
    }

    /// Makes a rule or changes it, and tells of it.
    pub(crate) fn set_rule(&mut self, guild: u64, id: u64, rule: Object) {
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        let event = match room.rules.insert(id, rule.clone()) {
            None => "AUTO_MODERATION_RULE_CREATE",
            Some(_) => "AUTO_MODERATION_RULE_UPDATE",
        };
        self.tell_moderator(event, guild, Value::Object(rule));
    }

    /// Takes a rule away, tells of it, and gives what it was.
    pub(crate) fn remove_rule(&mut self, guild: u64, id: u64) -> Option<Object> {
        let rule = self.guilds.get_mut(&guild)?.rules.remove(&id)?;
        let data = Value::Object(rule.clone());
        self.tell_moderator("AUTO_MODERATION_RULE_DELETE", guild, data);
        Some(rule)
    }

    /// Only bots that manage the guild hear of its auto-moderation.
    fn tell_moderator(&mut self, event: &str, guild: u64, data: Value) {
        if self.guild_permissions(guild, self.bot) & permission::MANAGE_GUILD != 0 {
            self.emit(event, Some(guild), data);
        }
    }

    /// Looks at a text before it appears. Where a rule blocks it, all that the broken rules ask for is
    /// done and the text is refused; else the offences are given, for [`answer_offence`] once the
    /// text is there.
    ///
    /// [`answer_offence`]: Self::answer_offence
    pub(super) fn moderate(
        &mut self,
        writer: Writer,
        content: &str,
    ) -> Result<Vec<Offence>, Failure> {
        let offences = self.offences(writer, content);
        self.refuse(
            offences,
            BLOCKED,
            "Message was blocked by automatic moderation",
        )
    }

    /// Looks at the name of a thread before it is opened; what is alerted to is answered at once.
    pub(super) fn moderate_title(&mut self, opening: &Opening) -> Result<(), Failure> {
        let writer = Writer {
            author: opening.owner,
            channel: opening.parent,
            is_webhook: self.webhooks.contains_key(&opening.owner),
        };
        let title = opening.body.text("name").unwrap_or_default();
        let offences = self.offences(writer, title);
        let message = "Title was blocked by automatic moderation";
        let offences = self.refuse(offences, TITLE_BLOCKED, message)?;
        self.answer_offence(&offences, None);
        Ok(())
    }

    fn refuse(
        &mut self,
        offences: Vec<Offence>,
        code: u64,
        message: &str,
    ) -> Result<Vec<Offence>, Failure> {
        let blocks = offences.iter().find_map(|offence| {
            let mut actions = offence.rule.list("actions").iter();
            actions.find(|action| kind_of(action) == action::BLOCK_MESSAGE)
        });
        let Some(block) = blocks else {
            return Ok(offences);
        };
        let custom = block.pointer("/metadata/custom_message");
        let message = match custom.and_then(Value::as_str) {
            Some(custom) => format!("{message}: {custom}"),
            None => message.to_owned(),
        };
        self.answer_offence(&offences, None);
        Err(Failure::new(400, code, message))
    }

    /// The rules that a text breaks.
    fn offences(&self, writer: Writer, content: &str) -> Vec<Offence> {
        let Some(guild) = self.channel_guild(writer.channel) else {
            return Vec::new();
        };
        if self.rules(guild).next().is_none() || !self.is_watched(guild, writer) {
            return Vec::new();
        }
        let places = self.places(writer.channel);
        let text = Text::new(content);
        self.rules(guild)
            .filter(|rule| rule.int("event_type") == Some(event::MESSAGE_SEND))
            .filter(|rule| self.is_asked(guild, rule, writer.author, &places))
            .filter_map(|rule| {
                let found = match rule.int("trigger_type") {
                    Some(trigger::SPAM) => self.repeats(guild, writer.author, content),
                    Some(trigger::MENTION_SPAM) => mentions_too_many(rule, content),
                    _ => text.offends(&words(rule)),
                }?;
                Some(Offence {
                    rule: rule.clone(),
                    guild,
                    user: writer.author,
                    channel: Some(writer.channel),
                    content: content.to_owned(),
                    found,
                })
            })
            .collect()
    }

    /// Those who manage the guild are above its rules, and so are bots and webhooks.
    fn is_watched(&self, guild: u64, writer: Writer) -> bool {
        let is_machine = writer.is_webhook || self.is_bot(writer.author);
        if is_machine && !self.moderates_bots {
            return false;
        }
        self.guild_permissions(guild, writer.author) & permission::MANAGE_GUILD == 0
    }

    fn is_bot(&self, user: u64) -> bool {
        let known = self.users.get(&user);
        known.is_some_and(|user| user.flag("bot") == Some(true))
    }

    /// Whether a rule is on, and exempts neither the member by a role nor the place.
    fn is_asked(&self, guild: u64, rule: &Object, user: u64, places: &[u64]) -> bool {
        let room = self.guilds.get(&guild);
        let member = room.and_then(|room| room.members.get(&user));
        let roles: Vec<u64> = member.map_or_else(Vec::new, |member| {
            member.list("roles").iter().filter_map(snowflake).collect()
        });
        let exempts = |key: &str, mine: &[u64]| {
            let mut exempt = rule.list(key).iter().filter_map(snowflake);
            exempt.any(|id| mine.contains(&id))
        };
        rule.flag("enabled") == Some(true)
            && !exempts("exempt_roles", &roles)
            && !exempts("exempt_channels", places)
    }

    /// A channel and what it is in: a thread's channel, a category.
    fn places(&self, channel: u64) -> Vec<u64> {
        let parent = |id: &u64| self.channels.get(id)?.object.key("parent_id");
        std::iter::successors(Some(channel), parent)
            .take(MAX_DEPTH)
            .collect()
    }

    /// Whether a member has just written the same several times.
    fn repeats(&self, guild: u64, user: u64, content: &str) -> Option<Found> {
        if content.trim().is_empty() {
            return None;
        }
        let since = self.now_ms.saturating_sub(SPAM_WITHIN_MS);
        let since = since.saturating_sub(time::DISCORD_EPOCH_MS) << 22;
        let channels = self.channels.of_guild(guild);
        let same = channels
            .flat_map(|(_, room)| room.messages.range(since..))
            .filter(|(_, message)| {
                message.author() == Some(user) && message.object.text("content") == Some(content)
            })
            .count();
        (same >= SPAM_REPEATS).then(Found::default)
    }

    /// Looks at the names of a member who joins or changes them.
    pub(super) fn moderate_profile(&mut self, guild: u64, user: u64) {
        let Some(rule) = self
            .rules(guild)
            .find(|rule| rule.int("event_type") == Some(event::MEMBER_UPDATE))
            .filter(|rule| self.is_asked(guild, rule, user, &[]))
            .cloned()
        else {
            return;
        };
        let may_manage = self.guild_permissions(guild, user) & permission::MANAGE_GUILD != 0;
        if self.is_bot(user) || may_manage {
            return;
        }
        let words = words(&rule);
        let names = self.names(guild, user);
        let offence = names.into_iter().find_map(|name| {
            let found = Text::new(&name).offends(&words)?;
            Some((name, found))
        });
        match offence {
            Some((content, found)) => self.answer_offence(
                &[Offence {
                    rule,
                    guild,
                    user,
                    channel: None,
                    content,
                    found,
                }],
                None,
            ),
            // A better name ends the quarantine.
            None => self.set_quarantine(guild, user, false),
        }
    }

    fn names(&self, guild: u64, user: u64) -> Vec<String> {
        let room = self.guilds.get(&guild);
        let member = room.and_then(|room| room.members.get(&user));
        let known = self.users.get(&user);
        [
            member.and_then(|member| member.text("nick")),
            known.and_then(|user| user.text("global_name")),
            known.and_then(|user| user.text("username")),
        ]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
    }

    pub(super) fn is_quarantined(&self, guild: u64, user: u64) -> bool {
        let room = self.guilds.get(&guild);
        let member = room.and_then(|room| room.members.get(&user));
        member.is_some_and(|member| member.int("flags").unwrap_or(0) & QUARANTINED != 0)
    }

    fn set_quarantine(&mut self, guild: u64, user: u64, on: bool) {
        // Who has left in the meantime needs none.
        let _ = self.change_member(guild, user, |member| {
            let flags = member.int("flags").unwrap_or(0) & !QUARANTINED;
            member.set("flags", if on { flags | QUARANTINED } else { flags });
        });
    }

    /// Does what the broken rules ask for. `message` is the one that appeared in spite of them.
    pub(super) fn answer_offence(&mut self, offences: &[Offence], message: Option<u64>) {
        for offence in offences {
            for action in offence.rule.list("actions") {
                self.act(offence, action, message);
            }
        }
    }

    fn act(&mut self, offence: &Offence, action: &Value, message: Option<u64>) {
        let Offence { guild, user, .. } = *offence;
        let setting = |key: &str| {
            action
                .get("metadata")
                .and_then(|metadata| metadata.get(key))
        };
        let mut alert = None;
        let entry = match kind_of(action) {
            action::BLOCK_MESSAGE => logged::AUTO_MODERATION_BLOCK_MESSAGE,
            action::SEND_ALERT_MESSAGE => {
                let channel = setting("channel_id").and_then(snowflake);
                alert = channel.and_then(|channel| self.alert(channel, offence, message));
                if alert.is_none() {
                    return;
                }
                logged::AUTO_MODERATION_FLAG_TO_CHANNEL
            }
            action::TIMEOUT => {
                let seconds = setting("duration_seconds").and_then(Value::as_u64);
                let span = seconds.unwrap_or(0).saturating_mul(1000);
                let until = time::iso8601(self.now_ms.saturating_add(span));
                let silence = |member: &mut Object| {
                    member.set("communication_disabled_until", until);
                };
                if self.change_member(guild, user, silence).is_err() {
                    return;
                }
                logged::AUTO_MODERATION_USER_COMM_DISABLED
            }
            action::BLOCK_MEMBER_INTERACTION => {
                self.set_quarantine(guild, user, true);
                logged::AUTO_MODERATION_QUARANTINE_USER
            }
            _ => return,
        };
        let rule = &offence.rule;
        let trigger = rule.int("trigger_type").unwrap_or(0);
        let mut entry = Entry::new(entry, user)
            .on(user)
            .option(
                "auto_moderation_rule_name",
                rule.text("name").unwrap_or_default(),
            )
            .option("auto_moderation_rule_trigger_type", trigger);
        let mut told = object(json!({
            "guild_id": guild.to_string(),
            "action": action,
            "rule_id": rule.get("id"),
            "rule_trigger_type": trigger,
            "user_id": user.to_string(),
            "content": offence.content,
            "matched_keyword": offence.found.keyword,
            "matched_content": offence.found.matched,
        }));
        if let Some(channel) = offence.channel {
            entry = entry.option("channel_id", channel);
            told.set("channel_id", channel.to_string());
        }
        let messages = [("message_id", message), ("alert_system_message_id", alert)];
        for (key, id) in messages {
            if let Some(id) = id {
                told.set(key, id.to_string());
            }
        }
        self.record(guild, entry);
        self.tell_moderator(
            "AUTO_MODERATION_ACTION_EXECUTION",
            guild,
            Value::Object(told),
        );
    }

    /// Writes a message about an offence into a channel, in the name of who gave it.
    fn alert(&mut self, channel: u64, offence: &Offence, message: Option<u64>) -> Option<u64> {
        let place = offence.channel.map(|channel| channel.to_string());
        let facts = [
            ("rule_name", offence.rule.text("name").map(str::to_owned)),
            ("channel_id", place),
            ("keyword", offence.found.keyword.clone()),
            ("keyword_matched_content", offence.found.matched.clone()),
            ("flagged_message_id", message.map(|id| id.to_string())),
        ];
        let fields: Vec<Value> = facts
            .into_iter()
            .filter_map(|(name, value)| {
                Some(json!({ "name": name, "value": value?, "inline": false }))
            })
            .collect();
        let embed = json!({
            "type": "auto_moderation_message",
            "description": offence.content,
            "fields": fields,
        });
        let draft = Draft {
            author: offence.user,
            channel,
            stamp: object(json!({ "type": ALERT, "embeds": [embed] })),
            system: true,
            ..Draft::default()
        };
        // The channel may be gone by now.
        self.post(draft).ok()
    }
}

/// The words, patterns and exceptions of a rule about words.
#[derive(Debug, Default)]
struct Words {
    keywords: Vec<String>,
    patterns: Vec<String>,
    allowed: Vec<String>,
}

fn words(rule: &Object) -> Words {
    let Some(metadata) = rule.get("trigger_metadata").and_then(Value::as_object) else {
        return Words::default();
    };
    let list = |key: &str| -> Vec<String> {
        let texts = metadata.list(key).iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let mut keywords = list("keyword_filter");
    for preset in metadata.list("presets").iter().filter_map(Value::as_u64) {
        let of_preset = PRESETS.iter().filter(|(number, _)| *number == preset);
        keywords.extend(of_preset.map(|(_, word)| (*word).to_owned()));
    }
    Words {
        keywords,
        patterns: list("regex_patterns"),
        allowed: list("allow_list"),
    }
}

/// A member or a role named twice counts once.
fn mentions_too_many(rule: &Object, content: &str) -> Option<Found> {
    let most = rule
        .get("trigger_metadata")?
        .get("mention_total_limit")?
        .as_u64()?;
    let everyone: BTreeSet<u64> = named(content, "<@").chain(named(content, "<@&")).collect();
    let count = u64::try_from(everyone.len()).unwrap_or(u64::MAX);
    (count > most).then(Found::default)
}

fn kind_of(action: &Value) -> u64 {
    action.get("type").and_then(Value::as_u64).unwrap_or(0)
}

/// Discord's numbers of what triggers a rule, by its names.
pub(crate) mod trigger {
    pub(crate) const KEYWORD: u64 = 1;
    pub(crate) const SPAM: u64 = 3;
    pub(crate) const KEYWORD_PRESET: u64 = 4;
    pub(crate) const MENTION_SPAM: u64 = 5;
    pub(crate) const MEMBER_PROFILE: u64 = 6;
}

/// Discord's numbers of what a rule does, by its names.
pub(crate) mod action {
    pub(crate) const BLOCK_MESSAGE: u64 = 1;
    pub(crate) const SEND_ALERT_MESSAGE: u64 = 2;
    pub(crate) const TIMEOUT: u64 = 3;
    pub(crate) const BLOCK_MEMBER_INTERACTION: u64 = 4;
}

/// Discord's numbers of when a rule is asked, by its names.
pub(crate) mod event {
    pub(crate) const MESSAGE_SEND: u64 = 1;
    pub(crate) const MEMBER_UPDATE: u64 = 2;
}

/// The words of the presets, by Discord's numbers for profanity, sexual content and slurs. Nobody has
/// to read the real ones in a test.
const PRESETS: [(u64, &str); 3] = [
    (1, "mock-profanity"),
    (2, "mock-sexual-content"),
    (3, "mock-slur"),
];

/// The code of a message that is blocked, and that of a title.
pub(super) const BLOCKED: u64 = 200_000;
const TITLE_BLOCKED: u64 = 200_001;

/// The type of a message that alerts to another.
const ALERT: u64 = 24;

/// The flag of a member whose name is blocked.
const QUARANTINED: u64 = 1 << 7;

/// How often somebody may write the same within how long a time.
const SPAM_REPEATS: usize = 4;
const SPAM_WITHIN_MS: u64 = 60_000;

/// A thread is in a channel, and that in a category.
const MAX_DEPTH: usize = 3;
