//! Whose words a message of the role `user` holds in a rollout of Codex: the product says much in the person's place.

use super::product_words::{self, Words};
use std::borrow::Cow;

/// What a message of the product begins with.
const BEGINS: [&str; 7] = [
    "<environment_context>",
    "<user_instructions>",
    "<permissions instructions>",
    "<turn_aborted>",
    "<ENVIRONMENT",
    "# AGENTS.md instructions",
    "<INSTRUCTIONS>",
];

/// The elements that the product puts around all of a message.
const AROUND: [&str; 7] = [
    "skill",
    "user_shell_command",
    "subagent_notification",
    "turn_aborted",
    "hook_prompt",
    "instructions",
    "recommended_plugins",
];
/// What the names of further such elements end with.
const AROUND_ENDS: [&str; 3] = ["_context", "_instructions", "_notification"];

/// The words of a message, each with whose they are.
pub(super) fn words(said: &str) -> Vec<(Words, Cow<'_, str>)> {
    let all = |whose| vec![(whose, Cow::Borrowed(said))];
    let start = said.trim_start();
    if product_words::is_summary(said) {
        return all(Words::Agent);
    }
    match around(said) {
        Some("user_shell_command") => return of_shell(said),
        Some(_) => return all(Words::Product),
        None if BEGINS.iter().any(|begin| start.starts_with(begin)) => {
            return all(Words::Product);
        }
        None => {}
    }
    let (context, request) = of_editor(said);
    vec![
        (Words::Product, Cow::Borrowed(context)),
        (Words::Asker, Cow::Borrowed(request)),
    ]
}

/// The element of the product that a message is, whatever the case of its tags.
fn around(said: &str) -> Option<&'static str> {
    let inside = said.trim().strip_prefix('<')?.strip_suffix('>')?;
    let name = inside
        .split(|letter: char| letter == '>' || letter.is_whitespace())
        .next()?;
    let (_, closing) = inside.rsplit_once("</")?;
    if !closing.eq_ignore_ascii_case(name) {
        return None;
    }
    let known = AROUND
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name));
    known.or_else(|| {
        let name = name.to_ascii_lowercase();
        AROUND_ENDS.into_iter().find(|end| name.ends_with(end))
    })
}

/// A command that the person gave and what it answered: two texts, for the answer is anybody's word.
fn of_shell(said: &str) -> Vec<(Words, Cow<'_, str>)> {
    let (before, answer) = match said.find("<result>") {
        Some(at) => said.split_at(at),
        None => ("", said),
    };
    let command = before.split_once("<command>").map(|(_, rest)| {
        rest.split_once("</command>")
            .map_or(rest, |(inside, _)| inside)
            .trim()
    });
    let answer = if before.is_empty() {
        Cow::Borrowed(answer)
    } else {
        Cow::Owned(format!("<user_shell_command>\n{answer}"))
    };
    vec![
        (Words::Product, Cow::Borrowed(command.unwrap_or(""))),
        (Words::Product, answer),
    ]
}

/// What an editor put in front of a person's request, and the request.
fn of_editor(said: &str) -> (&str, &str) {
    if !said.trim_start().starts_with("# Context from my IDE setup") {
        return ("", said);
    }
    let is_head = |line: &str| line.starts_with("## My request");
    let mut place = 0;
    for line in said.split_inclusive('\n') {
        if is_head(line) {
            let (context, request) = said.split_at(place);
            let request = request.get(line.len()..).unwrap_or_default();
            return (context.trim_end(), request.trim());
        }
        place += line.len();
    }
    (said, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_product_says_is_no_word_of_the_person() {
        for (said, by_person) in [
            ("<skill>\n<name>up</name>\nUpload it\n</skill>", false),
            ("<SKILL>x</Skill>", false),
            (
                "<hook_prompt hook_run_id=\"stop:0\">Go on &amp; test</hook_prompt>\n",
                false,
            ),
            (
                "<subagent_notification>\n{}\n</subagent_notification>",
                false,
            ),
            ("<turn_aborted>\nx\n</turn_aborted>", false),
            ("# AGENTS.md instructions for /w\n\nx", false),
            ("<workspace_context>x</workspace_context>", false),
            ("<skill>what does this tag mean?", true),
            ("<b>Pay</b> the bill in <b>full</b>", true),
            ("Pay the bill", true),
        ] {
            let words = words(said);
            let asked = words
                .iter()
                .any(|(whose, said)| *whose == Words::Asker && !said.is_empty());
            assert_eq!(asked, by_person, "{said}");
        }
    }

    #[test]
    fn the_answer_of_a_persons_command_stands_by_itself() {
        let said = "<user_shell_command>\n<command>\ncat a\n</command>\n<result>\nOutput:\nb\n</result>\n</user_shell_command>";
        let words: Vec<String> = words(said)
            .into_iter()
            .map(|(_, said)| said.into_owned())
            .collect();
        assert_eq!(words[0], "cat a");
        assert!(words[1].starts_with("<user_shell_command>") && !words[1].contains("cat a"));
    }
}
