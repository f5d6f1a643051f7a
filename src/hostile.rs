//! Whatever comes from outside may be anything: texts and bytes that were once lawful and then cut,
//! doubled, mixed and bent, a hundred thousand of each kind. It is read as something lawful or
//! refused; nothing panics, and what was read is what it says.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use fastrand::Rng;

use crate::audit::tests;
use crate::config::Config;
use crate::contracts::{Contract, State};
use crate::error::Refusal;
use crate::exchange::event::{Event, Run};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::money::{Amount, Currency, MaxCost, Notation, Percent, parse_price, split};
use crate::orders::Order;
use crate::orders::placing::read_order;
use crate::page::paging::{Table, Window, buttons};
use crate::people::Profile;
use crate::web::Fields;
use crate::{board, contracts, orders};

const CASES: u32 = 100_000;

/// What breaks readers: edges of numbers and of nesting, marks that end things, text that is none.
const SPICES: [&[u8]; 28] = [
    b"0",
    b"-1",
    b"9223372036854775807",
    b"18446744073709551616",
    b"4294967296",
    b"1e400",
    b"0.1",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"%",
    b"%00",
    b"&",
    b"=",
    b"+",
    b"\xff\xfe",
    b"\xf0\x9f\x8e\xa8",
    "\u{202e}".as_bytes(),
    "\u{a0}".as_bytes(),
    b"\r\n",
];

/// One of these, bent some times.
fn bent(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.u32(0..6) {
        let at = random.usize(..=bytes.len());
        let end = at + random.usize(..=(bytes.len() - at).min(12));
        match random.u32(..7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 if at < bytes.len() => bytes[at] ^= 1 << random.u32(..8),
            4 => {
                let other = &seeds[random.usize(..seeds.len())];
                let from = random.usize(..=other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
            _ => {
                let spice = SPICES[random.usize(..SPICES.len())];
                bytes.splice(at..end, spice.iter().copied());
            }
        }
    }
    bytes
}

/// Tries all cases; says which one a panic came from.
fn each(seeds: &[Vec<u8>], mut check: impl FnMut(&[u8]) -> bool) {
    let mut random = Rng::with_seed(fastrand::u64(..));
    let mut lawful = 0;
    for _ in 0..CASES {
        let bytes = bent(seeds, &mut random);
        match catch_unwind(AssertUnwindSafe(|| check(&bytes))) {
            Ok(is_lawful) => lawful += u32::from(is_lawful),
            Err(panic) => {
                eprintln!("the case: {:?}", String::from_utf8_lossy(&bytes));
                resume_unwind(panic);
            }
        }
    }
    // Both happen, or nothing was tried.
    assert!((CASES / 1000..CASES).contains(&lawful), "{lawful} of {CASES} were lawful");
}

fn texts(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

fn order(id: u32) -> Order {
    tests::order(id, 7)
}

fn contract(id: u32) -> Contract {
    let taken = tests::closed(order(id), orders::Status::Taken, 8);
    Contract::of_order(&taken, id, 9)
}

fn config() -> Config {
    let databases = ["DATABASE_URL", "USERS_DATABASE_URL"];
    Config::read(|name| databases.contains(&name).then(|| "mysql://h/d".to_owned())).unwrap()
}

#[test]
fn prices_are_in_bounds_or_refused() {
    let seeds =
        texts(&["99.95", "1 299,95", "100000000.00", "0.01", "5", "00012.50", "1\u{202f}000"]);
    let max = MaxCost::parse("100000000.00").unwrap();
    each(&seeds, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let codes = ["RUB", "JPY", "KWD"].map(|code| Currency::from_code(code).unwrap());
        let read = codes.map(|currency| {
            let max = max.in_currency(currency);
            let read = parse_price(text, currency, Notation::Form, max);
            if let Ok(price) = read {
                assert!(Amount::ZERO < price && price <= max);
                let parts = split(price, Percent::new(2).unwrap());
                assert_eq!(parts.fee.checked_add(parts.payout), Some(price));
            }
            if let Ok(price) = parse_price(text, currency, Notation::Strict, max) {
                let again =
                    parse_price(&price.to_decimal(currency), currency, Notation::Strict, max);
                assert_eq!(again, Ok(price));
                assert_eq!(read, Ok(price), "who may write less may not write otherwise");
            }
            read.is_ok()
        });
        read.contains(&true)
    });
}

/// An order that may be placed keeps what was typed; or somebody is told why not, in every language.
fn is_placed(fields: Result<Fields, Refusal>, config: &Config) -> bool {
    let read = fields.and_then(|fields| {
        let order = read_order(&fields, config)?;
        let typed = fields.get("description")?.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(order.description, typed);
        assert!((1..=8000).contains(&order.description.chars().count()));
        Ok(order)
    });
    if let Err(refusal) = &read {
        assert!(refusal.kind().0.is_client_error());
        for lang in Lang::ALL {
            assert!(!refusal.detail(lang).is_empty());
        }
    }
    read.is_ok()
}

#[test]
fn forms_are_orders_or_refused_in_words() {
    let config = config();
    let seeds = texts(&[
        "description=Paint+the+fence&price=1+299%2C95&currency=RUB&request_id=a-key",
        "description=%D0%97%D0%B0%D0%B1%D0%BE%D1%80%0D%0A%09x&price=7&currency=JPY",
        "price=1&currency=USD&description=a&description=b",
    ]);
    each(&seeds, |bytes| is_placed(Fields::from_form(bytes), &config));
}

#[test]
fn json_bodies_are_orders_or_refused_in_words() {
    let config = config();
    let mut seeds = texts(&[
        r#"{"description":"Paint the fence","price":"100.00","currency":"RUB"}"#,
        r#"{"currency":"EUR","description":"\ud83c\udfa8 \u0417","price":"0.01","price":"2"}"#,
        r#"{"description":"x","price":"5","currency":"JPY","more":[{"a":1},null,1e9]}"#,
    ]);
    seeds.push([&b"{\"description\":"[..], &vec![b'['; 200_000], b"}"].concat());
    each(&seeds[..3], |bytes| is_placed(Fields::from_json(bytes), &config));
    assert!(!is_placed(Fields::from_json(&seeds[3]), &config), "deeper than a stack");
}

#[test]
fn addresses_of_pages_are_pages_there_are() {
    let seeds = texts(&["1", "50000", "4294967295", "100", "20"]);
    each(&seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let window = Window::parse(Some(&text), Some(&text)).within(1_000_000);
        let pages = window.pages(1_000_000);
        assert!((1..=pages).contains(&window.page) && window.skipped() < 1_000_000);
        assert!(buttons(window.page, pages).len() < 12);
        window.page > 1
    });
}

fn journal() -> Vec<Event> {
    let (order, contract) = (order(7), contract(3));
    let from =
        State { status: contracts::Status::Accepted, revision: 1, last_action: contract.created };
    vec![
        Event::OrderPlaced { order: order.clone() },
        Event::OrderEdited { order: order.clone(), from: order.clone() },
        Event::OrderAccepted { order: order.clone(), contract_id: 3, executor_id: 9 },
        Event::OrderRemoved { order, admin_id: 0, reason: "why".to_owned() },
        Event::ContractDisputed {
            contract,
            from,
            by: Role::Customer,
            reason: "\u{1f3a8}".to_owned(),
        },
        Event::NoteWritten {
            contract_id: 3,
            customer_id: 1,
            executor_id: 9,
            number: 1,
            author: Role::Executor,
            text: "Done.".to_owned(),
        },
    ]
}

#[test]
fn events_of_the_journal_and_of_the_bell_are_what_they_say() {
    let events = journal();
    let run = Run {
        revision: 41,
        batch: uuid::Uuid::from_u128(1),
        previous: uuid::Uuid::from_u128(2),
        created: order(1).created,
        events: events.clone(),
    };
    let seeds: Vec<Vec<u8>> = events
        .iter()
        .map(|event| serde_json::to_vec(event).unwrap())
        .chain([serde_json::to_vec(&run).unwrap()])
        .collect();
    each(&seeds, |bytes| {
        let event = serde_json::from_slice::<Event>(bytes);
        if let Ok(event) = &event {
            let again = serde_json::to_vec(event).unwrap();
            assert_eq!(serde_json::from_slice::<Event>(&again).unwrap(), *event);
            event.subject();
        }
        let run = serde_json::from_slice::<Run>(bytes);
        event.is_ok() || run.is_ok()
    });
}

#[test]
fn values_of_the_caches_are_shown_or_thrown_away() {
    let page = board::Page {
        history: "h".to_owned(),
        revision: 41,
        batch: uuid::Uuid::nil(),
        open_orders: 2,
        page: 1,
        pages: 1,
        per_page: 20,
        only: None,
        orders: vec![order(7), order(8)],
    };
    let window = Window::parse(None, None);
    let table = Table::new(41, window, 1, vec![contract(3)]);
    let profile = Profile {
        user: User::executor(9),
        registered: Some(order(1).created),
        totals: Vec::new(),
        as_of_revision: 41,
        days: None,
    };
    let seeds = vec![
        serde_json::to_vec(&page).unwrap(),
        serde_json::to_vec(&table).unwrap(),
        serde_json::to_vec(&profile).unwrap(),
    ];
    each(&seeds, |bytes| {
        let page = serde_json::from_slice::<board::Page>(bytes);
        for order in page.iter().flat_map(|page| &page.orders) {
            orders::view::row(Lang::Ru, order);
        }
        let table = serde_json::from_slice::<Table<contracts::Contract>>(bytes);
        for contract in table.iter().flat_map(|table| &table.rows) {
            contracts::view::row(Lang::En, contract);
        }
        let profile = serde_json::from_slice::<Profile>(bytes);
        page.is_ok() || table.is_ok() || profile.is_ok()
    });
}
