//! A database whose clock jumps: the board's time stands still rather than go back.

use super::{Services, clients, settle};
use crate::support::{Format, Load, Watcher, World, short_or_long};

/// Pairs of neighbours, by id or by revision, of which the later one is older.
const BACKWARDS: [(&str, &str); 5] = [
    (
        "the journal",
        "SELECT COUNT(*) FROM journal a JOIN journal b ON b.revision = a.revision + 1 \
         WHERE b.created < a.created",
    ),
    (
        "orders as placed",
        "SELECT COUNT(*) FROM orders a JOIN orders b ON b.id = a.id + 1 WHERE b.created < a.created",
    ),
    (
        "orders as changed",
        "SELECT COUNT(*) FROM orders o JOIN journal j ON j.revision = o.revision \
         WHERE o.last_action <> j.created OR o.last_action < o.created",
    ),
    (
        "contracts as signed",
        "SELECT COUNT(*) FROM contracts a JOIN contracts b ON b.id = a.id + 1 \
         WHERE b.created < a.created",
    ),
    (
        "contracts as changed",
        "SELECT COUNT(*) FROM contracts c JOIN journal j ON j.revision = c.revision \
         WHERE c.last_action <> j.created OR c.last_action < c.created",
    ),
];

/// Sets the clock of all sessions of the servers, which have to begin anew for that.
pub fn set_clock(services: &Services, offset_s: i32) {
    let set = format!("SET timestamp = UNIX_TIMESTAMP() + {offset_s}");
    services.as_root(&format!("SET GLOBAL init_connect = '{set}'"));
    // Ends whatever they are doing, too.
    services.as_root("KILL USER orderboard@'127.0.0.1'");
}

async fn assert_forwards(world: &World) {
    for (what, backwards) in BACKWARDS {
        assert_eq!(world.count(backwards).await, 0, "{what} went back in time");
    }
}

#[tokio::test]
async fn a_clock_that_jumps_back_an_hour_and_forward_again_never_turns_time_back() {
    let services = Services::up().await;
    let world = services.world().await;
    let (one, other) = world.serve_two().await;
    let mut watcher = Watcher::of_board(&other.executor(99), Format::Json).await;
    let mut attempts = Vec::new();
    let mut newest = String::new();
    let jumps = [0, -3600, 0, 3600, 0, -60].into_iter().cycle();
    for (round, offset_s) in jumps.take(short_or_long(6, 24)).enumerate() {
        let load = Load::new(&format!("jump-{round}"), 8);
        let clients = clients([&one, &other], 6);
        let (more, ()) = tokio::join!(load.run(&clients), async {
            load.reached(10).await;
            set_clock(&services, offset_s);
        });
        attempts.extend(more);
        // One after the other, on either server: each answer is no older than the one before.
        for (server, id) in [(&one, 1), (&other, 2), (&one, 3)] {
            let order = server.customer(id).place("in order", "10.00", "RUB").await;
            let accepted = server.executor(9).accept(order["id"].as_u64().unwrap()).await;
            let contract = accepted.expect(201).json()["contract"].clone();
            for time in [&order["created"], &order["last_action"], &contract["created"]] {
                let time = time.as_str().expect("RFC 3339, which sorts as text");
                assert!(newest.as_str() <= time, "{time} came after {newest}");
                newest = time.to_owned();
            }
        }
        if offset_s < 0 {
            let behind = "SELECT UTC_TIMESTAMP(3) < last_action FROM board WHERE id = 1";
            assert_eq!(world.count(behind).await, 1, "the clock was set back");
        }
        assert_forwards(&world).await;
        watcher.reach(world.revision().await).await;
        world.counted().await;
        world.audit().await;
    }
    settle(&world, [&one, &other], &attempts).await;
    assert_forwards(&world).await;
    watcher.reach(world.revision().await).await;
    let open = world.count("SELECT COUNT(*) FROM orders WHERE status = 'open'").await;
    assert_eq!((watcher.model.board.len(), watcher.model.gaps), (open as usize, 0));
}
