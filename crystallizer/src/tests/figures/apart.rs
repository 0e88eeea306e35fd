//! Whether something tells which of several alike a recorded change was made with. That a value stood in an answer says
//! only that it could be taken from there; which of the flights, mails or channels it had to be may have been the
//! agent's choice. This is looked at from outside, by other code than the one that binds.

use super::elsewhere::names_of;
use super::names::{self, plain};
use crate::session::{Role, Session, ToolCall, Turn};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Words by which a person asks for the least or the most of something.
const SUPERLATIVES: [&str; 24] = [
    "cheapest", "latest", "newest", "oldest", "earliest", "largest", "smallest", "highest",
    "lowest", "biggest", "longest", "shortest", "best", "worst", "most", "least", "fewest",
    "first", "last", "nearest", "fastest", "soonest", "maximum", "minimum",
];

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq)]
enum Hop {
    Key(String),
    /// An element of a list, or an entry of a map whose keys are data: its number.
    Element(usize),
}

/// What was known before a call.
struct Before<'s> {
    /// What people said, in small letters, with a blank before and behind each run of letters and digits.
    said: String,
    days: Vec<String>,
    times: BTreeSet<String>,
    /// How long things last, in minutes.
    lengths: BTreeSet<i64>,
    answers: Vec<&'s ToolCall>,
    /// What earlier calls were asked for.
    asked: BTreeSet<String>,
}

/// The names in the changes that nothing tells apart from others alike, and the moments whose time nobody told.
pub(super) fn untold(session: &Session, changed: &BTreeSet<&str>) -> BTreeSet<String> {
    let sent: BTreeSet<String> = session
        .calls()
        .filter(|call| changed.contains(call.id.as_str()))
        .flat_map(|call| names_of(&call.arguments))
        .collect();
    let mut before = Before {
        said: String::from(" "),
        days: Vec::new(),
        times: BTreeSet::new(),
        lengths: BTreeSet::new(),
        answers: Vec::new(),
        asked: BTreeSet::new(),
    };
    before.hear(session.goal.as_deref().unwrap_or_default());
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&ToolCall> = Vec::new();
    for turn in &session.turns {
        match turn {
            Turn::Message { role, text, .. } if *role != Role::Assistant => before.hear(text),
            Turn::Message { .. } | Turn::Approval(_) => {}
            Turn::Call(call) => {
                let (known, same): (Vec<&ToolCall>, Vec<&ToolCall>) = waiting
                    .drain(..)
                    .partition(|other| other.batch != call.batch);
                before.answers.extend(known);
                waiting = same;
                if changed.contains(call.id.as_str()) {
                    before.look(call, &sent, &mut found);
                }
                crate::leaf::leaves(&call.arguments, &mut |_, _, leaf| {
                    before.asked.insert(text_of(leaf));
                });
                waiting.push(call);
            }
        }
    }
    found
}

impl<'s> Before<'s> {
    fn hear(&mut self, text: &str) {
        let words = runs(text);
        self.said.push_str(&words.join(" "));
        self.said.push(' ');
        self.days.extend(names::spoken_days(text));
        self.times.extend(times(text));
        self.lengths.extend(lengths(&words));
    }

    fn says(&self, text: &str) -> bool {
        let words = runs(text).join(" ");
        words.len() > 2 && self.said.contains(&format!(" {words} "))
    }

    fn look(&self, call: &ToolCall, sent: &BTreeSet<String>, found: &mut BTreeSet<String>) {
        let root = self.root();
        let mut own = BTreeSet::new();
        crate::leaf::leaves(&call.arguments, &mut |_, _, leaf| {
            own.insert(text_of(leaf));
        });
        for name in names_of(&call.arguments) {
            let is_said =
                self.says(&name) || names::knows(&self.days.iter().cloned().collect(), &name);
            if is_said {
                continue;
            }
            let mut places = Vec::new();
            places_of(&root, &name, &mut Vec::new(), &mut places);
            let told = places
                .iter()
                .any(|place| self.tells(&root, place, &name, sent, &own));
            if !told {
                found.insert(name);
            }
        }
        let moments: Vec<String> = own.iter().filter_map(|text| time_of(text)).collect();
        for time in &moments {
            let by_length = moments
                .iter()
                .any(|start| self.lengths.contains(&(minutes(time) - minutes(start))));
            let answered = || root.to_string().contains(time.as_str());
            if !self.times.contains(time) && !by_length && !answered() {
                found.insert(time.clone());
            }
        }
    }

    /// All answers, by their tools: a tool that was asked several times has a list of answers.
    fn root(&self) -> Value {
        let mut root = Map::new();
        for call in &self.answers {
            let Some(result) = &call.result else { continue };
            let content = result.structured.as_deref().unwrap_or(&result.content);
            let data = match content {
                Value::String(text) => druse_engine::expression::json_in(text)
                    .or_else(|| druse_engine::expression::yaml_in(text))
                    .unwrap_or_else(|| content.clone()),
                other => other.clone(),
            };
            let all = root.entry(call.name.clone()).or_insert_with(|| json!([]));
            if let Value::Array(all) = all {
                all.push(json!({ "asked": call.arguments, "answer": data }));
            }
        }
        Value::Object(root)
    }

    /// Whether each element on the way to a place is told from the others of its list.
    fn tells(
        &self,
        root: &Value,
        place: &[Hop],
        name: &str,
        sent: &BTreeSet<String>,
        own: &BTreeSet<String>,
    ) -> bool {
        let mut at = root;
        for (index, hop) in place.iter().enumerate() {
            if let Hop::Element(chosen) = hop {
                let elements = elements(at);
                if elements.len() > 1
                    && !self.tells_one(&elements, *chosen, &place[index + 1..], name, sent, own)
                {
                    return false;
                }
            }
            match next(at, hop) {
                Some(inner) => at = inner,
                None => return false,
            }
        }
        // In a text with several such words only its label tells one.
        match at {
            Value::String(text) if text != name => {
                let alike = names::words(text)
                    .into_iter()
                    .filter(|word| shape(word) == shape(name))
                    .count();
                alike == 1
                    || text.lines().any(|line| {
                        line.split_once(": ").is_some_and(|(label, value)| {
                            value.trim() == name
                                && label.chars().all(|c| c.is_alphabetic() || c == ' ')
                        })
                    })
            }
            _ => true,
        }
    }

    fn tells_one(
        &self,
        elements: &[&Value],
        chosen: usize,
        rest: &[Hop],
        name: &str,
        sent: &BTreeSet<String>,
        own: &BTreeSet<String>,
    ) -> bool {
        let Some(element) = elements.get(chosen) else {
            return false;
        };
        let taken = |element: &Value| {
            let mut values = Vec::new();
            at_rest(element, rest, &mut values);
            values
                .iter()
                .any(|value| names_of(value).iter().any(|name| sent.contains(name)))
        };
        if elements.iter().all(|element| taken(element)) {
            return true;
        }
        if let Value::String(text) = element {
            // “The channel that begins with External.”
            let letters: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
            let alike = elements
                .iter()
                .filter(|other| {
                    other
                        .as_str()
                        .is_some_and(|other| other.starts_with(&letters))
                })
                .count();
            if letters.len() > 3 && alike == 1 && self.says(&letters) {
                return true;
            }
        }
        let fields = fields(element);
        let by_value = fields.iter().any(|(path, value)| {
            let text = text_of(value);
            let known = self.says(&text) || own.contains(&text) || self.asked.contains(&text);
            known
                && plain(&text) != name
                && elements
                    .iter()
                    .filter(|other| fields_at(other, path).contains(value))
                    .all(|other| taken(other))
        });
        let asks_most = || {
            self.said
                .split(' ')
                .any(|word| SUPERLATIVES.contains(&word))
        };
        let by_extreme = || {
            fields.iter().any(|(path, value)| {
                let Some(own) = size(value) else { return false };
                let others: Vec<f64> = elements
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != chosen)
                    .flat_map(|(_, other)| fields_at(other, path).into_iter().filter_map(size))
                    .collect();
                others.len() + 1 >= elements.len()
                    && (others.iter().all(|other| *other < own)
                        || others.iter().all(|other| *other > own))
            })
        };
        by_value || asks_most() && by_extreme()
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The runs of letters and digits of a text, in small letters.
fn runs(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|run| !run.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The form of a word: its letters and digits.
fn shape(word: &str) -> String {
    word.chars()
        .map(|c| match c {
            '0'..='9' => '9',
            c if c.is_alphabetic() => 'a',
            c => c,
        })
        .collect()
}

/// How large something is, so that one can be the least or the most.
fn size(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.len() >= 10 && text.is_char_boundary(10) => {
            let date: jiff::civil::Date = text[..10].parse().ok()?;
            Some(f64::from(date.year()) * 400.0 + f64::from(date.day_of_year()))
        }
        _ => None,
    }
}

/// Whether the keys of a map are data.
fn is_collection(map: &Map<String, Value>) -> bool {
    map.len() > 1
        && map.iter().all(|(key, inner)| {
            key.bytes().filter(u8::is_ascii_digit).count() >= 4 && inner.is_object()
        })
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn next<'v>(value: &'v Value, hop: &Hop) -> Option<&'v Value> {
    match hop {
        Hop::Key(key) => value.get(key),
        Hop::Element(at) => elements(value).get(*at).copied(),
    }
}

/// The ways to the scalars of answers that hold a name.
fn places_of(value: &Value, name: &str, way: &mut Vec<Hop>, found: &mut Vec<Vec<Hop>>) {
    match value {
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                way.push(Hop::Element(at));
                places_of(inner, name, way, found);
                way.pop();
            }
        }
        Value::Object(map) => {
            let collection = is_collection(map);
            for (at, (key, inner)) in map.iter().enumerate() {
                // What was asked for is no answer.
                if way.len() == 2 && key == "asked" {
                    continue;
                }
                way.push(if collection {
                    Hop::Element(at)
                } else {
                    Hop::Key(key.clone())
                });
                places_of(inner, name, way, found);
                way.pop();
            }
        }
        scalar => {
            if names_of(scalar).contains(name) {
                found.push(way.clone());
            }
        }
    }
}

/// The values behind a way, whichever elements of the lists on it they are in.
fn at_rest<'v>(value: &'v Value, rest: &[Hop], found: &mut Vec<&'v Value>) {
    match rest.split_first() {
        None => found.push(value),
        Some((Hop::Key(key), rest)) => {
            if let Some(inner) = value.get(key) {
                at_rest(inner, rest, found);
            }
        }
        Some((Hop::Element(_), rest)) => {
            for inner in elements(value) {
                at_rest(inner, rest, found);
            }
        }
    }
}

/// The scalars of an element with the way to each; of lists inside of it whichever element.
fn fields(element: &Value) -> Vec<(Vec<Hop>, &Value)> {
    fn walk<'v>(value: &'v Value, way: &mut Vec<Hop>, found: &mut Vec<(Vec<Hop>, &'v Value)>) {
        match value {
            Value::Object(_) | Value::Array(_) if way.len() > 6 => {}
            Value::Object(map) if !is_collection(map) => {
                for (key, inner) in map {
                    way.push(Hop::Key(key.clone()));
                    walk(inner, way, found);
                    way.pop();
                }
            }
            Value::Object(_) | Value::Array(_) => {
                for inner in elements(value) {
                    way.push(Hop::Element(0));
                    walk(inner, way, found);
                    way.pop();
                }
            }
            Value::Null | Value::Bool(_) => {}
            scalar => found.push((way.clone(), scalar)),
        }
    }
    let mut found = Vec::new();
    walk(element, &mut Vec::new(), &mut found);
    found
}

fn fields_at<'v>(element: &'v Value, path: &[Hop]) -> Vec<&'v Value> {
    let mut found = Vec::new();
    at_rest(element, path, &mut found);
    found
}

/// The time of day of a moment.
fn time_of(text: &str) -> Option<String> {
    let (day, time) = text.split_at_checked(10)?;
    day.parse::<jiff::civil::Date>().ok()?;
    let time = time.get(1..6)?;
    (time.as_bytes().get(2) == Some(&b':')).then(|| time.to_owned())
}

fn minutes(time: &str) -> i64 {
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<i64>().ok()).unwrap_or(0);
    number(time.get(..2)) * 60 + number(time.get(3..5))
}

/// The times of day in a text, as `14:05`: `2:05 pm`, `3pm`, `noon`, `14:05`.
fn times(text: &str) -> BTreeSet<String> {
    let lower = text
        .to_lowercase()
        .replace("a.m.", "am")
        .replace("p.m.", "pm");
    let tokens: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == ':'))
        .filter(|token| !token.is_empty())
        .collect();
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        if *token == "noon" {
            found.insert("12:00".to_owned());
        }
        let end = token
            .find(|c: char| !(c.is_ascii_digit() || c == ':'))
            .unwrap_or(token.len());
        let (clock, half) = token.split_at(end);
        let half = if half.is_empty() {
            tokens.get(at + 1).copied().unwrap_or("")
        } else {
            half
        };
        let (hour, minute) = clock.split_once(':').unwrap_or((clock, "00"));
        let (Ok(hour), Ok(minute)) = (hour.parse::<u32>(), minute.parse::<u32>()) else {
            continue;
        };
        let hour = match half {
            "am" => hour % 12,
            "pm" => hour % 12 + 12,
            _ if clock.contains(':') => hour,
            _ => continue,
        };
        if hour < 24 && minute < 60 {
            found.insert(format!("{hour:02}:{minute:02}"));
        }
    }
    found
}

/// How many minutes somebody said that something lasts.
fn lengths(words: &[String]) -> Vec<i64> {
    let mut found = Vec::new();
    for pair in words.windows(2) {
        let unit = match pair[1].as_str() {
            "hour" | "hours" => 60,
            "minute" | "minutes" => 1,
            _ => continue,
        };
        let count = match pair[0].as_str() {
            "a" | "an" | "one" => 1,
            digits => digits.parse::<i64>().unwrap_or(0),
        };
        found.push(count * unit);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::build::{call, session};

    fn changed(task: &str, answer: Value, arguments: Value) -> BTreeSet<String> {
        let session = session(
            task,
            vec![
                call("l", 0, "list_boats", json!({}), answer),
                call("c", 1, "book_boat", arguments, json!({})),
            ],
        );
        untold(&session, &BTreeSet::from(["c"]))
    }

    #[test]
    fn what_nothing_tells_apart_is_named() {
        let boats = json!({ "boats": [
            { "boat_id": "B4410", "colour": "green", "price": 210 },
            { "boat_id": "B7702", "colour": "white", "price": 140 },
            { "boat_id": "B9031", "colour": "white", "price": 180 },
        ] });
        let of = |task: &str, id: &str| {
            changed(task, boats.clone(), json!({ "boat_id": id }))
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(of("Book a boat.", "B4410"), ["B4410"]);
        assert!(of("Book the green boat.", "B4410").is_empty());
        assert!(of("Book boat B4410.", "B4410").is_empty());
        assert_eq!(of("Book the white boat.", "B7702"), ["B7702"]);
        assert!(of("Book the cheapest boat.", "B7702").is_empty());
        assert_eq!(of("Book the cheapest boat.", "B9031"), ["B9031"]);
        let one = json!({ "boats": [{ "boat_id": "B4410" }] });
        assert!(changed("Book a boat.", one, json!({ "boat_id": "B4410" })).is_empty());
        let all = json!({ "ids": ["B4410", "B7702"] });
        assert_eq!(
            changed("Book.", all.clone(), json!({ "ids": ["B4410"] })).len(),
            1
        );
        assert!(changed("Book.", all, json!({ "ids": ["B4410", "B7702"] })).is_empty());
        let text = json!("Code: 77120\nRef: 88231");
        assert!(changed("Book.", text, json!({ "code": "77120" })).is_empty());
        let times = json!({ "day": "2027-03-04" });
        let at = |task: &str| changed(task, times.clone(), json!({ "at": "2027-03-04 10:00" }));
        assert!(at("Book it at 10 am.").is_empty());
        assert_eq!(at("Book it.").len(), 1);
    }
}
