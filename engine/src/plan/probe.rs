//! How it is found out whether a step happened: its `check`.

use super::{ActionKind, Plan};
use crate::definition::{EffectLevel, Step};
use crate::event::StepPath;
use crate::expression::{Expression, Template};
use serde_json::Value;

/// The id of what checks a step, the last part of its path, and the name of its answer in expressions.
pub(crate) const PROBE: &str = "check";
/// The name of the attempt that nobody knows the end of, in the expressions of a check.
pub(crate) const ATTEMPT: &str = "attempt";
/// What expressions may read of the answer.
pub(crate) const PROBED: [&str; 2] = ["output", "error"];

/// How it is found out whether a step happened.
#[derive(Debug)]
pub struct ProbePlan {
    /// The list whose only step looks, an index in [`super::Plan::blocks`].
    pub block: usize,
    /// Whether the step happened, over the answer; null when that does not say.
    pub done: Expression,
    /// The step's output when it happened; none for what the look gave.
    pub output: Option<Template>,
    /// Whether a failure of the look is an answer too.
    pub reads_failure: bool,
}

impl ProbePlan {
    pub(super) fn new(block: usize, done: Expression, output: Option<Template>) -> Self {
        let mut references = done.references().items.iter();
        Self {
            block,
            reads_failure: references
                .any(|item| item.root == PROBE && matches!(item.key(0), None | Some("error"))),
            done,
            output,
        }
    }
}

impl Plan {
    /// The step that the step of this path checks, where that is what it does.
    pub fn checked(&self, path: &StepPath) -> Option<StepPath> {
        let (of, id) = path.0.rsplit_once('.')?;
        let of = StepPath::from(of);
        let inside = of.0.ends_with(']')
            || self
                .split_handlers(path)
                .is_some_and(|(_, rest)| rest == PROBE);
        (id == PROBE && !inside && self.find(&of)?.probe.is_some()).then_some(of)
    }
}

/// What checks a step, as a step. It only reads, so that trying it again does no harm.
pub(crate) fn probe_step(step: &Step) -> Option<Step> {
    let probe = step.check.as_ref()?;
    Some(Step {
        id: PROBE.into(),
        action: Some(probe.action.clone()),
        with: Some(probe.with.clone()),
        timeout: probe.timeout,
        retry: Some(Box::new(probe.retry.clone().unwrap_or_default())),
        effects: Some(probe.effects.unwrap_or(EffectLevel::Read)),
        ..Step::default()
    })
}

/// Why what checks a step is not known to be one that only reads, in half a sentence; nothing when it is.
pub(crate) fn not_a_read(step: &Step) -> Option<String> {
    let probe = step.check.as_ref()?;
    let kind = ActionKind::parse(&probe.action)?;
    let text = |key: &str| probe.with.get(key).and_then(Value::as_str);
    if let Some(level) = probe.effects.filter(|level| *level > EffectLevel::Read) {
        let name = serde_json::to_value(level).unwrap_or_default();
        let name = name.as_str().unwrap_or_default().to_owned();
        return Some(format!("its `effects` is {name}"));
    }
    let said = probe.effects.is_some();
    match kind {
        ActionKind::Http => {
            let written = probe.with.contains_key("method");
            let looks = matches!(text("method"), Some("GET" | "HEAD" | "OPTIONS"));
            let method = text("method").unwrap_or("that method");
            (written && !looks && !said).then(|| format!("{method} may change something"))
        }
        ActionKind::Sql => {
            let word = crate::action_config::first_word(text("statement").unwrap_or_default());
            // What follows on `with` may write, and so may a function that is selected.
            let looks = matches!(word.as_str(), "select" | "values" | "show" | "table");
            (!looks && !said).then(|| format!("`{word}` may change something"))
        }
        ActionKind::File => {
            let op = text("op").unwrap_or_default();
            (!matches!(op, "read" | "list" | "search")).then(|| format!("`{op}` changes a file"))
        }
        ActionKind::Shell | ActionKind::Mcp | ActionKind::Tool => {
            (!said).then(|| "nothing says that it only reads".to_owned())
        }
        ActionKind::Mail => Some("it sends something".to_owned()),
        ActionKind::Emit => Some("it tells others".to_owned()),
        ActionKind::Automation => Some("it starts another run".to_owned()),
        ActionKind::Transform
        | ActionKind::Wait
        | ActionKind::ApprovalGate
        | ActionKind::Switch => Some("it looks at nothing outside".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_what_is_done_with_files_some_only_reads() {
        for (op, reads) in [
            ("read", true),
            ("list", true),
            ("search", true),
            ("write", false),
            ("edit", false),
            ("delete", false),
        ] {
            let step: Step = serde_json::from_value(json!({
                "id": "a", "action": "file", "with": { "op": op },
                "check": { "action": "file", "with": { "op": op }, "done": "true" },
            }))
            .unwrap();
            assert_eq!(not_a_read(&step).is_none(), reads, "{op}");
        }
    }
}
