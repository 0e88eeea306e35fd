//! Whether a recording should become an automation at all, and what in it may come out otherwise each time. Nothing
//! here changes a draft or stops one: it is said to the person who decides.

use crate::kept::Kept;
use crate::overwritten::{Fixed, end_of, is_literal};
use crate::report::{Flag, HeldOut, Judgement, Reason, ValueCounts, Verdict, Worth};
use crate::session::{Session, SessionStatus};
use crate::show::count;
use druse_engine::Finding;
use druse_engine::definition::{Document, EffectLevel, Step};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// So often the same is changed before it looks as if somebody was still trying.
const TRIED: usize = 3;
/// A text with so many fixed words around what is filled in is a template.
const WORDING: usize = 3;

/// What a judgement is made of.
pub(crate) struct Facts<'f> {
    pub(crate) session: &'f Session,
    pub(crate) kept: &'f [Kept<'f>],
    pub(crate) document: &'f Document,
    /// What the fixed texts of files come to in a second run.
    pub(crate) fixed: &'f Fixed<'f>,
    pub(crate) findings: &'f [Finding],
    pub(crate) held_out: &'f [HeldOut],
    pub(crate) left_out: usize,
    pub(crate) gates: u64,
    /// How many values follow something, and how many are open.
    pub(crate) values: Option<ValueCounts>,
}

/// The judgement of a draft.
pub(crate) fn judge(facts: &Facts<'_>) -> Judgement {
    let mut reasons = Vec::new();
    let mut say = |code: &str, text: String, steps: Vec<String>| {
        reasons.push(Reason {
            code: code.to_owned(),
            text,
            steps,
        });
    };
    let failed = matches!(
        facts.session.status,
        Some(SessionStatus::Failed | SessionStatus::Canceled)
    );
    if facts.session.status != Some(SessionStatus::Succeeded) {
        let text = if failed {
            "The recorded session did not reach its goal: there is no success to repeat."
        } else {
            "Nothing in the recording says that it reached its goal. Look at how it ended."
        };
        say("no_success", text.to_owned(), Vec::new());
    }
    let objected = of_code(facts, "objected_after");
    if !objected.is_empty() {
        say(
            "objected",
            "The person objected to this once it was done: the recording may show what was not wanted."
                .to_owned(),
            objected,
        );
    }
    if let [only] = facts.kept {
        say(
            "one_step_only",
            "It is one step: calling the tool is as simple as running the automation, unless it is to run by itself."
                .to_owned(),
            vec![only.step.clone()],
        );
    }
    let tried: Vec<&Kept<'_>> = facts.kept.iter().filter(|kept| kept.changes()).collect();
    if !tried.is_empty() && tried.iter().all(|kept| crate::prune::failed(kept.call)) {
        say(
            "nothing_succeeded",
            "Each change that it would make failed in the recording: nothing in it shows that they are wanted."
                .to_owned(),
            names(tried),
        );
    }
    if let Some(text) = exploratory(facts) {
        say("exploratory", text, Vec::new());
    }
    let tried = still_changing(facts.kept);
    if !tried.is_empty() {
        say(
            "still_changing",
            "The same was changed again and again: the recording shows how somebody found the way, not the way. Record it once more, now that it is known."
                .to_owned(),
            tried,
        );
    }
    let over = of_code(facts, "overwrites_what_it_read");
    if !over.is_empty() {
        say(
            "overwrites_what_it_read",
            "Each run writes these files over with the text of the recording, though it reads them before: what came into them since is lost."
                .to_owned(),
            over,
        );
    }
    let once = &facts.fixed.once;
    if !once.is_empty() {
        say(
            "works_once",
            "These steps can be done once: they take away what they look for, or make a file that must not be there. A second run fails there."
                .to_owned(),
            in_order(facts, once.iter().copied()),
        );
    }
    let differing = facts
        .held_out
        .iter()
        .filter(|held| held.verdict == Verdict::Failed)
        .count();
    if differing > 0 {
        let others = count(differing, "other recording", "other recordings");
        say(
            "recordings_differ",
            format!(
                "{others} of the task went another way: the task may not be one task, or not be settled yet."
            ),
            Vec::new(),
        );
    }
    let unasked = names(facts.kept.iter().filter(|kept| {
        kept.effects
            .is_none_or(|level| level >= EffectLevel::Destructive)
    }));
    if !unasked.is_empty() && facts.gates == 0 {
        say(
            "no_approval",
            "These steps may do what cannot be taken back, or nobody knows what they do, and nobody was asked. Put an approval gate before them, or say in the tool map what they are."
                .to_owned(),
            unasked,
        );
    }
    if let Some(values) = facts.values {
        let follow = values.said + values.answered + values.clock + values.repeated;
        if values.open > follow {
            say(
                "mostly_open",
                format!(
                    "{} open, and fewer follow data: until they are answered, every run does with them what was done in the recording.",
                    count(
                        usize::try_from(values.open).unwrap_or(usize::MAX),
                        "value is",
                        "values are"
                    )
                ),
                Vec::new(),
            );
        }
    }
    let worth = if failed || facts.kept.len() == 1 {
        Worth::Hardly
    } else if reasons.is_empty() {
        Worth::Yes
    } else {
        Worth::LookFirst
    };
    Judgement {
        worth,
        reasons,
        flags: flags(facts),
    }
}

/// Why a session looks like a search for something, and not like a task that was done.
fn exploratory(facts: &Facts<'_>) -> Option<String> {
    let kept = facts.kept.len();
    let failed = facts
        .session
        .calls()
        .filter(|call| {
            let refused = call.result.as_ref().is_some_and(|result| result.refused);
            crate::prune::failed(call) && !refused
        })
        .count();
    let all = kept + facts.left_out;
    if all >= 4 && failed * 3 >= all {
        return Some(format!(
            "{failed} of {all} calls failed: much of it was trying."
        ));
    }
    let looks = facts.kept.iter().filter(|kept| kept.is_harmless()).count();
    (kept >= 4 && looks == kept).then(|| {
        "It only looks: what came of it is in the agent's last answer, and that is no part of the automation."
            .to_owned()
    })
}

/// The steps that change what was changed before, where that was done often.
fn still_changing(kept: &[Kept<'_>]) -> Vec<String> {
    let mut by_target: BTreeMap<(&str, String), Vec<&Kept<'_>>> = BTreeMap::new();
    for kept in kept.iter().filter(|kept| kept.changes()) {
        if let Some(target) = target(&kept.call.arguments) {
            by_target
                .entry((kept.call.name.as_str(), target))
                .or_default()
                .push(kept);
        }
    }
    let mut steps: Vec<&Kept<'_>> = Vec::new();
    for kept in by_target.into_values().filter(|kept| kept.len() >= TRIED) {
        steps.extend(kept);
    }
    names(steps)
}

/// What a call is about: the file that it writes, or the thing whose id it names beside what it changes.
fn target(arguments: &Value) -> Option<String> {
    let map = arguments.as_object().filter(|map| map.len() > 1)?;
    let files = [
        "file_path",
        "path",
        "absolute_path",
        "filename",
        "notebook_path",
    ];
    files
        .iter()
        .find_map(|key| Some(map.get(*key)?.as_str()?.to_owned()))
}

/// The steps that a kind of finding is about, each once.
fn of_code(facts: &Facts<'_>, code: &str) -> Vec<String> {
    let all = facts.findings.iter().filter(|one| one.code == code);
    in_order(facts, all.filter_map(|one| one.step.as_deref()))
}

/// Some of the steps, each once, as they stand in the draft.
fn in_order<'s>(facts: &'s Facts<'_>, steps: impl Iterator<Item = &'s str>) -> Vec<String> {
    let steps: HashSet<&str> = steps.collect();
    let kept = facts.kept.iter();
    names(kept.filter(|kept| steps.contains(kept.step.as_str())))
}

/// What may come out otherwise each time, by its code, with the steps.
fn flags(facts: &Facts<'_>) -> Vec<Flag> {
    let mut found: BTreeMap<&str, (String, BTreeSet<usize>)> = BTreeMap::new();
    let mut steps: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, kept) in facts.kept.iter().enumerate() {
        steps.entry(&kept.step).or_insert(index);
        for reason in &kept.reasons {
            let said = found
                .entry(&reason.code)
                .or_insert_with(|| (reason.message.clone(), BTreeSet::new()));
            said.1.insert(index);
        }
    }
    let mut add = |code: &'static str, text: &str, step: Option<&str>| {
        if let Some(index) = step.and_then(|step| steps.get(step)) {
            let said = found
                .entry(code)
                .or_insert_with(|| (text.to_owned(), BTreeSet::new()));
            said.1.insert(*index);
        }
    };
    for finding in facts.findings {
        let step = finding.step.as_deref();
        match finding.code.as_str() {
            "written_by_agent" | "made_by_agent" | "chosen_by_agent" => add(
                "model_wrote",
                "the model wrote what is sent; it is sent again as it was",
                step,
            ),
            "frozen_volatile" => add(
                "volatile",
                "the clock or chance made what is sent; it is sent again as it was",
                step,
            ),
            _ => {}
        }
    }
    for step in &facts.fixed.model_wrote {
        add(
            "model_wrote",
            "the model wrote what is sent; it is sent again as it was",
            Some(step),
        );
    }
    let mut with_template = Vec::new();
    each_step(&facts.document.steps, &mut |step| {
        let with = step.with.iter().flat_map(|with| with.values());
        if with.into_iter().any(has_template) {
            with_template.push(step.id.as_str());
        }
    });
    for step in with_template {
        add(
            "template",
            "the wording is the model's, once; only what is filled in follows the data",
            Some(step),
        );
    }
    found
        .into_iter()
        .map(|(code, (text, steps))| Flag {
            code: code.to_owned(),
            text,
            steps: names(steps.into_iter().filter_map(|index| facts.kept.get(index))),
        })
        .collect()
}

/// The steps of calls, each once: the passes of a loop are one step.
fn names<'k>(calls: impl IntoIterator<Item = &'k Kept<'k>>) -> Vec<String> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let calls = calls.into_iter().map(|kept| kept.step.as_str());
    let steps = calls.filter(|step| seen.insert(step));
    steps.map(str::to_owned).collect()
}

fn each_step<'d>(steps: &'d [Step], then: &mut impl FnMut(&'d Step)) {
    for step in steps {
        then(step);
        each_step(&step.steps, then);
    }
}

/// Whether a text with holes stands in a value.
fn has_template(value: &Value) -> bool {
    match value {
        Value::String(text) => is_template(text),
        Value::Array(items) => items.iter().any(has_template),
        Value::Object(map) => map.values().any(has_template),
        _ => false,
    }
}

fn is_template(text: &str) -> bool {
    let mut rest = text;
    let mut words = 0;
    let mut holes = 0;
    while let Some((before, inner)) = rest.split_once("{{") {
        words += before.split_whitespace().count();
        let Some(end) = end_of(inner) else {
            break;
        };
        // A text in quotes is a way to write braces: nothing is filled in.
        match is_literal(&inner[..end]) {
            true => words += inner[..end].split_whitespace().count(),
            false => holes += 1,
        }
        rest = &inner[end + 2..];
    }
    words += rest.split_whitespace().count();
    holes > 0 && words >= WORDING
}

#[cfg(test)]
mod tests {
    use super::is_template;

    #[test]
    fn a_template_has_wording_around_what_is_filled_in() {
        assert!(is_template("Dear {{ a }}, here you are"));
        assert!(!is_template("{{ a }}-{{ b }}") && !is_template("no hole in this text"));
        assert!(!is_template(
            "{{ 'gh pr view --template \\'{{.number}}\\' of it' }}"
        ));
        assert!(is_template(
            "{{ '{{.number}} of all' }} and of {{ inputs.a }}"
        ));
    }
}
