//! The page that a link to an approval opens: one small document without scripts, made for a phone.
//! Everything in it that comes from a run is text; characters that are not seen are made visible.

use crate::secret::hide;
use crate::service::behind::{self, Leaf};
use crate::service::{ApprovalView, Problem, run::word, words};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use druse_engine::Timestamp;
use druse_engine::hidden::is_hidden;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;

const STYLE: &str = "\
:root{color-scheme:light dark}\
*{box-sizing:border-box}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:40rem;overflow-wrap:anywhere;padding:1rem}\
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .5rem}\
h2{font-size:1rem;margin:1.25rem 0 .25rem}\
pre{background:#8881;border:1px solid #8886;border-radius:.4rem;margin:.25rem 0;padding:.6rem;white-space:pre-wrap;font-size:.875rem}\
.small{font-size:.875rem}\
dl{display:grid;grid-template-columns:minmax(5rem,max-content) minmax(0,1fr);gap:.15rem .8rem;margin:.25rem 0 .75rem}\
dt{font-size:.875rem;overflow-wrap:anywhere;max-width:9rem}\
dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}\
dd.outside{border-left:.2rem solid #b26a00;padding-left:.4rem}\
.refused{border:2px solid #c62828;border-radius:.4rem;padding:.6rem}\
label{display:block;margin:.75rem 0 .25rem}\
input:not([type=checkbox]),select,textarea{font:inherit;padding:.6rem;width:100%}\
input[type=checkbox]{height:1.4rem;vertical-align:middle;width:1.4rem}\
.answers{display:grid;gap:.6rem;margin-top:1rem}\
button{border:2px solid currentColor;border-radius:.4rem;cursor:pointer;font:inherit;font-weight:600;min-height:3rem}\
button.yes{background:#1b5e20;border-color:#1b5e20;color:#fff}\
:focus-visible{outline:3px solid #1565c0;outline-offset:2px}";

/// What the page may load and do: its own style, and sending its own form.
pub(super) fn policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    })
}

/// What a person has filled in.
#[derive(Debug, Default)]
pub(super) struct Said(Vec<(String, String)>);

impl Said {
    /// From a form as browsers send it.
    pub(super) fn read(body: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(body);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn page(title: &str, body: Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
    .into_string()
}

/// A page that says one thing.
pub(super) fn notice(message: &str, help: &str) -> String {
    page("Approval", html! { h1 { (message) } p { (help) } })
}

/// A page about an approval that has ended, or that waits for other people now.
pub(super) fn done(view: &ApprovalView, person: &str) -> String {
    let title = visible(&view.title);
    let own = view.decisions.iter().rev().find(|one| one.by == person);
    page(
        &title,
        html! {
            h1 { (title) }
            p role="status" {
                @match view.status {
                    druse_storage::ApprovalStatus::Pending => {
                        "Your answer is kept. It waits for others: "
                        (view.decisions.len()) " of " (view.needed) "."
                    }
                    _ => { "It is " strong { (word(&view.status).replace('_', " ")) } "." }
                }
            }
            @if let Some(comment) = own.and_then(|own| own.comment.as_deref()) {
                p { "You said: " (visible(comment)) }
            }
        },
    )
}

/// What the page that asks is made of.
pub(super) struct Asked<'a> {
    /// The gate.
    pub(super) view: &'a ApprovalView,
    /// The run that waits, as the API shows it.
    pub(super) run: &'a Value,
    /// What the answer lets happen.
    pub(super) leaves: &'a [Leaf],
    /// What the last approval of this gate let happen.
    pub(super) before: Option<&'a [Leaf]>,
    /// Who decides.
    pub(super) person: &'a str,
    /// Now.
    pub(super) now: Timestamp,
}

/// The page that asks; with what was said and why it was refused.
pub(super) fn asked(asked: &Asked<'_>, refused: Option<(&Said, &Problem)>) -> String {
    let Asked { view, person, .. } = *asked;
    let title = visible(&view.title);
    let details = view.details.value();
    let said = |name: &str| {
        refused
            .and_then(|(said, _)| said.get(name))
            .unwrap_or_default()
    };
    let changes = refused.and_then(|(_, problem)| problem.changes.as_ref()?.as_array());
    let changes = changes.map_or(&[][..], Vec::as_slice);
    let marked = asked.leaves.iter().filter(|leaf| leaf.is_from_outside());
    let marked = marked.count();
    page(
        &title,
        html! {
            h1 { (title) }
            (began(asked))
            @if let Some((_, problem)) = refused {
                div .refused role="alert" {
                    strong { (problem.message) } " " (problem.help)
                    @for finding in &problem.findings { p { (visible(&finding.message)) } }
                    @for change in changes {
                        p { (value(&change["what"])) ": " (value(&change["before"])) " became " (value(&change["after"])) }
                    }
                }
            }
            @if let Some(message) = &view.message { p { (visible(message)) } }
            @if !details["show"].is_null() {
                h2 { "What it is about" }
                (block(&details["show"]))
            }
            (will_happen(details, asked.leaves))
            (different(asked))
            p .small {
                "Step " (visible(&view.step_id)) " of run " (view.run_id)
                @if let Some(version) = asked.run["version"].as_u64() { ", version " (version) }
                @if view.needed > 1 { "; " (view.decisions.len()) " of " (view.needed) " have answered" }
                ". You decide as " strong { (visible(person)) } "."
            }
            form method="post" {
                input type="hidden" name="digest" value=(view.digest);
                @if let Some(properties) = view.fields.value()["properties"].as_object() {
                    h2 { "Please fill in" }
                    @for (name, schema) in properties {
                        (field(name, schema, required(view.fields.value(), name), said(&format!("field.{name}"))))
                    }
                }
                label for="comment" { "Comment (needed to reject or send back)" }
                textarea #comment name="comment" rows="3" { (said("comment")) }
                @if marked > 0 {
                    label for="looked" {
                        input #looked type="checkbox" name="looked" value="yes" required checked[said("looked") == "yes"];
                        " I have looked at what is marked ⚠ (" (marked) "): it comes from texts of others."
                    }
                }
                div .answers {
                    button .yes name="decision" value="approve" { "Approve" }
                    @if view.can_send_back {
                        button name="decision" value="send_back" formnovalidate { "Send back" }
                    }
                    button name="decision" value="reject" formnovalidate { "Reject" }
                }
            }
        },
    )
}

/// Who asked, and how much time is left.
fn began(asked: &Asked<'_>) -> Markup {
    let length = |from: Timestamp, to: Timestamp| {
        words::length(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
    };
    let (view, now) = (asked.view, asked.now);
    html! {
        p {
            "Asked " (length(view.requested_at, now)) " ago"
            @if let Some(name) = asked.run["automation_name"].as_str() { " by a run of “" (visible(name)) "”" }
            @let cause = words::cause(&asked.run["cause"]);
            @if !cause.is_empty() { ", " (visible(&cause)) }
            "."
            @if let Some(end) = view.expires_at {
                " It " strong { "ends in " (length(now, end)) } ", at " time datetime=(end) { (minute(end)) } "."
            } @else { " It has no time limit." }
        }
    }
}

/// `2027-03-28 07:00 UTC`: without a script nobody's own time is known.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

fn will_happen(details: &Value, leaves: &[Leaf]) -> Markup {
    let next = details["next"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        @if !next.is_empty() {
            h2 { "What your approval lets happen" }
            @for item in next {
                p {
                    strong { (value(&item["step"])) } " "
                    (visible(&hide(&words::doing(item["action"].as_str().unwrap_or_default(), &item["with"]))))
                }
                dl {
                    @for leaf in leaves.iter().filter(|leaf| item["step"] == *leaf.step && !leaf.says_how()) {
                        dt { (visible(leaf.name())) }
                        dd .outside[leaf.is_from_outside()] {
                            (value(&leaf.value))
                            @if let Some(from) = &leaf.from {
                                " " span .small { @if from.outside { "⚠ " } "⇐ " (visible(&from.name)) }
                            }
                        }
                    }
                }
                @if item["rendered"] == false {
                    p .small { "Some of it is known only later; here is how it is written." }
                }
            }
        }
    }
}

fn different(asked: &Asked<'_>) -> Markup {
    let Some(before) = asked.before else {
        return html! { p .small { "This gate was not approved before: there is nothing to compare with." } };
    };
    let moved = behind::different(asked.leaves, before);
    html! {
        h2 { "Different from last time" }
        @if moved.is_empty() { p { "Nothing: the values are those that were approved last." } }
        dl {
            @for one in moved {
                dt { (visible(one.name)) }
                dd {
                    @if let Some(now) = one.now { (value(now)) " " }
                    span .small {
                        @match (one.now, one.was) {
                            (_, None) => "new",
                            (None, Some(was)) => { "gone, was " (value(was)) }
                            (Some(_), Some(was)) => { "was " (value(was)) }
                        }
                    }
                }
            }
        }
    }
}

fn required(schema: &Value, name: &str) -> bool {
    let list = schema["required"].as_array();
    list.is_some_and(|list| list.iter().any(|one| one == name))
}

fn field(name: &str, schema: &Value, required: bool, said: &str) -> Markup {
    let id = format!("field.{name}");
    let label = schema["title"].as_str().unwrap_or(name);
    let kind = schema["type"].as_str().unwrap_or("string");
    let filled = match (said, &schema["default"]) {
        ("", Value::String(text)) => text.clone(),
        ("", Value::Null) => String::new(),
        ("", other) => other.to_string(),
        (said, _) => said.to_owned(),
    };
    html! {
        @if kind == "boolean" {
            label for=(id) {
                input #(id) type="checkbox" name=(id) value="true" checked[filled == "true"];
                " " (visible(label))
            }
        } @else {
            label for=(id) { (visible(label)) @if required { " (needed)" } }
            @if let Some(choices) = schema["enum"].as_array() {
                select #(id) name=(id) required[required] {
                    option value="" { "–" }
                    @for choice in choices {
                        @let text = plain(choice);
                        option value=(text) selected[text == filled] { (visible(&text)) }
                    }
                }
            } @else if kind == "number" || kind == "integer" {
                input #(id) type="number" step=(if kind == "integer" { "1" } else { "any" }) name=(id) value=(filled) required[required];
            } @else if kind == "string" {
                input #(id) type="text" name=(id) value=(filled) required[required];
            } @else {
                textarea #(id) name=(id) rows="3" required[required] { (filled) }
            }
        }
        @if filled.chars().any(is_hidden) {
            p .small { "It holds characters that are not seen: " (visible(&filled)) }
        }
        @if let Some(description) = schema["description"].as_str() {
            p .small { (visible(description)) }
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value in running text.
fn value(value: &Value) -> String {
    visible(&hide(&plain(value)))
}

/// A value as a block of its own.
fn block(value: &Value) -> Markup {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    html! { pre { (visible(&hide(&text))) } }
}

/// Characters that are not seen, or that turn the direction of others, are written out.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_seen_is_written_out() {
        assert_eq!(
            visible("a\u{202e}b\u{0}\n<i>\u{3164}\u{e0100}"),
            "a⟨U+202E⟩b⟨U+0000⟩\n<i>⟨U+3164⟩⟨U+E0100⟩"
        );
        let told = json!({ "default": "a\u{2066}b" });
        let shown = field("name", &told, false, "").into_string();
        assert!(shown.contains("not seen: a⟨U+2066⟩b"), "{shown}");
    }

    #[test]
    fn text_never_becomes_markup() {
        let hostile = "<script>alert(1)</script>\"'&";
        let shown = block(&json!({ hostile: hostile })).into_string();
        assert!(!shown.contains("<script"), "{shown}");
        let shown = field(
            hostile,
            &json!({ "title": hostile, "enum": [hostile] }),
            true,
            hostile,
        );
        assert!(!shown.into_string().contains("<script"));
    }

    #[test]
    fn the_policy_names_the_style_that_is_sent() {
        let page = notice("a", "b");
        let style = page
            .split("<style>")
            .nth(1)
            .and_then(|rest| rest.split("</style>").next());
        let digest = STANDARD.encode(Sha256::digest(style.unwrap().as_bytes()));
        assert!(policy().contains(&digest));
        assert!(!page.contains("<script"));
    }
}
