//! Expressions on recorded values, evaluated as a run evaluates them.

use crate::answer;
use crate::kept::Kept;
use druse_engine::event::Status;
use druse_engine::expression::{Expression, Frame, Names, RunFacts, StepValue, Values};
use druse_engine::{Json, RunId, Timestamp};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many outputs are kept at hand.
const AT_HAND: usize = 64;
/// How many texts that were read as data are kept at hand.
const READ_AT_HAND: usize = 2;
/// What stands for such data in an expression.
const DATA: &str = "v";

/// The values of a recorded run: what every step gave, and the inputs. An output is made when an expression reads it:
/// all of them would take several times the room of the recording.
pub(super) struct Recorded<'k> {
    started_at: Timestamp,
    names: BTreeMap<String, usize>,
    kept: Vec<&'k Kept<'k>>,
    /// What loops gave, in the place of their last calls.
    loops: BTreeMap<usize, StepValue>,
    inputs: Map<String, Value>,
    /// Outputs that were read, each at the place that its index leads to.
    at_hand: RefCell<Vec<Option<(usize, StepValue)>>>,
    /// The data in texts that was read last, each under the expression that reads it: a list of which each call takes an
    /// element is not read anew for each.
    read: RefCell<VecDeque<(String, Json)>>,
}

impl<'k> Recorded<'k> {
    pub(super) fn new(kept: &'k [Kept<'k>], started_at: Timestamp) -> Self {
        Self::named(
            kept.iter().map(|kept| (kept.step.clone(), kept)),
            started_at,
        )
    }

    /// The same under given names, of those calls that were answered.
    pub(super) fn named(
        steps: impl Iterator<Item = (String, &'k Kept<'k>)>,
        started_at: Timestamp,
    ) -> Self {
        let (names, kept): (Vec<String>, Vec<&Kept<'k>>) = steps.unzip();
        Self {
            started_at,
            names: names
                .into_iter()
                .enumerate()
                .map(|(index, name)| (name, index))
                .collect(),
            kept,
            loops: BTreeMap::new(),
            inputs: Map::new(),
            at_hand: RefCell::new(vec![None; AT_HAND]),
            read: RefCell::default(),
        }
    }

    /// Gives a loop what it gave in the recording, in the place of its last call.
    pub(super) fn set_loop(&mut self, id: &str, call: usize, output: Value) {
        self.names.insert(id.to_owned(), call);
        let value = StepValue {
            status: Some(Status::Succeeded),
            output: Some(Json::from(output)),
            error: None,
        };
        self.loops.insert(call, value);
    }

    /// Gives an input its recorded value.
    pub(super) fn set_input(&mut self, name: &str, value: &Value) {
        self.inputs.insert(name.to_owned(), value.clone());
    }

    /// The inputs that were given a value.
    pub(super) fn inputs(&self) -> Map<String, Value> {
        self.inputs.clone()
    }

    /// The value of an expression; none when it has none.
    pub(super) fn evaluate(&self, expression: &str) -> Option<Value> {
        let Some(reading) = reading(expression) else {
            return self.evaluate_with(expression, Vec::new());
        };
        let known = |read: &VecDeque<(String, Json)>| {
            let mut all = read.iter();
            all.find(|(one, _)| one == reading)
                .map(|(_, data)| data.clone())
        };
        let found = known(&self.read.borrow());
        let data = match found {
            Some(data) => data,
            None => {
                let data = Json::from(self.evaluate_with(reading, Vec::new())?);
                let mut read = self.read.borrow_mut();
                if read.len() >= READ_AT_HAND {
                    read.pop_front();
                }
                read.push_back((reading.to_owned(), data.clone()));
                data
            }
        };
        let rest = expression.replacen(&format!("({reading})"), DATA, 1);
        self.evaluate_with(&rest, vec![(DATA.into(), data)])
    }

    fn evaluate_with(&self, expression: &str, locals: Vec<(Arc<str>, Json)>) -> Option<Value> {
        let expression = Expression::compile(expression).ok()?;
        let names = expression.references();
        let inputs: Map<String, Value> = names
            .inputs()
            .filter_map(|name| Some((name.to_owned(), self.inputs.get(name)?.clone())))
            .collect();
        let mut steps = Names::default();
        let mut given = Vec::new();
        for name in names.steps().filter_map(|step| step.key(0)) {
            if let Some(at) = self.names.get(name)
                && steps.get(name).is_none()
            {
                steps.insert(name.to_owned(), given.len());
                given.push(self.given(*at));
            }
        }
        let mut values = nothing(self.started_at, Arc::new(steps));
        values.inputs = Value::Object(inputs).into();
        if !locals.is_empty() {
            // The last frame has the steps.
            let read = Frame {
                locals,
                ..Frame::default()
            };
            values.frames.insert(0, Arc::new(read));
        }
        for (value, given) in values.steps_mut().iter_mut().zip(given) {
            *value = given;
        }
        expression.evaluate(&Arc::new(values)).ok()
    }

    fn given(&self, at: usize) -> StepValue {
        if let Some(value) = self.loops.get(&at) {
            return value.clone();
        }
        let mut at_hand = self.at_hand.borrow_mut();
        let place = at_hand.get_mut(at % AT_HAND);
        if let Some(Some((known, value))) = &place
            && *known == at
        {
            return value.clone();
        }
        let value = self
            .kept
            .get(at)
            .map(|kept| given(kept))
            .unwrap_or_default();
        if let Some(place) = place {
            *place = Some((at, value.clone()));
        }
        value
    }
}

/// What reads the text of an answer as data, where an expression goes on from there: what stands in the brackets of
/// `(steps.list.output | parse_json).orders`.
fn reading(expression: &str) -> Option<&str> {
    let open = expression.find("(steps.")?;
    let (before, rest) = expression.split_at_checked(open + 1)?;
    let inner = rest.get(..rest.find(')')?)?;
    let is_plain = !before.contains(['\'', '"']) && !inner.contains(['(', '\'', '"']);
    let reads = [" | parse_json", " | parse_yaml"]
        .iter()
        .any(|end| inner.ends_with(end));
    (is_plain && reads).then_some(inner)
}

/// What a step gave; nothing where it failed.
fn given(kept: &Kept<'_>) -> StepValue {
    if crate::prune::failed(kept.call) {
        return StepValue::default();
    }
    StepValue {
        status: Some(Status::Succeeded),
        output: Some(Json::from(answer::output(
            &kept.target,
            kept.call,
            &kept.answer,
        ))),
        error: None,
    }
}

fn nothing(started_at: Timestamp, names: Arc<Names>) -> Values {
    let facts = RunFacts {
        id: RunId::from_parts(0, [0; 10]),
        started_at,
        scheduled_at: None,
    };
    Values::new(Value::Object(Map::new()).into(), Json::null(), facts, names)
}

/// The value of an expression in which `v` is this value.
pub(super) fn with(value: &Value, expression: &str) -> Option<Value> {
    let mut values = nothing(Timestamp(0), Arc::default());
    values.frames = vec![Arc::new(Frame {
        locals: vec![("v".into(), value.clone().into())],
        ..Frame::default()
    })];
    Expression::compile(expression)
        .ok()?
        .evaluate(&Arc::new(values))
        .ok()
}

/// A text as a literal of the language.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A scalar as a literal of the language.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

/// `.key` where a key is a name, else `['key']`.
pub(super) fn member(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(
            key,
            "and" | "or" | "not" | "in" | "is" | "if" | "else" | "true" | "false" | "none"
        );
    if plain {
        format!(".{key}")
    } else {
        format!("[{}]", quoted(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_reads_a_text_is_told_apart() {
        for (expression, expected) in [
            (
                "(steps.l.output | parse_json).orders[1].id",
                Some("steps.l.output | parse_json"),
            ),
            (
                "((steps.l.output | parse_json).orders | first).id",
                Some("steps.l.output | parse_json"),
            ),
            (
                "(steps.l.output.text | parse_yaml)['a']",
                Some("steps.l.output.text | parse_yaml"),
            ),
            ("(steps.l.output.orders | first).id", None),
            ("steps.l.output | parse_json", None),
            ("(steps.l.output | line_value('a)') | parse_json).id", None),
            ("'(steps.l.output | parse_json)'", None),
        ] {
            assert_eq!(reading(expression), expected, "{expression}");
        }
    }

    #[test]
    fn what_reads_a_text_stands_beside_other_answers() {
        let mut recorded = Recorded::new(&[], Timestamp(0));
        recorded.set_loop(
            "a",
            0,
            json!("{\"x\": 7, \"all\": [{\"id\": 7, \"n\": \"seven\"}]}"),
        );
        recorded.set_loop("b", 1, json!("{\"x\": 7}"));
        recorded.set_loop("c", 2, json!({ "x": 7 }));
        for expression in [
            "(steps.a.output | parse_json).x | agreed((steps.b.output | parse_json).x)",
            "(steps.a.output | parse_json).x | agreed(steps.c.output.x)",
        ] {
            assert_eq!(
                recorded.evaluate(expression),
                Some(json!(7)),
                "{expression}"
            );
        }
        let picked = "((steps.a.output | parse_json).all | where('id', (steps.b.output | parse_json).x) | only).n";
        assert_eq!(recorded.evaluate(picked), Some(json!("seven")));
    }

    #[test]
    fn literals_come_back() {
        for text in ["a", "it's", "a\\b\n\t", "{{ x }}", "}}", "ünï\u{1}"] {
            assert_eq!(
                with(&Value::Null, &quoted(text)),
                Some(json!(text)),
                "{text:?}"
            );
            let value = json!({ text: 1 });
            assert_eq!(
                with(&value, &format!("v{}", member(text))),
                Some(json!(1)),
                "{text:?}"
            );
        }
        for key in ["in", "items", "not", "from", "length", "x y"] {
            let value = json!({ key: 1 });
            assert_eq!(
                with(&value, &format!("v{}", member(key))),
                Some(json!(1)),
                "{key}"
            );
        }
    }
}
