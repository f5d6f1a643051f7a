//! Books that somebody meddled with: whatever the database itself lets through, the audit finds and
//! names; and it finds nothing in a system that only works hard.

use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};

use crate::support::{Load, Server, World};

const TABLES: [(Database, &[&str]); 2] = [
    (Database::Interactions, &["board", "orders", "contracts", "journal", "requests"]),
    (Database::Users, &["customers", "executors", "earnings", "positions"]),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Database {
    Interactions,
    Users,
}

use Database::{Interactions, Users};

/// A small world that has traded and stands still, with a copy of every table.
struct Books {
    world: World,
    interactions: MySqlConnection,
    users: MySqlConnection,
}

impl Books {
    async fn new() -> Books {
        let world = World::new().await;
        let mut server = world.serve().await;
        trade(&server).await;
        world.counted().await;
        server.stop().await;
        let (interactions, users) = (world.interactions().await, world.users().await);
        let mut books = Books { world, interactions, users };
        // Only the request that came with a key is of interest.
        let made_up = "DELETE FROM requests WHERE request_id LIKE 'made-up-%'";
        books.execute(Database::Interactions, made_up).await;
        for (database, tables) in TABLES {
            // Meddlers do not stop at a CHECK.
            books.execute(database, "SET check_constraint_checks = 0").await;
            for table in tables {
                let copy = format!("CREATE TABLE kept_{table} SELECT * FROM {table}");
                books.execute(database, &copy).await;
            }
        }
        books.world.audit().await;
        books
    }

    /// Plants one corruption: the audit must fail with a line for each of `wrong`, which holds the
    /// words of both (the invariant, and what contradicts it), and with no other line. When it is
    /// undone, the books balance again.
    async fn check(&mut self, what: &str, plant: (Database, &str), wrong: &[(&str, &str)]) {
        let (database, sql) = plant;
        self.execute(database, sql).await;
        let (code, text) = self.world.run_audit().await;
        assert_eq!(code, Some(1), "{what}: the audit finds it:\n{text}");
        let lines: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("WRONG ")).collect();
        for (invariant, contradiction) in wrong {
            let named = lines.iter().any(|line| {
                line.strip_prefix(invariant).is_some_and(|rest| rest.contains(contradiction))
            });
            assert!(named, "{what}: {invariant}: {contradiction} in\n{text}");
        }
        assert_eq!(lines.len(), wrong.len(), "{what}: it is named where it is:\n{text}");
        let failed = format!("{} of ", lines.len());
        assert!(text.lines().last().is_some_and(|line| line.starts_with(&failed)), "{text}");
        self.undo().await;
        let (code, text) = self.world.run_audit().await;
        assert_eq!(code, Some(0), "{what}: undone, nothing is left of it:\n{text}");
    }

    async fn undo(&mut self) {
        for (database, tables) in TABLES {
            for table in tables {
                self.execute(database, &format!("DELETE FROM {table}")).await;
                let back = format!("INSERT INTO {table} SELECT * FROM kept_{table}");
                self.execute(database, &back).await;
            }
        }
    }

    async fn execute(&mut self, database: Database, sql: &str) {
        let connection = match database {
            Interactions => &mut self.interactions,
            Users => &mut self.users,
        };
        let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// Nine revisions: orders 1, 2 and 5 are taken (contracts 1, 2 and 3), 4 is withdrawn, 3 is open.
async fn trade(server: &Server) {
    let keyed = |key| server.customer(1).with("idempotency-key", key);
    keyed("first").place("paint the fence", "100.00", "RUB").await;
    server.customer(1).place("translate a letter", "20.00", "USD").await;
    server.customer(2).place("walk the dog", "5.00", "RUB").await;
    server.customer(2).place("sing", "6.00", "RUB").await;
    server.executor(9).accept(1).await.expect(201);
    server.executor(8).accept(2).await.expect(201);
    server.customer(2).withdraw(4).await.expect(200);
    server.customer(2).place("mow the lawn", "7.00", "RUB").await;
    server.executor(9).accept(5).await.expect(201);
}

const GAPS: &str = "journal revisions run 1..9 without a gap";
const CHAIN: &str = "every batch follows the one it names, and the head names the last";
const TIMES: &str = "time never goes back in the journal";
const EVENTS: &str = "every event can follow the ones before it";
const ORDERS: &str = "replaying the journal gives exactly the table of orders";
const ORDER_IDS: &str = "order ids run 1..5 without a gap";
const OPEN: &str = "the head counts";
const CONTRACTS: &str = "replaying the journal gives exactly the table of contracts";
const CONTRACT_IDS: &str = "contract ids run 1..3 without a gap";
const PAIRS: &str = "taken orders and contracts belong together one to one";
const SPLIT: &str = "fee + payout = price and fee = price × percent in every contract";
const RECEIPTS: &str = "receipts of the 1 remembered requests name what exists";
const POSITION: &str = "the statistics follow this journal";
const CUSTOMERS: &str = "statistics of customers are the journal's sums";
const EXECUTORS: &str = "statistics of executors are the journal's sums";
const NUMBERS: &str = "customers are numbered 1..2 without a gap";
const EARNINGS: &str = "the system's earnings are the contracts' fees";

#[tokio::test]
async fn the_audit_names_every_corruption_of_journal_and_head() {
    let mut books = Books::new().await;
    for (what, sql, wrong) in [
        (
            "a row of the journal is missing",
            "DELETE FROM journal WHERE revision = 7",
            &[
                (GAPS, "revision 7 is missing"),
                (ORDERS, "order 4: status is withdrawn"),
                (CUSTOMERS, "2 RUB: money is 120000 instead of 180000"),
            ][..],
        ),
        (
            "the newest row of the journal is missing",
            "DELETE FROM journal WHERE revision = 9",
            &[
                (GAPS, "the last revision is 8, but the head says 9"),
                (ORDERS, "order 5: status is taken instead of open"),
                (CONTRACTS, "contract 3 was never made"),
                (POSITION, "they counted batch"),
                (EXECUTORS, "9 RUB: count is 2 instead of 1"),
                (EARNINGS, "RUB: 21400 instead of 20000"),
            ],
        ),
        (
            "the chain is broken",
            "UPDATE journal SET previous = UUID() WHERE revision = 4",
            &[(CHAIN, "revision 4 follows batch")],
        ),
        (
            "a batch has another name",
            "UPDATE journal SET batch = UUID() WHERE revision = 4",
            &[(CHAIN, "revision 5 follows batch")],
        ),
        (
            "the head names another batch",
            "UPDATE board SET batch = UUID()",
            &[(CHAIN, "but the head says")],
        ),
        (
            "the head went back",
            "UPDATE board SET revision = 8",
            &[
                ("journal revisions run 1..8 without a gap", "is 9, but the head says 8"),
                (POSITION, "the head is at 8 only"),
            ],
        ),
        (
            "time goes back",
            "UPDATE journal SET created = created - INTERVAL 1 HOUR WHERE revision = 8",
            &[
                (TIMES, "revision 8 is of"),
                (EVENTS, "revision 8, order 5: created is"),
                (ORDERS, "order 5: created is"),
            ],
        ),
        (
            "an event was altered",
            "UPDATE journal SET events = REPLACE(events, '\"executor_id\":8', '\"executor_id\":1') \
             WHERE revision = 6",
            &[
                (EVENTS, "revision 6, order 2: customer 1 accepted it themselves"),
                (CONTRACTS, "contract 2: executor_id is 8 instead of 1"),
                (EXECUTORS, "8 USD is not in the journal"),
            ],
        ),
        (
            "an event cannot be read",
            "UPDATE journal SET events = '[{\"type\":\"OrderLost\"}]' WHERE revision = 7",
            &[
                (EVENTS, "revision 7 is unreadable"),
                (ORDERS, "order 4: status is withdrawn"),
                (CUSTOMERS, "2 RUB: money is 120000 instead of 180000"),
            ],
        ),
        (
            "an order is accepted twice",
            "UPDATE journal SET events = (SELECT events FROM kept_journal WHERE revision = 5) \
             WHERE revision = 9",
            &[
                (EVENTS, "revision 9, order 1: "),
                (ORDERS, "order 5: status is taken instead of open"),
                (CONTRACTS, "contract 3 was never made"),
                (EXECUTORS, "9 RUB: money is"),
                (EARNINGS, "RUB: 21400 instead of 40000"),
            ],
        ),
        (
            "the head counts a wrong number of open orders",
            "UPDATE board SET open_orders = 2",
            &[("the head counts 2 open orders", "1 orders are open")],
        ),
        (
            "the head counts another number of orders",
            "UPDATE board SET orders = 6",
            &[("order ids run 1..6", "the last order is 5, but the head counts 6")],
        ),
        (
            "a receipt names what does not exist",
            "UPDATE requests SET receipt = '{\"revision\":1,\"done\":{\"placed\":{\"order\":6}}}'",
            &[(RECEIPTS, "customer 1, key \"first\": there is no order 6")],
        ),
        (
            "a receipt is somebody else's",
            "UPDATE requests SET user_id = 2",
            &[(RECEIPTS, "customer 2, key \"first\": order 1 belongs to customer 1")],
        ),
    ] {
        books.check(what, (Interactions, sql), wrong).await;
    }
}

#[tokio::test]
async fn the_audit_names_every_corruption_of_orders_and_contracts() {
    let mut books = Books::new().await;
    for (what, sql, wrong) in [
        (
            "a fee is altered",
            "UPDATE contracts SET fee = fee + 1 WHERE id = 2",
            &[
                (CONTRACTS, "contract 2: fee is 4001 instead of 4000"),
                (SPLIT, "contract 2: 4001 + 196000 is not 200000"),
            ][..],
        ),
        (
            "fee and payout are shifted, their sum is kept",
            "UPDATE contracts SET fee = fee - 1, payout = payout + 1 WHERE id = 2",
            &[
                (CONTRACTS, "fee is 3999 instead of 4000, payout is 196001 instead of 196000"),
                (SPLIT, "contract 2: fee 3999 instead of 4000"),
            ],
        ),
        (
            "price, fee and payout are altered and fit together",
            "UPDATE contracts SET money_cost = 300000, fee = 6000, payout = 294000 WHERE id = 2",
            &[(CONTRACTS, "contract 2: money_cost is 300000 instead of 200000")],
        ),
        (
            "the percentage is altered",
            "UPDATE contracts SET commission_percent = 3 WHERE id = 2",
            &[
                (CONTRACTS, "contract 2: commission_percent is 3 instead of 2"),
                (SPLIT, "contract 2: fee 4000 instead of 6000"),
            ],
        ),
        (
            "a contract is somebody else's",
            "UPDATE contracts SET executor_id = 7 WHERE id = 3",
            &[(CONTRACTS, "contract 3: executor_id is 7 instead of 9")],
        ),
        (
            "a contract's description is altered",
            "UPDATE contracts SET description = 'paint the fencer' WHERE id = 1",
            &[(CONTRACTS, "contract 1: description is another")],
        ),
        (
            "a contract is deleted",
            "DELETE FROM contracts WHERE id = 2",
            &[
                (CONTRACTS, "contract 2 is missing"),
                (CONTRACT_IDS, "after contract 1 comes 3"),
                (PAIRS, "order 2 is taken without a contract"),
            ],
        ),
        (
            "a contract names an order that nobody took",
            "UPDATE contracts SET order_id = 3 WHERE id = 2",
            &[
                (CONTRACTS, "contract 2: order_id is 3 instead of 2"),
                (PAIRS, "contract 2 names order 3, which is not taken"),
            ],
        ),
        (
            "a contract was added",
            "INSERT INTO contracts SELECT 4, 4, customer_id, executor_id, status, description, \
             money_cost, fee, payout, commission_percent, original_currency, revision, created, \
             last_action, 0 FROM kept_contracts WHERE id = 1",
            &[
                (CONTRACTS, "contract 4 was never made"),
                (CONTRACT_IDS, "the last contract is 4, but the head counts 3"),
                (PAIRS, "contract 4 names order 4, which is not taken"),
            ],
        ),
        (
            "a price is altered",
            "UPDATE orders SET money_cost = money_cost + 10000 WHERE id = 3",
            &[(ORDERS, "order 3: money_cost is 60000 instead of 50000")],
        ),
        (
            "a description is altered",
            "UPDATE orders SET description = 'walk the dogs' WHERE id = 3",
            &[(ORDERS, "order 3: description is another")],
        ),
        (
            "an order is somebody else's",
            "UPDATE orders SET customer_id = 3 WHERE id = 3",
            &[(ORDERS, "order 3: customer_id is 3 instead of 2")],
        ),
        (
            "an order is in another currency",
            "UPDATE orders SET original_currency = 'EUR' WHERE id = 3",
            &[(ORDERS, "order 3: original_currency is EUR instead of RUB")],
        ),
        (
            "a taken order is open again",
            "UPDATE orders SET status = 'open' WHERE id = 2",
            &[
                (ORDERS, "order 2: status is open instead of taken"),
                (OPEN, "2 orders are open"),
                (PAIRS, "contract 2 names order 2, which is not taken"),
            ],
        ),
        (
            "a withdrawn order is open again",
            "UPDATE orders SET status = 'open' WHERE id = 4",
            &[
                (ORDERS, "order 4: status is open instead of withdrawn"),
                (OPEN, "2 orders are open"),
            ],
        ),
        (
            "an order is deleted",
            "DELETE FROM orders WHERE id = 4",
            &[(ORDERS, "order 4 is missing"), (ORDER_IDS, "after order 3 comes 5")],
        ),
        (
            "the newest order is deleted",
            "DELETE FROM orders WHERE id = 5",
            &[
                (ORDERS, "order 5 is missing"),
                (ORDER_IDS, "the last order is 4, but the head counts 5"),
                (PAIRS, "contract 3 names order 5, which is not taken"),
            ],
        ),
        (
            "an order was added",
            "INSERT INTO orders SELECT 6, customer_id, status, description, money_cost, \
             commission_percent, original_currency, parent_id, revision, created, last_action, 1, NULL \
             FROM kept_orders WHERE id = 4",
            &[
                (ORDERS, "order 6 was never placed"),
                (ORDER_IDS, "the last order is 6, but the head counts 5"),
            ],
        ),
        (
            "the statuses of an order and of a contract mean nothing",
            "UPDATE orders SET status = 'lost' WHERE id = 3; \
             UPDATE contracts SET status = 'lost' WHERE id = 2",
            &[
                (ORDERS, "order 3 is unreadable"),
                (OPEN, "0 orders are open"),
                (CONTRACTS, "contract 2 is unreadable"),
                (PAIRS, "order 2 is taken without a contract"),
            ],
        ),
        (
            "everything is altered",
            "UPDATE orders SET description = CONCAT(description, '!'); \
             UPDATE contracts SET fee = fee + 1",
            &[
                (ORDERS, "5 contradictions: order 1: description is another; order 2: "),
                (CONTRACTS, "3 contradictions: contract 1: fee is 20001 instead of 20000; "),
                (SPLIT, "6 contradictions, the first: contract 1: 20001 + 980000 is not"),
            ],
        ),
        (
            "an order has two contracts",
            // Only without this key can it be; it stays away, so this comes last.
            "ALTER TABLE contracts DROP KEY contracts_one_per_order; \
             UPDATE contracts SET order_id = 1 WHERE id = 3",
            &[
                (CONTRACTS, "contract 3: order_id is 1 instead of 5"),
                (PAIRS, "contract 3 is another one of order 1"),
            ],
        ),
    ] {
        books.check(what, (Interactions, sql), wrong).await;
    }
}

#[tokio::test]
async fn the_audit_names_every_corruption_of_the_statistics() {
    let mut books = Books::new().await;
    for (what, sql, wrong) in [
        (
            "a customer's total is wrong",
            "UPDATE customers SET money_in_orders = money_in_orders + 1 WHERE global_id = 2",
            &[(CUSTOMERS, "2 RUB: money is 120001 instead of 120000")][..],
        ),
        (
            "an executor's total is wrong",
            "UPDATE executors SET money_received = 0 WHERE global_id = 8",
            &[(EXECUTORS, "8 USD: money is 0 instead of 196000")],
        ),
        (
            "an executor's contracts are miscounted",
            "UPDATE executors SET orders_accepted = 3 WHERE global_id = 9",
            &[(EXECUTORS, "9 RUB: count is 3 instead of 2")],
        ),
        (
            "money moved from one customer to another",
            "UPDATE customers SET gain = gain + IF(global_id = 1, 1, -1) \
             WHERE original_currency = 'RUB'",
            &[(CUSTOMERS, "2 contradictions: 1 RUB: gain is 20001")],
        ),
        (
            "a customer is missing",
            "DELETE FROM customers WHERE global_id = 2",
            &[(CUSTOMERS, "2 RUB is missing")],
        ),
        (
            "a customer was never there",
            "INSERT INTO customers (global_id, original_currency, registered) \
             VALUES (77, 'RUB', UTC_TIMESTAMP(3))",
            &[(CUSTOMERS, "77 RUB is not in the journal")],
        ),
        (
            "a customer's number is another",
            "UPDATE customers SET ordinal = 5 WHERE ordinal = 2",
            &[(NUMBERS, "2 RUB has number 5 instead of 2")],
        ),
        (
            "the system's earnings are wrong",
            "UPDATE earnings SET gain = gain + 1 WHERE original_currency = 'RUB'",
            &[(EARNINGS, "RUB: 21401 instead of 21400")],
        ),
        (
            "earnings in one currency are gone",
            "DELETE FROM earnings WHERE original_currency = 'USD'",
            &[(EARNINGS, "USD: none instead of 4000")],
        ),
        (
            "the position is ahead of the head",
            "UPDATE positions SET revision = 10",
            &[(POSITION, "the head is at 9 only")],
        ),
        (
            "a revision was passed over by the statistics",
            "UPDATE customers SET orders_created = 2, money_in_orders = 50000, gain = 1000 \
             WHERE global_id = 2",
            &[(CUSTOMERS, "2 RUB: count is 2 instead of 3")],
        ),
        (
            "the position is behind what was counted",
            "UPDATE positions SET revision = 8",
            &[
                (POSITION, "they counted batch"),
                (EXECUTORS, "9 RUB: count is 2 instead of 1"),
                (EARNINGS, "RUB: 21400 instead of 20000"),
            ],
        ),
        (
            "the position is of another history",
            "UPDATE positions SET batch = UUID()",
            &[(POSITION, "they counted batch")],
        ),
        (
            "there is no position",
            "DELETE FROM positions",
            &[
                ("the statistics have a position", "there is none"),
                (CUSTOMERS, "is not in the journal"),
                (EXECUTORS, "is not in the journal"),
                (EARNINGS, "instead of none"),
            ],
        ),
    ] {
        books.check(what, (Users, sql), wrong).await;
    }
}

#[tokio::test]
async fn the_audit_of_a_live_system_finds_nothing() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let clients: Vec<_> =
        (1..=12u32).map(|id| if id % 2 == 0 { &one } else { &other }.customer(id)).collect();
    let load = Load::new("live", 150);
    let accepts = join_all((1..=2u64).map(|part| {
        let (load, executor) = (&load, other.executor(100));
        async move {
            load.reached(100).await;
            for order in (part..1_000).step_by(2) {
                let reply = executor.accept(order).await;
                assert!([201, 404].contains(&reply.status), "{}", reply.text());
            }
        }
    }));
    let audits = async {
        let (mut revisions, mut audits) = (Vec::new(), 0);
        load.reached(100).await;
        while load.done() < 150 * 12 {
            let (code, text) = world.run_audit().await;
            assert_eq!(code, Some(0), "{text}");
            let last = text.lines().last().expect("a last line").to_owned();
            let revision = last.strip_prefix("books balance at revision ").map(str::parse::<u64>);
            revisions.push(revision.expect(&last).expect("a number"));
            audits += 1;
        }
        assert!(audits >= 2 && revisions.is_sorted(), "{revisions:?}");
        assert_ne!(revisions.first(), revisions.last(), "there was traffic");
    };
    let (attempts, _, ()) = tokio::join!(load.run(&clients), accepts, audits);
    assert!(attempts.iter().all(crate::support::Attempt::is_done));
    world.audit().await;
}
