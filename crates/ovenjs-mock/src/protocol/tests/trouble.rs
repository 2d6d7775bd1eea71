//! What goes wrong on purpose.

use super::*;
use crate::{
    faults::FaultMenu,
    protocol::{Admission, invalid_session},
};

#[test]
fn a_dead_line_is_silent_and_its_session_goes_on_elsewhere() {
    let mut script = Script::new(Config::default());
    let (id, ready) = script.identified(0);
    script
        .backend
        .trouble(script.now, |gateway, _| gateway.freeze_all());
    script.say(id, &json!({ "op": 1, "d": null }));
    script.happen(1);
    script.pass(Duration::from_secs(100));
    assert_eq!(script.outputs(id), []);

    let other = script.resume(&ready, 1);
    let heard = script.heard(other);
    assert_eq!(heard[0]["d"]["number"], 1);
    assert_eq!(heard[1]["t"], "RESUMED");
    assert_eq!(script.outputs(id), []);

    script
        .backend
        .trouble(script.now, |gateway, _| gateway.calm());
    assert_eq!(script.outputs(id), [Output::Abort]);

    // That the dead line ends at last, and even by its client's farewell, is nothing to the session.
    script
        .backend
        .trouble(script.now, |gateway, _| gateway.freeze_all());
    let third = script.resume(&ready, 2);
    script.heard(third);
    script.hang_up(other, Some(1000));
    script.happen(2);
    assert_eq!(script.heard(third)[0]["d"]["number"], 2);
}

#[test]
fn a_line_can_be_lost_in_one_direction() {
    let one_way = |set: fn(&mut FaultMenu)| {
        let mut menu = FaultMenu::default();
        set(&mut menu);
        let mut script = Script::new(Config::default());
        let (id, ready) = script.identified(0);
        script.backend.serve(menu);
        script.happen(1);
        let first = script.heard(id);
        script.backend.serve(FaultMenu::default());
        script.say(id, &json!({ "op": 1, "d": 1 }));
        script.happen(2);
        let heard = script.heard(id);
        let ops: Vec<_> = [first, heard]
            .concat()
            .iter()
            .map(|p| p["op"].clone())
            .collect();
        (script, id, ready, ops)
    };
    // The heartbeat is not heard, and so the session ends in time, in the client's hearing.
    let (mut script, id, _, ops) = one_way(|menu| menu.deafen = 1000);
    assert_eq!(ops, [0, 0]);
    script.pass(Duration::from_millis(61_250));
    assert_eq!(script.close_code(id), Some(4009));

    // The heartbeat is heard: the session goes on, and has kept what never arrived.
    let (mut script, id, ready, ops) = one_way(|menu| menu.mute = 1000);
    assert_eq!(ops, [0; 0]);
    script.pass(Duration::from_millis(61_249));
    let other = script.resume(&ready, 1);
    let numbers: Vec<_> = script
        .heard(other)
        .iter()
        .map(|p| p["d"]["number"].clone())
        .collect();
    assert_eq!(numbers, [json!(1), json!(2), Value::Null]);
    script
        .backend
        .trouble(script.now, |gateway, _| gateway.calm());
    assert_eq!(script.outputs(id), [Output::Abort]);
}

#[test]
fn a_line_that_died_by_chance_ends_when_all_is_calm() {
    for set in [
        |m: &mut FaultMenu| m.freeze = 1000,
        |m: &mut FaultMenu| m.mute = 1000,
    ] {
        let mut menu = FaultMenu::default();
        set(&mut menu);
        let mut script = Script::new(Config::default());
        let (id, _) = script.identified(0);
        script.backend.serve(menu);
        script.happen(1);
        // The socket looks once, as it does when its bell rings.
        assert_eq!(script.backend.poll(script.now, id), None);
        script.backend.gateway.take_woken();
        script
            .backend
            .trouble(script.now, |gateway, _| gateway.calm());
        assert_eq!(script.backend.gateway.take_woken(), [id]);
    }
}

#[test]
fn latency_delays_both_ways_and_keeps_the_order() {
    let mut menu = FaultMenu::default();
    (menu.latency_in_ms, menu.latency_out_ms, menu.jitter_ms) = (30, 50, 40);
    let mut script = Script::new(Config::default().faults(menu));
    let id = script.backend.open(script.now, "/", "v=10&encoding=json");
    assert_eq!(script.outputs(id), []);
    let wait = |script: &mut Script| {
        let start = script.now;
        loop {
            let deadline = script
                .backend
                .gateway
                .deadline()
                .expect("something is on its way");
            script.pass(deadline.saturating_duration_since(script.now));
            let heard = script.heard(id);
            if !heard.is_empty() {
                return (script.now - start, heard);
            }
        }
    };
    let (passed, hello) = wait(&mut script);
    assert_eq!(hello[0]["op"], 10);
    assert!((50..=90).contains(&passed.as_millis()), "{passed:?}");
    let payload = identify(&script.backend.world.token, 0);
    script.say(id, &payload);
    let (passed, ready) = wait(&mut script);
    assert_eq!(ready[0]["t"], "READY");
    assert!((80..=170).contains(&passed.as_millis()), "{passed:?}");
    for number in 0..20 {
        script.happen(number);
    }
    let mut numbers = Vec::new();
    while numbers.len() < 20 {
        let (_, heard) = wait(&mut script);
        numbers.extend(heard.iter().map(|p| p["d"]["number"].as_u64().unwrap()));
    }
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
}

#[test]
fn an_acknowledgement_that_is_late_keeps_nothing_else_back() {
    let mut menu = FaultMenu::default();
    (menu.delay_ack, menu.delay_ms) = (1000, 3000);
    let mut script = Script::new(Config::default().faults(menu));
    let (id, _) = script.identified(0);
    script.say(id, &json!({ "op": 1, "d": 1 }));
    script.happen(1);
    assert_eq!(script.heard(id)[0]["t"], "MOON_RISE");
    let deadline = script.backend.gateway.deadline().unwrap();
    assert_eq!(deadline - script.now, Duration::from_secs(3));
    script.pass(Duration::from_secs(3));
    assert_eq!(script.heard(id)[0]["op"], 11);
}

#[test]
fn each_chance_does_what_its_name_says() {
    let certain = |set: fn(&mut FaultMenu) -> &mut u16| {
        let mut menu = FaultMenu::default();
        *set(&mut menu) = 1000;
        menu
    };
    // The script reaches READY in peace; then one event is sent.
    let after_an_event = |menu: FaultMenu| {
        let mut script = Script::new(Config::default());
        let (id, _) = script.identified(0);
        script.backend.serve(menu);
        script.happen(1);
        script.outputs(id)
    };
    let ops = |outputs: Vec<Output>| {
        let text = |output| match output {
            Output::Send(Frame::Text(text)) => serde_json::from_slice::<Value>(&text).unwrap(),
            other => panic!("{other:?}"),
        };
        let of = |payload: Value| (payload["op"].as_u64().unwrap(), payload["s"].as_u64());
        outputs.into_iter().map(text).map(of).collect::<Vec<_>>()
    };
    let event = |seq| (0, Some(seq));
    let ask = |set| ops(after_an_event(certain(set)));
    assert_eq!(ask(|m| &mut m.repeat_event), [event(2), event(2)]);
    assert_eq!(ask(|m| &mut m.skip_sequence), [event(3)]);
    assert_eq!(ask(|m| &mut m.unasked_ack), [event(2), (11, None)]);
    assert_eq!(ask(|m| &mut m.ask_for_heartbeat), [event(2), (1, None)]);
    assert_eq!(ask(|m| &mut m.ask_to_reconnect), [event(2), (7, None)]);
    assert_eq!(ask(|m| &mut m.invalidate_session), [event(2), (9, None)]);
    assert_eq!(ask(|m| &mut m.invalidate_resumable), [event(2), (9, None)]);

    let hit = |set| after_an_event(certain(set));
    assert_eq!(hit(|m| &mut m.drop_connection), [Output::Abort]);
    assert_eq!(hit(|m| &mut m.reset_connection), [Output::Reset]);
    assert_eq!(hit(|m| &mut m.freeze), []);
    assert_eq!(hit(|m| &mut m.mute), []);
    assert_eq!(ask(|m| &mut m.deafen), [event(2)]);
    let halved = hit(|m| &mut m.half_frame);
    assert!(matches!(&halved[..], [Output::Half(frame, kept)] if *kept < frame.bytes().len()));
    let split = hit(|m| &mut m.split_frame);
    assert!(matches!(&split[..], [Output::Split(_, piece, _)] if *piece > 0));
    let spoilt = hit(|m| &mut m.corrupt_frame);
    assert!(matches!(&spoilt[..], [Output::Send(frame)] if frame.bytes()[0] == 0xff));
    let closed = hit(|m| &mut m.close_connection);
    let [Output::Close(code, _)] = &closed[..] else {
        panic!("{closed:?}");
    };
    assert!((4000..=4009).contains(code), "{code}");

    let mut script = Script::new(Config::default());
    script.backend.serve(certain(|m| &mut m.refuse_upgrade));
    assert_eq!(script.backend.admit(script.now), Admission::Refused(503));
    script.backend.serve(certain(|m| &mut m.hang_upgrade));
    assert_eq!(script.backend.admit(script.now), Admission::Hangs);
    script.backend.serve(certain(|m| &mut m.refuse_identify));
    let id = script.open();
    let payload = identify(&script.backend.world.token, 0);
    script.say(id, &payload);
    assert_eq!(script.heard(id), [invalid_session(false)]);
}

#[test]
fn a_replay_that_is_cut_can_be_asked_for_again() {
    let mut script = Script::new(Config::default());
    let (id, ready) = script.identified(0);
    script.hang_up(id, None);
    for number in 0..10 {
        script.happen(number);
    }
    script.backend.serve(FaultMenu {
        cut_replay: 1000,
        ..FaultMenu::default()
    });
    let id = script.resume(&ready, 1);
    let outputs = script.outputs(id);
    assert_eq!(outputs.last(), Some(&Output::Abort));
    assert!(outputs.len() <= 11);
    script.backend.serve(FaultMenu::default());
    let id = script.resume(&ready, 1);
    assert_eq!(script.heard(id).len(), 11);
}

#[test]
fn a_frame_is_cut_where_the_bytes_run_out() {
    let mut script = Script::new(Config::default());
    let (id, ready) = script.identified(0);
    let sent = script.backend.gateway.lines.get(id).unwrap().bytes_sent;
    script.backend.gateway.mishaps.drop_after_bytes = Some(sent + 10);
    script.happen(1);
    let outputs = script.outputs(id);
    assert!(matches!(&outputs[..], [Output::Half(_, 10)]), "{outputs:?}");
    script.backend.gateway.mishaps.drop_after_bytes = None;
    let id = script.resume(&ready, 1);
    assert_eq!(script.heard(id)[0]["d"]["number"], 1);
}

/// A client that does nothing but what Discord asks of it gets through every menu, and what it gets
/// of a session is complete but for the gaps it was told to expect.
#[test]
fn a_patient_client_gets_through_every_menu() {
    let tally = |seed: u64| {
        let mut script = Script::new(Config::default());
        script.backend.serve(FaultMenu::from_seed(seed));
        let mut client = Client::default();
        for number in 0..40 {
            script.happen(number);
            for _ in 0..10 {
                client.go_on(&mut script);
                script.pass(Duration::from_millis(400));
            }
        }
        script
            .backend
            .trouble(script.now, |gateway, _| gateway.calm());
        script.backend.serve(FaultMenu::default());
        script.happen(1000);
        for _ in 0..250 {
            client.go_on(&mut script);
            script.pass(Duration::from_millis(400));
        }
        assert!(client.connection.is_some(), "seed {seed}");
        script.happen(1001);
        client.go_on(&mut script);
        assert_eq!(client.numbers.last(), Some(&1001), "seed {seed}");
        assert!(
            client.numbers.is_sorted(),
            "seed {seed}: {:?}",
            client.numbers
        );
        assert_eq!(script.backend.journal.violations, [""; 0]);
        client
    };
    let mut connections = 0;
    for seed in 0..24 {
        let client = tally(seed);
        connections += client.opened;
        assert_eq!(client.numbers, tally(seed).numbers, "seed {seed} twice");
    }
    assert!(
        connections > 120,
        "{connections} connections are few for 24 menus"
    );
}

/// Connects, identifies or resumes, beats, and starts over when a line says nothing for long.
#[derive(Default)]
struct Client {
    connection: Option<u64>,
    opened: usize,
    session: Option<Value>,
    seq: u64,
    quiet: u32,
    numbers: Vec<u64>,
}

impl Client {
    fn go_on(&mut self, script: &mut Script) {
        let Some(id) = self.connection else {
            if script.backend.admit(script.now) == Admission::Open {
                self.opened += 1;
                self.quiet = 0;
                let query = "v=10&encoding=json";
                self.connection = Some(script.backend.open(script.now, "/", query));
            }
            return;
        };
        self.quiet += 1;
        for output in script.outputs(id) {
            let text = match output {
                Output::Send(Frame::Text(text)) | Output::Split(Frame::Text(text), ..) => text,
                Output::Pong(_) => continue,
                _ => return self.leave(script, None),
            };
            let Ok(payload) = serde_json::from_slice::<Value>(&text) else {
                return self.leave(script, Some(4900));
            };
            self.quiet = 0;
            match payload["op"].as_u64() {
                Some(10) => script.say(id, &self.greeting(script)),
                Some(1) => script.say(id, &json!({ "op": 1, "d": self.seq })),
                Some(7) => return self.leave(script, Some(4900)),
                Some(9) => {
                    if payload["d"] == false {
                        self.session = None;
                    }
                    return self.leave(script, Some(4900));
                }
                Some(0) => self.hear(&payload),
                _ => {}
            }
        }
        match self.quiet {
            0..25 => {}
            25 => script.say(id, &json!({ "op": 1, "d": self.seq })),
            26..50 => {}
            _ => self.leave(script, None),
        }
    }

    fn greeting(&self, script: &Script) -> Value {
        let token = &script.backend.world.token;
        match &self.session {
            Some(session) => {
                json!({ "op": 6, "d": { "token": token, "session_id": session, "seq": self.seq } })
            }
            None => identify(token, 0),
        }
    }

    fn hear(&mut self, payload: &Value) {
        let seq = payload["s"].as_u64().unwrap();
        if payload["t"] == "READY" {
            self.session = Some(payload["d"]["session_id"].clone());
            self.seq = 0;
        }
        if seq > self.seq {
            self.seq = seq;
            self.numbers.extend(payload["d"]["number"].as_u64());
        }
    }

    fn leave(&mut self, script: &mut Script, code: Option<u16>) {
        if let Some(id) = self.connection.take() {
            script.hang_up(id, code);
        }
    }
}
