//! What is drawn, as a document.

use super::*;
use crate::definition::Document;
use serde_json::{Map, Value, json};

/// The connections that effects go over.
const CONNECTIONS: [&str; 2] = ["crm", "bank"];

/// What is touched, by whatever name.
const TOUCHED: &str = "a@b";

impl DocumentSpec {
    /// The document.
    pub fn document(&self) -> Document {
        let steps = list(&self.steps, "");
        let mut full = json!({ "druse": 1, "name": "random", "steps": steps });
        for (key, steps, prefix) in [
            ("on_failure", &self.on_failure, "f_"),
            ("finally", &self.finally, "e_"),
        ] {
            if !steps.is_empty() {
                full[key] = list(steps, prefix).into();
            }
        }
        if self.undoes {
            full["undo_on_failure"] = true.into();
        }
        if let Some(seconds) = self.timeout {
            full["timeout"] = format!("{seconds}s").into();
        }
        if let Some(listed) = &self.listed {
            full["capabilities"] = capabilities(listed);
        }
        if let Some(last) = self.steps.len().checked_sub(1) {
            full["outputs"] = json!({ "last": format!("{{{{ steps.s{last}.output }}}}") });
        }
        loop {
            let document: Document = serde_json::from_value(full.clone())
                .unwrap_or_else(|error| panic!("the strategy is wrong: {error}"));
            // Other steps work with what would run again: that one is not sent back.
            let mut findings = Vec::new();
            for (steps, path) in [
                (&document.steps, "/steps"),
                (&document.on_failure, "/on_failure"),
                (&document.finally, "/finally"),
            ] {
                crate::plan::send_back_findings(steps, path, &mut findings);
            }
            let Some(path) = findings.pop().and_then(|finding| finding.path) else {
                return document;
            };
            let with = path.trim_end_matches("/send_back/to");
            if let Some(with) = full.pointer_mut(with).and_then(Value::as_object_mut) {
                with.remove("send_back");
            }
        }
    }
}

/// The list of what a version may touch.
fn capabilities(listed: &[&str]) -> Value {
    let has = |what: &&str| listed.contains(what);
    let connections: Vec<&str> = CONNECTIONS.into_iter().filter(has).collect();
    let over = |key: &str, value: &str| -> Vec<Value> {
        let all = CONNECTIONS.into_iter();
        all.map(|connection| json!({ "connection": connection, key: value }))
            .collect()
    };
    let mut all = json!({ "connections": connections, "recipients": [TOUCHED] });
    for (what, items) in [
        ("tools", over("tool", TOUCHED)),
        ("files", over("path", TOUCHED)),
        ("programs", vec![TOUCHED.into()]),
        ("automations", vec![TOUCHED.into()]),
        ("events", vec![TOUCHED.into()]),
    ] {
        if has(&what) {
            all[what] = items.into();
        }
    }
    all
}

/// What names the thing that an action touches, beside its connection.
fn touches(action: &str) -> Option<(&'static str, Value)> {
    Some(match action {
        "mcp" => ("tool", TOUCHED.into()),
        "shell" => ("argv", json!([TOUCHED])),
        "file" => ("path", TOUCHED.into()),
        "mail" => ("to", TOUCHED.into()),
        "automation" => ("name", TOUCHED.into()),
        "emit" => ("type", TOUCHED.into()),
        _ => return None,
    })
}

/// A list of steps; `prefix` makes ids of bodies differ from those around them.
fn list(steps: &[StepSpec], prefix: &str) -> Vec<Value> {
    (0..steps.len())
        .map(|index| written(steps, prefix, index))
        .collect()
}

fn written(steps: &[StepSpec], prefix: &str, index: usize) -> Value {
    let spec = &steps[index];
    let id = format!("{prefix}s{index}");
    let mut step = Map::new();
    step.insert("id".into(), id.as_str().into());
    let before = index
        .checked_sub(1)
        .map(|before| format!("{prefix}s{before}"));
    let inner = format!("{id}_");
    match &spec.kind {
        KindSpec::ForEach(each) => {
            step.insert("for_each".into(), each.written(&inner));
            step.insert("steps".into(), list(&each.body, &inner).into());
        }
        KindSpec::Repeat(repeat) => {
            step.insert("repeat".into(), repeat.written());
            step.insert("steps".into(), list(&repeat.body, &inner).into());
        }
        kind => {
            let (action, mut with) = action(kind, index, before, in_loop(prefix));
            if let KindSpec::Review(review) = kind
                && let Some(to) = review.to(prefix, index)
            {
                with["send_back"] = json!({ "to": [to], "rounds": review.rounds });
            }
            step.insert("action".into(), action.into());
            step.insert("with".into(), with);
        }
    }
    let needs: Vec<Value> = spec
        .needs
        .iter()
        .filter_map(|need| need_of(steps, prefix, index, need))
        .map(Value::from)
        .collect();
    let mut needs = needs;
    if let KindSpec::Review(review) = &spec.kind
        && let Some(to) = review.to(prefix, index)
    {
        let to = Value::from(to);
        if !needs.contains(&to) {
            needs.push(to);
        }
    }
    if !needs.is_empty() {
        step.insert("needs".into(), needs.into());
    }
    step.insert("join".into(), spec.join.into());
    let when = match spec.when {
        WhenSpec::None => None,
        WhenSpec::Holds => Some("1 == 1"),
        WhenSpec::Not => Some("1 == 2"),
        WhenSpec::Fails => Some("[1, 2] | only"),
    };
    if let Some(when) = when {
        step.insert("when".into(), when.into());
    }
    if let Some(seconds) = spec.timeout {
        step.insert("timeout".into(), format!("{seconds}s").into());
    }
    let effect = matches!(spec.kind, KindSpec::Effect(_) | KindSpec::Works(_));
    if spec.pauses && effect {
        step.insert("on_error".into(), "pause".into());
    } else if spec.goes_on {
        step.insert("on_error".into(), "continue".into());
    }
    let plain = !step.contains_key("steps");
    if spec.undo && plain && !prefix.starts_with(['f', 'e']) {
        let output = format!("{{{{ steps.{id}.output }}}}");
        let mut with = json!({ "of": output });
        if in_loop(prefix) {
            with["pass"] = "{{ loop.index }}".into();
        }
        step.insert("undo".into(), json!({ "action": "http", "with": with }));
    }
    if step.contains_key("steps") {
        return step.into();
    }
    if let Some((attempts, total)) = spec.retry {
        let mut retry = json!({ "attempts": attempts, "backoff": "2s", "max": "20s" });
        if let Some(total) = total {
            retry["total"] = format!("{total}s").into();
        }
        step.insert("retry".into(), retry);
    }
    if spec.at_most_once {
        step.insert("delivery".into(), "at_most_once".into());
        if let Some(check) = spec.check
            && matches!(spec.kind, KindSpec::Effect(_) | KindSpec::Works(_))
        {
            step.insert("check".into(), written_check(check));
        }
    }
    if spec.goes_on && effect {
        // Some of the answers that the simulated world gives are none for it.
        let schema = json!({ "properties": { "n": { "maximum": 5 } } });
        step.insert("output_schema".into(), schema);
    }
    step.into()
}

/// A check: one that takes a failure for an answer, one that often does not know, one without a value, and
/// others, some tried once.
fn written_check(which: u8) -> Value {
    let done = match which {
        0 => "(check.error.code | default('')) != 'simulated' and check.output.n > 4",
        1 => "none if check.output.n == 0 else check.output.n > 4",
        2 => "[1, 2] | only",
        _ => "check.output.n > 4",
    };
    let mut check = json!({
        "action": "http", "with": { "key": "{{ attempt.idempotency_key }}" }, "done": done,
    });
    if which == 3 {
        check["output"] = "{{ check.output.n }} of {{ attempt.number }}".into();
        check["retry"] = json!({ "attempts": 1 });
        check["timeout"] = "7s".into();
    }
    check
}

/// Whether the steps with this prefix stand in a loop: then the id of one is part of it.
fn in_loop(prefix: &str) -> bool {
    prefix.contains('s')
}

fn action(
    kind: &KindSpec,
    index: usize,
    before: Option<String>,
    in_loop: bool,
) -> (&'static str, Value) {
    match kind {
        KindSpec::Transform => ("transform", json!({ "value": index })),
        KindSpec::Reads => match before {
            Some(before) => (
                "transform",
                json!({ "value": {
                    "status": format!("{{{{ steps.{before}.status }}}}"),
                    "output": format!("{{{{ steps.{before}.output | default(0) }}}}"),
                } }),
            ),
            None if in_loop => ("transform", json!({ "value": "{{ loop.index }}" })),
            None => ("transform", json!({ "value": "{{ inputs }}" })),
        },
        KindSpec::Broken => ("transform", json!({ "value": "{{ [1, 2] | only }}" })),
        KindSpec::Switch(taken) => (
            "switch",
            json!({ "cases": [
                { "id": "a", "when": if *taken == 0 { "1 == 1" } else { "1 == 2" } },
                { "id": "b", "when": if *taken == 1 { "1 == 1" } else { "1 == 2" } },
            ] }),
        ),
        KindSpec::Wait(seconds) => ("wait", json!({ "for": format!("{seconds}s") })),
        KindSpec::Hear {
            event_type,
            when,
            timeout,
            goes_on,
            lookback,
        } => {
            let event_type = event_type.map_or("world.*", |place| EVENT_TYPES[place]);
            let mut with = json!({ "event": { "type": event_type } });
            if let Some(text) = when {
                with["event"]["when"] = match text {
                    true => "event.data.text == 't' ~ 1",
                    false => "event.data.n > 1",
                }
                .into();
            }
            if let Some(seconds) = timeout {
                with["timeout"] = format!("{seconds}s").into();
                if *goes_on {
                    with["on_timeout"] = "continue".into();
                }
            }
            if *lookback > 0 {
                with["lookback"] = format!("{lookback}s").into();
            }
            ("wait", with)
        }
        KindSpec::Gate(needed, timeout, approve) => {
            let mut with = json!({ "title": "Go on?", "needed": needed });
            if let Some(seconds) = timeout {
                with["timeout"] = format!("{seconds}s").into();
                with["on_timeout"] = if *approve { "approve" } else { "reject" }.into();
            }
            ("approval_gate", with)
        }
        KindSpec::Review(review) => ("approval_gate", review.written()),
        KindSpec::Effect(action) => {
            let n = match before {
                Some(before) if index.is_multiple_of(2) => {
                    format!("{{{{ steps.{before}.output | default(0) }}}}").into()
                }
                _ => Value::from(index),
            };
            let mut with = json!({
                "connection": connection(index), "n": n, "said": "{{ review.comment }}",
            });
            if let Some((key, value)) = touches(action) {
                with[key] = value;
            }
            (*action, with)
        }
        KindSpec::Works(back) => {
            let read = format!("{{{{ steps.s{}.output }}}}", index.saturating_sub(*back));
            (
                "http",
                json!({ "connection": connection(index), "n": read }),
            )
        }
        KindSpec::ForEach(_) | KindSpec::Repeat(_) => unreachable!("loops have no action"),
    }
}

/// The connection that an effect goes over.
fn connection(index: usize) -> &'static str {
    CONNECTIONS[index % 2]
}

fn need_of(steps: &[StepSpec], prefix: &str, index: usize, need: &NeedSpec) -> Option<String> {
    let before = index.checked_sub(need.back + 1)?;
    Some(match (need.case, &steps[before].kind) {
        (Some(first), KindSpec::Switch(_)) => {
            format!("{prefix}s{before}.{}", if first { "a" } else { "b" })
        }
        _ => format!("{prefix}s{before}"),
    })
}

impl ReviewSpec {
    fn to(&self, prefix: &str, index: usize) -> Option<String> {
        let before = index.checked_sub(self.back + 1)?;
        Some(format!("{prefix}s{before}"))
    }

    fn written(&self) -> Value {
        let mut with = json!({ "title": "Right?", "needed": self.needed });
        if let Some((seconds, end)) = self.timeout {
            with["timeout"] = format!("{seconds}s").into();
            with["on_timeout"] = ["reject", "approve", "escalate"][usize::from(end)].into();
            with["escalate_to"] = json!(["user:eva", "role:admin"]);
        }
        if let Some(seconds) = self.remind {
            with["remind"] = format!("{seconds}s").into();
        }
        let tell = json!({ "action": "http", "with": { "text": "{{ approval.title }}" } });
        match self.notify {
            0 => {}
            1 => with["notify"] = tell,
            _ => with["notify"] = json!([tell, tell]),
        }
        with
    }
}

impl ForEachSpec {
    fn written(&self, inner: &str) -> Value {
        let name = format!("{inner}item");
        let numbers = 0..self.items;
        let items = if self.map {
            let entries = numbers.map(|n| (format!("k{n}"), n.into()));
            Value::Object(entries.collect())
        } else {
            Value::Array(numbers.map(Value::from).collect())
        };
        let mut each = json!({ "items": items, "as": name, "max_parallel": self.parallel });
        if self.goes_on {
            each["on_item_error"] = "continue".into();
        }
        if let Some(last) = self.until {
            each["until"] = format!("loop.index >= {last}").into();
        }
        match self.output {
            OutputSpec::Last => {}
            OutputSpec::Reads => {
                each["output"] = json!({
                    "item": format!("{{{{ {name} }}}}"),
                    "first": format!("{{{{ steps.{inner}s0.output }}}}"),
                });
            }
            OutputSpec::Fails => {
                each["output"] = "{{ [1, 2, 3][loop.index:2] | only }}".into();
            }
        }
        each
    }
}

impl RepeatSpec {
    fn written(&self) -> Value {
        let until = format!("loop.index >= {}", self.until);
        let mut repeat = json!({ "until": until, "max": self.max });
        if let Some(seconds) = self.every {
            repeat["every"] = format!("{seconds}s").into();
        }
        if self.grows {
            repeat["factor"] = json!(1.5);
        }
        if self.hands_on {
            repeat["output"] = HANDED_ON.into();
        }
        repeat
    }
}
