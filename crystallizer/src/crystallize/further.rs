//! Further recordings of the task: aligned with the one that is followed, and what there is to say about the steps that
//! only they have.

use super::settled;
use crate::asked::Asked;
use crate::declined::declined;
use crate::exchange::exchanges;
use crate::kept::Kept;
use crate::objected::objected;
use crate::options::Options;
use crate::session::Session;
use crate::tool_map::Folders;
use crate::{
    align, bound, caution, findings, provenance, prune, secret, trust, waiting, working_place,
};
use druse_engine::Finding;
use druse_engine::definition::Document;

/// The further recordings, each with its place among all, aligned with the one that is followed; of those that share no
/// call with it a finding.
pub(super) fn witnesses<'a>(
    kept: &[Kept<'_>],
    others: &'a [(usize, &'a Session, prune::Pruned<'a>)],
    options: &Options,
) -> (Vec<bound::Witness<'a>>, Vec<Finding>) {
    let mut witnesses = Vec::new();
    let mut found = Vec::new();
    for (at, session, pruned) in others {
        let draft = settled(session, options, pruned);
        let counterparts = align::align(kept, &draft.kept);
        if counterparts.iter().all(Option::is_none) {
            let name = session
                .external_id
                .clone()
                .unwrap_or_else(|| session.digest.to_string());
            let mut finding = Finding::warning(
                "another_task",
                format!(
                    "The recording `{}` has no step in common with the one that is followed, and was not used.",
                    crate::show::name(&options.called(*at, session), 60)
                ),
            );
            finding.id = format!("another_task:{name}");
            found.push(finding);
            continue;
        }
        witnesses.push(bound::Witness {
            session,
            name: options.names.get(*at).cloned(),
            kept: draft.kept,
            counterparts,
            draft: Some(bound::Unfolded {
                document: draft.emitted.document,
                spots: draft.emitted.places,
            }),
        });
    }
    (witnesses, found)
}

/// What there is to say about the steps that a further recording gave, besides where their values come from: it is
/// looked for in that recording. Gives whose word their values are.
pub(super) fn of_graft(
    graft: &bound::Graft<'_>,
    session: &Session,
    document: &Document,
    options: &Options,
    found: &mut Vec<Finding>,
) -> Vec<trust::Label> {
    let (kept, places, gated) = graft.present();
    let exchanges = exchanges(session, &kept);
    let declined = declined(&exchanges, &kept);
    let objected = objected(&exchanges, &kept);
    let mut own = caution::findings(session, &kept, &places, &gated, &declined, &objected);
    own.extend(waiting::findings(&kept, &places));
    own.extend(findings::of_mapping(&kept, &places, options));
    own.extend(findings::of_calls(session, &kept, &places));
    let folders = Folders::of(session, options);
    own.extend(working_place::findings(session, &folders, &kept, &places));
    own.extend(secret::findings(
        &kept,
        &places,
        &session.secrets,
        options.secrets.as_deref(),
    ));
    let asked = Asked::of(session, &kept);
    let mut origins = provenance::origins(session, &kept, &asked);
    for origins in &mut origins {
        origins.retain(|origin| {
            let call = kept.get(origin.call).map(|kept| kept.call.id.as_str());
            !call.is_some_and(|call| graft.covers(call, &origin.pointer))
        });
    }
    findings::of_origins(origins, &kept, &places, &mut own);
    let is_own = |finding: &Finding| {
        let step = finding.step.as_deref();
        step.is_some_and(|step| graft.owns(step))
    };
    own.retain(is_own);
    found.extend(own);
    let trust = trust::trust(session, document, &kept, &places, &asked);
    let mut more = trust.findings;
    more.retain(is_own);
    trust::join(found, more);
    let labels = trust.labels.into_iter();
    labels.filter(|label| graft.owns(&label.step)).collect()
}
