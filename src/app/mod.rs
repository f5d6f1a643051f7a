//! The running system of one server: its pools, caches, exchange and feed; how it starts and stops.

mod expiry;
pub mod personal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cookie::Key;
use futures_util::future::select_all;
use serde_json::json;
use sqlx::MySqlPool;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::MissedTickBehavior;

use crate::accounts::hashing::Hashing;
use crate::accounts::keys::Keys;
use crate::accounts::pass::{self, Passes};
use crate::accounts::{self, Accounts};
use crate::admin::Overview;
use crate::admin::pulse::Pulse;
use crate::audit::regular::{self, LastBooks};
use crate::board::index::Board;
use crate::board::pages::Pages;
use crate::cache::memcached::SharedPages;
use crate::cache::redis::PersonalPages;
use crate::config::{Auth, Config};
use crate::database::{self, Meter};
use crate::error::Fault;
use crate::exchange::{Exchange, journal};
use crate::feed::bell::Bell;
use crate::feed::follower::{self, Follower};
use crate::feed::hub::Hub;
use crate::feed::{census, fanout};
use crate::flood::Flood;
use crate::logs::Trouble;
use crate::metrics::Metrics;
use crate::statistics::Standing;
use crate::{admin, board, cache, i18n, orders, routes, statistics, web};

/// Filtered boards that are searched at once, on one server.
const SEARCHES: usize = 2;
/// Tables that are exported at once, on one server.
const EXPORTS: usize = 2;
/// Runs that may wait for the follower; beyond that it reads the journal.
const COMMITTED: usize = 1024;
/// How long watchers may take to hear that the server leaves.
const FAREWELL: Duration = Duration::from_secs(3);
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// What every handler has at hand.
pub struct App {
    pub config: Config,
    pub interactions: MySqlPool,
    pub users: MySqlPool,
    pub exchange: Exchange,
    pub board: Arc<Board>,
    pub hub: Arc<Hub>,
    pub pages: Pages,
    pub personal: PersonalPages,
    pub cookie_key: Key,
    /// `None`: in a demo anybody may be anybody.
    pub accounts: Option<Accounts>,
    pub flood: Arc<Flood>,
    /// Turns to search the board.
    pub searches: Semaphore,
    /// Tables that may be exported at once.
    pub exports: Arc<Semaphore>,
    pub metrics: Metrics,
    pub pulse: Pulse,
    /// What the last audit said.
    pub books: LastBooks,
    /// How the statistics are counted here.
    pub statistics: Standing,
    database_up: Arc<AtomicBool>,
}

impl App {
    /// Whether the database of orders and contracts answered when last asked.
    pub fn database_is_up(&self) -> bool {
        self.database_up.load(Ordering::Relaxed)
    }
}

/// Migrates, starts every part and serves until a signal says to leave.
pub async fn serve(config: Config) -> Result<(), Fault> {
    i18n::load();
    let interactions = database::options(&config.database_url)?;
    let users = database::options(&config.users_database_url)?;
    let newer = database::prepare("interactions", &interactions, &database::INTERACTIONS).await?;
    database::prepare("users", &users, &database::USERS).await?;
    if newer {
        journal::read_through(&database::followers_pool(interactions.clone())).await?;
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| Fault::Internal(format!("cannot listen on {}: {error}", config.listen)))?;
    let address = listener.local_addr().map_err(|error| Fault::Internal(error.to_string()))?;

    let pool = database::followers_pool(interactions.clone());
    let state = board::store::load(&mut *pool.acquire().await?).await?;
    let history = state.position().history.clone();
    let board = Arc::new(Board::new(state));
    let hub = Arc::new(Hub::new(&board.position()));
    hub.refill(follower::recent(&pool, board.counts()).await?);

    let accounts = (config.auth == Auth::Accounts).then(|| Accounts {
        keys: Keys::new(config.secret_key.clone(), config.secret_key_old.clone()),
        passes: Passes::default(),
        hashing: Hashing::default(),
        secure: config.is_https(),
        insists_on_https: config.insists_on_https(),
    });
    let users_pool = database::pool(users.clone());
    if accounts.is_some() {
        assert_own_orders(&pool, &users_pool).await?;
    }

    let redis_url = config.redis_url.as_deref();
    let redis = |error: redis::RedisError| Fault::Internal(format!("REDIS_URL: {error}"));
    let bell = Bell::start(redis_url, &history, &hub).map_err(redis)?;
    let measures = cache::Measures::default();
    let personal = PersonalPages::new(redis_url, measures.clone()).map_err(redis)?;
    let shared = SharedPages::new(config.memcached_url.as_deref(), measures.clone());
    let flood = Flood::new(config.limits, redis_url, &history, &measures).map_err(redis)?;
    let (committed, runs) = mpsc::channel(COMMITTED);
    let (exchange, writer) = Exchange::start(interactions.clone(), committed)
        .map_err(|error| Fault::Internal(format!("starting the writer: {error}")))?;
    let database_up = Arc::new(AtomicBool::new(true));
    let interactions_pool = database::pool(interactions.clone());
    let pools = [
        ("interactions", interactions_pool.clone()),
        ("users", users_pool.clone()),
        ("followers", pool.clone()),
    ];
    let mut metrics = Metrics::new(&exchange, &hub.measures, &flood, &measures, pools);
    if let Some(accounts) = &accounts {
        metrics.count_passwords(&accounts.hashing);
    }
    let app = Arc::new(App {
        metrics,
        interactions: interactions_pool,
        users: users_pool,
        exchange,
        board: Arc::clone(&board),
        hub: Arc::clone(&hub),
        pages: Pages::new(shared, &measures),
        personal,
        cookie_key: Key::derive_from(&config.secret_key),
        accounts,
        pulse: Pulse::default(),
        books: LastBooks::default(),
        statistics: Standing::default(),
        flood: Arc::new(flood),
        searches: Semaphore::new(SEARCHES),
        exports: Arc::new(Semaphore::new(EXPORTS)),
        database_up: Arc::clone(&database_up),
        config,
    });

    let (leave, leaving) = watch::channel(false);
    let follower = Follower {
        board: Arc::clone(&board),
        hub: Arc::clone(&hub),
        address: interactions.clone(),
        pool: pool.clone(),
        bell,
        redis_url: app.config.redis_url.clone(),
        committed: runs,
        database_up,
        is_starting_over: false,
    };
    let mut following = tokio::spawn(follower.run());
    let mut background = vec![
        tokio::spawn(statistics::follow(
            pool.clone(),
            users,
            board.watch(),
            leaving.clone(),
            app.statistics.clone(),
        )),
        tokio::spawn({
            let hub = Arc::clone(&hub);
            async move { hub.beat().await }
        }),
        tokio::spawn(fanout::run(Arc::clone(&hub))),
        tokio::spawn({
            let app = Arc::clone(&app);
            async move { Pulse::run(&app).await }
        }),
        tokio::spawn(summarise(Arc::clone(&app), app.statistics.counted.subscribe())),
        tokio::spawn(expiry::run(Arc::clone(&app), pool.clone())),
        tokio::spawn({
            let (app, pool) = (Arc::clone(&app), pool.clone());
            async move { regular::keep(&app.config, &pool, &app.books).await }
        }),
        tokio::spawn(forget(pool)),
    ];

    if app.accounts.is_some() {
        background.push(tokio::spawn(pass::watch(Arc::clone(&app))));
        background.push(tokio::spawn(pass::forget(Arc::clone(&app))));
    }
    if let Some(url) = &app.config.redis_url {
        let redis = cache::redis::connect(url).map_err(redis)?;
        background.push(tokio::spawn(census::run(Arc::clone(&hub), redis)));
    }

    tracing::info!(%address, history, revision = board.position().revision, "serving");
    println!("orderboard is listening on http://{address}");
    let routes = routes::all(Arc::clone(&app));
    let server = tokio::spawn({
        let (config, measures) = (app.config.clone(), Arc::clone(&app.metrics.web));
        async move { web::server::serve(listener, routes, &config, &measures, leaving).await }
    });
    let ended = tokio::select! {
        () = wait_for_signal() => Ok(()),
        // These only end by a broken invariant. A board that stands still is worse than a restart.
        ended = &mut following => {
            // What it cannot follow it must not change, either.
            app.exchange.stop();
            Err(match ended {
                Ok(Err(error)) => Fault::Database(error),
                ended => Fault::Internal(format!("the board stopped: {ended:?}")),
            })
        }
        (ended, _, _) = select_all(&mut background) => {
            Err(Fault::Internal(format!("a background task stopped: {ended:?}")))
        }
    };
    tracing::info!("leaving");
    hub.leave();
    leave.send_replace(true);
    let _ = server.await;
    // Everybody is told when to come back, before those who tell them end.
    let told = async {
        while hub.watchers_here() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, told).await;
    following.abort();
    for task in background {
        task.abort();
        let _ = task.await;
    }
    drop(app);
    // The writer ends with the last handle; what it had taken on is committed first.
    let written = tokio::task::spawn_blocking(move || writer.join());
    let _ = tokio::time::timeout(Duration::from_secs(5), written).await;
    ended
}

/// Refuses a board on which somebody without an account has orders or contracts: whoever signed up
/// next would be given their number, and all that is theirs.
async fn assert_own_orders(interactions: &MySqlPool, users: &MySqlPool) -> Result<(), Fault> {
    let person = orders::store::last_person(interactions).await?;
    if person <= accounts::store::last_account(users).await? {
        return Ok(());
    }
    Err(Fault::Internal(format!(
        "AUTH=accounts: the board has orders or contracts of person {person}, who has no account: \
         accounts need databases of their own, not those of a demo"
    )))
}

/// Tells admins the counters and how busy the board is, at most once a second, when something
/// changed. The statistics are asked when they may say something new, and now and then whether they
/// are there.
async fn summarise(app: Arc<App>, mut counted: watch::Receiver<u64>) {
    const ASK_EVERY: u32 = 5;
    let mut revision = app.board.watch();
    let mut timer = tokio::time::interval(Duration::from_secs(1));
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut earned, mut asked) = (None, ASK_EVERY);
    let mut last = String::new();
    loop {
        timer.tick().await;
        if !app.hub.wants_summaries() {
            continue;
        }
        asked += 1;
        if asked >= ASK_EVERY
            || revision.has_changed().unwrap_or(false)
            || counted.has_changed().unwrap_or(false)
        {
            revision.mark_unchanged();
            counted.mark_unchanged();
            earned = admin::earned(&app, &Meter::default()).await;
            asked = 0;
        }
        let overview = Overview::new(&app, &earned).await;
        let message = json!({
            "summary": admin::web::shape(&overview.summary),
            "pulse": admin::web::pulse_shape(&overview),
        });
        let message = message.to_string();
        if message != last {
            app.hub.summarise(message.clone());
            last = message;
        }
    }
}

/// Forgets keyed requests after a day.
async fn forget(pool: MySqlPool) {
    let mut timer = tokio::time::interval(FORGET_EVERY);
    let mut trouble = Trouble::with("forgetting old requests");
    loop {
        timer.tick().await;
        while trouble.note(journal::forget_old_requests(&pool).await) == Some(1000) {}
    }
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
