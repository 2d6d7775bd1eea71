//! What handlers can ask for beside the event.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use ovenjs_cache::Cache;
use ovenjs_commands::{Call, Extract, Failure, Provide};
use ovenjs_gateway::{Fleet, bus::Bus};
use ovenjs_rest::Client;
use ovenjs_types::Drift;

/// The application as handlers see it: the bot's own parts, and the state `T` it was built with.
///
/// A handler takes a [`Client`], a [`Cache`], a [`Fleet`] or a [`Bus`] as an argument just so, and the
/// state as [`State<T>`](ovenjs_commands::State).
pub struct App<T = ()> {
    pub(crate) client: Client,
    pub(crate) cache: Cache,
    pub(crate) fleet: Fleet,
    pub(crate) bus: Bus,
    pub(crate) drift: Arc<Mutex<Drift>>,
    pub(crate) state: T,
}

impl<T: Send + Sync> Extract<App<T>> for Client {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().client.clone())
    }
}

impl<T: Send + Sync> Extract<App<T>> for Cache {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().cache.clone())
    }
}

impl<T: Send + Sync> Extract<App<T>> for Fleet {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().fleet.clone())
    }
}

impl<T: Send + Sync> Extract<App<T>> for Bus {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().bus.clone())
    }
}

/// A copy of what has deviated so far, as [`Running::drift`](crate::Running::drift) gives it.
impl<T: Send + Sync> Extract<App<T>> for Drift {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(snapshot(&call.state().drift))
    }
}

/// A copy of the report as it stands.
pub(crate) fn snapshot(drift: &Mutex<Drift>) -> Drift {
    drift.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl<T: Clone> Provide<T> for App<T> {
    fn provide(&self) -> Option<T> {
        Some(self.state.clone())
    }
}

impl<T> fmt::Debug for App<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("cache", &self.cache.stats())
            .finish_non_exhaustive()
    }
}
