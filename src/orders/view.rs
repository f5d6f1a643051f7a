//! How orders look. The row of an order is made here and nowhere else, for pages and for pushes:
//! it is the same for everybody, and the style sheet hides what a role or a table does not show.

use maud::{Markup, html};

use super::editing::Draft;
use super::web::Found;
use super::{Order, Status, is_first};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::page::form::{self, Reason};
use crate::page::paging::Table;
use crate::page::table::{self, Rows, Sieve, Takes, amount, fact, person, time};
use crate::page::{Context, history};

/// Which table of orders it is: a class that decides what columns it shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Board,
    Mine,
    All,
}

/// The one row of an order. With the longest excerpt it stays below 3.6 KB as JSON, because a
/// message of the stream is at most 4 KiB.
pub fn row(lang: Lang, order: &Order) -> Markup {
    let (id, split) = (order.id, order.split());
    html! {
        tr id={ "order-" (id) } data-id=(id) data-status=(order.status.name())
            data-version=[Some(order.version).filter(|version| !is_first(version))]
            data-currency=(order.currency.code()) data-cost=(order.price.hundredths())
            {
            td.id { a href={ "/orders/" (id) } { "#" (id) } }
            td.what { div dir="auto" { (order.description) @if order.cut { "…" } } }
            td.price data-label=(lang.text("order-price")) {
                (amount(lang, split.price, order.currency))
            }
            td.gets data-label=(lang.text("order-payout")) {
                (amount(lang, split.payout, order.currency))
            }
            td.who data-label=(lang.text("order-customer")) { (order.customer_id) }
            td.state { span.status { (lang.text(status_key(order.status))) } }
            td.when { (time(order.created)) }
            td.acts {
                @if order.status == Status::Open { (accept(lang, order)) (withdraw(lang, id)) }
                @if order.status == Status::Expired { (renew(lang, id)) }
            }
        }
    }
}

// The form that these buttons submit stands once on every page, outside the tables.

/// What is accepted is what is seen: this version.
fn accept(lang: Lang, order: &Order) -> Markup {
    let id = order.id;
    html! {
        button.btn.btn-sm.btn-primary.only-executor form="act"
            formaction={ "/orders/" (id) "/accept" } name="version" value=(order.version)
            aria-label=(lang.format("order-accept-this", [("id", id.into())]))
            { (lang.text("order-accept")) }
    }
}

fn withdraw(lang: Lang, id: u32) -> Markup {
    button(lang, id, "withdraw", "btn-outline-secondary only-customer")
}

fn renew(lang: Lang, id: u32) -> Markup {
    button(lang, id, "renew", "btn-outline-secondary only-customer")
}

fn button(lang: Lang, id: u32, act: &str, class: &str) -> Markup {
    html! {
        button.btn.btn-sm.(class) form="act" formaction={ "/orders/" (id) "/" (act) }
            aria-label=(lang.format(&format!("order-{act}-this"), [("id", id.into())]))
            { (lang.text(&format!("order-{act}"))) }
    }
}

/// The key of a status in words.
pub const fn status_key(status: Status) -> &'static str {
    match status {
        Status::Open => "status-open",
        Status::Taken => "status-taken",
        Status::Withdrawn => "status-withdrawn",
        Status::Expired => "status-expired",
        Status::Removed => "status-removed",
    }
}

/// A table of orders; `page` and `per_page` are what its live rows go by.
pub fn table(lang: Lang, kind: Kind, page: u32, per_page: u32, orders: &[Order]) -> Markup {
    table_of(lang, kind, page, per_page, orders, None)
}

/// The same of orders that passed a sieve.
pub fn table_of(
    lang: Lang,
    kind: Kind,
    page: u32,
    per_page: u32,
    orders: &[Order],
    sieve: Option<&Sieve>,
) -> Markup {
    let (class, takes, empty) = match kind {
        Kind::Board if sieve.is_some() => ("board", Takes::Opened, "filter-empty"),
        Kind::Board => ("board", Takes::Opened, "board-empty"),
        Kind::Mine => ("mine", Takes::Orders, "my-orders-empty"),
        Kind::All => ("all", Takes::Orders, "orders-empty"),
    };
    html! {
        table.orders.(class) {
            thead {
                tr {
                    th.id scope="col" { (lang.text("order-id")) }
                    th.what scope="col" { (lang.text("order-description")) }
                    th.price scope="col" { (lang.text("order-price")) }
                    th.gets scope="col" { (lang.text("order-payout")) }
                    th.who scope="col" { (lang.text("order-customer")) }
                    th.state scope="col" { (lang.text("order-status")) }
                    th.when scope="col" { (lang.text("order-created")) }
                    th.acts scope="col" {
                        span.visually-hidden { (lang.text("order-actions")) }
                    }
                }
            }
            (Rows { takes, page, per_page, sieve }.body(lang, 8, &lang.text(empty), html! {
                @for order in orders { (row(lang, order)) }
            }))
        }
    }
}

/// A customer's page: place an order, and see what became of the others.
pub fn mine(ctx: &Context, orders: &Table<Order>, place: &form::Place) -> Markup {
    html! {
        div.desk {
            (form::place(ctx, place))
            section {
                h1 { (ctx.lang.text("my-orders-title")) }
                (table(ctx.lang, Kind::Mine, orders.page, orders.per_page, &orders.rows))
                (table::paging(
                    ctx.lang, "/my/orders", orders.page, orders.pages, orders.per_page, orders.total,
                ))
            }
        }
    }
}

/// One order with its whole text, and its contract if there is one that the reader may see.
pub fn one(ctx: &Context, found: &Found, reason: &Reason, draft: &Draft) -> Markup {
    let lang = ctx.lang;
    let Found { order, contract, history, .. } = found;
    html! {
        article.detail data-order=(order.id) data-status=(order.status.name())
            data-taken=(lang.text("status-taken")) data-withdrawn=(lang.text("status-withdrawn"))
            data-expired=(lang.text("status-expired")) data-removed=(lang.text("status-removed"))
            {
            h1 {
                (lang.format("order-title", [("id", order.id.into())])) " "
                span.status { (lang.text(status_key(order.status))) }
            }
            @if let Some(reason) = found.reason() {
                div.alert.alert-warning.because {
                    strong { (lang.text("order-removed-because")) }
                    div dir="auto" { (reason) }
                }
            }
            div.text dir="auto" { (order.description) }
            (facts(ctx, order))
            @if order.status == Status::Open && ctx.is(Role::Admin) {
                (form::reason(
                    ctx, &format!("/orders/{}/remove", order.id), reason,
                    &lang.text("order-remove-reason"),
                    html! {
                        button.btn.btn-outline-danger type="submit" { (lang.text("order-remove")) }
                    },
                ))
            }
            p.actions {
                @if order.status == Status::Open {
                    (accept(lang, order)) (withdraw(lang, order.id))
                }
                @if order.status == Status::Expired { (renew(lang, order.id)) }
                @if let Some(contract) = contract {
                    a.btn.btn-primary href={ "/contracts/" (contract) } {
                        (lang.format("order-to-contract", [("id", contract.into())]))
                    }
                }
            }
            @if order.status == Status::Open && ctx.is(Role::Customer) { (edit(ctx, order, draft)) }
            @if let Some(steps) = history { (history::list(lang, steps)) }
        }
    }
}

/// The form that changes it, with what was typed there if that was refused.
fn edit(ctx: &Context, order: &Order, draft: &Draft) -> Markup {
    let now = (order.description.clone(), order.price.to_decimal(order.currency));
    let (description, price) = draft.typed.as_ref().unwrap_or(&now);
    let problem = draft.problem.clone();
    html! {
        details.second open[problem.is_some()] {
            summary { (ctx.lang.text("order-edit-ask")) }
            (form::edit(ctx, order.id, order.version, &form::Place {
                description,
                price,
                currency: order.currency.code(),
                request_id: "",
                currencies: &[order.currency],
                percent: order.percent.get(),
                problem,
            }))
        }
    }
}

fn facts(ctx: &Context, order: &Order) -> Markup {
    let (lang, split) = (ctx.lang, order.split());
    html! {
        dl.facts {
            (fact(lang.text("order-price"), amount(lang, split.price, order.currency)))
            (fact(
                lang.format("order-fee", [("percent", order.percent.get().into())]),
                amount(lang, split.fee, order.currency),
            ))
            (fact(
                lang.text("order-payout-of-executor"),
                amount(lang, split.payout, order.currency),
            ))
            (fact(lang.text("order-customer"), person(ctx, User::customer(order.customer_id))))
            (fact(lang.text("order-created"), time(order.created)))
            @if order.last_action != order.created {
                (fact(lang.text("order-last-action"), time(order.last_action)))
            }
            // What became of an order before it came back is not for executors to know.
            @if let Some(parent) = order.parent_id.filter(|_| !ctx.is(Role::Executor)) {
                (fact(lang.text("order-parent"), html! {
                    a href={ "/orders/" (parent) } { "#" (parent) }
                }))
            }
        }
    }
}
