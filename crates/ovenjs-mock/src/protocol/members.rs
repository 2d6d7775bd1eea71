//! Request Guild Members, and the chunks that answer it.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::{
    json::{Fields, Object, object, snowflake},
    world::World,
};

use super::{
    Gateway,
    answer::REQUEST_GUILD_MEMBERS,
    close::{self, Reason},
    intents::{GUILD_MEMBERS, GUILD_PRESENCES},
};

/// Whose members are asked for.
enum Asked<'a> {
    All,
    Named(Vec<u64>),
    Beginning(&'a str, usize),
}

impl Gateway {
    pub(super) fn members(
        &mut self,
        session: u64,
        data: &Object,
        world: &World,
    ) -> Result<(), Reason> {
        let guild = data.key("guild_id").ok_or(close::DECODE)?;
        let asked = read(data).ok_or(close::DECODE)?;
        let nonce = data.text("nonce");
        if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE) {
            self.warn("a nonce is longer than 32 bytes, and Discord ignores it");
        }
        let nonce = nonce.filter(|nonce| nonce.len() <= MAX_NONCE);
        let intents = self.sessions.get(session).map_or(0, |known| known.intents);
        if !self.is_on_shard(session, guild) || !world.guilds.contains_key(&guild) {
            self.warn("the members of a guild were asked for that is not on this shard");
            return Ok(());
        }
        if matches!(asked, Asked::All) {
            if intents & GUILD_MEMBERS == 0 {
                // Discord says nothing, and clients wait in vain; the box at least writes it down.
                self.warn(
                    "all members of a guild were asked for without the GUILD_MEMBERS intent, \
                     which Discord does not answer",
                );
                return Ok(());
            }
            if let Some(wait) = self.must_wait(guild) {
                let mut meta = object(json!({ "guild_id": guild.to_string() }));
                if let Some(nonce) = nonce {
                    meta.set("nonce", nonce);
                }
                let event = json!({
                    "opcode": REQUEST_GUILD_MEMBERS,
                    "retry_after": wait.as_secs_f64(),
                    "meta": meta,
                });
                self.send(session, "RATE_LIMITED", event);
                return Ok(());
            }
            self.members_asked.insert(guild, self.now);
        }
        if matches!(&asked, Asked::Named(ids) if ids.len() > MAX_ASKED) {
            self.warn(
                "more than 100 members were named in one request, and the rest is passed over",
            );
        }
        let with_presences = data.flag("presences") == Some(true);
        if with_presences && intents & GUILD_PRESENCES == 0 {
            self.warn("presences were asked for without the GUILD_PRESENCES intent");
        }
        let with_presences = with_presences && intents & GUILD_PRESENCES != 0;
        let (found, missing) = find(guild, &asked, world);
        let chunks: Vec<&[u64]> = if found.is_empty() {
            vec![&[]]
        } else {
            found.chunks(CHUNK).collect()
        };
        let count = chunks.len();
        for (index, chunk) in chunks.into_iter().enumerate() {
            let members: Vec<Value> = chunk
                .iter()
                .filter_map(|user| world.member(guild, *user))
                .collect();
            let mut event = object(json!({
                "guild_id": guild.to_string(),
                "members": members,
                "chunk_index": index,
                "chunk_count": count,
            }));
            if !missing.is_empty() {
                event.set("not_found", missing.clone());
            }
            if with_presences {
                let presences: Vec<Value> = chunk
                    .iter()
                    .filter_map(|user| world.presence(guild, *user))
                    .collect();
                event.set("presences", presences);
            }
            if let Some(nonce) = nonce {
                event.set("nonce", nonce);
            }
            self.send(session, "GUILD_MEMBERS_CHUNK", Value::Object(event));
        }
        Ok(())
    }

    /// How long until all members of a guild may be asked for again.
    fn must_wait(&self, guild: u64) -> Option<Duration> {
        let last = self.members_asked.get(&guild)?;
        let left = ALL_MEMBERS_EVERY.checked_sub(self.now.saturating_duration_since(*last))?;
        (!left.is_zero()).then_some(left)
    }
}

/// A request names users, or a beginning of names, and not both.
fn read(data: &Object) -> Option<Asked<'_>> {
    let limit = data.int("limit").and_then(|n| usize::try_from(n).ok());
    let named = data.get("user_ids").filter(|ids| !ids.is_null());
    match (named, data.text("query")) {
        (Some(_), Some(query)) if !query.is_empty() => None,
        (Some(Value::Array(ids)), _) => {
            Some(Asked::Named(ids.iter().filter_map(snowflake).collect()))
        }
        (Some(one), _) => Some(Asked::Named(snowflake(one).into_iter().collect())),
        (None, Some("")) if limit == Some(0) => Some(Asked::All),
        // A search has a limit.
        (None, Some(query)) => Some(Asked::Beginning(query, limit?)),
        (None, None) => None,
    }
}

/// The members that are asked for, and the ids of which none is a member.
fn find(guild: u64, asked: &Asked<'_>, world: &World) -> (Vec<u64>, Vec<String>) {
    let Some(room) = world.guilds.get(&guild) else {
        return (Vec::new(), Vec::new());
    };
    match asked {
        Asked::All => (room.members.keys().copied().collect(), Vec::new()),
        Asked::Named(ids) => {
            // Whoever is named twice is found once.
            let mut named = BTreeSet::new();
            let asked = ids.iter().take(MAX_ASKED).filter(|id| named.insert(**id));
            let (found, missing): (Vec<u64>, Vec<u64>) =
                asked.partition(|id| room.members.contains_key(id));
            (found, missing.iter().map(u64::to_string).collect())
        }
        Asked::Beginning(query, limit) => {
            let query = query.to_lowercase();
            let most = match limit {
                0 => MAX_ASKED,
                limit => (*limit).min(MAX_ASKED),
            };
            let begins = |id: &u64| {
                let user = world.users.get(id);
                let nick = room.members.get(id).and_then(|member| member.text("nick"));
                let name = user.and_then(|user| user.text("username"));
                let mut names = [nick, name].into_iter().flatten();
                names.any(|name| name.to_lowercase().starts_with(&query))
            };
            let found = room.members.keys().copied().filter(begins);
            (found.take(most).collect(), Vec::new())
        }
    }
}

/// Members in one GUILD_MEMBERS_CHUNK.
const CHUNK: usize = 1000;

/// Users that one request may name or a prefix may find.
const MAX_ASKED: usize = 100;

/// A longer nonce is ignored.
const MAX_NONCE: usize = 32;

/// How often all members of a guild may be asked for.
const ALL_MEMBERS_EVERY: Duration = Duration::from_secs(30);
