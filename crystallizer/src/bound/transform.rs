//! The closed list of ways in which a value may be written otherwise than where it came from. Each has a name,
//! is written as filters of the expression language, and is tried only in this order: what is simpler wins.

use super::canonical::DAYS;
use super::evaluate::{quoted, with};
use super::turn::closed;
use crate::value_class::{self, ValueClass};
use serde_json::Value;

/// A part of a value that is made of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    EmailName,
    EmailHost,
    UrlHost,
    UrlLast,
    UrlQuery(String),
    PathName,
    PathStem,
    PathFolder,
    /// Of a person's name.
    FirstWord,
    LastWord,
}

/// The longest text that may be the name of a person, in bytes, and the most words of it.
const LONGEST_NAME: usize = 60;
const MOST_OF_NAME: usize = 4;

impl Part {
    fn filter(&self) -> String {
        match self {
            Self::EmailName => "email_part('name')".to_owned(),
            Self::EmailHost => "email_part('host')".to_owned(),
            Self::UrlHost => "url_part('host')".to_owned(),
            Self::UrlLast => "url_part('last')".to_owned(),
            Self::UrlQuery(name) => format!("url_part({})", quoted(&format!("query.{name}"))),
            Self::PathName => "path_part('name')".to_owned(),
            Self::PathStem => "path_part('stem')".to_owned(),
            Self::PathFolder => "path_part('folder')".to_owned(),
            Self::FirstWord => "split(' ') | first".to_owned(),
            Self::LastWord => "split(' ') | last".to_owned(),
        }
    }

    /// For a person.
    fn name(&self) -> &'static str {
        match self {
            Self::EmailName => "the name in an e-mail address",
            Self::EmailHost => "the host of an e-mail address",
            Self::UrlHost => "the host of an address",
            Self::UrlLast => "the last part of an address",
            Self::UrlQuery(_) => "a parameter of an address",
            Self::PathName => "the file's name of a path",
            Self::PathStem => "the file's name without its extension",
            Self::PathFolder => "the folder of a path",
            Self::FirstWord => "the first word of a name",
            Self::LastWord => "the last word of a name",
        }
    }

    /// Whether it is the first or the last word of a name.
    pub(super) fn is_half_of_name(&self) -> bool {
        matches!(self, Self::FirstWord | Self::LastWord)
    }

    /// The first and the last word of what may be the name of a person, and nothing of any other text: two words or more,
    /// each with a capital, but for those that stand inside of names.
    pub(super) fn of_name(text: &str) -> Vec<(Self, String)> {
        let words: Vec<&str> = text.split(' ').collect();
        let is_own = |word: &str| {
            word.chars().next().is_some_and(char::is_uppercase)
                && word
                    .chars()
                    .all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'))
        };
        let inside = words
            .get(1..words.len().saturating_sub(1))
            .unwrap_or_default();
        let is_particle = |word: &&str| {
            !word.is_empty() && word.len() <= 3 && word.chars().all(char::is_lowercase)
        };
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return Vec::new();
        };
        if text.len() > LONGEST_NAME
            || !(2..=MOST_OF_NAME).contains(&words.len())
            || !is_own(first)
            || !is_own(last)
            || !inside.iter().all(|word| is_own(word) || is_particle(word))
        {
            return Vec::new();
        }
        [(Self::FirstWord, first), (Self::LastWord, last)]
            .into_iter()
            .filter(|(_, word)| word.chars().filter(|c| c.is_lowercase()).count() >= 2)
            .map(|(part, word)| (part, (*word).to_owned()))
            .collect()
    }

    /// The parts that a text has, with what they are; parts of fewer than three characters tell nothing.
    pub(super) fn all_of(text: &str) -> Vec<(Self, String)> {
        let candidates = match value_class::of(text) {
            Some(ValueClass::Email) => vec![Self::EmailName, Self::EmailHost],
            Some(ValueClass::Url) => {
                let mut parts = vec![Self::UrlLast, Self::UrlHost];
                let query = text.split_once('?').map_or("", |(_, query)| query);
                let query = query.split('#').next().unwrap_or("");
                for pair in query.split('&').take(8) {
                    if let Some((name, _)) = pair.split_once('=')
                        && !name.is_empty()
                        && name
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
                    {
                        parts.push(Self::UrlQuery(name.to_owned()));
                    }
                }
                parts
            }
            Some(ValueClass::Path) => vec![Self::PathName, Self::PathStem, Self::PathFolder],
            _ => return Vec::new(),
        };
        let value = Value::from(text);
        let mut found: Vec<(Self, String)> = Vec::new();
        for part in candidates {
            if let Some(Value::String(inside)) = with(&value, &format!("v | {}", part.filter()))
                && inside.len() >= 3
                && inside != text
                && !found.iter().any(|(_, known)| *known == inside)
            {
                found.push((part, inside));
            }
        }
        found
    }
}

/// One step of a transform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    Part(Part),
    /// The value behind a label.
    Label(String),
    /// What stands between two texts.
    Between(String, String),
    /// The line below this text.
    Below(String),
    /// The only line of a text.
    OnlyLine,
    /// The first word: an amount without its unit.
    FirstWord,
    LastWord,
    /// The word at this place, from 0.
    Word(usize),
    /// The last word of a name.
    LastOfName,
    ParseNumber,
    /// With a point before its decimals, where it has a comma.
    Comma,
    /// Without a sign of currency or per cent.
    Without(char),
    Int,
    Float,
    Text,
    /// With two decimals.
    Money,
    /// With a comma before its decimals.
    DecimalComma,
    Trim,
    /// With another text in the place of one.
    Instead(&'static str, &'static str),
    Lower,
    Upper,
    Capitalize,
    Title,
    /// So many days later.
    Later(i64),
    FormatDate(&'static str),
    /// A day or a moment in a notation that was put together.
    Written(String),
    ParseDate(&'static str),
    FromEpoch(&'static str),
    ToEpoch(&'static str),
    /// Of each map of a list these keys.
    Pick(Vec<String>),
    /// Of each map of a list the value under this key.
    Column(String),
    /// All elements of a list in words, with this before the last.
    Listed(String),
    /// So many per cent of a number, with two decimals at most; whether it is written as a whole number where it is one.
    Share {
        percent: u32,
        whole: bool,
    },
    /// So many times as much, as a whole number: dollars in cents, hours in minutes.
    Times(i64),
    /// Per cent as a part of one.
    Hundredth,
    /// So many thousandths of a number and so many hundredths more; whether with two decimals at most.
    Formula {
        thousandths: i64,
        hundredths: i64,
        rounded: bool,
    },
}

impl Op {
    /// The expression with this step behind it.
    pub(super) fn write(&self, expression: &str) -> String {
        let filter = match self {
            Self::Part(part) => part.filter(),
            Self::Label(label) => format!("line_value({})", quoted(label)),
            Self::Between(before, after) => {
                format!("between({}, {})", quoted(before), quoted(after))
            }
            Self::Below(above) => {
                // Where the wording stands twice nobody can tell which place is meant.
                return format!(
                    "({expression} | split({}))[1:] | only | lines | first | trim",
                    quoted(above)
                );
            }
            Self::OnlyLine => "lines | only".to_owned(),
            Self::FirstWord => "split(' ') | first".to_owned(),
            Self::LastWord | Self::LastOfName => "split(' ') | last".to_owned(),
            Self::ParseNumber => "parse_number".to_owned(),
            Self::Comma => "replace('.', '') | replace(',', '.')".to_owned(),
            Self::Without(sign) => format!("replace({}, '')", quoted(&sign.to_string())),
            Self::Int => "int".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Word(place) => return format!("({expression} | split(' '))[{place}]"),
            Self::Money => return format!("'%.2f' | format({expression})"),
            Self::DecimalComma => "replace('.', ',')".to_owned(),
            Self::Trim => "trim".to_owned(),
            Self::Instead(old, new) => format!("replace({}, {})", quoted(old), quoted(new)),
            Self::Lower => "lower".to_owned(),
            Self::Upper => "upper".to_owned(),
            Self::Capitalize => "capitalize".to_owned(),
            Self::Title => "title".to_owned(),
            Self::Later(days) => format!("add_days({days})"),
            Self::FormatDate(format) => format!("format_date({})", quoted(format)),
            Self::Written(format) => format!("format_date({})", quoted(format)),
            Self::ParseDate(format) => format!("parse_date({})", quoted(format)),
            Self::FromEpoch(unit) => format!("from_epoch('{unit}')"),
            Self::ToEpoch(unit) => format!("to_epoch('{unit}')"),
            Self::Pick(names) => {
                let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                format!("pick({})", names.join(", "))
            }
            Self::Column(name) => format!("column({})", quoted(name)),
            Self::Listed(between) if between == ", " => "join(', ')".to_owned(),
            Self::Listed(between) => {
                let list = closed(expression);
                return format!(
                    "({list}[:-1] | join(', ')) ~ ({} if ({list} | length) > 1 else '') ~ ({list}[-1:] | join(''))",
                    quoted(between)
                );
            }
            Self::Share { percent, whole } => {
                let number = closed(expression);
                let part = f64::from(*percent) / 100.0;
                return match whole {
                    false => format!("({number} * {part}) | round(2)"),
                    true => format!(
                        "({number} * {percent} // 100) if {number} * {percent} % 100 == 0 else (({number} * {part}) | round(2))"
                    ),
                };
            }
            Self::Times(times) => {
                return format!("({} * {times}) | round | int", closed(expression));
            }
            Self::Hundredth => return format!("({} / 100) | round(6)", closed(expression)),
            Self::Formula {
                thousandths,
                hundredths,
                rounded,
            } => {
                let part = match thousandths {
                    1_000 => closed(expression),
                    some => format!("{} * {}", closed(expression), decimal(*some, 1_000)),
                };
                let all = match hundredths {
                    0 => part,
                    more if *more < 0 => format!("{part} - {}", decimal(-more, 100)),
                    more => format!("{part} + {}", decimal(*more, 100)),
                };
                return match rounded {
                    true => format!("({all}) | round(2)"),
                    false => all,
                };
            }
        };
        format!("{expression} | {filter}")
    }

    /// Its name, for a person.
    fn name(&self) -> String {
        match self {
            Self::Part(part) => part.name().to_owned(),
            Self::Between(before, after) if after.is_empty() => format!(
                "what stands behind “{}”, to the end of the line",
                crate::show::text(before, 40)
            ),
            Self::Label(label) => format!("what stands behind `{}`", crate::show::text(label, 40)),
            Self::Between(before, after) => format!(
                "what stands between “{}” and “{}”",
                crate::show::text(before, 40),
                crate::show::text(after, 40)
            ),
            Self::Below(above) => format!(
                "the line below “{}”",
                crate::show::text(above.trim_end(), 40)
            ),
            Self::OnlyLine => "its only line".to_owned(),
            Self::Word(_) => "a word of it".to_owned(),
            Self::LastOfName => "the last word of it".to_owned(),
            Self::FirstWord | Self::LastWord => "without its unit".to_owned(),
            Self::Without(' ' | '-') => "without what stands between its groups".to_owned(),
            Self::ParseNumber | Self::Comma | Self::Int | Self::Float | Self::Without(_) => {
                "as a number".to_owned()
            }
            Self::Text => "as text".to_owned(),
            Self::Money => "with two decimals".to_owned(),
            Self::DecimalComma => "with a comma before its decimals".to_owned(),
            Self::Trim => "without blanks around it".to_owned(),
            Self::Lower => "in small letters".to_owned(),
            Self::Upper => "in capitals".to_owned(),
            Self::Capitalize | Self::Title => "with a capital".to_owned(),
            Self::Later(days) => format!("{days} days later"),
            Self::Written(format) if format.contains("%M") => "as a time".to_owned(),
            Self::Instead(..) => "as the text writes it".to_owned(),
            Self::FormatDate(_) | Self::ParseDate(_) | Self::Written(_) => "as a date".to_owned(),
            Self::FromEpoch(_) | Self::ToEpoch(_) => "as a time".to_owned(),
            Self::Pick(_) => "some fields of each of its elements".to_owned(),
            Self::Listed(_) => "all of its elements in words".to_owned(),
            Self::Column(_) => "one field of each of its elements".to_owned(),
            Self::Share { percent, .. } => format!("{percent} per cent of it"),
            Self::Times(times) => format!("{times} times as much"),
            Self::Hundredth => "per cent as a part of one".to_owned(),
            Self::Formula {
                thousandths,
                hundredths,
                ..
            } => {
                let part = format!("{} per cent of it", decimal(*thousandths, 10));
                let more = match hundredths {
                    0 => None,
                    more if *more < 0 => Some(format!("{} less", decimal(-more, 100))),
                    more => Some(format!("{} more", decimal(*more, 100))),
                };
                match (thousandths, more) {
                    (1_000, Some(more)) => more,
                    (_, Some(more)) => format!("{part} and {more}"),
                    (_, None) => part,
                }
            }
        }
    }
}

/// A number of such parts as a literal: whole where it is.
fn decimal(number: i64, parts: i64) -> String {
    let (whole, rest) = (number / parts, number % parts);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = parts.to_string().len() - 1;
    let text = format!("{whole}.{rest:0digits$}");
    text.trim_end_matches('0').to_owned()
}

/// A way from a value to what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Transform(pub(super) Vec<Op>);

impl Transform {
    /// The expression of what this makes of the value of another.
    pub(super) fn write(&self, expression: &str) -> String {
        self.0
            .iter()
            .fold(expression.to_owned(), |inner, op| op.write(&inner))
    }

    /// What this makes of a value.
    pub(super) fn apply(&self, value: &Value) -> Option<Value> {
        if self.0.is_empty() {
            return Some(value.clone());
        }
        with(value, &self.write("v"))
    }

    /// What the first step takes out of a value.
    pub(super) fn inside(&self, value: &Value) -> Option<Value> {
        let first = self.0.first()?;
        Self(vec![first.clone()]).apply(value)
    }

    /// Its name, for a person; empty when the value is taken as it is.
    pub(super) fn name(&self) -> String {
        let mut names: Vec<String> = self.0.iter().map(Op::name).collect();
        names.dedup();
        names.join(", ")
    }

    /// The simplest way from one scalar to another that is equal in some notation.
    pub(super) fn find(from: &Value, to: &Value) -> Option<Self> {
        if from == to {
            return Some(Self::default());
        }
        if are_far_apart(from, to) {
            return None;
        }
        candidates(from, to)
            .into_iter()
            .map(Self)
            .find(|transform| transform.apply(from).as_ref() == Some(to))
    }

    /// The simplest way from one list to another that holds as many elements.
    pub(super) fn find_list(from: &Value, to: &Value) -> Option<Self> {
        if from == to {
            return Some(Self::default());
        }
        let (Value::Array(from), Value::Array(to)) = (from, to) else {
            return None;
        };
        if from.len() != to.len() {
            return None;
        }
        match (from.first()?, to.first()?) {
            (Value::Object(_), Value::Object(map)) => {
                let names: Vec<String> = map.keys().cloned().collect();
                let same = from.iter().zip(to).all(|(from, to)| {
                    to.as_object().is_some_and(|to| {
                        to.len() == names.len()
                            && names.iter().all(|name| {
                                to.get(name).is_some() && to.get(name) == from.get(name)
                            })
                    })
                });
                same.then(|| Self(vec![Op::Pick(names)]))
            }
            (Value::Object(map), _) => map
                .keys()
                .find(|key| {
                    from.iter()
                        .zip(to)
                        .all(|(from, to)| from.get(key.as_str()) == Some(to))
                })
                .map(|key| Self(vec![Op::Column(key.clone())])),
            _ => None,
        }
    }

    /// The same after another step.
    pub(super) fn after(mut self, first: Op) -> Self {
        self.0.insert(0, first);
        self
    }
}

/// Whether the one is a number and the other one, too, be it written as a text, and the two differ by more than rounding
/// does: nothing has to be tried then.
fn are_far_apart(from: &Value, to: &Value) -> bool {
    let written = match to {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text
            .parse()
            .ok()
            .or_else(|| text.replace(',', ".").parse().ok()),
        _ => None,
    };
    let (Some(number), Some(written)) = (from.as_f64(), written) else {
        return false;
    };
    let written: f64 = written;
    let apart = (number - written).abs();
    apart > 1.0 + number.abs() * 1e-9
}

const DATES: [&str; 3] = ["%Y-%m-%d", "%B %-d, %Y", "%-d %B %Y"];
const MOMENTS: [&str; 7] = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%d.%m.%Y %H:%M",
    "%H:%M",
];

fn candidates(from: &Value, to: &Value) -> Vec<Vec<Op>> {
    let mut all: Vec<Vec<Op>> = Vec::new();
    match (from, to) {
        (Value::Number(_), Value::Number(_)) => {
            all.push(vec![Op::Int]);
            all.push(vec![Op::Float]);
        }
        (Value::Number(_), Value::String(_)) => {
            all.push(vec![Op::Text]);
            all.push(vec![Op::Int, Op::Text]);
            all.push(vec![Op::Money]);
            all.push(vec![Op::Money, Op::DecimalComma]);
            all.push(vec![Op::Text, Op::DecimalComma]);
            all.push(vec![Op::FromEpoch("s")]);
            all.push(vec![Op::FromEpoch("ms")]);
        }
        (Value::String(text), Value::Number(_)) => {
            let mut begins = vec![vec![]];
            if let Some(sign) = text.chars().find(|c| matches!(c, '$' | '€' | '£' | '%')) {
                begins.push(vec![Op::Without(sign)]);
            }
            if text.trim().split(' ').count() == 2 {
                begins.push(vec![Op::FirstWord]);
                begins.push(vec![Op::LastWord]);
            }
            for begin in begins {
                for end in [vec![], vec![Op::Int], vec![Op::Float]] {
                    let mut ops = begin.clone();
                    ops.push(Op::ParseNumber);
                    ops.extend(end);
                    all.push(ops);
                }
            }
            if super::canonical::comma_number(text.trim()).is_some() {
                let plain = all.clone();
                all.extend(plain.into_iter().map(|mut ops| {
                    let place = ops.iter().position(|op| *op == Op::ParseNumber);
                    ops.insert(place.unwrap_or(0), Op::Comma);
                    ops
                }));
            }
            all.push(vec![Op::ToEpoch("s")]);
            all.push(vec![Op::ToEpoch("ms")]);
        }
        (Value::String(text), Value::String(_)) => {
            for op in [Op::Trim, Op::Lower, Op::Upper, Op::Capitalize, Op::Title] {
                all.push(vec![op]);
            }
            all.push(vec![Op::Trim, Op::Lower]);
            for sign in [' ', '-'] {
                if text.contains(sign) {
                    all.push(vec![Op::Without(sign)]);
                }
            }
            if let Some(sign) = text.chars().find(|c| matches!(c, '$' | '€' | '£' | '%')) {
                all.push(vec![Op::Without(sign)]);
                all.push(vec![Op::Without(sign), Op::ParseNumber, Op::Text]);
            }
            if value_class::is_date(text.trim()) || value_class::is_moment(text.trim()) {
                for format in DATES.iter().chain(&DAYS).chain(&MOMENTS) {
                    all.push(vec![Op::FormatDate(format)]);
                }
            } else if text.bytes().any(|b| b.is_ascii_digit()) && text.len() <= 40 {
                for format in DAYS {
                    all.push(vec![Op::ParseDate(format)]);
                }
            }
            if text.contains(',') && text.bytes().any(|b| b.is_ascii_digit()) {
                all.push(vec![Op::ParseNumber, Op::Text]);
            }
        }
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_below_wording_that_stands_twice_is_nobodys() {
        let below = Transform(vec![Op::Below("Name:\n".to_owned())]);
        let apply = |text: &str| below.apply(&json!(text));
        assert_eq!(apply("Name:\nAna\nZip:\n1010"), Some(json!("Ana")));
        assert_eq!(apply("Name:\nAna\nName:\nBen"), None);
        assert_eq!(apply("Zip:\n1010"), None);
    }

    #[test]
    fn the_simplest_way_wins() {
        for (from, to, expected) in [
            (json!("a"), json!("a"), Some("v")),
            (json!(42), json!("42"), Some("v | string")),
            (json!("42"), json!(42), Some("v | parse_number")),
            (json!("98.70"), json!(98.7), Some("v | parse_number")),
            (
                json!("$1,234.50"),
                json!(1234.5),
                Some("v | replace('$', '') | parse_number"),
            ),
            (
                json!("84.20 EUR"),
                json!(84.2),
                Some("v | split(' ') | first | parse_number"),
            ),
            (
                json!("1.234,50 €"),
                json!(1234.5),
                Some("v | replace('€', '') | replace('.', '') | replace(',', '.') | parse_number"),
            ),
            (
                json!("84,20 EUR"),
                json!(84.2),
                Some(
                    "v | split(' ') | first | replace('.', '') | replace(',', '.') | parse_number",
                ),
            ),
            (
                json!("DE89 3704 00"),
                json!("DE89370400"),
                Some("v | replace(' ', '')"),
            ),
            (json!(1100.0), json!(1100), Some("v | int")),
            (json!(5.5), json!("5.50"), Some("'%.2f' | format(v)")),
            (json!("Economy"), json!("economy"), Some("v | lower")),
            (
                json!("2027-05-20T10:00:00Z"),
                json!("2027-05-20"),
                Some("v | format_date('%Y-%m-%d')"),
            ),
            (
                json!("2024-05-18 08:00:00"),
                json!("2024-05-18 08:00"),
                Some("v | format_date('%Y-%m-%d %H:%M')"),
            ),
            (
                json!("May 20, 2027"),
                json!("2027-05-20"),
                Some("v | parse_date('%B %d, %Y')"),
            ),
            (
                json!(1700000000),
                json!("2023-11-14T22:13:20Z"),
                Some("v | from_epoch('s')"),
            ),
            (json!("a"), json!("b"), None),
        ] {
            let found = Transform::find(&from, &to).map(|transform| transform.write("v"));
            assert_eq!(found.as_deref(), expected, "{from} {to}");
        }
    }

    #[test]
    fn parts_of_addresses_and_paths() {
        let found = |text: &str| -> Vec<String> {
            Part::all_of(text)
                .into_iter()
                .map(|(_, part)| part)
                .collect()
        };
        assert_eq!(found("ana@example.com"), ["ana", "example.com"]);
        assert_eq!(
            found("https://a.example/x/ord-7?user=u12&n=1"),
            ["ord-7", "a.example", "u12"]
        );
        assert_eq!(
            found("/srv/data/report.csv"),
            ["report.csv", "report", "/srv/data"]
        );
        assert_eq!(found("no parts"), Vec::<String>::new());
    }

    #[test]
    fn the_first_and_the_last_word_of_a_name() {
        let found = |text: &str| -> Vec<String> {
            let parts = Part::of_name(text).into_iter();
            parts.map(|(_, part)| part).collect()
        };
        assert_eq!(found("Ana Novak"), ["Ana", "Novak"]);
        assert_eq!(found("Kim van der Berg"), ["Kim", "Berg"]);
        assert_eq!(found("J. Meier-Lund"), ["Meier-Lund"]);
        for text in [
            "Ana",
            "ana novak",
            "Order 7",
            "Ana novak",
            "A B",
            "The end of It all Now",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
