//! What a member may do, and why.
//!
//! The file is long because what is granted and why it is granted stand side by side: a rule that
//! changes in one place and not in the other is seen.

use std::{fmt, marker::PhantomData};

use crate::{
    Channel, ChannelType, Guild, Id, Member, Overwrite, OverwriteType, Permissions, Timestamp,
    marker::{GuildMarker, RoleMarker, UserMarker},
};

/// Works out what one member may do in a guild and in each of its channels.
///
/// It knows the owner, administrators, the roles' permissions, the overwrites of channels in
/// Discord's order (`@everyone`, all roles at once, the member), time-outs, threads, and what is
/// ignored where something it needs is missing.
///
/// Roles which a member holds but the guild does not list are passed over, as Discord does.
///
/// Source: Discord, "Permissions".
///
/// ```
/// use ovenjs_types::{
///     ChannelType, Id, Overwrite, OverwriteType, PermissionCalculator, Permissions, PermissionPlace,
/// };
///
/// let guild = Id::new(1);
/// let ann = PermissionCalculator::new(guild, Id::new(50))
///     .everyone(Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES)
///     .role(Id::new(2), Permissions::MANAGE_MESSAGES);
/// assert!(ann.in_guild().contains(Permissions::MANAGE_MESSAGES));
///
/// let quiet = [Overwrite::role(Id::new(2)).deny(Permissions::SEND_MESSAGES)];
/// let place = PermissionPlace::new(ChannelType::GuildText, &quiet);
/// assert!(!ann.in_channel(&place).contains(Permissions::SEND_MESSAGES));
/// assert_eq!(
///     ann.explain(&place, Permissions::SEND_MESSAGES).to_string(),
///     "SEND_MESSAGES is denied: the channel's overwrite for the role 2 denies it"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct PermissionCalculator {
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    is_owner: bool,
    is_timed_out: bool,
    everyone: Permissions,
    roles: Vec<(Id<RoleMarker>, Permissions)>,
}

impl PermissionCalculator {
    /// A member who is not the owner and holds no role.
    #[must_use]
    pub const fn new(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Self {
        Self {
            guild,
            user,
            is_owner: false,
            is_timed_out: false,
            everyone: Permissions::empty(),
            roles: Vec::new(),
        }
    }

    /// The member of a guild that came with its roles, as `GUILD_CREATE` brings it. `now` decides
    /// whether a time-out is over.
    #[must_use]
    pub fn of(guild: &Guild, user: Id<UserMarker>, member: &Member, now: Timestamp) -> Self {
        let mut calculator = Self::new(guild.id, user);
        if guild.owner_id == Some(user) {
            calculator = calculator.owner();
        }
        if member
            .communication_disabled_until
            .is_some_and(|end| end > now)
        {
            calculator = calculator.timed_out();
        }
        for role in &guild.roles {
            if role.id.cast() == guild.id {
                calculator = calculator.everyone(role.permissions);
            } else if member.roles.contains(&role.id) {
                calculator = calculator.role(role.id, role.permissions);
            }
        }
        calculator
    }

    /// Makes the member the guild's owner.
    #[must_use]
    pub const fn owner(mut self) -> Self {
        self.is_owner = true;
        self
    }

    /// Says that the member is timed out now.
    #[must_use]
    pub const fn timed_out(mut self) -> Self {
        self.is_timed_out = true;
        self
    }

    /// Sets what `@everyone` may do.
    #[must_use]
    pub const fn everyone(mut self, permissions: Permissions) -> Self {
        self.everyone = permissions;
        self
    }

    /// Adds a role which the member holds.
    #[must_use]
    pub fn role(mut self, role: Id<RoleMarker>, permissions: Permissions) -> Self {
        self.roles.push((role, permissions));
        self
    }

    /// What the member may do in the guild as a whole.
    #[must_use]
    pub fn in_guild(&self) -> Permissions {
        self.without_timed_out(self.held_by_roles())
    }

    /// What the member may do in a channel or thread.
    ///
    /// In a thread, `SEND_MESSAGES` says whether messages may be sent there, which is what
    /// `SEND_MESSAGES_IN_THREADS` allows in the channel above.
    #[must_use]
    pub fn in_channel(&self, place: &PermissionPlace<'_>) -> Permissions {
        let held = self.held_by_roles();
        if held == EVERYTHING {
            return EVERYTHING;
        }
        let overwritten = self.overwrite(held, place.overwrites);
        place.without_ignored(self.without_timed_out(overwritten))
    }

    /// Names the rule that grants or denies `permission` in a channel or thread.
    ///
    /// Of several permissions, the first that is denied is explained; where none is, the first.
    #[must_use]
    pub fn explain(&self, place: &PermissionPlace<'_>, permission: Permissions) -> Explanation {
        self.explain_first(permission, |bit| self.judge(place, bit))
    }

    /// Names the rule that grants or denies `permission` in the guild as a whole.
    #[must_use]
    pub fn explain_in_guild(&self, permission: Permissions) -> Explanation {
        self.explain_first(permission, |bit| {
            self.judge_timed_out(bit)
                .unwrap_or_else(|| self.judge_roles(bit))
        })
    }

    /// A proof that the member has the permissions with these bits in a channel or thread.
    ///
    /// # Errors
    ///
    /// Why the first permission that is missing is denied.
    ///
    /// ```
    /// use ovenjs_types::{ChannelType, Granted, Id, PermissionCalculator, Permissions, PermissionPlace};
    ///
    /// const SEND: u64 = Permissions::SEND_MESSAGES.bits();
    /// fn announce(_: Granted<'_, SEND>) {}
    ///
    /// let place = PermissionPlace::new(ChannelType::GuildText, &[]);
    /// let ann = PermissionCalculator::new(Id::new(1), Id::new(50)).everyone(Permissions::VIEW_CHANNEL);
    /// assert!(ann.grant::<SEND>(&place).is_err());
    ///
    /// let ann = ann.owner();
    /// announce(ann.grant(&place).unwrap());
    /// assert_eq!(size_of::<Granted<'_, SEND>>(), 0);
    /// ```
    pub fn grant<const BITS: u64>(
        &self,
        place: &PermissionPlace<'_>,
    ) -> Result<Granted<'_, BITS>, Explanation> {
        let wanted = Permissions::from_bits(BITS);
        if self.in_channel(place).contains(wanted) {
            Ok(Granted(PhantomData))
        } else {
            Err(self.explain(place, wanted))
        }
    }

    fn held_by_roles(&self) -> Permissions {
        let roles = self.roles.iter().map(|(_, permissions)| *permissions);
        let held = roles.fold(self.everyone, Permissions::union);
        if self.is_owner || held.contains(Permissions::ADMINISTRATOR) {
            EVERYTHING
        } else {
            held
        }
    }

    fn overwrite(&self, held: Permissions, overwrites: &[Overwrite]) -> Permissions {
        let apply = |held: Permissions, overwrite: &Overwrite| {
            held.difference(overwrite.deny).union(overwrite.allow)
        };
        let held = self
            .everyone_overwrite(overwrites)
            .into_iter()
            .fold(held, apply);
        let (mut allow, mut deny) = (Permissions::empty(), Permissions::empty());
        for overwrite in self.role_overwrites(overwrites) {
            allow.insert(overwrite.allow);
            deny.insert(overwrite.deny);
        }
        let held = held.difference(deny).union(allow);
        self.member_overwrite(overwrites)
            .into_iter()
            .fold(held, apply)
    }

    /// Owner and administrators keep everything under a time-out.
    fn without_timed_out(&self, held: Permissions) -> Permissions {
        if self.is_timed_out && held != EVERYTHING {
            held & LEFT_TO_TIMED_OUT
        } else {
            held
        }
    }

    fn everyone_overwrite<'a>(&self, overwrites: &'a [Overwrite]) -> Option<&'a Overwrite> {
        overwrites
            .iter()
            .find(|o| o.kind == OverwriteType::Role && o.id.get() == self.guild.get())
    }

    fn role_overwrites<'a>(
        &'a self,
        overwrites: &'a [Overwrite],
    ) -> impl Iterator<Item = &'a Overwrite> {
        overwrites.iter().filter(|o| {
            o.kind == OverwriteType::Role
                && self.roles.iter().any(|(role, _)| role.get() == o.id.get())
        })
    }

    fn member_overwrite<'a>(&self, overwrites: &'a [Overwrite]) -> Option<&'a Overwrite> {
        overwrites
            .iter()
            .find(|o| o.kind == OverwriteType::Member && o.id.get() == self.user.get())
    }

    fn explain_first(
        &self,
        permission: Permissions,
        judge: impl Fn(Permissions) -> (bool, Rule),
    ) -> Explanation {
        let bits = (0..u64::BITS).map(|bit| Permissions::from_bits(1 << bit));
        let mut first = None;
        for bit in bits.filter(|bit| permission.contains(*bit)) {
            let (is_granted, rule) = judge(bit);
            let explanation = Explanation {
                permission: bit,
                is_granted,
                rule,
            };
            if !is_granted {
                return explanation;
            }
            first.get_or_insert(explanation);
        }
        first.unwrap_or(Explanation {
            permission,
            is_granted: true,
            rule: Rule::NothingAsked,
        })
    }

    /// The rule that decides about one permission in a channel.
    fn judge(&self, place: &PermissionPlace<'_>, bit: Permissions) -> (bool, Rule) {
        let wanted = place.stands_for(bit);
        let verdict = self.judge_unbound(place, wanted);
        if !verdict.0 || self.is_above_rules() {
            return verdict;
        }
        match place.ignored_because(bit, |needed| {
            self.judge_unbound(place, place.stands_for(needed)).0
        }) {
            Some(rule) => (false, rule),
            None => verdict,
        }
    }

    /// As [`judge`](Self::judge), before anything is ignored for lack of another permission.
    fn judge_unbound(&self, place: &PermissionPlace<'_>, bit: Permissions) -> (bool, Rule) {
        if self.is_above_rules() {
            return self.judge_roles(bit);
        }
        if let Some(verdict) = self.judge_timed_out(bit) {
            return verdict;
        }
        let overwrites = place.overwrites;
        if let Some(own) = self.member_overwrite(overwrites)
            && (own.allow | own.deny).contains(bit)
        {
            return (own.allow.contains(bit), Rule::MemberOverwrite);
        }
        let role = |o: &Overwrite| Rule::RoleOverwrite(o.id.cast());
        if let Some(allows) = self
            .role_overwrites(overwrites)
            .find(|o| o.allow.contains(bit))
        {
            return (true, role(allows));
        }
        if let Some(denies) = self
            .role_overwrites(overwrites)
            .find(|o| o.deny.contains(bit))
        {
            return (false, role(denies));
        }
        if let Some(all) = self.everyone_overwrite(overwrites)
            && (all.allow | all.deny).contains(bit)
        {
            return (all.allow.contains(bit), Rule::EveryoneOverwrite);
        }
        self.judge_roles(bit)
    }

    fn judge_timed_out(&self, bit: Permissions) -> Option<(bool, Rule)> {
        let denied =
            self.is_timed_out && !self.is_above_rules() && !LEFT_TO_TIMED_OUT.contains(bit);
        denied.then_some((false, Rule::TimedOut))
    }

    fn judge_roles(&self, bit: Permissions) -> (bool, Rule) {
        let with = |wanted: Permissions| self.roles.iter().find(|(_, held)| held.contains(wanted));
        if self.is_owner {
            (true, Rule::Owner)
        } else if self.everyone.contains(Permissions::ADMINISTRATOR) {
            (true, Rule::Administrator(self.guild.cast()))
        } else if let Some((role, _)) = with(Permissions::ADMINISTRATOR) {
            (true, Rule::Administrator(*role))
        } else if self.everyone.contains(bit) {
            (true, Rule::EveryoneRole)
        } else if let Some((role, _)) = with(bit) {
            (true, Rule::Role(*role))
        } else {
            (false, Rule::NoRole)
        }
    }

    fn is_above_rules(&self) -> bool {
        self.held_by_roles() == EVERYTHING
    }
}

/// A channel or thread, as far as permissions go.
#[derive(Clone, Copy, Debug)]
pub struct PermissionPlace<'a> {
    kind: ChannelType,
    overwrites: &'a [Overwrite],
    thread: Option<Thread>,
}

/// A thread as a member meets it.
#[derive(Clone, Copy, Debug)]
struct Thread {
    is_private: bool,
    is_joined: bool,
    is_locked: bool,
    is_archived: bool,
}

impl<'a> PermissionPlace<'a> {
    /// A channel of this type with these overwrites.
    #[must_use]
    pub const fn new(kind: ChannelType, overwrites: &'a [Overwrite]) -> Self {
        Self {
            kind,
            overwrites,
            thread: None,
        }
    }

    /// A channel that is no thread.
    #[must_use]
    pub fn channel(channel: &'a Channel) -> Self {
        Self::new(channel.kind, &channel.permission_overwrites)
    }

    /// A thread below `parent`, whose overwrites are the ones that count. Whether the member has
    /// joined it matters in private threads, which nobody else sees without `MANAGE_THREADS`. In a
    /// locked one nobody else writes, and nobody else reacts once it is archived as well.
    #[must_use]
    pub fn thread(thread: &Channel, parent: &'a Channel, is_joined: bool) -> Self {
        let metadata = thread.thread_metadata.as_ref();
        let state = Thread {
            is_private: thread.kind == ChannelType::PrivateThread,
            is_joined,
            is_locked: metadata.is_some_and(|metadata| metadata.locked),
            is_archived: metadata.is_some_and(|metadata| metadata.archived),
        };
        Self {
            thread: Some(state),
            ..Self::channel(parent)
        }
    }

    /// Takes away what is ignored here for lack of something else.
    fn without_ignored(&self, held: Permissions) -> Permissions {
        if !held.contains(Permissions::VIEW_CHANNEL) || self.hides_thread(held) {
            return Permissions::empty();
        }
        let mut left = held;
        if self.thread.is_some() {
            left.remove(Permissions::SEND_MESSAGES);
            if held.contains(Permissions::SEND_MESSAGES_IN_THREADS) {
                left.insert(Permissions::SEND_MESSAGES);
            }
            if !held.contains(Permissions::MANAGE_THREADS) {
                left.remove(self.shut());
            }
        }
        if !left.contains(Permissions::SEND_MESSAGES) {
            left.remove(NEEDS_SENDING);
        }
        if self.is_voice() && !left.contains(Permissions::CONNECT) {
            left.remove(NEEDS_CONNECTION);
        }
        left
    }

    /// Why `bit` is ignored here although it is held; `holds` says what else is.
    fn ignored_because(
        &self,
        bit: Permissions,
        holds: impl Fn(Permissions) -> bool,
    ) -> Option<Rule> {
        let lacks = |needed: Permissions| (!holds(needed)).then_some(Rule::Needs(needed));
        if let Some(rule) = lacks(Permissions::VIEW_CHANNEL) {
            return Some(rule);
        }
        if let Some(thread) = self.thread {
            let manages = holds(Permissions::MANAGE_THREADS);
            if thread.is_private && !thread.is_joined && !manages {
                return Some(Rule::PrivateThread);
            }
            let needs_shut = NEEDS_SENDING.contains(bit) && !self.shut().is_empty();
            if !manages && (needs_shut || self.shut().contains(bit)) {
                return Some(Rule::LockedThread);
            }
        }
        if NEEDS_SENDING.contains(bit)
            && let Some(rule) = lacks(Permissions::SEND_MESSAGES)
        {
            return Some(rule);
        }
        if self.is_voice() && NEEDS_CONNECTION.contains(bit) {
            return lacks(Permissions::CONNECT);
        }
        None
    }

    /// The permission that is looked up where `bit` is asked for.
    fn stands_for(&self, bit: Permissions) -> Permissions {
        if self.thread.is_some() && bit == Permissions::SEND_MESSAGES {
            Permissions::SEND_MESSAGES_IN_THREADS
        } else {
            bit
        }
    }

    fn hides_thread(&self, held: Permissions) -> bool {
        self.thread
            .is_some_and(|thread| thread.is_private && !thread.is_joined)
            && !held.contains(Permissions::MANAGE_THREADS)
    }

    /// What a locked thread takes from those who do not manage threads.
    fn shut(&self) -> Permissions {
        let sending = Permissions::SEND_MESSAGES | Permissions::SEND_MESSAGES_IN_THREADS;
        match self.thread {
            Some(thread) if thread.is_locked && thread.is_archived => {
                sending | Permissions::ADD_REACTIONS
            }
            Some(thread) if thread.is_locked => sending,
            _ => Permissions::empty(),
        }
    }

    const fn is_voice(&self) -> bool {
        matches!(
            self.kind,
            ChannelType::GuildVoice | ChannelType::GuildStageVoice
        )
    }
}

/// Why a permission is granted or denied. Its text is a sentence for the person who set up the guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    permission: Permissions,
    is_granted: bool,
    rule: Rule,
}

impl Explanation {
    /// The one permission that is explained.
    #[must_use]
    pub const fn permission(&self) -> Permissions {
        self.permission
    }

    /// Whether it is granted.
    #[must_use]
    pub const fn is_granted(&self) -> bool {
        self.is_granted
    }

    /// The rule that decided.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }
}

/// The rule that decides about a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The owner may do everything.
    Owner,
    /// This role makes its holders administrators, who may do everything.
    Administrator(Id<RoleMarker>),
    /// `@everyone` has it.
    EveryoneRole,
    /// This role has it.
    Role(Id<RoleMarker>),
    /// No role of the member has it.
    NoRole,
    /// The channel's overwrite for `@everyone` says so.
    EveryoneOverwrite,
    /// The channel's overwrite for this role says so. Where roles disagree, allowing wins.
    RoleOverwrite(Id<RoleMarker>),
    /// The channel's overwrite for the member says so.
    MemberOverwrite,
    /// Timed-out members may only look.
    TimedOut,
    /// It is ignored without this other permission.
    Needs(Permissions),
    /// The thread is private and the member has not joined it.
    PrivateThread,
    /// The thread is locked.
    LockedThread,
    /// The empty set was asked about.
    NothingAsked,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, says) = if self.is_granted {
            ("granted", "allows")
        } else {
            ("denied", "denies")
        };
        write!(f, "{} is {state}: ", self.permission)?;
        match self.rule {
            Rule::Owner => f.write_str("the member owns the guild"),
            Rule::Administrator(role) => write!(f, "the role {role} makes administrators"),
            Rule::EveryoneRole => f.write_str("@everyone has it"),
            Rule::Role(role) => write!(f, "the role {role} has it"),
            Rule::NoRole => f.write_str("no role of the member has it"),
            Rule::EveryoneOverwrite => {
                write!(f, "the channel's overwrite for @everyone {says} it")
            }
            Rule::RoleOverwrite(role) => {
                write!(f, "the channel's overwrite for the role {role} {says} it")
            }
            Rule::MemberOverwrite => write!(f, "the channel's overwrite for the member {says} it"),
            Rule::TimedOut => f.write_str("the member is timed out"),
            Rule::Needs(other) => write!(f, "it is ignored without {other}"),
            Rule::PrivateThread => {
                f.write_str("the thread is private: join it, or get MANAGE_THREADS")
            }
            Rule::LockedThread => {
                f.write_str("the thread is locked: writing in it takes MANAGE_THREADS")
            }
            Rule::NothingAsked => f.write_str("nothing was asked for"),
        }
    }
}

/// A proof, made by [`PermissionCalculator::grant`], that a member has the permissions `BITS`.
///
/// It has no size and cannot outlive the calculator that gave it, so that a function can ask for it
/// at no cost. Which member and which channel it is about is the calculator's to say: a proof of one
/// place is no proof of another.
#[derive(Clone, Copy, Debug)]
pub struct Granted<'a, const BITS: u64>(PhantomData<&'a PermissionCalculator>);

/// Owner and administrators may do everything, what Discord invents tomorrow included.
const EVERYTHING: Permissions = Permissions::from_bits(u64::MAX);

const LEFT_TO_TIMED_OUT: Permissions =
    Permissions::VIEW_CHANNEL.union(Permissions::READ_MESSAGE_HISTORY);

/// What a message can carry only where one can be sent.
const NEEDS_SENDING: Permissions = Permissions::MENTION_EVERYONE
    .union(Permissions::SEND_TTS_MESSAGES)
    .union(Permissions::ATTACH_FILES)
    .union(Permissions::EMBED_LINKS);

/// What means nothing to those who cannot come into a voice channel.
const NEEDS_CONNECTION: Permissions = Permissions::MANAGE_CHANNELS
    .union(Permissions::PRIORITY_SPEAKER)
    .union(Permissions::STREAM)
    .union(Permissions::SPEAK)
    .union(Permissions::MUTE_MEMBERS)
    .union(Permissions::DEAFEN_MEMBERS)
    .union(Permissions::MOVE_MEMBERS)
    .union(Permissions::USE_VAD)
    .union(Permissions::REQUEST_TO_SPEAK)
    .union(Permissions::USE_EMBEDDED_ACTIVITIES)
    .union(Permissions::USE_SOUNDBOARD)
    .union(Permissions::USE_EXTERNAL_SOUNDS)
    .union(Permissions::SET_VOICE_CHANNEL_STATUS);

#[cfg(test)]
mod tests;
