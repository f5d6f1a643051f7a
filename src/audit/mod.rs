//! The audit: reads everything once and says, invariant by invariant, whether the books balance.
//! It works on a live system, from one snapshot of each database. What the tables should hold is
//! worked out here anew from the journal, sharing no arithmetic with the exchange and the
//! statistics, so that an error there is found.
//!
//! The first pass (`survey`) compares fingerprints per block of ids (`sums`). Where they differ,
//! and only there, a second pass (`magnifier`) compares row by row.

mod blocks;
mod chain;
mod check;
mod contracts;
mod events;
mod facts;
mod findings;
mod fingerprint;
mod lens;
mod magnifier;
mod orders;
mod people;
mod posting;
mod progress;
pub mod regular;
mod report;
mod requests;
mod statistics;
mod store;
mod sums;
mod survey;
#[cfg(test)]
pub(crate) mod tests;

use std::io::Write;

use sqlx::MySqlConnection;

use crate::error::Fault;
use blocks::Scale;
use findings::Findings;
use magnifier::Magnifier;
use posting::Role;
pub use progress::Progress;
use store::{Head, People};
use sums::Highest;
use survey::Survey;

const ROLES: [(Role, &People); 2] =
    [(Role::Customer, &store::CUSTOMERS), (Role::Executor, &store::EXECUTORS)];

/// Writes a line for each invariant and a last one for all; returns as of which revision, and
/// whether all of them hold.
/// Memory: some megabytes, however many orders there are and however much is wrong; besides, at most
/// three bits for each order, and a compressed bitmap of the persons in each currency.
pub async fn run(
    interactions_url: &str,
    users_url: &str,
    out: &mut (dyn Write + Send),
    progress: Progress<'_>,
) -> Result<(u64, bool), Fault> {
    // This snapshot first: so the statistics can only be behind the journal, never ahead.
    let users = store::open(users_url).await?;
    let interactions = store::open(interactions_url).await?;
    let mut audit = Audit { users, interactions, progress };
    let head = store::head(&mut audit.interactions).await?;
    let findings = audit.find(&head).await?;
    // The progress must be gone from a terminal before the report is there.
    drop(audit);
    let balanced = report::write(out, &findings.into_checks(), head.revision)?;
    Ok((head.revision, balanced))
}

struct Audit<'a> {
    users: MySqlConnection,
    interactions: MySqlConnection,
    progress: Progress<'a>,
}

impl Audit<'_> {
    async fn find(&mut self, head: &Head) -> Result<Findings, Fault> {
        let survey = self.survey(head).await?;
        let counted = survey.counted();
        let earnings = store::earnings(&mut self.users).await?;
        let (findings, lenses) = survey.finish(&earnings);
        if lenses.are_empty() {
            return Ok(findings);
        }
        self.look_closely(head, Magnifier::new(findings, lenses, counted)).await
    }

    async fn survey(&mut self, head: &Head) -> Result<Survey, Fault> {
        let Audit { users, interactions, progress } = self;
        let position = store::position(users).await?;
        let in_tables = store::highest(interactions).await?;
        let highest = Highest {
            order: head.orders.max(in_tables.order),
            contract: head.contracts.max(in_tables.contract),
        };
        let customers = store::highest_person(users, &store::CUSTOMERS).await?;
        let executors = store::highest_person(users, &store::EXECUTORS).await?;
        let persons = [customers, executors];
        let mut survey = Survey::new(head.clone(), position, highest, persons, Scale::FULL);

        let (orders, contracts) = (Some(head.orders.into()), Some(head.contracts.into()));
        store::each_order(interactions, store::ALL, |id, order| {
            progress.row("reading the orders:", id.into(), orders);
            survey.order(id, &order);
        })
        .await?;
        store::each_contract(interactions, store::ALL, |id, contract| {
            progress.row("reading the contracts:", id.into(), contracts);
            survey.contract(id, &contract);
        })
        .await?;
        let mut notes = 0;
        store::each_note(interactions, store::ALL, |contract_id, _, note| {
            notes += 1;
            progress.row("reading the notes:", notes, None);
            survey.note(contract_id, &note);
        })
        .await?;
        let mut requests = 0;
        store::each_request(interactions, |request| {
            requests += 1;
            progress.row("reading the remembered requests:", requests, None);
            survey.request(&request);
        })
        .await?;
        store::each_run(interactions, |revision, run| {
            progress.row("reading the journal: revision", revision, Some(head.revision));
            survey.run(revision, &run);
        })
        .await?;
        let mut rows = 0;
        for (role, table) in ROLES {
            store::each_person(users, table, store::ALL, |row| {
                rows += 1;
                progress.row("reading the statistics:", rows, None);
                survey.person(role, &row);
            })
            .await?;
        }
        Ok(survey)
    }

    async fn look_closely(
        &mut self,
        head: &Head,
        mut magnifier: Magnifier,
    ) -> Result<Findings, Fault> {
        let Audit { users, interactions, progress } = self;
        store::each_pair(interactions, |contract, order| magnifier.pair(contract, order)).await?;
        store::each_run(interactions, |revision, run| {
            progress.row(
                "looking closely at what differs: revision",
                revision,
                Some(head.revision),
            );
            magnifier.run(&run);
        })
        .await?;
        if let Some(span) = magnifier.span_of_orders() {
            let mut orders = magnifier.orders();
            store::each_order(interactions, span, |id, order| orders.add(id, &order)).await?;
            orders.finish();
        }
        if let Some(span) = magnifier.span_of_contracts() {
            let mut contracts = magnifier.contracts();
            store::each_contract(interactions, span, |id, row| contracts.add(id, &row)).await?;
            contracts.finish();
        }
        if let Some(span) = magnifier.span_of_notes() {
            let mut notes = magnifier.notes();
            let again = span.clone();
            store::each_note(interactions, span, |id, number, row| notes.add(id, number, &row))
                .await?;
            store::each_contract(interactions, again, |id, row| {
                if let Ok(contract) = row {
                    notes.count(id, contract.notes);
                }
            })
            .await?;
            notes.finish();
        }
        for (role, table) in ROLES {
            if let Some(span) = magnifier.span_of_people(role) {
                let mut people = magnifier.people(role);
                store::each_person(users, table, span, |row| people.add(&row)).await?;
                people.finish();
            }
        }
        Ok(magnifier.finish())
    }
}
