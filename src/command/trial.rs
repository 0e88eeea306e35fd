//! `druse triggers test`: what an event, a delivery or a time would do, offline.

use super::{Done, document, print};
use crate::cli::Output;
use crate::client::{EXIT_FAILED, Failure};
use crate::runtime::clock;
use druse_engine::definition::Trigger;
use druse_engine::plan::Plan;
use druse_engine::{Finding, Timestamp};
use druse_triggers::event::read_one;
use druse_triggers::trial::{Given, Outcome, Trial, delivery_of, time_of, try_answer, try_out};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// What is tried out.
pub(super) struct Wanted<'a> {
    pub(super) file: &'a Path,
    pub(super) event: Option<&'a Path>,
    pub(super) at: Option<&'a str>,
    pub(super) trigger: Option<&'a str>,
    pub(super) secret: Option<&'a Path>,
}

pub(super) fn test(wanted: &Wanted<'_>, output: Output) -> Done {
    let loaded = document::load(wanted.file)?;
    let mut triggers: Vec<_> = loaded.document.triggers.iter().collect();
    if let Some(id) = wanted.trigger {
        triggers.retain(|trigger| trigger.id == id);
    }
    if triggers.is_empty() {
        return Err(Failure::data(
            "no_trigger",
            match wanted.trigger {
                Some(id) => format!("{} has no trigger {id:?}.", wanted.file.display()),
                None => format!("{} has no triggers.", wanted.file.display()),
            },
            "Triggers are listed under `triggers` in the document.",
        ));
    }
    let came = Came::read(wanted)?;
    let secret = wanted.secret.map(document::read_bytes).transpose()?;
    // A file ends with a line feed, a secret does not.
    let secret = secret
        .as_deref()
        .map(|bytes| bytes.strip_suffix(b"\n").unwrap_or(bytes));
    let secrets: Vec<&[u8]> = secret.into_iter().collect();
    let plan = Plan::compile(Arc::new(loaded.document.clone()))
        .map_err(|findings| document::wrong(wanted.file, &loaded.text, &findings))?;
    let mut trials = Vec::new();
    for trigger in triggers {
        let now = came.time().unwrap_or_else(clock::now);
        let tried = match came.json().filter(|_| trigger.poll.is_some()) {
            Some(answer) => try_answer(trigger, answer, now),
            None => try_out(trigger, came.given(trigger, &secrets), now).map(|trial| vec![trial]),
        };
        let tried =
            tried.map_err(|findings| document::wrong(wanted.file, &loaded.text, &findings))?;
        trials.extend(tried.into_iter().map(|trial| fit(&plan, trial)));
    }
    let starts = |trial: &Trial| matches!(trial.outcome, Outcome::Starts | Outcome::Waits);
    match output {
        Output::Json => print::json(&json!(trials)),
        Output::Text => trials.iter().for_each(show),
    }
    Ok(match trials.iter().any(starts) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_FAILED),
    })
}

/// What the file or the flag says that comes.
enum Came {
    Event(Box<druse_triggers::Event>),
    /// A delivery to a webhook; to other triggers, what the file holds: a file, or an answer.
    Delivery(druse_triggers::webhook::Headers, String, Vec<u8>, Value),
    Time(Timestamp),
}

impl Came {
    fn read(wanted: &Wanted<'_>) -> Result<Self, Failure> {
        if let Some(text) = wanted.at {
            return text.parse().map(Self::Time).map_err(|error: String| {
                Failure::usage(error, "Example: --at 2027-03-28T01:00:00Z")
            });
        }
        let path = wanted.event.unwrap_or(Path::new("-"));
        let text = document::read_text(path)?;
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            Failure::data(
                "bad_json",
                format!("{} is no JSON: {error}.", path.display()),
                "Write an event, a delivery as {body, headers, query}, a JSON body, a file as {path, size}, or the answer to a poll.",
            )
        })?;
        if value.get("specversion").is_some() {
            return read_one(value)
                .map(|event| Self::Event(Box::new(event)))
                .map_err(|error| Failure::data(error.code, error.message, error.help));
        }
        let (headers, query, body) = delivery_of(&value);
        Ok(Self::Delivery(headers, query, body, value))
    }

    /// What the file holds, where it is neither an event nor a time.
    fn json(&self) -> Option<&Value> {
        match self {
            Self::Delivery(.., value) => Some(value),
            _ => None,
        }
    }

    fn given<'a>(&'a self, trigger: &Trigger, secrets: &'a [&'a [u8]]) -> Given<'a> {
        match self {
            Self::Event(event) => Given::Event(event),
            Self::Time(at) => Given::Time(*at),
            Self::Delivery(.., value) if trigger.files.is_some() => Given::File(value),
            Self::Delivery(headers, query, body, _) => Given::Delivery {
                query,
                headers,
                body,
                secrets,
            },
        }
    }

    /// When it comes, where it says so: a delivery from a file was signed long ago.
    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Event(_) => None,
            Self::Time(at) => Some(*at),
            Self::Delivery(headers, ..) => time_of(headers),
        }
    }
}

/// Whether the automation takes the inputs that were made.
fn fit(plan: &Plan, trial: Trial) -> Trial {
    let starts = matches!(trial.outcome, Outcome::Starts | Outcome::Waits);
    let Some(inputs) = trial.inputs.as_ref().filter(|_| starts) else {
        return trial;
    };
    match plan.check_inputs(inputs.value()) {
        Ok(whole) => Trial {
            inputs: Some(whole),
            ..trial
        },
        Err(findings) => {
            let messages: Vec<&str> = findings
                .iter()
                .map(|f: &Finding| f.message.as_str())
                .collect();
            let reason = format!("the inputs do not fit: {}", messages.join("; "));
            trial.rejected(reason)
        }
    }
}

fn show(trial: &Trial) {
    let outcome = match trial.outcome {
        Outcome::Starts => "starts",
        Outcome::Waits => "waits",
        Outcome::Filtered => "filtered",
        Outcome::NotMeant => "not meant",
        Outcome::Rejected => "rejected",
    };
    let item = trial.item_key.as_deref().map(|key| format!(" {key:?}"));
    let item = item.unwrap_or_default();
    print::line(&format!(
        "{}{item}: {outcome}: {}",
        trial.trigger, trial.reason
    ));
    if let Some(inputs) = &trial.inputs {
        print::line(&format!("  inputs {}", inputs.text()));
    }
    for (name, key) in [("dedupe", &trial.dedupe_key), ("window", &trial.window_key)] {
        if let Some(key) = key {
            print::line(&format!("  {name} key {key:?}"));
        }
    }
}
