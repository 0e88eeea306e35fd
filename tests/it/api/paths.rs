//! The API, the command line, the console and links take the same answers to a gate and refuse the same ones.

use crate::cli::finish;
use crate::harness::{Answer, Browser, Client, Server, druse, text, wait};
use serde_json::{Value, json};

const GATED: &str = r#"druse: 1
name: gated
steps:
  - id: gate
    action: approval_gate
    with:
      title: Go?
      approvers: ["user:ana", "user:starter"]
      exclude_starter: true
      fields: { type: object, required: [n], properties: { n: { type: integer, maximum: 5 } } }
  - id: next
    action: transform
    needs: [gate]
    with: { value: "{{ steps.gate.output.fields.n }}" }
outputs:
  n: "{{ steps.next.output }}"
"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Api,
    CommandLine,
    Console,
    Link,
}

const WAYS: [Way; 4] = [Way::Api, Way::CommandLine, Way::Console, Way::Link];

/// One answer of somebody.
#[derive(Clone, Copy)]
struct Said {
    verdict: &'static str,
    comment: &'static str,
    n: &'static str,
    digest: Option<&'static str>,
}

const YES: Said = Said {
    verdict: "approve",
    comment: "",
    n: "3",
    digest: None,
};

struct People {
    server: Server,
    tokens: Vec<(&'static str, String)>,
    path: String,
}

impl People {
    async fn new() -> Self {
        let server = Server::new().await;
        let admin = server.admin();
        let mut tokens = Vec::new();
        for name in ["ana", "cyd", "starter"] {
            let body = json!({ "role": "approver", "name": name });
            let made = admin.post("/tokens", &body).await.with(201);
            tokens.push((name, text(&made["token"])));
        }
        let made = admin.request("POST", "/automations").yaml(GATED);
        let path = format!("/automations/{}", text(&made.send().await.with(201)["id"]));
        let activate = format!("{path}/activate");
        admin.post(&activate, &json!({})).await.with(200);
        Self {
            server,
            tokens,
            path,
        }
    }

    fn token(&self, name: &str) -> &str {
        let found = self.tokens.iter().find(|(known, _)| *known == name);
        &found.unwrap().1
    }

    fn client(&self, name: &str) -> Client {
        self.server.anonymous().token(self.token(name))
    }

    async fn run(&self) -> (String, Value) {
        let starter = self.client("starter");
        let runs = format!("{}/runs", self.path);
        let run = text(&starter.post(&runs, &json!({})).await.with(202)["id"]);
        let gate = wait::approval(&starter, &run).await;
        (run, gate)
    }

    /// Whether an answer was taken, and what was said to it.
    async fn answer(&self, way: Way, gate: &Value, name: &str, said: Said) -> (bool, String) {
        let id = text(&gate["id"]);
        let digest = said
            .digest
            .map_or_else(|| text(&gate["digest"]), str::to_owned);
        let form = [
            ("decision", said.verdict),
            ("comment", said.comment),
            ("field.n", said.n),
            ("digest", &digest),
            ("looked", "yes"),
        ];
        match way {
            Way::Api => {
                let mut body =
                    json!({ "decision": said.verdict, "comment": said.comment, "digest": digest });
                if said.verdict == "approve" {
                    body["fields"] = json!({ "n": said.n.parse::<i64>().unwrap() });
                }
                let path = format!("/approvals/{id}/decision");
                let answer = self.client(name).post(&path, &body).await;
                (answer.status == 200, answer.text)
            }
            Way::CommandLine => {
                let verb = said.verdict.replace('_', "-");
                let mut command = druse(["approvals", &verb, &id, "--server"]);
                command.arg(self.server.address());
                command.env("DRUSE_TOKEN", self.token(name));
                if said.verdict == "approve" {
                    command.args(["--field", &format!("n={}", said.n)]);
                    command.args(["--digest", &digest]);
                }
                if !said.comment.is_empty() {
                    command.args(["--comment", said.comment]);
                }
                let ran = finish(command, "");
                (ran.code == 0, ran.err)
            }
            Way::Console => {
                let mut browser = Browser::at(&self.server);
                let page = browser
                    .post("/signin", &[("token", self.token(name))])
                    .await;
                browser.take_cookie(&page);
                let page = browser.post(&format!("/approvals/{id}"), &form).await;
                (page.status == 303, page.text)
            }
            Way::Link => {
                let body = json!({ "for": name });
                let made = self.server.admin();
                let made = made.post(&format!("/approvals/{id}/links"), &body).await;
                if made.status != 201 {
                    return (false, made.text);
                }
                let address = text(&made.body["address"]);
                let link = &address[address.find("/approve/").unwrap()..];
                let page = self.server.anonymous().root("POST", link).form(&form);
                let page = page.send().await;
                (page.status == 200, page.text)
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_way_to_decide_is_weaker_than_another() {
    let people = People::new().await;
    let admin = people.server.admin();
    for way in WAYS {
        let (run, gate) = people.run().await;
        let path = format!("/approvals/{}", text(&gate["id"]));
        for (what, name, said) in [
            ("nobody asked them", "cyd", YES),
            ("they started it", "starter", YES),
            ("a field that does not fit", "ana", Said { n: "9", ..YES }),
            (
                "something else was seen",
                "ana",
                Said {
                    digest: Some("sha256:00"),
                    ..YES
                },
            ),
            (
                "no comment",
                "ana",
                Said {
                    verdict: "reject",
                    ..YES
                },
            ),
            (
                "it is sent back nowhere",
                "ana",
                Said {
                    verdict: "send_back",
                    comment: "so",
                    ..YES
                },
            ),
        ] {
            let (taken, told) = people.answer(way, &gate, name, said).await;
            assert!(!taken, "{way:?}: {what}: {told}");
            let now = admin.get(&path).await.with(200);
            assert_eq!(now["status"], "pending", "{way:?}: {what}");
            assert_eq!(now["decisions"], json!([]), "{way:?}: {what}");
        }
        let (taken, told) = people.answer(way, &gate, "ana", YES).await;
        assert!(taken, "{way:?}: {told}");
        let done = wait::run(&admin, &run, "succeeded").await;
        assert_eq!(done["outputs"]["n"], 3, "{way:?}");
        let now = admin.get(&path).await.with(200);
        assert_eq!(now["decisions"][0]["by"], "ana", "{way:?}");
        let (taken, told) = people.answer(way, &gate, "ana", YES).await;
        assert!(!taken, "{way:?}: it was decided: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_its_time_and_with_what_its_person_may() {
    let people = People::new().await;
    let admin = people.server.admin();
    let (_, gate) = people.run().await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let anybody = people.server.anonymous();
    let link = async |path: &str, body: Value| {
        let made = admin.post(&format!("{path}/links"), &body).await.with(201);
        let address = text(&made["address"]);
        address[address.find("/approve/").unwrap()..].to_owned()
    };
    let form = |gate: &Value| {
        let digest = text(&gate["digest"]);
        [
            ("decision", "approve".to_owned()),
            ("field.n", "1".to_owned()),
            ("digest", digest),
        ]
    };
    let answered = async |link: &str, gate: &Value| {
        let form = form(gate);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
        anybody.root("POST", link).form(&form).send().await
    };
    let short = link(&path, json!({ "for": "ana", "expires": "1ms" })).await;
    wait::until("the end of the link", || async {
        let page = anybody.root("GET", &short).send().await;
        (page.status == 410).then_some(())
    })
    .await;
    assert_eq!(answered(&short, &gate).await.status, 410);
    assert_eq!(admin.get(&path).await.with(200)["status"], "pending");

    // Whom the gate asks by a role, and who has lost it since the link was made.
    let by_role = GATED
        .replace("\"user:ana\", \"user:starter\"", "\"role:approver\"")
        .replace("name: gated", "name: by_role");
    let made = admin.request("POST", "/automations").yaml(&by_role).send();
    let automation = format!("/automations/{}", text(&made.await.with(201)["id"]));
    let activate = format!("{automation}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let run = admin.post(&format!("{automation}/runs"), &json!({})).await;
    let gate = wait::approval(&admin, &text(&run.with(202)["id"])).await;
    let path = format!("/approvals/{}", text(&gate["id"]));
    let [ana, cyd] = [
        link(&path, json!({ "for": "ana" })).await,
        link(&path, json!({ "for": "cyd" })).await,
    ];
    let tokens = admin.all("/tokens").await;
    let token = tokens.iter().find(|token| token["name"] == "ana").unwrap();
    let gone = format!("/tokens/{}", text(&token["id"]));
    assert_eq!(admin.delete(&gone).await.status, 204);
    let refused = answered(&ana, &gate).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(admin.get(&path).await.with(200)["status"], "pending");
    let taken = answered(&cyd, &gate).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_over_with_the_last_token_of_its_person_and_needs_none_where_there_was_none() {
    let people = People::new().await;
    let admin = people.server.admin();
    let anybody = people.server.anonymous();
    // All are named, so that no role is asked for.
    let named = GATED
        .replace(
            "\"user:ana\", \"user:starter\"",
            "\"user:ana\", \"user:cyd\", \"user:mailed\"",
        )
        .replace("name: gated", "name: named");
    let made = admin.request("POST", "/automations").yaml(&named).send();
    let automation = format!("/automations/{}", text(&made.await.with(201)["id"]));
    let activate = format!("{automation}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let gate = async || {
        let run = admin.post(&format!("{automation}/runs"), &json!({})).await;
        wait::approval(&admin, &text(&run.with(202)["id"])).await
    };
    let link = async |gate: &Value, person: &str| {
        let path = format!("/approvals/{}/links", text(&gate["id"]));
        admin.post(&path, &json!({ "for": person })).await
    };
    let address = |made: Answer| {
        let address = text(&made.with(201)["address"]);
        address[address.find("/approve/").unwrap()..].to_owned()
    };
    let answered = async |link: &str, gate: &Value| {
        let digest = text(&gate["digest"]);
        let form = [
            ("decision", "approve"),
            ("field.n", "1"),
            ("digest", &*digest),
        ];
        anybody.root("POST", link).form(&form).send().await
    };
    let revoked = async |name: &str| {
        let tokens = admin.all("/tokens").await;
        let token = tokens.iter().find(|token| token["name"] == name).unwrap();
        let path = format!("/tokens/{}", text(&token["id"]));
        assert_eq!(admin.delete(&path).await.status, 204);
    };

    let first = gate().await;
    let [ana, mailed] = [
        address(link(&first, "ana").await),
        address(link(&first, "mailed").await),
    ];
    assert_eq!(anybody.root("GET", &ana).send().await.status, 200);
    // One of two is not the last.
    let second = json!({ "role": "viewer", "name": "ana" });
    admin.post("/tokens", &second).await.with(201);
    revoked("ana").await;
    assert_eq!(anybody.root("GET", &ana).send().await.status, 200);
    revoked("ana").await;
    for method in ["GET", "POST"] {
        let refused = match method {
            "GET" => anybody.root("GET", &ana).send().await,
            _ => answered(&ana, &first).await,
        };
        assert_eq!(refused.status, 403, "{method} {}", refused.text);
        assert!(
            refused.text.contains("no access any more for ana"),
            "{}",
            refused.text
        );
        assert!(!refused.text.contains("Go?"), "{}", refused.text);
    }
    link(&first, "ana").await.problem(403, "not_allowed");
    let path = format!("/approvals/{}", text(&first["id"]));
    assert_eq!(admin.get(&path).await.with(200)["status"], "pending");
    // Who never had a token decides by the link that was made for them.
    let taken = answered(&mailed, &first).await;
    assert_eq!(taken.status, 200, "{}", taken.text);

    // A token that is over ends links as one that was revoked; another one gives them back.
    let next = gate().await;
    let cyd = address(link(&next, "cyd").await);
    revoked("cyd").await;
    let short = json!({ "role": "approver", "name": "cyd", "expires": "1s" });
    admin.post("/tokens", &short).await.with(201);
    wait::until("the end of the token", || async {
        let page = anybody.root("GET", &cyd).send().await;
        (page.status == 403).then_some(())
    })
    .await;
    let again = json!({ "role": "viewer", "name": "cyd" });
    admin.post("/tokens", &again).await.with(201);
    let taken = answered(&cyd, &next).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
}
