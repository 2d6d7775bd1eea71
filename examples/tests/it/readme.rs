//! The README shows what is run here, and the examples are as short as it says.

const README: &str = include_str!("../../../README.md");
const PING: &str = include_str!("../../ping.rs");
const FEEDBACK: &str = include_str!("../../feedback.rs");
const SETTINGS: &str = include_str!("../../settings.rs");
const STORIES: &str = include_str!("../../../benches/box/stories.rs");

#[test]
fn the_readme_shows_ping_as_it_is() {
    let (_, program) = PING.split_once("\n\n").unwrap();
    assert!(
        README.contains(program.trim()),
        "the README's bot differs from examples/ping.rs"
    );
}

#[test]
fn the_readme_shows_the_test_of_feedback_as_it_is() {
    let (_, test) = FEEDBACK
        .split_once("#[tokio::test(start_paused = true)]")
        .unwrap();
    let (test, _) = test.rsplit_once('}').unwrap();
    let test: Vec<&str> = test
        .lines()
        .map(|line| line.get(4..).unwrap_or(line))
        .collect();
    assert!(
        README.contains(test.join("\n").trim()),
        "the README's test differs from examples/feedback.rs"
    );
}

#[test]
fn the_readme_shows_how_settings_are_kept() {
    let (_, bot) = SETTINGS.split_once("pub(crate) fn bot()").unwrap();
    let (bot, _) = bot.split_once("\n}\n").unwrap();
    assert!(
        README.contains(bot),
        "the README's bot differs from examples/settings.rs"
    );
}

#[test]
fn the_story_that_is_measured_is_the_test_of_feedback() {
    let story = |text: &str| -> Vec<String> {
        let (_, story) = text.split_once("async fn feedback_is_heard()").unwrap();
        let (story, _) = story.split_once("\n    }").unwrap();
        story.lines().map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(story(STORIES), story(FEEDBACK));
}

#[test]
fn the_examples_are_short() {
    let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines(PING) <= 15, "{}", lines(PING));
    let (bot, test) = FEEDBACK.split_once("#[cfg(test)]").unwrap();
    assert!(lines(bot) <= 50, "{}", lines(bot));
    let (_, test) = test
        .split_once("#[tokio::test(start_paused = true)]")
        .unwrap();
    let (test, _) = test.rsplit_once('}').unwrap();
    assert!(lines(test) < 10, "{} and its attribute", lines(test));
}
