//! Pages of the board as they were shown, and the journal, which tells whether they were right.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::World;

/// A part of the board, or of the one in a currency.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub currency: Option<&'static str>,
    pub place: Place,
    pub per_page: u64,
}

#[derive(Clone, Copy, Debug)]
pub enum Place {
    Page(u64),
    Before(u64),
}

impl Part {
    pub fn path(self) -> String {
        let Part { currency, place, per_page } = self;
        let currency = currency.map_or(String::new(), |code| format!("&currency={code}"));
        match place {
            Place::Page(page) => format!("/api/board?page={page}&per_page={per_page}{currency}"),
            Place::Before(id) => format!("/api/board?before={id}&per_page={per_page}{currency}"),
        }
    }

    pub fn key(self, (history, revision, batch): &(String, u64, String)) -> String {
        let Part { currency, place, per_page } = self;
        let currency = currency.map_or(String::new(), |code| format!(":{code}"));
        let place = match place {
            Place::Page(page) => page.to_string(),
            Place::Before(id) => format!("before-{id}"),
        };
        format!("{history}:board:{revision}:{batch}:{per_page}:{place}{currency}")
    }
}

/// A page as somebody got it.
pub struct Shown {
    pub part: Part,
    pub page: Value,
}

/// Goes through the journal from the beginning, and demands that each page that was shown is
/// what was open at its revision.
pub async fn hold_against_the_journal(world: &World, mut shown: Vec<Shown>) {
    shown.sort_by_key(|shown| shown.page["revision"].as_u64());
    let mut shown = shown.iter().peekable();
    let (mut open, mut orders) = (BTreeSet::new(), BTreeMap::new());
    let mut compared = 0;
    let mut connection = world.interactions().await;
    let runs: Vec<(u64, String, String)> = sqlx::query_as(
        "SELECT revision, batch, CAST(events AS CHAR) FROM journal ORDER BY revision",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the journal can be read");
    for (revision, batch, events) in runs {
        let events: Vec<Value> = serde_json::from_str(&events).expect("events are JSON");
        for event in events {
            let Some(order) = event.get("order") else { continue };
            let id = order["id"].as_u64().expect("an id");
            if order["status"] == "open" {
                open.insert(id);
                orders.insert(id, order.clone());
            } else {
                open.remove(&id);
            }
        }
        while let Some(shown) = shown.next_if(|shown| shown.page["revision"] == revision) {
            assert_eq!(shown.page["batch"], batch[..8]);
            shown.is_of(&open, &orders);
            compared += 1;
        }
    }
    assert!(shown.next().is_none(), "every page is of a revision that was committed");
    println!("{compared} pages were right");
}

impl Shown {
    #[track_caller]
    fn is_of(&self, open: &BTreeSet<u64>, orders: &BTreeMap<u64, Value>) {
        let page = &self.page;
        let Part { currency, place, per_page } = self.part;
        let fits = |id: &u64| currency.is_none_or(|code| orders[id]["currency"] == code);
        let newest_first = open.iter().rev().copied().filter(fits);
        let total = newest_first.clone().count() as u64;
        let (number, ids): (u64, Vec<u64>) = match place {
            Place::Page(page) => {
                let number = page.min(total.div_ceil(per_page).max(1));
                let skipped = (number - 1) * per_page;
                let ids = newest_first.skip(skipped as usize).take(per_page as usize);
                (number, ids.collect())
            }
            Place::Before(id) => {
                let ids = newest_first.filter(|open| *open < id).take(per_page as usize);
                (1, ids.collect())
            }
        };
        let rows = page["orders"].as_array().expect("rows");
        let shown: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().expect("an id")).collect();
        assert_eq!(shown, ids, "{:?} of {}", self.part, page["revision"]);
        assert_eq!(page["open_orders"], open.len());
        assert_eq!(page.get("total"), currency.map(|_| total.into()).as_ref());
        assert_eq!(page["page"], number);
        assert_eq!(page["pages"], total.div_ceil(per_page).max(1));
        assert_eq!(page["per_page"], per_page);
        for row in rows {
            let order = &orders[&row["id"].as_u64().expect("an id")];
            for field in ["customer_id", "currency", "created"] {
                assert_eq!(row[field], order[field], "{field} of {row}");
            }
            assert_eq!(
                (&row["status"], &row["last_action"]),
                (&"open".into(), &order["last_action"])
            );
            assert_eq!(row.get("version"), order.get("version"), "{row}");
            let price: String = row["price"].as_str().expect("text").replace('.', "") + "00";
            assert_eq!(price, order["price"].to_string(), "{row}");
            let (whole, text) = (order["description"].as_str(), row["description"].as_str());
            let (whole, text) = (whole.expect("text"), text.expect("text"));
            assert!(whole.starts_with(text), "{row}");
            assert_eq!(row["cut"] == true, whole != text, "{row}");
        }
    }
}
