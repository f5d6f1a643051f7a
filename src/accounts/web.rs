//! Coming in and leaving: sign-up, log-in, log-out, and what somebody acts as. Whoever is refused is
//! not told whether a name exists, neither in words nor by how long it takes.

use http::{HeaderValue, StatusCode, header};

use super::view::{self, Entry};
use super::{Account, Name, Password, Roles, fold, keys::Secret, refuse, store};
use crate::error::{Fault, FieldRule, Refusal, Refused};
use crate::identity::demo::home_of;
use crate::identity::{Role, User};
use crate::page::Flash;
use crate::web::{Request, Response, is_ours, session};

/// `GET /log-in`
pub async fn log_in_page(request: Request) -> Result<Response, Refused> {
    request.accounts()?;
    let back = request.param("back").unwrap_or_default();
    match request.user {
        Some(user) => Ok(request.redirect(way_on(&back, user), None, None)),
        None => {
            Ok(entrance(&request, view::log_in, StatusCode::OK, Entry { back, ..Entry::default() }))
        }
    }
}

/// `GET /sign-up`
pub async fn sign_up_page(request: Request) -> Result<Response, Refused> {
    request.accounts()?;
    match request.user {
        Some(user) => Ok(request.redirect(home_of(user), None, None)),
        None => Ok(entrance(&request, view::sign_up, StatusCode::OK, Entry::default())),
    }
}

/// `POST /log-in`
pub async fn log_in(request: Request) -> Result<Response, Refused> {
    request.accounts()?;
    match try_log_in(&request).await {
        Ok(account) => let_in(&request, &account).await,
        Err(refused) => again(&request, view::log_in, refused),
    }
}

async fn try_log_in(request: &Request) -> Result<Account, Refused> {
    let fields = request.fields()?;
    let (name, password) = (fields.get("name")?, fields.get("password")?);
    check_password(request, name, Password::typed(password)).await
}

/// The account of a name, for who knows its password.
pub async fn check_password(
    request: &Request,
    name: &str,
    password: Password,
) -> Result<Account, Refused> {
    let folded = fold(name);
    request.app.flood.admit_log_in(&folded, request.address).await?;
    // A longer name is nobody's; it is looked for like any other.
    let account = store::find_account(request.users(), &folded).await?;
    let hash = account.as_ref().map(|account| account.password.clone());
    let is_right = request.accounts()?.hashing.is(password, hash).await?;
    Ok(account.filter(|_| is_right).ok_or(Refusal::WrongPassword)?)
}

/// `POST /sign-up`
pub async fn sign_up(request: Request) -> Result<Response, Refused> {
    request.accounts()?;
    match try_sign_up(&request).await {
        Ok(account) => let_in(&request, &account).await,
        Err(refused) => again(&request, view::sign_up, refused),
    }
}

async fn try_sign_up(request: &Request) -> Result<Account, Refused> {
    let fields = request.fields()?;
    let name = Name::parse(fields.get("name")?).map_err(|rule| refuse("name", rule))?;
    let roles = Roles::chosen(fields.get("roles")?).ok_or_else(|| {
        let allowed = "customer, executor, both".to_owned();
        Refusal::InvalidField { field: "roles", rule: FieldRule::OneOf { allowed } }
    })?;
    let password = Password::choose(fields.get("password")?, &name);
    let password = password.map_err(|rule| refuse("password", rule))?;
    request.app.flood.admit_sign_up(request.address).await?;
    let password = request.accounts()?.hashing.hash(password).await?;
    let id = store::insert_account(&request.app.users, &name, &password, roles).await;
    let id = id.map_err(Fault::Database)?.ok_or_else(|| refuse("name", "name-taken"))?;
    Ok(Account { id, name: name.to_string(), password, roles })
}

/// Begins a session, which is never one that was there before: whoever planted that has nothing.
async fn let_in(request: &Request, account: &Account) -> Result<Response, Refused> {
    let role = account.roles.first();
    let Secret { text, hash } = request.accounts()?.keys.make_cookie();
    let mut connection = request.app.users.acquire().await.map_err(Fault::Database)?;
    let begun = store::insert_session(&mut connection, account, role, &hash).await;
    if !begun.map_err(Fault::Database)? {
        // Its password was changed in this moment.
        return again(request, view::log_in, Refusal::WrongPassword.into());
    }
    drop(connection);
    end_own(request).await?;
    let fields = request.fields()?;
    let user = User { role, id: account.id };
    let to = way_on(fields.get("back").unwrap_or_default(), user);
    let mut response = request.redirect(to, None, None);
    let cookie = session::remember_pass(text, request.accounts()?.secure);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Where somebody wanted to go when they were asked to log in, else where they begin.
fn way_on(back: &str, user: User) -> &str {
    if is_ours(back) && back != "/" { back } else { home_of(user) }
}

/// `POST /log-out`
pub async fn log_out(request: Request) -> Result<Response, Refused> {
    request.accounts()?;
    end_own(&request).await?;
    Ok(left(&request))
}

/// Ends the browser's session here and on all servers, with its sockets.
async fn end_own(request: &Request) -> Result<(), Refused> {
    if let Some(pass) = request.pass() {
        let ended = store::end_pass(&request.app.users, pass.account, pass.id).await;
        ended.map_err(Fault::Database)?;
        request.app.hub.end_everywhere(pass.session);
    }
    Ok(())
}

/// `POST /log-out/everywhere`
pub async fn log_out_everywhere(request: Request) -> Result<Response, Refused> {
    request.accounts()?;
    let pass = request.pass().ok_or(Refusal::Unauthenticated)?;
    let ended = async {
        let mut change = request.app.users.begin().await?;
        let ended = store::end_sessions(&mut change, pass.account).await?;
        change.commit().await?;
        Ok(ended)
    };
    let ended = ended.await.map_err(Fault::Database)?;
    ended.into_iter().for_each(|session| request.app.hub.end_everywhere(session));
    Ok(left(&request))
}

/// To the first page, as nobody; the browser forgets what it kept of who it was, drafts and all.
fn left(request: &Request) -> Response {
    let mut response = request.redirect("/", Some(Flash::LoggedOut), None);
    let secure = request.app.accounts.as_ref().is_some_and(|accounts| accounts.secure);
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, session::forget_pass(secure));
    headers.insert("clear-site-data", HeaderValue::from_static("\"storage\""));
    response
}

/// `POST /role`: act as something else that one may act as. It is a new session: pages and sockets
/// of the old one are another role's.
pub async fn act_as(request: Request) -> Result<Response, Refused> {
    let accounts = request.accounts()?;
    let pass = request.pass().ok_or(Refusal::Unauthenticated)?;
    let role = Role::from_name(request.fields()?.get("role")?);
    let role = role.filter(|role| pass.roles.allow(*role)).ok_or(Refusal::Forbidden)?;
    let Secret { text, hash } = accounts.keys.make_cookie();
    let replaced = store::replace_session(&request.app.users, pass, role, &hash).await;
    if !replaced.map_err(Fault::Database)? {
        return Err(Refusal::Unauthenticated.into());
    }
    request.app.hub.end_everywhere(pass.session);
    let user = User { role, id: pass.account };
    let mut response = request.redirect(home_of(user), Some(Flash::ActsAs), None);
    let cookie = session::remember_pass(text, accounts.secure);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

type Form = fn(&crate::page::Context, &Entry) -> maud::Markup;

/// The form once more, with what is wrong about it; passwords are typed anew.
fn again(request: &Request, form: Form, refused: Refused) -> Result<Response, Refused> {
    let Refused::Refusal(refusal) = refused else { return Err(refused) };
    let field = match &refusal {
        Refusal::InvalidField { field, .. } => field,
        Refusal::WrongPassword | Refusal::Flood(_) | Refusal::Overloaded => "",
        _ => return Err(refusal.into()),
    };
    let fields = request.fields()?;
    let text = |field| fields.get(field).unwrap_or_default().to_owned();
    let entry = Entry {
        name: text("name"),
        roles: text("roles"),
        back: text("back"),
        problem: Some((field, refusal.detail(request.lang).into_owned())),
    };
    let mut response = entrance(request, form, refusal.kind().0, entry);
    request.say_when_to_retry(&mut response, &refusal);
    Ok(response)
}

fn entrance(request: &Request, form: Form, status: StatusCode, entry: Entry) -> Response {
    let key = if request.path == "/sign-up" { "sign-up-title" } else { "log-in-title" };
    request.render(status, &request.lang.text(key), None, |context| form(context, &entry))
}
