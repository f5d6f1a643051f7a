//! How the board looks: its counters, a page of open orders, the way to the other pages.

use maud::{Markup, html};

use super::Page;
use crate::i18n::Lang;
use crate::orders::view::{Kind, table};
use crate::page::table::paging;

/// Nothing of who reads it is in there: it is made once, for all.
pub fn main(lang: Lang, page: &Page) -> Markup {
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
        (table(lang, Kind::Board, page.page, page.per_page, &page.orders))
        (paging(lang, "/orders", page.page, page.pages, page.per_page, page.open_orders))
    }
}
