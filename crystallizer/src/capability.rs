//! What a draft may touch, as a list in its document: what is written in its steps, and where a value decides,
//! no more than what the recording shows.

use crate::kept::Kept;
use crate::session::Session;
use druse_engine::capability::{
    Capabilities, Grant, ToolGrant, asked, authority, needs, schema_digest,
};
use druse_engine::definition::Document;
use druse_engine::plan::ActionKind;
use std::collections::BTreeMap;

/// The form of recordings whose list of tools is what the server itself sent.
const VERBATIM: &str = "mcp-log";

/// The list of a draft.
pub(crate) fn of(document: &Document, kept: &[Kept<'_>], session: &Session) -> Capabilities {
    let mut by_step: BTreeMap<&str, Vec<&Kept<'_>>> = BTreeMap::new();
    for kept in kept {
        by_step.entry(&kept.step).or_default().push(kept);
    }
    let mut all = Capabilities::default();
    for need in needs(document) {
        let step = need.step.as_deref().unwrap_or_default();
        let recorded = by_step.get(step).map(Vec::as_slice).unwrap_or_default();
        if need.computed && need.path.ends_with("/with") && !recorded.is_empty() {
            for kept in recorded {
                for grant in narrowed(&need.grant, kept) {
                    all.add(grant);
                }
            }
        } else {
            all.add(need.grant);
        }
    }
    if session.format == VERBATIM {
        all.tools = all
            .tools
            .iter()
            .map(|known| ToolGrant {
                schema: schema_of(session, kept, known),
                ..known.clone()
            })
            .collect();
    }
    all
}

/// What stands for something computed: the host, folder or file that was recorded. Who a message goes to, and
/// what is told, is for the finding about where values go.
fn narrowed(grant: &Grant, kept: &Kept<'_>) -> Vec<Grant> {
    let recorded = || {
        let kind = ActionKind::parse(&kept.target.action)?;
        let all = asked(kind, &kept.target.filled.request.whole(), &authority);
        let same: Vec<Grant> = all
            .into_iter()
            .filter(|one| one.list() == grant.list())
            .collect();
        (!same.is_empty()).then_some(same)
    };
    match grant {
        Grant::Host(_) | Grant::Folder(_) => recorded(),
        Grant::File(_, path) if path.starts_with('*') => recorded().map(|all| {
            let folder = |grant: Grant| match grant {
                Grant::File(connection, path) => {
                    let below = path
                        .rsplit_once('/')
                        .map(|(folder, _)| format!("{folder}/*"));
                    Grant::File(connection, below.unwrap_or_else(|| "*".to_owned()))
                }
                other => other,
            };
            all.into_iter().map(folder).collect()
        }),
        _ => None,
    }
    .unwrap_or_else(|| vec![grant.clone()])
}

/// The digest of a tool's schema, where the recording holds it as the server sent it.
fn schema_of(
    session: &Session,
    kept: &[Kept<'_>],
    known: &ToolGrant,
) -> Option<druse_engine::Digest> {
    let call = kept.iter().find(|kept| {
        let with = &kept.target.filled.request;
        with.get("connection")
            .is_some_and(|name| *name == known.connection)
            && with.get("tool").is_some_and(|tool| *tool == known.tool)
    })?;
    let spec = session
        .tools
        .iter()
        .find(|spec| spec.name == call.call.name)?;
    spec.input_schema.as_ref().map(schema_digest)
}
