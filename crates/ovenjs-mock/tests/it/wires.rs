//! What goes over the wire byte for byte, and what goes wrong there.

use std::time::Duration;

use ovenjs_mock::{Config, Discord, FaultMenu};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::raw::{self, ALL_INTENTS, Ended, Socket, identify};

const QUERY: &str = "v=10&encoding=json";

#[tokio::test]
async fn the_gateway_is_where_it_says() {
    let discord = Discord::start(Config::default().resume_path("again"))
        .await
        .unwrap();
    for (path, status) in [("/", "101"), ("/again", "101"), ("/api/v10/gateway", "404")] {
        let (_, head) = upgraded(&discord, path).await;
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {head}"
        );
    }
}

#[tokio::test]
async fn frames_of_a_client_are_masked_whole_or_in_pieces() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut stream, _) = upgraded(&discord, "/").await;
    let hello = frame(&mut stream).await;
    assert_eq!(hello.0, 1);

    // A heartbeat in two fragments, with a ping between them.
    let heartbeat = br#"{"op":1,"d":null}"#;
    let (first, second) = heartbeat.split_at(5);
    let mut bytes = masked(0x01, first);
    bytes.extend(masked(0x89, b"still there?"));
    bytes.extend(masked(0x80, second));
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(frame(&mut stream).await, (10, b"still there?".to_vec()));
    assert_eq!(frame(&mut stream).await.0, 1);

    // The box answers a close frame with the same code, and ends.
    stream
        .write_all(&masked(0x88, &4900_u16.to_be_bytes()))
        .await
        .unwrap();
    assert_eq!(
        frame(&mut stream).await,
        (8, 4900_u16.to_be_bytes().to_vec())
    );
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);

    let (mut stream, _) = upgraded(&discord, "/").await;
    frame(&mut stream).await;
    stream.write_all(&[0x81, 2, b'{', b'}']).await.unwrap();
    let (opcode, payload) = frame(&mut stream).await;
    assert_eq!((opcode, &payload[..2]), (8, &1002_u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn frames_arrive_whole_however_they_leave() {
    for compress in ["", "&compress=zlib-stream", "&compress=zstd-stream"] {
        let discord = Discord::start(Config::default()).await.unwrap();
        let mut menu = FaultMenu::default();
        menu.split_frame = 700;
        menu.jitter_ms = 2;
        menu.drip_bytes_per_second = 10_000_000;
        discord.faults().serve(menu);
        let query = format!("{QUERY}{compress}");
        let (mut socket, _) = Socket::identified(&discord, &query, ALL_INTENTS).await;
        let events = (0..30).map(|n| ("MOON_RISE", json!({ "number": n, "text": "x".repeat(n) })));
        discord.emit_many(events).unwrap();
        for number in 0..30 {
            assert_eq!(socket.event("MOON_RISE").await["d"]["number"], number);
        }
    }
}

#[tokio::test]
async fn a_spoilt_frame_breaks_the_stream_it_is_in() {
    // A websocket looks at texts itself; what is compressed is the reader's to find out.
    let streams = [
        ("", Ended::Abrupt),
        ("&compress=zlib-stream", Ended::Corrupt),
        ("&compress=zstd-stream", Ended::Corrupt),
    ];
    for (compress, ended) in streams {
        let discord = Discord::start(Config::default()).await.unwrap();
        let query = format!("{QUERY}{compress}");
        let (mut socket, ready) = Socket::identified(&discord, &query, 0).await;
        discord.emit("MOON_RISE", &json!({ "number": 1 })).unwrap();
        let whole = socket.event("MOON_RISE").await;
        let mut menu = FaultMenu::default();
        menu.corrupt_frame = 1000;
        discord.faults().serve(menu);
        discord.emit("MOON_RISE", &json!({ "number": 2 })).unwrap();
        assert_eq!(socket.next().await, Err(ended), "{compress}");
        discord.faults().calm();

        // A new connection has a stream of its own, and brings what was lost.
        drop(socket);
        let mut socket = Socket::open(&discord, &query).await;
        socket.payload().await;
        let resume = json!({ "op": 6, "d": {
            "token": discord.token(),
            "session_id": ready["session_id"],
            "seq": whole["s"],
        }});
        socket.say(resume).await;
        assert_eq!(socket.event("MOON_RISE").await["d"]["number"], 2);
        assert_eq!(discord.violations(), [""; 0]);
    }
}

#[tokio::test]
async fn connections_end_in_every_way() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let endings: [fn(&mut FaultMenu) -> &mut u16; 3] = [
        |menu| &mut menu.drop_connection,
        |menu| &mut menu.reset_connection,
        |menu| &mut menu.half_frame,
    ];
    for ending in endings {
        let (mut socket, _) = Socket::identified(&discord, QUERY, 0).await;
        let mut menu = FaultMenu::default();
        *ending(&mut menu) = 1000;
        discord.faults().serve(menu);
        discord.emit("MOON_RISE", &json!({})).unwrap();
        assert_eq!(socket.next().await, Err(Ended::Abrupt));
        discord.faults().calm();
    }
    discord.wait_for_silence().await.unwrap();

    let (mut socket, _) = Socket::identified(&discord, QUERY, 0).await;
    discord.faults().drop_after_bytes(1);
    discord.emit("MOON_RISE", &json!({})).unwrap();
    assert_eq!(socket.next().await, Err(Ended::Abrupt));
    discord.faults().calm();

    // A dead line stays open; when the box is calm again it ends.
    let (mut socket, _) = Socket::identified(&discord, QUERY, 0).await;
    discord.faults().freeze_connections();
    socket.say(json!({ "op": 1, "d": null })).await;
    discord.emit("MOON_RISE", &json!({})).unwrap();
    let (mut other, _) = Socket::identified(&discord, QUERY, 0).await;
    discord.faults().calm();
    assert_eq!(socket.next().await, Err(Ended::Abrupt));
    other.say(json!({ "op": 1, "d": null })).await;
    assert_eq!(other.payload().await["op"], 11);
}

#[tokio::test]
async fn a_handshake_can_be_refused_or_never_answered() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let mut menu = FaultMenu::default();
    menu.refuse_upgrade = 1000;
    discord.faults().serve(menu);
    let (_, head) = upgraded(&discord, "/").await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    discord.faults().calm();
    let (mut socket, _) = Socket::identified(&discord, QUERY, 0).await;
    discord.faults().ask_for_heartbeats();
    assert_eq!(socket.payload().await["op"], 1);
}

#[tokio::test]
async fn a_guild_goes_down_over_the_wire_too() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, QUERY, 1).await;
    socket.event("GUILD_CREATE").await;
    discord.faults().take_down(discord.guild_id());
    assert_eq!(socket.event("GUILD_DELETE").await["d"]["unavailable"], true);
    discord.faults().bring_back(discord.guild_id());
    assert_eq!(
        socket.event("GUILD_CREATE").await["d"]["unavailable"],
        false
    );
    discord.faults().burst(500);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn answers_fail_by_chance_and_the_clock_is_wrong() {
    let mut menu = FaultMenu::default();
    // A day ahead, and resets a minute further.
    (menu.clock_skew_ms, menu.reset_skew_ms) = (86_400_000, 60_000);
    let discord = Discord::start(Config::default().faults(menu))
        .await
        .unwrap();
    let answer = raw::call(&discord, "GET", "/users/@me", None).await;
    let reset: f64 = answer.header("x-ratelimit-reset").parse().unwrap();
    let real = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!(
        (86_400.0..86_520.0).contains(&(reset - real)),
        "{reset} at {real}"
    );
    assert_eq!(answer.headers.get_all("date").iter().count(), 1);

    menu.omit_limit_headers = 1000;
    discord.faults().serve(menu);
    let answer = raw::call(&discord, "GET", "/users/@me", None).await;
    assert_eq!(
        (answer.status, answer.header("x-ratelimit-limit")),
        (200, "")
    );

    let mut menu = FaultMenu::default();
    menu.limit_shared = 1000;
    discord.faults().serve(menu);
    let answer = raw::call(&discord, "GET", "/users/@me", None).await;
    assert_eq!(
        (answer.status, answer.header("x-ratelimit-scope")),
        (429, "shared")
    );

    let mut menu = FaultMenu::default();
    (menu.stall_answer, menu.delay_ms) = (1000, 30);
    discord.faults().serve(menu);
    let answer = raw::call(&discord, "GET", "/users/@me", None).await;
    assert_eq!(answer.body["username"], "Oven");

    let mut menu = FaultMenu::default();
    menu.cut_answer = 1000;
    discord.faults().serve(menu);
    let mut stream = TcpStream::connect(discord.address()).await.unwrap();
    let request = format!(
        "GET /api/v10/users/@me HTTP/1.1\r\nhost: {}\r\nauthorization: Bot {}\r\n\r\n",
        discord.address(),
        discord.token()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // The end comes as one or as a reset; the body is not whole either way.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("in time");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    assert!(body.len() < length.unwrap().parse::<usize>().unwrap());
}

#[tokio::test(start_paused = true)]
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is tokio's, which stands still"
)]
async fn requests_and_their_answers_take_as_long_as_they_are_told_to() {
    let mut menu = FaultMenu::default();
    (menu.request_latency_ms, menu.answer_latency_ms) = (30, 50);
    let discord = Discord::in_process(Config::default().faults(menu));
    let mut stream = discord.door()();
    let began = tokio::time::Instant::now();
    let request = b"GET /api/v10/gateway HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    // The clock is the test's; timers may be rounded up by a millisecond each.
    let took = began.elapsed().as_millis();
    assert!((80..=82).contains(&took), "{took} ms");
}

#[tokio::test]
async fn faults_have_a_door_in_the_control_interface() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let post = async |body: serde_json::Value| {
        let body = Some((body.to_string(), "application/json"));
        raw::send(discord.address(), "POST", "/_mock/faults", &[], body).await
    };
    let menu = post(json!({ "menu": { "refuse_identify": 1000 } })).await;
    assert_eq!(
        (menu.status, menu.body["refuse_identify"].as_u64()),
        (200, Some(1000))
    );
    let mut socket = Socket::open(&discord, QUERY).await;
    socket.payload().await;
    socket.say(identify(&discord.token(), 0)).await;
    assert_eq!(socket.payload().await["op"], 9);
    assert_eq!(
        post(json!({ "act": "calm" })).await.body["refuse_identify"],
        0
    );
    assert_eq!(post(json!({ "act": "ask_to_reconnect" })).await.status, 200);
    assert_eq!(socket.payload().await["op"], 7);
    let seeded = post(json!({ "seed": 7 })).await;
    let expected = serde_json::to_value(FaultMenu::from_seed(7)).unwrap();
    assert_eq!(seeded.body, expected);
    let shown = raw::send(discord.address(), "GET", "/_mock/faults", &[], None).await;
    assert_eq!(shown.body, expected);
    for wrong in [
        json!({}),
        json!({ "act": "explode" }),
        json!({ "menu": { "loose_ack": 1 } }),
        json!({ "act": "close_connections" }),
    ] {
        assert_eq!(post(wrong.clone()).await.status, 400, "{wrong}");
    }
}

/// A stream after its handshake, and the head of the answer.
async fn upgraded(discord: &Discord, path: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(discord.address()).await.unwrap();
    let request = format!(
        "GET {path}?{QUERY} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        discord.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

/// A frame of a client.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [7, 11, 13, 17];
    let mut bytes = vec![first, 0x80 | u8::try_from(payload.len()).unwrap()];
    bytes.extend(key);
    bytes.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

/// The opcode and the payload of the box's next frame, which is never in pieces.
async fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let read = async {
        let first = stream.read_u8().await.unwrap();
        let length = match stream.read_u8().await.unwrap() {
            126 => usize::from(stream.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        (first & 0x0f, payload)
    };
    timeout(PATIENCE, read).await.expect("in time")
}

/// Far more than loopback needs.
const PATIENCE: Duration = Duration::from_secs(10);
