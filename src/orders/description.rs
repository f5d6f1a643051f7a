//! The text of an order: what may be written, and its short form for tables and feeds. Text is
//! kept exactly as typed, but for its line ends; escaping it is the business of whoever shows it.

/// The longest description, in code points, its line ends counted as one each.
pub const MAX_CHARACTERS: usize = 8000;

/// How much of a description boards, tables and feeds show, in code points.
pub const EXCERPT_CHARACTERS: usize = 280;

/// The longest reason for a removal, in code points.
pub const MAX_REASON_CHARACTERS: usize = 1000;

/// Why a description was refused: each names the rule that it breaks.
#[derive(Debug, Clone, PartialEq)]
pub enum DescriptionRefused {
    /// Nothing but white space.
    Empty,
    /// More than `max` code points.
    TooLong { max: usize },
    /// A control character (Unicode's Cc) other than LF, TAB, and the CR of a CRLF.
    ControlCharacter,
}

impl DescriptionRefused {
    /// The key of the message that says so of a description.
    pub fn rule(&self) -> &'static str {
        match self {
            DescriptionRefused::Empty => "description-empty",
            DescriptionRefused::TooLong { .. } => "description-too-long",
            DescriptionRefused::ControlCharacter => "description-control-character",
        }
    }

    /// The key of the message that says so of a note.
    pub fn rule_of_note(&self) -> &'static str {
        match self {
            DescriptionRefused::Empty => "note-empty",
            DescriptionRefused::TooLong { .. } => "note-too-long",
            DescriptionRefused::ControlCharacter => "note-control-character",
        }
    }

    /// The key of the message that says so of a reason.
    pub fn rule_of_reason(&self) -> &'static str {
        match self {
            DescriptionRefused::Empty => "reason-empty",
            DescriptionRefused::TooLong { .. } => "reason-too-long",
            DescriptionRefused::ControlCharacter => "reason-control-character",
        }
    }
}

/// Checks a description and makes its line ends LF (browsers send CRLF from a form).
pub fn clean(text: &str) -> Result<String, DescriptionRefused> {
    clean_up_to(text, MAX_CHARACTERS)
}

/// The same rules for a text of at most `max` code points.
pub fn clean_up_to(text: &str, max: usize) -> Result<String, DescriptionRefused> {
    let text = text.replace("\r\n", "\n");
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        Err(DescriptionRefused::ControlCharacter)
    } else if text.trim().is_empty() {
        Err(DescriptionRefused::Empty)
    } else if text.chars().nth(max).is_some() {
        Err(DescriptionRefused::TooLong { max })
    } else {
        Ok(text)
    }
}

/// The first [`EXCERPT_CHARACTERS`] of a description, and whether anything was cut.
pub fn excerpt(text: &str) -> (&str, bool) {
    match text.char_indices().nth(EXCERPT_CHARACTERS) {
        Some((end, _)) => (&text[..end], true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DescriptionRefused::{ControlCharacter, Empty};
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<&str, DescriptionRefused>) {
        assert_eq!(clean(text), expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn text_is_kept_as_typed() {
        for text in [
            "x",
            "  two spaces before, one after ",
            "line\n\n\tline\n",
            "'; DROP TABLE orders; -- <script>alert(1)</script> & \" \\ %00",
            "Привет, 世界, 👩\u{200d}🔧",
            "e\u{301} is not \u{e9}",
            "\u{200b}zero\u{200d}width\u{feff}",
            "\u{202e}right to left\u{202c} \u{2066}isolated\u{2069}",
            "\u{2028}separators\u{2029}",
        ] {
            check(text, Ok(text));
        }
        check("a\r\nb\r\n", Ok("a\nb\n"));
    }

    #[test]
    fn white_space_alone_is_refused() {
        for text in ["", " ", "\n", "\r\n\t", "\u{a0}", "\u{2003}\u{3000}\u{202f}\u{2028}"] {
            check(text, Err(Empty));
        }
    }

    #[test]
    fn control_characters_are_refused() {
        for text in ["a\0", "a\rb", "a\r", "a\r\r\nb", "a\n\rb", "\u{b}a", "\u{1b}[31ma", "\r"] {
            check(text, Err(ControlCharacter));
        }
        for code in (0..=0x1f_u8).chain(0x7f..=0x9f) {
            let character = char::from(code);
            let text = format!("a{character}b");
            let allowed = matches!(character, '\n' | '\t');
            check(&text, if allowed { Ok(&text) } else { Err(ControlCharacter) });
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        let too_long = DescriptionRefused::TooLong { max: 8000 };
        for character in ["x", "я", "世", "🔧"] {
            let longest = character.repeat(MAX_CHARACTERS);
            check(&longest, Ok(&longest));
            check(&(longest + "x"), Err(too_long.clone()));
        }
        let lines = "x\r\n".repeat(MAX_CHARACTERS / 2);
        check(&lines, Ok(&lines.replace('\r', "")));
        check(&(lines + "\r\n"), Err(too_long));
    }

    #[test]
    fn an_excerpt_says_whether_it_is_cut() {
        for character in ["x", "я", "🔧"] {
            let fits = character.repeat(EXCERPT_CHARACTERS);
            assert_eq!(excerpt(&fits), (fits.as_str(), false));
            assert_eq!(excerpt(&format!("{fits}x")), (fits.as_str(), true));
        }
        assert_eq!(excerpt(""), ("", false));
    }

    proptest! {
        #[test]
        fn an_excerpt_begins_its_text(text in "(?s).{0,400}") {
            let (start, cut) = excerpt(&text);
            prop_assert!(text.starts_with(start));
            prop_assert_eq!(cut, start.len() < text.len());
            let length = text.chars().count().min(EXCERPT_CHARACTERS);
            prop_assert_eq!(start.chars().count(), length);
        }

        #[test]
        fn clean_text_stays_as_it_is(text in any::<String>()) {
            if let Ok(cleaned) = clean(&text) {
                prop_assert_eq!(clean(&cleaned), Ok(cleaned));
            }
        }
    }
}
