//! What processes do: read, load, write, and write out what waits.

use crate::{
    history::{BEGAN_MS, Process, SPACE, lock, note_time, tag},
    judge::{Judge, KEYS, Kind, State, is_there},
};
use ovenjs_cache::tiers::{Extra, Key, Memory, Put, Space, Store as _, TierError, Version};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// A read, and how it loads where it has to.
#[derive(Clone)]
pub(crate) struct Loads {
    pub(crate) judge: Arc<Mutex<Judge>>,
    pub(crate) began: Instant,
    pub(crate) process: u64,
    pub(crate) key: u64,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

pub(crate) async fn ask(process: &Process, loads: Loads) {
    let (judge, world, key) = (Arc::clone(&loads.judge), loads.began, loads.key);
    let began = note_time(&judge, world).now;
    let found = if Kind::of(key).is_row() {
        load(process, loads).await
    } else {
        process
            .space
            .get(&key)
            .await
            .map(|found| found.map(|found| *found))
    };
    let mut judge = note_time(&judge, world);
    match found {
        Ok(found) => judge.read(process.number, key, began, found),
        // Who is overtaken too often, or whose loader is late, is told so and knows nothing.
        Err(error) => {
            judge.failed += 1;
            judge.tell(|| format!("{} fails to read key {key}: {error}", process.number));
        }
    }
}

pub(crate) async fn load(process: &Process, loads: Loads) -> Result<Option<State>, TierError> {
    let key = loads.key;
    let extra = match Kind::of(key) {
        Kind::Tagged => Extra::new().tag(tag()),
        _ => Extra::new(),
    };
    let load = move || {
        let loads = loads.clone();
        async move {
            let number = note_time(&loads.judge, loads.began).load_begins(loads.process, loads.key);
            let _under_way = Loading(&loads);
            tokio::time::sleep(Duration::from_millis(loads.before)).await;
            let truth = note_time(&loads.judge, loads.began).truth(loads.key, number);
            tokio::time::sleep(Duration::from_millis(loads.after)).await;
            Ok::<_, std::io::Error>(truth)
        }
    };
    let found = process.space.get_or_load_with(&key, extra, load).await?;
    Ok(found.map(|found| *found))
}

/// What somebody has at hand of a row; of all else what the stores have.
pub(crate) async fn bring_in(process: &Process, loads: Loads) {
    let key = loads.key;
    let extra = match Kind::of(key) {
        Kind::Tagged => Extra::new().tag(tag()),
        _ => Extra::new(),
    };
    if !Kind::of(key).is_row() {
        let keys: Vec<u64> = (0..KEYS).collect();
        let _known = process.space.warm_keys(&keys).await;
        return;
    }
    // It is read when it is asked for.
    let rows = std::iter::once_with(|| {
        let mut judge = note_time(&loads.judge, loads.began);
        let number = judge.is_at_hand(loads.process);
        judge.tell(|| format!("{} has key {key} at hand, load {number}", loads.process));
        judge.truth(key, number)
    });
    let rows = rows.flatten().map(|row| (key, row));
    let _warmed = process.space.warm_with(rows, &extra).await;
}

/// However a load ends, it is under way no more.
struct Loading<'a>(&'a Loads);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        lock(&self.0.judge).load_ends(self.0.process, self.0.key);
    }
}

pub(crate) async fn write(
    process: &Process,
    kind: Kind,
    state: State,
    is_deleted: bool,
) -> Result<Put, TierError> {
    let (space, key) = (&process.space, state.key);
    let version = Version {
        source: state.source,
        epoch: state.epoch.into(),
        sequence: state.number.into(),
    };
    let event = Extra::new().version(version);
    match (kind, is_deleted) {
        (Kind::Event, false) => space.put_with(&key, state, &event).await,
        (Kind::Event, true) => space.remove_with(&key, &event).await,
        (Kind::Forgotten, _) => space.forget(&key).await,
        (Kind::Tagged, _) => process.tiers.invalidate(&tag()).await.map(|()| Put::Kept),
        (Kind::PutRow | Kind::Own, false) => space.put(&key, state).await,
        (Kind::PutRow | Kind::Own, true) => space.remove(&key).await,
    }
}

/// What this process was told is kept, before all was written, has to be in the last store from now on, or
/// something newer.
pub(crate) async fn flushed_is_kept(
    process: &Process,
    judge: &Mutex<Judge>,
    world: Instant,
    began: u64,
    third: &Memory,
) {
    let keys = (0..KEYS).map(|key| {
        let space = Space::new(SPACE, 1).expect("the name is one");
        Key::new(&space, 0, key.to_be_bytes()).expect("it is short")
    });
    let keys: Vec<_> = keys.collect();
    let now_ms = BEGAN_MS + note_time(judge, world).now;
    let read = |now_ms| third.read(now_ms, &keys);
    let ever = read(0).await.expect("a store in memory answers");
    let now = read(now_ms).await.expect("a store in memory answers");
    let mut judge = note_time(judge, world);
    let number = process.number;
    judge.tell(|| format!("{number} has written all that waited"));
    let mut missing = None;
    let last: Vec<u32> = (0..KEYS).map(|key| judge.last(key)).collect();
    for kept in &mut judge.kept {
        let is_meant =
            kept.process == number && kept.at < began && Kind::of(kept.state.key) != Kind::Tagged;
        if !is_meant {
            continue;
        }
        kept.is_flushed = true;
        // That a row is not there is known for an instant only, once it was looked for, and then swept.
        let (key, is_row) = (kept.state.key as usize, Kind::of(kept.state.key).is_row());
        let records = if is_row { &ever } else { &now };
        let was_none = is_row && (kept.state.number..=last[key]).any(|number| !is_there(number));
        if records[key].is_none() && !was_none {
            missing = Some(*kept);
        }
    }
    if let Some(kept) = missing {
        judge.violated(format!(
            "{number} has written all, and {kept:?} is not in the last store"
        ));
    }
}
