//! The way from an answer to a value: members, elements that are picked, and how that is written as an expression.

use super::answers::Notation;
use super::evaluate::{literal, member, quoted};
use super::information::STRONG;
use super::inputs::Inputs;
use super::key::Key;
use super::qualifier::picked::names_one;
use super::said::{Mention, Said};
use super::selector::{EACH, TELLING};
use serde_json::Value;

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
    /// What the call asked for that answered it, as it always asks for it.
    Constant(String),
    /// What the person said, which becomes an input.
    Said {
        key: Key,
        value: Value,
        mention: Mention,
    },
}

impl Operand {
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> String {
        match self {
            Self::Expression(text) => text.clone(),
            Self::Constant(text) => quoted(text),
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
    pub(super) bits: f64,
    /// Whether it was spoken of as a property of such elements, not in passing.
    pub(super) meant: bool,
}

impl Equal {
    /// Whether the person said what the field has to be.
    pub(super) fn is_said(&self) -> bool {
        match &self.operand {
            Operand::Said { .. } => true,
            Operand::Expression(text) => text.starts_with("inputs."),
            Operand::Constant(_) => false,
        }
    }
}

/// How an element is picked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pick {
    Only,
    /// The only one, which has what was asked for.
    Lone(Equal),
    Where(Vec<Equal>),
    /// One that has what another source gives already: it only says that it is one of the list.
    Among(Equal),
    /// The one that begins with what the person said, or whose field does.
    Begins {
        field: Vec<String>,
        operand: Operand,
        said: String,
    },
    /// The entry under this key.
    Under(Operand),
    /// The one with the least or the most in a field, whose last key a run may be given: the price of a class.
    Extreme {
        among: Vec<Equal>,
        field: Vec<String>,
        last: Option<Operand>,
        most: bool,
        /// Whether there have to be two.
        of_two: bool,
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
    /// Fields that are true or false, by their last key.
    pub(super) flags: Vec<(String, bool)>,
    /// Fields whose extreme is looked for; true for the most.
    pub(super) extremes: Vec<(String, bool)>,
    /// What something has to begin with.
    pub(super) beginnings: Vec<String>,
    /// Fields, by their last key, with the values that were said for them and where, where those name no one thing alone.
    pub(super) told: Vec<(String, Value, Mention)>,
    /// Keys of fields that a run is given.
    pub(super) given_keys: Vec<String>,
    /// Keys of fields that name an element of another list, each with what names the first one there.
    pub(super) joined: Vec<(String, Value)>,
}

impl Compared {
    pub(super) fn join(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.keys.extend(other.keys);
        self.flags.extend(other.flags);
        self.extremes.extend(other.extremes);
        self.beginnings.extend(other.beginnings);
        self.told.extend(other.told);
        self.given_keys.extend(other.given_keys);
        self.joined.extend(other.joined);
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
                Pick::Lone(equal) | Pick::Among(equal) => std::slice::from_ref(equal),
                Pick::Begins { said, .. } => {
                    compared.beginnings.push(said.clone());
                    &[]
                }
                Pick::Under(Operand::Constant(_)) => &[],
                Pick::Extreme {
                    among,
                    field,
                    last,
                    most,
                    ..
                } => {
                    if let Some(key) = field.last() {
                        compared.extremes.push((key.clone(), *most));
                        compared
                            .given_keys
                            .extend(last.as_ref().map(|_| key.clone()));
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
                if let (Pick::Where(_), Operand::Said { mention, .. }, Some(last)) =
                    (pick, &equal.operand, equal.field.last())
                    && !names_one(last, &equal.value)
                {
                    let told = (last.clone(), equal.value.clone(), *mention);
                    compared.told.push(told);
                }
                if let (Some(flag), Some(last)) = (equal.value.as_bool(), equal.field.last()) {
                    compared.flags.push((last.clone(), flag));
                }
            }
            // What the draft has in so many words is the same in every world.
            for equal in equals.iter().filter(|equal| equal.bits > 0.0) {
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
            Pick::Extreme { .. } | Pick::Begins { .. } => true,
            Pick::Under(Operand::Constant(_))
            | Pick::Only
            | Pick::Lone(_)
            | Pick::Among(_)
            | Pick::Position(_) => false,
        })
    }

    /// Whether no step rests on fields that say little, on an extreme, or on being the only one of a list of scalars.
    pub(super) fn is_sure(&self) -> bool {
        !matches!(self.0.last(), Some(Turn::Element(Pick::Only)))
            && self.picks().all(|pick| match pick {
                Pick::Only | Pick::Lone(_) | Pick::Under(_) => true,
                Pick::Where(equals) => equals.iter().any(|equal| equal.bits >= STRONG),
                Pick::Among(_) | Pick::Extreme { .. } | Pick::Begins { .. } | Pick::Position(_) => {
                    false
                }
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
pub(super) fn closed(text: &str) -> String {
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
        Pick::Lone(equal) => format!("{} | only", narrowed(std::slice::from_ref(equal), inputs)),
        Pick::Where(equals) => format!("{} | only", narrowed(equals, inputs)),
        Pick::Among(equal) => format!("{} | first", narrowed(std::slice::from_ref(equal), inputs)),
        Pick::Under(operand) => {
            let operand = operand.write(inputs);
            format!("{list} | where('key', {operand}) | only")
        }
        Pick::Begins { field, operand, .. } => {
            let operand = operand.write(inputs);
            match field.as_slice() {
                [] => format!("{list} | select('startingwith', {operand}) | only"),
                field => format!(
                    "{list} | selectattr({}, 'startingwith', {operand}) | only",
                    quoted(&field.join("."))
                ),
            }
        }
        Pick::Extreme {
            among,
            field,
            last,
            most,
            of_two,
        } => {
            let filter = if *most { "max_by" } else { "min_by" };
            let mut list = narrowed(among, inputs);
            if *of_two {
                // Fails where there are not two: one is filled up with what has no field.
                list.push_str(" | batch(2, 0) | only");
            }
            let field = match (last, field.split_last()) {
                (Some(operand), Some((_, before))) => {
                    let keys = before.iter().map(|key| quoted(key));
                    let keys: Vec<String> = keys.chain([operand.write(inputs)]).collect();
                    format!("[{}]", keys.join(", "))
                }
                _ => path(field),
            };
            format!("{list} | {filter}({field})")
        }
        Pick::Position(Position::First) => format!("{list} | first"),
        Pick::Position(Position::Last) => format!("{list} | last"),
        Pick::Position(Position::At(index)) => format!("{}[{index}]", closed(list)),
    }
}

pub(super) fn path(field: &[String]) -> String {
    match field {
        [one] => quoted(one),
        several => {
            let keys: Vec<String> = several.iter().map(|key| quoted(key)).collect();
            format!("[{}]", keys.join(", "))
        }
    }
}

/// What a pick goes by, for a person; empty for the only element.
pub(super) fn shown(pick: &Pick) -> String {
    match pick {
        Pick::Only => "the only element".to_owned(),
        Pick::Lone(equal) => format!(
            "the only element, whose {}",
            shown_equals(std::slice::from_ref(equal))
        ),
        Pick::Under(Operand::Constant(text)) => {
            format!("the entry under {}", crate::show::text(text, 40))
        }
        Pick::Where(all) => format!("the element whose {}", shown_equals(all)),
        Pick::Among(equal) => format!(
            "an element whose {}",
            shown_equals(std::slice::from_ref(equal))
        ),
        Pick::Under(Operand::Said { value, .. }) => {
            format!("the entry under {}", crate::show::value("", value, 40))
        }
        Pick::Under(Operand::Expression(text)) => {
            format!("the entry under `{}`", crate::show::text(text, 60))
        }
        Pick::Begins { said, .. } => {
            format!(
                "the element that begins with {}",
                crate::show::text(said, 40)
            )
        }
        Pick::Extreme {
            among,
            field,
            most,
            of_two,
            ..
        } => {
            let name = field.last().map_or("", String::as_str);
            let of = if among.is_empty() {
                String::new()
            } else {
                format!(" of those whose {}", shown_equals(among))
            };
            format!(
                "the {} with the {} `{}`{of}",
                if *of_two { "one of two" } else { "element" },
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

/// Fields and what they are equal to, for a person.
pub(super) fn shown_equals(equals: &[Equal]) -> String {
    let parts: Vec<String> = equals
        .iter()
        .map(|equal| {
            let name = equal
                .field
                .iter()
                .filter(|key| *key != "value" && *key != EACH)
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
}
