//! Times and lengths of time.

pub(in crate::console) use crate::service::words::length as span;
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

/// A time in a JSON text.
pub(in crate::console) fn read(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A time as how far it is from now; the exact one in UTC on hover. The script writes it in the reader's zone.
pub(in crate::console) fn ago(value: &Value, now: Timestamp) -> Markup {
    match read(value) {
        Some(at) => moment(at, now),
        None => html! { span .dim { "–" } },
    }
}

/// The same of a time at hand.
pub(in crate::console) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    let exact = at.to_string();
    html! { time datetime=(exact) title=(utc(at)) { (relative(at, now)) } }
}

/// How far a time is from now, for where only text can stand.
pub(in crate::console) fn words(value: &Value, now: Timestamp) -> String {
    read(value).map_or_else(String::new, |at| relative(at, now))
}

/// A time written out.
pub(in crate::console) fn exact(value: &Value) -> Markup {
    match read(value) {
        Some(at) => html! { time .exact datetime=(at) title=(utc(at)) { (utc(at)) } },
        None => html! { span .dim { "–" } },
    }
}

/// `2027-03-28 07:00:05 UTC`.
pub(in crate::console) fn utc(at: Timestamp) -> String {
    let text = at.to_string();
    let short = text.get(..19).unwrap_or(&text);
    format!("{} UTC", short.replace('T', " "))
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let apart = at.0.saturating_sub(now.0);
    let length = span(apart.unsigned_abs());
    match apart {
        -999..=999 => "now".into(),
        1_000.. => format!("in {length}"),
        _ => format!("{length} ago"),
    }
}

/// From one time to another, or to now.
pub(in crate::console) fn between(from: &Value, to: &Value, now: Timestamp) -> Option<u64> {
    let from = read(from)?;
    let to = read(to).unwrap_or(now);
    Some(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_now() {
        let now = Timestamp(1_000_000);
        assert_eq!(relative(now, now), "now");
        assert_eq!(relative(Timestamp(995_000), now), "5.0 s ago");
        assert_eq!(relative(Timestamp(1_005_000), now), "in 5.0 s");
    }
}
