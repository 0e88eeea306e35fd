//! What has to be acknowledged by name before a draft is activated: each alone, or all of a kind at once.

use super::Draft;
use crate::console::call::Call;
use crate::console::component::value;
use crate::console::visible::kept;
use crate::service::offered::CODES as OF_TOOLS;
use druse_engine::Finding;
use druse_engine::finding::codes;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The form that the boxes belong to, wherever on the page they stand.
pub(super) const FORM: &str = "activation";

/// What a kind of finding asks for, in the words of somebody who signs it. A kind that has none here says what it means.
fn words(code: &str) -> &str {
    match code {
        "runs_program" => "It may run these programs on the server's machine",
        "program_steered" => "What these steps are given decides which program runs",
        "frozen_volatile" => "These values stay although they look made for one occasion",
        "frozen_from_output" => "These values stay although they came from an earlier answer",
        "made_when_absent" => "These make what a look had not found in the recording",
        "made_by_agent" => "These values stay as the agent made them",
        "open_source" | "open_choice" => {
            "These values stay although it is open where they come from"
        }
        "frozen_date" => "These days stay as they are",
        "figure_stays" => "These texts keep figures or names of the recorded day",
        "differs_between_recordings" => {
            "These values stay although the recordings have different ones"
        }
        "flows_into_sink" => "What others wrote decides what these steps do",
        "influenced" => {
            "The agent had read texts of others before it did this, and nobody named it"
        }
        "after_refusal" => "A person had refused a call or said no, and the agent did this then",
        "objected_after" => "Once this was done, the person said that it was wrong or not wanted",
        "answer_not_understood" => {
            "The agent asked, and what the person answered is not understood"
        }
        "condition_not_shown" => {
            "The person said this, and nothing in the draft does it or holds it"
        }
        "step_has_condition" => {
            "These conditions part the recordings, and nobody named them: it may be chance"
        }
        "tool_not_offered" => "The servers of these tools do not offer them now",
        "argument_missing" => "These tools require what these steps do not give them",
        "argument_unknown" => "These tools do not know what these steps give them",
        "looks_like_secret" => "These values stay although they look like secrets",
        "secret_lifted" => "These steps may have these secrets",
        "folder_unknown" => "It works where the server stands: the recording names no folder",
        "folders_differ" => "Files are worked on in one folder, and commands run in another one",
        "names_recorded_folder" => {
            "These commands name the folder of the recording, and work in another one"
        }
        "outside_recorded_folder" => {
            "These commands run where they ran, outside of the folder that it works in"
        }
        "overwrites_what_it_read" => {
            "These files are written over with the text of the recording, though they are read before"
        }
        "pages_as_recorded" => "It asks for as many pages as were recorded, however many there are",
        "waits_by_asking" => "It asks as often as was recorded, and goes on whatever the answer is",
        "looked_without_step" => "These calls told the agent something that no run asks for again",
        "words_not_read" => "Not all that was said was looked through for where values come from",
        "arguments_not_recorded" => "The recording does not hold what these calls were given",
        "number_precision" => "These calls were given numbers that cannot be kept exactly",
        "repeated_key" => "In what these calls were given a key stands twice, with two values",
        "arguments_not_json" => "These calls are sent as the text that was recorded",
        "held_out_differs" | "held_out_not_run" => {
            "It is not shown that it does what these further recordings show"
        }
        other => codes::find(other).map_or(other, |known| known.meaning.trim_end_matches('.')),
    }
}

/// Findings of one kind, in the order in which they came.
fn groups<'a>(open: &[&'a Finding]) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for one in open {
        match groups.iter_mut().find(|(code, _)| *code == one.code) {
            Some((_, all)) => all.push(one),
            None => groups.push((&one.code, vec![one])),
        }
    }
    groups
}

/// What a finding is about: a program, or else a step.
fn subject(finding: &Finding) -> &str {
    match finding.id.strip_prefix("runs_program:") {
        Some(program) => program,
        None => finding.step.as_deref().unwrap_or(&finding.id),
    }
}

/// The id with the version that is shown: what somebody signs is what stands on the page, whatever comes meanwhile.
/// Another finding may be called just that, as a program may be called `rm@3`; then the number has noughts before it,
/// which mean the same to the API.
fn signed(id: &str, draft: &Draft) -> String {
    let mut digits = draft.automation["latest_version"].to_string();
    let all = draft.automation["findings"].as_array();
    let taken = |id: &str| all.is_some_and(|all| all.iter().any(|one| one["id"] == id));
    while taken(&format!("{id}@{digits}")) {
        digits.insert(0, '0');
    }
    format!("{id}@{digits}")
}

/// Whether a refused form had a box ticked.
fn ticked(call: &Call, id: &str) -> bool {
    ids(call).any(|given| given == id)
}

/// The ids that a form acknowledges. A box for several holds one on each line.
pub(super) fn ids(call: &Call) -> impl Iterator<Item = &str> {
    call.form.all("acknowledge").flat_map(str::lines)
}

/// What a refused activation asks for beyond what is known of the draft: what the servers of its tools say. What was
/// ticked of it stays, though what is refused now says nothing of it.
pub(in crate::console::page) fn beside(call: &Call, known: &[Finding]) -> Vec<Finding> {
    let Some(refusal) = &call.refusal else {
        return Vec::new();
    };
    let is_known = |id: &str, all: &[Finding]| all.iter().any(|one| one.id == id);
    let mut more: Vec<Finding> = refusal
        .findings
        .iter()
        .filter(|one| one.acknowledge && !is_known(&one.id, known))
        .cloned()
        .collect();
    for id in ids(call) {
        let id = id.rsplit_once('@').map_or(id, |(id, _)| id);
        let mut parts = id.split(':');
        let code = parts.next().unwrap_or_default();
        if OF_TOOLS.contains(&code) && !is_known(id, known) && !is_known(id, &more) {
            let mut one = Finding::warning(code, words(code)).must_acknowledge();
            one.id = id.to_owned();
            one.step = parts.next().map(str::to_owned);
            more.push(one);
        }
    }
    more
}

/// The boxes of a form.
pub(super) fn boxes(call: &Call, open: &[&Finding], draft: &Draft) -> Markup {
    // What has changed since somebody signed it is never one of many.
    let again = format!("@{}", draft.automation["latest_version"]);
    let (again, open): (Vec<&Finding>, Vec<&Finding>) =
        open.iter().partition(|one| one.id.ends_with(&again));
    html! {
        @if !open.is_empty() || !again.is_empty() {
            fieldset {
                legend { "To be acknowledged" }
                @for one in again { (alone(call, one, draft)) }
                @for (code, all) in groups(&open) {
                    @match all.as_slice() {
                        [one] => (alone(call, one, draft)),
                        _ => (together(call, code, &all, draft)),
                    }
                }
            }
        }
    }
}

fn alone(call: &Call, one: &Finding, draft: &Draft) -> Markup {
    let id = signed(&one.id, draft);
    html! {
        label .check {
            input type="checkbox" name="acknowledge" value=(kept(&id)) checked[ticked(call, &id)];
            span { @if let Some(step) = &one.step { code { (step) } " " } (value::said(&one.message)) " " code .dim { (one.id) } }
        }
    }
}

fn together(call: &Call, code: &str, all: &[&Finding], draft: &Draft) -> Markup {
    let ids: Vec<String> = all.iter().map(|one| signed(&one.id, draft)).collect();
    let subjects: BTreeSet<&str> = all.iter().map(|one| subject(one)).collect();
    html! {
        div .together {
            label .check {
                input type="checkbox" name="acknowledge" value=(kept(&ids.join("\n"))) checked[ids.iter().all(|id| ticked(call, id))];
                span { (words(code)) " (" (all.len()) "): "
                    @for (index, one) in subjects.iter().enumerate() { @if index > 0 { ", " } code { (one) } }
                    " " code .dim { (code) } }
            }
            details .more {
                summary { "Each of them" }
                @for one in all { (alone(call, one, draft)) }
            }
        }
    }
}

/// A box beside a finding in its place, which belongs to the form at the end.
pub(super) fn in_place(call: &Call, finding: &Finding, draft: &Draft) -> Markup {
    let id = signed(&finding.id, draft);
    html! {
        label .check.accept {
            input type="checkbox" name="acknowledge" form=(FORM) value=(kept(&id)) checked[ticked(call, &id)];
            span { "Accept: " (value::cut(subject(finding), 60)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn no_box_acknowledges_what_another_finding_is_called() {
        let draft = |ids: &[&str]| Draft {
            tag: String::new(),
            automation: json!({
                "latest_version": 3,
                "findings": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            }),
            report: Value::Null,
            reported: 1,
            made: Value::Null,
            session: None,
        };
        let plain = draft(&["runs_program:rm"]);
        assert_eq!(signed("runs_program:rm", &plain), "runs_program:rm@3");
        // Of two of which one is called what the other is signed as, each has a box of its own.
        let both = draft(&["runs_program:rm", "runs_program:rm@3", "runs_program:rm@03"]);
        assert_eq!(signed("runs_program:rm", &both), "runs_program:rm@003");
        assert_eq!(signed("runs_program:rm@3", &both), "runs_program:rm@3@3");
    }

    /// The codes in the sources that make findings which are to be acknowledged.
    fn to_be_acknowledged() -> BTreeSet<String> {
        fn files(folder: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().and_then(|name| name.to_str());
                let name = name.unwrap_or_default();
                if path.is_dir() && name != "tests" && name != "testing" {
                    files(&path, found);
                } else if name.ends_with(".rs") && !name.contains("tests") {
                    found.push(std::fs::read_to_string(&path).expect("a text"));
                }
            }
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut texts = Vec::new();
        for folder in ["engine/src", "crystallizer/src"] {
            files(&root.join(folder), &mut texts);
        }
        let mut all = BTreeSet::new();
        for text in texts {
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            // A finding may get its code in one function and be asked about in another.
            if code.contains(".must_acknowledge()") {
                let quoted = code.split('"').skip(1).step_by(2);
                let known = quoted.filter(|word| codes::find(word).is_some());
                all.extend(known.map(str::to_owned));
            }
        }
        all
    }

    #[test]
    fn whatever_is_to_be_acknowledged_is_asked_for_in_a_sentence() {
        let all = to_be_acknowledged();
        for known in [
            "objected_after",
            "after_refusal",
            "condition_not_shown",
            "figure_stays",
            "runs_program",
            "folders_differ",
        ] {
            assert!(all.contains(known), "{known} is not in {all:?}");
        }
        let known = codes::all().map(|one| one.code.to_owned());
        for code in all.into_iter().chain(known) {
            let said = words(&code);
            assert!(
                said.contains(' ') && said != code && !said.ends_with('.'),
                "{code}: {said}"
            );
        }
    }
}
