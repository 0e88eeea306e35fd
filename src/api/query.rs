//! The query of an address.

use crate::service::Problem;
use druse_engine::expression::nearest;
use std::str::FromStr;

/// Names and values, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: Option<&str>) -> Self {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Self::default();
        };
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Whether all names are known: a name that is misspelt would else be no filter at all. A known name
    /// that ends with `.NAME` stands for all that begin as it does.
    pub(super) fn check(&self, known: &[&str]) -> Result<(), Problem> {
        let fits = |name: &str| {
            known.iter().any(|known| match known.strip_suffix("NAME") {
                Some(prefix) => name.len() > prefix.len() && name.starts_with(prefix),
                None => *known == name,
            })
        };
        let Some((name, _)) = self.0.iter().find(|(name, _)| !fits(name)) else {
            return Ok(());
        };
        let shown: String = name.chars().take(60).collect();
        let help = match nearest(name, known.iter().copied()) {
            _ if known.is_empty() => "This address takes none: leave it out.".to_owned(),
            Some(near) => format!("Did you mean `{near}`? Known here: {}.", known.join(", ")),
            None => format!("Known here: {}.", known.join(", ")),
        };
        Err(Problem::bad_request(
            "unknown_query",
            format!("There is no {shown:?} in the query of this address."),
            help,
        ))
    }

    /// The first value of a name that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The values of all names that begin with this, each with the rest of its name.
    pub(super) fn below(&self, prefix: &str) -> Vec<(String, String)> {
        let below = self.0.iter().filter_map(|(name, value)| {
            let rest = name.strip_prefix(prefix)?;
            (!rest.is_empty()).then(|| (rest.to_owned(), value.clone()))
        });
        below.collect()
    }

    /// A value that has to be of some form.
    pub(super) fn read<T: FromStr>(&self, name: &str, form: &str) -> Result<Option<T>, Problem> {
        self.get(name)
            .map(|text| text.parse().map_err(|_| wrong(name, text, form)))
            .transpose()
    }

    /// A value that has to be a word of an enumeration.
    pub(super) fn word<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        form: &str,
    ) -> Result<Option<T>, Problem> {
        self.get(name)
            .map(|text| serde_json::from_value(text.into()).map_err(|_| wrong(name, text, form)))
            .transpose()
    }
}

fn wrong(name: &str, text: &str, form: &str) -> Problem {
    let shown: String = text.chars().take(60).collect();
    Problem::bad_request(
        "bad_query",
        format!("`{name}` in the address is not {form}: {shown:?}."),
        "Correct it, or leave it out.",
    )
}
