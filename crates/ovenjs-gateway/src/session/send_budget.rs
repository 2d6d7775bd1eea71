//! How fast we may send.
//!
//! Discord allows 120 messages within 60 seconds on one connection and closes it with 4008 above
//! that. It does not say where its windows begin, so none of our own may hold more. Heartbeats and
//! the handshake count at Discord's end too; room is kept for them and they never wait.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Counts what is sent on one connection.
#[derive(Debug)]
pub(crate) struct SendBudget {
    sent: VecDeque<Instant>,
    reserved: usize,
}

impl SendBudget {
    pub(crate) fn new() -> Self {
        Self {
            sent: VecDeque::new(),
            reserved: RESERVED_MIN,
        }
    }

    /// Keeps room for the heartbeats of this interval.
    pub(crate) fn reserve_for(&mut self, interval: Duration) {
        let beats = WINDOW
            .as_millis()
            .checked_div(interval.as_millis())
            .unwrap_or(u128::MAX);
        self.reserved = usize::try_from(beats)
            .unwrap_or(usize::MAX)
            .saturating_add(RESERVED_MIN)
            .min(SENDS_MAX - COMMANDS_MIN);
    }

    /// When a command may be sent: at once, or at the returned moment.
    pub(crate) fn ready_at(&mut self, now: Instant) -> Option<Instant> {
        self.forget(now);
        let over = (self.sent.len() + self.reserved + 1).checked_sub(SENDS_MAX)?;
        let blocking = over.checked_sub(1)?;
        self.sent.get(blocking).map(|sent| *sent + WINDOW + MARGIN)
    }

    /// Notes that something was sent.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.forget(now);
        // A peer that asks for heartbeats in a hurry must not make the list grow.
        if self.sent.len() == SENDS_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }

    fn forget(&mut self, now: Instant) {
        while self
            .sent
            .front()
            .is_some_and(|sent| now >= *sent + WINDOW + MARGIN)
        {
            self.sent.pop_front();
        }
    }
}

/// Discord's limit on messages in one window.
const SENDS_MAX: usize = 120;

/// Discord's window.
const WINDOW: Duration = Duration::from_secs(60);

/// Messages may arrive closer together than they were sent.
const MARGIN: Duration = Duration::from_millis(500);

/// Room for identify or resume and for heartbeats that Discord asks for.
const RESERVED_MIN: usize = 4;

/// What is left for commands however often the heart beats.
const COMMANDS_MIN: usize = 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::session::tests::start;

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_discord_allows(
            waits in prop::collection::vec(0_u64..3000, 1..600),
            interval in 5_u64..60,
        ) {
            let begin = start();
            let interval = Duration::from_secs(interval);
            let mut budget = SendBudget::new();
            budget.reserve_for(interval);
            let (mut now, mut beat) = (begin, begin + interval);
            let mut sent = Vec::new();
            for wait in waits {
                now += Duration::from_millis(wait);
                while beat <= now {
                    budget.sent(beat);
                    sent.push(beat);
                    beat += interval;
                }
                if budget.ready_at(now).is_none() {
                    budget.sent(now);
                    sent.push(now);
                }
            }
            for (i, at) in sent.iter().enumerate() {
                let within = sent[i..].iter().take_while(|other| **other < *at + WINDOW).count();
                prop_assert!(within <= SENDS_MAX, "{within} within one window");
            }
        }
    }

    #[test]
    fn a_command_that_must_wait_is_told_when() {
        let now = start();
        let mut budget = SendBudget::new();
        budget.reserve_for(Duration::from_secs(41));
        let mut commands = 0;
        while budget.ready_at(now).is_none() {
            budget.sent(now);
            commands += 1;
        }
        assert_eq!(commands, SENDS_MAX - RESERVED_MIN - 1);
        let ready = budget.ready_at(now).unwrap();
        assert_eq!(ready, now + WINDOW + MARGIN);
        assert!(budget.ready_at(ready).is_none());
    }
}
