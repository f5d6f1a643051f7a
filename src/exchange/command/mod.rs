//! All that anyone can do. A command is data; its file says who may do it, from which state, and
//! what it changes. No I/O in here.

mod accept_order;
mod complete_contract;
mod deliver_contract;
mod dispute_contract;
mod edit_order;
mod expire_order;
mod give_up_contract;
mod place_order;
mod remove_order;
mod renew_order;
mod rule_contract;
mod withdraw_order;
mod write_note;

pub use accept_order::AcceptOrder;
pub use complete_contract::CompleteContract;
pub use deliver_contract::DeliverContract;
pub use dispute_contract::DisputeContract;
pub use edit_order::EditOrder;
pub use expire_order::ExpireOrder;
pub use give_up_contract::GiveUpContract;
pub use place_order::PlaceOrder;
pub use remove_order::RemoveOrder;
pub use renew_order::RenewOrder;
pub use rule_contract::{Outcome, RuleContract};
pub use withdraw_order::WithdrawOrder;
pub use write_note::WriteNote;

use super::Done;
use super::batch::Batch;
use crate::contracts::{Contract, Status};
use crate::error::Refusal;
use crate::identity::User;
use crate::money::Amount;
use crate::orders::Order;

/// Something that somebody wants done.
#[derive(Clone, Debug)]
pub enum Command {
    PlaceOrder(PlaceOrder),
    AcceptOrder(AcceptOrder),
    EditOrder(EditOrder),
    WithdrawOrder(WithdrawOrder),
    RemoveOrder(RemoveOrder),
    ExpireOrder(ExpireOrder),
    RenewOrder(RenewOrder),
    DeliverContract(DeliverContract),
    CompleteContract(CompleteContract),
    GiveUpContract(GiveUpContract),
    DisputeContract(DisputeContract),
    RuleContract(RuleContract),
    WriteNote(WriteNote),
}

impl Command {
    /// The existing order that this command is about.
    pub fn order_id(&self) -> Option<u32> {
        match self {
            Command::PlaceOrder(_)
            | Command::DeliverContract(_)
            | Command::CompleteContract(_)
            | Command::GiveUpContract(_)
            | Command::DisputeContract(_)
            | Command::RuleContract(_)
            | Command::WriteNote(_) => None,
            Command::AcceptOrder(command) => Some(command.order_id),
            Command::EditOrder(command) => Some(command.order_id),
            Command::WithdrawOrder(command) => Some(command.order_id),
            Command::RemoveOrder(command) => Some(command.order_id),
            Command::ExpireOrder(command) => Some(command.order_id),
            Command::RenewOrder(command) => Some(command.order_id),
        }
    }

    /// The contract that this command is about.
    pub(super) fn contract_id(&self) -> Option<u32> {
        match self {
            Command::DeliverContract(command) => Some(command.contract_id),
            Command::CompleteContract(command) => Some(command.contract_id),
            Command::GiveUpContract(command) => Some(command.contract_id),
            Command::DisputeContract(command) => Some(command.contract_id),
            Command::RuleContract(command) => Some(command.contract_id),
            Command::WriteNote(command) => Some(command.contract_id),
            Command::PlaceOrder(_)
            | Command::AcceptOrder(_)
            | Command::EditOrder(_)
            | Command::WithdrawOrder(_)
            | Command::RemoveOrder(_)
            | Command::ExpireOrder(_)
            | Command::RenewOrder(_) => None,
        }
    }

    /// Whether it counts how many contracts its user has in force.
    pub(super) fn is_limited(&self) -> bool {
        matches!(self, Command::AcceptOrder(AcceptOrder { most: Some(_), .. }))
    }

    /// Whether the contract that the order may have become takes part in the decision.
    pub(super) fn needs_contract(&self) -> bool {
        matches!(self, Command::AcceptOrder(_))
    }

    /// Bytes of text that it brings along.
    pub(super) fn size(&self) -> usize {
        match self {
            Command::PlaceOrder(command) => command.description.len(),
            Command::EditOrder(command) => command.description.len(),
            Command::RemoveOrder(command) => command.reason.len(),
            Command::DisputeContract(command) => command.reason.len(),
            Command::RuleContract(command) => command.reason.len(),
            Command::WriteNote(command) => command.text.len(),
            Command::AcceptOrder(_)
            | Command::WithdrawOrder(_)
            | Command::ExpireOrder(_)
            | Command::RenewOrder(_)
            | Command::DeliverContract(_)
            | Command::CompleteContract(_)
            | Command::GiveUpContract(_) => 0,
        }
    }

    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        match self {
            Command::PlaceOrder(command) => command.apply(user, batch),
            Command::AcceptOrder(command) => command.apply(user, batch),
            Command::EditOrder(command) => command.apply(user, batch),
            Command::WithdrawOrder(command) => command.apply(user, batch),
            Command::RemoveOrder(command) => command.apply(user, batch),
            Command::ExpireOrder(command) => command.apply(user, batch),
            Command::RenewOrder(command) => command.apply(user, batch),
            Command::DeliverContract(command) => command.apply(user, batch),
            Command::CompleteContract(command) => command.apply(user, batch),
            Command::GiveUpContract(command) => command.apply(user, batch),
            Command::DisputeContract(command) => command.apply(user, batch),
            Command::RuleContract(command) => command.apply(user, batch),
            Command::WriteNote(command) => command.apply(user, batch),
        }
    }
}

/// Which state of an order somebody decided upon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    Version(u32),
    /// In the order's currency.
    Price(Amount),
}

impl Seen {
    fn is_of(self, order: &Order) -> bool {
        match self {
            Seen::Version(version) => version == order.version,
            Seen::Price(price) => price == order.price,
        }
    }
}

/// A contract that this user may know of, if it can come into the `next` state. To everybody else it
/// is not there at all.
fn of_party(id: u32, user: User, next: Status, batch: &Batch) -> Result<Contract, Refusal> {
    let contract = batch.contract(id).filter(|contract| contract.is_visible_to(user));
    let contract = contract.ok_or(Refusal::NotFound)?;
    if !contract.status.may_become(next) {
        return Err(Refusal::ContractState { id, status: contract.status });
    }
    Ok(contract.clone())
}
