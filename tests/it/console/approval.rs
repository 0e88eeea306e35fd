//! A gate, decided from a page.

use super::{active, started};
use crate::harness::browser::hidden;
use crate::harness::{Browser, Server, text, wait};
use serde_json::json;

const PAYS: &str = "druse: 1
name: pays
inputs:
  amount: { type: number }
  to: { type: string, default: Stadtwerke }
steps:
  - id: bill
    action: shell
    with: { argv: [printf, \"IBAN DE89\"] }
  - id: ask
    action: approval_gate
    needs: [bill]
    with:
      title: \"Pay {{ inputs.amount }} to {{ inputs.to }}?\"
      message: The bill of March
      fields: { type: object, properties: { reason: { type: string, title: Why }, urgent: { type: boolean } }, required: [reason] }
  - id: pay
    action: shell
    needs: [ask]
    with: { argv: [printf, \"{{ inputs.amount }} {{ steps.bill.output.stdout }}\"], env: { ACCOUNT: \"{{ steps.bill.output.stdout }}\" } }
";

#[tokio::test]
async fn a_gate_shows_what_will_happen_and_takes_a_decision() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, PAYS).await;
    let run = started(&admin, &id, json!({ "amount": 98.7 })).await;
    let gate = wait::approval(&admin, &run).await;
    let ana = Browser::role(&server, "approver").await;

    let inbox = ana.see("/approvals").await;
    assert!(inbox.contains("Pay 98.7 to Stadtwerke?"), "{inbox}");
    assert!(ana.see("/").await.contains("Pay 98.7 to Stadtwerke?"));
    let path = format!("/approvals/{}", text(&gate["id"]));
    let page = ana.see(&path).await;
    for part in [
        "The bill of March",
        "IBAN DE89",
        "⇐ bill",
        "⚠",
        "1 step behind this gate",
        "was not approved before",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let digest = hidden(&page, "digest");
    let key = hidden(&page, "_key");
    let mut fields = vec![
        ("digest", digest.as_str()),
        ("decision", "approve"),
        ("field.reason", "it is due"),
        ("comment", "<checked>"),
    ];
    // What comes from others has to be looked at, and nothing that was written is lost by the refusal.
    let refused = ana.post(&path, &fields).await;
    refused.says(422, "marked ⚠");
    refused.says(422, "&lt;checked&gt;");
    refused.says(422, "it is due");
    fields.push(("looked", "yes"));
    fields.push(("_key", &key));
    // Sent twice, it counts once.
    assert_eq!(ana.act(&path, &fields).await, path);
    assert_eq!(ana.act(&path, &fields).await, path);
    let decided = admin.get(&path).await.with(200);
    assert_eq!(
        decided["decisions"].as_array().map(Vec::len),
        Some(1),
        "{decided}"
    );
    assert_eq!(
        decided["decisions"][0]["fields"],
        json!({ "reason": "it is due" })
    );
    wait::run(&admin, &run, "succeeded").await;
    let page = ana.see(&path).await;
    assert!(
        page.contains("approved") && page.contains("&lt;checked&gt;"),
        "{page}"
    );

    // The next one is compared with it.
    let run = started(&admin, &id, json!({ "amount": 12 })).await;
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let page = ana.see(&path).await;
    assert!(
        page.contains("Different from last time") && page.contains("was ["),
        "{page}"
    );
    let fields = [
        ("digest", hidden(&page, "digest")),
        ("decision", "reject".into()),
        ("comment", String::new()),
    ];
    let mut fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    // This gate cannot be sent back, and a refusal says why.
    assert!(!page.contains("value=\"send_back\""), "{page}");
    ana.post(&path, &fields)
        .await
        .says(422, "A refusal needs a comment");
    fields[2].1 = "not this month";
    ana.act(&path, &fields).await;
    let run = wait::run(&admin, &run, "rejected").await;
    let page = ana.see(&format!("/runs/{}", text(&run["id"]))).await;
    assert!(page.contains("approver refused at the gate ask"), "{page}");
}

#[tokio::test]
async fn a_digest_of_something_else_decides_nothing() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, PAYS).await;
    let run = started(&admin, &id, json!({ "amount": 1 })).await;
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let ana = Browser::role(&server, "approver").await;
    let fields = [
        ("digest", "sha256:00"),
        ("decision", "approve"),
        ("looked", "yes"),
        ("field.reason", "r"),
    ];
    let page = ana.post(&path, &fields).await;
    assert!([409, 422].contains(&page.status), "{}", page.text);
    assert_eq!(admin.get(&path).await.with(200)["status"], "pending");
    let viewer = Browser::role(&server, "viewer").await;
    assert!(
        viewer
            .see(&path)
            .await
            .contains("Deciding needs the role approver")
    );
}

#[tokio::test]
async fn others_are_asked_and_a_link_is_made() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, PAYS).await;
    let run = started(&admin, &id, json!({ "amount": 1 })).await;
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let owner = Browser::owner(&server).await;
    let ana = Browser::role(&server, "approver").await;
    let made = ana.post(&format!("{path}/links"), &[]).await;
    made.says(200, "A link for approver");
    let address = made
        .text
        .split("/approve/")
        .nth(1)
        .and_then(|rest| rest.split(['"', '<']).next())
        .expect("an address");
    Browser::at(&server)
        .get(&format!("/approve/{address}"))
        .await
        .says(200, "Pay 1 to Stadtwerke?");

    owner
        .post(&format!("{path}/reassign"), &[("approvers", "nobody:x")])
        .await
        .says(422, "nobody:x");
    owner
        .act(
            &format!("{path}/reassign"),
            &[
                ("approvers", "user:ben, role:admin"),
                ("reason", "on leave"),
            ],
        )
        .await;
    let asked = admin.get(&path).await.with(200);
    assert_eq!(asked["approvers"], json!(["user:ben", "role:admin"]));
    assert!(
        owner
            .see(&path)
            .await
            .contains("ben or whoever has the role admin")
    );
}

const ASKS: &str = "druse: 1
name: asks
inputs: { who: { type: string } }
steps:
  - id: ask
    action: approval_gate
    with: { title: \"Greet {{ inputs.who }}?\" }
  - id: greet
    action: transform
    needs: [ask]
    with: { value: \"Hello {{ inputs.who }}\" }
";

#[tokio::test]
async fn plain_gates_are_approved_together_and_others_on_their_own_pages() {
    let server = Server::new().await;
    let admin = server.admin();
    let asks = active(&server, ASKS).await;
    let pays = active(&server, PAYS).await;
    let mut gates = Vec::new();
    for who in ["ana", "bob"] {
        let run = started(&admin, &asks, json!({ "who": who })).await;
        gates.push((wait::approval(&admin, &run).await, run));
    }
    let paying = started(&admin, &pays, json!({ "amount": 7 })).await;
    let paying = wait::approval(&admin, &paying).await;
    let of = |gate: &serde_json::Value| format!("{} {}", text(&gate["id"]), text(&gate["digest"]));
    let ana = Browser::role(&server, "approver").await;
    let inbox = ana.see("/approvals").await;
    for (gate, _) in &gates {
        assert!(inbox.contains(&of(gate)), "{inbox}");
    }
    assert!(
        !inbox.contains(&of(&paying)),
        "one with a form is not among them"
    );

    ana.post("/approvals", &[])
        .await
        .says(422, "None is chosen");
    // One that was never offered is refused, and so is one that has changed; the others are taken.
    let (first, second) = (of(&gates[0].0), of(&gates[1].0));
    let other = of(&paying);
    let refused = ana
        .post("/approvals", &[("gate", &first), ("gate", &other)])
        .await;
    refused.says(422, "1 of 2 was approved");
    refused.says(422, "wants its own page");
    wait::run(&admin, &gates[0].1, "succeeded").await;
    ana.act("/approvals", &[("gate", &second)]).await;
    wait::run(&admin, &gates[1].1, "succeeded").await;
    let still = admin
        .get(&format!("/approvals/{}", text(&paying["id"])))
        .await
        .with(200);
    assert_eq!(still["status"], "pending");
}

const BILLS: &str = "druse: 1
name: bills
inputs: { amount: { type: number }, to: { type: string } }
triggers:
  - { id: told, webhook: { verify: { scheme: none } }, inputs: { amount: \"{{ trigger.body.amount }}\", to: \"{{ trigger.body.to }}\" } }
steps:
  - id: ask
    action: approval_gate
    with: { title: \"Pay {{ inputs.amount }}?\", timeout: 26h, approvers: [\"role:approver\"] }
  - id: pay
    action: emit
    needs: [ask]
    with: { type: com.example.paid, data: { amount: \"{{ inputs.amount }}\", to: \"{{ inputs.to }}\" } }
";

#[tokio::test]
async fn who_asked_how_long_it_waits_what_is_of_others_and_what_is_otherwise_stand_on_the_page_and_behind_a_link()
 {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, BILLS).await;
    let run = started(&admin, &id, json!({ "amount": 94.1, "to": "Stadtwerke" })).await;
    let gate = wait::approval(&admin, &run).await;
    let ana = Browser::role(&server, "approver").await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    for page in ["/", "/approvals", path.as_str()] {
        let page = ana.see(page).await;
        let left = page.split("ends <time").nth(1).unwrap_or_default();
        let left = left.split("</time>").next().unwrap_or_default();
        assert!(left.ends_with(">in 26 h"), "{left}: {page}");
        assert!(left.contains(&text(&gate["expires_at"])), "{left}");
    }
    let digest = text(&gate["digest"]);
    ana.act(&path, &[("decision", "approve"), ("digest", &digest)])
        .await;
    wait::run(&admin, &run, "succeeded").await;

    // Whoever sends to a webhook writes what it brings.
    let triggers = admin
        .get(&format!("/automations/{id}/triggers"))
        .await
        .with(200);
    let hook = text(&triggers["items"][0]["address"]);
    let body = json!({ "amount": 98.7, "to": "Stadtwerke" });
    let sent = server.anonymous().root("POST", &hook).json(&body).send();
    let run = text(&sent.await.with(202)["run_id"]);
    let gate = wait::approval(&admin, &run).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let made = ana.post(&format!("{path}/links"), &[]).await;
    let link = made.text.split("/approve/").nth(1).unwrap_or_default();
    let link = link.split(['"', '<']).next().unwrap_or_default();
    let link = format!("/approve/{link}");
    let other = Browser::at(&server);
    let by_link = other.see(&link).await;
    let own = ana.see(&path).await;
    for page in [&own, &by_link] {
        for part in [
            "bills",
            "by webhook told",
            "in 26 h",
            "emits the event com.example.paid",
            "98.7",
            "⚠",
            "⇐ webhook",
            "Different from last time",
            "was 94.1",
            "I have looked at what is marked ⚠ (2)",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(!page.contains("was Stadtwerke"), "{page}");
    }
    let digest = text(&gate["digest"]);
    let mut form = vec![
        ("decision", "approve"),
        ("digest", &*digest),
        ("comment", "as agreed"),
    ];
    let refused = other.post(&link, &form).await;
    refused.says(422, "marked ⚠");
    refused.says(422, "as agreed");
    form.push(("looked", "yes"));
    other.post(&link, &form).await.says(200, "approved");
    wait::run(&admin, &run, "succeeded").await;
}
