//! More than the exchange can take on: the surplus is told so at once, and nobody is told wrong.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use orderboard::error::{Fault, Refusal, Refused};
use orderboard::exchange::command::{Command, PlaceOrder};
use orderboard::exchange::{Exchange, Receipt, RequestKey};
use orderboard::identity::User;
use orderboard::money::{Amount, Currency, Percent};
use tokio::sync::mpsc;

use super::{hold_head, let_go, waiting_writer};
use crate::support::{Attempt, World, assert_true, eventually, repeat, short_or_long};

/// Commands that may wait in the queue.
const QUEUE: usize = 4096;
/// Commands that the writer has taken out of it meanwhile, at most.
const TAKEN: usize = 512;
const FLOOD: usize = 5000;

/// What one command came to, and how long that took.
struct Answer {
    number: usize,
    result: Result<Receipt, Refused>,
    took: Duration,
}

async fn place(exchange: Exchange, number: usize) -> Answer {
    let command = Command::PlaceOrder(PlaceOrder {
        description: number.to_string(),
        price: Amount::from_hundredths(100_000).expect("lawful"),
        percent: Percent::new(2).expect("lawful"),
        currency: Currency::from_code("RUB").expect("lawful"),
    });
    let key = RequestKey::new(&number.to_string(), "/api/orders", b"");
    let started = Instant::now();
    let result = exchange.submit(User::customer(1), command, key).await;
    Answer { number, result, took: started.elapsed() }
}

impl Answer {
    fn is_overloaded(&self) -> bool {
        matches!(self.result, Err(Refused::Refusal(Refusal::Overloaded)))
    }

    /// Whether it goes together with the orders that are there.
    fn is_true(&self, placed: &HashSet<usize>) -> bool {
        let is_there = placed.contains(&self.number);
        match &self.result {
            Ok(_) => is_there,
            Err(Refused::Refusal(Refusal::Overloaded)) => !is_there,
            Err(Refused::Fault(Fault::Unavailable(_))) => !is_there,
            Err(Refused::Fault(Fault::OutcomeUnknown(_))) => true,
            Err(_) => false,
        }
    }
}

/// The numbers of the orders that are there, each once.
async fn placed(world: &World) -> HashSet<usize> {
    let mut connection = world.interactions().await;
    let query = sqlx::query_scalar("SELECT description FROM orders");
    let texts: Vec<String> = query.fetch_all(&mut connection).await.expect("orders can be read");
    let numbers: HashSet<usize> = texts.iter().map(|text| text.parse().expect("ours")).collect();
    assert_eq!(numbers.len(), texts.len(), "none is there twice");
    numbers
}

#[tokio::test]
async fn what_is_more_than_can_wait_is_refused_at_once_and_the_rest_gets_true_answers() {
    let world = World::new().await;
    // Makes the tables, and counts the statistics.
    let _server = world.serve().await;
    // An exchange of its own, with the very queue and writer of a server: thousands of connections
    // would mostly test themselves.
    let options = orderboard::database::options(&world.database_url).expect("a database URL");
    let (committed, _runs) = mpsc::channel(1);
    let (exchange, writer) = Exchange::start(options, committed).expect("it starts");
    let mut holder = hold_head(&world).await;
    let first = tokio::spawn(place(exchange.clone(), 0));
    waiting_writer(&world).await;

    let flood: Vec<_> =
        (1..FLOOD).map(|number| tokio::spawn(place(exchange.clone(), number))).collect();
    // While the lock is held, nobody is answered but those who are refused.
    eventually("the surplus is refused", || async {
        let answered = flood.iter().filter(|task| task.is_finished()).count();
        (answered >= FLOOD - QUEUE - TAKEN).then_some(())
    })
    .await;
    let (mut refused, mut waiting, mut given_up) = (Vec::new(), vec![first], Vec::new());
    for (place, task) in flood.into_iter().enumerate() {
        if task.is_finished() {
            refused.push(task.await.expect("an answer"));
        } else if place % 10 == 0 {
            task.abort();
            assert!(task.await.is_err(), "it has given up");
            given_up.push(place + 1);
        } else {
            waiting.push(task);
        }
    }
    assert!(refused.len() < FLOOD - QUEUE, "{} were refused before it was full", refused.len());
    for answer in &refused {
        assert!(answer.is_overloaded(), "{}: {:?}", answer.number, answer.result);
        assert!(answer.took < Duration::from_secs(1), "{}: {:?}", answer.number, answer.took);
    }
    // In the long form they wait until their time is up.
    tokio::time::sleep(Duration::from_millis(short_or_long(0, 10_500))).await;
    let_go(&mut holder).await;
    let answers = join_all(waiting).await.into_iter().map(|answer| answer.expect("an answer"));
    let answers: Vec<Answer> = answers.chain(refused).collect();
    // What the writer had taken on is done before it ends.
    drop(exchange);
    let ended = tokio::task::spawn_blocking(move || writer.join());
    ended.await.expect("it is waited for").expect("the writer leaves in order");

    let placed = placed(&world).await;
    for answer in &answers {
        assert!(answer.is_true(&placed), "{}: {:?}", answer.number, answer.result);
    }
    let done = answers.iter().filter(|answer| answer.result.is_ok()).count();
    assert!(done > short_or_long(QUEUE / 2, 0) || placed.is_empty(), "only {done} were done");
    // Nobody worked for those who had left before their turn came.
    assert!(given_up.len() > QUEUE / 20, "only {} gave up", given_up.len());
    let worked_for: Vec<_> = given_up.iter().filter(|number| placed.contains(number)).collect();
    assert!(worked_for.is_empty(), "{worked_for:?} had given up");
    world.audit().await;
}

#[tokio::test]
async fn clients_that_gave_up_waiting_leave_nothing_half_done() {
    let world = World::new().await;
    let server = world.serve().await;
    let customer = server.customer(1);
    let mut holder = hold_head(&world).await;
    let patient = tokio::spawn({
        let customer = customer.clone();
        async move { Attempt::make(&customer, "patient".to_owned()).await }
    });
    waiting_writer(&world).await;
    let mut attempts = Vec::new();
    for number in 0..40 {
        let (customer, key) = (customer.clone(), format!("gave-up-{number}"));
        attempts.push(Attempt::unheard(&customer, key.clone()));
        let sent = tokio::spawn(async move { Attempt::make(&customer, key).await });
        // Some are hardly sent when they are given up, others have arrived.
        for _ in 0..number % 4 {
            server.nobody().get("/healthz").await.expect(200);
        }
        sent.abort();
    }
    let_go(&mut holder).await;
    let patient = patient.await.expect("an answer");
    assert!(patient.is_done());
    attempts.push(patient);
    assert_true(&world, &attempts).await;
    repeat(&world, &server, &attempts).await;
    world.audit().await;
}
