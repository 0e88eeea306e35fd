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
        .filter(|step| {
            step["attempts"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
        })
        .take(MOST)
        .map(|step| line(step, ready(run, document, step), &place, now))
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
                        span .took { (took(line.step, now)) @if count > 1 { " · " (count) " attempts" } }
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
        // What is over at once has no attempts.
        let last = found["attempts"].as_array().and_then(|all| all.last());
        if let Some(last) = last {
            ready = ready.max(time::read(&last["finished_at"])?);
        }
    }
    Some(ready)
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
