//! OpenTelemetry traces with GenAI or OpenInference attributes.
//!
//! Spans of tools are calls. Requests to models repeat what was said before them; words, and the calls of a session
//! that has no spans of tools, stand where they are told first.

use super::builder::{Answer, Builder, Call};
use super::chat;
use super::otel_messages::{Item, Talk, Told, parsed, talk};
use super::otel_span::{Span, collect, moment};
use super::otel_tool;
use super::python_call;
use super::said::Said;
use super::value::*;
use crate::session::{Role, SessionStatus};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let mut spans = Vec::new();
    match document {
        Value::Array(documents) => documents
            .iter()
            .for_each(|document| collect(document, &mut spans, &mut builder.notes)),
        document => collect(document, &mut spans, &mut builder.notes),
    }
    spans.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    let mut talks: Vec<Talk> = spans
        .iter()
        .map(|span| match span.is_tool() {
            true => Talk::default(),
            false => talk(span),
        })
        .collect();
    let tree = Tree::of(&spans, &talks);
    if let Some((at, task)) = task(&spans, &talks, &tree) {
        talks[at].before.insert(0, Item::Said(Role::User, task));
    }
    if tree.has_failed(&spans, &talks) {
        builder.status = Some(SessionStatus::Failed);
    }
    let memory = Memory::of(&spans, &talks);
    let mut walk = Walk {
        shown: Shown::of(&spans, &tree, &memory),
        memory,
        spans: &spans,
        talks: &talks,
        tree: &tree,
        said: Said::default(),
        asked: BTreeMap::new(),
        builder,
    };
    walk.whole();
}

/// What a session of models alone was asked for, where no message says it.
fn task(spans: &[Span], talks: &[Talk], tree: &Tree) -> Option<(usize, String)> {
    let by_person = |item: &Item| matches!(item, Item::Said(Role::User, _));
    if talks.iter().flat_map(Talk::items).any(by_person) {
        return None;
    }
    spans.iter().enumerate().find_map(|(index, span)| {
        if span.is_tool() || tree.parents[index].is_some() || tree.is_search(span, index) {
            return None;
        }
        let plain = |text: &&str| !text.trim_start().starts_with(['{', '[']);
        if let Some(said) = span.attribute("input.value").filter(plain) {
            return Some((index, said.to_owned()));
        }
        let whole = parsed(span.attributes.get("traceloop.entity.input")?)?;
        let inputs = whole.get("inputs").unwrap_or(&whole);
        ["input", "question", "query", "prompt"]
            .iter()
            .find_map(|key| Some((index, text(inputs, key)?.to_owned())))
    })
}

/// How many spans around one are looked at: a longer chain is no chain of agents, and a circle ends here too.
const MOST_AROUND: usize = 64;

/// Which spans stand in which.
struct Tree {
    parents: Vec<Option<usize>>,
    /// The nearest call of a tool around each span.
    tools: Vec<Option<usize>>,
    /// Spans in which others speak or call.
    outer: Vec<bool>,
    /// Spans of agents that another agent called.
    called: Vec<bool>,
}

impl Tree {
    fn of(spans: &[Span], talks: &[Talk]) -> Self {
        // Spans of two traces may have one id.
        let by_id: BTreeMap<(&str, &str), usize> = spans
            .iter()
            .enumerate()
            .map(|(index, span)| ((span.trace.as_str(), span.id.as_str()), index))
            .collect();
        let parents: Vec<Option<usize>> = spans
            .iter()
            .map(|span| {
                by_id
                    .get(&(span.trace.as_str(), span.parent.as_str()))
                    .copied()
            })
            .collect();
        let around = |index: usize, fits: &dyn Fn(&Span) -> bool| {
            let mut at = parents[index];
            for _ in 0..MOST_AROUND {
                if fits(&spans[at?]) {
                    return at;
                }
                at = parents[at?];
            }
            None
        };
        let is_agent = |span: &Span| span.operation() == Some("invoke_agent");
        let tools = (0..spans.len())
            .map(|index| around(index, &Span::is_tool))
            .collect();
        let agents: Vec<Option<usize>> = (0..spans.len())
            .map(|index| around(index, &is_agent))
            .collect();
        let mut outer = vec![false; spans.len()];
        let mut thought: Vec<Option<u64>> = vec![None; spans.len()];
        for (index, span) in spans.iter().enumerate() {
            if !span.is_tool() && talks[index].is_empty() {
                continue;
            }
            let mut at = parents[index];
            for _ in 0..MOST_AROUND {
                let Some(inside) = at else { break };
                outer[inside] = true;
                at = parents[inside];
            }
            if let Some(agent) = agents[index].filter(|_| !span.is_tool() && !is_agent(span)) {
                thought[agent].get_or_insert(span.start);
            }
        }
        // A span around an agent that asks no model itself is a frame, and hands on what the person said.
        let called = (0..spans.len())
            .map(|index| {
                let mut at = match is_agent(&spans[index]) {
                    true => Some(index),
                    false => agents[index],
                };
                for _ in 0..MOST_AROUND {
                    let Some(agent) = at else { break };
                    at = agents[agent];
                    let caller = at.and_then(|caller| thought[caller]);
                    if caller.is_some_and(|thought| thought < spans[agent].start) {
                        return true;
                    }
                }
                false
            })
            .collect();
        Self {
            parents,
            tools,
            outer,
            called,
        }
    }

    /// Whether what stands in a span as a person's words is an agent's to another one.
    fn is_handed_on(&self, index: usize) -> bool {
        self.tools[index].is_some() || self.called[index]
    }

    /// Whether the session failed: the outermost span that ended last did. What a tool came to is its own affair, and a
    /// span that says nothing of an agent and holds none is another one's.
    fn has_failed(&self, spans: &[Span], talks: &[Talk]) -> bool {
        let is_outermost = |index: usize| {
            let span = &spans[index];
            let is_agents = span.operation().is_some()
                || span.kind().is_some()
                || self.outer[index]
                || !talks[index].is_empty();
            self.parents[index].is_none() && is_agents && !span.is_tool()
        };
        let outermost = (0..spans.len()).filter(|index| is_outermost(*index));
        let last = outermost.max_by_key(|index| (spans[*index].end, *index));
        last.is_some_and(|last| spans[last].failed)
    }

    fn is_search(&self, span: &Span, index: usize) -> bool {
        span.kind() == Some("RETRIEVER") && self.tools[index].is_none()
    }

    /// The agent around a span.
    fn agent(&self, spans: &[Span], index: usize) -> Option<String> {
        let mut at = self.parents[index];
        for _ in 0..MOST_AROUND {
            if let Some(name) = spans[at?].agent() {
                return Some(name.to_owned());
            }
            at = self.parents[at?];
        }
        None
    }
}

/// What the messages of each trace tell of calls: exporters that leave arguments off the spans of tools often keep them
/// there. Another trace may have other calls with the same ids.
struct Memory<'a> {
    calls: BTreeMap<(&'a str, &'a str), &'a Told>,
    answers: BTreeMap<(&'a str, &'a str), (&'a Value, bool)>,
    /// The traces, in order.
    traces: Vec<&'a str>,
}

impl<'a> Memory<'a> {
    fn of(spans: &'a [Span], talks: &'a [Talk]) -> Self {
        let mut memory = Self {
            calls: BTreeMap::new(),
            answers: BTreeMap::new(),
            traces: Vec::new(),
        };
        for (span, talk) in spans.iter().zip(talks) {
            let trace = span.trace.as_str();
            for item in talk.items() {
                match item {
                    Item::Said(..) => {}
                    Item::Call(told) => {
                        memory
                            .calls
                            .entry((trace, told.id.as_str()))
                            .or_insert(told);
                    }
                    Item::Answer {
                        id,
                        content,
                        failed,
                    } => {
                        let answer = (content, *failed);
                        memory.answers.entry((trace, id.as_str())).or_insert(answer);
                    }
                }
            }
        }
        let traces = memory.calls.keys().chain(memory.answers.keys());
        memory.traces = traces.map(|(trace, _)| *trace).collect();
        memory.traces.sort_unstable();
        memory.traces.dedup();
        memory
    }

    /// The arguments of a call: as its own trace tells them, or the one other trace that does.
    fn arguments(&self, trace: &str, id: &str) -> Option<&Value> {
        if let Some(told) = self.calls.get(&(trace, id)) {
            return told.arguments.as_ref();
        }
        let mut others = self
            .traces
            .iter()
            .filter_map(|other| self.calls.get(&(*other, id)));
        let told = others.next()?;
        let same = |other: &&Told| other.name == told.name && other.arguments == told.arguments;
        others
            .all(same)
            .then_some(told.arguments.as_ref())
            .flatten()
    }

    /// The answer to a call, and whether it is a failure; from another trace only where that tells the same call.
    fn answer(&self, trace: &str, id: &str) -> Option<(&Value, bool)> {
        if let Some(answer) = self.answers.get(&(trace, id)) {
            return Some(*answer);
        }
        let own = self.calls.get(&(trace, id));
        let same = |other: &&str| match (own, self.calls.get(&(*other, id))) {
            (Some(own), Some(told)) => own.name == told.name && own.arguments == told.arguments,
            (own, _) => own.is_none(),
        };
        let mut others = self.traces.iter().filter(|other| same(other));
        others
            .find_map(|other| self.answers.get(&(*other, id)))
            .copied()
    }
}

/// Which calls spans of tools show; the others are read from the messages.
enum Shown<'a> {
    None,
    /// Each span names the call that a message asked for: by trace and id.
    Named(BTreeSet<(&'a str, String)>),
    /// Which span is which call cannot be told.
    All,
}

impl<'a> Shown<'a> {
    fn of(spans: &'a [Span], tree: &Tree, memory: &Memory<'_>) -> Self {
        let mut named = BTreeSet::new();
        for (index, span) in spans.iter().enumerate() {
            if !span.is_tool() {
                if tree.is_search(span, index) {
                    return Self::All;
                }
                continue;
            }
            match otel_tool::id(span) {
                Some(id)
                    if memory
                        .calls
                        .contains_key(&(span.trace.as_str(), id.as_str())) =>
                {
                    named.insert((span.trace.as_str(), id));
                }
                _ => return Self::All,
            }
        }
        match named.is_empty() {
            true => Self::None,
            false => Self::Named(named),
        }
    }

    fn holds(&self, trace: &str, told: &Told, memory: &Memory<'_>) -> bool {
        let named = match self {
            Self::None => return false,
            Self::All => return true,
            Self::Named(named) => named,
        };
        memory.traces.iter().any(|other| {
            let id = told.id.as_str();
            let is_same = |one: &&Told| one.name == told.name && one.arguments == told.arguments;
            let same = || memory.calls.get(&(*other, id)).is_some_and(is_same);
            named.contains(&(*other, id.to_owned())) && (*other == trace || same())
        })
    }
}

/// A call that only messages tell.
struct Asked {
    recorded: String,
    answered: bool,
}

struct Walk<'a, 'b> {
    spans: &'a [Span],
    talks: &'a [Talk],
    tree: &'a Tree,
    memory: Memory<'a>,
    said: Said,
    /// Calls that only messages tell: by trace and id.
    asked: BTreeMap<(&'a str, &'a str), usize>,
    shown: Shown<'a>,
    builder: &'b mut Builder,
}

impl<'a> Walk<'a, '_> {
    fn whole(&mut self) {
        // What an agent gives stands where it ends; what a model gives, before the calls that it asks for.
        let mut moments: Vec<(u64, u8, usize)> = Vec::new();
        for (index, span) in self.spans.iter().enumerate() {
            moments.push((span.start, 1, index));
            if self.ends_later(index) {
                let rank = if span.end > span.start { 0 } else { 2 };
                moments.push((span.end.max(span.start), rank, index));
            }
        }
        moments.sort_unstable();
        let mut asked: Vec<Asked> = Vec::new();
        let mut others = 0u64;
        let mut together: BTreeMap<Option<usize>, (u32, u64)> = BTreeMap::new();
        let mut calls: BTreeMap<usize, String> = BTreeMap::new();
        for (_, rank, index) in moments {
            let (span, talk) = (&self.spans[index], &self.talks[index]);
            if rank != 1 {
                self.said.begin();
                self.items(&talk.after, index, moment(span.end), &mut asked);
                continue;
            }
            let operation = span.operation();
            // What the agent does after its last call belongs to the session, too.
            if operation.is_some() || span.kind().is_some() || !talk.is_empty() {
                self.builder.seen_at(moment(span.start));
                self.builder.seen_at(moment(span.end));
            }
            self.named(span);
            offered(span, self.builder);
            self.said.begin();
            self.items(&talk.before, index, moment(span.start), &mut asked);
            if !self.ends_later(index) {
                self.items(&talk.after, index, moment(span.start), &mut asked);
            }
            if !span.is_tool() && !self.tree.is_search(span, index) {
                match span.kind() {
                    Some(kind) if operation.is_none() => {
                        self.builder.notes.noise(&format!("{kind} span"), 0);
                    }
                    _ => others += u64::from(operation.is_none() && talk.is_empty()),
                }
                continue;
            }
            // What a call makes is not issued together with it.
            let outer = self.tree.tools[index];
            let (batch, busy) = match together.get(&outer) {
                Some((batch, busy)) if span.start < *busy => (*batch, *busy),
                _ => (self.builder.batch(), 0),
            };
            together.insert(outer, (batch, busy.max(span.end)));
            let id = self.call(index, batch);
            calls.insert(index, id);
        }
        let outer = calls.iter().filter_map(|(index, id)| {
            let outer = calls.get(&self.tree.tools[*index]?)?;
            Some((id.clone(), outer.clone()))
        });
        let outer = outer.collect();
        self.builder.nested(&outer);
        for _ in 0..others {
            self.builder.notes.noise("span without agent attributes", 0);
        }
    }

    fn ends_later(&self, index: usize) -> bool {
        let after = &self.talks[index].after;
        let asks = self.spans[index].operation() != Some("invoke_agent")
            && after.iter().any(|item| matches!(item, Item::Call(_)));
        self.tree.outer[index] && !after.is_empty() && !asks
    }

    fn named(&mut self, span: &Span) {
        let builder = &mut *self.builder;
        if builder.external_id.is_none() {
            builder.external_id = CONVERSATIONS
                .iter()
                .find_map(|key| span.attribute(key))
                .map(str::to_owned);
        }
        if builder.agent.is_none() {
            let workflow = span.attribute("traceloop.span.kind") == Some("workflow");
            let workflow = span.attribute("traceloop.entity.name").filter(|_| workflow);
            builder.agent = span.agent().or(workflow).map(str::to_owned);
        }
    }

    /// Each request to a model repeats what was said before it: what was said is kept once.
    fn items(
        &mut self,
        items: &'a [Item],
        index: usize,
        at: Option<Timestamp>,
        asked: &mut Vec<Asked>,
    ) {
        let trace = self.spans[index].trace.as_str();
        let mut last: Option<(usize, u32)> = None;
        for item in items {
            match item {
                Item::Said(role, words) => {
                    let handed_on = *role == Role::User && self.tree.is_handed_on(index);
                    // What the person said word for word was handed on whole.
                    if handed_on && self.said.knows(Role::User, words) {
                        continue;
                    }
                    let role = if handed_on { Role::Assistant } else { *role };
                    if self.said.is_new(role, words) {
                        self.builder.message(role, words.as_str(), at);
                    }
                }
                Item::Call(told) => {
                    if self.shown.holds(trace, told, &self.memory) || self.is_asked(trace, told) {
                        continue;
                    }
                    let batch = match last {
                        Some((message, batch)) if message == told.message => batch,
                        _ => self.builder.batch(),
                    };
                    last = Some((told.message, batch));
                    let given = arguments(told.arguments.as_ref(), &mut self.builder.notes).0;
                    let by = self.tree.agent(self.spans, index);
                    let by = by.filter(|by| self.builder.agent.as_ref() != Some(by));
                    let unique = self.builder.call(Call {
                        id: Some(told.id.clone()),
                        name: told.name.clone(),
                        arguments: given,
                        batch,
                        agent: by,
                        at,
                        ..Call::default()
                    });
                    if told.arguments.is_none() {
                        unrecorded(&told.name, unique, self.builder);
                    }
                    self.asked.insert((trace, told.id.as_str()), asked.len());
                    asked.push(Asked {
                        recorded: told.id.clone(),
                        answered: false,
                    });
                }
                Item::Answer {
                    id,
                    content,
                    failed,
                } => {
                    let known = self.asked.get(&(trace, id.as_str())).copied();
                    let Some(call) = known.and_then(|known| asked.get_mut(known)) else {
                        continue;
                    };
                    if std::mem::replace(&mut call.answered, true) {
                        continue;
                    }
                    let mut answer = Answer::new(content.clone());
                    answer.result.is_error = *failed || object_says_failed(content);
                    answer.at = at;
                    self.builder.answer(Some(&call.recorded), None, answer);
                }
            }
        }
    }

    /// Whether a call was told before, in this trace or as the history of another one.
    fn is_asked(&mut self, trace: &'a str, told: &'a Told) -> bool {
        let key = (trace, told.id.as_str());
        if self.asked.contains_key(&key) {
            return true;
        }
        let same = |other: &&str| {
            let known = self.memory.calls.get(&(*other, told.id.as_str()));
            known.is_some_and(|one| one.name == told.name && one.arguments == told.arguments)
        };
        let mut others = self.memory.traces.iter().filter(|other| same(other));
        let known = others
            .find_map(|other| self.asked.get(&(*other, told.id.as_str())))
            .copied();
        if let Some(known) = known {
            self.asked.insert(key, known);
        }
        known.is_some()
    }

    /// Adds the call of a span, and gives its id in the session.
    fn call(&mut self, index: usize, batch: u32) -> String {
        let span = &self.spans[index];
        let by = self.tree.agent(self.spans, index);
        let by = by.filter(|by| self.builder.agent.as_ref() != Some(by));
        let tool = span.tool().unwrap_or("");
        let call_id = otel_tool::id(span);
        let told = call_id
            .as_deref()
            .and_then(|id| self.memory.arguments(&span.trace, id));
        let given = otel_tool::given(span).or_else(|| told.cloned());
        let recorded_none = given.is_none();
        let (mut given, raw) = arguments(given.as_ref(), &mut self.builder.notes);
        let literal = text(&given, "_raw")
            .filter(|_| raw)
            .and_then(python_call::literal)
            .filter(Value::is_object);
        let unread = raw && literal.is_none();
        given = literal.unwrap_or(given);
        let recorded = call_id.clone().or_else(|| Some(span.id.clone()));
        let unique = self.builder.call(Call {
            id: recorded.clone(),
            name: tool.to_owned(),
            arguments: given,
            raw: unread,
            batch,
            agent: by,
            at: moment(span.start),
            ..Call::default()
        });
        if recorded_none {
            unrecorded(tool, unique.clone(), self.builder);
        }
        let told = call_id
            .as_deref()
            .and_then(|id| self.memory.answer(&span.trace, id));
        let failed = otel_tool::failed(span);
        let (content, told_failed) = match (otel_tool::result(span), told) {
            (Some(content), _) => (content, false),
            (None, Some((content, failed))) => (content.clone(), failed),
            (None, None) if failed => (Value::from(span.failure.as_str()), true),
            (None, None) => return unique,
        };
        let mut answer = Answer::new(content);
        answer.result.is_error =
            failed || told_failed || object_says_failed(&answer.result.content);
        answer.at = moment(span.end);
        self.builder.answer(recorded.as_deref(), None, answer);
        unique
    }
}

/// Under which attributes a conversation is named.
pub(super) const CONVERSATIONS: [&str; 2] = ["gen_ai.conversation.id", "session.id"];

/// Tells that a call's arguments are in no place of the recording; a tool that is known to take none has none.
fn unrecorded(tool: &str, unique: String, builder: &mut Builder) {
    let takes_none = builder.tools.iter().any(|offered| {
        offered.name == tool
            && offered.input_schema.as_ref().is_some_and(|schema| {
                schema
                    .get("properties")
                    .is_none_or(|all| !truthy(Some(all)))
            })
    });
    if !takes_none {
        builder.notes.add("arguments_not_recorded", unique, 0);
    }
}

/// The tools that a request to a model offers.
fn offered(span: &Span, builder: &mut Builder) {
    let mut tools = Vec::new();
    let parsed = |value: &Value| match value {
        Value::String(text) => serde_json::from_str::<Value>(text).ok(),
        other => Some(other.clone()),
    };
    if let Some(Value::Array(entries)) = span
        .attributes
        .get("gen_ai.tool.definitions")
        .and_then(parsed)
    {
        tools.extend(entries);
    }
    for number in 0..MOST_TOOLS {
        let Some(tool) = span
            .attributes
            .get(&format!("llm.tools.{number}.tool.json_schema"))
        else {
            break;
        };
        tools.extend(parsed(tool));
    }
    for tool in chat::tools(&serde_json::json!({ "tools": tools })) {
        builder.offer(tool);
    }
}

/// How many numbered tools of one span are looked at.
const MOST_TOOLS: usize = 100_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    /// What the agent says after its last call takes time, too.
    #[test]
    fn a_session_lasts_until_the_agent_has_ended() {
        let span = |id: &str, operation: &str, from: u64| {
            let text =
                |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
            let second = |at: u64| format!("{}000000000", 1_795_000_000 + at);
            json!({ "traceId": "t", "spanId": id, "name": operation, "startTimeUnixNano": second(from), "endTimeUnixNano": second(from + 1), "attributes": [
                text("gen_ai.operation.name", operation), text("gen_ai.tool.name", "f"), text("gen_ai.tool.call.arguments", "{}"),
            ] })
        };
        let spans = [
            span("1", "chat", 1),
            span("2", "execute_tool", 3),
            span("3", "chat", 5),
        ];
        let trace = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
        let session = crate::import(trace.to_string().as_bytes())
            .unwrap()
            .remove(0);
        let took = session
            .finished_at
            .unwrap()
            .since(session.started_at.unwrap());
        assert_eq!(took.as_millis(), 5_000);
    }
}
