//! The board, as a page and as data.

use serde::Serialize;

use super::Page;
use super::index::Part;
use crate::error::{Refusal, Refused};
use crate::exchange::event::Mark;
use crate::identity::Role;
use crate::orders;
use crate::web::reply::Provenance;
use crate::web::{Request, Response};

const READERS: [Role; 2] = [Role::Executor, Role::Admin];

/// `GET /orders?page=N`
pub async fn show(request: Request) -> Result<Response, Refused> {
    request.require(&READERS)?;
    let part = Part::Page(request.window());
    let app = &request.app;
    let (page, source) = app.pages.get(&app.board, request.interactions(), part).await?;
    let title = request.lang.text("board-title");
    let data = Provenance { source, revision: page.revision };
    Ok(request.shared_page(&title, data, page.main(request.lang)))
}

/// `GET /api/board?page=&per_page=` or `?before=ID&per_page=`
pub async fn api_show(request: Request) -> Result<Response, Refused> {
    request.require(&READERS)?;
    let window = request.window();
    let part = match request.param("before") {
        Some(before) => {
            let id = before.parse().map_err(|_| Refusal::BadRequest("before-malformed"))?;
            Part::Before { id, per_page: window.per_page }
        }
        None => Part::Page(window),
    };
    let app = &request.app;
    let (page, source) = app.pages.get(&app.board, request.interactions(), part).await?;
    Ok(request.json(source, &Shape::new(&page)))
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
    orders: Vec<orders::web::Shape>,
}

impl Shape<'_> {
    fn new(page: &Page) -> Shape<'_> {
        Shape {
            history: &page.history,
            revision: page.revision,
            batch: Mark::of(page.batch).to_string(),
            open_orders: page.open_orders,
            page: page.page,
            pages: page.pages,
            per_page: page.per_page,
            orders: page.orders.iter().map(|order| orders::web::Shape::new(order, None)).collect(),
        }
    }
}
