//! When somebody got in touch. `I already called on May 23` says nothing about which of several things is meant, though
//! one of them may have that day.

use super::{Mention, Said};

/// How many words may stand between what was done and its day: `called you back on`.
const BETWEEN: usize = 4;

impl Said {
    /// Whether a person only says with it when somebody called, wrote or the like.
    pub(in crate::bound) fn tells_of_contact(&self, mention: &Mention) -> bool {
        let (before, _) = self.beside_in_clause(mention);
        let near = before.iter().rev().take(BETWEEN + 1);
        near.into_iter().any(|word| gets_in_touch(word))
    }
}

/// Whether a word tells that somebody got in touch, and cannot be said of a thing.
fn gets_in_touch(word: &str) -> bool {
    matches!(
        word,
        "called"
            | "phoned"
            | "rang"
            | "telephoned"
            | "wrote"
            | "written"
            | "emailed"
            | "mailed"
            | "texted"
            | "messaged"
            | "contacted"
            | "spoke"
            | "spoken"
            | "talked"
            | "complained"
            | "angerufen"
            | "telefoniert"
            | "geschrieben"
            | "gesprochen"
            | "beschwert"
            | "schrieb"
            | "sprach"
    )
}

/// Whether one of some words names what is made when somebody gets in touch: a message may well be told by the day on
/// which it was written.
pub(in crate::bound) fn is_of_contact<'w>(mut words: impl Iterator<Item = &'w str>) -> bool {
    words.any(|word| {
        matches!(
            word,
            "activity"
                | "call"
                | "case"
                | "chat"
                | "complaint"
                | "contact"
                | "conversation"
                | "email"
                | "event"
                | "inbox"
                | "inquiry"
                | "interaction"
                | "issue"
                | "letter"
                | "log"
                | "mail"
                | "message"
                | "note"
                | "request"
                | "sms"
                | "thread"
                | "ticket"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_day_on_which_somebody_got_in_touch_is_known() {
        for (text, expected) in [
            ("I already called on May 23. Take the latest order.", true),
            ("My wife wrote to you on May 23, and nobody answered.", true),
            ("I called. On May 23 my order came.", false),
            ("I called, and it came on May 23.", false),
            ("Take the order of May 23.", false),
            ("It was bought on May 23.", false),
        ] {
            let mut said = Said::default();
            said.hear(text, true);
            let mention = said.find(&json!("2027-05-23"), &[]).unwrap();
            assert_eq!(said.tells_of_contact(&mention), expected, "{text}");
        }
    }
}
