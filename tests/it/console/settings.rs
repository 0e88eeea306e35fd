//! Connections, secrets, tokens and the tool map, by forms.

use crate::harness::browser::hidden;
use crate::harness::{Browser, Server};
use serde_json::json;

#[tokio::test]
async fn connections_are_set_up_tried_changed_and_removed() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path").to_owned();
    let write = "/settings/connections";
    // Each kind has a form of its own, with what the schema says about its fields.
    for (kind, fields) in [
        ("http", &["base_url", "headers", "burst"][..]),
        ("mcp", &["url", "command", "env", "cwd"]),
        ("folder", &["path", "read_only"]),
        ("sqlite", &["path", "create", "max_sessions"]),
        ("postgres", &["host", "database", "password"]),
        ("smtp", &["from", "recipients", "tls"]),
    ] {
        let page = owner.see(&format!("/settings?kind={kind}")).await;
        for field in fields {
            let name = format!("name=\"connection.{field}\"");
            assert!(page.contains(&name), "{name} is not in {page}");
        }
    }
    // What is wrong is told, and what was written stays.
    let wrong = [
        ("kind", "folder"),
        ("name", "files"),
        ("connection.read_only", "true"),
    ];
    let told = owner.post(write, &wrong).await;
    told.says(422, "The connection is wrong");
    told.says(422, "value=\"files\"");
    let fields = [
        ("kind", "folder"),
        ("name", "files"),
        ("connection.path", &path),
        ("test", "yes"),
    ];
    let tested = "/settings?tested=files";
    owner.post(write, &fields).await.to(tested);
    assert!(owner.see(tested).await.contains("</strong> answers."));
    assert_eq!(
        admin.get("/connections/files").await.with(200)["kind"],
        "folder"
    );
    // Another of the same name does not take its place.
    let other = [
        ("kind", "folder"),
        ("name", "files"),
        ("connection.path", "/"),
    ];
    owner.post(write, &other).await.says(422, "already");
    // What somebody else tried is not told here, nor what was not tried.
    let other = Browser::owner(&server).await;
    other
        .act("/settings/connections/files/remove", &[("x", "y")])
        .await;
    admin
        .put(
            "/connections/files",
            &json!({ "kind": "folder", "path": path }),
        )
        .await
        .with(200);
    assert!(!owner.see(tested).await.contains("</strong> answers."));
    owner
        .post("/settings/connections/files/test", &[])
        .await
        .to(tested);
    assert!(owner.see(tested).await.contains("</strong> answers."));

    // It is changed by what the form has; two people are told of each other.
    let page = owner.see("/settings?change=files").await;
    assert!(page.contains(&path), "{page}");
    let tag = hidden(&page, "tag");
    let change = |read_only: &'static str| {
        vec![
            ("change", "files"),
            ("kind", "folder"),
            ("connection.read_only", read_only),
            ("connection.rate", "30/m"),
        ]
    };
    let mut fields = change("true");
    fields.push(("tag", &tag));
    owner.act(write, &fields).await;
    let now = admin.get("/connections/files").await.with(200);
    assert_eq!(
        (&now["read_only"], &now["rate"], &now["path"]),
        (&json!(true), &json!("30/m"), &json!(path))
    );
    let mut late = change("false");
    late.push(("tag", &tag));
    owner.post(write, &late).await.says(412, "changed since");

    // A command is written as in a shell; one that cannot be started is kept, and why it does not answer is told.
    let fields = [
        ("kind", "mcp"),
        ("name", "tools"),
        ("connection.command", "/bin/false --stdio"),
        ("test", "yes"),
    ];
    owner
        .post(write, &fields)
        .await
        .to("/settings?tested=tools");
    let page = owner.see("/settings?tested=tools").await;
    assert!(page.contains("does not answer"), "{page}");
    let now = admin.get("/connections/tools").await.with(200);
    assert_eq!(now["command"], json!(["/bin/false", "--stdio"]));

    for name in ["files", "tools"] {
        owner.act(&format!("{write}/{name}/remove"), &[]).await;
    }
    assert_eq!(
        admin.get("/connections").await.with(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_secret_is_written_and_never_shown() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    owner
        .act(
            "/settings/secrets",
            &[("secret", "api_token"), ("value", "s3cr3t-value-9")],
        )
        .await;
    let page = owner.see("/settings").await;
    assert!(
        page.contains("api_token") && !page.contains("s3cr3t-value-9"),
        "{page}"
    );
    // Nor after a refusal.
    let refused = owner
        .post(
            "/settings/secrets",
            &[("secret", "bad name!"), ("value", "s3cr3t-value-9")],
        )
        .await;
    assert!(
        refused.status >= 400 && !refused.text.contains("s3cr3t-value-9"),
        "{}",
        refused.text
    );
    owner.act("/settings/secrets/api_token/remove", &[]).await;
}

#[tokio::test]
async fn a_token_is_shown_once_and_revoked() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    let made = owner
        .post(
            "/settings/tokens",
            &[
                ("token_name", "ci"),
                ("role", "operator"),
                ("expires", "30d"),
            ],
        )
        .await;
    made.says(200, "shown only now");
    let token = made
        .text
        .split("druse_")
        .nth(1)
        .and_then(|rest| rest.split(['"', '<']).next())
        .expect("a token");
    let settings = owner.see("/settings").await;
    assert!(settings.contains("People and roles"), "{settings}");
    assert!(
        settings.contains("decides at gates that ask them"),
        "{settings}"
    );
    let client = server.anonymous().token(&format!("druse_{token}"));
    client.get("/runs").await.with(200);
    let page = owner.see("/settings").await;
    assert!(!page.contains(token), "{page}");
    let tokens = server.admin().get("/tokens").await.with(200);
    let id = tokens["items"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["name"] == "ci"))
        .expect("the token")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    owner
        .act(&format!("/settings/tokens/{id}/revoke"), &[])
        .await;
    client.get("/runs").await.problem(401, "wrong_token");
}

#[tokio::test]
async fn the_tool_map_is_saved_and_wrong_rules_are_told() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    let rules = json!({ "tools": [{ "match": "get_*", "action": "http", "with": { "connection": "c", "path": "/x" } }] }).to_string();
    owner
        .act("/settings/tools", &[("tools", &rules), ("tag", "*")])
        .await;
    let map = server.admin().get("/tools").await.with(200);
    assert_eq!(map["tools"][0]["match"], "get_*");
    let wrong = owner
        .post(
            "/settings/tools",
            &[("tools", "{\"tools\": [{\"match\": 7}]}"), ("tag", "*")],
        )
        .await;
    wrong.says(422, "wrong");
    assert!(
        Browser::role(&server, "viewer")
            .await
            .see("/settings")
            .await
            .contains("get_*")
    );
}

#[tokio::test]
async fn the_rules_of_the_tool_map_are_added_changed_moved_and_removed_in_forms() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let tag = |page: &str| {
        let part = page.split("id=\"tools\"").nth(1).expect("the tool map");
        crate::harness::browser::hidden(part, "tag")
    };
    let send = async |prefix: &str, index: &str, what: &str, tag: &str, given: &[(&str, &str)]| {
        let named: Vec<(String, &str)> = given
            .iter()
            .map(|(name, value)| (format!("{prefix}.{name}"), *value))
            .collect();
        let mut fields = vec![
            ("prefix", prefix),
            ("index", index),
            ("do", what),
            ("tag", tag),
        ];
        fields.extend(named.iter().map(|(name, value)| (name.as_str(), *value)));
        owner.post("/settings/tools/rule", &fields).await
    };
    let map = async || admin.get("/tools").await.with(200)["tools"].clone();
    let seen = tag(&owner.see("/settings").await);
    let mail = [
        ("match", "send_*"),
        ("action", "mcp"),
        ("effects", "destructive"),
        (
            "with",
            "connection: office\ntool: \"{{ call.name }}\"\narguments: \"{{ call.arguments }}\"",
        ),
        ("deterministic", ""),
    ];
    assert_eq!(send("rule.new", "0", "add", &seen, &mail).await.status, 303);
    // Who saw the map before somebody changed it is told, and finds what they wrote.
    let reading = [
        ("match", "get_*"),
        ("action", "http"),
        ("effects", "read"),
        ("deterministic", "false"),
        ("reason", "prices change"),
        ("with", "connection: shop\npath: /x"),
    ];
    let late = send("rule.new", "0", "add", &seen, &reading).await;
    assert_eq!(late.status, 412, "{}", late.text);
    assert!(
        late.text.contains("value=\"prices change\""),
        "{}",
        late.text
    );
    let seen = tag(&late.text);
    assert_eq!(
        send("rule.new", "1", "add", &seen, &reading).await.status,
        303
    );
    assert_eq!(
        map().await,
        json!([
            { "match": "send_*", "action": "mcp", "effects": "destructive", "with": { "connection": "office", "tool": "{{ call.name }}", "arguments": "{{ call.arguments }}" } },
            { "match": "get_*", "action": "http", "effects": "read", "deterministic": false, "reason": "prices change", "with": { "connection": "shop", "path": "/x" } },
        ])
    );
    let page = owner.see("/settings").await;
    for part in [
        "<code>send_*</code> becomes",
        "its answer may differ",
        "Add a rule",
        "All rules as JSON",
        "GET /api/v1/tools",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    // What was wrong is told, changes nothing, and stands in its form.
    let seen = tag(&page);
    let wrong = send(
        "rule.1.get_*",
        "1",
        "save",
        &seen,
        &[("with", "connection: [")],
    )
    .await;
    wrong.says(422, "is not YAML");
    wrong.says(422, "connection: [");
    let empty = send("rule.1.get_*", "1", "save", &seen, &[("match", "")]).await;
    assert_eq!(empty.status, 422, "{}", empty.text);
    // A change leaves what the form says nothing of.
    let change = [
        ("match", "get_order*"),
        ("reason", ""),
        ("deterministic", "true"),
    ];
    assert_eq!(
        send("rule.1.get_*", "1", "save", &seen, &change)
            .await
            .status,
        303
    );
    let seen = tag(&owner.see("/settings").await);
    // What is written in the form of a rule that is moved is saved with it, or refused as a whole.
    send(
        "rule.1.get_order*",
        "1",
        "up",
        &seen,
        &[("with", "connection: [")],
    )
    .await
    .says(422, "is not YAML");
    assert_eq!(map().await[1]["match"], "get_order*");
    let written = [("with", "connection: shop\npath: /y")];
    assert_eq!(
        send("rule.1.get_order*", "1", "up", &seen, &written)
            .await
            .status,
        303
    );
    let now = map().await;
    assert_eq!(
        now[0],
        json!({ "match": "get_order*", "action": "http", "effects": "read", "deterministic": true, "with": { "connection": "shop", "path": "/y" } })
    );
    // A form of a rule that stands somewhere else by now changes nothing.
    let seen = tag(&owner.see("/settings").await);
    send("rule.0.send_*", "0", "remove", &seen, &[])
        .await
        .says(412, "Somebody changed the tool map");
    assert_eq!(
        send("rule.1.send_*", "1", "remove", &seen, &[])
            .await
            .status,
        303
    );
    assert_eq!(map().await.as_array().map(Vec::len), Some(1));
    let viewer = Browser::role(&server, "viewer").await;
    let page = viewer.see("/settings").await;
    assert!(
        page.contains("get_order*") && !page.contains("Save this rule"),
        "{page}"
    );
}

#[tokio::test]
async fn what_is_kept_is_written_and_the_health_is_shown() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    let page = owner.see("/settings").await;
    assert!(page.contains("Nothing needs you"), "{page}");
    let admin = server.admin();
    let before = admin.get("/settings/retention").await.with(200);
    assert_eq!(before["max_age"], json!(null));
    owner
        .post(
            "/settings/retention",
            &[("max_age", "soon"), ("max_runs", "5")],
        )
        .await
        .says(422, "soon");
    let page = owner.see("/settings").await;
    let (_, part) = page.split_once("id=\"retention\"").expect("its part");
    let tag = crate::harness::browser::hidden(part, "tag");
    let fields = [("tag", tag.as_str()), ("max_age", "90d"), ("max_runs", "5")];
    owner.act("/settings/retention", &fields).await;
    owner
        .post("/settings/retention", &fields)
        .await
        .says(412, "changed since you read it");
    let now = admin.get("/settings/retention").await.with(200);
    assert_eq!(
        (&now["max_age"], &now["max_runs"]),
        (&json!("90d"), &json!(5))
    );
    assert!(owner.see("/settings").await.contains("value=\"90d\""));

    // A single automation has a rule of its own, and then none.
    super::active(
        &server,
        "druse: 1\nname: often\nsteps: [{ id: a, action: transform, with: { value: 1 } }]\n",
    )
    .await;
    for (name, rules) in [
        ("often", json!({ "often": { "max_age": "30d" } })),
        ("", json!(null)),
    ] {
        let page = owner.see("/settings").await;
        let (_, part) = page.split_once("id=\"retention\"").expect("its part");
        let tag = crate::harness::browser::hidden(part, "tag");
        let mut fields = fields.to_vec();
        fields[0].1 = &tag;
        fields.extend([("single.0.name", name), ("single.0.max_age", "30d")]);
        owner.act("/settings/retention", &fields).await;
        let now = admin.get("/settings/retention").await.with(200);
        assert!(
            now["automations"] == rules
                || rules.is_null()
                    && now["automations"]
                        .as_object()
                        .is_none_or(serde_json::Map::is_empty),
            "{now}"
        );
    }
    owner
        .post("/settings/compact", &[])
        .await
        .says(200, "Given back");
    let viewer = Browser::role(&server, "viewer").await;
    viewer
        .post("/settings/retention", &[("max_age", "1d")])
        .await
        .says(403, "needs the role admin");
}

#[tokio::test]
async fn who_did_what_is_shown_to_administrators() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    owner
        .act(
            "/settings/secrets",
            &[("secret", "shop_token"), ("value", "hidden-from-all")],
        )
        .await;
    let page = owner.see("/audit").await;
    for part in ["secret", "shop_token", "console sign in"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("hidden-from-all"));
    // The filters stand in the address.
    let page = owner.see("/audit?action=secret.*").await;
    assert!(
        page.contains("shop_token") && !page.contains("console sign in"),
        "{page}"
    );
    let page = owner.see("/audit?by=nobody-of-this-name").await;
    assert!(page.contains("Nothing is like that."), "{page}");
    let editor = Browser::role(&server, "editor").await;
    editor.get("/audit").await.says(403, "needs the role admin");
    assert!(!editor.see("/settings").await.contains("Audit log"));
}
