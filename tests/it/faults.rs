//! Processes killed and stopped under load, and connections cut: every answer stays true, nothing
//! that was acknowledged is lost, and the books balance. Short forms by default; the long ones with
//! `ORDERBOARD_FAULTS=long`, which is what `bin/faults` runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::Executor;

use crate::support::{
    Attempt, Client, Load, Proxy, Server, World, assert_true, eventually, repeat,
};

/// How much of a fault: `short` in every run of the tests, `long` where that is asked for.
pub fn short_or_long<T>(short: T, long: T) -> T {
    if std::env::var("ORDERBOARD_FAULTS").is_ok_and(|form| form == "long") { long } else { short }
}

/// MariaDB, redis and memcached for one test alone, which may do with them what it likes.
struct Services {
    dir: PathBuf,
    settings: HashMap<String, String>,
}

impl Services {
    async fn up() -> Services {
        let name = format!("faults-{:08x}", fastrand::u32(..));
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut services = Services { dir, settings: HashMap::new() };
        services.start().await;
        let text =
            std::fs::read_to_string(services.dir.join("env")).expect("bin/services wrote it");
        let settings =
            text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        services.settings = settings.map(|(name, value)| (name.into(), value.into())).collect();
        services
    }

    /// Starts what does not run, and waits for it.
    async fn start(&self) {
        let mut command = self.command("up");
        let output = tokio::task::spawn_blocking(move || command.output().expect("it starts"));
        let output = output.await.expect("bin/services runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    async fn world(&self) -> World {
        World::on(|name| self.settings[name].clone()).await
    }

    /// SIGKILL, SIGSTOP or SIGCONT.
    fn signal_database(&self, name: &str) {
        let pid = std::fs::read_to_string(self.dir.join("mariadb.pid")).expect("it runs");
        let status = Command::new("kill").args([&format!("-{name}"), pid.trim()]).status();
        assert!(status.expect("there is a program called kill").success(), "kill -{name}");
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/bin/services"));
        command.arg(verb).arg(&self.dir);
        command
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        // One that was stopped could not hear that it is to leave.
        if let Ok(pid) = std::fs::read_to_string(self.dir.join("mariadb.pid")) {
            let _ = Command::new("kill").args(["-CONT", pid.trim()]).output();
        }
        let down = self.command("down").output().is_ok_and(|output| output.status.success());
        // What they wrote is worth keeping where something went wrong.
        if down && !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

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

#[tokio::test]
async fn a_server_killed_at_work_loses_nothing_and_leaves_nothing_half_done() {
    let world = World::new().await;
    let (mut one, other) = world.serve_two().await;
    for round in 0..short_or_long(3, 20) {
        let load = Load::new(&format!("killed-{round}"), 40);
        let clients = clients([&one, &other], 16);
        let (attempts, ()) = tokio::join!(load.run(&clients), async {
            load.reached(100 + fastrand::u32(..60)).await;
            one.kill();
        });
        let unknown = attempts.iter().filter(|attempt| !attempt.is_done()).count();
        assert!(unknown > 0, "it was killed at work");
        assert!(unknown <= attempts.len() / 2, "the other one goes on");
        one = world.serve().await;
        settle(&world, [&one, &other], &attempts).await;
    }
}

#[tokio::test]
#[ignore = "starts a MariaDB of its own: bin/faults runs it"]
async fn a_database_killed_at_work_loses_nothing_that_was_acknowledged() {
    let services = Services::up().await;
    let world = services.world().await;
    let (one, other) = world.serve_two().await;
    for round in 0..short_or_long(1, 10) {
        let load = Load::new(&format!("crashed-{round}"), 60);
        let clients = clients([&one, &other], 12);
        let (attempts, ()) = tokio::join!(load.run(&clients), async {
            load.reached(100 + fastrand::u32(..60)).await;
            services.signal_database("KILL");
            assert!(load.done() < 600, "it is killed at work");
            services.start().await;
        });
        for server in [&one, &other] {
            eventually("the server is well again", || async {
                let reply = server.nobody().get("/readyz").await;
                (reply.status == 200).then_some(())
            })
            .await;
        }
        settle(&world, [&one, &other], &attempts).await;
    }
}

#[tokio::test]
#[ignore = "starts a MariaDB of its own: bin/faults runs it"]
async fn a_database_that_stands_still_is_waited_for_and_the_answers_stay_true() {
    let services = Services::up().await;
    let world = services.world().await;
    let (one, other) = world.serve_two().await;
    let load = Load::new("frozen", 80);
    let clients = clients([&one, &other], 12);
    let still = Duration::from_secs(short_or_long(3, 10));
    let (attempts, ()) = tokio::join!(load.run(&clients), async {
        load.reached(150).await;
        services.signal_database("STOP");
        tokio::time::sleep(still).await;
        services.signal_database("CONT");
        load.reached(load.done() + 50).await;
    });
    let done = attempts.iter().filter(|attempt| attempt.is_done()).count();
    assert!(done * 10 >= attempts.len() * 9, "only {done} of {} were done", attempts.len());
    settle(&world, [&one, &other], &attempts).await;
}

#[tokio::test]
async fn both_servers_connections_cut_while_committing_get_truthful_answers() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let settings = [("DATABASE_URL", database_url.as_str())];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let mut attempts = Vec::new();
    let mut round = 0;
    while proxy.cuts() < short_or_long(20, 200) {
        proxy.cut_one_in(4);
        let load = Load::new(&format!("cut-{round}"), 4);
        attempts.extend(load.run(&clients([&one, &other], 8)).await);
        proxy.cut_one_in(0);
        round += 1;
    }
    settle(&world, [&one, &other], &attempts).await;
}

/// Where a server is stopped while it holds the head's lock.
#[derive(Clone, Copy, Debug)]
enum Holding {
    /// It has asked for the lock and not heard yet that it has it.
    Lock,
    /// It has sent COMMIT and not heard yet that it is done.
    Commit,
}

#[tokio::test]
async fn a_server_stopped_with_the_lock_delays_others_by_seconds_and_then_tells_the_truth() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let sleepy = world.serve_with(&[("DATABASE_URL", &database_url)]).await;
    let well = world.serve().await;
    sleepy.customer(1).place("before", "10.00", "RUB").await;
    for (round, holding) in [Holding::Lock, Holding::Commit].into_iter().enumerate() {
        let one = |name: &str| format!("{name}-{round}");
        match holding {
            Holding::Lock => proxy.hush(true),
            Holding::Commit => proxy.hush_at_commit(),
        }
        let (client, twin) = (sleepy.customer(1), well.customer(1));
        let (first, (second, others)) = tokio::join!(Attempt::make(&client, one("held")), async {
            match holding {
                Holding::Lock => is_locked(&world).await,
                Holding::Commit => proxy.is_hushed().await,
            }
            sleepy.pause();
            proxy.hush(false);
            let asleep = Instant::now();
            let others = Load::new(&one("meanwhile"), 2).run(&clients([&well; 2], 6)).await;
            let delay = asleep.elapsed();
            assert!(delay < Duration::from_secs(15), "{holding:?}: delayed by {delay:?}");
            // Whoever waits for the sleeper may ask the other server, under the same key.
            let second = Attempt::make(&twin, one("held")).await;
            sleepy.resume();
            (second, others)
        });
        assert!(others.iter().chain([&second]).all(Attempt::is_done), "{holding:?}");
        let mut attempts = others;
        attempts.extend([first, second]);
        settle(&world, [&sleepy, &well], &attempts).await;
    }
}

/// Waits until somebody holds the head's lock.
async fn is_locked(world: &World) {
    eventually("somebody holds the lock", || async {
        let mut connection = world.interactions().await;
        let lock = "SELECT id FROM board WHERE id = 1 FOR UPDATE NOWAIT";
        connection.execute(lock).await.is_err().then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_the_statistics_database_the_load_is_carried_and_counted_later() {
    let world = World::new().await;
    let (proxy, users_url) = Proxy::before(&world.users_database_url).await;
    let settings = [("USERS_DATABASE_URL", users_url.as_str())];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let away = Duration::from_secs(short_or_long(2, 60));
    let clients = clients([&one, &other], 8);
    let mut attempts = Vec::new();
    for hangs in [false, true] {
        if hangs {
            proxy.hang(true);
        } else {
            proxy.shut();
        }
        let started = Instant::now();
        let mut round = 0;
        while started.elapsed() < away {
            let load = Load::new(&format!("uncounted-{hangs}-{round}"), 5);
            attempts.extend(load.run(&clients).await);
            round += 1;
        }
        assert!(attempts.iter().all(Attempt::is_done), "the board needs no statistics");
        assert!(counted_so_far(&world).await < world.revision().await, "they are away");
        proxy.hang(false);
        proxy.open();
        world.counted().await;
    }
    assert_true(&world, &attempts).await;
    world.audit().await;
}

/// How far the statistics are.
async fn counted_so_far(world: &World) -> u64 {
    let query = sqlx::query_scalar("SELECT revision FROM positions");
    query.fetch_one(&mut world.users().await).await.expect("a position")
}
