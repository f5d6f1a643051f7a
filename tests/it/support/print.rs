//! What somebody knows at a revision, in three sums in which order plays no part; and the same as
//! the journal has it, for everybody and every revision.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use serde_json::{Value, json};

use super::World;
use super::model::id_of;

/// Who watches, and so what they may know.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Who {
    Executor(u64),
    Customer(u64),
    Admin,
}

/// Open orders; own orders by what became of them; own contracts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Print {
    pub open: u64,
    pub orders: u64,
    pub contracts: u64,
}

/// What a watcher knew when a run was closed.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    pub revision: u64,
    pub print: Print,
    pub at: Instant,
}

impl Print {
    pub fn of_open(id: u64) -> u64 {
        hash(id)
    }

    pub fn of_order(order: &Value) -> u64 {
        hash((id_of(order), order["status"].as_str().expect("a status")))
    }

    pub fn of_contract(contract: &Value) -> u64 {
        let status = contract["status"].as_str().expect("a status");
        hash((id_of(contract), contract["order_id"].as_u64().expect("an order"), status))
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What everybody must know at every revision.
#[derive(Default)]
pub struct Truth {
    /// Sums of the open orders, by revision.
    open: Vec<u64>,
    /// What is somebody's own, after each revision that changed it; `open` is not used in here.
    own: HashMap<Who, BTreeMap<u64, Print>>,
    /// The newest revision that changed the board.
    shown: u64,
    /// What became of each order, and of each contract.
    orders: BTreeMap<u64, Value>,
    contracts: BTreeMap<u64, Value>,
}

impl Truth {
    /// Replays the journal from its beginning.
    pub async fn read(world: &World) -> Truth {
        let mut connection = world.interactions().await;
        let query = "SELECT revision, CONVERT(events USING utf8mb4) FROM journal ORDER BY revision";
        let runs: Vec<(u64, String)> =
            sqlx::query_as(query).fetch_all(&mut connection).await.expect("the journal");
        let mut truth = Truth { open: vec![0], ..Truth::default() };
        for (revision, events) in runs {
            assert_eq!(revision, truth.head() + 1, "the journal has no gaps");
            truth.open.push(truth.open[truth.open.len() - 1]);
            let events: Vec<Value> = serde_json::from_str(&events).expect("events");
            events.iter().for_each(|event| truth.apply(event));
        }
        truth
    }

    fn apply(&mut self, event: &Value) {
        let (mut customer, mut executor, mut orders, mut contracts) = (None, None, 0, 0);
        if let Some(order) = event.get("order") {
            let id = id_of(order);
            customer = order["customer_id"].as_u64();
            let before = self.orders.insert(id, order.clone());
            self.shown = self.head();
            // Who stays on the board is there already.
            if before.is_none() || order["status"] != "open" {
                let revision = self.head();
                self.open[revision as usize] ^= Print::of_open(id);
            }
            orders = before.as_ref().map_or(0, Print::of_order) ^ Print::of_order(order);
        }
        let contract = match event.get("contract_id") {
            Some(id) => {
                let (order, executor) = (id_of(&event["order"]), &event["executor_id"]);
                let status = "accepted";
                Some(
                    json!({"id": id, "order_id": order, "executor_id": executor, "status": status}),
                )
            }
            None => event.get("contract").cloned(),
        };
        if let Some(contract) = contract {
            customer = customer.or(contract["customer_id"].as_u64());
            executor = contract["executor_id"].as_u64();
            let before = self.contracts.insert(id_of(&contract), contract.clone());
            contracts =
                before.as_ref().map_or(0, Print::of_contract) ^ Print::of_contract(&contract);
        }
        let parties = [customer.map(Who::Customer), executor.map(Who::Executor), Some(Who::Admin)];
        let revision = self.head();
        for who in parties.into_iter().flatten() {
            let own = self.own.entry(who).or_default();
            let mut print = own.last_key_value().map_or_else(Print::default, |(_, print)| *print);
            print.contracts ^= contracts;
            if !matches!(who, Who::Executor(_)) {
                print.orders ^= orders;
            }
            own.insert(revision, print);
        }
    }

    pub fn head(&self) -> u64 {
        self.open.len() as u64 - 1
    }

    /// Who knows this revision knows all there is for them; heartbeats may go beyond it.
    pub fn last_for(&self, who: Who) -> u64 {
        let own = self.own.get(&who).and_then(BTreeMap::last_key_value);
        let own = own.map_or(0, |(revision, _)| *revision);
        match who {
            Who::Admin => self.head(),
            Who::Executor(_) => own.max(self.shown),
            Who::Customer(_) => own,
        }
    }

    /// What they must know at a revision.
    pub fn at(&self, revision: u64, who: Who) -> Print {
        let own = self.own.get(&who).and_then(|own| own.range(..=revision).next_back());
        let own = own.map_or_else(Print::default, |(_, print)| *print);
        match who {
            Who::Executor(_) | Who::Admin => Print { open: self.open[revision as usize], ..own },
            Who::Customer(_) => own,
        }
    }

    /// What became of an order, and in which revision.
    pub fn order(&self, id: u64) -> (&str, u64) {
        let order = self.orders.get(&id).unwrap_or_else(|| panic!("#{id} is lost"));
        let status = order["status"].as_str().expect("a status");
        (status, order["revision"].as_u64().expect("a revision"))
    }

    /// What became of a contract.
    pub fn contract(&self, id: u64) -> &str {
        let contract = self.contracts.get(&id).unwrap_or_else(|| panic!("contract {id} is lost"));
        contract["status"].as_str().expect("a status")
    }

    pub fn orders(&self) -> usize {
        self.orders.len()
    }
}
