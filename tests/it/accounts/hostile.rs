//! Whoever guesses, forges or asks for more than they may.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::Method;
use orderboard::routes;
use serde_json::json;

use super::shown_to;
use crate::support::{Browser, PASSWORD, Person, Server, Watcher, World};

#[tokio::test]
async fn nobody_learns_whether_a_name_exists() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    Person::sign_up(&server, "Ann", "customer").await;
    let mut seen = BTreeSet::new();
    let long = "n".repeat(5000);
    for name in ["Ann", "ann", "nobody", "\u{430}nn", "x", "'; DROP TABLE accounts; --", &long] {
        let before = server.measure("passwords_hashed_total").await;
        let fields = [("name", name), ("password", "not hers at all")];
        let reply = server.nobody().post_form("/log-in", &fields).await.expect(401);
        let hashed = server.measure("passwords_hashed_total").await - before;
        assert_eq!(hashed, 1.0, "each costs one hash, and no more: {name:?}");
        let typed = format!("value=\"{}\"", crate::support::escaped(name));
        let text = reply.text().replace(&typed, "");
        let headers: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
        seen.insert((text, headers));
    }
    assert_eq!(seen.len(), 1, "all are answered alike: {seen:#?}");
    world.audit().await;
}

#[tokio::test]
async fn passwords_are_tried_only_so_often_for_a_name_and_from_an_address_on_all_servers() {
    let world = World::new().await;
    let limits = [
        ("AUTH", "accounts"),
        ("MAX_LOG_INS_PER_NAME", "4"),
        ("MAX_LOG_INS_PER_ADDRESS", "12"),
        ("MAX_SIGN_UPS_PER_ADDRESS", "2"),
    ];
    let (one, other) = tokio::join!(world.serve_with(&limits), world.serve_with(&limits));
    let from = |server: &Server, address: &str| server.nobody().with("x-forwarded-for", address);
    let sign_up = |client: crate::support::Client, name: &'static str| async move {
        let fields = [("name", name), ("password", PASSWORD), ("roles", "customer")];
        client.post_form("/sign-up", &fields).await
    };
    sign_up(from(&one, "192.0.2.1"), "Ann").await.expect(303);
    sign_up(from(&other, "192.0.2.1"), "bob").await.expect(303);
    let refused = sign_up(from(&one, "192.0.2.1"), "cid").await.expect(429);
    assert!(refused.text().contains("from your network today"));
    sign_up(from(&one, "192.0.2.2"), "cid").await.expect(303);

    // Known or not, a name is tried four times, in whatever case and from wherever.
    for name in ["Ann", "Nobody"] {
        for (number, server) in [&one, &other, &one, &other].into_iter().enumerate() {
            let client = from(server, &format!("198.51.100.{number}"));
            let name = if number % 2 == 0 { name.to_lowercase() } else { name.to_owned() };
            client
                .post_form("/log-in", &[("name", &*name), ("password", "guess")])
                .await
                .expect(401);
        }
        for server in [&one, &other] {
            let client = from(server, "203.0.113.1");
            let reply =
                client.post_form("/log-in", &[("name", name), ("password", PASSWORD)]).await;
            let wait: u64 = reply.header("retry-after").parse().expect("seconds");
            assert!(wait <= 900 && reply.expect(429).text().contains("Too many passwords"));
        }
    }
    // Many names from one address: the fifth's password is right, and is tried no more.
    let client = from(&one, "203.0.113.9");
    for number in 0..12 {
        let name = format!("guess{number}");
        client.post_form("/log-in", &[("name", &*name), ("password", "guess")]).await.expect(401);
    }
    for server in [&one, &other] {
        let client = from(server, "203.0.113.9");
        let fields = [("name", "bob"), ("password", PASSWORD)];
        client.post_form("/log-in", &fields).await.expect(429);
    }
    from(&other, "203.0.113.10")
        .post_form("/log-in", &[("name", "bob"), ("password", PASSWORD)])
        .await
        .expect(303);
    world.audit().await;
}

#[tokio::test]
async fn more_passwords_than_can_be_hashed_are_refused_and_pages_go_on() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let mut ann = Person::sign_up(&server, "Ann", "executor").await;
    let storm = join_all((0..120).map(|number| {
        let client = server.nobody();
        async move {
            let name = format!("guess{number}");
            let began = Instant::now();
            let fields = [("name", &*name), ("password", "guess")];
            (client.post_form("/log-in", &fields).await, began.elapsed())
        }
    }));
    let calm = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let began = Instant::now();
        ann.browser.get("/orders").await.expect(200);
        began.elapsed()
    };
    let (replies, took) = tokio::join!(storm, calm);
    let (refused, answered): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|(reply, _)| reply.status == 503);
    assert!(refused.iter().all(|(reply, _)| !reply.header("retry-after").is_empty()));
    assert!(!answered.is_empty() && answered.iter().all(|(reply, _)| reply.status == 401));
    let soon = refused.iter().filter(|(_, took)| *took < Duration::from_secs(3)).count();
    assert!(soon > 40, "{} are refused, {soon} of them soon", refused.len());
    assert!(took < Duration::from_secs(3), "a page took {took:?}");
    world.audit().await;
}

#[tokio::test]
async fn a_form_without_the_token_of_its_session_is_refused() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let mut ann = Person::sign_up(&server, "Ann", "both").await;
    let mut bob = Person::sign_up(&server, "bob", "both").await;
    let (own, foreign) = (ann.form_token().await, bob.form_token().await);
    assert_ne!(own, foreign);
    let client = ann.browser.client();
    for route in routes::table().iter().filter(|route| route.method == Method::POST) {
        let path = format!("/{}", route.pattern.replace("{id}", "99"));
        if ["/log-in", "/sign-up"].contains(&&*path) {
            continue; // They let somebody in, and use no session.
        }
        let is_api = path.starts_with("/api/");
        let mut tries = vec![String::new(), "csrf=".to_owned(), format!("csrf={foreign}")];
        if is_api {
            tries = vec!["{}".to_owned(), json!({"csrf": foreign}).to_string()];
        }
        for body in tries {
            let kind =
                if is_api { "application/json" } else { "application/x-www-form-urlencoded" };
            let reply = client.send(Method::POST, &path, kind, body.clone()).await;
            assert_eq!(reply.status, 403, "POST {path} {body:?}: {}", reply.text());
            assert!(reply.text().contains("out of date"), "POST {path}: {}", reply.text());
            if is_api {
                reply.refused(403, "forbidden");
            }
        }
    }
    assert_eq!(world.revision().await, 0);
    // A script on our own page may say it in a header.
    let order = json!({"description": "x", "price": "1.00", "currency": "RUB"});
    let ours = client.with("x-csrf-token", &own);
    ours.post("/api/orders", order.clone()).await.expect(201);
    client
        .with("x-csrf-token", &foreign)
        .post("/api/orders", order)
        .await
        .refused(403, "forbidden");
    // Whoever forges a form for another site's visitor is told apart before.
    let foreign_site = ann.browser.client().with("origin", "https://evil.example");
    for path in ["/log-in", "/sign-up", "/theme"] {
        let fields = [("csrf", own.as_str()), ("name", "bob"), ("password", PASSWORD)];
        foreign_site.post_form(path, &fields).await.expect(403);
    }
    assert_eq!(Watcher::knock(&foreign_site, "/live", None).await, 403);
    assert_eq!(Watcher::knock(&client, "/live", None).await, 101);
    // It is not what the session itself is.
    let stolen = server.nobody().with("cookie", &format!("orderboard_session={own}"));
    stolen.get("/account").await.expect(401);
    world.audit().await;
}

#[tokio::test]
async fn what_somebody_signed_up_for_is_all_they_may_act_as() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    for roles in ["admin", "customer,admin", "", "executor,admin", "Both"] {
        let fields = [("name", "eve"), ("password", PASSWORD), ("roles", roles)];
        server.nobody().post_form("/sign-up", &fields).await.expect(422);
    }
    // What else is in the form is nobody's business.
    let fields = [
        ("name", "eve"),
        ("password", PASSWORD),
        ("roles", "customer"),
        ("roles", "admin"),
        ("role", "admin"),
        ("id", "7"),
        ("is_admin", "1"),
    ];
    let mut browser = Browser::new(&server);
    browser.submit("/sign-up", &fields).await.expect(303);
    let mut eve = Person { browser, name: "eve".to_owned() };
    assert_eq!(shown_to(&eve.browser.get("/my/orders").await), "customer:1");
    for role in ["admin", "executor", "", "customer "] {
        eve.send("/role", &[("role", role)]).await.expect(403);
    }
    for path in ["/admin", "/admin/orders", "/admin/customers/1", "/orders", "/api/admin/summary"] {
        eve.browser.get(path).await.expect(403);
    }
    eve.send("/orders/1/remove", &[("reason", "x")]).await.expect(403);
    // Who may act as both is one of them at a time.
    let mut fay = Person::sign_up(&server, "fay", "both").await;
    fay.browser.get("/orders").await.expect(403);
    fay.send("/role", &[("role", "executor")]).await.expect(303);
    fay.browser.get("/my/orders").await.expect(403);
    world.audit().await;
}
