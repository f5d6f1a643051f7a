//! Reading contracts. (Only the exchange writes them.)

use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlPool, Row};

use super::notes::Note;
use super::{Contract, Status};
use crate::database::{self, Reads, decode};
use crate::identity::{Role, User};
use crate::orders::store::{amount, currency, percent};
use crate::page::paging::{Table, Window};

/// The columns that `from_row` reads.
pub const COLUMNS: &str = "id, order_id, customer_id, executor_id, status, description, \
                           money_cost, fee, payout, commission_percent, original_currency, \
                           revision, created, last_action, notes";

/// One contract with its whole description.
pub async fn find(reads: Reads<'_>, id: u32) -> Result<Option<Contract>, sqlx::Error> {
    let text = format!("SELECT {COLUMNS} FROM contracts WHERE id = ?");
    let query = sqlx::query(AssertSqlSafe(text)).bind(id);
    let row = reads.read(query.fetch_optional(reads.pool)).await?;
    row.as_ref().map(from_row).transpose()
}

/// The id and the executor of the contract that an order became.
pub async fn find_by_order(
    reads: Reads<'_>,
    order_id: u32,
) -> Result<Option<(u32, u32)>, sqlx::Error> {
    let query = sqlx::query_as("SELECT id, executor_id FROM contracts WHERE order_id = ?");
    reads.read(query.bind(order_id).fetch_optional(reads.pool)).await
}

/// A page of the contracts somebody is a party of, newest first.
pub async fn list_of(
    reads: Reads<'_>,
    user: User,
    window: Window,
) -> Result<Table<Contract>, sqlx::Error> {
    const OF_CUSTOMER: &str = "SELECT b.revision AS head_revision, \
         (SELECT COUNT(*) FROM contracts WHERE customer_id = ?) AS total, c.* FROM board b \
         LEFT JOIN (SELECT id, order_id, customer_id, executor_id, status, \
         LEFT(description, 281) AS description, money_cost, fee, payout, commission_percent, \
         original_currency, revision, created, last_action, notes FROM contracts WHERE customer_id = ? \
         ORDER BY id DESC LIMIT ? OFFSET ?) c ON TRUE WHERE b.id = 1 ORDER BY c.id DESC";
    const OF_EXECUTOR: &str = "SELECT b.revision AS head_revision, \
         (SELECT COUNT(*) FROM contracts WHERE executor_id = ?) AS total, c.* FROM board b \
         LEFT JOIN (SELECT id, order_id, customer_id, executor_id, status, \
         LEFT(description, 281) AS description, money_cost, fee, payout, commission_percent, \
         original_currency, revision, created, last_action, notes FROM contracts WHERE executor_id = ? \
         ORDER BY id DESC LIMIT ? OFFSET ?) c ON TRUE WHERE b.id = 1 ORDER BY c.id DESC";
    let sql = match user.role {
        Role::Customer => OF_CUSTOMER,
        Role::Executor => OF_EXECUTOR,
        Role::Admin => return list_all(reads, window).await,
    };
    database::table(reads, sql, database::personal(user.id), window, excerpt_from_row).await
}

/// A page of all contracts, newest first.
pub async fn list_all(reads: Reads<'_>, window: Window) -> Result<Table<Contract>, sqlx::Error> {
    const SQL: &str = "SELECT b.revision AS head_revision, CAST(b.contracts AS SIGNED) AS total, c.id, \
         c.order_id, c.customer_id, c.executor_id, c.status, \
         LEFT(c.description, 281) AS description, c.money_cost, c.fee, c.payout, \
         c.commission_percent, c.original_currency, c.revision, c.created, c.last_action, c.notes \
         FROM board b LEFT JOIN contracts c \
         ON c.id <= GREATEST(CAST(b.contracts AS SIGNED) - CAST(? AS SIGNED), 1) \
         AND c.id > GREATEST(CAST(b.contracts AS SIGNED) - CAST(? AS SIGNED), 0) \
         WHERE b.id = 1 ORDER BY c.id DESC";
    database::table(reads, SQL, database::gapless, window, excerpt_from_row).await
}

/// The oldest contracts that were delivered `days` ago or longer, and their customers.
pub async fn list_due(
    pool: &MySqlPool,
    days: u32,
    most: u32,
) -> Result<Vec<(u32, u32)>, sqlx::Error> {
    let sql = "SELECT id, customer_id FROM contracts WHERE status = 'delivered' \
               AND last_action <= UTC_TIMESTAMP(3) - INTERVAL ? DAY \
               ORDER BY last_action, id LIMIT ?";
    sqlx::query_as(sql).bind(days).bind(most).fetch_all(pool).await
}

/// The newest contracts below an id, whole.
pub async fn list_below(
    reads: Reads<'_>,
    below: u32,
    most: u32,
) -> Result<Vec<Contract>, sqlx::Error> {
    let text = format!("SELECT {COLUMNS} FROM contracts WHERE id < ? ORDER BY id DESC LIMIT ?");
    let query = sqlx::query(AssertSqlSafe(text)).bind(below).bind(most);
    let rows = reads.read(query.fetch_all(reads.pool)).await?;
    rows.iter().map(from_row).collect()
}

pub fn from_row(row: &MySqlRow) -> Result<Contract, sqlx::Error> {
    let status: &str = row.try_get("status")?;
    Ok(Contract {
        id: row.try_get("id")?,
        order_id: row.try_get("order_id")?,
        customer_id: row.try_get("customer_id")?,
        executor_id: row.try_get("executor_id")?,
        status: Status::from_name(status).ok_or_else(|| decode("status", status.to_owned()))?,
        description: row.try_get("description")?,
        cut: false,
        price: amount(row, "money_cost")?,
        fee: amount(row, "fee")?,
        payout: amount(row, "payout")?,
        percent: percent(row)?,
        currency: currency(row)?,
        revision: row.try_get("revision")?,
        created: row.try_get::<DateTime<Utc>, _>("created")?.into(),
        last_action: row.try_get::<DateTime<Utc>, _>("last_action")?.into(),
        notes: row.try_get("notes")?,
    })
}

/// The newest notes on a contract below a number, newest first.
pub async fn list_notes(
    reads: Reads<'_>,
    contract_id: u32,
    before: u32,
    most: u32,
) -> Result<Vec<Note>, sqlx::Error> {
    let query = sqlx::query(
        "SELECT contract_id, number, author, text, revision, created FROM notes \
         WHERE contract_id = ? AND number < ? ORDER BY number DESC LIMIT ?",
    );
    let query = query.bind(contract_id).bind(before).bind(most);
    let rows = reads.read(query.fetch_all(reads.pool)).await?;
    rows.iter().map(note_from_row).collect()
}

pub fn note_from_row(row: &MySqlRow) -> Result<Note, sqlx::Error> {
    let author: &str = row.try_get("author")?;
    Ok(Note {
        contract_id: row.try_get("contract_id")?,
        number: row.try_get("number")?,
        author: Role::from_name(author).ok_or_else(|| decode("author", author.to_owned()))?,
        text: row.try_get("text")?,
        revision: row.try_get("revision")?,
        created: row.try_get::<DateTime<Utc>, _>("created")?.into(),
    })
}

fn excerpt_from_row(row: &MySqlRow) -> Result<Contract, sqlx::Error> {
    from_row(row).map(|contract| contract.to_excerpt())
}
