//! What the tables have no instance of, and what a bot author should know.

use ovenjs_types::{
    Button, Component, Embed, EmbedType, Event, EventKind, GuildTemplate, Heartbeat, Id, Identify,
    Intents, InteractionCallbackResource, InteractionResponse, MessageDraft, MessageEdit, Modal,
    Patch, Permissions, RateLimited, Role, Select, TextInput, UpdatePresence, UpdateVoiceState,
    Upload, User,
    json::{self, Scratch},
    twilight::convert,
};
use serde::de::DeserializeOwned;
use twilight_model::{
    application::interaction::callback,
    channel::message::component,
    gateway::{event::DispatchEvent, payload},
    http::interaction::InteractionResponse as TheirResponse,
};

/// Objects that bots write or receive in parts, for which no table of what Discord sends has a line,
/// or which its lines leave empty.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    (
        "AllowedMentions",
        r#"{"parse":["users"],"roles":["7"],"replied_user":true}"#,
    ),
    ("AllowedMentions", r#"{"parse":[]}"#),
    (
        "AuditLogChange",
        r#"{"key":"nick","old_value":"ann","new_value":"bee"}"#,
    ),
    ("AuditLogRole", r#"{"id":"7","name":"baker"}"#),
    (
        "Channel",
        r#"{"id":"3","type":0,"name":"bread","permissions":"2048"}"#,
    ),
    (
        "CheckboxGroup",
        r#"{"type":22,"custom_id":"what","options":[{"value":"rye","label":"Rye"}]}"#,
    ),
    (
        "AuthorizationInformation",
        r#"{"application":{"id":"4","name":"oven","icon":null,"description":"","bot_public":true,
            "bot_require_code_grant":false,"verify_key":"k"},"scopes":["identify"],
            "expires":"2026-01-31T12:00:00+00:00","user":{"id":"4","username":"ann",
            "discriminator":"0","avatar":null}}"#,
    ),
    ("ChoiceValue", r#""loaf""#),
    ("ChoiceValue", "12"),
    (
        "CommandData",
        r#"{"id":"7","name":"bake","type":1,"guild_id":"5","options":[{"name":"what","type":1,
            "options":[{"name":"loaf","type":3,"value":"rye"}]}]}"#,
    ),
    ("ComponentData", r#"{"custom_id":"go","component_type":2}"#),
    (
        "ComponentData",
        r#"{"custom_id":"who","component_type":5,"values":["4"],"resolved":{"users":{"4":
            {"id":"4","username":"ann","discriminator":"0","avatar":null}}}}"#,
    ),
    ("DataOption", r#"{"name":"loaf","type":3,"value":"rye"}"#),
    (
        "DataOption",
        r#"{"name":"many","type":4,"value":12,"focused":false}"#,
    ),
    ("DataOption", r#"{"name":"who","type":6,"value":"4"}"#),
    ("Heartbeat", "251"),
    ("Heartbeat", "null"),
    ("Hello", r#"{"heartbeat_interval":41250}"#),
    (
        "Identify",
        r#"{"token":"t","properties":{"os":"linux","browser":"disco","device":"disco"},
            "compress":true,"large_threshold":250,"shard":[0,1],"presence":{"since":9,
            "activities":[{"name":"Cards","type":0}],"status":"dnd","afk":false},"intents":5}"#,
    ),
    (
        "Identify",
        r#"{"token":"t","properties":{"os":"linux","browser":"disco","device":"disco"},"intents":5}"#,
    ),
    (
        "GuildMemberAdd",
        r#"{"guild_id":"5","user":{"id":"4","username":"ann","discriminator":"0","avatar":null},
            "roles":["7"],"joined_at":"2026-01-31T12:00:00+00:00","deaf":false,"mute":false,
            "flags":0}"#,
    ),
    (
        "GuildScheduledEventCreate GuildScheduledEventUpdate GuildScheduledEventDelete",
        r#"{"id":"1","guild_id":"5","channel_id":null,"creator_id":"4","name":"baking",
            "scheduled_start_time":"2026-01-31T12:00:00+00:00","scheduled_end_time":
            "2026-01-31T13:00:00+00:00","privacy_level":2,"status":1,"entity_type":3,
            "entity_id":null,"entity_metadata":{"location":"the kitchen"},"recurrence_rule":null}"#,
    ),
    ("GuildTemplate", TEMPLATE_WITHOUT_EVERYONE),
    (
        "IdentifyProperties",
        r#"{"os":"linux","browser":"disco","device":"disco"}"#,
    ),
    (
        "InteractionCreate",
        r#"{"id":"1","application_id":"2","type":3,"token":"t","version":1,"attachment_size_limit":1024,
            "authorizing_integration_owners":{},"entitlements":[],"user":{"id":"4",
            "username":"ann","discriminator":"0"},"data":{"custom_id":"go","component_type":2}}"#,
    ),
    (
        "InviteCreate",
        r#"{"channel_id":"3","code":"c","created_at":"2026-01-31T12:00:00+00:00","guild_id":"5",
            "max_age":0,"max_uses":3,"temporary":false,"uses":0}"#,
    ),
    (
        "Label",
        r#"{"type":18,"label":"Text","component":{"type":4,"custom_id":"text","style":1}}"#,
    ),
    (
        "Member",
        r#"{"roles":["7"],"joined_at":"2026-01-31T12:00:00+00:00","permissions":"2048","flags":0,
            "pending":false}"#,
    ),
    (
        "ModalData",
        r#"{"custom_id":"feedback","components":[{"type":18,"id":1,"component":
            {"type":4,"id":2,"custom_id":"text","value":"more"}}]}"#,
    ),
    (
        "PartialGuild",
        r#"{"id":"5","name":"bakery","description":null,"icon":null,"features":["COMMUNITY"],
            "verification_level":1,"nsfw_level":0}"#,
    ),
    (
        "Presence",
        r#"{"user":{"id":"4"},"guild_id":"5","status":"idle","activities":[],
            "client_status":{"desktop":"idle"}}"#,
    ),
    (
        "RateLimited",
        r#"{"opcode":8,"retry_after":12.3,"meta":{"guild_id":"5","nonce":"n"}}"#,
    ),
    (
        "Ready",
        r#"{"v":10,"user":{"id":"4","username":"oven","discriminator":"0007","avatar":null,"bot":true,
            "mfa_enabled":true},"guilds":[{"id":"5","unavailable":true}],"session_id":"s",
            "resume_gateway_url":"wss://gateway.example","shard":[0,1],
            "application":{"id":"4","flags":0}}"#,
    ),
    (
        "RequestGuildMembers",
        r#"{"guild_id":"5","limit":0,"presences":true,"user_ids":["1","2"],"nonce":"n"}"#,
    ),
    (
        "RequestGuildMembers",
        r#"{"guild_id":"5","limit":0,"query":""}"#,
    ),
    ("Resume", r#"{"token":"t","session_id":"s","seq":1337}"#),
    (
        "TemplateRole",
        r#"{"id":1,"name":"baker","permissions":"2048","color":0,"hoist":false,"mentionable":false}"#,
    ),
    ("UnavailableGuild", r#"{"id":"5","unavailable":true}"#),
    (
        "UpdatePresence",
        r#"{"since":null,"activities":[{"name":"Cards","type":0}],"status":"idle","afk":true}"#,
    ),
    (
        "UserUpdate",
        r#"{"id":"4","username":"oven","discriminator":"0007","avatar":null,"mfa_enabled":true}"#,
    ),
    (
        "UpdateVoiceState",
        r#"{"guild_id":"5","channel_id":null,"self_mute":false,"self_deaf":true}"#,
    ),
    (
        "WidgetMember",
        r#"{"id":"0","username":"ann","discriminator":"0000","avatar":null,"status":"online",
            "avatar_url":"https://cdn.example/ann.png"}"#,
    ),
];

/// As no real guild has it: without the role of everyone, whose number is 0.
const TEMPLATE_WITHOUT_EVERYONE: &str = r#"{"code":"c","name":"n","description":null,"usage_count":0,
    "creator_id":"4","creator":{"id":"4","username":"ann","discriminator":"0"},
    "created_at":"2026-01-31T12:00:00+00:00","updated_at":"2026-01-31T12:00:00+00:00",
    "source_guild_id":"5","is_dirty":null,"serialized_source_guild":{"name":"g",
    "verification_level":0,"default_message_notifications":0,"explicit_content_filter":0,
    "preferred_locale":"en-US","afk_timeout":300,"roles":[{"id":1,"name":"baker",
    "permissions":"0","color":0,"hoist":false,"mentionable":false}],"channels":[{"id":1,"type":0,
    "name":"bread","parent_id":2}],"system_channel_flags":0,"system_channel_id":1}}"#;

fn read<T: DeserializeOwned>(text: &str) -> T {
    json::decode(text.as_bytes(), &mut Scratch::new()).unwrap()
}

#[test]
fn a_bit_without_a_name_there_is_an_error_and_no_silence() {
    let role = r#"{"id":"7","name":"baker","color":0,"hoist":false,"managed":false,
        "mentionable":false,"position":1,"permissions":"4611686018427387905","flags":0,
        "colors":{"primary_color":0}}"#;
    let role: Role = read(role);
    let error = twilight_model::guild::Role::try_from(&role).unwrap_err();
    assert_eq!((error.path(), error.is_loss()), ("permissions", true));
    let without = convert::<_, twilight_model::guild::Role>(&role).unwrap();
    assert_eq!(without.lost, ["permissions"]);
    assert_eq!(without.value.permissions.bits(), 1);

    let bits = Permissions::from_bits(1 << 62);
    let error = twilight_model::guild::Permissions::try_from(&bits).unwrap_err();
    assert_eq!(error.path(), ".");
}

#[test]
fn a_component_that_twilight_has_no_name_for_does_not_go_over_empty() {
    let radio = read(r#"{"type":21,"custom_id":"size","options":[{"value":"s","label":"S"}]}"#);
    let radio: Component = radio;
    let error = component::Component::try_from(&radio).unwrap_err();
    assert_eq!((error.path(), error.is_loss()), ("custom_id", true));
    let without = convert::<_, component::Component>(&radio).unwrap();
    assert_eq!(without.value, component::Component::Unknown(21));
    let button = Component::from(Button::new("go", "Go"));
    let theirs = component::Component::try_from(&button).unwrap();
    assert_eq!(Component::try_from(&theirs).unwrap(), button);
    // One kind does not pass as another.
    let select = Select::strings("what", [("rye", "Rye")]);
    let theirs = component::SelectMenu::try_from(&select).unwrap();
    assert_eq!(Select::try_from(&theirs).unwrap(), select);
}

#[test]
fn no_template_goes_over_for_its_first_role_has_the_id_0() {
    let template = TEMPLATE_WITHOUT_EVERYONE.replace(r#""roles":[{"id":1"#, r#""roles":[{"id":0"#);
    let template: GuildTemplate = read(&template);
    let error = twilight_model::guild::template::Template::try_from(&template).unwrap_err();
    assert_eq!(error.path(), "serialized_source_guild.roles[0].id");
}

#[test]
fn a_webhook_has_no_discriminator_on_either_side() {
    let hook: User = read(r#"{"id":"4","username":"hook","discriminator":"0000"}"#);
    let theirs = twilight_model::user::User::try_from(&hook).unwrap();
    assert_eq!(theirs.discriminator, 0);
    let text: User = read(r#"{"id":"4","username":"ann","discriminator":"none"}"#);
    let error = twilight_model::user::User::try_from(&text).unwrap_err();
    assert_eq!((error.path(), error.is_loss()), ("discriminator", false));
}

#[test]
fn a_frame_of_another_command_is_no_counterpart() {
    let identify = Identify::new("t", Intents::GUILDS);
    let mut frame = payload::outgoing::Identify::try_from(&identify).unwrap();
    assert_eq!(frame.d.intents.bits(), 1);
    assert!(Identify::try_from(&frame).is_ok());
    frame.op = twilight_model::gateway::OpCode::Resume;
    assert_eq!(Identify::try_from(&frame).unwrap_err().path(), "op");

    let beat = payload::outgoing::Heartbeat::try_from(&Heartbeat(Some(7))).unwrap();
    assert_eq!(
        (beat.d, Heartbeat::try_from(&beat)),
        (Some(7), Ok(Heartbeat(Some(7))))
    );
    let leave = UpdateVoiceState {
        guild_id: Id::new(5),
        channel_id: None,
        self_mute: false,
        self_deaf: true,
    };
    let frame = payload::outgoing::UpdateVoiceState::try_from(&leave).unwrap();
    assert_eq!(UpdateVoiceState::try_from(&frame), Ok(leave));
    let away = UpdatePresence::new(ovenjs_types::Status::Idle);
    let frame = payload::outgoing::UpdatePresence::try_from(&away).unwrap();
    assert_eq!(UpdatePresence::try_from(&frame), Ok(away));
}

#[test]
fn a_limit_of_the_gateway_goes_over_though_twilight_cannot_read_it_itself() {
    let raw = r#"{"opcode":8,"retry_after":12.3,"meta":{"guild_id":"5","nonce":"n"}}"#;
    let alone = serde_json::from_str::<payload::incoming::RateLimited>(raw);
    assert!(
        alone.is_err(),
        "twilight has learnt it: the mend is of no use any more"
    );
    let limited: RateLimited = read(raw);
    let theirs = payload::incoming::RateLimited::try_from(&limited).unwrap();
    assert_eq!(RateLimited::try_from(&theirs).unwrap(), limited);
}

#[test]
fn an_activity_that_twilight_keeps_to_itself_is_named() {
    let resource: InteractionCallbackResource =
        read(r#"{"type":12,"activity_instance":{"id":"i-1"}}"#);
    let error = callback::InteractionCallbackResource::try_from(&resource).unwrap_err();
    assert_eq!(error.path(), "type", "{error}");
    let resource: InteractionCallbackResource =
        read(r#"{"type":4,"activity_instance":{"id":"i-1"}}"#);
    let error = callback::InteractionCallbackResource::try_from(&resource).unwrap_err();
    assert_eq!(
        (error.path(), error.is_loss()),
        ("activity_instance.id", true)
    );
}

#[test]
fn every_answer_to_an_interaction_goes_over_with_its_files() {
    let mut embed = Embed::new().title("T");
    // twilight has to have it.
    embed.kind = Some(EmbedType::Rich);
    let draft = MessageDraft::new()
        .content("crumbs")
        .embed(embed)
        .file(Upload::new("crumbs.txt", &b"..."[..]).spoiler());
    let edit = MessageEdit {
        content: Patch::Set("less".into()),
        embeds: Patch::Set(Vec::new()),
        files: vec![Upload::new("x.txt", &b"x"[..])],
        ..MessageEdit::default()
    };
    let modal = Modal::new("feedback", "Feedback").input("Text", TextInput::short("text"));
    let answers = [
        InteractionResponse::Pong,
        InteractionResponse::Message(draft.clone()),
        InteractionResponse::Defer { ephemeral: true },
        InteractionResponse::Defer { ephemeral: false },
        InteractionResponse::DeferUpdate,
        InteractionResponse::Update(edit),
        InteractionResponse::Autocomplete(Vec::new()),
        InteractionResponse::Modal(modal),
        InteractionResponse::PremiumRequired,
    ];
    for answer in answers {
        let theirs = TheirResponse::try_from(&answer).unwrap_or_else(|e| panic!("{answer:?}: {e}"));
        let back = InteractionResponse::try_from(&theirs);
        assert_eq!(back.unwrap_or_else(|e| panic!("{answer:?}: {e}")), answer);
    }
    let message = InteractionResponse::Message(draft);
    let theirs = TheirResponse::try_from(&message).unwrap();
    let data = theirs.data.unwrap();
    assert_eq!(data.attachments.unwrap()[0].file, b"...");

    let launch = TheirResponse::try_from(&InteractionResponse::LaunchActivity).unwrap_err();
    assert_eq!(launch.path(), "type");
    // Whom a defer would mention, twilight has a field for, and Discord's table has not.
    let mut deferred =
        TheirResponse::try_from(&InteractionResponse::Defer { ephemeral: true }).unwrap();
    deferred.data.as_mut().unwrap().content = Some("lost".into());
    let error = InteractionResponse::try_from(&deferred).unwrap_err();
    assert_eq!((error.path(), error.is_loss()), ("data.content", true));
}

#[test]
fn events_go_over_by_their_names() {
    let (mut over, mut refused) = (Vec::new(), Vec::new());
    for kind in EventKind::ALL {
        let mut scratch = Scratch::new();
        let mut instances = super::instances(&format!("{kind:?}"));
        instances.retain(|instance| {
            let raw = instance.to_string().into();
            let event = Event::decode(*kind, kind.name(), &raw, &mut scratch);
            let Ok(theirs) = DispatchEvent::try_from(&event) else {
                return false;
            };
            assert_eq!(theirs.kind().name(), Some(kind.name()));
            let back = Event::try_from(&theirs).unwrap();
            assert_eq!(back.kind(), *kind);
            true
        });
        let list = if instances.is_empty() {
            &mut refused
        } else {
            &mut over
        };
        list.push(kind.name());
    }
    println!(
        "twilight has {} of {} events",
        over.len(),
        EventKind::ALL.len()
    );
    assert_eq!(refused, UNKNOWN_TO_TWILIGHT);

    let unknown = Event::decode(
        EventKind::Unknown,
        "MOON_RISE",
        &"{}".into(),
        &mut Scratch::new(),
    );
    assert!(!DispatchEvent::try_from(&unknown).unwrap_err().is_loss());
}

/// Events that twilight-model 0.18 has no type for.
const UNKNOWN_TO_TWILIGHT: &[&str] = &[
    "CHANNEL_INFO",
    "GUILD_SOUNDBOARD_SOUND_CREATE",
    "GUILD_SOUNDBOARD_SOUND_UPDATE",
    "GUILD_SOUNDBOARD_SOUND_DELETE",
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    "SOUNDBOARD_SOUNDS",
    "VOICE_CHANNEL_EFFECT_SEND",
    "VOICE_CHANNEL_START_TIME_UPDATE",
    "VOICE_CHANNEL_STATUS_UPDATE",
];

#[test]
fn discords_own_examples_go_over_or_say_what_is_in_the_way() {
    let (mut whole, mut all) = (0, 0);
    for (file, object, example) in crate::corpus::files() {
        let trips = super::pairs()
            .into_iter()
            .filter(|pair| words_of(pair.ours) == object)
            .map(|pair| (pair.travel)(&example))
            .collect::<Vec<_>>();
        all += usize::from(!trips.is_empty());
        whole += usize::from(
            trips
                .iter()
                .any(|trip| matches!(trip, Ok(super::Trip::Whole))),
        );
        for trip in trips {
            // A stale example is one that ours does not read; the corpus test names those.
            if let Err(fault) = trip {
                assert!(fault.contains("does not fit"), "{file}: {fault}");
            }
        }
    }
    println!("twilight keeps {whole} of {all} examples of the documentation");
}

/// `GuildScheduledEvent` as `Guild Scheduled Event`.
fn words_of(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter);
    }
    words
}
