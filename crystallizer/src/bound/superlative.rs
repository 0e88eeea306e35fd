//! The element of a list that has the least or the most of something, where the person asked for that.

use super::filter::spoken;
use super::information::{STRONG, bits};
use super::key::{Key, named_by, words};
use super::qualifier::flag::{Flag, flags};
use super::qualifier::read::{Kind, Nouns, Qualifier};
use super::qualifier::reading;
use super::said::{Said, Superlative};
use super::selector::{Origin, Scope, field, fields, matches};
use super::turn::{Equal, Operand, Pick};
use serde_json::Value;
use std::collections::BTreeSet;

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
        _ => return german(word),
    })
}

/// The same of a German word, in whichever case: `die günstigste`, `den neuesten`.
fn german(word: &str) -> Option<(bool, About)> {
    let stem = ["e", "en", "er", "es", "em"].iter().find_map(|end| {
        word.strip_suffix(end)
            .filter(|stem| stem.ends_with("st") || stem.ends_with("ßt"))
    })?;
    Some(match stem {
        "günstigst" | "billigst" | "preiswertest" => (false, About::Price),
        "teuerst" => (true, About::Price),
        "kleinst" | "niedrigst" | "geringst" | "wenigst" | "kürzest" => (false, About::Number),
        "größt" | "höchst" | "meist" | "längst" => (true, About::Number),
        "best" => (true, About::Rating),
        "frühest" | "ältest" => (false, About::Time),
        "spätest" | "neuest" | "neust" | "jüngst" => (true, About::Time),
        _ => return None,
    })
}

/// What a word asks for of two things: the larger of them, or the smaller.
fn comparative(word: &str) -> Option<(bool, About)> {
    Some(match word {
        "cheaper" | "günstigere" | "günstigeren" | "billigere" | "billigeren" => {
            (false, About::Price)
        }
        "smaller" | "lower" | "lesser" | "shorter" | "kleinere" | "kleineren" | "niedrigere"
        | "niedrigeren" | "kürzere" | "kürzeren" => (false, About::Number),
        "larger" | "bigger" | "higher" | "greater" | "longer" | "größere" | "größeren"
        | "höhere" | "höheren" | "längere" | "längeren" => (true, About::Number),
        "earlier" | "older" | "frühere" | "früheren" | "ältere" | "älteren" => {
            (false, About::Time)
        }
        "later" | "newer" | "spätere" | "späteren" | "neuere" | "neueren" => (true, About::Time),
        _ => return None,
    })
}

/// Whether a word asks for one of two: `the larger one`, `my smaller card`, and not `larger than 5` or `an earlier
/// flight`.
pub(super) fn is_of_two(before: Option<&str>, word: &str, after: Option<&str>) -> bool {
    comparative(word).is_some()
        && before.is_some_and(|word| {
            matches!(
                word,
                "the"
                    | "my"
                    | "our"
                    | "their"
                    | "his"
                    | "her"
                    | "die"
                    | "das"
                    | "der"
                    | "den"
                    | "dem"
                    | "meine"
                    | "meinen"
                    | "meiner"
                    | "unsere"
                    | "unseren"
            )
        })
        && !after.is_some_and(|word| matches!(word, "than" | "als" | "and" | "und"))
}

/// Whether a word asks for the least or the most of something.
pub(super) fn is_superlative(word: &str) -> bool {
    superlative(word).is_some()
}

/// Whether a word asks for the most of something, as `best` and `best-rated` do; none where it asks for no extreme.
pub(super) fn asks_for_most(word: &str) -> Option<bool> {
    let first = word.split('-').next().unwrap_or(word);
    superlative(first)
        .or_else(|| comparative(word))
        .map(|(most, _)| most)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Price,
    Number,
    Rating,
    Time,
}

/// The element that has the least or the most of something, where the person asked for that.
pub(super) fn extreme(
    elements: &[Value],
    chosen: usize,
    anchors: &[Equal],
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Option<Pick> {
    let said = scope.said;
    let element = elements.get(chosen)?;
    let mut asked = said.superlatives().peekable();
    asked.peek()?;
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
    let mut tried: BTreeSet<(&str, bool, bool, &[String])> = BTreeSet::new();
    for Superlative { word, near, behind } in asked {
        let of_two = superlative(word).is_none();
        let Some((most, about)) = superlative(word).or_else(|| comparative(word)) else {
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
        let (path, last) = match (named.as_slice(), eligible.as_slice()) {
            ([(path, _)], _) | ([], [(path, _)]) => (path, None),
            ([], []) => match given(elements, chosen, &compared, about, scope) {
                Some((path, last)) => (path, Some(last)),
                None => continue,
            },
            _ => continue,
        };
        // `the smallest balance` says nothing about prices.
        if let Some(own) = quantity_behind(&behind)
            && path.last().is_some_and(|key| {
                words(key)
                    .iter()
                    .any(|one| quantity(one).is_some_and(|kind| kind != own))
            })
        {
            continue;
        }
        let names_list = near
            .iter()
            .any(|said| named_by(&origin.about, said) || origin.asks_for(said));
        // Said again in the same way it finds what it found before.
        if !tried.insert((word, names_list, named.is_empty(), path.as_slice())) {
            continue;
        }
        let narrowed = narrowed(element, word, anchors, origin, said);
        for equals in &among {
            // The word has to be about these elements: it names them, their field, or what they are among.
            if !names_list && named.is_empty() && equals.is_empty() {
                continue;
            }
            let equals: Vec<&Equal> = narrowed
                .iter()
                .chain(
                    equals
                        .iter()
                        .copied()
                        .filter(|equal| !narrowed.contains(equal)),
                )
                .collect();
            let candidates: Vec<(usize, &Value)> = elements
                .iter()
                .enumerate()
                .filter(|(_, element)| matches(element, &equals))
                .filter_map(|(index, element)| Some((index, field(element, path)?)))
                .collect();
            if candidates.len() >= if narrowed.is_empty() { 2 } else { 1 }
                && (!of_two || candidates.len() == 2)
                && is_extreme(&candidates, chosen, most)
            {
                return Some(Pick::Extreme {
                    among: equals.iter().map(|equal| (*equal).clone()).collect(),
                    field: path.clone(),
                    last: last.clone(),
                    most,
                    of_two,
                });
            }
        }
    }
    None
}

/// The kind of quantity that the words behind a superlative name, in its clause. What has a figure behind it is told by
/// itself: in `the cheapest lamp quantity 2` nothing is said of the least quantity.
fn quantity_behind(behind: &[&str]) -> Option<&'static str> {
    behind.iter().take(2).enumerate().find_map(|(at, said)| {
        let is_told = behind
            .get(at + 1)
            .is_some_and(|next| next.bytes().all(|b| b.is_ascii_digit()));
        let own = words(said);
        own.last()
            .filter(|_| !is_told)
            .and_then(|one| quantity(one))
    })
}

/// The kind of quantity that a word names.
fn quantity(word: &str) -> Option<&'static str> {
    Some(match word {
        "price" | "cost" | "fare" | "fee" | "preis" | "kosten" => "price",
        "balance" | "saldo" | "guthaben" => "balance",
        "rating" | "score" | "star" => "rating",
        "size" | "weight" | "length" | "width" | "height" | "volume" => "size",
        "duration" | "distance" => "way",
        "stock" | "quantity" | "count" | "seat" => "count",
        "salary" | "revenue" | "income" | "discount" => "sum",
        _ => return None,
    })
}

/// Of what stands under one key for each of several kinds, as a price for each class, that of the kind which the
/// person said and the call sends, too. A run is given the kind, so it is a key that is given.
fn given<'c>(
    elements: &[Value],
    chosen: usize,
    compared: &'c [(Vec<String>, bool)],
    about: About,
    scope: &Scope<'_>,
) -> Option<(&'c Vec<String>, Operand)> {
    let call = scope.at_hand?;
    // Of what is sent together, as the legs of a trip, none was picked from the others.
    let mut sent = BTreeSet::new();
    crate::leaf::leaves(&call.arguments, &mut |_, _, leaf| {
        sent.insert(leaf.to_string());
    });
    let is_sent = |element: &Value| {
        fields(element).into_iter().any(|(path, value)| {
            let key = path.last().map(|key| words(key)).unwrap_or_default();
            bits(value, &key) >= STRONG && sent.contains(&value.to_string())
        })
    };
    let mut others = elements.iter().enumerate().filter(|(at, _)| *at != chosen);
    if others.any(|(_, other)| is_sent(other)) {
        return None;
    }
    let mut found = compared.iter().filter_map(|(path, time)| {
        let (kind, before) = path.split_last()?;
        let over = words(before.last()?);
        let has = |list: &[&str]| over.iter().any(|word| list.contains(&word.as_str()));
        let fits = match about {
            About::Price => has(&["price", "cost", "fare", "fee", "rate"]),
            About::Rating => has(&["rating", "score", "star"]),
            About::Number | About::Time => false,
        };
        if *time || !fits {
            return None;
        }
        let key = sent_as(&call.arguments, kind, &call.name)?;
        let value = Value::from(kind.as_str());
        let mention = scope
            .said
            .find(&value, &key.full())
            .filter(|one| one.person)?;
        let operand = Operand::Said {
            key,
            value,
            mention,
        };
        Some((path, operand))
    });
    let one = found.next()?;
    found.next().is_none().then_some(one)
}

/// The key under which a call sends a text, where it sends it once.
fn sent_as(arguments: &Value, text: &str, tool: &str) -> Option<Key> {
    let mut found = Vec::new();
    crate::leaf::leaves(arguments, &mut |pointer, _, leaf| {
        if leaf.as_str() == Some(text) {
            let keys: Vec<&str> = pointer
                .split('/')
                .filter(|key| !key.is_empty() && !key.bytes().all(|b| b.is_ascii_digit()))
                .collect();
            found.push(Key::new(keys.into_iter(), tool));
        }
    });
    match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// What else was said of what the word picks and holds for the element: `the cheapest refundable economy flight`.
/// It goes with the word, also where the recording has nothing that it leaves out.
fn narrowed(
    element: &Value,
    word: &str,
    anchors: &[Equal],
    origin: &Origin<'_>,
    said: &Said,
) -> Vec<Equal> {
    let heads = origin.heads();
    let nouns = Nouns {
        heads: &heads,
        deeds: &BTreeSet::new(),
    };
    let read = said.about(reading::About::Word(word.to_owned()), &nouns);
    let mut found: Vec<Equal> = flags(&[element], &read).iter().map(Flag::equal).collect();
    for anchor in anchors {
        let own = spoken(&anchor.value);
        // A value of several words is named where all of them are: `gift card`.
        let named: BTreeSet<String> = read
            .naming(own.iter().map(std::slice::from_ref))
            .into_iter()
            .filter(|one| one.kind == Kind::Property && !one.negated)
            .flat_map(|one| &one.content)
            .flat_map(|word| words(word))
            .collect();
        let is_named = !own.is_empty() && own.iter().all(|word| named.contains(word));
        // `with 2 beds`: the value, and the name of the field.
        let keys: Vec<String> = anchor.field.iter().flat_map(|key| words(key)).collect();
        let is_clause = |one: &&Qualifier| {
            one.kind == Kind::Clause
                && !one.negated
                && one.sure
                && own.iter().all(|word| one.content.contains(word))
                && one
                    .content
                    .iter()
                    .all(|word| own.contains(word) || named_by(&keys, word))
        };
        let is_named = is_named
            || !own.is_empty()
                && read
                    .naming(own.iter().map(std::slice::from_ref))
                    .into_iter()
                    .any(|one| is_clause(&one));
        if is_named && anchor.is_said() && !origin.repeats(&anchor.value) {
            found.push(anchor.clone());
        }
    }
    found
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
