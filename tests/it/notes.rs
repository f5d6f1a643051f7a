//! What the parties of a contract write to each other: live for them, read by admins, by nobody else.

use serde_json::{Value, json};

use crate::support::{Browser, Format, Model, Watcher, World};

#[tokio::test]
async fn notes_reach_the_other_party_and_nobody_else() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("Cut the hedge", "100.00", "RUB").await;
    one.executor(9).accept(1).await.expect(201);
    let (history, since, _) = world.head().await;
    let seen = since.to_string();
    let watch = async |client: crate::support::Client| {
        Watcher::connect(&client.with("x-revision", &seen), &history, since, Format::Json).await
    };
    let mut customer = watch(other.customer(1)).await;
    let mut executor = watch(other.executor(9)).await;
    let mut admin = watch(other.admin()).await;
    let mut stranger = watch(other.executor(8)).await;

    let hostile = "Which <b>hedge</b>?\n'; DROP TABLE notes; -- 🌿";
    let reply = one.executor(9).note(1, hostile).await.expect(201).json();
    let note = &reply["note"];
    assert_eq!(
        (&note["number"], &note["author"], &note["text"]),
        (&json!(1), &json!("executor"), &json!(hostile))
    );
    other.customer(1).with("x-revision", "3").note(1, "The left one\r\nplease").await.expect(201);
    let there_are = |count: usize| move |model: &Model| model.letters.len() == count;
    for watcher in [&mut customer, &mut executor, &mut admin] {
        watcher.wait_until("both notes", there_are(2)).await;
        assert_eq!(
            watcher.model.letters[0],
            json!({"contract_id": 1, "number": 1, "author": "executor"})
        );
        let text =
            watcher.model.messages.iter().any(|message| message.to_string().contains("hedge"));
        assert!(!text, "what it says is read where it stands");
    }
    one.customer(2).place("x", "1.00", "RUB").await;
    stranger.wait_until("the next order", |model| model.board.len() == 1).await;
    assert_eq!((stranger.model.letters.len(), stranger.model.gaps), (0, 0));

    let at_head = world.revision().await.to_string();
    for reader in [other.customer(1), other.executor(9), other.admin()] {
        let reader = reader.with("x-revision", &at_head);
        let notes = reader.get("/api/contracts/1/notes").await.expect(200).json();
        assert_eq!(notes["total"], 2);
        let texts: Vec<&Value> =
            notes["notes"].as_array().unwrap().iter().map(|note| &note["text"]).collect();
        assert_eq!(texts, [&json!("The left one\nplease"), &json!(hostile)]);
        let page = reader.get("/contracts/1").await.expect(200).text();
        let shown = "Which &lt;b&gt;hedge&lt;/b&gt;?\n&#39;; DROP TABLE";
        let shown = [shown, "Which &lt;b&gt;hedge&lt;/b&gt;?\n'; DROP TABLE"];
        assert!(shown.iter().any(|text| page.contains(text)), "{page}");
        let older = reader.get("/api/contracts/1/notes?before=2").await.expect(200).json();
        assert_eq!(older["notes"].as_array().unwrap().len(), 1);
    }
    world.audit().await;
}

#[tokio::test]
async fn notes_are_checked_numbered_and_repeated_like_everything_else() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("x", "100.00", "RUB").await;
    one.executor(9).accept(1).await.expect(201);
    let keyed = |client: crate::support::Client| client.with("idempotency-key", "k");
    let first = keyed(one.customer(1)).note(1, "first").await.expect(201).json();
    // Many at once, at two servers: each gets a number of its own.
    let writers = (0..20).map(|turn| {
        let client = if turn % 2 == 0 { one.executor(9) } else { other.customer(1) };
        async move { client.note(1, &format!("note {turn}")).await.expect(201).json() }
    });
    let notes = futures_util::future::join_all(writers).await;
    let mut numbers: Vec<u64> =
        notes.iter().map(|reply| reply["note"]["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(2..=21));
    assert_eq!(keyed(other.customer(1)).note(1, "first").await.expect(201).json(), first);
    // Also when it is over.
    one.executor(9).deliver(1).await.expect(200);
    one.customer(1).complete(1).await.expect(200);
    one.executor(9).note(1, "Thank you").await.expect(201);
    let revision = world.revision().await;
    for (text, rule) in [
        (" \n", "Please write something."),
        (&"я".repeat(2001), "at most 2000 characters"),
        ("\u{1}", "control character"),
    ] {
        let problem = one.customer(1).note(1, text).await.refused(422, "invalid_field");
        assert_eq!(problem.json()["field"], "text");
        assert!(problem.text().contains(rule), "{}", problem.text());
    }
    one.admin().note(1, "hm").await.refused(403, "forbidden");
    for stranger in [one.customer(2), one.executor(8), one.customer(9), one.executor(1)] {
        stranger.note(1, "hm").await.refused(404, "not_found");
        stranger.get("/api/contracts/1/notes").await.refused(404, "not_found");
    }
    one.customer(1).note(7, "hm").await.refused(404, "not_found");
    assert_eq!(world.revision().await, revision, "nothing was changed");
    one.customer(1).note(1, &"я".repeat(2000)).await.expect(201);

    let mut browser = Browser::of(&one, "executor", 9).await;
    let page = browser.submit("/contracts/1/notes", &[("text", " ")]).await.expect(422).text();
    assert!(page.contains("Please write something."), "{page}");
    let page =
        browser.submit_and_follow("/contracts/1/notes", &[("text", "Bye")]).await.expect(200);
    assert!(page.text().contains("Bye"), "{}", page.text());
    world.audit().await;
}
