//! What happened: the journal's vocabulary. Everything downstream is rebuilt from these events, so
//! each carries all that its followers need. Descriptions are whole where an order is placed and
//! cut to an excerpt afterwards.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::contracts::Contract;
use crate::identity::User;
use crate::moment::Moment;
use crate::orders::Order;

/// One thing that happened; the order is as it was right after.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    OrderPlaced {
        order: Order,
    },
    OrderAccepted {
        order: Order,
        contract_id: u32,
        executor_id: u32,
    },
    OrderWithdrawn {
        order: Order,
    },
    OrderExpired {
        order: Order,
    },
    /// By an admin (0: one without a number), for a reason.
    OrderRemoved {
        order: Order,
        admin_id: u32,
        reason: String,
    },
}

impl Event {
    pub fn order(&self) -> &Order {
        match self {
            Event::OrderPlaced { order }
            | Event::OrderAccepted { order, .. }
            | Event::OrderWithdrawn { order }
            | Event::OrderExpired { order }
            | Event::OrderRemoved { order, .. } => order,
        }
    }

    /// The same with no more of the description than boards and tables show.
    pub fn to_excerpt(&self) -> Event {
        let mut event = self.clone();
        match &mut event {
            Event::OrderPlaced { order }
            | Event::OrderAccepted { order, .. }
            | Event::OrderWithdrawn { order }
            | Event::OrderExpired { order }
            | Event::OrderRemoved { order, .. } => *order = order.to_excerpt(),
        }
        event
    }

    /// The contract that this event made, if it did.
    pub fn contract(&self) -> Option<Contract> {
        match self {
            Event::OrderAccepted { order, contract_id, executor_id } => {
                Some(Contract::of_order(order, *contract_id, *executor_id))
            }
            Event::OrderPlaced { .. }
            | Event::OrderWithdrawn { .. }
            | Event::OrderExpired { .. }
            | Event::OrderRemoved { .. } => None,
        }
    }

    /// Whose own data this changed: at most two people.
    pub fn concerns(&self) -> impl Iterator<Item = User> {
        let executor = match self {
            Event::OrderAccepted { executor_id, .. } => Some(User::executor(*executor_id)),
            Event::OrderPlaced { .. }
            | Event::OrderWithdrawn { .. }
            | Event::OrderExpired { .. }
            | Event::OrderRemoved { .. } => None,
        };
        std::iter::once(User::customer(self.order().customer_id)).chain(executor)
    }
}

/// The events of one committed batch: a row of the journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Run {
    pub revision: u64,
    pub batch: Uuid,
    /// The batch that this one follows; a mismatch means that history was replaced.
    pub previous: Uuid,
    pub created: Moment,
    pub events: Vec<Event>,
}

/// The beginning of a batch's uuid. Clients hold it beside their revision: it tells a revision that
/// a crash or a restore took back from the one that stands in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark(u32);

impl Mark {
    pub fn of(batch: Uuid) -> Mark {
        Mark(batch.as_fields().0)
    }

    /// Eight hexadecimal digits.
    pub fn parse(text: &str) -> Option<Mark> {
        let lawful = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        lawful.then(|| u32::from_str_radix(text, 16).ok().map(Mark))?
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{:08x}", self.0)
    }
}
