//! The board, as a page and as data.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::filter::{self, Filter, Typed};
use super::index::{Part, Wanted};
use super::pages::Snapshot;
use super::{Page, view};
use crate::error::{FieldRule, Refusal, Refused};
use crate::exchange::event::Mark;
use crate::identity::Role;
use crate::money::Notation;
use crate::orders::{self, Order};
use crate::page::Source;
use crate::page::paging::Table;
use crate::web::reply::Provenance;
use crate::web::{Request, Response};

/// How long a page waits for this server's board to be as new as its rows.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long somebody waits for their turn to search.
const TURN: Duration = Duration::from_secs(2);
const READERS: [Role; 2] = [Role::Executor, Role::Admin];

/// `GET /orders?page=N`
pub async fn show(request: Request) -> Result<Response, Refused> {
    request.require(&READERS)?;
    if let Some(typed) = Typed::of(&request) {
        return show_filtered(&request, &typed).await;
    }
    let wanted = Wanted { currency: None, part: Part::Page(request.window()) };
    let app = &request.app;
    let (page, source) = app.pages.get(&app.board, request.interactions(), wanted).await?;
    let title = request.lang.text("board-title");
    let data = Provenance { source, revision: page.revision };
    Ok(request.shared_page(&title, data, page.main(request.lang, &app.config.currencies)))
}

/// `GET /api/board?page=&per_page=` or `?before=ID&per_page=`
pub async fn api_show(request: Request) -> Result<Response, Refused> {
    request.require(&READERS)?;
    if let Some(typed) = Typed::of(&request) {
        return api_show_filtered(&request, &typed).await;
    }
    let app = &request.app;
    let wanted = Wanted { currency: None, part: part(&request)? };
    let (page, source) = app.pages.get(&app.board, request.interactions(), wanted).await?;
    Ok(request.json(source, &Shape::new(&page, None)))
}

/// Programs may also go by the last id that they have seen.
fn part(request: &Request) -> Result<Part, Refusal> {
    let window = request.window();
    match request.param("before").filter(|_| request.is_api()) {
        Some(before) => {
            let id = before.parse().map_err(|_| Refusal::BadRequest("before-malformed"))?;
            Ok(Part::Before { id, per_page: window.per_page })
        }
        None => Ok(Part::Page(window)),
    }
}

/// What came of a filter.
enum Found {
    /// A page of a board of its own.
    Kept(Arc<Snapshot>, Source),
    Sought(Filtered),
}

/// What a search lets pass of the newest open orders.
pub struct Filtered {
    pub filter: Filter,
    pub orders: Table<Order>,
    /// On the whole board.
    pub open_orders: u32,
}

async fn show_filtered(request: &Request, typed: &Typed) -> Result<Response, Refused> {
    let title = request.lang.text("board-title");
    let currencies = &request.app.config.currencies;
    match find(request, typed, Notation::Form).await {
        Ok(Found::Kept(page, source)) => {
            let data = Provenance { source, revision: page.revision };
            if page.only.is_some_and(|only| *typed == Typed::only(only.currency)) {
                return Ok(request.shared_page(&title, data, page.main(request.lang, currencies)));
            }
            Ok(request.live_page(&title, data, |context| {
                view::narrowed(context.lang, currencies, typed, &page)
            }))
        }
        Ok(Found::Sought(sought)) => {
            let data = Provenance { source: Source::Mysql, revision: sought.orders.revision };
            Ok(request.live_page(&title, data, |context| {
                view::filtered(context.lang, currencies, typed, &sought)
            }))
        }
        // What was typed is there to be mended, or to be tried again.
        Err(Refused::Refusal(refusal @ (Refusal::InvalidField { .. } | Refusal::Overloaded))) => {
            let field = match refusal {
                Refusal::InvalidField { field, .. } => Some(field),
                _ => None,
            };
            let sentence = refusal.detail(request.lang);
            let problem = view::Problem { field, sentence: &sentence };
            Ok(request.render(refusal.kind().0, &title, None, |context| {
                view::unfiltered(context.lang, currencies, typed, problem)
            }))
        }
        Err(refused) => Err(refused),
    }
}

async fn api_show_filtered(request: &Request, typed: &Typed) -> Result<Response, Refused> {
    let sought = match find(request, typed, Notation::Strict).await? {
        Found::Kept(page, source) => {
            return Ok(request.json(source, &Shape::new(&page, Some(page.total()))));
        }
        Found::Sought(sought) => sought,
    };
    let Filtered { orders, open_orders, .. } = sought;
    let board = &request.app.board;
    let Table { revision, page, pages, per_page, total, rows } = orders;
    Ok(request.json(
        Source::Mysql,
        &json!({
            "history": board.position().history,
            "revision": revision,
            "batch": board.batch_of(revision).map(|batch| Mark::of(batch).to_string()),
            "open_orders": open_orders,
            "page": page,
            "pages": pages,
            "per_page": per_page,
            "total": total,
            "orders": rows.iter().map(|order| orders::web::Shape::new(order, None)).collect::<Vec<_>>(),
        }),
    ))
}

async fn find(request: &Request, typed: &Typed, notation: Notation) -> Result<Found, Refused> {
    let app = &request.app;
    let filter = Filter::read(typed, &app.config, notation)?;
    if filter.is_board() {
        let wanted = Wanted { currency: filter.currency, part: part(request)? };
        let (page, source) = app.pages.get(&app.board, request.interactions(), wanted).await?;
        return Ok(Found::Kept(page, source));
    }
    if request.is_api() && request.param("before").is_some() {
        return Err(Refusal::InvalidField { field: "before", rule: FieldRule::Before }.into());
    }
    // They take the database a while: a few at a time, or others would wait for it.
    let turn = tokio::time::timeout(TURN, app.searches.acquire()).await;
    let _turn = turn.map_err(|_| Refusal::Overloaded)?.expect("it is never closed");
    let first = app.board.first_of(filter::MOST);
    let orders =
        orders::store::list_filtered(request.interactions(), &filter, first, request.window());
    let orders = orders.await?;
    // A page is never newer than what its socket goes on from.
    app.board.reached(orders.revision, PATIENCE).await;
    let open_orders = app.board.counts().open_orders;
    Ok(Found::Sought(Filtered { filter, orders, open_orders }))
}

#[derive(Serialize)]
struct Shape<'a> {
    history: &'a str,
    revision: u64,
    batch: String,
    open_orders: u32,
    page: u32,
    pages: u32,
    per_page: u32,
    /// Of those that a filter lets pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u32>,
    orders: Vec<orders::web::Shape>,
}

impl Shape<'_> {
    fn new(page: &Page, total: Option<u32>) -> Shape<'_> {
        Shape {
            history: &page.history,
            revision: page.revision,
            batch: Mark::of(page.batch).to_string(),
            open_orders: page.open_orders,
            page: page.page,
            pages: page.pages,
            per_page: page.per_page,
            total,
            orders: page.orders.iter().map(|order| orders::web::Shape::new(order, None)).collect(),
        }
    }
}
