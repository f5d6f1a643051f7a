//! Orderboard: a self-hosted, real-time order board. Customers post orders with a price; executors
//! watch one shared board and take orders, first come, first served; an accepted order becomes a
//! contract of exactly one customer and one executor; the system earns a commission.
//!
//! # Layout
//!
//! Each noun is a folder whose files have the same names: `mod.rs` its rules, without I/O;
//! `store.rs` its SQL; `web.rs` its handlers; `view.rs` its HTML. They hang on a spine:
//!
//! - [`exchange`] is the only place that changes orders, contracts and money. Its `command/` holds
//!   all that anyone can do, a file each.
//! - [`board`] and [`feed`] follow the exchange's journal: the index of open orders with its pages,
//!   and the live messages to every socket.
//! - [`statistics`] follows it too, into another database that may be elsewhere, away, or late.
//! - [`cache`] holds pages in memcached and redis; [`app::personal`] decides which of them are good.
//! - [`web`] and [`routes`] are the edge: requests in, replies out; [`page`] is what pages share.
//! - [`openapi`] describes the API.
//! - [`identity`] says who asks: in a demo whoever they say, else whom [`accounts`] let in.
//! - [`flood`] limits what one user or address may ask for; [`metrics`] tells what was counted, [`logs`]
//!   what went wrong.
//! - [`doctor`] looks at everything that a server stands on.
//! - [`audit`] checks everything against the journal, by hand and regularly; [`admin`] shows that, and
//!   how busy the board is; [`demo`] is people, simulated.
//!
//! # What always holds
//!
//! - Rules do no I/O and views never await. SQL stands in `store.rs` and `journal.rs` files only; the
//!   settings of sessions and servers are the business of [`database`].
//! - Revisions run 1, 2, 3 … in commit order, and so do the ids of orders and contracts. A closed
//!   order never opens again. fee + payout = price.
//! - Every follower of the journal has a position of its own and can be rebuilt. Nothing downstream
//!   of the journal is needed to accept an order.
//! - Whatever is cached says at which revision it was read, so that it can never be taken for newer.
//!
//! # A write's journey
//!
//! A handler ([`orders::web`]) reads the request into a [`exchange::command::Command`] and submits
//! it. The writer, on a thread of its own, drains all commands that wait and, in one transaction,
//! locks the head row, loads what they name, applies them in order in memory
//! ([`exchange::batch::Batch`]), writes rows, journal and head, and commits. Then everybody gets
//! their [`exchange::Receipt`] or refusal, and the committed [`exchange::event::Run`] goes to the
//! follower. When the answer to a COMMIT is lost, the writer looks the batch up by its uuid before
//! it says anything.
//!
//! # A push's journey
//!
//! The [`feed::follower`] takes runs from the writer, from other servers by the [`feed::bell`]
//! (redis), or from the journal, strictly in order. Each goes to the [`board::index`], then into the
//! [`feed::ring`], where it is encoded once per audience. The [`feed::fanout`] writes it to all whose
//! sockets are at rest right before it; every other [`feed::socket`] sends by itself what lies between
//! its cursor and the head, merged where that is much. The page's script (`assets/live.js`) puts
//! ready-made rows in place and, whenever it sees a gap, comes back with the last revision it knows.

pub mod accounts;
pub mod admin;
pub mod app;
pub mod audit;
pub mod board;
pub mod cache;
pub mod config;
pub mod contracts;
pub mod database;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod exchange;
pub mod feed;
pub mod flood;
#[cfg(test)]
mod hostile;
pub mod i18n;
pub mod identity;
pub mod logs;
pub mod metrics;
pub mod moment;
pub mod money;
pub mod openapi;
pub mod orders;
pub mod page;
pub mod people;
pub mod routes;
pub mod statistics;
pub mod web;
