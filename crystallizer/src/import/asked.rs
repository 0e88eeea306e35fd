//! The tool by which a coding agent asks the person who sits there: what it asked and what they chose is a talk of the
//! two, as it would be in a chat.

use super::builder::Builder;
use crate::session::{Role, Session, ToolCall, ToolResult};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// What Claude Code writes in front of the answers, where it keeps no twin of them.
const ANSWERED: &str = "User has answered your questions: ";

/// Adds what was asked and answered in a call as messages of the agent and of the person, behind the call. `recorded` is
/// the call's id in the recording. Nothing for a call of another tool, or one that was not answered.
pub(super) fn tell(recorded: Option<&str>, at: Option<Timestamp>, builder: &mut Builder) {
    let Some(call) = recorded.and_then(|recorded| builder.newest(recorded)) else {
        return;
    };
    let Some(result) = call.result.as_ref().filter(|result| !result.is_error) else {
        return;
    };
    let told = answers(&call.name, &call.arguments, result);
    for (question, answer) in told {
        builder.message(Role::Assistant, question, at);
        builder.message(Role::User, answer, at);
    }
}

/// Whether a call of an agent of this format asked the person, and what they answered stands behind it as their word.
pub(crate) fn is_talk(format: &str, call: &ToolCall) -> bool {
    let asks = match format {
        "claude-code" => call.name == "AskUserQuestion" && call.agent.is_none(),
        "codex-rollout" => call.name == "request_user_input",
        _ => false,
    };
    let result = || call.result.as_ref().filter(|result| !result.is_error);
    asks && result().is_some_and(|result| {
        let told = answers(&call.name, &call.arguments, result);
        let asked = call.arguments.get("questions").and_then(Value::as_array);
        // Of what is only told in a sentence each answer has to be found in it.
        !told.is_empty()
            && (result.structured.is_some() || asked.is_some_and(|all| all.len() == told.len()))
    })
}

/// What people chose among what such calls offered them, as they are told to have said it.
pub(crate) fn chosen(session: &Session) -> BTreeSet<String> {
    let format = session.agent_format();
    let mut found = BTreeSet::new();
    for call in session.calls().filter(|call| is_talk(format, call)) {
        let Some(result) = &call.result else { continue };
        let labels: BTreeSet<&str> = call
            .arguments
            .get("questions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|one| one.get("options").and_then(Value::as_array))
            .flatten()
            .filter_map(|one| one.get("label").and_then(Value::as_str))
            .collect();
        let told = answers(&call.name, &call.arguments, result).into_iter();
        let answers = told.map(|(_, answer)| answer);
        found.extend(answers.filter(|answer| is_chosen(answer, &labels)));
    }
    found
}

/// Whether an answer is one of some labels, or several of them.
fn is_chosen(answer: &str, labels: &BTreeSet<&str>) -> bool {
    labels.contains(answer) || answer.split(", ").all(|one| labels.contains(one))
}

/// The questions of a call with their answers, in the order of the questions.
fn answers(tool: &str, arguments: &Value, result: &ToolResult) -> Vec<(String, String)> {
    let questions = || {
        let all = arguments.get("questions").and_then(Value::as_array);
        all.into_iter().flatten().filter_map(|one| {
            let question = one.get("question").and_then(Value::as_str)?;
            Some((one, question))
        })
    };
    match tool {
        "AskUserQuestion" => {
            let twin = result.structured.as_ref();
            let kept = twin.and_then(|twin| twin.get("answers"));
            questions()
                .filter_map(|(_, question)| {
                    let answer = match kept {
                        Some(kept) => written(kept.get(question)?),
                        None => result
                            .content
                            .as_str()
                            .and_then(|text| told(text, question)),
                    };
                    Some((question.to_owned(), answer?))
                })
                .collect()
        }
        "request_user_input" => {
            let read = match &result.content {
                Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
                other => other.clone(),
            };
            questions()
                .filter_map(|(one, question)| {
                    let id = one.get("id").and_then(Value::as_str)?;
                    let answer = read.get("answers")?.get(id)?;
                    let answer = written(answer.get("answers").unwrap_or(answer))?;
                    Some((question.to_owned(), answer))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// An answer as one text: what was chosen, or all of it.
fn written(answer: &Value) -> Option<String> {
    let text = match answer {
        Value::String(text) => text.clone(),
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// The answer to a question in the sentence that tells all of them.
fn told(text: &str, question: &str) -> Option<String> {
    let rest = text.strip_prefix(ANSWERED)?;
    let asked = format!("\"{question}\"=\"");
    let from = rest.find(&asked)? + asked.len();
    let behind = rest.get(from..)?;
    let end = ["\", \"", "\". You can now"]
        .iter()
        .filter_map(|mark| behind.find(mark))
        .min()?;
    written(&behind[..end].into())
}

#[cfg(test)]
mod tests {
    use super::super::builder::Answer;
    use super::*;
    use serde_json::json;

    fn asked(tool: &str, questions: &Value, content: &str, twin: Option<&Value>) -> Vec<String> {
        let mut result = Answer::new(content).result;
        result.structured = twin.cloned().map(Box::new);
        answers(tool, &json!({ "questions": questions }), &result)
            .into_iter()
            .map(|(question, answer)| format!("{question} {answer}"))
            .collect()
    }

    #[test]
    fn what_the_person_chose_is_their_answer_to_the_question() {
        let two = json!([{ "question": "Where?", "options": [] }, { "question": "Now?" }]);
        let twin = json!({ "answers": { "Now?": "yes", "Where?": ["a/", "b/"] } });
        let expected = ["Where? a/, b/", "Now? yes"];
        assert_eq!(asked("AskUserQuestion", &two, "", Some(&twin)), expected);
        let told = "User has answered your questions: \"Where?\"=\"a/, b/\", \"Now?\"=\"yes\". You can now continue with the user's answers in mind.";
        assert_eq!(asked("AskUserQuestion", &two, told, None), expected);
        let codex = json!([{ "id": "w", "question": "Where?" }, { "id": "n", "question": "Now?" }]);
        let told = r#"{"answers":{"w":{"answers":["a/, b/"]},"n":{"answers":["yes"]}}}"#;
        assert_eq!(asked("request_user_input", &codex, told, None), expected);
    }

    #[test]
    fn a_talk_is_told_by_the_format_and_the_exact_name() {
        let call = |name: &str, content: &str, agent: Option<&str>| ToolCall {
            id: "a".to_owned(),
            name: name.to_owned(),
            arguments: json!({ "questions": [{ "id": "w", "question": "Where?" }] }),
            batch: 0,
            agent: agent.map(str::to_owned),
            folder: None,
            shell: None,
            inside: None,
            waits: false,
            started_at: None,
            finished_at: None,
            result: Some(Answer::new(content).result),
        };
        let claude = "User has answered your questions: \"Where?\"=\"a/\". You can now continue.";
        let codex = r#"{"answers":{"w":{"answers":["a/"]}}}"#;
        for (format, name, content, agent, expected) in [
            ("claude-code", "AskUserQuestion", claude, None, true),
            ("codex-rollout", "request_user_input", codex, None, true),
            ("claude-code", "AskUserQuestion", claude, Some("a1"), false),
            ("claude-code", "AskUserQuestion", "so be it", None, false),
            ("claude-code", "request_user_input", codex, None, false),
            ("openai-chat", "AskUserQuestion", claude, None, false),
            (
                "claude-code",
                "mcp__x__AskUserQuestion",
                claude,
                None,
                false,
            ),
        ] {
            let call = call(name, content, agent);
            assert_eq!(is_talk(format, &call), expected, "{format} {name}");
        }
    }

    #[test]
    fn labels_alone_are_chosen() {
        let labels = ["a/", "b/"];
        for (answer, expected) in [
            ("a/", true),
            ("a/, b/", true),
            ("c/", false),
            ("a/ but not b/", false),
        ] {
            assert_eq!(is_chosen(answer, &labels.into()), expected, "{answer}");
        }
    }

    #[test]
    fn a_tool_of_another_name_asks_nobody() {
        let one = json!([{ "question": "Where?" }]);
        let twin = json!({ "answers": { "Where?": "a/" } });
        assert_eq!(asked("AskUserQuestion", &one, "", Some(&twin)).len(), 1);
        assert!(asked("mcp__x__AskUserQuestion", &one, "", Some(&twin)).is_empty());
    }
}
