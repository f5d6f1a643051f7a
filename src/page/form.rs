//! Forms in which somebody writes: they keep what was typed when something is wrong.

use maud::{Markup, html};

use super::Context;
use crate::money::Currency;

/// What stands in the form, and what is wrong with it.
pub struct Place<'a> {
    pub description: &'a str,
    pub price: &'a str,
    pub currency: &'a str,
    /// Makes a repeated submission harmless.
    pub request_id: &'a str,
    pub currencies: &'a [Currency],
    /// The commission, in percent of the price.
    pub percent: u8,
    /// The name of a field and a sentence about it.
    pub problem: Option<(&'a str, String)>,
}

impl Place<'_> {
    fn problem(&self, field: &str) -> Option<&str> {
        let (wrong, sentence) = self.problem.as_ref()?;
        (*wrong == field).then_some(sentence)
    }

    /// A problem that belongs to none of the fields shown.
    fn general_problem(&self) -> Option<&str> {
        let (wrong, sentence) = self.problem.as_ref()?;
        (!["description", "price", "currency"].contains(wrong)).then_some(sentence)
    }
}

pub fn place(ctx: &Context, place: &Place) -> Markup {
    let lang = ctx.lang;
    html! {
        form #place.card method="post" action="/orders" autocomplete="off" {
            (ctx.token())
            div.card-body {
                h2 { (lang.text("place-title")) }
                @if let Some(sentence) = place.general_problem() {
                    p.alert.alert-danger role="alert" { (sentence) }
                }
                input type="hidden" name="request_id" value=(place.request_id);
                (description(ctx, place))
                div.sum { (price(ctx, place)) (currency(ctx, place)) }
                @let plain = lang.format("place-commission", [("percent", place.percent.into())]);
                p.form-text role="status" data-plain=(plain) data-percent=(place.percent)
                    data-preview=(lang.format("place-preview", [
                        ("fee", "{fee}".into()), ("payout", "{payout}".into()),
                    ]))
                    { (plain) }
                button.btn.btn-primary type="submit" { (lang.text("place-submit")) }
            }
        }
    }
}

/// The same fields for an order that stands on the board in a `version`.
pub fn edit(ctx: &Context, order: u32, version: u32, place: &Place) -> Markup {
    let lang = ctx.lang;
    html! {
        form #edit.why method="post" action={ "/orders/" (order) "/edit" } autocomplete="off" {
            (ctx.token())
            @if let Some(sentence) = place.general_problem() {
                p.alert.alert-danger role="alert" { (sentence) }
            }
            input type="hidden" name="version" value=(version);
            (description(ctx, place))
            div.sum { (price(ctx, place)) (currency(ctx, place)) }
            button.btn.btn-primary type="submit" { (lang.text("order-edit")) }
        }
    }
}

// No maxlength: browsers count UTF-16 units, the rule counts characters.
fn description(ctx: &Context, place: &Place) -> Markup {
    let problem = place.problem("description");
    html! {
        div.mb-3 {
            label.form-label for="description" { (ctx.lang.text("place-description")) }
            textarea #description.form-control.is-invalid[problem.is_some()] name="description"
                rows="4" dir="auto" required aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[problem.map(|_| "description-problem")]
                autofocus[problem.is_some()]
                // Browsers drop a line feed right after the tag; this one is for them.
                { "\n" (place.description) }
            (sentence("description-problem", problem))
        }
    }
}

fn price(ctx: &Context, place: &Place) -> Markup {
    let problem = place.problem("price");
    html! {
        div.mb-3 {
            label.form-label for="price" { (ctx.lang.text("place-price")) }
            input #price.form-control.is-invalid[problem.is_some()] name="price" required
                inputmode="decimal" autocomplete="off" value=(place.price)
                placeholder=(ctx.lang.text("place-price-example"))
                aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[problem.map(|_| "price-problem")] autofocus[problem.is_some()];
            (sentence("price-problem", problem))
        }
    }
}

fn currency(ctx: &Context, place: &Place) -> Markup {
    let problem = place.problem("currency");
    html! {
        div.mb-3 {
            label.form-label for="currency" { (ctx.lang.text("place-currency")) }
            select #currency.form-select.is-invalid[problem.is_some()] name="currency"
                aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[problem.map(|_| "currency-problem")]
                {
                @for currency in place.currencies {
                    @let code = currency.code();
                    option value=(code) selected[code == place.currency] { (code) }
                }
            }
            (sentence("currency-problem", problem))
        }
    }
}

/// What stands in a form in which somebody says why.
#[derive(Default)]
pub struct Reason {
    pub text: String,
    pub problem: Option<String>,
}

/// In which somebody says why; `label` asks for it, and `buttons` submit it to `action`.
pub fn reason(
    ctx: &Context,
    action: &str,
    reason: &Reason,
    label: &str,
    buttons: Markup,
) -> Markup {
    let problem = reason.problem.as_deref();
    html! {
        form #why.why method="post" action=(action) autocomplete="off" {
            (ctx.token())
            label.form-label for="reason" { (label) }
            textarea #reason.form-control.is-invalid[problem.is_some()] name="reason" rows="2"
                dir="auto" required aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[problem.map(|_| "reason-problem")]
                autofocus[problem.is_some()]
                { "\n" (reason.text) }
            (sentence("reason-problem", problem))
            (buttons)
        }
    }
}

/// In which a party of a contract writes to the other.
pub fn note(ctx: &Context, contract: u32, draft: &Reason) -> Markup {
    let problem = draft.problem.as_deref();
    html! {
        form #note.why method="post" action={ "/contracts/" (contract) "/notes" }
            autocomplete="off" {
            (ctx.token())
            label.visually-hidden for="text" { (ctx.lang.text("note-label")) }
            textarea #text.form-control.is-invalid[problem.is_some()] name="text" rows="2"
                dir="auto" required placeholder=(ctx.lang.text("note-label"))
                aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[problem.map(|_| "text-problem")]
                autofocus[problem.is_some()]
                { "\n" (draft.text) }
            (sentence("text-problem", problem))
            button.btn.btn-outline-secondary type="submit" { (ctx.lang.text("note-send")) }
        }
    }
}

pub fn sentence(id: &str, problem: Option<&str>) -> Markup {
    html! { @if let Some(problem) = problem { p.invalid-feedback id=(id) { (problem) } } }
}
