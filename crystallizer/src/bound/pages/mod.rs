//! Calls that turn the pages of a list: the same call again with the next number, or with what the answer before it
//! gave, until an answer says that there is no more. They become a `repeat` that gives all pages as one list.

mod body;
mod fixed;
mod turn;

use super::answers::{Answers, WholePlace};
use super::binder::Binder;
use super::enter::Pending;
use super::evaluate::{literal, member};
use super::key::noun;
use super::nested::list_at;
use super::passes::before;
use super::slot;
use super::turn::closed;
use super::view;
use super::world::World;
use crate::kept::Kept;
use serde_json::{Map, Value};

pub(super) use body::{nest, write};
pub(super) use fixed::fixed;
use turn::{begins, end, longest_list, may_end, nexts, turned};

/// The most pages that are turned.
const MOST: usize = 1_000;

/// A list that was asked for page by page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pages {
    /// The id of its step.
    pub(super) id: String,
    /// The call of the first page.
    pub(super) first: usize,
    /// How many pages were recorded.
    pub(super) passes: usize,
    /// The call that the body is made of: the first that says which page it wants.
    pub(super) body: usize,
    /// The argument that says so.
    pub(super) pointer: String,
    pub(super) next: Next,
    /// The way to the list in the answer.
    pub(super) list: Vec<String>,
    /// The bare expression that holds after the last page.
    until: String,
    /// The expression of what the body is answered.
    base: String,
    /// Why, in words.
    pub(super) because: String,
}

/// What says which page is next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// A number that grows.
    Count { from: i64, by: i64 },
    /// A field of the answer before. The first page has this in its place, where it has anything.
    Handed {
        path: Vec<String>,
        first: Option<Value>,
    },
}

/// The key under which what a pass hands on stands in what it gives.
const NEXT: &str = "next";

impl Pages {
    /// Its last call, which stands for it where its answers are meant.
    pub(super) fn last(&self) -> usize {
        self.first + self.passes - 1
    }

    pub(super) fn holds(&self, call: usize) -> bool {
        (self.first..=self.last()).contains(&call)
    }

    pub(super) fn path(&self, pass: usize, step: &str) -> String {
        format!("{}[{pass}].{step}", self.id)
    }

    /// The name of the list in what it gives.
    fn name(&self) -> &str {
        self.list.last().map_or("items", String::as_str)
    }

    /// The list as it is in a world, page after page, each element with its index in the recorded one.
    pub(super) fn over(&self, kept: &[Kept<'_>], world: &World) -> Vec<(Value, Option<usize>)> {
        let mut all = Vec::new();
        let mut offset = 0;
        for kept in kept.iter().skip(self.first).take(self.passes) {
            let length = |data: &Value| {
                list_at(data, &self.list)
                    .and_then(Value::as_array)
                    .map_or(0, Vec::len)
            };
            let count = length(&view::data(kept, &kept.answer));
            let now = view::data(kept, &world.answer(kept));
            if let Some(Value::Array(items)) = list_at(&now, &self.list) {
                all.extend(items.iter().enumerate().map(|(index, item)| {
                    let before = before(index, count, world).map(|index| offset + index);
                    (item.clone(), before)
                }));
            }
            offset += count;
        }
        all
    }

    /// Whether a place is the list of all pages.
    pub(super) fn gives(&self, answers: &Answers<'_>, place: WholePlace) -> bool {
        place.call == self.last()
            && !Answers::is_root(place)
            && answers.last_key_of(place) == self.name()
            && answers.steps_to_whole(place).len() == 1
    }

    fn list_expression(&self) -> String {
        way(&self.base, &self.list)
    }

    /// What says which page a pass asks for; that of the first page where it is not left out there.
    fn asks(&self) -> String {
        match &self.next {
            Next::Count { from, by } => counted(*from, *by),
            Next::Handed { first: None, .. } => format!("loop.previous{}", member(NEXT)),
            Next::Handed {
                first: Some(first), ..
            } => format!(
                "loop.previous{} if loop.previous else {}",
                member(NEXT),
                literal(first)
            ),
        }
    }

    /// What a pass gives: the list so far, and what the next one is asked for by.
    fn output(&self) -> Value {
        let name = self.name();
        let mut map = Map::new();
        map.insert(
            name.to_owned(),
            format!(
                "{{{{ loop.previous{} | default([]) | chain({}) | list }}}}",
                member(name),
                self.list_expression()
            )
            .into(),
        );
        if let Next::Handed { path, .. } = &self.next {
            let next = way(&self.base, path);
            map.insert(
                NEXT.to_owned(),
                format!("{{{{ {next} | default(none) }}}}").into(),
            );
        }
        Value::Object(map)
    }
}

fn counted(from: i64, by: i64) -> String {
    match (from, by) {
        (0, 1) => "loop.index".to_owned(),
        (from, 1) => format!("loop.index + {from}"),
        (0, by) => format!("loop.index * {by}"),
        (from, by) => format!("loop.index * {by} + {from}"),
    }
}

fn way(base: &str, path: &[String]) -> String {
    let mut text = if path.is_empty() {
        base.to_owned()
    } else {
        closed(base)
    };
    for word in path {
        text.push_str(&member(word));
    }
    text
}

impl Binder<'_, '_> {
    /// Finds the pages that calls from this one on turn. Gives the last of them.
    pub(super) fn turn_pages(&mut self, at: usize) -> Option<usize> {
        if !self.folds {
            return None;
        }
        let kept = self.kept;
        let first = kept.get(at)?;
        // Told by the first two calls, before the rest is looked at.
        if !turned(kept.get(at..at + 2)?).is_some_and(|turned| begins(turned.values.first())) {
            return None;
        }
        let count = kept
            .iter()
            .enumerate()
            .skip(at)
            .take(MOST)
            .take_while(|(index, one)| {
                one.call.name == first.call.name
                    && one.target.action == first.target.action
                    && one.is_harmless()
                    && !self.gated.contains(index)
                    && self.alike.may_follow(*index, at)
            })
            .count();
        if count < 2 || !self.may_look(count) {
            return None;
        }
        let answers: Vec<Value> = kept
            .iter()
            .skip(at)
            .take(count)
            .map(|kept| view::seen(kept).into_value())
            .collect();
        // As many as there are, and fewer where what comes behind is another list.
        for passes in (2..=count).rev() {
            let (Some(one), Some(last)) = (answers.first(), answers.get(passes - 1)) else {
                continue;
            };
            if !may_end(one, last) {
                continue;
            }
            if !self.may_look(passes) {
                return None;
            }
            if let Some(pages) = self.pages(at, answers.get(..passes)?) {
                let last = pages.last();
                self.enter_pages(pages);
                return Some(last);
            }
        }
        None
    }

    fn pages(&mut self, first: usize, answers: &[Value]) -> Option<Pages> {
        let kept = self.kept;
        let passes = answers.len();
        let calls = kept.get(first..first + passes)?;
        let turned = turned(calls)?;
        let body = first + usize::from(turned.values.first()?.is_none());
        slot::first(kept.get(body)?, &turned.pointer)?;
        // A page that the person named is none that follows.
        let said = turned
            .values
            .iter()
            .flatten()
            .any(|value| value.is_string() && self.said.find(value, &[]).is_some());
        if said {
            return None;
        }
        let list = longest_list(answers)?;
        let base = self.router.base(kept, body)?;
        let mut found = None;
        for next in nexts(&turned, answers, &list) {
            if let Some((until, why)) = end(&base, &next, answers, &list, passes) {
                found = Some((next, until, why));
                break;
            }
        }
        let (next, until, why) = found?;
        let tool = kept.get(first)?.call.name.as_str();
        let how = match &next {
            Next::Count { .. } => "each page was asked for by the next number",
            Next::Handed { .. } => "each page was asked for by what the answer before it gave",
        };
        Some(Pages {
            id: self.pages_id(tool),
            first,
            passes,
            body,
            pointer: turned.pointer,
            next,
            list,
            until,
            base,
            because: format!("{how}, until {why}"),
        })
    }

    fn pages_id(&mut self, tool: &str) -> String {
        let name: Vec<String> = noun(tool)
            .iter()
            .map(|word| {
                word.chars()
                    .filter(char::is_ascii_alphanumeric)
                    .collect::<String>()
            })
            .filter(|word| !word.is_empty())
            .collect();
        let base = if name.is_empty() {
            "all_pages".to_owned()
        } else {
            format!("all_{}_pages", name.join("_").to_ascii_lowercase())
        };
        self.free_id(&base, None)
    }

    fn enter_pages(&mut self, pages: Pages) {
        let kept = self.kept;
        let before = self.sent.now();
        if let Some(body) = kept.get(pages.body) {
            self.strong = super::decide::strong_values(&body.call.arguments);
            self.others(pages.body, &[pages.pointer.clone()].into());
        }
        let mut all = Vec::new();
        for kept in kept.iter().skip(pages.first).take(pages.passes) {
            self.note_sent(&kept.call.arguments);
            let data = view::seen(kept);
            if let Some(Value::Array(items)) = list_at(&data, &pages.list) {
                all.extend(items.iter().cloned());
            }
        }
        let mut output = Map::new();
        output.insert(pages.name().to_owned(), Value::Array(all));
        self.paged.push(Pending {
            sent: before,
            output: Value::Object(output),
        });
        self.take_id(&pages.id);
        self.pages.push(pages);
    }

    /// Takes in what pages gave.
    pub(super) fn learn_pages(&mut self, index: usize) {
        let (Some(pages), Some(pending)) = (self.pages.get(index), self.paged.get(index)) else {
            return;
        };
        let (id, last) = (pages.id.clone(), pages.last());
        let (output, sent) = (pending.output.clone(), pending.sent);
        self.learn_as(last, &id, output, sent);
    }
}
