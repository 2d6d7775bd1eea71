//! What a shard does when its session or its requests want something.

use std::{sync::Arc, time::Instant};

use ovenjs_types::{HookCall, Interest, Version};

use super::Shard;
use crate::{
    Answer, Requests, Resume, ShardState,
    net::{Delivery, port::IdentifyAsk, queue::Places, replies::Ask},
    session::{Generation, Input, Notice, Output},
};

impl Shard {
    /// Tells the session of a frame. Its events stay there until they are [passed
    /// on](Self::pass_on).
    pub(super) fn hear(&mut self, frame: Input<'_>) {
        self.heard = true;
        let now = self.shared.wiring.clock.now();
        // Without a place for it no event comes out.
        self.session.handle(now, Input::Room(0));
        self.session.handle(now, frame);
        let mut places = Places::none(&self.shared.queue);
        self.follow(now, &mut places);
    }

    /// Passes on what was heard, once for many frames: to take places, to pin up how things are and to
    /// wake the reader for each of them costs more than all else.
    pub(super) fn pass_on(&mut self) {
        if self.heard {
            self.drain(false);
        }
    }

    /// Does what the session says, until it says nothing more, and passes its events on.
    ///
    /// Places in the queue are taken before the session gives anything away, so nothing can be
    /// refused; once those that lie there are many bytes, it gives no more.
    pub(super) fn drain(&mut self, my_turn: bool) {
        self.heard = false;
        let now = self.shared.wiring.clock.now();
        for version in self.acks.take() {
            self.session.handle(now, Input::Handled(version));
        }
        let shard = self.session.shard();
        let shared = &self.shared;
        let delivers = !self.stopping && !self.restarting;
        let before = self.session.backlog();
        self.ripening
            .look(now, before, shared.seam.lets_others_first(shard));
        let wanted = match delivers && !shared.seam.must_wait(shard) {
            true => self.ripening.of(self.session.deliverable()),
            false => 0,
        };
        let batch = std::mem::take(&mut self.batch);
        let mut places = Places::take(&shared.queue, wanted, my_turn, batch);
        self.session.handle(now, Input::Room(places.left));
        self.follow(now, &mut places);
        self.batch = places.give();
        let after = self.session.backlog();
        self.ripening.gone(before.saturating_sub(after));
        if self.shared.seam.is_open() {
            let is_held = delivers && self.ripening.of(after) > 0;
            let is_connected = self.session.state() == ShardState::Connected;
            let seam = &self.shared.seam;
            seam.report(now, shard, is_held, is_connected);
        }
        self.acks
            .is_urgent(self.session.deliverable() == 0 && self.session.backlog() > 0);
        self.post(now);
    }

    /// Does what the session says, until it says nothing more; its events as far as there are places.
    fn follow(&mut self, now: Instant, places: &mut Places) {
        let shard = self.session.shard();
        while let Some(output) = self.next_output(now) {
            match output {
                Output::Connect(connect) => self.attempt.connect = Some(connect),
                Output::WantIdentify { generation } => self.queue_up(generation),
                Output::Send(payload) => {
                    if let Some(question) = payload.question() {
                        self.requests.left(now, question);
                    }
                    self.attempt.outbox.push(payload);
                }
                Output::Close { code } => self.attempt.close = Some(code),
                Output::Dispatch(dispatch) => {
                    let version = dispatch.version;
                    let delivery = Delivery::Dispatch(dispatch);
                    let passed = self.shared.seam.pass(now, shard, delivery);
                    if !matches!(passed, Some(Delivery::Dispatch(_) | Delivery::Late(_))) {
                        // Nobody else says so.
                        self.session.handle(now, Input::Handled(version));
                    }
                    if let Some(delivery) = passed
                        && !places.put(delivery)
                    {
                        self.session.handle(now, Input::Room(0));
                    }
                }
                Output::Gap(gap) => {
                    let last_seq = gap.last_seq;
                    let Some(gap) = self.shared.seam.pass(now, shard, Delivery::Gap(gap)) else {
                        continue;
                    };
                    places.put(gap);
                    let call = HookCall::SessionGap { shard, last_seq };
                    self.shared.wiring.hook.call(&call);
                }
                Output::Overheard(dispatch) => self.requests.handle(now, &dispatch),
                Output::Notice(notice) => {
                    // Before anyone hears of it by an event: who does, looks.
                    self.post(now);
                    // What a shard was asked it answers after it has begun anew, too.
                    if !(self.restarting && matches!(notice, Notice::Stopped)) {
                        self.requests.notice(now, &notice);
                    }
                    self.notice(notice);
                }
                Output::Fatal(error) => {
                    tracing::error!(%shard, %error, "shard gives up");
                    self.fatal = Some(error);
                }
            }
        }
    }

    /// Waits in line for the turn to identify.
    fn queue_up(&mut self, generation: Generation) {
        let shard = self.session.shard();
        let shared = Arc::clone(&self.shared);
        let ask = IdentifyAsk::new(shard)
            .on_held(move |hold, wait| shared.announce(shard, Notice::IdentifyHeld { wait, hold }));
        let turns = Arc::clone(&self.shared.turns);
        let waiting = async move { turns.turn(ask).await };
        self.attempt.queued = Some((generation, Box::pin(waiting)));
    }

    /// Pins up how the shard is, and what a store is to remember of it.
    pub(super) fn post(&mut self, now: Instant) {
        let mut posted = self.board.lock();
        posted.stats.state = self.session.state();
        posted.stats.latency = self.session.latency();
        posted.stats.backlog_bytes = self.session.backlog_bytes();
        posted.stats.counts = self.session.counts();
        posted.pulse = self.session.pulse();
        posted.epoch = self.session.epoch();
        let mut saved = posted.saved.take();
        // Also where nobody saves it: after a panic the next session begins from it.
        let renewed = posted.renew(&self.session);
        if let Some(saves) = &self.shared.saves
            && let Some(urgent) = renewed
        {
            saves.changed(urgent);
        }
        if posted.is_frozen != self.is_frozen {
            self.is_frozen = posted.is_frozen;
            if self.shared.saves.is_none() {
                // Discord is to keep what the next process may ask for.
                let frozen = posted.resume.as_ref().map(Resume::version);
                saved = Some(match self.is_frozen {
                    true => frozen.unwrap_or_default(),
                    false => NO_MORE_THAN_HANDLED,
                });
            }
        }
        drop(posted);
        if let Some(saved) = saved {
            self.session.handle(now, Input::Saved(saved));
        }
    }

    /// What the session says next; where that is nothing, what requests bring first.
    fn next_output(&mut self, now: Instant) -> Option<Output> {
        if let Some(output) = self.session.poll() {
            return Some(output);
        }
        if self.requests.is_idle() {
            return None;
        }
        self.bring(now);
        // Commands may have made the session say something.
        self.session.poll()
    }

    /// Brings the session what requests want sent or taken back, and those who asked their answers.
    pub(super) fn bring(&mut self, now: Instant) {
        self.forget_unread();
        while let Some(answer) = self.requests.poll(now) {
            match answer {
                Answer::Send(sealed) => self.session.handle(now, Input::Command(sealed)),
                Answer::Withdraw(question) => {
                    self.session.handle(now, Input::Withdraw(question));
                }
                answer => {
                    if let Some(unread) = self.askers.pass(answer) {
                        self.requests.cancel(unread);
                    }
                }
            }
        }
        if self.requests.is_idle() {
            self.session.handle(now, Input::Overhear(Interest::none()));
        }
    }

    /// Takes back what nobody waits for; what of it has not left then never does.
    fn forget_unread(&mut self) {
        for unread in self.askers.gone() {
            self.requests.cancel(unread);
        }
    }

    pub(super) fn ask(&mut self, ask: Ask) {
        let now = self.shared.wiring.clock.now();
        // They would count.
        self.forget_unread();
        match self.requests.ask(now, ask.request, ask.within) {
            Ok(id) => {
                self.askers.add(id, ask.asker);
                self.tell(Input::Overhear(Requests::INTEREST));
            }
            Err(error) => ask.asker.fail(error),
        }
    }

    /// Tells those who look on.
    pub(super) fn notice(&mut self, notice: Notice) {
        let shard = self.session.shard();
        match &notice {
            Notice::Identifying => {
                if let Some((_, turn)) = self.attempt.turn.take() {
                    turn.spend();
                }
                if let Some(saves) = &self.shared.saves {
                    // A crash loop must find its identifies counted.
                    saves.changed(true);
                }
            }
            Notice::Held => self.shared.turns.held(shard),
            _ => {}
        }
        let state = notice.state();
        self.shared.announce(shard, notice);
        if let Some(state) = state {
            let state = state.as_str();
            let call = HookCall::ShardState { shard, state };
            self.shared.wiring.hook.call(&call);
        }
    }
}

/// Where nobody saves, heartbeats confirm what is handled.
const NO_MORE_THAN_HANDLED: Version = Version {
    epoch: u64::MAX,
    seq: u64::MAX,
};
