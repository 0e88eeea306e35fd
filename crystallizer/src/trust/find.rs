//! Follows a session and says of each value whose word it is, and what a person has to acknowledge.

use super::fixed;
use super::seen::{Amount, Origin, Place, Seen};
use super::switch;
use super::{Label, Word};
use crate::asked::{Asked, Sent, is_heard};
use crate::findings::{is_sink, located, others_write, place};
use crate::import::holds_media;
use crate::kept::{Kept, Spot};
use crate::leaf::leaves;
use crate::mark::{MarkMap, mark};
use crate::session::{Role, Session, ToolCall, Turn, handed_on, is_remark};
use druse_engine::Finding;
use druse_engine::definition::{Document, EffectLevel, Step};
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
struct Answered {
    /// The step that it is of, or the tool.
    source: String,
    /// Whether anybody may write into it.
    open: bool,
    /// Whether it only names what there is.
    lists: bool,
    /// Whether it is what a file holds.
    is_file: bool,
}

/// The walk through a session.
struct Walk<'a> {
    document: &'a Document,
    kept: &'a [Kept<'a>],
    spots: &'a [Spot],
    asked: &'a Asked<'a>,
    seen: Seen<'a>,
    answers: Vec<Answered>,
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
        let kept = at.and_then(|at| self.kept.get(at));
        let number = self.answers.len();
        let answer = kept.map(|kept| &kept.answer);
        let json = answer.and_then(|answer| answer.json.as_deref());
        // What was kept beside the text is the same value.
        let own = json.filter(|_| answer.is_some_and(|answer| !answer.structured));
        let text = json.is_none().then_some(&result.content);
        let mut amount = Amount::default();
        for value in [text, own, result.structured.as_deref()]
            .into_iter()
            .flatten()
        {
            amount.add(self.seen.learn(number, value));
        }
        let lists = lists(call, kept);
        let values = [Some(&result.content), result.structured.as_deref(), own];
        let unread = result.unread || values.into_iter().flatten().any(holds_media);
        if unread {
            self.unread.get_or_insert(number);
        }
        // A mail of three words tells an agent what to do as well as a long one. What a change answers is its receipt.
        let open = kept.is_some_and(others_write);
        let tells = open && kept.is_some_and(Kept::is_harmless) && amount.has_letter;
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
        self.seen.learn(self.answers.len(), &Value::from(text));
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
        let mut asked = false;
        let (mut steering, mut named) = (0_usize, 0_usize);
        let mut values: Vec<(String, &str, Cow<'_, str>, &Sent)> = Vec::new();
        let mut all = self.asked.sent(at).iter();
        leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
            let text: Cow<'_, str> = match leaf {
                Value::String(text) => text.into(),
                Value::Number(number) => number.to_string().into(),
                _ => return,
            };
            if let Some(value) = all.next()
                && text.trim().len() >= 2
            {
                values.push((pointer.to_owned(), key, text, value));
            }
        });
        for (pointer, key, text, value) in values {
            let inner = place(kept, &pointer);
            if text.contains("{{ secrets.") {
                self.label(kept, &inner, Word::Secret, None);
                continue;
            }
            let origin = self.seen.origin(value);
            let (word, source) = match origin {
                Origin::Said => (Word::Person, None),
                Origin::Made => (Word::Agent, None),
                Origin::Answer(place) => {
                    let open = place.in_text || self.is_open(place);
                    let word = if open { Word::Open } else { Word::Tool };
                    (word, Some(place.answer as usize))
                }
            };
            self.label(kept, &inner, word, source);
            let steers = is_sink(key, kept) || kept.changes() && is_recipient(key);
            if steers || kept.changes() && is_target(key) {
                steering += 1;
                named += usize::from(word == Word::Person);
            }
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
            if let Some(ask) = ask {
                asked = true;
                // What is bound as a whole is asked about once.
                let whole = whole_of(self.document, *spot, &inner);
                let deeper = inner[whole.len()..].matches('/').count();
                let at = (0..deeper).fold(pointer.as_str(), |at, _| {
                    at.rsplit_once('/').map_or("", |(above, _)| above)
                });
                let shown = kept.call.arguments.pointer(at).filter(|_| deeper > 0);
                let shown = shown.cloned().unwrap_or_else(|| Value::from(&*text));
                let finding = self.asked(kept, *spot, whole, key, &shown, ask);
                self.say(located(finding, &kept.step, *spot, whole), gated);
            }
            sent.push((value, text));
        }
        if self.read && kept.changes() && !matches!(&*kept.target.action, "file" | "shell") {
            asked |= self.look_at_switches(kept, *spot, gated);
        }
        let explained = asked
            || !may_be_influenced(kept)
            || steering > 0 && steering == named
            || !self.read
            || self.asks_for(&kept.call.name)
            // What is made of nothing but the person's last words is what they asked for.
            || !sent.is_empty()
                && kept.effects != Some(EffectLevel::Destructive)
                && self.are_last_said(sent.iter().map(|(_, text)| &**text));
        if !explained {
            let finding = influenced(kept, *spot);
            self.say(finding, gated);
        }
        for (value, text) in sent {
            if self.unread.is_none() {
                self.seen.own(value);
            }
            self.seen.send(value, &text);
        }
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
            let finding = self.asked(kept, spot, inner, key, leaf, Why::Switched(*answer));
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
        let source = answer.and_then(|answer| self.answers.get(answer));
        let label = Label {
            step: kept.step.clone(),
            path: inner.to_owned(),
            from,
            source: source.map(|one| one.source.clone()),
        };
        // The passes of a loop are one step: what is least trusted of them counts.
        let at = mark(&format!("{}\n{}", label.step, label.path));
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

    fn asked(
        &self,
        kept: &Kept<'_>,
        spot: Spot,
        inner: &str,
        key: &str,
        value: &Value,
        asked: Why,
    ) -> Finding {
        let named = if key.is_empty() || key.bytes().all(|b| b.is_ascii_digit()) {
            "The argument".to_owned()
        } else {
            format!("`{}`", crate::show::text(key, 40))
        };
        let shown = crate::show::value(key, value, 60);
        let text = written(self.document, spot, inner).filter(|text| text.contains("{{"));
        let bound = text.is_some();
        let source = |answer: usize| {
            let known = self.answers.get(answer).map(|one| one.source.as_str());
            // Of what is bound the expression says which answer is followed.
            let reads =
                |source: &str| text.is_some_and(|text| text.contains(&format!("steps.{source}.")));
            let read = text.filter(|_| !known.is_some_and(reads)).and_then(|_| {
                let mut all = self.answers.iter().map(|one| one.source.as_str());
                all.find(|source| reads(source))
            });
            read.or(known).unwrap_or("an answer").to_owned()
        };
        match asked {
            Why::Answer(answer) if bound => Finding::warning(
                "flows_into_sink",
                format!(
                    "{named} of `{}` was {shown}, which `{}` answered: it is what whoever wrote that answer put there.",
                    kept.step,
                    source(answer)
                ),
            )
            .help("Put an approval gate before the step, or acknowledge it."),
            Why::Answer(answer) => Finding::warning(
                "frozen_from_output",
                format!(
                    "{named} is frozen as {shown}, which `{}` answered and the person did not write.",
                    source(answer)
                ),
            )
            .help("Whoever wrote that answer chose it. Put a gate before the step, or acknowledge it."),
            Why::Unread(answer) => Finding::warning(
                "influenced",
                format!(
                    "{named} of `{}` is {shown}: nobody named it, no answer that can be read holds it, and `{}` answered with a picture, a document or sound, where it may have stood.",
                    kept.step,
                    source(answer)
                ),
            )
            .help("Look at what was answered there: make sure that it is what you want, put a gate before the step, or acknowledge it."),
            Why::Beside => Finding::warning(
                "influenced",
                format!(
                    "{named} of `{}` was {shown}: a part of it stays as it is in every run, and nobody named what it names.",
                    kept.step
                ),
            )
            .help("Make sure that it is what you want, put a gate before the step, or acknowledge it."),
            Why::Switched(answer) => {
                let of = match answer {
                    Some(answer) => format!("`{}` speaks of it", source(answer)),
                    None => "the agent had read texts of others before".to_owned(),
                };
                Finding::warning(
                    "influenced",
                    format!("{named} of `{}` is {shown}: nobody asked for it, and {of}.", kept.step),
                )
                .help("Make sure that it is what you want, put a gate before the step, or acknowledge it.")
            }
            Why::Made => Finding::warning(
                "influenced",
                format!(
                    "{named} of `{}` is {shown}: nobody named it, no answer holds it, and the agent had read texts of others before.",
                    kept.step
                ),
            )
            .help("Make sure that it is what you want, put a gate before the step, or acknowledge it."),
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

/// Whether it matters that nothing that was said asks for it.
pub(crate) fn may_be_influenced(kept: &Kept<'_>) -> bool {
    kept.target.shell.is_none() && kept.changes()
}

/// What is said of a step that nobody asked for.
fn influenced(kept: &Kept<'_>, spot: Spot) -> Finding {
    let finding = Finding::warning(
        "influenced",
        format!(
            "`{}` may change something, comes after texts of others that the agent had read, and nothing that the person said asks for it.",
            kept.step
        ),
    )
    .help("Take the step out, put a gate before it, or acknowledge it.");
    let mut finding = located(finding, &kept.step, spot, "");
    finding.id = format!("influenced:{}", kept.step);
    finding
}

/// Why somebody is asked.
#[derive(Debug, Clone, Copy)]
enum Why {
    /// It stood in this answer.
    Answer(usize),
    /// It may have stood in a part of this answer that cannot be read.
    Unread(usize),
    /// The agent made it.
    Made,
    /// It is on or off, which nobody asked for; this answer speaks of it.
    Switched(Option<usize>),
    /// The agent made a part of it that stands beside a bound one.
    Beside,
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

/// The step at a place of a document.
fn step_at(document: &Document, spot: Spot) -> Option<&Step> {
    let step = document.steps.get(spot.step)?;
    let inside = [spot.inner, spot.deep];
    inside
        .into_iter()
        .flatten()
        .try_fold(step, |step, inner| step.steps.get(inner))
}

/// The place of the text that a place of a step lies in: what is bound as a whole stands in one.
fn whole_of<'i>(document: &Document, spot: Spot, inner: &'i str) -> &'i str {
    let find = || {
        let with = step_at(document, spot)?.with.as_ref()?;
        let mut end = "/with".len();
        let mut parts = inner.strip_prefix("/with/")?.split('/');
        let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
        let first = parts.next()?;
        end += 1 + first.len();
        let mut value = with.get(&unescape(first))?;
        for part in parts {
            value = match value {
                Value::Object(map) => map.get(&unescape(part))?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return inner.get(..end),
            };
            end += 1 + part.len();
        }
        inner.get(..end)
    };
    find().unwrap_or(inner)
}

/// The text that stands at a place of a step.
fn written<'d>(document: &'d Document, spot: Spot, inner: &str) -> Option<&'d str> {
    let with = step_at(document, spot)?.with.as_ref()?;
    let mut parts = inner.strip_prefix("/with/")?.split('/');
    let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let mut value = with.get(&unescape(parts.next()?))?;
    for part in parts {
        value = match value {
            Value::Object(map) => map.get(&unescape(part))?,
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            // What stands in a text as a whole is bound with it.
            other => return other.as_str(),
        };
    }
    value.as_str()
}

/// Whether a call only names what there is: folders, and what is in them.
pub(crate) fn lists(call: &ToolCall, kept: Option<&Kept<'_>>) -> bool {
    if let Some(shell) = kept.and_then(|kept| kept.target.shell.as_deref()) {
        let programs = crate::programs::with_builtins(&shell.line());
        return !programs.is_empty()
            && programs
                .iter()
                .all(|program| matches!(program.as_str(), "ls" | "find" | "tree" | "pwd" | "cd"));
    }
    let words = crate::words::split(&crate::name::of_call(&call.name, None));
    let lists = |word: &String| matches!(word.as_str(), "list" | "ls" | "glob" | "find" | "tree");
    let files = |word: &String| {
        matches!(
            word.as_str(),
            "files" | "file" | "directory" | "folder" | "dir" | "glob" | "ls" | "tree"
        )
    };
    words.iter().any(lists) && words.iter().any(files)
}

/// Keys that say what a change is about, beside where it goes.
fn is_target(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "channel",
            "repo",
            "repository",
            "branch",
            "bucket",
            "table",
            "amount",
            "role",
            "permission",
            "scope",
            "access",
        ],
    )
}

/// Keys of what is run: nobody but the agent looked at it.
fn runs(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "command",
            "cmd",
            "code",
            "script",
            "program",
            "sql",
            "query",
            "statement",
            "expression",
        ],
    ) && !crate::words::has(
        key,
        &["type", "id", "name", "zip", "postal", "country", "language"],
    )
}

/// Keys that say what somebody may do.
fn is_right(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "role",
            "roles",
            "permission",
            "permissions",
            "privilege",
            "privileges",
            "scope",
            "scopes",
            "access",
        ],
    )
}

/// Whether what stands in a file of this path is run, or lets somebody in, without anybody starting it: files of a shell
/// and of logins in somebody's home, hooks, and files of the system.
fn starts_by_itself(path: &str) -> bool {
    const LETS_IN: [&str; 8] = [
        ".ssh",
        ".gnupg",
        ".aws",
        ".kube",
        "autostart",
        "systemd",
        "LaunchAgents",
        "LaunchDaemons",
    ];
    const SYSTEM: [&str; 7] = ["etc", "usr", "bin", "sbin", "boot", "lib", "Library"];
    let path = path.replace('\\', "/");
    let parts: Vec<&str> = path.split('/').collect();
    let in_home = match parts.as_slice() {
        ["~" | "$HOME", rest @ ..] | ["", "root", rest @ ..] => rest,
        ["", "home" | "Users", _, rest @ ..] => rest,
        _ => &[],
    };
    let system = |place: &&str| path.starts_with('/') && SYSTEM.contains(place);
    matches!(in_home, [file] if file.starts_with('.') && file.len() > 2)
        || parts.iter().any(|part| LETS_IN.contains(part))
        || parts.windows(2).any(|pair| pair == [".git", "hooks"])
        || parts.get(1).is_some_and(system)
}

/// Whether a value is a line that is run, and not the name of one: more than one word, or signs among them.
fn is_line(text: &str) -> bool {
    let text = text.trim();
    text.contains(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'))
}

/// Keys that say where something goes.
pub(crate) fn is_recipient(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "recipient",
            "recipients",
            "to",
            "cc",
            "bcc",
            "iban",
            "email",
            "emails",
            "url",
            "uri",
            "link",
            "href",
            "host",
            "hostname",
            "endpoint",
            "webhook",
            "domain",
            "remote",
            "server",
            "destination",
            "participants",
            "attendees",
            "invitee",
            "invitees",
            "wallet",
            "payee",
            "beneficiary",
            "phone",
            "callback",
            "redirect",
        ],
    )
}

/// Keys of lists in which each name is one of somebody.
fn is_people(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "recipient",
            "recipients",
            "cc",
            "bcc",
            "participants",
            "attendees",
            "invitee",
            "invitees",
            "payee",
            "beneficiary",
        ],
    )
}

/// Whether what stands under a key of a call is what people read: it steers nothing.
fn is_content(key: &str, kept: &Kept<'_>) -> bool {
    let mut words = crate::words::split(key);
    // How a text is written is no more than that: `body_html`.
    while words.len() > 1
        && words.last().is_some_and(|word| {
            matches!(word.as_str(), "html" | "markdown" | "md" | "plain" | "line")
        })
    {
        words.pop();
    }
    // The last word says what it is: a `message_group` is a group.
    let Some(last) = words.last() else {
        return false;
    };
    let is_text = matches!(
        last.as_str(),
        "body"
            | "content"
            | "contents"
            | "text"
            | "message"
            | "subject"
            | "title"
            | "description"
            | "comment"
            | "summary"
            | "note"
            | "notes"
            | "patch"
            | "diff"
            | "question"
            | "answer"
            | "reason"
            | "thought"
    );
    is_text
        || words.len() == 1 && last == "name" && makes_what_has_a_title(kept)
        || is_text_of_file(&words) && writes_a_file(kept)
}

/// What edits of files call the text that they put there or look for: `old_string`, `newText`.
fn is_text_of_file(words: &[String]) -> bool {
    const PIECES: [&str; 8] = [
        "string", "str", "source", "code", "lines", "data", "old", "new",
    ];
    words
        .last()
        .is_some_and(|last| PIECES.contains(&last.as_str()))
}

/// Whether a call writes into a file: the path of one stands among its arguments.
fn writes_a_file(kept: &Kept<'_>) -> bool {
    let arguments = kept.call.arguments.as_object();
    kept.changes() && arguments.is_some_and(|all| all.keys().any(|key| is_path(key)))
}

/// Whether a call gives what a file holds.
fn reads_a_file(kept: &Kept<'_>) -> bool {
    let arguments = kept.call.arguments.as_object();
    kept.is_harmless() && arguments.is_some_and(|all| all.keys().any(|key| is_path(key)))
        || crate::words::has(
            &crate::name::of_call(&kept.call.name, None),
            &["file", "files"],
        )
}

/// Whether a call makes something that has a title or a subject beside its name.
fn makes_what_has_a_title(kept: &Kept<'_>) -> bool {
    let has_title = |key: &String| crate::words::has(key, &["title", "subject"]);
    let arguments = kept.call.arguments.as_object();
    arguments.is_some_and(|all| all.keys().any(has_title))
        && crate::words::has(
            &crate::name::of_call(&kept.call.name, None),
            &[
                "create", "add", "make", "new", "write", "draft", "open", "insert",
            ],
        )
}

pub(crate) fn is_path(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "path",
            "paths",
            "file",
            "files",
            "filename",
            "folder",
            "directory",
            "dir",
            "cwd",
        ],
    )
}

/// The words of a line for a shell that lead out of the working folder.
pub(crate) fn leading<'l>(line: &'l str, folder: Option<&str>) -> impl Iterator<Item = &'l str> {
    line.split(crate::leaf::parts_words)
        .filter(move |word| leads_out(word, folder))
}

/// Whether a word of a line leads out of the working folder: an address, or a path elsewhere.
pub(super) fn leads_out(word: &str, folder: Option<&str>) -> bool {
    if word.contains("://") || word.contains('@') && word.contains('.') {
        return true;
    }
    if word.starts_with("~/") {
        return true;
    }
    if word.starts_with('/') {
        return word.len() > 2
            && !word.starts_with("/dev/")
            && !word.starts_with("/tmp")
            && folder.is_none_or(|folder| !word.starts_with(folder));
    }
    // A name of a host, such as `evil.example:8080`: what ends like a file is none.
    let host = word.split([':', '/']).next().unwrap_or_default();
    let mut labels = host.rsplit('.');
    let last = labels.next().unwrap_or_default();
    const ZONES: [&str; 18] = [
        "com", "net", "org", "io", "dev", "app", "example", "info", "biz", "co", "ai", "xyz",
        "site", "online", "ru", "cn", "top", "de",
    ];
    labels.next().is_some_and(|label| !label.is_empty())
        && (ZONES.contains(&last) || host.parse::<std::net::Ipv4Addr>().is_ok())
}
