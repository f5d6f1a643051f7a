//! Reads one setting after the other, and keeps what is wrong with each.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::{Auth, is_local};
use crate::money::Currency;

/// Settings as texts, and what is wrong with them.
pub(super) struct Reader<G> {
    pub get: G,
    /// A line each.
    pub wrong: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub fn parsed<T>(
        &mut self,
        name: &str,
        default: &str,
        rule: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        let value = parse(&text);
        if value.is_none() {
            self.wrong.push(format!("{name}: {text:?} is not {rule}"));
        }
        value
    }

    /// Like `parsed`, standing in the default for what was wrong: the error is kept and the value
    /// never used.
    pub fn required<T>(
        &mut self,
        name: &str,
        default: &str,
        rule: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        let value = self.parsed(name, default, rule, &parse);
        value.unwrap_or_else(|| parse(default).expect("defaults are lawful"))
    }

    /// A limit of which 0 means that there is none.
    pub fn limit(&mut self, name: &str, default: &str) -> u32 {
        self.required(name, default, "a number, or 0 for no limit", |text| {
            text.parse().ok().map(|limit| if limit == 0 { u32::MAX } else { limit })
        })
    }

    pub fn flag(&mut self, name: &str) -> bool {
        self.required(name, "no", "yes or no", |text| match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        })
    }

    /// A text that may hold a secret: itself, or what is in the file that NAME_FILE names. Nothing of
    /// it is ever repeated.
    fn private(&mut self, name: &str) -> Option<String> {
        let file = format!("{name}_FILE");
        let Some(path) = self.text(&file) else { return self.text(name) };
        if self.text(name).is_some() {
            self.wrong.push(format!("{name} and {file}: one of the two must go"));
        }
        match std::fs::read_to_string(&path) {
            Ok(content) => Some(content.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(error) => {
                self.wrong.push(format!("{file}: {path:?} cannot be read: {error}"));
                None
            }
        }
    }

    pub fn optional_url(&mut self, name: &str, schemes: &[&str]) -> Option<String> {
        let url = self.private(name)?;
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            // The value may hold a password: it is not repeated.
            self.wrong.push(format!("{name}: must start with {}", schemes.join(" or ")));
        }
        Some(url)
    }

    pub fn url(&mut self, name: &str, schemes: &[&str]) -> String {
        let known = self.wrong.len();
        self.optional_url(name, schemes).unwrap_or_else(|| {
            if self.wrong.len() == known {
                let form = format!("{}user:password@host/database", schemes[0]);
                self.wrong.push(format!("{name}: is missing ({form})"));
            }
            String::new()
        })
    }

    /// Passwords and sessions do not go over a wire in the clear: beyond this machine there is https.
    pub fn check_ways_in(&mut self, listen: Option<SocketAddr>, origins: &[String]) {
        for origin in origins.iter().filter(|origin| origin.starts_with("http://")) {
            if !is_local(origin) {
                self.wrong.push(format!(
                    "ALLOWED_ORIGINS: {origin:?}: passwords would travel in the clear; it must be \
                     https"
                ));
            }
        }
        let has_https = origins.iter().any(|origin| origin.starts_with("https://"));
        if !has_https && listen.is_some_and(|address| !address.ip().is_loopback()) {
            self.wrong.push(
                "LISTEN: beyond this machine people come by https: ALLOWED_ORIGINS must name the \
                 https origin of the proxy in front"
                    .to_owned(),
            );
        }
    }

    pub fn optional_secret(&mut self, name: &str) -> Option<Vec<u8>> {
        let key = self.private(name)?;
        if key.len() < 32 {
            self.wrong.push(format!("{name}: needs at least 32 characters"));
        }
        Some(key.into_bytes())
    }

    pub fn secret(&mut self, auth: Option<Auth>) -> Vec<u8> {
        let known = self.wrong.len();
        match self.optional_secret("SECRET_KEY") {
            Some(key) => key,
            None if self.wrong.len() > known => Vec::new(),
            None if auth == Some(Auth::Accounts) => {
                self.wrong.push(
                    "SECRET_KEY: is missing; accounts need one, of at least 32 characters, the \
                     same on all servers"
                        .to_owned(),
                );
                Vec::new()
            }
            // Made up: who is chosen in the switcher is forgotten at the next start.
            None => [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()]
                .iter()
                .flat_map(|uuid| uuid.into_bytes())
                .collect(),
        }
    }

    pub fn currencies(&mut self) -> Vec<Currency> {
        let rule = "a list of ISO 4217 codes such as RUB,USD";
        self.required("CURRENCIES", "RUB,USD,EUR,JPY", rule, |text| {
            text.split(',').map(|code| Currency::from_code(code.trim())).collect()
        })
    }

    pub fn networks(&mut self) -> Vec<IpNet> {
        let rule = "a list of addresses and networks such as 10.0.0.5,172.16.0.0/12, or none";
        self.required("TRUSTED_PROXIES", "127.0.0.0/8,::1", rule, |text| {
            if text == "none" {
                return Some(Vec::new());
            }
            let words = text.split(',').map(str::trim);
            words
                .map(|word| word.parse().or_else(|_| word.parse().map(IpAddr::into)).ok())
                .collect()
        })
    }

    pub fn origins(&mut self) -> Vec<String> {
        let text = self.text("ALLOWED_ORIGINS").unwrap_or_default();
        let origins: Vec<String> = text
            .split(',')
            .map(|origin| origin.trim().trim_end_matches('/').to_ascii_lowercase())
            .filter(|origin| !origin.is_empty())
            .collect();
        for origin in &origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
                self.wrong
                    .push(format!("ALLOWED_ORIGINS: {origin:?} is not like https://host:port"));
            }
        }
        origins
    }
}
