//! Prices read from decimal text, as programs and people write them.

use super::{Amount, Currency, HUNDREDTHS};

/// The default of `MAX_ORDER_COST`, in major units; read it with [`MaxCost::parse`].
pub const DEFAULT_MAX_ORDER_COST: &str = "100000000.00";

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
