//! One invariant: in words, and what contradicts it.

use std::fmt::Display;

/// Contradictions that are named; the others are only counted.
const EXAMPLES: usize = 5;

/// An invariant and what was found against it.
#[derive(Debug)]
pub struct Check {
    title: String,
    wrong: u64,
    examples: Vec<String>,
}

impl Check {
    /// `title` says what holds when nothing is found.
    pub fn new(title: impl Into<String>) -> Check {
        Check { title: title.into(), wrong: 0, examples: Vec::new() }
    }

    /// Says it again with what is known by now.
    pub fn retitle(&mut self, title: String) {
        self.title = title;
    }

    pub fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong += 1;
            if self.examples.len() < EXAMPLES {
                self.examples.push(otherwise());
            }
        }
    }

    /// Takes a row's differences as one finding.
    pub fn expect_same(&mut self, what: impl FnOnce() -> String, fields: &Fields) {
        self.expect(fields.is_empty(), || format!("{}: {}", what(), fields.to_text()));
    }

    pub fn holds(&self) -> bool {
        self.wrong == 0
    }

    pub fn to_line(&self) -> String {
        let Check { title, wrong, examples } = self;
        let examples = examples.join("; ");
        match *wrong {
            0 => format!("ok    {title}"),
            1 => format!("WRONG {title}: {examples}"),
            found if found <= EXAMPLES as u64 => {
                format!("WRONG {title}: {found} contradictions: {examples}")
            }
            found => format!("WRONG {title}: {found} contradictions, the first: {examples}"),
        }
    }
}

/// In which fields a row is not what it should be.
#[derive(Default, Debug)]
pub struct Fields(Vec<String>);

impl Fields {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn to_text(&self) -> String {
        self.0.join(", ")
    }

    pub fn compare<T: PartialEq + Display>(&mut self, name: &str, found: T, wanted: T) {
        if found != wanted {
            self.0.push(format!("{name} is {found} instead of {wanted}"));
        }
    }

    /// The same for what is not shown.
    pub fn compare_unseen<T: PartialEq>(&mut self, name: &str, found: T, wanted: T) {
        if found != wanted {
            self.0.push(format!("{name} is another"));
        }
    }
}

/// What may be missing, for `Fields::compare`.
pub fn or_none<T: Display>(value: Option<T>) -> String {
    value.map_or("none".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_names_five_examples_and_counts_the_rest() {
        let mut check = Check::new("numbers are even");
        assert_eq!(check.to_line(), "ok    numbers are even");
        check.expect(false, || "1".to_owned());
        assert_eq!(check.to_line(), "WRONG numbers are even: 1");
        (3..=13).for_each(|number| check.expect(number % 2 == 0, || number.to_string()));
        let line = "WRONG numbers are even: 7 contradictions, the first: 1; 3; 5; 7; 9";
        assert_eq!(check.to_line(), line);
    }
}
