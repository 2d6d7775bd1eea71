//! What carries bytes to a client: a socket, or a pipe within the process.

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadHalf, WriteHalf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A stream that can be read and written at once.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    type Read: AsyncRead + Send + Unpin;
    type Write: AsyncWrite + Send + Unpin;

    fn halves(self) -> (Self::Read, Self::Write);

    /// Lets the client's next read fail once the stream is dropped, where the carrier can do that.
    fn spoil(write: &Self::Write);
}

impl Wire for TcpStream {
    type Read = OwnedReadHalf;
    type Write = OwnedWriteHalf;

    fn halves(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        self.into_split()
    }

    fn spoil(write: &OwnedWriteHalf) {
        // Where the system does not lend itself to a reset, the end is a plain one.
        let _ = write.as_ref().set_zero_linger();
    }
}

impl Wire for DuplexStream {
    type Read = ReadHalf<Self>;
    type Write = WriteHalf<Self>;

    fn halves(self) -> (ReadHalf<Self>, WriteHalf<Self>) {
        tokio::io::split(self)
    }

    /// A pipe knows no reset: its end is a plain one.
    fn spoil(_: &WriteHalf<Self>) {}
}
