//! The first page, for somebody who is nobody yet: what this is, and how to come in.

use maud::{Markup, html};

use super::Context;
use crate::identity::Role;

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
                    (choice(ctx, Role::Customer, "home-customer", "home-customer-text"))
                    (choice(ctx, Role::Executor, "home-executor", "home-executor-text"))
                    (choice(ctx, Role::Admin, "home-admin", "home-admin-text"))
                }
                p.text-body-secondary { (lang.text("home-switch-later")) }
            } @else {
                p { (lang.text("home-log-in")) }
            }
        }
    }
}

fn choice(ctx: &Context, role: Role, title: &str, text: &str) -> Markup {
    html! {
        form.card method="post" action="/session" {
            input type="hidden" name="user_type" value=(role.name());
            input type="hidden" name="user_id" value="1";
            input type="hidden" name="back" value="/";
            div.card-body {
                p { (ctx.lang.text(text)) }
                button.btn.btn-primary { (ctx.lang.text(title)) }
            }
        }
    }
}
