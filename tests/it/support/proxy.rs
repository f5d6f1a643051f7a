//! A small TCP proxy between a server and one of its services: it can be shut, so that the service
//! is away; it can hang; it can cut a connection to the database right where a COMMIT goes through;
//! and it can write down what the database is asked.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::statements::{Ear, Statement, Statements};

/// What happens to a connection that commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cut {
    /// The COMMIT never reaches the database.
    Before,
    /// Half of its message does.
    Half,
    /// It reaches the database, and nobody waits for what that says.
    After,
    /// It is done, and its answer is lost.
    Answer,
}

impl Cut {
    const ALL: [Cut; 4] = [Cut::Before, Cut::Half, Cut::After, Cut::Answer];
}

pub struct Proxy {
    shared: Arc<Shared>,
}

struct Shared {
    /// Where new connections go.
    target: Mutex<String>,
    shut: AtomicBool,
    turned_away: AtomicU32,
    /// While it is true, nothing goes through, and nobody is told.
    hangs: watch::Sender<bool>,
    /// While it is true, the service's answers wait; what it is asked goes through.
    hushed: watch::Sender<bool>,
    /// Whether the next commit is the moment to hush.
    hushes_at_commit: AtomicBool,
    /// The words that are the moment to hush.
    hushes_at: Mutex<Option<&'static str>>,
    /// Connections older than this many strandings hang for ever.
    strandings: AtomicU32,
    /// Goes up when all connections are to be dropped.
    epoch: watch::Sender<u32>,
    /// Of so many commits, one is cut, in ways that take turns; 0: none.
    cut_one_in: AtomicU32,
    cuts: AtomicU32,
    statements: Option<Statements>,
}

impl Proxy {
    /// Stands before the service that a URL names; gives the URL that leads through it.
    pub async fn before(url: &str) -> (Proxy, String) {
        Proxy::start(url, None).await
    }

    /// The same before a database; everything that is asked of it is written down.
    pub async fn recording(url: &str) -> (Proxy, String) {
        Proxy::start(url, Some(Statements::default())).await
    }

    async fn start(url: &str, statements: Option<Statements>) -> (Proxy, String) {
        let (scheme, user, target, path) = parts(url);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            target: Mutex::new(target.to_owned()),
            shut: AtomicBool::new(false),
            turned_away: AtomicU32::new(0),
            hangs: watch::Sender::new(false),
            hushed: watch::Sender::new(false),
            hushes_at_commit: AtomicBool::new(false),
            hushes_at: Mutex::default(),
            strandings: AtomicU32::new(0),
            epoch: watch::Sender::new(0),
            cut_one_in: AtomicU32::new(0),
            cuts: AtomicU32::new(0),
            statements,
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        // A cut looks for COMMIT in the text, which must not be encrypted for that.
        let plain = if scheme.starts_with("mysql") { "?ssl-mode=DISABLED" } else { "" };
        (Proxy { shared }, format!("{scheme}://{user}{address}{path}{plain}"))
    }

    /// Drops all connections, and every new one.
    pub fn shut(&self) {
        self.shared.shut.store(true, Ordering::SeqCst);
        self.shared.epoch.send_modify(|epoch| *epoch += 1);
    }

    /// Leads new connections to the service that another URL names; those that there are go on.
    pub fn lead_to(&self, url: &str) {
        *self.shared.target.lock().expect("an address") = parts(url).2.to_owned();
    }

    pub fn open(&self) {
        self.shared.shut.store(false, Ordering::SeqCst);
    }

    /// How many connections were turned away while it was shut.
    pub fn turned_away(&self) -> u32 {
        self.shared.turned_away.load(Ordering::SeqCst)
    }

    /// Lets nothing through from now on, or everything again.
    pub fn hang(&self, hangs: bool) {
        self.shared.hangs.send_replace(hangs);
    }

    /// From now on nothing goes through connections that are open, and nobody is told; new ones work.
    pub fn strand(&self) {
        self.shared.strandings.fetch_add(1, Ordering::SeqCst);
    }

    /// Holds all answers back from now on, or lets them go.
    pub fn hush(&self, hushed: bool) {
        self.shared.hushed.send_replace(hushed);
    }

    /// Holds all answers back as soon as a COMMIT goes through.
    pub fn hush_at_commit(&self) {
        self.shared.hushes_at_commit.store(true, Ordering::SeqCst);
    }

    /// Holds all answers back as soon as the database is asked something with these words. Only
    /// where it is written down.
    pub fn hush_at(&self, words: &'static str) {
        *self.shared.hushes_at.lock().expect("words") = Some(words);
    }

    /// Waits until answers are held back.
    pub async fn is_hushed(&self) {
        let mut hushed = self.shared.hushed.subscribe();
        let wait = tokio::time::timeout(super::PATIENCE, hushed.wait_for(|hushed| *hushed));
        assert!(matches!(wait.await, Ok(Ok(_))), "the moment to hush does not come");
    }

    /// From now on cuts one commit of so many; 0 stops that.
    pub fn cut_one_in(&self, commits: u32) {
        self.shared.cut_one_in.store(commits, Ordering::SeqCst);
    }

    /// What the database was asked since this was called last.
    pub fn statements(&self) -> Vec<Statement> {
        self.shared.statements.as_ref().map(Statements::take).unwrap_or_default()
    }

    /// Whether it was asked something with these words since then.
    pub fn was_asked(&self, words: &str) -> bool {
        self.shared.statements.as_ref().is_some_and(|statements| statements.name(words))
    }

    /// How many connections were cut while committing.
    pub fn cuts(&self) -> u32 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Never comes back for a connection that was stranded.
    async fn pass(&self, born: u32) {
        if born < self.strandings.load(Ordering::SeqCst) {
            std::future::pending().await
        }
    }

    /// What to do with this commit.
    fn decide(&self) -> Option<Cut> {
        let one_in = self.cut_one_in.load(Ordering::SeqCst);
        if one_in == 0 || fastrand::u32(0..one_in) > 0 {
            return None;
        }
        let count = self.cuts.fetch_add(1, Ordering::SeqCst);
        Some(Cut::ALL[count as usize % Cut::ALL.len()])
    }
}

/// A URL's scheme, user with an `@`, address and path.
fn parts(url: &str) -> (&str, String, &str, &str) {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, target)) => (scheme, format!("{user}@"), target, path),
        None => (scheme, String::new(), authority, path),
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.shut.load(Ordering::SeqCst) {
            shared.turned_away.fetch_add(1, Ordering::SeqCst);
        } else {
            tokio::spawn(carry(client, Arc::clone(&shared)));
        }
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let born = shared.strandings.load(Ordering::SeqCst);
    let mut epoch = shared.epoch.subscribe();
    let target = shared.target.lock().expect("an address").clone();
    let Ok(service) = TcpStream::connect(target).await else { return };
    let _ = (client.set_nodelay(true), service.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_service, to_service) = service.into_split();
    // `true`: the next thing the service says is not for the client's ears.
    let deaf = Arc::new(AtomicBool::new(false));
    let ear = Mutex::new(Ear::default());
    tokio::select! {
        () = ask(from_client, to_service, &shared, (born, &deaf, &ear)) => {}
        () = answer(from_service, to_client, &shared, (born, &deaf, &ear)) => {}
        _ = epoch.changed() => {}
    }
}

/// Carries what the client says, with an eye on COMMIT.
async fn ask(
    mut client: OwnedReadHalf,
    mut service: OwnedWriteHalf,
    shared: &Shared,
    (born, deaf, ear): (u32, &AtomicBool, &Mutex<Ear>),
) {
    const COMMIT: &[u8] = b"COMMIT";
    let mut buffer = vec![0; 64 * 1024];
    let mut tail: Vec<u8> = Vec::new();
    let mut hangs = shared.hangs.subscribe();
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        let _ = hangs.wait_for(|hangs| !hangs).await;
        shared.pass(born).await;
        let bytes = &buffer[..count];
        if let Some(statements) = &shared.statements {
            ear.lock().expect("ear").hear_client(bytes, statements);
            let mut hushes_at = shared.hushes_at.lock().expect("words");
            if hushes_at.take_if(|words| statements.name(words)).is_some() {
                shared.hushed.send_replace(true);
            }
        }
        tail.extend_from_slice(bytes);
        let commits = tail.windows(COMMIT.len()).any(|window| window == COMMIT);
        tail.drain(..tail.len().saturating_sub(COMMIT.len() - 1));
        if commits && shared.hushes_at_commit.swap(false, Ordering::SeqCst) {
            shared.hushed.send_replace(true);
        }
        match commits.then(|| shared.decide()).flatten() {
            None => {
                if service.write_all(bytes).await.is_err() {
                    return;
                }
            }
            Some(Cut::Before) => return,
            Some(Cut::Half) => {
                let _ = service.write_all(&bytes[..count / 2]).await;
                return;
            }
            Some(Cut::After) => {
                let _ = service.write_all(bytes).await;
                return;
            }
            Some(Cut::Answer) => {
                deaf.store(true, Ordering::SeqCst);
                let _ = service.write_all(bytes).await;
                // `answer` ends this connection when the database has spoken.
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn answer(
    mut service: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    shared: &Shared,
    (born, deaf, ear): (u32, &AtomicBool, &Mutex<Ear>),
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut hangs = shared.hangs.subscribe();
    let mut hushed = shared.hushed.subscribe();
    while let Ok(count @ 1..) = service.read(&mut buffer).await {
        let _ = hangs.wait_for(|hangs| !hangs).await;
        shared.pass(born).await;
        let _ = hushed.wait_for(|hushed| !hushed).await;
        ear.lock().expect("ear").hear_database(&buffer[..count]);
        if deaf.load(Ordering::SeqCst) || client.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
