//! A bucket of S3 on this machine, which looks at each signature.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use ovenjs_cache::blobs::{S3, S3Config};
use ring::{digest, hmac};

use super::{
    connector,
    server::{Answer, Request, Server},
};

pub(super) struct Bucket {
    server: Server,
    state: Arc<State>,
}

struct State {
    secret: String,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    refused: AtomicUsize,
    is_broken: AtomicBool,
}

impl Bucket {
    pub(super) const KEY_ID: &'static str = "AKIDEXAMPLE";

    pub(super) async fn start(secret: &str) -> Self {
        let state = Arc::new(State {
            secret: secret.to_owned(),
            objects: Mutex::default(),
            refused: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
        });
        let answering = Arc::clone(&state);
        Self {
            server: Server::start(move |request| answering.answer(request)).await,
            state,
        }
    }

    pub(super) fn endpoint(&self) -> String {
        self.server.at("")
    }

    pub(super) fn store(&self, secret: &str) -> S3 {
        let config = S3Config::new(self.endpoint(), "loaves", Self::KEY_ID, secret.into());
        S3::build(config.prefix("bot/").region("eu-test-1"), connector()).unwrap()
    }

    pub(super) fn requests(&self) -> usize {
        self.server.requests()
    }

    pub(super) fn connections(&self) -> usize {
        self.server.connections()
    }

    pub(super) fn refused(&self) -> usize {
        self.state.refused.load(Ordering::SeqCst)
    }

    pub(super) fn break_down(&self, is_broken: bool) {
        self.state.is_broken.store(is_broken, Ordering::SeqCst);
    }
}

impl State {
    fn answer(&self, request: &Request) -> Answer {
        let refusal =
            |status, code: &str| Answer::new(status, format!("<Error><Code>{code}</Code></Error>"));
        if self.is_broken.load(Ordering::SeqCst) {
            return refusal(503, "SlowDown");
        }
        if !is_signed(request, &self.secret) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return refusal(403, "SignatureDoesNotMatch");
        }
        let path = request.path.strip_prefix("/loaves");
        let Some(path) = path.filter(|path| path.is_empty() || path.starts_with('/')) else {
            return refusal(404, "NoSuchBucket");
        };
        let name = path.trim_start_matches('/').to_owned();
        let mut objects = self.objects.lock().unwrap();
        match (&*request.method, &*name) {
            ("GET", "") => list(&objects, request),
            ("GET", name) => match objects.get(name) {
                None => refusal(404, "NoSuchKey"),
                Some(bytes) => ranged(bytes, request),
            },
            ("PUT", _) => {
                objects.insert(name, request.body.clone());
                Answer::new(200, "")
            }
            ("DELETE", name) => {
                objects.remove(name);
                Answer::new(204, "")
            }
            _ => refusal(405, "MethodNotAllowed"),
        }
    }
}

fn ranged(bytes: &[u8], request: &Request) -> Answer {
    let range = request
        .header("range")
        .unwrap()
        .strip_prefix("bytes=")
        .unwrap();
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    if from >= bytes.len() {
        return Answer::new(416, "<Error><Code>InvalidRange</Code></Error>");
    }
    Answer::new(206, bytes[from..bytes.len().min(to + 1)].to_vec())
}

/// Two names a page.
fn list(objects: &BTreeMap<String, Vec<u8>>, request: &Request) -> Answer {
    assert_eq!(request.query("list-type").as_deref(), Some("2"));
    let prefix = request.query("prefix").unwrap();
    let after = request.query("continuation-token");
    let after = after.map(|token| token.strip_prefix("after+&=").unwrap().to_owned());
    let mut found = objects.iter().filter(|(name, _)| {
        name.starts_with(&prefix) && after.as_ref().is_none_or(|after| *name > after)
    });
    let page: Vec<_> = found.by_ref().take(2).collect();
    let mut text = String::from("<?xml version=\"1.0\"?><ListBucketResult>");
    for (name, bytes) in &page {
        text += &format!(
            "<Contents><Key>{name}</Key><Size>{}</Size></Contents>",
            bytes.len()
        );
    }
    let is_cut = found.next().is_some();
    text += &format!("<IsTruncated>{is_cut}</IsTruncated>");
    if let Some((name, _)) = page.last().filter(|_| is_cut) {
        text += &format!("<NextContinuationToken>after+&amp;={name}</NextContinuationToken>");
    }
    Answer::new(200, text + "</ListBucketResult>")
}

/// Whether the request says who sent it, reckoned from what came over the wire: the path and the query as they stand
/// there, and those headers that the signature names.
fn is_signed(request: &Request, secret: &str) -> bool {
    let authorization = request.header("authorization").unwrap();
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").unwrap();
    let mut fields = fields
        .split(',')
        .map(|field| field.trim().split_once('=').unwrap());
    let mut field = |name| {
        let (found, value) = fields.next().unwrap();
        assert_eq!(found, name);
        value
    };
    let (credential, named, signature) = (
        field("Credential"),
        field("SignedHeaders"),
        field("Signature"),
    );
    let (key_id, scope) = credential.split_once('/').unwrap();
    let body = hex(digest::digest(&digest::SHA256, &request.body).as_ref());
    for must in ["host", "x-amz-content-sha256", "x-amz-date"] {
        assert!(
            named.split(';').any(|name| name == must),
            "{must} is signed"
        );
    }
    let mut query: Vec<_> = request
        .raw_query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .collect();
    query.sort_unstable();
    let mut text = [&*request.method, &*request.path, &*query.join("&"), ""].join("\n");
    for name in named.split(';') {
        text += &format!("{name}:{}\n", request.header(name).unwrap());
    }
    text += &format!("\n{named}\n{body}");
    let stamp = request.header("x-amz-date").unwrap();
    let text = hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{text}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes())
            .as_ref()
            .to_vec();
    }
    let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
    key_id == Bucket::KEY_ID
        && request.header("x-amz-content-sha256") == Some(&body)
        && scope.starts_with(&stamp[..8])
        && signature == hex(expected.as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
