//! An input as the document declares it: of a kind that takes what was sent in all recordings, and no more of it than the
//! tool says or the key shows.

use super::information::names_things;
use super::inputs::{Found, Input};
use super::key::Key;
use super::lasting;
use super::qualifier::Unit;
use super::said::Said;
use crate::value_class;
use druse_engine::plan::check_value;
use serde_json::{Map, Value, json};

/// What of a tool's own schema an input takes over.
const TAKEN: [&str; 9] = [
    "type",
    "enum",
    "format",
    "items",
    "minimum",
    "maximum",
    "pattern",
    "uniqueItems",
    "description",
];

impl Input {
    /// The JSON Schema: the tool's own as far as all that was sent fits it, else what the values show. `others` are the
    /// values in further recordings.
    pub(super) fn declared(&self, said: &Said, others: &[&Value]) -> Value {
        let all: Vec<&Value> = std::iter::once(&self.value)
            .chain(others.iter().copied())
            .collect();
        let mut schema = Map::new();
        if let Some(Value::Object(own)) = &self.schema {
            for key in TAKEN {
                if let Some(value) = own.get(key) {
                    schema.insert(key.to_owned(), value.clone());
                }
            }
            if !all.iter().all(|value| fits(&schema, value)) {
                let description = schema.remove("description");
                schema.clear();
                schema.extend(description.map(|text| ("description".to_owned(), text)));
            }
        }
        if !schema.contains_key("type") && !schema.contains_key("enum") {
            schema.insert("type".to_owned(), kinds(&all, &self.key));
            let is_date = |value: &&Value| value.as_str().is_some_and(value_class::is_date);
            if all.iter().all(is_date) {
                schema.insert("format".to_owned(), "date".into());
            }
        }
        // What cannot be counted from is refused before anything is done.
        if self.is_counted_from
            && !schema.contains_key("pattern")
            && let Some(pattern) = self.value.as_str().and_then(lasting::pattern)
        {
            schema.insert("pattern".to_owned(), pattern.into());
            if !all.iter().all(|value| fits(&schema, value)) {
                schema.remove("pattern");
            }
        }
        if schema.get("type").is_some_and(|kind| kind == "array") && !schema.contains_key("items") {
            let elements = all.iter().filter_map(|value| value.as_array()).flatten();
            let elements: Vec<&Value> = elements.collect();
            if !elements.is_empty() {
                let items = json!({ "type": kinds(&elements, &self.key) });
                schema.insert("items".to_owned(), items);
            }
        }
        if !schema.contains_key("description")
            && let Some(text) = self.told(said)
        {
            schema.insert("description".to_owned(), text.into());
        }
        // What is chosen anew in each run, or what nobody said, is not what a run takes when nobody tells it.
        if matches!(self.found, Found::Agreed(_)) || self.is_open {
            schema.insert("examples".to_owned(), vec![self.value.clone()].into());
        } else {
            schema.insert("default".to_owned(), self.value.clone());
        }
        Value::Object(schema)
    }

    /// That the agent brought it along, and what sends it.
    fn brought(&self) -> Option<String> {
        let mut steps: Vec<String> = Vec::new();
        for step in &self.brought_to {
            let step = format!("`{step}`");
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        let steps = (!steps.is_empty()).then(|| steps.join(", "))?;
        Some(format!("The agent brought it along; sent by {steps}."))
    }

    /// Where it was found, for whoever starts a run.
    fn told(&self, said: &Said) -> Option<String> {
        Some(match &self.found {
            Found::Said(mention) => format!("In the recording: “{}”", said.quote(mention)),
            Found::Agreed(_) => {
                "In the recording the agent proposed it, and the person agreed. It is chosen anew in each run.".to_owned()
            }
            Found::Answered => {
                "Nobody said it in the recording. A person answered that it is given anew in each run.".to_owned()
            }
            Found::Repeated => return self.brought(),
        })
    }
}

/// The schema of a list of such elements: `items` is that of the argument which each of them was sent as.
pub(super) fn of_elements(items: Option<&Value>, elements: &[Value], once: bool) -> Value {
    let mut own = Map::new();
    if let Some(Value::Object(items)) = items {
        for key in ["type", "enum", "format", "minimum", "maximum", "pattern"] {
            if let Some(value) = items.get(key) {
                own.insert(key.to_owned(), value.clone());
            }
        }
        if !elements.iter().all(|element| fits(&own, element)) {
            own.clear();
        }
    }
    let mut types = elements.iter().map(own_kind);
    if !own.contains_key("type")
        && !own.contains_key("enum")
        && let Some(first) = types.next()
        && types.all(|other| other == first)
    {
        own.insert("type".to_owned(), first.into());
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "array".into());
    schema.insert("items".to_owned(), Value::Object(own));
    if once {
        schema.insert("uniqueItems".to_owned(), true.into());
    }
    Value::Object(schema)
}

/// The type that a value has by itself.
fn own_kind(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if !number.is_f64() => "integer",
        other => kind(other, &Key::default()),
    }
}

fn fits(schema: &Map<String, Value>, value: &Value) -> bool {
    // A schema that points elsewhere cannot stand alone.
    let text = Value::Object(schema.clone()).to_string();
    !text.contains("\"$ref\"") && check_value(&Value::Object(schema.clone()), value).is_empty()
}

/// The type of some values: one, or a list of them where they are of several kinds.
fn kinds(values: &[&Value], key: &Key) -> Value {
    let mut kinds: Vec<&str> = Vec::new();
    for value in values {
        let kind = kind(value, key);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    // A whole number is a number, too.
    if kinds.contains(&"number") {
        kinds.retain(|kind| *kind != "integer");
    }
    match kinds.as_slice() {
        [only] => Value::from(*only),
        several => several.iter().copied().map(Value::from).collect(),
    }
}

/// The type of a value. A number that was whole by chance is a number: only what is counted, and what names a thing, is
/// whole in every run.
fn kind(value: &Value, key: &Key) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() || !is_whole(key) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether the numbers under a key are whole.
fn is_whole(key: &Key) -> bool {
    let words = key.full();
    let last = words.last().cloned().unwrap_or_default();
    if Unit::Money.is_of(std::slice::from_ref(&last)) {
        return false;
    }
    names_things(&words)
        || Unit::Things.is_of(&words)
        || Unit::People.is_of(&words)
        || matches!(
            last.as_str(),
            "limit"
                | "page"
                | "offset"
                | "index"
                | "priority"
                | "level"
                | "year"
                | "month"
                | "day"
                | "night"
                | "port"
                | "room"
                | "bag"
                | "baggage"
                | "ticket"
                | "copy"
                | "item"
                | "version"
        )
}

#[cfg(test)]
mod tests {
    use super::super::inputs::Inputs;
    use super::*;

    fn key(word: &str) -> Key {
        Key {
            words: super::super::key::words(word),
            around: Vec::new(),
        }
    }

    fn declared(word: &str, schema: Option<Value>, values: &[Value]) -> Value {
        let mut inputs = Inputs::default();
        let said = Said::default();
        let (name, _) = inputs.get(
            &key(word),
            &values[0],
            Found::Answered,
            schema.as_ref(),
            &said,
        );
        let others: Vec<Map<String, Value>> = values[1..]
            .iter()
            .map(|value| Map::from_iter([(name.clone(), value.clone())]))
            .collect();
        inputs.declared(&said, &others)[&name].clone()
    }

    #[test]
    fn a_number_is_whole_where_it_is_counted_or_the_tool_says_so() {
        for (word, kind) in [
            ("amount", "number"),
            ("temperature", "number"),
            ("quantity", "integer"),
            ("order_id", "integer"),
            ("party_size", "integer"),
        ] {
            assert_eq!(declared(word, None, &[json!(20)])["type"], kind, "{word}");
        }
        let whole = json!({ "type": "integer" });
        assert_eq!(
            declared("amount", Some(whole.clone()), &[json!(20)])["type"],
            "integer"
        );
        // What another recording sends is taken, too.
        let both = declared("amount", Some(whole), &[json!(20), json!(35.5)]);
        assert_eq!(both["type"], "number");
        assert_eq!(
            declared("quantity", None, &[json!(2), json!(2.5)])["type"],
            "number"
        );
        assert_eq!(
            declared("code", None, &[json!("A-1"), json!(7.5)])["type"],
            json!(["string", "number"])
        );
    }

    #[test]
    fn the_elements_of_a_list_are_of_their_kind() {
        let list = declared("tag", None, &[json!(["a", "b"]), json!(["c"])]);
        assert_eq!(list["items"], json!({ "type": "string" }));
        let mixed = declared("tag", None, &[json!(["a"]), json!([1.5])]);
        assert_eq!(mixed["items"], json!({ "type": ["string", "number"] }));
        assert_eq!(declared("tag", None, &[json!([])]).get("items"), None);
        // A date is one only where all are.
        assert_eq!(
            declared("due", None, &[json!("2027-03-14")])["format"],
            "date"
        );
        let later = declared("due", None, &[json!("2027-03-14"), json!("later")]);
        assert_eq!(later.get("format"), None);
    }
}
