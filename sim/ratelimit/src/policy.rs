//! Who decides when a request goes: ours, and three others' ways.

mod discordjs;
mod ours;
mod serenity;
mod twilight;

pub(crate) use discordjs::DiscordJs;
pub(crate) use ours::Ours;
pub(crate) use serenity::Serenity;
pub(crate) use twilight::Twilight;

use crate::{
    clock::Nanos,
    server::{Answer, Scope},
    world::{Request, World},
};

/// A client's scheduler. It knows the documentation and what it is told, and its own clock.
pub(crate) trait Policy {
    /// What the table calls it.
    const NAME: &'static str;

    /// One that knows nothing yet. Of the world it may look at what a client's author knows: the
    /// templates.
    fn new(world: &World, requests: &[Request]) -> Self;

    /// The bot wants a request.
    fn enter(&mut self, now: Nanos, id: Id, request: &Request);

    /// What became of a request that left. After a 429 it is wanted still.
    fn told(&mut self, now: Nanos, id: Id, request: &Request, told: &Told);

    /// A request that leaves now.
    fn poll(&mut self, now: Nanos) -> Option<Id>;

    /// A request that is given up before it leaves, because it would come too late.
    fn give_up(&mut self) -> Option<Id> {
        None
    }

    /// When to poll again, if nothing happens before. Not in the past once `poll` gave nothing.
    fn deadline(&self) -> Option<Nanos>;
}

/// The place of a request in the run's list.
pub(crate) type Id = u32;

/// What a client learns of a request that left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    Answer(Answer),
    /// Nothing came back in time.
    Lost,
}

impl Told {
    /// The scope of a 429, and the wait it names.
    pub(crate) fn refusal(&self) -> Option<(Scope, Nanos)> {
        match self {
            Self::Answer(Answer {
                refusal: Some(refusal),
                ..
            }) => Some((refusal.scope, refusal.retry_after_ms * crate::clock::MS)),
            Self::Answer(_) | Self::Lost => None,
        }
    }
}
