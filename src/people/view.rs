//! How people's statistics look: one's own profile, and the cells that the admin's tables show.

use std::borrow::Cow;

use chrono::Utc;
use maud::{Markup, html};

use super::days::Bar;
use super::{Profile, Totals};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::money::{Currency, Total};
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
                p.text-body-secondary {
                    (lang.format("profile-registered", [("day", lang.date(registered).into())]))
                }
            }
            @if behind > 0 {
                p.alert.alert-warning {
                    (lang.format("profile-behind", [("behind", behind.into())]))
                }
            }
            @if profile.totals.is_empty() { p { (lang.text("profile-empty")) } }
            @else { (totals(lang, profile)) }
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
                p.text-body-secondary {
                    (lang.format("profile-registered", [("day", lang.date(registered).into())]))
                }
            }
            (totals(lang, profile))
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
fn totals(lang: Lang, profile: &Profile) -> Markup {
    let role = profile.user.role;
    let bars = |currency| profile.days.as_ref()?.bars(currency, Utc::now().date_naive());
    html! {
        div.cards {
            @for of in &profile.totals {
                section.card {
                    div.card-body {
                        h2 { (of.currency.code()) }
                        dl.figures {
                            @for (name, figure) in figures(lang, role, of) {
                                div { dt { (name) } dd { (figure) } }
                            }
                        }
                        @if let Some(bars) = bars(of.currency) { (chart(lang, role, of.currency, &bars)) }
                    }
                }
            }
        }
    }
}

/// A bar for each day, as high as its money.
fn chart(lang: Lang, role: Role, currency: Currency, bars: &[Bar]) -> Markup {
    const HEIGHT: f64 = 56.0;
    const WIDTH: usize = 10;
    let highest = bars.iter().map(|bar| bar.money).max().unwrap_or_default();
    let height = |bar: &Bar| {
        let part = bar.money.hundredths() as f64 / highest.hundredths().max(1) as f64;
        // What was done shows, however little it brought.
        if bar.count > 0 { (part * HEIGHT).max(2.0) } else { 0.0 }
    };
    let (decimal_mark, group_mark) = lang.marks();
    let money = |total: Total| {
        let sum = total.to_grouped(currency, decimal_mark, group_mark);
        format!("{sum} {}", lang.currency(currency))
    };
    let words = |bar: &Bar| {
        let key = if role == Role::Customer { "day-of-customer" } else { "day-of-executor" };
        let (day, money) = (lang.day(bar.date), money(bar.money));
        lang.format(
            key,
            [("day", day.into()), ("count", bar.count.into()), ("money", money.into())],
        )
    };
    let title = if role == Role::Customer { "days-of-customer" } else { "days-of-executor" };
    let said = bars.iter().filter(|bar| bar.count > 0).map(&words).collect::<Vec<_>>().join("; ");
    let edge = |bar: Option<&Bar>| bar.map(|bar| lang.day(bar.date)).unwrap_or_default();
    html! {
        figure.days {
            figcaption { span { (lang.text(title)) } span {
                    (lang.format("days-most", [("money", money(highest).into())]))
                }
            }
            svg viewBox={ "0 0 " (bars.len() * WIDTH) " " (HEIGHT) } preserveAspectRatio="none"
                role="img" aria-label=(said)
                {
                @for (place, bar) in bars.iter().enumerate() {
                    @let height = height(bar);
                    // The whole column tells what the bar says: a low one is hard to point at.
                    g {
                        title { (words(bar)) }
                        rect.column x=(place * WIDTH) y="0" width=(WIDTH) height=(HEIGHT) {}
                        rect x=(place * WIDTH + 1) y=(format!("{:.1}", HEIGHT - height)) width=(WIDTH - 2)
                            height=(format!("{height:.1}")) {}
                    }
                }
            }
            p.ends { span { (edge(bars.first())) } span { (edge(bars.last())) } }
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
