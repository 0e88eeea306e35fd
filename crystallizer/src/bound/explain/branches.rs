//! What a person is told and asked about steps that only some recordings have.

use super::Explained;
use crate::bound::branch::{ALWAYS, Branch, NEVER};
use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::report::Question;
use druse_engine::Finding;

/// The recording that steps come from, where it is not the one that is followed.
pub(in crate::bound) struct Origin<'o> {
    pub(in crate::bound) recording: &'o str,
}

/// Steps that only some recordings have: the condition that was found, or the question. Says whether a condition waits
/// for a person's yes.
pub(in crate::bound) fn of_branches(
    explained: &mut Explained,
    kept: &[Kept<'_>],
    steps: &[Spot],
    branches: &[Branch],
    origin: Option<&Origin<'_>>,
) -> bool {
    let mut waits = false;
    for branch in branches {
        let (Some(kept), Some(spot)) = (kept.get(branch.call), steps.get(branch.call)) else {
            continue;
        };
        let (with, without) = branch.sides;
        let instead: Vec<String> = branch
            .instead
            .iter()
            .map(|one| format!("`{}`", one.step))
            .collect();
        let sides = format!(
            "{} it, {} not{}",
            crate::show::count(with, "recording has", "recordings have"),
            crate::show::count(without, "does", "do"),
            match instead.as_slice() {
                [] => String::new(),
                all => format!(" ({} instead)", all.join(" or ")),
            }
        );
        let from = match origin {
            Some(origin) => format!(
                " It is the call `{}` of the recording `{}`.",
                crate::show::text(&kept.call.id, 60),
                crate::show::text(origin.recording, 60)
            ),
            None => String::new(),
        };
        waits |= branch.is_by_chance();
        let finding = match &branch.taken {
            Some(condition) if branch.is_by_chance() => Finding::warning(
                "step_has_condition",
                format!(
                    "It runs when `{}`: {sides}, and this parts them. Nobody named it, and so few recordings may be parted by chance.{from}",
                    crate::show::text(condition, 160)
                ),
            )
            .help(format!(
                "Answer `{}` with one of its choices, or give more recordings.",
                branch.id
            ))
            .must_acknowledge(),
            Some(condition) => Finding::info(
                "step_has_condition",
                format!(
                    "It runs when `{}`: {sides}, and this parts them.{from}",
                    crate::show::text(condition, 160)
                ),
            ),
            None => Finding::warning(
                "step_not_in_all",
                format!("Every run does it, though {sides}.{from}"),
            )
            .help(if branch.choices().next().is_none() {
                "Nothing that was known before it parts them. Give more recordings, or write a `when` by hand.".to_owned()
            } else {
                format!(
                    "Answer `{}` with one of its choices.",
                    branch.question()
                )
            }),
        };
        explained
            .findings
            .push(located(finding, &kept.step, *spot, ""));
        if branch.is_asked() {
            let when = match instead.as_slice() {
                [] => format!("When does `{}` run?", kept.step),
                all => format!(
                    "When does `{}` run, and not {}?",
                    kept.step,
                    all.join(" or ")
                ),
            };
            explained.questions.push(Question {
                id: branch.id.clone(),
                step: kept.step.clone(),
                path: spot.pointer(),
                text: match &branch.taken {
                    Some(condition) => format!(
                        "{when} {sides}, and `{}` parts them, as something may by chance. Is that the reason?",
                        crate::show::text(condition, 160)
                    ),
                    None => format!("{when} {sides}."),
                },
                choices: std::iter::once(origin.map_or(ALWAYS, |_| NEVER))
                    .chain(branch.choices())
                    .map(str::to_owned)
                    .collect(),
                labels: Vec::new(),
                        default: branch.taken.clone().unwrap_or_else(|| ALWAYS.to_owned()),
            });
        }
    }
    waits
}
