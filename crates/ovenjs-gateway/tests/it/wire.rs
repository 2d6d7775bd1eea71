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
    let greeting = greeting(&key);
    stream
        .write_all(&greeting)
        .await
        .expect("the caller listens");
    let mut socket = WebSocket::after_handshake(stream, Role::Server);
    socket.set_auto_close(false);
    let identify = socket.read_frame().await.expect("identify");
    assert!(
        identify.payload.starts_with(br#"{"op":2,"#)
            || identify.payload.starts_with(br#"{"op":6,"#)
    );
    socket
}

/// As [`greet`], and the session begins.
async fn ready(listener: &TcpListener, events: &mut Events) -> WebSocket<TcpStream> {
    let mut socket = greet(listener).await;
    let ready = piece(true, OpCode::Text, READY);
    socket.write_frame(ready).await.expect("the caller listens");
    next_named(events, "READY").await;
    socket
}

/// The answer to a caller with this key, and hello.
fn greeting(key: &str) -> Vec<u8> {
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
    answer
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
    let mut socket = ready(&listener, &mut events).await;
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
    let mut socket = ready(&listener, &mut events).await;
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
    let _socket = ready(&listener, &mut events).await;
    let reason = only(&gateway).last_failure.unwrap();
    assert!(reason.contains("503"), "{reason}");
}

#[tokio::test]
async fn a_stop_at_any_byte_of_connecting_leaves_no_socket_open() {
    for bytes in (0_usize..).step_by(9) {
        let (listener, gateway, _events) = pair().await;
        let (mut stream, key) = called(&listener).await;
        let mut greeting = greeting(&key);
        greeting.extend_from_slice(&[0x81, u8::try_from(READY.len()).unwrap()]);
        greeting.extend_from_slice(READY);
        let part = greeting.get(..bytes).unwrap_or(&greeting);
        stream.write_all(part).await.unwrap();
        let ending = async {
            gateway.stop().await;
            let mut rest = Vec::new();
            // Where something was unread, the end is a reset.
            let _ = stream.read_to_end(&mut rest).await;
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), ending).await;
        assert!(ended.is_ok(), "a socket stays open after {bytes} bytes");
        if part.len() == greeting.len() {
            break;
        }
    }
}

/// What the gateway sends next that is no heartbeat.
async fn heard(socket: &mut WebSocket<TcpStream>) -> String {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(20), socket.read_frame()).await;
        let frame = frame.expect("something comes in time").expect("a frame");
        if !frame.payload.starts_with(br#"{"op":1,"#) {
            return String::from_utf8(frame.payload.to_vec()).expect("text");
        }
    }
}

/// Discord refuses a request with an event, and says when to come again.
#[tokio::test]
async fn what_is_refused_for_being_asked_too_often_is_asked_again() {
    use ovenjs_gateway::{Reply, Request};
    use ovenjs_types::{ChannelInfoField, Id, RequestChannelInfo, RequestSoundboardSounds};

    let (listener, gateway, mut events) = pair().await;
    let mut socket = ready(&listener, &mut events).await;
    let shard = gateway.shards().next().unwrap();
    let guild = Id::new(5);
    let sounds = RequestSoundboardSounds::new([guild]);
    let info = RequestChannelInfo::new(guild, [ChannelInfoField::Status]);
    let asks = [
        (31, Request::SoundboardSounds(sounds), "SOUNDBOARD_SOUNDS"),
        (43, Request::ChannelInfo(info), "CHANNEL_INFO"),
    ];
    let mut seq = 1;
    for (op, ask, name) in asks {
        let mut replies = gateway
            .request(shard, ask, Duration::from_secs(20))
            .unwrap();
        let asked = format!(r#"{{"op":{op},"#);
        assert!(heard(&mut socket).await.starts_with(&asked));
        let refusal = format!(r#"{{"opcode":{op},"retry_after":0.05,"meta":{{}}}}"#);
        let answer = r#"{"guild_id":"5","soundboard_sounds":[],"channels":[]}"#;
        for (name, data) in [("RATE_LIMITED", refusal.as_str()), (name, answer)] {
            seq += 1;
            let event = format!(r#"{{"t":"{name}","s":{seq},"op":0,"d":{data}}}"#);
            socket
                .write_frame(piece(true, OpCode::Text, event.as_bytes()))
                .await
                .unwrap();
            if name == "RATE_LIMITED" {
                assert!(
                    heard(&mut socket).await.starts_with(&asked),
                    "it asks again"
                );
            }
        }
        let reply = replies.next().await.unwrap().unwrap();
        let Reply::Chunk(dispatch) = reply else {
            panic!("{reply:?}")
        };
        assert_eq!(dispatch.name(), name);
        assert!(replies.next().await.is_none());
    }
}

/// The request that a proxy gets, by the bytes.
async fn asked_of_proxy(listener: &TcpListener) -> (TcpStream, String) {
    let call = tokio::time::timeout(Duration::from_secs(20), listener.accept()).await;
    let (mut stream, _) = call.expect("a call in time").expect("a call");
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.expect("a whole request"));
    }
    (stream, String::from_utf8(request).expect("text"))
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_and_one_that_opens_leads_to_the_gateway() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let there = discord.gateway_url().replace("ws://", "");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = ovenjs_net::Proxy::new("127.0.0.1", port)
        .auth("ann", ovenjs_types::Secret::new("open sesame"));
    let net = ovenjs_net::Config::new().allow_plain(true).proxy(proxy);
    let wiring = Wiring::new(Connector::build(net).unwrap());
    let away = config(&discord)
        .gateway_url("ws://gateway.example")
        .allow_plain(true);
    let (gateway, mut events) = Fleet::start_with(away, wiring).unwrap();

    let (mut stream, asked) = asked_of_proxy(&listener).await;
    assert!(
        asked.starts_with("CONNECT gateway.example:80 HTTP/1.1\r\n"),
        "{asked}"
    );
    stream
        .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        .await
        .unwrap();
    drop(stream);

    let (mut stream, asked) = asked_of_proxy(&listener).await;
    assert!(asked.contains("Basic YW5uOm9wZW4gc2VzYW1l\r\n"), "{asked}");
    let reason = only(&gateway).last_failure.expect("a reason");
    assert!(reason.contains("proxy"), "{reason}");
    assert!(!reason.contains("sesame"), "{reason}");
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .unwrap();
    let mut target = TcpStream::connect(there).await.unwrap();
    let passing = async {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut target).await;
    };
    tokio::select! {
        () = passing => panic!("the connection ended"),
        ready = next_named(&mut events, "READY") => assert_eq!(ready.version.seq, 1),
    }
}
