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
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "trace"),
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
        "LOG_FORMAT:",
        "LOG_LEVEL:",
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
    let with = |settings: &[(&str, &str)]| read(&[&[("AUTH", "accounts"), key], settings].concat());
    let config = with(&[]).unwrap();
    assert_eq!((config.auth, config.is_https()), (Auth::Accounts, false));
    let missing = read(&[("AUTH", "accounts")]).unwrap_err().to_string();
    assert!(missing.contains("SECRET_KEY: is missing"), "{missing}");
    let anywhere = ("LISTEN", "0.0.0.0:80");
    assert!(with(&[anywhere]).is_err());
    assert!(with(&[anywhere, ("DEMO_ANYWHERE", "yes")]).is_err());
    assert!(with(&[anywhere, ("ALLOWED_ORIGINS", "http://localhost:8080")]).is_err());
    assert!(with(&[("ALLOWED_ORIGINS", "http://board.example")]).is_err());
    for local in ["http://[::1]:8080", "http://[::1]", "http://127.0.0.1", "http://localhost:1"] {
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
