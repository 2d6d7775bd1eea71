//! What a library writes into its log, for what it tells nobody else: serenity passes over a payload
//! that it cannot read with a warning.

use std::{
    fmt::{self, Debug, Display, Write as _},
    sync::{Arc, Mutex, PoisonError},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// The warnings and errors of this thread from here on.
pub(crate) struct Log {
    lines: Lines,
    _reading: DefaultGuard,
}

impl Log {
    pub(crate) fn read() -> Self {
        let lines = Lines::default();
        let reading = tracing_subscriber::registry()
            .with(LevelFilter::WARN)
            .with(lines.clone())
            .set_default();
        Self {
            lines,
            _reading: reading,
        }
    }

    /// The lines so far that hold one of these texts.
    pub(crate) fn lines_with(&self, texts: &[&str]) -> Vec<String> {
        let lines = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = lines
            .iter()
            .filter(|line| texts.iter().any(|text| line.contains(text)));
        fitting.cloned().collect()
    }
}

impl Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#?}", self.lines_with(&[""]))
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing into a string cannot fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}
