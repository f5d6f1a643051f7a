//! `GET /live`: where a request becomes a socket.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::frame::Format;
use super::outlet::Reader;
use super::socket::{self, Hello};
use crate::error::{Refusal, Refused};
use crate::exchange::event::Mark;
use crate::i18n::Lang;
use crate::identity::Role;
use crate::web::{Request, Response};

const JSON: &str = "orderboard.json.v1";
const HTML: &str = "orderboard.html.v1";

pub async fn live(request: Request) -> Result<Response, Refused> {
    let user = request.require(&[Role::Customer, Role::Executor, Role::Admin])?;
    let malformed = || Refusal::BadRequest("socket-malformed");
    let has = |name: header::HeaderName, word: &str| {
        let text = request.headers.get(name).and_then(|value| value.to_str().ok());
        text.is_some_and(|text| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    let is_handshake = has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = request.headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_handshake);
    let key = key.filter(|_| request.method == Method::GET).ok_or_else(malformed)?;
    if request.app.hub.watchers_here() as usize >= request.app.config.max_connections {
        return Err(Refusal::Overloaded.into());
    }
    let upgrade = request.upgrade.clone().ok_or_else(malformed)?;
    let since = match request.param("since") {
        Some(text) => Some(text.parse().map_err(|_| malformed())?),
        None => None,
    };
    let mark = match request.param("batch") {
        Some(text) => Some(Mark::parse(&text).ok_or_else(malformed)?),
        None => None,
    };
    let offered = request.headers.get(header::SEC_WEBSOCKET_PROTOCOL);
    let (format, protocol) = if has(header::SEC_WEBSOCKET_PROTOCOL, HTML) {
        // The page's own: its reader may have chosen another one since.
        let lang = request.param("lang").and_then(|tag| Lang::from_tag(&tag));
        (Format::Html(lang.unwrap_or(request.lang)), Some(HTML))
    } else if has(header::SEC_WEBSOCKET_PROTOCOL, JSON) {
        (Format::Json, Some(JSON))
    } else if offered.is_some() {
        return Err(malformed().into());
    } else {
        (Format::Json, None)
    };
    let page_of = match request.param("as") {
        Some(text) => Some(text.parse().map_err(|_| malformed())?),
        None => None,
    };
    let reader = Reader { user, session: request.session, format };
    let hello = Hello { reader, page_of, history: request.param("history"), since, mark };
    let most = request.app.config.max_sockets;
    let seat =
        request.app.hub.seat(user, most).ok_or_else(|| request.app.flood.refuse_socket(most))?;
    let mut response = http::Response::new(Bytes::new().into());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept.map_err(|_| malformed())?);
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    let (hub, trace) = (request.app.hub.clone(), Box::new(request.trace));
    tokio::spawn(Box::pin(socket::serve(upgrade, hub, hello, seat, trace)));
    Ok(response)
}
