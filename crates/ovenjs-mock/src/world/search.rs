//! Finding messages of a guild.

use serde_json::Value;

use crate::json::{Fields, snowflake};

use super::{World, message::Message, permission};

/// What is looked for. An empty list asks for nothing.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) content: Option<String>,
    pub(crate) channels: Vec<u64>,
    pub(crate) authors: Vec<u64>,
    /// `user`, `bot`, `webhook`; a minus in front leaves them out.
    pub(crate) author_types: Vec<String>,
    pub(crate) mentions: Vec<u64>,
    pub(crate) mentioned_roles: Vec<u64>,
    pub(crate) mention_everyone: Option<bool>,
    pub(crate) pinned: Option<bool>,
    /// `link`, `embed`, `file` and so on; a minus in front leaves them out.
    pub(crate) has: Vec<String>,
    pub(crate) embed_types: Vec<String>,
    pub(crate) embed_providers: Vec<String>,
    pub(crate) link_hostnames: Vec<String>,
    pub(crate) filenames: Vec<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) replied_users: Vec<u64>,
    pub(crate) replied_messages: Vec<u64>,
    pub(crate) min_id: Option<u64>,
    pub(crate) max_id: Option<u64>,
    pub(crate) nsfw: bool,
    pub(crate) by_relevance: bool,
    pub(crate) ascending: bool,
}

impl World {
    /// Channel and id of all messages that fit and that the bot may read, in the asked order.
    pub(crate) fn find_messages(&self, guild: u64, query: &Query) -> Vec<(u64, u64)> {
        let readable = |id: u64| {
            let bits = permission::VIEW_CHANNEL | permission::READ_MESSAGE_HISTORY;
            self.channel_permissions(id, self.bot) & bits == bits
        };
        let mut found: Vec<(usize, u64, u64)> = self
            .channels
            .iter()
            .filter(|(id, room)| {
                let in_it = query.channels.is_empty() || query.channels.contains(id);
                let tame = query.nsfw || room.object.flag("nsfw") != Some(true);
                room.guild == Some(guild) && in_it && tame && readable(**id)
            })
            .flat_map(|(channel, room)| {
                room.messages
                    .iter()
                    .map(move |(id, one)| (*channel, *id, one))
            })
            .filter(|(_, id, one)| one.only_for.is_none() && self.fits(query, *id, one))
            .map(|(channel, id, one)| (relevance(query, one), channel, id))
            .collect();
        found.sort_unstable_by(|a, b| {
            let order = a.2.cmp(&b.2);
            let order = if query.ascending {
                order
            } else {
                order.reverse()
            };
            if query.by_relevance {
                b.0.cmp(&a.0).then(order)
            } else {
                order
            }
        });
        found
            .into_iter()
            .map(|(_, channel, id)| (channel, id))
            .collect()
    }

    fn fits(&self, query: &Query, id: u64, message: &Message) -> bool {
        let object = &message.object;
        let content = object.text("content").unwrap_or_default().to_lowercase();
        let listed = |key: &str, wanted: &[u64]| {
            wanted.is_empty()
                || object.list(key).iter().any(|one| {
                    let id = snowflake(one).or_else(|| one.get("id").and_then(snowflake));
                    id.is_some_and(|id| wanted.contains(&id))
                })
        };
        let replied = object.get("message_reference").and_then(Value::as_object);
        let replied = replied.filter(|_| object.int("type") == Some(19));
        let replied_to = replied.and_then(|reference| reference.key("message_id"));
        let words_fit = query.content.as_deref().is_none_or(|wanted| {
            wanted
                .to_lowercase()
                .split_whitespace()
                .all(|word| content.contains(word))
        });
        words_fit
            && query.min_id.is_none_or(|min| id > min)
            && query.max_id.is_none_or(|max| id < max)
            && (query.authors.is_empty()
                || message
                    .author()
                    .is_some_and(|author| query.authors.contains(&author)))
            && fits_signs(&query.author_types, |kind| author_is(message, kind))
            && fits_signs(&query.has, |what| has(message, what))
            && listed("mentions", &query.mentions)
            && listed("mention_roles", &query.mentioned_roles)
            && query
                .mention_everyone
                .is_none_or(|wanted| object.flag("mention_everyone") == Some(wanted))
            && query
                .pinned
                .is_none_or(|wanted| object.flag("pinned") == Some(wanted))
            && (query.replied_messages.is_empty()
                || replied_to.is_some_and(|id| query.replied_messages.contains(&id)))
            && (query.replied_users.is_empty()
                || self
                    .replied_author(object)
                    .is_some_and(|user| query.replied_users.contains(&user)))
            && any(
                &query.filenames,
                object.list("attachments"),
                "/filename",
                |name, wanted| name.to_lowercase().contains(&wanted.to_lowercase()),
            )
            && any(
                &query.extensions,
                object.list("attachments"),
                "/filename",
                |name, wanted| {
                    name.rsplit_once('.')
                        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case(wanted))
                },
            )
            && any(
                &query.embed_types,
                object.list("embeds"),
                "/type",
                |kind, wanted| kind == wanted,
            )
            && any(
                &query.embed_providers,
                object.list("embeds"),
                "/provider/name",
                |name, wanted| name.eq_ignore_ascii_case(wanted),
            )
            && (query.link_hostnames.is_empty()
                || hostnames(&content).any(|host| {
                    query
                        .link_hostnames
                        .iter()
                        .any(|wanted| wanted.eq_ignore_ascii_case(host))
                }))
    }
}

/// Whether one of the plain words holds, and none of those with a minus.
fn fits_signs(words: &[String], holds: impl Fn(&str) -> bool) -> bool {
    let (without, with): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| word.starts_with('-'));
    let excluded = without
        .iter()
        .any(|word| holds(word.strip_prefix('-').unwrap_or(word)));
    !excluded && (with.is_empty() || with.iter().any(|word| holds(word)))
}

fn author_is(message: &Message, kind: &str) -> bool {
    let webhook = message.webhook().is_some();
    let bot = message
        .object
        .get("author")
        .and_then(|author| author.get("bot")?.as_bool())
        .unwrap_or(false);
    match kind {
        "webhook" => webhook,
        "bot" => bot && !webhook,
        _ => !bot && !webhook,
    }
}

fn has(message: &Message, what: &str) -> bool {
    let object = &message.object;
    let attached = |class: &str| {
        object.list("attachments").iter().any(|one| {
            let kind = one.get("content_type").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.starts_with(class))
        })
    };
    match what {
        "link" => hostnames(object.text("content").unwrap_or_default())
            .next()
            .is_some(),
        "embed" => !object.list("embeds").is_empty(),
        "file" => !object.list("attachments").is_empty(),
        "image" => attached("image/"),
        "video" => attached("video/"),
        "sound" => attached("audio/"),
        "sticker" => !object.list("sticker_items").is_empty(),
        "poll" => message.has_poll(),
        "snapshot" => !object.list("message_snapshots").is_empty(),
        _ => false,
    }
}

fn any(
    wanted: &[String],
    list: &[Value],
    pointer: &str,
    fits: impl Fn(&str, &str) -> bool,
) -> bool {
    wanted.is_empty()
        || list
            .iter()
            .filter_map(|one| one.pointer(pointer)?.as_str())
            .any(|text| wanted.iter().any(|wanted| fits(text, wanted)))
}

/// The hosts of the links in a text.
fn hostnames(content: &str) -> impl Iterator<Item = &str> {
    content
        .split_whitespace()
        .filter_map(|word| {
            word.strip_prefix("https://")
                .or_else(|| word.strip_prefix("http://"))
        })
        .filter_map(|rest| rest.split(['/', '?', '#', ':']).next())
        .filter(|host| !host.is_empty())
}

/// How often the words occur.
fn relevance(query: &Query, message: &Message) -> usize {
    let content = message
        .object
        .text("content")
        .unwrap_or_default()
        .to_lowercase();
    let words = query.content.as_deref().unwrap_or_default().to_lowercase();
    words
        .split_whitespace()
        .map(|word| content.matches(word).count())
        .sum()
}
