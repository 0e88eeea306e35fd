//! Which secrets stand where in a configuration.

use crate::expression::Template;

/// A place in a rendered configuration where a secret may be filled in. What else stands in the configuration is data
/// of the run: text in it that looks like the name of a secret is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretPlace {
    /// JSON Pointer of the text, or of the value that it stands in.
    pub place: String,
    /// The secret's name.
    pub name: String,
}

/// The places of a template that name secrets.
pub fn secret_places(with: &Template) -> Vec<SecretPlace> {
    let mut places: Vec<SecretPlace> = with
        .expressions()
        .into_iter()
        .flat_map(|(place, expression)| {
            let names = expression.references().secrets();
            names
                .map(|name| SecretPlace {
                    place: place.clone(),
                    name: name.to_owned(),
                })
                .collect::<Vec<_>>()
        })
        .collect();
    places.sort();
    places.dedup();
    places
}
