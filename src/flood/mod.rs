//! Limits that keep one user, or one address, from harming the others by volume. With redis they
//! hold over all servers; without it each server keeps them for itself: there are never none.
//!
//! What is rare and must be exact (orders, acceptances) is taken from redis before it is done
//! (`shared`). What is frequent (requests, queries) is counted in this process and told to redis now
//! and then (`windows`): a cached page must not cost a round trip.

mod measures;
mod shared;
mod windows;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::cache::Measures;
use crate::identity::User;
use measures::Refusals;
use shared::{Answer, Shared};
use windows::Windows;

/// Customers that are remembered to have placed orders uncounted by redis.
const UNCOUNTED: usize = 100_000;

/// How much one party may do. `u32::MAX`: no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Orders that a customer places on one day, by UTC.
    pub orders_per_day: u32,
    /// Acceptances that an executor tries.
    pub accepts_per_minute: u32,
    /// Edits of orders, and notes on contracts, of one user.
    pub changes_per_minute: u32,
    /// Statements that are sent to the database for one user.
    pub queries_per_minute: u32,
    /// Requests that come from one address.
    pub requests_per_second: u32,
    /// Wrong passwords for one name, whether anybody has it or not.
    pub log_ins_per_name: u32,
    /// Passwords that are tried from one address.
    pub log_ins_per_address: u32,
    /// Accounts that are made from one address, on one day.
    pub sign_ups_per_address: u32,
}

/// What there can be too much of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    Orders,
    Accepts,
    Changes,
    Queries,
    Requests,
    /// Live sockets of one user at a time.
    Sockets,
    /// Passwords that are tried.
    LogIns,
    /// Accounts that are made.
    SignUps,
}

/// A limit that was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reached {
    pub kind: Kind,
    pub most: u32,
    /// When it is worth trying again.
    pub retry_after: Duration,
}

/// Who is counted: somebody known, or else the address that they come from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Party {
    User(User),
    Address(IpAddr),
    /// The beginning of a hash of a name that somebody says is theirs.
    Name(u64),
}

/// All limits of this server, and what is counted for them.
pub struct Flood {
    limits: Limits,
    windows: Arc<Windows>,
    shared: Option<Shared>,
    /// Orders on their way to the exchange, by customer, while redis does not count them.
    on_their_way: Arc<Mutex<HashMap<u32, u32>>>,
    /// Customers whose orders redis has not counted, with the day.
    uncounted: Mutex<HashMap<u32, u64>>,
    pub refusals: Refusals,
}

/// An order's place among those of its day.
pub enum Place {
    /// There is no limit.
    Free,
    /// Counted by redis under this key.
    Shared(String),
    /// Counted here until the order is in the database, or is not.
    Here(OnItsWay),
}

pub struct OnItsWay {
    all: Arc<Mutex<HashMap<u32, u32>>>,
    customer: u32,
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Orders,
        Kind::Accepts,
        Kind::Changes,
        Kind::Queries,
        Kind::Requests,
        Kind::Sockets,
        Kind::LogIns,
        Kind::SignUps,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Kind::Orders => "orders",
            Kind::Accepts => "accepts",
            Kind::Changes => "changes",
            Kind::Queries => "queries",
            Kind::Requests => "requests",
            Kind::Sockets => "sockets",
            Kind::LogIns => "log-ins",
            Kind::SignUps => "sign-ups",
        }
    }

    /// The time in which so much may be done.
    const fn window(self) -> Duration {
        match self {
            Kind::Orders | Kind::SignUps => Duration::from_secs(24 * 3600),
            Kind::LogIns => Duration::from_secs(15 * 60),
            Kind::Accepts | Kind::Changes | Kind::Queries => Duration::from_secs(60),
            Kind::Requests => Duration::from_secs(1),
            // It lasts as long as they are open; asking again costs little.
            Kind::Sockets => Duration::from_secs(5),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::User(user) => user.fmt(out),
            Party::Address(address) => address.fmt(out),
            Party::Name(hash) => write!(out, "name:{hash:016x}"),
        }
    }
}

impl Party {
    /// Whoever says that this name is theirs. Names that nobody has are counted like others.
    pub fn of_name(name: &str) -> Party {
        let hash: [u8; 32] = Sha256::digest(name).into();
        let (first, _) = hash.split_first_chunk().expect("it is longer");
        Party::Name(u64::from_be_bytes(*first))
    }
}

/// As an error of whatever could not be done for it.
impl std::error::Error for Reached {}

impl fmt::Display for Reached {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the limit of {} {} is reached", self.most, self.kind.name())
    }
}

impl Flood {
    /// `namespace` keeps apart what several boards count in one redis.
    pub fn new(
        limits: Limits,
        redis_url: Option<&str>,
        namespace: &str,
        measures: &Measures,
    ) -> redis::RedisResult<Flood> {
        let windows = Arc::new(Windows::default());
        let shared =
            redis_url.map(|url| Shared::start(url, namespace, &windows, measures)).transpose()?;
        Ok(Flood {
            limits,
            windows,
            shared,
            on_their_way: Arc::default(),
            uncounted: Mutex::default(),
            refusals: Refusals::default(),
        })
    }

    /// Lets a request from this address in, or not.
    pub fn admit_request(&self, address: IpAddr) -> Result<(), Reached> {
        let most = self.limits.requests_per_second;
        self.take(Kind::Requests, Party::Address(address), most)
    }

    /// Lets a statement for this party go to the database, or not.
    pub fn admit_query(&self, party: Party) -> Result<(), Reached> {
        self.take(Kind::Queries, party, self.limits.queries_per_minute)
    }

    fn take(&self, kind: Kind, party: Party, most: u32) -> Result<(), Reached> {
        if most == u32::MAX {
            return Ok(());
        }
        let now = Now::get();
        match self.windows.take((kind, party), now, most) {
            Ok(untold) => {
                if let (Some(shared), Some(untold)) = (&self.shared, untold) {
                    shared.tell(untold);
                }
                Ok(())
            }
            Err(windows::Full) => Err(self.reached(kind, most, now)),
        }
    }

    /// Lets an executor try to accept an order, or not.
    pub async fn admit_accept(&self, executor: User) -> Result<(), Reached> {
        self.admit(Kind::Accepts, Party::User(executor), self.limits.accepts_per_minute).await
    }

    /// Lets somebody edit an order or write a note, or not.
    pub async fn admit_change(&self, user: User) -> Result<(), Reached> {
        self.admit(Kind::Changes, Party::User(user), self.limits.changes_per_minute).await
    }

    /// Lets a password be tried for a name, or not: neither for one name from many addresses, nor
    /// for many names from one.
    pub async fn admit_log_in(&self, name: &str, address: IpAddr) -> Result<(), Reached> {
        let most = self.limits.log_ins_per_address;
        self.admit(Kind::LogIns, Party::Address(address), most).await?;
        self.admit(Kind::LogIns, Party::of_name(name), self.limits.log_ins_per_name).await
    }

    /// Lets an account be made, or not.
    pub async fn admit_sign_up(&self, address: IpAddr) -> Result<(), Reached> {
        let most = self.limits.sign_ups_per_address;
        self.admit(Kind::SignUps, Party::Address(address), most).await
    }

    async fn admit(&self, kind: Kind, party: Party, most: u32) -> Result<(), Reached> {
        if most == u32::MAX {
            return Ok(());
        }
        let now = Now::get();
        if let Some(shared) = &self.shared {
            let key = shared.key(kind, party, now);
            match shared.take(&key, most, kind.window(), Some(0)).await {
                Answer::Taken => return Ok(()),
                Answer::Full => return Err(self.reached(kind, most, now)),
                Answer::Unknown | Answer::Silent => {}
            }
        }
        self.take(kind, party, most)
    }

    /// A place for one more order of this customer today. `placed` counts those in the database that
    /// were placed since a time, at most so many: it is asked when redis does not know, so that a
    /// restart of anything does not begin the day anew.
    pub async fn admit_order<E, F>(
        &self,
        customer: u32,
        placed: impl Fn(u32, SystemTime) -> F,
    ) -> Result<Result<Place, Reached>, E>
    where
        F: Future<Output = Result<u32, E>>,
    {
        let most = self.limits.orders_per_day;
        if most == u32::MAX {
            return Ok(Ok(Place::Free));
        }
        let (kind, now) = (Kind::Orders, Now::get());
        let midnight = now.begin(kind);
        if let Some(shared) = &self.shared {
            let key = shared.key(kind, Party::User(User::customer(customer)), now);
            let mut answer = match self.is_uncounted(customer, now.number(kind)) {
                true => Answer::Unknown,
                false => shared.take(&key, most, kind.window(), None).await,
            };
            if answer == Answer::Unknown {
                let known = placed(most, midnight).await?;
                answer = shared.take(&key, most, kind.window(), Some(known)).await;
            }
            if matches!(answer, Answer::Taken | Answer::Full) {
                self.uncounted().remove(&customer);
            }
            match answer {
                Answer::Taken => return Ok(Ok(Place::Shared(key))),
                Answer::Full => return Ok(Err(self.reached(kind, most, now))),
                Answer::Unknown | Answer::Silent => {}
            }
            self.note_uncounted(customer, now.number(kind));
        }
        let (place, before) = OnItsWay::new(&self.on_their_way, customer);
        let known = placed(most, midnight).await?;
        Ok(if known.saturating_add(before) < most {
            Ok(Place::Here(place))
        } else {
            Err(self.reached(kind, most, now))
        })
    }

    fn is_uncounted(&self, customer: u32, day: u64) -> bool {
        self.uncounted().get(&customer) == Some(&day)
    }

    fn note_uncounted(&self, customer: u32, day: u64) {
        let mut uncounted = self.uncounted();
        if uncounted.len() >= UNCOUNTED {
            uncounted.retain(|_, noted| *noted == day);
        }
        if uncounted.len() < UNCOUNTED {
            uncounted.insert(customer, day);
        }
    }

    fn uncounted(&self) -> MutexGuard<'_, HashMap<u32, u64>> {
        self.uncounted.lock().expect("nobody panics while holding it")
    }

    /// Takes a place back: the order was not placed.
    pub async fn give_back(&self, place: Place) {
        if let (Place::Shared(key), Some(shared)) = (place, &self.shared) {
            shared.give_back(&key).await;
        }
    }

    /// The error for a user who has so many sockets.
    pub fn refuse_socket(&self, most: u32) -> Reached {
        self.reached(Kind::Sockets, most, Now::get())
    }

    fn reached(&self, kind: Kind, most: u32, now: Now) -> Reached {
        Reached { kind, most, retry_after: now.rest(kind) }
    }
}

impl OnItsWay {
    /// Counts one more; how many there were before.
    fn new(all: &Arc<Mutex<HashMap<u32, u32>>>, customer: u32) -> (OnItsWay, u32) {
        let mut counts = all.lock().expect("nobody panics while holding it");
        let count = counts.entry(customer).or_insert(0);
        *count += 1;
        (OnItsWay { all: Arc::clone(all), customer }, *count - 1)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let mut counts = self.all.lock().expect("nobody panics while holding it");
        match counts.get_mut(&self.customer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.customer);
            }
        }
    }
}

/// The time, since 1970.
#[derive(Clone, Copy, Debug)]
struct Now(Duration);

impl Now {
    fn get() -> Now {
        Now(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// The number of the window that it is in.
    fn number(self, kind: Kind) -> u64 {
        self.0.as_secs() / kind.window().as_secs()
    }

    fn begin(self, kind: Kind) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.number(kind) * kind.window().as_secs())
    }

    /// How long that window still lasts.
    fn rest(self, kind: Kind) -> Duration {
        if kind == Kind::Sockets {
            return kind.window();
        }
        Duration::from_secs((self.number(kind) + 1) * kind.window().as_secs())
            .saturating_sub(self.0)
    }
}

#[cfg(test)]
mod tests;
