//! People are told of a gate by mail, and of what cannot be told nothing waits.

use crate::harness::{Server, text, wait};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail server on loopback that keeps what it takes: whom each message goes to, and its text.
#[derive(Clone, Default)]
struct Post(Arc<Mutex<Vec<(String, String)>>>);

impl Post {
    async fn open() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let post = Self::default();
        let taking = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taking = taking.clone();
                tokio::spawn(async move { taking.session(stream).await });
            }
        });
        (post, port)
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().clone()
    }

    async fn session(self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 here ESMTP\r\n").await?;
        let (mut line, mut to) = (String::new(), String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let verb: String = line.chars().take(4).collect();
            let answer = match verb.as_str() {
                "EHLO" => "250 here",
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    "250 ok"
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let mut message = String::new();
                    loop {
                        line.clear();
                        stream.read_line(&mut line).await?;
                        if line == ".\r\n" {
                            break;
                        }
                        message.push_str(&line);
                    }
                    // A line that was too long goes on in the next one.
                    let message = message.replace("=\r\n", "").replace("=3D", "=");
                    self.0.lock().unwrap().push((to.clone(), message));
                    "250 taken"
                }
                _ => "250 ok",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}

const ASKED: &str = r#"druse: 1
name: asked
steps:
  - id: gate
    action: approval_gate
    with:
      title: Publish the prices?
      approvers: ["user:ana"]
      remind: 1s
      notify:
        - action: mail
          for: user:ana
          with:
            connection: post
            to: ana@example.org
            subject: "{{ approval.title }} ({{ approval.reminder }})"
            text: "Please decide: {{ approval.link }} ."
        - action: mail
          with: { connection: nowhere, to: ben@example.org, subject: Hi, text: Hi }
"#;

#[tokio::test]
async fn a_mail_tells_of_a_gate_and_brings_it_to_mind_and_its_link_decides() {
    let (post, port) = Post::open().await;
    let server = Server::new().await;
    let admin = server.admin();
    for (name, port) in [("post", port), ("nowhere", 1)] {
        let connection = json!({ "kind": "smtp", "host": "127.0.0.1", "port": port,
            "from": "Druse <druse@example.org>", "tls": { "mode": "off" } });
        let put = admin
            .put(&format!("/connections/{name}"), &connection)
            .await;
        assert!(put.status < 300, "{}", put.text);
    }
    let token = json!({ "role": "approver", "name": "ana" });
    admin.post("/tokens", &token).await.with(201);
    let made = admin.request("POST", "/automations").yaml(ASKED).send();
    let path = format!("/automations/{}", text(&made.await.with(201)["id"]));
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let run = admin.post(&format!("{path}/runs"), &json!({})).await;
    let run = text(&run.with(202)["id"]);
    let gate = wait::approval(&admin, &run).await;
    let reminded = wait::until("a mail and a reminder", || async {
        let taken = post.taken();
        (taken.len() >= 2).then_some(taken)
    })
    .await;
    for (number, (to, message)) in reminded.iter().enumerate() {
        assert_eq!(to, "ana@example.org");
        let subject = format!("Subject: Publish the prices? ({number})");
        assert!(message.contains(&subject), "{message}");
    }
    // What cannot be told holds nothing up, and the gate says so.
    let path = format!("/approvals/{}", text(&gate["id"]));
    let told = wait::until("what became of the other mail", || async {
        let shown = admin.get(&path).await.with(200);
        let notices = shown["notices"].as_array().unwrap();
        let failed = notices
            .iter()
            .find(|one| one["index"] == 1 && !one["error"].is_null())?;
        Some((shown["status"].clone(), failed["error"]["code"].clone()))
    })
    .await;
    assert_eq!(told, (json!("pending"), json!("connection_failed")));
    let (_, message) = &reminded[0];
    let start = message.find("/approve/").expect("a link");
    let link: String = message[start..]
        .chars()
        .take_while(|one| !one.is_whitespace())
        .collect();
    let form = [
        ("decision", "approve"),
        ("digest", gate["digest"].as_str().unwrap()),
    ];
    let yes = server.anonymous().root("POST", &link).form(&form).send();
    let yes = yes.await;
    assert_eq!(yes.status, 200, "{}", yes.text);
    let done = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(done["steps"][0]["output"]["by"], "ana");
}
