//! How a process leaves its sessions to the next over a Unix socket.
//!
//! The new process asks, and says of which bot it is. The old one says how long its handlers may still
//! take; the new one tells it to go. Then the old one stops its shards, gives the state and ends once the
//! new one has it. The state is on no disk on this way, and the time without a connection is that of a
//! resume.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use ovenjs_cache::mirror::SNAPSHOT_BYTES_MAX;
use ovenjs_gateway::{ErrorKind, FleetState};
use ovenjs_types::{Id, marker::ApplicationMarker};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::{sleep, timeout},
};

use crate::state::{OWNER_ONLY, beside};

/// What the process behind a socket answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nobody is there.
    Nobody,
    /// It runs another bot, and goes on.
    OtherBot,
    /// It has stopped, and this is its state.
    State(Box<FleetState>, Giver),
}

/// The process that gave its state. It keeps it, as it does at any stop, unless it is told that it was
/// [taken](Self::taken).
#[derive(Debug)]
pub(crate) struct Giver(UnixStream);

/// Asks the process behind `path` for the state of this bot.
///
/// One that is about to end may not answer any more; its connections end with it, and nobody is there
/// when it is asked again. An error means that it lives, or lived when its time was up: to start beside
/// it would be to run two.
pub(crate) async fn inherit(path: &Path, bot: Id<ApplicationMarker>) -> io::Result<Answer> {
    for _ in 1..ASKS {
        match ask(path, bot).await {
            Err(error)
                if error.kind() != io::ErrorKind::TimedOut && !is_of_another_version(&error) =>
            {
                let path = path.display();
                tracing::warn!(
                    "the process at {path} is asked again, which did not hand over: {error}"
                );
                sleep(ASK_AGAIN).await;
            }
            answered => return answered,
        }
    }
    ask(path, bot).await
}

async fn ask(path: &Path, bot: Id<ApplicationMarker>) -> io::Result<Answer> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(Answer::Nobody);
        }
        Err(error) => return Err(error),
    };
    let takes = within(ANSWER_WITHIN, async {
        stream.write_all(ASK).await?;
        stream.write_u64(bot.get()).await?;
        stream.read_u64().await
    })
    .await?;
    if takes == OTHER_BOT {
        return Ok(Answer::OtherBot);
    }
    let takes = Duration::from_millis(takes);
    tracing::info!(
        ?takes,
        "the former process stops; its handlers may take so long"
    );
    let state = within(takes.saturating_add(LEAVE_WITHIN), async {
        stream.write_u8(GO).await?;
        let length = stream.read_u64().await?;
        let mut state = Vec::new();
        if length <= STATE_BYTES_MAX {
            (&mut stream).take(length).read_to_end(&mut state).await?;
        }
        match u64::try_from(state.len()) == Ok(length) {
            true => FleetState::from_bytes(&state).map_err(io::Error::other),
            false => Err(io::Error::other(format!(
                "it gave {} of {length} bytes, of {STATE_BYTES_MAX} at most",
                state.len()
            ))),
        }
    })
    .await;
    match state {
        Ok(state) => Ok(Answer::State(Box::new(state), Giver(stream))),
        Err(error) => {
            // What it gave cannot be used; it then keeps the state where both look for it.
            let _ = stream.shutdown().await;
            let _ = timeout(LEAVE_WITHIN, stream.read_to_end(&mut Vec::new())).await;
            Err(error)
        }
    }
}

impl Giver {
    /// Says that this process goes on from here: the other one writes nothing any more.
    pub(crate) async fn taken(mut self) -> io::Result<()> {
        within(ASK_WITHIN, self.0.write_u8(TAKEN)).await
    }
}

/// Listens for the process that is to go on.
#[derive(Debug)]
pub(crate) struct Will {
    listener: UnixListener,
    bot: Id<ApplicationMarker>,
    /// Where the socket is.
    at: PathBuf,
    owner: u32,
    inode: u64,
}

/// The process that asked.
#[derive(Debug)]
pub(crate) struct Heir(UnixStream);

impl Will {
    /// Listens beside `path`, where nobody finds it yet.
    pub(crate) fn write(path: &Path, bot: Id<ApplicationMarker>) -> io::Result<Self> {
        let at = beside(path);
        let listener = UnixListener::bind(&at)?;
        // Before it has the name under which it is looked for.
        fs::set_permissions(&at, Permissions::from_mode(OWNER_ONLY))?;
        let file = fs::metadata(&at)?;
        Ok(Self {
            listener,
            bot,
            owner: file.uid(),
            inode: file.ino(),
            at,
        })
    }

    /// Listens at `path`, in place of whoever did before.
    pub(crate) fn publish(&mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.at, path)?;
        path.clone_into(&mut self.at);
        Ok(())
    }

    /// Waits for a process of the same user that asks for this bot, and waits `takes` and somewhat
    /// longer for the state. May be dropped at any time.
    pub(crate) async fn asked(&self, takes: Duration) -> Heir {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // The system is short of something; others will ask again.
                sleep(ACCEPT_AGAIN).await;
                continue;
            };
            let is_ours = stream
                .peer_cred()
                .is_ok_and(|peer| peer.uid() == self.owner);
            if !is_ours {
                continue;
            }
            // Who goes before it was answered stops nobody.
            if let Ok(Some(heir)) = within(ASK_WITHIN, self.agree(stream, takes)).await {
                return heir;
            }
        }
    }

    async fn agree(&self, mut stream: UnixStream, takes: Duration) -> io::Result<Option<Heir>> {
        let mut ask = [0; ASK.len()];
        stream.read_exact(&mut ask).await?;
        if ask != *ASK {
            return Ok(None);
        }
        if stream.read_u64().await? != self.bot.get() {
            tracing::warn!("another bot asked for the sessions of this one, and does not get them");
            stream.write_u64(OTHER_BOT).await?;
            return Ok(None);
        }
        let takes = u64::try_from(takes.as_millis()).unwrap_or(OTHER_BOT);
        stream.write_u64(takes.min(OTHER_BOT - 1)).await?;
        let is_there = stream.read_u8().await? == GO;
        Ok(is_there.then_some(Heir(stream)))
    }
}

impl Drop for Will {
    fn drop(&mut self) {
        // Unless the next process has put its own there.
        if fs::metadata(&self.at).is_ok_and(|file| file.ino() == self.inode) {
            let _ = fs::remove_file(&self.at);
        }
    }
}

impl Heir {
    /// Gives the state away, and waits until the other one goes on with it. It looks for no other state
    /// as long as this is not dropped.
    pub(crate) async fn give(&mut self, state: &FleetState) -> io::Result<()> {
        let bytes = state.to_bytes();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        within(GIVE_WITHIN, async {
            self.0.write_u64(length).await?;
            self.0.write_all(&bytes).await?;
            match self.0.read_u8().await? {
                TAKEN => Ok(()),
                _ => Err(io::ErrorKind::InvalidData.into()),
            }
        })
        .await
    }
}

fn is_of_another_version(error: &io::Error) -> bool {
    let gave = error.get_ref().and_then(|error| error.downcast_ref());
    gave.is_some_and(|error: &ovenjs_gateway::Error| error.kind() == ErrorKind::StateVersion)
}

async fn within<T>(time: Duration, doing: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let done = timeout(time, doing).await;
    done.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// What is asked, before the bot's id. A later form of it gets another number.
const ASK: &[u8; 19] = b"ovenjs: hand over 1";

/// The answer to another bot, in place of the milliseconds that the handlers may take.
const OTHER_BOT: u64 = u64::MAX;

/// Said by one that is still there when it is answered.
const GO: u8 = b'g';

/// Said by one that goes on with the state.
const TAKEN: u8 = b't';

/// The old process answers at once, unless it has only just taken over itself, or is at its last writes.
const ANSWER_WITHIN: Duration = LEAVE_WITHIN;

/// Once more than needed, where one process ends, the next has taken over, and that one is asked.
const ASKS: u32 = 4;

/// A process that closes its connections has ended soon after.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What the old process may take beside its handlers: closing its shards, three saves of the sessions,
/// writing the mirror.
const LEAVE_WITHIN: Duration = Duration::from_secs(120);

/// Whoever connects knows what it wants.
const ASK_WITHIN: Duration = Duration::from_secs(1);

/// A state of the largest size goes through a socket within a second, and its mirror is read within some.
const GIVE_WITHIN: Duration = Duration::from_secs(60);

/// A pause that a person does not notice.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The largest mirror, and as much again for what waited in the queue: 8 MiB and an event of 64 MiB at
/// most, unless the bounds of the queue were raised.
#[expect(clippy::as_conversions, reason = "a constant of 29 bits")]
const STATE_BYTES_MAX: u64 = 2 * SNAPSHOT_BYTES_MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;

    fn will(folder: &Path) -> (PathBuf, Will) {
        let path = folder.join("bot.socket");
        let mut will = Will::write(&path, Id::new(7)).unwrap();
        will.publish(&path).unwrap();
        (path, will)
    }

    /// Whether whoever asks next stops the bot.
    async fn stops(will: &Will, asks: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            _ = will.asked(Duration::from_secs(1)) => true,
            () = asks => false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_and_goes_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (path, will) = will(folder.path());
        let asks = async {
            let mut stream = UnixStream::connect(&path).await.unwrap();
            stream.write_all(ASK).await.unwrap();
            stream.write_u64(7).await.unwrap();
            drop(stream);
            sleep(ASK_WITHIN * 3).await;
        };
        assert!(!stops(&will, asks).await);
        let asks = async {
            let _ = inherit(&path, Id::new(7)).await;
        };
        assert!(stops(&will, asks).await, "the next one is heard");
    }

    #[tokio::test(start_paused = true)]
    async fn another_bot_is_told_so_and_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (path, will) = will(folder.path());
        let asks = async {
            let answer = inherit(&path, Id::new(8)).await.unwrap();
            assert!(matches!(answer, Answer::OtherBot));
        };
        assert!(!stops(&will, asks).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_nobody_publishes_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        drop(Will::write(&folder.path().join("bot.socket"), Id::new(7)).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let (path, will) = will(folder.path());
        drop(will);
        assert!(!path.exists());
        assert!(matches!(
            inherit(&path, Id::new(7)).await,
            Ok(Answer::Nobody)
        ));
    }
}
