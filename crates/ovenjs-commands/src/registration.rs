//! From routes to the commands that Discord is to know, and what is wrong with them.

use std::collections::HashSet;

use ovenjs_types::{
    ChoiceValue, CommandDraft, CommandOption, CommandOptionType, CommandType, Localizations,
};

use crate::{Error, Routes, route::Purpose, router::command_path};

/// The commands of `routes`, groups put together, in the order listed.
///
/// A group takes its permissions, contexts and age restriction from the first of its commands,
/// since Discord knows them for the whole only; [`validate`] sees to it that the others agree.
pub(crate) fn drafts<S>(routes: &Routes<S>) -> Vec<CommandDraft> {
    let mut drafts: Vec<CommandDraft> = Vec::new();
    let description = |group: &str, name: &'static str| {
        let mut described = routes.descriptions.iter();
        let told = described.find(|(described, _)| described == group);
        told.map_or(name, |(_, description)| description).to_owned()
    };
    for route in &routes.list {
        let Purpose::Command { group, draft } = &route.purpose else {
            continue;
        };
        let Some((top, below)) = group.split_first() else {
            drafts.push((**draft).clone());
            continue;
        };
        let command = find_or_push(
            &mut drafts,
            |known| {
                known.kind == CommandType::ChatInput
                    && known.name == **top
                    && is_group(&known.options)
            },
            || CommandDraft {
                default_member_permissions: draft.default_member_permissions,
                nsfw: draft.nsfw,
                contexts: draft.contexts.clone(),
                integration_types: draft.integration_types.clone(),
                ..CommandDraft::slash(*top, description(top, top))
            },
        );
        let level = match below.first() {
            None => &mut command.options,
            Some(name) => {
                let found = |known: &CommandOption| known.name == **name && known.kind == GROUP;
                let path = command_path(&[top], name);
                let new = || CommandOption::new(GROUP, *name, description(&path, name));
                &mut find_or_push(&mut command.options, found, new).options
            }
        };
        let mut leaf = CommandOption::new(
            CommandOptionType::SubCommand,
            &draft.name,
            &draft.description,
        );
        leaf.options.clone_from(&draft.options);
        level.push(leaf);
    }
    drafts
}

/// Every fault of `routes`, or none.
pub(crate) fn validate<S>(routes: &Routes<S>) -> Result<(), Error> {
    let mut faults = Vec::new();
    let mut seen: HashSet<(Space, String)> = HashSet::new();
    for route in &routes.list {
        let mut fault = |text: String| faults.push(format!("handler `{}`: {text}", route.handler));
        let (space, name, what) = match &route.purpose {
            Purpose::Command { group, draft } => {
                command_faults(draft, group, &mut fault);
                let name = command_path(group, &draft.name);
                (Space::Command(draft.kind), name, "command")
            }
            Purpose::Component(Some(name)) => (Space::Component, (*name).to_owned(), "custom id"),
            Purpose::PlainComponent(id) => (Space::Component, (*id).to_owned(), "custom id"),
            Purpose::Submit(Some(name)) => {
                if route.undeferred {
                    fault(MODAL_AFTER_MODAL.to_owned());
                }
                (Space::Modal, (*name).to_owned(), "modal")
            }
            Purpose::Component(None) => {
                fault(NO_CUSTOM_ID.to_owned());
                continue;
            }
            Purpose::Submit(None) => {
                fault(NO_FORM.to_owned());
                continue;
            }
            Purpose::Event(None) => {
                fault(NO_EVENT.to_owned());
                continue;
            }
            Purpose::Event(Some(_)) | Purpose::EveryEvent => continue,
        };
        for (option, _) in &route.proposers {
            let known = match &route.purpose {
                Purpose::Command { draft, .. } => draft.options.iter().find(|o| o.name == *option),
                _ => None,
            };
            match known {
                None => fault(format!(
                    "proposes values for `{option}`, which is no option"
                )),
                Some(option) if !option.choices.is_empty() => fault(format!(
                    "option `{}` has choices, so nothing can be proposed for it: \
                     take a String, or remove `autocomplete`",
                    option.name
                )),
                Some(_) => {}
            }
        }
        if !seen.insert((space, name.clone())) {
            fault(format!(
                "the {what} `{name}` has another handler: give one of them another name"
            ));
        }
    }
    for (group, text) in &routes.descriptions {
        let mut fault = |text: String| faults.push(text);
        description_faults("group", group, text, &mut fault);
        let known = routes.list.iter().any(|route| match &route.purpose {
            Purpose::Command { group: names, .. } => {
                let path = names.join(" ");
                path == *group || names.first().is_some_and(|top| top == group)
            }
            _ => false,
        });
        if !known {
            fault(format!(
                "group `{group}` is described, but no command is in it"
            ));
        }
    }
    let drafts = drafts(routes);
    whole_faults(&drafts, &mut faults);
    agreement_faults(routes, &drafts, &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::declaration(faults.join("\n")))
    }
}

/// What has names of its own.
#[derive(PartialEq, Eq, Hash)]
enum Space {
    Command(CommandType),
    Component,
    Modal,
}

/// The faults of one command by itself.
fn command_faults(draft: &CommandDraft, group: &[&str], fault: &mut impl FnMut(String)) {
    let slash = draft.kind == CommandType::ChatInput;
    name_faults("command", &draft.name, slash, fault);
    for name in group {
        name_faults("group", name, true, fault);
    }
    if group.len() > GROUP_DEPTH {
        fault(format!(
            "is {} groups deep, but Discord nests commands in at most {GROUP_DEPTH}",
            group.len()
        ));
    }
    if slash {
        description_faults("command", &draft.name, &draft.description, fault);
    } else if !draft.options.is_empty() || !group.is_empty() {
        fault("is a user or message command, which has neither options nor a group".to_owned());
    }
    if draft.options.len() > OPTIONS_MAX {
        fault(format!(
            "has {} options, but Discord takes {OPTIONS_MAX}",
            draft.options.len()
        ));
    }
    let mut names = HashSet::new();
    let mut optional: Option<&str> = None;
    for option in &draft.options {
        let name = option.name.as_str();
        name_faults("option", name, true, fault);
        description_faults("option", name, &option.description, fault);
        if !names.insert(name) {
            fault(format!("has two options named `{name}`"));
        }
        match optional {
            Some(before) if option.required => fault(format!(
                "option `{name}` is required but stands after `{before}`, which is not: \
                 move it to the front"
            )),
            None if !option.required => optional = Some(name),
            _ => {}
        }
        if option.autocomplete && !PROPOSABLE.contains(&option.kind) {
            fault(format!(
                "values are proposed for option `{name}`, but Discord takes proposals for texts \
                 and numbers only: remove `autocomplete`"
            ));
        }
        if !option.channel_types.is_empty() && option.kind != CommandOptionType::Channel {
            fault(format!(
                "option `{name}` names channel types but takes no channel: remove `channel_types`"
            ));
        }
        if option.choices.len() > OPTIONS_MAX {
            fault(format!(
                "option `{name}` has {} choices, but Discord takes {OPTIONS_MAX}: \
                 propose values by #[autocomplete] instead",
                option.choices.len()
            ));
        }
        let longest = option.max_length.max(option.min_length);
        if longest.is_some_and(|length| length > TEXT_MAX) {
            fault(format!(
                "option `{name}` allows more than the {TEXT_MAX} characters that Discord does"
            ));
        }
    }
}

fn name_faults(what: &str, name: &str, slash: bool, fault: &mut impl FnMut(String)) {
    let length = name.chars().count();
    if !(1..=NAME_MAX).contains(&length) {
        fault(format!(
            "the {what} name `{name}` has {length} characters, but Discord takes 1 to {NAME_MAX}"
        ));
    }
    let plain = |letter: char| {
        !letter.is_uppercase() && (letter.is_alphanumeric() || matches!(letter, '-' | '_' | '\''))
    };
    if slash && !name.chars().all(plain) {
        fault(format!(
            "the {what} name `{name}` has more in it than lower-case letters, digits, `-`, `_` and `'`"
        ));
    }
}

fn description_faults(what: &str, name: &str, text: &str, fault: &mut impl FnMut(String)) {
    let length = text.chars().count();
    if !(1..=DESCRIPTION_MAX).contains(&length) {
        fault(format!(
            "the description of {what} `{name}` has {length} characters, \
             but Discord takes 1 to {DESCRIPTION_MAX}"
        ));
    }
}

/// The faults that the commands have together.
fn whole_faults(drafts: &[CommandDraft], faults: &mut Vec<String>) {
    let limits = [
        (CommandType::ChatInput, "slash", SLASH_MAX),
        (CommandType::User, "user", TARGETED_MAX),
        (CommandType::Message, "message", TARGETED_MAX),
    ];
    for (kind, name, most) in limits {
        let count = drafts.iter().filter(|draft| draft.kind == kind).count();
        if count > most {
            faults.push(format!(
                "there are {count} {name} commands, but Discord takes {most}: put some in a group"
            ));
        }
    }
    for (place, draft) in drafts.iter().enumerate() {
        let name = &draft.name;
        let before = drafts.iter().take(place);
        let twin = before
            .filter(|other| other.kind == draft.kind && other.name == *name)
            .any(|other| is_group(&other.options) != is_group(&draft.options));
        if twin {
            faults.push(format!(
                "`{name}` is a command and a group: Discord runs no command that has subcommands"
            ));
        }
        let groups = draft.options.iter().filter(|option| option.kind == GROUP);
        let widest = groups.map(|group| group.options.len()).max().unwrap_or(0);
        if is_group(&draft.options) && draft.options.len().max(widest) > OPTIONS_MAX {
            faults.push(format!(
                "group `{name}` has more than the {OPTIONS_MAX} subcommands that Discord takes"
            ));
        }
        let size = text_size(&draft.name, draft.name_localizations.as_ref())
            + text_size(&draft.description, draft.description_localizations.as_ref())
            + options_size(&draft.options);
        if size > COMMAND_TEXT_MAX {
            faults.push(format!(
                "command `{name}` has {size} characters in names, descriptions and choices, \
                 but Discord takes {COMMAND_TEXT_MAX}"
            ));
        }
    }
}

/// Commands of one group that want different things which Discord knows for the whole group only.
fn agreement_faults<S>(routes: &Routes<S>, drafts: &[CommandDraft], faults: &mut Vec<String>) {
    for route in &routes.list {
        let Purpose::Command { group, draft } = &route.purpose else {
            continue;
        };
        let top = group.first().and_then(|top| {
            let mut drafts = drafts.iter();
            drafts.find(|known| known.name == **top && is_group(&known.options))
        });
        let Some(whole) = top else { continue };
        let agree = whole.default_member_permissions == draft.default_member_permissions
            && whole.nsfw == draft.nsfw
            && whole.contexts == draft.contexts
            && whole.integration_types == draft.integration_types;
        if !agree {
            faults.push(format!(
                "handler `{}`: default_member_permissions, nsfw, contexts and installs hold for the \
                 whole group `{}`: write the same for each of its commands",
                route.handler, whole.name
            ));
        }
    }
}

fn options_size(options: &[CommandOption]) -> usize {
    let size = |option: &CommandOption| {
        let choices = option.choices.iter().map(|choice| {
            let value = match &choice.value {
                ChoiceValue::String(text) => text.chars().count(),
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

/// Of a text and its translations only the longest counts.
fn text_size(text: &str, translations: Option<&Localizations>) -> usize {
    let translations = translations.into_iter().flat_map(Localizations::values);
    let sizes = translations.map(|translation| translation.chars().count());
    sizes.fold(text.chars().count(), usize::max)
}

fn is_group(options: &[CommandOption]) -> bool {
    let parts = [GROUP, CommandOptionType::SubCommand];
    options.iter().any(|option| parts.contains(&option.kind))
}

fn find_or_push<T>(
    list: &mut Vec<T>,
    found: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> &mut T {
    let place = list.iter().position(found).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    });
    #[expect(
        clippy::indexing_slicing,
        reason = "the place was found or pushed just before"
    )]
    &mut list[place]
}

const GROUP: CommandOptionType = CommandOptionType::SubCommandGroup;

/// What an option takes for which values can be proposed.
const PROPOSABLE: [CommandOptionType; 3] = [
    CommandOptionType::String,
    CommandOptionType::Integer,
    CommandOptionType::Number,
];

/// Discord's limits, from its page on application commands: it refuses what is beyond them.
const SLASH_MAX: usize = 100;
/// User commands, and as many message commands.
const TARGETED_MAX: usize = 15;
const OPTIONS_MAX: usize = 25;
const NAME_MAX: usize = 32;
const DESCRIPTION_MAX: usize = 100;
const GROUP_DEPTH: usize = 2;
/// The most characters that a text option may allow.
const TEXT_MAX: u16 = 6000;
/// The most characters of all texts of a command together.
const COMMAND_TEXT_MAX: usize = 8000;

const NO_CUSTOM_ID: &str = "takes no custom id, so no component leads to it: \
    take a type with #[derive(CustomId)], or write #[component(id = \"…\")]";
const NO_FORM: &str = "takes no form, so no modal leads to it: take a type with #[derive(Modal)]";
const MODAL_AFTER_MODAL: &str = "takes a ModalCx, but Discord opens no modal in answer to a modal: \
    take Cx";
const NO_EVENT: &str = "takes no event, so none leads to it: \
    take On<MessageCreate> or another payload, or write #[event(every)]";
