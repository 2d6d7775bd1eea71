//! From routes to the commands that Discord is to know, and what is wrong with them.

use std::collections::{HashMap, HashSet};

use ovenjs_types::{
    CommandDraft, CommandOption, CommandOptionType, CommandType, Validate, Violation,
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
                group_faults(draft, group, &mut fault);
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
            if known.is_none() {
                fault(format!(
                    "proposes values for `{option}`, which is no option"
                ));
            }
        }
        if !seen.insert((space, name.clone())) {
            fault(format!(
                "the {what} `{name}` has another handler: give one of them another name"
            ));
        }
    }
    for (group, _) in &routes.descriptions {
        let known = routes.list.iter().any(|route| match &route.purpose {
            Purpose::Command { group: names, .. } => {
                let path = names.join(" ");
                path == *group || names.first().is_some_and(|top| top == group)
            }
            _ => false,
        });
        if !known {
            faults.push(format!(
                "group `{group}` is described, but no command is in it"
            ));
        }
    }
    let drafts = drafts(routes);
    twin_faults(&drafts, &mut faults);
    discords_faults(routes, &drafts, &mut faults);
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

/// What is wrong with where a command stands.
fn group_faults(draft: &CommandDraft, group: &[&str], fault: &mut impl FnMut(String)) {
    if group.len() > GROUP_DEPTH {
        fault(format!(
            "is {} groups deep, but Discord nests commands in at most {GROUP_DEPTH}",
            group.len()
        ));
    }
    if draft.kind != CommandType::ChatInput && !group.is_empty() {
        fault("is a user or message command, which has no group".to_owned());
    }
}

/// Commands and groups of one name.
fn twin_faults(drafts: &[CommandDraft], faults: &mut Vec<String>) {
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
    }
}

/// What Discord would refuse by its rules for commands, each told by its handler.
fn discords_faults<S>(routes: &Routes<S>, drafts: &[CommandDraft], faults: &mut Vec<String>) {
    let unique = unique(drafts);
    let Err(invalid) = unique.clone().validate() else {
        return;
    };
    let mut handlers: HashMap<(CommandType, String), &str> = HashMap::new();
    for route in &routes.list {
        if let Purpose::Command { group, draft } = &route.purpose {
            let name = command_path(group, &draft.name);
            handlers.insert((draft.kind, name), route.handler);
        }
    }
    faults.extend(invalid.violations().iter().map(|violation| {
        let Some((draft, rest)) = element(&unique, &violation.path) else {
            return match &violation.measure {
                Some(measure) => format!("the bot {measure}: {}", violation.repair),
                None => violation.to_string(),
            };
        };
        told(draft, rest, violation, &handlers)
    }));
}

/// A violation at `path` of a command, with the names of what it is about.
fn told(
    draft: &CommandDraft,
    mut path: &str,
    violation: &Violation,
    handlers: &HashMap<(CommandType, String), &str>,
) -> String {
    let (mut name, mut options) = (draft.name.to_string(), &draft.options);
    let mut about = None;
    while let Some((option, rest)) = path
        .strip_prefix("options")
        .and_then(|list| element(options, list))
    {
        (path, options) = (rest, &option.options);
        if is_group(std::slice::from_ref(option)) {
            name = format!("{name} {}", option.name);
        } else {
            about = Some(&option.name);
        }
    }
    let mut violation = violation.clone();
    violation.path = path.into();
    let about = about.map_or_else(String::new, |option| format!("option `{option}`: "));
    match handlers.get(&(draft.kind, name.clone())) {
        Some(handler) => format!("handler `{handler}`: {about}{violation}"),
        None => format!("group `{name}`: {about}{violation}"),
    }
}

/// The element of a list that a path such as `[3].name` begins with, and the rest of the path.
fn element<'l, 'p, T>(list: &'l [T], path: &'p str) -> Option<(&'l T, &'p str)> {
    let (place, rest) = path.strip_prefix('[')?.split_once(']')?;
    let element = list.get(place.parse::<usize>().ok()?)?;
    Some((element, rest.strip_prefix('.').unwrap_or(rest)))
}

/// The drafts without those whose names stood before: these are told by their handlers.
fn unique(drafts: &[CommandDraft]) -> Vec<CommandDraft> {
    fn keep_first(options: &mut Vec<CommandOption>) {
        let mut seen = HashSet::new();
        options.retain(|option| {
            let is_part = is_group(std::slice::from_ref(option));
            !is_part || seen.insert(option.name.clone())
        });
        options
            .iter_mut()
            .for_each(|option| keep_first(&mut option.options));
    }
    let mut seen = HashSet::new();
    let mut drafts = drafts.to_vec();
    drafts.retain(|draft| seen.insert((draft.kind, draft.name.clone())));
    drafts
        .iter_mut()
        .for_each(|draft| keep_first(&mut draft.options));
    drafts
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

/// How deep Discord nests commands.
const GROUP_DEPTH: usize = 2;

const NO_CUSTOM_ID: &str = "takes no custom id, so no component leads to it: \
    take a type with #[derive(CustomId)], or write #[component(id = \"…\")]";
const NO_FORM: &str = "takes no form, so no modal leads to it: take a type with #[derive(Modal)]";
const MODAL_AFTER_MODAL: &str = "takes a ModalCx, but Discord opens no modal in answer to a modal: \
    take Cx";
const NO_EVENT: &str = "takes no event, so none leads to it: \
    take On<MessageCreate> or another payload, or write #[event(every)]";
