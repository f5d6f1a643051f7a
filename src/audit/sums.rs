//! Orders and contracts as fingerprints: what the journal says is added, what the tables hold is
//! taken away, so that nothing is left where both are the same.

use super::blocks::{Blocks, Scale};
use super::facts::Fact;
use super::fingerprint::Keys;
use crate::contracts::notes::Note;
use crate::contracts::{Contract, State};
use crate::exchange::event::Run;
use crate::identity::Role;
use crate::orders::{Order, Status};

/// The highest ids that there should be.
#[derive(Clone, Copy, Debug)]
pub struct Highest {
    pub order: u32,
    pub contract: u32,
}

pub struct Sums {
    keys: Keys,
    pub orders: Blocks,
    pub contracts: Blocks,
    /// What contracts take over from their orders, by order.
    pub terms: Blocks,
    /// Notes, by contract.
    pub notes: Blocks,
}

impl Sums {
    pub fn new(keys: Keys, highest: Highest, scale: Scale) -> Sums {
        Sums {
            keys,
            orders: Blocks::new(highest.order, scale),
            contracts: Blocks::new(highest.contract, scale),
            terms: Blocks::new(highest.order, scale),
            notes: Blocks::new(highest.contract, scale),
        }
    }

    /// In the journal. Open for ever after, if the table is right; and a contract names it.
    pub fn place(&mut self, order: &Order, run: &Run, stays_open: bool, is_named: bool) {
        let id = order.id;
        self.orders.add(id, self.keys.print(&Fact::placed(order, run.created)));
        if stays_open {
            let (revision, last_action) = (run.revision, run.created);
            self.orders.shift(id, self.keys.print(&Fact::Open { id, revision, last_action }));
        }
        if is_named {
            self.terms.add(id, self.keys.print(&Fact::terms(order)));
        }
    }

    /// In the journal: away from what it was, as `place` says it, to what it is.
    pub fn edit(
        &mut self,
        order: &Order,
        from: &Order,
        run: &Run,
        stays_open: bool,
        is_named: bool,
    ) {
        let id = order.id;
        let (before, after) =
            (Fact::placed(from, from.created), Fact::placed(order, order.created));
        self.orders.shift(id, -self.keys.print(&before));
        self.orders.shift(id, self.keys.print(&after));
        if stays_open {
            let (revision, last_action) = (from.revision, from.last_action);
            self.orders.shift(id, -self.keys.print(&Fact::Open { id, revision, last_action }));
            let (revision, last_action) = (run.revision, run.created);
            self.orders.shift(id, self.keys.print(&Fact::Open { id, revision, last_action }));
        }
        if is_named {
            self.terms.shift(id, -self.keys.print(&Fact::terms(from)));
            self.terms.shift(id, self.keys.print(&Fact::terms(order)));
        }
    }

    /// In the journal.
    pub fn close(&mut self, order: &Order, status: Status, run: &Run) {
        let fact = Fact::closed(order, status, run.revision, run.created);
        self.orders.shift(order.id, self.keys.print(&fact));
    }

    /// In the journal.
    pub fn make(&mut self, id: u32, order_id: u32, executor_id: u32, run: &Run) {
        self.contracts.add(id, self.keys.print(&Fact::made(id, order_id, executor_id, run)));
    }

    /// In the journal: away from one state, into another one. So what remains of a contract is its
    /// last state, if each event goes on from the one before.
    pub fn change(&mut self, contract: &Contract, from: State, run: &Run) {
        let (status, revision, last_action) = (contract.status, run.revision, run.created);
        let to = State { status, revision, last_action };
        self.contracts.shift(contract.id, -self.keys.print(&Fact::stands(contract, from)));
        self.contracts.shift(contract.id, self.keys.print(&Fact::stands(contract, to)));
    }

    /// In the journal.
    pub fn note(&mut self, (contract_id, number): (u32, u32), author: Role, text: &str, run: &Run) {
        let (revision, created) = (run.revision, run.created);
        let fact = Fact::Note { contract_id, number, author, text, revision, created };
        self.notes.add(contract_id, self.keys.print(&fact));
        self.notes.shift(contract_id, self.keys.print(&Fact::Noted { contract_id }));
    }

    pub fn note_row(&mut self, note: &Note) {
        let Note { contract_id, number, author, ref text, revision, created } = *note;
        let fact = Fact::Note { contract_id, number, author, text, revision, created };
        self.notes.take(contract_id, self.keys.print(&fact));
    }

    pub fn order_row(&mut self, order: &Order) {
        let Order { id, status, revision, last_action, .. } = *order;
        let state = match status {
            Status::Open => Fact::Open { id, revision, last_action },
            status => Fact::closed(order, status, revision, last_action),
        };
        self.orders.take(id, self.keys.print(&Fact::placed(order, order.created)));
        self.orders.shift(id, -self.keys.print(&state));
    }

    pub fn contract_row(&mut self, contract: &Contract) {
        let counted = self.keys.print(&Fact::Noted { contract_id: contract.id });
        self.notes.shift(contract.id, -counted.times(contract.notes.into()));
        self.contracts
            .take(contract.id, self.keys.print(&Fact::stands(contract, contract.state())));
        self.terms.take(contract.order_id, self.keys.print(&Fact::terms_row(contract)));
    }

    /// Something about an order cannot be: it has to be looked at.
    pub fn doubt_order(&mut self, id: u32) {
        self.orders.add(id, self.keys.print(&Fact::Doubt { id }));
    }

    pub fn doubt_notes(&mut self, contract_id: u32) {
        self.notes.add(contract_id, self.keys.print(&Fact::Doubt { id: contract_id }));
    }

    pub fn doubt_contract(&mut self, id: u32) {
        self.contracts.add(id, self.keys.print(&Fact::Doubt { id }));
    }
}
