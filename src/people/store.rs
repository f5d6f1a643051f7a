//! Reading what the statistics know of people. (Only the statistics write it.) Each read is one
//! statement that also reads the statistics' position, so that both are of one snapshot.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::mysql::MySqlRow;

use super::{Profile, Totals};
use crate::database::{Reads, decode};
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Total};
use crate::orders::store::{amount, currency};
use crate::page::paging::{Table, Window};

/// Somebody's statistics; no totals for who never did anything, and for admins.
pub async fn find(reads: Reads<'_>, user: User) -> Result<Profile, sqlx::Error> {
    const CUSTOMER: &str = "SELECT p.revision AS as_of, t.original_currency, \
         t.orders_created AS count, 0 AS completed, 0 AS given_up, CAST(t.money_in_orders AS CHAR) AS money, \
         CAST(t.gain AS CHAR) AS gain, t.registered \
         FROM positions p LEFT JOIN customers t ON t.global_id = ? \
         WHERE p.follower = 'statistics' ORDER BY t.original_currency";
    const EXECUTOR: &str = "SELECT p.revision AS as_of, t.original_currency, \
         t.orders_accepted AS count, t.orders_completed AS completed, t.orders_given_up AS given_up, \
         CAST(t.money_received AS CHAR) AS money, CAST(t.gain AS CHAR) AS gain, t.registered \
         FROM positions p LEFT JOIN executors t ON t.global_id = ? \
         WHERE p.follower = 'statistics' ORDER BY t.original_currency";
    let sql = if user.role == Role::Executor { EXECUTOR } else { CUSTOMER };
    // Nobody has the number 0.
    let person = if user.role == Role::Admin { 0 } else { user.id };
    let rows = reads.read(sqlx::query(sql).bind(person).fetch_all(reads.pool));
    let rows = rows.await?;
    let as_of_revision = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get("as_of")?;
    let mut profile = Profile::new(user, as_of_revision);
    for row in &rows {
        if row.try_get::<Option<&str>, _>("original_currency")?.is_some() {
            profile.add(row)?;
        }
    }
    Ok(profile)
}

/// A page of everybody in a role, newcomers first. Persons are numbered without gaps, so a page is
/// a range of numbers; the range is never empty, which MariaDB would look for in the whole table.
pub async fn list(
    reads: Reads<'_>,
    role: Role,
    window: Window,
) -> Result<Table<Profile>, sqlx::Error> {
    const CUSTOMERS: &str = "SELECT p.revision AS as_of, p.customers AS total, t.global_id, \
         t.original_currency, t.orders_created AS count, 0 AS completed, 0 AS given_up, \
         CAST(t.money_in_orders AS CHAR) AS money, CAST(t.gain AS CHAR) AS gain, t.registered \
         FROM positions p \
         LEFT JOIN customers f \
         ON f.ordinal > GREATEST(CAST(p.customers AS SIGNED) - CAST(? AS SIGNED), 0) \
         AND f.ordinal <= GREATEST(CAST(p.customers AS SIGNED) - CAST(? AS SIGNED), 1) \
         LEFT JOIN customers t ON t.global_id = f.global_id \
         WHERE p.follower = 'statistics' ORDER BY f.ordinal DESC, t.original_currency";
    const EXECUTORS: &str = "SELECT p.revision AS as_of, p.executors AS total, t.global_id, \
         t.original_currency, t.orders_accepted AS count, t.orders_completed AS completed, t.orders_given_up AS given_up, \
         CAST(t.money_received AS CHAR) AS money, CAST(t.gain AS CHAR) AS gain, t.registered \
         FROM positions p \
         LEFT JOIN executors f \
         ON f.ordinal > GREATEST(CAST(p.executors AS SIGNED) - CAST(? AS SIGNED), 0) \
         AND f.ordinal <= GREATEST(CAST(p.executors AS SIGNED) - CAST(? AS SIGNED), 1) \
         LEFT JOIN executors t ON t.global_id = f.global_id \
         WHERE p.follower = 'statistics' ORDER BY f.ordinal DESC, t.original_currency";
    let sql = match role {
        Role::Customer => CUSTOMERS,
        Role::Executor => EXECUTORS,
        Role::Admin => return Err(sqlx::Error::RowNotFound),
    };
    let mut window = window;
    loop {
        let skipped = window.skipped();
        let through = u64::from(skipped) + u64::from(window.per_page);
        let rows = reads.read(sqlx::query(sql).bind(through).bind(skipped).fetch_all(reads.pool));
        let rows = rows.await?;
        let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let (as_of, total) = (first.try_get("as_of")?, first.try_get("total")?);
        if window.within(total) != window {
            // Beyond the end: the last page. Persons only become more, so this happens once.
            window = window.within(total);
            continue;
        }
        let mut profiles: Vec<Profile> = Vec::new();
        for row in &rows {
            let Some(id) = row.try_get("global_id")? else { break };
            if profiles.last().is_none_or(|last| last.user.id != id) {
                let user = User { role, id };
                profiles.push(Profile::new(user, as_of));
            }
            profiles.last_mut().expect("just pushed").add(row)?;
        }
        return Ok(Table::new(as_of, window, total, profiles));
    }
}

/// The newest rows below a row's id, each of one person in one currency.
pub async fn list_below(
    reads: Reads<'_>,
    role: Role,
    below: u32,
    most: u32,
) -> Result<Vec<(u32, Profile)>, sqlx::Error> {
    const CUSTOMERS: &str = "SELECT id, global_id, original_currency, orders_created AS count, \
         0 AS completed, 0 AS given_up, CAST(money_in_orders AS CHAR) AS money, \
         CAST(gain AS CHAR) AS gain, registered FROM customers WHERE id < ? \
         ORDER BY id DESC LIMIT ?";
    const EXECUTORS: &str = "SELECT id, global_id, original_currency, orders_accepted AS count, \
         orders_completed AS completed, orders_given_up AS given_up, \
         CAST(money_received AS CHAR) AS money, CAST(gain AS CHAR) AS gain, registered \
         FROM executors WHERE id < ? ORDER BY id DESC LIMIT ?";
    let sql = if role == Role::Customer { CUSTOMERS } else { EXECUTORS };
    let rows = reads.read(sqlx::query(sql).bind(below).bind(most).fetch_all(reads.pool)).await?;
    let profile = |row: &MySqlRow| {
        let user = User { role, id: row.try_get("global_id")? };
        // Nobody asks as of when: the rows are of different moments.
        let mut profile = Profile::new(user, 0);
        profile.add(row)?;
        Ok((row.try_get("id")?, profile))
    };
    rows.iter().map(profile).collect()
}

/// What the system has earned by contracts, by currency code, and as of which revision.
pub async fn gains(reads: Reads<'_>) -> Result<(u64, Vec<(Currency, Total)>), sqlx::Error> {
    let sql = "SELECT p.revision AS as_of, e.original_currency, CAST(e.gain AS CHAR) AS gain \
               FROM positions p LEFT JOIN earnings e ON TRUE WHERE p.follower = 'statistics' \
               ORDER BY e.original_currency";
    let rows = reads.read(sqlx::query(sql).fetch_all(reads.pool)).await?;
    let as_of = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get("as_of")?;
    let known = rows
        .iter()
        .filter(|row| matches!(row.try_get::<Option<&str>, _>("original_currency"), Ok(Some(_))));
    let gains = known.map(|row| Ok((currency(row)?, total(row, "gain")?)));
    Ok((as_of, gains.collect::<Result<_, sqlx::Error>>()?))
}

/// The newest revision that the statistics have counted.
pub async fn position(reads: Reads<'_>) -> Result<u64, sqlx::Error> {
    let query = sqlx::query_scalar("SELECT revision FROM positions WHERE follower = 'statistics'");
    reads.read(query.fetch_one(reads.pool)).await
}

/// An order that a customer placed, or a contract that an executor took on.
pub struct Deed {
    pub created: DateTime<Utc>,
    pub currency: Currency,
    /// What the order costs, or what the executor gets.
    pub money: Amount,
    /// Not if it was taken back.
    pub counts: bool,
}

/// Somebody's newest deeds.
pub async fn list_deeds(reads: Reads<'_>, user: User, most: u32) -> Result<Vec<Deed>, sqlx::Error> {
    const OF_CUSTOMER: &str = "SELECT o.created, o.original_currency, o.money_cost AS money, \
         o.status IN ('open', 'taken') AND COALESCE(c.status <> 'cancelled', TRUE) AS counts \
         FROM orders o LEFT JOIN contracts c ON c.order_id = o.id \
         WHERE o.customer_id = ? ORDER BY o.id DESC LIMIT ?";
    const OF_EXECUTOR: &str = "SELECT created, original_currency, payout AS money, \
         status <> 'cancelled' AS counts FROM contracts WHERE executor_id = ? \
         ORDER BY id DESC LIMIT ?";
    let sql = if user.role == Role::Customer { OF_CUSTOMER } else { OF_EXECUTOR };
    let rows = reads.read(sqlx::query(sql).bind(user.id).bind(most).fetch_all(reads.pool)).await?;
    let deed = |row: &MySqlRow| {
        Ok(Deed {
            created: row.try_get("created")?,
            currency: currency(row)?,
            money: amount(row, "money")?,
            counts: row.try_get_unchecked("counts")?,
        })
    };
    rows.iter().map(deed).collect()
}

impl Profile {
    fn new(user: User, as_of_revision: u64) -> Profile {
        Profile { user, registered: None, totals: Vec::new(), as_of_revision, days: None }
    }

    /// Takes one currency of this person from a row.
    fn add(&mut self, row: &MySqlRow) -> Result<(), sqlx::Error> {
        let registered = Moment::from(row.try_get::<DateTime<Utc>, _>("registered")?);
        self.registered = Some(self.registered.map_or(registered, |first| first.min(registered)));
        self.totals.push(Totals {
            currency: currency(row)?,
            count: row.try_get("count")?,
            completed: row.try_get_unchecked("completed")?,
            given_up: row.try_get_unchecked("given_up")?,
            money: total(row, "money")?,
            gain: total(row, "gain")?,
        });
        Ok(())
    }
}

/// A sum, read as text: it is wider than the driver's integers.
pub fn total(row: &MySqlRow, column: &str) -> Result<Total, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    let hundredths = text.parse().map_err(|error| decode(column, Box::new(error)))?;
    Ok(Total::from_hundredths(hundredths))
}
