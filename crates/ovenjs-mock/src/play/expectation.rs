//! What a test expects of a message or an answer, as words that can follow each other.

use std::panic::Location;

use ovenjs_types::{Id, marker::UserMarker};
use serde_json::Value;

use crate::scenario::Expected;

use super::{Answer, Discord, Message, Request, complaint::Scene, waits::known_route};

/// Expectations give the answer back; where one is not met, the test fails at its line and tells
/// what the bot showed instead. An answer is as it was when it came; [`again`](Self::again) looks
/// anew.
impl Answer {
    /// Whether only this user sees the message.
    #[must_use]
    pub fn ephemeral(&self) -> bool {
        self.message().is_some_and(Message::ephemeral)
    }

    /// Expects `text` somewhere in what is read: the content, the embeds, the text displays.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        self.expect(|expected| expected.says = Some(text.to_owned()))
    }

    /// Expects that `text` is nowhere in what is read.
    #[track_caller]
    pub fn conceals(&self, text: &str) -> &Self {
        self.expect(|expected| expected.conceals = Some(text.to_owned()))
    }

    /// Expects a mention of the user.
    #[track_caller]
    pub fn mentions(&self, user: Id<UserMarker>) -> &Self {
        let does = self.message().is_some_and(|message| message.names(user));
        self.hold_to((!does).then(|| format!("the answer should mention <@{user}>")))
    }

    /// Expects a button, or a select, with this label or custom id (a select: placeholder).
    #[track_caller]
    pub fn shows_button(&self, button: &str) -> &Self {
        self.expect(|expected| expected.shows_button = Some(button.to_owned()))
    }

    /// Expects an embed with this title.
    #[track_caller]
    pub fn shows_embed(&self, title: &str) -> &Self {
        self.expect(|expected| expected.shows_embed = Some(title.to_owned()))
    }

    /// Expects that only this user sees the message.
    #[track_caller]
    pub fn is_ephemeral(&self) -> &Self {
        self.expect(|expected| expected.ephemeral = Some(true))
    }

    /// Expects that everybody in the channel sees the message.
    #[track_caller]
    pub fn is_public(&self) -> &Self {
        self.expect(|expected| expected.ephemeral = Some(false))
    }

    /// Expects a modal with this title instead of a message.
    #[track_caller]
    pub fn opens(&self, title: &str) -> &Self {
        self.expect(|expected| expected.opens = Some(title.to_owned()))
    }

    /// Expects what a step of a scenario can expect, too.
    #[track_caller]
    fn expect(&self, what: impl FnOnce(&mut Expected)) -> &Self {
        let mut expected = Expected::default();
        what(&mut expected);
        self.hold_to(expected.unmet(self))
    }

    #[track_caller]
    fn hold_to(&self, unmet: Option<String>) -> &Self {
        if let Some(what) = unmet {
            self.user.scene().complain(&what, Some(self));
        }
        self
    }
}

/// Expectations give the message back; where one is not met, the test fails at its line and tells
/// the message.
impl Message {
    /// Whether only one user sees it.
    #[must_use]
    pub const fn ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Expects `text` somewhere in what is read: the content, the embeds, the text displays.
    ///
    /// # Panics
    ///
    /// When it is not there.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        let words = self.in_words();
        assert!(
            self.tells(text),
            "the message should say {text:?}, and is {words}"
        );
        self
    }

    /// Expects a mention of the user.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[track_caller]
    pub fn mentions(&self, user: Id<UserMarker>) -> &Self {
        let words = self.in_words();
        assert!(
            self.names(user),
            "the message should mention <@{user}>, and is {words}"
        );
        self
    }

    /// Expects a button, or a select, with this label or custom id (a select: placeholder).
    ///
    /// # Panics
    ///
    /// When there is none.
    #[track_caller]
    pub fn shows_button(&self, button: &str) -> &Self {
        let words = self.in_words();
        assert!(
            self.has_button(button),
            "the message should show the button {button:?}, and is {words}"
        );
        self
    }

    /// Expects that only one user sees it.
    ///
    /// # Panics
    ///
    /// When everybody does.
    #[track_caller]
    pub fn is_ephemeral(&self) -> &Self {
        let words = self.in_words();
        assert!(
            self.ephemeral,
            "the message should be for one user alone, and is {words}"
        );
        self
    }

    pub(crate) fn tells(&self, text: &str) -> bool {
        self.shown_text().contains(text)
    }

    fn names(&self, user: Id<UserMarker>) -> bool {
        let text = self.shown_text();
        text.contains(&format!("<@{user}>")) || text.contains(&format!("<@!{user}>"))
    }

    /// Whether there is a button, or a select, with this label or custom id (a select:
    /// placeholder). A link has a label only.
    pub(crate) fn has_button(&self, button: &str) -> bool {
        self.custom_id(button).is_some() || self.buttons().iter().any(|known| known == button)
    }

    /// All that is read in the message, a line for each part.
    pub(super) fn shown_text(&self) -> String {
        let mut lines = Vec::new();
        if !self.content().is_empty() {
            lines.push(self.content());
        }
        let embeds = self.json.0.get("embeds").and_then(Value::as_array);
        for embed in embeds.into_iter().flatten() {
            let text = |pointer: &str| embed.pointer(pointer).and_then(Value::as_str);
            lines.extend(text("/author/name"));
            lines.extend(text("/title"));
            lines.extend(text("/description"));
            let fields = embed.get("fields").and_then(Value::as_array);
            for field in fields.into_iter().flatten() {
                lines.extend(field.get("name").and_then(Value::as_str));
                lines.extend(field.get("value").and_then(Value::as_str));
            }
            lines.extend(text("/footer/text"));
        }
        text_displays(self.json.0.get("components"), &mut lines);
        lines.join("\n")
    }
}

/// Collects the texts among components, in the order of reading.
fn text_displays<'a>(components: Option<&'a Value>, lines: &mut Vec<&'a str>) {
    for component in components.and_then(Value::as_array).into_iter().flatten() {
        if component.get("type").and_then(Value::as_u64) == Some(TEXT_DISPLAY) {
            lines.extend(component.get("content").and_then(Value::as_str));
        }
        text_displays(component.get("components"), lines);
    }
}

/// The type of a text among components.
const TEXT_DISPLAY: u64 = 10;

/// Expectations on what the bot does as a whole; each waits as long as
/// [`Config::patience`](crate::Config::patience).
impl Discord {
    /// Expects `shards` sessions that are ready. [`wait_for_ready`](Self::wait_for_ready) gives an
    /// error instead of a panic.
    #[track_caller]
    pub fn expect_ready(&self, shards: usize) -> impl Future<Output = ()> + Send {
        let scene = self.scene();
        async move { scene.hold(self.wait_for_ready(shards).await) }
    }

    /// Expects a request to `route` (`/channels/{channel_id}/messages`), which may have come
    /// already, and gives the first. [`wait_for_request`](Self::wait_for_request) gives an error
    /// instead of a panic.
    #[track_caller]
    pub fn expect_request(
        &self,
        method: &str,
        route: &str,
    ) -> impl Future<Output = Request> + Send {
        let scene = self.scene();
        async move { scene.hold(self.wait_for_request(method, route).await) }
    }

    /// Expects a message of the bot that has not been asked for yet, and gives it.
    /// [`next_bot_message`](Self::next_bot_message) gives an error instead of a panic.
    #[track_caller]
    pub fn expect_bot_message(&self) -> impl Future<Output = Message> + Send {
        let scene = self.scene();
        async move { scene.hold(self.next_bot_message().await) }
    }

    /// Expects that no request to `route` has come so far. A route that Discord does not have fails
    /// too: it would be absent whatever the bot does.
    #[track_caller]
    pub fn expect_no_request(&self, method: &str, route: &str) -> &Self {
        if let Err(error) = known_route(method, route) {
            self.scene().complain(&error.to_string(), None);
        }
        let requests = self.requests();
        let mut found = requests.iter().filter(|request| {
            request.method.eq_ignore_ascii_case(method) && request.route == route
        });
        if found.next().is_some() {
            let why = format!("there should be no request {method} {route}");
            self.scene().complain(&why, None);
        }
        self
    }

    /// Expects that nothing broke Discord's rules so far.
    #[track_caller]
    pub fn expect_no_violations(&self) -> &Self {
        if !self.violations().is_empty() {
            let why = "there should be nothing that breaks Discord's rules";
            self.scene().complain(why, None);
        }
        self
    }

    #[track_caller]
    fn scene(&self) -> Scene<'_> {
        Scene {
            shared: &self.shared,
            place: Location::caller(),
        }
    }
}
