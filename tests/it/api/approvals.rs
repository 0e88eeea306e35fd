//! Approval gates as the people who answer them meet them: over the API, the command line and links, with
//! the server killed in between.

use crate::harness::{Client, Server, druse, text, wait};
use serde_json::{Value, json};

/// Activates a document and starts a run of it.
async fn run_of(client: &Client, document: &str) -> String {
    let made = client
        .request("POST", "/automations")
        .yaml(document)
        .send()
        .await
        .with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    client
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let run = client.post(&format!("{path}/runs"), &json!({})).await;
    text(&run.with(202)["id"])
}

fn decision(gate: &Value) -> String {
    format!("/approvals/{}/decision", text(&gate["id"]))
}

fn answer(gate: &Value, verdict: &str, comment: &str) -> Value {
    json!({ "decision": verdict, "comment": comment, "digest": gate["digest"] })
}

/// A command against the server of a folder; what it printed.
fn asked(server: &Server, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = druse(["approvals"]);
    let done = command
        .args(arguments)
        .arg("--data")
        .arg(server.data())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.code(), said)
}

const REVIEWED: &str = r#"druse: 1
name: reviewed
steps:
  - id: draft
    action: transform
    with: { value: { round: "{{ review.round }}", asked: "{{ review.comment }}" } }
  - id: gate
    action: approval_gate
    with:
      title: Publish round {{ steps.draft.output.round }}?
      send_back: { to: draft, rounds: 2 }
      fields: { type: object, required: [amount], properties: { amount: { type: number, maximum: 10 } } }
  - id: publish
    action: transform
    needs: [gate]
    with: { value: { draft: "{{ steps.draft.output }}", amount: "{{ steps.gate.output.fields.amount }}" } }
outputs:
  published: "{{ steps.publish.output }}"
"#;

#[tokio::test]
async fn a_gate_is_sent_back_over_a_crash_and_asks_anew() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let run = run_of(&admin, REVIEWED).await;
    let first = wait::approval(&admin, &run).await;
    assert_eq!(first["title"], "Publish round 0?");
    assert_eq!(
        (&first["can_send_back"], &first["round"]),
        (&json!(true), &json!(0))
    );
    for verdict in ["reject", "send_back"] {
        let silent = json!({ "decision": verdict, "digest": first["digest"] });
        admin
            .post(&decision(&first), &silent)
            .await
            .problem(422, "comment_required");
    }
    let back = admin
        .post(&decision(&first), &answer(&first, "send_back", "shorter"))
        .await
        .with(200);
    assert_eq!(back["status"], "sent_back");
    assert_eq!(back["decisions"][0]["comment"], "shorter");
    server.crash().await;
    let admin = server.admin();
    let second = wait::approval(&admin, &run).await;
    assert_eq!(second["title"], "Publish round 1?");
    assert_ne!(first["id"], second["id"]);
    assert_ne!(first["digest"], second["digest"]);
    let old = admin
        .get(&format!("/approvals/{}", text(&first["id"])))
        .await
        .with(200);
    assert_eq!(old["status"], "sent_back");
    admin
        .post(&decision(&first), &answer(&first, "approve", ""))
        .await
        .problem(409, "already_decided");

    // Once more from the command line.
    let id = text(&second["id"]);
    let (code, said) = asked(&server, &["send-back", &id, "--comment", "again"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "Publish round 1?: sent_back.\n")
    );
    let third = wait::approval(&admin, &run).await;
    assert_eq!(third["can_send_back"], false);
    admin
        .post(&decision(&third), &answer(&third, "send_back", "more"))
        .await
        .problem(409, "cannot_send_back");
    let id = text(&third["id"]);
    let (code, said) = asked(&server, &["approve", &id, "--field", "amount=99"]);
    assert_eq!(code, Some(65), "{said}");
    let (code, said) = asked(&server, &["approve", &id, "--field", "amount=7"]);
    assert_eq!(code, Some(0), "{said}");
    let ended = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(
        ended["outputs"]["published"],
        json!({ "draft": { "round": 2, "asked": "again" }, "amount": 7 })
    );
    server.stop().await;
    server.verify();
}

const TWO_OF_THREE: &str = r#"druse: 1
name: two_of_three
steps:
  - id: gate
    action: approval_gate
    with: { title: Go?, needed: 2, approvers: ["role:approver"], exclude_starter: true }
"#;

#[tokio::test]
async fn a_gate_without_a_form_takes_no_fields() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = "druse: 1
name: plain
steps: [ { id: ask, action: approval_gate, with: { title: Go? } } ]
";
    let run = run_of(&admin, document).await;
    wait::run(&admin, &run, "waiting").await;
    let gates = admin.get("/approvals").await.with(200);
    let gate = &gates["items"][0];
    let mut given = answer(gate, "approve", "");
    given["fields"] = json!({ "n": 1 });
    let refused = admin.post(&decision(gate), &given).await;
    let refused = refused.problem(422, "bad_fields");
    assert_eq!(
        refused["findings"][0]["code"], "unexpected_fields",
        "{refused:#}"
    );
    given["fields"] = json!({});
    admin.post(&decision(gate), &given).await.with(200);
}

#[tokio::test]
async fn a_link_is_for_whom_the_gate_asks_now() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = "druse: 1
name: named
steps: [ { id: ask, action: approval_gate, with: { title: Pay the bill?, approvers: [ 'user:ana', 'user:ben' ], needed: 2 } } ]
";
    let run = run_of(&admin, document).await;
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let link = async |person: &str| {
        let body = json!({ "for": person });
        let made = admin.post(&format!("{path}/links"), &body).await.with(201);
        let address = text(&made["address"]);
        address[address.find("/approve/").unwrap()..].to_owned()
    };
    let [ana, ben] = [link("ana").await, link("ben").await];
    let anybody = server.anonymous();
    let digest = text(&gate["digest"]);
    let yes = [("decision", "approve"), ("digest", &*digest)];
    let page = anybody.root("GET", &ana).send().await;
    assert!(page.status == 200 && page.text.contains("Pay the bill?"));
    let done = anybody.root("POST", &ana).form(&yes).send().await;
    assert_eq!(done.status, 200, "{}", done.text);
    // Another person is asked in the place of the second one.
    let to = json!({ "approvers": ["user:ana", "user:eva"] });
    admin.post(&format!("{path}/reassign"), &to).await.with(200);
    for method in ["GET", "POST"] {
        let request = anybody.root(method, &ben);
        let request = match method {
            "POST" => request.form(&yes),
            _ => request,
        };
        let refused = request.send().await;
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert!(!refused.text.contains("Pay the bill?"), "{}", refused.text);
    }
    let eva = link("eva").await;
    let done = anybody.root("POST", &eva).form(&yes).send().await;
    assert_eq!(done.status, 200, "{}", done.text);
    let gate = admin.get(&path).await.with(200);
    assert_eq!(gate["status"], "approved", "{gate:#}");
}

#[tokio::test]
async fn two_people_answer_and_whoever_started_it_is_not_one_of_them() {
    let server = Server::new().await;
    let editor = server.role("editor").await;
    let (approver, admin) = (server.role("approver").await, server.admin());
    let run = run_of(&editor, TWO_OF_THREE).await;
    let gate = wait::approval(&editor, &run).await;
    let path = decision(&gate);
    let yes = answer(&gate, "approve", "");
    editor.post(&path, &yes).await.problem(403, "not_allowed");
    let one = approver.post(&path, &yes).await.with(200);
    assert_eq!(one["status"], "pending");
    approver.post(&path, &yes).await.problem(403, "not_allowed");
    admin
        .post(&path, &answer(&gate, "send_back", "no"))
        .await
        .problem(409, "cannot_send_back");
    let two = admin.post(&path, &yes).await.with(200);
    assert_eq!(two["status"], "approved");
    wait::run(&admin, &run, "succeeded").await;
}

const FOR_ANA: &str = r#"druse: 1
name: for_ana
steps:
  - id: gate
    action: approval_gate
    with: { title: "<b>Go\u202e?</b>", approvers: ["user:ana"], show: { amount: 7 } }
  - id: pay
    action: transform
    needs: [gate]
    with: { value: { to: "<script>alert(1)</script>" } }
"#;

#[tokio::test]
async fn an_approval_is_handed_over_by_whom_it_asks() {
    let server = Server::new().await;
    let admin = server.admin();
    let run = run_of(&admin, FOR_ANA).await;
    let gate = wait::approval(&admin, &run).await;
    let approver = server.role("approver").await;
    let path = format!("/approvals/{}/reassign", text(&gate["id"]));
    let over = json!({ "approvers": ["role:approver"], "reason": "on leave" });
    approver
        .post(&path, &over)
        .await
        .problem(403, "not_allowed");
    let nobody = json!({ "approvers": ["bob"] });
    admin
        .post(&path, &nobody)
        .await
        .problem(422, "bad_approvers");
    let id = text(&gate["id"]);
    let links = format!("/approvals/{id}/links");
    let made = admin.post(&links, &json!({ "for": "ana" })).await.with(201);
    let address = text(&made["address"]);
    let link = || server.anonymous().root("GET", below(&address)).send();
    let page = link().await;
    assert!(
        page.status == 200 && page.text.contains("<button"),
        "{}",
        page.text
    );
    let (code, said) = asked(
        &server,
        &[
            "reassign",
            &id,
            "--to",
            "role:approver",
            "--reason",
            "on leave",
        ],
    );
    assert_eq!(code, Some(0), "{said}");
    let now = admin.get(&format!("/approvals/{id}")).await.with(200);
    assert_eq!(now["approvers"], json!(["role:approver"]));
    assert_eq!(now["digest"], gate["digest"]);
    // Whom it asked before is shown nothing of it any more, and no buttons.
    let page = link().await;
    assert_eq!(page.status, 403, "{}", page.text);
    let shown = page.text.contains("alert(1)") || page.text.contains("<button");
    assert!(!shown, "{}", page.text);
    let yes = approver
        .post(&decision(&gate), &answer(&gate, "approve", ""))
        .await;
    assert_eq!(yes.with(200)["status"], "approved");
}

/// The path of an address on this server.
fn below(address: &str) -> &str {
    let start = address.find("/approve/").unwrap();
    &address[start..]
}

#[tokio::test]
async fn a_link_shows_to_whoever_opens_it_and_decides_once_as_its_person() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let run = run_of(&admin, FOR_ANA).await;
    let gate = wait::approval(&admin, &run).await;
    let links = format!("/approvals/{}/links", text(&gate["id"]));
    let approver = server.role("approver").await;
    approver
        .post(&links, &json!({ "for": "ana" }))
        .await
        .problem(403, "not_allowed");
    admin
        .post(&links, &json!({ "for": "bob" }))
        .await
        .problem(403, "not_allowed");
    for wrong in ["91d", "0s"] {
        admin
            .post(&links, &json!({ "for": "user:ana", "expires": wrong }))
            .await
            .problem(422, "bad_expiry");
    }
    let made = admin
        .post(&links, &json!({ "for": "user:ana", "expires": "2d" }))
        .await
        .with(201);
    let address = text(&made["address"]);
    assert!(address.starts_with(server.address()), "{address}");
    let path = below(&address).to_owned();
    let id = text(&gate["id"]);
    let (code, said) = asked(&server, &["link", &id, "--for", "ana", "--expires", "2d"]);
    assert_eq!(code, Some(0), "{said}");
    let another = below(said.trim()).to_owned();
    assert_ne!(another, path);
    server.crash().await;
    let anybody = server.anonymous();
    // Mail programs open links: that shows, and never decides.
    for _ in 0..3 {
        let page = anybody.root("GET", &path).send().await;
        assert_eq!(page.status, 200, "{}", page.text);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; form-action"));
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert!(!page.text.contains("<script"), "{}", page.text);
        assert!(page.text.contains("&lt;b&gt;Go⟨U+202E⟩?&lt;/b&gt;"));
        assert!(page.text.contains("&lt;script&gt;alert(1)"));
    }
    let admin = server.admin();
    let id = text(&gate["id"]);
    let shown = admin.get(&format!("/approvals/{id}")).await.with(200);
    assert_eq!(shown["status"], "pending");
    let digest = text(&gate["digest"]);
    let silent = anybody
        .root("POST", &path)
        .form(&[("decision", "reject"), ("digest", &digest)])
        .send()
        .await;
    assert_eq!(silent.status, 422);
    assert!(silent.text.contains("needs a comment"), "{}", silent.text);
    let stale = anybody
        .root("POST", &path)
        .form(&[("decision", "approve"), ("digest", "sha256:00")])
        .send()
        .await;
    assert_eq!(stale.status, 409, "{}", stale.text);
    let yes = anybody
        .root("POST", &path)
        .form(&[
            ("decision", "approve"),
            ("digest", &digest),
            ("comment", "fine"),
        ])
        .send()
        .await;
    assert_eq!(yes.status, 200, "{}", yes.text);
    let after = anybody.root("GET", &path).send().await;
    assert_eq!(after.status, 410);
    let done = admin.get(&format!("/approvals/{id}")).await.with(200);
    assert_eq!(
        (&done["status"], &done["decisions"][0]["by"]),
        (&json!("approved"), &json!("ana"))
    );
    wait::run(&admin, &run, "succeeded").await;
    // The other link shows what became of it, and decides nothing any more.
    let page = anybody.root("GET", &another).send().await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("approved") && !page.text.contains("<form"));
    let late = anybody
        .root("POST", &another)
        .form(&[("decision", "approve"), ("digest", &digest)])
        .send()
        .await;
    assert_eq!(late.status, 409);
    let forged = format!("{path}x");
    assert_eq!(anybody.root("GET", &forged).send().await.status, 404);
    // Of the token nothing is kept.
    let token = path.rsplit('/').next().unwrap().as_bytes();
    for file in std::fs::read_dir(server.data().join("log")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|part| part == token));
    }
}

#[tokio::test]
async fn a_gate_tells_people_once_more_after_a_crash_and_waits_whatever_became_of_it() {
    let chat = crate::data::service::Service::start().await;
    let mut server = Server::new().await;
    let admin = server.admin();
    let connection = json!({ "kind": "http", "base_url": chat.address });
    admin
        .request("PUT", "/connections/chat")
        .json(&connection)
        .send()
        .await;
    let document = r#"druse: 1
name: told
steps:
  - id: gate
    action: approval_gate
    with:
      title: Go?
      approvers: ["user:ana"]
      notify:
        - action: http
          for: user:ana
          with: { connection: chat, method: POST, path: /say, json: { text: "{{ approval.title }}", open: "{{ approval.link }}" } }
        - action: shell
          with: { argv: [/no/such/program] }
"#;
    let run = run_of(&admin, document).await;
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let told = wait::until("everybody told", || async {
        let shown = admin.get(&path).await.with(200);
        let notices = shown["notices"].as_array().cloned().unwrap_or_default();
        (notices.len() == 2).then_some(shown)
    })
    .await;
    assert_eq!(told["status"], "pending");
    let notices = told["notices"].as_array().unwrap();
    let of = |index: u32| notices.iter().find(|one| one["index"] == index).unwrap();
    assert_eq!(of(0)["error"], Value::Null);
    assert!(of(1)["error"]["message"].is_string());
    let seen = chat.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["body"]["text"], "Go?");
    // What was told is not told again.
    server.crash().await;
    let admin = server.admin();
    let link = text(&seen[0]["body"]["open"]);
    let yes = server
        .anonymous()
        .root("POST", below(&link))
        .form(&[("decision", "approve"), ("digest", &text(&gate["digest"]))])
        .send()
        .await;
    assert_eq!(yes.status, 200, "{}", yes.text);
    wait::run(&admin, &run, "succeeded").await;
    assert_eq!(chat.seen().len(), 1);
}

#[tokio::test]
async fn a_link_in_a_message_gives_nobody_more_than_their_token_does() {
    let chat = crate::data::service::Service::start().await;
    let server = Server::new().await;
    let admin = server.admin();
    let connection = json!({ "kind": "http", "base_url": chat.address });
    admin
        .request("PUT", "/connections/chat")
        .json(&connection)
        .send()
        .await;
    server.role("viewer").await;
    server.role("approver").await;
    let document = r#"druse: 1
name: linked
steps:
  - id: gate
    action: approval_gate
    with:
      title: Go?
      notify:
        - { action: http, for: "user:viewer", with: { connection: chat, method: POST, path: /viewer, json: { open: "{{ approval.link }}" } } }
        - { action: http, for: "user:approver", with: { connection: chat, method: POST, path: /approver, json: { open: "{{ approval.link }}" } } }
        - { action: http, for: "user:nobody", with: { connection: chat, method: POST, path: /nobody, json: { open: "{{ approval.link }}" } } }
"#;
    let run = run_of(&admin, document).await;
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    wait::until("everybody told", || async {
        let shown = admin.get(&path).await.with(200);
        let notices = shown["notices"].as_array().cloned().unwrap_or_default();
        (notices.len() == 3).then_some(())
    })
    .await;
    let seen = chat.seen();
    let link = |path: &str| {
        let told = seen.iter().find(|one| one["target"] == path);
        told.unwrap_or_else(|| panic!("{path}: {seen:?}"))["body"]["open"].clone()
    };
    assert_eq!(link("/viewer"), Value::Null);
    assert_eq!(link("/nobody"), Value::Null);
    let yes = server
        .anonymous()
        .root("POST", below(&text(&link("/approver"))))
        .form(&[("decision", "approve"), ("digest", &text(&gate["digest"]))])
        .send()
        .await;
    assert_eq!(yes.status, 200, "{}", yes.text);
    wait::run(&admin, &run, "succeeded").await;
}

const ESCALATED: &str = r#"druse: 1
name: escalated
steps:
  - id: gate
    action: approval_gate
    with: { title: Go?, approvers: ["user:ana"], timeout: 1s, on_timeout: escalate, escalate_to: ["role:approver"] }
"#;

#[tokio::test]
async fn others_are_asked_when_the_time_is_over_and_the_gate_ends_after_that() {
    let server = Server::new().await;
    let admin = server.admin();
    let run = run_of(&admin, ESCALATED).await;
    let ended = wait::run(&admin, &run, "rejected").await;
    assert_eq!(ended["error"]["code"], "approval_expired");
    let gates = admin
        .get(&format!("/approvals?run_id={run}"))
        .await
        .with(200);
    let gate = &gates["items"][0];
    assert_eq!(gate["status"], "expired");
    assert_eq!(gate["escalated"], true);
    assert_eq!(gate["approvers"], json!(["user:ana", "role:approver"]));
}

const BOUND: &str = r#"druse: 1
name: bound
steps:
  - id: draft
    action: transform
    with: { value: "round {{ review.round }}" }
  - id: later
    action: wait
    with: { for: 100ms }
  - id: legal
    action: approval_gate
    needs: [later]
    with: { title: Legal? }
  - id: style
    action: approval_gate
    needs: [draft]
    with: { title: Style?, send_back: { to: draft } }
  - id: publish
    action: transform
    needs: [legal, style]
    with: { value: "{{ steps.draft.output }}" }
outputs:
  published: "{{ steps.publish.output }}"
"#;

/// The request of a step's gate that waits, other than one that is known.
async fn other(client: &Client, run: &str, step: &str, than: &Value) -> Value {
    let path = format!("/approvals?status=pending&run_id={run}");
    wait::until(&format!("a request of {step}"), || async {
        let page = client.get(&path).await.with(200);
        let mut items = page["items"].as_array().unwrap().iter();
        items
            .find(|gate| gate["step_id"] == step && gate["id"] != *than)
            .cloned()
    })
    .await
}

#[tokio::test]
async fn what_has_changed_since_it_was_asked_is_refused_with_the_difference() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let run = run_of(&admin, BOUND).await;
    let legal = other(&admin, &run, "legal", &Value::Null).await;
    assert_eq!(legal["details"]["next"][0]["rendered"], true);
    assert_eq!(legal["details"]["next"][0]["with"]["value"], "round 0");
    let style = other(&admin, &run, "style", &Value::Null).await;
    admin
        .post(&decision(&style), &answer(&style, "send_back", "again"))
        .await
        .with(200);
    let changes =
        json!([{ "what": "publish/with/value", "before": "round 0", "after": "round 1" }]);
    let new = other(&admin, &run, "legal", &legal["id"]).await;
    let late = admin
        .post(&decision(&legal), &answer(&legal, "approve", ""))
        .await
        .problem(409, "approval_changed");
    assert_eq!(late["changes"], changes);
    server.crash().await;
    let admin = server.admin();
    let void = admin
        .get(&format!("/approvals/{}", text(&legal["id"])))
        .await
        .with(200);
    assert_eq!(
        (&void["status"], &void["changes"]),
        (&json!("void"), &changes)
    );
    let id = text(&legal["id"]);
    let (code, said) = asked(&server, &["approve", &id]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("publish/with/value: \"round 0\" became \"round 1\""),
        "{said}"
    );
    let style = other(&admin, &run, "style", &style["id"]).await;
    for gate in [&new, &style] {
        admin
            .post(&decision(gate), &answer(gate, "approve", ""))
            .await
            .with(200);
    }
    let ended = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(ended["outputs"]["published"], "round 1");
}
