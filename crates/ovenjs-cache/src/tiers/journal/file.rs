//! The file of a journal.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{Bytes, BytesMut};

use super::{Frame, HEAD, Read};
use crate::tiers::{Key, Record, Span, Version, lock};

/// A file in which is written down what waits for a store, so that it is not lost with the process.
///
/// Give it to [`TieredConfig`](crate::tiers::TieredConfig): what the last process left in it is found by readers
/// from the beginning, and written as soon as somebody [serves](crate::tiers::Tiered::serve). One process has
/// a file at a time.
///
/// What is acknowledged survives the end of the process, however it ends. It survives the end of the machine only
/// with [`synced`](Self::synced), for which each write waits for the disk.
///
/// A file has a bound, 64 MiB unless it is [set](Self::bytes_max). What has been written to the store is left out when
/// the bound is met, and when nothing waits the file is emptied. Where all of it waits, nothing more is taken: who
/// writes waits for the store then, and is told where that fails.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_cache::tiers::{Journal, KeyspaceConfig, Memory, Tiered, TieredConfig};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("settings.journal");
/// let database = Arc::new(Memory::new(1_000));
/// let config = TieredConfig::new().third(database.clone());
///
/// let tiers = Tiered::build(config.clone().third_journal(Journal::open(&path)?));
/// let prefixes = tiers.keyspace::<u64, String>(KeyspaceConfig::new("prefixes", 1))?;
/// prefixes.put(&1, "?".to_owned()).await?;
/// // The process ends before the database was written to.
/// drop((tiers, prefixes));
///
/// let tiers = Tiered::build(config.third_journal(Journal::open(&path)?));
/// let prefixes = tiers.keyspace::<u64, String>(KeyspaceConfig::new("prefixes", 1))?;
/// assert_eq!(*prefixes.get(&1).await?.unwrap(), "?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    bytes_max: u64,
    is_synced: bool,
    state: Mutex<State>,
    damaged: u64,
    refused: AtomicU64,
}

#[derive(Debug)]
struct State {
    file: File,
    length: u64,
    /// Bytes of what waits no more.
    settled: u64,
    recovered: Vec<(Key, Record)>,
    /// The next process has the file.
    is_closed: bool,
}

impl Journal {
    /// Opens the file, or makes it, and reads what was left in it.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened, that another process has, or that is none of these.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true);
        let mut file = options.truncate(false).open(&path)?;
        file.try_lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let bytes = Bytes::from(bytes);
        let read = Read::of(&bytes);
        // One whose head alone was begun is as good as empty.
        if read.end == 0 && !HEAD.starts_with(&bytes) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the file is no journal, or another version's: give another path, or remove it",
            ));
        }
        let mut state = State {
            file,
            length: u64::try_from(read.end).unwrap_or(u64::MAX),
            settled: 0,
            recovered: read.waiting,
            is_closed: false,
        };
        state.cut()?;
        Ok(Self {
            path,
            bytes_max: BYTES_MAX,
            is_synced: false,
            state: Mutex::new(state),
            damaged: read.damaged,
            refused: AtomicU64::new(0),
        })
    }

    /// Sets how many bytes the file may have. Default: 64 MiB.
    #[must_use]
    pub const fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Sets that a write is acknowledged when it is on the disk, and not when the system has it: for what must
    /// survive the end of the machine. A write takes milliseconds then.
    #[must_use]
    pub const fn synced(mut self) -> Self {
        self.is_synced = true;
        self
    }

    /// Whether what was written down has to be [synced](Self::sync) before it is acknowledged.
    pub(crate) const fn is_synced(&self) -> bool {
        self.is_synced
    }

    /// What the last process left, once.
    pub(crate) fn recovered(&self) -> Vec<(Key, Record)> {
        std::mem::take(&mut lock(&self.state).recovered)
    }

    /// Writes down that this waits; whether that is so. `waiting` tells what else does.
    pub(crate) fn waits(
        &self,
        key: &Key,
        record: &Record,
        waiting: impl FnOnce() -> Vec<(Key, Record)>,
    ) -> bool {
        let mut bytes = BytesMut::new();
        let state = &mut *lock(&self.state);
        let is_kept = !state.is_closed
            && Frame::Waits(key.clone(), record.clone()).write(&mut bytes)
            && (self.has_room(state, &bytes)
                // Rewriting pays where half of it is over.
                || state.settled > self.bytes_max / 2
                    && self.rewrite(state, &waiting()).is_ok()
                    && self.has_room(state, &bytes))
            && state.append(&bytes).is_ok();
        if !is_kept {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        is_kept
    }

    /// Writes down that these are written, or empties the file where nothing waits any more.
    pub(crate) fn written(&self, written: &[(Key, Version)], is_empty: bool) {
        let state = &mut *lock(&self.state);
        if state.is_closed {
            return;
        }
        if is_empty {
            (state.length, state.settled) = (0, 0);
            // Where it cannot be emptied, what is in it is written once more by the next process.
            let _written_twice = state.cut();
            return;
        }
        let mut bytes = BytesMut::new();
        for (key, version) in written {
            Frame::Written(key.clone(), *version).write(&mut bytes);
        }
        self.note(state, &bytes);
        // Each was at least as long as the word that it is over.
        state.settled += 2 * u64::try_from(bytes.len()).unwrap_or(0);
    }

    /// Writes down that what waits of these was erased.
    pub(crate) fn erased(&self, span: &Span) {
        let mut bytes = BytesMut::new();
        Frame::Erased(span.clone()).write(&mut bytes);
        self.note(&mut lock(&self.state), &bytes);
    }

    /// Gives the file to the next process, with what waits. Nothing more is written down.
    pub(crate) fn close(&self) {
        let state = &mut *lock(&self.state);
        if !state.is_closed {
            state.is_closed = true;
            // Where it cannot be given back, it is when this process ends.
            let _later = state.file.unlock();
        }
    }

    /// Waits until all that was written down is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        // Not under the lock: writers go on meanwhile.
        let file = lock(&self.state).file.try_clone()?;
        file.sync_data()
    }

    pub(crate) fn stats(&self) -> JournalStats {
        let state = lock(&self.state);
        JournalStats {
            bytes: state.length,
            bound: self.bytes_max,
            refused: self.refused.load(Ordering::Relaxed),
            damaged: self.damaged,
        }
    }

    fn has_room(&self, state: &State, bytes: &[u8]) -> bool {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        state.length.saturating_add(more) <= self.bytes_max
    }

    /// What is no news but tells of less work: it may exceed the bound by as much as what it is about.
    fn note(&self, state: &mut State, bytes: &[u8]) {
        if state.is_closed {
            return;
        }
        // Where it cannot be noted, the next process writes it once more.
        let _written_twice = state.append(bytes);
    }

    /// The file anew, with this alone.
    fn rewrite(&self, state: &mut State, waiting: &[(Key, Record)]) -> io::Result<()> {
        let mut bytes = BytesMut::from(HEAD);
        for (key, record) in waiting {
            Frame::Waits(key.clone(), record.clone()).write(&mut bytes);
        }
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true);
        // Somebody else's is not emptied.
        let mut file = options.truncate(false).open(&beside)?;
        file.try_lock()?;
        file.set_len(0)?;
        file.write_all(&bytes)?;
        if self.is_synced {
            file.sync_data()?;
        }
        std::fs::rename(&beside, &self.path)?;
        if self.is_synced
            && let Some(folder) = self.path.parent()
        {
            File::open(folder)?.sync_all()?;
        }
        state.file = file;
        state.length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        state.settled = 0;
        Ok(())
    }
}

impl State {
    /// Adds whole frames, or nothing.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        if let Err(error) = self.file.write_all(bytes) {
            // What stands there in part is cut now, or by whoever reads it.
            let _cut_by_the_reader = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(())
    }

    /// Ends the file where it is whole.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        if self.length == 0 {
            self.append(HEAD)?;
        }
        Ok(())
    }
}

/// How a [`Journal`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalStats {
    /// How large the file is.
    pub bytes: u64,
    /// How large it may be.
    pub bound: u64,
    /// Records that were not taken, for want of room or since the disk refused: their writers waited for the
    /// store.
    pub refused: u64,
    /// Frames that were damaged or torn when the file was opened.
    pub damaged: u64,
}

/// As much as waits in memory at most with a kilobyte each.
const BYTES_MAX: u64 = 64 << 20;
