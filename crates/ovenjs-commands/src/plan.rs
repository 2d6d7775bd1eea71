//! What to change at Discord so that it knows the commands that the bot has.

use std::{collections::BTreeSet, fmt};

use ovenjs_types::{
    ChannelType, Command, CommandDraft, CommandOption, CommandType, Id, InstallContext,
    InteractionContext, marker::CommandMarker,
};

/// Compares what is registered with what is wanted. Nothing is done: the answer says what to do,
/// and its `Display` shows it to a person.
///
/// Registered commands that nobody wants stay, since another process may own them, unless `prune`
/// says that all of them are the bot's. Only then a wanted command that nobody registered, next to a
/// registered one that nobody wants, counts as a rename where kind and options are the same and
/// there are options; so the permissions that a guild set for it are kept.
///
/// ```
/// use ovenjs_commands::{Prune, plan};
/// use ovenjs_types::CommandDraft;
///
/// let wanted = [CommandDraft::slash("ping", "Ping")];
/// let plan = plan(&[], &wanted, Prune::No);
/// assert_eq!(plan.to_string(), "+ /ping\n\nPlan: 1 to create, 0 to update, 0 to delete, 0 unchanged.");
/// ```
#[must_use]
pub fn plan(registered: &[Command], wanted: &[CommandDraft], prune: Prune) -> Plan {
    let mut left: Vec<&Command> = registered.iter().collect();
    let mut plan = Plan::default();
    let mut unknown = Vec::new();
    for draft in wanted {
        let same = |command: &&Command| command.kind == draft.kind && command.name == draft.name;
        match take(&mut left, same) {
            Some(command) => plan.meet(command, draft),
            None => unknown.push(draft),
        }
    }
    for draft in unknown {
        let renamed = |command: &&Command| {
            command.kind == draft.kind
                && !draft.options.is_empty()
                && options_equal(&command.options, &draft.options)
        };
        // Of several with the same options none is surely the one, nor is one of somebody else's.
        let sure =
            prune == Prune::Yes && left.iter().filter(|command| renamed(command)).count() == 1;
        match sure.then(|| take(&mut left, renamed)).flatten() {
            Some(command) => plan.meet(command, draft),
            None => plan.create.push(draft.clone()),
        }
    }
    for command in left {
        // What opens an activity is made by Discord and declared by no handler.
        let ours = command.kind != CommandType::PrimaryEntryPoint;
        let place = match prune {
            Prune::Yes if ours => &mut plan.delete,
            Prune::Yes | Prune::No => &mut plan.unlisted,
        };
        place.push(Known::of(command));
    }
    plan
}

/// Whether registered commands that nobody wants are deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prune {
    /// They stay: another process may own them.
    #[default]
    No,
    /// They go, with the permissions that guilds have set for them.
    Yes,
}

/// What to change at Discord. The order within each list is that of the commands wanted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// To be registered.
    pub create: Vec<CommandDraft>,
    /// To be changed.
    pub update: Vec<Update>,
    /// To be left alone, being as wanted.
    pub keep: Vec<Known>,
    /// To be deleted, which only [`Prune::Yes`] asks for.
    pub delete: Vec<Known>,
    /// Wanted by nobody here, but left alone.
    pub unlisted: Vec<Known>,
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.writes() == 0
    }

    /// How many requests it takes.
    #[must_use]
    pub const fn writes(&self) -> usize {
        self.create.len() + self.update.len() + self.delete.len()
    }

    fn meet(&mut self, command: &Command, draft: &CommandDraft) {
        let mut draft = draft.clone();
        // A request that is silent about contexts leaves those that are; a draft that is, wants all.
        let narrowed = command.contexts.as_ref().filter(|list| !list.is_empty());
        if narrowed.is_some() && draft.contexts.is_none() {
            draft.contexts = Some(CONTEXTS.to_vec());
        }
        let changes = changes(command, &draft);
        if changes.is_empty() {
            self.keep.push(Known::of(command));
        } else {
            self.update.push(Update {
                id: command.id,
                before: command.name.to_string(),
                draft,
                changes,
            });
        }
    }
}

/// A registered command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: Id<CommandMarker>,
    /// What kind of command it is.
    pub kind: CommandType,
    /// Its name.
    pub name: String,
}

impl Known {
    fn of(command: &Command) -> Self {
        Self {
            id: command.id,
            kind: command.kind,
            name: command.name.to_string(),
        }
    }
}

/// A registered command that is to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Its id.
    pub id: Id<CommandMarker>,
    /// Its present name; another than the draft's for a rename.
    pub before: String,
    /// What it is to be.
    pub draft: CommandDraft,
    /// What differs, for people, e.g. `description: "Ping" → "Pong"`.
    pub changes: Vec<String>,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for draft in &self.create {
            writeln!(f, "+ {}", shown(draft.kind, &draft.name))?;
        }
        for update in &self.update {
            let kind = update.draft.kind;
            write!(f, "~ {}", shown(kind, &update.before))?;
            if update.before != update.draft.name {
                write!(f, " → {}", shown(kind, &update.draft.name))?;
            }
            writeln!(f)?;
            for change in &update.changes {
                writeln!(f, "    {change}")?;
            }
        }
        for known in &self.delete {
            writeln!(f, "- {}", shown(known.kind, &known.name))?;
        }
        for known in &self.unlisted {
            let name = shown(known.kind, &known.name);
            writeln!(f, "? {name} is registered, but not here: left alone")?;
        }
        if self.writes() + self.unlisted.len() > 0 {
            writeln!(f)?;
        }
        write!(
            f,
            "Plan: {} to create, {} to update, {} to delete, {} unchanged.",
            self.create.len(),
            self.update.len(),
            self.delete.len(),
            self.keep.len()
        )
    }
}

/// A command as users see it.
fn shown(kind: CommandType, name: &str) -> String {
    match kind {
        CommandType::ChatInput => format!("/{name}"),
        CommandType::User => format!("{name} (user command)"),
        CommandType::Message => format!("{name} (message command)"),
        other => format!("{name} ({other:?})"),
    }
}

fn take<'a>(
    left: &mut Vec<&'a Command>,
    wanted: impl Fn(&&'a Command) -> bool,
) -> Option<&'a Command> {
    let place = left.iter().position(wanted)?;
    Some(left.remove(place))
}

/// What differs, in words. What Discord fills in by itself where a draft is silent is no change.
fn changes(command: &Command, draft: &CommandDraft) -> Vec<String> {
    let mut changes = Vec::new();
    let mut note = |field: &str, differs: bool, change: &dyn Fn() -> String| {
        if differs {
            changes.push(format!("{field}: {}", change()));
        }
    };
    note("name", command.name != draft.name, &|| {
        format!("{:?} → {:?}", command.name, draft.name)
    });
    note(
        "description",
        command.description != draft.description,
        &|| format!("{:?} → {:?}", command.description, draft.description),
    );
    let no_names = &Default::default();
    note(
        "name_localizations",
        command.name_localizations.as_ref().unwrap_or(no_names)
            != draft.name_localizations.as_ref().unwrap_or(no_names),
        &changed,
    );
    note(
        "description_localizations",
        command
            .description_localizations
            .as_ref()
            .unwrap_or(no_names)
            != draft.description_localizations.as_ref().unwrap_or(no_names),
        &changed,
    );
    let (before, after) = (
        command.default_member_permissions,
        draft.default_member_permissions,
    );
    note("default_member_permissions", before != after, &|| {
        let name = |bits: Option<ovenjs_types::Permissions>| match bits {
            None => "everyone".to_owned(),
            Some(bits) if bits.is_empty() => "administrators".to_owned(),
            Some(bits) => bits.to_string(),
        };
        format!("{} → {}", name(before), name(after))
    });
    note("nsfw", command.nsfw != draft.nsfw, &|| {
        format!("{} → {}", command.nsfw, draft.nsfw)
    });
    let installs = draft.integration_types.as_ref().is_some_and(|wanted| {
        let known = command.integration_types.as_deref().unwrap_or(&[]);
        !same_set(known, wanted, InstallContext::value)
    });
    note("installs", installs, &|| {
        format!(
            "{:?} → {:?}",
            command.integration_types, draft.integration_types
        )
    });
    let contexts = draft.contexts.as_ref().is_some_and(|wanted| {
        let known = command.contexts.as_deref().unwrap_or(&[]);
        !same_set(known, wanted, InteractionContext::value)
    });
    note("contexts", contexts, &|| {
        format!("{:?} → {:?}", command.contexts, draft.contexts)
    });
    option_changes("", &command.options, &draft.options, &mut changes);
    changes
}

fn option_changes(
    above: &str,
    before: &[CommandOption],
    after: &[CommandOption],
    changes: &mut Vec<String>,
) {
    let names = |options: &[CommandOption]| -> Vec<String> {
        options
            .iter()
            .map(|option| option.name.to_string())
            .collect()
    };
    let kept = |options: &[CommandOption], others: &[CommandOption]| -> Vec<String> {
        let mut names = names(options);
        names.retain(|name| others.iter().any(|other| other.name == *name));
        names
    };
    for option in after {
        let path = format!("{above}{}", option.name);
        match before.iter().find(|known| known.name == option.name) {
            None => changes.push(format!("+ option {path}")),
            Some(known) => {
                if !alone_equal(known, option) {
                    changes.push(format!("~ option {path}"));
                }
                option_changes(
                    &format!("{path} "),
                    &known.options,
                    &option.options,
                    changes,
                );
            }
        }
    }
    for known in before {
        if !after.iter().any(|option| option.name == known.name) {
            changes.push(format!("- option {above}{}", known.name));
        }
    }
    if kept(before, after) != kept(after, before) {
        let order = names(after).join(", ");
        changes.push(format!("order of options: {order}"));
    }
}

/// Where a command can be used whose draft does not say.
const CONTEXTS: [InteractionContext; 3] = [
    InteractionContext::Guild,
    InteractionContext::BotDm,
    InteractionContext::PrivateChannel,
];

fn changed() -> String {
    "changed".to_owned()
}

fn same_set<T: Copy, V: Ord>(one: &[T], other: &[T], value: impl Fn(T) -> V) -> bool {
    let set = |list: &[T]| -> BTreeSet<V> { list.iter().map(|item| value(*item)).collect() };
    set(one) == set(other)
}

fn options_equal(one: &[CommandOption], other: &[CommandOption]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            alone_equal(one, other) && options_equal(&one.options, &other.options)
        })
}

/// Whether two options are the same, those below them aside. An empty list of translations, which
/// Discord may answer, is none, and so is a text's least length of 0; channel types have no order.
fn alone_equal(one: &CommandOption, other: &CommandOption) -> bool {
    let plain = |option: &CommandOption| {
        let mut option = option.clone();
        option.options.clear();
        option.min_length = option.min_length.filter(|length| *length > 0);
        option.channel_types.clear();
        option.name_localized = None;
        option.description_localized = None;
        option.name_localizations = option.name_localizations.filter(|map| !map.is_empty());
        let descriptions = &mut option.description_localizations;
        *descriptions = descriptions.take().filter(|map| !map.is_empty());
        for choice in &mut option.choices {
            choice.name_localized = None;
            choice.name_localizations = choice.name_localizations.take().filter(|m| !m.is_empty());
        }
        option
    };
    plain(one) == plain(other)
        && same_set(&one.channel_types, &other.channel_types, ChannelType::value)
}
