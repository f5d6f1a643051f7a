//! Every setting, from the environment, checked once at start; each wrong value is named.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::error::FieldRule;
use crate::flood::Limits;
use crate::money::{Currency, DEFAULT_MAX_ORDER_COST, MaxCost, Percent};

/// How it is learned who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Auth {
    /// Headers and a switcher: anybody may be anybody. For trying out and for tests.
    Demo,
    /// Names and passwords.
    Accounts,
}

/// The settings of one server.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub database_url: String,
    pub users_database_url: String,
    /// `None`: without redis, one server alone.
    pub redis_url: Option<String>,
    /// `None`: without memcached.
    pub memcached_url: Option<String>,
    pub auth: Auth,
    /// Signs cookies; at least 32 bytes.
    pub secret_key: Vec<u8>,
    /// The one before it, which is still believed.
    pub secret_key_old: Option<Vec<u8>>,
    pub commission: Percent,
    pub currencies: Vec<Currency>,
    pub max_order_cost: MaxCost,
    /// Origins (`https://board.example`) that may send forms and open sockets besides our own host;
    /// their host names are answered in demo mode too.
    pub allowed_origins: Vec<String>,
    /// Connections served at once.
    pub max_connections: usize,
    /// Connections of one address, unless it is a trusted proxy; `usize::MAX`: no limit.
    pub max_connections_per_address: usize,
    /// Live sockets of one user on one server; `u32::MAX`: no limit.
    pub max_sockets: u32,
    /// Days after which an order that nobody took leaves the board; `u32::MAX`: never.
    pub expire_after_days: u32,
    /// Days after which a contract that was delivered counts as completed; `u32::MAX`: never.
    pub complete_after_days: u32,
    /// Contracts that an executor may have to deliver at once; `u32::MAX`: no limit.
    pub max_active_contracts: u32,
    /// Seconds between two audits of the running board; `u32::MAX`: never.
    pub audit_every_seconds: u32,
    pub limits: Limits,
    /// Who may say, by `X-Forwarded-For`, for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
}

/// Everything that is wrong with the environment, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:\n{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

impl ConfigError {
    /// Each thing that is wrong.
    pub fn each(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Config, ConfigError> {
        Config::read(|name| std::env::var(name).ok())
    }

    /// Reads settings from any source of named texts.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let mut reader = Reader { get, wrong: Vec::new() };
        let listen = reader.parsed("LISTEN", "127.0.0.1:8080", "an address and port", |text| {
            text.parse::<SocketAddr>().ok()
        });
        let anywhere = reader.flag("DEMO_ANYWHERE");
        let auth = reader.parsed("AUTH", "demo", "demo or accounts", |text| match text {
            "demo" => Some(Auth::Demo),
            "accounts" => Some(Auth::Accounts),
            _ => None,
        });
        if auth == Some(Auth::Demo)
            && !anywhere
            && listen.is_some_and(|address| !address.ip().is_loopback())
        {
            reader.wrong.push(
                "LISTEN: in demo mode anybody may be anybody, so it listens on loopback only; \
                 DEMO_ANYWHERE=yes allows other addresses"
                    .to_owned(),
            );
        }
        let allowed_origins = reader.origins();
        if auth == Some(Auth::Accounts) {
            reader.check_ways_in(listen, &allowed_origins);
        }
        let config = Config {
            listen: listen.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
            database_url: reader.url("DATABASE_URL", &["mysql://", "mariadb://"]),
            users_database_url: reader.url("USERS_DATABASE_URL", &["mysql://", "mariadb://"]),
            redis_url: reader.optional_url("REDIS_URL", &["redis://", "rediss://"]),
            memcached_url: reader.optional_url("MEMCACHED_URL", &["memcache://", "tcp://"]),
            auth: auth.unwrap_or(Auth::Demo),
            secret_key: reader.secret(auth),
            secret_key_old: reader.optional_secret("SECRET_KEY_OLD"),
            commission: reader.required(
                "COMMISSION_PERCENT",
                "2",
                "a whole number 0 to 100",
                |t| t.parse().ok().and_then(Percent::new),
            ),
            currencies: reader.currencies(),
            max_order_cost: reader.required(
                "MAX_ORDER_COST",
                DEFAULT_MAX_ORDER_COST,
                "an amount of money such as 100000000.00",
                MaxCost::parse,
            ),
            allowed_origins,
            max_connections: reader.required("MAX_CONNECTIONS", "20000", "a number above 0", |t| {
                t.parse().ok().filter(|&limit| limit > 0)
            }),
            max_connections_per_address: reader.limit("MAX_CONNECTIONS_PER_ADDRESS", "500")
                as usize,
            max_sockets: reader.limit("MAX_SOCKETS", "10"),
            expire_after_days: reader.limit("EXPIRE_AFTER_DAYS", "30"),
            complete_after_days: reader.limit("COMPLETE_AFTER_DAYS", "3"),
            max_active_contracts: reader.limit("MAX_ACTIVE_CONTRACTS", "20"),
            audit_every_seconds: reader.limit("AUDIT_EVERY_SECONDS", "3600"),
            limits: Limits {
                orders_per_day: reader.limit("MAX_ORDERS_PER_DAY", "200"),
                accepts_per_minute: reader.limit("MAX_ACCEPTS_PER_MINUTE", "60"),
                changes_per_minute: reader.limit("MAX_CHANGES_PER_MINUTE", "60"),
                queries_per_minute: reader.limit("MAX_QUERIES_TO_MYSQL", "600"),
                requests_per_second: reader.limit("MAX_REQUESTS_PER_SECOND", "100"),
                log_ins_per_name: reader.limit("MAX_LOG_INS_PER_NAME", "20"),
                log_ins_per_address: reader.limit("MAX_LOG_INS_PER_ADDRESS", "100"),
                sign_ups_per_address: reader.limit("MAX_SIGN_UPS_PER_ADDRESS", "50"),
            },
            trusted_proxies: reader.networks(),
        };
        if reader.wrong.is_empty() { Ok(config) } else { Err(ConfigError(reader.wrong)) }
    }

    /// A currency that orders may be in.
    pub fn currency(&self, code: &str) -> Result<Currency, FieldRule> {
        let known = Currency::from_code(code).filter(|known| self.currencies.contains(known));
        known.ok_or_else(|| {
            let allowed: Vec<_> = self.currencies.iter().map(|known| known.code()).collect();
            FieldRule::Currency { allowed: allowed.join(", ") }
        })
    }

    /// Whether browsers reach this board by https alone. It is decided by what is configured and not
    /// by what a request says of its way here: a proxy that forgets to say so must not make sessions
    /// travel in the clear.
    pub fn is_https(&self) -> bool {
        self.auth == Auth::Accounts
            && self.allowed_origins.iter().any(|origin| origin.starts_with("https://"))
    }

    /// Whether browsers are to remember that. Not on this machine: other programs of it, on other
    /// ports, would have to be reached by https, too.
    pub fn insists_on_https(&self) -> bool {
        self.is_https() && !self.allowed_origins.iter().any(|origin| is_local(origin))
    }

    /// How many contracts an executor may have to deliver at once, if that is limited.
    pub fn most_contracts(&self) -> Option<u32> {
        (self.max_active_contracts != u32::MAX).then_some(self.max_active_contracts)
    }
}

/// Whether an origin is on this machine.
fn is_local(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

struct Reader<G> {
    get: G,
    wrong: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn parsed<T>(
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
    fn required<T>(
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
    fn limit(&mut self, name: &str, default: &str) -> u32 {
        self.required(name, default, "a number, or 0 for no limit", |text| {
            text.parse().ok().map(|limit| if limit == 0 { u32::MAX } else { limit })
        })
    }

    fn flag(&mut self, name: &str) -> bool {
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

    fn optional_url(&mut self, name: &str, schemes: &[&str]) -> Option<String> {
        let url = self.private(name)?;
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            // The value may hold a password: it is not repeated.
            self.wrong.push(format!("{name}: must start with {}", schemes.join(" or ")));
        }
        Some(url)
    }

    fn url(&mut self, name: &str, schemes: &[&str]) -> String {
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
    fn check_ways_in(&mut self, listen: Option<SocketAddr>, origins: &[String]) {
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

    fn optional_secret(&mut self, name: &str) -> Option<Vec<u8>> {
        let key = self.private(name)?;
        if key.len() < 32 {
            self.wrong.push(format!("{name}: needs at least 32 characters"));
        }
        Some(key.into_bytes())
    }

    fn secret(&mut self, auth: Option<Auth>) -> Vec<u8> {
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

    fn currencies(&mut self) -> Vec<Currency> {
        let rule = "a list of ISO 4217 codes such as RUB,USD";
        self.required("CURRENCIES", "RUB,USD,EUR,JPY", rule, |text| {
            text.split(',').map(|code| Currency::from_code(code.trim())).collect()
        })
    }

    fn networks(&mut self) -> Vec<IpNet> {
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

    fn origins(&mut self) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let databases = [("DATABASE_URL", "mysql://h/i"), ("USERS_DATABASE_URL", "mysql://h/u")];
        Config::read(|name| {
            let given = settings.iter().chain(&databases).find(|(key, _)| *key == name);
            given.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.commission.get(), 2);
        assert_eq!(config.max_sockets, 10);
        assert_eq!(config.trusted_proxies.len(), 2);
        assert!(read(&[("TRUSTED_PROXIES", "none")]).unwrap().trusted_proxies.is_empty());
        assert_eq!(read(&[("MAX_SOCKETS", "0")]).unwrap().max_sockets, u32::MAX);
        let codes: Vec<_> = config.currencies.iter().map(|currency| currency.code()).collect();
        assert_eq!(codes, ["RUB", "USD", "EUR", "JPY"]);
    }

    #[test]
    fn every_wrong_value_is_named_at_once() {
        let wrong = read(&[
            ("LISTEN", "nowhere"),
            ("AUTH", "passwords"),
            ("COMMISSION_PERCENT", "101"),
            ("CURRENCIES", "RUB,XYZ"),
            ("MAX_ORDER_COST", "-1"),
            ("SECRET_KEY", "short"),
            ("SECRET_KEY_OLD", "short, too"),
            ("REDIS_URL", "http://h"),
            ("ALLOWED_ORIGINS", "example.org"),
            ("MAX_SOCKETS", "-1"),
            ("AUDIT_EVERY_SECONDS", "hourly"),
            ("MAX_ORDERS_PER_DAY", "many"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ]);
        let text = wrong.unwrap_err().to_string();
        for name in [
            "LISTEN:",
            "AUTH:",
            "COMMISSION_PERCENT:",
            "CURRENCIES:",
            "MAX_ORDER_COST:",
            "SECRET_KEY:",
            "SECRET_KEY_OLD:",
            "REDIS_URL:",
            "ALLOWED_ORIGINS:",
            "MAX_SOCKETS:",
            "AUDIT_EVERY_SECONDS:",
            "MAX_ORDERS_PER_DAY:",
            "TRUSTED_PROXIES:",
        ] {
            assert!(text.contains(name), "{name} is not named in {text}");
        }
    }

    #[test]
    fn secrets_may_come_from_files_and_are_not_repeated() {
        let dir = std::env::temp_dir();
        let file = |text: &str| {
            let path = dir.join(format!("orderboard-{:016x}", fastrand::u64(..)));
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let key = file("0123456789abcdef0123456789abcdef\n");
        let (url, none) = (file("mysql://u:hunter2@h/i\r\n"), file("\n"));
        let read = |settings: &[(&str, &str)]| {
            Config::read(|name| {
                let given = settings.iter().find(|(key, _)| *key == name);
                given.map(|(_, value)| (*value).to_owned())
            })
        };
        let config = read(&[
            ("AUTH", "accounts"),
            ("DATABASE_URL_FILE", &url),
            ("USERS_DATABASE_URL", "mysql://h/u"),
            ("SECRET_KEY_FILE", &key),
            ("SECRET_KEY_OLD_FILE", &none),
        ]);
        let config = config.unwrap();
        assert_eq!(config.database_url, "mysql://u:hunter2@h/i");
        assert_eq!(config.users_database_url, "mysql://h/u");
        assert_eq!(config.secret_key, b"0123456789abcdef0123456789abcdef");
        assert_eq!(config.secret_key_old, None);
        let wrong = read(&[
            ("AUTH", "accounts"),
            ("DATABASE_URL", "mysql://u:hunter2@h/i"),
            ("DATABASE_URL_FILE", &url),
            ("USERS_DATABASE_URL_FILE", "/nowhere"),
            ("SECRET_KEY_FILE", &none),
        ]);
        let text = wrong.unwrap_err().to_string();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(lines.len(), 3, "{text}");
        for word in [
            "DATABASE_URL and DATABASE_URL_FILE: one",
            "USERS_DATABASE_URL_FILE: \"/nowhere\" cannot be read: No such file",
            "SECRET_KEY: is missing",
        ] {
            assert!(text.contains(word), "no {word:?} in {text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
        for path in [key, url, none] {
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn accounts_need_a_key_and_https_beyond_this_machine() {
        let key = ("SECRET_KEY", "0123456789abcdef0123456789abcdef");
        let with =
            |settings: &[(&str, &str)]| read(&[&[("AUTH", "accounts"), key], settings].concat());
        let config = with(&[]).unwrap();
        assert_eq!((config.auth, config.is_https()), (Auth::Accounts, false));
        let missing = read(&[("AUTH", "accounts")]).unwrap_err().to_string();
        assert!(missing.contains("SECRET_KEY: is missing"), "{missing}");
        let anywhere = ("LISTEN", "0.0.0.0:80");
        assert!(with(&[anywhere]).is_err());
        assert!(with(&[anywhere, ("DEMO_ANYWHERE", "yes")]).is_err());
        assert!(with(&[anywhere, ("ALLOWED_ORIGINS", "http://localhost:8080")]).is_err());
        assert!(with(&[("ALLOWED_ORIGINS", "http://board.example")]).is_err());
        for local in ["http://[::1]:8080", "http://[::1]", "http://127.0.0.1", "http://localhost:1"]
        {
            assert!(with(&[("ALLOWED_ORIGINS", local)]).is_ok(), "{local}");
        }
        let config = with(&[anywhere, ("ALLOWED_ORIGINS", "https://board.example")]).unwrap();
        assert!(config.is_https() && config.insists_on_https());
        let config = with(&[("ALLOWED_ORIGINS", "https://localhost:8443")]).unwrap();
        assert!(config.is_https() && !config.insists_on_https());
        assert!(!read(&[("ALLOWED_ORIGINS", "https://board.example")]).unwrap().is_https());
    }

    #[test]
    fn demo_mode_stays_on_loopback_unless_told() {
        assert!(read(&[("LISTEN", "0.0.0.0:80")]).is_err());
        assert!(read(&[("LISTEN", "0.0.0.0:80"), ("DEMO_ANYWHERE", "yes")]).is_ok());
    }
}
