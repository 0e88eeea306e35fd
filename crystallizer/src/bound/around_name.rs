//! A title that a person said as a whole, with the name of somebody in it whom the session looks up or sends as well:
//! `Call Kira Ortiz`, for the contact Kira Ortiz. The name is the thing, and the words stand around it.

use super::binder::Binder;
use super::binder::Sent;
use super::binding::Piece;
use super::compose::{is_code, is_message};
use super::inputs::Found;
use super::key::Key;
use super::told::places_of;
use serde_json::Value;

/// The most words around a name that are no text of their own.
const MOST_AROUND: usize = 3;
/// The most words of a name.
const MOST_OF_NAME: usize = 4;
/// The letters of the shortest name of one word.
const SHORTEST: usize = 4;
/// How many calls before and behind are looked through for the name.
const NEAREST: usize = 40;

impl Binder<'_, '_> {
    /// The pieces of such a title. As an input of its own it would name the recorded one beside another.
    pub(super) fn around_name(&mut self, sent: &Sent<'_>) -> Option<Vec<Piece>> {
        let text = sent.value.as_str()?;
        let all = text.split_whitespace().count();
        if !is_message(text)
            || is_code(&sent.key)
            || !(2..=MOST_AROUND + MOST_OF_NAME).contains(&all)
        {
            return None;
        }
        let (name, key) = self.name_inside(sent, text)?;
        let value = Value::from(name.as_str());
        let mention = self
            .said
            .find(&value, &[])
            .filter(|mention| mention.person)?;
        let places = places_of(text, &name);
        let [(at, _)] = places.as_slice() else {
            return None;
        };
        let (before, behind) = (&text[..*at], &text[at + name.len()..]);
        let others = before.split_whitespace().count() + behind.split_whitespace().count();
        // Elsewhere the title may be put together otherwise.
        let holds = self
            .witnesses
            .iter()
            .all(|seen| match seen.value(sent.call, &sent.pointer) {
                Some(Value::String(other)) => other.starts_with(before) && other.ends_with(behind),
                _ => true,
            });
        if !(1..=MOST_AROUND).contains(&others) || !holds {
            return None;
        }
        let known = self.inputs.told(&name).cloned();
        let (key, found) = match known {
            Some(input) => (input.key, input.found),
            None => (key, Found::Said(mention)),
        };
        let named = sent.part(key, &value);
        let mut binding = self.input(&named, found, None);
        binding.because = format!("{}; it is a part of the text", binding.because);
        let pieces = [
            Piece::Text(before.to_owned()),
            Piece::Value(Box::new(binding)),
            Piece::Text(behind.to_owned()),
        ];
        let is_empty = |piece: &Piece| matches!(piece, Piece::Text(text) if text.is_empty());
        Some(
            pieces
                .into_iter()
                .filter(|piece| !is_empty(piece))
                .collect(),
        )
    }

    /// The one name in a text that another argument near it is sent as a whole, with the key of that.
    fn name_inside(&self, sent: &Sent<'_>, text: &str) -> Option<(String, Key)> {
        let first = sent.call.saturating_sub(NEAREST);
        let near = self.kept.iter().enumerate().skip(first).take(2 * NEAREST);
        let mut found: Option<(String, Key)> = None;
        let mut is_one = true;
        for (call, kept) in near {
            crate::leaf::leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
                let Some(name) = leaf.as_str() else { return };
                if call == sent.call && pointer == sent.pointer
                    || name.len() >= text.len()
                    || !is_name(name)
                    || name.split(' ').count() == 1 && !self.said.is_said_once(leaf)
                    || places_of(text, name).len() != 1
                {
                    return;
                }
                match &found {
                    Some((known, _)) => is_one &= known == name,
                    None => {
                        let key = Key::new([key].into_iter(), &kept.call.name);
                        found = Some((name.to_owned(), key));
                    }
                }
            });
        }
        found.filter(|_| is_one)
    }
}

/// Whether a value is a name: words with a capital each.
fn is_name(text: &str) -> bool {
    let mut words = text.split(' ');
    let count = words.clone().count();
    let is_own = |word: &str| {
        word.starts_with(char::is_uppercase)
            && word
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'))
    };
    (1..=MOST_OF_NAME).contains(&count)
        && words.all(is_own)
        && text.chars().filter(|c| c.is_lowercase()).count() + 1 >= SHORTEST
}
