//! What somebody said in the place of a word, in a sentence that is the same but for what the inputs are: `change their
//! business trips` where the recording has `change their premium trips`.

use super::{Mention, Said};

/// How many words of such a sentence have to be the same at least.
const SAME: usize = 3;

/// A sentence: its text, and the places of its words.
type Placed = (usize, std::ops::Range<usize>);

impl Said {
    /// The one word that people said in another session in the place of a word of this one, in the same words but for
    /// those in `slots`. None where no sentence there is so, or where two of them differ in it.
    pub(in crate::bound) fn in_same_words<'o>(
        &self,
        mention: &Mention,
        slots: &[&Mention],
        other: &'o Self,
    ) -> Option<&'o str> {
        if mention.length != 1 {
            return None;
        }
        let (text, own) = self.placed(mention.text, mention.word)?;
        let spoken = self.texts.get(text)?;
        let is_slot = |place: usize| {
            slots.iter().any(|slot| {
                slot.text == text && (slot.word..slot.word + slot.length).contains(&place)
            })
        };
        let same = own.clone().filter(|place| !is_slot(*place)).count();
        if same < SAME
            || slots
                .iter()
                .any(|slot| slot.text == text && slot.length > 1 && own.contains(&slot.word))
        {
            return None;
        }
        let mut found: Option<&str> = None;
        for (at, there) in other.texts.iter().enumerate().filter(|(_, one)| one.person) {
            let mut from = 0;
            while let Some((_, place)) = other.placed(at, from) {
                from = place.end;
                let is_it = place.len() == own.len()
                    && own.clone().zip(place.clone()).all(|(mine, theirs)| {
                        is_slot(mine) || spoken.words.get(mine) == there.words.get(theirs)
                    });
                if !is_it {
                    continue;
                }
                let word = place.start + (mention.word - own.start);
                let begin = *there.starts.get(word)?;
                let said = there
                    .text
                    .get(begin..begin + there.words.get(word)?.len())?;
                if found.is_some_and(|known| known != said) {
                    return None;
                }
                found = Some(said);
            }
        }
        found
    }

    /// The sentence that a word of a text stands in.
    fn placed(&self, text: usize, word: usize) -> Option<Placed> {
        let sentences = &self.texts.get(text)?.sentences;
        let own = sentences.get(word)?;
        let from = sentences.partition_point(|one| one < own);
        let to = sentences.partition_point(|one| one <= own);
        Some((text, from..to))
    }
}

#[cfg(test)]
mod tests {
    use super::Said;
    use serde_json::json;

    #[test]
    fn what_stands_in_the_same_words_is_known() {
        let said = |text: &str| {
            let mut said = Said::default();
            said.hear(text, true);
            said
        };
        let own = said("I live in Lima. Please change their premium trips to economy class.");
        let find = |word: &str| own.find(&json!(word), &[]).unwrap();
        let (class, other) = (find("premium"), find("economy"));
        for (text, expected) in [
            (
                "Please change their business trips to economy class.",
                Some("business"),
            ),
            (
                "I have 2 cats. Please change their Business trips to first class.",
                Some("Business"),
            ),
            ("Please change my business trips to economy class.", None),
            ("Change their business trips to economy class.", None),
            (
                "Please change their long business trips to economy class.",
                None,
            ),
            (
                "Please change their business trips to economy class. Please change their first trips to economy class.",
                None,
            ),
        ] {
            let there = said(text);
            let found = own.in_same_words(&class, &[&class, &other], &there);
            assert_eq!(found, expected, "{text}");
        }
        // Where the other one is no input, it has to be the same.
        let there = said("Please change their business trips to first class.");
        assert_eq!(own.in_same_words(&class, &[&class], &there), None);
        // Too few words are the same.
        let short = said("Take premium trips.");
        let class = short.find(&json!("premium"), &[]).unwrap();
        let there = said("Take business trips.");
        assert_eq!(short.in_same_words(&class, &[&class], &there), None);
    }
}
