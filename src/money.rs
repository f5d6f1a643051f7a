//! Money: exact amounts, currencies, the commission's split, and prices read from decimal text.
//! Nothing here rounds, and no amount ever passes through a float. Whether a currency is allowed,
//! and how a refusal is worded, is decided elsewhere.

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Hundredths in one minor unit. A price is a whole number of minor units, so each whole percent
/// of it is a whole number of hundredths.
const HUNDREDTHS: i64 = 100;

/// The default of `MAX_ORDER_COST`, in major units; read it with [`MaxCost::parse`].
pub const DEFAULT_MAX_ORDER_COST: &str = "100000000.00";

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

/// The most that an order may cost, in major units of whichever currency it is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaxCost {
    /// Four digits are as many as any currency of ISO 4217 has.
    major_ten_thousandths: u64,
}

impl MaxCost {
    /// Reads a setting such as [`DEFAULT_MAX_ORDER_COST`]: plain decimal text with up to four
    /// digits after the point. `None` when it is something else, zero, or beyond 10^15.
    pub fn parse(text: &str) -> Option<MaxCost> {
        let Written { whole, fraction } = Written::read(text, Notation::Strict)?;
        if fraction.len() > 4 {
            return None;
        }
        let major_ten_thousandths = format!("{whole}{fraction:0<4}").parse().ok()?;
        (1..=10_u64.pow(19))
            .contains(&major_ten_thousandths)
            .then_some(MaxCost { major_ten_thousandths })
    }

    /// The highest price in `currency`: whole minor units, at most what an [`Amount`] can hold.
    pub fn in_currency(self, currency: Currency) -> Amount {
        let minor =
            u128::from(self.major_ten_thousandths) * 10_u128.pow(currency.digits()) / 10_000;
        let most = i64::MAX / HUNDREDTHS;
        Amount(i64::try_from(minor).map_or(most, |minor| minor.min(most)) * HUNDREDTHS)
    }
}

/// Why the text of a price was refused: each names the rule that it breaks.
#[derive(Debug, Clone, PartialEq)]
pub enum PriceRefused {
    /// Nothing but white space.
    Empty,
    /// Not decimal text in the notation asked for.
    NotANumber,
    /// A number with a plus or a minus.
    Sign,
    /// A number such as `1e3`.
    Exponent,
    /// More digits after the mark than the currency has, be they zeros.
    TooManyDigits { allowed: u32 },
    /// Nothing to pay.
    Zero,
    /// More than the most that an order may cost.
    TooLarge { max: Amount },
}

impl PriceRefused {
    /// The key of the message that says so.
    pub fn rule(&self) -> &'static str {
        match self {
            PriceRefused::Empty => "price-empty",
            PriceRefused::NotANumber => "price-not-a-number",
            PriceRefused::Sign => "price-sign",
            PriceRefused::Exponent => "price-exponent",
            PriceRefused::TooManyDigits { .. } => "price-too-many-digits",
            PriceRefused::Zero => "price-zero",
            PriceRefused::TooLarge { .. } => "price-too-large",
        }
    }
}

/// How a price may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notation {
    /// By programs: `1299.95`.
    Strict,
    /// By people: also `1299,95` and `1 299,95`, with spaces (ordinary, no-break, narrow, thin)
    /// between groups of three digits, and white space around.
    Form,
}

/// Longer texts are no price in any currency.
const MAX_PRICE_CHARACTERS: usize = 64;

/// Reads a price in `currency`: whole minor units, more than zero, at most `max`.
pub fn parse_price(
    text: &str,
    currency: Currency,
    notation: Notation,
    max: Amount,
) -> Result<Amount, PriceRefused> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(PriceRefused::Empty);
    }
    let text = if notation == Notation::Form { trimmed } else { text };
    if text.chars().nth(MAX_PRICE_CHARACTERS).is_some() {
        let large = are_digits(text) && !text.starts_with('0');
        return Err(if large { PriceRefused::TooLarge { max } } else { PriceRefused::NotANumber });
    }

    let Some(Written { whole, fraction }) = Written::read(text, notation) else {
        return Err(why_unread(text, notation));
    };
    let allowed = currency.digits();
    if fraction.len() > allowed as usize {
        return Err(PriceRefused::TooManyDigits { allowed });
    }
    let minor = format!("{whole}{fraction:0<width$}", width = allowed as usize);
    // Digits only: overflow is the one way in which this fails.
    let price = minor.parse().ok().and_then(|minor: i64| minor.checked_mul(HUNDREDTHS));
    match price.map(Amount) {
        Some(Amount::ZERO) => Err(PriceRefused::Zero),
        Some(price) if price <= max => Ok(price),
        _ => Err(PriceRefused::TooLarge { max }),
    }
}

/// A number as it is written: the digits before and after its decimal mark.
struct Written<'a> {
    whole: String,
    fraction: &'a str,
}

impl Written<'_> {
    fn read(text: &str, notation: Notation) -> Option<Written<'_>> {
        let (marks, spaces): (&[char], &[char]) = match notation {
            Notation::Strict => (&['.'], &[]),
            Notation::Form => (&['.', ','], &[' ', '\u{a0}', '\u{202f}', '\u{2009}']),
        };
        let (whole, fraction) = match text.split_once(marks) {
            Some((whole, fraction)) => (whole, are_digits(fraction).then_some(fraction)?),
            None => (text, ""),
        };
        let groups: Vec<&str> = whole.split(spaces).collect();
        let in_threes =
            (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3);
        let whole = groups.concat();
        let plain = are_digits(&whole) && (whole == "0" || !whole.starts_with('0'));
        (plain && (groups.len() == 1 || in_threes)).then_some(Written { whole, fraction })
    }
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Which rule is broken by a text that is no [`Written`] number: signs and exponents are named
/// only where the rest is one, since `-abc` is no number with any sign.
fn why_unread(text: &str, notation: Notation) -> PriceRefused {
    let unsigned = text.strip_prefix(['+', '-', '\u{2212}']).unwrap_or(text);
    let has_exponent = unsigned.split_once(['e', 'E']).is_some_and(|(number, exponent)| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        Written::read(number, notation).is_some() && are_digits(exponent)
    });
    let is_number = has_exponent || Written::read(unsigned, notation).is_some();
    match (is_number, has_exponent) {
        (true, _) if unsigned.len() < text.len() => PriceRefused::Sign,
        (_, true) => PriceRefused::Exponent,
        _ => PriceRefused::NotANumber,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Notation::{Form, Strict};
    use PriceRefused::{Empty, Exponent, NotANumber, Sign, TooManyDigits, Zero};
    use proptest::prelude::*;

    const CODES: [&str; 5] = ["RUB", "USD", "EUR", "JPY", "KWD"];
    const HIGHEST: i64 = i64::MAX - i64::MAX % HUNDREDTHS;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    fn amount(hundredths: i64) -> Amount {
        Amount::from_hundredths(hundredths).unwrap()
    }

    fn default_max(code: &str) -> Amount {
        MaxCost::parse(DEFAULT_MAX_ORDER_COST).unwrap().in_currency(currency(code))
    }

    fn parse(text: &str, code: &str, notation: Notation) -> Result<Amount, PriceRefused> {
        parse_price(text, currency(code), notation, default_max(code))
    }

    fn check_read(code: &str, notation: Notation, text: &str, expected: i64) {
        let read = parse(text, code, notation);
        assert_eq!(read, Ok(amount(expected)), "{text:?} {code} {notation:?}");
    }

    fn check_refused(code: &str, notation: Notation, text: &str, expected: PriceRefused) {
        let read = parse(text, code, notation);
        assert_eq!(read, Err(expected), "{text:?} {code} {notation:?}");
    }

    #[test]
    fn prices_are_read_exactly() {
        for (code, text, hundredths) in [
            ("RUB", "99.95", 999_500),
            ("RUB", "0.01", 100),
            ("RUB", "0.29", 2_900),
            ("RUB", "0.5", 5_000),
            ("RUB", "1", 10_000),
            ("RUB", "1.0", 10_000),
            ("RUB", "99999999.99", 999_999_999_900),
            ("RUB", "100000000", 1_000_000_000_000),
            ("RUB", "100000000.00", 1_000_000_000_000),
            ("JPY", "500", 50_000),
            ("JPY", "100000000", 10_000_000_000),
            ("KWD", "1.234", 123_400),
            ("KWD", "100000000.000", 10_000_000_000_000),
        ] {
            check_read(code, Strict, text, hundredths);
            check_read(code, Form, text, hundredths);
        }
    }

    #[test]
    fn people_write_prices_in_their_own_ways() {
        for (code, text, hundredths) in [
            ("RUB", "99,95", 999_500),
            ("RUB", "1 299,95", 12_999_500),
            ("RUB", "1 299.95", 12_999_500),
            ("RUB", "1\u{a0}299,95", 12_999_500),
            ("RUB", "1\u{202f}299,95", 12_999_500),
            ("RUB", "1\u{2009}299,95", 12_999_500),
            ("RUB", "12 345 678", 123_456_780_000),
            ("RUB", " \t\u{a0}99.95\r\n", 999_500),
            ("JPY", "12 000", 1_200_000),
            ("KWD", "1 000,125", 100_012_500),
        ] {
            check_read(code, Form, text, hundredths);
            check_refused(code, Strict, text, NotANumber);
        }
    }

    #[test]
    fn refusals_name_the_rule_whatever_the_notation() {
        let too_many = TooManyDigits { allowed: 2 };
        for (text, why) in [
            ("", Empty),
            (" ", Empty),
            ("\t\u{a0}\n", Empty),
            ("-1", Sign),
            ("+1", Sign),
            ("\u{2212}1", Sign),
            ("-0.00", Sign),
            ("-1e3", Sign),
            ("1e3", Exponent),
            ("1E3", Exponent),
            ("1.5e-3", Exponent),
            ("1e+3", Exponent),
            ("0.001", too_many.clone()),
            ("1.000", too_many.clone()),
            ("0.000", too_many),
            ("0", Zero),
            ("0.0", Zero),
            ("0.00", Zero),
            ("-", NotANumber),
            ("--1", NotANumber),
            ("-abc", NotANumber),
            ("1-", NotANumber),
            ("1e", NotANumber),
            ("e3", NotANumber),
            ("1e3e3", NotANumber),
            (".", NotANumber),
            (".5", NotANumber),
            ("5.", NotANumber),
            ("1..5", NotANumber),
            ("1.2.3", NotANumber),
            ("00", NotANumber),
            ("00.5", NotANumber),
            ("007", NotANumber),
            ("007.50", NotANumber),
            ("NaN", NotANumber),
            ("inf", NotANumber),
            ("0x10", NotANumber),
            ("0x1e3", NotANumber),
            ("1_000", NotANumber),
            ("1'000", NotANumber),
            ("abc", NotANumber),
            ("100 RUB", NotANumber),
            ("$5", NotANumber),
            ("1,299.95", NotANumber),
            ("1.299,95", NotANumber),
            ("1,2,3", NotANumber),
            ("\u{ff11}\u{ff12}", NotANumber),
            ("\u{661}\u{662}", NotANumber),
            ("1\u{200b}2", NotANumber),
            ("1\0", NotANumber),
        ] {
            check_refused("RUB", Strict, text, why.clone());
            check_refused("RUB", Form, text, why);
        }
        check_refused("JPY", Strict, "500.0", TooManyDigits { allowed: 0 });
        check_refused("KWD", Strict, "0.0001", TooManyDigits { allowed: 3 });
    }

    #[test]
    fn groups_have_three_digits() {
        for text in [
            "1 29",
            "1 2999",
            "1299 950",
            "1  299",
            "1 299 .95",
            "1 299. 95",
            "0 299",
            "1\t299",
            "1 299,9 5",
            "- 1 299",
        ] {
            check_refused("RUB", Form, text, NotANumber);
        }
        check_refused("RUB", Form, "-1 299,95", Sign);
        check_refused("RUB", Form, "1,299", TooManyDigits { allowed: 2 });
    }

    #[test]
    fn prices_end_at_the_maximum() {
        let too_large = PriceRefused::TooLarge { max: default_max("RUB") };
        for text in ["100000000.01", "92233720368547758.07", "92233720368547758080"] {
            check_refused("RUB", Strict, text, too_large.clone());
        }
        check_refused("RUB", Form, "100 000 000,01", too_large.clone());
        for digits in [20, 40, 64, 65, 100_000] {
            check_refused("RUB", Strict, &"9".repeat(digits), too_large.clone());
        }
        check_refused("RUB", Strict, &"0".repeat(100_000), NotANumber);
        check_refused("RUB", Form, &"1 ".repeat(100_000), NotANumber);
        check_read("RUB", Form, &format!("{0}1{0}", " ".repeat(100)), 10_000);
    }

    #[test]
    fn the_maximum_is_in_major_units_of_each_currency() {
        for (text, code, hundredths) in [
            (DEFAULT_MAX_ORDER_COST, "RUB", 1_000_000_000_000),
            (DEFAULT_MAX_ORDER_COST, "JPY", 10_000_000_000),
            (DEFAULT_MAX_ORDER_COST, "KWD", 10_000_000_000_000),
            (DEFAULT_MAX_ORDER_COST, "CLF", 100_000_000_000_000),
            ("10.5", "RUB", 105_000),
            ("10.5", "JPY", 1_000),
            ("922337203685477.58", "RUB", 9_223_372_036_854_775_800),
            ("1000000000000000", "RUB", HIGHEST),
            ("1000000000000000", "KWD", HIGHEST),
        ] {
            let max = MaxCost::parse(text).unwrap().in_currency(currency(code));
            assert_eq!(max, amount(hundredths), "{text} {code}");
        }
        for text in ["", "0", "0.00", "-1", "1e9", "1.00000", "1 000", "abc", &"9".repeat(30)] {
            assert_eq!(MaxCost::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_commission_loses_no_cent() {
        for (code, price, percent, fee, payout) in [
            ("RUB", "100.00", 2, "2.00", "98.00"),
            ("RUB", "19.99", 2, "0.3998", "19.5902"),
            ("RUB", "0.01", 2, "0.0002", "0.0098"),
            ("RUB", "0.29", 2, "0.0058", "0.2842"),
            ("RUB", "99999999.99", 2, "1999999.9998", "97999999.9902"),
            ("RUB", "19.99", 0, "0.00", "19.99"),
            ("RUB", "19.99", 100, "19.99", "0.00"),
            ("JPY", "500", 2, "10", "490"),
            ("JPY", "99", 2, "1.98", "97.02"),
            ("JPY", "25", 2, "0.5", "24.5"),
            ("KWD", "1.001", 2, "0.02002", "0.98098"),
        ] {
            let Split { fee: got_fee, payout: got_payout, .. } =
                split(parse(price, code, Strict).unwrap(), Percent::new(percent).unwrap());
            let got = (got_fee.to_decimal(currency(code)), got_payout.to_decimal(currency(code)));
            assert_eq!(got, (fee.into(), payout.into()), "{price} {code} at {percent} %");
        }
    }

    #[test]
    #[should_panic(expected = "whole minor units")]
    fn a_price_is_in_whole_minor_units() {
        split(amount(150), Percent::new(2).unwrap());
    }

    #[test]
    fn amounts_are_written_exactly() {
        for (code, hundredths, decimal, grouped) in [
            ("RUB", 0, "0.00", "0,00"),
            ("RUB", 1, "0.0001", "0,0001"),
            ("RUB", 10, "0.001", "0,001"),
            ("RUB", 980_000, "98.00", "98,00"),
            ("RUB", 9_990_000, "999.00", "999,00"),
            ("RUB", 12_999_500, "1299.95", "1\u{a0}299,95"),
            ("RUB", 1_000_000_000_000, "100000000.00", "100\u{a0}000\u{a0}000,00"),
            ("JPY", 0, "0", "0"),
            ("JPY", 49_000, "490", "490"),
            ("JPY", 49_050, "490.5", "490,5"),
            ("JPY", 123_456_700, "1234567", "1\u{a0}234\u{a0}567"),
            ("KWD", 100_000, "1.000", "1,000"),
            (
                "KWD",
                i64::MAX,
                "92233720368547.75807",
                "92\u{a0}233\u{a0}720\u{a0}368\u{a0}547,75807",
            ),
        ] {
            let (amount, currency) = (amount(hundredths), currency(code));
            assert_eq!(amount.to_decimal(currency), decimal, "{hundredths} {code}");
            assert_eq!(amount.to_grouped(currency, ',', '\u{a0}'), grouped, "{hundredths} {code}");
        }
    }

    #[test]
    fn amounts_are_never_negative() {
        assert_eq!(Amount::from_hundredths(-1), None);
        assert_eq!(Amount::ZERO.checked_sub(amount(1)), None);
        assert_eq!(amount(i64::MAX).checked_add(amount(1)), None);
        assert_eq!(amount(1).checked_add(amount(2)), Some(amount(3)));
        assert!(serde_json::from_str::<Amount>("-1").is_err());
    }

    #[test]
    fn totals_outgrow_amounts() {
        let total: Total = [amount(i64::MAX); 3].into_iter().sum();
        assert_eq!(total.hundredths(), 3 * i128::from(i64::MAX));
        assert_eq!(total.to_decimal(currency("RUB")), "2767011611056432.7421");
        let negative = Total::ZERO - amount(12_999_500);
        assert_eq!(negative.to_decimal(currency("RUB")), "-1299.95");
        assert_eq!(negative.to_grouped(currency("RUB"), '.', ' '), "-1 299.95");
        assert_eq!(negative + amount(12_999_500), Total::ZERO);
        assert_eq!(Total::from_hundredths(5), Total::from(amount(5)));
        let json = serde_json::to_string(&total).unwrap();
        assert_eq!(serde_json::from_str::<Total>(&json).unwrap(), total);
    }

    #[test]
    fn currencies_are_known_by_their_exact_code() {
        for (code, expected) in [
            ("RUB", Some(("RUB", 2))),
            ("RUR", Some(("RUB", 2))),
            ("JPY", Some(("JPY", 0))),
            ("KWD", Some(("KWD", 3))),
            ("CLF", Some(("CLF", 4))),
            ("rub", None),
            ("RUB ", None),
            ("", None),
            ("ZZZ", None),
            ("XAU", None),
            ("XXX", None),
        ] {
            let got = Currency::from_code(code).map(|known| (known.code(), known.digits()));
            assert_eq!(got, expected, "{code:?}");
        }
        assert!(currency("AOA") < currency("XCG"));
    }

    #[test]
    fn serialized_values_are_plain_and_checked() {
        let percent = Percent::new(2).unwrap();
        let json = serde_json::to_string(&(amount(10_000), currency("RUR"), percent)).unwrap();
        assert_eq!(json, r#"[10000,"RUB",2]"#);
        let read: (Amount, Currency, Percent) = serde_json::from_str(&json).unwrap();
        assert_eq!(read, (amount(10_000), currency("RUB"), percent));
        assert!(serde_json::from_str::<Currency>(r#""XAU""#).is_err());
        assert!(serde_json::from_str::<Percent>("101").is_err());
    }

    fn any_currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(&CODES[..]).prop_map(currency)
    }

    fn any_price() -> impl Strategy<Value = Amount> {
        (1..=HIGHEST / HUNDREDTHS).prop_map(|minor| amount(minor * HUNDREDTHS))
    }

    proptest! {
        #[test]
        fn fee_and_payout_are_the_price(price in any_price(), percent in 0..=100_u8) {
            let split = split(price, Percent::new(percent).unwrap());
            prop_assert_eq!(split.fee.checked_add(split.payout), Some(price));
            let exact = i128::from(price.hundredths()) * i128::from(percent);
            prop_assert_eq!(i128::from(split.fee.hundredths()) * 100, exact);
        }

        #[test]
        fn written_prices_read_back(price in any_price(), currency in any_currency()) {
            let text = price.to_decimal(currency);
            for notation in [Strict, Form] {
                let read = parse_price(&text, currency, notation, amount(HIGHEST));
                prop_assert_eq!(read, Ok(price));
            }
        }

        #[test]
        fn grouped_prices_read_back(
            price in any_price(),
            currency in any_currency(),
            mark in proptest::sample::select(&['.', ','][..]),
            space in proptest::sample::select(&[' ', '\u{a0}', '\u{202f}', '\u{2009}'][..]),
        ) {
            let text = price.to_grouped(currency, mark, space);
            let read = parse_price(&text, currency, Form, amount(HIGHEST));
            prop_assert_eq!(read, Ok(price));
        }

        #[test]
        fn any_text_is_a_price_in_bounds_or_refused(
            text in prop_oneof![any::<String>(), "[-+0-9., eE\u{a0}]{0,70}"],
            currency in any_currency(),
            max in any_price(),
        ) {
            for notation in [Strict, Form] {
                if let Ok(price) = parse_price(&text, currency, notation, max) {
                    prop_assert!(Amount::ZERO < price && price <= max);
                    prop_assert_eq!(price.hundredths() % HUNDREDTHS, 0);
                }
            }
        }

        #[test]
        fn what_programs_may_write_people_may_too(text in "[0-9]{1,9}(\\.[0-9]{0,3})?") {
            prop_assert_eq!(parse(&text, "RUB", Strict), parse(&text, "RUB", Form));
        }
    }
}
