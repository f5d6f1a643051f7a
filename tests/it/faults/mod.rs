//! What the write path must bear: processes killed and stopped under load, connections cut, sessions
//! killed, a full disk, a clock that jumps. Every answer stays true, nothing that was acknowledged is
//! lost, and the books balance. Short forms by default; the long ones with `ORDERBOARD_FAULTS=long`,
//! which is what `bin/faults` runs.

mod apart;
mod clock;
mod completion;
mod cut;
mod expiry;
mod interrupted;
mod killed;
mod overload;
mod pair;
mod replication;
pub mod services;
mod split;
mod unwilling;

use sqlx::{Executor, MySqlConnection};

use crate::support::{Attempt, Client, Server, World, assert_true, eventually, repeat};
use services::Services;

/// Clients of both servers, half and half.
fn clients(servers: [&Server; 2], count: u32) -> Vec<Client> {
    (1..=count).map(|id| servers[id as usize % 2].customer(id)).collect()
}

/// What must be so after every fault, once both servers are well.
async fn settle(world: &World, servers: [&Server; 2], attempts: &[Attempt]) {
    assert_true(world, attempts).await;
    for server in servers {
        repeat(world, server, attempts).await;
    }
    world.audit().await;
}

/// Waits until these servers' databases answer them.
async fn are_well(servers: [&Server; 2]) {
    for server in servers {
        eventually("the server is well again", || async {
            let reply = server.nobody().get("/readyz").await;
            (reply.status == 200).then_some(())
        })
        .await;
    }
}

/// Waits until a server has said this: its log comes by another way than its answers.
async fn is_logged(server: &Server, what: &str) {
    eventually(what, || async { server.log().contains(what).then_some(()) }).await;
}

/// Holds the head's lock, for which writers wait, until [`let_go`].
async fn hold_head(world: &World) -> MySqlConnection {
    let mut holder = world.interactions().await;
    holder.execute("BEGIN").await.expect("a transaction begins");
    holder.execute("SELECT id FROM board WHERE id = 1 FOR UPDATE").await.expect("the lock is free");
    holder
}

/// Ends the transaction of whoever holds a lock.
async fn let_go(holder: &mut MySqlConnection) {
    holder.execute("ROLLBACK").await.expect("a transaction ends");
}

/// Waits until a writer waits for a lock; gives the id of its session.
async fn waiting_writer(world: &World) -> i64 {
    // It begins with what a writer asks for first.
    let waiting = "SELECT id FROM information_schema.processlist \
                   WHERE db = DATABASE() AND info LIKE 'SELECT b.revision %'";
    eventually("a writer waits", || async {
        let mut connection = world.interactions().await;
        sqlx::query_scalar(waiting).fetch_optional(&mut connection).await.expect(waiting)
    })
    .await
}
