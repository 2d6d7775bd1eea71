//! What runs for every event, every request and every command.

use bytes::Bytes;
use ovenjs_commands::{Answers, BoxFuture, Error, Route, Router, Routes};
use ovenjs_gateway::session::{Input, Output, Session};
use ovenjs_gateway::{Compression, Config};
use ovenjs_ratelimit::{Ask, Headers, Limiter, Major, Reservation, RouteKey, Verdict};
use ovenjs_types::marker::{ApplicationMarker, InteractionMarker, MessageMarker};
use ovenjs_types::{
    CommandDraft, Dispatch, Event, EventKind, Id, Intents, InteractionResponse, Message,
    MessageDraft, MessageEdit, Origin, Secret, ShardId, Version, json::Scratch,
};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// One path: sets up, then runs so many times.
#[derive(Debug)]
pub(crate) struct HotPath {
    pub(crate) name: &'static str,
    pub(crate) run: fn(u32),
}

/// All of them.
pub(crate) const PATHS: &[HotPath] = &[
    HotPath {
        name: "decode-message-create",
        run: decode_message_create,
    },
    HotPath {
        name: "decode-presence-update",
        run: decode_presence_update,
    },
    HotPath {
        name: "session-dispatch",
        run: session_dispatch,
    },
    HotPath {
        name: "limiter-headers",
        run: limiter_headers,
    },
    HotPath {
        name: "limiter-reserve-settle",
        run: limiter_reserve_settle,
    },
    HotPath {
        name: "route-command",
        run: route_command,
    },
];

/// From the bytes of a message to its type.
fn decode_message_create(iterations: u32) {
    decode(iterations, EventKind::MessageCreate, MESSAGE);
}

/// From the bytes of the most frequent event to its type.
fn decode_presence_update(iterations: u32) {
    decode(iterations, EventKind::PresenceUpdate, PRESENCE);
}

fn decode(iterations: u32, kind: EventKind, payload: &'static str) {
    let dispatch = Dispatch::new(
        Origin::default(),
        Version::default(),
        kind.name(),
        Bytes::from_static(payload.as_bytes()),
    );
    let mut scratch = Scratch::new();
    for _ in 0..iterations {
        let event = black_box(&dispatch).decode(&mut scratch);
        let is_understood = !matches!(event, Event::Malformed(_)) && event.kind() == kind;
        assert!(is_understood, "{} is understood", kind.name());
        black_box(event);
    }
}

/// From a frame of the socket to a dispatch for the consumer, without compression.
fn session_dispatch(iterations: u32) {
    let now = Instant::now();
    let config = Config::new("token", Intents::GUILDS).compression(Compression::None);
    let Ok(mut session) = Session::new(Arc::new(config), ShardId::default(), 7) else {
        panic!("the session can be made")
    };
    session.handle(now, Input::Start);
    let turn = std::iter::from_fn(|| session.poll()).find_map(|output| match output {
        Output::WantIdentify { generation } => Some(generation),
        _ => None,
    });
    let Some(generation) = turn else {
        panic!("the session wants to identify")
    };
    session.handle(now, Input::IdentifyGranted { generation });
    let connect = std::iter::from_fn(|| session.poll()).find_map(|output| match output {
        Output::Connect(connect) => Some(connect),
        _ => None,
    });
    let Some(connect) = connect else {
        panic!("the session wants to connect")
    };
    let generation = connect.generation;
    session.handle(
        now,
        Input::Opened {
            generation,
            entropy: 7,
        },
    );
    let hello = br#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}"#;
    session.handle(
        now,
        Input::Frame {
            generation,
            bytes: hello,
        },
    );
    session.handle(
        now,
        Input::Frame {
            generation,
            bytes: READY.as_bytes(),
        },
    );
    session.handle(now, Input::Room(usize::MAX));
    while session.poll().is_some() {}

    let mut frame = format!(r#"{{"t":"MESSAGE_CREATE","s":{FIRST},"op":0,"d":{MESSAGE}}}"#);
    let number_at = frame.find(&FIRST.to_string()).unwrap_or_default();
    for number in (FIRST + 1..).take(usize::try_from(iterations).unwrap_or(usize::MAX)) {
        let text = number.to_string();
        frame.replace_range(number_at..number_at + text.len(), &text);
        session.handle(
            now,
            Input::Frame {
                generation,
                bytes: black_box(frame.as_bytes()),
            },
        );
        let dispatched = std::iter::from_fn(|| session.poll()).any(
            |output| matches!(output, Output::Dispatch(d) if d.kind == EventKind::MessageCreate),
        );
        assert!(dispatched, "the frame becomes a dispatch");
    }
}

/// What an answer says of limits, read from its text.
fn limiter_headers(iterations: u32) {
    for _ in 0..iterations {
        let headers = headers();
        assert_eq!(headers.remaining, Some(4), "the text is read");
        black_box(headers);
    }
}

/// The headers of an answer in the middle of a window.
fn headers() -> Headers {
    Headers::read(|name| {
        black_box(match name {
            "x-ratelimit-bucket" => Some("80c17d2f203122d936070c88c8d10f33"),
            "x-ratelimit-limit" => Some("5"),
            "x-ratelimit-remaining" => Some("4"),
            "x-ratelimit-reset" => Some("1790000000.000"),
            "x-ratelimit-reset-after" => Some("1.000"),
            _ => None,
        })
    })
}

/// A request's way through the limiter, the question and what became of it: twenty-five channels of a
/// server a tenth of a second away, whose windows are a second long and whose clock is known.
fn limiter_reserve_settle(iterations: u32) {
    let began = Instant::now();
    let limiter = Limiter::new(ovenjs_ratelimit::Config::new());
    let asks = CHANNELS.map(|channel| {
        let route = "POST /channels/{channel_id}/messages";
        Ask::new(RouteKey::new(route, Major::of(channel)))
    });
    let headers = headers();
    for (request, ask) in (0..iterations).zip(asks.iter().cycle()) {
        let since = Duration::from_millis(40) * request;
        let sent = began + since;
        let Reservation::Ready(mut permit) = limiter.reserve(sent, black_box(ask)) else {
            panic!("a channel's window has room")
        };
        permit.sent(sent);
        // Ways differ a little.
        let way = Duration::from_millis(40 + u64::from(request * 37 % 23));
        let reset = Duration::from_secs(1_790_000_001) + since + way;
        let verdict = Verdict::Counted(black_box(headers).with_reset(reset));
        limiter.settle(sent + way + Duration::from_millis(50), permit, verdict);
    }
    black_box(limiter.stats(began));
}

/// As many as requests leave in a second.
const CHANNELS: [u64; 25] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
];

/// From a decoded interaction to its handler, one of many, which reads an option.
fn route_command(iterations: u32) {
    static CALLED: AtomicU32 = AtomicU32::new(0);
    let routes: Routes<()> = NAMES
        .iter()
        .map(|name| {
            Route::command(name, CommandDraft::slash(*name, "A command"), |call| {
                Box::pin(async move {
                    let topic: String = call.option("topic")?;
                    CALLED.fetch_add(1, Ordering::Relaxed);
                    black_box(topic);
                    Ok(())
                })
            })
        })
        .collect();
    let router = Router::new(routes);
    let dispatch = Dispatch::new(
        Origin::default(),
        Version::default(),
        "INTERACTION_CREATE",
        Bytes::from_static(INTERACTION.as_bytes()),
    );
    let event = Arc::new(dispatch.decode(&mut Scratch::new()));
    let answers: Arc<dyn Answers> = Arc::new(Silence);
    let state = Arc::new(());
    let before = CALLED.load(Ordering::Relaxed);
    for _ in 0..iterations {
        let handled = std::pin::pin!(router.handle(&state, black_box(&event), &answers));
        let polled = handled.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(()), "nothing here waits");
    }
    let called = CALLED.load(Ordering::Relaxed) - before;
    assert_eq!(called, iterations, "every interaction found its handler");
}

/// Answers that go nowhere, at once.
#[derive(Debug)]
struct Silence;

impl Answers for Silence {
    fn callback<'a>(
        &'a self,
        _: Id<InteractionMarker>,
        _: &'a Secret,
        _: InteractionResponse,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn edit_original<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        _: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        Box::pin(std::future::ready(Err(Error::absent(
            "no message exists here",
        ))))
    }

    fn delete_original<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn follow_up<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        _: MessageDraft,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        Box::pin(std::future::ready(Err(Error::absent(
            "no message exists here",
        ))))
    }

    fn edit_follow_up<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        _: Id<MessageMarker>,
        _: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        Box::pin(std::future::ready(Err(Error::absent(
            "no message exists here",
        ))))
    }

    fn delete_follow_up<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        _: Id<MessageMarker>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The first sequence number of the frames; all of them have the same number of digits.
const FIRST: u64 = 1_000_000;

const READY: &str = r#"{"t":"READY","s":1000000,"op":0,"d":{"v":10,"user":{"id":"80351110224678912","username":"baker","discriminator":"0","global_name":null,"avatar":null,"bot":true},"guilds":[],"session_id":"session","resume_gateway_url":"wss://gateway.discord.gg","application":{"id":"80351110224678912","flags":0}}}"#;

/// A message of ordinary size: an author with a member part, two mentions, one embed, one reply.
const MESSAGE: &str = r#"{"id":"1199000000000000001","channel_id":"1199000000000000002","guild_id":"1199000000000000003","type":19,"content":"thanks <@80351110224678912>, the second batch came out far better than the first one","timestamp":"2026-01-05T12:34:56.789000+00:00","edited_timestamp":null,"tts":false,"mention_everyone":false,"pinned":false,"flags":0,"nonce":"1199000000000000004","author":{"id":"1199000000000000005","username":"ann","discriminator":"0","global_name":"Ann","avatar":"a_0123456789abcdef0123456789abcdef","public_flags":64},"member":{"nick":"Ann of the ovens","avatar":null,"roles":["1199000000000000006","1199000000000000007"],"joined_at":"2024-02-03T04:05:06.789000+00:00","premium_since":null,"deaf":false,"mute":false,"flags":0,"pending":false,"communication_disabled_until":null},"mentions":[{"id":"80351110224678912","username":"baker","discriminator":"0","global_name":null,"avatar":null,"bot":true,"public_flags":0}],"mention_roles":[],"attachments":[],"embeds":[{"type":"rich","title":"Sourdough, second batch","description":"Hydration 72 %, 48 hours cold","color":15105570,"fields":[{"name":"Crumb","value":"open","inline":true},{"name":"Crust","value":"dark","inline":true}],"footer":{"text":"oven 2"}}],"components":[],"message_reference":{"type":0,"message_id":"1199000000000000008","channel_id":"1199000000000000002","guild_id":"1199000000000000003"}}"#;

/// A presence of ordinary size: a song, a game and a custom status.
const PRESENCE: &str = r#"{"user":{"id":"1199000000000000005"},"status":"online","processed_at_timestamp":1790000000123,"guild_id":"1199000000000000003","client_status":{"desktop":"online","mobile":"idle"},"activities":[{"type":4,"state":"out for flour","name":"Custom Status","id":"custom","emoji":{"name":"🍞","id":null},"created_at":1790000000000},{"type":2,"timestamps":{"start":1790000000000,"end":1790000212000},"sync_id":"0123456789abcdef012345","state":"Crust; Crumb","session_id":"0123456789abcdef0123456789abcdef","party":{"id":"spotify:1199000000000000005"},"name":"Spotify","id":"spotify:1","flags":48,"details":"Slow rise","created_at":1790000000456,"assets":{"large_text":"Morning bread","large_image":"spotify:ab67616d0000b2730123456789abcdef01234567"}},{"type":0,"timestamps":{"start":1790000000789},"state":"in the second oven","name":"Bakery","id":"0123456789abcdef","details":"Shift 12 of 30","created_at":1790000000789,"assets":{"small_text":"Rank 7","small_image":"1199000000000000020","large_text":"Market street","large_image":"mp:external/0123456789abcdef/https/oven.example/street.png"},"application_id":"1199000000000000021"}]}"#;

const INTERACTION: &str = r#"{"id":"1199000000000000010","application_id":"80351110224678912","type":2,"token":"interaction","version":1,"guild_id":"1199000000000000003","channel_id":"1199000000000000002","channel":{"id":"1199000000000000002","type":0,"name":"kitchen"},"locale":"en-GB","guild_locale":"en-GB","app_permissions":"2147483647","entitlements":[],"authorizing_integration_owners":{"0":"1199000000000000003"},"context":0,"attachment_size_limit":10485760,"member":{"user":{"id":"1199000000000000005","username":"ann","discriminator":"0","global_name":"Ann","avatar":null},"nick":null,"roles":[],"joined_at":"2024-02-03T04:05:06.789000+00:00","deaf":false,"mute":false,"flags":0,"permissions":"2147483647"},"data":{"id":"1199000000000000011","name":"taste","type":1,"options":[{"name":"topic","type":3,"value":"crumb"}]}}"#;

/// As many commands as a bot of middling size has; the one that is called stands among them.
const NAMES: &[&str] = &[
    "bake", "batch", "blend", "chill", "crumb", "crust", "feed", "fold", "grind", "knead", "mix",
    "proof", "rest", "rise", "score", "shape", "sift", "slice", "starter", "steam", "taste",
    "toast", "weigh", "yeast",
];
