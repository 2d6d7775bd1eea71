//! Where the state of the shards is kept between two processes: in a file.

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, RandomState},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ovenjs_gateway::{FleetState, PortError, SessionStore, Waiting};
use tokio::task::spawn_blocking;

/// A file with the state. Only its owner can read it; it is there wholly or not at all.
///
/// One write comes after the other, also where nobody waits for the first any more.
#[derive(Clone, Debug)]
pub(crate) struct StateFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// How many states were given to be saved.
    given: AtomicU64,
    /// The number of the last that was written. Held while one is.
    written: Mutex<u64>,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Inner {
            path,
            given: AtomicU64::new(0),
            written: Mutex::new(0),
        }))
    }
}

impl SessionStore for StateFile {
    fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
        let inner = Arc::clone(&self.0);
        let read = move || {
            sweep(&inner.path);
            fs::read(&inner.path)
        };
        Box::pin(async move {
            let bytes = match spawn_blocking(read).await? {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(Some(FleetState::from_bytes(&bytes)?))
        })
    }

    fn save(&self, state: FleetState) -> Waiting<'_, Result<(), PortError>> {
        let inner = Arc::clone(&self.0);
        let number = inner.given.fetch_add(1, Ordering::Relaxed) + 1;
        let write = move || inner.write(number, &state.to_bytes());
        Box::pin(async move { Ok(spawn_blocking(write).await??) })
    }
}

impl Inner {
    fn write(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // A later one may have been faster to its turn.
        if number > *written {
            write(&self.path, bytes)?;
            *written = number;
        }
        Ok(())
    }
}

/// Writes beside the file and puts the new one in its place, so that a crash leaves one or the other.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path);
    let made = make(&new, bytes).and_then(|()| fs::rename(&new, path));
    if made.is_err() {
        let _ = fs::remove_file(&new);
    }
    made?;
    File::open(folder_of(path).unwrap_or_else(|| Path::new(".")))?.sync_all()
}

fn make(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Where that which is to take the place of `path` is made: a name that nobody else has, since two
/// processes may be at it.
pub(crate) fn beside(path: &Path) -> PathBuf {
    // The standard library's only source of chance is its hasher's seed.
    let chance = RandomState::new().hash_one(path) & 0xffff_ffff;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{chance:08x}{BESIDE}"));
    PathBuf::from(name)
}

/// Removes what a crash has left beside `path`. A process that is at it right now, and should not be,
/// finds its own gone and leaves what is at `path` as it is.
fn sweep(path: &Path) {
    let (Some(name), Some(folder)) = (path.file_name(), folder_of(path)) else {
        return;
    };
    let name = name.to_string_lossy();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let found = found.to_string_lossy();
        let chance = found.strip_prefix(&*name).and_then(|rest| {
            let rest = rest.strip_prefix('.')?;
            rest.strip_suffix(BESIDE)
        });
        if chance.is_some_and(|chance| u32::from_str_radix(chance, 16).is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn folder_of(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    Some(match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    })
}

/// How a file's name ends that is not yet what it is to be.
const BESIDE: &str = ".new";

/// Read and written by the owner, and nobody else.
pub(crate) const OWNER_ONLY: u32 = 0o600;

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    fn marked(number: u32) -> FleetState {
        let mut state = FleetState::default();
        // Large enough that two writes would meet.
        state.put("number", vec![u8::try_from(number).unwrap(); 1 << 18]);
        state
    }

    #[tokio::test]
    async fn of_saves_that_nobody_waits_for_the_last_stays_and_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bot.state");
        let store = StateFile::new(path.clone());
        let mut saves = JoinSet::new();
        for number in 1..=50 {
            let store = store.clone();
            saves.spawn(async move { store.save(marked(number)).await.unwrap() });
            // As where the last write took too long.
            tokio::task::yield_now().await;
        }
        saves.join_all().await;
        assert_eq!(store.load().await.unwrap(), Some(marked(50)));
    }

    #[tokio::test]
    async fn what_two_processes_write_at_a_time_is_one_or_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bot.state");
        let (one, two) = (StateFile::new(path.clone()), StateFile::new(path.clone()));
        for _ in 0..20 {
            let (first, second) = tokio::join!(one.save(marked(1)), two.save(marked(2)));
            first.unwrap();
            second.unwrap();
            let state = one.load().await.unwrap().unwrap();
            assert!(state == marked(1) || state == marked(2));
        }
    }

    #[tokio::test]
    async fn what_a_crash_left_beside_it_is_swept_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bot.state");
        fs::write(beside(&path), "half a st").unwrap();
        let strange = ["bot.state.new", "bot.state.old.new", "other.0123abcd.new"];
        for name in strange {
            fs::write(folder.path().join(name), "of others").unwrap();
        }
        assert!(StateFile::new(path).load().await.unwrap().is_none());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), strange.len());
    }
}
