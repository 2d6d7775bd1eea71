//! How users appear: online, away, baking.

use serde::Serialize;

use crate::error::Error;

use super::User;

impl User {
    /// Appears as `online`, `idle`, `dnd` or `offline` from now on, with these activities.
    ///
    /// # Errors
    ///
    /// For another status, and when an activity cannot be written as JSON.
    pub fn appears<A: Serialize>(
        &self,
        status: &str,
        activities: impl IntoIterator<Item = A>,
    ) -> Result<(), Error> {
        if !["online", "idle", "dnd", "offline"].contains(&status) {
            return Err(Error::refused(format!("nobody can appear as {status:?}")));
        }
        let activities: Result<Vec<_>, _> =
            activities.into_iter().map(serde_json::to_value).collect();
        let activities = activities.map_err(|source| Error::shape(&source))?;
        self.shared.with(|backend, now| {
            backend.play(now, |world| world.appear(self.id, status, activities));
        });
        Ok(())
    }
}
