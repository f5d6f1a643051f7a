//! A watcher of the live feed: a WebSocket client that keeps a model by the client's rules, comes
//! back with its revision whenever it is cut off, and remembers every byte it received.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::model::{Next, id_of};
use super::{AGAIN, Client, Model, PATIENCE, Server};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Json,
    Html,
}

/// Every byte that came; one of a crowd keeps none.
type Received = Option<Arc<Mutex<Vec<u8>>>>;

pub struct Watcher {
    client: Client,
    pub format: Format,
    socket: Option<WebSocketStream<Recorder>>,
    received: Received,
    /// Takes little at a time, so that unread messages soon wait at the server.
    narrow: bool,
    /// Whether it keeps the whole board, and reads it anew when told to fetch everything.
    keeps_board: bool,
    pub connects: u32,
    pub model: Model,
}

impl Watcher {
    /// Connects with a history and revision, as a page gives them.
    pub async fn connect(client: &Client, history: &str, since: u64, format: Format) -> Watcher {
        let mut watcher = Watcher::new(client, format);
        watcher.model.history = history.to_owned();
        watcher.model.revision = since;
        watcher.open().await.expect("the socket opens");
        watcher
    }

    /// Reads the whole board, then watches it from there on.
    pub async fn of_board(client: &Client, format: Format) -> Watcher {
        let mut watcher = Watcher::new(client, format);
        watcher.keeps_board = true;
        watcher.fetch().await;
        watcher.open().await.expect("the socket opens");
        watcher
    }

    /// One of a crowd, who will watch from the beginning and keep what is known only, not what came;
    /// with the board or without.
    pub fn of_crowd(client: &Client, history: &str, format: Format, board: bool) -> Watcher {
        let mut watcher = Watcher::new(client, format);
        watcher.model.history = history.to_owned();
        watcher.model.whole_from = Some(0);
        watcher.model.notes = Some(Vec::new());
        watcher.keeps_board = board;
        watcher.received = None;
        watcher
    }

    pub fn narrow(self) -> Watcher {
        Watcher { narrow: true, ..self }
    }

    fn new(client: &Client, format: Format) -> Watcher {
        Watcher {
            client: client.clone(),
            format,
            socket: None,
            received: Some(Arc::default()),
            narrow: false,
            keeps_board: false,
            connects: 0,
            model: Model::default(),
        }
    }

    /// The status with which a server refuses a socket for this path, or 101.
    pub async fn knock(client: &Client, path: &str, protocol: Option<&str>) -> u16 {
        match handshake(client, path, protocol, None, false).await {
            Ok(_) => 101,
            Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("GET {path}: {error}"),
        }
    }

    /// Goes on at another server when it next connects.
    pub fn move_to(&mut self, server: &Server) {
        self.aim(&server.nobody());
        self.disconnect();
    }

    /// Goes on at this client's server when it next connects.
    pub fn aim(&mut self, at: &Client) {
        self.client = self.client.through(at);
    }

    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Cuts its own connection; it comes back with its revision.
    pub fn disconnect(&mut self) {
        self.socket = None;
    }

    /// Takes what comes until the server ends the connection, and does not come back.
    pub async fn is_hung_up_on(&mut self) {
        let socket = self.socket.as_mut().expect("it is connected");
        let ended = async {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message {
                    self.model.apply(text.as_str());
                }
            }
        };
        timeout(PATIENCE, ended).await.expect("the server hangs up");
        self.socket = None;
    }

    /// All bytes received so far, framing and handshakes included.
    pub fn received(&self) -> String {
        let received = self.received.as_ref().expect("it keeps what it receives");
        String::from_utf8_lossy(&received.lock().expect("bytes")).into_owned()
    }

    /// Takes what comes until the model is as wanted.
    #[track_caller]
    pub fn wait_until(
        &mut self,
        what: &str,
        condition: impl FnMut(&Model) -> bool,
    ) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move { self.wait(&format!("{what} ({caller})"), condition).await }
    }

    async fn wait(&mut self, what: &str, mut condition: impl FnMut(&Model) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(&self.model) {
            let left = deadline.saturating_duration_since(Instant::now());
            if timeout(left, self.step()).await.is_err() {
                panic!("waited {PATIENCE:?} in vain: {what}; at {}", self.model.brief());
            }
        }
    }

    /// Takes what comes up to a revision.
    pub async fn reach(&mut self, revision: u64) {
        let what = format!("revision {revision} arrives");
        self.wait(&what, |model| model.revision >= revision).await;
    }

    /// One message, or one attempt to connect.
    pub async fn step(&mut self) {
        if self.is_connected() {
            let heard = self.hear().await;
            self.take(heard).await;
        } else if self.open().await.is_err() {
            sleep(AGAIN).await;
        }
    }

    /// The next message; nothing when the connection has ended. Whoever stops waiting loses nothing.
    pub async fn hear(&mut self) -> Option<Utf8Bytes> {
        let socket = self.socket.as_mut()?;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(text),
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return None,
            }
        }
    }

    /// Does what a message asks for.
    pub async fn take(&mut self, heard: Option<Utf8Bytes>) {
        let next = heard.map(|text| self.model.apply(text.as_str()));
        match next {
            Some(Next::Go) => {}
            Some(Next::Fetch) if self.keeps_board => self.fetch().await,
            Some(Next::Fetch) => {}
            Some(Next::Gap) | None => self.disconnect(),
        }
    }

    pub async fn open(&mut self) -> Result<(), tungstenite::Error> {
        let Model { history, revision, batch, .. } = &self.model;
        let batch = if batch.is_empty() { String::new() } else { format!("&batch={batch}") };
        let path = format!("/live?since={revision}&history={history}{batch}");
        let protocol = match self.format {
            Format::Json => "orderboard.json.v1",
            Format::Html => "orderboard.html.v1",
        };
        let received = self.received.clone();
        let socket = handshake(&self.client, &path, Some(protocol), received, self.narrow).await?;
        self.socket = Some(socket);
        self.connects += 1;
        self.model.reconnect();
        Ok(())
    }

    /// Begins anew with the board as it is now.
    pub async fn reload(&mut self) {
        self.disconnect();
        self.fetch().await;
    }

    /// Reads the whole board through the API.
    async fn fetch(&mut self) {
        let read = read_board(&self.client).await;
        self.model.history = read.history;
        self.model.batch = read.batch;
        self.model.fill(read.orders, read.oldest, read.newest);
    }
}

/// A whole board, read by following `before` from page to page.
pub struct ReadBoard {
    pub history: String,
    /// Of the smallest revision.
    pub batch: String,
    pub orders: BTreeMap<u64, Value>,
    /// The smallest and the greatest revision among its pages.
    pub oldest: u64,
    pub newest: u64,
}

pub async fn read_board(client: &Client) -> ReadBoard {
    let mut read = ReadBoard {
        history: String::new(),
        batch: String::new(),
        orders: BTreeMap::new(),
        oldest: u64::MAX,
        newest: 0,
    };
    let mut before = u64::from(u32::MAX);
    loop {
        let path = format!("/api/board?before={before}&per_page=100");
        let page = client.get(&path).await.expect(200).json();
        let revision = page["revision"].as_u64().expect("a revision");
        if revision < read.oldest {
            read.oldest = revision;
            read.batch = page["batch"].as_str().expect("a batch").to_owned();
        }
        read.newest = read.newest.max(revision);
        read.history = page["history"].as_str().expect("a history").to_owned();
        let orders = page["orders"].as_array().expect("orders");
        let Some(last) = orders.last() else { return read };
        before = id_of(last);
        read.orders.extend(orders.iter().map(|order| (id_of(order), order.clone())));
    }
}

async fn handshake(
    client: &Client,
    path: &str,
    protocol: Option<&str>,
    received: Received,
    narrow: bool,
) -> Result<WebSocketStream<Recorder>, tungstenite::Error> {
    let mut request = http::Request::builder()
        .uri(format!("ws://{}{path}", client.address))
        .header("host", client.address.to_string())
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key());
    if let Some(protocol) = protocol {
        request = request.header("sec-websocket-protocol", protocol);
    }
    for (name, value) in client.headers() {
        request = request.header(name, value);
    }
    let request = request.body(()).expect("a lawful request");
    let socket = TcpSocket::new_v4()?;
    if narrow {
        // As small as they come. Without small segments too, loopback alone would hold megabytes.
        socket2::SockRef::from(&socket).set_tcp_mss(256)?;
        socket.set_recv_buffer_size(1)?;
    }
    let stream = socket.connect(client.address).await?;
    let stream = Recorder { stream, received };
    let handshake = tokio_tungstenite::client_async(request, stream);
    let late = || tungstenite::Error::Io(io::ErrorKind::TimedOut.into());
    timeout(PATIENCE, handshake).await.map_err(|_| late())?.map(|(socket, _)| socket)
}

/// A connection that keeps a copy of everything that comes, if asked to.
struct Recorder {
    stream: TcpStream,
    received: Received,
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if let Some(received) = &self.received {
            received.lock().expect("bytes").extend_from_slice(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
