//! How the admin's pages look: live counters, and tables of everything.

use maud::{Markup, html};

use super::Summary;
use crate::contracts::{self, Contract};
use crate::identity::Role;
use crate::orders::{self, Order};
use crate::page::paging::Table;
use crate::page::{Context, table};
use crate::people::{self, Profile};

/// The counters of the whole system; the stream keeps them current.
pub fn overview(ctx: &Context, summary: &Summary) -> Markup {
    let lang = ctx.lang;
    html! {
        h1 { (lang.text("overview-title")) }
        div.counters {
            (counter(ctx, "overview-open-orders", "open_orders", summary.open_orders))
            (counter(ctx, "overview-orders", "orders", summary.orders))
            (counter(ctx, "overview-contracts", "contracts", summary.contracts))
            (counter(ctx, "overview-watchers", "watchers", summary.watchers))
        }
        section.card {
            div.card-body {
                h2 { (lang.text("overview-gain")) }
                p.text-body-secondary { (lang.text("overview-gain-text")) }
                ul.gain data-count="gain" {
                    @for (currency, gain) in summary.gain.iter().flatten() {
                        li { (table::total(lang, *gain, *currency)) }
                    }
                }
            }
        }
    }
}

fn counter(ctx: &Context, key: &str, count: &str, value: u32) -> Markup {
    html! {
        div.card {
            div.card-body {
                p.tally data-count=(count) { (value) }
                p.name { (ctx.lang.text(key)) }
            }
        }
    }
}

pub fn orders(ctx: &Context, orders: &Table<Order>) -> Markup {
    html! {
        h1 { (ctx.lang.text("nav-orders")) " " span.count data-count="orders" { (orders.total) } }
        (orders::view::table(
            ctx.lang, orders::view::Kind::All, orders.page, orders.per_page, &orders.rows,
        ))
        (paging(ctx, "/admin/orders", orders))
    }
}

pub fn contracts(ctx: &Context, contracts: &Table<Contract>) -> Markup {
    html! {
        h1 {
            (ctx.lang.text("nav-contracts")) " "
            span.count data-count="contracts" { (contracts.total) }
        }
        (contracts::view::table(ctx, "/admin/contracts", contracts))
    }
}

pub fn customers(ctx: &Context, people: &Table<Profile>) -> Markup {
    html! {
        h1 { (ctx.lang.text("nav-customers")) " " span.count { (people.total) } }
        (people::view::table(ctx, Role::Customer, &people.rows))
        (paging(ctx, "/admin/customers", people))
    }
}

pub fn executors(ctx: &Context, people: &Table<Profile>) -> Markup {
    html! {
        h1 { (ctx.lang.text("nav-executors")) " " span.count { (people.total) } }
        (people::view::table(ctx, Role::Executor, &people.rows))
        (paging(ctx, "/admin/executors", people))
    }
}

fn paging<T>(ctx: &Context, path: &str, rows: &Table<T>) -> Markup {
    table::paging(ctx.lang, path, rows.page, rows.pages, rows.per_page, rows.total)
}
