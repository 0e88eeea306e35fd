//! `druse sessions discover`: the sessions that agents on this machine keep. It only reads.

mod beside;
mod look;
mod place;
mod walk;

use super::{Done, print};
use crate::cli::{Agent, Discover, Output, Since};
use crate::client::{EXIT_CONFIG, Failure};
use crate::command::print::talk;
use crate::runtime::clock;
pub(super) use beside::of_session as sub_agents;
use clap::ValueEnum as _;
use druse_engine::Timestamp;
pub(super) use look::plain;
use look::{Look, is_fresh, is_in, is_of_sub_agent, look};
use place::Place;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;
use walk::{Found, Walk};

/// How many files are looked into at most to find those of a working folder.
const LOOKS: usize = 2_000;

/// How many bytes of files are read at most for one list.
const BYTES: u64 = 256 * 1024 * 1024;

/// How many of what was passed over are named.
const NAMED: usize = 3;

pub(super) fn discover(args: &Discover, output: Output) -> Done {
    let agents = match args.agent.as_slice() {
        [] => Agent::value_variants(),
        some => some,
    };
    let mut search = Search::of(agents)?;
    if let Some(since) = args.since {
        let since = match since {
            Since::At(at) => at,
            Since::Ago(span) => {
                let back = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
                Timestamp(clock::now().as_millis().saturating_sub(back))
            }
        };
        search.walk.found.retain(|found| written(found) >= since);
    }
    let folders = folders(args.folder.as_deref());
    let listed = search.list(folders.as_deref(), usize::from(args.limit));
    match output {
        Output::Json => print::json(&search.json(&listed)),
        Output::Text => search.table(&listed),
    }
    search.remarks(&listed);
    if listed.seen.is_empty() {
        talk!(
            "No session was found{}. Looked in {}.",
            of_folder(args.folder.as_deref()),
            search.where_looked()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The newest session of an agent, in a working folder where one is named. Says which it is.
pub(super) fn newest(agent: Agent, folder: Option<&Path>) -> Result<Newest, Failure> {
    let mut search = Search::of(&[agent])?;
    let folders = folders(folder);
    let listed = search.list(folders.as_deref(), 1);
    let list = format!("`druse sessions discover --agent {}`", agent.name());
    let Some((found, about)) = listed.seen.first() else {
        search.remarks(&listed);
        let message = format!(
            "No session of {} was found{}.",
            agent.title(),
            of_folder(folder)
        );
        let help = format!(
            "Looked in {}. {} names another place; {} shows what there is.",
            search.where_looked(),
            agent.variable(),
            match folder {
                Some(_) => list.as_str(),
                None => "`druse sessions discover`",
            }
        );
        return Err(Failure::data("no_session", message, help));
    };
    search.remarks(&Listed {
        more: 0,
        ..listed.told()
    });
    let path = found.path.clone();
    if about.tool_calls == 0 && !about.cut {
        let message = format!(
            "The newest session of {}{} holds no calls: {}.",
            agent.title(),
            of_folder(folder),
            shown(&path)
        );
        let help = match search.next_with_calls(&path, folders.as_deref()) {
            Some(other) => {
                format!(
                    "The newest that holds some: `druse crystallize {other}`; {list} shows all."
                )
            }
            None => format!("{list} shows the others."),
        };
        return Err(Failure::data("no_calls", message, help));
    }
    talk!(
        "Taking the newest session of {}: {}\n  written {}, in {}, {}: {}",
        agent.title(),
        shown(&path),
        seconds(written(found)),
        about
            .working_folder
            .as_deref()
            .map_or("an unknown folder".to_owned(), |folder| plain(folder, 200)),
        calls(about, "call"),
        about.task.as_deref().unwrap_or("no task is named")
    );
    if is_fresh(found) {
        talk!(
            "warning: it was written to within the last minute and may still go on; what comes later is not in the draft"
        );
    }
    let sub_agents = match agent {
        Agent::ClaudeCode => [beside::of_session(&path), beside::of_older(&path)].concat(),
        _ => Vec::new(),
    };
    if !sub_agents.is_empty() {
        talk!(
            "  with {} of its sub-agents beside it",
            print::count(&json!(sub_agents.len()), "file")
        );
    }
    Ok(Newest {
        path,
        sub_agents,
        folder: about.working_folder.clone(),
    })
}

/// A session that an agent keeps.
pub(super) struct Newest {
    pub(super) path: PathBuf,
    /// What its sub-agents wrote, in files of their own.
    pub(super) sub_agents: Vec<PathBuf>,
    /// The working folder, also where only what stands beside the session tells it.
    pub(super) folder: Option<String>,
}

/// Where was looked, and what is there.
struct Search {
    places: Vec<Place>,
    walk: Walk,
}

/// What of it is shown.
#[derive(Default)]
struct Listed {
    seen: Vec<(Found, Look)>,
    /// Files that hold no session that can be read, with why.
    passed_over: Vec<(PathBuf, String)>,
    /// How many further files there are, of any working folder.
    more: usize,
    /// Whether a limit kept further files from being looked into.
    cut: bool,
}

impl Listed {
    /// The same without the sessions: what is to be told beside them.
    fn told(&self) -> Self {
        Self {
            passed_over: self.passed_over.clone(),
            more: self.more,
            cut: self.cut,
            seen: Vec::new(),
        }
    }
}

impl Search {
    fn of(agents: &[Agent]) -> Result<Self, Failure> {
        let mut agents = agents.to_vec();
        agents.sort();
        agents.dedup();
        let places: Vec<Place> = agents
            .iter()
            .flat_map(|agent| place::places(*agent, &|name| std::env::var_os(name)))
            .collect();
        if places.is_empty() {
            return Err(Failure::new(
                EXIT_CONFIG,
                "no_home",
                "The environment names no home folder, so there is nowhere to look.",
                format!("Set HOME, or {}.", agents[0].variable()),
            ));
        }
        let walk = walk::walk(&places);
        Ok(Self { places, walk })
    }

    /// Looks into the newest files until so many sessions are known.
    fn list(&mut self, folders: Option<&[String]>, limit: usize) -> Listed {
        let mut listed = Listed::default();
        let mut read = 0;
        for (index, found) in self.walk.found.iter().enumerate() {
            if listed.seen.len() >= limit {
                listed.more = self.walk.found.len() - index;
                break;
            }
            if index >= LOOKS || read >= BYTES {
                listed.cut = true;
                break;
            }
            if let Some(folders) = folders
                && !is_in(found, folders)
            {
                continue;
            }
            if is_of_sub_agent(found) {
                continue;
            }
            read += found.bytes.min(look::HEAD);
            match look(found) {
                Ok(about) => listed.seen.push((found.clone(), about)),
                Err(why) => listed.passed_over.push((found.path.clone(), why)),
            }
        }
        listed
    }

    /// Where the newest session with calls stands, among the next after one.
    fn next_with_calls(&self, path: &Path, folders: Option<&[String]>) -> Option<String> {
        self.walk
            .found
            .iter()
            .skip_while(|found| found.path != path)
            .skip(1)
            .filter(|found| folders.is_none_or(|folders| is_in(found, folders)))
            .filter(|found| !is_of_sub_agent(found))
            .take(20)
            .find(|found| look(found).is_ok_and(|about| about.tool_calls > 0))
            .map(|found| shown(&found.path))
    }

    fn where_looked(&self) -> String {
        let mut all: Vec<String> = Vec::new();
        for place in &self.places {
            let there = if place.root.is_dir() {
                ""
            } else {
                " (no such folder)"
            };
            let text = format!("{}{there}", shown(&place.root));
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all.join(", ")
    }

    fn table(&self, listed: &Listed) {
        if listed.seen.is_empty() {
            return;
        }
        let rows: Vec<Vec<String>> = listed
            .seen
            .iter()
            .map(|(found, about)| {
                let folder = about.working_folder.as_deref().unwrap_or("-");
                vec![
                    found.agent.name().to_owned(),
                    seconds(written(found)),
                    calls(about, ""),
                    plain(folder, 200),
                    about.task.clone().unwrap_or_else(|| "-".to_owned()),
                    shown(&found.path),
                ]
            })
            .collect();
        print::table(
            &["AGENT", "WRITTEN", "CALLS", "FOLDER", "TASK", "PATH"],
            &rows,
        );
    }

    fn json(&self, listed: &Listed) -> Value {
        let items: Vec<Value> = listed
            .seen
            .iter()
            .map(|(found, about)| {
                json!({
                    "agent": found.agent.name(),
                    "path": found.path.to_string_lossy(),
                    "written_at": written(found),
                    "may_go_on": is_fresh(found),
                    "bytes": found.bytes,
                    "started_at": about.started_at,
                    "working_folder": about.working_folder,
                    "task": about.task,
                    "sessions": about.sessions,
                    "tool_calls": about.tool_calls,
                    "tool_calls_at_least": about.cut,
                })
            })
            .collect();
        let places: Vec<Value> = self
            .places
            .iter()
            .map(|place| {
                json!({
                    "agent": place.agent.name(),
                    "path": place.root.to_string_lossy(),
                    "exists": place.root.is_dir(),
                })
            })
            .collect();
        let told = |all: &[(PathBuf, String)]| -> Vec<Value> {
            all.iter()
                .map(|(path, why)| json!({ "path": path.to_string_lossy(), "why": why }))
                .collect()
        };
        json!({
            "items": items,
            "more": listed.more,
            "limited": listed.cut || self.walk.cut,
            "places": places,
            "passed_over": told(&listed.passed_over),
            "unreadable": told(&self.walk.unreadable),
            "links": self.walk.links,
        })
    }

    /// What was not shown, on standard error.
    fn remarks(&self, listed: &Listed) {
        let told = |all: &[(PathBuf, String)], what: &str| {
            if all.is_empty() {
                return;
            }
            let named: Vec<String> = all
                .iter()
                .take(NAMED)
                .map(|(path, why)| format!("\n  {}: {}", shown(path), plain(why, 200)))
                .collect();
            let rest = match all.len().saturating_sub(NAMED) {
                0 => String::new(),
                rest => format!("\n  and {rest} more"),
            };
            talk!("{} {what}:{}{rest}", all.len(), named.concat());
        };
        told(&self.walk.unreadable, "could not be read");
        told(
            &listed.passed_over,
            "passed over, without a session that can be read",
        );
        if self.walk.links > 0 {
            talk!(
                "{} passed over: links are not followed",
                print::count(&json!(self.walk.links), "link")
            );
        }
        if listed.more > 0 {
            talk!(
                "{} not looked into; --limit shows more",
                print::count(&json!(listed.more), "older file")
            );
        }
        if self.walk.cut || listed.cut {
            talk!("There is more than is looked at in one go; --agent and --since make it less.");
        }
    }
}

/// The ways to write a working folder that is meant.
fn folders(folder: Option<&Path>) -> Option<Vec<String>> {
    let folder = folder?;
    let mut ways: Vec<String> = Vec::new();
    for way in [std::path::absolute(folder), folder.canonicalize()]
        .into_iter()
        .flatten()
    {
        let way = way.to_string_lossy().into_owned();
        // Without the slash at its end, as agents write it.
        let way = match way.trim_end_matches('/') {
            "" => "/".to_owned(),
            way => way.to_owned(),
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    Some(ways)
}

fn of_folder(folder: Option<&Path>) -> String {
    folder.map_or(String::new(), |folder| format!(" in {}", shown(folder)))
}

fn calls(about: &Look, one: &str) -> String {
    let least = if about.cut { "at least " } else { "" };
    match one {
        "" if about.cut => format!("{}+", about.tool_calls),
        "" => about.tool_calls.to_string(),
        one => format!("{least}{}", print::count(&json!(about.tool_calls), one)),
    }
}

fn shown(path: &Path) -> String {
    plain(&path.to_string_lossy(), 4096)
}

fn written(found: &Found) -> Timestamp {
    let since = found.written.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A moment without its milliseconds.
fn seconds(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => text,
    }
}
