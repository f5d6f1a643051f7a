//! One watcher's socket: a cursor and the rest of one message, nothing else. A slow reader is only
//! ever behind; it costs nobody anything.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::frame::{self, Format};
use super::hub::{Hub, Next};
use crate::exchange::event::Mark;
use crate::identity::{Role, User};
use crate::moment::Moment;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What a watcher said when connecting.
#[derive(Clone, Debug)]
pub struct Hello {
    pub user: User,
    pub format: Format,
    /// The history and revision that the watcher's page is of.
    pub history: Option<String>,
    pub since: Option<u64>,
    /// Of the batch that made that revision.
    pub mark: Option<Mark>,
}

/// A client has nothing to say: what it sends is small and rare.
const MAX_INPUT_BYTES: usize = 4096;
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
pub async fn serve(upgrade: OnUpgrade, hub: Arc<Hub>, hello: Hello) {
    // An upgrade that never comes is a client that left.
    let Ok(upgraded) = upgrade.await else { return };
    let config = WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(MAX_INPUT_BYTES))
        .max_frame_size(Some(MAX_INPUT_BYTES));
    let socket =
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Side::Server, Some(config)).await;
    let _watcher = hub.count_watcher();
    let mark = hub.subscribe().borrow().mark;
    let mut session = Session { socket, hub, hello, cursor: 0, mark, told: 0 };
    // Whatever ends it, the client comes back with its revision.
    let _ = session.run().await;
    let _ = timeout(Duration::from_secs(1), session.socket.close(None)).await;
}

struct Session {
    socket: Socket,
    hub: Arc<Hub>,
    hello: Hello,
    /// The newest revision looked at.
    cursor: u64,
    /// Its mark.
    mark: Mark,
    /// The newest revision the client was told of; runs with nothing for it lie between.
    told: u64,
}

impl Session {
    async fn run(&mut self) -> Result<(), tungstenite::Error> {
        let mut beat = self.hub.subscribe();
        let mut summaries = (self.hello.user.role == Role::Admin).then(|| self.hub.summaries());
        let mut resets = beat.borrow().resets;
        let mut heartbeats = beat.borrow().heartbeats;
        self.greet().await?;
        let (mut silent, mut heard) = (0, 0);
        loop {
            let now = beat.borrow_and_update().clone();
            if now.leaving {
                let retry_ms = fastrand::u64(250..RETURN_MS);
                return self.send(frame::goodbye(self.told, retry_ms).into()).await;
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
            tokio::select! {
                changed = beat.changed() => if changed.is_err() { return Ok(()) },
                message = next(&mut summaries) => self.send(message).await?,
                input = self.socket.next() => match input {
                    Some(Ok(Message::Close(_))) | None => return Ok(()),
                    Some(Ok(_)) => {
                        silent = 0;
                        heard += 1;
                        if heard > MAX_INPUT_PER_BEAT {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => return Err(error),
                },
            }
        }
    }

    /// Finds where to start from.
    async fn greet(&mut self) -> Result<(), tungstenite::Error> {
        let mut beat = self.hub.subscribe();
        let now = beat.borrow().clone();
        self.cursor = self.hello.since.unwrap_or(now.revision);
        self.told = self.cursor;
        if self.hello.history.as_deref().is_some_and(|history| history != &*now.history) {
            return self.resync().await;
        }
        if self.cursor > now.revision {
            let cursor = self.cursor;
            let reached =
                timeout(AHEAD, beat.wait_for(|beat| beat.revision >= cursor)).await.is_ok();
            if !reached {
                return self.resync().await;
            }
        }
        match self.hub.mark_of(self.cursor) {
            // The page is of a time that a crash or a restore took back.
            Some(mark) if self.hello.mark.is_some_and(|held| held != mark) => {
                return self.resync().await;
            }
            Some(mark) => self.mark = mark,
            // Too old, which catching up finds too.
            None => {}
        }
        self.catch_up().await?;
        if self.hello.since.is_none_or(|since| since == self.told) {
            self.heartbeat().await?;
        }
        Ok(())
    }

    /// Sends every run after the cursor, frame by frame.
    async fn catch_up(&mut self) -> Result<(), tungstenite::Error> {
        loop {
            match self.hub.after(self.cursor) {
                Next::Entry(entry) => {
                    let messages = entry.messages(self.hello.user, self.hello.format, self.told);
                    (self.cursor, self.mark) = (entry.run.revision, entry.mark());
                    if !messages.is_empty() {
                        for message in messages {
                            self.send(message).await?;
                        }
                        self.told = self.cursor;
                    }
                }
                Next::Ahead => return Ok(()),
                Next::Gone => self.resync().await?,
            }
        }
    }

    async fn resync(&mut self) -> Result<(), tungstenite::Error> {
        let now = self.hub.subscribe().borrow().clone();
        self.cursor = now.revision;
        self.mark = now.mark;
        self.told = now.revision;
        self.send(frame::resync(now.revision, now.mark, &now.history).into()).await
    }

    async fn heartbeat(&mut self) -> Result<(), tungstenite::Error> {
        let sent = Moment::now().to_rfc3339();
        let message =
            frame::heartbeat(self.told, self.cursor, self.mark, self.hub.watchers(), &sent);
        self.told = self.cursor;
        self.send(message.into()).await
    }

    async fn send(&mut self, message: Utf8Bytes) -> Result<(), tungstenite::Error> {
        self.write(Message::Text(message)).await
    }

    async fn write(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        match timeout(STUCK, self.socket.send(message)).await {
            Ok(result) => result,
            Err(_) => Err(tungstenite::Error::ConnectionClosed),
        }
    }
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
