//! The wires: one listener on the loopback, pipes within the process, HTTP/1.1, websockets, and a timer. Nothing is decided
//! here.

mod body;
mod control;
mod post;
mod socket;
mod wire;

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    pin::pin,
    str::FromStr as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use fastwebsockets::upgrade;
use http::{Method, Request, Response, StatusCode, header, uri::Authority};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::DuplexStream,
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    failure::Failure,
    protocol::Admission,
    rest::{self, Body, Reply},
    shared::Shared,
};

use body::Payload;
use wire::Wire;

/// A connection on its way from HTTP to the gateway.
struct Upgrade {
    future: upgrade::UpgradeFut,
    path: String,
    query: String,
}

/// The outside of the box in the same process: whoever has it can connect.
#[derive(Clone, Debug)]
pub(crate) struct Door(mpsc::Sender<DuplexStream>);

impl Door {
    /// A door, and the box's side of it.
    pub(crate) fn new() -> (Self, mpsc::Receiver<DuplexStream>) {
        let (door, visitors) = mpsc::channel(MAX_VISITORS);
        (Self(door), visitors)
    }

    /// A stream to the box. Where the box is gone, or too many wait to be let in, it has an end and
    /// no more.
    pub(crate) fn open(&self) -> DuplexStream {
        let (outside, inside) = tokio::io::duplex(PIPE);
        // What could not be handed over is dropped, which is the end that the caller sees.
        let _ = self.0.try_send(inside);
        outside
    }
}

/// Serves until `stop` changes.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    listener: Option<TcpListener>,
    mut visitors: mpsc::Receiver<DuplexStream>,
    mut stop: watch::Receiver<bool>,
) {
    let mut tasks = JoinSet::new();
    tasks.spawn(keep_time(Arc::clone(&shared)));
    tasks.spawn(post::deliver(Arc::clone(&shared)));
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = tasks.join_next(), if tasks.len() > 2 => {}
            Some(stream) = visitors.recv(), if tasks.len() < MAX_SOCKETS => {
                tasks.spawn(serve_stream(Arc::clone(&shared), stream));
            }
            accepted = accept(listener.as_ref()), if tasks.len() < MAX_SOCKETS => {
                match accepted {
                    Ok(stream) => {
                        // Small frames must not wait for each other. A socket that refuses the
                        // option still works.
                        let _ = stream.set_nodelay(true);
                        tasks.spawn(serve_stream(Arc::clone(&shared), stream));
                    }
                    // A connection that failed before it was accepted is its client's loss. Where
                    // no descriptor is left, asking again at once would only spin.
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
            }
        }
    }
    tasks.shutdown().await;
}

async fn accept(listener: Option<&TcpListener>) -> std::io::Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

/// Does what is due: silent clients are cut off, old sessions forgotten.
async fn keep_time(shared: Arc<Shared>) {
    loop {
        let deadline = shared.look(|backend| backend.deadline());
        let due = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.hurried.notified() => {}
            () = due => shared.with(|backend, now| backend.expire(now)),
        }
    }
}

/// One connection: requests, and at their end perhaps a websocket.
async fn serve_stream<W: Wire>(shared: Arc<Shared>, stream: W) {
    let upgraded: Mutex<Option<Upgrade>> = Mutex::new(None);
    {
        let service = service_fn(|request| answer(&shared, &upgraded, request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS)
            .keep_alive(true)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        // A broken connection is the client's affair.
        let _ = connection.as_mut().await;
    }
    let upgraded = upgraded
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(Upgrade {
        future,
        path,
        query,
    }) = upgraded
        && let Ok(socket) = future.await
        && let Ok(parts) = socket.into_inner().into_inner().downcast::<TokioIo<W>>()
    {
        let (stream, begun) = (parts.io.into_inner(), parts.read_buf);
        socket::serve(&shared, stream, &begun, &path, &query).await;
    }
}

async fn answer(
    shared: &Arc<Shared>,
    upgraded: &Mutex<Option<Upgrade>>,
    mut request: Request<Incoming>,
) -> Result<Response<Payload>, Infallible> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    if is_foreign(&request) {
        return Ok(plain(
            StatusCode::FORBIDDEN,
            "the box is for this machine and its own page",
        ));
    }
    if upgrade::is_upgrade_request(&request) {
        let path = request.uri().path().to_owned();
        if !shared.look(|backend| backend.gateway.has_path(&path)) {
            return Ok(plain(StatusCode::NOT_FOUND, "the gateway is not here"));
        }
        match shared.with(|backend, now| backend.admit(now)) {
            Admission::Open => {}
            Admission::Refused(status) => {
                let status = StatusCode::from_u16(status);
                return Ok(plain(
                    status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
                    "the mock was told to",
                ));
            }
            // The client has the deadline.
            Admission::Hangs => std::future::pending().await,
        }
        return Ok(match upgrade::upgrade(&mut request) {
            Ok((response, future)) => {
                *upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Upgrade {
                    future,
                    path,
                    query,
                });
                response.map(|_| Payload::from(Bytes::new()))
            }
            Err(_) => plain(StatusCode::BAD_REQUEST, "this is no websocket handshake"),
        });
    }
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect();
    let body = match tokio::time::timeout(BODY, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return Ok(respond(rest::refuse(&Failure::too_large())));
        }
        Err(_) => return Ok(plain(StatusCode::REQUEST_TIMEOUT, "Request timeout")),
    };
    let path = parts.uri.path();
    Ok(match path {
        "/" if parts.method == Method::GET => page(),
        _ if path.starts_with("/_mock/") => {
            control::answer(shared, &parts.method, path, &query, &body).await
        }
        _ if path.starts_with("/attachments/") => attachment(shared, path),
        _ => {
            let text = |name: header::HeaderName| {
                parts
                    .headers
                    .get(name)
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned)
            };
            let reason = parts.headers.get("x-audit-log-reason");
            let request = rest::Request {
                method: parts.method.to_string(),
                path: path.to_owned(),
                query,
                authorization: text(header::AUTHORIZATION),
                user_agent: text(header::USER_AGENT),
                reason: reason
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned),
                form: rest::Form::read(text(header::CONTENT_TYPE).as_deref(), &body),
            };
            let menu = shared.look(|backend| backend.faults.menu);
            pause(menu.request_latency_ms).await;
            for check in shared.with(|backend, now| backend.questions(now, &request)) {
                // The verdict, or that there is none, is read with the request.
                let _ = shared.end_of_check(check).await;
            }
            let reply = shared.with(|backend, now| backend.request(now, request));
            pause(menu.answer_latency_ms).await;
            respond(reply)
        }
    })
}

/// Lets a message travel.
async fn pause(ms: u32) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms.into())).await;
    }
}

fn respond(reply: Reply) -> Response<Payload> {
    let (content_type, body) = match reply.body {
        Body::Empty => (None, Bytes::new()),
        Body::Json(value) => (Some("application/json"), value.to_string().into()),
        Body::Html(text) => (Some("text/html"), text.into()),
        Body::Csv(text) => (Some("text/csv"), text.into()),
        Body::Png(bytes) => (Some("image/png"), Bytes::from_static(bytes)),
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    if let Some(content_type) = content_type {
        response = response.header(header::CONTENT_TYPE, content_type);
    }
    let body = Payload::delivered(body, reply.delivery);
    response.body(body).unwrap_or_else(|_| {
        plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the answer cannot be written",
        )
    })
}

fn page() -> Response<Payload> {
    let mut response = Response::new(Payload::from(Bytes::from_static(PAGE.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        header::HeaderValue::from_static(PAGE_POLICY),
    );
    response
}

fn attachment(shared: &Shared, path: &str) -> Response<Payload> {
    let id = path.split('/').nth(3).and_then(|id| id.parse::<u64>().ok());
    let file = shared.look(|backend| id.and_then(|id| backend.world.files.get(&id).cloned()));
    let Some(file) = file else {
        return plain(StatusCode::NOT_FOUND, "no such attachment");
    };
    Response::builder()
        .header(
            header::CONTENT_TYPE,
            file.content_type
                .as_deref()
                .unwrap_or("application/octet-stream"),
        )
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_SECURITY_POLICY, "sandbox")
        .body(Payload::from(file.bytes))
        .unwrap_or_else(|_| {
            plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the file cannot be shown",
            )
        })
}

/// A page of another origin must not play the box's users, nor its bot, whose token may be known.
///
/// Browsers name the origin on every request that can act and on every websocket handshake; bots
/// name none. A page whose name was pointed at this machine gives itself away by the name.
fn is_foreign(request: &Request<Incoming>) -> bool {
    let text = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value: &header::HeaderValue| value.to_str().ok())
    };
    let host = text(header::HOST).unwrap_or_default();
    let name = Authority::from_str(host);
    let local = name.is_ok_and(|name| {
        matches!(name.host(), "localhost" | "[::1]") || is_loopback_address(name.host())
    });
    match text(header::ORIGIN) {
        Some(origin) => !local || origin != format!("http://{host}"),
        // A bot may know the box under another name; the control interface is not for bots.
        None => !local && request.uri().path().starts_with("/_mock/"),
    }
}

fn is_loopback_address(host: &str) -> bool {
    host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
}

fn plain(status: StatusCode, text: &'static str) -> Response<Payload> {
    let mut response = Response::new(Payload::from(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

const PAGE: &str = include_str!("../page/index.html");

/// The page runs its own script and talks to its own server; nothing else is loaded.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                           connect-src 'self'; img-src * data:; form-action 'none'; base-uri 'none'";

/// Discord's own limit on a request with attachments for a bot in an unboosted guild is 10 MiB per
/// file; ten files and their JSON fit here.
const MAX_BODY: usize = 101 * 1024 * 1024;

/// The pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Pipes that wait to be let in: a client opens them one by one, and the box lets them in as soon as
/// it is polled.
const MAX_VISITORS: usize = 1024;

/// Bytes that a pipe holds, as much as a socket's usual buffer.
const PIPE: usize = 64 * 1024;

/// Sockets that are open at once; further ones wait to be accepted.
const MAX_SOCKETS: usize = 4096;

/// How long the head of a request may take, so that clients which never finish one do not occupy
/// every socket. A connection that is kept alive may be silent for as long.
const HEADERS: Duration = Duration::from_secs(120);

/// How long the body of a request may take; loopback moves the largest in a second.
const BODY: Duration = Duration::from_secs(30);
