//! What the console promises, without a server around it.

use super::{cookie, multipart, same_site, table, visible};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use maud::Render as _;

#[test]
fn no_get_changes_anything_and_every_form_has_a_page() {
    for route in table::routes() {
        match route.method {
            Method::GET => assert!(route.page.is_none(), "{}", route.path),
            Method::POST => assert!(route.page.is_some(), "{}", route.path),
            other => panic!("{other} {}", route.path),
        }
    }
}

#[test]
fn only_the_entrance_is_open_to_anybody() {
    let open: Vec<String> = table::routes()
        .iter()
        .filter(|route| route.access == table::Access::Anybody)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let entrance = [
        "GET /signin",
        "POST /signin",
        "POST /setup",
        "POST /signout",
    ];
    assert_eq!(open, entrance);
}

/// The table as a page for people, and for the walks in a browser, which go to each address of it.
fn addresses() -> String {
    let mut page = String::from(
        "# Every address of the console\n\nMade from `src/console/table.rs` by its test. A form is sent from a page and needs no script. `tests/browser/every.mjs` opens every page and finds every form.\n\n| Address | Who |\n|---|---|\n",
    );
    for route in table::routes() {
        let who = match route.access {
            table::Access::Anybody => "anybody",
            table::Access::Role(role) => role.name(),
        };
        page.push_str(&format!("| `{} {}` | {who} |\n", route.method, route.path));
    }
    page
}

/// Made anew with `UPDATE_DOCS=1 cargo test --lib the_page_of_addresses`.
#[test]
fn the_page_of_addresses_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/addresses.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, addresses()).expect("the page can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == addresses(),
        "docs/addresses.md is stale: UPDATE_DOCS=1 makes it anew"
    );
}

#[test]
fn a_page_says_its_state_beside_its_title_with_the_shape_that_it_has_everywhere() {
    use super::component::state;
    for one in [
        "succeeded",
        "failed",
        "rejected",
        "waiting",
        "running",
        "queued",
        "skipped",
        "uncertain",
        "canceled",
    ] {
        let address = state::icon(one);
        let icon = super::asset::find(address).expect("an icon");
        let shape = format!(">{}<", state::sign(one));
        assert!(icon.text.contains(&shape), "{one}: {}", icon.text);
        assert_ne!(address, super::asset::mark());
    }
    assert_eq!(state::icon("something else"), state::icon("queued"));
}

#[test]
fn what_is_not_seen_is_shown_and_comes_back_from_a_text_area() {
    let text = "a\u{202e}b\u{200b}<c>";
    assert_eq!(visible::page(text.into()), "a⟨U+202E⟩b⟨U+200B⟩<c>");
    assert_eq!(
        visible::page("plain\n\ttext é 漢".into()),
        "plain\n\ttext é 漢"
    );
    let kept = visible::Kept(text).render().into_string();
    assert_eq!(kept, "a&#x202e;b&#x200b;&lt;c&gt;");
    // The page's own filter leaves the references alone.
    assert_eq!(visible::page(kept.clone()), kept);
    assert_eq!(visible::lines("a\nb\u{ad}\nc"), [2]);
}

#[test]
fn the_parts_of_a_form_are_told_apart() {
    let media = "multipart/form-data; boundary=\"xyz\"";
    assert_eq!(multipart::boundary(media), Some("xyz"));
    assert_eq!(multipart::boundary("application/json; boundary=xyz"), None);
    let body = "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"n.json\"\r\nContent-Type: application/json\r\n\r\n{\"--xyz\": 1}\r\n--xyz--\r\n";
    let body = Bytes::from(body);
    let parts = multipart::parts(&body, "xyz");
    let named: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, value)| (name.as_str(), &value[..]))
        .collect();
    assert_eq!(
        named,
        [("a", &b"one\r\ntwo"[..]), ("file", b"{\"--xyz\": 1}")]
    );
    // What is cut is no part.
    for cut in 0..body.len() {
        let parts = multipart::parts(&body.slice(..cut), "xyz");
        assert!(parts.len() <= 2);
    }
}

#[test]
fn over_an_encrypted_way_the_cookie_is_bound_to_it() {
    let secure = cookie::set("s", true);
    assert!(secure.starts_with("__Host-") && secure.ends_with("Secure"));
    assert!(!cookie::set("s", false).contains("Secure"));
    let mut headers = HeaderMap::new();
    let sent = "a=b; druse_session=plain; __Host-druse_session=bound";
    headers.insert(header::COOKIE, HeaderValue::from_static(sent));
    assert_eq!(cookie::read(&headers), Some("bound"));
}

#[test]
fn a_form_comes_from_this_very_place() {
    let allowed = |host: &str, sent: &[(&str, &str)]| {
        let mut request = Request::builder().uri("/").header("host", host);
        for (name, value) in sent {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        same_site::check(&parts).is_ok()
    };
    let same = ("sec-fetch-site", "same-origin");
    let here = "127.0.0.1:7878";
    assert!(allowed(here, &[("origin", "http://127.0.0.1:7878"), same]));
    assert!(allowed(
        "druse.example",
        &[("origin", "https://druse.example"), same]
    ));
    // Browsers do not say the site where the way is open; the origin they do.
    assert!(allowed(
        "druse.lan:80",
        &[("origin", "http://druse.lan:80")]
    ));
    for sent in [
        &[("origin", "http://127.0.0.1:7878")][..],
        &[("origin", "http://127.0.0.1:7879"), same],
        &[("origin", "http://127.0.0.1:7878.evil.example"), same],
        &[("origin", "null"), same],
        &[same],
        &[],
    ] {
        assert!(!allowed(here, sent), "{sent:?}");
    }
    assert!(!allowed(
        "druse.example",
        &[("origin", "https://druse.example")]
    ));
    assert!(!allowed("", &[("origin", "http://"), same]));
}
