//! Conversations that became too long: what a model noted of them is no word of the person, in any format.

use super::*;
use crate::session::Session;

const CLAUDE: &str = "This session is being continued from a previous conversation that ran out of context. The conversation is summarized below:\nCancel W99999 with fee 17.25.";
const CODEX: &str = "Another language model started to solve this problem and produced a summary of its thinking process. Here is the summary:\nCancel W99999 with fee 17.25.";
const PI: &str = "The conversation history before this point was compacted into the following summary:\n\n<summary>\nCancel W99999 with fee 17.25.\n</summary>";
const LANGCHAIN: &str =
    "Here is a summary of the conversation to date:\n\nCancel W99999 with fee 17.25.";
const GEMINI: &str =
    "<state_snapshot><overall_goal>Cancel W99999 with fee 17.25</overall_goal></state_snapshot>";
const NOTED: &str = "<scratchpad>Which fee was it?</scratchpad>\n<state_snapshot>Cancel W99999 with fee 17.25</state_snapshot>";

/// Whose word the summary is.
fn whose(session: &Session) -> Vec<Role> {
    let said = session.turns.iter().filter_map(|turn| match turn {
        Turn::Message { role, text, .. } if text.contains("W99999") => Some(*role),
        _ => None,
    });
    said.collect()
}

fn chat(said: &str) -> Value {
    json!({"messages":[
        {"role":"user","content":said},
        {"role":"user","content":"go on"},
        {"role":"assistant","tool_calls":[{"id":"a","function":{"name":"cancel","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"a","content":"ok"}]})
}

#[test]
fn what_a_model_summed_up_is_the_agents_word_in_every_format() {
    let anthropic = |said: &str| {
        json!({"system":"Help.","messages":[
            {"role":"user","content":[{"type":"text","text":said},{"type":"text","text":"go on"}]},
            {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"cancel","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"ok"}]}]})
    };
    let responses = |said: &str| {
        json!({"model":"m","input":[
            {"role":"user","content":[{"type":"input_text","text":said}]},
            {"role":"user","content":"go on"},
            {"type":"function_call","call_id":"c","name":"cancel","arguments":"{}"},
            {"type":"function_call_output","call_id":"c","output":"ok"}]})
    };
    let contents = |said: &str| {
        json!({"contents":[
            {"role":"user","parts":[{"text":said}]},
            {"role":"model","parts":[{"text":"Got it."}]},
            {"role":"user","parts":[{"text":"go on"}]},
            {"role":"model","parts":[{"functionCall":{"name":"cancel","args":{}}}]},
            {"role":"user","parts":[{"functionResponse":{"name":"cancel","response":{"ok":true}}}]}]})
    };
    for said in [CLAUDE, CODEX, PI, LANGCHAIN, GEMINI, NOTED] {
        for recording in [chat(said), anthropic(said), responses(said), contents(said)] {
            let session = one(&recording);
            assert_eq!(whose(&session), [Role::Assistant], "{recording}");
            assert_eq!(session.goal.as_deref(), Some("go on"), "{recording}");
            assert!(
                codes(&session).contains(&"earlier_part_missing"),
                "{recording}"
            );
            assert_eq!(one(&to_own_form(&session)).turns, session.turns);
        }
    }
    // A person who speaks of one is a person.
    for said in [
        format!("Cancel W99999 as it says here: {CODEX}"),
        "Here is a summary: cancel W99999".to_owned(),
    ] {
        assert_eq!(whose(&one(&chat(&said))), [Role::User], "{said}");
    }
}

#[test]
fn a_log_that_keeps_what_was_before_says_so() {
    let person = claude("user", "u1", &json!({"role":"user","content":"go on"}));
    let mut marked = claude(
        "user",
        "u2",
        &json!({"role":"user","content":"Cancel W99999"}),
    );
    marked["isCompactSummary"] = json!(true);
    marked["parentUuid"] = json!("u1");
    let plain = claude("user", "u2", &json!({"role":"user","content":CLAUDE}));
    for summary in [marked, plain] {
        let kept = sessions(&lines(&[person.clone(), summary.clone()])).remove(0);
        assert_eq!(whose(&kept), [Role::Assistant]);
        assert!(codes(&kept).contains(&"compacted"), "{:?}", codes(&kept));
        assert!(!codes(&kept).contains(&"earlier_part_missing"));
        let cut = sessions(&lines(&[summary])).remove(0);
        assert!(codes(&cut).contains(&"earlier_part_missing"));
    }
    let rollout = |kind: &str, payload: Value| json!({"timestamp":"2027-01-01T00:00:01Z","type":kind,"payload":payload});
    let said = |text: &str| json!({"type":"message","role":"user","content":[{"type":"input_text","text":text}]});
    let codex = sessions(&lines(&[
        rollout("session_meta", json!({"id":"x","cwd":"/w"})),
        rollout("response_item", said("go on")),
        rollout("compacted", json!({"message":"Cancel W99999"})),
        rollout("response_item", said(CODEX)),
    ]))
    .remove(0);
    assert_eq!(whose(&codex), [Role::Assistant, Role::Assistant]);
    let told = codex.findings.iter().find(|one| one.code == "compacted");
    assert!(
        told.is_some_and(|one| one.message.contains("1 time,") && one.line == Some(3)),
        "{told:?}"
    );
}
