//! The oracle at both ends: what Discord produced, held against what the consumer got.
//!
//! Within a session every event arrives once and in order. Where a session is lost, that is told
//! before the first event of the next one. Nothing is lost without a word.

use std::collections::BTreeMap;

use ovenjs_types::Version;

/// One shard's account.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The numbers of the events of this shard, in order.
    produced: Vec<u64>,
    /// Where in `produced` each session begins.
    sessions: BTreeMap<String, usize>,
    /// The session whose events arrive.
    current: Option<String>,
    /// How far in `produced` the consumer is.
    next: usize,
    gap_told: bool,
    /// Where the consumer was after each delivery.
    places: Vec<(Version, usize)>,
    pub(crate) delivered: u64,
    pub(crate) again: u64,
    pub(crate) gaps: u64,
    pub(crate) lost: u64,
}

impl Ledger {
    pub(crate) fn produce(&mut self, number: u64) {
        self.produced.push(number);
    }

    /// Discord has begun a session.
    pub(crate) fn begin(&mut self, session: &str) {
        let here = self.produced.len();
        self.sessions.entry(session.to_owned()).or_insert(here);
    }

    pub(crate) fn ready(&mut self, session: &str) -> Result<(), String> {
        let begun = self.sessions.get(session).copied();
        let begun = begun.ok_or("READY of a session that never began")?;
        if self.current.is_some() && !self.gap_told {
            return Err("a session was lost, and no gap told before the next one".to_owned());
        }
        if self.current.is_none() && self.gap_told {
            return Err("a gap is told where no session was".to_owned());
        }
        let left_out = begun.saturating_sub(self.next);
        self.lost += u64::try_from(left_out).unwrap_or(u64::MAX);
        self.current = Some(session.to_owned());
        self.next = begun;
        self.gap_told = false;
        Ok(())
    }

    pub(crate) fn gap(&mut self) -> Result<(), String> {
        self.gaps += 1;
        if std::mem::replace(&mut self.gap_told, true) {
            return Err("two gaps in a row".to_owned());
        }
        Ok(())
    }

    pub(crate) fn event(&mut self, number: u64) -> Result<(), String> {
        if self.current.is_none() || self.gap_told {
            return Err(format!("event {number} comes before READY of its session"));
        }
        let expected = self.produced.get(self.next).copied();
        if expected != Some(number) {
            let expected = expected.map_or_else(|| "none".to_owned(), |next| next.to_string());
            return Err(format!("event {number} comes, {expected} is next"));
        }
        self.next += 1;
        self.delivered += 1;
        Ok(())
    }

    /// A delivery was made: this is how far the consumer is after it.
    pub(crate) fn note(&mut self, version: Version) {
        self.places.push((version, self.next));
    }

    /// Another process has taken over, and knows of no session.
    pub(crate) fn forget(&mut self) {
        self.current = None;
        self.gap_told = false;
        self.places.clear();
    }

    /// Another process goes on after `version` of a session: what came after it comes again.
    pub(crate) fn rewind(&mut self, session: &str, version: Version) {
        self.gap_told = false;
        // It may be an older session, which Discord still has though the bot gave it up.
        let after = self.places.partition_point(|(known, _)| *known <= version);
        self.places.truncate(after);
        let next = self.places.last().map_or(0, |(_, next)| *next);
        let again = self.next.saturating_sub(next);
        self.again += u64::try_from(again).unwrap_or(u64::MAX);
        self.next = next;
        self.current = Some(session.to_owned());
    }

    /// Whether READY of a session was delivered.
    pub(crate) const fn has_session(&self) -> bool {
        self.current.is_some()
    }

    /// Whether an event is still to come, unless the session is lost before.
    pub(crate) fn expects(&self, number: u64) -> bool {
        let to_come = self.produced.get(self.next..).unwrap_or_default();
        to_come.binary_search(&number).is_ok()
    }

    /// Whether an event is older than the session whose events arrive: what it did, the guilds tell that
    /// the session began with.
    pub(crate) fn began_after(&self, number: u64) -> bool {
        let current = self.current.as_ref();
        let begun = current.and_then(|session| self.sessions.get(session));
        let place = self.produced.partition_point(|older| *older < number);
        begun.is_some_and(|begun| place < *begun)
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.current.is_some() && self.next == self.produced.len()
    }
}
