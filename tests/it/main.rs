//! The whole system from outside: the real program as one or two servers, on real MariaDB, redis
//! and memcached, with a database of its own per test. Run it by `bin/test`, which starts the
//! services. Each test ends with the audit of its books.

mod access;
mod accounts;
mod backup;
mod bell;
mod caches;
mod contracts;
mod corruption;
mod crowd;
mod dashboard;
mod descriptions;
mod doctor;
mod editing;
mod faults;
mod feed;
mod filters;
mod flood;
mod headers;
mod history;
mod hostile;
mod idempotency;
mod languages;
mod life;
mod lost_time;
mod metrics;
mod money;
mod nginx;
mod notes;
mod outages;
mod pages;
mod paging;
mod privacy;
mod queries;
mod races;
mod removal;
mod statistics;
mod support;
mod traces;
mod upgrade;
