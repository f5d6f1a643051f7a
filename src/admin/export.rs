//! Tables as CSV, for spreadsheets: everything, newest first, sent while it is read, so that a million
//! rows take no more memory than a few. It is no snapshot: what was placed since it began is not in
//! it, and each row is as it was when its turn came.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use csv::WriterBuilder;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::mpsc;

use crate::app::App;
use crate::contracts::{self, Contract};
use crate::database::{Meter, Reads};
use crate::error::{Fault, Refusal, Refused};
use crate::identity::Role;
use crate::orders::{self, Order};
use crate::people::{self, Profile, Totals};
use crate::web::reply::{Body, reply};
use crate::web::{Request, Response};

/// Rows that are read at once.
const ROWS: u32 = 500;
/// Parts that wait for who reads them.
const WAITING: usize = 2;
/// Who takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Tells spreadsheets that the text is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

const ORDERS: [&str; 12] = [
    "id",
    "customer_id",
    "status",
    "description",
    "price",
    "fee",
    "payout",
    "currency",
    "parent_id",
    "version",
    "created",
    "last_action",
];
const CONTRACTS: [&str; 12] = [
    "id",
    "order_id",
    "customer_id",
    "executor_id",
    "status",
    "description",
    "price",
    "fee",
    "payout",
    "currency",
    "created",
    "last_action",
];
const CUSTOMERS: [&str; 6] =
    ["user_id", "currency", "orders_created", "money_in_orders", "gain", "registered"];
const EXECUTORS: [&str; 8] = [
    "user_id",
    "currency",
    "orders_accepted",
    "orders_completed",
    "orders_given_up",
    "money_received",
    "gain",
    "registered",
];

/// One table: what it is called, its columns, and who fetches it.
#[derive(Clone, Copy)]
enum Table {
    Orders,
    Contracts,
    People(Role),
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Table::Orders => "orders",
            Table::Contracts => "contracts",
            Table::People(Role::Customer) => "customers",
            Table::People(_) => "executors",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Table::Orders => &ORDERS,
            Table::Contracts => &CONTRACTS,
            Table::People(Role::Customer) => &CUSTOMERS,
            Table::People(_) => &EXECUTORS,
        }
    }

    /// The rows below an id, and the lowest of their ids.
    async fn fetch(self, app: &App, below: u32) -> Result<Fetched, sqlx::Error> {
        // Counted for nobody: it is asked for once, and bounded by how many may be at a time.
        let meter = Meter::default();
        let interactions = Reads { pool: &app.interactions, meter: &meter };
        let users = Reads { pool: &app.users, meter: &meter };
        Ok(match self {
            Table::Orders => {
                let rows = orders::store::list_below(interactions, below, ROWS).await?;
                let last = rows.last().map(|order| order.id);
                Fetched { lines: rows.iter().map(order_line).collect(), last }
            }
            Table::Contracts => {
                let rows = contracts::store::list_below(interactions, below, ROWS).await?;
                let last = rows.last().map(|contract| contract.id);
                Fetched { lines: rows.iter().map(contract_line).collect(), last }
            }
            Table::People(role) => {
                let rows = people::store::list_below(users, role, below, ROWS).await?;
                let last = rows.last().map(|(id, _)| *id);
                let lines = rows.iter().flat_map(|(_, profile)| person_lines(profile));
                Fetched { lines: lines.collect(), last }
            }
        })
    }
}

struct Fetched {
    lines: Vec<Vec<String>>,
    last: Option<u32>,
}

/// `GET /admin/orders.csv`
pub async fn orders(request: Request) -> Result<Response, Refused> {
    export(request, Table::Orders)
}

/// `GET /admin/contracts.csv`
pub async fn contracts(request: Request) -> Result<Response, Refused> {
    export(request, Table::Contracts)
}

/// `GET /admin/customers.csv`
pub async fn customers(request: Request) -> Result<Response, Refused> {
    export(request, Table::People(Role::Customer))
}

/// `GET /admin/executors.csv`
pub async fn executors(request: Request) -> Result<Response, Refused> {
    export(request, Table::People(Role::Executor))
}

fn export(request: Request, table: Table) -> Result<Response, Refused> {
    request.require(&[Role::Admin])?;
    let turn =
        Arc::clone(&request.app.exports).try_acquire_owned().map_err(|_| Refusal::Overloaded)?;
    let (parts, sent) = mpsc::channel(WAITING);
    let name = table.name();
    let (trace, path) = (request.trace, request.path.clone());
    let app = Arc::clone(&request.app);
    tokio::spawn(async move {
        let _turn = turn;
        if let Err(error) = send(&app, table, &parts).await {
            tracing::error!(trace = trace.as_str(), path, %error, "an export broke off");
            let broken = Err(Fault::Database(error));
            let _ = parts.send_timeout(broken, PATIENCE).await;
        }
    });
    let mut response = reply(StatusCode::OK, "text/csv; charset=utf-8", Body::Parts(sent));
    let headers = response.headers_mut();
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let disposition = HeaderValue::from_str(&disposition).expect("names are our own");
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    // A proxy that gathers it before sending would make its reader wait for the last row.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

async fn send(
    app: &App,
    table: Table,
    parts: &mpsc::Sender<Result<Bytes, Fault>>,
) -> Result<(), sqlx::Error> {
    let mut first = BYTE_ORDER_MARK.as_bytes().to_vec();
    first.extend(to_csv([table.columns()]));
    if take(parts, first).await.is_break() {
        return Ok(());
    }
    let mut below = u32::MAX;
    loop {
        let Fetched { lines, last } = table.fetch(app, below).await?;
        let Some(last) = last else { return Ok(()) };
        below = last;
        if take(parts, to_csv(lines)).await.is_break() {
            return Ok(());
        }
    }
}

/// Whether whoever reads it still does.
async fn take(parts: &mpsc::Sender<Result<Bytes, Fault>>, bytes: Vec<u8>) -> ControlFlow<()> {
    match parts.send_timeout(Ok(bytes.into()), PATIENCE).await {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

fn to_csv<L, T>(lines: impl IntoIterator<Item = L>) -> Vec<u8>
where
    L: IntoIterator<Item = T>,
    T: AsRef<str>,
{
    // Lines end as RFC 4180 has it.
    let mut writer = WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for line in lines {
        let cells = line.into_iter().map(|cell| inert(cell.as_ref()));
        writer.write_record(cells).expect("writing to memory cannot fail");
    }
    writer.into_inner().expect("writing to memory cannot fail")
}

/// What a spreadsheet would take for a formula gets a mark that makes it text: descriptions are
/// written by strangers (OWASP, CSV injection).
fn inert(cell: &str) -> String {
    let mark = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("{mark}{cell}")
}

fn order_line(order: &Order) -> Vec<String> {
    let split = order.split();
    vec![
        order.id.to_string(),
        order.customer_id.to_string(),
        order.status.name().to_owned(),
        order.description.clone(),
        split.price.to_decimal(order.currency),
        split.fee.to_decimal(order.currency),
        split.payout.to_decimal(order.currency),
        order.currency.code().to_owned(),
        order.parent_id.map(|id| id.to_string()).unwrap_or_default(),
        order.version.to_string(),
        order.created.to_rfc3339(),
        order.last_action.to_rfc3339(),
    ]
}

fn contract_line(contract: &Contract) -> Vec<String> {
    let currency = contract.currency;
    vec![
        contract.id.to_string(),
        contract.order_id.to_string(),
        contract.customer_id.to_string(),
        contract.executor_id.to_string(),
        contract.status.name().to_owned(),
        contract.description.clone(),
        contract.price.to_decimal(currency),
        contract.fee.to_decimal(currency),
        contract.payout.to_decimal(currency),
        currency.code().to_owned(),
        contract.created.to_rfc3339(),
        contract.last_action.to_rfc3339(),
    ]
}

/// A line for each currency.
fn person_lines(profile: &Profile) -> impl Iterator<Item = Vec<String>> + '_ {
    profile.totals.iter().map(|of| person_line(profile, of))
}

fn person_line(profile: &Profile, of: &Totals) -> Vec<String> {
    let mut line =
        vec![profile.user.id.to_string(), of.currency.code().to_owned(), of.count.to_string()];
    if profile.user.role == Role::Executor {
        line.extend([of.completed.to_string(), of.given_up.to_string()]);
    }
    line.extend([
        of.money.to_decimal(of.currency),
        of.gain.to_decimal(of.currency),
        profile.registered.map(|moment| moment.to_rfc3339()).unwrap_or_default(),
    ]);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_formulas() {
        let lines = [["1", "a, \"b\"\nc"], ["2", "=HYPERLINK(\"http://evil\")"], ["3", "-1+2"]];
        let text = String::from_utf8(to_csv(lines)).unwrap();
        assert_eq!(
            text,
            "1,\"a, \"\"b\"\"\nc\"\r\n2,\"'=HYPERLINK(\"\"http://evil\"\")\"\r\n3,'-1+2\r\n"
        );
    }
}
