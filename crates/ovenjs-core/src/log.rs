//! Where log lines go when a program does not say otherwise.

use std::io::IsTerminal as _;

use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::Error;

/// Writes log lines to standard error, filtered by `filter`, e.g. `info` or
/// `ovenjs_gateway=trace,info`.
///
/// A program that has installed a subscriber of its own keeps it.
pub(crate) fn to_stderr(text: Option<&str>) -> Result<(), Error> {
    let filter = filter(text.unwrap_or("info"))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_filter(filter);
    // An error here means that the program has a subscriber already, which is as good.
    drop(tracing_subscriber::registry().with(lines).try_init());
    Ok(())
}

/// Writes warnings and errors to the output of the test that runs, unless the program has a
/// subscriber: what a bot in a test does wrong would be told nobody.
pub(crate) fn to_test() {
    if tracing::dispatcher::has_been_set() {
        return;
    }
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_test_writer()
        .with_filter(LevelFilter::WARN);
    // An error here means that another test was faster, which is as good.
    drop(tracing_subscriber::registry().with(lines).try_init());
}

/// A word alone is a level. Taken for a target, as the parser would, a misspelt level would silence
/// the bot.
fn filter(text: &str) -> Result<Targets, Error> {
    let misspelt = text
        .split(',')
        .map(str::trim)
        .find(|part| !part.contains('=') && part.parse::<LevelFilter>().is_err());
    if let Some(word) = misspelt {
        return Err(Error::configuration(format!(
            "OVENJS_LOG: `{word}` is no level; the levels are off, error, warn, info, debug and \
             trace, and a target has one too, as in `ovenjs_gateway=trace,info`"
        )));
    }
    text.parse().map_err(|error| {
        Error::configuration(format!(
            "OVENJS_LOG cannot be understood ({error}); set it to a level such as `debug`, or to \
             targets with levels such as `ovenjs_gateway=trace,info`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn levels_and_targets_with_levels_are_understood() {
        for text in [
            "info",
            "off",
            "ovenjs_gateway=trace,info",
            " warn , a::b=debug",
        ] {
            assert!(filter(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_level_is_named() {
        for text in ["degub", "info,ovenjs_gateway", "a=loud"] {
            let error = filter(text).unwrap_err().to_string();
            assert!(
                error.contains("OVENJS_LOG") && error.contains("trace"),
                "{error}"
            );
        }
    }
}
