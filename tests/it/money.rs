//! Prices as people and programs write them: exact to the last digit, or refused by name.

use serde_json::{Value, json};

use crate::support::{Browser, World, hidden_field};

/// Price as written, currency; price, fee and payout as answered.
const EXACT: [(&str, &str, [&str; 3]); 10] = [
    ("19.99", "RUB", ["19.99", "0.3998", "19.5902"]),
    ("0.01", "RUB", ["0.01", "0.0002", "0.0098"]),
    ("0.29", "RUB", ["0.29", "0.0058", "0.2842"]),
    ("100", "USD", ["100.00", "2.00", "98.00"]),
    ("1299.95", "EUR", ["1299.95", "25.999", "1273.951"]),
    ("99999999.99", "RUB", ["99999999.99", "1999999.9998", "97999999.9902"]),
    ("100000000.00", "RUB", ["100000000.00", "2000000.00", "98000000.00"]),
    ("500", "JPY", ["500", "10", "490"]),
    ("1", "JPY", ["1", "0.02", "0.98"]),
    ("7.5", "RUR", ["7.50", "0.15", "7.35"]),
];

#[track_caller]
fn assert_amounts(row: &Value, expected: [&str; 3]) {
    let found = ["price", "fee", "payout"].map(|field| row[field].as_str().unwrap_or_default());
    assert_eq!(found, expected, "{row}");
}

#[tokio::test]
async fn prices_are_exact_through_the_api() {
    let world = World::new().await;
    let server = world.serve().await;
    for (price, currency, expected) in EXACT {
        let order = server.customer(1).place("x", price, currency).await;
        assert_amounts(&order, expected);
        assert_eq!(order["currency"], currency.replace("RUR", "RUB"));
        let id = order["id"].as_u64().unwrap();
        let again = server.executor(2).get(&format!("/api/orders/{id}")).await.expect(200).json();
        assert_eq!(again, order);
        let contract = server.executor(2).accept(id).await.expect(201).json()["contract"].clone();
        assert_amounts(&contract, expected);
        assert_eq!(contract["currency"], order["currency"]);
    }
    world.audit().await;
}

#[tokio::test]
async fn prices_are_exact_through_the_form_as_people_write_them() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut browser = Browser::of(&server, "customer", 1).await;
    let forms = [
        ("1 299,95", "EUR", ["1299.95", "25.999", "1273.951"]),
        ("1\u{a0}299,95", "EUR", ["1299.95", "25.999", "1273.951"]),
        ("99,95", "RUB", ["99.95", "1.999", "97.951"]),
        ("12 345 678,90", "RUB", ["12345678.90", "246913.578", "12098765.322"]),
    ];
    for (price, currency, expected) in EXACT.into_iter().chain(forms) {
        let page = browser.get("/my/orders").await.expect(200).text();
        let key = hidden_field(&page, "request_id");
        let fields = [
            ("description", "x"),
            ("price", price),
            ("currency", currency),
            ("request_id", key.as_str()),
        ];
        browser.submit_and_follow("/orders", &fields).await.expect(200);
        let mine = server.customer(1).get("/api/my/orders").await.expect(200).json();
        assert_amounts(&mine["rows"][0], expected);
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM orders").await, 14);
    world.audit().await;
}

#[tokio::test]
async fn what_is_no_price_is_refused_by_name_and_changes_nothing() {
    let world = World::new().await;
    let server = world.serve().await;
    let customer = server.customer(1);
    customer.place("the only one", "1.00", "RUB").await;
    let before = server.admin().get("/api/board").await.expect(200).json();

    let texts = [
        "",
        " ",
        "0",
        "0.00",
        "-1",
        "+1",
        "1e3",
        "1E3",
        "0.001",
        "1.234",
        "NaN",
        "Infinity",
        "inf",
        "１２３",
        "٣",
        "0x10",
        "1_000",
        "1,5",
        "1 299.95",
        "1 299,95",
        "1.2.3",
        ".",
        "ten",
        "100000000.01",
        "99999999999999999999999999999999999999",
        "9223372036854775807",
        "12\u{0}",
        "½",
    ];
    let values = texts.map(Value::from).into_iter().chain([
        json!(5),
        json!(19.99),
        json!(true),
        json!(null),
        json!(["1"]),
        json!({"amount": "1"}),
    ]);
    for price in values {
        let body = json!({"description": "x", "price": price, "currency": "RUB"});
        let problem = customer.post("/api/orders", body).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], "price", "{price}: {problem}");
    }
    for (price, currency) in [("5.5", "JPY"), ("100000001", "JPY"), ("0", "JPY"), ("0.001", "USD")]
    {
        let body = json!({"description": "x", "price": price, "currency": currency});
        let problem = customer.post("/api/orders", body).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], "price", "{price} {currency}: {problem}");
    }
    for currency in ["", "XXX", "XAU", "GBP", "rub", "RUBLE", " RUB", "₽"].map(Value::from) {
        let body = json!({"description": "x", "price": "1.00", "currency": currency});
        let problem = customer.post("/api/orders", body).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], "currency", "{currency}: {problem}");
    }
    let whole = json!({"description": "x", "price": "1.00", "currency": "RUB"});
    for field in ["description", "price", "currency"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(field);
        let problem = customer.post("/api/orders", body).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], field, "{problem}");
        let mut body = whole.clone();
        body[field] = json!(1);
        let problem = customer.post("/api/orders", body).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], field, "{problem}");
    }

    let after = server.admin().get("/api/board").await.expect(200).json();
    assert_eq!(after, before);
    world.audit().await;
}

#[tokio::test]
async fn a_form_that_is_refused_keeps_what_was_typed_and_says_what_is_wrong() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut browser = Browser::of(&server, "customer", 1).await;
    for (price, sentence) in [
        ("", "Please say what you pay."),
        ("-1", "The price must not have a plus or minus sign."),
        ("1e3", "The price must be written out, without an exponent."),
        ("0,001", "The price may have 2 digits after the point in this currency."),
        ("0", "The price must be more than zero."),
        ("NaN", "The price must be a number such as 99.95."),
        ("１２", "The price must be a number such as 99.95."),
        ("100 000 000,01", "The price must be at most 100\u{a0}000\u{a0}000.00 RUB."),
    ] {
        let fields =
            [("description", "kept <b>as</b> typed"), ("price", price), ("currency", "RUB")];
        let page = browser.submit("/orders", &fields).await.expect(422).text();
        assert!(page.contains(sentence), "{price}: {page}");
        assert!(page.contains("kept &lt;b&gt;as&lt;/b&gt; typed"), "{page}");
        assert!(page.contains(&format!("value=\"{price}\"")), "{page}");
    }
    assert_eq!(world.revision().await, 0);
    world.audit().await;
}

#[tokio::test]
async fn the_percentage_and_the_maximum_are_settings_and_stay_with_the_order() {
    let world = World::new().await;
    let settings =
        [("COMMISSION_PERCENT", "15"), ("MAX_ORDER_COST", "50.00"), ("CURRENCIES", "KWD,JPY")];
    let mut server = world.serve_with(&settings).await;
    let order = server.customer(1).place("x", "1.234", "KWD").await;
    assert_amounts(&order, ["1.234", "0.1851", "1.0489"]);
    for (price, currency, field) in [
        ("50.001", "KWD", "price"),
        ("1.2345", "KWD", "price"),
        ("51", "JPY", "price"),
        ("1.00", "RUB", "currency"),
    ] {
        let body = json!({"description": "x", "price": price, "currency": currency});
        let reply = server.customer(1).post("/api/orders", body).await;
        assert_eq!(reply.refused(422, "invalid_field").json()["field"], field);
    }
    server.stop().await;

    let free = world.serve_with(&[("COMMISSION_PERCENT", "0")]).await;
    let contract = free.executor(2).accept(1).await.expect(201).json()["contract"].clone();
    assert_amounts(&contract, ["1.234", "0.1851", "1.0489"]);
    let order = free.customer(1).place("x", "1.00", "RUB").await;
    assert_amounts(&order, ["1.00", "0.00", "1.00"]);
    world.audit().await;
}
