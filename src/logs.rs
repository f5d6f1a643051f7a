//! The log: lines on standard error, for people or for programs.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Display;
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// What a line looks like.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Format {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Format {
    pub fn parse(text: &str) -> Option<Format> {
        match text {
            "text" => Some(Format::Text),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

/// The least that is worth a line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Level {
    Error,
    Warn,
    #[default]
    Info,
    /// Every request.
    Debug,
}

impl Level {
    pub fn parse(text: &str) -> Option<Level> {
        match text {
            "error" => Some(Level::Error),
            "warn" => Some(Level::Warn),
            "info" => Some(Level::Info),
            "debug" => Some(Level::Debug),
            _ => None,
        }
    }

    const fn filter(self) -> LevelFilter {
        match self {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
        }
    }
}

/// The settings of the log.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Logs {
    pub format: Format,
    pub level: Level,
}

impl Logs {
    /// Begins to write, once for a process.
    pub fn start(self) {
        // What others than ourselves have to say below a warning may hold what nobody is to read:
        // queries, headers, bodies.
        let level = self.level.filter();
        let targets = Targets::new()
            .with_default(level.min(LevelFilter::WARN))
            .with_target("orderboard", level);
        let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
        let lines = match self.format {
            Format::Text => lines.boxed(),
            Format::Json => {
                panic::set_hook(Box::new(log_panic));
                let lines = lines.json().flatten_event(true);
                lines.with_current_span(false).with_span_list(false).boxed()
            }
        };
        tracing_subscriber::registry().with(lines).with(targets).init();
    }
}

/// The usual report has many lines, none of which is JSON.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let backtrace = match backtrace.status() {
        BacktraceStatus::Captured => Some(tracing::field::display(backtrace)),
        _ => None,
    };
    tracing::error!(backtrace, "{panic}");
}

/// Something that is tried again and again: its trouble is told once when it begins, and once when
/// it is over.
#[derive(Debug)]
pub struct Trouble {
    what: &'static str,
    is_told: bool,
}

impl Trouble {
    /// `what` is said to fail, and to work again: `the clean-up of requests`.
    pub const fn with(what: &'static str) -> Trouble {
        Trouble { what, is_told: false }
    }

    /// Takes note of how it went; gives what came of it.
    pub fn note<T, E: Display>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                if std::mem::take(&mut self.is_told) {
                    tracing::info!("{} works again", self.what);
                }
                Some(value)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_told, true) {
                    tracing::warn!(%error, "{} fails for now", self.what);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_trouble_is_told_when_it_begins_and_when_it_is_over() {
        let page = Page::default();
        let writer = page.clone();
        let log = fmt::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let mut trouble = Trouble::with("the tide");
        let lines = || String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        tracing::subscriber::with_default(log, || {
            assert_eq!(trouble.note(Ok::<_, &str>(1)), Some(1));
            assert_eq!(lines(), "");
            for _ in 0..3 {
                assert_eq!(trouble.note(Err::<(), _>("low water")), None);
            }
            assert_eq!(lines().lines().count(), 1);
            assert!(
                lines().contains("WARN")
                    && lines().contains("the tide fails for now error=low water")
            );
            for _ in 0..3 {
                trouble.note(Ok::<_, &str>(1));
            }
        });
        assert_eq!(lines().lines().count(), 2);
        assert!(lines().ends_with("the tide works again\n"), "{}", lines());
    }
}
