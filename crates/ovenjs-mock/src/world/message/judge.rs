//! What a message has to pass before anybody sees it.

use serde_json::Value;

use crate::{
    failure::Failure,
    json::{Fields, Object, snowflake},
};

use super::{
    Draft, File, IS_VOICE_MESSAGE, Message, World, attachment, component, embed, mention,
    reference::FORWARD,
};

impl World {
    /// Judges a message before it appears; every new message of a user, a bot or a webhook comes
    /// by here. This is what Discord refuses from anyone; the rules that a guild makes for itself
    /// come behind it, since Discord asks them last.
    pub(super) fn judge(&self, draft: &Draft) -> Result<(), Failure> {
        let Draft {
            channel,
            body,
            files,
            ..
        } = draft;
        check(body, !files.is_empty())?;
        self.judge_files(*channel, body, files, &[])?;
        check_voice(body, files)?;
        check_references(body, &names(body, files, &[]))?;
        for id in body.list("sticker_ids") {
            let sticker = snowflake(id).and_then(|id| self.sticker(id));
            if sticker.is_none_or(|sticker| sticker.flag("available") == Some(false)) {
                return Err(Failure::new(400, 50081, "Invalid sticker sent"));
            }
        }
        Ok(())
    }

    /// Judges an edit by what it asks for.
    pub(super) fn judge_edit(
        &self,
        kept: &Message,
        body: &Object,
        files: &[File],
    ) -> Result<(), Failure> {
        if kept.flags() & IS_VOICE_MESSAGE != 0 {
            return Err(Failure::new(403, 50162, "Voice messages cannot be edited."));
        }
        let changes = ["content", "embeds", "components", "attachments"]
            .iter()
            .any(|key| body.contains_key(*key));
        if kept.has_poll() && changes {
            return Err(Failure::new(400, 520_003, "Cannot edit a poll message"));
        }
        let stickers = kept.object.list("sticker_items").iter();
        let stickers: Vec<u64> = stickers
            .filter_map(|item| snowflake(item.get("id")?))
            .collect();
        let asked: Vec<u64> = body
            .list("sticker_ids")
            .iter()
            .filter_map(snowflake)
            .collect();
        // Some libraries send what stands there along with what they change.
        if !asked.is_empty() && asked != stickers {
            let message = "Cannot edit stickers within a message";
            return Err(Failure::new(400, 50080, message));
        }
        mention::check(body)?;
        let channel = kept.object.key("channel_id").unwrap_or_default();
        let staying = kept.object.list("attachments");
        self.judge_files(channel, body, files, staying)?;
        check_references(body, &names(body, files, staying))
    }

    /// Judges a message as an edit would leave it.
    pub(super) fn judge_edited(&self, next: &Object) -> Result<(), Failure> {
        check(next, !next.list("attachments").is_empty())
    }
}

/// What Discord refuses and its schema does not say.
fn check(body: &Object, has_files: bool) -> Result<(), Failure> {
    let content = body.text("content").unwrap_or_default();
    let components = body.list("components");
    let embeds = body.list("embeds");
    let forwards = body
        .get("message_reference")
        .and_then(Value::as_object)
        .is_some_and(|reference| reference.int("type") == Some(FORWARD));
    // Discord cuts white space off the ends before it looks.
    let something = !content.trim().is_empty()
        || has_files
        || forwards
        || !components.is_empty()
        || !embeds.is_empty()
        || ["sticker_ids", "sticker_items"]
            .iter()
            .any(|key| !body.list(key).is_empty())
        || ["poll", "shared_client_theme"]
            .iter()
            .any(|key| body.get(*key).is_some_and(|value| !value.is_null()));
    component::check(body, components)?;
    if !something {
        return Err(Failure::empty_message());
    }
    mention::check(body)?;
    if content.chars().count() > MAX_CONTENT {
        return Err(Failure::form(
            &["content"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 2000 or fewer in length.",
        ));
    }
    embed::check(embeds)
}

fn check_voice(body: &Object, files: &[File]) -> Result<(), Failure> {
    if body.int("flags").unwrap_or(0) & IS_VOICE_MESSAGE == 0 {
        return Ok(());
    }
    let more = !body.text("content").unwrap_or_default().is_empty()
        || ["embeds", "components", "sticker_ids"]
            .iter()
            .any(|key| !body.list(key).is_empty())
        || body.get("poll").is_some_and(|poll| !poll.is_null());
    if more {
        let message = "Voice messages do not support additional content.";
        return Err(Failure::new(400, 50159, message));
    }
    let [file] = files else {
        let message = "Voice messages must have a single audio attachment.";
        return Err(Failure::new(400, 50160, message));
    };
    let audio = file
        .content_type
        .as_deref()
        .is_some_and(|kind| kind.starts_with("audio/"));
    if !audio {
        let message = "Voice messages must have a single audio attachment.";
        return Err(Failure::new(400, 50160, message));
    }
    let asked = attachment::asked_for(body, file);
    let described = asked.is_some_and(|asked| {
        asked.get("duration_secs").is_some_and(Value::is_number) && asked.text("waveform").is_some()
    });
    if described {
        Ok(())
    } else {
        let message = "Voice messages must have supporting metadata.";
        Err(Failure::new(400, 50161, message))
    }
}

/// The names under which components may refer to files.
fn names(body: &Object, files: &[File], staying: &[Value]) -> Vec<String> {
    let new = files.iter().map(|file| {
        let asked = attachment::asked_for(body, file).and_then(|asked| asked.text("filename"));
        attachment::stored_name(asked.unwrap_or(&file.name))
    });
    let old = staying
        .iter()
        .filter_map(|old| old.get("filename")?.as_str().map(str::to_owned));
    new.chain(old).collect()
}

fn check_references(body: &Object, names: &[String]) -> Result<(), Failure> {
    let mut missing = None;
    component::walk(body.list("components"), &mut |part| {
        let items = part
            .list("items")
            .iter()
            .filter_map(|item| item.get("media"));
        for media in [part.get("media"), part.get("file")]
            .into_iter()
            .flatten()
            .chain(items)
        {
            let name = media.get("url").and_then(attachment::referred);
            if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
                missing = Some(name);
            }
        }
    });
    match missing {
        None => Ok(()),
        Some(name) => Err(Failure::form(
            &["components"],
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
            &format!("The referenced attachment was not found: attachment://{name}"),
        )),
    }
}

const MAX_CONTENT: usize = 2000;
