//! The model against instances that are made up from the tables of `specs/`.
//!
//! What the tables allow must arrive: with every field there, with only the required ones, and
//! with each branch of each union in its turn.

use bytes::Bytes;
use ovenjs_mock::oracle::{Choice, Fill, Oracle, Schema};
use ovenjs_types::{
    Application, Attachment, BotGateway, ButtonStyle, Channel, ChannelType, Command,
    CommandOptionType, CommandType, ComponentType, Embed, Emoji, Event, EventKind, Guild,
    InstallContext, Intents, InteractionContext, InteractionResponseType, InteractionType, Member,
    Message, MessageReferenceType, MessageType, OverwriteType, Role, TextInputStyle, User,
    json::{self, Scratch},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

#[test]
fn whatever_the_tables_allow_as_an_event_decodes() {
    let oracle = Oracle::embedded();
    let mut scratch = Scratch::new();
    let mut failures = Vec::new();
    for kind in EventKind::ALL {
        for choice in choices() {
            let mut payload = oracle
                .event_instance(kind.name(), choice)
                .unwrap_or_else(|| panic!("the tables have no {}", kind.name()));
            say_what_the_tables_cannot(*kind, &mut payload, choice);
            let raw = Bytes::from(payload.to_string());
            let event = Event::decode(*kind, kind.name(), &raw, &mut scratch);
            if let Event::Malformed(malformed) = &event {
                failures.push(format!("{} {choice:?}: {}", kind.name(), malformed.error));
            }
            for drift in scratch.take_drift() {
                let (path, reason) = (drift.path, drift.reason);
                failures.push(format!(
                    "{} {choice:?}: left out {path}: {reason}",
                    kind.name()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn whatever_the_tables_allow_as_an_answer_decodes() {
    fits::<Application>("PrivateApplicationResponse");
    fits::<Attachment>("MessageAttachmentResponse");
    fits::<BotGateway>("GatewayBotResponse");
    fits::<Channel>("GuildChannelResponse");
    fits::<Channel>("PrivateChannelResponse");
    fits::<Channel>("ThreadResponse");
    fits::<Command>("ApplicationCommandResponse");
    fits::<Embed>("MessageEmbedResponse");
    fits::<Emoji>("EmojiResponse");
    fits::<Guild>("GuildResponse");
    fits::<Guild>("GuildWithCountsResponse");
    fits::<Member>("GuildMemberResponse");
    fits::<Message>("MessageResponse");
    fits::<Role>("GuildRoleResponse");
    fits::<User>("UserResponse");
}

#[test]
fn the_events_and_their_intents_are_those_of_the_tables() {
    let oracle = Oracle::embedded();
    let mut ours: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    let dispatched = oracle.events().iter().filter(|event| event.op == DISPATCH);
    let mut theirs: Vec<&str> = dispatched.map(|event| event.name.as_str()).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
    for kind in EventKind::ALL {
        let bits = oracle
            .intents_of(kind.name())
            .unwrap()
            .iter()
            .fold(0, |bits, intent| bits | 1 << intent.bit);
        assert_eq!(kind.intents().bits(), bits, "{}", kind.name());
    }
    let ours: Vec<(&str, u64)> = Intents::KNOWN
        .iter()
        .map(|(name, bit)| (*name, bit.bits()))
        .collect();
    let theirs: Vec<(&str, u64)> = oracle
        .intents()
        .iter()
        .map(|intent| (intent.name.as_str(), 1 << intent.bit))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn every_value_of_the_tables_enums_has_a_name() {
    fn known<E: Copy + 'static>(schema: &str, known: &'static [E], value: fn(E) -> u32) {
        let Some(Schema::Enum(table)) = Oracle::embedded().schema(schema) else {
            panic!("the tables have no enum {schema}");
        };
        for (name, number) in &table.values {
            let number: u32 = number.parse().unwrap();
            let ours = known.iter().any(|known| value(*known) == number);
            assert!(ours, "{schema}: {name} ({number}) has no name here");
        }
    }
    known(
        "ApplicationCommandOptionType",
        CommandOptionType::KNOWN,
        CommandOptionType::value,
    );
    known(
        "ApplicationCommandType",
        CommandType::KNOWN,
        CommandType::value,
    );
    known(
        "ApplicationIntegrationType",
        InstallContext::KNOWN,
        InstallContext::value,
    );
    known("ButtonStyleTypes", ButtonStyle::KNOWN, ButtonStyle::value);
    known(
        "ChannelPermissionOverwrites",
        OverwriteType::KNOWN,
        OverwriteType::value,
    );
    known("ChannelTypes", ChannelType::KNOWN, ChannelType::value);
    known(
        "InteractionCallbackTypes",
        InteractionResponseType::KNOWN,
        InteractionResponseType::value,
    );
    known(
        "InteractionTypes",
        InteractionType::KNOWN,
        InteractionType::value,
    );
    known(
        "MessageComponentTypes",
        ComponentType::KNOWN,
        ComponentType::value,
    );
    known(
        "MessageReferenceType",
        MessageReferenceType::KNOWN,
        MessageReferenceType::value,
    );
    known("MessageType", MessageType::KNOWN, MessageType::value);
    known(
        "TextInputStyleTypes",
        TextInputStyle::KNOWN,
        TextInputStyle::value,
    );
    let contexts = "docs/receiving-and-responding/interaction-object/interaction-context-types";
    known(
        contexts,
        InteractionContext::KNOWN,
        InteractionContext::value,
    );
}

fn fits<T: DeserializeOwned>(schema: &str) {
    let mut scratch = Scratch::new();
    let mut failures = Vec::new();
    for choice in choices() {
        let mut answer = Oracle::embedded()
            .instance(schema, choice)
            .unwrap_or_else(|| panic!("the tables have no {schema}"));
        for_each_field(&mut answer, &mut settle_field);
        if let Err(error) = json::decode::<T>(answer.to_string().as_bytes(), &mut scratch) {
            failures.push(format!("{schema} {choice:?}: {error}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The tables call a bit set a string, a part of an object an object of nothing, and give every
/// emoji the null id of Unicode's.
fn say_what_the_tables_cannot(kind: EventKind, payload: &mut Value, choice: Choice) {
    if kind == EventKind::Ready
        && let Some(application) = payload.get_mut("application")
    {
        set(application, "id", "1");
    }
    if kind == EventKind::InteractionCreate {
        say_what_interactions_carry(payload, choice);
    }
    if kind == EventKind::PresenceUpdate
        && let Some(user) = payload.get_mut("user")
    {
        set(user, "id", "1");
    }
    if kind.name().starts_with("SUBSCRIPTION_") {
        set(payload, "status", 1);
    }
    for list in ["emojis", "stickers"] {
        if let Some(list) = payload.get_mut(list).and_then(Value::as_array_mut) {
            list.iter_mut().for_each(|element| set(element, "id", "2"));
        }
    }
    for_each_field(payload, &mut settle_field);
}

fn settle_field(key: &str, value: &mut Value) {
    // Where the documentation names the values elsewhere, the tables say "any".
    if matches!(key, "type" | "action_type") && value.is_null() {
        *value = 1.into();
    }
    if matches!(
        key,
        "authorizing_integration_owners" | "integration_types_config"
    ) {
        name_the_install_contexts(key, value);
    }
    // The target of an audit log entry is a text there, and an id in Discord's OpenAPI file.
    if key == "target_id" && value.is_string() {
        *value = "7".into();
    }
    if key == "emojis"
        && let Some(emojis) = value.as_array_mut()
    {
        emojis
            .iter_mut()
            .filter(|emoji| emoji["id"].is_null())
            .for_each(|emoji| set(emoji, "id", "2"));
    }
    if BIT_SETS.contains(&key) && value.is_string() {
        *value = "2048".into();
    }
    // A list of the tables whose elements have no type.
    if let ("burst_colors", Some(colors)) = (key, value.as_array_mut()) {
        colors.fill("#ff0000".into());
    }
    // What a command may ask for is bounded where it is made, and no longer where it is shown.
    if matches!(key, "min_length" | "max_length") && value.is_number() {
        *value = 6000.into();
    }
}

/// The tables know of these maps that they have keys.
fn name_the_install_contexts(key: &str, value: &mut Value) {
    let values: Vec<Value> = match value {
        Value::Object(map) => std::mem::take(map).into_iter().map(|(_, v)| v).collect(),
        _ => return,
    };
    for (context, inner) in values.into_iter().enumerate() {
        let inner = match (inner, key) {
            (Value::Null, "authorizing_integration_owners") => "7".into(),
            (Value::Null, _) => Value::Object(Map::new()),
            (inner, _) => inner,
        };
        set(value, &context.to_string(), inner);
    }
}

/// An interaction's data goes by its type, which the tables leave open.
fn say_what_interactions_carry(payload: &mut Value, choice: Choice) {
    let page = "docs/receiving-and-responding/interaction-object";
    let (kind, name) = match choice.branch % 3 {
        0 => (2, "application-command-data-structure"),
        1 => (3, "message-component-data-structure"),
        _ => (5, "modal-submit-data-structure"),
    };
    let mut data = Oracle::embedded()
        .instance(&format!("{page}/{name}"), choice)
        .unwrap_or_else(|| panic!("the tables have no {name}"));
    for list in ["values", "components"] {
        if data.get(list).is_some() {
            set(&mut data, list, Value::Array(Vec::new()));
        }
    }
    set(payload, "type", kind);
    set(payload, "data", data);
}

fn set(value: &mut Value, key: &str, to: impl Into<Value>) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(fields) = value {
        fields.insert(key.to_owned(), to.into());
    }
}

fn for_each_field(value: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                visit(key, field);
                for_each_field(field, visit);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|e| for_each_field(e, visit)),
        _ => {}
    }
}

const BIT_SETS: &[&str] = &[
    "permissions",
    "app_permissions",
    "flags_new",
    "default_member_permissions",
    "allow",
    "deny",
];

const DISPATCH: u16 = 0;

/// Enough turns for the union with the most branches, the components of a message.
const BRANCHES: usize = 32;

fn choices() -> impl Iterator<Item = Choice> {
    (0..BRANCHES).flat_map(|branch| [Fill::Least, Fill::Most].map(|fill| Choice { fill, branch }))
}
