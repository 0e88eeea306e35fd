//! What a person named of the elements of a list, though the recording need not show that it leaves anything out: a
//! field that is true or false in all that were taken, a value that none of them has, an age, a number of elements.
//! It is followed where exactly one field can be meant and the elements that were taken agree.

use super::flag::{Flag, flags};
use super::lexicon as l;
use super::read::{Kind, Qualifier};
use super::reading::{About, Reading};
use crate::bound::evaluate::{literal, quoted};
use crate::bound::key::{Key, words};
use crate::bound::said::Said;
use crate::bound::selector::{Origin, field, fields};
use crate::bound::turn::{Compared, Equal, Operand, Writer, closed, path};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The most days that an age may have.
const MOST_DAYS: u64 = 3_660;

/// What the person named besides what a filter compares.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::bound) struct Narrowing {
    flags: Vec<Flag>,
    /// What the elements must not have.
    without: Vec<Equal>,
    age: Option<Age>,
    limit: Option<Limit>,
    /// The words that are carried by it.
    words: Vec<String>,
}

/// A field with a day or a moment that lies before or after the day of the run less so many days.
#[derive(Debug, Clone, PartialEq)]
struct Age {
    field: Vec<String>,
    older: bool,
    /// Whether the day itself is taken, too: `at least 30 days old`.
    inclusive: bool,
    days: u64,
    /// The day in the recording.
    limit: String,
}

/// How many elements are taken, from which end.
#[derive(Debug, Clone, PartialEq)]
struct Limit {
    count: u64,
    last: bool,
    operand: Operand,
}

impl Narrowing {
    pub(in crate::bound) fn is_empty(&self) -> bool {
        self.flags.is_empty()
            && self.without.is_empty()
            && self.age.is_none()
            && self.limit.is_none()
    }

    /// Whether an element of the recording is taken, the number of elements aside.
    pub(in crate::bound) fn holds(&self, element: &Value) -> bool {
        self.flags.iter().all(|flag| flag.holds(element))
            && self
                .without
                .iter()
                .all(|equal| field(element, &equal.field) != Some(&equal.value))
            && self
                .age
                .as_ref()
                .is_none_or(|age| age.holds(element, &age.limit))
    }

    /// The same in a changed world. `before` is the element as it was recorded; a stranger has nothing that was said.
    pub(in crate::bound) fn takes(
        &self,
        element: &Value,
        before: Option<&Value>,
        renamed: &dyn Fn(&Value) -> Value,
    ) -> bool {
        self.flags.iter().all(|flag| flag.holds(element))
            && self.without.iter().all(|equal| {
                before.is_none_or(|before| field(before, &equal.field) != Some(&equal.value))
            })
            && self.age.as_ref().is_none_or(|age| {
                renamed(&Value::from(age.limit.as_str()))
                    .as_str()
                    .is_some_and(|limit| age.holds(element, limit))
            })
    }

    /// Of what is taken that which the number of elements leaves.
    pub(in crate::bound) fn cut<T>(
        &self,
        mut taken: Vec<T>,
        renamed: &dyn Fn(&Value) -> Value,
    ) -> Vec<T> {
        let Some(limit) = &self.limit else {
            return taken;
        };
        let count = match &limit.operand {
            Operand::Said { value, .. } => renamed(value).as_u64(),
            _ => Some(limit.count),
        };
        let count = count
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(usize::MAX);
        if limit.last {
            taken.drain(..taken.len().saturating_sub(count));
        } else {
            taken.truncate(count);
        }
        taken
    }

    /// The list narrowed, as an expression.
    pub(in crate::bound) fn write(&self, list: &str, writer: &mut Writer<'_>) -> String {
        let mut text = list.to_owned();
        for flag in &self.flags {
            text = format!("{text} | where({}, {})", path(&flag.field), flag.value);
        }
        for equal in &self.without {
            let operand = equal.operand.write(writer);
            text = format!(
                "{text} | rejectattr({}, 'eq', {operand}) | list",
                quoted(&equal.field.join("."))
            );
        }
        if let Some(age) = &self.age {
            text = format!(
                "{text} | selectattr({}, '{}', run.started_at | format_date('%Y-%m-%d') | add_days(-{})) | list",
                quoted(&age.field.join(".")),
                match (age.older, age.inclusive) {
                    (true, true) => "le",
                    (true, false) => "lt",
                    (false, _) => "ge",
                },
                age.days
            );
        }
        if let Some(limit) = &self.limit {
            let operand = limit.operand.write(writer);
            let text_of = closed(&text);
            text = match limit.last {
                false => format!("{text_of}[:{operand}]"),
                true => format!("{text_of}[-{operand}:]"),
            };
        }
        text
    }

    /// What is compared.
    pub(in crate::bound) fn compared(&self) -> Compared {
        let mut compared = Compared::default();
        for equal in self.without.iter().filter(|equal| equal.bits > 0.0) {
            if let Some(last) = equal.field.last() {
                compared.fields.push((last.clone(), equal.value.clone()));
            }
        }
        compared
    }

    /// In words, one part each.
    pub(in crate::bound) fn shown(&self) -> Vec<String> {
        let name = |field: &[String]| crate::show::text(&field.join("."), 40);
        let mut parts: Vec<String> = self
            .flags
            .iter()
            .map(|flag| format!("`{}` is {}", name(&flag.field), flag.value))
            .collect();
        parts.extend(self.without.iter().map(|equal| {
            format!(
                "`{}` is not {}",
                name(&equal.field),
                crate::show::value("", &equal.value, 40)
            )
        }));
        parts.extend(self.age.as_ref().map(|age| {
            format!(
                "`{}` lies {} {} before the day of the run",
                name(&age.field),
                match (age.older, age.inclusive) {
                    (true, true) => "at least",
                    (true, false) => "more than",
                    (false, _) => "at most",
                },
                crate::show::count(usize::try_from(age.days).unwrap_or(0), "day", "days")
            )
        }));
        parts.extend(self.limit.as_ref().map(|limit| {
            format!(
                "place is among the {} {}",
                if limit.last { "last" } else { "first" },
                limit.count
            )
        }));
        parts
    }

    /// The words of the person that it carries.
    pub(in crate::bound) fn words(&self) -> impl Iterator<Item = &str> {
        self.words
            .iter()
            .chain(self.flags.iter().flat_map(|flag| &flag.words))
            .map(String::as_str)
    }

    /// The number of elements that it takes, and whether from the end.
    pub(in crate::bound) fn number(&self) -> Option<(u64, bool)> {
        self.limit.as_ref().map(|limit| (limit.count, limit.last))
    }

    /// The same that takes no more than a number of elements, where the person named one.
    pub(in crate::bound) fn limited(&self, read: &Reading, said: &Said) -> Option<Self> {
        let counts = || {
            let all = read.all().iter().map(|heard| &heard.one);
            all.filter(|one| one.kind == Kind::Count)
        };
        if counts().any(|one| !one.sure) {
            return None;
        }
        let mut numbers: Vec<(u64, bool)> = counts().filter_map(|one| one.number).collect();
        numbers.dedup();
        let [(count, last)] = numbers.as_slice() else {
            return None;
        };
        let value = Value::from(*count);
        let operand = match said
            .find(&value, &[])
            .filter(|mention| mention.person && *count > 1)
        {
            Some(mention) => Operand::Said {
                key: Key {
                    words: vec!["count".to_owned()],
                    around: Vec::new(),
                },
                value,
                mention,
            },
            None => Operand::Expression(count.to_string()),
        };
        Some(Self {
            limit: Some(Limit {
                count: *count,
                last: *last,
                operand,
            }),
            ..self.clone()
        })
    }
}

impl Age {
    fn holds(&self, element: &Value, limit: &str) -> bool {
        field(element, &self.field)
            .and_then(Value::as_str)
            .is_some_and(|day| (day < limit || self.inclusive && day == limit) == self.older)
    }
}

/// What the person named of the elements that were taken, but for their number.
pub(in crate::bound) fn narrowing(
    elements: &[Value],
    chosen: &[usize],
    read: &Reading,
    said: &Said,
) -> Narrowing {
    let taken: Vec<&Value> = chosen.iter().filter_map(|at| elements.get(*at)).collect();
    let mut found = Narrowing {
        flags: flags(&taken, read),
        ..Narrowing::default()
    };
    let is_exclusion = |one: &&Qualifier| one.negated && one.sure;
    let texts = match read.all().iter().any(|heard| is_exclusion(&&heard.one)) {
        true => Texts::of(elements),
        false => Texts::default(),
    };
    let named = read.naming(texts.by_words.keys().map(Vec::as_slice));
    for one in named.into_iter().filter(is_exclusion) {
        let carried = found.flags.iter().flat_map(|flag| &flag.words);
        if carried.clone().any(|word| one.content.contains(word)) {
            continue;
        }
        if let Some((equal, word)) = without(&texts, &taken, one, said)
            && one.is_all_in(std::slice::from_ref(&word))
        {
            found.without.push(equal);
            found.words.push(word);
        }
    }
    let mut ages: Vec<(Age, &Qualifier)> = read
        .all()
        .iter()
        .map(|heard| &heard.one)
        .filter_map(|one| Some((age(&taken, one, said)?, one)))
        .collect();
    if let (Some((age, one)), true) = (ages.pop(), ages.is_empty()) {
        found.age = Some(age);
        found.words.extend(one.content.iter().cloned());
    }
    found
}

/// The fields that have a value that was said of the elements in so many words, in all that were taken, however far from
/// the noun: `the tickets of ana_li that are waiting`.
pub(in crate::bound) fn values(
    taken: &[&Value],
    read: &Reading,
    origin: &Origin<'_>,
    said: &Said,
) -> Vec<Equal> {
    let Some(first) = taken.first() else {
        return Vec::new();
    };
    let mut found: Vec<Equal> = Vec::new();
    let named: Vec<(Vec<String>, &Value, Vec<String>)> = fields(first)
        .into_iter()
        .filter_map(|(path, value)| Some((path, value, words(value.as_str()?))))
        .collect();
    let all = read.naming(named.iter().map(|(.., own)| own.as_slice()));
    for one in all.into_iter().filter(|one| !one.negated && one.sure) {
        let spoken: Vec<String> = one.content.iter().flat_map(|word| words(word)).collect();
        let mut meant: Vec<Equal> = named
            .iter()
            .filter_map(|(path, value, own)| {
                let (path, value) = (path.clone(), *value);
                let is_said = !own.is_empty() && spoken.windows(own.len()).any(|part| part == own);
                let is_shared = || {
                    let mut all = taken.iter();
                    all.all(|element| field(element, &path) == Some(value))
                };
                if !is_said || !is_shared() || origin.repeats(value) {
                    return None;
                }
                let key = Key::new(path.iter().map(String::as_str), "");
                let mention = said.find(value, &key.words).filter(|one| one.person)?;
                Some(Equal {
                    field: path,
                    operand: Operand::Said {
                        key,
                        value: value.clone(),
                        mention,
                    },
                    value: value.clone(),
                    bits: 4.0,
                    meant: true,
                })
            })
            .collect();
        if let (Some(equal), true) = (meant.pop(), meant.is_empty())
            && found.iter().all(|known| known.field != equal.field)
        {
            found.push(equal);
        }
    }
    found
}

/// The texts in the fields of elements, each once, by their words.
#[derive(Default)]
struct Texts<'v> {
    all: Vec<(Vec<String>, &'v Value)>,
    by_words: BTreeMap<Vec<String>, Vec<usize>>,
}

impl<'v> Texts<'v> {
    fn of(elements: &'v [Value]) -> Self {
        let mut all = Self::default();
        let mut seen: BTreeSet<(Vec<String>, &str)> = BTreeSet::new();
        for (path, value) in elements.iter().flat_map(fields) {
            if let Some(text) = value.as_str()
                && seen.insert((path.clone(), text))
            {
                let own = all.by_words.entry(words(text)).or_default();
                own.push(all.all.len());
                all.all.push((path, value));
            }
        }
        all
    }
}

/// What other elements have, none of those that were taken, and the person left out.
fn without(
    texts: &Texts<'_>,
    taken: &[&Value],
    qualifier: &Qualifier,
    said: &Said,
) -> Option<(Equal, String)> {
    let mut found: Vec<(Equal, String)> = Vec::new();
    let mut named: BTreeMap<usize, &String> = BTreeMap::new();
    for word in &qualifier.content {
        let own = words(word);
        let places = texts.by_words.get(&own).filter(|_| !own.is_empty());
        for at in places.into_iter().flatten() {
            named.entry(*at).or_insert(word);
        }
    }
    for (at, word) in named {
        if let Some((path, value)) = texts.all.get(at).cloned() {
            let is_other = taken
                .iter()
                .all(|one| field(one, &path).is_some_and(|own| own != value));
            if !is_other || found.iter().any(|(known, _)| known.field == path) {
                continue;
            }
            let key = Key::new(path.iter().map(String::as_str), "");
            let operand = match said
                .find(value, &key.words)
                .filter(|mention| mention.person)
            {
                Some(mention) => Operand::Said {
                    key,
                    value: value.clone(),
                    mention,
                },
                None => Operand::Expression(literal(value)),
            };
            let bits = match operand {
                Operand::Said { .. } => 4.0,
                _ => 0.0,
            };
            found.push((
                Equal {
                    field: path,
                    operand,
                    value: value.clone(),
                    bits,
                    meant: true,
                },
                word.clone(),
            ));
        }
    }
    match found.len() {
        1 => found.pop(),
        _ => None,
    }
}

/// The age that is spoken of, where one field alone can have it.
fn age(taken: &[&Value], qualifier: &Qualifier, said: &Said) -> Option<Age> {
    let is_unit = |word: &String| {
        matches!(
            word.as_str(),
            "day" | "days" | "tage" | "tagen" | "week" | "weeks" | "wochen"
        )
    };
    if qualifier.negated
        || !qualifier.sure
        || qualifier.kind != Kind::Clause
        || !qualifier.content.iter().any(is_unit)
    {
        return None;
    }
    let content: Vec<&str> = qualifier.content.iter().map(String::as_str).collect();
    let has = |all: &[&str]| content.iter().any(|word| all.contains(word));
    let (number, unit) = content
        .windows(2)
        .find_map(|pair| Some((l::number(pair[0])?, pair[1])))?;
    let days = match unit {
        "day" | "days" | "tage" | "tagen" => number,
        "week" | "weeks" | "wochen" => number.checked_mul(7)?,
        _ => return None,
    };
    let far = has(&["more", "over", "least", "mehr"]);
    let near = has(&["less", "fewer", "weniger"]);
    let older = if has(&["older", "älter"]) || has(&["old", "ago", "alt"]) && far {
        true
    } else if has(&[
        "newer", "younger", "last", "past", "neuer", "jünger", "letzten",
    ]) || has(&["old", "ago", "alt"]) && near
    {
        false
    } else {
        return None;
    };
    let inclusive = older && has(&["least"]);
    // Anything else in the words would be lost.
    let rest = content.iter().all(|word| {
        l::number(word).is_some()
            || *word == unit
            || l::is_comparative(word)
            || matches!(
                *word,
                "old"
                    | "ago"
                    | "least"
                    | "over"
                    | "last"
                    | "past"
                    | "alt"
                    | "letzten"
                    | "opened"
                    | "created"
                    | "placed"
                    | "sent"
                    | "received"
                    | "made"
                    | "filed"
                    | "posted"
                    | "added"
            )
    });
    if days == 0 || days > MOST_DAYS || !rest {
        return None;
    }
    let back = i64::try_from(days).ok()?;
    let limit = said
        .day_of_speaking()?
        .checked_sub(back.days())
        .ok()?
        .to_string();
    let first = taken.first()?;
    let mut meant = fields(first)
        .into_iter()
        .filter(|(_, value)| is_day(value))
        .map(|(field, _)| Age {
            field,
            older,
            inclusive,
            days,
            limit: limit.clone(),
        });
    let (Some(one), None) = (meant.next(), meant.next()) else {
        return None;
    };
    if !begins_it(&one.field) {
        return None;
    }
    let all = taken.iter().all(|element| {
        field(element, &one.field).is_some_and(|value| {
            // A moment of the day itself lies behind its beginning.
            is_day(value) && (!inclusive || value.as_str().is_some_and(|day| day.len() == 10))
        }) && one.holds(element, &one.limit)
    });
    all.then_some(one)
}

/// Whether a field says when something began to be, which its age is counted from.
fn begins_it(path: &[String]) -> bool {
    path.last().is_some_and(|key| {
        words(key).iter().any(|word| {
            matches!(
                word.as_str(),
                "created"
                    | "creation"
                    | "create"
                    | "opened"
                    | "placed"
                    | "sent"
                    | "received"
                    | "made"
                    | "filed"
                    | "posted"
                    | "added"
                    | "submitted"
                    | "ordered"
                    | "registered"
                    | "reported"
                    | "issued"
                    | "uploaded"
                    | "published"
                    | "born"
                    | "birth"
            )
        })
    })
}

/// Whether a value begins with a day as `2027-01-05` does.
fn is_day(value: &Value) -> bool {
    value
        .as_str()
        .and_then(|text| text.get(..10))
        .is_some_and(|day| day.parse::<Date>().is_ok())
}

/// The qualifiers that are said about the elements of a list.
pub(in crate::bound) fn of_list(origin: &Origin<'_>, said: &Said) -> Rc<Reading> {
    let heads = origin.heads();
    let nouns = super::read::Nouns {
        heads: &heads,
        deeds: &BTreeSet::new(),
    };
    said.about(About::Nouns, &nouns)
}
