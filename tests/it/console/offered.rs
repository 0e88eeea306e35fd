//! What servers offer, on the pages: an activation asks about what they lack, a draft takes a connection that is there,
//! and nothing is set up that does not answer.

use crate::harness::{Browser, Client, Server, Shop, text};
use serde_json::{Value, json};

fn document(tool: &str, arguments: &Value) -> Value {
    json!({ "druse": 1, "name": "refund", "steps": [{ "id": "refund", "action": "mcp",
        "with": { "connection": "shop", "tool": tool, "arguments": arguments } }] })
}

#[tokio::test]
async fn an_activation_shows_what_it_asks_about_and_what_a_tool_takes_by_now() {
    let server = Server::new().await;
    let admin = server.admin();
    let shop = Shop::new(&[("get_order", &["order_id"])]);
    admin
        .put("/connections/shop", &shop.connection())
        .await
        .with(200);
    let typo = document("get_ordr", &json!({ "order_id": "W1" }));
    let made = admin.post("/automations", &typo).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let editor = Browser::role(&server, "editor").await;
    let activate = format!("{path}/activate");
    let refused = editor.post(&activate, &[("version", "1")]).await;
    refused.says(422, "offers no tool <code>get_ordr</code>");
    let id = "tool_not_offered:refund:/steps/0/with/tool@1";
    refused.says(422, &format!("value=\"{id}\""));
    let fields = [("version", "1"), ("acknowledge", id)];
    assert_eq!(editor.act(&activate, &fields).await, path);

    let good = document("get_order", &json!({ "order_id": "W1" }));
    admin.put(&path, &good).await.with(200);
    editor.act(&activate, &[("version", "2")]).await;
    let more = document("get_order", &json!({ "order_id": "W1", "lang": "en" }));
    admin.put(&path, &more).await.with(200);
    shop.offers(&[("get_order", &["order_id", "lang"])]);
    editor.act(&activate, &[("version", "3")]).await;
    let page = editor.see(&path).await;
    assert!(page.contains("/required has lang added."), "{page}");
}

/// The draft of a chat with two tools that nothing says how to reach; the address of its review.
async fn draft(admin: &Client) -> String {
    let called = |id: &str, name: &str, arguments: Value| {
        json!([
            { "role": "assistant", "content": "", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] },
            { "role": "tool", "tool_call_id": id, "content": { "ok": true } },
        ])
    };
    let mut messages = vec![json!({ "role": "user", "content": "Refund the order W48121" })];
    for part in [
        called("a", "get_order", json!({ "order_id": "W48121" })),
        called("b", "refund_order", json!({ "order_id": "W48121" })),
    ] {
        messages.extend(part.as_array().expect("messages").iter().cloned());
    }
    let recording = json!({ "status": "succeeded", "messages": messages });
    let stored = admin.post("/agents/runs", &recording).await.with(201);
    let path = format!("/agents/runs/{}/crystallize", text(&stored["id"]));
    let made = admin.post(&path, &json!({})).await.with(201);
    let id = text(&made["automation"]["id"]);
    format!("/automations/{id}/review")
}

const TOOLS: &[(&str, &[&str])] = &[
    ("get_order", &["order_id"]),
    ("refund_order", &["order_id"]),
];

const OF_BOTH: [(&str, &str); 5] = [
    ("kind", "mcp"),
    ("anew", "yes"),
    ("unnamed", "yes"),
    ("tool", "get_order"),
    ("tool", "refund_order"),
];

#[tokio::test]
async fn a_draft_takes_a_connection_that_is_there() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let (shop, other) = (Shop::new(TOOLS), Shop::new(&[("send_mail", &["to"])]));
    for (name, one) in [("a-mailer", &other), ("shop", &shop)] {
        let path = format!("/connections/{name}");
        admin.put(&path, &one.connection()).await.with(200);
        let tested = admin.post(&format!("{path}/test"), &json!({})).await;
        tested.with(200);
    }
    let review = draft(&admin).await;
    let page = owner.see(&review).await;
    assert!(page.contains("Nothing says how"), "{page}");
    assert!(
        page.contains("No connection is named for 2 tools"),
        "{page}"
    );
    // The one that has them stands first, and says so.
    let first = page
        .find("shop: offers all of them")
        .expect("it is in the list");
    let second = page
        .find("a-mailer: offered none of them")
        .expect("it is in the list");
    assert!(first < second);
    let connect = format!("{review}/connection");
    let mut fields = OF_BOTH.to_vec();
    fields.push(("existing", "a-mailer"));
    let refused = owner.post(&connect, &fields).await;
    refused.says(422, "has none of these tools");
    refused.says(422, "It offers send_mail.");
    assert_eq!(admin.get("/tools").await.with(200)["tools"], json!([]));
    fields.pop();
    fields.push(("existing", "shop"));
    owner.act(&connect, &fields).await;
    let page = owner.see(&review).await;
    assert!(!page.contains("Nothing says how"), "{page}");
    assert!(
        page.contains("and offers 2 tools: get_order, refund_order"),
        "{page}"
    );
    let rules = admin.get("/tools").await.with(200);
    let matched: Vec<&Value> = rules["tools"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|one| &one["match"])
        .collect();
    assert_eq!(matched, ["get_order", "refund_order"]);
}

#[tokio::test]
async fn nothing_is_set_up_that_does_not_answer() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    let shop = Shop::new(TOOLS);
    let review = draft(&admin).await;
    let connect = format!("{review}/connection");
    let with = |place: &'static str| {
        let mut fields = OF_BOTH.to_vec();
        fields.extend([("connection", "shop"), ("place", place)]);
        fields
    };
    for (place, why) in [
        (
            "/nowhere/to/be/found --stdio",
            "The other side does not answer, so nothing was set up",
        ),
        ("/bin/sh 'a b", "A quote in the command is not closed."),
    ] {
        let refused = owner.post(&connect, &with(place)).await;
        refused.says(422, why);
        // What was written stays in the form.
        refused.says(422, "value=\"shop\"");
        refused.says(422, "Set it up all the same");
        admin
            .get("/connections/shop")
            .await
            .problem(404, "not_found");
        assert_eq!(admin.get("/tools").await.with(200)["tools"], json!([]));
    }
    let command = format!("/bin/sh '{}'", shop.program());
    let mut fields = OF_BOTH.to_vec();
    fields.extend([("connection", "shop"), ("place", command.as_str())]);
    owner.act(&connect, &fields).await;
    let connection = admin.get("/connections/shop").await.with(200);
    assert_eq!(connection["command"], json!(["/bin/sh", shop.program()]));
    assert!(!owner.see(&review).await.contains("Nothing says how"));

    // Who knows that the other side comes later says so.
    let late = draft(&admin).await;
    let fields = [
        ("kind", "mcp"),
        ("connection", "later"),
        ("place", "/nowhere/to/be/found"),
    ];
    let refused = owner.post(&format!("{late}/connection"), &fields).await;
    refused.says(422, "The other side does not answer");
    let mut fields = fields.to_vec();
    fields.push(("untested", "yes"));
    owner.act(&format!("{late}/connection"), &fields).await;
    admin.get("/connections/later").await.with(200);

    // A definition is tried out by the API as well, and not kept.
    let gone = json!({ "kind": "mcp", "command": ["/nowhere/to/be/found"] });
    let tried = admin.post("/connections/other/test", &gone).await;
    tried.problem(502, "connection_failed");
    let tried = admin
        .post("/connections/other/test", &shop.connection())
        .await;
    assert_eq!(tried.with(200)["tools"][1]["name"], "refund_order");
    admin
        .get("/connections/other")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn recordings_of_the_other_kind_are_found() {
    let server = Server::new().await;
    let admin = server.admin();
    let owner = Browser::owner(&server).await;
    assert!(
        owner
            .see("/recordings")
            .await
            .contains("No recording is here.")
    );
    let chat = json!({ "messages": [
        { "role": "user", "content": "Refund the order W48121" },
        { "role": "assistant", "content": "", "tool_calls": [{ "id": "a", "type": "function", "function": { "name": "refund_order", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "a", "content": "done" },
    ] });
    // It says itself what it is.
    let chat = chat.to_string();
    let fields = [("kind", ""), ("text", chat.as_str())];
    let page = owner.act("/recordings", &fields).await;
    let id = page.trim_start_matches("/recordings/");
    admin.get(&format!("/chat/threads/{id}")).await.with(200);
    let elsewhere = admin
        .get(&format!("/agents/runs/{id}"))
        .await
        .problem(404, "not_found");
    assert_eq!(
        elsewhere["message"],
        "This recording is a chat, and is not here."
    );
    let help = text(&elsewhere["help"]);
    assert!(
        help.contains(&format!("/api/v1/chat/threads/{id}")),
        "{help}"
    );
    // The page opens where there are some, and a tab without any says where they are.
    assert!(
        owner
            .see("/recordings")
            .await
            .contains("Refund the order W48121")
    );
    let empty = owner.see("/recordings?kind=agent_run").await;
    assert!(empty.contains("1 chat is under"), "{empty}");
    let same = owner.act("/recordings", &fields).await;
    assert!(
        owner
            .see(&same)
            .await
            .contains("The same recording is here already"),
        "{same}"
    );
}
