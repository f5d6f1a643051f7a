//! What happened to an order or a contract: who, what, when and why; as data and as a list.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::json;

use super::table::time;
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::moment::Moment;

/// One change.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    pub at: Moment,
    /// `None`: time did it.
    pub by: Option<User>,
    /// The status that it came to, as the API says it.
    pub status: &'static str,
    /// The key of the sentence that says so, about `who`.
    pub words: &'static str,
    pub reason: Option<String>,
    /// The order that came back to the board with it.
    pub returned: Option<u32>,
}

impl Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Step { at, by, status, reason, returned, .. } = self;
        let by = by.map(|user| json!({"user_type": user.role.name(), "user_id": user.id}));
        let mut step = json!({"at": at, "by": by, "status": status});
        if let Some(reason) = reason {
            step["reason"] = reason.as_str().into();
        }
        if let Some(order) = returned {
            step["returned_order_id"] = (*order).into();
        }
        step.serialize(serializer)
    }
}

/// Oldest first.
pub fn list(lang: Lang, steps: &[Step]) -> Markup {
    html! {
        section.history aria-labelledby="history" {
            h2 #history { (lang.text("history-title")) }
            ol {
                @for step in steps {
                    li data-became=(step.status) {
                        (time(step.at)) " "
                        span { (lang.format(step.words, [("who", who(lang, step.by).into())])) }
                        @if let Some(order) = step.returned {
                            " " a href={ "/orders/" (order) } {
                                (lang.format("order-title", [("id", order.into())]))
                            }
                        }
                        @if let Some(reason) = &step.reason {
                            blockquote dir="auto" { (reason) }
                        }
                    }
                }
            }
        }
    }
}

fn who(lang: Lang, by: Option<User>) -> String {
    let Some(User { role, id }) = by else { return String::new() };
    let text = match role {
        Role::Customer => "who-customer",
        Role::Executor => "who-executor",
        Role::Admin if id == 0 => "who-some-admin",
        Role::Admin => "who-admin",
    };
    lang.format(text, [("id", id.to_string().into())]).into_owned()
}
