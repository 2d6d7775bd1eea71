//! Streams and their groups of consumers.

use std::time::Duration;

use bytes::Bytes;

use super::{
    RedisLink, RedisReply, Repeat,
    commands::{millis, says},
};
use crate::Error;

/// One entry of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisEntry {
    /// The id that the server gave it.
    pub id: RedisEntryId,
    /// Names and values, in the order in which they were added.
    pub fields: Vec<(Bytes, Bytes)>,
}

/// The id of an entry, e.g. `1526919030474-55`: the server's time and a count within it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedisEntryId(String);

impl RedisEntryId {
    /// The id that is written so, if it is one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (time, count) = text.split_once('-')?;
        let is_number =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
        (is_number(time) && is_number(count)).then(|| Self(text.to_owned()))
    }

    /// The id as the server writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RedisEntry {
    /// The value of the first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Bytes> {
        let found = self.fields.iter().find(|(key, _)| key == name.as_bytes());
        found.map(|(_, value)| value)
    }
}

impl RedisLink {
    /// Adds an entry and returns its id. The oldest entries are dropped beyond `keep`, which the
    /// server may exceed by the hundred. Never repeated by itself.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_add(
        &self,
        key: &str,
        keep: u64,
        fields: &[(&str, &[u8])],
    ) -> Result<RedisEntryId, Error> {
        let mut command = redis::cmd("XADD");
        command.arg(key).arg("MAXLEN").arg("~").arg(keep).arg("*");
        for (name, value) in fields {
            command.arg(*name).arg(*value);
        }
        let reply = self.ask(command, Repeat::Never).await?;
        let id = reply.text().ok_or_else(|| self.odd_answer())?;
        Ok(RedisEntryId(id))
    }

    /// Up to `count` entries in their order, beginning with the one of the id `from` or, where that is no longer
    /// there, with the next. No group is asked, and nothing is taken.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_range(
        &self,
        key: &str,
        from: &RedisEntryId,
        count: usize,
    ) -> Result<Vec<RedisEntry>, Error> {
        self.entries(self.ask(range(key, from, count), Repeat::Safe).await?)
    }

    /// Waits up to `hold` until there is an entry after the one of the id `after`, and tells whether there is.
    ///
    /// While it waits, the connection carries nothing else: use [`another`](Self::another) link.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_wait(
        &self,
        key: &str,
        after: &RedisEntryId,
        hold: Duration,
    ) -> Result<bool, Error> {
        let mut command = redis::cmd("XREAD");
        // To Redis nought is for ever.
        command
            .arg("COUNT")
            .arg(1)
            .arg("BLOCK")
            .arg(millis(hold).max(1));
        command.arg("STREAMS").arg(key).arg(after.as_str());
        let reply = self.ask_blocking(command, Repeat::Safe, hold).await?;
        Ok(reply != RedisReply::Nil)
    }

    /// [Waits](Self::stream_wait) up to `hold` until there is an entry after the one of the id `from`, and then reads
    /// up to `count` entries as [`stream_range`](Self::stream_range) does, with that one first where it is still
    /// there. Both are asked at once, so that who waits is told by the first answer.
    ///
    /// While it waits, the connection carries nothing else: use [`another`](Self::another) link.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_follow(
        &self,
        key: &str,
        from: &RedisEntryId,
        count: usize,
        hold: Duration,
    ) -> Result<Vec<RedisEntry>, Error> {
        // The server answers in order: the second once the first has waited.
        let ranged = self.ask_blocking(range(key, from, count), Repeat::Safe, hold);
        let (waited, found) = tokio::join!(self.stream_wait(key, from, hold), ranged);
        let (waited, found) = (waited?, self.entries(found?)?);
        if waited && found.len() <= 1 {
            // On a connection that was made meanwhile the second may have come first.
            return self.stream_range(key, from, count).await;
        }
        Ok(found)
    }

    /// How many entries a stream has.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_len(&self, key: &str) -> Result<u64, Error> {
        let mut command = redis::cmd("XLEN");
        command.arg(key);
        let reply = self.ask(command, Repeat::Safe).await?;
        self.count(&reply)
    }

    /// Makes a group that begins with the oldest entry, and the stream with it where it is missing.
    /// A group that exists stays as it is.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_group(&self, key: &str, group: &str) -> Result<(), Error> {
        let mut command = redis::cmd("XGROUP");
        command
            .arg("CREATE")
            .arg(key)
            .arg(group)
            .arg("0")
            .arg("MKSTREAM");
        match self.ask(command, Repeat::Safe).await {
            Err(error) if says(&error, "BUSYGROUP") => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// Reads up to `count` entries which nobody of `group` has read, as `consumer`, and waits up to
    /// `hold` for the first. They stay the consumer's until they are acknowledged or claimed.
    ///
    /// While it waits, the connection carries nothing else: use [`another`](Self::another) link.
    /// Never repeated by itself: entries whose answer was lost are the consumer's, and come again by
    /// [`stream_claim`](Self::stream_claim).
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_read(
        &self,
        key: &str,
        group: &str,
        consumer: &str,
        count: usize,
        hold: Duration,
    ) -> Result<Vec<RedisEntry>, Error> {
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(group).arg(consumer);
        command.arg("COUNT").arg(count);
        if !hold.is_zero() {
            // To Redis nought is for ever.
            command.arg("BLOCK").arg(millis(hold).max(1));
        }
        command.arg("STREAMS").arg(key).arg(">");
        let reply = self.ask_blocking(command, Repeat::Never, hold).await?;
        // One stream was asked for: [[key, entries]], or nothing.
        let Some(stream) = reply.list().into_iter().next() else {
            return Ok(Vec::new());
        };
        let entries = stream.list().into_iter().nth(1);
        self.entries(entries.ok_or_else(|| self.odd_answer())?)
    }

    /// Takes up to `count` entries over for `consumer` that were read at least `idle` ago and not
    /// acknowledged, beginning with the id `from` or with the first. Returns them, and where to go
    /// on: nowhere after the last.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_claim(
        &self,
        key: &str,
        group: &str,
        consumer: &str,
        idle: Duration,
        from: Option<&RedisEntryId>,
        count: usize,
    ) -> Result<(Vec<RedisEntry>, Option<RedisEntryId>), Error> {
        let mut command = redis::cmd("XAUTOCLAIM");
        command.arg(key).arg(group).arg(consumer);
        command
            .arg(millis(idle))
            .arg(from.map_or("0-0", RedisEntryId::as_str));
        command.arg("COUNT").arg(count);
        let mut parts = self.ask(command, Repeat::Safe).await?.list().into_iter();
        let next = parts.next().and_then(RedisReply::text);
        let (Some(next), Some(entries)) = (next, parts.next()) else {
            return Err(self.odd_answer());
        };
        let next = Some(RedisEntryId(next)).filter(|next| next.as_str() != "0-0");
        Ok((self.entries(entries)?, next))
    }

    /// Acknowledges entries of a group, and returns how many of them still waited for that.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`](crate::RedisFault) says what to do.
    pub async fn stream_ack(
        &self,
        key: &str,
        group: &str,
        ids: &[&RedisEntryId],
    ) -> Result<u64, Error> {
        let mut command = redis::cmd("XACK");
        command.arg(key).arg(group);
        for id in ids {
            command.arg(id.as_str());
        }
        let reply = self.ask(command, Repeat::Safe).await?;
        self.count(&reply)
    }

    fn entries(&self, reply: RedisReply) -> Result<Vec<RedisEntry>, Error> {
        let mut entries = Vec::new();
        for item in reply.list() {
            let mut parts = item.list().into_iter();
            let id = parts.next().and_then(RedisReply::text);
            let id = RedisEntryId(id.ok_or_else(|| self.odd_answer())?);
            // An entry that was trimmed away while it was pending comes without fields.
            let mut words = parts
                .next()
                .map(RedisReply::list)
                .unwrap_or_default()
                .into_iter();
            let mut fields = Vec::new();
            while let (Some(name), Some(value)) = (words.next(), words.next()) {
                let pair = name.bytes().zip(value.bytes());
                fields.push(pair.ok_or_else(|| self.odd_answer())?);
            }
            entries.push(RedisEntry { id, fields });
        }
        Ok(entries)
    }
}

fn range(key: &str, from: &RedisEntryId, count: usize) -> redis::Cmd {
    let mut command = redis::cmd("XRANGE");
    command.arg(key).arg(from.as_str()).arg("+");
    command.arg("COUNT").arg(count);
    command
}
