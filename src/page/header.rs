//! The top of every page: where the reader can go, and who they are: in demo mode whom they want to
//! be, else what they may act as.

use std::collections::HashMap;
use std::sync::LazyLock;

use maud::{Markup, html};

use super::Context;
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::web::assets;

/// What a bar shows: the reader's role, which of its places this is, whether it is live.
type Shown = (Lang, Option<Role>, Option<&'static str>, bool);

/// There are few bars, and one is on every page: they are all made before the first.
static BARS: LazyLock<HashMap<Shown, Markup>> = LazyLock::new(|| {
    let roles = [None, Some(Role::Customer), Some(Role::Executor), Some(Role::Admin)];
    let mut all = HashMap::new();
    for (lang, role) in Lang::ALL.into_iter().flat_map(|lang| roles.map(|role| (lang, role))) {
        let here = places(role).iter().map(|(path, _)| Some(*path)).chain([None]);
        for shown in here.flat_map(|here| [true, false].map(|live| (lang, role, here, live))) {
            all.insert(shown, bar(shown));
        }
    }
    all
});

/// The bar with the ways to the reader's pages, and whether this one is live.
pub fn header(ctx: &Context) -> &'static Markup {
    let role = ctx.user.map(|user| user.role);
    let path = ctx.here.split('?').next().unwrap_or_default();
    let here = places(role).iter().map(|(place, _)| *place).find(|&place| place == path);
    &BARS[&(ctx.lang, role, here, ctx.live.is_some())]
}

fn bar((lang, role, here, live): Shown) -> Markup {
    html! {
        header.top {
            div.container {
                a.brand href="/" {
                    img src=(assets::url("icon.svg")) alt="" width="22" height="22";
                    (lang.text("brand"))
                }
                @if role.is_some() {
                    nav aria-label=(lang.text("nav-label")) {
                        ul { @for (path, key) in places(role) { (link(lang, here, path, key)) } }
                    }
                }
                @if live {
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
fn places(role: Option<Role>) -> &'static [(&'static str, &'static str)] {
    match role {
        None => &[],
        Some(Role::Customer) => &[
            ("/my/orders", "nav-my-orders"),
            ("/my/contracts", "nav-my-contracts"),
            ("/profile", "nav-profile"),
        ],
        Some(Role::Executor) => &[
            ("/orders", "nav-board"),
            ("/my/contracts", "nav-my-contracts"),
            ("/profile", "nav-profile"),
        ],
        Some(Role::Admin) => &[
            ("/admin", "nav-overview"),
            ("/orders", "nav-board"),
            ("/admin/orders", "nav-orders"),
            ("/admin/contracts", "nav-contracts"),
            ("/admin/customers", "nav-customers"),
            ("/admin/executors", "nav-executors"),
        ],
    }
}

fn link(lang: Lang, here: Option<&str>, path: &str, key: &str) -> Markup {
    let current = (here == Some(path)).then_some("page");
    html! { li { a href=(path) aria-current=[current] { (lang.text(key)) } } }
}

/// The strip that says that this is a demo, with the switcher: who do you want to be?
pub fn demo_bar(ctx: &Context) -> Markup {
    let lang = ctx.lang;
    let id = ctx.user.map(|user| user.id).filter(|&id| id > 0);
    html! {
        aside.demo aria-label=(lang.text("demo-label")) {
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

/// Who the reader is, and how they come in and leave.
pub fn person_bar(ctx: &Context) -> Markup {
    let lang = ctx.lang;
    html! {
        aside.person aria-label=(lang.text("person-label")) {
            div.container {
                @if let Some(pass) = ctx.shown.map(|shown| &shown.pass) {
                    p { strong { (pass.name) } " · " (lang.text(role_key(pass.role))) }
                    @for role in pass.roles.list().into_iter().filter(|role| *role != pass.role) {
                        form method="post" action="/role" {
                            (ctx.token())
                            button.btn.btn-link name="role" value=(role.name()) {
                                (lang.text(act_as_key(role)))
                            }
                        }
                    }
                    a.account href="/account" { (lang.text("account")) }
                    form method="post" action="/log-out" {
                        (ctx.token())
                        button.btn.btn-link { (lang.text("log-out")) }
                    }
                } @else {
                    a.account href="/log-in" { (lang.text("log-in")) }
                    a href="/sign-up" { (lang.text("sign-up")) }
                }
            }
        }
    }
}

/// What a role is called.
pub fn role_key(role: Role) -> &'static str {
    match role {
        Role::Customer => "role-customer",
        Role::Executor => "role-executor",
        Role::Admin => "role-admin",
    }
}

fn act_as_key(role: Role) -> &'static str {
    match role {
        Role::Executor => "act-as-executor",
        _ => "act-as-customer",
    }
}
