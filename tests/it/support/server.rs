//! A real server: the program itself, as a process that can be stopped, killed and put to sleep.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::client::Http;
use super::process::signal;
use super::{AGAIN, Client, PATIENCE, World, eventually};

pub struct Server {
    child: Child,
    pub address: SocketAddr,
    http: Http,
    log: Arc<Mutex<String>>,
    alive: Arc<AtomicUsize>,
    ended: bool,
}

impl Server {
    pub(super) async fn start(world: &World, settings: &[(&str, &str)]) -> Server {
        let mut child = world
            .command("serve")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server's program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (told, telling) = tokio::sync::oneshot::channel();
        let mut told = Some(told);
        listen(child.stderr.take().expect("piped"), Arc::clone(&log), |_| {});
        listen(child.stdout.take().expect("piped"), Arc::clone(&log), move |line| {
            if let Some((_, address)) = line.split_once("listening on http://")
                && let Some(told) = told.take()
            {
                let _ = told.send(address.trim().to_owned());
            }
        });
        world.alive.fetch_add(1, Ordering::Relaxed);
        let mut server = Server {
            child,
            address: ([127, 0, 0, 1], 0).into(),
            http: Http::default(),
            log,
            alive: Arc::clone(&world.alive),
            ended: false,
        };
        let told = tokio::time::timeout(PATIENCE, telling).await;
        let address = told.ok().and_then(Result::ok).expect("the server says where it listens");
        server.address = address.parse().expect("an address");
        let nobody = server.nobody();
        eventually("the server is ready", || async {
            let reply = nobody.try_get("/readyz").await.ok()?;
            (reply.status == 200).then_some(())
        })
        .await;
        server
    }

    /// A client that says nothing about who it is.
    pub fn nobody(&self) -> Client {
        Client::new(self.http.clone(), self.address)
    }

    pub fn customer(&self, id: u32) -> Client {
        self.as_user("customer", &id.to_string())
    }

    pub fn executor(&self, id: u32) -> Client {
        self.as_user("executor", &id.to_string())
    }

    pub fn admin(&self) -> Client {
        self.nobody().with("x-user-type", "admin")
    }

    pub fn as_user(&self, role: &str, id: &str) -> Client {
        self.nobody().with("x-user-type", role).with("x-user-id", id)
    }

    /// One of the numbers it counts, named as `/metrics` does: `feed_runs_total{way="bell"}`.
    pub async fn measure(&self, name: &str) -> f64 {
        let text = self.nobody().get("/metrics").await.expect(200).text();
        let name = format!("orderboard_{name} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&name));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    /// How much memory it holds. What waits in sockets' buffers is the kernel's, not its own.
    pub fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// SIGKILL: it gets no chance to say or save anything.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.note_end();
    }

    /// SIGTERM: it must leave in order.
    pub async fn stop(&mut self) {
        self.signal("TERM");
        assert_eq!(self.ended().await, Some(0), "the server leaves in order:\n{}", self.log());
    }

    /// Waits until it leaves by itself; its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state is known") {
                break status;
            }
            assert!(Instant::now() < deadline, "the server does not leave:\n{}", self.log());
            tokio::time::sleep(AGAIN).await;
        };
        self.note_end();
        status.code()
    }

    /// SIGSTOP: it hangs, with everything it holds.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    fn note_end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.alive.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the server at {} wrote:\n{}---", self.address, self.log());
        }
    }
}

/// A port for a server that must come back at the same one; below the range from which outgoing
/// connections draw theirs.
pub fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(20_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Keeps what a pipe brings, until it ends with its process.
pub(super) fn listen(
    pipe: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
    mut hear: impl FnMut(&str) + Send + 'static,
) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            hear(&line);
            let mut log = log.lock().expect("log");
            log.push_str(&line);
            log.push('\n');
        }
    });
}
