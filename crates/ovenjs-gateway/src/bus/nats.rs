//! A room in NATS: one subject for all, and one for each member's answers.

use std::sync::{Arc, atomic::AtomicU64};

use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::watch;

use super::room::{Ear, Heard, Hearing, Sending, To, Wire};
use crate::{Error, NatsLink};

pub(super) async fn join(
    link: &NatsLink,
    room: &str,
    inbox: &str,
) -> Result<(NatsWire, NatsEar), Error> {
    let wire = NatsWire {
        link: link.clone(),
        all: format!("ovenjs.bus.{room}.all"),
        prefix: format!("ovenjs.bus.{room}.in."),
        inbox: inbox.to_owned(),
    };
    let interruptions = link.interruptions();
    let all = link.subscribe(&wire.all).await?;
    let mut own = link.subscribe(&wire.subject(To::Inbox(inbox))).await?;
    // A server takes subscriptions in order: once this came back, both are there.
    wire.send(To::Inbox(inbox), Bytes::new()).await?;
    link.within(own.next()).await?;
    let lagged = link.lag();
    let ear = NatsEar {
        all,
        own,
        interruptions,
        lagged,
    };
    Ok((wire, ear))
}

#[derive(Debug)]
pub(super) struct NatsWire {
    link: NatsLink,
    all: String,
    prefix: String,
    inbox: String,
}

impl NatsWire {
    fn subject(&self, to: To<'_>) -> String {
        match to {
            To::All => self.all.clone(),
            To::Inbox(inbox) => format!("{}{inbox}", self.prefix),
        }
    }
}

impl Wire for NatsWire {
    fn inbox(&self) -> &str {
        &self.inbox
    }

    fn send<'a>(&'a self, to: To<'a>, frame: Bytes) -> Sending<'a> {
        Box::pin(async move { self.link.publish(self.subject(to), frame).await })
    }
}

#[derive(Debug)]
pub(super) struct NatsEar {
    all: Subscriber,
    own: Subscriber,
    interruptions: watch::Receiver<u64>,
    lagged: Arc<AtomicU64>,
}

impl Ear for NatsEar {
    fn hear(&mut self) -> Hearing<'_> {
        Box::pin(async {
            let message = tokio::select! {
                message = self.all.next() => message,
                message = self.own.next() => message,
                Ok(()) = self.interruptions.changed() => return Some(Heard::Interrupted),
            };
            message.map(|message| Heard::Frame(message.payload))
        })
    }

    fn lagged(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lagged)
    }
}
