//! Words: every text a person reads is a Fluent message in `locales/`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::{LanguageIdentifier, langid};

use crate::moment::Moment;
use crate::money::Currency;

/// A language that texts exist in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Lang {
    #[default]
    En,
    Ru,
}

impl Lang {
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Ru];

    /// BCP 47, for `<html lang>` and `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ru => "ru",
        }
    }

    /// As speakers of it call it.
    pub const fn name(self) -> &'static str {
        match self {
            Lang::En => "English",
            Lang::Ru => "Русский",
        }
    }

    pub fn from_tag(tag: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.tag() == tag)
    }

    /// The language that an `Accept-Language` header likes best of those that there are.
    pub fn accepted(header: &str) -> Option<Lang> {
        let ranges = header.split(',').filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = parameters.trim().strip_prefix("q=");
            let quality: f32 = quality.map_or(Some(1.0), |text| text.trim().parse().ok())?;
            let language = tag.trim().split('-').next()?.to_ascii_lowercase();
            Some((Lang::from_tag(&language)?, quality)).filter(|(_, quality)| *quality > 0.0)
        });
        // The first of the best.
        let best = ranges.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(lang, _)| lang)
    }

    /// The marks of decimals and of groups of digits.
    pub const fn marks(self) -> (char, char) {
        match self {
            Lang::En => ('.', ','),
            Lang::Ru => (',', '\u{a0}'),
        }
    }

    /// A currency as people of this language write it after an amount.
    pub fn currency(self, currency: Currency) -> &'static str {
        match (self, currency.code()) {
            (Lang::Ru, "RUB") => "₽",
            (Lang::Ru, "USD") => "$",
            (Lang::Ru, "EUR") => "€",
            (Lang::Ru, "JPY") => "¥",
            (_, code) => code,
        }
    }

    /// A day of this year, short: `25 Nov`, `25.11`.
    pub fn day(self, date: NaiveDate) -> String {
        let form = match self {
            Lang::En => "%-d %b",
            Lang::Ru => "%d.%m",
        };
        date.format(form).to_string()
    }

    /// The day of a moment, by UTC, whole: `25 Nov 2026`, `25.11.2026`.
    pub fn date(self, moment: Moment) -> String {
        let form = match self {
            Lang::En => "%-d %b %Y",
            Lang::Ru => "%d.%m.%Y",
        };
        moment.date().format(form).to_string()
    }

    /// The text of `key`.
    pub fn text(self, key: &str) -> Cow<'static, str> {
        match texts(self).plain.get(key) {
            Some(text) => Cow::Borrowed(text),
            None => self.message(key, None),
        }
    }

    /// The text of `key` with its variables filled in.
    pub fn format<'a, const N: usize>(
        self,
        key: &str,
        args: [(&'a str, FluentValue<'a>); N],
    ) -> Cow<'static, str> {
        self.message(key, Some(&args.into_iter().collect()))
    }

    fn message(self, key: &str, args: Option<&FluentArgs>) -> Cow<'static, str> {
        let bundle = &texts(self).bundle;
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            debug_assert!(false, "no text {key} in {}", self.tag());
            return Cow::Owned(key.to_owned());
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors);
        debug_assert!(errors.is_empty(), "text {key} in {}: {errors:?}", self.tag());
        Cow::Owned(text.into_owned())
    }
}

/// Reads all texts, so that a fault in them shows at start and not in somebody's page.
pub fn load() {
    for lang in Lang::ALL {
        texts(lang);
    }
}

/// All texts of a language. Those without variables, which are most of every page, are made once.
struct Texts {
    bundle: FluentBundle<FluentResource>,
    plain: HashMap<&'static str, String>,
}

static EN: LazyLock<Texts> =
    LazyLock::new(|| read(langid!("en"), include_str!("../../locales/en.ftl")));
static RU: LazyLock<Texts> =
    LazyLock::new(|| read(langid!("ru"), include_str!("../../locales/ru.ftl")));

fn read(lang: LanguageIdentifier, text: &'static str) -> Texts {
    let resource = FluentResource::try_new(text.to_owned()).expect("the texts parse");
    let mut bundle = FluentBundle::new_concurrent(vec![lang]);
    // The marks that isolate a variable's direction would show up in titles, attributes and JSON.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).expect("every key stands once");
    let plain = text.lines().filter_map(|line| {
        let (key, _) = line.split_once(" =")?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, None, &mut errors).into_owned();
        errors.is_empty().then_some((key, text))
    });
    Texts { plain: plain.collect(), bundle }
}

fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::En => &EN,
        Lang::Ru => &RU,
    }
}
