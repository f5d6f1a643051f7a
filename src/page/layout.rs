//! The document around every page: head, what happened last, footer.

use std::sync::LazyLock;

use maud::{DOCTYPE, Markup, html};

use super::header::{demo_bar, header, person_bar};
use super::{Context, Flash, Main, Origin, Source, Theme};
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::web::assets;

/// The styles and the scripts, the same on every page.
static LINKS: LazyLock<[Markup; Theme::ALL.len()]> = LazyLock::new(|| Theme::ALL.map(links));

fn links(theme: Theme) -> Markup {
    // Dark colors are a sheet of their own: the browser decides, or the reader did.
    let (scheme, media) = match theme {
        Theme::System => ("light dark", Some("(prefers-color-scheme: dark)")),
        Theme::Light => ("light", None),
        Theme::Dark => ("dark", Some("all")),
    };
    html! {
        meta name="color-scheme" content=(scheme);
        link rel="icon" type="image/svg+xml" href=(assets::url("icon.svg"))
            data-news=(assets::url("icon-news.svg"));
        link rel="stylesheet" href=(assets::url("bootstrap.css"));
        link rel="stylesheet" href=(assets::url("app.css"));
        @if let Some(media) = media {
            link rel="stylesheet" href=(assets::url("dark.css")) media=(media);
        }
        script defer src=(assets::url("live.js")) {}
        script defer src=(assets::url("arrivals.js")) {}
        script defer src=(assets::url("desk.js")) {}
    }
}

/// Where the script says what it must, and the words for it.
static NOTICES: LazyLock<[Markup; Lang::ALL.len()]> = LazyLock::new(|| {
    Lang::ALL.map(|lang| {
        let [taken, expired, delivered, completed, cancelled, disputed, note] = [
            "live-taken",
            "live-expired",
            "live-delivered",
            "live-completed",
            "live-cancelled",
            "live-disputed",
            "live-note",
        ]
        .map(|key| lang.format(key, [("id", "{id}".into())]));
        html! {
            div #notice.notice role="status" data-taken=(taken) data-expired=(expired)
                data-delivered=(delivered) data-completed=(completed) data-cancelled=(cancelled)
                data-disputed=(disputed) data-note=(note) {}
        }
    })
});

/// The whole HTML document. What changes live is inside `main`; `title` is plain text.
pub fn document(ctx: &Context, title: &str, main: &Main) -> Markup {
    let lang = ctx.lang;
    let live = ctx.live.as_ref();
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · " (lang.text("brand")) }
                (LINKS[ctx.theme as usize])
            }
            body class=(role_class(ctx.user)) data-here=(ctx.here) data-as=[ctx.user]
                data-live=[live.map(|_| "/live")]
                data-history=[live.map(|live| live.history.as_str())]
                data-revision=[live.map(|live| live.revision)]
                data-batch=[live.and_then(|live| live.mark)]
                {
                a.skip href="#main" { (lang.text("skip")) }
                @if ctx.demo { (demo_bar(ctx)) } @else { (person_bar(ctx)) }
                (header(ctx))
                @if let Some(flash) = ctx.flash { (news(ctx, flash)) }
                main #main.container tabindex="-1" { (main) }
                form #act method="post" autocomplete="off" { (ctx.token()) }
                (footer(ctx))
                (NOTICES[lang as usize])
            }
        }
    }
}

/// What the style sheet decides by: who sees which columns and buttons.
fn role_class(user: Option<User>) -> &'static str {
    match user.map(|user| user.role) {
        Some(Role::Customer) => "role-customer",
        Some(Role::Executor) => "role-executor",
        Some(Role::Admin) => "role-admin",
        None => "role-nobody",
    }
}

/// What came of the reader's last action, and the way to it.
fn news(ctx: &Context, flash: Flash) -> Markup {
    let lang = ctx.lang;
    let about = |key: &str, id: u32| lang.format(key, [("id", id.into())]);
    let (text, way) = match flash {
        Flash::Placed { order } => (about("flash-placed", order), Some(format!("/orders/{order}"))),
        Flash::Accepted { order, contract } => (
            lang.format("flash-accepted", [("id", order.into()), ("contract", contract.into())]),
            Some(format!("/contracts/{contract}")),
        ),
        Flash::Withdrawn { order } => (about("flash-withdrawn", order), None),
        Flash::Renewed { order } => {
            (about("flash-renewed", order), Some(format!("/orders/{order}")))
        }
        Flash::Removed { order } => (about("flash-removed", order), None),
        Flash::SomebodyFaster { order } => (about("flash-somebody-faster", order), None),
        Flash::NotOpen { order } => (about("flash-not-open", order), None),
        Flash::OwnOrder { order } => (about("flash-own-order", order), None),
        Flash::Edited { order } => (about("flash-edited", order), None),
        Flash::OrderChanged { order } => (about("flash-order-changed", order), None),
        Flash::TooMany { most } => (
            lang.format("error-too-many-contracts", [("most", most.into())]),
            Some("/my/contracts".to_owned()),
        ),
        Flash::Delivered { contract } => (about("flash-delivered", contract), None),
        Flash::Completed { contract } => (about("flash-completed", contract), None),
        Flash::Cancelled { contract } => (about("flash-cancelled", contract), None),
        Flash::Disputed { contract } => (about("flash-disputed", contract), None),
        Flash::ContractChanged { contract } => (about("flash-contract-changed", contract), None),
        Flash::Switched => (lang.text("flash-switched"), None),
        Flash::ActsAs => (lang.text(acts_as(ctx.user)), None),
        Flash::LoggedOut => (lang.text("flash-logged-out"), None),
        Flash::PasswordChanged => (lang.text("flash-password-changed"), None),
        Flash::PassEnded => (lang.text("flash-pass-ended"), None),
    };
    html! {
        div.container {
            p.news.alert.(format!("alert-{}", flash.tone())) role="status" {
                (text)
                @if let Some(way) = way {
                    " " a.alert-link href=(way) { (lang.text("flash-show")) }
                }
            }
        }
    }
}

fn acts_as(user: Option<User>) -> &'static str {
    match user.map(|user| user.role) {
        Some(Role::Executor) => "flash-acts-as-executor",
        _ => "flash-acts-as-customer",
    }
}

fn footer(ctx: &Context) -> Markup {
    html! {
        footer.bottom {
            div.container {
                @if let Some(origin) = &ctx.origin { p { (words(ctx, origin)) } }
                div.looks {
                    (languages(ctx)) (themes(ctx))
                    a href="/api/docs" { (ctx.lang.text("api-link")) }
                }
            }
        }
    }
}

/// Each in its own language, whoever cannot read this page finds it.
fn languages(ctx: &Context) -> Markup {
    let others = Lang::ALL.into_iter().filter(|lang| *lang != ctx.lang);
    html! {
        form.languages method="post" action="/language" aria-label=(ctx.lang.text("language-label")) {
            (ctx.token())
            input type="hidden" name="back" value=(ctx.here);
            @for lang in others {
                button.btn.btn-link name="lang" value=(lang.tag()) lang=(lang.tag()) {
                    (lang.name())
                }
            }
        }
    }
}

fn themes(ctx: &Context) -> Markup {
    let lang = ctx.lang;
    let name = |theme| match theme {
        Theme::System => lang.text("theme-system"),
        Theme::Light => lang.text("theme-light"),
        Theme::Dark => lang.text("theme-dark"),
    };
    html! {
        form.themes method="post" action="/theme" aria-label=(lang.text("theme-label")) {
            (ctx.token())
            input type="hidden" name="back" value=(ctx.here);
            (lang.text("theme-label")) ": "
            @for theme in Theme::ALL {
                button.btn.btn-link name="theme" value=(theme.name())
                    aria-pressed=(theme == ctx.theme) { (name(theme)) }
            }
        }
    }
}

fn words(ctx: &Context, origin: &Origin) -> Markup {
    let lang = ctx.lang;
    let ms = format!("{:.1}", origin.micros as f64 / 1000.0);
    let ms = ms.replace('.', &lang.marks().0.to_string());
    let source = match origin.source {
        Source::Memory => lang.text("source-memory"),
        Source::Memcached => lang.text("source-memcached"),
        Source::Redis => lang.text("source-redis"),
        Source::Mysql => lang.text("source-mysql"),
        Source::None => lang.text("source-none"),
    };
    html! {
        @if origin.behind {
            strong { (lang.format("origin-behind", [("revision", origin.revision.into())])) } " "
        }
        (lang.format("origin", [
            ("source", source.into()), ("revision", origin.revision.into()), ("ms", ms.into()),
        ]))
        @if origin.queries > 0 {
            " " (lang.format("origin-queries", [("queries", origin.queries.into())]))
        }
    }
}
