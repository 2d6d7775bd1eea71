//! Work that several calls wait for.
//!
//! It belongs to none of them: whichever of them is polled moves it on. Were it a part of one call's
//! future, the others would wait for something that may not be polled for a while, such as a branch of a
//! `select!` while another one is handled, or a future that is kept for later. When one of them leaves,
//! the others go on with it, and with the last one it ends.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::delivery::lock;

/// What is done. It must not hold the errand itself, which would never end then.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Work that is done once, and what came of it.
pub(crate) struct Errand<T> {
    /// From its beginning to its end.
    work: Mutex<Option<Work<T>>>,
    end: OnceLock<T>,
    waiting: Arc<Waiting>,
}

/// Those who wait. There are at most as many as there are calls.
#[derive(Default)]
struct Waiting {
    /// Whether the work can go on.
    is_due: AtomicBool,
    wakers: Mutex<BTreeMap<u64, Waker>>,
    numbers: Mutex<u64>,
}

impl<T> Default for Errand<T> {
    fn default() -> Self {
        Self {
            work: Mutex::default(),
            end: OnceLock::new(),
            waiting: Arc::default(),
        }
    }
}

impl<T> Errand<T> {
    /// Waits for its end, and moves it on meanwhile. `begin` is asked for the work where there is none yet,
    /// or where it has ended in a panic.
    pub(crate) async fn end(&self, mut begin: impl FnMut() -> Work<T>) -> &T {
        let place = Place::take(&self.waiting);
        poll_fn(|cx| self.poll(cx, place.number, &mut begin)).await
    }

    fn poll(&self, cx: &Context<'_>, number: u64, begin: &mut impl FnMut() -> Work<T>) -> Poll<&T> {
        if let Some(end) = self.end.get() {
            return Poll::Ready(end);
        }
        // Before the work is looked at, so that no call to go on is missed.
        self.waiting.keep(number, cx.waker());
        // Where the work panics it is gone, and the others are told once the lock is free.
        let mut waking = Waking {
            waiting: &self.waiting,
            is_due: false,
        };
        let mut work = match self.work.try_lock() {
            Ok(work) => work,
            Err(TryLockError::Poisoned(left)) => left.into_inner(),
            // Whoever moves it on looks once more for what is due, and tells when it has ended.
            Err(TryLockError::WouldBlock) => return Poll::Pending,
        };
        let is_new = work.is_none() && self.end.get().is_none();
        if is_new {
            *work = Some(begin());
        }
        if self.waiting.is_due.swap(false, Ordering::AcqRel) || is_new {
            waking.is_due = true;
            if let Some(mut going) = work.take() {
                let waker = Waker::from(Arc::clone(&self.waiting));
                match going.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(end) => drop(self.end.set(end)),
                    Poll::Pending => *work = Some(going),
                }
            }
            waking.is_due = work.is_none();
        }
        drop(work);
        if self.waiting.is_due.load(Ordering::Acquire) {
            cx.waker().wake_by_ref();
        }
        self.end.get().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Waiting {
    fn keep(&self, number: u64, waker: &Waker) {
        let wakers = &mut lock(&self.wakers);
        match wakers.get_mut(&number) {
            Some(kept) => kept.clone_from(waker),
            None => drop(wakers.insert(number, waker.clone())),
        }
    }

    /// One would do, but whoever it is may not look.
    fn wake_all(&self) {
        self.is_due.store(true, Ordering::Release);
        let wakers = mem::take(&mut *lock(&self.wakers));
        wakers.into_values().for_each(Waker::wake);
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}

/// Wakes all who wait when it is dropped, where that is due.
struct Waking<'a> {
    waiting: &'a Waiting,
    is_due: bool,
}

impl Drop for Waking<'_> {
    fn drop(&mut self) {
        if self.is_due {
            self.waiting.wake_all();
        }
    }
}

/// A place among those who wait, left on drop.
struct Place<'a> {
    waiting: &'a Waiting,
    number: u64,
}

impl<'a> Place<'a> {
    fn take(waiting: &'a Waiting) -> Self {
        let numbers = &mut lock(&waiting.numbers);
        **numbers += 1;
        let number = **numbers;
        Self { waiting, number }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(&self.waiting.wakers).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::{panic::AssertUnwindSafe, pin::pin, sync::atomic::AtomicU64};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn whoever_is_polled_moves_it_on() {
        let (errand, go) = (Errand::default(), Arc::new(Notify::new()));
        let mut begun = 0;
        let mut one = Box::pin(errand.end(|| {
            begun += 1;
            work(&go)
        }));
        assert!(poll!(one).is_pending());
        let mut two = pin!(errand.end(|| panic!("it has begun")));
        assert!(poll!(two).is_pending());
        // The first is not polled again.
        go.notify_one();
        assert_eq!(*two.await, 7);
        assert_eq!(*one.await, 7);
        assert_eq!(*errand.end(|| panic!("it is over")).await, 7);
        assert_eq!(begun, 1);
    }

    #[tokio::test]
    async fn who_leaves_leaves_it_to_the_others() {
        let (errand, go) = (Errand::default(), Arc::new(Notify::new()));
        let mut one = Box::pin(errand.end(|| work(&go)));
        let mut two = pin!(errand.end(|| panic!("it has begun")));
        assert!(poll!(one).is_pending() && poll!(two).is_pending());
        drop(one);
        assert_eq!(lock(&errand.waiting.wakers).len(), 1);
        go.notify_one();
        assert_eq!(*two.await, 7);
    }

    #[tokio::test]
    async fn after_a_panic_the_next_one_begins_anew() {
        let (errand, go) = (Errand::default(), Arc::new(Notify::new()));
        let heard = Arc::clone(&go);
        let broken = move || -> Work<u8> {
            let heard = Arc::clone(&heard);
            Box::pin(async move {
                heard.notified().await;
                panic!("as it happens")
            })
        };
        let mut one = Box::pin(errand.end(broken));
        let mut two = Box::pin(errand.end(|| Box::pin(async { 8 })));
        assert!(poll!(one).is_pending() && poll!(two).is_pending());
        go.notify_one();
        let poll = AssertUnwindSafe(|| one.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        assert!(std::panic::catch_unwind(poll).is_err());
        drop(one);
        assert_eq!(*two.await, 8);
    }

    #[tokio::test]
    async fn whoever_began_what_panicked_with_another_one_begins_it_anew_without_being_woken_in_vain()
     {
        let (errand, go) = (Errand::default(), Arc::new(Notify::new()));
        let mut begun = 0;
        let mut one = Box::pin(errand.end(|| {
            begun += 1;
            let (heard, is_first) = (Arc::clone(&go), begun == 1);
            Box::pin(async move {
                heard.notified().await;
                assert!(!is_first, "as it happens");
                8
            })
        }));
        let mut two = Box::pin(errand.end(|| panic!("it has begun")));
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let of_one = &mut Context::from_waker(&waker);
        assert!(one.as_mut().poll(of_one).is_pending() && poll!(two).is_pending());
        go.notify_one();
        let poll = AssertUnwindSafe(|| two.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        assert!(std::panic::catch_unwind(poll).is_err());
        drop(two);
        let told = count.0.load(Ordering::Relaxed);
        assert!(told > 0, "it is told of the panic");
        assert!(one.as_mut().poll(of_one).is_pending());
        assert_eq!(count.0.load(Ordering::Relaxed), told);
        go.notify_one();
        assert_eq!(*one.await, 8);
    }

    /// Counts how often it was called.
    #[derive(Default)]
    struct Count(AtomicU64);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn work(go: &Arc<Notify>) -> Work<u8> {
        let go = Arc::clone(go);
        Box::pin(async move {
            go.notified().await;
            7
        })
    }

    macro_rules! poll {
        ($future:expr) => {
            std::future::poll_fn(|cx| Poll::Ready($future.as_mut().poll(cx))).await
        };
    }
    use poll;
}
