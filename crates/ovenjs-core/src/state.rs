//! Where the state of the shards is kept between two processes: in a file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ovenjs_gateway::{FleetState, PortError, SessionStore, Waiting};
use tokio::task::spawn_blocking;

/// A file with the state. Only its owner can read it; it is there wholly or not at all.
#[derive(Clone, Debug)]
pub(crate) struct StateFile(PathBuf);

impl StateFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

impl SessionStore for StateFile {
    fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
        let path = self.0.clone();
        Box::pin(async move {
            let bytes = match spawn_blocking(move || fs::read(path)).await? {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(Some(FleetState::from_bytes(&bytes)?))
        })
    }

    fn save(&self, state: FleetState) -> Waiting<'_, Result<(), PortError>> {
        let path = self.0.clone();
        Box::pin(async move { Ok(spawn_blocking(move || write(&path, &state.to_bytes())).await??) })
    }
}

/// Writes beside the file and puts the new one in its place, so that a crash leaves one or the other.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// Where that which is to take the place of `path` is made. Nothing is there.
pub(crate) fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    match fs::remove_file(&new) {
        // One that a crash left behind may have been readable by others.
        Ok(()) => Ok(new),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(new),
        Err(error) => Err(error),
    }
}

/// Read and written by the owner, and nobody else.
pub(crate) const OWNER_ONLY: u32 = 0o600;
