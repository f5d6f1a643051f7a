//! Remembered requests: their receipts name rows that exist and belong to who asked.

use super::check::Check;
use super::store::{Owned, Request};
use crate::exchange::request::{StoredDone, StoredReceipt};

/// Fed row by row.
pub struct RequestsTable {
    revision: u64,
    count: u64,
    check: Check,
}

impl RequestsTable {
    /// `revision` is the head's: no receipt can be of a later one.
    pub fn new(revision: u64) -> RequestsTable {
        RequestsTable { revision, count: 0, check: Check::new("") }
    }

    pub fn add(&mut self, request: &Request) {
        self.count += 1;
        let wrong = match &request.receipt {
            Ok(receipt) => self.wrong(request, receipt),
            Err(error) => Some(format!("the receipt is unreadable: {error}")),
        };
        self.check.expect(wrong.is_none(), || {
            let Request { user_type, user_id, key, .. } = request;
            format!("{user_type} {user_id}, key {key:?}: {}", wrong.unwrap_or_default())
        });
    }

    fn wrong(&self, request: &Request, receipt: &StoredReceipt) -> Option<String> {
        let (role, revision, newest) =
            (request.user_type.as_str(), receipt.revision, self.revision);
        if !(1..=newest).contains(&revision) {
            return Some(format!("the receipt is of revision {revision}, the head of {newest}"));
        }
        let (what, wanted, found) = match receipt.done {
            StoredDone::Placed { order }
            | StoredDone::Edited { order, .. }
            | StoredDone::Withdrawn { order }
            | StoredDone::Expired { order }
            | StoredDone::Removed { order } => (format!("order {order}"), order, request.order),
            StoredDone::Accepted { contract }
            | StoredDone::Changed { contract, .. }
            | StoredDone::Noted { contract, .. } => {
                (format!("contract {contract}"), contract, request.contract)
            }
        };
        let Some(Owned { customer, executor, .. }) = found.filter(|row| row.id == wanted) else {
            return Some(format!("there is no {what}"));
        };
        let own_of = |wanted_role: &str, owner: u32| {
            ((role, request.user_id) != (wanted_role, owner))
                .then(|| format!("{what} belongs to {wanted_role} {owner}"))
        };
        match receipt.done {
            StoredDone::Placed { .. }
            | StoredDone::Edited { .. }
            | StoredDone::Withdrawn { .. }
            | StoredDone::Expired { .. } => own_of("customer", customer),
            StoredDone::Removed { .. } => {
                (role != "admin").then(|| format!("{what} is removed by admins only"))
            }
            StoredDone::Accepted { .. } => own_of("executor", executor.unwrap_or(0)),
            // Its parties and admins change a contract.
            StoredDone::Changed { .. } | StoredDone::Noted { .. } => match role {
                "admin" => None,
                "customer" => own_of("customer", customer),
                _ => own_of("executor", executor.unwrap_or(0)),
            },
        }
    }

    pub fn finish(mut self) -> Check {
        let title = format!("receipts of the {} remembered requests name what exists", self.count);
        self.check.retitle(title);
        self.check
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::Status;
    use crate::moment::Moment;

    /// There are order 1 of customer 7 and contract 1 of customer 7 and executor 9.
    fn check(user: (&str, u32), revision: u64, done: StoredDone, expected: Option<&str>) {
        let of_contract = matches!(done, StoredDone::Accepted { .. } | StoredDone::Changed { .. });
        let found =
            |is_named: bool, executor| is_named.then_some(Owned { id: 1, customer: 7, executor });
        let request = Request {
            user_type: user.0.to_owned(),
            user_id: user.1,
            key: "k".to_owned(),
            receipt: Ok(StoredReceipt { revision, done }),
            order: found(!of_contract, None),
            contract: found(of_contract, Some(9)),
        };
        let mut table = RequestsTable::new(3);
        table.add(&request);
        let title = "receipts of the 1 remembered requests name what exists";
        let line = match expected {
            None => format!("ok    {title}"),
            Some(wrong) => format!("WRONG {title}: {} {}, key \"k\": {wrong}", user.0, user.1),
        };
        assert_eq!(table.finish().to_line(), line);
    }

    #[test]
    fn receipts_of_what_does_not_exist_are_named() {
        let accepted = StoredDone::Accepted { contract: 1 };
        check(("customer", 7), 1, StoredDone::Placed { order: 1 }, None);
        check(("customer", 7), 3, StoredDone::Withdrawn { order: 1 }, None);
        check(("executor", 9), 2, accepted, None);
        check(("admin", 0), 3, StoredDone::Removed { order: 1 }, None);
        let others = "order 1 is removed by admins only";
        check(("customer", 7), 3, StoredDone::Removed { order: 1 }, Some(others));
        let nothing = StoredDone::Placed { order: 4 };
        check(("customer", 7), 1, nothing, Some("there is no order 4"));
        check(("executor", 8), 2, accepted, Some("contract 1 belongs to executor 9"));
        check(("customer", 9), 2, accepted, Some("contract 1 belongs to executor 9"));
        let at = Moment::try_from("2026-01-01T00:00:00.000Z".to_owned()).unwrap();
        let changed = StoredDone::Changed { contract: 1, status: Status::Disputed, at };
        for party in [("customer", 7), ("executor", 9), ("admin", 3)] {
            check(party, 2, changed, None);
        }
        check(("customer", 9), 2, changed, Some("contract 1 belongs to customer 7"));
        check(("executor", 7), 2, changed, Some("contract 1 belongs to executor 9"));
        let later = "the receipt is of revision 4, the head of 3";
        check(("executor", 9), 4, accepted, Some(later));
    }
}
