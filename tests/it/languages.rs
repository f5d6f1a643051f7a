//! Two languages: what the browser likes, until somebody chooses; on pages, in live rows, in errors.

use serde_json::json;

use crate::support::{Browser, Format, Model, Watcher, World};

#[tokio::test]
async fn pages_rows_and_errors_speak_the_readers_language() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("Покрасить забор", "1299.95", "RUB").await;
    let russian = |client: crate::support::Client| {
        client.with("accept-language", "ru-RU,ru;q=0.9,en;q=0.8").with("x-revision", "1")
    };
    let page = russian(one.executor(9)).get("/orders").await.expect(200).text();
    assert!(page.contains("<html lang=\"ru\">") && page.contains("Открытые заказы"), "{page}");
    assert!(page.contains("1\u{a0}273,951 <small>₽</small>"), "{page}");
    // The same snapshot in the other language, from the same cache.
    let english = one.executor(9).get("/orders").await.expect(200);
    assert_eq!(english.source(), "memory");
    let english = english.text();
    assert!(
        english.contains("<html lang=\"en\">") && english.contains("1,273.951 <small>RUB"),
        "{english}"
    );
    // Data is data, and says what is wrong in words.
    let board = russian(one.executor(9)).get("/api/board").await.expect(200).json();
    assert_eq!(board["orders"][0]["price"], "1299.95");
    let body = json!({"description": " ", "price": "1", "currency": "RUB"});
    let problem = russian(one.customer(1)).post("/api/orders", body.clone()).await;
    let problem = problem.refused(422, "invalid_field");
    assert!(problem.text().contains("Опишите, пожалуйста"), "{}", problem.text());
    let problem = one.customer(1).post("/api/orders", body).await.refused(422, "invalid_field");
    assert!(problem.text().contains("Please describe"), "{}", problem.text());
    let page = russian(one.executor(9)).get("/nowhere").await.expect(404).text();
    assert!(page.contains("Здесь ничего нет"), "{page}");

    let mut board = Watcher::of_board(&russian(other.executor(9)), Format::Html).await;
    let mut plain =
        Watcher::of_board(&other.executor(9).with("x-revision", "1"), Format::Html).await;
    one.customer(1).place("second", "2.00", "RUB").await;
    let speaks = |word: &'static str| {
        move |model: &Model| {
            model
                .board
                .get(&2)
                .is_some_and(|order| order["row"].as_str().is_some_and(|row| row.contains(word)))
        }
    };
    board.wait_until("a row in Russian", speaks("Принять")).await;
    plain.wait_until("a row in English", speaks("Accept")).await;
    world.audit().await;
}

#[tokio::test]
async fn a_chosen_language_stays_whatever_the_browser_likes() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut browser = Browser::of(&server, "customer", 1).await;
    let page = browser.get("/my/orders").await.text();
    assert!(page.contains("My orders") && page.contains("value=\"ru\""), "{page}");
    let fields = [("lang", "ru"), ("back", "/my/orders?page=2")];
    let reply = browser.submit("/language", &fields).await.expect(303);
    assert_eq!(reply.header("location"), "/my/orders?page=2");
    browser.set("accept-language", "en");
    let page = browser.get("/my/orders").await.text();
    assert!(page.contains("Мои заказы") && page.contains("value=\"en\""), "{page}");
    let typed = [("description", "Забор"), ("price", "1 299,95"), ("currency", "RUB")];
    let page = browser.submit_and_follow("/orders", &typed).await.expect(200).text();
    assert!(page.contains("Заказ № 1 размещён."), "{page}");
    for (lang, back) in
        [("ru", "//evil.example"), ("en", "https://evil.example"), ("en", "/\\evil")]
    {
        let reply =
            browser.submit("/language", &[("lang", lang), ("back", back)]).await.expect(303);
        assert_eq!(reply.header("location"), "/");
    }
    let reply = browser.submit("/language", &[("lang", "xx")]).await.expect(422);
    assert!(reply.text().contains("must be one of en, ru"), "{}", reply.text());
    world.audit().await;
}

#[tokio::test]
async fn light_or_dark_is_the_systems_until_somebody_chooses() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut browser = Browser::of(&server, "executor", 9).await;
    let sheet = |page: &str| {
        let link = page.split("<link").find(|link| link.contains("/assets/dark.css"));
        link.and_then(|link| link.split("media=\"").nth(1)?.split('"').next().map(str::to_owned))
    };
    let page = browser.get("/orders").await.expect(200).text();
    assert_eq!(sheet(&page).as_deref(), Some("(prefers-color-scheme: dark)"));
    for (theme, media) in
        [("dark", Some("all")), ("light", None), ("system", Some("(prefers-color-scheme: dark)"))]
    {
        let fields = [("theme", theme), ("back", "/orders?page=1")];
        let page = browser.submit_and_follow("/theme", &fields).await.expect(200).text();
        assert_eq!(sheet(&page).as_deref(), media, "{theme}");
    }
    let reply = browser.submit("/theme", &[("theme", "pink")]).await.expect(422);
    assert!(reply.text().contains("one of system, light, dark"), "{}", reply.text());
    browser.get("/assets/dark.css").await.expect(200);
    world.audit().await;
}
