//! Answers to the questions of a draft over the API: what is answered now has to be used, what was answered before is
//! left out where no question takes it.

use crate::harness::{Server, text};
use serde_json::{Value, json};

#[tokio::test]
async fn an_answer_that_no_question_takes_is_refused_and_nothing_is_stored() {
    let server = Server::new().await;
    let admin = server.admin();
    let store = async |order: &str, flag: bool| {
        let arguments = json!({ "order": order, "flag": flag });
        let recording = json!({ "status": "succeeded", "messages": [
            { "role": "user", "content": format!("Do order {order}.") },
            { "role": "assistant", "tool_calls": [{ "id": "c1", "name": "do_it", "arguments": arguments }] },
            { "role": "tool", "tool_call_id": "c1", "content": { "ok": true } },
        ] });
        text(&admin.post("/agents/runs", &recording).await.with(201)["id"])
    };
    let (first, other) = (store("W48121", true).await, store("W77310", false).await);
    let path = format!("/agents/runs/{first}/crystallize");
    let body = |more: Value| {
        let mut body = json!({ "mode": "bound", "name": "order", "also": [other] });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let question = "source:do_it:/flag";
    for (answers, code, said) in [
        (json!({ question: "constant" }), "choice_unknown", "`input`"),
        (
            json!({ "source:do_it:/flags": "input" }),
            "question_unknown",
            question,
        ),
    ] {
        let asked = body(json!({ "answers": answers }));
        let refused = admin.post(&path, &asked).await.problem(422, code);
        assert!(
            refused["help"].as_str().unwrap().contains(said),
            "{refused:#}"
        );
        assert_eq!(refused["findings"][0]["code"], code);
    }
    let exact = body(json!({ "mode": "exact", "answers": { question: "input" } }));
    let refused = admin
        .post(&path, &exact)
        .await
        .problem(422, "question_unknown");
    assert!(
        refused["detail"].as_str().unwrap().contains("`exact`"),
        "{refused:#}"
    );
    assert_eq!(admin.all("/automations").await, [Value::Null; 0]);

    // What was answered before is taken where it fits.
    let before = json!({ question: "input", "source:gone:/x": "constant" });
    let made = admin
        .post(&path, &body(json!({ "answers_before": before })))
        .await
        .with(201);
    let crystallized = &made["automation"]["document"]["metadata"]["crystallized"];
    assert_eq!(crystallized["answers"], json!({ question: "input" }));
    let unknown = "question_unknown:source:gone:/x";
    let findings = made["report"]["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|one| one["id"] == unknown),
        "{findings:#?}"
    );
    // The recording is called as it is stored.
    let held = &made["report"]["held_out"][0];
    assert_eq!(
        (&held["name"], &held["verdict"]),
        (&json!(other), &json!("passed"))
    );

    // What the automation was made with may be sent along, as the console does.
    let into = body(json!({ "into": made["automation"]["id"], "answers": { question: "input" } }));
    let again = admin.post(&path, &into).await.with(201);
    assert_eq!(again["automation"]["latest_version"], 2);
}

#[tokio::test]
async fn what_is_accepted_by_a_code_is_answered_and_an_unknown_code_is_refused() {
    let server = Server::new().await;
    let admin = server.admin();
    let recording = json!({ "status": "succeeded", "messages": [
        { "role": "user", "content": "Cancel order W48121." },
        { "role": "assistant", "tool_calls": [{ "id": "c1", "name": "cancel_order", "arguments": { "order": "W48121", "fee": 17.25 } }] },
        { "role": "tool", "tool_call_id": "c1", "content": { "ok": true } },
    ] });
    let id = text(&admin.post("/agents/runs", &recording).await.with(201)["id"]);
    let path = format!("/agents/runs/{id}/crystallize");
    let body =
        |mode: &str, codes: &[&str]| json!({ "mode": mode, "name": "order", "accept": codes });
    let asked = admin.post(&path, &body("bound", &[])).await.with(201);
    let question = &asked["report"]["questions"][0];
    let findings = asked["report"]["findings"].as_array().unwrap();
    let about = findings.iter().find(|one| one["path"] == question["path"]);
    let code = text(&about.expect("a finding stands with the question")["code"]);
    let taken = admin.post(&path, &body("bound", &[&code])).await.with(201);
    assert_eq!(taken["report"]["questions"], json!([]), "{taken:#}");
    let answers = &taken["automation"]["document"]["metadata"]["crystallized"]["answers"];
    assert_eq!(
        *answers,
        json!({ text(&question["id"]): question["default"] })
    );
    for mode in ["bound", "exact"] {
        let refused = admin.post(&path, &body(mode, &["unmaped_tool"])).await;
        let refused = refused.problem(422, "unknown_code");
        let help = refused["help"].as_str().unwrap();
        assert!(help.contains("`unmapped_tool`"), "{refused:#}");
    }
}
