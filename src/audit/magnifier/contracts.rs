//! Rows of the contracts' table against the journal.

use super::super::check::Check;
use super::super::findings::Lenses;
use super::record::ContractRecord;
use super::replay::World;
use super::walk::Walk;
use crate::contracts::Contract;

/// Fed row by row, in order of id.
pub struct ContractsTable<'a> {
    world: &'a World,
    walk: Walk<'a, ContractRecord>,
    lenses: &'a mut Lenses,
    same: &'a mut Check,
}

impl<'a> ContractsTable<'a> {
    pub fn new(
        world: &'a World,
        lenses: &'a mut Lenses,
        same: &'a mut Check,
    ) -> ContractsTable<'a> {
        ContractsTable { world, walk: Walk::new(&world.contracts), lenses, same }
    }

    pub fn add(&mut self, id: u32, contract: &Result<Contract, sqlx::Error>) {
        let ContractsTable { world, walk, lenses, same } = self;
        if !lenses.see_contract(id) {
            return;
        }
        let wanted = walk.meet(id, |id| missing(lenses, same, id));
        let wrong = match (contract, wanted) {
            (Ok(contract), Some(wanted)) => {
                let fields = wanted.compare(contract, world.order_of(wanted));
                (!fields.is_empty()).then(|| format!("contract {id}: {}", fields.to_text()))
            }
            (Ok(_), None) => Some(format!("contract {id} was never made")),
            (Err(error), _) => Some(format!("contract {id} is unreadable: {error}")),
        };
        if let Ok(Contract { order_id, .. }) = contract
            // Terms of an order that was never placed follow from nothing.
            && (wrong.is_some() || !world.knows(*order_id))
        {
            lenses.terms.explain(*order_id);
        }
        if let Some(wrong) = wrong {
            lenses.contracts.explain(id);
            same.expect(false, || wrong);
        }
    }

    pub fn finish(self) {
        let ContractsTable { walk, lenses, same, .. } = self;
        walk.finish(|id| missing(lenses, same, id));
    }
}

fn missing(lenses: &mut Lenses, same: &mut Check, id: u32) {
    lenses.contracts.explain(id);
    same.expect(false, || format!("contract {id} is missing"));
}
