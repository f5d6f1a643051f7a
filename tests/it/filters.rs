//! The board filtered and sorted: what fits and nothing else, for people and programs, also live.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::{Browser, Client, Server, World};

const ORDERS: [(&str, &str, &str); 8] = [
    ("Paint the fence", "100.00", "RUB"),
    ("Paint the GATE", "50.00", "RUB"),
    ("Покрасить забор", "75.50", "RUB"),
    ("Repair the gate", "50.00", "RUB"),
    ("Paint the fence", "100.00", "USD"),
    ("100 % wool_socks \\ hats", "20.00", "USD"),
    ("A parcel", "900", "JPY"),
    ("Paint the shed", "120.00", "RUB"),
];

async fn world() -> (World, crate::support::Server, Client) {
    let world = World::new().await;
    let server = world.serve().await;
    for (text, price, currency) in ORDERS {
        server.customer(1).place(text, price, currency).await;
    }
    // One is taken, and one is edited.
    server.executor(8).accept(8).await.expect(201);
    server.customer(1).edit(5, json!({"price": "10.00"})).await.expect(200);
    let reader = server.executor(9).with("x-revision", &world.revision().await.to_string());
    (world, server, reader)
}

async fn ids(reader: &Client, query: &str) -> Vec<u64> {
    let board = reader.get(&format!("/api/board?{query}")).await.expect(200).json();
    let orders = board["orders"].as_array().unwrap();
    assert_eq!(board["total"], orders.len(), "{board}");
    orders.iter().map(|order| order["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_filtered_board_is_what_fits_in_the_order_asked_for() {
    let (world, _server, reader) = world().await;
    for (query, expected) in [
        ("currency=RUB", &[4, 3, 2, 1][..]),
        ("currency=USD&q=", &[6, 5]),
        ("currency=EUR", &[]),
        ("currency=RUB&sort=price", &[4, 2, 3, 1]),
        ("currency=RUB&sort=-price", &[1, 3, 4, 2]),
        ("currency=RUB&sort=newest&min=50.01", &[3, 1]),
        ("currency=RUB&min=50&max=75.50", &[4, 3, 2]),
        ("currency=USD&max=15", &[5]),
        ("currency=JPY&min=900&max=900", &[7]),
        ("q=gate", &[4, 2]),
        ("q=GATE+paint", &[2]),
        ("q=ЗАБОР", &[3]),
        ("q=100+%25", &[6]),
        ("q=wool_socks", &[6]),
        ("q=%25", &[6]),
        ("q=_", &[6]),
        ("q=%5C", &[6]),
        ("q=fence'+OR+1%3D1", &[]),
        ("q=paint&currency=RUB&sort=price", &[2, 1]),
    ] {
        assert_eq!(ids(&reader, query).await, expected, "{query}");
    }
    let board = reader.get("/api/board?currency=RUB").await.expect(200).json();
    let whole = reader.get("/api/board").await.expect(200).json();
    for field in ["history", "revision", "batch", "open_orders"] {
        assert_eq!(board[field], whole[field], "{field}");
    }
    assert_eq!(board["orders"][3], whole["orders"][6]);
    assert!(whole.get("total").is_none(), "the whole board is what it always was");
    world.audit().await;
}

#[tokio::test]
async fn pages_of_a_filtered_board_keep_the_filter() {
    let world = World::new().await;
    let server = world.serve().await;
    for number in 0..45 {
        let currency = if number % 3 == 0 { "USD" } else { "RUB" };
        server.customer(1).place("x", &format!("{}.00", 1 + number % 7), currency).await;
    }
    let reader = server.executor(9).with("x-revision", "45");
    let mut seen: Vec<Value> = Vec::new();
    for page in 1..=2 {
        let path = format!("/api/board?currency=RUB&sort=price&page={page}");
        let board = reader.get(&path).await.expect(200).json();
        assert_eq!(
            (&board["total"], &board["pages"], &board["page"]),
            (&json!(30), &json!(2), &json!(page))
        );
        seen.extend(board["orders"].as_array().unwrap().iter().cloned());
    }
    let key = |order: &Value| {
        let price: f64 = order["price"].as_str().unwrap().parse().unwrap();
        ((price * 100.0) as u64, std::cmp::Reverse(order["id"].as_u64().unwrap()))
    };
    assert!(seen.is_sorted_by_key(key) && seen.len() == 30);
    let beyond = reader.get("/api/board?currency=RUB&sort=price&page=9").await.expect(200).json();
    assert_eq!((&beyond["page"], beyond["orders"].as_array().unwrap().len()), (&json!(2), 10));
    let page = reader.get("/orders?currency=RUB&q=x&sort=").await.expect(200);
    assert_eq!(page.queries(), 1);
    let page = page.text();
    assert!(page.contains("href=\"/orders?currency=RUB&amp;q=x&amp;page=2\""), "{page}");
    assert!(page.contains("30 open orders fit."), "{page}");
    assert!(
        page.contains("data-sieve=\"fetched\"") && page.contains("data-currency=\"RUB\""),
        "{page}"
    );
    // Empty fields of the form are no filter at all.
    let whole = reader.get("/orders?q=&currency=&min=&max=&sort=").await.expect(200).text();
    assert!(!whole.contains("data-sieve") && whole.contains("Filter"), "{whole}");
    world.audit().await;
}

#[tokio::test]
async fn filters_that_make_no_sense_are_named_and_can_be_mended() {
    let (world, server, reader) = world().await;
    for (query, field, rule) in [
        ("currency=XYZ", "currency", "must be one of"),
        ("min=5", "min", "choose a currency"),
        ("max=5", "max", "choose a currency"),
        ("sort=price", "sort", "choose a currency"),
        ("currency=RUB&sort=age", "sort", "newest, price or -price"),
        ("currency=RUB&min=1e3", "min", "without an exponent"),
        ("currency=RUB&min=1,5", "min", "a number"),
        ("currency=JPY&max=1.5", "max", "whole number"),
        ("currency=RUB&min=9&max=8", "max", "below the lowest"),
        ("q=%07", "q", "no control characters"),
        ("currency=RUB&max=0", "max", "more than zero"),
        ("currency=RUB&min=0.000", "min", "2 digits after the point"),
        ("min=0", "min", "choose a currency"),
        ("currency=RUB&min=100000000.01", "min", "at most 100\u{a0}000\u{a0}000"),
        ("q=a+b+c+d+e+f", "q", "Up to 5 words"),
        ("currency=RUB&currency=USD", "currency", "more than once"),
        ("q=a&q=", "q", "more than once"),
        ("q=a&before=7", "before", "not by “before”"),
    ] {
        let problem =
            reader.get(&format!("/api/board?{query}")).await.refused(422, "invalid_field");
        assert_eq!(problem.json()["field"], field, "{query}");
        assert!(problem.text().contains(rule), "{query}: {}", problem.text());
    }
    let russian = reader.with("accept-language", "ru");
    let problem = russian.get("/api/board?q=a+b+c+d+e+f").await.refused(422, "invalid_field");
    assert!(problem.text().contains("не больше чем по 5 словам"), "{}", problem.text());
    let mut browser = Browser::of(&server, "executor", 9).await;
    let page = browser.get("/orders?currency=RUB&max=75,50").await.expect(200).text();
    assert!(page.contains("3 open orders fit.") && page.contains("data-max=\"755000\""), "{page}");
    // Nothing is no limit; below it lies no price, so nothing is left out.
    assert_eq!(ids(&reader, "currency=USD&min=0").await, [6, 5]);
    for stranger in [server.customer(1), server.nobody()] {
        let status = stranger.get("/orders?q=x").await.status;
        assert!([401, 403].contains(&status), "{status}");
    }
    world.audit().await;
}

/// A field's tag on a page.
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let form = page.split_once("id=\"filter\"").expect("the form").1;
    let tag = form.split('<').find(|tag| tag.contains(&format!("name=\"{name}\"")));
    tag.unwrap_or_else(|| panic!("no {name}: {form}"))
}

#[tokio::test]
async fn a_filter_that_is_wrong_comes_back_as_typed_with_the_wrong_field_marked() {
    let (world, server, _reader) = world().await;
    let mut browser = Browser::of(&server, "executor", 9).await;
    let whole = "q=%3Cb%3E&currency=USD&min=1,50&max=75&sort=price";
    for (query, wrong, sentence) in [
        ("q=%3Cb%3E&currency=USD&min=75&max=1,50&sort=price", "max", "below the lowest"),
        ("q=a+b+c+d+e+f&currency=USD&min=1&max=2&sort=price", "q", "Up to 5 words"),
        ("q=x&currency=XYZ&min=1&max=2&sort=price", "currency", "must be one of RUB, USD"),
        ("q=x&currency=USD&min=1&max=0&sort=price", "max", "more than zero"),
        ("q=x&currency=USD&min=cheap&max=2&sort=price", "min", "must be a number"),
        ("q=x&currency=USD&min=1&max=2&sort=age", "sort", "newest, price or -price"),
        ("q=x&currency=&min=1&max=2&sort=price", "min", "choose a currency"),
    ] {
        let page = browser.get(&format!("/orders?{query}")).await.expect(422).text();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
        for (name, value) in &pairs {
            let tag = field(&page, name);
            let marks =
                ["is-invalid", "aria-invalid=\"true\"", "aria-describedby=\"filter-problem\""];
            for mark in marks {
                assert_eq!(tag.contains(mark), name == wrong, "{query}, {name}: {tag}");
            }
            let kept = match name.as_str() {
                "currency" | "sort" => format!("<option value=\"{value}\" selected>"),
                _ => format!("value=\"{}\"", value.replace('<', "&lt;").replace('>', "&gt;")),
            };
            assert!(value.is_empty() || page.contains(&kept), "{query}, {name}: {page}");
        }
        let said = page.split_once("id=\"filter-problem\">").expect("what is wrong").1;
        let said = said.split('<').next().unwrap();
        assert!(said.contains(sentence), "{query}: {said}");
        assert!(page.contains("<details class=\"filter\" open>"), "{page}");
    }
    let right = browser.get(&format!("/orders?{whole}")).await.expect(200).text();
    assert!(!right.contains("is-invalid") && !right.contains("filter-problem"), "{right}");
    // What no field of the form is about is said above it.
    let russian = server.executor(9).with("accept-language", "ru");
    let page = russian.get("/orders?q=x&q=y").await.expect(422).text();
    assert!(page.contains("указано больше одного раза"), "{page}");
    // The old name of a currency is read as the new one, and shown so.
    let page = browser.get("/orders?currency=RUR&max=60").await.expect(200).text();
    assert!(page.contains("<option value=\"RUB\" selected>"), "{page}");
    world.audit().await;
}

#[tokio::test]
async fn a_currency_alone_is_a_board_of_its_own_that_is_kept_like_the_whole_one() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    for number in 0..75 {
        let currency = if number % 3 == 0 { "USD" } else { "RUB" };
        one.customer(1).place("x", "1.00", currency).await;
    }
    let get = async |server: &Server, path: &str, source: &str| {
        let revision = world.revision().await.to_string();
        let reply = server.executor(9).with("x-revision", &revision).get(path).await.expect(200);
        assert_eq!(reply.source(), source, "{path}");
        assert!(reply.queries() <= if source == "mysql" { 2 } else { 0 }, "{path}");
        reply
    };
    for (rubles, dollars) in [(50, 25), (51, 25), (51, 26)] {
        for (path, code, total) in
            [("currency=RUB", "RUB", rubles), ("currency=USD&page=2", "USD", dollars)]
        {
            let path = format!("/api/board?{path}");
            let board = get(&one, &path, "mysql").await.json();
            assert_eq!(
                (&board["total"], &board["open_orders"]),
                (&json!(total), &json!(rubles + dollars))
            );
            assert_eq!(get(&one, &path, "memory").await.json(), board);
            assert_eq!(get(&other, &path, "memcached").await.json(), board);
            let orders = board["orders"].as_array().unwrap();
            assert!(orders.iter().all(|order| order["currency"] == code), "{board}");
        }
        // A currency's page is never another one's, nor the whole board's.
        let whole = get(&one, "/api/board", "mysql").await.json();
        assert!(whole.get("total").is_none() && whole["open_orders"] == rubles + dollars);
        let page = get(&other, "/orders?currency=RUB", "memory").await.text();
        assert!(page.contains(&format!("{rubles} open orders fit.")), "{page}");
        assert!(page.contains("data-sieve=\"plain\"") && !page.contains("data-currency=\"USD\""));
        assert!(page.contains("href=\"/orders?currency=RUB&amp;page=3\""), "{page}");
        let next = if rubles == 50 { "RUB" } else { "USD" };
        one.customer(1).place("x", "1.00", next).await;
    }
    // Whatever was typed besides, and leaves nothing out, stays in the form and in the links.
    let page = get(&one, "/orders?currency=USD&sort=newest&per_page=20", "mysql").await.text();
    assert!(page.contains("href=\"/orders?currency=USD&amp;sort=newest&amp;page=2\""), "{page}");
    let all = get(&one, "/orders?sort=newest", "mysql").await.text();
    assert!(all.contains("78 open orders fit."), "{all}");
    // From page to page by the last id that was seen.
    let (mut seen, mut before) = (Vec::new(), u64::MAX >> 32);
    loop {
        let path = format!("/api/board?currency=RUB&before={before}");
        let part: Vec<u64> = ids_of(&get(&one, &path, "mysql").await.json());
        let Some(&last) = part.last() else { break };
        seen.extend(part);
        before = last;
    }
    assert!(seen.len() == 51 && seen.is_sorted_by(|one, next| one > next), "{seen:?}");
    // What is taken leaves it, what is edited stays, and an empty one has a page, too.
    one.executor(9).accept(seen[0]).await.expect(201);
    one.customer(1).edit(seen[1], json!({"price": "7.00"})).await.expect(200);
    let board = get(&other, "/api/board?currency=RUB", "mysql").await.json();
    assert_eq!((&board["total"], &board["orders"][0]["id"]), (&json!(50), &json!(seen[1])));
    assert_eq!(board["orders"][0]["price"], "7.00");
    let none = get(&other, "/api/board?currency=JPY", "mysql").await.json();
    assert_eq!((&none["total"], &none["pages"]), (&json!(0), &json!(1)));
    // A server that starts now knows as much.
    let fresh = world.serve().await;
    assert_eq!(get(&fresh, "/api/board?currency=RUB", "memcached").await.json(), board);
    world.audit().await;
}

#[tokio::test]
async fn whoever_would_wait_too_long_for_a_search_is_told_to_come_again() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(1).place("Paint the fence", "1.00", "RUB").await;
    world.counted().await;
    let reader = server.executor(9);
    // In memory, before the database is held up.
    reader.get("/orders?currency=RUB").await.expect(200);
    let mut holder = world.interactions().await;
    holder.execute("LOCK TABLES orders WRITE").await.expect("a lock");
    let search = |number: usize| {
        let api = number.is_multiple_of(2);
        let path = if api { "/api/board?q=fence" } else { "/orders?q=fence" };
        let reader = reader.clone();
        async move { (api, reader.get(path).await) }
    };
    let mut searches: FuturesUnordered<_> = (0..6).map(search).collect();
    for _ in 0..4 {
        let (api, reply) = searches.next().await.expect("a reply");
        let reply = if api { reply.refused(503, "overloaded") } else { reply.expect(503) };
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(reply.queries(), 0);
        if !api {
            let page = reply.text();
            assert!(
                page.contains("value=\"fence\"") && page.contains("There is more to do"),
                "{page}"
            );
        }
    }
    // A board of its own takes no turn.
    assert_eq!(reader.get("/orders?currency=RUB").await.expect(200).source(), "memory");
    holder.execute("UNLOCK TABLES").await.expect("none");
    while let Some((_, reply)) = searches.next().await {
        reply.expect(200);
    }
    world.audit().await;
}

fn ids_of(board: &Value) -> Vec<u64> {
    let orders = board["orders"].as_array().expect("orders");
    orders.iter().map(|order| order["id"].as_u64().expect("an id")).collect()
}
