//! What a server sends to its database, read off the wire: every statement, with the values that
//! were bound to it.

use std::collections::HashMap;
use std::sync::Mutex;

const QUERY: u8 = 0x03;
const PREPARE: u8 = 0x16;
const EXECUTE: u8 = 0x17;

/// One message, as it could be sent as text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Statement {
    /// As it was prepared, or the text itself.
    pub template: String,
    /// With the values that were bound.
    pub text: String,
}

/// The statements of all connections through a proxy.
#[derive(Default)]
pub struct Statements(Mutex<Vec<Statement>>);

impl Statements {
    pub fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut self.0.lock().expect("statements"))
    }

    /// Whether a statement with these words was sent since the last were taken.
    pub fn name(&self, words: &str) -> bool {
        self.0.lock().expect("statements").iter().any(|known| known.text.contains(words))
    }

    fn note(&self, template: &str, text: String) {
        let statement = Statement { template: template.to_owned(), text };
        self.0.lock().expect("statements").push(statement);
    }
}

/// One connection, heard from both sides.
#[derive(Default)]
pub struct Ear {
    asked: Vec<u8>,
    /// What is being prepared, and the answer to that as far as it came.
    preparing: Option<(String, Vec<u8>)>,
    prepared: HashMap<u32, String>,
}

impl Ear {
    pub fn hear_client(&mut self, bytes: &[u8], statements: &Statements) {
        self.asked.extend_from_slice(bytes);
        while let Some(&[a, b, c, sequence]) = self.asked.first_chunk::<4>() {
            let end = 4 + u32::from_le_bytes([a, b, c, 0]) as usize;
            if self.asked.len() < end {
                return;
            }
            let packet: Vec<u8> = self.asked.drain(..end).skip(4).collect();
            // The greeting's answer has another number.
            if sequence == 0 && !packet.is_empty() {
                self.take(packet[0], &packet[1..], statements);
            }
        }
    }

    /// The database answers before it is asked the next thing, and so the first thing it says is
    /// how it calls what it has just prepared.
    pub fn hear_database(&mut self, bytes: &[u8]) {
        let Some((_, answer)) = &mut self.preparing else { return };
        answer.extend_from_slice(bytes);
        if answer.len() >= 9 {
            let (text, answer) = self.preparing.take().expect("there is one");
            if answer[4] == 0 {
                self.prepared.insert(Reader(&answer[5..]).number(4) as u32, text);
            }
        }
    }

    fn take(&mut self, command: u8, payload: &[u8], statements: &Statements) {
        let text = || String::from_utf8_lossy(payload).into_owned();
        match command {
            QUERY => statements.note(&text(), text()),
            PREPARE => self.preparing = Some((text(), Vec::new())),
            EXECUTE => {
                let mut reader = Reader(payload);
                let template = &self.prepared[&(reader.number(4) as u32)];
                // Flags and a count that is always 1.
                reader.take(5);
                statements.note(template, bound(template, &mut reader));
            }
            _ => {}
        }
    }
}

/// The statement with its values in the places of the question marks.
fn bound(template: &str, reader: &mut Reader) -> String {
    let count = template.matches('?').count();
    if count == 0 {
        return template.to_owned();
    }
    let nulls = reader.take(count.div_ceil(8)).to_vec();
    assert_eq!(reader.number(1), 1, "values come with their types: {template}");
    let types: Vec<u8> = (0..count).map(|_| reader.take(2)[0]).collect();
    let mut parts = template.split('?');
    let mut text = parts.next().expect("a first part").to_owned();
    for (place, (kind, part)) in types.iter().zip(parts).enumerate() {
        let null = nulls[place / 8] >> (place % 8) & 1 == 1;
        text.push_str(&if null { "NULL".to_owned() } else { reader.value(*kind) });
        text.push_str(part);
    }
    text
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A time, of which the database takes as much as there is.
    fn time(&mut self) -> String {
        let length = self.number(1);
        let [year, month, day] = [self.number(2), self.number(1), self.number(1)];
        let mut text = format!("'{year:04}-{month:02}-{day:02}");
        if length > 4 {
            let [hour, minute, second] = [(); 3].map(|()| self.number(1));
            text += &format!(" {hour:02}:{minute:02}:{second:02}");
        }
        if length > 7 {
            text += &format!(".{:06}", self.number(4));
        }
        text + "'"
    }

    /// A value of one of the types that servers bind.
    fn value(&mut self, kind: u8) -> String {
        match kind {
            1 => self.number(1).to_string(),
            2 => self.number(2).to_string(),
            3 => self.number(4).to_string(),
            8 => self.number(8).to_string(),
            7 | 12 => self.time(),
            _ => {
                let length = match self.number(1) {
                    252 => self.number(2),
                    253 => self.number(3),
                    254 => self.number(8),
                    short => short,
                };
                let bytes = self.take(length as usize);
                match std::str::from_utf8(bytes) {
                    Ok(text) if !text.contains(['\'', '\\']) => format!("'{text}'"),
                    // Bytes that are no text, as hashes are, and text that would need care.
                    _ => format!("x'{}'", hex(bytes)),
                }
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
