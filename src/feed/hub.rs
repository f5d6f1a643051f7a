//! The hub: one place that knows the newest runs, and wakes the sockets when there is another one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock, Weak};
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::blocks::Blocks;
use super::fanout::Outlets;
use super::measures::Measures;
use super::outlet::Outlet;
use super::ring::{Entry, Ring};
use crate::board::index::Counts;
use crate::exchange::event::{Mark, Run};
use crate::exchange::journal::Position;
use crate::identity::User;

/// What wakes sockets. One value for all of them: no socket has a timer of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beat {
    /// The newest revision that can be sent.
    pub revision: u64,
    /// Of the batch that made it.
    pub mark: Mark,
    pub history: Arc<str>,
    /// Goes up when history was replaced: everybody must fetch everything.
    pub resets: u64,
    /// Goes up every 15 s.
    pub heartbeats: u64,
    /// The server is leaving.
    pub leaving: bool,
}

/// Where to find a revision.
pub enum Next {
    Entry(Arc<Entry>),
    /// Not here yet.
    Ahead,
    /// Not here any more.
    Gone,
}

/// Ended sessions that may wait to be told to the other servers.
const ENDINGS: usize = 1024;
/// Heartbeats without a sign of life after which a socket's place may be given to another one.
const SILENT_BEATS: u64 = 3;
const HEARTBEAT: Duration = Duration::from_secs(15);

pub struct Hub {
    ring: RwLock<Ring>,
    blocks: Blocks,
    beat: watch::Sender<Beat>,
    summary: watch::Sender<Utf8Bytes>,
    pub(super) outlets: Outlets,
    pub measures: Measures,
    /// The sockets that each person has here.
    seats: Mutex<HashMap<User, Vec<Arc<Chair>>>>,
    ended: broadcast::Sender<Uuid>,
    watchers: AtomicU32,
    watchers_elsewhere: AtomicU32,
}

impl Hub {
    pub fn new(position: &Position) -> Hub {
        let beat = Beat {
            revision: position.revision,
            mark: Mark::of(position.batch),
            history: position.history.as_str().into(),
            resets: 0,
            heartbeats: 0,
            leaving: false,
        };
        Hub {
            ring: RwLock::default(),
            blocks: Blocks::default(),
            beat: watch::Sender::new(beat),
            summary: watch::Sender::new(Utf8Bytes::default()),
            outlets: Outlets::default(),
            measures: Measures::default(),
            seats: Mutex::default(),
            ended: broadcast::Sender::new(ENDINGS),
            watchers: AtomicU32::new(0),
            watchers_elsewhere: AtomicU32::new(0),
        }
    }

    /// Puts older runs in place without waking anybody: at start, before there are sockets.
    pub fn refill(&self, runs: impl IntoIterator<Item = (Arc<Run>, Counts)>) {
        let mut ring = self.ring.write().expect("ring");
        for (run, counts) in runs {
            ring.push(run, counts);
        }
    }

    /// Sends the next run to everybody.
    pub fn publish(&self, run: Arc<Run>, counts: Counts) {
        let (revision, mark) = (run.revision, Mark::of(run.batch));
        let oldest = {
            let mut ring = self.ring.write().expect("ring");
            ring.push(run, counts);
            ring.oldest()
        };
        self.beat.send_modify(|beat| (beat.revision, beat.mark) = (revision, mark));
        self.blocks.forget(self.now().resets, oldest.unwrap_or(revision));
    }

    /// Starts over with another history, or from an earlier revision.
    pub fn reset(&self, position: &Position) {
        self.ring.write().expect("ring").clear();
        self.beat.send_modify(|beat| {
            beat.history = position.history.as_str().into();
            beat.revision = position.revision;
            beat.mark = Mark::of(position.batch);
            beat.resets += 1;
        });
    }

    pub fn leave(&self) {
        self.beat.send_modify(|beat| beat.leaving = true);
    }

    /// Beats for as long as the server runs.
    pub async fn beat(&self) {
        let mut timer = tokio::time::interval(HEARTBEAT);
        timer.tick().await;
        loop {
            timer.tick().await;
            self.beat_once();
        }
    }

    pub(super) fn beat_once(&self) {
        self.beat.send_modify(|beat| beat.heartbeats += 1);
    }

    /// The beat as it is.
    pub fn now(&self) -> Beat {
        self.beat.borrow().clone()
    }

    /// The newest revision that can be sent.
    pub fn revision(&self) -> u64 {
        self.beat.borrow().revision
    }

    /// The `count` runs after `revision`, if all of them are here.
    pub fn list_after(&self, revision: u64, count: u64) -> Option<Vec<Arc<Entry>>> {
        let count = usize::try_from(count).ok()?;
        self.ring.read().expect("ring").list_after(revision, count)
    }

    pub fn subscribe(&self) -> watch::Receiver<Beat> {
        self.beat.subscribe()
    }

    /// The admins' summary message, empty until there is one.
    pub fn summaries(&self) -> watch::Receiver<Utf8Bytes> {
        self.summary.subscribe()
    }

    pub fn summarise(&self, message: String) {
        self.summary.send_replace(message.into());
    }

    /// Whether any admin's socket waits for summaries.
    pub fn wants_summaries(&self) -> bool {
        self.summary.receiver_count() > 0
    }

    /// What brings whoever knows `revision` on: the next run, or many at once where that is far
    /// behind.
    pub fn after(&self, revision: u64) -> Next {
        let (head, resets) = {
            let beat = self.beat.borrow();
            (beat.revision, beat.resets)
        };
        let ring = || self.ring.read().expect("ring");
        let runs = |count| ring().list_after(revision, count);
        let block = self.blocks.after(revision, head, resets, runs, &self.measures.merged);
        let next = block.or_else(|| ring().get(revision + 1));
        match next {
            Some(entry) => Next::Entry(entry),
            None if head <= revision => Next::Ahead,
            None => Next::Gone,
        }
    }

    /// The mark of a revision; `None` when it is too old to be sent from, or not there yet.
    pub fn mark_of(&self, revision: u64) -> Option<Mark> {
        let known = self.ring.read().expect("ring").batch_of(revision).map(Mark::of);
        let beat = self.beat.borrow();
        known.or_else(|| (beat.revision == revision).then_some(beat.mark))
    }

    /// How many sockets are open here.
    pub fn watchers_here(&self) -> u32 {
        self.watchers.load(Ordering::Relaxed)
    }

    /// How many are open on all servers, as far as they have told.
    pub fn watchers(&self) -> u32 {
        self.watchers_here() + self.watchers_elsewhere.load(Ordering::Relaxed)
    }

    pub fn note_watchers_elsewhere(&self, count: u32) {
        self.watchers_elsewhere.store(count, Ordering::Relaxed);
    }

    /// A place for one more socket of this person; `None` when they have `most` already, and all of
    /// them live. Admins without a number are not one person.
    pub fn seat(self: &Arc<Hub>, user: User, most: u32) -> Option<Seat> {
        let now = self.beat.borrow().heartbeats;
        let chair = Arc::new(Chair { heard: AtomicU64::new(now), outlet: OnceLock::new() });
        if user.id > 0 {
            let mut seats = self.seats.lock().expect("nobody panics while holding it");
            let taken = seats.entry(user).or_default();
            if taken.len() >= most as usize {
                // Whoever changes networks leaves sockets behind that look open for long.
                let silent = taken.iter().position(|chair| chair.is_silent(now))?;
                if let Some(outlet) = taken.remove(silent).outlet.get().and_then(Weak::upgrade) {
                    outlet.end();
                }
            }
            taken.push(Arc::clone(&chair));
        }
        Some(Seat { hub: Arc::clone(self), user, chair })
    }

    /// Counts a watcher, and lets news be brought to them, until the guard is dropped.
    pub fn admit(self: &Arc<Hub>, outlet: Arc<Outlet>) -> Watcher {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        self.measures.watchers.inc();
        Watcher { place: self.outlets.add(outlet), hub: Arc::clone(self) }
    }

    /// Ends what a session's sockets may hear: its browser is somebody else now.
    pub fn end(&self, session: Uuid) {
        self.outlets.end(session);
    }

    /// Whether a session has ended not long ago.
    pub fn has_ended(&self, session: Uuid) -> bool {
        self.outlets.have_ended(session)
    }

    /// The sessions of all sockets that are open here.
    pub fn sessions(&self) -> Vec<Uuid> {
        self.outlets.sessions().into_iter().collect()
    }

    /// The same on all servers.
    pub fn end_everywhere(&self, session: Uuid) {
        self.end(session);
        // Without redis nobody listens.
        let _ = self.ended.send(session);
    }

    /// The sessions that end here from now on.
    pub fn endings(&self) -> broadcast::Receiver<Uuid> {
        self.ended.subscribe()
    }
}

/// A socket's place among those of its person, from the request on.
pub struct Seat {
    hub: Arc<Hub>,
    user: User,
    chair: Arc<Chair>,
}

struct Chair {
    /// The heartbeat before which the last sign of life came.
    heard: AtomicU64,
    outlet: OnceLock<Weak<Outlet>>,
}

impl Chair {
    fn is_silent(&self, now: u64) -> bool {
        now.saturating_sub(self.heard.load(Ordering::Relaxed)) >= SILENT_BEATS
    }
}

impl Seat {
    /// Says which socket it is.
    pub fn take(&self, outlet: &Arc<Outlet>) {
        let _ = self.chair.outlet.set(Arc::downgrade(outlet));
    }

    /// Notes a sign of life, as of a heartbeat.
    pub fn note_heard(&self, heartbeats: u64) {
        self.chair.heard.store(heartbeats, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.seats.lock().expect("nobody panics while holding it");
        if let Some(taken) = seats.get_mut(&self.user) {
            // Its place may have been given away.
            taken.retain(|chair| !Arc::ptr_eq(chair, &self.chair));
            if taken.is_empty() {
                seats.remove(&self.user);
            }
        }
    }
}

pub struct Watcher {
    hub: Arc<Hub>,
    place: usize,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.hub.outlets.remove(self.place);
        self.hub.watchers.fetch_sub(1, Ordering::Relaxed);
        self.hub.measures.watchers.dec();
    }
}
