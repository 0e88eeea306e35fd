//! What stands behind a gate, value for value, with where each came from: what a person looks at before they let
//! it happen. Read from the gate as it is shown, the document of its run, and how the run began.

use serde_json::Value;
use std::collections::BTreeSet;

/// A value of a step behind the gate.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// The step.
    pub(crate) step: String,
    /// Where in its configuration, with dots between.
    pub(crate) path: String,
    /// The value.
    pub(crate) value: Value,
    /// What it was made of; a text of others first.
    pub(crate) from: Option<Source>,
}

/// What a value was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The step, or what the run began with.
    pub(crate) name: String,
    /// Whether somebody else may have written it.
    pub(crate) outside: bool,
}

/// A value that is another one than when the gate was approved last.
pub(crate) struct Difference<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What it is; nothing where it is gone.
    pub(crate) now: Option<&'a Value>,
    /// What it was; nothing where it is new.
    pub(crate) was: Option<&'a Value>,
}

impl Leaf {
    /// Whether it comes from a text of somebody else.
    pub(crate) fn is_from_outside(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.outside)
    }

    /// Its name, as people know it.
    pub(crate) fn name(&self) -> &str {
        self.path.strip_prefix("arguments.").unwrap_or(&self.path)
    }

    /// Whether it says how something is done, and not what.
    pub(crate) fn says_how(&self) -> bool {
        ["connection", "tool", "method"].contains(&self.path.as_str())
    }
}

/// Every value of the steps behind the gate.
pub(crate) fn leaves(gate: &Value, document: &Value, cause: &Value) -> Vec<Leaf> {
    let flow = Flow { document, cause };
    let mut all = Vec::new();
    for next in items(&gate["details"]["next"]) {
        let step = next["step"].as_str().unwrap_or_default();
        let found = find(&document["steps"], id(step), &mut Vec::new());
        let (written, passes) = match found {
            // Of a loop its items and its body are shown.
            Some((looped, mut passes)) if looped["steps"].is_array() => {
                passes.push(looped);
                (Some(looped), passes)
            }
            Some((step, passes)) => (Some(&step["with"]), passes),
            None => (None, Vec::new()),
        };
        flow.collect(
            &mut all,
            step,
            String::new(),
            &next["with"],
            written,
            &passes,
        );
    }
    all
}

/// What is otherwise than in an earlier request of the same gate.
pub(crate) fn different<'a>(now: &'a [Leaf], before: &'a [Leaf]) -> Vec<Difference<'a>> {
    let same = |a: &Leaf, b: &Leaf| a.step == b.step && a.path == b.path;
    let moved = now.iter().filter_map(|leaf| {
        let was = before.iter().find(|one| same(one, leaf));
        let was = was.map(|one| &one.value);
        (was != Some(&leaf.value)).then_some(Difference {
            name: leaf.name(),
            now: Some(&leaf.value),
            was,
        })
    });
    let gone = before
        .iter()
        .filter(|one| !now.iter().any(|leaf| same(one, leaf)));
    let gone = gone.map(|leaf| Difference {
        name: leaf.name(),
        now: None,
        was: Some(&leaf.value),
    });
    moved.chain(gone).collect()
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// The id in the path of a step, such as `pay` in `each[3].pay`.
fn id(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// A step anywhere in the document, and the loops around it.
fn find<'a>(
    steps: &'a Value,
    id: &str,
    around: &mut Vec<&'a Value>,
) -> Option<(&'a Value, Vec<&'a Value>)> {
    for step in items(steps) {
        if step["id"] == id {
            return Some((step, around.clone()));
        }
        around.push(step);
        let found = find(&step["steps"], id, around);
        around.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Names behind a word such as `steps.` in an expression.
fn names<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in expression.match_indices(word) {
        let begins = !expression[..at].ends_with(|c: char| inside(c) || c == '.');
        let rest = &expression[at + word.len()..];
        let name = rest.split(|c| !inside(c)).next().unwrap_or_default();
        if begins && !name.is_empty() {
            found.push(name);
        }
    }
    found
}

/// Whether a name stands in an expression as a name of its own.
fn reads(expression: &str, name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    expression.match_indices(name).any(|(at, _)| {
        !expression[..at].ends_with(|c: char| inside(c) || c == '.')
            && !expression[at + name.len()..].starts_with(inside)
    })
}

/// The expressions in a value, in whatever depth.
fn expressions<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            let parts = text.split("{{").skip(1);
            found.extend(parts.map(|part| part.split("}}").next().unwrap_or_default()));
        }
        Value::Array(all) => all.iter().for_each(|one| expressions(one, found)),
        Value::Object(map) => map.values().for_each(|one| expressions(one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// From where values come in a document.
struct Flow<'a> {
    document: &'a Value,
    cause: &'a Value,
}

impl<'a> Flow<'a> {
    fn collect(
        &self,
        all: &mut Vec<Leaf>,
        step: &str,
        path: String,
        value: &Value,
        written: Option<&'a Value>,
        around: &[&'a Value],
    ) {
        if let (Value::Object(map), true) = (value, written.is_none_or(|one| !one.is_string())) {
            for (name, value) in map {
                let written = written.and_then(|written| written.get(name));
                let path = match path.as_str() {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                self.collect(all, step, path, value, written, around);
            }
            return;
        }
        let mut sources = Vec::new();
        if let Some(written) = written {
            self.sources(written, around, &mut BTreeSet::new(), &mut sources);
        }
        let outside = sources.iter().find(|one| one.outside);
        all.push(Leaf {
            step: step.to_owned(),
            path,
            value: value.clone(),
            from: outside.or(sources.first()).cloned(),
        });
    }

    /// What the expressions in a value read.
    fn sources(
        &self,
        written: &'a Value,
        around: &[&'a Value],
        seen: &mut BTreeSet<&'a str>,
        found: &mut Vec<Source>,
    ) {
        let mut all = Vec::new();
        expressions(written, &mut all);
        for expression in all {
            for name in names(expression, "steps.") {
                let outside = self.is_outside(name, seen);
                let name = name.to_owned();
                found.push(Source { name, outside });
            }
            let given = ["inputs.", "trigger."].map(|word| !names(expression, word).is_empty());
            if given.contains(&true)
                && let Some(kind) = self.begun_by_others()
            {
                let name = kind.to_owned();
                found.push(Source {
                    name,
                    outside: true,
                });
            }
            for (index, pass) in around.iter().enumerate() {
                let each = &pass["for_each"];
                if reads(expression, each["as"].as_str().unwrap_or("item")) {
                    self.sources(&each["items"], &around[..index], seen, found);
                }
            }
        }
    }

    /// What brought the inputs of the run, where it is somebody else's text.
    fn begun_by_others(&self) -> Option<&'a str> {
        let kind = self.cause["kind"].as_str()?;
        ["webhook", "event", "files", "poll"]
            .contains(&kind)
            .then_some(kind)
    }

    /// Whether the output of a step holds what somebody else may have written. What only turns values around is
    /// as good as these are.
    fn is_outside(&self, step: &'a str, seen: &mut BTreeSet<&'a str>) -> bool {
        if !seen.insert(step) {
            return false;
        }
        let Some((step, around)) = find(&self.document["steps"], step, &mut Vec::new()) else {
            return true;
        };
        let reads_others = |of: &'a Value, seen: &mut BTreeSet<&'a str>| {
            let mut found = Vec::new();
            self.sources(of, &around, seen, &mut found);
            found.iter().any(|one| one.outside)
        };
        match step["action"].as_str() {
            Some("transform" | "switch") => reads_others(&step["with"], seen),
            Some("approval_gate" | "emit") => false,
            Some("wait") => !step["with"]["event"].is_null(),
            Some(_) => true,
            // A loop gives what its steps gave.
            None => {
                let inner = items(&step["steps"]).iter();
                let mut inner = inner.filter_map(|one| one["id"].as_str());
                reads_others(&step["for_each"]["items"], seen)
                    || inner.any(|one| self.is_outside(one, seen))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn from(with: &Value, cause: &str) -> Option<Source> {
        let document = json!({ "steps": [
            { "id": "read", "action": "shell", "with": { "argv": ["cat"] } },
            { "id": "own", "action": "transform", "with": { "value": "{{ inputs.x }}" } },
            { "id": "cut", "action": "transform", "with": { "value": "{{ steps.read.output | trim }}" } },
            { "id": "nap", "action": "wait", "with": { "for": "1s" } },
            { "id": "told", "action": "wait", "with": { "event": { "type": "a" } } },
            { "id": "each", "for_each": { "items": "{{ steps.read.output }}", "as": "line" }, "steps": [
                { "id": "inner", "action": "transform", "with": { "value": 1 } } ] },
            { "id": "asked", "action": "approval_gate", "with": {} },
            { "id": "pass", "for_each": { "items": "{{ steps.cut.output }}", "as": "line" }, "steps": [
                { "id": "within", "action": "shell", "with": with } ] },
            { "id": "pay", "action": "shell", "with": with },
        ] });
        let step = if with.to_string().contains("line") {
            "pass[0].within"
        } else {
            "pay"
        };
        let gate =
            json!({ "details": { "next": [{ "step": step, "with": { "a": "rendered" } }] } });
        let mut all = leaves(&gate, &document, &json!({ "kind": cause }));
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0).from
    }

    #[test]
    fn a_text_of_others_is_known_by_whatever_way_it_came() {
        let outside = |name: &str| {
            Some(Source {
                name: name.into(),
                outside: true,
            })
        };
        let inside = |name: &str| {
            Some(Source {
                name: name.into(),
                outside: false,
            })
        };
        for (written, cause, expected) in [
            (json!("{{ steps.read.output }}"), "manual", outside("read")),
            // Behind another expression, in a list, in an object.
            (
                json!("{{ inputs.a }} {{ steps.read.output }}"),
                "manual",
                outside("read"),
            ),
            (
                json!("{{ steps.own.output }} {{ steps.read.output }}"),
                "manual",
                outside("read"),
            ),
            (
                json!(["x", "{{ steps.read.output }}"]),
                "manual",
                outside("read"),
            ),
            // What only turns it around, a list of it, and what a pass is about.
            (json!("{{ steps.cut.output }}"), "manual", outside("cut")),
            (json!("{{ steps.each.output }}"), "manual", outside("each")),
            (json!("{{ line }}"), "manual", outside("cut")),
            (json!("{{ steps.told.output }}"), "manual", outside("told")),
            (
                json!("{{ steps.nobody.output }}"),
                "manual",
                outside("nobody"),
            ),
            // What the run began with.
            (json!("{{ inputs.a }}"), "webhook", outside("webhook")),
            (json!("{{ steps.own.output }}"), "event", outside("own")),
            (json!("{{ steps.own.output }}"), "manual", inside("own")),
            (
                json!("{{ steps.asked.output.fields.a }}"),
                "webhook",
                inside("asked"),
            ),
            (json!("{{ steps.nap.output }}"), "manual", inside("nap")),
            (json!("{{ inputs.a }}"), "manual", None),
            (json!("steps.read.output"), "manual", None),
            (json!(7), "webhook", None),
        ] {
            assert_eq!(
                from(&json!({ "a": written }), cause),
                expected,
                "{written} {cause}"
            );
        }
    }

    #[test]
    fn what_is_new_other_and_gone_is_different() {
        let gate =
            |with: Value| json!({ "details": { "next": [{ "step": "pay", "with": with }] } });
        let of = |with: Value| leaves(&gate(with), &Value::Null, &Value::Null);
        let now =
            of(json!({ "tool": "pay", "arguments": { "to": "a", "amount": 2, "memo": "x" } }));
        let before =
            of(json!({ "tool": "pay", "arguments": { "to": "a", "amount": 1, "cc": "b" } }));
        let found = different(&now, &before);
        let told: Vec<(&str, Option<&Value>, Option<&Value>)> = found
            .iter()
            .map(|one| (one.name, one.now, one.was))
            .collect();
        assert_eq!(
            told,
            [
                ("amount", Some(&json!(2)), Some(&json!(1))),
                ("memo", Some(&json!("x")), None),
                ("cc", None, Some(&json!("b"))),
            ]
        );
        assert!(different(&now, &now).is_empty());
    }
}
