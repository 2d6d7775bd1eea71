//! Who is named in a message and told of it.

use serde_json::Value;

use crate::{
    failure::Failure,
    json::{Fields, Object, snowflake},
};

use super::super::{World, component, permission};

/// The mentions of a message that count.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    pub(super) everyone: bool,
    users: Vec<u64>,
    roles: Vec<u64>,
}

impl Mentions {
    pub(super) fn users(&self, world: &World) -> Vec<Value> {
        self.users.iter().map(|user| world.user(*user)).collect()
    }

    pub(super) fn roles(&self) -> Vec<Value> {
        self.roles
            .iter()
            .map(|role| role.to_string().into())
            .collect()
    }

    pub(super) fn people(&self) -> Vec<u64> {
        self.users.clone()
    }
}

impl World {
    /// Reads the mentions out of a message's texts, as far as the sender lets them count: without
    /// `allowed_mentions` all of them do, with it only what it names.
    pub(super) fn mentions(
        &self,
        channel: u64,
        author: u64,
        stamp: &Object,
        body: &Object,
        replied: Option<u64>,
    ) -> Mentions {
        let allowed = Allowed::read(body);
        let guild = self
            .channel_guild(channel)
            .and_then(|guild| self.guilds.get(&guild));
        let by_webhook = stamp.contains_key("webhook_id") && stamp.contains_key("author");
        let loud = by_webhook
            || self.channel_permissions(channel, author) & permission::MENTION_EVERYONE != 0;
        let mut mentions = Mentions::default();
        let mut take = |text: &str| {
            let names_all = text.contains("@everyone") || text.contains("@here");
            mentions.everyone |= names_all && loud && allowed.everyone && guild.is_some();
            for user in named(text, "<@") {
                if self.users.contains_key(&user) && allowed.users.has(user) {
                    push_new(&mut mentions.users, user);
                }
            }
            for role in named(text, "<@&") {
                let known = guild.and_then(|guild| guild.roles.get(&role));
                let open =
                    known.is_some_and(|known| loud || known.flag("mentionable") == Some(true));
                if open && allowed.roles.has(role) {
                    push_new(&mut mentions.roles, role);
                }
            }
        };
        take(body.text("content").unwrap_or_default());
        component::walk(body.list("components"), &mut |part| {
            if part.int("type") == Some(component::TEXT_DISPLAY) {
                take(part.text("content").unwrap_or_default());
            }
        });
        if let Some(replied) = replied.filter(|_| allowed.replied) {
            push_new(&mut mentions.users, replied);
        }
        mentions
    }
}

/// Refuses what names the same twice: `parse` says all, a list says some.
pub(super) fn check(body: &Object) -> Result<(), Failure> {
    let Some(asked) = body.get("allowed_mentions").and_then(Value::as_object) else {
        return Ok(());
    };
    let parsed = asked.list("parse");
    for kind in ["users", "roles"] {
        let all = parsed.iter().any(|one| one.as_str() == Some(kind));
        if all && !asked.list(kind).is_empty() {
            return Err(Failure::form(
                &["allowed_mentions"],
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                &format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive."),
            ));
        }
    }
    Ok(())
}

/// What `allowed_mentions` says.
#[derive(Debug)]
struct Allowed {
    everyone: bool,
    users: Which,
    roles: Which,
    replied: bool,
}

#[derive(Debug)]
enum Which {
    All,
    These(Vec<u64>),
}

impl Allowed {
    fn read(body: &Object) -> Self {
        let Some(asked) = body.get("allowed_mentions").and_then(Value::as_object) else {
            return Self {
                everyone: true,
                users: Which::All,
                roles: Which::All,
                replied: true,
            };
        };
        let parses = |kind: &str| {
            let parsed = asked.list("parse");
            parsed.iter().any(|one| one.as_str() == Some(kind))
        };
        let which = |kind: &str| {
            if parses(kind) {
                Which::All
            } else {
                Which::These(asked.list(kind).iter().filter_map(snowflake).collect())
            }
        };
        Self {
            everyone: parses("everyone"),
            users: which("users"),
            roles: which("roles"),
            replied: asked.flag("replied_user").unwrap_or(false),
        }
    }
}

impl Which {
    fn has(&self, id: u64) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(&id),
        }
    }
}

/// The ids in `<@123>`, `<@!123>` or `<@&123>`, by the opening given.
pub(in crate::world) fn named<'a>(
    text: &'a str,
    opening: &'static str,
) -> impl Iterator<Item = u64> + 'a {
    text.split(opening).skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once('>')?;
        inside.strip_prefix('!').unwrap_or(inside).parse().ok()
    })
}

fn push_new(list: &mut Vec<u64>, id: u64) {
    if !list.contains(&id) {
        list.push(id);
    }
}
