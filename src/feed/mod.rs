//! The live feed: every committed change, on every watching screen, exactly once and in order.
//! `follower` follows the journal, `bell` hears other servers through redis, `ring` keeps the newest
//! runs ready to send, `blocks` merges them for those who are behind, `socket` carries them to one
//! watcher.

pub mod bell;
mod blocks;
pub mod follower;
pub mod frame;
pub mod hub;
pub mod ring;
pub mod socket;
pub mod web;
