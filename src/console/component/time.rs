//! Times and lengths of time.

pub(in crate::console) use crate::service::words::length as span;
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

/// A time in a JSON text.
pub(in crate::console) fn read(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// How the exact time is come to, beside by hovering.
#[derive(Debug, Clone, Copy)]
enum Reached {
    /// Not at all: it stands in a link or a button.
    Never,
    /// By a tap.
    ByTap,
    /// By a tap, and by Tab.
    ByKeys,
}

impl Reached {
    fn tabindex(self) -> Option<&'static str> {
        match self {
            Self::Never => None,
            Self::ByTap => Some("-1"),
            Self::ByKeys => Some("0"),
        }
    }
}

/// A time as how far it is from now; the exact one in UTC on hover, or when it is tapped. The script writes it in the
/// reader's zone.
pub(in crate::console) fn ago(value: &Value, now: Timestamp) -> Markup {
    shown(value, now, Reached::ByTap)
}

/// The same where times are what is looked for: each is reached by Tab, too.
pub(in crate::console) fn stop(value: &Value, now: Timestamp) -> Markup {
    shown(value, now, Reached::ByKeys)
}

/// The same inside of a link or a button.
pub(in crate::console) fn plain(value: &Value, now: Timestamp) -> Markup {
    shown(value, now, Reached::Never)
}

fn shown(value: &Value, now: Timestamp, reached: Reached) -> Markup {
    match read(value) {
        Some(at) => told(at, now, reached),
        None => html! { span .dim { "–" } },
    }
}

fn told(at: Timestamp, now: Timestamp, reached: Reached) -> Markup {
    html! { time datetime=(at) title=(utc(at)) tabindex=[reached.tabindex()] { (relative(at, now)) } }
}

/// How far a time is from now, for where only text can stand.
pub(in crate::console) fn words(value: &Value, now: Timestamp) -> String {
    read(value).map_or_else(String::new, |at| relative(at, now))
}

/// A time written out.
pub(in crate::console) fn exact(value: &Value) -> Markup {
    match read(value) {
        Some(at) => html! { time .exact datetime=(at) title=(utc(at)) tabindex="-1" { (utc(at)) } },
        None => html! { span .dim { "–" } },
    }
}

/// `2027-03-28 07:00:05 UTC`.
pub(in crate::console) fn utc(at: Timestamp) -> String {
    let text = at.to_string();
    let short = text.get(..19).unwrap_or(&text);
    format!("{} UTC", short.replace('T', " "))
}

/// From how far on, in milliseconds, a time is told with its date.
const FAR: u64 = 129_600_000;

fn relative(at: Timestamp, now: Timestamp) -> String {
    let apart = at.0.saturating_sub(now.0);
    let length = span(apart.unsigned_abs());
    let words = match apart {
        -999..=999 => "now".into(),
        1_000.. => format!("in {length}"),
        _ => format!("{length} ago"),
    };
    match apart.unsigned_abs() >= FAR {
        true => format!("{words} ({})", day(at, now)),
        false => words,
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `24 Nov`, and of another year `24 Nov 2026`.
fn day(at: Timestamp, now: Timestamp) -> String {
    let (text, now) = (at.to_string(), now.to_string());
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().unwrap_or(1).saturating_sub(1);
    let day = part(8, 10).trim_start_matches('0');
    let month = MONTHS.get(month).copied().unwrap_or_default();
    match now.get(..4) == text.get(..4) {
        true => format!("{day} {month}"),
        false => format!("{day} {month} {}", part(0, 4)),
    }
}

/// A text of others in which times stand as programs write them: each as people read it.
pub(crate) fn in_text(text: &str) -> Markup {
    let ends = |c: char| matches!(c, '.' | ',' | ';' | ':' | ')');
    let at = |word: &str| {
        let bare = word.trim_end_matches(ends);
        let long = bare.len() >= 20 && bare.as_bytes()[10] == b'T';
        let at = long.then(|| bare.parse::<Timestamp>().ok()).flatten();
        at.map(|at| (at, word.get(bare.len()..).unwrap_or_default().to_owned()))
    };
    html! {
        @for (index, word) in text.split(' ').enumerate() {
            @if index > 0 { " " }
            @match at(word) {
                Some((at, rest)) => { (exact(&Value::from(at.to_string()))) (rest) }
                None => (word),
            }
        }
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

    #[test]
    fn what_is_days_away_has_its_date() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2027-01-02T12:00:00Z");
        assert_eq!(relative(at("2027-01-01T01:00:00Z"), now), "35 h ago");
        let old = relative(at("2026-12-30T12:00:00Z"), now);
        assert_eq!(old, "3 d ago (30 Dec 2026)");
        assert_eq!(relative(at("2027-01-05T12:00:00Z"), now), "in 3 d (5 Jan)");
    }

    #[test]
    fn a_time_in_a_sentence_is_one_that_people_read() {
        let text = "Step s18 waits until 2026-11-27T09:35:05.964Z.";
        let shown = in_text(text).into_string();
        assert!(
            shown.contains(">2026-11-27 09:35:05 UTC</time>."),
            "{shown}"
        );
        assert_eq!(in_text("2026 <b>").into_string(), "2026 &lt;b&gt;");
    }
}
