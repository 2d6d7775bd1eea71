//! One websocket: bytes in, bytes out. What they are is decided in `protocol`.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::Notify,
};

use crate::{
    protocol::{
        Frame, Input, Output,
        websocket::{self, Frames, Message},
    },
    shared::Shared,
};

use super::wire::Wire;

/// How the writing side ended.
enum End {
    /// A close frame was sent; the client may still have something on the way.
    Closed,
    /// The stream is to be dropped at once.
    Dropped,
}

/// Serves a connection whose handshake is done; `begun` is what came behind the handshake already.
pub(super) async fn serve<W: Wire>(
    shared: &Shared,
    stream: W,
    begun: &[u8],
    path: &str,
    query: &str,
) {
    let (id, bell) = shared.open(path, query);
    let (mut read, mut write) = stream.halves();
    let mut frames = Frames::default();
    frames.push(begun);
    tokio::select! {
        echo = read_all(shared, id, &mut read, &mut frames) => {
            shared.close(id, echo.as_deref().and_then(code_of));
            if let Some(payload) = echo {
                let mut bytes = Vec::new();
                websocket::write(&mut bytes, websocket::CLOSE, &payload);
                // The client is closing; whether it still reads our echo does not matter.
                let _ = tokio::time::timeout(LINGER, write.write_all(&bytes)).await;
            }
        }
        end = write_all::<W>(shared, id, &mut write, &bell) => {
            shared.close(id, None);
            if matches!(end, End::Closed) {
                // Closing a stream with unread bytes resets it, and the close frame could be lost.
                let _ = tokio::time::timeout(LINGER, read_to_close(&mut read, &mut frames)).await;
            }
        }
    }
}

/// Reads until the client is gone; gives the payload of its close frame, if it sent one.
async fn read_all(
    shared: &Shared,
    id: u64,
    read: &mut (impl AsyncRead + Unpin),
    frames: &mut Frames,
) -> Option<Vec<u8>> {
    let mut buffer = vec![0; READ];
    loop {
        loop {
            let input = match frames.next() {
                Ok(None) => break,
                Ok(Some(Message::Close(_, payload))) => return Some(payload),
                Ok(Some(Message::Pong)) => continue,
                Ok(Some(message)) => Ok(message),
                Err(breach) => Err(breach),
            };
            shared.with(|backend, now| match &input {
                Ok(Message::Data(bytes)) => backend.handle(now, id, Input::Message(bytes)),
                Ok(Message::Ping(payload)) => backend.handle(now, id, Input::Ping(payload)),
                Ok(Message::Pong | Message::Close(..)) => {}
                Err(breach) => backend.handle(now, id, Input::Unlawful(*breach)),
            });
            if input.is_err() {
                // Nothing behind a breach can be read; the writing side ends the connection.
                std::future::pending::<()>().await;
            }
        }
        if shared.look(|backend| backend.gateway.is_deaf(id)) {
            // Nothing is heard on a line that is deaf, but its end has to be noticed.
            while matches!(read.read(&mut buffer).await, Ok(1..)) {}
            return None;
        }
        match read.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => frames.push(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// Reads on until the client answers a close frame with its own, or is gone.
async fn read_to_close(read: &mut (impl AsyncRead + Unpin), frames: &mut Frames) {
    let mut buffer = vec![0; READ];
    loop {
        while let Ok(Some(message)) = frames.next() {
            if matches!(message, Message::Close(..)) {
                return;
            }
        }
        match read.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => frames.push(buffer.get(..count).unwrap_or_default()),
        }
    }
}

async fn write_all<W: Wire>(shared: &Shared, id: u64, write: &mut W::Write, bell: &Notify) -> End {
    let mut bytes = Vec::new();
    loop {
        let outputs = shared.poll(id);
        if outputs.is_empty() {
            bell.notified().await;
            continue;
        }
        for output in outputs {
            match output {
                Output::Send(frame) => encode(&mut bytes, &frame),
                Output::Pong(payload) => {
                    websocket::write(&mut bytes, websocket::PONG, &payload);
                }
                Output::Split(frame, piece, pause) => {
                    encode(&mut bytes, &frame);
                    for piece in bytes.chunks(piece.max(1)) {
                        if !written(write, piece).await {
                            return End::Dropped;
                        }
                        if !pause.is_zero() {
                            tokio::time::sleep(pause).await;
                        }
                    }
                    bytes.clear();
                }
                Output::Half(frame, kept) => {
                    encode(&mut bytes, &frame);
                    let head = bytes.len() - frame.bytes().len();
                    written(write, bytes.get(..head + kept).unwrap_or(&bytes)).await;
                    return End::Dropped;
                }
                Output::Close(code, reason) => {
                    let payload = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
                    websocket::write(&mut bytes, websocket::CLOSE, &payload);
                    // Either it is written or the client is gone already.
                    written(write, &bytes).await;
                    return End::Closed;
                }
                Output::Abort => {
                    written(write, &bytes).await;
                    return End::Dropped;
                }
                Output::Reset => {
                    W::spoil(write);
                    return End::Dropped;
                }
            }
        }
        if !bytes.is_empty() && !written(write, &bytes).await {
            return End::Dropped;
        }
        bytes.clear();
    }
}

/// Whether the client took all of it in time. One that reads nothing would otherwise hold its
/// socket, and all that waits behind it, for as long as it likes: even its close frame waits.
async fn written(write: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    let written = tokio::time::timeout(UNREAD, write.write_all(bytes)).await;
    matches!(written, Ok(Ok(())))
}

fn encode(bytes: &mut Vec<u8>, frame: &Frame) {
    let opcode = match frame {
        Frame::Text(_) => websocket::TEXT,
        Frame::Binary(_) => websocket::BINARY,
    };
    websocket::write(bytes, opcode, frame.bytes());
}

fn code_of(payload: &[u8]) -> Option<u16> {
    payload
        .first_chunk::<2>()
        .map(|code| u16::from_be_bytes(*code))
}

/// Bytes that one read may bring; a client's payload has at most 4096.
const READ: usize = 8 * 1024;

/// How long a client has to answer a close frame.
const LINGER: Duration = Duration::from_secs(2);

/// How long a client may take to read what one write brings: longer than it may be silent, so that
/// a slow one is told by its heartbeats first.
const UNREAD: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_let_go() {
        let shared = Shared::new(Config::default(), "http://127.0.0.1".to_owned());
        // Not even Hello fits into the pipe.
        let (outside, inside) = tokio::io::duplex(16);
        let served = serve(&shared, inside, &[], "/", "v=10&encoding=json");
        tokio::time::timeout(UNREAD * 2, served).await.unwrap();
        assert!(shared.look(|backend| backend.gateway.seen().is_empty()));
        drop(outside);
    }
}
