//! Values that are found in a text by what stands around them, where that has a name which the person said: of `the PIN
//! of Delhi` the line of Delhi is read. In another run another name is said, and its line is the one that is meant.

use super::binder::{Binder, Sent};
use super::binding::Binding;
use super::evaluate::quoted;
use super::inputs::Found;
use super::key::{Key, named_by};
use super::parts;
use super::said::Mention;
use super::transform::{Op, Transform};
use serde_json::Value;

/// The letters from which on the last part of a word in small letters is a word itself.
const SHORT: usize = 3;
/// The letters from which on a word before a name says of what kind it is: `the city Delhi`.
const KIND: usize = 4;

impl Binder<'_, '_> {
    /// What gives a value that is found by the words around it: with the input in the place of a name that the person said.
    pub(super) fn with_said_anchor(
        &mut self,
        sent: &Sent<'_>,
        binding: Box<Binding>,
    ) -> Box<Binding> {
        if !binding.is_by_wording() {
            return binding;
        }
        let Some(Op::Between(before, after)) = binding.transform.0.first() else {
            return binding;
        };
        let anchors = [before.as_str(), after.as_str()];
        let named = anchors
            .iter()
            .enumerate()
            .find_map(|(which, anchor)| Some((which, self.name_in(anchor, &sent.key.words)?)));
        let Some((which, (at, name, mention))) = named else {
            return binding;
        };
        let plain = Op::Between(before.clone(), after.clone()).write("");
        let Some((base, _)) = binding.expression.split_once(plain.trim_start()) else {
            return binding;
        };
        let base = base.trim_end().trim_end_matches('|').trim_end().to_owned();
        let value = Value::from(name.as_str());
        let of_name = self.input(
            &sent.part(self.kind_of(&mention), &value),
            Found::Said(mention),
            None,
        );
        let source = Binding {
            expression: base,
            transform: Transform::default(),
            ..(*binding).clone()
        };
        let written = |places: &[String]| {
            let mut all = anchors.map(quoted);
            let (front, behind) = (&anchors[which][..at], &anchors[which][at + name.len()..]);
            let own = [front, behind].map(|text| (!text.is_empty()).then(|| quoted(text)));
            let [front, behind] = own;
            let pieces = front.into_iter().chain([places[1].clone()]).chain(behind);
            all[which] = pieces.collect::<Vec<_>>().join(" ~ ");
            let between = format!("{} | between({}, {})", places[0], all[0], all[1]);
            let rest = Transform(binding.transform.0.iter().skip(1).cloned().collect());
            rest.write(&between)
        };
        let because = format!(
            "{}; the person said the name that it stands beside: “{}”",
            binding.because,
            self.said.quote(&mention)
        );
        let made = Binding {
            score: binding.score,
            agreeing: binding.agreeing.clone(),
            from_text: binding.from_text,
            compared: binding.compared.clone(),
            ..parts::made(vec![source, of_name], sent.value, &because, written)
        };
        match self.recorded.evaluate(&made.expression).as_ref() == Some(sent.value) {
            true => Box::new(made),
            false => binding,
        }
    }

    /// The name in the words around a value that the person said, with where it begins there.
    fn name_in(&self, anchor: &str, key: &[String]) -> Option<(usize, String, Mention)> {
        let mut found = None;
        for token in crate::leaf::tokens(anchor) {
            let value = Value::from(token);
            // `e-mail` is a word: the last part of a name in small letters is short, as in `project-a`.
            let ends_short = token
                .rsplit_once(['-', '_', '/'])
                .is_some_and(|(_, last)| last.chars().count() < SHORT);
            let is_name = token.starts_with(char::is_uppercase)
                || token.bytes().any(|b| b.is_ascii_digit())
                || token.contains('@')
                || ends_short;
            // What the key says is wording: `the PIN is …` for a `pin`.
            let plain: String = token.chars().filter(|c| c.is_alphanumeric()).collect();
            let is_name = is_name && !named_by(key, &plain.to_lowercase());
            let mention = self.said.find_written(token);
            if let Some(mention) = mention.filter(|_| is_name && token.len() > 1)
                && !self.said.is_only_deed(&value)
            {
                let at = token.as_ptr() as usize - anchor.as_ptr() as usize;
                found = Some((at, token.to_owned(), mention));
            }
        }
        found
    }

    /// What a name is one of, by the word before it.
    fn kind_of(&self, mention: &Mention) -> Key {
        let (before, _) = self.said.neighbours(mention);
        let kind = before.filter(|word| {
            word.len() >= KIND
                && word.bytes().all(|b| b.is_ascii_lowercase())
                && !matches!(
                    *word,
                    "from" | "with" | "over" | "than" | "into" | "about" | "only"
                )
        });
        Key {
            words: vec![kind.unwrap_or("name").to_owned()],
            around: Vec::new(),
        }
    }
}
