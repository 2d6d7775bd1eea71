//! How late this machine itself is: what waits on each processor for a moment and does nothing else.
//!
//! A machine that is shared with others stands still now and then, and whatever is due in that time is
//! late by no fault of the bot. A processor may stand still while another goes on, so there is one
//! thread for each, bound to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Threads that wait, from `start` to `latest`.
#[derive(Debug)]
pub(crate) struct Metronome {
    ended: Arc<AtomicBool>,
    beating: Vec<JoinHandle<Duration>>,
}

impl Metronome {
    pub(crate) fn start() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let beating = (0..processors)
            .map(|processor| {
                let ended = Arc::clone(&ended);
                thread::spawn(move || {
                    bind(processor);
                    beat(&ended)
                })
            })
            .collect();
        Self { ended, beating }
    }

    /// How late the latest beat was.
    pub(crate) fn latest(self) -> Duration {
        self.ended.store(true, Ordering::Relaxed);
        let late = self.beating.into_iter().filter_map(|one| one.join().ok());
        late.max().unwrap_or_default()
    }
}

fn beat(ended: &AtomicBool) -> Duration {
    let mut latest = Duration::ZERO;
    while !ended.load(Ordering::Relaxed) {
        let due = Instant::now() + BEAT;
        thread::sleep(BEAT);
        latest = latest.max(due.elapsed());
    }
    latest
}

/// Elsewhere than on Linux, and where it is not allowed, the threads go where the system puts them.
#[cfg(target_os = "linux")]
fn bind(processor: usize) {
    let mut only = rustix::thread::CpuSet::new();
    only.set(processor);
    let _ = rustix::thread::sched_setaffinity(None, &only);
}

#[cfg(not(target_os = "linux"))]
fn bind(_: usize) {}

/// Short beside what a heartbeat may be late, long beside what a beat costs.
const BEAT: Duration = Duration::from_millis(5);
