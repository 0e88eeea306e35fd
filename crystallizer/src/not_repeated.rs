//! Leaves out calls of an agent's own tools that no step can do again and that changed nothing outside of its session:
//! its own notes (plans, lists of what is to do, the word that it is done), what failed, what only looked, and the word
//! by which work was handed to a sub-agent whose own calls are recorded. So are calls of any tool that contain others. Each would keep the whole draft from being
//! activated.

use crate::import::is_talk;
use crate::kept::Kept;
use crate::prune::{self, LeftOut};
use crate::session::{Session, ToolCall};
use crate::tool_map::{Origin, hands_on, is_bookkeeping, only_looked};
use druse_engine::Finding;
use std::collections::{BTreeMap, BTreeSet};

const NOTES: &str = "agent_bookkeeping";

/// Takes such calls out of the kept ones, but those to `keep` and those that a rule of the tool map makes something
/// of. Gives what was left out, and what is to be said.
pub(crate) fn leave_out(
    session: &Session,
    kept: &mut Vec<Kept<'_>>,
    keep: &BTreeSet<String>,
) -> (Vec<LeftOut>, Vec<Finding>) {
    let mut gone = Vec::new();
    let mut said = Vec::new();
    let made_inside = made_inside(session, kept);
    let mut tools: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    kept.retain(|one| {
        let call = one.call;
        let format = session.agent_format();
        let code = if made_inside.contains(&call.id) {
            "handed_on"
        } else if !matches!(one.target.origin, Origin::Unmapped | Origin::Connection) {
            return true;
        } else if is_bookkeeping(session.product(), &call.name, &call.arguments) {
            NOTES
        } else if one.target.origin == Origin::Connection {
            return true;
        } else if one.target.own_tool && one.tolerated && prune::failed(call) {
            "failed_without_step"
        } else if !prune::succeeded(call) {
            return true;
        } else if only_looked(format, &call.name) {
            "looked_without_step"
        } else if hands_on(format, &call.name) && is_recorded(session, call) {
            "handed_on"
        } else {
            return true;
        };
        if keep.contains(&call.id) {
            said.push(prune::put_back(call, code));
            return true;
        }
        gone.push(LeftOut {
            call: call.id.clone(),
            code: code.to_owned(),
            repeated_as: None,
            succeeded: false,
        });
        let told = code == "looked_without_step" && is_talk(format, call);
        *tools.entry((code, call.name.as_str(), told)).or_default() += 1;
        false
    });
    // The agent's notes first: they say nothing of the task.
    gone.sort_by_key(|one| one.code != NOTES);
    for ((code, tool, told), count) in tools {
        let mut finding = explain(code, tool, count, told);
        finding.id = format!("{code}:{}", crate::tool_map::escape(tool));
        if told {
            finding.id.push_str(":told");
        }
        said.push(finding);
    }
    (gone, said)
}

/// The calls whose work was done by calls that stand in the recording themselves: to do both would do it twice. A call
/// that may change something stays where what it called only looks.
fn made_inside(session: &Session, kept: &[Kept<'_>]) -> BTreeSet<String> {
    let outer: BTreeMap<&str, &str> = session
        .calls()
        .filter_map(|call| Some((call.id.as_str(), call.inside.as_deref()?)))
        .collect();
    if outer.is_empty() {
        return BTreeSet::new();
    }
    // Of each call whether something inside of it may change something.
    let mut inside: BTreeMap<&str, bool> = BTreeMap::new();
    for one in kept {
        let mut at = one.call.id.as_str();
        // Longer than this is no nesting; a circle ends here too.
        for _ in 0..64 {
            let Some(above) = outer.get(at) else { break };
            *inside.entry(above).or_default() |= one.changes();
            at = above;
        }
    }
    kept.iter()
        .filter(|one| {
            inside
                .get(one.call.id.as_str())
                .is_some_and(|changes| *changes || !one.changes())
        })
        .map(|one| one.call.id.clone())
        .collect()
}

/// Whether what the sub-agent called stands in the recording.
fn is_recorded(session: &Session, call: &ToolCall) -> bool {
    let structured = call
        .result
        .as_ref()
        .and_then(|result| result.structured.as_deref());
    let named = structured
        .and_then(|twin| twin.get("agentId"))
        .and_then(|id| id.as_str());
    session.calls().any(|other| match (&other.agent, named) {
        (Some(agent), Some(named)) => agent == named || agent == "sidechain",
        (Some(agent), None) => agent == "sidechain",
        (None, _) => false,
    })
}

/// What is said of so many calls; `told`: what a person answered in them is read as their word.
fn explain(code: &'static str, tool: &str, count: usize, told: bool) -> Finding {
    let shown = crate::show::text(tool, 60);
    let calls = crate::show::count(count, "call", "calls");
    match code {
        NOTES => Finding::info(
            code,
            format!("{calls} of `{shown}` only kept the agent's own notes: left out."),
        )
        .help("A rule of the tool map for it makes steps of them."),
        "failed_without_step" => Finding::info(
            code,
            format!("{calls} of `{shown}` failed, and no step would do the same: left out."),
        )
        .help("A rule of the tool map for it makes steps of them."),
        "looked_without_step" if told => Finding::info(
            code,
            format!(
                "{calls} of `{shown}` asked the person: left out. What they chose is read as what they said, and follows an input where something is sent it."
            ),
        ),
        "looked_without_step" => Finding::warning(
            code,
            format!(
                "{calls} of `{shown}` told the agent something that no step can ask for again: left out. What the agent made of the answer stays as it was."
            ),
        )
        .help("Acknowledge it if that may stay, or write a rule of the tool map for it.")
        .must_acknowledge(),
        _ => Finding::info(
            code,
            format!("{calls} of `{shown}` handed work on, and the calls that did it are steps: left out."),
        ),
    }
}
