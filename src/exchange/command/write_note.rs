//! One party of a contract writes to the other, whatever state it is in.

use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::identity::{Role, User};

/// The text was checked where it was read.
#[derive(Clone, Debug)]
pub struct WriteNote {
    pub contract_id: u32,
    pub text: String,
}

impl WriteNote {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role == Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let contract = batch.contract(self.contract_id);
        let contract = contract.filter(|contract| contract.is_visible_to(user));
        let id = contract.ok_or(Refusal::NotFound)?.id;
        Ok(Done::Noted(batch.note(id, user.role, self.text.clone())))
    }
}
