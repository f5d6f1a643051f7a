//! Somebody with an account, at a browser without JavaScript.

use std::io::Write;
use std::process::Stdio;

use super::{Browser, Client, Reply, Server, World, hidden_field};

pub const PASSWORD: &str = "a fence is not a gate";

pub struct Person {
    pub browser: Browser,
    pub name: String,
}

impl Person {
    /// Signs up as `customer`, `executor` or `both`.
    pub async fn sign_up(server: &Server, name: &str, roles: &str) -> Person {
        let mut browser = Browser::new(server);
        let fields = [("name", name), ("password", PASSWORD), ("roles", roles)];
        browser.submit("/sign-up", &fields).await.expect(303);
        Person { browser, name: name.to_owned() }
    }

    /// Comes in at another browser.
    pub async fn log_in(server: &Server, name: &str, password: &str) -> Person {
        let mut person = Person { browser: Browser::new(server), name: name.to_owned() };
        person.try_log_in(password).await.expect(303);
        person
    }

    pub async fn try_log_in(&mut self, password: &str) -> Reply {
        let fields = [("name", self.name.as_str()), ("password", password)];
        self.browser.submit("/log-in", &fields).await
    }

    /// What the forms of this session's pages carry.
    pub async fn form_token(&mut self) -> String {
        hidden_field(&self.browser.get("/account").await.expect(200).text(), "csrf")
    }

    /// Sends a form as it stands on one of this session's pages.
    pub async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.form_token().await;
        self.browser.submit(path, &[&[("csrf", token.as_str())], fields].concat()).await
    }

    /// A program that acts for this person.
    pub async fn program(&mut self, server: &Server, role: &str) -> Client {
        let page = self.send("/account/tokens", &[("label", "a program"), ("role", role)]).await;
        let page = page.expect(201).text();
        let (_, token) = page.split_once("class=\"secret\">").expect("a token");
        let token = token.split('<').next().expect("its end");
        server.nobody().with("authorization", &format!("Bearer {token}"))
    }

    /// The person's number.
    pub async fn id(&mut self) -> u32 {
        let page = self.browser.get("/account").await.expect(200).text();
        let (_, id) = page.split_once(&format!("{}, number ", self.name)).expect("a number");
        id.split('<').next().expect("its end").parse().expect("a number")
    }
}

/// Runs `orderboard admin …`; its exit code and what it wrote.
pub async fn admin(world: &World, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    admin_with(world, &[], arguments, input).await
}

/// The same with other settings.
pub async fn admin_with(
    world: &World,
    settings: &[(&str, &str)],
    arguments: &[&str],
    input: &str,
) -> (Option<i32>, String) {
    let mut command = world.command("admin");
    command.args(arguments).env("AUTH", "accounts").envs(settings.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it ends"));
    let output = output.await.expect("it is waited for");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Makes an account for an admin.
pub async fn add_admin(world: &World, name: &str, password: &str) {
    let (code, text) = admin(world, &["add", name], &format!("{password}\n")).await;
    assert_eq!(code, Some(0), "{text}");
}
