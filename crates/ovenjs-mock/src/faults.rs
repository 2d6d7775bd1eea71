//! What goes wrong on purpose.

use std::time::Duration;

/// The faults that are switched on. Those that happen "once" are used up by it.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Break each connection after so many events; with a close code, or abruptly.
    pub(crate) drop_after: Option<(u64, Option<u16>)>,
    /// How many resumes are answered with Invalid Session.
    pub(crate) refuse_resumes: u32,
    /// How many identifies are answered with Invalid Session.
    pub(crate) refuse_identifies: u32,
    pub(crate) withhold_acks: bool,
    /// Requests to answer once with 429: route, wait, whether the limit is the global one.
    pub(crate) limited: Vec<(String, Duration, bool)>,
    /// Requests to answer once with an HTML page of this status.
    pub(crate) broken: Vec<(String, u16)>,
}

impl Faults {
    pub(crate) fn take_limited(&mut self, route: &str) -> Option<(Duration, bool)> {
        let place = self
            .limited
            .iter()
            .position(|(wanted, ..)| wanted == route)?;
        let (_, wait, global) = self.limited.remove(place);
        Some((wait, global))
    }

    pub(crate) fn take_broken(&mut self, route: &str) -> Option<u16> {
        let place = self.broken.iter().position(|(wanted, _)| wanted == route)?;
        Some(self.broken.remove(place).1)
    }
}
