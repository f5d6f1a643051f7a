//! Reading orders. (Only the exchange writes them.)

use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlExecutor, Row};

use super::{Order, Status};
use crate::board::filter::{Filter, Value};
use crate::database::{self, Reads, decode};
use crate::money::{Amount, Currency, Percent};
use crate::page::paging::{Table, Window};

/// The columns that `from_row` reads.
pub const COLUMNS: &str = "id, customer_id, status, description, money_cost, commission_percent, \
                           original_currency, parent_id, version, edited, revision, created, \
                           last_action";

/// The same with no more of the description than tables show, and one character to tell that it is
/// cut.
const EXCERPT: &str = "id, customer_id, status, LEFT(description, 281) AS description, money_cost, \
                       commission_percent, original_currency, parent_id, version, edited, revision, \
                       created, last_action";

/// Orders of a customer that are counted at once.
const COUNTED: u32 = 200;

/// One order with its whole description.
pub async fn find(reads: Reads<'_>, id: u32) -> Result<Option<Order>, sqlx::Error> {
    let text = format!("SELECT {COLUMNS} FROM orders WHERE id = ?");
    let query = sqlx::query(AssertSqlSafe(text)).bind(id);
    let row = reads.read(query.fetch_optional(reads.pool)).await?;
    row.as_ref().map(from_row).transpose()
}

/// These orders' excerpts, in no order; those that do not exist are left out.
pub async fn list_by_ids(reads: Reads<'_>, ids: &[u32]) -> Result<Vec<Order>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT {EXCERPT} FROM orders WHERE id IN ({})", database::list(ids));
    let rows = reads.read(sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(reads.pool)).await?;
    rows.iter().map(excerpt_from_row).collect()
}

/// A page of the open orders from id `first` on that a filter lets pass. They are looked through one by
/// one, so it is for the caller to bound how many there are.
pub async fn list_filtered(
    reads: Reads<'_>,
    filter: &Filter,
    first: u32,
    window: Window,
) -> Result<Table<Order>, sqlx::Error> {
    let (condition, values) = filter.to_sql();
    let order = filter.order();
    let columns = EXCERPT.replace("LEFT(description", "LEFT(o.description").replace(", ", ", o.");
    let columns = columns.replace("o.LEFT", "LEFT").replace(", o.281)", ", 281)");
    let text = format!(
        "SELECT b.revision AS head_revision, f.total, o.{columns} FROM board b LEFT JOIN \
         (SELECT id AS found, COUNT(*) OVER () AS total FROM orders FORCE INDEX (orders_by_status) \
         WHERE status = 'open' AND id >= ?{condition} ORDER BY {order} LIMIT ? OFFSET ?) f ON TRUE \
         LEFT JOIN orders o ON o.id = f.found WHERE b.id = 1",
    );
    let ask = async |window: Window| {
        let mut query = sqlx::query(AssertSqlSafe(text.clone())).bind(first);
        for value in &values {
            query = match value {
                Value::Number(number) => query.bind(*number),
                Value::Text(text) => query.bind(text.clone()),
            };
        }
        let query = query.bind(window.per_page).bind(window.skipped());
        let rows = reads.read(query.fetch_all(reads.pool)).await?;
        let head = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let revision: u64 = head.try_get("head_revision")?;
        let total: Option<i64> = head.try_get("total")?;
        let total = u32::try_from(total.unwrap_or(0)).unwrap_or(u32::MAX);
        let found =
            rows.iter().filter(|row| !matches!(row.try_get::<Option<u32>, _>("id"), Ok(None)));
        let mut orders = found.map(excerpt_from_row).collect::<Result<Vec<_>, _>>()?;
        // The join need not keep the order in which they were found.
        orders.sort_by(|one, other| filter.compare(one, other));
        Ok::<_, sqlx::Error>(Table::new(revision, window, total, orders))
    };
    let table = ask(window).await?;
    if !table.rows.is_empty() || window.page == 1 {
        return Ok(table);
    }
    // Beyond the end nothing says how many there are.
    let table = ask(Window { page: 1, ..window }).await?;
    match window.within(table.total) {
        Window { page: 1, .. } => Ok(table),
        last => ask(last).await,
    }
}

/// Open orders, with their customers, that have been so for as many days: the oldest, up to `most`.
pub async fn list_due(
    executor: impl MySqlExecutor<'_>,
    days: u32,
    most: u32,
) -> Result<Vec<(u32, u32)>, sqlx::Error> {
    // Ids go up with time: the oldest that are open are all that need be looked at.
    let query = sqlx::query_as(
        "SELECT id, customer_id FROM (SELECT id, customer_id, created FROM orders \
         WHERE status = 'open' ORDER BY id LIMIT ?) oldest \
         WHERE created <= UTC_TIMESTAMP(3) - INTERVAL ? DAY",
    );
    query.bind(most).bind(days).fetch_all(executor).await
}

/// How many orders a customer placed since a time, counted up to about `most`. Those that came back
/// to the board because a contract was given up were not placed by anybody.
pub async fn count_since(
    reads: Reads<'_>,
    customer_id: u32,
    most: u32,
    since: DateTime<Utc>,
) -> Result<u32, sqlx::Error> {
    // Of an order that was renewed the parent has expired; of one that came back it stays taken.
    const SQL: &str = "SELECT COUNT(*) AS found, MIN(newest.id) AS oldest, \
         COUNT(CASE WHEN parent.status = 'taken' THEN NULL ELSE 1 END) AS placed \
         FROM (SELECT id, parent_id, created FROM orders WHERE customer_id = ? AND id < ? \
         ORDER BY id DESC LIMIT ?) newest LEFT JOIN orders parent ON parent.id = newest.parent_id \
         WHERE newest.created >= ?";
    let (mut placed, mut below) = (0, u32::MAX);
    loop {
        let query = sqlx::query(SQL).bind(customer_id).bind(below).bind(COUNTED).bind(since);
        let row = reads.read(query.fetch_one(reads.pool)).await?;
        let (found, more): (i64, i64) = (row.try_get("found")?, row.try_get("placed")?);
        placed += u32::try_from(more).unwrap_or(u32::MAX);
        if found < i64::from(COUNTED) || placed >= most {
            return Ok(placed);
        }
        below = row.try_get("oldest")?;
    }
}

/// A page of one customer's orders, newest first.
pub async fn list_of_customer(
    reads: Reads<'_>,
    customer_id: u32,
    window: Window,
) -> Result<Table<Order>, sqlx::Error> {
    const SQL: &str = "SELECT b.revision AS head_revision, \
         (SELECT COUNT(*) FROM orders WHERE customer_id = ?) AS total, o.* FROM board b \
         LEFT JOIN (SELECT id, customer_id, status, LEFT(description, 281) AS description, \
         money_cost, commission_percent, original_currency, parent_id, version, edited, revision, created, \
         last_action FROM orders WHERE customer_id = ? ORDER BY id DESC LIMIT ? OFFSET ?) o \
         ON TRUE WHERE b.id = 1 ORDER BY o.id DESC";
    database::table(reads, SQL, database::personal(customer_id), window, excerpt_from_row).await
}

/// A page of all orders, newest first: their ids have no gaps, so a page is a range of ids.
pub async fn list_all(reads: Reads<'_>, window: Window) -> Result<Table<Order>, sqlx::Error> {
    const SQL: &str = "SELECT b.revision AS head_revision, CAST(b.orders AS SIGNED) AS total, o.id, \
         o.customer_id, o.status, LEFT(o.description, 281) AS description, o.money_cost, \
         o.commission_percent, o.original_currency, o.parent_id, o.version, o.edited, o.revision, o.created, \
         o.last_action FROM board b LEFT JOIN orders o \
         ON o.id <= GREATEST(CAST(b.orders AS SIGNED) - CAST(? AS SIGNED), 1) \
         AND o.id > GREATEST(CAST(b.orders AS SIGNED) - CAST(? AS SIGNED), 0) \
         WHERE b.id = 1 ORDER BY o.id DESC";
    database::table(reads, SQL, database::gapless, window, excerpt_from_row).await
}

/// The newest orders below an id, whole.
pub async fn list_below(
    reads: Reads<'_>,
    below: u32,
    most: u32,
) -> Result<Vec<Order>, sqlx::Error> {
    let text = format!("SELECT {COLUMNS} FROM orders WHERE id < ? ORDER BY id DESC LIMIT ?");
    let query = sqlx::query(AssertSqlSafe(text)).bind(below).bind(most);
    let rows = reads.read(query.fetch_all(reads.pool)).await?;
    rows.iter().map(from_row).collect()
}

pub fn from_row(row: &MySqlRow) -> Result<Order, sqlx::Error> {
    let status: &str = row.try_get("status")?;
    Ok(Order {
        id: row.try_get("id")?,
        customer_id: row.try_get("customer_id")?,
        status: Status::from_name(status).ok_or_else(|| decode("status", status.to_owned()))?,
        description: row.try_get("description")?,
        cut: false,
        price: amount(row, "money_cost")?,
        percent: percent(row)?,
        currency: currency(row)?,
        parent_id: row.try_get("parent_id")?,
        version: row.try_get("version")?,
        edited: row.try_get("edited")?,
        revision: row.try_get("revision")?,
        created: row.try_get::<DateTime<Utc>, _>("created")?.into(),
        last_action: row.try_get::<DateTime<Utc>, _>("last_action")?.into(),
    })
}

fn excerpt_from_row(row: &MySqlRow) -> Result<Order, sqlx::Error> {
    from_row(row).map(|order| order.to_excerpt())
}

/// An amount of money, in hundredths of the minor unit.
pub fn amount(row: &MySqlRow, column: &str) -> Result<Amount, sqlx::Error> {
    let hundredths: i64 = row.try_get(column)?;
    Amount::from_hundredths(hundredths).ok_or_else(|| decode(column, "negative"))
}

pub fn percent(row: &MySqlRow) -> Result<Percent, sqlx::Error> {
    let percent: u8 = row.try_get("commission_percent")?;
    Percent::new(percent).ok_or_else(|| decode("commission_percent", "above 100"))
}

pub fn currency(row: &MySqlRow) -> Result<Currency, sqlx::Error> {
    let code: &str = row.try_get("original_currency")?;
    Currency::from_code(code).ok_or_else(|| decode("original_currency", code.to_owned()))
}

/// The largest number of a person who has an order or a contract; 0 where there are none.
pub async fn last_person(executor: impl MySqlExecutor<'_>) -> Result<u32, sqlx::Error> {
    const SQL: &str = "SELECT CAST(GREATEST( \
         COALESCE((SELECT MAX(customer_id) FROM orders), 0), \
         COALESCE((SELECT MAX(executor_id) FROM contracts), 0)) AS UNSIGNED) AS person";
    let person: u64 = sqlx::query(SQL).fetch_one(executor).await?.try_get("person")?;
    Ok(u32::try_from(person).unwrap_or(u32::MAX))
}
