//! What a bot takes over from the process before it, and leaves to the one after it.

use std::{fmt, sync::Arc, time::Duration};

use ovenjs_cache::Cache;
use ovenjs_gateway::{Fleet, FleetState, SessionStore};

use crate::{
    Error, GatewayConfig, StateStore,
    heir::{self, Heir, Will},
    links::Links,
    mirror,
    state::StateFile,
};

/// The state of the process before, and the ways to the next one.
#[derive(Debug, Default)]
pub(crate) struct Estate {
    pub(crate) former: Option<FleetState>,
    kept: Option<Kept>,
    will: Option<Will>,
}

/// Where the sessions are remembered.
struct Kept {
    store: Arc<dyn SessionStore>,
    /// What it is called in a sentence.
    place: String,
}

impl Kept {
    fn new(state: &StateStore, links: &Links) -> Result<Self, Error> {
        Ok(match state {
            StateStore::File(path) => Self {
                store: Arc::new(StateFile::new(path.clone())),
                place: path.display().to_string(),
            },
            StateStore::Redis(process) => Self {
                store: links.sessions(process)?,
                place: format!("Redis as {process}"),
            },
        })
    }

    async fn load(&self) -> Result<Option<FleetState>, Error> {
        let place = &self.place;
        let mut asked = 0;
        loop {
            let error = match self.store.load().await {
                Ok(former) => return Ok(former),
                Err(error) if error.is::<ovenjs_gateway::Error>() => {
                    return Ok(understood(Err(error)));
                }
                Err(error) => error,
            };
            asked += 1;
            if asked == LOADS {
                let text = format!(
                    "the sessions in {place} cannot be read, and would be written over: {error}; start \
                     the bot when they can be, or without `state`"
                );
                return Err(Error::configuration(text));
            }
            tracing::warn!("the sessions in {place} cannot be read yet: {error}");
            tokio::time::sleep(LOAD_AGAIN).await;
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Estate {
    /// Asks the process before, else reads what it left. What is damaged is said and left alone: the
    /// bot then begins new sessions.
    ///
    /// A store that cannot be reached is waited for, and then is an error: a bot that began new sessions
    /// would write over those that are there.
    pub(crate) async fn enter(config: &GatewayConfig, links: &Links) -> Result<Self, Error> {
        let kept = config.state.as_ref();
        let kept = kept.map(|state| Kept::new(state, links)).transpose()?;
        let mut former = None;
        let mut will = None;
        if let Some(path) = &config.hand_over {
            match heir::inherit(path).await {
                Ok(Some(bytes)) => former = understood(FleetState::from_bytes(&bytes)),
                Ok(None) => {}
                Err(error) => {
                    let path = path.display();
                    tracing::warn!("the former process did not hand over at {path}: {error}");
                }
            }
            let listening = Will::listen(path).map_err(|e| {
                let text = format!("nobody can be waited for at {}", path.display());
                Error::system(&text, &e)
            })?;
            will = Some(listening);
        }
        if let (None, Some(kept)) = (&former, &kept) {
            former = kept.load().await?;
        }
        Ok(Self { former, kept, will })
    }

    /// Waits until the next process asks for the sessions.
    pub(crate) async fn asked(&self) -> Heir {
        match &self.will {
            Some(will) => will.asked().await,
            None => std::future::pending().await,
        }
    }

    /// Whether anything is kept.
    pub(crate) const fn is_kept(&self) -> bool {
        self.kept.is_some() || self.will.is_some()
    }

    /// Where the sessions are to be remembered while the shards run.
    pub(crate) fn store(&self) -> Option<Arc<dyn SessionStore>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.store))
    }

    /// Leaves the sessions of shards that have stopped, and what the mirror knows, to the next process.
    pub(crate) async fn leave(&self, fleet: &Fleet, cache: &Cache, heir: Option<Heir>) {
        let state = fleet.hand_over().await;
        let mut whole = state.clone();
        mirror::leave(cache, &mut whole).await;
        let sessions = state.sessions().len();
        if let Some(heir) = heir {
            match heir.give(&whole).await {
                Ok(()) => tracing::info!(sessions, "handed over"),
                Err(error) => tracing::warn!("the next process did not take over: {error}"),
            }
        }
        if let Some(Kept { store, place }) = &self.kept {
            let mut saved = store.save(whole).await;
            if let Err(error) = &saved {
                // A store that takes the sessions may not take a mirror of many megabytes.
                tracing::warn!("the mirror could not be saved in {place}: {error}");
                saved = store.save(state).await;
            }
            match saved {
                Ok(()) => tracing::info!(sessions, "remembered in {place}"),
                Err(error) => tracing::warn!("the sessions could not be saved in {place}: {error}"),
            }
        }
    }
}

/// How often a store is asked before the bot does not start.
const LOADS: u32 = 20;

/// A store that starts together with the bot is there within seconds.
const LOAD_AGAIN: Duration = Duration::from_secs(1);

fn understood<T, E: fmt::Display>(read: Result<T, E>) -> Option<T> {
    read.inspect_err(|error| {
        tracing::warn!("the sessions of the former process are not resumed: {error}");
    })
    .ok()
}
