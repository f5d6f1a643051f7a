//! The first page, for somebody who is nobody yet: what this is, and how to come in.

use maud::{Markup, html};

use super::Context;
use crate::identity::{Role, User};

// Two people: nobody may accept their own order.
const CUSTOMER: User = User { role: Role::Customer, id: 1 };
const EXECUTOR: User = User { role: Role::Executor, id: 2 };
const ADMIN: User = User { role: Role::Admin, id: 1 };

/// The welcome of `GET /`.
pub fn main(ctx: &Context) -> Markup {
    let lang = ctx.lang;
    html! {
        section.welcome {
            h1 { (lang.text("home-title")) }
            p.lead { (lang.text("home-lead")) }
            @if ctx.demo {
                h2 { (lang.text("home-choose")) }
                div.choices {
                    (choice(ctx, CUSTOMER, "role-customer", "home-customer", "home-customer-text"))
                    (choice(ctx, EXECUTOR, "role-executor", "home-executor", "home-executor-text"))
                    (choice(ctx, ADMIN, "role-admin", "home-admin", "home-admin-text"))
                }
                h2 { (lang.text("home-story")) }
                ol.story {
                    li { (lang.text("home-story-windows")) }
                    li { (lang.text("home-story-place")) }
                    li { (lang.text("home-story-accept")) }
                    li { (lang.text("home-story-deliver")) }
                }
                p.text-body-secondary { (lang.text("home-switch-later")) }
            } @else {
                div.ways {
                    a.btn.btn-primary href="/sign-up" { (lang.text("sign-up")) }
                    a.btn.btn-outline-secondary href="/log-in" { (lang.text("log-in")) }
                }
            }
        }
    }
}

fn choice(ctx: &Context, user: User, role: &str, title: &str, text: &str) -> Markup {
    let id = user.id.max(1);
    html! {
        form.card method="post" action="/session" {
            input type="hidden" name="user_type" value=(user.role.name());
            input type="hidden" name="user_id" value=(id);
            input type="hidden" name="back" value="/";
            div.card-body {
                h3 { (ctx.lang.text(role)) }
                p { (ctx.lang.text(text)) }
                button.btn.btn-primary { (ctx.lang.format(title, [("id", id.into())])) }
            }
        }
    }
}
