//! What happens by itself when its time has come.

use super::World;

/// Something that waits for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A poll closes.
    Poll { channel: u64, message: u64 },
    /// A scheduled event begins or ends.
    Event { guild: u64, event: u64 },
    /// A thread in which nobody speaks is archived.
    Thread(u64),
    /// A paid month of a subscription is over.
    Subscription(u64),
    /// A lobby in which nobody is ends.
    Lobby(u64),
}

impl World {
    /// Lets something happen at a time; it waits once.
    pub(super) fn schedule(&mut self, at_ms: u64, due: Due) {
        self.unschedule(due);
        self.due.insert((at_ms, due));
    }

    /// What was to happen does not happen any more.
    pub(super) fn unschedule(&mut self, due: Due) {
        self.due.retain(|(_, other)| *other != due);
    }

    /// When something is due next, in milliseconds since 1970.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Does what has become due.
    pub(crate) fn pass_time(&mut self) {
        while self.next_due().is_some_and(|at| at <= self.now_ms) {
            match self.due.pop_first() {
                Some((_, Due::Poll { channel, message })) => self.close_poll(channel, message),
                Some((_, Due::Event { guild, event })) => self.event_is_due(guild, event),
                Some((_, Due::Thread(thread))) => self.put_to_sleep(thread),
                Some((_, Due::Subscription(id))) => self.end_period(id),
                Some((_, Due::Lobby(id))) => self.close_lobby(id),
                None => return,
            }
        }
    }
}
