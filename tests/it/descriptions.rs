//! Descriptions that mean harm, or only look like it: they come back as typed on every way out, and
//! do nothing on any of them.

use serde_json::{Value, json};

use crate::support::{Browser, Format, Watcher, World, escaped};

const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "</textarea></td></tr></table><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" '",
    "'; DROP TABLE orders; --",
    "\\'; DELETE FROM journal; -- \\\\ \\0 \\x00 \\u0000 %00",
    "x', 1, 2); COMMIT; --",
    "&lt;b&gt; &amp;amp; &#60;",
    "🔧👩\u{200d}🔧 🇦🇶 e\u{301} \u{feff}\u{200b}zero",
    "\u{202e}right to left\u{202c} \u{2066}שלום\u{2069} \u{200f}مرحبا",
    "  two before,\ttab,\n\nlines, and two after  ",
    "{\"more\":true}]}\u{2028}\u{2029}",
    "${jndi:ldap://x} {{7*7}} %s %n <!-- --> ]]>",
];

#[tokio::test]
async fn hostile_descriptions_come_back_as_typed_and_harmless_everywhere() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut json_watcher = Watcher::of_board(&server.executor(9), Format::Json).await;
    let mut html_watcher = Watcher::of_board(&server.executor(9), Format::Html).await;
    let mut executor = Browser::of(&server, "executor", 9).await;
    for text in HOSTILE {
        let placed = server.customer(1).place(text, "1.00", "RUB").await;
        assert_eq!(placed["description"], text);
        let id = placed["id"].as_u64().unwrap();

        let path = format!("/api/orders/{id}");
        let one = server.executor(9).get(&path).await.expect(200).json();
        assert_eq!(one["description"], text);
        let board = server.executor(9).get("/api/board").await.expect(200).json();
        assert_eq!(board["orders"][0]["description"], text);
        json_watcher.wait_until("the order arrives", |model| model.board.contains_key(&id)).await;
        assert_eq!(json_watcher.model.board[&id], board["orders"][0]);

        html_watcher.wait_until("its row arrives", |model| model.board.contains_key(&id)).await;
        let row = html_watcher.model.board[&id]["row"].as_str().unwrap().to_owned();
        assert_harmless(&row, text);
        let page = executor.get("/orders").await.expect(200).text();
        assert!(page.contains(&row), "the page shows the same row as the stream");
        assert_harmless(&executor.get(&format!("/orders/{id}")).await.expect(200).text(), text);
    }
    let mut customer = Browser::of(&server, "customer", 1).await;
    let page = customer.get("/my/orders").await.expect(200).text();
    for text in HOSTILE {
        assert_harmless(&page, text);
    }
    let contract = server.executor(9).accept(1).await.expect(201).json()["contract"].clone();
    assert_eq!(contract["description"], HOSTILE[0]);
    for path in ["/my/contracts", "/contracts/1"] {
        assert_harmless(&executor.get(path).await.expect(200).text(), HOSTILE[0]);
    }
    world.audit().await;
}

#[track_caller]
fn assert_harmless(page: &str, text: &str) {
    assert!(page.contains(&escaped(text)), "{text:?} is not in {page}");
    assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{page}");
    assert!(!page.contains("onmouseover=\"alert"), "{page}");
}

#[tokio::test]
async fn a_form_brings_the_same_text_with_its_line_ends_made_one() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut browser = Browser::of(&server, "customer", 1).await;
    for text in HOSTILE.into_iter().chain(["one\r\ntwo\r\n\r\nfour"]) {
        let typed = text.replace("\r\n", "\n").replace('\n', "\r\n");
        let fields = [("description", typed.as_str()), ("price", "1,00"), ("currency", "RUB")];
        browser.submit_and_follow("/orders", &fields).await.expect(200);
        let mine = server.customer(1).get("/api/my/orders").await.expect(200).json();
        assert_eq!(mine["rows"][0]["description"], text.replace("\r\n", "\n"));
    }
    world.audit().await;
}

#[tokio::test]
async fn a_long_description_is_whole_by_itself_and_cut_in_boards_tables_and_feeds() {
    let world = World::new().await;
    let server = world.serve().await;
    let (customer, executor) = (server.customer(1), server.executor(9));
    let mut watcher = Watcher::of_board(&executor, Format::Json).await;
    let texts = ["🔧".repeat(8000), "\"".repeat(8000), "я".repeat(281), "x".repeat(280)];
    for text in &texts {
        let id = customer.place(text, "1.00", "RUB").await["id"].as_u64().unwrap();
        let one = executor.get(&format!("/api/orders/{id}")).await.expect(200).json();
        assert_eq!(one["description"].as_str(), Some(text.as_str()));
        assert_eq!(one.get("cut"), None);

        let cut: String = text.chars().take(280).collect();
        let is_cut = text.chars().count() > 280;
        let assert_cut = |row: &Value| {
            assert_eq!(row["description"].as_str(), Some(cut.as_str()));
            assert_eq!(row.get("cut"), is_cut.then_some(&json!(true)));
        };
        assert_cut(&executor.get("/api/board").await.expect(200).json()["orders"][0]);
        assert_cut(&customer.get("/api/my/orders").await.expect(200).json()["rows"][0]);
        assert_cut(&server.admin().get("/api/admin/orders").await.expect(200).json()["rows"][0]);
        watcher.wait_until("the order arrives", |model| model.board.contains_key(&id)).await;
        assert_cut(&watcher.model.board[&id]);

        let contract = executor.accept(id).await.expect(201).json()["contract"].clone();
        assert_eq!(contract["description"].as_str(), Some(text.as_str()));
        let path = format!("/api/contracts/{}", contract["id"]);
        assert_eq!(executor.get(&path).await.expect(200).json(), contract);
        assert_cut(&executor.get("/api/my/contracts").await.expect(200).json()["rows"][0]);
        watcher
            .wait_until("so does the contract", |model| model.contracts.len() as u64 == id)
            .await;
        assert_cut(&watcher.model.contracts[&id]);
    }
    world.audit().await;
}

#[tokio::test]
async fn bad_descriptions_are_refused_by_name_and_change_nothing() {
    let world = World::new().await;
    let server = world.serve().await;
    let customer = server.customer(1);
    let too_long = ["x".repeat(8001), "🔧".repeat(8001)];
    let bad = [
        "",
        " ",
        "\n\t\r\n",
        "\u{a0}\u{3000}\u{2003}",
        "a\0b",
        "a\rb",
        "\u{1b}[31mred",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{8}",
        &too_long[0],
        &too_long[1],
    ];
    for text in bad {
        let body = json!({"description": text, "price": "1.00", "currency": "RUB"});
        let problem = customer.post("/api/orders", body).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], "description", "{problem}");
    }
    for value in [json!(null), json!(1), json!(["x"]), json!({"text": "x"}), json!(false)] {
        let body = json!({"description": value, "price": "1.00", "currency": "RUB"});
        let problem = customer.post("/api/orders", body).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], "description", "{problem}");
    }
    assert_eq!(world.revision().await, 0);
    world.audit().await;
}

#[tokio::test]
async fn bodies_that_are_too_large_or_no_json_are_refused_as_a_whole() {
    let world = World::new().await;
    let server = world.serve().await;
    let customer = server.customer(1);
    let post = http::Method::POST;
    for size in [256 * 1024 + 1, 300_000, 2_000_000] {
        let body = vec![b'x'; size];
        let reply = customer.send(post.clone(), "/api/orders", "application/json", body).await;
        reply.refused(413, "too_large");
    }
    let mut browser = Browser::of(&server, "customer", 1).await;
    let long = "x".repeat(300_000);
    let page = browser.submit("/orders", &[("description", &long)]).await.expect(413).text();
    assert!(page.contains("That is more than can be sent at once."), "{page}");

    let malformed: [&[u8]; 9] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"text\"",
        b"{\"description\":\"x\",}",
        b"description=x&price=1.00&currency=RUB",
        b"{\"description\":\"\xff\",\"price\":\"1.00\",\"currency\":\"RUB\"}",
        b"{\"description\":\"\\ud800\",\"price\":\"1.00\",\"currency\":\"RUB\"}",
    ];
    for body in malformed {
        let reply = customer.send(post.clone(), "/api/orders", "application/json", body).await;
        reply.refused(400, "bad_request");
    }
    assert_eq!(world.revision().await, 0);
    world.audit().await;
}
