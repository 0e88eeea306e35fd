//! Follows a session and says of each value whose word it is, and what a person has to acknowledge.

use super::key::{
    is_content, is_path, is_people, is_recipient, is_right, is_said, is_target, reads_a_file, runs,
    writes_a_file,
};
use super::line::{is_line, lists, starts_by_itself};
use super::seen::{Amount, Origin, Place, Seen};
use super::spot::{whole_of, written};
use super::state::States;
use super::why::{What, Why, influenced};
use super::{Label, Word, fixed, switch};
use crate::asked::{Asked, Number, Sent, each_keyed, is_heard, is_short};
use crate::findings::{is_sink, located, others_write, place};
use crate::import::{holds_media, is_talk};
use crate::kept::{Kept, Spot};
use crate::leaf::leaves;
use crate::mark::{MarkMap, mark};
use crate::session::{Role, Session, ToolCall, Turn, handed_on, is_remark};
use druse_engine::Finding;
use druse_engine::definition::{Document, EffectLevel};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What is known of where values come from.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    pub(crate) labels: Vec<Label>,
    pub(crate) findings: Vec<Finding>,
}

/// An answer that came.
pub(super) struct Answered {
    /// The step that it is of, or the tool.
    pub(super) source: String,
    /// Whether anybody may write into it.
    open: bool,
    /// Whether it only names what there is.
    lists: bool,
    /// Whether it is what a file holds.
    is_file: bool,
}

/// A text or number that a call sends.
struct Given<'a> {
    /// JSON Pointer into the arguments.
    pointer: String,
    key: &'a str,
    text: Cow<'a, str>,
    value: &'a Sent,
    /// Of a value of one character, what it would stand in an answer as.
    beside: Option<&'a [Number]>,
    /// Of a line or a program of a change, the hosts in it.
    hosts: &'a [String],
}

/// The walk through a session.
pub(super) struct Walk<'a> {
    pub(super) document: &'a Document,
    kept: &'a [Kept<'a>],
    spots: &'a [Spot],
    asked: &'a Asked<'a>,
    seen: Seen<'a>,
    pub(super) answers: Vec<Answered>,
    /// Whether sentences were answered before, or what nobody here can read.
    read: bool,
    /// The first answer that held what cannot be read: anything may have stood there.
    unread: Option<usize>,
    trust: Trust,
    /// The steps that several calls are.
    shared: HashSet<&'a str>,
    /// The labels by their places: those of the call at hand, and those of all calls that share a step.
    own: MarkMap<usize>,
    of_shared: MarkMap<usize>,
    said: HashSet<String>,
    /// What the person said last.
    last_said: &'a str,
    /// The states that the person asked for.
    states: States<'a>,
    /// The format that the agent wrote its recording in.
    format: &'a str,
    /// The ids of the gates.
    gates: HashSet<&'a str>,
}

/// Labels the values of a draft.
pub(crate) fn trust(
    session: &Session,
    document: &Document,
    kept: &[Kept<'_>],
    spots: &[Spot],
    asked: &Asked<'_>,
) -> Trust {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let mut steps = HashSet::with_capacity(kept.len());
    let mut walk = Walk {
        document,
        kept,
        spots,
        asked,
        seen: Seen::of(asked),
        answers: Vec::new(),
        read: false,
        unread: None,
        trust: Trust::default(),
        shared: kept
            .iter()
            .map(|kept| kept.step.as_str())
            .filter(|step| !steps.insert(*step))
            .collect(),
        own: MarkMap::default(),
        of_shared: MarkMap::default(),
        said: HashSet::new(),
        last_said: "",
        states: States::default(),
        format: session.agent_format(),
        gates: document
            .steps
            .iter()
            .filter(|step| step.action.as_deref() == Some("approval_gate"))
            .map(|step| step.id.as_str())
            .collect(),
    };
    drop(steps);
    let mut messages = asked.messages();
    if let Some(goal) = session.goal.as_ref().and_then(|_| messages.next()) {
        walk.seen.hear(goal);
    }
    if let Some(goal) = &session.goal {
        walk.states.hear(goal);
    }
    // Answers of calls that were issued together are known only to those that come after.
    let mut waiting: Vec<&ToolCall> = Vec::new();
    let mut batch = None;
    let mut left = kept.len();
    for turn in &session.turns {
        // What comes after the last of them told none of them anything.
        if left == 0 {
            break;
        }
        match turn {
            Turn::Message { role, text, .. } => {
                if is_heard(*role, text) {
                    if let Some(message) = messages.next() {
                        walk.seen.hear(message);
                    }
                    walk.last_said = text;
                    if *role == Role::User {
                        walk.states.hear(text);
                    }
                } else if let Some(mark) = handed_on(text).filter(|_| *role == Role::System) {
                    walk.overhear(mark, text);
                }
            }
            Turn::Approval(_) => {}
            Turn::Call(call) => {
                if batch != Some(call.batch) {
                    for call in waiting.drain(..) {
                        walk.learn(call, index.get(call.id.as_str()).copied());
                    }
                    batch = Some(call.batch);
                }
                if let Some(at) = index.get(call.id.as_str()) {
                    walk.look(*at);
                    left -= 1;
                }
                waiting.push(call);
            }
        }
    }
    if asked.index.is_full() {
        walk.trust.findings.push(
            Finding::warning(
                "words_not_read",
                "The calls of the session hold so many words that not all were looked through for where values come from.",
            )
            .help("What nobody is known to have said counts as written by anybody. Record the task alone, or split the recording."),
        );
    }
    walk.trust
}

impl<'a> Walk<'a> {
    /// Takes in what a call answered, a failure too: that is a text like any other.
    fn learn(&mut self, call: &ToolCall, at: Option<usize>) {
        let Some(result) = &call.result else { return };
        // What the person answered is their own word, and was heard as that.
        if is_talk(self.format, call) {
            return;
        }
        let kept = at.and_then(|at| self.kept.get(at));
        let number = self.answers.len();
        let answer = kept.map(|kept| &kept.answer);
        let json = answer.and_then(|answer| answer.json.as_deref());
        // What was kept beside the text is the same value.
        let own = json.filter(|_| answer.is_some_and(|answer| !answer.structured));
        let text = json.is_none().then_some(&result.content);
        let open = kept.is_some_and(others_write);
        let mut amount = Amount::default();
        let read = [text, own, result.structured.as_deref()];
        for value in read.into_iter().flatten() {
            amount.add(self.seen.learn(number, value, open));
        }
        let lists = lists(call, kept);
        let values = [Some(&result.content), result.structured.as_deref(), own];
        let unread = result.unread || values.into_iter().flatten().any(holds_media);
        if unread {
            self.unread.get_or_insert(number);
        }
        // A mail of three words tells an agent what to do as well as a long one; an id or the name of a state tells
        // nobody. What a change answers is its receipt.
        let tells = open
            && kept.is_some_and(Kept::is_harmless)
            && amount.has_letter
            && (amount.has_phrase || read.into_iter().flatten().any(holds_text));
        self.read |= (amount.is_sentence() || tells) && !lists || unread;
        self.answers.push(Answered {
            source: kept.map_or_else(|| call.name.clone(), |kept| kept.step.clone()),
            open,
            lists,
            is_file: kept.is_some_and(reads_a_file),
        });
    }

    /// Takes in what a product handed the agent beside all calls: others may have written it.
    fn overhear(&mut self, mark: &str, text: &str) {
        self.seen
            .learn(self.answers.len(), &Value::from(text), true);
        // What the product remarks is no text of others, though it may repeat a word of one.
        self.read |= !is_remark(mark, text);
        self.answers.push(Answered {
            source: mark.to_owned(),
            open: true,
            lists: false,
            is_file: false,
        });
    }

    fn look(&mut self, at: usize) {
        let (Some(kept), Some(spot)) = (self.kept.get(at), self.spots.get(at)) else {
            return;
        };
        self.own.clear();
        let gated = self.is_gated(*spot);
        let mut sent = Vec::new();
        let mut asked = self.look_at_keys(at, kept, *spot, gated);
        let (mut steering, mut named) = (0_usize, 0_usize);
        for given in self.given(at, kept) {
            let Given {
                pointer,
                key,
                text,
                value,
                beside,
                hosts,
            } = given;
            let inner = place(kept, &pointer);
            if text.contains("{{ secrets.") {
                self.label(kept, &inner, Word::Secret, None);
                continue;
            }
            let origin = match beside {
                Some(beside) => self.seen.origin_beside(value, beside),
                None => self.seen.origin(value),
            };
            let (word, source) = self.word(origin);
            self.label(kept, &inner, word, source);
            let steers = is_sink(key, kept) || kept.changes() && is_recipient(key);
            if steers || kept.changes() && is_target(key) {
                steering += 1;
                named += usize::from(word == Word::Person);
            }
            let reaches = self.look_at_hosts(kept, &inner, hosts);
            let ask = match (&kept.target.shell, origin) {
                (Some(_), Origin::Made) if kept.changes() && self.is_unread(value) => {
                    let answer = self.of_command(value).map(Why::Answer);
                    answer.or(self.unread.map(Why::Unread))
                }
                (Some(_), _) => self.of_command(value).map(Why::Answer),
                (None, Origin::Answer(place)) => {
                    let open = place.in_text || self.is_open(place);
                    let path = is_path(key) && self.lists(place);
                    let asks = !path
                        && (steers
                            || kept.changes()
                                && open
                                && (!is_content(key, kept)
                                    || self.is_handed_on(kept, *spot, &inner, value, place)));
                    asks.then_some(Why::Answer(place.answer as usize))
                }
                (None, Origin::Made)
                    if self.is_unread(value)
                        && (steers || kept.changes() && (is_target(key) || is_path(key))) =>
                {
                    self.unread.map(Why::Unread)
                }
                (None, Origin::Made)
                    if self.read
                        && kept.changes()
                        && (runs(key) && is_line(&text)
                            || is_right(key)
                            || is_path(key) && starts_by_itself(&text)) =>
                {
                    Some(Why::Made)
                }
                (None, Origin::Made) if kept.changes() && is_recipient(key) => {
                    let beside = || self.names_more(*spot, &inner, key).then_some(Why::Beside);
                    self.read.then_some(Why::Made).or_else(beside)
                }
                (None, Origin::Made) => None,
                (None, Origin::Said) => None,
            };
            let host = reaches.filter(|_| self.read);
            if ask.is_some() || host.is_some() {
                asked = true;
                // What is bound as a whole is asked about once.
                let whole = whole_of(self.document, *spot, &inner);
                let deeper = inner[whole.len()..].matches('/').count();
                let at = (0..deeper).fold(pointer.as_str(), |at, _| {
                    at.rsplit_once('/').map_or("", |(above, _)| above)
                });
                let shown = kept.call.arguments.pointer(at).filter(|_| deeper > 0);
                let shown = shown.cloned().unwrap_or_else(|| Value::from(&*text));
                let (what, why) = match (ask, host) {
                    (None | Some(Why::Made), Some(host)) => (What::Host(key, host), Why::Made),
                    (why, _) => (What::Value(key, &shown), why.unwrap_or(Why::Made)),
                };
                let finding = self.asked(kept, *spot, whole, &what, why);
                self.say(located(finding, &kept.step, *spot, whole), gated);
            }
            sent.push((value, text, beside));
        }
        if self.read && kept.changes() && !matches!(&*kept.target.action, "file" | "shell") {
            asked |= self.look_at_switches(kept, *spot, gated);
        }
        let mut whole = sent
            .iter()
            .filter(|(.., beside)| beside.is_none())
            .peekable();
        let explained = asked
            || !may_be_influenced(kept)
            || steering > 0 && steering == named
            || !self.read
            || self.asks_for(&kept.call.name)
            || kept.effects != Some(EffectLevel::Destructive)
                && self.states.are_asked_for(&kept.call.name, &kept.call.arguments)
            // What is made of nothing but the person's last words is what they asked for.
            || whole.peek().is_some()
                && kept.effects != Some(EffectLevel::Destructive)
                && self.are_last_said(whole.map(|(_, text, _)| &**text));
        if !explained {
            let finding = influenced(kept, *spot);
            self.say(finding, gated);
        }
        for (value, text, beside) in sent {
            if self.unread.is_none() {
                self.seen.own(value);
            }
            self.seen.send(value, &text);
            self.seen.send_beside(beside.unwrap_or_default());
        }
        for key in self.asked.keys(at) {
            self.seen.send(&key.sent, key.text());
        }
    }

    /// The texts and numbers that a call sends.
    fn given(&self, at: usize, kept: &'a Kept<'a>) -> Vec<Given<'a>> {
        let asked: &'a Asked<'a> = self.asked;
        let mut found = Vec::new();
        let mut all = asked.sent(at).iter().enumerate();
        leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
            let text: Cow<'_, str> = match leaf {
                Value::String(text) => text.into(),
                Value::Number(number) => number.to_string().into(),
                _ => return,
            };
            if let Some((nth, value)) = all.next()
                && !text.trim().is_empty()
            {
                found.push(Given {
                    pointer: pointer.to_owned(),
                    key,
                    beside: is_short(&text).then(|| asked.beside(at, nth)),
                    hosts: asked.hosts(at, nth),
                    text,
                    value,
                });
            }
        });
        found
    }

    /// Whose word something is that came from there, and which answer held it.
    fn word(&self, origin: Origin) -> (Word, Option<usize>) {
        match origin {
            Origin::Said => (Word::Person, None),
            Origin::Made => (Word::Agent, None),
            Origin::Answer(place) => {
                let open = place.in_text || self.is_open(place);
                let word = if open { Word::Open } else { Word::Tool };
                (word, Some(place.answer as usize))
            }
        }
    }

    /// Looks at the keys of a change that are data: `{"SK-99812": 2}`. Says whether somebody is asked about one.
    fn look_at_keys(&mut self, at: usize, kept: &Kept<'_>, spot: Spot, gated: bool) -> bool {
        let mut asked = false;
        for key in self.asked.keys(at) {
            let inner = place(kept, &key.pointer);
            let origin = self.seen.origin(&key.sent);
            let (word, source) = self.word(origin);
            self.label(kept, &inner, word, source);
            let why = match origin {
                Origin::Answer(place) if place.in_text || self.is_open(place) => {
                    Why::Answer(place.answer as usize)
                }
                // An address is one of somebody, wherever it stands.
                Origin::Made if self.read && key.text().contains('@') => Why::Made,
                _ => continue,
            };
            asked = true;
            let whole = whole_of(self.document, spot, &inner);
            let finding = self.asked(kept, spot, whole, &What::Key(key.text()), why);
            self.say(located(finding, &kept.step, spot, whole), gated);
        }
        asked
    }

    /// Labels the hosts that nobody said in a line or a program of a change. Gives the first that the agent made.
    fn look_at_hosts(
        &mut self,
        kept: &Kept<'_>,
        inner: &str,
        hosts: &'a [String],
    ) -> Option<&'a str> {
        let mut made = None;
        for host in hosts {
            let origin = self.seen.host(host);
            if origin != Origin::Said {
                let (word, source) = self.word(origin);
                self.label_part(kept, inner, Some(host), word, source);
            }
            if origin == Origin::Made {
                made = made.or(Some(host.as_str()));
            }
        }
        made
    }

    /// Looks at what a call switches on or off, behind texts of others. Says whether somebody is asked about it.
    fn look_at_switches(&mut self, kept: &Kept<'_>, spot: Spot, gated: bool) -> bool {
        let mut found = Vec::new();
        leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
            let Value::Bool(on) = leaf else { return };
            let (is_said, place) = self.seen.switched(key);
            let place = place.filter(|place| self.is_open(*place));
            if !is_said && (switch::opens(key, *on) || place.is_some()) {
                let answer = place.map(|place| place.answer as usize);
                found.push((pointer.to_owned(), key, leaf, answer));
            }
        });
        for (pointer, key, leaf, answer) in &found {
            let inner = place(kept, pointer);
            let inner = whole_of(self.document, spot, &inner);
            let what = What::Value(key, leaf);
            let finding = self.asked(kept, spot, inner, &what, Why::Switched(*answer));
            self.say(located(finding, &kept.step, spot, inner), gated);
        }
        !found.is_empty()
    }

    /// Whether all values are words that the person said last.
    fn are_last_said<'t>(&self, mut values: impl Iterator<Item = &'t str>) -> bool {
        let last = self.last_said.to_lowercase();
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        values.all(|value| {
            let value = value.trim().to_lowercase();
            last.match_indices(&value).any(|(at, found)| {
                let before = last[..at].chars().next_back();
                let after = last[at + found.len()..].chars().next();
                !joined(before) && !joined(after)
            })
        })
    }

    /// Whether a value that the agent made may have stood in what cannot be read.
    fn is_unread(&self, value: &Sent) -> bool {
        self.unread.is_some() && !self.seen.is_own(value)
    }

    /// Whether a gate stands right before a step, or before the loop that it is in.
    fn is_gated(&self, spot: Spot) -> bool {
        let step = self.document.steps.get(spot.step);
        step.is_some_and(|step| step.needs.iter().any(|id| self.gates.contains(id.as_str())))
    }

    /// Whether what was said asks for what a tool does.
    fn asks_for(&self, tool: &str) -> bool {
        let request = self.asked.request(tool);
        request.is_none_or(|request| self.seen.asks_for(request))
    }

    fn is_open(&self, place: Place) -> bool {
        self.answers
            .get(place.answer as usize)
            .is_some_and(|one| one.open)
    }

    fn lists(&self, place: Place) -> bool {
        self.answers
            .get(place.answer as usize)
            .is_some_and(|one| one.lists)
    }

    /// Whether what others wrote is handed on as it is into a file: nobody reads it before it is used.
    fn is_handed_on(
        &self,
        kept: &Kept<'_>,
        spot: Spot,
        inner: &str,
        value: &Sent,
        place: Place,
    ) -> bool {
        let others = self.answers.get(place.answer as usize);
        others.is_some_and(|one| one.open && !one.is_file)
            && writes_a_file(kept)
            && (self.seen.is_whole(value)
                || written(self.document, spot, inner).is_some_and(|text| text.contains("{{")))
    }

    /// Whether a bound value names somebody or a host beside what it is bound to, that nobody else named.
    fn names_more(&self, spot: Spot, inner: &str, key: &str) -> bool {
        let text = written(self.document, spot, inner).filter(|text| text.contains("{{"));
        let named = text.map(|text| fixed::named(text, is_people(key)));
        named
            .into_iter()
            .flatten()
            .any(|name| self.seen.is_made(&name))
    }

    /// The answer that a word of a line for a shell came from, where that word leads out of the working folder.
    fn of_command(&self, line: &Sent) -> Option<usize> {
        line.inside
            .iter()
            .find_map(|word| match self.seen.origin(word) {
                Origin::Answer(place) => Some(place.answer as usize),
                _ => None,
            })
    }

    fn label(&mut self, kept: &Kept<'_>, inner: &str, from: Word, answer: Option<usize>) {
        self.label_part(kept, inner, None, from, answer);
    }

    fn label_part(
        &mut self,
        kept: &Kept<'_>,
        inner: &str,
        host: Option<&str>,
        from: Word,
        answer: Option<usize>,
    ) {
        let source = answer.and_then(|answer| self.answers.get(answer));
        let label = Label {
            step: kept.step.clone(),
            path: inner.to_owned(),
            host: host.map(str::to_owned),
            from,
            source: source.map(|one| one.source.clone()),
        };
        // The passes of a loop are one step: what is least trusted of them counts.
        let at = mark(&format!(
            "{}\n{}\n{}",
            label.step,
            label.path,
            host.unwrap_or_default()
        ));
        let count = self.trust.labels.len();
        let known = match self.shared.contains(kept.step.as_str()) {
            true => &mut self.of_shared,
            false => &mut self.own,
        };
        let index = *known.entry(at).or_insert(count);
        match self.trust.labels.get_mut(index) {
            Some(known) if rank(known.from) < rank(from) => *known = label,
            Some(_) => {}
            None => self.trust.labels.push(label),
        }
    }

    /// Adds a finding, once. Where a gate stands before the step a person is asked there.
    fn say(&mut self, mut finding: Finding, gated: bool) {
        if gated {
            finding.severity = druse_engine::Severity::Info;
            finding = finding
                .help("A gate stands before the step: what is shown there is to be looked at.");
        } else {
            finding = finding.must_acknowledge();
        }
        if self.said.insert(finding.id.clone()) {
            self.trust.findings.push(finding);
        }
    }
}

/// Whether a text stands in an answer where people write what they have to say: there a single word is one, too.
fn holds_text(answer: &Value) -> bool {
    let mut found = false;
    each_keyed(answer, "body", &mut |key, leaf| {
        let text = leaf.as_str().filter(|_| is_said(key));
        found |= text.is_some_and(|text| text.contains(char::is_alphabetic));
    });
    found
}

/// Whether it matters that nothing that was said asks for it.
pub(crate) fn may_be_influenced(kept: &Kept<'_>) -> bool {
    kept.target.shell.is_none() && kept.changes()
}

fn rank(word: Word) -> u8 {
    match word {
        Word::Person => 0,
        Word::Secret => 1,
        Word::Tool => 2,
        Word::Agent => 3,
        Word::Open => 4,
    }
}
