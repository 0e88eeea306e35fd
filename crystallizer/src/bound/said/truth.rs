//! What a person said of something that is on or off: `notify is true`, `set it to on`, `disable the newsletter`.

use super::{Mention, Said};
use crate::bound::key::named_by;

/// How many words away the name of what is on or off may stand.
const NEAREST: usize = 3;
/// The most places of a word that are looked at.
const MOST_PLACES: usize = 256;

/// The words for the two values.
const WORDS: [(&str, bool); 18] = [
    ("true", true),
    ("yes", true),
    ("on", true),
    ("enable", true),
    ("enabled", true),
    ("enabling", true),
    ("ja", true),
    ("aktiviere", true),
    ("aktiviert", true),
    ("false", false),
    ("no", false),
    ("off", false),
    ("disable", false),
    ("disabled", false),
    ("disabling", false),
    ("nein", false),
    ("deaktiviere", false),
    ("deaktiviert", false),
];

/// Words of keys that only say that something is on or off, not what.
fn is_plain(word: &str) -> bool {
    is_turned(word)
        || matches!(
            word,
            "is" | "has"
                | "be"
                | "should"
                | "flag"
                | "on"
                | "enable"
                | "enabled"
                | "active"
                | "activated"
                | "power"
                | "powered"
                | "switch"
                | "switched"
        )
}

/// Words of keys under which `true` means that something is off.
fn is_turned(word: &str) -> bool {
    matches!(
        word,
        "off" | "disable" | "disabled" | "inactive" | "deactivated" | "no" | "not" | "without"
    )
}

/// What stands beside a word in its clause.
struct Beside<'t> {
    before: Vec<&'t str>,
    behind: Vec<&'t str>,
}

impl Said {
    /// Where a person said of what a key names that it is to be so.
    pub(in crate::bound) fn find_truth(&self, value: bool, key: &[String]) -> Option<Mention> {
        let names: Vec<String> = key.iter().filter(|word| !is_plain(word)).cloned().collect();
        let turned = key.iter().any(|word| is_turned(word));
        WORDS
            .iter()
            .filter(|(_, says)| (*says != turned) == value)
            .flat_map(|(word, _)| {
                let places = self
                    .words
                    .get(*word)
                    .into_iter()
                    .flatten()
                    .take(MOST_PLACES);
                places.map(move |(at, place)| (*word, self.mention(*at, *place, 1)))
            })
            .filter(|(_, mention)| mention.person)
            .find(|(word, mention)| {
                let (before, behind) = self.beside_in_clause(mention);
                let beside = Beside { before, behind };
                match names.is_empty() {
                    true => beside.says_plainly(word, key),
                    false => beside.says_of(word, &names),
                }
            })
            .map(|(_, mention)| mention)
    }
}

impl Beside<'_> {
    /// Whether the word is said of what one of these names.
    fn says_of(&self, word: &str, names: &[String]) -> bool {
        let near = |far: usize| {
            let before = self.before.iter().rev().take(far);
            let behind = self.behind.iter().take(far);
            before.chain(behind).any(|other| named_by(names, other))
        };
        match word {
            // What is denied stands right behind it.
            "no" => near(1) || self.ends() && near(NEAREST),
            "on" | "off" => (self.turns() || self.ends()) && near(NEAREST),
            _ => near(NEAREST),
        }
    }

    /// Whether the word is said where the key names nothing but that something is on or off.
    fn says_plainly(&self, word: &str, key: &[String]) -> bool {
        match word {
            "on" | "off" => self.turns() || self.ends() && self.sets(),
            "true" | "false" | "yes" | "no" | "ja" | "nein" => {
                let before = self.before.iter().rev().take(NEAREST);
                before
                    .into_iter()
                    .any(|other| key.iter().any(|own| own == other))
            }
            _ => true,
        }
    }

    /// Whether the word belongs to a verb right before it: `turn on the light`.
    fn turns(&self) -> bool {
        let last = self.before.last();
        last.is_some_and(|word| matches!(*word, "turn" | "turned" | "switch" | "switched"))
    }

    /// Whether a verb before it says that something is put so: `set the lamp to`, `the lamp is`.
    fn sets(&self) -> bool {
        self.before.iter().any(|word| {
            matches!(
                *word,
                "turn"
                    | "switch"
                    | "set"
                    | "put"
                    | "make"
                    | "leave"
                    | "keep"
                    | "to"
                    | "is"
                    | "be"
                    | "are"
            )
        })
    }

    /// Whether nothing follows that the word would belong to, as `Monday` in `on Monday`.
    fn ends(&self) -> bool {
        self.behind.first().is_none_or(|word| {
            matches!(
                *word,
                "and" | "or" | "then" | "for" | "please" | "und" | "oder" | "bitte" | "again"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::key::words;

    #[test]
    fn what_is_on_or_off_is_said_beside_what_it_is() {
        for (text, key, value, expected) in [
            ("Set the lamp DEV-4471 to on", "on", true, true),
            ("Set the lamp DEV-4471 to off", "on", false, true),
            ("Turn it off, please.", "on", false, true),
            ("Turn on the lamp in the hall", "on", true, true),
            ("Switch the heating off", "enabled", false, true),
            (
                "Refund order W1, reason damaged. Notify is true.",
                "notify",
                true,
                true,
            ),
            ("Refund order W1. Notify: yes", "notify", true, true),
            (
                "Refund it with notify set to false.",
                "notify_customer",
                false,
                true,
            ),
            ("Disable the newsletter of Ana", "newsletter", false, true),
            ("Disable the account of Ana", "disabled", true, true),
            ("Enable the account of Ana", "disabled", false, true),
            ("Book it with no insurance", "insurance", false, true),
            // Said of something else, or as another word.
            ("Set the lamp DEV-4471 to on", "on", false, false),
            ("Refund it on 2027-03-14", "on", true, false),
            ("Meet on Monday", "enabled", true, false),
            ("Take 10 % off the price", "enabled", false, false),
            ("Notify them on Monday", "notify", true, false),
            ("Yes, do it", "notify", true, false),
            (
                "There is no order of this name, notify me",
                "order_public",
                true,
                false,
            ),
            ("Set the lamp to on", "notify", true, false),
        ] {
            let mut said = Said::default();
            said.hear(text, true);
            let found = said.find_truth(value, &words(key));
            assert_eq!(found.is_some(), expected, "{text} {key} {value}");
        }
        let mut told = Said::default();
        told.hear("Notify is true", false);
        assert_eq!(
            told.find_truth(true, &words("notify")),
            None,
            "instructions"
        );
    }
}
