//! Components, commands and interactions.

use ovenjs_types::{
    ButtonStyle, CommandOptionType, CommandType, ComponentType, InstallContext, InteractionContext,
    InteractionResponseType, InteractionType, TextInputStyle,
};

use super::{EnumLine, Line, values};

pub(super) fn lines() -> Vec<Line> {
    vec![]
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
