//! What was learned about Discord's limits, on its way to the next process: a part of the state, beside
//! the sessions.

use ovenjs_gateway::FleetState;
use ovenjs_rest::Client;
use ovenjs_types::json::{self, Scratch};

/// The name of the part.
const PART: &str = "limits";

/// Puts what the client knows into the state.
pub(crate) fn leave(client: &Client, state: &mut FleetState) {
    state.put(PART, json::encode(&client.limits()));
}

/// Tells the client what the process before knew. Where that cannot be read, it learns anew.
pub(crate) fn enter(client: &Client, former: &FleetState) {
    let Some(part) = former.part(PART) else {
        return;
    };
    match json::decode(part, &mut Scratch::new()) {
        Ok(learned) => client.restore_limits(learned),
        Err(error) => {
            tracing::warn!("the limits that the former process learned are left out: {error}");
        }
    }
}
