//! The page that says what went wrong, and where to go on.

use maud::{Markup, html};

use super::Context;

/// `title` and `detail` are sentences for people; `trace` is what to tell us when it is our fault.
pub fn main(ctx: &Context, status: u16, title: &str, detail: &str, trace: Option<&str>) -> Markup {
    html! {
        section.wrong {
            p.code aria-hidden="true" { (status) }
            h1 { (title) }
            p.lead { (detail) }
            @if let Some(trace) = trace {
                p.text-body-secondary { (ctx.lang.text("error-trace")) " " code { (trace) } }
            }
            @if status == 401 && !ctx.demo {
                @let back = serde_urlencoded::to_string([("back", ctx.here)]).unwrap_or_default();
                p { a.btn.btn-primary href={ "/log-in?" (back) } { (ctx.lang.text("log-in")) } }
            } @else {
                p { a.btn.btn-primary href="/" { (ctx.lang.text("error-way-on")) } }
            }
        }
    }
}
