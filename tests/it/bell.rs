//! The bell through redis is for speed alone: whatever it loses, doubles, delays or mixes up, and
//! whatever happens to redis itself, watchers know the board exactly, at most a second late; and the
//! bell is heard again soon after redis is back.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::task::JoinSet;

use crate::support::{Format, Proxy, Redis, Server, Watcher, World, eventually, read_board};

/// How late a watcher of another server hears while nobody rings: the servers look each second.
const LATE: Duration = Duration::from_millis(1500);
/// How soon after redis is back the bell is heard.
const BACK: Duration = Duration::from_millis(2500);

async fn on_redis(world: &World, url: &str) -> Server {
    world.serve_with(&[("REDIS_URL", url)]).await
}

/// Two servers that hear each other, and somebody who watches the other one.
struct Pair {
    world: World,
    one: Server,
    other: Server,
    watcher: Watcher,
}

impl Pair {
    async fn on(url: &str) -> Pair {
        let world = World::new().await;
        let (one, other) = tokio::join!(on_redis(&world, url), on_redis(&world, url));
        let watcher = Watcher::of_board(&other.executor(9), Format::Json).await;
        let mut pair = Pair { world, one, other, watcher };
        pair.is_heard_again("started").await;
        pair
    }

    /// Places an order at the one server; how long until a watcher of the other sees it.
    async fn delay(&mut self) -> Duration {
        let id = self.one.customer(1).place("x", "10.00", "RUB").await["id"].as_u64().unwrap();
        let placed = Instant::now();
        self.watcher.wait_until("the order", |model| model.board.contains_key(&id)).await;
        placed.elapsed()
    }

    /// Whether the bell brought the other server each of five changes.
    async fn is_rung(&mut self) -> bool {
        let runs = async |server: &Server, way: &str| {
            server.measure(&format!("feed_runs_total{{way=\"{way}\"}}")).await
        };
        let before = [runs(&self.other, "bell").await, runs(&self.other, "journal").await];
        for _ in 0..5 {
            self.delay().await;
        }
        let after = [runs(&self.other, "bell").await, runs(&self.other, "journal").await];
        [after[0] - before[0], after[1] - before[1]] == [5.0, 0.0]
    }

    /// The slowest of a few changes while nobody rings.
    async fn lateness(&mut self, what: &str) {
        let mut slowest = Duration::ZERO;
        for _ in 0..4 {
            slowest = slowest.max(self.delay().await);
        }
        println!("{what}: a watcher elsewhere is {slowest:?} late while redis is away");
        assert!(slowest < LATE, "{what}: {slowest:?} late");
    }

    async fn is_heard_again(&mut self, what: &str) {
        let back = Instant::now();
        while !self.is_rung().await {
            assert!(back.elapsed() < BACK, "{what}: not rung {BACK:?} after redis was back");
        }
        println!("{what}: five changes were rung {:?} after redis was back", back.elapsed());
        for server in [&self.one, &self.other] {
            eventually("it is known that the bell is heard", || async {
                (server.measure("feed_redis_up").await == 1.0).then_some(())
            })
            .await;
        }
    }

    async fn settle(mut self) {
        let revision = self.world.revision().await;
        self.watcher.reach(revision).await;
        let board = read_board(&self.one.executor(8)).await;
        assert_eq!(self.watcher.model.board, board.orders);
        assert_eq!((self.watcher.model.gaps, self.watcher.model.resyncs), (0, 0));
        self.world.audit().await;
    }
}

#[tokio::test]
async fn a_redis_that_is_killed_stopped_or_cuts_connections_makes_the_feed_a_second_late_at_most() {
    let mut redis = Redis::start().await;
    let mut pair = Pair::on(&redis.url()).await;

    redis.kill();
    pair.lateness("killed").await;
    redis.start_again().await;
    pair.is_heard_again("killed").await;

    redis.pause();
    pair.lateness("stopped").await;
    redis.resume();
    pair.is_heard_again("stopped").await;

    let _: u32 = redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    pair.is_heard_again("cut").await;

    // Killed and back before anybody could notice by asking.
    redis.kill();
    redis.start_again().await;
    pair.is_heard_again("restarted").await;
    pair.settle().await;
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_noticed_and_replaced() {
    let redis = Redis::start().await;
    let (proxy, url) = Proxy::before(&redis.url()).await;
    let mut pair = Pair::on(&url).await;
    for _ in 0..2 {
        proxy.strand();
        let stranded = Instant::now();
        let slowest = pair.delay().await;
        assert!(slowest < LATE, "{slowest:?} late");
        eventually("it is noticed", || async {
            (pair.other.measure("feed_redis_up").await == 0.0 || stranded.elapsed() > BACK)
                .then_some(())
        })
        .await;
        pair.is_heard_again("stranded").await;
    }
    pair.settle().await;
}

#[tokio::test]
async fn a_server_whom_redis_cuts_off_for_not_listening_finds_everything_afterwards() {
    let redis = Redis::start().await;
    let limit = ["CONFIG", "SET", "client-output-buffer-limit", "pubsub 256kb 128kb 1"];
    let _: () = redis.ask(&limit).await;
    let mut pair = Pair::on(&redis.url()).await;
    let (history, ..) = pair.world.head().await;

    pair.other.pause();
    for _ in 0..10 {
        pair.one.customer(1).place("x", "10.00", "RUB").await;
    }
    let channel = format!("{history}:journal");
    let noise = "x".repeat(50_000);
    let connection = redis.connect().await.unwrap();
    eventually("redis has enough of it", || async {
        for _ in 0..50 {
            let mut publish = redis::cmd("PUBLISH");
            let publish = publish.arg(&channel).arg(&noise);
            publish.query_async::<()>(&mut connection.clone()).await.unwrap();
        }
        let subscribers: (String, u32) = redis.ask(&["PUBSUB", "NUMSUB", &channel]).await;
        (subscribers.1 < 2).then_some(())
    })
    .await;
    drop(connection);
    pair.other.resume();
    pair.is_heard_again("cut off").await;
    pair.settle().await;
}

#[tokio::test]
async fn bells_that_are_lost_late_doubled_mixed_up_or_nonsense_do_no_harm() {
    let (here, there) = (Redis::start().await, Redis::start().await);
    let world = World::new().await;
    let urls = [here.url(), there.url()];
    let (one, other) = tokio::join!(on_redis(&world, &urls[0]), on_redis(&world, &urls[1]));
    let (history, ..) = world.head().await;
    let channel = format!("{history}:journal");
    let meddler = tokio::spawn(meddle(here.url(), there.url(), channel));
    let mut watchers = Vec::new();
    for (server, executor) in [(&one, 21), (&other, 22), (&other, 23)] {
        watchers.push(Watcher::of_board(&server.executor(executor), Format::Json).await);
    }
    for step in 0..250u64 {
        // What the other server commits, the one can find only.
        let server = if step % 10 == 9 { &other } else { &one };
        match step % 5 {
            3 => _ = server.executor(5).accept(step / 2).await,
            4 => _ = server.customer(1).withdraw(step / 2 + 1).await,
            _ => _ = server.customer(1).place("x", "10.00", "RUB").await,
        }
    }
    let revision = world.revision().await;
    let board = read_board(&one.executor(9).with("x-revision", &revision.to_string())).await;
    for watcher in &mut watchers {
        watcher.reach(revision).await;
        assert_eq!((watcher.model.gaps, watcher.model.resyncs), (0, 0));
        assert_eq!(watcher.model.board, board.orders);
    }
    let rung = other.measure("feed_runs_total{way=\"bell\"}").await;
    let found = other.measure("feed_runs_total{way=\"journal\"}").await;
    let gaps = other.measure("feed_gaps_healed_total").await;
    // All of it happened; how often is a matter of chance and of the machine.
    assert!(rung > 5.0 && found > 5.0 && gaps > 5.0, "{rung} rung, {found} found, {gaps} gaps");
    meddler.abort();
    world.audit().await;
}

/// Carries a channel from one redis to another, badly.
async fn meddle(from: String, to: String, channel: String) {
    let ears = redis::Client::open(from).unwrap();
    let mut ears = ears.get_async_pubsub().await.unwrap();
    ears.subscribe(&channel).await.unwrap();
    let mouth = redis::Client::open(to).unwrap();
    let mouth = mouth.get_multiplexed_async_connection().await.unwrap();
    let mut messages = ears.on_message();
    let mut late = JoinSet::new();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    while let Some(message) = messages.next().await {
        let message = message.get_payload_bytes().to_vec();
        seen.push(message.clone());
        let old = seen[fastrand::usize(..seen.len())].clone();
        let said: Vec<Vec<u8>> = match fastrand::u32(..9) {
            0 => vec![],
            1 => vec![message.clone(), message],
            2 => vec![old, message],
            3 => vec![message[..message.len() / 2].to_vec(), message],
            4 => vec![b"{\"revision\":18446744073709551615}".to_vec(), message],
            5 => vec![vec![0xff, 0x00, 0xfe], b"ended nobody".to_vec(), b"knock".to_vec(), message],
            _ => vec![message],
        };
        let wait = Duration::from_millis([0, 0, 5, 40][fastrand::usize(..4)]);
        let (mut mouth, channel) = (mouth.clone(), channel.clone());
        late.spawn(async move {
            tokio::time::sleep(wait).await;
            for message in said {
                let mut publish = redis::cmd("PUBLISH");
                let publish = publish.arg(&channel).arg(message);
                publish.query_async::<()>(&mut mouth).await.unwrap();
            }
        });
    }
}
