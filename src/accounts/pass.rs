//! What lets somebody in: a browser's session or a program's token. The database knows which of them
//! are good; each server remembers for two seconds what it was told, so that a cached page costs no
//! query, and hears at once by the bell which have ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http::{HeaderMap, header};
use uuid::Uuid;

use super::keys::{self, Hash};
use super::{Accounts, Roles, store};
use crate::app::App;
use crate::database::bounded;
use crate::error::{Fault, Refusal, Refused};
use crate::flood::Party;
use crate::identity::{Role, User};
use crate::logs::Trouble;
use crate::web::{is_api, session};

/// How long a server believes what the database said.
const FRESH: Duration = Duration::from_secs(2);
/// How long a known pass is asked for: the database may be away, which lets nobody down.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long somebody's word that they have asked is enough.
const UNCONFIRMED: Duration = Duration::from_secs(5);
/// How long people who are known may go on while the database is away. Nobody can end a session in
/// the meantime, since that is where sessions end.
const OUTAGE: Duration = Duration::from_secs(600);
/// Passes that are remembered.
const KNOWN: usize = 20_000;
/// Sockets' passes are looked up as often, so many at once.
const WATCH_EVERY: Duration = FRESH;
const TOGETHER: usize = 500;
/// Passes that nobody has used for too long are thrown away.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Somebody who was let in, and by what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pass {
    pub id: u32,
    /// By which its sockets, and other servers, know it.
    pub session: Uuid,
    pub account: u32,
    pub name: String,
    pub role: Role,
    pub roles: Roles,
    pub is_token: bool,
    pub hash: Hash,
    /// What forms of this browser's pages carry; programs have no forms.
    pub form_token: Option<String>,
}

impl Pass {
    pub fn user(&self) -> User {
        User { role: self.role, id: self.account }
    }
}

/// A pass as a request showed it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub pass: Arc<Pass>,
    /// The cookie under the key of now, where it came under the old one.
    pub again: Option<String>,
}

/// What this server remembers.
#[derive(Default)]
pub struct Passes {
    known: Mutex<HashMap<Hash, Known>>,
    /// When the database was last found to be away.
    away: Mutex<Option<Instant>>,
}

struct Known {
    pass: Arc<Pass>,
    /// When the database was asked, and when it last said yes.
    asked: Instant,
    confirmed: Instant,
}

enum Recalled {
    Fresh(Arc<Pass>),
    Stale(Arc<Pass>, Instant),
    Unknown,
}

impl Passes {
    fn recall(&self, hash: &Hash) -> Recalled {
        let mut known = self.lock();
        let Some(found) = known.get_mut(hash) else { return Recalled::Unknown };
        // One asks for all who come meanwhile; but whoever asks and hangs up learns nothing.
        let is_fresh = found.asked.elapsed() < FRESH && found.confirmed.elapsed() < UNCONFIRMED;
        if is_fresh || (found.confirmed.elapsed() < OUTAGE && self.is_away()) {
            return Recalled::Fresh(Arc::clone(&found.pass));
        }
        found.asked = Instant::now();
        Recalled::Stale(Arc::clone(&found.pass), found.confirmed)
    }

    fn remember(&self, pass: &Arc<Pass>) {
        let now = Instant::now();
        let mut known = self.lock();
        if known.len() >= KNOWN && !known.contains_key(&pass.hash) {
            known.retain(|_, other| other.asked.elapsed() < FRESH);
            if known.len() >= KNOWN {
                known.clear();
            }
        }
        known.insert(pass.hash, Known { pass: Arc::clone(pass), asked: now, confirmed: now });
    }

    fn forget(&self, hash: &Hash) {
        self.lock().remove(hash);
    }

    /// Whether the database is away; now and then somebody is to find out.
    fn is_away(&self) -> bool {
        let mut away = self.away.lock().expect("nobody panics while holding it");
        let Some(since) = *away else { return false };
        if since.elapsed() >= FRESH {
            *away = Some(Instant::now());
            return false;
        }
        true
    }

    fn note_away(&self) {
        *self.away.lock().expect("nobody panics while holding it") = Some(Instant::now());
    }

    fn note_back(&self) {
        *self.away.lock().expect("nobody panics while holding it") = None;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, Known>> {
        self.known.lock().expect("nobody panics while holding it")
    }
}

/// Who asks: a program by its token, on the paths that are for programs; else a browser by its
/// cookie. A token that is no good is refused, a cookie that is none any more is nobody's.
pub async fn identify(
    app: &App,
    accounts: &Accounts,
    path: &str,
    headers: &HeaderMap,
    party: Party,
) -> Result<Option<Shown>, Refused> {
    let for_programs = is_api(path) || path == "/live";
    if for_programs && let Some(header) = headers.get(header::AUTHORIZATION) {
        let token = header.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| keys::read_token(token.trim()))?
        });
        let hash = token.ok_or(Refusal::Unauthenticated)?;
        let pass = find(app, accounts, &hash, party).await?.filter(|pass| pass.is_token);
        let pass = pass.ok_or(Refusal::Unauthenticated)?;
        return Ok(Some(Shown { pass, again: None }));
    }
    let cookie = session::pass(headers, accounts.secure);
    let Some(signed) = cookie.and_then(|text| accounts.keys.read_cookie(&text)) else {
        return Ok(None);
    };
    let pass = find(app, accounts, &signed.hash, party).await?.filter(|pass| !pass.is_token);
    Ok(pass.map(|pass| Shown { pass, again: signed.again }))
}

/// The pass of a secret, if it is still good.
async fn find(
    app: &App,
    accounts: &Accounts,
    hash: &Hash,
    party: Party,
) -> Result<Option<Arc<Pass>>, Refused> {
    let passes = &accounts.passes;
    let pass = match passes.recall(hash) {
        Recalled::Fresh(pass) => Some(pass),
        Recalled::Stale(pass, confirmed) => {
            let asked = tokio::time::timeout(PATIENCE, store::find_pass(&app.users, hash)).await;
            match asked.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                Ok(found) => keep(app, accounts, hash, found),
                Err(_) if confirmed.elapsed() < OUTAGE => {
                    passes.note_away();
                    Some(pass)
                }
                Err(error) => return Err(Fault::Database(error).into()),
            }
        }
        Recalled::Unknown => {
            // Whoever makes secrets up is soon told to stop.
            app.flood.admit_query(party)?;
            let found = store::find_pass(&app.users, hash).await.map_err(Fault::Database)?;
            keep(app, accounts, hash, found)
        }
    };
    // The bell may have brought its end since.
    Ok(pass.filter(|pass| !app.hub.has_ended(pass.session)))
}

fn keep(
    app: &App,
    accounts: &Accounts,
    hash: &Hash,
    found: Option<(Pass, bool)>,
) -> Option<Arc<Pass>> {
    accounts.passes.note_back();
    let Some((mut pass, is_late)) = found else {
        accounts.passes.forget(hash);
        return None;
    };
    pass.form_token = (!pass.is_token).then(|| accounts.keys.form_token(hash));
    let pass = Arc::new(pass);
    accounts.passes.remember(&pass);
    if is_late {
        // Its next hour begins. Should that not be noted, the next request tries again.
        let (users, id) = (app.users.clone(), pass.id);
        tokio::spawn(async move { store::note_seen(&users, id).await });
    }
    Some(pass)
}

/// Ends the sockets of passes that have ended, for as long as the server runs: the bell does so at
/// once, but it may be away, and the command line does not ring it.
pub async fn watch(app: Arc<App>) {
    let mut timer = tokio::time::interval(WATCH_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut trouble = Trouble::with("looking for sessions that have ended");
    loop {
        timer.tick().await;
        let open = app.hub.sessions();
        for some in open.chunks(TOGETHER) {
            let listed = store::list_sessions(&app.users, some);
            // While the database is away nothing can end.
            let Some(good) = trouble.note(bounded(FRESH, listed).await) else { break };
            some.iter().filter(|session| !good.contains(session)).for_each(|it| app.hub.end(*it));
        }
    }
}

/// Throws away what has expired, for as long as the server runs.
pub async fn forget(app: Arc<App>) {
    let mut timer = tokio::time::interval(FORGET_EVERY);
    let mut trouble = Trouble::with("forgetting sessions that have expired");
    loop {
        timer.tick().await;
        while trouble.note(store::forget_expired(&app.users).await) == Some(1000) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(number: u32) -> Arc<Pass> {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        let roles = Roles::parse("customer");
        let (role, name) = (Role::Customer, "ann".to_owned());
        let session = Uuid::new_v4();
        Arc::new(Pass {
            id: number,
            session,
            account: 1,
            name,
            role,
            roles,
            is_token: false,
            hash,
            form_token: None,
        })
    }

    #[test]
    fn what_is_remembered_is_bounded_and_soon_asked_for_again() {
        let passes = Passes::default();
        let first = pass(0);
        passes.remember(&first);
        assert!(matches!(passes.recall(&first.hash), Recalled::Fresh(_)));
        let old = Instant::now().checked_sub(FRESH).unwrap();
        passes.lock().get_mut(&first.hash).unwrap().asked = old;
        assert!(matches!(passes.recall(&first.hash), Recalled::Stale(..)));
        assert!(matches!(passes.recall(&first.hash), Recalled::Fresh(_)), "somebody asks already");
        let old = Instant::now().checked_sub(UNCONFIRMED).unwrap();
        passes.lock().get_mut(&first.hash).unwrap().confirmed = old;
        assert!(matches!(passes.recall(&first.hash), Recalled::Stale(..)), "and got no answer");
        passes.forget(&first.hash);
        assert!(matches!(passes.recall(&first.hash), Recalled::Unknown));
        for number in 0..=u32::try_from(KNOWN).unwrap() {
            passes.remember(&pass(number));
        }
        assert!(passes.lock().len() <= KNOWN);
    }

    #[test]
    fn while_the_database_is_away_those_who_are_known_go_on_for_a_while() {
        let passes = Passes::default();
        let first = pass(0);
        passes.remember(&first);
        let age = |asked: Duration, confirmed: Duration| {
            let mut known = passes.lock();
            let found = known.get_mut(&first.hash).unwrap();
            found.asked = Instant::now().checked_sub(asked).unwrap();
            found.confirmed = Instant::now().checked_sub(confirmed).unwrap();
        };
        passes.note_away();
        age(FRESH, UNCONFIRMED);
        assert!(matches!(passes.recall(&first.hash), Recalled::Fresh(_)));
        *passes.away.lock().unwrap() = Some(Instant::now().checked_sub(FRESH).unwrap());
        assert!(matches!(passes.recall(&first.hash), Recalled::Stale(..)), "one finds out");
        assert!(matches!(passes.recall(&first.hash), Recalled::Fresh(_)), "for all");
        age(FRESH, OUTAGE);
        assert!(matches!(passes.recall(&first.hash), Recalled::Stale(..)), "and no longer");
    }
}
