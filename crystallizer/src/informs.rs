//! Calls that only told something, as far as what they were sent and what they answered shows it. Names tell that of few
//! tools: `issueCard` and `bestand_lesen` have no verb that is known. What counts as a look by this is only asked about
//! as one; what it does to the world stays unknown.

use crate::kept::Kept;
use crate::words::split;
use druse_engine::definition::EffectLevel;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The most words of a text by which something is looked up.
const MOST_OF_FILTER: usize = 6;
/// The most arguments of a call that only looks one thing up.
const MOST_SENT: usize = 3;
/// The fields from which on an answer is a record, where the name of the tool does not say so.
const FIELDS: usize = 2;
/// The most values of an answer that are looked at.
const MOST_SEEN: usize = 200;
/// The lines from which on a text is a record, each of a name and a value.
const LINES: usize = 3;

impl Kept<'_> {
    /// Whether it only looks: nothing says that it may change something, or what it may do is not known, and it was
    /// answered a record or a list, and sent no more than what names one.
    pub(crate) fn looks(&self) -> bool {
        !self.changes() || self.informs()
    }

    /// Whether a call whose effect nobody knows was answered as a look is.
    pub(crate) fn informs(&self) -> bool {
        let names = || split(&crate::name::of_call(&self.call.name, None));
        let is_open = match self.effects {
            None => true,
            // `order_details` orders nothing.
            Some(EffectLevel::Write) => {
                let names = names();
                names.first().is_some_and(|word| is_thing(word))
                    && names.last().is_some_and(|word| is_look(word))
            }
            Some(_) => false,
        };
        if !is_open || self.target.own_tool || !crate::prune::succeeded(self.call) {
            return false;
        }
        let Some(sent) = self.call.arguments.as_object() else {
            return false;
        };
        let Some(sent) = Sent::of(sent) else {
            return false;
        };
        let named = names().iter().any(|word| is_look(word));
        match self.answer.json.as_deref() {
            Some(Value::Array(items)) => is_list(items, &sent, named),
            Some(Value::Object(map)) => {
                let lists = map.values().filter_map(Value::as_array);
                let mut lists = lists.filter(|items| items.is_empty() || items[0].is_object());
                if lists.any(|items| is_list(items, &sent, named)) {
                    return true;
                }
                sent.names_one && told(map, &sent) >= if named { 1 } else { FIELDS }
            }
            Some(_) => false,
            None => {
                let lines = self.answer.text().lines().take(MOST_SEEN);
                let lines = lines.filter(|line| line.contains(": ")).count();
                sent.names_one && lines >= LINES
            }
        }
    }
}

/// What a call was sent.
struct Sent {
    values: BTreeSet<String>,
    /// Whether it names one thing, and says nothing else.
    names_one: bool,
}

impl Sent {
    /// None where something was sent that no look is sent.
    fn of(arguments: &Map<String, Value>) -> Option<Self> {
        let mut values = BTreeSet::new();
        let mut names_one = arguments.len() <= MOST_SENT;
        for value in arguments.values() {
            match value {
                Value::String(text) => {
                    let words = text.split_whitespace().count();
                    if words > MOST_OF_FILTER {
                        return None;
                    }
                    let is_name = text.starts_with(char::is_uppercase);
                    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
                    names_one &= arguments.len() == 1 || has_digit || is_name;
                    values.insert(text.to_lowercase());
                }
                Value::Number(number) => {
                    names_one &= arguments.len() == 1;
                    values.insert(number.to_string());
                }
                Value::Bool(_) | Value::Null => names_one = false,
                Value::Array(items) if items.iter().all(|one| !one.is_object()) => {
                    names_one = false;
                }
                Value::Array(_) | Value::Object(_) => return None,
            }
        }
        names_one &= !values.is_empty();
        Some(Self { values, names_one })
    }
}

/// Whether a list was answered to who only looks: one of records, or an empty one where the name says that it looks.
fn is_list(items: &[Value], sent: &Sent, named: bool) -> bool {
    match items.first() {
        Some(first) => first.is_object() && items.iter().any(|one| is_more(one, sent)),
        None => named || sent.values.len() == 1,
    }
}

fn is_more(element: &Value, sent: &Sent) -> bool {
    element.as_object().is_some_and(|map| told(map, sent) > 0)
}

/// How many values of a record were neither sent nor say only that it was done.
fn told(map: &Map<String, Value>, sent: &Sent) -> usize {
    let mut count = 0;
    let mut seen = 0;
    count_in(map, sent, &mut seen, &mut count);
    count
}

fn count_in(map: &Map<String, Value>, sent: &Sent, seen: &mut usize, count: &mut usize) {
    for (key, value) in map {
        *seen += 1;
        if *seen > MOST_SEEN {
            return;
        }
        let is_new = match value {
            Value::Object(inner) => {
                count_in(inner, sent, seen, count);
                false
            }
            Value::Array(_) => true,
            Value::String(text) => !sent.values.contains(&text.to_lowercase()),
            Value::Number(number) => !sent.values.contains(&number.to_string()),
            Value::Bool(_) => true,
            Value::Null => false,
        };
        *count += usize::from(is_new && !is_mark(key));
    }
}

/// Whether a field says only that something was done, and when.
fn is_mark(key: &str) -> bool {
    matches!(
        key,
        "ok" | "success"
            | "message"
            | "error"
            | "code"
            | "result"
            | "request_id"
            | "timestamp"
            | "created"
            | "updated"
            | "id"
    ) || key.ends_with("_at")
        || key.ends_with("At")
}

/// Whether a word of a name says that something is looked at: no verb that is certain of it, so that nothing is run by it.
fn is_look(word: &str) -> bool {
    matches!(
        word,
        "details"
            | "detail"
            | "info"
            | "infos"
            | "information"
            | "summary"
            | "overview"
            | "profile"
            | "card"
            | "sheet"
            | "record"
            | "board"
            | "finder"
            | "viewer"
            | "view"
            | "list"
            | "lookup"
            | "search"
            | "status"
            | "state"
            | "history"
            | "export"
            | "pull"
            | "resolve"
            | "lesen"
            | "hole"
            | "zeige"
            | "zeig"
            | "suche"
            | "suchen"
            | "finde"
            | "abfragen"
            | "abrufen"
            | "anzeigen"
            | "akte"
            | "lire"
            | "consulter"
            | "chercher"
            | "afficher"
            | "trouver"
            | "obtener"
            | "buscar"
            | "leer"
            | "mostrar"
            | "ver"
            | "cerca"
            | "leggi"
            | "mostra"
            | "trova"
    )
}

/// Whether a verb that changes something is as well the name of a thing.
fn is_thing(word: &str) -> bool {
    matches!(
        word,
        "order"
            | "email"
            | "comment"
            | "post"
            | "reply"
            | "share"
            | "schedule"
            | "copy"
            | "patch"
            | "run"
            | "return"
            | "book"
            | "charge"
            | "refund"
            | "transfer"
            | "purchase"
            | "exchange"
    )
}
