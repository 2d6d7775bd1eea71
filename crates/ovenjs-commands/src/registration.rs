//! From routes to the commands that Discord is to know, and what is wrong with them.

use std::collections::HashSet;

use ovenjs_types::{CommandDraft, CommandOption, CommandOptionType, CommandType};

use crate::{Error, Route, route::Purpose, router::command_path};

/// The commands of `routes`, groups put together, in the order listed.
pub(crate) fn drafts<S>(routes: &[Route<S>]) -> Vec<CommandDraft> {
    let mut drafts: Vec<CommandDraft> = Vec::new();
    for route in routes {
        let Purpose::Command { group, draft } = &route.purpose else {
            continue;
        };
        let Some((top, below)) = group.split_first() else {
            drafts.push((**draft).clone());
            continue;
        };
        let place = drafts.iter().position(|known| {
            known.kind == CommandType::ChatInput && known.name == **top && is_group(&known.options)
        });
        let command = match place.and_then(|place| drafts.get_mut(place)) {
            Some(command) => command,
            None => {
                drafts.push(CommandDraft {
                    default_member_permissions: draft.default_member_permissions,
                    nsfw: draft.nsfw,
                    contexts: draft.contexts.clone(),
                    integration_types: draft.integration_types.clone(),
                    ..CommandDraft::slash(*top, *top)
                });
                match drafts.last_mut() {
                    Some(command) => command,
                    None => continue,
                }
            }
        };
        let mut level = &mut command.options;
        if let Some(name) = below.first() {
            let known = level.iter().position(|option| option.name == **name);
            let place = known.unwrap_or_else(|| {
                let kind = CommandOptionType::SubCommandGroup;
                level.push(CommandOption::new(kind, *name, *name));
                level.len() - 1
            });
            match level.get_mut(place) {
                Some(group) => level = &mut group.options,
                None => continue,
            }
        }
        let kind = CommandOptionType::SubCommand;
        let mut subcommand = CommandOption::new(kind, &draft.name, &draft.description);
        subcommand.options = draft.options.clone();
        level.push(subcommand);
    }
    drafts
}

fn is_group(options: &[CommandOption]) -> bool {
    options.iter().any(|option| {
        matches!(
            option.kind,
            CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup
        )
    })
}

/// Every fault of `routes`, or none.
pub(crate) fn validate<S>(routes: &[Route<S>]) -> Result<(), Error> {
    let mut faults = Vec::new();
    let mut seen: HashSet<(u8, String)> = HashSet::new();
    for route in routes {
        let mut fault = |text: String| faults.push(format!("handler `{}`: {text}", route.handler));
        let (key, what) = match &route.purpose {
            Purpose::Command { group, draft } => {
                let path = command_path(group, &draft.name);
                command_faults(draft, group, &mut fault);
                let what = format!("command `{path}`");
                ((draft.kind.value(), path), what)
            }
            Purpose::Component(Some(name)) => (
                (u8::MAX - 1, (*name).to_owned()),
                format!("custom id `{name}`"),
            ),
            Purpose::PlainComponent(id) => {
                ((u8::MAX - 2, (*id).to_owned()), format!("custom id `{id}`"))
            }
            Purpose::Submit(Some(name)) => {
                ((u8::MAX - 3, (*name).to_owned()), format!("modal `{name}`"))
            }
            Purpose::Component(None) => {
                fault("takes no custom id, so no component leads to it: take a type with #[derive(CustomId)], or write #[component(id = \"…\")]".to_owned());
                continue;
            }
            Purpose::Submit(None) => {
                fault(
                    "takes no form, so no modal leads to it: take a type with #[derive(Modal)]"
                        .to_owned(),
                );
                continue;
            }
            Purpose::Event(None) => {
                fault("takes no event, so none leads to it: take On<MessageCreate> or another payload, or write #[event(every)]".to_owned());
                continue;
            }
            Purpose::Event(Some(_)) | Purpose::EveryEvent => continue,
        };
        if !seen.insert(key) {
            fault(format!("{what} has a handler already"));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::declaration(faults.join("\n")))
    }
}

fn command_faults(draft: &CommandDraft, _group: &[&str], fault: &mut impl FnMut(String)) {
    let _ = (draft, fault);
}
