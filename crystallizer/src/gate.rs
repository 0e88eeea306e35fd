//! Recorded approvals become gates in the same place: before the step of the call that was approved.

use crate::declined::{Declined, declined, unclear};
use crate::exchange::{exchanges, last_question};
use crate::kept::Kept;
use crate::objected::{Objected, objected};
use crate::prune::LeftOut;
use crate::session::{RecordedApproval, Session, Turn};
use druse_engine::Finding;
use druse_engine::expression::literal;
use serde_json::{Map, Value};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The approvals before each kept call, by its index.
pub(crate) struct Gates<'s> {
    pub(crate) before: BTreeMap<usize, Vec<RecordedApproval>>,
    /// What the agent had asked, of those that were given in words.
    pub(crate) asked: BTreeMap<usize, &'s str>,
    pub(crate) findings: Vec<Finding>,
    /// The calls that followed a no in words.
    pub(crate) declined: Vec<Declined<'s>>,
    /// The calls that the person objected to once they were done.
    pub(crate) objected: Vec<Objected<'s>>,
}

/// Finds the call that each recorded approval let through.
pub(crate) fn gates<'s>(
    session: &'s Session,
    kept: &[Kept<'_>],
    left_out: &[LeftOut],
) -> Gates<'s> {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let repeated: HashMap<&str, Option<&str>> = left_out
        .iter()
        .map(|out| (out.call.as_str(), out.repeated_as.as_deref()))
        .collect();
    let mut gates = Gates {
        before: BTreeMap::new(),
        asked: BTreeMap::new(),
        findings: Vec::new(),
        declined: Vec::new(),
        objected: Vec::new(),
    };
    // Approvals of calls that were repeated, and approvals that name no call, find their place last.
    let mut moved: Vec<(usize, &RecordedApproval)> = Vec::new();
    let mut next_kept = 0;
    let mut number = 0_usize;
    for turn in &session.turns {
        let approval = match turn {
            Turn::Call(call) => {
                if let Some(at) = index.get(call.id.as_str()) {
                    next_kept = at + 1;
                }
                continue;
            }
            Turn::Message { .. } => continue,
            Turn::Approval(approval) => approval.as_ref(),
        };
        number += 1;
        let Some(call) = approval.call.as_deref() else {
            if !approval.approved {
                gates.findings.push(numbered(
                    "refusal_without_call",
                    number,
                    "A person refused something, and the recording does not tell what.",
                ));
            } else if next_kept < kept.len() {
                moved.push((next_kept, approval));
            } else {
                gates.findings.push(numbered(
                    "approval_without_call",
                    number,
                    "A person approved something, and no call comes after it.",
                ));
            }
            continue;
        };
        if let Some(at) = index.get(call) {
            if approval.approved {
                gates.before.entry(*at).or_default().push(approval.clone());
            } else {
                // The call went through all the same: the person's no must not be lost.
                gates.before.entry(*at).or_default();
                gates.findings.push(
                    Finding::warning(
                        "refused_but_ran",
                        format!("A person refused a call of `{}`, and the recording holds a result of it. It stays, behind a gate.", crate::show::text(&kept[*at].call.name, 60)),
                    )
                    .help("Remove the step if the refusal is what counts.")
                    .at_step(&kept[*at].step),
                );
            }
            continue;
        }
        if !approval.approved {
            continue;
        }
        match last_repetition(call, &repeated, &index) {
            Some(at) => moved.push((at, approval)),
            None if repeated.contains_key(call) => {}
            None => gates.findings.push(numbered(
                "approval_without_call",
                number,
                "A person approved a call that the recording does not hold.",
            )),
        }
    }
    for (at, approval) in moved {
        gates
            .before
            .entry(at)
            .or_insert_with(|| vec![approval.clone()]);
    }
    for (at, kept) in kept.iter().enumerate() {
        // The answer that was waited for may have been a no.
        if !kept.call.waits {
            continue;
        }
        if let Entry::Vacant(place) = gates.before.entry(at) {
            place.insert(Vec::new());
            gates.findings.push(
                Finding::warning(
                    "gate_suggested",
                    format!(
                        "A person was asked about the call of `{}` and had not answered when the recording ends. It is a step, behind a gate.",
                        crate::show::text(&kept.call.name, 60)
                    ),
                )
                .help("Take the step out, or acknowledge that it is wanted.")
                .must_acknowledge()
                .at_step(&kept.step),
            );
        }
    }
    let exchanges = exchanges(session, kept);
    for spoken in crate::spoken::approvals(&exchanges, kept) {
        let at = spoken.at;
        if let (Entry::Vacant(place), Some(kept)) = (gates.before.entry(at), kept.get(at)) {
            if spoken.unread {
                let answer = spoken.approval.comment.as_deref().unwrap_or_default();
                gates
                    .findings
                    .push(not_understood(spoken.question, answer, kept, true));
            }
            place.insert(vec![spoken.approval]);
            gates.asked.insert(at, spoken.question);
            gates.findings.push(
                Finding::info(
                    "approved_in_words",
                    "The person said yes before this call, so a gate stands before it.",
                )
                .help("Remove the gate if nobody has to be asked at each run.")
                .at_step(&kept.step),
            );
        }
    }
    gates.declined = declined(&exchanges, kept);
    gates.objected = objected(&exchanges, kept);
    for said_no in gates.declined.iter().filter(|one| one.of_this) {
        gates.before.entry(said_no.at).or_default();
    }
    for unclear in unclear(&exchanges, kept) {
        if let Entry::Vacant(place) = gates.before.entry(unclear.at) {
            place.insert(Vec::new());
            let kept = &kept[unclear.at];
            gates.findings.push(not_understood(
                unclear.question,
                unclear.answer,
                kept,
                false,
            ));
        }
    }
    gates
}

/// What a person answered of which nobody can tell here what it means for the call that came then.
fn not_understood(question: &str, answer: &str, kept: &Kept<'_>, agrees: bool) -> Finding {
    let message = format!(
        "To “{}” the person said “{}”, and `{}` is what the agent did then. {}",
        crate::show::value("", &question.into(), 120),
        crate::show::value("", &answer.into(), 80),
        kept.step,
        match agrees {
            true => "What stands beside the yes is not read.",
            false => "Whether that is a yes or a no is not read.",
        }
    );
    let help = match agrees {
        true => {
            "If it is a condition, put it into the step's `when`, or leave it to the gate that stands before it; acknowledge it then."
        }
        false => {
            "If it was a no, take the step out. Else acknowledge it; a gate stands before the step."
        }
    };
    let mut finding = Finding::warning("answer_not_understood", message)
        .help(help)
        .must_acknowledge()
        .at_step(&kept.step);
    finding.id = format!("answer_not_understood:{}", kept.step);
    finding
}

fn numbered(code: &str, number: usize, message: &str) -> Finding {
    let mut finding =
        Finding::info(code, message).help("Add a gate of your own where one is wanted.");
    finding.id = format!("{code}:{number}");
    finding
}

/// Follows repetitions to the call that was kept; each step goes to a later call, so it ends.
fn last_repetition(
    call: &str,
    repeated: &HashMap<&str, Option<&str>>,
    index: &HashMap<&str, usize>,
) -> Option<usize> {
    let mut at = call;
    for _ in 0..=repeated.len() {
        at = (*repeated.get(at)?)?;
        if let Some(found) = index.get(at) {
            return Some(*found);
        }
    }
    None
}

/// The configuration of the gate before a call.
pub(crate) fn configuration(
    kept: &Kept<'_>,
    approvals: &[RecordedApproval],
    question: Option<&str>,
) -> Map<String, Value> {
    let mut with = Map::new();
    with.insert("title".to_owned(), literal(&title(kept)).into());
    if let Some(message) = message(approvals, question) {
        with.insert("message".to_owned(), literal(&message).into());
    }
    let people: BTreeSet<&str> = approvals
        .iter()
        .filter_map(|approval| approval.by.as_deref())
        .collect();
    if people.len() > 1 {
        with.insert("needed".to_owned(), people.len().into());
    }
    with
}

/// What is asked, in plain words. The values are not part of it: a gate shows what stands behind it as it
/// is when it asks, and a title would still tell the recorded values when somebody has changed them.
fn title(kept: &Kept<'_>) -> String {
    if let Some(shell) = &kept.target.shell {
        // The program is the step's own; what it is given may be another in each run.
        return match crate::shell_line::program(&shell.line()) {
            Some((program, Some(sub))) => format!("Run `{program} {sub}`?"),
            Some((program, None)) => format!("Run `{program}`?"),
            None => "Run the command?".to_owned(),
        };
    }
    format!("{}?", subject(kept))
}

/// An argument's key as words.
pub(crate) fn label(key: &str) -> String {
    crate::words::split(key).join(" ")
}

/// What a tool does, as its name says it.
pub(crate) fn subject(kept: &Kept<'_>) -> String {
    let words = label(&crate::name::of_call(&kept.call.name, None));
    match words.chars().next() {
        Some(first) => first.to_uppercase().chain(words.chars().skip(1)).collect(),
        None => crate::show::text(&kept.call.name, 60),
    }
}

/// The most arguments that a gate's question names.
const MOST_ARGUMENTS: usize = 3;

/// How little a key tells of what is done: least for recipients and amounts.
fn weight(key: &str) -> i32 {
    let words = crate::words::split(key);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&[
        "recipient",
        "recipients",
        "to",
        "amount",
        "iban",
        "channel",
        "email",
        "account",
    ]) {
        0
    } else if has(&[
        "id", "name", "title", "subject", "path", "file", "url", "table",
    ]) {
        1
    } else {
        2
    }
}

/// The same of what stands in a list of records: what is paid, and with what.
fn inside(value: &Value) -> i32 {
    let records = value.as_array().into_iter().flatten();
    let keys = records.filter_map(Value::as_object).flat_map(Map::keys);
    // What has a number of its own is one of the things that it is done with.
    keys.map(
        |key| match crate::words::split(key).last().map(String::as_str) {
            Some("number") => 1,
            _ => weight(key),
        },
    )
    .min()
    .unwrap_or(2)
}

/// The arguments that tell most: recipients, names and amounts first, else the first ones; what has an id always.
pub(crate) fn main_arguments(arguments: &Value) -> Vec<(&str, &Value)> {
    let Some(map) = arguments.as_object() else {
        return Vec::new();
    };
    let mut entries: Vec<(i32, usize, &String, &Value)> = map
        .iter()
        .enumerate()
        .filter(|(_, (_, value))| !value.is_null())
        .map(|(index, (key, value))| (weight(key).min(inside(value)), index, key, value))
        .collect();
    entries.sort_by_key(|entry| (entry.0, entry.1));
    // Whatever else is shown, what it is done to is.
    let names = |key: &str| crate::words::split(key).iter().any(|word| word == "id");
    if let Some(at) = entries.iter().position(|entry| names(entry.2))
        && at >= MOST_ARGUMENTS
    {
        let one = entries.remove(at);
        entries.insert(MOST_ARGUMENTS - 1, one);
    }
    entries.truncate(MOST_ARGUMENTS);
    entries
        .into_iter()
        .map(|(_, _, key, value)| (key.as_str(), value))
        .collect()
}

/// What was said in the recording. A yes in words stands behind its question: it may have been a yes to something else.
fn message(approvals: &[RecordedApproval], question: Option<&str>) -> Option<String> {
    let parts: Vec<String> = approvals
        .iter()
        .filter_map(|approval| {
            let by = approval.by.as_deref().map(|by| crate::show::text(by, 60));
            let comment = approval
                .comment
                .as_deref()
                .map(|text| crate::show::value("", &text.into(), 200))
                .filter(|text| !text.is_empty());
            match (by, comment) {
                (Some(by), Some(comment)) => Some(format!("{by} approved this: “{comment}”")),
                (Some(by), None) => Some(format!("{by} approved this")),
                (None, Some(comment)) => Some(match question {
                    Some(question) => format!(
                        "the agent asked “{}”, and a person said “{comment}”",
                        crate::show::value("", &last_asked(question).into(), 200)
                    ),
                    None => format!("a person approved this: “{comment}”"),
                }),
                (None, None) => None,
            }
        })
        .collect();
    if parts.is_empty() {
        None
    } else {
        Some(format!("In the recording {}.", parts.join(", and ")))
    }
}

/// The last sentence of a text that asks, with all behind it; all of a text that asks nothing.
fn last_asked(text: &str) -> &str {
    match last_question(text) {
        Some(asking) => text[asking.start..].trim(),
        None => text.trim(),
    }
}

/// What the recording says about the approvals, for the gate's metadata.
pub(crate) fn recorded(kept: &Kept<'_>, approvals: &[RecordedApproval]) -> Value {
    let mut map = Map::new();
    map.insert("call".to_owned(), kept.call.id.clone().into());
    let list = approvals
        .iter()
        .map(|approval| {
            let mut one = Map::new();
            if let Some(by) = &approval.by {
                one.insert("by".to_owned(), by.clone().into());
            }
            if let Some(comment) = &approval.comment {
                one.insert(
                    "comment".to_owned(),
                    crate::show::value("", &comment.as_str().into(), 500).into(),
                );
            }
            if let Some(at) = approval.requested_at {
                one.insert("requested_at".to_owned(), at.to_string().into());
            }
            if let Some(at) = approval.decided_at {
                one.insert("decided_at".to_owned(), at.to_string().into());
            }
            Value::Object(one)
        })
        .collect();
    map.insert("approvals".to_owned(), Value::Array(list));
    Value::Object(map)
}
