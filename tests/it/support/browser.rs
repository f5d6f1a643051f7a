//! Somebody at a browser without JavaScript: cookies, forms and redirects.

use std::collections::BTreeMap;

use super::{Client, Reply, Server};

pub struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(server: &Server) -> Browser {
        Browser::at(server.nobody())
    }

    /// One that asks by way of this client.
    pub fn at(client: Client) -> Browser {
        Browser { client, cookies: BTreeMap::new() }
    }

    /// Somebody who chose a role in the switcher.
    pub async fn of(server: &Server, role: &str, id: u32) -> Browser {
        let mut browser = Browser::new(server);
        browser.switch(role, id).await;
        browser
    }

    /// Becomes somebody else, and looks at the page that this leads to.
    pub async fn switch(&mut self, role: &str, id: u32) {
        let fields = [("user_type", role), ("user_id", &id.to_string())];
        self.submit("/session", &fields).await.expect(303);
    }

    /// Goes on at another server; cookies go along.
    pub fn go_to(&mut self, server: &Server) {
        self.client = server.nobody();
    }

    pub fn set(&mut self, header: &str, value: &str) {
        self.client = self.client.with(header, value);
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        let reply = self.client().get(path).await;
        self.keep_cookies(&reply);
        reply
    }

    /// Sends a form; redirects are left to `follow`.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let reply = self.client().post_form(path, fields).await;
        self.keep_cookies(&reply);
        reply
    }

    /// Goes where a reply sends it.
    pub async fn follow(&mut self, reply: Reply) -> Reply {
        let reply = reply.expect(303);
        let to = reply.header("location").to_owned();
        self.get(&to).await
    }

    /// A form's submission and the page that it leads to.
    pub async fn submit_and_follow(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let reply = self.submit(path, fields).await;
        self.follow(reply).await
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// This browser's next request, as a client.
    pub fn client(&self) -> Client {
        if self.cookies.is_empty() {
            return self.client.clone();
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.client.with("cookie", &cookies.join("; "))
    }

    fn keep_cookies(&mut self, reply: &Reply) {
        for line in reply.headers.get_all("set-cookie") {
            let line = line.to_str().expect("ASCII");
            let (cookie, attributes) = line.split_once(';').expect("a cookie has attributes");
            let (name, value) = cookie.split_once('=').expect("a cookie has a value");
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite="), "{line}");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The value of a hidden field of a page's form.
#[track_caller]
pub fn hidden_field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().expect("a closing quote").to_owned()
}
