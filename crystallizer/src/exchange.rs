//! What people said in a session, each time with what the agent had told them before and which changes came of it: the
//! ground for a yes and for a no in words.

use crate::kept::Kept;
use crate::session::{Role, Session, Turn};
use druse_engine::Timestamp;
use std::collections::HashMap;
use std::ops::Range;

/// What a person said once.
pub(crate) struct Exchange<'s> {
    pub(crate) text: &'s str,
    pub(crate) at: Option<Timestamp>,
    /// What the agent had said since the person last spoke.
    pub(crate) told: Vec<&'s str>,
    /// The last of it that asks for a yes.
    pub(crate) question: Option<&'s str>,
    /// The last question for a yes, also when it was answered already: nothing was changed since.
    pub(crate) pending: Option<&'s str>,
    /// What the person had said last; nothing was changed since.
    pub(crate) before: Option<&'s str>,
    /// Whether the agent asked for a yes and did nothing more before it was answered.
    pub(crate) asked: bool,
    /// Whether the agent had told what it would do, and did nothing more before it was answered.
    pub(crate) proposed: bool,
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
    let (mut pending, mut before): (Option<&str>, Option<&str>) = (None, None);
    let (mut asked, mut proposed, mut goes_on) = (false, false, false);
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
                    // “Are you sure?” asks once more for what was asked before.
                    if pending.is_none() || !asks_whether_sure(text) {
                        pending = Some(text);
                    }
                }
                told.push(text);
                proposed |= proposes(text);
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
                    pending,
                    before: before.replace(text),
                    asked,
                    proposed,
                    goes_on,
                    changes: Vec::new(),
                });
                (asked, proposed, goes_on) = (false, false, true);
            }
            Turn::Message {
                role: Role::System, ..
            }
            | Turn::Approval(_) => {}
            Turn::Call(call) => {
                (asked, proposed, goes_on) = (false, false, false);
                if let Some(at) = index.get(call.id.as_str())
                    && kept.get(*at).is_some_and(Kept::changes)
                    && let Some(last) = found.last_mut()
                {
                    last.changes.push(*at);
                    (pending, before) = (None, None);
                }
            }
        }
    }
    found
}

/// Whether a text asks for a yes: with a mark, or with the words of one who waits for it.
pub(crate) fn asks(text: &str) -> bool {
    text.contains('?') || text.contains('？') || waits_for_yes(text)
}

/// Where the last sentence of a text stands that asks, without its mark. Goes once over the text.
pub(crate) fn last_question(text: &str) -> Option<Range<usize>> {
    let mut found = None;
    let (mut begin, mut at_line) = (0, 0);
    for line in text.split_inclusive('\n') {
        let ticks = line.bytes().filter(|byte| *byte == b'`').count();
        let mut before = 0;
        for (at, mark) in line.char_indices() {
            if mark == '`' {
                before += 1;
            }
            let end = at_line + at + mark.len_utf8();
            // Not within words that are quoted as code, nor within a word (`shop.acme.io`).
            let ends = match mark {
                '\n' | '？' => true,
                '.' | '!' | '?' => {
                    let in_code = before % 2 == 1 && before < ticks;
                    let behind = text[end..].chars().next();
                    !in_code && behind.is_none_or(ends_word)
                }
                _ => false,
            };
            if ends {
                if matches!(mark, '?' | '？') {
                    found = Some(begin..at_line + at);
                }
                begin = end;
            }
        }
        at_line += line.len();
    }
    found
}

/// Whether no word goes on with this behind a mark.
fn ends_word(next: char) -> bool {
    !next.is_alphanumeric() && !matches!(next, '/' | '=' | '&' | '-' | '_')
}

/// Whether a question only asks whether the person means it, and names nothing that would be done.
pub(crate) fn asks_whether_sure(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut asking = lower
        .split_inclusive(['?', '.', '!', '\n'])
        .filter(|sentence| sentence.trim_end().ends_with('?'));
    asking.next_back().is_some_and(|sentence| {
        let words = || sentence.split(|c: char| !(c.is_alphanumeric() || c == '\''));
        words().any(|word| SURE.contains(&word))
            && words().filter(|word| !word.is_empty()).count() <= SHORT
    })
}

/// What somebody asks who wants to know whether it is meant.
const SURE: &[&str] = &[
    "sure", "certain", "really", "positive", "sicher", "wirklich", "sûr", "sûre", "seguro",
    "segura",
];
/// The most words of a question that asks only for that.
const SHORT: usize = 8;

/// Words that say that somebody waits for a yes. A star is any one word, or none.
const WAITS: &[&[&str]] = &[
    &["please", "*", "confirm"],
    &["can", "you", "*", "confirm"],
    &["could", "you", "*", "confirm"],
    &["once", "you", "*", "confirm"],
    &["if", "you", "*", "confirm"],
    &["if", "you", "*", "approve"],
    &["if", "you", "*", "agree"],
    &["you", "approve"],
    &["if", "you'd", "like"],
    &["if", "you", "would", "like"],
    &["if", "you", "want", "me", "to"],
    &["let", "me", "know", "if"],
    &["let", "me", "know", "whether"],
    &["yes", "no"],
    &["yes", "or", "no"],
    &["say", "the", "word"],
    &["just", "say", "so"],
    &["tell", "me", "so"],
    &["give", "me", "*", "*", "go", "ahead"],
    &["give", "me", "*", "*", "go-ahead"],
    &["bitte", "*", "bestätigen"],
    &["bitte", "*", "bestätige"],
    &["bestätigen", "sie"],
    &["bestätige", "bitte"],
];

/// Who waits, and for what of the person's.
const WAITING: &[&str] = &[
    "waiting", "wait", "await", "awaiting", "need", "needs", "require", "requires", "pending",
    "with", "upon", "brauche", "warte",
];
const WAITED_FOR: &[&str] = &[
    "confirmation",
    "approval",
    "consent",
    "permission",
    "go-ahead",
    "okay",
    "ok",
    "agreement",
    "bestätigung",
    "zustimmung",
    "freigabe",
];

/// What a person is told to do to say yes, and what they are told to say.
const TELLS: &[&str] = &[
    "reply",
    "replying",
    "respond",
    "responding",
    "type",
    "typing",
    "say",
    "saying",
    "answer",
    "answering",
    "write",
    "writing",
    "enter",
    "send",
    "tell",
    "antworte",
    "antworten",
    "schreibe",
    "schreiben",
    "sag",
    "sagen",
];
const TOLD: &[&str] = &[
    "yes",
    "y",
    "confirm",
    "confirmed",
    "ok",
    "okay",
    "approve",
    "approved",
    "proceed",
    "go",
    "ja",
];

/// How many words may stand between what a person is to do and what they are to say.
const APART: usize = 4;

/// Whether a text says in words that it waits for a yes.
pub(crate) fn waits_for_yes(text: &str) -> bool {
    // Signs of quoting and of emphasis are no words, and neither is what stands between them.
    let lower = text.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-')))
        .map(|word| word.trim_matches(['\'', '-']))
        .filter(|word| !word.is_empty())
        .collect();
    (0..words.len()).any(|at| {
        let rest = &words[at..];
        let within = |list: &[&str]| {
            let mut behind = rest.iter().skip(1).take(APART);
            behind.any(|word| list.contains(word))
        };
        WAITS.iter().any(|phrase| begins(rest, phrase))
            || WAITING.contains(&rest[0]) && within(WAITED_FOR)
            || TELLS.contains(&rest[0]) && within(TOLD)
    })
}

/// Words of who tells what they would do.
const PROPOSES: &[&str] = &[
    "will",
    "i'll",
    "we'll",
    "would",
    "i'd",
    "going",
    "can",
    "could",
    "ready",
    "plan",
    "propose",
    "proposal",
    "suggest",
    "if",
    "once",
    "werde",
    "werden",
    "würde",
    "kann",
    "könnte",
    "bereit",
    "vorschlag",
    "wenn",
    "sobald",
];

/// Whether a text tells what would be done.
fn proposes(text: &str) -> bool {
    let lower = text.to_lowercase().replace('’', "'");
    lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .any(|word| PROPOSES.contains(&word))
}

/// Whether words begin with a phrase.
fn begins(words: &[&str], phrase: &[&str]) -> bool {
    let Some((first, phrase)) = phrase.split_first() else {
        return true;
    };
    match *first {
        "*" => begins(words, phrase) || !words.is_empty() && begins(&words[1..], phrase),
        first => words.first() == Some(&first) && begins(&words[1..], phrase),
    }
}

#[cfg(test)]
mod tests {
    use super::{asks, last_question};

    #[test]
    fn the_last_question_is_a_whole_sentence() {
        for (text, expected) in [
            ("I looked. Shall I delete it?", "Shall I delete it"),
            (
                "Shall I delete it from shop.acme.io?",
                "Shall I delete it from shop.acme.io",
            ),
            ("Use `io.Discard` instead?", "Use `io.Discard` instead"),
            (
                "Run `git add . && git commit` now? It is safe.",
                "Run `git add . && git commit` now",
            ),
            ("1. Look\n2. Delete it?", "Delete it"),
            ("Really? Pay 12.50 EUR?", "Pay 12.50 EUR"),
            ("See https://a.example/x?id=7.", ""),
            ("Soll ich?\nJa oder nein", "Soll ich"),
        ] {
            let found = last_question(text).map_or("", |range| text[range].trim());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn who_waits_for_a_yes_asks() {
        for text in [
            "Shall I?",
            "I will cancel order 7. Please confirm (yes/no).",
            "I need your approval to go on.",
            "Please reply with 'yes' to go on.",
            "Type \"yes\" to confirm.",
            "If this looks right (type **yes** to confirm), I will book it.",
            "Reply YES and I will do it.",
            "Answer with “yes” or tell me what to change.",
            "Tell me to go ahead and I will do it.",
            "Say the word and I do it.",
            "Please confirm.",
            "Please also confirm the address.",
            "Can you confirm that, please.",
            "Waiting for your approval.",
            "I am awaiting your explicit confirmation.",
            "If this is correct and you approve, I will process it.",
            "Let me know if I should go on.",
            "Give me the go-ahead and I send it.",
            "Antworten Sie mit „Ja“, dann buche ich.",
            "Bitte kurz bestätigen.",
        ] {
            assert!(asks(text), "{text}");
        }
        for text in [
            "I have cancelled it.",
            "Confirmed. It is done.",
            "The confirmation was sent to you.",
            "You said yes, so it is booked.",
            "It needs a new battery.",
            "",
        ] {
            assert!(!asks(text), "{text}");
        }
    }
}
