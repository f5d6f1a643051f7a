//! What ends a socket, without waiting for the times that it takes: the beats are made by hand.

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::*;
use crate::exchange::journal::Position;
use crate::feed::fanout;
use crate::feed::frame::Format;
use crate::feed::outlet::tests::{SESSION, pair};

struct Peer {
    hub: Arc<Hub>,
    client: WebSocketStream<TcpStream>,
    ended: oneshot::Receiver<()>,
}

impl Peer {
    async fn new(user: User, page_of: Option<User>) -> Peer {
        let batch = Uuid::from_u128(9);
        let hub = Arc::new(Hub::new(&Position { revision: 5, batch, history: "h".to_owned() }));
        let (stream, client) = pair().await;
        let reader = Reader { user, session: Some(SESSION), format: Format::Json };
        let history = Some("h".to_owned());
        let hello = Hello { reader, page_of, history, since: Some(5), mark: None };
        let (end, ended) = oneshot::channel();
        tokio::spawn(fanout::run(Arc::clone(&hub)));
        let seat = hub.seat(user, 1).unwrap();
        let talk = converse(stream, Vec::new(), Arc::clone(&hub), hello, seat);
        tokio::spawn(async move {
            talk.await;
            let _ = end.send(());
        });
        Peer { hub, client, ended }
    }

    /// The next text; what else comes is answered by the library.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match self.client.next().await? {
                Ok(Message::Text(text)) => return serde_json::from_str(text.as_str()).ok(),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    async fn is_greeted(&mut self) {
        let greeting = self.next().await.unwrap();
        assert_eq!((&greeting["from"], &greeting["to"]), (&Value::from(5), &Value::from(5)));
    }
}

#[tokio::test]
async fn a_peer_that_gives_no_sign_of_life_for_eight_beats_is_given_up() {
    let mut peer = Peer::new(User::executor(1), None).await;
    peer.is_greeted().await;
    // One that reads answers pings, as any client does by itself.
    for beat in 0..2 * SILENT_BEATS {
        peer.hub.beat_once();
        assert!(peer.next().await.unwrap()["watchers"].is_u64(), "beat {beat}");
    }
    assert_eq!(peer.hub.watchers_here(), 1);
    // From now on it does not even read.
    let (mut beats, is_there) = (0, || peer.hub.watchers_here() > 0);
    while is_there() {
        let sent = peer.hub.measures.messages.get();
        peer.hub.beat_once();
        beats += 1;
        while is_there() && peer.hub.measures.messages.get() == sent {
            tokio::task::yield_now().await;
        }
    }
    // The last ping that it read may be unanswered, or its answer be read late.
    assert!((SILENT_BEATS..=SILENT_BEATS + 2).contains(&beats), "given up after {beats}");
    peer.ended.await.unwrap();
}

#[tokio::test]
async fn a_peer_that_talks_too_much_or_too_long_is_hung_up_on() {
    let mut peer = Peer::new(User::executor(1), None).await;
    peer.is_greeted().await;
    for _ in 0..=MAX_INPUT_PER_BEAT {
        let _ = peer.client.send(Message::text("x")).await;
    }
    peer.ended.await.unwrap();

    let mut peer = Peer::new(User::executor(1), None).await;
    peer.is_greeted().await;
    // As much as is lawful, with a beat between, goes on.
    for _ in 0..3 {
        for _ in 0..MAX_INPUT_PER_BEAT / 2 {
            peer.client.send(Message::text("x".repeat(MAX_INPUT_BYTES))).await.unwrap();
        }
        peer.hub.beat_once();
        peer.next().await.unwrap();
    }
    let _ = peer.client.send(Message::text("x".repeat(MAX_INPUT_BYTES + 1))).await;
    peer.ended.await.unwrap();
}

#[tokio::test]
async fn a_socket_ends_with_the_session_that_opened_it() {
    let mut peer = Peer::new(User::executor(1), Some(User::executor(1))).await;
    peer.is_greeted().await;
    peer.hub.end(SESSION);
    assert!(peer.next().await.is_none());
    peer.ended.await.unwrap();
    assert_eq!(peer.hub.watchers_here(), 0);
}

#[tokio::test]
async fn a_page_of_somebody_else_is_to_be_fetched_anew() {
    for page_of in [User::executor(2), User::customer(1)] {
        let mut peer = Peer::new(User::executor(1), Some(page_of)).await;
        let message = peer.next().await.unwrap();
        assert_eq!((&message["resync"], &message["to"]), (&Value::from(true), &Value::from(5)));
    }
}

#[tokio::test]
async fn each_person_has_so_many_seats_and_gets_them_back() {
    let hub = Peer::new(User::executor(1), None).await.hub;
    let user = User::customer(3);
    let seats: Vec<Seat> = (0..2).map(|_| hub.seat(user, 2).unwrap()).collect();
    assert!(hub.seat(user, 2).is_none());
    assert!(hub.seat(User::executor(3), 2).is_some(), "another person");
    let admin = User { role: Role::Admin, id: 0 };
    let admins: Vec<Option<Seat>> = (0..5).map(|_| hub.seat(admin, 2)).collect();
    assert!(admins.iter().all(Option::is_some), "admins without a number are many people");
    drop(seats);
    assert!(hub.seat(user, 1).is_some());
}

#[tokio::test]
async fn the_place_of_a_silent_socket_is_given_to_a_living_one() {
    let user = User::executor(1);
    let mut peer = Peer::new(user, None).await;
    peer.is_greeted().await;
    // Whoever answers the pings is no more silent than one who has just come.
    for _ in 0..2 * SILENT_BEATS {
        peer.hub.beat_once();
        peer.next().await.unwrap();
        assert!(peer.hub.seat(user, 1).is_none());
    }
    let mut living = None;
    while living.is_none() {
        let sent = peer.hub.measures.messages.get();
        peer.hub.beat_once();
        while peer.hub.measures.messages.get() == sent {
            tokio::task::yield_now().await;
        }
        living = peer.hub.seat(user, 1);
    }
    peer.ended.await.unwrap();
    assert!(peer.hub.seat(user, 1).is_none(), "there is still one place only");
    drop(living);
    assert!(peer.hub.seat(user, 1).is_some());
}

/// A frame as a client may send it, or (`wild`) as none should.
fn frame(random: &mut fastrand::Rng, wild: bool) -> Vec<u8> {
    let opcode = if wild { random.u8(..16) } else { [1, 2, 9, 10][random.usize(..4)] };
    let sizes: &[usize] = if wild { &[0, 125, 4096, 5000] } else { &[0, 1, 7, 125] };
    let size = sizes[random.usize(..sizes.len())];
    let fin = if wild { random.u8(..16) << 4 } else { 0x80 };
    let mask = if wild && random.bool() { 0 } else { 0x80 };
    let mut bytes = vec![fin | opcode];
    match random.u8(..16) {
        // A size that is not true, or far too much.
        0 if wild => bytes.extend([mask | 127, 0x7f, 255, 255, 255, 255, 255, 255, 255]),
        1 if wild => bytes.extend([mask | 126, 255, 255]),
        _ if size < 126 => bytes.push(mask | size as u8),
        _ => {
            bytes.push(mask | 126);
            bytes.extend((size as u16).to_be_bytes());
        }
    }
    if mask > 0 {
        bytes.extend([0; 4]);
    }
    bytes.extend((0..size).map(|_| if wild { random.u8(..) } else { random.u8(b' '..b'~') }));
    bytes
}

#[tokio::test]
async fn whatever_frames_come_a_socket_answers_or_ends() {
    const FRAMES: usize = 100_000;
    // A connection takes only so many before it is closed for that alone.
    const TOGETHER: usize = 60;
    let mut random = fastrand::Rng::with_seed(fastrand::u64(..));
    let mut sent = 0;
    while sent < FRAMES {
        let wild = random.u8(..4) == 0;
        let Peer { client, ended, .. } = Peer::new(User::executor(1), None).await;
        let mut raw = client.into_inner();
        for _ in 0..TOGETHER {
            if raw.write_all(&frame(&mut random, wild)).await.is_err() {
                break;
            }
            sent += 1;
        }
        drop(raw);
        timeout(Duration::from_secs(20), ended).await.expect("in time").expect("without a panic");
    }
}
