//! Fingerprints: sums of keyed hashes, by which two collections of any size are compared.

use std::hash::{BuildHasher, Hash, RandomState};
use std::ops::{Add, Neg};

/// The keys of one audit. Drawn anew each time, so that no error can be made to be overlooked, and
/// none that is overlooked by chance (once in 2¹²⁶) stays so.
#[derive(Clone)]
pub struct Keys([RandomState; 2]);

impl Keys {
    pub fn draw() -> Keys {
        Keys([RandomState::new(), RandomState::new()])
    }

    pub fn print(&self, fact: &impl Hash) -> Print {
        let [low, high] = [0, 1].map(|half| u128::from(self.0[half].hash_one(fact)));
        Print(reduce(low | high << 64))
    }
}

/// A number modulo the prime 2¹²⁷ − 1. That exceeds what a DECIMAL(38) holds, so no amount that is
/// wrong is a multiple of it, and a random number times what is wrong is as random.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Print(u128);

const PRIME: u128 = (1 << 127) - 1;
const LOW: u128 = (1 << 64) - 1;

impl Print {
    pub const ZERO: Print = Print(0);

    pub fn times(self, amount: i128) -> Print {
        let (a, b) = (self.0, reduce(amount.unsigned_abs()));
        let (a_high, a_low, b_high, b_low) = (a >> 64, a & LOW, b >> 64, b & LOW);
        let middle = a_high * b_low + a_low * b_high;
        // 2¹²⁸ is 2 here.
        let product = Print(reduce(2 * (a_high * b_high)))
            + Print(reduce(2 * (middle >> 64)))
            + Print(reduce((middle & LOW) << 64))
            + Print(reduce(a_low * b_low));
        if amount < 0 { -product } else { product }
    }
}

impl Add for Print {
    type Output = Print;

    fn add(self, other: Print) -> Print {
        Print(reduce(self.0 + other.0))
    }
}

impl Neg for Print {
    type Output = Print;

    fn neg(self) -> Print {
        Print(reduce(PRIME - self.0))
    }
}

fn reduce(number: u128) -> u128 {
    let folded = (number & PRIME) + (number >> 127);
    if folded >= PRIME { folded - PRIME } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_reckon_modulo_the_prime() {
        let largest = Print(PRIME - 1);
        assert_eq!(largest + Print(1), Print::ZERO);
        assert_eq!(-Print::ZERO, Print::ZERO);
        assert_eq!(largest.times(largest.0.cast_signed()), Print(1));
        assert_eq!(Print(1 << 126).times(4), Print(2));
        assert_eq!(Print(1).times(-1), largest);
        // The widest amounts that a table can hold.
        let widest = 10_i128.pow(38) - 1;
        assert_eq!(Print(3).times(widest), Print(reduce(3 * (widest.unsigned_abs()))));
        assert_ne!(Print(1).times(widest), Print(1).times(-widest));
    }

    #[test]
    fn prints_of_different_facts_differ_and_so_do_those_of_different_audits() {
        let (one, other) = (Keys::draw(), Keys::draw());
        assert_eq!(one.print(&(1, "a")), one.print(&(1, "a")));
        assert_ne!(one.print(&(1, "a")), one.print(&(1, "b")));
        assert_ne!(one.print(&(1, "a")), other.print(&(1, "a")));
    }

    proptest! {
        #[test]
        fn a_sum_of_multiples_is_the_multiple_of_the_sum(a: u128, b in -(1_i128 << 90)..1 << 90, c in -(1_i128 << 90)..1 << 90) {
            let print = Print(reduce(a));
            prop_assert_eq!(print.times(b) + print.times(c), print.times(b + c));
            prop_assert_eq!(print.times(b).times(c), print.times(c).times(b));
        }
    }
}
