//! What people say about what they do: a reason, a comment. It is kept for long and shown to many, so the values
//! of secrets do not stand in it.

use super::call::Call;
use crate::secret::Redactor;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use std::borrow::Cow;

/// A person's words as they came. They are read only without the values of secrets, so that no handler can
/// forget it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in crate::api) struct Spoken(String);

impl Spoken {
    /// The words without secrets.
    pub(in crate::api) fn without(self, secrets: &Redactor) -> String {
        match secrets.redact_text(&self.0) {
            Cow::Borrowed(_) => self.0,
            Cow::Owned(masked) => masked,
        }
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

impl Call {
    /// What was said, without the values of the secrets that are known now.
    pub(in crate::api) fn said(&self, spoken: Option<Spoken>) -> Option<String> {
        spoken.map(|spoken| spoken.without(&self.app.secrets.redactor()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn words_lose_secrets_in_every_form_and_nothing_else() {
        let key = Secret::from("s3cret/value");
        let secrets = Redactor::new([&key]);
        let without = |text: &str| Spoken::from(text).without(&secrets);
        assert_eq!(without("as agreed"), "as agreed");
        assert_eq!(
            without("it was s3cret/value, sent as s3cret%2Fvalue"),
            "it was [redacted], sent as [redacted]"
        );
    }
}
