//! The report in words, for a terminal.

use crate::report::{HeldOut, Level, Question, Report, Verdict, Worth};
use crate::show::{count, text as shorten, visible};
use druse_engine::definition::{Document, Step};
use druse_engine::{Finding, Severity};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest list of steps before the rest is only counted.
const MOST: usize = 40;
/// Longest list of findings of one kind before the rest is only counted.
const MOST_OF_A_KIND: usize = 5;

/// The report as a person reads it: what was recorded, what it became, what was left out, what to look at,
/// the proof, and what is to be done before activation.
pub fn text(report: &Report, document: &Document) -> String {
    let mut out = Out::default();
    recorded(report, document, &mut out);
    steps(report, document, &mut out);
    bound(report, document, &mut out);
    left_out(report, document, &mut out);
    flagged(document, &mut out);
    proof(report, &mut out);
    perturbed(report, document, &mut out);
    judged(report, &mut out);
    findings(report, &mut out);
    questions(report, &mut out);
    before_activation(report, &mut out);
    out.text
}

#[derive(Default)]
struct Out {
    text: String,
}

impl Out {
    fn line(&mut self, line: &str) {
        self.text.push_str(&visible(line.trim_end()));
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(title);
    }
}

fn number(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn recorded(report: &Report, document: &Document, out: &mut Out) {
    let counts = &report.counts;
    out.line(&document.name);
    if let Some(description) = &document.description {
        out.line(&format!("  {}", shorten(description, 160)));
    }
    out.title("Recorded");
    let mut line = format!(
        "  {}",
        count(number(counts.calls), "tool call", "tool calls")
    );
    if let Some(turns) = report.savings.get("agent_turns").and_then(Value::as_u64) {
        line.push_str(&format!(
            " in {}",
            count(number(turns), "turn of the agent", "turns of the agent")
        ));
    }
    if let Some(ms) = report.savings.get("recorded_ms").and_then(Value::as_u64)
        && ms > 0
    {
        line.push_str(&format!(", {}", seconds(ms)));
        if let Some(tools) = report.savings.get("tools_ms").and_then(Value::as_u64) {
            line.push_str(&format!(" ({} of it in tools)", seconds(tools)));
        }
    }
    out.line(&line);
    if let Some(used) = used(report) {
        out.line(&format!("  {used}"));
    }
    if let Some(source) = document
        .metadata
        .get("crystallized")
        .and_then(|map| map.get("source"))
    {
        let part = |key: &str| source.get(key).and_then(Value::as_str);
        out.line(&format!(
            "  from {}{}",
            part("kind").unwrap_or("a recording").replace('_', " "),
            part("id")
                .map(|id| format!(" {}", shorten(id, 80)))
                .unwrap_or_default()
        ));
    }
}

/// What the agent used for it, which a run does without.
fn used(report: &Report) -> Option<String> {
    let number = |key: &str| report.savings.get(key).and_then(Value::as_u64);
    let cost = report.savings.get("cost_usd").and_then(Value::as_f64);
    let input = number("input_tokens")
        .filter(|input| *input > 0)
        .map(|input| format!("{} tokens in", thousands(input)));
    let output = number("output_tokens")
        .filter(|output| *output > 0)
        .map(|output| match &input {
            Some(_) => format!("{} out", thousands(output)),
            None => format!("{} tokens out", thousands(output)),
        });
    let cost = cost.map(|cost| format!("{cost:.2} US dollars"));
    let parts: Vec<String> = input.into_iter().chain(output).chain(cost).collect();
    (!parts.is_empty()).then(|| format!("{}, which a run does without", parts.join(", ")))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn judged(report: &Report, out: &mut Out) {
    let judgement = &report.judgement;
    out.title(match judgement.worth {
        Worth::Yes => "Worth it: yes",
        Worth::LookFirst => "Worth it: look first",
        Worth::Hardly => "Worth it: hardly",
    });
    for reason in &judgement.reasons {
        let steps = match reason.steps.as_slice() {
            [] => String::new(),
            steps => format!(" ({})", shorten(&steps.join(", "), 120)),
        };
        out.line(&format!("  - {}{steps}", reason.text));
    }
    for flag in &judgement.flags {
        let steps = shorten(&flag.steps.join(", "), 120);
        out.line(&format!("  {:<11} {}: {steps}", flag.code, flag.text));
    }
}

fn seconds(ms: u64) -> String {
    match ms {
        0..=999 => format!("{ms} ms"),
        1_000..=119_999 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min", ms / 60_000),
    }
}

fn steps(report: &Report, document: &Document, out: &mut Out) {
    // What may fail because nothing reads it did not fail when it was recorded.
    let idle: BTreeSet<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.code == "informs_nobody")
        .filter_map(|finding| finding.step.as_deref())
        .collect();
    let counts = &report.counts;
    let gates = if counts.gates == 0 {
        String::new()
    } else {
        format!(
            " and {}",
            count(number(counts.gates), "approval gate", "approval gates")
        )
    };
    // In a loop several calls are one step.
    let made = if document.steps.iter().any(|step| !step.steps.is_empty()) {
        let is_gate = |step: &&Step| step.action.as_deref() == Some("approval_gate");
        let own = document.steps.len() - document.steps.iter().filter(is_gate).count();
        format!(
            "{} in {}",
            count(number(counts.steps), "call", "calls"),
            count(own, "step", "steps")
        )
    } else {
        count(number(counts.steps), "step", "steps")
    };
    out.title(&format!("Crystallized: {made}{gates}"));
    let width = document
        .steps
        .iter()
        .take(MOST)
        .map(|step| step.id.chars().count())
        .max()
        .unwrap_or(0)
        .min(32);
    for (index, step) in document.steps.iter().take(MOST).enumerate() {
        out.line(&format!(
            "  {:>3}. {:<width$}  {}",
            index + 1,
            step.id,
            what(step, &idle)
        ));
        body(step, 9, width, &idle, out);
    }
    more(document.steps.len(), out);
}

/// The body of a loop, and those of the loops in it.
fn body(step: &Step, indent: usize, width: usize, idle: &BTreeSet<&str>, out: &mut Out) {
    for inner in step.steps.iter().take(MOST) {
        out.line(&format!(
            "{:indent$}{:<width$}  {}",
            "",
            inner.id,
            what(inner, idle)
        ));
        body(inner, indent + 2, width, idle, out);
    }
}

/// What a step does, with what is to be known of it.
fn what(step: &Step, idle: &BTreeSet<&str>) -> String {
    if let Some(each) = &step.for_each {
        let items = each.items.as_str().unwrap_or("");
        let until = match &each.until {
            Some(until) => format!(", until {}", shorten(until, 80)),
            None => String::new(),
        };
        return format!("for each of {}{until}:", shorten(items, 100));
    }
    if let Some(repeat) = &step.repeat {
        return format!("again until {}:", shorten(&repeat.until, 100));
    }
    let action = step.action.as_deref().unwrap_or("");
    let effects = match step.effects {
        Some(level) => serde_json::to_value(level)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned)),
        None if action == "approval_gate" => None,
        None => Some("effect not known".to_owned()),
    };
    let mut notes: Vec<String> = effects.into_iter().collect();
    if step.metadata.get("deterministic") == Some(&Value::Bool(false)) {
        notes.push("not deterministic".to_owned());
    }
    if step.on_error.is_some() {
        let note = match idle.contains(step.id.as_str()) {
            true => "may fail",
            false => "failed in the recording",
        };
        notes.push(note.to_owned());
    }
    let origin = step.metadata.get("recorded_in");
    if let Some(recording) = origin.and_then(|origin| origin.get("recording")?.as_str()) {
        notes.push(format!("of the recording {}", shorten(recording, 40)));
    }
    let tool = step
        .metadata
        .get("tool")
        .and_then(Value::as_str)
        .filter(|tool| *tool != step.id);
    let what = match (action, tool) {
        ("approval_gate", _) => {
            let title = step
                .with
                .as_ref()
                .and_then(|with| with.get("title"))
                .and_then(Value::as_str);
            format!("approval_gate  {}", shorten(title.unwrap_or(""), 80))
        }
        (action, Some(tool)) => format!("{action}  {}", shorten(tool, 60)),
        (action, None) => action.to_owned(),
    };
    if notes.is_empty() {
        what
    } else {
        format!("{what}  ({})", notes.join(", "))
    }
}

fn more(all: usize, out: &mut Out) {
    if all > MOST {
        out.line(&format!("       … and {} more", all - MOST));
    }
}

fn bound(report: &Report, document: &Document, out: &mut Out) {
    let Some(values) = &report.values else { return };
    let follow = values.said + values.answered + values.clock + values.repeated;
    out.title(&format!(
        "Bound: {}",
        count(number(follow), "value", "values")
    ));
    for (name, schema) in document.inputs.iter().take(MOST) {
        out.line(&match schema.get("default") {
            Some(default) => format!(
                "  input {name}, by default {}",
                crate::show::value(name, default, 60)
            ),
            None => format!("  input {name}, given in each run"),
        });
    }
    more(document.inputs.len(), out);
    let followed: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| matches!(finding.code.as_str(), "bound_to_output" | "bound_to_clock"))
        .collect();
    for finding in followed.iter().take(MOST) {
        out.line(&format!("  - {}", finding.message));
    }
    more(followed.len(), out);
    let stay = values.open + values.made + values.fixed;
    if stay > 0 {
        out.line(&format!(
            "  {} as recorded: {} of the agent's own making, {} with an open question, {} for other reasons",
            count(number(stay), "value stays", "values stay"),
            values.made,
            values.open,
            values.fixed
        ));
    }
}

fn perturbed(report: &Report, document: &Document, out: &mut Out) {
    let Some(level) = report.generalisable else {
        return;
    };
    out.title("On other data");
    // Where nothing follows data, other data shows nothing.
    let follows = report
        .values
        .is_none_or(|values| values.said + values.answered + values.clock + values.repeated > 0)
        || document
            .steps
            .iter()
            .any(|step| step.for_each.is_some() || step.repeat.is_some() || step.when.is_some());
    if !follows {
        out.line("  nothing in it follows data: every run asks for what was recorded, whatever the answers are");
        return held_out(report, out);
    }
    let mut said: Option<&str> = None;
    for (name, what, world) in [
        ("renamed", "other names", &report.perturbed.renamed),
        (
            "reordered",
            "another order of answers",
            &report.perturbed.reordered,
        ),
        (
            "shuffled",
            "shuffled lists with strangers in them",
            &report.perturbed.shuffled,
        ),
    ] {
        let verdict = match world.verdict {
            Verdict::Passed => "holds".to_owned(),
            Verdict::NotRun => "not tried".to_owned(),
            Verdict::Failed => {
                let first = world
                    .differences
                    .first()
                    .map_or("", |first| first.message.as_str());
                if said.replace(first) == Some(first) {
                    "does not hold: the same".to_owned()
                } else {
                    format!("does not hold: {first}")
                }
            }
        };
        out.line(&format!("  {name:<10} ({what}) {verdict}"));
    }
    held_out(report, out);
    let level = match level {
        Level::Same => "the recorded data only",
        Level::Renamed => "data under other names",
        Level::Reordered => "data under other names, in any order of answers",
        Level::Shuffled => "data under other names, in any order",
    };
    out.line(&format!("  So it is shown to hold for {level}."));
}

/// Where a further recording differs first, and in how many more values.
pub(crate) fn told(held: &HeldOut) -> String {
    let first = held.differences.first();
    let first_message = first.map_or("", |first| first.message.as_str());
    let others = held.differences.iter().skip(1);
    let more = others
        .filter(|one| {
            first.is_some_and(|first| (&one.step, &one.kind) == (&first.step, &first.kind))
        })
        .count();
    match more {
        0 => first_message.to_owned(),
        more => format!(
            "{first_message} And {}.",
            count(more, "more value", "more values")
        ),
    }
}

/// What came of predicting the further recordings.
fn held_out(report: &Report, out: &mut Out) {
    for held in &report.held_out {
        let verdict = match held.verdict {
            Verdict::Passed => "is predicted".to_owned(),
            Verdict::NotRun => format!(
                "was not predicted: {}",
                held.message.as_deref().unwrap_or("")
            ),
            Verdict::Failed => {
                format!("is not predicted: {}", told(held))
            }
        };
        out.line(&format!(
            "  the recording {} {verdict}",
            crate::show::name(held.called(), 60)
        ));
    }
}

fn questions(report: &Report, out: &mut Out) {
    if report.questions.is_empty() {
        return;
    }
    out.title(&format!(
        "Questions: {}",
        count(report.questions.len(), "value", "values")
    ));
    for question in report.questions.iter().take(MOST) {
        out.line(&format!("  - {}", question.text));
        let quoted = |text: &str| text.replace('\'', "'\\''");
        let id = quoted(&question.id);
        // The two that most questions have stand in one line.
        let (plain, others): (Vec<&str>, Vec<&str>) = question
            .choices
            .iter()
            .map(String::as_str)
            .partition(|choice| matches!(*choice, "constant" | "input"));
        let label = |choice: &str| {
            let at = question.choices.iter().position(|one| one == choice)?;
            question.labels.get(at).filter(|label| *label != choice)
        };
        if let Some((first, rest)) = plain.split_first() {
            let or = rest.iter().map(|other| format!(" (or ={other})"));
            let or: String = or.collect();
            out.line(&format!("    --answer '{id}={first}'{or}"));
        }
        for choice in others {
            let label = label(choice).map(|label| format!("  # {label}"));
            let label = label.unwrap_or_default();
            out.line(&format!("    --answer '{id}={}'{label}", quoted(choice)));
        }
        for finding in report.findings.iter().filter(|one| is_of(one, question)) {
            out.line(&format!("    or acknowledge as {}", finding.id));
        }
    }
    more(report.questions.len(), out);
}

/// Whether a finding to acknowledge is about what a question asks.
fn is_of(finding: &Finding, question: &Question) -> bool {
    finding.acknowledge
        && matches!(
            finding.code.as_str(),
            "open_source"
                | "open_choice"
                | "made_by_agent"
                | "frozen_date"
                | "frozen_volatile"
                | "differs_between_recordings"
        )
        && finding.help.contains(&format!("`{}`", question.id))
}

fn left_out(report: &Report, document: &Document, out: &mut Out) {
    if report.counts.left_out == 0 {
        return;
    }
    out.title(&format!(
        "Left out: {}",
        count(number(report.counts.left_out), "call", "calls")
    ));
    let codes: BTreeSet<&str> = document
        .metadata
        .get("crystallized")
        .and_then(|map| map.get("left_out"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("code")?.as_str())
        .collect();
    let explained: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.step.is_none() && codes.contains(finding.code.as_str()))
        .collect();
    for finding in explained.iter().take(MOST) {
        out.line(&format!("  - {}", finding.message));
        // What is to be acknowledged says below what to do.
        if finding.severity != Severity::Info && !blocks(finding) {
            out.line(&format!("    {}", finding.help));
        }
    }
    more(explained.len(), out);
}

fn flagged(document: &Document, out: &mut Out) {
    let flagged: Vec<_> = document
        .steps
        .iter()
        .filter(|step| step.metadata.get("deterministic") == Some(&Value::Bool(false)))
        .collect();
    if flagged.is_empty() {
        return;
    }
    out.title(&format!(
        "Not deterministic: {}",
        count(flagged.len(), "step", "steps")
    ));
    // Steps for the same reason stand in one line.
    let mut by_reason: Vec<(String, Vec<&str>)> = Vec::new();
    for step in flagged {
        let reasons: Vec<String> = step
            .metadata
            .get("reasons")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|reason| reason.get("message").and_then(Value::as_str))
            .map(|reason| shorten(reason, 120))
            .collect();
        let reasons = reasons.join("; ");
        match by_reason.iter_mut().find(|(known, _)| *known == reasons) {
            Some((_, steps)) => steps.push(&step.id),
            None => by_reason.push((reasons, vec![&step.id])),
        }
    }
    for (reasons, steps) in by_reason.iter().take(MOST) {
        let named = shorten(&steps.join(", "), 120);
        out.line(&format!("  - {named}: {reasons}"));
    }
    more(by_reason.len(), out);
}

fn proof(report: &Report, out: &mut Out) {
    let replay = &report.replay;
    let all = replay.matched + replay.differing + replay.missing;
    out.title("Replayed");
    if replay.matched == all {
        out.line(&match all {
            1 => "  the one call asked for exactly as recorded".to_owned(),
            all => format!("  all {all} calls asked for exactly as recorded"),
        });
        return;
    }
    out.line(&format!(
        "  {} of {} as recorded, {} differing, {} missing",
        replay.matched,
        count(number(all), "call", "calls"),
        replay.differing,
        replay.missing
    ));
    for difference in replay.differences.iter().take(MOST) {
        out.line(&format!("  - {}", difference.message));
    }
    more(replay.differences.len(), out);
}

fn findings(report: &Report, out: &mut Out) {
    let shown: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Info && !blocks(finding))
        // What was bound, left out or differs on other data is listed above, what is open below.
        .filter(|finding| {
            !matches!(
                finding.code.as_str(),
                "bound_to_output"
                    | "open_source"
                    | "open_choice"
                    | "made_by_agent"
                    | "failed_then_repeated"
                    | "not_renamed"
                    | "not_reordered"
                    | "not_shuffled"
            )
        })
        .collect();
    if !shown.is_empty() {
        out.title("Worth a look");
        list(&shown, false, out);
    }
    let infos = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Info)
        .count();
    if infos > 0 {
        out.title(&format!(
            "{} for the record, in the report as JSON.",
            count(infos, "further note", "further notes")
        ));
    }
}

fn blocks(finding: &Finding) -> bool {
    finding.severity == Severity::Error || finding.acknowledge
}

/// Findings by kind, in the order in which each kind comes first. What to do is said once for a kind when
/// it is the same or there is a list; ids are needed for those that can be acknowledged.
fn list(findings: &[&Finding], ids: bool, out: &mut Out) {
    let mut kinds: Vec<&str> = Vec::new();
    for finding in findings {
        if !kinds.contains(&finding.code.as_str()) {
            kinds.push(&finding.code);
        }
    }
    for kind in kinds {
        let of_kind: Vec<&&Finding> = findings
            .iter()
            .filter(|finding| finding.code == kind)
            .collect();
        let one_help = of_kind.len() > 1
            && (matches!(
                kind,
                "unmapped_tool" | "runs_program" | "missing_connection"
            ) || of_kind
                .iter()
                .all(|finding| finding.help == of_kind[0].help));
        // What has to be named to be acknowledged is never cut short.
        let most = if ids || kind == "unmapped_tool" {
            MOST
        } else {
            MOST_OF_A_KIND
        };
        for finding in of_kind.iter().take(most) {
            let step = finding
                .step
                .as_deref()
                .map(|step| format!("{step}: "))
                .unwrap_or_default();
            out.line(&format!("  - {step}{}", finding.message));
            if !one_help && !finding.help.is_empty() {
                out.line(&format!("    {}", finding.help));
            }
            if ids {
                out.line(&format!("    acknowledge as {}", finding.id));
            }
        }
        if of_kind.len() > most {
            out.line(&format!(
                "  - … and {} more of this kind ({kind})",
                of_kind.len() - most
            ));
        }
        if one_help
            && let Some(first) = of_kind.first()
            && !first.help.is_empty()
        {
            out.line(&format!("    {}", first.help));
        }
    }
}

fn before_activation(report: &Report, out: &mut Out) {
    let errors: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    let asked: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Error && finding.acknowledge)
        .collect();
    // What a question asks is not asked again.
    let shown = report.questions.iter().take(MOST);
    let (open, asked): (Vec<&Finding>, Vec<&Finding>) = asked
        .into_iter()
        .partition(|finding| shown.clone().any(|question| is_of(finding, question)));
    out.title("Before it can be activated");
    if errors.is_empty() && asked.is_empty() && open.is_empty() {
        out.line("  nothing is left to do");
        return;
    }
    if !errors.is_empty() {
        out.line(&format!(
            "  Correct {}:",
            count(errors.len(), "thing", "things")
        ));
        list(&errors, false, out);
    }
    if !open.is_empty() {
        out.line(&format!(
            "  Answer or acknowledge {} above.",
            count(open.len(), "question", "questions")
        ));
    }
    if !asked.is_empty() {
        out.line(&format!(
            "  Change or acknowledge {}:",
            count(asked.len(), "thing", "things")
        ));
        list(&asked, true, out);
    }
}

#[cfg(test)]
mod tests {
    use super::Out;

    #[test]
    fn no_line_holds_what_nobody_sees() {
        let mut out = Out::default();
        out.title("a\u{202e}b");
        out.line("  - Is it `x\u{200b}y`?");
        assert_eq!(out.text, "a\\u{202e}b\n  - Is it `x\\u{200b}y`?\n");
    }
}
