//! Further recordings of the same task: what they show about each value of the one that is followed. A value that
//! differs where everything else is alike is no constant, and a source that gives another value there is none.

use super::Unfolded;
use super::answers::{Hop, WholePlace};
use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Piece, Why, joined};
use super::evaluate::Recorded;
use super::said::Said;
use super::transform::Transform;
use super::view;
use crate::kept::Kept;
use crate::session::{Role, Session, Turn};
use serde_json::{Map, Value};

/// The answer that a value is the same in every run.
pub(super) const CONSTANT: &str = "constant";

/// Another recording, beside the one that is followed.
#[derive(Clone)]
pub(crate) struct Witness<'w> {
    pub(crate) session: &'w Session,
    /// What people call it, where that is not what it calls itself.
    pub(crate) name: Option<String>,
    pub(crate) kept: Vec<Kept<'w>>,
    /// For each call that is followed its counterpart.
    pub(crate) counterparts: Vec<Option<usize>>,
    /// Its own draft, of which steps may be taken.
    pub(crate) draft: Option<Unfolded>,
}

/// What is known of a witness while the session is gone through.
pub(super) struct Seen<'w> {
    witness: &'w Witness<'w>,
    recorded: Recorded<'w>,
    said: Said,
}

/// What the witnesses show about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// None of them has a counterpart to it.
    Nothing,
    /// So many have the same.
    Same(usize),
    /// Some have another.
    Other,
}

impl<'w> Seen<'w> {
    /// `kept` are the calls that are followed: the witness's answers stand under the names of their steps.
    pub(super) fn new(witness: &'w Witness<'w>, kept: &[Kept<'_>]) -> Self {
        let said = said_by_people(witness.session);
        let started_at = witness.session.started_at.unwrap_or_default();
        let steps = kept
            .iter()
            .zip(&witness.counterparts)
            .filter_map(|(kept, other)| Some((kept.step.clone(), witness.kept.get((*other)?)?)));
        Self {
            witness,
            recorded: Recorded::named(steps, started_at),
            said,
        }
    }

    /// The inputs that the recording shows.
    pub(super) fn into_inputs(self) -> Map<String, Value> {
        self.recorded.inputs()
    }

    /// What people said there.
    pub(super) fn said(&self) -> &Said {
        &self.said
    }

    /// Gives an input the value that it has there.
    pub(super) fn set_input(&mut self, name: &str, value: &Value) {
        self.recorded.set_input(name, value);
    }

    /// What an expression gives there.
    pub(super) fn evaluate(&self, expression: &str) -> Option<Value> {
        self.recorded.evaluate(expression)
    }

    /// The calls of the recording.
    pub(super) fn calls(&self) -> &'w [Kept<'w>] {
        &self.witness.kept
    }

    /// For each call that is followed its counterpart there.
    pub(super) fn counterparts(&self) -> &'w [Option<usize>] {
        &self.witness.counterparts
    }

    /// The value at the place of one that a call sent.
    pub(super) fn value(&self, call: usize, pointer: &str) -> Option<&'w Value> {
        let at = (*self.witness.counterparts.get(call)?)?;
        self.witness.kept.get(at)?.call.arguments.pointer(pointer)
    }
}

/// The further recordings, each ready to work out expressions with the inputs that it shows.
pub(super) fn evaluators<'w>(
    kept: &[Kept<'_>],
    witnesses: &'w [Witness<'w>],
    inputs: &[Map<String, Value>],
) -> impl Iterator<Item = (&'w Witness<'w>, Recorded<'w>)> {
    witnesses.iter().zip(inputs).map(|(witness, inputs)| {
        let mut recorded = Seen::new(witness, kept).recorded;
        for (name, value) in inputs {
            recorded.set_input(name, value);
        }
        (witness, recorded)
    })
}

/// All that people said in a session.
pub(super) fn said_by_people(session: &Session) -> Said {
    let mut said = Said::default();
    if let Some(goal) = &session.goal {
        said.hear(goal, true);
    }
    for turn in &session.turns {
        if let Turn::Message {
            role: Role::User,
            text,
            ..
        } = turn
            && session.goal.as_deref() != Some(text.as_str())
        {
            said.hear(text, true);
        }
    }
    said
}

impl<'a> Binder<'a, '_> {
    /// What the further recordings show about a value.
    pub(super) fn shown(&self, sent: &Sent<'_>) -> Shown {
        let mut same = 0;
        for seen in &self.witnesses {
            match seen.value(sent.call, &sent.pointer) {
                Some(value) if value == sent.value => same += 1,
                Some(_) => return Shown::Other,
                None => {}
            }
        }
        if same == 0 {
            Shown::Nothing
        } else {
            Shown::Same(same)
        }
    }

    /// How many different values stand there, in all recordings that have one.
    pub(super) fn varieties(&self, sent: &Sent<'_>) -> usize {
        let mut all = vec![sent.value];
        for seen in &self.witnesses {
            if let Some(value) = seen.value(sent.call, &sent.pointer)
                && !all.contains(&value)
            {
                all.push(value);
            }
        }
        all.len()
    }

    /// Whether the person said the value in every further recording that has one there.
    pub(super) fn said_everywhere(&self, sent: &Sent<'_>) -> bool {
        self.witnesses.iter().all(|seen| {
            seen.value(sent.call, &sent.pointer)
                .is_none_or(|value| seen.said.find(value, &sent.key.full()).is_some())
        })
    }

    /// Whether some further recording sends a value there, too, and does not have a call.
    pub(super) fn is_partial(&self, sent: &Sent<'_>, call: usize) -> bool {
        self.witnesses.iter().any(|seen| {
            let there = seen.witness.counterparts.get(call);
            there.is_some_and(Option::is_none) && seen.value(sent.call, &sent.pointer).is_some()
        })
    }

    /// Whether some further recording looked at fewer elements of a list than it has, by calls of the same tool.
    pub(super) fn stops_elsewhere(&self, list: WholePlace, look: usize) -> bool {
        let steps = self.answers.steps_to_whole(list);
        let keys: Option<Vec<&str>> = steps
            .iter()
            .map(|step| match step.hop {
                Hop::Key(key) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        let (Some(keys), Some(look)) = (keys, self.kept.get(look)) else {
            return false;
        };
        self.witnesses.iter().any(|seen| {
            let there = seen.witness.counterparts.get(list.call);
            let Some((at, source)) = there
                .and_then(|there| *there)
                .and_then(|at| Some((at, seen.witness.kept.get(at)?)))
            else {
                return false;
            };
            let data = view::data(source, &source.answer);
            let held = keys.iter().try_fold(&data, |value, key| value.get(*key));
            let count = match held {
                Some(Value::Array(items)) => items.len(),
                Some(Value::Object(map)) => map.len(),
                _ => return false,
            };
            let behind = seen.witness.kept.iter().skip(at + 1);
            let looks = behind
                .filter(|kept| kept.call.name == look.call.name)
                .count();
            looks > 0 && looks < count
        })
    }

    /// Whether an expression gives another value than was sent in some further recording. What cannot be worked out
    /// there shows nothing.
    pub(super) fn is_refuted(&self, sent: &Sent<'_>, expression: &str) -> bool {
        self.witnesses.iter().any(|seen| {
            match (
                seen.value(sent.call, &sent.pointer),
                seen.recorded.evaluate(expression),
            ) {
                (Some(value), Some(given)) => *value != given,
                _ => false,
            }
        })
    }

    /// Whether a text that is put together of pieces is worded otherwise than what some further recording sent there: what
    /// stands fixed in it is not the same in each run. Figures that stay are asked about by themselves.
    pub(super) fn is_worded_otherwise(&self, sent: &Sent<'_>, pieces: &[Piece]) -> bool {
        if self.witnesses.is_empty() {
            return false;
        }
        let whole = joined(pieces);
        self.witnesses.iter().any(|seen| {
            let value = seen.value(sent.call, &sent.pointer);
            let given = seen.recorded.evaluate(&whole);
            match (value, &given) {
                (Some(Value::String(text)), Some(Value::String(given))) => {
                    wording(text) != wording(given)
                }
                _ => false,
            }
        })
    }

    /// Whether an expression gives what was sent in every further recording, and in one at least another value than
    /// in the one that is followed.
    pub(super) fn is_confirmed(&self, sent: &Sent<'_>, expression: &str) -> bool {
        let mut other = false;
        for seen in &self.witnesses {
            let Some(value) = seen.value(sent.call, &sent.pointer) else {
                continue;
            };
            if seen.recorded.evaluate(expression).as_ref() != Some(value) {
                return false;
            }
            other |= value != sent.value;
        }
        other
    }

    /// What the further recordings answer to a question.
    pub(super) fn witnessed(&self, sent: &Sent<'_>, choices: &[Choice]) -> Option<Choice> {
        match self.shown(sent) {
            Shown::Nothing => None,
            // It stays, unless a source explains it just as well.
            Shown::Same(_) => {
                let explained = choices
                    .iter()
                    .filter(|choice| choice.binding.is_some())
                    .any(|choice| !self.is_refuted(sent, &choice.answer));
                choices
                    .iter()
                    .find(|choice| choice.answer == "constant")
                    .filter(|_| !explained && self.differ)
                    .cloned()
            }
            Shown::Other => {
                let mut confirmed = choices.iter().filter(|choice| {
                    choice.binding.is_some()
                        && !choice.is_only_offered
                        && self.is_confirmed(sent, &choice.answer)
                });
                match (confirmed.next(), confirmed.next()) {
                    (Some(one), None) => Some(one.clone()),
                    (Some(_), Some(_)) => None,
                    (None, _) => choices
                        .iter()
                        .find(|choice| choice.answer == "input")
                        .filter(|_| {
                            self.said.find(sent.value, &sent.key.full()).is_some()
                                && self.said_everywhere(sent)
                        })
                        .cloned(),
                }
            }
        }
    }

    /// The reason why a value stays, in the light of the further recordings: one that differs there is no constant, and
    /// what may give it is what gives it in all of them.
    pub(super) fn in_their_light(&mut self, sent: &Sent<'_>, why: Why) -> Why {
        if matches!(why, Why::Secret | Why::Answered) || self.shown(sent) != Shown::Other {
            return why;
        }
        let choices = match why.choices() {
            Some(choices) => choices.to_vec(),
            None => match self.of_record(sent) {
                Some(Why::Unsure(choices)) => choices,
                _ => super::unsourced::open_choices(),
            },
        };
        let choices = choices
            .into_iter()
            .filter(|choice| match &choice.binding {
                Some(binding) => !self.is_refuted(sent, &binding.expression),
                None => choice.answer != CONSTANT,
            })
            .collect();
        match why {
            Why::Unpicked(_) => Why::Unpicked(choices),
            Why::Unsure(_) => Why::Unsure(choices),
            Why::Day(_) => Why::Day(choices),
            Why::Volatile(what, _) => Why::Volatile(what, choices),
            _ => Why::Varied(choices),
        }
    }

    /// Whether a source is one in the light of the further recordings.
    pub(super) fn holds_everywhere(&self, sent: &Sent<'_>, binding: &Binding) -> bool {
        !self.is_refuted(sent, &binding.expression)
    }

    /// Gives a new input the values that it has in the further recordings, where it is sent as it is.
    pub(super) fn set_witnessed(&mut self, sent: &Sent<'_>, name: &str, transform: &Transform) {
        // A part of a text is no value of its own there.
        let is_whole = self
            .kept
            .get(sent.call)
            .and_then(|kept| kept.call.arguments.pointer(&sent.pointer))
            == Some(sent.value);
        if *transform != Transform::default() || !is_whole {
            return;
        }
        for seen in &mut self.witnesses {
            if let Some(value) = seen.value(sent.call, &sent.pointer) {
                seen.recorded.set_input(name, value);
            }
        }
    }
}

/// How many bytes of a text the day or the time of day takes that it begins with: `2027-03-14`, `10:00`.
fn moment_length(text: &str) -> usize {
    let run = text
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':'))
        .count();
    let run = text[..run].trim_end_matches(['-', ':']);
    let parts = |mark: char| -> Vec<usize> { run.split(mark).map(str::len).collect() };
    let is_day = parts('-') == [4, 2, 2];
    let is_clock = matches!(*parts(':'), [1 | 2, 2] | [1 | 2, 2, 2]);
    match is_day || is_clock {
        true => run.len(),
        false => 0,
    }
}

/// A text with one sign in the place of each of its numbers, but for days and times of day.
fn wording(text: &str) -> String {
    let mut found = String::new();
    let mut rest = text.chars().peekable();
    let mut at = 0;
    while let Some(one) = rest.next() {
        // Days and times of day are asked about nowhere else.
        let begins = one.is_ascii_digit() && !found.ends_with('#');
        let before = text[..at].chars().next_back();
        let length = match begins && !before.is_some_and(char::is_alphanumeric) {
            true => moment_length(&text[at..]),
            false => 0,
        };
        if length > 0 {
            found.push_str(&text[at..at + length]);
            for _ in 1..length {
                rest.next();
            }
            at += length;
            continue;
        }
        at += one.len_utf8();
        let is_inside = matches!(one, '.' | ',')
            && found.ends_with('#')
            && rest.peek().is_some_and(char::is_ascii_digit);
        if one.is_ascii_digit() {
            if !found.ends_with('#') {
                found.push('#');
            }
        } else if !is_inside {
            found.push(one);
        }
    }
    found
}

/// Whether some value that was sent differs between recordings: two recordings of the same show nothing.
pub(super) fn differ(kept: &[Kept<'_>], witnesses: &[Witness<'_>]) -> bool {
    witnesses.iter().any(|witness| {
        kept.iter()
            .zip(&witness.counterparts)
            .filter_map(|(one, other)| Some((one, witness.kept.get((*other)?)?)))
            .any(|(one, other)| one.call.arguments != other.call.arguments)
    })
}

#[cfg(test)]
mod tests {
    use super::wording;

    #[test]
    fn figures_are_wording_and_days_and_times_are_not() {
        for (one, two, alike) in [
            ("It costs 59.90 EUR", "It costs 1,240 EUR", true),
            ("W48121 is sent", "W9 is sent", true),
            ("we come at 10:00.", "we come at 11:30.", false),
            ("is due on 2027-03-14.", "is due on 2027-04-02.", false),
            ("lines 3-14", "lines 4-2", true),
        ] {
            assert_eq!(wording(one) == wording(two), alike, "{one} {two}");
        }
    }
}
