//! Search over the messages of a guild.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    json::{Fields, object},
    world::{Query, World, permission},
};

use super::{Call, Done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    (call.operation == "guild_search").then(|| messages(call, world))
}

fn messages(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::READ_MESSAGE_HISTORY)?;
    if let Some(early) = too_early(world) {
        return early;
    }
    let query = query(call);
    for channel in &query.channels {
        world.channel(*channel)?;
        world.bot_may(*channel, permission::READ_MESSAGE_HISTORY)?;
    }
    let found = world.find_messages(guild, &query);
    let offset = call
        .number("offset")
        .and_then(|at| usize::try_from(at).ok());
    let page: Vec<(u64, u64)> = found
        .iter()
        .copied()
        .skip(offset.unwrap_or(0))
        .take(call.limit(25))
        .collect();
    let hits: Vec<Value> = page
        .iter()
        .filter_map(|(channel, id)| {
            let mut hit = object(world.message(*channel, *id).ok()?);
            hit.set("hit", true);
            Some(json!([hit]))
        })
        .collect();
    let threads: BTreeSet<u64> = page
        .iter()
        .map(|(channel, _)| *channel)
        .filter(|channel| {
            world
                .channel(*channel)
                .is_ok_and(|room| room.thread_parent().is_some())
        })
        .collect();
    let shown: Vec<Value> = threads
        .iter()
        .filter_map(|id| world.thread(*id).ok())
        .collect();
    let members: Vec<Value> = threads
        .iter()
        .filter_map(|id| world.thread_member(*id, world.bot, false))
        .collect();
    ok(json!({
        "doing_deep_historical_index": false,
        "documents_indexed": null,
        "total_results": found.len(),
        "messages": hits,
        "threads": shown,
        "members": members,
    }))
}

/// The answer of a search that comes before its index.
pub(super) fn too_early(world: &mut World) -> Option<Done> {
    world.searches_too_early = world.searches_too_early.checked_sub(1)?;
    Some(Ok((
        202,
        Some(json!({
            "message": "Index not yet available. Try again later",
            "code": 110_000,
            "documents_indexed": 0,
            "retry_after": 2,
        })),
    )))
}

fn query(call: &Call) -> Query {
    let ids = |name: &str| -> Vec<u64> {
        let values = call.queries(name).into_iter();
        values.filter_map(|value| value.parse().ok()).collect()
    };
    let texts =
        |name: &str| -> Vec<String> { call.queries(name).into_iter().map(str::to_owned).collect() };
    let truth = |name: &str| call.query(name).map(|_| call.asks(name));
    Query {
        content: call
            .query("content")
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        channels: ids("channel_id"),
        authors: ids("author_id"),
        author_types: texts("author_type"),
        mentions: ids("mentions"),
        mentioned_roles: ids("mentions_role_id"),
        mention_everyone: truth("mention_everyone"),
        pinned: truth("pinned"),
        has: texts("has"),
        embed_types: texts("embed_type"),
        embed_providers: texts("embed_provider"),
        link_hostnames: texts("link_hostname"),
        filenames: texts("attachment_filename"),
        extensions: texts("attachment_extension"),
        replied_users: ids("replied_to_user_id"),
        replied_messages: ids("replied_to_message_id"),
        min_id: call.number("min_id"),
        max_id: call.number("max_id"),
        nsfw: call.asks("include_nsfw"),
        by_relevance: call.query("sort_by") == Some("relevance"),
        ascending: call.query("sort_order") == Some("asc"),
    }
}
