//! People who log in: how they come in, what lets them in again, and what does not.

mod entrance;
mod hostile;
mod secrets;
mod sessions;
mod tokens;

use crate::support::{Client, Reply};

/// Two servers on which people log in, on a redis or without one.
async fn two(
    world: &crate::support::World,
    redis_url: &str,
) -> (crate::support::Server, crate::support::Server) {
    let settings = [("AUTH", "accounts"), ("REDIS_URL", redis_url)];
    tokio::join!(world.serve_with(&settings), world.serve_with(&settings))
}

/// The user that a page is for, as its body says; nothing when it is for nobody.
fn shown_to(page: &Reply) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("data-as=\"").unwrap_or_default();
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Demands that a client is let in nowhere.
async fn assert_is_out(client: &Client) {
    client.get("/api/profile").await.refused(401, "unauthenticated");
    client.get("/account").await.expect(401);
    client.get("/live").await.refused(401, "unauthenticated");
}
