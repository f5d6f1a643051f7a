//! What admins watch: everything, and the counters of the whole system.

pub mod view;
pub mod web;

use serde::{Deserialize, Serialize};

use crate::money::{Currency, Total};

/// The live counters of the overview.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Summary {
    pub revision: u64,
    pub open_orders: u32,
    pub orders: u32,
    pub contracts: u32,
    pub watchers: u32,
    /// What the system has earned by contracts, by currency, as far as the statistics are; `None`
    /// while they are away.
    pub gain: Option<Vec<(Currency, Total)>>,
}
