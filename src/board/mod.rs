//! The board: all open orders, as every executor sees them.

pub mod filter;
pub mod index;
pub mod pages;
pub mod store;
pub mod view;
pub mod web;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
}
