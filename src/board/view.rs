//! How the board looks: its counters, a page of open orders, the way to the other pages.

use maud::{Markup, html};

use super::Page;
use crate::orders::view::{Kind, table};
use crate::page::Context;
use crate::page::table::paging;

pub fn main(ctx: &Context, page: &Page) -> Markup {
    let lang = ctx.lang;
    html! {
        div.head {
            h1 {
                (lang.text("board-title")) " "
                span.count data-count="open_orders" { (page.open_orders) }
            }
            // Known only from the stream, so it takes its place before it shows.
            p.watchers.unknown {
                (lang.text("board-watchers")) " " span data-count="watchers" { "0" }
            }
        }
        (table(ctx, Kind::Board, page.page, page.per_page, &page.orders))
        (paging(ctx, "/orders", page.page, page.pages, page.per_page, page.open_orders))
    }
}
