//! The replicas' connections, and what is asked over them.

use std::{
    hash::BuildHasher as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use hashbrown::DefaultHashBuilder;
use ovenjs_net::Clock;
use sqlx::{PgConnection, Row as _};

use super::{
    super::sql::{Failure, LANES, Lanes},
    Door, PostgresStore,
    config::ReplicaStats,
    query,
    standing::Standing,
};
use crate::tiers::{Key, Record};

#[derive(Debug)]
pub(super) struct Replicas {
    each: Vec<Replica>,
    standing: Mutex<Standing>,
    hasher: DefaultHashBuilder,
    deadline: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Replica {
    door: Arc<Door>,
    lanes: Lanes<PgConnection>,
    reads: AtomicU64,
    failed: AtomicU64,
}

impl Replicas {
    pub(super) fn new(
        doors: Vec<Door>,
        lag: Duration,
        deadline: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let each = doors.into_iter().map(|door| Replica {
            door: Arc::new(door),
            lanes: Lanes::new(LANES),
            reads: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        let each: Vec<_> = each.collect();
        Self {
            standing: Mutex::new(Standing::new(each.len(), lag)),
            each,
            hasher: DefaultHashBuilder::default(),
            deadline,
            clock,
        }
    }

    /// Reads what replicas may answer for; what is left for the primary.
    pub(super) async fn read<'k>(
        &self,
        store: &PostgresStore,
        now_ms: u64,
        keys: Vec<(usize, &'k Key)>,
        found: &mut [Option<Record>],
    ) -> Vec<(usize, &'k Key)> {
        self.look(store).await;
        let mut parts: Vec<Vec<(usize, &Key)>> = vec![Vec::new(); self.each.len()];
        let mut rest = Vec::new();
        {
            let (standing, now) = (self.standing(), self.clock.now());
            for (place, key) in keys {
                let whom = standing.whom(now, self.hasher.hash_one(key));
                let part = whom.and_then(|whom| parts.get_mut(whom));
                part.unwrap_or(&mut rest).push((place, key));
            }
        }
        let asked = parts.iter().zip(&self.each).enumerate();
        let asked = asked.filter(|(_, (part, _))| !part.is_empty());
        let answers = asked.map(async |(number, (part, replica))| {
            let read = replica.read(store, now_ms, part);
            let answer = tokio::time::timeout(self.deadline, read).await;
            (number, answer.ok().and_then(Result::ok))
        });
        for (number, answer) in join_all(answers).await {
            match answer {
                Some(answers) => {
                    for (place, record) in answers {
                        if let Some(found) = found.get_mut(place) {
                            *found = Some(record);
                        }
                    }
                }
                None => {
                    self.failed(number, false);
                    rest.extend(
                        parts
                            .get_mut(number)
                            .map(std::mem::take)
                            .unwrap_or_default(),
                    );
                }
            }
        }
        rest
    }

    /// The primary may have something newer of these.
    pub(super) fn saw<'k>(&self, keys: impl Iterator<Item = &'k Key>) {
        let (mut standing, now) = (self.standing(), self.clock.now());
        keys.for_each(|key| standing.saw(now, self.hasher.hash_one(key)));
    }

    pub(super) fn saw_all(&self) {
        let now = self.clock.now();
        self.standing().saw_all(now);
    }

    pub(super) fn stats(&self) -> Vec<ReplicaStats> {
        let (standing, now) = (self.standing(), self.clock.now());
        let each = self.each.iter().enumerate().map(|(number, replica)| {
            let (age, is_away) = standing.of(now, number);
            ReplicaStats {
                reads: replica.reads.load(Ordering::Relaxed),
                failed: replica.failed.load(Ordering::Relaxed),
                age,
                is_away,
            }
        });
        each.collect()
    }

    /// Finds out where the primary's log and the replicas are, where it is time to: whoever reads then waits for it,
    /// for no longer than for two answers of a replica.
    async fn look(&self, store: &PostgresStore) {
        let at = self.clock.now();
        let Some(asked) = self.standing().look(at) else {
            return;
        };
        let mark = tokio::time::timeout(self.deadline, store.log_place()).await;
        if let Ok(Ok(Some(place))) = mark {
            self.standing().marked(at, place);
        }
        let asked = asked.into_iter().filter_map(|number| {
            let replica = self.each.get(number)?;
            Some(async move {
                let place = tokio::time::timeout(self.deadline, replica.replayed()).await;
                (number, place)
            })
        });
        for (number, place) in join_all(asked).await {
            match place {
                Ok(Ok(place)) => {
                    let now = self.clock.now();
                    self.standing().replayed(now, number, place);
                }
                Ok(Err(_)) | Err(_) => self.failed(number, true),
            }
        }
    }

    fn failed(&self, number: usize, is_looked: bool) {
        let now = self.clock.now();
        self.standing().failed(now, number, is_looked);
        if let Some(replica) = self.each.get(number) {
            replica.failed.fetch_add(1, Ordering::Relaxed);
            // A server that went away took all of them along.
            replica.lanes.close();
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replica {
    async fn read(
        &self,
        store: &PostgresStore,
        now_ms: u64,
        keys: &[(usize, &Key)],
    ) -> Result<Vec<(usize, Record)>, Failure> {
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        self.reads.fetch_add(count, Ordering::Relaxed);
        let open = || Arc::clone(&self.door).open();
        let mut lane = self.lanes.enter_beside(open).await?;
        let mut records = Vec::with_capacity(keys.len());
        let mut damaged = Vec::new();
        let read = store.read_on(
            &mut lane.connection,
            now_ms,
            keys,
            &mut records,
            &mut damaged,
        );
        read.await?;
        lane.keep();
        if damaged.is_empty() {
            Ok(records)
        } else {
            // The primary may have them whole, and is where they are taken back.
            Err(super::odd_answer())
        }
    }

    async fn replayed(&self) -> Result<Option<u64>, Failure> {
        let open = || Arc::clone(&self.door).open();
        let mut lane = self.lanes.enter_beside(open).await?;
        let place = log_place(&mut lane.connection, REPLAYED).await?;
        lane.keep();
        Ok(place)
    }
}

pub(super) async fn log_place(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<Option<u64>, Failure> {
    let row = query(statement).fetch_one(connection).await?;
    let place: Option<i64> = row.try_get(0)?;
    Ok(place.map(i64::cast_unsigned))
}

/// Where the next entry of the primary's log will be: behind all that was acknowledged, on its disk or not.
pub(super) const WRITTEN: &str = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";

/// Up to where a replica has replayed it; nothing, where it is no replica or not one any more.
const REPLAYED: &str = "SELECT CASE WHEN pg_is_in_recovery() \
     THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END";
