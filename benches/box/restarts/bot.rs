//! The process of the bot: handles events, and tells of each.

use std::{
    io::{BufRead as _, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use ovenjs_box_benches::{
    Result, STARTS,
    news::{NEWS, Numbered},
};
use ovenjs_gateway::{
    Config, Delivery, Fleet, FleetState, PortError, SessionStore, Waiting, Wiring,
};
use ovenjs_net::Connector;
use ovenjs_types::Intents;
use tokio::sync::oneshot;

/// `bot <address> <token> <way> <file of the state>`.
pub(crate) async fn run(words: &[String]) -> Result<()> {
    let [_, address, token, way, file] = words else {
        return Err("bot <address> <token> <way> <file of the state>".into());
    };
    let file = PathBuf::from(file);
    let acknowledges = way == ACKNOWLEDGES;
    let mut config = Config::new(token.clone(), Intents::GUILDS)
        .gateway_url(format!("ws://{address}"))
        .shards(SHARDS)
        .session_start_limit(STARTS)
        .at_least_once(acknowledges);
    let former = read(&file)?;
    if let Some(state) = &former {
        config = config.resume_from(state)?;
    }
    let mut wiring = Wiring::new(Connector::build(ovenjs_net::Config::new())?);
    if acknowledges {
        wiring = wiring.store(Arc::new(StateFile {
            file: file.clone(),
            is_first: AtomicBool::new(former.is_none()),
        }));
    }
    let (fleet, mut events) = Fleet::start_with(config, wiring)?;
    let mut go = order();
    let mut guilds = 0;
    let mut words = std::io::stdout();
    loop {
        let delivery = tokio::select! {
            delivery = events.next() => delivery,
            _ = &mut go => {
                write(&file, &fleet.hand_over().await)?;
                return Ok(());
            }
        };
        match delivery.ok_or("the shards have ended")? {
            Delivery::Dispatch(dispatch) => {
                match dispatch.name() {
                    "GUILD_CREATE" => guilds += 1,
                    NEWS => {
                        let line = format!("{}\n", Numbered::of(&dispatch)?);
                        words.write_all(line.as_bytes())?;
                    }
                    _ => {}
                }
                // Those of a session that was taken over may come again.
                if guilds == SHARDS && former.is_none() {
                    guilds = 0;
                    words.write_all(format!("{GUILDS_ARE_HERE}\n").as_bytes())?;
                }
                words.flush()?;
                fleet.handled(&dispatch);
            }
            other => return Err(format!("{other:?}").into()),
        }
    }
}

/// Hears the order to hand over.
fn order() -> oneshot::Receiver<()> {
    let (given, order) = oneshot::channel();
    // Reading standard input blocks, so it has a thread, which ends with the process.
    std::thread::spawn(move || {
        if let Some(Ok(_)) = std::io::stdin().lock().lines().next() {
            let _ = given.send(());
        } else {
            // Nobody gives orders any more, and nobody reads what is said.
            std::process::exit(1);
        }
    });
    order
}

/// Where the sessions are saved as they go.
#[derive(Debug)]
struct StateFile {
    file: PathBuf,
    /// Whether the sessions of all shards are still to be saved for the first time.
    is_first: AtomicBool,
}

impl SessionStore for StateFile {
    fn load(&self) -> Waiting<'_, std::result::Result<Option<FleetState>, PortError>> {
        Box::pin(async { read(&self.file) })
    }

    fn save(&self, state: FleetState) -> Waiting<'_, std::result::Result<(), PortError>> {
        let file = self.file.clone();
        Box::pin(async move {
            let sessions = state.sessions().len();
            tokio::task::spawn_blocking(move || write(&file, &state)).await??;
            let is_whole = u32::try_from(sessions)? == SHARDS;
            if is_whole && self.is_first.swap(false, Ordering::Relaxed) {
                std::io::stdout().write_all(format!("{SAVED}\n").as_bytes())?;
            }
            Ok(())
        })
    }
}

fn read(file: &Path) -> Result<Option<FleetState>> {
    match std::fs::read(file) {
        Ok(bytes) if bytes.is_empty() => Ok(None),
        Ok(bytes) => Ok(Some(FleetState::from_bytes(&bytes)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whoever is killed in the midst of it leaves the state from before.
fn write(file: &Path, state: &FleetState) -> Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, state.to_bytes())?;
    Ok(std::fs::rename(&new, file)?)
}

/// Until the order `go`, then the state is handed over.
pub(crate) const HANDS_OVER: &str = "hands-over";

/// Each event is acknowledged once it was handled, and the state saved as it goes.
pub(crate) const ACKNOWLEDGES: &str = "acknowledges";

/// What a process says once that began its sessions anew.
pub(crate) const GUILDS_ARE_HERE: &str = "guilds";

/// What it says once when they are saved: from then on they survive it.
pub(crate) const SAVED: &str = "saved";

pub(crate) const SHARDS: u32 = 2;
