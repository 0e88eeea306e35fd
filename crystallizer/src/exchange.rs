//! What people said in a session, each time with what the agent had told them before and which changes came of it: the
//! ground for a yes and for a no in words.

use crate::kept::Kept;
use crate::session::{Role, Session, Turn};
use druse_engine::Timestamp;
use std::collections::HashMap;

/// What a person said once.
pub(crate) struct Exchange<'s> {
    pub(crate) text: &'s str,
    pub(crate) at: Option<Timestamp>,
    /// What the agent had said since the person last spoke.
    pub(crate) told: Vec<&'s str>,
    /// The last of it that asks for a yes.
    pub(crate) question: Option<&'s str>,
    /// Whether the agent asked for a yes and did nothing more before it was answered.
    pub(crate) asked: bool,
    /// Whether the person goes on: nothing was said or done since they last spoke.
    pub(crate) goes_on: bool,
    /// The kept calls behind it, before the person spoke again, that may change something.
    pub(crate) changes: Vec<usize>,
}

/// All that people said, in its order.
pub(crate) fn exchanges<'s>(session: &'s Session, kept: &[Kept<'_>]) -> Vec<Exchange<'s>> {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let mut found: Vec<Exchange<'s>> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    let mut question: Option<&str> = None;
    let (mut asked, mut goes_on) = (false, false);
    for turn in &session.turns {
        match turn {
            Turn::Message {
                role: Role::Assistant,
                text,
                ..
            } => {
                asked = asks(text);
                if asked {
                    question = Some(text);
                }
                told.push(text);
                goes_on = false;
            }
            Turn::Message {
                role: Role::User,
                text,
                at,
            } => {
                found.push(Exchange {
                    text,
                    at: *at,
                    told: std::mem::take(&mut told),
                    question: question.take(),
                    asked,
                    goes_on,
                    changes: Vec::new(),
                });
                (asked, goes_on) = (false, true);
            }
            Turn::Message {
                role: Role::System, ..
            }
            | Turn::Approval(_) => {}
            Turn::Call(call) => {
                (asked, goes_on) = (false, false);
                if let Some(at) = index.get(call.id.as_str())
                    && kept.get(*at).is_some_and(Kept::changes)
                    && let Some(last) = found.last_mut()
                {
                    last.changes.push(*at);
                }
            }
        }
    }
    found
}

/// Whether a text asks for a yes: with a mark, or with the words of one who waits for it.
pub(crate) fn asks(text: &str) -> bool {
    if text.contains('?') || text.contains('？') {
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
