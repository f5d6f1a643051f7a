//! Brings news to all watchers, one after the other: those who are at rest right before it are
//! written to from here, the others' tasks find it by themselves. Each time it begins with somebody
//! else, so that nobody is always first.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use uuid::Uuid;

use super::hub::Hub;
use super::outlet::{Outlet, Sent};
use super::ring::Entry;
use crate::moment::Moment;

/// Runs that are brought at once; whoever is further behind has tasks for that.
const MOST_RUNS: u64 = 8;
/// Watchers between two breaths: others have work on this thread, too.
const STRETCH: usize = 64;
/// How far the beginning moves on each time, in watchers.
const TURN: usize = 257;
/// Ended sessions that are remembered for sockets that were just being opened.
const ENDED: usize = 1024;

/// Everybody who watches, each at a place of their own.
#[derive(Default)]
pub struct Outlets(Mutex<Places>);

#[derive(Default)]
struct Places {
    taken: Vec<Option<Arc<Outlet>>>,
    free: Vec<usize>,
    ended: VecDeque<Uuid>,
}

impl Outlets {
    pub fn add(&self, outlet: Arc<Outlet>) -> usize {
        let mut places = self.lock();
        if outlet.reader().session.is_some_and(|session| places.ended.contains(&session)) {
            outlet.end();
        }
        match places.free.pop() {
            Some(place) => {
                places.taken[place] = Some(outlet);
                place
            }
            None => {
                places.taken.push(Some(outlet));
                places.taken.len() - 1
            }
        }
    }

    pub fn remove(&self, place: usize) {
        let mut places = self.lock();
        places.taken[place] = None;
        places.free.push(place);
    }

    /// Ends all of a session's, and those that come later.
    pub fn end(&self, session: Uuid) {
        let mut places = self.lock();
        if places.ended.contains(&session) {
            return;
        }
        places.ended.truncate(ENDED - 1);
        places.ended.push_front(session);
        let all = places.taken.iter().flatten();
        all.filter(|outlet| outlet.reader().session == Some(session)).for_each(|it| it.end());
    }

    /// Whether a session has ended, as far as that is remembered.
    pub fn have_ended(&self, session: Uuid) -> bool {
        self.lock().ended.contains(&session)
    }

    /// The sessions of all sockets.
    pub fn sessions(&self) -> HashSet<Uuid> {
        let places = self.lock();
        places.taken.iter().flatten().filter_map(|outlet| outlet.reader().session).collect()
    }

    /// How many places there are: they are never fewer later. Who comes meanwhile knows the news.
    fn count(&self) -> usize {
        self.lock().taken.len()
    }

    /// Does something with one in `parts` of all stretches of the first `count` places, beginning at
    /// `first`. All parts must be given the same count, or somebody is passed over.
    async fn each(
        &self,
        (first, count): (usize, usize),
        (part, parts): (usize, usize),
        mut act: impl FnMut(&Outlet),
    ) {
        let first = first.checked_rem(count).unwrap_or(0);
        let mut stretch: Vec<Arc<Outlet>> = Vec::with_capacity(STRETCH);
        for start in (part * STRETCH..count).step_by(parts * STRETCH) {
            {
                let places = self.lock();
                let here = start..count.min(start + STRETCH);
                let here = here.map(|place| (first + place) % count);
                stretch.extend(here.filter_map(|place| places.taken.get(place)?.clone()));
            }
            stretch.drain(..).for_each(|outlet| act(&outlet));
            tokio::task::yield_now().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

/// Runs for as long as the server.
pub async fn run(hub: Arc<Hub>) {
    let mut beat = hub.subscribe();
    let mut before = beat.borrow().clone();
    let mut first: usize = 0;
    while beat.changed().await.is_ok() {
        let now = beat.borrow_and_update().clone();
        let brought = match now.revision.checked_sub(before.revision) {
            _ if now.resets != before.resets => None,
            Some(0) => Some(Vec::new()),
            Some(count @ 1..=MOST_RUNS) => hub.list_after(before.revision, count),
            _ => None,
        };
        let calls = (now.resets, now.heartbeats, now.leaving)
            != (before.resets, before.heartbeats, before.leaving);
        first = first.wrapping_add(TURN);
        match brought {
            Some(entries) if entries.is_empty() && !calls => {}
            Some(entries) if !calls => deliver(&hub, first, entries).await,
            _ => hub.outlets.each((first, hub.outlets.count()), (0, 1), Outlet::call).await,
        }
        before = now;
    }
}

/// On all cores at once, where there is enough to do for them.
async fn deliver(hub: &Arc<Hub>, first: usize, entries: Vec<Arc<Entry>>) {
    let started = Instant::now();
    let committed = entries.last().map(|entry| entry.run.created);
    let count = hub.outlets.count();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = cores.min(count.div_ceil(STRETCH)).max(1);
    let entries: Arc<[Arc<Entry>]> = entries.into();
    let range = (first, count);
    let others = (1..parts).map(|part| {
        let (hub, entries) = (Arc::clone(hub), Arc::clone(&entries));
        tokio::spawn(async move {
            deliver_part(&hub, range, (part, parts), &entries).await;
        })
    });
    let others: Vec<_> = others.collect();
    deliver_part(hub, range, (0, parts), &entries).await;
    for other in others {
        other.await.expect("delivering does not panic");
    }
    if count > 0 {
        hub.measures.first_to_last.observe(started.elapsed().as_secs_f64());
    }
    if let Some(committed) = committed {
        let age = Moment::now().millis() - committed.millis();
        hub.measures.note_delivery(u64::try_from(age).unwrap_or(0));
    }
}

async fn deliver_part(
    hub: &Hub,
    range: (usize, usize),
    part: (usize, usize),
    entries: &[Arc<Entry>],
) {
    // Counted together: numbers that all cores change for each watcher would hold them up.
    let mut all = Sent::default();
    let act = |outlet: &Outlet| {
        let sent = outlet.deliver(entries);
        all.messages += sent.messages;
        all.bytes += sent.bytes;
    };
    hub.outlets.each(range, part, act).await;
    hub.measures.note_sent(all);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::outlet::tests::{SESSION, connected};
    use crate::identity::User;

    #[tokio::test]
    async fn everybody_is_met_once_whoever_is_first_and_however_the_work_is_divided() {
        let outlets = Outlets::default();
        let (mut here, mut clients) = (Vec::new(), Vec::new());
        for user in 0..3 * STRETCH as u32 + 7 {
            let (outlet, client) = connected(User::executor(1 + user)).await;
            outlets.add(Arc::clone(&outlet));
            here.push(outlet);
            clients.push(client);
        }
        // One has left, and their place was taken again.
        outlets.remove(70);
        let (outlet, _client) = connected(User::executor(1000)).await;
        assert_eq!(outlets.add(Arc::clone(&outlet)), 70);
        here[70] = outlet;
        let mut firsts = Vec::new();
        for (first, parts) in [(0, 1), (257, 1), (257, 2), (100_000, 3), (usize::MAX, 7)] {
            let met = Mutex::new(Vec::new());
            let (count, known) = (outlets.count(), here.len());
            for part in 0..parts {
                let meet =
                    |outlet: &Outlet| met.lock().unwrap().push(std::ptr::from_ref(outlet).addr());
                outlets.each((first, count), (part, parts), meet).await;
                // Somebody comes while the parts are at work.
                let (outlet, client) = connected(User::executor(2000)).await;
                outlets.add(Arc::clone(&outlet));
                here.push(outlet);
                clients.push(client);
            }
            let mut met = met.into_inner().unwrap();
            firsts.push(met[0]);
            met.sort_unstable();
            let mut known: Vec<usize> =
                here[..known].iter().map(|o| Arc::as_ptr(o).addr()).collect();
            known.sort_unstable();
            assert!(met == known, "first {first}, in {parts} parts");
        }
        assert!(firsts[0] != firsts[1] && firsts[1] != firsts[3]);
        outlets.each((0, outlets.count()), (1, 2), |_| {}).await;
        Outlets::default().each((3, 0), (0, 2), |_| panic!("nobody is here")).await;
    }

    #[tokio::test]
    async fn the_end_of_a_session_is_that_of_its_sockets_also_of_one_just_being_opened() {
        let outlets = Outlets::default();
        let mut clients = Vec::new();
        let mut open = async || {
            let (outlet, client) = connected(User::executor(1)).await;
            outlets.add(Arc::clone(&outlet));
            clients.push(client);
            outlet
        };
        let before = open().await;
        outlets.end(Uuid::from_u128(6));
        assert!(!before.has_ended(), "another session is not its own");
        outlets.end(SESSION);
        assert!(before.has_ended() && open().await.has_ended());
        for other in 0..ENDED as u128 {
            outlets.end(Uuid::from_u128(1000 + other));
        }
        assert!(!open().await.has_ended(), "what is remembered is bounded");
    }
}
