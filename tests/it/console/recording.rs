//! From a recording to an active automation, by forms alone.

use super::about_value;
use crate::harness::browser::hidden;
use crate::harness::wait;
use crate::harness::{Browser, Server, World, text};
use serde_json::{Value, json};

/// The draft of the example, bound, with its world connected; the address of its review.
async fn draft(server: &Server, world: &World, editor: &Browser) -> String {
    server
        .admin()
        .put("/connections/household", &world.tools())
        .await
        .with(200);
    let tools: Value = serde_saphyr::from_str(&world.file("tools.yaml")).expect("a tool map");
    server.admin().put("/tools", &tools).await.with(200);
    let page = editor
        .upload(
            "/recordings",
            &[("kind", "agent_run"), ("text", "")],
            &world.file("recording.json"),
        )
        .await;
    assert_eq!(page.status, 303, "{}", page.text);
    let path = page.header("location").to_owned();
    let page = editor.see(&path).await;
    for part in ["5 calls", "list_files", "Pay", "approved"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    editor
        .act(
            &format!("{path}/crystallize"),
            &[("mode", "bound"), ("name", "pay-bill")],
        )
        .await
}

#[tokio::test]
async fn a_draft_is_reviewed_changed_and_activated() {
    let server = Server::new().await;
    let world = World::of("pay-bill");
    let editor = Browser::role(&server, "editor").await;
    let review = draft(&server, &world, &editor).await;
    let automation = review.strip_suffix("/review").expect("a review").to_owned();
    let page = editor.see(&review).await;
    for part in [
        "replay 4/4",
        "left out: failed then repeated",
        "⇐",
        "“",
        "Keep it as it is",
        "Make it an input",
        "May touch",
        "household",
        "non-deterministic",
        "Activate version 1",
        "data-link=\"pay\"",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }

    // A question is answered: a new version, proved again, without the question.
    let admin = server.admin();
    let question = "source:pay:/recipient";
    let choice = "steps.read_file.output.json.text | line_value('Pay to')";
    let stale = editor
        .post(
            &format!("{review}/answer"),
            &[("question", question), ("choice", choice), ("version", "7")],
        )
        .await;
    stale.says(412, "have changed since you saw them");
    editor
        .act(
            &format!("{review}/answer"),
            &[("question", question), ("choice", choice), ("version", "1")],
        )
        .await;
    let made = admin.get(&automation).await.with(200);
    assert_eq!(made["latest_version"], 2);
    assert_eq!(made["name"], "pay-bill");
    // Sent once more, also from an older page, it asks for what is so already.
    for key in ["first", "second"] {
        let again = [
            ("question", question),
            ("choice", choice),
            ("version", "1"),
            ("_key", key),
        ];
        assert_eq!(
            editor.act(&format!("{review}/answer"), &again).await,
            review
        );
    }
    let made = admin.get(&automation).await.with(200);
    assert_eq!(made["latest_version"], 2);
    let pay = |document: &Value| {
        document["steps"]
            .as_array()
            .and_then(|steps| steps.iter().find(|step| step["id"] == "pay"))
            .cloned()
            .expect("the step pay")
    };
    assert_eq!(
        pay(&made["document"])["with"]["arguments"]["recipient"],
        format!("{{{{ {choice} }}}}")
    );
    assert_eq!(
        made["document"]["metadata"]["crystallized"]["answers"][question],
        choice
    );
    let page = editor.see(&review).await;
    assert!(!page.contains("Where does Stadtwerke"), "{page}");

    // A bound value is frozen as it was recorded, then made an input.
    let fields = [("step", "pay"), ("freeze", "/arguments/reference")];
    about_value(&admin, &editor, &automation, &fields)
        .await
        .to(&review);
    let made = admin.get(&automation).await.with(200);
    let frozen = pay(&made["document"])["with"]["arguments"]["reference"].clone();
    assert!(
        frozen.as_str().is_some_and(|text| !text.contains("{{")),
        "{frozen}"
    );
    let fields = [("step", "pay"), ("input", "/arguments/reference")];
    about_value(&admin, &editor, &automation, &fields)
        .await
        .to(&review);
    let made = admin.get(&automation).await.with(200);
    assert_eq!(
        pay(&made["document"])["with"]["arguments"]["reference"],
        "{{ inputs.reference }}"
    );
    assert_eq!(made["document"]["inputs"]["reference"]["default"], frozen);
    assert!(
        editor
            .see(&review)
            .await
            .contains("was changed by hand since")
    );

    // A form that is sent twice counts once, and the page after it says what was asked.
    let version = admin.get(&automation).await.with(200)["latest_version"].to_string();
    let twice = [
        ("step", "get_account"),
        ("version", &*version),
        ("_key", "k1"),
    ];
    for _ in 0..2 {
        editor.act(&format!("{review}/remove"), &twice).await;
    }
    let seen = editor.see(&review).await;
    assert!(
        seen.contains("Your last click asked")
            && seen.contains(&format!("DELETE /api/v1{automation}/steps/get_account")),
        "{seen}"
    );
    let dropped = admin.get(&automation).await.with(200);
    assert_eq!(
        dropped["document"]["steps"].as_array().map(Vec::len),
        Some(4)
    );
    assert_eq!(
        dropped["latest_version"].as_u64(),
        made["latest_version"].as_u64().map(|n| n + 1)
    );
    let made = dropped;

    // Activation names what is to be acknowledged, and does not lose the form.
    let findings = made["findings"].as_array().expect("findings").clone();
    let open: Vec<&str> = findings
        .iter()
        .filter(|one| one["acknowledge"] == true)
        .filter_map(|one| one["id"].as_str())
        .collect();
    let activate = format!("{review}/activate");
    let shown = made["latest_version"].to_string();
    let mut fields = vec![
        ("version", shown.as_str()),
        ("name", "pay-bills"),
        ("cron", "0 7 * * MON"),
        ("timezone", "Europe/Berlin"),
    ];
    if !open.is_empty() {
        editor
            .post(&activate, &fields)
            .await
            .says(422, "cannot be activated");
    }
    // All of them in one box, a line each.
    let all = open.join("\n");
    fields.push(("acknowledge", &all));
    assert_eq!(editor.act(&activate, &fields).await, automation);
    let made = admin.get(&automation).await.with(200);
    assert_eq!(made["status"], "active", "{made}");
    assert_eq!(made["name"], "pay-bills");
    let page = editor.see(&format!("{automation}?tab=triggers")).await;
    assert!(
        page.contains("Europe/Berlin") && page.contains("Fire now"),
        "{page}"
    );
}

#[tokio::test]
async fn a_recording_can_be_pasted_and_removed_and_nonsense_is_told() {
    let server = Server::new().await;
    let editor = Browser::role(&server, "editor").await;
    editor
        .post("/recordings", &[("kind", "agent_run"), ("text", "")])
        .await
        .says(422, "neither a file nor a text");
    let refused = editor
        .post(
            "/recordings",
            &[("kind", "agent_run"), ("text", "<what> is this")],
        )
        .await;
    refused.says(422, "&lt;what&gt; is this");
    // The example of an empty console is a whole one.
    let home = editor.see("/").await;
    let example = hidden(&home, "text");
    let path = editor
        .act(
            "/recordings",
            &[("kind", "chat_thread"), ("text", &example)],
        )
        .await;
    assert!(
        editor
            .see("/recordings?kind=chat_thread")
            .await
            .contains(&path)
    );
    editor.act(&format!("{path}/remove"), &[]).await;
    editor
        .get(&path)
        .await
        .says(404, "There is no such recording");
    let list = server.admin().get("/chat/threads").await.with(200);
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn a_new_version_goes_only_into_what_came_from_the_same_recording() {
    let server = Server::new().await;
    let world = World::of("pay-bill");
    let editor = Browser::role(&server, "editor").await;
    draft(&server, &world, &editor).await;
    let admin = server.admin();
    let other = admin
        .request("POST", "/agents/runs")
        .bytes(world.file("recording.json"))
        .send()
        .await
        .with(201);
    let id = other["id"].as_str().expect("an id");
    let body = json!({ "mode": "bound", "into": "pay-bill" });
    admin
        .post(&format!("/agents/runs/{id}/crystallize"), &body)
        .await
        .problem(409, "other_source");

    // Who saw an earlier version of what it goes into is told, and makes none.
    let list = admin.get("/agents/runs").await.with(200);
    let first = list["items"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["id"] != other["id"]))
        .expect("the recording of the draft");
    let path = format!("/agents/runs/{}/crystallize", text(&first["id"]));
    let again = |tag: &str| {
        let request = admin.request("POST", &path).header("if-match", tag);
        request.json(&body).send()
    };
    again("\"0-0\"").await.problem(412, "changed_meanwhile");
    let now = admin.get("/automations/pay-bill").await;
    let tag = now.header("etag").to_owned();
    assert_eq!(now.with(200)["latest_version"], 1);
    let made = again(&tag).await.with(201);
    assert_eq!(made["automation"]["latest_version"], 2);
}

/// A recording in which an account is looked up twice and a mail is sent.
fn mailing(who: &str, account: &str) -> Value {
    let call = |id: &str, name: &str, arguments: Value| json!({ "role": "assistant", "content": "", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] });
    let result = |id: &str, content: Value, error: bool| json!({ "role": "tool", "tool_call_id": id, "content": content, "is_error": error });
    let customer = json!({ "customer": who });
    json!({
        "agent": "mailer", "status": "succeeded", "goal": format!("Write to {who}"),
        "messages": [
            { "role": "user", "content": format!("Tell {who} that the account is open") },
            call("c1", "get_account", customer.clone()),
            result("c1", json!("the database is busy"), true),
            call("c2", "get_account", customer),
            result("c2", json!({ "account": account }), false),
            call("c3", "send_mail", json!({ "to": who, "account": account, "subject": "Your account" })),
            result("c3", json!({ "sent": true }), false),
        ],
    })
}

#[tokio::test]
async fn a_call_is_put_back_and_another_recording_confirms() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let first = admin
        .post("/agents/runs", &mailing("ana@example.com", "A-77129"))
        .await
        .with(201);
    let second = admin
        .post("/agents/runs", &mailing("bob@example.com", "B-40418"))
        .await
        .with(201);
    let (first, second) = (text(&first["id"]), text(&second["id"]));
    let made = admin
        .post(
            &format!("/agents/runs/{first}/crystallize"),
            &json!({ "mode": "bound", "name": "mailing" }),
        )
        .await
        .with(201);
    let automation = format!("/automations/{}", text(&made["automation"]["id"]));
    let review = format!("{automation}/review");
    let page = editor.see(&review).await;
    for part in [
        "left out: failed then repeated",
        "Put it back",
        "Add it",
        "Write to bob@example.com",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }

    // Those of the same task are offered, once somebody asks which they are; the others stand apart.
    let other = admin
        .post("/agents/runs", &json!({ "status": "succeeded", "goal": "Something else", "messages": [{ "role": "user", "content": "Hello" }] }))
        .await
        .with(201);
    let looked = editor.see(&format!("{review}?alike=look")).await;
    assert!(looked.contains("1 recording changes"), "{looked}");
    let place = |id: &str| {
        looked
            .find(&format!("/recordings/{id}\""))
            .expect("it is offered")
    };
    let apart = looked.find("Other recordings (1)").expect("they are apart");
    assert!(place(&second) < apart && apart < place(&text(&other["id"])));

    let answer = format!("{review}/answer");
    editor
        .act(&answer, &[("keep", "c1"), ("version", "1")])
        .await;
    let made = admin.get(&automation).await.with(200);
    let crystallized = &made["document"]["metadata"]["crystallized"];
    assert_eq!(made["latest_version"], 2);
    assert_eq!(crystallized["keep"], json!(["c1"]));
    assert_eq!(crystallized["left_out"], json!([]));
    assert_eq!(made["document"]["steps"].as_array().map(Vec::len), Some(3));
    assert!(!editor.see(&review).await.contains("Put it back"));

    // A further recording stays with the draft, and so does what was put back.
    editor
        .act(&answer, &[("also", &second), ("version", "2")])
        .await;
    let page = editor.see(&review).await;
    for part in ["What varied", "B-40418", "A-77129", "says otherwise than 2"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let made = admin.get(&automation).await.with(200);
    let crystallized = &made["document"]["metadata"]["crystallized"];
    assert_eq!(made["latest_version"], 3);
    assert_eq!(crystallized["also"], json!([second]));
    assert_eq!(crystallized["keep"], json!(["c1"]));
    let page = editor.see(&review).await;
    assert!(page.contains("Held against 1 more recording"), "{page}");
    assert!(page.contains("requests as there"), "{page}");
    editor
        .act(&answer, &[("without", &second), ("version", "3")])
        .await;
    let made = admin.get(&automation).await.with(200);
    assert!(made["document"]["metadata"]["crystallized"]["also"].is_null());
}

#[tokio::test]
async fn what_a_draft_lacks_is_set_up_where_it_is_missed_and_all_suggestions_are_taken_at_once() {
    let server = Server::new().await;
    let world = World::of("pay-bill");
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let stored = admin
        .request("POST", "/agents/runs")
        .bytes(world.file("recording.json"))
        .send()
        .await
        .with(201);
    let tools: Value = serde_saphyr::from_str(&world.file("tools.yaml")).expect("a tool map");
    admin.put("/tools", &tools).await.with(200);
    let id = text(&stored["id"]);
    let made = admin
        .post(
            &format!("/agents/runs/{id}/crystallize"),
            &json!({ "mode": "bound" }),
        )
        .await
        .with(201);
    let automation = format!("/automations/{}", text(&made["automation"]["id"]));
    let review = format!("{automation}/review");
    let page = owner.see(&review).await;
    for part in [
        "1 connection is missing",
        "Set up household",
        "Take what is suggested",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let editor = Browser::role(&server, "editor").await;
    assert!(!editor.see(&review).await.contains("Set up household"));
    let command = world.tools()["command"].clone();
    let words = command.as_array().expect("a command").iter();
    let place = words.map(text).collect::<Vec<_>>().join(" ");
    let fields = [
        ("connection", "household"),
        ("kind", "mcp"),
        ("place", place.as_str()),
    ];
    editor
        .post(&format!("{review}/connection"), &fields)
        .await
        .says(403, "needs the role admin");
    owner.act(&format!("{review}/connection"), &fields).await;
    let connection = admin.get("/connections/household").await.with(200);
    assert_eq!(connection["command"], command);
    assert!(!owner.see(&review).await.contains("connection is missing"));

    let questions = made["report"]["questions"].as_array().expect("questions");
    assert!(!questions.is_empty());
    let fields = [("suggested", "all"), ("version", "1")];
    editor.act(&format!("{review}/answer"), &fields).await;
    let now = admin.get(&automation).await.with(200);
    let answers = &now["document"]["metadata"]["crystallized"]["answers"];
    for question in questions {
        let id = question["id"].as_str().expect("an id");
        assert_eq!(answers[id], question["default"], "{answers}");
    }
    let page = editor.see(&review).await;
    assert!(!page.contains("Take what is suggested"), "{page}");
}

#[tokio::test]
async fn a_value_marked_as_secret_is_in_the_document_no_more() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let stored = admin
        .post("/agents/runs", &mailing("ana@example.com", "A-77129"))
        .await
        .with(201);
    let id = text(&stored["id"]);
    let made = admin
        .post(
            &format!("/agents/runs/{id}/crystallize"),
            &json!({ "mode": "exact" }),
        )
        .await
        .with(201);
    let automation = format!("/automations/{}", text(&made["automation"]["id"]));
    let fields = [("step", "send_mail"), ("secret", "/arguments/account")];
    about_value(&admin, &editor, &automation, &fields)
        .await
        .to(&format!("{automation}/review"));
    let now = admin.get(&automation).await.with(200);
    let input = &now["document"]["inputs"]["account"];
    assert_eq!(input["sensitive"], true);
    assert_eq!(input["default"], json!(null));
    assert!(!now["document"]["steps"].to_string().contains("A-77129"));
    // It is no value any more that could be made an input.
    about_value(&admin, &editor, &automation, &fields)
        .await
        .says(422, "not there any more");
}

#[tokio::test]
async fn tasks_that_recur_become_one_draft_with_one_click() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let mut ids = Vec::new();
    for (who, account) in [
        ("ana@example.com", "A-77129"),
        ("bob@example.com", "B-40418"),
    ] {
        let page = editor.see("/recordings").await;
        assert!(!page.contains("Done more than once"), "{page}");
        let stored = admin
            .post("/agents/runs", &mailing(who, account))
            .await
            .with(201);
        ids.push(text(&stored["id"]));
    }
    let page = editor.see("/recordings").await;
    for part in [
        "Done more than once",
        "recorded 2 times, 100 % alike",
        "changes by send_mail",
        "Crystallize them together",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    // Of chats there is none.
    let chats = editor.see("/recordings?kind=chat_thread").await;
    assert!(!chats.contains("Done more than once"), "{chats}");
    let review = editor
        .act(
            &format!("/recordings/{}/crystallize", ids[1]),
            &[("mode", "bound"), ("also", &ids[0])],
        )
        .await;
    let automation = review.strip_suffix("/review").expect("a review").to_owned();
    let made = admin.get(&automation).await.with(200);
    let crystallized = &made["document"]["metadata"]["crystallized"];
    assert_eq!(crystallized["also"], json!([ids[0]]));
    // A new version of it is made with the same, when nothing else is said.
    let again = admin
        .post(
            &format!("/agents/runs/{}/crystallize", ids[1]),
            &json!({ "into": made["id"] }),
        )
        .await
        .with(201);
    let metadata = &again["automation"]["document"]["metadata"]["crystallized"];
    assert_eq!(
        (&metadata["also"], &metadata["mode"]),
        (&json!([ids[0]]), &json!("bound"))
    );
}

#[tokio::test]
async fn a_value_without_a_question_is_bound_by_a_click_and_a_webhook_is_chosen_at_activation() {
    let server = Server::new().await;
    let world = World::of("pay-bill");
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let review = draft(&server, &world, &owner).await;
    let automation = review.strip_suffix("/review").expect("a review").to_owned();
    // A value that follows something is frozen; then nothing asks about it.
    let place = "/arguments/reference";
    let about =
        async |fields: &[(&str, &str)]| about_value(&admin, &owner, &automation, fields).await;
    about(&[("step", "pay"), ("freeze", place)])
        .await
        .to(&review);
    let reference = |made: &Value| {
        let steps = made["document"]["steps"].as_array().expect("steps").clone();
        let pay = steps.iter().find(|step| step["id"] == "pay").expect("pay");
        pay["with"]["arguments"]["reference"].clone()
    };
    let frozen = reference(&admin.get(&automation).await.with(200));
    assert!(
        !frozen.as_str().is_some_and(|text| text.contains("{{")),
        "{frozen}"
    );

    // Every value has the way to its choices; they are what was answered before it, and the inputs.
    let page = owner.see(&review).await;
    assert!(
        page.contains("bind=pay&amp;at=%2Farguments%2Freference"),
        "{page}"
    );
    let page = owner
        .see(&format!("{review}?bind=pay&at=%2Farguments%2Frecipient"))
        .await;
    assert!(page.contains("Another expression"), "{page}");
    assert!(
        page.contains("⇐ steps.") || page.contains("⇐ inputs."),
        "{page}"
    );
    // One that names nothing is told, beside what was written.
    let nothing = [
        ("step", "pay"),
        ("bind", place),
        ("expression", "steps.nobody.output"),
    ];
    let told = about(&nothing).await;
    told.says(422, "nobody");
    told.says(422, "value=\"steps.nobody.output\"");
    let expression = "steps.read_file.output.json.text | upper";
    let fields = [("step", "pay"), ("bind", place), ("expression", expression)];
    about(&fields).await.to(&review);
    let made = admin.get(&automation).await.with(200);
    assert_eq!(reference(&made), format!("{{{{ {expression} }}}}"));
    let page = owner.see(&review).await;
    assert!(page.contains("bound by hand"), "{page}");
    // It is shown as the request that it was.
    assert!(page.contains(&format!("PUT /api/v1{automation}")), "{page}");
    // And it can be frozen again.
    about(&[("step", "pay"), ("freeze", place)])
        .await
        .to(&review);
    assert_eq!(reference(&admin.get(&automation).await.with(200)), frozen);

    let made = admin.get(&automation).await.with(200);
    let findings = made["findings"].as_array().expect("findings").clone();
    let open: Vec<&str> = findings
        .iter()
        .filter(|one| one["acknowledge"] == true)
        .filter_map(|one| one["id"].as_str())
        .collect();
    let all = open.join("\n");
    let shown = made["latest_version"].to_string();
    let activate = format!("{review}/activate");
    let lacking = [
        ("version", shown.as_str()),
        ("name", "pay-bill"),
        ("starts", "webhook"),
        ("acknowledge", &all),
    ];
    owner
        .post(&activate, &lacking)
        .await
        .says(422, "name of the secret is missing");
    let fields = [
        ("version", shown.as_str()),
        ("name", "pay-bill"),
        ("starts", "webhook"),
        ("scheme", "bearer"),
        ("hook_secret", "bills_hook"),
        ("hook_value", "a secret of some length"),
        ("acknowledge", &all),
    ];
    let led = owner.act(&activate, &fields).await;
    assert_eq!(led, format!("{automation}?tab=triggers"));
    let page = owner.see(&led).await;
    assert!(page.contains("/hooks/"), "{page}");
    let made = admin.get(&automation).await.with(200);
    assert_eq!(made["status"], "active", "{made}");
    assert_eq!(
        made["document"]["triggers"][0]["webhook"]["verify"]["secret"],
        "bills_hook"
    );
    assert!(!made.to_string().contains("of some length"));
}

#[tokio::test]
async fn the_example_is_run_with_nothing_but_the_console() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let editor = Browser::role(&server, "editor").await;
    let home = owner.see("/").await;
    let start = home.find("name=\"text\" value=\"").expect("an example") + 19;
    let end = home[start..].find('"').expect("its end") + start;
    let recording = home[start..end]
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let fields = [("kind", "agent_run"), ("text", recording.as_str())];
    let path = owner.act("/recordings", &fields).await;
    let review = owner
        .act(&format!("{path}/crystallize"), &[("mode", "bound")])
        .await;
    let page = owner.see(&review).await;
    assert!(page.contains("Set up the tools of the example"), "{page}");
    assert!(
        !editor
            .see(&review)
            .await
            .contains("Set up the tools of the example")
    );
    let lay_out = format!("{review}/example");
    let fields = [("example", "pay-bill")];
    editor
        .post(&lay_out, &fields)
        .await
        .says(403, "needs the role admin");
    owner
        .post(&lay_out, &[("example", "none")])
        .await
        .says(404, "There is no such example");
    for _ in 0..2 {
        assert_eq!(owner.act(&lay_out, &fields).await, review);
    }
    let page = owner.see(&review).await;
    assert!(!page.contains("connection is missing"), "{page}");
    let automation = review.strip_suffix("/review").expect("a review").to_owned();
    let made = admin.get(&automation).await.with(200);
    let findings = made["findings"].as_array().expect("findings").clone();
    let open: Vec<&str> = findings
        .iter()
        .filter(|one| one["acknowledge"] == true)
        .filter_map(|one| one["id"].as_str())
        .collect();
    let all = open.join("\n");
    let shown = made["latest_version"].to_string();
    let fields = [
        ("version", shown.as_str()),
        ("name", "pay-bill"),
        ("acknowledge", &all),
    ];
    owner.act(&format!("{review}/activate"), &fields).await;
    let run = admin
        .post(&format!("{automation}/runs"), &json!({}))
        .await
        .with(202);
    let run = text(&run["id"]);
    let gate = wait::approval(&admin, &run).await;
    let decision = json!({ "decision": "approve", "digest": gate["digest"] });
    admin
        .post(
            &format!("/approvals/{}/decision", text(&gate["id"])),
            &decision,
        )
        .await
        .with(200);
    wait::run(&admin, &run, "succeeded").await;
}

#[tokio::test]
async fn nobody_activates_from_a_review_what_the_page_did_not_show() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let to = |whom: &str| {
        json!({ "druse": 1, "name": "pay", "steps": [{ "id": "pay", "action": "emit",
            "with": { "type": "com.example.pay", "data": { "to": whom } } }] })
    };
    let made = admin.post("/automations", &to("ada")).await.with(201);
    let automation = format!("/automations/{}", text(&made["id"]));
    let review = format!("{automation}/review");
    let activate = format!("{review}/activate");
    let page = editor.see(&review).await;
    assert!(
        page.contains("name=\"version\" value=\"1\""),
        "the form says which version it shows: {page}"
    );
    admin.put(&automation, &to("mallory")).await.with(200);
    for fields in [
        &[("name", "pay"), ("version", "1")][..],
        &[("name", "paid"), ("version", "1")],
        &[("name", "pay")],
        &[("name", "pay"), ("version", "9")],
    ] {
        let late = editor.post(&activate, fields).await;
        late.says(412, "Somebody changed it since you saw it");
        let now = admin.get(&automation).await.with(200);
        assert_eq!(now["status"], "draft", "{fields:?}");
        assert_eq!(now["latest_version"], 2, "{fields:?}");
    }
    // What was seen is activated, also where the form itself makes a version of it, and is sent twice.
    for _ in 0..2 {
        editor
            .act(&activate, &[("name", "paid"), ("version", "2")])
            .await;
        let now = admin.get(&automation).await.with(200);
        assert_eq!(
            (&now["active_version"], &now["latest_version"], &now["name"]),
            (&json!(3), &json!(3), &json!("paid"))
        );
    }
}
