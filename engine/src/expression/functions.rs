//! The filters that Druse adds to the language, and those that it replaces so that values read as JSON.

use super::output::{Budget, append, convert};
use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp};
use minijinja::value::{Kwargs, Rest, Value as Dyn, ValueKind};
use minijinja::{Error, ErrorKind};

pub(super) fn failed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// Follows a path as far as it leads; undefined when it leads nowhere. Guarded paths are written as
/// this call, so that `steps.a.output.x.y | default(0)` works whichever part is missing.
pub(super) fn look_up(root: Dyn, path: Rest<Dyn>) -> Dyn {
    let mut current = root;
    for key in path.iter() {
        match current.get_item(key) {
            Ok(next) if !next.is_undefined() => current = next,
            _ => return Dyn::UNDEFINED,
        }
    }
    current
}

/// The single element of a list.
pub(super) fn only(list: &Dyn) -> Result<Dyn, Error> {
    let mut items = elements(list, "only")?;
    match (items.next(), items.next()) {
        (Some(item), None) => Ok(item),
        (None, _) => Err(failed(
            "`only` wants exactly one element and the list is empty",
        )),
        (Some(_), Some(_)) => Err(failed(format!(
            "`only` wants exactly one element and the list has {}",
            2 + items.count()
        ))),
    }
}

/// The first element whose field has the value; undefined when there is none.
pub(super) fn first_where(list: &Dyn, field: &str, value: Dyn) -> Result<Dyn, Error> {
    Ok(elements(list, "first_where")?
        .find(|item| item.get_attr(field).is_ok_and(|found| found == value))
        .unwrap_or(Dyn::UNDEFINED))
}

pub(super) fn elements(
    list: &Dyn,
    filter: &str,
) -> Result<impl Iterator<Item = Dyn> + use<>, Error> {
    match list.kind() {
        ValueKind::Seq | ValueKind::Iterable => list.try_iter(),
        kind => Err(failed(format!("`{filter}` wants a list, not a {kind}"))),
    }
}

/// Days added to a date (`2027-03-28`) or to the date of an RFC 3339 time; the rest stays as written.
pub(super) fn add_days(text: &str, days: i64) -> Result<String, Error> {
    let wrong = || failed(format!("`add_days` wants a date or a time, not {text:?}"));
    moment(text).ok_or_else(wrong)?;
    let (date, rest) = text.split_at_checked(10).ok_or_else(wrong)?;
    let date: Date = date.parse().map_err(|_| wrong())?;
    let later = i32::try_from(days)
        .ok()
        .and_then(|days| Span::new().try_days(days).ok())
        .and_then(|days| date.checked_add(days).ok())
        .ok_or_else(|| failed(format!("{text} and {days} days is outside of the calendar")))?;
    Ok(format!("{later}{rest}"))
}

/// The first day of this name after a date, or after the date of an RFC 3339 time; the rest stays as written. On a Friday
/// the next `friday` is a week ahead.
pub(super) fn next_weekday(text: &str, name: &str) -> Result<String, Error> {
    const NAMES: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let wrong = || {
        failed(format!(
            "`next_weekday` wants a date or a time, not {text:?}"
        ))
    };
    moment(text).ok_or_else(wrong)?;
    let date: Date = text
        .get(..10)
        .and_then(|date| date.parse().ok())
        .ok_or_else(wrong)?;
    let wanted = NAMES
        .iter()
        .zip(1_i64..)
        .find_map(|(known, number)| known.eq_ignore_ascii_case(name).then_some(number))
        .ok_or_else(|| {
            failed(format!(
                "`next_weekday` wants the name of a day, such as 'friday', not {name:?}"
            ))
        })?;
    let today = i64::from(date.weekday().to_monday_one_offset());
    add_days(text, (wanted - today - 1).rem_euclid(7) + 1)
}

/// Minutes added to a moment (`2027-03-28 23:30`, an RFC 3339 time) or to a time of day (`23:30`); all else stays as
/// written. Over midnight a moment goes on with the next day, and a time of day with 00:00. It is counted by the clock
/// that is written: an offset stays, and a moment without one knows no change to summer time.
pub(super) fn add_minutes(text: &str, minutes: i64) -> Result<String, Error> {
    let wrong = || {
        failed(format!(
            "`add_minutes` wants a moment or a time of day, not {text:?}"
        ))
    };
    let (day, begin) = match text.split_at_checked(10) {
        Some((day, rest)) if rest.starts_with(['T', 't', ' ']) => {
            moment(text).ok_or_else(wrong)?;
            (Some(day.parse::<Date>().map_err(|_| wrong())?), 11)
        }
        _ => (None, 0),
    };
    let clock = text.get(begin..begin + 5).ok_or_else(wrong)?;
    let rest = text.get(begin + 5..).ok_or_else(wrong)?;
    let time: Time = match clock.as_bytes().get(2) {
        Some(b':') => clock.parse().map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    if day.is_none() {
        text.parse::<Time>().map_err(|_| wrong())?;
        let span = Span::new().try_minutes(minutes % (24 * 60));
        let later = time.wrapping_add(span.map_err(|_| wrong())?);
        return Ok(format!("{}{rest}", later.strftime("%H:%M")));
    }
    let later = Span::new()
        .try_minutes(minutes)
        .ok()
        .and_then(|span| day?.to_datetime(time).checked_add(span).ok())
        .ok_or_else(|| {
            failed(format!(
                "{text} and {minutes} minutes is outside of the calendar"
            ))
        })?;
    let between = text.get(10..11).unwrap_or(" ");
    Ok(format!(
        "{}{between}{}{rest}",
        later.date(),
        later.strftime("%H:%M")
    ))
}

enum Moment {
    Local(DateTime),
    Fixed(jiff::ZonedDateTime),
}

fn moment(text: &str) -> Option<Moment> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(Moment::Local(
            date.to_datetime(jiff::civil::Time::midnight()),
        ));
    }
    if let Ok(pieces) = jiff::fmt::temporal::Pieces::parse(text)
        && let Some(offset) = pieces.to_numeric_offset()
        && let Ok(at) = text.parse::<Timestamp>()
    {
        return Some(Moment::Fixed(at.to_zoned_datetime(offset.to_time_zone())));
    }
    text.parse::<DateTime>().ok().map(Moment::Local)
}

/// A date, an RFC 3339 time or a time of day (`19:30`), written as `strftime` would: `%d.%m.%Y`. A time of day has no day
/// to write.
pub(super) fn format_date(text: &str, format: &str) -> Result<String, Error> {
    if format.len() > 256 {
        return Err(failed(
            "the format of `format_date` is longer than 256 bytes",
        ));
    }
    let is_clock = text.as_bytes().get(2) == Some(&b':');
    let made = match (moment(text), text.parse::<Time>()) {
        (Some(Moment::Local(at)), _) => jiff::fmt::strtime::format(format, at),
        (Some(Moment::Fixed(at)), _) => jiff::fmt::strtime::format(format, &at),
        (None, Ok(at)) if is_clock => jiff::fmt::strtime::format(format, at),
        (None, _) => {
            return Err(failed(format!(
                "`format_date` wants a date or a time, not {text:?}"
            )));
        }
    };
    made.map_err(|_| failed(format!("{format:?} is not a format for this date")))
}

/// A number written as text: blanks around it and commas or underscores between groups of three
/// digits are taken, the point is the decimal mark.
pub(super) fn parse_number(value: &Dyn) -> Result<Dyn, Error> {
    if value.kind() == ValueKind::Number {
        return Ok(value.clone());
    }
    let text = value.as_str().ok_or_else(|| {
        failed(format!(
            "`parse_number` wants a text, not a {}",
            value.kind()
        ))
    })?;
    let wrong = || {
        failed(format!(
            "{:?} is not a number",
            text.chars().take(64).collect::<String>()
        ))
    };
    let trimmed = text.trim();
    let (sign, digits) = match trimmed.strip_prefix(['-', '+']) {
        Some(rest) => (if trimmed.starts_with('-') { "-" } else { "" }, rest),
        None => ("", trimmed),
    };
    let end = digits
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, ',' | '_')))
        .unwrap_or(digits.len());
    let (whole, fraction) = digits.split_at(end);
    let groups: Vec<&str> = whole.split([',', '_']).collect();
    if groups.len() > 1
        && (groups[0].is_empty()
            || groups[0].len() > 3
            || groups[1..].iter().any(|group| group.len() != 3))
    {
        return Err(wrong());
    }
    let plain = format!("{sign}{}{fraction}", groups.concat());
    if fraction.is_empty()
        && let Ok(int) = plain.parse::<i64>()
    {
        return Ok(int.into());
    }
    if !plain.contains(|c: char| c.is_ascii_digit())
        || plain.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E'))
    {
        return Err(wrong());
    }
    match plain.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(float.into()),
        _ => Err(wrong()),
    }
}

/// The text with what HTML takes for markup written as characters, so that a value stays a value inside
/// a page: `&`, `<`, `>`, `"` and `'`. Anything but a text is written as JSON first.
pub(super) fn escape_html(value: &Dyn) -> Result<String, Error> {
    let text = string(value)?;
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Ok(escaped)
}

/// A part of a URL: `scheme`, `host`, `port`, `path`, `query`, `fragment`, `last` (the last segment of
/// the path), `segment.N` (from 0), `query.NAME`. Undefined when the URL does not have it.
pub(super) fn url_part(text: &str, name: &str) -> Result<Dyn, Error> {
    let (rest, fragment) = cut(text, '#');
    let (rest, query) = cut(rest, '?');
    let (scheme, rest) = match rest.split_once("://") {
        Some((scheme, rest))
            if scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            (Some(scheme), rest)
        }
        _ => (None, rest),
    };
    let (authority, path) = match (scheme, rest.find('/')) {
        (None, _) => ("", rest),
        (Some(_), Some(slash)) => rest.split_at(slash),
        (Some(_), None) => (rest, ""),
    };
    let host_port = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host_port, None),
    };
    let segments = || path.split('/').filter(|segment| !segment.is_empty());
    let found = match name {
        "scheme" => scheme.map(ToOwned::to_owned),
        "host" => Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty()),
        "port" => {
            return Ok(port
                .and_then(|port| port.parse::<u16>().ok())
                .map_or(Dyn::UNDEFINED, Dyn::from));
        }
        "path" => Some(path.to_owned()),
        "query" => query.map(ToOwned::to_owned),
        "fragment" => fragment.map(decode),
        "last" => segments().next_back().map(decode),
        other => {
            if let Some(key) = other.strip_prefix("query.") {
                query.and_then(|query| {
                    query.split('&').find_map(|pair| {
                        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                        (decode(&name.replace('+', " ")) == key)
                            .then(|| decode(&value.replace('+', " ")))
                    })
                })
            } else if let Some(index) = other.strip_prefix("segment.") {
                index
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| segments().nth(index))
                    .map(decode)
            } else {
                return Err(failed(format!(
                    "a URL has no part `{other}`: there are scheme, host, port, path, query, fragment, last, segment.N and query.NAME"
                )));
            }
        }
    };
    Ok(found.map_or(Dyn::UNDEFINED, Dyn::from))
}

fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Percent decoding; what does not decode to UTF-8 stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                // Two hex digits are at most 255.
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn text_of(value: &Dyn) -> Result<String, Error> {
    let json = convert(value, &mut Budget::new(), 0).map_err(|error| failed(error.message))?;
    let mut out = String::new();
    append(&mut out, &json);
    Ok(out)
}

/// A value as text: strings as they are, everything else as JSON.
pub(super) fn string(value: &Dyn) -> Result<String, Error> {
    text_of(value)
}

/// A value as JSON, on one line or, with an indent, on several.
pub(super) fn to_json(value: &Dyn, indent: Option<u32>, named: Kwargs) -> Result<String, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => named.get::<Option<u32>>("indent")?,
    };
    named.assert_all_used()?;
    let json = convert(value, &mut Budget::new(), 0).map_err(|error| failed(error.message))?;
    Ok(match indent {
        Some(_) => format!("{json:#}"),
        None => json.to_string(),
    })
}

/// The elements of a list as one text, with something between them.
pub(super) fn join(
    list: &Dyn,
    between: Option<&str>,
    attribute: Option<&str>,
) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    let mut out = String::new();
    for (index, item) in elements(list, "join")?.enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        let item = match attribute {
            Some(name) => item.get_attr(name)?,
            None => item,
        };
        out.push_str(&text_of(&item)?);
        if out.len() > super::OUTPUT_LIMIT {
            return Err(failed("the joined text is larger than 1 MiB"));
        }
    }
    Ok(out)
}
