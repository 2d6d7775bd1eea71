//! A mirror with a budget against the model without one, which forgets what the mirror says it evicted.

use super::{events::*, *};
use crate::mirror::{Evicted, MirrorStats};

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// G7: after each event there is no more than the budget, and what is left is what the model knows.
    #[test]
    fn whatever_comes_there_is_no_more_than_the_budget(seed: u64, budget in 12_000_usize..30_000, most in 2_usize..12) {
        let mut dice = Dice(seed | 1);
        let keep = everything().bytes(budget).messages_in_all(most);
        let mirror = Mirror::new(keep.clone());
        let mut world = World::that_keeps(&keep);
        let mut scratch = Scratch::new();
        for step in 1..=60 {
            if dice.below(8) == 0 {
                // Whom somebody reads about stays longer, which changes nothing of what is said here.
                let _ = mirror.state(Id::new(dice.among(GUILDS)));
            }
            let (name, payload) = event(&mut dice);
            let before = mirror.stats().evicted;
            mirror.apply(&dispatch(name, &payload), &mut scratch);
            world.apply(name, &payload);
            let stats = mirror.stats();
            prop_assert_eq!(stats.bytes(), mirror.bytes(), "it is counted as it changes");
            prop_assert!(stats.bytes() <= budget, "{} of {budget}", stats.bytes());
            prop_assert!(stats.messages.count <= most, "{} of {most}", stats.messages.count);
            prop_assert_eq!(world.forget_evicted(&mirror), since(before, stats));
            if step % 12 == 0 {
                world.assert_mirrored_by(&mirror);
            }
        }
    }
}

impl World {
    /// What the model knows and the mirror does not, which must be what was evicted.
    fn forget_evicted(&mut self, mirror: &Mirror) -> [usize; 4] {
        let [mut messages, mut presences, mut members, mut guilds] = [0; 4];
        let known = mirror.guild_ids();
        let before = self.places.len();
        let mut is_private_gone = false;
        for (guild, place) in &mut self.places {
            let Some(id) = Id::new_checked(*guild) else {
                is_private_gone = mirror.look(0, |_, _| Some(())).is_none();
                messages += forget_messages(None, place, mirror);
                continue;
            };
            if !known.contains(&id) {
                // Its messages, presences and members went before it did.
                messages += place
                    .messages
                    .values()
                    .map(|ring| ring.len())
                    .sum::<usize>();
                presences += place.presences.len();
                let bot = self.bot.as_ref().map(|bot| model::number(&bot["id"]));
                members += place
                    .members
                    .keys()
                    .filter(|user| Some(**user) != bot)
                    .count();
                continue;
            }
            messages += forget_messages(Some(id), place, mirror);
            let state = mirror.state(id).unwrap();
            let had = (place.presences.len(), place.members.len());
            place
                .presences
                .retain(|user, _| mirror.presence(id, Id::new(*user)).is_some());
            place
                .members
                .retain(|user, _| mirror.member(id, Id::new(*user)).is_some());
            let gone = (had.0 - place.presences.len(), had.1 - place.members.len());
            assert!(
                gone.0 == 0 || state.lacks_presences,
                "a list is wrong without saying so"
            );
            assert!(
                gone.1 == 0 || !state.has_all_members,
                "a list is wrong without saying so"
            );
            presences += gone.0;
            members += gone.1;
        }
        self.places
            .retain(|guild, _| Id::new_checked(*guild).is_none_or(|id| known.contains(&id)));
        guilds += before - self.places.len();
        if is_private_gone {
            self.places.remove(&0);
        }
        self.forget_unknown_users();
        [messages, presences, members, guilds]
    }
}

fn forget_messages(
    guild: Option<Id<GuildMarker>>,
    place: &mut model::Place,
    mirror: &Mirror,
) -> usize {
    let mut gone = 0;
    for (channel, ring) in &mut place.messages {
        let had = ring.len();
        let is_known = |id: u64| {
            mirror
                .message(guild, Id::new(*channel), Id::new(id))
                .is_some()
        };
        ring.retain(|id, _| is_known(*id));
        gone += had - ring.len();
    }
    place.messages.retain(|_, ring| !ring.is_empty());
    gone
}

fn since(before: Evicted, now: MirrorStats) -> [usize; 4] {
    let now = now.evicted;
    let gone = [
        now.messages - before.messages,
        now.presences - before.presences,
        now.members - before.members,
        now.guilds - before.guilds,
    ];
    gone.map(|gone| usize::try_from(gone).unwrap())
}

#[test]
fn messages_go_first_and_of_these_the_channels_that_were_silent_for_longest() {
    let mirror = Mirror::new(everything().bytes(26_000));
    feed(&mirror, "GUILD_CREATE", &town());
    let status = json!({"guild_id": "1", "user": {"id": "80"}, "status": "online"});
    feed(&mirror, "PRESENCE_UPDATE", &status);
    let mut number = 1_000;
    while mirror.stats().evicted.messages == 0 {
        number += 1;
        let mut message = message(number % 50 + 100, number);
        message["content"] = json!("rye ".repeat(100));
        feed(&mirror, "MESSAGE_CREATE", &message);
    }
    let known = |number: u64| {
        let channel = Id::new(number % 50 + 100);
        mirror
            .message(Some(Id::new(1)), channel, Id::new(number))
            .is_some()
    };
    assert!(!known(1_001) && known(number));
    let evicted = mirror.stats().evicted;
    assert_eq!((evicted.presences, evicted.members), (0, 0));
    assert!(mirror.member(Id::new(1), Id::new(80)).is_some());
    assert!(!mirror.state(Id::new(1)).unwrap().lacks_presences);
}

#[test]
fn of_guilds_those_lose_their_members_first_that_nobody_reads() {
    let mirror = Mirror::new(everything().bytes(60_000));
    feed(
        &mirror,
        "READY",
        &json!({"user": {"id": "9", "username": "oven"}, "guilds": []}),
    );
    let mut guild = 0;
    while mirror.stats().evicted.members == 0 {
        guild += 1;
        let bot = json!({"user": {"id": "9", "username": "oven"}, "roles": ["50"]});
        let mut members = vec![bot];
        for user in 0..40 {
            members
                .push(json!({"user": {"id": (guild * 100 + user).to_string(), "username": "ann"}}));
        }
        let create = json!({"id": guild.to_string(), "members": members, "member_count": 41});
        feed(&mirror, "GUILD_CREATE", &create);
        // Of all but this one nobody asks.
        if guild == 1 {
            assert!(mirror.state(Id::new(1)).unwrap().has_all_members);
        }
        assert!(guild < 100, "the budget holds");
    }
    let has_all = |guild: u64| mirror.state(Id::new(guild)).unwrap().has_all_members;
    assert!(has_all(1) && !has_all(2));
    assert!(mirror.member(Id::new(2), Id::new(200)).is_none());
    assert!(
        mirror.user(Id::new(200)).is_none(),
        "nobody knows them any more"
    );
    let bot = mirror.member(Id::new(2), Id::new(9)).unwrap();
    assert_eq!(bot.roles, [Id::new(50)], "the bot stays");

    // Until Discord sends the guild anew.
    let create = json!({"id": "2", "members": [], "member_count": 0});
    feed(&mirror, "GUILD_CREATE", &create);
    assert!(has_all(2));
}
