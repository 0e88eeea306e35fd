//! A browser without a screen: keeps its cookie, says where its forms come from, follows nothing by itself.

use super::server::{Server, druse};
use std::time::Duration;

/// One person's browser.
pub(crate) struct Browser {
    http: reqwest::Client,
    address: String,
    cookie: Option<String>,
}

/// A page, or where it says to look.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    asked: String,
}

impl Browser {
    /// At the server, not signed in.
    pub(crate) fn at(server: &Server) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client can be made");
        Self {
            http,
            address: server.address().to_owned(),
            cookie: None,
        }
    }

    /// Signed in as whoever owns the data folder, by a one-time address.
    pub(crate) async fn owner(server: &Server) -> Self {
        let mut browser = Self::at(server);
        let page = browser.get(&invitation(server)).await;
        page.to("/");
        browser.take_cookie(&page);
        browser
    }

    /// Signed in with a new token of this role.
    pub(crate) async fn role(server: &Server, role: &str) -> Self {
        let body = serde_json::json!({ "role": role, "name": role });
        let made = server.admin().post("/tokens", &body).await.with(201);
        let mut browser = Self::at(server);
        let token = made["token"].as_str().expect("a token").to_owned();
        let page = browser.post("/signin", &[("token", &token)]).await;
        page.to("/");
        browser.take_cookie(&page);
        browser
    }

    /// The same browser at the address that the server has now.
    pub(crate) fn again_at(mut self, server: &Server) -> Self {
        server.address().clone_into(&mut self.address);
        self
    }

    /// What it holds of its session.
    pub(crate) fn session(&self) -> &str {
        let cookie = self.cookie.as_deref().unwrap_or_default();
        cookie.split_once('=').map_or("", |(_, session)| session)
    }

    /// Keeps what a page set, as browsers do.
    pub(crate) fn take_cookie(&mut self, page: &Page) {
        let set = page.header("set-cookie");
        self.cookie = set.split(';').next().map(str::to_owned);
    }

    async fn send(&self, mut request: reqwest::RequestBuilder, asked: String) -> Page {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{asked}: no answer: {error:?}"));
        Page {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a page is text"),
            asked,
        }
    }

    /// Looks at a page.
    pub(crate) async fn get(&self, path: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.address));
        self.send(request, format!("GET {path}")).await
    }

    /// The answer as it comes, for what goes on.
    pub(crate) async fn open(&self, path: &str) -> reqwest::Response {
        let mut request = self.http.get(format!("{}{path}", self.address));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        request.send().await.expect("the server answers")
    }

    /// The same with a header more.
    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.address));
        let request = request.header(name, value);
        self.send(request, format!("GET {path}")).await
    }

    /// Looks at a page that has to be there.
    pub(crate) async fn see(&self, path: &str) -> String {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{}: {}", page.asked, page.text);
        page.text
    }

    /// Sends a form from a page of the console.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let own = [
            ("origin", self.address.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.post_from(path, fields, &own).await
    }

    /// Sends a form with a file in it, as it is written.
    pub(crate) async fn post_parts(&self, path: &str, boundary: &str, body: String) -> Page {
        let request = self
            .http
            .post(format!("{}{path}", self.address))
            .header("origin", &self.address)
            .header("sec-fetch-site", "same-origin")
            .header(
                "content-type",
                format!("multipart/form-data; boundary={boundary}"),
            )
            .body(body);
        self.send(request, format!("POST {path}")).await
    }

    /// Sends a form from somewhere else.
    pub(crate) async fn post_from(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let mut request = self
            .http
            .post(format!("{}{path}", self.address))
            .form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, format!("POST {path}")).await
    }

    /// Sends a form and gives the address that it leads to.
    pub(crate) async fn act(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let page = self.post(path, fields).await;
        assert_eq!(page.status, 303, "{}: {}", page.asked, page.text);
        page.header("location").to_owned()
    }

    /// Sends a file with a form.
    pub(crate) async fn upload(&self, path: &str, fields: &[(&str, &str)], file: &str) -> Page {
        let limit = "----WebKitFormBoundary0123456789";
        let mut body = String::new();
        for (name, value) in fields {
            body.push_str(&format!(
                "--{limit}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!("--{limit}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"session.json\"\r\nContent-Type: application/json\r\n\r\n{file}\r\n--{limit}--\r\n"));
        let request = self
            .http
            .post(format!("{}{path}", self.address))
            .header("origin", &self.address)
            .header("sec-fetch-site", "same-origin")
            .header(
                "content-type",
                format!("multipart/form-data; boundary={limit}"),
            )
            .body(body);
        self.send(request, format!("POST {path}")).await
    }
}

impl Page {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Asserts that it leads to an address.
    #[track_caller]
    pub(crate) fn to(&self, address: &str) {
        assert_eq!(self.status, 303, "{}: {}", self.asked, self.text);
        assert_eq!(self.header("location"), address, "{}", self.asked);
    }

    /// Asserts the status and that something stands on it.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, text: &str) {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        assert!(
            self.text.contains(text),
            "{}: {text:?} is not in {}",
            self.asked,
            self.text
        );
    }
}

/// The path of a one-time address that `druse open` prints.
pub(crate) fn invitation(server: &Server) -> String {
    let output = druse(["open", "--data"])
        .arg(server.data())
        .output()
        .expect("the binary can be started");
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let path = said.strip_prefix(server.address());
    path.unwrap_or_else(|| panic!("{said} is not at {}", server.address()))
        .to_owned()
}

/// The value of a hidden field of the first form that has one with this name.
#[track_caller]
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let begin = page
        .find(&mark)
        .unwrap_or_else(|| panic!("no field {name} in {page}"))
        + mark.len();
    let end = page[begin..].find('"').expect("an attribute ends") + begin;
    page[begin..end]
        .replace("&quot;", "\"")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}
