//! The passes, in order.

mod accepted;
mod further;
mod longer;

use further::{of_graft, witnesses};

use crate::asked::Asked;
use crate::drive::outcome;
use crate::emit::Emitted;
use crate::kept::Kept;
use crate::name::{self, Ids};
use crate::options::{CrystallizeError, Crystallized, Mode, Options};
use crate::report::{Level, Replay, Report, ReportCounts};
use crate::secret::{self, Names};
use crate::session::{Session, SessionStatus, ToolSpec};
use crate::tool_map::{Folders, Mapper, Origin, Target};
use crate::{
    advice, answer, bound, capability, caution, copies, determinism, drift, duplicate, effects,
    emit, findings, gate, judgement, not_repeated, overwritten, provenance, prune, relied, replay,
    trust, waiting, working_place,
};
use druse_engine::carried;
use druse_engine::check::{Catalog, check_recorded};
use druse_engine::definition::{Document, EffectLevel, Step, blocks_storing};
use druse_engine::event::Outcome;
use druse_engine::{Finding, Severity, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The most calls that a draft is made of: nobody reviews more, and a document has no room for them.
const MOST_CALLS: usize = 20_000;

/// How often what makes no valid step is set aside before the draft is taken as it is.
const ROUNDS: usize = 8;

/// Turns recorded sessions of one task into a draft and a report about it.
///
/// The first session is the one that is followed, unless another one shows a loop that it is too short for. Same sessions
/// and options, same bytes; nothing that a session holds is executed.
///
/// # Errors
/// `run_not_successful` when the session failed or was canceled (unless forced), `nothing_to_crystallize`
/// when no call is left, `bad_name` for a name that no automation can have, `unknown_code` for a code to accept that
/// no finding has.
pub fn crystallize(
    sessions: &[Session],
    options: &Options,
) -> Result<Crystallized, CrystallizeError> {
    match options.accept.is_empty() {
        true => once(sessions, options),
        false => accepted::crystallize(sessions, options),
    }
}

/// Whether a session holds anything that is to be done again.
pub(crate) fn has_steps(session: &Session, options: &Options) -> bool {
    let pruned = prune::prune(session, &options.keep);
    let few = session.calls().count() <= MOST_CALLS;
    few && !pruned.kept.is_empty() && !settled(session, options, &pruned).kept.is_empty()
}

/// A draft and its report; of what is to be accepted it is only said that it was not.
fn once(sessions: &[Session], options: &Options) -> Result<Crystallized, CrystallizeError> {
    let own = follow(sessions, options)?;
    let Some(first) = longer::longer(sessions, options) else {
        return Ok(own);
    };
    let (reordered, options) = longer::with_first(sessions, options, first);
    match (follow(&reordered, &options), reordered.first()) {
        (Ok(mut other), Some(session)) if longer::is_better(&other, &own) => {
            longer::told(&mut other, session, &options.called(0, session));
            Ok(other)
        }
        _ => Ok(own),
    }
}

/// The draft of the first session, with the others beside it.
fn follow(sessions: &[Session], options: &Options) -> Result<Crystallized, CrystallizeError> {
    let Some(session) = sessions.first() else {
        return Err(nothing("There is no session."));
    };
    accepted(session, options)?;
    known(session, &options.keep)?;
    whole(options.folder.as_deref())?;
    let calls = session.calls().count();
    if calls > MOST_CALLS {
        return Err(CrystallizeError::new(
            "too_many_calls",
            format!(
                "The session holds {}{calls} calls; a draft is made of at most {MOST_CALLS}.",
                // Beyond some number they are only counted, and the finding says how many.
                match session
                    .findings
                    .iter()
                    .any(|one| one.code == "calls_left_out")
                {
                    true => "more than ",
                    false => "",
                }
            ),
            "Record the task alone, or split the recording.",
        ));
    }
    let pruned = prune::prune(session, &options.keep);
    if pruned.kept.is_empty() {
        let calls = session.calls().count();
        return Err(nothing(&if calls == 0 {
            format!("The session holds no tool call.{}", unread(session))
        } else {
            format!(
                "None of the session's {} is left to repeat.",
                crate::show::count(calls, "tool call", "tool calls")
            )
        }));
    }

    let draft = settled(session, options, &pruned);
    if draft.kept.is_empty() {
        let own = draft
            .left_out
            .iter()
            .any(|out| out.code == "looked_without_step" || out.code == "failed_without_step");
        return Err(nothing(if own {
            "The session only looked at what no step can look at again: nothing in it is to be done again."
        } else {
            "The session only kept notes of the agent's own: nothing in it is to be done again."
        }));
    }
    let Draft {
        mut kept,
        mut emitted,
        gates,
        checked,
        left_out,
        repeated,
    } = draft;
    let started_at = match options.mode {
        Mode::Exact => Timestamp(0),
        Mode::Bound => session.started_at.unwrap_or_default(),
    };
    let others: Vec<(usize, &Session, prune::Pruned<'_>)> = match options.mode {
        Mode::Exact => Vec::new(),
        Mode::Bound => sessions
            .iter()
            .zip(copies::copies(sessions))
            .enumerate()
            .skip(1)
            .filter(|(_, (other, copy))| copy.is_none() && accepted(other, options).is_ok())
            .map(|(at, (other, _))| (at, other, prune::prune(other, &BTreeSet::new())))
            .collect(),
    };
    let (witnesses, strangers) = witnesses(&kept, &others, options);
    let mut made = (options.mode == Mode::Bound).then(|| {
        let mut made = bind(
            session,
            &mut kept,
            &mut emitted,
            bound::Answered {
                given: &options.answers,
                before: &options.answered_for,
            },
            started_at,
            &witnesses,
        );
        // The changed answers have as many pages as the recorded ones, so that they cannot tell; nor have they what a
        // person named and the recording does not show.
        if made.pages_fixed || made.not_shown {
            made.generalisable = Level::Same;
        }
        made
    });
    if let Some(made) = &made {
        kept_answers(&mut emitted.document, options, made);
    }
    let (about_values, questions) = match &mut made {
        Some(made) => (
            std::mem::take(&mut made.findings),
            std::mem::take(&mut made.questions),
        ),
        None => Default::default(),
    };
    let grafts = made.as_ref().map_or(&[][..], |made| &made.grafts);
    // The calls of all steps, whichever recording they are of.
    let joined = (!grafts.is_empty()).then(|| {
        let others = grafts.iter().flat_map(bound::Graft::steps);
        kept.iter().chain(others).cloned().collect::<Vec<_>>()
    });
    let all = joined.as_deref().unwrap_or(&kept);
    emitted.document.capabilities = Some(capability::of(&emitted.document, all, session));
    let mut document = emitted.document;
    let replayed = replay::replay(&mut document, &kept, started_at);
    // What these two look things up in is gone before the findings are there.
    let asked = Asked::of(session, &kept);
    let trust = trust::trust(session, &document, &kept, &emitted.places, &asked);
    let mut origins = provenance::origins(session, &kept, &asked);
    drop(asked);
    if let Some(made) = &made {
        for of_one in &mut origins {
            of_one.retain(|origin| {
                let from = (origin.call, String::new());
                let mut of_call = made.covered.range(from..(origin.call + 1, String::new()));
                !of_call.any(|(_, pointer)| bound::within(&origin.pointer, pointer))
            });
        }
    }
    let mut found = about_session(sessions, options);
    found.extend(strangers);
    let further = match options.mode {
        Mode::Exact => emit::length_of_description(&kept, options.mode),
        Mode::Bound => 0,
    };
    found.extend(findings::of_size(&document, further));
    found.extend(session.findings.iter().cloned());
    found.extend(pruned.findings);
    found.extend(repeated);
    let gated: BTreeSet<usize> = gates.before.keys().copied().collect();
    found.extend(gates.findings);
    found.extend(caution::findings(
        session,
        &kept,
        &emitted.places,
        &gated,
        &gates.declined,
        &gates.objected,
    ));
    found.extend(waiting::findings(&kept, &emitted.places));
    found.extend(findings::of_mapping(&kept, &emitted.places, options));
    found.extend(findings::of_calls(session, &kept, &emitted.places));
    found.extend(findings::of_doubled(&kept, &emitted.places));
    found.extend(working_place::findings(
        session,
        &Folders::of(session, options),
        &kept,
        &emitted.places,
    ));
    let fixed = overwritten::fixed(&document, session, all);
    found.extend(overwritten::findings(&fixed, &kept, &emitted.places));
    found.extend(secret::findings(
        &kept,
        &emitted.places,
        &session.secrets,
        options.secrets.as_deref(),
    ));
    found.extend(about_values);
    found.reserve_exact(origins.iter().map(Vec::len).sum());
    findings::of_origins(origins, &kept, &emitted.places, &mut found);
    let mut ids = HashSet::new();
    step_ids(&document.steps, &mut ids);
    found.extend(checked.into_iter().filter(|finding| {
        finding
            .step
            .as_deref()
            .is_none_or(|step| ids.contains(step))
    }));
    found.extend(findings::of_replay(&replayed, kept.len()));
    trust::join(&mut found, trust.findings);
    let mut labels = trust.labels;
    for graft in grafts {
        if let Some(witness) = witnesses.get(graft.witness) {
            labels.extend(of_graft(
                graft,
                witness.session,
                &document,
                options,
                &mut found,
            ));
        }
    }
    secret::only_held(&mut found, &document);
    trust::once::once(&mut found, all);
    caution::once(&mut found);
    findings::unique(&mut found);
    found.sort_by_key(|finding| finding.severity);
    let judgement = judgement::judge(&judgement::Facts {
        session,
        kept: all,
        document: &document,
        fixed: &fixed,
        findings: &found,
        held_out: made.as_ref().map_or(&[], |made| &made.held_out),
        left_out: left_out.len(),
        gates: emitted.gates,
        values: made.as_ref().map(|made| made.values),
    });

    let advice = advice::advice(&kept, options.mode);
    let mut shapes = drift::shapes(&kept, &|call| {
        let others = witnesses.iter().filter_map(|witness| {
            let other = witness.kept.get((*witness.counterparts.get(call)?)?)?;
            prune::succeeded(other.call).then(|| relied::output(other))
        });
        others.collect()
    });

    for graft in grafts {
        let own: Vec<Kept<'_>> = graft.steps().cloned().collect();
        shapes.extend(drift::shapes(&own, &|_| Vec::new()));
    }

    let report = Report {
        counts: ReportCounts {
            calls: count(all.len() + left_out.len()),
            steps: count(all.len()),
            gates: emitted
                .gates
                .saturating_sub(made.as_ref().map_or(0, |made| made.gates_folded))
                .saturating_add(made.as_ref().map_or(0, |made| made.gates_added)),
            left_out: count(left_out.len()),
        },
        replay: replayed,
        labels,
        values: made.as_ref().map(|made| made.values),
        held_out: made
            .as_ref()
            .map(|made| made.held_out.clone())
            .unwrap_or_default(),
        generalisable: made.as_ref().map(|made| made.generalisable),
        questions,
        perturbed: made.map(|made| made.perturbed).unwrap_or_default(),
        findings: found,
        advice,
        savings: advice::savings(session),
        judgement,
        shapes,
    };
    if options.mode == Mode::Exact {
        emit::describe(&mut document, &kept, &emitted.places, options.mode);
    }
    drop((joined, kept));
    carried::write(&report.findings, &mut document);
    Ok(Crystallized { document, report })
}

/// Binds the values. Calls that repeat become loops, unless the draft without loops repeats the recording better or
/// holds on more other data.
fn bind<'k: 'w, 'w>(
    session: &'k Session,
    kept: &mut [Kept<'k>],
    emitted: &mut emit::Emitted,
    answers: bound::Answered<'_>,
    started_at: Timestamp,
    witnesses: &[bound::Witness<'w>],
) -> bound::Made<'w> {
    let mut plain = None;
    let steps: Vec<String> = kept.iter().map(|kept| kept.step.clone()).collect();
    let made = bound::bind(
        session,
        kept,
        &mut emitted.document,
        &mut emitted.places,
        answers,
        Some(&mut plain),
        witnesses,
    );
    let Some(plain) = plain.filter(|_| made.loops > 0) else {
        return made;
    };
    let replayed = replay::replay(&mut emitted.document, kept, started_at);
    let repeats = replayed.differing + replayed.missing == 0;
    if repeats && made.generalisable > Level::Same {
        return made;
    }
    let folded = bound::Unfolded {
        document: std::mem::replace(&mut emitted.document, plain.document),
        spots: std::mem::replace(&mut emitted.places, plain.spots),
    };
    let targets: Vec<Target<'k>> = kept.iter().map(|kept| kept.target.clone()).collect();
    let paths: Vec<(String, Option<Box<str>>)> = kept
        .iter_mut()
        .zip(steps)
        .map(|(kept, step)| (std::mem::replace(&mut kept.step, step), kept.in_pass.take()))
        .collect();
    let unfolded = bound::bind(
        session,
        kept,
        &mut emitted.document,
        &mut emitted.places,
        answers,
        None,
        witnesses,
    );
    if !repeats || unfolded.generalisable > made.generalisable {
        return unfolded;
    }
    (emitted.document, emitted.places) = (folded.document, folded.spots);
    for ((kept, (step, path)), target) in kept.iter_mut().zip(paths).zip(targets) {
        (kept.step, kept.in_pass, kept.target) = (step, path, target);
    }
    made
}

/// Writes down what the answers were given for, and takes out those that hold no longer or that nothing was made of.
fn kept_answers(document: &mut Document, options: &Options, made: &bound::Made<'_>) {
    let Some(Value::Object(crystallized)) = document.metadata.get_mut("crystallized") else {
        return;
    };
    let is_gone = |id: &String| made.outdated.contains(id) || made.unused.contains(id);
    if let Some(Value::Object(answers)) = crystallized.get_mut("answers") {
        answers.retain(|id, _| !is_gone(id));
        if answers.is_empty() {
            crystallized.shift_remove("answers");
        }
    }
    let mut answered_for = options.answered_for.clone();
    answered_for.extend(made.taken_for.clone());
    answered_for.retain(|id, _| options.answers.contains_key(id) && !is_gone(id));
    crystallized.shift_remove("answered_for");
    if !answered_for.is_empty() {
        let answered_for = serde_json::to_value(answered_for).unwrap_or_default();
        crystallized.insert("answered_for".to_owned(), answered_for);
    }
}

/// The ids of a list of steps and of the bodies in it.
fn step_ids<'d>(steps: &'d [Step], ids: &mut HashSet<&'d str>) {
    for step in steps {
        ids.insert(&step.id);
        step_ids(&step.steps, ids);
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What of a recording without a call was left out, for the call may have stood there.
fn unread(session: &Session) -> String {
    if session.bytes_left_out == 0 {
        return String::new();
    }
    let told = session.findings.iter().filter(|finding| {
        matches!(
            finding.code.as_str(),
            "unknown_record"
                | "unknown_block"
                | "unknown_role"
                | "not_a_record"
                | "unreadable_call"
                | "broken_line"
                | "beside_the_recording"
        )
    });
    let told: Vec<&str> = told
        .take(3)
        .map(|finding| finding.message.as_str())
        .collect();
    match told.as_slice() {
        [] => String::new(),
        told => format!(" {}", told.join(" ")),
    }
}

fn nothing(message: &str) -> CrystallizeError {
    CrystallizeError::new(
        "nothing_to_crystallize",
        message,
        "A recording needs at least one tool call that was not refused.",
    )
}

/// Refuses a folder that depends on where somebody stands.
fn whole(folder: Option<&str>) -> Result<(), CrystallizeError> {
    match folder
        .filter(|folder| !folder.starts_with('/') || folder.split('/').any(|part| part == ".."))
    {
        None => Ok(()),
        Some(folder) => Err(CrystallizeError::new(
            "bad_folder",
            format!(
                "The automation cannot work in the folder `{}`.",
                crate::show::text(folder, 80)
            ),
            "A folder is written whole, from `/` on and without `..`.",
        )),
    }
}

/// Refuses to keep a call that the session does not have.
fn known(session: &Session, keep: &BTreeSet<String>) -> Result<(), CrystallizeError> {
    let there: BTreeSet<&str> = session.calls().map(|call| call.id.as_str()).collect();
    match keep.iter().find(|id| !there.contains(id.as_str())) {
        None => Ok(()),
        Some(id) => Err(CrystallizeError::new(
            "unknown_call",
            format!(
                "The session has no call `{}` to keep.",
                crate::show::text(id, 60)
            ),
            "The report lists the calls that were left out, by their ids.",
        )),
    }
}

fn accepted(session: &Session, options: &Options) -> Result<(), CrystallizeError> {
    if let Some(name) = &options.name
        && !name::is_name(name)
    {
        return Err(CrystallizeError::new(
            "bad_name",
            format!(
                "`{}` cannot name an automation.",
                crate::show::text(name, 60)
            ),
            "A name begins with a letter or digit, and goes on with letters, digits, `_`, `.` and `-`.",
        ));
    }
    let how = match session.status {
        Some(SessionStatus::Failed) => "failed",
        Some(SessionStatus::Canceled) => "was canceled",
        Some(SessionStatus::Succeeded) | None => return Ok(()),
    };
    if options.force {
        return Ok(());
    }
    Err(CrystallizeError::new(
        "run_not_successful",
        format!("The recorded session {how}, so there is no success to repeat."),
        "Use a recording that succeeded, or `force` to crystallize this one all the same.",
    ))
}

/// Findings about the sessions as a whole.
fn about_session(sessions: &[Session], options: &Options) -> Vec<Finding> {
    let mut found = Vec::new();
    let status = sessions.first().and_then(|session| session.status);
    match status {
        None => found.push(
            Finding::warning(
                "success_unknown",
                "The recording does not say whether the session reached its goal.",
            )
            .help("Look at its end before you rely on it."),
        ),
        Some(SessionStatus::Failed | SessionStatus::Canceled) => found.push(
            Finding::warning(
                "run_not_successful",
                "The recorded session did not reach its goal; the draft was forced.",
            )
            .help("The automation does what the session did, up to where it ended."),
        ),
        Some(SessionStatus::Succeeded) => {}
    }
    if sessions.len() > 1 && options.mode == Mode::Exact {
        found.push(Finding::info(
            "further_recordings_unused",
            format!(
                "`{}` follows one recording; the other {} were not used.",
                options.mode.name(),
                sessions.len() - 1
            ),
        ));
    }
    if options.mode == Mode::Bound {
        let copies = copies::copies(sessions);
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for of in copies.iter().flatten() {
            *counts.entry(*of).or_default() += 1;
        }
        for (of, count) in counts {
            let Some(first) = sessions.get(of) else {
                continue;
            };
            let name = options.called(of, first);
            let mut finding = Finding::warning(
                "recording_not_used",
                format!(
                    "{} with the same calls and the same answers as the recording `{}`: copies count once.",
                    crate::show::count(count, "further recording came", "further recordings came"),
                    crate::show::name(&name, 60)
                ),
            )
            .help("Give recordings of different runs of the task.");
            finding.id = format!("recording_not_used:copy:{}", first.digest);
            found.push(finding);
        }
        for (at, (other, copy)) in sessions.iter().zip(&copies).enumerate().skip(1) {
            if copy.is_none()
                && let Err(error) = accepted(other, options)
            {
                let mut finding = Finding::warning(
                    "recording_not_used",
                    match options.names.get(at) {
                        Some(name) => format!(
                            "The recording `{}` was not used. {}",
                            crate::show::name(name, 60),
                            error.message
                        ),
                        None => format!("A further recording was not used. {}", error.message),
                    },
                )
                .help(error.help);
                finding.id = format!("recording_not_used:{}", other.digest);
                found.push(finding);
            }
        }
    }
    if !options.accept.is_empty() {
        found.push(
            Finding::info(
                "accept_not_applied",
                match options.mode {
                    Mode::Exact => {
                        "`exact` applies no suggestions, so `accept` changed nothing.".to_owned()
                    }
                    Mode::Bound => format!(
                        "No open question stands with {}, so `accept` changed nothing there.",
                        accepted::listed(&options.accept)
                    ),
                },
            )
            .help(match options.mode {
                Mode::Exact => "Change the frozen values by hand where the findings say how.",
                Mode::Bound => "The questions of the report are answered with `answers`.",
            }),
        );
    }
    found
}

/// The draft, once everything that makes no valid step has been set aside.
fn settled<'a>(session: &'a Session, options: &Options, pruned: &prune::Pruned<'a>) -> Draft<'a> {
    let mut mapper = Mapper::new(
        &options.tools,
        &options.connections,
        Folders::of(session, options),
        session.agent_format(),
        Names::of(&session.secrets),
    );
    let mut draft = draft(session, options, pruned, &mut mapper);
    for _ in 0..ROUNDS {
        let wrong = without_valid_step(&draft);
        if wrong.is_empty() {
            break;
        }
        for (origin, call, why) in wrong {
            match origin {
                Origin::Rule(rule) => mapper.refuse(rule, why),
                _ => mapper.leave(&call, why),
            }
        }
        draft = self::draft(session, options, pruned, &mut mapper);
    }
    // What is missing around the document is said elsewhere, once for each connection.
    draft
        .checked
        .retain(|finding| finding.code != "missing_connection");
    draft.checked.shrink_to_fit();
    draft
}

/// The options with what the document says it was made with: the calls that were put back, its folder.
fn as_made(document: &Document, options: &Options) -> Options {
    let mut options = options.clone();
    let made = document.metadata.get("crystallized");
    let keep = made.and_then(|made| made.get("keep")?.as_array());
    let ids = keep.into_iter().flatten().filter_map(Value::as_str);
    options.keep.extend(ids.map(str::to_owned));
    let folder = made.and_then(|made| made.get("folder")?.as_str());
    if let Some(folder) = folder {
        options.folder = Some(folder.to_owned());
    }
    // The rules that its steps were made by come before those of now, which may have changed since.
    let rules = ["tools", "server_tools"]
        .into_iter()
        .filter_map(|key| made?.get(key)?.as_array())
        .flatten()
        .filter_map(|rule| serde_json::from_value(rule.clone()).ok());
    let rules: Vec<_> = rules.chain(std::mem::take(&mut options.tools)).collect();
    options.tools = rules;
    options
}

/// Replays a session through a document that was made of it and then edited: what is still asked for as it was
/// recorded, what differs, what is missing. Steps are known by the paths that the document names for its calls, else
/// by their ids.
///
/// # Errors
/// As [`crystallize()`].
pub fn replay_edited(
    document: &Document,
    session: &Session,
    options: &Options,
) -> Result<Replay, CrystallizeError> {
    accepted(session, options)?;
    let options = &as_made(document, options);
    let pruned = prune::prune(session, &options.keep);
    let mut draft = settled(session, options, &pruned);
    // The passes of a loop stand in the document under paths of their own.
    if let Some(Value::Object(calls)) = document
        .metadata
        .get("crystallized")
        .and_then(|made| made.get("calls"))
    {
        for kept in &mut draft.kept {
            let path = calls
                .iter()
                .find(|(_, call)| call.as_str() == Some(kept.call.id.as_str()));
            if let Some((path, _)) = path {
                kept.in_pass = Some(path.as_str().into());
            }
        }
    }
    let started_at = match options.mode {
        Mode::Exact => Timestamp(0),
        Mode::Bound => session.started_at.unwrap_or_default(),
    };
    Ok(replay::replay(
        &mut document.clone(),
        &draft.kept,
        started_at,
    ))
}

/// How the calls of a session ended, by the steps that a document has for them: what a rehearsal of the
/// document is answered with. Which rules the calls are mapped by says where in a step's output the
/// answer stands.
///
/// # Errors
/// As [`crystallize()`].
pub fn recorded_outcomes(
    document: &Document,
    session: &Session,
    options: &Options,
) -> Result<Vec<(String, Outcome)>, CrystallizeError> {
    accepted(session, options)?;
    let options = &as_made(document, options);
    let pruned = prune::prune(session, &options.keep);
    let draft = settled(session, options, &pruned);
    let calls = document
        .metadata
        .get("crystallized")
        .and_then(|made| made.get("calls"))
        .and_then(Value::as_object);
    let steps: HashMap<&str, &str> = calls
        .into_iter()
        .flatten()
        .filter_map(|(step, call)| Some((call.as_str()?, step.as_str())))
        .collect();
    let outcomes = draft.kept.iter().filter_map(|kept| {
        let step = steps.get(kept.call.id.as_str())?;
        Some(((*step).to_owned(), outcome(kept, &kept.answer)))
    });
    Ok(outcomes.collect())
}

/// A draft before its proof.
struct Draft<'a> {
    kept: Vec<Kept<'a>>,
    emitted: emit::Emitted,
    gates: gate::Gates<'a>,
    checked: Vec<Finding>,
    left_out: Vec<prune::LeftOut>,
    /// What is said about calls that only repeat others.
    repeated: Vec<Finding>,
}

fn draft<'a>(
    session: &'a Session,
    options: &Options,
    pruned: &prune::Pruned<'a>,
    mapper: &mut Mapper<'_>,
) -> Draft<'a> {
    let specs: HashMap<&str, &ToolSpec> = session
        .tools
        .iter()
        .map(|spec| (spec.name.as_str(), spec))
        .collect();
    let names = Names::of(&session.secrets);
    let mut kept: Vec<Kept<'a>> = pruned
        .kept
        .iter()
        .enumerate()
        .map(|(index, call)| {
            let mut target = mapper.target(call);
            let misplaced = secret::settle(&mut target, &names);
            let spec = specs.get(call.name.as_str()).copied();
            let effects = effects::of(&target, &call.name, &call.arguments, spec);
            let reasons = determinism::of(&target, &call.name, &call.arguments, spec);
            // What changes by itself is looked at, not computed.
            let effects = match effects {
                Some(EffectLevel::Pure) if !reasons.is_empty() && target.effects.is_none() => {
                    Some(EffectLevel::Read)
                }
                effects => effects,
            };
            Kept {
                call,
                step: String::new(),
                in_pass: None,
                answer: answer::of_step(&target, call),
                effects,
                reasons,
                tolerated: emit::is_tolerated(session, call, index + 1 == pruned.kept.len()),
                misplaced,
                target,
            }
        })
        .collect();
    let mut left_out = pruned.left_out.clone();
    let (gone, mut repeated) = not_repeated::leave_out(session, &mut kept, &options.keep);
    left_out.extend(gone);
    if options.mode == Mode::Bound {
        let (gone, stays) = duplicate::leave_out(session, &mut kept, &options.keep);
        repeated.extend(stays);
        for (call, finding) in gone {
            left_out.push(call);
            repeated.push(finding);
        }
    }
    let mut ids = Ids::default();
    // Questions are known by their steps: a call that is put back takes no other step's id.
    for put_back in [false, true] {
        for kept in &mut kept {
            if options.keep.contains(&kept.call.id) == put_back {
                kept.step = ids.id(&name::of_call(
                    &kept.call.name,
                    kept.target.shell.as_deref(),
                ));
            }
        }
    }
    let gates = gate::gates(session, &kept, &left_out);
    let mut emitted = emit::emit(session, options, &mut kept, &left_out, &gates, &mut ids);
    // What is bound is written down beside it.
    if options.mode == Mode::Bound {
        let Emitted {
            document, places, ..
        } = &mut emitted;
        emit::describe(document, &kept, places, options.mode);
    }
    let connections = options
        .connections
        .iter()
        .map(|(name, value)| {
            let kind = value.get("kind").and_then(Value::as_str).unwrap_or("");
            (name.clone(), kind.to_owned())
        })
        .collect();
    let catalog = Catalog {
        connections: Some(connections),
        secrets: options
            .secrets
            .as_ref()
            .map(|names| names.iter().cloned().collect()),
        automations: None,
        schedule: None,
    };
    // What nothing maps is said elsewhere, once for each tool.
    let checked = check_recorded(&emitted.document, &catalog);
    Draft {
        kept,
        emitted,
        gates,
        checked,
        left_out,
        repeated,
    }
}

/// Mapped calls whose steps the check refuses, each with the first reason.
fn without_valid_step(draft: &Draft<'_>) -> Vec<(Origin, String, String)> {
    let mut mapped: HashMap<&str, &Kept<'_>> = draft
        .kept
        .iter()
        .filter(|kept| kept.target.origin != Origin::Unmapped)
        .map(|kept| (kept.step.as_str(), kept))
        .collect();
    let mut wrong = Vec::new();
    for finding in &draft.checked {
        if finding.severity == Severity::Error
            && blocks_storing(&finding.code)
            && let Some(kept) = finding.step.as_deref().and_then(|step| mapped.remove(step))
        {
            wrong.push((
                kept.target.origin,
                kept.call.id.clone(),
                finding.message.clone(),
            ));
        }
    }
    wrong
}
