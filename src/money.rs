//! Money: exact amounts, currencies, the commission's split, and prices read from decimal text.
//! Nothing here rounds, and no amount ever passes through a float. Whether a currency is allowed,
//! and how a refusal is worded, is decided elsewhere.

mod price;

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

pub use price::{DEFAULT_MAX_ORDER_COST, MaxCost, Notation, PriceRefused, parse_price};

/// Hundredths in one minor unit. A price is a whole number of minor units, so each whole percent
/// of it is a whole number of hundredths.
const HUNDREDTHS: i64 = 100;

/// An exact amount of money: hundredths of the currency's minor unit (1.00 RUB = 10 000), never
/// negative. It does not know its currency; amounts of two currencies are never added together.
/// Serialized as the integer; reading a negative one is an error.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

impl Amount {
    pub const ZERO: Amount = Amount(0);

    /// `None` when negative.
    pub const fn from_hundredths(hundredths: i64) -> Option<Amount> {
        if hundredths < 0 { None } else { Some(Amount(hundredths)) }
    }

    /// As stored: hundredths of the minor unit.
    pub const fn hundredths(self) -> i64 {
        self.0
    }

    /// `None` when the sum does not fit; sums over many rows belong in a [`Total`].
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).map(Amount)
    }

    /// `None` when the difference would be negative.
    pub fn checked_sub(self, other: Amount) -> Option<Amount> {
        self.0.checked_sub(other.0).and_then(Amount::from_hundredths)
    }

    /// Exact decimal text in `currency`: at least the currency's digits and no zeros beyond them:
    /// `98.00`, `19.5902`, JPY `490`. The form used by the API.
    pub fn to_decimal(self, currency: Currency) -> String {
        decimal(self.0.into(), currency, '.', None)
    }

    /// The same digits for people: `1 299.95`, with the marks of their language.
    pub fn to_grouped(self, currency: Currency, decimal_mark: char, group_mark: char) -> String {
        decimal(self.0.into(), currency, decimal_mark, Some(group_mark))
    }
}

impl TryFrom<i64> for Amount {
    type Error = &'static str;

    fn try_from(hundredths: i64) -> Result<Amount, Self::Error> {
        Amount::from_hundredths(hundredths).ok_or("an amount of money is never negative")
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> i64 {
        amount.0
    }
}

/// A sum of many amounts of one currency, in the same unit. Wide enough for any number of rows,
/// and negative where more was taken back than added.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Total(i128);

impl Total {
    pub const ZERO: Total = Total(0);

    pub const fn from_hundredths(hundredths: i128) -> Total {
        Total(hundredths)
    }

    pub const fn hundredths(self) -> i128 {
        self.0
    }

    /// See [`Amount::to_decimal`]; a negative total begins with `-`.
    pub fn to_decimal(self, currency: Currency) -> String {
        decimal(self.0, currency, '.', None)
    }

    /// See [`Amount::to_grouped`]; a negative total begins with `-`.
    pub fn to_grouped(self, currency: Currency, decimal_mark: char, group_mark: char) -> String {
        decimal(self.0, currency, decimal_mark, Some(group_mark))
    }
}

impl From<Amount> for Total {
    fn from(amount: Amount) -> Total {
        Total(amount.0.into())
    }
}

impl Add<Amount> for Total {
    type Output = Total;

    /// Panics on overflow, which no table is long enough to reach.
    fn add(self, amount: Amount) -> Total {
        Total(self.0.checked_add(amount.0.into()).expect("a total fits 128 bits"))
    }
}

impl Sub<Amount> for Total {
    type Output = Total;

    /// Panics on overflow, like adding.
    fn sub(self, amount: Amount) -> Total {
        Total(self.0.checked_sub(amount.0.into()).expect("a total fits 128 bits"))
    }
}

impl Sum<Amount> for Total {
    fn sum<I: Iterator<Item = Amount>>(amounts: I) -> Total {
        amounts.fold(Total::ZERO, Add::add)
    }
}

fn decimal(
    hundredths: i128,
    currency: Currency,
    decimal_mark: char,
    group_mark: Option<char>,
) -> String {
    let digits = currency.digits() as usize;
    let places = digits + 2;
    let text = format!("{:0width$}", hundredths.unsigned_abs(), width = places + 1);
    let (whole, fraction) = text.split_at(text.len() - places);
    let fraction = &fraction[..fraction.trim_end_matches('0').len().max(digits)];

    let mut written = String::with_capacity(2 * text.len());
    if hundredths < 0 {
        written.push('-');
    }
    for (position, digit) in whole.char_indices() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            written.extend(group_mark);
        }
        written.push(digit);
    }
    if !fraction.is_empty() {
        written.push(decimal_mark);
        written.push_str(fraction);
    }
    written
}

/// A currency of ISO 4217 that has a minor unit. Ordered by code and serialized as it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Reads an upper-case code; the legacy `RUR` is read as `RUB`. `None` for unknown codes, and
    /// for those without a minor unit, such as gold.
    pub fn from_code(code: &str) -> Option<Currency> {
        let code = if code == "RUR" { "RUB" } else { code };
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Currency)
    }

    /// The three letters of ISO 4217.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal digits of the minor unit: JPY 0, RUB 2, KWD 3.
    pub fn digits(self) -> u32 {
        self.0.exponent().expect("from_code refuses currencies without a minor unit").into()
    }
}

// The crate's own order is that of its table, which is not quite alphabetical.
impl Ord for Currency {
    fn cmp(&self, other: &Currency) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Currency) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Currency, Self::Error> {
        Currency::from_code(&code).ok_or("not the code of a usable currency")
    }
}

impl From<Currency> for &'static str {
    fn from(currency: Currency) -> &'static str {
        currency.code()
    }
}

/// A whole percentage, 0 to 100. Serialized as the integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

impl Percent {
    /// `None` above 100.
    pub const fn new(percent: u8) -> Option<Percent> {
        if percent <= 100 { Some(Percent(percent)) } else { None }
    }

    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Percent, Self::Error> {
        Percent::new(percent).ok_or("a percentage is at most 100")
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> u8 {
        percent.0
    }
}

/// Where a price goes: fee + payout = price, always.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Split {
    /// What the customer pays.
    pub price: Amount,
    /// What the system keeps.
    pub fee: Amount,
    /// What the executor receives.
    pub payout: Amount,
}

/// Splits a price by the commission, exactly. Panics when the price is not in whole minor units:
/// [`parse_price`] gives no such price, so the data is broken.
pub fn split(price: Amount, percent: Percent) -> Split {
    assert!(price.0 % HUNDREDTHS == 0, "a price is in whole minor units: {price:?}");
    // Dividing first loses nothing, as just asserted, and keeps the product below the price.
    let fee = (price.0 / HUNDREDTHS).checked_mul(percent.0.into()).map(Amount);
    let fee = fee.expect("a part of a price fits where the price does");
    let payout = price.checked_sub(fee).expect("a commission is at most the price");
    Split { price, fee, payout }
}

#[cfg(test)]
mod tests;
