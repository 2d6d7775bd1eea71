//! What lies between the shards and whoever reads: bounded in number and in bytes.
//!
//! Shards take places before their sessions give anything away, so nothing can be refused. Where all
//! places are taken they wait in line, and whoever is let in lets the next one in if there is still
//! room; so a shard in a flood cannot keep another one out.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio::sync::Notify;

use super::{Delivery, lane::key_of};

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Whether there may be several lanes; what goes into them is looked at before the lock is taken.
    is_cut: AtomicBool,
    room: Notify,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    lanes: Vec<Lane>,
    places_max: usize,
    bytes_max: usize,
    /// How many deliveries lie in the lanes.
    held: usize,
    bytes: usize,
    /// Places that were taken for deliveries to come.
    reserved: usize,
    /// How many shards wait for room.
    waiting: usize,
    /// The shards are gone: what is here is the last.
    ended: bool,
    /// What was here is on its way to another process.
    sealed: bool,
}

#[derive(Debug)]
struct Lane {
    items: VecDeque<Delivery>,
    waker: Option<Waker>,
    is_read: bool,
}

impl Lane {
    const fn new() -> Self {
        Self {
            items: VecDeque::new(),
            waker: None,
            is_read: true,
        }
    }
}

/// The shards' side.
impl Queue {
    pub(super) fn new(places: usize, bytes: usize) -> Self {
        Self {
            state: Mutex::new(State {
                lanes: vec![Lane::new()],
                places_max: places.max(1),
                bytes_max: bytes.max(1),
                held: 0,
                bytes: 0,
                reserved: 0,
                waiting: 0,
                ended: false,
                sealed: false,
            }),
            is_cut: AtomicBool::new(false),
            room: Notify::new(),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up to `wanted` places, and says how many and for how many bytes: none where others wait,
    /// unless it is the caller's turn. Each is used or given back by a [`push`](Self::push).
    pub(super) fn reserve(&self, wanted: usize, my_turn: bool) -> (usize, usize) {
        let mut state = self.lock();
        if state.waiting > 0 && !my_turn {
            return (0, 0);
        }
        let places = state.free().min(wanted);
        state.reserved += places;
        (places, state.bytes_max.saturating_sub(state.bytes))
    }

    /// Puts deliveries into their lanes, on places that were taken, and gives `unused` places back.
    pub(super) fn push(&self, deliveries: &mut Vec<Delivery>, unused: usize) {
        let keys: Vec<u64> = match self.is_cut.load(Ordering::Relaxed) {
            true => deliveries.iter().map(key_of).collect(),
            false => Vec::new(),
        };
        let mut keys = keys.into_iter();
        let mut woken = Woken::default();
        let mut state = self.lock();
        let places = deliveries.len() + unused;
        state.reserved = state.reserved.saturating_sub(places);
        deliveries
            .drain(..)
            .for_each(|delivery| state.put(delivery, keys.next(), &mut woken));
        let has_room = unused > 0 && state.waiting > 0 && state.free() > 0;
        drop(state);
        if has_room {
            self.room.notify_one();
        }
    }

    /// Puts a delivery into its lane as soon as there is room; nobody gets it where nobody reads any more.
    pub(super) async fn deliver(&self, delivery: Delivery) {
        while self.reserve(1, true).0 == 0 {
            tokio::select! {
                () = self.room() => {}
                () = self.unread() => return,
            }
        }
        self.push(&mut vec![delivery], 0);
    }

    /// Puts a delivery into its lane if there is room.
    pub(super) fn try_push(&self, delivery: Delivery) {
        let mut woken = Woken::default();
        let mut state = self.lock();
        if state.free() > 0 {
            state.put(delivery, None, &mut woken);
        }
    }

    /// Puts what another process left, or what a generation of shards leaves, whatever the bounds: bounds
    /// of their own held for it.
    pub(super) fn put_all(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut woken = Woken::default();
        let mut state = self.lock();
        deliveries
            .into_iter()
            .for_each(|delivery| state.put(delivery, None, &mut woken));
    }

    /// Holds at most so many bytes from now on. What lies there already stays.
    pub(super) fn bound(&self, bytes: usize) {
        let mut state = self.lock();
        state.bytes_max = bytes.max(1);
        for lane in &mut state.lanes {
            lane.items.shrink_to_fit();
        }
        if state.waiting > 0 && state.free() > 0 {
            self.room.notify_one();
        }
    }

    /// Waits in line for room. Dropping it leaves the line.
    pub(super) async fn room(&self) {
        let alone = {
            let mut state = self.lock();
            state.waiting += 1;
            state.waiting == 1 && state.free() > 0
        };
        let _in_line = InLine(self);
        if !alone {
            self.room.notified().await;
        }
    }

    /// Waits until nobody reads any more.
    pub(super) async fn unread(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if !self.lock().lanes.iter().any(|lane| lane.is_read) {
                return;
            }
            changed.await;
        }
    }

    /// The shards are gone.
    pub(super) fn end(&self) {
        let mut woken = Woken::default();
        let mut state = self.lock();
        state.ended = true;
        state.wake_all(&mut woken);
    }
}

/// Readers to be woken when it is dropped: declared before the lock is taken, it is dropped after it, so
/// that a reader may look at once.
#[derive(Default)]
struct Woken(Vec<Waker>);

impl Drop for Woken {
    fn drop(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

/// Places in the queue, and what takes them. Places that are not used go back.
pub(super) struct Places {
    queue: Arc<Queue>,
    pub(super) left: usize,
    bytes_left: usize,
    batch: Vec<Delivery>,
}

impl Places {
    pub(super) fn none(queue: &Arc<Queue>) -> Self {
        Self {
            queue: Arc::clone(queue),
            left: 0,
            bytes_left: 0,
            batch: Vec::new(),
        }
    }

    pub(super) fn take(
        queue: &Arc<Queue>,
        wanted: usize,
        my_turn: bool,
        batch: Vec<Delivery>,
    ) -> Self {
        let mut places = Self::none(queue);
        places.batch = batch;
        if wanted > 0 {
            (places.left, places.bytes_left) = queue.reserve(wanted, my_turn);
        }
        places
    }

    /// Uses a place, and says whether another one may be.
    pub(super) fn put(&mut self, delivery: Delivery) -> bool {
        self.left = self.left.saturating_sub(1);
        self.bytes_left = self.bytes_left.saturating_sub(delivery.weight());
        self.batch.push(delivery);
        self.bytes_left > 0
    }

    /// Puts all into the queue, and gives the emptied list back.
    pub(super) fn give(mut self) -> Vec<Delivery> {
        self.settle();
        std::mem::take(&mut self.batch)
    }

    fn settle(&mut self) {
        let left = std::mem::take(&mut self.left);
        if left > 0 || !self.batch.is_empty() {
            self.queue.push(&mut self.batch, left);
        }
    }
}

/// What the session has given away is delivered, even where something panics.
impl Drop for Places {
    fn drop(&mut self) {
        self.settle();
    }
}

/// A shard in line for room.
struct InLine<'a>(&'a Queue);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.waiting = state.waiting.saturating_sub(1);
        // The next one sees for itself, if this one was let in and did not go.
        if state.waiting > 0 && state.has_room_again() {
            self.0.room.notify_one();
        }
    }
}

/// The readers' side.
impl Queue {
    pub(super) fn poll_next(&self, lane: usize, cx: &Context<'_>) -> Poll<Option<Delivery>> {
        let mut state = self.lock();
        if state.sealed {
            return Poll::Ready(None);
        }
        let ended = state.ended;
        let Some(of) = state.lanes.get_mut(lane) else {
            return Poll::Ready(None);
        };
        let Some(delivery) = of.items.pop_front() else {
            if ended {
                return Poll::Ready(None);
            }
            of.waker.clone_from(&Some(cx.waker().clone()));
            return Poll::Pending;
        };
        state.held = state.held.saturating_sub(1);
        state.bytes = state.bytes.saturating_sub(delivery.weight());
        if state.waiting > 0 && state.has_room_again() {
            self.room.notify_one();
        }
        Poll::Ready(Some(delivery))
    }

    /// Cuts the queue into lanes, and says how many there are: one that is cut already stays as it is.
    pub(super) fn cut(&self, lanes: usize) -> Option<usize> {
        let mut woken = Woken::default();
        let mut state = self.lock();
        if state.lanes.len() > 1 {
            return None;
        }
        let lanes = lanes.max(1);
        self.is_cut.store(lanes > 1, Ordering::Relaxed);
        let items: Vec<Delivery> = state
            .lanes
            .iter_mut()
            .flat_map(|lane| lane.items.drain(..))
            .collect();
        (state.held, state.bytes) = (0, 0);
        state.lanes = (0..lanes).map(|_| Lane::new()).collect();
        items
            .into_iter()
            .for_each(|delivery| state.put(delivery, None, &mut woken));
        Some(lanes)
    }

    /// Nobody reads this lane any more.
    pub(super) fn leave(&self, lane: usize) {
        let mut state = self.lock();
        let mut dropped = VecDeque::new();
        if let Some(lane) = state.lanes.get_mut(lane) {
            lane.is_read = false;
            lane.waker = None;
            dropped = std::mem::take(&mut lane.items);
        }
        for delivery in &dropped {
            state.held = state.held.saturating_sub(1);
            state.bytes = state.bytes.saturating_sub(delivery.weight());
        }
        drop(state);
        self.room.notify_one();
        self.changed.notify_waiters();
    }

    /// Takes back what nobody has read; readers get no more.
    pub(super) fn seal(&self) -> Vec<Delivery> {
        let mut woken = Woken::default();
        let mut state = self.lock();
        state.sealed = true;
        state.wake_all(&mut woken);
        (state.held, state.bytes) = (0, 0);
        state
            .lanes
            .iter_mut()
            .flat_map(|lane| std::mem::take(&mut lane.items))
            .collect()
    }

    /// How many deliveries and bytes wait.
    pub(super) fn depth(&self) -> (usize, usize) {
        let state = self.lock();
        (state.held, state.bytes)
    }
}

impl State {
    fn free(&self) -> usize {
        if self.bytes >= self.bytes_max {
            return 0;
        }
        self.places_max
            .saturating_sub(self.held)
            .saturating_sub(self.reserved)
    }

    /// Whether it is worth waking a shard: not for each place, lest two threads wake each other for
    /// each event.
    fn has_room_again(&self) -> bool {
        let bytes = self.bytes_max.saturating_sub(self.bytes);
        self.held == 0
            || (self.free() >= (self.places_max / 4).max(1) && bytes >= self.bytes_max / 4)
    }

    /// `key` is that of the delivery, where it is known already.
    fn put(&mut self, delivery: Delivery, key: Option<u64>, woken: &mut Woken) {
        match delivery {
            // All guilds of the shard are concerned, so every lane is told.
            Delivery::Gap(gap) if self.lanes.len() > 1 => {
                for lane in 0..self.lanes.len() {
                    self.put_into(lane, Delivery::Gap(gap.clone()), woken);
                }
            }
            delivery => {
                let lane = match u64::try_from(self.lanes.len()) {
                    Ok(lanes @ 2..) => key.unwrap_or_else(|| key_of(&delivery)) % lanes,
                    _ => 0,
                };
                self.put_into(usize::try_from(lane).unwrap_or(0), delivery, woken);
            }
        }
    }

    fn put_into(&mut self, lane: usize, delivery: Delivery, woken: &mut Woken) {
        if let Some(lane) = self.lanes.get_mut(lane)
            && lane.is_read
        {
            self.held += 1;
            self.bytes += delivery.weight();
            lane.items.push_back(delivery);
            woken.0.extend(lane.waker.take());
        }
    }

    fn wake_all(&mut self, woken: &mut Woken) {
        let wakers = self.lanes.iter_mut().filter_map(|lane| lane.waker.take());
        woken.0.extend(wakers);
    }
}

/// Marks the queue as ended when the last shard's owner goes, whichever way.
#[derive(Debug)]
pub(super) struct Ends(pub(super) Arc<Queue>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, task::Wake};

    use ovenjs_types::ShardId;

    use super::*;
    use crate::SessionGap;

    /// A reader who looks while it is woken.
    struct Looks(Queue, AtomicUsize);

    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            let taken = self.0.poll_next(0, &Context::from_waker(Waker::noop()));
            self.1
                .fetch_add(usize::from(taken.is_ready()), Ordering::Relaxed);
        }
    }

    #[test]
    fn a_reader_may_look_while_it_is_woken() {
        let looks = Arc::new(Looks(Queue::new(4, 1_000), AtomicUsize::new(0)));
        let queue = &looks.0;
        let waker = Waker::from(Arc::clone(&looks));
        for wakes in [
            |queue: &Queue| queue.try_push(Delivery::Gap(SessionGap::new(ShardId::default(), 1))),
            |queue: &Queue| queue.end(),
        ] {
            assert!(
                queue
                    .poll_next(0, &Context::from_waker(&waker))
                    .is_pending()
            );
            wakes(queue);
        }
        assert_eq!(looks.1.load(Ordering::Relaxed), 2);
    }
}
