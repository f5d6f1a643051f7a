//! The server's own accept loop. warp's has no header time-out, no connection cap and speaks
//! protocols we do not want; so warp's routes are served over hyper's HTTP/1 here, with limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{MapOk, TryFutureExt};
use http::{HeaderValue, Method, Uri, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use warp::Filter;

use super::address::{self, Peer};
use super::edge::Waited;
use super::guarded::{Addresses, Guarded, Place};
use super::measures::{Kind, Measures, Open};
use super::trace::{self, Trace};
use super::{Response, reply};
use crate::config::Config;
use crate::logs::Trouble;

const HEADER_LIMIT: Duration = Duration::from_secs(5);
const BUFFER_BYTES: usize = 16 * 1024;
/// How long open requests may take to finish when the server leaves: as long as one may wait for
/// the exchange.
const GRACE: Duration = Duration::from_secs(12);
/// Connections that the system may have taken on for us: as many come in yet when the server leaves.
const BACKLOG: u32 = 1024;
/// How long a proxy may go on using the connections that it keeps, when the server leaves: longer
/// than it keeps those that are not used (nginx.conf).
const HANDOVER: Duration = Duration::from_secs(5);
/// An answer that took longer is worth a line in the log.
const SLOW: Duration = Duration::from_secs(1);

/// Serves until told to leave, then lets open requests finish.
pub async fn serve(
    listener: TcpListener,
    routes: warp::filters::BoxedFilter<(Response,)>,
    config: &Config,
    measures: &Arc<Measures>,
    mut leaving: watch::Receiver<bool>,
) {
    let service = warp::service(routes.map(reply::into_warp).boxed());
    let connections = Arc::new(Semaphore::new(config.max_connections));
    let addresses = Addresses::default();
    let mut open = JoinSet::new();
    let mut late = 0;
    let mut trouble = Trouble::with("accepting connections");
    loop {
        let permit = Arc::clone(&connections).acquire_owned().await.expect("never closed");
        let accepted = tokio::select! {
            biased;
            accepted = listener.accept() => accepted,
            // Only when nobody waits: the system would hang up on those who have come already.
            () = left(&mut leaving) => break,
        };
        if *leaving.borrow() {
            late += 1;
            if late > BACKLOG {
                break;
            }
        }
        match trouble.note(accepted) {
            Some((stream, peer)) => {
                let address = address::network(peer.ip());
                // A proxy speaks for many, and limits them itself.
                let is_proxy = address::is_trusted(peer.ip(), &config.trusted_proxies);
                let most = if is_proxy { usize::MAX } else { config.max_connections_per_address };
                let Some(place) = addresses.admit(address, most) else {
                    measures.connections_refused.inc();
                    continue;
                };
                let service = FromPeer {
                    inner: TowerToHyperService::new(service.clone()),
                    peer: Peer(peer),
                    is_proxy,
                    for_others: Arc::new(AtomicBool::new(is_proxy)),
                    leaving: leaving.clone(),
                    measures: Arc::clone(measures),
                };
                open.spawn(converse(stream, service, (permit, place, measures.open())));
            }
            // Out of file descriptors, most likely: pausing lets some close.
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while open.try_join_next().is_some() {}
    }
    drop(listener);
    let all = async { while open.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
}

async fn converse<S>(
    stream: TcpStream,
    service: FromPeer<S>,
    _places: (OwnedSemaphorePermit, Place, Open),
) where
    S: hyper::service::Service<
            hyper::Request<hyper::body::Incoming>,
            Response = warp::reply::Response,
        > + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let _ = stream.set_nodelay(true);
    let mut leaving = service.leaving.clone();
    let for_others = Arc::clone(&service.for_others);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(Guarded::new(stream)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    // What a peer does wrong on its own connection concerns nobody else.
    tokio::select! {
        _ = &mut connection => {}
        () = left(&mut leaving) => {
            // Hung up on just as it sends somebody's POST, a proxy could not send that again. So its
            // connections end with an answer that says so, or when they are not used any more.
            if for_others.load(Ordering::Relaxed)
                && tokio::time::timeout(HANDOVER, connection.as_mut()).await.is_ok()
            {
                return;
            }
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Adds to each request where its connection comes from and its id, to answers that id and whether
/// they are the last ones; and takes note of what was answered.
struct FromPeer<S> {
    inner: S,
    peer: Peer,
    is_proxy: bool,
    /// Whether a proxy sends the requests of others on it: so it is taken until one says otherwise.
    for_others: Arc<AtomicBool>,
    leaving: watch::Receiver<bool>,
    measures: Arc<Measures>,
}

type Finish = Box<dyn FnOnce(warp::reply::Response) -> warp::reply::Response + Send>;

impl<S, B> hyper::service::Service<hyper::Request<B>> for FromPeer<S>
where
    S: hyper::service::Service<hyper::Request<B>, Response = warp::reply::Response>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = MapOk<S::Future, Finish>;

    fn call(&self, mut request: hyper::Request<B>) -> Self::Future {
        let asked = Asked {
            trace: Trace::of(request.headers(), self.is_proxy),
            method: request.method().clone(),
            uri: request.uri().clone(),
            started: Instant::now(),
        };
        if self.is_proxy {
            let forwarded = request.headers().contains_key("x-forwarded-for");
            self.for_others.store(forwarded, Ordering::Relaxed);
        }
        request.extensions_mut().insert(self.peer);
        request.extensions_mut().insert(asked.trace);
        // `CONNECT host:port` names no path, and warp panics where there is none.
        if request.uri().path_and_query().is_none() {
            *request.uri_mut() = Uri::from_static("/*");
        }
        let (is_last, measures) = (*self.leaving.borrow(), Arc::clone(&self.measures));
        self.inner.call(request).map_ok(Box::new(move |response| {
            let response = asked.answered(response, &measures);
            if is_last { end(response) } else { response }
        }))
    }
}

/// A request, for as long as its answer is made.
struct Asked {
    trace: Trace,
    method: Method,
    uri: Uri,
    started: Instant,
}

impl Asked {
    /// Gives the answer its id, counts it, and tells of it where that is worth a line. Of the address
    /// only the path is told: what people look for is in its query.
    fn answered(
        self,
        mut response: warp::reply::Response,
        measures: &Measures,
    ) -> warp::reply::Response {
        let waited = response.extensions_mut().remove().map_or(Duration::ZERO, |Waited(it)| it);
        let took = self.started.elapsed().saturating_sub(waited);
        let (path, status) = (self.uri.path(), response.status());
        measures.note(Kind::of(&self.method, path), status, took);
        let (trace, method, status) = (self.trace.as_str(), self.method.as_str(), status.as_u16());
        let took_ms = took.as_millis() as u64;
        // Faults have been told of, and how long they took.
        if took > SLOW && status < 500 {
            tracing::warn!(trace, method, path, status, took_ms, "a request was slow");
        } else {
            tracing::debug!(trace, method, path, status, took_ms, "a request was answered");
        }
        response.headers_mut().insert(&trace::HEADER, self.trace.to_header());
        response
    }
}

/// The last answer on its connection; an upgraded one says what it is itself.
fn end(mut response: warp::reply::Response) -> warp::reply::Response {
    response.headers_mut().entry(header::CONNECTION).or_insert(HeaderValue::from_static("close"));
    response
}

/// Waits until the server leaves.
async fn left(leaving: &mut watch::Receiver<bool>) {
    let _ = leaving.wait_for(|&leaving| leaving).await;
}
