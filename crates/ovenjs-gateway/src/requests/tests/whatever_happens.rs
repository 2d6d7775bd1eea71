//! Discord answers, refuses and is lost in any order, and sends noise.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn every_request_ends_once_and_a_done_one_is_whole(acts in prop::collection::vec(act(), 1..150)) {
        let mut now = start();
        let mut requests = connected(3);
        // What Discord was asked, and the chunks it still owes.
        let mut owed: Vec<(Value, u32)> = Vec::new();
        let mut whole_at: BTreeMap<String, Instant> = BTreeMap::new();
        let mut asked = BTreeSet::new();
        let mut chunks: BTreeMap<RequestId, BTreeSet<u32>> = BTreeMap::new();
        let mut ended = BTreeSet::new();
        let calm = std::iter::repeat_n(Act::Wait(30_000), 60);
        for act in acts.into_iter().chain(calm) {
            match act {
                Act::Ask { whole, guild } => {
                    let ask = if whole {
                        RequestGuildMembers::all(Id::new(guild))
                    } else {
                        RequestGuildMembers::named(Id::new(guild), "a", 5)
                    };
                    asked.insert(requests.ask(now, ask, Duration::from_secs(300)).unwrap());
                }
                Act::Answer { index, cut } => {
                    if !owed.is_empty() {
                        let nth = index.index(owed.len());
                        let (nonce, next) = &mut owed[nth];
                        requests.handle(now, &chunk(nonce, *next, 3));
                        *next += 1;
                        if *next == 3 || cut {
                            owed.remove(nth);
                        }
                    }
                }
                Act::Refuse(index) => {
                    if !owed.is_empty() {
                        let (nonce, _) = owed.remove(index.index(owed.len()));
                        let refusal = json!({ "opcode": 8, "retry_after": 3.0, "meta": { "nonce": nonce } });
                        requests.handle(now, &event("RATE_LIMITED", &refusal));
                    }
                }
                Act::Lose { resumed } => {
                    requests.notice(now, &lost());
                    if resumed {
                        requests.notice(now, &Notice::Resumed { replayed: 0 });
                    } else {
                        owed.clear();
                        requests.notice(now, &Notice::Ready { epoch: 2 });
                    }
                }
                Act::Wait(ms) => now += Duration::from_millis(ms),
                Act::Noise(text) => {
                    for name in ["GUILD_MEMBERS_CHUNK", "RATE_LIMITED", "CHANNEL_INFO", "SOUNDBOARD_SOUNDS"] {
                        requests.handle(now, &Dispatch::new(Origin::default(), Version::default(), name, text.clone()));
                    }
                }
            }
            while let Some(answer) = requests.poll(now) {
                match answer {
                    Answer::Send(sealed) => {
                        requests.left(now, sealed.question.unwrap());
                        let frame: Value = serde_json::from_slice(&sealed.bytes).unwrap();
                        owed.push((frame["d"]["nonce"].clone(), 0));
                        if frame["d"]["query"] == "" {
                            let guild = frame["d"]["guild_id"].to_string();
                            let before = whole_at.insert(guild, now);
                            prop_assert!(before.is_none_or(|at| now >= at + Duration::from_secs(3)));
                        }
                    }
                    Answer::Withdraw(question) => prop_assert!(false, "{question} has left"),
                    Answer::Chunk(id, dispatch) => {
                        prop_assert!(!ended.contains(&id));
                        let data: Value = serde_json::from_slice(&dispatch.raw).unwrap();
                        let index = u32::try_from(data["chunk_index"].as_u64().unwrap()).unwrap();
                        prop_assert!(chunks.entry(id).or_default().insert(index));
                    }
                    Answer::Again(id) => {
                        prop_assert!(chunks.remove(&id).is_some_and(|chunks| !chunks.is_empty()));
                    }
                    Answer::Done { request, .. } => {
                        prop_assert_eq!(chunks.get(&request).map(BTreeSet::len), Some(3));
                        prop_assert!(ended.insert(request));
                    }
                    Answer::Failed(id, _) => prop_assert!(ended.insert(id)),
                }
            }
            prop_assert!(requests.deadline().is_none_or(|deadline| deadline > now));
        }
        prop_assert_eq!(asked, ended);
        prop_assert!(requests.is_idle());
    }
}

#[derive(Clone, Debug)]
enum Act {
    Ask {
        whole: bool,
        guild: u64,
    },
    Answer {
        index: prop::sample::Index,
        cut: bool,
    },
    Refuse(prop::sample::Index),
    Lose {
        resumed: bool,
    },
    Wait(u64),
    Noise(String),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (any::<bool>(), 1_u64..4).prop_map(|(whole, guild)| Act::Ask { whole, guild }),
        6 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(index, cut)| Act::Answer { index, cut }),
        1 => any::<prop::sample::Index>().prop_map(Act::Refuse),
        1 => any::<bool>().prop_map(|resumed| Act::Lose { resumed }),
        2 => (0_u64..40_000).prop_map(Act::Wait),
        1 => ".{0,40}".prop_map(Act::Noise),
    ]
}
