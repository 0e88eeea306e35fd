//! What is to be looked at in a draft, with evidence.

use crate::kept::{Kept, Spot};
use crate::options::Options;
use crate::provenance::{From, Origin};
use crate::prune;
use crate::report::Replay;
use crate::session::{Session, ToolCall};
use crate::size::size;
use crate::tool_map::{self, Origin as MappedBy, ToolRule, escape};
use crate::trust;
use druse_engine::Finding;
use druse_engine::check::example_of;
use druse_engine::definition::{DEPTH_LIMIT, Document, EffectLevel, TEXT_LIMIT};
use druse_engine::json::canonical;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Puts a finding at a place inside a step. Its id names the step and not the step's number, so that an
/// acknowledgement still holds when steps before it come and go.
pub(crate) fn located(finding: Finding, step: &str, spot: Spot, inner: &str) -> Finding {
    let mut finding = finding.at_step(step);
    if !inner.is_empty() {
        finding.id = format!("{}:{step}:{inner}", finding.code);
    }
    finding.path = Some(format!("{}{inner}", spot.pointer()));
    finding
}

/// The place in its step of a part of a call's arguments.
pub(crate) fn place(kept: &Kept<'_>, pointer: &str) -> String {
    let found = kept
        .target
        .filled
        .places
        .iter()
        .find_map(|(request, argument)| {
            pointer
                .strip_prefix(&**argument)
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))
                .map(|rest| (request, rest))
        });
    match found {
        Some((request, rest)) => format!("/with{request}{rest}"),
        None => "/with".to_owned(),
    }
}

/// Findings about where frozen values came from. Each origin is given back once it was told.
pub(crate) fn of_origins(
    origins: Vec<Vec<Origin>>,
    kept: &[Kept<'_>],
    places: &[Spot],
    findings: &mut Vec<Finding>,
) {
    for origin in origins.into_iter().flatten() {
        let (Some(sender), Some(step)) = (kept.get(origin.call), places.get(origin.call)) else {
            continue;
        };
        let key = if origin.key.is_empty() {
            "the argument".to_owned()
        } else {
            format!("`{}`", crate::show::text(&origin.key, 40))
        };
        let value = crate::show::value(&origin.key, &origin.value, 60);
        let finding = match &origin.from {
            From::Output { call, pointer, in_text, class } => {
                let Some(source) = kept.get(*call) else { continue };
                let text = origin.value.as_str().map_or_else(|| origin.value.to_string(), str::to_owned);
                let what = class.map_or("a value", |class| class.name_of(text.trim()));
                let at = if pointer.is_empty() { String::new() } else { format!(" at `{}`", crate::show::text(pointer, 80)) };
                let inside = if *in_text { "inside a text of" } else { "in" };
                let message = format!(
                    "{key} is frozen as {value}, {what} that stood {inside} the answer of `{}`{at} (call {}) and that the person did not write.",
                    source.step,
                    crate::show::text(&source.call.id, 40),
                );
                let strong = class.is_some_and(|class| class.is_strong());
                let made = source.effects.is_some_and(|level| level >= EffectLevel::IdempotentWrite) || !source.reasons.is_empty();
                // What a look round listed is where the next call looks: nobody else's word steers that.
                let listed = trust::is_path(&origin.key) && trust::lists(source.call, Some(source));
                let ask = !listed && (is_sink(&origin.key, sender) || made && strong);
                let follow = if *in_text { None } else { crate::answer::following(source, pointer) };
                let help = match follow {
                    Some(expression) => format!(
                        "Every run uses this value again. To follow the answer instead, write \"{{{{ {expression} }}}}\" there."
                    ),
                    None if *in_text => "Every run uses this value again. If it has to follow the answer, make it an input or take it from that text with an expression.".to_owned(),
                    None => "Every run uses this value again. If it has to follow the answer, make it an input or choose it there with an expression.".to_owned(),
                };
                let finding = if strong || ask {
                    Finding::warning("frozen_from_output", message)
                } else {
                    Finding::info("frozen_from_output", message)
                };
                let finding = finding.help(help);
                if ask { finding.must_acknowledge() } else { finding }
            }
            From::Part { part, call, pointer } => {
                let Some(source) = kept.get(*call) else { continue };
                let at = if pointer.is_empty() { String::new() } else { format!(" at `{}`", crate::show::text(pointer, 80)) };
                let message = format!(
                    "{key} holds {}, which stood in the answer of `{}`{at} (call {}) and which the person did not write.",
                    crate::show::value("", &part.as_str().into(), 60),
                    source.step,
                    crate::show::text(&source.call.id, 40),
                );
                let help = "Every run uses this value again. If it has to follow the answer, put an expression in its place inside the text.";
                if is_sink(&origin.key, sender) {
                    Finding::warning("frozen_from_output", message).help(help).must_acknowledge()
                } else {
                    Finding::info("frozen_from_output", message).help(help)
                }
            }
            From::Volatile(why) => Finding::warning(
                "frozen_volatile",
                format!("{key} is frozen as {value}, which looks made by {why} while the session was recorded."),
            )
            .help("Every run uses this value again. Replace it with an input or an expression such as \"{{ run.id }}\" or \"{{ run.started_at }}\", or acknowledge it.")
            .must_acknowledge(),
            From::RelativeDate => Finding::warning(
                "frozen_date",
                format!("{key} is frozen as {value}, while the person spoke of a day such as today or tomorrow."),
            )
            .help("If it has to move with the day of the run, write an expression such as \"{{ run.started_at | add_days(1) }}\" there."),
            From::Agent => Finding::info(
                "written_by_agent",
                format!("{key} is a text that the agent wrote: {value}."),
            )
            .help("It stays as it was written. Read it once."),
        };
        findings.push(located(
            finding,
            &sender.step,
            *step,
            &place(sender, &origin.pointer),
        ));
    }
}

/// Whether an argument steers where something goes or what is run. A path or a query that only looks does not.
pub(crate) fn is_sink(key: &str, kept: &Kept<'_>) -> bool {
    let words = crate::words::split(key);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&[
        "recipient",
        "recipients",
        "to",
        "cc",
        "bcc",
        "iban",
        "email",
        "url",
        "uri",
        "host",
        "hostname",
        "endpoint",
        "webhook",
        "command",
        "cmd",
        "program",
        "script",
        "executable",
    ]) || !kept.is_harmless()
        && has(&[
            "path",
            "file",
            "filename",
            "query",
            "sql",
            "statement",
            "account",
            "address",
        ])
}

/// Whether people or machines outside write what a tool answers.
pub(crate) fn others_write(kept: &Kept<'_>) -> bool {
    let reasons = [
        "web_search",
        "web_fetch",
        "live",
        "open_world",
        "model",
        "person",
    ];
    let open = kept
        .reasons
        .iter()
        .any(|reason| reasons.contains(&reason.code.as_str()));
    open || crate::words::split(&crate::name::of_call(&kept.call.name, None))
        .iter()
        .any(|word| {
            matches!(
                word.as_str(),
                "email"
                    | "emails"
                    | "mail"
                    | "inbox"
                    | "message"
                    | "messages"
                    | "comment"
                    | "comments"
                    | "review"
                    | "reviews"
                    | "post"
                    | "posts"
                    | "page"
                    | "webpage"
                    | "web"
                    | "issue"
                    | "issues"
                    | "ticket"
                    | "tickets"
                    | "chat"
                    | "feed"
                    | "file"
                    | "document"
            )
        })
}

/// Whether the arguments of a call were meant as JSON and are none. What is no JSON from its first sign on is how some
/// tools take their arguments.
pub(crate) fn is_broken(kept: &Kept<'_>) -> bool {
    let Some(map) = kept.call.arguments.as_object() else {
        return false;
    };
    map.len() == 1
        && map
            .get("_raw")
            .and_then(Value::as_str)
            .is_some_and(|text| text.trim_start().starts_with(['{', '[']))
        && kept.target.origin != crate::tool_map::Origin::Builtin
}

/// The calls about which something was found when the recording was read.
struct Noted<'s> {
    calls: BTreeSet<&'s str>,
    /// Whether there are more of them than are named.
    further: bool,
}

impl<'s> Noted<'s> {
    fn of(session: &'s Session, code: &str) -> Self {
        let named = session
            .findings
            .iter()
            .filter_map(|finding| finding.id.strip_prefix(code)?.strip_prefix(':'));
        let calls: BTreeSet<&str> = named.collect();
        let known = |id: &&&str| session.calls().any(|call| call.id == **id);
        let further = calls.iter().filter(known).count() < calls.len();
        Self { calls, further }
    }

    /// Whether a call is one of them. Of those that are not named each is that `may_be` one.
    fn holds(&self, call: &ToolCall, may_be: impl Fn(&Value) -> bool) -> bool {
        self.calls.contains(call.id.as_str()) || self.further && may_be(&call.arguments)
    }
}

/// Whether nothing is given.
fn is_nothing(arguments: &Value) -> bool {
    arguments.as_object().is_some_and(|map| map.is_empty())
}

/// Whether a number is given that may have lost digits, or a text that may be one.
fn has_number(arguments: &Value) -> bool {
    let mut found = false;
    crate::leaf::leaves(arguments, &mut |_, _, leaf| {
        found |= match leaf {
            Value::Number(number) => number.is_f64(),
            Value::String(text) => text.parse::<f64>().is_ok_and(f64::is_infinite),
            _ => false,
        };
    });
    found
}

/// Findings about single calls: failed ones that stay, and ones without a result or arguments.
pub(crate) fn of_calls(session: &Session, kept: &[Kept<'_>], places: &[Spot]) -> Vec<Finding> {
    let unrecorded = Noted::of(session, "arguments_not_recorded");
    let inexact = Noted::of(session, "number_precision");
    let repeated = Noted::of(session, "repeated_key");
    let mut findings = Vec::new();
    let all = kept;
    for (index, (kept, step)) in kept.iter().zip(places).enumerate() {
        let tool = crate::show::text(&kept.call.name, 60);
        let about = match &kept.call.result {
            None => Some(
                Finding::warning("no_result", format!("The recording holds no answer to the call of `{tool}`. Whether it did anything is not known."))
                    .help("Keep the step if it is meant to run; the replay answers it with null."),
            ),
            Some(_) if prune::failed(kept.call) => {
                let help = match later_try(&all[index..]) {
                    Some(later) => format!(
                        "The step `{later}` runs the same program with other words, and succeeded: remove this one if it was a first try."
                    ),
                    None => "Remove the step if it is not needed.".to_owned(),
                };
                let goes_on = if kept.tolerated {
                    "The run goes on when it fails again, as the session did."
                } else {
                    "The run fails with it, as the session ended there."
                };
                let finding = Finding::warning("failed_call_kept", format!("The call of `{tool}` failed and was not repeated. {goes_on}"))
                    .help(help);
                // Tomorrow it may succeed, beside all that was done in its place.
                Some(match kept.tolerated && changes_by_name(kept) {
                    true => finding.must_acknowledge(),
                    false => finding,
                })
            }
            Some(result) if result.truncated => Some(Finding::info(
                "answer_cut",
                format!("The recorder cut the answer to the call of `{tool}`."),
            )),
            Some(_) => None,
        };
        findings.extend(about.map(|finding| located(finding, &kept.step, *step, "")));
        if is_nothing(&kept.call.arguments) && unrecorded.holds(kept.call, is_nothing) {
            let finding = Finding::warning(
                "arguments_not_recorded",
                format!("The recording does not hold what `{tool}` was given: the step would send nothing."),
            )
            .help("Write the arguments into the step, take it out, or record again with the arguments of tools.");
            findings.push(located(finding.must_acknowledge(), &kept.step, *step, ""));
        }
        let is_hidden = kept.call.name.contains(crate::import::is_hidden);
        if is_hidden || crate::words::mixes_scripts(&kept.call.name) {
            let what = if is_hidden {
                "characters that nobody sees"
            } else {
                "letters that look like those of another script"
            };
            let finding = Finding::warning(
                "hidden_characters",
                format!("The name of the tool `{tool}` holds {what}: it is another tool than the one that it looks like."),
            )
            .help("Look at which server offers a tool of that name. Take the step out, or acknowledge it.");
            findings.push(located(finding.must_acknowledge(), &kept.step, *step, ""));
        }
        if inexact.holds(kept.call, has_number) {
            let finding = Finding::warning(
                "number_precision",
                format!("`{tool}` was given a number that cannot be kept exactly: the step sends another one, or a text."),
            )
            .help("Correct the number in the step, or record it as a text.");
            findings.push(located(finding.must_acknowledge(), &kept.step, *step, ""));
        }
        if repeated.holds(kept.call, |arguments| !is_nothing(arguments)) {
            let finding = Finding::warning(
                "repeated_key",
                format!("In what `{tool}` was given a key stands twice with two values. Which of them counted is not known: the step sends the last one."),
            )
            .help("Look up what was done, and correct the value in the step.");
            findings.push(located(finding.must_acknowledge(), &kept.step, *step, ""));
        }
        if is_broken(kept) {
            let finding = Finding::warning(
                "arguments_not_json",
                format!("The recorded arguments of `{tool}` begin as JSON and are none: the step sends them as the text that they are, and no value in it follows anything."),
            )
            .help("Write the arguments whole, take the step out, or acknowledge it.");
            let finding = if kept.is_harmless() {
                finding
            } else {
                finding.must_acknowledge()
            };
            findings.push(located(finding, &kept.step, *step, ""));
        }
        if kept
            .target
            .shell
            .as_ref()
            .is_some_and(|shell| shell.background)
        {
            let finding = Finding::warning("background_command", "The command was left running in the background; the step waits for its end.")
                .help("Give the step a `timeout`, or take what has to keep running out of the automation.");
            findings.push(located(finding, &kept.step, *step, ""));
        }
    }
    findings
}

/// Whether a call is a change of a tool that says so. What a line of a shell does, and what an agent's own tools do to
/// files, is looked at as it runs.
fn changes_by_name(kept: &Kept<'_>) -> bool {
    kept.changes()
        && kept.target.shell.is_none()
        && kept.target.action != "file"
        && !kept.target.own_tool
        && !crate::determinism::is_shell_tool(&kept.call.name)
}

/// Findings about changes that were made twice alike, though the first one had succeeded.
pub(crate) fn of_doubled(kept: &[Kept<'_>], places: &[Spot]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What was done since something else was done or failed: by tool and arguments the first step.
    let mut done: HashMap<(&str, String), &str> = HashMap::new();
    let mut tool = "";
    for (kept, place) in kept.iter().zip(places) {
        let name = kept.call.name.as_str();
        let is_known = kept
            .effects
            .is_some_and(|level| level >= EffectLevel::IdempotentWrite);
        if prune::failed(kept.call) && kept.changes() || is_known && name != tool {
            done.clear();
        }
        if is_known {
            tool = name;
        }
        // To set what is set already is nothing, and what starts work is started again.
        let adds = matches!(
            kept.effects,
            Some(EffectLevel::Write | EffectLevel::Destructive)
        ) && !crate::words::has(name, &["run", "execute", "start"]);
        if !adds || !prune::succeeded(kept.call) || !changes_by_name(kept) {
            continue;
        }
        let act = (name, canonical(&kept.call.arguments));
        match done.get(&act) {
            None => {
                done.insert(act, &kept.step);
            }
            Some(first) => {
                let message = match *first == kept.step {
                    true => format!(
                        "`{}` was done more than once with the same values, and succeeded each time: each run does it as often.",
                        kept.step
                    ),
                    false => format!(
                        "`{}` does once more what `{first}` did, with the same values, and both succeeded: each run does it twice.",
                        kept.step
                    ),
                };
                let finding = Finding::warning("done_twice", message)
                    .help("Take one of them out, or acknowledge that it is wanted twice.")
                    .must_acknowledge();
                findings.push(located(finding, &kept.step, *place, ""));
            }
        }
    }
    findings
}

/// The step that, behind the first of these, runs the same program of a shell and succeeded.
fn later_try<'k>(kept: &'k [Kept<'_>]) -> Option<&'k str> {
    let program = |kept: &Kept<'_>| {
        let shell = kept.target.shell.as_deref()?;
        crate::shell_line::program(&shell.line())
    };
    let (first, later) = kept.split_first()?;
    let own = program(first)?;
    let found = later
        .iter()
        .take(50)
        .find(|later| prune::succeeded(later.call) && program(later).as_ref() == Some(&own))?;
    Some(&found.step)
}

/// Findings about what the tool map does not hold: tools, connections, rules that do not fit.
pub(crate) fn of_mapping(kept: &[Kept<'_>], places: &[Spot], options: &Options) -> Vec<Finding> {
    // One kind of call may have no step for several reasons: each is said.
    let mut unmapped: BTreeMap<(&str, Option<&str>), Vec<usize>> = BTreeMap::new();
    let mut missing: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut programs: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (index, kept) in kept.iter().enumerate() {
        match kept.target.origin {
            MappedBy::Unmapped => unmapped
                .entry((&kept.call.name, kept.target.problem.as_deref()))
                .or_default()
                .push(index),
            MappedBy::Builtin => {
                let line = kept
                    .target
                    .shell
                    .as_ref()
                    .map(|shell| shell.line())
                    .unwrap_or_default();
                for program in crate::programs::of(&line) {
                    programs.entry(program).or_default().insert(index);
                }
            }
            MappedBy::Rule(rule) => {
                for program in programs_of_rule(options.tools.get(rule), kept) {
                    programs.entry(program).or_default().insert(index);
                }
            }
            MappedBy::Connection => {}
        }
        if let Some(name) = kept
            .target
            .filled
            .request
            .get("connection")
            .and_then(Value::as_str)
            && !options.connections.contains_key(name)
        {
            missing.entry(name).or_default().push(index);
        }
    }
    let mut findings = Vec::new();
    let at =
        |finding: Finding, index: usize, inner: &str| match (kept.get(index), places.get(index)) {
            (Some(kept), Some(place)) => located(finding, &kept.step, *place, inner),
            _ => finding,
        };
    for ((tool, problem), users) in unmapped {
        let Some(first) = users.first() else { continue };
        let shown = crate::show::text(tool, 80);
        let finding = match problem {
            Some(why) => Finding::error(
                "unmapped_tool",
                format!(
                    "The recorded tool `{shown}` cannot become a step: {why}.{}",
                    match users.len() {
                        1 => String::new(),
                        more => format!(" It is so of {more} calls."),
                    }
                ),
            )
            .help(match tool_map::is_about_folders(why) {
                true => "Name the folder with `--in FOLDER` or `folder` of the API, or set up a connection of the kind `folder` that holds the path.",
                false => "Put a rule that fits into the tool map (`--tools FILE`, or `tools` of the API), before any other for it.",
            }),
            None => Finding::error(
                "unmapped_tool",
                format!(
                    "Nothing says what the recorded tool `{shown}` is: {} it.",
                    uses(users.len())
                ),
            )
            .help(how_to_map(tool)),
        };
        findings.push(at(finding, *first, "/with/tool"));
    }
    for (name, users) in missing {
        let Some(first) = users.first() else { continue };
        let shown = crate::show::text(name, 60);
        let kind = kept
            .get(*first)
            .map_or("", |kept| kind_for(&kept.target.action));
        findings.push(at(
            Finding::error("missing_connection", format!("There is no connection `{shown}`: {} it.", uses(users.len())))
                .help(format!("Set it up with `druse connections set {shown} '{}'`, or name it in the file given with `--connections`.", example_of(kind))),
            *first,
            "/with/connection",
        ));
    }
    for (program, users) in programs {
        let Some(first) = users.first() else { continue };
        let shown = crate::show::text(&program, 60);
        let mut finding = Finding::warning(
            "runs_program",
            format!(
                "The automation runs the program `{shown}` on the server's machine: {} it.",
                uses(users.len())
            ),
        )
        .help("Acknowledge it if this automation may run it.")
        .must_acknowledge();
        if let Some(kept) = kept.get(*first) {
            finding = finding.at_step(&kept.step);
        }
        // One for each program, wherever it is used first.
        finding.id = format!("runs_program:{}", escape(&program));
        findings.push(finding);
    }
    findings
}

/// The programs that a rule takes from the recording. One that the rule itself names was meant by who wrote
/// the rule.
fn programs_of_rule(rule: Option<&ToolRule>, kept: &Kept<'_>) -> Vec<String> {
    let Some(rule) = rule.filter(|rule| rule.action == "shell") else {
        return Vec::new();
    };
    let recorded = |written: Option<&Value>| {
        let text = written.and_then(Value::as_str);
        text.is_some_and(|text| text.contains("{{"))
    };
    let with = &kept.target.filled.request;
    if recorded(rule.with.get("script")) {
        let line = with.get("script").and_then(Value::as_str);
        return crate::programs::of(line.unwrap_or_default());
    }
    let argv = rule.with.get("argv");
    if recorded(argv) || recorded(argv.and_then(|argv| argv.get(0))) {
        let program = with.get("argv").and_then(|argv| argv.get(0)?.as_str());
        return program.map(str::to_owned).into_iter().collect();
    }
    Vec::new()
}

fn uses(count: usize) -> String {
    if count == 1 {
        "1 step uses".to_owned()
    } else {
        format!("{count} steps use")
    }
}

fn how_to_map(tool: &str) -> String {
    let shown = crate::show::text(tool, 80);
    if let Some((server, _)) = tool
        .strip_prefix("mcp__")
        .and_then(|rest| rest.split_once("__"))
    {
        return format!(
            "Set up an MCP connection named `{}`, or add a rule to the tool map (`--tools FILE`, or `tools` of the API): {{ match: \"{shown}\", action: …, with: … }}.",
            crate::show::text(server, 60)
        );
    }
    format!(
        "Add a rule to the tool map (`--tools FILE`, or `tools` of the API): {{ match: \"{shown}\", action: mcp, with: {{ connection: NAME, tool: \"{{{{ call.name }}}}\", arguments: \"{{{{ call.arguments }}}}\" }} }}, or one with `action: http` or `shell`."
    )
}

/// A finding where the replay did not repeat all of these calls.
pub(crate) fn of_replay(replayed: &Replay, calls: usize) -> Option<Finding> {
    (replayed.differing + replayed.missing > 0).then(|| {
        Finding::error(
            "replay_differs",
            format!(
                "The replay repeated {} of {calls} calls as they were recorded.",
                replayed.matched
            ),
        )
        .help("The differences are listed under `replay`.")
    })
}

/// A finding where a document is longer or deeper than one may be. So many bytes are still to be written into it.
pub(crate) fn of_size(document: &Document, further: u64) -> Option<Finding> {
    // Its canonical text is as long as any.
    let length = usize::try_from(size(document) + further).unwrap_or(usize::MAX);
    if length > TEXT_LIMIT {
        let finding = Finding::error(
            "document_too_large",
            format!(
                "The draft is {} KiB long; a document may have {} KiB.",
                length / 1024,
                TEXT_LIMIT / 1024
            ),
        );
        return Some(finding.help("Long texts among the arguments are frozen in it: shorten the recording, or take steps out."));
    }
    let too_deep = document.steps.iter().find_map(|step| {
        // A step's configuration stands four levels down in the document.
        let with = step.with.as_ref()?.values().map(depth).max()?;
        (with + 4 > DEPTH_LIMIT).then_some(step)
    })?;
    let finding = Finding::error(
        "document_too_deep",
        format!("The draft is nested more than {DEPTH_LIMIT} deep."),
    );
    Some(finding.at_step(&too_deep.id).help("An argument of this step is: take the step out, or hand the argument on as JSON in a text."))
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(map) => map.values().map(depth).max(),
        _ => return 0,
    };
    inner.unwrap_or(0) + 1
}

/// Makes ids unique: acknowledgements name them.
pub(crate) fn unique(findings: &mut [Finding]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut taken: BTreeSet<String> = findings.iter().map(|finding| finding.id.clone()).collect();
    for finding in findings {
        let count = seen.entry(finding.id.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            let base = finding.id.clone();
            loop {
                let id = format!("{base}#{count}");
                if taken.insert(id.clone()) {
                    finding.id = id;
                    break;
                }
                *count += 1;
            }
        }
    }
}

/// The kind of connection that an action takes.
fn kind_for(action: &str) -> &'static str {
    match action {
        "http" => "http",
        "mcp" => "mcp",
        "sql" => "sqlite",
        "file" => "folder",
        "mail" => "smtp",
        _ => "",
    }
}
