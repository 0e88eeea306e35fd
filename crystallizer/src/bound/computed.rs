//! Values of a change that are worked out of what was answered before: what a list adds up to, what two fields of one
//! record differ by, so many per cent that a person said, a day so many days later. One recording shows no formula, so
//! that they are offered. Further ones with other values show one where no other gives them all, and where so many
//! formulas would hardly give them by chance.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Source, Why};
use super::formula_input;
use super::how_many::lists;
use super::information::names_things;
use super::inputs::Found;
use super::key::{Key, words};
use super::parts;

use super::said::Mention;
use super::total::{Total, texts};
use super::transform::Transform;
use super::witness::Shown;
use crate::value_class;
use serde_json::{Value, json};

/// The most formulas that are offered for a value.
const MOST_OFFERED: usize = 3;
/// The most numbers of records, and lists, that are looked at.
const MOST_OPERANDS: usize = 60;
const MOST_LISTS: usize = 20;
/// The longest list that is looked at, and the most fields of its elements.
const LONGEST_LIST: usize = 2_000;
const MOST_FIELDS: usize = 30;
/// What people put between the things of a list.
const BETWEEN: [&str; 4] = [", ", ",", "; ", "\n"];
/// How near a formula comes to a number that was rounded to two decimals, at least.
const NEAR: f64 = 0.005 + 1e-9;
/// How much more recordings have to tell than it takes to find one of the formulas by chance, in bits.
const SURE: f64 = 10.0;
/// What a decimal digit tells, in bits.
const DIGIT: f64 = 3.32;

/// How two numbers of one record make another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Two {
    Minus,
    Plus,
    Times,
}

impl Two {
    pub(super) const ALL: [Self; 3] = [Self::Minus, Self::Plus, Self::Times];

    pub(super) fn of(self, one: f64, two: f64) -> f64 {
        match self {
            Self::Minus => one - two,
            Self::Plus => one + two,
            Self::Times => one * two,
        }
    }

    fn sign(self) -> char {
        match self {
            Self::Minus => '-',
            Self::Plus => '+',
            Self::Times => '*',
        }
    }

    /// The expression for two operands; rounded as the number is that was sent.
    pub(super) fn write(self, one: &str, two: &str, rounding: Rounding) -> String {
        rounding.write(&format!("{one} {} {two}", self.sign()))
    }

    /// Whether it may be meant at all: what is put to none, taken from none, or taken once is that number itself.
    pub(super) fn is_any(self, one: f64, two: f64) -> bool {
        match self {
            Self::Minus | Self::Plus => one != 0.0 && two != 0.0,
            Self::Times => one != 0.0 && two != 0.0 && one != 1.0 && two != 1.0,
        }
    }
}

/// How a number is written that was worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Whole numbers make a whole number.
    None,
    ToWhole,
    Decimals(u8),
}

impl Rounding {
    /// How a number is rounded that is made of others, all of which are whole or not.
    pub(super) fn of(sent: &Value, are_whole: bool) -> Self {
        match (sent.is_f64(), are_whole) {
            (true, _) => Self::Decimals(2),
            (false, true) => Self::None,
            (false, false) => Self::ToWhole,
        }
    }

    /// The same of one operand.
    fn write_one(self, operand: &str) -> String {
        match self {
            Self::None => operand.to_owned(),
            Self::ToWhole => format!("{operand} | round | int"),
            Self::Decimals(digits) => format!("{operand} | round({digits})"),
        }
    }

    fn write(self, core: &str) -> String {
        match self {
            Self::None => core.to_owned(),
            Self::ToWhole => format!("({core}) | round | int"),
            Self::Decimals(digits) => format!("({core}) | round({digits})"),
        }
    }
}

/// A number or a text of a record.
struct Operand {
    call: usize,
    /// Which record it is of.
    record: usize,
    /// The keys to it; none where it stands in an element of a list.
    path: Option<Vec<String>>,
    key: String,
    value: Value,
}

impl Operand {
    fn number(&self) -> Option<f64> {
        self.value.as_f64().filter(|_| self.value.is_number())
    }

    fn is_whole(&self) -> bool {
        !self.value.is_f64()
    }
}

/// A formula that gives the value, with how much speaks for it.
struct Computed {
    binding: Binding,
    weight: u8,
    /// Whether a run knows all that it takes; else it needs what a person says.
    is_answered: bool,
}

impl Binder<'_, '_> {
    /// A question about a value of a change, with what the value may be worked out of.
    pub(super) fn with_computed(&mut self, sent: &Sent<'_>, why: Why) -> Why {
        let is_open = matches!(why, Why::Made(_) | Why::Varied(_) | Why::Unsure(_));
        // What a call gave as it is, and what takes the place of an old value, is worked out of nothing else.
        let is_known = why.choices().is_some_and(|choices| {
            choices.iter().any(|choice| {
                let binding = choice.binding.as_ref();
                choice.is_given
                    || binding.is_some_and(|one| matches!(one.source, Source::Parts(..)))
            })
        });
        let own_tool = self.kept.get(sent.call).is_none_or(|kept| {
            kept.target.own_tool || matches!(&*kept.target.action, "shell" | "file" | "sql")
        });
        let shown = self.shown(sent);
        if !is_open
            || is_known
            || own_tool
            || self.at_hand.is_none()
            || !self.changes(sent.call)
            || matches!(shown, Shown::Same(_))
        {
            return why;
        }
        let (mut all, tried) = match sent.value {
            Value::Number(_) => self.numbers_computed(sent),
            Value::String(text) if is_day(text) => (self.days_computed(sent), 1),
            Value::String(_) => (self.texts_joined(sent), MOST_LISTS * MOST_FIELDS),
            _ => return why,
        };
        all.retain(|found| {
            let expression = &found.binding.expression;
            self.recorded.evaluate(expression).as_ref() == Some(sent.value)
                && !self.is_refuted(sent, expression)
        });
        let differs = matches!(shown, Shown::Other);
        if differs && all.iter().any(|found| found.is_answered) {
            all.retain(|found| self.is_confirmed(sent, &found.binding.expression));
        }
        let is_shown = differs && all.len() == 1 && self.tell(sent) >= f64_of(tried).log2() + SURE;
        all.sort_by_key(|found| std::cmp::Reverse(found.weight));
        let more: Vec<Choice> = all
            .into_iter()
            .take(MOST_OFFERED)
            .map(|found| Choice {
                answer: found.binding.expression.clone(),
                binding: Some(Box::new(found.binding)),
                is_only_offered: !(is_shown && found.is_answered),
                is_given: false,
            })
            .collect();
        let with = |mut choices: Vec<Choice>| {
            for one in more {
                if choices.iter().all(|known| known.answer != one.answer) {
                    choices.push(one);
                }
            }
            choices
        };
        match why {
            Why::Made(choices) => Why::Made(with(choices)),
            Why::Varied(choices) => Why::Varied(with(choices)),
            Why::Unsure(choices) => Why::Unsure(with(choices)),
            other => other,
        }
    }

    /// How much the different values of all recordings tell together, in bits.
    fn tell(&self, sent: &Sent<'_>) -> f64 {
        let mut seen: Vec<&Value> = vec![sent.value];
        for witness in &self.witnesses {
            if let Some(value) = witness.value(sent.call, &sent.pointer)
                && !seen.contains(&value)
            {
                seen.push(value);
            }
        }
        match seen.len() {
            0 | 1 => 0.0,
            _ => seen.into_iter().map(told).sum(),
        }
    }

    /// What the records before a change have that may be worked with: those that it is about, and those that keys lead to.
    fn operands(&self, sent: &Sent<'_>, fits: &dyn Fn(&str, &Value) -> bool) -> Vec<Operand> {
        let mut found = Vec::new();
        let records = self
            .records_before(sent)
            .filter(|record| record.is_about || record.path.is_some());
        for (number, record) in records.enumerate() {
            for (key, value) in record.map {
                if found.len() >= MOST_OPERANDS {
                    return found;
                }
                if fits(key, value) {
                    found.push(Operand {
                        call: record.call,
                        record: number,
                        path: record.path.as_ref().map(|path| {
                            let mut path = path.clone();
                            path.push(key.clone());
                            path
                        }),
                        key: key.clone(),
                        value: value.clone(),
                    });
                }
            }
        }
        found
    }

    /// What gives an operand in a run.
    fn of_operand(&mut self, sent: &Sent<'_>, operand: &Operand) -> Option<Binding> {
        if let Some(path) = &operand.path {
            return self.field_of(operand.call, path, Total::Field, &operand.value);
        }
        let plain = Transform::default();
        let all = self.places_of(sent, operand.call, &operand.value, &plain);
        all.into_iter().map(|(_, binding)| binding).find(|binding| {
            let Source::Output(place) = &binding.source else {
                return false;
            };
            self.answers.last_key(place) == operand.key
                && self.recorded.evaluate(&binding.expression).as_ref() == Some(&operand.value)
        })
    }

    fn weight_of(&self, sent: &Sent<'_>, key: &str) -> u8 {
        let own = words(key);
        let agrees = own.iter().any(|word| sent.key.words.contains(word));
        u8::from(self.said.names_any(&own)) + u8::from(agrees)
    }

    /// The formulas that give a number, and how many were tried.
    fn numbers_computed(&mut self, sent: &Sent<'_>) -> (Vec<Computed>, usize) {
        let Some(own) = sent.value.as_f64() else {
            return (Vec::new(), 1);
        };
        let is_own = |number: f64| (number - own).abs() <= NEAR;
        let operands = self.operands(sent, &|key, value| {
            value.is_number() && !names_things(&words(key))
        });
        let mut tried = operands.len();
        let mut found: Vec<Computed> = Vec::new();
        for (at, one) in operands.iter().enumerate() {
            let Some(first) = one.number() else { continue };
            let weight = self.weight_of(sent, &one.key);
            let mut write_one: Vec<(String, u8)> = Vec::new();
            let rounding = Rounding::of(sent.value, one.is_whole());
            if first != 0.0 && is_own(-first) {
                write_one.push(("-{}".to_owned(), 2));
            }
            let same_key = words(&one.key) == sent.key.words;
            if same_key && one.is_whole() && (own - first).abs() == 1.0 {
                let sign = if own > first { '+' } else { '-' };
                write_one.push((format!("{{}} {sign} 1"), 1));
            }
            for factor in in_other_unit(&sent.key.words) {
                if first != 0.0 && is_own(first * factor) {
                    write_one.push((rounding.write(&format!("{{}} * {factor}")), 1));
                }
            }
            for (core, more) in write_one {
                if let Some(operand) = self.of_operand(sent, one) {
                    let because = "the number of the record makes it";
                    found.push(Computed {
                        binding: parts::made(vec![operand], sent.value, because, |part| {
                            core.replace("{}", &part[0])
                        }),
                        weight: weight + more,
                        is_answered: true,
                    });
                }
            }
            for two in operands.iter().enumerate().filter_map(|(other, two)| {
                (other != at && two.record == one.record).then_some((other, two))
            }) {
                let (other, two) = two;
                let Some(second) = two.number() else { continue };
                for how in Two::ALL {
                    if how != Two::Minus && other < at {
                        continue;
                    }
                    tried += 1;
                    // So many of a thing: one of it costs what it costs, and two twice as much.
                    let counted = how == Two::Times
                        && (second == 1.0 && counts(&two.key) || first == 1.0 && counts(&one.key));
                    if !(how.is_any(first, second) || counted) || !is_own(how.of(first, second)) {
                        continue;
                    }
                    let both = (self.of_operand(sent, one), self.of_operand(sent, two));
                    let (Some(first), Some(second)) = both else {
                        continue;
                    };
                    let rounding = Rounding::of(sent.value, one.is_whole() && two.is_whole());
                    let because = "the two numbers of the record make it";
                    found.push(Computed {
                        binding: parts::made(vec![first, second], sent.value, because, |part| {
                            how.write(&part[0], &part[1], rounding)
                        }),
                        weight: weight + self.weight_of(sent, &two.key),
                        is_answered: true,
                    });
                }
            }
        }
        tried += self.of_lists(sent, &mut found);
        self.of_said(sent, &operands, &mut found);
        (found, tried)
    }

    /// What the lists of the answers before add up to, and what they have on the average. Gives how many were tried.
    fn of_lists(&mut self, sent: &Sent<'_>, found: &mut Vec<Computed>) -> usize {
        let Some(own) = sent.value.as_f64() else {
            return 0;
        };
        let calls: Vec<usize> = self.looks_before(sent.call).collect();
        // Each as its call, its keys, the field, what it adds up to, and how long the list is.
        let mut sums: Vec<(usize, Vec<String>, String, f64, usize)> = Vec::new();
        for call in calls {
            let Some(root) = self.answers.root(call) else {
                continue;
            };
            lists(root, &mut Vec::new(), &mut |path, items| {
                let fields = items.first().and_then(Value::as_object);
                if sums.len() >= MOST_OPERANDS || !(2..=LONGEST_LIST).contains(&items.len()) {
                    return;
                }
                for (key, value) in fields.into_iter().flatten().take(MOST_FIELDS) {
                    if !value.is_number() || names_things(&words(key)) {
                        continue;
                    }
                    let all: Option<Vec<f64>> = items
                        .iter()
                        .map(|item| item.get(key).and_then(Value::as_f64))
                        .collect();
                    if let Some(all) = all {
                        let sum: f64 = all.iter().sum();
                        sums.push((call, path.to_vec(), key.clone(), sum, items.len()));
                    }
                }
            });
        }
        let tried = 3 * sums.len();
        for (call, path, key, sum, count) in sums {
            let weight = 1 + self.weight_of(sent, &key);
            let total = |binder: &mut Self| {
                let value = json!(sum);
                binder.field_of(call, &path, Total::Sum(key.clone()), &value)
            };
            if (sum - own).abs() <= NEAR {
                for rounding in [None, Some(Rounding::of(sent.value, false))] {
                    let Some(all) = total(self) else { continue };
                    let because = "the elements of the list added up to it in the recording";
                    let binding = parts::made(vec![all], sent.value, because, |part| {
                        rounding.map_or_else(|| part[0].clone(), |one| one.write_one(&part[0]))
                    });
                    if self.recorded.evaluate(&binding.expression).as_ref() == Some(sent.value)
                        && !self.is_refuted(sent, &binding.expression)
                    {
                        found.push(Computed {
                            binding,
                            weight: weight + 1,
                            is_answered: true,
                        });
                        break;
                    }
                }
            }
            let average = sum / f64_of(count);
            for digits in [1_u8, 2] {
                let near = 0.5 / 10_f64.powi(i32::from(digits)) + 1e-9;
                if (average - own).abs() > near {
                    continue;
                }
                let length = self.field_of(call, &path, Total::Count, &json!(count));
                let (Some(all), Some(length)) = (total(self), length) else {
                    continue;
                };
                let because =
                    "the elements of the list had so much on the average in the recording";
                let binding = parts::made(vec![all, length], sent.value, because, |part| {
                    Rounding::Decimals(digits).write(&format!("{} / {}", part[0], part[1]))
                });
                found.push(Computed {
                    binding,
                    weight,
                    is_answered: true,
                });
            }
        }
        tried
    }

    /// What a number of a record and one that a person said make: so many per cent of it, so many more or less.
    fn of_said(&mut self, sent: &Sent<'_>, operands: &[Operand], found: &mut Vec<Computed>) {
        let Some(own) = sent.value.as_f64() else {
            return;
        };
        let said: Vec<(Mention, Value)> = self
            .said
            .numbers_by_people()
            .map(|(mention, value, _)| (mention, value))
            .filter(|(mention, _)| mention.person)
            .take(MOST_OPERANDS)
            .collect();
        for (mention, number) in said {
            let Some(count) = number.as_f64().filter(|count| *count != 0.0) else {
                continue;
            };
            let number = whole(count);
            let percent = formula_input::is_percent(&self.said, &number);
            for operand in operands {
                let Some(from) = operand.number().filter(|from| *from != 0.0) else {
                    continue;
                };
                let agrees = words(&operand.key)
                    .iter()
                    .any(|word| sent.key.words.contains(word));
                let cores: Vec<(f64, &str)> = match percent {
                    true => vec![
                        (from * count / 100.0, "{a} * {n} / 100"),
                        (from * (1.0 + count / 100.0), "{a} * (1 + {n} / 100)"),
                        (from * (1.0 - count / 100.0), "{a} * (1 - {n} / 100)"),
                    ],
                    false if agrees => {
                        vec![(from + count, "{a} + {n}"), (from - count, "{a} - {n}")]
                    }
                    false => Vec::new(),
                };
                for (made, core) in cores {
                    if (made - own).abs() > NEAR {
                        continue;
                    }
                    let Some(one) = self.of_operand(sent, operand) else {
                        continue;
                    };
                    let key = match percent {
                        true => Key::new(std::iter::once(formula_input::PERCENT), ""),
                        false => sent.key.clone(),
                    };
                    let put = self.input(&sent.part(key, &number), Found::Said(mention), None);
                    let are_whole = operand.is_whole() && !percent && count.fract() == 0.0;
                    let rounding = Rounding::of(sent.value, are_whole);
                    let because = match percent {
                        true => "the person said so many per cent, and the record has the number",
                        false => {
                            "the person said so many more or less, and the record has the number"
                        }
                    };
                    found.push(Computed {
                        binding: parts::made(vec![one, put], sent.value, because, |part| {
                            let core = core.replace("{a}", &part[0]).replace("{n}", &part[1]);
                            rounding.write(&core)
                        }),
                        weight: 3 + self.weight_of(sent, &operand.key),
                        is_answered: false,
                    });
                }
            }
        }
    }

    /// The days and moments of records from which this one is as far as a person said.
    fn days_computed(&mut self, sent: &Sent<'_>) -> Vec<Computed> {
        let operands = self.operands(sent, &|_, value| {
            value.as_str().is_some_and(is_day) && value != sent.value
        });
        if operands.is_empty() {
            return Vec::new();
        }
        let distances = formula_input::distances(&self.said, MOST_OPERANDS);
        let mut found = Vec::new();
        for (number, mention, key, how) in distances {
            for operand in &operands {
                for sign in ["", "-"] {
                    let count = number.to_string();
                    let plain = how.replace("{s}", sign).replace("{n}", &count);
                    let made = super::evaluate::with(&operand.value, &format!("v | {plain}"));
                    if made.as_ref() != Some(sent.value) {
                        continue;
                    }
                    let Some(one) = self.of_operand(sent, operand) else {
                        continue;
                    };
                    let key = Key {
                        words: vec![key.to_owned()],
                        around: Vec::new(),
                    };
                    let schema = json!({ "type": "integer", "minimum": 1 });
                    let part = sent.part(key, &number);
                    let put = self.input(&part, Found::Said(mention), Some(&schema));
                    let because = "the person said how far it is from what the record has";
                    found.push(Computed {
                        binding: parts::made(vec![one, put], sent.value, because, |part| {
                            let how = how.replace("{s}", sign).replace("{n}", &part[1]);
                            format!("{} | {how}", part[0])
                        }),
                        weight: self.weight_of(sent, &operand.key),
                        is_answered: false,
                    });
                }
            }
        }
        found
    }

    /// The lists of answers that stand in a text one behind the other, and are all of it.
    fn texts_joined(&mut self, sent: &Sent<'_>) -> Vec<Computed> {
        let Some(text) = sent.value.as_str() else {
            return Vec::new();
        };
        if !BETWEEN.iter().any(|between| text.contains(between)) {
            return Vec::new();
        }
        let calls: Vec<usize> = self.looks_before(sent.call).collect();
        let mut joined: Vec<(usize, Vec<String>, Total)> = Vec::new();
        for call in calls {
            let Some(root) = self.answers.root(call) else {
                continue;
            };
            let mut looked = 0;
            lists(root, &mut Vec::new(), &mut |path, items| {
                looked += 1;
                if looked > MOST_LISTS || !(2..=LONGEST_LIST).contains(&items.len()) {
                    return;
                }
                for (field, all) in texts(items) {
                    let between = BETWEEN
                        .into_iter()
                        .find(|between| all.join(between) == text);
                    if let Some(between) = between {
                        joined.push((call, path.to_vec(), Total::Joined(field, between)));
                    }
                }
            });
        }
        let mut found = Vec::new();
        for (call, path, total) in joined {
            let weight = path.last().map_or(0, |key| self.weight_of(sent, key));
            if let Some(all) = self.field_of(call, &path, total, sent.value) {
                found.push(Computed {
                    binding: Binding {
                        because: "they are all that the list had in the recording".to_owned(),
                        ..all
                    },
                    weight,
                    is_answered: true,
                });
            }
        }
        found
    }
}

/// What a value tells where a formula gives it, in bits: its digits without the zeros at its end, or its letters.
pub(super) fn told(value: &Value) -> f64 {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            let text = text.strip_suffix(".0").unwrap_or(&text);
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let digits = digits.trim_matches('0');
            f64_of(digits.len()) * DIGIT
        }
        Value::String(text) => f64_of(text.chars().filter(|c| c.is_alphanumeric()).count()),
        _ => 0.0,
    }
}

/// Whether so many different values tell more than that some of the formulas that were tried gives them by chance.
pub(super) fn are_telling(values: &[&Value], tried: usize) -> bool {
    let mut seen: Vec<&Value> = Vec::new();
    for value in values {
        if !seen.contains(value) {
            seen.push(value);
        }
    }
    let all: f64 = seen.iter().map(|value| told(value)).sum();
    seen.len() >= 2 && all >= f64_of(tried.max(1)).log2() + SURE
}

/// What a number is times in the unit of a key: grams of kilogrammes, cents of euros.
fn in_other_unit(key: &[String]) -> Vec<f64> {
    let has = |all: &[&str]| key.iter().any(|word| all.contains(&word.as_str()));
    let mut factors = Vec::new();
    if has(&[
        "gram",
        "g",
        "ml",
        "milliliter",
        "mm",
        "meter",
        "m",
        "millisecond",
        "ms",
    ]) {
        factors.push(1_000.0);
    }
    if has(&["cent", "minor", "percent", "cm", "centimeter"]) {
        factors.push(100.0);
    }
    if has(&["second", "minute", "sec", "min"]) {
        factors.push(60.0);
    }
    factors
}

/// Whether a key says how many there are of something.
fn counts(key: &str) -> bool {
    words(key).iter().any(|word| {
        matches!(
            word.as_str(),
            "quantity" | "qty" | "count" | "unit" | "piece" | "night" | "hour" | "day" | "seat"
        )
    })
}

fn is_day(text: &str) -> bool {
    value_class::is_date(text) || value_class::is_moment(text)
}

/// A number as people write it.
pub(super) fn whole(number: f64) -> Value {
    match number.fract() == 0.0 && number.abs() < 1e15 {
        true => json!(number as i64),
        false => json!(number),
    }
}

fn f64_of(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Rounding, Two, are_telling, told};
    use serde_json::{Value, json};

    #[test]
    fn a_formula_is_written_as_the_number_is() {
        for (sent, whole, expected) in [
            (json!(121), true, "a - b"),
            (json!(121), false, "(a - b) | round | int"),
            (json!(80.5), false, "(a - b) | round(2)"),
        ] {
            let rounding = Rounding::of(&sent, whole);
            assert_eq!(Two::Minus.write("a", "b", rounding), expected);
        }
    }

    #[test]
    fn what_small_numbers_tell() {
        assert!(told(&json!(805.05)) > told(&json!(800)));
        let telling = |values: &[Value], tried| {
            let values: Vec<&Value> = values.iter().collect();
            are_telling(&values, tried)
        };
        // Two differences of three digits show one of few formulas, and not one of thousands.
        assert!(telling(&[json!(121), json!(184)], 30));
        assert!(!telling(&[json!(121), json!(184)], 5_000));
        assert!(!telling(&[json!(121), json!(121)], 30));
        assert!(!telling(&[json!(2), json!(3), json!(4)], 1));
    }
}
