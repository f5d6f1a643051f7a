//! Orders as people might write them: a template of some trade and language, its blanks filled in,
//! and a price that suits it.

mod tongue;

use fastrand::Rng;

use crate::money::Currency;
use tongue::{TONGUES, Template, Tongue, range};

/// What a customer sends.
#[derive(Debug)]
pub struct Draft {
    pub description: String,
    /// Exact decimal text.
    pub price: String,
    pub currency: &'static str,
}

/// A random order; each template is as likely as any other.
pub fn draft(rng: &mut Rng) -> Draft {
    let all = || {
        let of = |tongue: &'static Tongue| tongue.templates.iter().map(move |one| (tongue, one));
        TONGUES.iter().flat_map(of)
    };
    let (tongue, template) = all().nth(rng.usize(..all().count())).expect("it is below the count");
    write(tongue, template, rng)
}

fn write(tongue: &'static Tongue, template: &Template, rng: &mut Rng) -> Draft {
    let &Template { low, high, text } = template;
    let mut description = fill(tongue, text, rng);
    if rng.u8(..100) < 30 {
        // Chinese and Japanese sentences are not parted by spaces.
        if !description.ends_with(['。', '\n']) {
            description.push(' ');
        }
        description += &fill(tongue, one_of(&tongue.closings, rng), rng);
    }
    let currency = one_of(&tongue.currencies, rng);
    // Of two draws the lower: there are more small orders than large ones.
    let roubles = rng.u64(low..=high).min(rng.u64(low..=high));
    Draft { description, price: price(roubles, currency, rng), currency }
}

fn fill(tongue: &Tongue, text: &str, rng: &mut Rng) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from_blank)) = rest.split_once('{') {
        let (blank, after) = from_blank.split_once('}').expect("templates close their blanks");
        filled += before;
        filled += &match blank {
            "place" => fill(tongue, one_of(&tongue.places, rng), rng),
            "when" => fill(tongue, one_of(&tongue.deadlines, rng), rng),
            _ => {
                let (low, high) = range(blank);
                rng.u64(low..=high).to_string()
            }
        };
        rest = after;
    }
    filled + rest
}

fn one_of(list: &[&'static str], rng: &mut Rng) -> &'static str {
    list[rng.usize(..list.len())]
}

/// About as much as so many roubles: mostly a round sum, sometimes to the cent.
fn price(roubles: u64, code: &str, rng: &mut Rng) -> String {
    // Plausible is enough here: nothing is ever exchanged.
    let major = match code {
        "USD" => roubles / 80,
        "EUR" => roubles / 90,
        "JPY" => roubles * 2,
        _ => roubles,
    };
    let step = [1000, 500, 100, 50, 10, 5].into_iter().find(|step| major / 20 >= *step);
    let step = step.unwrap_or(1);
    let major = (major / step).max(1) * step;
    let digits = Currency::from_code(code).map_or(0, Currency::digits);
    match (digits, rng.u8(..10)) {
        (2, 0..=1) => format!("{major}.00"),
        (2, 2) => format!("{major}.50"),
        (2, 3) => format!("{}.{:02}", major - 1, rng.u8(90..=99)),
        (2, 4) => format!("{major}.{:02}", rng.u8(1..=99)),
        _ => major.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::money::{DEFAULT_MAX_ORDER_COST, MaxCost, Notation, parse_price};

    fn check(draft: &Draft) {
        let Draft { description, price, currency } = draft;
        let characters = description.chars().count();
        assert!((20..=8000).contains(&characters), "{description}");
        let control = |character: char| character.is_control() && character != '\n';
        assert!(!description.contains(control), "{description:?}");
        assert!(!description.contains(['{', '}']), "{description}");
        assert!(!description.contains("  "), "{description}");
        assert_eq!(description.trim(), description);
        let currency = Currency::from_code(currency).expect("a known currency");
        let max = MaxCost::parse(DEFAULT_MAX_ORDER_COST).expect("the default is lawful");
        let read = parse_price(price, currency, Notation::Strict, max.in_currency(currency));
        assert!(read.is_ok(), "{price} {currency:?}: {read:?}");
    }

    #[test]
    fn every_template_yields_lawful_orders() {
        let mut rng = Rng::with_seed(42);
        for tongue in TONGUES.iter() {
            for template in &tongue.templates {
                assert!(template.low < template.high, "{}", template.text);
                for _ in 0..200 {
                    check(&write(tongue, template, &mut rng));
                }
            }
        }
    }

    #[test]
    fn every_list_is_lawful() {
        let mut rng = Rng::with_seed(42);
        for tongue in TONGUES.iter() {
            for text in [&*tongue.places, &tongue.deadlines, &tongue.closings].concat() {
                let filled = fill(tongue, text, &mut rng);
                assert!(!filled.trim().is_empty() && !filled.contains(['{', '}']), "{filled}");
            }
            assert!(!tongue.currencies.is_empty());
            for code in &tongue.currencies {
                assert!(Currency::from_code(code).is_some(), "{code}");
            }
        }
    }

    #[test]
    fn orders_are_of_many_kinds() {
        let mut rng = Rng::with_seed(42);
        let drafts: Vec<Draft> = (0..4000).map(|_| draft(&mut rng)).collect();
        let texts: BTreeSet<&str> = drafts.iter().map(|draft| &*draft.description).collect();
        assert!(texts.len() > 1000, "{}", texts.len());
        let lengths: Vec<usize> = texts.iter().map(|text| text.chars().count()).collect();
        assert!(lengths.iter().any(|&length| length > 1800));
        assert!(lengths.iter().any(|&length| length < 60));
        let share = |code| drafts.iter().filter(|draft| draft.currency == code).count() / 40;
        assert!(share("RUB") > 50, "{} %", share("RUB"));
        for code in ["USD", "EUR", "JPY"] {
            assert!(share(code) > 4, "{code} {} %", share(code));
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_orders() {
        let made = |seed| {
            let mut rng = Rng::with_seed(seed);
            let draft = std::array::from_fn::<_, 20, _>(|_| draft(&mut rng).description);
            draft.concat()
        };
        assert_eq!(made(7), made(7));
        assert_ne!(made(7), made(8));
    }
}
