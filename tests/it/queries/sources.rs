//! The texts of SQL as they stand in the program's sources: none may be forgotten.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::EXCEPTIONS;

/// Demands that every text of SQL in the sources was sent, as far as it does not stand among the
/// exceptions; and that there is none where none should be.
pub fn assert_cover(sent: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut missing = Vec::new();
    let mut files = BTreeMap::new();
    for path in rust_files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        // The audit reads everything on purpose, in portions; the doctor asks what it may do, and
        // does nothing.
        if name.starts_with("audit") || name.starts_with("doctor") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for literal in literals(&source) {
            let asks = literal.contains("SELECT ") && literal.contains(" FROM ");
            if !asks && !literal.starts_with(" FROM ") && !literal.starts_with("DELETE FROM ") {
                continue;
            }
            *files.entry(name.clone()).or_insert(0) += 1;
            let excepted = EXCEPTIONS.iter().any(|(text, _)| literal == *text);
            if !excepted && !sent.iter().any(|text| fits(&literal, text)) {
                missing.push(format!("{name}: {literal}"));
            }
        }
    }
    assert!(missing.is_empty(), "never sent:\n{}\nsent:\n{}", missing.join("\n"), sent.join("\n"));
    for name in files.keys() {
        let place = name.ends_with("/store.rs") || name.contains("/store/");
        assert!(place || name == "exchange/journal.rs", "{name} is no place for SQL");
    }
    println!("texts of SQL: {files:?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The texts in quotes, as the program has them.
fn literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut rest = source;
    while let Some(place) = rest.find(['"', '/', '\'']) {
        let here = &rest[place..];
        if here.starts_with("//") {
            rest = here.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(after) = here.strip_prefix("'\"'") {
            rest = after;
        } else if let Some(quoted) = here.strip_prefix('"') {
            let mut text = String::new();
            let mut characters = quoted.char_indices();
            let end = loop {
                match characters.next() {
                    Some((end, '"')) => break end,
                    Some((_, '\\')) => match characters.next() {
                        // Goes on at the next line's first word.
                        Some((_, '\n')) => {
                            let left = characters.as_str();
                            let blank = left.len() - left.trim_start().len();
                            (0..left[..blank].chars().count()).for_each(|_| {
                                characters.next();
                            });
                        }
                        Some((_, other)) => text.push(other),
                        None => return literals,
                    },
                    Some((_, other)) => text.push(other),
                    None => return literals,
                }
            };
            literals.push(text);
            rest = &quoted[end + 1..];
        } else {
            rest = &here[1..];
        }
    }
    literals
}

/// Whether a text could have been made from this literal: what stands between its `{…}` must occur
/// in this order.
fn fits(literal: &str, text: &str) -> bool {
    let mut rest = text;
    let mut parts = literal.split('{').enumerate();
    parts.all(|(place, part)| {
        let fixed = if place == 0 { part } else { part.split_once('}').map_or(part, |(_, p)| p) };
        match rest.find(fixed) {
            Some(found) => {
                rest = &rest[found + fixed.len()..];
                true
            }
            None => false,
        }
    })
}
