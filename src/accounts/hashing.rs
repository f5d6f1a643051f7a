//! Passwords are hashed by Argon2id, which takes 19 MiB and some tens of milliseconds on purpose: so
//! only a few are hashed at once, some wait, and the rest are told to come back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::Semaphore;

use super::{Password, keys};
use crate::error::{Fault, Refusal, Refused};

/// The least that OWASP recommends for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many may wait for their turn, and for how long.
const WAITING: usize = 32;
const PATIENCE: Duration = Duration::from_secs(5);

/// What a name that nobody has is compared with: it costs as much as one that somebody has.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash(&Password::made_up()).expect("its parameters are lawful"));

pub struct Hashing {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Passwords that were hashed here.
    pub done: Counter,
}

impl Default for Hashing {
    fn default() -> Hashing {
        // Half of the cores stay free for everybody else's pages.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        LazyLock::force(&NOBODY);
        Hashing {
            turns: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: AtomicUsize::new(0),
            done: Counter::default(),
        }
    }
}

impl Hashing {
    /// The hash of a password that was chosen.
    pub async fn hash(&self, password: Password) -> Result<String, Refused> {
        self.take_turn(move || hash(&password)).await?
    }

    /// Whether a password is the one of this hash; without one it is not, after the same work.
    pub async fn is(&self, password: Password, hash: Option<String>) -> Result<bool, Refused> {
        self.take_turn(move || {
            let known = hash.is_some();
            verify(&password, hash.as_deref().unwrap_or(&NOBODY)) && known
        })
        .await
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let _waits = Waits::begin(&self.waiting).ok_or(Refusal::Overloaded)?;
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Refusal::Overloaded)?.expect("never closed");
        self.done.inc();
        // The turn ends with the work, which goes on when whoever asked for it has hung up.
        let work = move || {
            let _turn = turn;
            work()
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Fault::Internal(format!("hashing: {error}")).into())
    }
}

/// One who waits or is at work.
struct Waits<'a>(&'a AtomicUsize);

impl Waits<'_> {
    fn begin(all: &AtomicUsize) -> Option<Waits<'_>> {
        let waits = Waits(all);
        (all.fetch_add(1, Ordering::Relaxed) < WAITING).then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("lawful parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// For who has no turns to take: the command line.
pub(super) fn hash(password: &Password) -> Result<String, Refused> {
    let salt = SaltString::encode_b64(&keys::random::<16>());
    let hash =
        salt.and_then(|salt| Ok(argon2().hash_password(password.0.as_bytes(), &salt)?.to_string()));
    hash.map_err(|error| Fault::Internal(format!("hashing: {error}")).into())
}

fn verify(password: &Password, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| argon2().verify_password(password.0.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let hashing = Hashing::default();
        let hash = hashing.hash(Password::typed("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let again = hashing.hash(Password::typed("correct horse")).await.unwrap();
        assert_ne!(hash, again, "each has its own salt");
        assert!(hashing.is(Password::typed("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!hashing.is(Password::typed("correct Horse"), Some(hash)).await.unwrap());
        let before = hashing.done.get();
        assert!(!hashing.is(Password::typed("correct horse"), None).await.unwrap());
        assert_eq!(hashing.done.get(), before + 1, "nobody's costs one, too");
    }

    #[tokio::test]
    async fn more_than_can_be_hashed_soon_are_told_so_at_once() {
        let hashing = Arc::new(Hashing::default());
        let turns = u32::try_from(hashing.turns.available_permits()).unwrap();
        let all = hashing.turns.acquire_many(turns).await.unwrap();
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let hashing = Arc::clone(&hashing);
                tokio::spawn(async move { hashing.is(Password::typed("x"), None).await })
            })
            .collect();
        while hashing.waiting.load(Ordering::Relaxed) < WAITING {
            tokio::task::yield_now().await;
        }
        let refused = hashing.is(Password::typed("x"), None).await;
        assert!(matches!(refused, Err(Refused::Refusal(Refusal::Overloaded))));
        waiting.iter().for_each(|task| task.abort());
        for task in waiting {
            let _ = task.await;
        }
        drop(all);
        assert!(hashing.is(Password::typed("x"), None).await.is_ok(), "room again");
    }
}
