//! What `/metrics` says: in the format that it promises, of few series whatever is asked, and each of
//! them told of in the documentation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::{Proxy, Server, World, eventually};

/// A family of numbers: its type, unit, what it is, and its series.
#[derive(Default, Debug)]
struct Found {
    kind: String,
    unit: String,
    help: String,
    series: BTreeSet<String>,
}

/// Reads the text as OpenMetrics asks: each family whole, and what it is before its numbers.
#[track_caller]
fn read(text: &str) -> BTreeMap<String, Found> {
    assert!(text.ends_with("# EOF\n"), "it has an end");
    let mut families: BTreeMap<String, Found> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines().take_while(|line| *line != "# EOF") {
        if let Some(said) = line.strip_prefix("# ") {
            let (what, rest) = said.split_once(' ').expect(line);
            let (name, value) = rest.split_once(' ').expect(line);
            if current != name {
                assert!(!families.contains_key(name), "{name} comes twice");
                name.clone_into(&mut current);
            }
            let family = families.entry(name.to_owned()).or_default();
            match what {
                "HELP" => value.clone_into(&mut family.help),
                "TYPE" => value.clone_into(&mut family.kind),
                "UNIT" => value.clone_into(&mut family.unit),
                _ => panic!("{line}"),
            }
            continue;
        }
        let family = families.get_mut(&current).expect("what it is comes first");
        let (series, value) = line.rsplit_once(' ').expect(line);
        value.parse::<f64>().expect(line);
        let name = series.split('{').next().expect(line);
        let endings: &[&str] = match &*family.kind {
            "gauge" => &[""],
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => panic!("a type of its own: {other}"),
        };
        let ending = name.strip_prefix(&*current).unwrap_or_else(|| panic!("{line} in {current}"));
        assert!(endings.contains(&ending), "{line}");
        assert!(family.series.insert(series.to_owned()), "{series} comes twice");
    }
    families
}

async fn metrics(server: &Server) -> BTreeMap<String, Found> {
    let reply = server.nobody().get("/metrics").await.expect(200);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(reply.header("content-type"), kind);
    read(&reply.text())
}

#[tokio::test]
async fn each_number_says_what_it_is_in_which_unit_and_stands_in_the_documentation() {
    let world = World::new().await;
    let server = world.serve_with(&[("AUTH", "accounts"), ("AUDIT_EVERY_SECONDS", "1")]).await;
    let families = eventually("an audit was made", || async {
        Some(metrics(&server).await).filter(|all| all.contains_key("orderboard_audit_balanced"))
    })
    .await;
    let read = |name: &str| {
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a file")
    };
    let documentation = read("docs/operations.md");
    for (name, family) in &families {
        assert!(name.starts_with("orderboard_") || name.starts_with("process_"), "{name}");
        assert!(family.help.len() > 10 && family.help.ends_with('.'), "{name}: {}", family.help);
        assert!(!family.series.is_empty(), "{name} has no number");
        assert!(name.ends_with(&family.unit), "{name} in {}", family.unit);
        let is_time = family.kind == "histogram" && !name.ends_with("_in_batch");
        assert!(!is_time || family.unit == "seconds", "{name}");
        let named = if family.kind == "counter" { format!("{name}_total") } else { name.clone() };
        assert!(documentation.contains(&format!("`{named}")), "{named} is not told of");
    }
    // The rules ask for nothing that is not there.
    let rules = read("deploy/alerts.yml");
    let words = rules.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let asked: BTreeSet<&str> = words.filter(|word| word.starts_with("orderboard_")).collect();
    assert!(asked.len() > 10, "{asked:?}");
    for word in asked {
        let name = word.trim_end_matches("_total").trim_end_matches("_bucket");
        assert!(families.contains_key(name), "deploy/alerts.yml asks for {word}");
    }
    let version = concat!("orderboard_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    assert!(families["orderboard_build_info"].series.contains(version));
    world.audit().await;
}

#[tokio::test]
async fn whatever_is_asked_there_are_no_more_series_than_at_the_start() {
    let world = World::new().await;
    let server = world.serve_with(&[("MAX_ORDERS_PER_DAY", "3")]).await;
    let count = |families: &BTreeMap<String, Found>| -> usize {
        families.values().map(|family| family.series.len()).sum()
    };
    let before = count(&metrics(&server).await);
    for n in 0..30u32 {
        server.executor(n + 1).get(&format!("/nowhere/{n}?q={n}")).await.expect(404);
        server.executor(n + 1).get(&format!("/api/orders/{}", n + 100)).await.expect(404);
        server.customer(n + 1).get("/my/orders").await.expect(200);
        server.executor(n + 1).get(&format!("/assets/{n}")).await.expect(404);
        let order = json!({"description": "x", "price": "1.00", "currency": "RUB"});
        server.customer(1).post("/api/orders", order).await;
    }
    let now = metrics(&server).await;
    assert_eq!(count(&now), before);
    assert!(before < 500, "{before}");
    for (name, value) in [
        ("requests_total{group=\"page\",method=\"read\",status=\"4xx\"}", 30.0),
        ("requests_total{group=\"page\",method=\"read\",status=\"2xx\"}", 30.0),
        ("requests_total{group=\"api\",method=\"read\",status=\"4xx\"}", 30.0),
        ("requests_total{group=\"api\",method=\"write\",status=\"2xx\"}", 3.0),
        ("requests_total{group=\"api\",method=\"write\",status=\"4xx\"}", 27.0),
        ("requests_total{group=\"asset\",method=\"read\",status=\"4xx\"}", 30.0),
        ("request_seconds_count{group=\"api\",method=\"write\"}", 30.0),
        ("flood_refusals_total{limit=\"orders\"}", 27.0),
        ("exchange_commit_seconds_count", 3.0),
        ("cache_lookups_total{cache=\"redis\",result=\"miss\"}", 30.0),
    ] {
        assert_eq!(server.measure(name).await, value, "{name}");
    }
    assert!(server.measure("connections").await >= 1.0);
    let (batch, commit) = ("exchange_batch_seconds_sum", "exchange_commit_seconds_sum");
    let (batch, commit) = (server.measure(batch).await, server.measure(commit).await);
    assert!(0.0 < commit && commit < batch, "{commit} of {batch}");
    world.audit().await;
}

#[tokio::test]
async fn what_lags_or_fails_is_a_number_and_a_sentence() {
    let world = World::new().await;
    let (proxy, users) = Proxy::before(&world.users_database_url).await;
    let server = world.serve_with(&[("USERS_DATABASE_URL", &users)]).await;
    let problems = || async {
        let ready = server.nobody().get("/readyz").await.expect(200).json();
        ready["problems"].as_array().expect("a list").clone()
    };
    eventually("nothing is wrong", || async { problems().await.is_empty().then_some(()) }).await;
    proxy.shut();
    for _ in 0..3 {
        server.customer(1).place("x", "10.00", "RUB").await;
    }
    eventually("the statistics are behind", || async {
        let behind = server.measure("statistics_behind_revisions").await == 3.0;
        (behind && server.measure("statistics_up").await == 0.0).then_some(())
    })
    .await;
    let ready = server.nobody().get("/readyz").await.expect(200).json();
    assert_eq!((&ready["users"], &ready["statistics"]), (&"down".into(), &"down".into()));
    assert_eq!((&ready["feed"], &ready["books"]), (&"up".into(), &"not audited yet".into()));
    let said = ready["problems"].to_string();
    for sentence in ["The database of people does not answer", "3 revisions behind"] {
        assert!(said.contains(sentence), "{said}");
    }
    assert_eq!(server.measure("feed_behind_revisions").await, 0.0);
    assert!(server.measure("feed_journal_seen_timestamp_seconds").await > 1.7e9);
    proxy.open();
    eventually("nothing is wrong any more", || async {
        let behind = server.measure("statistics_behind_revisions").await;
        (behind == 0.0 && problems().await.is_empty()).then_some(())
    })
    .await;
    assert_eq!(server.measure("statistics_up").await, 1.0);
    world.audit().await;
}
