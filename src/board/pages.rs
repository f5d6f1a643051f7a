//! Pages of the board: immutable snapshots, made once and shared: in this process, and through
//! memcached with all others. Their keys name the revision, so a stale one can never be read.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::index::{Board, Part, Selection, Wanted};
use super::{Only, Page, view};
use crate::cache::memcached::SharedPages;
use crate::cache::{Lookups, Measures};
use crate::database::Reads;
use crate::error::{Fault, Refused};
use crate::exchange::journal::Position;
use crate::i18n::Lang;
use crate::money::Currency;
use crate::orders::{self, Status};
use crate::page::{Main, Source};

/// Pages of the newest revision kept in the process.
const HOT: usize = 512;
/// How often a page is tried again because rows changed while it was read.
const ATTEMPTS: u32 = 5;

pub struct Pages {
    pub shared: SharedPages,
    hot: Mutex<Hot>,
    lookups: Lookups,
}

type Cell = Arc<OnceCell<Arc<Snapshot>>>;

/// A page, with its HTML in each language that somebody has read it in.
pub struct Snapshot {
    page: Arc<Page>,
    mains: [OnceLock<Main>; Lang::ALL.len()],
}

impl Snapshot {
    fn of(page: Arc<Page>) -> Arc<Snapshot> {
        Arc::new(Snapshot { page, mains: Default::default() })
    }

    /// What stands in the page's `main`, the same for every reader.
    pub fn main(&self, lang: Lang, currencies: &[Currency]) -> &Main {
        let main = || Main::new(view::main(lang, currencies, &self.page));
        self.mains[lang as usize].get_or_init(main)
    }
}

impl Deref for Snapshot {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

#[derive(Default)]
struct Hot {
    position: Option<Position>,
    pages: HashMap<Wanted, Cell>,
    /// The last page of each part that was made, for when none can be made.
    last: HashMap<Wanted, Arc<Page>>,
}

/// A row that the page needs has changed after the page's revision, and cannot be undone.
struct MovedOn {
    to: u64,
}

impl Pages {
    pub fn new(shared: SharedPages, measures: &Measures) -> Pages {
        Pages { shared, hot: Mutex::default(), lookups: measures.lookups("memory") }
    }

    /// A part of the board as of its newest revision here, and where it came from. Of those who
    /// want the same missing page, one makes it and the others wait.
    pub async fn get(
        &self,
        board: &Board,
        reads: Reads<'_>,
        wanted: Wanted,
    ) -> Result<(Arc<Snapshot>, Source), Refused> {
        for _ in 0..ATTEMPTS {
            let selection = board.select(wanted);
            let part = match wanted.part {
                Part::Page(_) => Part::Page(selection.window),
                before => before,
            };
            let wanted = Wanted { part, ..wanted };
            let cell = self.cell(&selection.position, wanted);
            let mut source = Source::Memory;
            let made = cell.get_or_try_init(|| async {
                let (page, from) = self.fetch(reads, wanted, &selection).await?;
                source = from;
                self.keep(wanted, &page);
                Ok::<_, Result<MovedOn, sqlx::Error>>(Snapshot::of(page))
            });
            match made.await {
                Ok(page) => {
                    self.lookups.note(source == Source::Memory);
                    return Ok((Arc::clone(page), source));
                }
                Err(Ok(MovedOn { to })) => {
                    board.reached(to, Duration::from_millis(500)).await;
                }
                // What was known last, and says as of when, is better than nothing.
                Err(Err(error)) => {
                    let last = self.last(wanted, &selection.position.history);
                    let last = last.map(|page| (Snapshot::of(page), Source::Memory));
                    return last.ok_or(error.into());
                }
            }
        }
        Err(Fault::Unavailable("the board moves faster than it can be read".to_owned()).into())
    }

    fn cell(&self, position: &Position, wanted: Wanted) -> Cell {
        let mut hot = self.hot.lock().expect("nobody panics while holding it");
        if hot.position.as_ref() != Some(position) || hot.pages.len() >= HOT {
            hot.pages.clear();
            hot.position = Some(position.clone());
        }
        Arc::clone(hot.pages.entry(wanted).or_default())
    }

    fn keep(&self, wanted: Wanted, page: &Arc<Page>) {
        let mut hot = self.hot.lock().expect("nobody panics while holding it");
        if hot.last.len() >= HOT && !hot.last.contains_key(&wanted) {
            hot.last.clear();
        }
        hot.last.insert(wanted, Arc::clone(page));
    }

    fn last(&self, wanted: Wanted, history: &str) -> Option<Arc<Page>> {
        let hot = self.hot.lock().expect("nobody panics while holding it");
        hot.last.get(&wanted).filter(|page| page.history == history).cloned()
    }

    async fn fetch(
        &self,
        reads: Reads<'_>,
        wanted: Wanted,
        selection: &Selection,
    ) -> Result<(Arc<Page>, Source), Result<MovedOn, sqlx::Error>> {
        let key = key(&selection.position, wanted);
        let known = self.shared.get(&key).await;
        if let Some(bytes) = known {
            match serde_json::from_slice::<Page>(&bytes) {
                Ok(page) if is_of(&page, wanted, selection) => {
                    self.shared.note_lookup(true);
                    return Ok((Arc::new(page), Source::Memcached));
                }
                // The same as nothing.
                _ => self.shared.note_garbage(),
            }
        }
        self.shared.note_lookup(false);
        let page = make(reads, wanted, selection).await?;
        self.shared.set(&key, serde_json::to_vec(&page).expect("pages are plain data")).await;
        Ok((Arc::new(page), Source::Mysql))
    }
}

/// Reads a page's rows. A row whose last change is not after the revision is as it was then. One
/// that was only closed since is undone.
async fn make(
    reads: Reads<'_>,
    wanted: Wanted,
    selection: &Selection,
) -> Result<Page, Result<MovedOn, sqlx::Error>> {
    let revision = selection.position.revision;
    let mut orders = orders::store::list_by_ids(reads, &selection.ids).await.map_err(Err)?;
    orders.sort_unstable_by_key(|order| std::cmp::Reverse(order.id));
    for order in &mut orders {
        // Of one that was edited as well, it is not known whether that was before.
        if order.revision > revision && (order.status == Status::Open || order.version > 1) {
            return Err(Ok(MovedOn { to: order.revision }));
        }
        if order.status != Status::Open {
            *order = order.clone().as_placed();
        }
    }
    if orders.iter().map(|order| order.id).ne(selection.ids.iter().copied()) {
        // Our index names rows that are not there: history was replaced, and is being noticed.
        return Err(Ok(MovedOn { to: revision + 1 }));
    }
    Ok(Page {
        history: selection.position.history.clone(),
        revision,
        batch: selection.position.batch,
        open_orders: selection.open_orders,
        page: selection.window.page,
        pages: selection.pages,
        per_page: selection.window.per_page,
        orders,
        only: only(wanted, selection),
    })
}

fn only(wanted: Wanted, selection: &Selection) -> Option<Only> {
    wanted.currency.map(|currency| Only { currency, total: selection.total })
}

fn is_of(page: &Page, wanted: Wanted, selection: &Selection) -> bool {
    page.only == only(wanted, selection)
        && page.history == selection.position.history
        && page.revision == selection.position.revision
        && page.batch == selection.position.batch
        && (page.page, page.pages) == (selection.window.page, selection.pages)
        && page.per_page == selection.window.per_page
        && page.orders.iter().map(|order| order.id).eq(selection.ids.iter().copied())
}

fn key(position: &Position, wanted: Wanted) -> String {
    let Position { history, revision, batch } = position;
    let mut key = match wanted.part {
        Part::Page(window) => {
            format!("{history}:board:{revision}:{batch}:{}:{}", window.per_page, window.page)
        }
        Part::Before { id, per_page } => {
            format!("{history}:board:{revision}:{batch}:{per_page}:before-{id}")
        }
    };
    if let Some(currency) = wanted.currency {
        key.push(':');
        key.push_str(currency.code());
    }
    key
}
