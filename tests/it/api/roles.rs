//! Who may what, and how one becomes somebody: the setup token, API tokens, their roles and their end.

use crate::harness::{Client, Server, druse, text, wait};
use serde_json::json;

const ROLES: [&str; 5] = ["viewer", "operator", "approver", "editor", "admin"];

const GATED: &str = "druse: 1
name: gated
steps:
  - id: ask
    action: approval_gate
    with: { title: Go on? }
";

#[tokio::test]
async fn each_role_may_what_it_is_for_and_no_more() {
    let server = Server::new().await;
    let mut clients: Vec<Client> = Vec::new();
    for role in ROLES {
        clients.push(server.role(role).await);
    }
    let made = clients[3]
        .request("POST", "/automations")
        .yaml(GATED)
        .send()
        .await
        .with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    clients[3]
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let runs = format!("{path}/runs");
    let run = text(&clients[1].post(&runs, &json!({})).await.with(202)["id"]);
    let gate = wait::approval(&clients[0], &run).await;
    let decision = format!("/approvals/{}/decision", text(&gate["id"]));
    let wrong = json!({ "decision": "approve", "digest": "something else" });
    let call = json!({ "messages": [] });

    // What is asked, and the lowest role that may. Everything a role may is well-formed here and still
    // changes nothing, so that the next role finds what this one found.
    let cases = [
        ("GET", runs.replace(&path, ""), 0, json!(null)),
        ("GET", format!("/runs/{run}"), 0, json!(null)),
        ("GET", "/automations".into(), 0, json!(null)),
        ("GET", "/tools".into(), 0, json!(null)),
        ("GET", "/openapi.json".into(), 0, json!(null)),
        ("POST", runs, 1, json!({ "dry_run": true })),
        ("POST", "/runs/run_x/cancel".into(), 1, json!({})),
        ("POST", "/runs/run_x/retry".into(), 1, json!({})),
        ("POST", "/runs/run_x/seen".into(), 1, json!({})),
        ("DELETE", "/runs/run_x/seen".into(), 1, json!(null)),
        ("POST", "/runs/run_x/pause".into(), 1, json!({})),
        ("POST", "/runs/run_x/resume".into(), 1, json!({})),
        (
            "POST",
            "/runs/run_x/resolve".into(),
            1,
            json!({ "step": "a", "found": "again" }),
        ),
        ("POST", "/triggers/trig_x/fire".into(), 1, json!({})),
        ("POST", "/events".into(), 1, json!({})),
        ("POST", decision, 2, wrong),
        ("POST", "/agents/runs".into(), 3, call.clone()),
        ("POST", "/chat/threads".into(), 3, call),
        (
            "POST",
            "/agents/runs/sess_x/crystallize".into(),
            3,
            json!({}),
        ),
        ("POST", "/automations".into(), 3, json!({})),
        ("PUT", path.clone(), 3, json!({})),
        ("DELETE", path.clone(), 3, json!(null)),
        ("PATCH", format!("{path}/steps/nothing"), 3, json!({})),
        ("POST", format!("{path}/steps"), 3, json!({})),
        (
            "POST",
            format!("{path}/activate"),
            3,
            json!({ "version": 99 }),
        ),
        ("PUT", "/secrets/s".into(), 4, json!({})),
        ("GET", "/secrets".into(), 4, json!(null)),
        ("PUT", "/connections/c".into(), 4, json!({})),
        ("GET", "/connections".into(), 4, json!(null)),
        ("POST", "/tokens".into(), 4, json!({})),
        ("GET", "/tokens".into(), 4, json!(null)),
        ("GET", "/audit".into(), 4, json!(null)),
        ("PUT", "/tools".into(), 4, json!({})),
    ];
    for (method, path, lowest, body) in cases {
        for (rank, client) in clients.iter().enumerate() {
            let request = client.request(method, &path);
            let request = if body.is_null() {
                request
            } else {
                request.json(&body)
            };
            let answer = request.send().await;
            let place = format!("{method} {path} as {}: {}", ROLES[rank], answer.text);
            if rank < lowest {
                let problem = answer.problem(403, "role_too_low");
                let message = text(&problem["message"]);
                assert!(
                    message.contains(ROLES[lowest]) && message.contains(ROLES[rank]),
                    "{place}"
                );
            } else {
                assert!(![401, 403, 500].contains(&answer.status), "{place}");
            }
        }
    }
    assert_eq!(
        clients[0]
            .get(&format!("/approvals/{}", text(&gate["id"])))
            .await
            .with(200),
        gate
    );
}

#[tokio::test]
async fn without_a_token_only_health_and_the_schema_are_told() {
    let server = Server::new().await;
    let anonymous = server.anonymous();
    for open in ["/healthz", "/readyz", "/schema/v1.json"] {
        anonymous.root("GET", open).send().await.with(200);
    }
    let admin = server.admin_token().to_owned();
    let mut swapped = admin.clone();
    let last = swapped.pop().unwrap();
    swapped.push(if last == '0' { '1' } else { '0' });
    for closed in ["/api/v1/runs", "/api/v1/openapi.json", "/metrics"] {
        let none = anonymous.root("GET", closed).send().await;
        assert_eq!(none.header("www-authenticate"), "Bearer realm=\"druse\"");
        none.problem(401, "no_token");
        for token in [
            "nonsense",
            swapped.as_str(),
            "",
            &format!("druse_{}", "0".repeat(36)),
        ] {
            let wrong = anonymous
                .clone()
                .token(token)
                .root("GET", closed)
                .send()
                .await;
            assert_eq!(wrong.status, 401, "{closed} {token}: {}", wrong.text);
        }
        let basic = format!("Basic {admin}");
        let basic = anonymous
            .root("GET", closed)
            .header("authorization", &basic)
            .send()
            .await;
        basic.problem(401, "no_token");
        let lower = format!("bearer {admin}");
        let lower = anonymous
            .root("GET", closed)
            .header("authorization", &lower)
            .send()
            .await;
        assert_eq!(lower.status, 200);
    }
    // A page of another site cannot use a browser to get in.
    let foreign = server
        .admin()
        .request("GET", "/runs")
        .header("host", "evil.example")
        .send()
        .await;
    foreign.problem(421, "unknown_host");
}

#[tokio::test]
async fn the_setup_token_works_once_and_tokens_end() {
    let mut server = Server::new().await;
    // The harness has used it.
    let setup = json!({ "token": server.setup_token(), "name": "somebody" });
    server
        .anonymous()
        .post("/setup", &setup)
        .await
        .problem(401, "setup_refused");
    let guess = json!({ "token": "guess", "name": "somebody" });
    server
        .anonymous()
        .post("/setup", &guess)
        .await
        .problem(401, "setup_refused");
    let mode = std::os::unix::fs::PermissionsExt::mode;
    let file = server.data().join("setup-token");
    assert_eq!(
        mode(&std::fs::metadata(file).unwrap().permissions()) & 0o777,
        0o600
    );

    let admin = server.admin();
    let made = |name: &str, expires: &str| {
        let body = json!({ "role": "viewer", "name": name, "expires": expires });
        let admin = admin.clone();
        async move { admin.post("/tokens", &body).await.with(201) }
    };
    let (lasting, short) = (made("lasting", "1h").await, made("short", "1ms").await);
    let secret = text(&lasting["token"]);
    assert!(
        secret.starts_with("druse_") && secret.len() == 42,
        "{secret}"
    );
    let viewer = server.anonymous().token(&secret);
    viewer.get("/runs").await.with(200);
    let ended = server.anonymous().token(&text(&short["token"]));
    let refused = wait::until("the end of a token", || async {
        let answer = ended.get("/runs").await;
        (answer.status != 200).then_some(answer)
    });
    refused.await.problem(401, "wrong_token");
    let listed = admin.all("/tokens").await;
    assert_eq!(listed.len(), 3);
    assert!(
        listed.iter().all(|token| token.get("token").is_none()),
        "{listed:?}"
    );

    admin
        .delete(&format!("/tokens/{}", text(&lasting["id"])))
        .await
        .with(204);
    viewer.get("/runs").await.problem(401, "wrong_token");
    server.crash().await;
    let viewer = viewer.at(server.address());
    viewer.get("/runs").await.problem(401, "wrong_token");
    server.admin().get("/runs").await.with(200);

    for (body, code) in [
        (json!({ "role": "king", "name": "x" }), "bad_role"),
        (json!({ "role": "viewer", "name": "" }), "bad_name"),
        (json!({ "role": "viewer", "name": "uid:1000" }), "bad_name"),
        (
            json!({ "role": "viewer", "name": "Trigger: x" }),
            "bad_name",
        ),
        (json!({ "role": "viewer", "name": "run:run_1" }), "bad_name"),
        (json!({ "role": "viewer", "name": "link" }), "bad_name"),
        (json!({ "role": "viewer", "name": "link:5" }), "bad_name"),
        (json!({ "role": "viewer", "name": "USER:ana" }), "bad_name"),
        (json!({ "role": "viewer", "name": "druse" }), "bad_name"),
        (json!({ "role": "viewer", "name": "system" }), "bad_name"),
        (json!({ "role": "viewer", "name": "setup" }), "bad_name"),
        (json!({ "role": "viewer", "name": "Public" }), "bad_name"),
        (json!({ "role": "viewer", "name": "nobody" }), "bad_name"),
        (json!({ "role": "viewer" }), "bad_body"),
        (
            json!({ "role": "viewer", "name": "x", "expires": "soon" }),
            "bad_expiry",
        ),
    ] {
        server
            .admin()
            .post("/tokens", &body)
            .await
            .problem(422, code);
    }
}

#[tokio::test]
async fn whoever_owns_the_data_folder_needs_no_token() {
    let server = Server::new().await;
    let made = druse([
        "tokens", "create", "--role", "operator", "--name", "ci", "--data",
    ])
    .arg(server.data())
    .output()
    .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let token = String::from_utf8(made.stdout).unwrap();
    let operator = server.anonymous().token(token.trim_end_matches('\n'));
    operator.get("/runs").await.with(200);
    operator.get("/tokens").await.problem(403, "role_too_low");
    let socket = std::fs::metadata(server.data().join("druse.sock")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&socket.permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_gate_may_ask_for_somebody_else_than_whoever_started_the_run() {
    let server = Server::new().await;
    let (approver, admin) = (server.role("approver").await, server.admin());
    let document = GATED.replace(
        "Go on?",
        "\"Go on?\", exclude_starter: true, approvers: [\"user:approver\", \"user:ana\"]",
    );
    let made = admin
        .request("POST", "/automations")
        .yaml(&document)
        .send()
        .await
        .with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let runs = format!("{path}/runs");
    let run = text(&approver.post(&runs, &json!({})).await.with(202)["id"]);
    let gate = wait::approval(&admin, &run).await;
    let decision = format!("/approvals/{}/decision", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    approver
        .post(&decision, &yes)
        .await
        .problem(403, "not_allowed");
    let editor = server.role("editor").await;
    editor
        .post(&decision, &yes)
        .await
        .problem(403, "not_allowed");
    admin.post(&decision, &yes).await.with(200);
    wait::run(&admin, &run, "succeeded").await;

    // The same gate decided by whom it asks, for a run that somebody else started.
    let run = text(&admin.post(&runs, &json!({})).await.with(202)["id"]);
    let gate = wait::approval(&admin, &run).await;
    let decision = format!("/approvals/{}/decision", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    admin
        .post(&decision, &yes)
        .await
        .problem(403, "not_allowed");
    approver.post(&decision, &yes).await.with(200);
    wait::run(&admin, &run, "succeeded").await;
}
