//! The follower that keeps the statistics of customers and executors and the system's earnings, in
//! the database `users`. Its position is written in the same transaction as the rows it changes, so
//! every event counts exactly once, whichever server counts it and whatever dies meanwhile. It
//! reads the journal and nothing else of the exchange.

mod chain;
pub(crate) mod deltas;
mod follow;
mod health;
mod mending;
mod plan;
mod rebuild;
mod round;
mod store;

pub use follow::follow;
pub use health::{Health, Standing};
pub use rebuild::{Rebuilt, rebuild};
