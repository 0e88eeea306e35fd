//! A number that parts the recordings: all on one side have less there than all on the other.

use serde_json::Value;

/// Where the numbers of two sides part.
pub(super) struct Cut {
    /// The least or the most that the recordings with the step have, whichever lies nearer to the others.
    own: Value,
    /// The same of the others.
    other: Value,
    /// Whether those with the step lie below.
    pub(super) is_below: bool,
}

impl Cut {
    /// The two conditions that all recordings fit, each with its sign and its number: as near to the recordings with the
    /// step as can be, and as near to the others. What is true of the one side there is not of the other.
    pub(super) fn signs(&self) -> [(&'static str, Value); 2] {
        let (own, other) = match self.is_below {
            true => ("<=", "<"),
            false => (">=", ">"),
        };
        let both = [(own, self.own.clone()), (other, self.other.clone())];
        match self.is_below {
            true => both,
            // The same number comes first on both sides.
            false => {
                let [own, other] = both;
                [other, own]
            }
        }
    }
}

/// Where the numbers with the step and those without it part; none where they do not, or where something is no number.
pub(super) fn between(with: &[&Value], without: &[&Value]) -> Option<Cut> {
    let numbers =
        |all: &[&Value]| -> Option<Vec<f64>> { all.iter().map(|one| one.as_f64()).collect() };
    let (own, other) = (numbers(with)?, numbers(without)?);
    let ends = |all: &[f64]| {
        let at = |better: fn(&f64, &f64) -> bool| {
            (0..all.len()).reduce(|best, next| {
                if better(&all[next], &all[best]) {
                    next
                } else {
                    best
                }
            })
        };
        Some((at(|one, two| one < two)?, at(|one, two| one > two)?))
    };
    let ((own_least, own_most), (other_least, other_most)) = (ends(&own)?, ends(&other)?);
    if own[own_most] < other[other_least] {
        Some(Cut {
            own: with[own_most].clone(),
            other: without[other_least].clone(),
            is_below: true,
        })
    } else if own[own_least] > other[other_most] {
        Some(Cut {
            own: with[own_least].clone(),
            other: without[other_most].clone(),
            is_below: false,
        })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::between;
    use serde_json::{Value, json};

    fn signs(with: &[Value], without: &[Value]) -> Option<[(&'static str, Value); 2]> {
        let (with, without): (Vec<&Value>, Vec<&Value>) =
            (with.iter().collect(), without.iter().collect());
        between(&with, &without).map(|cut| cut.signs())
    }

    #[test]
    fn the_sides_part_between_their_nearest_numbers() {
        let (low, high) = ([json!(30), json!(45), json!(12.5)], [json!(80), json!(210)]);
        assert_eq!(
            signs(&low, &high),
            Some([("<=", json!(45)), ("<", json!(80))])
        );
        assert_eq!(
            signs(&high, &low),
            Some([(">", json!(45)), (">=", json!(80))])
        );
        for (with, without) in [
            (vec![json!(1), json!(9)], vec![json!(5)]),
            (vec![json!(1)], vec![json!(1)]),
            (vec![json!(1)], vec![json!("2")]),
            (vec![], vec![json!(2)]),
        ] {
            assert_eq!(signs(&with, &without), None);
        }
    }
}
