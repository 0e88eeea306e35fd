//! The places of a draft that recorded values stand at.

use crate::kept::Spot;
use druse_engine::definition::{Document, Step};
use serde_json::Value;

/// The step at a place of a document.
fn step_at(document: &Document, spot: Spot) -> Option<&Step> {
    let step = document.steps.get(spot.step)?;
    let inside = [spot.inner, spot.deep];
    inside
        .into_iter()
        .flatten()
        .try_fold(step, |step, inner| step.steps.get(inner))
}

/// The place of the text that a place of a step lies in: what is bound as a whole stands in one.
pub(super) fn whole_of<'i>(document: &Document, spot: Spot, inner: &'i str) -> &'i str {
    let find = || {
        let with = step_at(document, spot)?.with.as_ref()?;
        let mut end = "/with".len();
        let mut parts = inner.strip_prefix("/with/")?.split('/');
        let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
        let first = parts.next()?;
        end += 1 + first.len();
        let mut value = with.get(&unescape(first))?;
        for part in parts {
            value = match value {
                Value::Object(map) => map.get(&unescape(part))?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return inner.get(..end),
            };
            end += 1 + part.len();
        }
        inner.get(..end)
    };
    find().unwrap_or(inner)
}

/// The text that stands at a place of a step.
pub(super) fn written<'d>(document: &'d Document, spot: Spot, inner: &str) -> Option<&'d str> {
    let with = step_at(document, spot)?.with.as_ref()?;
    let mut parts = inner.strip_prefix("/with/")?.split('/');
    let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let mut value = with.get(&unescape(parts.next()?))?;
    for part in parts {
        value = match value {
            Value::Object(map) => map.get(&unescape(part))?,
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            // What stands in a text as a whole is bound with it.
            other => return other.as_str(),
        };
    }
    value.as_str()
}
