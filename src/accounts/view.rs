//! The forms by which people come in, and the page of their account.

use maud::{Markup, html};

use super::pass::Pass;
use super::store::Listed;
use crate::identity::Role;
use crate::page::Context;
use crate::page::form::sentence;
use crate::page::header::role_key;
use crate::page::table::time;

/// What stands in the form of log-in or sign-up.
#[derive(Default)]
pub struct Entry {
    pub name: String,
    pub roles: String,
    /// Where somebody wanted to go.
    pub back: String,
    /// The name of a field and a sentence about it.
    pub problem: Option<(&'static str, String)>,
}

/// What stands on the page of an account besides its passes.
#[derive(Default)]
pub struct Desk {
    pub label: String,
    pub problem: Option<(&'static str, String)>,
    /// One that was just made: it is shown once.
    pub token: Option<String>,
}

/// A field of one line.
struct Field<'a> {
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    /// What browsers and password managers know it as.
    autocomplete: &'a str,
    value: &'a str,
    hint: Option<&'a str>,
}

type Problem = Option<(&'static str, String)>;

fn problem_of<'a>(problem: &'a Problem, field: &str) -> Option<&'a str> {
    let (wrong, sentence) = problem.as_ref()?;
    (*wrong == field).then_some(sentence)
}

// No maxlength: a password that is cut off silently is another one.
fn field(ctx: &Context, field: &Field, problem: &Problem) -> Markup {
    let problem = problem_of(problem, field.name);
    let (problem_id, hint_id) = (format!("{}-problem", field.name), format!("{}-hint", field.name));
    let described = match (problem, field.hint) {
        (Some(_), _) => Some(&problem_id),
        (None, Some(_)) => Some(&hint_id),
        (None, None) => None,
    };
    html! {
        div.mb-3 {
            label.form-label for=(field.name) { (ctx.lang.text(field.label)) }
            input.form-control.is-invalid[problem.is_some()] id=(field.name) name=(field.name)
                type=(field.kind) value=(field.value) required autocomplete=(field.autocomplete)
                autocapitalize="none" spellcheck="false" dir="auto"
                aria-invalid=[problem.map(|_| "true")] aria-describedby=[described]
                autofocus[problem.is_some()];
            (sentence(&problem_id, problem))
            @if let (Some(hint), None) = (field.hint, problem) {
                p.form-text id=(hint_id) { (ctx.lang.text(hint)) }
            }
        }
    }
}

fn general(problem: &Problem) -> Markup {
    html! {
        @if let Some(sentence) = problem_of(problem, "") {
            p.alert.alert-danger role="alert" { (sentence) }
        }
    }
}

pub fn log_in(ctx: &Context, entry: &Entry) -> Markup {
    let lang = ctx.lang;
    let name = Field {
        name: "name",
        label: "account-name",
        kind: "text",
        autocomplete: "username",
        value: &entry.name,
        hint: None,
    };
    let password = Field {
        name: "password",
        label: "account-password",
        kind: "password",
        autocomplete: "current-password",
        value: "",
        hint: None,
    };
    html! {
        section.entrance {
            h1 { (lang.text("log-in-title")) }
            form.card method="post" action="/log-in" {
                div.card-body {
                    (general(&entry.problem))
                    input type="hidden" name="back" value=(entry.back);
                    (field(ctx, &name, &entry.problem))
                    (field(ctx, &password, &entry.problem))
                    button.btn.btn-primary { (lang.text("log-in")) }
                }
            }
            p { (lang.text("log-in-no-account")) " " a href="/sign-up" { (lang.text("sign-up")) } }
            p.text-body-secondary { (lang.text("log-in-forgotten")) }
        }
    }
}

pub fn sign_up(ctx: &Context, entry: &Entry) -> Markup {
    let lang = ctx.lang;
    let name = Field {
        name: "name",
        label: "account-name",
        kind: "text",
        autocomplete: "username",
        value: &entry.name,
        hint: Some("sign-up-name-hint"),
    };
    let password = Field {
        name: "password",
        label: "account-password",
        kind: "password",
        autocomplete: "new-password",
        value: "",
        hint: Some("password-hint"),
    };
    let chosen = if entry.roles.is_empty() { "customer" } else { &entry.roles };
    let roles = [
        ("customer", "sign-up-customer"),
        ("executor", "sign-up-executor"),
        ("both", "sign-up-both"),
    ];
    let problem = problem_of(&entry.problem, "roles");
    html! {
        section.entrance {
            h1 { (lang.text("sign-up-title")) }
            form.card method="post" action="/sign-up" {
                div.card-body {
                    (general(&entry.problem))
                    (field(ctx, &name, &entry.problem))
                    (field(ctx, &password, &entry.problem))
                    fieldset.mb-3 {
                        legend.form-label { (lang.text("sign-up-roles")) }
                        @for (value, key) in roles {
                            div.form-check {
                                input.form-check-input type="radio" name="roles" value=(value)
                                    id={ "roles-" (value) } checked[value == chosen];
                                label.form-check-label for={ "roles-" (value) } { (lang.text(key)) }
                            }
                        }
                        @if let Some(problem) = problem { p.wrong-choice { (problem) } }
                    }
                    button.btn.btn-primary { (lang.text("sign-up")) }
                }
            }
            p { (lang.text("sign-up-have-account")) " " a href="/log-in" { (lang.text("log-in")) } }
        }
    }
}

/// The page of somebody's account.
pub fn desk(ctx: &Context, pass: &Pass, passes: &[Listed], desk: &Desk) -> Markup {
    let lang = ctx.lang;
    let (tokens, sessions): (Vec<_>, Vec<_>) = passes.iter().partition(|it| it.label.is_some());
    html! {
        section.account {
            h1 { (lang.text("account-title")) }
            p { (lang.format("account-who", [
                ("name", pass.name.as_str().into()), ("id", pass.account.to_string().into()),
            ])) }
            (general(&desk.problem))
            div.parts {
                (password(ctx, desk))
                section.card aria-labelledby="sessions" { div.card-body {
                    h2 #sessions { (lang.text("sessions-title")) }
                    p.form-text { (lang.text("sessions-text")) }
                    ul.passes { @for session in sessions { (listed(ctx, pass, session)) } }
                    form method="post" action="/log-out/everywhere" {
                        (ctx.token())
                        button.btn.btn-outline-danger { (lang.text("log-out-everywhere")) }
                    }
                } }
                section.card.wide aria-labelledby="tokens" { div.card-body {
                    h2 #tokens { (lang.text("tokens-title")) }
                    p.form-text { (lang.text("tokens-text")) }
                    @if let Some(token) = &desk.token {
                        div.alert.alert-success role="status" {
                            p { (lang.text("token-made")) }
                            code.secret { (token) }
                        }
                    }
                    ul.passes { @for token in tokens { (listed(ctx, pass, token)) } }
                    (token_form(ctx, pass, desk))
                } }
            }
        }
    }
}

fn password(ctx: &Context, desk: &Desk) -> Markup {
    let current = Field {
        name: "current",
        label: "password-current",
        kind: "password",
        autocomplete: "current-password",
        value: "",
        hint: None,
    };
    let new = Field {
        name: "password",
        label: "password-new",
        kind: "password",
        autocomplete: "new-password",
        value: "",
        hint: Some("password-hint"),
    };
    let name = ctx.shown.map_or("", |shown| shown.pass.name.as_str());
    html! {
        section.card aria-labelledby="password-title" { div.card-body {
            h2 #password-title { (ctx.lang.text("password-title")) }
            form method="post" action="/account/password" {
                (ctx.token())
                // Password managers want to know whose it is.
                input.visually-hidden type="text" value=(name) autocomplete="username" readonly tabindex="-1"
                    aria-hidden="true";
                (field(ctx, &current, &desk.problem))
                (field(ctx, &new, &desk.problem))
                button.btn.btn-primary { (ctx.lang.text("password-change")) }
            }
        } }
    }
}

fn token_form(ctx: &Context, pass: &Pass, desk: &Desk) -> Markup {
    let lang = ctx.lang;
    let label = Field {
        name: "label",
        label: "token-label",
        kind: "text",
        autocomplete: "off",
        value: &desk.label,
        hint: None,
    };
    let roles: Vec<Role> = pass.roles.list();
    html! {
        form.token method="post" action="/account/tokens" {
            (ctx.token())
            (field(ctx, &label, &desk.problem))
            div.mb-3 {
                label.form-label for="role" { (lang.text("token-role")) }
                select #role.form-select name="role" {
                    @for role in &roles {
                        option value=(role.name()) selected[*role == pass.role] {
                            (lang.text(role_key(*role)))
                        }
                    }
                }
            }
            button.btn.btn-primary { (lang.text("token-make")) }
        }
    }
}

fn listed(ctx: &Context, own: &Pass, pass: &Listed) -> Markup {
    let lang = ctx.lang;
    let is_own = pass.id == own.id;
    html! {
        li {
            div {
                @if let Some(label) = &pass.label { strong dir="auto" { (label) } " · " }
                (lang.text(role_key(pass.role)))
                @if is_own { " · " (lang.text("session-own")) }
                small {
                    span { (lang.text("pass-created")) " " (time(pass.created)) }
                    span { (lang.text("pass-seen")) " " (time(pass.seen)) }
                }
            }
            @if !is_own {
                form method="post" action={ "/account/passes/" (pass.id) "/end" } {
                    (ctx.token())
                    button.btn.btn-sm.btn-outline-danger {
                        (lang.text(if pass.label.is_some() { "token-end" } else { "session-end" }))
                    }
                }
            }
        }
    }
}
