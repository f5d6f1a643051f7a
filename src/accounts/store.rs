//! The tables of accounts and of passes. What a pass was made for must still hold when it is made:
//! each is inserted by a statement that looks, and holds what it saw.

use std::collections::HashSet;

use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlConnection, MySqlPool, Row};
use uuid::Uuid;

use super::keys::Hash;
use super::pass::Pass;
use super::{Account, Name, Roles};
use crate::database::{Reads, decode, uuid};
use crate::identity::Role;
use crate::moment::Moment;

/// One of somebody's own passes, as they are shown it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: u32,
    pub role: Role,
    /// Of a token.
    pub label: Option<String>,
    pub created: Moment,
    pub seen: Moment,
}

/// The account of a name, folded.
pub async fn find_account(reads: Reads<'_>, folded: &str) -> Result<Option<Account>, sqlx::Error> {
    let query = sqlx::query("SELECT id, name, password, roles FROM accounts WHERE folded = ?");
    let row = reads.read(query.bind(folded).fetch_optional(reads.pool)).await?;
    row.as_ref().map(account).transpose()
}

fn account(row: &MySqlRow) -> Result<Account, sqlx::Error> {
    let roles: String = row.try_get("roles")?;
    let id = number(row, "id")?;
    let (name, password) = (row.try_get("name")?, row.try_get("password")?);
    Ok(Account { id, name, password, roles: Roles::parse(&roles) })
}

/// The number of a new account; `None` if somebody has that name.
pub async fn insert_account(
    pool: &MySqlPool,
    name: &Name,
    password: &str,
    roles: Roles,
) -> Result<Option<u32>, sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO accounts (name, folded, password, roles, created) \
         VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))",
    );
    let query = query.bind(name.to_string()).bind(name.folded());
    match query.bind(password).bind(roles.to_string()).execute(pool).await {
        Ok(done) => Ok(u32::try_from(done.last_insert_id()).ok()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The largest number that somebody has; 0 where nobody has one.
pub async fn last_account(pool: &MySqlPool) -> Result<u32, sqlx::Error> {
    let query = sqlx::query("SELECT COALESCE(MAX(id), 0) AS id FROM accounts");
    number(&query.fetch_one(pool).await?, "id")
}

/// The pass of a secret, if it is good; and whether it is long since that was noted. Sessions that
/// nobody used for two weeks have expired, and all do after three months; tokens stay.
pub async fn find_pass(pool: &MySqlPool, hash: &Hash) -> Result<Option<(Pass, bool)>, sqlx::Error> {
    let query = sqlx::query(
        "SELECT passes.id, session, account, role, label IS NOT NULL AS is_token, \
         seen < UTC_TIMESTAMP(3) - INTERVAL 1 HOUR AS is_late, name, roles \
         FROM passes JOIN accounts ON accounts.id = account \
         WHERE hash = ? AND (label IS NOT NULL OR (seen > UTC_TIMESTAMP(3) - INTERVAL 14 DAY \
         AND passes.created > UTC_TIMESTAMP(3) - INTERVAL 90 DAY))",
    );
    let Some(row) = query.bind(&hash[..]).fetch_optional(pool).await? else { return Ok(None) };
    let roles: String = row.try_get("roles")?;
    let pass = Pass {
        id: row.try_get("id")?,
        session: uuid(&row, "session")?,
        account: number(&row, "account")?,
        name: row.try_get("name")?,
        role: role(&row)?,
        roles: Roles::parse(&roles),
        is_token: row.try_get("is_token")?,
        hash: *hash,
        form_token: None,
    };
    Ok(Some((pass, row.try_get("is_late")?)))
}

/// Lets somebody in who has just shown this password, unless it was changed meanwhile.
pub async fn insert_session(
    connection: &mut MySqlConnection,
    account: &Account,
    role: Role,
    hash: &Hash,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO passes (hash, session, account, role, created, seen) \
         SELECT ?, ?, id, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM accounts \
         WHERE id = ? AND password = ? LOCK IN SHARE MODE",
    );
    let query = query.bind(&hash[..]).bind(Uuid::new_v4().to_string()).bind(role.name());
    let done = query.bind(account.id).bind(&account.password).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// Exchanges somebody's session for a new one; not if it has ended meanwhile.
pub async fn replace_session(
    pool: &MySqlPool,
    old: &Pass,
    role: Role,
    hash: &Hash,
) -> Result<bool, sqlx::Error> {
    let mut change = pool.begin().await?;
    let query = sqlx::query(
        "INSERT INTO passes (hash, session, account, role, created, seen) \
         SELECT ?, ?, account, ?, created, UTC_TIMESTAMP(3) FROM passes \
         WHERE id = ? AND label IS NULL FOR UPDATE",
    );
    let query = query.bind(&hash[..]).bind(Uuid::new_v4().to_string()).bind(role.name());
    let done = query.bind(old.id).execute(&mut *change).await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    delete_pass(&mut change, old.account, old.id).await?;
    change.commit().await?;
    Ok(true)
}

/// Makes a token for whoever has this session, unless it has ended meanwhile.
pub async fn insert_token(
    pool: &MySqlPool,
    by: &Pass,
    role: Role,
    label: &str,
    hash: &Hash,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO passes (hash, session, account, role, label, created, seen) \
         SELECT ?, ?, account, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM passes \
         WHERE id = ? AND label IS NULL LOCK IN SHARE MODE",
    );
    let query = query.bind(&hash[..]).bind(Uuid::new_v4().to_string()).bind(role.name());
    let done = query.bind(label).bind(by.id).execute(pool).await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody's passes, the newest first.
pub async fn list_passes(reads: Reads<'_>, account: u32) -> Result<Vec<Listed>, sqlx::Error> {
    let query = sqlx::query(
        "SELECT id, role, label, created, seen FROM passes WHERE account = ? \
         AND (label IS NOT NULL OR (seen > UTC_TIMESTAMP(3) - INTERVAL 14 DAY \
         AND created > UTC_TIMESTAMP(3) - INTERVAL 90 DAY)) ORDER BY id DESC LIMIT 200",
    );
    let rows = reads.read(query.bind(account).fetch_all(reads.pool)).await?;
    let listed = |row: &MySqlRow| {
        let (created, seen) = (row.try_get("created")?, row.try_get("seen")?);
        let (id, label) = (row.try_get("id")?, row.try_get("label")?);
        Ok(Listed { id, role: role(row)?, label, created: moment(created), seen: moment(seen) })
    };
    rows.iter().map(listed).collect()
}

/// Ends one of somebody's passes; by what its sockets are known, if it was theirs.
pub async fn end_pass(
    pool: &MySqlPool,
    account: u32,
    id: u32,
) -> Result<Option<Uuid>, sqlx::Error> {
    let query = sqlx::query("SELECT session FROM passes WHERE id = ? AND account = ?");
    let row = query.bind(id).bind(account).fetch_optional(pool).await?;
    let session = row.map(|row| uuid(&row, "session")).transpose()?;
    if session.is_some() {
        delete_pass(&mut *pool.acquire().await?, account, id).await?;
    }
    Ok(session)
}

async fn delete_pass(
    connection: &mut MySqlConnection,
    account: u32,
    id: u32,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM passes WHERE id = ? AND account = ?");
    query.bind(id).bind(account).execute(connection).await.map(|_| ())
}

/// Ends all of somebody's sessions; by what their sockets are known.
pub async fn end_sessions(
    connection: &mut MySqlConnection,
    account: u32,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let query =
        sqlx::query("SELECT session FROM passes WHERE account = ? AND label IS NULL FOR UPDATE");
    let rows = query.bind(account).fetch_all(&mut *connection).await?;
    let query = sqlx::query("DELETE FROM passes WHERE account = ? AND label IS NULL");
    query.bind(account).execute(connection).await?;
    rows.iter().map(|row| uuid(row, "session")).collect()
}

/// Changes a password, if it is still the one that was shown; whoever was let in by that goes, and
/// whoever changed it is let in anew. Gives the sessions that ended.
pub async fn change_password(
    pool: &MySqlPool,
    account: &Account,
    password: &str,
    role: Role,
    hash: &Hash,
) -> Result<Option<Vec<Uuid>>, sqlx::Error> {
    let mut change = pool.begin().await?;
    let query = sqlx::query("UPDATE accounts SET password = ? WHERE id = ? AND password = ?");
    let query = query.bind(password).bind(account.id).bind(&account.password);
    if query.execute(&mut *change).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let ended = end_sessions(&mut change, account.id).await?;
    let changed = Account { password: password.to_owned(), ..account.clone() };
    insert_session(&mut change, &changed, role, hash).await?;
    change.commit().await?;
    Ok(Some(ended))
}

/// Gives somebody another password and ends everything that lets them in.
pub async fn reset(pool: &MySqlPool, account: u32, password: &str) -> Result<(), sqlx::Error> {
    let mut change = pool.begin().await?;
    let query = sqlx::query("UPDATE accounts SET password = ? WHERE id = ?");
    query.bind(password).bind(account).execute(&mut *change).await?;
    let query = sqlx::query("DELETE FROM passes WHERE account = ?");
    query.bind(account).execute(&mut *change).await?;
    change.commit().await
}

/// Notes that a pass is used.
pub async fn note_seen(pool: &MySqlPool, id: u32) -> Result<(), sqlx::Error> {
    let query = sqlx::query("UPDATE passes SET seen = UTC_TIMESTAMP(3) WHERE id = ?");
    query.bind(id).execute(pool).await.map(|_| ())
}

/// Those of these sessions that have not ended.
pub async fn list_sessions(
    pool: &MySqlPool,
    sessions: &[Uuid],
) -> Result<HashSet<Uuid>, sqlx::Error> {
    // Uuids have nothing to escape.
    let list: Vec<String> = sessions.iter().map(|session| format!("'{session}'")).collect();
    let sql = format!("SELECT session FROM passes WHERE session IN ({})", list.join(","));
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await?;
    rows.iter().map(|row| uuid(row, "session")).collect()
}

/// Deletes some of the sessions that nobody has used for long; how many.
pub async fn forget_expired(pool: &MySqlPool) -> Result<u64, sqlx::Error> {
    let query = sqlx::query(
        "DELETE FROM passes WHERE label IS NULL \
         AND seen < UTC_TIMESTAMP(3) - INTERVAL 14 DAY LIMIT 1000",
    );
    query.execute(pool).await.map(|done| done.rows_affected())
}

fn role(row: &MySqlRow) -> Result<Role, sqlx::Error> {
    let name: String = row.try_get("role")?;
    Role::from_name(&name).ok_or_else(|| decode("role", format!("{name:?} is no role")))
}

fn number(row: &MySqlRow, column: &str) -> Result<u32, sqlx::Error> {
    let number: i64 =
        row.try_get::<i32, _>(column).map(i64::from).or_else(|_| row.try_get(column))?;
    u32::try_from(number).map_err(|error| decode(column, error))
}

fn moment(time: chrono::DateTime<chrono::Utc>) -> Moment {
    Moment::from(time)
}
