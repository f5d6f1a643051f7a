//! What browsers are told with every reply, whatever it is of.

use http::Method;

use crate::support::{Client, Person, World};

/// Demands what no reply may lack.
#[track_caller]
fn assert_guarded(what: &str, headers: &http::HeaderMap) {
    let text = |name: &str| {
        let all: Vec<_> = headers.get_all(name).into_iter().collect();
        assert_eq!(all.len(), 1, "{what}: one {name} of {all:?}");
        all[0].to_str().expect("ASCII").to_owned()
    };
    let policy = text("content-security-policy");
    let rules: Vec<&str> = policy.split(';').map(str::trim).collect();
    for rule in [
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(rules.contains(&rule), "{what}: {rule} is not in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    assert_eq!(text("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(text("referrer-policy"), "same-origin", "{what}");
    assert_eq!(text("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(text("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(text("permissions-policy").contains("camera=()"), "{what}");
    assert!(!text("cache-control").is_empty(), "{what}");
}

#[tokio::test]
async fn every_kind_of_reply_tells_browsers_what_not_to_do() {
    let world = World::new().await;
    let settings = [
        ("AUTH", "accounts"),
        ("ALLOWED_ORIGINS", "https://board.example"),
        ("MAX_LOG_INS_PER_NAME", "1"),
    ];
    let (plain, secure) = (world.serve_accounts().await, world.serve_with(&settings).await);
    for server in [&plain, &secure] {
        let name = if server.address == plain.address { "Ann" } else { "bob" };
        let mut person = Person::sign_up(server, name, "executor").await;
        let (nobody, known) = (server.nobody(), person.browser.client());
        let page = known.get("/orders").await.expect(200);
        let tagged = known.with("if-none-match", page.header("etag"));
        let asset = page.text();
        let asset = asset.split("href=\"").find(|part| part.starts_with("/assets/")).unwrap();
        let asset = asset.split('"').next().unwrap().replace("&amp;", "&");
        let program = person.program(server, "executor").await;
        let evil = known.with("host", "evil.example");
        let wrong = [("name", name), ("password", "not the right one")];
        nobody.post_form("/log-in", &wrong).await;
        let guess = format!("name={name}&password=guess");
        let form = "application/x-www-form-urlencoded";
        let asked: [(&Client, Method, &str, &str, u16); 19] = [
            (&known, Method::GET, "/orders", "", 200),
            (&tagged, Method::GET, "/orders", "", 304),
            (&known, Method::HEAD, "/orders", "", 200),
            (&known, Method::GET, "/account", "", 200),
            (&known, Method::GET, "/", "", 303),
            (&nobody, Method::GET, "/", "", 200),
            (&nobody, Method::GET, "/log-in", "", 200),
            (&nobody, Method::POST, "/log-in", &guess, 429),
            (&nobody, Method::GET, "/orders", "", 401),
            (&known, Method::POST, "/log-out", "", 403),
            (&known, Method::GET, "/my/orders", "", 403),
            (&known, Method::GET, "/nowhere", "", 404),
            (&known, Method::GET, "/role", "", 405),
            (&evil, Method::GET, "/orders", "", 400),
            (&program, Method::GET, "/api/board", "", 200),
            (&nobody, Method::GET, "/api/board", "", 401),
            (&nobody, Method::GET, &asset, "", 200),
            (&nobody, Method::GET, "/healthz", "", 200),
            (&nobody, Method::GET, "/metrics", "", 200),
        ];
        for (client, method, path, body, status) in asked {
            // The name's limit is the other server's.
            let is_limit = status == 429 && server.address == plain.address;
            let kind = if method == Method::POST { form } else { "" };
            let reply = client.send(method.clone(), path, kind, body.to_owned()).await;
            let reply = if is_limit { reply.expect(401) } else { reply.expect(status) };
            let what = format!("{method} {path} {status}");
            assert_guarded(&what, &reply.headers);
            let year = reply.header("strict-transport-security");
            let expected = if server.address == secure.address { "max-age=31536000" } else { "" };
            assert_eq!(year, expected, "{what}");
        }
    }
    world.audit().await;
}
