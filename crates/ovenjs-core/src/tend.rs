//! What is to go on for as long as the bot runs.

use std::{convert::Infallible, time::Duration};

use tokio::task::JoinSet;

/// Has something go on for ever. Where it panics that is told, and it begins anew.
pub(crate) async fn tend<F>(what: &'static str, mut begin: impl FnMut() -> F)
where
    F: Future<Output = Infallible> + Send + 'static,
{
    let mut task = JoinSet::new();
    loop {
        task.spawn(begin());
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!("{what} stopped and begin anew: {error}");
            }
            // The runtime ends.
            _ => return,
        }
        tokio::time::sleep(BEGIN_AGAIN).await;
    }
}

/// What panics each time costs a line in the log for each of these, and not the processor.
const BEGIN_AGAIN: Duration = Duration::from_secs(1);
