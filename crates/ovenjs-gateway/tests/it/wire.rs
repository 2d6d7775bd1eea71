//! What a server may do on the wire that a well-bred one does not.

use base64::{Engine, engine::general_purpose::STANDARD};
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use sha1::{Digest, Sha1};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

const HELLO: &[u8] = br#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":40000}}"#;
const READY: &[u8] = br#"{"t":"READY","s":1,"op":0,"d":{"session_id":"s"}}"#;

/// A server on loopback, and a gateway that is about to call it.
async fn pair() -> (TcpListener, Fleet, Events) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (gateway, events) = start(
        Config::new("token", Intents::GUILDS)
            .gateway_url(format!("ws://{address}"))
            .compression(Compression::None)
            .backoff(Duration::from_millis(1), Duration::from_millis(2)),
    );
    (listener, gateway, events)
}

/// Takes a call and returns the key that the caller sent.
async fn called(listener: &TcpListener) -> (TcpStream, String) {
    let call = tokio::time::timeout(Duration::from_secs(20), listener.accept()).await;
    let (mut stream, _) = call.expect("a call in time").expect("a call");
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.expect("a whole request");
        request.push(byte);
    }
    let request = String::from_utf8(request).expect("text");
    assert!(
        request.starts_with("GET /?v=10&encoding=json HTTP/1.1\r\n"),
        "{request}"
    );
    let key = request
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    (stream, key.expect("a key").to_owned())
}

/// Takes a call, answers, and says hello in the same breath.
async fn greet(listener: &TcpListener) -> WebSocket<TcpStream> {
    let (mut stream, key) = called(listener).await;
    let mut sha1 = Sha1::new();
    sha1.update(key.as_bytes());
    sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(sha1.finalize());
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes();
    answer.extend_from_slice(&[0x81, u8::try_from(HELLO.len()).expect("short")]);
    answer.extend_from_slice(HELLO);
    stream.write_all(&answer).await.expect("the caller listens");
    let mut socket = WebSocket::after_handshake(stream, Role::Server);
    socket.set_auto_close(false);
    let identify = socket.read_frame().await.expect("identify");
    assert!(
        identify.payload.starts_with(br#"{"op":2,"#)
            || identify.payload.starts_with(br#"{"op":6,"#)
    );
    socket
}

fn piece(fin: bool, opcode: OpCode, bytes: &[u8]) -> Frame<'_> {
    Frame::new(fin, opcode, None, Payload::Borrowed(bytes))
}

#[tokio::test]
async fn hello_in_the_packet_of_the_answer_and_messages_in_fragments_are_read() {
    let (listener, _gateway, mut events) = pair().await;
    let mut socket = greet(&listener).await;
    let (one, rest) = READY.split_at(10);
    let (two, three) = rest.split_at(1);
    socket
        .write_frame(piece(false, OpCode::Text, one))
        .await
        .unwrap();
    socket
        .write_frame(piece(true, OpCode::Ping, b"still there?"))
        .await
        .unwrap();
    socket
        .write_frame(piece(false, OpCode::Continuation, two))
        .await
        .unwrap();
    socket
        .write_frame(piece(true, OpCode::Continuation, three))
        .await
        .unwrap();
    next_named(&mut events, "READY").await;
    let pong = socket.read_frame().await.unwrap();
    assert_eq!(
        (pong.opcode, &*pong.payload),
        (OpCode::Pong, &b"still there?"[..])
    );
}

#[tokio::test]
async fn a_stopped_shard_says_goodbye_so_that_the_session_lives() {
    let (listener, gateway, mut events) = pair().await;
    let mut socket = greet(&listener).await;
    socket
        .write_frame(piece(true, OpCode::Text, READY))
        .await
        .unwrap();
    next_named(&mut events, "READY").await;
    let (_, goodbye) = tokio::join!(gateway.stop(), socket.read_frame());
    let goodbye = goodbye.unwrap();
    assert_eq!(goodbye.opcode, OpCode::Close);
    assert_eq!(*goodbye.payload, 4900_u16.to_be_bytes());
}

#[tokio::test]
async fn bytes_that_are_no_websocket_cost_the_connection_and_nothing_else() {
    let rude: [&[u8]; 6] = [
        // Reserved bits, an unknown opcode, a fragmented ping.
        &[0xF1, 0x00],
        &[0x83, 0x00],
        &[0x09, 0x00],
        // More than anyone may send, and a continuation of nothing.
        &[0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x80, 0x01, 0x00],
        // Text that is none.
        &[0x81, 0x02, 0xFF, 0xFE],
    ];
    let (listener, gateway, mut events) = pair().await;
    let mut socket = greet(&listener).await;
    socket
        .write_frame(piece(true, OpCode::Text, READY))
        .await
        .unwrap();
    next_named(&mut events, "READY").await;
    for (nth, bytes) in rude.iter().enumerate() {
        socket.into_inner().write_all(bytes).await.unwrap();
        socket = greet(&listener).await;
        let seq = nth + 2;
        let event = format!(r#"{{"t":"COUNTED","s":{seq},"op":0,"d":[{seq}]}}"#);
        socket
            .write_frame(piece(true, OpCode::Text, event.as_bytes()))
            .await
            .unwrap();
        assert_eq!(number(&next_named(&mut events, "COUNTED").await), seq);
    }
    assert_eq!(only(&gateway).counts.identifies, 1);
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_tried_again_and_the_reason_shown() {
    let (listener, gateway, mut events) = pair().await;
    let (mut stream, _) = called(&listener).await;
    stream
        .write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
        .await
        .unwrap();
    let mut socket = greet(&listener).await;
    socket
        .write_frame(piece(true, OpCode::Text, READY))
        .await
        .unwrap();
    next_named(&mut events, "READY").await;
    let reason = only(&gateway).last_failure.unwrap();
    assert!(reason.contains("503"), "{reason}");
}
