//! What happened: the journal's vocabulary. Everything downstream is rebuilt from these events, so
//! each carries all that its followers need. Descriptions are whole where an order is placed and
//! cut to an excerpt afterwards.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::contracts::notes::Note;
use crate::contracts::{Contract, State};
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::orders::Order;

/// One thing that happened; the order or contract is as it was right after. What changes a contract
/// says from which state, so that the journal is a chain for each contract, too. Whoever does not know
/// all of it does not follow: half understood, it would make a wrong board. A version that adds to
/// this brings a migration, too: it is by the tables that an older one sees that it must read the whole
/// journal before it serves, and not its end alone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Event {
    OrderPlaced {
        order: Order,
    },
    OrderAccepted {
        order: Order,
        contract_id: u32,
        executor_id: u32,
    },
    /// It is another one from now on; whole, as what it was.
    OrderEdited {
        order: Order,
        from: Order,
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
    /// It stands on the board again, as another order: the contract of its parent was given up.
    OrderReturned {
        order: Order,
    },
    ContractDelivered {
        contract: Contract,
        from: State,
    },
    /// By its customer; or `by_time`, since they said nothing for long.
    ContractCompleted {
        contract: Contract,
        from: State,
        by_time: bool,
    },
    /// By its executor.
    ContractGivenUp {
        contract: Contract,
        from: State,
    },
    /// By one of its parties, for a reason.
    ContractDisputed {
        contract: Contract,
        from: State,
        by: Role,
        reason: String,
    },
    /// By one of its parties to the other; whole. It leaves the contract as it is.
    NoteWritten {
        contract_id: u32,
        customer_id: u32,
        executor_id: u32,
        number: u32,
        author: Role,
        text: String,
    },
    /// An admin has decided a dispute, for a reason.
    ContractRuled {
        contract: Contract,
        from: State,
        admin_id: u32,
        reason: String,
    },
}

/// Whose state an event tells: the last event of a subject tells it as it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    Order(u32),
    Contract(u32),
    /// Of a contract, with its number.
    Note(u32, u32),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Order(id) => write!(to, "order {id}"),
            Subject::Contract(id) => write!(to, "contract {id}"),
            Subject::Note(id, number) => write!(to, "note {number} of contract {id}"),
        }
    }
}

impl Event {
    pub fn subject(&self) -> Subject {
        if let Event::NoteWritten { contract_id, number, .. } = self {
            return Subject::Note(*contract_id, *number);
        }
        match (self.order(), self.changed()) {
            (Some(order), _) => Subject::Order(order.id),
            (None, Some((contract, _))) => Subject::Contract(contract.id),
            (None, None) => unreachable!("an event is about an order or a contract"),
        }
    }

    /// The order that this event placed on the board, changed there or took off it.
    pub fn order(&self) -> Option<&Order> {
        match self {
            Event::OrderPlaced { order }
            | Event::OrderAccepted { order, .. }
            | Event::OrderEdited { order, .. }
            | Event::OrderWithdrawn { order }
            | Event::OrderExpired { order }
            | Event::OrderRemoved { order, .. }
            | Event::OrderReturned { order } => Some(order),
            Event::ContractDelivered { .. }
            | Event::ContractCompleted { .. }
            | Event::ContractGivenUp { .. }
            | Event::ContractDisputed { .. }
            | Event::ContractRuled { .. }
            | Event::NoteWritten { .. } => None,
        }
    }

    /// The contract that this event changed, and from which state.
    pub fn changed(&self) -> Option<(&Contract, State)> {
        match self {
            Event::ContractDelivered { contract, from }
            | Event::ContractCompleted { contract, from, .. }
            | Event::ContractGivenUp { contract, from }
            | Event::ContractDisputed { contract, from, .. }
            | Event::ContractRuled { contract, from, .. } => Some((contract, *from)),
            Event::OrderPlaced { .. }
            | Event::OrderAccepted { .. }
            | Event::OrderEdited { .. }
            | Event::OrderWithdrawn { .. }
            | Event::OrderExpired { .. }
            | Event::OrderRemoved { .. }
            | Event::OrderReturned { .. }
            | Event::NoteWritten { .. } => None,
        }
    }

    /// Bytes of all the text that it carries.
    pub fn text_bytes(&self) -> usize {
        let description = match (self.order(), self.changed()) {
            (Some(Order { description, .. }), _)
            | (None, Some((Contract { description, .. }, _))) => description.len(),
            (None, None) => 0,
        };
        let besides = match self {
            Event::OrderEdited { from, .. } => &from.description,
            Event::OrderRemoved { reason, .. }
            | Event::ContractDisputed { reason, .. }
            | Event::ContractRuled { reason, .. } => reason,
            Event::NoteWritten { text, .. } => text,
            Event::OrderPlaced { .. }
            | Event::OrderAccepted { .. }
            | Event::OrderWithdrawn { .. }
            | Event::OrderExpired { .. }
            | Event::OrderReturned { .. }
            | Event::ContractDelivered { .. }
            | Event::ContractCompleted { .. }
            | Event::ContractGivenUp { .. } => "",
        };
        description + besides.len()
    }

    /// The contract that this event made or changed, if it did.
    pub fn contract(&self) -> Option<Contract> {
        match self {
            Event::OrderAccepted { order, contract_id, executor_id } => {
                Some(Contract::of_order(order, *contract_id, *executor_id))
            }
            event => event.changed().map(|(contract, _)| contract.clone()),
        }
    }

    /// The same with no more of the description than boards and tables show. (Contracts come with no
    /// more.)
    pub fn to_excerpt(&self) -> Event {
        let mut event = self.clone();
        match &mut event {
            Event::OrderPlaced { order }
            | Event::OrderAccepted { order, .. }
            | Event::OrderWithdrawn { order }
            | Event::OrderExpired { order }
            | Event::OrderRemoved { order, .. }
            | Event::OrderReturned { order } => *order = order.to_excerpt(),
            Event::OrderEdited { order, from } => {
                (*order, *from) = (order.to_excerpt(), from.to_excerpt());
            }
            Event::ContractDelivered { .. }
            | Event::ContractCompleted { .. }
            | Event::ContractGivenUp { .. }
            | Event::ContractDisputed { .. }
            | Event::ContractRuled { .. } => {}
            // Who hears of a note reads it elsewhere.
            Event::NoteWritten { text, .. } => text.clear(),
        }
        event
    }

    /// Whose own data this changed: at most two people.
    pub fn concerns(&self) -> impl Iterator<Item = User> {
        let (customer, executor) = match (self, self.changed()) {
            (_, Some((contract, _))) => (Some(contract.customer_id), Some(contract.executor_id)),
            (Event::OrderAccepted { order, executor_id, .. }, None) => {
                (Some(order.customer_id), Some(*executor_id))
            }
            (Event::NoteWritten { customer_id, executor_id, .. }, None) => {
                (Some(*customer_id), Some(*executor_id))
            }
            (event, None) => (event.order().map(|order| order.customer_id), None),
        };
        customer.map(User::customer).into_iter().chain(executor.map(User::executor))
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

impl Run {
    /// A note that was written in this run.
    pub fn note(&self, contract: u32, note: u32) -> Option<Note> {
        self.events.iter().find_map(|event| match event {
            Event::NoteWritten { contract_id, number, author, text, .. }
                if (*contract_id, *number) == (contract, note) =>
            {
                Some(Note {
                    contract_id: contract,
                    number: note,
                    author: *author,
                    text: text.clone(),
                    revision: self.revision,
                    created: self.created,
                })
            }
            _ => None,
        })
    }

    /// An order in the version that this run made of it, whole.
    pub fn edition(&self, order_id: u32, version: u32) -> Option<&Order> {
        let made = self.events.iter().filter_map(|event| match event {
            Event::OrderPlaced { order }
            | Event::OrderReturned { order }
            | Event::OrderEdited { order, .. } => Some(order),
            _ => None,
        });
        made.into_iter().find(|order| (order.id, order.version) == (order_id, version))
    }
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
