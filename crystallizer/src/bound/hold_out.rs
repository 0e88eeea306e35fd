//! Predicts a further recording: the draft runs with what the person said there, every request is answered as it was
//! there, and what it changes has to be what was changed there, in that order.

use super::binding::{Piece, Source};
use super::canonical;
use super::decide::Decisions;
use super::filter;
use super::graft::{self, Grafts};
use super::inputs::{Found, Input};
use super::key::{Key, agree};
use super::rename;
use super::said::{Mention, Said};
use super::transform::Transform;
use super::view;
use super::witness::{Witness, said_by_people};
use crate::drive::{Drive, Order, outcome};
use crate::kept::Kept;
use crate::report::{Difference, HeldOut, Verdict};
use druse_engine::definition::{Document, FailureClass};
use druse_engine::event::{Failure, Outcome};
use druse_engine::plan::Plan;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most differences that are listed for one recording.
const MOST: usize = 10;

/// What came of predicting each further recording.
pub(super) fn hold_out(
    document: &Document,
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    witnesses: &[Witness<'_>],
    grafts: &Grafts<'_>,
) -> Vec<HeldOut> {
    if witnesses.is_empty() {
        return Vec::new();
    }
    let Ok(plan) = Plan::compile(Arc::new(document.clone())) else {
        return Vec::new();
    };
    let plan = Arc::new(plan);
    witnesses
        .iter()
        .zip(&decisions.witnessed)
        .enumerate()
        .map(|(number, (witness, shown))| {
            let recording = graft::name_of(witness.session);
            match inputs(decisions, witness, shown) {
                Ok(mut inputs) => {
                    grafts.show_inputs(number, &mut inputs);
                    predict(&plan, kept, witness, inputs, recording)
                }
                Err(name) => HeldOut {
                    recording,
                    verdict: Verdict::NotRun,
                    matched: 0,
                    differing: 0,
                    missing: 0,
                    differences: Vec::new(),
                    message: Some(format!(
                        "It does not show what the input `{name}` was there."
                    )),
                },
            }
        })
        .collect()
}

/// The inputs as they were in a further recording: as they were sent, else what the person said there in the same place of
/// the same sentence, else the one value under such a key that they said there, and that is none of those which were sent.
/// The name of the first that it does not show otherwise.
fn inputs(
    decisions: &Decisions<'_>,
    witness: &Witness<'_>,
    shown: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let said = said_by_people(witness.session);
    let mut all = Map::new();
    for input in decisions.inputs.iter() {
        let value = shown.get(&input.name).cloned();
        if let Some(value) = value.or_else(|| sent(decisions, witness, &input.name)) {
            all.insert(input.name.clone(), value);
        }
    }
    // `business` of `their business trips`, where `economy` of `to economy class` was sent under such a key.
    let sent: Vec<(&Input, Option<String>)> = decisions
        .inputs
        .iter()
        .filter_map(|input| Some((input, canonical::form(all.get(&input.name)?))))
        .collect();
    for input in decisions.inputs.iter() {
        if all.contains_key(&input.name) {
            continue;
        }
        let Found::Said(mention) = &input.found else {
            return Err(input.name.clone());
        };
        if let Some(value) = worded(decisions, input, mention, &said) {
            all.insert(input.name.clone(), value);
            continue;
        }
        let mut found: BTreeMap<String, Value> = BTreeMap::new();
        for kept in &witness.kept {
            let data = view::data(kept, &kept.answer);
            crate::leaf::leaves(&data, &mut |_, key, leaf| {
                let key = Key::new([key].into_iter(), &kept.call.name);
                let is_it = agree(&key, &input.key) >= 2
                    && rename::other(leaf) != *leaf
                    && said
                        .find(leaf, &input.key.full())
                        .is_some_and(|mention| mention.person);
                if is_it && let Some(form) = canonical::form(leaf) {
                    let is_other = sent.iter().any(|(other, value)| {
                        value.as_ref() == Some(&form)
                            && other.value != input.value
                            && agree(&other.key, &input.key) >= 2
                    });
                    if is_other {
                        return;
                    }
                    found.entry(form).or_insert_with(|| leaf.clone());
                }
            });
        }
        // A number whose side the person named need not stand in any answer.
        if filter::limits(&decisions.said).contains(&input.value) {
            found = filter::limits(&said)
                .into_iter()
                .map(|limit| (limit.to_string(), limit))
                .collect();
        }
        let mut values = found.into_values();
        match (values.next(), values.next()) {
            (Some(value), None) => {
                all.insert(input.name.clone(), value);
            }
            _ => return Err(input.name.clone()),
        }
    }
    Ok(all)
}

/// What the person said in a further recording in the place of an input, in a sentence that is worded alike.
fn worded(
    decisions: &Decisions<'_>,
    input: &Input,
    mention: &Mention,
    said: &Said,
) -> Option<Value> {
    let inputs = decisions.inputs.iter();
    let others: Vec<Mention> = inputs
        .filter(|other| other.name != input.name)
        .filter_map(|other| match &other.found {
            Found::Said(mention) => Some(*mention),
            _ => None,
        })
        .collect();
    // What was said twice may have been said in passing where it stands first.
    if !decisions.said.is_said_once(&input.value) {
        return None;
    }
    let parts = decisions.said.wording(mention, &others)?;
    // What was said in other words than it has stands for something that is not known there.
    let own = decisions.said.worded_so(&parts)?;
    match &input.value {
        Value::String(value) => (own == value).then(|| said.worded_so(&parts).map(Value::from))?,
        Value::Number(value) => {
            let there = said
                .worded_so(&parts)
                .filter(|_| own == value.to_string())?;
            there.parse().ok().filter(Value::is_number)
        }
        _ => None,
    }
}

/// What a further recording sent wherever an input is sent as it is; none where that differs.
fn sent(decisions: &Decisions<'_>, witness: &Witness<'_>, name: &str) -> Option<Value> {
    let mut found: Option<&Value> = None;
    for (decided, there) in decisions.calls.iter().zip(&witness.counterparts) {
        let Some(there) = there.and_then(|there| witness.kept.get(there)) else {
            continue;
        };
        for bound in &decided.bound {
            let [Piece::Value(binding)] = bound.pieces.as_slice() else {
                continue;
            };
            let is_it = matches!(&binding.source, Source::Input(known) if known == name)
                && binding.transform == Transform::default();
            let Some(value) = there
                .call
                .arguments
                .pointer(&bound.pointer)
                .filter(|_| is_it)
            else {
                continue;
            };
            if found.is_some_and(|known| known != value) {
                return None;
            }
            found = Some(value);
        }
    }
    found.cloned()
}

fn predict(
    plan: &Arc<Plan>,
    kept: &[Kept<'_>],
    witness: &Witness<'_>,
    inputs: Map<String, Value>,
    recording: String,
) -> HeldOut {
    let recorded: Vec<&Kept<'_>> = witness
        .kept
        .iter()
        .filter(|kept| crate::prune::succeeded(kept.call))
        .collect();
    // The changes that are still to come, and those that nobody recorded.
    let left: RefCell<Vec<usize>> = RefCell::new(
        recorded
            .iter()
            .enumerate()
            .filter(|(_, kept)| kept.changes())
            .map(|(index, _)| index)
            .collect(),
    );
    let matched = RefCell::new(0_u64);
    let strange: RefCell<Vec<Difference>> = RefCell::new(Vec::new());
    let driven = Drive {
        kept,
        inputs: Value::Object(inputs),
        now: witness.session.started_at.unwrap_or_default(),
        order: Order::Recorded,
        respond: &|_, path, request| {
            let is_it = |kept: &Kept<'_>| {
                let asked = request.as_object();
                asked.is_some_and(|asked| kept.target.filled.request.is(asked))
            };
            let mut left = left.borrow_mut();
            // A change is the next one; a look may be repeated.
            if let Some(next) = left.first().copied().and_then(|next| recorded.get(next))
                && is_it(next)
            {
                left.remove(0);
                *matched.borrow_mut() += 1;
                return outcome(next, &next.answer);
            }
            match recorded.iter().find(|kept| !kept.changes() && is_it(kept)) {
                Some(look) => {
                    *matched.borrow_mut() += 1;
                    outcome(look, &look.answer)
                }
                None => {
                    strange.borrow_mut().push(difference(path, request));
                    Outcome::Failed {
                        failure: Failure::new(
                            FailureClass::Permanent,
                            "not_recorded",
                            "nothing in the recording asks for it",
                        ),
                        retry_after_ms: None,
                    }
                }
            }
        },
        watch: None,
    }
    .run(plan);
    let mut differences = strange.into_inner();
    let differing = u64::try_from(differences.len()).unwrap_or(u64::MAX);
    let mut missing = 0;
    for at in left.into_inner() {
        let Some(kept) = recorded.get(at) else {
            continue;
        };
        missing += 1;
        let why = driven
            .failures
            .iter()
            .next()
            .map(|(step, why)| format!(" `{step}` failed: {}", crate::show::text(why, 160)))
            .unwrap_or_default();
        differences.push(Difference {
            step: kept.step.clone(),
            call: kept.call.id.clone(),
            kind: "missing".to_owned(),
            path: None,
            recorded: Some(crate::show::value("", &kept.call.arguments, 120)),
            replayed: None,
            message: format!(
                "The draft does not ask for the recorded `{}`.{why}",
                crate::show::text(&kept.call.name, 60)
            ),
        });
    }
    differences.truncate(MOST);
    HeldOut {
        recording,
        verdict: if differing + missing == 0 {
            Verdict::Passed
        } else {
            Verdict::Failed
        },
        matched: matched.into_inner(),
        differing,
        missing,
        differences,
        message: None,
    }
}

fn difference(path: &str, request: &Value) -> Difference {
    Difference {
        step: path.to_owned(),
        call: String::new(),
        kind: "differing".to_owned(),
        path: None,
        recorded: None,
        replayed: Some(crate::show::value("", request, 120)),
        message: format!(
            "`{path}` asks for {}, which the recording does not.",
            crate::show::value("", request, 120)
        ),
    }
}
