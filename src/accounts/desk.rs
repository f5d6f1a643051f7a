//! `/account`: somebody's password, sessions and tokens.

use http::{HeaderValue, StatusCode, header};

use super::keys::{self, Secret};
use super::pass::Pass;
use super::view::{self, Desk};
use super::{Name, Password, refuse, store, web};
use crate::error::{Fault, FieldRule, Refusal, Refused};
use crate::identity::Role;
use crate::page::Flash;
use crate::web::{Request, Response, session};

/// Tokens that somebody may have.
const TOKENS: usize = 20;
const LABEL: usize = 40;

/// `GET /account`
pub async fn show(request: Request) -> Result<Response, Refused> {
    let pass = own_pass(&request)?;
    page(&request, pass, StatusCode::OK, Desk::default()).await
}

fn own_pass(request: &Request) -> Result<&Pass, Refusal> {
    request.accounts()?;
    request.pass().ok_or(Refusal::Unauthenticated)
}

async fn page(
    request: &Request,
    pass: &Pass,
    status: StatusCode,
    desk: Desk,
) -> Result<Response, Refused> {
    let passes = store::list_passes(request.users(), pass.account).await?;
    let title = request.lang.text("account-title");
    let mut response =
        request.render(status, &title, None, |context| view::desk(context, pass, &passes, &desk));
    // It may show a token: that is for the reader's eyes alone, and once.
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// The page once more, with what is wrong about one of its forms.
async fn again(
    request: &Request,
    pass: &Pass,
    refused: Refused,
    label: String,
) -> Result<Response, Refused> {
    let Refused::Refusal(refusal) = refused else { return Err(refused) };
    let field = match &refusal {
        Refusal::InvalidField { field, .. } => field,
        Refusal::WrongPassword => "current",
        Refusal::Flood(_) | Refusal::Overloaded => "",
        _ => return Err(refusal.into()),
    };
    let sentence = match &refusal {
        Refusal::WrongPassword => request.lang.text("password-wrong"),
        other => other.detail(request.lang),
    };
    let problem = Some((field, sentence.into_owned()));
    let desk = Desk { label, problem, token: None };
    // Whoever is logged in is known; it is the form that is refused.
    let status = match refusal.kind().0 {
        StatusCode::UNAUTHORIZED => StatusCode::UNPROCESSABLE_ENTITY,
        status => status,
    };
    let mut response = page(request, pass, status, desk).await?;
    request.say_when_to_retry(&mut response, &refusal);
    Ok(response)
}

/// `POST /account/password`: whoever knows the old one may choose a new one; all other sessions end.
pub async fn change_password(request: Request) -> Result<Response, Refused> {
    let pass = own_pass(&request)?;
    match try_change_password(&request, pass).await {
        Ok(cookie) => {
            let mut response = request.redirect("/account", Some(Flash::PasswordChanged), None);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(refused) => again(&request, pass, refused, String::new()).await,
    }
}

async fn try_change_password(request: &Request, pass: &Pass) -> Result<HeaderValue, Refused> {
    let accounts = request.accounts()?;
    let fields = request.fields()?;
    let name = Name::parse(&pass.name).map_err(|rule| refuse("name", rule))?;
    let (current, password) = (fields.get("current")?, fields.get("password")?);
    let password = Password::choose(password, &name).map_err(|rule| refuse("password", rule))?;
    let account = web::check_password(request, &pass.name, Password::typed(current)).await?;
    let password = accounts.hashing.hash(password).await?;
    let Secret { text, hash } = accounts.keys.make_cookie();
    let users = &request.app.users;
    let changed = store::change_password(users, &account, &password, pass.role, &hash).await;
    let ended = changed.map_err(Fault::Database)?.ok_or(Refusal::WrongPassword)?;
    ended.into_iter().for_each(|session| request.app.hub.end_everywhere(session));
    Ok(session::remember_pass(text, accounts.secure))
}

/// `POST /account/tokens`: shown on the page that answers, and never again.
pub async fn make_token(request: Request) -> Result<Response, Refused> {
    let pass = own_pass(&request)?;
    let label = request.fields()?.get("label").unwrap_or_default().trim().to_owned();
    match try_make_token(&request, pass, &label).await {
        Ok(token) => {
            let desk = Desk { token: Some(token), ..Desk::default() };
            page(&request, pass, StatusCode::CREATED, desk).await
        }
        Err(refused) => again(&request, pass, refused, label).await,
    }
}

async fn try_make_token(request: &Request, pass: &Pass, label: &str) -> Result<String, Refused> {
    let fields = request.fields()?;
    let is_lawful =
        (1..=LABEL).contains(&label.chars().count()) && !label.contains(char::is_control);
    if !is_lawful {
        return Err(refuse("label", "token-label-rule").into());
    }
    let role = Role::from_name(fields.get("role")?).filter(|role| pass.roles.allow(*role));
    let role = role.ok_or_else(|| {
        let allowed = pass.roles.to_string().replace(',', ", ");
        Refusal::InvalidField { field: "role", rule: FieldRule::OneOf { allowed } }
    })?;
    let listed = store::list_passes(request.users(), pass.account).await?;
    if listed.iter().filter(|listed| listed.label.is_some()).count() >= TOKENS {
        return Err(refuse("label", "token-too-many").into());
    }
    let Secret { text, hash } = keys::make_token();
    let made = store::insert_token(&request.app.users, pass, role, label, &hash).await;
    if made.map_err(Fault::Database)? { Ok(text) } else { Err(Refusal::Unauthenticated.into()) }
}

/// `POST /account/passes/{id}/end`: one of one's own, a session or a token.
pub async fn end_pass(request: Request) -> Result<Response, Refused> {
    let pass = own_pass(&request)?;
    let ended = store::end_pass(&request.app.users, pass.account, request.id).await;
    let session = ended.map_err(Fault::Database)?.ok_or(Refusal::NotFound)?;
    request.app.hub.end_everywhere(session);
    Ok(request.redirect("/account", Some(Flash::PassEnded), None))
}
