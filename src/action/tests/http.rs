use super::*;
use ::http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, service::service_fn};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;

/// A service on loopback whose answers the path and query ask for.
pub(super) async fn service() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            tokio::spawn(connection);
        }
    });
    format!("http://{address}/base")
}

async fn answer(
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = parts.uri.path().trim_start_matches("/base").to_owned();
    let mut response = Response::builder();
    if let Some(status) = path.strip_prefix("/status/") {
        response = response.status(status.parse::<u16>().unwrap());
        if status == "429" {
            response = response.header("retry-after", "7");
        }
        if status == "302" {
            response = response.header("location", "http://169.254.169.254/");
        }
        return Ok(response.body(Full::from("why: s3cret-token")).unwrap());
    }
    if let Some(kind) = path.strip_prefix("/pages/") {
        return Ok(page(kind, parts.uri.query().unwrap_or_default()));
    }
    let body: Bytes = match path.as_str() {
        "/hang" => std::future::pending().await,
        "/big" => vec![b'x'; 200_000].into(),
        "/text" => {
            response = response.header("content-type", "text/plain");
            "[1, 2]".into()
        }
        "/bytes" => vec![0xff, 0xfe, 0x00].into(),
        "/broken_json" => {
            response = response.header("content-type", "application/json");
            "{nonsense".into()
        }
        _ => {
            response = response
                .header("content-type", "application/json; charset=utf-8")
                .header("x-twice", "a")
                .header("x-twice", "b");
            let headers: serde_json::Map<String, Value> = parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
                .collect();
            let echo = json!({
                "method": parts.method.as_str(),
                "target": parts.uri.to_string(),
                "headers": headers,
                "body": String::from_utf8_lossy(&body),
            });
            echo.to_string().into()
        }
    };
    Ok(response.body(Full::from(body)).unwrap())
}

/// Seven items, three a page, in the ways in which services hand out pages.
fn page(kind: &str, query: &str) -> Response<Full<Bytes>> {
    let asked = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    let number: usize = asked("page").map_or(1, |page| page.parse().unwrap());
    let items: Vec<usize> = (1..=7).skip((number - 1) * 3).take(3).collect();
    let more = number < 3;
    let mut response = Response::builder().header("content-type", "application/json");
    let mut body = json!({ "items": items, "query": query });
    match kind {
        "link" => {
            let to = format!("</base/pages/link?page={}>; rel=\"next\"", number + 1);
            response = response.header("link", "</base/pages/link>; rel=first");
            if more {
                response = response.header("link", to);
            }
        }
        "cursor" => {
            body["next"] = if more {
                (number + 1).to_string().into()
            } else {
                Value::Null
            }
        }
        "address" if more => body["next"] = format!("?page={}", number + 1).into(),
        "address" => {}
        "circle" => body["next"] = "?page=2".into(),
        "away" => body["next"] = "https://example.com/base/pages/away?page=2".into(),
        "above" => body["next"] = "/other".into(),
        "fails" if !more => {
            return Response::builder()
                .status(503)
                .body(Full::default())
                .unwrap();
        }
        _ => body["next"] = format!("?page={}", number + 1).into(),
    }
    if kind == "heavy" {
        body["items"] = json!(["x".repeat(40_000)]);
    }
    response.body(Full::from(body.to_string())).unwrap()
}

async fn connected() -> Actions {
    let connection = json!({
        "kind": "http",
        "base_url": service().await,
        "headers": { "authorization": "Bearer {{ secrets.TOKEN }}", "x-from": "connection" },
    });
    let secrets = [("TOKEN", "s3cret-token"), ("OTHER", "0ther-secret")];
    actions(json!({ "bi": connection }), &secrets)
}

#[tokio::test]
async fn a_json_request_carries_headers_key_and_length() {
    let actions = connected().await;
    let input = json!({
        "connection": "bi", "method": "post", "path": "/dashboards?x=1",
        "query": { "q": ["a b", 2], "none": null },
        "headers": { "X-From": "step", "x-own": "{{ secrets.TOKEN }}", "x-not": "{{ secrets.OTHER }}" },
        "json": { "rows": [1, "ä"] },
    });
    let output = output(&actions, "http", input).await;
    assert_eq!(output["status"], 200);
    assert_eq!(output["headers"]["x-twice"], json!(["a", "b"]));
    let echo = &output["json"];
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["target"], "/base/dashboards?x=1&q=a+b&q=2");
    assert_eq!(echo["body"], r#"{"rows":[1,"ä"]}"#);
    let headers = &echo["headers"];
    assert_eq!(headers["content-length"], "17");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["idempotency-key"], "key-1");
    assert_eq!(
        headers["user-agent"],
        format!("druse/{}", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(headers["x-from"], "step");
    // The service saw the secrets, and the output does not show them.
    assert_eq!(headers["authorization"], "Bearer [redacted]");
    assert_eq!(headers["x-own"], "[redacted]");
    // The step's template does not list this one.
    assert_eq!(headers["x-not"], "{{ secrets.OTHER }}");
    assert_eq!(headers.get("accept-encoding"), None);
}

#[tokio::test]
async fn bodies_take_their_forms() {
    let actions = connected().await;
    let get = output(&actions, "http", json!({ "connection": "bi" })).await;
    assert_eq!(get["json"]["method"], "GET");
    assert_eq!(get["json"]["target"], "/base");
    let form = json!({ "connection": "bi", "form": { "a": "x y", "b": [1, true] } });
    let form = output(&actions, "http", form).await;
    assert_eq!(form["json"]["method"], "POST");
    assert_eq!(form["json"]["body"], "a=x+y&b=1&b=true");
    let body = json!({ "connection": "bi", "method": "PUT", "body": "<a/>", "headers": { "content-type": "application/xml" } });
    let body = output(&actions, "http", body).await;
    assert_eq!(body["json"]["headers"]["content-type"], "application/xml");
    assert_eq!(body["json"]["body"], "<a/>");
    let list = json!({ "connection": "bi", "form": { "a": null, "b": [], "c": "ä&=" } });
    let list = output(&actions, "http", list).await;
    assert_eq!(list["json"]["body"], "c=%C3%A4%26%3D");
    assert_eq!(
        list["json"]["headers"]["content-type"],
        "application/x-www-form-urlencoded"
    );
    let parts = json!({ "connection": "bi", "multipart": {
        "note": "hi", "tag": ["a", 2], "none": null, "data": { "json": { "n": 1 } },
        "file": { "base64": "QUJD", "filename": "a.csv", "content_type": "text/csv" },
    } });
    let parts = output(&actions, "http", parts).await;
    let sent = parts["json"]["body"].as_str().unwrap();
    assert!(sent.contains("name=\"note\"\r\n\r\nhi"), "{sent}");
    for part in [
        "name=\"tag\"\r\n\r\na\r\n",
        "name=\"tag\"\r\n\r\n2\r\n",
        "name=\"data\"\r\nContent-Type: application/json\r\n\r\n{\"n\":1}",
    ] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
    assert!(!sent.contains("none"), "{sent}");
    let kind = parts["json"]["headers"]["content-type"].as_str().unwrap();
    assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
    for wrong in [
        json!({ "a": { "text": "x", "json": 1 } }),
        json!({ "a": { "base64": "!" } }),
        json!({ "a": { "test": "x" } }),
        json!({ "a": { "text": "x", "content_type": "nonsense" } }),
        json!({ "a": { "filename": "x" } }),
        json!("a"),
    ] {
        let input = json!({ "connection": "bi", "multipart": wrong });
        assert_eq!(failure(&actions, "http", input).await.code, "invalid_input");
    }
    assert!(
        sent.contains("filename=\"a.csv\"") && sent.contains("ABC"),
        "{sent}"
    );
    assert!(parts["json"]["headers"].get("content-length").is_some());
}

#[tokio::test]
async fn outputs_are_json_text_or_base64() {
    let actions = connected().await;
    let get = |path: &str| json!({ "connection": "bi", "path": path });
    let text = output(&actions, "http", get("/text")).await;
    assert_eq!((&text["text"], text.get("json")), (&json!("[1, 2]"), None));
    let broken = output(&actions, "http", get("/broken_json")).await;
    assert_eq!(broken["text"], "{nonsense");
    let bytes = output(&actions, "http", get("/bytes")).await;
    assert_eq!(bytes["base64"], "//4A");
    let empty = output(&actions, "http", get("/status/204")).await;
    assert_eq!(
        (&empty["status"], &empty["text"]),
        (&json!(204), &json!(""))
    );
}

#[tokio::test]
async fn statuses_fall_into_classes() {
    let actions = connected().await;
    for (status, class) in [
        (302, FailureClass::Permanent),
        (400, FailureClass::Permanent),
        (404, FailureClass::Permanent),
        (408, FailureClass::Retryable),
        (425, FailureClass::Retryable),
        (429, FailureClass::Retryable),
        (500, FailureClass::Retryable),
        (503, FailureClass::Retryable),
    ] {
        let input = json!({ "connection": "bi", "path": format!("/status/{status}") });
        let outcome = actions.perform(attempt("http", input), never()).await;
        let (failure, wait) = failed(outcome);
        assert_eq!(
            (failure.class, failure.code.as_str()),
            (class, "http_status")
        );
        assert_eq!(details(&failure)["status"], status);
        assert_eq!(details(&failure)["body"], "why: [redacted]");
        assert_eq!(wait, (status == 429).then_some(7_000));
        if status == 302 {
            assert_eq!(details(&failure)["location"], "http://169.254.169.254/");
        }
    }
}

#[tokio::test]
async fn limits_of_size_and_time_hold() {
    let actions = connected().await;
    let get = |path: &str| json!({ "connection": "bi", "path": path });
    let big = failure(&actions, "http", get("/big")).await;
    assert_eq!(
        (big.class, big.code.as_str()),
        (FailureClass::Permanent, "output_too_large")
    );
    let mut slow = attempt("http", get("/hang"));
    slow.timeout = Some(Duration::from_millis(30));
    let (slow, _) = failed(actions.perform(slow, never()).await);
    assert_eq!(
        (slow.class, slow.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );

    let cancel = never();
    let hanging = actions.perform(attempt("http", get("/hang")), cancel.clone());
    let (outcome, ()) = tokio::join!(hanging, async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
}

#[tokio::test]
async fn a_service_that_is_not_there_may_come_back() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gone = json!({ "gone": { "kind": "http", "base_url": format!("http://{address}") } });
    let actions = actions(gone, &[]);
    let failure = failure(&actions, "http", json!({ "connection": "gone" })).await;
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::Retryable, "connection_failed")
    );
}

#[tokio::test]
async fn addresses_of_documents_do_not_reach_inside() {
    let actions = connected().await;
    let port = url::Url::parse(&service().await).unwrap().port().unwrap();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let input = json!({ "url": format!("http://{host}:{port}/base") });
        let failure = failure(&actions, "http", input).await;
        assert_eq!(
            (failure.class, failure.code.as_str()),
            (FailureClass::Permanent, "address_not_allowed"),
            "{host}"
        );
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_said() {
    let actions = connected().await;
    for (input, code) in [
        (json!([]), "invalid_input"),
        (json!({}), "invalid_input"),
        (json!({ "connection": "nope" }), "missing_connection"),
        (
            json!({ "connection": "bi", "url": "https://h" }),
            "invalid_input",
        ),
        (json!({ "path": "/x" }), "invalid_input"),
        (
            json!({ "connection": "bi", "path": "/../x" }),
            "invalid_input",
        ),
        (
            json!({ "connection": "bi", "json": 1, "body": "x" }),
            "invalid_input",
        ),
        (
            json!({ "connection": "bi", "method": "CONNECT" }),
            "invalid_input",
        ),
        (
            json!({ "connection": "bi", "headers": { "host": "x" } }),
            "invalid_input",
        ),
        (
            json!({ "connection": "bi", "headers": { "a": "x\r\nb: c" } }),
            "invalid_input",
        ),
        (json!({ "connection": "bi", "jsn": {} }), "invalid_input"),
        (json!({ "url": "file:///etc/passwd" }), "invalid_input"),
    ] {
        let failure = failure(&actions, "http", input.clone()).await;
        assert_eq!(failure.code, code, "{input}");
        assert_eq!(failure.class, FailureClass::Permanent);
    }
    actions.secrets().remove("TOKEN");
    let missing = failure(&actions, "http", json!({ "connection": "bi" })).await;
    assert_eq!(missing.code, "missing_secret");
}

#[tokio::test]
async fn a_connection_can_be_tried_out() {
    let actions = connected().await;
    let tested = actions.connections().test("bi").await.unwrap();
    let message = "The service answered with status 200.";
    assert_eq!(
        tested,
        json!({ "kind": "http", "status": 200, "message": message })
    );
    let missing = actions.connections().test("nope").await.unwrap_err();
    assert_eq!(missing.code, "missing_connection");
}

fn paged(kind: &str, next: &str) -> Value {
    json!({
        "connection": "bi", "path": format!("/pages/{kind}"), "query": { "size": 3, "page": 1 },
        "headers": { "x-own": "step" },
        "paginate": { "next": next, "items": "page.json.items", "max": 3 },
    })
}

#[tokio::test]
async fn pages_are_read_to_the_end() {
    let actions = connected().await;
    let cursor = "{'page': page.json.next} if page.json.next else none";
    let counted = "{'page': page.number + 1} if page.json.items | length == 3 else none";
    for (kind, next) in [
        ("link", "link"),
        ("cursor", cursor),
        ("cursor", counted),
        ("address", "page.json.next | default(none)"),
    ] {
        let output = output(&actions, "http", paged(kind, next)).await;
        assert_eq!(output["json"], json!([1, 2, 3, 4, 5, 6, 7]), "{kind}");
        assert_eq!(
            (&output["pages"], &output["status"]),
            (&json!(3), &json!(200))
        );
    }
    // What the step asks for stays, page by page.
    let mut queries = paged("cursor", cursor);
    queries["paginate"]["items"] = "[page.json.query]".into();
    let output = output(&actions, "http", queries).await;
    assert_eq!(
        output["json"],
        json!(["size=3&page=1", "size=3&page=2", "size=3&page=3"])
    );
}

#[tokio::test]
async fn pages_have_limits_and_stay_with_their_service() {
    let actions = connected().await;
    let next = "page.json.next";
    for (kind, next, code, class) in [
        ("endless", next, "too_many_pages", FailureClass::Permanent),
        ("circle", next, "page_repeats", FailureClass::Permanent),
        ("away", next, "address_not_allowed", FailureClass::Permanent),
        (
            "above",
            next,
            "address_not_allowed",
            FailureClass::Permanent,
        ),
        ("fails", next, "http_status", FailureClass::Retryable),
        ("heavy", next, "output_too_large", FailureClass::Permanent),
        ("address", next, "undefined_value", FailureClass::Permanent),
        ("cursor", "page.number", "bad_page", FailureClass::Permanent),
        (
            "cursor",
            "inputs.x",
            "undefined_value",
            FailureClass::Permanent,
        ),
        ("cursor", "page.", "invalid_input", FailureClass::Permanent),
    ] {
        let failure = failure(&actions, "http", paged(kind, next)).await;
        assert_eq!(
            (failure.code.as_str(), failure.class),
            (code, class),
            "{kind} {next}: {failure:?}"
        );
    }
    let mut items = paged("cursor", "link");
    items["paginate"]["items"] = "page.json.query".into();
    assert_eq!(failure(&actions, "http", items).await.code, "bad_page");
    let mut post = paged("cursor", "link");
    post["method"] = "POST".into();
    assert_eq!(failure(&actions, "http", post).await.code, "invalid_input");
    let mut most = paged("cursor", "link");
    most["paginate"]["max"] = 100_000.into();
    assert_eq!(failure(&actions, "http", most).await.code, "invalid_input");
}
