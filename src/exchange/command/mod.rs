//! All that anyone can do. A command is data; its file says who may do it, from which state, and
//! what it changes. No I/O in here.

mod accept_order;
mod expire_order;
mod place_order;
mod remove_order;
mod renew_order;
mod withdraw_order;

pub use accept_order::AcceptOrder;
pub use expire_order::ExpireOrder;
pub use place_order::PlaceOrder;
pub use remove_order::RemoveOrder;
pub use renew_order::RenewOrder;
pub use withdraw_order::WithdrawOrder;

use super::Done;
use super::batch::Batch;
use crate::error::Refusal;
use crate::identity::User;

/// Something that somebody wants done.
#[derive(Clone, Debug)]
pub enum Command {
    PlaceOrder(PlaceOrder),
    AcceptOrder(AcceptOrder),
    WithdrawOrder(WithdrawOrder),
    RemoveOrder(RemoveOrder),
    ExpireOrder(ExpireOrder),
    RenewOrder(RenewOrder),
}

impl Command {
    /// The existing order that this command is about.
    pub fn order_id(&self) -> Option<u32> {
        match self {
            Command::PlaceOrder(_) => None,
            Command::AcceptOrder(command) => Some(command.order_id),
            Command::WithdrawOrder(command) => Some(command.order_id),
            Command::RemoveOrder(command) => Some(command.order_id),
            Command::ExpireOrder(command) => Some(command.order_id),
            Command::RenewOrder(command) => Some(command.order_id),
        }
    }

    /// Whether the contract that the order may have become takes part in the decision.
    pub(super) fn needs_contract(&self) -> bool {
        matches!(self, Command::AcceptOrder(_))
    }

    /// Bytes of text that it brings along.
    pub(super) fn size(&self) -> usize {
        match self {
            Command::PlaceOrder(command) => command.description.len(),
            Command::RemoveOrder(command) => command.reason.len(),
            Command::AcceptOrder(_)
            | Command::WithdrawOrder(_)
            | Command::ExpireOrder(_)
            | Command::RenewOrder(_) => 0,
        }
    }

    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        match self {
            Command::PlaceOrder(command) => command.apply(user, batch),
            Command::AcceptOrder(command) => command.apply(user, batch),
            Command::WithdrawOrder(command) => command.apply(user, batch),
            Command::RemoveOrder(command) => command.apply(user, batch),
            Command::ExpireOrder(command) => command.apply(user, batch),
            Command::RenewOrder(command) => command.apply(user, batch),
        }
    }
}
