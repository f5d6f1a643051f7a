//! What somebody did day by day in the last weeks, for the chart on their profile. It is read from
//! their newest orders or contracts when it is shown: of who did more than those, fewer days are known.

use chrono::{DateTime, Days as Span, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::store::{self, Deed};
use crate::database::Reads;
use crate::identity::User;
use crate::money::{Currency, Total};

/// Days that are shown, today's included (by UTC).
pub const SHOWN: u64 = 30;
/// Orders or contracts that are read.
const NEWEST: u32 = 900;

/// What counts of one day, in one currency.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Day {
    pub date: NaiveDate,
    pub currency: Currency,
    pub count: u32,
    pub money: Total,
}

/// All days on which anything was done, oldest first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Days {
    pub days: Vec<Day>,
    /// What was before this day is not known.
    pub known_since: Option<NaiveDate>,
}

/// One place in a chart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bar {
    pub date: NaiveDate,
    pub count: u32,
    pub money: Total,
}

/// What a customer placed or an executor took on in the last weeks. As in the totals, what was taken
/// back does not count.
pub async fn read(reads: Reads<'_>, user: User) -> Result<Days, sqlx::Error> {
    let deeds = store::list_deeds(reads, user, NEWEST + 1).await?;
    Ok(sum(&deeds, NEWEST as usize))
}

/// Sums up deeds, newest first, of which there may be more than `most`.
fn sum(deeds: &[Deed], most: usize) -> Days {
    let date = |time: DateTime<Utc>| time.date_naive();
    // The day of one that was not read is not complete.
    let known_since = deeds.get(most).map(|deed| date(deed.created) + Span::new(1));
    let mut days: Vec<Day> = Vec::new();
    for deed in deeds.iter().rev().filter(|deed| deed.counts) {
        let on = date(deed.created);
        if known_since.is_some_and(|since| on < since) {
            continue;
        }
        let known = days.iter_mut().rev().take_while(|day| day.date == on);
        match known.into_iter().find(|day| day.currency == deed.currency) {
            Some(day) => (day.count, day.money) = (day.count + 1, day.money + deed.money),
            None => days.push(Day {
                date: on,
                currency: deed.currency,
                count: 1,
                money: Total::ZERO + deed.money,
            }),
        }
    }
    Days { days, known_since }
}

impl Days {
    /// The bars of a currency, one for each day up to `today`; `None` where nothing was done.
    pub fn bars(&self, currency: Currency, today: NaiveDate) -> Option<Vec<Bar>> {
        let first = today - Span::new(SHOWN - 1);
        let first = self.known_since.map_or(first, |since| first.max(since.min(today)));
        let of = |date| self.days.iter().find(|day| (day.date, day.currency) == (date, currency));
        let bar = |date| {
            let (count, money) = of(date).map_or((0, Total::ZERO), |day| (day.count, day.money));
            Bar { date, count, money }
        };
        let bars: Vec<Bar> = first.iter_days().take_while(|date| *date <= today).map(bar).collect();
        bars.iter().any(|bar| bar.count > 0).then_some(bars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Amount;

    fn deed(time: &str, code: &str, money: i64, counts: bool) -> Deed {
        Deed {
            created: format!("2026-03-{time}:00Z").parse().unwrap(),
            currency: Currency::from_code(code).unwrap(),
            money: Amount::from_hundredths(money).unwrap(),
            counts,
        }
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    #[test]
    fn days_are_summed_by_currency_without_what_was_taken_back() {
        let deeds = [
            deed("05T10:00", "RUB", 300, true),
            deed("05T09:00", "JPY", 7, true),
            deed("05T08:00", "RUB", 40, false),
            deed("05T00:00", "RUB", 200, true),
            deed("04T23:59", "RUB", 100, true),
        ];
        let days = sum(&deeds, 900);
        let rub = days.bars(deeds[0].currency, day(6)).unwrap();
        assert_eq!(rub.len(), SHOWN as usize);
        let last: Vec<_> =
            rub[27..].iter().map(|bar| (bar.date, bar.count, bar.money.hundredths())).collect();
        assert_eq!(last, [(day(4), 1, 100), (day(5), 2, 500), (day(6), 0, 0)]);
        assert_eq!(days.bars(Currency::from_code("USD").unwrap(), day(6)), None);
    }

    #[test]
    fn days_that_are_not_known_whole_are_not_shown() {
        let deeds = [
            deed("06T10:00", "RUB", 300, true),
            deed("05T10:00", "RUB", 200, true),
            deed("04T10:00", "RUB", 100, true),
            deed("04T09:00", "RUB", 100, true),
        ];
        let days = sum(&deeds, 3);
        let bars = days.bars(deeds[0].currency, day(6)).unwrap();
        assert_eq!(bars.iter().map(|bar| bar.date).collect::<Vec<_>>(), [day(5), day(6)]);
    }
}
