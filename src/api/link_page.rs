//! The page that a link to an approval opens: the approval as the console shows it, without scripts and without a way
//! to anything else.
//! Everything in it that comes from a run is text; characters that are not seen are made visible.

use crate::console::{choice_text, in_text, kind, pill, style_sheet};
use crate::secret::hide;
use crate::service::behind::{self, Leaf};
use crate::service::{ApprovalView, Problem, run::word, words};
use druse_engine::Timestamp;
use druse_engine::hidden::is_hidden;
use druse_storage::ApprovalStatus;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

/// What the page may load and do: the style sheet of the console, and sending its own form.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href=(style_sheet());
            }
            body .alone { main .linked { (body) } }
        }
    }
    .into_string()
}

/// A page that says one thing.
pub(super) fn notice(message: &str, help: &str) -> String {
    page("Approval", html! { h1 { (message) } p { (help) } })
}

/// A page about an approval that has ended, or that waits for other people now.
pub(super) fn done(view: &ApprovalView, person: &str, run: &Value) -> String {
    let title = visible(&view.title);
    let own = view.decisions.iter().rev().find(|one| one.by == person);
    page(
        &title,
        html! {
            article .approval {
                header .head {
                    h1 { (title) }
                    p .row { (pill(word(&view.status))) }
                }
                section role="status" {
                    h2 { "What happens now" }
                    p { (next(view)) }
                    @if view.status != ApprovalStatus::Pending && let Some(waits) = run["waits_for"].as_str() {
                        p .dim { "The run: " (in_text(&visible(&hide(waits)))) "." }
                    }
                    p .dim { "Run " (view.run_id) @if let Some(name) = run["automation_name"].as_str() { " of “" (visible(name)) "”" } }
                }
                @if let Some(comment) = own.and_then(|own| own.comment.as_deref()) {
                    section { h2 { "You said" } p .said { (visible(comment)) } }
                }
            }
        },
    )
}

/// What becomes of it, in a sentence.
fn next(view: &ApprovalView) -> String {
    match view.status {
        ApprovalStatus::Pending => format!(
            "Your answer is kept. It waits for others: {} of {} have answered.",
            view.decisions.len(),
            view.needed
        ),
        ApprovalStatus::Approved => {
            "It is approved: the run goes on with what stands behind this gate.".into()
        }
        ApprovalStatus::Rejected => {
            "It is rejected: what stands behind this gate does not happen.".into()
        }
        ApprovalStatus::SentBack => {
            "It is sent back: the run does the work before this gate again, and then asks anew."
                .into()
        }
        status => format!(
            "It is {}: there is nothing to decide any more.",
            word(&status).replace('_', " ")
        ),
    }
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
    let said = |name: &str| {
        refused
            .and_then(|(said, _)| said.get(name))
            .unwrap_or_default()
    };
    let fields = view.fields.value();
    let marked = asked.leaves.iter().filter(|leaf| leaf.is_from_outside());
    let marked = marked.count();
    page(
        &title,
        html! {
            @if let Some((_, problem)) = refused { (refusal(problem)) }
            article .approval {
                header .head {
                    h1 { (title) }
                    p .row { (pill(word(&view.status))) (left(asked)) }
                    (began(asked))
                }
                form .decision method="post" {
                    input type="hidden" name="digest" value=(view.digest);
                    (shown(asked))
                    @if let Some(properties) = fields["properties"].as_object() {
                        @for (name, schema) in properties {
                            div .field { (field(name, schema, required(fields, name), said(&format!("field.{name}")))) }
                        }
                    }
                    div .field {
                        label for="comment" { "Comment " span .dim { "needed to reject" } }
                        textarea #comment name="comment" rows="2" { (said("comment")) }
                    }
                    div .last {
                        @if marked > 0 {
                            label .check {
                                input type="checkbox" name="looked" value="yes" required checked[said("looked") == "yes"];
                                span { "I have looked at what is marked ⚠ (" (marked) "): it comes from texts of others." }
                            }
                        }
                        div .buttons {
                            button .danger name="decision" value="reject" formnovalidate { "Reject" }
                            @if view.can_send_back { button .quiet name="decision" value="send_back" formnovalidate { "Send back" } }
                            button .primary name="decision" value="approve" { "Approve" }
                        }
                    }
                }
                p .dim { "You decide as " strong { (visible(person)) } "." }
                (covers(asked))
            }
        },
    )
}

/// Why the answer was not taken.
fn refusal(problem: &Problem) -> Markup {
    let changes = problem.changes.as_deref().and_then(Value::as_array);
    html! {
        section .refusal role="alert" {
            h2 { (problem.message) }
            p { (problem.help) }
            @for finding in &problem.findings { p { (visible(&finding.message)) } }
            @for change in changes.into_iter().flatten() {
                p { (value(&change["what"])) ": " (value(&change["before"])) " became " (value(&change["after"])) }
            }
        }
    }
}

/// What is asked, and what the answer lets happen.
fn shown(asked: &Asked<'_>) -> Markup {
    let details = asked.view.details.value();
    html! {
        @if let Some(message) = &asked.view.message { p .said { (visible(message)) } }
        (will_happen(details, asked.leaves))
        @if !details["show"].is_null() { section { h2 { "To look at" } (block(&details["show"])) } }
        (different(asked))
    }
}

/// How much time is left.
fn left(asked: &Asked<'_>) -> Markup {
    html! {
        @match asked.view.expires_at {
            Some(end) => span .left { "ends in " (length(asked.now, end)) ", at " time datetime=(end) { (minute(end)) } },
            None => span .dim { "no time limit" },
        }
    }
}

fn length(from: Timestamp, to: Timestamp) -> String {
    words::length(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

/// Who asked.
fn began(asked: &Asked<'_>) -> Markup {
    let cause = words::cause(&asked.run["cause"]);
    html! {
        p .dim {
            "asked " (length(asked.view.requested_at, asked.now)) " ago by run " (asked.view.run_id)
            @if let Some(name) = asked.run["automation_name"].as_str() { " of “" (visible(name)) "”" }
            @if !cause.is_empty() { ", " (visible(&cause)) }
        }
    }
}

/// What exactly the answer is about.
fn covers(asked: &Asked<'_>) -> Markup {
    let view = asked.view;
    let next = view.details.value()["next"].as_array().map_or(0, Vec::len);
    html! {
        p .dim.covers {
            "covers exactly: step " (visible(&view.step_id))
            @if let Some(version) = asked.run["version"].as_u64() { ", version " (version) }
            ", digest " code { (visible(&short(&view.digest.to_string()))) } ", "
            @match next {
                0 => "no step behind this gate",
                1 => "1 step behind this gate",
                more => { (more) " steps behind this gate" },
            }
            @if view.needed > 1 { ", " (view.decisions.len()) " of " (view.needed) " approvals" }
        }
    }
}

/// The last six characters.
fn short(text: &str) -> String {
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(6)).collect()
}

/// `2027-03-28 07:00 UTC`: without a script nobody's own time is known.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

fn will_happen(details: &Value, leaves: &[Leaf]) -> Markup {
    let next = details["next"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        section {
            h2 { "Will happen" }
            @if next.is_empty() { p .dim { "No step stands directly behind this gate." } }
            @for item in next {
                div .step {
                    p {
                        strong { (value(&item["step"])) } " "
                        span .dim { (visible(&hide(&words::doing(item["action"].as_str().unwrap_or_default(), &item["with"])))) }
                    }
                    dl .pairs {
                        @for leaf in leaves.iter().filter(|leaf| item["step"] == *leaf.step && !leaf.says_how()) {
                            dt { (visible(leaf.name())) }
                            dd .outside[leaf.is_from_outside()] {
                                code .value { (value(&leaf.value)) }
                                @if let Some(from) = &leaf.from {
                                    " " span .origin { @if from.outside { "⚠" } "⇐ " (visible(&from.name)) }
                                }
                            }
                        }
                    }
                    @if item["rendered"] == false {
                        p .dim { "Some of it is known only later; here is how it is written." }
                    }
                }
            }
        }
    }
}

fn different(asked: &Asked<'_>) -> Markup {
    let Some(before) = asked.before else {
        return html! { p .dim { "This gate was not approved before: there is nothing to compare with." } };
    };
    let moved = behind::different(asked.leaves, before);
    html! {
        section .different {
            h2 { "Different from last time" }
            @if moved.is_empty() { p { "Nothing: the values are those that were approved last." } }
            dl .pairs {
                @for one in moved {
                    dt { (visible(one.name)) }
                    dd {
                        @if let Some(now) = one.now { code .value { (value(now)) } " " }
                        span .dim.unbroken {
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
}

fn required(schema: &Value, name: &str) -> bool {
    let list = schema["required"].as_array();
    list.is_some_and(|list| list.iter().any(|one| one == name))
}

/// Whether a field is a box to tick. Where there are choices, one of them is chosen.
pub(super) fn is_box(schema: &Value) -> bool {
    kind(schema) == "boolean" && !schema["enum"].is_array()
}

fn field(name: &str, schema: &Value, required: bool, said: &str) -> Markup {
    let id = format!("field.{name}");
    let label = schema["title"].as_str().unwrap_or(name);
    let kind = kind(schema);
    let filled = match (said, &schema["default"]) {
        ("", Value::String(text)) => text.clone(),
        ("", Value::Null) => String::new(),
        ("", other) => other.to_string(),
        (said, _) => said.to_owned(),
    };
    html! {
        @if is_box(schema) {
            label .check {
                input #(id) type="checkbox" name=(id) value="true" checked[filled == "true"];
                span { (visible(label)) }
            }
        } @else {
            label for=(id) { (visible(label)) @if required { " (needed)" } }
            @if let Some(choices) = schema["enum"].as_array() {
                select #(id) name=(id) required[required] {
                    option value="" { "–" }
                    @for choice in choices {
                        @let text = choice_text(choice);
                        option value=(text) selected[text == filled] { (visible(&text)) }
                    }
                }
            } @else if kind == "number" || kind == "integer" {
                input #(id) type="number" step=(if kind == "integer" { "1" } else { "any" }) name=(id) value=(filled) required[required];
            } @else if kind == "string" {
                input #(id) type="text" name=(id) value=(filled) required[required];
            } @else {
                textarea .code #(id) name=(id) rows="3" placeholder="JSON" required[required] { (filled) }
            }
        }
        @if filled.chars().any(is_hidden) {
            p .dim { "It holds characters that are not seen: " (visible(&filled)) }
        }
        @if let Some(description) = schema["description"].as_str() {
            p .dim { (visible(description)) }
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
    html! { pre tabindex="0" { (visible(&hide(&text))) } }
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
    fn a_field_is_asked_for_by_the_type_that_its_schema_has() {
        for (schema, expected) in [
            (
                json!({ "type": ["integer", "null"] }),
                "type=\"number\" step=\"1\"",
            ),
            (json!({ "enum": [1, 2] }), "<option value=\"2\">2</option>"),
            (json!({ "type": "boolean" }), "type=\"checkbox\""),
            (
                json!({ "type": "boolean", "enum": [true] }),
                "<option value=\"true\">",
            ),
            (json!({ "type": "string" }), "type=\"text\""),
            (json!({ "type": "array" }), "<textarea"),
        ] {
            let shown = field("one", &schema, true, "").into_string();
            assert!(shown.contains(expected), "{schema}: {shown}");
        }
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
    fn the_page_is_of_its_own_and_looks_as_the_console_does() {
        let page = notice("a", "b");
        assert!(page.contains(style_sheet()), "{page}");
        for inline in ["<script", "<style", "style="] {
            assert!(!page.contains(inline), "{page}");
        }
    }
}
