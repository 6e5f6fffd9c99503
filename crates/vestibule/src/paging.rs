//! Lists in pages: newest first, keyed on (created_at, id), so that a page neither skips nor repeats a row
//! when others come and go. The cursor is opaque to its holder.

use uuid::Uuid;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// How many rows a page has when nothing is said.
pub const DEFAULT_LIMIT: i64 = 25;
/// How many rows a page has at most.
pub const MAX_LIMIT: i64 = 100;

/// A place in a list: before this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the row was made.
    pub created_at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// Which page is wanted.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// At most this many rows, 1 to 100.
    pub limit: i64,
    /// After this place; none: from the newest.
    pub cursor: Option<Cursor>,
}

/// A page, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to pass for the next page; none: this is the last.
    pub next_cursor: Option<String>,
}

impl PageRequest {
    /// The first page of usual length.
    pub fn first() -> PageRequest {
        PageRequest { limit: DEFAULT_LIMIT, cursor: None }
    }

    /// Reads `?limit=&cursor=`; a limit over 100 means 100.
    pub fn parse(limit: Option<&str>, cursor: Option<&str>) -> Result<PageRequest> {
        let limit = match limit.filter(|text| !text.is_empty()) {
            None => DEFAULT_LIMIT,
            Some(text) => match text.parse::<i64>() {
                Ok(limit) if limit >= 1 => limit.min(MAX_LIMIT),
                Ok(_) | Err(_) => return Err(Error::field("limit", Code::FieldInvalid)),
            },
        };
        let cursor = match cursor.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(Cursor::parse(text).ok_or(Error::field("cursor", Code::FieldInvalid))?),
        };
        Ok(PageRequest { limit, cursor })
    }

    /// One row more than the page, to know whether there is another page.
    pub(crate) fn fetch(&self) -> i64 {
        self.limit + 1
    }

    /// Where to begin: the cursor, or after everything.
    pub(crate) fn after(&self) -> Cursor {
        self.cursor.unwrap_or(Cursor { created_at: Timestamp(i64::MAX), id: Uuid::max() })
    }

    /// Makes a page of what was fetched.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> Cursor) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(|item| place(item).to_text()) } else { None };
        Page { items, next_cursor }
    }
}

impl PageRequest {
    /// The page of everything that there is, in any order.
    pub fn of<T>(&self, mut all: Vec<T>, place: impl Fn(&T) -> Cursor) -> Page<T> {
        let after = self.after();
        let key = |item: &T| (place(item).created_at, place(item).id);
        all.retain(|item| key(item) < (after.created_at, after.id));
        all.sort_unstable_by_key(|item| std::cmp::Reverse(key(item)));
        self.page(all, &place)
    }
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

impl Cursor {
    fn to_text(self) -> String {
        format!("{:016x}{}", self.created_at.0, self.id.simple())
    }

    fn parse(text: &str) -> Option<Cursor> {
        if text.len() != 48 || !text.is_ascii() {
            return None;
        }
        let created_at = u64::from_str_radix(&text[..16], 16).ok().and_then(|at| i64::try_from(at).ok())?;
        Some(Cursor { created_at: Timestamp(created_at), id: text[16..].parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let cursor = Cursor { created_at: Timestamp(1_700_000_000_000_000), id: Uuid::max() };
        assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        for text in ["", "x", "é", &"f".repeat(48), &"+".repeat(48), &"0".repeat(47)] {
            assert_eq!(Cursor::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_limit_is_one_to_a_hundred() {
        assert_eq!(PageRequest::parse(Some("1000"), None).expect("a page").limit, 100);
        for text in ["0", "-1", "x", "1.5", "99999999999999999999"] {
            assert!(PageRequest::parse(Some(text), None).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_page_with_more_behind_it_has_a_next() {
        let request = PageRequest { limit: 2, cursor: None };
        let place = |n: &i64| Cursor { created_at: Timestamp(*n), id: Uuid::nil() };
        assert_eq!(request.page(vec![3, 2], place).next_cursor, None);
        let page = request.page(vec![3, 2, 1], place);
        assert_eq!(page.items, [3, 2]);
        assert_eq!(page.next_cursor.as_deref().and_then(Cursor::parse), Some(place(&2)));
    }
}
