//! Messages as they go over sockets: what of a run an audience may see, in its format, in pieces of
//! at most 4 KiB.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::contracts::{self, Contract};
use crate::exchange::event::{Event, Mark};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::orders::{self, Order, Status};

/// A message's longest text. tungstenite's write buffer grows to the largest message and stays so.
pub const MAX_BYTES: usize = 4096;
/// What the fields around the lists take at most.
const ENVELOPE: usize = 224;

/// How rows are written: as data, or ready-made for our own pages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    Json,
    Html(Lang),
}

/// What stands around the lists of a message.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    pub from: u64,
    pub to: u64,
    /// Of the batch that made `to`.
    pub mark: Mark,
    /// For those who see the board.
    pub open_orders: Option<u32>,
    /// When the run was committed, RFC 3339.
    pub sent: &'a str,
}

/// One thing for one list of a message, already written.
#[derive(Clone, Debug)]
pub struct Item {
    list: &'static str,
    text: String,
}

/// What everybody who sees the board learns: orders that came, and ids that left. An order that
/// came and left within the run has only left.
pub fn public_items(events: &[Event], format: Format) -> Vec<Item> {
    let mut opened = BTreeMap::new();
    let mut closed = BTreeMap::new();
    for order in events.iter().filter_map(Event::order) {
        if order.status == Status::Open {
            opened.insert(order.id, order);
        } else {
            opened.remove(&order.id);
            closed.insert(order.id, order.status.name());
        }
    }
    let opened = opened
        .into_values()
        .map(|order| Item { list: "opened", text: write_order(&order.to_excerpt(), None, format) });
    let closed = closed.into_iter().map(|(id, reason)| Item {
        list: "closed",
        text: json!({"id": id, "reason": reason}).to_string(),
    });
    opened.chain(closed).collect()
}

/// What one person learns of their own orders and contracts, in the latest state; admins learn all.
pub fn personal_items<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    user: User,
    format: Format,
) -> Vec<Item> {
    let mut contracts: BTreeMap<u32, Contract> = BTreeMap::new();
    let mut orders: BTreeMap<u32, &Order> = BTreeMap::new();
    let mut notes = Vec::new();
    for event in events {
        notes.extend(write_note(event, user).map(|text| Item { list: "notes", text }));
        if let Some(contract) = event.contract().filter(|contract| contract.is_visible_to(user)) {
            contracts.insert(contract.id, contract);
        }
        let own = |order: &&Order| {
            user.role == Role::Admin
                || (user.role == Role::Customer && order.customer_id == user.id)
        };
        if let Some(order) = event.order().filter(own) {
            orders.insert(order.id, order);
        }
    }
    let contracts = contracts
        .values()
        .map(|contract| Item { list: "contracts", text: write_contract(contract, format) });
    let orders = orders.values().map(|order| Item {
        list: "orders",
        text: write_order(&order.to_excerpt(), Some(user), format),
    });
    contracts.chain(orders).chain(notes).collect()
}

/// Packs items into messages of at most `MAX_BYTES`. All say that more of the run follows, except
/// the last one when it `closes` the run; without items that is an empty message.
pub fn messages(envelope: Envelope, items: &[Item], closes: bool) -> Vec<String> {
    let mut packs: Vec<&[Item]> = Vec::new();
    let mut rest = items;
    while !rest.is_empty() {
        let mut bytes = ENVELOPE;
        let fitting = rest.iter().take_while(|item| {
            bytes += item.text.len() + item.list.len() + 6;
            bytes <= MAX_BYTES
        });
        let count = fitting.count().max(1);
        let (pack, others) = rest.split_at(count);
        packs.push(pack);
        rest = others;
    }
    if packs.is_empty() && closes {
        packs.push(&[]);
    }
    let last = packs.len().saturating_sub(1);
    let packs = packs.into_iter().enumerate();
    packs.map(|(place, pack)| message(envelope, pack, !closes || place < last)).collect()
}

/// A heartbeat: an empty run with the number of watchers. `mark` is that of `to`.
pub fn heartbeat(from: u64, to: u64, mark: Mark, watchers: u32, sent: &str) -> String {
    format!(
        "{{\"from\":{from},\"to\":{to},\"batch\":\"{mark}\",\"watchers\":{watchers},\
         \"sent\":\"{sent}\"}}"
    )
}

/// Too far behind, or another history: fetch everything, then go on from `to`.
pub fn resync(to: u64, mark: Mark, history: &str) -> String {
    json!({
        "resync": true,
        "to": to,
        "batch": mark.to_string(),
        "history": history,
        "retry_ms": 0,
    })
    .to_string()
}

/// The server leaves; come back after `retry_ms`.
pub fn goodbye(to: u64, retry_ms: u64) -> String {
    json!({"goodbye": true, "retry_ms": retry_ms, "to": to}).to_string()
}

/// Text messages as a server sends them: whole frames, one after the other.
pub fn to_frames(messages: &[Utf8Bytes]) -> Bytes {
    let mut bytes = Vec::new();
    for message in messages {
        let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
        let length = message.len() as u64;
        header.format(length, &mut bytes).expect("writing to memory cannot fail");
        bytes.extend_from_slice(message.as_bytes());
    }
    bytes.into()
}

/// What a text message takes on the wire, with its frame's header.
pub fn length(message: &Utf8Bytes) -> usize {
    message.len() + FrameHeader::default().len(message.len() as u64)
}

fn message(envelope: Envelope, items: &[Item], more: bool) -> String {
    let Envelope { from, to, mark, open_orders, sent } = envelope;
    let mut text = String::with_capacity(MAX_BYTES / 4);
    text.push_str(&format!("{{\"from\":{from},\"to\":{to}"));
    if let Some(open_orders) = open_orders {
        text.push_str(&format!(",\"open_orders\":{open_orders}"));
    }
    // Items stand in the order of their lists.
    let mut list = "";
    for item in items {
        if item.list == list {
            text.push(',');
        } else {
            if !list.is_empty() {
                text.push(']');
            }
            list = item.list;
            text.push_str(&format!(",\"{list}\":["));
        }
        text.push_str(&item.text);
    }
    if !list.is_empty() {
        text.push(']');
    }
    if more {
        text.push_str(",\"more\":true");
    } else {
        text.push_str(&format!(",\"batch\":\"{mark}\""));
    }
    text.push_str(&format!(",\"sent\":\"{sent}\"}}"));
    text
}

fn write_order(order: &Order, reader: Option<User>, format: Format) -> String {
    #[derive(Serialize)]
    struct Row {
        id: u32,
        status: &'static str,
        row: String,
    }
    match format {
        Format::Json => write(&orders::web::Shape::new(order, reader)),
        Format::Html(lang) => write(&Row {
            id: order.id,
            status: order.status.name(),
            row: orders::view::row(lang, order).into_string(),
        }),
    }
}

/// That there is a note, for its parties and admins: what it says is read where it stands.
fn write_note(event: &Event, reader: User) -> Option<String> {
    let Event::NoteWritten { contract_id, customer_id, executor_id, number, author, .. } = event
    else {
        return None;
    };
    let parties = [User::customer(*customer_id), User::executor(*executor_id)];
    let may = reader.role == Role::Admin || parties.contains(&reader);
    let note = json!({"contract_id": contract_id, "number": number, "author": author.name()});
    may.then(|| note.to_string())
}

fn write_contract(contract: &Contract, format: Format) -> String {
    #[derive(Serialize)]
    struct Row {
        id: u32,
        order_id: u32,
        status: &'static str,
        row: String,
    }
    match format {
        Format::Json => write(&contracts::web::Shape::new(contract)),
        Format::Html(lang) => write(&Row {
            id: contract.id,
            order_id: contract.order_id,
            status: contract.status.name(),
            row: contracts::view::row(lang, contract).into_string(),
        }),
    }
}

fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("messages are plain data")
}
