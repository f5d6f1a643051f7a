//! How people's statistics look: one's own profile, and the cells that the admin's tables show.

use std::borrow::Cow;

use maud::{Markup, html};

use super::{Profile, Totals};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::page::Context;
use crate::page::table::{time, total};

/// Somebody's own page. `behind`: how many revisions the statistics lack; 0 is exact. While they
/// lack any, the page asks again.
pub fn profile(ctx: &Context, profile: &Profile, behind: u64) -> Markup {
    let lang = ctx.lang;
    html! {
        article.profile data-own=(behind) {
            h1 { (title(lang, profile.user)) }
            @if let Some(registered) = profile.registered {
                p.text-body-secondary { (lang.text("profile-registered")) " " (time(registered)) }
            }
            @if behind > 0 {
                p.alert.alert-warning {
                    (lang.format("profile-behind", [("behind", behind.into())]))
                }
            }
            @if profile.totals.is_empty() { p { (lang.text("profile-empty")) } }
            @else { (totals(lang, profile.user.role, &profile.totals)) }
        }
    }
}

/// Somebody's page as admins see it.
pub fn one(ctx: &Context, profile: &Profile) -> Markup {
    let lang = ctx.lang;
    html! {
        article.profile {
            h1 { (title(lang, profile.user)) }
            @if let Some(registered) = profile.registered {
                p.text-body-secondary { (lang.text("profile-registered")) " " (time(registered)) }
            }
            (totals(lang, profile.user.role, &profile.totals))
        }
    }
}

fn title(lang: Lang, user: User) -> Markup {
    let id = user.id;
    html! {
        @match user.role {
            Role::Customer => (lang.format("profile-customer", [("id", id.into())])),
            Role::Executor => (lang.format("profile-executor", [("id", id.into())])),
            Role::Admin => (lang.text("role-admin")),
        }
    }
}

/// A card for each currency: currencies are never added together.
fn totals(lang: Lang, role: Role, totals: &[Totals]) -> Markup {
    html! {
        div.cards {
            @for of in totals {
                section.card {
                    div.card-body {
                        h2 { (of.currency.code()) }
                        dl.figures {
                            @for (name, figure) in figures(lang, role, of) {
                                div { dt { (name) } dd { (figure) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is known of a customer or an executor in one currency, named.
fn figures(lang: Lang, role: Role, of: &Totals) -> Vec<(Cow<'static, str>, Markup)> {
    let name = |key: &str| lang.text(key);
    let money = total(lang, of.money, of.currency);
    let gain = (name("profile-gain"), total(lang, of.gain, of.currency));
    if role == Role::Customer {
        vec![
            (name("profile-orders-created"), html! { (of.count) }),
            (name("profile-money-in-orders"), money),
            gain,
        ]
    } else {
        vec![
            (name("profile-orders-accepted"), html! { (of.count) }),
            (name("profile-orders-completed"), html! { (of.completed) }),
            (name("profile-orders-given-up"), html! { (of.given_up) }),
            (name("profile-money-received"), money),
            gain,
        ]
    }
}

/// A page of customers or executors, for admins: a line for each currency somebody deals in.
pub fn table(ctx: &Context, role: Role, people: &[Profile]) -> Markup {
    let lang = ctx.lang;
    let names: &[&str] = if role == Role::Customer {
        &["profile-orders-created", "profile-money-in-orders", "profile-gain"]
    } else {
        &[
            "profile-orders-accepted",
            "profile-orders-completed",
            "profile-orders-given-up",
            "profile-money-received",
            "profile-gain",
        ]
    };
    html! {
        table.people {
            thead {
                tr {
                    th.id scope="col" { (lang.text("people-id")) }
                    th.when scope="col" { (lang.text("people-registered")) }
                    @for name in names { th.tally scope="col" { (lang.text(name)) } }
                }
            }
            tbody.rows { @for person in people { (row(lang, person)) } }
            tbody.empty { tr { td colspan=(names.len() + 2) { (lang.text("people-empty")) } } }
        }
    }
}

fn row(lang: Lang, person: &Profile) -> Markup {
    let role = person.user.role;
    let lines: Vec<_> = person.totals.iter().map(|of| figures(lang, role, of)).collect();
    html! {
        tr data-id=(person.user.id) {
            td.id {
                a href={ "/admin/" (role.name()) "s/" (person.user.id) } { "#" (person.user.id) }
            }
            td.when { @if let Some(registered) = person.registered { (time(registered)) } }
            @for column in 0..lines.first().map_or(0, Vec::len) {
                td.tally {
                    @for (name, figure) in lines.iter().map(|line| &line[column]) {
                        div data-label=(name) { span { (figure) } }
                    }
                }
            }
        }
    }
}
