//! People who log in (`AUTH=accounts`): what their names and passwords may be, what they may act as,
//! and how they are known again. Every secret is kept by its holder alone: of passwords, sessions and
//! tokens the database has hashes.

pub mod command;
pub mod desk;
pub mod hashing;
pub mod keys;
pub mod pass;
pub mod store;
mod view;
pub mod web;

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use self::hashing::Hashing;
use self::keys::Keys;
use self::pass::Passes;
use crate::error::{FieldRule, Refusal};
use crate::identity::Role;

/// What a server needs to know people by.
pub struct Accounts {
    pub keys: Keys,
    pub passes: Passes,
    pub hashing: Hashing,
    /// Whether cookies are for https only.
    pub secure: bool,
    /// Whether browsers are told so for a year.
    pub insists_on_https: bool,
}

/// How people call themselves. Only they themselves are shown it: to others they are numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name(String);

impl Name {
    const LEAST: usize = 3;
    pub const MOST: usize = 32;

    /// Letters are Latin or Cyrillic, and not both: a name must not look like another one.
    pub fn parse(text: &str) -> Result<Name, &'static str> {
        let text = text.trim();
        if text.chars().count() < Name::LEAST {
            return Err("name-short");
        }
        if text.chars().count() > Name::MOST {
            return Err("name-long");
        }
        let is_cyrillic = |c: char| ('\u{400}'..='\u{45f}').contains(&c);
        let is_lawful = |c: char| c.is_ascii_alphanumeric() || is_cyrillic(c) || "._-".contains(c);
        if !text.chars().all(is_lawful) {
            return Err("name-characters");
        }
        if text.chars().any(is_cyrillic) && text.chars().any(|c| c.is_ascii_alphabetic()) {
            return Err("name-mixed");
        }
        Ok(Name(text.to_owned()))
    }

    /// The same for all names that differ by case alone.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What somebody typed, as names are compared.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A password that somebody chose, by the rules of NIST SP 800-63B: long enough, and none that
/// everybody tries first. What it is made of is its owner's business.
#[derive(Clone)]
pub struct Password(String);

/// The most common ones that are long enough, as zxcvbn and zxcvbn-ts have them (MIT), and some
/// Russian ones.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

impl Password {
    const LEAST: usize = 10;
    const MOST: usize = 128;

    pub fn choose(text: &str, name: &Name) -> Result<Password, &'static str> {
        let password = Password::typed(text);
        let count = password.0.chars().count();
        if count < Password::LEAST {
            return Err("password-short");
        }
        if count > Password::MOST {
            return Err("password-long");
        }
        let small = password.0.to_lowercase();
        let first = small.chars().next();
        let bare = small.trim_matches(|c: char| !c.is_alphabetic());
        let guessed = COMMON.contains(&*small)
            || small.chars().all(|c| Some(c) == first)
            || [name.folded().as_str(), "orderboard"].contains(&bare)
            || small == name.folded();
        if guessed { Err("password-common") } else { Ok(password) }
    }

    /// One to be compared with the one that was chosen; the same text however it was typed.
    pub fn typed(text: &str) -> Password {
        Password(text.nfkc().collect())
    }

    /// One that nobody has to think of: 100 random bits.
    pub fn made_up() -> Password {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let letters = keys::random::<20>().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        let groups: Vec<String> = letters.chunks(5).map(|part| part.iter().collect()).collect();
        Password(groups.join("-"))
    }

    /// The text itself, to be shown to who is to have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What somebody may act as, one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Roles {
    customer: bool,
    executor: bool,
    admin: bool,
}

impl Roles {
    /// Admins are nothing else: who rules a dispute has no part in it.
    pub const ADMIN: Roles = Roles { customer: false, executor: false, admin: true };

    /// What people may choose by themselves.
    pub fn chosen(text: &str) -> Option<Roles> {
        let (customer, executor) = match text {
            "customer" => (true, false),
            "executor" => (false, true),
            "both" => (true, true),
            _ => return None,
        };
        Some(Roles { customer, executor, admin: false })
    }

    /// As the database has them.
    pub fn parse(text: &str) -> Roles {
        let has = |role: Role| text.split(',').any(|word| word == role.name());
        Roles {
            customer: has(Role::Customer),
            executor: has(Role::Executor),
            admin: has(Role::Admin),
        }
    }

    pub fn list(self) -> Vec<Role> {
        let all = [
            (self.customer, Role::Customer),
            (self.executor, Role::Executor),
            (self.admin, Role::Admin),
        ];
        all.into_iter().filter(|(may, _)| *may).map(|(_, role)| role).collect()
    }

    pub fn allow(self, role: Role) -> bool {
        self.list().contains(&role)
    }

    /// What somebody acts as who has just come.
    pub fn first(self) -> Role {
        self.list().first().copied().unwrap_or(Role::Customer)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.list().into_iter().map(Role::name).collect();
        out.write_str(&names.join(","))
    }
}

/// Somebody's account.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: u32,
    pub name: String,
    /// The hash of it.
    pub password: String,
    pub roles: Roles,
}

/// The refusal of a field for a rule whose sentence stands under this key.
pub(crate) fn refuse(field: &'static str, rule: &'static str) -> Refusal {
    Refusal::InvalidField { field, rule: FieldRule::Says(rule) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_of_one_alphabet() {
        for (text, expected) in [
            (" Ann ", Ok("Ann")),
            ("Ёлка-7", Ok("Ёлка-7")),
            ("a.b_c", Ok("a.b_c")),
            ("an", Err("name-short")),
            ("  a  ", Err("name-short")),
            (&"a".repeat(33), Err("name-long")),
            ("two words", Err("name-characters")),
            ("<b>", Err("name-characters")),
            ("名前名前", Err("name-characters")),
            // A Cyrillic а among Latin letters.
            ("\u{430}dmin", Err("name-mixed")),
        ] {
            let found = Name::parse(text);
            assert_eq!(found.as_ref().map(|name| name.0.as_str()), expected.as_ref().copied());
        }
        assert_eq!(Name::parse("ЁЛКА").unwrap().folded(), Name::parse("ёлка").unwrap().folded());
        assert_eq!(fold(" ANN "), Name::parse("Ann").unwrap().folded());
    }

    #[test]
    fn passwords_are_long_and_not_what_everybody_tries_first() {
        let name = Name::parse("Constantine").unwrap();
        let check = |text: &str| Password::choose(text, &name).map(|_| ()).err();
        for lawful in ["correct horse", "только строчные", "ab cd ef g", &"ab".repeat(64)]
        {
            assert_eq!(check(lawful), None, "{lawful}");
        }
        assert_eq!(check("nine char"), Some("password-short"));
        assert_eq!(check(&"ab".repeat(65)), Some("password-long"));
        for common in [
            "Password123",
            "йцукенгшщз",
            "aaaaaaaaaaaa",
            "CONSTANTINE",
            "constantine1",
            "1234567890",
            "Orderboard2026",
            "qwertyuiop",
        ] {
            assert_eq!(check(common), Some("password-common"), "{common}");
        }
        assert!(COMMON.len() > 1500);
        let (one, other) = (Password::made_up(), Password::made_up());
        assert!(check(one.reveal()).is_none() && one.reveal() != other.reveal());
        assert_eq!(one.reveal().len(), 23);
    }

    #[test]
    fn a_password_is_the_same_however_it_is_typed() {
        let composed = Password::typed("\u{439}\u{e9}longenough");
        let parts = Password::typed("\u{438}\u{306}e\u{301}longenough");
        assert_eq!(composed.reveal(), parts.reveal());
    }

    #[test]
    fn roles_are_what_was_chosen_and_never_admin() {
        assert_eq!(Roles::chosen("both").unwrap().to_string(), "customer,executor");
        assert_eq!(Roles::chosen("executor").unwrap().first(), Role::Executor);
        for unlawful in ["admin", "customer,admin", "customer,executor", ""] {
            assert_eq!(Roles::chosen(unlawful), None);
        }
        for text in ["customer", "executor", "customer,executor", "admin"] {
            assert_eq!(Roles::parse(text).to_string(), text);
        }
        assert!(!Roles::parse("administrator").allow(Role::Admin));
        assert!(!Roles::ADMIN.allow(Role::Customer));
    }
}
