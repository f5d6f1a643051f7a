//! How contracts look. As with orders there is one row for everybody; who sees which is decided by
//! whoever asks for it.

use std::borrow::Cow;

use maud::{Markup, html};

use super::notes::Note;
use super::web::{Drafts, Found};
use super::{Contract, Status};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::page::form::{self, Reason};
use crate::page::paging::Table;
use crate::page::table::{self, Rows, Takes, amount, fact, person, time};
use crate::page::{Context, history};

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
            td.acts {
                @match contract.status {
                    Status::Accepted => (button(lang, id, "deliver", "btn-primary only-executor")),
                    Status::Delivered => (button(lang, id, "complete", "btn-primary only-customer")),
                    Status::Completed | Status::Cancelled | Status::Disputed => {}
                }
            }
        }
    }
}

/// It submits the form that stands once on every page, outside the tables.
fn button(lang: Lang, id: u32, act: &str, class: &str) -> Markup {
    html! {
        button.btn.btn-sm.(class) form="act" formaction={ "/contracts/" (id) "/" (act) }
            aria-label=(lang.format(&format!("contract-{act}-this"), [("id", id.into())]))
            { (lang.text(&format!("contract-{act}"))) }
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
    let empty = match ctx.user.map(|user| user.role) {
        Some(Role::Customer) => "contracts-empty-customer",
        Some(Role::Executor) => "contracts-empty-executor",
        _ => "contracts-empty",
    };
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
                    th.acts scope="col" {
                        span.visually-hidden { (lang.text("order-actions")) }
                    }
                }
            }
            (Rows { takes: Takes::Contracts, page, per_page, sieve: None }.body(
                lang, 9, &lang.text(empty),
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

/// One contract with its whole text, what can be done with it now, and what happened so far.
/// `days` after it was delivered it completes by itself, if it does.
pub fn one(ctx: &Context, found: &Found, drafts: &Drafts, days: Option<u32>) -> Markup {
    let lang = ctx.lang;
    let Found { contract, history, notes, .. } = found;
    html! {
        article.detail data-contract=(contract.id) data-status=(contract.status.name()) {
            h1 {
                (lang.format("contract-title", [("id", contract.id.into())])) " "
                span.status { (lang.text(status_key(contract.status))) }
            }
            div.text dir="auto" { (contract.description) }
            (facts(ctx, contract))
            @if let Some(next) = next(ctx, contract.status, days) { p.next { (next) } }
            (actions(ctx, contract))
            (objection(ctx, contract, &drafts.reason))
            @if !notes.is_empty() || !ctx.is(Role::Admin) {
                (correspondence(ctx, contract, notes, &drafts.note))
            }
            (history::list(lang, history))
        }
    }
}

/// Whose turn it is, as its reader sees it.
fn next(ctx: &Context, status: Status, days: Option<u32>) -> Option<Cow<'static, str>> {
    let lang = ctx.lang;
    Some(match (status, ctx.user?.role) {
        (Status::Accepted, Role::Executor) => lang.text("next-deliver"),
        (Status::Accepted, _) => lang.text("next-wait-for-executor"),
        (Status::Delivered, Role::Customer) => match days {
            Some(days) => lang.format("next-confirm-within", [("days", days.into())]),
            None => lang.text("next-confirm"),
        },
        (Status::Delivered, _) => match days {
            Some(days) => lang.format("next-wait-for-customer-until", [("days", days.into())]),
            None => lang.text("next-wait-for-customer"),
        },
        (Status::Disputed, Role::Admin) => lang.text("next-rule"),
        (Status::Disputed, _) => lang.text("next-wait-for-admin"),
        (Status::Completed | Status::Cancelled, _) => return None,
    })
}

fn actions(ctx: &Context, contract: &Contract) -> Markup {
    let (lang, id) = (ctx.lang, contract.id);
    html! {
        @match contract.status {
            Status::Accepted if ctx.is(Role::Executor) => {
                p.actions { (button(lang, id, "deliver", "btn-primary")) }
                // Not to be done by a slip: what it means is read first.
                details.second {
                    summary { (lang.text("contract-give-up-ask")) }
                    p { (lang.text("contract-give-up-means")) }
                    (button(lang, id, "give-up", "btn-outline-danger"))
                }
            },
            Status::Delivered if ctx.is(Role::Customer) => {
                p.actions { (button(lang, id, "complete", "btn-primary")) }
            },
            _ => {},
        }
    }
}

/// Where a party calls for an admin, and where an admin rules.
fn objection(ctx: &Context, contract: &Contract, draft: &Reason) -> Markup {
    let (lang, id) = (ctx.lang, contract.id);
    let is_admin = ctx.is(Role::Admin);
    html! {
        @match contract.status {
            Status::Accepted | Status::Delivered if !is_admin => {
                details.second open[draft.problem.is_some()] {
                    summary { (lang.text("contract-dispute-ask")) }
                    (form::reason(
                        ctx, &format!("/contracts/{id}/dispute"), draft,
                        &lang.text("contract-dispute-reason"),
                        html! {
                            button.btn.btn-outline-danger type="submit" {
                                (lang.text("contract-dispute"))
                            }
                        },
                    ))
                }
            },
            Status::Disputed if is_admin => {
                (form::reason(
                    ctx, &format!("/contracts/{id}/rule"), draft,
                    &lang.text("contract-rule-reason"),
                    html! {
                        div.actions {
                            button.btn.btn-primary name="outcome" value="completed" {
                                (lang.text("contract-rule-completed"))
                            }
                            button.btn.btn-outline-danger name="outcome" value="cancelled" {
                                (lang.text("contract-rule-cancelled"))
                            }
                        }
                    },
                ))
            },
            _ => {},
        }
    }
}

/// What the parties wrote to each other, and where they write more.
fn correspondence(ctx: &Context, contract: &Contract, notes: &[Note], draft: &Reason) -> Markup {
    let lang = ctx.lang;
    let who = |note: &Note| match note.author {
        Role::Customer => lang.format("who-customer", [("id", contract.customer_id.into())]),
        _ => lang.format("who-executor", [("id", contract.executor_id.into())]),
    };
    html! {
        section.notes aria-labelledby="notes" {
            h2 #notes { (lang.text("notes-title")) }
            @if contract.notes as usize > notes.len() {
                p.form-text { (lang.format("notes-newest-only", [("count", notes.len().into())])) }
            }
            ol {
                @for note in notes {
                    li.own[ctx.is(note.author)] data-number=(note.number) {
                        strong { (who(note)) } " " (time(note.created))
                        div dir="auto" { (note.text) }
                    }
                }
            }
            @if !ctx.is(Role::Admin) { (form::note(ctx, contract.id, draft)) }
        }
    }
}

fn facts(ctx: &Context, contract: &Contract) -> Markup {
    let lang = ctx.lang;
    let currency = contract.currency;
    html! {
        dl.facts {
            (fact(lang.text("order-price"), amount(lang, contract.price, currency)))
            (fact(
                lang.format("order-fee", [("percent", contract.percent.get().into())]),
                amount(lang, contract.fee, currency),
            ))
            (fact(lang.text("order-payout-of-executor"), amount(lang, contract.payout, currency)))
            (fact(lang.text("order-customer"), person(ctx, User::customer(contract.customer_id))))
            (fact(lang.text("contract-executor"), person(ctx, User::executor(contract.executor_id))))
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
