//! The live feed: every committed change, on every watching screen, exactly once and in order.
//! `follower` follows the journal, `bell` hears other servers through redis, `ring` keeps the newest
//! runs ready to send, `fanout` writes them to everybody who is up to date, `socket` carries to one
//! watcher what is for them alone or was missed, and `blocks` merges that where it is much. `census` counts who watches,
//! `measures` counts what is done.

pub mod bell;
mod blocks;
pub mod census;
pub mod fanout;
pub mod follower;
pub mod frame;
pub mod hub;
pub mod measures;
mod outlet;
pub mod ring;
pub mod socket;
pub mod web;
