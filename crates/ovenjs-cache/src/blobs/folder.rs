//! Files in a folder.

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher as _, RandomState},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::store::{BlobStore, is_name};
use crate::tiers::{Asked, StoreError, StoreFault};

/// A [`BlobStore`] as files of a folder, which is made when it is first written to. Only its owner can read what lies there.
///
/// A file is written beside its place and moved there when it is on the disk, so that a crash leaves the old one or
/// the new. What a crash left beside is removed when the folder is next listed. One folder is one tier's, and one
/// bot's; several processes may share it.
///
/// ```
/// use ovenjs_cache::blobs::{BlobStore, Folder};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let temporary = tempfile::tempdir()?;
/// # let path = temporary.path().join("cold");
/// let folder = Folder::new(&path);
/// folder.write("moderation/02900/rye", "bread"[..].into()).await?;
/// assert_eq!(folder.read("moderation/02900/rye", 2, 9).await?.unwrap(), "ead");
/// assert_eq!(folder.names("moderation/").await?, [("moderation/02900/rye".to_owned(), 5)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Folder(Arc<Path>);

impl Folder {
    /// The folder of this name.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(path.as_ref().into())
    }

    fn place(&self, name: &str) -> Result<PathBuf, StoreError> {
        if !is_name(name) {
            return Err(StoreError::new(NAME, StoreFault::Refused)
                .with_source("a file's name has other letters than a-z, 0-9, _, - and ."));
        }
        Ok(self.0.join(name))
    }

    /// Does it on a thread that may wait for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        deed: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let root = Arc::clone(&self.0);
        let place = self.0.display().to_string();
        let outcome = spawn_blocking(move || deed(&root)).await;
        let error = match outcome {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => error,
            Err(_) => io::Error::other("the process is ending"),
        };
        let fault = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreFault::Full,
            io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::StaleNetworkFileHandle => StoreFault::Away,
            _ => StoreFault::Refused,
        };
        Err(StoreError::new(NAME, fault).with_source(format!("{place}: {error}")))
    }
}

impl BlobStore for Folder {
    fn write<'a>(&'a self, name: &'a str, bytes: Bytes) -> Asked<'a, ()> {
        Box::pin(async move {
            let path = self.place(name)?;
            self.on_disk(move |_| write(&path, &bytes)).await
        })
    }

    fn read<'a>(&'a self, name: &'a str, from: u64, limit: usize) -> Asked<'a, Option<Bytes>> {
        Box::pin(async move {
            let path = self.place(name)?;
            self.on_disk(move |_| read(&path, from, limit)).await
        })
    }

    fn names<'a>(&'a self, prefix: &'a str) -> Asked<'a, Vec<(String, u64)>> {
        Box::pin(async move {
            let from = match prefix.strip_suffix('/') {
                Some(prefix) => self.place(prefix)?,
                None => self.0.to_path_buf(),
            };
            self.on_disk(move |root| {
                let mut found = Vec::new();
                list(root, &from, &mut found)?;
                Ok(found)
            })
            .await
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Asked<'a, ()> {
        Box::pin(async move {
            let path = self.place(name)?;
            self.on_disk(move |_| match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                outcome => outcome.and_then(|()| settle(&path)),
            })
            .await
        })
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    make_folders(folder, &settle)?;
    write_by(path, |beside| make(beside, bytes))
}

/// Moves what `make` makes to its place. Whoever lists the folder takes what is beside for a crash's until it is
/// locked: where it is gone, it is made anew.
fn write_by(path: &Path, make: impl Fn(&Path) -> io::Result<File>) -> io::Result<()> {
    let mut attempts = 1;
    loop {
        // A name that nobody else has: the standard library's only source of chance is its hasher's seed.
        let chance = RandomState::new().hash_one(path);
        let beside = path.with_file_name(format!(".{chance:016x}{BESIDE}"));
        let made = make(&beside).and_then(|file| {
            fs::rename(&beside, path)?;
            drop(file);
            settle(path)
        });
        match made {
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempts < ATTEMPTS => {
                attempts += 1;
            }
            Err(error) => {
                let _ = fs::remove_file(&beside);
                return Err(error);
            }
            Ok(()) => return Ok(()),
        }
    }
}

/// Makes the folders that are missing, from the outermost on. Each is to last before something is in it.
fn make_folders(folder: &Path, settle: &impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(outer) = folder.parent() {
        make_folders(outer, settle)?;
    }
    match fs::create_dir(folder) {
        // Somebody else made it meanwhile, and may not have come further.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made?,
    }
    settle(folder)
}

/// Writes a file and keeps it locked, which says that somebody is at it.
fn make(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.lock()?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(file)
}

/// Makes what was done to a name last.
fn settle(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().unwrap_or(path);
        // Of a name alone it is the folder in which the process is.
        let is_here = folder.as_os_str().is_empty();
        File::open(if is_here { Path::new(".") } else { folder })?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn read(path: &Path, from: u64, limit: usize) -> io::Result<Option<Bytes>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(u64::try_from(limit).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
    Ok(Some(bytes.into()))
}

fn list(root: &Path, folder: &Path, found: &mut Vec<(String, u64)>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        // One that is gone by now is no error.
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_dir() {
            list(root, &path, found)?;
        } else if name.to_str().is_some_and(|name| name.ends_with(BESIDE)) {
            sweep(&path);
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            found.push((name.to_owned(), about.len()));
        }
    }
    Ok(())
}

/// Removes what nobody writes any more.
fn sweep(path: &Path) {
    if let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
    {
        let _ = fs::remove_file(path);
    }
}

const NAME: &str = "folder";

/// How often a file is made that somebody removed before it was locked: a moment, which is hardly met twice.
const ATTEMPTS: usize = 3;

/// How files end that are not in their place yet.
const BESIDE: &str = ".new";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crash_leaves_nothing_beside_and_a_writer_at_work_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path());
        folder.write("a/rye", Bytes::from("1")).await.unwrap();
        let left = temporary.path().join("a/.0123456789abcdef.new");
        fs::write(&left, "half").unwrap();
        let busy = temporary.path().join("a/.fedcba9876543210.new");
        let _writer = make(&busy, b"half").unwrap();
        assert_eq!(folder.names("").await.unwrap(), [("a/rye".to_owned(), 1)]);
        assert!(!left.exists() && busy.exists());
    }

    #[test]
    fn who_lists_while_a_file_is_made_costs_its_writer_an_attempt_and_no_error() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("rye");
        let swept = std::cell::Cell::new(0);
        let swept_at_first = |times: usize| {
            swept.set(0);
            write_by(&path, |beside| {
                let file = make(beside, b"bread")?;
                if swept.get() < times {
                    swept.set(swept.get() + 1);
                    fs::remove_file(beside)?;
                }
                Ok(file)
            })
        };
        swept_at_first(1).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"bread");
        let error = swept_at_first(usize::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(swept.get(), ATTEMPTS);
    }

    #[test]
    fn each_folder_that_is_made_lasts_before_something_is_in_it() {
        let temporary = tempfile::tempdir().unwrap();
        let (outer, inner) = (temporary.path().join("a"), temporary.path().join("a/b"));
        let settled = std::cell::RefCell::new(Vec::new());
        let note = |path: &Path| {
            assert!(path.is_dir() && fs::read_dir(path).unwrap().next().is_none());
            settled.borrow_mut().push(path.to_owned());
            Ok(())
        };
        make_folders(&inner, &note).unwrap();
        assert_eq!(*settled.borrow(), [outer.clone(), inner.clone()]);
        make_folders(&inner, &note).unwrap();
        assert_eq!(settled.borrow().len(), 2, "what is there already does");
        fs::write(outer.join("file"), "bread").unwrap();
        let error = make_folders(&outer.join("file/c"), &note).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::NotFound, "{error}");
    }

    #[tokio::test]
    async fn files_are_replaced_read_in_part_and_forgotten() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path().join("made"));
        assert_eq!(folder.names("").await.unwrap(), []);
        assert_eq!(folder.read("rye", 0, 1).await.unwrap(), None);
        folder.write("rye", Bytes::from("bread")).await.unwrap();
        folder.write("rye", Bytes::from("loaf")).await.unwrap();
        assert_eq!(folder.read("rye", 1, 2).await.unwrap().unwrap(), "oa");
        assert_eq!(folder.read("rye", 9, 2).await.unwrap().unwrap(), "");
        folder.remove("rye").await.unwrap();
        folder.remove("rye").await.unwrap();
        assert_eq!(folder.read("rye", 0, 1).await.unwrap(), None);
        for name in ["../rye", "/etc/passwd", "a//b", ".hidden", ""] {
            let error = folder.read(name, 0, 1).await.unwrap_err();
            assert_eq!(error.fault(), StoreFault::Refused, "{name}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_reads_it_and_what_is_no_folder_is_told() {
        use std::os::unix::fs::PermissionsExt as _;

        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path());
        folder.write("rye", Bytes::from("bread")).await.unwrap();
        let mode = fs::metadata(temporary.path().join("rye"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = Folder::new(temporary.path().join("rye"))
            .write("a", Bytes::new())
            .await
            .unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("rye"), "{cause}");
    }
}
