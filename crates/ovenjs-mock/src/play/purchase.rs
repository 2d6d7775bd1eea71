//! What a user buys from the application.

use crate::{error::Error, failure::Failure, scenario::ScenarioStep, world::World};

use super::{Attempt, User, acts, told::Told};

impl User {
    /// Buys what the application sells under this name: for itself or, where it is sold to guilds,
    /// for the guild in whose channel the user is. A subscription is renewed every thirty days.
    ///
    /// # Panics
    ///
    /// When nothing of that name is sold, or the user has it already.
    #[track_caller]
    pub fn buys(&self, sku: &str) {
        self.scene().hold(self.attempt().buys(sku));
    }

    /// Cancels a subscription, which ends with the thirty days that are paid.
    ///
    /// # Panics
    ///
    /// When the user has no such subscription.
    #[track_caller]
    pub fn cancels(&self, sku: &str) {
        self.scene().hold(self.attempt().cancels(sku));
    }

    /// Gets its money back for what it bought last under this name, and loses it.
    ///
    /// # Panics
    ///
    /// When the user has bought nothing of that name.
    #[track_caller]
    pub fn is_refunded(&self, sku: &str) {
        self.scene().hold(self.attempt().is_refunded(sku));
    }
}

impl Attempt<&User> {
    /// [`User::buys`].
    ///
    /// # Errors
    ///
    /// When nothing of that name is sold, or the user has it already.
    pub fn buys(self, sku: &str) -> Result<(), Error> {
        let (user, channel) = (self.0.id, self.0.channel);
        let step = |told: Told<'_>| ScenarioStep::Buy {
            user: told.user(),
            sku: sku.to_owned(),
            channel: told.channel(),
        };
        self.deals(sku, step, |world, sku| {
            let guild = world.channel_guild(channel);
            world.buy(user, guild, sku).map(drop)
        })
    }

    /// [`User::cancels`].
    ///
    /// # Errors
    ///
    /// When the user has no such subscription.
    pub fn cancels(self, sku: &str) -> Result<(), Error> {
        let user = self.0.id;
        let step = |told: Told<'_>| ScenarioStep::Cancel {
            user: told.user(),
            sku: sku.to_owned(),
        };
        self.deals(sku, step, |world, sku| world.cancel(user, sku))
    }

    /// [`User::is_refunded`].
    ///
    /// # Errors
    ///
    /// When the user has bought nothing of that name.
    pub fn is_refunded(self, sku: &str) -> Result<(), Error> {
        let user = self.0.id;
        let step = |told: Told<'_>| ScenarioStep::Refund {
            user: told.user(),
            sku: sku.to_owned(),
        };
        self.deals(sku, step, |world, sku| world.refund_last(user, sku))
    }

    fn deals(
        self,
        name: &str,
        step: impl FnOnce(Told<'_>) -> ScenarioStep,
        deed: impl FnOnce(&mut World, u64) -> Result<(), Failure>,
    ) -> Result<(), Error> {
        let User {
            shared,
            id,
            channel,
        } = self.0;
        acts::act(shared, (*id, *channel), step, |world| {
            let sku = world.sku_named(name);
            deed(world, sku.ok_or_else(|| Failure::unknown(10027))?)
        })
    }
}
