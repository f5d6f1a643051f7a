//! What of the board somebody wants to see: orders in a currency, within a price range, with some
//! words in them; by age or by price.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::config::Config;
use crate::error::{FieldRule, Refusal};
use crate::money::{self, Amount, Currency, Notation, PriceRefused};
use crate::orders::Order;
use crate::web::Request;

/// Open orders that are looked through, the newest ones: that bounds what a filter costs.
pub const MOST: u32 = 10_000;
/// Words that can be looked for at once.
const WORDS: usize = 5;
/// Longest text that is looked for, in characters.
const MAX_CHARACTERS: usize = 100;

/// The parameters that make a filter.
pub const PARAMETERS: [&str; 5] = ["currency", "min", "max", "sort", "q"];

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Sort {
    #[default]
    Newest,
    Cheapest,
    Dearest,
}

impl Sort {
    pub const ALL: [Sort; 3] = [Sort::Newest, Sort::Cheapest, Sort::Dearest];

    /// As it stands in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Sort::Newest => "newest",
            Sort::Cheapest => "price",
            Sort::Dearest => "-price",
        }
    }
}

/// A lawful filter.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Filter {
    pub currency: Option<Currency>,
    /// In the currency.
    pub min: Option<Amount>,
    pub max: Option<Amount>,
    pub sort: Sort,
    pub words: Vec<String>,
}

/// What was typed.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Typed {
    pub currency: String,
    pub min: String,
    pub max: String,
    pub sort: String,
    pub q: String,
    /// A parameter that stands there more than once: which of them is meant?
    pub repeated: Option<&'static str>,
}

impl Typed {
    /// What a request asks for; `None` when it asks for the whole board.
    pub fn of(request: &Request) -> Option<Typed> {
        if request.query.is_empty() {
            return None;
        }
        let [currency, min, max, sort, q] = PARAMETERS
            .map(|name| request.param(name).map_or(String::new(), |text| text.trim().to_owned()));
        let repeated = PARAMETERS.into_iter().find(|name| request.is_repeated(name));
        let typed = Typed { currency, min, max, sort, q, repeated };
        (typed != Typed::default()).then_some(typed)
    }

    /// What somebody types who wants a currency and nothing else.
    pub fn only(currency: Currency) -> Typed {
        Typed { currency: currency.code().to_owned(), ..Typed::default() }
    }

    /// The path of this view of the board, for its other pages and for others to share.
    pub fn to_path(&self, path: &str) -> String {
        let Typed { currency, min, max, sort, q, repeated: _ } = self;
        let values = PARAMETERS.into_iter().zip([currency, min, max, sort, q]);
        let pairs: Vec<_> = values.filter(|(_, value)| !value.is_empty()).collect();
        let query = serde_urlencoded::to_string(pairs).expect("texts can be written");
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

impl Filter {
    /// Reads what was typed, all of it or nothing. Amounts are read as people write them, or strictly.
    pub fn read(typed: &Typed, config: &Config, notation: Notation) -> Result<Filter, Refusal> {
        let refuse = |field, rule| Refusal::InvalidField { field, rule };
        if let Some(field) = typed.repeated {
            return Err(refuse(field, FieldRule::Repeated));
        }
        let currency = match typed.currency.as_str() {
            "" => None,
            code => Some(config.currency(code).map_err(|rule| refuse("currency", rule))?),
        };
        let amount = |field, text: &str| match (text, currency) {
            ("", _) => Ok(None),
            (_, None) => Err(refuse(field, FieldRule::NeedsCurrency)),
            (text, Some(currency)) => {
                let max = config.max_order_cost.in_currency(currency);
                match money::parse_price(text, currency, notation, max) {
                    Ok(price) => Ok(Some(price)),
                    // Every price is more than that.
                    Err(PriceRefused::Zero) if field == "min" => Ok(None),
                    Err(refused) => Err(refuse(field, FieldRule::Price(refused, currency))),
                }
            }
        };
        let (min, max) = (amount("min", &typed.min)?, amount("max", &typed.max)?);
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(refuse("max", FieldRule::BelowMin));
        }
        let sort = match typed.sort.as_str() {
            "" => Sort::Newest,
            name => Sort::ALL
                .into_iter()
                .find(|sort| sort.name() == name)
                .ok_or(refuse("sort", FieldRule::Sort))?,
        };
        // Amounts of two currencies are not compared.
        if sort != Sort::Newest && currency.is_none() {
            return Err(refuse("sort", FieldRule::NeedsCurrency));
        }
        if typed.q.chars().nth(MAX_CHARACTERS).is_some() || typed.q.contains(char::is_control) {
            return Err(refuse("q", FieldRule::Words { max: MAX_CHARACTERS }));
        }
        let words: Vec<_> = typed.q.split_whitespace().map(str::to_owned).collect();
        if words.len() > WORDS {
            return Err(refuse("q", FieldRule::TooManyWords { max: WORDS }));
        }
        Ok(Filter { currency, min, max, sort, words })
    }

    /// Whether what passes is a board of its own, all open orders or those in a currency, which
    /// needs no search.
    pub fn is_board(&self) -> bool {
        self.is_plain() && self.min.is_none() && self.max.is_none()
    }

    /// Whether an order that appears can be put in its place by whoever shows a first page: if not,
    /// the page is fetched anew.
    pub fn is_plain(&self) -> bool {
        self.sort == Sort::Newest && self.words.is_empty()
    }

    /// The condition of an order's row, with a `?` for each of the values that go with it.
    pub fn to_sql(&self) -> (String, Vec<Value>) {
        let Filter { currency, min, max, words, .. } = self;
        let (mut sql, mut values) = (String::new(), Vec::new());
        let mut add = |condition: &str, value| {
            write!(sql, " AND {condition}").expect("writing to a string cannot fail");
            values.push(value);
        };
        if let Some(currency) = currency {
            add("original_currency = ?", Value::Text(currency.code().to_owned()));
        }
        if let Some(min) = min {
            add("money_cost >= ?", Value::Number(min.hundredths()));
        }
        if let Some(max) = max {
            add("money_cost <= ?", Value::Number(max.hundredths()));
        }
        for word in words {
            // Whatever the case.
            let escaped: String = word
                .chars()
                .flat_map(|letter| {
                    let special = matches!(letter, '%' | '_' | '\\').then_some('\\');
                    special.into_iter().chain([letter])
                })
                .collect();
            let condition = "description COLLATE utf8mb4_general_ci LIKE ?";
            add(condition, Value::Text(format!("%{escaped}%")));
        }
        (sql, values)
    }

    /// The same order for rows at hand.
    pub fn compare(&self, one: &Order, other: &Order) -> Ordering {
        let by_price = one.price.cmp(&other.price);
        let by_age = other.id.cmp(&one.id);
        match self.sort {
            Sort::Newest => by_age,
            Sort::Cheapest => by_price.then(by_age),
            Sort::Dearest => by_price.reverse().then(by_age),
        }
    }

    /// How rows are ordered; equal prices by age.
    pub const fn order(&self) -> &'static str {
        match self.sort {
            Sort::Newest => "id DESC",
            Sort::Cheapest => "money_cost, id DESC",
            Sort::Dearest => "money_cost DESC, id DESC",
        }
    }
}

/// What goes with a `?`.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Number(i64),
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(currency: &str, min: &str, max: &str, sort: &str, q: &str) -> Result<Filter, Refusal> {
        let [currency, min, max, sort, q] = [currency, min, max, sort, q].map(str::to_owned);
        let typed = Typed { currency, min, max, sort, q, repeated: None };
        let settings = [("DATABASE_URL", "mysql://h/d"), ("USERS_DATABASE_URL", "mysql://h/u")];
        let config = Config::read(|name| {
            let known = settings.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        });
        Filter::read(&typed, &config.unwrap(), Notation::Form)
    }

    fn refused(filter: Result<Filter, Refusal>) -> &'static str {
        match filter {
            Err(Refusal::InvalidField { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn filters_are_read_as_people_write_them() {
        let filter = read("RUB", "10", "1 299,95", "-price", " fence  gate ").unwrap();
        assert_eq!(filter.min.unwrap().hundredths(), 100_000);
        assert_eq!(filter.max.unwrap().hundredths(), 12_999_500);
        assert_eq!((filter.sort, filter.words.len()), (Sort::Dearest, 2));
        assert_eq!(read("", "", "", "", "x").unwrap().words, ["x"]);
        assert!(read("RUB", "0,00", "", "newest", "").unwrap().is_plain());
        assert_eq!(read("", "", "", "", "a b c d e").unwrap().words.len(), 5);
        assert!(!read("RUB", "", "", "price", "").unwrap().is_plain());
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        assert_eq!(refused(read("XYZ", "", "", "", "")), "currency");
        assert_eq!(refused(read("", "1", "", "", "")), "min");
        assert_eq!(refused(read("", "", "1", "", "")), "max");
        assert_eq!(refused(read("RUB", "x", "", "", "")), "min");
        assert_eq!(refused(read("RUB", "1.999", "", "", "")), "min");
        assert_eq!(refused(read("RUB", "2", "1", "", "")), "max");
        assert_eq!(refused(read("RUB", "", "0", "", "")), "max");
        assert_eq!(refused(read("RUB", "0.000", "", "", "")), "min");
        assert_eq!(refused(read("", "0", "", "", "")), "min");
        assert_eq!(refused(read("", "", "", "price", "")), "sort");
        assert_eq!(refused(read("RUB", "", "", "age", "")), "sort");
        assert_eq!(refused(read("", "", "", "", &"x".repeat(101))), "q");
        assert_eq!(refused(read("", "", "", "", "a\u{7}b")), "q");
        assert_eq!(refused(read("", "", "", "", "a b c d e f")), "q");
    }

    #[test]
    fn nothing_that_somebody_typed_stands_in_the_statement() {
        let filter = read("RUB", "1", "2", "price", "100%_ '; \\").unwrap();
        let (sql, values) = filter.to_sql();
        assert_eq!(sql.matches('?').count(), values.len());
        assert!(!sql.contains('\'') && !sql.contains("100"), "{sql}");
        assert!(values.contains(&Value::Text("%100\\%\\_%".to_owned())), "{values:?}");
        assert!(values.contains(&Value::Text("%\\\\%".to_owned())), "{values:?}");
    }

    #[test]
    fn a_filter_is_its_address() {
        let [currency, q] = ["RUB", "fence & gate"].map(str::to_owned);
        let typed = Typed { currency, q, ..Typed::default() };
        assert_eq!(typed.to_path("/orders"), "/orders?currency=RUB&q=fence+%26+gate");
        assert_eq!(Typed::default().to_path("/orders"), "/orders");
    }
}
