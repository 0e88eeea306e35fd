//! `druse crystallize`: recordings become a draft, offline.

use super::progress::{Busy, Progress};
use super::{Done, discover, document, print};
use crate::cli::{Crystallize, DocumentOutput, Mode};
use crate::client::{EXIT_DATA, Failure};
use crate::command::print::talk;
use crate::runtime::clock;
use druse_crystallizer::{Crystallized, Decisions, Options, Session, SessionKind, SourceRef};
use druse_engine::definition::to_yaml;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

pub(super) fn crystallize(args: &Crystallize) -> Done {
    let mut options = options_of(args)?;
    if options.mode == druse_crystallizer::Mode::Exact {
        no_answers(&options.answers)?;
    }
    if args.summary {
        options.force = true;
        return Ok(summary(&args.files, &options));
    }
    let taken = match args.from {
        Some(agent) => Some(discover::newest(agent, args.folder.as_deref())?),
        None => None,
    };
    let files = match &taken {
        Some(taken) => std::slice::from_ref(&taken.path),
        None => args.files.as_slice(),
    };
    let busy = Busy::new("reading and crystallizing");
    let mut sessions = Vec::new();
    for path in files {
        let read = import(path, &document::read_bytes(path)?)?;
        for number in 1..=read.len() {
            options.names.push(match read.len() {
                1 => path.display().to_string(),
                _ => format!("{}, session {number}", path.display()),
            });
        }
        sessions.extend(read);
    }
    if let Some(taken) = &taken {
        keep_the_last(&mut sessions);
        options.names.truncate(sessions.len());
        // What the agent notes beside a session is as good as what it notes in it.
        for session in &mut sessions {
            if session.working_folder.is_none() {
                session.working_folder.clone_from(&taken.folder);
            }
        }
    }
    let first = sessions.first().ok_or_else(|| {
        Failure::data(
            "empty",
            "There is no session in these files.",
            "`druse sessions discover` shows those that agents have left on this machine.",
        )
    })?;
    // The first recording is followed, the further ones show what of it is the same in every run.
    if sessions.len() > 1 && options.mode == druse_crystallizer::Mode::Exact {
        let message = format!(
            "These files hold {} sessions; a draft that repeats one exactly is made of one.",
            sessions.len()
        );
        return Err(Failure::data(
            "several_sessions",
            message,
            "Give one session, --mode bound for several recordings of one task, or --summary for one line each.",
        ));
    }
    options.source = Some(source_of(first, &files[0]));
    let decided = match &args.decisions {
        Some(path) => Some((path, decide(path, &mut options)?)),
        None => None,
    };
    let made = druse_crystallizer::crystallize(&sessions, &options)
        .map_err(|error| Failure::data(error.code, error.message, error.help))?;
    drop(busy);
    let findings = json!(made.report.findings);
    refuse_unused(&findings, &args.answers)?;
    if let Some((path, before)) = decided {
        keep_decisions(path, before, &json!(made.document.metadata), &findings)?;
    }
    if let Some(path) = &args.report {
        let text = serde_json::to_string_pretty(&made.report)
            .map_err(|error| Failure::internal(&error))?;
        std::fs::write(path, text + "\n").map_err(|error| Failure::io(path, &error))?;
    }
    talk!(
        "{}",
        druse_crystallizer::text::text(&made.report, &made.document).trim_end()
    );
    match args.output {
        DocumentOutput::Yaml => print::document(to_yaml(&made.document).trim_end()),
        DocumentOutput::Json => print::json(
            &json!({ "automation": { "document": made.document }, "report": made.report }),
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// The codes of findings about answers that nothing was made of.
const UNUSED: [&str; 2] = ["question_unknown", "choice_unknown"];

/// The answers that were given, by their questions.
pub(super) fn answers_of(given: &[(String, String)]) -> Result<BTreeMap<String, String>, Failure> {
    let mut answers = BTreeMap::new();
    for (id, choice) in given {
        if let Some(other) = answers.insert(id.clone(), choice.clone()) {
            return Err(Failure::usage(
                format!("`{id}` is answered twice: `{other}` and `{choice}`."),
                "Give one --answer for each question.",
            ));
        }
    }
    Ok(answers)
}

/// Refuses answers where nothing is asked.
pub(super) fn no_answers(answers: &BTreeMap<String, String>) -> Result<(), Failure> {
    match answers.keys().next() {
        None => Ok(()),
        Some(id) => Err(Failure::usage(
            format!("`{id}` is answered, and the mode `exact` asks no questions."),
            "Questions belong to --mode bound.",
        )),
    }
}

/// The ids of answers that nothing was made of, each with what is said about it.
fn unused(findings: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let all = findings.as_array().into_iter().flatten();
    all.filter_map(|finding| {
        let code = finding["code"]
            .as_str()
            .filter(|code| UNUSED.contains(code))?;
        let id = finding["id"]
            .as_str()?
            .strip_prefix(code)?
            .strip_prefix(':')?;
        Some((id, finding))
    })
}

/// Refuses answers of the command line that nothing was made of: nothing is written then.
fn refuse_unused(findings: &Value, given: &[(String, String)]) -> Result<(), Failure> {
    let by_hand = |id: &str| given.iter().any(|(own, _)| own == id);
    let wrong: Vec<&Value> = unused(findings)
        .filter(|(id, _)| by_hand(id))
        .map(|(_, finding)| finding)
        .collect();
    let Some(first) = wrong.first() else {
        return Ok(());
    };
    let text = |key: &str| {
        let all = wrong.iter().filter_map(|finding| finding[key].as_str());
        all.collect::<Vec<_>>().join(" ")
    };
    let code = first["code"].as_str().unwrap_or_default();
    Err(Failure::data(code, text("message"), text("help")))
}

/// Takes the decisions of a file; gives what stands in it, where more may be kept there. A draft is only read: it
/// names its decisions itself.
pub(super) fn decide(path: &Path, options: &mut Options) -> Result<Option<Decisions>, Failure> {
    let text = if path.exists() {
        document::read_text(path)?
    } else {
        talk!(
            "{} is not there: nothing was decided before. What is decided now is written there.",
            path.display()
        );
        String::new()
    };
    let before = Decisions::parse(&text).map_err(|error| {
        Failure::data(
            "bad_decisions",
            format!("{}: {error}", path.display()),
            "Write `decisions:` with a line `ID: CHOICE` for each answer, and `keep:` with a list of calls.",
        )
    })?;
    before.apply(options);
    let value: Value = serde_saphyr::from_str(&text).unwrap_or_default();
    let is_draft = value.get("druse").is_some();
    Ok((!is_draft).then_some(before))
}

/// Writes the decisions that a draft was made with beside it, where they are others by now than stood there. An answer
/// of the file that nothing was made of this time stays: another recording may ask for it.
pub(super) fn keep_decisions(
    path: &Path,
    before: Option<Decisions>,
    metadata: &Value,
    findings: &Value,
) -> Result<(), Failure> {
    let mut now = Decisions::of_metadata(metadata);
    for (id, _) in unused(findings) {
        if let Some((id, answer)) = before
            .as_ref()
            .and_then(|before| before.answers.get_key_value(id))
        {
            now.answers.insert(id.clone(), answer.clone());
            let known = before
                .as_ref()
                .and_then(|before| before.answered_for.get(id));
            now.answered_for
                .extend(known.map(|value| (id.clone(), value.clone())));
        }
    }
    match before {
        Some(before) if before != now => {
            std::fs::write(path, now.to_yaml()).map_err(|error| Failure::io(path, &error))
        }
        _ => Ok(()),
    }
}

/// An agent may keep several sessions in a file: the newest is the last in which something was called.
fn keep_the_last(sessions: &mut Vec<Session>) {
    let many = sessions.len();
    if many < 2 {
        return;
    }
    let last = sessions
        .iter()
        .rposition(|session| session.calls().next().is_some())
        .unwrap_or(many - 1);
    *sessions = vec![sessions.swap_remove(last)];
    talk!("The file holds {many} sessions; the last one that holds calls is taken.");
}

fn options_of(args: &Crystallize) -> Result<Options, Failure> {
    let tools = match &args.tools {
        None => Vec::new(),
        Some(path) => document::tools_file(path)?,
    };
    let connections = match &args.connections {
        None => Map::new(),
        Some(path) => document::connections_file(path)?,
    };
    Ok(Options {
        mode: match args.mode {
            Mode::Exact => druse_crystallizer::Mode::Exact,
            Mode::Bound => druse_crystallizer::Mode::Bound,
        },
        name: args.name.clone(),
        tools,
        connections: connections.into_iter().collect(),
        at: clock::now(),
        druse_version: env!("CARGO_PKG_VERSION").to_owned(),
        force: args.force,
        answers: answers_of(&args.answers)?,
        keep: args.keep.iter().cloned().collect(),
        folder: match (&args.folder, args.from) {
            // There it says which session is meant.
            (None, _) | (_, Some(_)) => None,
            (Some(folder), None) => Some(whole(folder)?),
        },
        ..Options::default()
    })
}

/// A folder as it is written from the root on.
fn whole(folder: &Path) -> Result<String, Failure> {
    let whole = std::path::absolute(folder).map_err(|error| Failure::io(folder, &error))?;
    Ok(whole.to_string_lossy().into_owned())
}

/// The sessions of a recording, with the file's name in what is wrong.
pub(super) fn import(path: &Path, bytes: &[u8]) -> Result<Vec<Session>, Failure> {
    druse_crystallizer::import(bytes).map_err(|error| {
        let place = error
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        Failure::data(
            error.code,
            format!("{}{place}: {}", path.display(), error.message),
            error.help,
        )
    })
}

fn source_of(session: &Session, path: &Path) -> SourceRef {
    let kind = match session.kind {
        SessionKind::AgentRun => "agent_run",
        SessionKind::ChatThread => "chat_thread",
    };
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    SourceRef {
        kind: kind.to_owned(),
        id: session.external_id.clone().or(name),
        digest: session.digest.clone(),
    }
}

/// One line a session; a bad file is a line too, and the rest goes on.
fn summary(paths: &[PathBuf], options: &Options) -> ExitCode {
    let mut files = Vec::new();
    let mut skipped = 0;
    for path in paths {
        collect(path, true, &mut files, &mut skipped);
    }
    if skipped > 0 {
        talk!(
            "Passed over for their names, which are none of *.json, *.jsonl, *.ndjson: {}",
            print::count(&json!(skipped), "file")
        );
    }
    let mut all_read = true;
    let mut progress = Progress::new("read", files.len());
    for path in &files {
        let began = Instant::now();
        match document::read_bytes(path).and_then(|bytes| import(path, &bytes)) {
            Ok(sessions) => {
                // Reading is shared by the sessions of a file.
                let reading =
                    began.elapsed() / u32::try_from(sessions.len().max(1)).unwrap_or(u32::MAX);
                for (index, session) in sessions.iter().enumerate() {
                    let compiling = Instant::now();
                    let options = Options {
                        source: Some(source_of(session, path)),
                        ..options.clone()
                    };
                    let made =
                        druse_crystallizer::crystallize(std::slice::from_ref(session), &options);
                    let micros = (reading + compiling.elapsed()).as_micros();
                    print::exact(
                        &line_of(path, index, session, made.as_ref().ok(), micros).to_string(),
                    );
                }
            }
            Err(failure) => {
                all_read = false;
                let error = json!({ "code": failure.code, "message": failure.message });
                print::exact(&unread(path, &error, began.elapsed().as_micros()).to_string());
            }
        }
        progress.step();
    }
    if all_read {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DATA)
    }
}

fn unread(path: &Path, error: &Value, micros: u128) -> Value {
    json!({
        "file": path.display().to_string(), "index": 0, "format": null, "status": null, "turns": 0, "tool_calls": 0,
        "failed_calls": 0, "steps": 0, "gates": 0, "left_out": 0,
        "replay": { "matched": 0, "differing": 0, "missing": 0 }, "findings": {}, "error": error,
        "micros": u64::try_from(micros).unwrap_or(u64::MAX),
    })
}

fn line_of(
    path: &Path,
    index: usize,
    session: &Session,
    made: Option<&Crystallized>,
    micros: u128,
) -> Value {
    let counts = session.counts();
    let report = made.map(|made| &made.report);
    let mut findings: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    let all = match report {
        Some(report) => &report.findings,
        None => &session.findings,
    };
    for finding in all {
        *findings.entry(&finding.code).or_default() += 1;
    }
    let of = |count: fn(&druse_crystallizer::report::ReportCounts) -> u64| {
        report.map_or(0, |report| count(&report.counts))
    };
    let replay = report.map(|report| &report.replay);
    json!({
        "file": path.display().to_string(), "index": index, "format": session.format, "status": session.status,
        "turns": counts.turns, "tool_calls": counts.tool_calls, "failed_calls": counts.failed,
        "steps": of(|counts| counts.steps), "gates": of(|counts| counts.gates), "left_out": of(|counts| counts.left_out),
        "replay": {
            "matched": replay.map_or(0, |replay| replay.matched),
            "differing": replay.map_or(0, |replay| replay.differing),
            "missing": replay.map_or(0, |replay| replay.missing),
        },
        "findings": findings, "error": null, "micros": u64::try_from(micros).unwrap_or(u64::MAX),
    })
}

/// The recordings below a path, in the order of their paths. A file that is named itself is always taken.
fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>, skipped: &mut usize) {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        inside.sort();
        for path in inside {
            collect(&path, false, files, skipped);
        }
    } else if named
        || path.extension().is_some_and(|name| {
            ["json", "jsonl", "ndjson"]
                .iter()
                .any(|known| name == *known)
        })
    {
        files.push(path.to_path_buf());
    } else {
        *skipped += 1;
    }
}
