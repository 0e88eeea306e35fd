//! Answers that change: one that steps rely on stops the run and opens a review, which a person or a new version ends;
//! others are told, and the run goes on. What good runs show is proposed.

use super::help::examples;
use super::{Desk, json};
use crate::harness::Shop;
use clap::Parser as _;
use druse::cli::Cli;
use serde_json::{Value, json as value};
use std::path::Path;

const RECORDED: &str = r#"{"order_id":"ORD-48213","payment_id":"pay_778213","state":"open"}"#;

fn recording() -> Value {
    let call = |id: &str, name: &str, arguments: Value| value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] });
    let answer = |id: &str, content: Value| value!({ "role": "tool", "tool_call_id": id, "content": content });
    let order: Value = serde_json::from_str(RECORDED).unwrap();
    value!({ "status": "succeeded", "messages": [
        { "role": "user", "content": "Refund the order ORD-48213" },
        call("a", "get_order", value!({ "order_id": "ORD-48213" })),
        answer("a", order),
        call("b", "refund_payment", value!({ "payment_id": "pay_778213" })),
        answer("b", value!({ "event_id": "x" })),
    ] })
}

/// A desk on which the refund is an active automation that reads its order from a file.
fn refunds() -> Desk {
    let desk = Desk::new();
    desk.write("order.json", RECORDED);
    desk.write("recording.json", recording().to_string());
    let file = desk.path("order.json");
    desk.write(
        "tools.yaml",
        format!(
            "tools:\n  - match: get_order\n    action: shell\n    with: {{ argv: [cat, {}] }}\n    effects: read\n    result: output.json\n  - match: refund_payment\n    action: emit\n    with: {{ type: com.example.refund, data: \"{{{{ call.arguments }}}}\" }}\n    effects: write\n",
            file.display()
        ),
    );
    let stored = json(&desk, &["sessions", "import", "recording.json"]);
    let id = stored[0]["id"].as_str().unwrap();
    let made = json(
        &desk,
        &[
            "sessions",
            "crystallize",
            id,
            "--mode",
            "bound",
            "--name",
            "refund",
            "--tools",
            "tools.yaml",
        ],
    );
    let schema = &made["automation"]["document"]["steps"][0]["output_schema"];
    assert_eq!(
        schema["properties"]["json"]["required"],
        value!(["payment_id"]),
        "{made:#}"
    );
    activate(&desk);
    desk
}

fn activate(desk: &Desk) {
    let shown = json(desk, &["automations", "show", "refund"]);
    let mut words = vec![
        "automations".to_owned(),
        "activate".to_owned(),
        "refund".to_owned(),
    ];
    for finding in shown["findings"].as_array().into_iter().flatten() {
        if finding["acknowledge"] == true {
            words.push("--acknowledge".to_owned());
            words.push(finding["id"].as_str().unwrap().to_owned());
        }
    }
    desk.run(&words).ok();
}

fn run(desk: &Desk) -> Value {
    let ran = desk.run(&["runs", "start", "refund", "--output", "json"]);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
}

fn review(desk: &Desk) -> Value {
    json(desk, &["automations", "show", "refund"])["needs_review"].clone()
}

#[test]
fn an_answer_that_changed_opens_a_review() {
    let desk = refunds();
    let first = run(&desk);
    assert_eq!(first["status"], "succeeded", "{first:#}");
    let id = first["id"].as_str().unwrap();
    let told = desk.run(&["runs", "drift", id]).ok();
    assert_eq!(told.err, "The one answer looks as recorded.\n");

    // What nobody reads may change: it is told, and nothing stops.
    desk.write(
        "order.json",
        RECORDED
            .replace("\"open\"", "3")
            .replace('}', ",\"note\":\"x\"}"),
    );
    let second = run(&desk);
    assert_eq!(second["status"], "succeeded", "{second:#}");
    let told = desk
        .run(&["runs", "drift", second["id"].as_str().unwrap()])
        .ok();
    assert_eq!(
        told.out,
        "get_order\n  /json/note is new.\n  /json/state is number, and was string.\n"
    );
    assert_eq!(review(&desk), Value::Null);
    // It is noted as it comes, once, with the first run that showed it.
    let noted = json(&desk, &["automations", "drift", "refund"]);
    let places: Vec<&Value> = noted
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["place"])
        .collect();
    assert_eq!(places, ["/json/note", "/json/state"], "{noted:#}");
    assert_eq!(
        (&noted[0]["run_id"], &noted[0]["version"], &noted[1]["came"]),
        (&second["id"], &value!(1), &value!("number"))
    );
    run(&desk);
    assert_eq!(json(&desk, &["automations", "drift", "refund"]), noted);
    let told = desk.run(&["automations", "drift", "refund"]).ok();
    assert!(
        told.out
            .starts_with("version 1, get_order: /json/note is new. Since "),
        "{told:#?}"
    );

    // What steps rely on may not.
    desk.write("order.json", RECORDED.replace("payment_id", "payment"));
    let third = run(&desk);
    assert_eq!(
        (&third["status"], &third["error"]["code"]),
        (&value!("failed"), &value!("answer_changed")),
        "{third:#}"
    );
    // Of a run that failed it is said what was compared and what was not.
    let told = desk
        .run(&["runs", "drift", third["id"].as_str().unwrap()])
        .ok();
    assert_eq!(told.err, "Not compared: get_order (failed).\n");
    let found = review(&desk);
    assert_eq!(
        (&found["run_id"], &found["step"], &found["version"]),
        (&third["id"], &value!("get_order"), &value!(1)),
        "{found:#}"
    );
    assert_eq!(found["changes"][0]["missing"], value!(["payment_id"]));
    let listed = desk.run(&["automations", "list"]).ok();
    assert!(
        listed
            .err
            .starts_with("refund needs review: step get_order of run"),
        "{listed:#?}"
    );
    let learned = json(&desk, &["automations", "learn", "refund"]);
    assert_eq!(
        (&learned["runs"], learned["steps"].as_array().unwrap().len()),
        (&value!(3), 1),
        "{learned:#}"
    );
    assert!(learned["steps"][0]["tighter"].is_null());
    assert!(
        learned["steps"][0]["wider"]["properties"]["json"]["required"].is_null(),
        "{learned:#}"
    );
    let told = desk.run(&["automations", "learn", "refund"]).ok();
    assert!(
        told.out
            .contains("get_order: `output_schema` could be wider, what would let through what was stopped\n  /properties/json/required:\n    - [\"payment_id\"]\n"),
        "{told:#?}"
    );

    // A person has looked at it.
    desk.run(&["automations", "reviewed", "refund"]).ok();
    assert_eq!(review(&desk), Value::Null);
    assert_ne!(desk.run(&["automations", "reviewed", "refund"]).code, 0);

    // It opens again, and a new version that is active ends it, too.
    run(&desk);
    assert_eq!(review(&desk)["version"], 1);
    let document = json(&desk, &["automations", "show", "refund"])["document"].clone();
    let mut other = document;
    other["description"] = "another version".into();
    desk.write("other.json", other.to_string());
    desk.run(&["apply", "other.json", "--activate"]).ok();
    assert_eq!(review(&desk), Value::Null);

    // A run of a version that is not active has a review of its own, and takes no other's place.
    let own = run(&desk);
    let old = desk.run(&[
        "runs",
        "start",
        "refund",
        "--version",
        "1",
        "--output",
        "json",
    ]);
    assert!(old.out.contains("answer_changed"), "{old:#?}");
    let found = review(&desk);
    assert_eq!(
        (&found["run_id"], &found["version"]),
        (&own["id"], &value!(2)),
        "{found:#}"
    );
}

/// A desk on which the refund is an active automation that asks a shop, made without storing its recording.
fn refunds_of_a_shop() -> (Desk, Shop) {
    let desk = Desk::new();
    let shop = Shop::new(&[
        ("get_order", &["order_id"]),
        ("refund_payment", &["payment_id"]),
    ]);
    let connections = value!({ "connections": { "shop": shop.connection() } });
    desk.write("connections.json", connections.to_string());
    desk.write("recording.json", recording().to_string());
    desk.write(
        "tools.yaml",
        "tools:\n  - match: \"*\"\n    action: mcp\n    with: { connection: shop, tool: \"{{ call.name }}\", arguments: \"{{ call.arguments }}\" }\n",
    );
    let draft = desk
        .run(&[
            "crystallize",
            "recording.json",
            "--mode",
            "bound",
            "--name",
            "refund",
            "--tools",
            "tools.yaml",
            "--connections",
            "connections.json",
        ])
        .ok();
    desk.write("refund.yaml", draft.out);
    desk.run(&["connections", "set", "--file", "connections.json"])
        .ok();
    desk.run(&["apply", "refund.yaml"]).ok();
    activate(&desk);
    (desk, shop)
}

#[test]
fn an_answer_about_another_order_stops_before_the_refund() {
    let (desk, shop) = refunds_of_a_shop();
    let mut order: Value = serde_json::from_str(RECORDED).unwrap();
    shop.answers(&order);
    let right = run(&desk);
    assert_eq!(right["status"], "succeeded", "{right:#}");
    order["order_id"] = "ORD-99999".into();
    order["payment_id"] = "pay_999999".into();
    shop.answers(&order);
    let wrong = run(&desk);
    assert_eq!(
        (&wrong["status"], &wrong["error"]["code"]),
        (&value!("failed"), &value!("answer_changed")),
        "{wrong:#}"
    );
    let shown = json(&desk, &["runs", "show", wrong["id"].as_str().unwrap()]);
    let refund = shown["steps"].as_array().unwrap().last();
    assert_eq!(refund.unwrap()["status"], "skipped", "{shown:#}");
    let found = review(&desk);
    assert_eq!(
        (
            &found["step"],
            &found["changes"][0]["place"],
            &found["changes"][0]["expected"],
            &found["changes"][0]["came"],
        ),
        (
            &value!("get_order"),
            &value!("/json/order_id"),
            &value!({ "const": "ORD-48213" }),
            &value!("\"ORD-99999\""),
        ),
        "{found:#}"
    );
    let listed = desk.run(&["automations", "list"]).ok();
    assert!(
        listed.err.contains("the answer is about another thing than was asked for: \"ORD-48213\" was sent, and `/json/order_id` is \"ORD-99999\""),
        "{listed:#?}"
    );
    // No schema would let it through.
    let learned = json(&desk, &["automations", "learn", "refund"]);
    let steps = learned["steps"].as_array().unwrap().iter();
    assert!(
        steps.into_iter().all(|step| step["wider"].is_null()),
        "{learned:#}"
    );
}

#[test]
fn a_draft_that_was_made_elsewhere_is_compared_once_its_recording_is_here() {
    let (desk, shop) = refunds_of_a_shop();
    let mut order: Value = serde_json::from_str(RECORDED).unwrap();
    order["state"] = 3.into();
    order["note"] = "x".into();
    shop.answers(&order);
    let first = run(&desk);
    assert_eq!(first["status"], "succeeded", "{first:#}");
    let id = first["id"].as_str().unwrap();
    for words in [
        &["automations", "drift", "refund"][..],
        &["runs", "drift", id],
    ] {
        let told = desk.run(words).ok();
        assert_eq!(told.out, "");
        assert!(
            told.err
                .starts_with("Nothing is compared: the recording that it was made of, sha256:"),
            "{told:#?}"
        );
        assert!(told.err.contains("druse sessions import FILE"), "{told:#?}");
    }

    desk.run(&["sessions", "import", "recording.json"]).ok();
    let told = desk.run(&["runs", "drift", id]).ok();
    // Each change once, though the answer of a tool holds it three times.
    assert!(
        told.out.starts_with(
            "get_order\n  /json/note is new.\n  /json/state is number, and was string.\n"
        ),
        "{told:#?}"
    );
    assert!(!told.out.contains("/content"), "{told:#?}");
    // It is noted from the next run on.
    run(&desk);
    let noted = json(&desk, &["automations", "drift", "refund"]);
    let noted = noted.as_array().unwrap().iter();
    let of_order = noted.filter(|one| one["step"] == "get_order");
    let places: Vec<&str> = of_order.map(|one| one["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["/json/note", "/json/state"]);

    // Of what was written by hand it is said that there is none.
    desk.write(
        "hand.yaml",
        "druse: 1\nname: hand\nsteps: [{ id: a, action: transform, with: { value: 1 } }]\n",
    );
    desk.run(&["apply", "hand.yaml", "--activate"]).ok();
    let told = desk.run(&["automations", "drift", "hand"]).ok();
    assert_eq!(
        told.err,
        "Nothing is compared: it was written by hand, and belongs to no recording.\n"
    );
}

#[test]
fn many_good_runs_show_what_is_always_so() {
    let desk = refunds();
    let mut document = json(&desk, &["automations", "show", "refund"])["document"].clone();
    document["steps"][0]["output_schema"]["properties"]["json"]["properties"]["payment_id"] =
        value!({ "type": ["string", "null"] });
    desk.write("wide.json", document.to_string());
    desk.run(&["apply", "wide.json", "--activate"]).ok();
    for _ in 0..5 {
        assert_eq!(run(&desk)["status"], "succeeded");
    }
    let learned = json(&desk, &["automations", "learn", "refund"]);
    assert_eq!(
        learned["steps"][0]["tighter"]["properties"]["json"]["properties"]["payment_id"],
        value!({ "type": "string" }),
        "{learned:#}"
    );
    // Runs of other versions are passed over before the last ones are taken.
    for _ in 0..3 {
        let old = desk.run(&[
            "runs",
            "start",
            "refund",
            "--version",
            "1",
            "--output",
            "json",
        ]);
        assert!(old.out.contains("succeeded"), "{old:#?}");
    }
    let again = json(&desk, &["automations", "learn", "refund", "--runs", "5"]);
    assert_eq!(again["runs"], 5, "{again:#}");
    assert_eq!(again["steps"], learned["steps"]);
    // Nothing of it is applied.
    let after = json(&desk, &["automations", "show", "refund"]);
    assert_eq!(after["latest_version"], 2);
}

#[test]
fn decisions_are_kept_in_a_file() {
    let desk = Desk::new();
    let mut recording = recording();
    recording["messages"][3]["tool_calls"][0]["arguments"]["fee"] = value!(17.25);
    desk.write("recording.json", recording.to_string());
    let question = "source:refund_payment:/fee";
    let words = [
        "crystallize",
        "recording.json",
        "--mode",
        "bound",
        "--output",
        "json",
        "--decisions",
        "decisions.yaml",
    ];
    let asked = desk.run(&words).ok().json();
    assert_eq!(asked["report"]["questions"][0]["id"], question, "{asked:#}");
    let answer = format!("{question}=input");
    let mut answered = words.to_vec();
    answered.extend(["--answer", &answer]);
    desk.run(&answered).ok();
    assert!(
        desk.read("decisions.yaml")
            .contains("\"source:refund_payment:/fee\": \"input\"")
    );
    // Given again it is decided the same.
    let again = desk.run(&words).ok().json();
    assert_eq!(again["report"]["questions"], value!([]));
    assert_eq!(
        again["automation"]["document"]["inputs"]["fee"]["default"],
        17.25
    );
    // The draft itself says how it was decided.
    desk.write("draft.json", again["automation"]["document"].to_string());
    let from_draft = [
        "crystallize",
        "recording.json",
        "--mode",
        "bound",
        "--output",
        "json",
        "--decisions",
        "draft.json",
    ];
    let same = desk.run(&from_draft).ok().json();
    assert_eq!(same["report"]["questions"], value!([]));
    desk.write("wrong.yaml", "decision: {}\n");
    let wrong = ["crystallize", "recording.json", "--decisions", "wrong.yaml"];
    assert_ne!(desk.run(&wrong).code, 0);
}

#[test]
fn the_page_has_their_commands() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/crystallizer.md");
    let page = std::fs::read_to_string(page).unwrap();
    for (title, count) in [("Drift", 4), ("The rules", 3)] {
        let part = page.split("\n## ").find(|part| part.starts_with(title));
        let commands = examples(part.unwrap_or_else(|| panic!("no part {title}")));
        assert_eq!(commands.len(), count, "{commands:?}");
        for words in commands {
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{words:?}: {error}");
            }
        }
    }
}
