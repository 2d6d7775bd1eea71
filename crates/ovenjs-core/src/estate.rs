//! What a bot takes over from the process before it, and leaves to the one after it.

use ovenjs_gateway::{Fleet, FleetState, SessionStore};

use crate::{
    Error, GatewayConfig,
    heir::{self, Heir, Will},
    state::StateFile,
};

/// The state of the process before, and the ways to the next one.
#[derive(Debug, Default)]
pub(crate) struct Estate {
    pub(crate) former: Option<FleetState>,
    pub(crate) file: Option<StateFile>,
    will: Option<Will>,
}

impl Estate {
    /// Asks the process before, else reads what it left. What is damaged is said and left alone: the
    /// bot then begins new sessions.
    pub(crate) async fn enter(config: &GatewayConfig) -> Result<Self, Error> {
        let file = config.state.clone().map(StateFile::new);
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
        if let (None, Some(file)) = (&former, &file) {
            former = understood(file.load().await).flatten();
        }
        Ok(Self { former, file, will })
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
        self.file.is_some() || self.will.is_some()
    }

    /// Leaves the sessions of shards that have stopped to the next process.
    pub(crate) async fn leave(&self, fleet: &Fleet, heir: Option<Heir>) {
        let state = fleet.hand_over().await;
        let sessions = state.sessions().len();
        if let Some(heir) = heir {
            match heir.give(&state).await {
                Ok(()) => tracing::info!(sessions, "handed over"),
                Err(error) => tracing::warn!("the next process did not take over: {error}"),
            }
        }
        if let Some(file) = &self.file {
            let path = file.path().display();
            match file.save(state).await {
                Ok(()) => tracing::info!(sessions, "remembered in {path}"),
                Err(error) => tracing::warn!("the sessions could not be saved in {path}: {error}"),
            }
        }
    }
}

fn understood<T, E: std::fmt::Display>(read: Result<T, E>) -> Option<T> {
    read.inspect_err(|error| {
        tracing::warn!("the sessions of the former process are not resumed: {error}");
    })
    .ok()
}
