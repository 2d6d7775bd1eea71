//! What goes wrong with connections and sessions.

use std::time::Duration;

use crate::faults::{Dice, FaultMenu, forgiving_codes};

/// The switches, and the dice for what happens by chance.
#[derive(Debug)]
pub(crate) struct Mishaps {
    pub(crate) menu: FaultMenu,
    dice: Dice,
    forgiving: Vec<u16>,
    /// Break each connection after so many events; with a close code, or abruptly.
    pub(crate) drop_after: Option<(u64, Option<u16>)>,
    /// Break each connection in the middle of a frame after so many bytes.
    pub(crate) drop_after_bytes: Option<u64>,
    /// How many resumes are answered with Invalid Session.
    pub(crate) refuse_resumes: u32,
    /// How many identifies are answered with Invalid Session.
    pub(crate) refuse_identifies: u32,
    pub(crate) withhold_acks: bool,
}

/// Whether a websocket handshake is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It is.
    Open,
    /// With this HTTP status instead.
    Refused(u16),
    /// It is not, and the connection stays open.
    Hangs,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    Split,
    Corrupted,
    /// So many of its bytes, and then the end.
    Halved,
    Dropped,
    Reset,
    Frozen,
    /// Sent; from now on nothing is heard.
    Deafened,
    /// Not sent, nor anything after it.
    Muted,
    Closed(u16),
}

/// What else happens when an event is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Aside {
    pub(super) skip: bool,
    pub(super) repeat: bool,
    pub(super) ack: bool,
    pub(super) heartbeat: bool,
    pub(super) reconnect: bool,
    /// Invalid Session, resumable or not.
    pub(super) invalid: Option<bool>,
}

impl Mishaps {
    pub(super) fn new(menu: FaultMenu) -> Self {
        Self {
            menu,
            dice: Dice::new(menu.seed),
            forgiving: forgiving_codes(),
            drop_after: None,
            drop_after_bytes: None,
            refuse_resumes: 0,
            refuse_identifies: 0,
            withhold_acks: false,
        }
    }

    pub(super) fn serve(&mut self, menu: FaultMenu) {
        self.menu = menu;
        self.dice = Dice::new(menu.seed);
    }

    pub(super) fn admit(&mut self) -> Admission {
        if self.dice.rolls(self.menu.refuse_upgrade) {
            Admission::Refused(503)
        } else if self.dice.rolls(self.menu.hang_upgrade) {
            Admission::Hangs
        } else {
            Admission::Open
        }
    }

    /// How late Hello comes.
    pub(super) fn hello_delay(&mut self) -> Duration {
        let late = self.dice.rolls(self.menu.late_hello);
        self.delay(late)
    }

    /// How late a heartbeat is acknowledged; `None` where it is not at all.
    pub(super) fn ack_delay(&mut self) -> Option<Duration> {
        if self.withhold_acks || self.dice.rolls(self.menu.lose_ack) {
            return None;
        }
        let late = self.dice.rolls(self.menu.delay_ack);
        Some(self.delay(late))
    }

    pub(super) fn latency_in(&mut self) -> Duration {
        self.latency(self.menu.latency_in_ms)
    }

    pub(super) fn latency_out(&mut self) -> Duration {
        self.latency(self.menu.latency_out_ms)
    }

    pub(super) fn refuses_identify(&mut self) -> bool {
        let told = self.refuse_identifies > 0;
        self.refuse_identifies = self.refuse_identifies.saturating_sub(1);
        told || self.dice.rolls(self.menu.refuse_identify)
    }

    pub(super) fn refuses_resume(&mut self) -> bool {
        let told = self.refuse_resumes > 0;
        self.refuse_resumes = self.refuse_resumes.saturating_sub(1);
        told || self.dice.rolls(self.menu.refuse_resume)
    }

    /// After how many of the missed events a replay breaks off.
    pub(super) fn cuts_replay(&mut self, missed: usize) -> Option<usize> {
        if !self.dice.rolls(self.menu.cut_replay) {
            return None;
        }
        let missed = u64::try_from(missed).unwrap_or(u64::MAX);
        usize::try_from(self.dice.below(missed.saturating_add(1))).ok()
    }

    pub(super) fn fate(&mut self) -> Fate {
        let menu = self.menu;
        let rare = [
            (menu.drop_connection, Fate::Dropped),
            (menu.reset_connection, Fate::Reset),
            (menu.half_frame, Fate::Halved),
            (menu.freeze, Fate::Frozen),
            (menu.deafen, Fate::Deafened),
            (menu.mute, Fate::Muted),
            (menu.corrupt_frame, Fate::Corrupted),
            (menu.split_frame, Fate::Split),
        ];
        for (chance, fate) in rare {
            if self.dice.rolls(chance) {
                return fate;
            }
        }
        if self.dice.rolls(menu.close_connection)
            && let Some(code) = self.dice.one_of(&self.forgiving)
        {
            return Fate::Closed(code);
        }
        Fate::Sent
    }

    pub(super) fn aside(&mut self) -> Aside {
        let menu = self.menu;
        let invalid = if self.dice.rolls(menu.invalidate_resumable) {
            Some(true)
        } else {
            self.dice.rolls(menu.invalidate_session).then_some(false)
        };
        Aside {
            skip: self.dice.rolls(menu.skip_sequence),
            repeat: self.dice.rolls(menu.repeat_event),
            ack: self.dice.rolls(menu.unasked_ack),
            heartbeat: self.dice.rolls(menu.ask_for_heartbeat),
            reconnect: self.dice.rolls(menu.ask_to_reconnect),
            invalid,
        }
    }

    /// A place inside a frame of this length.
    pub(super) fn place_in(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.dice.below(length)).unwrap_or(0)
    }

    fn latency(&mut self, least: u32) -> Duration {
        let jitter = match self.menu.jitter_ms {
            0 => 0,
            most => self.dice.below(u64::from(most) + 1),
        };
        Duration::from_millis(u64::from(least) + jitter)
    }

    fn delay(&self, late: bool) -> Duration {
        if late {
            Duration::from_millis(self.menu.delay_ms.into())
        } else {
            Duration::ZERO
        }
    }
}
