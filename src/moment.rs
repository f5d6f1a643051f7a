//! Points in time: UTC, whole milliseconds, as the database keeps them.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A point in time, UTC, exact to the millisecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Moment(DateTime<Utc>);

impl Moment {
    /// This server's clock. Orders and contracts carry the database's time instead.
    pub fn now() -> Moment {
        Moment::from(Utc::now())
    }

    /// RFC 3339 with milliseconds: `2026-01-01T00:00:00.123Z`.
    pub fn to_rfc3339(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// As an SQL literal's text: `2026-01-01 00:00:00.123`.
    pub fn to_sql(self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }

    /// As people read it where no script makes it relative: `2026-01-01 00:00 UTC`.
    pub fn to_readable(self) -> String {
        self.0.format("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// Its day, by UTC.
    pub fn date(self) -> NaiveDate {
        self.0.date_naive()
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0.timestamp_millis()
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(time: DateTime<Utc>) -> Moment {
        let beyond_ms = i64::from(time.timestamp_subsec_nanos() % 1_000_000);
        Moment(time - TimeDelta::nanoseconds(beyond_ms))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.to_rfc3339()
    }
}

impl TryFrom<String> for Moment {
    type Error = chrono::ParseError;

    fn try_from(text: String) -> Result<Moment, chrono::ParseError> {
        DateTime::parse_from_rfc3339(&text).map(|time| Moment::from(time.with_timezone(&Utc)))
    }
}
