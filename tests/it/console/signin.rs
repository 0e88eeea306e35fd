//! Who gets in, how, and what another site can make a browser do.

use crate::harness::browser::{hidden, invitation};
use crate::harness::{Browser, Server, text, wait};
use serde_json::json;

#[tokio::test]
async fn a_one_time_address_signs_in_once() {
    let server = Server::new().await;
    let address = invitation(&server);
    let browser = Browser::at(&server);
    browser.get("/").await.to("/signin?next=%2F");
    browser
        .get("/runs?status=failed")
        .await
        .to("/signin?next=%2Fruns%3Fstatus%3Dfailed");

    let page = browser.get(&address).await;
    page.to("/");
    let cookie = page.header("set-cookie");
    for part in ["druse_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    let mut owner = Browser::at(&server);
    owner.take_cookie(&page);
    let home = owner.see("/").await;
    assert!(home.contains("uid:") && home.contains("admin"), "{home}");

    // The address works no more; the session does, until it is ended.
    browser
        .get(&address)
        .await
        .says(401, "does not sign in any more");
    owner.post("/signout", &[]).await.to("/signin");
    owner.get("/").await.to("/signin?next=%2F");
}

#[tokio::test]
async fn a_browser_that_looks_ahead_does_not_use_an_address_up() {
    let server = Server::new().await;
    let address = invitation(&server);
    let url = format!("{}{address}", server.address());
    let ahead = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let answer = ahead
        .get(&url)
        .header("sec-purpose", "prefetch")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 401);
    Browser::at(&server).get(&address).await.to("/");
}

#[tokio::test]
async fn a_token_signs_in_and_its_revocation_ends_the_session() {
    let server = Server::new().await;
    let admin = server.admin();
    let made = admin
        .post("/tokens", &json!({ "role": "viewer", "name": "ana" }))
        .await
        .with(201);
    let token = made["token"].as_str().expect("a token");
    let mut ana = Browser::at(&server);
    ana.post("/signin", &[("token", "druse_wrong")])
        .await
        .says(401, "wrong, revoked or over");
    let page = ana
        .post(
            "/signin",
            &[("token", token), ("next", "/runs?status=failed")],
        )
        .await;
    page.to("/runs?status=failed");
    ana.take_cookie(&page);
    assert!(ana.see("/").await.contains("ana · viewer"));
    // No page of another site is gone on with.
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        ana.post("/signin", &[("token", token), ("next", next)])
            .await
            .to("/");
    }

    let id = made["id"].as_str().expect("an id");
    admin.delete(&format!("/tokens/{id}")).await.with(204);
    ana.get("/").await.to("/signin?next=%2F");
}

#[tokio::test]
async fn a_session_outlives_the_server_and_not_its_end_nor_its_token() {
    let mut server = Server::new().await;
    let owner = Browser::owner(&server).await;
    let left = Browser::owner(&server).await;
    let viewer = Browser::role(&server, "viewer").await;
    let editor = Browser::role(&server, "editor").await;
    left.post("/signout", &[]).await.to("/signin");
    let tokens = server.admin().get("/tokens").await.with(200);
    let id = tokens["items"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["role"] == "editor"))
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .expect("the editor's token");
    server.crash().await;
    let revoked = server.admin().delete(&format!("/tokens/{id}")).await;
    assert_eq!(revoked.status, 204);
    let (owner, left) = (owner.again_at(&server), left.again_at(&server));
    let (viewer, editor) = (viewer.again_at(&server), editor.again_at(&server));
    assert!(owner.see("/settings").await.contains("/settings/secrets"));
    assert!(viewer.see("/settings").await.contains("viewer"));
    left.get("/").await.to("/signin?next=%2F");
    editor.get("/").await.to("/signin?next=%2F");
    // What is ended after the restart stays so.
    owner.post("/signout", &[]).await.to("/signin");
    owner.get("/").await.to("/signin?next=%2F");
    server.crash().await;
    let owner = owner.again_at(&server);
    owner.get("/").await.to("/signin?next=%2F");
    // What a browser holds is in no file.
    let cookie = viewer.session().to_owned();
    for file in std::fs::read_dir(server.data().join("log")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes
            .windows(cookie.len())
            .any(|part| part == cookie.as_bytes());
        assert!(!found);
    }
}

#[tokio::test]
async fn the_setup_token_makes_the_first_administrator() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    // The harness sets a server up itself; a console that is asked afterwards refuses the used token.
    let server = Server::on(&data, &[]).await;
    let used = server.setup_token();
    let browser = Browser::at(&server);
    browser
        .post("/setup", &[("token", &used), ("name", "ana")])
        .await
        .says(401, "does not work");
}

#[tokio::test]
async fn what_another_site_sends_changes_nothing() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    let own = server.address().to_owned();
    let others: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "same-origin")],
        &[("origin", &own)],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[("origin", "null"), ("sec-fetch-site", "same-site")],
    ];
    let fields = [("secret", "key"), ("value", "v")];
    for headers in others {
        let page = owner.post_from("/settings/secrets", &fields, headers).await;
        page.says(403, "not sent by a page of this console");
    }
    let secrets = server.admin().get("/secrets").await.with(200);
    assert_eq!(secrets["items"], json!([]));
    owner.act("/settings/secrets", &fields).await;
    let secrets = server.admin().get("/secrets").await.with(200);
    assert_eq!(secrets["items"][0]["name"], "key");
}

#[tokio::test]
async fn a_form_whose_session_is_over_is_kept_and_sent_after_signing_in() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    owner.post("/signout", &[]).await.to("/signin");
    let text = "druse: 1\nname: kept\nsteps:\n  - { id: a, action: transform, with: { value: \"<b> & 'x'\" } }\n";
    let page = owner.post("/automations", &[("document", text)]).await;
    page.says(401, "Your session is over");
    let (again, path) = (
        hidden(&page.text, "again"),
        hidden(&page.text, "again_path"),
    );
    assert_eq!(path, "/automations");
    let mut browser = Browser::at(&server);
    let fields = [
        ("token", server.admin_token()),
        ("again", &again),
        ("again_path", &path),
    ];
    let page = browser.post("/signin", &fields).await;
    page.says(200, "Send it now");
    assert_eq!(hidden(&page.text, "document"), text);
    // Nothing was sent by itself.
    assert_eq!(
        server.admin().get("/automations").await.with(200)["items"],
        json!([])
    );
    browser.take_cookie(&page);
    let made = browser
        .act(
            "/automations",
            &[("document", &hidden(&page.text, "document"))],
        )
        .await;
    assert!(made.starts_with("/automations/auto_"), "{made}");
}

#[tokio::test]
async fn what_may_be_secret_is_kept_and_not_shown_after_signing_in_again() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    owner.post("/signout", &[]).await.to("/signin");
    for (path, plain, secret) in [
        ("/settings/secrets", ("secret", "shop_key"), "value"),
        ("/automations/x/runs", ("start", "yes"), "field.pin"),
        (
            "/automations/x/triggers",
            ("starts", "webhook"),
            "hook_value",
        ),
    ] {
        let fields = [plain, (secret, "SuperSecret123")];
        let page = owner.post(path, &fields).await;
        page.says(401, "Your session is over");
        let again = hidden(&page.text, "again");
        let fields = [
            ("token", server.admin_token()),
            ("again", &again),
            ("again_path", path),
        ];
        let page = Browser::at(&server).post("/signin", &fields).await;
        page.says(200, "Send it now");
        page.says(200, plain.1);
        assert_eq!(hidden(&page.text, secret), "SuperSecret123");
        // It goes along, and stands in nothing that is seen.
        assert_eq!(
            page.text.matches("SuperSecret123").count(),
            1,
            "{}",
            page.text
        );
    }
}

#[tokio::test]
async fn every_answer_forbids_what_is_not_from_here() {
    let server = Server::new().await;
    let owner = Browser::owner(&server).await;
    let home = owner.see("/").await;
    let asset = home
        .split("/assets/")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an asset");
    for path in ["/", "/signin", "/runs/nothing", &format!("/assets/{asset}")] {
        let page = owner.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        for inline in [" style=", "<style", " onclick", "javascript:", "<script>"] {
            assert!(
                !page.text.contains(inline) || path.starts_with("/assets"),
                "{path}: {inline}"
            );
        }
    }
    owner
        .get("/runs/nothing")
        .await
        .says(404, "There is no such run");
    let nowhere = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    for (path, media) in [
        ("/nowhere", "text/html"),
        ("/api/v1/nowhere", "application/problem+json"),
    ] {
        let url = format!("{}{path}", server.address());
        let answer = nowhere
            .get(url)
            .header("accept", "text/html,*/*")
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 404);
        let found = answer.headers()["content-type"].to_str().expect("text");
        assert!(found.starts_with(media), "{path}: {found}");
    }
    owner
        .get("/assets/other.js")
        .await
        .says(404, "no such file");
}

#[tokio::test]
async fn a_file_is_not_said_to_be_kept_and_a_reload_leads_to_a_page() {
    let server = Server::new().await;
    let stranger = Browser::at(&server);
    let form = |file: &str| {
        format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nchat_thread\r\n--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"monday.json\"\r\nContent-Type: application/json\r\n\r\n{file}\r\n--xyz--\r\n"
        )
    };
    let small = stranger.post_parts("/recordings", "xyz", form("{}")).await;
    small.says(401, "Your session is over");
    small.says(401, "The file <code>monday.json</code> is not kept");
    small.says(401, "_file=monday.json");
    // One that is larger than what is kept is told the same, and nothing of its size.
    let large = stranger
        .post_parts("/recordings", "xyz", form(&" ".repeat(2 << 20)))
        .await;
    large.says(401, "Your session is over");
    large.says(401, "name=\"next\" value=\"/recordings\"");
    // Nothing was chosen: then all that was written is kept.
    let none = "--xyz\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nwords\r\n--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--xyz--\r\n";
    let none = stranger
        .post_parts("/recordings", "xyz", none.to_owned())
        .await;
    none.says(401, "What you wrote is kept");
    none.says(401, "text=words");

    let owner = Browser::owner(&server).await;
    for (address, page) in [
        ("/automations/x/review/activate", "/automations/x/review"),
        ("/settings/connections", "/settings"),
        ("/signout", "/"),
    ] {
        let seen = owner.get(address).await;
        seen.to(page);
        assert!(
            seen.header("content-security-policy")
                .contains("default-src 'self'")
        );
    }
}

#[tokio::test]
async fn roles_decide_what_is_shown_and_what_works() {
    let server = Server::new().await;
    let viewer = Browser::role(&server, "viewer").await;
    let settings = viewer.see("/settings").await;
    assert!(!settings.contains("action=\"/settings/"), "{settings}");
    assert!(!viewer.see("/automations").await.contains("Write one"));
    assert!(
        !viewer
            .see("/recordings")
            .await
            .contains("Bring a recording")
    );
    // Every form of the console refuses who may not, whatever the page shows.
    for path in [
        "/automations",
        "/automations/x/document",
        "/automations/x/activate",
        "/automations/x/runs",
        "/automations/x/review/answer",
        "/recordings",
        "/recordings/x/crystallize",
        "/runs/x/cancel",
        "/runs/x/retry",
        "/approvals/x",
        "/approvals/x/reassign",
        "/approvals/x/links",
        "/runs/x/pause",
        "/runs/x/resume",
        "/runs/x/resolve",
        "/settings/secrets",
        "/settings/tokens",
        "/settings/connections",
        "/settings/tools",
    ] {
        viewer
            .post(path, &[])
            .await
            .says(403, "This needs the role");
    }
    let editor = Browser::role(&server, "editor").await;
    assert!(editor.see("/automations").await.contains("Write one"));
    editor
        .post("/settings/secrets", &[("secret", "a"), ("value", "b")])
        .await
        .says(403, "needs the role admin");
}

#[tokio::test]
async fn what_a_page_follows_ends_when_its_person_signs_out() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({ "druse": 1, "name": "gated", "steps": [
        { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } },
    ] });
    let made = admin.post("/automations", &document).await.with(201);
    let id = text(&made["id"]);
    admin
        .post(&format!("/automations/{id}/activate"), &json!({}))
        .await
        .with(200);
    let run = admin
        .post(&format!("/automations/{id}/runs"), &json!({}))
        .await
        .with(202);
    let run = text(&run["id"]);
    let gate = wait::approval(&admin, &run).await;

    let (leaves, stays) = (
        Browser::role(&server, "viewer").await,
        Browser::role(&server, "operator").await,
    );
    let path = format!("/runs/{run}/events");
    let (mut theirs, others) = (leaves.open(&path).await, stays.open(&path).await);
    let first = theirs.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("event: created"));

    leaves.post("/signout", &[]).await.to("/signin");
    let decision = json!({ "decision": "approve", "digest": gate["digest"] });
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    admin.post(&path, &decision).await.with(200);
    let all = others.text().await.unwrap();
    assert!(all.contains("event: finished"), "{all}");
    let rest = theirs.text().await.unwrap();
    assert!(!rest.contains("event: finished"), "{rest}");
}
