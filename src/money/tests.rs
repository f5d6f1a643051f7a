//! Prices as people and programs write them, and amounts as they are shown: exact either way.

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
        ("KWD", i64::MAX, "92233720368547.75807", "92\u{a0}233\u{a0}720\u{a0}368\u{a0}547,75807"),
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
