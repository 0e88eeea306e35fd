//! What a person takes with a finding: the value at its place, what it is sent to and with, and where it comes from;
//! for a program, the lines that run it. An acknowledgement holds for that and for nothing else, so that another value
//! at the same place is asked about again.

use crate::Finding;
use crate::carried::place;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Each part of it under a name that a person reads: a place in the step, an input, a step that answers.
pub type Subject = BTreeMap<String, Value>;

/// The parts of a step's configuration that say where it goes and what it runs.
const TARGET: [&str; 14] = [
    "connection",
    "tool",
    "url",
    "method",
    "host",
    "server",
    "path",
    "to",
    "statement",
    "argv",
    "script",
    "env",
    "automation",
    "type",
];

/// What a finding about a document is about.
pub fn subject(finding: &Finding, document: &Value) -> Subject {
    let mut parts = Subject::new();
    let named = finding.id.strip_prefix(&format!("{}:", finding.code));
    match (finding.code.as_str(), named) {
        // How many steps there are and what they are called is not what is taken.
        ("runs_program", Some(program)) => {
            let program = program.replace("~1", "/").replace("~0", "~");
            parts.insert("lines".into(), lines(document, &program).into());
            return parts;
        }
        ("secret_lifted", Some(name)) => {
            parts.insert("targets".into(), receivers(document, name).into());
            return parts;
        }
        _ => {}
    }
    parts.insert("said".into(), said(&finding.message).into());
    let Some((step, path)) = finding.step.as_deref().zip(finding.path.as_deref()) else {
        return parts;
    };
    let Some((at, inner)) = place(document, step).and_then(|at| {
        let inner = path.strip_prefix(&at)?.to_owned();
        Some((at, inner))
    }) else {
        return parts;
    };
    let step = document.pointer(&at).unwrap_or(&Value::Null);
    let value = if inner.starts_with("/with/") {
        parts.insert("step".into(), target(step));
        document.pointer(path).cloned().unwrap_or_default()
    } else {
        whole(step)
    };
    let mut sources = sources(&value, document);
    let inner = if inner.is_empty() { "/" } else { &inner };
    parts.insert(inner.to_owned(), value);
    // Inside of a loop it is as often, and with what, as the loop says.
    let mut around = at.as_str();
    let mut level = 0;
    while let Some((outer, _)) = around.rsplit_once("/steps/") {
        (around, level) = (outer, level + 1);
        let Some(Value::Object(outer)) = document.pointer(outer) else {
            break;
        };
        let own = ["for_each", "repeat", "map", "in"];
        let turns: Map<String, Value> = outer
            .iter()
            .filter(|(key, _)| own.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let turns = Value::Object(turns);
        sources.append(&mut self::sources(&turns, document));
        parts.insert(format!("loop {level}"), turns);
    }
    parts.append(&mut sources);
    parts
}

/// What differs between two of them: the name of a part, what it was, what it is.
pub fn differences<'a>(
    was: &'a Subject,
    is: &'a Subject,
) -> Vec<(&'a str, Option<&'a Value>, Option<&'a Value>)> {
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    names
        .into_iter()
        .map(|name| (name.as_str(), was.get(name), is.get(name)))
        .filter(|(_, was, is)| was != is)
        .collect()
}

/// What a message says, without the ids of recorded calls: another recording of the same has others.
fn said(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(" (call ") {
        out.push_str(&rest[..at]);
        let behind = &rest[at..];
        rest = behind.find(')').map_or("", |end| &behind[end + 1..]);
    }
    out + rest
}

/// All steps of a document, those of bodies too, in its order.
fn steps(document: &Value) -> Vec<&Value> {
    fn within<'a>(list: &'a Value, all: &mut Vec<&'a Value>) {
        for step in list.as_array().into_iter().flatten() {
            all.push(step);
            within(&step["steps"], all);
        }
    }
    let mut all = Vec::new();
    for list in ["steps", "on_failure", "finally"] {
        within(&document[list], &mut all);
    }
    all
}

/// The lines that run a program, each once; where none names it as it is written, all lines that run any.
fn lines(document: &Value, program: &str) -> Vec<Value> {
    let shell = steps(document)
        .into_iter()
        .filter(|step| step["action"] == "shell");
    let all: Vec<Value> = shell.map(line).collect();
    let naming: Vec<Value> = all
        .iter()
        .filter(|line| line.to_string().contains(program))
        .cloned()
        .collect();
    once(if naming.is_empty() { all } else { naming })
}

/// What runs of a shell step: its line and what the program finds around it.
fn line(step: &Value) -> Value {
    let part = |key: &str| Some((key.to_owned(), step["with"].get(key)?.clone()));
    let parts = ["argv", "script", "env", "connection"].into_iter();
    Value::Object(parts.filter_map(part).collect())
}

/// What the steps that are given a secret are and where they send it, each once.
fn receivers(document: &Value, secret: &str) -> Vec<Value> {
    let name = format!("secrets.{secret}");
    let given = |step: &&Value| {
        let text = step["with"].to_string();
        text.match_indices(&name).any(|(at, _)| {
            let next = text[at + name.len()..].chars().next();
            !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    once(steps(document).into_iter().filter(given).map(target))
}

fn once(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.sort_by_key(Value::to_string);
    seen
}

/// Where a step goes and what it runs.
fn target(step: &Value) -> Value {
    let part = |key: &&str| Some(((*key).to_owned(), step["with"].get(*key)?.clone()));
    let mut parts: Map<String, Value> = TARGET.iter().filter_map(part).collect();
    parts.insert("action".into(), step["action"].clone());
    Value::Object(parts)
}

/// A step without its name, its place and what only people read.
fn whole(step: &Value) -> Value {
    let mut step = step.clone();
    if let Some(step) = step.as_object_mut() {
        for key in [
            "id",
            "needs",
            "description",
            "metadata",
            "output_schema",
            "timeout",
            "retry",
        ] {
            step.shift_remove(key);
        }
    }
    step
}

/// What an expression takes its value from: the inputs that it names as they are by default, and the steps that it
/// names as they are set up.
fn sources(value: &Value, document: &Value) -> Subject {
    let text = value.to_string();
    let mut found = Subject::new();
    for name in names(&text, "inputs.") {
        let input = &document["inputs"][name];
        found.insert(format!("inputs.{name}"), input["default"].clone());
    }
    for name in names(&text, "steps.") {
        if let Some(step) = place(document, name).and_then(|at| document.pointer(&at)) {
            let mut set_up = target(step);
            set_up["with"] = step["with"].clone();
            found.insert(format!("steps.{name}"), set_up);
        }
    }
    found
}

/// The names behind each `prefix` in a text.
fn names<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    let found = text.match_indices(prefix).map(|(at, _)| {
        let rest = &text[at + prefix.len()..];
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        &rest[..end]
    });
    found.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(path: &str) -> Finding {
        Finding::warning("frozen", "`to` is x, of `look` (call c1).")
            .at_step("send")
            .at_path(path)
            .must_acknowledge()
    }

    fn sends(to: &str, tool: &str) -> Value {
        json!({
            "inputs": { "to": { "default": "a" } },
            "steps": [
                { "id": "look", "action": "http", "with": { "url": "https://one.example" } },
                { "id": "send", "action": "mcp", "with": { "connection": "mail", "tool": tool, "arguments": { "to": to, "text": "x" } } },
            ],
        })
    }

    #[test]
    fn a_value_is_known_by_itself_its_step_and_its_source() {
        let path = "/steps/1/with/arguments/to";
        let of = |document: &Value| subject(&at(path), document);
        let was = sends("a", "send");
        assert_eq!(of(&was), of(&was));
        let moved = |edit: &dyn Fn(&mut Value)| {
            let mut now = was.clone();
            edit(&mut now);
            let (was, now) = (of(&was), of(&now));
            let names = differences(&was, &now);
            names
                .into_iter()
                .map(|(name, ..)| name.to_owned())
                .collect::<Vec<_>>()
        };
        let arguments = |now: &mut Value, key: &str| {
            now["steps"][1]["with"]["arguments"][key] = "b".into();
        };
        assert_eq!(moved(&|now| arguments(now, "to")), ["/with/arguments/to"]);
        assert_eq!(moved(&|now| arguments(now, "text")), [""; 0]);
        assert_eq!(
            moved(&|now| now["steps"][1]["with"]["tool"] = "pay".into()),
            ["step"]
        );

        // Another recording of the same has other ids of calls; another source is another matter.
        let mut finding = at(path);
        finding.message = finding.message.replace("c1", "c2");
        assert_eq!(subject(&finding, &was), of(&was));
        finding.message = finding.message.replace("look", "read");
        assert_ne!(subject(&finding, &was), of(&was));
    }

    #[test]
    fn an_expression_is_known_by_what_it_takes_its_value_from() {
        let path = "/steps/1/with/arguments/to";
        let of = |document: &Value| subject(&at(path), document);
        let was = sends("{{ inputs.to }}", "send");
        let mut now = was.clone();
        now["inputs"]["to"]["default"] = "b".into();
        assert_eq!(
            differences(&of(&was), &of(&now)),
            [("inputs.to", Some(&json!("a")), Some(&json!("b")))]
        );
        let was = sends("{{ steps.look.output.to }}", "send");
        let mut now = was.clone();
        now["steps"][0]["with"]["url"] = "https://two.example".into();
        assert_eq!(differences(&of(&was), &of(&now))[0].0, "steps.look");
    }

    #[test]
    fn a_program_is_known_by_its_lines_and_a_secret_by_who_gets_it() {
        let shell = |line: &str| json!({ "id": line, "action": "shell", "with": { "script": line, "cwd": "/a" } });
        let document = |lines: &[&str]| json!({ "steps": lines.iter().map(|line| shell(line)).collect::<Vec<_>>() });
        let mut finding = Finding::warning("runs_program", "1 step uses it").at_step("x");
        finding.id = "runs_program:git".into();
        let of = |lines: &[&str]| subject(&finding, &document(lines));
        assert_eq!(
            of(&["git pull", "ls"]),
            of(&["ls -l", "git pull", "git pull"])
        );
        assert_ne!(of(&["git pull"]), of(&["git pull", "git push"]));

        let http = |url: &str, name: &str| json!({ "id": "a", "action": "http", "with": { "url": url, "headers": { "x": format!("{{{{ secrets.{name} }}}}") } } });
        let mut finding = Finding::warning("secret_lifted", "x").at_step("a");
        finding.id = "secret_lifted:KEY".into();
        let of = |steps: Value| subject(&finding, &json!({ "steps": steps }));
        let one = of(json!([http("https://one", "KEY")]));
        assert_eq!(
            one,
            of(json!([
                http("https://one", "KEY"),
                http("https://two", "KEY_2")
            ]))
        );
        assert_ne!(one, of(json!([http("https://two", "KEY")])));
    }

    #[test]
    fn a_whole_step_is_known_by_what_it_does() {
        let finding = at("/steps/1");
        let was = sends("a", "send");
        let mut now = was.clone();
        now["steps"][1]["needs"] = json!(["look"]);
        assert_eq!(subject(&finding, &was), subject(&finding, &now));
        now["steps"][1]["with"]["arguments"]["text"] = "y".into();
        assert_ne!(subject(&finding, &was), subject(&finding, &now));
    }
}
