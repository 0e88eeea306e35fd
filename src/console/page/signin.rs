//! Signing in and out.

use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, sent, value};
use crate::console::fields::Fields;
use crate::console::layout::{alone, refusal};
use crate::console::route::{html, see};
use crate::console::twin::Refusal;
use crate::console::visible::kept;
use crate::console::{cookie, same_site};
use crate::service::Principal;
use http::{HeaderValue, Method, StatusCode, header};
use maud::{Markup, html as markup};

/// A page of this console to go on with: an address that is one here, and nowhere else.
fn next(text: &str) -> &str {
    let here = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(['\\', '\n', '\r', '\t'])
        && !text.starts_with("/signin")
        && text.is_ascii();
    if here { text } else { "/" }
}

/// The page; or, with the code of a one-time address, the way in.
pub(in crate::console) async fn show(call: &Call) -> Done {
    let code = call.query.text("code");
    if !code.is_empty() {
        // A browser that looks ahead must not use it up.
        let ahead = call.headers.get("sec-purpose").is_some();
        let found = (!ahead).then(|| call.app.redeem(code)).flatten();
        if let Some(who) = found {
            return enter(call, &who, next(call.query.text("next"))).await;
        }
        let refusal = Refusal::new(
            StatusCode::UNAUTHORIZED,
            "address_over",
            "This address does not sign in any more.",
            "It works once, for 60 seconds. `druse open` prints a new one.",
        );
        return Ok(Answer::Raw(html(
            form(call, Some(&refusal)),
            StatusCode::UNAUTHORIZED,
        )));
    }
    let status = call
        .refusal
        .as_ref()
        .map_or(StatusCode::OK, |refusal| refusal.status);
    Ok(Answer::Raw(html(form(call, call.refusal.as_ref()), status)))
}

fn form(call: &Call, problem: Option<&Refusal>) -> Markup {
    let to = match call.form.get("next") {
        Some(next) => next,
        None => call.query.text("next"),
    };
    alone(
        "Sign in",
        markup! {
            h1 { "Sign in" }
            @if let Some(problem) = problem { (refusal(problem)) }
            @if call.form.get("again").is_some() {
                p { "What you wrote is kept. Sign in, and you can send it." }
            }
            form method="post" action="/signin" {
                input type="hidden" name="next" value=(next(to));
                @for name in ["again", "again_path"] {
                    @if let Some(value) = call.form.get(name) { input type="hidden" name=(name) value=(kept(value)); }
                }
                label for="token" { "Your token" }
                input #token name="token" type="password" autocomplete="current-password" placeholder="druse_…" required autofocus;
                button .primary { "Sign in" }
            }
            p { "On the machine itself: " code { "druse open" } " prints an address that signs you in." }
            details {
                summary { "First start" }
                p { "The server printed a setup token, or left it in " code { "setup-token" } " in its data folder." }
                form method="post" action="/setup" {
                    label for="setup" { "Setup token" }
                    input #setup name="token" type="password" autocomplete="off" required;
                    label for="name" { "Your name" }
                    input #name name="name" autocomplete="username" required;
                    button { "Make the first administrator" }
                }
            }
        },
    )
}

/// With a token.
pub(in crate::console) async fn by_token(call: &Call) -> Done {
    let token = call.form.text("token");
    let who = call
        .app
        .authenticate(token)
        .map_err(crate::service::Problem::from)?;
    let who = who.ok_or_else(|| {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "wrong_token",
            "The token is wrong, revoked or over.",
            "`druse tokens create` makes a new one; `druse open` on the machine needs none.",
        )
    })?;
    if let (Some(again), Some(path)) = (call.form.get("again"), call.form.get("again_path")) {
        let session = call.app.begin_session(&who).await?;
        let page = html(resume(path, again), StatusCode::OK);
        return Ok(Answer::Raw(keep(call, page, &session)));
    }
    enter(call, &who, next(call.form.text("next"))).await
}

/// With the setup token of the first start.
pub(in crate::console) async fn by_setup(call: &Call) -> Done {
    let (token, name) = (call.form.text("token"), call.form.text("name"));
    let made = call
        .api
        .json(
            Method::POST,
            "/setup",
            None,
            &serde_json::json!({ "token": token, "name": name }),
        )
        .await?;
    let token = made["token"].as_str().unwrap_or_default();
    let who = call
        .app
        .authenticate(token)
        .map_err(crate::service::Problem::from)?;
    let Some(who) = who else {
        return Ok(Answer::See("/signin".into()));
    };
    let session = call.app.begin_session(&who).await?;
    let page = alone(
        "Welcome",
        markup! {
            h1 { "You are the first administrator" }
            p { "This token signs you in and is shown only now. Keep it." }
            p { code .secret data-copy=(token) { (token) } }
            p { a .button href="/" { "To the console" } }
        },
    );
    Ok(Answer::Raw(keep(
        call,
        html(page, StatusCode::OK),
        &session,
    )))
}

async fn enter(call: &Call, who: &Principal, to: &str) -> Done {
    let session = call.app.begin_session(who).await?;
    Ok(Answer::Raw(keep(call, see(to), &session)))
}

fn keep(
    call: &Call,
    mut response: axum::response::Response,
    session: &str,
) -> axum::response::Response {
    let cookie = cookie::set(session, same_site::encrypted(&call.headers));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Ends the session.
pub(in crate::console) async fn out(call: &Call) -> Done {
    if let Some(session) = cookie::read(&call.headers) {
        call.app.end_session(session).await?;
    }
    let mut response = see("/signin");
    let cookie = cookie::clear(same_site::encrypted(&call.headers));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(Answer::Raw(response))
}

/// The field under which the name of a file goes along that was not kept.
const FILE: &str = "_file";

/// Signing in on a page of somebody whose session is over: what was sent goes along, or it leads on to a page.
fn over(kept_text: Markup, fields: Markup, reload: bool) -> Markup {
    alone(
        "Sign in",
        markup! {
            h1 { "Your session is over" }
            p { (kept_text) }
            form method="post" action="/signin" {
                (fields)
                label for="token" { "Your token" }
                input #token name="token" type="password" autocomplete="current-password" placeholder="druse_…" required autofocus;
                button .primary { "Sign in" }
            }
            p { "On the machine itself: " code { "druse open" } " prints an address that signs you in. Open it in another tab, then "
                @if reload { "reload this page." } @else { "go back from this page." } }
        },
    )
}

/// A form was sent after its session had ended: nothing of what was written is lost. A file is not kept.
pub(in crate::console) fn interrupted(path: &str, form: &Fields, file: Option<&str>) -> Markup {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in form.pairs().filter(|(name, _)| *name != FILE) {
        query.append_pair(name, value);
    }
    if let Some(file) = file {
        query.append_pair(FILE, file);
    }
    let again = query.finish();
    let said = markup! {
        @match file {
            Some(file) => { "The file " code { (file) } " is not kept. Sign in, and choose it again; the rest of what you wrote is still there." }
            None => { "What you wrote is kept. Sign in, and you can send it." }
        }
    };
    let fields = markup! {
        input type="hidden" name="again" value=(kept(&again));
        input type="hidden" name="again_path" value=(next(path));
    };
    over(said, fields, file.is_none())
}

/// The same, where more was sent than is kept of somebody who is not signed in.
pub(in crate::console) fn too_much(page: &str) -> Markup {
    let said = markup! {
        "What you sent is too large to be kept. Sign in, and send it again from " code { (page) } "."
    };
    let fields = markup! { input type="hidden" name="next" value=(next(page)); };
    over(said, fields, false)
}

/// What was written before, ready to be sent.
fn resume(path: &str, again: &str) -> Markup {
    let path = next(path);
    let form = Fields::parse(again.as_bytes());
    let file = form.get(FILE);
    alone(
        "Go on",
        markup! {
            h1 { "You are signed in" }
            p { "This is what you wrote for " code { (path) } ". It has not been sent yet." }
            dl .pairs {
                @for (name, value) in form.pairs().filter(|(name, value)| !name.starts_with('_') && !value.is_empty()) {
                    dt { (name) } dd { @match sent::seen(name, value) { Some(value) => (value::cut(value, 200)), None => span .dim { "not shown" } } }
                }
            }
            form method="post" action=(path) enctype=[file.map(|_| "multipart/form-data")] {
                @if !form.has("_key") { (action::key()) }
                @for (name, value) in form.pairs().filter(|(name, _)| *name != FILE) { input type="hidden" name=(name) value=(kept(value)); }
                @if let Some(file) = file {
                    label for="file" { "The file " code { (file) } ", chosen again" }
                    input #file type="file" name="file" required;
                }
                button .primary { "Send it now" }
                " " a href="/" { "Leave it" }
            }
        },
    )
}
