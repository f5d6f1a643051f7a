//! What admins watch: everything, and the counters of the whole system.

pub mod export;
pub mod pulse;
pub mod view;
pub mod web;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::audit::regular::Books;
use crate::database::{Meter, Reads};
use crate::people;
use crate::web::health::{self, Components};
use pulse::Now;

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

/// All that the overview shows.
#[derive(Clone, PartialEq, Debug)]
pub struct Overview {
    pub summary: Summary,
    pub now: Now,
    /// How many revisions the statistics have yet to count; `None` while they are away.
    pub behind: Option<u64>,
    pub parts: Components,
    pub books: Option<Books>,
}

/// What the statistics know of the whole system, and as of which revision.
pub type Earned = Option<(u64, Vec<(Currency, Total)>)>;

/// Reads it; while the statistics are away nobody waits for them.
pub async fn earned(app: &App, meter: &Meter) -> Earned {
    const PATIENCE: Duration = Duration::from_secs(1);
    let reads = Reads { pool: &app.users, meter };
    tokio::time::timeout(PATIENCE, people::store::gains(reads)).await.ok()?.ok()
}

impl Summary {
    pub fn new(app: &App, earned: &Earned) -> Summary {
        let counts = app.board.counts();
        Summary {
            revision: counts.revision,
            open_orders: counts.open_orders,
            orders: counts.orders,
            contracts: counts.contracts,
            watchers: app.hub.watchers(),
            gain: earned.as_ref().map(|(_, gains)| gains.clone()),
        }
    }
}

impl Overview {
    /// How things are now.
    pub async fn new(app: &App, earned: &Earned) -> Overview {
        let summary = Summary::new(app, earned);
        let behind = earned.as_ref().map(|(as_of, _)| summary.revision.saturating_sub(*as_of));
        Overview {
            now: app.pulse.now(),
            behind,
            parts: health::parts(app, earned.is_some()).await,
            books: app.books.get(),
            summary,
        }
    }
}
