//! One invariant: in words, and what contradicts it.

use std::fmt::Display;

/// Contradictions that are named; the others are only counted.
const EXAMPLES: usize = 5;

/// An invariant and what was found against it.
#[derive(Default, Debug)]
pub struct Check {
    title: String,
    wrong: u64,
    examples: Vec<String>,
    /// Where more is wrong than was looked at.
    more: Vec<String>,
    /// Where it was not looked at whether something is wrong.
    unknown: Option<String>,
}

impl Check {
    /// `title` says what holds when nothing is found.
    pub fn new(title: impl Into<String>) -> Check {
        Check { title: title.into(), ..Check::default() }
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

    /// Something is wrong at this place too, but it was too much to look at.
    pub fn leave_out(&mut self, place: String) {
        self.more.push(place);
    }

    /// This place was not looked at, so nobody knows.
    pub fn pass_over(&mut self, place: String) {
        self.unknown = Some(place);
    }

    pub fn holds(&self) -> bool {
        self.wrong == 0 && self.more.is_empty() && self.unknown.is_none()
    }

    pub fn to_line(&self) -> String {
        let Check { title, wrong, examples, more, unknown } = self;
        if self.holds() {
            return format!("ok    {title}");
        }
        let place = (!more.is_empty()).then(|| more.join(" and "));
        let mut parts = examples.clone();
        match (&place, *wrong) {
            (Some(place), 0) => parts.push(format!("something differs among {place}")),
            (Some(place), _) => parts.push(format!("more among {place}")),
            (None, _) => {}
        }
        parts.extend(unknown.as_ref().map(|place| format!("not looked at: {place}")));
        let parts = parts.join("; ");
        let and_more = if place.is_some() { " and more" } else { "" };
        match *wrong {
            0 if place.is_none() => format!("?     {title}: {parts}"),
            0 | 1 => format!("WRONG {title}: {parts}"),
            found if found <= EXAMPLES as u64 => {
                format!("WRONG {title}: {found} contradictions{and_more}: {parts}")
            }
            found => format!("WRONG {title}: {found} contradictions{and_more}, the first: {parts}"),
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

    #[test]
    fn a_check_says_what_was_left_out_and_what_nobody_knows() {
        let mut check = Check::new("numbers are even");
        check.pass_over("numbers from 9 on".to_owned());
        assert!(!check.holds());
        assert_eq!(check.to_line(), "?     numbers are even: not looked at: numbers from 9 on");
        let mut check = Check::new("numbers are even");
        check.leave_out("numbers 9 to 12".to_owned());
        let line = "WRONG numbers are even: something differs among numbers 9 to 12";
        assert_eq!(check.to_line(), line);
        check.expect(false, || "3".to_owned());
        assert_eq!(check.to_line(), "WRONG numbers are even: 3; more among numbers 9 to 12");
        check.expect(false, || "5".to_owned());
        let line = "WRONG numbers are even: 2 contradictions and more: 3; 5; more among numbers 9 \
                    to 12";
        assert_eq!(check.to_line(), line);
    }
}
