//! The passes, in order.

use crate::kept::Kept;
use crate::name::{self, Ids};
use crate::options::{CrystallizeError, Crystallized, Mode, Options};
use crate::report::{Perturbed, Replay, Report, ReportCounts};
use crate::session::{Session, SessionStatus, ToolSpec};
use crate::tool_map::{Mapper, Origin};
use crate::{
    advice, answer, determinism, effects, emit, findings, gate, provenance, prune, replay,
};
use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Document, EffectLevel, blocks_storing};
use druse_engine::{Finding, Severity};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// How often what makes no valid step is set aside before the draft is taken as it is.
const ROUNDS: usize = 8;

/// Turns recorded sessions of one task into a draft and a report about it.
///
/// The first session is the one that is followed. Same sessions and options, same bytes; nothing that a
/// session holds is executed.
///
/// # Errors
/// `run_not_successful` when the session failed or was canceled (unless forced), `nothing_to_crystallize`
/// when no call is left, `bad_name` for a name that no automation can have, `not_supported_yet` for
/// the mode `bound`.
pub fn crystallize(
    sessions: &[Session],
    options: &Options,
) -> Result<Crystallized, CrystallizeError> {
    let Some(session) = sessions.first() else {
        return Err(nothing("There is no session."));
    };
    accepted(session, options)?;
    let pruned = prune::prune(session);
    if pruned.kept.is_empty() {
        let calls = session.calls().count();
        return Err(nothing(&if calls == 0 {
            "The session holds no tool call.".to_owned()
        } else {
            format!(
                "None of the session's {} is left to repeat.",
                crate::show::count(calls, "tool call", "tool calls")
            )
        }));
    }

    let draft = settled(session, options, &pruned);
    let Draft {
        kept,
        emitted,
        gates,
        checked,
    } = draft;

    let document = Arc::new(emitted.document);
    let replayed = replay::replay(&document, &kept);
    let mut found = about_session(sessions, options);
    found.extend(findings::of_size(&document));
    found.extend(session.findings.iter().cloned());
    found.extend(pruned.findings);
    found.extend(gates.findings);
    found.extend(findings::of_mapping(&kept, &emitted.places, options));
    found.extend(findings::of_calls(&kept, &emitted.places));
    found.extend(findings::of_secrets(&kept, &emitted.places));
    found.extend(findings::of_origins(
        &provenance::origins(session, &kept),
        &kept,
        &emitted.places,
    ));
    // What is missing around the document was said above once for each tool and connection.
    found.extend(checked.into_iter().filter(|finding| {
        !matches!(
            finding.code.as_str(),
            "unmapped_tool" | "missing_connection"
        )
    }));
    if replayed.differing + replayed.missing > 0 {
        found.push(
            Finding::error(
                "replay_differs",
                format!(
                    "The replay repeated {} of {} calls as they were recorded.",
                    replayed.matched,
                    kept.len()
                ),
            )
            .help("The differences are listed under `replay`."),
        );
    }
    findings::unique(&mut found);
    found.sort_by_key(|finding| finding.severity);

    let report = Report {
        counts: ReportCounts {
            calls: count(kept.len() + pruned.left_out.len()),
            steps: count(kept.len()),
            gates: emitted.gates,
            left_out: count(pruned.left_out.len()),
        },
        replay: replayed,
        perturbed: Perturbed::default(),
        generalisable: None,
        questions: Vec::new(),
        findings: found,
        advice: advice::advice(&kept),
        savings: advice::savings(session),
    };
    drop(kept);
    let document = Arc::try_unwrap(document).unwrap_or_else(|shared| Document::clone(&shared));
    Ok(Crystallized { document, report })
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn nothing(message: &str) -> CrystallizeError {
    CrystallizeError::new(
        "nothing_to_crystallize",
        message,
        "A recording needs at least one tool call that was not refused.",
    )
}

fn accepted(session: &Session, options: &Options) -> Result<(), CrystallizeError> {
    if options.mode == Mode::Bound {
        return Err(CrystallizeError::new(
            "not_supported_yet",
            "The mode `bound` is not part of this version.",
            "Use the mode `exact`, and bind values by hand where the findings `frozen_from_output` say how.",
        ));
    }
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
    if sessions.len() > 1 {
        found.push(Finding::info(
            "further_recordings_unused",
            format!(
                "`exact` follows one recording; the other {} were not used.",
                sessions.len() - 1
            ),
        ));
    }
    if !options.accept.is_empty() {
        found.push(
            Finding::info(
                "accept_not_applied",
                "`exact` applies no suggestions, so `accept` changed nothing.",
            )
            .help("Change the frozen values by hand where the findings say how."),
        );
    }
    found
}

/// The draft, once everything that makes no valid step has been set aside.
fn settled<'a>(session: &'a Session, options: &Options, pruned: &prune::Pruned<'a>) -> Draft<'a> {
    let mut mapper = Mapper::new(
        &options.tools,
        &options.connections,
        session.working_folder.as_deref(),
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
    draft
}

/// Replays a session through a document that was made of it and then edited: what is still asked for as it was
/// recorded, what differs, what is missing. Steps are known by their ids.
///
/// # Errors
/// As [`crystallize()`].
pub fn replay_edited(
    document: &Document,
    session: &Session,
    options: &Options,
) -> Result<Replay, CrystallizeError> {
    accepted(session, options)?;
    let pruned = prune::prune(session);
    let draft = settled(session, options, &pruned);
    Ok(replay::replay(&Arc::new(document.clone()), &draft.kept))
}

/// A draft before its proof.
struct Draft<'a> {
    kept: Vec<Kept<'a>>,
    emitted: emit::Emitted,
    gates: gate::Gates,
    checked: Vec<Finding>,
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
    let mut ids = Ids::default();
    let kept: Vec<Kept<'a>> = pruned
        .kept
        .iter()
        .enumerate()
        .map(|(index, call)| {
            let target = mapper.target(call);
            let spec = specs.get(call.name.as_str()).copied();
            let step = ids.id(&name::of_call(&call.name, target.shell.as_ref()));
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
                step,
                answer: answer::of(call),
                effects,
                reasons,
                tolerated: emit::is_tolerated(session, call, index + 1 == pruned.kept.len()),
                target,
            }
        })
        .collect();
    let gates = gate::gates(session, &kept, &pruned.left_out);
    let emitted = emit::emit(session, options, &kept, &pruned.left_out, &gates, &mut ids);
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
    let checked = check(&emitted.document, &catalog);
    Draft {
        kept,
        emitted,
        gates,
        checked,
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
