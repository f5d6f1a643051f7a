//! Others that send the same messages: warp's WebSockets as its documentation shows them, and a bare
//! loop over tokio-tungstenite sockets with small buffers. Each is a process of its own, which
//! broadcasts every line that comes on its input.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use warp::Filter;

use super::contestant::{Contestant, renumber};

impl Contestant {
    pub async fn rival(name: &'static str, message: &str) -> Contestant {
        let mut server = Command::new(std::env::current_exe().expect("this program"))
            .args(["--rival", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the rival starts");
        let mut address = String::new();
        let stdout = server.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut address).expect("an address");
        let mut input = server.stdin.take().expect("piped");
        let message = message.to_owned();
        let publish = {
            let message = message.clone();
            Box::new(move |number| {
                writeln!(input, "{}", renumber(&message, number)).expect("the rival listens");
                Box::pin(std::future::ready(())) as _
            })
        };
        let (address, path) = (address.trim().to_owned(), "/live".to_owned());
        Contestant { name, server, address, path, message, publish, _keep: None }
    }
}

pub fn run(name: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("somebody listens");
        let (lines, mut heard) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let input = std::io::stdin().lock().lines().map_while(Result::ok);
            input.for_each(|line| lines.send(line).expect("somebody sends it"));
        });
        match name {
            "warp_ws" => warp_ws(listener, &mut heard).await,
            _ => bare_loop(listener, &mut heard).await,
        }
    });
}

type Lines = mpsc::UnboundedReceiver<String>;

/// After warp's example of a chat: a channel and a task for each user.
async fn warp_ws(listener: TcpListener, lines: &mut Lines) {
    type Users = Arc<Mutex<HashMap<usize, mpsc::UnboundedSender<warp::ws::Message>>>>;
    let users = Users::default();
    let here = Arc::clone(&users);
    let route = warp::path("live").and(warp::ws()).map(move |ws: warp::ws::Ws| {
        let users = Arc::clone(&here);
        ws.on_upgrade(move |socket| async move {
            let (mut to_user, mut from_user) = socket.split();
            let (sender, mut receiver) = mpsc::unbounded_channel();
            tokio::task::spawn(async move {
                while let Some(message) = receiver.recv().await {
                    if to_user.send(message).await.is_err() {
                        break;
                    }
                }
            });
            let id = {
                let mut users = users.lock().expect("users");
                let id = users.len();
                users.insert(id, sender);
                id
            };
            while let Some(Ok(_)) = from_user.next().await {}
            users.lock().expect("users").remove(&id);
        })
    });
    tokio::spawn(warp::serve(route).incoming(listener).run());
    while let Some(line) = lines.recv().await {
        let message = warp::ws::Message::text(line);
        for user in users.lock().expect("users").values() {
            let _ = user.send(message.clone());
        }
    }
}

/// One task that writes to one socket after the other.
async fn bare_loop(listener: TcpListener, lines: &mut Lines) {
    let mut sockets = Vec::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("a connection");
                stream.set_nodelay(true).expect("nodelay");
                let config =
                    WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0);
                let accepted = tokio_tungstenite::accept_async_with_config(stream, Some(config));
                sockets.push(accepted.await.expect("a handshake"));
            }
            line = lines.recv() => {
                let Some(line) = line else { return };
                let message = Message::text(line);
                for socket in &mut sockets {
                    socket.send(message.clone()).await.expect("it is written");
                }
            }
        }
    }
}
