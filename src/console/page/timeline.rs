//! A run's steps over time: attempts as bars, waits between them thin.

use crate::console::component::{state, time, value};
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

/// Width of the picture, in its own units.
const WIDE: f64 = 1_000.0;
/// Height of a line.
const HIGH: usize = 28;
/// Shorter times in the queue are not drawn.
const QUEUED: f64 = 4.0;
/// The most lines that are drawn.
const MOST: usize = 200;

struct Bar<'a> {
    from: f64,
    wide: f64,
    status: &'a str,
    says: String,
}

struct Line<'a> {
    step: &'a Value,
    /// From where it could have begun to where it began.
    queued: Option<(f64, f64)>,
    bars: Vec<Bar<'a>>,
    /// From the first beginning to the last end.
    span: Option<(f64, f64)>,
    took: String,
}

/// The picture; nothing when nothing has begun. By the document it is known since when a step could have begun.
pub(super) fn show(run: &Value, document: &Value, now: Timestamp) -> Markup {
    let steps = run["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let begun = time::read(&run["created_at"]).map_or(0, |at| at.0);
    let end = time::read(&run["finished_at"])
        .unwrap_or(now)
        .0
        .max(begun + 1);
    let scale = WIDE / (end - begun) as f64;
    let place = |value: &Value| time::read(value).map(|at| (at.0 - begun) as f64 * scale);
    let lines: Vec<Line<'_>> = steps
        .iter()
        .filter_map(|step| {
            let begun = step["attempts"]
                .as_array()
                .is_some_and(|all| !all.is_empty());
            if begun {
                return Some(line(step, ready(run, document, step), &place, now));
            }
            let (since, until) = waited(run, document, step)?;
            Some(waiting(step, since, until, &place, now))
        })
        .take(MOST)
        .collect();
    let total = u64::try_from(end - begun).unwrap_or(0);
    html! {
        @if lines.is_empty() { p .dim { "No attempt has begun." } } @else {
            div .timeline {
                @for line in &lines {
                    @let path = line.step["path"].as_str().unwrap_or_default();
                    @let status = line.step["status"].as_str().unwrap_or_default();
                    @let count = line.bars.len();
                    div .lane {
                        a .name href={ "#step-" (path) } { (state::mark(status)) " " (path) }
                        svg viewBox={ "0 0 " (WIDE) " " (HIGH) } preserveAspectRatio="none" aria-hidden="true" {
                            @if let Some((from, to)) = line.queued {
                                rect .queued x=(round(from)) y="10" width=(round(to - from)) height="8" { title { "in the queue" } }
                            }
                            @if let Some((from, to)) = line.span {
                                rect .wait x=(round(from)) y="13" width=(round((to - from).max(1.0))) height="2" {}
                            }
                            @for bar in &line.bars {
                                rect .bar.(state::class(bar.status)) x=(round(bar.from)) y="6" width=(round(bar.wide)) height="16" {
                                    title { (bar.says) }
                                }
                            }
                        }
                        span .took { (line.took) @if count > 1 { " · " (count) " attempts" } }
                    }
                }
                p .scale.dim { span { "0" } span { (time::span(total)) } }
                @if lines.iter().any(|line| line.queued.is_some() || line.bars.len() > 1) {
                    p .legend.dim { span { "□ in the queue" } span { "▬ at work" } span { "— waits for the next attempt" } }
                }
                @if steps.len() > MOST { p .dim { "Of " (steps.len()) " steps, those that began first." } }
            }
        }
    }
}

fn round(number: f64) -> String {
    format!("{number:.1}")
}

/// When the last of the steps that a step needs had ended, or the run began; nothing where that is not known.
fn ready(run: &Value, document: &Value, step: &Value) -> Option<Timestamp> {
    let path = step["path"].as_str()?;
    let begun = time::read(&run["created_at"])?;
    let steps = document["steps"].as_array()?;
    // Inside of loops, passes wait for each other, too.
    let own = steps.iter().find(|one| one["id"] == path)?;
    let mut ready = begun;
    for need in own["needs"].as_array().into_iter().flatten() {
        let id = need.as_str()?.split('.').next()?;
        let found = run["steps"].as_array()?;
        let found = found.iter().find(|one| one["path"] == id)?;
        let last = found["attempts"].as_array().and_then(|all| all.last());
        match last {
            Some(last) => ready = ready.max(time::read(&last["finished_at"])?),
            // It was over at once, or did not run.
            None if matches!(found["action"].as_str(), Some("transform" | "switch"))
                || found["status"] == "skipped" => {}
            None => return None,
        }
    }
    Some(ready)
}

/// Since when a step without attempts waits, and until when it did: a gate for somebody, a wait for its time.
/// What came of it began the first step behind it.
fn waited(run: &Value, document: &Value, step: &Value) -> Option<(Timestamp, Option<Timestamp>)> {
    let path = step["path"].as_str()?;
    let waits = matches!(step["action"].as_str(), Some("approval_gate" | "wait"));
    if !waits || !step["attempts"].as_array().is_none_or(Vec::is_empty) {
        return None;
    }
    let since = ready(run, document, step)?;
    if step["status"] == "waiting" {
        return Some((since, None));
    }
    let needs = |one: &Value| {
        let needs = one["needs"].as_array().into_iter().flatten();
        let mut ids = needs.filter_map(|need| need.as_str()?.split('.').next());
        ids.any(|need| need == path)
    };
    let behind = document["steps"]
        .as_array()?
        .iter()
        .filter(|one| needs(one));
    let begun = behind.filter_map(|one| {
        let steps = run["steps"].as_array()?;
        let step = steps.iter().find(|step| step["path"] == one["id"])?;
        time::read(&step["attempts"][0]["started_at"])
    });
    Some((since, Some(begun.min()?)))
}

fn line<'a>(
    step: &'a Value,
    ready: Option<Timestamp>,
    place: &dyn Fn(&Value) -> Option<f64>,
    now: Timestamp,
) -> Line<'a> {
    let attempts = step["attempts"].as_array().into_iter().flatten();
    let mut bars = Vec::new();
    for attempt in attempts {
        let Some(from) = place(&attempt["started_at"]) else {
            continue;
        };
        let to = place(&attempt["finished_at"]).unwrap_or(WIDE);
        let status = attempt["status"].as_str().unwrap_or_default();
        let length = time::between(&attempt["started_at"], &attempt["finished_at"], now);
        let mut says = format!(
            "attempt {}: {status}, {}",
            attempt["number"],
            length.map_or_else(String::new, time::span)
        );
        if let Some(message) = attempt["error"]["message"].as_str() {
            says.push_str(": ");
            says.push_str(&value::cut(message, 120));
        }
        bars.push(Bar {
            from: from.min(WIDE - 3.0),
            wide: (to - from).max(3.0),
            status,
            says,
        });
    }
    let span = bars.first().map(|first| {
        let to = bars
            .iter()
            .map(|bar| bar.from + bar.wide)
            .fold(first.from, f64::max);
        (first.from, to)
    });
    let first = step["attempts"][0]["started_at"].clone();
    let queued = ready
        .and_then(|at| place(&Value::from(at.to_string())))
        .zip(place(&first))
        .filter(|(from, to)| to - from >= QUEUED);
    Line {
        step,
        queued,
        bars,
        span,
        took: took(step, now),
    }
}

/// The line of a step that only waits.
fn waiting<'a>(
    step: &'a Value,
    since: Timestamp,
    until: Option<Timestamp>,
    place: &dyn Fn(&Value) -> Option<f64>,
    now: Timestamp,
) -> Line<'a> {
    let at = |time: Timestamp| Value::from(time.to_string());
    let from = place(&at(since)).unwrap_or(0.0).min(WIDE - 3.0);
    let to = until.and_then(|until| place(&at(until))).unwrap_or(WIDE);
    let length = until.unwrap_or(now).0.saturating_sub(since.0);
    let length = time::span(u64::try_from(length).unwrap_or(0));
    Line {
        step,
        queued: None,
        bars: vec![Bar {
            from,
            wide: (to - from).max(3.0),
            status: "waiting",
            says: format!("waited {length}"),
        }],
        span: None,
        took: length,
    }
}

fn took(step: &Value, now: Timestamp) -> String {
    let attempts = step["attempts"].as_array().map_or(&[][..], Vec::as_slice);
    let (Some(first), Some(last)) = (attempts.first(), attempts.last()) else {
        return String::new();
    };
    time::between(&first["started_at"], &last["finished_at"], now)
        .map_or_else(String::new, time::span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn waiting_for_somebody_is_no_time_in_the_queue() {
        let at = |second: u32| format!("2027-03-28T00:00:{second:02}.000Z");
        let attempt = |from, to| json!([{ "number": 1, "status": "succeeded", "started_at": at(from), "finished_at": at(to) }]);
        let run = json!({ "created_at": at(0), "finished_at": at(40), "steps": [
            { "path": "bill", "action": "shell", "status": "succeeded", "attempts": attempt(10, 20) },
            { "path": "ask", "action": "approval_gate", "status": "succeeded", "attempts": [] },
            { "path": "pay", "action": "shell", "status": "succeeded", "attempts": attempt(30, 40) },
        ] });
        let document = json!({ "steps": [
            { "id": "bill" }, { "id": "ask", "needs": ["bill"] }, { "id": "pay", "needs": ["ask"] },
        ] });
        let step = |index: usize| &run["steps"][index];
        let time = |second| at(second).parse::<Timestamp>().unwrap();
        // The first could have begun with the run.
        assert_eq!(ready(&run, &document, step(0)), Some(time(0)));
        assert_eq!(
            waited(&run, &document, step(1)),
            Some((time(20), Some(time(30))))
        );
        assert_eq!(ready(&run, &document, step(2)), None);
        let page = show(&run, &document, time(40)).into_string();
        assert_eq!(page.matches("in the queue").count(), 2, "{page}");
        assert!(page.contains("waited 10 s"), "{page}");
    }
}
