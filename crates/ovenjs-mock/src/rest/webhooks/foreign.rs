//! Messages in the forms of Slack and GitHub, put into Discord's.

use serde_json::{Value, json};

use crate::json::{Fields, Object, object};

/// A Slack message: its text, its name and picture, and its attachments as embeds.
pub(super) fn slack(asked: &Object) -> Object {
    let mut body = Object::new();
    for (from, to) in [
        ("text", "content"),
        ("username", "username"),
        ("icon_url", "avatar_url"),
    ] {
        if let Some(text) = asked.text(from) {
            body.set(to, text);
        }
    }
    let embeds: Vec<Value> = asked
        .list("attachments")
        .iter()
        .filter_map(Value::as_object)
        .map(|attachment| Value::Object(embed(attachment)))
        .collect();
    body.set("embeds", embeds);
    body
}

fn embed(attachment: &Object) -> Object {
    let mut embed = Object::new();
    let text = |key: &str| attachment.text(key).filter(|text| !text.is_empty());
    if let Some(title) = text("title") {
        embed.set("title", title);
    }
    if let Some(link) = text("title_link") {
        embed.set("url", link);
    }
    let words: Vec<&str> = [text("pretext"), text("text")]
        .into_iter()
        .flatten()
        .collect();
    if !words.is_empty() {
        embed.set("description", words.join("\n"));
    }
    for (part, fields) in [
        (
            "author",
            [
                ("name", "author_name"),
                ("url", "author_link"),
                ("icon_url", "author_icon"),
            ]
            .as_slice(),
        ),
        (
            "footer",
            [("text", "footer"), ("icon_url", "footer_icon")].as_slice(),
        ),
        ("image", [("url", "image_url")].as_slice()),
        ("thumbnail", [("url", "thumb_url")].as_slice()),
    ] {
        let mut inner = Object::new();
        for (to, from) in fields {
            if let Some(value) = text(from) {
                inner.set(to, value);
            }
        }
        // An author and a footer are nothing without their words.
        let complete = match part {
            "author" => inner.contains_key("name"),
            "footer" => inner.contains_key("text"),
            _ => !inner.is_empty(),
        };
        if complete {
            embed.set(part, Value::Object(inner));
        }
    }
    let digits = text("color").and_then(|colour| colour.strip_prefix('#'));
    if let Some(colour) = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
        embed.set("color", colour);
    }
    if let Some(at) = attachment.int("ts") {
        embed.set("timestamp", crate::time::iso8601(at.saturating_mul(1000)));
    }
    let fields: Vec<Value> = attachment
        .list("fields")
        .iter()
        .filter_map(Value::as_object)
        .map(|field| {
            json!({
                "name": field.text("name").unwrap_or_default(),
                "value": field.text("value").unwrap_or_default(),
                "inline": field.flag("inline").unwrap_or(false),
            })
        })
        .collect();
    if !fields.is_empty() {
        embed.set("fields", fields);
    }
    embed
}

/// An event of GitHub as an embed, told from what it holds; `None` for one that Discord passes over.
pub(super) fn github(event: &Object) -> Option<Object> {
    let part = |key: &str| event.get(key).and_then(Value::as_object);
    let repository = part("repository").and_then(|it| it.text("full_name"));
    let repository = repository.unwrap_or_default();
    let action = event.text("action");
    let (title, url, description) = if !event.list("commits").is_empty() {
        let commits = event.list("commits");
        let branch = event.text("ref").unwrap_or_default();
        let branch = branch.rsplit('/').next().unwrap_or(branch);
        let lines: Vec<String> = commits
            .iter()
            .filter_map(Value::as_object)
            .map(|commit| {
                let id: String = commit
                    .text("id")
                    .unwrap_or_default()
                    .chars()
                    .take(7)
                    .collect();
                let message = commit.text("message").unwrap_or_default();
                let first = message.lines().next().unwrap_or_default();
                format!(
                    "[`{id}`]({}) {first}",
                    commit.text("url").unwrap_or_default()
                )
            })
            .collect();
        let count = match commits.len() {
            1 => "1 new commit".to_owned(),
            count => format!("{count} new commits"),
        };
        let title = format!("[{repository}:{branch}] {count}");
        (
            title,
            event.text("compare").map(str::to_owned),
            Some(lines.join("\n")),
        )
    } else if let Some(comment) = part("comment") {
        let about = part("issue").or_else(|| part("pull_request"));
        let title = match about {
            Some(about) => format!("New comment on {}", named("", about)),
            None => "New comment".to_owned(),
        };
        (
            format!("[{repository}] {title}"),
            link(comment),
            body(comment),
        )
    } else if let Some(review) = part("review") {
        let about = part("pull_request").map(|it| named("pull request ", it));
        let state = review.text("state").unwrap_or_default();
        let title = format!("Review of {}: {state}", about.unwrap_or_default());
        (
            format!("[{repository}] {title}"),
            link(review),
            body(review),
        )
    } else if let Some(request) = part("pull_request") {
        let title = named("Pull request ", request);
        (
            format!("[{repository}] {title} {}", action?),
            link(request),
            body(request),
        )
    } else if let Some(issue) = part("issue") {
        let title = named("Issue ", issue);
        (
            format!("[{repository}] {title} {}", action?),
            link(issue),
            body(issue),
        )
    } else if let Some(release) = part("release") {
        let tag = release.text("tag_name").unwrap_or_default();
        (
            format!("[{repository}] New release published: {tag}"),
            link(release),
            None,
        )
    } else if let Some(fork) = part("forkee") {
        let name = fork.text("full_name").unwrap_or_default();
        (
            format!("[{repository}] Fork created: {name}"),
            link(fork),
            None,
        )
    } else if let Some(discussion) = part("discussion") {
        let title = named("Discussion ", discussion);
        (
            format!("[{repository}] {title}"),
            link(discussion),
            body(discussion),
        )
    } else if let Some(kind) = event.text("ref_type") {
        let name = event.text("ref").unwrap_or_default();
        (
            format!("[{repository}] New {kind} created: {name}"),
            None,
            None,
        )
    } else {
        return None;
    };
    let mut embed = object(json!({ "title": cut(&title, 256) }));
    if let Some(url) = url {
        embed.set("url", url);
    }
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        embed.set("description", cut(&description, 4096));
    }
    if let Some(sender) = part("sender") {
        embed.set(
            "author",
            json!({
                "name": sender.text("login").unwrap_or_default(),
                "url": sender.text("html_url").unwrap_or_default(),
                "icon_url": sender.text("avatar_url").unwrap_or_default(),
            }),
        );
    }
    Some(object(json!({
        "username": "GitHub",
        "embeds": [embed],
    })))
}

fn named(what: &str, object: &Object) -> String {
    let number = object.int("number").unwrap_or(0);
    format!(
        "{what}#{number}: {}",
        object.text("title").unwrap_or_default()
    )
}

fn link(object: &Object) -> Option<String> {
    object.text("html_url").map(str::to_owned)
}

fn body(object: &Object) -> Option<String> {
    object.text("body").map(str::to_owned)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
