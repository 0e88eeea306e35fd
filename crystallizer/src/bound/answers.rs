//! What the calls answered: every scalar with the way to it, found by its value. Texts that hold JSON or YAML
//! are read as what they hold; of other texts the values behind labels and the telling words are known.

mod quotable;
mod walk;

use super::key::Key;
use super::places::Places;
use super::transform::Part;
use crate::kept::Kept;
use crate::mark::mark;
use crate::shared::Shared;
use quotable::Quotable;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use walk::Walk;

/// The most scalars of one answer that are looked at.
const MOST_LEAVES: usize = 50_000;
/// The most scalars of all answers that are looked at.
const MOST_IN_ALL: usize = 400_000;
/// The most numbers of an answer of which something may be a share.
const MOST_NUMBERS: usize = 200;
/// The longest text whose words are looked at.
const LONGEST_TEXT: usize = 200_000;
/// The longest line that a value is looked for among.
pub(super) const LONGEST_LINE: usize = 120;
/// How deep texts are read as data inside of data.
const DEPTH: usize = 3;

/// How a text is read as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Json,
    Yaml,
}

/// One step on the way from an answer to a value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hop {
    /// A key that belongs to the shape.
    Key(String),
    /// An element of a list.
    Index(usize),
    /// A key that is data itself: the map is a collection.
    Entry(String),
    /// The text is data in this notation.
    Parsed(Notation),
}

/// A node of the tree of an answer: its parent, and the hop from there.
struct Node {
    parent: u32,
    hop: Option<Hop>,
}

/// What of a node is the value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Of {
    /// The scalar itself.
    Value,
    /// The key of the entry that the node is.
    Key,
    /// A part of the scalar, as a part of an address is.
    Part(Part),
    /// What stands behind this label in the text.
    Label(String),
    /// A word somewhere in the text.
    Word,
}

/// A place where a value stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Index of the kept call.
    pub(super) call: usize,
    node: u32,
    pub(super) of: Of,
}

/// A list or map as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WholePlace {
    pub(super) call: usize,
    node: u32,
}

/// One step on the way to a value: the hop, and the value that it starts from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) hop: &'a Hop,
    pub(super) from: &'a Value,
}

/// A field of every element of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnPlace {
    pub(super) list: WholePlace,
    pub(super) field: Vec<String>,
}

/// A place in a few bytes.
#[derive(Clone, Copy)]
struct Small {
    call: u32,
    node: u32,
    of: u32,
}

/// What of a node is the value, each kind once.
struct Kinds {
    all: Vec<Of>,
    /// Labels and parts by how they are written.
    further: HashMap<String, u32>,
}

impl Default for Kinds {
    fn default() -> Self {
        Self {
            all: vec![Of::Value, Of::Key, Of::Word],
            further: HashMap::new(),
        }
    }
}

impl Kinds {
    fn number(&mut self, of: Of) -> u32 {
        match of {
            Of::Value => 0,
            Of::Key => 1,
            Of::Word => 2,
            Of::Part(_) | Of::Label(_) => {
                let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
                let number = *self.further.entry(format!("{of:?}")).or_insert(next);
                if number == next {
                    self.all.push(of);
                }
                number
            }
        }
    }
}

struct Answer<'k> {
    /// The data, texts inside read as data; the text itself where it is none.
    root: Shared<'k>,
    tree: Tree,
    tool: &'k str,
}

/// Where everything in an answer stands.
struct Tree {
    /// Texts inside that are read as data, by the node of the text.
    inner: BTreeMap<u32, Value>,
    nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            inner: BTreeMap::new(),
            nodes: vec![Node {
                parent: 0,
                hop: None,
            }],
        }
    }
}

/// The answers so far.
#[derive(Default)]
pub(super) struct Answers<'k> {
    answers: HashMap<usize, Answer<'k>>,
    places: Places<Small>,
    /// The same with those that somebody had said before.
    behind_words: Places<Small>,
    /// Those of values that were said or sent before.
    echoes: Places<Small>,
    kinds: Kinds,
    wholes: Places<WholePlace>,
    columns: Places<ColumnPlace>,
    /// The calls that answered with a text, by its lines.
    lines: Places<u32>,
    leaves: usize,
    /// Texts of several words that hold data: what messages quote.
    quotable: Quotable,
    /// Calls of whose answers not all was looked at.
    pub(super) cut: Vec<usize>,
}

impl<'k> Answers<'k> {
    /// Takes in what a call answered. `known` says whether a value was sent or said before: then this answer is not
    /// where it comes from. `given` says of a map whether one of its keys was asked for.
    pub(super) fn learn(
        &mut self,
        call: usize,
        kept: &Kept<'k>,
        known: &dyn Fn(&str, &Value) -> bool,
        given: &dyn Fn(&Map<String, Value>) -> bool,
    ) {
        if !crate::prune::succeeded(kept.call) {
            return;
        }
        let root = super::view::shared(kept);
        self.learn_value(call, &kept.call.name, root, known, given);
    }

    /// Takes in the places of what a call answered that somebody had said before, too: for when that was by chance.
    pub(super) fn learn_behind_words(
        &mut self,
        call: usize,
        kept: &Kept<'_>,
        sent: &dyn Fn(&str, &Value) -> bool,
        given: &dyn Fn(&Map<String, Value>) -> bool,
    ) {
        if !self.answers.contains_key(&call) {
            return;
        }
        let root = super::view::seen(kept);
        // The nodes are numbered as they were.
        let mut tree = Tree::default();
        let mut walk = Walk::new(call, &mut tree, sent, given, MOST_LEAVES);
        walk.value(&root, 0, 0);
        for (form, place) in walk.found {
            let small = Small {
                call: u32::try_from(call).unwrap_or(u32::MAX),
                node: place.node,
                of: self.kinds.number(place.of),
            };
            self.behind_words.add(form, small);
        }
    }

    /// Takes in a value as the answer of a call.
    pub(super) fn learn_value(
        &mut self,
        call: usize,
        tool: &'k str,
        root: Shared<'k>,
        known: &dyn Fn(&str, &Value) -> bool,
        given: &dyn Fn(&Map<String, Value>) -> bool,
    ) {
        let mut tree = Tree::default();
        let left = MOST_LEAVES.min(MOST_IN_ALL.saturating_sub(self.leaves));
        let mut walk = Walk::new(call, &mut tree, known, given, left);
        walk.value(&root, 0, 0);
        let Walk {
            found,
            wholes,
            columns,
            quotable,
            cut,
            echoes,
            ..
        } = walk;
        self.leaves += found.len();
        self.quotable.extend(quotable);
        if cut {
            self.cut.push(call);
        }
        for (form, place) in found {
            let small = Small {
                call: u32::try_from(call).unwrap_or(u32::MAX),
                node: place.node,
                of: self.kinds.number(place.of),
            };
            self.places.add(form, small);
        }
        for (form, place) in echoes {
            let small = Small {
                call: u32::try_from(call).unwrap_or(u32::MAX),
                node: place.node,
                of: self.kinds.number(place.of),
            };
            self.echoes.add(form, small);
        }
        for (form, place) in wholes {
            self.wholes.add(form, place);
        }
        for (form, place) in columns {
            self.columns.add(form, place);
        }
        if let Value::String(text) = &*root {
            self.learn_lines(call, text);
        }
        tree.nodes.shrink_to_fit();
        self.answers.insert(call, Answer { root, tree, tool });
    }

    /// Gives back what only decisions look up: lists and maps as wholes, lines and quotes. The values stay.
    pub(super) fn settle(&mut self) {
        self.wholes = Places::default();
        self.columns = Places::default();
        self.lines = Places::default();
        self.behind_words = Places::default();
        self.quotable = Quotable::default();
    }

    /// The places of a value in one of these forms, earliest first.
    pub(super) fn find(&self, forms: &[String]) -> Vec<Place> {
        self.found(&self.places, forms)
    }

    /// The numbers of an answer, each once, in their order.
    pub(super) fn numbers(&self, call: usize) -> Vec<Value> {
        let mut found = Vec::new();
        if let Some(answer) = self.answers.get(&call) {
            let texts = answer.tree.inner.values();
            for root in std::iter::once(&*answer.root).chain(texts) {
                crate::leaf::leaves(root, &mut |_, _, leaf| {
                    if leaf.is_number() && found.len() < MOST_NUMBERS && !found.contains(leaf) {
                        found.push(leaf.clone());
                    }
                });
            }
        }
        found
    }

    /// The same with those that somebody had said before.
    pub(super) fn find_behind_words(&self, forms: &[String]) -> Vec<Place> {
        self.found(&self.behind_words, forms)
    }

    /// The places of a value that was said or sent before an answer held it.
    pub(super) fn find_echoes(&self, forms: &[String]) -> Vec<Place> {
        self.found(&self.echoes, forms)
    }

    fn found(&self, places: &Places<Small>, forms: &[String]) -> Vec<Place> {
        let all = forms.iter().flat_map(|form| places.of(form));
        let mut found: Vec<Place> = all
            .filter_map(|place| {
                Some(Place {
                    call: place.call as usize,
                    node: place.node,
                    of: self.kinds.all.get(place.of as usize)?.clone(),
                })
            })
            .collect();
        found.sort_by_key(|place| (place.call, place.node));
        // A common value has many places: only neighbours are compared.
        let mut places: Vec<Place> = Vec::with_capacity(found.len());
        for place in found {
            let same = |known: &&Place| (known.call, known.node) == (place.call, place.node);
            if !places
                .iter()
                .rev()
                .take_while(same)
                .any(|known| *known == place)
            {
                places.push(place);
            }
        }
        places
    }

    /// The lists and collections that a place stands in an element of, each with the way from the element to it: the
    /// nearest first.
    pub(super) fn lists_over(&self, place: &Place) -> Vec<(WholePlace, Vec<String>)> {
        let Some(answer) = self.answers.get(&place.call) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut path: Vec<String> = Vec::new();
        let mut is_key = place.of == Of::Key;
        let mut at = place.node;
        while let Some(Node {
            parent,
            hop: Some(hop),
        }) = answer.tree.nodes.get(at as usize)
        {
            let list = WholePlace {
                call: place.call,
                node: *parent,
            };
            match hop {
                Hop::Key(key) => path.insert(0, key.clone()),
                Hop::Index(_) => {
                    found.push((list, path.clone()));
                    // An element of an element has no one place in a run.
                    break;
                }
                Hop::Entry(_) => {
                    path.insert(0, if is_key { "key" } else { "value" }.to_owned());
                    found.push((list, path.clone()));
                    break;
                }
                Hop::Parsed(_) => break,
            }
            is_key = false;
            at = *parent;
        }
        found
    }

    /// Whether a list or map is the whole answer.
    pub(super) fn is_root(place: WholePlace) -> bool {
        place.node == 0
    }

    /// The places of an equal list or map.
    pub(super) fn find_whole(&self, value: &Value) -> Vec<WholePlace> {
        self.wholes.of(&whole_form(value)).copied().collect()
    }

    /// The lists of which every element has one of these values in one field, in their order.
    pub(super) fn find_column(&self, values: &[Value]) -> Vec<ColumnPlace> {
        self.columns.of(&column_form(values)).cloned().collect()
    }

    /// The nodes from the first below the root of the answer to this one.
    fn way(&self, call: usize, node: u32) -> Vec<u32> {
        let mut nodes = Vec::new();
        let Some(answer) = self.answers.get(&call) else {
            return nodes;
        };
        let mut at = node;
        while let Some(Node {
            parent,
            hop: Some(_),
        }) = answer.tree.nodes.get(at as usize)
        {
            nodes.push(at);
            at = *parent;
        }
        nodes.reverse();
        nodes
    }

    /// The steps from the root of the answer to a node.
    fn steps(&self, call: usize, node: u32) -> Vec<Step<'_>> {
        let Some(answer) = self.answers.get(&call) else {
            return Vec::new();
        };
        self.way(call, node)
            .into_iter()
            .filter_map(|at| {
                let node = answer.tree.nodes.get(at as usize)?;
                Some(Step {
                    hop: node.hop.as_ref()?,
                    from: self.at(call, node.parent)?,
                })
            })
            .collect()
    }

    /// The steps to a place.
    pub(super) fn steps_to(&self, place: &Place) -> Vec<Step<'_>> {
        self.steps(place.call, place.node)
    }

    /// The steps to a list or map.
    pub(super) fn steps_to_whole(&self, place: WholePlace) -> Vec<Step<'_>> {
        self.steps(place.call, place.node)
    }

    /// The value of a node, seen as data where its text is data.
    fn at(&self, call: usize, node: u32) -> Option<&Value> {
        let answer = self.answers.get(&call)?;
        if let Some(inner) = answer.tree.inner.get(&node) {
            return Some(inner);
        }
        match answer.tree.nodes.get(node as usize) {
            Some(Node { hop: None, .. }) => Some(&answer.root),
            Some(Node {
                parent,
                hop: Some(hop),
            }) => {
                let parent = self.at(call, *parent)?;
                match hop {
                    Hop::Key(key) | Hop::Entry(key) => parent.get(key),
                    Hop::Index(index) => parent.get(*index),
                    Hop::Parsed(_) => Some(parent),
                }
            }
            None => None,
        }
    }

    /// The scalar at a place, whole: the text, where the value is a part of it.
    pub(super) fn scalar(&self, place: &Place) -> Option<&Value> {
        self.at(place.call, place.node)
    }

    /// Whether an earlier answer holds this text of several words.
    pub(super) fn is_quotable(&self, text: &str) -> bool {
        self.quotable.holds(text)
    }

    /// Where a text quotes the whole of a text of several words in an earlier answer.
    pub(super) fn quoted_in<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        self.quotable.within(text)
    }

    /// The places of texts that are the whole answer and have a line like this one, earliest first.
    pub(super) fn with_line(&self, line: &str) -> Vec<Place> {
        let mut calls: Vec<usize> = self
            .lines
            .of(line)
            .map(|call| *call as usize)
            .filter(|call| {
                let answer = self.answers.get(call);
                answer.is_some_and(|answer| answer.root.is_string())
            })
            .collect();
        calls.sort_unstable();
        calls.dedup();
        calls
            .into_iter()
            .map(|call| Place {
                call,
                node: 0,
                of: Of::Word,
            })
            .collect()
    }

    /// Takes in the lines of a text that is the whole answer: those that a value is looked for among.
    fn learn_lines(&mut self, call: usize, text: &str) {
        if text.len() > LONGEST_TEXT {
            return;
        }
        let Ok(call) = u32::try_from(call) else {
            return;
        };
        for line in text.lines().map(str::trim) {
            if line.len() <= LONGEST_LINE && line.contains(' ') {
                let form = mark(line);
                if self.lines.last_of(form) != Some(&call) {
                    self.lines.add(form, call);
                }
            }
        }
    }

    /// The data that a call answered; of a loop what it gave.
    pub(super) fn root(&self, call: usize) -> Option<&Value> {
        self.answers.get(&call).map(|answer| &*answer.root)
    }

    /// The list or map at a place.
    pub(super) fn whole(&self, place: WholePlace) -> Option<&Value> {
        self.at(place.call, place.node)
    }

    /// The key that a place stands under.
    pub(super) fn key(&self, place: &Place) -> Key {
        let steps = self.steps_to(place);
        let tool = self
            .answers
            .get(&place.call)
            .map_or("", |answer| answer.tool);
        let mut path: Vec<&str> = steps
            .iter()
            .filter_map(|step| match step.hop {
                Hop::Key(key) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        match &place.of {
            Of::Key => path.push("id"),
            Of::Label(label) => path.push(label),
            Of::Value | Of::Part(_) | Of::Word => {}
        }
        Key::new(path.into_iter(), tool)
    }

    /// The nearest key of the shape above a place; empty where there is none.
    pub(super) fn last_key(&self, place: &Place) -> String {
        last_key(&self.steps_to(place))
    }

    /// The same for a list or map.
    pub(super) fn last_key_of(&self, place: WholePlace) -> String {
        last_key(&self.steps_to_whole(place))
    }

    /// The key of the entry that a place is the key of.
    pub(super) fn entry_key(&self, place: &Place) -> Option<String> {
        match self.steps_to(place).last()?.hop {
            Hop::Entry(key) => Some(key.clone()),
            _ => None,
        }
    }

    /// The key that a list or map, or a field of its elements, stands under.
    pub(super) fn key_of_whole(&self, place: WholePlace, field: &[String]) -> Key {
        let steps = self.steps_to_whole(place);
        let tool = self
            .answers
            .get(&place.call)
            .map_or("", |answer| answer.tool);
        let path = steps
            .iter()
            .filter_map(|step| match step.hop {
                Hop::Key(key) => Some(key.as_str()),
                _ => None,
            })
            .chain(field.iter().map(String::as_str))
            .collect::<Vec<_>>();
        Key::new(path.into_iter(), tool)
    }

    /// The node of the record that a place stands in: the nearest element of a collection, else the whole answer.
    fn record(&self, place: &Place) -> u32 {
        let Some(answer) = self.answers.get(&place.call) else {
            return 0;
        };
        let mut at = place.node;
        while let Some(Node {
            parent,
            hop: Some(hop),
        }) = answer.tree.nodes.get(at as usize)
        {
            if matches!(hop, Hop::Index(_) | Hop::Entry(_))
                && self.at(place.call, at).is_some_and(Value::is_object)
            {
                break;
            }
            at = *parent;
        }
        at
    }

    /// The key of the nearest entry of a collection that a place stands in.
    pub(super) fn entry_over(&self, place: &Place) -> Option<&str> {
        self.steps_to(place)
            .into_iter()
            .rev()
            .find_map(|step| match step.hop {
                Hop::Entry(key) => Some(key.as_str()),
                _ => None,
            })
    }

    /// Whether two places stand in one record.
    pub(super) fn same_record(&self, one: &Place, two: &Place) -> bool {
        one.call == two.call && self.record(one) == self.record(two)
    }

    /// Whether two places are one by the shape of the answer: an entry's key, and its repetition inside.
    pub(super) fn are_twins(&self, one: &Place, two: &Place) -> bool {
        one.call == two.call && one.node == two.node
            || self.same_record(one, two) && (one.of == Of::Key || two.of == Of::Key)
    }

    /// The scalars beside a place: those of the record that it stands in.
    pub(super) fn beside(&self, place: &Place) -> Vec<&Value> {
        let at = self.record(place);
        let mut found = Vec::new();
        if let Some(record) = self.at(place.call, at) {
            scalars(record, 3, &mut found);
        }
        found
    }
}

fn last_key(steps: &[Step<'_>]) -> String {
    steps
        .iter()
        .rev()
        .find_map(|step| match step.hop {
            Hop::Key(key) => Some(key.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// The scalars of a record that stand in maps, not in lists.
fn scalars<'v>(value: &'v Value, depth: usize, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) if depth > 0 => {
            for inner in map.values() {
                scalars(inner, depth - 1, found);
            }
        }
        Value::Object(_) | Value::Array(_) => {}
        scalar => found.push(scalar),
    }
}

/// The form of what is true or false under a key.
pub(super) fn flag_form(key: &str, flag: bool) -> String {
    format!("b:{}:{flag}", super::key::words(key).join("_"))
}

fn whole_form(value: &Value) -> String {
    druse_engine::json::canonical(value)
}

fn column_form(values: &[Value]) -> String {
    let mut form = String::new();
    for value in values {
        form.push_str(&value.to_string());
        form.push('\n');
    }
    form
}

/// Whether the keys of a map are data: then it is a collection, whose entries come and go.
pub(crate) fn is_collection(map: &Map<String, Value>) -> bool {
    let is_name = |key: &str| {
        key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '@'))
            && crate::value_class::of(key).is_none()
            && key.bytes().filter(u8::is_ascii_digit).nth(2).is_none()
    };
    if map.is_empty() {
        return false;
    }
    let odd = map.keys().filter(|key| !is_name(key)).count();
    let kinds: std::collections::BTreeSet<u8> = map.values().map(kind).collect();
    // All ids; or some that are no names, over values of one kind; or very many of one kind.
    odd == map.len()
        || odd > 0 && odd * 2 >= map.len() && kinds.len() == 1
        || kinds.len() == 1 && map.len() > 24
        || super::keyed::has_data_keys(map)
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// The label and the value of a line such as `IBAN: …`.
pub(super) fn label(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, '-' | '*' | '•' | '#' | '|' | '>')
    });
    let ends = [
        line.find([':', '=']).map(|at| (at, 1)),
        line.find('\t').map(|at| (at, 1)),
        line.find("  ").map(|at| (at, 2)),
    ];
    let (end, skip) = ends
        .into_iter()
        .flatten()
        .min()
        .filter(|(end, _)| *end <= 40)?;
    let label = line[..end].trim_end().trim_end_matches("**").trim_end();
    let value = line
        .get(end + skip..)?
        .trim()
        .trim_start_matches("**")
        .trim();
    let is_label = !label.is_empty()
        && label.split_whitespace().count() <= 5
        && label.chars().any(char::is_alphabetic)
        // What holds digits is data, and changes with it.
        && !label.bytes().any(|b| b.is_ascii_digit());
    (is_label && !value.is_empty() && !value.starts_with("//")).then_some((label, value))
}
