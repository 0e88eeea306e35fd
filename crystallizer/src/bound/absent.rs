//! Things that were made because a look had found none: every run would make one more, also where there is one by then.

use super::another::makes_new;
use super::decide::Decisions;
use super::key::{noun, words};
use super::qualifier::GATE;
use super::{Answered, cycle, view, write};
use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::report::Question;
use druse_engine::Finding;
use serde_json::Value;
use std::collections::BTreeSet;

/// How many calls before it are looked at.
const NEAREST: usize = 16;
/// The longest text that may say that nothing was found, in bytes.
const LONGEST: usize = 300;
/// The answer that one is made in every run.
const ALWAYS: &str = "always";
const CHOICES: [&str; 2] = [ALWAYS, GATE];

/// A change that made what a look had not found, with the answer where there is one.
pub(super) struct Absent {
    call: usize,
    look: usize,
    id: String,
    answer: Option<String>,
}

impl Absent {
    /// Whether it is this change.
    pub(super) fn is_of(&self, call: usize) -> bool {
        self.call == call
    }

    /// The call before which somebody wants to be asked in each run, and what about.
    pub(super) fn wanted_gate(&self, kept: &[Kept<'_>]) -> Option<(usize, String)> {
        let look = kept.get(self.look)?;
        (self.answer.as_deref() == Some(GATE)).then(|| {
            (
                self.call,
                format!("In the recording `{}` had found none.", look.step),
            )
        })
    }
}

/// Finds what is to be asked, and takes the answers. What somebody sees before it is done needs no question.
pub(super) fn ask(
    kept: &[Kept<'_>],
    spots: &[Spot],
    decisions: &mut Decisions<'_>,
    answers: Answered<'_>,
    is_parted: &dyn Fn(usize) -> bool,
) -> Vec<Absent> {
    let taken = write::Taken::of(spots);
    let mut all = Vec::new();
    for (call, own) in kept.iter().enumerate() {
        let gated = spots
            .get(call)
            .is_some_and(|spot| taken.gate_before(*spot).is_some());
        if gated || cycle::of(&decisions.cycles, call).is_some() || is_parted(call) {
            continue;
        }
        let Some(look) = missing(kept, call).filter(|_| !is_told(decisions, own)) else {
            continue;
        };
        let id = format!("absent:{}", own.step);
        let given = answers.given.get(&id);
        let answer = given
            .filter(|given| CHOICES.contains(&given.as_str()))
            .cloned();
        if answer.is_some() {
            decisions.unused_answers.retain(|other| *other != id);
        }
        all.push(Absent {
            call,
            look,
            id,
            answer,
        });
    }
    all
}

/// The look that a change followed because it had found nothing: it was asked by something that the change sends, for
/// the kind of thing that the change makes, and nothing was changed between the two.
fn missing(kept: &[Kept<'_>], call: usize) -> Option<usize> {
    let own = kept.get(call)?;
    if !own.changes() || own.target.own_tool || !makes_new(&own.call.name) {
        return None;
    }
    let kind = noun(&own.call.name);
    let sent = texts(&own.call.arguments);
    let before = kept.iter().enumerate().take(call).rev().take(NEAREST);
    let looks = before.take_while(|(_, one)| one.looks());
    let mut looks = looks.filter(|(_, look)| look.call.batch != own.call.batch);
    looks.find_map(|(at, look)| {
        let asked = texts(&look.call.arguments);
        let names = |words: &[String]| words.iter().any(|word| kind.contains(word));
        let of_kind = names(&noun(&look.call.name));
        (of_kind && !asked.is_disjoint(&sent) && found_nothing(look)).then_some(at)
    })
}

/// The texts of arguments, in small letters.
fn texts(arguments: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    crate::leaf::scalars(arguments, &mut |leaf| {
        let text = leaf.as_str().map(|text| text.trim().to_lowercase());
        all.extend(text.filter(|text| text.len() > 1));
    });
    all
}

/// Whether a look was answered with nothing: an empty list, no value, or the words that there is none.
fn found_nothing(look: &Kept<'_>) -> bool {
    let Some(result) = &look.call.result else {
        return false;
    };
    if result.refused {
        return false;
    }
    let data = view::seen(look);
    if let Value::String(text) = &*data {
        return says_none(text);
    }
    let asked = texts(&look.call.arguments);
    let mut none = false;
    let all = holds_nothing(&data, "", &asked, &mut none);
    all && none
}

/// Whether a value holds nothing but what was asked for, states and places in a list. `none` tells whether it has an
/// empty list or nothing where something may be.
fn holds_nothing(value: &Value, key: &str, asked: &BTreeSet<String>, none: &mut bool) -> bool {
    match value {
        Value::Null => {
            *none = true;
            true
        }
        Value::Bool(_) => true,
        Value::Array(items) => {
            *none |= items.is_empty();
            items.is_empty()
        }
        Value::Object(map) => {
            *none |= map.is_empty();
            map.iter()
                .all(|(key, inner)| holds_nothing(inner, key, asked, none))
        }
        Value::Number(number) => {
            number.as_f64() == Some(0.0)
                || matches!(
                    key,
                    "page" | "per_page" | "limit" | "offset" | "page_size" | "status" | "code"
                )
        }
        Value::String(text) => {
            let small = text.trim().to_lowercase();
            *none |= says_none(text);
            asked.contains(&small)
                || says_none(text)
                || matches!(small.as_str(), "" | "ok" | "success" | "list" | "true")
        }
    }
}

/// Whether a short text says that there is none.
fn says_none(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let says = [
        "not found",
        "not exist",
        "no such",
        "no result",
        "no match",
        "nothing found",
        "none found",
        "nicht gefunden",
    ];
    let finds_no = || text.starts_with("no ") && text.contains(" found");
    text.len() <= LONGEST && (says.iter().any(|one| text.contains(one)) || finds_no())
}

/// Whether the person told it to be made, by the word that the tool has for it: `create a new folder`.
fn is_told(decisions: &Decisions<'_>, own: &Kept<'_>) -> bool {
    let name = crate::name::of_call(&own.call.name, None);
    let verb = words(&name).into_iter().next().unwrap_or_default();
    let kind = noun(&own.call.name);
    decisions.said.by_people().any(|said| {
        said.split(['.', '!', '?', '\n']).any(|sentence| {
            let all: Vec<String> = sentence
                .split(|c: char| !c.is_alphanumeric())
                .flat_map(words)
                .collect();
            all.iter().any(|word| *word == verb || word == "new")
                && kind.last().is_some_and(|kind| all.contains(kind))
        })
    })
}

/// What a person is told and asked, and whether anything is open.
pub(super) fn explained(
    all: &[Absent],
    kept: &[Kept<'_>],
    spots: &[Spot],
) -> (Vec<Finding>, Vec<Question>, bool) {
    let mut findings = Vec::new();
    let mut questions = Vec::new();
    for one in all.iter().filter(|one| one.answer.is_none()) {
        let (Some(own), Some(look), Some(spot)) =
            (kept.get(one.call), kept.get(one.look), spots.get(one.call))
        else {
            continue;
        };
        let finding = Finding::warning(
            "made_when_absent",
            format!(
                "`{}` is done in every run; in the recording `{}` had found none before it.",
                own.step, look.step
            ),
        )
        .help(format!(
            "Answer `{}` with one of its choices, or give the step a condition on what `{}` answers.",
            one.id, look.step
        ))
        .must_acknowledge();
        findings.push(located(finding, &own.step, *spot, ""));
        questions.push(Question {
            id: one.id.clone(),
            step: own.step.clone(),
            path: spot.pointer(),
            text: format!(
                "`{}` found nothing, and then `{}` made it. Is one made in every run, also where there is one already?",
                look.step, own.step
            ),
            choices: CHOICES.map(str::to_owned).to_vec(),
            labels: Vec::new(),
                        default: ALWAYS.to_owned(),
        });
    }
    let open = !questions.is_empty();
    (findings, questions, open)
}
