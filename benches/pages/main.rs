//! How fast pages are served: the board's page from the cache beside nginx with a static file of the
//! same bytes, alternating in one run; pages that are in no cache, on a board of a million open
//! orders; and what a million orders cost at start.
//!
//! Needs the services: `bin/services up && source .services/env && cargo bench --bench pages`.
//! After `--`: `--quick` is one round instead of 15; `--hits` is what needs no big board;
//! `--profile SECONDS` keeps a small board busy and says the server's pid, for a profiler to look at.
//!
//! The server under test has one core to itself, the load another; the databases are anywhere. So
//! both servers show what they make of one core, and the line of each says how busy the load was:
//! where that is near 100 %, the load is what was measured.

mod abuse;
mod cores;
mod load;
mod misses;
mod nginx;
mod ours;
mod rounds;
mod talk;

use std::time::{Duration, Instant};

use nginx::Nginx;
use ours::{Databases, ORDERS, Ours};
use rounds::{Rounds, Subject};
use talk::{Talk, get};

const ROUNDS: usize = 15;
/// Misses of each kind in a round.
const MISSES: usize = 20;
const WRITES_PER_SECOND: u32 = 200;
/// The last page there was before orders were placed here.
const DEEP: u32 = ORDERS / 20;

const ADMIN: &str = "X-User-Type: admin\r\n";
const CUSTOMER: u32 = 77;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--load", address, connections, millis] => {
            load::run(address, connections.parse().unwrap(), millis.parse().unwrap());
        }
        ["--profile", seconds, ..] => profile(seconds.parse().expect("seconds")),
        _ => {
            cores::settle();
            let databases = Databases::new();
            let rounds = if arguments.contains(&"--quick") { 1 } else { ROUNDS };
            if arguments.contains(&"--hits") {
                hits(&small(&databases), rounds);
                abused(&databases, rounds);
            } else {
                compare(&databases, rounds);
            }
        }
    }
}

fn compare(databases: &Databases, rounds: usize) {
    // The first start makes the tables, which the others do not.
    drop(Ours::start(databases));
    let empty = Ours::start(databases).memory_mib()[0];
    let filling = Instant::now();
    databases.fill();
    println!(
        "{ORDERS} open orders, as many contracts (made in {:.0} s); buffer pool {} MiB",
        filling.elapsed().as_secs_f64(),
        databases.buffer_pool_mib()
    );
    let ours = Ours::start(databases);
    let [now, most] = ours.memory_mib();
    println!(
        "start {:.2} s; {now:.1} MiB, {most:.1} at most; on an empty board {empty:.1}: the index of \
         open ids costs {:.1} MiB",
        ours.start.as_secs_f64(),
        now - empty
    );

    hits(&ours, rounds);
    deep_pages(&ours, rounds);
    under_writes(&ours, rounds);
    stampedes(&ours, rounds);
    abused(databases, rounds);
    let [now, most] = ours.memory_mib();
    println!("in the end {now:.1} MiB, {most:.1} at most");
}

/// What a browser sends of whoever was chosen in the switcher.
fn reader(ours: &Ours, role: &str, id: u32) -> String {
    let body = format!("user_type={role}&user_id={id}");
    let request = format!(
        "POST /session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let head = Talk::to(&ours.address).ask(request.as_bytes()).head;
    let cookies = head.lines().filter_map(|line| line.split_once(": "));
    let mut cookies = cookies.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let who = cookies.find(|(_, cookie)| cookie.starts_with("orderboard_who=")).expect("a cookie");
    format!("Cookie: {}\r\n", who.1.split(';').next().expect("its value"))
}

fn board<'a>(ours: &'a Ours, name: &'static str) -> Subject<'a> {
    let request = get("/orders", &reader(ours, "executor", 7));
    Subject { name, address: &ours.address, pid: ours.pid(), request, source: "memory" }
}

fn hits(ours: &Ours, rounds: usize) {
    let board = board(ours, "board");
    let page = Talk::to(&ours.address).ask(&board.request).body;
    let request = get("/my/orders", &reader(ours, "customer", CUSTOMER));
    let mine = Subject { name: "personal", request, source: "redis", ..board_of(&board) };
    // The first of each finds nothing.
    Talk::to(&ours.address).ask(&mine.request);
    let nginx = Nginx::start(&page);
    let mut subjects = vec![board, mine];
    match &nginx {
        Ok(nginx) => subjects.push(Subject {
            name: "nginx, static",
            address: &nginx.address,
            pid: nginx.pid(),
            request: get("/orders.html", ""),
            source: "silent",
        }),
        Err(why) => println!("nginx is skipped: {why}"),
    }
    let measured = rounds::alternate(&subjects, rounds);
    for (subject, rounds) in subjects.iter().zip(&measured) {
        println!("{}", rounds.to_line(subject));
    }
    if let [board, _, nginx] = &measured[..] {
        ratio("board_hit_vs_nginx_static", board.rate_to(nginx));
    }
}

fn board_of<'a>(board: &Subject<'a>) -> Subject<'a> {
    Subject { request: board.request.clone(), ..*board }
}

fn deep_pages(ours: &Ours, rounds: usize) {
    let executor = reader(ours, "executor", 7);
    let any = || fastrand::u32(2..DEEP);
    let pages = misses::alternate(
        &ours.address,
        &executor,
        &[
            ("missing board page 1", &|| "/orders".to_owned()),
            ("missing board page 50,000", &|| format!("/orders?page={DEEP}")),
            ("missing board page, any", &|| format!("/orders?page={}", any())),
        ],
        rounds * MISSES,
    );
    let contracts = misses::alternate(
        &ours.address,
        ADMIN,
        &[
            ("all contracts, page 1", &|| "/admin/contracts".to_owned()),
            ("all contracts, page 50,000", &|| format!("/admin/contracts?page={DEEP}")),
            ("all contracts, any page", &|| format!("/admin/contracts?page={}", any())),
        ],
        rounds * MISSES,
    );
    for times in pages.iter().chain(&contracts) {
        println!("{}", times.to_line());
    }
    ratio("board_page_50000_vs_page_1_miss", pages[1].median() / pages[0].median());
    ratio("admin_contracts_page_50000_vs_page_1", contracts[1].median() / contracts[0].median());
}

fn under_writes(ours: &Ours, rounds: usize) {
    let quiet = board(ours, "board, quiet");
    let busy = board(ours, "board, written");
    let [mut in_quiet, mut written] = [Rounds::default(), Rounds::default()];
    let mut rates = Vec::new();
    for _ in 0..rounds {
        quiet.ask(&mut in_quiet);
        let writes = misses::Writes::start(&ours.address, WRITES_PER_SECOND);
        busy.ask(&mut written);
        rates.push(writes.stop());
    }
    println!("{}", in_quiet.to_line(&quiet));
    println!("{}", written.to_line(&busy));
    println!("orders placed meanwhile: {:.0}/s", rounds::median(rates));
    ratio("board_under_200_writes_vs_hit", written.rate_to(&in_quiet));
}

/// The worst of some, each for a page of its own.
fn stampedes(ours: &Ours, rounds: usize) {
    let executor = reader(ours, "executor", 7);
    let worst = (0..2 * rounds as u32).map(|number| {
        let request = get(&format!("/orders?page={}", 1 + number), &executor);
        misses::stampede(&ours.address, number, &request)
    });
    let worst = worst.max_by_key(|(origins, _)| origins.of("mysql")).expect("some rounds");
    println!(
        "{} at once for a missing page: {}; the last after {:.1} ms",
        misses::STAMPEDE,
        worst.0.to_words(),
        f64::from(worst.1) / 1000.0
    );
    let renders = worst.0.of("mysql") as f64;
    ratio("stampede_renders_per_1000", renders / misses::STAMPEDE as f64);
}

/// With the limits as they are by default.
fn abused(databases: &Databases, rounds: usize) {
    let limits = [
        ("MAX_REQUESTS_PER_SECOND", "100"),
        ("MAX_QUERIES_TO_MYSQL", "600"),
        ("MAX_ORDERS_PER_DAY", "200"),
    ];
    let ours = Ours::start_with(databases, &limits);
    let readers = [reader(&ours, "executor", 7), reader(&ours, "customer", CUSTOMER)];
    let abuser = reader(&ours, "customer", CUSTOMER + 1);
    let [quiet, abused] = abuse::alternate(&ours, readers, &abuser, rounds);
    ratio("abused_p99_vs_quiet", abused.quantile(0.99) / quiet.quantile(0.99));
}

/// A server with a board of few orders, which looks no different.
fn small(databases: &Databases) -> Ours {
    let ours = Ours::start(databases);
    let mut talk = Talk::to(&ours.address);
    (1..=50).for_each(|number| misses::place_order(&mut talk, number));
    ours
}

/// Hits alone.
fn profile(seconds: u64) {
    cores::settle();
    let databases = Databases::new();
    let ours = small(&databases);
    let board = board(&ours, "board");
    Talk::to(&ours.address).ask(&board.request);
    println!("pid {}", ours.pid());
    let before = cores::busy(ours.pid());
    let seen = load::ask(&ours.address, 32, Duration::from_secs(seconds), &board.request);
    let busy = cores::busy(ours.pid()) - before;
    println!(
        "{:.0}/s   p50 {} µs   p99 {} µs   {:.1} µs of a core each",
        seen.rate(),
        seen.p50_us,
        seen.p99_us,
        busy.as_secs_f64() * 1e6 / seen.asked as f64
    );
}

fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}
