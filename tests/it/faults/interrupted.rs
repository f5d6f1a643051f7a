//! Writers that lose what they hold in the middle of a transaction: to a deadlock, to a lock that
//! never comes free, or because somebody kills their session.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Executor};

use super::{clients, hold_head, is_logged, let_go, settle, waiting_writer};
use crate::support::{Attempt, Load, World, short_or_long};

#[tokio::test]
async fn a_writer_whose_session_is_killed_while_it_waits_tries_again_a_few_times() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut meddler = world.interactions().await;
    let mut attempts = Vec::new();
    for (round, (kill, kills)) in
        [("KILL", 3), ("KILL QUERY", 3), ("KILL", 20)].into_iter().enumerate()
    {
        let mut holder = hold_head(&world).await;
        let customer = one.customer(1);
        let made = Attempt::make(&customer, format!("killed-{round}"));
        let mut made = std::pin::pin!(made);
        let mut killed = 0;
        let attempt = loop {
            tokio::select! {
                attempt = &mut made => break attempt,
                session = waiting_writer(&world), if killed < kills => {
                    let sql = format!("{kill} {session}");
                    // It may have gone by itself.
                    killed += u32::from(meddler.execute(AssertSqlSafe(sql)).await.is_ok());
                    if killed == kills {
                        let_go(&mut holder).await;
                    }
                }
            }
        };
        let patient = kills == 3;
        assert_eq!(attempt.is_done(), patient, "killed {killed} times by {kill}");
        if !patient {
            attempt.refused("database_unavailable");
        }
        let_go(&mut holder).await;
        attempts.push(attempt);
    }
    is_logged(&one, "writing batches fails for now").await;
    settle(&world, [&one, &other], &attempts).await;
}

#[tokio::test]
async fn writers_whose_sessions_are_killed_under_load_tell_the_truth() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let load = Load::new("interrupted", short_or_long(40, 400));
    let clients = clients([&one, &other], 12);
    let mut meddler = world.interactions().await;
    let mut killed = 0;
    // Whether they work, wait or are between two statements of a transaction.
    let killing = async {
        loop {
            load.reached(load.done() + 10 + fastrand::u32(..20)).await;
            let sessions = "SELECT id FROM information_schema.processlist \
                            WHERE db = DATABASE() AND id <> CONNECTION_ID()";
            let sessions: Vec<i64> =
                sqlx::query_scalar(sessions).fetch_all(&mut meddler).await.expect(sessions);
            for session in sessions {
                // It may have gone by itself.
                let _ = meddler.execute(AssertSqlSafe(format!("KILL {session}"))).await;
            }
            killed += 1;
        }
    };
    let attempts = tokio::select! {
        attempts = load.run(&clients) => attempts,
        () = killing => unreachable!("it goes on"),
    };
    assert!(killed > 5, "they were killed only {killed} times");
    let done = attempts.iter().filter(|attempt| attempt.is_done()).count();
    assert!(done * 10 >= attempts.len() * 9, "only {done} of {} were done", attempts.len());
    settle(&world, [&one, &other], &attempts).await;
}

/// Makes a transaction so heavy that InnoDB prefers to break off any other one.
const HEAVY: &str = "UPDATE orders SET commission_percent = commission_percent + 1";

#[tokio::test]
async fn a_deadlock_is_tried_again_until_it_is_done() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut attempts = Load::new("weight", 10).run(&clients([&one, &other], 4)).await;
    let mut meddler = world.interactions().await;
    for id in 1..=short_or_long(3, 20) {
        meddler.execute("BEGIN").await.unwrap();
        meddler.execute(HEAVY).await.unwrap();
        // The writer holds the head and waits for this order; then we want the head.
        let executor = one.executor(9);
        let (accepted, ()) = tokio::join!(executor.accept(id), async {
            waiting_writer(&world).await;
            let head = "SELECT id FROM board WHERE id = 1 FOR UPDATE";
            meddler.execute(head).await.expect("the writer is the one to give way");
            let_go(&mut meddler).await;
        });
        assert_eq!(accepted.expect(201).json()["contract"]["id"], id);
    }
    is_logged(&one, "Deadlock").await;
    attempts.extend(Load::new("after", 1).run(&clients([&one, &other], 4)).await);
    assert!(attempts.iter().all(Attempt::is_done));
    settle(&world, [&one, &other], &attempts).await;
}

#[tokio::test]
async fn a_row_that_stays_locked_delays_others_by_seconds_and_the_answers_stay_true() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut attempts = Load::new("before", 1).run(&clients([&one, &other], 2)).await;
    let mut meddler = world.interactions().await;
    meddler.execute("BEGIN").await.unwrap();
    meddler.execute("SELECT id FROM orders WHERE id = 1 FOR UPDATE").await.unwrap();
    let (executor, clients) = (one.executor(9), clients([&one, &other], 4));
    let load = Load::new("meanwhile", 1);
    let started = Instant::now();
    let (accepted, more, ()) = tokio::join!(executor.accept(1), load.run(&clients), async {
        waiting_writer(&world).await;
        // In the short form it comes free in time; in the long one the database gives up first.
        tokio::time::sleep(Duration::from_secs(short_or_long(2, 11))).await;
        let_go(&mut meddler).await;
    });
    let delay = started.elapsed();
    assert!(delay < Duration::from_secs(20), "delayed by {delay:?}");
    attempts.extend(more);
    if accepted.status != 201 {
        accepted.refused(503, "database_unavailable");
        is_logged(&one, "Lock wait timeout").await;
        assert!(delay > Duration::from_secs(9), "given up after {delay:?}");
        let open = "SELECT COUNT(*) FROM orders WHERE id = 1 AND status = 'open'";
        assert_eq!(world.count(open).await, 1);
    }
    executor.accept(1).await.expect(201);
    settle(&world, [&one, &other], &attempts).await;
}
