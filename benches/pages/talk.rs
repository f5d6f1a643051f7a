//! One kept connection: ask, and read the whole answer. Nothing of it is kept but what is measured.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Where an answer says that its data came from.
pub const SOURCES: [&str; 6] = ["memory", "memcached", "redis", "mysql", "none", "silent"];
const SILENT: usize = SOURCES.len() - 1;

/// How many answers came from where.
#[derive(Default, Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Origins([u64; SOURCES.len()]);

impl Origins {
    pub fn note(&mut self, source: usize) {
        self.0[source] += 1;
    }

    pub fn add(&mut self, others: &Origins) {
        self.0.iter_mut().zip(others.0).for_each(|(sum, more)| *sum += more);
    }

    pub fn of(&self, source: &str) -> u64 {
        SOURCES.iter().position(|&known| known == source).map_or(0, |place| self.0[place])
    }

    /// `memory 12345, memcached 1`
    pub fn to_words(self) -> String {
        let some = SOURCES.iter().zip(self.0).filter(|&(_, count)| count > 0);
        some.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    }
}

/// The head of an answer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Head {
    /// Of head and body together, in bytes.
    pub length: usize,
    pub head_length: usize,
    pub status: u16,
    pub source: usize,
}

impl Head {
    /// Reads a head once all of it is there.
    pub fn read(bytes: &[u8]) -> Option<Head> {
        let (mut body, mut source, mut rest) = (0, SILENT, bytes);
        let status = std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()?;
        loop {
            let end = rest.iter().position(|&byte| byte == b'\n')?;
            let line = &rest[..end.saturating_sub(1)];
            rest = &rest[end + 1..];
            if line.is_empty() {
                let head_length = bytes.len() - rest.len();
                return Some(Head { length: head_length + body, head_length, status, source });
            } else if let Some(value) = value_of(line, b"content-length: ") {
                body = value.parse().ok()?;
            } else if let Some(value) = value_of(line, b"x-cache: ") {
                source = SOURCES.iter().position(|&name| name == value).unwrap_or(SILENT);
            }
        }
    }
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| std::str::from_utf8(value).ok())?
}

/// What one answer was.
pub struct Answer {
    pub micros: f64,
    pub status: u16,
    pub source: &'static str,
    pub head: String,
    pub body: Vec<u8>,
}

/// A client that waits for each answer.
pub struct Talk {
    address: String,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Talk {
    pub fn to(address: &str) -> Talk {
        let address = address.to_owned();
        Talk { stream: connect(&address), address, buffer: vec![0; 256 * 1024] }
    }

    pub fn ask(&mut self, request: &[u8]) -> Answer {
        let answer = self.ask_anything(request);
        assert!((200..400).contains(&answer.status), "{}", answer.head);
        answer
    }

    /// The same, and it may be refused.
    pub fn ask_anything(&mut self, request: &[u8]) -> Answer {
        let start = Instant::now();
        self.stream.write_all(request).expect("it reads");
        let mut filled = 0;
        let head = loop {
            filled += self.hear(filled);
            if let Some(head) = Head::read(&self.buffer[..filled]) {
                break head;
            }
        };
        while filled < head.length {
            filled += self.hear(filled);
        }
        let micros = start.elapsed().as_secs_f64() * 1e6;
        let (text, body) = self.buffer[..filled].split_at(head.head_length);
        let text = String::from_utf8_lossy(text).into_owned();
        let source = SOURCES[head.source];
        let body = body.to_vec();
        if text.to_ascii_lowercase().contains("\r\nconnection: close\r\n") {
            // A POST that was refused before its body was read.
            self.stream = connect(&self.address);
        }
        Answer { micros, status: head.status, source, head: text, body }
    }

    fn hear(&mut self, filled: usize) -> usize {
        let read = self.stream.read(&mut self.buffer[filled..]).expect("it answers");
        assert!(read > 0, "it closed the connection");
        read
    }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    stream
}

/// A request for a page, as its reader's browser sends it.
pub fn get(path: &str, reader: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{reader}\r\n").into_bytes()
}
