//! What counts in the calls of a loop: numbers, or one number in texts that are alike besides, that grow by the same step
//! from pass to pass.

use super::super::column::Column;
use serde_json::Value;

/// What grows evenly over the passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bound) struct Counting {
    pub(in crate::bound) from: i64,
    pub(in crate::bound) step: i64,
    pub(in crate::bound) form: Form,
}

/// How the number is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bound) enum Form {
    Number,
    /// Between these texts, filled up with zeros to so many digits; none: not filled up.
    Text {
        before: String,
        digits: usize,
        behind: String,
    },
}

impl Counting {
    /// What the values of a column count; none where they do not, all of them.
    pub(in crate::bound) fn of(values: &[&Value]) -> Option<Self> {
        let (numbers, form) = match values.first()? {
            Value::Number(_) => {
                let all: Option<Vec<i64>> = values.iter().map(|one| one.as_i64()).collect();
                (all?, Form::Number)
            }
            Value::String(_) => in_texts(values)?,
            _ => return None,
        };
        let step = numbers.get(1)?.checked_sub(*numbers.first()?)?;
        let evenly = numbers
            .windows(2)
            .all(|pair| pair[1].checked_sub(pair[0]) == Some(step));
        (step > 0 && evenly).then_some(Self {
            from: *numbers.first()?,
            step,
            form,
        })
    }

    /// The column counts as far as this many passes, from the first on.
    pub(in crate::bound) fn reach(column: &Column<'_>) -> usize {
        let counts = |passes: usize| Self::of(&column.values[..passes]).is_some();
        let all = column.values.len();
        if all < 2 || !counts(2) {
            return 0;
        }
        if counts(all) {
            return all;
        }
        // What counts as far as a pass does so as far as each pass before it.
        let (mut reach, mut end) = (2, all);
        while end - reach > 1 {
            let middle = reach + (end - reach) / 2;
            match counts(middle) {
                true => reach = middle,
                false => end = middle,
            }
        }
        reach
    }

    /// The number of a pass.
    pub(in crate::bound) fn at(&self, pass: usize) -> Option<i64> {
        let pass = i64::try_from(pass).ok()?;
        self.from.checked_add(self.step.checked_mul(pass)?)
    }
}

/// The one number in which texts differ, of each, and how it is written.
fn in_texts(values: &[&Value]) -> Option<(Vec<i64>, Form)> {
    let texts: Vec<&str> = values
        .iter()
        .map(|value| value.as_str())
        .collect::<Option<_>>()?;
    let first = texts.first()?;
    let other = texts.get(1)?;
    // What both begin with, without the digits that it ends with: they are a part of the number.
    let common = first
        .char_indices()
        .zip(other.chars())
        .find(|((_, one), other)| one != other)
        .map(|((at, _), _)| at)
        .unwrap_or_else(|| first.len().min(other.len()));
    let before = first
        .get(..common)?
        .trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let behind = {
        let rest = first.strip_prefix(before)?;
        rest.get(digits(rest)..)?
    };
    let mut numbers = Vec::with_capacity(texts.len());
    let mut written: Vec<&str> = Vec::with_capacity(texts.len());
    for text in &texts {
        let number = text.strip_prefix(before)?.strip_suffix(behind)?;
        if number.is_empty() || digits(number) != number.len() {
            return None;
        }
        numbers.push(number.parse().ok()?);
        written.push(number);
    }
    // A longer name that only ends in figures is none that is counted.
    let is_part = |c: Option<char>| c.is_some_and(|c| c == '.' || c == ',');
    if is_part(before.chars().next_back()) && before.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let leads = |one: &&str| one.len() > 1 && one.starts_with('0');
    let digits = match written.iter().any(leads) {
        false => 0,
        true => {
            let least = written.iter().map(|one| one.len()).min()?;
            let is_filled = written
                .iter()
                .all(|one| one.len() == least || !one.starts_with('0'));
            if !is_filled {
                return None;
            }
            least
        }
    };
    let form = Form::Text {
        before: before.to_owned(),
        digits,
        behind: behind.to_owned(),
    };
    Some((numbers, form))
}

#[cfg(test)]
mod tests {
    use super::{Counting, Form};
    use serde_json::{Value, json};

    fn of(values: &[Value]) -> Option<Counting> {
        Counting::of(&values.iter().collect::<Vec<_>>())
    }

    fn text(before: &str, digits: usize, behind: &str) -> Form {
        Form::Text {
            before: before.to_owned(),
            digits,
            behind: behind.to_owned(),
        }
    }

    #[test]
    fn numbers_and_texts_that_grow_evenly() {
        for (values, expected) in [
            (json!([1, 2, 3]), Some((1, 1, Form::Number))),
            (json!([101, 102]), Some((101, 1, Form::Number))),
            (json!([10, 20, 30]), Some((10, 10, Form::Number))),
            (
                json!(["Seat 9", "Seat 10", "Seat 11"]),
                Some((9, 1, text("Seat ", 0, ""))),
            ),
            (
                json!(["S-08", "S-09", "S-10"]),
                Some((8, 1, text("S-", 2, ""))),
            ),
            (
                json!(["S-98", "S-99", "S-100"]),
                Some((98, 1, text("S-", 0, ""))),
            ),
            (
                json!(["r1/a", "r2/a", "r3/a"]),
                Some((1, 1, text("r", 0, "/a"))),
            ),
            (json!([3, 2, 1]), None),
            (json!([1, 2, 4]), None),
            (json!([1, 1]), None),
            (json!([1.5, 2.5]), None),
            (json!(["S-01", "S-2"]), None),
            (json!(["a", "b"]), None),
            (json!(["row 1 seat 1", "row 2 seat 2"]), None),
            (json!([1, "2"]), None),
            (json!([i64::MIN, i64::MAX]), None),
        ] {
            let found = of(values.as_array().unwrap());
            let found = found.map(|one| (one.from, one.step, one.form));
            assert_eq!(found, expected, "{values}");
        }
    }
}
