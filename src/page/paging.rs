//! Paging: which page of how many, and which buttons lead where.

use serde::{Deserialize, Serialize};

/// The page sizes that can be asked for; anything else is the first.
pub const SIZES: [u32; 3] = [20, 50, 100];

/// What of a table was asked for: a page (from 1, newest rows first) and its size.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Window {
    pub page: u32,
    pub per_page: u32,
}

impl Window {
    /// Reads `page` and `per_page` as they stand in a query; nonsense is page 1 of 20 rows.
    pub fn parse(page: Option<&str>, per_page: Option<&str>) -> Window {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok());
        let per_page = number(per_page).filter(|size| SIZES.contains(size)).unwrap_or(SIZES[0]);
        Window { page: number(page).unwrap_or(1).max(1), per_page }
    }

    /// How many pages `total` rows make: at least one.
    pub fn pages(self, total: u32) -> u32 {
        total.div_ceil(self.per_page).max(1)
    }

    /// The same window, or the last page when this one lies beyond the end.
    pub fn within(self, total: u32) -> Window {
        Window { page: self.page.min(self.pages(total)), ..self }
    }

    /// How many rows come before this page.
    pub fn skipped(self) -> u32 {
        (self.page - 1).saturating_mul(self.per_page)
    }
}

/// One page of a table, newest rows first, as of a revision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Table<T> {
    pub revision: u64,
    pub page: u32,
    pub pages: u32,
    pub per_page: u32,
    pub total: u32,
    pub rows: Vec<T>,
}

impl<T> Table<T> {
    pub fn new(revision: u64, window: Window, total: u32, rows: Vec<T>) -> Table<T> {
        let (page, pages) = (window.page, window.pages(total));
        Table { revision, page, pages, per_page: window.per_page, total, rows }
    }

    pub fn map<U>(&self, change: impl FnMut(&T) -> U) -> Table<U> {
        let rows = self.rows.iter().map(change).collect();
        let Table { revision, page, pages, per_page, total, .. } = *self;
        Table { revision, page, pages, per_page, total, rows }
    }
}

/// A place in the row of page buttons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Button {
    Page(u32),
    Current(u32),
    Ellipsis,
}

/// The buttons `1 … 5 6 [7] 8 9 … 214`: first, last, two neighbours on each side; an ellipsis never
/// stands for a single page.
pub fn buttons(current: u32, pages: u32) -> Vec<Button> {
    let near = |page: u32| page == 1 || page == pages || page.abs_diff(current) <= 2;
    let mut shown: Vec<u32> = vec![1];
    shown.extend(current.saturating_sub(3).max(2)..=current.saturating_add(3).min(pages));
    shown.push(pages);
    shown.dedup();
    shown.retain(|&page| {
        near(page) || (page == 2 && near(3)) || (page + 1 == pages && near(page - 1))
    });
    let mut row = Vec::with_capacity(shown.len() + 2);
    let mut last = 0;
    for page in shown {
        if page > last + 1 {
            row.push(Button::Ellipsis);
        }
        row.push(if page == current { Button::Current(page) } else { Button::Page(page) });
        last = page;
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(current: u32, pages: u32, expected: &str) {
        let text: Vec<String> = buttons(current, pages)
            .into_iter()
            .map(|button| match button {
                Button::Page(page) => page.to_string(),
                Button::Current(page) => format!("[{page}]"),
                Button::Ellipsis => "…".to_owned(),
            })
            .collect();
        assert_eq!(text.join(" "), expected, "page {current} of {pages}");
    }

    #[test]
    fn buttons_show_the_ends_and_the_neighbours() {
        check(1, 1, "[1]");
        check(1, 2, "[1] 2");
        check(2, 3, "1 [2] 3");
        check(1, 214, "[1] 2 3 … 214");
        check(4, 214, "1 2 3 [4] 5 6 … 214");
        check(5, 214, "1 2 3 4 [5] 6 7 … 214");
        check(7, 214, "1 … 5 6 [7] 8 9 … 214");
        check(211, 214, "1 … 209 210 [211] 212 213 214");
        check(214, 214, "1 … 212 213 [214]");
        check(210, 214, "1 … 208 209 [210] 211 212 213 214");
    }

    #[test]
    fn a_page_beyond_the_end_is_the_last_and_nonsense_is_the_first() {
        let window = |page, size| Window::parse(Some(page), Some(size));
        assert_eq!(window("9", "20").within(41), Window { page: 3, per_page: 20 });
        assert_eq!(window("9", "20").within(0), Window { page: 1, per_page: 20 });
        assert_eq!(window("-1", "21"), Window { page: 1, per_page: 20 });
        assert_eq!(window("0", "100"), Window { page: 1, per_page: 100 });
        assert_eq!(window("4294967295", "50").skipped(), u32::MAX);
    }
}
