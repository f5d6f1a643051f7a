//! What tables share: cells of money and time, a live table's attributes, the row of page links.

use std::fmt::Display;

use maud::{Markup, html};

use super::Context;
use super::paging::{Button, SIZES, buttons};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Total};

/// Which rows of the stream a table takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Orders that open on the board; they leave when they close.
    Opened,
    /// Orders of the reader's, in any state.
    Orders,
    /// Contracts of the reader's, in any state.
    Contracts,
}

/// A page of a live table. New rows go to the first page only; later pages never shift.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub takes: Takes,
    pub page: u32,
    pub per_page: u32,
    pub sieve: Option<&'a Sieve>,
}

/// Which rows pass; what is not plain can only be fetched anew.
pub struct Sieve {
    pub currency: Option<&'static str>,
    /// In hundredths of the currency's minor unit.
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub is_plain: bool,
}

impl Rows<'_> {
    /// The body of the table; what it says when it is empty shows by CSS while it has no row.
    pub fn body(self, lang: Lang, columns: u32, empty: &str, rows: Markup) -> Markup {
        let sieve = self.sieve;
        let takes = match self.takes {
            Takes::Opened => "opened",
            Takes::Orders => "orders",
            Takes::Contracts => "contracts",
        };
        html! {
            tbody.rows data-live=(takes) data-first[self.page == 1] data-per-page=(self.per_page)
                data-sieve=[sieve.map(|sieve| if sieve.is_plain { "plain" } else { "fetched" })]
                data-currency=[sieve.and_then(|sieve| sieve.currency)]
                data-min=[sieve.and_then(|sieve| sieve.min)]
                data-max=[sieve.and_then(|sieve| sieve.max)]
                data-taken=(lang.text("status-taken"))
                data-withdrawn=(lang.text("status-withdrawn"))
                data-expired=(lang.text("status-expired"))
                data-removed=(lang.text("status-removed"))
                { (rows) }
            tbody.empty { tr { td colspan=(columns) { (empty) } } }
        }
    }
}

/// An amount as people of this language read it: `1,299.95 RUB`.
pub fn amount(lang: Lang, amount: Amount, currency: Currency) -> Markup {
    let (decimal_mark, group_mark) = lang.marks();
    sum(lang, amount.to_grouped(currency, decimal_mark, group_mark), currency)
}

/// The same for a sum of many.
pub fn total(lang: Lang, total: Total, currency: Currency) -> Markup {
    let (decimal_mark, group_mark) = lang.marks();
    sum(lang, total.to_grouped(currency, decimal_mark, group_mark), currency)
}

fn sum(lang: Lang, text: String, currency: Currency) -> Markup {
    html! { (text) " " small { (lang.currency(currency)) } }
}

/// A point in time; the page's script makes it an age.
pub fn time(moment: Moment) -> Markup {
    html! { time datetime=(moment.to_rfc3339()) { (moment.to_readable()) } }
}

/// The links to the other pages of `path`, and how many rows there are at all.
pub fn paging(lang: Lang, path: &str, page: u32, pages: u32, per_page: u32, total: u32) -> Markup {
    let step = |to: u32, rel: &str, mark: &str, key: &str| {
        html! {
            @if (1..=pages).contains(&to) {
                li.page-item {
                    a.page-link rel=(rel) href=(address(path, to, per_page))
                        aria-label=(lang.text(key)) { (mark) }
                }
            } @else {
                li.page-item.disabled { span.page-link aria-hidden="true" { (mark) } }
            }
        }
    };
    html! {
        div.paging {
            @if pages > 1 {
                nav aria-label=(lang.text("paging-label")) {
                    ul.pagination.pagination-sm {
                        (step(page - 1, "prev", "«", "paging-previous"))
                        @for button in buttons(page, pages) { (link(lang, path, per_page, button)) }
                        (step(page + 1, "next", "»", "paging-next"))
                    }
                }
            }
            @if total > SIZES[0] { (sizes(lang, path, per_page)) }
        }
    }
}

fn link(lang: Lang, path: &str, per_page: u32, button: Button) -> Markup {
    html! {
        @match button {
            Button::Page(page) => li.page-item {
                a.page-link href=(address(path, page, per_page))
                    aria-label=(lang.format("paging-page", [("page", page.into())])) { (page) }
            },
            Button::Current(page) => li.page-item.active aria-current="page" {
                span.page-link { (page) }
            },
            Button::Ellipsis => li.page-item.disabled { span.page-link aria-hidden="true" { "…" } },
        }
    }
}

fn sizes(lang: Lang, path: &str, per_page: u32) -> Markup {
    html! {
        p.sizes {
            (lang.text("paging-sizes"))
            @for size in SIZES {
                " "
                @if size == per_page { strong { (size) } }
                @else { a href=(address(path, 1, size)) { (size) } }
            }
        }
    }
}

fn address(path: &str, page: u32, per_page: u32) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    if per_page == SIZES[0] {
        format!("{path}{mark}page={page}")
    } else {
        format!("{path}{mark}page={page}&per_page={per_page}")
    }
}

/// A name and a value on a page about one thing.
pub fn fact(name: impl Display, value: Markup) -> Markup {
    html! { div { dt { (name.to_string()) } dd { (value) } } }
}

/// Somebody's number; for admins, the way to their page.
pub fn person(ctx: &Context, user: User) -> Markup {
    html! {
        @if ctx.is(Role::Admin) {
            a href={ "/admin/" (user.role.name()) "s/" (user.id) } { (user.id) }
        } @else { (user.id) }
    }
}
