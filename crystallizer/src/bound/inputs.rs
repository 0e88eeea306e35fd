//! The inputs of the automation: what the person said, and what the agent brought along again and again. One for
//! each value and meaning, named from the keys under which it was sent, with the recorded value as default.

use super::canonical::form;
use super::information::{STRONG, WEAK, bits};
use super::key::Key;
use super::retold::{day_of, time_of};
use super::said::{Mention, Said};
use super::transform::{Op, Transform};
use crate::session::ToolSpec;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most words of the name of somebody.
const MOST_OF_NAME: usize = 3;
/// The longest name of an input.
const LONGEST_NAME: usize = 40;

/// Where the value of an input was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A person said it.
    Said(Mention),
    /// The agent proposed it and a person agreed.
    Agreed(Mention),
    /// Nobody said it, and several steps send it.
    Repeated,
    /// A person answered that it is one.
    Answered,
}

/// One input.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) found: Found,
    pub(super) key: Key,
    /// The schema of the argument that it is for, where the tool has one.
    pub(super) schema: Option<Value>,
    /// The steps that send what nobody said.
    pub(super) brought_to: Vec<String>,
    /// Whether each run has to be given its own: a person is asked about it, as one of them may change something.
    pub(super) is_open: bool,
    /// Whether another moment is counted from it.
    pub(super) is_counted_from: bool,
}

/// The inputs so far.
#[derive(Default)]
pub(super) struct Inputs {
    all: Vec<Input>,
    by_meaning: BTreeMap<(String, Vec<String>), usize>,
    /// Those of each value, by its canonical form.
    by_form: BTreeMap<String, Vec<usize>>,
    /// Those that a text shows alike, and those whose values begin with the same word there.
    by_shown: HashMap<String, Vec<usize>>,
    by_word: HashMap<String, Vec<usize>>,
    /// Those of each day, or moment of it.
    by_day: BTreeMap<String, Vec<usize>>,
    /// Those of each time of day, or moment at it, in minutes since midnight.
    by_time: BTreeMap<u16, Vec<usize>>,
    by_name: HashMap<String, usize>,
    names: BTreeSet<String>,
    /// The number from which on names with this beginning are free.
    next: HashMap<String, u32>,
}

impl Input {
    /// Its value as a text shows it.
    pub(super) fn shown(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::String(text) => Some(text.into()),
            Value::Number(number) => Some(number.to_string().into()),
            _ => None,
        }
    }
}

impl Inputs {
    /// The expression that gives a value that the person said.
    pub(super) fn said(
        &mut self,
        key: &Key,
        value: &Value,
        mention: Mention,
        said: &Said,
    ) -> String {
        let (name, transform) = self.get(key, value, Found::Said(mention), None, said);
        transform.write(&format!("inputs.{name}"))
    }

    /// The input that gives this value, and what is made of it: the one that has it already, or a new one.
    pub(super) fn get(
        &mut self,
        key: &Key,
        value: &Value,
        found: Found,
        schema: Option<&Value>,
        said: &Said,
    ) -> (String, Transform) {
        if let Found::Said(mention) = &found
            && let Some(part) = self.part(key, value, mention, said)
        {
            return part;
        }
        let is_repeated = said.is_repeated(value);
        let index = self.index(key, value, found, schema, is_repeated);
        match self.all.get(index) {
            Some(input) => (
                input.name.clone(),
                Transform::find(&input.value, value).unwrap_or_default(),
            ),
            None => (String::new(), Transform::default()),
        }
    }

    /// The first or the last word of the name of somebody that is an input: it is not asked for again. What was also
    /// said by itself is a thing of its own, and of what is no name nobody knows what its words will be.
    fn part(
        &self,
        key: &Key,
        value: &Value,
        mention: &Mention,
        said: &Said,
    ) -> Option<(String, Transform)> {
        let wanted = value
            .as_str()
            .filter(|word| is_word_of_name(word) && key.words.iter().any(|key| is_of_name(key)))?;
        self.all.iter().find_map(|input| {
            let Found::Said(whole) = &input.found else {
                return None;
            };
            let words: Vec<&str> = input.value.as_str()?.split(' ').collect();
            let is_name = (2..=MOST_OF_NAME).contains(&words.len())
                && words.iter().all(|word| is_word_of_name(word));
            if !is_name || !said.holds(whole, mention) || !said.is_only_inside(value, &input.value)
            {
                return None;
            }
            let op = match words.iter().position(|word| *word == wanted)? {
                0 => Op::Word(0),
                last if last + 1 == words.len() => Op::LastOfName,
                _ => return None,
            };
            Some((input.name.clone(), Transform(vec![op])))
        })
    }

    /// Whether a value was said only inside of an input as a whole that does not give it.
    pub(super) fn has_inside(
        &self,
        key: &Key,
        value: &Value,
        mention: &Mention,
        said: &Said,
    ) -> bool {
        self.part(key, value, mention, said).is_none()
            && self.all.iter().any(|input| {
                matches!(&input.found, Found::Said(whole) if said.holds(whole, mention))
                    && input.value != *value
                    && said.is_only_inside(value, &input.value)
            })
    }

    /// The input that alone has a value which a text may repeat, as it stands.
    pub(super) fn told(&self, text: &str) -> Option<&Input> {
        let places = self.by_shown.get(text)?.iter();
        let mut all = places
            .filter_map(|place| self.all.get(*place))
            .filter(|input| {
                // What nobody said tells enough to be known again where it is an id or a name of several words.
                !matches!(input.found, Found::Repeated) || bits(&input.value, &[]) >= STRONG
            });
        let one = all.next()?;
        all.next().is_none().then_some(one)
    }

    /// The inputs whose values may stand in a text, on the borders of its words.
    pub(super) fn may_stand_in(&self, text: &str) -> impl Iterator<Item = &Input> {
        let mut places: Vec<usize> = joined_words(text)
            .chain([""])
            .filter_map(|word| self.by_word.get(word))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.all.get(place))
    }

    fn push(&mut self, input: Input) -> usize {
        let place = self.all.len();
        self.by_name.insert(input.name.clone(), place);
        self.all.push(input);
        place
    }

    /// The input with this name.
    pub(super) fn named(&self, name: &str) -> Option<&Input> {
        self.all.get(*self.by_name.get(name)?)
    }

    fn named_mut(&mut self, name: &str) -> Option<&mut Input> {
        self.all.get_mut(*self.by_name.get(name)?)
    }

    /// Notes how the value of an input is found.
    fn find_by(&mut self, place: usize) {
        let Some(input) = self.all.get(place) else {
            return;
        };
        if let Some(form) = form(&input.value) {
            self.by_form.entry(form).or_default().push(place);
        }
        if let Some(day) = day_of(&input.value) {
            self.by_day.entry(day.to_owned()).or_default().push(place);
        }
        if let Some(minutes) = time_of(&input.value) {
            self.by_time.entry(minutes).or_default().push(place);
        }
        if let Some(shown) = input.shown() {
            // One without a word may stand anywhere.
            let word = joined_words(&shown).next().unwrap_or_default();
            self.by_word.entry(word.to_owned()).or_default().push(place);
            let shown = shown.into_owned();
            self.by_shown.entry(shown).or_default().push(place);
        }
    }

    /// Where the person agreed to a particular thing that is an input already.
    pub(super) fn chosen(&self, value: &Value) -> Option<Mention> {
        let index = *self.by_meaning.get(&(form(value)?, Vec::new()))?;
        match self.all.get(index)?.found {
            Found::Agreed(mention) => Some(mention),
            _ => None,
        }
    }

    /// Whether a part of what was said there is an input already.
    pub(super) fn has_part_of(&self, mention: &Mention, said: &Said) -> bool {
        self.all.iter().any(|input| match &input.found {
            Found::Said(part) => part != mention && said.holds(mention, part),
            Found::Agreed(_) | Found::Repeated | Found::Answered => false,
        })
    }

    fn index(
        &mut self,
        key: &Key,
        value: &Value,
        found: Found,
        schema: Option<&Value>,
        is_repeated: bool,
    ) -> usize {
        let meaning = meaning(key, value, &found, is_repeated);
        if let Some(index) = self.by_meaning.get(&meaning)
            && let Some(input) = self.all.get_mut(*index)
            && Transform::find(&input.value, value).is_some()
            && !are_apart(&input.key, key)
        {
            if input.schema.is_none() && input.value == *value {
                input.schema = schema.cloned();
            }
            return *index;
        }
        let name = self.name(key);
        let index = self.push(Input {
            name,
            value: value.clone(),
            found,
            key: key.clone(),
            schema: schema.cloned(),
            brought_to: Vec::new(),
            is_open: false,
            is_counted_from: false,
        });
        self.find_by(index);
        self.by_meaning.insert(meaning, index);
        index
    }

    fn name(&mut self, key: &Key) -> String {
        let mut base = String::new();
        for word in key.full() {
            let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
            if plain.is_empty() || base.len() + plain.len() >= LONGEST_NAME {
                continue;
            }
            if !base.is_empty() {
                base.push('_');
            }
            base.push_str(&plain);
        }
        if !base.starts_with(|c: char| c.is_ascii_alphabetic()) {
            base = format!("value_{base}").trim_end_matches('_').to_owned();
        }
        self.free_name(&base)
    }

    /// A name that no input has yet, and that is taken with it.
    fn free_name(&mut self, base: &str) -> String {
        if self.names.insert(base.to_owned()) {
            return base.to_owned();
        }
        let mut number = self.next.get(base).copied().unwrap_or(2);
        loop {
            let name = format!("{base}_{number}");
            number += 1;
            if self.names.insert(name.clone()) {
                self.next.insert(base.to_owned(), number);
                return name;
            }
        }
    }

    /// The input that a person said as a list of such values, with its own and where they said it.
    pub(super) fn of_list(&self, values: &[&Value]) -> Option<(&str, &[Value], Mention)> {
        self.all.iter().find_map(|input| {
            let (Value::Array(own), Found::Said(mention)) = (&input.value, &input.found) else {
                return None;
            };
            let same = |(one, other): (&Value, &&Value)| {
                let one = form(one);
                one.is_some() && one == form(other)
            };
            let is_it = own.len() == values.len() && own.iter().zip(values).all(same);
            is_it.then_some((input.name.as_str(), own.as_slice(), *mention))
        })
    }

    /// A new input for a list of what a person named one by one, each of which was sent under a key. `items` is the schema
    /// of that argument, and whether nothing is named twice. Gives its name.
    pub(super) fn add_list(
        &mut self,
        key: &Key,
        elements: Vec<Value>,
        mention: Mention,
        (items, once): (Option<&Value>, bool),
    ) -> String {
        let mut words = key.full();
        if let Some(last) = words.last_mut() {
            *last = plural(last);
        }
        let key = Key {
            words,
            around: Vec::new(),
        };
        let name = self.name(&key);
        let schema = super::declare::of_elements(items, &elements, once);
        self.push(Input {
            name: name.clone(),
            value: Value::Array(elements),
            found: Found::Said(mention),
            key,
            schema: Some(schema),
            brought_to: Vec::new(),
            is_open: false,
            is_counted_from: false,
        });
        name
    }

    /// Names a new input that says how many there are as its key does: `adults`, `total_baggages`.
    pub(super) fn in_plural(&mut self, name: String, key: &str) -> String {
        let Some(plural) = crate::words::split(key).pop() else {
            return name;
        };
        let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let base = match base.strip_suffix('_') {
            Some(base) if base.len() + 1 < name.len() => base,
            _ => name.as_str(),
        };
        let single = super::key::words(&plural).pop().unwrap_or_default();
        let before = match base.strip_suffix(single.as_str()) {
            Some(before) if single != plural && plural.is_ascii() => before.to_owned(),
            _ => return name,
        };
        self.names.remove(&name);
        if let Some((base, number)) = name.rsplit_once('_')
            && let Ok(number) = number.parse::<u32>()
            && let Some(next) = self.next.get_mut(base)
        {
            *next = number.clamp(2, *next);
        }
        let new = self.free_name(&format!("{before}{plural}"));
        if let Some(place) = self.by_name.remove(&name)
            && let Some(input) = self.all.get_mut(place)
        {
            input.name.clone_from(&new);
            self.by_name.insert(new.clone(), place);
        }
        new
    }

    /// Those with the same value, however it is written.
    pub(super) fn of_value(&self, value: &Value) -> Here<'_> {
        self.at(form(value).and_then(|form| self.by_form.get(&form)))
    }

    /// Those that are this day, or a moment of it.
    pub(super) fn of_day(&self, day: &str) -> Here<'_> {
        self.at(self.by_day.get(day))
    }

    /// Those that are this time of day, in minutes since midnight, or a moment at it.
    pub(super) fn of_time(&self, minutes: u16) -> Here<'_> {
        self.at(self.by_time.get(&minutes))
    }

    fn at<'i>(&'i self, places: Option<&'i Vec<usize>>) -> Here<'i> {
        let places = places.map_or_else(Default::default, |places| places.iter());
        Here {
            all: &self.all,
            places,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Input> {
        self.all.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Gives an input another value: a part of what it had, with where that was found by itself. The schema of the tool was
    /// for the whole.
    pub(super) fn set_value(&mut self, name: &str, value: Value, found: Option<Found>) {
        if let Some(index) = self.by_name.get(name).copied() {
            let all = self.by_form.values_mut();
            let all = all.chain(self.by_day.values_mut());
            let all = all.chain(self.by_time.values_mut());
            let all = all.chain(self.by_shown.values_mut());
            for all in all.chain(self.by_word.values_mut()) {
                all.retain(|one| *one != index);
            }
            self.all[index].value = value;
            self.all[index].schema = None;
            self.find_by(index);
            if let Some(found) = found {
                self.all[index].found = found;
            }
        }
    }

    /// Notes that a step sends what nobody said, and whether a person is asked about it.
    pub(super) fn brought_to(&mut self, name: &str, step: &str, is_open: bool) {
        if let Some(input) = self.named_mut(name) {
            input.brought_to.push(step.to_owned());
            input.is_open |= is_open;
        }
    }

    /// Notes that another moment is counted from an input, or that its time of day is written in another notation.
    pub(super) fn counted_from(&mut self, name: &str) {
        if let Some(input) = self.named_mut(name) {
            input.is_counted_from = true;
        }
    }

    /// Leaves only the inputs that something uses.
    pub(super) fn keep(&mut self, used: &BTreeSet<String>) {
        self.all.retain(|input| used.contains(&input.name));
        self.by_form.clear();
        self.by_day.clear();
        self.by_time.clear();
        self.by_shown.clear();
        self.by_word.clear();
        self.by_name.clear();
        for index in 0..self.all.len() {
            self.find_by(index);
            self.by_name.insert(self.all[index].name.clone(), index);
        }
    }

    /// The inputs as the document declares them: each takes what it was in all recordings. `others` are the inputs of the
    /// further ones.
    pub(super) fn declared(
        &self,
        said: &Said,
        others: &[Map<String, Value>],
    ) -> Map<String, Value> {
        self.all
            .iter()
            .map(|input| {
                let others = others.iter().filter_map(|all| all.get(&input.name));
                let declared = input.declared(said, &others.collect::<Vec<_>>());
                (input.name.clone(), declared)
            })
            .collect()
    }
}

/// The inputs at some places.
pub(super) struct Here<'i> {
    all: &'i [Input],
    places: std::slice::Iter<'i, usize>,
}

impl<'i> Iterator for Here<'i> {
    type Item = &'i Input;

    fn next(&mut self) -> Option<Self::Item> {
        self.places.find_map(|place| self.all.get(*place))
    }
}

/// The words of a text, as far as letters, digits and `_` go on.
fn joined_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// What makes two values one input: a strong value is the same thing under any key; so is one that a person said once;
/// a weak one, and one that they said of several things, only under keys that mean the same.
fn meaning(key: &Key, value: &Value, found: &Found, is_repeated: bool) -> (String, Vec<String>) {
    let same = form(value).unwrap_or_else(|| value.to_string());
    let own = bits(value, &[]);
    let words = match found {
        _ if own >= STRONG => Vec::new(),
        Found::Said(mention) if own >= WEAK && !is_repeated => vec![mention.place()],
        _ => key.full(),
    };
    (same, words)
}

/// Whether a word may be one of the name of somebody: letters alone, the first a capital.
fn is_word_of_name(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
        && word.chars().any(char::is_lowercase)
        && word
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'))
}

/// Whether a word of a key says that the value is a name, or a part of one.
fn is_of_name(word: &str) -> bool {
    matches!(
        word,
        "name"
            | "firstname"
            | "lastname"
            | "surname"
            | "forename"
            | "nickname"
            | "first"
            | "last"
            | "given"
            | "family"
    )
}

/// Whether two keys name values of kinds that have nothing to do with each other: what somebody weighs and the year
/// since when they do it are not one input because they are one number.
fn are_apart(one: &Key, two: &Key) -> bool {
    matches!((kind(one), kind(two)), (Some(one), Some(two)) if one != two)
}

/// The kind of value that a key names, where its last words tell.
fn kind(key: &Key) -> Option<&'static str> {
    key.words.iter().rev().find_map(|word| {
        Some(match word.as_str() {
            "year" | "date" | "day" | "month" | "time" | "since" | "until" | "hour" | "minute" => {
                "time"
            }
            "zip" | "postal" | "postcode" | "city" | "country" | "street" | "address" => "place",
            "price" | "cost" | "fee" | "fare" | "budget" | "salary" | "balance" | "payment" => {
                "money"
            }
            "weight" | "gram" | "kilogram" | "kg" | "mass" | "length" | "width" | "height"
            | "distance" | "quantity" | "count" | "passenger" | "guest" | "room" | "page"
            | "limit" | "size" => "measure",
            _ => return None,
        })
    })
}

/// A word for several of what it names, as keys are written.
pub(super) fn plural(word: &str) -> String {
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(is_vowel) && !stem.is_empty() => format!("{stem}ies"),
        _ if word.ends_with(['s', 'x']) || word.ends_with("ch") || word.ends_with("sh") => {
            format!("{word}es")
        }
        _ => format!("{word}s"),
    }
}

/// The schema of the argument at a pointer, as the tool declares it.
pub(super) fn schema_at<'s>(spec: Option<&'s ToolSpec>, pointer: &str) -> Option<&'s Value> {
    let root = spec?.input_schema.as_ref()?;
    let mut schema = root;
    for word in pointer.split('/').skip(1) {
        for _ in 0..8 {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                break;
            };
            schema = root.pointer(reference.strip_prefix('#')?)?;
        }
        let word = word.replace("~1", "/").replace("~0", "~");
        let inner = schema
            .get("properties")
            .and_then(|properties| properties.get(&word));
        schema = match inner {
            Some(inner) => inner,
            None if word.bytes().all(|b| b.is_ascii_digit()) => schema.get("items")?,
            None => schema
                .get("additionalProperties")
                .filter(|open| open.is_object())?,
        };
    }
    Some(schema)
}

/// Whether the tool's schema says that this value is what is meant when nothing is said.
pub(super) fn is_default(schema: Option<&Value>, value: &Value) -> bool {
    schema.is_some_and(|schema| {
        schema.get("default") == Some(value) || schema.get("const") == Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(words: &[&str], around: &[&str]) -> Key {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Key {
            words: owned(words),
            around: owned(around),
        }
    }

    #[test]
    fn one_input_for_each_value_and_meaning() {
        let mut inputs = Inputs::default();
        let get = |inputs: &mut Inputs, key: &Key, value: Value| {
            let (name, transform) =
                inputs.get(key, &value, Found::Repeated, None, &Said::default());
            transform.write(&format!("inputs.{name}"))
        };
        assert_eq!(
            get(
                &mut inputs,
                &key(&["user", "id"], &[]),
                json!("mia_li_3668")
            ),
            "inputs.user_id"
        );
        assert_eq!(
            get(&mut inputs, &key(&["customer"], &[]), json!("mia_li_3668")),
            "inputs.user_id"
        );
        assert_eq!(
            get(&mut inputs, &key(&["origin"], &[]), json!("JFK")),
            "inputs.origin"
        );
        assert_eq!(
            get(&mut inputs, &key(&["destination"], &[]), json!("JFK")),
            "inputs.destination"
        );
        assert_eq!(
            get(&mut inputs, &key(&["origin"], &[]), json!("SEA")),
            "inputs.origin_2"
        );
        assert_eq!(
            get(&mut inputs, &key(&["id"], &["order"]), json!("98411")),
            "inputs.order_id"
        );
        assert_eq!(
            get(&mut inputs, &key(&["order", "id"], &[]), json!(98411)),
            "inputs.order_id | parse_number"
        );
        // One number that means two things.
        assert_eq!(
            get(&mut inputs, &key(&["weight"], &[]), json!(2000)),
            "inputs.weight"
        );
        assert_eq!(
            get(&mut inputs, &key(&["since", "year"], &[]), json!(2000)),
            "inputs.since_year"
        );
        let declared = inputs.declared(&Said::default(), &[]);
        assert_eq!(
            declared["user_id"],
            json!({ "type": "string", "default": "mia_li_3668" })
        );
    }

    #[test]
    fn the_tools_schema_is_taken_where_the_value_fits() {
        let spec = ToolSpec {
            input_schema: Some(json!({
                "properties": {
                    "cabin": { "type": "string", "enum": ["economy", "business"], "title": "Cabin" },
                    "lines": { "type": "array", "items": { "$ref": "#/$defs/line" } }
                },
                "$defs": { "line": { "properties": { "count": { "type": "integer", "minimum": 1 } } } }
            })),
            ..ToolSpec::default()
        };
        assert_eq!(
            schema_at(Some(&spec), "/lines/0/count"),
            Some(&json!({ "type": "integer", "minimum": 1 }))
        );
        let mut inputs = Inputs::default();
        let cabin = schema_at(Some(&spec), "/cabin");
        inputs.get(
            &key(&["cabin"], &[]),
            &json!("economy"),
            Found::Repeated,
            cabin,
            &Said::default(),
        );
        inputs.get(
            &key(&["class"], &[]),
            &json!("first"),
            Found::Repeated,
            cabin,
            &Said::default(),
        );
        let declared = inputs.declared(&Said::default(), &[]);
        assert_eq!(
            declared["cabin"],
            json!({ "type": "string", "enum": ["economy", "business"], "default": "economy" })
        );
        assert_eq!(
            declared["class"],
            json!({ "type": "string", "default": "first" })
        );
    }
}
