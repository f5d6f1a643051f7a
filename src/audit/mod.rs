//! The audit: reads everything once and says, invariant by invariant, whether the books balance.
//! It works on a live system, from one snapshot of each database. What the tables should hold is
//! worked out here anew from the journal, sharing no arithmetic with the exchange and the
//! statistics, so that an error there is found.

mod books;
mod check;
mod contracts;
mod orders;
mod people;
mod record;
mod replay;
mod requests;
mod store;
mod walk;

use std::io::Write;

use check::Check;
use contracts::ContractsTable;
use orders::OrdersTable;
use people::PeopleTable;
use replay::Replay;
use requests::RequestsTable;

use crate::error::Fault;

/// Writes a line for each invariant and a last one for all; returns whether all of them hold.
/// Memory: some hundred bytes for each order, contract and person.
pub async fn run(
    interactions_url: &str,
    users_url: &str,
    out: &mut (dyn Write + Send),
) -> Result<bool, Fault> {
    // This snapshot first: so the statistics can only be behind the journal, never ahead.
    let mut users = store::open(users_url).await?;
    let position = store::position(&mut users).await?;
    let mut interactions = store::open(interactions_url).await?;
    let head = store::head(&mut interactions).await?;
    let mut report = Report { out, checks: 0, failed: 0 };

    let counted = position.as_ref().map_or(0, |position| position.revision);
    let mut replay = Replay::new(counted);
    store::each_run(&mut interactions, |revision, run| replay.add(revision, run)).await?;
    let (world, checks) = replay.finish(&head);
    report.add_all(checks)?;

    let mut orders = OrdersTable::new(&world);
    store::each_order(&mut interactions, |id, order| orders.add(id, order)).await?;
    let (taken, checks) = orders.finish(&head);
    report.add_all(checks)?;

    let mut contracts = ContractsTable::new(&world, taken);
    store::each_contract(&mut interactions, |id, contract| contracts.add(id, contract)).await?;
    report.add_all(contracts.finish(&head))?;

    let mut requests = RequestsTable::new(&world, head.revision);
    store::each_request(&mut interactions, |request| requests.add(request)).await?;
    report.add_all([requests.finish()])?;

    report.add_all([people::check_position(position.as_ref(), &head, world.counted_batch)])?;
    let counts = position.map_or((0, 0), |position| (position.customers, position.executors));
    for (table, ledger, count) in [
        (&store::CUSTOMERS, &world.books.customers, counts.0),
        (&store::EXECUTORS, &world.books.executors, counts.1),
    ] {
        let mut people = PeopleTable::new(table.name, counted, ledger);
        store::each_person(&mut users, table, |row| people.add(row)).await?;
        report.add_all(people.finish(count))?;
    }
    let earnings = store::earnings(&mut users).await?;
    report.add_all([people::check_earnings(&world.books, &earnings, counted)])?;
    report.finish(head.revision)
}

/// Where the lines go.
struct Report<'a> {
    out: &'a mut (dyn Write + Send),
    checks: u32,
    failed: u32,
}

impl Report<'_> {
    fn add_all(&mut self, checks: impl IntoIterator<Item = Check>) -> Result<(), Fault> {
        for check in checks {
            self.checks += 1;
            self.failed += u32::from(!check.holds());
            self.line(&check.to_line())?;
        }
        Ok(())
    }

    fn finish(mut self, revision: u64) -> Result<bool, Fault> {
        let line = if self.failed == 0 {
            format!("books balance at revision {revision}")
        } else {
            format!("{} of {} checks failed", self.failed, self.checks)
        };
        self.line(&line)?;
        Ok(self.failed == 0)
    }

    fn line(&mut self, line: &str) -> Result<(), Fault> {
        writeln!(self.out, "{line}")
            .map_err(|error| Fault::Internal(format!("the audit cannot be written: {error}")))
    }
}
