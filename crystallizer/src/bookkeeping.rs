//! Leaves out calls by which an agent only kept its own notes: plans, lists of what is to do, the word that it
//! is done. Nothing outside of its session changed by them.

use crate::kept::Kept;
use crate::prune::{self, LeftOut};
use crate::session::Session;
use crate::tool_map::{Origin, is_bookkeeping};
use druse_engine::Finding;
use std::collections::{BTreeMap, BTreeSet};

const CODE: &str = "agent_bookkeeping";

/// Takes such calls out of the kept ones, but those to `keep` and those that a rule of the tool map makes
/// something of. Gives what was left out, and what is to be said.
pub(crate) fn leave_out(
    session: &Session,
    kept: &mut Vec<Kept<'_>>,
    keep: &BTreeSet<String>,
) -> (Vec<LeftOut>, Vec<Finding>) {
    let mut gone = Vec::new();
    let mut said = Vec::new();
    let mut tools: BTreeMap<&str, usize> = BTreeMap::new();
    kept.retain(|one| {
        let call = one.call;
        if one.target.origin != Origin::Unmapped
            || !is_bookkeeping(session.agent_format(), &call.name)
        {
            return true;
        }
        if keep.contains(&call.id) {
            said.push(prune::put_back(call, CODE));
            return true;
        }
        gone.push(LeftOut {
            call: call.id.clone(),
            code: CODE.to_owned(),
            repeated_as: None,
        });
        *tools.entry(call.name.as_str()).or_default() += 1;
        false
    });
    for (tool, count) in tools {
        let shown = crate::show::text(tool, 60);
        let calls = crate::show::count(count, "call", "calls");
        let mut finding = Finding::info(
            CODE,
            format!("{calls} of `{shown}` only kept the agent's own notes and are left out."),
        )
        .help("A rule of the tool map for it makes steps of them.");
        finding.id = format!("{CODE}:{}", crate::tool_map::escape(tool));
        said.push(finding);
    }
    (gone, said)
}
