//! One watcher's socket: a cursor and the rest of one message, nothing else. A slow reader is only
//! ever behind; it costs nobody anything. While there is nothing to do but to wait, the socket rests,
//! and `fanout` writes what is the same for many.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::frame;
use super::hub::{Beat, Hub, Next, Seat};
use super::outlet::{Line, Outlet, Reader, Sent, Standing};
use crate::exchange::event::Mark;
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::web::guarded::Guarded;
use crate::web::trace::Trace;

type Socket = WebSocketStream<Line>;

/// What a watcher said when connecting.
#[derive(Clone, Debug)]
pub struct Hello {
    pub reader: Reader,
    /// Whose page it is, where it is a page; somebody else may have come to use the browser.
    pub page_of: Option<User>,
    /// The history and revision that the watcher's page is of.
    pub history: Option<String>,
    pub since: Option<u64>,
    /// Of the batch that made that revision.
    pub mark: Option<Mark>,
}

/// A client has nothing to say: what it sends is small and rare.
const MAX_INPUT_BYTES: usize = 4096;
/// Kept by the kernel of what a reader has not taken yet.
const SEND_BUFFER: usize = 64 * 1024;
const MAX_INPUT_PER_BEAT: u32 = 64;
/// Heartbeats without a sign of life after which a peer is given up.
const SILENT_BEATS: u32 = 8;
/// A message that cannot be written for so long has no reader.
const STUCK: Duration = Duration::from_secs(150);
/// How long a page that is ahead of this server is waited for.
const AHEAD: Duration = Duration::from_secs(1);
/// Leaving clients come back spread over this time.
const RETURN_MS: u64 = 4000;

/// Carries the feed over an upgraded connection until either side ends it.
pub async fn serve(upgrade: OnUpgrade, hub: Arc<Hub>, hello: Hello, seat: Seat, trace: Box<Trace>) {
    // An upgrade that never comes is a client that left.
    let Ok(upgraded) = upgrade.await else { return };
    // Our own accept loop makes nothing else.
    let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<Guarded>>() else {
        let trace = trace.as_str();
        return tracing::error!(trace, "an upgraded connection is no TCP stream");
    };
    let read = read_buf.to_vec();
    // They would be kept, with the buffer for the request's headers, for as long as the socket lives.
    drop((read_buf, trace));
    converse(io.into_inner().into_inner(), read, hub, hello, seat).await;
}

/// The same over a connection of which `read` was read already.
async fn converse(stream: TcpStream, read: Vec<u8>, hub: Arc<Hub>, hello: Hello, seat: Seat) {
    // The kernel would grow it to megabytes for a reader that has stopped.
    let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
    let config = WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(MAX_INPUT_BYTES))
        .max_frame_size(Some(MAX_INPUT_BYTES));
    let now = hub.now();
    let cursor = hello.since.unwrap_or(now.revision);
    let at = Standing { cursor, mark: now.mark, told: cursor };
    let outlet = Arc::new(Outlet::new(stream, hello.reader, at));
    let line = Line(Arc::clone(&outlet));
    let socket = WebSocketStream::from_partially_read(line, read, Side::Server, Some(config)).await;
    seat.take(&outlet);
    let _watcher = hub.admit(Arc::clone(&outlet));
    let mut session = Session { socket, outlet, hub, hello, seat, at };
    // Whatever ends it, the client comes back with its revision.
    let _ = session.run(now).await;
    session.outlet.take();
    let _ = timeout(Duration::from_secs(1), session.socket.close(None)).await;
}

struct Session {
    socket: Socket,
    outlet: Arc<Outlet>,
    hub: Arc<Hub>,
    hello: Hello,
    seat: Seat,
    at: Standing,
}

impl Session {
    /// `before` is the beat at which it began.
    async fn run(&mut self, before: Beat) -> Result<(), tungstenite::Error> {
        let mut summaries =
            (self.hello.reader.user.role == Role::Admin).then(|| self.hub.summaries());
        let Beat { mut resets, mut heartbeats, .. } = before;
        self.greet(before).await?;
        let (mut silent, mut heard) = (0, 0);
        loop {
            let now = self.hub.now();
            if self.outlet.has_ended() {
                return Ok(());
            }
            if now.leaving {
                let retry_ms = fastrand::u64(250..RETURN_MS);
                return self.send(frame::goodbye(self.at.told, retry_ms).into()).await;
            }
            if now.resets != resets {
                resets = now.resets;
                self.resync().await?;
            }
            self.catch_up().await?;
            if now.heartbeats != heartbeats {
                heartbeats = now.heartbeats;
                silent += 1;
                heard = 0;
                if silent > SILENT_BEATS {
                    return Ok(());
                }
                self.heartbeat().await?;
                self.write(Message::Ping(Default::default())).await?;
            }
            // From here on others may write: what came before they knew it, is found here.
            self.outlet.rest(self.at);
            if self.hub.revision() > self.at.cursor {
                self.at = self.outlet.take();
                continue;
            }
            let input = tokio::select! {
                () = self.outlet.called() => None,
                message = next(&mut summaries) => Some(Input::Summary(message)),
                input = self.socket.next() => Some(Input::Message(input)),
            };
            self.at = self.outlet.take();
            if self.outlet.has_left() {
                self.flush().await?;
            }
            match input {
                None => {}
                Some(Input::Summary(message)) => self.send(message).await?,
                Some(Input::Message(Some(Ok(Message::Close(_))) | None)) => return Ok(()),
                Some(Input::Message(Some(Ok(_)))) => {
                    silent = 0;
                    heard += 1;
                    self.seat.note_heard(heartbeats);
                    if heard > MAX_INPUT_PER_BEAT {
                        return Ok(());
                    }
                }
                Some(Input::Message(Some(Err(error)))) => return Err(error),
            }
        }
    }

    /// Finds where to start from.
    async fn greet(&mut self, now: Beat) -> Result<(), tungstenite::Error> {
        let Hello { reader, page_of, history, .. } = &self.hello;
        let is_theirs = page_of.is_none_or(|user| user == reader.user);
        if !is_theirs || history.as_deref().is_some_and(|history| history != &*now.history) {
            return self.resync().await;
        }
        let cursor = self.at.cursor;
        if cursor < now.revision {
            self.hub.measures.replays.inc();
        }
        if cursor > now.revision {
            let mut beat = self.hub.subscribe();
            let reached = beat.wait_for(|beat| beat.revision >= cursor);
            if timeout(AHEAD, reached).await.is_err() {
                return self.resync().await;
            }
        }
        match self.hub.mark_of(cursor) {
            // The page is of a time that a crash or a restore took back.
            Some(mark) if self.hello.mark.is_some_and(|held| held != mark) => {
                return self.resync().await;
            }
            Some(mark) => self.at.mark = mark,
            None => match self.hello.mark {
                // Too old, or nearly: catching up finds it out.
                Some(held) => self.at.mark = held,
                None => return self.resync().await,
            },
        }
        self.catch_up().await?;
        if self.hello.since.is_none_or(|since| since == self.at.told) {
            self.heartbeat().await?;
        }
        Ok(())
    }

    /// Sends every run after the cursor, frame by frame.
    async fn catch_up(&mut self) -> Result<(), tungstenite::Error> {
        loop {
            match self.hub.after(self.at.cursor) {
                // What is held was taken back by a crash or a restore.
                Next::Entry(entry) if entry.follows() != (self.at.cursor, self.at.mark) => {
                    self.resync().await?;
                }
                Next::Entry(entry) => {
                    let Reader { user, format, .. } = self.hello.reader;
                    let messages = entry.messages(user, format, self.at.told);
                    (self.at.cursor, self.at.mark) = (entry.run.revision, entry.mark());
                    if !messages.is_empty() {
                        for message in messages {
                            self.send(message).await?;
                        }
                        self.at.told = self.at.cursor;
                    }
                }
                Next::Ahead => return Ok(()),
                Next::Gone => self.resync().await?,
            }
        }
    }

    async fn resync(&mut self) -> Result<(), tungstenite::Error> {
        self.hub.measures.resyncs.inc();
        let Beat { revision, mark, history, .. } = self.hub.now();
        self.at = Standing { cursor: revision, mark, told: revision };
        self.send(frame::resync(revision, mark, &history).into()).await
    }

    async fn heartbeat(&mut self) -> Result<(), tungstenite::Error> {
        let sent = Moment::now().to_rfc3339();
        let Standing { cursor, mark, told } = self.at;
        let message = frame::heartbeat(told, cursor, mark, self.hub.watchers(), &sent);
        self.at.told = cursor;
        self.send(message.into()).await
    }

    async fn flush(&mut self) -> Result<(), tungstenite::Error> {
        match timeout(STUCK, self.socket.flush()).await {
            Ok(result) => result,
            Err(_) => Err(tungstenite::Error::ConnectionClosed),
        }
    }

    async fn send(&mut self, message: Utf8Bytes) -> Result<(), tungstenite::Error> {
        let bytes = frame::length(&message) as u64;
        self.write(Message::Text(message)).await?;
        self.hub.measures.note_sent(Sent { messages: 1, bytes });
        Ok(())
    }

    async fn write(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        if self.outlet.has_ended() {
            return Err(tungstenite::Error::ConnectionClosed);
        }
        match timeout(STUCK, self.socket.send(message)).await {
            Ok(result) => result,
            Err(_) => Err(tungstenite::Error::ConnectionClosed),
        }
    }
}

/// What a session that rests may be woken by, besides calls.
enum Input {
    Summary(Utf8Bytes),
    Message(Option<Result<Message, tungstenite::Error>>),
}

/// The next summary, for those who get them; the others wait for ever.
async fn next(summaries: &mut Option<tokio::sync::watch::Receiver<Utf8Bytes>>) -> Utf8Bytes {
    if let Some(summaries) = summaries
        && summaries.changed().await.is_ok()
    {
        return summaries.borrow_and_update().clone();
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests;
