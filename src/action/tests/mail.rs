use super::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::sync::Mutex;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A message that the server took.
#[derive(Debug, Clone, Default)]
struct Taken {
    from: String,
    to: Vec<String>,
    text: String,
    encrypted: bool,
    account: Option<String>,
}

/// A mail server on loopback, as small as it can be.
#[derive(Clone)]
struct Server {
    taken: Arc<Mutex<Vec<Taken>>>,
    acceptor: TlsAcceptor,
    /// Whether sessions are encrypted from the first byte.
    wrapped: bool,
}

impl Server {
    fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    fn last(&self) -> Taken {
        self.taken().last().unwrap().clone()
    }

    /// Starts one; gives it, its port, and its certificate.
    async fn start(wrapped: bool, taken: Arc<Mutex<Vec<Taken>>>) -> (Self, u16, String) {
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())
        .unwrap();
        let server = Self {
            taken,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            wrapped,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().session(stream));
            }
        });
        (server, port, signed.cert.pem())
    }

    async fn session(self, stream: TcpStream) {
        if self.wrapped {
            if let Ok(stream) = self.acceptor.accept(stream).await {
                let _ = self.speak(stream, true, true).await;
            }
            return;
        }
        // What is left of the stream is to be encrypted when a session asks for it.
        if let Ok(Some(stream)) = self.speak(stream, false, true).await
            && let Ok(stream) = self.acceptor.accept(stream).await
        {
            let _ = self.speak(stream, true, false).await;
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        encrypted: bool,
        greets: bool,
    ) -> std::io::Result<Option<S>> {
        let mut stream = BufReader::new(stream);
        if greets {
            stream.write_all(b"220 localhost ESMTP\r\n").await?;
        }
        let mut message = Taken {
            encrypted,
            ..Taken::default()
        };
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            let said = line.trim_end().to_owned();
            let verb = said
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_uppercase();
            let address = said.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let answer = match verb.as_str() {
                "EHLO" if encrypted => "250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
                "EHLO" => "250-localhost\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
                "STARTTLS" => {
                    stream.write_all(b"220 go on\r\n").await?;
                    return Ok(Some(stream.into_inner()));
                }
                "AUTH" => {
                    let sent = said.split(' ').nth(2).unwrap_or_default();
                    let sent = STANDARD.decode(sent).unwrap_or_default();
                    let sent = String::from_utf8_lossy(&sent).into_owned();
                    message.account = Some(sent.replace('\0', "|"));
                    match sent.ends_with("s3cret-password") {
                        true => "235 welcome",
                        false => "535 5.7.8 wrong password",
                    }
                }
                "MAIL" => {
                    message.from = address;
                    "250 ok"
                }
                "RCPT" if address.starts_with("never") => "550 5.1.1 no such mailbox",
                "RCPT" if address.starts_with("later") => "451 4.7.1 try again later",
                "RCPT" if address.starts_with("hang") => std::future::pending().await,
                "RCPT" if address.starts_with("cut") => return Ok(None),
                "RCPT" => {
                    message.to.push(address);
                    "250 ok"
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    loop {
                        line.clear();
                        stream.read_line(&mut line).await?;
                        if line == ".\r\n" {
                            break;
                        }
                        message
                            .text
                            .push_str(line.strip_prefix('.').unwrap_or(&line));
                    }
                    self.taken.lock().unwrap().push(message.clone());
                    message.to.clear();
                    message.text.clear();
                    "250 taken"
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(None);
                }
                "NOOP" | "RSET" => "250 ok",
                _ => "500 what?",
            };
            stream.write_all(answer.as_bytes()).await?;
            stream.write_all(b"\r\n").await?;
        }
    }
}

struct World {
    server: Server,
    actions: Actions,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (server, port, pem) = Server::start(false, Arc::default()).await;
        let (_, wrapped_port, wrapped_pem) = Server::start(true, server.taken.clone()).await;
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, pem + &wrapped_pem).unwrap();
        let from = "Druse <druse@example.com>";
        let account = |password: &str, mode: &str, port: u16| {
            json!({
                "kind": "smtp", "host": "localhost", "port": port, "from": from,
                "user": "druse", "password": password, "tls": { "mode": mode, "ca_file": ca },
            })
        };
        let actions = actions(
            json!({
                "post": { "kind": "smtp", "host": "127.0.0.1", "port": port, "from": from },
                "inside": { "kind": "smtp", "host": "127.0.0.1", "port": port, "from": from, "recipients": ["*@example.com", "Bob@other.org"] },
                "account": account("{{ secrets.MAIL }}", "starttls", port),
                "wrapped": account("{{ secrets.MAIL }}", "tls", wrapped_port),
                "wrong": account("{{ secrets.WRONG }}", "starttls", port),
                "unset": account("{{ secrets.UNSET }}", "starttls", port),
                "untrusted": { "kind": "smtp", "host": "localhost", "port": port, "from": from, "tls": { "mode": "starttls" } },
                "gone": { "kind": "smtp", "host": "127.0.0.1", "port": 1, "from": from },
            }),
            &[("MAIL", "s3cret-password"), ("WRONG", "wr0ng-password")],
        );
        Self {
            server,
            actions,
            _folder: folder,
        }
    }
}

fn mail(connection: &str, to: Value) -> Value {
    json!({ "connection": connection, "to": to, "subject": "Hello", "text": "A line\n.\nand a dot" })
}

#[tokio::test]
async fn a_message_reaches_everybody_it_names() {
    let world = World::new().await;
    let input = json!({
        "connection": "post",
        "to": ["Ana Ä <ana@example.com>", "bob@example.com"],
        "cc": "carl@example.com", "bcc": ["dora@example.com"], "reply_to": "office@example.com",
        "subject": "Überblick: 5 €", "text": "Grüße\n.\nzuletzt",
    });
    let sent = output(&world.actions, "mail", input.clone()).await;
    let all = [
        "ana@example.com",
        "bob@example.com",
        "carl@example.com",
        "dora@example.com",
    ];
    assert_eq!(sent["accepted"], json!(all));
    let taken = world.server.last();
    assert_eq!(
        (taken.from.as_str(), &taken.to),
        ("druse@example.com", &all.map(String::from).to_vec())
    );
    let text = &taken.text;
    let id = sent["message_id"].as_str().unwrap();
    assert!(id.ends_with("@example.com>"), "{id}");
    assert!(text.contains(&format!("Message-ID: {id}\r\n")), "{text}");
    assert!(
        text.contains("From: Druse <druse@example.com>\r\n"),
        "{text}"
    );
    assert!(text.contains("Reply-To: office@example.com\r\n"), "{text}");
    assert!(
        text.contains("Auto-Submitted: auto-generated\r\n"),
        "{text}"
    );
    assert!(!text.contains("dora"), "{text}");
    assert!(text.contains("Date: "), "{text}");
    // A repeated attempt carries the same name, so that a mailbox can tell.
    let again = output(&world.actions, "mail", input).await;
    assert_eq!(again["message_id"], id);
}

#[tokio::test]
async fn text_html_and_attachments_are_parts() {
    let world = World::new().await;
    let mut input = mail("post", json!("ana@example.com"));
    input["html"] = "<p>A line</p>".into();
    input["attachments"] = json!([
        { "filename": "a.csv", "content_type": "text/csv", "text": "n\n1\n" },
        { "filename": "b.json", "json": { "n": [1] } },
        { "filename": "c.bin", "base64": "/wA=" },
    ]);
    output(&world.actions, "mail", input).await;
    let text = world.server.last().text;
    for part in [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "<p>A line</p>",
        "A line\r\n.\r\nand a dot",
        "filename=\"a.csv\"",
        "text/csv",
        "{\"n\":[1]}",
        "filename=\"c.bin\"",
        "/wA=",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let mut only = mail("post", json!("ana@example.com"));
    only.as_object_mut().unwrap().remove("text");
    only["html"] = "<b>5</b>".into();
    output(&world.actions, "mail", only).await;
    assert!(world.server.last().text.contains("Content-Type: text/html"));
}

#[tokio::test]
async fn sessions_are_encrypted_and_signed_in() {
    let world = World::new().await;
    for connection in ["account", "wrapped"] {
        output(
            &world.actions,
            "mail",
            mail(connection, json!("ana@example.com")),
        )
        .await;
        let taken = world.server.last();
        assert!(taken.encrypted, "{connection}");
        assert_eq!(taken.account.as_deref(), Some("|druse|s3cret-password"));
        let tested = world.actions.connections().test(connection).await.unwrap();
        assert_eq!(tested["kind"], "smtp");
    }
    assert_eq!(world.server.taken().len(), 2);
    for (connection, code) in [
        ("wrong", "access_denied"),
        ("unset", "missing_secret"),
        ("untrusted", "tls_failed"),
        ("nope", "missing_connection"),
    ] {
        let failure = failure(
            &world.actions,
            "mail",
            mail(connection, json!("ana@example.com")),
        )
        .await;
        assert_eq!(
            (failure.code.as_str(), failure.class),
            (code, FailureClass::Permanent),
            "{failure:?}"
        );
        assert!(!format!("{failure:?}").contains("wr0ng-password"));
        let tested = world
            .actions
            .connections()
            .test(connection)
            .await
            .unwrap_err();
        assert_eq!(tested.code, code);
    }
    assert_eq!(world.server.taken().len(), 2);
}

#[tokio::test]
async fn refusals_fall_into_classes_and_nothing_is_sent_in_part() {
    let world = World::new().await;
    for (connection, to, code, class) in [
        (
            "post",
            json!("never@example.com"),
            "refused",
            FailureClass::Permanent,
        ),
        (
            "post",
            json!(["ana@example.com", "never@example.com"]),
            "refused",
            FailureClass::Permanent,
        ),
        (
            "post",
            json!(["ana@example.com", "later@example.com"]),
            "deferred",
            FailureClass::Retryable,
        ),
        (
            "post",
            json!("cut@example.com"),
            "connection_failed",
            FailureClass::Retryable,
        ),
        (
            "gone",
            json!("ana@example.com"),
            "connection_failed",
            FailureClass::Retryable,
        ),
        (
            "inside",
            json!("ana@example.com.evil.org"),
            "recipient_not_allowed",
            FailureClass::Permanent,
        ),
        ("post", json!([]), "invalid_input", FailureClass::Permanent),
        (
            "post",
            json!("ana"),
            "invalid_input",
            FailureClass::Permanent,
        ),
        (
            "post",
            json!("ana@example.com\r\nBcc: eve@example.com"),
            "invalid_input",
            FailureClass::Permanent,
        ),
    ] {
        let failure = failure(&world.actions, "mail", mail(connection, to.clone())).await;
        assert_eq!(
            (failure.code.as_str(), failure.class),
            (code, class),
            "{to}: {failure:?}"
        );
    }
    let wrong = |key: &str, value: Value| {
        let mut input = mail("post", json!("ana@example.com"));
        input[key] = value;
        input
    };
    for (input, code) in [
        (
            wrong("subject", json!("a\r\nBcc: eve@example.com")),
            "invalid_input",
        ),
        (wrong("text", json!(null)), "invalid_input"),
        (wrong("reply_to", json!("nobody")), "invalid_input"),
        (wrong("from", json!("eve@example.com")), "invalid_input"),
        (
            wrong("attachments", json!([{ "filename": "../a", "text": "x" }])),
            "invalid_input",
        ),
        (
            wrong("attachments", json!([{ "filename": "a" }])),
            "invalid_input",
        ),
        (
            wrong("text", json!("x".repeat(200_000))),
            "message_too_large",
        ),
    ] {
        assert_eq!(
            failure(&world.actions, "mail", input.clone()).await.code,
            code,
            "{input}"
        );
    }
    assert_eq!(world.server.taken().len(), 0);
    output(
        &world.actions,
        "mail",
        mail("inside", json!(["Ana <Ana@Example.com>", "bob@other.org"])),
    )
    .await;
    assert_eq!(world.server.taken().len(), 1);
}

#[tokio::test]
async fn time_and_cancel_end_a_session() {
    let world = World::new().await;
    let mut slow = attempt("mail", mail("post", json!("hang@example.com")));
    slow.timeout = Some(Duration::from_millis(100));
    let (slow, _) = failed(world.actions.perform(slow, never()).await);
    assert_eq!(
        (slow.class, slow.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );
    let cancel = never();
    let hanging = world.actions.perform(
        attempt("mail", mail("post", json!("hang@example.com"))),
        cancel.clone(),
    );
    let (outcome, ()) = tokio::join!(hanging, async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
}
