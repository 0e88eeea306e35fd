//! Which calls of one recording are the same step of the task as which calls of another: in the same order, the same
//! tool, and what changes something before what only looks.

use crate::kept::Kept;

/// The most pairs of calls that are compared.
const MOST_PAIRS: usize = 4_000_000;

/// For each call of the first recording its counterpart in the second.
pub(crate) fn align(one: &[Kept<'_>], two: &[Kept<'_>]) -> Vec<Option<usize>> {
    let mut found = vec![None; one.len()];
    let (rows, columns) = (one.len() + 1, two.len() + 1);
    if rows.saturating_mul(columns) > MOST_PAIRS {
        return found;
    }
    // Left out: a look costs little, a change much.
    let gap = |kept: &Kept<'_>| if kept.changes() { -4 } else { -1 };
    let mut score = vec![0_i64; rows * columns];
    let mut way = vec![0_u8; rows * columns];
    for row in 0..rows {
        for column in 0..columns {
            if row == 0 && column == 0 {
                continue;
            }
            let mut best = (i64::MIN, 0);
            let mut offer = |value: i64, from: u8| {
                if value > best.0 {
                    best = (value, from);
                }
            };
            let pair = row
                .checked_sub(1)
                .and_then(|r| one.get(r))
                .zip(column.checked_sub(1).and_then(|c| two.get(c)));
            if let Some((first, second)) = pair
                && let Some(value) = same(first, second)
            {
                offer(score[(row - 1) * columns + column - 1] + value, 1);
            }
            if let Some(kept) = row.checked_sub(1).and_then(|r| one.get(r)) {
                offer(score[(row - 1) * columns + column] + gap(kept), 2);
            }
            if let Some(kept) = column.checked_sub(1).and_then(|c| two.get(c)) {
                offer(score[row * columns + column - 1] + gap(kept), 3);
            }
            score[row * columns + column] = best.0;
            way[row * columns + column] = best.1;
        }
    }
    let (mut row, mut column) = (one.len(), two.len());
    while row > 0 || column > 0 {
        match way[row * columns + column] {
            1 => {
                row -= 1;
                column -= 1;
                found[row] = Some(column);
            }
            2 => row -= 1,
            3 => column -= 1,
            _ => break,
        }
    }
    found
}

/// How much two calls are the same step; none where they cannot be.
fn same(one: &Kept<'_>, two: &Kept<'_>) -> Option<i64> {
    if one.call.name != two.call.name
        || one.target.action != two.target.action
        || crate::prune::failed(one.call) != crate::prune::failed(two.call)
    {
        return None;
    }
    let keys = |kept: &Kept<'_>| {
        let mut keys = Vec::new();
        crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, _| {
            keys.push(pointer.to_owned());
        });
        keys
    };
    Some(if keys(one) == keys(two) { 4 } else { 3 })
}
