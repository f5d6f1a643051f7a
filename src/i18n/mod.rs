//! Words: every text a person reads is a Fluent message in `locales/`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::langid;

/// A language that texts exist in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Lang {
    #[default]
    En,
}

impl Lang {
    pub const ALL: [Lang; 1] = [Lang::En];

    /// BCP 47, for `<html lang>` and `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
        }
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

static EN: LazyLock<Texts> = LazyLock::new(|| {
    let text = include_str!("../../locales/en.ftl");
    let resource = FluentResource::try_new(text.to_owned()).expect("locales/en.ftl parses");
    let mut bundle = FluentBundle::new_concurrent(vec![langid!("en")]);
    // The marks that isolate a variable's direction would show up in titles, attributes and JSON.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).expect("every key of locales/en.ftl stands once");
    let plain = text.lines().filter_map(|line| {
        let (key, _) = line.split_once(" =")?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, None, &mut errors).into_owned();
        errors.is_empty().then_some((key, text))
    });
    Texts { plain: plain.collect(), bundle }
});

fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::En => &EN,
    }
}
