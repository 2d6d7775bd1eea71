//! The commands on plain keys, and scripts.

use std::{
    sync::{OnceLock, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use redis::Cmd;

use super::{RedisLink, RedisReply, Repeat};
use crate::{Error, ErrorKind, RedisFault};

impl RedisLink {
    /// Asks for a sign of life.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn ping(&self) -> Result<(), Error> {
        self.ask(redis::cmd("PING"), Repeat::Safe).await.map(drop)
    }

    /// The value of `key`, if there is one.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        let mut command = redis::cmd("GET");
        command.arg(key);
        Ok(self.ask(command, Repeat::Safe).await?.bytes())
    }

    /// The values of `keys`, each in its place where there is one. Nothing is asked for none.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn get_many<K: AsRef<[u8]>>(&self, keys: &[K]) -> Result<Vec<Option<Bytes>>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("MGET");
        for key in keys {
            command.arg(key.as_ref());
        }
        let values = self.ask(command, Repeat::Safe).await?.list();
        if values.len() == keys.len() {
            Ok(values.into_iter().map(RedisReply::bytes).collect())
        } else {
            Err(self.odd_answer())
        }
    }

    /// Sets `key`, for ever or for `lifetime`, counted in whole milliseconds.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn set(
        &self,
        key: &str,
        value: &[u8],
        lifetime: Option<Duration>,
    ) -> Result<(), Error> {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(value);
        expire(&mut command, lifetime);
        self.ask(command, Repeat::Safe).await.map(drop)
    }

    /// Sets `key` unless it exists, and tells whether it did not. Never repeated by itself: after
    /// [`RedisFault::Lost`] or [`RedisFault::Deadline`] read the key to see whose value it has.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        lifetime: Option<Duration>,
    ) -> Result<bool, Error> {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(value).arg("NX");
        expire(&mut command, lifetime);
        let reply = self.ask(command, Repeat::Never).await?;
        Ok(reply != RedisReply::Nil)
    }

    /// Removes `key`, if it is there.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        let mut command = redis::cmd("DEL");
        command.arg(key);
        self.ask(command, Repeat::Safe).await.map(drop)
    }

    /// Publishes to all who subscribe to `channel` now, and tells how many they are. Never repeated
    /// by itself.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn publish(&self, channel: &str, payload: &[u8]) -> Result<u64, Error> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(payload);
        let reply = self.ask(command, Repeat::Never).await?;
        self.count(&reply)
    }

    /// Runs `script` with these keys and arguments: all of it at once, nothing of others between.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn run(
        &self,
        script: &RedisScript,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<RedisReply, Error> {
        self.run_on(script, keys, arguments).await
    }

    /// As [`run`](Self::run), for keys that are no texts.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn run_on<K: AsRef<[u8]>, A: AsRef<[u8]>>(
        &self,
        script: &RedisScript,
        keys: &[K],
        arguments: &[A],
    ) -> Result<RedisReply, Error> {
        let call = |by: &str, what: &str| {
            let mut command = redis::cmd(by);
            command.arg(what).arg(keys.len());
            for key in keys {
                command.arg(key.as_ref());
            }
            for argument in arguments {
                command.arg(argument.as_ref());
            }
            self.ask(command, script.repeat)
        };
        let digest = match script.digest() {
            Some(digest) => digest,
            None => {
                let mut load = redis::cmd("SCRIPT");
                load.arg("LOAD").arg(script.text);
                let digest = self.ask(load, Repeat::Safe).await?.text();
                let digest = digest.ok_or_else(|| self.odd_answer())?;
                script.learn(digest.clone());
                digest
            }
        };
        match call("EVALSHA", &digest).await {
            // With its keys it finds the node of a cluster that does not know it, which a load does not.
            Err(error) if says(&error, "NOSCRIPT") => call("EVAL", script.text).await,
            outcome => outcome,
        }
    }

    pub(super) fn count(&self, reply: &RedisReply) -> Result<u64, Error> {
        let count = reply.int().and_then(|count| u64::try_from(count).ok());
        count.ok_or_else(|| self.odd_answer())
    }

    pub(super) fn odd_answer(&self) -> Error {
        Error::redis(RedisFault::Answer, self.target(), None)
    }
}

/// A Lua script that runs within the server. Sent once to each server, named by its digest after.
///
/// ```
/// use ovenjs_net::RedisScript;
///
/// static TAKE: RedisScript = RedisScript::once("return redis.call('DECR', KEYS[1])");
/// ```
#[derive(Debug)]
pub struct RedisScript {
    text: &'static str,
    repeat: Repeat,
    digest: OnceLock<RwLock<String>>,
}

impl RedisScript {
    /// A script that must not be repeated when its answer is lost.
    #[must_use]
    pub const fn once(text: &'static str) -> Self {
        Self {
            text,
            repeat: Repeat::Never,
            digest: OnceLock::new(),
        }
    }

    /// A script that can be repeated: twice is the same as once.
    #[must_use]
    pub const fn repeatable(text: &'static str) -> Self {
        Self {
            text,
            repeat: Repeat::Safe,
            digest: OnceLock::new(),
        }
    }

    fn digest(&self) -> Option<String> {
        let known = self.digest.get()?;
        Some(known.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn learn(&self, digest: String) {
        let known = self.digest.get_or_init(RwLock::default);
        *known.write().unwrap_or_else(PoisonError::into_inner) = digest;
    }
}

/// Whether the server refused with this code.
pub(super) fn says(error: &Error, code: &str) -> bool {
    error.kind() == ErrorKind::Redis(RedisFault::Refused)
        && std::error::Error::source(error).is_some_and(|words| words.to_string().starts_with(code))
}

fn expire(command: &mut Cmd, lifetime: Option<Duration>) {
    if let Some(lifetime) = lifetime {
        // Nought is no lifetime to Redis.
        command.arg("PX").arg(millis(lifetime).max(1));
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
