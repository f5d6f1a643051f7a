//! Everything that can be read and done, once, in all ways that ask the database for something else.

use std::collections::BTreeSet;

use http::Method;
use orderboard::routes;
use serde_json::json;
use sqlx::Executor;

use super::Wires;
use crate::support::{Client, Format, PASSWORD, Person, Server, Watcher, admin_with, eventually};

/// Every page and API route that is read, as somebody who may, with deep pages; and whether it is
/// kept in a cache.
fn reads(server: &Server) -> Vec<(Client, &'static str, &'static str, bool)> {
    let (customer, executor, admin) = (server.customer(7), server.executor(7), server.admin());
    let mut reads = Vec::new();
    let mut add = |client: &Client, pattern, paths: &[&'static str], kept| {
        paths.iter().for_each(|path| reads.push((client.clone(), pattern, *path, kept)));
    };
    add(&executor, "orders", &["/orders", "/orders?page=900&per_page=20"], true);
    add(
        &admin,
        "api/board",
        &["/api/board?per_page=100", "/api/board?page=999&per_page=100"],
        true,
    );
    add(&executor, "api/board", &["/api/board?before=20000&per_page=100"], true);
    add(&executor, "orders", &["/orders?currency=RUB", "/orders?currency=RUB&page=900"], true);
    add(&admin, "api/board", &["/api/board?currency=RUB&before=20000&per_page=50"], true);
    add(
        &executor,
        "orders",
        &["/orders?currency=RUB&min=1&max=50&sort=-price&q=NUMBER+3&page=2"],
        false,
    );
    add(&executor, "orders", &["/orders?q=nothing+of+that+kind&page=7"], false);
    add(&admin, "api/board", &["/api/board?currency=RUB&sort=price&per_page=100"], false);
    add(&customer, "my/orders", &["/my/orders", "/my/orders?page=10&per_page=20"], true);
    add(&customer, "api/my/orders", &["/api/my/orders?page=2&per_page=100"], true);
    add(&customer, "my/contracts", &["/my/contracts?per_page=50"], true);
    add(&executor, "my/contracts", &["/my/contracts"], true);
    add(&executor, "api/my/contracts", &["/api/my/contracts?page=2&per_page=50"], true);
    add(&customer, "profile", &["/profile"], true);
    add(&executor, "api/profile", &["/api/profile"], true);
    add(&customer, "orders/{id}", &["/orders/6", "/orders/1006"], false);
    add(&admin, "api/orders/{id}", &["/api/orders/6", "/api/orders/30001"], false);
    add(&executor, "contracts/{id}", &["/contracts/6"], false);
    add(&admin, "api/contracts/{id}", &["/api/contracts/19000"], false);
    add(&admin, "api/contracts/{id}/notes", &["/api/contracts/19000/notes?before=7"], false);
    add(&admin, "api/contracts/{id}/history", &["/api/contracts/19000/history"], false);
    add(&admin, "api/orders/{id}/history", &["/api/orders/19000/history"], false);
    add(&admin, "admin", &["/admin"], false);
    add(&admin, "api/admin/summary", &["/api/admin/summary"], false);
    add(&admin, "api/admin/pulse", &["/api/admin/pulse"], false);
    add(&admin, "admin/orders", &["/admin/orders", "/admin/orders?page=1900"], false);
    add(&admin, "api/admin/orders", &["/api/admin/orders?page=399&per_page=100"], false);
    add(&admin, "admin/contracts", &["/admin/contracts", "/admin/contracts?page=999"], false);
    add(&admin, "api/admin/contracts", &["/api/admin/contracts?page=190&per_page=100"], false);
    add(&admin, "admin/customers", &["/admin/customers", "/admin/customers?page=900"], false);
    add(&admin, "api/admin/customers", &["/api/admin/customers?page=150&per_page=100"], false);
    add(&admin, "admin/customers/{id}", &["/admin/customers/7"], false);
    add(&admin, "admin/executors/{id}", &["/admin/executors/7"], false);
    add(&admin, "admin/executors", &["/admin/executors", "/admin/executors?page=900"], false);
    add(&admin, "api/admin/executors", &["/api/admin/executors?page=150&per_page=100"], false);
    reads
}

/// Reads everything, twice; demands that pages take at most two statements, and kept ones none.
pub async fn read_everything(server: &Server) {
    let reads = reads(server);
    let driven: BTreeSet<&str> = reads.iter().map(|(_, pattern, _, _)| *pattern).collect();
    // Nothing to read on the page that says who one is, and of health and numbers nobody pages.
    // Accounts are read where people log in.
    let others = [
        "",
        "live",
        "healthz",
        "readyz",
        "metrics",
        "api/docs",
        "api/openapi.json",
        "log-in",
        "sign-up",
        "account",
    ];
    for route in routes::table().iter().filter(|route| route.method == Method::GET) {
        let pattern = route.pattern;
        if pattern.ends_with(".csv") {
            // Read on purpose whole, in portions.
            server.admin().get(&format!("/{pattern}")).await.expect(200);
            continue;
        }
        assert!(
            driven.contains(pattern) != others.contains(&pattern),
            "/{pattern} is not read here"
        );
    }
    for (client, _, path, kept) in reads {
        let page = client.get(path).await.expect(200);
        assert!((0..=2).contains(&page.queries()), "{path} takes {} statements", page.queries());
        assert_eq!(page.source(), "mysql", "{path}");
        let again = client.get(path).await.expect(200);
        if kept {
            assert_eq!(again.queries(), 0, "{path} comes from {}", again.source());
        } else {
            assert!(again.queries() <= 2, "{path} takes {} statements", again.queries());
        }
    }
    server.nobody().get("/readyz").await.expect(200);
}

/// Everything that people do who log in.
pub async fn come_and_go(wires: &Wires, server: &Server) {
    let mut ann = Person::sign_up(server, "Ann", "both").await;
    let page = ann.browser.get("/account").await.expect(200);
    assert_eq!(page.queries(), 1, "one's passes");
    let page = ann.browser.get("/my/orders").await.expect(200);
    assert!(page.queries() <= 2, "{} statements", page.queries());
    let program = ann.program(server, "executor").await;
    program.get("/api/board").await.expect(200);
    ann.send("/role", &[("role", "executor")]).await.expect(303);
    let (history, revision, _) = wires.world.head().await;
    let socket = Watcher::connect(&ann.browser.client(), &history, revision, Format::Json).await;
    eventually("its session is looked up", || async {
        wires.users.was_asked("FROM passes WHERE session IN").then_some(())
    })
    .await;
    drop(socket);
    let changed = [("current", PASSWORD), ("password", "quite another one")];
    ann.send("/account/password", &changed).await.expect(303);
    ann.send("/log-out/everywhere", &[]).await.expect(303);
    ann.try_log_in("quite another one").await.expect(303);
    ann.send("/log-out", &[]).await.expect(303);
    let users = [("USERS_DATABASE_URL", wires.users_database_url.as_str())];
    let (code, text) = admin_with(&wires.world, &users, &["reset", "Ann"], "").await;
    assert_eq!(code, Some(0), "{text}");
}

/// Everything that can be done, in all ways that ask for something else.
pub async fn do_everything(wires: &Wires, server: &Server) {
    let placed = server.customer(7).place("x", "10.00", "RUB").await["id"].as_u64().unwrap();
    let edit = |price: &str| json!({"price": price});
    for _ in 0..2 {
        let keyed = server.customer(7).with("idempotency-key", "edited");
        keyed.edit(placed, edit("11.00")).await.expect(200);
    }
    let page = server.customer(7).get(&format!("/orders/{placed}")).await.expect(200);
    assert!((1..=2).contains(&page.queries()), "{} statements", page.queries());
    server.customer(7).withdraw(placed).await.expect(200);
    // Known keys are looked up, and what they came to; and what became of a taken order.
    let body = json!({"description": "keyed", "price": "10.00", "currency": "RUB"});
    let keyed = server.customer(8).with("idempotency-key", "a-key");
    let first = keyed.post("/api/orders", body.clone()).await.expect(201).json();
    assert_eq!(keyed.post("/api/orders", body.clone()).await.expect(201).json(), first);
    let order = first["order"]["id"].as_u64().unwrap();
    for status in [201, 201] {
        let keyed = server.executor(9).with("idempotency-key", "another-key");
        keyed.accept(order).await.expect(status);
    }
    server.executor(9).accept(order).await.expect(201);
    server.executor(10).accept(order).await.expect(409);
    let order = server.customer(12).place("y", "10.00", "RUB").await["id"].as_u64().unwrap();
    server.admin().remove(order, "a reason").await.expect(200);
    for client in [server.customer(12), server.admin()] {
        let page = client.get(&format!("/orders/{order}")).await.expect(200);
        assert!((1..=2).contains(&page.queries()), "{} statements", page.queries());
        assert!(page.text().contains("a reason"), "{}", page.text());
    }
    // A contract's whole life, and what is read of it afterwards.
    for executor in [13, 14] {
        let order = server.customer(13 + executor).place("z", "10.00", "RUB").await;
        server.executor(executor).accept(order["id"].as_u64().unwrap()).await.expect(201);
    }
    let contracts = server.executor(14).get("/api/my/contracts").await.expect(200).json();
    let contract = contracts["rows"][0]["id"].as_u64().unwrap();
    server.executor(13).give_up(contract - 1).await.expect(200);
    let keyed = server.executor(14).with("idempotency-key", "delivered");
    for _ in 0..2 {
        keyed.deliver(contract).await.expect(200);
    }
    server.executor(14).dispute(contract, "why").await.expect(200);
    let keyed = server.executor(14).with("idempotency-key", "noted");
    for _ in 0..2 {
        keyed.note(contract, "please look").await.expect(201);
    }
    server.admin().rule(contract, "completed", "so").await.expect(200);
    let page = server.admin().get(&format!("/contracts/{contract}")).await.expect(200);
    assert!((1..=5).contains(&page.queries()), "{} statements", page.queries());
    wires.world.counted().await;
    // The answer to a COMMIT is lost, and the batch is looked up.
    let cuts = wires.interactions.cuts();
    wires.interactions.cut_one_in(1);
    let customer = server.customer(11);
    let (reply, ()) = tokio::join!(customer.post("/api/orders", body), async {
        eventually("a COMMIT is cut", || async {
            (wires.interactions.cuts() > cuts).then_some(())
        })
        .await;
        wires.interactions.cut_one_in(0);
    });
    reply.expect(201);
    wires.world.counted().await;
    // Another server counts: where it stands is looked up.
    let mut holder = wires.world.users().await;
    holder.execute("BEGIN").await.unwrap();
    holder.execute("SELECT * FROM positions FOR UPDATE").await.unwrap();
    eventually("the position is looked up", || async {
        wires.users.was_asked("COMMIT; SELECT revision FROM positions").then_some(())
    })
    .await;
    holder.execute("ROLLBACK").await.unwrap();
}
