//! The seconds of a global limit.

use std::time::{Duration, Instant};

use crate::config::{GlobalModel, Rate};

use super::gauge::Gauge;

/// What one bot, or one address, has asked for.
#[derive(Debug, Default)]
pub(super) struct Global {
    gauge: Option<Gauge>,
    /// The second of the calendar that was counted last, and its count.
    second: u64,
    used: u32,
}

impl Global {
    /// Takes a place, or says how long to wait for one. What counts is when a request arrives.
    pub(super) fn take(
        &mut self,
        now: Instant,
        calendar_ms: u64,
        model: GlobalModel,
        most: u32,
    ) -> Result<(), Duration> {
        let rate = match model {
            GlobalModel::Aligned => return self.take_aligned(calendar_ms, most),
            GlobalModel::Anchored => Rate::fixed(most, SECOND),
            GlobalModel::Leaky => Rate::leaky(most, SECOND),
        };
        let gauge = self.gauge.get_or_insert_with(|| Gauge::new(now));
        match gauge.wait(now, rate, 1) {
            Some(wait) => Err(wait),
            None => {
                gauge.spend(now, rate, 1);
                Ok(())
            }
        }
    }

    fn take_aligned(&mut self, calendar_ms: u64, most: u32) -> Result<(), Duration> {
        let second = calendar_ms / 1000;
        if self.second != second {
            self.second = second;
            self.used = 0;
        }
        if self.used >= most {
            return Err(Duration::from_millis(1000 - calendar_ms % 1000));
        }
        self.used += 1;
        Ok(())
    }
}

const SECOND: Duration = Duration::from_secs(1);
