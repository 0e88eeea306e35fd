//! Builds one session: pairs results with calls, makes ids unique, notes what is odd.

use super::doubts::Doubts;
use super::formats::Format;
use super::notes::Notes;
use super::product_words::{self, Words};
use super::refusal;
use super::shell;
use super::value::{is_cut, size};
use crate::session::*;
use druse_engine::{Digest, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Open calls that share a key, by batch: the newest batch last, its calls in recorded order.
type Open = BTreeMap<String, Vec<(u32, VecDeque<usize>)>>;

/// What a recording goes on from that holds only what a model noted of it.
const SUMMED_UP: &str = "an earlier part that a model summed up";

/// The most calls of one session; who sends more does not record an agent.
const MOST_CALLS: u64 = 50_000;

/// A call as a reader found it.
#[derive(Default)]
pub(super) struct Call {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) arguments: Value,
    /// Whether they were text that should have been JSON and is none.
    pub(super) raw: bool,
    pub(super) batch: u32,
    pub(super) agent: Option<String>,
    /// The folder that the recording tells for this call.
    pub(super) folder: Option<String>,
    /// The shell that the recording tells for this call; left out: what is known of the agent.
    pub(super) shell: Option<String>,
    /// The call in this session that was under way and made this one.
    pub(super) inside: Option<String>,
    /// Whether a person was asked about it and has not answered.
    pub(super) waits: bool,
    pub(super) at: Option<Timestamp>,
    pub(super) line: u32,
}

/// An answer as a reader found it.
pub(super) struct Answer {
    pub(super) result: ToolResult,
    pub(super) started_at: Option<Timestamp>,
    pub(super) at: Option<Timestamp>,
    pub(super) line: u32,
    /// Whether the recording tells by a mark of its own whether the call failed: then its words do not tell a refusal.
    pub(super) is_sure: bool,
}

impl Answer {
    /// An answer with this content that is no failure.
    pub(super) fn new(content: impl Into<Value>) -> Self {
        Self {
            result: ToolResult {
                content: content.into(),
                structured: None,
                is_error: false,
                refused: false,
                truncated: false,
                unread: false,
                exit_code: None,
            },
            started_at: None,
            at: None,
            line: 0,
            is_sure: false,
        }
    }
}

pub(super) struct Builder {
    pub(super) kind: SessionKind,
    pub(super) external_id: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) goal: Option<String>,
    pub(super) status: Option<SessionStatus>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) working_folder: Option<String>,
    pub(super) recorded_as: Option<String>,
    pub(super) tools: Vec<ToolSpec>,
    pub(super) notes: Notes,
    pub(super) usage: Option<Usage>,
    format: &'static str,
    /// What is in doubt of the body.
    doubts: Arc<Doubts>,
    turns: Vec<Turn>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
    batches: u32,
    calls: u64,
    by_id: Open,
    by_name: Open,
    any: Open,
    /// How often each recorded id was used, for `#2`.
    uses: BTreeMap<String, u32>,
    ids: BTreeSet<String>,
    /// The newest call of each recorded id.
    newest: BTreeMap<String, usize>,
    early: BTreeMap<String, VecDeque<Answer>>,
    /// Calls whose answer stood before them.
    foretold: BTreeSet<usize>,
    unresolved: Vec<usize>,
    /// Approvals that go in front of a turn once all are read.
    before: Vec<(usize, RecordedApproval)>,
    known: BTreeSet<(bool, Digest)>,
    /// Where each tool stands in `tools`.
    offered: BTreeMap<String, usize>,
}

impl Builder {
    pub(super) fn new(format: &'static str, kind: SessionKind, doubts: Arc<Doubts>) -> Self {
        Self {
            kind,
            external_id: None,
            agent: None,
            goal: None,
            status: None,
            started_at: None,
            finished_at: None,
            working_folder: None,
            recorded_as: None,
            tools: Vec::new(),
            notes: Notes::default(),
            usage: None,
            format,
            doubts,
            turns: Vec::new(),
            earliest: None,
            latest: None,
            batches: 0,
            calls: 0,
            by_id: Open::new(),
            by_name: Open::new(),
            any: Open::new(),
            uses: BTreeMap::new(),
            ids: BTreeSet::new(),
            newest: BTreeMap::new(),
            early: BTreeMap::new(),
            foretold: BTreeSet::new(),
            unresolved: Vec::new(),
            before: Vec::new(),
            known: BTreeSet::new(),
            offered: BTreeMap::new(),
        }
    }

    /// A number for calls that are issued together.
    pub(super) fn batch(&mut self) -> u32 {
        self.batches = self.batches.saturating_add(1);
        self.batches - 1
    }

    /// The number for the calls of one answer of a model, among those that are known; its own where the answer has no name.
    pub(super) fn batch_of(
        &mut self,
        known: &mut BTreeMap<String, u32>,
        answer: Option<String>,
    ) -> u32 {
        match answer {
            Some(answer) => *known.entry(answer).or_insert_with(|| self.batch()),
            None => self.batch(),
        }
    }

    /// Adds a tool that was offered; offered again, it is as it was told last.
    pub(super) fn offer(&mut self, tool: ToolSpec) {
        match self.offered.get(&tool.name) {
            Some(known) => self.tools[*known] = tool,
            None => {
                self.offered.insert(tool.name.clone(), self.tools.len());
                self.tools.push(tool);
            }
        }
    }

    /// Takes a moment into the session's span of time.
    pub(super) fn seen_at(&mut self, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
            self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
        }
    }

    /// Adds what was said; empty text is nothing said. What a product put beside a person's words is no word of theirs.
    pub(super) fn message(&mut self, role: Role, text: impl Into<String>, at: Option<Timestamp>) {
        let text = text.into();
        if role == Role::User
            && let Some(parts) = product_words::cut(&text)
        {
            for (whose, said) in parts {
                self.told(whose, said, at);
            }
            return;
        }
        self.said(role, text, at);
    }

    /// Adds what was said in a person's place, by whose words it is.
    pub(super) fn told(&mut self, whose: Words, said: impl Into<String>, at: Option<Timestamp>) {
        if whose == Words::Agent {
            self.summed_up(0);
        }
        self.said(whose.role(), said.into(), at);
    }

    /// Notes that a model wrote down here what was before, because the conversation had become too long.
    pub(super) fn summed_up(&mut self, line: u32) {
        let is_kept = self.turns.iter().any(|turn| {
            !matches!(
                turn,
                Turn::Message {
                    role: Role::System,
                    ..
                }
            )
        });
        match is_kept {
            true => self.notes.add("compacted", "", line),
            false => self.notes.add("earlier_part_missing", SUMMED_UP, line),
        }
    }

    fn said(&mut self, role: Role, text: String, at: Option<Timestamp>) {
        self.seen_at(at);
        let unread = self.notes.take_unread();
        if text.trim().is_empty() {
            // Many agents are shown what a tool made in a message of its own right behind the answer.
            if unread
                && role != Role::Assistant
                && let Some(Turn::Call(call)) = self.turns.last_mut()
                && let Some(result) = &mut call.result
            {
                result.unread = true;
            }
            return;
        }
        let hidden = hidden(&text);
        if hidden > 0 {
            self.hidden("A message", hidden);
        }
        if self.goal.is_none() && role == Role::User {
            self.goal = Some(text.clone());
        }
        self.turns.push(Turn::Message { role, text, at });
    }

    fn hidden(&mut self, subject: &str, count: u64) {
        for _ in 0..count.min(10_000) {
            self.notes.add("hidden_characters", subject, 0);
        }
    }

    /// Adds a call and gives the id that it has in this session.
    pub(super) fn call(&mut self, call: Call) -> String {
        let raw_at = call.raw.then_some(call.line);
        let unique = self.add_call(call);
        if let Some(line) = raw_at {
            self.notes.add("arguments_not_json", unique.as_str(), line);
        }
        unique
    }

    fn add_call(&mut self, call: Call) -> String {
        self.calls += 1;
        self.batches = self.batches.max(call.batch.saturating_add(1));
        self.seen_at(call.at);
        let recorded = call.id.filter(|id| !id.is_empty());
        let unique = self.unique(recorded.as_deref());
        if self.calls > MOST_CALLS {
            let bytes = size(&call.arguments).saturating_add(call.name.len() as u64);
            self.notes.left_out("calls_left_out", "", bytes, call.line);
            return unique;
        }
        let doubts = [&*self.doubts, &self.notes.doubts];
        let odd = walk(&call.arguments, &doubts);
        let repeated = doubts
            .iter()
            .any(|doubts| doubts.repeated_in(&call.arguments).is_some());
        if odd.inexact > 0 {
            self.notes
                .add("number_precision", unique.as_str(), call.line);
        }
        if repeated {
            self.notes.add("repeated_key", unique.as_str(), call.line);
        }
        if odd.hidden > 0 {
            self.hidden(&format!("Call {unique}"), odd.hidden);
        }
        let in_name = hidden(&call.name);
        if in_name > 0 {
            self.hidden(&format!("The name of the tool of call {unique}"), in_name);
        }
        if let Some(agent) = &call.agent {
            self.notes.add("sub_agent", agent.as_str(), 0);
        }
        let index = self.turns.len();
        let name = if call.name.is_empty() {
            "unnamed".to_owned()
        } else {
            call.name
        };
        push(&mut self.by_name, &name, call.batch, index);
        push(&mut self.any, "", call.batch, index);
        let shell = call
            .shell
            .or_else(|| shell::of(self.format, &name, &call.arguments));
        self.turns.push(Turn::Call(Box::new(ToolCall {
            id: unique.clone(),
            name,
            arguments: call.arguments,
            batch: call.batch,
            agent: call.agent,
            folder: call.folder,
            shell,
            inside: call.inside,
            waits: call.waits,
            started_at: call.at,
            finished_at: None,
            result: None,
        })));
        if let Some(recorded) = recorded {
            push(&mut self.by_id, &recorded, call.batch, index);
            let early = self.early.get_mut(&recorded).and_then(VecDeque::pop_front);
            self.newest.insert(recorded, index);
            if let Some(answer) = early {
                self.notes
                    .add("result_before_call", unique.as_str(), answer.line);
                self.attach(index, answer);
                self.foretold.insert(index);
            }
        }
        unique
    }

    fn unique(&mut self, recorded: Option<&str>) -> String {
        let Some(recorded) = recorded else {
            let mut id = format!("call-{}", self.calls);
            while !self.ids.insert(id.clone()) {
                id.push('+');
            }
            return id;
        };
        let uses = self.uses.entry(recorded.to_owned()).or_insert(0);
        *uses += 1;
        let mut id = if *uses == 1 {
            recorded.to_owned()
        } else {
            format!("{recorded}#{uses}")
        };
        if *uses > 1 {
            self.notes.add("repeated_call_id", "", 0);
        }
        while !self.ids.insert(id.clone()) {
            *uses += 1;
            id = format!("{recorded}#{uses}");
        }
        id
    }

    /// The newest call with this recorded id, to mend what a recorder wrote in pieces.
    pub(super) fn newest(&mut self, recorded: &str) -> Option<&mut ToolCall> {
        let index = *self.newest.get(recorded)?;
        match self.turns.get_mut(index) {
            Some(Turn::Call(call)) => Some(call),
            _ => None,
        }
    }

    /// Gives an answer to the nearest open call before it: by id; without one by name; without either the nearest.
    /// An answer that comes before its call waits for it. Gives the call's id in this session where there is one.
    pub(super) fn answer(
        &mut self,
        id: Option<&str>,
        name: Option<&str>,
        mut answer: Answer,
    ) -> Option<String> {
        self.seen_at(answer.started_at);
        self.seen_at(answer.at);
        answer.result.unread |= self.notes.take_unread();
        let turns = &self.turns;
        let open =
            |index: usize| matches!(&turns[index], Turn::Call(call) if call.result.is_none());
        let index = match (id, name) {
            (Some(id), _) => pop(&mut self.by_id, id, open),
            (None, Some(name)) => pop(&mut self.by_name, name, open),
            (None, None) => pop(&mut self.any, "", open),
        };
        if let Some(index) = index {
            return self.attach(index, answer);
        }
        // An answer behind the call is the call's, whatever stood before it.
        if let Some(index) = id.and_then(|id| self.newest.get(id)).copied()
            && self.foretold.remove(&index)
        {
            if let Some(Turn::Call(call)) = self.turns.get(index)
                && let Some(before) = &call.result
            {
                let bytes = size(&before.content);
                self.notes
                    .left_out("repeated_result", id.unwrap_or(""), bytes, answer.line);
            }
            return self.attach(index, answer);
        }
        let bytes = size(&answer.result.content);
        match id {
            Some(id) if self.newest.contains_key(id) => {
                self.notes
                    .left_out("repeated_result", id, bytes, answer.line);
            }
            Some(id) => self
                .early
                .entry(id.to_owned())
                .or_default()
                .push_back(answer),
            None => self.notes.left_out(
                "result_without_call",
                name.unwrap_or("without id"),
                bytes,
                answer.line,
            ),
        }
        None
    }

    fn attach(&mut self, index: usize, answer: Answer) -> Option<String> {
        let mut result = answer.result;
        let odd = walk(&result.content, &[]);
        if odd.hidden > 0 {
            self.hidden("A result", odd.hidden);
        }
        if let Value::String(text) = &result.content {
            result.truncated |= is_cut(text);
        }
        if result.truncated {
            self.notes.add("truncated_result", "", answer.line);
        }
        // A server of the Model Context Protocol answers for itself: no agent stands before it.
        let is_sure = answer.is_sure || self.format == Format::McpLog.name();
        let refused = (result.is_error || !is_sure)
            && !result.refused
            && result.exit_code.is_none()
            && refusal::is_in(&result.content, self.format);
        let comment = refused
            .then(|| refusal::comment_in(&result.content))
            .flatten();
        result.refused |= refused;
        result.is_error |= refused;
        let Some(Turn::Call(call)) = self.turns.get_mut(index) else {
            return None;
        };
        call.result = Some(result);
        call.finished_at = answer.at;
        if answer.started_at.is_some() {
            call.started_at = answer.started_at;
        }
        let id = call.id.clone();
        if refused {
            self.refusal(Some(id.clone()), comment, answer.at);
        }
        Some(id)
    }

    /// Gives a call that was answered, named by its recorded id, the answer that came later and counts.
    pub(super) fn answer_anew(&mut self, recorded: &str, answer: Answer) {
        self.seen_at(answer.started_at);
        self.seen_at(answer.at);
        let Some(index) = self.newest.get(recorded).copied() else {
            return;
        };
        self.notes.noise("earlier answer", answer.line);
        self.attach(index, answer);
    }

    /// Says of calls in which call each was made.
    pub(super) fn nested(&mut self, outer: &BTreeMap<String, String>) {
        for turn in &mut self.turns {
            if let Turn::Call(call) = turn {
                call.inside = outer
                    .get(&call.id)
                    .filter(|outer| **outer != call.id)
                    .cloned();
            }
        }
    }

    /// Adds a person's answer about a call, named by its recorded id.
    pub(super) fn approval(&mut self, recorded: Option<&str>, mut approval: RecordedApproval) {
        self.seen_at(approval.requested_at);
        self.seen_at(approval.decided_at);
        if let Some(recorded) = recorded {
            approval.call = match self.newest(recorded) {
                Some(call) => Some(call.id.clone()),
                None => {
                    self.unresolved.push(self.turns.len());
                    Some(recorded.to_owned())
                }
            };
        }
        self.turns.push(Turn::Approval(Box::new(approval)));
    }

    /// A refusal by the person, told by the answer to the call with this id in this session.
    pub(super) fn refusal(
        &mut self,
        call: Option<String>,
        comment: Option<String>,
        at: Option<Timestamp>,
    ) {
        self.turns.push(Turn::Approval(Box::new(RecordedApproval {
            call,
            approved: false,
            by: None,
            comment,
            requested_at: None,
            decided_at: at,
        })));
    }

    /// Adds a person's answer, told after the fact, in front of the call that it is about (at the end of the session).
    pub(super) fn approve_before(&mut self, recorded: &str, mut approval: RecordedApproval) {
        let Some(index) = self.newest.get(recorded).copied() else {
            return self.approval(Some(recorded), approval);
        };
        if let Some(Turn::Call(call)) = self.turns.get(index) {
            approval.call = Some(call.id.clone());
        }
        self.before.push((index, approval));
    }

    /// Whether this was not said before in these words.
    pub(super) fn first_time(&mut self, role: Role, said: &str) -> bool {
        self.known
            .insert((role == Role::User, Digest::of(said.as_bytes())))
    }

    /// The session.
    pub(super) fn finish(mut self, digest: Digest) -> Session {
        for (id, answers) in std::mem::take(&mut self.early) {
            for answer in answers {
                self.notes.left_out(
                    "result_without_call",
                    id.as_str(),
                    size(&answer.result.content),
                    answer.line,
                );
            }
        }
        for index in std::mem::take(&mut self.unresolved) {
            if let Some(Turn::Approval(approval)) = self.turns.get_mut(index)
                && let Some(id) = approval.call.take()
            {
                if self.ids.contains(&id) {
                    approval.call = Some(id);
                } else {
                    self.notes.add("approval_without_call", id, 0);
                }
            }
        }
        if !self.before.is_empty() {
            self.before.sort_by_key(|(index, _)| *index);
            let mut before = std::mem::take(&mut self.before).into_iter().peekable();
            let turns = std::mem::take(&mut self.turns);
            for (index, turn) in turns.into_iter().enumerate() {
                while let Some((_, approval)) = before.next_if(|(at, _)| *at == index) {
                    self.turns.push(Turn::Approval(Box::new(approval)));
                }
                self.turns.push(turn);
            }
        }
        self.turns.shrink_to_fit();
        for turn in &mut self.turns {
            let Turn::Call(call) = turn else { continue };
            call.waits &= call.result.is_none();
            if call.result.is_none() {
                self.notes.add("unmatched_call", call.name.as_str(), 0);
            }
            if call.folder == self.working_folder {
                call.folder = None;
            }
        }
        Session {
            format: self.format.to_owned(),
            recorded_as: self.recorded_as,
            kind: self.kind,
            external_id: self.external_id,
            agent: self.agent,
            goal: self.goal,
            status: self.status,
            started_at: self.started_at.or(self.earliest),
            finished_at: self.finished_at.or(self.latest),
            working_folder: self.working_folder,
            tools: self.tools,
            turns: self.turns,
            digest,
            bytes_left_out: self.notes.bytes_left_out(),
            findings: self.notes.findings(),
            secrets: Vec::new(),
            usage: self.usage,
        }
    }
}

fn push(open: &mut Open, key: &str, batch: u32, index: usize) {
    let stack = match open.get_mut(key) {
        Some(stack) => stack,
        None => open.entry(key.to_owned()).or_default(),
    };
    match stack.last_mut() {
        Some((last, calls)) if *last == batch => calls.push_back(index),
        _ => stack.push((batch, VecDeque::from([index]))),
    }
}

/// Takes the first open call of the newest batch; calls that were answered under another key are passed over once.
fn pop(open: &mut Open, key: &str, is_open: impl Fn(usize) -> bool) -> Option<usize> {
    let stack = open.get_mut(key)?;
    while let Some((_, calls)) = stack.last_mut() {
        while let Some(index) = calls.pop_front() {
            if is_open(index) {
                return Some(index);
            }
        }
        stack.pop();
    }
    None
}

/// What is odd about what a call was given.
#[derive(Default)]
struct Odd {
    inexact: u64,
    hidden: u64,
}

fn walk(value: &Value, doubts: &[&Doubts]) -> Odd {
    fn go(value: &Value, doubts: &[&Doubts], odd: &mut Odd) {
        odd.inexact += u64::from(doubts.iter().any(|known| known.is_inexact(value)));
        match value {
            Value::String(text) => odd.hidden += hidden(text),
            Value::Array(items) => items.iter().for_each(|item| go(item, doubts, odd)),
            Value::Object(map) => {
                for (key, inner) in map {
                    odd.hidden += hidden(key);
                    go(inner, doubts, odd);
                }
            }
            _ => {}
        }
    }
    let mut odd = Odd::default();
    go(value, doubts, &mut odd);
    odd
}

/// How many characters cannot be seen or change the direction of the text around them.
fn hidden(text: &str) -> u64 {
    if text.is_ascii() && !text.contains('\0') {
        return 0;
    }
    // What such a character begins with in UTF-8.
    let begins = |byte: u8| matches!(byte, 0 | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3);
    let starts = text.bytes().enumerate().filter(|(_, byte)| begins(*byte));
    starts
        .filter(|(at, _)| text[*at..].chars().next().is_some_and(is_hidden))
        .count() as u64
}

/// Whether a character cannot be seen or changes the direction of the text around it.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c, '\0' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
