//! Which elements of a list a loop takes, where it does not take all: those whose fields are equal to what is known
//! or was said, or whose number lies on one side of one that the person named. Never by a value that only the
//! recording has.

use super::body::Body;
use super::evaluate::literal;
use super::key::{Key, words};
use super::qualifier::narrow::{Narrowing, narrowing, of_list, values};
use super::qualifier::reading::Reading;
use super::said::Said;
use super::selector::{Origin, Scope, TELLING, anchors, field, fields, heads, matches, subsets};
use super::turn::{Compared, Equal, Operand, Writer, path};
use serde_json::Value;

/// The most fields that are compared together.
const MOST_FIELDS: usize = 2;

/// Which elements are taken: those for which all of it holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Filter {
    /// Fields and what they are equal to.
    equals: Vec<Equal>,
    /// A number and the side of it.
    side: Option<Beside>,
    /// What else the person named.
    named: Narrowing,
    /// The names of what the elements hold, where the person spoke of them by these.
    parts: Vec<String>,
}

/// A field whose number stands on one side of what the person said.
#[derive(Debug, Clone, PartialEq)]
struct Beside {
    field: Vec<String>,
    side: Side,
    operand: Operand,
    limit: Value,
}

/// A side of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Side {
    /// The words by which people name a side.
    fn words_of() -> impl Iterator<Item = &'static str> {
        [
            "more",
            "less",
            "fewer",
            "greater",
            "higher",
            "lower",
            "least",
            "most",
            "minimum",
            "maximum",
            "over",
            "above",
            "under",
            "below",
            "exceeding",
            "than",
            "up",
        ]
        .into_iter()
    }

    fn test(self) -> &'static str {
        match self {
            Self::Above => "gt",
            Self::AtLeast => "ge",
            Self::Below => "lt",
            Self::AtMost => "le",
        }
    }

    /// The sign of a comparison.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }

    /// The side of all that is not on this one.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Above => Self::AtMost,
            Self::AtLeast => Self::Below,
            Self::Below => Self::AtLeast,
            Self::AtMost => Self::Above,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Above => "more than",
            Self::AtLeast => "at least",
            Self::Below => "less than",
            Self::AtMost => "at most",
        }
    }

    /// Whether a number stands on this side of another.
    pub(super) fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Above => number > limit,
            Self::AtLeast => number >= limit,
            Self::Below => number < limit,
            Self::AtMost => number <= limit,
        }
    }

    /// The side that words right before a number name.
    fn said(before: &[&str]) -> Option<Self> {
        let ends = |end: &[&str]| before.ends_with(end);
        let any = |all: &[&[&str]]| all.iter().any(|end| ends(end));
        if any(&[
            &["at", "least"],
            &["no", "less", "than"],
            &["minimum", "of"],
        ]) {
            Some(Self::AtLeast)
        } else if any(&[
            &["at", "most"],
            &["no", "more", "than"],
            &["up", "to"],
            &["maximum", "of"],
        ]) {
            Some(Self::AtMost)
        } else if any(&[
            &["more", "than"],
            &["over"],
            &["above"],
            &["greater", "than"],
            &["higher", "than"],
            &["exceeding"],
        ]) {
            Some(Self::Above)
        } else if any(&[
            &["less", "than"],
            &["under"],
            &["below"],
            &["lower", "than"],
            &["fewer", "than"],
        ]) {
            Some(Self::Below)
        } else {
            None
        }
    }
}

impl Filter {
    /// The fields and what they are equal to.
    pub(super) fn equals(&self) -> &[Equal] {
        &self.equals
    }

    /// The same but for some fields.
    pub(super) fn without(&self, fields: &[Equal]) -> Self {
        let mut filter = self.clone();
        filter.equals.retain(|equal| !fields.contains(equal));
        filter
    }

    /// The same, and the fields of another.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut filter = self.clone();
        filter.equals.extend(other.equals.iter().cloned());
        filter
    }

    /// Whether it takes everything.
    pub(super) fn is_empty(&self) -> bool {
        self.equals.is_empty() && self.side.is_none() && self.named.is_empty()
    }

    /// The list narrowed, as an expression.
    pub(super) fn write(&self, list: &str, writer: &mut Writer<'_>) -> String {
        let mut text = list.to_owned();
        for equal in &self.equals {
            let operand = equal.operand.write(writer);
            text = format!("{text} | where({}, {operand})", path(&equal.field));
        }
        if let Some(beside) = &self.side {
            let operand = beside.operand.write(writer);
            text = format!(
                "{text} | selectattr({}, '{}', {operand}) | list",
                super::evaluate::quoted(&beside.field.join(".")),
                beside.side.test()
            );
        }
        self.named.write(&text, writer)
    }

    /// The same that takes no more than a number of elements, where the person named one.
    pub(super) fn limited(&self, read: &Reading, said: &Said) -> Option<Self> {
        Some(Self {
            named: self.named.limited(read, said)?,
            ..self.clone()
        })
    }

    /// Of what is taken that which the number of elements leaves.
    pub(super) fn cut<T>(&self, taken: Vec<T>, renamed: &dyn Fn(&Value) -> Value) -> Vec<T> {
        self.named.cut(taken, renamed)
    }

    /// The words of the person that it carries, in small letters.
    pub(super) fn words(&self) -> Vec<String> {
        let mut all: Vec<String> = self.named.words().map(str::to_owned).collect();
        all.extend(self.parts.iter().cloned());
        for equal in &self.equals {
            all.extend(spoken(&equal.value));
            all.extend(equal.field.iter().flat_map(|key| words(key)));
        }
        if let Some(beside) = &self.side {
            all.extend(spoken(&beside.limit));
            all.extend(beside.field.iter().flat_map(|key| words(key)));
            all.extend(Side::words_of().map(str::to_owned));
            // What a number is said in goes with it: `over 20 euros`.
            all.extend(CURRENCIES.iter().map(|word| (*word).to_owned()));
        }
        all
    }

    /// The number of elements that it takes, and whether from the end.
    pub(super) fn number(&self) -> Option<(u64, bool)> {
        self.named.number()
    }

    /// The indices of the elements that it takes.
    pub(super) fn of(&self, elements: &[Value]) -> Vec<usize> {
        let equals: Vec<&Equal> = self.equals.iter().collect();
        let taken = elements
            .iter()
            .enumerate()
            .filter(|(_, element)| {
                matches(element, &equals)
                    && self
                        .side
                        .as_ref()
                        .is_none_or(|beside| beside.holds(element, &beside.limit))
                    && self.named.holds(element)
            })
            .map(|(index, _)| index)
            .collect();
        self.named.cut(taken, &Value::clone)
    }

    /// Whether it takes an element of a changed world. `before` says whether its fields were equal in the recording:
    /// both sides of an equality change alike, and a stranger has neither.
    pub(super) fn takes(
        &self,
        element: &Value,
        before: Option<&Value>,
        limit: &dyn Fn(&Value) -> Value,
    ) -> bool {
        let equals: Vec<&Equal> = self.equals.iter().collect();
        (equals.is_empty() || before.is_some_and(|before| matches(before, &equals)))
            && self
                .side
                .as_ref()
                .is_none_or(|beside| beside.holds(element, &limit(&beside.limit)))
            && self.named.takes(element, before, limit)
    }

    /// What is compared.
    pub(super) fn compared(&self) -> Compared {
        let mut compared = self.named.compared();
        // A value that a person wrote into the draft is the same in every world.
        for equal in self.equals.iter().filter(|equal| equal.bits > 0.0) {
            if let Some(last) = equal.field.last() {
                compared.fields.push((last.clone(), equal.value.clone()));
            }
        }
        compared
    }

    /// In words.
    pub(super) fn shown(&self) -> String {
        let mut parts = Vec::new();
        if !self.equals.is_empty() {
            parts.push(super::turn::shown_equals(&self.equals));
        }
        if let Some(beside) = &self.side {
            parts.push(format!(
                "`{}` is {} {}",
                crate::show::text(&beside.field.join("."), 40),
                beside.side.words(),
                crate::show::value("", &beside.limit, 40)
            ));
        }
        parts.extend(self.named.shown());
        parts.join(" and ")
    }
}

/// The words of a value.
pub(super) fn spoken(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => words(text),
        other => vec![other.to_string()],
    }
}

impl Beside {
    fn holds(&self, element: &Value, limit: &Value) -> bool {
        match (
            field(element, &self.field).and_then(Value::as_f64),
            limit.as_f64(),
        ) {
            (Some(number), Some(limit)) => self.side.holds(number, limit),
            _ => false,
        }
    }
}

/// What amounts are said in.
const CURRENCIES: [&str; 11] = [
    "euro", "eur", "dollar", "usd", "buck", "pound", "gbp", "franc", "franken", "chf", "yen",
];

/// The filters that take all chosen elements and may be meant, those first that rest on more of what was said: all
/// that the person said about such elements, and that with as few further fields as part the chosen from the rest.
/// `body` is what is done with them: what it sends was said for it.
pub(super) fn filters(
    elements: &[Value],
    chosen: &[usize],
    origin: &Origin<'_>,
    scope: &Scope<'_>,
    body: &Body,
) -> Vec<Filter> {
    let mut shared = shared(elements, chosen, origin, scope);
    shared.retain(|equal| !body.is_for_itself(equal, elements, scope.said));
    let said: Vec<Equal> = shared
        .iter()
        .filter(|equal| equal.is_said() && equal.meant && equal.bits >= TELLING)
        .filter(|equal| match &equal.operand {
            Operand::Said { mention, .. } => !scope.said.is_left_out(mention),
            _ => true,
        })
        .take(MOST_FIELDS)
        .cloned()
        .collect();
    let mut said = said;
    let read = of_list(origin, scope.said);
    let taken: Vec<&Value> = chosen.iter().filter_map(|at| elements.get(*at)).collect();
    for equal in values(&taken, &read, origin, scope.said) {
        if body.is_for_itself(&equal, elements, scope.said) {
            continue;
        }
        if said.iter().all(|known| known.field != equal.field) {
            said.push(equal);
        }
    }
    let mut parts = Vec::new();
    if let Some((equal, names)) = of_parts(&taken, origin, scope)
        && said.iter().all(|known| known.field != equal.field)
    {
        said.push(equal);
        parts = names;
    }
    let first = Filter {
        equals: said,
        parts,
        side: side(elements, chosen, origin, scope.said),
        named: narrowing(elements, chosen, &read, scope.said),
    };
    let mut all = vec![first.clone()];
    for size in 1..=MOST_FIELDS.min(shared.len()) {
        let mut best: Option<(f64, Filter)> = None;
        for picked in subsets(shared.len(), size) {
            let mut filter = first.clone();
            let mut sum = 0.0;
            for equal in picked.iter().filter_map(|at| shared.get(*at)) {
                sum += equal.bits;
                if !filter.equals.contains(equal) {
                    filter.equals.push(equal.clone());
                }
            }
            if filter.of(elements) == chosen && best.as_ref().is_none_or(|(most, _)| sum > *most) {
                best = Some((sum, filter));
            }
        }
        if let Some((_, filter)) = best {
            all.push(filter);
            break;
        }
    }
    all
}

/// What was said right before the name of a list that each element has: `business flights`, of bookings that hold
/// flights. It is followed where exactly one field of all that were taken has it.
fn of_parts(
    taken: &[&Value],
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Option<(Equal, Vec<String>)> {
    let first = *taken.first()?;
    let lists = first
        .as_object()?
        .iter()
        .filter(|(_, inner)| inner.is_array());
    let parts = heads(lists.flat_map(|(key, _)| words(key)));
    let parts: Vec<String> = parts.into_iter().collect();
    let mut found = fields(first).into_iter().filter_map(|(path, value)| {
        if !value.is_string() || origin.repeats(value) || path.len() > 1 {
            return None;
        }
        let equal = Equal {
            operand: Operand::Said {
                key: Key::new(path.iter().map(String::as_str), ""),
                value: value.clone(),
                mention: scope.said.find_before(value, &parts)?,
            },
            field: path,
            value: value.clone(),
            bits: TELLING,
            meant: true,
        };
        taken
            .iter()
            .all(|element| matches(element, &[&equal]))
            .then_some(equal)
    });
    let one = found.next()?;
    let is_alone = found.next().is_none();
    drop(found);
    is_alone.then_some((one, parts))
}

/// What all chosen elements have in one field and none of the others, whether anybody said it or not: only a person
/// can tell that it is meant. Each with what a person answers to take it.
pub(super) fn literals(elements: &[Value], chosen: &[usize]) -> Vec<(String, Filter)> {
    let Some(first) = chosen.first().and_then(|at| elements.get(*at)) else {
        return Vec::new();
    };
    fields(first)
        .into_iter()
        .filter_map(|(field, value)| {
            let (answer, filter) = written(&field, value);
            (filter.of(elements) == chosen).then_some((answer, filter))
        })
        .collect()
}

/// The filter by what a field was in the recording, with what a person answers to take it.
pub(super) fn written(field: &[String], value: &Value) -> (String, Filter) {
    let literal = literal(value);
    let answer = format!("where({}, {literal})", path(field));
    let filter = Filter {
        equals: vec![Equal {
            operand: Operand::Expression(literal),
            value: value.clone(),
            bits: 0.0,
            meant: true,
            field: field.to_vec(),
        }],
        ..Filter::default()
    };
    (answer, filter)
}

/// The fields that all chosen elements have alike, and that are equal to what is known or was said.
pub(super) fn shared(
    elements: &[Value],
    chosen: &[usize],
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Vec<Equal> {
    let Some(first) = chosen.first().and_then(|at| elements.get(*at)) else {
        return Vec::new();
    };
    anchors(first, &Value::Null, origin, scope)
        .into_iter()
        .filter(|anchor| !origin.repeats(&anchor.value))
        .filter(|anchor| {
            chosen.iter().all(|at| {
                elements
                    .get(*at)
                    .is_some_and(|element| matches(element, &[anchor]))
            })
        })
        .collect()
}

/// The numbers that people named a side of.
pub(super) fn limits(said: &Said) -> Vec<Value> {
    said.numbers_by_people()
        .filter(|(_, _, before)| Side::said(before).is_some())
        .map(|(_, limit, _)| limit)
        .collect()
}

/// Whether an element stands on the side of a number that the person named for one of its fields.
pub(super) fn has_side(element: &Value, said: &Said) -> bool {
    said.numbers_by_people().any(|(mention, limit, before)| {
        Side::said(&before).is_some_and(|side| {
            fields(element).into_iter().any(|(path, value)| {
                let names = path.last().map(|key| words(key)).unwrap_or_default();
                said.is_near(&mention, &names)
                    && matches!(
                        (value.as_f64(), limit.as_f64()),
                        (Some(number), Some(limit)) if side.holds(number, limit)
                    )
            })
        })
    })
}

/// The side of a number that the person named on which all chosen elements stand.
fn side(elements: &[Value], chosen: &[usize], origin: &Origin<'_>, said: &Said) -> Option<Beside> {
    let first = elements.first()?;
    let mut sides = said
        .numbers_by_people()
        .filter_map(|(mention, limit, before)| Some((mention, limit, Side::said(&before)?)))
        .peekable();
    sides.peek()?;
    let numeric: Vec<Vec<String>> = fields(first)
        .into_iter()
        .filter(|(_, value)| value.is_number())
        .map(|(path, _)| path)
        .filter(|path| {
            elements
                .iter()
                .all(|element| field(element, path).is_some_and(Value::is_number))
        })
        .collect();
    let mut found: Vec<Beside> = Vec::new();
    for (mention, limit, side) in sides {
        // Of several fields the one that the person named, or the only one of elements that are spoken of.
        let names = |path: &[String]| path.last().map(|key| words(key)).unwrap_or_default();
        let named: Vec<&Vec<String>> = numeric
            .iter()
            .filter(|path| said.is_near(&mention, &names(path)))
            .collect();
        let eligible = match (named.as_slice(), numeric.as_slice()) {
            ([one], _) => *one,
            ([], [one]) if said.is_near(&mention, &origin.about) => one,
            _ => continue,
        };
        let beside = Beside {
            field: eligible.clone(),
            side,
            operand: Operand::Said {
                key: Key {
                    words: names(eligible),
                    around: Vec::new(),
                },
                value: limit.clone(),
                mention,
            },
            limit,
        };
        if chosen
            .iter()
            .filter_map(|at| elements.get(*at))
            .all(|element| beside.holds(element, &beside.limit))
        {
            found.push(beside);
        }
    }
    match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}
