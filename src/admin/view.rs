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
            form.find method="get" action=(path) role="search" {
                input.form-control.form-control-sm name="id" inputmode="numeric" required
                    placeholder=(lang.text("find-number")) aria-label=(lang.text("find-number"));
                button.btn.btn-sm.btn-outline-secondary { (lang.text("find-submit")) }
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
