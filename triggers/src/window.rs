//! What comes often: what is the same again, what comes in quick succession, what belongs together, and
//! how many runs may start within a while.

use crate::mapping::{Names, compile_template};
use druse_engine::{
    Finding, Json, Severity, Span, Timestamp,
    definition::{Over, Trigger},
    expression::{ExpressionError, RunFacts, Template, Values},
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The compiled windows of a trigger.
#[derive(Debug, Clone)]
pub struct Windows {
    /// What comes again with the same key is a duplicate.
    pub dedupe: Option<Dedupe>,
    /// What else is made of what comes.
    pub grouping: Option<Grouping>,
}

/// A compiled `dedupe`.
#[derive(Debug, Clone)]
pub struct Dedupe {
    key: Key,
    /// How long a key is remembered.
    pub window: Span,
}

/// What is made of what comes: at most one of these.
#[derive(Debug, Clone)]
pub struct Grouping {
    key: Key,
    /// Which.
    pub rule: Rule,
}

/// The rule of a grouping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The last of what comes in quick succession.
    Debounce {
        /// How long nothing more must have come.
        delay: Span,
        /// How long after the first at the latest.
        max_delay: Span,
    },
    /// All of what comes within a while.
    Batch {
        /// How many make it full.
        count: u32,
        /// How long after the first at the latest.
        time: Span,
    },
    /// So many runs within a while.
    Throttle {
        /// How many.
        limit: u32,
        /// Within which time.
        per: Span,
        /// What happens to more than that.
        over: Over,
    },
}

/// What tells what belongs together.
#[derive(Debug, Clone)]
struct Key(Option<Template>);

/// How long a key is remembered when nothing is said.
const DEDUPE: Span = Span::from_secs(86_400);

/// The longest delay and window.
const LONGEST: Span = Span::from_secs(30 * 86_400);

/// The most that waits in one window. A window that is full is not waited for.
pub const MOST_HELD: u32 = 1_000;

/// The most bytes that wait in one window.
pub const MOST_BYTES: u64 = 4 << 20;

impl Windows {
    /// Compiles the windows of a trigger; `None` when it has none. Paths of findings begin at the trigger.
    pub fn compile(trigger: &Trigger) -> Result<Option<Self>, Vec<Finding>> {
        let (windows, findings) = Self::read(trigger);
        if findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
        {
            return Err(findings);
        }
        Ok((windows.dedupe.is_some() || windows.grouping.is_some()).then_some(windows))
    }

    /// The windows as far as they can be read, and all that is to be said about them.
    pub(crate) fn read(trigger: &Trigger) -> (Self, Vec<Finding>) {
        let mut reader = Reader {
            names: Names::of(trigger),
            findings: Vec::new(),
        };
        let dedupe = trigger.dedupe.as_ref().map(|dedupe| {
            reader.span("/dedupe/window", dedupe.window, Span::from_secs(1));
            Dedupe {
                key: reader.key("/dedupe/key", Some(&dedupe.key)),
                window: dedupe.window.unwrap_or(DEDUPE),
            }
        });
        let debounce = trigger.debounce.as_ref().map(|debounce| {
            let least = Span::from_millis(10);
            reader.span("/debounce/delay", Some(debounce.delay), least);
            reader.span("/debounce/max_delay", debounce.max_delay, debounce.delay);
            let ten_times = debounce.delay.as_millis().saturating_mul(10);
            Grouping {
                key: reader.key("/debounce/key", debounce.key.as_ref()),
                rule: Rule::Debounce {
                    delay: debounce.delay,
                    max_delay: debounce.max_delay.unwrap_or(Span::from_millis(ten_times)),
                },
            }
        });
        let batch = trigger.batch.as_ref().map(|batch| {
            reader.span("/batch/time", Some(batch.time), Span::from_millis(10));
            reader.count("/batch/count", batch.count, MOST_HELD);
            Grouping {
                key: reader.key("/batch/key", batch.key.as_ref()),
                rule: Rule::Batch {
                    count: batch.count,
                    time: batch.time,
                },
            }
        });
        let throttle = trigger.throttle.as_ref().map(|throttle| {
            reader.span("/throttle/per", Some(throttle.per), Span::from_secs(1));
            reader.count("/throttle/limit", throttle.limit, MOST_HELD);
            Grouping {
                key: reader.key("/throttle/key", throttle.key.as_ref()),
                rule: Rule::Throttle {
                    limit: throttle.limit,
                    per: throttle.per,
                    over: throttle.over.unwrap_or_default(),
                },
            }
        });
        let given: Vec<Grouping> = [debounce, batch, throttle].into_iter().flatten().collect();
        if given.len() > 1 {
            reader.wrong(
                "",
                "a trigger has at most one of `debounce`, `batch` and `throttle`",
                "Keep the one that matters; `dedupe` goes with each.",
            );
        }
        let grouping = given.into_iter().next();
        if trigger.schedule.is_some() && (dedupe.is_some() || grouping.is_some()) {
            reader.wrong(
                "",
                "a schedule comes when it comes: it has no `dedupe`, `debounce`, `batch` or `throttle`",
                "`overlap` says what happens when a run is still going.",
            );
        }
        if let Some(webhook) = &trigger.webhook
            && grouping.as_ref().is_some_and(Grouping::waits)
            && webhook
                .respond
                .as_ref()
                .is_some_and(|respond| respond != "accepted")
        {
            reader.wrong(
                "/webhook/respond",
                "a delivery that waits for others cannot be answered with a run's result",
                "Write `respond: accepted`, or take the window out.",
            );
        }
        (Self { dedupe, grouping }, reader.findings)
    }
}

struct Reader {
    names: Names,
    findings: Vec<Finding>,
}

impl Reader {
    fn wrong(&mut self, path: &str, message: impl Into<String>, help: &str) {
        self.findings.push(
            Finding::error("bad_window", message)
                .at_path(path)
                .help(help),
        );
    }

    fn span(&mut self, path: &str, span: Option<Span>, least: Span) {
        if span.is_some_and(|span| span < least || span > LONGEST) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let message = format!("`{name}` is a time from {least} to {LONGEST}");
            self.wrong(path, message, "Give one in between.");
        }
    }

    fn count(&mut self, path: &str, count: u32, most: u32) {
        if count == 0 || count > most {
            let name = path.rsplit('/').next().unwrap_or_default();
            let message = format!("`{name}` is a number from 1 to {most}");
            self.wrong(path, message, "Give one in between.");
        }
    }

    fn key(&mut self, path: &str, text: Option<&String>) -> Key {
        let Some(text) = text else { return Key(None) };
        let value = Value::from(text.as_str());
        let template = compile_template(&value, path, &self.names, &mut self.findings);
        if template.as_ref().is_some_and(Template::is_constant) {
            self.findings.push(
                Finding::warning("constant_key", "the key is the same for all that comes")
                    .at_path(path)
                    .help("Write an expression over `trigger`."),
            );
        }
        Key(template)
    }
}

impl Key {
    /// What a value's key is; empty for a window that has none.
    fn of(&self, trigger: &Json, run: RunFacts) -> Result<String, ExpressionError> {
        let Some(template) = &self.0 else {
            return Ok(String::new());
        };
        let none = Value::Object(Map::new()).into();
        let values = Arc::new(Values::new(none, trigger.clone(), run, Arc::default()));
        let rendered = template.render(&values)?;
        Ok(match rendered.value() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }
}

impl Dedupe {
    /// The key of what came.
    ///
    /// # Errors
    /// When the expression has no value for it.
    pub fn key(&self, trigger: &Json, run: RunFacts) -> Result<String, ExpressionError> {
        self.key.of(trigger, run)
    }
}

impl Grouping {
    /// The key of what came.
    ///
    /// # Errors
    /// When the expression has no value for it.
    pub fn key(&self, trigger: &Json, run: RunFacts) -> Result<String, ExpressionError> {
        self.key.of(trigger, run)
    }

    /// Whether what comes may wait before it starts a run.
    pub fn waits(&self) -> bool {
        !matches!(
            self.rule,
            Rule::Throttle {
                over: Over::Skip,
                ..
            }
        )
    }
}

impl Rule {
    /// When a window that was opened at `opened` and holds `held` things of `bytes`, the last of which came at
    /// `last`, starts its run. For a throttle see [`free_at`].
    pub fn due(&self, opened: Timestamp, last: Timestamp, held: u32, bytes: u64) -> Timestamp {
        let full = held >= MOST_HELD || bytes >= MOST_BYTES;
        match self {
            _ if full => last,
            Self::Debounce { delay, max_delay } => last.after(*delay).min(opened.after(*max_delay)),
            Self::Batch { count, .. } if held >= *count => last,
            Self::Batch { time, .. } => opened.after(*time),
            Self::Throttle { .. } => last,
        }
    }
}

/// When one more may start, after these starts (oldest first), at most `limit` within `per`.
pub fn free_at(starts: &[Timestamp], limit: u32, per: Span, now: Timestamp) -> Timestamp {
    let limit = limit.max(1) as usize;
    match starts
        .len()
        .checked_sub(limit)
        .and_then(|at| starts.get(at))
    {
        Some(start) => start.after(per).max(now),
        None => now,
    }
}

/// The starts that still count. Those that a clock set back has left further in the future than `per` do
/// not: nothing waits longer than twice that.
pub fn counted(starts: &[Timestamp], per: Span, now: Timestamp) -> Vec<Timestamp> {
    let counts = |start: &&Timestamp| start.after(per) > now && **start <= now.after(per);
    starts.iter().filter(counts).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::RunId;
    use serde_json::json;

    fn trigger(value: Value) -> Trigger {
        let mut all = json!({ "id": "t", "event": { "type": "x" } });
        for (key, value) in value.as_object().unwrap() {
            all[key] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    fn run() -> RunFacts {
        RunFacts {
            id: RunId::from_parts(0, [0; 10]),
            started_at: at(0),
            scheduled_at: None,
        }
    }

    #[test]
    fn keys_are_made_of_what_came() {
        let windows = Windows::compile(&trigger(json!({
            "dedupe": { "key": "{{ trigger.data.id }}/{{ trigger.type }}" },
            "debounce": { "key": "{{ trigger.data }}", "delay": "10s" },
        })))
        .unwrap()
        .unwrap();
        let came = Json::from(json!({ "type": "x", "data": { "id": 7 } }));
        let dedupe = windows.dedupe.unwrap();
        assert_eq!(dedupe.key(&came, run()).as_deref(), Ok("7/x"));
        assert_eq!(dedupe.window, Span::from_secs(86_400));
        let grouping = windows.grouping.unwrap();
        assert_eq!(grouping.key(&came, run()).as_deref(), Ok("{\"id\":7}"));
        let max_delay = Span::from_secs(100);
        let delay = Span::from_secs(10);
        assert_eq!(grouping.rule, Rule::Debounce { delay, max_delay });
        assert!(
            dedupe
                .key(&Json::from(json!({ "type": "x", "data": {} })), run())
                .is_err()
        );
        assert!(Windows::compile(&trigger(json!({}))).unwrap().is_none());
    }

    #[test]
    fn a_steady_stream_still_runs() {
        let rule = Rule::Debounce {
            delay: Span::from_secs(10),
            max_delay: Span::from_secs(60),
        };
        assert_eq!(rule.due(at(0), at(0), 1, 0), at(10));
        assert_eq!(rule.due(at(0), at(45), 9, 0), at(55));
        assert_eq!(rule.due(at(0), at(55), 11, 0), at(60));
        assert_eq!(rule.due(at(0), at(5), MOST_HELD, 0), at(5));
    }

    #[test]
    fn a_batch_is_due_when_it_is_full_or_its_time_is_over() {
        let rule = Rule::Batch {
            count: 3,
            time: Span::from_secs(30),
        };
        assert_eq!(rule.due(at(0), at(20), 2, 0), at(30));
        assert_eq!(rule.due(at(0), at(20), 3, 0), at(20));
        assert_eq!(rule.due(at(0), at(20), 2, MOST_BYTES), at(20));
    }

    #[test]
    fn a_throttle_lets_so_many_through_in_each_stretch() {
        let per = Span::from_secs(60);
        assert_eq!(free_at(&[], 2, per, at(0)), at(0));
        assert_eq!(free_at(&[at(0)], 2, per, at(1)), at(1));
        assert_eq!(free_at(&[at(0), at(1)], 2, per, at(2)), at(60));
        assert_eq!(free_at(&[at(0), at(1), at(60)], 2, per, at(60)), at(61));
        assert_eq!(counted(&[at(0), at(1)], per, at(60)), [at(1)]);
        // The clock goes back: it is free within twice the stretch.
        for (wrong, counts) in [(30, true), (60, true), (61, false), (5_000, false)] {
            let starts = counted(&[at(wrong)], per, at(0));
            assert_eq!(!starts.is_empty(), counts, "a start at {wrong}");
            assert!(free_at(&starts, 1, per, at(0)) <= at(120));
        }
    }

    #[test]
    fn windows_that_cannot_be_are_told() {
        let wrong = [
            trigger(json!({ "debounce": { "delay": "5ms" }, "batch": { "count": 0, "time": "31d" } })),
            trigger(json!({ "debounce": { "delay": "10s", "max_delay": "5s" } })),
            trigger(json!({ "throttle": { "limit": 5, "per": "10ms", "key": "{{ trigger.dat }}" } })),
            trigger(json!({ "dedupe": { "key": "always" } })),
            trigger(json!({ "dedupe": { "key": "{{ inputs.x }}", "window": "0s" } })),
            serde_json::from_value(json!({ "id": "s", "schedule": { "cron": "@daily" }, "dedupe": { "key": "{{ trigger.scheduled_at }}" } })).unwrap(),
            serde_json::from_value(json!({ "id": "w", "webhook": { "verify": { "scheme": "none" }, "respond": "result" }, "batch": { "count": 2, "time": "1s" } })).unwrap(),
        ];
        let told: Vec<String> = wrong
            .iter()
            .flat_map(|trigger| Windows::read(trigger).1)
            .map(|f| {
                format!(
                    "{:?} {} {} {} | {}",
                    f.severity,
                    f.code,
                    f.path.unwrap_or_default(),
                    f.message,
                    f.help
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r###"
Error bad_window /debounce/delay `delay` is a time from 10ms to 30d | Give one in between.
Error bad_window /batch/time `time` is a time from 10ms to 30d | Give one in between.
Error bad_window /batch/count `count` is a number from 1 to 1000 | Give one in between.
Error bad_window  a trigger has at most one of `debounce`, `batch` and `throttle` | Keep the one that matters; `dedupe` goes with each.
Error bad_window /debounce/max_delay `max_delay` is a time from 10s to 30d | Give one in between.
Error bad_window /throttle/per `per` is a time from 1s to 30d | Give one in between.
Warning constant_key /dedupe/key the key is the same for all that comes | Write an expression over `trigger`.
Error bad_window /dedupe/window `window` is a time from 1s to 30d | Give one in between.
Error unknown_reference /dedupe/key "inputs" cannot be used in a trigger | A trigger knows `trigger` and `run`; the run's inputs are made of them.
Error bad_window  a schedule comes when it comes: it has no `dedupe`, `debounce`, `batch` or `throttle` | `overlap` says what happens when a run is still going.
Error bad_window /webhook/respond a delivery that waits for others cannot be answered with a run's result | Write `respond: accepted`, or take the window out.
"###);
    }
}
