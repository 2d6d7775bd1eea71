//! The client over TLS, with each of its protocols.

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
use ovenjs_net::{Resolve, Resolving};
use ovenjs_rest::{Client, ErrorKind, Live};
use rustls::pki_types::PrivateKeyDer;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
#[cfg(feature = "http2")]
use tokio::{net::TcpStream, sync::watch};

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
    let relay = Relay::before(server.address).await;
    let client = server.client_at(relay.address, true);
    client.current_user().await.unwrap();
    assert_eq!(relay.calls.load(Ordering::Relaxed), 1);
    relay.freeze.send_replace(true);
    client.current_user().await.unwrap();
    assert_eq!(relay.calls.load(Ordering::Relaxed), 2);
}

/// Carries bytes to and fro; told to freeze, it keeps its connections and carries nothing more.
/// Later connections pass.
#[cfg(feature = "http2")]
struct Relay {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    freeze: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

#[cfg(feature = "http2")]
impl Relay {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (freeze, frozen) = watch::channel(false);
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let was_frozen = *frozen.borrow();
                let mut frozen = frozen.clone();
                connections.spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = async { drop(frozen.wait_for(|now| *now).await) }, if !was_frozen => {
                            std::future::pending().await
                        }
                    }
                });
            }
        });
        Self {
            address,
            calls,
            freeze,
            _tasks: tasks,
        }
    }
}

/// A server that answers every request with a user named after the protocol spoken.
struct Server {
    address: SocketAddr,
    root: Vec<u8>,
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
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
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
            _tasks: tasks,
        }
    }

    fn client(&self, trusts: bool) -> Client {
        self.client_at(self.address, trusts)
    }

    fn client_at(&self, address: SocketAddr, trusts: bool) -> Client {
        let mut net = ovenjs_net::Config::new().resolver(Arc::new(Names(address)));
        if trusts {
            net = net.extra_root(self.root.clone());
        }
        Client::builder(TOKEN)
            .base_url("https://discord.example/api")
            .net(net)
            .build()
            .unwrap()
    }
}

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
