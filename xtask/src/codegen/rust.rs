//! The flat lists of the tables as Rust: error codes, audit-log events and limits.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::render::put;
use crate::spec::{
    table::{Limit, Range, Schema, Shape},
    tables::Tables,
};

/// Where the files stand in the tree.
pub(super) const FOLDER: &str = "crates/ovenjs-types/src/generated";

/// The files by name.
pub(super) fn files(tables: &Tables) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("audit_log_event.rs", audit_log_events(tables)?),
        ("error_code.rs", error_codes(tables)),
        ("limits.rs", limits(tables)?),
    ])
}

fn error_codes(tables: &Tables) -> String {
    let codes = tables
        .errors
        .iter()
        .map(|(code, error)| (error.name.clone(), *code));
    open_int(
        "Codes of errors that Discord answers with.",
        "What went wrong, as a REST answer's `code` says. The names are ours.\n\
         ///\n\
         /// Source: Discord, \"JSON Error Codes\".\n\
         ///\n\
         /// ```\n\
         /// use ovenjs_types::ErrorCode;\n\
         /// assert_eq!(ErrorCode::from(10003), ErrorCode::UnknownChannel);\n\
         /// assert_eq!(ErrorCode::from(99_999_999).value(), 99_999_999);\n\
         /// ```",
        "ErrorCode",
        codes,
    )
}

fn audit_log_events(tables: &Tables) -> Result<String> {
    let name = "AuditLogActionTypes";
    let Some(Schema::Enum(table)) = tables.schemas.get(name) else {
        anyhow::bail!("the tables have no enum {name}");
    };
    let mut events = Vec::new();
    for (name, value) in &table.values {
        events.push((camel(name), value.parse()?));
    }
    Ok(open_int(
        "Kinds of audit-log entries.",
        "What an entry of the audit log says was done.\n\
         ///\n\
         /// Source: Discord, \"Audit Log Events\".",
        "AuditLogEvent",
        events.into_iter(),
    ))
}

fn open_int(
    of: &str,
    doc: &str,
    name: &str,
    values: impl Iterator<Item = (String, u32)>,
) -> String {
    let mut out = head(of);
    put(&mut out, format_args!("\nopen_int! {{"));
    for line in format!("/// {doc}").lines() {
        put(&mut out, format_args!("    {line}"));
    }
    put(&mut out, format_args!("    pub enum {name}: u32 {{"));
    for (variant, value) in values {
        put(&mut out, format_args!("        {variant} = {value},"));
    }
    put(&mut out, format_args!("    }}\n}}"));
    out
}

/// `MESSAGE_PIN` as `MessagePin`.
fn camel(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .into_iter()
                .chain(letters.flat_map(char::to_lowercase).collect::<Vec<_>>())
        })
        .collect()
}

/// Documented limits with several numbers that are no range, and what each of them bounds.
const CASES: [(&str, [&str; 2]); 2] = [
    ("channel.topic", ["CHANNEL_TOPIC", "FORUM_TOPIC"]),
    (
        "rules.automod_keyword",
        ["AUTO_MODERATION_KEYWORDS", "AUTO_MODERATION_KEYWORD"],
    ),
];

/// Limits which the documentation's list lacks, and the fields whose bounds they are.
const BOUNDS: &[(&str, &str, &str)] = &[
    (
        "ALLOWED_MENTIONS_ROLES",
        "MessageAllowedMentionsRequest",
        "roles",
    ),
    (
        "ALLOWED_MENTIONS_USERS",
        "MessageAllowedMentionsRequest",
        "users",
    ),
    (
        "ATTACHMENT_DESCRIPTION",
        "MessageAttachmentRequest",
        "description",
    ),
    (
        "ATTACHMENT_FILENAME",
        "MessageAttachmentRequest",
        "filename",
    ),
    ("ATTACHMENT_TITLE", "MessageAttachmentRequest", "title"),
    (
        "ATTACHMENT_WAVEFORM",
        "MessageAttachmentRequest",
        "waveform",
    ),
    ("BUTTON_URL", "ButtonComponentForMessageRequest", "url"),
    (
        "CHANNEL_OVERWRITES",
        "CreateGuildChannelRequest",
        "permission_overwrites",
    ),
    (
        "CHECKBOX_GROUP_OPTIONS",
        "CheckboxGroupComponentForModalRequest",
        "options",
    ),
    (
        "CHECKBOX_OPTION_DESCRIPTION",
        "CheckboxGroupOptionForRequest",
        "description",
    ),
    (
        "CHECKBOX_OPTION_LABEL",
        "CheckboxGroupOptionForRequest",
        "label",
    ),
    (
        "CHECKBOX_OPTION_VALUE",
        "CheckboxGroupOptionForRequest",
        "value",
    ),
    (
        "COMMAND_CHOICES",
        "ApplicationCommandStringOption",
        "choices",
    ),
    (
        "COMMAND_CHOICE_NAME",
        "ApplicationCommandOptionStringChoice",
        "name",
    ),
    (
        "COMMAND_CHOICE_VALUE",
        "ApplicationCommandOptionStringChoice",
        "value",
    ),
    (
        "COMMAND_DESCRIPTION",
        "ApplicationCommandCreateRequest",
        "description",
    ),
    ("COMMAND_NAME", "ApplicationCommandCreateRequest", "name"),
    (
        "COMMAND_OPTION_DESCRIPTION",
        "ApplicationCommandStringOption",
        "description",
    ),
    (
        "COMMAND_OPTION_LENGTH",
        "ApplicationCommandStringOption",
        "max_length",
    ),
    (
        "COMMAND_OPTION_NAME",
        "ApplicationCommandStringOption",
        "name",
    ),
    (
        "COMPONENTS_CONTAINER",
        "ContainerComponentForMessageRequest",
        "components",
    ),
    ("EMBED_COLOR", "RichEmbed", "color"),
    ("EMBED_MEDIA_DESCRIPTION", "RichEmbedImage", "description"),
    ("EMBED_URL", "RichEmbed", "url"),
    ("EMOJI_NAME", "create_guild_emoji.body", "name"),
    ("FORUM_TAG_NAME", "CreateOrUpdateThreadTagRequest", "name"),
    (
        "LABEL_DESCRIPTION",
        "LabelComponentForModalRequest",
        "description",
    ),
    ("LABEL_TEXT", "LabelComponentForModalRequest", "label"),
    (
        "MEDIA_DESCRIPTION",
        "MediaGalleryItemRequest",
        "description",
    ),
    ("MEDIA_URL", "UnfurledMediaRequest", "url"),
    ("MEMBER_NICK", "update_guild_member.body", "nick"),
    ("MESSAGE_ATTACHMENTS", "MessageCreateRequest", "attachments"),
    (
        "MODAL_COMPONENTS",
        "ModalInteractionCallbackRequestData",
        "components",
    ),
    (
        "MODAL_TITLE",
        "ModalInteractionCallbackRequestData",
        "title",
    ),
    ("POLL_DURATION_HOURS", "PollCreateRequest", "duration"),
    ("POLL_QUESTION", "PollMedia", "text"),
    (
        "RADIO_GROUP_OPTIONS",
        "RadioGroupComponentForModalRequest",
        "options",
    ),
    (
        "RADIO_OPTION_DESCRIPTION",
        "RadioGroupOptionForRequest",
        "description",
    ),
    ("RADIO_OPTION_LABEL", "RadioGroupOptionForRequest", "label"),
    ("RADIO_OPTION_VALUE", "RadioGroupOptionForRequest", "value"),
    ("ROLE_NAME", "CreateRoleRequest", "name"),
    (
        "SCHEDULED_EVENT_DESCRIPTION",
        "ExternalScheduledEventCreateRequest",
        "description",
    ),
    (
        "SCHEDULED_EVENT_LOCATION",
        "EntityMetadataExternal",
        "location",
    ),
    (
        "SCHEDULED_EVENT_NAME",
        "ExternalScheduledEventCreateRequest",
        "name",
    ),
    (
        "SELECT_DEFAULT_VALUES",
        "UserSelectComponentForMessageRequest",
        "default_values",
    ),
    (
        "SELECT_OPTION_DESCRIPTION",
        "StringSelectOptionForRequest",
        "description",
    ),
    (
        "SELECT_OPTION_LABEL",
        "StringSelectOptionForRequest",
        "label",
    ),
    (
        "SELECT_OPTION_VALUE",
        "StringSelectOptionForRequest",
        "value",
    ),
    (
        "SELECT_PLACEHOLDER",
        "StringSelectComponentForMessageRequest",
        "placeholder",
    ),
    (
        "SELECT_VALUES",
        "StringSelectComponentForMessageRequest",
        "max_values",
    ),
    ("SOUND_NAME", "SoundboardCreateRequest", "name"),
    ("STAGE_TOPIC", "create_stage_instance.body", "topic"),
    (
        "STICKER_DESCRIPTION",
        "create_guild_sticker.multipart",
        "description",
    ),
    ("STICKER_NAME", "create_guild_sticker.multipart", "name"),
    (
        "TEMPLATE_DESCRIPTION",
        "create_guild_template.body",
        "description",
    ),
    ("TEMPLATE_NAME", "create_guild_template.body", "name"),
    (
        "TEXT_DISPLAY",
        "TextDisplayComponentForMessageRequest",
        "content",
    ),
    (
        "TEXT_INPUT_LABEL",
        "TextInputComponentForModalRequest",
        "label",
    ),
    (
        "TEXT_INPUT_PLACEHOLDER",
        "TextInputComponentForModalRequest",
        "placeholder",
    ),
    (
        "THUMBNAIL_DESCRIPTION",
        "ThumbnailComponentForMessageRequest",
        "description",
    ),
    (
        "THEME_ANGLE",
        "CustomClientThemeShareRequest",
        "gradient_angle",
    ),
    ("THEME_COLORS", "CustomClientThemeShareRequest", "colors"),
    ("THEME_MIX", "CustomClientThemeShareRequest", "base_mix"),
    ("VOICE_STATUS", "update_voice_channel_status.body", "status"),
    ("WEBHOOK_NAME", "create_webhook.body", "name"),
];

fn limits(tables: &Tables) -> Result<String> {
    let mut constants = BTreeMap::new();
    for limit in &tables.limits {
        for (name, value, doc) in documented(limit)? {
            let there = constants.insert(name.clone(), (value, doc));
            ensure!(there.is_none(), "two limits are called {name}");
        }
    }
    for (name, object, field) in BOUNDS {
        let shape = match tables.schemas.get(*object) {
            Some(Schema::Object { fields, .. }) => fields.iter().find(|own| own.name == *field),
            _ => None,
        };
        let shape = &shape.with_context(|| format!("no {object}.{field}"))?.shape;
        let range = bounds(shape).with_context(|| format!("{object}.{field} has no bound"))?;
        let doc = format!("`{field}` of `{object}`");
        let (lowest, highest) = (range.min.unwrap_or(0), range.max.unwrap_or(0));
        let highest = u64::try_from(highest)?;
        let there = constants.insert((*name).to_owned(), (highest, format!("{doc}: at most.")));
        ensure!(there.is_none(), "two limits are called {name}");
        if lowest > 0 {
            constants.insert(
                format!("{name}_MIN"),
                (u64::try_from(lowest)?, format!("{doc}: at least.")),
            );
        }
    }
    let mut out = head("Discord's limits, as numbers.");
    for (name, (value, doc)) in constants {
        put(&mut out, format_args!("\n/// {doc}"));
        put(
            &mut out,
            format_args!("pub const {name}: usize = {};", grouped(value)),
        );
    }
    Ok(out)
}

/// Names, numbers and docs of a documented limit.
fn documented(limit: &Limit) -> Result<Vec<(String, u64, String)>> {
    let whole = |value: &f64| -> Result<u64> {
        format!("{value}")
            .parse()
            .with_context(|| format!("{} is no whole number", limit.id))
    };
    let values: Vec<u64> = limit.values.iter().map(whole).collect::<Result<_>>()?;
    let unit = limit.unit.replace('-', " ");
    if let Some((_, names)) = CASES.iter().find(|(id, _)| *id == limit.id) {
        return Ok(names
            .iter()
            .zip(values)
            .map(|(name, value)| {
                (
                    (*name).to_owned(),
                    value,
                    format!("`{}`, in {unit}.", limit.id),
                )
            })
            .collect());
    }
    let mut name = limit.id.replace('.', "_").to_uppercase();
    let first = unit.split(' ').next().unwrap_or_default().to_uppercase();
    let is_measure = matches!(first.as_str(), "BYTES" | "SECONDS" | "MINUTES" | "DAYS");
    if is_measure && !name.ends_with(&first) {
        name = format!("{name}_{first}");
    }
    let doc = |word: &str| format!("`{}`, in {unit}: {word}.", limit.id);
    Ok(match values.as_slice() {
        [one] => vec![(name, *one, doc("at most"))],
        [0, highest] => vec![(name, *highest, doc("at most"))],
        [lowest, highest] if lowest < highest => vec![
            (format!("{name}_MIN"), *lowest, doc("at least")),
            (name, *highest, doc("at most")),
        ],
        _ => anyhow::bail!("say in CASES what the numbers of {} are", limit.id),
    })
}

/// The bounds of a length or a number; of a list, those of its length.
fn bounds(shape: &Shape) -> Option<Range> {
    match shape {
        Shape::Integer(range)
        | Shape::Number(range)
        | Shape::String { length: range, .. }
        | Shape::Array { length: range, .. }
        | Shape::Map { length: range, .. } => Some(*range).filter(|range| range.max.is_some()),
        Shape::Union(parts) => parts.iter().find_map(bounds),
        _ => None,
    }
}

/// Digits in groups of three.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

fn head(of: &str) -> String {
    format!("//! {of}\n//!\n//! Written by `cargo xtask codegen` from the tables of `specs/`.\n")
}
