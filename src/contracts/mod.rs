//! Contracts: an accepted order, between exactly one customer and exactly one executor.

pub mod history;
pub mod notes;
pub mod store;
pub mod transitions;
pub mod view;
pub mod web;

use serde::{Deserialize, Serialize};

use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Percent};
use crate::orders::{self, Order, description};

/// Where a contract stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Accepted,
    Delivered,
    Completed,
    Cancelled,
    Disputed,
}

impl Status {
    pub const ALL: [Status; 5] = [
        Status::Accepted,
        Status::Delivered,
        Status::Completed,
        Status::Cancelled,
        Status::Disputed,
    ];

    /// As the database and the API say it.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Accepted => "accepted",
            Status::Delivered => "delivered",
            Status::Completed => "completed",
            Status::Cancelled => "cancelled",
            Status::Disputed => "disputed",
        }
    }

    pub fn from_name(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The state machine: whether a contract in this state can come into the `next` one.
    pub fn may_become(self, next: Status) -> bool {
        use Status::{Accepted, Cancelled, Completed, Delivered, Disputed};
        matches!(
            (self, next),
            (Accepted, Delivered | Cancelled | Disputed)
                | (Delivered, Completed | Disputed)
                | (Disputed, Completed | Cancelled)
        )
    }
}

/// Where a contract stands, since which revision and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    pub status: Status,
    pub revision: u64,
    pub last_action: Moment,
}

/// One contract, with its whole description or (`cut`) the beginning of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    pub id: u32,
    pub order_id: u32,
    pub customer_id: u32,
    pub executor_id: u32,
    pub status: Status,
    pub description: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    pub price: Amount,
    pub fee: Amount,
    pub payout: Amount,
    pub percent: Percent,
    pub currency: Currency,
    /// Of its last change.
    pub revision: u64,
    pub created: Moment,
    pub last_action: Moment,
    /// How many notes its parties wrote.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub notes: u32,
}

const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Contract {
    /// The contract that a taken order became, as it was at that moment.
    pub fn of_order(order: &Order, id: u32, executor_id: u32) -> Contract {
        assert_eq!(order.status, orders::Status::Taken, "only a taken order is a contract");
        let split = order.split();
        Contract {
            id,
            order_id: order.id,
            customer_id: order.customer_id,
            executor_id,
            status: Status::Accepted,
            description: order.description.clone(),
            cut: order.cut,
            price: split.price,
            fee: split.fee,
            payout: split.payout,
            percent: order.percent,
            currency: order.currency,
            revision: order.revision,
            created: order.last_action,
            last_action: order.last_action,
            notes: 0,
        }
    }

    pub fn state(&self) -> State {
        let Contract { status, revision, last_action, .. } = *self;
        State { status, revision, last_action }
    }

    /// The same contract in another state.
    pub fn with_state(self, state: State) -> Contract {
        let State { status, revision, last_action } = state;
        Contract { status, revision, last_action, ..self }
    }

    /// The same contract with no more of its description than tables and feeds show.
    pub fn to_excerpt(&self) -> Contract {
        let (text, cut) = description::excerpt(&self.description);
        Contract { description: text.to_owned(), cut: cut || self.cut, ..self.clone() }
    }

    /// The order that comes back to the board when its executor gives up.
    pub fn to_returned(&self, id: u32, revision: u64, now: Moment) -> Order {
        Order {
            id,
            customer_id: self.customer_id,
            status: orders::Status::Open,
            description: self.description.clone(),
            cut: self.cut,
            price: self.price,
            percent: self.percent,
            currency: self.currency,
            parent_id: Some(self.order_id),
            version: 1,
            edited: None,
            revision,
            created: now,
            last_action: now,
        }
    }

    /// How the contract was right after the order was accepted.
    pub fn as_accepted(self) -> Contract {
        Contract { status: Status::Accepted, last_action: self.created, ..self }
    }

    /// Its two parties and admins; for everybody else it does not exist.
    pub fn is_visible_to(&self, user: User) -> bool {
        match user.role {
            Role::Admin => true,
            Role::Customer => self.customer_id == user.id,
            Role::Executor => self.executor_id == user.id,
        }
    }
}
