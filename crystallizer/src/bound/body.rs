//! What the body of a loop sends in every pass. A value that the person said for it may be one that the elements have,
//! too: then it says nothing about which of them are meant.

use super::canonical;
use super::filter::{Filter, filters, shared, written};
use super::key::{Key, agree};
use super::said::Said;
use super::selector::{Origin, Scope, matches};
use super::turn::Equal;
use crate::session::ToolCall;
use serde_json::Value;

/// The answer that all elements are meant.
pub(super) const ALL: &str = "all";

/// The values that are sent in every pass, with their keys.
#[derive(Debug, Default)]
pub(super) struct Body {
    sent: Vec<(Key, Value)>,
}

impl Body {
    /// The body of these passes, each with its calls in their order.
    pub(super) fn of<'c>(passes: impl Iterator<Item = Vec<&'c ToolCall>>) -> Self {
        let mut sent: Vec<(usize, String, Key, Value)> = Vec::new();
        for (pass, calls) in passes.enumerate() {
            if pass == 0 {
                for (place, call) in calls.iter().enumerate() {
                    crate::leaf::leaves(&call.arguments, &mut |pointer, _, leaf| {
                        let path = pointer
                            .split('/')
                            .skip(1)
                            .filter(|word| !word.bytes().all(|b| b.is_ascii_digit()));
                        let key = Key::new(path.collect::<Vec<_>>().into_iter(), &call.name);
                        sent.push((place, pointer.to_owned(), key, leaf.clone()));
                    });
                }
                continue;
            }
            sent.retain(|(place, pointer, _, value)| {
                calls
                    .get(*place)
                    .and_then(|call| crate::pointer::at(&call.arguments, pointer))
                    == Some(value)
            });
        }
        Self {
            sent: sent
                .into_iter()
                .map(|(.., key, value)| (key, value))
                .collect(),
        }
    }

    /// The keys under which a value is sent that all elements have in a field, where the person said it.
    fn keys_of<'b>(&'b self, equal: &'b Equal, elements: &[Value]) -> Vec<&'b Key> {
        let is_shared = equal.is_said() && elements.iter().all(|one| matches(one, &[equal]));
        let form = canonical::form(&equal.value);
        self.sent
            .iter()
            .filter(|(_, value)| is_shared && canonical::form(value) == form)
            .map(|(key, _)| key)
            .collect()
    }

    /// Whether what a field is equal to was said for what is sent: under a key of another meaning, as what that key is
    /// to be, and not beside the name of the field.
    pub(super) fn is_for_itself(&self, equal: &Equal, elements: &[Value], said: &Said) -> bool {
        let keys = self.keys_of(equal, elements);
        let field = Key::new(equal.field.iter().map(String::as_str), "");
        let is_named = said.is_named_beside(&equal.value, &field.words);
        let is_for =
            |key: &Key| agree(key, &field) < 2 && said.is_assigned(&equal.value, &key.words);
        !keys.is_empty() && !is_named && keys.into_iter().all(is_for)
    }
}

/// The fields of which nobody can tell whether they say which elements are meant, or only have by chance what the
/// person said for something else: none of the list parts them. Each with what a person answers to take it, and before
/// them what is answered where all are meant.
pub(super) fn doubts(
    elements: &[Value],
    chosen: &[usize],
    origin: &Origin<'_>,
    scope: &Scope<'_>,
    body: &Body,
) -> Vec<(String, Filter)> {
    let all = filters(elements, chosen, origin, scope, body);
    let mut compared: Vec<Equal> = shared(elements, chosen, origin, scope);
    for equal in all.iter().flat_map(Filter::equals) {
        if !compared.contains(equal) {
            compared.push(equal.clone());
        }
    }
    let doubtful: Vec<Equal> = compared
        .into_iter()
        .filter(|equal| {
            !body.keys_of(equal, elements).is_empty()
                && !body.is_for_itself(equal, elements, scope.said)
        })
        .collect();
    if doubtful.is_empty() {
        return Vec::new();
    }
    let base = all
        .into_iter()
        .map(|filter| filter.without(&doubtful))
        .find(|filter| filter.of(elements) == chosen);
    let Some(base) = base else {
        return Vec::new();
    };
    let mut all = vec![(ALL.to_owned(), base.clone())];
    for equal in &doubtful {
        let (answer, one) = written(&equal.field, &equal.value);
        all.push((answer, base.and(&one)));
    }
    all
}
