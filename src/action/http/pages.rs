//! Reads a service that answers page by page: one attempt, all pages or none.

use super::{
    Http,
    request::{Payload, Request, climbs},
};
use crate::action::{Attempt, Failed, attempt::Performed, input};
use druse_engine::{
    Json,
    action_config::{PAGE, Paginate},
    expression::{Expression, Frame, Values},
};
use http::Method;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use url::Url;

/// Pages that are read at most, when the step does not say.
const PAGES: u32 = 100;
/// Pages that a step may want.
const MOST_PAGES: u32 = 10_000;

pub(super) async fn read(
    http: &Http,
    attempt: &Attempt,
    paginate: &Paginate,
    limit: Duration,
) -> Performed {
    let most = paginate.max.unwrap_or(PAGES);
    if most == 0 || most > MOST_PAGES {
        return Err(Failed::input(format!(
            "\"max\" is between 1 and {MOST_PAGES}."
        )));
    }
    let items = compiled(&paginate.items)?;
    let next = match paginate.next.as_str() {
        "link" => None,
        source => Some(compiled(source)?),
    };
    let mut request = Request::read(attempt, &http.connections, &http.secrets)?;
    if request.method != Method::GET || !matches!(request.payload, Payload::None) {
        return Err(Failed::input("Pages are read by GET, without a body."));
    }
    let first = request.url.clone();
    let mut asked = BTreeSet::new();
    let mut all = Vec::new();
    let mut room = http.limits.http_body;
    let mut number = 0;
    loop {
        number += 1;
        if number > most {
            let message = format!("The service has more than {most} pages.");
            return Err(
                Failed::permanent("too_many_pages", message).details(json!({ "limit": most }))
            );
        }
        if !asked.insert(request.url.to_string()) {
            let message = format!("Page {number} leads back to an earlier one.");
            return Err(Failed::permanent("page_repeats", message));
        }
        let output = http.ask(request.again(), room, limit, &attempt.log).await?;
        // What one page holds counts for all: the step gives them together.
        room = room.saturating_sub(output.text().len());
        if room == 0 {
            let most = http.limits.http_body;
            let message = format!("The pages together are larger than {most} bytes.");
            return Err(
                Failed::permanent("output_too_large", message).details(json!({ "limit": most }))
            );
        }
        let page = Page::new(&output, number);
        all.extend(page.items(&items)?);
        let step = match &next {
            None => page.link().map(Step::Address),
            Some(expression) => page.step(expression)?,
        };
        match step {
            None => {
                return Ok(json!({
                    "status": output.value()["status"],
                    "headers": output.value()["headers"],
                    "json": all,
                    "pages": number,
                })
                .into());
            }
            Some(Step::Address(text)) => request.url = address(&request, &text, number)?,
            Some(Step::Query(map)) => request.url = with_query(&first, &map)?,
        }
    }
}

fn compiled(source: &str) -> Result<Expression, Failed> {
    Expression::compile(source)
        .map_err(|error| Failed::input(format!("{source:?} cannot be read: {}.", error.message)))
}

/// Where the next page is.
enum Step {
    Address(String),
    Query(Map<String, Value>),
}

/// A page as expressions see it.
struct Page {
    number: u32,
    values: Arc<Values>,
}

impl Page {
    fn new(output: &Json, number: u32) -> Self {
        let mut page = output.value().clone();
        page["number"] = number.into();
        let mut values = Arc::unwrap_or_clone(Values::for_trigger(Json::null()));
        values.frames = vec![Arc::new(Frame {
            locals: vec![(PAGE.into(), page.into())],
            ..Frame::default()
        })];
        Self {
            number,
            values: Arc::new(values),
        }
    }

    fn evaluate(&self, expression: &Expression) -> Result<Json, Failed> {
        expression.evaluate_json(&self.values).map_err(|error| {
            let message = format!(
                "{:?} has no value on page {}: {}.",
                expression.source(),
                self.number,
                error.message
            );
            Failed::permanent(error.code, message)
        })
    }

    fn items(&self, expression: &Expression) -> Result<Vec<Value>, Failed> {
        match self.evaluate(expression)?.value() {
            Value::Array(items) => Ok(items.clone()),
            _ => Err(Failed::permanent(
                "bad_page",
                format!(
                    "{:?} is no list on page {}.",
                    expression.source(),
                    self.number
                ),
            )),
        }
    }

    fn step(&self, expression: &Expression) -> Result<Option<Step>, Failed> {
        match self.evaluate(expression)?.value() {
            Value::Null | Value::Bool(false) => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) => Ok(Some(Step::Address(text.clone()))),
            Value::Object(map) if map.is_empty() => Ok(None),
            Value::Object(map) => Ok(Some(Step::Query(map.clone()))),
            _ => Err(Failed::permanent(
                "bad_page",
                format!(
                    "{:?} is neither an address nor query parameters on page {}.",
                    expression.source(),
                    self.number
                ),
            )),
        }
    }

    fn link(&self) -> Option<String> {
        let page = self.values.local(PAGE)?.value();
        let headers = match &page["headers"]["link"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        headers.into_iter().find_map(next_link).map(str::to_owned)
    }
}

/// The address of a page, which stays with the service that was meant: what a service answers must not
/// send the step's headers elsewhere.
fn address(request: &Request, text: &str, number: u32) -> Result<Url, Failed> {
    let refused = || {
        Failed::permanent(
            "address_not_allowed",
            format!(
                "The page after page {} is outside of the service that the step names.",
                number
            ),
        )
    };
    let url = request.url.join(text).map_err(|_| refused())?;
    let below = match &request.base {
        None => true,
        Some(root) => url
            .path()
            .strip_prefix(root.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    };
    let plain = url.username().is_empty() && url.password().is_none();
    if url.origin() != request.url.origin() || !below || !plain || climbs(url.path()) {
        return Err(refused());
    }
    Ok(url)
}

/// The first address with other query parameters.
fn with_query(first: &Url, map: &Map<String, Value>) -> Result<Url, Failed> {
    let wrapped = Map::from_iter([("query".to_owned(), Value::Object(map.clone()))]);
    let given = input::pairs(&wrapped, "query")?;
    let kept: Vec<(String, String)> = first
        .query_pairs()
        .filter(|(name, _)| !map.contains_key(name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut url = first.clone();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .extend_pairs(given);
    if url.query() == Some("") {
        url.set_query(None);
    }
    Ok(url)
}

/// The address of `rel="next"` in a `Link` header (RFC 8288).
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some(start) = rest.find('<') {
        let inside = &rest[start + 1..];
        let end = inside.find('>')?;
        let (address, behind) = (&inside[..end], &inside[end + 1..]);
        let length = outside_quotes(behind, ',');
        if is_next(&behind[..length]) {
            return Some(address);
        }
        rest = &behind[length..];
    }
    None
}

/// Where a character stands outside of quotes; the end when it does not.
fn outside_quotes(text: &str, wanted: char) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            letter if letter == wanted && !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_next(params: &str) -> bool {
    let mut rest = params;
    while !rest.is_empty() {
        let (param, behind) = rest.split_at(outside_quotes(rest, ';'));
        rest = behind.get(1..).unwrap_or_default();
        let Some((name, value)) = param.split_once('=') else {
            continue;
        };
        let relations = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("rel")
            && relations
                .split_whitespace()
                .any(|relation| relation.eq_ignore_ascii_case("next"))
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        for (header, expected) in [
            (
                "<https://h/?page=2>; rel=\"next\", <https://h/?page=9>; rel=\"last\"",
                Some("https://h/?page=2"),
            ),
            ("<a>; rel=prev,<b>;rel=next", Some("b")),
            (
                "<a>; title=\"x, y; rel=next\"; rel=\"last\", <b>; REL=\"first NEXT\"",
                Some("b"),
            ),
            ("<a,b>; rel=next", Some("a,b")),
            ("<a>; rel=\"nextish\"", None),
            ("<a>", None),
            ("<a; rel=next", None),
            ("", None),
        ] {
            assert_eq!(next_link(header), expected, "{header}");
        }
    }

    #[test]
    fn query_parameters_are_put_over_those_that_are_there() {
        let first = Url::parse("https://h/a?q=x+y&page=1&page=9").unwrap();
        let map = |value: Value| value.as_object().unwrap().clone();
        for (value, expected) in [
            (json!({ "page": 2 }), "https://h/a?q=x+y&page=2"),
            (
                json!({ "cursor": "a/b" }),
                "https://h/a?q=x+y&page=1&page=9&cursor=a%2Fb",
            ),
            (json!({ "page": null, "q": null }), "https://h/a"),
        ] {
            assert_eq!(with_query(&first, &map(value)).unwrap().as_str(), expected);
        }
        assert!(with_query(&first, &map(json!({ "a": { "b": 1 } }))).is_err());
    }
}
