//! Sign-up, log-in and what only the command line may do.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use futures_util::future::join_all;
use http::Method;

use super::shown_to;
use crate::support::{Browser, PASSWORD, Person, World, admin, hidden_field};

#[tokio::test]
async fn people_sign_up_trade_and_change_sides() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let welcome = server.nobody().get("/").await.expect(200).text();
    assert!(welcome.contains("href=\"/sign-up\"") && welcome.contains("href=\"/log-in\""));
    assert!(!welcome.contains("/session") && !welcome.contains("demo"), "{welcome}");
    let mut ann = Person::sign_up(&server, "Ann", "both").await;
    let mut bob = Person::sign_up(&server, "bob", "executor").await;
    assert_eq!((ann.id().await, bob.id().await), (1, 2));

    let page = ann.browser.get("/my/orders").await.expect(200);
    assert_eq!(shown_to(&page), "customer:1");
    assert!(page.text().contains("<strong>Ann</strong>"));
    let key = hidden_field(&page.text(), "request_id");
    let order = [
        ("request_id", key.as_str()),
        ("description", "Paint it"),
        ("price", "100"),
        ("currency", "RUB"),
    ];
    let placed = ann.send("/orders", &order).await;
    let page = ann.browser.follow(placed).await.text();
    assert!(page.contains("Order #1 placed."), "{page}");

    // One's own order is one's own in every role.
    let switched = ann.send("/role", &[("role", "executor")]).await;
    let board = ann.browser.follow(switched).await;
    assert_eq!(shown_to(&board), "executor:1");
    assert!(board.text().contains("You now act as executor."));
    ann.browser.get("/my/orders").await.expect(403);
    let accepted = ann.send("/orders/1/accept", &[]).await;
    assert!(ann.browser.follow(accepted).await.text().contains("is your own"));
    let accepted = bob.send("/orders/1/accept", &[]).await;
    let page = bob.browser.follow(accepted).await.text();
    assert!(page.contains("contract #1"), "{page}");

    // Coming back, one is the same.
    let mut again = Person::log_in(&server, "ANN", PASSWORD).await;
    assert_eq!(shown_to(&again.browser.get("/my/orders").await), "customer:1");
    // Somebody who wanted to see something is led there.
    let page = server.nobody().get("/contracts/1").await.expect(401).text();
    assert!(page.contains("/log-in?back=%2Fcontracts%2F1"), "{page}");
    let mut browser = Browser::new(&server);
    let form = browser.get("/log-in?back=%2Fcontracts%2F1").await.expect(200).text();
    let back = hidden_field(&form, "back");
    let fields = [("name", "bob"), ("password", PASSWORD), ("back", back.as_str())];
    let page = browser.submit_and_follow("/log-in", &fields).await;
    assert!(page.expect(200).text().contains("Paint it"));
    for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let mut browser = Browser::new(&server);
        let fields = [("name", "bob"), ("password", PASSWORD), ("back", elsewhere)];
        let reply = browser.submit("/log-in", &fields).await.expect(303);
        assert_eq!(reply.header("location"), "/orders", "{elsewhere}");
    }
    world.audit().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_and_what_was_typed_stays() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    Person::sign_up(&server, "Ann", "customer").await;
    for (name, password, roles, english, russian) in [
        ("an", PASSWORD, "both", "at least 3 characters", "не меньше 3"),
        ("two words", PASSWORD, "both", "letters, digits", "только буквы"),
        ("aNN", PASSWORD, "both", "Somebody has this name", "уже занято"),
        ("bob", "too short", "both", "at least 10", "не меньше 10"),
        ("bob", "password123", "both", "try this password first", "попробуют первым"),
        ("bob", &"x y".repeat(50), "both", "at most 128", "не больше 128"),
        ("bob", PASSWORD, "admin", "must be one of", "Допускается одно из"),
    ] {
        for (lang, sentence) in [("en", english), ("ru", russian)] {
            let client = server.nobody().with("accept-language", lang);
            let fields = [("name", name), ("password", password), ("roles", roles)];
            let page = client.post_form("/sign-up", &fields).await.expect(422).text();
            assert!(page.contains(sentence), "{sentence}: {page}");
            assert!(page.contains(&format!("value=\"{name}\"")), "{page}");
            assert!(!page.contains(password), "a password is never sent back");
        }
    }
    for (lang, sentence) in [("en", "is not right"), ("ru", "не подходят")] {
        let client = server.nobody().with("accept-language", lang);
        let page = client.post_form("/log-in", &[("name", "Ann"), ("password", "x")]).await;
        let page = page.expect(401).text();
        assert!(page.contains(sentence) && page.contains("value=\"Ann\""), "{page}");
    }
    world.audit().await;
}

#[tokio::test]
async fn a_name_is_one_persons_however_many_ask_for_it_at_once() {
    let world = World::new().await;
    let (one, other) = super::two(&world, &world.redis_url).await;
    let names = ["Carol", "carol", "CAROL", "cArol", "caRol", "carOl"];
    let tries = names.iter().zip([&one, &other].into_iter().cycle()).map(|(name, server)| {
        let client = server.nobody();
        async move {
            let fields = [("name", *name), ("password", PASSWORD), ("roles", "both")];
            client.post_form("/sign-up", &fields).await.status
        }
    });
    let mut statuses = join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422, 422, 422, 422, 422]);
    // Numbers are given out in turn, and never twice.
    let mut ids = Vec::new();
    for name in ["dan", "eve"] {
        ids.push(Person::sign_up(&one, name, "customer").await.id().await);
    }
    assert!(ids[0] > 1 && ids[1] > ids[0], "{ids:?}");
    world.audit().await;
}

#[tokio::test]
async fn admins_are_made_by_the_command_alone_and_it_gives_anybody_a_new_password() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let (code, text) = admin(&world, &["add", "root"], "the very first admin\n").await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("root is an admin") && !text.contains("password:"), "{text}");
    let mut root = Person::log_in(&server, "root", "the very first admin").await;
    let page = root.browser.get("/admin").await.expect(200);
    assert!(shown_to(&page).starts_with("admin:"));
    // An admin is nothing else.
    for role in ["customer", "executor"] {
        root.send("/role", &[("role", role)]).await.expect(403);
    }
    for (arguments, input, sentence) in [
        (["add", "ROOT"], "another good one\n", "has this name"),
        (["add", "second"], "short\n", "at least 10"),
        (["add", "x"], "", "at least 3"),
        (["reset", "nobody"], "", "nobody is called"),
    ] {
        let (code, text) = admin(&world, &arguments, input).await;
        assert!(code == Some(2) && text.contains(sentence), "{arguments:?}: {text}");
    }
    let mut ann = Person::sign_up(&server, "Ann", "customer").await;
    let program = ann.program(&server, "customer").await;
    program.get("/api/profile").await.expect(200);
    // Without a password it makes one up, and ends everything that the old one let in.
    let (code, text) = admin(&world, &["reset", "ann"], "").await;
    assert_eq!(code, Some(0), "{text}");
    let (_, made_up) = text.split_once("password: ").expect("it is printed");
    for client in [ann.browser.client(), program] {
        crate::support::eventually("what let her in has ended", || async {
            (client.get("/api/profile").await.status == 401).then_some(())
        })
        .await;
    }
    ann.try_log_in(PASSWORD).await.expect(401);
    ann.try_log_in(made_up.trim()).await.expect(303);
    world.audit().await;
}

#[tokio::test]
async fn in_accounts_mode_headers_and_the_switcher_mean_nothing() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    for liar in [server.customer(1), server.executor(1), server.admin(), server.as_user("no", "x")]
    {
        super::assert_is_out(&liar).await;
        liar.post_form("/session", &[("user_type", "admin")]).await.expect(404);
        let page = liar.get("/").await.expect(200);
        assert_eq!(shown_to(&page), "");
    }
    // Nor for somebody who is known.
    let ann = Person::sign_up(&server, "Ann", "customer").await;
    let liar = ann.browser.client().with("x-user-type", "admin");
    assert_eq!(shown_to(&liar.get("/my/orders").await.expect(200)), "customer:1");
    liar.get("/admin").await.expect(403);
    world.audit().await;
}

#[tokio::test]
async fn a_demos_board_is_not_taken_over_by_whoever_signs_up_first() {
    let world = World::new().await;
    let mut demo = world.serve().await;
    demo.customer(1).place("somebody's", "1.00", "RUB").await;
    demo.nobody().send(Method::GET, "/sign-up", "", "").await.expect(404);
    demo.stop().await;
    let mut command = world.command("serve");
    command.env("AUTH", "accounts").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // It says that it listens, or ends.
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    lines.read_line(&mut said).expect("it says something");
    let _ = child.kill();
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(said, "", "it does not serve");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("person 1, who has no account"), "{text}");
    world.audit().await;
}
