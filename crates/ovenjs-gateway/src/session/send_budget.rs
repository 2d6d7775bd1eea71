//! How fast we may send.
//!
//! Discord allows 120 messages within 60 seconds on one connection and closes it with 4008 above
//! that. It does not say where its windows begin, so none of our own may hold more. Heartbeats and
//! the handshake count at Discord's end too; room is kept for them and they never wait.

use std::time::{Duration, Instant};

use ovenjs_ratelimit::Window;

/// Counts what is sent on one connection.
#[derive(Debug)]
pub(crate) struct SendBudget {
    sends: Window,
    /// Places that commands leave free.
    kept: u32,
    /// Those of them for the heartbeats that are due within a window.
    beats: u32,
}

impl SendBudget {
    pub(crate) fn new() -> Self {
        Self {
            sends: Window::new(SENDS_MAX, WINDOW + MARGIN),
            kept: KEPT_MIN,
            beats: 1,
        }
    }

    /// Keeps room for the heartbeats of this interval.
    pub(crate) fn keep_for(&mut self, interval: Duration) {
        let beats = WINDOW
            .as_millis()
            .checked_div(interval.as_millis())
            .unwrap_or(u128::MAX);
        let beats = u32::try_from(beats).unwrap_or(u32::MAX);
        self.beats = beats.saturating_add(1).min(SENDS_MAX - COMMANDS_MIN);
        self.kept = beats.saturating_add(KEPT_MIN).min(SENDS_MAX - COMMANDS_MIN);
    }

    /// Takes a place for a command.
    ///
    /// # Errors
    ///
    /// The moment to ask again.
    pub(crate) fn command(&mut self, now: Instant) -> Result<(), Instant> {
        self.sends.take(now, self.kept)
    }

    /// Whether Discord takes another message, and the heartbeats that are due besides.
    pub(crate) fn is_free(&mut self, now: Instant) -> bool {
        self.sends.ready(now, self.beats).is_ok()
    }

    /// Notes a message that does not wait: a heartbeat, or one of the handshake.
    pub(crate) fn unasked(&mut self, now: Instant) {
        // Even the kept places may be gone: a heartbeat that is due leaves all the same.
        let _ = self.sends.take(now, 0);
    }
}

/// Discord's limit on messages in one window.
const SENDS_MAX: u32 = 120;

/// Discord's window.
const WINDOW: Duration = Duration::from_secs(60);

/// Messages may arrive closer together than they were sent.
const MARGIN: Duration = Duration::from_millis(500);

/// Room for identify or resume and for heartbeats that Discord asks for.
const KEPT_MIN: u32 = 4;

/// What is left for commands however often the heart beats.
const COMMANDS_MIN: u32 = 60;

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
            budget.keep_for(interval);
            let (mut now, mut beat) = (begin, begin + interval);
            let mut sent = Vec::new();
            for wait in waits {
                now += Duration::from_millis(wait);
                while beat <= now {
                    budget.unasked(beat);
                    sent.push(beat);
                    beat += interval;
                }
                if budget.command(now).is_ok() {
                    sent.push(now);
                }
            }
            for (i, at) in sent.iter().enumerate() {
                let within = sent[i..].iter().take_while(|other| **other < *at + WINDOW).count();
                prop_assert!(within <= 120, "{within} within one window");
            }
        }
    }

    #[test]
    fn a_command_that_must_wait_is_told_when() {
        let now = start();
        let mut budget = SendBudget::new();
        budget.keep_for(Duration::from_secs(41));
        let commands = (0..SENDS_MAX)
            .filter(|_| budget.command(now).is_ok())
            .count();
        assert_eq!(commands, 115);
        let ready = budget.command(now).unwrap_err();
        assert_eq!(ready, now + WINDOW + MARGIN);
        assert!(budget.command(ready).is_ok());
    }

    #[test]
    fn heartbeats_that_are_asked_for_leave_room_for_those_that_are_due() {
        let now = start();
        let mut budget = SendBudget::new();
        budget.keep_for(Duration::from_secs(41));
        budget.unasked(now);
        let mut sent = 1
            + (0..SENDS_MAX)
                .filter(|_| budget.command(now).is_ok())
                .count();
        while budget.is_free(now) {
            budget.unasked(now);
            sent += 1;
        }
        // Two more are due within the minute.
        assert_eq!(sent, 118);
    }

    #[test]
    fn a_heart_that_races_leaves_room_for_commands() {
        let now = start();
        let mut budget = SendBudget::new();
        budget.keep_for(Duration::from_millis(5));
        (0..1000).for_each(|_| budget.unasked(now));
        let later = now + WINDOW + MARGIN;
        assert!((0..COMMANDS_MIN).all(|_| budget.command(later).is_ok()));
    }
}
