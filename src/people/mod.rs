//! People: what the statistics know of a customer or an executor.

pub mod days;
pub mod store;
pub mod view;
pub mod web;

use serde::{Deserialize, Serialize};

use days::Days;

use crate::identity::User;
use crate::moment::Moment;
use crate::money::{Currency, Total};

/// Somebody's own statistics, as of a revision; empty totals until something was counted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Profile {
    pub user: User,
    /// When the first of their actions was counted.
    pub registered: Option<Moment>,
    pub totals: Vec<Totals>,
    pub as_of_revision: u64,
    /// What was done in the last weeks; `None`: nobody looked, or the board's database is away.
    #[serde(default)]
    pub days: Option<Days>,
}

/// What was counted in one currency. For a customer `count` are orders created and `money` is what
/// these orders cost; for an executor they are orders accepted and money received.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Totals {
    pub currency: Currency,
    pub count: u32,
    /// Executors only: orders completed, and given up.
    pub completed: u32,
    #[serde(default)]
    pub given_up: u32,
    pub money: Total,
    /// What the system earns by it.
    pub gain: Total,
}
