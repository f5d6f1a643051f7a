//! A random walk over everything that can happen to the pages of a board: writes through two
//! servers, reads of any window, a memcached that forgets, dies, sleeps, or holds garbage, halves
//! of pages and other pages under our keys. Whatever was shown at whatever moment is held against
//! the journal afterwards: it must be the board at the revision that it says.

use futures_util::future::join_all;
use serde_json::Value;

use super::shown::{Part, Place, Shown, hold_against_the_journal};
use crate::support::{Memcached, Server, World, short_or_long};

#[derive(Debug)]
enum Action {
    Place {
        customer: u32,
        letters: usize,
        currency: &'static str,
    },
    Accept {
        order: u64,
    },
    Withdraw {
        order: u64,
        customer: u32,
    },
    /// Edits it, and perhaps withdraws it right after.
    Edit {
        order: u64,
        customer: u32,
        withdraws: bool,
    },
    /// Wants at least the newest revision that anybody was told of, or nothing in particular.
    Read {
        part: Part,
        knows: bool,
    },
}

struct Walk {
    random: fastrand::Rng,
    world: World,
    memcached: Memcached,
    servers: [Server; 2],
    /// Orders that are open, as far as we were told, and whose they are.
    open: Vec<(u64, u32)>,
    /// The newest revision that we were told of.
    revision: u64,
    shown: Vec<Shown>,
    /// Pages as memcached held them.
    old: Vec<Vec<u8>>,
    sleeps: bool,
}

#[tokio::test]
async fn whatever_happens_to_memcached_every_page_is_the_board_at_its_revision() {
    let seed = std::env::var("ORDERBOARD_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("this walk again: ORDERBOARD_SEED={seed}");
    let memcached = Memcached::start().await;
    let world = World::new().await;
    let url = memcached.url();
    let settings = [("MEMCACHED_URL", url.as_str())];
    let servers = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let mut walk = Walk {
        random: fastrand::Rng::with_seed(seed),
        world,
        memcached,
        servers: servers.into(),
        open: Vec::new(),
        revision: 0,
        shown: Vec::new(),
        old: Vec::new(),
        sleeps: false,
    };
    let first = (0..70).map(|_| walk.place()).collect();
    walk.act(first).await;
    for step in 0..short_or_long(120, 4_000) {
        walk.step().await;
        if step % 500 == 499 {
            hold_against_the_journal(&walk.world, std::mem::take(&mut walk.shown)).await;
        }
    }
    if walk.sleeps {
        walk.memcached.resume();
    }
    hold_against_the_journal(&walk.world, std::mem::take(&mut walk.shown)).await;
    walk.world.audit().await;
}

impl Walk {
    async fn step(&mut self) {
        let writes = (0..self.random.usize(..3)).map(|_| self.write()).collect();
        self.act(writes).await;
        match self.random.u32(..40) {
            0 => {
                self.memcached.kill();
                self.memcached.start_again().await;
                self.sleeps = false;
            }
            1 | 2 => {
                self.memcached.pause();
                self.sleeps = true;
            }
            3..20 if self.sleeps => {
                self.memcached.resume();
                self.sleeps = false;
            }
            _ => {}
        }
        let mut parts: Vec<Part> = (0..self.random.usize(1..4)).map(|_| self.part()).collect();
        if !self.sleeps {
            let known = parts[0];
            self.act(vec![Action::Read { part: known, knows: true }]).await;
            for _ in 0..self.random.usize(..4) {
                parts.push(self.meddle(known).await);
            }
        }
        let mut actions: Vec<Action> = Vec::new();
        for _ in 0..self.random.usize(2..9) {
            let part = parts[self.random.usize(..parts.len())];
            actions.push(Action::Read { part, knows: self.random.bool() });
        }
        for _ in 0..self.random.usize(..3) {
            let place = self.random.usize(..=actions.len());
            let write = self.write();
            actions.insert(place, write);
        }
        self.act(actions).await;
    }

    fn place(&mut self) -> Action {
        let letters = if self.random.u32(..10) == 0 { 600 } else { 8 };
        let currency = ["RUB", "RUB", "USD", "EUR"][self.random.usize(..4)];
        Action::Place { customer: self.random.u32(1..6), letters, currency }
    }

    fn write(&mut self) -> Action {
        if self.open.len() < 30 || self.random.u32(..5) < 3 {
            return self.place();
        }
        let (order, customer) = self.open.swap_remove(self.random.usize(..self.open.len()));
        match self.random.u32(..5) {
            0 => Action::Accept { order },
            1 => Action::Withdraw { order, customer },
            act => Action::Edit { order, customer, withdraws: act == 2 },
        }
    }

    fn part(&mut self) -> Part {
        let per_page = [20, 50, 100][self.random.usize(..3)];
        let place = match self.random.u32(..4) {
            0 => Place::Before(self.random.u64(..200)),
            // Beyond the end it is the last page.
            1 => Place::Page(self.random.u64(1..9)),
            _ => Place::Page(self.random.u64(1..3)),
        };
        let currency = [None, None, Some("RUB"), Some("USD"), Some("JPY")];
        Part { currency: currency[self.random.usize(..5)], place, per_page }
    }

    /// Does all of it at once, each at one of the servers.
    async fn act(&mut self, actions: Vec<Action>) {
        let mut places = Vec::new();
        for action in &actions {
            places.push((self.random.usize(..2), self.random.u32(101..104), action));
        }
        let this = &*self;
        let acts = places.into_iter().map(|(server, somebody, action)| {
            this.act_once(&this.servers[server], somebody, action)
        });
        let done = join_all(acts).await;
        for (action, reply) in actions.into_iter().zip(done) {
            let revision = reply["revision"].as_u64().expect("a revision");
            match action {
                Action::Read { part, .. } => self.shown.push(Shown { part, page: reply }),
                Action::Place { customer, .. } => {
                    let id = reply["order"]["id"].as_u64().expect("an id");
                    self.open.push((id, customer));
                }
                Action::Edit { order, customer, withdraws: false } => {
                    self.open.push((order, customer));
                }
                Action::Accept { .. } | Action::Withdraw { .. } | Action::Edit { .. } => {}
            }
            self.revision = self.revision.max(revision);
        }
    }

    async fn act_once(&self, server: &Server, somebody: u32, action: &Action) -> Value {
        match action {
            Action::Place { customer, letters, currency } => {
                let text = "ж".repeat(*letters);
                let body = serde_json::json!(
                    {"description": text, "price": "12.34", "currency": currency}
                );
                server.customer(*customer).post("/api/orders", body).await.expect(201).json()
            }
            Action::Accept { order } => {
                server.executor(somebody).accept(*order).await.expect(201).json()
            }
            Action::Withdraw { order, customer } => {
                server.customer(*customer).withdraw(*order).await.expect(200).json()
            }
            Action::Edit { order, customer, withdraws } => {
                let client = server.customer(*customer);
                let price = format!("{}.25", fastrand::u32(1..99));
                let edited = client.edit(*order, serde_json::json!({"price": price})).await;
                let edited = edited.expect(200).json();
                match withdraws {
                    true => client.withdraw(*order).await.expect(200).json(),
                    false => edited,
                }
            }
            Action::Read { part, knows } => {
                let least = if *knows { self.revision } else { 0 };
                let reader = server.executor(somebody).with("x-revision", &least.to_string());
                let page = reader.get(&part.path()).await.expect(200).json();
                let revision = page["revision"].as_u64().expect("a revision");
                assert!(revision >= least, "{part:?} of {revision} for who knows {least}");
                page
            }
        }
    }

    /// Plants something under a key that the servers are about to look at. A page of this very
    /// revision is there to be taken for another, since somebody has just read it.
    async fn meddle(&mut self, known: Part) -> Part {
        let head = self.world.head().await;
        let part = self.part();
        let key = part.key(&head);
        let page = self.memcached.get(&known.key(&head)).await;
        self.old.extend(page.clone());
        let old = self.old.get(self.random.usize(..self.old.len().max(1))).cloned();
        match (self.random.u32(..8), page, old) {
            (0, _, _) => self.memcached.flush_all().await,
            (1, _, _) => self.memcached.delete(&known.key(&head)).await,
            (2, _, _) => _ = self.memcached.set(&key, b"\0\xff{\"revision\":1}").await,
            (3, _, Some(old)) => {
                let half = &old[..self.random.usize(..old.len())];
                self.memcached.set(&key, half).await;
            }
            (4 | 5, _, Some(old)) => _ = self.memcached.set(&key, &old).await,
            (_, Some(page), _) => _ = self.memcached.set(&key, &page).await,
            _ => {}
        }
        part
    }
}
