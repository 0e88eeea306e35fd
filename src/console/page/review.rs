//! A draft beside the recording that it was made from.

pub(in crate::console::page) mod acknowledge;
mod alike;
mod bind;
mod by_hand;
mod capability;
mod change;
mod gate;
mod missing;
mod parameter;
mod place;
mod question;
mod step;
mod varied;

pub(in crate::console) use change::{activate, answer, remove};
pub(in crate::console) use gate::{add as ask_first, write as change_gate};
pub(in crate::console) use missing::{connect, lay_out};

pub(in crate::console::page) use place::reads;

use super::conversation::{self, Fate};
use super::{draft, meanwhile, recordings};
use crate::console::call::{Call, Done};
use crate::console::component::{finding, state, value};
use crate::console::layout::{Here, Page};
use crate::console::twin::Refusal;
use crate::service::Role;
use druse_engine::Finding;
use http::Method;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// The draft, its report, and the recording behind it.
pub(super) struct Draft {
    pub(super) automation: Value,
    /// Its entity tag.
    pub(super) tag: String,
    /// What the crystallizer said, and in which version.
    pub(super) report: Value,
    pub(super) reported: u64,
    /// The document of that version.
    pub(super) made: Value,
    /// The recording and its address in the API.
    pub(super) session: Option<(String, Value)>,
}

impl Draft {
    pub(super) async fn read(call: &Call) -> Result<Self, Refusal> {
        let path = format!("/automations/{}", call.part("id"));
        let said = call.api.send(Method::GET, &path, &[], "").await?;
        let (automation, tag) = (said.json(), said.tag());
        let latest = automation["latest_version"].as_u64().unwrap_or(1);
        let (mut report, mut reported, mut made) = (Value::Null, 0, Value::Null);
        for number in (1..=latest).rev().take(50) {
            let mut version = call.api.get(&format!("{path}/versions/{number}")).await?;
            if !version["report"].is_null() {
                (report, reported) = (version["report"].take(), number);
                made = version["document"].take();
                break;
            }
        }
        let session = match automation["source"]["id"].as_str() {
            // A recording can be removed; what was made from it stays.
            Some(id) => recordings::find(call, id).await.ok(),
            None => None,
        };
        Ok(Self {
            automation,
            tag,
            report,
            reported,
            made,
            session,
        })
    }

    fn crystallized(&self) -> &Value {
        &self.automation["document"]["metadata"]["crystallized"]
    }

    /// The recorded call that the step at a way was made of: the first one, where each pass of a loop had its own.
    fn call_of(&self, way: &str) -> Option<&Value> {
        let calls = self.crystallized()["calls"].as_object()?;
        if !way.contains('.') {
            return calls.get(way);
        }
        let found = calls.iter().find(|(path, _)| place::of_pass(path) == way);
        found.map(|(_, call)| call)
    }

    /// What became of each recorded call.
    fn fates(&self) -> BTreeMap<String, Fate> {
        let mut fates = BTreeMap::new();
        let left = self.crystallized()["left_out"]
            .as_array()
            .into_iter()
            .flatten();
        for one in left {
            let why = one["code"].as_str().unwrap_or_default().to_owned();
            fates.insert(
                one["call"].as_str().unwrap_or_default().to_owned(),
                Fate::LeftOut(why),
            );
        }
        let all = place::all(&self.automation["document"]);
        let there = |step: &str| all.iter().any(|(way, _)| way == step);
        for (step, call) in self.crystallized()["calls"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let way = place::of_pass(step);
            let fate = if there(&way) {
                Fate::Step(place::id(&way).to_owned())
            } else {
                Fate::LeftOut("its step was dropped".into())
            };
            fates.insert(call.as_str().unwrap_or_default().to_owned(), fate);
        }
        fates
    }

    /// Whether a finding waits to be acknowledged.
    fn is_open(&self, finding: &Finding) -> bool {
        let known = self.automation["acknowledged"].as_array();
        let known = known.is_some_and(|known| known.iter().any(|id| *id == finding.id.as_str()));
        finding.acknowledge && !known
    }

    fn findings(&self) -> Vec<Finding> {
        finding::read(&self.automation["findings"])
    }
}

pub(in crate::console) async fn show(call: &Call) -> Done {
    let draft = Draft::read(call).await?;
    let name = draft.automation["name"].as_str().unwrap_or_default();
    let id = draft.automation["id"].as_str().unwrap_or_default();
    let findings = draft.findings();
    let (own, general): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|one| one.step.is_some());
    let left_out = draft
        .fates()
        .values()
        .filter(|fate| matches!(fate, Fate::LeftOut(_)))
        .count();
    let edited = draft.automation["latest_version"].as_u64().unwrap_or(1) > draft.reported;
    let restore = call.may(Role::Editor).then(|| conversation::Restore {
        address: format!("/automations/{id}/review/answer"),
        version: draft.reported.to_string(),
    });
    let others = alike::show(call, &draft).await?;
    let late = meanwhile::show(call, &draft.automation).await?;
    let last = last_change(call, &draft).await?;
    let binding = bind::read(call, &draft).await?;
    let example = missing::example(call, &draft, &findings).await?;
    let known = missing::known(call, &draft, &findings).await?;
    let shown = step::Shown {
        call,
        draft: &draft,
        review: format!("/automations/{id}/review"),
        findings: &own,
        panel: binding.as_ref(),
    };
    let body = html! {
        header .head {
            h1 { (name) }
            p .row {
                (state::pill(draft.automation["status"].as_str().unwrap_or_default()))
                @if let Some((_, session)) = &draft.session {
                    span { "from the recording " a href={ "/recordings/" (session["id"].as_str().unwrap_or_default()) } { "…" (value::short(session["id"].as_str().unwrap_or_default())) } }
                }
                (proof(&draft.report))
                a href={ "/automations/" (id) } { "The automation" }
            }
            (left(call, &draft, &findings))
        }
        (late)
        (by_hand::would_be_lost(call, &draft))
        (by_hand::show(&draft, edited))
        (perturbed(&draft.report))
        (judged(&draft.report))
        (last)
        (missing::show(call, &draft, &findings, example.as_deref(), &known))
        (question::summary(call, &format!("/automations/{id}/review/answer"), &draft))
        @if call.may(Role::Editor) { (change::folder(id, &draft, &findings)) }
        @if !general.is_empty() {
            details .more open[general.iter().any(|one| one.acknowledge)] {
                summary { "About the whole draft (" (general.len()) ")" }
                div .findings { @for one in general { (finding::one(one)) } }
            }
        }
        (others)
        (draft::legend())
        div .review {
            section aria-label="The recording" {
                h2 { "Conversation" }
                @match &draft.session {
                    Some((_, session)) => (conversation::show(session, &draft.fates(), restore.as_ref())),
                    None => p .dim { "The recording is not here any more." },
                }
                @if left_out > 0 { p .dim { (value::count(left_out, "call is", "calls are")) " left out; each says why." } }
            }
            section aria-label="The automation" {
                h2 { "Automation" }
                (inputs(&draft))
                (shown.all())
            }
        }
        section {
            h2 { "May touch" }
            (capability::list(&draft.automation))
        }
        @if call.may(Role::Editor) { (change::activation(call, &draft, &findings)) }
    };
    Ok(Page::new(format!("Review {name}"), Here::Automations, body).into())
}

/// What the newest version says otherwise than the one before.
async fn last_change(call: &Call, draft: &Draft) -> Result<Markup, Refusal> {
    let id = draft.automation["id"].as_str().unwrap_or_default();
    let latest = draft.automation["latest_version"].as_u64().unwrap_or(1);
    if latest < 2 {
        return Ok(html! {});
    }
    let (from, versions) = (latest - 1, format!("/automations/{id}?tab=versions"));
    let path = format!("/automations/{id}/diff?from={from}&to={latest}");
    let diff = call.api.find(&path).await?.unwrap_or_default();
    let said = diff["text"].as_str().unwrap_or_default();
    Ok(html! {
        details .more {
            summary { "What version " (latest) " says otherwise than " (from) }
            @if said.is_empty() { p .dim { "Nothing that would run otherwise." } } @else { pre .code tabindex="0" { (value::cut(said, 8_000)) } }
            p { a href={ (versions) "&from=" (from) "&to=" (latest) } { "Line by line" } }
        }
    })
}

/// Whether it is worth it, as the crystallizer sees it. Reports of before say nothing of it.
fn judged(report: &Value) -> Markup {
    let judgement = &report["judgement"];
    let reasons = judgement["reasons"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let savings = &report["savings"];
    // A recording may tell one and not the other.
    let tokens: Vec<String> = [
        ("input_tokens", "tokens in"),
        ("output_tokens", "tokens out"),
    ]
    .into_iter()
    .filter_map(|(key, words)| Some(format!("{} {words}", value::number(savings[key].as_u64()?))))
    .collect();
    let cost = savings["cost_usd"].as_f64();
    html! {
        @if !reasons.is_empty() {
            details .more open[judgement["worth"] == "hardly"] {
                summary { @if judgement["worth"] == "hardly" { "There is little to repeat" } @else { "Look first whether it should be an automation" } " (" (reasons.len()) ")" }
                ul .plain { @for reason in reasons { li { (reason["text"].as_str().unwrap_or_default()) } } }
            }
        }
        @if !tokens.is_empty() || cost.is_some() {
            p .dim { "A run does without " (tokens.join(" and "))
                @if let Some(cost) = cost { @if !tokens.is_empty() { ", " } (format!("{cost:.2}")) " US dollars" } "." }
        }
    }
}

/// The replays with changed answers: what they are called, and what they show.
const PERTURBED: [(&str, &str, &str); 3] = [
    (
        "renamed",
        "with other names",
        "Replayed with other ids, dates and numbers in every answer",
    ),
    (
        "reordered",
        "with answers in another order",
        "Replayed with answers that do not depend on each other in another order",
    ),
    (
        "shuffled",
        "with shuffled lists",
        "Replayed with lists in another order and something more in them",
    ),
];

fn proof(report: &Value) -> Markup {
    let replay = &report["replay"];
    let matched = replay["matched"].as_u64().unwrap_or(0);
    let kept = matched
        + replay["differing"].as_u64().unwrap_or(0)
        + replay["missing"].as_u64().unwrap_or(0);
    let good = kept > 0 && matched == kept;
    html! {
        @if !report.is_null() {
            span title="Run again with the recorded answers: how many calls came out as they were recorded" { "replay " (matched) "/" (kept) " " (state::mark(if good { "succeeded" } else { "failed" })) span .sr { @if good { "whole" } @else { "not whole" } } }
        }
    }
}

/// Whether the values follow when the answers are other ones, each trial in a sentence.
fn perturbed(report: &Value) -> Markup {
    let verdict = |name: &str| {
        report["perturbed"][name]["verdict"]
            .as_str()
            .unwrap_or("not_run")
    };
    let tried: Vec<_> = PERTURBED
        .iter()
        .filter(|(name, _, _)| verdict(name) != "not_run")
        .collect();
    let held = tried
        .iter()
        .filter(|(name, _, _)| verdict(name) == "passed")
        .count();
    html! {
        @if !tried.is_empty() {
            details .more {
                summary { "Tried with changed answers: " (held) " of " (tried.len()) " hold" }
                p .dim { "The next run gets other answers than the recorded ones. What breaks here holds a value that stays as it was recorded: answer the questions, bind the value, or keep it on purpose." }
                ul .plain {
                    @for (name, words, means) in tried {
                        @let passed = verdict(name) == "passed";
                        @let differences = report["perturbed"][*name]["differences"].as_array();
                        li {
                            (state::mark(verdict(name))) " " @if passed { "Holds " } @else { "Breaks " } (words) ". "
                            span .dim { (means) "." }
                            @for one in differences.into_iter().flatten().take(3) {
                                div .dim { (value::said(&value::cut(one["message"].as_str().unwrap_or_default(), 200))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What stands between the draft and its activation, with where each stands on the page.
fn left(call: &Call, draft: &Draft, findings: &[Finding]) -> Markup {
    if !call.may(Role::Editor) {
        return html! {};
    }
    let missing = missing::many(draft, findings);
    let questions = question::many(draft);
    let open = findings.iter().filter(|one| draft.is_open(one)).count();
    html! {
        p .dim { "On one side what the agent did, on the other what will run without it, each value with where it comes from." }
        p .row {
            a .button href="#activate" { "To the activation" }
            @if missing + questions + open > 0 { span { "Before it:" } }
            @if missing > 0 { a href="#connections" { (value::count(missing, "missing connection", "missing connections")) } }
            @if questions > 0 { a href="#questions" { (value::count(questions, "question", "questions")) } }
            @if open > 0 { a href="#activate" { (value::count(open, "thing", "things")) " to acknowledge" } }
        }
    }
}

fn inputs(draft: &Draft) -> Markup {
    let all = draft.automation["document"]["inputs"].as_object();
    html! {
        @if let Some(all) = all.filter(|all| !all.is_empty()) {
            div .inputs {
                h3 { "Inputs" }
                dl .pairs {
                    @for (name, schema) in all {
                        dt { (name) } dd { (value::show(bind::given(schema)))
                            @if let Some(said) = schema["description"].as_str() { div .dim { (said) } } }
                    }
                }
            }
        }
    }
}
