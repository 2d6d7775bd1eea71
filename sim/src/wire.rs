//! Connections between a bot and Discord: what is sent arrives later, in order, or never.

use std::{collections::VecDeque, time::Instant};

use ovenjs_gateway::session::{Connect, Generation};

/// A connection on its way, open, or let go by the bot.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) shard: usize,
    pub(crate) generation: Generation,
    pub(crate) path: String,
    pub(crate) query: String,
    /// The number that Discord knows it by, once it is open.
    pub(crate) number: Option<u64>,
    /// When the attempt is decided; never, where it hangs.
    pub(crate) opens_at: Option<Instant>,
    pub(crate) to_bot: Pipe<ToBot>,
    pub(crate) to_discord: Pipe<ToDiscord>,
    /// The bot wants no more of it. Discord may not know yet.
    pub(crate) abandoned: bool,
    /// Discord has ended its session, whether the bot has heard of that or not.
    pub(crate) is_invalid: bool,
    /// It has come to its end for both.
    pub(crate) over: bool,
}

/// What comes from Discord.
#[derive(Debug)]
pub(crate) enum ToBot {
    /// A websocket message, and what is in it.
    Frame {
        bytes: Vec<u8>,
        content: Content,
    },
    Closed(Option<u16>),
}

/// What is in a websocket message.
#[derive(Debug)]
pub(crate) enum Content {
    /// A message of the gateway, or the last part of one: its text.
    Whole(Vec<u8>),
    /// A part of one that goes on.
    Part,
    /// Nothing that means anything.
    Spoilt,
}

/// What comes from the bot.
#[derive(Debug)]
pub(crate) enum ToDiscord {
    Message(Vec<u8>),
    Closed(Option<u16>),
}

impl Wire {
    pub(crate) fn new(shard: usize, connect: Connect, opens_at: Option<Instant>) -> Self {
        Self {
            shard,
            generation: connect.generation,
            path: connect.url.path().to_owned(),
            query: connect.query,
            number: None,
            opens_at,
            to_bot: Pipe::new(),
            to_discord: Pipe::new(),
            abandoned: false,
            is_invalid: false,
            over: false,
        }
    }

    /// Whether the bot holds on to it.
    pub(crate) const fn is_current(&self) -> bool {
        !self.abandoned && !self.over
    }

    /// Whether it can do no more: it is over, or the bot let it go and Discord knows or never will.
    pub(crate) fn is_done(&self) -> bool {
        let parted = self.number.is_none()
            || self.to_discord.is_dark
            || self.to_discord.under_way.is_empty();
        self.over || (self.abandoned && parted && self.to_bot.under_way.is_empty())
    }
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Pipe<T> {
    under_way: VecDeque<(Instant, T)>,
    pub(crate) is_dark: bool,
}

impl<T> Pipe<T> {
    const fn new() -> Self {
        Self {
            under_way: VecDeque::new(),
            is_dark: false,
        }
    }

    pub(crate) fn send(&mut self, at: Instant, thing: T) {
        if !self.is_dark {
            let last = self.under_way.back().map_or(at, |(last, _)| *last);
            self.under_way.push_back((at.max(last), thing));
        }
    }

    /// Nothing arrives any more.
    pub(crate) fn darken(&mut self) {
        self.is_dark = true;
        self.under_way.clear();
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.under_way.front().map(|(at, _)| *at)
    }

    pub(crate) fn arrived(&mut self, now: Instant) -> Option<T> {
        let is_due = self.due().is_some_and(|at| at <= now);
        is_due
            .then(|| self.under_way.pop_front())?
            .map(|(_, thing)| thing)
    }
}
