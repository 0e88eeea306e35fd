//! The headers of a request: names in any case, values as text.

/// Headers in the order in which they came, doubled ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

/// A header that may come only once came twice: two readers could take different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a header was sent twice")]
pub struct Doubled;

impl Headers {
    /// The one value of a header, blanks around it taken off.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Doubled> {
        let mut values = self
            .0
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = values.next();
        match values.next() {
            Some(_) => Err(Doubled),
            None => Ok(first.map(|(_, value)| value.trim_matches([' ', '\t']))),
        }
    }

    /// Names and values, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        Self(
            headers
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}
