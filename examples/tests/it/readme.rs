//! The README shows what is run here, and the examples are as short as it says.

const README: &str = include_str!("../../../README.md");
const PING: &str = include_str!("../../ping.rs");
const FEEDBACK: &str = include_str!("../../feedback.rs");

#[test]
fn the_readme_shows_ping_as_it_is() {
    let (_, program) = PING.split_once("\n\n").unwrap();
    assert!(
        README.contains(program.trim()),
        "the README's bot differs from examples/ping.rs"
    );
}

#[test]
fn the_examples_are_short() {
    let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines(PING) <= 15, "{}", lines(PING));
    assert!(lines(FEEDBACK) <= 50, "{}", lines(FEEDBACK));
}
