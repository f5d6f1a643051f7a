//! What is counted of people: exact, per currency, and the same for whoever may look.

use serde_json::{Value, json};

use crate::support::{Client, Server, World, eventually};

async fn totals(client: &Client) -> Value {
    client.get("/api/profile").await.expect(200).json()["totals"].clone()
}

fn customer_totals(currency: &str, orders: u32, money: &str, gain: &str) -> Value {
    json!({"currency": currency, "orders_created": orders, "money_in_orders": money, "gain": gain})
}

fn executor_totals(currency: &str, accepted: u32, money: &str, gain: &str) -> Value {
    json!({
        "currency": currency, "orders_accepted": accepted, "orders_completed": 0,
        "money_received": money, "gain": gain,
    })
}

#[tokio::test]
async fn profiles_are_exact_after_every_step_in_every_currency() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let (customer, executor) = (one.customer(1), other.executor(9));
    let profile = customer.get("/api/profile").await.expect(200).json();
    assert_eq!(profile["totals"], json!([]));
    assert_eq!((&profile["user_type"], &profile["user_id"]), (&json!("customer"), &json!(1)));

    customer.place("x", "19.99", "RUB").await;
    world.counted().await;
    assert_eq!(totals(&customer).await, json!([customer_totals("RUB", 1, "19.99", "0.3998")]));
    customer.place("y", "500", "JPY").await;
    customer.place("z", "0.01", "RUB").await;
    world.counted().await;
    assert_eq!(
        totals(&customer).await,
        json!([customer_totals("JPY", 1, "500", "10"), customer_totals("RUB", 2, "20.00", "0.40")]),
    );
    customer.withdraw(1).await.expect(200);
    world.counted().await;
    assert_eq!(
        totals(&customer).await,
        json!([
            customer_totals("JPY", 1, "500", "10"),
            customer_totals("RUB", 2, "0.01", "0.0002")
        ]),
    );
    executor.accept(3).await.expect(201);
    world.counted().await;
    assert_eq!(totals(&executor).await, json!([executor_totals("RUB", 1, "0.0098", "0.0002")]));
    executor.accept(2).await.expect(201);
    executor.accept(2).await.expect(201);
    world.counted().await;
    let rows =
        [executor_totals("JPY", 1, "490", "10"), executor_totals("RUB", 1, "0.0098", "0.0002")];
    assert_eq!(totals(&executor).await, json!(rows));
    assert_eq!(totals(&executor.at(&one)).await, json!(rows));
    // Accepting changes nothing for the customer.
    assert_eq!(
        totals(&customer).await,
        json!([
            customer_totals("JPY", 1, "500", "10"),
            customer_totals("RUB", 2, "0.01", "0.0002")
        ]),
    );
    let profile = executor.get("/api/profile").await.expect(200).json();
    assert_eq!(profile["as_of_revision"], 6);
    // The same number in the other role is another line.
    assert_eq!(totals(&one.customer(9)).await, json!([]));
    assert_eq!(totals(&one.executor(1)).await, json!([]));
    let page = customer.get("/profile").await.expect(200).text();
    assert!(page.contains("0.0002 <small>RUB</small>"), "{page}");
    assert!(page.contains("500 <small>JPY</small>"), "{page}");
    world.audit().await;
}

#[tokio::test]
async fn large_sums_stay_exact() {
    let world = World::new().await;
    let server = world.serve().await;
    for _ in 0..95 {
        server.customer(1).place("x", "99999999.99", "EUR").await;
    }
    for id in 1..=95 {
        server.executor(9).accept(id).await.expect(201);
    }
    world.counted().await;
    let expected = customer_totals("EUR", 95, "9499999999.05", "189999999.981");
    assert_eq!(totals(&server.customer(1)).await, json!([expected]));
    let expected = executor_totals("EUR", 95, "9309999999.069", "189999999.981");
    assert_eq!(totals(&server.executor(9)).await, json!([expected]));
    world.audit().await;
}

#[tokio::test]
async fn a_profile_asked_for_right_after_a_change_shows_it() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    for count in 1..=10u32 {
        let (here, there) = if count % 2 == 0 { (&one, &other) } else { (&other, &one) };
        here.customer(1).place("x", "10.00", "RUB").await;
        let reply = here.executor(9).accept(u64::from(count)).await.expect(201);
        let reader = there.executor(9).with("x-revision", reply.header("x-revision"));
        let totals = totals(&reader).await;
        assert_eq!(totals[0]["orders_accepted"], count);
    }
    world.audit().await;
}

#[tokio::test]
async fn the_admins_tables_and_summary_show_everything() {
    let world = World::new().await;
    let server = world.serve().await;
    let admin = server.admin();
    prepare(&server).await;
    world.counted().await;
    let table =
        async |name: &str| admin.get(&format!("/api/admin/{name}")).await.expect(200).json();
    let orders = table("orders").await;
    let states: Vec<_> = orders["rows"].as_array().unwrap().iter().collect();
    let states: Vec<_> = states.iter().map(|order| (&order["id"], &order["status"])).collect();
    let expected = [(4, "open"), (3, "withdrawn"), (2, "taken"), (1, "taken")]
        .map(|(a, b)| (json!(a), json!(b)));
    assert_eq!(states, expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>());
    assert_eq!((&orders["total"], &orders["revision"]), (&json!(4), &json!(7)));

    let contracts = table("contracts").await;
    assert_eq!(contracts["total"], 2);
    let contract = server.executor(9).get("/api/contracts/2").await.expect(200).json();
    assert_eq!(contracts["rows"][0], contract);

    let customers = table("customers").await;
    assert_eq!(customers["total"], 2);
    // Newcomers first; each with all their currencies.
    assert_eq!(customers["rows"][0]["user_id"], 2);
    assert_eq!(
        customers["rows"][1]["totals"],
        json!([
            customer_totals("RUB", 2, "100.00", "2.00"),
            customer_totals("USD", 1, "50.00", "1.00"),
        ])
    );
    assert!(customers["rows"][1]["registered"].as_str().unwrap().ends_with('Z'));
    let executors = table("executors").await;
    assert_eq!(executors["total"], 1);
    assert_eq!(
        executors["rows"][0]["totals"],
        json!([
            executor_totals("RUB", 1, "98.00", "2.00"),
            executor_totals("USD", 1, "49.00", "1.00"),
        ])
    );
    assert_eq!(
        table("summary").await,
        json!({
            "revision": 7, "open_orders": 1, "orders": 4, "contracts": 2, "watchers": 0,
            "gain": {"RUB": "2.00", "USD": "1.00"},
        }),
    );
    for (path, text) in [
        ("/admin", "3"),
        ("/admin/customers", "100.00 <small>RUB</small>"),
        ("/admin/executors", "49.00 <small>USD</small>"),
        ("/admin/orders", "id=\"order-3\""),
        ("/admin/contracts", "id=\"contract-2\""),
    ] {
        let page = admin.get(path).await.expect(200).text();
        assert!(page.contains(text), "{path}: {page}");
    }
    world.audit().await;
}

/// Orders 1 (RUB) and 2 (USD) taken by executor 9, 3 withdrawn, 4 open and customer 2's.
async fn prepare(server: &Server) {
    server.customer(1).place("x", "100.00", "RUB").await;
    server.customer(1).place("x", "50.00", "USD").await;
    server.customer(1).place("x", "7.00", "RUB").await;
    server.customer(2).place("x", "1.00", "RUB").await;
    server.executor(9).accept(1).await.expect(201);
    server.executor(9).accept(2).await.expect(201);
    server.customer(1).withdraw(3).await.expect(200);
}

#[tokio::test]
async fn statistics_are_computed_anew_by_rebuild() {
    let world = World::new().await;
    let server = world.serve().await;
    prepare(&server).await;
    world.counted().await;
    let right = totals(&server.customer(1)).await;
    let mut users = world.users().await;
    for sql in [
        "UPDATE customers SET gain = gain + 1, orders_created = 77 WHERE global_id = 1",
        "DELETE FROM executors",
    ] {
        sqlx::query(sql).execute(&mut users).await.unwrap();
    }
    let mut audit = world.command("audit");
    let output = tokio::task::spawn_blocking(move || audit.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("WRONG"));

    let mut rebuild = world.command("rebuild");
    let output = tokio::task::spawn_blocking(move || rebuild.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // And counting goes on from there.
    server.customer(1).place("x", "1", "JPY").await;
    world.counted().await;
    eventually("the profile is right again", || async {
        let totals = totals(&server.customer(1)).await;
        let others: Vec<&Value> =
            totals.as_array().unwrap().iter().filter(|row| row["currency"] != "JPY").collect();
        (others == right.as_array().unwrap().iter().collect::<Vec<_>>()).then_some(())
    })
    .await;
    world.audit().await;
}

#[tokio::test]
async fn what_a_rebuild_mends_is_not_shown_from_a_cache_any_more() {
    let world = World::new().await;
    let server = world.serve().await;
    prepare(&server).await;
    world.counted().await;
    let sql = "UPDATE customers SET gain = gain + 1 WHERE global_id = 1";
    sqlx::query(sql).execute(&mut world.users().await).await.unwrap();
    let wrong = totals(&server.customer(1)).await;
    assert_eq!(server.customer(1).get("/api/profile").await.expect(200).source(), "redis");

    let mut rebuild = world.command("rebuild");
    let output = tokio::task::spawn_blocking(move || rebuild.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(totals(&server.customer(1)).await, wrong);
    world.audit().await;
}
