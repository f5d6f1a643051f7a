//! Who is asking: a role and a number. How that is learned depends on `AUTH`; what a role may do is
//! decided here, in one place.

pub mod demo;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What somebody acts as. A person may be customer and executor, but one of them at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Customer,
    Executor,
    Admin,
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Role::Customer => "customer",
            Role::Executor => "executor",
            Role::Admin => "admin",
        }
    }

    pub fn from_name(name: &str) -> Option<Role> {
        [Role::Customer, Role::Executor, Role::Admin].into_iter().find(|role| role.name() == name)
    }

    /// Whether this role watches the board of all open orders.
    pub const fn sees_board(self) -> bool {
        matches!(self, Role::Executor | Role::Admin)
    }
}

/// Somebody in a role. `id` is the person's number, 1..=2³¹−1; admins may have none, which is 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct User {
    pub role: Role,
    pub id: u32,
}

/// As pages and cookies name them: `executor:7`, and `admin:` without a number.
impl fmt::Display for User {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.role.name())?;
        if self.id > 0 { write!(out, "{}", self.id) } else { Ok(()) }
    }
}

/// Not how a user is written.
#[derive(Debug)]
pub struct NoUser;

impl FromStr for User {
    type Err = NoUser;

    fn from_str(text: &str) -> Result<User, NoUser> {
        let (role, id) = text.split_once(':').ok_or(NoUser)?;
        User::parse(role, id).ok_or(NoUser)
    }
}

/// Who asks, and how that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    pub user: User,
    /// The browser's session, which ends when somebody else comes to use it. Programs that say with
    /// each request who they are have none.
    pub session: Option<Uuid>,
}

impl User {
    pub const MAX_ID: u32 = i32::MAX as u32;

    pub const fn customer(id: u32) -> User {
        User { role: Role::Customer, id }
    }

    pub const fn executor(id: u32) -> User {
        User { role: Role::Executor, id }
    }

    /// Reads a role and a number as people write them; `None` if either is not lawful.
    pub fn parse(role: &str, id: &str) -> Option<User> {
        let role = Role::from_name(role)?;
        if role == Role::Admin && id.is_empty() {
            return Some(User { role, id: 0 });
        }
        // `parse` would also take a leading plus sign.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let id = id.parse().ok().filter(|id| (1..=User::MAX_ID).contains(id))?;
        Some(User { role, id })
    }
}
