//! Whose requests are whose: one client for each token, bounded in number.
//!
//! A rule without a clock: the time is an argument.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    mem,
    time::{Duration, Instant},
};

use ovenjs_core::types::Secret;

/// The clients by what their requests show.
pub(crate) struct Tenants<T> {
    most: usize,
    tenants: HashMap<Shown, Tenant<T>>,
    /// Those that had to make room, until they are asked about.
    gone: Vec<T>,
}

/// What a request shows, as a key.
#[derive(PartialEq, Eq)]
struct Shown(Secret);

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().hash(state);
    }
}

impl Borrow<str> for Shown {
    fn borrow(&self) -> &str {
        self.0.expose()
    }
}

struct Tenant<T> {
    client: T,
    used: Instant,
    /// Requests under way.
    busy: usize,
}

impl<T: Clone> Tenants<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            tenants: HashMap::new(),
            gone: Vec::new(),
        }
    }

    /// The client of whoever shows this, for one request: [`leave`](Self::leave) ends it. `None` where
    /// there are as many as there may be and none of them is idle.
    ///
    /// # Errors
    ///
    /// What `build` gives.
    pub(crate) fn enter<E>(
        &mut self,
        now: Instant,
        shown: &Secret,
        build: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        if let Some(tenant) = self.tenants.get_mut(shown.expose()) {
            tenant.used = now;
            tenant.busy += 1;
            return Ok(Some(tenant.client.clone()));
        }
        if self.tenants.len() >= self.most && !self.make_room(now) {
            return Ok(None);
        }
        let client = build()?;
        let tenant = Tenant {
            client: client.clone(),
            used: now,
            busy: 1,
        };
        self.tenants.insert(Shown(shown.clone()), tenant);
        Ok(Some(client))
    }

    /// A request of theirs has ended.
    pub(crate) fn leave(&mut self, now: Instant, shown: &Secret) {
        if let Some(tenant) = self.tenants.get_mut(shown.expose()) {
            tenant.used = now;
            tenant.busy = tenant.busy.saturating_sub(1);
        }
    }

    /// Drops those who have not asked for long; how many they were.
    pub(crate) fn sweep(&mut self, now: Instant) -> usize {
        let before = self.tenants.len();
        self.tenants.retain(|_, tenant| !tenant.is_idle(now, KEPT));
        before - self.tenants.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.tenants.len()
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = &T> {
        self.each().map(|(_, client)| client)
    }

    /// The clients, each with what its requests show.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&Secret, &T)> {
        let tenants = self.tenants.iter();
        tenants.map(|(shown, tenant)| (&shown.0, &tenant.client))
    }

    /// The clients that had to make room since this was asked last.
    pub(crate) fn take_gone(&mut self) -> Vec<T> {
        mem::take(&mut self.gone)
    }

    /// Drops who is idle for longest, if anyone is.
    fn make_room(&mut self, now: Instant) -> bool {
        let idle = self.tenants.iter().filter(|(_, it)| it.is_idle(now, SAFE));
        let longest = idle.min_by_key(|(_, it)| it.used);
        let Some(shown) = longest.map(|(shown, _)| shown.0.clone()) else {
            return false;
        };
        let gone = self.tenants.remove(shown.expose());
        let is_gone = gone.is_some();
        self.gone.extend(gone.map(|tenant| tenant.client));
        is_gone
    }
}

impl<T> Tenant<T> {
    fn is_idle(&self, now: Instant, time: Duration) -> bool {
        self.busy == 0 && now.saturating_duration_since(self.used) >= time
    }
}

/// How long a client is kept unused: what it has learned about limits is of use as long as they last,
/// and the longest that are known last ten minutes.
const KEPT: Duration = Duration::from_mins(15);

/// For less time nobody is dropped, whoever else comes: most limits last less than a minute, so that
/// who comes back then begins anew without harm.
const SAFE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_has_one_client_and_the_idle_are_dropped() {
        let now = start();
        let mut tenants = Tenants::new(2);
        assert_eq!(enter(&mut tenants, now, "a", 1), Some(1));
        assert_eq!(enter(&mut tenants, now, "a", 2), Some(1));
        assert_eq!(enter(&mut tenants, now, "b", 3), Some(3));
        tenants.leave(now, &"b".into());
        // `b` was here a moment ago, and `a` is busy.
        let soon = now + SAFE - Duration::from_millis(1);
        assert_eq!(enter(&mut tenants, soon, "c", 4), None);
        assert_eq!(enter(&mut tenants, now + SAFE, "c", 5), Some(5));
        assert_eq!(tenants.len(), 2);
        assert_eq!(
            (tenants.take_gone(), tenants.take_gone()),
            (vec![3], vec![])
        );
        // Two requests of `a` are under way, for however long.
        tenants.leave(now, &"a".into());
        tenants.leave(now, &"c".into());
        let late = now + 2 * KEPT;
        assert_eq!(tenants.sweep(late), 1);
        tenants.leave(late, &"a".into());
        assert_eq!(tenants.sweep(late + KEPT), 1);
        assert_eq!(tenants.len(), 0);
    }

    #[test]
    fn a_client_that_cannot_be_built_takes_no_place() {
        let mut tenants = Tenants::<u8>::new(1);
        assert_eq!(
            tenants.enter(start(), &"a".into(), || Err("broken")),
            Err("broken")
        );
        assert_eq!(tenants.len(), 0);
    }

    fn enter(tenants: &mut Tenants<u8>, now: Instant, shown: &str, client: u8) -> Option<u8> {
        let entered = tenants.enter(now, &shown.into(), || Ok::<_, ()>(client));
        entered.unwrap()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning for the virtual clock"
    )]
    fn start() -> Instant {
        Instant::now()
    }
}
