//! Every setting, from the environment, checked once at start; each wrong value is named.

mod reader;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use self::reader::Reader;
use crate::error::FieldRule;
use crate::flood::Limits;
use crate::logs::{Format, Level, Logs};
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
    pub logs: Logs,
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
            logs: Logs {
                format: reader.required("LOG_FORMAT", "text", "text or json", Format::parse),
                level: reader.required(
                    "LOG_LEVEL",
                    "info",
                    "error, warn, info or debug",
                    Level::parse,
                ),
            },
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

#[cfg(test)]
mod tests;
