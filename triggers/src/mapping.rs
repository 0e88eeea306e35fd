//! From what came to what runs: the `when` and the `inputs` of a trigger.

use crate::suggest::{did_you_mean, shown};
use druse_engine::{
    Finding, Json,
    definition::Trigger,
    expression::{Expression, ExpressionError, Reference, RunFacts, Template, Values},
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A compiled `when` and `inputs`.
#[derive(Debug, Clone)]
pub struct Mapping {
    when: Option<Expression>,
    inputs: Template,
}

/// What a firing comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Mapped {
    /// `when` does not hold: no run.
    Filtered,
    /// A run with these inputs, an object; defaults and the schema of the inputs are the plan's part.
    Start(Json),
}

/// Why no inputs could be made of what came: the firing is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MappingError {
    /// As in [`ExpressionError`].
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// JSON Pointer into the trigger, such as `/inputs/region`.
    pub path: String,
}

impl MappingError {
    fn at(path: String, error: ExpressionError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            help: error.help,
            path,
        }
    }
}

impl Mapping {
    /// Compiles the two and checks the names they use. Paths of findings begin at the trigger.
    pub fn compile(trigger: &Trigger) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let names = Names::of(trigger);
        let mut when = None;
        if let Some(source) = &trigger.when {
            match Expression::compile(source) {
                Ok(expression) => {
                    names.check(&expression, "/when", &mut findings);
                    when = Some(expression);
                }
                Err(error) => findings.push(finding(error, "/when")),
            }
        }
        // `when` looks at each by itself; what a batch starts is made of all of them.
        let names = match trigger.batch {
            Some(_) => Names::of_batch(),
            None => names,
        };
        let inputs = compile_template(
            &Value::Object(trigger.inputs.clone()),
            "/inputs",
            &names,
            &mut findings,
        );
        match inputs {
            Some(inputs) if findings.is_empty() => Ok(Self { when, inputs }),
            _ => Err(findings),
        }
    }

    /// Whether the firing starts a run, and with what. `trigger` is what came, `run` the run that it
    /// would become.
    ///
    /// # Errors
    /// When an expression has no value for what came.
    pub fn apply(&self, trigger: Json, run: RunFacts) -> Result<Mapped, MappingError> {
        if !self.holds(&trigger, run.clone())? {
            return Ok(Mapped::Filtered);
        }
        self.inputs(trigger, run).map(Mapped::Start)
    }

    /// Whether `when` holds for what came.
    ///
    /// # Errors
    /// When it has no value for it.
    pub fn holds(&self, trigger: &Json, run: RunFacts) -> Result<bool, MappingError> {
        let Some(when) = &self.when else {
            return Ok(true);
        };
        when.holds(&values(trigger.clone(), run))
            .map_err(|error| MappingError::at("/when".into(), error))
    }

    /// The inputs of the run, whatever `when` says.
    ///
    /// # Errors
    /// When an expression has no value for what came.
    pub fn inputs(&self, trigger: Json, run: RunFacts) -> Result<Json, MappingError> {
        self.inputs.render(&values(trigger, run)).map_err(|error| {
            MappingError::at(
                format!("/inputs{}", error.path.as_deref().unwrap_or_default()),
                error,
            )
        })
    }
}

fn values(trigger: Json, run: RunFacts) -> Arc<Values> {
    let none = Value::Object(Map::new()).into();
    Arc::new(Values::new(none, trigger, run, Arc::default()))
}

/// The value of `trigger` for a schedule.
pub fn scheduled(at: druse_engine::Timestamp) -> Value {
    serde_json::json!({ "scheduled_at": at })
}

fn finding(error: ExpressionError, path: impl Into<String>) -> Finding {
    Finding::error(error.code, error.message)
        .at_path(path)
        .help(error.help)
}

/// Compiles a template and checks its names; `None` after an error.
pub(crate) fn compile_template(
    value: &Value,
    path: &str,
    names: &Names,
    findings: &mut Vec<Finding>,
) -> Option<Template> {
    match Template::compile(value) {
        Ok(template) => {
            for (inner, expression) in template.expressions() {
                names.check(expression, &format!("{path}{inner}"), findings);
            }
            Some(template)
        }
        Err(errors) => {
            findings.extend(
                errors
                    .into_iter()
                    .map(|placed| finding(placed.error, format!("{path}{}", placed.path))),
            );
            None
        }
    }
}

/// The names that expressions of a trigger may use.
pub(crate) struct Names {
    roots: &'static [&'static str],
    /// Fields of `trigger`; empty when they are not known.
    fields: &'static [&'static str],
    /// Whether `trigger` may have others: the extension attributes of an event.
    open: bool,
}

impl Names {
    pub(crate) fn of(trigger: &Trigger) -> Self {
        let roots = &["trigger", "run"];
        if trigger.webhook.is_some() {
            Self {
                roots,
                fields: &["body", "headers", "query", "method", "id"],
                open: false,
            }
        } else if trigger.event.is_some() {
            let fields = &[
                "specversion",
                "id",
                "source",
                "type",
                "subject",
                "time",
                "datacontenttype",
                "dataschema",
                "data",
                "data_base64",
            ];
            Self {
                roots,
                fields,
                open: true,
            }
        } else if trigger.files.is_some() {
            Self {
                roots,
                fields: &["path", "name", "size", "modified", "event", "digest"],
                open: false,
            }
        } else if trigger.poll.is_some() {
            Self {
                roots,
                fields: &["item", "key"],
                open: false,
            }
        } else {
            Self {
                roots,
                fields: &["scheduled_at"],
                open: false,
            }
        }
    }

    /// The names of a run that takes many.
    pub(crate) fn of_batch() -> Self {
        Self {
            roots: &["trigger", "run"],
            fields: &["items", "count", "first_at", "last_at"],
            open: false,
        }
    }

    /// The names of an answer that is made when the run is over.
    pub(crate) fn of_answer() -> Self {
        Self {
            roots: &["trigger", "run", "inputs", "steps"],
            ..Self::of(&Trigger {
                webhook: Some(Default::default()),
                ..Trigger::default()
            })
        }
    }

    fn check(&self, expression: &Expression, path: &str, findings: &mut Vec<Finding>) {
        for reference in &expression.references().items {
            if let Some((message, help)) = self.wrong(reference) {
                findings.push(
                    Finding::error("unknown_reference", message)
                        .at_path(path)
                        .help(help),
                );
            }
        }
    }

    fn wrong(&self, reference: &Reference) -> Option<(String, String)> {
        let root = reference.root.as_str();
        if !self.roots.contains(&root) {
            let message = format!("{} cannot be used in a trigger", shown(root));
            let help = match root {
                "inputs" | "steps" | "secrets" => {
                    "A trigger knows `trigger` and `run`; the run's inputs are made of them."
                        .to_owned()
                }
                _ => did_you_mean(root, self.roots),
            };
            return Some((message, help));
        }
        let key = reference.key(0)?;
        let fields: &[&str] = match root {
            "trigger" => self.fields,
            "run" => &["id", "started_at", "scheduled_at"],
            _ => return None,
        };
        let is_extension = self.open
            && root == "trigger"
            && key
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if fields.contains(&key) || is_extension {
            return None;
        }
        Some((
            format!("`{root}` has no {} here", shown(key)),
            did_you_mean(key, fields),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::{RunId, Timestamp};
    use serde_json::json;

    fn trigger(value: Value) -> Trigger {
        serde_json::from_value(value).unwrap()
    }

    fn webhook(when: Value, inputs: Value) -> Trigger {
        let mut all = json!({ "id": "orders", "webhook": { "verify": { "scheme": "none" } }, "inputs": inputs });
        if !when.is_null() {
            all["when"] = when;
        }
        trigger(all)
    }

    fn run() -> RunFacts {
        RunFacts {
            id: RunId::from_parts(0, [0; 10]),
            started_at: Timestamp(0),
            scheduled_at: None,
        }
    }

    fn orders(total: i64) -> Json {
        json!({ "body": { "total": total, "region": "EU", "lines": [1, 2] }, "headers": {}, "query": {}, "method": "POST", "id": null }).into()
    }

    #[test]
    fn a_delivery_becomes_inputs_with_their_types() {
        let mapping = Mapping::compile(&webhook(
            json!("trigger.body.total > 100"),
            json!({ "region": "{{ trigger.body.region }}", "lines": "{{ trigger.body.lines }}", "title": "Order of {{ trigger.body.total }}", "fixed": 7 }),
        ))
        .unwrap();
        assert_eq!(
            mapping.apply(orders(101), run()),
            Ok(Mapped::Start(
                json!({ "region": "EU", "lines": [1, 2], "title": "Order of 101", "fixed": 7 })
                    .into()
            ))
        );
        assert_eq!(mapping.apply(orders(100), run()), Ok(Mapped::Filtered));
    }

    #[test]
    fn what_did_not_come_is_told_with_its_place() {
        let mapping = Mapping::compile(&webhook(
            Value::Null,
            json!({ "to": ["{{ trigger.body.mail }}"] }),
        ))
        .unwrap();
        let error = mapping.apply(orders(1), run()).unwrap_err();
        assert_eq!(
            (error.code, error.path.as_str()),
            ("undefined_value", "/inputs/to/0")
        );
        let mapping =
            Mapping::compile(&webhook(json!("trigger.body.count > 1"), json!({}))).unwrap();
        let error = mapping.apply(orders(1), run()).unwrap_err();
        assert_eq!(
            (error.code, error.path.as_str()),
            ("undefined_value", "/when")
        );
    }

    #[test]
    fn schedules_and_events_map_too() {
        let at: Timestamp = "2027-03-28T01:00:00Z".parse().unwrap();
        let nightly = trigger(
            json!({ "id": "n", "schedule": { "cron": "@daily" }, "inputs": { "day": "{{ trigger.scheduled_at | format_date('%Y-%m-%d') }}", "at": "{{ run.scheduled_at }}" } }),
        );
        let facts = RunFacts {
            scheduled_at: Some(at),
            ..run()
        };
        let mapped = Mapping::compile(&nightly)
            .unwrap()
            .apply(scheduled(at).into(), facts);
        assert_eq!(
            mapped,
            Ok(Mapped::Start(
                json!({ "day": "2027-03-28", "at": "2027-03-28T01:00:00.000Z" }).into()
            ))
        );

        let event = crate::event::read_one(json!({ "specversion": "1.0", "id": "1", "source": "s", "type": "t", "tenant": "x", "data": { "n": 1 } })).unwrap();
        let closed = trigger(
            json!({ "id": "c", "event": { "type": "t" }, "when": "trigger.subject == none", "inputs": { "n": "{{ trigger.data.n }}", "tenant": "{{ trigger.tenant }}" } }),
        );
        let mapped = Mapping::compile(&closed)
            .unwrap()
            .apply(event.trigger().into(), run());
        assert_eq!(
            mapped,
            Ok(Mapped::Start(json!({ "n": 1, "tenant": "x" }).into()))
        );
    }

    #[test]
    fn wrong_names_are_found_before_anything_comes() {
        let wrong = [
            webhook(
                json!("trigger.boddy.total > 1"),
                json!({ "a": "{{ inputs.x }}", "b": ["{{ trigger.data }}"], "c": "{{ secrets.key }}" }),
            ),
            webhook(
                json!("trigger.body >"),
                json!({ "a": "{{ triger.body }}", "b": "{{ trigger.body | nofilter }}" }),
            ),
            trigger(
                json!({ "id": "n", "schedule": {}, "inputs": { "a": "{{ trigger.body }}", "b": "{{ run.now }}" } }),
            ),
            trigger(json!({ "id": "e", "event": { "type": "t" }, "when": "trigger.Data" })),
        ];
        let told: Vec<String> = wrong
            .iter()
            .flat_map(|trigger| Mapping::compile(trigger).unwrap_err())
            .map(|f| {
                format!(
                    "{} {} {} | {}",
                    f.code,
                    f.path.unwrap_or_default(),
                    f.message,
                    f.help
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r###"
    unknown_reference /when `trigger` has no "boddy" here | Did you mean `body`?
    unknown_reference /inputs/a "inputs" cannot be used in a trigger | A trigger knows `trigger` and `run`; the run's inputs are made of them.
    unknown_reference /inputs/b/0 `trigger` has no "data" here | Known here: body, headers, query, method, id.
    unknown_reference /inputs/c "secrets" cannot be used in a trigger | A trigger knows `trigger` and `run`; the run's inputs are made of them.
    bad_expression /when the expression cannot be read: unexpected end of input, expected expression | 
    bad_expression /inputs/b there is no filter `nofilter` | 
    unknown_reference /inputs/a `trigger` has no "body" here | Known here: scheduled_at.
    unknown_reference /inputs/b `run` has no "now" here | Known here: id, started_at, scheduled_at.
    unknown_reference /when `trigger` has no "Data" here | Did you mean `data`?
    "###);
    }
}
