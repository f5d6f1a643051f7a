//! How far a long audit is, on standard error: at most once a second, and nothing in the first two.

use std::io::Write;
use std::time::{Duration, Instant};

const SILENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(1);
/// The clock is read once in so many rows.
const STRIDE: u32 = 16;

/// Written line by line, or (`in_place`) over itself, as suits a terminal.
pub struct Progress<'a> {
    out: &'a mut (dyn Write + Send),
    in_place: bool,
    next: Instant,
    rows: u32,
    shown: bool,
}

impl Progress<'_> {
    pub fn new(out: &mut (dyn Write + Send), in_place: bool) -> Progress<'_> {
        let next = Instant::now() + SILENCE;
        Progress { out, in_place, next, rows: 0, shown: false }
    }

    /// One more row; the last of them is number `of`, if that is known.
    pub fn row(&mut self, doing: &str, number: u64, of: Option<u64>) {
        self.rows = self.rows.wrapping_add(1);
        if self.rows.is_multiple_of(STRIDE) {
            self.row_at(Instant::now(), doing, number, of);
        }
    }

    fn row_at(&mut self, now: Instant, doing: &str, number: u64, of: Option<u64>) {
        if now < self.next {
            return;
        }
        self.next = now + PAUSE;
        let of = of.map(|last| format!(" of {}", grouped(last))).unwrap_or_default();
        let line = format!("{doing} {}{of}", grouped(number));
        // Whoever does not want to read it still gets the audit.
        let _ = if self.in_place {
            self.shown = true;
            write!(self.out, "\r{line}\x1b[K").and_then(|()| self.out.flush())
        } else {
            writeln!(self.out, "{line}")
        };
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(self.out, "\r\x1b[K").and_then(|()| self.out.flush());
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(in_place: bool) -> String {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, in_place);
        let started = progress.next - SILENCE;
        for (second, number) in [(1.9, 800), (2.1, 900), (2.9, 1_000), (3.2, 41_000)] {
            let now = started + Duration::from_secs_f64(second);
            progress.row_at(now, "reading the journal: revision", number, Some(1_234_567));
        }
        let now = started + Duration::from_secs(9);
        progress.row_at(now, "reading the remembered requests:", 12, None);
        drop(progress);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn progress_is_silent_at_first_and_rare_afterwards() {
        let lines = "reading the journal: revision 900 of 1,234,567\n\
                     reading the journal: revision 41,000 of 1,234,567\n\
                     reading the remembered requests: 12\n";
        assert_eq!(written(false), lines);
        let in_place = "\rreading the journal: revision 900 of 1,234,567\x1b[K\
                        \rreading the journal: revision 41,000 of 1,234,567\x1b[K\
                        \rreading the remembered requests: 12\x1b[K\r\x1b[K";
        assert_eq!(written(true), in_place);
    }
}
