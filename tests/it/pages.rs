//! Pages for people without JavaScript: who may see which, what they say after an action, and what
//! every one of them carries along.

use http::Method;
use serde_json::json;

use crate::support::{Browser, Client, Reply, World, hidden_field};

/// Pages and who may see them: customer, executor, admin.
const PAGES: [(&str, [bool; 3]); 16] = [
    ("/orders", [false, true, true]),
    ("/orders?page=2", [false, true, true]),
    ("/orders/1", [true, true, true]),
    ("/my/orders", [true, false, false]),
    ("/my/contracts", [true, true, false]),
    ("/contracts/1", [true, true, true]),
    ("/profile", [true, true, false]),
    ("/admin", [false, false, true]),
    ("/admin/orders", [false, false, true]),
    ("/admin/contracts", [false, false, true]),
    ("/admin/customers", [false, false, true]),
    ("/admin/executors", [false, false, true]),
    ("/api/board", [false, true, true]),
    ("/api/my/orders", [true, false, false]),
    ("/api/admin/summary", [false, false, true]),
    ("/api/profile", [true, true, false]),
];

#[track_caller]
fn assert_guarded(reply: &Reply) {
    let policy = reply.header("content-security-policy");
    for rule in ["default-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "form-action"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(!reply.header("referrer-policy").is_empty());
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    if reply.header("content-type").starts_with("text/html") {
        let page = reply.text();
        assert!(!page.contains("<style") && !page.contains(" style="), "no inline style: {page}");
        assert!(
            !page.contains("<script>") && !page.contains(" onclick"),
            "no inline script: {page}"
        );
        assert!(page.contains("This is a demo"), "{page}");
    }
}

#[tokio::test]
async fn every_page_answers_its_roles_and_nobody_else() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(1).place("x", "10.00", "RUB").await;
    server.executor(9).accept(1).await.expect(201);
    let readers = [server.customer(1), server.executor(9), server.admin()];
    for (path, allowed) in PAGES {
        for (reader, allowed) in readers.iter().zip(allowed) {
            let reply = reader.get(path).await.expect(if allowed { 200 } else { 403 });
            assert_guarded(&reply);
            if allowed {
                assert!(
                    !reply.source().is_empty() && reply.header("server-timing").contains("db;")
                );
            }
        }
        let reply = server.nobody().get(path).await.expect(401);
        assert_guarded(&reply);
        if path.starts_with("/api/") {
            reply.refused(401, "unauthenticated");
        }
    }
    let welcome = server.nobody().get("/").await.expect(200);
    assert_guarded(&welcome);
    assert!(welcome.text().contains("Be customer 1"));
    for (reader, home) in readers.iter().zip(["/my/orders", "/orders", "/admin"]) {
        assert_eq!(reader.get("/").await.expect(303).header("location"), home);
    }
    world.audit().await;
}

#[tokio::test]
async fn a_day_at_the_board_without_javascript() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut customer = Browser::of(&one, "customer", 1).await;
    let page = customer.get("/my/orders").await.expect(200).text();
    assert!(page.contains("You are now somebody else."), "{page}");
    assert!(page.contains("You have not placed an order yet."), "{page}");
    let key = hidden_field(&page, "request_id");
    let fields = [
        ("request_id", key.as_str()),
        ("description", "Paint the fence"),
        ("price", "1 299,95"),
        ("currency", "RUB"),
    ];
    let page = customer.submit_and_follow("/orders", &fields).await.expect(200).text();
    assert!(page.contains("Order #1 placed."), "{page}");
    assert!(page.contains("id=\"order-1\"") && page.contains("Paint the fence"), "{page}");
    assert!(page.contains("1,299.95 <small>RUB</small>"), "{page}");
    let page = customer.get("/my/orders").await.expect(200).text();
    assert!(!page.contains("Order #1 placed."), "it is said once: {page}");

    let mut winner = Browser::of(&one, "executor", 9).await;
    let mut loser = Browser::of(&other, "executor", 8).await;
    for browser in [&mut winner, &mut loser] {
        let page = browser.get("/orders").await.expect(200).text();
        assert!(page.contains("formaction=\"/orders/1/accept\""), "{page}");
    }
    let page = winner.submit_and_follow("/orders/1/accept", &[]).await.expect(200).text();
    assert!(page.contains("Order #1 is yours. It is now contract #1."), "{page}");
    assert!(page.contains("id=\"contract-1\"") && page.contains("1,273.951"), "{page}");
    let page = loser.submit_and_follow("/orders/1/accept", &[]).await.expect(200).text();
    assert!(page.contains("Somebody was faster: order #1 is taken."), "{page}");
    assert!(!page.contains("id=\"order-1\""), "{page}");
    // Pressed again by who holds it: nothing new, and no complaint.
    let page = winner.submit_and_follow("/orders/1/accept", &[]).await.expect(200).text();
    assert!(page.contains("Order #1 is yours."), "{page}");

    let page = customer.submit_and_follow("/orders/1/withdraw", &[]).await.expect(200).text();
    assert!(page.contains("Order #1 is no longer open."), "{page}");
    let page = customer.get("/my/contracts").await.expect(200).text();
    assert!(page.contains("id=\"contract-1\""), "{page}");
    let fields = [("description", "Never mind"), ("price", "5"), ("currency", "JPY")];
    customer.submit_and_follow("/orders", &fields).await.expect(200);
    let page = customer.submit_and_follow("/orders/2/withdraw", &[]).await.expect(200).text();
    assert!(page.contains("Order #2 withdrawn."), "{page}");

    customer.submit_and_follow("/orders", &fields).await.expect(200);
    customer.switch("executor", 1).await;
    let page = customer.submit_and_follow("/orders/3/accept", &[]).await.expect(200).text();
    assert!(page.contains("Order #3 is your own: you cannot accept it."), "{page}");
    customer.submit("/orders/99/accept", &[]).await.expect(404);
    world.audit().await;
}

#[tokio::test]
async fn who_is_asking_must_be_lawful_and_headers_win() {
    let world = World::new().await;
    let server = world.serve().await;
    for (role, id) in [
        ("nonsense", "1"),
        ("Customer", "1"),
        ("", "1"),
        ("customer", ""),
        ("customer", "0"),
        ("customer", "-1"),
        ("customer", "+1"),
        ("customer", "1.0"),
        ("customer", "2147483648"),
        ("customer", "99999999999999999999"),
        ("customer", "one"),
        ("customer", "1;2"),
        ("admin", "x"),
    ] {
        let client = server.as_user(role, id);
        client.get("/api/my/orders").await.refused(401, "unauthenticated");
        client.get("/my/orders").await.expect(401);
        client.get("/").await.expect(401);
        let body = json!({"description": "x", "price": "1.00", "currency": "RUB"});
        client.post("/api/orders", body).await.refused(401, "unauthenticated");
    }
    server.nobody().with("x-user-type", "customer").get("/api/profile").await.expect(401);
    server.nobody().with("x-user-id", "1").get("/api/profile").await.expect(401);
    server.as_user("customer", "2147483647").get("/api/profile").await.expect(200);
    server.as_user("admin", "7").get("/api/admin/summary").await.expect(200);

    let browser = Browser::of(&server, "customer", 1).await;
    browser.client().get("/api/my/orders").await.expect(200);
    let executor = browser.client().with("x-user-type", "executor").with("x-user-id", "9");
    executor.get("/api/my/orders").await.refused(403, "forbidden");
    browser.client().with("x-user-type", "nonsense").get("/api/my/orders").await.expect(401);

    let mut nobody = Browser::new(&server);
    for (role, id) in [("nonsense", "1"), ("customer", "0"), ("customer", "x"), ("", "")] {
        nobody.submit("/session", &[("user_type", role), ("user_id", id)]).await.expect(400);
    }
    nobody.submit("/session", &[("user_id", "1")]).await.expect(422);
    assert_eq!(nobody.cookie("orderboard_who"), None);
    assert_eq!(world.revision().await, 0);
    world.audit().await;
}

#[tokio::test]
async fn what_another_site_sends_is_refused() {
    let world = World::new().await;
    let server = world.serve_with(&[("ALLOWED_ORIGINS", "https://board.example")]).await;
    let mut browser = Browser::of(&server, "customer", 1).await;
    server.customer(1).place("x", "10.00", "RUB").await;
    let revision = world.revision().await;
    let own = format!("http://{}", server.address);
    let foreign = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("origin", "https://board.example:8443"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    let fields = [("description", "x"), ("price", "1.00"), ("currency", "RUB")];
    for (header, value) in foreign {
        let client = browser.client().with(header, value);
        for path in ["/orders", "/orders/1/withdraw", "/session"] {
            client.post_form(path, &fields).await.expect(403);
        }
        let api = server.customer(1).with(header, value);
        api.withdraw(1).await.refused(403, "forbidden");
        // Looking is allowed: browsers do not let other sites read it.
        client.get("/my/orders").await.expect(200);
    }
    assert_eq!(world.revision().await, revision);
    for (header, value) in [
        ("origin", own.as_str()),
        ("origin", "https://board.example"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ] {
        browser.set(header, value);
        browser.submit("/orders", &fields).await.expect(303);
        browser = Browser::of(&server, "customer", 1).await;
    }
    world.audit().await;
}

#[tokio::test]
async fn a_strangers_host_name_is_not_answered() {
    let world = World::new().await;
    let server = world.serve_with(&[("ALLOWED_ORIGINS", "https://board.example")]).await;
    let executor = |host: &str| server.executor(9).with("host", host);
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", ""]
    {
        executor(host).get("/api/board").await.refused(400, "bad_request");
        executor(host).get("/orders").await.expect(400);
        executor(host).accept(1).await.refused(400, "bad_request");
    }
    for host in
        ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1", "[::1]:80", "board.example"]
    {
        executor(host).get("/api/board").await.expect(200);
    }
    world.audit().await;
}

#[tokio::test]
async fn what_is_not_there_and_what_does_not_work_that_way_is_said_so() {
    let world = World::new().await;
    let server = world.serve().await;
    let executor = server.executor(9);
    for path in ["/nothing", "/orders/x", "/orders/1/nothing", "/orders/-1", "/my", "/assets/x.js"]
    {
        let page = executor.get(path).await.expect(404);
        assert_guarded(&page);
        assert!(page.text().contains("Nothing here"), "{}", page.text());
    }
    for path in ["/api", "/api/nothing", "/api/orders/1/nothing", "/api/orders/x"] {
        executor.get(path).await.refused(404, "not_found");
    }
    let send = async |method: Method, path: &str| executor.send(method, path, "", "").await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        send(method.clone(), "/api/orders/1").await.refused(405, "method_not_allowed");
        assert_guarded(&send(method, "/orders").await.expect(405));
    }
    send(Method::GET, "/api/orders/1/accept").await.refused(405, "method_not_allowed");
    send(Method::GET, "/session").await.expect(405);
    send(Method::POST, "/api/board").await.refused(405, "method_not_allowed");
    let head = send(Method::HEAD, "/orders").await.expect(200);
    assert!(head.body.is_empty());

    let asset = |page: &str, name: &str| {
        let (_, rest) = page.split_once(&format!("/assets/{name}")).expect(name);
        format!("/assets/{name}{}", rest.split('"').next().unwrap())
    };
    let page = executor.get("/orders").await.expect(200).text();
    for (name, kind) in [("app.css", "text/css"), ("live.js", "text/javascript")] {
        let reply = server.nobody().get(&asset(&page, name)).await.expect(200);
        assert!(reply.header("content-type").starts_with(kind));
        assert!(reply.header("cache-control").contains("immutable"));
    }
    world.audit().await;
}

#[tokio::test]
async fn health_and_readiness_are_for_anybody() {
    let world = World::new().await;
    let server = world.serve().await;
    assert_eq!(server.nobody().get("/healthz").await.expect(200).text(), "ok\n");
    let ready = server.nobody().get("/readyz").await.expect(200).json();
    for (part, state) in [
        ("ready", json!(true)),
        ("interactions", json!("up")),
        ("users", json!("up")),
        ("redis", json!("up")),
        ("memcached", json!("up")),
    ] {
        assert_eq!(ready[part], state, "{ready}");
    }
    world.audit().await;
}

/// The switcher stands on every page, also on those that say no: that is the way out.
#[tokio::test]
async fn a_page_that_says_no_offers_the_switcher() {
    let world = World::new().await;
    let server = world.serve().await;
    let clients: [Client; 2] = [server.nobody(), server.customer(1)];
    for client in clients {
        let page = client.get("/admin").await.text();
        assert!(
            page.contains("action=\"/session\"") && page.contains("name=\"user_type\""),
            "{page}"
        );
    }
    let mut browser = Browser::of(&server, "customer", 1).await;
    browser.get("/admin").await.expect(403);
    browser.switch("admin", 1).await;
    browser.get("/admin").await.expect(200);
    world.audit().await;
}

#[tokio::test]
async fn admins_find_things_by_their_numbers() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(7).place("x", "10.00", "RUB").await;
    server.executor(9).accept(1).await.expect(201);
    world.counted().await;
    let mut admin = Browser::of(&server, "admin", 1).await;
    for (path, to, says) in [
        ("/admin/orders?id=1", "/orders/1", "Order #1"),
        ("/admin/orders?id=%231", "/orders/1", "Order #1"),
        ("/admin/contracts?id=+1+", "/contracts/1", "Contract #1"),
        ("/admin/customers?id=7", "/admin/customers/7", "Customer #7"),
        ("/admin/executors?id=9", "/admin/executors/9", "Executor #9"),
    ] {
        let reply = admin.get(path).await.expect(303);
        assert_eq!(reply.header("location"), to);
        let page = admin.get(to).await.expect(200).text();
        assert!(page.contains(says), "{page}");
    }
    for path in ["/admin/orders?id=2", "/admin/contracts?id=x", "/admin/customers?id=9"] {
        let page = admin.get(path).await.expect(200).text();
        assert!(page.contains("There is no number"), "{page}");
    }
    let page = admin.get("/admin/customers").await.expect(200).text();
    assert!(page.contains("href=\"/admin/customers/7\""), "{page}");
    admin.get("/admin/executors/7").await.expect(404);
    server.customer(7).get("/admin/customers/7").await.expect(403);
    world.audit().await;
}
