//! What others wrote is seen on a terminal: nothing of it is obeyed, turned around or left out, on standard output
//! and on standard error; JSON and documents in files stay exact.

use super::Desk;
use crate::harness::{Server, text, wait};
use serde_json::{Value, json};

/// Clears the screen, turns what follows, goes back in the line, hides.
const TRAP: &str = "a\u{1b}[2J\u{202e}b\rc\u{200b}d\u{9b}e";

fn is_hidden(one: char) -> bool {
    matches!(u32::from(one), 0..=8 | 0xb..=0x1f | 0x7f..=0x9f | 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe0fff)
}

#[track_caller]
fn seen(what: &str, said: &str) {
    let at = said.find(is_hidden);
    assert_eq!(at, None, "{what}: {said:?}");
}

fn document(value: Value) -> Value {
    json!({ "druse": 1, "name": "trap", "steps": [
        { "id": "say", "action": "transform", "with": { "value": value } },
        { "id": "ask", "action": "approval_gate", "needs": ["say"], "with": { "title": "{{ steps.say.output }}", "message": "{{ steps.say.output }}" } },
        { "id": "fail", "action": "shell", "needs": ["ask"], "with": { "argv": ["/bin/sh", "-c", "printf '%s' \"$SAID\" >&2; exit 3"], "env": { "SAID": "{{ steps.say.output }}" } } }],
        "outputs": { "said": "{{ steps.say.output }}" } })
}

#[test]
fn files_of_others_are_shown_as_what_they_are() {
    let desk = Desk::new();
    // Keys, names and values that nobody knows, in a document, a recording and a list of secrets.
    let whole = document(TRAP.into());
    desk.write("trap.json", whole.to_string());
    let mut wrong = whole.clone();
    wrong[TRAP] = 1.into();
    wrong["steps"][0]["action"] = TRAP.into();
    wrong["steps"][1]["with"]["title"] = format!("{{{{ {TRAP} }}}}").into();
    desk.write("wrong.json", wrong.to_string());
    for words in [
        &["check", "wrong.json"][..],
        &["graph", "wrong.json"],
        &["run", "wrong.json"],
        &["diff", "wrong.json", "trap.json"],
    ] {
        let ran = desk.run(words);
        seen(&words.join(" "), &(ran.out + &ran.err));
    }
    let ran = desk.run(&["check", "wrong.json"]);
    assert!((ran.out + &ran.err).contains("⟨U+202E⟩"));
    let ran = desk.run(&["graph", "trap.json"]).ok();
    seen("graph", &(ran.out + &ran.err));
    let ran = desk.run(&["run", "trap.json", "--yes"]).with(1);
    seen("run", &(ran.out.clone() + &ran.err));
    assert!((ran.out + &ran.err).contains("⟨U+202E⟩"));
    // Written as a document for people, it is the same value with signs that are seen.
    let yaml = desk.run(&["fmt", "trap.json"]);
    seen("fmt", &(yaml.out + &yaml.err));

    let recording = json!({ "status": "succeeded", "goal": TRAP, "agent": TRAP, "tools": [{ "name": format!("pay{TRAP}") }],
        "messages": [{ "role": "user", "content": format!("Do {TRAP}") },
            { "role": "assistant", "content": TRAP, "tool_calls": [{ "id": "c1", "name": format!("pay{TRAP}"), "arguments": { "to": TRAP, TRAP: 1 } }] },
            { "role": "tool", "tool_call_id": "c1", "content": { "id": TRAP } }] });
    desk.write("recording.json", recording.to_string());
    for mode in ["exact", "bound"] {
        let made = desk
            .run(&["crystallize", "recording.json", "--mode", mode])
            .ok();
        seen(mode, &(made.out.clone() + &made.err));
        let exact = desk
            .run(&[
                "crystallize",
                "recording.json",
                "--mode",
                mode,
                "--output",
                "json",
            ])
            .ok()
            .json();
        assert!(exact.to_string().contains('\u{202e}'), "JSON is exact");
    }
    desk.write("bad.json", format!("{{\"messages\": \"{TRAP}"));
    let ran = desk.run(&["crystallize", "bad.json"]);
    assert_ne!(ran.code, 0);
    seen("a recording that cannot be read", &(ran.out + &ran.err));
    // The name of a file, and a word of the command line.
    let ran = desk.run(&["check", "no\u{202e}such\u{1b}[2J.yaml"]);
    assert_ne!(ran.code, 0);
    seen("a file that is not there", &(ran.out + &ran.err));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_tells_of_others_is_shown_as_what_it_is() {
    let server = Server::new().await;
    let admin = server.admin();
    let made = admin
        .post("/automations", &document(TRAP.into()))
        .await
        .with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let run = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    let gate = text(&wait::approval(&admin, &run).await["id"]);
    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let ask = |words: &[&str]| {
        let mut all = words.to_vec();
        all.extend(["--data", &data]);
        let ran = desk.run(&all);
        let said = ran.out.clone() + &ran.err;
        seen(&words.join(" "), &said);
        (ran, said)
    };
    ask(&["runs", "why", &run]);
    let (_, said) = ask(&["approvals", "show", &gate]);
    assert!(said.contains("⟨U+202E⟩"), "{said}");
    ask(&["approvals", "list"]);
    ask(&["approvals", "reject", &gate, "--comment", TRAP]);
    wait::run(&admin, &run, "rejected").await;
    let again = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    let gate = text(&wait::approval(&admin, &again).await["id"]);
    ask(&["approvals", "approve", &gate]);
    wait::run(&admin, &again, "failed").await;
    for run in [&run, &again] {
        for verb in ["show", "watch", "why", "logs"] {
            ask(&["runs", verb, run]);
        }
    }
    ask(&["audit"]);
    // Refused with words of whoever asked.
    for words in [
        &["runs", "show", TRAP][..],
        &["runs", "start", "trap", "-i", &format!("{TRAP}=1")],
        &["automations", "show", TRAP],
        &["secrets", "set", TRAP],
    ] {
        let (ran, _) = ask(words);
        assert_ne!(ran.code, 0, "{words:?}");
    }
    let (export, _) = (
        desk.run(&["runs", "export", &run, "--data", &data]).ok(),
        (),
    );
    assert!(
        export.out.contains('\u{202e}') || export.out.contains("\\u202e"),
        "JSON is exact"
    );
    desk.write("run.json", &export.out);
    let ran = desk.run(&["inspect", "run.json"]).ok();
    seen("inspect", &(ran.out + &ran.err));
    let shown = desk
        .run(&["automations", "show", "trap", "--data", &data])
        .ok();
    seen("automations show", &shown.err);
}
