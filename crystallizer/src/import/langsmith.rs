//! LangSmith run trees: runs with their `child_runs` inside them, or a flat list with `parent_run_id`.
//! Runs of tools and retrievers are calls; runs of models tell what was said.

use super::builder::{Answer, Builder, Call};
use super::langchain::inner as unpacked;
use super::python_call;
use super::said::Said;
use super::value::*;
use crate::session::{Role, SessionStatus};
use druse_engine::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Whether this is a run.
pub(super) fn is_run(value: &Value) -> bool {
    text(value, "run_type").is_some()
        && ["id", "trace_id", "start_time", "name"]
            .iter()
            .any(|key| present(value, key).is_some())
        && ["inputs", "outputs", "child_runs", "start_time"]
            .iter()
            .any(|key| value.get(*key).is_some())
}

/// The traces of a list of runs, in the order in which they are first named.
pub(super) fn unfold(value: Value) -> Vec<Value> {
    let runs = match value {
        Value::Array(runs) => runs,
        Value::Object(mut map) => match map.remove("runs") {
            Some(Value::Array(runs)) => runs,
            _ => return vec![Value::Object(map)],
        },
        other => return vec![other],
    };
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        if let Some(own) = id(run, "id") {
            first.entry(own).or_insert(index);
        }
    }
    // A run without the name of its trace belongs to its parent's; each way up is walked once.
    let mut groups = 0;
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    let mut of: Vec<Option<usize>> = vec![None; runs.len()];
    for index in 0..runs.len() {
        let mut way = Vec::new();
        let mut on_way = BTreeSet::new();
        let mut at = index;
        let group = loop {
            if let Some(group) = of[at] {
                break group;
            }
            way.push(at);
            let circle = !on_way.insert(at);
            let run = &runs[at];
            let parent = id(run, "parent_run_id");
            let above = id(run, "id")
                .and_then(|own| first.get(&own).copied())
                .filter(|known| *known != at)
                .or_else(|| first.get(parent.as_ref()?).copied());
            let name = match (id(run, "trace_id"), above, parent) {
                (Some(trace), _, _) => trace,
                (None, Some(above), _) if !circle => {
                    at = above;
                    continue;
                }
                (None, _, Some(parent)) => parent,
                (None, _, None) => id(run, "id").unwrap_or_else(|| format!("run {at}")),
            };
            break *named.entry(name).or_insert_with(|| {
                groups += 1;
                groups - 1
            });
        };
        for at in way {
            of[at] = Some(group);
        }
    }
    let mut traces: Vec<Vec<Value>> = vec![Vec::new(); groups];
    for (run, group) in runs.into_iter().zip(of) {
        traces[group.unwrap_or(0)].push(run);
    }
    traces.into_iter().map(Value::Array).collect()
}

/// A run with what stands around it.
struct Run<'a> {
    value: Cow<'a, Value>,
    id: String,
    parent: String,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Run<'_> {
    fn kind(&self) -> &str {
        text(&self.value, "run_type").unwrap_or("")
    }

    fn name(&self) -> &str {
        text(&self.value, "name").unwrap_or("")
    }

    fn is_call(&self) -> bool {
        matches!(self.kind(), "tool" | "retriever")
    }

    fn side(&self, key: &str) -> &Value {
        self.value.get(key).unwrap_or(&Value::Null)
    }

    /// Whether it stopped to ask a person: LangGraph writes that down as a failure.
    fn is_paused(&self) -> bool {
        text(&self.value, "error").is_some_and(|error| {
            ["GraphInterrupt", "NodeInterrupt", "Interrupt("]
                .iter()
                .any(|start| error.trim_start().starts_with(start))
        })
    }

    fn failed(&self) -> bool {
        !self.is_paused() && self.says_failed()
    }

    fn says_failed(&self) -> bool {
        truthy(self.value.get("error")) || text(&self.value, "status") == Some("error")
    }
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let runs = in_order(document, builder);
    let of: BTreeMap<&str, usize> = runs
        .iter()
        .enumerate()
        .map(|(index, run)| (run.id.as_str(), index))
        .collect();
    // The nearest run of a tool around a run: what its calls are, a sub-agent called.
    let around = |run: &Run<'_>| {
        let mut at = of.get(run.parent.as_str()).copied();
        for _ in 0..64 {
            let parent = &runs[at?];
            if parent.kind() == "tool" {
                return at;
            }
            at = of.get(parent.parent.as_str()).copied();
        }
        None
    };
    builder.external_id = runs
        .first()
        .and_then(|run| id(&run.value, "trace_id").or_else(|| id(&run.value, "id")));
    let mut talk = Talk::of(&runs, builder);
    let mut together: BTreeMap<Option<usize>, (u32, Option<Timestamp>)> = BTreeMap::new();
    let mut calls: BTreeMap<usize, String> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        talk.builder.seen_at(run.start);
        talk.builder.seen_at(run.end);
        let root = !of.contains_key(run.parent.as_str());
        let parent = around(run);
        if root && run.kind() != "tool" {
            talk.begun(run);
        }
        match run.kind() {
            "tool" | "retriever" => {
                if run.kind() == "retriever" && parent.is_some() {
                    talk.builder.notes.noise("retriever inside a tool", 0);
                    continue;
                }
                let batch = match together.get(&parent) {
                    Some((batch, Some(busy))) if run.start.is_some_and(|start| start < *busy) => {
                        *batch
                    }
                    _ => talk.builder.batch(),
                };
                let busy = together
                    .get(&parent)
                    .filter(|(last, _)| *last == batch)
                    .and_then(|(_, busy)| *busy);
                together.insert(parent, (batch, busy.max(run.end)));
                let agent = parent.map(|parent| runs[parent].name().to_owned());
                calls.insert(index, call(run, batch, agent, talk.builder));
            }
            "llm" | "chat_model" => talk.model(run, parent.map(|parent| runs[parent].name())),
            other => talk.builder.notes.noise(&format!("{other} run"), 0),
        }
        if root && run.failed() && !run.is_call() {
            talk.builder.status = Some(SessionStatus::Failed);
        }
    }
    let outer = calls.iter().filter_map(|(index, id)| {
        let outer = calls.get(&around(&runs[*index])?)?;
        Some((id.clone(), outer.clone()))
    });
    talk.builder.nested(&outer.collect());
    talk.not_made();
    for root in runs
        .iter()
        .filter(|run| run.kind() == "chain" && !of.contains_key(run.parent.as_str()))
    {
        talk.ended(root);
    }
}

/// The runs of a document, each once, as they began.
fn in_order<'a>(document: &'a Value, builder: &mut Builder) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    let mut of: BTreeMap<String, usize> = BTreeMap::new();
    let mut stack: Vec<(&Value, String)> = match document {
        Value::Array(entries) => entries
            .iter()
            .rev()
            .map(|run| (run, String::new()))
            .collect(),
        document => vec![(document, String::new())],
    };
    while let Some((value, above)) = stack.pop() {
        if !value.is_object() {
            builder
                .notes
                .left_out("not_a_record", "run", size(value), 0);
            continue;
        }
        let own = id(value, "id").unwrap_or_else(|| format!("run-{}", runs.len()));
        for child in list(value, "child_runs").iter().rev() {
            stack.push((child, own.clone()));
        }
        if let Some(index) = of.get(&own) {
            // A run is written when it begins and again when it ends.
            builder.notes.add("repeated_record", "run", 0);
            complete(&mut runs[*index], value);
            continue;
        }
        of.insert(own.clone(), runs.len());
        let read = sides(value);
        runs.push(Run {
            id: own,
            parent: id(value, "parent_run_id").unwrap_or(above),
            start: time(value.get("start_time")),
            end: time(value.get("end_time")),
            value: read.map_or(Cow::Borrowed(value), Cow::Owned),
        });
    }
    // The dotted order tells apart what began in the same millisecond.
    runs.sort_by(|a, b| {
        let dotted = |run: &'_ Run<'_>| text(&run.value, "dotted_order").map(str::to_owned);
        a.start
            .cmp(&b.start)
            .then_with(|| dotted(a).cmp(&dotted(b)))
    });
    runs
}

/// A run whose inputs or outputs stand as text of JSON, with what the text holds.
fn sides(run: &Value) -> Option<Value> {
    let read = |key: &str| match run.get(key) {
        Some(Value::String(text)) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str::<Value>(text).ok()
        }
        Some(Value::String(text)) if text.trim() == "null" => Some(Value::Null),
        _ => None,
    };
    let mut out: Option<Value> = None;
    for key in ["inputs", "outputs"] {
        if let Some(side) = read(key) {
            let whole = out.get_or_insert_with(|| run.clone());
            whole[key] = side;
        }
    }
    out
}

fn complete(run: &mut Run<'_>, later: &Value) {
    let read = sides(later);
    let later = read.as_ref().unwrap_or(later);
    let Some(later) = later.as_object() else {
        return;
    };
    let Some(own) = run.value.to_mut().as_object_mut() else {
        return;
    };
    for (key, value) in later {
        if key != "child_runs" && truthy(Some(value)) && !truthy(own.get(key)) {
            own.insert(key.clone(), value.clone());
        }
    }
    run.start = run.start.or(time(later.get("start_time")));
    run.end = run.end.or(time(later.get("end_time")));
}

/// Adds the call of a run, and gives its id in the session.
fn call(run: &Run<'_>, batch: u32, agent: Option<String>, builder: &mut Builder) -> String {
    let outputs = run.side("outputs");
    let message = outputs.get("output").map(unpacked).filter(|message| {
        message.get("content").is_some() && message.get("tool_call_id").is_some()
    });
    let (given, asked_id) = given(run.side("inputs"), builder);
    let recorded = message
        .and_then(|message| id(message, "tool_call_id"))
        .or(asked_id)
        .unwrap_or_else(|| run.id.clone());
    let name = run.name().to_owned();
    let unique = builder.call(Call {
        id: Some(recorded.clone()),
        name,
        arguments: given,
        batch,
        agent,
        waits: run.is_paused(),
        at: run.start,
        line: 0,
        ..Call::default()
    });
    if run.is_paused() {
        return unique;
    }
    let told = match (message, outputs) {
        (Some(message), _) => {
            let content = message.get("content").unwrap_or(&Value::Null);
            Some(match content {
                Value::Array(_) => Value::from(content_text(content, &mut builder.notes, 0)),
                other => other.clone(),
            })
        }
        (None, Value::Null) => None,
        (None, Value::Object(map)) if map.is_empty() => None,
        (None, Value::Object(map)) if map.len() == 1 => Some(
            ["output", "documents"]
                .iter()
                .find_map(|key| map.get(*key))
                .unwrap_or(outputs)
                .clone(),
        ),
        (None, other) => Some(other.clone()),
    };
    let failed = run.failed();
    // Nothing told and no end: the run was cut. Nothing told and an end: it gave nothing.
    if told.is_none() && !failed && run.end.is_none() {
        return unique;
    }
    let content = told.unwrap_or_else(|| match run.value.get("error") {
        Some(error @ Value::String(_)) => error.clone(),
        _ => Value::from(""),
    });
    let mut answer = Answer::new(content);
    let result = &mut answer.result;
    result.is_error = failed || object_says_failed(&result.content);
    if let Some(message) = message {
        result.is_error |= text(message, "status") == Some("error");
        result.structured = present(message, "artifact").cloned().map(Box::new);
    }
    answer.at = run.end;
    builder.answer(Some(&recorded), None, answer);
    unique
}

/// The arguments of a run, and the id of the call where its input is one.
fn given(inputs: &Value, builder: &mut Builder) -> (Value, Option<String>) {
    let Some(map) = inputs.as_object() else {
        return (arguments(Some(inputs), &mut builder.notes).0, None);
    };
    let is_call =
        |value: &Value| text(value, "type") == Some("tool_call") && value.get("args").is_some();
    let call = Some(inputs)
        .filter(|inputs| is_call(inputs))
        .or_else(|| map.get("input").filter(|input| is_call(input)));
    if let Some(call) = call {
        let (given, _) = arguments(call.get("args"), &mut builder.notes);
        return (given, id(call, "id"));
    }
    match (map.len(), map.get("input")) {
        // Arguments as text: JSON, or as Python writes a dictionary.
        (1, Some(Value::String(said))) if said.trim_start().starts_with('{') => {
            let read = super::body::parse_text(said, &mut builder.notes)
                .or_else(|| python_call::literal(said))
                .filter(Value::is_object);
            (read.unwrap_or_else(|| inputs.clone()), None)
        }
        (1, Some(input @ Value::Object(_))) => (input.clone(), None),
        _ => (inputs.clone(), None),
    }
}

fn role(message: &Value) -> Option<Role> {
    let wrapped = list(message, "id").last().and_then(Value::as_str);
    let inner = unpacked(message);
    let kind = [
        text(message, "role"),
        text(message, "type"),
        text(inner, "type"),
        wrapped,
    ]
    .into_iter()
    .flatten()
    .find(|kind| *kind != "constructor")?;
    Some(match kind {
        "human" | "user" | "HumanMessage" => Role::User,
        "system" | "developer" | "SystemMessage" => Role::System,
        "ai" | "assistant" | "AIMessage" | "AIMessageChunk" => Role::Assistant,
        _ => return None,
    })
}

/// The messages at a place, where they may be a list or a list of lists.
fn messages(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items
            .iter()
            .flat_map(|item| match item {
                Value::Array(inner) => inner.iter().collect(),
                item => vec![item],
            })
            .collect(),
        Value::Object(_) => vec![value],
        _ => Vec::new(),
    }
}

/// What the runs of models and the root tell: words, and calls that no run of a tool shows.
struct Talk<'b> {
    builder: &'b mut Builder,
    said: Said,
    /// How many runs there are of each tool.
    made: BTreeMap<String, u64>,
    /// How many calls of each tool models asked for.
    asked: BTreeMap<String, u64>,
    /// Calls that models asked for, by id, and whether they were answered.
    known: BTreeMap<String, bool>,
}

impl<'b> Talk<'b> {
    fn of(runs: &[Run<'_>], builder: &'b mut Builder) -> Self {
        let mut made: BTreeMap<String, u64> = BTreeMap::new();
        for run in runs.iter().filter(|run| run.is_call()) {
            *made.entry(run.name().to_owned()).or_default() += 1;
        }
        Self {
            builder,
            said: Said::default(),
            made,
            asked: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// Tells what was said, once; a person's words in a call are those of the agent that called.
    fn say(&mut self, role: Role, said: &str, agent: Option<&str>, at: Option<Timestamp>) {
        if said.trim().is_empty() {
            return;
        }
        let handed_on = role == Role::User && agent.is_some();
        if handed_on && self.said.knows(Role::User, said) {
            return;
        }
        let role = if handed_on { Role::Assistant } else { role };
        if self.said.is_new(role, said) {
            self.builder.message(role, said, at);
        }
    }

    /// Tells what a message holds where it stands: its words, the calls that it asks for, the answer that it is.
    fn message(&mut self, message: &Value, agent: Option<&str>, at: Option<Timestamp>) {
        let inner = unpacked(message);
        let content = inner.get("content").unwrap_or(&Value::Null);
        if let Some(role) = role(message) {
            let said = match content {
                // Calls stand among the texts of some models; they are read for themselves.
                Value::Array(blocks) => {
                    let texts = blocks.iter().filter(|block| !is_call(block)).cloned();
                    content_text(&texts.collect(), &mut self.builder.notes, 0)
                }
                other => content_text(other, &mut self.builder.notes, 0),
            };
            self.say(role, &said, agent, at);
        }
        if let Some(call) = id(inner, "tool_call_id") {
            self.answer(&call, inner, at);
        }
        let extra = inner.get("additional_kwargs").unwrap_or(&Value::Null);
        let calls: Vec<&Value> = match (list(inner, "tool_calls"), list(extra, "tool_calls")) {
            ([], []) => list(inner, "content")
                .iter()
                .filter(|block| is_call(block))
                .collect(),
            ([], calls) | (calls, _) => calls.iter().collect(),
        };
        let mut batch = None;
        for call in calls {
            self.call(call, &mut batch, agent, at);
        }
        for bad in list(inner, "invalid_tool_calls") {
            self.builder
                .notes
                .left_out("unreadable_call", "no valid arguments", size(bad), 0);
        }
    }

    fn call(
        &mut self,
        call: &Value,
        batch: &mut Option<u32>,
        agent: Option<&str>,
        at: Option<Timestamp>,
    ) {
        let function = call.get("function").unwrap_or(call);
        let Some(id) = id(call, "id") else {
            return self
                .builder
                .notes
                .left_out("unreadable_call", "without id", size(call), 0);
        };
        if self.known.contains_key(&id) {
            return;
        }
        self.known.insert(id.clone(), false);
        let name = text(function, "name").unwrap_or("");
        *self.asked.entry(name.to_owned()).or_default() += 1;
        if self.made.contains_key(name) {
            return;
        }
        let given = ["args", "arguments", "input"]
            .iter()
            .find_map(|key| present(function, key));
        let given = arguments(given, &mut self.builder.notes).0;
        let batch = *batch.get_or_insert_with(|| self.builder.batch());
        self.builder.call(Call {
            id: Some(id),
            name: name.to_owned(),
            arguments: given,
            batch,
            agent: agent.map(str::to_owned),
            at,
            ..Call::default()
        });
    }

    /// The answer to a call that no run shows.
    fn answer(&mut self, call: &str, message: &Value, at: Option<Timestamp>) {
        let Some(answered) = self.known.get_mut(call) else {
            return;
        };
        let Some(content) = message.get("content").filter(|_| !*answered) else {
            return;
        };
        *answered = true;
        let is_open = |call: &&mut crate::session::ToolCall| call.result.is_none();
        if self.builder.newest(call).filter(is_open).is_none() {
            return;
        }
        let content = match content {
            Value::Array(_) => Value::from(content_text(content, &mut self.builder.notes, 0)),
            other => other.clone(),
        };
        let mut answer = Answer::new(content);
        let result = &mut answer.result;
        result.is_error =
            text(message, "status") == Some("error") || object_says_failed(&result.content);
        result.structured = present(message, "artifact").cloned().map(Box::new);
        answer.at = at;
        self.builder.answer(Some(call), None, answer);
    }

    fn begun(&mut self, run: &Run<'_>) {
        if self.builder.agent.is_none() && run.kind() == "chain" {
            self.builder.agent = Some(run.name().to_owned()).filter(|name| !name.is_empty());
        }
        let inputs = run.side("inputs");
        self.said.begin();
        for message in messages(inputs.get("messages").unwrap_or(&Value::Null)) {
            self.message(message, None, run.start);
        }
        for key in ["input", "question", "query", "prompt"] {
            self.say(Role::User, text(inputs, key).unwrap_or(""), None, run.start);
        }
        // A person's answer to a graph that paused.
        match inputs.get("resume") {
            None | Some(Value::Null) => {}
            Some(Value::String(said)) => self.say(Role::User, said, None, run.start),
            Some(other) => self.say(Role::User, &other.to_string(), None, run.start),
        }
    }

    fn ended(&mut self, run: &Run<'_>) {
        let outputs = run.side("outputs");
        self.said.begin();
        for message in messages(outputs.get("messages").unwrap_or(&Value::Null)) {
            self.message(message, None, run.end);
        }
        for key in ["output", "answer"] {
            self.say(
                Role::Assistant,
                text(outputs, key).unwrap_or(""),
                None,
                run.end,
            );
        }
        if let Some(error) = text(&run.value, "error") {
            let role = if run.is_paused() {
                Role::Assistant
            } else {
                Role::System
            };
            self.builder.message(role, error, run.end);
        }
    }

    /// What the run of a model was given and gave; `agent` is the sub-agent that it is part of.
    fn model(&mut self, run: &Run<'_>, agent: Option<&str>) {
        let (inputs, outputs) = (run.side("inputs"), run.side("outputs"));
        let mut all = messages(inputs.get("messages").unwrap_or(&Value::Null));
        let from = all.len();
        all.extend(messages(outputs.get("messages").unwrap_or(&Value::Null)));
        all.extend(present(outputs, "message"));
        if role(outputs).is_some() {
            all.push(outputs);
        }
        for generation in messages(outputs.get("generations").unwrap_or(&Value::Null)) {
            all.extend(present(generation, "message"));
        }
        for choice in list(outputs, "choices").iter().take(1) {
            all.extend(present(choice, "message"));
        }
        self.said.begin();
        for (number, message) in all.into_iter().enumerate() {
            let at = if number < from { run.start } else { run.end };
            self.message(message, agent, at);
        }
    }

    /// Calls that models asked for of tools that have runs, and fewer of them.
    fn not_made(&mut self) {
        for (name, asked) in &self.asked {
            let made = self.made.get(name).copied().unwrap_or(0);
            if made > 0 && *asked > made {
                let subject = format!("{name}: asked for by the model, without a run");
                for _ in 0..(asked - made).min(1000) {
                    self.builder
                        .notes
                        .add("unreadable_call", subject.as_str(), 0);
                }
            }
        }
    }
}

fn is_call(block: &Value) -> bool {
    matches!(text(block, "type"), Some("tool_use" | "tool_call"))
}
