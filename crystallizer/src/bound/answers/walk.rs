//! Goes through an answer and notes where each value in it stands.

use super::quotable::is_quotable;
use super::{
    ColumnPlace, DEPTH, Hop, LONGEST_TEXT, Node, Notation, Of, Place, Tree, WholePlace,
    column_form, flag_form, is_collection, label, whole_form,
};
use crate::bound::canonical;
use crate::bound::transform::Part;
use crate::leaf::{canonical_text, tokens};
use crate::mark::{Mark, mark};
use druse_engine::expression::json_in;
use serde_json::{Map, Value};

/// The most values of an answer that were said or sent before and are noted.
const MOST_ECHOES: usize = 2_000;

/// The walk through one answer, with what it found.
pub(super) struct Walk<'w> {
    pub(super) call: usize,
    pub(super) tree: &'w mut Tree,
    pub(super) known: &'w dyn Fn(&str, &Value) -> bool,
    /// Whether the keys of a map are data because somebody asked for one of them.
    pub(super) given: &'w dyn Fn(&Map<String, Value>) -> bool,
    pub(super) found: Vec<(Mark, Place)>,
    pub(super) wholes: Vec<(Mark, WholePlace)>,
    pub(super) columns: Vec<(Mark, ColumnPlace)>,
    pub(super) quotable: Vec<String>,
    /// Values that were said or sent before.
    pub(super) echoes: Vec<(Mark, Place)>,
    pub(super) left: usize,
    pub(super) cut: bool,
}

impl<'w> Walk<'w> {
    /// `left` is how many values are noted at most.
    pub(super) fn new(
        call: usize,
        tree: &'w mut Tree,
        known: &'w dyn Fn(&str, &Value) -> bool,
        given: &'w dyn Fn(&Map<String, Value>) -> bool,
        left: usize,
    ) -> Self {
        Self {
            call,
            tree,
            known,
            given,
            found: Vec::new(),
            wholes: Vec::new(),
            columns: Vec::new(),
            quotable: Vec::new(),
            echoes: Vec::new(),
            left,
            cut: false,
        }
    }

    fn node(&mut self, parent: u32, hop: Hop) -> u32 {
        let index = u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX);
        self.tree.nodes.push(Node {
            parent,
            hop: Some(hop),
        });
        index
    }

    fn add(&mut self, form: String, node: u32, of: Of) {
        if self.left == 0 {
            self.cut = true;
            return;
        }
        self.left -= 1;
        self.found.push((
            mark(&form),
            Place {
                call: self.call,
                node,
                of,
            },
        ));
    }

    /// Goes through a value and all in it.
    pub(super) fn value(&mut self, value: &Value, node: u32, depth: usize) {
        if self.left == 0 {
            self.cut = true;
            return;
        }
        match value {
            Value::Object(map) => {
                self.whole(value, node);
                let collection = is_collection(map) || (self.given)(map);
                for (key, inner) in map {
                    let hop = if collection {
                        Hop::Entry(key.clone())
                    } else {
                        Hop::Key(key.clone())
                    };
                    let at = self.node(node, hop);
                    if let Some(flag) = inner.as_bool() {
                        self.add(flag_form(key, flag), at, Of::Value);
                    }
                    if collection {
                        let key_value = Value::from(key.as_str());
                        for form in canonical::of_text(key) {
                            if !(self.known)(&form, &key_value) {
                                self.add(form, at, Of::Key);
                            }
                        }
                    }
                    self.value(inner, at, depth);
                }
            }
            Value::Array(items) => {
                self.whole(value, node);
                self.columns(items, node);
                for (index, inner) in items.iter().enumerate() {
                    let at = self.node(node, Hop::Index(index));
                    self.value(inner, at, depth);
                }
            }
            Value::String(text) => self.text(text, value, node, depth),
            scalar => self.scalar(scalar, node),
        }
    }

    fn scalar(&mut self, value: &Value, node: u32) {
        let mut known = false;
        for (index, form) in canonical::forms(value).into_iter().enumerate() {
            // A moment whose day was said before is still a new moment.
            if index == 0 {
                known = (self.known)(&form, value);
            }
            if known && index == 0 && self.echoes.len() < MOST_ECHOES {
                let place = Place {
                    call: self.call,
                    node,
                    of: Of::Value,
                };
                self.echoes.push((mark(&form), place));
            }
            if !known && (index == 0 || !(self.known)(&form, value)) {
                self.add(form, node, Of::Value);
            }
        }
    }

    fn text(&mut self, text: &str, value: &Value, node: u32, depth: usize) {
        let data = if depth < DEPTH && text.len() > 2 {
            json_in(text)
        } else {
            None
        };
        if let Some(data) = data {
            let inner = self.node(node, Hop::Parsed(Notation::Json));
            self.value(&data, inner, depth + 1);
            self.tree.inner.insert(inner, data);
            return;
        }
        self.scalar(value, node);
        if is_quotable(text) {
            self.quotable.push(text.to_owned());
        }
        for (part, found) in Part::all_of(text).into_iter().chain(Part::of_name(text)) {
            for form in canonical::of_text(&found) {
                if !(self.known)(&form, &Value::from(found.as_str())) {
                    self.add(form, node, Of::Part(part.clone()));
                }
            }
        }
        if text.contains(char::is_whitespace) && text.len() <= LONGEST_TEXT {
            self.words(text, node);
        }
    }

    fn words(&mut self, text: &str, node: u32) {
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            // A line without a label behind it goes on with what this one began: a list, a paragraph.
            let goes_on = lines.peek().is_some_and(|next| {
                !next.trim().is_empty() && label(next).is_none() && is_wording(next)
            });
            let Some((label, value)) = label(line).filter(|_| !goes_on) else {
                continue;
            };
            for form in canonical::of_text(value) {
                if !(self.known)(&form, &Value::from(value)) {
                    self.add(form, node, Of::Label(label.to_owned()));
                }
            }
        }
        for token in tokens(text) {
            let telling = token.len() >= 3
                && (token.bytes().any(|b| b.is_ascii_digit()) || token.contains(['@', '/', '_']));
            if telling {
                for form in canonical::of_text(&canonical_text(token)) {
                    if !(self.known)(&form, &Value::from(token)) {
                        self.add(form, node, Of::Word);
                    }
                }
            }
        }
    }

    fn whole(&mut self, value: &Value, node: u32) {
        let size = match value {
            Value::Object(map) => map.len(),
            Value::Array(items) => items.len(),
            _ => 0,
        };
        if (1..=64).contains(&size) {
            let form = whole_form(value);
            if form.len() <= 8_192 && !(self.known)(&form, value) {
                self.wholes.push((
                    mark(&form),
                    WholePlace {
                        call: self.call,
                        node,
                    },
                ));
            }
        }
    }

    /// The fields that all elements of a list have, as columns.
    fn columns(&mut self, items: &[Value], node: u32) {
        let Some(Value::Object(first)) = items.first() else {
            return;
        };
        if items.len() < 2 || items.len() > 256 {
            return;
        }
        let list = WholePlace {
            call: self.call,
            node,
        };
        for (key, value) in first {
            if value.is_object() || value.is_array() || value.is_null() || value.is_boolean() {
                continue;
            }
            let column: Option<Vec<Value>> =
                items.iter().map(|item| item.get(key).cloned()).collect();
            if let Some(column) = column {
                let field = vec![key.clone()];
                self.columns
                    .push((mark(&column_form(&column)), ColumnPlace { list, field }));
            }
        }
    }
}

/// Whether a line holds words, not only a rule drawn with signs.
fn is_wording(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}
