//! Approvals given in words: the agent asks, the person says yes, and calls that change something follow.

use crate::kept::Kept;
use crate::leaf::{canonical, canonical_text, leaves, tokens};
use crate::reply::{Reply, reply};
use crate::session::{RecordedApproval, Role, Session, Turn};
use druse_engine::Timestamp;
use std::collections::{HashMap, HashSet};

/// The most changes behind one yes that it is taken to be a yes to each of. Who says yes to a longer piece of work has
/// approved its begin, and what the question named.
const MOST_COVERED: usize = 8;
/// How long a word or number of a question is, at least, by which it names what a call changes.
const SHORTEST_NAME: usize = 4;

/// A yes in words.
struct Yes<'s> {
    text: &'s str,
    at: Option<Timestamp>,
    /// The words of what the agent had asked.
    asked: HashSet<String>,
    /// The calls after it, before the person spoke again, that may change something.
    calls: Vec<usize>,
}

/// The approvals in words, each with the index of the kept call that it covers: of those after the yes, and before the
/// person spoke again, all that may change something.
pub(crate) fn approvals(session: &Session, kept: &[Kept<'_>]) -> Vec<(usize, RecordedApproval)> {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let mut found = Vec::new();
    let mut asked = false;
    // What the agent said since the person last spoke.
    let mut told: Vec<&str> = Vec::new();
    let mut yes: Option<Yes<'_>> = None;
    for turn in &session.turns {
        match turn {
            Turn::Message {
                role: Role::Assistant,
                text,
                ..
            } => {
                asked = asks(text);
                told.push(text);
            }
            Turn::Message {
                role: Role::User,
                text,
                at,
            } => {
                found.extend(yes.take().into_iter().flat_map(|yes| covered(yes, kept)));
                // Who agreed with a reserve wants to be asked, too.
                let question = told.last().copied().unwrap_or_default();
                let agrees = asked && reply(text, question) != Reply::No;
                yes = agrees.then(|| Yes {
                    text,
                    at: *at,
                    asked: told.iter().flat_map(|text| names(text)).collect(),
                    calls: Vec::new(),
                });
                asked = false;
                told.clear();
            }
            Turn::Message {
                role: Role::System, ..
            }
            | Turn::Approval(_) => {}
            Turn::Call(call) => {
                asked = false;
                let Some(at) = index.get(call.id.as_str()) else {
                    continue;
                };
                if let Some(yes) = &mut yes
                    && kept.get(*at).is_some_and(Kept::changes)
                {
                    yes.calls.push(*at);
                }
            }
        }
    }
    found.extend(yes.into_iter().flat_map(|yes| covered(yes, kept)));
    found
}

/// The calls that a yes covers, with the approval of each.
fn covered(yes: Yes<'_>, kept: &[Kept<'_>]) -> Vec<(usize, RecordedApproval)> {
    let all = yes.calls.len() <= MOST_COVERED;
    let named = |at: usize| {
        kept.get(at).is_some_and(|kept| {
            let mut named = false;
            leaves(&kept.call.arguments, &mut |_, _, leaf| {
                named = named
                    || canonical(leaf)
                        .is_some_and(|text| names(&text).any(|name| yes.asked.contains(&name)));
            });
            named
        })
    };
    let mut calls: Vec<usize> = yes.calls.clone();
    if !all {
        let first = calls.first().copied();
        calls.retain(|at| Some(*at) == first || named(*at));
    }
    calls
        .into_iter()
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

/// Whether a text asks for a yes: with a mark, or with the words of one who waits for it.
pub(crate) fn asks(text: &str) -> bool {
    if text.contains(['?', '？']) {
        return true;
    }
    let lower = text.to_lowercase();
    [
        "please confirm",
        "(yes/no)",
        "yes or no",
        "let me know if you would like",
        "let me know if i should",
        "reply yes",
        "say yes",
        "type yes",
        "waiting for your confirmation",
        "need your confirmation",
        "need your approval",
        "bitte bestätigen",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::asks;

    #[test]
    fn who_waits_for_a_yes_asks() {
        for (text, expected) in [
            ("Shall I?", true),
            ("I will cancel order 7. Please confirm (yes/no).", true),
            ("I need your approval to go on.", true),
            ("I have cancelled it.", false),
            ("Confirmed. It is done.", false),
        ] {
            assert_eq!(asks(text), expected, "{text}");
        }
    }
}
