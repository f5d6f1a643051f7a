//! A server under test, and what is measured of it.

use std::io::{BufRead, BufReader, Write};
use std::pin::Pin;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::fleet::busy_s;
use super::watchers::{MARK, now_micros};

/// Processes that the watchers are spread over.
pub const PROCESSES: usize = 2;

pub type Publish = Box<dyn FnMut(u32) -> Pin<Box<dyn Future<Output = ()>>>>;

pub struct Contestant {
    pub name: &'static str,
    pub server: Child,
    /// Where watchers connect.
    pub address: String,
    pub path: String,
    /// What every watcher gets for message 0.
    pub message: String,
    /// Publishes the message of this number.
    pub publish: Publish,
    /// What must live as long as the server.
    pub _keep: Option<super::ours::Databases>,
}

/// What was measured: of each message the milliseconds until the last watcher had it and between
/// the first and the last; of each run KiB for each watcher, and µs of the server's processor time
/// for each message to each watcher.
#[derive(Default)]
pub struct Figures {
    last_ms: Vec<f64>,
    spread_ms: Vec<f64>,
    connected_kib: Vec<f64>,
    after_kib: Vec<f64>,
    send_us: Vec<f64>,
}

impl Contestant {
    /// Connects the watchers, publishes, and ends the server.
    pub async fn measure(mut self, watchers: usize, messages: u32) -> Figures {
        let before = resident_kib(&self.server);
        let mut groups: Vec<Group> = (0..PROCESSES)
            .map(|_| Group::watch(&self.address, &self.path, watchers / PROCESSES))
            .collect();
        groups.iter_mut().for_each(|group| assert_eq!(group.hear(), "connected"));
        // Greetings and what the handshakes left behind.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let each = |kib: u64| kib.saturating_sub(before) as f64 / watchers as f64;
        let mut figures = Figures::default();
        figures.connected_kib.push(each(resident_kib(&self.server)));
        let busy = busy_s(self.server.id());
        for number in 1..=messages {
            let published = now_micros();
            (self.publish)(number).await;
            groups.iter_mut().for_each(|group| group.tell(&number.to_string()));
            let times: Vec<[u64; 2]> = groups.iter_mut().map(Group::times).collect();
            let last = times.iter().map(|times| times[1]).max().unwrap_or(0);
            let first = times.iter().map(|times| times[0]).min().unwrap_or(0);
            figures.last_ms.push(last.saturating_sub(published) as f64 / 1000.0);
            figures.spread_ms.push((last - first) as f64 / 1000.0);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let busy = busy_s(self.server.id()) - busy;
        figures.send_us.push(busy * 1e6 / f64::from(messages) / watchers as f64);
        figures.after_kib.push(each(resident_kib(&self.server)));
        drop(groups);
        let _ = self.server.kill();
        let _ = self.server.wait();
        figures
    }
}

impl Figures {
    pub fn extend(&mut self, other: Figures) {
        self.last_ms.extend(other.last_ms);
        self.spread_ms.extend(other.spread_ms);
        self.connected_kib.extend(other.connected_kib);
        self.after_kib.extend(other.after_kib);
        self.send_us.extend(other.send_us);
    }

    /// Until the last watcher has a message: the middle one.
    pub fn last_ms(&self) -> f64 {
        median(&self.last_ms)
    }

    pub fn connected_kib(&self) -> f64 {
        median(&self.connected_kib)
    }

    pub fn to_line(&self) -> String {
        format!(
            "last {:>6.1} ms   first to last {:>6.1} ms   {:>6.2} KiB a watcher, {:>6.2} after \
             messages   {:.2} µs a send",
            self.last_ms(),
            median(&self.spread_ms),
            self.connected_kib(),
            median(&self.after_kib),
            median(&self.send_us),
        )
    }
}

pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Some of the watchers, in a process of their own.
pub struct Group {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Group {
    /// Watchers who count messages.
    pub fn watch(address: &str, path: &str, watchers: usize) -> Group {
        Group::spawn(["--watch", address, path, &watchers.to_string()])
    }

    /// Watchers who take every message for what it says.
    pub fn follow(address: &str, history: &str, watchers: usize) -> Group {
        Group::spawn(["--follow", address, history, &watchers.to_string()])
    }

    fn spawn(arguments: [&str; 4]) -> Group {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the watchers start");
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        Group { process, input, output }
    }

    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the watchers speak");
        line.trim().to_owned()
    }

    pub fn tell(&mut self, what: &str) {
        writeln!(self.input, "{what}").expect("the watchers listen");
    }

    /// Two numbers, such as when the first and the last of them had what was asked for.
    pub fn times(&mut self) -> [u64; 2] {
        let line = self.hear();
        let times = line.split_once(' ').expect("two times");
        [times.0, times.1].map(|time| time.parse().expect("a time"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The message of another number.
pub fn renumber(message: &str, number: u32) -> String {
    message.replace(&format!("{MARK}0 "), &format!("{MARK}{number} "))
}

pub fn resident_kib(process: &Child) -> u64 {
    let path = format!("/proc/{}/status", process.id());
    let status = std::fs::read_to_string(path).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}
