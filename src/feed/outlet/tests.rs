//! Others write while the watcher's task rests, and it writes when it does not: what arrives is whole
//! frames, in order.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};
use uuid::Uuid;

use super::*;
use crate::feed::blocks::tests::ring;
use crate::feed::ring::Ring;

pub const SESSION: Uuid = Uuid::from_u128(5);

/// Both ends of a connection, the watcher's being an outlet that knows revision 0.
pub async fn connected(user: User) -> (Arc<Outlet>, WebSocketStream<TcpStream>) {
    let (stream, client) = pair().await;
    let standing = Standing { cursor: 0, mark: Mark::of(Uuid::nil()), told: 0 };
    let reader = Reader { user, session: Some(SESSION), format: Format::Json };
    (Arc::new(Outlet::new(stream, reader, standing)), client)
}

/// Both ends of a connection.
pub async fn pair() -> (TcpStream, WebSocketStream<TcpStream>) {
    let [listener, client] = [TcpSocket::new_v4().unwrap(), TcpSocket::new_v4().unwrap()];
    // Small buffers are soon full.
    listener.set_send_buffer_size(16 * 1024).unwrap();
    client.set_recv_buffer_size(16 * 1024).unwrap();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(client.connect(address), listener.accept());
    let (stream, _) = accepted.unwrap();
    stream.writable().await.unwrap();
    (stream, WebSocketStream::from_raw_socket(client.unwrap(), Side::Client, None).await)
}

fn entries(ring: &Ring, after: u64, count: usize) -> Vec<Arc<Entry>> {
    ring.list_after(after, count).unwrap()
}

async fn next(client: &mut WebSocketStream<TcpStream>) -> Value {
    let message = client.next().await.unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn who_rests_right_before_the_news_gets_it_and_nobody_else() {
    let ring = ring(&vec![vec![0]; 6]);
    let (outlet, mut client) = connected(User::executor(7)).await;
    let start = outlet.take();
    // Not at rest: its task will see to it.
    outlet.deliver(&entries(&ring, 0, 1));
    assert_eq!(outlet.take(), start);
    outlet.rest(start);
    outlet.deliver(&entries(&ring, 0, 2));
    for to in [1, 2] {
        let message = next(&mut client).await;
        assert_eq!((&message["from"], &message["to"]), (&Value::from(to - 1), &Value::from(to)));
    }
    // What is known already is passed over, what lies too far ahead is for its task.
    outlet.deliver(&entries(&ring, 1, 2));
    assert_eq!(next(&mut client).await["to"], 3);
    outlet.deliver(&entries(&ring, 4, 1));
    outlet.called().await;
    let Standing { cursor, told, mark } = outlet.take();
    assert_eq!((cursor, told, mark), (3, 3, entries(&ring, 2, 1)[0].mark()));
}

#[tokio::test]
async fn news_of_another_history_is_not_for_who_rests_at_the_same_number() {
    let ring = ring(&vec![vec![0]; 3]);
    let (outlet, _client) = connected(User::executor(7)).await;
    let elsewhere = Standing { cursor: 1, mark: Mark::of(Uuid::max()), told: 1 };
    outlet.rest(elsewhere);
    outlet.deliver(&entries(&ring, 1, 1));
    outlet.called().await;
    assert_eq!(outlet.take(), elsewhere);
}

#[tokio::test]
async fn what_is_for_one_alone_is_left_to_their_own_task_and_nothing_costs_nothing() {
    // The step 0 is a placing by customer 1, the step 1 an acceptance by executor 8.
    let ring = ring(&[vec![0], vec![1]]);
    for (user, cursor) in [
        (User::customer(1), 0),
        (User::customer(3), 2),
        (User::executor(8), 1),
        (User::executor(9), 2),
        (User { role: crate::identity::Role::Admin, id: 0 }, 0),
    ] {
        let (outlet, _client) = connected(user).await;
        outlet.rest(outlet.take());
        outlet.deliver(&entries(&ring, 0, 2));
        let standing = outlet.take();
        assert_eq!(standing.cursor, cursor, "{user:?}");
        let told = if user.role.sees_board() { cursor } else { 0 };
        assert_eq!(standing.told, told, "{user:?}");
    }
}

#[tokio::test]
async fn frames_that_fit_in_part_only_are_finished_before_anything_else_is_written() {
    let ring = ring(&vec![vec![80; 3]; 400]);
    let (outlet, mut client) = connected(User::executor(7)).await;
    outlet.rest(outlet.take());
    // Nobody reads: sooner or later a frame does not fit.
    let mut delivered = 0;
    while outlet.lock().at_rest {
        outlet.deliver(&entries(&ring, delivered, 1));
        delivered += 1;
    }
    outlet.called().await;
    let standing = outlet.take();
    let config = WebSocketConfig::default().write_buffer_size(0);
    let line = Line(Arc::clone(&outlet));
    let mut socket = WebSocketStream::from_raw_socket(line, Side::Server, Some(config)).await;
    let own = Message::text(r#"{"own":true}"#);
    let (sent, messages) = tokio::join!(socket.send(own), async {
        let mut messages = Vec::new();
        while messages.last().is_none_or(|last: &Value| last.get("own").is_none()) {
            messages.push(next(&mut client).await);
        }
        messages
    });
    sent.unwrap();
    assert!(!outlet.has_left());
    let closed = messages.iter().filter(|message| message.get("batch").is_some());
    let revisions: Vec<u64> = closed.map(|message| message["to"].as_u64().unwrap()).collect();
    assert_eq!(revisions, (1..=standing.told).collect::<Vec<_>>());
    assert!(standing.told > 10, "only {} revisions fitted", standing.told);
}

#[tokio::test]
async fn whoever_became_somebody_else_is_told_nothing_more() {
    let ring = ring(&vec![vec![0]; 3]);
    let (outlet, mut client) = connected(User::executor(7)).await;
    outlet.rest(outlet.take());
    assert_eq!(outlet.deliver(&entries(&ring, 0, 1)).messages, 1);
    outlet.end();
    outlet.called().await;
    assert_eq!(outlet.deliver(&entries(&ring, 1, 1)), Sent::default());
    outlet.rest(outlet.take());
    assert_eq!(outlet.deliver(&entries(&ring, 1, 1)), Sent::default());
    assert_eq!(next(&mut client).await["to"], 1);
    drop(outlet);
    assert!(client.next().await.is_none_or(|message| message.is_err()));
}
