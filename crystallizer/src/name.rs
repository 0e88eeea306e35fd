//! Ids of steps and names of automations, from the names of tools and the words of the goal.

use crate::session::{Role, Session, Turn};
use crate::tool_map::ShellCommand;
use std::collections::{BTreeMap, BTreeSet};

/// Longest id before a number is added to make it unique.
const LONGEST: usize = 48;

/// Words of the expression language, which cannot stand after a dot everywhere.
const RESERVED: [&str; 14] = [
    "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "null", "for", "loop",
    "self",
];

/// Gives out ids that are unique in a document.
#[derive(Default)]
pub(crate) struct Ids {
    taken: BTreeSet<String>,
    /// The last number given to each base.
    numbers: BTreeMap<String, u32>,
}

impl Ids {
    /// An id `[a-z][a-z0-9_]*` from a name, with `_2`, `_3` … where it is taken.
    pub(crate) fn id(&mut self, base: &str) -> String {
        let base = identifier(base);
        let number = self.numbers.entry(base.clone()).or_insert(0);
        loop {
            *number = number.saturating_add(1);
            let id = if *number == 1 {
                base.clone()
            } else {
                format!("{base}_{number}")
            };
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// The base of a step's id: the tool's name without its server; for a shell line its program.
pub(crate) fn of_call(tool: &str, shell: Option<&ShellCommand>) -> String {
    if let Some(shell) = shell
        && let Some((program, sub)) = crate::shell_line::program(&shell.line())
    {
        return match sub {
            Some(sub) => format!("{program}_{sub}"),
            None => program,
        };
    }
    let own = match tool.strip_prefix("mcp__") {
        Some(rest) => rest.split_once("__").map_or(rest, |(_, own)| own),
        None => tool.rsplit_once('.').map_or(tool, |(_, own)| own),
    };
    own.to_owned()
}

/// Any text as `[a-z][a-z0-9_]*`, at most 48 characters.
fn identifier(text: &str) -> String {
    let mut id = String::new();
    for word in crate::words::split(text) {
        let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        if plain.is_empty() {
            continue;
        }
        let room = LONGEST.saturating_sub(id.len() + usize::from(!id.is_empty()));
        if room == 0 {
            break;
        }
        if !id.is_empty() {
            id.push('_');
        }
        id.extend(plain.chars().take(room));
    }
    if id.is_empty() {
        id.push_str("step");
    } else if id.starts_with(|c: char| c.is_ascii_digit()) {
        id.insert_str(0, "step_");
    } else if RESERVED.contains(&id.as_str()) {
        id.push_str("_step");
    }
    id
}

/// What the task was, in the person's words: the goal, else the first thing a person said.
pub(crate) fn task(session: &Session) -> Option<&str> {
    let goal = session
        .goal
        .as_deref()
        .map(str::trim)
        .filter(|goal| !goal.is_empty());
    goal.or_else(|| {
        session.turns.iter().find_map(|turn| match turn {
            Turn::Message {
                role: Role::User,
                text,
                ..
            } => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        })
    })
}

/// Words that tell nothing about a task.
const FILLERS: [&str; 38] = [
    "a", "an", "the", "of", "to", "for", "in", "on", "at", "by", "with", "from", "my", "your",
    "our", "me", "i", "you", "please", "can", "could", "would", "will", "and", "it", "is", "this",
    "that", "hi", "hello", "hey", "some", "want", "need", "like", "d", "m", "s",
];

/// The name of the automation: the first telling words of the task, else the agent's name.
pub(crate) fn of_automation(session: &Session) -> String {
    let words = |text: &str, most: usize| -> String {
        let short: String = text.chars().take(400).collect();
        let mut name = String::new();
        let mut last = String::new();
        for word in crate::words::split(&short)
            .into_iter()
            .map(|word| {
                word.chars()
                    .filter(char::is_ascii_alphanumeric)
                    .collect::<String>()
            })
            .filter(|word| {
                !word.is_empty() && word.len() <= 24 && !FILLERS.contains(&word.as_str())
            })
            .filter(|word| {
                let again = *word == last;
                last.clone_from(word);
                !again
            })
            .take(most)
        {
            if name.len() + word.len() > LONGEST {
                break;
            }
            if !name.is_empty() {
                name.push('-');
            }
            name.push_str(&word);
        }
        name
    };
    let name = task(session)
        .map(|text| words(&crate::secret::masked(text), 6))
        .unwrap_or_default();
    if !name.is_empty() {
        return name;
    }
    let name = session
        .agent
        .as_deref()
        .map(|agent| words(agent, 4))
        .unwrap_or_default();
    if name.is_empty() {
        format!("{}-session", words(&session.format, 2))
    } else {
        name
    }
}

/// Whether a text may name an automation: `[A-Za-z0-9][A-Za-z0-9_.-]*`.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_readable_and_valid() {
        let mut ids = Ids::default();
        let mut given = Vec::new();
        for tool in [
            "get_user",
            "GetUser",
            "mcp__linear-server__get_user",
            "git.status",
            "7zip",
            "查询",
            "not",
            "get_user_2",
            "get_user",
        ] {
            given.push(ids.id(&of_call(tool, None)));
        }
        insta::assert_debug_snapshot!(given, @r#"
[
    "get_user",
    "get_user_2",
    "get_user_3",
    "status",
    "step_7zip",
    "step",
    "not_step",
    "get_user_2_2",
    "get_user_4",
]
"#);
    }
}
