//! Whether a document's list of what it may touch holds all that its steps touch, and no more.

use super::Context;
use crate::Finding;
use crate::capability::{Capabilities, FileGrant, Grant, ToolGrant, needs};
use std::collections::BTreeSet;

pub(super) fn check(context: &mut Context<'_>) {
    let Some(declared) = &context.document.capabilities else {
        return;
    };
    let needs = needs(context.document);
    for need in &needs {
        // What a value decides is looked at when it is known.
        if need.computed || declared.permits(&need.grant) {
            continue;
        }
        let grant = &need.grant;
        let over = match grant.connection() {
            Some(connection) => format!(" of `{connection}`"),
            None => String::new(),
        };
        let mut finding = Finding::error(
            "capability_missing",
            format!(
                "`capabilities` does not list the {} `{}`{over}",
                grant.kind(),
                grant.value()
            ),
        )
        .at_path(&need.path)
        .help(format!(
            "add it to `capabilities.{}`, or the step is refused in each run",
            grant.list()
        ));
        if let Some(step) = &need.step {
            finding = finding.at_step(step);
        }
        finding.id = format!(
            "capability_missing:{}:{}:{}",
            need.step.as_deref().unwrap_or_default(),
            grant.list(),
            grant.value()
        );
        context.say(finding);
    }
    for (list, value) in unused(declared, &needs) {
        let mut finding = Finding::info(
            "capability_unused",
            format!("no step needs `{value}`, which `capabilities.{list}` lists"),
        )
        .at_path(format!("/capabilities/{list}"))
        .help("take it out, so that the list says what can happen");
        finding.id = format!("capability_unused:{list}:{value}");
        context.say(finding);
    }
}

/// Listed things that nothing written in the document needs.
fn unused(
    declared: &Capabilities,
    needs: &[crate::capability::Need],
) -> Vec<(&'static str, String)> {
    // A computed value may turn out to be any of its list.
    let open: BTreeSet<&str> = needs
        .iter()
        .filter(|need| need.computed)
        .map(|need| need.grant.list())
        .collect();
    let mut listed: Vec<Grant> = Vec::new();
    let mut plain = |list: &BTreeSet<String>, grant: fn(String) -> Grant| {
        listed.extend(list.iter().cloned().map(grant));
    };
    plain(&declared.hosts, Grant::Host);
    plain(&declared.connections, Grant::Connection);
    plain(&declared.programs, Grant::Program);
    plain(&declared.folders, Grant::Folder);
    plain(&declared.recipients, Grant::Recipient);
    plain(&declared.automations, Grant::Automation);
    plain(&declared.events, Grant::Event);
    plain(&declared.secrets, Grant::Secret);
    for ToolGrant {
        connection, tool, ..
    } in &declared.tools
    {
        listed.push(Grant::Tool(connection.clone(), tool.clone()));
    }
    for FileGrant { connection, path } in &declared.files {
        listed.push(Grant::File(connection.clone(), path.clone()));
    }
    listed
        .into_iter()
        .filter(|grant| !open.contains(grant.list()))
        .filter(|grant| {
            let mut alone = Capabilities::default();
            alone.add(grant.clone());
            !needs.iter().any(|need| alone.permits(&need.grant))
        })
        .map(|grant| (grant.list(), grant.value().to_owned()))
        .collect()
}
