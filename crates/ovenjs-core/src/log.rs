//! Where log lines go when a program does not say otherwise.

use std::io::IsTerminal as _;

use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::Error;

/// Writes log lines to standard error, filtered by `filter`, e.g. `info` or
/// `ovenjs_gateway=trace,info`.
///
/// A program that has installed a subscriber of its own keeps it.
pub(crate) fn to_stderr(filter: Option<&str>) -> Result<(), Error> {
    let filter: Targets = filter.unwrap_or("info").parse().map_err(|error| {
        Error::configuration(format!(
            "OVENJS_LOG cannot be understood ({error}); set it to a level such as `debug`, or to \
             targets with levels such as `ovenjs_gateway=trace,info`"
        ))
    })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_filter(filter);
    // An error here means that the program has a subscriber already, which is as good.
    drop(tracing_subscriber::registry().with(lines).try_init());
    Ok(())
}
