//! Automations, their versions, and what they are made from.

use super::*;

#[tokio::test]
async fn edits_make_versions_and_moved_tags_are_refused() {
    let server = Server::new().await;
    let id = server.active(DOCUMENT).await;
    let read = server
        .call("GET", &format!("/automations/{id}"), &[], "")
        .await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let step = json!({ "step": { "id": "more", "action": "transform", "with": { "value": 2 } }, "after": "say" });
    let path = format!("/automations/{id}/steps");
    let changed = server
        .call("POST", &path, &[("if-match", &tag)], &step.to_string())
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["latest_version"], 2);
    assert_eq!(changed.body["active_version"], 1);
    assert_eq!(
        changed.body["document"]["steps"][1]["needs"],
        json!(["say"])
    );
    let moved = server
        .call(
            "PATCH",
            &format!("{path}/more"),
            &[("if-match", &tag)],
            "{\"name\":\"x\"}",
        )
        .await;
    assert_eq!(moved.status, 412, "{}", moved.body);
    let bad = server
        .call("PATCH", &format!("{path}/more"), &[], "{\"whne\":\"x\"}")
        .await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    let removed = server.call("DELETE", &format!("{path}/say"), &[], "").await;
    assert_eq!(
        removed.status, 422,
        "an output still reads it: {}",
        removed.body
    );
    let diff = server
        .call(
            "GET",
            &format!("/automations/{id}/diff?from=1&to=2"),
            &[],
            "",
        )
        .await;
    assert_eq!(diff.body["steps"]["added"], json!(["more"]));
    let back = server
        .post(
            &format!("/automations/{id}/rollback"),
            &json!({ "version": 1 }),
        )
        .await;
    assert_eq!(
        (&back.body["latest_version"], &back.body["active_version"]),
        (&json!(3), &json!(3)),
        "{}",
        back.body
    );
    assert_eq!(
        server
            .call("GET", &format!("/automations/{id}/versions"), &[], "")
            .await
            .body["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_recording_is_stored_crystallized_and_named() {
    let server = Server::new().await;
    let recording = json!({
        "status": "succeeded", "agent": "builder", "goal": "make a list",
        "messages": [
            { "role": "user", "content": "make a list" },
            { "role": "assistant", "content": "", "tool_calls": [{ "id": "c1", "name": "list", "arguments": { "n": 3 } }] },
            { "role": "tool", "tool_call_id": "c1", "content": [1, 2, 3] },
        ],
    });
    let stored = server.post("/agents/runs", &recording).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    assert_eq!(stored.body["kind"], "agent_run");
    assert_eq!(stored.body["counts"]["tool_calls"], 1);
    let id = stored.body["id"].as_str().unwrap();
    assert_eq!(
        server
            .call("GET", &format!("/agents/runs/{id}"), &[], "")
            .await
            .body["turns"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        server
            .call("GET", &format!("/chat/threads/{id}"), &[], "")
            .await
            .status,
        404
    );
    let path = format!("/agents/runs/{id}/crystallize");
    let made = server.post(&path, &json!({ "name": "lister" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["automation"]["source_type"], "CRYSTALLIZED");
    assert_eq!(made.body["automation"]["source"]["id"], id);
    assert_eq!(
        made.body["report"]["replay"]["matched"], 1,
        "{}",
        made.body["report"]
    );
    let second = server.post(&path, &json!({ "name": "lister" })).await;
    assert_eq!(second.body["automation"]["name"], "lister-2");
    let auto = made.body["automation"]["id"].as_str().unwrap();
    let refused = server
        .post(&format!("/automations/{auto}/activate"), &json!({}))
        .await;
    assert_eq!(
        refused.body["code"], "activation_blocked",
        "{}",
        refused.body
    );
    assert_eq!(
        server
            .call("DELETE", &format!("/agents/runs/{id}"), &[], "")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn a_list_views_only_what_it_shows() {
    use crate::service::page::Page;
    use druse_storage::Automation;
    let server = Server::new().await;
    for name in ["one", "two", "three"] {
        let document = DOCUMENT.replace("greet", name);
        let yaml = [("content-type", "application/yaml")];
        let made = server.call("POST", "/automations", &yaml, &document).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let mut page = Page {
        limit: 1,
        after: None,
    };
    let (mut viewed, mut names) = (0, Vec::new());
    loop {
        let view = |row: Automation| {
            viewed += 1;
            Ok(Some(row.name))
        };
        let fits = |row: &Automation| row.name != "two";
        let list = page.list_views(&*server.app.store, fits, view).unwrap();
        names.extend(list["items"].as_array().unwrap().clone());
        let Some(cursor) = list["next_cursor"].as_str() else {
            break;
        };
        page = Page::parse(Some("1"), Some(cursor)).unwrap();
    }
    assert_eq!(names, ["three", "one"]);
    assert_eq!(viewed, 2);

    // What was found once is not looked for again, until something around it changes.
    let catalog = server.app.catalog().unwrap();
    let row = server.app.automation("one").unwrap();
    let version = server.app.version(row.id, 1).unwrap();
    assert!(server.app.checked.known(&version, &catalog).is_none());
    let list = server.call("GET", "/automations", &[], "").await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 3);
    assert!(server.app.checked.known(&version, &catalog).is_some());
}

/// A desk that deletes an account, with a question about its value and a gate that is suggested.
async fn desk(server: &Server) -> (String, Value) {
    let call = |id: &str, name: &str, arguments: Value| json!({ "role": "assistant", "tool_calls": [{ "id": id, "type": "function", "function": { "name": name, "arguments": arguments.to_string() } }] });
    let answer = |id: &str, gave: Value| json!({ "role": "tool", "tool_call_id": id, "content": gave.to_string() });
    let recording = json!({ "agent": "desk", "status": "succeeded", "messages": [
        { "role": "user", "content": "Delete the account of ana_li_3668" },
        call("l", "get_account", json!({ "customer_id": "ana_li_3668" })),
        answer("l", json!({ "owner": "ana", "plan": "gold" })),
        call("n", "write_note", json!({ "customer_id": "ana_li_3668", "text": "Account closed by the desk" })),
        answer("n", json!({ "ok": true })),
        call("d", "delete_account", json!({ "customer_id": "ana_li_3668", "keep": ["invoices", "letters"] })),
        answer("d", json!({ "ok": true })),
    ] });
    let stored = server.post("/agents/runs", &recording).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    let path = format!(
        "/agents/runs/{}/crystallize",
        stored.body["id"].as_str().unwrap()
    );
    let made = server
        .post(&path, &json!({ "mode": "bound", "name": "desk" }))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    (path, made.body)
}

#[tokio::test]
async fn what_was_changed_by_hand_stands_when_a_draft_is_made_anew() {
    let server = Server::new().await;
    let (path, made) = desk(&server).await;
    let id = made["automation"]["id"].as_str().unwrap().to_owned();
    let automation = format!("/automations/{id}");
    let mut document = made["automation"]["document"].clone();
    let with = json!({ "title": "Delete it?", "timeout": "24h" });
    let with = with.as_object().cloned().unwrap();
    crate::service::gate::put_before(&mut document, "delete_account", with).unwrap();
    let put = server
        .call(
            "PUT",
            &automation,
            &[("content-type", "application/json")],
            &document.to_string(),
        )
        .await;
    assert_eq!(put.status, 200, "{}", put.body);
    let dropped = server
        .call("DELETE", &format!("{automation}/steps/write_note"), &[], "")
        .await;
    assert_eq!(dropped.status, 200, "{}", dropped.body);
    let again = json!({ "into": id });
    for version in [4, 5] {
        let second = server.post(&path, &again).await;
        assert_eq!(second.status, 201, "{}", second.body);
        let now = &second.body["automation"];
        assert_eq!(now["latest_version"], version);
        let ids: Vec<&str> = now["document"]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["id"].as_str().unwrap())
            .collect();
        assert!(
            ids.contains(&"approve_delete_account") && !ids.contains(&"write_note"),
            "{ids:?}"
        );
        for question in second.body["report"]["questions"].as_array().unwrap() {
            assert_ne!(question["step"], "write_note");
            let place = question["path"].as_str().unwrap();
            assert!(now["document"].pointer(place).is_some(), "{question}");
        }
        for finding in now["findings"].as_array().unwrap() {
            assert_ne!(finding["step"], "write_note", "{finding}");
            if let Some(place) = finding["path"].as_str() {
                assert!(now["document"].pointer(place).is_some(), "{finding}");
            }
        }
    }
    // The call that is put back brings its step back, and the gate stays.
    let calls = &made["automation"]["document"]["metadata"]["crystallized"]["calls"];
    let back = server
        .post(&path, &json!({ "into": id, "keep": [calls["write_note"]] }))
        .await;
    assert_eq!(back.status, 201, "{}", back.body);
    let steps = &back.body["automation"]["document"]["steps"];
    let ids: Vec<&str> = steps
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["id"].as_str().unwrap())
        .collect();
    assert!(
        ids.contains(&"approve_delete_account") && ids.contains(&"write_note"),
        "{ids:?}"
    );
    // A value that the new draft has otherwise is not lost without a word.
    let tool = json!({ "with": { "tool": "erase_account" } });
    let patched = server
        .call(
            "PATCH",
            &format!("{automation}/steps/delete_account"),
            &[],
            &tool.to_string(),
        )
        .await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    let mapped = json!({ "into": id, "tools": [{ "match": "delete_account", "action": "mcp", "with": { "connection": "shop", "tool": "remove", "arguments": "{{ call.arguments }}" } }] });
    let refused = server.post(&path, &mapped).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(refused.body["code"], "edits_would_be_lost");
    let lost = refused.body["findings"].as_array().unwrap();
    assert!(
        lost.iter()
            .any(|one| one["code"] == "edit_lost" && one["step"] == "delete_account"),
        "{lost:?}"
    );
    assert_eq!(
        server.call("GET", &automation, &[], "").await.body["latest_version"],
        7
    );
    let mut all_the_same = mapped.clone();
    all_the_same["discard_edits"] = true.into();
    let made = server.post(&path, &all_the_same).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let document = &made.body["automation"]["document"];
    assert!(
        document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step["with"]["tool"] == "remove")
    );
    assert!(
        document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step["id"] == "approve_delete_account")
    );
}

/// What people write into the text of a draft stays when the draft is made anew; what would go is named first.
#[tokio::test]
async fn comments_of_a_draft_stay_when_it_is_made_anew_and_none_goes_without_a_word() {
    let server = Server::new().await;
    let (path, made) = desk(&server).await;
    let id = made["automation"]["id"].as_str().unwrap().to_owned();
    let automation = format!("/automations/{id}");
    let text = async |place: &str| {
        let yaml = [("accept", "application/yaml")];
        let place = format!("{automation}{place}");
        let read = server.call("GET", &place, &yaml, "").await;
        read.body.as_str().unwrap().to_owned()
    };
    let written = text("").await;
    let (before, after) = written.split_once("\nsteps:\n").unwrap();
    let (first, note) = after.split_once("id: write_note\n").unwrap();
    let (head, with) = note.split_once("    with:\n").unwrap();
    let with = with.replacen("tool: write_note\n", "tool: write_note # no names\n", 1);
    let written = format!(
        "{before}\n# Ask Ana first.\nsteps:\n  # the plan decides\n{first}id: write_note # by the desk\n{head}    with:\n{with}"
    );
    let put = [("content-type", "application/yaml")];
    let put = server.call("PUT", &automation, &put, &written).await;
    assert_eq!(put.status, 200, "{}", put.body);

    let again = server.post(&path, &json!({ "into": id })).await;
    assert_eq!(again.status, 201, "{}", again.body);
    let all = [
        "# Ask Ana first.",
        "# the plan decides",
        "# by the desk",
        "# no names",
    ];
    let kept = text("").await;
    for comment in all {
        assert!(kept.contains(comment), "{comment} is not in {kept}");
    }

    // Where the tool becomes something else, what was said inside of it has no place any more.
    let mut mapped = json!({ "into": id, "tools": [{ "match": "write_note", "action": "emit", "with": { "type": "com.example.note", "data": "{{ call.arguments }}" } }] });
    let refused = server.post(&path, &mapped).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(refused.body["code"], "edits_would_be_lost");
    let lost = refused.body["findings"].as_array().unwrap();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(lost[0]["code"], "comments_lost");
    assert_eq!(
        lost[0]["message"],
        "The comment `# no names` would be lost."
    );
    assert_eq!(text("").await, kept, "nothing was made");
    mapped["discard_edits"] = true.into();
    let made = server.post(&path, &mapped).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let told = made.body["automation"]["findings"]
        .as_array()
        .unwrap()
        .iter();
    let told: Vec<&Value> = told.filter(|one| one["code"] == "comments_lost").collect();
    assert_eq!(told[0]["message"], "The comment `# no names` is lost.");
    let now = text("").await;
    for comment in &all[..3] {
        assert!(now.contains(comment), "{comment} is not in {now}");
    }
    assert!(!now.contains(all[3]) && text("/versions/3").await.contains(all[3]));
}
