//! How the board looks: its counters, the form that filters it, a page of open orders, the way to
//! the other pages.

use maud::{Markup, html};

use super::Page;
use super::filter::{MOST, PARAMETERS, Sort, Typed};
use super::web::Filtered;
use crate::i18n::Lang;
use crate::money::Currency;
use crate::orders::view::{Kind, table, table_of};
use crate::page::table::{Sieve, paging};

/// Nothing of who reads it is in there: it is made once, for all.
pub fn main(lang: Lang, currencies: &[Currency], page: &Page) -> Markup {
    if let Some(only) = page.only {
        return narrowed(lang, currencies, &Typed::only(only.currency), page);
    }
    html! {
        (head(lang, page.open_orders))
        (arrivals(lang))
        (form(lang, currencies, &Typed::default(), None))
        (table(lang, Kind::Board, page.page, page.per_page, &page.orders))
        (paging(lang, "/orders", page.page, page.pages, page.per_page, page.open_orders))
    }
}

/// The same of what somebody has typed in another way.
pub fn narrowed(lang: Lang, currencies: &[Currency], typed: &Typed, page: &Page) -> Markup {
    let sieve = Sieve {
        currency: page.only.map(|only| only.currency.code()),
        min: None,
        max: None,
        is_plain: true,
    };
    html! {
        (head(lang, page.open_orders))
        (arrivals(lang))
        (form(lang, currencies, typed, None))
        (found(lang, page.total(), false))
        (table_of(lang, Kind::Board, page.page, page.per_page, &page.orders, Some(&sieve)))
        (paging(
            lang, &typed.to_path("/orders"), page.page, page.pages, page.per_page, page.total(),
        ))
    }
}

/// What a search found.
pub fn filtered(lang: Lang, currencies: &[Currency], typed: &Typed, sought: &Filtered) -> Markup {
    let Filtered { filter, orders, open_orders } = sought;
    let sieve = Sieve {
        currency: filter.currency.map(|currency| currency.code()),
        min: filter.min.map(|amount| amount.hundredths()),
        max: filter.max.map(|amount| amount.hundredths()),
        is_plain: filter.is_plain(),
    };
    html! {
        (head(lang, *open_orders))
        (arrivals(lang))
        (form(lang, currencies, typed, None))
        (found(lang, orders.total, *open_orders > MOST))
        (table_of(lang, Kind::Board, orders.page, orders.per_page, &orders.rows, Some(&sieve)))
        (paging(
            lang, &typed.to_path("/orders"), orders.page, orders.pages, orders.per_page,
            orders.total,
        ))
    }
}

/// How many orders fit, and whether only some were looked through.
fn found(lang: Lang, total: u32, is_cut: bool) -> Markup {
    html! {
        p.found {
            (lang.format("filter-found", [("total", total.into())]))
            @if is_cut { " " (lang.format("filter-newest-only", [("most", MOST.into())])) }
        }
    }
}

/// A filter that makes no sense, or that there is no time for, with what was typed.
pub fn unfiltered(lang: Lang, currencies: &[Currency], typed: &Typed, problem: Problem) -> Markup {
    html! {
        div.head { h1 { (lang.text("board-title")) } }
        (form(lang, currencies, typed, Some(problem)))
    }
}

/// What is wrong, in a sentence, and with which field, if it is one's.
#[derive(Clone, Copy)]
pub struct Problem<'a> {
    pub field: Option<&'a str>,
    pub sentence: &'a str,
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

/// The way up for who has scrolled down when orders come; the script counts them. It is read out
/// from a place of its own, because the count changes too often for that.
fn arrivals(lang: Lang) -> Markup {
    // Numbers that ask for each form of the languages that there are.
    let form = |count: u32| {
        lang.format("board-arrived", [("count", count.into()), ("shown", "{count}".into())])
    };
    html! {
        div #arrivals data-one=(form(1)) data-few=(form(2)) data-many=(form(5)) data-other=(form(5)) {
            button.btn.btn-sm.btn-primary type="button" hidden {}
            span.visually-hidden role="status" {}
        }
    }
}

/// It works by its address alone, which can be kept and shared.
fn form(lang: Lang, currencies: &[Currency], typed: &Typed, problem: Option<Problem>) -> Markup {
    let is_used = *typed != Typed::default();
    let wrong = Wrong(problem.and_then(|problem| problem.field));
    html! {
        details.filter open[is_used] {
            summary { (lang.text("filter-title")) }
            @if let Some(Problem { sentence, .. }) = problem && !wrong.is_shown() {
                p.alert.alert-warning role="alert" { (sentence) }
            }
            form #filter method="get" action="/orders" {
                input.form-control.form-control-sm.words.is-invalid[wrong.is("q")] type="search"
                    name="q" value=(typed.q) placeholder=(lang.text("filter-words-placeholder"))
                    aria-label=(lang.text("filter-words-label")) aria-invalid=[wrong.flag("q")]
                    aria-describedby=[wrong.sentence("q")] autofocus[wrong.is("q")];
                (currency(lang, currencies, typed, wrong))
                (amount(
                    "min", &typed.min, wrong,
                    &lang.text("filter-min"), &lang.text("filter-min-label"),
                ))
                (amount(
                    "max", &typed.max, wrong,
                    &lang.text("filter-max"), &lang.text("filter-max-label"),
                ))
                (sort(lang, typed, wrong))
                button.btn.btn-sm.btn-primary { (lang.text("filter-submit")) }
                @if is_used { a href="/orders" { (lang.text("filter-clear")) } }
                @if let Some(Problem { sentence, .. }) = problem && wrong.is_shown() {
                    p.invalid-feedback id=(PROBLEM) { (sentence) }
                }
            }
        }
    }
}

fn currency(lang: Lang, currencies: &[Currency], typed: &Typed, wrong: Wrong) -> Markup {
    let is_known = |code: &str| currencies.iter().any(|currency| currency.code() == code);
    // One by its old name; or none of ours, which stays there to be seen.
    let code = Currency::from_code(&typed.currency).map(|currency| currency.code());
    let code = code.filter(|code| is_known(code)).unwrap_or(&typed.currency);
    html! {
        select.form-select.form-select-sm.is-invalid[wrong.is("currency")] name="currency"
            aria-label=(lang.text("place-currency")) aria-invalid=[wrong.flag("currency")]
            aria-describedby=[wrong.sentence("currency")] autofocus[wrong.is("currency")]
            {
            option value="" { (lang.text("filter-any-currency")) }
            @for known in currencies.iter().map(|currency| currency.code()) {
                option value=(known) selected[known == code] { (known) }
            }
            @if !code.is_empty() && !is_known(code) { option value=(code) selected { (code) } }
        }
    }
}

fn amount(name: &str, typed: &str, wrong: Wrong, hint: &str, label: &str) -> Markup {
    html! {
        input.form-control.form-control-sm.amount.is-invalid[wrong.is(name)] name=(name)
            value=(typed) inputmode="decimal" placeholder=(hint) aria-label=(label)
            aria-invalid=[wrong.flag(name)]
            aria-describedby=[wrong.sentence(name)] autofocus[wrong.is(name)];
    }
}

fn sort(lang: Lang, typed: &Typed, wrong: Wrong) -> Markup {
    let is_known = Sort::ALL.iter().any(|sort| sort.name() == typed.sort);
    html! {
        select.form-select.form-select-sm.is-invalid[wrong.is("sort")] name="sort"
            aria-label=(lang.text("filter-sort-label")) aria-invalid=[wrong.flag("sort")]
            aria-describedby=[wrong.sentence("sort")] autofocus[wrong.is("sort")]
            {
            @for sort in Sort::ALL {
                option value=(if sort == Sort::Newest { "" } else { sort.name() })
                    selected[sort.name() == typed.sort]
                    { (lang.text(sort_key(sort))) }
            }
            @if !typed.sort.is_empty() && !is_known {
                option value=(typed.sort) selected { (typed.sort) }
            }
        }
    }
}

/// The id of the sentence that says what is wrong.
const PROBLEM: &str = "filter-problem";

/// Which of the fields is wrong.
#[derive(Clone, Copy)]
struct Wrong<'a>(Option<&'a str>);

impl Wrong<'_> {
    fn is(self, name: &str) -> bool {
        self.0 == Some(name)
    }

    /// Whether it is a field that the form shows.
    fn is_shown(self) -> bool {
        self.0.is_some_and(|field| PARAMETERS.contains(&field))
    }

    fn flag(self, name: &str) -> Option<&'static str> {
        self.is(name).then_some("true")
    }

    fn sentence(self, name: &str) -> Option<&'static str> {
        self.is(name).then_some(PROBLEM)
    }
}

const fn sort_key(sort: Sort) -> &'static str {
    match sort {
        Sort::Newest => "sort-newest",
        Sort::Cheapest => "sort-cheapest",
        Sort::Dearest => "sort-dearest",
    }
}
