//! Leaves out what the automation must not do again: calls that a person refused, and failed calls
//! that were repeated. Everything else is kept, and what is left out is said.

use crate::session::{RecordedApproval, Session, ToolCall, ToolResult, Turn};
use crate::tool_map::shell_command;
use druse_engine::Finding;
use druse_engine::json::canonical;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// A recorded call that became no step, as the document's metadata name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// The call.
    pub(crate) call: String,
    /// `refused`, `failed_then_repeated` or `failed_then_varied`.
    pub(crate) code: String,
    /// The call that took its place, for one that was repeated.
    #[serde(skip)]
    pub(crate) repeated_as: Option<String>,
    /// Whether that one succeeded.
    #[serde(skip)]
    pub(crate) succeeded: bool,
}

/// The code of a failed change that was made again in another way.
const VARIED: &str = "failed_then_varied";

/// The calls by what becomes of them.
pub(crate) struct Pruned<'a> {
    /// In recorded order.
    pub(crate) kept: Vec<&'a ToolCall>,
    /// In recorded order.
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) findings: Vec<Finding>,
}

/// Whether a call failed by its own result.
pub(crate) fn failed(call: &ToolCall) -> bool {
    call.result
        .as_ref()
        .is_some_and(|result| result.is_error && !found_nothing(call, result))
}

/// Whether a call is known to have succeeded.
pub(crate) fn succeeded(call: &ToolCall) -> bool {
    call.result
        .as_ref()
        .is_some_and(|result| !result.refused && (!result.is_error || found_nothing(call, result)))
}

/// Whether a call is a search that found nothing: its program ends with code 1, which recorders take for a failure.
fn found_nothing(call: &ToolCall, result: &ToolResult) -> bool {
    result.exit_code == Some(1)
        && !result.refused
        && shell_command(&call.name, &call.arguments)
            .is_some_and(|command| crate::shell_line::ends_in_search(&command.line()))
}

/// Goes once over the calls from the last to the first, with one look-up a call and argument. Those to `keep`
/// stay, unless a person refused them.
pub(crate) fn prune<'a>(session: &'a Session, keep: &BTreeSet<String>) -> Pruned<'a> {
    let calls: Vec<&ToolCall> = session.calls().collect();
    let answers = last_answers(session);
    // Only tools that ever failed can have been repeated: nothing is remembered of the others.
    let failing: BTreeSet<&str> = calls
        .iter()
        .filter(|call| failed(call))
        .map(|call| call.name.as_str())
        .collect();
    let mut later = Later::default();
    let mut fate: Vec<Option<LeftOut>> = Vec::with_capacity(calls.len());
    for (index, call) in calls.iter().enumerate().rev() {
        let answer = answers.get(call.id.as_str());
        let said_no = answer.is_some_and(|answer| !answer.approved) && !succeeded(call);
        if said_no || call.result.as_ref().is_some_and(|result| result.refused) {
            fate.push(Some(LeftOut {
                call: call.id.clone(),
                code: "refused".to_owned(),
                repeated_as: None,
                succeeded: false,
            }));
            continue;
        }
        let repeated = if failed(call) {
            later.repetition(call, &calls)
        } else {
            None
        };
        let varied = match repeated {
            None if failed(call) => later.variation(call, &calls),
            _ => None,
        };
        if failing.contains(call.name.as_str()) {
            later.add(call, index);
        }
        let code = match varied {
            Some(_) => VARIED,
            None => "failed_then_repeated",
        };
        fate.push(repeated.or(varied).map(|at| LeftOut {
            call: call.id.clone(),
            code: code.to_owned(),
            repeated_as: calls.get(at).map(|call| call.id.clone()),
            succeeded: calls.get(at).is_some_and(|call| succeeded(call)),
        }));
    }
    fate.reverse();
    let mut pruned = Pruned {
        kept: Vec::new(),
        left_out: Vec::new(),
        findings: Vec::new(),
    };
    for (call, fate) in calls.into_iter().zip(fate) {
        match fate {
            None => pruned.kept.push(call),
            Some(left_out) if keep.contains(&call.id) && left_out.code != "refused" => {
                pruned.findings.push(put_back(call, &left_out.code));
                pruned.kept.push(call);
            }
            Some(left_out) => {
                pruned.findings.push(explain(
                    call,
                    &left_out,
                    answers.get(call.id.as_str()).copied(),
                ));
                pruned.left_out.push(left_out);
            }
        }
    }
    pruned
}

/// The last answer that a person gave about each call.
fn last_answers(session: &Session) -> HashMap<&str, &RecordedApproval> {
    let mut answers = HashMap::new();
    for turn in &session.turns {
        if let Turn::Approval(approval) = turn
            && let Some(call) = &approval.call
        {
            answers.insert(call.as_str(), approval.as_ref());
        }
    }
    answers
}

/// Says of a call that it is a step because somebody wanted it.
pub(crate) fn put_back(call: &ToolCall, code: &str) -> Finding {
    let message = format!(
        "A call of `{}` would be left out as `{code}` and is a step because that was asked for.",
        crate::show::text(&call.name, 60)
    );
    let path = format!("/{}", crate::tool_map::escape(&call.id));
    at_call(Finding::info("put_back", message), &path)
}

fn explain(call: &ToolCall, left_out: &LeftOut, answer: Option<&RecordedApproval>) -> Finding {
    let tool = crate::show::text(&call.name, 60);
    let path = format!("/{}", crate::tool_map::escape(&call.id));
    if left_out.code == "refused" {
        let by = answer.map_or("a person, or by a rule in a person's place", |answer| {
            answer.by.as_deref().unwrap_or("a person")
        });
        let why = match answer
            .and_then(|answer| answer.comment.as_deref())
            .filter(|text| !text.trim().is_empty())
        {
            Some(comment) => format!(": “{}”", crate::show::text(comment, 120)),
            None => String::new(),
        };
        return at_call(
            Finding::info(
                "refused",
                format!(
                    "The call of `{tool}` was refused by {}{why}. It is left out.",
                    crate::show::text(by, 60)
                ),
            )
            .help("Add a step of your own if it is wanted after all."),
            &path,
        );
    }
    let as_call = crate::show::text(left_out.repeated_as.as_deref().unwrap_or(""), 60);
    if left_out.code == VARIED {
        let then = match left_out.succeeded {
            true => "and the same was done in another way",
            false => "and so did the next way that was tried",
        };
        return at_call(
            Finding::warning(
                VARIED,
                format!("A call of `{tool}` failed, {then} (call {as_call}). Only that one is kept: done again, the first one could succeed, and it would be done twice."),
            )
            .help("Acknowledge it, or put the call back if it is something else that was to be done.")
            .must_acknowledge(),
            &path,
        );
    }
    let said = result_text(call);
    if reads_as_timeout(&said) {
        return at_call(
            Finding::warning(
                "failed_then_repeated",
                format!("A call of `{tool}` ran out of time and was repeated (call {as_call}). Only the repetition is kept, but the first one may have had its effect."),
            )
            .help("Check in the recording's world whether it happened twice."),
            &path,
        );
    }
    at_call(
        Finding::info(
            "failed_then_repeated",
            format!(
                "A call of `{tool}` failed and was repeated (call {as_call}). Only the repetition is kept."
            ),
        ),
        &path,
    )
}

/// Findings about calls without a step have no place in the document: the call makes their id.
fn at_call(mut finding: Finding, pointer: &str) -> Finding {
    finding.id = format!("{}:{}", finding.code, pointer.trim_start_matches('/'));
    finding
}

fn result_text(call: &ToolCall) -> String {
    match call.result.as_ref().map(|result| &result.content) {
        Some(Value::String(text)) => text.chars().take(400).collect(),
        Some(other) => other.to_string().chars().take(400).collect(),
        None => String::new(),
    }
}

fn reads_as_timeout(text: &str) -> bool {
    let text = text.to_lowercase();
    ["timed out", "timeout", "time out", "deadline exceeded"]
        .iter()
        .any(|word| text.contains(word))
}

/// How many later calls about one thing are looked at.
const NEAREST: usize = 8;

/// Calls that come later, by what makes a repetition of an earlier one: place and batch.
#[derive(Default)]
struct Later {
    /// The nearest that did the same, whatever came of it.
    equal: HashMap<(String, String), (usize, u32)>,
    /// Those that succeeded, by tool and one argument that names what they are about; the nearest last.
    about: HashMap<(String, String, String), Vec<(usize, u32)>>,
    /// The nearest change that failed, by tool and what it was to change.
    failed: HashMap<(String, String, String), (usize, u32)>,
    /// The nearest that succeeded, by tool.
    success: HashMap<String, (usize, u32)>,
    /// The nearest call of the tool and whether it, or a chain of failures from it on, ended well.
    next: HashMap<String, (u32, bool)>,
}

impl Later {
    fn add(&mut self, call: &ToolCall, index: usize) {
        let name = &call.name;
        let here = (index, call.batch);
        self.equal.insert((name.clone(), act(call)), here);
        let ok = succeeded(call);
        let chain = ok || failed(call) && self.next.get(name).is_some_and(|(_, ok)| *ok);
        self.next.insert(name.clone(), (call.batch, chain));
        if ok {
            for (key, value) in targets(call) {
                let about = (name.clone(), key.to_owned(), loose(&value));
                self.about.entry(about).or_default().push(here);
            }
            self.success.insert(name.clone(), here);
        } else if let Some(subject) = subject(call) {
            self.failed.insert(subject, here);
        }
    }

    /// The call that repeats this failed one: an equal one; or one that succeeded and is about the same;
    /// or, where nothing names what they are about, the next one of the tool, made after this one had failed, when
    /// that succeeded. Calls of one batch were issued together, so none of them repeats another.
    fn repetition(&self, call: &ToolCall, calls: &[&ToolCall]) -> Option<usize> {
        let after = |found: Option<&(usize, u32)>| {
            found
                .filter(|(_, batch)| *batch != call.batch)
                .map(|(at, _)| *at)
        };
        let name = &call.name;
        if let Some(at) = after(self.equal.get(&(name.clone(), act(call)))) {
            return Some(at);
        }
        // Two lines of a shell have nothing in common but the shell, also when they run one program.
        if is_shell(call) {
            return None;
        }
        let same = |at: usize| calls.get(at).is_some_and(|other| agree(call, other));
        let about = targets(call)
            .filter_map(|(key, value)| {
                let places = self
                    .about
                    .get(&(name.clone(), key.to_owned(), loose(&value)))?;
                places
                    .iter()
                    .rev()
                    .take(NEAREST)
                    .filter_map(|place| after(Some(place)))
                    .find(|at| same(*at))
            })
            .min();
        if about.is_some() {
            return about;
        }
        match self.next.get(name) {
            Some((batch, true)) if *batch != call.batch => {
                after(self.success.get(name)).filter(|at| same(*at))
            }
            _ => None,
        }
    }
}

impl Later {
    /// The call that did in another way what this failed change was to do: one of the same tool that succeeded, where
    /// what is changed is the same and only the way differs, such as what is paid with. Where none succeeded, the next
    /// that was tried with the same thing: all of them together were never meant.
    fn variation(&self, call: &ToolCall, calls: &[&ToolCall]) -> Option<usize> {
        let subject = subject(call)?;
        let Some(places) = self.about.get(&subject) else {
            let (at, batch) = *self.failed.get(&subject)?;
            let other = calls.get(at)?;
            return (batch != call.batch && agree(call, other)).then_some(at);
        };
        let mut nearest = places.iter().rev().take(NEAREST);
        let same = |at: usize| {
            calls
                .get(at)
                .is_some_and(|other| differ_in_means(call, other))
        };
        nearest
            .find(|(at, batch)| *batch != call.batch && same(*at))
            .map(|(at, _)| *at)
    }
}

/// What a change is about, with its tool: the first argument that names a thing, not what it is done with. None of what
/// changes nothing and of lines of a shell.
fn subject(call: &ToolCall) -> Option<(String, String, String)> {
    if is_shell(call) || !crate::effects::may_change(&call.name, &call.arguments) {
        return None;
    }
    let (key, value) = targets(call).find(|(key, _)| !is_means(key))?;
    Some((call.name.clone(), key.to_owned(), loose(&value)))
}

/// The words of the keys of what something is done with, not to.
const MEANS: [&str; 10] = [
    "payment",
    "pay",
    "card",
    "method",
    "source",
    "from",
    "wallet",
    "certificate",
    "voucher",
    "gift",
];

/// Whether an argument says with what something is done. Whom it goes to is none: `gift_recipient`.
fn is_means(key: &str) -> bool {
    let words = crate::words::split(key);
    let whom = |word: &String| {
        matches!(
            word.as_str(),
            "email"
                | "mail"
                | "to"
                | "cc"
                | "bcc"
                | "recipient"
                | "recipients"
                | "user"
                | "username"
                | "channel"
                | "iban"
                | "phone"
                | "address"
                | "payee"
                | "beneficiary"
                | "member"
                | "assignee"
        )
    };
    words.iter().any(|word| MEANS.contains(&word.as_str())) && !words.iter().any(whom)
}

/// Whether two calls of a tool change the same: whatever they do not send alike says only with what that is done.
fn differ_in_means(one: &ToolCall, two: &ToolCall) -> bool {
    let (Some(first), Some(second)) = (one.arguments.as_object(), two.arguments.as_object()) else {
        return false;
    };
    let named: BTreeSet<&str> = targets(one).map(|(key, _)| key).collect();
    let same = |key: &str| match (first.get(key), second.get(key)) {
        (Some(Value::String(one)), Some(Value::String(two))) if named.contains(key) => {
            loose(one) == loose(two)
        }
        (one, two) => one == two,
    };
    first
        .keys()
        .chain(second.keys())
        .all(|key| is_means(key) || same(key))
}

/// What a call did, written so that it is equal where it did the same: of a shell its line and its folder, of which
/// no description and no time limit is a part.
fn act(call: &ToolCall) -> String {
    match shell_command(&call.name, &call.arguments) {
        Some(command) => {
            let folder = command.cwd.as_deref().unwrap_or_default();
            let stood = call.folder.as_deref().unwrap_or_default();
            let words: Vec<&str> = [stood, folder].into_iter().collect();
            format!("{}\n{}", words.join("\n"), command.line().trim())
        }
        None => canonical(&call.arguments),
    }
}

/// Whether two calls of a tool may be about the same: what both of them name is the same, but for how it is written.
fn agree(one: &ToolCall, two: &ToolCall) -> bool {
    let named: HashMap<&str, String> = targets(two).collect();
    targets(one).all(|(key, value)| {
        named
            .get(key)
            .is_none_or(|other| describes(key) || loose(other) == loose(&value))
    })
}

/// Whether a key only says how a thing is called, which is the first that a second try says otherwise.
fn describes(key: &str) -> bool {
    let words = crate::words::split(key);
    words
        .last()
        .is_some_and(|word| matches!(word.as_str(), "title" | "subject"))
}

/// A name without what is written now this way, now that: capitals, what stands between its words and numbers, and
/// zeros in front of a number.
fn loose(value: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for c in value.chars() {
        let kind = c.is_alphanumeric().then(|| c.is_numeric());
        if let Some(kind) = kind {
            match words.last_mut() {
                Some(word) if last == Some(kind) => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        last = kind;
    }
    if words.is_empty() {
        return value.to_owned();
    }
    let words: Vec<&str> = words
        .iter()
        .map(|word| match word.trim_start_matches('0') {
            "" => "0",
            word => word,
        })
        .collect();
    words.join("-")
}

fn is_shell(call: &ToolCall) -> bool {
    crate::determinism::is_shell_tool(&call.name)
        || shell_command(&call.name, &call.arguments).is_some()
}

/// The arguments that name what a call is about: ids, names, paths, addresses.
fn targets(call: &ToolCall) -> impl Iterator<Item = (&str, String)> {
    call.arguments
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| {
            let text = match value {
                Value::String(text) if text.len() >= 2 => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            let words = crate::words::split(key);
            let names = words.last().is_some_and(|word| {
                matches!(
                    word.as_str(),
                    "id" | "ids"
                        | "path"
                        | "file"
                        | "filename"
                        | "name"
                        | "url"
                        | "uri"
                        | "email"
                        | "recipient"
                        | "to"
                        | "key"
                        | "number"
                        | "title"
                        | "subject"
                        | "channel"
                        | "user"
                        | "table"
                        | "slug"
                        | "iban"
                )
            });
            // A folder or a shell is where a command runs, not what it is about.
            let place = words
                .iter()
                .any(|word| matches!(word.as_str(), "workdir" | "cwd" | "directory"));
            (names && !place).then_some((key.as_str(), text))
        })
}
