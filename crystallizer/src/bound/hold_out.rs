//! Predicts a further recording: the draft runs with what the person said there, every request is answered as it was
//! there, and what it changes has to be what was changed there, in that order.

use super::binding::{Piece, Source};
use super::canonical;
use super::decide::Decisions;
use super::filter;
use super::formula_input;
use super::graft::{self, Grafts};
use super::inputs::{Found, Input};
use super::key::{Key, agree};
use super::rename;
use super::said::{Mention, Said};
use super::transform::Transform;
use super::view;
use super::witness::{Witness, said_by_people};
use crate::compare::{Expected, compare};
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
/// The most calls among which the one is looked for that was meant.
const MOST_MEANT: usize = 200;

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
            let held = HeldOut {
                recording: graft::name_of(witness.session),
                name: witness.name.clone(),
                ..HeldOut::default()
            };
            match inputs(decisions, witness, shown) {
                Ok(mut inputs) => {
                    grafts.show_inputs(number, &mut inputs);
                    let inputs = Value::Object(inputs);
                    match refused(&plan, &inputs) {
                        refused if refused.is_empty() => {
                            predict(&plan, kept, witness, inputs, held)
                        }
                        refused => HeldOut {
                            verdict: Verdict::Failed,
                            differing: u64::try_from(refused.len()).unwrap_or(u64::MAX),
                            differences: refused,
                            ..held
                        },
                    }
                }
                Err(name) => HeldOut {
                    message: Some(format!(
                        "It does not show what the input `{name}` was there."
                    )),
                    ..held
                },
            }
        })
        .collect()
}

/// Inputs of a further recording that the draft does not take: a run with them would not begin.
fn refused(plan: &Plan, inputs: &Value) -> Vec<Difference> {
    let found = plan.check_inputs(inputs).err().unwrap_or_default();
    let found = found.into_iter().take(MOST);
    found
        .map(|finding| {
            let path = finding.path.unwrap_or_default();
            let name = path.split('/').nth(1).unwrap_or_default();
            Difference {
                step: String::new(),
                call: String::new(),
                kind: "differing".to_owned(),
                recorded: inputs
                    .get(name)
                    .map(|value| crate::show::whole(name, value)),
                replayed: None,
                message: format!(
                    "The draft does not take what the input `{name}` was there: {}.",
                    finding.message
                ),
                path: Some(path),
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
        if let Some(value) = worded(decisions, input, mention, &said)
            .or_else(|| truth(input, &said))
            .or_else(|| formula_input::elsewhere(input, &decisions.said, &said))
        {
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

/// Whether the person said there that something is to be so, or not; none where they said both or neither.
fn truth(input: &Input, said: &Said) -> Option<Value> {
    input.value.as_bool()?;
    let is_said = |flag: bool| said.find_truth(flag, &input.key.words).is_some();
    match (is_said(true), is_said(false)) {
        (yes, no) if yes != no => Some(Value::Bool(yes)),
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
    inputs: Value,
    held: HeldOut,
) -> HeldOut {
    let recorded: Vec<&Kept<'_>> = witness
        .kept
        .iter()
        .filter(|kept| crate::prune::succeeded(kept.call))
        .collect();
    let failed: Vec<&Kept<'_>> = witness
        .kept
        .iter()
        .filter(|kept| kept.changes() && crate::prune::failed(kept.call))
        .collect();
    let refused_there = |is_it: &dyn Fn(&Kept<'_>) -> bool| failed.iter().any(|kept| is_it(kept));
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
    let differing = RefCell::new(0_u64);
    let driven = Drive {
        kept,
        inputs,
        now: witness.session.started_at.unwrap_or_default(),
        order: Order::Recorded,
        respond: &|call, path, request| {
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
                // A pass of a loop that failed there, too: whether the others go on is the draft's.
                None if path.contains('[') && refused_there(&is_it) => Outcome::Failed {
                    failure: Failure::new(
                        FailureClass::Permanent,
                        "recorded_failure",
                        "it failed in the recording",
                    ),
                    retry_after_ms: None,
                },
                None => {
                    *differing.borrow_mut() += 1;
                    let mut strange = strange.borrow_mut();
                    if strange.len() < MOST {
                        let tool = call.and_then(|call| kept.get(call));
                        let left = left.iter().filter_map(|at| recorded.get(*at));
                        let looks = recorded.iter().filter(|kept| !kept.changes());
                        let meant = meant(tool, left.chain(looks).copied(), request);
                        strange.extend(differences(path, request, meant));
                    }
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
    let differing = differing.into_inner();
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
            recorded: Some(crate::show::whole("", &kept.call.arguments)),
            replayed: None,
            message: format!(
                "The draft does not ask for the recorded `{}`.{why}",
                crate::show::text(&kept.call.name, 60)
            ),
        });
    }
    differences.truncate(MOST);
    HeldOut {
        verdict: if differing + missing == 0 {
            Verdict::Passed
        } else {
            Verdict::Failed
        },
        matched: matched.into_inner(),
        differing,
        missing,
        differences,
        ..held
    }
}

/// The call of a further recording that was meant by what the draft asks for: of the same tool, and the most alike.
fn meant<'k, 'w>(
    tool: Option<&Kept<'_>>,
    recorded: impl Iterator<Item = &'k Kept<'w>>,
    request: &Value,
) -> Option<&'k Kept<'w>>
where
    'w: 'k,
{
    let tool = tool?;
    recorded
        .filter(|kept| kept.call.name == tool.call.name)
        .take(MOST_MEANT)
        .min_by_key(|kept| compare(kept, &Expected::further(kept), request).len())
}

/// Where what the draft asks for is not what was meant; as a whole where nothing was.
fn differences(path: &str, request: &Value, meant: Option<&Kept<'_>>) -> Vec<Difference> {
    let Some(meant) = meant else {
        return vec![difference(path, request)];
    };
    let mut found = compare(meant, &Expected::further(meant), request);
    for one in &mut found {
        // It is known by the step of the draft.
        let told = one.message.strip_prefix(&format!("`{}`", one.step));
        one.message = told.map_or_else(|| one.message.clone(), |told| format!("`{path}`{told}"));
        path.clone_into(&mut one.step);
    }
    match found.is_empty() {
        true => vec![difference(path, request)],
        false => found,
    }
}

fn difference(path: &str, request: &Value) -> Difference {
    Difference {
        step: path.to_owned(),
        call: String::new(),
        kind: "differing".to_owned(),
        path: None,
        recorded: None,
        replayed: Some(crate::show::whole("", request)),
        message: format!(
            "`{path}` asks for {}, which the recording does not.",
            crate::show::value("", request, 120)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A run with such inputs would not begin, so that nothing is predicted by it.
    #[test]
    fn inputs_that_the_draft_does_not_take_are_told() {
        let document: Document = serde_json::from_value(json!({
            "druse": 1, "name": "refund", "inputs": { "amount": { "type": "integer", "default": 20 } },
            "steps": [{ "id": "a", "action": "transform", "with": { "value": "{{ inputs.amount }}" } }],
        }))
        .unwrap();
        let plan = Plan::compile(Arc::new(document)).unwrap();
        assert_eq!(refused(&plan, &json!({ "amount": 35 })), []);
        let found = refused(&plan, &json!({ "amount": 35.5 }));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].recorded.as_deref(), Some("35.5"));
        assert_eq!(found[0].path.as_deref(), Some("/amount"));
        let message = &found[0].message;
        assert!(
            message.contains("the input `amount`") && message.contains("integer"),
            "{message}"
        );
    }
}
