//! What people say: a reason, a comment, the fields of a form, what a step gave. It is kept for long and shown to
//! many, so neither the values of secrets stand in it nor, where it is about a run, the run's sensitive inputs.

use super::call::Call;
use crate::runtime::Sensitive;
use crate::secret::Redactor;
use crate::service::Filled;
use druse_engine::{Json, RunId};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A person's words as they came. They are read only without the values of secrets, so that no handler can
/// forget it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in crate::api) struct Spoken(String);

impl Spoken {
    /// The words without secrets.
    fn without(self, hidden: &Hidden) -> String {
        let mut words = self.0;
        for redactor in hidden.all() {
            if let Cow::Owned(masked) = redactor.redact_text(&words) {
                words = masked;
            }
        }
        words
    }
}

/// A value that a person wrote, as it came. It is read only without the values of secrets, as words are.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in crate::api) struct SpokenValue(Value);

impl SpokenValue {
    /// The value without secrets, in whatever depth they stand.
    fn without(self, hidden: &Hidden) -> Value {
        hidden.masked(self.0)
    }

    /// The value as it came, for a form to be held against, and as it is kept: where a sensitive input of the run
    /// stands as a whole, its seal goes on to later steps, and nobody sees it.
    fn filled(self, hidden: &Hidden) -> Filled {
        Filled {
            kept: hidden.sealed(&self.0),
            given: self.0,
        }
    }
}

impl From<Value> for SpokenValue {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

/// What may not stand in what a person says.
pub(in crate::api) struct Hidden {
    /// The secrets that are known now.
    secrets: Arc<Redactor>,
    /// The sensitive inputs of the run that it is about.
    own: Option<Sensitive>,
}

impl Hidden {
    fn all(&self) -> impl Iterator<Item = &Redactor> {
        let own = self.own.iter().map(|own| &own.redactor);
        [&*self.secrets].into_iter().chain(own)
    }

    fn masked(&self, value: Value) -> Value {
        let mut value = Json::from(value);
        for redactor in self.all() {
            value = redactor.redact_json(&value);
        }
        value.value().clone()
    }

    fn sealed(&self, value: &Value) -> Value {
        match value {
            Value::Array(all) => all.iter().map(|one| self.sealed(one)).collect(),
            Value::Object(map) => {
                let sealed = map.iter().map(|(name, one)| {
                    let name = Spoken(name.clone()).without(self);
                    (name, self.sealed(one))
                });
                Value::Object(sealed.collect())
            }
            leaf => match self.seal_of(leaf) {
                Some(seal) => seal.into(),
                None => self.masked(leaf.clone()),
            },
        }
    }

    /// The seal of the sensitive input that this is, if it is one that is looked for.
    fn seal_of(&self, leaf: &Value) -> Option<&str> {
        let own = self.own.as_ref()?;
        let text = match leaf {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let (_, seal) = own.seals.iter().find(|(clear, _)| clear.expose() == text)?;
        let found = own.redactor.redact_json(&Json::from(leaf.clone())).value() != leaf;
        found.then_some(seal)
    }

    /// What was said, without any of it.
    pub(in crate::api) fn said(&self, spoken: Option<Spoken>) -> Option<String> {
        spoken.map(|spoken| spoken.without(self))
    }

    /// What was given, without any of it.
    pub(in crate::api) fn given(&self, spoken: Option<SpokenValue>) -> Option<Value> {
        spoken.map(|spoken| spoken.without(self))
    }

    /// The values of a form.
    pub(in crate::api) fn filled(&self, spoken: Option<SpokenValue>) -> Option<Filled> {
        spoken.map(|spoken| spoken.filled(self))
    }
}

impl From<&str> for Spoken {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// For whoever calls it is a text.
impl JsonSchema for Spoken {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// For whoever calls it is any value.
impl JsonSchema for SpokenValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Value::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Value::json_schema(generator)
    }
}

impl Call {
    /// What was said, without the values of the secrets that are known now.
    pub(in crate::api) fn said(&self, spoken: Option<Spoken>) -> Option<String> {
        let secrets = self.app.secrets.redactor();
        Hidden { secrets, own: None }.said(spoken)
    }

    /// What may not stand in what is said of a run.
    pub(in crate::api) fn hidden_of(&self, run: RunId) -> Hidden {
        Hidden {
            secrets: self.app.secrets.redactor(),
            own: self.app.engine.sensitive_of(run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use serde_json::json;

    fn hidden() -> Hidden {
        let (key, pin) = (Secret::from("s3cret/value"), Secret::from("4711"));
        Hidden {
            secrets: Arc::new(Redactor::new([&key])),
            own: Some(Sensitive {
                redactor: Redactor::of_inputs([&pin]),
                seals: vec![(pin, "{{ sealed.pin.AAAA }}".into())],
            }),
        }
    }

    #[test]
    fn words_lose_secrets_in_every_form_and_nothing_else() {
        let hidden = hidden();
        let without = |text: &str| Spoken::from(text).without(&hidden);
        assert_eq!(without("as agreed"), "as agreed");
        assert_eq!(
            without("it was s3cret/value, sent as s3cret%2Fvalue"),
            "it was [redacted], sent as [redacted]"
        );
        assert_eq!(
            without("4711 for s3cret/value, not 47110"),
            "[redacted] for [redacted], not 47110"
        );
    }

    #[test]
    fn values_lose_them_in_any_depth() {
        let given = json!({ "memo": "s3cret/value", "more": [{ "pin 4711": ["is 4711", 4711, 12, true] }] });
        assert_eq!(
            SpokenValue::from(given).without(&hidden()),
            json!({ "memo": "[redacted]", "more": [{ "pin [redacted]": ["is [redacted]", "[redacted]", 12, true] }] })
        );
    }
    #[test]
    fn a_form_is_checked_with_what_was_given_and_a_whole_sensitive_input_is_kept_as_its_seal() {
        let given = json!({ "pin": 4711, "same": "4711", "memo": "pin 4711, s3cret/value", "other": 47110,
            "more": [{ "4711": 4711 }], "open": true });
        let filled = SpokenValue::from(given.clone()).filled(&hidden());
        assert_eq!(filled.given, given);
        let seal = "{{ sealed.pin.AAAA }}";
        assert_eq!(
            filled.kept,
            json!({ "pin": seal, "same": seal, "memo": "pin [redacted], [redacted]", "other": 47110,
                "more": [{ "[redacted]": seal }], "open": true })
        );
    }
}
