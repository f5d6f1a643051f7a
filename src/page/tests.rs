use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::admin::{self, Summary};
use crate::audit::regular::Books;
use crate::board;
use crate::contracts::notes::Note;
use crate::contracts::{self, Contract};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Percent, Total};
use crate::orders::editing::Draft;
use crate::orders::web::Found;
use crate::orders::{self, Order};
use crate::page::form::Reason;
use crate::page::history::Step;
use crate::page::paging::{Table, Window};
use crate::people::days::{Day, Days};
use crate::people::{self, Profile, Totals};
use crate::web::health::Components;

fn order(description: &str) -> Order {
    let moment = Moment::try_from("2026-01-01T00:00:00.123Z".to_owned()).unwrap();
    Order {
        id: u32::MAX,
        customer_id: User::MAX_ID,
        status: orders::Status::Open,
        description: description.to_owned(),
        cut: true,
        price: Amount::from_hundredths(i64::MAX / 100 * 100).unwrap(),
        percent: Percent::new(2).unwrap(),
        currency: Currency::from_code("RUB").unwrap(),
        parent_id: Some(1),
        version: u32::MAX,
        edited: Some(u64::MAX),
        revision: 1,
        created: moment,
        last_action: moment,
    }
}

fn contract(description: &str) -> Contract {
    let taken = Order { status: orders::Status::Taken, ..order(description) };
    Contract::of_order(&taken, u32::MAX, User::MAX_ID)
}

fn profile(user: User) -> Profile {
    let gain = Total::from_hundredths(20_000);
    let currency = Currency::from_code("RUB").unwrap();
    let totals = vec![Totals { currency, count: 3, completed: 1, given_up: 0, money: gain, gain }];
    let day = |currency| Day {
        date: chrono::Utc::now().date_naive(),
        currency,
        count: 7,
        money: Total::from_hundredths(1),
    };
    let days = totals.iter().map(|of: &Totals| day(of.currency)).collect();
    let days = Some(Days { days, known_since: None });
    Profile { user, registered: Some(order("").created), totals, as_of_revision: 41, days }
}

fn context(role: Role) -> Context<'static> {
    context_in(Lang::En, role)
}

fn context_in(lang: Lang, role: Role) -> Context<'static> {
    let live = Live { history: "h".to_owned(), revision: 41, mark: None };
    let source = Source::Memcached;
    let origin = Origin { source, revision: 41, micros: 412, queries: 1, behind: true };
    Context {
        lang,
        theme: Theme::Dark,
        user: Some(User { role, id: 9 }),
        here: "/orders?page=2",
        demo: true,
        shown: None,
        flash: Some(Flash::Accepted { order: 7, contract: 3 }),
        live: Some(live),
        origin: Some(origin),
    }
}

fn place(problem: Option<&'static str>) -> form::Place<'static> {
    form::Place {
        description: "<script>alert(1)</script>",
        price: "\"><script>",
        currency: "RUB",
        request_id: "key",
        currencies: &[],
        percent: 2,
        problem: problem.map(|field| (field, "Not like <that>.".to_owned())),
    }
}

/// Every page, as one role sees it; a text without its key would panic.
fn pages(ctx: &Context) -> Vec<String> {
    pages_with(ctx, "<script>alert('; DROP TABLE')</script>")
}

/// The same, where all that people typed is this.
fn pages_with(ctx: &Context, evil: &str) -> Vec<String> {
    let window = Window { page: 5, per_page: 50 };
    let orders = Table::new(41, window, 10_000, vec![order(evil)]);
    let contracts = Table::new(41, window, 10_000, vec![contract(evil)]);
    let people = Table::new(41, window, 10_000, vec![profile(ctx.user.unwrap())]);
    let board = board::Page {
        history: "h".to_owned(),
        batch: uuid::Uuid::nil(),
        revision: 41,
        open_orders: 1,
        page: 1,
        pages: 1,
        per_page: 20,
        orders: orders.rows.clone(),
        only: None,
    };
    let only = board::Only { currency: Currency::from_code("JPY").unwrap(), total: 1 };
    let in_yen = board::Page { only: Some(only), ..board.clone() };
    let gain = vec![(Currency::from_code("JPY").unwrap(), Total::from_hundredths(1))];
    let summary = Summary {
        revision: 41,
        open_orders: 1,
        orders: 2,
        contracts: 3,
        watchers: 4,
        gain: Some(gain),
    };
    let overview = admin::Overview {
        summary,
        now: admin::pulse::Pulse::default().now(),
        behind: None,
        parts: Components { interactions: true, users: false, redis: None, memcached: None },
        books: Some(Books {
            revision: 41,
            balanced: false,
            took: Duration::from_secs(1),
            finished: Moment::now(),
            age: Duration::ZERO,
        }),
    };
    let typed = Some((evil.to_owned(), evil.to_owned()));
    let typed = Draft { typed, problem: Some(("price", evil.to_owned())) };
    let [currency, min, max, sort, q] = [(); 5].map(|()| evil.to_owned());
    let sought = board::filter::Typed { currency, min, max, sort, q, repeated: None };
    let wrong = |field| board::view::Problem { field, sentence: evil };
    let found_by = board::web::Filtered {
        filter: Default::default(),
        orders: Table::new(41, window, 10_000, vec![order(evil)]),
        open_orders: u32::MAX,
    };
    let mains = [
        board::view::main(ctx.lang, &[], &board),
        board::view::main(ctx.lang, &[], &in_yen),
        board::view::narrowed(ctx.lang, &[], &sought, &in_yen),
        board::view::unfiltered(ctx.lang, &[], &sought, wrong(None)),
        board::view::unfiltered(ctx.lang, &[], &sought, wrong(Some("max"))),
        board::view::filtered(ctx.lang, &[], &sought, &found_by),
        orders::view::mine(ctx, &orders, &place(None)),
        orders::view::mine(ctx, &orders, &place(Some("price"))),
        orders::view::mine(ctx, &orders, &place(Some("request_id"))),
        orders::view::one(ctx, &found(orders.rows[0].clone()), &Reason::default(), &typed),
        contracts::view::mine(ctx, &contracts),
        people::view::profile(ctx, &people.rows[0], 1),
        admin::view::overview(ctx, &overview),
        admin::view::orders(ctx, &orders, None),
        admin::view::contracts(ctx, &contracts, Some(7)),
        admin::view::people(
            ctx,
            Role::Customer,
            ("/admin/customers", "nav-customers"),
            &people,
            None,
        ),
        admin::view::people(
            ctx,
            Role::Executor,
            ("/admin/executors", "nav-executors"),
            &people,
            None,
        ),
        people::view::one(ctx, &people.rows[0]),
        error::main(ctx, 404, "<title>", "<detail>", Some("7f3a")),
        home::main(ctx),
    ];
    let of_contracts = contracts::Status::ALL.into_iter().flat_map(|status| {
        let problem = Some("Not like <that>.".to_owned());
        let reason = Reason { text: evil.to_owned(), problem: problem.clone() };
        let note = Reason { text: evil.to_owned(), problem };
        let drafts = contracts::web::Drafts { reason, note };
        [None, Some(3)]
            .map(|days| contracts::view::one(ctx, &standing(status, evil), &drafts, days))
    });
    mains
        .into_iter()
        .chain(of_contracts)
        .map(|main| layout::document(ctx, "<title>", &Main::new(main)).into_string())
        .collect()
}

#[test]
fn no_page_contains_markup_that_somebody_typed() {
    let roles = [Role::Customer, Role::Executor, Role::Admin];
    for (lang, role) in Lang::ALL.into_iter().flat_map(|lang| roles.map(|role| (lang, role))) {
        for page in pages(&context_in(lang, role)) {
            let scripts = page.matches("<script").count();
            let own = page.matches("<script defer src=\"/assets/").count();
            assert_eq!(scripts, own, "only our own scripts: {page}");
            assert!(!page.contains("<title><"), "{page}");
            assert!(!page.contains("style=") && !page.contains(" onclick"), "{page}");
        }
    }
}

/// As its page shows it, with a contract and a history that would be worth stealing.
fn found(order: Order) -> Found {
    let history = Some(steps(&order.description));
    Found { order, contract: Some(3), history, revision: 1 }
}

/// A contract with a history of every kind of step.
fn standing(status: contracts::Status, text: &str) -> contracts::web::Found {
    let contract = Contract { status, notes: 7, ..contract(text) };
    let notes = [Role::Customer, Role::Executor].map(|author| Note {
        contract_id: contract.id,
        number: 7,
        author,
        text: text.to_owned(),
        revision: 1,
        created: contract.created,
    });
    contracts::web::Found { contract, history: steps(text), notes: notes.into(), revision: 1 }
}

/// With a reason that would be worth stealing.
fn steps(reason: &str) -> Vec<Step> {
    let at = order("").created;
    let by = [None, Some(User::executor(9)), Some(User { role: Role::Admin, id: 0 })];
    let words = [
        "history-placed",
        "history-placed-again",
        "history-edited",
        "history-taken",
        "history-withdrawn",
        "history-expired",
        "history-removed",
        "history-accepted",
        "history-delivered",
        "history-completed",
        "history-completed-by-time",
        "history-given-up",
        "history-disputed",
        "history-ruled-completed",
        "history-ruled-cancelled",
    ];
    let step = |(words, by)| {
        let (reason, returned) = (Some(reason.to_owned()), Some(7));
        Step { at, by, status: "open", words, reason, returned }
    };
    words.into_iter().zip(by.into_iter().cycle()).map(step).collect()
}

#[test]
fn the_longest_row_fits_into_a_message() {
    for character in ['"', '&', '\\', '\n', '🔧', '\u{1f9d1}'] {
        let text: String = std::iter::repeat_n(character, 280).collect();
        let status = contracts::Status::Delivered;
        let delivered = Contract { status, ..contract(&text) };
        let rows = Lang::ALL.into_iter().flat_map(|lang| {
            [
                orders::view::row(lang, &order(&text)).into_string(),
                contracts::view::row(lang, &contract(&text)).into_string(),
                contracts::view::row(lang, &delivered).into_string(),
            ]
        });
        for row in rows {
            let json = serde_json::to_string(&row).unwrap();
            assert!(json.len() < 3600, "{} bytes: {json}", json.len());
        }
    }
}

#[test]
fn a_shown_order_says_nothing_of_its_parent_to_executors() {
    let says = |role| {
        let found = found(order("x"));
        let page = orders::view::one(&context(role), &found, &Reason::default(), &Draft::default());
        page.into_string().contains("/orders/1\"")
    };
    assert!(says(Role::Customer) && says(Role::Admin) && !says(Role::Executor));
}

#[test]
fn a_flash_survives_its_cookie_and_nothing_else_does() {
    let order = u32::MAX;
    for flash in [
        Flash::Placed { order },
        Flash::Accepted { order: 7, contract: 3 },
        Flash::Withdrawn { order },
        Flash::Removed { order },
        Flash::Renewed { order },
        Flash::SomebodyFaster { order },
        Flash::NotOpen { order },
        Flash::OwnOrder { order },
        Flash::Edited { order },
        Flash::OrderChanged { order },
        Flash::TooMany { most: 20 },
        Flash::Delivered { contract: order },
        Flash::Completed { contract: order },
        Flash::Cancelled { contract: order },
        Flash::Disputed { contract: order },
        Flash::ContractChanged { contract: order },
        Flash::Switched,
    ] {
        assert_eq!(Flash::from_cookie(&flash.to_cookie()), Some(flash));
        let ctx = Context { flash: Some(flash), ..context(Role::Customer) };
        layout::document(&ctx, "", &Main::new(maud::html! {}));
    }
    for text in [
        "",
        "placed",
        "placed:",
        "placed:+7",
        "placed:07",
        "placed:7:3",
        "placed:4294967296",
        "accepted:7",
        "accepted:7:",
        "accepted:7:3:1",
        "switched:",
        "Placed:7",
        "placed:7 ",
        "x:7",
    ] {
        assert_eq!(Flash::from_cookie(text), None, "{text:?}");
    }
}

/// What a person reads of a page: its text, and the attributes that are shown or spoken.
fn readable(page: &str) -> String {
    let mut text = String::new();
    for part in page.split('<').skip(1) {
        let (tag, after) = part.split_once('>').unwrap_or((part, ""));
        // A name of a language is written in it, and dates and ids are not read as words.
        if tag.starts_with("script") || tag.contains("lang=\"en\"") || tag.starts_with("time") {
            continue;
        }
        let said = [
            "aria-label=\"",
            "title=\"",
            "placeholder=\"",
            "alt=\"",
            "data-taken=\"",
            "data-live=\"",
            "data-offline=\"",
            "data-note=\"",
            "data-disputed=\"",
            "data-again=\"",
        ];
        for start in said {
            for (place, _) in tag.match_indices(start) {
                let value = tag[place + start.len()..].split('"').next().unwrap_or_default();
                text.push_str(value);
                text.push('\n');
            }
        }
        text.push_str(after);
        text.push('\n');
    }
    text
}

#[test]
fn who_reads_only_russian_finds_no_english() {
    // Names, and what stands for itself.
    let known = [
        "Orderboard",
        "orderboard",
        "audit",
        "CSV",
        "API",
        "MySQL",
        "memcached",
        "redis",
        "RUB",
        "JPY",
        "UTC",
        "lt",
        "gt",
        "amp",
        "id",
        "when",
        "h",
        "opened",
        "orders",
        "contracts",
        "script",
        "live",
        "title",
        "detail",
        "alert",
        "Not",
        "like",
        "that",
    ];
    for role in [Role::Customer, Role::Executor, Role::Admin] {
        for page in pages_with(&context_in(Lang::Ru, role), "Покрасить забор") {
            let text = readable(&page);
            let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
            let foreign: Vec<&str> =
                words.filter(|word| word.len() > 1 && !known.contains(word)).collect();
            assert!(foreign.is_empty(), "{foreign:?} in {text}");
        }
    }
}

#[test]
fn texts_say_the_same_with_the_same_in_every_language() {
    let texts = [
        ("en", include_str!("../../locales/en.ftl")),
        ("ru", include_str!("../../locales/ru.ftl")),
    ];
    let read = |text: &str| {
        let mut keys: std::collections::BTreeMap<String, BTreeSet<String>> = Default::default();
        let mut key = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
                key = name.to_owned();
                keys.entry(key.clone()).or_default();
            }
            for variable in line.split('$').skip(1) {
                let end = variable.find(|letter: char| !letter.is_ascii_alphanumeric());
                let name = &variable[..end.unwrap_or(variable.len())];
                keys.get_mut(&key).expect("a text").insert(name.to_owned());
            }
        }
        keys
    };
    let [(_, english), others @ ..] = &texts.map(|(lang, text)| (lang, read(text)));
    for (lang, keys) in others {
        for (key, variables) in english {
            assert_eq!(keys.get(key), Some(variables), "{key} in {lang}");
        }
        assert_eq!(keys.len(), english.len(), "{lang} has keys of its own");
    }
}

#[test]
fn russian_counts_as_russians_do() {
    for (count, expected) in [
        (1, "Подходит 1 открытый заказ."),
        (2, "Подходят 2 открытых заказа."),
        (5, "Подходят 5 открытых заказов."),
        (11, "Подходят 11 открытых заказов."),
        (21, "Подходит 21 открытый заказ."),
    ] {
        assert_eq!(Lang::Ru.format("filter-found", [("total", count.into())]), expected);
    }
    let page = pages(&context_in(Lang::Ru, Role::Executor)).swap_remove(0);
    for form in [
        "data-one=\"{count} новый заказ\"",
        "data-few=\"{count} новых заказа\"",
        "data-many=\"{count} новых заказов\"",
    ] {
        assert!(page.contains(form), "{form} in {page}");
    }
    let (price, currency) =
        (Amount::from_hundredths(12_999_500).unwrap(), Currency::from_code("RUB").unwrap());
    let sum = table::amount(Lang::Ru, price, currency).into_string();
    assert_eq!(sum, "1\u{a0}299,95 <small>₽</small>");
}

#[test]
fn the_language_that_is_liked_best_is_taken() {
    for (header, expected) in [
        ("ru", Some(Lang::Ru)),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Some(Lang::Ru)),
        ("en-US,en;q=0.9,ru;q=0.8", Some(Lang::En)),
        ("de, ru;q=0.5, en;q=0.4", Some(Lang::Ru)),
        ("ru;q=0, en;q=0.1", Some(Lang::En)),
        ("RU-ru ; q=1", Some(Lang::Ru)),
        ("de,fr", None),
        ("*", None),
        ("", None),
        ("ru;q=x", None),
    ] {
        assert_eq!(Lang::accepted(header), expected, "{header}");
    }
}

/// The keys that the sources ask for by name.
fn asked_keys(folder: &Path, keys: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            asked_keys(&path, keys);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source: String = fs::read_to_string(&path).unwrap().split_whitespace().collect();
            for start in ["lang.text(\"", "lang.format(\"", "Refusal::BadRequest(\"", "\"error-"] {
                for (place, _) in source.match_indices(start) {
                    let quote = place + start.find('"').unwrap() + 1;
                    keys.extend(source[quote..].split('"').next().map(str::to_owned));
                }
            }
        }
    }
}

#[test]
fn every_key_that_is_asked_for_has_a_text() {
    let texts = include_str!("../../locales/en.ftl");
    let known: BTreeSet<&str> = texts
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter_map(|line| line.split(" =").next())
        .collect();
    let mut asked = BTreeSet::new();
    asked_keys(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut asked);
    assert!(asked.len() > 50, "the sources were found: {asked:?}");
    let missing: Vec<_> = asked
        .iter()
        .filter(|key| key.as_str() != "error-" && !known.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "no text for {missing:?}");
    // And what nobody asks for is not there.
    let mut literals = String::new();
    all_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut literals);
    let made = |key: &str| {
        // Of buttons, by what they do.
        let act = ["order-", "contract-"].iter().find_map(|start| key.strip_prefix(start));
        let acts = ["withdraw", "renew", "deliver", "complete", "give-up"];
        act.is_some_and(|act| acts.contains(&act.trim_end_matches("-this")))
    };
    let unused: Vec<_> = known
        .iter()
        .filter(|key| !literals.contains(&format!("\"{key}\"")) && !made(key))
        .collect();
    assert!(unused.is_empty(), "nobody asks for {unused:?}");
}

fn all_sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
