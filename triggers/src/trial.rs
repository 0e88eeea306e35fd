//! What an event, a delivery or a time would do at a trigger, and why, without doing it.

use crate::{
    Event, Mapping, Timetable, Verifier, Windows,
    event::Filter,
    folder::{self, Folder, Found},
    mapping::scheduled,
    poll::{self, Poll},
    webhook::{Delivery, Headers, Request},
    window::Rule,
};
use druse_engine::{
    Finding, Json, Span, Timestamp,
    definition::{FileEvent, Over, Trigger},
    expression::RunFacts,
};
use serde::Serialize;
use serde_json::{Value, json};

/// What comes.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// An event.
    Event(&'a Event),
    /// A delivery to a webhook's address.
    Delivery {
        /// Its query, without the question mark.
        query: &'a str,
        /// Its headers.
        headers: &'a Headers,
        /// Its raw bytes.
        body: &'a [u8],
        /// The secrets to verify it with; without any it is taken as it is.
        secrets: &'a [&'a [u8]],
    },
    /// A time.
    Time(Timestamp),
    /// A file, as `trigger` shows one: `{path, size?, modified?, event?}`.
    File(&'a Value),
    /// An item of an answer, and its key.
    Item(&'a poll::Item),
}

/// What it would come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A run.
    Starts,
    /// A run once more has come, or its turn has.
    Waits,
    /// `when` does not hold.
    Filtered,
    /// Another trigger is meant.
    NotMeant,
    /// It is not what it should be.
    Rejected,
}

/// What a trigger would make of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The trigger's id in the document.
    pub trigger: String,
    /// What it would come to.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
    /// The inputs of the run.
    pub inputs: Option<Json>,
    /// What expressions see as `trigger`.
    pub seen: Option<Json>,
    /// The key under which it would be known again.
    pub dedupe_key: Option<String>,
    /// The key of what it would wait with, or be counted with.
    pub window_key: Option<String>,
    /// The key of the item of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_key: Option<String>,
}

impl Trial {
    fn new(trigger: &Trigger, outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            trigger: trigger.id.clone(),
            outcome,
            reason: reason.into(),
            inputs: None,
            seen: None,
            dedupe_key: None,
            window_key: None,
            item_key: None,
        }
    }

    /// Turns it down after all.
    #[must_use]
    pub fn rejected(mut self, reason: impl Into<String>) -> Self {
        self.outcome = Outcome::Rejected;
        self.reason = reason.into();
        self
    }
}

/// Tries something out at a trigger. `now` stands in for the time at which it comes.
///
/// # Errors
/// What is wrong with the trigger itself.
pub fn try_out(trigger: &Trigger, given: Given<'_>, now: Timestamp) -> Result<Trial, Vec<Finding>> {
    let mapping = Mapping::compile(trigger)?;
    let windows = Windows::compile(trigger)?;
    let mut facts = RunFacts {
        id: druse_engine::RunId::from_parts(u64::try_from(now.0).unwrap_or(0), [0; 10]),
        started_at: now,
        scheduled_at: None,
    };
    let says = |outcome, reason: &str| Trial::new(trigger, outcome, reason);
    let seen: Json = match given {
        Given::Event(event) => {
            let Some(filter) = &trigger.event else {
                return Ok(says(Outcome::NotMeant, "it does not wait for events"));
            };
            if let Some(reason) = Filter::compile(filter)?.mismatch(event) {
                return Ok(Trial::new(trigger, Outcome::NotMeant, reason));
            }
            if event.is_too_deep() {
                let reason = "too many events have followed one from another: this is a loop";
                return Ok(says(Outcome::Rejected, reason));
            }
            event.trigger().into()
        }
        Given::Time(at) => {
            let Some(schedule) = &trigger.schedule else {
                return Ok(says(Outcome::NotMeant, "it is no schedule"));
            };
            let table = Timetable::compile(schedule)?;
            let next = table.next_after(Timestamp(at.0.saturating_sub(1)));
            if next != Some(at) {
                let reason = match next {
                    Some(next) => format!("{at} is not one of its times; the next one is {next}"),
                    None => format!("{at} is not one of its times, and none follows"),
                };
                return Ok(Trial::new(trigger, Outcome::NotMeant, reason));
            }
            facts.scheduled_at = Some(at);
            scheduled(at).into()
        }
        Given::File(file) => {
            let Some(files) = &trigger.files else {
                return Ok(says(Outcome::NotMeant, "it watches no folder"));
            };
            match file_of(&Folder::compile(files)?, file, now) {
                Ok(seen) => seen.into(),
                Err((outcome, reason)) => return Ok(Trial::new(trigger, outcome, reason)),
            }
        }
        Given::Item(item) => {
            if trigger.poll.is_none() {
                return Ok(says(Outcome::NotMeant, "it asks nobody"));
            }
            if let Some(fault) = &item.fault {
                return Ok(Trial::new(trigger, Outcome::Rejected, fault.clone()));
            }
            poll::seen(item).into()
        }
        Given::Delivery {
            query,
            headers,
            body,
            secrets,
        } => {
            let Some(webhook) = &trigger.webhook else {
                return Ok(says(Outcome::NotMeant, "it is no webhook"));
            };
            let verifier = Verifier::parse(&webhook.verify)?;
            let delivery = match secrets {
                [] => Delivery::default(),
                _ => match verifier.verify(headers, body, secrets, now) {
                    Ok(delivery) => delivery,
                    Err(refused) => {
                        return Ok(says(Outcome::Rejected, &refused.to_string()));
                    }
                },
            };
            let request = Request {
                method: "POST",
                query,
                headers,
                body,
            };
            match request.trigger(&delivery) {
                Ok(seen) => seen.into(),
                Err(error) => return Ok(says(Outcome::Rejected, &error.to_string())),
            }
        }
    };
    let mut trial = says(Outcome::Starts, "it starts a run");
    trial.seen = Some(seen.clone());
    match mapping.holds(&seen, facts.clone()) {
        Ok(true) => {}
        Ok(false) => {
            let when = trigger.when.as_deref().unwrap_or_default();
            trial.outcome = Outcome::Filtered;
            trial.reason = format!("`when` does not hold: {when}");
            return Ok(trial);
        }
        Err(error) => {
            let reason = format!("{} ({})", error.message, error.path);
            return Ok(trial.rejected(reason));
        }
    }
    let mut for_run = seen.clone();
    if let Some(windows) = &windows {
        if let Some(dedupe) = &windows.dedupe {
            match dedupe.key(&seen, facts.clone()) {
                Ok(key) => trial.dedupe_key = Some(key),
                Err(error) => {
                    return Ok(trial.rejected(format!("{} (/dedupe/key)", error.message)));
                }
            }
        }
        if let Some(grouping) = &windows.grouping {
            match grouping.key(&seen, facts.clone()) {
                Ok(key) => trial.window_key = Some(key),
                Err(error) => return Ok(trial.rejected(format!("{} (the key)", error.message))),
            }
            let (outcome, reason) = grouped(grouping.rule);
            trial.outcome = outcome;
            trial.reason = reason;
            if let Rule::Batch { .. } = grouping.rule {
                let one =
                    json!({ "items": [seen.value()], "count": 1, "first_at": now, "last_at": now });
                for_run = one.into();
            }
        }
    }
    match mapping.inputs(for_run, facts) {
        Ok(inputs) => trial.inputs = Some(inputs),
        Err(error) => {
            let reason = format!("{} ({})", error.message, error.path);
            return Ok(trial.rejected(reason));
        }
    }
    Ok(trial)
}

/// What the items of an answer would do at a trigger that asks: one trial for each, in the order in which
/// they would start runs. `answer` is what the action gives, or what stands for its items there.
///
/// # Errors
/// What is wrong with the trigger itself.
pub fn try_answer(
    trigger: &Trigger,
    answer: &Value,
    now: Timestamp,
) -> Result<Vec<Trial>, Vec<Finding>> {
    let Some(definition) = &trigger.poll else {
        return Ok(vec![Trial::new(
            trigger,
            Outcome::NotMeant,
            "it asks nobody",
        )]);
    };
    let poll = Poll::compile(definition)?;
    let whole = ["status", "json", "text", "rows"];
    let is_output = answer
        .as_object()
        .is_some_and(|map| map.keys().any(|key| whole.contains(&key.as_str())));
    let output = match (is_output, poll.action.as_str()) {
        (true, _) => answer.clone(),
        (false, "sql") => json!({ "rows": answer }),
        (false, _) => json!({ "json": answer }),
    };
    let answer = match poll.answer(output.into()) {
        Ok(answer) if answer.items.is_empty() => {
            let none = Trial::new(trigger, Outcome::NotMeant, "the answer has no items");
            return Ok(vec![none]);
        }
        Ok(answer) => answer,
        Err(error) => {
            return Ok(vec![Trial::new(
                trigger,
                Outcome::Rejected,
                error.to_string(),
            )]);
        }
    };
    let plan = poll.plan(&answer, |_| false, poll.limit);
    let mut trials = Vec::new();
    for (index, item) in answer.items.iter().enumerate() {
        let mut trial = match plan.fresh.contains(&index) {
            true => try_out(trigger, Given::Item(item), now)?,
            false if index < plan.walked => {
                let reason = "an item with the same key came before";
                Trial::new(trigger, Outcome::Filtered, reason)
            }
            false => {
                let reason = format!(
                    "it is left to the next answer: at most {} of one start runs",
                    poll.limit
                );
                Trial::new(trigger, Outcome::Waits, reason)
            }
        };
        trial.item_key = Some(item.key.clone());
        trials.push(trial);
    }
    Ok(trials)
}

/// What a trigger sees of a file that somebody describes, or what it would come to instead.
fn file_of(folder: &Folder, file: &Value, now: Timestamp) -> Result<Value, (Outcome, String)> {
    let wrong = |what: &str| {
        let reason = format!(
            "{what} of the file is missing or not one: write {{path, size, modified, event}}"
        );
        (Outcome::Rejected, reason)
    };
    let path = file["path"].as_str().ok_or_else(|| wrong("`path`"))?;
    let event = match &file["event"] {
        Value::Null => folder.usual_event(),
        given => {
            serde_json::from_value::<FileEvent>(given.clone()).map_err(|_| wrong("`event`"))?
        }
    };
    if let Some(reason) = folder.mismatch(path, event) {
        return Err((Outcome::NotMeant, reason));
    }
    let modified = match &file["modified"] {
        Value::Null => now,
        given => serde_json::from_value(given.clone()).map_err(|_| wrong("`modified`"))?,
    };
    let size = match &file["size"] {
        Value::Null => 0,
        given => given.as_u64().ok_or_else(|| wrong("`size`"))?,
    };
    let found = Found {
        size,
        modified: modified.0.saturating_mul(1_000_000),
        inode: 0,
        born: None,
    };
    Ok(folder::seen(path, &found, event, file["digest"].as_str()))
}

fn grouped(rule: Rule) -> (Outcome, String) {
    match rule {
        Rule::Debounce { delay, max_delay } => (
            Outcome::Waits,
            format!(
                "it starts a run once nothing more has come for {delay}, {max_delay} after the first at the latest"
            ),
        ),
        Rule::Batch { count, time } => (
            Outcome::Waits,
            format!(
                "it starts a run with all that came, once there are {count}, or {time} after the first"
            ),
        ),
        Rule::Throttle { limit, per, over } => (
            Outcome::Starts,
            match over {
                Over::Queue => {
                    format!("it starts a run, or waits when {limit} have started within {per}")
                }
                Over::Skip => {
                    format!("it starts a run, or is skipped when {limit} have started within {per}")
                }
            },
        ),
    }
}

/// A delivery as a file describes it: `{body, headers, query}`, or just its body. What is no text becomes
/// JSON.
pub fn delivery_of(value: &Value) -> (Headers, String, Vec<u8>) {
    let is_wrapped = value.as_object().is_some_and(|map| {
        let known = ["body", "headers", "query", "method", "id"];
        map.contains_key("body") && map.keys().all(|key| known.contains(&key.as_str()))
    });
    let (headers, query, body) = match is_wrapped {
        true => (&value["headers"], &value["query"], &value["body"]),
        false => (&Value::Null, &Value::Null, value),
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut pairs: Vec<(String, String)> = headers
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    let typed = pairs
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !typed && !body.is_string() {
        pairs.push(("content-type".into(), "application/json".into()));
    }
    let query = match query {
        Value::Object(map) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(map.iter().map(|(name, value)| (name.clone(), text(value))));
            form.finish()
        }
        Value::String(query) => query.trim_start_matches('?').to_owned(),
        _ => String::new(),
    };
    (pairs.into_iter().collect(), query, text(body).into_bytes())
}

/// How long ago counts as now when a signed delivery from a file is verified: its own time, if it says one.
pub fn time_of(headers: &Headers) -> Option<Timestamp> {
    let seconds = |name: &str| {
        let text = headers.one(name).ok()??;
        text.parse::<i64>().ok()
    };
    let stripe = || {
        let header = headers.one("stripe-signature").ok()??;
        let pair = header
            .split(',')
            .find_map(|pair| pair.trim().strip_prefix("t="));
        pair?.parse::<i64>().ok()
    };
    let found = seconds("webhook-timestamp")
        .or_else(|| seconds("x-slack-request-timestamp"))
        .or_else(stripe)?;
    let span = Span::from_secs(u64::try_from(found).ok()?);
    Some(Timestamp(0).after(span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read_one;

    fn trigger(value: Value) -> Trigger {
        serde_json::from_value(value).unwrap()
    }

    fn told(trigger: &Trigger, given: Given<'_>) -> String {
        let now = "2027-03-01T00:00:00Z".parse().unwrap();
        let trial = try_out(trigger, given, now).unwrap();
        let inputs = trial
            .inputs
            .map_or(String::new(), |inputs| format!(" {}", inputs.text()));
        format!("{:?}: {}{inputs}", trial.outcome, trial.reason)
    }

    #[test]
    fn each_outcome_says_why() {
        let event = |change: Value| {
            let mut value = json!({
                "specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.paid",
                "data": { "n": 7 },
            });
            for (key, given) in change.as_object().unwrap() {
                value[key] = given.clone();
            }
            read_one(value).unwrap()
        };
        let paid = trigger(json!({
            "id": "paid", "event": { "type": "com.example.*", "source": "/shop" },
            "when": "trigger.data.n > 5", "inputs": { "n": "{{ trigger.data.n }}" },
        }));
        let batch = trigger(json!({
            "id": "batch", "event": { "type": "*" }, "batch": { "count": 10, "time": "1m", "key": "{{ trigger.source }}" },
            "inputs": { "ids": "{{ trigger.items | map(attribute='id') | list }}" },
        }));
        let daily = trigger(
            json!({ "id": "daily", "schedule": { "cron": "0 7 * * *" }, "inputs": { "at": "{{ trigger.scheduled_at }}" } }),
        );
        let hook = trigger(json!({
            "id": "hook", "webhook": { "verify": { "scheme": "bearer", "secret": "s" } },
            "inputs": { "who": "{{ trigger.body.who }}" },
        }));
        let inbox = trigger(json!({
            "id": "inbox", "files": { "connection": "inbox", "path": "in", "pattern": "*.csv" },
            "when": "trigger.size > 0", "inputs": { "path": "{{ trigger.path }}" },
        }));
        let (right, small) = (event(json!({})), event(json!({ "data": { "n": 1 } })));
        let (elsewhere, empty) = (
            event(json!({ "source": "/bar" })),
            event(json!({ "data": {} })),
        );
        let deep = event(json!({ "drusedepth": 17 }));
        let at = |text: &str| Given::Time(text.parse().unwrap());
        let (headers, query, body) = delivery_of(
            &json!({ "body": { "who": "Ana" }, "headers": { "Authorization": "Bearer key" } }),
        );
        let delivery = |secrets| Given::Delivery {
            query: &query,
            headers: &headers,
            body: &body,
            secrets,
        };
        let lines = [
            told(&paid, Given::Event(&right)),
            told(&paid, Given::Event(&small)),
            told(&paid, Given::Event(&elsewhere)),
            told(&paid, Given::Event(&empty)),
            told(&paid, Given::Event(&deep)),
            told(&paid, at("2027-03-01T07:00:00Z")),
            told(&batch, Given::Event(&right)),
            told(&daily, at("2027-03-01T07:00:00Z")),
            told(&daily, at("2027-03-01T07:00:01Z")),
            told(&hook, delivery(&[])),
            told(&hook, delivery(&[b"key"])),
            told(&hook, delivery(&[b"other"])),
            told(&hook, Given::Event(&right)),
            told(
                &inbox,
                Given::File(&json!({ "path": "in/a.csv", "size": 7 })),
            ),
            told(
                &inbox,
                Given::File(&json!({ "path": "in/a.csv", "size": 0 })),
            ),
            told(&inbox, Given::File(&json!({ "path": "in/a.csv.part" }))),
            told(
                &inbox,
                Given::File(&json!({ "path": "in/a.csv", "event": "new" })),
            ),
            told(&inbox, Given::File(&json!({ "size": 7 }))),
            told(&paid, Given::File(&json!({ "path": "in/a.csv" }))),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r###"
Starts: it starts a run {"n":7}
Filtered: `when` does not hold: trigger.data.n > 5
NotMeant: its source /bar is not /shop
Rejected: `trigger.data` has no `n` (/when)
Rejected: too many events have followed one from another: this is a loop
NotMeant: it is no schedule
Waits: it starts a run with all that came, once there are 10, or 1m after the first {"ids":["1"]}
Starts: it starts a run {"at":"2027-03-01T07:00:00.000Z"}
NotMeant: 2027-03-01T07:00:01.000Z is not one of its times; the next one is 2027-03-02T07:00:00.000Z
Starts: it starts a run {"who":"Ana"}
Starts: it starts a run {"who":"Ana"}
Rejected: the delivery could not be verified
NotMeant: it does not wait for events
Starts: it starts a run {"path":"in/a.csv"}
Filtered: `when` does not hold: trigger.size > 0
NotMeant: names like "a.csv.part" are ignored
NotMeant: it is new, and complete starts a run
Rejected: `path` of the file is missing or not one: write {path, size, modified, event}
NotMeant: it watches no folder
"###);
    }

    #[test]
    fn each_item_of_an_answer_is_told() {
        let asks = trigger(json!({
            "id": "asks", "when": "trigger.item.open", "inputs": { "n": "{{ trigger.item.id }}" },
            "poll": { "action": "http", "with": { "connection": "crm", "path": "/" }, "every": "1m",
                "key": "item.id", "limit": 3 },
        }));
        let now = "2027-03-01T00:00:00Z".parse().unwrap();
        let told = |answer: Value| -> Vec<String> {
            let trials = try_answer(&asks, &answer, now).unwrap();
            let line = |trial: Trial| {
                let key = trial.item_key.unwrap_or_default();
                format!("{key} {:?}: {}", trial.outcome, trial.reason)
            };
            trials.into_iter().map(line).collect()
        };
        let ticket = |id: i64, open: bool| json!({ "id": id, "open": open });
        let items = [
            ticket(1, true),
            ticket(2, false),
            ticket(1, true),
            json!({ "open": true }),
            ticket(3, true),
        ];
        let mut lines = told(json!(items));
        lines[3] = lines[3].split_once(' ').unwrap().1.to_owned();
        lines.extend(told(json!({ "status": 200, "json": [] })));
        lines.extend(told(json!({ "json": { "no": "list" } })));
        insta::assert_snapshot!(lines.join("\n"), @r###"
        1 Starts: it starts a run
        2 Filtered: `when` does not hold: trigger.item.open
        1 Filtered: an item with the same key came before
        Rejected: it has no key: `item` has no `id` (/key)
        3 Waits: it is left to the next answer: at most 3 of one start runs
         NotMeant: the answer has no items
         Rejected: the items are no list (/items)
        "###);
    }

    #[test]
    fn files_describe_deliveries() {
        let (headers, query, body) =
            delivery_of(&json!({ "body": "raw", "query": { "a": "1 2" } }));
        assert_eq!(
            (headers.one("content-type"), query.as_str(), body.as_slice()),
            (Ok(None), "a=1+2", b"raw".as_slice())
        );
        let (headers, _, body) = delivery_of(&json!({ "total": 7 }));
        assert_eq!(headers.one("content-type"), Ok(Some("application/json")));
        assert_eq!(body, b"{\"total\":7}");
        let (headers, ..) =
            delivery_of(&json!({ "body": 1, "headers": { "Stripe-Signature": "t=5,v1=x" } }));
        assert_eq!(time_of(&headers), Some(Timestamp(5_000)));
    }
}
