//! The payloads that the session itself reads and writes.

use std::{borrow::Cow, time::Duration};

use ovenjs_types::{IdentifyProperties, UpdatePresence};
use serde::{Deserialize, Serialize};

/// Of hello, what we need.
#[derive(Deserialize)]
pub(super) struct Hello {
    heartbeat_interval: u64,
}

impl Hello {
    /// How often Discord wants a heartbeat.
    pub(super) fn interval(data: &[u8]) -> Option<Duration> {
        serde_json::from_slice(data)
            .ok()
            .map(|hello: Self| Duration::from_millis(hello.heartbeat_interval))
    }
}

/// Of READY, what a later resume needs. The rest is the consumer's.
#[derive(Default, Deserialize)]
pub(super) struct ReadyHead<'a> {
    #[serde(borrow)]
    pub(super) session_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) resume_gateway_url: Option<Cow<'a, str>>,
}

impl<'a> ReadyHead<'a> {
    /// Reads what there is: a READY that does not fit still begins a session, if one that cannot
    /// be resumed.
    pub(super) fn read(data: &'a [u8]) -> Self {
        serde_json::from_slice(data).unwrap_or_default()
    }
}

#[derive(Serialize)]
pub(super) struct ResumeFrame<'a> {
    pub(super) token: &'a str,
    pub(super) session_id: &'a str,
    pub(super) seq: u64,
}

#[derive(Serialize)]
pub(super) struct Identify<'a> {
    pub(super) token: &'a str,
    pub(super) intents: u64,
    pub(super) shard: [u32; 2],
    pub(super) properties: &'a IdentifyProperties,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) large_threshold: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence: Option<&'a UpdatePresence>,
}
