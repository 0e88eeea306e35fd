//! What somebody else did meanwhile, what is sent twice, and what was written for something that is gone.

use super::{about_value, active, started};
use crate::harness::browser::hidden;
use crate::harness::{Browser, Server, text, wait};
use serde_json::{Value, json};

const HELLO: &str = "druse: 1
name: hello
steps:
  - { id: hello, action: transform, with: { value: Hello } }
  - { id: bye, needs: [hello], action: transform, with: { value: Bye } }
";

/// A recording of two calls: a look, and a change with what it gave.
fn recording() -> Value {
    let call = |id: &str, name: &str, arguments: Value| json!({ "role": "assistant", "content": "", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] });
    let answer = |id: &str, content: Value| json!({ "role": "tool", "tool_call_id": id, "content": content });
    json!({ "agent": "payer", "status": "succeeded", "messages": [
        { "role": "user", "content": "Pay bill B-48213" },
        call("c1", "mcp__bank__get_bill", json!({ "bill": "B-48213" })),
        answer("c1", json!({ "bill": "B-48213", "amount": 9871, "to": "Stadtwerke", "iban": "DE89370400440532013000" })),
        call("c2", "mcp__bank__pay", json!({ "to": "Stadtwerke", "amount": 9871, "iban": "DE89370400440532013000" })),
        answer("c2", json!({ "paid": true })),
    ] })
}

/// A draft of it, made with these rules; its path.
async fn drafted(server: &Server) -> String {
    let admin = server.admin();
    let stored = admin.post("/agents/runs", &recording()).await.with(201);
    let path = format!("/agents/runs/{}/crystallize", text(&stored["id"]));
    let tools = json!([{ "match": "mcp__bank__*", "action": "mcp",
        "with": { "connection": "bank", "tool": "{{ call.name }}", "arguments": "{{ call.arguments }}" } }]);
    let body = json!({ "mode": "bound", "name": "pays", "tools": tools });
    let made = admin.post(&path, &body).await.with(201);
    format!("/automations/{}", text(&made["automation"]["id"]))
}

#[tokio::test]
async fn what_somebody_else_set_up_meanwhile_is_not_overwritten() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let automation = drafted(&server).await;
    let review = format!("{automation}/review");
    let page = owner.see(&review).await;
    assert!(page.contains("Set up bank"), "{page}");
    let theirs =
        json!({ "kind": "mcp", "url": "https://bank.example/mcp", "headers": { "X-Desk": "7" } });
    admin.put("/connections/bank", &theirs).await.with(200);
    let fields = [
        ("connection", "bank"),
        ("kind", "mcp"),
        ("place", "https://other.example/mcp"),
    ];
    let connect = format!("{review}/connection");
    owner
        .post(&connect, &fields)
        .await
        .says(422, "There is a connection bank already");
    let now = admin.get("/connections/bank").await.with(200);
    assert_eq!(
        (&now["url"], &now["headers"]),
        (&theirs["url"], &theirs["headers"])
    );
    // The same once more takes nothing away.
    let plain = json!({ "kind": "mcp", "url": "https://other.example/mcp" });
    admin.put("/connections/bank", &plain).await.with(200);
    // Nobody answers there, which is told before anything is written.
    owner
        .post(&connect, &fields)
        .await
        .says(422, "The other side does not answer");
    let mut fields = fields.to_vec();
    fields.push(("untested", "yes"));
    owner.act(&connect, &fields).await;

    // A secret that is there stays as it is, where a trigger is added and where a draft is activated.
    let mine = json!({ "value": "the first of them" });
    admin.put("/secrets/orders_hook", &mine).await.with(200);
    let before = admin
        .get("/secrets/orders_hook")
        .await
        .header("etag")
        .to_owned();
    let greeting = format!("/automations/{}", active(&server, HELLO).await);
    let page = owner.see(&format!("{greeting}?tab=triggers")).await;
    let (tag, version) = (hidden(&page, "tag"), "1");
    for (path, mark) in [
        (format!("{greeting}/triggers"), ("tag", tag.as_str())),
        (format!("{greeting}/review/activate"), ("version", version)),
    ] {
        let fields = [
            ("starts", "webhook"),
            ("scheme", "bearer"),
            ("hook_secret", "orders_hook"),
            ("hook_value", "the second of them"),
            mark,
        ];
        let told = owner.post(&path, &fields).await;
        told.says(422, "There is a secret orders_hook already");
        assert!(!told.text.contains("the second of them"), "{}", told.text);
    }
    let after = admin.get("/secrets/orders_hook").await;
    assert_eq!(after.header("etag"), before);
    assert_eq!(admin.get(&greeting).await.with(200)["latest_version"], 1);
}

#[tokio::test]
async fn of_two_people_who_say_what_a_value_is_the_second_is_told() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let automation = drafted(&server).await;
    let answer = format!("{automation}/review/answer");
    let asked = format!("{automation}/review?bind=pay&at=%2Farguments%2Famount");
    let page = editor.see(&asked).await;
    let (_, panel) = page.split_once("id=\"bind-expression\"").expect("a form");
    assert!(panel.contains("Bind it"), "{panel}");
    let version = hidden(&page, "version");
    let bind = |expression| {
        [
            ("step", "pay"),
            ("bind", "/arguments/amount"),
            ("expression", expression),
        ]
    };
    about_value(&admin, &editor, &automation, &bind("1 + 1"))
        .await
        .to(&format!("{automation}/review"));
    // The other one saw the version before.
    for about in [
        &bind("2 + 2")[..],
        &[("step", "pay"), ("freeze", "/arguments/amount")],
        &[("step", "pay"), ("input", "/arguments/iban")],
        &[("step", "pay"), ("secret", "/arguments/iban")],
    ] {
        let mut fields = about.to_vec();
        fields.push(("version", &version));
        let late = editor.post(&answer, &fields).await;
        late.says(412, "Somebody changed it since you saw it");
        if about[1].0 == "bind" {
            late.says(412, "value=\"2 + 2\"");
        }
    }
    let dropped = [("step", "pay"), ("version", version.as_str())];
    let late = editor
        .post(&format!("{automation}/review/remove"), &dropped)
        .await;
    late.says(412, "Somebody changed it since you saw it");
    let now = admin.get(&automation).await.with(200);
    let steps = now["document"]["steps"].as_array().expect("steps");
    let pay = steps.iter().find(|step| step["id"] == "pay").expect("pay");
    assert_eq!(pay["with"]["arguments"]["amount"], "{{ 1 + 1 }}");
    assert_eq!(now["latest_version"], 2);
    // Each form of the page says which version it shows.
    let page = editor.see(&format!("{automation}/review")).await;
    let buttons = page.matches("name=\"freeze\"").count() + page.matches("name=\"input\"").count();
    assert!(buttons > 0, "{page}");
    for part in page
        .split("<form")
        .filter(|form| form.contains("name=\"freeze\"") || form.contains("name=\"input\""))
    {
        assert!(part.contains("name=\"version\" value=\"2\""), "{part}");
    }
}

/// The value of a hidden field behind a mark on the page.
fn field(page: &str, behind: &str, name: &str) -> String {
    let (_, part) = page
        .split_once(behind)
        .unwrap_or_else(|| panic!("{behind} is not in {page}"));
    hidden(part, name)
}

#[tokio::test]
async fn forms_of_the_settings_that_are_sent_twice_count_once() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path");
    let tools = r#"{"tools": [{ "match": "get_*", "action": "transform" }]}"#;
    for (page, behind, action, fields) in [
        (
            "/settings",
            "action=\"/settings/retention\"",
            "/settings/retention",
            &[("max_runs", "5")][..],
        ),
        (
            "/settings",
            "action=\"/settings/tools\"",
            "/settings/tools",
            &[("tools", tools)],
        ),
        (
            "/settings",
            "action=\"/settings/tools/rule\"",
            "/settings/tools/rule",
            &[
                ("prefix", "rule.new"),
                ("do", "add"),
                ("rule.new.match", "put_*"),
                ("rule.new.action", "transform"),
            ],
        ),
        (
            "/settings",
            "action=\"/settings/secrets\"",
            "/settings/secrets",
            &[("secret", "k"), ("value", "of some length")],
        ),
        (
            "/settings?kind=folder",
            "id=\"connection-form\"",
            "/settings/connections",
            &[
                ("kind", "folder"),
                ("name", "files"),
                ("connection.path", path),
                ("test", "yes"),
            ],
        ),
    ] {
        let page = owner.see(page).await;
        let key = field(&page, behind, "_key");
        let form = page.split_once(behind).expect("a form").1;
        let form = form.split("</form>").next().expect("its end");
        let mut fields = fields.to_vec();
        fields.push(("_key", &key));
        let tag = form.contains("name=\"tag\"").then(|| hidden(form, "tag"));
        if let Some(tag) = &tag {
            fields.push(("tag", tag));
        }
        let first = owner.act(action, &fields).await;
        assert_eq!(owner.act(action, &fields).await, first, "{action}");
    }
    let rules = server.admin().get("/tools").await.with(200);
    assert_eq!(rules["tools"].as_array().map(Vec::len), Some(2), "{rules}");
}

#[tokio::test]
async fn a_link_that_is_asked_for_twice_is_one() {
    let server = Server::new().await;
    let admin = server.admin();
    let gated = "druse: 1\nname: gated\nsteps:\n  - { id: ask, action: approval_gate, with: { title: Go on?, approvers: [user:ana, user:eva] } }\n";
    let run = started(&admin, &active(&server, gated).await, json!({})).await;
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let links = format!("{path}/links");
    let make = |key: &'static str, person: &'static str| {
        let request = admin.request("POST", &links).key(key);
        request.json(&json!({ "for": person })).send()
    };
    let first = make("one", "ana").await.with(201);
    assert_eq!(make("one", "ana").await.with(201), first);
    assert_ne!(
        make("two", "ana").await.with(201)["address"],
        first["address"]
    );
    make("one", "eva")
        .await
        .problem(409, "idempotency_conflict");
    let made = admin.get("/audit?action=approval.link").await.with(200);
    assert_eq!(made["items"].as_array().map(Vec::len), Some(2), "{made}");

    let owner = Browser::owner(&server).await;
    let page = owner.see(&path).await;
    let key = field(&page, &format!("action=\"{links}\""), "_key");
    let ask = async || {
        let page = owner.post(&links, &[("for", "ana"), ("_key", &key)]).await;
        page.says(200, "It is shown only now");
        let (_, rest) = page.text.split_once("data-copy=\"").expect("an address");
        rest.split('"').next().expect("its end").to_owned()
    };
    assert_eq!(ask().await, ask().await);

    // So is an address that signs in.
    let invite = |key: &'static str| admin.request("POST", "/signins").key(key).send();
    let first = invite("one").await.with(201);
    assert_eq!(invite("one").await.with(201), first);
    assert_ne!(invite("two").await.with(201)["path"], first["path"]);
}

#[tokio::test]
async fn what_was_written_for_what_is_gone_is_not_lost() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let id = active(&server, HELLO).await;
    let path = format!("/automations/{id}");

    // A step that was dropped meanwhile.
    let page = owner.see(&format!("{path}?tab=steps&step=bye")).await;
    let tag = hidden(&page, "tag");
    admin.delete(&format!("{path}/steps/bye")).await.with(200);
    let fields = [
        ("tag", tag.as_str()),
        ("with.value", "Bye, and come again"),
        ("step.needs", "hello"),
    ];
    let told = owner.post(&format!("{path}/steps/bye"), &fields).await;
    told.says(404, "What you wrote");
    told.says(404, ">Bye, and come again</textarea>");

    // An automation that was removed meanwhile.
    admin
        .post(&format!("{path}/deactivate"), &json!({}))
        .await
        .with(200);
    admin.delete(&path).await;
    let text = "druse: 1\nname: hello\ndescription: <b> & more\n";
    let fields = [("tag", tag.as_str()), ("document", text)];
    let told = owner.post(&format!("{path}/document"), &fields).await;
    told.says(404, "What you wrote");
    told.says(404, "description: &lt;b&gt; &amp; more");
    let secret = [("start", "yes"), ("field.pin", "SuperSecret123")];
    let told = owner.post(&format!("{path}/runs"), &secret).await;
    told.says(404, "field.pin");
    assert!(!told.text.contains("SuperSecret123"), "{}", told.text);

    // A connection that was removed meanwhile can be set up anew with what was written.
    let files = json!({ "kind": "folder", "path": "/srv/files" });
    admin.put("/connections/files", &files).await.with(200);
    let page = owner.see("/settings?change=files").await;
    let tag = field(&page, "id=\"connection-form\"", "tag");
    admin.delete("/connections/files").await;
    let fields = [
        ("change", "files"),
        ("kind", "folder"),
        ("tag", tag.as_str()),
        ("connection.path", "/srv/elsewhere"),
    ];
    let told = owner.post("/settings/connections", &fields).await;
    told.says(412, "The connection files was removed");
    told.says(412, "value=\"/srv/elsewhere\"");
    told.says(412, "Set up a folder");
    assert!(!told.text.contains("name=\"change\""), "{}", told.text);
    let again = [
        ("name", "files"),
        ("kind", "folder"),
        ("connection.path", "/srv/elsewhere"),
    ];
    owner.act("/settings/connections", &again).await;
    let now = admin.get("/connections/files").await.with(200);
    assert_eq!(now["path"], "/srv/elsewhere");
}

#[tokio::test]
async fn what_is_not_there_is_told_on_a_page_and_a_cursor_of_another_list_is_none() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, HELLO).await;
    let run = started(&admin, &id, json!({})).await;
    wait::run(&admin, &run, "succeeded").await;
    let owner = Browser::owner(&server).await;
    let page = owner.get(&format!("/runs/{run}/artifacts/none.csv")).await;
    page.says(404, "<h1>Not Found</h1>");
    assert!(page.header("content-type").starts_with("text/html"));
    let runs = admin.get("/automations?limit=1").await.with(200);
    assert_eq!(runs["next_cursor"], Value::Null);
    for list in ["events", "logs"] {
        // `x`, as a list of names would give it.
        let path = format!("/runs/{run}/{list}?cursor=eA");
        admin.get(&path).await.problem(400, "bad_cursor");
    }
    // A form has no lines that a person wrote; what a caller of the API wrote has some.
    let few = "druse: 1\nname: few\ninputs: { times: { type: integer, maximum: 3 } }\nsteps:\n  - { id: a, action: transform, with: { value: 1 } }\n";
    let path = format!("/automations/{}/runs", active(&server, few).await);
    let said = admin
        .post(&path, &json!({ "inputs": { "times": 4 } }))
        .await;
    assert_eq!(said.status, 422, "{}", said.text);
    assert!(said.body["findings"][0]["line"].is_u64(), "{}", said.text);
    let fields = [("start", "yes"), ("field.times", "4")];
    let told = owner.post(&path, &fields).await;
    told.says(422, "times");
    assert!(!told.text.contains(", column "), "{}", told.text);
}
