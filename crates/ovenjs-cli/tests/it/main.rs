//! The command as a person at a terminal meets it.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose stage cannot be set has failed"
)]

mod proxy;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

#[test]
fn a_terminated_command_leaves_no_bot_behind() {
    for signal in ["-TERM", "-HUP"] {
        let mut oven = oven(&["dev", "--", "sh", "-c", "echo pid $$; exec sleep 600"]);
        let bot = line(&mut oven, "pid ");

        assert!(tell(signal, &oven.id().to_string()));

        assert!(oven.wait().unwrap().success());
        assert!(!tell("-0", &bot), "{bot} still runs after {signal}");
    }
}

#[test]
fn a_second_interrupt_ends_a_bot_that_takes_its_time() {
    let deaf = "trap '' INT TERM; echo pid $$; while :; do sleep 1; done";
    let mut oven = oven(&["dev", "--", "sh", "-c", deaf]);
    let bot = line(&mut oven, "pid ");
    let id = oven.id().to_string();

    assert!(tell("-INT", &id) && tell("-TERM", &id));

    assert!(oven.wait().unwrap().success());
    assert!(!tell("-0", &bot));
}

#[test]
fn a_bot_that_fails_or_does_not_exist_is_named() {
    for (command, part) in [
        ("false", "`false` failed"),
        ("no-such-program", "`no-such-program` could not be started"),
    ] {
        let oven = oven(&["dev", "--", command]);
        let error = failure(oven);
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_port_in_use_is_said_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();

    let error = failure(oven(&["mock", "--port", &port]));

    assert_eq!(error.matches("another port").count(), 1, "{error}");
}

#[test]
fn a_box_keeps_the_token_it_is_given() {
    let mut oven = oven(&["mock", "--token", "given.for.tests"]);
    assert!(line(&mut oven, "token ").contains("given.for.tests"));
    assert!(tell("-TERM", &oven.id().to_string()));
    assert!(oven.wait().unwrap().success());
}

#[test]
fn a_scenario_furnishes_the_box_and_a_slip_in_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("story.toml");
    let path = file.to_str().unwrap();
    std::fs::write(
        &file,
        "[box]\ntoken = \"given.by.file\"\nheartbeat_interval = \"5s\"\n",
    )
    .unwrap();
    let mut box_alone = oven(&["mock", "--scenario", path]);
    assert!(line(&mut box_alone, "token ").contains("given.by.file"));
    assert!(tell("-TERM", &box_alone.id().to_string()));
    assert!(box_alone.wait().unwrap().success());

    std::fs::write(&file, "[[step]]\nslash = { user = \"ann\" }\n").unwrap();
    let error = failure(oven(&["mock", "--scenario", path]));
    assert!(
        error.contains("story.toml") && error.contains("missing field `text`"),
        "{error}"
    );

    let error = failure(oven(&["mock", "--replay", path]));
    for part in ["line 1 of the recording", "--record", "--scenario"] {
        assert!(error.contains(part), "no {part} in {error}");
    }
    let error = failure(oven(&["mock", "--scenario", "no-such-file"]));
    assert!(error.contains("no-such-file cannot be read"), "{error}");
}

#[test]
fn a_recording_begins_with_its_box() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let arguments = [
        "mock",
        "--record",
        file.to_str().unwrap(),
        "--token",
        "not.to.be.told",
    ];
    let mut oven = oven(&arguments);
    line(&mut oven, "Ctrl-C");
    assert!(tell("-TERM", &oven.id().to_string()));
    assert!(oven.wait().unwrap().success());

    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("\"box\"") && !text.contains("not.to.be.told"),
        "{text}"
    );
}

fn oven(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_oven"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What follows `start` in the first line of standard output that begins with it.
fn line(oven: &mut Child, start: &str) -> String {
    let lines = BufReader::new(oven.stdout.as_mut().unwrap()).lines();
    let mut found = lines.map_while(Result::ok).filter_map(|line| {
        let rest = line.strip_prefix(start)?;
        Some(rest.trim().to_owned())
    });
    found.next().unwrap()
}

fn failure(mut oven: Child) -> String {
    let mut error = String::new();
    let mut stderr = oven.stderr.take().unwrap();
    stderr.read_to_string(&mut error).unwrap();
    assert!(!oven.wait().unwrap().success(), "{error}");
    error
}

/// Sends a signal; whether there was somebody to send it to.
fn tell(signal: &str, pid: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([signal, pid]).stderr(Stdio::null());
    kill.status().unwrap().success()
}
