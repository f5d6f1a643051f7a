//! The top of every page: where the reader can go, and in demo mode who they want to be.

use maud::{Markup, html};

use super::Context;
use crate::identity::{Role, User};
use crate::web::assets;

/// The bar with the ways to the reader's pages, and whether this one is live.
pub fn header(ctx: &Context) -> Markup {
    let lang = ctx.lang;
    html! {
        header.top {
            div.container {
                a.brand href="/" {
                    img src=(assets::url("icon.svg")) alt="" width="22" height="22";
                    (lang.text("brand"))
                }
                @if let Some(user) = ctx.user {
                    nav aria-label=(lang.text("nav-label")) {
                        ul { @for (path, key) in places(user.role) { (link(ctx, path, key)) } }
                    }
                }
                @if ctx.live.is_some() {
                    div.live {
                        span #live role="status" data-live=(lang.text("live-now"))
                            data-catching=(lang.text("live-catching-up"))
                            data-offline=(lang.text("live-offline")) {}
                        span #lag.lag aria-hidden="true" title=(lang.text("live-lag"))
                            data-again=(lang.format("live-again", [("when", "{when}".into())])) {}
                    }
                }
            }
        }
    }
}

/// Where a role can go: path and key of the name.
fn places(role: Role) -> &'static [(&'static str, &'static str)] {
    match role {
        Role::Customer => &[
            ("/my/orders", "nav-my-orders"),
            ("/my/contracts", "nav-my-contracts"),
            ("/profile", "nav-profile"),
        ],
        Role::Executor => &[
            ("/orders", "nav-board"),
            ("/my/contracts", "nav-my-contracts"),
            ("/profile", "nav-profile"),
        ],
        Role::Admin => &[
            ("/admin", "nav-overview"),
            ("/orders", "nav-board"),
            ("/admin/orders", "nav-orders"),
            ("/admin/contracts", "nav-contracts"),
            ("/admin/customers", "nav-customers"),
            ("/admin/executors", "nav-executors"),
        ],
    }
}

fn link(ctx: &Context, path: &str, key: &str) -> Markup {
    let here = ctx.here.split('?').next().unwrap_or_default();
    html! {
        li {
            a href=(path) aria-current=[(here == path).then_some("page")] { (ctx.lang.text(key)) }
        }
    }
}

/// The strip that says that this is a demo, with the switcher: who do you want to be?
pub fn demo_bar(ctx: &Context) -> Markup {
    let lang = ctx.lang;
    let id = ctx.user.map(|user| user.id).filter(|&id| id > 0);
    html! {
        div.demo {
            div.container {
                p { (lang.text("demo-banner")) }
                form.switch method="post" action="/session" {
                    input type="hidden" name="back" value=(ctx.here);
                    label.visually-hidden for="user_type" { (lang.text("switch-role")) }
                    select #user_type.form-select.form-select-sm name="user_type" {
                        @for (role, key) in [
                            (Role::Customer, "role-customer"),
                            (Role::Executor, "role-executor"),
                            (Role::Admin, "role-admin"),
                        ] {
                            option value=(role.name()) selected[ctx.is(role)] { (lang.text(key)) }
                        }
                    }
                    label.visually-hidden for="user_id" { (lang.text("switch-id")) }
                    input #user_id.form-control.form-control-sm name="user_id" type="number" min="1"
                        max=(User::MAX_ID) autocomplete="off" value=[id]
                        placeholder=(lang.text("switch-id"));
                    button.btn.btn-sm { (lang.text("switch-submit")) }
                }
            }
        }
    }
}
