//! States that somebody asked for by the verb: who says `close it` wants its status to be `closed`, by whatever tool.

use crate::leaf::leaves;
use serde_json::Value;
use std::collections::HashSet;

/// The longest word of a state, in bytes.
const LONGEST: usize = 24;
/// The most texts, and bytes of one, that are looked through for verbs.
const MOST_TEXTS: usize = 1_000;
const MOST_BYTES: usize = 20_000;

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

/// What the person said so far, and the words of it once somebody asks for them.
#[derive(Default)]
pub(super) struct States<'a> {
    texts: Vec<&'a str>,
    words: HashSet<String>,
}

impl<'a> States<'a> {
    /// Takes in what the person said.
    pub(super) fn hear(&mut self, text: &'a str) {
        if self.texts.len() < MOST_TEXTS && text.len() <= MOST_BYTES {
            self.texts.push(text);
        }
    }

    /// Whether a tool that only changes a thing is sent a state, and the person said the verb of each one that it is sent.
    pub(super) fn are_asked_for(&mut self, tool: &str, arguments: &Value) -> bool {
        let words = crate::words::split(&crate::name::of_call(tool, None));
        if !words.iter().any(|word| CHANGES.contains(&word.as_str())) {
            return false;
        }
        let mut states = Vec::new();
        leaves(arguments, &mut |_, key, leaf| match leaf {
            Value::String(text) if is_of_state(key) => states.push(text.trim().to_lowercase()),
            // `archived: true`
            Value::Bool(true) if !verbs(key).is_empty() => states.push(key.to_lowercase()),
            _ => {}
        });
        if states.is_empty() {
            return false;
        }
        for text in self.texts.drain(..) {
            let all = text.split(|c: char| !c.is_alphabetic());
            let all = all.filter(|word| !word.is_empty() && word.len() <= LONGEST);
            self.words.extend(all.map(str::to_lowercase));
        }
        states.iter().all(|state| {
            let mut verbs = verbs(state).into_iter();
            verbs.any(|verb| self.words.contains(&verb))
        })
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
            ("Pause the campaign.", "Paused"),
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
