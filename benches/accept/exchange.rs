//! Our exchange with everything: keyed requests, journal, statistics, redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use orderboard::exchange::command::{AcceptOrder, Command, PlaceOrder};
use orderboard::exchange::journal::Position;
use orderboard::exchange::{Exchange, RequestKey};
use orderboard::feed::bell::Bell;
use orderboard::feed::hub::Hub;
use orderboard::identity::User;
use orderboard::money::{Amount, Currency, Percent};
use orderboard::{database, statistics};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::contest::{Contestant, Times, Work, closed_loop};
use super::stage::Stage;

pub struct Ours {
    name: &'static str,
    stage: Arc<Stage>,
    exchange: Exchange,
    keys: Arc<AtomicU64>,
    counted: watch::Receiver<u64>,
    head: watch::Sender<u64>,
    _shutdown: watch::Sender<bool>,
}

impl Ours {
    pub async fn new(name: &'static str) -> Ours {
        let stage = Arc::new(Stage::new(name).await);
        let (committed, mut runs) = mpsc::channel(1024);
        let (exchange, _) =
            Exchange::start(stage.interactions.clone(), committed).expect("the writer starts");
        let redis = std::env::var("REDIS_URL").ok();
        let history = stage.name.clone();
        let start = Position { history, revision: 0, batch: Uuid::nil() };
        let hub = Arc::new(Hub::new(&start));
        let bell = Bell::start(redis.as_deref(), &stage.name, &hub).expect("redis");
        let head = watch::Sender::new(0);
        let newest = head.clone();
        tokio::spawn(async move {
            while let Some(run) = runs.recv().await {
                bell.ring(&run);
                newest.send_replace(run.revision);
            }
        });
        let shutdown = watch::Sender::new(false);
        let standing = statistics::Standing::default();
        let counted = standing.counted.subscribe();
        tokio::spawn(statistics::follow(
            database::pool(stage.interactions.clone()),
            stage.users.clone(),
            head.subscribe(),
            shutdown.subscribe(),
            standing,
        ));
        let keys = Arc::default();
        Ours { name, stage, exchange, keys, counted, head, _shutdown: shutdown }
    }

    fn key(keys: &AtomicU64, order: u32) -> Option<RequestKey> {
        let key = format!("bench-{}", keys.fetch_add(1, Ordering::Relaxed));
        RequestKey::new(&key, &format!("/api/orders/{order}/accept"), b"")
    }

    async fn accept(&self, executor: u32) {
        let order = self.stage.next_order();
        assert!(self.ask_for(order, executor).await, "an order of one's own is got");
    }

    /// Whether this executor got the order.
    pub async fn ask_for(&self, order_id: u32, executor: u32) -> bool {
        let command = Command::AcceptOrder(AcceptOrder { order_id, seen: None, most: None });
        let key = Ours::key(&self.keys, order_id);
        self.exchange.submit(User::executor(executor), command, key).await.is_ok()
    }

    pub async fn place(&self, customer: u32) {
        let command = Command::PlaceOrder(PlaceOrder {
            description: "Paint the fence, both sides, in green".to_owned(),
            price: Amount::from_hundredths(1_000_000).expect("an amount"),
            percent: Percent::new(2).expect("a percentage"),
            currency: Currency::from_code("RUB").expect("a currency"),
        });
        let key = Ours::key(&self.keys, 0);
        let user = User::customer(500_000 + customer);
        self.exchange.submit(user, command, key).await.expect("placed");
    }

    /// Accepts one order in a task of its own; when it was done.
    pub fn spawn_accept(&self) -> JoinHandle<Instant> {
        let order_id = self.stage.next_order();
        let exchange = self.exchange.clone();
        let key = Ours::key(&self.keys, order_id);
        tokio::spawn(async move {
            let command = Command::AcceptOrder(AcceptOrder { order_id, seen: None, most: None });
            exchange.submit(User::executor(7), command, key).await.expect("accepted");
            Instant::now()
        })
    }

    /// Waits until the statistics have counted everything.
    pub async fn counted(&self) {
        let newest = *self.head.borrow();
        let mut counted = self.counted.clone();
        counted.wait_for(|&counted| counted >= newest).await.expect("the statistics live");
    }
}

impl Contestant for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn run<'a>(&'a self, clients: usize, stop: Arc<AtomicBool>, times: &'a Times) -> Work<'a> {
        closed_loop(clients, stop, times, async |person| self.accept(person).await)
    }
}
