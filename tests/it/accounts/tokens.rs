//! Programs: a token acts in its role, on the API and the feed alone, until it is ended.

use http::Method;
use serde_json::json;

use super::{assert_is_out, shown_to};
use crate::support::{Format, Person, Watcher, World, eventually};

#[tokio::test]
async fn a_token_acts_in_its_role_on_the_api_and_the_feed_alone() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let mut ann = Person::sign_up(&server, "Ann", "both").await;
    let (customer, executor) =
        (ann.program(&server, "customer").await, ann.program(&server, "executor").await);
    // Shown once, and kept by nobody.
    let page = ann.browser.get("/account").await.expect(200);
    assert!(page.text().contains("a program") && !page.text().contains("orderboard_"));
    assert_eq!(page.header("cache-control"), "no-store");

    let order = customer.place("by a program", "10.00", "RUB").await;
    assert_eq!(order["customer_id"], 1);
    executor.get("/api/board").await.expect(200);
    customer.get("/api/board").await.refused(403, "forbidden");
    executor.post("/api/orders", json!({})).await.refused(403, "forbidden");
    executor.accept(1).await.refused(409, "own_order");
    for admins in ["/api/admin/summary", "/api/admin/orders"] {
        customer.get(admins).await.refused(403, "forbidden");
    }
    let (history, ..) = world.head().await;
    let mut socket = Watcher::connect(&executor, &history, 0, Format::Json).await;
    socket.reach(1).await;

    // Pages are for browsers: a token opens none, least of all the one that makes tokens.
    for path in ["/orders", "/my/orders", "/profile", "/account"] {
        executor.get(path).await.expect(401);
    }
    let made = [("label", "another"), ("role", "executor")];
    executor.post_form("/account/tokens", &made).await.expect(401);
    executor.post_form("/orders/1/accept", &[]).await.expect(401);

    // A cookie beside a token does not make it more.
    let both = executor.with("cookie", ann.browser.client().headers().last().unwrap().1.as_str());
    both.post("/api/orders", json!({})).await.refused(403, "forbidden");

    // Ended, it is nobody's at once, and so are its sockets.
    let page = ann.browser.get("/account").await.text();
    for end in page.split("action=\"/account/passes/").skip(1) {
        let id = end.split('/').next().unwrap();
        ann.send(&format!("/account/passes/{id}/end"), &[]).await.expect(303);
    }
    socket.is_hung_up_on().await;
    for program in [&customer, &executor] {
        assert_is_out(program).await;
    }
    world.audit().await;
}

#[tokio::test]
async fn what_is_no_token_is_refused_and_soon_costs_nothing() {
    let world = World::new().await;
    let settings = [("AUTH", "accounts"), ("MAX_QUERIES_TO_MYSQL", "20")];
    let server = world.serve_with(&settings).await;
    let mut ann = Person::sign_up(&server, "Ann", "customer").await;
    let program = ann.program(&server, "customer").await;
    program.get("/api/profile").await.expect(200);
    let (_, header) = program.headers()[0].clone();
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        &header.replace("Bearer", "Basic"),
        &header[..header.len() - 1],
        &header.replace("orderboard_", ""),
    ] {
        let reply = server.nobody().with("authorization", wrong).get("/api/profile").await;
        assert_eq!(reply.refused(401, "unauthenticated").header("www-authenticate"), "Bearer");
    }
    // A browser's cookie is no token, nor the other way round.
    let cookie = ann.browser.cookie("orderboard_session").unwrap().to_owned();
    let (secret, _) = cookie.split_once('.').unwrap();
    let wrong = server.nobody().with("authorization", &format!("Bearer orderboard_{secret}"));
    wrong.get("/api/profile").await.refused(401, "unauthenticated");
    // Whoever makes some up is stopped before the database is asked for ever; who is known is not.
    let reply = eventually("guessing is stopped", || async {
        let guess = format!("Bearer orderboard_{:064x}", fastrand::u128(..));
        let reply = server.nobody().with("authorization", &guess).get("/api/profile").await;
        (reply.status != 401).then_some(reply)
    })
    .await;
    reply.refused(429, "flood");
    program.get("/api/my/orders").await.expect(200);
    world.audit().await;
}

#[tokio::test]
async fn somebodys_passes_are_their_own() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let mut ann = Person::sign_up(&server, "Ann", "customer").await;
    let mut bob = Person::sign_up(&server, "bob", "executor").await;
    let program = ann.program(&server, "customer").await;
    for id in 1..10 {
        if id == 2 {
            continue; // Bob's own session.
        }
        bob.send(&format!("/account/passes/{id}/end"), &[]).await.expect(404);
    }
    program.get("/api/profile").await.expect(200);
    assert_eq!(shown_to(&ann.browser.get("/account").await.expect(200)), "customer:1");
    // No other role than one's own, and not without end.
    for role in ["executor", "admin", "", "both"] {
        let fields = [("label", "x"), ("role", role)];
        ann.send("/account/tokens", &fields).await.expect(422);
    }
    ann.send("/account/tokens", &[("label", ""), ("role", "customer")]).await.expect(422);
    for _ in 1..20 {
        ann.program(&server, "customer").await;
    }
    let fields = [("label", "one more"), ("role", "customer")];
    let page = ann.send("/account/tokens", &fields).await.expect(422).text();
    assert!(page.contains("You have 20 tokens") && page.contains("value=\"one more\""), "{page}");
    server.nobody().send(Method::POST, "/account/tokens", "", "").await.expect(401);
    world.audit().await;
}
