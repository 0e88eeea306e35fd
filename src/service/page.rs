//! Pages of lists: bounded, with a cursor that says where the next one begins.

use super::Problem;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use druse_storage::{Entity, ReadError, Scan, Store, StoreExt};
use serde::Serialize;
use serde_json::{Value, json};

/// What a page holds when nothing is said, and the most that it can hold.
pub const DEFAULT_LIMIT: usize = 50;
/// The most that a page can hold.
pub const MAX_LIMIT: usize = 200;

/// Which page is wanted.
#[derive(Debug, Clone)]
pub struct Page {
    /// At most this many items.
    pub limit: usize,
    /// The key of the last item of the page before.
    pub after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: DEFAULT_LIMIT,
            after: None,
        }
    }
}

fn bad_cursor() -> Problem {
    Problem::bad_request(
        "bad_cursor",
        "The cursor is not one that this list gave.",
        "Use `next_cursor` of the page before, unchanged.",
    )
}

impl Page {
    /// Reads `limit` and `cursor` as callers write them.
    ///
    /// # Errors
    /// When either is not what it should be.
    pub fn parse(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse::<usize>()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| {
                    Problem::bad_request(
                        "bad_limit",
                        format!("`limit` is a number from 1 to {MAX_LIMIT}."),
                        "Ask for the next page with `cursor`.",
                    )
                })?,
        };
        let after = cursor
            .map(|text| {
                URL_SAFE_NO_PAD
                    .decode(text)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(bad_cursor)
            })
            .transpose()?;
        Ok(Self { limit, after })
    }

    /// The number behind which the page begins, in a list whose items are counted.
    ///
    /// # Errors
    /// When the cursor is of another list.
    pub fn after_number(&self) -> Result<Option<u64>, Problem> {
        let number = |cursor: &String| cursor.parse().map_err(|_| bad_cursor());
        self.after.as_ref().map(number).transpose()
    }

    /// The cursor of the page behind an item.
    pub fn cursor(&self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(key)
    }

    /// The page's answer: at most `limit` of the items, and a cursor when there were more.
    /// `items` holds each item with its key, up to one more than the limit.
    pub fn answer<T: Serialize>(&self, mut items: Vec<(String, T)>) -> Value {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        self.cut_off(items, more)
    }

    /// The answer of these items, and a cursor when there are more behind them.
    fn cut_off<T: Serialize>(&self, items: Vec<(String, T)>, more: bool) -> Value {
        let cursor = items
            .last()
            .filter(|_| more)
            .map(|(key, _)| self.cursor(key));
        let items: Vec<T> = items.into_iter().map(|(_, item)| item).collect();
        json!({ "items": items, "next_cursor": cursor })
    }

    /// A page of items that are all at hand, in the order of their keys, largest first.
    pub fn cut<T: Serialize>(&self, all: Vec<T>, key: impl Fn(&T) -> String) -> Value {
        let mut items: Vec<(String, T)> = all.into_iter().map(|item| (key(&item), item)).collect();
        items.sort_by(|a, b| b.0.cmp(&a.0));
        items.retain(|(key, _)| self.after.as_ref().is_none_or(|after| key < after));
        items.truncate(self.limit + 1);
        self.answer(items)
    }

    /// Rows of a table, largest key (youngest id) first, that `fits` lets in, each as `view` shows it. Only what is
    /// on the page is viewed: a view may cost much.
    ///
    /// # Errors
    /// When rows cannot be read, and what `view` gives.
    pub fn list_views<E: Entity, T: Serialize>(
        &self,
        store: &dyn Store,
        fits: impl Fn(&E) -> bool,
        mut view: impl FnMut(E) -> Result<Option<T>, Problem>,
    ) -> Result<Value, Problem> {
        let mut items = Vec::new();
        let mut after = self.after.clone();
        loop {
            let rows: Vec<E> = store.scan(&Scan {
                prefix: String::new(),
                after: after.clone(),
                descending: true,
                limit: MAX_LIMIT + 1,
            })?;
            let last = rows.len() <= MAX_LIMIT;
            for row in rows {
                let key = row.key();
                after = Some(key.clone());
                if !fits(&row) {
                    continue;
                }
                if items.len() == self.limit {
                    return Ok(self.cut_off(items, true));
                }
                if let Some(item) = view(row)? {
                    items.push((key, item));
                }
            }
            if last {
                return Ok(self.cut_off(items, false));
            }
        }
    }

    /// Rows of a table, largest key (youngest id) first, that `wanted` turns into items.
    ///
    /// # Errors
    /// When rows cannot be read, and what `wanted` gives.
    pub fn list<E: Entity, T: Serialize>(
        &self,
        store: &dyn Store,
        prefix: &str,
        descending: bool,
        mut wanted: impl FnMut(E) -> Result<Option<T>, Problem>,
    ) -> Result<Value, Problem> {
        let mut items = Vec::new();
        let mut after = self.after.clone();
        loop {
            let rows: Vec<E> = store.scan(&Scan {
                prefix: prefix.into(),
                after: after.clone(),
                descending,
                limit: MAX_LIMIT + 1,
            })?;
            let last = rows.len() <= MAX_LIMIT;
            for row in rows {
                let key = row.key();
                after = Some(key.clone());
                if let Some(item) = wanted(row)? {
                    items.push((key, item));
                    if items.len() > self.limit {
                        return Ok(self.answer(items));
                    }
                }
            }
            if last {
                return Ok(self.answer(items));
            }
        }
    }
}

/// All rows of a table with a prefix, in the order of their keys.
///
/// # Errors
/// When rows cannot be read.
pub fn all<E: Entity>(store: &dyn Store, prefix: &str) -> Result<Vec<E>, ReadError> {
    let mut found: Vec<E> = Vec::new();
    loop {
        let rows: Vec<E> = store.scan(&Scan {
            prefix: prefix.into(),
            after: found.last().map(E::key),
            descending: false,
            limit: 1_000,
        })?;
        let last = rows.len() < 1_000;
        found.extend(rows);
        if last {
            return Ok(found);
        }
    }
}

/// The form of a list's answer.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct List<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
}
