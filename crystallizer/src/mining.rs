//! Which tasks recur among many recordings: the same is changed in the same order, with much the same tools and
//! arguments. One recording is reduced to a [`Signature`] at a time, so that not all have to be held at once.

use crate::options::Options;
use crate::secret::Names;
use crate::session::{Role, Session, ToolCall, ToolSpec, Turn};
use crate::tool_map::{Folders, Mapper, Origin, Target, is_bookkeeping};
use crate::{determinism, effects, prune, shell_line};
use druse_engine::Timestamp;
use druse_engine::definition::EffectLevel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How alike, in percent, recordings have to be to be taken as the same task.
const ALIKE: u8 = 60;

/// How alike, in percent, what work on files and in shells is about has to be: there the tools are nearly always the
/// same.
const ALIKE_TOPICS: usize = 25;

/// How many keys of arguments of one recording are compared.
const KEYS: usize = 2_000;

/// How many characters of what was wanted are compared.
const WANTED: usize = 600;

/// Words that tell nothing of a task.
const COMMON: &[&str] = &[
    "about", "after", "again", "also", "because", "before", "could", "does", "file", "files",
    "from", "have", "into", "just", "like", "make", "more", "need", "only", "please", "should",
    "some", "such", "sure", "that", "their", "them", "then", "there", "these", "they", "thing",
    "this", "those", "want", "were", "what", "when", "where", "which", "while", "will", "with",
    "would", "your",
];

/// What a recording has in common with others of its task, whatever the values were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// What changed something, in order; what was done several times in a row stands once.
    changes: Vec<String>,
    tools: BTreeSet<String>,
    /// The keys of arguments, each with its tool.
    keys: BTreeSet<String>,
    /// Whether files were written or programs run: then what it is about tells tasks apart, not the tools.
    by_hand: bool,
    /// What it is about: the files by their names, without their numbers, and the words of what was wanted.
    topics: BTreeSet<String>,
    /// What it called and was answered: a copy of the recording has the same.
    digest: Option<String>,
    /// From when to when, where both are known.
    span: Option<(Timestamp, Timestamp)>,
}

/// A task that was recorded more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recurring {
    /// Its recordings: the one that uses the most first, which is the one to follow, the others as they were given.
    pub recordings: Vec<String>,
    /// What it changes, in order; empty where it only looks.
    pub changes: Vec<String>,
    /// The tools of all of its recordings.
    pub tools: Vec<String>,
    /// How alike the tools and arguments of the least alike are, in percent.
    pub likeness: u8,
}

impl Signature {
    /// The signature of a session, with the tool map and the connections of these options.
    pub fn of(session: &Session, options: &Options) -> Self {
        let specs: HashMap<&str, &ToolSpec> = session
            .tools
            .iter()
            .map(|spec| (spec.name.as_str(), spec))
            .collect();
        let mut mapper = Mapper::new(
            &options.tools,
            &options.connections,
            Folders::of(session, options),
            session.agent_format(),
            Names::of(&session.secrets),
        );
        let mut signature = Self {
            digest: crate::copies::digest(session).map(|digest| digest.to_string()),
            span: session.started_at.zip(session.finished_at),
            ..Self::default()
        };
        for call in session.calls().filter(|call| !prune::failed(call)) {
            let target = mapper.target(call);
            if matches!(target.origin, Origin::Unmapped | Origin::Connection)
                && is_bookkeeping(session.product(), &call.name, &call.arguments)
            {
                continue;
            }
            let line = line_of(call, &target);
            let name = name_of(call, line.as_deref());
            let hand = line.is_some() || target.action == "file" || file_of(call).is_some();
            let spec = specs.get(call.name.as_str()).copied();
            let looks = effects::of(&target, &call.name, &call.arguments, spec)
                .is_some_and(|level| level <= EffectLevel::Read);
            if !looks && signature.changes.last() != Some(&name) {
                signature.changes.push(name.clone());
            }
            signature.by_hand |= hand && !looks;
            if let Some(file) = file_of(call) {
                signature.topic(file);
            }
            for word in line.iter().flat_map(|line| line.split_whitespace()) {
                if word.contains('.') && !word.starts_with('-') && !word.contains("://") {
                    signature.topic(word);
                }
            }
            for key in call
                .arguments
                .as_object()
                .into_iter()
                .flat_map(|map| map.keys())
            {
                if signature.keys.len() < KEYS {
                    signature.keys.insert(format!("{name}.{key}"));
                }
            }
            signature.tools.insert(name);
        }
        // Of what only looked there may be no step at all.
        if signature.changes.is_empty() && !crate::crystallize::has_steps(session, options) {
            return Self::default();
        }
        if signature.by_hand {
            // How often one goes back and forth is chance: what is changed counts once.
            signature.changes.sort();
            signature.changes.dedup();
            for word in wanted(session) {
                signature.topics.insert(word);
            }
        }
        signature
    }

    /// Whether nothing in the recording is to be done again: no draft can be made of it.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Takes the name of a file as what it is about, without its numbers: of last month's it is the same task.
    fn topic(&mut self, path: &str) {
        let name = path.trim_matches(|c: char| !c.is_alphanumeric());
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let plain: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
        let plain = plain.trim_matches(['-', '_', '.']).to_lowercase();
        if !plain.is_empty() && self.topics.len() < KEYS {
            self.topics.insert(plain);
        }
    }

    /// How alike the tools and arguments of two are, in percent.
    fn likeness(&self, other: &Self) -> u8 {
        let (tools, keys) = (
            overlap(&self.tools, &other.tools),
            overlap(&self.keys, &other.keys),
        );
        let known = !self.topics.is_empty() && !other.topics.is_empty();
        let likeness = if self.by_hand && other.by_hand && known {
            match overlap(&self.topics, &other.topics) {
                topics if topics < ALIKE_TOPICS => 0,
                // What is so alike that it cannot be chance counts like the tools.
                topics => (tools + keys + (2 * topics).min(100)) / 3,
            }
        } else {
            (tools + keys) / 2
        };
        u8::try_from(likeness).unwrap_or(100)
    }

    /// Whether it is of the same session, given a second time or in another format. What ran at another time is not.
    fn is_copy_of(&self, other: &Self) -> bool {
        let apart = match (self.span, other.span) {
            (Some(one), Some(two)) => one.1 < two.0 || two.1 < one.0,
            _ => false,
        };
        self.digest.is_some() && self.digest == other.digest && !apart
    }

    fn extent(&self) -> usize {
        self.tools.len() + self.keys.len()
    }
}

/// The line of a shell.
fn line_of(call: &ToolCall, target: &Target<'_>) -> Option<String> {
    match &target.shell {
        Some(shell) => Some(shell.line()),
        None if determinism::is_shell_tool(&call.name) => ["command", "cmd"]
            .iter()
            .find_map(|key| call.arguments.get(*key).and_then(Value::as_str))
            .map(str::to_owned),
        None => None,
    }
}

/// The file that a call is about.
fn file_of(call: &ToolCall) -> Option<&str> {
    [
        "file_path",
        "path",
        "absolute_path",
        "filename",
        "notebook_path",
    ]
    .iter()
    .find_map(|key| call.arguments.get(*key)?.as_str())
}

/// The words of what was wanted that tell something.
fn wanted(session: &Session) -> BTreeSet<String> {
    let first = session.turns.iter().find_map(|turn| match turn {
        Turn::Message {
            role: Role::User,
            text,
            ..
        } => Some(text.as_str()),
        _ => None,
    });
    let text: String = session
        .goal
        .as_deref()
        .or(first)
        .unwrap_or_default()
        .chars()
        .take(WANTED)
        .collect();
    text.to_lowercase()
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().count() >= 4 && !COMMON.contains(word))
        .map(str::to_owned)
        .collect()
}

/// The tool; of a shell what it ran, as far as that can be told.
fn name_of(call: &ToolCall, line: Option<&str>) -> String {
    match line.and_then(shell_line::program) {
        Some((program, Some(sub))) => format!("{}: {program} {sub}", call.name),
        Some((program, None)) => format!("{}: {program}", call.name),
        None => call.name.clone(),
    }
}

/// How much of what either has both have, in percent.
fn overlap(a: &BTreeSet<String>, b: &BTreeSet<String>) -> usize {
    let both = a.intersection(b).count();
    let either = a.len() + b.len() - both;
    (both * 100).checked_div(either).unwrap_or(100)
}

/// The tasks that recur: the most frequent first, and among equals the one that changes more. Each recording belongs to
/// the first it is most like of those that change the same.
pub fn recurring(all: &[(String, Signature)]) -> Vec<Recurring> {
    let mut tasks: BTreeMap<&[String], Vec<Vec<usize>>> = BTreeMap::new();
    let mut known: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (_, signature)) in all.iter().enumerate() {
        if signature.is_empty() {
            continue;
        }
        // A copy counts once.
        if let Some(digest) = &signature.digest {
            let equal = known.entry(digest).or_default();
            if equal.iter().any(|at| signature.is_copy_of(&all[*at].1)) {
                continue;
            }
            equal.push(index);
        }
        let same = tasks.entry(&signature.changes).or_default();
        let mut best: Option<(u8, usize)> = None;
        for (place, members) in same.iter().enumerate() {
            let likeness = all[members[0]].1.likeness(signature);
            if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
                best = Some((likeness, place));
            }
        }
        match best {
            Some((_, place)) => same[place].push(index),
            None => same.push(vec![index]),
        }
    }
    let mut found: Vec<(usize, Recurring)> = tasks
        .into_iter()
        .flat_map(|(changes, groups)| groups.into_iter().map(move |members| (changes, members)))
        .filter(|(_, members)| members.len() > 1)
        .map(|(changes, members)| (members[0], task(all, changes, &members)))
        .collect();
    found.sort_by(|(a_first, a), (b_first, b)| {
        (b.recordings.len(), b.changes.len(), a_first).cmp(&(
            a.recordings.len(),
            a.changes.len(),
            b_first,
        ))
    });
    found.into_iter().map(|(_, task)| task).collect()
}

fn task(all: &[(String, Signature)], changes: &[String], members: &[usize]) -> Recurring {
    let of = |member: &usize| &all[*member].1;
    // The first of those that use the most.
    let mut main = 0;
    for (place, member) in members.iter().enumerate() {
        if of(member).extent() > of(&members[main]).extent() {
            main = place;
        }
    }
    let mut order = members.to_vec();
    let followed = order.remove(main);
    order.insert(0, followed);
    let tools: BTreeSet<&String> = members
        .iter()
        .flat_map(|member| &of(member).tools)
        .collect();
    Recurring {
        recordings: order.iter().map(|member| all[*member].0.clone()).collect(),
        changes: changes.to_vec(),
        tools: tools.into_iter().cloned().collect(),
        likeness: members[1..]
            .iter()
            .map(|member| of(&members[0]).likeness(of(member)))
            .min()
            .unwrap_or(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import;
    use serde_json::json;

    fn signature(calls: &[(&str, Value, bool)]) -> Signature {
        let mut messages = vec![json!({ "role": "user", "content": "Do it" })];
        for (index, (name, arguments, good)) in calls.iter().enumerate() {
            let id = format!("c{index}");
            messages.push(json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] }));
            messages.push(
                json!({ "role": "tool", "tool_call_id": id, "content": "x", "is_error": !good }),
            );
        }
        let text = json!({ "status": "succeeded", "messages": messages }).to_string();
        Signature::of(&import(text.as_bytes()).unwrap()[0], &Options::default())
    }

    fn refund(order: &str) -> Signature {
        signature(&[
            ("get_order", json!({ "order": order }), true),
            ("refund_order", json!({ "order": order, "amount": 5 }), true),
            ("send_mail", json!({ "to": "a", "text": order }), true),
        ])
    }

    fn named(all: Vec<Signature>) -> Vec<(String, Signature)> {
        all.into_iter()
            .enumerate()
            .map(|(index, signature)| (format!("r{index}"), signature))
            .collect()
    }

    #[test]
    fn the_same_task_with_other_values_recurs() {
        let other = signature(&[
            ("send_mail", json!({ "to": "a", "text": "b" }), true),
            ("refund_order", json!({ "order": "1", "amount": 5 }), true),
        ]);
        let look = |order: &str| signature(&[("get_order", json!({ "order": order }), true)]);
        // One more look, a failure that was repeated, and the same twice in a row.
        let longer = signature(&[
            ("get_order", json!({ "order": "9" }), true),
            ("get_customer", json!({ "id": "9" }), true),
            ("refund_order", json!({ "order": "0", "amount": 5 }), false),
            ("refund_order", json!({ "order": "9", "amount": 5 }), true),
            ("send_mail", json!({ "to": "a", "text": "b" }), true),
            ("send_mail", json!({ "to": "c", "text": "b" }), true),
        ]);
        let all = named(vec![
            refund("1"),
            other,
            refund("2"),
            look("1"),
            longer,
            look("2"),
        ]);
        let found = recurring(&all);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert_eq!(found[0].recordings, ["r4", "r0", "r2"]);
        assert_eq!(found[0].changes, ["refund_order", "send_mail"]);
        assert_eq!(
            found[0].tools,
            ["get_customer", "get_order", "refund_order", "send_mail"]
        );
        // 3 of 4 tools, 5 of 6 keys.
        assert_eq!(found[0].likeness, 79);
        assert_eq!(found[1].recordings, ["r3", "r5"]);
        assert_eq!((found[1].changes.len(), found[1].likeness), (0, 100));
        assert_eq!(recurring(&all), found);
    }

    #[test]
    fn of_a_shell_it_counts_what_was_run() {
        let run = |line: &str| signature(&[("Bash", json!({ "command": line }), true)]);
        let all = named(vec![
            run("git push origin a"),
            run("rm -r build"),
            run("cd x && git push"),
            run("cargo test"),
        ]);
        let found = recurring(&all);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].recordings, ["r0", "r2"]);
        assert_eq!(found[0].changes, ["Bash: git push"]);
    }

    #[test]
    fn work_by_hand_is_told_apart_by_what_it_is_about() {
        let work = |goal: &str, file: &str, again: bool| {
            let edit = |id: &str| json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": "Edit", "arguments": { "file_path": file, "old_string": "a", "new_string": id } }] });
            let run = |id: &str| json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": "Bash", "arguments": { "command": "cargo test" } }] });
            let said = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "ok" });
            let mut messages = vec![json!({ "role": "user", "content": goal })];
            for round in 0..=u8::from(again) {
                for (one, id) in [
                    (edit(&format!("e{round}")), format!("e{round}")),
                    (run(&format!("r{round}")), format!("r{round}")),
                ] {
                    messages.push(one);
                    messages.push(said(&id));
                }
            }
            let text = json!({ "status": "succeeded", "messages": messages }).to_string();
            Signature::of(&import(text.as_bytes()).unwrap()[0], &Options::default())
        };
        let all = named(vec![
            work(
                "Write the changelog of release 1.4",
                "/a/CHANGELOG.md",
                false,
            ),
            work(
                "Find why the parser loops on empty input",
                "/a/src/parser.rs",
                false,
            ),
            work(
                "Write the changelog for release 1.5, please",
                "/a/CHANGELOG.md",
                true,
            ),
            work("Give the scheduler a leap year", "/a/src/schedule.rs", true),
            work("Report the sales of May", "/b/sales-2027-05.csv", false),
            work("Report the sales of June", "/b/sales-2027-06.csv", false),
        ]);
        let found = recurring(&all);
        let groups: Vec<&[String]> = found.iter().map(|one| one.recordings.as_slice()).collect();
        assert_eq!(groups, [["r0", "r2"], ["r4", "r5"]]);
    }

    #[test]
    fn what_no_draft_can_be_made_of_is_no_task() {
        let look = |tool: &str| {
            let call = json!({ "role": "assistant", "content": [
                { "type": "tool_use", "id": "a", "name": tool, "input": { "query": "thai curry" } } ] });
            let answer = json!({ "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "a", "content": "Curry" } ] });
            let line = |kind: &str, message: Value| {
                json!({ "type": kind, "sessionId": "s", "uuid": kind, "message": message })
                    .to_string()
            };
            let text = [
                json!({ "type": "user", "sessionId": "s", "uuid": "p", "message": { "role": "user", "content": "Find a curry" } }).to_string(),
                line("assistant", call),
                line("user", answer),
            ];
            Signature::of(
                &import(text.join("\n").as_bytes()).unwrap()[0],
                &Options::default(),
            )
        };
        let searched = look("WebSearch");
        assert!(searched.is_empty(), "{searched:?}");
        assert!(!look("mcp__shop__get_order").is_empty());
    }

    #[test]
    fn what_changes_the_same_with_other_tools_is_another_task() {
        let with = |tool: &str| {
            signature(&[
                (tool, json!({ "q": "1", "in": tool }), true),
                ("get_rates", json!({ tool: 1 }), true),
                ("pay_bill", json!({ tool: 1 }), true),
            ])
        };
        assert_eq!(
            recurring(&named(vec![with("find_bill"), with("read_mail")])),
            []
        );
        assert_eq!(recurring(&named(vec![signature(&[]), signature(&[])])), []);
    }
}
