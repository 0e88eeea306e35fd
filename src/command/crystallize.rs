//! `druse crystallize`: recordings become a draft, offline.

use super::progress::Busy;
use super::recordings::{append, joined};
use super::{Done, discover, document, print, summed_up};
use crate::cli::{Crystallize, DocumentOutput, Mode};
use crate::client::Failure;
use crate::command::print::talk;
use crate::runtime::clock;
use druse_crystallizer::import::MAX_BYTES;
use druse_crystallizer::{Decisions, Options, Session, SessionKind, SourceRef};
use druse_engine::definition::to_yaml;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn crystallize(args: &Crystallize) -> Done {
    let mut options = options_of(args)?;
    if options.mode == druse_crystallizer::Mode::Exact {
        no_answers(&options.answers)?;
    }
    if args.summary {
        return Ok(summed_up::summary(&args.files, &options));
    }
    let taken = match args.from {
        Some(agent) => Some(discover::newest(agent, args.folder.as_deref())?),
        None => None,
    };
    let mut files = Vec::new();
    match &taken {
        Some(taken) => files.push((taken.path.clone(), whole_session(taken)?)),
        None => {
            for path in &args.files {
                files.push((path.clone(), document::read_bytes(path)?));
            }
            files = joined(files);
        }
    }
    if let (None, [(path, _)]) = (&taken, files.as_slice()) {
        say_what_is_beside(path, args);
    }
    let busy = Busy::new("reading and crystallizing");
    let mut sessions = Vec::new();
    for (path, bytes) in &files {
        let read = import(path, bytes)?;
        for number in 1..=read.len() {
            options.names.push(match read.len() {
                1 => path.display().to_string(),
                _ => format!("{}, session {number}", path.display()),
            });
        }
        sessions.extend(read);
    }
    if let Some(wanted) = &args.session {
        if files.len() > 1 {
            return Err(Failure::usage(
                "--session says which session of one file is meant.".to_owned(),
                "Give one file with it.",
            ));
        }
        let at = one_of(&sessions, wanted)?;
        sessions = vec![sessions.swap_remove(at)];
        options.names = vec![options.names.swap_remove(at)];
    }
    if let Some(taken) = &taken {
        keep_the_last(&mut sessions);
        let name = taken.path.display().to_string();
        options.names = vec![name; sessions.len()];
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
            "These files hold {} sessions; a draft that repeats one exactly is made of one.{}",
            sessions.len(),
            match files.len() {
                1 => listed(&sessions),
                _ => String::new(),
            }
        );
        return Err(Failure::data(
            "several_sessions",
            message,
            match files.len() {
                1 => {
                    "Say which with --session NUMBER, give --mode bound for several recordings of one task, or --summary for one line each."
                }
                _ => {
                    "Give one file, --mode bound for several recordings of one task, or --summary for one line each."
                }
            },
        ));
    }
    options.source = Some(source_of(first, &files[0].0));
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

/// A session that an agent keeps, with what its sub-agents wrote in files of their own.
fn whole_session(taken: &discover::Newest) -> Result<Vec<u8>, Failure> {
    let mut bytes = document::read_bytes(&taken.path)?;
    for path in &taken.sub_agents {
        let more = document::read_bytes(path)?;
        if bytes.len() + more.len() > MAX_BYTES {
            talk!(
                "warning: {} is left out: more than {MAX_BYTES} bytes are not read",
                discover::plain(&path.to_string_lossy(), 4096)
            );
            continue;
        }
        append(&mut bytes, &more);
    }
    Ok(bytes)
}

/// Says that sub-agents wrote files of their own beside the one that was given: what they called is in none other.
fn say_what_is_beside(path: &Path, args: &Crystallize) {
    let beside = discover::sub_agents(path);
    if args.session.is_none()
        && let [first, ..] = beside.as_slice()
    {
        let folder = first.parent().unwrap_or(first);
        talk!(
            "Beside it: {} of its sub-agents, not read. Give them, too: {}/agent-*.jsonl",
            print::count(&json!(beside.len()), "file"),
            discover::plain(&folder.to_string_lossy(), 4096)
        );
    }
}

/// How many sessions of a file are named.
const LISTED: usize = 8;

/// The sessions of a file, for who has to choose one.
fn listed(sessions: &[Session]) -> String {
    let mut lines: String = sessions
        .iter()
        .enumerate()
        .take(LISTED)
        .map(|(at, session)| {
            let task = session.goal.as_deref().unwrap_or("no task is named");
            let calls = print::count(&json!(session.counts().tool_calls), "call");
            format!("\n  {}: {calls}: {}", at + 1, discover::plain(task, 72))
        })
        .collect();
    if sessions.len() > LISTED {
        lines.push_str(&format!("\n  and {} more", sessions.len() - LISTED));
    }
    lines
}

/// The place of the session that is meant: by its number from 1, or by the id that it was recorded with.
fn one_of(sessions: &[Session], wanted: &str) -> Result<usize, Failure> {
    let of_id = sessions
        .iter()
        .position(|session| session.external_id.as_deref() == Some(wanted));
    let of_number = || {
        let number: usize = wanted.parse().ok()?;
        number.checked_sub(1).filter(|at| *at < sessions.len())
    };
    of_id.or_else(of_number).ok_or_else(|| {
        Failure::data(
            "unknown_session",
            format!(
                "The file has no session `{}`.{}",
                discover::plain(wanted, 80),
                listed(sessions)
            ),
            "Give its number, from 1 on, or its id.",
        )
    })
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

pub(super) fn source_of(session: &Session, path: &Path) -> SourceRef {
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
