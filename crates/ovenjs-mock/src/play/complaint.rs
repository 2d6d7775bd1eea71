//! What a failed step tells: the line of the test, why, and what the bot did instead.

use std::{fmt::Write as _, panic::Location};

use crate::{error::Error, shared::Shared};

use super::{Answer, Message};

/// A step of a test: where it stands, and the box in which it is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) shared: &'a Shared,
    pub(super) place: &'static Location<'static>,
}

impl Scene<'_> {
    /// What a step came to; where it failed, the test ends here.
    #[track_caller]
    pub(super) fn hold<T>(self, done: Result<T, Error>) -> T {
        match done {
            Ok(done) => done,
            Err(error) => self.complain(&error.to_string(), None),
        }
    }

    /// The same for a step that began at an answer.
    #[track_caller]
    pub(super) fn hold_for<T>(self, answer: &Answer, done: Result<T, Error>) -> T {
        match done {
            Ok(done) => done,
            Err(error) => self.complain(&error.to_string(), Some(answer)),
        }
    }

    /// Ends the test with all that helps to see why.
    #[track_caller]
    pub(super) fn complain(self, why: &str, answer: Option<&Answer>) -> ! {
        let mut text = format!("{}: {why}", self.place);
        if let Some(answer) = answer {
            text.push_str("\nthe bot's answer was ");
            text.push_str(&answer.again().in_words());
        }
        self.shared.look(|backend| {
            let journal = &backend.journal;
            let said = journal.bot_messages.iter().rev().take(TOLD);
            let said: Vec<Message> = said
                .map(|(channel, id)| Message::of(&backend.world, *channel, *id))
                .collect();
            tell(
                &mut text,
                "the bot's last messages",
                said.iter().rev().map(Message::in_words),
            );
            let requests = journal.requests.iter().rev().take(TOLD);
            let requests: Vec<String> = requests
                .map(|(record, status, answer)| {
                    let refusal = if *status < 400 {
                        String::new()
                    } else {
                        format!(" {answer}")
                    };
                    format!("{} {} → {status}{refusal}", record.method, record.path)
                })
                .collect();
            tell(&mut text, "its last requests", requests.into_iter().rev());
            tell(
                &mut text,
                "what breaks Discord's rules",
                journal.violations.iter().take(TOLD).cloned(),
            );
        });
        panic!("{text}")
    }
}

/// How many messages, requests and violations a complaint tells of, so that it fits a screen.
const TOLD: usize = 5;

fn tell(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (number, line) in lines.enumerate() {
        if number == 0 {
            let _ = write!(text, "\n{title}:");
        }
        let line = line.replace('\n', "\n    ");
        let _ = write!(text, "\n  - {line}");
    }
}

impl Answer {
    /// The answer in a line or a few.
    pub(crate) fn in_words(&self) -> String {
        match (self.message(), self.modal()) {
            (Some(message), _) => message.in_words(),
            (None, Some(modal)) => {
                let fields: Vec<&str> = modal
                    .fields()
                    .iter()
                    .filter_map(|field| field.text("/label").or_else(|| field.text("/custom_id")))
                    .collect();
                let (title, fields) = (modal.title(), fields.join(", "));
                format!("the modal {title:?} with the fields {fields}")
            }
            (None, None) => "neither message nor modal".to_owned(),
        }
    }
}

impl Message {
    /// The message in a line or a few.
    pub(crate) fn in_words(&self) -> String {
        let mut words = format!("{:?}", self.shown_text());
        if self.is_thinking() {
            "\"is thinking …\"".clone_into(&mut words);
        }
        let buttons = self.pressable();
        if !buttons.is_empty() {
            let _ = write!(words, " with the buttons {}", buttons.join(", "));
        }
        if self.ephemeral {
            words.push_str(" for this user alone");
        }
        words
    }
}
