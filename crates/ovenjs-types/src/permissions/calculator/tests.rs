//! The calculator against a slow reading of Discord's page, and its rules one by one.

use std::collections::BTreeSet;

use super::*;

const GUILD: u64 = 1;
const USER: u64 = 50;
const ROLES: [u64; 3] = [10, 11, 12];

#[test]
fn the_calculator_agrees_with_a_slow_reading_of_the_page() {
    let mut dice = Dice(7);
    for case in 0..3_000 {
        let scene = Scene::throw(&mut dice);
        let (calculator, overwrites) = (scene.calculator(), scene.overwrites());
        let place = PermissionPlace {
            kind: scene.kind,
            overwrites: &overwrites,
            thread: scene.thread,
        };
        let granted = calculator.in_channel(&place);
        let slowly = scene.read_slowly();
        for bit in 0..64 {
            let permission = Permissions::from_bits(1 << bit);
            let expected = slowly.contains(&bit);
            assert_eq!(
                granted.contains(permission),
                expected,
                "case {case}, bit {bit}: {scene:?}"
            );
            let explained = calculator.explain(&place, permission);
            assert_eq!(
                explained.is_granted(),
                expected,
                "case {case}, bit {bit}: {explained}, {scene:?}"
            );
        }
    }
}

#[test]
fn what_is_granted_in_the_guild_is_explained_in_the_guild() {
    let mut dice = Dice(11);
    for _ in 0..500 {
        let calculator = Scene::throw(&mut dice).calculator();
        let granted = calculator.in_guild();
        for bit in 0..64 {
            let permission = Permissions::from_bits(1 << bit);
            let explained = calculator.explain_in_guild(permission);
            assert_eq!(
                explained.is_granted(),
                granted.contains(permission),
                "{explained}"
            );
        }
    }
}

#[test]
fn a_role_that_allows_wins_over_a_role_that_denies() {
    let overwrites = [
        Overwrite::role(Id::new(10)).deny(Permissions::SEND_MESSAGES),
        Overwrite::role(Id::new(11)).allow(Permissions::SEND_MESSAGES),
    ];
    let place = PermissionPlace::new(ChannelType::GuildText, &overwrites);
    let ann = ann()
        .role(Id::new(10), Permissions::empty())
        .role(Id::new(11), Permissions::empty());
    let explained = ann.explain(&place, Permissions::SEND_MESSAGES);
    assert_eq!(explained.rule(), Rule::RoleOverwrite(Id::new(11)));
    assert!(explained.is_granted());
}

#[test]
fn nothing_is_left_where_the_channel_is_hidden() {
    let overwrites = [Overwrite::role(Id::new(GUILD)).deny(Permissions::VIEW_CHANNEL)];
    let place = PermissionPlace::new(ChannelType::GuildText, &overwrites);
    assert!(ann().in_channel(&place).is_empty());
    assert_eq!(
        ann()
            .explain(&place, Permissions::SEND_MESSAGES)
            .to_string(),
        "SEND_MESSAGES is denied: it is ignored without VIEW_CHANNEL"
    );
}

#[test]
fn of_several_permissions_the_missing_one_is_explained() {
    let place = PermissionPlace::new(ChannelType::GuildText, &[]);
    let wanted = Permissions::SEND_MESSAGES | Permissions::MANAGE_MESSAGES;
    let explained = ann().explain(&place, wanted);
    assert_eq!(explained.permission(), Permissions::MANAGE_MESSAGES);
    assert_eq!(explained.rule(), Rule::NoRole);
}

#[test]
fn a_timed_out_member_may_only_look_and_an_administrator_is_spared() {
    let place = PermissionPlace::new(ChannelType::GuildText, &[]);
    let quiet = ann().timed_out();
    assert_eq!(quiet.in_channel(&place), Permissions::VIEW_CHANNEL);
    assert_eq!(
        quiet.explain(&place, Permissions::SEND_MESSAGES).rule(),
        Rule::TimedOut
    );

    let admin = quiet.role(Id::new(10), Permissions::ADMINISTRATOR);
    assert!(admin.in_channel(&place).contains(Permissions::BAN_MEMBERS));
    assert_eq!(
        admin.explain(&place, Permissions::BAN_MEMBERS).rule(),
        Rule::Administrator(Id::new(10))
    );
}

#[test]
fn in_a_locked_thread_only_moderators_write() {
    let thread = |text: &str| -> Channel { serde_json::from_str(text).unwrap() };
    let parent = thread(r#"{"id":"2","type":0}"#);
    let locked =
        thread(r#"{"id":"3","type":11,"thread_metadata":{"archived":false,"locked":true}}"#);
    let place = PermissionPlace::thread(&locked, &parent, true);
    let writer = ann().role(
        Id::new(10),
        Permissions::SEND_MESSAGES_IN_THREADS | Permissions::ADD_REACTIONS,
    );
    let explained = writer.explain(&place, Permissions::SEND_MESSAGES);
    assert_eq!(explained.rule(), Rule::LockedThread);
    assert_eq!(
        writer.in_channel(&place),
        Permissions::VIEW_CHANNEL | Permissions::ADD_REACTIONS
    );
    let moderator = writer.role(Id::new(11), Permissions::MANAGE_THREADS);
    assert!(
        moderator
            .in_channel(&place)
            .contains(Permissions::SEND_MESSAGES)
    );
}

fn ann() -> PermissionCalculator {
    PermissionCalculator::new(Id::new(GUILD), Id::new(USER))
        .everyone(Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES)
}

/// A member, the roles and the channel of one case.
#[derive(Debug)]
struct Scene {
    is_owner: bool,
    is_timed_out: bool,
    everyone: u64,
    held: Vec<(u64, u64)>,
    kind: ChannelType,
    thread: Option<Thread>,
    /// Whether it is a member's, the id, what it allows and what it denies.
    overwrites: Vec<(bool, u64, u64, u64)>,
}

impl Scene {
    fn throw(dice: &mut Dice) -> Self {
        let held = ROLES
            .into_iter()
            .filter(|_| dice.one_in(2))
            .collect::<Vec<_>>();
        let overwritten = [
            (false, GUILD),
            (true, USER),
            (true, 51),
            (false, 10),
            (false, 11),
            (false, 12),
        ];
        Self {
            is_owner: dice.one_in(12),
            is_timed_out: dice.one_in(6),
            everyone: dice.bits(),
            held: held.into_iter().map(|role| (role, dice.bits())).collect(),
            kind: if dice.one_in(3) {
                ChannelType::GuildVoice
            } else {
                ChannelType::GuildText
            },
            thread: dice.one_in(3).then(|| Thread {
                is_private: dice.one_in(2),
                is_joined: dice.one_in(2),
                is_locked: dice.one_in(3),
                is_archived: dice.one_in(2),
            }),
            overwrites: overwritten
                .into_iter()
                .filter(|_| dice.one_in(2))
                .collect::<Vec<_>>()
                .into_iter()
                .map(|(is_member, id)| (is_member, id, dice.bits(), dice.bits()))
                .collect(),
        }
    }

    fn calculator(&self) -> PermissionCalculator {
        let mut calculator = PermissionCalculator::new(Id::new(GUILD), Id::new(USER))
            .everyone(Permissions::from_bits(self.everyone));
        for (role, bits) in &self.held {
            calculator = calculator.role(Id::new(*role), Permissions::from_bits(*bits));
        }
        if self.is_owner {
            calculator = calculator.owner();
        }
        if self.is_timed_out {
            calculator = calculator.timed_out();
        }
        calculator
    }

    fn overwrites(&self) -> Vec<Overwrite> {
        let made = self.overwrites.iter().map(|(is_member, id, allow, deny)| {
            let overwrite = if *is_member {
                Overwrite::member(Id::new(*id))
            } else {
                Overwrite::role(Id::new(*id))
            };
            // The builder takes back what the other side says; Discord's data need not.
            let mut overwrite = overwrite;
            overwrite.allow = Permissions::from_bits(*allow);
            overwrite.deny = Permissions::from_bits(*deny);
            overwrite
        });
        made.collect()
    }

    /// Sets of bit numbers, in the order in which the page tells it.
    fn read_slowly(&self) -> BTreeSet<u8> {
        const VIEW: u8 = 10;
        const SEND: u8 = 11;
        const REACT: u8 = 6;
        const CONNECT: u8 = 20;
        const SEND_IN_THREADS: u8 = 38;
        const MANAGE_THREADS: u8 = 34;

        let everything: BTreeSet<u8> = (0..64).collect();
        let mut may = set(self.everyone);
        for (_, bits) in &self.held {
            may.extend(set(*bits));
        }
        if self.is_owner || may.contains(&3) {
            return everything;
        }
        for (_, id, allow, deny) in &self.overwrites {
            if *id == GUILD {
                may.retain(|bit| !set(*deny).contains(bit));
                may.extend(set(*allow));
            }
        }
        let holds = |id: u64| self.held.iter().any(|(role, _)| *role == id);
        for turn in ["deny", "allow"] {
            for (is_member, id, allow, deny) in &self.overwrites {
                if *is_member || !holds(*id) {
                    continue;
                }
                if turn == "deny" {
                    may.retain(|bit| !set(*deny).contains(bit));
                } else {
                    may.extend(set(*allow));
                }
            }
        }
        for (is_member, id, allow, deny) in &self.overwrites {
            if *is_member && *id == USER {
                may.retain(|bit| !set(*deny).contains(bit));
                may.extend(set(*allow));
            }
        }
        if self.is_timed_out {
            may.retain(|bit| [VIEW, 16].contains(bit));
        }
        if !may.contains(&VIEW) {
            return BTreeSet::new();
        }
        if let Some(thread) = self.thread {
            let moderates = may.contains(&MANAGE_THREADS);
            if thread.is_private && !thread.is_joined && !moderates {
                return BTreeSet::new();
            }
            may.remove(&SEND);
            if may.contains(&SEND_IN_THREADS) {
                may.insert(SEND);
            }
            if thread.is_locked && !moderates {
                may.remove(&SEND);
                may.remove(&SEND_IN_THREADS);
                if thread.is_archived {
                    may.remove(&REACT);
                }
            }
        }
        if !may.contains(&SEND) {
            may.retain(|bit| ![17, 12, 15, 14].contains(bit));
        }
        if self.kind == ChannelType::GuildVoice && !may.contains(&CONNECT) {
            let voice = [4, 8, 9, 21, 22, 23, 24, 25, 32, 39, 42, 45, 48];
            may.retain(|bit| !voice.contains(bit));
        }
        may
    }
}

fn set(bits: u64) -> BTreeSet<u8> {
    (0..64).filter(|bit| bits >> bit & 1 == 1).collect()
}

/// A small generator of the xorshift kind: the same throws in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn one_in(&mut self, sides: u64) -> bool {
        (self.throw() >> 20).is_multiple_of(sides)
    }

    /// About half of the bits, and an administrator only now and then.
    fn bits(&mut self) -> u64 {
        let bits = self.throw();
        if self.one_in(16) { bits | 8 } else { bits & !8 }
    }
}
