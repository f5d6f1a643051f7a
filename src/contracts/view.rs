//! How contracts look. As with orders there is one row for everybody; who sees which is decided by
//! whoever asks for it.

use maud::{Markup, html};

use super::{Contract, Status};
use crate::i18n::Lang;
use crate::page::Context;
use crate::page::paging::Table;
use crate::page::table::{self, Rows, Takes, amount, fact, time};

/// The one row of a contract, for pages and for pushes.
pub fn row(lang: Lang, contract: &Contract) -> Markup {
    let id = contract.id;
    html! {
        tr id={ "contract-" (id) } data-id=(id) data-status=(contract.status.name()) {
            td.id { a href={ "/contracts/" (id) } { "#" (id) } }
            td.what { div dir="auto" { (contract.description) @if contract.cut { "…" } } }
            td.price data-label=(lang.text("order-price")) {
                (amount(lang, contract.price, contract.currency))
            }
            td.gets data-label=(lang.text("order-payout")) {
                (amount(lang, contract.payout, contract.currency))
            }
            td.who data-label=(lang.text("order-customer")) { (contract.customer_id) }
            td.whom data-label=(lang.text("contract-executor")) { (contract.executor_id) }
            td.state { span.status { (lang.text(status_key(contract.status))) } }
            td.when { (time(contract.created)) }
        }
    }
}

/// The key of a status in words.
pub const fn status_key(status: Status) -> &'static str {
    match status {
        Status::Accepted => "status-accepted",
        Status::Delivered => "status-delivered",
        Status::Completed => "status-completed",
        Status::Cancelled => "status-cancelled",
        Status::Disputed => "status-disputed",
    }
}

/// A page of contracts, with the links to the other pages of `path`.
pub fn table(ctx: &Context, path: &str, contracts: &Table<Contract>) -> Markup {
    let lang = ctx.lang;
    let Table { page, pages, per_page, total, .. } = *contracts;
    html! {
        table.contracts {
            thead {
                tr {
                    th.id scope="col" { (lang.text("contract-id")) }
                    th.what scope="col" { (lang.text("order-description")) }
                    th.price scope="col" { (lang.text("order-price")) }
                    th.gets scope="col" { (lang.text("order-payout")) }
                    th.who scope="col" { (lang.text("order-customer")) }
                    th.whom scope="col" { (lang.text("contract-executor")) }
                    th.state scope="col" { (lang.text("order-status")) }
                    th.when scope="col" { (lang.text("contract-created")) }
                }
            }
            (Rows { takes: Takes::Contracts, page, per_page }.body(
                lang, 8, &lang.text("contracts-empty"),
                html! { @for contract in &contracts.rows { (row(lang, contract)) } },
            ))
        }
        (table::paging(lang, path, page, pages, per_page, total))
    }
}

/// The reader's own contracts.
pub fn mine(ctx: &Context, contracts: &Table<Contract>) -> Markup {
    html! {
        h1 { (ctx.lang.text("my-contracts-title")) }
        (table(ctx, "/my/contracts", contracts))
    }
}

/// One contract with its whole text.
pub fn one(ctx: &Context, contract: &Contract) -> Markup {
    let lang = ctx.lang;
    html! {
        article.detail data-contract=(contract.id) data-status=(contract.status.name()) {
            h1 {
                (lang.format("contract-title", [("id", contract.id.into())])) " "
                span.status { (lang.text(status_key(contract.status))) }
            }
            div.text dir="auto" { (contract.description) }
            (facts(lang, contract))
        }
    }
}

fn facts(lang: Lang, contract: &Contract) -> Markup {
    let currency = contract.currency;
    html! {
        dl.facts {
            (fact(lang.text("order-price"), amount(lang, contract.price, currency)))
            (fact(
                lang.format("order-fee", [("percent", contract.percent.get().into())]),
                amount(lang, contract.fee, currency),
            ))
            (fact(lang.text("order-payout-of-executor"), amount(lang, contract.payout, currency)))
            (fact(lang.text("order-customer"), html! { (contract.customer_id) }))
            (fact(lang.text("contract-executor"), html! { (contract.executor_id) }))
            (fact(lang.text("contract-order"), html! {
                a href={ "/orders/" (contract.order_id) } { "#" (contract.order_id) }
            }))
            (fact(lang.text("contract-created"), time(contract.created)))
            @if contract.last_action != contract.created {
                (fact(lang.text("order-last-action"), time(contract.last_action)))
            }
        }
    }
}
