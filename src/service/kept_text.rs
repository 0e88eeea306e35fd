//! The text of a document as somebody wrote it, comments and all, once a program has changed the document.

use super::tokens::clip;
use druse_engine::Finding;
use druse_engine::definition::{Document, amend, comments};

/// A text that says another document than before.
#[derive(Debug, Default)]
pub struct KeptText {
    /// The text; none where nothing of it can be kept, or there was none.
    pub text: Option<String>,
    /// The comments that are not in it any more, in their order.
    pub lost: Vec<String>,
}

impl KeptText {
    /// The text of `before` made to say `after`: only the lines of what differs are written anew.
    pub fn of(text: Option<&str>, before: &Document, after: &Document) -> Self {
        let Some(text) = text else {
            return Self::default();
        };
        match amend(text, before, after) {
            Some(amended) => Self {
                text: Some(amended.text),
                lost: amended.lost,
            },
            None => Self {
                text: None,
                lost: comments(text)
                    .into_iter()
                    .filter(|comment| !comment.starts_with(OF_EDITORS))
                    .collect(),
            },
        }
    }

    /// What is told once comments are lost.
    pub fn told(&self) -> Option<Finding> {
        let help = "The version before still has them; write them again where they are missed.";
        self.finding("is", "are", help)
    }

    /// What is told before they are.
    pub fn warned(&self) -> Option<Finding> {
        let help = "Nothing is made yet, and the newest version has them; note what is missed before you go on.";
        self.finding("would be", "would be", help)
    }

    fn finding(&self, one: &str, many: &str, help: &str) -> Option<Finding> {
        let named = |comment: &String| format!("`{}`", clip(comment));
        let message = match self.lost.as_slice() {
            [] => return None,
            [comment] => format!("The comment {} {one} lost.", named(comment)),
            all => {
                let first: Vec<String> = all.iter().take(NAMED).map(named).collect();
                let more = match all.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(
                    "{} comments {many} lost: {}{more}.",
                    all.len(),
                    first.join(", ")
                )
            }
        };
        Some(Finding::info("comments_lost", message).help(help))
    }
}

/// Where an editor finds the schema: written by Druse, and by nobody else.
const OF_EDITORS: &str = "# yaml-language-server:";

/// Comments that are named before the others are counted.
const NAMED: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::definition::{Syntax, parse};

    fn document(text: &str) -> Document {
        parse(text, Syntax::Yaml).unwrap().document
    }

    #[test]
    fn comments_stay_with_what_stays_and_the_others_are_named_before_and_after() {
        let text = "# pays what is due\ndruse: 1\nname: pay\nsteps:\n  # the bank is slow\n  - { id: ask, action: transform, with: { value: 1 } }\n  - { id: tell, action: transform, with: { value: 2 } } # not before noon\n";
        let before = document(text);
        let mut after = before.clone();
        after.description = Some("Pays".into());
        let kept = KeptText::of(Some(text), &before, &after);
        assert!(kept.lost.is_empty(), "{kept:?}");
        assert!(kept.told().is_none() && kept.warned().is_none());
        let written = kept.text.unwrap();
        for comment in [
            "# pays what is due",
            "# the bank is slow",
            "# not before noon",
        ] {
            assert!(written.contains(comment), "{written}");
        }
        assert_eq!(document(&written), after);

        after.steps.remove(1);
        let kept = KeptText::of(Some(text), &before, &after);
        assert_eq!(kept.lost, ["# not before noon"]);
        let told = kept.told().unwrap().message;
        assert_eq!(told, "The comment `# not before noon` is lost.");
        let warned = kept.warned().unwrap().message;
        assert_eq!(warned, "The comment `# not before noon` would be lost.");
        // JSON has none.
        assert!(KeptText::of(None, &before, &after).text.is_none());
    }
}
