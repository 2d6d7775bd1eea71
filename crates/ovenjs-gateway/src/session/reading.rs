//! When a session reads, and when it waits for the consumer.

use std::time::Instant;

use ovenjs_types::Pressure;

use super::{Link, Notice, Session};

impl Session {
    /// The consumer can take so many more deliveries.
    pub(super) fn room(&mut self, now: Instant, room: usize) {
        self.backlog.room = room;
        // What made the backlog full may be gone by now.
        self.see_whether_full(now);
    }

    /// Memory is so short from now on.
    pub(super) fn press(&mut self, now: Instant, pressure: Pressure) {
        self.backlog
            .bound(pressure.share(self.config.backlog_bytes.max(1)));
        if let Link::Up(connection) = &mut self.link {
            connection.inflater.press(pressure);
        }
        if std::mem::replace(&mut self.pressure, pressure) != pressure {
            let backlog_bytes_max = self.backlog.bytes_max();
            self.note(
                now,
                Notice::Pressed {
                    pressure,
                    backlog_bytes_max,
                },
            );
        }
        self.see_whether_full(now);
    }

    /// Stops reading where the backlog is full, and goes on where it is no longer.
    pub(super) fn see_whether_full(&mut self, now: Instant) {
        let is_full = !self.wants_frames();
        if let Link::Up(connection) = &mut self.link {
            match is_full {
                // Of a peer that is not heard nothing can be asked.
                true => connection.suspended = true,
                false => connection.resume_waits(now),
            }
        }
        if std::mem::replace(&mut self.paused, is_full) == is_full {
            return;
        }
        let backlog_bytes = self.backlog.bytes();
        self.note(
            now,
            match is_full {
                true => Notice::Paused { backlog_bytes },
                false => Notice::Unpaused,
            },
        );
    }
}
