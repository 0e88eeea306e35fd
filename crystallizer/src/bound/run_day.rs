//! Days that follow from the day of a run: what people named by its distance is taken, and what they named by a day of
//! the week or by a month is put to a person, for *next Friday* is not the same day for everybody.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Source, Why};
use super::evaluate;
use super::transform::Transform;
use super::turn::Compared;
use super::unsourced::open_choices;
use crate::value_class;
use serde_json::Value;

/// The day of a run.
const TODAY: &str = "run.started_at | format_date('%Y-%m-%d')";
/// The first day of its month.
const FIRST: &str = "run.started_at | format_date('%Y-%m-01')";
/// From the first day of a month to the first one of the next.
const NEXT_MONTH: &str = "add_days(31) | format_date('%Y-%m-01')";

/// The day of a run and so many more, as an expression.
pub(super) fn ahead(days: i64) -> String {
    match days {
        0 => TODAY.to_owned(),
        days => format!("{TODAY} | add_days({days})"),
    }
}

/// A day that is counted from that of a run, for a person.
pub(super) fn shown(expression: &str) -> Option<String> {
    let (of, mut rest) = match (
        expression.strip_prefix(TODAY),
        expression.strip_prefix(FIRST),
    ) {
        (Some(rest), _) => ("the day of the run", rest),
        (None, Some(rest)) => ("the first day of the month of the run", rest),
        (None, None) => return None,
    };
    let mut text = of.to_owned();
    while let Some(step) = rest.strip_prefix(" | ") {
        let next_month = step.strip_prefix(NEXT_MONTH);
        let end = step.find(" | ").unwrap_or(step.len());
        let (one, behind) = step.split_at_checked(end)?;
        (text, rest) = match next_month {
            Some(behind) => (format!("the first day of the month after {text}"), behind),
            None => (step_shown(one, &text)?, behind),
        };
    }
    rest.is_empty().then_some(text)
}

fn step_shown(step: &str, of: &str) -> Option<String> {
    let inside = |name: &str| step.strip_prefix(name)?.strip_suffix(')');
    if let Some(name) = inside("next_weekday('") {
        let (first, more) = name.trim_end_matches('\'').split_at_checked(1)?;
        return Some(format!(
            "the first {}{more} after {of}",
            first.to_uppercase()
        ));
    }
    if step == "format_date('%Y-%m-01')" {
        return Some(format!("the first day of the month of {of}"));
    }
    let days: i64 = inside("add_days(")?.parse().ok()?;
    let count = crate::show::count(usize::try_from(days.unsigned_abs()).ok()?, "day", "days");
    let side = if days < 0 { "before" } else { "after" };
    Some(format!("{count} {side} {of}"))
}

impl Binder<'_, '_> {
    /// The day of the run, where the person spoke of a day by its distance and the value is that day.
    pub(super) fn day_of_run(&self, sent: &Sent<'_>) -> Option<Binding> {
        let day = day_of(sent)?;
        self.said.relative_days().find_map(|days| {
            let because = "the person named the day by its distance, and counted from the recording's day it is this one";
            self.counted_from_today(sent, day, ahead(days), Some(days), because)
        })
    }

    /// A question, where a day may have been meant by its distance: with what gives it by the day of the week or the
    /// month that the person named.
    pub(super) fn unnamed_day(&self, sent: &Sent<'_>) -> Option<Why> {
        let text = sent.value.as_str()?;
        let is_day = value_class::is_date(text) || value_class::is_moment(text);
        if !is_day {
            return None;
        }
        let counted = self.counted_days(sent);
        if counted.is_empty() && self.said.relative_days().next().is_none() {
            return None;
        }
        let mut choices = open_choices();
        choices.extend(counted.into_iter().map(|binding| Choice {
            answer: binding.expression.clone(),
            binding: Some(Box::new(binding)),
            is_only_offered: false,
            is_given: false,
        }));
        Some(Why::Day(choices))
    }

    /// What gives the day by a day of the week, or as the first or the last day of a month, that the person named.
    fn counted_days(&self, sent: &Sent<'_>) -> Vec<Binding> {
        let Some(day) = day_of(sent) else {
            return Vec::new();
        };
        let mut all: Vec<String> = Vec::new();
        for name in self.said.weekdays() {
            let next = format!("next_weekday('{name}')");
            all.push(format!("{TODAY} | {next}"));
            all.push(format!("{TODAY} | {next} | add_days(7)"));
            // The last one before today: on a Friday the one of the week before.
            all.push(format!("{TODAY} | add_days(-8) | {next}"));
        }
        if self.said.names_months() {
            // The last day of a month is the one before the first of the next.
            all.extend([
                FIRST.to_owned(),
                format!("{FIRST} | {NEXT_MONTH} | add_days(-1)"),
                format!("{FIRST} | add_days(-1) | format_date('%Y-%m-01')"),
                format!("{FIRST} | add_days(-1)"),
                format!("{FIRST} | {NEXT_MONTH}"),
                format!("{FIRST} | {NEXT_MONTH} | {NEXT_MONTH} | add_days(-1)"),
            ]);
        }
        let because = "the person named the day by the week or the month";
        all.into_iter()
            .filter_map(|expression| self.counted_from_today(sent, day, expression, None, because))
            .collect()
    }

    /// A binding to an expression that gives this day, counted from that of the recording.
    fn counted_from_today(
        &self,
        sent: &Sent<'_>,
        day: &str,
        expression: String,
        days: Option<i64>,
        because: &str,
    ) -> Option<Binding> {
        let started = Value::from(self.session.started_at?.to_string());
        let shown = evaluate::with(&started, &expression.replace("run.started_at", "v"))?;
        (shown.as_str() == Some(day)).then(|| Binding {
            expression,
            source: Source::Clock(days),
            transform: Transform::default(),
            score: 3.0,
            because: because.to_owned(),
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: sent.value.clone(),
        })
    }
}

fn day_of<'s>(sent: &'s Sent<'_>) -> Option<&'s str> {
    let text = sent.value.as_str()?;
    value_class::is_date(text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_shown_as_they_are_counted() {
        for (expression, expected) in [
            (ahead(0), "the day of the run"),
            (
                format!("{TODAY} | next_weekday('friday')"),
                "the first Friday after the day of the run",
            ),
            (
                format!("{TODAY} | add_days(-8) | next_weekday('friday')"),
                "the first Friday after 8 days before the day of the run",
            ),
            (
                format!("{FIRST} | add_days(-1)"),
                "1 day before the first day of the month of the run",
            ),
            (
                format!("{FIRST} | {NEXT_MONTH} | add_days(-1)"),
                "1 day before the first day of the month after the first day of the month of the run",
            ),
        ] {
            assert_eq!(shown(&expression).as_deref(), Some(expected));
        }
        assert_eq!(shown("inputs.day"), None);
        assert_eq!(shown(&format!("{TODAY} | upper")), None);
    }
}
