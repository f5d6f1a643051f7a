//! Which orders are open: all of them, and those in each currency, as bitmaps that find the n-th of
//! them wherever it lies.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::money::Currency;

/// Each open order is in two bitmaps, where it takes at most two bytes, or four while they grow; and
/// so does where it lies, if there are few around it. A million open orders in four currencies,
/// among up to 900 million that were ever placed, take less than 16 MB; lying close together, less
/// than one.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Open {
    all: RoaringBitmap,
    by_currency: HashMap<Currency, RoaringBitmap>,
}

impl Open {
    pub fn insert(&mut self, id: u32, currency: Currency) {
        self.all.insert(id);
        self.by_currency.entry(currency).or_default().insert(id);
    }

    pub fn remove(&mut self, id: u32, currency: Currency) {
        self.all.remove(id);
        if let Some(ids) = self.by_currency.get_mut(&currency) {
            ids.remove(id);
        }
    }

    pub fn all(&self) -> &RoaringBitmap {
        &self.all
    }

    /// Those in a currency, or all; `None` where there never were any.
    pub fn of(&self, currency: Option<Currency>) -> Option<&RoaringBitmap> {
        match currency {
            Some(currency) => self.by_currency.get(&currency),
            None => Some(&self.all),
        }
    }
}

impl FromIterator<(u32, Currency)> for Open {
    fn from_iter<I: IntoIterator<Item = (u32, Currency)>>(orders: I) -> Open {
        let mut open = Open::default();
        orders.into_iter().for_each(|(id, currency)| open.insert(id, currency));
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: [&str; 4] = ["RUB", "USD", "EUR", "JPY"];

    /// At most: arrays may have grown to twice what they hold, and so may the list of containers,
    /// each of which is an allocation of its own.
    fn most_bytes(open: &Open) -> u64 {
        let bitmaps = open.by_currency.values().chain([&open.all]);
        let bytes = bitmaps.map(|bitmap| {
            let statistics = bitmap.statistics();
            assert_eq!(statistics.n_run_containers, 0);
            2 * 2 * u64::from(statistics.n_values_array_containers)
                + 8192 * u64::from(statistics.n_bitset_containers)
                + u64::from(statistics.n_containers) * (2 * 40 + 16)
        });
        bytes.sum()
    }

    #[test]
    fn a_million_open_orders_take_less_than_16_mb_however_they_lie() {
        let currencies = CODES.map(|code| Currency::from_code(code).unwrap());
        for step in [1, 12, 900] {
            let mut open = Open::default();
            for number in 0..1_000_000_u32 {
                // By turns, and one of them most of the time.
                let turn = if number % 3 == 0 { number / 3 % 4 } else { 0 };
                open.insert(1 + number * step, currencies[turn as usize]);
            }
            let bytes = most_bytes(&open);
            println!("every {step}th id: {bytes} bytes at most");
            let most = if step == 1 { 1_000_000 } else { 16_000_000 };
            assert!(bytes < most, "every {step}th id: {bytes} bytes");
        }
    }

    #[test]
    fn an_order_is_among_all_and_among_those_in_its_currency() {
        let [rub, usd, eur, _] = CODES.map(|code| Currency::from_code(code).unwrap());
        let mut open: Open = [(1, rub), (2, usd), (3, rub)].into_iter().collect();
        open.remove(3, rub);
        open.remove(4, eur);
        let ids = |currency| open.of(currency).map(|ids| ids.iter().collect::<Vec<_>>());
        assert_eq!(ids(None), Some(vec![1, 2]));
        assert_eq!(ids(Some(rub)), Some(vec![1]));
        assert_eq!(ids(Some(usd)), Some(vec![2]));
        assert_eq!(ids(Some(eur)), None);
    }
}
