//! What is counted in this process: how much of a kind each party did in the present window of
//! time, here and, as far as redis has told, on other servers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use super::{Kind, Now, Party};

pub type Key = (Kind, Party);

/// Windows of a kind that are kept. Beyond that those that have passed are forgotten, once a second,
/// and if it does not help, all: whoever commands so many addresses cannot be counted by them.
const KEPT: usize = 100_000;
/// Of a limit, this part is used up before the other servers are told.
const PART: u32 = 10;

/// The kinds have nothing to do with each other.
#[derive(Default)]
pub struct Windows {
    requests: Mutex<Map>,
    others: Mutex<Map>,
}

#[derive(Default)]
struct Map {
    windows: HashMap<Key, Window>,
    /// The second in which it was last cleaned.
    cleaned: u64,
}

#[derive(Clone, Copy, Default)]
struct Window {
    number: u64,
    /// Done here, and how much of it the others were told of.
    own: u32,
    told: u32,
    others: u32,
}

/// Nothing more in this window.
#[derive(PartialEq, Eq, Debug)]
pub struct Full;

/// What the other servers should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Untold {
    pub key: Key,
    pub number: u64,
    pub count: u32,
}

impl Windows {
    /// Counts one more, if there may be. What is refused is not counted.
    pub fn take(&self, key: Key, now: Now, most: u32) -> Result<Option<Untold>, Full> {
        let number = now.number(key.0);
        let mut map = self.lock(key.0);
        map.make_room(&key, now);
        let window = map.windows.entry(key).or_default();
        if window.number != number {
            *window = Window { number, ..Window::default() };
        }
        if window.own.saturating_add(window.others) >= most {
            return Err(Full);
        }
        window.own += 1;
        let count = window.own - window.told;
        if count < (most / PART).max(1) {
            return Ok(None);
        }
        window.told = window.own;
        Ok(Some(Untold { key, number, count }))
    }

    /// Takes note of how much all servers together did in a window.
    pub fn note(&self, key: Key, number: u64, all: u32) {
        let mut map = self.lock(key.0);
        let window = map.windows.get_mut(&key).filter(|window| window.number == number);
        if let Some(window) = window {
            window.others = all.saturating_sub(window.told);
        }
    }

    fn lock(&self, kind: Kind) -> MutexGuard<'_, Map> {
        let map = if kind == Kind::Requests { &self.requests } else { &self.others };
        map.lock().expect("nobody panics while holding it")
    }
}

impl Map {
    fn make_room(&mut self, key: &Key, now: Now) {
        if self.windows.len() < KEPT || self.windows.contains_key(key) {
            return;
        }
        let second = now.0.as_secs();
        if std::mem::replace(&mut self.cleaned, second) != second {
            self.windows.retain(|(kind, _), window| window.number == now.number(*kind));
        }
        if self.windows.len() >= KEPT {
            self.windows.clear();
        }
    }
}
