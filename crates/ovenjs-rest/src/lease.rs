//! Limits that the processes of a bot share: the store as a port, and the task that speaks with it.
//!
//! What is asked of the store, and what its answers mean, is decided by
//! [`Lease`](ovenjs_ratelimit::Lease).

#[cfg(feature = "redis")]
mod redis;

use std::{error, fmt, future::Future, pin::Pin, pin::pin, sync::Arc};

use ovenjs_ratelimit::{LeaseDeed, LeaseNews};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::JoinSet,
    time::{Duration, timeout, timeout_at},
};

#[cfg(feature = "redis")]
pub use self::redis::RedisLeases;
use crate::gate::{Gate, Step};

/// Where the processes of a bot keep how they share Discord's limits. [`Builder::lease`] takes one.
///
/// It is a register of values that compares before it writes, and a clock; what the values mean is not
/// its affair. `RedisLeases` is one (feature `redis`).
///
/// - Reading is of one moment. Writing is all or nothing, and nothing where one of the values is not what
///   it was.
/// - Its clock is one for all processes and does not jump.
/// - What was written is there until [`LEASE_KEPT`](ovenjs_ratelimit::LEASE_KEPT) has passed, or all of it
///   is gone: a store that lost some values and kept others would let limits be broken.
/// - Carrying out ends within some seconds, with an error where the store did not answer. What was sent
///   may still be done later.
///
/// ```
/// use std::{
///     collections::HashMap,
///     sync::Mutex,
///     time::UNIX_EPOCH,
/// };
/// use ovenjs_rest::{CarryingOut, Client, LeaseDeed, LeaseNews, LeaseStore};
///
/// /// For clients of one program.
/// #[derive(Debug, Default)]
/// struct InMemory(Mutex<HashMap<Option<u64>, Vec<u8>>>);
///
/// impl LeaseStore for InMemory {
///     fn carry_out(&self, deed: LeaseDeed) -> CarryingOut<'_> {
///         let mut values = self.0.lock().unwrap();
///         let news = match deed {
///             LeaseDeed::Read(cells) => LeaseNews::Read {
///                 now_ms: UNIX_EPOCH.elapsed().unwrap().as_millis() as u64,
///                 board: values.get(&None).cloned(),
///                 cells: cells.iter().map(|cell| values.get(&Some(*cell)).cloned()).collect(),
///             },
///             LeaseDeed::Write(writes) => {
///                 let is_same = writes.iter().all(|write| values.get(&write.cell) == write.from.as_ref());
///                 if is_same {
///                     values.extend(writes.into_iter().map(|write| (write.cell, write.to)));
///                 }
///                 LeaseNews::Written(is_same)
///             }
///         };
///         Box::pin(async { Ok(news) })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let client = Client::builder("token").lease(InMemory::default()).build().unwrap();
/// let lease = || client.stats().lease.unwrap();
/// assert!(!lease().is_leased);
/// while !lease().is_leased {
///     tokio::task::yield_now().await;
/// }
/// // A store that was empty waits a second for others before it gives anything away.
/// assert_eq!((lease().members, lease().places), (1, 0));
/// # });
/// ```
///
/// [`Builder::lease`]: crate::Builder::lease
pub trait LeaseStore: fmt::Debug + Send + Sync {
    /// Carries out what is to be done.
    ///
    /// # Errors
    ///
    /// Whatever kept the store from answering. It is logged, and asked again soon.
    fn carry_out(&self, deed: LeaseDeed) -> CarryingOut<'_>;
}

/// A deed on its way to the store.
pub type CarryingOut<'a> = Pin<
    Box<dyn Future<Output = Result<LeaseNews, Box<dyn error::Error + Send + Sync>>> + Send + 'a>,
>;

/// The task, which ends with this.
pub(crate) struct Leasing {
    gate: Arc<Gate>,
    ended: watch::Receiver<()>,
    _task: JoinSet<()>,
}

/// Who leaves waits so long for the store to hear of it. Whoever else there is waits for the lease's end
/// otherwise, which is no more than ten times that.
const LEAVE_MAX: Duration = Duration::from_secs(1);

impl Leasing {
    pub(crate) fn start(
        gate: &Arc<Gate>,
        store: Arc<dyn LeaseStore>,
        member: u64,
        runtime: &Handle,
    ) -> Self {
        gate.lease(member);
        let (end, ended) = watch::channel(());
        let mut task = JoinSet::new();
        let keeping = keep(Arc::clone(gate), store);
        task.spawn_on(
            async move {
                keeping.await;
                drop(end);
            },
            runtime,
        );
        Self {
            gate: Arc::clone(gate),
            ended,
            _task: task,
        }
    }

    /// Gives everything back, and returns once the store knows or [`LEAVE_MAX`] has passed.
    pub(crate) async fn leave(&self) {
        self.gate.leave();
        let mut ended = self.ended.clone();
        // It ends with an error, which is what is waited for: nothing is ever sent.
        let _ = timeout(LEAVE_MAX, ended.changed()).await;
    }
}

async fn keep(gate: Arc<Gate>, store: Arc<dyn LeaseStore>) {
    let mut is_silent = false;
    let mut trouble = None;
    loop {
        match gate.step() {
            Step::Do(deed) => {
                let news = match carried_out(&gate, &*store, deed).await {
                    Ok(news) => {
                        if std::mem::take(&mut is_silent) {
                            tracing::info!("the store of shared limits answers again");
                        }
                        news
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut is_silent, true) {
                            tracing::warn!(
                                %error,
                                "the store of shared limits does not answer; until it does, each process \
                                 goes on with what it has, and after its lease with its part",
                            );
                        }
                        LeaseNews::Failed
                    }
                };
                gate.hear(news);
                let now = gate.lease_stats().and_then(|stats| stats.trouble);
                if let Some(why) = now.filter(|_| now != trouble) {
                    tracing::warn!(%why, "limits are not shared by this process");
                }
                trouble = now;
            }
            Step::Wait(Some(at)) => {
                // Either way there is something to look at.
                let _ = timeout_at(at.into(), gate.lease_moved()).await;
            }
            Step::Wait(None) => gate.lease_moved().await,
            Step::Left => return,
        }
    }
}

/// What the store says. Meanwhile the lease may end, and then what may leave changes at once.
async fn carried_out(
    gate: &Arc<Gate>,
    store: &dyn LeaseStore,
    deed: LeaseDeed,
) -> Result<LeaseNews, Box<dyn error::Error + Send + Sync>> {
    let mut deed = pin!(store.carry_out(deed));
    while let Some(end) = gate.lease_end() {
        if let Ok(news) = timeout_at(end.into(), deed.as_mut()).await {
            return news;
        }
        gate.lapse();
    }
    deed.await
}
