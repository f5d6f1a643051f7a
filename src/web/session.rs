//! What travels in cookies: what lets somebody in (or, in a demo, who they said they are, signed),
//! what just happened (one page long), and which revision they have seen.

use cookie::{Cookie, CookieJar, Key, SameSite};
use http::{HeaderMap, HeaderValue, header};
use uuid::Uuid;

use crate::app::App;
use crate::i18n::Lang;
use crate::identity::{Identity, User};
use crate::page::{Flash, Theme};

/// No other site, nor any other host of ours, can set a cookie of this name, or read it in passing.
const PASS: &str = "__Host-orderboard";
/// What browsers take over plain http, which is for this machine only.
const PLAIN_PASS: &str = "orderboard_session";
/// As long as a session may last.
const PASS_SECONDS: i64 = 90 * 24 * 3600;
const WHO: &str = "orderboard_who";
const FLASH: &str = "orderboard_flash";
const THEME: &str = "orderboard_theme";
const LANG: &str = "orderboard_lang";
const SEEN: &str = "orderboard_seen";

/// The user that the signed cookie names, and the session that it stands for.
pub fn who(headers: &HeaderMap, key: &Key) -> Option<Identity> {
    let mut jar = CookieJar::new();
    jar.add_original(read(headers, WHO)?.into_owned());
    let cookie = jar.signed(key).get(WHO)?;
    let (user, session) = cookie.value().rsplit_once('.')?;
    Some(Identity { user: user.parse().ok()?, session: Some(session.parse().ok()?) })
}

/// Signs who somebody is, in a session that begins here.
pub fn remember_who(user: User, key: &Key) -> HeaderValue {
    let mut jar = CookieJar::new();
    jar.signed_mut(key).add(Cookie::new(WHO, format!("{user}.{}", Uuid::new_v4().simple())));
    let signed = jar.get(WHO).map_or(String::new(), |cookie| cookie.value().to_owned());
    write(WHO, signed, None)
}

/// The secret of a browser's session.
pub fn pass(headers: &HeaderMap, secure: bool) -> Option<String> {
    Some(read(headers, pass_name(secure))?.value().to_owned())
}

pub fn remember_pass(secret: String, secure: bool) -> HeaderValue {
    write(pass_name(secure), secret, Some(PASS_SECONDS))
}

pub fn forget_pass(secure: bool) -> HeaderValue {
    write(pass_name(secure), String::new(), Some(0))
}

/// Whether a reply sets that cookie.
pub fn sets_pass(headers: &HeaderMap, secure: bool) -> bool {
    let start = format!("{}=", pass_name(secure));
    let mut cookies = headers.get_all(header::SET_COOKIE).into_iter();
    cookies.any(|cookie| cookie.as_bytes().starts_with(start.as_bytes()))
}

const fn pass_name(secure: bool) -> &'static str {
    if secure { PASS } else { PLAIN_PASS }
}

/// Keeps the cookies of a reply from plain http: all of them, whatever they hold.
pub fn secure(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        let cookie = [cookie.as_bytes(), b"; Secure"].concat();
        let cookie = HeaderValue::from_bytes(&cookie).expect("it was one before");
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// What the last action came to.
pub fn flash(headers: &HeaderMap) -> Option<Flash> {
    Flash::from_cookie(read(headers, FLASH)?.value())
}

pub fn remember_flash(flash: Flash) -> HeaderValue {
    write(FLASH, flash.to_cookie(), Some(60))
}

pub fn forget_flash() -> HeaderValue {
    write(FLASH, String::new(), Some(0))
}

/// The language that was chosen, or else the one that the browser likes best.
pub fn lang(headers: &HeaderMap) -> Lang {
    let chosen = read(headers, LANG).and_then(|cookie| Lang::from_tag(cookie.value()));
    let accepted = || Lang::accepted(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?);
    chosen.or_else(accepted).unwrap_or_default()
}

pub fn remember_lang(lang: Lang) -> HeaderValue {
    write(LANG, lang.tag().to_owned(), Some(365 * 24 * 3600))
}

/// The colors that were chosen.
pub fn theme(headers: &HeaderMap) -> Theme {
    let chosen = read(headers, THEME);
    chosen.and_then(|cookie| Theme::from_name(cookie.value())).unwrap_or_default()
}

pub fn remember_theme(theme: Theme) -> HeaderValue {
    write(THEME, theme.name().to_owned(), Some(365 * 24 * 3600))
}

/// The revision that this client has seen the effect of, if it is of our history. Programs may send
/// it as `X-Revision` instead.
pub fn seen_revision(headers: &HeaderMap, app: &App) -> Option<u64> {
    let header = headers.get("x-revision").and_then(|header| header.to_str().ok());
    if let Some(revision) = header.and_then(|text| text.parse().ok()) {
        return Some(revision);
    }
    let cookie = read(headers, SEEN)?;
    let (history, revision) = cookie.value().rsplit_once('.')?;
    (history == app.board.position().history).then(|| revision.parse().ok())?
}

pub fn seen(app: &App, revision: u64) -> HeaderValue {
    write(SEEN, format!("{}.{revision}", app.board.position().history), Some(3600))
}

fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cookie<'a>> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let cookies = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    let mut cookies = cookies.filter_map(|text| Cookie::parse(text.trim()).ok());
    cookies.find(|cookie| cookie.name() == name)
}

fn write(name: &'static str, value: String, seconds: Option<i64>) -> HeaderValue {
    let mut cookie = Cookie::build((name, value)).path("/").http_only(true);
    cookie = cookie.same_site(SameSite::Lax);
    if let Some(seconds) = seconds {
        cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
    }
    HeaderValue::from_str(&cookie.build().to_string()).expect("cookies are made of our own words")
}
