//! The batch's statements: the only place that changes orders, contracts and the head. A batch goes
//! to the database in two messages of several statements each, since round trips under the head
//! lock are what limits the exchange. The texts are built from integers, our own constants and
//! `x'…'` literals only: nothing that anybody typed stands in them as it is.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Either, MySqlConnection, Row};
use uuid::Uuid;

use super::batch::{Batch, Head};
use super::event::Run;
use super::journal;
use super::request::{RequestId, StoredReceipt};
use crate::contracts::Contract;
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::orders::{self, Order};
use crate::{contracts, database};

/// What a batch needs to know, besides the head.
pub struct Wanted {
    pub order_ids: BTreeSet<u32>,
    pub contract_ids: BTreeSet<u32>,
    /// Whose contracts in force are to be counted.
    pub executor_ids: BTreeSet<u32>,
}

/// What the first message brings back.
pub struct Loaded {
    pub head: Head,
    pub now: Moment,
    pub orders: Vec<Order>,
    pub contracts: Vec<Contract>,
    /// Executors, and how many contracts each has that wait to be delivered.
    pub in_force: Vec<(u32, u32)>,
}

/// A remembered request: whose, what was asked, and how it was answered.
pub type Remembered = (RequestId, [u8; 32], StoredReceipt);

/// Begins a transaction (sessions of writers do not commit by themselves), locks the head and then
/// the orders, all in one statement: each statement costs the database more than a row does. What
/// only some batches need follows in the same message.
pub async fn load(
    connection: &mut MySqlConnection,
    wanted: &Wanted,
) -> Result<Loaded, sqlx::Error> {
    let Wanted { order_ids, contract_ids, executor_ids } = wanted;
    let mut results = results(connection, text_of_load(wanted)).await?.into_iter();
    let rows = results.next().unwrap_or_default();
    let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let now = Moment::from(first.try_get::<DateTime<Utc>, _>("now")?);
    let head = head_from_row(first)?;
    let mut orders = Vec::with_capacity(order_ids.len());
    if !order_ids.is_empty() {
        for row in &rows {
            if row.try_get::<Option<u32>, _>("id")?.is_some() {
                orders.push(orders::store::from_row(row)?);
            }
        }
    }
    let contracts = if contract_ids.is_empty() { None } else { results.next() };
    let contracts = contracts.unwrap_or_default();
    let contracts = contracts.iter().map(contracts::store::from_row).collect::<Result<_, _>>()?;
    let in_force = if executor_ids.is_empty() { None } else { results.next() };
    let in_force = in_force.unwrap_or_default();
    let in_force = in_force.iter().map(|row| {
        let count: i64 = row.try_get("in_force")?;
        Ok((row.try_get("executor_id")?, u32::try_from(count).unwrap_or(u32::MAX)))
    });
    let in_force = in_force.collect::<Result<_, sqlx::Error>>()?;
    Ok(Loaded { head, now, orders, contracts, in_force })
}

fn text_of_load(wanted: &Wanted) -> String {
    let Wanted { order_ids, contract_ids, executor_ids } = wanted;
    let mut text = String::from(
        "SELECT b.revision AS head_revision, b.batch AS head_batch, b.orders AS head_orders, \
         b.contracts AS head_contracts, b.open_orders AS head_open_orders, \
         b.last_action AS head_last_action, UTC_TIMESTAMP(3) AS now",
    );
    if order_ids.is_empty() {
        text.push_str(" FROM board b WHERE b.id = 1 FOR UPDATE");
    } else {
        let columns = orders::store::COLUMNS.replace(", ", ", o.");
        let ids = database::list(order_ids);
        write_to(
            &mut text,
            format_args!(
                ", o.{columns} FROM board b LEFT JOIN orders o ON o.id IN ({ids}) \
                 WHERE b.id = 1 FOR UPDATE"
            ),
        );
    }
    if !contract_ids.is_empty() {
        let (columns, ids) = (contracts::store::COLUMNS, database::list(contract_ids));
        let statement =
            format_args!("; SELECT {columns} FROM contracts WHERE id IN ({ids}) FOR UPDATE");
        write_to(&mut text, statement);
    }
    if !executor_ids.is_empty() {
        // Read after the head was locked, under READ COMMITTED: nobody can change it any more.
        write_to(
            &mut text,
            format_args!(
                "; SELECT executor_id, COUNT(*) AS in_force FROM contracts \
                 WHERE executor_id IN ({}) AND status = 'accepted' GROUP BY executor_id",
                database::list(executor_ids),
            ),
        );
    }
    text
}

/// Those of the requests that are remembered.
pub async fn load_requests(
    connection: &mut MySqlConnection,
    ids: &HashSet<RequestId>,
) -> Result<Vec<Remembered>, sqlx::Error> {
    let mut text = String::from(
        "SELECT user_type, user_id, request_id, request_hash, receipt FROM requests \
         WHERE (user_type, user_id, request_id) IN (",
    );
    for (place, RequestId { user: User { role, id }, key }) in ids.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let key = hex(key.as_bytes());
        write_to(&mut text, format_args!("{comma}('{}',{id},_ascii x'{key}')", role.name()));
    }
    text.push(')');
    let rows = results(connection, text).await?;
    rows.iter().flatten().map(request_from_row).collect()
}

/// The contracts that these orders became.
pub async fn load_contracts_of(
    connection: &mut MySqlConnection,
    order_ids: &BTreeSet<u32>,
) -> Result<Vec<Contract>, sqlx::Error> {
    let columns = contracts::store::COLUMNS;
    let ids = database::list(order_ids);
    let text = format!("SELECT {columns} FROM contracts WHERE order_id IN ({ids}) FOR UPDATE");
    let rows = results(connection, text).await?;
    rows.iter().flatten().map(contracts::store::from_row).collect()
}

/// The orders and contracts that receipts name.
pub async fn load_of_receipts(
    connection: &mut MySqlConnection,
    order_ids: &BTreeSet<u32>,
    contract_ids: &BTreeSet<u32>,
) -> Result<(Vec<Order>, Vec<Contract>), sqlx::Error> {
    let (order, contract) = (orders::store::COLUMNS, contracts::store::COLUMNS);
    // 0 is nobody's id: it keeps the lists from being empty.
    let text = format!(
        "SELECT {order} FROM orders WHERE id IN (0{}) FOR UPDATE; \
         SELECT {contract} FROM contracts WHERE id IN (0{}) FOR UPDATE",
        database::more(order_ids),
        database::more(contract_ids),
    );
    let mut results = results(connection, text).await?.into_iter();
    let orders = results.next().unwrap_or_default();
    let orders = orders.iter().map(orders::store::from_row).collect::<Result<_, _>>()?;
    let contracts = results.flatten().map(|row| contracts::store::from_row(&row));
    Ok((orders, contracts.collect::<Result<_, _>>()?))
}

/// These runs of the journal.
pub async fn load_runs(
    connection: &mut MySqlConnection,
    revisions: &BTreeSet<u64>,
) -> Result<Vec<Run>, sqlx::Error> {
    let text = format!(
        "SELECT revision, batch, previous, events, created FROM journal WHERE revision IN ({})",
        database::list_of(revisions),
    );
    let rows = results(connection, text).await?;
    rows.iter().flatten().map(journal::from_row).collect()
}

/// Writes the batch's changes and commits, in one message; gives how long the commit took. An error
/// of the database means that nothing was committed; a lost connection leaves that open.
pub async fn write(
    connection: &mut MySqlConnection,
    batch: &Batch,
    run: &Run,
) -> Result<Duration, sqlx::Error> {
    let mut text = String::new();
    // First, since a key that is known already ends it here.
    write_requests(&mut text, batch);
    write_orders(&mut text, batch);
    write_contracts(&mut text, batch);
    if batch.has_events() {
        write_journal(&mut text, batch, run);
    }
    text.push_str("COMMIT");
    let mut done = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(connection);
    // The database tells each statement's end before it goes on with the next one.
    let (mut before, mut last) = (Instant::now(), Instant::now());
    while done.try_next().await?.is_some() {
        (before, last) = (last, Instant::now());
    }
    Ok(last - before)
}

/// Ends a transaction that wrote nothing.
pub async fn end(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    results(connection, "COMMIT".to_owned()).await.map(|_| ())
}

pub async fn roll_back(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    results(connection, "ROLLBACK".to_owned()).await.map(|_| ())
}

/// Whether the batch was committed. Locking the head first waits for the end of the session that
/// may still be committing it; writing the head makes what was found durable.
pub async fn is_committed(
    connection: &mut MySqlConnection,
    batch: Uuid,
) -> Result<bool, sqlx::Error> {
    let text = format!(
        "BEGIN; SELECT revision FROM board WHERE id = 1 FOR UPDATE; \
         SELECT revision FROM journal WHERE batch = '{batch}' FOR UPDATE; \
         UPDATE board SET fence = fence + 1 WHERE id = 1; COMMIT"
    );
    match &results(connection, text).await?[..] {
        [_begun, _locked, found, _fenced, _committed] => Ok(!found.is_empty()),
        // Whatever that was, it was no answer.
        others => Err(sqlx::Error::Protocol(format!("{} results instead of 5", others.len()))),
    }
}

fn write_orders(text: &mut String, batch: &Batch) {
    let mut lead = "INSERT INTO orders (id, customer_id, status, description, money_cost, \
                    commission_percent, original_currency, parent_id, version, edited, revision, \
                    created, last_action) VALUES ";
    for order in batch.placed() {
        text.push_str(lead);
        lead = ",";
        let null = || "NULL".to_owned();
        let parent = order.parent_id.map_or_else(null, |id| id.to_string());
        let edited = order.edited.map_or_else(null, |revision| revision.to_string());
        write_to(
            text,
            format_args!(
                "({},{},'{}',_utf8mb4 x'{}',{},{},'{}',{parent},{},{edited},{},'{}','{}')",
                order.id,
                order.customer_id,
                order.status.name(),
                hex(order.description.as_bytes()),
                order.price.hundredths(),
                order.percent.get(),
                order.currency.code(),
                order.version,
                order.revision,
                order.created.to_sql(),
                order.last_action.to_sql(),
            ),
        );
    }
    if lead == "," {
        text.push(';');
    }
    for order in batch.edited() {
        write_to(
            text,
            format_args!(
                "UPDATE orders SET description = _utf8mb4 x'{}', money_cost = {}, version = {}, \
                 edited = {}, revision = {}, last_action = '{}' WHERE id = {};",
                hex(order.description.as_bytes()),
                order.price.hundredths(),
                order.version,
                batch.revision(),
                order.revision,
                order.last_action.to_sql(),
                order.id,
            ),
        );
    }
    for status in orders::Status::ALL {
        let ids: BTreeSet<u32> =
            batch.closed().filter(|order| order.status == status).map(|order| order.id).collect();
        if !ids.is_empty() {
            write_change(text, "orders", status.name(), batch, &ids);
        }
    }
}

fn write_contracts(text: &mut String, batch: &Batch) {
    let mut lead = "INSERT INTO contracts (id, order_id, customer_id, executor_id, status, \
                    description, money_cost, fee, payout, commission_percent, original_currency, \
                    revision, created, last_action) VALUES ";
    for contract in batch.signed() {
        text.push_str(lead);
        lead = ",";
        write_to(
            text,
            format_args!(
                "({},{},{},{},'{}',_utf8mb4 x'{}',{},{},{},{},'{}',{},'{}','{}')",
                contract.id,
                contract.order_id,
                contract.customer_id,
                contract.executor_id,
                contract.status.name(),
                hex(contract.description.as_bytes()),
                contract.price.hundredths(),
                contract.fee.hundredths(),
                contract.payout.hundredths(),
                contract.percent.get(),
                contract.currency.code(),
                contract.revision,
                contract.created.to_sql(),
                contract.last_action.to_sql(),
            ),
        );
    }
    if lead == "," {
        text.push(';');
    }
    let mut lead =
        "INSERT INTO notes (contract_id, number, author, text, revision, created) VALUES ";
    for note in batch.notes() {
        text.push_str(lead);
        lead = ",";
        write_to(
            text,
            format_args!(
                "({},{},'{}',_utf8mb4 x'{}',{},'{}')",
                note.contract_id,
                note.number,
                note.author.name(),
                hex(note.text.as_bytes()),
                note.revision,
                note.created.to_sql(),
            ),
        );
    }
    if lead == "," {
        text.push(';');
    }
    // The last note of each contract has its highest number.
    for note in batch.notes() {
        let (id, number) = (note.contract_id, note.number);
        write_to(text, format_args!("UPDATE contracts SET notes = {number} WHERE id = {id};"));
    }
    for status in contracts::Status::ALL {
        let changed = batch.changed().filter(|contract| contract.status == status);
        let ids: BTreeSet<u32> = changed.map(|contract| contract.id).collect();
        if !ids.is_empty() {
            write_change(text, "contracts", status.name(), batch, &ids);
        }
    }
}

/// Rows that are in another state from this batch on.
fn write_change(text: &mut String, table: &str, status: &str, batch: &Batch, ids: &BTreeSet<u32>) {
    let (revision, now, ids) = (batch.revision(), batch.now().to_sql(), database::list(ids));
    write_to(
        text,
        format_args!(
            "UPDATE {table} SET status = '{status}', revision = {revision}, \
             last_action = '{now}' WHERE id IN ({ids});"
        ),
    );
}

fn write_journal(text: &mut String, batch: &Batch, run: &Run) {
    let events = serde_json::to_vec(&run.events).expect("events are plain data");
    let head = batch.head_after();
    let created = run.created.to_sql();
    write_to(
        text,
        format_args!(
            "INSERT INTO journal (revision, batch, previous, events, created) \
             VALUES ({},'{}','{}',_utf8mb4 x'{}','{created}'); \
             UPDATE board SET revision = {}, batch = '{}', orders = {}, contracts = {}, \
             open_orders = {}, last_action = '{created}' WHERE id = 1;",
            run.revision,
            run.batch,
            run.previous,
            hex(&events),
            head.revision,
            run.batch,
            head.orders,
            head.contracts,
            head.open_orders,
        ),
    );
}

fn write_requests(text: &mut String, batch: &Batch) {
    let mut lead = "INSERT INTO requests (user_type, user_id, request_id, request_hash, receipt, \
                    created) VALUES ";
    for (RequestId { user, key }, hash, receipt) in batch.answered() {
        text.push_str(lead);
        lead = ",";
        let receipt = serde_json::to_vec(&StoredReceipt::from(receipt)).expect("plain data");
        write_to(
            text,
            format_args!(
                "('{}',{},_ascii x'{}',x'{}',_utf8mb4 x'{}','{}')",
                user.role.name(),
                user.id,
                hex(key.as_bytes()),
                hex(hash),
                hex(&receipt),
                batch.now().to_sql(),
            ),
        );
    }
    if lead == "," {
        text.push(';');
    }
}

/// Sends one message of statements and collects the rows of each.
async fn results(
    connection: &mut MySqlConnection,
    text: String,
) -> Result<Vec<Vec<MySqlRow>>, sqlx::Error> {
    let mut stream = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(connection);
    let mut results = Vec::with_capacity(4);
    let mut rows = Vec::new();
    while let Some(item) = stream.try_next().await? {
        match item {
            Either::Right(row) => rows.push(row),
            Either::Left(_) => results.push(std::mem::take(&mut rows)),
        }
    }
    Ok(results)
}

fn head_from_row(row: &MySqlRow) -> Result<Head, sqlx::Error> {
    Ok(Head {
        revision: row.try_get("head_revision")?,
        batch: database::uuid(row, "head_batch")?,
        orders: row.try_get("head_orders")?,
        contracts: row.try_get("head_contracts")?,
        open_orders: row.try_get("head_open_orders")?,
        last_action: row.try_get::<DateTime<Utc>, _>("head_last_action")?.into(),
    })
}

fn request_from_row(row: &MySqlRow) -> Result<Remembered, sqlx::Error> {
    let bad = |what: &str| sqlx::Error::Decode(format!("requests: bad {what}").into());
    let role = Role::from_name(row.try_get("user_type")?).ok_or_else(|| bad("user_type"))?;
    let user = User { role, id: row.try_get("user_id")? };
    let hash: Vec<u8> = row.try_get("request_hash")?;
    let hash = hash.try_into().map_err(|_| bad("request_hash"))?;
    let receipt = database::json(row, "receipt")?;
    Ok((RequestId { user, key: row.try_get("request_id")? }, hash, receipt))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn write_to(text: &mut String, args: std::fmt::Arguments) {
    text.write_fmt(args).expect("writing to a string cannot fail");
}
