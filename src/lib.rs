//! Orderboard: a self-hosted, real-time order board.

pub mod admin;
pub mod app;
pub mod audit;
pub mod board;
pub mod cache;
pub mod config;
pub mod contracts;
pub mod database;
pub mod demo;
pub mod error;
pub mod exchange;
pub mod feed;
pub mod i18n;
pub mod identity;
pub mod moment;
pub mod money;
pub mod orders;
pub mod page;
pub mod people;
pub mod routes;
pub mod statistics;
pub mod web;
