//! How the board looks: its counters, the form that filters it, a page of open orders, the way to
//! the other pages.

use maud::{Markup, html};

use super::Page;
use super::filter::{MOST, Sort, Typed};
use super::web::Filtered;
use crate::i18n::Lang;
use crate::money::Currency;
use crate::orders::view::{Kind, table, table_of};
use crate::page::table::{Sieve, paging};

/// Nothing of who reads it is in there: it is made once, for all.
pub fn main(lang: Lang, currencies: &[Currency], page: &Page) -> Markup {
    html! {
        (head(lang, page.open_orders))
        (form(lang, currencies, &Typed::default(), None))
        (table(lang, Kind::Board, page.page, page.per_page, &page.orders))
        (paging(lang, "/orders", page.page, page.pages, page.per_page, page.open_orders))
    }
}

/// What a filter lets pass.
pub fn filtered(lang: Lang, currencies: &[Currency], typed: &Typed, found: &Filtered) -> Markup {
    let Filtered { filter, orders, open_orders } = found;
    let sieve = Sieve {
        currency: filter.currency.map(|currency| currency.code()),
        min: filter.min.map(|amount| amount.hundredths()),
        max: filter.max.map(|amount| amount.hundredths()),
        is_plain: filter.is_plain(),
        total: orders.total,
    };
    html! {
        (head(lang, *open_orders))
        (form(lang, currencies, typed, None))
        p.found role="status" {
            (lang.format("filter-found", [("total", orders.total.into())]))
            @if *open_orders > MOST {
                " " (lang.format("filter-newest-only", [("most", MOST.into())]))
            }
        }
        (table_of(lang, Kind::Board, orders.page, orders.per_page, &orders.rows, Some(&sieve)))
        (paging(
            lang, &typed.to_path("/orders"), orders.page, orders.pages, orders.per_page,
            orders.total,
        ))
    }
}

/// A filter that makes no sense, to be mended.
pub fn unfiltered(lang: Lang, currencies: &[Currency], typed: &Typed, problem: &str) -> Markup {
    html! {
        div.head { h1 { (lang.text("board-title")) } }
        (form(lang, currencies, typed, Some(problem)))
    }
}

fn head(lang: Lang, open_orders: u32) -> Markup {
    html! {
        div.head {
            h1 {
                (lang.text("board-title")) " "
                span.count data-count="open_orders" { (open_orders) }
            }
            // Known only from the stream, so it takes its place before it shows.
            p.watchers.unknown {
                (lang.text("board-watchers")) " " span data-count="watchers" { "0" }
            }
        }
    }
}

/// It works by its address alone, which can be kept and shared.
fn form(lang: Lang, currencies: &[Currency], typed: &Typed, problem: Option<&str>) -> Markup {
    let is_used = *typed != Typed::default();
    html! {
        details.filter open[is_used] {
            summary { (lang.text("filter-title")) }
            @if let Some(problem) = problem { p.alert.alert-warning role="alert" { (problem) } }
            form #filter method="get" action="/orders" {
                input.form-control.form-control-sm.words type="search" name="q" value=(typed.q)
                    placeholder=(lang.text("filter-words-placeholder"))
                    aria-label=(lang.text("filter-words-label"));
                select.form-select.form-select-sm name="currency"
                    aria-label=(lang.text("place-currency"))
                    {
                    option value="" { (lang.text("filter-any-currency")) }
                    @for currency in currencies {
                        @let code = currency.code();
                        option value=(code) selected[code == typed.currency] { (code) }
                    }
                }
                input.form-control.form-control-sm.amount name="min" value=(typed.min)
                    inputmode="decimal" placeholder=(lang.text("filter-min"))
                    aria-label=(lang.text("filter-min-label"));
                input.form-control.form-control-sm.amount name="max" value=(typed.max)
                    inputmode="decimal" placeholder=(lang.text("filter-max"))
                    aria-label=(lang.text("filter-max-label"));
                select.form-select.form-select-sm name="sort"
                    aria-label=(lang.text("filter-sort-label"))
                    {
                    @for sort in Sort::ALL {
                        option value=(if sort == Sort::Newest { "" } else { sort.name() })
                            selected[sort.name() == typed.sort]
                            { (lang.text(sort_key(sort))) }
                    }
                }
                button.btn.btn-sm.btn-primary { (lang.text("filter-submit")) }
                @if is_used { a href="/orders" { (lang.text("filter-clear")) } }
            }
        }
    }
}

const fn sort_key(sort: Sort) -> &'static str {
    match sort {
        Sort::Newest => "sort-newest",
        Sort::Cheapest => "sort-cheapest",
        Sort::Dearest => "sort-dearest",
    }
}
