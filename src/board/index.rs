//! The board in memory: where it stands and the ids of all open orders, so that any page of it, or
//! of those in one currency, is found without counting. It follows the journal.

use std::collections::{HashMap, VecDeque};
use std::sync::RwLock;
use std::time::Duration;

use roaring::RoaringBitmap;
use tokio::sync::watch;
use uuid::Uuid;

use super::open::Open;
use crate::exchange::event::{Event, Run};
use crate::exchange::journal::Position;
use crate::identity::User;
use crate::money::Currency;
use crate::orders::Status;
use crate::page::paging::Window;

/// People whose last change is remembered; beyond that, the floor rises and all of them count as
/// changed just now.
const PEOPLE: usize = 100_000;
/// Batches that are remembered, to tell what was read in this history from what was read in one
/// that the database has lost.
const BATCHES: usize = 4096;

/// The board's state at one revision.
#[derive(Debug)]
pub struct State {
    position: Position,
    open: Open,
    orders: u32,
    contracts: u32,
    changed: HashMap<User, u64>,
    /// People who are not in `changed` have not changed after this revision.
    floor: u64,
    /// The newest batches, up to the one of `position`.
    batches: VecDeque<Uuid>,
}

/// What was asked of the board, answered at one revision: the ids to show and what goes around them.
#[derive(Clone, PartialEq, Debug)]
pub struct Selection {
    pub position: Position,
    /// On the whole board.
    pub open_orders: u32,
    /// In the currency, if one was asked for.
    pub total: u32,
    pub window: Window,
    pub pages: u32,
    /// Newest first.
    pub ids: Vec<u32>,
}

/// What of the board somebody wants.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Wanted {
    /// Only orders in this one: a board of its own.
    pub currency: Option<Currency>,
    pub part: Part,
}

/// Which part of a board somebody wants.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Part {
    Page(Window),
    /// The newest `per_page` orders below this id.
    Before {
        id: u32,
        per_page: u32,
    },
}

/// The counters of the head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    pub revision: u64,
    pub open_orders: u32,
    pub orders: u32,
    pub contracts: u32,
}

impl State {
    /// The board at a position, with its open orders.
    pub fn new(position: Position, open: Open, orders: u32, contracts: u32) -> State {
        let floor = position.revision;
        let (changed, batches) = (HashMap::new(), VecDeque::from([position.batch]));
        State { position, open, orders, contracts, changed, floor, batches }
    }

    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Applies the run that follows this state's revision.
    fn apply(&mut self, run: &Run) {
        assert_eq!(run.revision, self.position.revision + 1, "runs are applied in order");
        for event in &run.events {
            if let Some(order) = event.order() {
                if order.status == Status::Open {
                    self.open.insert(order.id, order.currency);
                    self.orders = self.orders.max(order.id);
                } else {
                    self.open.remove(order.id, order.currency);
                }
            }
            if let Event::OrderAccepted { contract_id, .. } = event {
                self.contracts = self.contracts.max(*contract_id);
            }
            for user in event.concerns() {
                self.changed.insert(user, run.revision);
            }
        }
        if self.changed.len() > PEOPLE {
            self.changed.clear();
            self.floor = run.revision;
        }
        self.position.revision = run.revision;
        self.position.batch = run.batch;
        self.batches.push_back(run.batch);
        if self.batches.len() > BATCHES {
            self.batches.pop_front();
        }
    }

    /// The batch that made `revision`, as far as is remembered here.
    fn batch_of(&self, revision: u64) -> Option<Uuid> {
        let back = self.position.revision.checked_sub(revision)?;
        let place = self.batches.len().checked_sub(usize::try_from(back).ok()? + 1)?;
        self.batches.get(place).copied()
    }

    /// The smallest id of the newest `count` open orders.
    fn first_of(&self, count: u32) -> u32 {
        let total = count_of(self.open.all());
        self.open.all().select(total.saturating_sub(count)).unwrap_or(0)
    }

    fn counts(&self) -> Counts {
        Counts {
            revision: self.position.revision,
            open_orders: count_of(self.open.all()),
            orders: self.orders,
            contracts: self.contracts,
        }
    }

    fn select(&self, wanted: Wanted) -> Selection {
        let none = RoaringBitmap::new();
        let open = self.open.of(wanted.currency).unwrap_or(&none);
        let total = count_of(open);
        let (window, end) = match wanted.part {
            Part::Page(window) => {
                let window = window.within(total);
                (window, total - window.skipped().min(total))
            }
            Part::Before { id, per_page } => {
                let below = if id == 0 { 0 } else { open.rank(id - 1) };
                (Window { page: 1, per_page }, u32::try_from(below).unwrap_or(total))
            }
        };
        let begin = end.saturating_sub(window.per_page);
        let mut ids: Vec<u32> = match open.select(begin) {
            // Walking from the first id on: each step is constant, wherever the page lies.
            Some(first) => open.range(first..).take((end - begin) as usize).collect(),
            None => Vec::new(),
        };
        ids.reverse();
        Selection {
            position: self.position.clone(),
            open_orders: count_of(self.open.all()),
            total,
            window,
            pages: window.pages(total),
            ids,
        }
    }
}

fn count_of(open: &RoaringBitmap) -> u32 {
    u32::try_from(open.len()).expect("ids are 32 bits wide")
}

/// The shared board: one follower changes it, everybody reads it.
#[derive(Debug)]
pub struct Board {
    state: RwLock<State>,
    revision: watch::Sender<u64>,
}

impl Board {
    pub fn new(state: State) -> Board {
        let revision = watch::Sender::new(state.position.revision);
        Board { state: RwLock::new(state), revision }
    }

    pub fn position(&self) -> Position {
        self.read().position.clone()
    }

    pub fn counts(&self) -> Counts {
        self.read().counts()
    }

    pub fn select(&self, wanted: Wanted) -> Selection {
        self.read().select(wanted)
    }

    /// The smallest id of the newest `count` open orders; 0 on an empty board.
    pub fn first_of(&self, count: u32) -> u32 {
        self.read().first_of(count)
    }

    /// The last revision that changed something of this person's own, or later.
    pub fn changed(&self, user: User) -> u64 {
        let state = self.read();
        state.changed.get(&user).copied().unwrap_or(0).max(state.floor)
    }

    /// Whether `batch` made `revision` in the history that is followed here. Older than what is
    /// remembered counts as unknown.
    pub fn knows(&self, revision: u64, batch: Uuid) -> bool {
        self.batch_of(revision) == Some(batch)
    }

    /// The batch that made `revision`, unless that is longer ago than is remembered here.
    pub fn batch_of(&self, revision: u64) -> Option<Uuid> {
        self.read().batch_of(revision)
    }

    /// The newest revision applied here.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Waits until the board here is at `revision` or later, for up to `patience`. Returns whether
    /// it is.
    pub async fn reached(&self, revision: u64, patience: Duration) -> bool {
        let mut watch = self.revision.subscribe();
        let reached = watch.wait_for(|&here| here >= revision);
        tokio::time::timeout(patience, reached).await.is_ok_and(|here| here.is_ok())
    }

    /// Applies the next run.
    pub fn apply(&self, run: &Run) -> Counts {
        let counts = {
            let mut state = self.write();
            state.apply(run);
            state.counts()
        };
        self.revision.send_replace(run.revision);
        counts
    }

    /// Puts another state in place: the history that this one followed is gone.
    pub fn replace(&self, state: State) {
        let revision = state.position.revision;
        *self.write() = state;
        self.revision.send_replace(revision);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().expect("whoever panics while changing the board stops the server")
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().expect("whoever panics while changing the board stops the server")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third order is in dollars, the others in roubles.
    fn state(open: impl IntoIterator<Item = u32>) -> State {
        let [rub, usd] = currencies();
        let currency = |id: u32| if id.is_multiple_of(3) { usd } else { rub };
        State {
            position: Position { history: "h".to_owned(), revision: 5, batch: Uuid::nil() },
            open: open.into_iter().map(|id| (id, currency(id))).collect(),
            orders: 1_000_000,
            contracts: 0,
            changed: HashMap::new(),
            floor: 5,
            batches: VecDeque::from([Uuid::nil()]),
        }
    }

    fn currencies() -> [Currency; 2] {
        ["RUB", "USD"].map(|code| Currency::from_code(code).unwrap())
    }

    fn page_of(state: &State, currency: Option<Currency>, page: u32) -> Selection {
        state.select(Wanted { currency, part: Part::Page(Window { page, per_page: 20 }) })
    }

    fn page(state: &State, page: u32) -> Selection {
        page_of(state, None, page)
    }

    #[test]
    fn a_currency_is_a_board_of_its_own() {
        let [rub, usd] = currencies();
        let state = state(1..=90);
        let second = page_of(&state, Some(usd), 2);
        assert_eq!(second.ids, (1..=10).rev().map(|n| 3 * n).collect::<Vec<_>>());
        assert_eq!((second.total, second.pages, second.open_orders), (30, 2, 90));
        assert_eq!(page_of(&state, Some(usd), 9), second);
        assert_eq!(page_of(&state, Some(rub), 1).total, 60);
        let part = Part::Before { id: 7, per_page: 20 };
        let before = state.select(Wanted { currency: Some(rub), part });
        assert_eq!((before.ids, before.total), (vec![5, 4, 2, 1], 60));
        let yen = page_of(&state, Currency::from_code("JPY"), 3);
        assert_eq!((yen.ids.len(), yen.total, yen.pages, yen.open_orders), (0, 0, 1, 90));
    }

    #[test]
    fn pages_are_newest_first_and_the_last_one_is_short() {
        let state = state(1..=45);
        assert_eq!(page(&state, 1).ids, (26..=45).rev().collect::<Vec<_>>());
        assert_eq!(page(&state, 3).ids, [5, 4, 3, 2, 1]);
        assert_eq!(page(&state, 9), page(&state, 3));
        assert_eq!(page(&state, 1).pages, 3);
    }

    #[test]
    fn only_the_batches_of_this_history_are_known() {
        let mut state = state([]);
        for revision in 6..=BATCHES as u64 + 10 {
            let run = Run {
                revision,
                batch: Uuid::from_u128(u128::from(revision)),
                previous: state.position.batch,
                created: crate::moment::Moment::now(),
                events: Vec::new(),
            };
            state.apply(&run);
        }
        let newest = BATCHES as u64 + 10;
        assert_eq!(state.batch_of(newest), Some(Uuid::from_u128(u128::from(newest))));
        assert_eq!(state.batch_of(20), Some(Uuid::from_u128(20)));
        assert_ne!(state.batch_of(20), Some(Uuid::from_u128(21)), "another batch");
        assert_eq!(state.batch_of(5), None, "too long ago");
        assert_eq!(state.batch_of(newest + 1), None, "not yet");
    }

    #[test]
    fn an_empty_board_has_one_empty_page() {
        let selection = page(&state([]), 1);
        assert_eq!((selection.ids.len(), selection.pages, selection.open_orders), (0, 1, 0));
    }

    #[test]
    fn following_before_reads_the_whole_board() {
        let ids = (1..100_000).step_by(7);
        let state = state(ids.clone());
        let mut read = Vec::new();
        let mut before = u32::MAX;
        loop {
            let part = Part::Before { id: before, per_page: 100 };
            let part = state.select(Wanted { currency: None, part }).ids;
            let Some(&last) = part.last() else { break };
            read.extend(part);
            before = last;
        }
        let mut expected: Vec<u32> = ids.collect();
        expected.reverse();
        assert_eq!(read, expected);
        let part = Part::Before { id: 0, per_page: 20 };
        assert!(state.select(Wanted { currency: None, part }).ids.is_empty());
    }
}
