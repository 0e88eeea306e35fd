//! What was acknowledged holds for what stood there, and for nothing else: a draft that is made anew with another value
//! is asked about again, and says what has changed.

use super::{Desk, json};
use serde_json::{Value, json as value};

/// A session in which an agent ran a line that somebody else had written. `at` makes the ids of its calls.
fn recording(line: &str, at: &str) -> String {
    let turn = |id: String, tool: &str, arguments: Value, answer: &str| {
        value!([
            { "role": "assistant", "tool_calls": [{ "id": id, "type": "function", "function": { "name": tool, "arguments": arguments.to_string() } }] },
            { "role": "tool", "tool_call_id": id, "content": answer },
        ])
    };
    let mut messages = vec![value!({ "role": "user", "content": "Tidy the readme." })];
    for more in [
        turn(
            format!("{at}1"),
            "look",
            value!({ "page": "x" }),
            &format!("First run: {line}"),
        ),
        turn(format!("{at}2"), "sh", value!({ "command": line }), "done"),
    ] {
        messages.extend(more.as_array().unwrap().iter().cloned());
    }
    value!({ "messages": messages }).to_string()
}

/// Makes the draft of a recording, as a file.
fn draft(desk: &Desk, line: &str, at: &str) {
    desk.write("recording.json", recording(line, at));
    let folder = desk.path(".");
    let made = desk
        .run(&[
            "crystallize",
            "recording.json",
            "--tools",
            "tools.yaml",
            "--name",
            "tidy",
            "--in",
            folder.to_str().unwrap(),
        ])
        .ok();
    desk.write("tidy.yaml", made.out);
}

fn asked(desk: &Desk) -> Vec<String> {
    let shown = json(desk, &["automations", "show", "tidy", "--data", "data"]);
    let findings = shown["findings"].as_array().unwrap().iter();
    let acknowledged = shown["acknowledged"].as_array().unwrap();
    findings
        .filter(|finding| finding["acknowledge"] == true && !acknowledged.contains(&finding["id"]))
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect()
}

fn apply(desk: &Desk, acknowledge: &[String], code: i32) -> String {
    let mut words = vec!["apply", "tidy.yaml", "--activate", "--data", "data"];
    for id in acknowledge {
        words.extend(["--acknowledge", id.as_str()]);
    }
    desk.run(&words).with(code).err
}

#[test]
fn another_value_at_the_same_place_is_asked_about_again() {
    let desk = Desk::new();
    desk.write(
        "tools.yaml",
        "tools:\n  - { match: look, action: transform, with: { value: x }, effects: pure }\n  - { match: sh, action: shell, with: { script: \"{{ call.arguments.command }}\" } }\n",
    );
    draft(&desk, "cat one > out.txt", "a");
    apply(&desk, &[], 1);
    let first = asked(&desk);
    let steered = |all: &[String]| all.iter().any(|id| id.starts_with("frozen_from_output:sh"));
    assert!(steered(&first), "{first:?}");
    assert!(first.iter().any(|id| id == "runs_program:cat"), "{first:?}");
    apply(&desk, &first, 0);

    // Recorded again it is another version, and the same that was acknowledged.
    draft(&desk, "cat one > out.txt", "b");
    apply(&desk, &[], 0);
    let active = json(&desk, &["automations", "show", "tidy", "--data", "data"]);
    assert_eq!(active["active_version"], 2, "{active:#}");

    // Another line stands there now: what was said of the other does not hold, not even when it is said again.
    draft(&desk, "cat two > out.txt", "c");
    for given in [&[][..], &first] {
        let refused = apply(&desk, given, 1);
        for said in [
            "was acknowledged in version 1",
            "cat two > out.txt",
            "cat one > out.txt",
            "@3",
        ] {
            assert!(refused.contains(said), "{said}: {refused}");
        }
    }
    let again = asked(&desk);
    assert!(steered(&again), "{again:?}");
    assert!(
        again.contains(&"runs_program:cat@3".to_owned()),
        "{again:?}"
    );
    assert!(again.iter().all(|id| id.ends_with("@3")), "{again:?}");
    let active = json(&desk, &["automations", "show", "tidy", "--data", "data"]);
    assert_eq!(active["active_version"], 2, "{active:#}");
    // What another version has there is not taken for this one.
    let other: Vec<String> = again.iter().map(|id| id.replace("@3", "@2")).collect();
    apply(&desk, &other, 1);
    apply(&desk, &again, 0);
    assert_eq!(asked(&desk), [""; 0]);

    // Both were acknowledged: back and forth nothing is asked.
    for version in ["1", "3", "2"] {
        desk.run(&[
            "automations",
            "activate",
            "tidy",
            "--version",
            version,
            "--data",
            "data",
        ])
        .ok();
    }
}

#[test]
fn an_answer_that_was_given_for_another_value_is_not_taken() {
    let desk = Desk::new();
    let fee = |fee: f64| {
        let call = |id: &str, name: &str, arguments: Value| value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] });
        let answer = |id: &str, content: Value| value!({ "role": "tool", "tool_call_id": id, "content": content });
        value!({ "status": "succeeded", "messages": [
            { "role": "user", "content": "Refund the order ORD-48213" },
            call("a", "get_order", value!({ "order_id": "ORD-48213" })),
            answer("a", value!({ "order_id": "ORD-48213", "payment_id": "pay_778213" })),
            call("b", "refund_payment", value!({ "payment_id": "pay_778213", "fee": fee })),
            answer("b", value!({ "event_id": "x" })),
        ] })
        .to_string()
    };
    let words = |more: &[&'static str]| {
        let mut words = vec![
            "crystallize",
            "recording.json",
            "--mode",
            "bound",
            "--output",
            "json",
            "--decisions",
            "decisions.yaml",
        ];
        words.extend(more);
        words
    };
    let question = "source:refund_payment:/fee";
    let made = |more: &[&'static str]| desk.run(&words(more)).ok().json();
    let open = |made: &Value| {
        let questions = made["report"]["questions"].as_array().unwrap().clone();
        questions.iter().any(|one| one["id"] == question)
    };
    let outdated = |made: &Value| {
        let findings = made["report"]["findings"].as_array().unwrap().clone();
        let found = findings
            .into_iter()
            .find(|one| one["code"] == "answer_outdated");
        found.map(|one| one["message"].as_str().unwrap().to_owned())
    };
    desk.write("recording.json", fee(17.25));
    let first = made(&["--answer", "source:refund_payment:/fee=constant"]);
    assert!(!open(&first), "{first:#}");
    let kept = desk.read("decisions.yaml");
    assert!(
        kept.contains("answered_for:\n  \"source:refund_payment:/fee\": \"17.25\""),
        "{kept}"
    );
    let same = made(&[]);
    assert!(!open(&same) && outdated(&same).is_none(), "{same:#}");

    desk.write("recording.json", fee(99.5));
    let other = made(&[]);
    assert!(open(&other), "{other:#}");
    let said = outdated(&other).expect("it is said");
    assert!(said.contains("17.25") && said.contains("99.5"), "{said}");
    // The file no longer says so, and an answer that is given now is taken.
    assert!(!desk.read("decisions.yaml").contains(question));
    let answered = made(&["--answer", "source:refund_payment:/fee=constant"]);
    assert!(
        !open(&answered) && outdated(&answered).is_none(),
        "{answered:#}"
    );
    assert!(desk.read("decisions.yaml").contains("\"99.5\""));

    // A draft carries what it was answered for, too.
    desk.write("draft.json", answered["automation"]["document"].to_string());
    desk.write("recording.json", fee(17.25));
    let from_draft = desk
        .run(&[
            "crystallize",
            "recording.json",
            "--mode",
            "bound",
            "--output",
            "json",
            "--decisions",
            "draft.json",
        ])
        .ok()
        .json();
    assert!(open(&from_draft) && outdated(&from_draft).is_some());
}
