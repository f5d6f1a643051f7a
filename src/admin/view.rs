//! How the admin's pages look: live counters, and tables of everything.

use maud::{Markup, html};

use super::Overview;
use crate::audit::regular::Books;
use crate::contracts::{self, Contract};
use crate::i18n::Lang;
use crate::identity::Role;
use crate::orders::{self, Order};
use crate::page::paging::Table;
use crate::page::{Context, table};
use crate::people::{self, Profile};
use crate::web::assets;
use crate::web::health::{Components, word};

/// The whole system at a glance; the stream keeps it current, and a script draws the charts.
pub fn overview(ctx: &Context, overview: &Overview) -> Markup {
    use Shown::{Count, Pulse};
    let lang = ctx.lang;
    let Overview { summary, now, .. } = overview;
    html! {
        h1 { (lang.text("overview-title")) }
        div.counters {
            (tile(lang, "overview-open-orders", Count("open_orders"), summary.open_orders.into()))
            (tile(
                lang, "overview-orders-per-minute", Pulse("orders_per_minute"),
                now.orders_per_minute,
            ))
            (tile(
                lang, "overview-accepts-per-minute", Pulse("accepts_per_minute"),
                now.accepts_per_minute,
            ))
            (tile(lang, "overview-watchers", Count("watchers"), summary.watchers.into()))
            (tile(lang, "overview-orders", Count("orders"), summary.orders.into()))
            (tile(lang, "overview-contracts", Count("contracts"), summary.contracts.into()))
        }
        (charts(lang))
        div.cards {
            (card(lang, "overview-gain", html! {
                p.text-body-secondary { (lang.text("overview-gain-text")) }
                ul.gain data-count="gain" {
                    @for (currency, gain) in summary.gain.iter().flatten() {
                        li { (table::total(lang, *gain, *currency)) }
                    }
                }
            }))
            (card(lang, "overview-books", books(lang, overview.books)))
            (card(lang, "overview-server", server(lang, overview)))
            (card(lang, "overview-parts", parts(lang, overview.parts)))
        }
    }
}

fn card(lang: Lang, title: &str, inside: Markup) -> Markup {
    html! {
        section.card { div.card-body { h2 { (lang.text(title)) } (inside) } }
    }
}

/// What the script keeps current: a counter, or how busy it is just now.
fn tile(lang: Lang, key: &str, shown: Shown, value: u64) -> Markup {
    let (count, pulse) = match shown {
        Shown::Count(name) => (Some(name), None),
        Shown::Pulse(name) => (None, Some(name)),
    };
    html! {
        div.card {
            div.card-body {
                p.tally data-count=[count] data-pulse=[pulse] { (value) }
                p.name { (lang.text(key)) }
            }
        }
    }
}

/// The part of the stream, and the name in it, that a tile follows.
#[derive(Clone, Copy)]
enum Shown {
    Count(&'static str),
    Pulse(&'static str),
}

/// Places for the script to draw in; without it there are none.
fn charts(lang: Lang) -> Markup {
    let chart = |title: &str, series: &[(&str, &str)]| {
        html! {
            figure.card.chart {
                figcaption {
                    strong { (lang.text(title)) }
                    @for (figure, name) in series {
                        span.key data-figure=(figure) {
                            @if series.len() > 1 { (lang.text(name)) } " " b {}
                        }
                    }
                }
                div.plot {}
            }
        }
    };
    html! {
        section.charts aria-label=(lang.text("chart-label")) {
            (chart("chart-flow", &[
                ("orders_per_minute", "chart-orders"), ("accepts_per_minute", "chart-accepts"),
            ]))
            (chart("overview-open-orders", &[("open_orders", "")]))
            (chart("overview-watchers", &[("watchers", "")]))
            (chart("chart-delivery", &[("delivery_ms", "")]))
        }
        link rel="stylesheet" href=(assets::url("uplot.css"));
        script defer src=(assets::url("uplot.js")) {}
        script defer src=(assets::url("dashboard.js")) {}
    }
}

/// What the last audit said; the script has the same words at hand.
fn books(lang: Lang, books: Option<Books>) -> Markup {
    let words = |key: &str, revision: &str| lang.format(key, [("revision", revision.into())]);
    let key = |balanced| if balanced { "books-balance" } else { "books-differ" };
    html! {
        p.books data-balanced=[books.map(|books| books.balanced)]
            data-true=(words(key(true), "{revision}"))
            data-false=(words(key(false), "{revision}"))
            {
            @match books {
                Some(books) => (words(key(books.balanced), &books.revision.to_string())),
                None => (lang.text("books-unknown")),
            }
        }
        p.text-body-secondary.checked hidden[books.is_none()] {
            (lang.text("books-checked")) " "
            span { @if let Some(books) = books { (table::time(books.finished)) } }
        }
    }
}

/// What this server does just now.
fn server(lang: Lang, overview: &Overview) -> Markup {
    let now = &overview.now;
    let comma = |number: f64| format!("{number:.1}").replace('.', &lang.marks().0.to_string());
    let percent = |percent: u64| lang.format("figure-percent", [("percent", percent.into())]);
    let none = || "—".to_owned();
    let rows = [
        ("server-queued", "queued", now.queued.to_string()),
        ("server-batch", "batch", now.batch.map_or_else(none, comma)),
        (
            "server-cache-hits",
            "cache_hits_percent",
            now.cache_hits_percent.map_or_else(none, |hits| percent(hits).into_owned()),
        ),
        (
            "server-behind",
            "statistics_behind",
            overview.behind.map_or_else(none, |behind| behind.to_string()),
        ),
    ];
    html! {
        dl.figures {
            @for (name, figure, value) in rows {
                div { dt { (lang.text(name)) } dd data-pulse=(figure) { (value) } }
            }
        }
        p.form-text { (lang.text("server-text")) }
    }
}

fn parts(lang: Lang, parts: Components) -> Markup {
    let key = |up| match up {
        Some(true) => "part-up",
        Some(false) => "part-down",
        None => "part-none",
    };
    html! {
        dl.figures.standing data-up=(lang.text("part-up")) data-down=(lang.text("part-down"))
            data-none=(lang.text("part-none"))
            {
            @for (name, up) in parts.named() {
                div {
                    dt { (lang.text(part_key(name))) }
                    dd { span.status data-part=(name) data-state=(word(up)) { (lang.text(key(up))) } }
                }
            }
        }
    }
}

fn part_key(name: &str) -> &'static str {
    match name {
        "interactions" => "part-interactions",
        "users" => "part-users",
        "redis" => "part-redis",
        _ => "part-memcached",
    }
}

/// `missing`: a number that was looked for in vain.
pub fn orders(ctx: &Context, orders: &Table<Order>, missing: Option<u32>) -> Markup {
    let counted = html! { span.count data-count="orders" { (orders.total) } };
    html! {
        (head(ctx, "nav-orders", counted, "/admin/orders", missing))
        (orders::view::table(
            ctx.lang, orders::view::Kind::All, orders.page, orders.per_page, &orders.rows,
        ))
        (paging(ctx, "/admin/orders", orders))
    }
}

pub fn contracts(ctx: &Context, contracts: &Table<Contract>, missing: Option<u32>) -> Markup {
    let counted = html! { span.count data-count="contracts" { (contracts.total) } };
    html! {
        (head(ctx, "nav-contracts", counted, "/admin/contracts", missing))
        (contracts::view::table(ctx, "/admin/contracts", contracts))
    }
}

pub fn people(
    ctx: &Context,
    role: Role,
    (path, title): (&str, &str),
    people: &Table<Profile>,
    missing: Option<u32>,
) -> Markup {
    let counted = html! { span.count { (people.total) } };
    html! {
        (head(ctx, title, counted, path, missing))
        (people::view::table(ctx, role, &people.rows))
        (paging(ctx, path, people))
    }
}

/// What a table is of, how much there is, and the way to one of it by its number.
fn head(ctx: &Context, title: &str, counted: Markup, path: &str, missing: Option<u32>) -> Markup {
    let lang = ctx.lang;
    html! {
        div.head {
            h1 { (lang.text(title)) " " (counted) }
            div.tools {
                a.btn.btn-sm.btn-outline-secondary href={ (path) ".csv" } download
                    title=(lang.text("export-title")) { (lang.text("export")) }
                form.find method="get" action=(path) role="search" {
                    input.form-control.form-control-sm name="id" inputmode="numeric" required
                        placeholder=(lang.text("find-number"))
                        aria-label=(lang.text("find-number"));
                    button.btn.btn-sm.btn-outline-secondary { (lang.text("find-submit")) }
                }
            }
        }
        @if let Some(id) = missing {
            p.alert.alert-warning role="status" {
                (lang.format("find-missing", [("id", id.to_string().into())]))
            }
        }
    }
}

fn paging<T>(ctx: &Context, path: &str, rows: &Table<T>) -> Markup {
    table::paging(ctx.lang, path, rows.page, rows.pages, rows.per_page, rows.total)
}
