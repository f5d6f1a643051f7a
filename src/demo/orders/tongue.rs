//! What people of one language write, read from the text file of that language beside this one.
//!
//! A file has sections, each with its name in square brackets: four lists, a line for each entry,
//! then templates, named by the price in roubles, from and to. Templates and entries have blanks:
//! `{place}` and `{when}` are taken from the lists, `{3-12}` is a whole number between the two.

use std::sync::LazyLock;

/// People who write in the same language.
#[derive(Debug, Default)]
pub struct Tongue {
    pub places: Vec<&'static str>,
    pub deadlines: Vec<&'static str>,
    /// Last sentences, which some people add.
    pub closings: Vec<&'static str>,
    /// Codes; the more often one is in the list, the more often it is taken.
    pub currencies: Vec<&'static str>,
    pub templates: Vec<Template>,
}

/// One kind of order, and what it usually costs, in roubles.
#[derive(Debug)]
pub struct Template {
    pub low: u64,
    pub high: u64,
    pub text: &'static str,
}

/// All languages of the demo.
pub static TONGUES: LazyLock<Vec<Tongue>> = LazyLock::new(|| {
    [
        include_str!("english.txt"),
        include_str!("russian.txt"),
        include_str!("german.txt"),
        include_str!("japanese.txt"),
        include_str!("arabic.txt"),
    ]
    .into_iter()
    .map(Tongue::read)
    .collect()
});

impl Tongue {
    /// Panics on a file that is not like that; they are part of the program.
    fn read(file: &'static str) -> Tongue {
        let mut tongue = Tongue::default();
        let file = file.strip_prefix('[').expect("a file begins with a section");
        for section in file.split("\n[") {
            let (name, text) = section.split_once("]\n").expect("a section has a name");
            let text = text.trim_end();
            let list = match name {
                "places" => &mut tongue.places,
                "deadlines" => &mut tongue.deadlines,
                "closings" => &mut tongue.closings,
                "currencies" => &mut tongue.currencies,
                _ => {
                    let (low, high) = range(name);
                    tongue.templates.push(Template { low, high, text });
                    continue;
                }
            };
            list.extend(text.lines());
        }
        tongue
    }
}

/// Reads `3-12`.
pub fn range(text: &str) -> (u64, u64) {
    let (low, high) = text.split_once('-').expect("a range has two ends");
    let end = |text: &str| text.parse().expect("ranges are of whole numbers");
    (end(low), end(high))
}
