//! An executor: looks at the board, thinks about an order of their taste, and tries to get it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use super::call::NoAnswer;
use super::market::{Board, Market, Offer};
use super::tally::one_more;
use super::{People, work};
use crate::money::{Amount, Currency, Notation, parse_price};

const PER_PAGE: u32 = 20;
/// With `--fast`: as much as a page holds, and how many of it one takes before looking again.
const FAST_PER_PAGE: u32 = 100;
const FAST_ACCEPTS: usize = 6;
/// How many of their own orders people recognize.
const REMEMBERED: usize = 32;
/// In a hundred turns.
const WORKING: u8 = 45;
/// Whoever has their hands full takes a breath first.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
const EMPTY_PAUSE: Duration = Duration::from_millis(10);

/// What somebody looks for. Tastes are few, so people often want the same order.
#[derive(Clone, Copy, Debug)]
enum Taste {
    Newest,
    Oldest,
    BestPaid(&'static str),
    /// The least to read.
    Briefest,
    Any,
}

const TASTES: [Taste; 8] = [
    Taste::BestPaid("RUB"),
    Taste::Newest,
    Taste::Oldest,
    Taste::BestPaid("EUR"),
    Taste::Briefest,
    Taste::Newest,
    Taste::Any,
    Taste::BestPaid("USD"),
];

struct Executor {
    market: Arc<Market>,
    id: u32,
    taste: Taste,
    rng: Rng,
    /// The last ones accepted. A server that lags behind may still show them.
    mine: VecDeque<u64>,
}

/// Lives until the market stops. `id` is the first person; others follow when one goes home.
pub async fn live(market: Arc<Market>, people: Arc<People>, id: u32, mut rng: Rng) {
    market.linger(&mut rng, 1.0..12.0).await;
    let taste = TASTES[id as usize % TASTES.len()];
    let mut executor = Executor { market, id, taste, rng, mine: VecDeque::new() };
    while !executor.market.is_stopping() {
        let turn = if executor.market.fast {
            executor.take_many().await
        } else {
            executor.take_one().await
        };
        if turn == Err(NoAnswer::GoHome) {
            executor.id = people.replace(&executor.market).await;
        }
    }
}

impl Executor {
    async fn take_one(&mut self) -> Result<(), NoAnswer> {
        // What one took has to be done, too.
        if self.rng.u8(..100) < WORKING {
            return work::deliver(&self.market, self.id, &mut self.rng).await;
        }
        let mut board = self.look(1, PER_PAGE).await?;
        if let Some(Board { pages: 2.., .. }) = board
            && self.rng.u8(..100) < 15
        {
            self.market.linger(&mut self.rng, 1.0..3.0).await;
            board = self.look(2, PER_PAGE).await?;
        }
        let whim = self.rng.u8(..100) < 20;
        let taste = if whim { Taste::Any } else { self.taste };
        let wanted = board
            .filter(|board| self.rng.f64() < appetite(board.open_orders))
            .and_then(|board| pick(&board.orders, taste, &mut self.rng));
        // One thinks about it either way, and meanwhile others may be faster.
        self.market.linger(&mut self.rng, 2.0..15.0).await;
        match wanted {
            Some(order) => self.accept(order).await,
            None => Ok(()),
        }
    }

    async fn take_many(&mut self) -> Result<(), NoAnswer> {
        let page = self.rng.u64(1..=2);
        let board = self.look(page, FAST_PER_PAGE).await?;
        let mut orders = board.map_or(Vec::new(), |board| board.orders);
        if orders.is_empty() {
            self.market.pause(EMPTY_PAUSE).await;
        }
        self.rng.shuffle(&mut orders);
        for order in orders.iter().take(FAST_ACCEPTS) {
            self.accept(order.id).await?;
        }
        Ok(())
    }

    async fn look(&self, page: u64, per_page: u32) -> Result<Option<Board>, NoAnswer> {
        let mut board = self.market.board(("executor", self.id), page, per_page).await?;
        if let Some(board) = &mut board {
            board.orders.retain(|order| !self.mine.contains(&order.id));
        }
        Ok(board)
    }

    async fn accept(&mut self, order: u64) -> Result<(), NoAnswer> {
        let (market, who) = (&self.market, ("executor", self.id));
        let path = format!("/api/orders/{order}/accept");
        match market.post(who, &path, &json!({})).await? {
            (201, _) => {
                one_more(&market.tally.accepted);
                self.mine.truncate(REMEMBERED - 1);
                self.mine.push_front(order);
            }
            (409, body) if body["code"] == "too_many_contracts" => {
                // With `--fast` nobody works: they would only ask again.
                self.market.pause(BUSY_PAUSE).await;
                return work::deliver(&self.market, self.id, &mut self.rng).await;
            }
            (409, body) if body["code"] == "order_not_open" => one_more(&market.tally.beaten),
            (status, body) => market.refused(status, &body).await,
        }
        Ok(())
    }
}

/// How likely somebody wants an order: hardly while there are few, surely when there are many. It
/// keeps the board at 8 to 25 open orders.
fn appetite(open: u64) -> f64 {
    ((open as f64 - 7.0) / 16.0).clamp(0.03, 1.0)
}

fn pick(offers: &[Offer], taste: Taste, rng: &mut Rng) -> Option<u64> {
    let picked = match taste {
        Taste::Newest => offers.iter().max_by_key(|offer| offer.id),
        Taste::Oldest => offers.iter().min_by_key(|offer| offer.id),
        Taste::BestPaid(currency) => best_paid(offers, currency),
        Taste::Briefest => offers.iter().min_by_key(|offer| offer.description.len()),
        Taste::Any => None,
    };
    picked.or_else(|| rng.choice(offers)).map(|offer| offer.id)
}

/// Prices of two currencies cannot be compared, so everybody looks at one.
fn best_paid<'a>(offers: &'a [Offer], code: &str) -> Option<&'a Offer> {
    let currency = Currency::from_code(code)?;
    let max = Amount::from_hundredths(i64::MAX)?;
    let prices = offers.iter().filter(|offer| offer.currency == code).filter_map(|offer| {
        let price = parse_price(&offer.price, currency, Notation::Strict, max).ok()?;
        Some((price, offer))
    });
    prices.max_by_key(|(price, _)| *price).map(|(_, offer)| offer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(id: u64, description: &str, price: &str, currency: &str) -> Offer {
        Offer {
            id,
            description: description.to_owned(),
            price: price.to_owned(),
            currency: currency.to_owned(),
        }
    }

    #[test]
    fn tastes_differ() {
        let offers = [
            offer(9, "A long one", "900.00", "RUB"),
            offer(8, "Short", "5000.00", "USD"),
            offer(7, "Longer", "1200.50", "RUB"),
            offer(6, "Nonsense", "a lot", "RUB"),
        ];
        let mut rng = Rng::with_seed(1);
        for (taste, expected) in [
            (Taste::Newest, 9),
            (Taste::Oldest, 6),
            (Taste::Briefest, 8),
            (Taste::BestPaid("RUB"), 7),
            (Taste::BestPaid("USD"), 8),
        ] {
            assert_eq!(pick(&offers, taste, &mut rng), Some(expected), "{taste:?}");
        }
        for taste in [Taste::Any, Taste::BestPaid("JPY")] {
            assert!(pick(&offers, taste, &mut rng).is_some());
        }
        for taste in TASTES {
            assert_eq!(pick(&[], taste, &mut rng), None);
        }
    }

    #[test]
    fn the_more_there_is_the_more_is_taken() {
        let appetites: Vec<f64> = (0..40).map(appetite).collect();
        assert!(appetites.is_sorted());
        assert!(appetites[5] < 0.1 && appetites[25] == 1.0);
    }
}
