//! A backup made while the board is at work, and restored: what `docs/operations.md` says to do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Format, Trade, Watcher, World, eventually, read_board};

/// A directory that goes with the test.
struct Dumps(PathBuf);

impl Dumps {
    fn new() -> Dumps {
        let name = format!("dumps-{:08x}", fastrand::u32(..));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&dir).expect("a directory");
        Dumps(dir)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// As the documentation has it.
    async fn make(&self, url: &str, name: &str) {
        let mut command =
            client("mariadb-dump", url, &["--single-transaction", "--no-tablespaces"]);
        command.stdout(File::create(self.file(name)).expect("a file"));
        run(command).await;
    }

    async fn restore(&self, url: &str, name: &str) {
        let mut command = client("mariadb", url, &[]);
        command.stdin(File::open(self.file(name)).expect("a dump"));
        run(command).await;
    }
}

impl Drop for Dumps {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One of MariaDB's programs, on the database of a URL.
fn client(program: &str, url: &str, options: &[&str]) -> Command {
    let (user, place) =
        url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).expect(url);
    let (user, password) = user.split_once(':').expect(url);
    let (address, database) = place.split_once('/').expect(url);
    let (host, port) = address.split_once(':').expect(url);
    let mut command = Command::new(program);
    command
        .args(["--no-defaults", "--protocol=tcp", "--host", host, "--port", port])
        .args(["--user", user, &format!("--password={password}")])
        .args(options)
        .arg(database);
    command
}

/// Demands that it succeeds.
async fn run(command: Command) -> String {
    let output = output(command).await;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

async fn output(mut command: Command) -> Output {
    let name = command.get_program().to_owned();
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.expect("it ends").unwrap_or_else(|error| panic!("{name:?}: {error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_made_at_work_is_restored_as_a_history_of_its_own() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let dumps = Dumps::new();
    let trade = Trade::new(&[one.nobody(), other.nobody()]);
    let over = AtomicBool::new(false);
    let reached = |revision: u64| {
        let world = &world;
        eventually("trade goes on", move || async move {
            (world.revision().await >= revision).then_some(())
        })
    };
    let mut watchers = Vec::new();
    let backup = async {
        reached(40).await;
        // One who was away from before the backup on, and one who saw what will be lost.
        for client in [one.executor(901), other.executor(902)] {
            watchers.push(Watcher::of_board(&client, Format::Json).await);
        }
        watchers[0].disconnect();
        reached(100).await;
        dumps.make(&world.database_url, "interactions.sql").await;
        let dumped_by = world.revision().await;
        // The statistics' dump is the younger one: they have counted what the board will not know.
        reached(dumped_by + 60).await;
        world.counted_to(dumped_by + 40).await;
        dumps.make(&world.users_database_url, "users.sql").await;
        let newest = world.revision().await;
        watchers[1].reach(newest).await;
        over.store(true, Ordering::Relaxed);
        dumped_by
    };
    let trading = trade.run(Duration::from_millis(5), || !over.load(Ordering::Relaxed));
    let (dumped_by, ()) = tokio::join!(backup, trading);
    world.audit().await;

    let fresh = World::new().await;
    dumps.restore(&fresh.database_url, "interactions.sql").await;
    dumps.restore(&fresh.users_database_url, "users.sql").await;
    let (old, revision, batch) = fresh.head().await;
    assert!((100..=dumped_by).contains(&revision), "a dump is of one moment");
    assert_eq!(old, world.head().await.0);
    let said = output(fresh.command("doctor")).await;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.code() == Some(1) && text.contains("run `orderboard restored`"), "{text}");

    let said = run(fresh.command("restored")).await;
    let (history, still, same) = fresh.head().await;
    assert!(said.contains(&history) && said.contains("orderboard audit"), "{said}");
    assert_ne!(history, old);
    assert_eq!((still, same), (revision, batch), "nothing else is another");
    fresh.audit().await;

    // Whoever knows something of the old history starts over, wherever they had been.
    let (one, other) = fresh.serve_two().await;
    for (watcher, server) in watchers.iter_mut().zip([&one, &other]) {
        watcher.move_to(server);
        watcher.wait_until("a resync", |model| model.resyncs == 1).await;
    }
    other.customer(5).place("after all", "10.00", "RUB").await;
    for watcher in &mut watchers {
        watcher.reach(revision + 1).await;
        assert_eq!(watcher.model.history, history);
        assert_eq!(watcher.model.board, read_board(&one.executor(9)).await.orders);
    }
    // And so does whoever is there when it is done beside running servers.
    run(fresh.command("restored")).await;
    let newest = fresh.head().await.0;
    for watcher in &mut watchers {
        watcher
            .wait_until("another history", |model| model.resyncs == 2 && model.history == newest)
            .await;
    }
    one.customer(5).place("and on", "10.00", "RUB").await;
    for watcher in &mut watchers {
        watcher.reach(revision + 2).await;
    }
    fresh.audit().await;
}
