//! A websocket over pipes: timers at every byte, answers, goodbyes and deadlines.

use std::pin::pin;

use ovenjs_net::websocket::{Incoming, Socket};
use tokio::io::DuplexStream;

use super::*;

/// Every kind of frame, whole and in fragments, and what comes of it.
const STREAM: &[u8] = b"\x81\x05hello\
    \x89\x02p1\
    \x01\x03fra\x00\x00\x8A\x01x\x89\x02p2\x80\x05gment\
    \x82\x7E\x00\x03bin\
    \x02\x01a\x80\x7F\x00\x00\x00\x00\x00\x00\x00\x01b\
    \x81\x00\
    \x88\x06\x0F\xA1gone";

const MESSAGES: [&str; 6] = [
    "text hello",
    "text fragment",
    "binary bin",
    "binary ab",
    "text ",
    "close 4001 gone",
];

const MAX: usize = 1 << 20;

fn shown(incoming: Incoming<'_>) -> String {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    match incoming {
        Incoming::Text(bytes) => format!("text {}", text(bytes)),
        Incoming::Binary(bytes) => format!("binary {}", text(bytes)),
        Incoming::Close { code, reason } => format!("close {} {reason}", code.unwrap()),
        Incoming::Ping(_) | Incoming::Pong(_) => panic!("the socket answers by itself"),
    }
}

fn pair(room: usize) -> (Socket<DuplexStream>, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(room);
    (Socket::upgraded(ours, b"", MAX), theirs)
}

/// What the client has sent: the first byte of each frame, and its payload.
async fn sent(server: &mut DuplexStream, count: usize) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    for _ in 0..count {
        let first = server.read_u8().await.unwrap();
        let length = server.read_u8().await.unwrap();
        assert!((0x80..0x80 + 126).contains(&length), "masked and short");
        let mut mask = [0; 4];
        server.read_exact(&mut mask).await.unwrap();
        let mut payload = vec![0; usize::from(length - 0x80)];
        server.read_exact(&mut payload).await.unwrap();
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        all.push((first, payload));
    }
    all
}

fn pong(bytes: &[u8]) -> (u8, Vec<u8>) {
    (0x8A, bytes.to_vec())
}

fn goodbye(code: u16) -> (u8, Vec<u8>) {
    (0x88, code.to_be_bytes().to_vec())
}

#[tokio::test]
async fn a_timer_after_every_byte_loses_nothing() {
    byte_by_byte(|_| {}).await;
}

#[tokio::test]
async fn memory_given_back_after_every_byte_loses_nothing() {
    byte_by_byte(Socket::release).await;
}

async fn byte_by_byte(between: impl Fn(&mut Socket<DuplexStream>)) {
    let (mut socket, mut server) = pair(1 << 12);
    let mut got = Vec::new();
    for byte in STREAM {
        server.write_u8(*byte).await.unwrap();
        // Each wait is dropped, as by a timer that fires, until nothing more is there.
        while let Some(incoming) = polled(1, socket.next()).await {
            let incoming = shown(incoming.unwrap());
            let closed = incoming.starts_with("close");
            got.push(incoming);
            if closed {
                break;
            }
        }
        between(&mut socket);
    }
    assert_eq!(got, MESSAGES);
    socket.flush().await.unwrap();
    assert_eq!(
        sent(&mut server, 3).await,
        [pong(b"p1"), pong(b"p2"), goodbye(4001)]
    );
}

#[tokio::test]
async fn the_stream_may_be_cut_anywhere_and_its_beginning_may_have_come_before() {
    for cut in 0..=STREAM.len() {
        let (early, late) = STREAM.split_at(cut);
        let (ours, mut server) = tokio::io::duplex(1 << 12);
        let mut socket = Socket::upgraded(ours, early, MAX);
        server.write_all(late).await.unwrap();
        let mut got = Vec::new();
        while got.len() < MESSAGES.len() {
            got.push(shown(socket.next().await.unwrap()));
            // What was read already needs no wait.
            while let Ok(Some(incoming)) = socket.ready() {
                got.push(shown(incoming));
            }
        }
        assert_eq!(got, MESSAGES, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_write_that_is_dropped_at_every_byte_arrives_whole() {
    // The pipe takes one byte at a time, and every wait is dropped after one poll.
    let (mut socket, mut server) = pair(1);
    socket.send_text(b"hello").unwrap();
    socket.send_binary(&[7; 100]).unwrap();
    let mut bytes = Vec::new();
    while polled(1, socket.flush()).await.is_none() {
        bytes.push(server.read_u8().await.unwrap());
    }
    while let Some(Ok(byte)) = polled(1, server.read_u8()).await {
        bytes.push(byte);
    }
    let (mut echo, mut reader) = tokio::io::duplex(1 << 10);
    echo.write_all(&bytes).await.unwrap();
    assert_eq!(
        sent(&mut reader, 2).await,
        [(0x81, b"hello".to_vec()), (0x82, vec![7; 100])]
    );
    assert_eq!(bytes.len(), 6 + 5 + 6 + 100);
}

#[tokio::test]
async fn what_is_to_be_sent_goes_out_while_a_flood_is_read() {
    let (mut socket, mut server) = pair(1 << 16);
    server.write_all(&[0x82, 0].repeat(1 << 14)).await.unwrap();
    assert_eq!(socket.next().await.unwrap(), Incoming::Binary(b""));
    socket.send_text(b"heartbeat").unwrap();
    assert_eq!(socket.next().await.unwrap(), Incoming::Binary(b""));
    assert_eq!(sent(&mut server, 1).await, [(0x81, b"heartbeat".to_vec())]);
}

#[tokio::test]
async fn a_peer_that_breaks_the_rules_is_told_so() {
    for (bytes, code, kind) in [
        (&b"\x83\x00"[..], 1002, ErrorKind::Protocol),
        (b"\x81\x81abcde", 1002, ErrorKind::Protocol),
        (b"\x81\x02\xFF\xFE", 1007, ErrorKind::Protocol),
        (b"\x82\x7F\0\0\0\0\0\x10\0\x01", 1009, ErrorKind::TooLarge),
    ] {
        let (mut socket, mut server) = pair(1 << 10);
        server.write_all(bytes).await.unwrap();
        let error = socket.next().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(sent(&mut server, 1).await, [goodbye(code)]);
        // It stays that way, and nothing more is sent.
        assert_eq!(socket.next().await.unwrap_err().kind(), kind);
        assert_eq!(socket.send_text(b"x").unwrap_err().kind(), ErrorKind::Ended);
    }
}

#[tokio::test]
async fn why_the_server_closed_is_read_although_it_takes_nothing_any_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let mut socket = Socket::upgraded(stream, b"", MAX);
    server.write_all(b"\x88\x02\x0F\xA4").await.unwrap();
    // Nothing will be read there: what is sent now is answered with a reset.
    drop(server);
    for _ in 0..3 {
        socket.send_text(b"heartbeat").unwrap();
        let _ = socket.flush().await;
    }
    let why = socket.next().await.unwrap();
    assert_eq!(
        why,
        Incoming::Close {
            code: Some(4004),
            reason: ""
        }
    );
}

#[tokio::test]
async fn a_connection_that_ends_without_a_close_is_an_error() {
    let (mut socket, mut server) = pair(1 << 10);
    server.write_all(b"\x81\x05hel").await.unwrap();
    drop(server);
    let error = socket.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ended);
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up_after_ten_seconds() {
    let (mut socket, _server) = pair(1);
    let clock = SystemClock;
    let before = clock.now();
    socket.send_text(b"hello").unwrap();
    // However often the wait is begun anew.
    let error = loop {
        let wait = tokio::time::timeout(Duration::from_secs(3), socket.next());
        if let Ok(ended) = wait.await {
            break ended.unwrap_err();
        }
    };
    assert_eq!(error.kind(), ErrorKind::Stalled);
    let waited = clock.now() - before;
    assert!((10.0..10.1).contains(&waited.as_secs_f64()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_nobody_hears_takes_a_second() {
    let (mut socket, server) = pair(1);
    let clock = SystemClock;
    let before = clock.now();
    socket.close(4900).await;
    assert!((clock.now() - before).as_secs_f64() < 1.1);
    socket.finish().await;
    assert!((clock.now() - before).as_secs_f64() < 2.1);
    drop(server);
}

#[tokio::test]
async fn a_connection_is_finished_by_both_sides() {
    let (mut socket, mut server) = pair(1 << 10);
    let ours = async {
        socket.close(4900).await;
        socket.finish().await;
    };
    let theirs = async {
        // What was under way is thrown away; the end is waited for.
        server.write_all(b"\x81\x02hi\x88\x00").await.unwrap();
        let seen = sent(&mut server, 1).await;
        assert_eq!(
            server.read_u8().await.unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        drop(server);
        seen
    };
    let ((), seen) = tokio::join!(ours, theirs);
    assert_eq!(seen, [goodbye(4900)]);
}

/// A connector whose connections are given to the story.
fn given() -> (Connector, tokio::sync::mpsc::Receiver<DuplexStream>) {
    let (give, given) = tokio::sync::mpsc::channel(8);
    let dialer = Dialer::new(move |_| {
        let (ours, theirs) = tokio::io::duplex(1 << 12);
        give.try_send(theirs).unwrap();
        ours
    });
    (
        Connector::build(Config::new().dialer(dialer)).unwrap(),
        given,
    )
}

/// The answer to the key of sixteen zeros.
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";

#[tokio::test]
async fn an_upgrade_dropped_at_any_byte_leaves_nothing_behind() {
    let target = Target::new("127.0.0.1", 1, false);
    for bytes in 0..ANSWER.len() {
        let (connector, mut given) = given();
        {
            let mut opening = pin!(Socket::open(&connector, &target, "/?v=10", [0; 16], MAX));
            assert!(polled(1, &mut opening).await.is_none());
            let mut server = given.recv().await.unwrap();
            server.write_all(&ANSWER[..bytes]).await.unwrap();
            assert!(polled(1, &mut opening).await.is_none(), "{bytes} bytes");
        }
        // One that is not dropped works as ever; its first message comes with the answer.
        let opening = Socket::open(&connector, &target, "/?v=10", [0; 16], MAX);
        let answering = async {
            let mut server = given.recv().await.unwrap();
            let mut request = [0; 19];
            server.read_exact(&mut request).await.unwrap();
            assert_eq!(&request, b"GET /?v=10 HTTP/1.1");
            server.write_all(ANSWER).await.unwrap();
            server.write_all(b"\x81\x05hello").await.unwrap();
            server
        };
        let (socket, _server) = tokio::join!(opening, answering);
        let mut socket = socket.unwrap();
        assert_eq!(socket.next().await.unwrap(), Incoming::Text(b"hello"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_the_upgrade_costs_its_deadline() {
    let (connector, _given) = given();
    let before = SystemClock.now();
    let target = Target::new("127.0.0.1", 1, false);
    let error = Socket::open(&connector, &target, "/", [0; 16], MAX)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline(Step::Upgrade));
    let waited = SystemClock.now() - before;
    assert!((10.0..10.1).contains(&waited.as_secs_f64()), "{waited:?}");
}

#[tokio::test]
async fn an_upgrade_that_is_refused_tells_the_status_and_when_to_come_again() {
    let (connector, mut given) = given();
    let target = Target::new("127.0.0.1", 1, false);
    let opening = Socket::open(&connector, &target, "/", [0; 16], MAX);
    let answering = async {
        let mut server = given.recv().await.unwrap();
        let busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n";
        server.write_all(busy).await.unwrap();
        server
    };
    let (refused, _server) = tokio::join!(opening, answering);
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed(Step::Upgrade));
    assert_eq!(error.status(), Some(503));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.to_string().contains("503"), "{error}");
    // A path that would smuggle a header in is refused before anything is sent.
    let smuggled = Socket::open(&connector, &target, "/\r\nX: y", [0; 16], MAX).await;
    assert_eq!(smuggled.unwrap_err().kind(), ErrorKind::Config);
}
