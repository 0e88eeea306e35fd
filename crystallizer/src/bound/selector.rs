//! Picks an element of a list, or an entry of a map whose keys are data, by what it holds: the only one, fields
//! that are equal to what is known, the least or the most of something that the person asked for. Never by the
//! place or the key that it had in the recording; what only its place tells is left to a person.

use super::answers::Notation;
use super::evaluate::{literal, member, quoted};
use super::information::{STRONG, WEAK, bits};
use super::inputs::Inputs;
use super::key::{Key, agree, named_by, words};
use super::said::{Mention, Said};
use serde_json::Value;
use std::collections::HashMap;

/// The most fields by which an element is picked.
const MOST_FIELDS: usize = 3;
/// The information from which on a field that the person said tells an element.
const TELLING: f64 = 4.0;
/// The most fields that are tried together.
const MOST_TRIED: usize = 6;

/// A value that is known where a binding stands, with the expression that gives it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) expression: String,
    pub(super) key: Key,
}

/// What selectors may compare with.
pub(super) struct Scope<'a> {
    pub(super) said: &'a Said,
    /// Known values by their JSON.
    pub(super) known: &'a HashMap<String, Vec<Known>>,
}

/// Where a list comes from.
pub(super) struct Origin<'a> {
    /// Words that name it.
    pub(super) about: Vec<String>,
    /// What the call sent that answered it: elements that all have that say nothing by it.
    pub(super) asked: &'a Value,
}

impl Origin<'_> {
    /// Whether a word is one of those that were asked for.
    fn asks_for(&self, word: &str) -> bool {
        let mut found = false;
        crate::leaf::leaves(self.asked, &mut |_, _, leaf| {
            found |= leaf
                .as_str()
                .is_some_and(|text| super::canonical::runs(text).any(|run| run == word));
        });
        found
    }

    fn repeats(&self, value: &Value) -> bool {
        let mut found = false;
        crate::leaf::leaves(self.asked, &mut |_, _, leaf| found |= leaf == value);
        found
    }
}

/// What expressions are written with: the inputs that they may need.
pub(super) struct Writer<'a> {
    pub(super) inputs: &'a mut Inputs,
    pub(super) said: &'a Said,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// A known value.
    Expression(String),
    /// What the person said, which becomes an input.
    Said {
        key: Key,
        value: Value,
        mention: Mention,
    },
}

impl Operand {
    fn write(&self, writer: &mut Writer<'_>) -> String {
        match self {
            Self::Expression(text) => text.clone(),
            Self::Said {
                key,
                value,
                mention,
            } => writer.inputs.said(key, value, *mention, writer.said),
        }
    }
}

/// A field and what it has to be equal to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Equal {
    pub(super) field: Vec<String>,
    pub(super) operand: Operand,
    pub(super) value: Value,
    bits: f64,
    /// Whether it was spoken of as a property of such elements, not in passing.
    meant: bool,
}

impl Equal {
    /// Whether the person said what the field has to be.
    fn is_said(&self) -> bool {
        match &self.operand {
            Operand::Said { .. } => true,
            Operand::Expression(text) => text.starts_with("inputs."),
        }
    }
}

/// How an element is picked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pick {
    Only,
    Where(Vec<Equal>),
    /// The entry under this key.
    Under(Operand),
    Extreme {
        among: Vec<Equal>,
        field: Vec<String>,
        most: bool,
    },
    /// By its place: only ever proposed.
    Position(Position),
}

/// The place of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    First,
    Last,
    At(usize),
}

/// One step of the way to a value, as a run goes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Turn {
    Member(String),
    Parsed(Notation),
    Element(Pick),
    /// Into an entry's value.
    Entry(Pick, String),
    /// To an entry's key.
    EntryKey(Pick, String),
}

/// The way from an answer to a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Route(pub(super) Vec<Turn>);

/// What a way to a value compares and looks for on its way.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Compared {
    /// Fields, by their last key, and the values that they had.
    pub(super) fields: Vec<(String, Value)>,
    /// Keys of collections.
    pub(super) keys: Vec<String>,
    /// Fields whose extreme is looked for; true for the most.
    pub(super) extremes: Vec<(String, bool)>,
}

impl Compared {
    pub(super) fn join(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.keys.extend(other.keys);
        self.extremes.extend(other.extremes);
    }
}

impl Route {
    /// What is compared and looked for on the way.
    pub(super) fn compared(&self) -> Compared {
        let mut compared = Compared::default();
        for turn in &self.0 {
            let (pick, key) = match turn {
                Turn::Element(pick) => (pick, None),
                Turn::Entry(pick, key) | Turn::EntryKey(pick, key) => (pick, Some(key)),
                Turn::Member(_) | Turn::Parsed(_) => continue,
            };
            let equals = match pick {
                Pick::Where(equals) => equals.as_slice(),
                Pick::Extreme { among, field, most } => {
                    if let Some(key) = field.last() {
                        compared.extremes.push((key.clone(), *most));
                    }
                    among.as_slice()
                }
                Pick::Under(_) => {
                    compared.keys.extend(key.cloned());
                    &[]
                }
                Pick::Only | Pick::Position(_) => &[],
            };
            for equal in equals {
                match (equal.field.as_slice(), key) {
                    ([field], Some(key)) if field == "key" => compared.keys.push(key.clone()),
                    (field, _) => {
                        if let Some(last) = field.last() {
                            compared.fields.push((last.clone(), equal.value.clone()));
                        }
                    }
                }
            }
        }
        compared
    }

    /// Whether some step knows only a place.
    pub(super) fn is_positional(&self) -> bool {
        self.picks().any(|pick| matches!(pick, Pick::Position(_)))
    }

    /// Whether the person said what tells the value from others.
    pub(super) fn is_said(&self) -> bool {
        self.picks().any(|pick| match pick {
            Pick::Where(equals) => equals
                .iter()
                .any(|equal| equal.is_said() && equal.bits >= TELLING),
            Pick::Under(Operand::Said { .. }) => true,
            Pick::Under(Operand::Expression(text)) => text.starts_with("inputs."),
            Pick::Extreme { .. } => true,
            Pick::Only | Pick::Position(_) => false,
        })
    }

    /// Whether no step rests on fields that say little, on an extreme, or on being the only one of a list of scalars.
    pub(super) fn is_sure(&self) -> bool {
        !matches!(self.0.last(), Some(Turn::Element(Pick::Only)))
            && self.picks().all(|pick| match pick {
                Pick::Only | Pick::Under(_) => true,
                Pick::Where(equals) => equals.iter().any(|equal| equal.bits >= STRONG),
                Pick::Extreme { .. } | Pick::Position(_) => false,
            })
    }

    /// Whether some step would need a key that is data.
    pub(super) fn needs_data_key(&self) -> bool {
        self.0.iter().any(|turn| {
            matches!(
                turn,
                Turn::Entry(Pick::Position(_), _) | Turn::EntryKey(Pick::Position(_), _)
            )
        })
    }

    pub(super) fn picks(&self) -> impl Iterator<Item = &Pick> {
        self.0.iter().filter_map(|turn| match turn {
            Turn::Element(pick) | Turn::Entry(pick, _) | Turn::EntryKey(pick, _) => Some(pick),
            Turn::Member(_) | Turn::Parsed(_) => None,
        })
    }

    /// The expression that goes this way from a base.
    pub(super) fn write(&self, base: &str, inputs: &mut Writer<'_>) -> String {
        let mut text = base.to_owned();
        for turn in &self.0 {
            text = match turn {
                Turn::Member(key) => format!("{}{}", closed(&text), member(key)),
                Turn::Parsed(Notation::Json) => format!("{text} | parse_json"),
                Turn::Parsed(Notation::Yaml) => format!("{text} | parse_yaml"),
                Turn::Element(pick) => element(&text, pick, inputs),
                Turn::Entry(Pick::Under(operand), _) => {
                    let key = operand.write(inputs);
                    format!("{}[{key}]", closed(&text))
                }
                Turn::Entry(Pick::Position(_), key) => format!("{}{}", closed(&text), member(key)),
                Turn::Entry(pick, _) => {
                    let entry = element(&format!("{text} | entries"), pick, inputs);
                    format!("{}.value", closed(&entry))
                }
                Turn::EntryKey(Pick::Position(_), key) => quoted(key),
                Turn::EntryKey(pick, _) => {
                    let entry = element(&format!("{text} | entries"), pick, inputs);
                    format!("{}.key", closed(&entry))
                }
            };
        }
        text
    }
}

/// An expression that a path may follow: one with filters stands in brackets.
fn closed(text: &str) -> String {
    if has_filters(text) {
        format!("({text})")
    } else {
        text.to_owned()
    }
}

/// Whether a `|` stands outside of brackets and quotes.
fn has_filters(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for c in text.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                '|' if depth == 0 => return true,
                _ => {}
            },
        }
    }
    false
}

fn element(list: &str, pick: &Pick, inputs: &mut Writer<'_>) -> String {
    let narrowed = |equals: &[Equal], inputs: &mut Writer<'_>| {
        let mut text = list.to_owned();
        for equal in equals {
            let operand = equal.operand.write(inputs);
            text = format!("{text} | where({}, {operand})", path(&equal.field));
        }
        text
    };
    match pick {
        Pick::Only => format!("{list} | only"),
        Pick::Where(equals) => format!("{} | only", narrowed(equals, inputs)),
        Pick::Under(operand) => {
            let operand = operand.write(inputs);
            format!("{list} | where('key', {operand}) | only")
        }
        Pick::Extreme { among, field, most } => {
            let filter = if *most { "max_by" } else { "min_by" };
            format!("{} | {filter}({})", narrowed(among, inputs), path(field))
        }
        Pick::Position(Position::First) => format!("{list} | first"),
        Pick::Position(Position::Last) => format!("{list} | last"),
        Pick::Position(Position::At(index)) => format!("{}[{index}]", closed(list)),
    }
}

fn path(field: &[String]) -> String {
    match field {
        [one] => quoted(one),
        several => {
            let keys: Vec<String> = several.iter().map(|key| quoted(key)).collect();
            format!("[{}]", keys.join(", "))
        }
    }
}

/// The scalar fields of an element, through maps.
fn fields(element: &Value) -> Vec<(Vec<String>, &Value)> {
    fn walk<'v>(
        value: &'v Value,
        path: &mut Vec<String>,
        found: &mut Vec<(Vec<String>, &'v Value)>,
    ) {
        match value {
            Value::Object(map) if path.len() < 4 => {
                for (key, inner) in map {
                    path.push(key.clone());
                    walk(inner, path, found);
                    path.pop();
                }
            }
            Value::String(_) | Value::Number(_) => found.push((path.clone(), value)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    if element.is_object() {
        walk(element, &mut Vec::new(), &mut found);
    }
    found
}

fn field<'v>(element: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(element, |value, key| value.get(key))
}

/// How to pick one of the elements; the last resort is its place. `wanted` is the value that is looked for in it,
/// by which it must not be picked.
pub(super) fn pick(
    elements: &[Value],
    chosen: usize,
    wanted: &Value,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Pick {
    let Some(element) = elements.get(chosen) else {
        return Pick::Position(Position::At(chosen));
    };
    let anchors = anchors(element, wanted, origin, scope);
    if elements.len() == 1 {
        // Being the only one says little: what the person said of it says more, if it is not what was asked for.
        let telling = |equal: &&Equal| {
            !origin.repeats(&equal.value)
                && (equal.bits >= STRONG || equal.is_said() && equal.bits >= TELLING)
        };
        return match anchors.iter().find(telling) {
            Some(equal) => Pick::Where(vec![equal.clone()]),
            None => Pick::Only,
        };
    }
    let extreme = extreme(elements, chosen, &anchors, origin, scope.said);
    match (least(elements, &anchors), extreme) {
        // Two things that the person said tell it, and nothing tells which of them was meant.
        (Some(equals), Some(_)) if equals.iter().all(|equal| equal.bits < STRONG) => {}
        (Some(equals), _) => return Pick::Where(with_all_said(equals, &anchors, origin)),
        (None, Some(extreme)) => return extreme,
        (None, None) => {}
    }
    Pick::Position(if chosen == 0 {
        Position::First
    } else if chosen + 1 == elements.len() {
        Position::Last
    } else {
        Position::At(chosen)
    })
}

/// The fields of an element that are equal to something known, the most telling first. Agreement of the keys
/// counts as much as three bits.
fn anchors(element: &Value, wanted: &Value, origin: &Origin<'_>, scope: &Scope<'_>) -> Vec<Equal> {
    let mut found = Vec::new();
    for (path, value) in fields(element) {
        if value == wanted {
            continue;
        }
        let key = Key::new(path.iter().map(String::as_str), "");
        let own = bits(value, &key.words);
        let known = scope
            .known
            .get(&value.to_string())
            .into_iter()
            .flatten()
            .map(|known| (agree(&key, &known.key), known))
            .rev()
            .max_by_key(|(agreement, _)| *agreement);
        if let Some((agreement, known)) = known
            && (own >= STRONG || own >= WEAK && agreement >= 2)
        {
            found.push(Equal {
                field: path,
                operand: Operand::Expression(known.expression.clone()),
                value: value.clone(),
                bits: own + f64::from(agreement),
                meant: true,
            });
            continue;
        }
        let around: Vec<String> = key.words.iter().chain(&origin.about).cloned().collect();
        if let Some(mention) = scope
            .said
            .find(value, &around)
            .filter(|mention| mention.person)
        {
            found.extend(said_anchor(path, key, value, mention, origin, scope.said));
        }
    }
    found.sort_by(|one, two| two.bits.total_cmp(&one.bits));
    found.truncate(MOST_TRIED);
    found
}

/// A field that is equal to what the person said. A word in passing is none: something around it has to name the field
/// or the list, unless the words themselves are particular.
fn said_anchor(
    path: Vec<String>,
    key: Key,
    value: &Value,
    mention: Mention,
    origin: &Origin<'_>,
    said: &Said,
) -> Option<Equal> {
    let own = bits(value, &key.words);
    let near = said.is_near(&mention, &key.words) || said.is_near(&mention, &origin.about);
    let name = said.is_name(&mention, value);
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let is_phrase = super::canonical::runs(&text).count() >= 2;
    let is_code = text.bytes().filter(u8::is_ascii_digit).count() >= 4;
    let mut beside = false;
    crate::leaf::leaves(origin.asked, &mut |_, _, leaf| {
        beside |= said
            .find(leaf, &[])
            .is_some_and(|other| other.person && said.beside(&mention, &other));
    });
    let meant = near || beside || own >= STRONG || own >= WEAK && (is_phrase || is_code);
    if !(meant || name) || own <= 0.0 {
        return None;
    }
    let bits = own
        + if near { 3.0 } else { 0.0 }
        + if name { 2.0 } else { 0.0 }
        + if beside { 2.0 } else { 0.0 };
    Some(Equal {
        field: path,
        operand: Operand::Said {
            key,
            value: value.clone(),
            mention,
        },
        value: value.clone(),
        bits,
        meant,
    })
}

fn matches(element: &Value, equals: &[&Equal]) -> bool {
    equals
        .iter()
        .all(|equal| field(element, &equal.field) == Some(&equal.value))
}

/// The fewest fields that tell the element from all others; of several, those that tell most.
fn least(elements: &[Value], anchors: &[Equal]) -> Option<Vec<Equal>> {
    for size in 1..=MOST_FIELDS.min(anchors.len()) {
        let mut best: Option<(f64, Vec<&Equal>)> = None;
        for chosen in subsets(anchors.len(), size) {
            let equals: Vec<&Equal> = chosen
                .iter()
                .filter_map(|index| anchors.get(*index))
                .collect();
            let alike = elements
                .iter()
                .filter(|element| matches(element, &equals))
                .count();
            let sum: f64 = equals.iter().map(|equal| equal.bits).sum();
            if alike == 1 && best.as_ref().is_none_or(|(most, _)| sum > *most) {
                best = Some((sum, equals));
            }
        }
        if let Some((_, equals)) = best {
            return Some(equals.into_iter().cloned().collect());
        }
    }
    None
}

/// The fields that tell an element, and all others that the person spoke of: when they part in another run, none of
/// them is followed alone.
fn with_all_said(mut equals: Vec<Equal>, anchors: &[Equal], origin: &Origin<'_>) -> Vec<Equal> {
    for anchor in anchors {
        if equals.len() < MOST_FIELDS
            && anchor.is_said()
            && anchor.meant
            && anchor.bits >= TELLING
            && !origin.repeats(&anchor.value)
            && !equals.contains(anchor)
        {
            equals.push(anchor.clone());
        }
    }
    equals
}

fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for last in (size - 1)..count {
        for mut rest in subsets(last, size - 1) {
            rest.push(last);
            all.push(rest);
        }
    }
    all
}

/// What a word asks for: the most (true) or the least, and what kind of field it is about.
fn superlative(word: &str) -> Option<(bool, About)> {
    Some(match word {
        "cheapest" => (false, About::Price),
        "smallest" | "lowest" | "least" | "minimum" | "min" | "fewest" | "shortest" | "minimal" => {
            (false, About::Number)
        }
        "highest" | "largest" | "biggest" | "most" | "maximum" | "max" | "longest" | "greatest"
        | "maximal" => (true, About::Number),
        "best" | "top" => (true, About::Rating),
        "earliest" | "oldest" => (false, About::Time),
        "latest" | "newest" | "recent" => (true, About::Time),
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Price,
    Number,
    Rating,
    Time,
}

/// The element that has the least or the most of something, where the person asked for that.
fn extreme(
    elements: &[Value],
    chosen: usize,
    anchors: &[Equal],
    origin: &Origin<'_>,
    said: &Said,
) -> Option<Pick> {
    let element = elements.get(chosen)?;
    let compared: Vec<(Vec<String>, bool)> = fields(element)
        .into_iter()
        .filter_map(|(path, value)| {
            let time = is_time(value);
            let number = value.is_number();
            let all = elements.iter().all(|other| {
                field(other, &path).is_some_and(|value| {
                    if number {
                        value.is_number()
                    } else {
                        is_time(value)
                    }
                })
            });
            (all && (number || time)).then_some((path, time))
        })
        .collect();
    let mut among: Vec<Vec<&Equal>> = vec![Vec::new()];
    among.extend(anchors.iter().map(|anchor| vec![anchor]));
    for (word, near) in said.superlatives() {
        let Some((most, about)) = superlative(word) else {
            continue;
        };
        let eligible: Vec<&(Vec<String>, bool)> = compared
            .iter()
            .filter(|(path, time)| {
                let words = path.last().map(|key| words(key)).unwrap_or_default();
                let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
                match about {
                    About::Time => *time,
                    About::Price => {
                        !time && has(&["price", "cost", "amount", "fare", "total", "fee"])
                    }
                    About::Rating => !time && has(&["rating", "score", "star"]),
                    About::Number => !time,
                }
            })
            .collect();
        let named: Vec<&(Vec<String>, bool)> = eligible
            .iter()
            .filter(|(path, _)| {
                let words = path.last().map(|key| words(key)).unwrap_or_default();
                near.iter().any(|said| named_by(&words, said))
            })
            .copied()
            .collect();
        // Of several numbers only a named one can be meant.
        let fields = match (named.as_slice(), eligible.as_slice()) {
            ([one], _) | ([], [one]) => [*one],
            _ => continue,
        };
        let names_list = near
            .iter()
            .any(|said| named_by(&origin.about, said) || origin.asks_for(said));
        for (path, _) in fields {
            for equals in &among {
                // The word has to be about these elements: it names them, their field, or what they are among.
                if !names_list && named.is_empty() && equals.is_empty() {
                    continue;
                }
                let candidates: Vec<(usize, &Value)> = elements
                    .iter()
                    .enumerate()
                    .filter(|(_, element)| matches(element, equals))
                    .filter_map(|(index, element)| Some((index, field(element, path)?)))
                    .collect();
                if candidates.len() >= 2 && is_extreme(&candidates, chosen, most) {
                    return Some(Pick::Extreme {
                        among: equals.iter().map(|equal| (*equal).clone()).collect(),
                        field: path.clone(),
                        most,
                    });
                }
            }
        }
    }
    None
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        crate::value_class::is_date(text) || crate::value_class::is_moment(text)
    })
}

fn is_extreme(candidates: &[(usize, &Value)], chosen: usize, most: bool) -> bool {
    let Some((_, own)) = candidates.iter().find(|(index, _)| *index == chosen) else {
        return false;
    };
    candidates.iter().all(|(index, value)| {
        *index == chosen
            || match (own, value) {
                (Value::Number(own), Value::Number(other)) => {
                    match (own.as_f64(), other.as_f64()) {
                        (Some(own), Some(other)) => {
                            if most {
                                own > other
                            } else {
                                own < other
                            }
                        }
                        _ => false,
                    }
                }
                (Value::String(own), Value::String(other)) => {
                    if most {
                        own > other
                    } else {
                        own < other
                    }
                }
                _ => false,
            }
    })
}

/// How to pick one entry of a map whose keys are data. Its key may be equal to something known, too.
pub(super) fn pick_entry(
    map: &serde_json::Map<String, Value>,
    chosen: &str,
    wanted: &Value,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Pick {
    let entries: Vec<Value> = map
        .iter()
        .map(|(key, value)| serde_json::json!({ "key": key, "value": value }))
        .collect();
    let index = map.keys().position(|key| key == chosen).unwrap_or(0);
    let key = Value::from(chosen);
    if key != *wanted {
        let known = scope
            .known
            .get(&key.to_string())
            .and_then(|known| known.first());
        if let Some(known) = known {
            return Pick::Under(Operand::Expression(known.expression.clone()));
        }
        if let Some(mention) = scope.said.find(&key, &[]).filter(|mention| mention.person)
            && bits(&key, &[]) >= WEAK
        {
            let name = Key {
                words: words("name"),
                around: Vec::new(),
            };
            return Pick::Under(Operand::Said {
                key: name,
                value: key,
                mention,
            });
        }
    }
    pick(&entries, index, wanted, origin, scope)
}

/// What a pick goes by, for a person; empty for the only element.
pub(super) fn shown(pick: &Pick) -> String {
    let equals = |equals: &[Equal]| {
        let parts: Vec<String> = equals
            .iter()
            .map(|equal| {
                let name = equal
                    .field
                    .iter()
                    .filter(|key| *key != "value")
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(".");
                format!(
                    "`{}` is {}",
                    crate::show::text(&name, 40),
                    crate::show::value("", &equal.value, 40)
                )
            })
            .collect();
        parts.join(" and ")
    };
    match pick {
        Pick::Only => "the only element".to_owned(),
        Pick::Where(all) => format!("the element whose {}", equals(all)),
        Pick::Under(Operand::Said { value, .. }) => {
            format!("the entry under {}", crate::show::value("", value, 40))
        }
        Pick::Under(Operand::Expression(text)) => {
            format!("the entry under `{}`", crate::show::text(text, 60))
        }
        Pick::Extreme { among, field, most } => {
            let name = field.last().map_or("", String::as_str);
            let of = if among.is_empty() {
                String::new()
            } else {
                format!(" of those whose {}", equals(among))
            };
            format!(
                "the element with the {} `{}`{of}",
                if *most { "greatest" } else { "least" },
                crate::show::text(name, 40)
            )
        }
        Pick::Position(Position::First) => "the first element".to_owned(),
        Pick::Position(Position::Last) => "the last element".to_owned(),
        Pick::Position(Position::At(index)) => {
            format!("element {} of its list", literal(&Value::from(*index)))
        }
    }
}
