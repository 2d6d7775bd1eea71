//! One world as two generations bring it, each in its own time: properties of what is let through.

use proptest::prelude::*;

use super::*;

/// One thing that happens in the world, which both generations may bring.
#[derive(Clone, Debug)]
struct Happening {
    wait_ms: u64,
    guild: u64,
    /// With an id of its own, or one of few texts.
    named: bool,
    text: u64,
    old_delay_ms: u64,
    new_delay_ms: u64,
    /// Whether Discord writes it in another way to the new generation.
    other_form: bool,
}

fn happening() -> impl Strategy<Value = Happening> {
    let delays = (0_u64..9_900, 0_u64..9_900);
    (
        0_u64..900,
        0_u64..3,
        any::<bool>(),
        0_u64..2,
        delays,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(wait_ms, guild, named, text, (old_delay_ms, new_delay_ms), other_form)| Happening {
                wait_ms,
                guild,
                named,
                text,
                old_delay_ms,
                new_delay_ms,
                other_form,
            },
        )
}

enum Arrival {
    Event(Side, usize),
    Ready,
    Create(u64),
}

/// What both generations bring of a world, and when in ms: each in the order of what happened.
fn arrivals(world: &[Happening], ready_ms: u64, creates_ms: &[u64]) -> Vec<(u64, Arrival)> {
    let mut arrivals = Vec::new();
    let (mut old_last, mut new_last, mut at_ms) = (0, 0, 0);
    let mut new_side: Vec<(u64, u64, Arrival)> = vec![(ready_ms, 0, Arrival::Ready)];
    for (guild, create_ms) in (0..).zip(creates_ms) {
        new_side.push((ready_ms + create_ms, 100, Arrival::Create(guild)));
    }
    for (nth, happening) in world.iter().enumerate() {
        at_ms += happening.wait_ms;
        old_last = old_last.max(at_ms + happening.old_delay_ms);
        arrivals.push((old_last, Arrival::Event(Side::Old, nth)));
        if at_ms >= ready_ms {
            new_side.push((
                at_ms,
                happening.new_delay_ms,
                Arrival::Event(Side::New, nth),
            ));
        }
    }
    // A connection keeps the order of what happened.
    new_side.sort_by_key(|(at_ms, _, _)| *at_ms);
    for (at_ms, delay_ms, arrival) in new_side {
        new_last = new_last.max(at_ms + delay_ms);
        arrivals.push((new_last, arrival));
    }
    arrivals.sort_by_key(|(at_ms, _)| *at_ms);
    arrivals
}

/// The same world seen by both; returns what was let through of each, and what was reported.
fn play(
    world: &[Happening],
    ready_ms: u64,
    creates_ms: &[u64],
    forms: bool,
) -> (Vec<u32>, ReshardReport) {
    let begin = start();
    let arrivals = arrivals(world, ready_ms, creates_ms);
    let mut reshard = Reshard::new(1, true, begin);
    let mut seen = vec![0_u32; world.len()];
    // Events of one text are the same to everyone: they are counted together.
    let group = |nth: usize| {
        let same = |other: &Happening| {
            let one = &world[nth];
            !one.named && !other.named && one.guild == other.guild && one.text == other.text
        };
        world.iter().position(same).unwrap_or(nth)
    };
    // What keeps state is to have all that the new side brings behind a cut-over.
    let (mut cut, mut owed) = (vec![false; creates_ms.len()], 0_i64);
    let mut retired = false;
    let mut of_state = 0_i64;
    let mut take = |reshard: &mut Reshard, now: Instant| {
        while let Some(cut) = reshard.poll(now) {
            if let Cut::Deliver(dispatch) | Cut::Fresh(dispatch) = &cut {
                of_state += i64::from(dispatch.version.seq == 1);
            }
            match cut {
                Cut::Deliver(dispatch) | Cut::Late(dispatch) => {
                    let data: Value = serde_json::from_slice(&dispatch.raw).unwrap();
                    let nth = usize::try_from(data["nth"].as_u64().unwrap()).unwrap();
                    seen[nth] += 1;
                }
                Cut::Retire => retired = true,
                _ => {}
            }
        }
        retired
    };
    for (at_ms, arrival) in arrivals {
        let now = begin + Duration::from_millis(at_ms);
        while let Some(deadline) = reshard.deadline().filter(|deadline| *deadline <= now) {
            take(&mut reshard, deadline);
        }
        let retired = take(&mut reshard, now);
        match arrival {
            Arrival::Event(Side::Old, _) if retired => {}
            Arrival::Event(side, nth) => {
                let Happening { guild, named, .. } = &world[nth];
                let mut data = json!({ "guild_id": (guild + 1).to_string(), "nth": group(nth) });
                let name = if *named {
                    "MESSAGE_CREATE"
                } else {
                    "TYPING_START"
                };
                if *named {
                    data["id"] = json!((nth + 1).to_string());
                }
                if forms && world[nth].other_form && side == Side::New {
                    data["form"] = json!("another");
                }
                let mut dispatch = event(0, name, &data);
                if side == Side::New {
                    dispatch.version.seq = 1;
                    owed += i64::from(cut[usize::try_from(*guild).unwrap()]);
                }
                reshard.handle(now, side, dispatch);
            }
            Arrival::Ready => {
                let guilds: Vec<Value> = (1..=creates_ms.len())
                    .map(|id| json!({ "id": id.to_string() }))
                    .collect();
                reshard.handle(
                    now,
                    Side::New,
                    event(0, "READY", &json!({ "guilds": guilds })),
                );
            }
            Arrival::Create(guild) => {
                let data = json!({ "id": (guild + 1).to_string() });
                reshard.handle(now, Side::New, event(0, "GUILD_CREATE", &data));
                cut[usize::try_from(guild).unwrap()] = true;
            }
        }
        take(&mut reshard, now);
    }
    while let Some(deadline) = reshard.deadline() {
        take(&mut reshard, deadline);
    }
    assert_eq!(of_state, owed, "each once to what keeps state");
    let mut expected = vec![0_u32; world.len()];
    (0..world.len()).for_each(|nth| expected[group(nth)] += 1);
    let balance = seen.iter().zip(&expected).map(|(seen, expected)| {
        assert!(seen >= expected, "lost: {seen} of {expected}");
        seen - expected
    });
    let doubles = balance.collect();
    (doubles, reshard.report())
}

/// Where both are about as quick and a guild has things with ids, nothing is doubled at all.
#[test]
fn an_ordinary_cut_over_is_exact() {
    let world: Vec<Happening> = (0_u64..4_000)
        .map(|nth| Happening {
            wait_ms: 40,
            guild: nth % 3,
            named: nth % 7 == 0,
            text: nth % 2,
            old_delay_ms: 50 + nth % 11 * 30,
            new_delay_ms: 50 + nth % 13 * 30,
            other_form: false,
        })
        .collect();
    let (doubles, report) = play(&world, 20_000, &[500, 3_000, 9_000], false);
    assert!(doubles.iter().all(|doubles| *doubles == 0), "{report:?}");
    assert!(report.twins > 500, "{report:?}");
}

/// What keeps state, where the new generation is given up after so long: of each guild what it knows in
/// the end. What it is told again ends what came after it, so that has to be told again, too.
fn given_up(
    world: &[Happening],
    ready_ms: u64,
    creates_ms: &[u64],
    give_up_ms: u64,
) -> Vec<Vec<u64>> {
    let begin = start();
    let happened = |guild: u64, until_ms: u64| -> Vec<u64> {
        let mut at_ms = 0;
        let dated = (1_u64..).zip(world).map(|(number, happening)| {
            at_ms += happening.wait_ms;
            (number, at_ms, happening)
        });
        dated
            .filter(|(_, at_ms, of)| of.guild == guild && *at_ms < until_ms)
            .map(|(number, ..)| number)
            .collect()
    };
    let mut reshard = Reshard::new(1, true, begin);
    let mut known = vec![Vec::new(); creates_ms.len()];
    let mut take = |reshard: &mut Reshard, now: Instant| {
        while let Some(cut) = reshard.poll(now) {
            let (Cut::Deliver(dispatch) | Cut::Fresh(dispatch)) = cut else {
                continue;
            };
            let data: Value = serde_json::from_slice(&dispatch.raw).unwrap();
            let is_create = dispatch.name() == "GUILD_CREATE";
            let id = &data[if is_create { "id" } else { "guild_id" }];
            let nth = id.as_str().unwrap().parse::<usize>().unwrap() - 1;
            let guild = u64::try_from(nth).unwrap();
            if is_create {
                known[nth] = happened(guild, ready_ms + creates_ms[nth]);
            } else {
                known[nth].retain(|number| *number < dispatch.version.seq);
                known[nth].push(dispatch.version.seq);
            }
        }
    };
    let mut is_given_up = false;
    for (at_ms, arrival) in arrivals(world, ready_ms, creates_ms) {
        let now = begin + Duration::from_millis(at_ms.max(give_up_ms * u64::from(is_given_up)));
        if at_ms >= give_up_ms && !is_given_up {
            is_given_up = reshard.give_up(begin + Duration::from_millis(give_up_ms));
            assert!(is_given_up, "before the old one was told to stop");
            take(&mut reshard, now);
        }
        match arrival {
            Arrival::Event(side, nth) => {
                let Happening { guild, text, .. } = &world[nth];
                let data = json!({ "guild_id": (guild + 1).to_string(), "text": text });
                let mut dispatch = event(0, "TYPING_START", &data);
                // What keeps state tells apart what nobody else can.
                dispatch.version.seq = u64::try_from(nth).unwrap() + 1;
                reshard.handle(now, side, dispatch);
            }
            Arrival::Ready => {
                let guilds = (1..=creates_ms.len()).map(|id| id.to_string());
                let guilds: Vec<String> = guilds.collect();
                let guilds: Vec<&str> = guilds.iter().map(String::as_str).collect();
                reshard.handle(now, Side::New, ready(0, &guilds));
            }
            Arrival::Create(guild) => {
                let data = json!({ "id": (guild + 1).to_string() });
                reshard.handle(now, Side::New, event(0, "GUILD_CREATE", &data));
            }
        }
        take(&mut reshard, now);
    }
    known
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn both_generations_together_bring_everything_once(
        world in prop::collection::vec(happening(), 200..400),
        ready_ms in 0_u64..30_000,
        creates_ms in prop::collection::vec(0_u64..15_000, 3),
    ) {
        let (doubles, report) = play(&world, ready_ms, &creates_ms, false);
        for (happening, doubles) in world.iter().zip(&doubles) {
            prop_assert!(!happening.named || *doubles == 0, "known by its id: {happening:?}");
        }
        let doubles: u64 = doubles.iter().map(|doubles| u64::from(*doubles)).sum();
        prop_assert!(doubles <= report.possible_doubles, "{} doubles: {:?}", doubles, report);
        prop_assert_eq!(report.guilds, 3);
    }

    #[test]
    fn where_the_forms_differ_nothing_is_lost_and_doubles_are_reported(
        world in prop::collection::vec(happening(), 200..400),
        ready_ms in 0_u64..30_000,
        creates_ms in prop::collection::vec(0_u64..15_000, 3),
    ) {
        let (doubles, report) = play(&world, ready_ms, &creates_ms, true);
        let doubles: u64 = doubles.iter().map(|doubles| u64::from(*doubles)).sum();
        prop_assert!(doubles <= report.possible_doubles, "{} doubles: {:?}", doubles, report);
    }

    #[test]
    fn what_keeps_state_ends_as_the_old_one_knows_it_where_the_new_one_is_given_up(
        world in prop::collection::vec(happening(), 200..400),
        ready_ms in 0_u64..30_000,
        creates_ms in prop::collection::vec(0_u64..15_000, 3),
        after_ms in 0_u64..30_000,
    ) {
        let known = given_up(&world, ready_ms, &creates_ms, ready_ms + after_ms);
        for (guild, known) in (0..).zip(&known) {
            let of_guild = (1_u64..).zip(&world).filter(|(_, of)| of.guild == guild);
            let all: Vec<u64> = of_guild.map(|(number, _)| number).collect();
            prop_assert_eq!(known, &all, "guild {}", guild);
        }
    }
}
