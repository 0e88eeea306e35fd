//! A run's steps over time: attempts and waits as bars, the time between attempts thin.

use crate::console::component::{state, time, value};
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

/// Width of the picture, in its own units.
const WIDE: f64 = 1_000.0;
/// Height of a line.
const HIGH: usize = 28;
/// Shorter times in the queue, and shorter waits beside attempts, are not drawn.
const SHORT: f64 = 4.0;
/// The most lines that are drawn.
const MOST: usize = 200;

struct Bar<'a> {
    from: f64,
    wide: f64,
    status: &'a str,
    /// Whether nothing is at work in it.
    waits: bool,
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
    attempts: usize,
}

/// From the begin of a run to its end, or to now.
struct Scale {
    begun: Timestamp,
    end: Timestamp,
}

impl Scale {
    fn of(run: &Value, now: Timestamp) -> Self {
        let begun = time::read(&run["created_at"]).unwrap_or(Timestamp(0));
        let end = time::read(&run["finished_at"]).unwrap_or(now);
        Self {
            begun,
            end: end.max(Timestamp(begun.0 + 1)),
        }
    }

    fn millis(from: Timestamp, to: Timestamp) -> u64 {
        u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0)
    }

    fn place(&self, at: Timestamp) -> f64 {
        let scale = WIDE / Self::millis(self.begun, self.end).max(1) as f64;
        Self::millis(self.begun, at) as f64 * scale
    }

    /// A time of a fact; where it has not come, the end.
    fn until(&self, value: &Value) -> Timestamp {
        time::read(value).unwrap_or(self.end)
    }

    fn bar<'a>(&self, from: Timestamp, to: Timestamp, status: &'a str, says: String) -> Bar<'a> {
        let left = self.place(from).min(WIDE - 3.0);
        Bar {
            from: left,
            wide: (self.place(to) - left).max(3.0),
            status,
            waits: false,
            says,
        }
    }

    /// The same of a time in which a step waits, and for what.
    fn wait(&self, from: Timestamp, to: Timestamp, for_what: &str) -> Bar<'static> {
        let length = time::span(Self::millis(from, to));
        let says = format!("{for_what}, {length}");
        Bar {
            waits: true,
            ..self.bar(from, to, "waiting", says)
        }
    }
}

/// The picture; nothing when nothing has begun. By the document it is known since when a step could have begun.
pub(super) fn show(run: &Value, document: &Value, now: Timestamp) -> Markup {
    let steps = run["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let scale = Scale::of(run, now);
    let lines: Vec<Line<'_>> = steps
        .iter()
        .filter_map(|step| line(step, ready(run, document, step), &scale))
        .take(MOST)
        .collect();
    let total = Scale::millis(scale.begun, scale.end);
    html! {
        @if lines.is_empty() {
            p .dim { @if steps.iter().any(|step| !step["started_at"].is_null()) { "Every step was over at once." } @else { "No step has begun." } }
        } @else {
            div .timeline {
                @for line in &lines {
                    @let path = line.step["path"].as_str().unwrap_or_default();
                    @let status = line.step["status"].as_str().unwrap_or_default();
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
                                rect .bar.(state::class(bar.status)).waits[bar.waits] x=(round(bar.from)) y=(if bar.waits { 10 } else { 6 }) width=(round(bar.wide)) height=(if bar.waits { 8 } else { 16 }) {
                                    title { (bar.says) }
                                }
                            }
                        }
                        span .took { (line.took) @if line.attempts > 1 { " · " (line.attempts) " attempts" } }
                    }
                }
                p .scale.dim { span { "0" } span { (time::span(total)) } }
                (legend(&lines))
                @if steps.len() > MOST { p .dim { "Of " (steps.len()) " steps, those that began first." } }
            }
        }
    }
}

/// What the shapes mean that are there, where there is more than one.
fn legend(lines: &[Line<'_>]) -> Markup {
    let bars = || lines.iter().flat_map(|line| &line.bars);
    let shapes = [
        (
            lines.iter().any(|line| line.queued.is_some()),
            "□ in the queue",
        ),
        (bars().any(|bar| !bar.waits), "▬ at work"),
        (
            bars().any(|bar| bar.waits),
            "▪ waits for a person, a time or an event",
        ),
        (
            lines.iter().any(|line| line.attempts > 1),
            "— waits for the next attempt",
        ),
    ];
    let told = || shapes.iter().filter(|(there, _)| *there);
    html! {
        @if told().count() > 1 { p .legend.dim { @for (_, says) in told() { span { (says) } } } }
    }
}

fn round(number: f64) -> String {
    format!("{number:.1}")
}

/// When the last of the steps that a step needs had ended, or the run began; nothing where that is not known.
fn ready(run: &Value, document: &Value, step: &Value) -> Option<Timestamp> {
    let path = step["path"].as_str()?;
    let mut ready = time::read(&run["created_at"])?;
    let steps = document["steps"].as_array()?;
    // Inside of loops, passes wait for each other, too.
    let own = steps.iter().find(|one| one["id"] == path)?;
    for need in own["needs"].as_array().into_iter().flatten() {
        let id = need.as_str()?.split('.').next()?;
        let found = run["steps"].as_array()?;
        let found = found.iter().find(|one| one["path"] == id)?;
        ready = ready.max(time::read(&found["finished_at"])?);
    }
    Some(ready)
}

/// The line of a step; none where it has not begun, or was over at once.
fn line<'a>(step: &'a Value, ready: Option<Timestamp>, scale: &Scale) -> Option<Line<'a>> {
    let begun = time::read(&step["started_at"])?;
    let end = scale.until(&step["finished_at"]).max(begun);
    let status = step["status"].as_str().unwrap_or_default();
    let attempts = step["attempts"].as_array().map_or(&[][..], Vec::as_slice);
    let mut bars = Vec::new();
    match (attempts, step["action"].as_str().unwrap_or_default()) {
        ([], "approval_gate") => bars.push(scale.wait(begun, end, "waits for an approval")),
        ([], "wait") => bars.push(scale.wait(begun, end, "waits for its time or an event")),
        ([], _) if !step["passes"].is_null() => {
            let says = format!("its passes, {}", time::span(Scale::millis(begun, end)));
            bars.push(scale.bar(begun, end, status, says));
        }
        // What waits for the rate of a connection before its first attempt.
        ([], _) if status == "waiting" => bars.push(scale.wait(begun, end, "waits for its turn")),
        ([], _) => return None,
        (attempts, _) => {
            let first = time::read(&attempts[0]["started_at"]).unwrap_or(begun);
            if scale.place(first) - scale.place(begun) >= SHORT {
                bars.push(scale.wait(begun, first, "waits for its turn"));
            }
            bars.extend(attempts.iter().filter_map(|one| attempt(one, scale)));
            let last = attempts.last().map(|last| &last["finished_at"]);
            if let Some(last) = last.and_then(time::read)
                && scale.place(end) - scale.place(last) >= SHORT
            {
                let what = match status {
                    "waiting" => "waits for the next attempt",
                    _ => "waits for a person",
                };
                bars.push(scale.wait(last, end, what));
            }
        }
    }
    let span = bars.first().zip(bars.last());
    let span = span.map(|(first, last)| (first.from, last.from + last.wide));
    let queued = ready
        .map(|ready| (scale.place(ready), scale.place(begun)))
        .filter(|(from, to)| to - from >= SHORT);
    Some(Line {
        step,
        queued,
        bars,
        span: span.filter(|_| !attempts.is_empty()),
        took: time::span(Scale::millis(begun, end)),
        attempts: attempts.len(),
    })
}

fn attempt<'a>(attempt: &'a Value, scale: &Scale) -> Option<Bar<'a>> {
    let from = time::read(&attempt["started_at"])?;
    let to = scale.until(&attempt["finished_at"]);
    let status = attempt["status"].as_str().unwrap_or_default();
    let mut says = format!(
        "attempt {}: {status}, {}",
        attempt["number"],
        time::span(Scale::millis(from, to))
    );
    if let Some(message) = attempt["error"]["message"].as_str() {
        says.push_str(": ");
        says.push_str(&value::cut(message, 120));
    }
    Some(scale.bar(from, to, status, says))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: u32) -> String {
        format!("2027-03-28T00:00:{second:02}.000Z")
    }

    fn time(second: u32) -> Timestamp {
        at(second).parse().unwrap()
    }

    /// A step from one second to another; with attempts in between.
    fn step(path: &str, action: &str, from: u32, to: Option<u32>, tries: &[(u32, u32)]) -> Value {
        let attempts = tries.iter().zip(1..).map(|((from, to), number)| {
            json!({ "number": number, "status": "succeeded", "started_at": at(*from), "finished_at": at(*to) })
        });
        json!({
            "path": path, "action": action, "status": if to.is_some() { "succeeded" } else { "waiting" },
            "started_at": at(from), "finished_at": to.map(at), "attempts": attempts.collect::<Vec<_>>(),
        })
    }

    #[test]
    fn what_waits_is_drawn_as_long_as_it_waited_whatever_goes_on_beside_it() {
        let run = json!({ "created_at": at(0), "finished_at": at(40), "steps": [
            step("ask", "approval_gate", 0, Some(10), &[]),
            step("nap", "shell", 0, Some(30), &[(0, 30)]),
            step("pay", "shell", 30, Some(40), &[(30, 40)]),
            step("rest", "wait", 0, Some(20), &[]),
        ] });
        let document = json!({ "steps": [
            { "id": "ask" }, { "id": "nap" }, { "id": "pay", "needs": ["ask", "nap"] }, { "id": "rest" },
        ] });
        let page = show(&run, &document, time(40)).into_string();
        for says in [
            "waits for an approval, 10 s",
            "waits for its time or an event, 20 s",
        ] {
            assert!(page.contains(says), "{says}: {page}");
        }
        // What needs a gate is in no queue while the gate waits.
        assert!(!page.contains("in the queue"), "{page}");
        assert_eq!(
            page.matches("waits for a person, a time or an event")
                .count(),
            1
        );
    }

    #[test]
    fn a_step_that_could_begin_and_did_not_is_in_the_queue() {
        let run = json!({ "created_at": at(0), "finished_at": at(40), "steps": [
            step("ask", "approval_gate", 0, Some(10), &[]),
            step("pay", "shell", 20, Some(40), &[(20, 40)]),
        ] });
        let document = json!({ "steps": [{ "id": "ask" }, { "id": "pay", "needs": ["ask"] }] });
        assert_eq!(ready(&run, &document, &run["steps"][1]), Some(time(10)));
        let page = show(&run, &document, time(40)).into_string();
        assert_eq!(page.matches("in the queue").count(), 2, "{page}");
    }

    #[test]
    fn a_run_of_waits_and_gates_has_its_lines_and_what_waits_goes_on_to_now() {
        let mut paused = step("pack", "shell", 0, None, &[(0, 1)]);
        paused["status"] = "paused".into();
        let run = json!({ "created_at": at(0), "finished_at": null, "steps": [
            step("ask", "approval_gate", 10, None, &[]), paused,
        ] });
        let page = show(&run, &json!({}), time(40)).into_string();
        assert!(page.contains("waits for an approval, 30 s"), "{page}");
        assert!(page.contains("waits for a person, 39 s"), "{page}");
        assert!(page.contains("<span class=\"took\">40 s"), "{page}");
        let fast = json!({ "created_at": at(0), "finished_at": at(1), "steps": [step("add", "transform", 0, Some(0), &[])] });
        let page = show(&fast, &json!({}), time(1)).into_string();
        assert!(page.contains("over at once"), "{page}");
    }
}
