//! Waits that are dropped before they end.

use std::{future::poll_fn, pin::pin, task::Poll};

/// Polls a wait so many times, each time as it is woken, and drops it. What it gave, if it ended.
///
/// Tokio's budget for one task is not to be seen as waiting.
pub(crate) async fn polled<T>(times: usize, wait: impl Future<Output = T>) -> Option<T> {
    let mut wait = pin!(tokio::task::unconstrained(wait));
    let mut left = times;
    poll_fn(|cx| {
        let Some(fewer) = left.checked_sub(1) else {
            return Poll::Ready(None);
        };
        left = fewer;
        match wait.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
