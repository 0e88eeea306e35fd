//! Untrusted text in every field that a page shows: never markup, and nothing of it hidden.

use super::{active, started};
use crate::harness::{Browser, Server, text, wait};
use serde_json::{Value, json};

/// What an attacker may write; each carries a mark by which it is found again.
fn strings() -> Vec<String> {
    let shapes = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>",
        "'><b>",
        "</textarea><script>1</script>",
        "</title><script>1</script>",
        "</pre></code><h1>",
        "<!--",
        "-->",
        "]]>",
        "&lt;script&gt;",
        "&#60;script&#62;",
        "javascript:alert(1)",
        "{{ 7 * 7 }}",
        "${7*7}",
        "<a href=javascript:alert(1)>x</a>",
        "\u{202e}gnp.exe",
        "a\u{200b}b",
        "\u{2066}x\u{2069}",
        "\u{feff}x",
        "\u{e0041}\u{e0042}",
        "\u{ad}soft",
        "line\u{2028}break",
        "<iframe srcdoc='<script>1</script>'>",
        "<style>*{display:none}</style>",
        "<base href=//evil>",
        "<meta http-equiv=refresh content=0>",
        "<form action=//evil>",
        "\" autofocus onfocus=alert(1) x=\"",
        "` onmouseover=1 `",
        "<math><mtext></table><mglyph><style><img src=x onerror=1>",
        "%3Cscript%3E",
        "<ScRiPt>1</ScRiPt>",
        "<script/x>1</script>",
        "<<script>script>1",
        "\\u003cscript\\u003e",
        "<svg><script>1</script></svg>",
        "<details open ontoggle=1>",
        "<object data=//evil>",
        "<link rel=stylesheet href=//evil>",
    ];
    let ways = ["", "\">", "'>", "</textarea></title>", "-->]]>"];
    let all = shapes
        .iter()
        .flat_map(|shape| ways.map(|way| format!("{way}{shape}")));
    // The mark tells them apart, also where a name has to be unique.
    all.enumerate()
        .map(|(index, text)| format!("{text}¤{index}"))
        .collect()
}

/// Tags that no page of the console has, and attributes that none may have.
fn assert_tame(page: &str, place: &str) {
    let lower = page.to_ascii_lowercase();
    for tag in [
        "<script>",
        "<script/",
        "<img src=x",
        "<svg onload",
        "<svg><script",
        "<iframe",
        "<style",
        "<base",
        "<meta http-equiv",
        "<form action=//",
        "<math",
        "<object",
        "<b>",
        "<h1>¤",
        "<a href=javascript",
    ] {
        assert!(!lower.contains(tag), "{place}: {tag} in {page}");
    }
    // Within tags, quotes of others never end an attribute.
    for tag in lower
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
    {
        for attribute in [
            " onerror=",
            " onload=",
            " onfocus=",
            " ontoggle=",
            " onmouseover=",
        ] {
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(
                !outside.contains(attribute),
                "{place}: {attribute} in <{tag}>"
            );
        }
    }
    let hidden = page.chars().find(|one| matches!(u32::from(*one), 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe0fff));
    assert_eq!(hidden, None, "{place} holds a character that is not seen");
}

fn gated(all: &[String]) -> String {
    let value = json!({ "all": all, "first": all[0] });
    let document = json!({
        "druse": 1, "name": "hostile", "description": all[1],
        "inputs": { "x": { "type": "string", "default": all[2], "description": all[3], "title": all[4] } },
        "steps": [
            { "id": "values", "action": "transform", "with": { "value": quoted(&value) } },
            { "id": "ask", "action": "approval_gate", "needs": ["values"], "with": {
                "title": "{{ inputs.x }}", "message": "{{ steps.values.output.first }}", "show": { "values": "{{ steps.values.output }}" },
                "fields": { "type": "object", "properties": { "why": { "type": "string", "title": all[5], "description": all[6], "default": all[7] },
                    "which": { "enum": [all[8], all[9]] } } } } },
            { "id": "after", "action": "shell", "needs": ["ask"], "with": { "argv": ["sh", "-c", "echo \"$X\" >&2; exit 1"], "env": { "X": "{{ inputs.x }}" } } },
        ],
    });
    document.to_string()
}

/// With the texts that look like expressions written so that they are none.
fn quoted(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains("{{") => text.replace("{{", "{ {").into(),
        Value::Array(all) => all.iter().map(quoted).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), quoted(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn no_text_of_others_becomes_markup_or_hides() {
    let server = Server::new().await;
    let admin = server.admin();
    let all = strings();
    let id = active(&server, &gated(&all)).await;
    let owner = Browser::owner(&server).await;
    let mut pages = vec![
        "/".to_owned(),
        "/approvals".into(),
        "/automations".into(),
        "/runs".into(),
        "/recordings".into(),
        "/settings".into(),
    ];

    // Every shape, each in one of the ways: in a run as an input, in the gate's title and values, in a comment, in an error.
    let mut gates = Vec::new();
    let some: Vec<&String> = (0..all.len() / 5)
        .map(|index| &all[index * 5 + index % 5])
        .collect();
    assert_eq!((all.len(), some.len()), (200, 40));
    for one in some.iter().copied() {
        let run = started(&admin, &id, json!({ "x": one })).await;
        gates.push((run.clone(), wait::approval(&admin, &run).await, one));
    }
    for (run, gate, one) in &gates {
        let path = format!("/approvals/{}", text(&gate["id"]));
        assert_tame(&owner.see(&path).await, one);
        let body = json!({ "decision": "reject", "digest": gate["digest"], "comment": one });
        admin
            .post(&format!("{path}/decision"), &body)
            .await
            .with(200);
        wait::run(&admin, run, "rejected").await;
        assert_tame(&owner.see(&path).await, one);
        assert_tame(&owner.see(&format!("/runs/{run}")).await, one);
    }
    // One that goes on and fails with the text in its error.
    let run = started(&admin, &id, json!({ "x": all[1] })).await;
    let gate = wait::approval(&admin, &run).await;
    let body = json!({ "decision": "approve", "digest": gate["digest"], "comment": all[0], "fields": { "why": all[3] } });
    admin
        .post(&format!("/approvals/{}/decision", text(&gate["id"])), &body)
        .await
        .with(200);
    wait::run(&admin, &run, "failed").await;
    for tab in ["steps", "graph", "values", "journal"] {
        pages.push(format!("/runs/{run}?tab={tab}"));
    }
    for tab in ["graph", "document", "versions", "triggers", "runs"] {
        pages.push(format!("/automations/{id}?tab={tab}"));
    }

    // Recordings: everything that a recorder writes is somebody else's.
    let turns: Vec<Value> = all.iter().enumerate().flat_map(|(index, one)| [
        json!({ "role": "user", "content": one }),
        json!({ "role": "assistant", "content": one, "tool_calls": [{ "id": format!("c{index}"), "name": format!("tool_{index}"), "arguments": { "value": one, one.as_str(): 1 } }] }),
        json!({ "role": "tool", "tool_call_id": format!("c{index}"), "content": one }),
    ]).collect();
    let session =
        json!({ "status": "succeeded", "agent": all[0], "goal": all[1], "messages": turns });
    let stored = admin.post("/agents/runs", &session).await.with(201);
    let recording = text(&stored["id"]);
    pages.push(format!("/recordings/{recording}"));
    let made = admin
        .post(
            &format!("/agents/runs/{recording}/crystallize"),
            &json!({ "mode": "exact" }),
        )
        .await
        .with(201);
    pages.push(format!(
        "/automations/{}/review",
        text(&made["automation"]["id"])
    ));
    pages.push(format!(
        "/automations/{}?tab=document",
        text(&made["automation"]["id"])
    ));

    // Settings, and filters in the address.
    for (index, one) in all.iter().enumerate().take(20) {
        let shown = one.replace(|c: char| c.is_control(), "");
        admin
            .post("/tokens", &json!({ "role": "viewer", "name": shown }))
            .await;
        admin.put(&format!("/connections/c{index}"), &json!({ "kind": "http", "base_url": "https://x.example", "headers": { "X": "y" } })).await;
    }
    for one in some.iter().copied() {
        let encoded: String = url_encoded(one);
        for path in [
            "/runs?since=",
            "/runs?status=",
            "/runs?cause=",
            "/runs?automation_id=",
            "/automations?name=",
            "/recordings?text=",
            "/approvals?status=",
            "/signin?next=",
            "/signin?code=",
            "/runs/",
            "/approvals/",
            "/automations/",
            "/recordings/",
        ] {
            let page = owner.get(&format!("{path}{encoded}")).await;
            assert_tame(&page.text, &format!("{path}{encoded}"));
        }
        for (path, field) in [
            ("/automations", "document"),
            ("/recordings", "text"),
            ("/settings/connections", "definition"),
            ("/settings/tools", "tools"),
            ("/signin", "token"),
        ] {
            let page = owner.post(path, &[(field, one)]).await;
            assert_tame(&page.text, &format!("{path} {field} {one}"));
        }
    }
    for path in &pages {
        assert_tame(&owner.see(path).await, path);
    }
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
