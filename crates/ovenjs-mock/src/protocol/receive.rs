//! What a client may say: judged by Discord's tables, then done.

use serde_json::{Value, json};

use crate::{
    json::{Object, object},
    oracle::{Command, Oracle, Segment, Violation},
    world::World,
};

use super::{
    Gateway, Payload, Traffic,
    close::{self, Reason},
    connection::MAX_PAYLOAD,
};

impl Gateway {
    pub(super) fn receive(&mut self, id: u64, bytes: &[u8], world: &mut World) {
        if let Err(reason) = self.obey(id, bytes, world) {
            self.refusals.push(reason);
            self.lines.close(id, self.now, reason);
        }
    }

    fn obey(&mut self, id: u64, bytes: &[u8], world: &mut World) -> Result<(), Reason> {
        let Some(connection) = self.lines.get_mut(id) else {
            return Ok(());
        };
        if connection.closing || connection.deaf {
            return Ok(());
        }
        if !connection.may_send(self.now, self.rules.sends) {
            return Err(close::RATE_LIMITED);
        }
        if bytes.len() > MAX_PAYLOAD {
            return Err(close::TOO_LARGE);
        }
        let session = connection.session;
        let mut payload: Object = serde_json::from_slice(bytes).map_err(|_| close::DECODE)?;
        let op = payload.get("op").and_then(Value::as_u64);
        let op = op.ok_or(close::DECODE)?;
        let mut data = payload.remove("d").unwrap_or_default();
        if op != IDENTIFY && op != RESUME {
            // Identify and resume carry the token, which no log shows.
            self.traffic.push(Traffic::Received {
                connection: id,
                op,
                data: data.clone(),
            });
        }
        let command = u16::try_from(op)
            .ok()
            .and_then(|op| Oracle::embedded().command(op))
            .ok_or(close::UNKNOWN_OPCODE)?;
        match (op, session) {
            (IDENTIFY | RESUME, Some(_)) => return Err(close::ALREADY_AUTHENTICATED),
            (HEARTBEAT | IDENTIFY | RESUME, _) | (_, Some(_)) => {}
            (_, None) => return Err(close::NOT_AUTHENTICATED),
        }
        self.take_presence(op, &mut data);
        self.judge(command, &data)?;
        match (op, session) {
            (HEARTBEAT, _) => {
                self.heartbeat(id, session, &data);
                Ok(())
            }
            (IDENTIFY, _) => self.identify(id, &object(data), world),
            (RESUME, _) => self.resume(id, &object(data), world),
            (_, Some(session)) => self.answer(op, id, session, &object(data), world),
            (_, None) => Ok(()),
        }
    }

    /// Reads a presence as Discord does, and not as its documents have it.
    ///
    /// A presence of old held one activity, in `game`. The documents have forgotten the field, but
    /// hikari still writes it, and its bots are seen playing. serenity writes `since` as an object,
    /// with seconds and nanoseconds, and its bots are online.
    fn take_presence(&mut self, op: u64, data: &mut Value) {
        let presence = match op {
            IDENTIFY => data.get_mut("presence"),
            PRESENCE_UPDATE => Some(data),
            _ => None,
        };
        let Some(presence) = presence.and_then(Value::as_object_mut) else {
            return;
        };
        if let Some(since) = presence.get_mut("since").filter(|since| since.is_object()) {
            *since = Value::Null;
            self.warnings
                .push("a presence says since as an object, which tells no time".to_owned());
        }
        if presence.contains_key("activities") {
            return;
        }
        if let Some(game) = presence.remove("game") {
            let activities = if game.is_null() {
                json!([])
            } else {
                json!([game])
            };
            presence.insert("activities".to_owned(), activities);
            self.warnings
                .push("a presence says game, which activities has replaced".to_owned());
        }
    }

    /// Holds a command against its table. What Discord only ignores becomes a warning.
    fn judge(&mut self, command: &Command, data: &Value) -> Result<(), Reason> {
        let mut data = data.clone();
        // Libraries that serialise what they have not write null here, and Discord takes it.
        if data.get("presence").is_some_and(Value::is_null)
            && let Some(fields) = data.as_object_mut()
        {
            fields.remove("presence");
            let name = &command.name;
            self.warnings.push(format!(
                "gateway command {name}: presence: null is no presence"
            ));
        }
        let violations = Oracle::embedded().check_command(command, &data);
        let mut refusal = None;
        for violation in &violations {
            self.warnings
                .push(format!("gateway command {}: {violation}", command.name));
            if violation.is_refusal() {
                refusal = refusal.or_else(|| Some(code_for(violation)));
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    fn heartbeat(&mut self, id: u64, session: Option<u64>, data: &Value) {
        if let Some(connection) = self.lines.get_mut(id) {
            connection.beats(self.now, self.rules.heartbeat_interval);
        }
        if let (Some(seq), Some(session)) = (
            data.as_u64(),
            session.and_then(|id| self.sessions.get_mut(id)),
        ) {
            if seq > session.seq {
                self.warnings.push(format!(
                    "a heartbeat says {seq} before anything later than {} was sent",
                    session.seq
                ));
            } else if self.rules.trim_replay {
                session.forget_until(seq);
            }
        }
        let ack = json!({ "t": null, "s": null, "op": 11, "d": null });
        match self.mishaps.ack_delay() {
            Some(late) if late.is_zero() => self.control(id, &ack),
            Some(late) => {
                let payload = Payload::Control(ack.to_string().into_bytes());
                self.lines.push_beside(id, self.now + late, payload);
                self.is_hurried = true;
            }
            None => {}
        }
    }
}

/// Some fields of Identify have codes of their own.
fn code_for(violation: &Violation) -> Reason {
    match violation.path.first() {
        Some(Segment::Key(key)) if key == "intents" => close::INVALID_INTENTS,
        Some(Segment::Key(key)) if key == "shard" => close::INVALID_SHARD,
        _ => close::DECODE,
    }
}

const HEARTBEAT: u64 = 1;
const IDENTIFY: u64 = 2;
const PRESENCE_UPDATE: u64 = 3;
const RESUME: u64 = 6;
