//! Who may ask for what: every route with every role and with none, against a table. A route that
//! stands in no row fails.

use std::collections::BTreeMap;

use http::Method;
use orderboard::routes;

use tokio::sync::Mutex;

use crate::support::{Client, PASSWORD, Person, World, add_admin};

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
    ("GET log-in", [404, 404, 404, 404]),
    ("POST log-in", [404, 404, 404, 404]),
    ("GET sign-up", [404, 404, 404, 404]),
    ("POST sign-up", [404, 404, 404, 404]),
    ("POST log-out", [404, 404, 404, 404]),
    ("POST log-out/everywhere", [404, 404, 404, 404]),
    ("POST role", [404, 404, 404, 404]),
    ("GET account", [404, 404, 404, 404]),
    ("POST account/password", [404, 404, 404, 404]),
    ("POST account/tokens", [404, 404, 404, 404]),
    ("POST account/passes/{id}/end", [404, 404, 404, 404]),
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

/// What is otherwise where people log in.
const WITH_ACCOUNTS: &[(&str, [u16; 4])] = &[
    ("POST session", [404, 404, 404, 404]),
    ("GET log-in", [200, 303, 303, 303]),
    ("POST log-in", [422, 422, 422, 422]),
    ("GET sign-up", [200, 303, 303, 303]),
    ("POST sign-up", [422, 422, 422, 422]),
    ("POST log-out", [303, 303, 303, 303]),
    ("POST log-out/everywhere", [401, 303, 303, 303]),
    ("POST role", [401, 422, 422, 422]),
    ("GET account", [401, 200, 200, 200]),
    ("POST account/password", [401, 422, 422, 422]),
    ("POST account/tokens", [401, 422, 422, 422]),
    ("POST account/passes/{id}/end", [401, 404, 404, 404]),
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

/// Demands that every route answers these four as the tables say, where the later ones are stronger.
/// `askers` gives nobody, a customer, an executor and an admin for a path.
async fn check<F: Future<Output = [Client; 4]>>(
    tables: &[&[(&'static str, [u16; 4])]],
    mut askers: impl FnMut(String) -> F,
) {
    let table: BTreeMap<&str, [u16; 4]> =
        tables.iter().flat_map(|table| table.iter().copied()).collect();
    let mut wrong = Vec::new();
    for route in routes::table() {
        let path = format!("/{}", route.pattern.replace("{id}", "99"));
        let name = format!("{} {}", route.method, route.pattern);
        let mut found = [0; 4];
        for (status, asker) in found.iter_mut().zip(&askers(path.clone()).await) {
            *status = ask(asker, &route.method, &path).await;
        }
        if table.get(&*name) != Some(&found) {
            wrong.push(format!("    (\"{name}\", {found:?}),"));
        }
    }
    assert!(wrong.is_empty(), "not as in the table:\n{}", wrong.join("\n"));
    assert_eq!(table.len(), routes::table().len(), "a row without a route");
}

#[tokio::test]
async fn every_route_answers_each_role_as_the_table_says() {
    let world = World::new().await;
    let server = world.serve().await;
    let askers = [server.nobody(), server.customer(1), server.executor(9), server.admin()];
    check(&[TABLE], |_| std::future::ready(askers.clone())).await;
    assert_eq!(world.revision().await, 0, "nobody changed anything");
    world.audit().await;
}

#[tokio::test]
async fn every_route_answers_each_role_as_the_table_says_where_people_log_in() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    add_admin(&world, "root", PASSWORD).await;
    let mut people = Vec::new();
    for (name, roles) in [("ann", "customer"), ("bob", "executor")] {
        people.push(Person::sign_up(&server, name, roles).await);
    }
    people.push(Person::log_in(&server, "root", PASSWORD).await);
    let mut programs = Vec::new();
    for (person, role) in people.iter_mut().zip(["customer", "executor", "admin"]) {
        programs.push(person.program(&server, role).await);
    }
    // What programs say of themselves by headers is worth nothing: this one is nobody.
    let liar = server.admin();
    let people = &Mutex::new(people);
    let askers = |path: String| {
        let (liar, programs) = (liar.clone(), programs.clone());
        async move {
            if path.starts_with("/api/") || path == "/live" {
                let [customer, executor, admin] = programs.try_into().ok().expect("three");
                return [liar, customer, executor, admin];
            }
            let mut clients = vec![liar];
            for person in people.lock().await.iter_mut() {
                // The page before may have been the one that logs out.
                if person.browser.get("/account").await.status == 401 {
                    person.try_log_in(PASSWORD).await.expect(303);
                }
                let token = person.form_token().await;
                clients.push(person.browser.client().with("x-csrf-token", &token));
            }
            clients.try_into().ok().expect("four")
        }
    };
    check(&[TABLE, WITH_ACCOUNTS], askers).await;
    assert_eq!(world.revision().await, 0, "nobody changed anything");
    world.audit().await;
}
