use std::time::{Duration, Instant};

/// The time of a [`Reshard`](crate::Reshard), which stands still while a connection is away or a consumer
/// is behind: the rule reckons with lag between connections only.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_gateway::ReshardTime;
///
/// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
/// let now = std::time::Instant::now();
/// let second = Duration::from_secs(1);
/// let mut time = ReshardTime::default();
/// time.stand(now, true);
/// assert_eq!(time.of(now + 5 * second), now);
/// assert_eq!(time.back(now + second), None);
/// time.stand(now + 5 * second, false);
/// assert_eq!(time.of(now + 6 * second), now + second);
/// assert_eq!(time.back(now + second), Some(now + 6 * second));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReshardTime {
    stands_since: Option<Instant>,
    stood: Duration,
}

impl ReshardTime {
    /// What the rule is to take for `now`.
    #[must_use]
    pub fn of(&self, now: Instant) -> Instant {
        let now = self.stands_since.unwrap_or(now);
        now.checked_sub(self.stood).unwrap_or(now)
    }

    /// What the rule is to take for `now` when an event comes: what time alone brings about at its
    /// `deadline` is still to come then, between two events.
    #[must_use]
    pub fn of_event(&self, now: Instant, deadline: Option<Instant>) -> Instant {
        let before = deadline.map(|deadline| deadline - Duration::from_nanos(1));
        before.map_or_else(|| self.of(now), |before| self.of(now).min(before))
    }

    /// When a moment of the rule's comes; never, while its time stands.
    #[must_use]
    pub fn back(&self, at: Instant) -> Option<Instant> {
        self.stands_since.is_none().then(|| at + self.stood)
    }

    /// From now on it stands still, or goes on.
    pub fn stand(&mut self, now: Instant, stands: bool) {
        match (stands, self.stands_since) {
            (true, None) => self.stands_since = Some(now),
            (false, Some(since)) => {
                self.stood += now.saturating_duration_since(since);
                self.stands_since = None;
            }
            _ => {}
        }
    }
}
