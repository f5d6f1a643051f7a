//! `orderboard doctor`: what is well is called well, and what is not is called by its name.

use crate::faults::services::Services;
use crate::support::{Proxy, World};

/// Its exit code and what it says, with these settings besides the world's.
async fn doctor(world: &World, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = world.command("doctor");
    // As many as this machine surely lets it have.
    command.env("MAX_CONNECTIONS", "100").envs(settings.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().expect("it starts"));
    let output = output.await.expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Demands that something is wrong, and that these lines say what.
async fn finds(world: &World, settings: &[(&str, &str)], wrong: &[&str]) {
    let (code, text) = doctor(world, settings).await;
    assert_eq!(code, Some(1), "{text}");
    let said: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("WRONG  ")).collect();
    assert_eq!(said.len(), wrong.len(), "{text}");
    for word in wrong {
        assert!(said.iter().any(|line| line.contains(word)), "no {word:?} in {text}");
    }
}

#[tokio::test]
async fn what_is_well_is_called_well_and_left_as_it_is() {
    let world = World::new().await;
    let (code, text) = doctor(&world, &[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("no tables yet") && text.ends_with("all is well\n"), "{text}");
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
    assert_eq!(world.count(tables).await, 0, "it makes nothing");

    let server = world.serve().await;
    server.customer(1).place("One", "10.00", "RUB").await;
    world.counted().await;
    let listen = server.address.to_string();
    let (code, text) = doctor(&world, &[("LISTEN", &listen)]).await;
    assert_eq!(code, Some(0), "{text}");
    for word in [
        "DATABASE_URL: all that a server does is granted",
        "USERS_DATABASE_URL: all that a server does is granted",
        "USERS_DATABASE_URL: its tables are up to date",
        "what is committed there is kept",
        "the board is at revision 1, and the statistics have counted up to 1",
        "redis keeps",
        "memcached keeps",
        "SECRET_KEY is set",
        "note   AUTH=demo",
        "is taken: by this board",
    ] {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    world.audit().await;
}

#[tokio::test]
async fn what_is_away_or_makes_no_sense_is_named() {
    let world = World::new().await;
    world.serve().await.stop().await;
    for (setting, url) in [
        ("DATABASE_URL", &world.database_url),
        ("USERS_DATABASE_URL", &world.users_database_url),
        ("REDIS_URL", &world.redis_url),
        ("MEMCACHED_URL", &world.memcached_url),
    ] {
        let (proxy, through) = Proxy::before(url).await;
        finds(
            &world,
            &[(setting, &through), ("LISTEN", "192.0.2.1:80"), ("DEMO_ANYWHERE", "yes")],
            &["LISTEN=192.0.2.1:80: nothing can listen there"],
        )
        .await;
        proxy.shut();
        finds(&world, &[(setting, &through)], &[&format!("{setting}: ")]).await;
    }
    finds(
        &world,
        &[("SECRET_KEY", "short"), ("MAX_SOCKETS", "some")],
        &["SECRET_KEY:", "MAX_SOCKETS:"],
    )
    .await;
    finds(&world, &[("USERS_DATABASE_URL", &world.database_url)], &["the same database"]).await;
    finds(&world, &[("MAX_CONNECTIONS", "2000000000")], &["files may be open at once"]).await;
    world.audit().await;
}

#[tokio::test]
async fn what_the_database_does_not_keep_or_grant_is_named() {
    let services = Services::with("--innodb-flush-log-at-trx-commit=2 --max-connections=30").await;
    let world = services.world().await;
    world.serve().await.stop().await;
    services.as_root(
        "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'reader'; \
         GRANT SELECT, INSERT, UPDATE ON `t\\_%`.* TO reader@'127.0.0.1'; \
         GRANT DELETE, CREATE, ALTER ON `t\\_%\\_users`.* TO reader@'127.0.0.1'",
    );
    let wrong = [
        "\u{20}COMMITS ARE NOT DURABLE",
        "max_connections is 30",
        "COMMITS ARE NOT DURABLE",
        "max_connections is 30",
    ];
    finds(&world, &[], &wrong).await;
    let url = world.database_url.replace("orderboard:orderboard", "reader:reader");
    let denied = "DATABASE_URL: not granted: DELETE on board, DELETE on orders";
    finds(&world, &[("DATABASE_URL", &url)], &[&wrong[..], &[denied]].concat()).await;
    // A database that a newer program has migrated, or an unfinished one.
    let mut connection = world.interactions().await;
    for (change, word) in [
        ("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 2", "migration 2 was begun"),
        (
            "UPDATE _sqlx_migrations SET version = 999 WHERE version = 2",
            "999 is of a newer program",
        ),
    ] {
        sqlx::Executor::execute(&mut connection, change).await.expect(change);
        finds(&world, &[], &[&wrong[..], &[word]].concat()).await;
    }
}

#[tokio::test]
async fn a_server_may_do_no_more_than_read_and_write_rows() {
    let services = Services::with("").await;
    let world = services.world().await;
    let as_least = |url: &str| url.replace("orderboard:orderboard", "least:least");
    services.as_root(
        "CREATE USER least@'127.0.0.1' IDENTIFIED BY 'least'; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON `t\\_%`.* TO least@'127.0.0.1'",
    );
    let (interactions, users) =
        (as_least(&world.database_url), as_least(&world.users_database_url));
    let settings = [
        ("DATABASE_URL", interactions.as_str()),
        ("USERS_DATABASE_URL", &users),
        ("AUDIT_EVERY_SECONDS", "1"),
    ];
    // Where there is something to migrate, it may not.
    let migrated = world.command("migrate").envs(settings).output().expect("it starts");
    assert!(!migrated.status.success());
    let migrated = world.command("migrate").output().expect("it starts");
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));

    let server = world.serve_with(&settings).await;
    let (customer, executor) = (server.customer(1), server.executor(9));
    for _ in 0..3 {
        customer.place("Paint", "100.00", "RUB").await;
    }
    customer.edit(3, serde_json::json!({"price": "50.00"})).await.expect(200);
    executor.accept(1).await.expect(201);
    executor.note(1, "Done.").await.expect(201);
    executor.deliver(1).await.expect(200);
    customer.complete(1).await.expect(200);
    executor.accept(2).await.expect(201);
    executor.give_up(2).await.expect(200);
    server.admin().remove(3, "a reason").await.expect(200);
    world.counted().await;
    crate::support::eventually("the books balance", || async {
        let pulse = server.admin().get("/api/admin/pulse").await.expect(200).json();
        (pulse["now"]["books"]["balanced"] == true).then_some(())
    })
    .await;
    for path in ["/admin", "/admin/customers", "/admin/orders.csv"] {
        server.admin().get(path).await.expect(200);
    }
    assert!(!server.log().contains("ERROR"), "{}", server.log());
    let (code, text) = doctor(&world, &settings).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("not granted: CREATE, ALTER on its tables; another user"), "{text}");
    world.audit().await;
}
