//! States that somebody asked for by the verb: who says `close it` wants its status to be `closed`, by whatever tool.

use crate::leaf::leaves;
use serde_json::Value;

/// The longest word of a state, in bytes.
const LONGEST: usize = 24;
/// The most texts, and bytes of one, that are looked through for verbs.
const MOST_TEXTS: usize = 1_000;
const MOST_BYTES: usize = 20_000;
/// The most words behind a verb that tell what it is about.
const MOST_BEHIND: usize = 40;

/// What tools are called that only change a thing, in whatever way their arguments say.
const CHANGES: [&str; 13] = [
    "update",
    "set",
    "change",
    "edit",
    "modify",
    "patch",
    "put",
    "mark",
    "move",
    "save",
    "upsert",
    "transition",
    "manage",
];

/// States that are not made of their verb by an ending.
const BENT: [(&str, &str); 6] = [
    ("open", "reopen"),
    ("paid", "pay"),
    ("sent", "send"),
    ("frozen", "freeze"),
    ("hidden", "hide"),
    ("withdrawn", "withdraw"),
];

/// Words by which what follows is not to be done.
const NOT: [&str; 24] = [
    "not",
    "don't",
    "dont",
    "doesn't",
    "didn't",
    "won't",
    "can't",
    "cannot",
    "never",
    "no",
    "without",
    "nobody",
    "instead",
    "nicht",
    "nie",
    "kein",
    "keine",
    "ohne",
    "pas",
    "jamais",
    "sans",
    "nunca",
    "sin",
    "shouldn't",
];
/// How many words before a verb may take it back.
const NEAR: usize = 5;
/// What stands before the verb of an order.
const LEADS: [&str; 20] = [
    "please", "and", "then", "you", "now", "also", "just", "kindly", "let's", "ok", "okay", "so",
    "yes", "sure", "well", "hi", "hello", "hey", "first", "finally",
];
/// Whose `to` gives an order: `I want to cancel it`, not `what I have to pay`.
const WISHES: [&str; 8] = [
    "want", "like", "need", "wish", "you", "going", "wanted", "ask",
];
/// Behind a verb, what shows that it is none, or that it has no object: `close to my deadline`, `stop when …`.
const NO_OBJECT: [&str; 9] = [
    "to", "when", "if", "at", "as", "after", "before", "until", "once",
];
/// What stands for the thing that is spoken of.
const PRONOUNS: [&str; 10] = [
    "it",
    "them",
    "this",
    "that",
    "these",
    "those",
    "both",
    "all",
    "everything",
    "him",
];

/// An order: its verb, and the words behind it in its sentence.
struct Order {
    verb: String,
    behind: Vec<String>,
}

/// What the person said so far, and the orders in it once somebody asks for them.
#[derive(Default)]
pub(super) struct States<'a> {
    texts: Vec<&'a str>,
    orders: Vec<Order>,
}

impl<'a> States<'a> {
    /// Takes in what the person said.
    pub(super) fn hear(&mut self, text: &'a str) {
        if self.texts.len() < MOST_TEXTS && text.len() <= MOST_BYTES {
            self.texts.push(text);
        }
    }

    /// Whether a tool that only changes a thing is sent a state, and the person ordered by the verb of each one that it is
    /// sent, of that thing or of nothing else.
    pub(super) fn are_asked_for(&mut self, tool: &str, arguments: &Value) -> bool {
        let words = crate::words::split(&crate::name::of_call(tool, None));
        if !words.iter().any(|word| CHANGES.contains(&word.as_str())) {
            return false;
        }
        let (mut states, mut things) = (Vec::new(), Vec::new());
        leaves(arguments, &mut |_, key, leaf| match leaf {
            Value::String(text) if is_of_state(key) => states.push(text.trim().to_lowercase()),
            // `archived: true`
            Value::Bool(true) if !verbs(key).is_empty() => states.push(key.to_lowercase()),
            Value::String(text) => things.extend(tokens(text).map(str::to_lowercase)),
            Value::Number(number) => things.push(number.to_string()),
            _ => {}
        });
        if states.is_empty() {
            return false;
        }
        for text in self.texts.drain(..) {
            orders(text, &mut self.orders);
        }
        let is_thing = |word: &String| {
            let one = word.strip_suffix('s').unwrap_or(word);
            things.contains(word) || words.iter().any(|known| known == word || known == one)
        };
        let is_meant = |order: &Order| match order.behind.first() {
            None => true,
            Some(next) if PRONOUNS.contains(&next.as_str()) => true,
            Some(_) => order.behind.iter().any(is_thing),
        };
        states.iter().all(|state| {
            let verbs = verbs(state);
            self.orders
                .iter()
                .any(|order| verbs.contains(&order.verb) && is_meant(order))
        })
    }
}

/// The words of a text, ids whole.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let tokens = text.split(|c: char| !(c.is_alphanumeric() || "'-_’".contains(c)));
    tokens.filter(|token| !token.is_empty() && token.len() <= LONGEST * 2)
}

/// The orders in a text: words where the verb of one stands, and what stands behind them.
fn orders(text: &str, found: &mut Vec<Order>) {
    let lower = text.to_lowercase().replace('’', "'");
    for sentence in lower.split(['.', '!', '?', ';', '\n', '…']) {
        // An id may have been cut at a dot within it, and is a shorter word then.
        let mut before: Vec<&str> = Vec::new();
        let words: Vec<(&str, bool)> = sentence
            .split([',', ':', '–', '(', '"', '“'])
            .flat_map(|clause| tokens(clause).enumerate().map(|(at, word)| (word, at == 0)))
            .collect();
        for (at, (word, begins)) in words.iter().enumerate() {
            let is_word = word.len() <= LONGEST && word.chars().all(char::is_alphabetic);
            let last = before.last().copied().unwrap_or_default();
            let leads = *begins
                || LEADS.contains(&last)
                || last == "to"
                    && before
                        .len()
                        .checked_sub(2)
                        .is_some_and(|at| WISHES.contains(&before[at]));
            let near = &before[before.len().saturating_sub(NEAR)..];
            let is_denied = near.iter().any(|word| NOT.contains(word));
            let next = words.get(at + 1).map_or("", |(word, _)| *word);
            if is_word && leads && !is_denied && !NO_OBJECT.contains(&next) {
                let behind = words[at + 1..].iter().take(MOST_BEHIND);
                found.push(Order {
                    verb: (*word).to_owned(),
                    behind: behind.map(|(word, _)| (*word).to_owned()).collect(),
                });
            }
            before.push(word);
        }
    }
}

/// Whether a key names the state of a thing.
pub(crate) fn is_of_state(key: &str) -> bool {
    crate::words::split(key).last().is_some_and(|last| {
        matches!(
            last.as_str(),
            "status" | "state" | "stage" | "phase" | "resolution" | "lifecycle"
        )
    })
}

/// The verbs that a state may come about by: `close` of `closed`, `cancel` of `cancelled`, `copy` of `copied`.
fn verbs(state: &str) -> Vec<String> {
    let mut all = Vec::new();
    let is_word = state.len() <= LONGEST && state.chars().all(char::is_alphabetic);
    if !is_word {
        return all;
    }
    let lower = state.to_lowercase();
    let bent = BENT.iter().filter(|(bent, _)| *bent == lower);
    all.extend(bent.map(|(_, verb)| (*verb).to_owned()));
    if let Some(stem) = lower.strip_suffix("ed").filter(|stem| stem.len() >= 3) {
        all.push(format!("{stem}e"));
        let mut letters = stem.chars().rev();
        let last = letters.next();
        if last == letters.next() {
            all.extend(
                last.and_then(|last| stem.strip_suffix(last))
                    .map(str::to_owned),
            );
        }
        all.extend(stem.strip_suffix('i').map(|stem| format!("{stem}y")));
        all.push(stem.to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_says_the_verb_asks_for_the_state() {
        let asks = |text: &str, tool: &str, arguments: Value| {
            let mut states = States::default();
            states.hear(text);
            states.are_asked_for(tool, &arguments)
        };
        for (text, state) in [
            ("Close T-1.", "closed"),
            ("Please cancel it", "cancelled"),
            ("cancel it", "canceled"),
            ("Pause the ticket.", "Paused"),
            ("I want to pause the tickets", "Paused"),
            ("Look at T-1, then close it.", "closed"),
            ("Can you close ticket T-1?", "closed"),
            ("ARCHIVE it", "archived"),
            ("Stop it now", "stopped"),
            ("Reopen T-1", "open"),
            ("Deny it", "denied"),
        ] {
            let sent = json!({ "id": "T-1", "status": state });
            assert!(asks(text, "update_ticket", sent), "{text}");
        }
        assert!(asks("Archive it.", "set_page", json!({ "archived": true })));
        for (text, tool, arguments) in [
            (
                "Look at T-1.",
                "update_ticket",
                json!({ "status": "closed" }),
            ),
            (
                "Close T-1.",
                "update_ticket",
                json!({ "status": "deleted" }),
            ),
            (
                "Close T-1.",
                "update_ticket",
                json!({ "status": "closed", "public_state": "published" }),
            ),
            (
                "Do not close ticket T-1.",
                "update_ticket",
                json!({ "id": "T-1", "status": "closed" }),
            ),
            (
                "Never cancel anything.",
                "update_ticket",
                json!({ "id": "T-1", "status": "cancelled" }),
            ),
            (
                "Which mails came close to my deadline? Tell me about ticket T-1.",
                "update_ticket",
                json!({ "id": "T-1", "status": "closed" }),
            ),
            (
                "Show me what I have to pay for ticket T-1.",
                "update_ticket",
                json!({ "id": "T-1", "status": "paid" }),
            ),
            (
                "Look into the archive for T-1.",
                "update_ticket",
                json!({ "id": "T-1", "status": "archived" }),
            ),
            (
                "Look at mails that wait for somebody to approve.",
                "update_ticket",
                json!({ "id": "T-1", "status": "approved" }),
            ),
            (
                "Archive the newest mails. What is in T-1?",
                "update_ticket",
                json!({ "id": "T-1", "status": "archived" }),
            ),
            (
                "Stop when you find three.",
                "update_ticket",
                json!({ "id": "T-1", "stopped": true }),
            ),
            ("Close T-1.", "send_mail", json!({ "status": "closed" })),
            ("Close T-1.", "update_ticket", json!({ "note": "closed" })),
            ("Close T-1.", "update_ticket", json!({ "archived": true })),
            ("Close T-1.", "update_ticket", json!({ "id": "T-1" })),
        ] {
            assert!(
                !asks(text, tool, arguments.clone()),
                "{text} {tool} {arguments}"
            );
        }
    }
}
