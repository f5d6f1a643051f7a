//! The switcher of languages, at the bottom of every page.

use http::header;

use super::{Request, Response, is_ours, session};
use crate::error::{FieldRule, Refusal, Refused};
use crate::i18n::Lang;

/// `POST /language`
pub async fn choose(request: Request) -> Result<Response, Refused> {
    let fields = request.fields()?;
    let lang = Lang::from_tag(fields.get("lang")?).ok_or_else(|| {
        let allowed = Lang::ALL.map(Lang::tag).join(", ");
        Refusal::InvalidField { field: "lang", rule: FieldRule::Language { allowed } }
    })?;
    let back = fields.get("back").ok().filter(|back| is_ours(back)).unwrap_or("/");
    let mut response = request.redirect(back, session::flash(&request.headers), None);
    response.headers_mut().append(header::SET_COOKIE, session::remember_lang(lang));
    Ok(response)
}
