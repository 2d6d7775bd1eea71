//! Where blobs come from: other people's servers, by HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{
    Request, Response, StatusCode, Uri,
    header::{CONTENT_TYPE, HOST, HeaderName, LOCATION, RETRY_AFTER, USER_AGENT},
};
use http_body_util::Full;
use ovenjs_net::{Connector, Target};

use super::{
    Asset, BlobError, BlobErrorKind,
    http::{Failed, Http},
};

/// Where blobs are fetched from, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginConfig {
    /// The hosts that may be asked, and led to by others. Default: Discord's, `cdn.discordapp.com` and
    /// `media.discordapp.net`. Add none that a user names: who can ask for any address can ask for those of your network.
    pub hosts: Vec<String>,
    /// How many bytes a blob may have. Default: 32 MiB; of those that are fetched, up to [`FETCHES_MAX`] are in memory.
    pub bytes: u64,
    /// How long a fetch may take from step to step of where it is led. Default: 20 s.
    pub deadline: Duration,
}

impl OriginConfig {
    /// The defaults named at each field.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hosts: ["cdn.discordapp.com", "media.discordapp.net"]
                .map(str::to_owned)
                .into(),
            bytes: 32 << 20,
            deadline: Duration::from_secs(20),
        }
    }

    /// Sets the hosts that may be asked.
    #[must_use]
    pub fn hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how many bytes a blob may have.
    #[must_use]
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets how long a fetch may take.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl Default for OriginConfig {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
pub(super) struct Origin {
    hosts: Vec<String>,
    bytes: u64,
    http: Http,
}

/// What came, and of which type it is said to be.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) bytes: Bytes,
    pub(super) kind: Option<String>,
}

impl Origin {
    pub(super) fn new(config: OriginConfig, connector: Connector) -> Self {
        Self {
            hosts: config.hosts,
            bytes: config.bytes,
            http: Http::new(connector, config.deadline),
        }
    }

    pub(super) const fn bytes_max(&self) -> u64 {
        self.bytes
    }

    /// What is at this address; nothing, where its host says so.
    pub(super) async fn fetch(&self, address: &str) -> Result<Option<Fetched>, BlobError> {
        let mut address = address.to_owned();
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.ask(&address).await?;
            let status = answer.status();
            match status {
                StatusCode::OK => {
                    let kind =
                        header(&answer, &CONTENT_TYPE).filter(|kind| kind.len() <= KIND_BYTES_MAX);
                    return Ok(Some(Fetched {
                        kind: kind.map(str::to_owned),
                        bytes: answer.into_body(),
                    }));
                }
                // Discord's CDN answers so to an address that has ended, too.
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
                _ if status.is_redirection() => {
                    address = next(&address, header(&answer, &LOCATION))?;
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                    return Err(away(&answer));
                }
                _ if status.is_server_error() => return Err(away(&answer)),
                _ => {
                    return Err(BlobError::new(
                        BlobErrorKind::Refused,
                        format!("the blob's origin refused it with {}", status.as_u16()),
                    ));
                }
            }
        }
        Err(BlobError::new(
            BlobErrorKind::Refused,
            "the blob's origin leads from one address to the next without an end",
        ))
    }

    async fn ask(&self, address: &str) -> Result<Response<Bytes>, BlobError> {
        // Whatever leads there, plain text goes to this machine alone.
        Asset::at(address)?;
        let none = || BlobError::new(BlobErrorKind::Address, "the address of the blob is none");
        let uri: Uri = address.parse().map_err(|_| none())?;
        let target = Target::from_uri(&uri).map_err(|_| none())?;
        let is_allowed = |host: &String| host.eq_ignore_ascii_case(&target.host);
        if !self.hosts.iter().any(is_allowed) {
            return Err(BlobError::new(
                BlobErrorKind::Address,
                "the blob's host is none that may be asked: add it to `OriginConfig::hosts` if you trust it",
            ));
        }
        let host = uri.authority().ok_or_else(none)?.as_str();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path)
            .header(HOST, host)
            .header(USER_AGENT, ovenjs_net::USER_AGENT)
            .body(Full::new(Bytes::new()))
            .map_err(|_| none())?;
        let answer = self.http.ask(&target, request, self.bytes).await;
        answer.map_err(|failed| match failed {
            Failed::TooLarge => BlobError::new(
                BlobErrorKind::TooLarge,
                format!(
                    "the blob has more than {} bytes: `OriginConfig::bytes` is the bound",
                    self.bytes
                ),
            ),
            failed => {
                let note = "the blob's origin does not answer: check its address and the network";
                BlobError::with_source(BlobErrorKind::Away, note, failed, None)
            }
        })
    }
}

/// Where an answer leads to.
fn next(from: &str, location: Option<&str>) -> Result<String, BlobError> {
    let nowhere = || {
        BlobError::new(
            BlobErrorKind::Refused,
            "the blob's origin leads to no address",
        )
    };
    let location = location.ok_or_else(nowhere)?;
    if !location.starts_with('/') {
        return Ok(location.to_owned());
    }
    let uri: Uri = from.parse().map_err(|_| nowhere())?;
    let scheme = uri.scheme_str().unwrap_or("https");
    if location.starts_with("//") {
        return Ok(format!("{scheme}:{location}"));
    }
    let host = uri.authority().ok_or_else(nowhere)?;
    Ok(format!("{scheme}://{host}{location}"))
}

fn away(answer: &Response<Bytes>) -> BlobError {
    let wait = header(answer, &RETRY_AFTER).and_then(|wait| wait.parse().ok());
    BlobError::with_source(
        BlobErrorKind::Away,
        "the blob's origin does not serve it now",
        format!("it answered with {}", answer.status().as_u16()),
        wait.map(Duration::from_secs),
    )
}

fn header<'a>(answer: &'a Response<Bytes>, name: &HeaderName) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// How many blobs are fetched at once; with [`OriginConfig::bytes`] it bounds the memory that they take meanwhile.
pub const FETCHES_MAX: usize = 8;

/// How often a fetch is led elsewhere: CDNs do so once, from a short address or to another region.
const REDIRECTS_MAX: usize = 3;

/// How long the name of a type may be that is remembered: those that are registered have up to some eighty bytes.
const KIND_BYTES_MAX: usize = 128;
