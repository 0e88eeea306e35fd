//! Sensitive inputs of runs. What a run keeps of one is a seal: its value, readable only with the server's
//! key and only for that input of that run and its retries. Steps get the value at the last moment; journals,
//! answers and logs never hold it. A number in an answer that is the value of a secret is kept in the same way: it may
//! be one by chance, and whoever works with it needs it as it was.

use super::{REDACTED, SealError, Secret, SecretStore};
use druse_engine::expression::path_part;
use druse_engine::{Json, RunId};
use serde_json::{Map, Number, Value};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// What is shown in the place of a seal.
pub const SENSITIVE: &str = "[sensitive]";
const OPENS: &str = "{{ sealed.";
const CLOSES: &str = " }}";
/// What stands for the name in the seal of a number that came back. No input is called so.
const ANSWERED: &str = "0";
/// The version of what seals are bound to.
const VERSION: u32 = 1;

/// A value with its seals opened.
#[derive(Debug)]
pub struct Opened {
    /// The value in clear.
    pub value: Json,
    /// Where seals stood, as JSON Pointers.
    pub places: Vec<String>,
    /// The texts and numbers that were sealed.
    pub clear: Vec<Secret>,
}

/// Seals an input of a run.
///
/// # Errors
/// When the system gives no random numbers.
pub(super) fn seal(
    store: &SecretStore,
    root: RunId,
    name: &str,
    value: &Value,
) -> Result<String, SealError> {
    let sealed = store.seal(
        &bound(root, name),
        VERSION,
        &Secret::from(value.to_string()),
    )?;
    Ok(format!("{OPENS}{name}.{sealed}{CLOSES}"))
}

/// Seals a number that a step of a run was answered.
///
/// # Errors
/// When the system gives no random numbers.
pub(super) fn seal_number(
    store: &SecretStore,
    root: RunId,
    number: &Number,
) -> Result<String, SealError> {
    seal(store, root, ANSWERED, &Value::Number(number.clone()))
}

/// A value without the seals of numbers that came back, for what leaves its run and keeps its seals.
pub fn without_answered(json: &Json) -> Json {
    each_answered(json, &|_| REDACTED.to_owned())
}

/// A value that goes from one run to another, with the numbers that came back to the one sealed for the other.
pub(super) fn moved(store: &SecretStore, from: RunId, to: RunId, json: &Json) -> Json {
    each_answered(json, &|sealed| {
        let opened = store.open(&bound(from, ANSWERED), VERSION, sealed).ok();
        let number = opened.and_then(|opened| serde_json::from_str(opened.expose()).ok());
        let sealed = number.and_then(|number| seal_number(store, to, &number).ok());
        sealed.unwrap_or_else(|| REDACTED.to_owned())
    })
}

/// A value with something else in the place of each seal of a number that came back.
fn each_answered(json: &Json, other: &dyn Fn(&str) -> String) -> Json {
    fn within(value: &Value, other: &dyn Fn(&str) -> String) -> Value {
        match value {
            Value::String(text) => {
                let mut put = String::new();
                let mut from = 0;
                let answered = places(text).into_iter();
                for place in answered.filter(|place| place.name == ANSWERED) {
                    put.push_str(&text[from..place.range.start]);
                    put.push_str(&other(place.sealed));
                    from = place.range.end;
                }
                put.push_str(&text[from..]);
                put.into()
            }
            Value::Array(items) => items.iter().map(|item| within(item, other)).collect(),
            Value::Object(map) => {
                let items = map.iter();
                let items = items.map(|(key, item)| (key.clone(), within(item, other)));
                Value::Object(items.collect())
            }
            plain => plain.clone(),
        }
    }
    match holds_answered(json) {
        true => within(json.value(), other).into(),
        false => json.clone(),
    }
}

fn holds_answered(json: &Json) -> bool {
    json.text().contains(&format!("{OPENS}{ANSWERED}."))
}

/// Whether a text is one seal and nothing else.
pub fn is_seal(text: &str) -> bool {
    places(text)
        .first()
        .is_some_and(|place| place.range == (0..text.len()))
}

/// Whether a seal stands in a text.
pub fn holds_seal(text: &str) -> bool {
    text.contains(OPENS) && !places(text).is_empty()
}

/// Opens the seals in a value that a run keeps among its inputs; nothing when it has none. What only looks like
/// one, or is another run's, is somebody's text and stays it: no answer of a service ends a step by it.
///
/// # Errors
/// When one does not hold: another key, or damage.
pub(super) fn open(
    store: &SecretStore,
    root: RunId,
    json: &Json,
    inputs: &Json,
) -> Result<Option<Opened>, SealError> {
    if !json.text().contains(OPENS) {
        return Ok(None);
    }
    let own = own(inputs);
    if own.is_empty() && !holds_answered(json) {
        return Ok(None);
    }
    let mut opening = Opening {
        store,
        root,
        own,
        places: Vec::new(),
        clear: Vec::new(),
    };
    let value = opening.value(json.value(), "")?;
    if opening.places.is_empty() {
        return Ok(None);
    }
    Ok(Some(Opened {
        value: value.into(),
        places: opening.places,
        clear: opening.clear,
    }))
}

/// A text as people may see it: without seals.
pub fn hide(text: &str) -> Cow<'_, str> {
    if !text.contains(OPENS) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for place in places(text) {
        shown.push_str(&text[from..place.range.start]);
        shown.push_str(SENSITIVE);
        from = place.range.end;
    }
    shown.push_str(&text[from..]);
    Cow::Owned(shown)
}

/// The seals of a run: each is the whole of the input that it is named by.
fn own(inputs: &Json) -> BTreeSet<&str> {
    let named = inputs.value().as_object().into_iter().flatten();
    let seals = named.filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| is_seal(text))?;
        (places(text).first()?.name == name).then_some(text)
    });
    seals.collect()
}

/// Where in a value people wrote what only Druse writes: a seal, or what is shown in the place of one. As JSON
/// Pointers.
pub fn written_by_hand(value: &Value, shown_too: bool) -> Vec<String> {
    fn within(value: &Value, shown_too: bool, pointer: &str, found: &mut Vec<String>) {
        match value {
            Value::String(text) => {
                if holds_seal(text) || (shown_too && text.contains(SENSITIVE)) {
                    found.push(pointer.to_owned());
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    within(item, shown_too, &format!("{pointer}/{index}"), found);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    if holds_seal(key) {
                        // The place is told to whoever asks, the key is not.
                        found.push(pointer.to_owned());
                        continue;
                    }
                    let name = key.replace('~', "~0").replace('/', "~1");
                    within(item, shown_too, &format!("{pointer}/{name}"), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = Vec::new();
    within(value, shown_too, "", &mut found);
    found
}

struct Opening<'a> {
    store: &'a SecretStore,
    root: RunId,
    own: BTreeSet<&'a str>,
    places: Vec<String>,
    clear: Vec<Secret>,
}

impl Opening<'_> {
    fn value(&mut self, value: &Value, pointer: &str) -> Result<Value, SealError> {
        Ok(match value {
            Value::String(text) => self.text(text, pointer)?,
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| self.value(item, &format!("{pointer}/{index}")))
                    .collect::<Result<_, _>>()?
            }
            Value::Object(map) => {
                let mut opened = Map::new();
                for (key, item) in map {
                    let name = key.replace('~', "~0").replace('/', "~1");
                    let item = self.value(item, &format!("{pointer}/{name}"))?;
                    opened.insert(key.clone(), item);
                }
                Value::Object(opened)
            }
            other => other.clone(),
        })
    }

    /// A text that is one seal becomes the value; within other text a seal becomes its text.
    fn text(&mut self, text: &str, pointer: &str) -> Result<Value, SealError> {
        let mut found = places(text);
        found.retain(|place| {
            self.own.contains(&text[place.range.clone()]) || self.answered(place).is_some()
        });
        if found.is_empty() {
            return Ok(text.into());
        }
        self.places.push(pointer.to_owned());
        let whole = is_seal(text);
        let mut filled = String::new();
        let mut from = 0;
        for place in found {
            let sealed = self
                .store
                .open(&bound(self.root, place.name), VERSION, place.sealed)?;
            let broken = |_| SealError::Broken {
                name: place.name.to_owned(),
            };
            let value: Value = serde_json::from_str(sealed.expose()).map_err(broken)?;
            leaves(&value, &mut self.clear);
            if whole {
                return Ok(value);
            }
            filled.push_str(&text[from..place.range.start]);
            match &value {
                // Only the path of an address stands there: the value is one part of it.
                Value::String(text) if pointer == "/path" => filled.push_str(&path_part(text)),
                Value::String(text) => filled.push_str(text),
                other => filled.push_str(&other.to_string()),
            }
            from = place.range.end;
        }
        filled.push_str(&text[from..]);
        self.clear.push(Secret::from(filled.as_str()));
        Ok(filled.into())
    }
}

impl Opening<'_> {
    /// The number that came back to this run and is sealed here. What only looks like one stays text.
    fn answered(&self, place: &Place<'_>) -> Option<Secret> {
        if place.name != ANSWERED {
            return None;
        }
        let bound = bound(self.root, ANSWERED);
        self.store.open(&bound, VERSION, place.sealed).ok()
    }
}

/// The texts and numbers of a value.
fn leaves(value: &Value, clear: &mut Vec<Secret>) {
    match value {
        Value::String(text) => clear.push(text.as_str().into()),
        Value::Number(number) => clear.push(number.to_string().into()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, clear)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, clear)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// What a seal holds for: one input of one run and its retries.
fn bound(root: RunId, name: &str) -> String {
    format!("input\0{root}\0{name}")
}

struct Place<'a> {
    range: Range<usize>,
    name: &'a str,
    sealed: &'a str,
}

fn places(text: &str) -> Vec<Place<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(OPENS).map(|at| from + at) {
        let inside = start + OPENS.len();
        let Some(end) = text[inside..].find(CLOSES).map(|at| inside + at) else {
            break;
        };
        let sealed = text[inside..end].split_once('.');
        let holds = |text: &str, more: &[u8]| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
            !text.is_empty() && text.bytes().all(known)
        };
        match sealed.filter(|(name, sealed)| holds(name, b"_") && holds(sealed, b"+/=")) {
            Some((name, sealed)) => {
                from = end + CLOSES.len();
                found.push(Place {
                    range: start..from,
                    name,
                    sealed,
                });
            }
            None => from = inside,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn store() -> SecretStore {
        SecretStore::with_key([7; 32])
    }

    fn run(number: u8) -> RunId {
        RunId::from_parts(1_800_000_000_000, [number; 10])
    }

    #[test]
    fn a_seal_opens_for_its_input_of_its_run_and_keeps_the_type() {
        for value in [
            json!("geheim"),
            json!(123_456),
            json!({ "a": [1, "zwei"] }),
            json!(null),
        ] {
            let sealed = seal(&store(), run(1), "pin", &value).unwrap();
            assert!(is_seal(&sealed) && !sealed.contains("geheim"));
            let json = Json::from(json!({ "a": [sealed.clone()] }));
            let inputs = Json::from(json!({ "pin": sealed.clone() }));
            let opened = open(&store(), run(1), &json, &inputs).unwrap().unwrap();
            assert_eq!(opened.value.value(), &json!({ "a": [value] }));
            assert_eq!(opened.places, ["/a/0"]);
            assert!(open(&store(), run(2), &json, &inputs).is_err());
            let other = SecretStore::with_key([8; 32]);
            assert!(open(&other, run(1), &json, &inputs).is_err());
            let renamed = sealed.replace("sealed.pin", "sealed.pan");
            let inputs = Json::from(json!({ "pan": renamed.clone() }));
            let json = Json::from(json!(renamed));
            assert!(open(&store(), run(1), &json, &inputs).is_err());
        }
    }

    #[test]
    fn what_is_no_input_of_the_run_stays_text() {
        let sealed = seal(&store(), run(1), "pin", &json!("geheim")).unwrap();
        let foreign = seal(&store(), run(2), "pin", &json!("fremd")).unwrap();
        let inputs = Json::from(json!({ "pin": sealed.clone(), "note": sealed.clone() }));
        let json =
            Json::from(json!({ "a": format!("{foreign} {sealed} {{{{ sealed.pin.abc }}}}") }));
        let opened = open(&store(), run(1), &json, &inputs).unwrap().unwrap();
        let whole = format!("{foreign} geheim {{{{ sealed.pin.abc }}}}");
        assert_eq!(opened.value.value(), &json!({ "a": whole }));
        // A run without sensitive inputs opens nothing, whatever it was sent.
        for inputs in [json!(null), json!({ "note": sealed.clone() })] {
            let opened = open(&store(), run(1), &json, &inputs.into());
            assert!(opened.unwrap().is_none());
        }
    }

    #[test]
    fn what_only_druse_writes_is_found_where_people_wrote_it() {
        let sealed = seal(&store(), run(1), "pin", &json!("geheim")).unwrap();
        let mut value = json!({ "a/b": [1, format!("x {sealed}")], "c": "Pin [sensitive]", "d": "{{ inputs.pin }}" });
        assert_eq!(written_by_hand(&value, false), ["/a~1b/1"]);
        assert_eq!(written_by_hand(&value, true), ["/a~1b/1", "/c"]);
        value = json!({ sealed: 1 });
        assert_eq!(written_by_hand(&value, false), [""]);
    }

    #[test]
    fn a_number_that_came_back_is_opened_in_its_run_alone() {
        let number: Number = serde_json::from_str("123456").unwrap();
        let sealed = seal_number(&store(), run(1), &number).unwrap();
        assert!(is_seal(&sealed) && !sealed.contains("123456"));
        let json = Json::from(json!({ "n": sealed, "text": format!("no. {sealed}") }));
        let nothing = Json::null();
        let opened = open(&store(), run(1), &json, &nothing).unwrap().unwrap();
        let clear = json!({ "n": 123_456, "text": "no. 123456" });
        assert_eq!(opened.value.value(), &clear);
        assert_eq!(opened.places, ["/n", "/text"]);
        // Another run's, and what somebody made up, is text.
        assert!(open(&store(), run(2), &json, &nothing).unwrap().is_none());
        let made_up = Json::from(json!("{{ sealed.0.AAAA }}"));
        let opened = open(&store(), run(1), &made_up, &nothing);
        assert!(opened.unwrap().is_none());
        let clean = without_answered(&json);
        let shown = json!({ "n": "[redacted]", "text": "no. [redacted]" });
        assert_eq!(clean.value(), &shown);
        // What another run gets of it is sealed for that one.
        let theirs = moved(&store(), run(1), run(2), &json);
        assert!(open(&store(), run(1), &theirs, &nothing).unwrap().is_none());
        let opened = open(&store(), run(2), &theirs, &nothing).unwrap().unwrap();
        assert_eq!(opened.value.value(), &clear);
        assert_eq!(moved(&store(), run(2), run(1), &json).value(), &shown);
    }

    #[test]
    fn within_text_a_seal_becomes_text() {
        let word = seal(&store(), run(1), "a", &json!("x\"y")).unwrap();
        let number = seal(&store(), run(1), "b", &json!(5)).unwrap();
        let json = Json::from(json!(format!("Bearer {word}:{number}!")));
        let inputs = Json::from(json!({ "a": word, "b": number }));
        let opened = open(&store(), run(1), &json, &inputs).unwrap().unwrap();
        assert_eq!(opened.value.value(), "Bearer x\"y:5!");
        let clear: Vec<&str> = opened.clear.iter().map(Secret::expose).collect();
        assert_eq!(clear, ["x\"y", "5", "Bearer x\"y:5!"]);
        assert!(
            open(
                &store(),
                run(1),
                &json!({ "a": "{{ sealed" }).into(),
                &inputs
            )
            .unwrap()
            .is_none()
        );
    }

    #[test]
    fn nobody_sees_a_seal() {
        let sealed = seal(&store(), run(1), "pin", &json!("geheim")).unwrap();
        let text = json!({ "a": sealed, "b": format!("x {sealed} {sealed} y") }).to_string();
        assert_eq!(
            hide(&text),
            r#"{"a":"[sensitive]","b":"x [sensitive] [sensitive] y"}"#
        );
        for other in [
            "plain",
            "{{ sealed.",
            "{{ sealed.a }}",
            "{{ sealed.a.b!c }}",
            "{{ secrets.A }}",
        ] {
            assert_eq!(hide(other), other);
        }
        // What looks like one beside a real one.
        let mixed = format!("{{{{ sealed.x {sealed}");
        assert_eq!(hide(&mixed), "{{ sealed.x [sensitive]");
    }
}
