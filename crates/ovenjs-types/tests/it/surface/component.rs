//! Components, commands and interactions.

use ovenjs_types::{
    ActionRow, Button, ButtonStyle, Checkbox, CheckboxGroup, Choice, Command, CommandHandler,
    CommandOption, CommandOptionType, CommandType, Component, ComponentType, Container, File,
    FileUpload, GroupOption, InstallContext, InteractionContext, InteractionResponseType,
    InteractionType, Label, MediaGallery, MediaGalleryItem, Modal, RadioGroup, Section, Select,
    SelectDefaultValue, SelectDefaultValueType, SelectOption, Separator, SeparatorSpacing,
    SkuIneligibilityReason, TextDisplay, TextInput, TextInputStyle, Thumbnail, UnfurledMedia,
};
use serde_json::{Value, json};

use super::{EnumLine, Line, line, set, values};

pub(super) fn lines() -> Vec<Line> {
    let mut lines = command_lines();
    lines.extend(component_lines());
    lines
}

fn command_lines() -> Vec<Line> {
    vec![
        line::<Choice>(&[
            "ApplicationCommandOptionIntegerChoiceResponse",
            "ApplicationCommandOptionNumberChoiceResponse",
            "ApplicationCommandOptionStringChoiceResponse",
            "docs/application-commands/application-command-object/application-command-option-choice-structure",
        ]),
        line::<Command>(&[
            "ApplicationCommandResponse",
            "docs/application-commands/application-command-object/application-command-structure",
        ])
        .settled(settle_options),
        line::<CommandOption>(&[
            "ApplicationCommandAttachmentOptionResponse",
            "ApplicationCommandBooleanOptionResponse",
            "ApplicationCommandChannelOptionResponse",
            "ApplicationCommandIntegerOptionResponse",
            "ApplicationCommandMentionableOptionResponse",
            "ApplicationCommandNumberOptionResponse",
            "ApplicationCommandRoleOptionResponse",
            "ApplicationCommandStringOptionResponse",
            "ApplicationCommandSubcommandGroupOptionResponse",
            "ApplicationCommandSubcommandOptionResponse",
            "ApplicationCommandUserOptionResponse",
            "docs/application-commands/application-command-object/application-command-option-structure",
        ])
        .settled(settle_options),
    ]
}

fn component_lines() -> Vec<Line> {
    vec![
        // Whatever a bot sends and reads, each through the enum.
        line::<Component>(&[
            "ActionRowComponentForMessageRequest",
            "ActionRowComponentForModalRequest",
            "ButtonComponentForMessageRequest",
            "ChannelSelectComponentForMessageRequest",
            "ChannelSelectComponentForModalRequest",
            "CheckboxComponentForModalRequest",
            "CheckboxGroupComponentForModalRequest",
            "ContainerComponentForMessageRequest",
            "FileComponentForMessageRequest",
            "FileUploadComponentForModalRequest",
            "LabelComponentForModalRequest",
            "MediaGalleryComponentForMessageRequest",
            "MentionableSelectComponentForMessageRequest",
            "MentionableSelectComponentForModalRequest",
            "RadioGroupComponentForModalRequest",
            "RoleSelectComponentForMessageRequest",
            "RoleSelectComponentForModalRequest",
            "SectionComponentForMessageRequest",
            "SeparatorComponentForMessageRequest",
            "StringSelectComponentForMessageRequest",
            "StringSelectComponentForModalRequest",
            "TextDisplayComponentForMessageRequest",
            "TextDisplayComponentForModalRequest",
            "TextInputComponentForModalRequest",
            "ThumbnailComponentForMessageRequest",
            "UserSelectComponentForMessageRequest",
            "UserSelectComponentForModalRequest",
        ]),
        line::<ActionRow>(&[
            "ActionRowComponentResponse",
            "docs/reference/action-row/action-row-structure",
        ])
        .settled(|row| settle_inside(row, 1)),
        line::<Button>(&[
            "ButtonComponentResponse",
            "docs/reference/button/button-structure",
        ])
        .settled(|button| set(button, "type", 2)),
        line::<Checkbox>(&[
            "docs/reference/checkbox/checkbox-interaction-response-structure",
            "docs/reference/checkbox/checkbox-structure",
        ])
        .settled(|checkbox| set(checkbox, "type", 23)),
        line::<CheckboxGroup>(&[
            "docs/reference/checkbox-group/checkbox-group-interaction-response-structure",
            "docs/reference/checkbox-group/checkbox-group-structure",
        ])
        .settled(|group| set(group, "type", 22)),
        line::<Container>(&[
            "ContainerComponentResponse",
            "docs/reference/container/container-structure",
        ])
        .settled(|container| settle_inside(container, 17)),
        line::<File>(&[
            "FileComponentResponse",
            "docs/reference/file/file-structure",
        ])
        .settled(|file| set(file, "type", 13)),
        line::<FileUpload>(&[
            "docs/reference/file-upload/file-upload-interaction-response-structure",
            "docs/reference/file-upload/file-upload-structure",
        ])
        .settled(|upload| set(upload, "type", 19)),
        line::<GroupOption>(&[
            "docs/reference/checkbox-group/checkbox-group-option-structure",
            "docs/reference/radio-group/radio-group-option-structure",
        ]),
        line::<Label>(&[
            "docs/reference/label/label-interaction-response-structure",
            "docs/reference/label/label-structure",
        ])
        .settled(|label| {
            set(label, "type", 18);
            set(
                label,
                "component",
                json!({ "type": 23, "custom_id": "x", "value": true }),
            );
        }),
        line::<MediaGallery>(&[
            "MediaGalleryComponentResponse",
            "docs/reference/media-gallery/media-gallery-structure",
        ])
        .settled(|gallery| set(gallery, "type", 12)),
        line::<MediaGalleryItem>(&[
            "MediaGalleryItemResponse",
            "docs/reference/media-gallery/media-gallery-item-structure",
        ]),
        line::<Modal>(&[
            "ModalInteractionCallbackRequestData",
            "docs/receiving-and-responding/interaction-response-object/modal",
        ])
        .settled(settle_list),
        line::<RadioGroup>(&[
            "docs/reference/radio-group/radio-group-interaction-response-structure",
            "docs/reference/radio-group/radio-group-structure",
        ])
        .settled(|group| set(group, "type", 21)),
        line::<Section>(&[
            "SectionComponentResponse",
            "docs/reference/section/section-structure",
        ])
        .settled(|section| {
            settle_inside(section, 9);
            if !section["accessory"].is_object() {
                set(section, "accessory", json!({ "type": 2, "style": 1 }));
            }
        }),
        line::<Select>(&[
            "docs/reference/channel-select/channel-select-interaction-response-structure",
            "docs/reference/mentionable-select/mentionable-select-interaction-response-structure",
            "docs/reference/role-select/role-select-interaction-response-structure",
            "docs/reference/string-select/string-select-interaction-response-structure",
            "docs/reference/user-select/user-select-interaction-response-structure",
        ])
        .without(OF_THE_INTERACTION)
        .settled(|select| {
            if let Some(fields) = select.as_object_mut() {
                fields.retain(|key, _| !OF_THE_INTERACTION.iter().any(|(name, _)| name == key));
            }
        }),
        line::<Select>(&[
            "ChannelSelectComponentResponse",
            "MentionableSelectComponentResponse",
            "RoleSelectComponentResponse",
            "StringSelectComponentResponse",
            "UserSelectComponentResponse",
            "docs/reference/channel-select/channel-select-structure",
            "docs/reference/mentionable-select/mentionable-select-structure",
            "docs/reference/role-select/role-select-structure",
            "docs/reference/string-select/string-select-structure",
            "docs/reference/user-select/user-select-structure",
        ])
        .settled(settle_select),
        line::<SelectDefaultValue>(&[
            "ChannelSelectDefaultValueResponse",
            "RoleSelectDefaultValueResponse",
            "UserSelectDefaultValueResponse",
            "docs/reference/user-select/select-default-value-structure",
        ]),
        line::<SelectOption>(&[
            "StringSelectOptionResponse",
            "docs/reference/string-select/select-option-structure",
        ]),
        line::<Separator>(&[
            "SeparatorComponentResponse",
            "docs/reference/separator/separator-structure",
        ])
        .settled(|separator| set(separator, "type", 14)),
        line::<TextDisplay>(&[
            "TextDisplayComponentResponse",
            "docs/reference/text-display/text-display-interaction-response-structure",
            "docs/reference/text-display/text-display-structure",
        ])
        .settled(|text| set(text, "type", 10)),
        line::<TextInput>(&[
            "TextInputComponentResponse",
            "docs/reference/text-input/text-input-interaction-response-structure",
            "docs/reference/text-input/text-input-structure",
        ])
        .settled(|input| set(input, "type", 4)),
        line::<Thumbnail>(&[
            "ThumbnailComponentResponse",
            "docs/reference/thumbnail/thumbnail-structure",
        ])
        .settled(|thumbnail| set(thumbnail, "type", 11)),
        line::<UnfurledMedia>(&[
            "UnfurledMediaResponse",
            "docs/reference/unfurled-media-item/unfurled-media-item-structure",
        ]),
    ]
}

pub(super) fn enums() -> Vec<EnumLine> {
    vec![
        values(
            &["ApplicationCommandOptionType"],
            CommandOptionType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &[
                "ApplicationCommandType",
                "docs/application-commands/application-command-object/application-command-types",
            ],
            CommandType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ApplicationIntegrationType"],
            InstallContext::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ApplicationCommandHandler"],
            CommandHandler::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["MessageComponentSeparatorSpacingSize"],
            SeparatorSpacing::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["SKUIneligibilityReason"],
            SkuIneligibilityReason::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["SnowflakeSelectDefaultValueTypes"],
            SelectDefaultValueType::KNOWN,
        ),
        values(
            &["ButtonStyleTypes"],
            ButtonStyle::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["InteractionCallbackTypes"],
            InteractionResponseType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &[
                "InteractionContextType",
                "docs/receiving-and-responding/interaction-object/interaction-context-types",
            ],
            InteractionContext::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["InteractionTypes"],
            InteractionType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["MessageComponentTypes"],
            ComponentType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["TextInputStyleTypes"],
            TextInputStyle::KNOWN.iter().map(|v| v.value()),
        ),
    ]
}

/// The documentation calls the type of an option "one of the types", and its bounds "any".
fn settle_options(value: &mut Value) {
    super::for_each_object(value, &mut |fields| {
        if fields.contains_key("options") || fields.contains_key("min_value") {
            for key in ["type", "min_value", "max_value", "handler"] {
                if let Some(field) = fields.get_mut(key).filter(|field| !field.is_number()) {
                    *field = 1.into();
                }
            }
        }
        for key in ["channel_types", "integration_types", "contexts"] {
            let list = fields.get_mut(key).and_then(Value::as_array_mut);
            let odd = list
                .into_iter()
                .flatten()
                .filter(|element| !element.is_number());
            odd.for_each(|element| *element = 1.into());
        }
    });
    if value.get("type").is_none_or(|kind| !kind.is_number()) {
        set(value, "type", 1);
    }
    if value
        .get("handler")
        .is_some_and(|handler| !handler.is_number())
    {
        set(value, "handler", 1);
    }
}

/// The documentation calls the type a number and what stands inside "any".
fn settle_inside(component: &mut Value, kind: u32) {
    set(component, "type", kind);
    settle_list(component);
}

fn settle_list(component: &mut Value) {
    let list = component
        .get_mut("components")
        .and_then(Value::as_array_mut);
    for inside in list.into_iter().flatten() {
        if inside.get("type").is_none_or(|kind| !kind.is_number()) {
            *inside = json!({ "type": 10, "content": "x" });
        }
    }
}

fn settle_select(select: &mut Value) {
    let types = select
        .get_mut("channel_types")
        .and_then(Value::as_array_mut);
    let odd = types.into_iter().flatten().filter(|kind| !kind.is_number());
    odd.for_each(|kind| *kind = 5.into());
}

/// The documentation tells these fields with the select's own; its examples show them around it, in
/// the data of the interaction, for messages and modals alike.
const OF_THE_INTERACTION: &[(&str, &str)] = &[
    ("component_type", "stands in ComponentData"),
    ("resolved", "stands in ComponentData and ModalData"),
];
