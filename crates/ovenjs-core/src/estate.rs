//! What a bot takes over from the process before it, and leaves to the one after it.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use ovenjs_cache::mirror::Mirror;
use ovenjs_gateway::{ErrorKind, Fleet, FleetState, PortError, SessionStore};
use ovenjs_rest::Client;
use ovenjs_types::{Id, marker::ApplicationMarker};
use tokio::time::timeout;

use crate::{
    Error, GatewayConfig, StateStore,
    heir::{self, Answer, Giver, Heir, Will},
    limits,
    links::Links,
    mirror,
    state::StateFile,
};

/// The ways to the next process.
#[derive(Debug, Default)]
pub(crate) struct Estate {
    kept: Option<Kept>,
    will: Option<Will>,
}

/// What the process before has left.
#[derive(Debug)]
pub(crate) struct Former {
    pub(crate) state: FleetState,
    /// Who is to be told that it is taken, and where it was asked.
    giver: Option<(Giver, PathBuf)>,
}

impl Former {
    /// Goes on from here: the process before writes nothing any more.
    pub(crate) async fn take(self) {
        if let Some((giver, path)) = self.giver
            && let Err(error) = giver.taken().await
        {
            let path = path.display();
            tracing::warn!(
                "the former process at {path} does not hear that its state is taken: {error}"
            );
        }
    }
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
                Err(error) => error,
            };
            match error.downcast_ref().map(ovenjs_gateway::Error::kind) {
                None => {}
                Some(ErrorKind::StateVersion) => {
                    let text = format!("the sessions in {place} are not written over: {error}");
                    return Err(Error::configuration(text));
                }
                Some(_) => {
                    tracing::warn!("the sessions of the former process are not resumed: {error}");
                    return Ok(None);
                }
            }
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

    async fn save(&self, state: &FleetState) -> Result<(), PortError> {
        match timeout(SAVE_WITHIN, self.store.save(state.clone())).await {
            Ok(saved) => saved,
            Err(_) => Err("it took too long".into()),
        }
    }

    /// Saves the last state, with the mirror where it can be.
    async fn keep(&self, state: &FleetState, whole: &FleetState) {
        let place = &self.place;
        let mut saved = self.save(whole).await;
        if let Err(error) = &saved {
            // A store that takes the sessions may not take a mirror of many megabytes.
            tracing::warn!("the mirror could not be saved in {place}: {error}");
            saved = self.save(state).await;
        }
        let sessions = state.sessions().len();
        match saved {
            Ok(()) => tracing::info!(sessions, "remembered in {place}"),
            Err(error) => tracing::warn!("the sessions could not be saved in {place}: {error}"),
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Estate {
    /// Asks the process before, else reads what it left. What is damaged is said, and the bot begins new
    /// sessions; a state of another version is an error, since that version can still use it.
    ///
    /// A process before that lives and does not hand over is an error: two would run. A store that cannot be reached is waited for, and then is an error: a bot that began new sessions
    /// would write over those that are there. What can be refused here is refused before the process
    /// before is asked, since it stops then.
    pub(crate) async fn enter(
        config: &GatewayConfig,
        links: &Links,
        bot: Id<ApplicationMarker>,
    ) -> Result<(Self, Option<Former>), Error> {
        let kept = config.state.as_ref();
        let kept = kept.map(|state| Kept::new(state, links)).transpose()?;
        let mut former = None;
        let mut will = None;
        if let Some(path) = &config.hand_over {
            let refused = |e| {
                let text = format!("nobody can be waited for at {}", path.display());
                Error::system(&text, &e)
            };
            let mut written = Will::write(path, bot).map_err(refused)?;
            match heir::inherit(path, bot).await {
                Ok(Answer::State(state, giver)) => {
                    former = Some(Former {
                        state: *state,
                        giver: Some((giver, path.clone())),
                    });
                }
                Ok(Answer::Nobody) => {}
                Ok(Answer::OtherBot) => {
                    let path = path.display();
                    return Err(Error::configuration(format!(
                        "[gateway] hand_over is {path}, where another bot runs: give each bot a socket \
                         of its own"
                    )));
                }
                Err(error) => {
                    let path = path.display();
                    return Err(Error::hand_over(format!(
                        "the process at {path} (hand_over) did not hand over, and both would run: {error}; \
                         end that one and start this one again"
                    )));
                }
            }
            written.publish(path).map_err(refused)?;
            will = Some(written);
        }
        if let (None, Some(kept)) = (&former, &kept) {
            let giver = None;
            former = kept.load().await?.map(|state| Former { state, giver });
        }
        Ok((Self { kept, will }, former))
    }

    /// Waits until the next process asks for the sessions, and tells it that handlers may take so long.
    pub(crate) async fn asked(&self, takes: Duration) -> Heir {
        match &self.will {
            Some(will) => will.asked(takes).await,
            None => std::future::pending().await,
        }
    }

    /// Whether anything is kept that nobody asks for.
    pub(crate) const fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Where the sessions are to be remembered while the shards run.
    pub(crate) fn store(&self) -> Option<Arc<dyn SessionStore>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.store))
    }

    /// Keeps the sessions of shards that have stopped, what nobody has taken of their events, what was
    /// learned about limits, and what the mirror knows for the next process, where there is a place.
    pub(crate) async fn leave(&self, client: &Client, fleet: &Fleet, mirror: &Mirror) {
        if let Some(kept) = &self.kept {
            let (state, whole) = all(client, fleet, mirror).await;
            kept.keep(&state, &whole).await;
        }
    }

    /// Gives the same to the process that asked. Once that one goes on, nothing is written: it may keep its
    /// own state in the same place.
    ///
    /// That it does not go on is an error, so that a supervisor starts the bot again. Where it does and
    /// this is not heard, the one that is started again asks it.
    pub(crate) async fn give(
        &self,
        client: &Client,
        fleet: &Fleet,
        mirror: &Mirror,
        mut heir: Heir,
    ) -> Result<(), Error> {
        let (state, whole) = all(client, fleet, mirror).await;
        if let Some(kept) = &self.kept
            && let Err(error) = kept.save(&state).await
        {
            let place = &kept.place;
            tracing::warn!("the sessions could not be saved in {place}: {error}");
        }
        let Err(error) = heir.give(&whole).await else {
            tracing::info!(sessions = state.sessions().len(), "handed over");
            return Ok(());
        };
        if let Some(kept) = &self.kept {
            kept.keep(&state, &whole).await;
        }
        // Until here it has looked for nothing else.
        drop(heir);
        Err(Error::hand_over(format!(
            "the next process asked for the sessions and did not go on with them: {error}; start the bot again"
        )))
    }
}

/// The state of shards that have stopped, without and with the mirror.
async fn all(client: &Client, fleet: &Fleet, mirror: &Mirror) -> (FleetState, FleetState) {
    let mut state = fleet.hand_over().await;
    limits::leave(client, &mut state);
    let mut whole = state.clone();
    mirror::leave(mirror, &mut whole).await;
    (state, whole)
}

/// How often a store is asked before the bot does not start.
const LOADS: u32 = 20;

/// A store that starts together with the bot is there within seconds.
const LOAD_AGAIN: Duration = Duration::from_secs(1);

/// Some hundred megabytes on a slow disk.
const SAVE_WITHIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use ovenjs_cache::mirror::Keep;
    use ovenjs_gateway::Waiting;
    use ovenjs_types::Intents;

    use super::*;

    /// Tells in which order things happen.
    #[derive(Clone, Debug, Default)]
    struct Told(Arc<Mutex<Vec<&'static str>>>);

    impl Told {
        fn tell(&self, what: &'static str) {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            told.push(what);
        }

        fn take(&self) -> Vec<&'static str> {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *told)
        }
    }

    impl SessionStore for Told {
        fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
            Box::pin(async { Ok(None) })
        }

        fn save(&self, state: FleetState) -> Waiting<'_, Result<(), PortError>> {
            self.tell(match state.part("mirror") {
                Some(_) => "saved with the mirror",
                None => "saved",
            });
            Box::pin(async { Ok(()) })
        }
    }

    /// A process that is asked, and one that asks and goes on with the state or does not.
    async fn replaced(told: &Told, goes_on: bool) {
        let folder = tempfile::tempdir().unwrap();
        let (path, bot) = (folder.path().join("bot.socket"), Id::new(7));
        let mut will = Will::write(&path, bot).unwrap();
        will.publish(&path).unwrap();
        let kept = Kept {
            store: Arc::new(told.clone()),
            place: "a test".to_owned(),
        };
        let estate = Estate {
            kept: Some(kept),
            will: Some(will),
        };
        let config = ovenjs_gateway::Config::new("token", Intents::GUILDS);
        let (fleet, _events) = Fleet::start(config.gateway_url("ws://127.0.0.1:1")).unwrap();
        let mirror = Mirror::new(Keep::new());
        let client = Client::builder("token").build().unwrap();
        let asks = async {
            let Answer::State(_, giver) = heir::inherit(&path, bot).await.unwrap() else {
                panic!("the other one is there");
            };
            if goes_on {
                told.tell("taken");
                giver.taken().await.unwrap();
            }
        };
        let leaves = async {
            let heir = estate.asked(Duration::from_secs(1)).await;
            estate.give(&client, &fleet, &mirror, heir).await
        };
        let ((), given) = tokio::join!(asks, leaves);
        assert_eq!(given.is_ok(), goes_on);
    }

    #[tokio::test]
    async fn nothing_is_written_once_another_process_goes_on() {
        let told = Told::default();
        replaced(&told, true).await;
        assert_eq!(told.take(), ["saved", "taken"]);
    }

    #[tokio::test]
    async fn where_the_other_process_does_not_go_on_all_is_kept() {
        let told = Told::default();
        replaced(&told, false).await;
        assert_eq!(told.take(), ["saved", "saved with the mirror"]);
    }
}
