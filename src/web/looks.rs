//! The switchers at the bottom of every page: language, and light or dark.

use http::{HeaderValue, header};

use super::{Request, Response, is_ours, session};
use crate::error::{FieldRule, Refusal, Refused};
use crate::i18n::Lang;
use crate::page::Theme;

/// `POST /language`
pub async fn choose_language(request: Request) -> Result<Response, Refused> {
    let lang = Lang::from_tag(request.fields()?.get("lang")?).ok_or_else(|| {
        let allowed = Lang::ALL.map(Lang::tag).join(", ");
        Refusal::InvalidField { field: "lang", rule: FieldRule::OneOf { allowed } }
    })?;
    back(&request, session::remember_lang(lang))
}

/// `POST /theme`
pub async fn choose_theme(request: Request) -> Result<Response, Refused> {
    let theme = Theme::from_name(request.fields()?.get("theme")?).ok_or_else(|| {
        let allowed = Theme::ALL.map(Theme::name).join(", ");
        Refusal::InvalidField { field: "theme", rule: FieldRule::OneOf { allowed } }
    })?;
    back(&request, session::remember_theme(theme))
}

/// To the page that somebody came from, with a cookie that remembers what they chose.
fn back(request: &Request, cookie: HeaderValue) -> Result<Response, Refused> {
    let fields = request.fields()?;
    let to = fields.get("back").ok().filter(|back| is_ours(back)).unwrap_or("/");
    let mut response = request.redirect(to, session::flash(&request.headers), None);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
