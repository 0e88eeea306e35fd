//! The client against real servers: a child process, and HTTP on loopback.

use druse_mcp::{Call, Client, Endpoint, Error, Options, Pool};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, convert::Infallible, io::Read, path::PathBuf, time::Duration};
use tokio_util::sync::CancellationToken;

/// Far beyond what a loaded machine needs; no test waits for it.
const LONG: Duration = Duration::from_secs(120);

/// The example of this crate, which cargo builds before it runs the tests.
fn program() -> PathBuf {
    let mut path = std::env::current_exe().expect("a test has a path");
    path.pop();
    path.pop();
    path.join("examples").join("tool_server")
}

fn endpoint() -> Endpoint {
    Endpoint::Stdio {
        command: vec![program().to_string_lossy().into_owned()],
        env: BTreeMap::from([("GIVEN".to_owned(), "yes".to_owned())]),
        cwd: None,
    }
}

fn call(tool: &str, arguments: Value) -> Call {
    Call {
        tool: tool.into(),
        arguments: serde_json::from_value(arguments).unwrap(),
        meta: Map::from_iter([("idempotencyKey".to_owned(), json!("key-1"))]),
        timeout: LONG,
        log: None,
    }
}

fn never() -> CancellationToken {
    CancellationToken::new()
}

#[tokio::test]
async fn a_call_carries_arguments_and_meta_and_gives_every_form_of_output() {
    let pool = Pool::new(endpoint(), Options::default());
    let echo = pool
        .call(call("echo", json!({ "a": [1, "b"] })), &never())
        .await
        .unwrap();
    let structured = echo.structured.as_ref().unwrap();
    assert_eq!(structured["arguments"], json!({ "a": [1, "b"] }));
    assert_eq!(structured["meta"]["idempotencyKey"], "key-1");
    assert_eq!(echo.json.as_ref(), Some(structured));

    let rows = pool.call(call("rows", json!({})), &never()).await.unwrap();
    assert_eq!(rows.structured, None);
    assert_eq!(rows.json, Some(json!([{ "id": 1 }, { "id": 2 }])));
    assert_eq!(rows.content[0]["type"], "text");

    let said = pool
        .call(call("say", json!({ "text": "not JSON" })), &never())
        .await
        .unwrap();
    assert_eq!((said.text.as_str(), said.json), ("not JSON", None));

    let failed = pool.call(call("fail", json!({})), &never()).await.unwrap();
    assert!(failed.is_error);
    assert_eq!(failed.text, "The table does not exist.");

    let tools = pool.list_tools().await.unwrap();
    assert_eq!(tools[0].name, "big");
    let echo = tools.iter().find(|tool| tool.name == "echo").unwrap();
    assert_eq!(echo.annotations, Some(json!({ "readOnlyHint": true })));
    pool.close().await;
}

#[tokio::test]
async fn an_unknown_tool_is_named_with_those_there_are() {
    let pool = Pool::new(endpoint(), Options::default());
    let error = pool.call(call("ecko", json!({})), &never()).await;
    let Err(Error::UnknownTool { tool, known }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(tool, "ecko");
    assert!(known.contains(&"echo".to_owned()));
    pool.close().await;
}

#[tokio::test]
async fn the_child_sees_only_its_own_environment() {
    let pool = Pool::new(endpoint(), Options::default());
    let seen = pool
        .call(call("environment", json!({})), &never())
        .await
        .unwrap();
    let seen = seen.structured.unwrap();
    assert_eq!(seen["GIVEN"], "yes");
    let allowed = "GIVEN PATH HOME USER LANG LC_ALL LC_CTYPE TZ TMPDIR";
    let object = seen.as_object().unwrap();
    let extra: Vec<_> = object
        .keys()
        .filter(|name| !allowed.split(' ').any(|allowed| allowed == *name))
        .collect();
    assert!(extra.is_empty(), "{extra:?}");
    pool.close().await;
}

#[tokio::test]
async fn a_dead_server_fails_its_call_and_is_started_again_for_the_next() {
    let (lines, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let options = Options {
        log: std::sync::Arc::new(move |line| {
            let _ = lines.send(line.to_owned());
        }),
        ..Options::default()
    };
    let pool = Pool::new(endpoint(), options);
    let error = pool
        .call(call("die", json!({})), &never())
        .await
        .unwrap_err();
    let Error::Closed { stderr } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(stderr, "ready\ngiving up");
    assert!(error.is_retryable());
    assert_eq!(seen.recv().await.as_deref(), Some("ready"));
    assert_eq!(seen.recv().await.as_deref(), Some("giving up"));
    let said = pool
        .call(call("say", json!({ "text": "back" })), &never())
        .await;
    assert_eq!(said.unwrap().text, "back");
    pool.close().await;
}

#[tokio::test]
async fn results_over_the_limit_fail_and_the_next_call_works() {
    let options = Options {
        max_result: 100_000,
        ..Options::default()
    };
    let pool = Pool::new(endpoint(), options);
    // The first is over the limit of a result, the second over that of a message.
    for bytes in [110_000, 10_000_000] {
        let big = pool
            .call(call("big", json!({ "bytes": bytes })), &never())
            .await;
        assert_eq!(big.unwrap_err(), Error::TooLarge { limit: 100_000 });
    }
    let small = pool
        .call(call("big", json!({ "bytes": 90_000 })), &never())
        .await;
    assert_eq!(small.unwrap().text.len(), 90_000);
    pool.close().await;
}

#[tokio::test]
async fn timeout_and_cancellation_end_the_call_and_keep_the_connection() {
    let pool = Pool::new(endpoint(), Options::default());
    let first = pool.client().await.unwrap();
    let short = Call {
        timeout: Duration::from_millis(20),
        ..call("hang", json!({}))
    };
    let error = pool.call(short, &never()).await.unwrap_err();
    assert_eq!(error, Error::Timeout(Duration::from_millis(20)));

    let cancel = CancellationToken::new();
    let (canceled, ()) = tokio::join!(pool.call(call("hang", json!({})), &cancel), async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert_eq!(canceled.unwrap_err(), Error::Canceled);
    pool.call(call("rows", json!({})), &never()).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(
        &first,
        &pool.client().await.unwrap()
    ));
    pool.close().await;
}

#[tokio::test]
async fn a_program_that_hangs_is_started_again() {
    let options = Options {
        silence: Duration::from_millis(20),
        ..Options::default()
    };
    let pool = Pool::new(endpoint(), options);
    let first = pool.client().await.unwrap();
    let short = Call {
        timeout: Duration::from_millis(20),
        ..call("freeze", json!({}))
    };
    let error = pool.call(short, &never()).await.unwrap_err();
    assert_eq!(error, Error::Timeout(Duration::from_millis(20)));
    // Who came before that was found out waits for as long as may be waited.
    let said = loop {
        let again = Call {
            timeout: Duration::from_secs(2),
            ..call("say", json!({ "text": "back" }))
        };
        match pool.call(again, &never()).await {
            Err(Error::Timeout(_)) => {}
            said => break said,
        }
    };
    assert_eq!(said.unwrap().text, "back");
    assert!(first.is_closed());
    pool.close().await;
}

/// Ends when nobody holds the writing side of the pipe any more.
async fn until_closed(pipe: std::fs::File) {
    tokio::task::spawn_blocking(move || {
        let mut pipe = pipe;
        let _ = pipe.read_to_end(&mut Vec::new());
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn nothing_of_the_process_group_survives_closing_or_dropping() {
    for close in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let client = Client::connect(&endpoint(), &Options::default())
            .await
            .unwrap();
        let arguments = json!({ "pipe": path.to_str().unwrap() });
        client
            .call(call("leave_child", arguments), &never())
            .await
            .unwrap();
        // Opens when the grandchild has opened its side.
        let opened = path.clone();
        let pipe = tokio::task::spawn_blocking(move || std::fs::File::open(opened))
            .await
            .unwrap()
            .unwrap();
        if close {
            client.close().await;
        }
        drop(client);
        until_closed(pipe).await;
    }
}

#[tokio::test]
async fn a_program_that_cannot_run_says_so() {
    let missing = Endpoint::Stdio {
        command: vec!["/nonexistent/server".into()],
        env: BTreeMap::new(),
        cwd: None,
    };
    let error = Client::connect(&missing, &Options::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "The program \"/nonexistent/server\" could not be started: there is no such program or folder."
    );
    assert!(!error.is_retryable());

    let chatty = Endpoint::Stdio {
        command: [
            "/bin/sh",
            "-c",
            "echo 'no licence' >&2; exec cat /nonexistent >&2",
        ]
        .map(String::from)
        .into(),
        env: BTreeMap::new(),
        cwd: None,
    };
    let error = Client::connect(&chatty, &Options::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Handshake { .. }), "{error:?}");
    assert!(error.stderr().unwrap().starts_with("no licence"));
}

/// A streamable HTTP server that answers each request with one JSON body.
async fn http_server() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            tokio::spawn(connection);
        }
    });
    format!("http://{address}/mcp")
}

async fn answer(
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let key = request.headers().get("x-key").cloned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let status = |status: u16| Response::builder().status(status);
    if key.is_none_or(|key| key != "k-123") {
        return Ok(status(401).body(Full::default()).unwrap());
    }
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return Ok(status(405).body(Full::default()).unwrap());
    };
    let result = match message["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "http", "version": "1" },
        }),
        Some("tools/call") if message["params"]["name"] == "busy" => {
            let busy = status(503).header("retry-after", "7");
            return Ok(busy.body(Full::default()).unwrap());
        }
        Some("tools/call") => json!({
            "content": [{ "type": "text", "text": message["params"].to_string() }],
        }),
        _ => return Ok(status(202).body(Full::default()).unwrap()),
    };
    let body = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }).to_string();
    let json = status(200).header("content-type", "application/json");
    Ok(json.body(Full::from(body)).unwrap())
}

fn over_http(url: &str, key: &str) -> Endpoint {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Endpoint::Http {
        url: url.into(),
        headers: BTreeMap::from([("x-key".to_owned(), key.to_owned())]),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

#[tokio::test]
async fn streamable_http_carries_headers_meta_and_statuses() {
    let url = http_server().await;
    let pool = Pool::new(over_http(&url, "k-123"), Options::default());
    let answer = pool
        .call(call("any", json!({ "x": 1 })), &never())
        .await
        .unwrap();
    let params = answer.json.unwrap();
    assert_eq!(params["arguments"], json!({ "x": 1 }));
    assert_eq!(params["_meta"]["idempotencyKey"], "key-1");

    let busy = pool
        .call(call("busy", json!({})), &never())
        .await
        .unwrap_err();
    assert!(busy.is_retryable(), "{busy:?}");
    let Error::Status {
        status,
        retry_after,
    } = busy
    else {
        panic!("{busy:?}")
    };
    assert_eq!((status, retry_after.as_deref()), (503, Some("7")));

    let refused = Pool::new(over_http(&url, "wrong"), Options::default());
    let error = refused
        .call(call("any", json!({})), &never())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 401, .. }),
        "{error:?}"
    );
    assert!(!format!("{:?}", over_http(&url, "k-123")).contains("k-123"));
}

/// A server of one tool in a few lines of shell, which writes down that it was asked, and changes when it is told to.
const CHANGING: &str = r#"
type=number
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"method":"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":%s},"serverInfo":{"name":"sh","version":"1"}}}\n' "$id" "$DECLARED" ;;
    *'"method":"tools/list"'*)
      echo asked >> "$ASKED"
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"change","inputSchema":{"type":"%s"}}]}}\n' "$id" "$type" ;;
    *'"method":"tools/call"'*)
      type=string
      [ -n "$SILENT" ] || printf '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"changed"}]}}\n' "$id" ;;
  esac
done
"#;

#[tokio::test]
async fn a_program_that_tells_of_changes_is_asked_once_and_after_each_and_any_other_each_time() {
    let folder = tempfile::tempdir().unwrap();
    for (declared, once) in [
        (r#"{"listChanged":true}"#, true),
        (r#"{"listChanged":false}"#, false),
        ("{}", false),
    ] {
        let asked = folder.path().join(declared.len().to_string());
        let endpoint = Endpoint::Stdio {
            command: ["/bin/sh", "-c", CHANGING].map(str::to_owned).into(),
            env: BTreeMap::from([
                ("ASKED".to_owned(), asked.to_string_lossy().into_owned()),
                ("DECLARED".to_owned(), declared.to_owned()),
            ]),
            cwd: None,
        };
        let pool = Pool::new(endpoint, Options::default());
        let times = || std::fs::read_to_string(&asked).unwrap().lines().count();
        let kind = async || {
            let tools = pool.current_tools().await.unwrap();
            tools[0].input_schema["type"].as_str().unwrap().to_owned()
        };
        // Those that come at the same time are one question, too.
        let (one, two) = tokio::join!(kind(), kind());
        assert_eq!((one.as_str(), two.as_str()), ("number", "number"));
        assert_eq!(kind().await, "number");
        assert_eq!(times(), if once { 1 } else { 3 }, "{declared}");
        // Whoever wants the list itself always gets it anew.
        pool.list_tools().await.unwrap();
        assert_eq!(times(), if once { 2 } else { 4 }, "{declared}");

        pool.call(call("change", json!({})), &never())
            .await
            .unwrap();
        let began = std::time::Instant::now();
        while kind().await == "number" {
            assert!(began.elapsed() < LONG, "the change was never heard of");
            tokio::task::yield_now().await;
        }
        let known = times();
        assert_eq!(kind().await, "string");
        assert_eq!(times(), if once { known } else { known + 1 }, "{declared}");

        // Another process is another server.
        pool.close().await;
        assert_eq!(kind().await, "number");
        assert_eq!(times(), known + if once { 1 } else { 2 }, "{declared}");
        pool.close().await;
    }
}

/// A program that has declared to tell of changes and does not: whoever asks for the list itself renews what is known.
#[tokio::test]
async fn a_list_that_was_asked_for_is_what_is_known_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let endpoint = Endpoint::Stdio {
        command: ["/bin/sh", "-c", CHANGING].map(str::to_owned).into(),
        env: BTreeMap::from([
            ("ASKED".to_owned(), asked.to_string_lossy().into_owned()),
            ("DECLARED".to_owned(), r#"{"listChanged":true}"#.to_owned()),
            ("SILENT".to_owned(), "yes".to_owned()),
        ]),
        cwd: None,
    };
    let pool = Pool::new(endpoint, Options::default());
    let known = async || pool.current_tools().await.unwrap()[0].input_schema["type"].clone();
    assert_eq!(known().await, "number");
    pool.call(call("change", json!({})), &never())
        .await
        .unwrap();
    assert_eq!(known().await, "number", "it has promised to tell");
    let listed = pool.list_tools().await.unwrap();
    assert_eq!(listed[0].input_schema["type"], "string");
    assert_eq!(known().await, "string");
    assert_eq!(std::fs::read_to_string(&asked).unwrap().lines().count(), 2);
    pool.close().await;
}
