//! A watcher's connection. Two write to it: its own task (`socket`), and, while that is at rest,
//! whoever brings news to everybody (`fanout`): waking a task for each watcher costs as much as the
//! writing. Frames are never mixed: what one could write in part only, is finished first.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use uuid::Uuid;

use super::frame::Format;
use super::ring::{Entry, Shared};
use crate::exchange::event::Mark;
use crate::identity::User;

pub struct Outlet {
    stream: TcpStream,
    reader: Reader,
    state: Mutex<State>,
    call: Notify,
}

/// Who reads, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub user: User,
    /// The browser's session that says so; programs have none.
    pub session: Option<Uuid>,
    pub format: Format,
}

/// What was sent.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sent {
    pub messages: u64,
    pub bytes: u64,
}

/// How far a watcher is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The newest revision looked at, and its mark.
    pub cursor: u64,
    pub mark: Mark,
    /// The newest revision the client was told of; runs with nothing for it lie between.
    pub told: u64,
}

struct State {
    standing: Standing,
    /// Its task waits, and leaves the writing to others.
    at_rest: bool,
    /// What is left of frames that others wrote.
    left: Bytes,
    /// Its task has written a part of a frame.
    torn: bool,
    /// Who reads is not who they were: nothing more is for them.
    ended: bool,
}

impl Outlet {
    pub fn new(stream: TcpStream, reader: Reader, standing: Standing) -> Outlet {
        let (at_rest, torn, ended) = (false, false, false);
        let state = State { standing, at_rest, left: Bytes::new(), torn, ended };
        Outlet { stream, reader, state: Mutex::new(state), call: Notify::new() }
    }

    pub fn reader(&self) -> Reader {
        self.reader
    }

    /// Leaves the writing to others from now on.
    pub fn rest(&self, standing: Standing) {
        let mut state = self.lock();
        (state.standing, state.at_rest) = (standing, !state.ended);
    }

    /// Takes the writing back; how far others have come meanwhile.
    pub fn take(&self) -> Standing {
        let mut state = self.lock();
        state.at_rest = false;
        state.standing
    }

    /// Whether something that others wrote is not sent yet.
    pub fn has_left(&self) -> bool {
        !self.lock().left.is_empty()
    }

    /// Sends nothing more from now on; its task is called, to close it.
    pub fn end(&self) {
        let mut state = self.lock();
        (state.at_rest, state.ended) = (false, true);
        self.call();
    }

    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Calls its task, which will find out why.
    pub fn call(&self) {
        self.call.notify_one();
    }

    pub async fn called(&self) {
        self.call.notified().await;
    }

    /// Brings a watcher at rest on by these entries, as far as they are the same for many; for all
    /// else its task is called.
    pub fn deliver(&self, entries: &[Arc<Entry>]) -> Sent {
        let mut state = self.lock();
        let mut sent = Sent::default();
        for entry in entries {
            if !state.at_rest {
                break;
            }
            if entry.run.revision <= state.standing.cursor {
                continue;
            }
            let Standing { cursor, mark, .. } = state.standing;
            if entry.follows() != (cursor, mark) || !self.step(&mut state, entry, &mut sent) {
                state.at_rest = false;
                self.call();
            }
        }
        sent
    }

    /// Whether others may go on writing after this entry.
    fn step(&self, state: &mut State, entry: &Entry, sent: &mut Sent) -> bool {
        let (cursor, mark) = (entry.run.revision, entry.mark());
        let (frames, messages) = match entry.shared(self.reader.user, self.reader.format) {
            Shared::Nothing => {
                state.standing = Standing { cursor, mark, ..state.standing };
                return true;
            }
            Shared::Frames { bytes, messages } if state.left.is_empty() && !state.torn => {
                (bytes, messages)
            }
            Shared::Frames { .. } | Shared::Personal => return false,
        };
        // Whatever is wrong with the connection, its task will meet it.
        let Ok(written) = self.stream.try_write(frames) else { return false };
        sent.messages += messages as u64;
        sent.bytes += frames.len() as u64;
        state.standing = Standing { cursor, mark, told: cursor };
        state.left = frames.slice(written..);
        state.left.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

/// The connection as its own task sees it.
pub struct Line(pub Arc<Outlet>);

impl Line {
    /// Sends what others left.
    fn poll_left(&self, state: &mut State, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !state.left.is_empty() {
            match self.0.stream.try_write(&state.left) {
                Ok(written) => state.left.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.stream.poll_write_ready(context))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.stream.poll_read_ready(context))?;
            match self.0.stream.try_read(buffer.initialize_unfilled()) {
                Ok(read) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        ready!(self.poll_left(&mut state, context))?;
        loop {
            match self.0.stream.try_write(buffer) {
                Ok(written) => {
                    state.torn = written < buffer.len();
                    return Poll::Ready(Ok(written));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.stream.poll_write_ready(context))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        self.poll_left(&mut state, context)
    }

    /// It is closed when the last who holds it lets go.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

#[cfg(test)]
pub(super) mod tests;
