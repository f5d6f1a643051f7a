//! Pages of tables: sizes, ends and nonsense; and a whole board read piece by piece.

use serde_json::{Value, json};

use crate::support::{Browser, Server, World, read_board};

fn ids(table: &Value, rows: &str) -> Vec<u64> {
    table[rows].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

fn newest(from: u64, to: u64) -> Vec<u64> {
    (to..=from).rev().collect()
}

/// 45 orders of customer 1, placed one after the other.
async fn place_45(server: &Server) {
    for number in 1..=45 {
        server.customer(1).place(&format!("number {number}"), "1.00", "RUB").await;
    }
}

#[tokio::test]
async fn tables_are_newest_first_in_pages_of_the_size_asked_for() {
    let world = World::new().await;
    let server = world.serve().await;
    place_45(&server).await;
    let tables = [
        (server.executor(9), "/api/board", "orders"),
        (server.customer(1), "/api/my/orders", "rows"),
        (server.admin(), "/api/admin/orders", "rows"),
    ];
    for (client, path, rows) in tables {
        for (query, page, pages, per_page, expected) in [
            ("", 1, 3, 20, newest(45, 26)),
            ("?page=1", 1, 3, 20, newest(45, 26)),
            ("?page=2", 2, 3, 20, newest(25, 6)),
            ("?page=3", 3, 3, 20, newest(5, 1)),
            ("?page=4", 3, 3, 20, newest(5, 1)),
            ("?page=4294967295", 3, 3, 20, newest(5, 1)),
            ("?per_page=50", 1, 1, 50, newest(45, 1)),
            ("?page=2&per_page=50", 1, 1, 50, newest(45, 1)),
            ("?per_page=100", 1, 1, 100, newest(45, 1)),
            ("?page=0", 1, 3, 20, newest(45, 26)),
            ("?page=-1", 1, 3, 20, newest(45, 26)),
            ("?page=two", 1, 3, 20, newest(45, 26)),
            ("?page=2.0", 1, 3, 20, newest(45, 26)),
            ("?page=", 1, 3, 20, newest(45, 26)),
            ("?page=4294967296", 1, 3, 20, newest(45, 26)),
            ("?page=%FF%FE", 1, 3, 20, newest(45, 26)),
            ("?page=2&per_page=7", 2, 3, 20, newest(25, 6)),
            ("?per_page=1000000&page=2", 2, 3, 20, newest(25, 6)),
        ] {
            let table = client.get(&format!("{path}{query}")).await.expect(200).json();
            assert_eq!(ids(&table, rows), expected, "{path}{query}");
            let found = [&table["page"], &table["pages"], &table["per_page"]].map(Value::as_u64);
            assert_eq!(found, [Some(page), Some(pages), Some(per_page)], "{path}{query}");
            let total = if rows == "rows" { &table["total"] } else { &table["open_orders"] };
            assert_eq!(total, &json!(45));
        }
    }
    world.audit().await;
}

#[tokio::test]
async fn an_empty_table_has_one_empty_page() {
    let world = World::new().await;
    let server = world.serve().await;
    for (client, path, rows) in [
        (server.executor(9), "/api/board?page=3", "orders"),
        (server.customer(1), "/api/my/orders?page=3", "rows"),
        (server.customer(1), "/api/my/contracts?page=3", "rows"),
        (server.admin(), "/api/admin/orders?page=3", "rows"),
        (server.admin(), "/api/admin/contracts?page=3", "rows"),
        (server.admin(), "/api/admin/customers?page=3", "rows"),
        (server.admin(), "/api/admin/executors?page=3", "rows"),
    ] {
        let table = client.get(path).await.expect(200).json();
        assert_eq!(table[rows], json!([]), "{path}");
        assert_eq!((&table["page"], &table["pages"]), (&json!(1), &json!(1)), "{path}");
    }
    world.audit().await;
}

#[tokio::test]
async fn following_before_reads_the_whole_board_while_it_moves() {
    let world = World::new().await;
    let server = world.serve().await;
    place_45(&server).await;
    for id in [1, 7, 20, 44] {
        server.executor(9).accept(id).await.expect(201);
    }
    let board = async |query: &str| {
        server.executor(9).get(&format!("/api/board?{query}")).await.expect(200).json()
    };
    let first = board("before=4294967295&per_page=20").await;
    let without = |from, to| -> Vec<u64> {
        newest(from, to).into_iter().filter(|id| ![1, 7, 20, 44].contains(id)).collect()
    };
    assert_eq!(ids(&first, "orders"), without(45, 25));
    // What comes and goes meanwhile does not shift the rest.
    server.customer(1).place("number 46", "1.00", "RUB").await;
    server.customer(1).withdraw(40).await.expect(200);
    assert_eq!(ids(&board("before=25&per_page=20").await, "orders"), without(24, 3));
    assert_eq!(ids(&board("before=3&per_page=20").await, "orders"), [2]);
    assert_eq!(ids(&board("before=2&per_page=20").await, "orders"), [0u64; 0]);
    assert_eq!(ids(&board("before=0").await, "orders"), [0u64; 0]);
    assert_eq!(ids(&board("before=44&per_page=100").await, "orders").len(), 39);
    let whole = read_board(&server.executor(9)).await;
    assert_eq!(whole.orders.len(), 41);
    for bad in ["before=x", "before=-1", "before=4294967296", "before="] {
        let path = format!("/api/board?{bad}");
        server.executor(9).get(&path).await.refused(400, "bad_request");
    }
    world.audit().await;
}

#[tokio::test]
async fn pages_lead_to_each_other_by_links() {
    let world = World::new().await;
    let server = world.serve().await;
    place_45(&server).await;
    let mut browsers = [
        (Browser::of(&server, "executor", 9).await, "/orders"),
        (Browser::of(&server, "customer", 1).await, "/my/orders"),
        (Browser::of(&server, "admin", 1).await, "/admin/orders"),
    ];
    for (browser, path) in &mut browsers {
        let page = browser.get(&format!("{path}?page=2")).await.expect(200).text();
        for (row, shown) in [(26, false), (25, true), (6, true), (5, false)] {
            assert_eq!(page.contains(&format!("id=\"order-{row}\"")), shown, "{path} {row}");
        }
        for link in [
            format!("rel=\"prev\" href=\"{path}?page=1\""),
            format!("rel=\"next\" href=\"{path}?page=3\""),
            format!("href=\"{path}?page=1&amp;per_page=50\""),
            format!("href=\"{path}?page=1&amp;per_page=100\""),
        ] {
            assert!(page.contains(&link), "{link} is not in {page}");
        }
        assert!(page.contains("aria-current=\"page\""), "{page}");
        let page = browser.get(&format!("{path}?per_page=50")).await.expect(200).text();
        assert!(page.contains("id=\"order-45\"") && page.contains("id=\"order-1\""));
    }
    world.audit().await;
}
