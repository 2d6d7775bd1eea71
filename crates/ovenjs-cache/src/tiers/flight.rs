//! One who goes for all that wait for the same.

use std::sync::{Arc, Mutex};

use hashbrown::HashMap;

use super::{Key, lock};

/// Errands under way, by key. What one brings is given to all who asked meanwhile; where whoever goes is
/// dropped or panics, the next of them goes.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    under_way: Mutex<HashMap<Key, Arc<Flight<T>>>>,
}

/// The turn of one at a time, and what the first of them brought.
type Flight<T> = tokio::sync::Mutex<Option<T>>;

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self {
            under_way: Mutex::default(),
        }
    }
}

impl<T: Clone> Flights<T> {
    /// What `errand` brings, or what that of somebody else brought who was on the way already.
    pub(crate) async fn join<F: Future<Output = T>>(
        &self,
        key: &Key,
        errand: impl FnOnce() -> F,
    ) -> T {
        let seat = Seat {
            flights: self,
            key,
            flight: self.flight(key),
        };
        let mut brought = seat.flight.lock().await;
        if let Some(brought) = &*brought {
            return brought.clone();
        }
        let result = errand().await;
        *brought = Some(result.clone());
        // Who comes from now on asks anew.
        self.forget(key, &seat.flight, || true);
        result
    }

    fn flight(&self, key: &Key) -> Arc<Flight<T>> {
        Arc::clone(lock(&self.under_way).entry_ref(key).or_default())
    }

    /// Takes it out of the table, where it is that one and is over.
    fn forget(&self, key: &Key, flight: &Arc<Flight<T>>, is_over: impl FnOnce() -> bool) {
        let mut under_way = lock(&self.under_way);
        let known = under_way.get(key);
        if known.is_some_and(|known| Arc::ptr_eq(known, flight)) && is_over() {
            under_way.remove(key);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        lock(&self.under_way).len()
    }
}

/// Somebody who waits or goes. The last one to leave without a result takes the errand along.
struct Seat<'a, T: Clone> {
    flights: &'a Flights<T>,
    key: &'a Key,
    flight: Arc<Flight<T>>,
}

impl<T: Clone> Drop for Seat<'_, T> {
    fn drop(&mut self) {
        // One is in the table, one is this.
        let is_last = || Arc::strong_count(&self.flight) <= 2;
        self.flights.forget(self.key, &self.flight, is_last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiers::Space;
    use futures_util::{FutureExt as _, future::join_all};
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn ten_thousand_who_ask_at_once_send_one() {
        let (flights, key, sent) = (Flights::default(), key(), AtomicU32::new(0));
        let errand = || async {
            tokio::task::yield_now().await;
            sent.fetch_add(1, Ordering::Relaxed)
        };
        let all = (0..10_000).map(|_| flights.join(&key, errand));
        assert!(join_all(all).await.into_iter().all(|brought| brought == 0));
        assert_eq!(
            flights.join(&key, errand).await,
            1,
            "who comes later asks anew"
        );
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn where_one_is_dropped_the_next_one_goes() {
        let (flights, key) = (Flights::default(), key());
        let mut first = Box::pin(flights.join(&key, std::future::pending::<u32>));
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(flights.join(&key, || async { 2 }));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert_eq!(second.await, 2);
        // And who is dropped alone leaves nothing behind.
        let mut alone = Box::pin(flights.join(&key, std::future::pending::<u32>));
        assert!(alone.as_mut().now_or_never().is_none());
        drop(alone);
        assert_eq!(flights.len(), 0);
    }

    fn key() -> Key {
        Key::new(&Space::new("settings", 1).unwrap(), 0, "a").unwrap()
    }
}
