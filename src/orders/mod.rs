//! Orders: what a customer wants done and what they pay for it.

pub mod description;
pub mod editing;
pub mod history;
pub mod placing;
pub mod store;
pub mod view;
pub mod web;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::money::{self, Amount, Currency, Percent, Split};

/// `Open → Taken | Withdrawn | Expired | Removed`; a closed order never opens again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Open,
    Taken,
    Withdrawn,
    Expired,
    Removed,
}

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Open, Status::Taken, Status::Withdrawn, Status::Expired, Status::Removed];

    /// As the database and the API say it.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Taken => "taken",
            Status::Withdrawn => "withdrawn",
            Status::Expired => "expired",
            Status::Removed => "removed",
        }
    }

    pub fn from_name(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// One order, with its whole description or (`cut`) the beginning of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub id: u32,
    pub customer_id: u32,
    pub status: Status,
    pub description: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    #[serde(deserialize_with = "whole_units")]
    pub price: Amount,
    pub percent: Percent,
    pub currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<u32>,
    /// Goes up with each edit.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub version: u32,
    /// The revision of the last edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<u64>,
    /// Of its last change.
    pub revision: u64,
    pub created: Moment,
    pub last_action: Moment,
}

const fn first() -> u32 {
    1
}

pub(crate) const fn is_first(version: &u32) -> bool {
    *version == 1
}

/// A price, which is in whole minor units: what is not comes from somebody else's hand.
fn whole_units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let price = Amount::deserialize(deserializer)?;
    let whole = price.hundredths() % 100 == 0;
    whole.then_some(price).ok_or_else(|| Error::custom("a price in parts of a minor unit"))
}

impl Order {
    /// Price, fee and payout.
    pub fn split(&self) -> Split {
        money::split(self.price, self.percent)
    }

    /// The same order with no more of its description than tables and feeds show.
    pub fn to_excerpt(&self) -> Order {
        let (text, cut) = description::excerpt(&self.description);
        Order { description: text.to_owned(), cut: cut || self.cut, ..self.clone() }
    }

    /// How the order was right after it was placed, if it was not edited.
    pub fn as_placed(self) -> Order {
        Order { status: Status::Open, last_action: self.created, ..self }
    }

    /// An executor sees an order while it is open, a customer their own, an admin all. (An executor
    /// whose contract it became sees it too: that is not known here.)
    pub fn is_visible_to(&self, user: User) -> bool {
        match user.role {
            Role::Admin => true,
            Role::Customer => self.customer_id == user.id,
            Role::Executor => self.status == Status::Open,
        }
    }
}
