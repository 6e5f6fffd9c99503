//! A stream that does not wait for ever for its reader: when nothing could be written for the length of the patience,
//! writing fails. Only a write that waits is timed; whoever reads something now and then is left in peace.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

#[cfg(test)]
mod tests;

/// The stream and what its writing waits for.
#[derive(Debug)]
pub struct Patient<S> {
    stream: S,
    patience: Duration,
    write: Stall,
    flush: Stall,
}

impl<S> Patient<S> {
    /// A stream that gives up a write after so long without progress.
    pub fn new(stream: S, patience: Duration) -> Patient<S> {
        Patient { stream, patience, write: Stall::default(), flush: Stall::default() }
    }

    /// What became of a write. When some was written, what a flush waited for has moved on too.
    fn written(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            self.flush = Stall::default();
        }
        self.write.judge(cx, self.patience, wrote)
    }
}

/// The time left, from the first poll that had to wait.
#[derive(Debug, Default)]
struct Stall(Option<Pin<Box<Sleep>>>);

impl Stall {
    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        patience: Duration,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.0 = None;
            return outcome;
        }
        let left = self.0.get_or_insert_with(|| Box::pin(sleep(patience)));
        left.as_mut().poll(cx).map(|()| Err(io::Error::new(ErrorKind::TimedOut, "the client reads nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Patient { stream, patience, flush, .. } = &mut *self;
        let flushed = Pin::new(stream).poll_flush(cx);
        flush.judge(cx, *patience, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Patient { stream, patience, flush, .. } = &mut *self;
        let shut = Pin::new(stream).poll_shutdown(cx);
        flush.judge(cx, *patience, shut)
    }
}
