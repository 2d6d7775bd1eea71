//! What goes wrong on demand, and beside the events.

use serde_json::{Value, json};

use crate::{
    faults::FaultMenu,
    world::{Emission, World},
};

use super::{Admission, Gateway, Happening, close, intents, invalid_session, mishaps::Aside};

impl Gateway {
    /// Whether a websocket handshake is answered.
    pub(crate) fn admit(&mut self) -> Admission {
        self.mishaps.admit()
    }

    /// Asks every connected client to reconnect and resume.
    pub(crate) fn ask_to_reconnect(&mut self) {
        for id in self.lines.ids() {
            self.control(id, &json!({ "t": null, "s": null, "op": 7, "d": null }));
        }
    }

    /// Asks every connected client for a heartbeat at once.
    pub(crate) fn ask_for_heartbeats(&mut self) {
        for id in self.lines.ids() {
            self.control(id, &json!({ "t": null, "s": null, "op": 1, "d": null }));
        }
    }

    /// Declares every session invalid, as Discord does after an outage. What is not resumable is
    /// forgotten, whether it has a connection or not.
    pub(crate) fn invalidate(&mut self, resumable: bool) {
        for id in self.lines.ids() {
            self.control(id, &invalid_session(resumable));
            self.void(id, resumable);
        }
        if !resumable {
            for id in self.sessions.ids() {
                self.sessions.remove(id);
            }
        }
    }

    /// Breaks every connection, with a close code or without a word.
    pub(crate) fn break_all(&mut self, code: Option<u16>) {
        for id in self.lines.ids() {
            match code {
                Some(code) => self.lines.close(id, self.now, (code, close::TOLD_TO)),
                None => self.lines.abort(id, self.now),
            }
        }
    }

    /// Every line goes dead: nothing is read from it or written to it any more. Its session can be
    /// resumed by another one.
    pub(crate) fn freeze_all(&mut self) {
        for id in self.lines.ids() {
            self.freeze(id);
        }
    }

    /// Whether nothing of what the client says on this line arrives.
    pub(crate) fn is_deaf(&self, id: u64) -> bool {
        self.lines.get(id).is_some_and(|line| line.deaf)
    }

    /// What may go wrong stops; lines that are dead already end.
    pub(crate) fn calm(&mut self) {
        self.mishaps.serve(FaultMenu::default());
        self.mishaps.drop_after = None;
        self.mishaps.drop_after_bytes = None;
        self.mishaps.refuse_resumes = 0;
        self.mishaps.refuse_identifies = 0;
        self.mishaps.withhold_acks = false;
        for id in self.lines.ids() {
            if self
                .lines
                .get(id)
                .is_some_and(|line| line.deaf || line.mute)
            {
                self.lines.abort(id, self.now);
            }
        }
    }

    /// A guild goes down: its sessions hear that it is unavailable, and nothing more of it.
    pub(crate) fn take_down(&mut self, guild: u64, world: &World) {
        let data = unavailable(guild);
        self.dispatch(
            &Emission {
                name: "GUILD_DELETE".to_owned(),
                data: data.clone(),
                guild: Some(guild),
            },
            world,
        );
        if self.outages.insert(guild) {
            self.own_events.push(("GUILD_DELETE", data));
        }
    }

    /// A session that begins hears which of its guilds are down.
    pub(super) fn send_outage(&mut self, session: u64, guild: u64) {
        let intents = self.sessions.get(session).map_or(0, |known| known.intents);
        if intents & intents::GUILDS != 0 {
            self.send(session, "GUILD_DELETE", unavailable(guild));
        }
    }

    /// A guild comes back: its sessions get it anew.
    pub(crate) fn bring_back(&mut self, guild: u64, world: &World) {
        if !self.outages.remove(&guild) {
            return;
        }
        for session in self.sessions.hearing(Some(guild)) {
            self.send_guild(session, guild, world);
        }
    }

    pub(super) fn send_guild(&mut self, session: u64, guild: u64, world: &World) {
        let Some(known) = self.sessions.get(session) else {
            return;
        };
        if known.intents & intents::GUILDS == 0 {
            return;
        }
        let view = crate::world::GuildView {
            presences: known.intents & intents::GUILD_PRESENCES != 0,
            voice_states: known.intents & intents::GUILD_VOICE_STATES != 0,
            large_threshold: known.large_threshold,
        };
        if let Some(event) = world.guild_create(guild, view) {
            self.send(session, "GUILD_CREATE", event);
        }
    }

    pub(crate) fn is_down(&self, guild: u64) -> bool {
        self.outages.contains(&guild)
    }

    pub(super) fn freeze(&mut self, id: u64) {
        let Some(line) = self.lines.get_mut(id) else {
            return;
        };
        (line.deaf, line.mute) = (true, true);
        line.clear();
        // The end of the socket, however late it comes, is not the end of a session that goes on
        // elsewhere.
        let session = line.session.take();
        self.part(session, false);
    }

    /// What comes with an event by chance.
    pub(super) fn happen_beside(&mut self, connection: u64, aside: Aside) {
        let plain = |op: u8| json!({ "t": null, "s": null, "op": op, "d": Value::Null });
        for (happens, op) in [(aside.ack, 11), (aside.heartbeat, 1), (aside.reconnect, 7)] {
            if happens {
                self.control(connection, &plain(op));
            }
        }
        if let Some(resumable) = aside.invalid {
            self.control(connection, &invalid_session(resumable));
            self.void(connection, resumable);
        }
    }

    /// A connection loses its session, which ends or waits for a resume.
    fn void(&mut self, connection: u64, resumable: bool) {
        let Some(line) = self.lines.get_mut(connection) else {
            return;
        };
        let session = line.session.take();
        self.part(session, !resumable);
    }

    /// So many events at once, of no other meaning than to be many.
    pub(crate) fn burst(&mut self, events: usize, world: &World) {
        let data = json!({
            "channel_id": world.default_channel.to_string(),
            "guild_id": world.default_guild.to_string(),
            "user_id": world.owner.to_string(),
            "timestamp": world.now_ms / 1000,
        });
        let happening = Happening::new("TYPING_START", &data);
        let guild = Some(world.default_guild);
        let needed = self.intents.needed("TYPING_START", guild, None, world.bot);
        for session in self.sessions.hearing(guild) {
            let intents = self.sessions.get(session).map_or(0, |known| known.intents);
            for _ in 0..if intents & needed == 0 { 0 } else { events } {
                self.deliver(session, &happening);
            }
        }
        self.own_events.push(("TYPING_START", data));
    }
}

/// A guild of which nothing but its id is to be had.
pub(super) fn unavailable(guild: u64) -> Value {
    json!({ "id": guild.to_string(), "unavailable": true })
}
