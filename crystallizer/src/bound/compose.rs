//! Texts with ids in them that come from elsewhere: fixed text, and a hole for each.

use super::binder::{Binder, Sent};
use super::binding::Piece;
use super::information::{STRONG, bits};
use super::inputs::Found;
use super::key::Key;
use super::weigh::Outcome;
use crate::leaf::canonical_text;
use serde_json::Value;

/// The longest text in which parts are looked for.
const LONGEST_TEMPLATE: usize = 4_000;

impl Binder<'_> {
    /// A text with ids in it that come from elsewhere: fixed text, and a hole for each.
    pub(super) fn template(&mut self, sent: &Sent<'_>) -> Option<Vec<Piece>> {
        let text = sent.value.as_str()?;
        let kept = self.kept.get(sent.call)?;
        // Nothing is ever put into the text of a program.
        if text.len() > LONGEST_TEMPLATE
            || is_code(&sent.key)
            || crate::determinism::is_shell_tool(&kept.call.name)
        {
            return None;
        }
        let mut pieces = Vec::new();
        let mut done = 0;
        for (start, word) in words_inside(text) {
            if start < done || word.len() >= text.len() {
                continue;
            }
            let value = Value::from(word);
            if bits(&value, &[]) < STRONG || crate::secret::kind("", word).is_some() {
                continue;
            }
            let inner = Sent {
                call: sent.call,
                pointer: sent.pointer.clone(),
                path: sent.path.clone(),
                key: sent.key.clone(),
                value: &value,
            };
            let mention = self.said.find(&value, &[]).filter(|mention| mention.person);
            let mut binding = match mention {
                Some(mention) => {
                    let named = Sent {
                        key: part_key(&value, &sent.key),
                        ..inner
                    };
                    self.input(&named, Found::Said(mention), None)
                }
                None => match self.from_answers(&inner, STRONG) {
                    // A hole that is itself found by wording would be a guess on a guess.
                    Outcome::Bound(binding) if !binding.is_by_wording() => *binding,
                    _ => continue,
                },
            };
            binding.because = format!("{}; it is a part of the text", binding.because);
            pieces.push(Piece::Text(text.get(done..start)?.to_owned()));
            pieces.push(Piece::Value(Box::new(binding)));
            done = start + word.len();
        }
        if pieces.is_empty() {
            return None;
        }
        pieces.push(Piece::Text(text.get(done..)?.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        // One hole alone would lose that it is a text.
        (pieces.len() > 1).then_some(pieces)
    }
}

/// The key of a part of a text: what kind of value it is, as nothing else names it.
fn part_key(value: &Value, around: &Key) -> Key {
    let class = value.as_str().and_then(crate::value_class::of);
    let word = match class {
        Some(crate::value_class::ValueClass::Email) => "email",
        Some(crate::value_class::ValueClass::Url) => "url",
        Some(crate::value_class::ValueClass::Path) => "path",
        _ => "id",
    };
    Key {
        words: vec![word.to_owned()],
        around: around.words.clone(),
    }
}

/// The words of a text with their places, and the parts of addresses among them.
fn words_inside(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    for token in crate::leaf::tokens(text) {
        let start = place(token);
        // Some ids begin with a sign, as `#W1234567` does.
        if let Some(with_sign) = start
            .checked_sub(1)
            .filter(|before| text.as_bytes().get(*before) == Some(&b'#'))
            .and_then(|before| text.get(before..start + token.len()))
        {
            found.push((start - 1, with_sign));
        }
        if canonical_text(token) == token {
            found.push((start, token));
        }
        if token.contains('/') {
            for part in token
                .split(['/', '?', '&', '#', ':'])
                .filter(|part| part.len() >= 4)
            {
                found.push((place(part), part));
            }
        }
    }
    found
}

/// Whether the values under a key are texts that a machine runs.
pub(super) fn is_code(key: &Key) -> bool {
    key.words.iter().any(|word| {
        matches!(
            word.as_str(),
            "command"
                | "cmd"
                | "script"
                | "code"
                | "sql"
                | "statement"
                | "expression"
                | "regex"
                | "pattern"
                | "program"
        )
    })
}
