//! `orderboard doctor`: looks at everything that a server needs, from where the server would stand,
//! and says in words what is wrong. It changes nothing, and may be run beside a live board.

mod around;
mod database;
mod store;

use std::fmt::Display;
use std::io::{self, Write};

use crate::config::{Config, ConfigError};

/// What was found, a line each.
#[derive(Default)]
pub struct Findings(Vec<(Verdict, String)>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Well,
    /// May be meant so.
    Note,
    Wrong,
}

impl Findings {
    fn well(&mut self, text: impl Display) {
        self.0.push((Verdict::Well, text.to_string()));
    }

    fn note(&mut self, text: impl Display) {
        self.0.push((Verdict::Note, text.to_string()));
    }

    fn wrong(&mut self, text: impl Display) {
        self.0.push((Verdict::Wrong, text.to_string()));
    }

    fn join(&mut self, others: Findings) {
        self.0.extend(others.0);
    }

    fn write(&self, out: &mut impl Write) -> io::Result<bool> {
        for (verdict, text) in &self.0 {
            let word = match verdict {
                Verdict::Well => "ok",
                Verdict::Note => "note",
                Verdict::Wrong => "WRONG",
            };
            writeln!(out, "{word:5}  {text}")?;
        }
        match self.0.iter().filter(|(verdict, _)| *verdict == Verdict::Wrong).count() {
            0 => writeln!(out, "all is well")?,
            1 => writeln!(out, "one thing is wrong")?,
            count => writeln!(out, "{count} things are wrong")?,
        }
        Ok(self.0.iter().all(|(verdict, _)| *verdict != Verdict::Wrong))
    }
}

/// Looks at everything and says what was found; whether nothing is wrong.
pub async fn run(config: Result<Config, ConfigError>, out: &mut impl Write) -> io::Result<bool> {
    let mut findings = Findings::default();
    match config {
        Ok(config) => examine(&config, &mut findings).await,
        // Where to look for the rest is not known then.
        Err(error) => error.each().for_each(|line| findings.wrong(line)),
    }
    findings.write(out)
}

async fn examine(config: &Config, findings: &mut Findings) {
    around::settings(config, findings);
    around::address(config, findings).await;
    let (databases, redis, memcached) = tokio::join!(
        database::both(config),
        around::redis(config.redis_url.as_deref()),
        around::memcached(config.memcached_url.as_deref()),
    );
    findings.join(databases);
    findings.join(redis);
    findings.join(memcached);
}
