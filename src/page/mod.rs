//! Pages: what every page knows of its reader and of its data, and the parts that pages share.

pub mod error;
pub mod form;
pub mod header;
pub mod history;
pub mod home;
pub mod layout;
pub mod paging;
pub mod table;

use std::hash::{DefaultHasher, Hash, Hasher};

use maud::{Markup, Render, html};

use crate::accounts::pass::Shown;
use crate::exchange::event::Mark;
use crate::i18n::Lang;
use crate::identity::{Role, User};

/// Light or dark.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Theme {
    /// As the reader's system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub const fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn from_name(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// What a page is made with, besides its own data.
pub struct Context<'a> {
    pub lang: Lang,
    pub theme: Theme,
    /// Who reads it; `None`: nobody yet.
    pub user: Option<User>,
    /// Path and query of this page: to come back to, and to fetch it again.
    pub here: &'a str,
    pub demo: bool,
    /// What the reader was let in by, where there are accounts.
    pub shown: Option<&'a Shown>,
    pub flash: Option<Flash>,
    /// `None`: a page without a socket.
    pub live: Option<Live>,
    pub origin: Option<Origin>,
}

impl Context<'_> {
    /// Whether the reader acts in this role.
    pub fn is(&self, role: Role) -> bool {
        self.user.is_some_and(|user| user.role == role)
    }

    /// What every form that changes something carries: it says that it stands on a page of the
    /// reader's own session.
    pub fn token(&self) -> Markup {
        let token = self.shown.and_then(|shown| shown.pass.form_token.as_deref());
        html! { @if let Some(token) = token { input type="hidden" name="csrf" value=(token); } }
    }
}

/// What the page's data is as of: its socket goes on from there.
pub struct Live {
    pub history: String,
    pub revision: u64,
    /// Of the batch that made the revision, where that is known.
    pub mark: Option<Mark>,
}

/// What stands in a page's `main`, with a number that is another one for everything else.
pub struct Main {
    html: String,
    digest: u64,
}

impl Main {
    /// About what a document has after its `main`.
    const REST: usize = 1024;

    pub fn new(markup: Markup) -> Main {
        let html = markup.into_string();
        let mut hasher = DefaultHasher::new();
        html.hash(&mut hasher);
        Main { html, digest: hasher.finish() }
    }

    pub fn digest(&self) -> u64 {
        self.digest
    }
}

impl Render for Main {
    fn render_to(&self, document: &mut String) {
        // It is most of a document, which need not grow in steps.
        document.reserve(self.html.len() + Main::REST);
        document.push_str(&self.html);
    }
}

/// Where the page's data came from, and what that cost.
pub struct Origin {
    pub source: Source,
    pub revision: u64,
    pub micros: u64,
    pub queries: u32,
    /// The database is away: this is what was known last.
    pub behind: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// An in-process copy of a shared page.
    Memory,
    Memcached,
    Redis,
    Mysql,
    None,
}

impl Source {
    pub const ALL: [Source; 5] =
        [Source::Memory, Source::Memcached, Source::Redis, Source::Mysql, Source::None];

    /// As `X-Cache` says it.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Memory => "memory",
            Source::Memcached => "memcached",
            Source::Redis => "redis",
            Source::Mysql => "mysql",
            Source::None => "none",
        }
    }
}

/// What came of an action, for the page that the client is sent to; it travels in a cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flash {
    Placed { order: u32 },
    Accepted { order: u32, contract: u32 },
    Edited { order: u32 },
    Withdrawn { order: u32 },
    Removed { order: u32 },
    Renewed { order: u32 },
    SomebodyFaster { order: u32 },
    NotOpen { order: u32 },
    OrderChanged { order: u32 },
    OwnOrder { order: u32 },
    TooMany { most: u32 },
    Delivered { contract: u32 },
    Completed { contract: u32 },
    Cancelled { contract: u32 },
    Disputed { contract: u32 },
    ContractChanged { contract: u32 },
    Switched,
    ActsAs,
    LoggedOut,
    PasswordChanged,
    PassEnded,
}

impl Flash {
    pub fn to_cookie(self) -> String {
        match self {
            Flash::Placed { order } => format!("placed:{order}"),
            Flash::Accepted { order, contract } => format!("accepted:{order}:{contract}"),
            Flash::Withdrawn { order } => format!("withdrawn:{order}"),
            Flash::Removed { order } => format!("removed:{order}"),
            Flash::Renewed { order } => format!("renewed:{order}"),
            Flash::SomebodyFaster { order } => format!("faster:{order}"),
            Flash::NotOpen { order } => format!("closed:{order}"),
            Flash::OwnOrder { order } => format!("own:{order}"),
            Flash::Edited { order } => format!("edited:{order}"),
            Flash::OrderChanged { order } => format!("changed:{order}"),
            Flash::TooMany { most } => format!("many:{most}"),
            Flash::Delivered { contract } => format!("delivered:{contract}"),
            Flash::Completed { contract } => format!("completed:{contract}"),
            Flash::Cancelled { contract } => format!("cancelled:{contract}"),
            Flash::Disputed { contract } => format!("disputed:{contract}"),
            Flash::ContractChanged { contract } => format!("elsewhere:{contract}"),
            Flash::Switched => "switched".to_owned(),
            Flash::ActsAs => "role".to_owned(),
            Flash::LoggedOut => "out".to_owned(),
            Flash::PasswordChanged => "password".to_owned(),
            Flash::PassEnded => "pass".to_owned(),
        }
    }

    /// Reads exactly what `to_cookie` writes, and nothing else.
    pub fn from_cookie(text: &str) -> Option<Flash> {
        let (name, numbers) = text.split_once(':').unwrap_or((text, ""));
        let (number, contract) = numbers.split_once(':').unwrap_or((numbers, "0"));
        let number = number.parse().unwrap_or(0);
        let order = number;
        let flash = match name {
            "placed" => Flash::Placed { order },
            "accepted" => Flash::Accepted { order, contract: contract.parse().ok()? },
            "withdrawn" => Flash::Withdrawn { order },
            "removed" => Flash::Removed { order },
            "renewed" => Flash::Renewed { order },
            "faster" => Flash::SomebodyFaster { order },
            "closed" => Flash::NotOpen { order },
            "own" => Flash::OwnOrder { order },
            "edited" => Flash::Edited { order },
            "changed" => Flash::OrderChanged { order },
            "many" => Flash::TooMany { most: number },
            "delivered" => Flash::Delivered { contract: number },
            "completed" => Flash::Completed { contract: number },
            "cancelled" => Flash::Cancelled { contract: number },
            "disputed" => Flash::Disputed { contract: number },
            "elsewhere" => Flash::ContractChanged { contract: number },
            "switched" => Flash::Switched,
            "role" => Flash::ActsAs,
            "out" => Flash::LoggedOut,
            "password" => Flash::PasswordChanged,
            "pass" => Flash::PassEnded,
            _ => return None,
        };
        Some(flash).filter(|flash| flash.to_cookie() == text)
    }

    /// Bootstrap's word for how good this news is.
    pub const fn tone(self) -> &'static str {
        match self {
            Flash::Placed { .. }
            | Flash::Accepted { .. }
            | Flash::Withdrawn { .. }
            | Flash::Removed { .. }
            | Flash::Renewed { .. }
            | Flash::Edited { .. }
            | Flash::Delivered { .. }
            | Flash::Completed { .. }
            | Flash::Cancelled { .. }
            | Flash::Disputed { .. }
            | Flash::Switched
            | Flash::ActsAs
            | Flash::LoggedOut
            | Flash::PasswordChanged
            | Flash::PassEnded => "success",
            Flash::SomebodyFaster { .. }
            | Flash::NotOpen { .. }
            | Flash::OwnOrder { .. }
            | Flash::OrderChanged { .. }
            | Flash::TooMany { .. }
            | Flash::ContractChanged { .. } => "warning",
        }
    }
}

#[cfg(test)]
mod tests;
