//! Counting everything anew: the same sums from the whole journal, put in place of what differs.

use std::collections::BTreeMap;

use sqlx::{Connection, MySqlConnection, MySqlPool};

use super::chain::{Broken, Chain};
use super::deltas::Deltas;
use super::mending::Mending;
use super::store::{self, CUSTOMERS, EXECUTORS, Position, Script};
use crate::database;
use crate::error::Fault;
use crate::exchange::journal;
use crate::identity::User;
use crate::money::Total;

/// Runs of one read of the journal.
const PORTION: u32 = 100;

/// What a rebuild came to.
pub struct Rebuilt {
    /// A line for each difference.
    pub differences: Vec<String>,
    /// The history that was counted.
    pub history: String,
    /// Whose statistics were not right: what is cached of them is not, either.
    pub mended: Vec<User>,
}

/// Recomputes all statistics from the journal, in one transaction under the position's lock, and
/// mends what differs; ids and times of registration stay.
pub async fn rebuild(interactions: MySqlPool, users: database::Address) -> Result<Rebuilt, Fault> {
    let mut connection = database::connect_writer(&users).await?;
    let before = store::lock(&mut connection).await?;
    let (head, deltas) = read_all(&interactions, &mut connection).await?;
    let chain = head.chain;

    let customers = store::list_all(&mut connection, &CUSTOMERS).await?;
    let customers = Mending::of("customer", &deltas.customers, customers);
    let executors = store::list_all(&mut connection, &EXECUTORS).await?;
    let executors = Mending::of("executor", &deltas.executors, executors);
    let earned = store::list_earnings(&mut connection).await?;
    let earnings = differing_earnings(&deltas, &earned);
    let after = Position { chain, customers: customers.persons, executors: executors.persons };

    let mut script = Script::new(&mut connection);
    for (table, mending) in [(&CUSTOMERS, &customers), (&EXECUTORS, &executors)] {
        script.delete(table, &mending.strangers).await?;
        script.clear_ordinals(table, &mending.misnumbered).await?;
        let wrong = mending.wrong.iter().map(|(id, row, ordinal)| (*id, *row, *ordinal));
        script.replace(table, wrong).await?;
        script.insert(table, mending.missing.iter().copied()).await?;
    }
    if !earnings.is_empty() {
        script.replace_earnings(&deltas.earnings).await?;
    }
    script.commit(&after).await?;

    let mended = customers.mended.into_iter().map(User::customer);
    let mended = mended.chain(executors.mended.into_iter().map(User::executor)).collect();
    let mut differences = [customers.differences, executors.differences, earnings].concat();
    differences.extend(differing_position(&before, &after));
    Ok(Rebuilt { differences, history: head.history, mended })
}

/// Up to where the journal was read, and of which history it is.
struct Head {
    chain: Chain,
    history: String,
}

/// The whole journal's sums, up to the head as it is now.
async fn read_all(
    interactions: &MySqlPool,
    connection: &mut MySqlConnection,
) -> Result<(Head, Deltas), Fault> {
    let head = journal::head(interactions).await?;
    let (mut chain, mut deltas) = (Chain::START, Deltas::default());
    while chain.revision < head.revision {
        let left = u32::try_from(head.revision - chain.revision).unwrap_or(u32::MAX);
        let runs = journal::list_after(interactions, chain.revision, left.min(PORTION)).await?;
        if runs.is_empty() {
            return Err(not_sound(&Broken::Gap { missing: chain.revision + 1 }));
        }
        let sound = runs.iter().try_for_each(|run| chain.advance(run));
        sound.and_then(|()| deltas.add(&runs)).map_err(|broken| not_sound(&broken))?;
        // The session that holds the lock may not be silent for 5 s.
        connection.ping().await?;
    }
    chain.check_head(head.revision, head.batch).map_err(|broken| not_sound(&broken))?;
    Ok((Head { chain, history: head.history }, deltas))
}

fn not_sound(broken: &Broken) -> Fault {
    Fault::Internal(format!("the journal is not sound, see `orderboard audit`: {broken}"))
}

fn differing_earnings(deltas: &Deltas, stored: &BTreeMap<String, Total>) -> Vec<String> {
    let wanted: BTreeMap<&str, Total> =
        deltas.earnings.iter().map(|(currency, total)| (currency.code(), *total)).collect();
    let stored: BTreeMap<&str, Total> =
        stored.iter().map(|(code, total)| (code.as_str(), *total)).collect();
    let mut codes: Vec<&str> = wanted.keys().chain(stored.keys()).copied().collect();
    codes.sort_unstable();
    codes.dedup();
    let said = |total: Option<&Total>| match total {
        Some(total) => format!("{} hundredths", total.hundredths()),
        None => "nothing".to_owned(),
    };
    codes
        .into_iter()
        .filter(|code| wanted.get(code) != stored.get(code))
        .map(|code| {
            let (was, is) = (said(stored.get(code)), said(wanted.get(code)));
            format!("earnings {code}: {was}, now {is}")
        })
        .collect()
}

fn differing_position(before: &Position, after: &Position) -> Option<String> {
    let said = |position: &Position| {
        let Position { chain, customers, executors } = position;
        let batch = chain.batch.map_or("none".to_owned(), |batch| batch.to_string());
        let revision = chain.revision;
        format!("revision {revision}, batch {batch}, {customers} customers, {executors} executors")
    };
    (before != after).then(|| format!("position: {}, now {}", said(before), said(after)))
}
