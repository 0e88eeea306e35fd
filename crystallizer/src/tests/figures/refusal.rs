//! What cannot be derived is said to be so: each value that a change was made with, and that nobody had said and nothing
//! had answered before, is named by a finding or a question at its place.

use super::elsewhere::{known_before, names_of, sessions};
use super::{Line, are_written, line};
use crate::tests::build::options;
use crate::tests::known::share;
use crate::{Mode, Options, crystallize};
use druse_engine::definition::EffectLevel;
use serde_json::Value;

#[test]
fn what_cannot_be_derived_is_said() {
    let options = Options {
        mode: Mode::Bound,
        force: true,
        ..options()
    };
    let all = sessions();
    if all.is_empty() {
        return;
    }
    let verbose = std::env::var_os("DRUSE_VERBOSE").is_some();
    let (mut values, mut said) = (0, 0);
    let step = if are_written() || verbose { 1 } else { 4 };
    for session in all.iter().step_by(step) {
        let Ok(made) = crystallize(std::slice::from_ref(session), &options) else {
            continue;
        };
        let before = known_before(session);
        let made_calls = &made.document.metadata["crystallized"]["calls"];
        for (path, call) in made_calls.as_object().into_iter().flatten() {
            // The passes of a loop have steps of their own kind; the loop is told as a whole.
            let Some(step) = made.document.steps.iter().find(|step| step.id == *path) else {
                continue;
            };
            if step
                .effects
                .is_some_and(|level| level < EffectLevel::IdempotentWrite)
            {
                continue;
            }
            let Some(call) = session
                .calls()
                .find(|known| Some(known.id.as_str()) == call.as_str())
            else {
                continue;
            };
            let known = &before[call.id.as_str()];
            let mut unknown = Vec::new();
            crate::leaf::leaves(&call.arguments, &mut |pointer, _, leaf| {
                let tells = |name: &String| {
                    let digits = name.bytes().filter(u8::is_ascii_digit).count();
                    digits >= 3 || name.bytes().any(|byte| byte.is_ascii_alphabetic())
                };
                let names = names_of(leaf);
                if names
                    .iter()
                    .any(|name| tells(name) && !known.contains(name))
                {
                    unknown.push(pointer.to_owned());
                }
            });
            for pointer in unknown {
                let is_there = |path: Option<&str>| {
                    let inner = path
                        .and_then(|path| path.split_once("/with"))
                        .map(|(_, inner)| inner);
                    inner.is_some_and(|inner| {
                        // Of a tool that became something else the arguments stand elsewhere.
                        step.action.as_deref() != Some("tool")
                            || inner
                                .strip_prefix("/arguments")
                                .is_some_and(|place| pointer.starts_with(place))
                    })
                };
                let told = made.report.findings.iter().any(|finding| {
                    finding.step.as_deref() == Some(step.id.as_str())
                        && !finding.code.starts_with("bound_to_output")
                        && is_there(finding.path.as_deref())
                }) || made
                    .report
                    .questions
                    .iter()
                    .any(|question| question.step == step.id && is_there(Some(&question.path)));
                values += 1;
                said += u64::from(told);
                if verbose && !told {
                    println!(
                        "NOT SAID {} {:?} {} {pointer} {}",
                        session.format,
                        session.external_id,
                        step.id,
                        call.arguments.pointer(&pointer).unwrap_or(&Value::Null)
                    );
                }
            }
        }
    }
    line(&Line {
        measure: "honest refusal, real recordings",
        n: format!("{values} values"),
        coverage: String::new(),
        success: share(said, values),
        wrong: share(values - said, values),
        reach: "100 %",
    });
    assert_eq!(said, values, "{said} of {values}");
}
