//! Who may ask for what: every route with every role and with none, against a table. A route that
//! stands in no row fails.

use std::collections::BTreeMap;

use http::Method;
use orderboard::routes;

use crate::support::{Client, World};

/// What nobody, a customer, an executor and an admin are answered, where `{id}` names nothing that
/// is there, and the body says nothing.
const TABLE: &[(&str, [u16; 4])] = &[
    ("GET live", [401, 400, 400, 400]),
    ("GET api/board", [401, 403, 200, 200]),
    ("GET orders", [401, 403, 200, 200]),
    ("POST api/orders/{id}/accept", [401, 403, 404, 403]),
    ("POST api/orders", [401, 422, 403, 403]),
    ("POST api/orders/{id}/edit", [401, 404, 403, 403]),
    ("POST api/orders/{id}/withdraw", [401, 404, 403, 403]),
    ("POST api/orders/{id}/remove", [401, 403, 403, 422]),
    ("POST api/orders/{id}/renew", [401, 404, 403, 403]),
    ("GET api/orders/{id}", [401, 404, 404, 404]),
    ("GET api/orders/{id}/history", [401, 404, 403, 404]),
    ("GET api/my/orders", [401, 200, 403, 403]),
    ("GET api/my/contracts", [401, 200, 200, 403]),
    ("GET api/contracts/{id}", [401, 404, 404, 404]),
    ("GET api/contracts/{id}/notes", [401, 404, 404, 404]),
    ("POST api/contracts/{id}/notes", [401, 422, 422, 403]),
    ("GET api/contracts/{id}/history", [401, 404, 404, 404]),
    ("POST api/contracts/{id}/deliver", [401, 403, 404, 403]),
    ("POST api/contracts/{id}/complete", [401, 404, 403, 403]),
    ("POST api/contracts/{id}/give-up", [401, 403, 404, 403]),
    ("POST api/contracts/{id}/dispute", [401, 422, 422, 403]),
    ("POST api/contracts/{id}/rule", [401, 403, 403, 422]),
    ("GET api/profile", [401, 200, 200, 403]),
    ("GET api/admin/summary", [401, 403, 403, 200]),
    ("GET api/admin/pulse", [401, 403, 403, 200]),
    ("GET api/admin/orders", [401, 403, 403, 200]),
    ("GET api/admin/contracts", [401, 403, 403, 200]),
    ("GET api/admin/customers", [401, 403, 403, 200]),
    ("GET api/admin/executors", [401, 403, 403, 200]),
    ("GET api/openapi.json", [200, 200, 200, 200]),
    ("GET api/docs", [200, 200, 200, 200]),
    ("GET ", [200, 303, 303, 303]),
    ("POST session", [422, 422, 422, 422]),
    ("POST language", [422, 422, 422, 422]),
    ("POST theme", [422, 422, 422, 422]),
    ("POST orders", [401, 422, 403, 403]),
    ("GET orders/{id}", [401, 404, 404, 404]),
    ("POST orders/{id}/accept", [401, 403, 404, 403]),
    ("POST orders/{id}/edit", [401, 404, 403, 403]),
    ("POST orders/{id}/withdraw", [401, 404, 403, 403]),
    ("POST orders/{id}/remove", [401, 403, 403, 404]),
    ("POST orders/{id}/renew", [401, 404, 403, 403]),
    ("GET my/orders", [401, 200, 403, 403]),
    ("GET my/contracts", [401, 200, 200, 403]),
    ("GET contracts/{id}", [401, 404, 404, 404]),
    ("POST contracts/{id}/notes", [401, 404, 404, 403]),
    ("POST contracts/{id}/deliver", [401, 403, 404, 403]),
    ("POST contracts/{id}/complete", [401, 404, 403, 403]),
    ("POST contracts/{id}/give-up", [401, 403, 404, 403]),
    ("POST contracts/{id}/dispute", [401, 404, 404, 403]),
    ("POST contracts/{id}/rule", [401, 403, 403, 404]),
    ("GET profile", [401, 200, 200, 403]),
    ("GET admin", [401, 403, 403, 200]),
    ("GET admin/orders", [401, 403, 403, 200]),
    ("GET admin/orders.csv", [401, 403, 403, 200]),
    ("GET admin/contracts.csv", [401, 403, 403, 200]),
    ("GET admin/customers.csv", [401, 403, 403, 200]),
    ("GET admin/executors.csv", [401, 403, 403, 200]),
    ("GET admin/contracts", [401, 403, 403, 200]),
    ("GET admin/customers", [401, 403, 403, 200]),
    ("GET admin/customers/{id}", [401, 403, 403, 404]),
    ("GET admin/executors", [401, 403, 403, 200]),
    ("GET admin/executors/{id}", [401, 403, 403, 404]),
    ("GET healthz", [200, 200, 200, 200]),
    ("GET readyz", [200, 200, 200, 200]),
    ("GET metrics", [200, 200, 200, 200]),
];

async fn ask(client: &Client, method: &Method, path: &str) -> u16 {
    let is_api = path.starts_with("/api/");
    let (content_type, body) = match (method == Method::POST, is_api) {
        (false, _) => ("", ""),
        (true, true) => ("application/json", "{}"),
        (true, false) => ("application/x-www-form-urlencoded", ""),
    };
    client.send(method.clone(), path, content_type, body).await.status
}

#[tokio::test]
async fn every_route_answers_each_role_as_the_table_says() {
    let world = World::new().await;
    let server = world.serve().await;
    let askers = [server.nobody(), server.customer(1), server.executor(9), server.admin()];
    let table: BTreeMap<&str, [u16; 4]> = TABLE.iter().copied().collect();
    let mut wrong = Vec::new();
    for route in routes::table() {
        let path = format!("/{}", route.pattern.replace("{id}", "99"));
        let name = format!("{} {}", route.method, route.pattern);
        let mut found = [0; 4];
        for (status, asker) in found.iter_mut().zip(&askers) {
            *status = ask(asker, &route.method, &path).await;
        }
        if table.get(&*name) != Some(&found) {
            wrong.push(format!("    (\"{name}\", {found:?}),"));
        }
    }
    assert!(wrong.is_empty(), "not as in the table:\n{}", wrong.join("\n"));
    assert_eq!(TABLE.len(), routes::table().len(), "a row without a route");
    assert_eq!(world.revision().await, 0, "nobody changed anything");
    world.audit().await;
}
