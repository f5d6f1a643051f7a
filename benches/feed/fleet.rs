//! One, two and four servers of ours behind nginx, on one machine: what it costs that there are more
//! of them, not what more machines would give. Pages and commands a second come through nginx; so do
//! the watchers, of whom the last is on another server than whoever placed the order: with redis, and
//! after it was killed.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::contestant::{Group, median, resident_kib};
use super::ours::{Databases, Ours, order};
use super::ratio;
use super::watchers::{MARK, now_micros};

const FLEETS: [usize; 3] = [1, 2, 4];
const ROUNDS: usize = 3;
const WATCHERS: usize = 2000;
const CONNECTIONS: usize = 64;
const PAGES: u64 = 20_000;
/// Orders that are placed, and accepted then.
const ORDERS: u64 = 4000;
/// Orders of which each is waited for at all watchers.
const MESSAGES: u32 = 20;

/// What a fleet does in a round.
struct Figures {
    pages: f64,
    placed: f64,
    accepted: f64,
    /// Processor time of all servers for a page and for an accept, in µs.
    page_us: f64,
    accept_us: f64,
    last_ms: f64,
    deaf_ms: f64,
    deaf_most_ms: f64,
    app_kib: f64,
    nginx_kib: f64,
    empty_mib: f64,
}

pub async fn run(rounds: usize) {
    println!("{CONNECTIONS} connections, {WATCHERS} watchers, both through nginx");
    let mut all: [Vec<Figures>; 3] = Default::default();
    for _ in 0..rounds.min(ROUNDS) {
        for (figures, servers) in all.iter_mut().zip(FLEETS) {
            figures.push(measure(servers).await);
        }
    }
    let of = |place: usize, figure: fn(&Figures) -> f64| {
        median(&all[place].iter().map(figure).collect::<Vec<_>>())
    };
    for (place, servers) in FLEETS.into_iter().enumerate() {
        println!(
            "{servers} servers: {:.0} pages/s ({:.0} µs each), {:.0} placed/s, {:.0} accepted/s \
             ({:.0} µs each); last watcher after {:.1} ms, without redis {:.0} ms, {:.0} at most; a \
             watcher {:.1} KiB, of nginx {:.1} more; an idle server {:.1} MiB",
            of(place, |figures| figures.pages),
            of(place, |figures| figures.page_us),
            of(place, |figures| figures.placed),
            of(place, |figures| figures.accepted),
            of(place, |figures| figures.accept_us),
            of(place, |figures| figures.last_ms),
            of(place, |figures| figures.deaf_ms),
            all[place].iter().map(|figures| figures.deaf_most_ms).fold(0.0, f64::max),
            of(place, |figures| figures.app_kib),
            of(place, |figures| figures.nginx_kib),
            of(place, |figures| figures.empty_mib),
        );
    }
    for (place, servers) in FLEETS.into_iter().enumerate().skip(1) {
        let versus = |figure| of(place, figure) / of(0, figure);
        ratio(&format!("fleet_pages_{servers}_vs_1"), versus(|figures| figures.pages));
        ratio(&format!("fleet_accepts_{servers}_vs_1"), versus(|figures| figures.accepted));
        ratio(&format!("fleet_page_cost_{servers}_vs_1"), versus(|figures| figures.page_us));
        ratio(&format!("fleet_accept_cost_{servers}_vs_1"), versus(|figures| figures.accept_us));
    }
    // Of the second that is promised.
    let most = |figures: &[Figures]| figures.iter().map(|one| one.deaf_most_ms).fold(0.0, f64::max);
    ratio(
        "fleet_without_redis_of_a_second",
        all.iter().map(|all| most(all)).fold(0.0, f64::max) / 1000.0,
    );
}

async fn measure(servers: usize) -> Figures {
    let databases = Databases::new().await;
    let mut redis = Redis::start();
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let start = |_| Ours::start_with(&databases, "127.0.0.1:0", &[("REDIS_URL", &url)]);
    let fleet: Vec<Ours> = (0..servers).map(start).collect();
    let nginx = Nginx::before(&fleet).await;
    let empty_mib =
        fleet.iter().map(|one| resident_kib(one.process())).sum::<u64>() as f64 / 1024.0;

    let place = |number: u64| {
        let body = order(&format!("Paint the fence of house {number}")).to_string();
        request("POST", "/api/orders", "customer", 1 + number % 100, &body)
    };
    let accept = |number: u64| {
        request("POST", &format!("/api/orders/{}/accept", 1 + number), "executor", 999, "{}")
    };
    let page = |_| request("GET", "/orders", "executor", 9, "");
    let (placed, _) = ask(&nginx.address, &fleet, CONNECTIONS, ORDERS, place, "201").await;
    let (pages, page_us) = ask(&nginx.address, &fleet, CONNECTIONS, PAGES, page, "200").await;
    let (accepted, accept_us) =
        ask(&nginx.address, &fleet, CONNECTIONS, ORDERS, accept, "201").await;

    let memory = || fleet.iter().map(|one| resident_kib(one.process())).sum::<u64>();
    let (before, nginx_before) = (memory(), nginx.resident_kib());
    let mut watchers = Group::watch(&nginx.address, "/live", WATCHERS);
    assert_eq!(watchers.hear(), "connected");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let each = |now: u64, before: u64| now.saturating_sub(before) as f64 / WATCHERS as f64;
    let (app_kib, nginx_kib) = (each(memory(), before), each(nginx.resident_kib(), nginx_before));
    let with_redis = last_watcher(&fleet[0], &mut watchers, 0).await;
    redis.end();
    let without = last_watcher(&fleet[0], &mut watchers, MESSAGES).await;
    let deaf_most_ms = without.iter().copied().fold(0.0, f64::max);
    let (last_ms, deaf_ms) = (median(&with_redis), median(&without));
    let empty_mib = empty_mib / servers as f64;
    Figures {
        pages,
        placed,
        accepted,
        page_us,
        accept_us,
        last_ms,
        deaf_ms,
        deaf_most_ms,
        app_kib,
        nginx_kib,
        empty_mib,
    }
}

/// From the answer to whoever placed an order until the last watcher has it, in ms, several times.
async fn last_watcher(server: &Ours, watchers: &mut Group, from: u32) -> Vec<f64> {
    let (api, mut all) = (server.api(), Vec::new());
    for number in from + 1..=from + MESSAGES {
        // At any moment of the second in which others look at the journal.
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..400))).await;
        api.place(&format!("{MARK}{number} Mow the lawn")).await;
        let committed = now_micros();
        watchers.tell(&number.to_string());
        let [_, last] = watchers.times();
        all.push(last.saturating_sub(committed) as f64 / 1000.0);
    }
    all
}

pub fn request(method: &str, path: &str, role: &str, id: u64, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-User-Type: {role}\r\nX-User-Id: {id}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Asks so often over kept connections; gives answers a second and the servers' µs for each.
pub async fn ask(
    address: &str,
    fleet: &[Ours],
    connections: usize,
    count: u64,
    request: impl Fn(u64) -> Vec<u8>,
    status: &str,
) -> (f64, f64) {
    let busy = || fleet.iter().map(|one| busy_s(one.process().id())).sum::<f64>();
    let next = Arc::new(AtomicU64::new(0));
    let (started, before) = (Instant::now(), busy());
    let asking = (0..connections).map(|_| async {
        let mut stream = TcpStream::connect(address).await.expect("nginx listens");
        stream.set_nodelay(true).expect("a socket");
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            stream.write_all(&request(number)).await.expect("it reads");
            let answer = answer(&mut stream, &mut buffer).await;
            let right = answer.get(9..12) == Some(status.as_bytes());
            assert!(right, "{}", String::from_utf8_lossy(answer));
        }
    });
    join_all(asking).await;
    let taken = started.elapsed().as_secs_f64();
    (count as f64 / taken, (busy() - before) * 1e6 / count as f64)
}

/// Reads one answer, whose length is told in its head.
async fn answer<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> &'a [u8] {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("it answers");
        assert!(read > 0, "it hung up: {}", String::from_utf8_lossy(&buffer[..filled]));
        filled += read;
        let text = &buffer[..filled];
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").trim().parse().expect("a number");
        if filled >= end + 4 + length {
            return &buffer[..filled];
        }
    }
}

/// The processor time that a process has had.
pub fn busy_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("its name");
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks: u64 =
        [11, 12].iter().map(|&place| fields[place].parse::<u64>().expect("ticks")).sum();
    // What Linux tells programs, whatever the kernel counts.
    ticks as f64 / 100.0
}

/// One that may be killed.
struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    fn start() -> Redis {
        let port = fastrand::u16(20_000..32_000);
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis starts");
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Redis { process, port }
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.end();
    }
}

/// nginx as a plain proxy: TLS would be most of what is measured.
struct Nginx {
    master: Child,
    address: String,
}

impl Nginx {
    async fn before(fleet: &[Ours]) -> Nginx {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fleet-nginx");
        std::fs::create_dir_all(&dir).expect("a directory");
        let address = format!("127.0.0.1:{}", fastrand::u16(20_000..32_000));
        std::fs::write(dir.join("nginx.conf"), configuration(&dir, &address, fleet))
            .expect("a file");
        let path = std::env::var("PATH").unwrap_or_default();
        let master = Command::new("nginx")
            .env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"))
            .arg("-p")
            .arg(&dir)
            .args(["-e", "stderr", "-c", "nginx.conf"])
            .spawn()
            .expect("nginx starts (Debian: nginx)");
        while TcpStream::connect(&address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Nginx { master, address }
    }

    /// Of its master and workers.
    fn resident_kib(&self) -> u64 {
        let pid = self.master.id();
        let path = format!("/proc/{pid}/task/{pid}/children");
        let workers = std::fs::read_to_string(path).expect("Linux tells a process's children");
        let status = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/status")).ok();
        let statuses = workers.split_whitespace().filter_map(status);
        statuses
            .filter_map(|status| {
                let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .sum()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Told to leave it takes its workers along; killed, it would leave them behind.
        let _ = Command::new("kill").args(["-TERM", &self.master.id().to_string()]).status();
        let _ = self.master.wait();
    }
}

fn configuration(dir: &std::path::Path, address: &str, fleet: &[Ours]) -> String {
    let dir = dir.display();
    let servers: String = fleet.iter().map(|one| format!("server {}; ", one.address)).collect();
    format!(
        "daemon off; worker_processes 2; pid '{dir}/nginx.pid';
         events {{ worker_connections 8192; }}
         http {{
             access_log off;
             keepalive_requests 1000000000;
             client_body_temp_path '{dir}/temp'; proxy_temp_path '{dir}/temp';
             fastcgi_temp_path '{dir}/temp'; uwsgi_temp_path '{dir}/temp';
             scgi_temp_path '{dir}/temp';
             upstream app {{ {servers} keepalive 128; keepalive_requests 1000000000; }}
             proxy_http_version 1.1;
             server {{
                 listen {address} backlog=4096;
                 location / {{
                     proxy_pass http://app;
                     proxy_set_header Host $http_host; proxy_set_header Connection '';
                 }}
                 location = /live {{
                     proxy_pass http://app; proxy_read_timeout 60s; proxy_buffer_size 4k;
                     proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade;
                     proxy_set_header Connection upgrade;
                 }}
             }}
         }}\n"
    )
}
