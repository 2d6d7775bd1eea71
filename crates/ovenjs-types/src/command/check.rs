//! Discord's rules for commands.

use std::collections::HashSet;

use super::{
    Choice, ChoiceValue, CommandDraft, CommandOption, CommandOptionType, CommandType, Localizations,
};
use crate::{Report, Text, Validate, component::check_file_types, limits, valid::characters};

impl Validate for CommandDraft {
    fn check(&self, report: &mut Report) {
        let slash = self.kind == CommandType::ChatInput;
        check_name(&self.name, self.name_localizations.as_ref(), slash, report);
        match self.kind {
            CommandType::ChatInput => {
                check_description(&self.description, report);
                check_translations(self.description_localizations.as_ref(), report);
            }
            CommandType::User | CommandType::Message => {
                let texts = !self.description.is_empty();
                if texts
                    || self
                        .description_localizations
                        .as_ref()
                        .is_some_and(|t| !t.is_empty())
                {
                    report.note("description", "is for slash commands: take it away");
                }
            }
            CommandType::PrimaryEntryPoint | CommandType::Unknown(_) => {
                let most = limits::COMMAND_DESCRIPTION;
                report.length("description", &self.description, 0..=most);
            }
        }
        if slash {
            check_options(&self.options, Level::Command, report);
        } else if !self.options.is_empty() {
            report.note("options", "are for slash commands: take them away");
        }
        check_set("contexts", self.contexts.as_deref(), report);
        check_set(
            "integration_types",
            self.integration_types.as_deref(),
            report,
        );
        if self.handler.is_some() && self.kind != CommandType::PrimaryEntryPoint {
            report.note("handler", "is for the entry point alone: take it away");
        }
        let most = limits::COMMANDS_TOTAL_CHARS;
        report.amount("", size(self), 0..=most, "characters");
    }
}

impl Validate for Vec<CommandDraft> {
    /// A whole list, as it replaces all commands of an application or guild.
    fn check(&self, report: &mut Report) {
        for (kind, most, unit) in [
            (
                CommandType::ChatInput,
                limits::COMMANDS_CHAT_INPUT_GLOBAL,
                "slash commands",
            ),
            (
                CommandType::User,
                limits::COMMANDS_USER_GLOBAL,
                "user commands",
            ),
            (
                CommandType::Message,
                limits::COMMANDS_MESSAGE_GLOBAL,
                "message commands",
            ),
            (CommandType::PrimaryEntryPoint, ENTRY_POINTS, "entry points"),
        ] {
            let count = self.iter().filter(|draft| draft.kind == kind).count();
            report.amount("", count, 0..=most, unit);
        }
        let mut names = HashSet::new();
        report.each("", self, |report, draft| {
            draft.check(report);
            if !names.insert((draft.kind, draft.name.as_str())) {
                report.note("name", "is that of a command before: write another");
            }
        });
    }
}

impl Validate for CommandOption {
    /// An option by itself; what stands in which order is the command's to check.
    fn check(&self, report: &mut Report) {
        check_name(&self.name, self.name_localizations.as_ref(), true, report);
        check_description(&self.description, report);
        check_translations(self.description_localizations.as_ref(), report);
        self.check_choices(report);
        self.check_bounds(report);
        let is_parent = is_parent(self.kind);
        for (field, there, allowed) in [
            ("options", !self.options.is_empty(), is_parent),
            ("required", self.required, !is_parent),
            (
                "channel_types",
                !self.channel_types.is_empty(),
                self.kind == CommandOptionType::Channel,
            ),
            (
                "file_types",
                !self.file_types.is_empty(),
                self.kind == CommandOptionType::Attachment,
            ),
        ] {
            self.only(field, there, allowed, report);
        }
        check_file_types(&self.file_types, report);
        match self.kind {
            CommandOptionType::SubCommandGroup => {
                check_options(&self.options, Level::Group, report)
            }
            CommandOptionType::SubCommand => {
                check_options(&self.options, Level::SubCommand, report)
            }
            _ => {}
        }
    }
}

impl CommandOption {
    fn check_choices(&self, report: &mut Report) {
        let proposes = matches!(
            self.kind,
            CommandOptionType::String | CommandOptionType::Integer | CommandOptionType::Number
        );
        self.only("choices", !self.choices.is_empty(), proposes, report);
        self.only("autocomplete", self.autocomplete, proposes, report);
        if self.autocomplete && !self.choices.is_empty() {
            report.note(
                "autocomplete",
                "is set beside choices: take one of them away",
            );
        }
        report.amount(
            "choices",
            self.choices.len(),
            0..=limits::COMMAND_CHOICES,
            "choices",
        );
        let mut names = HashSet::new();
        report.each("choices", &self.choices, |report, choice| {
            choice.check(report);
            check_value("value", &choice.value, self.kind, report);
            if !names.insert(choice.name.as_str()) {
                report.note("name", "is that of a choice before: write another");
            }
        });
    }

    fn check_bounds(&self, report: &mut Report) {
        let is_number = matches!(
            self.kind,
            CommandOptionType::Integer | CommandOptionType::Number
        );
        let is_text = self.kind == CommandOptionType::String;
        for (field, value) in [
            ("min_value", &self.min_value),
            ("max_value", &self.max_value),
        ] {
            self.only(field, value.is_some(), is_number, report);
            if let (Some(value), true) = (value, is_number) {
                check_value(field, value, self.kind, report);
            }
        }
        let number = |value: &Option<ChoiceValue>| value.as_ref().and_then(ChoiceValue::as_f64);
        if let (Some(least), Some(most)) = (number(&self.min_value), number(&self.max_value))
            && least > most
        {
            report.note(
                "min_value",
                format!("is {least}, but max_value is {most}: swap them"),
            );
        }
        let most = u64::from(LENGTH_MAX);
        for (field, value, least) in [
            ("min_length", self.min_length, 0),
            ("max_length", self.max_length, 1),
        ] {
            self.only(field, value.is_some(), is_text, report);
            report.number_of(field, value, least..=most);
        }
        if let (Some(least), Some(most)) = (self.min_length, self.max_length)
            && least > most
        {
            report.note(
                "min_length",
                format!("is {least}, but max_length is {most}: swap them"),
            );
        }
    }

    /// Notes a field that options of this kind do not have. What is of no known kind may have any.
    fn only(&self, field: &str, there: bool, allowed: bool, report: &mut Report) {
        let kind = self.kind;
        if there && !allowed && !matches!(kind, CommandOptionType::Unknown(_)) {
            report.note(
                field,
                format!("is set, but a {kind:?} option has none: take it away"),
            );
        }
    }
}

impl Validate for Choice {
    fn check(&self, report: &mut Report) {
        let name = limits::COMMAND_CHOICE_NAME_MIN..=limits::COMMAND_CHOICE_NAME;
        report.length("name", &self.name, name.clone());
        check_locales(
            "name_localizations",
            self.name_localizations.as_ref(),
            report,
            |report, locale, text| {
                report.length(locale, text, name.clone());
            },
        );
        if let ChoiceValue::String(text) = &self.value {
            report.length("value", text, 0..=limits::COMMAND_CHOICE_VALUE);
        }
    }
}

/// Where options stand.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Command,
    Group,
    SubCommand,
}

fn check_options(options: &[CommandOption], level: Level, report: &mut Report) {
    report.amount(
        "options",
        options.len(),
        0..=limits::COMMANDS_OPTIONS,
        "options",
    );
    let mixed = options.iter().any(|option| is_parent(option.kind))
        && !options.iter().all(|option| is_parent(option.kind));
    if mixed && level == Level::Command {
        report.note(
            "options",
            "mix subcommands with plain options: keep one kind",
        );
    }
    let mut names = HashSet::new();
    let mut optional = false;
    report.each("options", options, |report, option| {
        let allowed = match option.kind {
            CommandOptionType::SubCommandGroup => level == Level::Command,
            CommandOptionType::SubCommand => level != Level::SubCommand,
            CommandOptionType::Unknown(_) => true,
            _ => level != Level::Group,
        };
        if !allowed {
            let kind = option.kind;
            let words = match level {
                Level::Group => "but a group takes only subcommands: move it into one",
                _ => "but a subcommand takes only plain options: move it out",
            };
            report.note("type", format!("is {kind:?}, {words}"));
        }
        option.check(report);
        if !names.insert(option.name.as_str()) {
            report.note("name", "is that of an option before: write another");
        }
        if option.required && optional {
            report.note(
                "required",
                "is set after an option which is not: move it to the front",
            );
        }
        optional |= !option.required && !is_parent(option.kind);
    });
}

fn is_parent(kind: CommandOptionType) -> bool {
    matches!(
        kind,
        CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup
    )
}

/// A choice or bound must be of the option's own kind.
fn check_value(field: &str, value: &ChoiceValue, kind: CommandOptionType, report: &mut Report) {
    let wanted = match (kind, value) {
        (CommandOptionType::String, ChoiceValue::Integer(_) | ChoiceValue::Number(_)) => "a text",
        (CommandOptionType::Integer, ChoiceValue::String(_)) => "a whole number",
        (CommandOptionType::Integer, ChoiceValue::Number(number)) if number.fract() != 0.0 => {
            "a whole number"
        }
        (CommandOptionType::Number, ChoiceValue::String(_)) => "a number",
        (CommandOptionType::Integer | CommandOptionType::Number, ChoiceValue::Integer(number))
            if number.unsigned_abs() > INTEGER_MAX =>
        {
            "a whole number within ±2⁵³"
        }
        (CommandOptionType::Number, ChoiceValue::Number(number)) if !number.is_finite() => {
            "a finite number"
        }
        _ => return,
    };
    report.note(field, format!("is not {wanted}: the option takes no other"));
}

fn check_name(name: &str, localized: Option<&Localizations>, slash: bool, report: &mut Report) {
    check_one_name("name", name, slash, report);
    check_locales(
        "name_localizations",
        localized,
        report,
        |report, locale, name| {
            check_one_name(locale, name, slash, report);
        },
    );
}

fn check_one_name(field: &str, name: &str, slash: bool, report: &mut Report) {
    report.length(field, name, limits::COMMAND_NAME_MIN..=limits::COMMAND_NAME);
    if !slash {
        return;
    }
    if let Some(odd) = name.chars().find(|letter| !may_be_in_name(*letter)) {
        let words = "which may not be in it: write letters, digits, `-`, `_` and `'`";
        report.note(field, format!("has {odd:?}, {words}"));
    }
    let lower = name.to_lowercase();
    if name != lower {
        report.note(field, format!("is `{name}`: write `{lower}`"));
    }
}

/// Discord's pattern is `[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]`: letters and digits of all
/// languages, with the vowel signs of two scripts.
pub(crate) fn may_be_in_name(letter: char) -> bool {
    letter.is_alphanumeric()
        || matches!(letter, '-' | '_' | '\'')
        || matches!(letter, '\u{900}'..='\u{97f}' | '\u{a8e0}'..='\u{a8ff}' | '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e5b}')
}

fn check_description(text: &str, report: &mut Report) {
    let range = limits::COMMAND_OPTION_DESCRIPTION_MIN..=limits::COMMAND_DESCRIPTION;
    report.length("description", text, range);
}

fn check_translations(texts: Option<&Localizations>, report: &mut Report) {
    check_locales(
        "description_localizations",
        texts,
        report,
        |report, locale, text| {
            let range = limits::COMMAND_OPTION_DESCRIPTION_MIN..=limits::COMMAND_DESCRIPTION;
            report.length(locale, text, range);
        },
    );
}

fn check_locales(
    field: &str,
    texts: Option<&Localizations>,
    report: &mut Report,
    check: impl Fn(&mut Report, &str, &str),
) {
    let Some(texts) = texts else { return };
    report.amount(field, texts.len(), 0..=LOCALES_MAX, "languages");
    report.field(field, |report| {
        texts
            .iter()
            .for_each(|(locale, text)| check(report, locale.value(), text));
    });
}

/// Contexts and installs are sets: none twice, and not none at all.
fn check_set<T: PartialEq>(field: &str, list: Option<&[T]>, report: &mut Report) {
    let Some(list) = list else { return };
    if list.is_empty() {
        report.note(
            field,
            "is an empty list: leave it away for Discord's default, or name one",
        );
    }
    let twice =
        |(place, value): (usize, &T)| list.iter().skip(place + 1).any(|other| other == value);
    if list.iter().enumerate().any(twice) {
        report.note(field, "names one twice: take it away");
    }
}

/// The characters of names, descriptions and values. Of a text and its translations only the
/// longest counts.
fn size(draft: &CommandDraft) -> usize {
    text_size(&draft.name, draft.name_localizations.as_ref())
        + text_size(&draft.description, draft.description_localizations.as_ref())
        + options_size(&draft.options)
}

fn options_size(options: &[CommandOption]) -> usize {
    let size = |option: &CommandOption| {
        let choices = option.choices.iter().map(|choice| {
            let value = match &choice.value {
                ChoiceValue::String(text) => characters(text),
                ChoiceValue::Integer(_) | ChoiceValue::Number(_) => 0,
            };
            text_size(&choice.name, choice.name_localizations.as_ref()) + value
        });
        text_size(&option.name, option.name_localizations.as_ref())
            + text_size(
                &option.description,
                option.description_localizations.as_ref(),
            )
            + choices.sum::<usize>()
            + options_size(&option.options)
    };
    options.iter().map(size).sum()
}

fn text_size(text: &Text, translations: Option<&Localizations>) -> usize {
    let translations = translations.into_iter().flat_map(Localizations::values);
    translations
        .chain([text])
        .map(|text| characters(text))
        .max()
        .unwrap_or(0)
}

/// Discord knows as many languages, by the OpenAPI file.
const LOCALES_MAX: usize = 34;

/// Discord's page on commands allows one.
const ENTRY_POINTS: usize = 1;

/// The longest text that an option may ask for; [`limits::COMMAND_OPTION_LENGTH`] in the width of
/// the field.
const LENGTH_MAX: u16 = 6000;

/// Whole numbers are JavaScript's: within ±2⁵³.
const INTEGER_MAX: u64 = 1 << 53;

#[cfg(test)]
mod tests;
