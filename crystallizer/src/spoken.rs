//! Approvals given in words: the agent asks, the person says yes, and calls that change something follow.

use crate::exchange::Exchange;
use crate::kept::Kept;
use crate::leaf::{canonical, canonical_text, leaves, tokens};
use crate::reply::{
    Held, Reply, agrees_in_unread_words, begins_with_yes, declines, held, reply, turned,
};
use crate::session::RecordedApproval;
use std::collections::HashSet;

/// The most changes behind one yes that it is taken to be a yes to each of. Who says yes to a longer piece of work has
/// approved its begin, and what the question named.
const MOST_COVERED: usize = 8;
/// How long a word or number of a question is, at least, by which it names what a call changes.
const SHORTEST_NAME: usize = 4;

/// An approval in words.
pub(crate) struct Spoken<'s> {
    /// The kept call that it covers.
    pub(crate) at: usize,
    pub(crate) approval: RecordedApproval,
    /// What the agent had asked or told.
    pub(crate) question: &'s str,
    /// Whether something stands beside the yes, in a language of whose conditions nothing is known.
    pub(crate) unread: bool,
}

/// The approvals in words, each with the kept call that it covers: of those after the yes, and before the person spoke
/// again, all that may change something.
pub(crate) fn approvals<'s>(exchanges: &[Exchange<'s>], kept: &[Kept<'_>]) -> Vec<Spoken<'s>> {
    exchanges
        .iter()
        .flat_map(|yes| {
            let question = yes.told.last().copied().unwrap_or_default();
            let unread = agrees_in_unread_words(yes.text)
                && matches!(reply(yes.text, question), Reply::Reserved(..));
            covered(yes, kept)
                .into_iter()
                .map(move |(at, approval)| Spoken {
                    at,
                    approval,
                    question,
                    unread,
                })
        })
        .collect()
}

/// Whether a person said yes to what the agent had told them, also with a reserve: they want to be asked. Who begins
/// with a yes to what the agent would do did, whatever its words were, unless all the rest takes it back.
fn agrees(said: &Exchange<'_>) -> bool {
    let question = said.told.last().copied().unwrap_or_default();
    if said.asked && reply(said.text, question) != Reply::No {
        return true;
    }
    (said.asked || said.proposed)
        && begins_with_yes(said.text)
        && declines(said.text, question).is_none_or(|more| !more.is_empty())
}

/// Whether a person let the agent make a change.
fn lets(said: &Exchange<'_>, plainly: bool, change: &Kept<'_>) -> bool {
    let question = said.told.last().copied().unwrap_or_default();
    let turned = turned(question, change).filter(|_| said.asked);
    match turned.map(|turned| held(said.text, question, turned)) {
        Some(Held::GoesOn) => true,
        Some(Held::Holds) => false,
        Some(Held::Open) | None => plainly,
    }
}

/// The calls that a yes covers, with the approval of each.
fn covered(yes: &Exchange<'_>, kept: &[Kept<'_>]) -> Vec<(usize, RecordedApproval)> {
    if yes.changes.is_empty() {
        return Vec::new();
    }
    let plainly = agrees(yes);
    let all = yes.changes.len() <= MOST_COVERED;
    // The words of what the agent had asked.
    let asked: HashSet<String> = match all {
        true => HashSet::new(),
        false => yes.told.iter().flat_map(|text| names(text)).collect(),
    };
    let named = |at: usize| {
        kept.get(at).is_some_and(|kept| {
            let mut named = false;
            leaves(&kept.call.arguments, &mut |_, _, leaf| {
                named = named
                    || canonical(leaf)
                        .is_some_and(|text| names(&text).any(|name| asked.contains(&name)));
            });
            named
        })
    };
    let mut calls = yes.changes.clone();
    if !all {
        let first = calls.first().copied();
        calls.retain(|at| Some(*at) == first || named(*at));
    }
    calls
        .into_iter()
        .filter(|at| kept.get(*at).is_some_and(|kept| lets(yes, plainly, kept)))
        .filter_map(|at| {
            let approval = RecordedApproval {
                call: Some(kept.get(at)?.call.id.clone()),
                approved: true,
                by: None,
                comment: Some(yes.text.to_owned()),
                requested_at: None,
                decided_at: yes.at,
            };
            Some((at, approval))
        })
        .collect()
}

/// The words of a text that name things: those with a digit.
fn names(text: &str) -> impl Iterator<Item = String> + '_ {
    tokens(text)
        .filter(|word| word.len() >= SHORTEST_NAME && word.bytes().any(|b| b.is_ascii_digit()))
        .map(|word| canonical_text(&word.to_lowercase()))
}
