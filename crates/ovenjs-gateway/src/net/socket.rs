//! A websocket, halved: one reads, one writes.
//!
//! fastwebsockets' read must not be dropped halfway, since it takes a header off its buffer before
//! it waits for the body. So [`Reader::next`] and [`Writer::send`] own their half and give it back;
//! whoever drives them keeps the future until it is done.

use std::{io::Cursor, time::Duration};

use bytes::BytesMut;
use fastwebsockets::{
    Frame, OpCode, Payload as Body, Role, WebSocketError, WebSocketRead, WebSocketWrite,
    after_handshake_split,
};
use ovenjs_net::{Connector, Stream, Target};
use tokio::{
    io::{AsyncReadExt, Chain, ReadHalf, WriteHalf},
    time::timeout,
};

use super::upgrade::upgrade;
use crate::{
    Error, ErrorKind,
    session::{Connect, MESSAGE_BYTES_MAX, Payload},
};

/// Connects and upgrades, each step with its deadline.
pub(super) async fn open(
    connector: Connector,
    connect: Connect,
    key: [u8; 16],
) -> Result<(Reader, Writer), Error> {
    let url = &connect.url;
    let target = Target::new(url.host(), url.port(), url.is_tls());
    let mut stream = connector.connect(&target).await.map_err(|source| {
        Error::new(ErrorKind::Connect, "cannot reach the gateway").with_source(source)
    })?;
    let rest = timeout(UPGRADE_DEADLINE, upgrade(&mut stream, &connect, key))
        .await
        .map_err(|_| Error::new(ErrorKind::Connect, "the gateway did not answer the upgrade"))??;
    let (read, write) = tokio::io::split(stream);
    let (mut read, mut write) =
        after_handshake_split(Cursor::new(rest).chain(read), write, Role::Client);
    read.set_auto_close(false);
    read.set_auto_pong(false);
    read.set_max_message_size(MESSAGE_BYTES_MAX);
    // A frame of ours is small: one write is one packet.
    write.set_writev(false);
    Ok((
        Reader {
            socket: read,
            fragments: None,
        },
        Writer { socket: write },
    ))
}

/// The reading half.
pub(super) struct Reader {
    socket: WebSocketRead<Chain<Cursor<Vec<u8>>, ReadHalf<Stream>>>,
    /// What has come of a message in several frames.
    fragments: Option<BytesMut>,
}

/// What came.
pub(super) enum Incoming {
    /// A whole message, text or binary.
    Message(BytesMut),
    /// A ping, to be answered with the same bytes.
    Ping(Vec<u8>),
    /// The peer closed, with a code or without.
    Closed(Option<u16>),
}

impl Reader {
    /// Waits for the next message. Must be driven to its end.
    pub(super) async fn next(mut self) -> (Self, Result<Incoming, Error>) {
        let result = self.message().await;
        (self, result)
    }

    async fn message(&mut self) -> Result<Incoming, Error> {
        loop {
            // Nothing is sent from here: closing and pongs go through the writer.
            let mut never = |_| std::future::ready(Ok::<(), std::io::Error>(()));
            let frame = self
                .socket
                .read_frame(&mut never)
                .await
                .map_err(read_failed)?;
            let (fin, opcode) = (frame.fin, frame.opcode);
            let body = match frame.payload {
                Body::Bytes(bytes) => bytes,
                other => BytesMut::from(&*other),
            };
            match opcode {
                OpCode::Ping => return Ok(Incoming::Ping(body.to_vec())),
                OpCode::Pong => {}
                OpCode::Close => {
                    let code = body.first_chunk().map(|code| u16::from_be_bytes(*code));
                    return Ok(Incoming::Closed(code));
                }
                OpCode::Text | OpCode::Binary if self.fragments.is_some() => {
                    return Err(protocol("a message began inside another"));
                }
                OpCode::Text | OpCode::Binary if fin => return Ok(Incoming::Message(body)),
                OpCode::Text | OpCode::Binary => self.fragments = Some(body),
                OpCode::Continuation => {
                    let Some(mut message) = self.fragments.take() else {
                        return Err(protocol("a message went on that had not begun"));
                    };
                    if message.len().saturating_add(body.len()) > MESSAGE_BYTES_MAX {
                        return Err(protocol("a message in fragments is too large"));
                    }
                    message.extend_from_slice(&body);
                    if fin {
                        return Ok(Incoming::Message(message));
                    }
                    self.fragments = Some(message);
                }
            }
        }
    }
}

/// The writing half.
pub(super) struct Writer {
    socket: WebSocketWrite<WriteHalf<Stream>>,
}

/// What goes out.
pub(super) enum Outgoing {
    /// A message of the session's.
    Text(Payload),
    /// The answer to a ping.
    Pong(Vec<u8>),
}

impl Writer {
    /// Sends some messages, within a deadline. Must be driven to its end.
    pub(super) async fn send(mut self, batch: Vec<Outgoing>) -> (Self, Result<(), Error>) {
        let all = async {
            for outgoing in batch {
                match outgoing {
                    Outgoing::Text(payload) => {
                        self.socket
                            .write_frame(Frame::text(Body::Borrowed(payload.bytes())))
                            .await?;
                    }
                    Outgoing::Pong(bytes) => {
                        self.socket
                            .write_frame(Frame::pong(Body::Owned(bytes)))
                            .await?;
                    }
                }
            }
            self.socket.flush().await
        };
        let result = match timeout(WRITE_DEADLINE, all).await {
            Ok(result) => result.map_err(|source| {
                Error::new(ErrorKind::Connect, "connection ended while writing").with_source(source)
            }),
            Err(_) => Err(Error::new(
                ErrorKind::Connect,
                "the gateway takes nothing any more",
            )),
        };
        (self, result)
    }

    /// Says goodbye, if it is heard within the deadline.
    pub(super) async fn close(mut self, code: u16) {
        let goodbye = async {
            self.socket.write_frame(Frame::close(code, b"")).await?;
            self.socket.flush().await
        };
        // A peer that is gone needs no goodbye.
        let _ = timeout(CLOSE_DEADLINE, goodbye).await;
    }
}

/// A proxy of Discord's answers within milliseconds; this is for lost packets.
const UPGRADE_DEADLINE: Duration = Duration::from_secs(10);

/// Our messages fit in any send buffer; one that does not empty belongs to a dead link.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// How long a goodbye may hold up the next connection.
pub(super) const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

fn read_failed(source: WebSocketError) -> Error {
    let text = match &source {
        WebSocketError::UnexpectedEOF | WebSocketError::IoError(_) => "connection ended",
        WebSocketError::FrameTooLarge => "a message is too large",
        _ => "the gateway broke the websocket protocol",
    };
    Error::new(ErrorKind::Connect, text).with_source(source)
}

fn protocol(text: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, text)
}
