//! Connections on loopback: what succeeds, and which step is named when it does not.

#![expect(
    clippy::unwrap_used,
    reason = "the stories' helpers fail by panicking, as the stories do"
)]

#[cfg(feature = "redis")]
mod certificate;
#[cfg(feature = "redis")]
mod cluster;
#[cfg(feature = "redis")]
mod line;
mod polled;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod redis_cluster;
#[cfg(feature = "redis")]
mod server;
#[cfg(feature = "websocket")]
mod websocket;

use std::{
    error::Error as _,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ovenjs_net::{
    Clock, Config, Connector, Deadlines, Dialer, ErrorKind, Proxy, Resolve, Resolving, Step,
    Stream, SystemClock, Target,
};
use ovenjs_types::{Fault, Secret};
use polled::polled;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
};

#[tokio::test]
async fn a_refused_port_names_the_step_and_the_place() {
    let port = closed_port().await;
    let connector = Connector::build(Config::new()).unwrap();
    let error = connector
        .connect(&Target::new("127.0.0.1", port, true))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed(Step::Tcp));
    assert!(error.is_retryable());
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
    assert!(error.to_string().contains("check"), "{error}");
    assert!(error.source().is_some());
}

/// Only Linux has all of 127.0.0.0/8 without asking.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_comes_from_the_address_that_was_given() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = Target::new("127.0.0.1", port, false);
    for last in [2, 3] {
        let local = Ipv4Addr::new(127, 0, 0, last);
        let connector = Connector::build(Config::new().bind(local)).unwrap();
        let (stream, accepted) = tokio::join!(connector.connect(&target), listener.accept());
        stream.unwrap();
        assert_eq!(accepted.unwrap().1.ip(), IpAddr::from(local));
    }

    let other_kind = Connector::build(Config::new().bind(Ipv6Addr::LOCALHOST)).unwrap();
    let error = other_kind.connect(&target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`bind`"), "{error}");
    // An address for examples, which is nobody's.
    let nobodys = Connector::build(Config::new().bind(Ipv4Addr::new(192, 0, 2, 7))).unwrap();
    let error = nobodys.connect(&target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("no address of this machine"),
        "{error}"
    );
    // Where nobody listens it is not to blame.
    drop(listener);
    let connector = Connector::build(Config::new().bind(Ipv4Addr::LOCALHOST)).unwrap();
    let error = connector.connect(&target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed(Step::Tcp));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_never_speaks_tls_costs_the_tls_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deadlines = Deadlines {
        tls: Duration::from_secs(7),
        ..Deadlines::default()
    };
    let connector = Connector::build(Config::new().deadlines(deadlines)).unwrap();
    let before = SystemClock.now();
    let error = connector.connect(&to(&listener, true)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline(Step::Tls));
    let waited = SystemClock.now() - before;
    assert!((7.0..7.1).contains(&waited.as_secs_f64()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn new_deadlines_apply_to_the_next_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = Connector::build(Config::new()).unwrap();
    let mut live = connector.live();
    live.deadlines.tls = Duration::from_millis(20);
    let former = connector.apply(live);
    assert_eq!(former.deadlines, Deadlines::default());
    let before = SystemClock.now();
    connector.connect(&to(&listener, true)).await.unwrap_err();
    assert!(SystemClock.now() - before < Duration::from_secs(1));
}

#[tokio::test]
async fn plain_text_stays_on_this_machine() {
    let connector = Connector::build(Config::new()).unwrap();
    let error = connector
        .connect(&Target::new("192.0.2.1", 80, false))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plain);
    assert!(!error.is_retryable());
    let connector = Connector::build(Config::new().allow_plain(true)).unwrap();
    assert!(
        connector
            .check(&Target::new("192.0.2.1", 80, false))
            .is_ok()
    );
}

#[tokio::test]
async fn an_unknown_name_is_a_failed_lookup() {
    let names = Names(Err(io::ErrorKind::NotFound));
    let connector = Connector::build(Config::new().resolver(Arc::new(names))).unwrap();
    let error = connector
        .connect(&Target::new("nowhere.example", 443, true))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed(Step::Dns));
    let names = Names(Ok(Vec::new()));
    let connector = Connector::build(Config::new().resolver(Arc::new(names))).unwrap();
    let error = connector
        .connect(&Target::new("nowhere.example", 443, true))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed(Step::Dns));
}

#[tokio::test]
async fn a_dead_v6_address_falls_back_to_v4() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], closed_port().await));
    let names = Names(Ok(vec![dead, listener.local_addr().unwrap()]));
    let connector = Connector::build(Config::new().resolver(Arc::new(names))).unwrap();
    let stream = connector
        .connect(&Target::new("both.localhost", 1, false))
        .await
        .unwrap();
    let Stream::Plain(stream) = stream else {
        panic!("{stream:?}")
    };
    assert_eq!(stream.peer_addr(), listener.local_addr().ok());
}

#[tokio::test]
async fn a_dialer_gives_the_stream_and_nothing_is_looked_up() {
    let (here, mut there) = tokio::io::duplex(64);
    let here = std::sync::Mutex::new(Some(here));
    let dialer = Dialer::new(move |target| {
        assert_eq!(target.to_string(), "box.localhost:80");
        here.lock().unwrap().take().unwrap()
    });
    let nobody = Arc::new(Names(Err(io::ErrorKind::NotFound)));
    let config = Config::new().dialer(dialer).resolver(nobody);
    let connector = Connector::build(config).unwrap();

    let mut stream = connector
        .connect(&Target::new("box.localhost", 80, false))
        .await
        .unwrap();

    stream.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    there.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    // Plain text to elsewhere stays refused: the dialer carries bytes and allows nothing.
    let elsewhere = Target::new("example.com", 80, false);
    let refused = connector.connect(&elsewhere);
    assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::Plain);
}

#[tokio::test]
async fn tls_is_proved_against_the_extra_root() {
    let (acceptor, root) = tls_server("discord.example");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let names = Arc::new(Names(Ok(vec![listener.local_addr().unwrap()])));
    let server = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(tcp).await.unwrap();
        stream.write_all(b"hi").await.unwrap();
        stream.shutdown().await.unwrap();
    };
    let config = Config::new()
        .resolver(names.clone())
        .extra_roots_pem(root.as_bytes())
        .unwrap();
    let connector = Connector::build(config).unwrap();
    let target = Target::new("discord.example", 1, true);
    let client = async {
        let mut stream = connector.connect(&target).await.unwrap();
        assert!(matches!(stream, Stream::Tls(_)));
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    let ((), text) = tokio::join!(server, client);
    assert_eq!(text, "hi");

    // Without that root the same server is a stranger.
    let connector = Connector::build(Config::new().resolver(names)).unwrap();
    let server = async {
        let (tcp, _) = listener.accept().await.unwrap();
        assert!(acceptor.accept(tcp).await.is_err());
    };
    let ((), stranger) = tokio::join!(server, connector.connect(&target));
    assert_eq!(stranger.unwrap_err().kind(), ErrorKind::Failed(Step::Tls));
}

#[tokio::test]
async fn a_proxy_opens_the_way_and_the_bytes_after_it_are_the_targets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_at(&listener).auth("ann", Secret::new("open sesame"));
    let connector = Connector::build(Config::new().allow_plain(true).proxy(proxy)).unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = head(&mut stream).await;
        // The target speaks first, in the same segment as the proxy's answer.
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\nhello")
            .await
            .unwrap();
        asked
    };
    let client = async {
        let target = Target::new("chat.example", 8080, false);
        let mut stream = connector.connect(&target).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    let (asked, text) = tokio::join!(server, client);
    assert_eq!(text, "hello");
    assert!(
        asked.starts_with("CONNECT chat.example:8080 HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains("Proxy-Authorization: Basic YW5uOm9wZW4gc2VzYW1l\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_names_its_repair_and_no_password() {
    for (answer, kind) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            ErrorKind::ProxyAuth,
        ),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\n",
            ErrorKind::Failed(Step::Proxy),
        ),
        ("SSH-2.0-OpenSSH\r\n\r\n", ErrorKind::Failed(Step::Proxy)),
        ("HTTP/1.1 200", ErrorKind::Failed(Step::Proxy)),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = proxy_at(&listener).auth("ann", Secret::new("hunter2"));
        let connector = Connector::build(Config::new().proxy(proxy)).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let target = Target::new("discord.example", 443, true);
        let ((), refused) = tokio::join!(server, connector.connect(&target));
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer}");
        assert!(error.to_string().contains("discord.example:443"), "{error}");
        assert!(!format!("{error} {error:?} {connector:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn an_endless_proxy_answer_is_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = Connector::build(Config::new().proxy(proxy_at(&listener))).unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        // The client hangs up in the middle of it.
        while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
    };
    let target = Target::new("discord.example", 443, true);
    let client = async { connector.connect(&target).await.unwrap_err() };
    let ((), error) = tokio::join!(server, client);
    assert_eq!(error.kind(), ErrorKind::Failed(Step::Proxy));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_from_the_target() {
    let port = closed_port().await;
    let connector = Connector::build(Config::new().proxy(Proxy::new("127.0.0.1", port))).unwrap();

    let error = connector
        .connect(&Target::new("discord.example", 443, true))
        .await
        .unwrap_err();

    let text = error.to_string();
    let both = format!("discord.example:443 through the proxy 127.0.0.1:{port}");
    assert!(text.contains(&both), "{text}");
}

#[tokio::test]
async fn loopback_needs_no_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::new("127.0.0.1", closed_port().await);
    let connector = Connector::build(Config::new().proxy(proxy)).unwrap();
    connector.connect(&to(&listener, false)).await.unwrap();
}

/// Lookup, TCP, proxy and TLS are each given up at every wait there is in them.
#[tokio::test]
async fn connecting_that_is_dropped_at_any_poll_leaves_no_socket_open() {
    let (acceptor, root) = tls_server("discord.example");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let names = Names(Ok(vec![listener.local_addr().unwrap()]));
    let config = Config::new()
        .proxy(Proxy::new("proxy.example", 1))
        .resolver(Arc::new(names))
        .extra_roots_pem(root.as_bytes())
        .unwrap();
    let connector = Connector::build(config).unwrap();
    let target = Target::new("discord.example", 443, true);
    let mut waits = 0;
    for polls in 0.. {
        // Whoever comes from there comes after all who came by the connector.
        let last = TcpSocket::new_v4().unwrap();
        last.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let last_address = last.local_addr().unwrap();
        let client = async {
            let stream = polled(polls, connector.connect(&target)).await;
            let is_done = stream.is_some_and(|stream| stream.is_ok());
            last.connect(listener.local_addr().unwrap()).await.unwrap();
            is_done
        };
        let server = async {
            let mut open = JoinSet::new();
            loop {
                let (stream, from) = listener.accept().await.unwrap();
                if from == last_address {
                    break;
                }
                open.spawn(through_the_proxy(stream, acceptor.clone()));
            }
            let ended = tokio::time::timeout(Duration::from_secs(20), open.join_all()).await;
            ended.unwrap_or_else(|_| panic!("a socket is open after {polls} polls"));
        };
        let (is_done, ()) = tokio::join!(client, server);
        waits = polls;
        if is_done {
            break;
        }
    }
    assert!(waits > 20, "{waits} waits are too few to have been all");
}

/// A proxy that speaks a byte at a time, and behind it a target that waits for the other's end.
async fn through_the_proxy(mut stream: TcpStream, acceptor: tokio_rustls::TlsAcceptor) {
    stream.set_nodelay(true).unwrap();
    while !matches!(stream.read_u8().await, Ok(b'\n') | Err(_)) {}
    let mut rest = [0; 1024];
    let _ = stream.read(&mut rest).await;
    for byte in b"HTTP/1.1 200 OK\r\n\r\n" {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    if let Ok(mut stream) = acceptor.accept(stream).await {
        while matches!(stream.read(&mut rest).await, Ok(1..)) {}
    }
}

#[cfg(feature = "hyper")]
#[tokio::test]
async fn the_view_for_hyper_makes_the_same_connections() {
    use tower_service::Service;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut plain = Connector::build(Config::new()).unwrap().plain();
    let uri = format!("http://{}/api", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    plain.call(uri).await.unwrap();
    let abroad = plain
        .call("http://192.0.2.1/api".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(abroad.kind(), ErrorKind::Plain);
}

#[derive(Debug)]
struct Names(Result<Vec<SocketAddr>, io::ErrorKind>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Resolving<'a> {
        Box::pin(async { self.0.clone().map_err(io::Error::from) })
    }
}

async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn to(listener: &TcpListener, tls: bool) -> Target {
    Target::new("127.0.0.1", listener.local_addr().unwrap().port(), tls)
}

fn proxy_at(listener: &TcpListener) -> Proxy {
    Proxy::new("127.0.0.1", listener.local_addr().unwrap().port())
}

async fn head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

fn tls_server(name: &str) -> (tokio_rustls::TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config).into(), pem(made.cert.der()))
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(der)
    )
}

/// The stream can be used wherever tokio's traits are asked for.
const fn _stream_is_io<S: AsyncRead + AsyncWrite + Unpin + Send>() {}
const _: () = _stream_is_io::<Stream>();
