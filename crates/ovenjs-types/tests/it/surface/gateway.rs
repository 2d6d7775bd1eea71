//! What the gateway and a bot say to each other; its events are compared in `event.rs`.

use ovenjs_types::{
    BotGateway, ChannelInfo, ChannelInfoChannel, CommandData, ComponentData, DataOption,
    GatewayAddress, Hello, Identify, IdentifyProperties, Interaction, JsonValue, ModalData,
    RequestChannelInfo, RequestGuildMembers, RequestSoundboardSounds, Resolved, Resume,
    SessionStartLimit, UpdatePresence, UpdateVoiceState, VoiceChannelStartTimeUpdate,
    VoiceChannelStatusUpdate,
};
use serde_json::{Value, json};

use super::{EnumLine, Line, line, set};

pub(super) fn lines() -> Vec<Line> {
    vec![
        line::<ChannelInfo>(&["docs/gateway-events/channel-info/channel-info-structure"]),
        line::<ChannelInfoChannel>(&[
            "docs/gateway-events/channel-info/channel-info-channel-structure",
        ]),
        // What a refused command says of itself is left as JSON in `RateLimited`.
        line::<JsonValue>(&[
            "docs/gateway-events/rate-limited/request-guild-member-rate-limit-metadata-structure",
        ]),
        line::<VoiceChannelStartTimeUpdate>(&[
            "docs/gateway-events/channels/voice-channel-start-time-update",
        ]),
        line::<VoiceChannelStatusUpdate>(&[
            "docs/gateway-events/channels/voice-channel-status-update",
        ]),
        line::<BotGateway>(&[
            "GatewayBotResponse",
            "docs/gateway/get-gateway-bot/json-response",
        ]),
        line::<GatewayAddress>(&["GatewayResponse"]),
        line::<Hello>(&["docs/gateway-events/hello/hello-structure"]),
        line::<SessionStartLimit>(&[
            "GatewayBotSessionStartLimitResponse",
            "docs/gateway/session-start-limit-object/session-start-limit-structure",
        ]),
        line::<Identify>(&["docs/gateway-events/identify/identify-structure"]).settled(|value| {
            set(
                value,
                "properties",
                json!({"os": "linux", "browser": "disco", "device": "disco"}),
            );
            // Discord takes 50 to 250.
            if value.get("large_threshold").is_some() {
                set(value, "large_threshold", 250);
            }
        }),
        line::<IdentifyProperties>(&[
            "docs/gateway-events/identify/identify-connection-properties",
        ]),
        line::<Resume>(&["docs/gateway-events/resume/resume-structure"]),
        line::<UpdatePresence>(&[
            "docs/gateway-events/update-presence/gateway-presence-update-structure",
        ]),
        line::<UpdateVoiceState>(&[
            "docs/gateway-events/update-voice-state/gateway-voice-state-update-structure",
        ]),
        line::<RequestGuildMembers>(&[
            "docs/gateway-events/request-guild-members/request-guild-members-structure",
        ])
        .settled(|value| {
            // One id is read, and written as the list of one that means the same.
            if value["user_ids"].is_string() {
                let one = Value::Array(vec![value["user_ids"].take()]);
                set(value, "user_ids", one);
            }
        }),
        line::<RequestSoundboardSounds>(&[
            "docs/gateway-events/request-soundboard-sounds/request-soundboard-sounds-structure",
        ]),
        line::<RequestChannelInfo>(&[
            "docs/gateway-events/request-channel-info/request-channel-info-structure",
        ]),
        line::<Interaction>(&[
            "docs/receiving-and-responding/interaction-object/interaction-structure",
        ])
        .settled(|value| {
            for part in ["guild", "channel"] {
                if value.get(part).is_some() {
                    set(&mut value[part], "id", "5");
                }
            }
        }),
        line::<CommandData>(&[
            "docs/receiving-and-responding/interaction-object/application-command-data-structure",
        ]),
        line::<DataOption>(&[
            "docs/receiving-and-responding/interaction-object/application-command-interaction-data-option-structure",
        ]),
        line::<ComponentData>(&[
            "docs/receiving-and-responding/interaction-object/message-component-data-structure",
        ])
        .settled(|value| {
            // The documentation calls the chosen values options; they are their texts.
            if value.get("values").is_some() {
                set(value, "values", json!(["a", "b"]));
            }
        }),
        line::<ModalData>(&[
            "docs/receiving-and-responding/interaction-object/modal-submit-data-structure",
        ])
        .settled(|value| {
            set(
                value,
                "components",
                json!([{"type": 18, "component": {"type": 4, "custom_id": "a", "value": "b"}}]),
            );
        }),
        line::<Resolved>(&[
            "ResolvedObjectsResponse",
            "docs/receiving-and-responding/interaction-object/resolved-data-structure",
        ]),
    ]
}

pub(super) fn enums() -> Vec<EnumLine> {
    vec![]
}
