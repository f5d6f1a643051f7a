//! A batch with a command that the database refuses for what it is: that one alone is not done.

use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

use super::{hold_head, is_logged, let_go, waiting_writer};
use crate::support::{Attempt, Reply, Server, World, assert_true};

/// How the database comes to refuse what the rules allow, and how it is brought to reason.
const PLANTED: [(&str, &str, &str); 2] = [
    (
        "somebody else's contract of the order that is about to be accepted",
        "INSERT INTO contracts SELECT 4000000000, id, customer_id, 8, 'accepted', description, \
         money_cost, 0, money_cost, 0, original_currency, revision, created, last_action, 0 \
         FROM orders WHERE id = {bad}",
        "DELETE FROM contracts WHERE id = 4000000000",
    ),
    (
        "a rule of its own",
        "ALTER TABLE contracts ADD CONSTRAINT planted CHECK (order_id <> {bad})",
        "ALTER TABLE contracts DROP CONSTRAINT planted",
    ),
];

/// Lets what was sent before arrive first.
async fn arrival(server: &Server, place: usize) {
    for _ in 0..20 * place {
        server.nobody().get("/healthz").await.expect(200);
    }
}

/// Demands the answer to a fault of ours, and that the log knows it by the id that is shown.
async fn assert_internal(server: &Server, reply: Reply) {
    let problem = reply.refused(500, "internal").json();
    let trace = problem["trace"].as_str().expect("an id");
    assert!(problem["detail"].as_str().unwrap().contains(trace), "{problem}");
    is_logged(server, trace).await;
    let log = server.log();
    let line = log.lines().find(|line| line.contains(trace)).expect("it was there");
    assert!(line.contains("refused as data"), "{line}");
}

#[tokio::test]
async fn of_a_batch_only_the_command_that_cannot_be_written_is_not_done() {
    for (what, plant, uproot) in PLANTED {
        let world = World::new().await;
        let server = world.serve().await;
        let (customer, executor) = (server.customer(1), server.executor(9));
        for text in ["good", "bad", "to be withdrawn"] {
            customer.place(text, "10.00", "RUB").await;
        }
        let known = Attempt::make(&customer, "known".to_owned()).await;
        let mut meddler = world.interactions().await;
        let plant = plant.replace("{bad}", "2");
        meddler.execute(AssertSqlSafe(plant)).await.expect(what);

        let mut holder = hold_head(&world).await;
        let keyed = executor.with("idempotency-key", "the-bad-one");
        // The first one waits for the lock alone; those that come meanwhile are one batch.
        let (first, again, before, accepted, bad, withdrawn, after, ()) = tokio::join!(
            biased;
            customer.withdraw(999),
            async { arrival(&server, 1).await; known.again(&customer).await },
            async { arrival(&server, 2).await; Attempt::make(&customer, "before".into()).await },
            async { arrival(&server, 3).await; executor.accept(1).await },
            async { arrival(&server, 4).await; keyed.accept(2).await },
            async { arrival(&server, 5).await; customer.withdraw(3).await },
            async { arrival(&server, 6).await; Attempt::make(&customer, "after".into()).await },
            async {
                waiting_writer(&world).await;
                arrival(&server, 8).await;
                let_go(&mut holder).await;
            },
        );
        first.refused(404, "not_found");
        assert_eq!(again.order(), known.order(), "{what}: it was known");
        assert_internal(&server, bad).await;
        let accepted = accepted.expect(201).json();
        let withdrawn = withdrawn.expect(200).json();
        assert_eq!(accepted["contract"]["id"], 1, "{what}");
        let orders = [&before, &after].map(|attempt| attempt.order()["id"].clone());
        assert_eq!(orders, [json!(5), json!(6)], "{what}: in order of arrival");
        // All six are one batch: the bad one is among the later three, and the first of these.
        for commands in [6, 3] {
            is_logged(&server, &format!("commands={commands}")).await;
        }
        assert_eq!(server.log().matches("splitting a batch").count(), 2, "{what}");
        let revisions = [&accepted["revision"], &withdrawn["revision"]].map(|r| r.as_u64());
        assert!(revisions[0] < revisions[1], "{what}: {revisions:?}");
        assert_true(&world, &[again, before, after]).await;
        let untouched = "SELECT COUNT(*) FROM orders WHERE id = 2 AND status = 'open'";
        assert_eq!(world.count(untouched).await, 1, "{what}");

        // Alone it is refused as well, until the database sees reason.
        assert_internal(&server, keyed.accept(2).await).await;
        meddler.execute(uproot).await.expect(what);
        world.audit().await;
        let done = keyed.accept(2).await.expect(201).json();
        assert_eq!(done["contract"]["id"], 2, "{what}");
        world.audit().await;
    }
}
