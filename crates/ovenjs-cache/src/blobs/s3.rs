//! Objects in a bucket.

mod listing;
mod sign;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    Request, Response, StatusCode, Uri,
    header::{HOST, RANGE},
};
use http_body_util::Full;
use ovenjs_net::{Clock, Connector, SystemClock, Target};
use ovenjs_types::Secret;

use self::sign::{Draft, Signer};
use super::{
    BlobStore,
    http::{Failed, Http},
};
use crate::tiers::{Asked, StoreError, StoreFault};

/// A bucket of S3, or of what speaks like it: where it is, and by which key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct S3Config {
    /// The address of the service, as `https://s3.eu-central-1.amazonaws.com`. Buckets are parts of the path.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// What stands before each name, which is nothing, the default, or has parts as names have, each of which ends in
    /// `/`.
    pub prefix: String,
    /// The region that signatures name. Default: `us-east-1`, which most that are not Amazon's want.
    pub region: String,
    /// The access key: the half of the pair that is no secret.
    pub access_key: String,
    /// The secret half.
    pub secret: Secret,
    /// How long a call may take. Default: 30 s; more for large blobs over a slow line.
    pub deadline: Duration,
    /// Who knows the time, which signatures carry. Default: the machine's clock; more than a quarter of an hour off,
    /// and the service refuses.
    pub clock: Arc<dyn Clock>,
}

impl S3Config {
    /// A bucket, and the key that may read, write and list it.
    #[must_use]
    pub fn new(
        endpoint: impl Into<String>,
        bucket: impl Into<String>,
        access_key: impl Into<String>,
        secret: Secret,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            bucket: bucket.into(),
            prefix: String::new(),
            region: "us-east-1".to_owned(),
            access_key: access_key.into(),
            secret,
            deadline: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets what stands before each name.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the region.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Sets how long a call may take.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets who knows the time.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

/// A [`BlobStore`] in a bucket of S3, or of what speaks like it (MinIO, R2, Ceph).
///
/// A file is one object, written in one request: up to 5 GiB, which is the service's own bound, and within the
/// deadline. Requests are signed with version 4, their bodies too. Connections are kept for the next call.
///
/// ```no_run
/// use ovenjs_cache::blobs::{BlobStore, S3, S3Config};
/// use ovenjs_net::{Config, Connector};
/// use ovenjs_types::Secret;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let config = S3Config::new("https://s3.example", "bot", "AKIDEXAMPLE", Secret::new("…")).prefix("blobs/");
/// let bucket = S3::build(config, Connector::build(Config::new())?)?;
/// bucket.write("rye", "bread"[..].into()).await?;
/// # Ok(())
/// # }
/// ```
pub struct S3 {
    config: S3Config,
    target: Target,
    /// What the service calls itself, as requests name it.
    host: String,
    http: Http,
}

impl S3 {
    /// The bucket. It connects with the first call.
    ///
    /// # Errors
    ///
    /// [`StoreFault::Refused`]: the endpoint is no address or has a path, or is plain text to another machine than
    /// this one where the connector does not allow that; the prefix does not end in `/`, or has other letters than
    /// names have.
    pub fn build(config: S3Config, connector: Connector) -> Result<Self, StoreError> {
        let none = || refused("the endpoint is none: it is https://host or https://host:port");
        let uri: Uri = config.endpoint.parse().map_err(|_| none())?;
        let target = Target::from_uri(&uri).map_err(|_| none())?;
        let host = uri.authority().ok_or_else(none)?.as_str().to_owned();
        if uri.path() != "/" || uri.query().is_some() || host.contains('@') {
            return Err(none());
        }
        let prefix = config.prefix.strip_suffix('/');
        if !config.prefix.is_empty() && !prefix.is_some_and(super::store::is_name) {
            return Err(refused(
                "the prefix has other letters than a-z, 0-9, _, - and . or does not end in /",
            ));
        }
        connector
            .check(&target)
            .map_err(|error| StoreError::new(NAME, StoreFault::Refused).with_source(error))?;
        Ok(Self {
            http: Http::new(connector, config.deadline),
            config,
            target,
            host,
        })
    }

    async fn ask(
        &self,
        method: &str,
        name: &str,
        query: &[(&str, &str)],
        range: Option<String>,
        body: Bytes,
        limit: u64,
    ) -> Result<Response<Bytes>, StoreError> {
        let path = format!(
            "/{}{}{name}",
            self.config.bucket,
            if name.is_empty() { "" } else { "/" }
        );
        let path = sign::encoded(&path, "/");
        let since = self
            .config
            .clock
            .wall()
            .duration_since(std::time::UNIX_EPOCH);
        let stamp = sign::stamp(since.map_or(0, |since| since.as_secs()));
        let payload = sign::sha256(&body);
        let mut headers = vec![
            (HOST.as_str(), &*self.host),
            ("x-amz-content-sha256", &payload),
            ("x-amz-date", &stamp),
        ];
        headers.extend(range.as_deref().map(|range| (RANGE.as_str(), range)));
        let signer = Signer {
            access_key: &self.config.access_key,
            secret: self.config.secret.expose(),
            region: &self.config.region,
            service: "s3",
        };
        let authorization = signer.authorization(&Draft {
            method,
            path: &path,
            query,
            headers: &headers,
            payload: &payload,
            stamp: &stamp,
        });
        let uri = match &*sign::query(query) {
            "" => path.clone(),
            query => format!("{path}?{query}"),
        };
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers
            .into_iter()
            .chain([("authorization", &*authorization)])
        {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(body))
            .map_err(|_| refused("bucket, key or region have letters that no request can carry"))?;
        let answer = self.http.ask(&self.target, request, limit).await;
        answer.map_err(|failed| {
            let fault = match &failed {
                Failed::TooLarge => StoreFault::Refused,
                Failed::Net(_) | Failed::Http(_) | Failed::Late => StoreFault::Away,
            };
            StoreError::new(NAME, fault).with_source(failed)
        })
    }
}

impl BlobStore for S3 {
    fn write<'a>(&'a self, name: &'a str, bytes: Bytes) -> Asked<'a, ()> {
        Box::pin(async move {
            let name = self.named(name)?;
            let answer = self
                .ask("PUT", &name, &[], None, bytes, ANSWER_BYTES_MAX)
                .await?;
            match answer.status() {
                StatusCode::OK => Ok(()),
                _ => Err(said(&answer)),
            }
        })
    }

    fn read<'a>(&'a self, name: &'a str, from: u64, limit: usize) -> Asked<'a, Option<Bytes>> {
        Box::pin(async move {
            let name = self.named(name)?;
            // A range has at least one byte.
            let count = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
            let range = format!("bytes={from}-{}", from.saturating_add(count - 1));
            let most = count.max(ANSWER_BYTES_MAX);
            let answer = self
                .ask("GET", &name, &[], Some(range), Bytes::new(), most)
                .await?;
            match answer.status() {
                StatusCode::PARTIAL_CONTENT => {
                    let bytes = answer.into_body();
                    Ok(Some(bytes.slice(..limit.min(bytes.len()))))
                }
                // It ends before.
                StatusCode::RANGE_NOT_SATISFIABLE => Ok(Some(Bytes::new())),
                // A bucket that is not there is no file that is not there.
                StatusCode::NOT_FOUND if code(&answer).as_deref() != Some("NoSuchBucket") => {
                    Ok(None)
                }
                _ => Err(said(&answer)),
            }
        })
    }

    fn names<'a>(&'a self, prefix: &'a str) -> Asked<'a, Vec<(String, u64)>> {
        Box::pin(async move {
            let prefix = format!("{}{prefix}", self.config.prefix);
            let mut found = Vec::new();
            let mut next: Option<String> = None;
            loop {
                let mut query = vec![("list-type", "2"), ("prefix", &*prefix)];
                query.extend(next.as_deref().map(|next| ("continuation-token", next)));
                let answer = self
                    .ask("GET", "", &query, None, Bytes::new(), ANSWER_BYTES_MAX)
                    .await?;
                if answer.status() != StatusCode::OK {
                    return Err(said(&answer));
                }
                let listing = std::str::from_utf8(answer.body())
                    .ok()
                    .and_then(listing::read);
                let listing = listing.ok_or_else(|| {
                    refused("it answered with something else than a list: check the endpoint")
                })?;
                found.extend(listing.files.into_iter().filter_map(|(name, size)| {
                    let name = name.strip_prefix(&self.config.prefix)?;
                    Some((name.to_owned(), size))
                }));
                if listing.next.is_none() {
                    return Ok(found);
                }
                if listing.next == next {
                    return Err(refused("its list goes on with the page that it was"));
                }
                next = listing.next;
            }
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Asked<'a, ()> {
        Box::pin(async move {
            let name = self.named(name)?;
            let answer = self
                .ask("DELETE", &name, &[], None, Bytes::new(), ANSWER_BYTES_MAX)
                .await?;
            match answer.status() {
                StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
                StatusCode::NOT_FOUND if code(&answer).as_deref() != Some("NoSuchBucket") => Ok(()),
                _ => Err(said(&answer)),
            }
        })
    }
}

impl S3 {
    fn named(&self, name: &str) -> Result<String, StoreError> {
        if super::store::is_name(name) {
            Ok(format!("{}{name}", self.config.prefix))
        } else {
            Err(refused(
                "a file's name has other letters than a-z, 0-9, _, - and .",
            ))
        }
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("host", &self.host)
            .field("bucket", &self.config.bucket)
            .finish_non_exhaustive()
    }
}

/// What a refusal says: its status, and its code, in the service's words.
fn said(answer: &Response<Bytes>) -> StoreError {
    let code = code(answer);
    let fault = match (answer.status(), code.as_deref()) {
        (_, Some("RequestTimeTooSkewed" | "NoSuchBucket")) => StoreFault::Refused,
        (_, Some("InvalidAccessKeyId" | "SignatureDoesNotMatch"))
        | (StatusCode::UNAUTHORIZED, _) => StoreFault::Auth,
        (StatusCode::INSUFFICIENT_STORAGE, _) | (_, Some("QuotaExceeded")) => StoreFault::Full,
        (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, _) => StoreFault::Away,
        (status, _) if status.is_server_error() => StoreFault::Away,
        _ => StoreFault::Refused,
    };
    let code = code.unwrap_or_default();
    StoreError::new(NAME, fault).with_source(format!("{} {code}", answer.status().as_u16()))
}

/// The word that a refusal carries, if it is one and of a sensible length.
fn code(answer: &Response<Bytes>) -> Option<String> {
    let text = std::str::from_utf8(answer.body()).ok()?;
    let code = listing::element(text, "Code")?;
    let is_word = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then_some(code)
}

fn refused(note: &'static str) -> StoreError {
    StoreError::new(NAME, StoreFault::Refused).with_source(note)
}

const NAME: &str = "bucket";

/// How long an answer that is no file may be: a list has a thousand names of at most a kilobyte, and as much beside.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
