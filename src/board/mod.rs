//! The board: all open orders, as every executor sees them.

pub mod filter;
pub mod index;
pub mod open;
pub mod pages;
pub mod store;
pub mod view;
pub mod web;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::money::Currency;
use crate::orders::Order;

/// A page of the board: a snapshot at a revision. It never changes; a new revision is a new page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Page {
    pub history: String,
    pub revision: u64,
    /// The batch that made the revision.
    pub batch: Uuid,
    pub open_orders: u32,
    pub page: u32,
    pub pages: u32,
    pub per_page: u32,
    pub orders: Vec<Order>,
    /// What it is a page of, if not of the whole board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
}

/// The orders in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Only {
    pub currency: Currency,
    /// How many are open.
    pub total: u32,
}

impl Page {
    /// How many open orders its pages go through.
    pub fn total(&self) -> u32 {
        self.only.map_or(self.open_orders, |only| only.total)
    }
}
