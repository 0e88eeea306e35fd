//! Values that are put together of parts of a record, with signs between them and no blanks: `mailer-staging`,
//! `archive/2027-05-26_acme.pdf`, `welcome_en`. As a whole nothing has them, so that they would stay.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Piece, Why};
use super::compose::is_code;
use super::evaluate::{quoted, with};
use super::key::words;
use super::parts;
use super::total::Total;
use super::turn::closed;
use crate::value_class;
use serde_json::Value;
use std::collections::HashSet;

/// The shortest and the longest text that is taken apart, in bytes.
const SHORTEST: usize = 4;
const LONGEST: usize = 160;
/// The most pieces of a text that are looked at.
const MOST_PIECES: usize = 24;
/// The letters of the shortest piece that is known by itself, and of one whose key says what it is.
const SHORTEST_PIECE: usize = 3;
const SHORTEST_NAMED: usize = 2;
/// The longest value of a record that is looked for, in bytes.
const LONGEST_VALUE: usize = 100;
/// The most values of records that are looked for.
const MOST_WHOLES: usize = 2_000;
/// The bytes of a day, and of a month: `2027-05-26`, `2027-05`.
const DAY: usize = 10;
const MONTH: usize = 7;

/// A value of a record that may be a part of a text.
struct Whole {
    call: usize,
    path: Option<Vec<String>>,
    /// The input that has it, where a person said it.
    input: Option<String>,
    text: String,
    /// Whether its key says that short ones are names, too.
    is_named: bool,
}

/// A part of a text.
enum Part {
    Fixed(String),
    /// What another binding gives.
    Bound(Box<Binding>),
    /// The value of a record at this place in the list, as this expression of it has it; none where nothing makes it so.
    Of(usize, Option<String>),
}

impl Binder<'_, '_> {
    /// The question about a text without blanks that has parts of a record in it; `pieces` is what is known of it already.
    pub(super) fn pieced(&mut self, sent: &Sent<'_>, pieces: &[Piece]) -> Option<Why> {
        let text = sent.value.as_str()?;
        let kept = self.kept.get(sent.call)?;
        let is_plain = (SHORTEST..=LONGEST).contains(&text.len())
            && !text.contains(char::is_whitespace)
            && text.contains(is_sign)
            // The month of another day is no part of a day.
            && !value_class::is_date(text)
            && !value_class::is_moment(text)
            && !text.contains(['{', '}', '<', '>', '`', '|', ';']);
        if !is_plain
            || self.at_hand.is_none()
            || !kept.changes()
            || kept.target.own_tool
            || matches!(&*kept.target.action, "shell" | "file" | "sql")
            || is_code(&sent.key)
        {
            return None;
        }
        let wholes = self.wholes(sent);
        let mut all: Vec<Part> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(fixed) => self.apart_by(fixed, &wholes, &mut all),
                Piece::Value(binding) => all.push(Part::Bound(binding.clone())),
            }
        }
        if !all.iter().any(|part| matches!(part, Part::Of(..))) {
            return None;
        }
        let together = self.together(sent, &wholes, all);
        Some(self.one_of(sent, together.into_iter().collect()))
    }

    /// The texts of the records that were looked at before, and those of inputs.
    fn wholes(&self, sent: &Sent<'_>) -> Vec<Whole> {
        // Of a list only what the change is about is meant.
        let records = self
            .records_before(sent)
            .filter(|record| record.is_about || record.path.is_some());
        let mut all: Vec<Whole> = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for record in records {
            for (key, value) in record.map {
                let Some(text) = value.as_str() else { continue };
                let fits = (SHORTEST_NAMED..=LONGEST_VALUE).contains(&text.len());
                if all.len() >= MOST_WHOLES {
                    return all;
                }
                if fits && seen.insert(text) {
                    all.push(Whole {
                        call: record.call,
                        path: record.path.as_ref().map(|path| {
                            let mut path = path.clone();
                            path.push(key.clone());
                            path
                        }),
                        input: None,
                        text: text.to_owned(),
                        is_named: names_short(key),
                    });
                }
            }
        }
        let inputs = self.inputs.iter().filter_map(|input| {
            let text = input.value.as_str()?;
            let fits = (SHORTEST_NAMED..=LONGEST_VALUE).contains(&text.len());
            fits.then(|| Whole {
                call: sent.call,
                path: None,
                input: Some(input.name.clone()),
                text: text.to_owned(),
                is_named: false,
            })
        });
        all.extend(inputs.take(MOST_WHOLES));
        all
    }

    /// Takes a fixed text apart: the longest runs of its pieces that records have, and what stands between them.
    fn apart_by(&self, fixed: &str, wholes: &[Whole], all: &mut Vec<Part>) {
        let pieces: Vec<(usize, usize)> = pieces_of(fixed);
        let mut done = 0;
        let mut from = 0;
        while from < pieces.len() {
            let runs = (from..pieces.len()).rev();
            let found = runs.into_iter().find_map(|to| {
                let run = fixed.get(pieces[from].0..pieces[to].1)?;
                let said = self.said.find(&Value::from(run), &[]);
                let is_said = said.is_some_and(|mention| mention.person);
                // What was said is an input as it was said; written otherwise, too.
                let place = wholes.iter().position(|whole| {
                    whole.is_in(run)
                        && match &whole.input {
                            Some(_) => whole.text != run,
                            None => !is_said,
                        }
                })?;
                Some((to, Part::Of(place, wholes[place].as_in(run))))
            });
            let Some((to, part)) = found else {
                from += 1;
                continue;
            };
            let (start, end) = (pieces[from].0, pieces[to].1);
            if done < start {
                all.push(Part::Fixed(fixed[done..start].to_owned()));
            }
            all.push(part);
            done = end;
            from = to + 1;
        }
        if done < fixed.len() {
            all.push(Part::Fixed(fixed[done..].to_owned()));
        }
    }

    /// What puts the parts together, where each of them has a source.
    fn together(&mut self, sent: &Sent<'_>, wholes: &[Whole], all: Vec<Part>) -> Option<Binding> {
        let mut sources: Vec<Binding> = Vec::new();
        // What is written: fixed, or of a source.
        let mut written: Vec<Result<String, (usize, String)>> = Vec::new();
        for part in all {
            match part {
                Part::Fixed(text) => written.push(Ok(quoted(&text))),
                Part::Bound(binding) => {
                    written.push(Err((sources.len(), "v".to_owned())));
                    sources.push(*binding);
                }
                Part::Of(place, how) => {
                    let whole = wholes.get(place)?;
                    let value = Value::from(whole.text.as_str());
                    written.push(Err((sources.len(), how?)));
                    sources.push(match &whole.input {
                        Some(name) => parts::of_input(name, &value),
                        None => {
                            let path = whole.path.as_ref()?;
                            self.field_of(whole.call, path, Total::Field, &value)?
                        }
                    });
                }
            }
        }
        let because = "it is put together of what the answers held";
        Some(parts::made(sources, sent.value, because, |place| {
            let all: Vec<String> = written
                .iter()
                .map(|one| match one {
                    Ok(fixed) => fixed.clone(),
                    Err((at, how)) => closed(&put(how, &place[*at])),
                })
                .collect();
            match all.as_slice() {
                [one] => one.clone(),
                all => all.join(" ~ "),
            }
        }))
    }
}

/// An expression of `v` with another one in its place.
fn put(how: &str, place: &str) -> String {
    match how.strip_prefix('v') {
        Some(rest) => format!("{place}{rest}"),
        None => how.to_owned(),
    }
}

impl Whole {
    /// Whether a run of pieces is this value: in small letters or capitals, as the words of a text with signs between
    /// them, or as the day or the month of it.
    fn is_in(&self, run: &str) -> bool {
        let letters = run.chars().filter(|c| c.is_alphanumeric()).count();
        let least = match self.is_named {
            true => SHORTEST_NAMED,
            false => SHORTEST_PIECE,
        };
        let is_number = run.bytes().all(|byte| byte.is_ascii_digit());
        if letters < least || is_number {
            return false;
        }
        let is_day = value_class::is_date(&self.text) || value_class::is_moment(&self.text);
        if is_day {
            return [DAY, MONTH]
                .into_iter()
                .any(|length| run.len() == length && self.text.get(..length) == Some(run));
        }
        let is_slug = || {
            let own = self.text.split(|c: char| !c.is_alphanumeric());
            let own = own.filter(|word| !word.is_empty());
            let own: Vec<String> = own.map(str::to_lowercase).collect();
            let run = run.split(is_sign).filter(|word| !word.is_empty());
            own.len() > 1
                && own
                    .iter()
                    .eq(run.map(str::to_lowercase).collect::<Vec<_>>().iter())
        };
        run.to_lowercase() == self.text.to_lowercase()
            || self.text.contains(char::is_whitespace) && is_slug()
    }

    /// The expression of this value, `v`, that is written as the run; none where it is written otherwise.
    fn as_in(&self, run: &str) -> Option<String> {
        let sign = run.chars().find(|c| is_sign(*c)).unwrap_or('-').to_string();
        let joined = format!(" | replace(' ', {})", quoted(&sign));
        let ways = [
            "v".to_owned(),
            "v | lower".to_owned(),
            "v | upper".to_owned(),
            format!("v[:{DAY}]"),
            format!("v[:{MONTH}]"),
            format!("v{joined}"),
            format!("v | lower{joined}"),
        ];
        let own = Value::from(self.text.as_str());
        ways.into_iter()
            .find(|way| with(&own, way).is_some_and(|value| value.as_str() == Some(run)))
    }
}

/// The pieces of a text between its signs.
fn pieces_of(text: &str) -> Vec<(usize, usize)> {
    let place = |piece: &str| piece.as_ptr() as usize - text.as_ptr() as usize;
    text.split(is_sign)
        .filter(|piece| !piece.is_empty())
        .map(|piece| (place(piece), place(piece) + piece.len()))
        .take(MOST_PIECES)
        .collect()
}

/// Whether a sign stands between the pieces of a text.
fn is_sign(c: char) -> bool {
    matches!(
        c,
        ',' | '-' | '_' | '/' | '.' | ':' | '@' | '+' | '#' | '~' | '='
    )
}

/// Whether the values under a key are short names of things: languages, countries, environments.
fn names_short(key: &str) -> bool {
    words(key).iter().any(|word| {
        matches!(
            word.as_str(),
            "locale"
                | "language"
                | "lang"
                | "country"
                | "env"
                | "environment"
                | "region"
                | "currency"
                | "code"
                | "state"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::Whole;

    #[test]
    fn a_piece_is_known_however_it_is_written() {
        for (text, run, is_named, expected) in [
            ("mailer", "mailer", false, Some("v")),
            ("Acme", "acme", false, Some("v | lower")),
            ("de", "DE", true, Some("v | upper")),
            ("de", "DE", false, None),
            ("2027-05-26T10:00", "2027-05-26", false, Some("v[:10]")),
            ("2027-05-26", "2027-05", false, Some("v[:7]")),
            ("2027-05-26", "2027", false, None),
            (
                "When Umbra Grows",
                "when-umbra-grows",
                false,
                Some("v | lower | replace(' ', '-')"),
            ),
            ("When Umbra Grows", "umbra", false, None),
            ("1200", "1200", false, None),
        ] {
            let whole = Whole {
                call: 0,
                path: None,
                input: None,
                text: text.to_owned(),
                is_named,
            };
            let found = whole.is_in(run).then(|| whole.as_in(run)).flatten();
            assert_eq!(found.as_deref(), expected, "{text} {run}");
        }
    }
}
