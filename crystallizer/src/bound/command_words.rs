//! Words of a line for a shell that come from elsewhere. A line is fixed text; a word in it that is data and whose
//! source is certain is given to the shell beside the line, as an argument of its own. Nothing is asked about the
//! others: they stay.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Piece};
use super::compose::{part_key, words_inside};
use super::decide::Decisions;
use super::information::{STRONG, bits};
use super::inputs::Found;
use super::key::Key;
use super::weigh::Outcome;
use crate::kept::{Kept, Spot};
use crate::tool_map::{
    LineWord, Origin, given_apart, reads_program, word_number, word_pointer, words,
};
use druse_engine::definition::Document;
use druse_engine::expression::{is_plain_path, is_plain_word};
use serde_json::Value;

impl Binder<'_, '_> {
    /// Binds the words of a line.
    pub(super) fn command_words(&mut self, at: usize) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let Some(shell) = &kept.target.shell else {
            return;
        };
        // What further recordings have in a line is not aligned word by word.
        if kept.target.origin != Origin::Builtin || !self.witnesses.is_empty() {
            return;
        }
        // Which program runs is decided by the line, and acknowledged by its name.
        let programs = crate::programs::with_builtins(&shell.line());
        for word in words(shell) {
            if programs.contains(&word.text) {
                continue;
            }
            let value = Value::from(word.text.as_str());
            let sent = Sent {
                call: at,
                pointer: word_pointer(word.number),
                path: vec!["command".to_owned()],
                key: key(&word, &value),
                value: &value,
            };
            let pieces = match self.word_source(&sent, &word.text, &value) {
                // An option is none that a value decides about.
                Some(binding) if is_plain_path(&word.text) => {
                    vec![Piece::Value(Box::new(as_word(binding, &word.text)))]
                }
                _ => self.word_parts(&sent, &word.text),
            };
            if !pieces.is_empty() {
                self.bind(&sent, pieces);
            }
            for form in super::canonical::forms(&value) {
                self.sent.insert(&form);
            }
        }
    }

    /// Where a word, or a part of one, comes from: the person's words, or data that was answered.
    fn word_source(&mut self, sent: &Sent<'_>, text: &str, value: &Value) -> Option<Binding> {
        if bits(value, &[]) < STRONG || crate::secret::kind("", text).is_some() {
            return None;
        }
        let said = self.said.find(value, &[]).filter(|mention| mention.person);
        if let Some(mention) = said {
            return Some(self.input(sent, Found::Said(mention), None));
        }
        match self.among_answers(sent, STRONG) {
            Outcome::Bound(binding) if !binding.from_text => Some(*binding),
            _ => None,
        }
    }

    /// The parts of a word: behind the host of an address, each one segment of it, or behind the `=` of an option.
    fn word_parts(&mut self, sent: &Sent<'_>, text: &str) -> Vec<Piece> {
        let path = match text.split_once("://") {
            Some((scheme, rest)) => rest.find('/').map(|at| scheme.len() + 3 + at),
            None if text.contains('/') => None,
            None => text
                .find('=')
                .filter(|at| text.starts_with('-') && !reads_program(&text[..*at])),
        };
        let Some(path) = path else { return Vec::new() };
        let is_address = text.contains("://");
        let mut pieces = Vec::new();
        let mut done = 0;
        for (start, part) in words_inside(text) {
            let plain = part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if start < done.max(path + 1) || !plain {
                continue;
            }
            let value = Value::from(part);
            let inner = sent.part(
                part_name(&text[..start]).unwrap_or_else(|| part_key(&value, &Key::default())),
                &value,
            );
            if let Some(mut binding) = self.word_source(&inner, part, &value) {
                if is_address {
                    binding.expression = format!("{} | url_segment", binding.expression);
                } else {
                    binding = as_word(binding, part);
                }
                binding.because = format!("{}; it is a part of the word", binding.because);
                pieces.push(Piece::Text(text[done..start].to_owned()));
                pieces.push(Piece::Value(Box::new(binding)));
                done = start + part.len();
            }
        }
        if !pieces.is_empty() && done < text.len() {
            pieces.push(Piece::Text(text[done..].to_owned()));
        }
        pieces
    }
}

/// A value that another run gives may be none that the program takes for something else than the recorded one.
fn as_word(mut binding: Binding, recorded: &str) -> Binding {
    let filter = match is_plain_word(recorded) {
        true => "plain_word",
        false => "plain_path",
    };
    binding.expression = format!("{} | {filter}", binding.expression);
    binding
}

/// What a word is called: by the option before it that it belongs to, else by what it is.
fn key(word: &LineWord, value: &Value) -> Key {
    // Behind one dash stand letters, each a switch, and behind some names nothing does.
    let name = word
        .option
        .as_deref()
        .and_then(|option| option.strip_prefix("--"))
        .filter(|name| name.len() > 1 && !is_switch(name));
    match name {
        Some(name) => Key::new([name].into_iter(), ""),
        None => part_key(value, &Key::default()),
    }
}

/// Whether an option takes no value with almost any program.
fn is_switch(name: &str) -> bool {
    name.starts_with("no-")
        || matches!(
            name,
            "force"
                | "recursive"
                | "verbose"
                | "quiet"
                | "silent"
                | "yes"
                | "all"
                | "dry-run"
                | "delete"
                | "hard"
                | "soft"
                | "prune"
                | "purge"
                | "wait"
                | "watch"
                | "json"
                | "raw"
                | "insecure"
                | "fail"
                | "follow"
        )
}

/// What a part of a word is called, by what stands right before it: the name before `=`, or the things of which an
/// address names one.
fn part_name(before: &str) -> Option<Key> {
    if let Some(before) = before.strip_suffix('=') {
        let name = before.rsplit(['?', '&']).next()?.trim_start_matches('-');
        return (!name.is_empty()).then(|| Key::new([name].into_iter(), ""));
    }
    let name = before.strip_suffix('/')?.rsplit('/').next()?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    is_name.then(|| Key::new([name, "id"].into_iter(), ""))
}

/// Gives the bound words of lines to their shells beside the lines.
pub(super) fn set_apart(
    document: &mut Document,
    kept: &mut [Kept<'_>],
    spots: &[Spot],
    decisions: &mut Decisions<'_>,
) {
    for ((kept, spot), decided) in kept.iter_mut().zip(spots).zip(&mut decisions.calls) {
        let mut numbers: Vec<usize> = decided
            .bound
            .iter()
            .filter_map(|bound| word_number(&bound.pointer))
            .collect();
        numbers.sort_unstable();
        if numbers.is_empty() {
            continue;
        }
        let made =
            kept.target.shell.as_ref().and_then(|shell| {
                given_apart(shell, &kept.target.filled.request.whole(), &numbers)
            });
        let with = spot.step_mut(document).and_then(|step| step.with.as_mut());
        let (Some((request, places)), Some(with)) = (made, with) else {
            decided
                .bound
                .retain(|bound| word_number(&bound.pointer).is_none());
            continue;
        };
        let argv = request.get("argv").cloned().unwrap_or_default();
        let swap = |map: &mut serde_json::Map<String, Value>| {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(key, value)| match key.as_str() {
                    "script" | "argv" => ("argv".to_owned(), argv.clone()),
                    _ => (key, value),
                })
                .collect();
        };
        let before = kept.target.filled.clone();
        swap(with);
        kept.target.filled.request = request.into();
        let places = places.into_iter();
        kept.target.filled.places = places
            .map(|(place, number)| (place.into(), word_pointer(number).into()))
            .collect();
        kept.target.line = Some(Box::new(before));
    }
}

/// Makes the lines whole again.
pub(super) fn put_together(kept: &mut [Kept<'_>]) {
    for kept in kept {
        if let Some(before) = kept.target.line.take() {
            kept.target.filled = *before;
        }
    }
}
