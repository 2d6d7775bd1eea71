//! What went over the wires of a box, as lines of JSON, and how far a bot does the same again.
//!
//! The first line tells how the box was furnished. What users did is in the form of scenario steps,
//! so that they can be played again; what the bot asked for is what is compared.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    config::Config,
    error::Error,
    play::{Discord, stable},
    rest::Record,
    scenario::ScenarioStep,
    shared::Shared,
};

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Line {
    /// How the box was furnished; always the first.
    Box(Box<Config>),
    /// What a user did, or what was made to go wrong.
    Step(ScenarioStep),
    /// An event, before it was told to those sessions which may hear of it.
    Event { name: String, data: Value },
    /// What a client sent on the gateway, but for identify, resume and heartbeats.
    Payload {
        connection: u64,
        op: u64,
        data: Value,
    },
    /// A request and its answer.
    Request(Box<Asked>),
    /// So many lines are missing here: nobody took them in time.
    Lost(usize),
}

/// A request of the bot and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    #[serde(flatten)]
    record: Record,
    status: u16,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    answer: Value,
}

impl Asked {
    pub(crate) fn of((record, status, answer): &(Record, u16, Value)) -> Self {
        Self {
            record: record.clone(),
            status: *status,
            answer: answer.clone(),
        }
    }

    /// What it asks for, without what differs from run to run.
    fn wish(&self) -> String {
        stable(&serde_json::json!({
            "request": format!("{} {}", self.record.method, self.record.path),
            "query": self.record.query,
            "body": self.record.body,
            "files": self.record.files,
            "reason": self.record.reason,
            "status": self.status,
        }))
    }
}

/// The lines that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    waiting: VecDeque<(u64, Line)>,
    lost: usize,
}

impl Lines {
    pub(crate) fn push(&mut self, at_ms: u64, line: Line) {
        if self.waiting.len() < MAX_WAITING {
            if self.lost > 0 {
                let lost = std::mem::take(&mut self.lost);
                self.waiting.push_back((at_ms, Line::Lost(lost)));
            }
            self.waiting.push_back((at_ms, line));
        } else {
            self.lost += 1;
        }
    }

    /// Takes the newest back, whose deed was refused.
    pub(crate) fn take_back(&mut self) {
        if self.lost > 0 {
            self.lost -= 1;
        } else if matches!(self.waiting.back(), Some((_, Line::Step(_)))) {
            self.waiting.pop_back();
        }
    }

    /// Everything since the last time, and at its end how much of it is missing.
    fn take(&mut self) -> VecDeque<(u64, Line)> {
        let mut waiting = std::mem::take(&mut self.waiting);
        if self.lost > 0
            && let Some((at_ms, _)) = waiting.back()
        {
            let lost = std::mem::take(&mut self.lost);
            waiting.push_back((*at_ms, Line::Lost(lost)));
        }
        waiting
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Timed {
    /// Milliseconds of the box's calendar.
    at: u64,
    #[serde(flatten)]
    line: Line,
}

/// Takes down what happens in a box, from [`Discord::record`].
///
/// Nothing of the token or of what clients identify with is in it. There is one recorder at a time;
/// a new one ends the one before.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
}

impl Discord {
    /// Takes down from now on what users do, what goes wrong, which events happen and what the bot
    /// asks for. Begin before the bot is there, so that a replay knows all of it.
    #[must_use]
    pub fn record(&self) -> Recorder {
        self.shared.with(|backend, _| backend.record());
        Recorder {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Plays the steps of a recording again and compares what the bot asks for.
    ///
    /// Pauses are left out. Before each step the bot has time ([`Config::patience`]) to ask for all
    /// that it had asked for by then in the recording. Ids, times and custom ids are not compared,
    /// only whether they stand in the same places; requests are compared per operation and in
    /// order, and GETs only in that they come.
    ///
    /// # Errors
    ///
    /// When a step cannot be done. What the bot does otherwise is told by [`Replay::differences`].
    pub async fn replay(&self, recording: &Recording) -> Result<Replay, Error> {
        let mut performance = self.performance();
        let mut due: Vec<&Asked> = Vec::new();
        let mut awaited = Awaited::default();
        let mut steps = 0;
        for line in &recording.lines {
            match line {
                Line::Step(step) => {
                    self.have_come(&mut awaited).await;
                    performance.perform(step).await.map_err(|error| {
                        Error::refused(format!("step {}, {step}: {error}", steps + 1))
                    })?;
                    steps += 1;
                }
                Line::Request(asked) => {
                    awaited.add(&asked.record.operation);
                    due.push(asked);
                }
                Line::Box(_) | Line::Event { .. } | Line::Payload { .. } | Line::Lost(_) => {}
            }
        }
        self.have_come(&mut awaited).await;
        let came: Vec<Asked> = self
            .shared
            .look(|backend| backend.journal.requests.iter().map(Asked::of).collect());
        Ok(Replay {
            steps,
            requests: due.len(),
            differences: differences(&due, &came),
        })
    }

    /// Waits until there are as many requests per operation as there should be, of those operations
    /// that were added since. What does not come is a difference, which is told in the end.
    async fn have_come(&self, awaited: &mut Awaited<'_>) {
        for operation in std::mem::take(&mut awaited.added) {
            let count = awaited.counts.get(operation).copied().unwrap_or_default();
            let what = format!("{count} × {operation}");
            let _ = self
                .shared
                .until(&what, self.shared.patience, |backend| {
                    let requests = backend.journal.requests.iter();
                    let came = requests.filter(|(record, ..)| record.operation == operation);
                    (came.count() >= count).then_some(())
                })
                .await;
        }
    }
}

/// How many requests there are to be by now.
#[derive(Debug, Default)]
struct Awaited<'a> {
    counts: BTreeMap<&'a str, usize>,
    /// The operations whose count has grown since they were waited for.
    added: BTreeSet<&'a str>,
}

impl<'a> Awaited<'a> {
    fn add(&mut self, operation: &'a str) {
        *self.counts.entry(operation).or_default() += 1;
        self.added.insert(operation);
    }
}

impl Recorder {
    /// The next lines, each with its line end. The first call gives the furnishing at once; later
    /// ones wait until something has happened.
    pub async fn next(&self) -> String {
        let mut changes = self.shared.changes();
        loop {
            changes.mark_unchanged();
            if let Some(lines) = self.so_far() {
                return lines;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// What has been taken down since the last call, if anything.
    #[must_use]
    pub fn so_far(&self) -> Option<String> {
        let waiting = self
            .shared
            .quietly(|backend| Some(backend.journal.lines.as_mut()?.take()))?;
        if waiting.is_empty() {
            return None;
        }
        let mut text = String::new();
        for (at, line) in waiting {
            // A line is made of texts and numbers, which are always JSON.
            if let Ok(line) = serde_json::to_string(&Timed { at, line }) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        Some(text)
    }
}

/// What a [`Recorder`] took down, for [`Discord::replay`].
#[derive(Clone, Debug)]
pub struct Recording {
    config: Config,
    lines: Vec<Line>,
}

impl Recording {
    /// Reads the lines of a recorder.
    ///
    /// # Errors
    ///
    /// When a line is none of a recorder's, the first does not tell of the box, or lines were lost
    /// while it was written; the error names the line.
    pub fn read(text: &str) -> Result<Self, Error> {
        let mut config = None;
        let mut lines = Vec::new();
        for (number, text) in text.lines().enumerate() {
            let place = |why: &dyn fmt::Display| {
                Error::shape(&format!("line {} of the recording: {why}", number + 1))
            };
            let Timed { line, .. } = serde_json::from_str(text).map_err(|error| match number {
                0 => place(&format!(
                    "it does not tell of a box, as the first that `--record` writes does ({error})"
                )),
                _ => place(&error),
            })?;
            match line {
                Line::Box(furniture) if number == 0 => config = Some(*furniture),
                Line::Lost(count) => {
                    return Err(place(&format!(
                        "{count} lines were lost while it was written; record it again"
                    )));
                }
                line => lines.push(line),
            }
        }
        let config =
            config.ok_or_else(|| Error::shape(&"the recording does not begin with its box"))?;
        Ok(Self { config, lines })
    }

    /// How the box was furnished; its token is not known.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config.clone()
    }
}

/// What came of a replay.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replay {
    /// How many steps were played.
    pub steps: usize,
    /// How many requests were compared.
    pub requests: usize,
    /// What the bot did otherwise, one text each.
    pub differences: Vec<String>,
}

/// What is missing, too much, or other than it was.
fn differences(due: &[&Asked], came: &[Asked]) -> Vec<String> {
    let mut operations: Vec<&str> = due
        .iter()
        .map(|asked| asked.record.operation.as_str())
        .collect();
    operations.extend(came.iter().map(|asked| asked.record.operation.as_str()));
    operations.sort_unstable();
    operations.dedup();
    let mut differences = Vec::new();
    for operation in operations {
        let then: Vec<&Asked> = due
            .iter()
            .copied()
            .filter(|asked| asked.record.operation == operation)
            .collect();
        let now: Vec<&Asked> = came
            .iter()
            .filter(|asked| asked.record.operation == operation)
            .collect();
        // How often a bot looks is its own affair, as long as it looks.
        let looks = then
            .iter()
            .chain(&now)
            .all(|asked| asked.record.method == "GET");
        let as_often = then.len() == now.len() || (looks && !then.is_empty() && !now.is_empty());
        if !as_often {
            let (now, then) = (now.len(), then.len());
            differences.push(format!(
                "{operation}: {now} requests, and {then} in the recording"
            ));
        }
        if looks {
            continue;
        }
        for (number, (then, now)) in then.iter().zip(&now).enumerate() {
            let (wished, wishes) = (then.wish(), now.wish());
            if wished != wishes {
                differences.push(format!(
                    "{operation}, request {}: now {wishes}\nin the recording {wished}",
                    number + 1
                ));
            }
        }
    }
    differences.truncate(MAX_DIFFERENCES);
    differences
}

/// Lines that may wait to be taken: some seconds of a busy bot.
const MAX_WAITING: usize = 65_536;

/// Differences that are told. Whoever sees so many looks at the first.
const MAX_DIFFERENCES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: usize) -> Line {
        Line::Event {
            name: number.to_string(),
            data: Value::Null,
        }
    }

    #[test]
    fn what_was_lost_last_is_told_too_and_nothing_else_is_taken_back_for_it() {
        let mut lines = Lines::default();
        for number in 0..MAX_WAITING - 1 {
            lines.push(1, event(number));
        }
        lines.push(2, Line::Step(ScenarioStep::BotSays("hi".to_owned())));
        // There is no room for this step, so that taking it back takes nothing else.
        lines.push(3, Line::Step(ScenarioStep::BotSays("ho".to_owned())));
        lines.take_back();
        lines.push(4, event(0));
        lines.push(5, event(1));
        let taken = lines.take();
        assert_eq!(taken.len(), MAX_WAITING + 1);
        assert!(matches!(taken[MAX_WAITING - 1], (2, Line::Step(_))));
        assert!(matches!(taken[MAX_WAITING], (_, Line::Lost(2))));
        assert!(lines.take().is_empty());
    }
}
