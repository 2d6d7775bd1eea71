//! One websocket: frames in, frames out.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use fastwebsockets::{
    FragmentCollectorRead, Frame, OpCode, Payload, WebSocket, WebSocketError, WebSocketWrite,
};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{ReadHalf, WriteHalf},
    sync::mpsc,
};

use crate::{
    protocol::{self, Input, Output},
    shared::Shared,
};

type Stream = TokioIo<Upgraded>;
type Reader = FragmentCollectorRead<ReadHalf<Stream>>;
type Writer = WebSocketWrite<WriteHalf<Stream>>;

/// How the writing side ended.
enum End {
    /// A close frame was sent; the client may still have something on the way.
    Closed,
    /// The stream is to be dropped at once.
    Dropped,
}

pub(super) async fn serve(shared: &Shared, mut socket: WebSocket<Stream>, query: &str) {
    socket.set_auto_close(false);
    socket.set_auto_pong(false);
    socket.set_max_message_size(MAX_MESSAGE);
    let id = shared.with(|backend, now| backend.open(now, query));
    let (read, mut writer) = socket.split(tokio::io::split);
    let mut reader = FragmentCollectorRead::new(read);
    let (pongs, pings) = mpsc::channel(MAX_PINGS);
    // A read consumes bytes before it completes, so the one reading future lives to its end.
    let mut reading = pin!(read_all(shared, id, &mut reader, pongs));
    let echo = tokio::select! {
        echo = &mut reading => echo,
        end = write_all(shared, id, &mut writer, pings) => {
            if matches!(end, End::Closed) {
                // Closing a stream with unread bytes resets it, and the close frame could be lost.
                let _ = tokio::time::timeout(LINGER, reading).await;
            }
            return;
        }
    };
    if let Some(payload) = echo {
        // The client is closing; whether it still reads our echo does not matter.
        let _ = writer
            .write_frame(Frame::close_raw(Payload::Bytes(payload.as_ref().into())))
            .await;
    }
}

/// Reads until the client is gone; gives the payload of its close frame, if it sent one.
async fn read_all(
    shared: &Shared,
    id: u64,
    reader: &mut Reader,
    pongs: mpsc::Sender<Bytes>,
) -> Option<Bytes> {
    loop {
        let frame = reader
            .read_frame(&mut |_| async { Ok::<(), WebSocketError>(()) })
            .await;
        let Ok(frame) = frame else {
            shared.with(|backend, now| backend.handle(now, id, Input::Closed(None)));
            return None;
        };
        match frame.opcode {
            OpCode::Text | OpCode::Binary => {
                shared.with(|backend, now| backend.handle(now, id, Input::Message(&frame.payload)));
            }
            OpCode::Ping => {
                // More pings than fit need no pong each.
                let _ = pongs.try_send(Bytes::copy_from_slice(&frame.payload));
            }
            OpCode::Close => {
                let code = frame
                    .payload
                    .first_chunk::<2>()
                    .map(|code| u16::from_be_bytes(*code));
                shared.with(|backend, now| backend.handle(now, id, Input::Closed(code)));
                return Some(Bytes::copy_from_slice(&frame.payload));
            }
            OpCode::Pong | OpCode::Continuation => {}
        }
    }
}

async fn write_all(
    shared: &Shared,
    id: u64,
    writer: &mut Writer,
    mut pings: mpsc::Receiver<Bytes>,
) -> End {
    let mut changes = shared.changes();
    loop {
        changes.mark_unchanged();
        while let Some(output) = shared.poll(id) {
            let written = match output {
                Output::Send(protocol::Frame::Text(text)) => {
                    writer.write_frame(Frame::text(text.into())).await
                }
                Output::Send(protocol::Frame::Binary(bytes)) => {
                    writer.write_frame(Frame::binary(bytes.into())).await
                }
                Output::Close(code, reason) => {
                    // Either it is written or the client is gone already.
                    let _ = writer
                        .write_frame(Frame::close(code, reason.as_bytes()))
                        .await;
                    return End::Closed;
                }
                Output::Abort => return End::Dropped,
            };
            if written.is_err() {
                shared.with(|backend, now| backend.handle(now, id, Input::Closed(None)));
                return End::Dropped;
            }
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return End::Dropped },
            Some(ping) = pings.recv() => {
                // A client that cannot be ponged is found gone by its reader.
                let _ = writer.write_frame(Frame::pong(Payload::Bytes(ping.as_ref().into()))).await;
            }
        }
    }
}

/// Discord's limit is 4096 bytes, which the protocol answers with a close code; this bounds what is
/// read to say so.
const MAX_MESSAGE: usize = 1024 * 1024;

/// Pings that wait for their pong.
const MAX_PINGS: usize = 16;

/// How long a client has to answer a close frame.
const LINGER: Duration = Duration::from_secs(2);
