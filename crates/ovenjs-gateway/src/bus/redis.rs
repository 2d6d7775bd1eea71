//! A room in a Redis: one channel for all, and one for each member's answers.

use std::sync::{Arc, atomic::AtomicU64};

use bytes::Bytes;
use ovenjs_net::{RedisHeard, RedisLink, RedisSubscription};

use super::room::{Ear, Heard, Hearing, Sending, To, WIRE_QUEUE, Wire};
use crate::Error;

pub(super) async fn join(
    link: &RedisLink,
    room: &str,
    inbox: &str,
) -> Result<(RedisWire, RedisEar), Error> {
    let wire = RedisWire {
        link: link.clone(),
        all: format!("ovenjs:bus:{room}:all"),
        prefix: format!("ovenjs:bus:{room}:in:"),
        inbox: inbox.to_owned(),
    };
    let own = wire.channel(To::Inbox(inbox));
    let channels = [wire.all.as_str(), own.as_str()];
    let heard = link.subscribe(&channels, WIRE_QUEUE).await;
    let heard = heard.map_err(Error::link)?;
    Ok((wire, RedisEar(heard)))
}

#[derive(Debug)]
pub(super) struct RedisWire {
    link: RedisLink,
    all: String,
    prefix: String,
    inbox: String,
}

impl RedisWire {
    fn channel(&self, to: To<'_>) -> String {
        match to {
            To::All => self.all.clone(),
            To::Inbox(inbox) => format!("{}{inbox}", self.prefix),
        }
    }
}

impl Wire for RedisWire {
    fn inbox(&self) -> &str {
        &self.inbox
    }

    fn send<'a>(&'a self, to: To<'a>, frame: Bytes) -> Sending<'a> {
        Box::pin(async move {
            let channel = self.channel(to);
            let sent = self.link.publish(&channel, &frame).await;
            sent.map(drop).map_err(Error::link)
        })
    }
}

#[derive(Debug)]
pub(super) struct RedisEar(RedisSubscription);

impl Ear for RedisEar {
    fn hear(&mut self) -> Hearing<'_> {
        Box::pin(async {
            Some(match self.0.next().await? {
                RedisHeard::Message { payload, .. } => Heard::Frame(payload),
                _ => Heard::Interrupted,
            })
        })
    }

    fn lagged(&self) -> Arc<AtomicU64> {
        self.0.lag()
    }
}
