//! How a process leaves its sessions to the next over a Unix socket.
//!
//! The new process asks; the old one stops its shards, answers with the state and ends. The state is
//! on no disk, and the time without a connection is that of a resume.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use ovenjs_gateway::FleetState;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::timeout,
};

use crate::state::{OWNER_ONLY, beside};

/// Asks the process behind `path` for its state. Nothing where nobody is there.
pub(crate) async fn inherit(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    timeout(ANSWER_WITHIN, async {
        stream.write_all(ASK).await?;
        let length = stream.read_u64().await?;
        if length > STATE_BYTES_MAX {
            return Err(io::Error::other("it offers more than a state can have"));
        }
        let mut state = Vec::new();
        (&mut stream).take(length).read_to_end(&mut state).await?;
        if u64::try_from(state.len()).ok() != Some(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(state))
    })
    .await
    .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Listens for the process that is to go on.
#[derive(Debug)]
pub(crate) struct Will {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
    inode: u64,
}

/// The process that asked.
#[derive(Debug)]
pub(crate) struct Heir(UnixStream);

impl Will {
    /// Listens at `path`, in place of whoever did before.
    pub(crate) fn listen(path: &Path) -> io::Result<Self> {
        let new = beside(path)?;
        let listener = UnixListener::bind(&new)?;
        // Before it has the name under which it is looked for.
        fs::set_permissions(&new, Permissions::from_mode(OWNER_ONLY))?;
        let file = fs::metadata(&new)?;
        fs::rename(&new, path)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            owner: file.uid(),
            inode: file.ino(),
        })
    }

    /// Waits for a process of the same user that asks. May be dropped at any time.
    pub(crate) async fn asked(&self) -> Heir {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                // The system is short of something; others will ask again.
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            };
            let is_ours = stream
                .peer_cred()
                .is_ok_and(|peer| peer.uid() == self.owner);
            let mut ask = [0; ASK.len()];
            let read = timeout(ASK_WITHIN, stream.read_exact(&mut ask)).await;
            if is_ours && matches!(read, Ok(Ok(_))) && ask == *ASK {
                return Heir(stream);
            }
        }
    }
}

impl Drop for Will {
    fn drop(&mut self) {
        // Unless the next process has put its own there.
        if fs::metadata(&self.path).is_ok_and(|file| file.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Heir {
    /// Gives the state away.
    pub(crate) async fn give(mut self, state: &FleetState) -> io::Result<()> {
        let bytes = state.to_bytes();
        let all = async {
            self.0
                .write_u64(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
                .await?;
            self.0.write_all(&bytes).await?;
            self.0.shutdown().await
        };
        timeout(GIVE_WITHIN, all)
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// What is asked. A later form of it gets another number.
const ASK: &[u8; 19] = b"ovenjs: hand over 1";

/// The old process lets its handlers end first, as when it is stopped.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Whoever connects knows what it wants.
const ASK_WITHIN: Duration = Duration::from_secs(1);

/// A state of the largest size goes through a socket within a second.
const GIVE_WITHIN: Duration = Duration::from_secs(10);

/// A pause that a person does not notice.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// With the mirror of a very large bot beside the sessions.
const STATE_BYTES_MAX: u64 = 16 << 30;
