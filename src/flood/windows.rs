//! What is counted in this process: how much of a kind each party did in the present window of
//! time, here and, as far as redis has told, on other servers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use super::{Kind, Now, Party};

pub type Key = (Kind, Party);

/// Windows that are kept. Beyond that those that have passed are forgotten, and if it does not help,
/// all: whoever commands so many addresses cannot be counted by them.
const KEPT: usize = 100_000;
/// Of a limit, this part is used up before the other servers are told.
const PART: u32 = 10;

#[derive(Default)]
pub struct Windows(Mutex<HashMap<Key, Window>>);

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
        let mut windows = self.lock();
        if windows.len() >= KEPT && !windows.contains_key(&key) {
            windows.retain(|(kind, _), window| window.number == now.number(*kind));
            if windows.len() >= KEPT {
                windows.clear();
            }
        }
        let window = windows.entry(key).or_default();
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
        if let Some(window) = self.lock().get_mut(&key).filter(|window| window.number == number) {
            window.others = all.saturating_sub(window.told);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Window>> {
        self.0.lock().expect("nobody panics while holding it")
    }
}
