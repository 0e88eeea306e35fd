//! Which parts of which answers an expression reads: it is gone through as it is written, with places in answers in the
//! place of values. What is not understood relies on nothing.

use std::collections::{BTreeMap, BTreeSet};

/// A step on the way to a place in an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hop {
    Key(String),
    /// Any element of a list.
    Each,
    /// The value under any key of a map whose keys are data.
    Values,
    /// The data in a text; whether it is YAML.
    Text(bool),
}

/// A place in the output of a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) step: String,
    pub(super) hops: Vec<Hop>,
}

impl Place {
    fn with(&self, hop: Hop) -> Self {
        let mut place = self.clone();
        place.hops.push(hop);
        place
    }
}

/// What an expression relies on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relies {
    /// That it is there, and is what it was.
    On(Place),
    /// That a list has elements.
    Some(Place),
    /// That a scalar is one of those that were seen.
    OneOf(Place),
    /// That a scalar may be whatever it is: what is done then was said.
    Any(Place),
    /// That a text is not empty, nor blanks alone: it says what a change is done to.
    Filled(Place),
    /// That it is the very value that was seen.
    Same(Place),
}

impl Relies {
    /// Where it is.
    pub(super) const fn place(&self) -> &Place {
        match self {
            Self::On(place)
            | Self::Some(place)
            | Self::OneOf(place)
            | Self::Any(place)
            | Self::Filled(place)
            | Self::Same(place) => place,
        }
    }
}

/// What an expression stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Nothing that an answer holds.
    Other,
    /// A fixed text.
    Text(String),
    /// A fixed number, truth value or nothing.
    Fixed,
    At(Place),
    /// The elements of a list that were picked: there may be none.
    Narrowed(Box<Part>),
    /// The entries of a map.
    Entries(Place),
    Entry(Place),
    /// A list with such elements.
    List(Box<Part>),
    Map(BTreeMap<String, Part>),
    /// Fixed texts in a list: the way to a field.
    Path(Vec<String>),
}

/// What is known where an expression stands, and what was found.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Names of elements of loops.
    pub(super) names: BTreeMap<String, Part>,
    /// What loops give.
    pub(super) loops: BTreeMap<String, Part>,
    /// The steps that may change something.
    pub(super) changes: BTreeSet<String>,
    /// The loops with such a step in them.
    pub(super) changing: BTreeSet<String>,
    /// The steps whose answers each step reads.
    pub(super) reads: BTreeMap<String, BTreeSet<String>>,
    pub(super) relies: Vec<Relies>,
}

impl Reader {
    /// Reads a bare expression.
    pub(super) fn expression(&mut self, text: &str) -> Part {
        let Some(tokens) = tokens(text) else {
            return Part::Other;
        };
        let begun = self.relies.len();
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
            reader: self,
        };
        match parser.binary() {
            Some(part) if parser.at == tokens.len() => {
                self.used(&part);
                part
            }
            _ => {
                self.relies.truncate(begun);
                Part::Other
            }
        }
    }

    fn used(&mut self, part: &Part) {
        match part {
            Part::At(place) => self.relies.push(Relies::On(place.clone())),
            Part::Narrowed(inner) => self.used(inner),
            Part::Map(map) => map.values().for_each(|inner| self.used(inner)),
            _ => {}
        }
    }

    fn member(&mut self, part: &Part, key: &str) -> Part {
        match part {
            Part::At(place) => {
                let place = place.with(Hop::Key(key.to_owned()));
                self.relies.push(Relies::On(place.clone()));
                Part::At(place)
            }
            Part::Entry(map) if key == "value" => {
                let place = map.with(Hop::Values);
                self.relies.push(Relies::On(place.clone()));
                Part::At(place)
            }
            Part::Map(map) => map.get(key).cloned().unwrap_or(Part::Other),
            _ => Part::Other,
        }
    }

    fn field(&mut self, part: &Part, path: &[String]) -> Part {
        path.iter()
            .fold(part.clone(), |part, key| match key.as_str() {
                "*" => self.each(&part),
                key => self.member(&part, key),
            })
    }

    fn each(&mut self, part: &Part) -> Part {
        match part {
            Part::At(place) => {
                let place = place.with(Hop::Each);
                self.relies.push(Relies::On(place.clone()));
                Part::At(place)
            }
            Part::Narrowed(inner) => self.each(inner),
            Part::Entries(map) => Part::Entry(map.clone()),
            Part::List(inner) => (**inner).clone(),
            _ => Part::Other,
        }
    }

    /// One of a list of which there has to be one.
    fn one(&mut self, part: &Part) -> Part {
        self.some(part);
        self.each(part)
    }

    fn some(&mut self, part: &Part) {
        if let Part::At(place) = part {
            self.relies.push(Relies::Some(place.clone()));
        }
    }

    /// The elements of what a loop goes over.
    pub(super) fn items(&mut self, part: &Part) -> Part {
        self.some(part);
        match part {
            Part::Narrowed(inner) => self.each(inner),
            other => self.each(other),
        }
    }

    fn filter(&mut self, of: Part, name: &str, arguments: &[Part]) -> Part {
        let path = match arguments.first() {
            Some(Part::Text(key)) => vec![key.clone()],
            Some(Part::Path(keys)) => keys.clone(),
            _ => Vec::new(),
        };
        match name {
            "where" => {
                let element = self.each(&of);
                let field = self.field(&element, &path);
                if let (Part::At(place), Some(Part::Text(_) | Part::Fixed)) =
                    (&field, arguments.get(1))
                {
                    self.relies.push(Relies::OneOf(place.clone()));
                }
                self.some(&of);
                Part::Narrowed(Box::new(of))
            }
            "selectattr" | "rejectattr" => {
                let element = self.each(&of);
                let path: Vec<String> = path
                    .iter()
                    .flat_map(|key| key.split('.').map(str::to_owned))
                    .collect();
                self.field(&element, &path);
                self.some(&of);
                Part::Narrowed(Box::new(of))
            }
            "only" | "first" | "last" => self.one(&of),
            "min_by" | "max_by" => {
                let element = self.one(&of);
                self.field(&element, &path);
                element
            }
            "column" => {
                let element = self.one(&of);
                let field = self.field(&element, &path);
                Part::List(Box::new(field))
            }
            "entries" => match of {
                Part::At(place) => Part::Entries(place),
                _ => Part::Other,
            },
            "pick" => {
                let keys: Vec<String> = arguments
                    .iter()
                    .filter_map(|key| match key {
                        Part::Text(key) => Some(key.clone()),
                        _ => None,
                    })
                    .collect();
                for key in &keys {
                    self.member(&of, key);
                    let element = self.each(&of);
                    self.member(&element, key);
                }
                Part::Other
            }
            "parse_json" | "parse_yaml" => match of {
                Part::At(place) => Part::At(place.with(Hop::Text(name == "parse_yaml"))),
                _ => Part::Other,
            },
            "agreed" => {
                arguments.iter().for_each(|other| self.used(other));
                of
            }
            "list" | "unique" | "reverse" | "sort" => of,
            // The same text, in a form that is safe where it goes.
            "url_segment" | "plain_word" | "plain_path" => {
                self.used(&of);
                of
            }
            // Lists of the same elements, of so many each.
            "batch" | "slice" => Part::List(Box::new(of)),
            // The pages so far, and one more: what is known of the elements is known of those of the one.
            "chain" if of == Part::Other => match arguments.first() {
                Some(more) => {
                    self.used(more);
                    Part::List(Box::new(self.each(more)))
                }
                None => Part::Other,
            },
            _ => {
                self.used(&of);
                arguments.iter().for_each(|other| self.used(other));
                Part::Other
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "//", "**", "<", ">", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":",
    "(", ")", "[", "]", "{", "}",
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first.is_alphabetic() || first == '_' {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            found.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if first.is_ascii_digit() {
            let end = rest
                .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                .unwrap_or(rest.len());
            found.push(Token::Number(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if first == '\'' || first == '"' {
            let (value, after) = quoted(rest, first)?;
            found.push(Token::Text(value));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if let Some(after) = rest.strip_prefix('=') {
            found.push(Token::Sign(":"));
            rest = after;
        } else {
            return None;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            c if c == quote => return Some((value, &text[at + c.len_utf8()..])),
            c => value.push(c),
        }
    }
    None
}

struct Parser<'p> {
    tokens: &'p [Token],
    at: usize,
    reader: &'p mut Reader,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(known)) if *known == sign);
        self.at += usize::from(found);
        found
    }

    fn operator(&mut self) -> Option<String> {
        let operator = match self.peek()? {
            Token::Sign(
                sign @ ("==" | "!=" | "<=" | ">=" | "<" | ">" | "+" | "-" | "*" | "/" | "//" | "%"
                | "~" | "**"),
            ) => (*sign).to_owned(),
            Token::Name(name) if matches!(name.as_str(), "and" | "or" | "in" | "not" | "is") => {
                name.clone()
            }
            _ => return None,
        };
        self.at += 1;
        if operator == "not" && !self.word("in") {
            return None;
        }
        Some(operator)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(known)) if known == word);
        self.at += usize::from(found);
        found
    }

    fn binary(&mut self) -> Option<Part> {
        let first = self.unary()?;
        let mut before = first.clone();
        let mut alone = true;
        while let Some(operator) = self.operator() {
            alone = false;
            let next = self.unary()?;
            for (one, other) in [(&before, &next), (&next, &before)] {
                self.reader.used(one);
                let fixed = matches!(other, Part::Text(_) | Part::Fixed);
                if let Part::At(place) = one
                    && fixed
                    && matches!(operator.as_str(), "==" | "!=")
                {
                    self.reader.relies.push(Relies::OneOf(place.clone()));
                }
            }
            if let (Part::At(place), "not") = (&before, operator.as_str()) {
                self.reader.relies.push(Relies::Any(place.clone()));
            }
            before = next;
        }
        Some(if alone { first } else { Part::Other })
    }

    fn unary(&mut self) -> Option<Part> {
        if self.word("not") || self.takes("-") {
            let part = self.unary()?;
            self.reader.used(&part);
            return Some(match part {
                Part::Fixed => Part::Fixed,
                _ => Part::Other,
            });
        }
        let mut part = self.postfix()?;
        while self.takes("|") {
            let Some(Token::Name(name)) = self.peek().cloned() else {
                return None;
            };
            self.at += 1;
            let arguments = if self.takes("(") {
                self.until(")")?
            } else {
                Vec::new()
            };
            part = self.reader.filter(part, &name, &arguments);
            part = self.after(part)?;
        }
        Some(part)
    }

    fn postfix(&mut self) -> Option<Part> {
        let part = self.primary()?;
        self.after(part)
    }

    fn after(&mut self, mut part: Part) -> Option<Part> {
        loop {
            if self.takes(".") {
                let Some(Token::Name(key)) = self.peek().cloned() else {
                    return None;
                };
                self.at += 1;
                part = self.reader.member(&part, &key);
            } else if self.takes("[") {
                // `[:n]`, `[n:]`, `[n:m]`: a part of the list, which may be none of it.
                if self.takes(":") {
                    part = self.sliced(part)?;
                    continue;
                }
                let index = self.binary()?;
                if self.takes(":") {
                    self.reader.used(&index);
                    part = self.sliced(part)?;
                    continue;
                }
                if !self.takes("]") {
                    return None;
                }
                part = match (&index, &part) {
                    (Part::Text(key), _) => self.reader.member(&part, key),
                    (Part::Fixed, _) => self.reader.one(&part),
                    (other, Part::At(place)) => {
                        let place = place.with(Hop::Values);
                        self.reader.used(other);
                        self.reader.relies.push(Relies::On(place.clone()));
                        Part::At(place)
                    }
                    _ => Part::Other,
                };
            } else {
                return Some(part);
            }
        }
    }

    /// A part of a list, behind the sign between where it begins and where it ends.
    fn sliced(&mut self, part: Part) -> Option<Part> {
        if !self.takes("]") {
            let end = self.binary()?;
            self.reader.used(&end);
            self.takes("]").then_some(())?;
        }
        Some(Part::Narrowed(Box::new(part)))
    }

    fn until(&mut self, end: &str) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        while !self.takes(end) {
            let mut part = self.binary()?;
            // `name=value`, `key: value`.
            if self.takes(":") {
                part = self.binary()?;
            }
            parts.push(part);
            if !self.takes(",") && !matches!(self.peek(), Some(Token::Sign(sign)) if *sign == end) {
                return None;
            }
        }
        Some(parts)
    }

    fn primary(&mut self) -> Option<Part> {
        let token = self.peek()?.clone();
        self.at += 1;
        match token {
            Token::Text(text) => Some(Part::Text(text)),
            Token::Number(_) => Some(Part::Fixed),
            Token::Sign("(") => {
                let part = self.binary()?;
                self.takes(")").then_some(part)
            }
            Token::Sign("[") => {
                let parts = self.until("]")?;
                let keys: Option<Vec<String>> = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(key) => Some(key.clone()),
                        _ => None,
                    })
                    .collect();
                if let Some(keys) = keys {
                    return Some(Part::Path(keys));
                }
                parts.iter().for_each(|part| self.reader.used(part));
                Some(match parts.as_slice() {
                    // A way whose end a run is given: what is before it has to be there.
                    [Part::Text(first), Part::Other] => Part::Path(vec![first.clone()]),
                    [one @ Part::At(_)] => Part::List(Box::new(one.clone())),
                    _ => Part::Other,
                })
            }
            Token::Sign("{") => {
                let parts = self.until("}")?;
                parts.iter().for_each(|part| self.reader.used(part));
                Some(Part::Other)
            }
            Token::Sign(_) => None,
            Token::Name(name) => Some(match name.as_str() {
                "true" | "false" | "none" | "null" => Part::Fixed,
                "steps" => return self.step(),
                name => self.reader.names.get(name).cloned().unwrap_or(Part::Other),
            }),
        }
    }

    /// `steps.<id>.output`, and what else is known of a step.
    fn step(&mut self) -> Option<Part> {
        let id = if self.takes(".") {
            match self.peek()? {
                Token::Name(id) => id.clone(),
                _ => return None,
            }
        } else if self.takes("[") {
            match self.peek()? {
                Token::Text(id) => id.clone(),
                _ => return None,
            }
        } else {
            return None;
        };
        self.at += 1;
        self.takes("]");
        if !self.takes(".") {
            return Some(Part::Other);
        }
        let is_output = self.word("output");
        if !is_output {
            self.at += 1;
            return Some(Part::Other);
        }
        Some(match self.reader.loops.get(&id) {
            Some(part) => part.clone(),
            None => Part::At(Place {
                step: id,
                hops: Vec::new(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut reader = Reader::default();
        reader.names.insert(
            "order".to_owned(),
            Part::At(Place {
                step: "list".to_owned(),
                hops: vec![Hop::Key("orders".to_owned()), Hop::Each],
            }),
        );
        reader.expression(text);
        let shown = |place: &Place| {
            place.hops.iter().fold(place.step.clone(), |text, hop| {
                text + &match hop {
                    Hop::Key(key) => format!(".{key}"),
                    Hop::Each => "[]".to_owned(),
                    Hop::Values => "{}".to_owned(),
                    Hop::Text(yaml) => if *yaml { "|yaml" } else { "|json" }.to_owned(),
                }
            })
        };
        let mut all: Vec<String> = reader
            .relies
            .iter()
            .map(|relies| match relies {
                Relies::On(place) => shown(place),
                Relies::Some(place) => format!("some {}", shown(place)),
                Relies::OneOf(place) => format!("one of {}", shown(place)),
                Relies::Any(place) => format!("any {}", shown(place)),
                Relies::Filled(place) => format!("filled {}", shown(place)),
                Relies::Same(place) => format!("same {}", shown(place)),
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn what_expressions_rely_on() {
        for (text, expected) in [
            ("inputs.name", vec![]),
            ("steps.a.output.json.id", vec!["a.json", "a.json.id"]),
            (
                "(steps.a.output.text | parse_yaml)['the id']",
                vec!["a.text", "a.text|yaml.the id"],
            ),
            (
                "(steps.a.output.rows | where('name', inputs.name) | only).id",
                vec![
                    "a.rows",
                    "a.rows[]",
                    "a.rows[].id",
                    "a.rows[].name",
                    "some a.rows",
                ],
            ),
            (
                "(steps.a.output | entries | where(['value', 's'], 'x') | only).key",
                vec!["a{}", "a{}.s", "one of a{}.s"],
            ),
            (
                "steps.a.output.items[inputs.key].n",
                vec!["a.items", "a.items{}", "a.items{}.n"],
            ),
            (
                "steps.a.output.status == 'open' and not order.paid",
                vec!["a.status", "list.orders[].paid", "one of a.status"],
            ),
            (
                "steps.a.output.x | agreed(steps.b.output.y) | upper",
                vec!["a.x", "b.y"],
            ),
            ("'%.2f' | format(steps.a.output.total)", vec!["a.total"]),
            ("steps.a.status", vec![]),
            (
                "[steps.a.output] | where(['rows', '*', 'name'], inputs.name) | length > 0",
                vec!["a", "a.rows", "a.rows[]", "a.rows[].name"],
            ),
            (
                "(steps.a.output | entries | batch(2, 0) | only | min_by(['value', 'n'])).value.id",
                vec!["a{}", "a{}.id", "a{}.n"],
            ),
            (
                "(steps.a.output.rows[:inputs.count] | first).id",
                vec!["a.rows", "a.rows[]", "a.rows[].id"],
            ),
            (
                "(steps.a.output.rows[1:steps.b.output.n] | first).id",
                vec!["a.rows", "a.rows[]", "a.rows[].id", "b.n"],
            ),
            ("steps.a.output.x ? nonsense", vec![]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
