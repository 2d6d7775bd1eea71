//! Endpoints that an edit of the application would set are asked who they are before it is judged.

use std::time::Instant;

use serde_json::Value;

use crate::{
    backend::Backend,
    failure::Failure,
    json::object,
    oracle::{Oracle, Route},
};

use super::{Asker, Request, without_prefix};

impl Backend {
    /// Begins the questions that have to be answered before a request can be judged: an endpoint
    /// must prove itself before it becomes the application's.
    pub(crate) fn questions(&mut self, now: Instant, request: &Request) -> Vec<u64> {
        let Some(path) = without_prefix(&request.path)
            .ok()
            .filter(|path| request.method == "PATCH" && path.starts_with("/applications/"))
        else {
            return Vec::new();
        };
        let Route::Found(found) = Oracle::embedded().route(&request.method, path) else {
            return Vec::new();
        };
        let may = EDITS_OF_APPLICATION.contains(&found.operation.id.as_str())
            && Asker::of(
                found.operation,
                request.authorization.as_deref(),
                &self.world,
            ) == Ok(Asker::Bot);
        let Ok((Some(edit), _)) = &request.form.read else {
            return Vec::new();
        };
        if !may {
            return Vec::new();
        }
        self.set_time(now);
        self.courier.ask_for(edit, &self.world)
    }

    /// Refuses an edit of the application with an endpoint that has not proven itself.
    pub(super) fn judge_endpoints(
        &mut self,
        operation: &str,
        edit: Option<&Value>,
    ) -> Result<(), Failure> {
        if !EDITS_OF_APPLICATION.contains(&operation) {
            return Ok(());
        }
        let edit = object(edit.cloned().unwrap_or_default());
        self.courier.judge(&edit, &self.world)
    }
}

/// The operations that may set an endpoint.
const EDITS_OF_APPLICATION: [&str; 2] = ["update_my_application", "update_application"];
