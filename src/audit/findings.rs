//! What the audit has to say, invariant by invariant, and where it has to look closely before.

use roaring::RoaringBitmap;

use super::blocks::Scale;
use super::check::Check;
use super::lens::Lens;
use super::people::PeopleSums;

pub struct Findings {
    pub chain: [Check; 3],
    pub events: Check,
    /// The same in the journal and in the table.
    pub orders: Check,
    pub orders_table: [Check; 2],
    pub contracts: Check,
    pub contracts_table: [Check; 3],
    pub notes: Check,
    pub requests: Check,
    pub position: Check,
    pub customers: RoleChecks,
    pub executors: RoleChecks,
    pub earnings: Check,
}

pub struct RoleChecks {
    pub sums: Check,
    pub ordinals: Check,
}

/// Where the journal and the tables differ.
pub struct Lenses {
    pub orders: Lens,
    pub contracts: Lens,
    /// What contracts take over from their orders; the ids are those of orders.
    pub terms: Lens,
    /// Notes; the ids are those of contracts.
    pub notes: Lens,
    /// Contracts that are looked at for their terms, and the orders of all that are looked at.
    pub more_contracts: RoaringBitmap,
    pub their_orders: RoaringBitmap,
    pub customers: RoleLenses,
    pub executors: RoleLenses,
}

pub struct RoleLenses {
    pub sums: Lens,
    pub ordinals: Lens,
}

impl Findings {
    /// In the order in which they are told.
    pub fn into_checks(self) -> Vec<Check> {
        let mut checks = Vec::from(self.chain);
        checks.extend([self.events, self.orders]);
        checks.extend(self.orders_table);
        checks.push(self.contracts);
        checks.extend(self.contracts_table);
        checks.extend([self.notes, self.requests, self.position]);
        for RoleChecks { sums, ordinals } in [self.customers, self.executors] {
            checks.extend([sums, ordinals]);
        }
        checks.push(self.earnings);
        checks
    }
}

impl RoleChecks {
    /// Of so many `persons` in the journal, where the position of the statistics counts others.
    pub fn new(role: &str, counted: u64, persons: u64, position: u32) -> RoleChecks {
        let sums = format!("statistics of {role} are the journal's sums as of revision {counted}");
        let mut ordinals = Check::new(format!("{role} are numbered 1..{persons} without a gap"));
        ordinals.expect(persons == u64::from(position), || {
            format!("the position counts {position} {role} instead of {persons}")
        });
        RoleChecks { sums: Check::new(sums), ordinals }
    }
}

impl Lenses {
    pub fn are_empty(&self) -> bool {
        let lenses = [&self.orders, &self.contracts, &self.terms, &self.notes];
        lenses.into_iter().all(Lens::is_empty)
            && self.customers.are_empty()
            && self.executors.are_empty()
    }

    /// Whether this contract is looked at.
    pub fn see_contract(&self, id: u32) -> bool {
        self.contracts.contains(id) || self.more_contracts.contains(id)
    }
}

impl RoleLenses {
    pub fn of(people: &PeopleSums, scale: Scale) -> RoleLenses {
        RoleLenses { sums: people.sums.lens(scale), ordinals: people.ordinals.lens(scale) }
    }

    pub fn are_empty(&self) -> bool {
        self.sums.is_empty() && self.ordinals.is_empty()
    }

    pub fn contains(&self, person: u32) -> bool {
        self.sums.contains(person) || self.ordinals.contains(person)
    }
}
