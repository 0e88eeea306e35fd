//! Findings that a document carries: what was found when a recording became it, and what somebody has to put right
//! or acknowledge before it is activated. They stand under `metadata.crystallized.findings`, so that a file says it
//! wherever it is taken, with no report beside it.
//!
//! A person may change the document. What is said about a value ends with that value, and goes with it when its step
//! is renamed or moved; what is said about a whole step ends with the step; what a gate answers for is asked once the
//! gate is gone. Who takes the list out takes the document as their own.

use crate::definition::{Document, Step, of_recording};
use crate::finding::codes;
use crate::{Digest, Finding, Severity};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What is said of a step whose gate is gone.
pub const GATE_GONE: &str =
    "The gate that stood before the step is gone. Put one there again, or acknowledge it.";

/// Writes down those of the findings that keep the document from being activated, and those that a gate answers for.
pub fn write(findings: &[Finding], document: &mut Document) {
    let steps = Steps::of(Source::Document(&*document));
    let carried: Vec<Value> = findings
        .iter()
        .filter_map(|finding| entry(finding, &steps))
        .collect();
    if let Some(Value::Object(made)) = document.metadata.get_mut("crystallized")
        && !carried.is_empty()
    {
        made.insert("findings".to_owned(), carried.into());
    }
}

/// What a document carries and what still stands in it, with the places where it stands now.
pub fn findings(document: &Document) -> Vec<Finding> {
    let carried = list(&document.metadata);
    if carried.is_empty() {
        return Vec::new();
    }
    let steps = Steps::of(Source::Document(document));
    let standing = carried.iter().filter_map(|entry| standing(entry, &steps));
    standing.collect()
}

/// Takes out what a change has settled: nothing of a value that was taken out of the document stays in the list.
pub fn settle(document: &mut Document) {
    if list(&document.metadata).is_empty() {
        return;
    }
    let steps = Steps::of(Source::Document(&*document));
    let holds = |entry: &&Value| is_gated(entry, &steps) || standing(entry, &steps).is_some();
    let holding: Vec<Value> = list(&document.metadata)
        .iter()
        .filter(holds)
        .cloned()
        .collect();
    if let Some(Value::Array(carried)) = document
        .metadata
        .get_mut("crystallized")
        .and_then(|made| made.get_mut("findings"))
    {
        *carried = holding;
    }
}

/// Whether a gate before the step answers for findings of this code.
pub fn gate_answers(code: &str) -> bool {
    matches!(
        code,
        "frozen_from_output" | "flows_into_sink" | "influenced"
    )
}

fn list(metadata: &Map<String, Value>) -> &[Value] {
    metadata
        .get("crystallized")
        .and_then(|made| made.get("findings")?.as_array())
        .map_or(&[], Vec::as_slice)
}

fn entry(finding: &Finding, steps: &Steps<'_>) -> Option<Value> {
    // What the check says of every document needs nobody to carry it.
    if codes::find(&finding.code).is_some_and(|known| known.group == codes::Group::Document) {
        return None;
    }
    let wrong = finding.severity == Severity::Error && of_recording(&finding.code);
    let gated = !finding.acknowledge
        && gate_answers(&finding.code)
        && finding
            .step
            .as_deref()
            .is_some_and(|step| steps.has_gate(step));
    if !(finding.acknowledge || wrong || gated) {
        return None;
    }
    let mut entry = Map::new();
    let mut set = |key: &str, value: Value| entry.insert(key.to_owned(), value);
    set("id", finding.id.as_str().into());
    if code_of(&finding.id) != finding.code {
        set("code", finding.code.as_str().into());
    }
    set("message", finding.message.as_str().into());
    if wrong {
        set("severity", "error".into());
    }
    if gated {
        set("gated", true.into());
    }
    if let Some(step) = &finding.step {
        set("step", step.as_str().into());
        if let Some(inner) = finding.path.as_deref().zip(steps.place(step))
            && let Some(at) = inner.0.strip_prefix(inner.1)
        {
            set("place", at.into());
            if let Some(was) = steps.at(inner.1, watched(at)) {
                // Of a secret too little is kept for a guess to be tried with, once the secret itself is gone.
                let length = if finding.code.contains("secret") {
                    2
                } else {
                    MARK
                };
                set("was", mark(&was, length).into());
            }
        }
    }
    Some(entry.into())
}

/// A carried finding as it stands in the document now; none where a change has settled it.
fn standing(entry: &Value, steps: &Steps<'_>) -> Option<Finding> {
    let text = |key: &str| entry[key].as_str();
    let id = text("id")?;
    let code = text("code").unwrap_or(code_of(id));
    let known = codes::find(code);
    let wrong = text("severity") == Some("error");
    let severity = if wrong {
        Severity::Error
    } else {
        Severity::Warning
    };
    let message = text("message")
        .or(known.map(|known| known.meaning))
        .unwrap_or(code);
    let mut finding = Finding::new(severity, code, message);
    finding.id = id.to_owned();
    finding.help = known.map_or("", |known| known.fix).to_owned();
    finding.acknowledge = !wrong;
    if is_gated(entry, steps) {
        return None;
    }
    if entry["gated"] == true {
        finding.help = GATE_GONE.to_owned();
    }
    let Some(step) = text("step") else {
        return Some(finding);
    };
    let Some(at) = text("place") else {
        // It is about more than the step that it names, such as a program that several steps run.
        finding.step = steps.place(step).map(|_| step.to_owned());
        return Some(finding);
    };
    let was = text("was");
    let same = |place: &str| {
        was.is_none_or(|was| {
            let now = steps.at(place, watched(at));
            now.is_some_and(|now| mark(&now, MARK).starts_with(was))
        })
    };
    let of_value = wrong || watched(at) == at;
    let (step, place) = match steps.place(step) {
        Some(place) if of_value && !same(place) => return None,
        Some(place) => (step, place),
        // Under another name it is the same step.
        None => {
            let mut all = steps.all.iter();
            let (step, place) = all.find(|(_, place)| was.is_some() && same(place))?;
            (*step, place.as_str())
        }
    };
    finding.step = Some(step.to_owned());
    finding.path = Some(format!("{place}{at}"));
    Some(finding)
}

/// Whether the gate that answers for it stands.
fn is_gated(entry: &Value, steps: &Steps<'_>) -> bool {
    entry["gated"] == true
        && entry["step"]
            .as_str()
            .is_some_and(|step| steps.has_gate(step))
}

/// The part of a step that a finding at this place of it is about.
fn watched(at: &str) -> &str {
    if at.starts_with("/with/") {
        at
    } else {
        "/with"
    }
}

/// How long the mark of a value is.
const MARK: usize = 12;

/// A short mark that a value is known by.
fn mark(value: &Value, length: usize) -> String {
    let digest = Digest::of(crate::json::canonical(value).as_bytes());
    digest.hex().chars().take(length).collect()
}

fn code_of(id: &str) -> &str {
    id.split(':').next().unwrap_or(id)
}

/// JSON Pointer to the step of an id, in whichever list and loop it stands.
pub fn place(document: &Value, id: &str) -> Option<String> {
    Steps::of(Source::Value(document))
        .place(id)
        .map(str::to_owned)
}

/// Whether a step, or the loop that it is in, comes after a gate.
pub fn has_gate(document: &Value, id: &str) -> bool {
    Steps::of(Source::Value(document)).has_gate(id)
}

/// A document, as it is or as JSON.
#[derive(Clone, Copy)]
enum Source<'d> {
    Document(&'d Document),
    Value(&'d Value),
}

/// A step of it.
#[derive(Clone, Copy)]
enum One<'d> {
    Step(&'d Step),
    Value(&'d Value),
}

impl<'d> Source<'d> {
    fn list(self, name: &str) -> Vec<One<'d>> {
        match self {
            Self::Value(value) => One::Value(value).below(name),
            Self::Document(document) => {
                let all = match name {
                    "steps" => &document.steps,
                    "on_failure" => &document.on_failure,
                    _ => &document.finally,
                };
                all.iter().map(One::Step).collect()
            }
        }
    }
}

impl<'d> One<'d> {
    fn below(self, name: &str) -> Vec<Self> {
        match self {
            Self::Step(step) => step.steps.iter().map(Self::Step).collect(),
            Self::Value(value) => {
                let all = value[name].as_array().into_iter().flatten();
                all.map(Self::Value).collect()
            }
        }
    }

    fn id(self) -> Option<&'d str> {
        match self {
            Self::Step(step) => Some(&step.id),
            Self::Value(value) => value["id"].as_str(),
        }
    }

    fn is_gate(self) -> bool {
        let action = match self {
            Self::Step(step) => step.action.as_deref(),
            Self::Value(value) => value["action"].as_str(),
        };
        action == Some("approval_gate")
    }

    /// The steps that it needs.
    fn needs(self) -> Vec<&'d str> {
        let all: Vec<&str> = match self {
            Self::Step(step) => step.needs.iter().map(String::as_str).collect(),
            Self::Value(value) => {
                let all = value["needs"].as_array().into_iter().flatten();
                all.filter_map(Value::as_str).collect()
            }
        };
        all.into_iter()
            .map(|need| need.split('.').next().unwrap_or_default())
            .collect()
    }

    /// What stands at a place of it, as JSON Pointer; in its configuration.
    fn at(self, place: &str) -> Option<Cow<'d, Value>> {
        let step = match self {
            Self::Value(value) => return value.pointer(place).map(Cow::Borrowed),
            Self::Step(step) => step,
        };
        let with = step.with.as_ref()?;
        let inside = place.strip_prefix("/with")?;
        let Some(inside) = inside.strip_prefix('/') else {
            return Some(Cow::Owned(Value::Object(with.clone())));
        };
        let (key, rest) = match inside.find('/') {
            Some(at) => inside.split_at(at),
            None => (inside, ""),
        };
        let value = with.get(&key.replace("~1", "/").replace("~0", "~"))?;
        value.pointer(rest).map(Cow::Borrowed)
    }
}

/// The steps of a document, looked through once for all the findings about it.
struct Steps<'d> {
    /// By id, with where they stand; the first of those with one id is the one that is meant.
    all: Vec<(&'d str, String)>,
    by_id: HashMap<&'d str, usize>,
    by_place: HashMap<String, One<'d>>,
    /// The steps of the outermost lists that come after a gate, by where they stand.
    gated: HashSet<String>,
}

impl<'d> Steps<'d> {
    fn of(document: Source<'d>) -> Self {
        fn within<'d>(
            list: &[One<'d>],
            path: &str,
            all: &mut Vec<(&'d str, String)>,
            by_place: &mut HashMap<String, One<'d>>,
        ) {
            for (index, step) in list.iter().enumerate() {
                let path = format!("{path}/{index}");
                let inner = step.below("steps");
                within(&inner, &format!("{path}/steps"), all, by_place);
                if let Some(id) = step.id() {
                    all.push((id, path.clone()));
                }
                by_place.insert(path, *step);
            }
        }
        let mut all = Vec::new();
        let mut by_place = HashMap::new();
        let mut gated = HashSet::new();
        for name in ["steps", "on_failure", "finally"] {
            let path = format!("/{name}");
            let list = document.list(name);
            within(&list, &path, &mut all, &mut by_place);
            let behind = behind_gates(&list);
            gated.extend(behind.into_iter().map(|at| format!("{path}/{at}")));
        }
        let mut by_id = HashMap::new();
        for (index, (id, _)) in all.iter().enumerate() {
            by_id.entry(*id).or_insert(index);
        }
        Self {
            all,
            by_id,
            by_place,
            gated,
        }
    }

    fn place(&self, id: &str) -> Option<&str> {
        let (_, place) = self.all.get(*self.by_id.get(id)?)?;
        Some(place)
    }

    /// What stands in the configuration of the step at a place.
    fn at(&self, place: &str, inside: &str) -> Option<Cow<'d, Value>> {
        self.by_place.get(place)?.at(inside)
    }

    fn has_gate(&self, id: &str) -> bool {
        self.place(id).is_some_and(|place| {
            let outermost: Vec<&str> = place.split('/').take(3).collect();
            self.gated.contains(&outermost.join("/"))
        })
    }
}

/// The steps of a document as JSON, looked through once for all that is asked about them.
pub struct StepPlaces<'d> {
    document: &'d Value,
    steps: Steps<'d>,
}

impl<'d> StepPlaces<'d> {
    /// Looks through a document.
    pub fn of(document: &'d Value) -> Self {
        Self {
            document,
            steps: Steps::of(Source::Value(document)),
        }
    }

    /// The document.
    pub fn document(&self) -> &'d Value {
        self.document
    }

    /// JSON Pointer to the step of an id, in whichever list and loop it stands.
    pub fn place(&self, id: &str) -> Option<&str> {
        self.steps.place(id)
    }

    /// Whether a step, or the loop that it is in, comes after a gate.
    pub fn has_gate(&self, id: &str) -> bool {
        self.steps.has_gate(id)
    }
}

/// The places in a list of the steps that come after a gate: they need it, or one that does.
fn behind_gates(list: &[One<'_>]) -> Vec<usize> {
    let gates = list.iter().enumerate();
    let mut open: Vec<usize> = gates
        .filter(|(_, step)| step.is_gate())
        .map(|(at, _)| at)
        .collect();
    if open.is_empty() {
        return open;
    }
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (at, step) in list.iter().enumerate() {
        if let Some(id) = step.id() {
            by_id.entry(id).or_insert(at);
        }
    }
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); list.len()];
    for (at, step) in list.iter().enumerate() {
        for need in step.needs() {
            if let Some(users) = by_id
                .get(need)
                .and_then(|before| needed_by.get_mut(*before))
            {
                users.push(at);
            }
        }
    }
    let mut behind = vec![false; list.len()];
    while let Some(at) = open.pop() {
        for user in needed_by.get(at).into_iter().flatten() {
            if let Some(known) = behind.get_mut(*user)
                && !std::mem::replace(known, true)
            {
                open.push(*user);
            }
        }
    }
    let places = behind.iter().enumerate().filter(|(_, behind)| **behind);
    places.map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(steps: Value) -> Document {
        serde_json::from_value(json!({
            "druse": 1, "name": "x", "steps": steps, "metadata": { "crystallized": { "mode": "exact" } },
        }))
        .unwrap()
    }

    /// The document with its steps as they are now.
    fn edited(document: &Document, steps: Value) -> Document {
        let mut value = serde_json::to_value(document).unwrap();
        value["steps"] = steps;
        serde_json::from_value(value).unwrap()
    }

    fn standing_in(document: &Document) -> Vec<(String, Option<String>)> {
        let found = findings(document).into_iter();
        found.map(|finding| (finding.id, finding.path)).collect()
    }

    #[test]
    fn what_blocks_is_carried_and_the_rest_is_not() {
        let mut made = document(json!([
            { "id": "look", "action": "shell", "with": { "script": "ls" } },
            { "id": "pay", "action": "shell", "needs": ["look"], "with": { "script": "pay x", "cwd": "/a" } },
        ]));
        let frozen = Finding::warning("frozen_from_output", "`script` is frozen")
            .at_step("pay")
            .at_path("/steps/1/with/script")
            .must_acknowledge();
        let mut program = Finding::warning("runs_program", "it runs ls")
            .must_acknowledge()
            .at_step("look");
        program.id = "runs_program:ls".into();
        let wrong = Finding::error("secret_misplaced", "no secret can stand there")
            .at_step("pay")
            .at_path("/steps/1");
        let around = Finding::error("missing_connection", "there is none").at_step("pay");
        let info = Finding::info("influenced", "x").at_step("pay");
        let all = [
            frozen,
            program,
            wrong,
            around,
            info,
            Finding::warning("goal_not_known", "x"),
        ];
        write(&all, &mut made);
        let found = findings(&made);
        let blocking: Vec<(&str, Severity, bool)> = found
            .iter()
            .map(|finding| (finding.code.as_str(), finding.severity, finding.acknowledge))
            .collect();
        assert_eq!(
            blocking,
            [
                ("frozen_from_output", Severity::Warning, true),
                ("runs_program", Severity::Warning, true),
                ("secret_misplaced", Severity::Error, false),
            ]
        );
        assert_eq!(found[0].path.as_deref(), Some("/steps/1/with/script"));
        assert_eq!(found[0].message, "`script` is frozen");
        assert!(!found[0].help.is_empty());
        // The check of the document says it, and it keeps nothing from being stored.
        let checked = crate::check::check(&made, &crate::check::Catalog::default());
        for finding in &found {
            assert!(checked.contains(finding), "{checked:?}");
        }
        assert!(!crate::definition::blocks_storing("secret_misplaced"));
    }

    /// A search through the document for each finding, and back to its gate for each step, would not end.
    #[test]
    fn thousands_of_findings_are_looked_up_once() {
        let steps: Vec<Value> = (0..20_000)
            .map(|at| {
                let needs: Vec<String> = (at > 0).then(|| format!("s{}", at - 1)).into_iter().collect();
                json!({ "id": format!("s{at}"), "action": "shell", "needs": needs, "with": { "script": "x" } })
            })
            .collect();
        let mut made = document(json!(steps));
        let all: Vec<Finding> = (0..20_000)
            .map(|at| {
                Finding::info("frozen_from_output", "x")
                    .at_step(format!("s{at}"))
                    .at_path(format!("/steps/{at}/with/script"))
            })
            .collect();
        write(&all, &mut made);
        assert!(list(&made.metadata).is_empty());
        let gate = json!({ "id": "s0", "action": "approval_gate" });
        let mut gated = steps;
        gated[0] = gate;
        let mut made = document(json!(gated));
        write(&all, &mut made);
        // The gate itself comes after none.
        assert_eq!(list(&made.metadata).len(), 19_999);
        assert_eq!(findings(&made), []);
    }

    #[test]
    fn a_change_settles_what_it_is_about_and_nothing_else() {
        let pay = |id: &str, script: &str, cwd: &str| json!({ "id": id, "action": "shell", "with": { "script": script, "cwd": cwd } });
        let mut made = document(json!([pay("pay", "x", "/a")]));
        let at = |code: &str, path: &str| {
            Finding::warning(code, "x")
                .at_step("pay")
                .at_path(path)
                .must_acknowledge()
        };
        let error = Finding::error("secret_misplaced", "x")
            .at_step("pay")
            .at_path("/steps/0");
        let all = [
            at("frozen_from_output", "/steps/0/with/script"),
            at("after_refusal", "/steps/0"),
            error,
        ];
        write(&all, &mut made);
        let standing = |steps: Value| -> Vec<Option<String>> {
            let found = standing_in(&edited(&made, steps));
            found.into_iter().map(|(_, path)| path).collect()
        };
        let some = |path: &str| Some(path.to_owned());
        let other = json!({ "id": "other", "action": "emit" });
        // Moved and renamed it is still there.
        let moved = standing(json!([other, pay("send", "x", "/a")]));
        assert_eq!(
            moved,
            [
                some("/steps/1/with/script"),
                some("/steps/1"),
                some("/steps/1")
            ]
        );
        // Another folder leaves the line as it was; the step's error was looked at.
        assert_eq!(
            standing(json!([pay("pay", "x", "/b")])),
            [some("/steps/0/with/script"), some("/steps/0")]
        );
        assert_eq!(standing(json!([pay("pay", "y", "/a")])), [some("/steps/0")]);
        assert_eq!(standing(json!([other])), []);

        // Nothing of a value that is gone stays in the list.
        let mut now = edited(&made, json!([pay("pay", "y", "/a")]));
        settle(&mut now);
        assert_eq!(list(&now.metadata).len(), 1);
    }

    #[test]
    fn the_mark_of_a_secret_is_too_short_to_try_guesses_with() {
        let call = |key: &str| json!([{ "id": "call", "action": "mcp", "with": { "arguments": { "key": key } } }]);
        let mut made = document(call("hunter2"));
        let secret = Finding::warning("looks_like_secret", "`key` holds what looks like a secret.")
            .at_step("call")
            .at_path("/steps/0/with/arguments/key")
            .must_acknowledge();
        write(&[secret], &mut made);
        let was = list(&made.metadata)[0]["was"].as_str().unwrap().to_owned();
        assert_eq!(was.len(), 2);
        assert_eq!(findings(&made).len(), 1);
        let lifted = edited(&made, call("{{ secrets.KEY }}"));
        assert_eq!(findings(&lifted), []);
    }

    #[test]
    fn what_a_gate_answers_for_is_asked_once_the_gate_is_gone() {
        let gate = json!({ "id": "gate", "action": "approval_gate" });
        let pay = |needs: Value| json!({ "id": "pay", "action": "shell", "needs": needs, "with": { "script": "x" } });
        let mut made = document(json!([gate, pay(json!(["gate"]))]));
        let info = Finding::info("frozen_from_output", "x")
            .at_step("pay")
            .at_path("/steps/1/with/script");
        write(&[info], &mut made);
        assert_eq!(findings(&made), []);
        let mut kept = made.clone();
        settle(&mut kept);
        assert_eq!(kept, made);
        let open = findings(&edited(&made, json!([gate, pay(json!([]))])));
        assert!(open[0].acknowledge && open[0].help == GATE_GONE);
        let id = "frozen_from_output:pay:/steps/1/with/script".to_owned();
        assert_eq!(
            standing_in(&edited(&made, json!([pay(json!([]))]))),
            [(id, Some("/steps/0/with/script".to_owned()))]
        );
    }
}
