//! The newest runs, ready to send. Frames are encoded once per audience, when the first socket of
//! that audience wants them; personal parts are few and encoded when asked for.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::frame::{self, Envelope, Format};
use crate::board::index::Counts;
use crate::exchange::event::{Event, Mark, Run, Subject};
use crate::i18n::Lang;
use crate::identity::{Role, User};

const MAX_ENTRIES: usize = 4096;
const MAX_BYTES: usize = 32 * 1024 * 1024;
const MAX_AGE_MS: i64 = 15 * 60 * 1000;

/// The newest runs in order, without a gap.
#[derive(Default)]
pub struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// The newest revision that everybody who sees the board is told of: what came after it changed
    /// only what is some people's own.
    shown: Option<u64>,
}

/// One run, or several merged into one, and the messages made of it.
pub struct Entry {
    /// The revision before its first.
    from: u64,
    /// The revision that all who see the board were told of at least, when they get this.
    shown: u64,
    pub run: Arc<Run>,
    counts: Counts,
    bytes: usize,
    people: HashMap<User, Vec<usize>>,
    json: OnceLock<Frames>,
    html: [OnceLock<Frames>; Lang::ALL.len()],
}

/// A run's shared messages in one format.
struct Frames {
    public: Vec<Utf8Bytes>,
    /// Everybody's orders and contracts, for admins; goes before `public`.
    everybody: Vec<Utf8Bytes>,
    /// The public ones as they go over a socket.
    public_frames: Bytes,
}

/// What of an entry is the same for all of an audience.
pub enum Shared<'a> {
    Nothing,
    /// Frames as they go over a socket, and how many messages they are.
    Frames {
        bytes: &'a Bytes,
        messages: usize,
    },
    /// There is more than that for this one.
    Personal,
}

impl Ring {
    /// Adds the next run; `counts` are the board's after it. Forgets what is too old or too much.
    pub fn push(&mut self, run: Arc<Run>, counts: Counts) {
        let from = run.revision - 1;
        let shown = self.shown.unwrap_or(from);
        let entry = Entry::new(from, shown, run, counts);
        self.shown = Some(if entry.shows() { entry.run.revision } else { shown });
        self.bytes += entry.bytes;
        let newest = entry.run.created;
        self.entries.push_back(Arc::new(entry));
        while let Some(first) = self.entries.front()
            && (self.entries.len() > MAX_ENTRIES
                || (self.bytes > MAX_BYTES && self.entries.len() > 1)
                || newest.millis() - first.run.created.millis() > MAX_AGE_MS)
        {
            self.bytes -= first.bytes;
            self.entries.pop_front();
        }
    }

    /// The run that made `revision`, if it is still here.
    pub fn get(&self, revision: u64) -> Option<Arc<Entry>> {
        let first = self.entries.front()?.run.revision;
        let place = usize::try_from(revision.checked_sub(first)?).ok()?;
        self.entries.get(place).cloned()
    }

    /// The `count` runs after `revision`, if all of them are here.
    pub fn list_after(&self, revision: u64, count: usize) -> Option<Vec<Arc<Entry>>> {
        let first = self.entries.front()?.run.revision;
        let place = usize::try_from((revision + 1).checked_sub(first)?).ok()?;
        (place + count <= self.entries.len())
            .then(|| self.entries.range(place..place + count).cloned().collect())
    }

    /// The batch that made `revision`, if it is here or right before what is here.
    pub fn batch_of(&self, revision: u64) -> Option<Uuid> {
        match self.get(revision) {
            Some(entry) => Some(entry.run.batch),
            None => self.get(revision + 1).map(|next| next.run.previous),
        }
    }

    /// The oldest revision from which one can come here.
    pub fn oldest(&self) -> Option<u64> {
        Some(self.entries.front()?.run.revision - 1)
    }

    pub fn clear(&mut self) {
        *self = Ring::default();
    }
}

impl Entry {
    fn new(from: u64, shown: u64, run: Arc<Run>, counts: Counts) -> Entry {
        let mut people: HashMap<User, Vec<usize>> = HashMap::new();
        let mut bytes = 256;
        for (place, event) in run.events.iter().enumerate() {
            // Rows and data of it, in a few audiences.
            bytes += 2048 + event.text_bytes();
            for user in event.concerns() {
                people.entry(user).or_default().push(place);
            }
        }
        let (json, html) = Default::default();
        Entry { from, shown, run, counts, bytes, people, json, html }
    }

    /// Several entries that follow each other, as one that brings whoever knows the revision before
    /// them to where they end: of each order and contract only the last
    /// that happened to it.
    pub fn merge(entries: &[Arc<Entry>]) -> Option<Entry> {
        let (first, last) = (entries.first()?, entries.last()?);
        let mut events: BTreeMap<Subject, &Event> = BTreeMap::new();
        for event in entries.iter().flat_map(|entry| &entry.run.events) {
            events.insert(event.subject(), event);
        }
        let run = Run {
            revision: last.run.revision,
            batch: last.run.batch,
            previous: first.run.previous,
            created: last.run.created,
            events: events.into_values().map(Event::to_excerpt).collect(),
        };
        Some(Entry::new(first.from, first.shown, Arc::new(run), last.counts))
    }

    /// The messages of this run for somebody who was last told of revision `told`; none when it
    /// holds nothing for them.
    pub fn messages(&self, user: User, format: Format, told: u64) -> Vec<Utf8Bytes> {
        let mut messages = match user.role {
            Role::Admin => self.frames(format).everybody.clone(),
            _ => self.personal(user, format, told),
        };
        if user.role.sees_board() && (self.shows() || !messages.is_empty()) {
            messages.extend(self.frames(format).public.iter().cloned());
        } else if !user.role.sees_board() && !messages.is_empty() {
            let closing = frame::messages(self.envelope(user, told, &self.sent()), &[], true);
            messages.extend(closing.into_iter().map(Utf8Bytes::from));
        }
        messages
    }

    /// What there is for this user, if it is the same for many.
    pub fn shared(&self, user: User, format: Format) -> Shared<'_> {
        match user.role {
            Role::Admin => Shared::Personal,
            _ if self.people.contains_key(&user) => Shared::Personal,
            _ if user.role.sees_board() && self.shows() => {
                let Frames { public_frames: bytes, public, .. } = self.frames(format);
                Shared::Frames { bytes, messages: public.len() }
            }
            _ => Shared::Nothing,
        }
    }

    /// Whether it changes the board.
    fn shows(&self) -> bool {
        self.run.events.iter().any(|event| event.order().is_some())
    }

    /// The revision that it follows, and its mark.
    pub fn follows(&self) -> (u64, Mark) {
        (self.from, Mark::of(self.run.previous))
    }

    fn personal(&self, user: User, format: Format, told: u64) -> Vec<Utf8Bytes> {
        let Some(places) = self.people.get(&user) else { return Vec::new() };
        let events = places.iter().map(|&place| &self.run.events[place]);
        let items = frame::personal_items(events, user, format);
        let messages = frame::messages(self.envelope(user, told, &self.sent()), &items, false);
        messages.into_iter().map(Utf8Bytes::from).collect()
    }

    fn frames(&self, format: Format) -> &Frames {
        let cell = match format {
            Format::Json => &self.json,
            Format::Html(lang) => &self.html[lang as usize],
        };
        cell.get_or_init(|| {
            let admin = User { role: Role::Admin, id: 0 };
            let sent = self.sent();
            // One text for all: it starts where the least that any of them was told of ends.
            let envelope = self.envelope(admin, self.shown, &sent);
            let encode = |items: &[frame::Item], closes| -> Vec<Utf8Bytes> {
                let messages = frame::messages(envelope, items, closes);
                messages.into_iter().map(Utf8Bytes::from).collect()
            };
            let public = encode(&frame::public_items(&self.run.events, format), true);
            Frames {
                public_frames: frame::to_frames(&public),
                public,
                everybody: encode(&frame::personal_items(&self.run.events, admin, format), false),
            }
        })
    }

    fn envelope<'a>(&self, user: User, told: u64, sent: &'a str) -> Envelope<'a> {
        Envelope {
            from: told,
            to: self.run.revision,
            mark: self.mark(),
            open_orders: user.role.sees_board().then_some(self.counts.open_orders),
            sent,
        }
    }

    /// What it takes in memory, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn mark(&self) -> Mark {
        Mark::of(self.run.batch)
    }

    fn sent(&self) -> String {
        self.run.created.to_rfc3339()
    }
}
