//! The client over TLS, with each of its protocols.

#[cfg(feature = "http2")]
use std::sync::Mutex;
use std::{
    convert::Infallible,
    future::IntoFuture as _,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
#[cfg(feature = "http2")]
use ovenjs_net::Dialer;
use ovenjs_net::{Resolve, Resolving};
use ovenjs_rest::{Client, ErrorKind, Live};
use rustls::pki_types::PrivateKeyDer;
#[cfg(feature = "http2")]
use tokio::{io::duplex, sync::watch};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    net::TcpListener,
    sync::{Notify, mpsc},
    task::JoinSet,
};

use crate::{canary::Told, server::TOKEN};

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    let newest = if cfg!(feature = "http2") {
        "HTTP/2.0"
    } else {
        "HTTP/1.1"
    };
    for (alpn, spoken) in [(&b"h2"[..], newest), (&b"http/1.1"[..], "HTTP/1.1")] {
        if alpn == b"h2" && spoken == "HTTP/1.1" {
            continue;
        }
        let server = Server::start(alpn).await;
        let user = server.client(true).current_user().await.unwrap();
        assert_eq!(user.username, spoken);
    }
}

/// hyper, h2 and rustls log as well, down to frames and headers.
#[tokio::test]
async fn no_protocol_logs_the_token() {
    for alpn in [&b"h2"[..], &b"http/1.1"[..]] {
        let told = Told::default();
        let _guard = told.hear();
        let server = Server::start(alpn).await;
        let user = server.client(true).current_user().await.unwrap();
        told.note(&format!("{user:?}"));
        told.has_none_of(&["c4nary"]);
    }
}

#[tokio::test]
async fn a_stranger_in_discords_place_gets_nothing() {
    let server = Server::start(b"http/1.1").await;
    let client = server.client(false);
    client.apply(Live::new().retries(0));
    let error = client.current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().contains("TLS failed"), "{error}");
    assert!(error.to_string().contains("discord.example:443"), "{error}");
}

/// A server that is about to go says so (GOAWAY): what it has begun it ends, and the rest goes over
/// another connection.
#[cfg(feature = "http2")]
#[tokio::test]
async fn a_server_that_says_goodbye_loses_no_call() {
    let server = Server::leaving(b"h2", 5).await;
    let client = server.client(true);
    let mut done = 0;
    for _ in 0..10 {
        let calls = (0..8).map(|_| client.current_user().fresh().into_future());
        for user in futures_util::future::join_all(calls).await {
            assert_eq!(user.unwrap().username, "HTTP/2.0");
            done += 1;
        }
    }
    assert_eq!(done, 80);
    let outlet = &client.stats().outlets[0];
    assert!(outlet.opened > 5, "{outlet:?}");
    assert_eq!(
        (
            outlet.busy,
            outlet.opening,
            outlet.waiting,
            outlet.in_flight
        ),
        (0, 0, 0, 0)
    );
    assert_eq!(
        (client.stats().limits.permits, client.stats().failed),
        (0, 0)
    );
}

/// Over HTTP/2 everything goes through one connection. When its path dies without a word, the kernel
/// would go on trying for a quarter of an hour.
#[cfg(feature = "http2")]
#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_left_within_one_call() {
    let server = Server::start(b"h2").await;
    let relay = Arc::new(Relay::before(&server));
    let dialing = Arc::clone(&relay);
    let net = server
        .net(true)
        .dialer(Dialer::new(move |_| dialing.dial()));
    let client = client(net);
    client.current_user().await.unwrap();
    assert_eq!(relay.calls.load(Ordering::Relaxed), 1);
    relay.freeze.send_replace(true);
    client.current_user().await.unwrap();
    assert_eq!(relay.calls.load(Ordering::Relaxed), 2);
}

/// Carries bytes to and fro; told to freeze, it keeps its connections and carries nothing more.
/// Later connections pass. It is made of pipes, so that a paused clock waits for whatever is under way.
#[cfg(feature = "http2")]
struct Relay {
    door: mpsc::Sender<DuplexStream>,
    calls: AtomicUsize,
    freeze: watch::Sender<bool>,
    carrying: Mutex<JoinSet<()>>,
}

#[cfg(feature = "http2")]
impl Relay {
    fn before(server: &Server) -> Self {
        Self {
            door: server.door.clone(),
            calls: AtomicUsize::new(0),
            freeze: watch::channel(false).0,
            carrying: Mutex::default(),
        }
    }

    fn dial(&self) -> DuplexStream {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let (near, mut near_end) = duplex(ROOM);
        let (mut far_end, far) = duplex(ROOM);
        self.door.try_send(far).unwrap();
        let mut frozen = self.freeze.subscribe();
        let was_frozen = *frozen.borrow();
        self.carrying.lock().unwrap().spawn(async move {
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near_end, &mut far_end) => {}
                () = async { drop(frozen.wait_for(|now| *now).await) }, if !was_frozen => {
                    std::future::pending().await
                }
            }
        });
        near
    }
}

/// What a pipe holds.
const ROOM: usize = 64 * 1024;

/// A server that answers every request with a user named after the protocol spoken.
struct Server {
    address: SocketAddr,
    root: Vec<u8>,
    /// Another way in, without a socket.
    #[cfg_attr(not(feature = "http2"), expect(dead_code, reason = "for HTTP/2 alone"))]
    door: mpsc::Sender<DuplexStream>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start(alpn: &'static [u8]) -> Self {
        Self::leaving(alpn, usize::MAX).await
    }

    /// Says goodbye on each connection after so many requests.
    async fn leaving(alpn: &'static [u8], after: usize) -> Self {
        let made = rcgen::generate_simple_self_signed(["discord.example".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![alpn.to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (door, mut calls) = mpsc::channel(16);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let stream: Box<dyn Pipe> = tokio::select! {
                    accepted = listener.accept() => Box::new(accepted.unwrap().0),
                    Some(stream) = calls.recv() => Box::new(stream),
                };
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let stream = TokioIo::new(stream);
                    // How a connection ends is no concern of these stories.
                    let _ = if alpn == b"h2" {
                        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let (asked, enough) = (AtomicUsize::new(0), Arc::new(Notify::new()));
                        let goodbye = Arc::clone(&enough);
                        let service = service_fn(move |request| {
                            if asked.fetch_add(1, Ordering::Relaxed) + 1 == after {
                                enough.notify_one();
                            }
                            answer(request)
                        });
                        let mut connection =
                            std::pin::pin!(server.serve_connection(stream, service));
                        tokio::select! {
                            ended = connection.as_mut() => ended,
                            () = goodbye.notified() => {
                                connection.as_mut().graceful_shutdown();
                                connection.await
                            }
                        }
                    } else {
                        let server = hyper::server::conn::http1::Builder::new();
                        server.serve_connection(stream, service_fn(answer)).await
                    };
                });
            }
        });
        Self {
            address,
            root: made.cert.der().to_vec(),
            door,
            _tasks: tasks,
        }
    }

    fn client(&self, trusts: bool) -> Client {
        client(self.net(trusts))
    }

    fn net(&self, trusts: bool) -> ovenjs_net::Config {
        let net = ovenjs_net::Config::new().resolver(Arc::new(Names(self.address)));
        if trusts {
            net.extra_root(self.root.clone())
        } else {
            net
        }
    }
}

fn client(net: ovenjs_net::Config) -> Client {
    Client::builder(TOKEN)
        .base_url("https://discord.example/api")
        .net(net)
        .build()
        .unwrap()
}

trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Pipe for S {}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let spoken = if request.version() == Version::HTTP_2 {
        "HTTP/2.0"
    } else {
        "HTTP/1.1"
    };
    let user = format!(r#"{{"id":"1","username":"{spoken}"}}"#);
    Ok(Response::new(Full::new(Bytes::from(user))))
}

#[derive(Debug)]
struct Names(SocketAddr);

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Resolving<'a> {
        Box::pin(async { Ok(vec![self.0]) })
    }
}
