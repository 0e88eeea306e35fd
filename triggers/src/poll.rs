//! A service or a database that is asked again and again: what is asked, which items an answer has, which
//! of them are new, and where the next answer goes on. Who asks, and when, is not decided here.

use druse_engine::{
    Digest, Finding, Json, Span, Timestamp,
    definition::{self, ItemOrder},
    expression::{Expression, ExpressionError, Frame, RunFacts, Template, Values},
    plan::{SecretPlace, secret_places},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most items of one answer that are looked at.
pub const MOST_ITEMS: usize = 10_000;

/// How many items of one answer start runs when nothing is said.
const LIMIT: u32 = 100;

/// The most of them.
const MOST_LIMIT: u32 = 1_000;

/// The longest that `every` may be.
const LONGEST: Span = Span::from_secs(30 * 86_400);

/// The longest wait after failures, unless `every` is longer or the other side asks for more.
const LONGEST_WAIT: Span = Span::from_secs(3_600);

/// The longest wait that the other side may ask for.
const LONGEST_ASKED: Span = Span::from_secs(86_400);

/// A compiled `poll`.
#[derive(Debug, Clone)]
pub struct Poll {
    /// `http` or `sql`.
    pub action: String,
    /// How often it asks.
    pub every: Span,
    /// How long an answer may take.
    pub timeout: Option<Span>,
    /// Whether items that are there at first start runs.
    pub existing: bool,
    /// The most items of one answer that start runs.
    pub limit: usize,
    /// The secrets that may be filled in, and where.
    pub secrets: Vec<SecretPlace>,
    with: Template,
    items: Expression,
    key: Option<Expression>,
    cursor: Option<Expression>,
    newest_first: bool,
    identity: Digest,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its items, the oldest first.
    pub items: Vec<Item>,
    output: Json,
}

/// An item of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What makes it one.
    pub key: String,
    /// The item.
    pub value: Json,
    /// Why it has no key; then it is known by all of it.
    pub fault: Option<String>,
}

/// What is to be done about an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The indexes of the items that start runs, in order.
    pub fresh: Vec<usize>,
    /// How many items are dealt with after these; the others are left to the next answer.
    pub walked: usize,
    /// Whether all items are dealt with.
    pub whole: bool,
}

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({path})")]
pub struct PollError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// JSON Pointer into the poll.
    pub path: String,
}

impl PollError {
    fn at(path: &str, error: ExpressionError) -> Self {
        let inner = error.path.unwrap_or_default();
        Self {
            message: error.message,
            path: format!("{path}{inner}"),
        }
    }
}

impl Poll {
    /// Compiles a poll. Paths of findings begin at it (`/every`).
    pub fn compile(poll: &definition::Poll) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let usual = match poll.action.as_str() {
            "http" => "output.json",
            "sql" => "output.rows",
            _ => {
                findings.push(
                    Finding::error("unknown_action", "a poll asks by `http` or `sql`")
                        .at_path("/action")
                        .help("What else is to be asked is asked by a step of a scheduled run."),
                );
                "output"
            }
        };
        if poll.every < Span::from_secs(1) || poll.every > LONGEST {
            findings.push(
                Finding::error(
                    "bad_value",
                    format!("`every` is a time from 1s to {LONGEST}"),
                )
                .at_path("/every")
                .help("Write it as 1m."),
            );
        }
        let limit = poll.limit.unwrap_or(LIMIT);
        if limit == 0 || limit > MOST_LIMIT {
            findings.push(
                Finding::error(
                    "bad_value",
                    format!("`limit` is a number from 1 to {MOST_LIMIT}"),
                )
                .at_path("/limit")
                .help("More items are taken with the next answers."),
            );
        }
        let mut compile =
            |key: &str, source: &str, known: &[&str]| expression(key, source, known, &mut findings);
        let items = compile(
            "/items",
            poll.items.as_deref().unwrap_or(usual),
            &["output"],
        );
        let key = poll.key.as_deref();
        let key = key.and_then(|source| compile("/key", source, &["item"]));
        let cursor = poll.cursor.as_deref();
        let cursor = cursor.and_then(|source| compile("/cursor", source, &["item", "output"]));
        let with = Template::compile(&Value::Object(poll.with.clone()));
        let with = with.map_err(|errors| {
            findings.extend(errors.into_iter().map(|placed| {
                Finding::error(placed.error.code, placed.error.message)
                    .at_path(format!("/with{}", placed.path))
                    .help(placed.error.help)
            }));
        });
        let (Ok(with), Some(items), true) = (with, items, findings.is_empty()) else {
            return Err(findings);
        };
        let place = ["connection", "url"].map(|key| poll.with.get(key));
        let identity = json!([poll.action, place, poll.key, poll.cursor]);
        Ok(Self {
            action: poll.action.clone(),
            every: poll.every,
            timeout: poll.timeout,
            existing: poll.existing.unwrap_or(false),
            limit: limit as usize,
            secrets: secret_places(&with),
            with,
            items,
            key,
            cursor,
            newest_first: poll.order == Some(ItemOrder::NewestFirst),
            identity: Digest::of(identity.to_string().as_bytes()),
        })
    }

    /// What tells it from another poll: when that changes, cursor and keys mean nothing any more.
    pub fn identity(&self) -> &Digest {
        &self.identity
    }

    /// The configuration of the action, at a cursor. Secrets stand in it by name.
    ///
    /// # Errors
    /// When an expression has no value.
    pub fn request(&self, cursor: &Value) -> Result<Json, PollError> {
        let values = values([("cursor", cursor.clone().into())]);
        let rendered = self.with.render(&values);
        rendered.map_err(|error| PollError::at("/with", error))
    }

    /// The items of what the action gave.
    ///
    /// # Errors
    /// When there is no list of them.
    pub fn answer(&self, output: Json) -> Result<Answer, PollError> {
        let wrong = |message: String| PollError {
            message,
            path: "/items".into(),
        };
        let found = self
            .items
            .evaluate_json(&values([("output", output.clone())]));
        let found = found.map_err(|error| PollError::at("/items", error))?;
        let mut items: Vec<Item> = match found.value() {
            // How some services write an empty list.
            Value::Null => Vec::new(),
            Value::Array(list) if list.len() > MOST_ITEMS => {
                return Err(wrong(format!(
                    "the answer has {} items, which is more than {MOST_ITEMS}",
                    list.len()
                )));
            }
            Value::Array(list) => list.iter().map(|item| self.item(item)).collect(),
            _ => return Err(wrong("the items are no list".into())),
        };
        if self.newest_first {
            items.reverse();
        }
        Ok(Answer { items, output })
    }

    fn item(&self, value: &Value) -> Item {
        let value = Json::from(value.clone());
        let whole = || Digest::of(value.text().as_bytes()).to_string();
        let Some(key) = &self.key else {
            return Item {
                key: whole(),
                value,
                fault: None,
            };
        };
        let fault = |message: String| Some(format!("it has no key: {message} (/key)"));
        let (key, fault) = match key.evaluate_json(&values([("item", value.clone())])) {
            Ok(found) => match found.value() {
                Value::String(text) if !text.is_empty() => (text.clone(), None),
                Value::Null | Value::String(_) => (whole(), fault("it is empty".into())),
                other => (other.to_string(), None),
            },
            Err(error) => (whole(), fault(error.message)),
        };
        Item { key, value, fault }
    }

    /// Which items of an answer start runs. `known` says which keys came before.
    pub fn plan(&self, answer: &Answer, known: impl Fn(&str) -> bool, most: usize) -> Plan {
        let mut plan = Plan::default();
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for (index, item) in answer.items.iter().enumerate() {
            if !known(&item.key) && !taken.contains(item.key.as_str()) {
                if plan.fresh.len() == most {
                    return plan;
                }
                taken.insert(&item.key);
                plan.fresh.push(index);
            }
            plan.walked = index + 1;
        }
        plan.whole = true;
        plan
    }

    /// Where the next answer goes on once the items of this one are dealt with up to `item`, or all of
    /// them. `None`: where this one began.
    ///
    /// # Errors
    /// When the expression has no value.
    pub fn cursor_after(
        &self,
        answer: &Answer,
        item: Option<&Item>,
        whole: bool,
    ) -> Result<Option<Value>, PollError> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let of_item = cursor
            .references()
            .items
            .iter()
            .any(|one| one.root == "item");
        let last = item.or(answer.items.last().filter(|_| whole));
        let mut names = vec![("output", answer.output.clone())];
        match (of_item, last) {
            (true, Some(item)) => names.push(("item", item.value.clone())),
            (true, None) => return Ok(None),
            // What the answer says of the next one holds when this one is dealt with.
            (false, _) if !whole => return Ok(None),
            (false, _) => {}
        }
        let found = cursor.evaluate_json(&values(names));
        let found = found.map_err(|error| PollError::at("/cursor", error))?;
        Ok(Some(found.value().clone()).filter(|value| !value.is_null()))
    }

    /// How long it waits before it asks again.
    pub fn wait(&self, failures: u32, asked: Option<Span>) -> Span {
        let Some(doublings) = failures.checked_sub(1) else {
            return self.every;
        };
        let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
        let doubled = Span::from_millis(self.every.as_millis().saturating_mul(factor));
        let own = doubled.min(LONGEST_WAIT.max(self.every));
        own.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }
}

/// The value of `trigger` for an item.
pub fn seen(item: &Item) -> Value {
    json!({ "item": item.value.value(), "key": item.key })
}

fn expression(
    path: &str,
    source: &str,
    known: &[&str],
    findings: &mut Vec<Finding>,
) -> Option<Expression> {
    match Expression::compile(source) {
        Ok(expression) => {
            let wrong = expression.references().items.iter();
            for reference in wrong.filter(|one| !known.contains(&one.root.as_str())) {
                let message = format!("{:?} cannot be used here", reference.root);
                findings.push(
                    Finding::error("unknown_reference", message)
                        .at_path(path)
                        .help(format!("Known here: {}.", known.join(", "))),
                );
            }
            Some(expression)
        }
        Err(error) => {
            findings.push(
                Finding::error(error.code, error.message)
                    .at_path(path)
                    .help(error.help),
            );
            None
        }
    }
}

fn values(names: impl IntoIterator<Item = (&'static str, Json)>) -> Arc<Values> {
    let facts = RunFacts {
        id: druse_engine::RunId::from_parts(0, [0; 10]),
        started_at: Timestamp::default(),
        scheduled_at: None,
    };
    let nothing = || Json::from(Value::Object(Map::new()));
    let mut values = Values::new(nothing(), nothing(), facts, Arc::default());
    let locals = names.into_iter().map(|(name, value)| (name.into(), value));
    values.frames = vec![Arc::new(Frame {
        locals: locals.collect(),
        ..Frame::default()
    })];
    Arc::new(values)
}

#[cfg(test)]
mod tests;
