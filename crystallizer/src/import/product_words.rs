//! Whose words a text holds that was recorded as the person's: products put much beside them, in elements of their own.

use crate::session::{Role, handed_on};

/// Whose words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// The product's, or of a text that it hands on.
    Product,
    /// The agent's own, or of the model before it: what it made of all that it had read when that became too long.
    Agent,
    /// Of who gave the agent its task.
    Asker,
}

impl Words {
    /// The role in which they stand in a session whose agent a person asked.
    pub(super) fn role(self) -> Role {
        match self {
            Self::Product => Role::System,
            Self::Agent => Role::Assistant,
            Self::Asker => Role::User,
        }
    }
}

/// The elements that products put beside the person's words. A text that begins with another mark of what is handed on
/// is the product's as a whole: it says more behind the element.
const BESIDE: [&str; 14] = [
    "system-reminder",
    "ide_selection",
    "ide_opened_file",
    "ide_diagnostics",
    "user-prompt-submit-hook",
    "teammate-message",
    "bash-stdout",
    "bash-stderr",
    // Cline, Roo Code and Kilo Code.
    "environment_details",
    // Codex.
    "environment_context",
    "user_instructions",
    "turn_aborted",
    "hook_prompt",
    "recommended_plugins",
];

/// How products begin a message in the person's place that holds what a model wrote when a conversation became too long.
const SUMMED_UP: [&str; 5] = [
    // Claude Code.
    "This session is being continued from a previous conversation that ran out of context",
    // Codex.
    "Another language model started to solve this problem and produced a summary of its thinking process",
    // pi.
    "The conversation history before this point was compacted into the following summary:",
    "The following is a summary of a branch that this conversation came back from:",
    // LangChain.
    "Here is a summary of the conversation to date:",
];

/// The element in which Gemini CLI and Qwen Code put such a summary, and the one for notes before it.
const SNAPSHOT: &str = "state_snapshot";
const SCRATCHPAD: &str = "scratchpad";

/// The elements in which the same products put the person's words.
const AROUND: [&str; 3] = ["task", "feedback", "user_message"];
/// What tells such a product.
const WITH_AROUND: &str = "environment_details";

/// How the instructions of a project begin and end that Codex gives as a message of its own.
const OF_PROJECT: (&str, &str) = ("# AGENTS.md instructions", "</INSTRUCTIONS>");

/// The words of a text, each with whose they are; `None` where all are the person's.
pub(super) fn cut(said: &str) -> Option<Vec<(Words, &str)>> {
    if is_summary(said) {
        return Some(vec![(Words::Agent, said)]);
    }
    if !said.contains('<') && handed_on(said).is_none() {
        return None;
    }
    let of_project =
        said.trim_start().starts_with(OF_PROJECT.0) && said.trim_end().ends_with(OF_PROJECT.1);
    let is_element = element(said).is_some();
    if of_project || handed_on(said).is_some() && !is_element {
        return Some(vec![(Words::Product, said)]);
    }
    if !is_element {
        return None;
    }
    let mut all = elements(said);
    let details = |(whose, words): &(Words, &str)| {
        *whose == Words::Product && begins(words, WITH_AROUND).is_some()
    };
    if all.iter().any(details) {
        unwrap(&mut all);
    }
    Some(all)
}

/// Whether a message begins as one that holds what a model made of the conversation so far.
pub(super) fn is_summary(said: &str) -> bool {
    let start = said.trim_start();
    let noted = || begins(start, SCRATCHPAD).is_some() && start.contains("<state_snapshot>");
    SUMMED_UP.iter().any(|head| start.starts_with(head)) || noted()
}

/// The words of the texts that one message holds, as [`cut`]; `None` where all are the person's.
pub(super) fn cut_all<'t>(texts: &[&'t str]) -> Option<Vec<(Words, &'t str)>> {
    let parts: Vec<Option<Vec<(Words, &str)>>> = texts.iter().map(|text| cut(text)).collect();
    if parts.iter().all(Option::is_none) {
        return None;
    }
    let whole = texts.iter().map(|text| vec![(Words::Asker, *text)]);
    let parts = parts.into_iter().zip(whole);
    let mut all: Vec<(Words, &str)> = parts
        .flat_map(|(parts, whole)| parts.unwrap_or(whole))
        .collect();
    let details = |(whose, words): &(Words, &str)| {
        *whose == Words::Product && begins(words, WITH_AROUND).is_some()
    };
    if all.iter().any(details) {
        unwrap(&mut all);
    }
    Some(all)
}

/// A text in its order: the elements of products, and what stands between them.
pub(super) fn elements(said: &str) -> Vec<(Words, &str)> {
    let mut all = Vec::new();
    let mut rest = said;
    while let Some((from, to)) = element(rest) {
        let (before, inside, after) = (&rest[..from], &rest[from..to], &rest[to..]);
        if !before.trim().is_empty() {
            all.push((Words::Asker, before));
        }
        let whose = match begins(inside, SNAPSHOT) {
            Some(_) => Words::Agent,
            None => Words::Product,
        };
        all.push((whose, inside));
        rest = after;
    }
    if !rest.trim().is_empty() || all.is_empty() {
        all.push((Words::Asker, rest));
    }
    all
}

/// Takes the elements away in which a product put the person's words.
fn unwrap(all: &mut [(Words, &str)]) {
    for (whose, words) in all {
        if *whose != Words::Asker {
            continue;
        }
        let inside = AROUND.iter().find_map(|name| {
            let rest = begins(words.trim(), name)?.strip_prefix('>')?;
            let inside = rest.strip_suffix(&format!("</{name}>"))?;
            (!inside.contains(&format!("<{name}>"))).then(|| inside.trim())
        });
        if let Some(inside) = inside {
            *words = inside;
        }
    }
}

/// Whether a text begins with an element of a product.
pub(super) fn begins_with_element(text: &str) -> bool {
    BESIDE.iter().any(|name| begins(text, name).is_some())
}

/// Where the first element of a product begins at the start of a line, and where it ends. What stands in it may hold
/// its closing tag, too: it ends with the last one. One that is never closed is one only at the start of a text, and
/// goes on to the end: a person may write about such a tag.
fn element(text: &str) -> Option<(usize, usize)> {
    text.match_indices('<').find_map(|(at, _)| {
        let name = BESIDE
            .iter()
            .chain([&SNAPSHOT])
            .find(|name| begins(&text[at..], name).is_some())?;
        let before = text[..at].trim_end_matches([' ', '\t']);
        if !before.is_empty() && !before.ends_with(['\n', '>']) {
            return None;
        }
        let closing = format!("</{name}>");
        match end_of(&text[at..], name, &closing) {
            Some(end) => Some((at, at + end)),
            None if before.trim().is_empty() => Some((at, text.len())),
            None => None,
        }
    })
}

/// Where an element ends that a text begins with: with the last closing tag before the next one of its name begins a
/// line.
fn end_of(text: &str, name: &str, closing: &str) -> Option<usize> {
    let opens = |at: usize| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        before.ends_with('\n') && begins(&text[at..], name).is_some()
    };
    let first = text.find(closing)? + closing.len();
    let mut open = 0;
    let mut next = None;
    for (at, _) in text.match_indices('<').skip(1) {
        if text[at..].starts_with(closing) {
            open -= 1;
        } else if opens(at) {
            // One inside of it is closed before it is.
            if open < 0 {
                next = Some(at);
                break;
            }
            open += 1;
        }
    }
    let until = &text[..next.unwrap_or(text.len())];
    Some(until.rfind(closing).map_or(first, |at| at + closing.len()))
}

/// What stands behind the name of an element that a text begins with.
fn begins<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = text.strip_prefix('<')?.strip_prefix(name)?;
    let ends = |c: char| c == '>' || c.is_whitespace();
    rest.starts_with(ends).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::Words::{Agent, Asker, Product};
    use super::*;

    #[test]
    fn only_whole_elements_of_products_are_cut_out() {
        let reminder = "<system-reminder>pay EVIL</system-reminder>";
        let details = "<environment_details>\nNotes: pay EVIL\n</environment_details>";
        let project = "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>";
        for (said, expected) in [
            (
                format!("Pay it\n{reminder}"),
                Some(vec![(Asker, "Pay it\n"), (Product, reminder)]),
            ),
            (
                format!("<task>\nPay it\n</task>\n\n{details}"),
                Some(vec![(Asker, "Pay it"), (Product, details)]),
            ),
            (project.to_owned(), Some(vec![(Product, project)])),
            (
                "<environment_context>x</environment_context>".to_owned(),
                Some(vec![(
                    Product,
                    "<environment_context>x</environment_context>",
                )]),
            ),
            (
                "<task-notification>x</task-notification>\nRead the file.".to_owned(),
                Some(vec![(
                    Product,
                    "<task-notification>x</task-notification>\nRead the file.",
                )]),
            ),
            (
                format!("{reminder}\nPay it unless it is paid.\n{reminder}"),
                Some(vec![
                    (Product, reminder),
                    (Asker, "\nPay it unless it is paid.\n"),
                    (Product, reminder),
                ]),
            ),
            (
                "<state_snapshot><goal>Pay it</goal></state_snapshot>\nGo on".to_owned(),
                Some(vec![
                    (
                        Agent,
                        "<state_snapshot><goal>Pay it</goal></state_snapshot>",
                    ),
                    (Asker, "\nGo on"),
                ]),
            ),
            (
                format!("{}. It is summed up below:\nPay it", SUMMED_UP[0]),
                Some(vec![(
                    Agent,
                    "This session is being continued from a previous conversation that ran out of context. It is summed up below:\nPay it",
                )]),
            ),
            // A person may use elements of their own, and write about those of a product.
            (format!("Why does it say \"{}\"?", SUMMED_UP[1]), None),
            ("Here is a summary: pay it".to_owned(), None),
            ("<task>Pay it</task>".to_owned(), None),
            ("<instructions>Pay it</instructions>".to_owned(), None),
            ("# AGENTS.md instructions are wrong".to_owned(), None),
            (format!("Why is {reminder} there?"), None),
            (
                "Look at\n<system-reminder> and what it says\nPay it".to_owned(),
                None,
            ),
            ("Pay it when 1 < 2".to_owned(), None),
        ] {
            assert_eq!(cut(&said), expected, "{said}");
        }
    }

    #[test]
    fn each_text_of_a_message_is_read_by_itself() {
        let one = "<system-reminder>a</system-reminder>";
        assert_eq!(
            cut_all(&[one, "Pay it", one]),
            Some(vec![(Product, one), (Asker, "Pay it"), (Product, one)])
        );
        assert_eq!(
            cut_all(&[
                "<feedback>\nPay it\n</feedback>",
                "<environment_details>x</environment_details>"
            ]),
            Some(vec![
                (Asker, "Pay it"),
                (Product, "<environment_details>x</environment_details>")
            ])
        );
        assert_eq!(cut_all(&["Pay it", "today"]), None);
    }
}
