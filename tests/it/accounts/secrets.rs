//! What nobody may read: it is in no log, no number for operators, no error and no page of others.

use crate::support::{Person, World};

const KEY: &str = "a key that signs and stands nowhere else";
const WRONG: &str = "not-the-password-of-anybody";

const DESCRIPTION: &str = "Paint what nobody else may see";
const SOUGHT: &str = "what-somebody-looks-for";

#[tokio::test]
async fn no_secret_is_written_down_or_shown() {
    assert_no_secret(&[]).await;
}

#[tokio::test]
async fn nor_when_every_request_is_logged_for_programs() {
    assert_no_secret(&[("LOG_FORMAT", "json"), ("LOG_LEVEL", "debug")]).await;
}

async fn assert_no_secret(logs: &[(&str, &str)]) {
    let world = World::new().await;
    // As containers have them.
    let file = |name: &str, text: &str| {
        let name = format!("{name}-{:08x}", fastrand::u32(..));
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).expect("a file");
        path.into_os_string().into_string().expect("text")
    };
    let (key, url) = (file("key", &format!("{KEY}\n")), file("url", &world.database_url));
    let files = [
        ("AUTH", "accounts"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY_FILE", &key),
        ("DATABASE_URL", ""),
        ("DATABASE_URL_FILE", &url),
    ];
    let settings = [&files[..], logs].concat();
    let server = world.serve_with(&settings).await;
    for path in [&key, &url] {
        std::fs::remove_file(path).expect("it was read");
    }
    let mut ann = Person::sign_up(&server, "ann", "both").await;
    let mut other = Person::sign_up(&server, "bob", "executor").await;
    ann.try_log_in(WRONG).await;
    let mut ann = Person::log_in(&server, "ann", crate::support::PASSWORD).await;
    let program = ann.program(&server, "customer").await;
    program.place(DESCRIPTION, "100.00", "RUB").await;
    let form_token = ann.form_token().await;
    let bearer = program.headers().iter().find(|(name, _)| name == "authorization");
    let token = bearer.expect("a token").1.trim_start_matches("Bearer ").to_owned();

    // Whatever may go wrong is asked for.
    let mut shown = Vec::new();
    for client in [&program, &program.with("authorization", "Bearer orderboard_zz")] {
        for path in ["/api/orders/99", "/api/nothing", "/api/board?page=x", "/live", "/readyz"] {
            shown.push(client.get(path).await.text());
        }
        shown.push(client.post("/api/orders", serde_json::json!({"price": token})).await.text());
    }
    for path in ["/orders", "/api/board", "/live", "/nowhere", "/assets/app.css"] {
        other.browser.get(&format!("{path}?currency=RUB&q={SOUGHT}")).await;
    }
    shown.push(server.nobody().get("/metrics").await.text());
    for path in ["/account", "/orders", "/orders/1", "/profile", "/nowhere"] {
        shown.push(other.browser.get(path).await.text());
    }
    let (log, said) = (server.log(), shown.join("\n"));
    let password = world.database_url.split("//").nth(1).and_then(|rest| rest.split('@').next());
    let credentials = password.expect("a user and a password");
    for secret in [crate::support::PASSWORD, WRONG, KEY, &form_token, &token, credentials] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
        assert!(!said.contains(secret), "{secret} is shown: {said}");
    }
    let session = other.browser.cookie("orderboard_session").expect("it is logged in");
    // Who may read it elsewhere reads it there.
    for secret in [DESCRIPTION, SOUGHT, session] {
        assert!(secret.len() > 20 && !log.contains(secret), "{secret} is in the log: {log}");
    }
    world.audit().await;
}
