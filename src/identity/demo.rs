//! Demo mode: anybody may be anybody. Who asks is told by headers, or chosen in the switcher that
//! stands on every page.

use http::{HeaderMap, header};

use super::{Identity, Role, User};
use crate::error::{Refusal, Refused};
use crate::page::Flash;
use crate::web::{Request, Response, is_ours, session};

/// Who asks: headers win over the cookie; malformed ones are refused.
pub fn identify(headers: &HeaderMap, key: &cookie::Key) -> Result<Option<Identity>, Refusal> {
    let text = |name| match headers.get(name) {
        Some(value) => value.to_str().map(Some).map_err(|_| Refusal::MalformedUser),
        None => Ok(None),
    };
    match (text("x-user-type")?, text("x-user-id")?) {
        (None, None) => Ok(session::who(headers, key)),
        (role, id) => User::parse(role.unwrap_or_default(), id.unwrap_or_default())
            .map(|user| Some(Identity { user, session: None }))
            .ok_or(Refusal::MalformedUser),
    }
}

/// `GET /`: to the role's home, or who am I.
pub async fn home(request: Request) -> Result<Response, Refused> {
    Ok(match request.user {
        Some(user) => {
            request.redirect(home_of(user), crate::web::session::flash(&request.headers), None)
        }
        None => {
            let title = request.lang.text("home-title");
            request.page(&title, crate::page::home::main)
        }
    })
}

/// `POST /session`: become somebody else. What the browser's other pages hear ends with who it was.
pub async fn switch(request: Request) -> Result<Response, Refused> {
    if request.app.accounts.is_some() {
        return Err(Refusal::NotFound.into());
    }
    let fields = request.fields()?;
    let role = fields.get("user_type")?;
    let id = fields.get("user_id").unwrap_or_default();
    // The switcher always sends a number; admins need none.
    let id = if role == Role::Admin.name() { "" } else { id };
    let user = User::parse(role, id).ok_or(Refusal::BadRequest("user-malformed"))?;
    // Somebody else in the same role sees the same pages; another role has its own.
    let back = fields.get("back").ok().filter(|back| is_ours(back));
    let same_role = request.user.is_some_and(|before| before.role == user.role);
    let to = back.filter(|_| same_role).unwrap_or(home_of(user));
    let mut response = request.redirect(to, Some(Flash::Switched), None);
    let cookie = session::remember_who(user, &request.app.cookie_key);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    if let Some(session) = request.session {
        request.app.hub.end_everywhere(session);
    }
    Ok(response)
}

/// Where somebody who acts in a role begins.
pub fn home_of(user: User) -> &'static str {
    match user.role {
        Role::Customer => "/my/orders",
        Role::Executor => "/orders",
        Role::Admin => "/admin",
    }
}
