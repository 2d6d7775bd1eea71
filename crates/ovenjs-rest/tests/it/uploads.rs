//! Uploads that are read while they are sent.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use ovenjs_mock::{Config as MockConfig, Discord};
use ovenjs_net::{Dialer, SeededEntropy};
use ovenjs_rest::{Client, Config, ErrorKind, Live, file_source, reader_source};
use ovenjs_types::{Id, Progress, Source, Upload};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex},
    net::TcpListener,
    task::JoinSet,
};

use crate::{
    discord,
    server::{Server, Step, TOKEN, json},
};

const MESSAGE: &str = r#"{"id":"5","channel_id":"1","author":{"id":"2","username":"oven"}}"#;

#[tokio::test]
async fn files_from_disk_memory_and_readers_arrive_whole_and_tell_how_far_they_are() {
    let discord = Discord::start(MockConfig::default()).await.unwrap();
    let client = discord::client(&discord);
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let log = Arc::clone(&told);
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let manifest = std::fs::read(here).unwrap();
    let from_disk = file_source(here).await.unwrap();
    let reader = reader_source(io::Cursor::new(vec![b'r'; 200_000])).progress(move |progress| {
        log.lock().unwrap().push(progress);
    });
    let message = client
        .create_message(discord.channel_id())
        .file(Upload::streamed("disk.toml", from_disk))
        .file(Upload::new("memory.txt", "memory"))
        .file(Upload::streamed("reader.bin", reader))
        .await
        .unwrap();
    let sizes: Vec<_> = message.attachments.iter().map(|file| file.size).collect();
    assert_eq!(sizes, [u64::try_from(manifest.len()).unwrap(), 6, 200_000]);
    // The reader's length is not known, so the body went in chunks.
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert!(
        told.len() > 1 && told.is_sorted_by_key(|progress| progress.sent),
        "{told:?}"
    );
    let last = told.last().map(|progress| (progress.sent, progress.length));
    assert_eq!(last, Some((200_000, None)));
    assert_eq!(discord.violations(), Vec::<String>::new());

    let gone = file_source("/nowhere/at/all").await.unwrap_err();
    assert_eq!(gone.kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn a_hundred_megabytes_take_the_room_of_a_few_pieces() {
    const PIECES: usize = 1_600;
    const PIECE: usize = 64 * 1024;
    for has_length in [true, false] {
        let held: Arc<Held> = Arc::default();
        let count = Arc::clone(&held);
        let source = Source::repeatable(move || {
            let count = Arc::clone(&count);
            stream::iter(0..PIECES).map(move |_| Ok(Held::piece(&count, PIECE)))
        });
        let all = PIECES * PIECE;
        let source = if has_length {
            source.length(u64::try_from(all).unwrap())
        } else {
            source
        };
        let (base_url, mut server) = swallows().await;
        let client = client(&base_url);
        let file = Upload::streamed("film.mp4", source);
        let sent = client.create_message(Id::new(1)).file(file);
        sent.deadline(Duration::from_secs(600)).await.unwrap();
        assert!(server.join_next().await.unwrap().unwrap() > all);
        let most = held.most.load(Ordering::Relaxed);
        assert!(
            most > 0 && most <= 1 << 20,
            "{most} bytes were held at once"
        );
        assert_eq!(held.now.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn what_can_be_read_again_is_sent_again_and_what_cannot_is_not() {
    let bread = || stream::iter([Ok(Bytes::from_static(b"bread"))]);
    let server = Server::start([Step::Close, json(200, MESSAGE)]).await;
    let again = Source::repeatable(bread).length(5);
    let call = |source: &Source| {
        let file = Upload::streamed("bread.txt", source.clone());
        server
            .client()
            .create_message(Id::new(1))
            .file(file)
            .into_endpoint()
    };
    server.client().send(call(&again)).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter()
            .all(|request| request.contains("\r\n\r\nbread\r\n--oven"))
    );

    let server = Server::start([Step::Close, json(200, MESSAGE)]).await;
    let once = Source::once(bread()).length(5);
    let error = server.client().send(call(&once)).await.unwrap_err();
    assert_eq!((error.kind(), server.seen().len()), (ErrorKind::Network, 1));
    assert!(error.to_string().contains("read only once"), "{error}");
    let error = server.client().send(call(&once)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Source);
    assert!(error.to_string().contains("was read before"), "{error}");
}

#[tokio::test]
async fn what_was_not_read_yet_is_sent_again_even_if_that_can_be_done_once() {
    let server = Server::start([json(200, MESSAGE)]).await;
    // Nobody listens at the first address, so nothing is read; with this seed, nobody explores first.
    let config = Config::new()
        .base_url("http://127.0.0.1:9/api")
        .mirror(&server.base_url);
    let client = Client::builder(TOKEN)
        .config(config)
        .entropy(Arc::new(SeededEntropy::new(1)))
        .build()
        .unwrap();
    let source = Source::once(stream::iter([Ok(Bytes::from_static(b"bread"))])).length(5);
    let file = Upload::streamed("bread.txt", source.clone());
    client.create_message(Id::new(1)).file(file).await.unwrap();
    assert!(source.is_spent() && client.stats().retried > 0);
}

#[tokio::test]
async fn a_source_that_fails_or_lies_is_told_as_such_and_nothing_is_sent_again() {
    let broken = || {
        stream::iter([
            Ok(Bytes::from_static(b"bread")),
            Err(io::Error::other("mould")),
        ])
    };
    let bread = || stream::iter([Ok(Bytes::from_static(b"bread"))]);
    for (source, told) in [
        (Source::repeatable(broken), "mould"),
        (Source::repeatable(broken).length(20), "mould"),
        (Source::repeatable(bread).length(6), "more or fewer bytes"),
        (Source::repeatable(bread).length(4), "more or fewer bytes"),
    ] {
        let (base_url, _server) = swallows().await;
        let client = client(&base_url);
        let file = Upload::streamed("bread.txt", source);
        let error = client
            .create_message(Id::new(1))
            .file(file)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Source);
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!((client.stats().sent, client.stats().limits.permits), (1, 0));
        assert_eq!(client.stats().outlets[0].busy, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_takes_its_time_as_long_as_it_goes_on() {
    // Each piece comes just in time, and all of them long after `answer` and `first_byte`.
    let slow = || {
        stream::iter(0..8).then(|_| async {
            tokio::time::sleep(Duration::from_secs(14)).await;
            Ok(Bytes::from_static(b"bread"))
        })
    };
    let (near, far) = duplex(64 * 1024);
    let mut server = JoinSet::new();
    server.spawn(swallow(far));
    let client = piped(near);
    let file = Upload::streamed(
        "bread.txt",
        Source::repeatable(move || Box::pin(slow())).length(40),
    );
    let call = client.create_message(Id::new(1)).file(file);
    call.deadline(Duration::from_secs(600)).await.unwrap();
    server.join_next().await.unwrap().unwrap();

    let stopped = Source::repeatable(stream::pending);
    let (near, _far) = duplex(64 * 1024);
    let client = piped(near);
    client.apply(Live::new().retries(0));
    let file = Upload::streamed("bread.txt", stopped);
    let error = client
        .create_message(Id::new(1))
        .file(file)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(error.to_string().contains("source gave nothing"), "{error}");
}

/// What a source has given and nobody has let go of yet.
#[derive(Default)]
struct Held {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Held {
    fn piece(held: &Arc<Self>, length: usize) -> Bytes {
        let now = held.now.fetch_add(length, Ordering::Relaxed) + length;
        held.most.fetch_max(now, Ordering::Relaxed);
        Bytes::from_owner(Piece(vec![b'.'; length], Arc::clone(held)))
    }
}

struct Piece(Vec<u8>, Arc<Held>);

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.1.now.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

fn client(base_url: &str) -> Client {
    Client::builder(TOKEN).base_url(base_url).build().unwrap()
}

/// A server that reads one request to the end of its form, of whatever length, and answers it; then
/// how many bytes came.
async fn swallows() -> (String, JoinSet<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/api", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        swallow(stream).await
    });
    (base_url, server)
}

async fn swallow(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> usize {
    let mut room = vec![0; 64 * 1024];
    let (mut all, mut last) = (0, Vec::new());
    // The last boundary ends in two hyphens, and a chunked body in an empty chunk.
    while !ends(&last) {
        let read = stream.read(&mut room).await.unwrap_or(0);
        if read == 0 {
            return all;
        }
        all += read;
        last.extend(room.iter().take(read).skip(read.saturating_sub(16)));
        last.drain(..last.len().saturating_sub(16));
    }
    let length = MESSAGE.len();
    let answer = format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n{MESSAGE}");
    stream.write_all(answer.as_bytes()).await.unwrap();
    all
}

/// A client whose only connection is this pipe: the clock goes on when all wait for it, and not before.
fn piped(near: DuplexStream) -> Client {
    let near = Mutex::new(Some(near));
    // Later ones break.
    let dialer = Dialer::new(move |_| near.lock().unwrap().take().unwrap_or_else(|| duplex(1).0));
    Client::builder(TOKEN)
        .base_url("http://127.0.0.1:9/api")
        .net(ovenjs_net::Config::new().dialer(dialer))
        .build()
        .unwrap()
}

fn ends(last: &[u8]) -> bool {
    last.ends_with(b"--\r\n") || last.ends_with(b"--\r\n\r\n0\r\n\r\n")
}
